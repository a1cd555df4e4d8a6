"""What must survive a crash: shifts, calls as received, drafts, every response with every attempt to send it, and callbacks.

Write, send, settle: a response is a row here, synced to the disk, before its first byte leaves. A row goes from `sending` to
`stored`, `refused`, `unsent` (certainly not sent, so it may be sent again) or `unsure` (sent, and nobody knows what came of it);
a program that dies in between leaves `sending`, which the next start takes for `unsure`. No secret is ever written.

SQLite on a thread of its own with its only connection: nothing here ever holds up a window, however slow the disk is. If the file
cannot be used, the journal goes on in memory, `lasting` is False and the agent is told; it never refuses work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from desktop import database
from desktop.callcenter.model import Call, CallResponse, Field, sendable
from desktop.database import DamagedError, NewerError
from desktop.errors import JournalNotKept
from desktop.shift import finding
from desktop.tasks import in_thread

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_SCHEMA = Path(__file__).resolve().parent / "schema"
_PATIENCE = 2000
"""Milliseconds to wait for somebody else who holds the file, a backup program say."""
_READ_THROUGH = 16 * 2**20
"""Bytes up to which a journal is read through at every start. The journal of years takes seconds, so it is read through only
if it was not closed as it should be: SQLite then leaves a write-ahead log beside it."""


_TAKEN_IN_AT_ONCE = 20
"""Calls whose words are taken into the index in one transaction: some milliseconds, for which a write may have to wait."""


_END_SHIFT = """
    UPDATE shift SET ended_at = :at, ended_how = :how
    WHERE ended_at IS NULL AND id = coalesce(:shift, id)
        AND NOT EXISTS (SELECT 1 FROM open_call WHERE shift_id = shift.id AND state IS NOT :given_up)
"""
"""A shift with open calls stays unfinished: the next start asks about them."""


_AGREE = """
    INSERT INTO callback (shift_id, call_id, place, campaign_id, due_at, zone, caller, phone_number, agreed_at)
    VALUES (:shift, :call_id, (SELECT service FROM shift WHERE id = :shift), (SELECT campaign_id FROM shift WHERE id = :shift),
            :due_at, :zone, :caller, :phone_number, :agreed_at)
    ON CONFLICT (shift_id, call_id) DO UPDATE SET
        due_at = excluded.due_at, zone = excluded.zone, caller = excluded.caller, phone_number = excluded.phone_number,
        agreed_at = excluded.agreed_at, done_at = NULL
        WHERE due_at <> excluded.due_at
"""
"""A call that is stored again with the same time changes nothing: what is done stays done."""


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
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The entries of the campaign's form, by the questions' ids. Nobody may change them: they are frozen when a draft is made."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "answers", MappingProxyType(dict(self.answers)))


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
    in_doubt: bool = False
    """Whether a send of the response may have arrived without anybody knowing."""
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
        """The calls that are not stored as far as anybody knows: the view `open_call`."""
        return tuple(entry for entry in self.entries if entry.told and entry.settled is not Settled.STORED)


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call of any shift, as the history shows it."""

    entry: Entry
    campaign_id: int


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody whom the agent has promised to call back."""

    number: int
    """The journal's own number of the callback."""
    due: datetime
    """When, on the clock on which it was agreed: the caller's, with its zone, or this computer's."""
    caller: str
    """The name; empty if it is not known."""
    phone_number: str
    """As people write it; empty if it is not known."""
    campaign_id: int
    place: str
    """The service address of the call center whose call it was."""
    call_id: str
    agreed_at: datetime


