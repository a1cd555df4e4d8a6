"""A journal of years: what a start and a call cost does not grow with it. Counted in SQLite's steps, not in seconds."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from desktop.callcenter.model import CallResponse
from desktop.shift import journal as module
from desktop.shift.journal import Draft, Journal, Settled
from tests.simulation import ACCOUNT, AGENT_ID, a_call

PLACE = "https://calls.example/service?wsdl"
WHEN = "2026-11-23T08:00:00.000+00:00"
CALLS, PER_SHIFT = 40_000, 200


def _fill(path: Path, calls: int) -> None:
    """Calls of earlier shifts, all of them stored."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executemany(
            "INSERT INTO shift VALUES (?, ?, 1001, '4027', ?, ?, 'logged off')",
            ((shift, PLACE, WHEN, WHEN) for shift in range(1, calls // PER_SHIFT + 1)),
        )
        numbers = range(1, calls + 1)
        db.executemany(
            "INSERT INTO call (id, shift_id, call_id, connected_at, fields, notes, indexed) VALUES (?, ?, ?, ?, '[]', ?, 1)",
            ((one, (one - 1) // PER_SHIFT + 1, f"c{one}", WHEN, "What was said. " * 20) for one in numbers),
        )
        db.executemany(
            "INSERT INTO response VALUES (?, ?, 'Interested', 'notes', 0, 'stored', ?, ?, '')",
            ((one, one, WHEN, WHEN) for one in numbers),
        )
        db.executemany("INSERT INTO attempt VALUES (?, 1, ?, ?, 'stored')", ((one, WHEN, WHEN) for one in numbers))
        db.commit()


async def _made(path: Path, calls: int) -> Path:
    journal = Journal(path)
    await journal.open()
    await journal.close()
    _fill(path, calls)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A journal that is too large to be read through at each start."""
    path = asyncio.run(_made(tmp_path / "large" / "journal.db", CALLS))
    assert path.stat().st_size > module._READ_THROUGH
    return path


async def _steps(path: Path) -> dict[str, int]:
    """Hundreds of steps that SQLite takes for a start, and for a call from connection to stored."""
    journal, taken = Journal(path), 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    await journal.open()
    journal._post(lambda db: db.set_progress_handler(count, 100))
    steps = {}
    await journal.unfinished()
    steps["start"], taken = taken, 0
    shift, call = await journal.begin_shift(PLACE, ACCOUNT.campaign_id, AGENT_ID), a_call()
    journal.call_connected(shift, call)
    journal.draft_changed(shift, call.id, Draft("Interested", "some notes"))
    await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", "some notes"), last=False)
    journal.settle(shift, call.id, Settled.STORED)
    await journal.shift(shift)
    journal.end_shift(shift, "logged off")
    assert await journal.unfinished() == ()
    steps["call"] = taken
    await journal.close()
    return steps


async def test_a_start_and_a_call_cost_no_more_than_in_an_empty_one(large: Path, tmp_path: Path):
    empty = await _steps(await _made(tmp_path / "empty" / "journal.db", 0))
    full = await _steps(large)
    assert full["start"] <= empty["start"] + 2
    assert full["call"] <= empty["call"] + 10  # deeper trees


def _spoil_a_page_of_old_notes(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 2048)


async def test_one_that_was_closed_well_is_not_read_through(large: Path):
    _spoil_a_page_of_old_notes(large)
    journal = Journal(large)
    await journal.open()
    assert journal.lasting
    assert await journal.unfinished() == ()
    await journal.close()


@pytest.mark.logs("is set aside as", "The journal was damaged")
async def test_one_that_was_not_is_read_through(large: Path):
    """As after a power cut: SQLite had no time to take its write-ahead log away."""
    _spoil_a_page_of_old_notes(large)
    large.with_name("journal.db-wal").touch()
    troubles = []
    journal = Journal(large, troubles.append)
    await journal.open()
    await journal.close()
    assert [trouble.title for trouble in troubles] == ["The journal was damaged"]
    assert [*large.parent.glob("journal-damaged-*.db")]
