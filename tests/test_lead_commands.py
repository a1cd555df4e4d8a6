"""`nextcall campaign`, `agent` and `audit` as programs at a practice service: what is done, told, written down, never shown."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from desktop.callcenter.model import Function
from desktop.practice.mischief import Fault
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.settings.vault import Vault
from desktop.supervision.audit import Audit, Record
from desktop.supervision.supervisor import system_user
from tests.practice.outside import PHONE, Caller
from tests.shifts.foreign import Dialer, ForeignCallCenter
from tests.shifts.line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desk import Session

KEY = "k3y-of-a-lead-<&>-5d8e1c-clé"
WRONG_KEY = "an0ther-key-of-nobody-77aa"
COMMAND = [sys.executable, "-W", "error", "-m", "desktop"]
NO_TERMINALS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")


class Lead:
    """Somebody who types commands, with a call center and a data folder of their own."""

    def __init__(self, service: PracticeService, line: Line, folder: Path) -> None:
        self.service = service
        self.line = line
        self.folder = folder
        self.caller = Caller(service.service_url)
        self.service_url = line.service_url
        self.broadcast_url = line.service_url.replace("PredictiveService", "VoiceBroadcastService")
        self.places = ["--service", self.service_url, "--broadcast-service", self.broadcast_url]

    def does(self, *arguments: str, given: bytes | str = KEY, places: list[str] | None = None) -> Said:
        """A command with `given` piped in, from its start to its end."""
        command = self.command(*arguments, places=places)
        data = given.encode() if isinstance(given, str) else given
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    def command(self, *arguments: str, places: list[str] | None = None) -> list[str]:
        return [*COMMAND, *arguments, "--data-dir", str(self.folder), *(self.places if places is None else places)]

    def starts(self, *arguments: str, given: str | None = KEY, **how: Any) -> subprocess.Popen[bytes]:
        """A command that goes on; `given` is piped in, and the pipe closed."""
        program = subprocess.Popen(
            self.command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how
        )
        if given is not None:
            assert program.stdin
            program.stdin.write(given.encode() + b"\n")
            program.stdin.close()
            program.stdin = None
        return program

    def log_in(self) -> str:
        """An agent in campaign 1, in the queue; the ID."""
        self.caller.ask("sendAgentCallBack", key=KEY_ON_THE_WIRE, phonenumber=PHONE)
        agent_id = self.caller.agent_id()
        self.caller.ask("loginAgent", key=KEY_ON_THE_WIRE, agentId=agent_id)
        return agent_id

    def phone(self) -> str:
        return str(self.caller.json(f"/practice/phones/{PHONE.replace(' ', '').replace('+', '%2B')}")["state"])

    def goes_wrong(self, **fault: object) -> None:
        self.service.plan_mischief(msgspec.convert([fault], list[Fault]))

    def records(self) -> tuple[Record, ...]:
        return asyncio.run(Audit(self.folder).records())

    def outcomes(self) -> list[tuple[str, str]]:
        return [(one.function, one.outcome) for one in self.records()]


KEY_ON_THE_WIRE = KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Said:
    """What a command said, and its exit code. A key is nowhere in it."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out = code, out.decode().replace(os.linesep, "\n")
        self.err = err.decode("cp1252" if sys.platform == "win32" else "utf-8").replace(os.linesep, "\n")
        assert not [key for key in (KEY, WRONG_KEY) if key in self.out + self.err]
        assert "Traceback" not in self.err

    @property
    def json(self) -> dict[str, Any]:
        """The one line on standard output."""
        assert self.out.count("\n") == 1
        assert self.out.endswith("\n")
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def sentence(self) -> str:
        """The one line on standard error."""
        assert self.err.count("\n") == 1
        assert ".. " not in self.err
        start, _, words = self.err.rstrip("\n").partition(": ")
        assert start == "nextcall"
        return words


