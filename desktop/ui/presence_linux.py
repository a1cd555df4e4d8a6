"""What Linux tells of the agent's presence (presence.py): systemd-logind on the system bus, screen savers on the session bus, X.

Interfaces: org.freedesktop.login1(5) of systemd, `ActiveChanged` of the desktops' screen savers, X's MIT-SCREEN-SAVER extension.
Nothing is asked to lock, to sleep or to stay awake; a sleep is only held up for the moment that it takes to say so.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from desktop.tasks import in_thread

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

    from desktop.ui.presence import Presence

log = logging.getLogger(__name__)

_LONGEST_WAIT = 5.0
"""Seconds that a bus or a service may take to answer before it counts as missing."""
_MOMENT = 2.0
"""Seconds for which a sleep is held up once it was told; logind waits for no more than 5 (InhibitDelayMaxSec, logind.conf(5))."""

_LOGIND = "org.freedesktop.login1"
_MANAGER = "org.freedesktop.login1.Manager"
_SESSION = "org.freedesktop.login1.Session"
_PROPERTIES = "org.freedesktop.DBus.Properties"


class LinuxComputer:
    """The system of a Linux desktop."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._screen: _Screen | None = None
        self._hears_logind = self._hears_session = self._hears_savers = False
        self._idle_since: float | None = None
        """By the wall clock, in seconds; None while somebody is there."""
        self._hold_wanted = self._falls_asleep = False
        self._hold_changed = asyncio.Event()

    async def listen(self) -> None:
        """Hear both buses until cancelled; one that is missing, or goes away, is missing from then on."""
        self._screen = _Screen.find()
        try:
            await asyncio.gather(self._hear_logind(), self._hear_savers(), self._keep_hold())
        finally:
            if self._screen is not None:
                self._screen.close()
                self._screen = None

    def hold_sleep(self, *, on: bool) -> None:
        """Whether logind is to wait for a moment before each sleep."""
        self._hold_wanted = on
        self._hold_changed.set()

    def untouched(self) -> float | None:
        """Seconds since the last key or move of the mouse; where only logind tells, since the desktop found itself idle."""
        if self._screen is not None:
            return self._screen.untouched()
        if self._hears_session:
            return 0.0 if self._idle_since is None else max(0.0, time.time() - self._idle_since)
        return None

    def lacks(self) -> tuple[str, ...]:
        """What is not told here, in sentences."""
        missing = []
        if not self._hears_session and not self._hears_savers:
            missing.append(
                "NextCall does not notice that the screen is locked: neither systemd-logind nor a session bus answers."
            )
        if not self._hears_logind:
            missing.append("NextCall does not notice that the computer is about to sleep: systemd-logind does not answer.")
        if self._screen is None and not self._hears_session:
            missing.append("NextCall does not notice that nobody is there: neither X (with libXss) nor systemd-logind tells.")
        return tuple(missing)

    # Lock, sleep and idleness by systemd-logind

    async def _hear_logind(self) -> None:
        await _hear("SYSTEM", self._greet_logind, self._on_logind)
        self._hears_logind = self._hears_session = False

    async def _greet_logind(self, bus: _Bus) -> None:
        from jeepney import MatchRule

        await bus.listen_to(MatchRule(type="signal", sender=_LOGIND, interface=_MANAGER, member="PrepareForSleep"))
        await bus.call("/org/freedesktop/login1", _MANAGER, "CanSuspend")
        self._hears_logind = True
        session = await self._own_session(bus)
        if session:
            await bus.listen_to(MatchRule(type="signal", sender=_LOGIND, path=session))
            [now] = await bus.call(session, _PROPERTIES, "GetAll", "s", (_SESSION,))
            self._on_session_changed(now)
            self._hears_session = True

    async def _own_session(self, bus: _Bus) -> str:
        """The object of the session that we are seen in; empty if there is none, as for a program that a service started."""
        from jeepney import DBusErrorResponse

        for method, signature, ours in (("GetSession", "s", "auto"), ("GetSessionByPID", "u", os.getpid())):
            try:
                [path] = await bus.call("/org/freedesktop/login1", _MANAGER, method, signature, (ours,))
            except DBusErrorResponse as refused:
                log.info("%s: %s", method, refused.name)
            else:
                return str(path)
        return ""

    def _on_logind(self, interface: str, member: str, body: tuple[Any, ...]) -> None:
        match interface, member:
            case (_, "PrepareForSleep"):
                self._falls_asleep = bool(body[0])
                self._presence.hear_sleep(on=self._falls_asleep)
                self._hold_changed.set()
            case (_, "Lock" | "Unlock") if interface == _SESSION:
                self._presence.hear_lock(_LOGIND, on=member == "Lock")
            case (_, "PropertiesChanged") if body[0] == _SESSION:
                self._on_session_changed(body[1])

    def _on_session_changed(self, values: dict[str, tuple[str, Any]]) -> None:
        if "LockedHint" in values:
            self._presence.hear_lock(_LOGIND, on=bool(values["LockedHint"][1]))
        if "IdleHint" in values:
            microseconds = values.get("IdleSinceHint", ("t", 0))[1]
            self._idle_since = (microseconds / 1e6 or time.time()) if values["IdleHint"][1] else None

    # Locks by the desktops' screen savers: not every one of them tells logind

    async def _hear_savers(self) -> None:
        await _hear("SESSION", self._greet_savers, self._on_saver)
        self._hears_savers = False

    async def _greet_savers(self, bus: _Bus) -> None:
        from jeepney import MatchRule

        await bus.listen_to(MatchRule(type="signal", member="ActiveChanged"))
        self._hears_savers = True

    def _on_saver(self, interface: str, member: str, body: tuple[Any, ...]) -> None:
        if member == "ActiveChanged" and interface.endswith(".ScreenSaver"):  # of freedesktop, gnome, cinnamon, mate, xfce
            self._presence.hear_lock(interface, on=bool(body[0]))

    # A moment before sleep

    async def _keep_hold(self) -> None:
        """Have a hold while one is wanted. Let it go a moment after a sleep was told, and take another one after waking."""
        hold: _Hold | None = None
        try:
            while True:
                await self._hold_changed.wait()
                self._hold_changed.clear()
                wanted = self._hold_wanted and not self._falls_asleep
                if wanted and hold is None:
                    hold = _Hold()
                    await in_thread(hold.take, "hold of sleep")
                elif not wanted and hold is not None:
                    if self._falls_asleep:
                        await asyncio.sleep(_MOMENT)
                    hold.let_go()
                    hold = None
        finally:
            if hold is not None:
                hold.let_go()


