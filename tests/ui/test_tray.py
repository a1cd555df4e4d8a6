"""The tray icon and its menu; on a real panel, and where there is none."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from desktop.shift.states import State
from desktop.ui import tray as tray_module
from desktop.ui.tray import Tray
from tests.desk import Desk, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

AT_WORK = {State.WAITING, State.CONNECTED, State.SAVING}
ON_CALL = {State.CONNECTED, State.SAVING}


@pytest.fixture
def tray(qapp: object) -> Iterator[Tray]:
    parent = QObject()
    made = Tray(parent, practice=True)
    yield made
    made.close()
    parent.deleteLater()


def _menu(tray: Tray) -> QMenu:
    menu = tray.findChild(QSystemTrayIcon).contextMenu()
    assert menu
    return menu


def _entries(tray: Tray) -> list[str]:
    return [one.text() for one in _menu(tray).actions() if one.isVisible() and one.isEnabled() and not one.isSeparator()]


def _press(tray: Tray, text: str) -> None:
    [entry] = [one for one in _menu(tray).actions() if one.text() == text and one.isVisible()]
    entry.trigger()


def _picture(tray: Tray) -> QImage:
    return tray.findChild(QSystemTrayIcon).icon().pixmap(32).toImage()


@pytest.mark.parametrize("state", [*State])
def test_icon_and_menu_by_state(tray: Tray, keep: Callable[[QWidget], QWidget], state: State):
    tray.may_hide(keep(QWidget()))
    tray.show_state(state)
    assert tray.findChild(QSystemTrayIcon).toolTip() == f"NextCall practice - {state.value}"
    first = _menu(tray).actions()[0]
    assert (first.text(), first.isEnabled()) == (state.value, False)
    expected = ["Show NextCall"]
    expected += ["Hide NextCall"] if state in AT_WORK else []
    expected += ["Show call"] if state in ON_CALL else []
    expected += ["I hear someone"] if state is State.WAITING else []
    expected += ["Callbacks …"] if state in AT_WORK else []
    expected += ["History …"]
    expected += ["Leave"] if state in AT_WORK else []
    assert _entries(tray) == [*expected, "Quit"]


def test_a_standstill_is_told_while_it_waits_and_only_then(tray: Tray):
    tray.show_state(State.WAITING)
    usual = _picture(tray)
    tray.show_standstill("the campaign is not running")
    words = "Waiting for a call: the campaign is not running"
    assert tray.findChild(QSystemTrayIcon).toolTip() == f"NextCall practice - {words}"
    assert _menu(tray).actions()[0].text() == words
    assert _picture(tray) != usual
    assert "Leave" in _entries(tray)
    tray.show_standstill("")
    assert tray.findChild(QSystemTrayIcon).toolTip() == "NextCall practice - Waiting for a call"
    assert _picture(tray) == usual
    tray.show_standstill("the campaign is not running")
    tray.show_state(State.CONNECTED)
    tray.show_standstill("the campaign is not running")
    assert _menu(tray).actions()[0].text() == "Connected"


def test_its_wishes(tray: Tray):
    wishes: list[str] = []
    for name in ("show", "show_call", "callbacks", "history", "leave", "quit"):
        getattr(tray, f"{name}_requested").connect(lambda name=name: wishes.append(name))
    tray.someone_heard.connect(lambda: wishes.append("someone"))
    waiting = ["I hear someone", "Callbacks …", "History …", "Leave", "Quit"]
    for state, entries in ((State.WAITING, waiting), (State.SAVING, ["Show call"])):
        tray.show_state(state)
        for entry in entries:
            _press(tray, entry)
    _press(tray, "Show NextCall")
    icon = tray.findChild(QSystemTrayIcon)
    for reason in QSystemTrayIcon.ActivationReason:
        icon.activated.emit(reason)
    icon.messageClicked.emit()
    assert wishes == ["someone", "callbacks", "history", "leave", "quit", "show_call", "show", "show", "show", "show_call"]


def test_it_counts_the_callbacks(tray: Tray):
    tray.show_state(State.WAITING)
    tray.show_callbacks(3)
    assert "Callbacks (3) …" in _entries(tray)
    tray.show_callbacks(0)
    assert "Callbacks …" in _entries(tray)


def test_a_test_shows_a_call_for_a_moment(tray: Tray, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    tray.show_state(State.CONNECTED)
    on_call = _picture(tray)
    tray.show_state(State.WAITING)
    waiting = _picture(tray)
    assert waiting != on_call
    tray._test.setInterval(20)
    tray.try_out()
    assert _picture(tray) == on_call
    qtbot.waitUntil(lambda: _picture(tray) == waiting)
    tray.try_out()
    tray.show_state(State.SAVING)  # what is real goes before the test
    assert _picture(tray) not in (on_call, waiting)
    assert not tray._test.isActive()


# ------------------------------------------------------------------------------------------------ a window that is put away


@pytest.fixture
def window(tray: Tray, keep: Callable[[QWidget], QWidget], monkeypatch: pytest.MonkeyPatch) -> QWidget:
    """A window that the tray may hide, and a shift under way."""
    window = keep(QWidget())
    window.show()
    tray.may_hide(window)
    tray.show_state(State.WAITING)
    tray._look_out.setInterval(10)
    return window


def test_a_window_can_be_put_away_and_comes_back(tray: Tray, window: QWidget, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot):
    monkeypatch.setattr(Tray, "is_there", True)
    assert not tray.hides_window
    _press(tray, "Hide NextCall")
    assert tray.hides_window
    assert not window.isVisible()
    _press(tray, "Hide NextCall")
    assert tray.hides_window
    window.showNormal()
    assert not tray.hides_window
    qtbot.waitUntil(lambda: not tray._look_out.isActive())


def test_a_window_that_others_hide_is_not_put_away(tray: Tray, window: QWidget):
    window.hide()
    assert not tray.hides_window
    _press(tray, "Hide NextCall")
    assert not tray.hides_window


def test_if_the_tray_goes_the_window_is_in_the_taskbar(
    tray: Tray, window: QWidget, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
):
    there = [True]
    monkeypatch.setattr(Tray, "is_there", property(lambda _tray: there[0]))
    _press(tray, "Hide NextCall")
    looked: list[bool] = []
    tray._look_out.timeout.connect(lambda: looked.append(True))
    qtbot.waitUntil(lambda: len(looked) > 2)
    assert not window.isVisible()
    there[0] = False
    qtbot.waitUntil(window.isVisible)
    assert window.isMinimized()
    assert not tray.hides_window
    qtbot.waitUntil(lambda: not tray._look_out.isActive())


def test_after_work_nothing_brings_the_window_back(tray: Tray, window: QWidget, qtbot: QtBot):
    """Offscreen there is no tray."""
    _press(tray, "Hide NextCall")
    tray.show_state(State.SIGNED_OUT)
    assert not tray.hides_window
    qtbot.waitUntil(lambda: not tray._look_out.isActive())
    assert not window.isVisible()


def test_offscreen_there_is_no_tray_and_no_message(tray: Tray):
    assert not tray.is_there
    assert not tray.can_notify
    assert not tray.notify("title", "text")


def test_it_does_not_look_more_often_than_every_five_seconds(tray: Tray):
    assert tray._look_out.interval() == tray_module._LOOK >= 5000
    assert not tray._look_out.isActive()


# ---------------------------------------------------------------------------------------------------------- a real panel

# A window that the icon's menu can put away; it tells what becomes of icon and window, and shows a message when it is told to.
PROGRAM = """
import signal
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel
from desktop.shift.states import State
from desktop.ui.tray import Tray