@pytest.fixture
def service() -> Iterator[PracticeService]:
    scenario = msgspec.structs.replace(load_scenario(), key=KEY, ring_seconds=0, wait_seconds=(0.05, 0.1))
    running = PracticeService(scenario)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def lead(service: PracticeService, tmp_path: Path) -> Iterator[Lead]:
    with Line(service.service_url) as line:
        line.mend()
        yield Lead(service, line, tmp_path / "data")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files for key in (KEY, WRONG_KEY) if key.encode() in path.read_bytes()]


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A keyring, unlocked, which this test and what it starts can reach."""
    secret_service.enter(monkeypatch)
    return secret_service


# --------------------------------------------------------------------------------------------------------- what is done


def test_a_campaign_is_stopped_and_started_again(lead: Lead):
    """Twice, too: the practice service does not mind."""
    for step, words in (("stop", "stopped"), ("stop", "stopped"), ("start", "started"), ("start", "started")):
        said = lead.does("campaign", step, "1")
        assert (said.code, said.out, said.err) == (0, f"The call center has {words} campaign 1.\n", "")
        running = lead.service._center._campaigns[1].running.is_set()
        assert running is (step == "start")
    newest = lead.records()[0]
    assert (newest.who, newest.service, newest.function) == (system_user(), lead.broadcast_url, "startCampaign")
    assert lead.outcomes() == [("startCampaign", "done")] * 2 + [("stopCampaign", "done")] * 2


def test_an_agent_is_kicked_and_the_reason_kept_here(lead: Lead):
    agent_id = lead.log_in()
    assert lead.phone() == "connected"
    said = lead.does("agent", "kick", agent_id, "--campaign", "1", "--reason", "fell asleep,\n“again”", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json == {
        "ok": True,
        "did": "kickAgent",
        "campaign": 1,
        "agent": agent_id,
        "answer": "",
        "error": None,
        "warnings": [],
    }
    assert lead.phone() == "idle"
    [record] = lead.records()
    assert (record.agent_id, record.campaign_id, record.reason) == (agent_id, 1, "fell asleep, “again”")


def test_where_and_whom_may_be_left_to_the_settings(lead: Lead):
    agent_id = lead.log_in()
    lead.folder.mkdir()
    (lead.folder / "settings.toml").write_text(
        f"service_url = '{lead.service_url}'\nbroadcast_url = '{lead.broadcast_url}'\ncampaign_id = '1'\n", encoding="utf-8"
    )
    assert lead.does("campaign", "stop", "1", places=[]).code == 0
    assert lead.does("agent", "kick", agent_id, places=[]).code == 0
    assert [(one.function, one.service, one.campaign_id) for one in lead.records()] == [
        ("kickAgent", lead.service_url, 1),
        ("stopCampaign", lead.broadcast_url, 1),
    ]
    elsewhere = lead.does("campaign", "stop", "1", "--json", places=["--service", lead.service_url])
    assert elsewhere.json["error"]["kind"] == "NotOffered"  # the settings' broadcast service belongs to the settings' service


def test_options_may_stand_before_the_command(lead: Lead):
    command = [*COMMAND, "--data-dir", str(lead.folder), *lead.places, "campaign", "start", "1"]
    done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert lead.outcomes() == [("startCampaign", "done")]


def test_several_at_once_are_all_done_and_written_down(lead: Lead):
    programs = [lead.starts("campaign", step, "1") for step in ("start", "stop", "start", "stop")]
    for program in programs:
        out, err = program.communicate(timeout=60)
        assert (program.returncode, err) == (0, b""), out
    assert sorted(lead.outcomes()) == [("startCampaign", "done")] * 2 + [("stopCampaign", "done")] * 2


# ------------------------------------------------------------------------------------------------------ what goes wrong


def _refused(reason: str) -> str:
    return f"The call center refused: {reason} Check what you entered, and the key."


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (["campaign", "start", "1"], WRONG_KEY, _refused("The key is not valid.")),
        (["campaign", "stop", "1"], WRONG_KEY, _refused("The key is not valid.")),
        (["campaign", "start", "77"], KEY, _refused("Campaign 77 is unknown.")),
        (["agent", "kick", "1", "--campaign", "77"], KEY, _refused("Campaign 77 is unknown.")),
        (["agent", "kick", "1", "--campaign", "1"], KEY, _refused("This agent id is unknown.")),
    ],
)
def test_a_refusal_is_1(lead: Lead, arguments: list[str], given: str, sentence: str):
    said = lead.does(*arguments, "--json", given=given)
    assert (said.code, said.sentence) == (1, sentence)
    assert (said.json["ok"], said.json["error"]["kind"]) == (False, "Refused")
    assert said.json["answer"] == said.json["error"]["reason"]
    assert said.json["answer"] in sentence
    [record] = lead.records()
    assert (record.outcome, record.answer) == ("refused", said.json["answer"])


def test_an_agent_whose_phone_is_gone_is_refused_in_words_for_a_lead(lead: Lead):
    agent_id = lead.log_in()
    assert lead.does("agent", "kick", agent_id, "--campaign", "1").code == 0
    said = lead.does("agent", "kick", agent_id, "--campaign", "1")
    assert said.code == 1
    assert said.sentence.startswith("The call center refused: ")
    assert agent_id in said.sentence


def test_an_agent_of_another_campaign_is_refused(lead: Lead):
    said = lead.does("agent", "kick", lead.log_in(), "--campaign", "2")
    assert said.code == 1
    assert "belongs to another campaign than 2" in said.sentence
    assert lead.phone() == "connected"


def test_a_service_that_minds_a_second_start_is_heard(lead: Lead):
    lead.goes_wrong(fault="soap_fault", function="startCampaign", text="Campaign 1 is running already.", code="Client")
    said = lead.does("campaign", "start", "1")
    assert (said.code, said.sentence) == (1, _refused("Campaign 1 is running already."))


def test_a_function_that_the_service_lacks_is_3(tmp_path: Path, lead: Lead):
    with ForeignCallCenter(Dialer(KEY, [])) as foreign:
        places = ["--service", foreign.service_url]
        for arguments, name in (
            (["agent", "kick", "A-71", "--campaign", "1"], "kickAgent"),
            (["campaign", "start", "1"], "startCampaign"),
            (["campaign", "stop", "1"], "stopCampaign"),
        ):
            said = lead.does(*arguments, "--json", places=places)
            assert said.code == 3
            assert said.sentence.startswith(
                f"This service does not offer this: The service does not offer {name}. Nothing was sent."
            )
            assert (said.json["error"]["kind"], said.json["answer"]) == ("NotOffered", None)
    assert lead.outcomes() == [("stopCampaign", "not sent"), ("startCampaign", "not sent"), ("kickAgent", "not sent")]


def test_a_network_that_is_down_is_3(lead: Lead):
    lead.line.cut()
    said = lead.does("campaign", "stop", "1", "--json")
    assert said.code == 3
    assert said.sentence.startswith("The call center takes no connections: 127.0.0.1:")
    assert "Nothing was sent." in said.sentence
    assert said.json["error"]["kind"] == "NotReached"
    assert lead.outcomes() == [("stopCampaign", "not sent")]


def test_a_broadcast_service_that_is_down_is_not_called_one_without_the_function(lead: Lead):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/service?wsdl"
        said = lead.does(
            "campaign", "stop", "1", "--json", places=["--service", lead.service_url, "--broadcast-service", address]
        )
    assert (said.code, said.json["error"]["kind"]) == (3, "NotReached")


def test_an_address_that_is_none_is_3(lead: Lead):
    for address in ("http://calls.example/?wsdl", "calls.example", f"{lead.caller.origin}/nothing-here"):
        said = lead.does("campaign", "start", "1", "--json", places=["--service", address])
        assert (said.code, said.json["error"]["kind"]) == (3, "ContractError")
        assert said.sentence


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"fault": "answer_lost"}, "OutcomeUnknown"),
        ({"fault": "cut_after_read"}, "OutcomeUnknown"),
        ({"fault": "html_502", "carried_out": True}, "AnswerNotUnderstood"),
        ({"fault": "redirect"}, "AnswerNotUnderstood"),
    ],
)
def test_an_answer_that_is_lost_or_no_answer_is_4(lead: Lead, fault: dict[str, Any], kind: str):
    lead.goes_wrong(function="stopCampaign", **fault)
    said = lead.does("campaign", "stop", "1", "--json")
    assert said.code == 4
    assert said.sentence.endswith("It may have been done all the same. Look whether it was before you try again.")
    assert (said.json["ok"], said.json["answer"], said.json["error"]["kind"]) == (False, None, kind)
    assert lead.outcomes() == [("stopCampaign", "not known")]
    assert lead.line.asked == ["stopCampaign"]


def test_without_an_audit_log_nothing_is_sent_and_that_is_5(lead: Lead):
    lead.folder.mkdir()
    (lead.folder / "audit.db").write_bytes(b"no database" * 1000)
    said = lead.does("campaign", "stop", "1", "--json")
    assert said.code == 5
    assert said.sentence.startswith("The audit log is damaged: ")
    assert "Nothing was done." in said.sentence
    assert (said.json["error"]["kind"], lead.line.asked) == ("AuditNotKept", [])
    assert lead.does("audit", places=[]).code == 5


def test_an_outcome_that_cannot_be_written_down_is_a_warning(lead: Lead):
    go_on = lead.line.hold(Function.STOP_CAMPAIGN)
    program = lead.starts("campaign", "stop", "1", "--json")
    lead.line.wait_until_asked(Function.STOP_CAMPAIGN)
    (lead.folder / "audit.db").write_bytes(b"no database" * 1000)
    go_on.set()
    out, err = program.communicate(timeout=60)
    said = Said(program.returncode, out, err)
    assert (said.code, said.json["ok"]) == (0, True)
    assert said.json["warnings"] == [said.sentence]
    assert "it was done" in said.sentence


CRASH = """
import sys
from desktop.__main__ import main
from desktop.callcenter.soap import SoapCallCenter

