"""Locks, sleep and idleness, as a real bus with a stand-in for logind, a real X screen, and Windows tell them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes.util
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.ui import presence as presence_module
from desktop.ui.presence import Presence
from tests.desk import SCREEN, Session, _answer, _home, needs, wait_until
from tests.simulation import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pytestqt.qtbot import QtBot

SYSTEM_PYTHON = "/usr/bin/python3"
LOGIND = "org.freedesktop.login1"
MANAGER_PATH, SESSION_PATH = "/org/freedesktop/login1", "/org/freedesktop/login1/session/auto"
MOCK = "org.freedesktop.DBus.Mock"
on_windows = pytest.mark.skipif(sys.platform != "win32", reason="a matter of Windows")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")


class Told:
    """What a presence has told, in order."""

    def __init__(self, presence: Presence) -> None:
        self.words: list[str] = []
        self.seconds: list[int] = []
        for name in ("locked", "unlocked", "sleeps", "woke", "returned"):
            getattr(presence, name).connect(lambda name=name: self.words.append(name))
        presence.idle.connect(self._on_idle)

    def _on_idle(self, seconds: int) -> None:
        self.seconds.append(seconds)
        if self.words[-1:] != ["idle"]:
            self.words.append("idle")


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[Presence, Told]]:
    """A presence that runs, in a program without windows."""
    parent = QObject()
    presence = Presence(parent, **options)
    told = Told(presence)
    task = asyncio.create_task(presence.run())
    try:
        yield presence, told
        assert not task.done(), "it ended by itself"
    finally:
        task.cancel()
        await asyncio.wait([task])
        parent.deleteLater()


async def _looks(presence: Presence) -> None:
    """Wait until it has looked for idleness three times."""
    looked: list[bool] = []
    presence._looks.timeout.connect(lambda: looked.append(True))
    await until(lambda: len(looked) > 2)


@pytest.fixture(autouse=True)
def nothing_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bus and no screen, unless a fixture brings one."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "disabled:")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks for idleness come so often that nobody waits for them."""
    monkeypatch.setattr(presence_module, "_LOOK", 20)
    monkeypatch.setattr(presence_module, "_LONGEST_LOOK", 20)


# ------------------------------------------------------------------------------------------------------------ everywhere


def test_nobody_is_asked_more_often_than_every_five_seconds_and_only_while_one_watches(qapp: object):
    parent = QObject()
    presence = Presence(parent)
    assert presence._looks.interval() >= 5000
    assert not presence._looks.isActive()
    presence.watch(on=True)
    presence.watch(on=True)
    assert presence._looks.isActive()
    presence.watch(on=False)
    assert not presence._looks.isActive()


