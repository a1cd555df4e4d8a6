"""Callbacks in the journal: what was promised is kept until it is done, whatever becomes of shift, program or disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import sendable
from desktop.shift import journal as module
from desktop.shift.journal import Callback, Journal
from tests.simulation import ACCOUNT, AGENT_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop.errors import JournalNotKept

PLACE = "https://calls.example/service?wsdl"
CHICAGO, BERLIN = ZoneInfo("America/Chicago"), ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 15, 0, tzinfo=CHICAGO)
DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


class Kept:
    """An open journal with one shift, and what it told about the disk."""

    def __init__(self, journal: Journal, troubles: list[JournalNotKept], shift: int) -> None:
        self.journal, self.troubles, self.shift = journal, troubles, shift

    def agree(self, call_id: str, due: datetime = TUESDAY, caller: str = "Maya Okafor", number: str = "(312) 555-0143") -> None:
        self.journal.callback_agreed(self.shift, call_id, due, caller, number)

    async def calls(self) -> list[str]:
        """The calls of the open callbacks."""
        return [one.call_id for one in await self.journal.callbacks()]

    async def number(self, call_id: str) -> int:
        [number] = [one.number for one in await self.journal.callbacks() if one.call_id == call_id]
        return number


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


def _rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(question).fetchall()


async def test_what_was_agreed_comes_back_after_the_end(path: Path):
    before = datetime.now(UTC) - timedelta(seconds=1)
    async with kept(path) as shift:
        shift.agree("c1")
    async with kept(path, "another agent") as shift:
        [found] = await shift.journal.callbacks()
    assert found == Callback(1, TUESDAY, "Maya Okafor", "(312) 555-0143", ACCOUNT.campaign_id, PLACE, "c1", found.agreed_at)
    assert found.due.tzinfo is CHICAGO
    assert before < found.agreed_at <= datetime.now(UTC)


async def test_the_soonest_comes_first_whatever_the_clocks_say():
    async with kept(None) as shift:
        shift.agree("third", TUESDAY + DAY)
        shift.agree("second", TUESDAY.replace(hour=16))
        shift.agree("first", datetime(2026, 11, 24, 22, 30, tzinfo=BERLIN))  # 15:30 in Chicago
        assert await shift.calls() == ["first", "second", "third"]


async def test_without_the_callers_zone_it_is_the_same_moment_on_this_computers_clock():
    own = TUESDAY.astimezone(UTC).astimezone()
    async with kept(None) as shift:
        shift.agree("c1", own)
        [found] = await shift.journal.callbacks()
        assert (found.due, found.due.utcoffset()) == (own, own.utcoffset())


async def test_a_zone_that_this_computer_does_not_know_is_no_hindrance(path: Path):
    async with kept(path) as shift:
        shift.agree("c1")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE callback SET zone = 'Mars/Olympus'")
        db.commit()
    async with kept(path) as shift:
        [found] = await shift.journal.callbacks()
        assert found.due == TUESDAY


async def test_a_call_that_is_stored_again_with_another_time_replaces_it():
    async with kept(None) as shift:
        shift.agree("c1")
        [first] = await shift.journal.callbacks()
        shift.agree("c1", TUESDAY.astimezone(BERLIN), "Somebody else")  # the same moment
        assert await shift.journal.callbacks() == (first,)
        shift.agree("c1", (TUESDAY + DAY).astimezone(BERLIN), "Maya", "(312) 555-0199")
        [found] = await shift.journal.callbacks()
        assert (found.number, found.caller, found.phone_number) == (first.number, "Maya", "(312) 555-0199")
        assert (found.due, found.due.tzinfo) == (TUESDAY + DAY, BERLIN)
        assert found.agreed_at >= first.agreed_at


async def test_the_same_call_id_in_another_shift_is_another_callback(path: Path):
    async with kept(path) as shift:
        shift.agree("c1")
        shift.journal.end_shift(shift.shift, "logged off")
    async with kept(path) as shift:
        shift.agree("c1", TUESDAY + DAY)
        assert await shift.calls() == ["c1", "c1"]


async def test_done_and_undone(path: Path):
    async with kept(path) as shift:
        shift.agree("c1")
        shift.agree("c2", TUESDAY + DAY)
        before = await shift.journal.callbacks()
        shift.journal.callback_done(before[0].number)
        shift.journal.callback_done(before[0].number)
        shift.journal.callback_done(999)
        assert await shift.journal.callbacks() == before[1:]
    async with kept(path) as shift:
        assert await shift.journal.callbacks() == before[1:]
        shift.journal.callback_undone(before[0].number)
        shift.journal.callback_undone(before[1].number)
        assert await shift.journal.callbacks() == before


async def test_what_is_done_stays_done_unless_another_time_is_agreed():
    async with kept(None) as shift:
        shift.agree("c1")
        shift.journal.callback_done(await shift.number("c1"))
        shift.agree("c1")
        assert await shift.calls() == []
        shift.agree("c1", TUESDAY + DAY)
        assert await shift.calls() == ["c1"]


@pytest.mark.logs("the journal could not write")
async def test_one_of_no_shift_is_a_mistake_and_not_kept():
    async with kept(None) as shift:
        shift.journal.callback_agreed(999, "c1", TUESDAY, "Maya Okafor", "(312) 555-0143")
        shift.agree("c2")
        assert await shift.calls() == ["c2"]


texts = st.text(st.characters(), max_size=30)  # lone surrogates and control characters, too


@given(texts, texts)
def test_any_name_and_number_is_kept(caller: str, number: str):
    async def keep() -> None:
        async with kept(None) as shift:
            shift.agree("c1", caller=caller, number=number)
            [found] = await shift.journal.callbacks()
            assert (found.caller, found.phone_number) == (sendable(caller), sendable(number))

    asyncio.run(keep())


# ------------------------------------------------------------------------------------------------------ when the disk fails


def _full(db: sqlite3.Connection) -> None:
    """What SQLite does on a full disk, in the journal's own thread; a journal in memory is on none."""
    if db.execute("PRAGMA database_list").fetchone()[2]:
        failure = sqlite3.OperationalError("database or disk is full")
        failure.sqlite_errorcode = sqlite3.SQLITE_FULL  # type: ignore[misc]
        raise failure


