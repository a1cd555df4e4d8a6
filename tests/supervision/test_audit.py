"""The audit log on real files: what it keeps, that nobody changes it, and what it does when disk or file or others fail it."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desktop.callcenter.model import sendable
from desktop.errors import AuditNotKept
from desktop.supervision import audit as module
from desktop.supervision.audit import Act, Audit, Outcome, Record, write_csv

ROOT = Path(__file__).resolve().parents[2]
PLACE = "https://calls.example/service?wsdl"
KICK = Act(who="lead@desk", service=PLACE, function="kickAgent", campaign_id=1001, agent_id="4027", reason="shouted")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchall()


async def test_an_act_is_there_before_its_answer_and_with_it(folder: Path):
    audit = Audit(folder)
    before = datetime.now(UTC)
    number = await audit.asked(KICK)
    [asked] = await Audit(folder).records()
    assert (asked.number, asked.outcome, asked.answer, asked.answered_at) == (number, Outcome.NOT_KNOWN, "", None)
    assert (asked.who, asked.service, asked.function) == ("lead@desk", PLACE, "kickAgent")
    assert (asked.campaign_id, asked.agent_id, asked.reason) == (1001, "4027", "shouted")
    assert abs((asked.when - before).total_seconds()) < 60
    await audit.answered(number, Outcome.REFUSED, "no such agent")
    [answered] = await Audit(folder).records()
    assert (answered.outcome, answered.answer, answered.when) == (Outcome.REFUSED, "no such agent", asked.when)
    assert answered.answered_at is not None
    assert answered.answered_at >= answered.when


async def test_the_newest_come_first_and_no_more_than_wanted(folder: Path):
    audit = Audit(folder)
    numbers = [await audit.asked(KICK) for _ in range(5)]
    assert [one.number for one in await audit.records()] == numbers[::-1]
    assert [one.number for one in await audit.records(2)] == numbers[:2:-1]


async def test_looking_into_a_log_that_is_not_there_makes_none(folder: Path):
    assert await Audit(folder).records() == ()
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
async def test_nobody_else_may_read_it(folder: Path):
    await Audit(folder).asked(KICK)
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {"audit.db": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_kept_so_that_a_power_cut_does_no_harm(folder: Path):
    with contextlib.closing(Audit(folder)._opened()) as db:
        names = ("journal_mode", "synchronous", "fullfsync", "foreign_keys")
        found = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
    assert found == {"journal_mode": "delete", "synchronous": 3, "fullfsync": 1, "foreign_keys": 1}


@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()), st.text(), st.integers(0, 10**18 - 1))
def test_whatever_is_typed_or_answered_comes_back(
    tmp_path: Path, agent: str, reason: str, values: dict[str, str], answer: str, campaign: int
):
    async def through(audit: Audit) -> Record:
        act = Act(who="x", service="y", function="z", campaign_id=campaign, agent_id=agent, reason=reason, values=values)
        number = await audit.asked(act)
        await audit.answered(number, Outcome.DONE, answer)
        return (await audit.records(1))[0]

    record = asyncio.run(through(Audit(tmp_path)))
    assert (record.campaign_id, record.agent_id, record.reason) == (campaign, sendable(agent), sendable(reason))
    assert record.values == {sendable(name): sendable(text) for name, text in values.items()}
    assert record.answer == sendable(answer)


# ------------------------------------------------------------------------------------------------------- nobody changes it


@pytest.mark.parametrize("table", ["asked", "answered"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {table} SET at = '2001-01-01'",
        "DELETE FROM {table}",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET at = '2001-01-01'",
    ],
)
async def test_no_row_can_be_changed_or_taken_out(folder: Path, table: str, change: str):
    audit = Audit(folder)
    await audit.answered(await audit.asked(KICK), Outcome.DONE)
    before = await audit.records()
    with contextlib.closing(sqlite3.connect(audit.path)) as db, pytest.raises(sqlite3.IntegrityError, match="is not changed"):
        db.execute(change.format(table=table))
    assert await audit.records() == before


async def test_an_act_is_answered_once_and_only_if_it_was_asked(folder: Path):
    audit = Audit(folder)
    number = await audit.asked(KICK)
    await audit.answered(number, Outcome.REFUSED, "no")
    with pytest.raises(AuditNotKept):
        await audit.answered(number, Outcome.DONE)
    with pytest.raises(AuditNotKept):
        await audit.answered(number + 1, Outcome.DONE)
    assert [(one.number, one.outcome) for one in await audit.records()] == [(number, Outcome.REFUSED)]


# ------------------------------------------------------------------------------------------------------ other programs

PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from desktop.errors import AuditNotKept
from desktop.supervision.audit import Act, Audit, Outcome

async def main():
    audit = Audit(Path(sys.argv[1]))
    act = Act(who="x", service="y", function="kickAgent", campaign_id=1, agent_id=sys.argv[2], reason="r" * 500)
{body}

try:
    asyncio.run(main())
except AuditNotKept as failure:
    print(f"{{failure}}. {{failure.advice}}")
"""


