"""How long a start takes: to the first painted log-in dialog, and until the agent can log in (the WSDL is known).

The floors are a process with one bare PySide6 window, and a process that does nothing but import what NextCall imports.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tests.bench.center import center
from tests.bench.table import Row

STARTS = 15

_BARE_WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
class Window(QLabel):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, QApplication.instance().quit)
app = QApplication(sys.argv)
window = Window("Log in")
window.show()
sys.exit(app.exec())
"""


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    with center() as there, tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPATH": ".", "PYTHONPYCACHEPREFIX": compiled}  # compiled, as what is installed is
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        nextcall = [sys.executable, "-m", "desktop", "--exit-after-first-paint", "--data-dir", folder, "--service", there.url]
        ready = [sys.executable, "-m", "tests.bench.ready", folder, there.url]
        libraries = subprocess.run(
            [*ready, "--libraries"], check=True, capture_output=True, text=True, env=environment
        ).stdout.split()
        imports = [sys.executable, "-c", "import " + ", ".join(libraries)]
        bare = [sys.executable, "-c", _BARE_WINDOW]
        wall: dict[str, list[float]] = {}
        cpu: dict[str, list[float]] = {}
        for turn in range((3 if quick else STARTS) + 1):
            for name, command in (("ours", nextcall), ("bare", bare), ("ready", ready), ("imports", imports)):
                took, used = _run(command, environment)
                if turn:  # the first turn fills the caches
                    wall.setdefault(name, []).append(took)
                    cpu.setdefault(name, []).append(used)
    yield Row("start to first paint, wall", "ms", wall["ours"], wall["bare"], "1.5x")
    yield Row("start to first paint, CPU", "ms", cpu["ours"], cpu["bare"], "1.5x")
    yield Row("start to ready to log in, wall", "ms", wall["ready"], wall["imports"])
    yield Row("start to ready to log in, CPU", "ms", cpu["ready"], cpu["imports"])


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU milliseconds of a process, from its start to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (time.perf_counter() - began) * 1000, used * 1000