class _Hold:
    """Logind waits before it sleeps until this is let go. It is taken on a thread, and may be let go before it is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = True
        self._file = -1

    def take(self) -> None:
        """Ask logind for it. If there is none to be had, sleep comes without a moment."""
        try:
            file = _inhibit()
        except Exception as wrong:  # noqa: BLE001 - no bus, no service, an odd service: each just means that there is none
            log.info("sleep is not held up: %s", type(wrong).__name__)
            return
        with self._lock:
            if self._wanted:
                self._file = file
                return
        os.close(file)

    def let_go(self) -> None:
        """Let the computer sleep."""
        with self._lock:
            self._wanted = False
            file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def _inhibit() -> int:
    """The file that is a hold for as long as it is open."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection
    from jeepney.wrappers import unwrap_msg

    manager = DBusAddress("/org/freedesktop/login1", bus_name=_LOGIND, interface=_MANAGER)
    wish = ("sleep", "NextCall", "Your phone may be in the queue", "delay")
    with open_dbus_connection("SYSTEM", enable_fds=True) as bus:  # over asyncio, jeepney receives no files
        answer = bus.send_and_get_reply(new_method_call(manager, "Inhibit", "ssss", wish), timeout=_LONGEST_WAIT)
        return int(unwrap_msg(answer)[0].to_raw_fd())


