"""What a journal of a million calls costs: its opening, a submit, a look at what is unfinished, and a search in its history.

The floor is one that is empty at the opening; after the submits, both have as much to show of a search.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.shift import finding
from desktop.shift.journal import Draft, Journal, Settled
from tests.bench.table import Row

CALLS, OPENINGS, SUBMITS, SEARCHES = 1_000_000, 15, 200, 100
PER_SHIFT = 200
STEPS = ("start", "submit", "unfinished", "search, rare word", "search, common word", "search, nothing typed")


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    calls = CALLS // 50 if quick else CALLS
    with tempfile.TemporaryDirectory() as folder:
        large, empty = Path(folder) / "large.db", Path(folder) / "empty.db"
        asyncio.run(_made(large))
        asyncio.run(_made(empty))
        _fill(large, calls)
        rare = {"large": f"c{calls // 2}", "empty": f"new{SUBMITS // 8}"}  # one call each
        times = asyncio.run(_measured({"large": large, "empty": empty}, rare, 4 if quick else 1))
        size = large.stat().st_size / 1e6
    for what in STEPS:
        name, by = f"journal of {calls:,} calls: {what}", 50 if what.startswith("search") else 95
        yield Row(name, "ms", times["large", what], times["empty", what], "1.3x", by, note=f"{size:.0f} MB")


async def _made(path: Path) -> None:
    journal = Journal(path)
    await journal.open()
    await journal.close()


def _fill(path: Path, calls: int) -> None:
    """As many calls as the shifts of some years have, all of them stored."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    when, fields = (
        "2026-11-23T08:00:00.000+00:00",
        '[{"name":"id","text":"1"},{"name":"firstname","text":"Zoë"},{"name":"phonenumber","text":"+12025550143"}]',
    )
    shifts = range(1, calls // PER_SHIFT + 1)
    db.executemany(
        "INSERT INTO shift VALUES (?, 'https://callcenter.example/?wsdl', 1001, '4027', ?, ?, 'logged off')",
        ((shift, when, when) for shift in shifts),
    )
    db.executemany(
        "INSERT INTO call (id, shift_id, call_id, connected_at, fields, disposition, notes, indexed)"
        " VALUES (?, ?, ?, ?, ?, 'Interested', ?, 1)",
        (
            (one, (one - 1) // PER_SHIFT + 1, f"c{one}", when, fields, f"Wants the catalogue, number {one}.")
            for one in range(1, calls + 1)
        ),
    )
    db.executemany(
        "INSERT INTO response VALUES (?, ?, 'Interested', ?, 0, 'stored', ?, ?, '')",
        ((one, one, f"Wants the catalogue, number {one}.", when, when) for one in range(1, calls + 1)),
    )
    same = " ".join(finding.words(("1", "Zoë", "+12025550143", "Interested", "Wants the catalogue, number")))
    db.executemany(
        "INSERT INTO call_words (rowid, words) VALUES (?, ?)", ((one, f"{same} c{one} {one}") for one in range(1, calls + 1))
    )
    db.executemany("INSERT INTO attempt VALUES (?, 1, ?, ?, 'stored')", ((one, when, when) for one in range(1, calls + 1)))
    db.commit()
    db.close()


async def _measured(paths: dict[str, Path], rare: dict[str, str], divided_by: int) -> dict[tuple[str, str], list[float]]:
    times: dict[tuple[str, str], list[float]] = {(name, what): [] for name in paths for what in STEPS}

    async def timed(name: str, what: str, act: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await act()
        times[name, what].append((time.perf_counter() - began) * 1000)

    for _ in range(OPENINGS // divided_by):
        for name, path in paths.items():
            journal = Journal(path)

            async def start(journal: Journal = journal) -> None:
                await journal.open()
                await journal.unfinished()

            await timed(name, "start", start)
            await journal.close()
    journals = {name: Journal(path) for name, path in paths.items()}
    shifts = {}
    for name, journal in journals.items():
        await journal.open()
        shifts[name] = await journal.begin_shift("https://callcenter.example/?wsdl", 1001, "4027")
    for number in range(SUBMITS // divided_by):
        for name, journal in journals.items():
            shift, call = shifts[name], Call(f"new{number}", (Field("id", f"new{number}"), Field("firstname", "Zoë")))

            async def submit(journal: Journal = journal, shift: int = shift, call: Call = call) -> None:
                journal.call_connected(shift, call)
                journal.draft_changed(shift, call.id, Draft("Interested", "some notes"))
                await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", "some notes"), last=False)
                journal.settle(shift, call.id, Settled.STORED)

            await timed(name, "submit", submit)
            await timed(name, "unfinished", journal.unfinished)
    for _ in range(SEARCHES // divided_by):
        for name, journal in journals.items():
            texts = {"rare word": rare[name], "common word": "zoe", "nothing typed": ""}
            for kind, text in texts.items():
                await timed(name, f"search, {kind}", lambda journal=journal, text=text: journal.history(text))
    for journal in journals.values():
        await journal.close()
    return times