async def test_where_nothing_tells_nothing_comes_and_it_is_said_so(qapp: object, often: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    async with running(idle_after=0) as (presence, told):
        presence.watch(on=True)
        await _looks(presence)
        assert told.words == []
        assert not presence.is_away
        assert [text.split(" that ")[1] for text in presence.lacks()] == [
            "the screen is locked.",
            "the computer is about to sleep.",
            "nobody is there.",
        ]


@pytest.fixture
def presence(qapp: object) -> Iterator[Presence]:
    """One that hears nothing but what the test says."""
    parent = QObject()
    yield Presence(parent)
    parent.deleteLater()


def test_the_last_of_several_locks_counts_and_each_change_is_told_once(presence: Presence):
    told = Told(presence)
    for who, on, away in [("a", True, True), ("a", True, True), ("b", True, True), ("a", False, True), ("b", False, False)]:
        presence.hear_lock(who, on=on)
        assert presence.is_away is away
    presence.hear_lock("b", on=False)
    assert told.words == ["locked", "unlocked"]


def test_sleep_is_told_once_however_often_it_is_heard(presence: Presence):
    told = Told(presence)
    for on in (False, True, True, False, False, True):
        presence.hear_sleep(on=on)
    assert told.words == ["sleeps", "woke", "sleeps"]
    assert not presence.is_away


@pytest.mark.parametrize(
    "press",
    [lambda window: QTest.keyClick(window, Qt.Key.Key_A), lambda window: QTest.mouseClick(window, Qt.MouseButton.LeftButton)],
)
def test_who_presses_something_in_our_window_is_behind_no_lock(presence: Presence, qtbot: QtBot, press: Any):
    told, window = Told(presence), QWidget()
    qtbot.addWidget(window)
    window.show()
    press(window)
    presence.hear_lock("a", on=True)
    presence.hear_lock("b", on=True)
    press(window)
    assert told.words == ["locked", "unlocked"]
    assert not presence.is_away
    press(window)
    presence.hear_lock("a", on=True)
    assert told.words == ["locked", "unlocked", "locked"]


def test_events_are_looked_at_only_while_the_agent_is_away(qtbot: QtBot):
    seen: list[QEvent.Type] = []

    class Counting(Presence):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            seen.append(event.type())
            return super().eventFilter(watched, event)

    parent, window = QObject(), QWidget()
    qtbot.addWidget(window)
    presence = Counting(parent)
    QApplication.sendEvent(window, QEvent(QEvent.Type.User))
    assert not seen
    presence.hear_lock("a", on=True)
    QApplication.sendEvent(window, QEvent(QEvent.Type.User))
    assert seen
    presence.hear_lock("a", on=False)
    seen.clear()
    QApplication.sendEvent(window, QEvent(QEvent.Type.User))
    assert not seen
    parent.deleteLater()


def test_what_a_program_makes_up_or_the_mouse_does_lifts_no_lock(presence: Presence, qtbot: QtBot):
    told, window = Told(presence), QWidget()
    qtbot.addWidget(window)
    window.show()
    presence.hear_lock("a", on=True)
    QApplication.sendEvent(window, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier))
    QTest.mouseMove(window)
    assert told.words == ["locked"]


# ------------------------------------------------------------------------------------------------------- logind, by D-Bus


