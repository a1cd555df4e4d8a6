"""Popup and strip on a real screen, in a program of their own that is told what to do: `python -m tests.ui.arriving FILE FOLDER`.

Each line that comes from the file with number FILE is run as Python and answered by `done`; what is wished is printed, too.
`Stage` is how a test has such a program. Beside it there is somebody else's window, in which the agent types.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QObject, QSocketNotifier
from PySide6.QtGui import QKeyEvent, QWindow

from desktop.app import QtApplication
from desktop.callcenter.model import Call
from desktop.popup.dispositions import offered
from desktop.popup.profile import CampaignProfile
from desktop.ui.arrival import Arrival
from desktop.ui.parts import place
from desktop.ui.places import Places
from desktop.ui.popup import PopupWindow
from desktop.ui.strip import Strip
from tests.desk import Desk, Window, wait_until
from tests.simulation import a_call

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

PATIENCE = 30.0

# A window of another program, over the whole screen: prints what is typed into it.
ELSEWHERE = """
from PySide6.QtWidgets import QApplication, QPlainTextEdit

app = QApplication(["elsewhere"])
text = QPlainTextEdit()
text.setWindowTitle("Somewhere else")
text.textChanged.connect(lambda: print(text.toPlainText(), flush=True))
text.setGeometry(app.primaryScreen().virtualGeometry().adjusted(10, 40, -10, -40))
text.show()
app.exec()
"""


class Stage:
    """The program, told from a test."""

    def __init__(self, desk: Desk, folder: Path, name: str) -> None:
        self.desk = desk
        self._name = name
        self._read = 0
        reading, writing = os.pipe()
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.ui.arriving", reading, folder]
        self.process: subprocess.Popen[str] = desk.start(*map(str, command), name=name, keep=[reading])
        os.close(reading)
        self._tell = os.fdopen(writing, "w", encoding="utf-8", buffering=1)
        self._wait_for("ready")

    def do(self, line: str) -> list[str]:
        """Have a line run, and read what was said until it was done."""
        self._tell.write(f"{line}\n")
        return self._wait_for("done")

    def ask(self, expression: str) -> str:
        """What an expression gives, as text."""
        return self.do(f"say({expression})")[-1]

    def said(self) -> list[str]:
        """What was said since somebody listened."""
        lines = self.desk.log(self._name).splitlines()
        new, self._read = lines[self._read :], len(lines)
        return new

    def close(self) -> None:
        """It ends by itself, and has had nothing to complain of."""
        self._tell.close()
        assert self.process.wait(PATIENCE) == 0, (self.process.returncode, self.desk.log(self._name))
        assert not [line for line in self.desk.log(self._name).splitlines() if "Traceback" in line or "qt." in line]

    def focused(self, title: str) -> None:
        """Wait until the window of that title has the keyboard."""
        wait_until(lambda: title in active(self.desk), f"“{title}” to have the keyboard, not “{active(self.desk)}”", PATIENCE)

    def _wait_for(self, word: str) -> list[str]:
        said: list[str] = []

        def is_there() -> bool:
            assert self.process.poll() is None, self.desk.log(self._name)
            said.extend(self.said())
            return word in said

        wait_until(is_there, f"{word!r}. {self.desk.log(self._name)}", PATIENCE)
        return said[: said.index(word)]


def active(desk: Desk) -> str:
    """The title of the window that has the keyboard; nothing while nobody has it."""
    told = desk.run("xprop", "-root", "_NET_ACTIVE_WINDOW").split()[-1]
    return title(desk, int(told, 16)) if told.startswith("0x") and int(told, 16) else ""


def title(desk: Desk, number: int) -> str:
    """Of a window; nothing if it is gone."""
    return next((one.title for one in desk.windows() if one.number == number), "")


def stacked(desk: Desk) -> list[str]:
    """The titles of the programs' windows, the uppermost last."""
    told = desk.run("xprop", "-root", "_NET_CLIENT_LIST_STACKING")
    return [title(desk, int(number.strip(","), 16)) for number in told.split() if number.startswith("0x")]


def there(desk: Desk, window: str, *wanted: int) -> None:
    """Wait until the frame of a window has these left and upper edges, and what is in it these width and height."""
    seen: tuple[int, ...] = ()

    def is_there() -> bool:
        nonlocal seen
        found = desk.wait_for_window(window)
        x, y, width, height = place_of(desk, found)
        frame = desk.run("xprop", "-id", found.number, "_NET_FRAME_EXTENTS")
        left, _right, top, _bottom = map(int, frame.split("=")[1].split(",")) if "=" in frame else (0, 0, 0, 0)
        seen = (x - left, y - top, width, height)
        return seen[: len(wanted)] == wanted

    try:
        wait_until(is_there, f"“{window}” at {wanted}", PATIENCE)
    except pytest.fail.Exception as failed:
        pytest.fail(f"{failed}, not {seen}", pytrace=False)


def place_of(desk: Desk, window: Window) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is in a window's frame, on the screen."""
    told = dict(
        re.findall(
            r"(Absolute upper-left X|Absolute upper-left Y|Width|Height): +(-?\d+)",
            desk.run("xwininfo", "-id", str(window.number)),
        )
    )
    x, y, width, height = map(int, told.values())
    return x, y, width, height


