"""What team leads do from a script: start and stop campaigns, hang up an agent's phone, read the audit log. No window, no Qt.

The API key comes from the keyring or from standard input, never from an argument, which every user of the computer could read.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.callcenter.model import Account, Function
from desktop.errors import CallCenterError, KeptError, KeyNotKept, NextCallError, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from desktop.supervision.supervisor import Supervisor

_LONGEST_ID = 18
"""Digits of a campaign's id."""
_LONGEST_KEY = 10_000
"""Bytes of standard input in which the key is looked for."""


class Unclear(NextCallError):
    """A command that cannot be followed as it was given."""

    title = "The command was not understood"
    advice = "Nothing was sent. Add --help to see what can be said."


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be done, where."""

    function: Function
    campaign_id: int
    agent_id: str
    reason: str
    address: str
    """The WSDL that has the function."""
    service_url: str
    """The agents' WSDL, for whose host the key is kept."""
    folder: Path
    owner: str

    @property
    def in_words(self) -> str:
        match self.function:
            case Function.START_CAMPAIGN:
                return f"started campaign {self.campaign_id}"
            case Function.STOP_CAMPAIGN:
                return f"stopped campaign {self.campaign_id}"
            case _:
                return f"hung up the phone of agent {self.agent_id}"


# ------------------------------------------------------------------------------------------------------------------ doing it


def tell_unclear(message: str) -> None:
    """Say as JSON what is wrong with a command line."""
    _say(json.dumps(_outcome(failure=Unclear(message))))


def run(arguments: argparse.Namespace) -> int:
    """Do what a command says, tell what came of it, and return the exit code."""
    import logging

    logging.getLogger().addHandler(logging.NullHandler())  # else the standard library prints warnings among our sentences
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return _audit(arguments) if arguments.command == "audit" else _act(arguments)


def _act(arguments: argparse.Namespace) -> int:
    import asyncio

    order: _Order | None = None
    warnings: list[NextCallError] = []
    failure: NextCallError | None = None
    began = False

    async def have_done(order: _Order, key: str) -> None:
        from desktop.callcenter.soap import SoapCallCenter
        from desktop.supervision.audit import Audit
        from desktop.supervision.supervisor import Supervisor

        nonlocal began
        account = Account(key or await _kept_key(order), order.campaign_id)
        center = SoapCallCenter(order.address)  # what it kept of earlier starts may lack what the service has got since
        supervisor = Supervisor(center, Audit(order.folder), order.address, troubled=warnings.append)
        began = True
        try:
            await _send(supervisor, account, order)
        finally:
            await center.close()

    try:
        order = _order(arguments)
        if not arguments.yes:
            _confirm(order)
        asyncio.run(have_done(order, _given_key(required=arguments.key_stdin)))
    except NextCallError as raised:
        failure = raised
    except (KeyboardInterrupt, EOFError):
        if began:
            failure = OutcomeUnknown("Nobody waited for the answer.", advice="It may have been done all the same.")
        else:
            failure = Unclear(title="Nothing was done", advice="It was taken back before anything was sent.")
    except Exception as crash:  # noqa: BLE001 - a script must learn what is certain, whatever happens
        where = traceback.extract_tb(crash.__traceback__)[-1]
        reason = f"NextCall failed: {type(crash).__name__} at {Path(where.filename).name}:{where.lineno}."
        failure = OutcomeUnknown(reason, advice="It may have been done all the same.") if began else KeptError(reason)
    if arguments.json:
        _say(json.dumps(_outcome(order, failure, warnings)))
    elif failure is None and order is not None:
        _say(f"The call center has {order.in_words}.")
    for trouble in (failure, *warnings):
        _complain(trouble)
    return _exit_code(failure)


async def _send(supervisor: Supervisor, account: Account, order: _Order) -> None:
    match order.function:
        case Function.START_CAMPAIGN:
            await supervisor.start_campaign(account)
        case Function.STOP_CAMPAIGN:
            await supervisor.stop_campaign(account)
        case _:
            await supervisor.kick_agent(account, order.agent_id, order.reason)


def _order(arguments: argparse.Namespace) -> _Order:
    """What the arguments say, completed by the settings, where the organisation lets it be so.

    Raises Unclear, SettingsNotKept, and PolicyError: a script never acts at another call center than it named.
    """
    import msgspec

    from desktop.errors import SettingsNotKept
    from desktop.settings import policy
    from desktop.settings.folder import data_folder
    from desktop.settings.settings import Settings, SettingsFile

    if arguments.practice:
        advice = "Run nextcall practice-service, and give the address that it prints as --service."
        raise Unclear("--practice is for the windows.", advice=advice)
    folder = data_folder(arguments.data_dir)
    kicks = arguments.command == "agent"
    campaign_id = arguments.campaign
    settings = Settings()
    if not arguments.service or campaign_id is None:
        try:
            settings = SettingsFile(folder).load()
        except SettingsNotKept as failure:
            advice = "Nothing was sent. Kept as settings.unreadable: give --service and --campaign until it is repaired."
            raise SettingsNotKept(failure.reason, title=failure.title, advice=advice) from None
        if campaign_id is None:
            remembered = settings.campaign_id.strip()
            if not (remembered.isascii() and remembered.isdigit() and len(remembered) <= _LONGEST_ID):
                advice = "Nothing was sent. Say which one: --campaign ID."
                raise Unclear("No campaign is remembered here.", advice=advice)
            campaign_id = int(remembered)
    if arguments.service:  # the settings' broadcast address is of another call center
        settings = msgspec.structs.replace(settings, broadcast_url="")
    given = {"service_url": arguments.service, "broadcast_url": arguments.broadcast_service}
    counts, refused = policy.read().resolved(settings, **given)
    if refused is not None:
        raise refused
    return _Order(
        function={"start": Function.START_CAMPAIGN, "stop": Function.STOP_CAMPAIGN, "kick": Function.KICK_AGENT}[arguments.step],
        campaign_id=campaign_id,
        agent_id=arguments.agent if kicks else "",
        reason=arguments.reason if kicks else "",
        address=counts.service_url if kicks else counts.broadcast_url or counts.service_url,
        service_url=counts.service_url,
        folder=folder,
        owner=str(arguments.data_dir.resolve()) if arguments.data_dir else "",  # as the app has it
    )


