"""Keys that work everywhere: on a real X server with another program beside it, and where there is one, on Windows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.ui.hotkeys import Combination, Hotkeys, read
from desktop.ui.keys import HOTKEYS
from tests.desk import Desk, needs, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parents[2]

# Has keys and tells what comes of them; what it is to do comes by a pipe: a mapping to have, or null to close.
LISTENER = """
import json, os, sys
from PySide6.QtCore import QSocketNotifier
from PySide6.QtGui import QGuiApplication
from desktop.ui.hotkeys import Hotkeys

app = QGuiApplication(["listener"])
hotkeys = Hotkeys()
hotkeys.pressed.connect(lambda action: print("pressed", action, flush=True))
orders = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)

def obey():
    for line in os.read(orders, 65536).decode().splitlines():
        order = json.loads(line)
        print("done", json.dumps(hotkeys.close() if order is None else hotkeys.set(order)), flush=True)

notifier = QSocketNotifier(orders, QSocketNotifier.Type.Read)
notifier.activated.connect(obey)
app.exec()
"""

# A window of another program, which tells each key that it gets: Qt's number and the text.
ELSEWHERE = """
from PySide6.QtWidgets import QApplication, QWidget

class Elsewhere(QWidget):
    def keyPressEvent(self, event):
        print("down", event.key(), event.text(), flush=True)

    def keyReleaseEvent(self, event):
        print("up", event.key(), flush=True)

app = QApplication(["elsewhere"])
window = Elsewhere()
window.setWindowTitle("Somewhere else")
window.show()
app.exec()
"""
F8, F9, KEY_N = 0x01000037, 0x01000038, ord("N")


class Listener:
    """A program with Hotkeys on the desk."""

    def __init__(self, desk: Desk, folder: Path, name: str) -> None:
        self._desk, self._name = desk, f"listener-{folder.name}-{name}"
        self._orders = folder / name
        os.mkfifo(self._orders)
        self.process = desk.start(sys.executable, "-c", LISTENER, self._orders, name=self._name)

    def set(self, **mapping: str) -> dict[str, str]:
        """Have these keys; gives what could not be had."""
        return self._order(mapping) or {}

    def close(self) -> None:
        self._order(None)

    def heard(self) -> list[str]:
        """The actions whose keys were pressed until now."""
        return [line.removeprefix("pressed ") for line in self._lines() if line.startswith("pressed ")]

    def hears(self, *actions: str) -> None:
        """Wait until exactly these have been heard."""
        wait_until(lambda: len(self.heard()) >= len(actions), f"{actions}, heard: {self.heard()}")
        assert self.heard() == list(actions)

    def _order(self, order: dict[str, str] | None) -> dict[str, str] | None:
        before = self._done()
        with self._orders.open("w") as orders:
            orders.write(json.dumps(order) + "\n")
        wait_until(lambda: len(self._done()) > len(before), f"the answer: {self._desk.log(self._name)}")
        answer: dict[str, str] | None = json.loads(self._done()[-1])
        return answer

    def _done(self) -> list[str]:
        return [line.removeprefix("done ") for line in self._lines() if line.startswith("done ")]

    def _lines(self) -> list[str]:
        lines = self._desk.log(self._name).splitlines()
        strange = [line for line in lines if not line.startswith(("done ", "pressed "))]
        assert not strange
        return lines


class Elsewhere:
    """The window of another program, which has the keyboard."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.start(sys.executable, "-c", ELSEWHERE, name="elsewhere")
        window = desk.wait_for_window("Somewhere else")
        wait_until(lambda: self._is_active(window.number), "the keyboard")

    def presses(self, *keys: str) -> list[str]:
        """Press keys while this window has the keyboard; gives what came of them here, but for modifiers."""
        before = len(self._lines())
        self._desk.xdotool("key", "--delay", 1, *keys)
        self._desk.xdotool("key", "space")  # comes after them all
        wait_until(lambda: "up 32" in self._lines()[before:], "the key after them")
        return [line for line in self._lines()[before:] if line.split()[1] not in {"32", *MODIFIERS}]

    def _lines(self) -> list[str]:
        return self._desk.log("elsewhere").splitlines()

    def _is_active(self, number: int) -> bool:
        return int(self._desk.run("xprop", "-root", "_NET_ACTIVE_WINDOW").split()[-1], 16) == number


MODIFIERS = {str(key) for key in range(0x01000020, 0x01000027)}


