"""What must survive a crash: shifts, calls as received, drafts, and every response with every attempt to send it.

Write, send, settle: a response is a row here, synced to the disk, before its first byte leaves. A row goes from `sending` to
`stored`, `refused`, `unsent` (certainly not sent, so it may be sent again) or `unsure` (sent, and nobody knows what came of it);
a program that dies in between leaves `sending`, which the next start takes for `unsure`. No secret is ever written.

SQLite on a thread of its own with its only connection: nothing here ever holds up a window, however slow the disk is. If the file
cannot be used, the journal goes on in memory, `lasting` is False and the agent is told; it never refuses work.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.errors import JournalNotKept
from desktop.tasks import in_thread

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_SCHEMA = Path(__file__).resolve().parent / "schema"
_PATIENCE = 2000
"""Milliseconds to wait for somebody else who holds the file, a backup program say."""


_END_SHIFT = """
    UPDATE shift SET ended_at = ?, ended_how = ?
    WHERE ended_at IS NULL AND id = coalesce(?, id) AND id NOT IN (SELECT shift_id FROM open_call)
"""
"""A shift with open calls stays unfinished: the next start asks about them."""


class Settled(StrEnum):
    """Where a response stands. The words are those of the table `response`."""

    SENDING = "sending"
    UNSENT = "unsent"
    STORED = "stored"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the agent has entered so far."""

    disposition: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of a shift: as received, as drafted, and what became of its response, if there is one yet."""

    number: int
    """The journal's own number of the call."""
    call: Call
    connected_at: datetime
    told: bool
    """Whether the call center has told who it was. If not, the agent only heard somebody, and the call's id is ours."""
    draft: Draft
    response: CallResponse | None = None
    last: bool = False
    settled: Settled | None = None
    settled_at: datetime | None = None
    attempts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShiftRecord:
    """A shift as the journal has it, with its calls in the order of their connection."""

    number: int
    service: str
    campaign_id: int
    agent_id: str
    began_at: datetime
    ended_at: datetime | None
    entries: tuple[Entry, ...]

    def count(self, settled: Settled) -> int:
        """How many calls of the shift stand there."""
        return sum(entry.settled is settled for entry in self.entries)

    @property
    def open_entries(self) -> tuple[Entry, ...]:
        """The calls that nobody has settled: never answered, not sent, or nobody knows."""
        closed = {Settled.STORED, Settled.REFUSED}
        return tuple(entry for entry in self.entries if entry.told and entry.settled not in closed)