class _Monitor(ctypes.Structure):
    """XRRMonitorInfo."""

    _fields_ = (
        ("name", ctypes.c_ulong),
        ("primary", ctypes.c_int),
        ("automatic", ctypes.c_int),
        ("output_count", ctypes.c_int),
        *((name, ctypes.c_int) for name in ("x", "y", "width", "height", "millimeters_wide", "millimeters_high")),
        ("outputs", ctypes.c_void_p),
    )


class Monitors:
    """Cuts the one screen of a desk into monitors, each of which can come and go."""

    def __init__(self, desk: Desk) -> None:
        self._x11 = ctypes.CDLL("libX11.so.6")
        self._randr = ctypes.CDLL("libXrandr.so.2")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XDefaultRootWindow.restype = self._x11.XInternAtom.restype = ctypes.c_ulong
        self._randr.XRRGetMonitors.restype = ctypes.POINTER(_Monitor)
        self._screen = ctypes.c_void_p(self._x11.XOpenDisplay(desk.env["DISPLAY"].encode()))
        self._root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._screen))
        whole = self._randr.XRRGetMonitors(self._screen, self._root, 1, ctypes.byref(ctypes.c_int()))[0]
        self._output = ctypes.cast(whole.outputs, ctypes.POINTER(ctypes.c_ulong))[0]
        self._there: list[str] = []

    def add(self, name: str, x: int, y: int, width: int, height: int) -> None:
        """The first one takes the place of the screen as it was."""
        outputs = (ctypes.c_ulong * 1)(self._output)
        first = not self._there
        size = (x, y, width, height, width // 4, height // 4)
        monitor = _Monitor(self._atom(name), first, 0, int(first), *size, ctypes.cast(outputs, ctypes.c_void_p))
        self._randr.XRRSetMonitor(self._screen, self._root, ctypes.byref(monitor))
        self._x11.XSync(self._screen, 0)
        self._there.append(name)

    def remove(self, name: str) -> None:
        """It is unplugged."""
        self._randr.XRRDeleteMonitor(self._screen, self._root, ctypes.c_ulong(self._atom(name)))
        self._x11.XSync(self._screen, 0)
        self._there.remove(name)

    def close(self) -> None:
        """The screen is as it was."""
        for name in reversed(self._there[:]):
            self.remove(name)
        self._x11.XCloseDisplay(self._screen)

    def _atom(self, name: str) -> int:
        return int(self._x11.XInternAtom(self._screen, name.encode(), 0))


@contextlib.contextmanager
def two_monitors(desk: Desk) -> Iterator[Monitors]:
    """Beside each other: "left" is 540 wide, "right" 740."""
    one = Monitors(desk)
    one.add("left", 0, 0, 540, 1024)
    one.add("right", 540, 0, 740, 1024)
    try:
        yield one
    finally:
        one.close()


class _OnStage:
    """What the lines can name, as `stage`."""

    def __init__(self, folder: Path) -> None:
        self.popup = PopupWindow(practice=False)
        self.strip = Strip(practice=True)
        self.arrival = Arrival(self.popup, self.strip)
        self.places = Places(folder / "places.json")
        place(self.popup, 0.15, 0.2)
        self.popup.draft_changed.connect(lambda draft: say("draft", draft.disposition, draft.notes))
        self.popup.next_call_requested.connect(lambda response: say("next call", response.disposition))
        self.strip.disposition_chosen.connect(lambda name: say("strip chose", name))
        self.strip.disposition_chosen.connect(self.strip.mark)
        self.strip.next_call_requested.connect(lambda: say("strip next call"))
        self.strip.open_requested.connect(lambda: say("strip open"))

    def watch(self) -> None:
        """Have the places of both remembered."""
        self.places.watch(self.popup, "popup")
        self.places.watch(self.strip, "strip")

    def call(self, call: Call | None = None) -> None:
        """Somebody is on the line."""
        self.popup.show_call(call or a_call())
        self.arrival.call_connected("Maya Okafor", offered(CampaignProfile()))

    def end(self) -> None:
        """Nobody is."""
        self.popup.end_call()
        self.arrival.call_ended()


def say(*words: Any) -> None:
    """Tell those who read."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class _Keys(QObject):
    """Which keys have come to the windows of this program, whatever became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed = ""
        self.repeated = ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(watched, QWindow) and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.isAutoRepeat():
                self.repeated += event.text()
            else:
                self.pressed += event.text()
        return False


def main(file: int, folder: Path) -> None:
    """Until the file ends."""
    app = QtApplication(["arriving"])
    stage, keys = _OnStage(folder), _Keys()
    app.installEventFilter(keys)
    names = {"stage": stage, "app": app, "say": say, "keys": keys}
    lines = os.fdopen(file, encoding="utf-8", buffering=1)
    notifier = QSocketNotifier(file, QSocketNotifier.Type.Read)

    def on_line() -> None:
        if line := lines.readline():
            exec(line, names)
            say("done")
        else:
            notifier.setEnabled(False)
            stage.end()
            stage.places.close()
            app.exit()

    notifier.activated.connect(on_line)
    say("ready")
    app.exec()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