class Journal:
    """The journal in one file, or in memory without one. `troubled` is told, on the event loop, when the disk fails it."""

    def __init__(self, path: Path | None, troubled: Callable[[JournalNotKept], None] = lambda _trouble: None) -> None:
        self._path = path
        self._troubled = troubled
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._db: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._shift: tuple[object, ...] | None = None
        """The row of the shift that goes on: what has to be known of it even if the file cannot be read any more."""
        self._callbacks: list[tuple[object, ...]] = []
        """The rows of the open callbacks, as last asked for or changed: they are kept even then, too."""
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
            what = (service, campaign_id, agent_id)
            row = db.execute(
                "SELECT id, service, campaign_id, agent_id, began_at FROM shift "
                "WHERE ended_at IS NULL AND (service, campaign_id, agent_id) = (?, ?, ?) ORDER BY id DESC",
                what,
            ).fetchone()
            if row is None:
                row = db.execute(
                    "INSERT INTO shift (service, campaign_id, agent_id, began_at) VALUES (?, ?, ?, ?) "
                    "RETURNING id, service, campaign_id, agent_id, began_at",
                    (*what, _now()),
                ).fetchone()
            self._shift = row
            return int(row[0])

        return await self._ask(begin)

    def end_shift(self, shift: int, how: str) -> None:
        """The shift is over: logged off, left, or ended by the call center. One with open calls stays unfinished.

        A refused call was in the agent's hands; who ends the shift without sending it again has given it up.
        """
        values = {"at": _now(), "how": how, "shift": shift, "given_up": Settled.REFUSED}
        self._post(lambda db: db.execute(_END_SHIFT, values))

    async def shift(self, shift: int) -> ShiftRecord:
        """A shift with everything that is known of it."""
        return await self._ask(lambda db: _shift(db, shift))

    async def unfinished(self) -> tuple[ShiftRecord, ...]:
        """The shifts with open calls, oldest first, for the start of the program: whatever was being sent is unsure now."""

        def find(db: sqlite3.Connection) -> tuple[ShiftRecord, ...]:
            db.execute(
                "UPDATE response SET state = 'unsure', reason = 'NextCall ended while it was being sent' "
                "WHERE state IN ('sending', 'unsent', 'unsure') AND state = 'sending'"  # the former as the index has it
            )
            db.execute(_END_SHIFT, {"at": _now(), "how": "ended with NextCall", "shift": None, "given_up": ""})
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
                "UPDATE call SET disposition = heard.disposition, notes = heard.notes, answers = heard.answers, "
                "drafted_at = heard.drafted_at, connected_at = heard.connected_at FROM call AS heard "
                "WHERE call.id = ? AND heard.shift_id = ? AND heard.call_id = ?",
                (number, shift, placeholder),
            )
            db.execute("DELETE FROM call WHERE shift_id = ? AND call_id = ?", (shift, placeholder))

        self._post(attach)

    def draft_changed(self, shift: int, call_id: str, draft: Draft) -> None:
        """Keep what the agent has entered so far, as it could be sent."""
        answers = msgspec.json.encode({name: sendable(text) for name, text in draft.answers.items()}).decode()
        values = (sendable(draft.disposition), sendable(draft.notes), answers, _now(), shift, call_id)
        self._post(
            lambda db: db.execute(
                "UPDATE call SET disposition = ?, notes = ?, answers = ?, drafted_at = ? WHERE shift_id = ? AND call_id = ?",
                values,
            )
        )

    # Responses: write, send, settle

    async def begin_sending(self, shift: int, call: Call, response: CallResponse, *, last: bool) -> bool:
        """Write down, on the disk, that this response is now being sent; tells whether an earlier send of it may have arrived.

        It may say something else than at an earlier send that was refused. It is the call's draft from now on, too, with the
        answers where they are sent: in the notes.
        """
        disposition, notes = sendable(response.disposition), sendable(response.notes)

        def begin(db: sqlite3.Connection) -> bool:
            number = _insert_call(db, shift, call)
            at = _now()
            db.execute(
                "UPDATE call SET disposition = ?, notes = ?, answers = '{}', drafted_at = ? WHERE id = ?",
                (disposition, notes, at, number),
            )
            (known,) = db.execute(
                "INSERT INTO response (call, disposition, notes, last, state, decided_at) VALUES (?, ?, ?, ?, 'sending', ?) "
                "ON CONFLICT (call) DO UPDATE SET disposition = excluded.disposition, notes = excluded.notes, "
                "last = excluded.last, state = 'sending', settled_at = NULL, reason = '' RETURNING id",
                (number, disposition, notes, last, at),
            ).fetchone()
            before, in_doubt = db.execute(
                "SELECT count(*), count(*) FILTER (WHERE outcome IS NULL OR outcome = 'unsure') FROM attempt WHERE response = ?",
                (known,),
            ).fetchone()
            db.execute("INSERT INTO attempt (response, number, began_at) VALUES (?, ?, ?)", (known, before + 1, at))
            return bool(in_doubt)

        return await self._ask(begin)

    def settle(self, shift: int, call_id: str, settled: Settled, reason: str = "", *, outcome: Settled | None = None) -> None:
        """Write down where the latest send leaves the response, and its own `outcome` where that says less.

        Nobody waits: if this is lost, the next start takes it for unsure. So the history's index is kept up here, too.
        """

        def settle(db: sqlite3.Connection) -> None:
            at = _now()
            row = db.execute(
                "UPDATE response SET state = ?, settled_at = ?, reason = ? "
                "WHERE call = (SELECT id FROM call WHERE shift_id = ? AND call_id = ?) RETURNING id",
                (settled, at, reason, shift, call_id),
            ).fetchone()
            if row is not None:
                db.execute(
                    "UPDATE attempt SET ended_at = ?, outcome = ? WHERE response = ? "
                    "AND number = (SELECT max(number) FROM attempt WHERE response = ?)",
                    (at, outcome or settled, *row, *row),
                )
            _take_in(db)

        self._post(settle)

    # The history

    async def history(self, text: str = "", *, limit: int = 50, before: int | None = None) -> tuple[PastCall, ...]:
        """The newest calls of all shifts, newest first, in which each word of `text` is the beginning of one (finding.py).

        A text without words asks for all of them; `before` is the last `Entry.number` of the page before this. Looked at are the
        fields' values, disposition, notes and answers, also while they are being typed.

        It is asked on the journal's one connection: the file is held exclusively, and a second one that reads while this one
        writes is what loses data in the SQLite of many systems (its "WAL-reset bug"). A write waits some milliseconds at most.
        """
        wanted = finding.wanted(text)

        def look(db: sqlite3.Connection) -> tuple[PastCall, ...] | None:
            return None if wanted and _take_in(db) else _past_calls(db, wanted, limit, before)

        while (found := await self._ask(look)) is None:  # so that a write can come between
            pass
        return found

    # Notes that only this computer has

    async def kept_notes(self) -> tuple[Entry, ...]:
        """The calls whose entries the call center does not have and will not get, oldest first, until they are put away.

        Those are calls of somebody whom the call center never named, and those that were refused in a shift that is over.
        """
        return await self._ask(lambda db: tuple(map(_entry, _rows(db, _KEPT_NOTES))))

    def put_away(self, number: int, *, away: bool = True) -> None:
        """The agent has seen to the notes of the call with this `Entry.number`, or has not after all. They stay in the file."""
        values = (_now() if away else None, number)
        self._post(lambda db: db.execute("UPDATE call SET put_away_at = ? WHERE id = ?", values))

    # Callbacks

    def callback_agreed(self, shift: int, call_id: str, due: datetime, caller: str, phone_number: str) -> None:
        """Keep a promise to call back at `due` (aware, with the zone on whose clock it was agreed) that was made in a call.

        `phone_number` as people write it. Another time for the same call replaces the first; the same time changes nothing.
        """
        values = {
            "shift": shift,
            "call_id": call_id,
            "due_at": due.astimezone(UTC).isoformat(timespec="seconds"),
            "zone": getattr(due.tzinfo, "key", None) or "",
            "caller": sendable(caller),
            "phone_number": sendable(phone_number),
            "agreed_at": _now(),
        }
        self._post(lambda db: self._change_callbacks(db, _AGREE, values))

    async def callbacks(self) -> tuple[Callback, ...]:
        """Whoever is still to be called back, the soonest first: of every shift, campaign and call center in this journal."""

        def find(db: sqlite3.Connection) -> tuple[Callback, ...]:
            rows = _rows(db, _OPEN_CALLBACKS)
            self._callbacks = list(map(tuple, rows))
            return tuple(map(_callback, rows))

        return await self._ask(find)

    def callback_done(self, number: int) -> None:
        """Take a callback off the list."""
        values = {"at": _now(), "number": number}
        done = "UPDATE callback SET done_at = :at WHERE id = :number AND done_at IS NULL"
        self._post(lambda db: self._change_callbacks(db, done, values))

    def callback_undone(self, number: int) -> None:
        """Put one that was taken off back on the list."""
        undone = "UPDATE callback SET done_at = NULL WHERE id = :number"
        self._post(lambda db: self._change_callbacks(db, undone, {"number": number}))

    def _change_callbacks(self, db: sqlite3.Connection, change: str, values: Mapping[str, object]) -> None:
        db.execute(change, values)
        self._callbacks = db.execute(_OPEN_CALLBACKS).fetchall()

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
            _on_loop(loop, settle, result, failure)

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
            return database.transaction(self._db, work)
        except sqlite3.Error as failure:
            if not self.lasting or not database.is_of_the_disk(failure):
                raise
            self._tell(_in_words(failure))
            self._db = self._in_memory(copy_of=self._db)
            return database.transaction(self._db, work)

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return self._in_memory()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                db = _open_file(self._path)
            except DamagedError as damaged:
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
        except (OSError, sqlite3.Error, NewerError, DamagedError) as failure:
            self._tell(_in_words(failure))
            return self._in_memory()
        self.lasting = True
        return db

    def _in_memory(self, copy_of: sqlite3.Connection | None = None) -> sqlite3.Connection:
        """A journal without a file: a copy of the one that cannot be written any more, as far as it can be read."""
        self.lasting = False
        if copy_of is not None:
            db = sqlite3.connect(":memory:", isolation_level=None)
            with contextlib.suppress(sqlite3.Error, DamagedError), contextlib.closing(copy_of):
                copy_of.backup(db)
                database.check(db)
                return db
        db = sqlite3.connect(":memory:", isolation_level=None)
        database.migrate(db, _SCHEMA, None)
        if self._shift is not None:
            db.execute("INSERT INTO shift (id, service, campaign_id, agent_id, began_at) VALUES (?, ?, ?, ?, ?)", self._shift)
        db.executemany("INSERT INTO callback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._callbacks)
        return db

    def _tell(self, trouble: JournalNotKept) -> None:
        log.warning("%s", trouble)
        if self._loop is not None:
            _on_loop(self._loop, self._troubled, trouble)


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[..., object], *values: object) -> None:
    """Have `loop` do it; if it is closed nobody waits any more, but what is queued is still to be written."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call, *values)


def _open_file(path: Path) -> sqlite3.Connection:
    """The checked and migrated journal at `path`. Raises DamagedError, NewerError, OSError, or what SQLite says."""
    closed_well = not path.with_name(f"{path.name}-wal").exists()
    db = database.connect(path, _PATIENCE)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")  # before the first look: a WAL that was opened shared stays so
        database.version(db, _SCHEMA)  # before anything is changed
        _make_safe(db)
        if not closed_well or path.stat().st_size <= _READ_THROUGH:
            database.check(db)
        database.migrate(db, _SCHEMA, path)
    except sqlite3.DatabaseError as failure:
        db.close()
        if database.code(failure) in database.DAMAGES:
            raise DamagedError(str(failure)) from None
        raise
    except BaseException:
        db.close()
        raise
    return db


def _make_safe(db: sqlite3.Connection) -> None:
    """Set what a journal needs to survive a power cut, and read it back."""
    database.insist(
        db,
        # EXCLUSIVE: nobody else may open it meanwhile, and WAL then needs no shared memory
        ("locking_mode", "EXCLUSIVE", "exclusive"),
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", 2),
        ("fullfsync", "ON", 1),  # on macOS a plain fsync does not reach the disk
        ("checkpoint_fullfsync", "ON", 1),
        ("foreign_keys", "ON", 1),
    )


def _set_aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside


def _in_words(failure: Exception) -> JournalNotKept:
    if isinstance(failure, NewerError):
        return JournalNotKept(str(failure), title="The journal was written by a newer NextCall")
    return JournalNotKept(database.in_words(failure, "the journal"))


# Rows and what they stand for


def _insert_call(db: sqlite3.Connection, shift: int, call: Call, *, told: bool = True) -> int:
    db.execute(
        "INSERT INTO call (shift_id, call_id, connected_at, fields, told) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (shift_id, call_id) DO NOTHING",
        (shift, call.id, _now(), msgspec.json.encode(call.fields).decode(), told),
    )
    (number,) = db.execute("SELECT id FROM call WHERE shift_id = ? AND call_id = ?", (shift, call.id)).fetchone()
    return int(number)


_CALLS = (
    "SELECT call.*, response.disposition AS decided, response.notes AS noted, last, state, settled_at, reason,"
    " (SELECT count(*) FROM attempt WHERE attempt.response = response.id) AS attempts,"
    " state IS NOT 'stored' AND EXISTS (SELECT 1 FROM attempt WHERE attempt.response = response.id"
    " AND (outcome IS NULL OR outcome = 'unsure')) AS in_doubt "
    "FROM call LEFT JOIN response ON response.call = call.id"
)

_KEPT_NOTES = f"""
    {_CALLS} JOIN shift ON shift.id = call.shift_id
    WHERE put_away_at IS NULL AND (call.disposition || call.notes <> '' OR answers <> '{{}}')
        AND (NOT told OR (state = 'refused' AND ended_at IS NOT NULL))
    ORDER BY call.id