app = QApplication(["NextCall"])
app.setQuitOnLastWindowClosed(False)
window = QLabel("A shift")
window.setWindowTitle("The shift window")
parent = QObject()
tray = Tray(parent, practice=False)
tray._look_out.setInterval(200)
tray.show_requested.connect(window.showNormal)
tray.may_hide(window)
tray.show_state(State.WAITING)
window.show()
told = ""

def tell():
    global told
    facts = {"a tray": tray.is_there, "messages": tray.can_notify, "hides": tray.hides_window, "minimised": window.isMinimized()}
    now = ", ".join(fact for fact, is_so in facts.items() if is_so)
    if now != told:
        print(now, flush=True)
        told = now

timer = QTimer()
timer.timeout.connect(tell)
timer.start(50)
signal.signal(signal.SIGUSR1, lambda *_: print("told" if tray.notify("A title", "A text") else "not told", flush=True))
app.exec()
"""


# What a panel shows of a message, light and dark: how far the words are from their ground, of 255.
MESSAGE = """
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel
from desktop.ui import look
from desktop.ui.tray import Tray

app = QApplication(["NextCall"])
look.dress(app)
tray = Tray(QObject(app), practice=True)

def ask():
    if not tray.can_notify:
        return
    waiting.stop()
    for scheme in ("light", "dark"):
        look.wear(app, scheme)
        tray.notify("A title", "A text")
        [balloon] = [one for one in app.topLevelWidgets() if one.isVisible() and one.findChildren(QLabel)]
        picture = balloon.grab().toImage()
        for words in (one for one in balloon.findChildren(QLabel) if one.text()):
            place = words.geometry()
            seen = [picture.pixelColor(x, y).lightness() for x in range(place.left(), place.right())
                    for y in range(place.top(), place.bottom())]
            print(max(seen) - min(seen), flush=True)
    tray.close()
    app.exit()

waiting = QTimer()
waiting.timeout.connect(ask)
waiting.start(50)
app.exec()
"""


# The tray of KDE and of GNOME's extension is a service, and its icons are no windows.
WATCHER = """
from jeepney import MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