class Journal:
    """The journal in one file, or in memory without one. `troubled` is told, on the event loop, when the disk fails it."""

    def __init__(self, path: Path | None, troubled: Callable[[JournalNotKept], None] = lambda _trouble: None) -> None:
        self._path = path
        self._troubled = troubled
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lasting = False

    async def open(self) -> None:
        """Open the file, or go on in memory after telling why. A damaged file is set aside, never deleted."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()
        await self._ask(lambda _db: None)

    async def close(self) -> None:
        """Finish what is queued and close the file."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self._work.put(None)
        await in_thread(thread.join, "journal closes")

    # Shifts

    async def begin_shift(self, service: str, campaign_id: int, agent_id: str) -> int:
        """Write down a shift; returns its number. An unfinished one of the same agent at the same place goes on instead."""

        def begin(db: sqlite3.Connection) -> int:
            going_on = db.execute(
                "SELECT id FROM shift WHERE ended_at IS NULL AND service = ? AND campaign_id = ? AND agent_id = ? "
                "ORDER BY id DESC",
                (service, campaign_id, agent_id),
            ).fetchone()
            if going_on:
                return int(going_on[0])
            row = db.execute(
                "INSERT INTO shift (service, campaign_id, agent_id, began_at) VALUES (?, ?, ?, ?) RETURNING id",
                (service, campaign_id, agent_id, _now()),
            ).fetchone()
            return int(row[0])

        return await self._ask(begin)

    def end_shift(self, shift: int, how: str) -> None:
        """The shift is over: logged off, left, or ended by the call center. One with open calls stays unfinished."""
        self._post(lambda db: db.execute(_END_SHIFT, (_now(), how, shift)))

    async def shift(self, shift: int) -> ShiftRecord:
        """A shift with everything that is known of it."""
        return await self._ask(lambda db: _shift(db, shift))

    async def unfinished(self) -> tuple[ShiftRecord, ...]:
        """The shifts with open calls, oldest first, for the start of the program: whatever was being sent is unsure now."""

        def find(db: sqlite3.Connection) -> tuple[ShiftRecord, ...]:
            db.execute(
                "UPDATE response SET state = 'unsure', reason = 'NextCall ended while it was being sent' WHERE state = 'sending'"
            )
            db.execute(_END_SHIFT, (_now(), "ended with NextCall", None))
            found = db.execute("SELECT id FROM shift WHERE ended_at IS NULL ORDER BY id").fetchall()
            return tuple(_shift(db, number) for (number,) in found)

        return await self._ask(find)

    # Calls and drafts

    def call_connected(self, shift: int, call: Call) -> None:
        """Write down a call as received, without holding up its popup. The same call told again is one call."""
        self._post(lambda db: _insert_call(db, shift, call))

    def someone_heard(self, shift: int, placeholder: str) -> None:
        """The agent hears somebody of whom the call center has told nothing: a call under a name of ours, for the notes."""
        self._post(lambda db: _insert_call(db, shift, Call(placeholder), told=False))

    def someone_told(self, shift: int, placeholder: str, call: Call) -> None:
        """The call center has told who `placeholder` is: its notes belong to `call`."""

        def attach(db: sqlite3.Connection) -> None:
            number = _insert_call(db, shift, call)
            db.execute(
                "UPDATE call SET (disposition, notes, drafted_at, connected_at) = ("
                "SELECT disposition, notes, drafted_at, connected_at FROM call WHERE shift_id = ? AND call_id = ?) WHERE id = ?",
                (shift, placeholder, number),
            )
            db.execute("DELETE FROM call WHERE shift_id = ? AND call_id = ?", (shift, placeholder))

        self._post(attach)

    def draft_changed(self, shift: int, call_id: str, draft: Draft) -> None:
        """Keep what the agent has entered so far."""
        self._post(
            lambda db: db.execute(
                "UPDATE call SET disposition = ?, notes = ?, drafted_at = ? WHERE shift_id = ? AND call_id = ?",
                (draft.disposition, draft.notes, _now(), shift, call_id),
            )
        )

    # Responses: write, send, settle

    async def begin_sending(self, shift: int, call: Call, response: CallResponse, *, last: bool) -> int:
        """Write down, on the disk, that this response is now being sent; returns the number of this attempt.

        For a call that already has a response this is another attempt with what stands there: the first decision holds.
        """

        def begin(db: sqlite3.Connection) -> int:
            number = _insert_call(db, shift, call)
            known = db.execute("SELECT id FROM response WHERE call = ?", (number,)).fetchone()
            if known is None:
                known = db.execute(
                    "INSERT INTO response (call, disposition, notes, last, state, decided_at) VALUES (?, ?, ?, ?, 'sending', ?) "
                    "RETURNING id",
                    (number, response.disposition, response.notes, last, _now()),
                ).fetchone()
            else:
                db.execute(
                    "UPDATE response SET disposition = ?, notes = ?, last = ?, state = 'sending', settled_at = NULL, reason = '' "
                    "WHERE id = ?",
                    (response.disposition, response.notes, last, known[0]),
                )
            attempt = db.execute("SELECT count(*) FROM attempt WHERE response = ?", known).fetchone()[0] + 1
            db.execute("INSERT INTO attempt (response, number, began_at) VALUES (?, ?, ?)", (known[0], attempt, _now()))
            return int(attempt)

        return await self._ask(begin)

    def settle(self, shift: int, call_id: str, settled: Settled, reason: str = "") -> None:
        """Write down what became of the latest attempt. Nobody waits: if this is lost, the next start takes it for unsure."""

        def settle(db: sqlite3.Connection) -> None:
            at = _now()
            db.execute(
                "UPDATE attempt SET ended_at = ?, outcome = ? FROM response JOIN call ON call.id = response.call "
                "WHERE attempt.response = response.id AND shift_id = ? AND call_id = ? AND ended_at IS NULL",
                (at, settled, shift, call_id),
            )
            db.execute(
                "UPDATE response SET state = ?, settled_at = ?, reason = ? FROM call "
                "WHERE call.id = response.call AND shift_id = ? AND call_id = ?",
                (settled, at, reason, shift, call_id),
            )

        self._post(settle)

    # The thread

    async def _ask(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Have the thread do `work` in one transaction, and wait for its result."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()

        def settle(result: Result | None, failure: BaseException | None) -> None:
            if answer.done():
                return
            if failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # None only where Result is None

        def do() -> None:
            try:
                result, failure = self._in_transaction(work), None
            except BaseException as raised:  # noqa: BLE001 - handed on to the one who waits
                result, failure = None, raised
            loop.call_soon_threadsafe(settle, result, failure)

        self._work.put(do)
        return await answer

    def _post(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Have the thread do `work` in its turn; nobody waits."""

        def do() -> None:
            try:
                self._in_transaction(work)
            except Exception:
                log.exception("the journal could not write")

        self._work.put(do)

    def _run(self) -> None:
        self._db = self._opened()
        while (work := self._work.get()) is not None:
            work()
        self._db.close()

    def _in_transaction(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do `work` wholly or not at all. A disk that fails in the middle of a shift is left for memory, once, with words."""
        assert self._db is not None  # noqa: S101 - _run opens it before it takes any work
        try:
            return _transaction(self._db, work)
        except sqlite3.Error as failure:
            if not self.lasting:
                raise
            self._tell(_in_words(failure))
            self._db = self._in_memory(copy_of=self._db)
            return _transaction(self._db, work)

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return self._in_memory()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                db = _open_file(self._path)
            except _DamagedError as damaged:
                aside = _set_aside(self._path)
                log.warning("the journal was damaged and is set aside as %s", aside.name)
                self._tell(
                    JournalNotKept(
                        str(damaged),
                        title="The journal was damaged",
                        advice=f"A new one is begun. The old one is kept as {aside.name}: show this to your IT support.",
                    )
                )
                db = _open_file(self._path)
        except (OSError, sqlite3.Error, _NewerError) as failure:
            self._tell(_in_words(failure))
            return self._in_memory()
        self.lasting = True
        return db

    def _in_memory(self, copy_of: sqlite3.Connection | None = None) -> sqlite3.Connection:
        self.lasting = False
        db = sqlite3.connect(":memory:", isolation_level=None)
        if copy_of is not None:
            try:
                copy_of.backup(db)
                copy_of.close()
            except sqlite3.Error:
                db = sqlite3.connect(":memory:", isolation_level=None)
            else:
                return db
        _migrate(db, None)
        return db

    def _tell(self, trouble: JournalNotKept) -> None:
        log.warning("%s", trouble)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._troubled, trouble)


class _DamagedError(Exception):
    """The file is no journal, or no whole one."""


class _NewerError(Exception):
    """The file was written by a newer NextCall."""


def _open_file(path: Path) -> sqlite3.Connection:
    """The checked and migrated journal at `path`. Raises _DamagedError, _NewerError, or what SQLite says."""
    db = sqlite3.connect(path, timeout=_PATIENCE / 1000, isolation_level=None)
    try:
        _make_safe(db)
        _migrate(db, path)
        path.chmod(0o600)  # callers' names are in it
    except sqlite3.DatabaseError as failure:
        db.close()
        if getattr(failure, "sqlite_errorcode", None) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _DamagedError(str(failure)) from None
        raise
    except BaseException:
        db.close()
        raise
    return db


def _make_safe(db: sqlite3.Connection) -> None:
    """Set what a journal needs to survive a power cut, read it back, and check the file."""
    # EXCLUSIVE: nobody else may open it meanwhile, and WAL then needs no shared memory
    for name, value, wanted in (
        ("locking_mode", "EXCLUSIVE", "exclusive"),
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", 2),
        ("fullfsync", "ON", 1),  # on macOS a plain fsync does not reach the disk
        ("checkpoint_fullfsync", "ON", 1),
        ("foreign_keys", "ON", 1),
    ):
        db.execute(f"PRAGMA {name} = {value}")
        (found,) = db.execute(f"PRAGMA {name}").fetchone()
        if found != wanted:
            raise sqlite3.OperationalError(f"{name} is {found}, not {wanted}")
    (check,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if check != "ok":
        raise _DamagedError(str(check).splitlines()[0])


def _migrate(db: sqlite3.Connection, path: Path | None) -> None:
    """Bring the schema up to date, one numbered file and one transaction at a time, keeping a copy of the file before each."""
    steps = sorted(_SCHEMA.glob("*.sql"))
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise _NewerError(f"it has version {version}, this NextCall knows {len(steps)}")
    for number, step in enumerate(steps[version:], start=version + 1):
        if path is not None and number > 1:
            copy = path.with_suffix(f".before-{number}")
            copy.unlink(missing_ok=True)
            db.execute("VACUUM INTO ?", (str(copy),))
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{step.read_text(encoding='utf-8')}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Result]) -> Result:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return result


