"""The journal on real files: what it keeps, and what it does when the disk, the file or a second program is in its way."""

from __future__ import annotations

import asyncio
import contextlib
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
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desktop.callcenter.model import Call, CallResponse, Field, sendable
from desktop.errors import JournalNotKept
from desktop.shift import journal as module
from desktop.shift.journal import Draft, Entry, Journal, Settled, ShiftRecord
from tests.simulation import ACCOUNT, AGENT_ID, a_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLACE = "https://calls.example/service?wsdl"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


class Kept:
    """An open journal with one shift, and what it told about the disk."""

    def __init__(self, journal: Journal, troubles: list[JournalNotKept], shift: int) -> None:
        self.journal = journal
        self.troubles = troubles
        self.shift = shift

    async def entries(self) -> tuple[Entry, ...]:
        return (await self.record()).entries

    async def record(self) -> ShiftRecord:
        return await self.journal.shift(self.shift)

    async def answer(self, call: Call, settled: Settled | None = Settled.STORED, *, notes: str = "", last: bool = False) -> None:
        """Send a response to `call` and settle it so; not at all with None."""
        await self.journal.begin_sending(self.shift, call, CallResponse(call.id, "Interested", notes), last=last)
        if settled is not None:
            self.journal.settle(self.shift, call.id, settled)


@contextlib.asynccontextmanager
async def kept(path: Path | None, agent_id: str = AGENT_ID) -> AsyncIterator[Kept]:
    """The journal at `path`, open, with a shift of `agent_id`."""
    troubles: list[JournalNotKept] = []
    journal = Journal(path, troubles.append)
    await journal.open()
    try:
        yield Kept(journal, troubles, await journal.begin_shift(PLACE, ACCOUNT.campaign_id, agent_id))
    finally:
        await journal.close()


async def _unfinished(path: Path) -> tuple[ShiftRecord, ...]:
    """What the next start of the program finds."""
    journal = Journal(path)
    await journal.open()
    try:
        return await journal.unfinished()
    finally:
        await journal.close()


def _rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchall()


# ------------------------------------------------------------------------------------------------------- as it is kept