@pytest.fixture(scope="module")
def elsewhere(xdesk: Desk) -> Elsewhere:
    needs("setxkbmap")
    return Elsewhere(xdesk)


@pytest.fixture
def start(xdesk: Desk, elsewhere: Elsewhere, tmp_path: Path) -> Iterator[Callable[[str], Listener]]:
    """Starts a program that has keys, beside another one that has the keyboard."""
    started: list[Listener] = []

    def one(name: str) -> Listener:
        started.append(Listener(xdesk, tmp_path, name))
        return started[-1]

    yield one
    for listener in started:
        listener.process.kill()
        listener.process.wait()


# ------------------------------------------------------------------------------------------------------- on an X server


def test_a_key_pressed_elsewhere_arrives_here_and_not_there(start: Callable[[str], Listener], elsewhere: Elsewhere):
    listener = start("one")
    assert elsewhere.presses("ctrl+shift+F9") == [f"down {F9} ", f"up {F9}"]
    assert listener.set(next_call="Ctrl+Shift+F9", show_call="Ctrl+Alt+N") == {}
    assert elsewhere.presses("ctrl+shift+F9", "ctrl+alt+n", "ctrl+shift+F9") == []
    listener.hears("next_call", "show_call", "next_call")
    assert elsewhere.presses("n", "F9", "ctrl+F9", "shift+F9") == [
        *(f"down {KEY_N} n", f"up {KEY_N}"),
        *[f"down {F9} ", f"up {F9}"] * 3,
    ]
    listener.hears("next_call", "show_call", "next_call")


@pytest.mark.parametrize("locks", [["Num_Lock"], ["Caps_Lock"], ["Num_Lock", "Caps_Lock"]], ids="+".join)
def test_it_does_so_whatever_is_locked(start: Callable[[str], Listener], elsewhere: Elsewhere, xdesk: Desk, locks: list[str]):
    listener = start("one")
    assert listener.set(next_call="Ctrl+Shift+F9") == {}
    xdesk.xdotool("key", *locks)
    try:
        lower_half = elsewhere.presses("n", "87")  # 87: the 1 of the number pad, which is End without NumLock
        assert (f"down {KEY_N} N" in lower_half) == ("Caps_Lock" in locks)
        assert (f"down {ord('1')} 1" in lower_half) == ("Num_Lock" in locks)
        assert elsewhere.presses("ctrl+shift+F9") == []
        listener.hears("next_call")
    finally:
        xdesk.xdotool("key", *locks)


def test_a_key_that_is_held_is_heard_once(start: Callable[[str], Listener], elsewhere: Elsewhere, xdesk: Desk):
    listener = start("one")
    assert listener.set(next_call="Ctrl+Shift+F9", show_call="Ctrl+Shift+F8") == {}
    xdesk.xdotool(
        "keydown", "ctrl", "keydown", "shift", "keydown", "F9", "sleep", 1, "keyup", "F9", "keyup", "shift", "keyup", "ctrl"
    )
    assert elsewhere.presses("ctrl+shift+F8") == []
    listener.hears("next_call", "show_call")


def test_a_key_that_another_program_has_is_told_and_free_again_when_that_lets_it_go(
    start: Callable[[str], Listener], elsewhere: Elsewhere
):
    first, second = start("first"), start("second")
    taken = "Another program has Ctrl+Shift+F9 already. Choose another key."
    assert first.set(next_call="Ctrl+Shift+F9") == {}
    assert second.set(next_call="Ctrl+Shift+F9", show_call="Ctrl+Shift+F8") == {"next_call": taken}
    assert elsewhere.presses("ctrl+shift+F9", "ctrl+shift+F8") == []
    first.hears("next_call")
    second.hears("show_call")
    first.close()
    assert elsewhere.presses("ctrl+shift+F9") == [f"down {F9} ", f"up {F9}"]
    assert second.set(next_call="Ctrl+Shift+F9") == {}
    assert elsewhere.presses("ctrl+shift+F9") == []
    second.hears("show_call", "next_call")
    second.process.kill()
    second.process.wait()
    wait_until(lambda: elsewhere.presses("ctrl+shift+F9") != [], "the key of a program that was killed")


