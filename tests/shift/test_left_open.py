"""What may have been left open is told in time, and without touching anything."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import CallResponse
from desktop.shift.journal import Journal, Settled
from desktop.shift.left_open import may_have_open_calls
from tests.simulation import a_call

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def _left(path: Path, settled: Settled | None, *, crashed: bool = False) -> None:
    """A journal whose last shift has one call, with a response that stands so; None: with none."""
    journal = Journal(path)
    await journal.open()
    shift, call = await journal.begin_shift("here", 1, "4027"), a_call()
    journal.call_connected(shift, call)
    if settled is not None:
        await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", ""), last=False)
        journal.settle(shift, call.id, settled)
        if settled is Settled.STORED:
            journal.end_shift(shift, "logged off")
    if crashed:
        await journal.shift(shift)
        for one in path.parent.glob("journal.db*"):
            shutil.copy(one, path.parent / one.name.replace("journal", "copy"))
    await journal.close()


@pytest.mark.parametrize("settled", [None, Settled.UNSENT, Settled.UNSURE, Settled.REFUSED])
async def test_a_call_that_is_not_stored_may_be_open(path: Path, settled: Settled | None):
    await _left(path, settled)
    assert may_have_open_calls(path)


async def test_where_all_is_stored_nothing_is_open(path: Path):
    await _left(path, Settled.STORED)
    before = path.read_bytes()
    assert not may_have_open_calls(path)
    assert [one.name for one in path.parent.iterdir()] == ["journal.db"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("settled", [Settled.STORED, Settled.UNSURE])
async def test_after_a_crash_all_is_left_as_it_was_for_the_journal(path: Path, settled: Settled):
    await _left(path, settled, crashed=True)
    copy, log = path.with_name("copy.db"), path.with_name("copy.db-wal")
    before = (copy.read_bytes(), log.read_bytes())
    assert may_have_open_calls(copy) is (settled is not Settled.STORED)
    assert (copy.read_bytes(), log.read_bytes()) == before


def test_without_a_journal_nothing_is_open_and_none_is_made(path: Path):
    assert not may_have_open_calls(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"no journal at all" * 100, b""])
def test_what_cannot_be_told_may_be_open(path: Path, content: bytes):
    path.write_bytes(content)
    assert may_have_open_calls(path)


async def test_whoever_holds_it_is_not_waited_for(path: Path):
    await _left(path, Settled.STORED)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert may_have_open_calls(path)
        other.execute("COMMIT")
    other.close()