def _start(folder: Path, body: str, *before: str, name: str = "one") -> subprocess.Popen[str]:
    program = PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "))
    command = [*before, sys.executable, "-W", "error", "-c", program, str(folder), name]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _play(folder: Path, body: str, *before: str) -> subprocess.CompletedProcess[str]:
    with _start(folder, body, *before) as program:
        out, err = program.communicate(timeout=60)
        return subprocess.CompletedProcess(program.args, program.returncode, out, err)


ACT_TWENTY_TIMES = """
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(20):
        await audit.answered(await audit.asked(act), Outcome.DONE, "fine")
"""


@pytest.mark.limit(90)
async def test_programs_that_write_at_once_all_get_through_from_the_first_row_on(folder: Path):
    programs = [_start(folder, ACT_TWENTY_TIMES, name=f"agent {number}") for number in range(4)]
    for program in programs:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
    for program in programs:  # nothing has been made yet: they begin the file against each other
        assert program.stdin
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        out, err = program.communicate(timeout=60)
        assert (out, err, program.returncode) == ("", "", 0)
    records = await Audit(folder).records()
    assert sorted(one.number for one in records) == list(range(1, 81))
    assert {one.outcome for one in records} == {Outcome.DONE}
    assert all(sum(one.agent_id == f"agent {number}" for one in records) == 20 for number in range(4))
    assert _rows(folder / "audit.db", "PRAGMA integrity_check") == [("ok",)]