def test_part_of_a_key_is_no_key(start: Callable[[str], Listener], elsewhere: Elsewhere, xdesk: Desk):
    """A program that has it only with NumLock keeps it, and no part of it stays with us."""
    part = subprocess.Popen([sys.executable, "-c", GRAB_WITH_NUM_LOCK], env=xdesk.env, stdout=subprocess.PIPE, text=True)
    try:
        assert part.stdout
        assert part.stdout.readline() == "ready\n"
        assert list(start("one").set(next_call="Ctrl+Shift+F9")) == ["next_call"]
        assert elsewhere.presses("ctrl+shift+F9") == [f"down {F9} ", f"up {F9}"]
    finally:
        part.kill()
        part.communicate()


GRAB_WITH_NUM_LOCK = """
import ctypes, time
x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XDefaultRootWindow.restype = ctypes.c_ulong
screen = ctypes.c_void_p(x11.XOpenDisplay(None))
code = x11.XKeysymToKeycode(screen, ctypes.c_ulong(0xFFC6))
x11.XGrabKey(screen, code, 1 | 4 | 16, ctypes.c_ulong(x11.XDefaultRootWindow(screen)), 0, 1, 1)
x11.XSync(screen, 0)
print("ready", flush=True)
time.sleep(1000)
"""


def test_other_keys_take_the_place_of_those_before(start: Callable[[str], Listener], elsewhere: Elsewhere):
    listener = start("one")
    assert listener.set(next_call="Ctrl+Shift+F9") == {}
    assert listener.set(next_call="Ctrl+Shift+F8", show_call="", hear_someone="ctrl+shift+f8") == {
        "hear_someone": "Ctrl+Shift+F8 is chosen twice."
    }
    assert elsewhere.presses("ctrl+shift+F9", "ctrl+shift+F8") == [f"down {F9} ", f"up {F9}"]
    listener.hears("next_call")
    assert listener.set() == {}
    assert elsewhere.presses("ctrl+shift+F8") == [f"down {F8} ", f"up {F8}"]
    listener.hears("next_call")


def test_the_keys_move_with_the_keyboards_layout(start: Callable[[str], Listener], elsewhere: Elsewhere, xdesk: Desk):
    us_y, us_z, us_1 = 29, 52, 10
    listener = start("one")
    assert listener.set(next_call="Ctrl+Alt+Y", show_call="Ctrl+Alt+1") == {}
    xdesk.run("setxkbmap", "de")
    try:
        assert len(elsewhere.presses(f"ctrl+alt+{us_y}")) == 2
        assert elsewhere.presses(f"ctrl+alt+{us_z}") == []
        listener.hears("next_call")
        xdesk.run("setxkbmap", "fr")  # digits with Shift only: the key is theirs all the same
        assert elsewhere.presses(f"ctrl+alt+{us_1}") == []
        listener.hears("next_call", "show_call")
        xdesk.run("setxkbmap", "ru")
        assert len(elsewhere.presses(f"ctrl+alt+{us_y}", f"ctrl+alt+{us_z}")) == 4
        assert listener.set(next_call="Ctrl+Alt+Y") == {"next_call": "Your keyboard has no Y. Choose another key."}
        xdesk.run("setxkbmap", "ru,us")
        assert listener.set(next_call="Ctrl+Alt+Y") == {}
        assert elsewhere.presses(f"ctrl+alt+{us_y}") == []
        listener.hears("next_call", "show_call", "next_call")
    finally:
        xdesk.run("setxkbmap", "us")


def test_keys_that_x11_keeps_for_itself_are_told(start: Callable[[str], Listener]):
    told = start("one").set(next_call="Ctrl+Alt+F9", show_call="Ctrl+Alt+F24")
    assert told["next_call"] == "By Ctrl+Alt+F9 Linux changes to another console. Choose another key."
    assert told["show_call"] in ("", "Your keyboard has no F24. Choose another key.")


# ---------------------------------------------------------------------------------------------------------- elsewhere


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "NextCall can have no keys in other programs here."),  # the tests' own screen is none
        ({"WAYLAND_DISPLAY": "wayland-0"}, "This desktop (Wayland) lets no program have keys in other programs."),
        ({"XDG_SESSION_TYPE": "wayland"}, "This desktop (Wayland) lets no program have keys in other programs."),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="what there is on Linux")
def test_where_there_are_none_it_is_said(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str):
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    hotkeys = Hotkeys()
    assert hotkeys.set(HOTKEYS) == dict.fromkeys(HOTKEYS, words)
    hotkeys.close()
    hotkeys.close()