async def test_it_is_kept_so_that_a_power_cut_does_no_harm(path: Path):
    async with kept(path) as shift:

        def asked(db: sqlite3.Connection) -> dict[str, object]:
            names = ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync", "locking_mode", "foreign_keys")
            return {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

        assert await shift.journal._ask(asked) == {
            "journal_mode": "wal",
            "synchronous": 2,
            "fullfsync": 1,
            "checkpoint_fullfsync": 1,
            "locking_mode": "exclusive",
            "foreign_keys": 1,
        }
        assert shift.journal.lasting
        assert shift.troubles == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
async def test_nobody_else_may_read_it(path: Path):
    async with kept(path):
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
        assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_everything_of_a_shift_comes_back(path: Path):
    calls = [a_call("Maya Okafor"), a_call("Bo"), a_call("Zoë Łuczak"), a_call()]
    async with kept(path) as shift:
        for call in calls:
            shift.journal.call_connected(shift.shift, call)
        shift.journal.draft_changed(shift.shift, calls[3].id, Draft("Call back later", "ask for"))
        shift.journal.draft_changed(shift.shift, calls[3].id, Draft("Call back later", "ask for the manager"))
        await shift.answer(calls[0], notes="first")
        await shift.answer(calls[1], Settled.UNSENT)
        await shift.answer(calls[1], Settled.UNSURE, notes="second")
        await shift.answer(calls[2], Settled.REFUSED, last=True)
        before = await shift.record()
    async with kept(path) as shift:
        record = await shift.record()
        assert record == before
    assert (record.service, record.campaign_id, record.agent_id) == (PLACE, ACCOUNT.campaign_id, AGENT_ID)
    assert [entry.call for entry in record.entries] == calls
    assert [entry.settled for entry in record.entries] == [Settled.STORED, Settled.UNSURE, Settled.REFUSED, None]
    assert [entry.attempts for entry in record.entries] == [1, 2, 1, 0]
    assert [entry.last for entry in record.entries] == [False, False, True, False]
    assert [entry.response and entry.response.notes for entry in record.entries] == ["first", "second", "", None]
    assert record.entries[3].draft == Draft("Call back later", "ask for the manager")
    moments = [record.began_at, *(entry.connected_at for entry in record.entries)]
    assert all(moment.tzinfo is UTC for moment in moments)
    assert moments == sorted(moments)
    assert all(entry.settled_at and entry.settled_at >= entry.connected_at for entry in record.entries[:3])
    assert [record.count(settled) for settled in (Settled.STORED, Settled.UNSURE, Settled.UNSENT)] == [1, 1, 0]
    assert record.open_entries == record.entries[1:]


async def test_the_same_call_told_again_is_one_call(path: Path):
    call = a_call()
    async with kept(path) as shift:
        shift.journal.call_connected(shift.shift, call)
        shift.journal.draft_changed(shift.shift, call.id, Draft("", "what I typed"))
        shift.journal.call_connected(shift.shift, Call(call.id, (Field("id", call.id),)))
        [entry] = await shift.entries()
    assert (entry.call, entry.draft.notes) == (call, "what I typed")


texts = st.text(st.characters(), max_size=60)  # lone surrogates and control characters, too
drafts = st.builds(Draft, texts, texts, st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), texts, max_size=3))
names = st.text(st.characters(codec="utf-8"), max_size=20)
fields = st.recursive(
    st.builds(Field, names, names, st.lists(st.tuples(names, names), max_size=2).map(tuple)),
    lambda inner: st.builds(Field, names, names, st.just(()), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)


@hypothesis_settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(Call, names, st.lists(fields, max_size=4).map(tuple)), drafts, drafts)
def test_whatever_a_caller_brings_or_an_agent_types_is_kept(call: Call, draft: Draft, decided: Draft):
    response = CallResponse(call.id, decided.disposition, decided.notes)

    async def keep() -> None:
        async with kept(None) as shift:
            shift.journal.call_connected(shift.shift, call)
            shift.journal.draft_changed(shift.shift, call.id, draft)
            [entry] = await shift.entries()
            assert entry.call == call
            answers = {name: sendable(text) for name, text in draft.answers.items()}
            assert entry.draft == Draft(sendable(draft.disposition), sendable(draft.notes), answers)
            await shift.journal.begin_sending(shift.shift, call, response, last=False)
            [entry] = await shift.entries()
            as_sent = (sendable(response.disposition), sendable(response.notes))
            assert entry.response == CallResponse(call.id, *as_sent)
            assert entry.draft == Draft(*as_sent)

    asyncio.run(keep())


async def test_a_call_as_deep_as_the_wire_lets_through_is_kept(path: Path):
    one = Field("innermost", "\U0001f33b")
    for number in range(260):
        one = Field(f"level{number}", children=(one,))
    async with kept(path) as shift:
        shift.journal.call_connected(shift.shift, Call("deep", (one,)))
        [entry] = await shift.entries()
    assert entry.call.first("innermost") == "\U0001f33b"


async def test_what_is_posted_is_done_in_its_order_and_before_the_end(path: Path):
    call = a_call()
    async with kept(path) as shift:
        shift.journal.call_connected(shift.shift, call)
        for number in range(200):
            shift.journal.draft_changed(shift.shift, call.id, Draft("", f"draft {number}"))
            if number % 50 == 0:
                [entry] = await shift.entries()
                assert entry.draft.notes == f"draft {number}"
    [record] = await _unfinished(path)  # closed with much of it still queued
    assert record.entries[0].draft.notes == "draft 199"


async def test_what_fails_by_a_mistake_of_ours_takes_nothing_else_with_it(path: Path, expected_warnings: list[str]):
    expected_warnings.append("the journal could not write")
    call = a_call()
    async with kept(path) as shift:
        shift.journal.call_connected(999, call)  # there is no such shift
        shift.journal.call_connected(shift.shift, call)
        with pytest.raises(sqlite3.IntegrityError):
            await shift.journal.begin_sending(999, call, CallResponse(call.id, "Interested"), last=False)
        assert [entry.call for entry in await shift.entries()] == [call]
        assert (shift.journal.lasting, shift.troubles) == (True, [])


async def test_nothing_is_waited_for_after_the_loop_has_gone(path: Path):
    journal = Journal(path)
    release = threading.Event()

    async def hurry() -> None:
        await journal.open()
        shift = await journal.begin_shift(PLACE, 1, AGENT_ID)
        journal._post(lambda _db: release.wait())
        asking = asyncio.get_running_loop().create_task(journal.shift(shift))
        await asyncio.sleep(0)
        journal.call_connected(shift, a_call())
        asking.cancel()

    await asyncio.to_thread(asyncio.run, hurry())
    release.set()
    await journal.close()
    assert _rows(path, "SELECT count(*) FROM call") == [(1,)]