class Logind:
    """python-dbusmock's logind, on a bus of the test's own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.program = session.start(SYSTEM_PYTHON, "-m", "dbusmock", "--system", "--template", "logind", name="logind")
        wait_until(lambda: session.has(LOGIND), "the stand-in for logind")
        self.call(MANAGER_PATH, MOCK, "AddSession", "ssusb", "auto", "seat0", os.getuid(), "agent", True)

    def call(self, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        from jeepney import DBusAddress, new_method_call

        return self._session._ask(new_method_call(DBusAddress(path, LOGIND, interface), method, signature or None, body))

    def lock(self, method: str) -> None:
        """`Lock` and `Unlock` ask for it, as loginctl does."""
        self.call(SESSION_PATH, f"{LOGIND}.Session", method)

    def change(self, **properties: Any) -> None:
        """A property of the session changes, as it does when a desktop tells it."""
        signatures = {bool: "b", int: "t"}
        values = {name: (signatures[type(value)], value) for name, value in properties.items()}
        self.call(SESSION_PATH, MOCK, "UpdateProperties", "sa{sv}", f"{LOGIND}.Session", values)

    def prepare_for_sleep(self, begins: bool) -> None:
        self.call(MANAGER_PATH, MOCK, "EmitSignal", "sssav", f"{LOGIND}.Manager", "PrepareForSleep", "b", [("b", begins)])

    def holds(self) -> list[tuple[str, str, str]]:
        """What holds something up: what, who and how."""
        [held] = self.call(MANAGER_PATH, f"{LOGIND}.Manager", "ListInhibitors")
        return [(what, who, how) for what, who, _, how, _, _ in held]


@pytest.fixture
def session() -> Iterator[Session]:
    """A bus of our own, which is both the system's and the session's."""
    needs("dbus-daemon", "setpriv")
    with _home() as (home, leaving):
        session = Session(home, leaving)
        session.env["DBUS_SYSTEM_BUS_ADDRESS"] = session.env["DBUS_SESSION_BUS_ADDRESS"]
        yield session


@pytest.fixture
def buses(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    for name in ("DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, session.env[name])
    return session


@pytest.fixture
def logind(buses: Session, monkeypatch: pytest.MonkeyPatch) -> Logind:
    try:
        subprocess.run([SYSTEM_PYTHON, "-c", "import dbusmock"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not installed: python3-dbusmock")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
    return Logind(buses)


def _signal(bus: Session, interface: str, member: str, signature: str, *body: Any, path: str = "/ScreenSaver") -> None:
    """Say something to everybody on the bus, as any program may."""
    from jeepney import DBusAddress, new_signal
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(bus.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        connection.send(new_signal(DBusAddress(path, interface=interface), member, signature, body))


@on_linux
async def test_a_lock_and_its_end_are_heard_from_logind(qapp: object, logind: Logind):
    async with running() as (presence, told):
        await until(lambda: len(presence.lacks()) == 0)
        logind.lock("Lock")
        await until(lambda: told.words == ["locked"])
        assert presence.is_away
        logind.change(LockedHint=True)
        logind.change(LockedHint=False)
        await until(lambda: told.words == ["locked", "unlocked"])
        assert not presence.is_away
        logind.change(LockedHint=True)
        await until(lambda: len(told.words) == 3)
        logind.lock("Unlock")
        await until(lambda: told.words == ["locked", "unlocked"] * 2)


@on_linux
async def test_a_computer_that_is_locked_already_is_locked(qapp: object, logind: Logind):
    logind.change(LockedHint=True)
    async with running() as (presence, told):
        await until(lambda: presence.is_away)
        assert told.words == ["locked"]


@on_linux
async def test_another_sessions_lock_is_not_ours(qapp: object, logind: Logind):
    logind.call(MANAGER_PATH, MOCK, "AddSession", "ssusb", "c7", "seat0", 4711, "colleague", True)
    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        other = SESSION_PATH.replace("auto", "c7")
        logind.call(other, f"{LOGIND}.Session", "Lock")
        logind.call(other, f"{LOGIND}.Session", "SetLockedHint", "b", True)
        logind.prepare_for_sleep(True)
        await until(lambda: "sleeps" in told.words)
        assert told.words == ["sleeps"]


@on_linux
async def test_sleep_and_waking_are_heard_from_logind(qapp: object, logind: Logind):
    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        logind.prepare_for_sleep(True)
        await until(lambda: told.words == ["sleeps"])
        logind.prepare_for_sleep(False)
        await until(lambda: told.words == ["sleeps", "woke"])


@on_linux
async def test_nobody_but_logind_speaks_for_it(qapp: object, logind: Logind, session: Session):
    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        _signal(session, f"{LOGIND}.Manager", "PrepareForSleep", "b", True, path=MANAGER_PATH)
        logind.lock("Lock")
        await until(lambda: "locked" in told.words)
        assert told.words == ["locked"]
        _signal(session, f"{LOGIND}.Session", "Unlock", "", path=SESSION_PATH)
        logind.prepare_for_sleep(True)
        await until(lambda: "sleeps" in told.words)
        assert told.words == ["locked", "sleeps"]


@on_linux
async def test_in_the_queue_a_sleep_is_held_up_until_it_was_told(qapp: object, logind: Logind, monkeypatch: pytest.MonkeyPatch):
    from desktop.ui import presence_linux

    monkeypatch.setattr(presence_linux, "_MOMENT", 0.01)
    hold = ("sleep", "NextCall", "delay")
    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        assert logind.holds() == []
        presence.watch(on=True)
        await until(lambda: logind.holds() == [hold])
        logind.prepare_for_sleep(True)
        await until(lambda: logind.holds() == [])
        assert told.words == ["sleeps"]
        presence.watch(on=True)
        logind.prepare_for_sleep(False)
        await until(lambda: logind.holds() == [hold])
        presence.watch(on=False)
        await until(lambda: logind.holds() == [])
        presence.watch(on=True)
        await until(lambda: logind.holds() == [hold])
    wait_until(lambda: logind.holds() == [], "the hold to go when the program leaves")


@on_linux
def test_a_hold_that_comes_too_late_is_let_go(logind: Logind):
    from desktop.ui.presence_linux import _Hold

    hold = _Hold()
    hold.let_go()
    hold.take()
    wait_until(lambda: logind.holds() == [], "the hold to go")


@on_linux
async def test_the_hold_stays_while_the_moment_lasts(qapp: object, logind: Logind):
    async with running() as (presence, told):
        presence.watch(on=True)
        await until(lambda: logind.holds() and not presence.lacks())
        logind.prepare_for_sleep(True)
        await until(lambda: told.words == ["sleeps"])
        assert logind.holds()


@on_linux
async def test_idleness_is_heard_from_logind_where_no_screen_tells(qapp: object, logind: Logind, often: None):
    async with running(idle_after=300) as (presence, told):
        presence.watch(on=True)
        await until(lambda: not presence.lacks())
        logind.change(IdleHint=True, IdleSinceHint=int((time.time() - 200) * 1_000_000))
        await _looks(presence)
        assert told.words == []
        logind.change(IdleHint=True, IdleSinceHint=int((time.time() - 400) * 1_000_000))
        await until(lambda: len(told.seconds) > 2)
        assert told.words == ["idle"]
        assert 400 <= told.seconds[0] <= told.seconds[-1] < 500
        assert presence.is_away
        logind.change(IdleHint=False)
        await until(lambda: told.words == ["idle", "returned"])
        assert not presence.is_away


@on_linux
async def test_who_no_longer_watches_leaves_nobody_idle(qapp: object, logind: Logind, often: None):
    logind.change(IdleHint=True, IdleSinceHint=int((time.time() - 400) * 1_000_000))
    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        assert not presence._looks.isActive()
        assert told.words == []
        presence.watch(on=True)
        await until(lambda: told.words == ["idle"])
        presence.watch(on=False)
        assert told.words == ["idle", "returned"]
        assert not presence._looks.isActive()


@on_linux
async def test_a_program_without_a_session_hears_of_sleep_all_the_same(qapp: object, logind: Logind):
    refuse = 'raise dbus.exceptions.DBusException("none", name="org.freedesktop.login1.NoSessionForPID")'
    for method, signature in (("GetSession", "s"), ("GetSessionByPID", "u")):
        logind.call(MANAGER_PATH, MOCK, "AddMethod", "sssss", f"{LOGIND}.Manager", method, signature, "o", refuse)
    async with running() as (presence, told):
        await until(lambda: len(presence.lacks()) == 2)
        assert not [text for text in presence.lacks() if "sleep" in text]
        logind.prepare_for_sleep(True)
        await until(lambda: told.words == ["sleeps"])


@on_linux
async def test_a_logind_that_goes_away_is_missed(qapp: object, logind: Logind, session: Session, often: None):
    from jeepney.bus_messages import message_bus

    async with running() as (presence, told):
        await until(lambda: not presence.lacks())
        os.kill(session._ask(message_bus.GetConnectionUnixProcessID("org.freedesktop.DBus"))[0], signal.SIGKILL)
        await until(lambda: len(presence.lacks()) == 3)
        presence.watch(on=True)
        await _looks(presence)
        assert told.words == []


@on_linux
async def test_without_any_bus_and_screen_all_is_missed_and_nothing_fails(qapp: object, often: None):
    async with running(idle_after=0) as (presence, told):
        presence.watch(on=True)
        await _looks(presence)
        assert told.words == []
        assert [text.partition(":")[0].split(" that ")[1] for text in presence.lacks()] == [
            "the screen is locked",
            "the computer is about to sleep",
            "nobody is there",
        ]


# ---------------------------------------------------------------------------------------------------------- screen savers


@on_linux
@pytest.mark.parametrize("desktop", ["freedesktop", "gnome", "cinnamon", "mate", "xfce"])
async def test_a_desktops_screen_saver_is_heard(qapp: object, buses: Session, desktop: str):
    async with running() as (presence, told):
        await until(lambda: "locked" not in " ".join(presence.lacks()))
        _signal(buses, "org.example.Player", "ActiveChanged", "b", True)
        _signal(buses, f"org.{desktop}.ScreenSaver", "ActiveChanged", "b", True)
        await until(lambda: told.words == ["locked"])
        _signal(buses, f"org.{desktop}.ScreenSaver", "ActiveChanged", "b", False)
        await until(lambda: told.words == ["locked", "unlocked"])


@on_linux
async def test_a_screen_saver_that_talks_nonsense_is_heard_no_more(qapp: object, buses: Session):
    async with running() as (presence, told):
        await until(lambda: "locked" not in " ".join(presence.lacks()))
        _signal(buses, "org.gnome.ScreenSaver", "ActiveChanged", "")
        await until(lambda: "locked" in " ".join(presence.lacks()))
        assert told.words == []


# ------------------------------------------------------------------------------------------------------------- a screen


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """An X screen of our own, which our process asks; its windows stay off screen."""
    needs("dbus-daemon", "setpriv", "Xvfb", "xdotool")
    if not ctypes.util.find_library("Xss"):
        pytest.skip("not installed: libxss1")
    with _home() as (home, leaving):
        session = Session(home, leaving)
        with _answer() as (told, tell):
            session.start("Xvfb", "-displayfd", str(tell), *SCREEN, keep=[tell])
            number = told() or pytest.fail(f"no screen: {session.log('Xvfb')}")
        session.env["DISPLAY"] = f":{number}"
        monkeypatch.setenv("DISPLAY", session.env["DISPLAY"])
        yield session


@on_linux
async def test_a_screen_that_nobody_touches_is_idle_until_somebody_does(qapp: object, screen: Session, often: None):
    async with running(idle_after=1) as (presence, told):
        presence.watch(on=True)
        await until(lambda: told.words == ["idle"])
        assert told.seconds[0] == 1
        assert not [text for text in presence.lacks() if "nobody" in text]
        screen.run("xdotool", "mousemove", "100", "100")
        await until(lambda: told.words[:2] == ["idle", "returned"])
        screen.run("xdotool", "key", "a")
        await until(lambda: told.words == ["idle", "returned", "idle"])


@on_linux
async def test_a_touch_in_our_window_is_a_return_at_once_if_the_screen_agrees(
    qapp: object, screen: Session, often: None, keep: Any
):
    window = keep(QWidget())
    window.show()
    async with running(idle_after=1) as (presence, told):
        presence.watch(on=True)
        await until(lambda: told.words == ["idle"])
        presence._looks.setInterval(1_000_000)
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(1, 1), QPointF(1, 1), *[Qt.MouseButton.NoButton] * 2, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(window, move)
        assert told.words == ["idle"], "a window that comes below the mouse is no return"
        screen.run("xdotool", "mousemove", "200", "200")
        assert told.words == ["idle"]
        QApplication.sendEvent(window, move)
        assert told.words == ["idle", "returned"]


@on_linux
async def test_on_wayland_x_is_not_asked(qapp: object, screen: Session, often: None, monkeypatch: pytest.MonkeyPatch):
    """It would call an agent idle who types into another program's window."""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    async with running(idle_after=0) as (presence, told):
        presence.watch(on=True)
        await _looks(presence)
        assert told.words == []
        assert "nobody" in presence.lacks()[-1]