@pytest.mark.parametrize(
    ("keys", "combination"),
    [
        ("Ctrl+Alt+N", Combination("N", ctrl=True, alt=True, shift=False)),
        ("shift+alt+ctrl+7", Combination("7", ctrl=True, alt=True, shift=True)),
        ("Shift+F1", Combination("F1", ctrl=False, alt=False, shift=True)),
        ("Alt+F24", Combination("F24", ctrl=False, alt=True, shift=False)),
    ],
)
def test_what_can_be_had(keys: str, combination: Combination):
    assert read(keys) == combination
    assert read(str(combination)) == combination


@pytest.mark.parametrize("keys", HOTKEYS.values())
def test_the_keys_to_begin_with_can_be_had(keys: str):
    assert str(read(keys)) == keys


@pytest.mark.parametrize(
    "keys",
    [
        *("N", "Shift+N", "Ctrl+N", "Alt+N", "Ctrl+Shift+N", "1", "Alt+Shift+1", "F9", "Space", "Ctrl+Alt+Ä", "Ctrl+Alt+Num+1"),
        *(
            "Ctrl+Alt+Del",
            "Alt+Tab",
            "Meta+F9",
            "Meta+Ctrl+Alt+N",
            "Ctrl+Alt+F25",
            "Ctrl+K, Ctrl+N",
            "Ctrl+Alt",
            "Ctrl+Alt++",
            "Foo",
        ),
        *("Alt+F4", "Ctrl+Alt+\u0660", "x" * 500),
    ],
)
def test_what_cannot_be_had_is_told(keys: str):
    assert str(read(keys)).endswith("Choose a letter or digit with Ctrl+Alt, or a function key with Ctrl, Alt or Shift.")


# ---------------------------------------------------------------------------------------------------------- on Windows

# Two claims to the same keys, and somebody who presses Ctrl+Shift+F9 before and after the first one lets them go.
ON_WINDOWS = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.keys import HOTKEYS

def press():
    keys = (0x11, 0x10, 0x78)
    for key in keys:
        ctypes.windll.user32.keybd_event(key, 0, 0, 0)
    for key in reversed(keys):
        ctypes.windll.user32.keybd_event(key, 0, 2, 0)

def heard_by_first(action):
    print("first heard", action)
    first.set({})
    print("second had", len(HOTKEYS) - len(second.set(HOTKEYS)))
    press()

def heard_by_second(action):
    print("second heard", action)
    second.close()
    print("first had", len(HOTKEYS) - len(first.set(HOTKEYS)))
    first.close()
    app.quit()

app = QApplication([])
first, second = Hotkeys(), Hotkeys()
first.pressed.connect(heard_by_first)
second.pressed.connect(heard_by_second)
print("first had", len(HOTKEYS) - len(first.set(HOTKEYS)))
print("second had", sorted(set(second.set({"show_call": "Ctrl+Shift+F8", "other": "Ctrl+Alt+F12"}).items())))
text = QPlainTextEdit()
text.show()
QTimer.singleShot(500, press)
QTimer.singleShot(60_000, app.quit)
app.exec()
print("typed", repr(text.toPlainText()))
"""


@pytest.fixture
def windows_python() -> list[str]:
    """How to run the Windows Python that there is: this one, or one under Wine."""
    if sys.platform == "win32":
        return [sys.executable]
    under_wine = os.environ.get("NEXTCALL_WINDOWS_PYTHON", "")
    if not under_wine:
        pytest.skip("no Windows: NEXTCALL_WINDOWS_PYTHON names a program that runs a Windows Python under Wine")
    return [under_wine]


def test_windows_gives_the_key_to_one_and_then_to_the_other(
    request: pytest.FixtureRequest, windows_python: list[str], tmp_path: Path
):
    environment = os.environ if sys.platform == "win32" else request.getfixturevalue("xdesk").env
    environment = {name: value for name, value in environment.items() if name != "QT_QPA_PLATFORM"}  # on the screen
    script = tmp_path / "on_windows.py"
    script.write_text(ON_WINDOWS, encoding="utf-8")
    paths = [str(script), str(ROOT)] if sys.platform == "win32" else [f"Z:{script}", f"Z:{ROOT}"]
    done = subprocess.run([*windows_python, *paths], env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.splitlines() == [
        "first had 3",
        "second had [('show_call', 'Another program has Ctrl+Shift+F8 already. Choose another key.')]",
        "first heard next_call",
        "second had 3",
        "second heard next_call",
        "first had 3",
        "typed ''",
    ], done.stderr