async def test_a_slow_disk_holds_up_nothing_but_the_journal():
    async with kept(None) as shift:
        disk = threading.Event()
        shift.journal._post(lambda _db: disk.wait())
        call = a_call()
        shift.journal.call_connected(shift.shift, call)
        shift.journal.draft_changed(shift.shift, call.id, Draft("", "typed meanwhile"))
        shift.journal.end_shift(shift.shift, "left")
        sending = asyncio.get_running_loop().create_task(shift.answer(call, notes="typed meanwhile"))
        for _ in range(100):  # the loop goes round and round
            await asyncio.sleep(0)
        assert not sending.done()  # nothing leaves before it is written
        disk.set()
        await sending
        [entry] = await shift.entries()
    assert (entry.settled, entry.draft.notes) == (Settled.STORED, "typed meanwhile")


# ------------------------------------------------------------------------------------------------------------ attempts


async def test_only_the_latest_attempt_is_settled(path: Path):
    call = a_call()
    async with kept(path) as shift:
        assert not await shift.journal.begin_sending(shift.shift, call, CallResponse(call.id, "Interested"), last=False)
    assert (await _unfinished(path))[0].entries[0].settled is Settled.UNSURE
    async with kept(path) as shift:
        assert await shift.journal.begin_sending(shift.shift, call, CallResponse(call.id, "Interested"), last=True)
        shift.journal.settle(shift.shift, call.id, Settled.STORED)
    assert _rows(path, "SELECT number, outcome, ended_at IS NULL FROM attempt") == [(1, None, 1), (2, "stored", 0)]


@pytest.mark.parametrize(
    ("before", "in_doubt"),
    [
        ([], False),
        ([Settled.UNSENT, Settled.UNSENT], False),
        ([Settled.REFUSED], False),
        ([Settled.UNSURE], True),
        ([Settled.UNSURE, Settled.REFUSED], True),
        ([None, Settled.UNSENT], True),
    ],
)
async def test_it_knows_whether_an_earlier_send_may_have_arrived(before: list[Settled | None], in_doubt: bool):
    call, other = a_call(), a_call()
    async with kept(None) as shift:
        await shift.answer(other, Settled.UNSURE)
        for settled in before:
            await shift.answer(call, settled)
        assert await shift.journal.begin_sending(shift.shift, call, CallResponse(call.id, "x"), last=False) is in_doubt


# ------------------------------------------------------------------------------------------------- shifts and their end


async def test_a_shift_without_open_calls_is_finished(path: Path):
    async with kept(path) as shift:
        await shift.answer(a_call())
        await shift.answer(a_call(), Settled.REFUSED)
        shift.journal.end_shift(shift.shift, "logged off")
        assert (await shift.record()).ended_at is not None
    assert await _unfinished(path) == ()
    assert _rows(path, "SELECT ended_how FROM shift") == [("logged off",)]


@pytest.mark.parametrize("settled", [None, Settled.SENDING, Settled.UNSENT, Settled.UNSURE])
async def test_a_shift_with_an_open_call_is_asked_about_whatever_ended_it(path: Path, settled: Settled | None):
    call = a_call()
    async with kept(path) as shift:
        await shift.answer(a_call())
        shift.journal.call_connected(shift.shift, call)
        if settled:
            await shift.answer(call, settled)
        shift.journal.end_shift(shift.shift, "left")
    [record] = await _unfinished(path)
    assert record.ended_at is None
    assert [entry.call for entry in record.open_entries] == [call]
    assert record.open_entries[0].settled is (Settled.UNSURE if settled is Settled.SENDING else settled)
    assert await _unfinished(path) == (record,)  # until it is settled


async def test_what_was_refused_when_the_program_died_is_asked_about(path: Path):
    call = a_call()
    async with kept(path) as shift:
        await shift.answer(call, Settled.REFUSED)
        shift.journal.draft_changed(shift.shift, call.id, Draft("Call back later", "being mended"))
    [record] = await _unfinished(path)
    [entry] = record.open_entries
    assert (entry.settled, entry.draft.notes) == (Settled.REFUSED, "being mended")