def _in_words(failure: Exception) -> JournalNotKept:
    code = getattr(failure, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    reasons = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_READONLY: "the data folder cannot be written",
        sqlite3.SQLITE_CANTOPEN: "the data folder cannot be written",
        sqlite3.SQLITE_PERM: "the data folder cannot be written",
        sqlite3.SQLITE_BUSY: "another program holds the journal",
        sqlite3.SQLITE_LOCKED: "another program holds the journal",
        sqlite3.SQLITE_IOERR: "the disk does not read or write",
    }
    if isinstance(failure, _NewerError):
        return JournalNotKept(str(failure), title="The journal was written by a newer NextCall")
    if isinstance(failure, OSError):
        return JournalNotKept(failure.strerror or "the data folder cannot be written")
    return JournalNotKept(reasons.get(primary, str(failure)) if primary is not None else str(failure))


# Rows and what they stand for


def _insert_call(db: sqlite3.Connection, shift: int, call: Call, *, told: bool = True) -> int:
    db.execute(
        "INSERT INTO call (shift_id, call_id, connected_at, fields, told) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (shift_id, call_id) DO NOTHING",
        (shift, call.id, _now(), msgspec.json.encode(call.fields).decode(), told),
    )
    (number,) = db.execute("SELECT id FROM call WHERE shift_id = ? AND call_id = ?", (shift, call.id)).fetchone()
    return int(number)


