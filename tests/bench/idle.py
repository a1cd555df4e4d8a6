"""What NextCall costs while its agent waits, and what it holds: CPU, wake-ups and memory, shown and hidden; and what it keeps of
many calls.

Linux only: /proc tells. The floors are a bare window under the same loop, and a process with the same imports and a window.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListWidget

from desktop.shift.states import State
from desktop.ui.loop import event_loop
from tests.bench.center import center
from tests.bench.desk import dressed, in_the_queue
from tests.bench.table import Row
from tests.shifts.agent import named, press, until

SECONDS = 60
CALLS, BEFORE = 10_000, 2_000
"""The calls whose growth is measured, and those before them, which fill the caches: above all SQLite's 2 MB of pages."""
SETTLED = 3
"""Seconds after which whatever there was to do because of the last call is done."""
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    if sys.platform != "linux":
        yield Row("idle", "", [0.0], note="not measured: only Linux tells")
        return
    seconds = 10 if quick else SECONDS
    bare, ticking, shown, hidden = (_watched(how, seconds) for how in ("bare", "ticking", "shown", "hidden"))
    for name, ours, floor, goal, why in (
        ("shown", shown, ticking, "2", "the floor is a bare label that ticks, as the clock of the shift does"),
        ("hidden", hidden, bare, "0.2", ""),
    ):
        yield Row(f"waiting, {name}: wake-ups per second", "", [ours["wakes"]], [floor["wakes"]], goal, note=why)
        yield Row(f"waiting, {name}: CPU per minute", "ms", [ours["cpu"]], [floor["cpu"]])
    yield Row("waiting: memory", "MB", [shown["memory"]], [_watched("imports", 1)["memory"]], "1.5x")
    calls = CALLS // 20 if quick else CALLS
    grown, references = _grown(calls)
    yield Row(f"growth over {calls:,} calls", "MB", [grown], goal="2")
    yield Row(
        f"references to None and True, {calls:,} calls",
        "",
        [references],
        note="more at the end; PySide does not give all back, which costs nothing",
    )


def _watched(how: str, seconds: int) -> dict[str, float]:
    """CPU milliseconds per minute, wake-ups per second of all threads, and megabytes of a program that waits."""
    command = [sys.executable, "-m", "tests.bench.idle", how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        assert program.stdout.readline().strip() == "waiting"
        time.sleep(3)  # what a start leaves to do is done
        cpu, wakes, began = _cpu(program.pid), _wakes(program.pid), time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - began
        seen = {
            "cpu": (_cpu(program.pid) - cpu) * 1000 * 60 / took,
            "wakes": (_wakes(program.pid) - wakes) / took,
            "memory": int(Path(f"/proc/{program.pid}/statm").read_text().split()[1]) * _PAGE / 1e6,
        }
        program.kill()
    return seen


def _grown(calls: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.idle", "work", str(calls)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    grown, references = done.stdout.split()[-2:]
    return float(grown), float(references)


def _cpu(process: int) -> float:
    """Seconds of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _wakes(process: int) -> int:
    """How often its threads have waited and gone on."""
    found = 0
    for status in Path(f"/proc/{process}/task").glob("*/status"):
        found += int(status.read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return found


def _memory() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def _references() -> int:
    """To None and True, by all that is held."""
    return sys.getrefcount(None) + sys.getrefcount(True)


async def _wait(how: str, folder: Path) -> None:
    """Be what is watched, for ever."""
    if how in {"bare", "imports", "ticking"}:
        window = QLabel("Waiting")
        window.show()
        tick, seconds = QTimer(), itertools.count(1)
        tick.timeout.connect(lambda: window.setText(f"{next(seconds)}"))
        if how == "ticking":
            tick.start(1000)
        print("waiting", flush=True)
        await asyncio.Event().wait()
    with center() as there:
        async with in_the_queue(dressed(), folder, there) as desk:
            if how == "hidden":
                desk.window.hide()
            print("waiting", flush=True)
            await asyncio.Event().wait()


async def _work(calls: int, folder: Path) -> None:
    """Take so many calls, and say what is held more than before them, when the caches were full."""
    with center(by_itself=True) as there:
        async with in_the_queue(dressed(), folder, there) as desk:
            warm = BEFORE if calls == CALLS else calls // 2
            before, held = 0.0, 0
            for number in range(calls + warm):
                if number == warm:
                    await asyncio.sleep(SETTLED)
                    before, held = _memory(), _references()
                await until(lambda: desk.state is State.CONNECTED and desk.popup.isVisible(), "a call", 60)
                QTest.keyClick(named(desk.popup, QListWidget, "Disposition"), Qt.Key.Key_1)
                press(desk.popup, "Next Call")
                await until(lambda: desk.state is not State.CONNECTED, "the response to leave", 60)
            await asyncio.sleep(SETTLED)
            print(f"{_memory() - before:.3f} {_references() - held}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=lambda: event_loop(dressed())) as runner:
        if sys.argv[1] == "work":
            runner.run(_work(int(sys.argv[2]), Path(folder)))
        else:
            runner.run(_wait(sys.argv[1], Path(folder)))
    os._exit(0)


if __name__ == "__main__":
    main()