async def test_a_shift_that_died_without_open_calls_is_nothing_to_ask_about(path: Path):
    async with kept(path) as shift:
        await shift.answer(a_call())
        shift.journal.someone_heard(shift.shift, "heard at noon")
    assert await _unfinished(path) == ()
    assert _rows(path, "SELECT ended_how FROM shift") == [("ended with NextCall",)]


async def test_an_unfinished_shift_goes_on_when_its_agent_comes_back(path: Path):
    async with kept(path) as shift:
        shift.journal.call_connected(shift.shift, a_call())
        others = [
            await shift.journal.begin_shift(*other)
            for other in (
                (PLACE, ACCOUNT.campaign_id, "4028"),
                (PLACE, ACCOUNT.campaign_id + 1, AGENT_ID),
                ("https://other.example", ACCOUNT.campaign_id, AGENT_ID),
            )
        ]
        first = shift.shift
    assert len({first, *others}) == 4
    async with kept(path) as shift:
        assert shift.shift == first
        await shift.answer((await shift.entries())[0].call)
        shift.journal.end_shift(shift.shift, "logged off")
    async with kept(path) as shift:
        assert shift.shift not in {first, *others}


async def test_several_unfinished_shifts_come_oldest_first(path: Path):
    for agent_id in ("1", "2", "3"):
        async with kept(path, agent_id) as shift:
            shift.journal.call_connected(shift.shift, a_call())
    assert [record.agent_id for record in await _unfinished(path)] == ["1", "2", "3"]


# ------------------------------------------------------------------------------------------------ somebody is heard


async def test_the_notes_on_somebody_heard_go_to_the_call_that_is_told(path: Path):
    call = a_call()
    async with kept(path) as shift:
        shift.journal.someone_heard(shift.shift, "heard at noon")
        shift.journal.draft_changed(shift.shift, "heard at noon", Draft("Interested", "a woman, in a hurry", {"rating": "4"}))
        [heard] = await shift.entries()
        assert (heard.told, heard.draft.notes) == (False, "a woman, in a hurry")
        shift.journal.call_connected(shift.shift, call)
        shift.journal.someone_told(shift.shift, "heard at noon", call)
        [entry] = await shift.entries()
    assert (entry.told, entry.call, entry.draft) == (True, call, heard.draft)
    assert entry.connected_at == heard.connected_at


async def test_somebody_who_is_never_told_stays_without_being_asked_about(path: Path):
    async with kept(path) as shift:
        shift.journal.someone_heard(shift.shift, "heard at noon")
        shift.journal.draft_changed(shift.shift, "heard at noon", Draft("", "left a number"))
        record = await shift.record()
    assert record.open_entries == ()
    assert await _unfinished(path) == ()
    assert _rows(path, "SELECT told, notes FROM call") == [(0, "left a number")]


async def test_somebody_told_of_whom_nobody_had_heard_is_a_call(path: Path):
    call = a_call()
    async with kept(path) as shift:
        shift.journal.someone_told(shift.shift, "never heard", call)
        [entry] = await shift.entries()
        assert (entry.call, entry.draft, shift.journal.lasting) == (call, Draft(), True)


# ---------------------------------------------------------------------------------------------- what is in its way