with open_dbus_connection() as bus:
    bus.send_and_get_reply(message_bus.RequestName("org.kde.StatusNotifierWatcher"))
    while True:
        asked = bus.receive()
        if asked.header.message_type is MessageType.method_call:
            bus.send(new_method_return(asked))
"""


class Program:
    """That program."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk, self._name = desk, name
        self.process = desk.start(sys.executable, "-c", PROGRAM, name=name)

    def says(self, words: str) -> None:
        """Wait until that is what it said last."""
        wait_until(lambda: self.desk.log(self._name).splitlines()[-1:] == [words], f"{words!r}: {self.desk.log(self._name)}")

    def choose(self, entry: int) -> None:
        """An entry of the icon's menu, from the top."""
        wait_until(lambda: self.desk.tray_icons() == ["NextCall"], "the icon alone in the tray")
        self.desk.xdotool("mousemove", 1280 - 14, 1024 - 16, "click", 3)
        wait_until(lambda: self.desk.popup_menus() > 0, "the menu")
        self.desk.xdotool("key", *["Down"] * entry, "Return")
        wait_until(lambda: self.desk.popup_menus() == 0, "the menu to go")


@pytest.fixture
def start(xdesk: Desk, tmp_path: Path) -> Iterator[Callable[[], Program]]:
    """Starts the program; the panel is there afterwards, as before."""
    started: list[Program] = []

    def start() -> Program:
        started.append(Program(xdesk, f"tray-{tmp_path.name}"))
        return started[-1]

    yield start
    for program in started:
        program.process.terminate()
        program.process.wait(10)
    if not _has_panel(xdesk):
        _start_panel(xdesk)


def _has_panel(desk: Desk) -> bool:
    return bool(desk._selection_owner("_NET_SYSTEM_TRAY_S0"))


def _start_panel(desk: Desk) -> None:
    desk.start("trayer", *["--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32"])
    wait_until(lambda: _has_panel(desk), "the tray")


def _end_panel(desk: Desk) -> None:
    for name in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it may just have ended
            if name.read_text() == "trayer\n" and f"DISPLAY={desk.env['DISPLAY']}\0" in (name.parent / "environ").read_text():
                os.kill(int(name.parent.name), signal.SIGTERM)
    wait_until(lambda: not _has_panel(desk), "the tray to go")


def test_the_icons_menu_puts_the_window_away_and_brings_it_back(xdesk: Desk, start: Callable[[], Program]):
    program = start()
    program.says("a tray, messages")
    xdesk.wait_for_window("The shift window")
    program.choose(2)
    program.says("a tray, messages, hides")
    wait_until(lambda: not xdesk.windows("The shift window"), "the window to go")
    program.choose(1)
    program.says("a tray, messages")
    xdesk.wait_for_window("The shift window")


def test_when_the_panel_goes_the_window_is_in_the_taskbar_and_when_it_comes_the_icon_does(
    xdesk: Desk, start: Callable[[], Program]
):
    program = start()
    program.says("a tray, messages")
    program.choose(2)
    program.says("a tray, messages, hides")
    _end_panel(xdesk)
    program.says("minimised")
    window = xdesk.wait_for_window("The shift window")
    assert "_NET_WM_STATE_HIDDEN" in xdesk.run("xprop", "-id", str(window.number), "_NET_WM_STATE")
    _start_panel(xdesk)
    program.says("a tray, messages, minimised")
    program.choose(1)
    program.says("a tray, messages")


def test_without_a_panel_there_is_a_window_and_no_message(xdesk: Desk, start: Callable[[], Program]):
    _end_panel(xdesk)
    program = start()
    xdesk.wait_for_window("The shift window")
    program.process.send_signal(signal.SIGUSR1)
    program.says("not told")
    _start_panel(xdesk)
    program.says("a tray, messages")
    program.process.send_signal(signal.SIGUSR1)
    program.says("told")


def test_where_the_tray_is_a_service_its_icon_shows_no_messages(xdesk: Desk, start: Callable[[], Program]):
    """They would go to the notification service, which is missing if the tray is asked at all."""
    _end_panel(xdesk)
    watcher = xdesk.start(sys.executable, "-c", WATCHER, name="watcher")
    wait_until(lambda: xdesk.has("org.kde.StatusNotifierWatcher"), "the tray")
    program = start()
    program.says("a tray")
    program.process.send_signal(signal.SIGUSR1)
    program.says("not told")
    watcher.terminate()
    program.says("")


def test_what_a_panel_shows_of_a_message_can_be_read(xdesk: Desk):
    differences = xdesk.run(sys.executable, "-c", MESSAGE).split()
    assert len(differences) == 4  # title and text, light and dark
    assert all(int(one) > 150 for one in differences), differences