async def stop_campaign(_center, account):
    raise ValueError(account.key)

SoapCallCenter.stop_campaign = stop_campaign
sys.exit(main())
"""


def test_a_mistake_of_ours_after_the_audit_log_was_written_is_4(lead: Lead):
    command = [sys.executable, "-c", CRASH, *lead.command("campaign", "stop", "1", "--json")[len(COMMAND) :]]
    done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
    said = Said(done.returncode, done.stdout, done.stderr)
    assert (said.code, said.json["ok"]) == (4, False)
    assert "NextCall failed: ValueError at <string>:7." in said.sentence
    assert lead.outcomes() == [("stopCampaign", "not known")]


def test_settings_that_cannot_be_read_are_5(lead: Lead):
    lead.folder.mkdir()
    (lead.folder / "settings.toml").write_text("service_url = [", encoding="utf-8")
    said = lead.does("campaign", "stop", "1", "--json", places=[])
    assert (said.code, said.json["error"]["kind"]) == (5, "SettingsNotKept")
    assert "Nothing was sent." in said.sentence
    assert (lead.folder / "settings.unreadable").exists()


# -------------------------------------------------------------------------------------------- what cannot be understood


@pytest.mark.parametrize(
    "arguments",
    [
        ["campaign"],
        ["campaign", "pause", "1"],
        ["campaign", "start"],
        ["campaign", "start", "one"],
        ["campaign", "start", "-1"],
        ["campaign", "start", "1" * 19],
        ["campaign", "start", "1", "2"],
        ["campaign", "start", "1", "--key", WRONG_KEY],
        ["campaign", "start", "1", f"--key={WRONG_KEY}"],
        ["campaign", "start", "1", WRONG_KEY],
        ["agent", "kick"],
        ["agent", "kick", " "],
        ["agent", "kick", "4027"],  # of which campaign?
        ["agent", "kick", "4027", "--campaign", "x"],
        ["audit", "1"],
    ],
)
def test_a_command_that_is_not_understood_is_2(lead: Lead, arguments: list[str]):
    said = lead.does(*arguments, "--json", places=[] if arguments[0] == "audit" else None)
    assert said.code == 2
    assert (said.json["ok"], said.json["error"]["kind"]) == (False, "Unclear")
    assert "Nothing was sent." in said.json["error"]["advice"]
    assert said.err
    assert (lead.line.asked, lead.folder.exists()) == ([], False)


def test_a_practice_in_a_window_is_not_meant_for_scripts(lead: Lead):
    command = [*COMMAND, "--practice", *lead.command("campaign", "stop", "1")[len(COMMAND) :]]
    done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
    said = Said(done.returncode, done.stdout, done.stderr)
    assert said.code == 2
    assert "practice-service" in said.sentence
    assert lead.line.asked == []


def _imported(said: str) -> set[str]:
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in said.splitlines() if line.startswith("import time:")}


def test_no_window_is_loaded_and_nothing_heavy_before_it_is_needed(lead: Lead):
    def imported(*arguments: str) -> set[str]:
        command = [sys.executable, "-X", "importtime", *lead.command(*arguments)[len(COMMAND) - 2 :]]
        done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
        return _imported(done.stderr.decode())

    done = imported("campaign", "start", "1")
    assert {"zeep", "httpx", "desktop"} <= done
    assert not done & {"PySide6", "shiboken6", "qasync", "starlette", "uvicorn"}
    assert not imported("campaign", "start", "one") & {"zeep", "httpx", "lxml", "keyring", "msgspec", "asyncio", "PySide6"}


# ----------------------------------------------------------------------------------------------------------------- the key


@pytest.mark.parametrize("given", [f"{KEY}\n", f"{KEY}\r\n", f"\ufeff  {KEY} \nand a second line\n"])
def test_the_key_is_the_first_line_of_standard_input(lead: Lead, given: str):
    for more in ([], ["--key-stdin"]):
        assert lead.does("campaign", "start", "1", *more, given=given).code == 0


def test_a_key_that_is_no_text_is_2(lead: Lead):
    said = lead.does("campaign", "start", "1", "--json", given=b"caf\xe9\n")
    assert (said.code, said.json["error"]["title"]) == (2, "The key on standard input cannot be read")
    assert said.sentence


def test_no_key_on_standard_input_is_2_where_it_was_promised(lead: Lead):
    said = lead.does("campaign", "start", "1", "--key-stdin", given="\n")
    assert (said.code, said.sentence) == (2, "There is no key on standard input. Nothing was sent.")


def test_no_key_and_no_keyring_is_5(lead: Lead):
    said = lead.does("campaign", "start", "1", "--json", given="")
    assert (said.code, said.json["error"]["kind"]) == (5, "KeyNotKept")
    assert said.sentence.endswith("Nothing was sent. Keep it in the supervisor window, or give it on standard input.")
    assert (lead.line.asked, lead.records()) == ([], ())


async def test_the_key_in_the_keyring_is_the_supervisors_own(keyring: Session, lead: Lead):
    owner = str(lead.folder.resolve())
    agents, supervisors = Vault(lead.service_url, owner), Vault(lead.service_url, owner, supervisor=True)

    async def does(given: str = "") -> Said:
        return await asyncio.to_thread(lead.does, "campaign", "start", "1", "--json", given=given)

    await agents.keep(KEY)
    missing = await does()
    assert (missing.code, missing.json["error"]["kind"]) == (5, "KeyNotKept")
    assert missing.sentence.startswith("The keyring has no supervisor's API key for this call center. Nothing was sent.")
    assert lead.line.asked == []
    await supervisors.keep(KEY)
    assert await agents.key() == KEY
    assert (await does()).code == 0
    assert (await does(given=WRONG_KEY)).code == 1  # what is given counts
    await supervisors.forget()
    assert await agents.key() == KEY
    await agents.forget()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_key_is_in_no_list_of_processes(lead: Lead):
    go_on = lead.line.hold(Function.STOP_CAMPAIGN)
    program = lead.starts("campaign", "stop", "1")
    lead.line.wait_until_asked(Function.STOP_CAMPAIGN)
    process = Path(f"/proc/{program.pid}")
    for name in ("cmdline", "environ", "comm"):
        shown = (process / name).read_bytes()
        assert KEY.encode() not in shown
    assert b"stop" in (process / "cmdline").read_bytes()  # else this looks in the wrong place
    go_on.set()
    out, err = program.communicate(timeout=60)
    assert Said(program.returncode, out, err).code == 0


# -------------------------------------------------------------------------------------------------------- sudden ends


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")
def test_who_does_not_wait_for_the_answer_is_told_that_nobody_knows(lead: Lead):
    lead.line.hold(Function.STOP_CAMPAIGN)
    program = lead.starts("campaign", "stop", "1", "--json")
    lead.line.wait_until_asked(Function.STOP_CAMPAIGN)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    said = Said(program.returncode, out, err)
    assert (said.code, said.json["error"]["kind"]) == (4, "OutcomeUnknown")
    assert said.sentence.endswith("It may have been done all the same.")
    assert lead.outcomes() == [("stopCampaign", "not known")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")
def test_a_command_that_is_killed_leaves_an_act_of_which_nobody_knows(lead: Lead):
    lead.line.hold(Function.STOP_CAMPAIGN)
    program = lead.starts("campaign", "stop", "1")
    lead.line.wait_until_asked(Function.STOP_CAMPAIGN)
    program.kill()
    program.communicate(timeout=60)
    assert lead.outcomes() == [("stopCampaign", "not known")]
    assert lead.does("campaign", "start", "1").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")
def test_who_takes_it_back_before_the_key_is_there_has_done_nothing(lead: Lead):
    program = lead.starts("campaign", "stop", "1", "--json", given=None)
    _wait_until_it_reads(program)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    said = Said(program.returncode, out, err)
    assert (said.code, said.sentence) == (2, "Nothing was done. It was taken back before anything was sent.")
    assert said.json["ok"] is False
    assert (lead.line.asked, lead.records()) == ([], ())


def _wait_until_it_reads(program: subprocess.Popen[bytes]) -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    last = time.monotonic() + 60
    while not Path(f"/proc/{program.pid}/wchan").read_text(encoding="utf-8").endswith("pipe_read"):
        assert time.monotonic() < last, "it reads nothing"
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sh")
def test_who_does_not_listen_changes_no_exit_code(lead: Lead):
    for redirection, out in ((">&-", b""), ("2>&-", b"1"), (">&- 2>&-", b""), ("| true", b""), (">/dev/full", b"")):
        script = f'set -o pipefail; "$@" {redirection}; printf $?'
        command = ["bash", "-c", script, "bash", *lead.command("campaign", "start", "77", "--json")]
        done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
        assert done.stdout.endswith(b"1"), redirection
        assert b"Traceback" not in done.stderr
        assert (b'"campaign": 77' in done.stdout) is bool(out)
    assert lead.outcomes() == [("startCampaign", "refused")] * 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/full")
def test_an_audit_log_that_cannot_be_printed_is_5(lead: Lead):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            lead.command("audit", places=[]),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    said = Said(done.returncode, b"", done.stderr)
    assert (said.code, said.sentence) == (
        5,
        "The audit log could not be printed: No space left on device. Use --out FILE.",
    )


# -------------------------------------------------------------------------------------------------------- on a terminal


def _on_a_terminal(lead: Lead, *arguments: str, typed: list[tuple[bytes, bytes]]) -> tuple[int, str]:
    """The exit code and all that could be seen; `typed` are the texts to wait for, and what is typed then."""
    near, far = os.openpty()
    seen = b""
    try:
        program = subprocess.Popen(lead.command(*arguments), stdin=far, stdout=far, stderr=far, start_new_session=True)
        os.close(far)
        try:
            for wait_for, text in typed:
                seen += _until(near, wait_for)
                os.write(near, text + b"\n")
            with contextlib.suppress(OSError):  # the other end is closed: everything has been read
                while data := os.read(near, 4096):
                    seen += data
            code = program.wait(timeout=60)
        finally:
            program.kill()
            program.wait()
        return code, seen.decode()
    finally:
        os.close(near)


def _until(terminal: int, text: bytes) -> bytes:
    seen, last = b"", time.monotonic() + 60
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, last - time.monotonic()))
        if not ready:
            pytest.fail(f"waited for {text!r}, saw {seen!r}")
        seen += os.read(terminal, 4096)
    return seen


THE_KEY = (b"(nothing is shown): ", KEY.encode())


@NO_TERMINALS
@pytest.mark.parametrize(("typed", "code"), [(b"1", 0), (b"2", 2), (b"y", 2), (b"", 2), (b"\x04", 2)])
def test_a_stop_is_confirmed_by_typing_the_campaign(lead: Lead, typed: bytes, code: int):
    steps = [(b"Type 1 to stop it: ", typed), THE_KEY][: 2 if code == 0 else 1]
    found, seen = _on_a_terminal(lead, "campaign", "stop", "1", "--key-stdin", typed=steps)
    assert found == code, seen
    assert KEY not in seen
    assert ("Not confirmed. Nothing was done." in seen) is bool(code)
    assert lead.line.asked == ([] if code else ["stopCampaign"])
    assert len(lead.records()) == (0 if code else 1)


@NO_TERMINALS
@pytest.mark.parametrize(("typed", "code"), [(b"y", 0), (b"n", 2), (b"", 2)])
def test_a_kick_is_confirmed(lead: Lead, typed: bytes, code: int):
    agent_id = lead.log_in()
    steps = [(b"Go on? (y/n) ", typed), THE_KEY][: 2 if code == 0 else 1]
    arguments = ("agent", "kick", agent_id, "--campaign", "1", "--key-stdin")
    found, seen = _on_a_terminal(lead, *arguments, typed=steps)
    assert found == code, seen
    assert f"the phone of agent {agent_id} in campaign 1" in seen
    assert lead.phone() == ("connected" if code else "idle")


@NO_TERMINALS
@pytest.mark.parametrize("arguments", [["campaign", "start", "1"], ["campaign", "stop", "1", "--yes"]])
def test_a_start_and_a_yes_are_asked_nothing_but_the_key(lead: Lead, arguments: list[str]):
    found, seen = _on_a_terminal(lead, *arguments, "--key-stdin", typed=[THE_KEY])
    assert found == 0, seen
    assert KEY not in seen


@NO_TERMINALS
async def test_at_a_terminal_the_key_is_the_keyrings(keyring: Session, lead: Lead):
    vault = Vault(lead.service_url, str(lead.folder.resolve()), supervisor=True)
    await vault.keep(KEY)
    found, seen = await asyncio.to_thread(_on_a_terminal, lead, "campaign", "start", "1", typed=[])
    assert (found, seen) == (0, "The call center has started campaign 1.\r\n")
    await vault.forget()


# --------------------------------------------------------------------------------------------------------- the audit log


def test_the_audit_log_is_printed_and_exported(lead: Lead, tmp_path: Path):
    assert lead.does("audit", places=[]).out.count("\n") == 1  # there is none yet
    lead.does("agent", "kick", "4027", "--campaign", "1", "--reason", "Zoë")
    lead.does("campaign", "start", "1")
    printed = lead.does("audit", places=[])
    assert (printed.code, printed.err) == (0, "")
    first, second = csv.DictReader(io.StringIO(printed.out, newline=""))
    assert (first["function"], first["agent"], first["reason"], first["outcome"]) == ("kickAgent", "4027", "Zoë", "refused")
    assert (second["function"], second["campaign"], second["outcome"]) == ("startCampaign", "1", "done")
    out = tmp_path / "out.csv"
    assert lead.does("audit", "--out", str(out), places=[]).out == ""
    assert out.read_bytes().decode("utf-8-sig") == printed.out
    assert lead.does("audit", "--out", str(out), "--json", places=[]).json == {
        "ok": True,
        "did": "audit",
        "out": str(out),
        "error": None,
    }
    newest, oldest = lead.does("audit", "--json", places=[]).json["records"]
    assert (newest["function"], oldest["reason"], oldest["outcome"]) == ("startCampaign", "Zoë", "refused")


def test_an_audit_log_that_cannot_be_put_there_is_5(lead: Lead, tmp_path: Path):
    said = lead.does("audit", "--out", str(tmp_path / "nowhere" / "out.csv"), "--json", places=[])
    assert (said.code, said.json["ok"], said.json["error"]["kind"]) == (5, False, "AuditNotKept")
    assert said.sentence.startswith("The audit log could not be exported: ")


# ------------------------------------------------------------------------------------------------ the organisation's word


@pytest.mark.skipif(sys.platform != "linux", reason="where the organisation's word is a file of this kind")
@pytest.mark.parametrize("by_the_organisation", [True, False])
def test_no_script_acts_at_another_call_center_than_it_named(lead: Lead, tmp_path: Path, by_the_organisation: bool):
    file = tmp_path / "policy.toml"
    addresses = 'service_url = "https://calls.example/service?wsdl"' if by_the_organisation else "undo_seconds = 3"
    file.write_text(f"{addresses}\n", encoding="utf-8")
    file.chmod(0o644)
    looked_for_there = (  # no test writes to this computer's /etc
        "import pathlib, sys; from desktop.settings import policy; from desktop.__main__ import main;"
        f"policy.LINUX_FILE, policy.ADMINISTRATOR = pathlib.Path({str(file)!r}), {os.getuid()}; sys.exit(main())"
    )
    arguments = lead.command("campaign", "stop", "1")[len(COMMAND) :]
    command = [*COMMAND[:-2], "-c", looked_for_there, *arguments]
    done = subprocess.run(command, input=KEY.encode(), capture_output=True, timeout=60, check=False)
    said = Said(done.returncode, done.stdout, done.stderr)
    if by_the_organisation:
        assert (said.code, lead.records()) == (5, ())
        assert "Your organisation says where the call center is" in said.err
    else:
        assert (said.code, lead.outcomes()) == (0, [("stopCampaign", "done")])
