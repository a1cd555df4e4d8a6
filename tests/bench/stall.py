"""How long the windows stand still at the worst, over a thousand calls: the longest gaps between ticks of the UI's loop.

Once as the disk is, and once on a slow one: each fsync takes 300 ms, by a library that is put before the system's own. The floor
is a bare window that ticks while nothing happens.
"""

from __future__ import annotations

import asyncio
import os
import shutil
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

CALLS, SLOW_CALLS = 1000, 30
TICK = 2
"""Milliseconds."""

_SLOW_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int slow(const char *name, int file) {
    usleep(300000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}
int fsync(int file) { return slow("fsync", file); }
int fdatasync(int file) { return slow("fdatasync", file); }
"""


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    divided_by = 20 if quick else 1
    floor = _gaps(0, {})
    yield from _rows("", _gaps(CALLS // divided_by, {}), floor)
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        yield Row("stall, slow disk", "ms", [0.0], note="not measured: no C compiler to make the disk slow with")
        return
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(_SLOW_DISK, encoding="utf-8")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        yield from _rows(", slow disk", _gaps(max(SLOW_CALLS // divided_by, 3), {"LD_PRELOAD": str(library)}), floor)


def _rows(where: str, ours: list[float], floor: list[float]) -> Iterator[Row]:
    yield Row(f"stall{where}", "ms", ours, floor, "16", 99.9, note=f"gaps between ticks of {TICK} ms, the tick taken off")
    yield Row(f"stall{where}", "ms", ours, floor, "50", 100)


def _gaps(calls: int, environment: dict[str, str]) -> list[float]:
    """Of a program of its own, because it may run on a slow disk."""
    command = [sys.executable, "-m", "tests.bench.stall", str(calls)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    return [float(gap) for gap in done.stdout.split()]


class _Metronome:
    """Ticks on the UI's loop and notes when."""

    def __init__(self) -> None:
        self._ticks: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter() * 1000))
        self._timer.start(TICK)

    def gaps(self) -> list[float]:
        return [max(later - earlier - TICK, 0.0) for earlier, later in zip(self._ticks, self._ticks[1:], strict=False)]


async def _work(calls: int, folder: Path) -> list[float]:
    if not calls:
        window = QLabel("Waiting")
        window.show()
        metronome = _Metronome()
        await asyncio.sleep(5)
        return metronome.gaps()
    with center(by_itself=True) as there:
        async with in_the_queue(dressed(), folder, there) as desk:
            metronome = _Metronome()
            for _ in range(calls):
                await until(lambda: desk.state is State.CONNECTED and desk.popup.isVisible(), "a call", 60)
                QTest.keyClick(named(desk.popup, QListWidget, "Disposition"), Qt.Key.Key_1)
                press(desk.popup, "Next Call")
                await until(lambda: desk.state is not State.CONNECTED, "the response to leave", 60)
            return metronome.gaps()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=lambda: event_loop(dressed())) as runner:
        gaps = runner.run(_work(int(sys.argv[1]), Path(folder)))
    print(*(f"{gap:.3f}" for gap in gaps))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