async def test_who_holds_the_file_is_waited_for(folder: Path):
    audit = Audit(folder)
    await audit.asked(KICK)
    with contextlib.closing(sqlite3.connect(audit.path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        letting_go = threading.Timer(0.3, other.execute, ("ROLLBACK",))
        letting_go.start()
        await audit.asked(KICK)
        letting_go.join()
    assert len(await audit.records()) == 2


async def test_who_does_not_let_go_of_the_file_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PATIENCE", 20)
    audit = Audit(folder)
    await audit.asked(KICK)
    with contextlib.closing(sqlite3.connect(audit.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(AuditNotKept) as caught:
            await audit.asked(KICK)
    assert str(caught.value) == "The audit log cannot be used: another program holds the audit log"
    assert len(await audit.records()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_a_program_killed_between_the_two_leaves_an_act_of_which_nobody_knows(folder: Path):
    body = """
        await audit.answered(await audit.asked(act), Outcome.DONE)
        await audit.asked(act)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = await asyncio.to_thread(_play, folder, body)
    assert done.returncode == -9, done.stderr
    assert [one.outcome for one in await Audit(folder).records()] == [Outcome.NOT_KNOWN, Outcome.DONE]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.limit(90)
async def test_a_program_killed_while_it_writes_loses_nothing_that_it_was_told_is_written(folder: Path):
    body = """
        while True:
            print(await audit.asked(act), flush=True)
    """
    told = 0
    for _ in range(5):
        with _start(folder, body) as program:
            assert program.stdout
            for _ in range(3):
                told = int(program.stdout.readline())
            program.kill()
            told = int([str(told), *program.stdout.read().split()][-1])
        numbers = [one.number for one in await Audit(folder).records()]
        assert numbers[0] in {told, told + 1}  # the last one may have been written and not told
        assert numbers == list(range(numbers[0], 0, -1))
    assert _rows(folder / "audit.db", "PRAGMA integrity_check") == [("ok",)]


# -------------------------------------------------------------------------------------------------------- disks and rights


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    with pytest.raises(AuditNotKept) as caught:
        await Audit(tmp_path / "a file" / "data").asked(KICK)
    assert caught.value.reason == "Not a directory" or sys.platform == "win32"  # which has its own words
    assert caught.value.advice.startswith("Nothing was done.")


@pytest.mark.parametrize(("owner", "reason"), [(1234, "the data folder cannot be written"), (4321, "Permission denied")])
def test_a_folder_that_became_read_only_is_told(owner: int, reason: str):
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, and setpriv to stop being root")
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders let nobody else in
        folder = Path(place)
        asyncio.run(Audit(folder).asked(KICK))
        path = folder / "audit.db"
        before = path.read_bytes()
        for one in (path, folder):
            one.chmod(0o555)
            os.chown(one, owner, owner)
        done = _play(folder, "await audit.asked(act)", "setpriv", "--reuid=1234", "--regid=1234", "--clear-groups")
        words = f"The audit log cannot be used: {reason}. Nothing was done. Show this to your IT support.\n"
        assert done.stdout == words, done.stderr
        assert path.read_bytes() == before


FILL_IT = """
    while True:
        print(await audit.asked(act), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
async def test_a_disk_that_writes_no_more_is_told(folder: Path):
    limit = """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    """
    done = await asyncio.to_thread(_play, folder, textwrap.dedent(limit) + textwrap.dedent(FILL_IT))
    *numbers, words = done.stdout.splitlines()
    assert words.startswith("The audit log cannot be used: the disk does not read or write. Nothing was done."), done.stderr
    assert len(await Audit(folder).records()) == len(numbers) > 3


async def test_a_full_disk_is_told(tmp_path: Path):
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    small_disk = ("unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o size=100k none '{disk}' && exec \"$@\"", "sh")
    if shutil.which("unshare") is None or subprocess.run([*small_disk, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    body = f"""
        import shutil
        try:
            while True:
                print(await audit.asked(act), flush=True)
        finally:
            shutil.copytree({str(disk)!r}, {str(copy)!r})
    """
    done = await asyncio.to_thread(_play, disk, body, *small_disk)
    *numbers, words = done.stdout.splitlines()
    assert words.startswith("The audit log cannot be used: the disk is full. Nothing was done."), done.stderr
    assert len(await Audit(copy).records()) == len(numbers) > 3


# --------------------------------------------------------------------------------------------------------- damaged and newer


def _write(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def _garble(path: Path, damage: str) -> None:
    whole = bytearray(path.read_bytes())
    match damage:
        case "noise":
            path.write_bytes(os.urandom(len(whole)))
        case "text":
            path.write_text("This is no database, it is a letter to whoever reads it.\n" * 200, encoding="utf-8")
        case "cut":
            path.write_bytes(whole[: len(whole) * 2 // 3])
        case "zeros":
            path.write_bytes(bytes(whole[:100]) + bytes(len(whole) - 100))
        case "a page":
            start = len(whole) // 8192 * 4096  # of the rows in the middle, which no new row touches
            whole[start : start + 2048] = bytes(byte ^ 0xFF for byte in whole[start : start + 2048])
            path.write_bytes(whole)
        case "something else's":
            path.unlink()
            _write(path, "CREATE TABLE recipe (name TEXT)")


@pytest.mark.parametrize("damage", ["noise", "text", "cut", "zeros", "a page", "something else's"])
async def test_a_damaged_file_is_told_and_left_as_it_is(folder: Path, damage: str):
    audit = Audit(folder)
    await audit.asked(KICK)
    many = "WITH RECURSIVE many (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM many WHERE n < 300)"
    _write(audit.path, f"{many} INSERT INTO asked SELECT n, '', '', '', '', 1, '', 'a reason of some length', '{{}}' FROM many")
    _garble(audit.path, damage)
    before = audit.path.read_bytes()
    for attempt in (audit.asked(KICK), audit.answered(1, Outcome.DONE), audit.records(), audit.export(folder / "out.csv")):
        with pytest.raises(AuditNotKept) as caught:
            await attempt
        assert caught.value.title == "The audit log is damaged"
        assert str(audit.path) in caught.value.reason
        assert "take the file away and keep it" in caught.value.advice
    assert audit.path.read_bytes() == before
    assert [one.name for one in folder.iterdir()] == ["audit.db"]
    audit.path.rename(folder / "kept")  # what the advice says
    assert await audit.asked(KICK) == 1


async def test_a_newer_file_is_told_and_left_as_it_is(folder: Path):
    audit = Audit(folder)
    await audit.asked(KICK)
    _write(audit.path, "PRAGMA user_version = 99")
    before = audit.path.read_bytes()
    with pytest.raises(AuditNotKept) as caught:
        await audit.asked(KICK)
    assert caught.value.title == "The audit log was written by a newer NextCall"
    assert "99" in caught.value.reason
    assert audit.path.read_bytes() == before


async def test_an_empty_file_is_a_new_log(folder: Path):
    folder.mkdir()
    (folder / "audit.db").touch()
    assert await Audit(folder).records() == ()
    assert await Audit(folder).asked(KICK) == 1


# ------------------------------------------------------------------------------------------------------------- the export


async def test_all_of_it_is_exported_with_the_oldest_first(folder: Path):
    audit = Audit(folder)
    await audit.answered(await audit.asked(KICK), Outcome.REFUSED, "no such agent, “4027”\nat all")
    await audit.asked(
        Act(who="lead@desk", service=PLACE, function="updateRatio", campaign_id=7, values={"ratio": "1.5", "Zoë": "a;b"})
    )
    await audit.export(folder / "out.csv")
    raw = (folder / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfnumber,asked at,who,")
    first, second = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    assert (first["number"], first["function"], first["campaign"], first["agent"]) == ("1", "kickAgent", "1001", "4027")
    assert (first["reason"], first["outcome"]) == ("shouted", "refused")
    assert first["answer"] == "no such agent, “4027”\nat all"
    assert datetime.fromisoformat(first["asked at"]) <= datetime.fromisoformat(first["answered at"])
    assert (second["values"], second["outcome"], second["answered at"]) == ("ratio = 1.5; Zoë = a;b", "not known", "")


def test_no_cell_is_taken_for_a_formula():
    record = Record(
        number=1,
        when=datetime(2025, 1, 6, tzinfo=UTC),
        who="@lead",
        service=PLACE,
        function="kickAgent",
        campaign_id=1,
        agent_id="+4027",
        reason='=HYPERLINK("http://evil.example")',
        answer="-1+1",
    )
    out = io.StringIO(newline="")
    write_csv([record], out)
    _, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [row[at] for at in (2, 6, 7, 11)] == ["'@lead", "'+4027", '\'=HYPERLINK("http://evil.example")', "'-1+1"]
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]


async def test_an_export_that_has_no_place_is_told(folder: Path):
    audit = Audit(folder)
    await audit.asked(KICK)
    with pytest.raises(AuditNotKept) as caught:
        await audit.export(folder / "nowhere" / "out.csv")
    assert caught.value.title == "The audit log could not be exported"
    assert "nowhere" in caught.value.reason


async def test_the_log_is_not_exported_over_itself(folder: Path):
    audit = Audit(folder)
    await audit.asked(KICK)
    places = [audit.path, folder / "out.csv"]
    if sys.platform == "win32":
        places.pop()  # there, making a link takes an administrator
    else:
        places[1].symlink_to(audit.path)
    for place in places:
        with pytest.raises(AuditNotKept, match="this is the log itself"):
            await audit.export(place)
    assert len(await audit.records()) == 1
