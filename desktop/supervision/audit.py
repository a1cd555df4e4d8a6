"""The audit log of what team leads have done: who, when, what, why, and what came of it. Append-only.

An act is written down, synced to the disk, before anything is sent, and once more when its outcome is known. A program that dies
in between leaves an act of which nobody knows what came of it, and the log says so. No secret is ever written.

It is a file of its own beside the journal, because the window and the command line write it at the same time. So it is opened
for each row and closed again, and it keeps SQLite's older kind of journal: writing ahead (WAL) with more than one program loses
rows in the SQLite that Python comes with (sqlite.org/wal.html, "The WAL Reset Bug"). A file that cannot be used is left as it is.
"""

from __future__ import annotations

import contextlib
import csv
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec

from desktop import database
from desktop.callcenter.model import sendable
from desktop.database import DamagedError, NewerError
from desktop.errors import AuditNotKept
from desktop.tasks import in_thread

Result = TypeVar("Result")

_SCHEMA = Path(__file__).resolve().parent / "schema"
_PATIENCE = 10_000
"""Milliseconds to wait for somebody else who writes: another lead's command on the same computer, a backup program."""

_NEWEST = """
    SELECT asked.*, answered.at, outcome, answer FROM asked LEFT JOIN answered USING (number)
    ORDER BY number DESC LIMIT ?
"""


class Outcome(StrEnum):
    """What came of an act. The words are those of the table `answered`."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody wants done."""

    who: str
    """The system's user and the computer."""
    service: str
    """The address of the call center's WSDL."""
    function: str
    """As the WSDL calls it."""
    campaign_id: int
    agent_id: str = ""
    """Empty if it is not about an agent."""
    reason: str = ""
    """Why, in the lead's own words."""
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What else the function was given, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Act):
    """An act as the log has it."""

    number: int
    when: datetime
    """When it was asked for, in UTC."""
    outcome: Outcome = Outcome.NOT_KNOWN
    """Also NOT_KNOWN while the answer is still to come, and if the program did not live to see it."""
    answer: str = ""
    """What the call center returned or said, or why nobody knows."""
    answered_at: datetime | None = None


class Audit:
    """The log in the data folder. Every method works on a thread of its own; raises AuditNotKept if the file cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.db"

    async def asked(self, act: Act) -> int:
        """Write down an act before anything of it is sent; returns its number. What is not written must not be done."""
        given = msgspec.json.encode({sendable(name): sendable(text) for name, text in act.values.items()}).decode()
        texts = (act.who, act.service, act.function, act.agent_id, act.reason, given)
        row = (_now(), act.campaign_id, *map(sendable, texts))
        insert = (
            "INSERT INTO asked (at, campaign_id, who, service, function, agent_id, reason, given) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        return await self._do(lambda db: int(db.execute(insert, row).lastrowid or 0))

    async def answered(self, number: int, outcome: Outcome, answer: str = "") -> None:
        """Write down what came of the act of that number."""
        row = (number, _now(), outcome, sendable(answer))
        insert = "INSERT INTO answered (number, at, outcome, answer) VALUES (?, ?, ?, ?)"
        await self._do(lambda db: db.execute(insert, row).lastrowid)

    async def records(self, limit: int | None = None) -> tuple[Record, ...]:
        """The acts, the newest first; no more than `limit`, if given."""
        if not await in_thread(self.path.exists, "audit"):
            return ()
        most = (-1 if limit is None else limit,)
        return await self._do(lambda db: tuple(map(_record, db.execute(_NEWEST, most))))

    async def export(self, path: Path) -> None:
        """Write all of it to a file, as CSV that spreadsheets know to be UTF-8."""
        records = await self.records()

        def write() -> None:
            if path.exists() and path.samefile(self.path):
                raise OSError(0, "this is the log itself")
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                write_csv(records, file)

        try:
            await in_thread(write, "audit")
        except OSError as failure:
            raise AuditNotKept(
                f"{path}: {failure.strerror}", title="The audit log could not be exported", advice="Choose another place for it."
            ) from None

    async def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        def do() -> Result:
            with contextlib.closing(self._opened()) as db:
                return work(db)  # one statement, which SQLite does wholly or not at all

        try:
            return await in_thread(do, "audit")
        except (OSError, sqlite3.Error, DamagedError, NewerError) as failure:
            raise self._not_kept(failure) from None

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = database.connect(self.path, _PATIENCE)
        try:
            database.version(db, _SCHEMA)  # before anything is changed
            database.insist(
                db,
                ("journal_mode", "DELETE", "delete"),
                ("synchronous", "EXTRA", 3),  # the folder, too: else the last row may be gone after a power cut
                ("fullfsync", "ON", 1),  # on macOS a plain fsync does not reach the disk
                ("foreign_keys", "ON", 1),
            )
            database.check(db)
            database.migrate(db, _SCHEMA, self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _not_kept(self, failure: Exception) -> AuditNotKept:
        if isinstance(failure, NewerError):
            return AuditNotKept(
                str(failure),
                title="The audit log was written by a newer NextCall",
                advice="Nothing was done. Use that one, or show this to your IT support.",
            )
        if isinstance(failure, DamagedError) or database.code(failure) in database.DAMAGES:
            return AuditNotKept(
                f"{self.path}: {failure}",
                title="The audit log is damaged",
                advice="Nothing was done. Have your IT support take the file away and keep it; a new log is then begun.",
            )
        return AuditNotKept(database.in_words(failure, "the audit log"))


def write_csv(records: Iterable[Record], file: TextIO) -> None:
    """`records`, given as the log gives them, as a table with the oldest first.

    What a spreadsheet would take for a formula has an apostrophe before it: reasons and answers are other people's words.
    """
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_COLUMNS)
    for record in reversed(tuple(records)):
        answered_at = record.answered_at.isoformat(timespec="milliseconds") if record.answered_at else ""
        values = "; ".join(f"{name} = {text}" for name, text in record.values.items())
        row = (
            *(record.number, record.when.isoformat(timespec="milliseconds"), record.who, record.service, record.function),
            *(record.campaign_id, record.agent_id, record.reason, values, record.outcome, answered_at, record.answer),
        )
        table.writerow(f"'{cell}" if str(cell).startswith(_FORMULAS) else cell for cell in row)


_COLUMNS = (
    *("number", "asked at", "who", "service", "function", "campaign"),
    *("agent", "reason", "values", "outcome", "answered at", "answer"),
)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def _record(row: tuple[str, ...]) -> Record:
    number, at, who, service, function, campaign_id, agent_id, reason, given, answered_at, outcome, answer = row
    return Record(
        number=int(number),
        when=datetime.fromisoformat(at),
        who=who,
        service=service,
        function=function,
        campaign_id=int(campaign_id),
        agent_id=agent_id,
        reason=reason,
        values=msgspec.json.decode(given, type=dict[str, str]),
        outcome=Outcome(outcome or Outcome.NOT_KNOWN),
        answer=answer or "",
        answered_at=datetime.fromisoformat(answered_at) if answered_at else None,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