@pytest.mark.logs("Your work is not kept on the disk: another program holds the journal")
async def test_a_second_program_goes_on_in_memory_and_harms_nothing(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PATIENCE", 20)
    async with kept(path) as first:
        await first.answer(a_call())
        async with kept(path) as second:
            assert [str(trouble) for trouble in second.troubles] == [
                "Your work is not kept on the disk: another program holds the journal"
            ]
            assert not second.journal.lasting
            await second.answer(a_call(), notes="second")
            assert len(await second.entries()) == 1
            await first.answer(a_call())
        await first.answer(a_call())
        assert (len(await first.entries()), first.troubles) == (3, [])
    assert _rows(path, "SELECT count(*) FROM response") == [(3,)]


@pytest.mark.logs("Your work is not kept on the disk: ")
async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    async with kept(tmp_path / "a file" / "data" / "journal.db") as shift:
        await shift.answer(a_call())
        assert [entry.settled for entry in await shift.entries()] == [Settled.STORED]
        [trouble] = shift.troubles
    assert trouble.title == "Your work is not kept on the disk"
    assert trouble.reason == "Not a directory" or sys.platform == "win32"  # which has its own words


async def _keep_one(path: Path) -> None:
    async with kept(path) as shift:
        await shift.answer(a_call())


PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
from desktop.callcenter.model import Call, CallResponse, Field
from desktop.shift.journal import Draft, Journal, Settled

async def main():
    troubles = []
    journal = Journal(Path(sys.argv[1]), troubles.append)
    await journal.open()
    shift = await journal.begin_shift("place", 1, "4027")
{body}
    await journal.close()
    for trouble in troubles:
        print(trouble)

asyncio.run(main())
"""


def _play(path: Path, body: str, *before: str) -> subprocess.CompletedProcess[str]:
    """Run `body` in a program of its own, in which `journal` and `shift` are open; it gives what was told."""
    program = PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "))
    return subprocess.run(
        [*before, sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(("owner", "reason"), [(1234, "the data folder cannot be written"), (4321, "Permission denied")])
def test_a_folder_that_became_read_only_is_told(owner: int, reason: str):
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, and setpriv to stop being root")
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders let nobody else in
        path = Path(place) / "journal.db"
        asyncio.run(_keep_one(path))
        before = path.read_bytes()
        for one in (path, path.parent):
            one.chmod(0o555)
            os.chown(one, owner, owner)
        body = """
            call = Call("c1")
            await journal.begin_sending(shift, call, CallResponse("c1", "Interested"), last=False)
            print(journal.lasting, len((await journal.shift(shift)).entries))
        """
        done = _play(path, body, "setpriv", "--reuid=1234", "--regid=1234", "--clear-groups")
        assert done.stdout.splitlines() == ["False 1", f"Your work is not kept on the disk: {reason}"], done.stderr
        assert path.read_bytes() == before


A_LONG_SHIFT = """
    for number in range(300):
        call = Call(f"c{number}", (Field("id", f"c{number}"), Field("name", "x" * 500)))
        journal.call_connected(shift, call)
        journal.draft_changed(shift, call.id, Draft("", f"draft {number}"))
        await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", f"notes {number}"), last=False)
        journal.settle(shift, call.id, Settled.STORED)
    record = await journal.shift(shift)
    assert not journal.lasting
    assert len(record.entries) == record.count(Settled.STORED) == 300
    assert [entry.response.notes for entry in record.entries] == [f"notes {number}" for number in range(300)]
    assert {entry.attempts for entry in record.entries} == {1}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
def test_a_disk_that_writes_no_more_is_told_once_and_the_shift_goes_on(path: Path):
    limit = """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))
    """
    done = _play(path, textwrap.dedent(limit) + textwrap.dedent(A_LONG_SHIFT))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Your work is not kept on the disk: the disk does not read or write"]
    _holds_the_beginning(path)


def test_a_full_disk_is_told_once_and_the_shift_goes_on(tmp_path: Path):
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    small_disk = ("unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o size=300k none '{disk}' && exec \"$@\"", "sh")
    if shutil.which("unshare") is None or subprocess.run([*small_disk, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    take_a_copy = f"""
        import shutil
        shutil.copytree({str(disk)!r}, {str(copy)!r})
    """
    done = _play(disk / "journal.db", textwrap.dedent(A_LONG_SHIFT) + textwrap.dedent(take_a_copy), *small_disk)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["Your work is not kept on the disk: the disk is full"]
    _holds_the_beginning(copy / "journal.db")


def _holds_the_beginning(path: Path) -> None:
    """The file is whole, and has everything up to the moment when the disk failed."""
    notes = _rows(path, "SELECT response.notes FROM response ORDER BY id")
    assert 0 < len(notes) < 300
    assert notes == [(f"notes {number}",) for number in range(len(notes))]
    assert _rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.logs("the journal is damaged")
async def test_a_file_that_goes_bad_in_the_middle_of_a_shift_is_left_for_memory(path: Path):
    calls = [a_call() for _ in range(3)]
    async with kept(path) as shift:
        await shift.answer(calls[0])

        def spoil(_db: sqlite3.Connection) -> None:
            failure = sqlite3.DatabaseError("database disk image is malformed")
            failure.sqlite_errorcode = sqlite3.SQLITE_CORRUPT  # type: ignore[misc]
            if shift.journal.lasting:
                raise failure

        shift.journal._post(spoil)
        await shift.answer(calls[1])
        await shift.answer(calls[2])
        assert [entry.call for entry in await shift.entries()] == calls
        assert (len(shift.troubles), shift.journal.lasting) == (1, False)


@pytest.mark.logs("Your work is not kept on the disk")
async def test_a_file_that_cannot_even_be_read_any_more_leaves_the_shift(path: Path):
    async with kept(path) as shift:
        await shift.answer(a_call())
        before = await shift.record()

        def lose(db: sqlite3.Connection) -> None:
            for file in path.parent.iterdir():
                os.truncate(file, 0)
            db.execute("PRAGMA shrink_memory")  # else it would still know what it had read

        shift.journal._post(lose)
        later = a_call()
        await shift.answer(later)
        record = await shift.record()
    assert (record.number, record.agent_id, record.began_at) == (before.number, before.agent_id, before.began_at)
    assert [entry.call for entry in record.entries] == [later]


async def test_no_memory_is_shared_with_the_file(path: Path):
    """A mapped file that somebody cuts short kills whoever has mapped it."""
    for _start in range(3):
        async with kept(path) as at:
            await at.record()
            assert path.with_name("journal.db-wal").exists()
            assert not path.with_name("journal.db-shm").exists()


# ------------------------------------------------------------------------------------------------- damaged and newer


def _garble(path: Path, damage: str) -> None:
    whole = bytearray(path.read_bytes())
    match damage:
        case "noise":
            path.write_bytes(os.urandom(len(whole)))
        case "text":
            path.write_text("This is no database, it is a letter to whoever reads it.\n" * 200, encoding="utf-8")
        case "cut":
            path.write_bytes(whole[: len(whole) * 2 // 3])
        case "cut in the first page":
            path.write_bytes(whole[:1000])
        case "pages":
            for start in range(4096, len(whole), 8192):
                whole[start : start + 2048] = bytes(byte ^ 0xFF for byte in whole[start : start + 2048])
            path.write_bytes(whole)
        case "zeros":
            path.write_bytes(bytes(whole[:100]) + bytes(len(whole) - 100))
        case "something else's":
            path.unlink()
            _write(path, "CREATE TABLE recipe (name TEXT)")
        case "no tables":
            path.unlink()
            _write(path, "PRAGMA user_version = 1")
        case "version":
            _write(path, "PRAGMA user_version = -7")


def _write(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


@pytest.mark.logs("is set aside as", "The journal was damaged")
@pytest.mark.parametrize(
    "damage",
    ["noise", "text", "cut", "cut in the first page", "pages", "zeros", "something else's", "no tables", "version"],
)
async def test_a_damaged_file_is_set_aside_and_told(path: Path, damage: str):
    async with kept(path) as shift:
        for _ in range(60):
            await shift.answer(a_call("x" * 200))
    _garble(path, damage)
    damaged = path.read_bytes()
    async with kept(path) as shift:
        [trouble] = shift.troubles
        assert trouble.title == "The journal was damaged"
        assert shift.journal.lasting
        await shift.answer(a_call())
        assert len(await shift.entries()) == 1
    [aside] = path.parent.glob("journal-damaged-*.db")
    assert aside.name in trouble.advice
    assert aside.read_bytes() == damaged
    async with kept(path) as shift:
        assert (shift.troubles, len(await shift.entries())) == ([], 1)


@pytest.mark.logs("is set aside as", "The journal was damaged")
async def test_each_damaged_file_is_kept(path: Path):
    for _ in range(3):
        async with kept(path):
            pass
        _garble(path, "noise")
    async with kept(path):
        pass
    assert len([*path.parent.glob("journal-damaged-*.db")]) == 3


async def test_an_empty_file_is_a_new_journal(path: Path):
    path.parent.mkdir()
    path.touch()
    async with kept(path) as shift:
        await shift.answer(a_call())
        assert (shift.journal.lasting, shift.troubles) == (True, [])


@pytest.mark.logs("The journal was written by a newer NextCall")
async def test_a_newer_file_is_left_as_it_is(path: Path):
    await _keep_one(path)
    _write(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    async with kept(path) as shift:
        [trouble] = shift.troubles
        assert trouble.title == "The journal was written by a newer NextCall"
        assert "99" in trouble.reason
        assert not shift.journal.lasting
        await shift.answer(a_call())
        assert len(await shift.entries()) == 1
    assert [one.name for one in path.parent.iterdir()] == ["journal.db"]
    assert path.read_bytes() == before


# ---------------------------------------------------------------------------------------------------------- kept notes


async def _kept_notes(shift: Kept) -> list[tuple[bool, str]]:
    return [(entry.told, entry.draft.notes) for entry in await shift.journal.kept_notes()]


async def test_notes_that_the_call_center_will_not_get_are_kept_until_they_are_put_away(path: Path):
    async with kept(path) as shift:
        await shift.answer(a_call(), notes="stored")
        refused = a_call()
        await shift.answer(refused, Settled.REFUSED, notes="refused")
        shift.journal.draft_changed(shift.shift, refused.id, Draft("Interested", "refused, and written on"))
        shift.journal.someone_heard(shift.shift, "heard")
        shift.journal.draft_changed(shift.shift, "heard", Draft(notes="asked for the manager"))
        assert await _kept_notes(shift) == [(False, "asked for the manager")]  # a refused one is in the agent's hands yet
        shift.journal.end_shift(shift.shift, "left")
        both = [(True, "refused, and written on"), (False, "asked for the manager")]
        assert await _kept_notes(shift) == both
    async with kept(path) as shift:  # the next start
        assert await _kept_notes(shift) == both
        first, second = await shift.journal.kept_notes()
        shift.journal.put_away(first.number)
        assert await _kept_notes(shift) == both[1:]
        shift.journal.put_away(second.number)
        assert await _kept_notes(shift) == []
        shift.journal.put_away(first.number, away=False)
        assert await _kept_notes(shift) == both[:1]
        assert len((await shift.journal.shift(1)).entries) == 3  # nothing is deleted


@pytest.mark.parametrize("settled", [None, Settled.STORED, Settled.UNSURE, Settled.UNSENT])
async def test_what_is_stored_or_asked_about_at_the_next_start_is_no_kept_note(path: Path, settled: Settled | None):
    async with kept(path) as shift:
        await shift.answer(a_call(), settled, notes="by mail")
        shift.journal.end_shift(shift.shift, "left")
        assert await _kept_notes(shift) == []


@pytest.mark.parametrize(
    ("draft", "count"),
    [(Draft(), 0), (Draft("Interested"), 1), (Draft(notes="x"), 1), (Draft(answers={"rating": "4"}), 1)],
    ids=["nothing", "a disposition", "notes", "an answer"],
)
async def test_somebody_of_whom_nothing_was_noted_is_not_listed(path: Path, draft: Draft, count: int):
    async with kept(path) as shift:
        shift.journal.someone_heard(shift.shift, "heard")
        shift.journal.draft_changed(shift.shift, "heard", draft)
        assert len(await shift.journal.kept_notes()) == count


async def test_notes_that_join_a_call_are_the_calls(path: Path):
    async with kept(path) as shift:
        shift.journal.someone_heard(shift.shift, "heard")
        shift.journal.draft_changed(shift.shift, "heard", Draft(notes="asked for the manager"))
        shift.journal.someone_told(shift.shift, "heard", a_call())
        assert await _kept_notes(shift) == []


# --------------------------------------------------------------------------------------------------------- migrations


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A schema of our own, which starts as the real one."""
    folder = tmp_path / "schema"
    shutil.copytree(module._SCHEMA, folder)
    monkeypatch.setattr(module, "_SCHEMA", folder)
    return folder


async def test_an_older_file_is_migrated_and_a_copy_of_it_kept(path: Path, schema: Path):
    await _keep_one(path)
    (schema / "0006.sql").write_text("ALTER TABLE call ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine';\n", encoding="utf-8")
    (schema / "0007.sql").write_text(
        "CREATE TABLE extra (id INTEGER);\nINSERT INTO extra SELECT id FROM call;\n", encoding="utf-8"
    )
    async with kept(path) as shift:
        assert (shift.journal.lasting, shift.troubles, len(await shift.entries())) == (True, [], 1)
    assert _rows(path, "SELECT mood, extra.id FROM call JOIN extra ON call.id = extra.id") == [("fine", 1)]
    assert _rows(path, "PRAGMA user_version") == [(7,)]
    for number in (6, 7):
        copy = path.with_suffix(f".before-{number}")
        assert _rows(copy, "PRAGMA user_version") == [(number - 1,)]
        assert _rows(copy, "SELECT count(*) FROM response") == [(1,)]
        assert sys.platform == "win32" or stat.S_IMODE(copy.stat().st_mode) == 0o600


async def test_a_journal_from_before_there_were_forms_is_read(path: Path, schema: Path):
    step = schema / "0002.sql"
    later = step.read_text(encoding="utf-8")
    step.unlink()
    path.parent.mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(f"""
            {(schema / "0001.sql").read_text(encoding="utf-8")}
            PRAGMA user_version = 1;
            INSERT INTO shift VALUES (1, 'https://calls.example', 1001, '4027', '2025-01-06T12:00:00+00:00', NULL, NULL);
            INSERT INTO call (shift_id, call_id, connected_at, fields, notes)
                VALUES (1, 'c1', '2025-01-06T12:00:00+00:00', '[]', 'by mail');
        """)
    step.write_text(later, encoding="utf-8")
    [shift] = await _unfinished(path)
    assert [entry.draft for entry in shift.entries] == [Draft("", "by mail")]


@pytest.mark.logs("Your work is not kept on the disk")
async def test_a_migration_that_fails_leaves_the_old_file(path: Path, schema: Path):
    await _keep_one(path)
    step = """
        DELETE FROM attempt;
        ALTER TABLE response ADD COLUMN mood TEXT;
        CREATE TABLE strict (notes TEXT CHECK (notes <> ''));
        INSERT INTO strict SELECT notes FROM response;  -- which the file's do not satisfy
    """
    (schema / "0006.sql").write_text(step, encoding="utf-8")
    async with kept(path) as shift:
        await shift.answer(a_call())
        assert (shift.journal.lasting, len(shift.troubles), len(await shift.entries())) == (False, 1, 1)
    (schema / "0006.sql").unlink()
    async with kept(path) as shift:
        assert (shift.journal.lasting, shift.troubles, len(await shift.entries())) == (True, [], 1)
    assert _rows(path, "SELECT count(*) FROM attempt") == [(1,)]


# --------------------------------------------------------------------------------------------------------- sudden ends


async def test_a_program_killed_while_it_sends_leaves_a_doubt(path: Path):
    body = """
        import os
        stored, sending, drafted = Call("stored"), Call("sending"), Call("drafted")
        await journal.begin_sending(shift, stored, CallResponse("stored", "Interested"), last=False)
        journal.settle(shift, "stored", Settled.STORED)
        journal.call_connected(shift, drafted)
        journal.draft_changed(shift, "drafted", Draft("Interested", "typed"))
        await journal.begin_sending(shift, sending, CallResponse("sending", "Interested", "\u05e9\u05dc\u05d5\u05dd"), last=True)
        os.kill(os.getpid(), 9)
    """
    done = await asyncio.to_thread(_play, path, body)
    assert done.returncode == (9 if sys.platform == "win32" else -9), done.stderr  # killed, there too
    [record] = await _unfinished(path)
    drafted, sending = record.open_entries
    assert (drafted.call.id, drafted.draft, drafted.settled) == ("drafted", Draft("Interested", "typed"), None)
    assert (sending.settled, sending.attempts, sending.last) == (Settled.UNSURE, 1, True)
    assert sending.response == CallResponse("sending", "Interested", "\u05e9\u05dc\u05d5\u05dd")
    assert sending.reason == "NextCall ended while it was being sent"


async def test_no_key_is_in_it(path: Path):
    key = ACCOUNT.key.encode()
    async with kept(path) as shift:
        for settled in Settled:
            await shift.answer(a_call(), settled, notes="what the agent typed")
        await shift.record()
        files = {one: one.read_bytes() for one in path.parent.iterdir()}
        assert len(files) == 2
        assert any(b"what the agent typed" in content for content in files.values())  # else this looks in the wrong place
        assert not [one for one, content in files.items() if key in content]
    assert key not in path.read_bytes()


def test_times_are_in_utc_and_told_apart_by_milliseconds():
    moment = datetime.fromisoformat(module._now())
    assert moment.tzinfo is UTC
    assert moment.microsecond % 1000 == 0


async def test_who_asks_and_goes_away_leaves_the_work_done(path: Path):
    async with kept(path) as shift:
        call = a_call()
        asking = asyncio.get_running_loop().create_task(shift.answer(call, None))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        [entry] = await shift.entries()
        assert entry.settled is Settled.SENDING