def _shift(db: sqlite3.Connection, number: int) -> ShiftRecord:
    shift = _rows(db, "SELECT * FROM shift WHERE id = ?", number)[0]
    calls = _rows(
        db,
        "SELECT call.*, response.disposition AS decided, response.notes AS noted, last, state, settled_at, reason,"
        " (SELECT count(*) FROM attempt WHERE attempt.response = response.id) AS attempts "
        "FROM call LEFT JOIN response ON response.call = call.id WHERE shift_id = ? ORDER BY call.id",
        number,
    )
    return ShiftRecord(
        number=shift["id"],
        service=shift["service"],
        campaign_id=shift["campaign_id"],
        agent_id=shift["agent_id"],
        began_at=datetime.fromisoformat(shift["began_at"]),
        ended_at=_time(shift["ended_at"]),
        entries=tuple(map(_entry, calls)),
    )


def _entry(row: sqlite3.Row) -> Entry:
    call = Call(row["call_id"], msgspec.json.decode(row["fields"], type=tuple[Field, ...]))
    entry = Entry(
        number=row["id"],
        call=call,
        connected_at=datetime.fromisoformat(row["connected_at"]),
        told=bool(row["told"]),
        draft=Draft(row["disposition"], row["notes"]),
    )
    if row["state"] is None:
        return entry
    return replace(
        entry,
        response=CallResponse(call.id, row["decided"], row["noted"]),
        last=bool(row["last"]),
        settled=Settled(row["state"]),
        settled_at=_time(row["settled_at"]),
        attempts=row["attempts"],
        reason=row["reason"],
    )


def _rows(db: sqlite3.Connection, question: str, *values: object) -> list[sqlite3.Row]:
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(question, values).fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