def _confirm(order: _Order) -> None:
    """Ask whoever sits at the terminal. A script says what it means and is asked nothing. Raises Unclear."""
    if sys.stdin is None or not sys.stdin.isatty() or order.function is Function.START_CAMPAIGN:
        return
    if order.function is Function.STOP_CAMPAIGN:
        wanted = str(order.campaign_id)
        question = f"Nobody more is called for campaign {wanted} until it is started again. Type {wanted} to stop it: "
    else:
        wanted = "y"
        question = f"This hangs up the phone of agent {order.agent_id} in campaign {order.campaign_id}. Go on? (y/n) "
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() != wanted:
        raise Unclear(title="Not confirmed", advice="Nothing was done.")


def _given_key(*, required: bool) -> str:
    """The key on standard input, or an empty text. Raises Unclear, and EOFError at the end of a terminal's input."""
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        key = getpass.getpass("API key (nothing is shown): ") if required else ""
    else:
        try:
            line = sys.stdin.buffer.readline(_LONGEST_KEY) if sys.stdin is not None else b""
            key = line.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise Unclear(
                title="The key on standard input cannot be read", advice="Nothing was sent. It must be one line in UTF-8."
            ) from None
    if required and not key.strip():
        raise Unclear(title="There is no key on standard input", advice="Nothing was sent.")
    return key.strip()


async def _kept_key(order: _Order) -> str:
    """The supervisor's key in the keyring. Raises KeyNotKept."""
    from desktop.settings.vault import Vault

    advice = "Nothing was sent. Keep it in the supervisor window, or give it on standard input."
    try:
        key = await Vault(order.service_url, order.owner, supervisor=True).key()
    except KeyNotKept as failure:
        raise KeyNotKept(failure.reason, title=failure.title, advice=advice) from None
    if not key:
        raise KeyNotKept(title="The keyring has no supervisor's API key for this call center", advice=advice)
    return key


def _audit(arguments: argparse.Namespace) -> int:
    import asyncio

    import msgspec

    from desktop.errors import AuditNotKept
    from desktop.settings.folder import data_folder
    from desktop.supervision.audit import Audit, Record, write_csv

    audit = Audit(data_folder(arguments.data_dir))
    records: tuple[Record, ...] = ()
    failure: NextCallError | None = None
    try:
        if arguments.out is not None:
            asyncio.run(audit.export(arguments.out))
        else:
            records = asyncio.run(audit.records())
    except AuditNotKept as raised:
        failure = raised
    if arguments.json:
        told = {"out": str(arguments.out)} if arguments.out else {"records": msgspec.to_builtins(records)}
        error = _error(failure) if failure else None
        _say(json.dumps({"ok": failure is None, "did": "audit", **told, "error": error}))
    elif failure is None and arguments.out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        try:
            write_csv(records, sys.stdout)
            sys.stdout.flush()
        except OSError as failed:
            failure = AuditNotKept(failed.strerror or "", title="The audit log could not be printed", advice="Use --out FILE.")
    _complain(failure)
    return _exit_code(failure)


# --------------------------------------------------------------------------------------------------------------- telling it


def _say(text: str) -> None:
    """On standard output. Whether anybody reads it changes nothing of what was done."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def _complain(trouble: NextCallError | None) -> None:
    if trouble is not None:
        with contextlib.suppress(OSError):
            print(f"nextcall: {trouble.in_a_line}", file=sys.stderr, flush=True)


def _outcome(
    order: _Order | None = None, failure: NextCallError | None = None, warnings: list[NextCallError] | None = None
) -> dict[str, object]:
    """What is told as JSON. `answer` is what the call center said: nothing but a refusal has words."""
    return {
        "ok": failure is None,
        "did": str(order.function) if order else None,
        "campaign": order.campaign_id if order else None,
        "agent": (order.agent_id or None) if order else None,
        "answer": "" if failure is None else failure.reason if isinstance(failure, Refused) else None,
        "error": _error(failure) if failure else None,
        "warnings": [one.in_a_line for one in warnings or ()],
    }


def _error(failure: NextCallError) -> dict[str, str]:
    return {"kind": type(failure).__name__, "title": failure.title, "reason": failure.reason, "advice": failure.advice}


def _exit_code(failure: NextCallError | None) -> int:
    match failure:
        case None:
            return 0
        case Refused():
            return 1
        case Unclear():
            return 2
        case OutcomeUnknown():
            return 4
        case CallCenterError():
            return 3
        case _:
            return 5