"""
"""A refused call of a shift that is not over is asked about at the next start."""


def _shift(db: sqlite3.Connection, number: int) -> ShiftRecord:
    shift = _rows(db, "SELECT * FROM shift WHERE id = ?", number)[0]
    calls = _rows(db, f"{_CALLS} WHERE shift_id = ? ORDER BY call.id", number)
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
        draft=Draft(row["disposition"], row["notes"], msgspec.json.decode(row["answers"], type=dict[str, str])),
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
        in_doubt=bool(row["in_doubt"]),
        reason=row["reason"],
    )


def _take_in(db: sqlite3.Connection) -> bool:
    """Take the words of some calls into the index; tells whether there may be more."""
    rows = _rows(db, "SELECT * FROM call WHERE NOT indexed ORDER BY id LIMIT ?", _TAKEN_IN_AT_ONCE)
    for row in rows:
        words = " ".join(sorted(finding.words(_texts(row))))
        db.execute("INSERT OR REPLACE INTO call_words (rowid, words) VALUES (?, ?)", (row["id"], words))
        db.execute("UPDATE call SET indexed = 1 WHERE id = ?", (row["id"],))
    return len(rows) == _TAKEN_IN_AT_ONCE


def _texts(row: sqlite3.Row) -> Iterator[str]:
    """Everything that a call is found by."""
    if row["told"]:
        yield row["call_id"]
    for one in Call("", msgspec.json.decode(row["fields"], type=tuple[Field, ...])).walk():
        yield one.text
        yield from (text for _name, text in one.attributes)
    yield row["disposition"]
    yield row["notes"]
    yield from msgspec.json.decode(row["answers"], type=dict[str, str]).values()


_PAST_CALLS = _CALLS.replace("SELECT", "SELECT campaign_id,", 1) + " JOIN shift ON shift.id = call.shift_id WHERE call.id"
_FOUND = "SELECT rowid FROM call_words WHERE call_words MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
_NEWER_THAN_ALL = 2**63 - 1


def _past_calls(db: sqlite3.Connection, wanted: tuple[str, ...], limit: int, before: int | None) -> tuple[PastCall, ...]:
    before = _NEWER_THAN_ALL if before is None else before
    if wanted:
        beginnings = " ".join(f'"{word}"*' for word in wanted)  # in a word are letters and digits only
        rows = _rows(db, f"{_PAST_CALLS} IN ({_FOUND}) ORDER BY call.id DESC", beginnings, before, limit)
    else:
        rows = _rows(db, f"{_PAST_CALLS} < ? ORDER BY call.id DESC LIMIT ?", before, limit)
    return tuple(PastCall(_entry(row), row["campaign_id"]) for row in rows)


_OPEN_CALLBACKS = "SELECT * FROM callback WHERE done_at IS NULL ORDER BY due_at, id"


def _callback(row: sqlite3.Row) -> Callback:
    return Callback(
        number=row["id"],
        due=_on_clock(datetime.fromisoformat(row["due_at"]), row["zone"]),
        caller=row["caller"],
        phone_number=row["phone_number"],
        campaign_id=row["campaign_id"],
        place=row["place"],
        call_id=row["call_id"],
        agreed_at=datetime.fromisoformat(row["agreed_at"]),
    )


def _on_clock(at: datetime, zone: str) -> datetime:
    """That time on the clock of `zone`; on this computer's without one, or if the computer does not know it."""
    try:
        return at.astimezone(ZoneInfo(zone) if zone else None)
    except ZoneInfoNotFoundError:
        return at.astimezone()


def _rows(db: sqlite3.Connection, question: str, *values: object) -> list[sqlite3.Row]:
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(question, values).fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