class _Bus:
    """A connection to a bus: calls, and in between whatever is heard."""

    def __init__(self, connection: DBusConnection, heard: Callable[[str, str, tuple[Any, ...]], None]) -> None:
        self._connection = connection
        self._heard = heard

    async def call(self, path: str, interface: str, method: str, signature: str = "", body: tuple[Any, ...] = ()) -> Any:
        """Call a method of logind. Raises DBusErrorResponse."""
        from jeepney import DBusAddress, new_method_call

        return await self._ask(new_method_call(DBusAddress(path, _LOGIND, interface), method, signature or None, body))

    async def listen_to(self, rule: Any) -> None:
        """Hear the signals that the rule matches."""
        from jeepney import message_bus

        await self._ask(message_bus.AddMatch(rule))

    async def hear(self) -> None:
        """Hear one message."""
        self._tell(await self._connection.receive())

    async def _ask(self, message: Message) -> Any:
        from jeepney import HeaderFields
        from jeepney.wrappers import unwrap_msg

        number = next(self._connection.outgoing_serial)
        await self._connection.send(message, serial=number)
        while True:
            heard = await self._connection.receive()
            if heard.header.fields.get(HeaderFields.reply_serial) == number:
                return unwrap_msg(heard)
            self._tell(heard)

    def _tell(self, message: Message) -> None:
        from jeepney import HeaderFields, MessageType

        fields = message.header.fields
        if message.header.message_type is MessageType.signal:
            self._heard(str(fields.get(HeaderFields.interface)), str(fields.get(HeaderFields.member)), message.body)


async def _hear(name: str, greet: Callable[[_Bus], Awaitable[None]], heard: Callable[[str, str, tuple[Any, ...]], None]) -> None:
    """Say what we want to hear on a bus, then hear it, until the bus goes away."""
    from jeepney.io.asyncio import open_dbus_connection

    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            connection = await open_dbus_connection(name)
        async with connection:
            bus = _Bus(connection, heard)
            async with asyncio.timeout(_LONGEST_WAIT):
                await greet(bus)
            while True:
                await bus.hear()
    except Exception as wrong:  # noqa: BLE001 - no bus, no service, an odd service: each just means "not told here"
        log.info("%s bus: %s", name.lower(), type(wrong).__name__)


class _Screen:
    """An X screen, asked for how long nobody has touched it."""

    def __init__(self, x11: ctypes.CDLL, savers: ctypes.CDLL, display: ctypes.c_void_p) -> None:
        self._x11 = x11
        self._savers = savers
        self._display = display
        self._root = ctypes.c_ulong(x11.XDefaultRootWindow(display))

    @classmethod
    def find(cls) -> _Screen | None:
        """The screen that we are on. None on Wayland, where X knows only of what happens in the windows of its own programs."""
        if os.environ.get("WAYLAND_DISPLAY") or not os.environ.get("DISPLAY"):
            return None
        try:
            x11, savers = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXss.so.1")
        except OSError as wrong:
            log.info("idleness is not told by X: %s", wrong)
            return None
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        display = x11.XOpenDisplay(None)
        if not display:
            return None
        screen = cls(x11, savers, ctypes.c_void_p(display))
        if screen.untouched() is None:
            screen.close()
            return None
        return screen

    def untouched(self) -> float | None:
        """Seconds; None if this screen does not tell."""
        told = _ScreenSaverInfo()
        if not self._savers.XScreenSaverQueryInfo(self._display, self._root, ctypes.byref(told)):
            return None
        return float(told.idle) / 1000

    def close(self) -> None:
        """Let the screen go."""
        self._x11.XCloseDisplay(self._display)


class _ScreenSaverInfo(ctypes.Structure):
    """XScreenSaverInfo of X11/extensions/scrnsaver.h; the times are milliseconds."""

    _fields_ = (
        *(("window", ctypes.c_ulong), ("state", ctypes.c_int), ("kind", ctypes.c_int)),
        *(("til_or_since", ctypes.c_ulong), ("idle", ctypes.c_ulong), ("event_mask", ctypes.c_ulong)),
    )