# --------------------------------------------------------------------------------------------------------------- Windows


@on_windows
async def test_windows_tells_locks_and_sleep_to_a_window_of_ours(qapp: QApplication):
    if qapp.platformName() != "windows":
        pytest.skip("needs QT_QPA_PLATFORM=windows: windows that are off screen are told nothing")
    user32 = ctypes.WinDLL("user32")
    async with running() as (presence, told):
        window = await until(lambda: user32.FindWindowW(None, "NextCall hears the session"))
        assert presence.lacks() == ()
        heard = []
        for message, what, word in [
            (0x02B1, 7, "locked"),
            (0x02B1, 5, ""),  # somebody logs in
            (0x02B1, 8, "unlocked"),
            (0x0218, 4, "sleeps"),
            (0x0218, 10, ""),  # the battery
            (0x0218, 18, "woke"),
            (0x0218, 7, ""),  # and somebody is there
        ]:
            user32.PostMessageW(window, message, what, 0)
            heard += [word] if word else []
            await until(lambda heard=heard: told.words == heard)
    assert not user32.FindWindowW(None, "NextCall hears the session")


@on_windows
async def test_windows_tells_when_the_last_input_was(qapp: object, often: None):
    async with running(idle_after=1) as (presence, told):
        presence.watch(on=True)
        await until(lambda: told.words == ["idle"])
        ctypes.WinDLL("user32").mouse_event(1, 5, 5, 0, 0)
        await until(lambda: told.words[:2] == ["idle", "returned"])