@pytest.mark.logs("Your work is not kept on the disk: the disk is full")
async def test_what_is_open_moves_into_memory_with_the_rest(path: Path):
    async with kept(path) as shift:
        shift.agree("c1")
        shift.agree("c2", TUESDAY + DAY)
        before = await shift.journal.callbacks()
        shift.journal._post(_full)
        shift.agree("c3", TUESDAY + 2 * DAY)
        shift.journal.callback_done(before[0].number)
        assert await shift.calls() == ["c2", "c3"]
        shift.journal.callback_undone(before[0].number)
        assert (await shift.journal.callbacks())[:2] == before
        assert (shift.journal.lasting, len(shift.troubles)) == (False, 1)
    assert _rows(path, "SELECT call_id, done_at FROM callback") == [("c1", None), ("c2", None)]


@pytest.mark.logs("Your work is not kept on the disk")
async def test_what_is_open_survives_even_a_file_that_cannot_be_read_any_more(path: Path):
    async with kept(path) as shift:
        for number in range(4):
            shift.agree(f"c{number}", TUESDAY + number * DAY)
        shift.journal.callback_done(await shift.number("c1"))
        shift.journal.end_shift(shift.shift, "logged off")
    async with kept(path, "4028") as shift:  # those of an earlier shift, too, of which nothing else is known then
        before = await shift.journal.callbacks()
        shift.agree("c8", TUESDAY + 8 * DAY)

        def lose(db: sqlite3.Connection) -> None:
            for file in (path, path.with_name("journal.db-wal")):
                os.truncate(file, 0)
            db.execute("PRAGMA shrink_memory")  # else it would still know what it had read

        shift.journal._post(lose)
        shift.agree("c9", TUESDAY + 9 * DAY)
        shift.journal.callback_done(before[0].number)
        found = await shift.journal.callbacks()
        assert found[:-2] == before[1:]
        assert [one.call_id for one in found] == ["c2", "c3", "c8", "c9"]
        assert not shift.journal.lasting


# ----------------------------------------------------------------------------------------------------------- migration


async def test_a_journal_from_before_there_were_callbacks_gets_them(path: Path):
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        for step in sorted(module._SCHEMA.glob("*.sql"))[:2]:
            db.executescript(step.read_text(encoding="utf-8"))
        db.executescript(f"""
            PRAGMA user_version = 2;
            INSERT INTO shift VALUES (1, '{PLACE}', {ACCOUNT.campaign_id}, '{AGENT_ID}', '2025-01-06T12:00:00+00:00', NULL, NULL);
            INSERT INTO call (shift_id, call_id, connected_at, fields, answers)
                VALUES (1, 'c1', '2025-01-06T12:00:00+00:00', '[]', '{{"callback": "tue 3pm"}}');
        """)
    async with kept(path) as shift:
        assert (shift.shift, shift.troubles) == (1, [])
        assert await shift.calls() == []
        shift.agree("c1")
        assert await shift.calls() == ["c1"]
        [entry] = (await shift.journal.shift(1)).entries
        assert entry.draft.answers == {"callback": "tue 3pm"}
    assert _rows(path, "SELECT count(*) FROM callback") == [(1,)]
    copy = path.with_suffix(".before-3")
    assert _rows(copy, "PRAGMA user_version") == [(2,)]
    assert _rows(copy, "SELECT call_id FROM call") == [("c1",)]
    if os.name != "nt":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
