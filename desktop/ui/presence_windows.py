"""What Windows tells of the agent's presence (presence.py): session and power messages to a window, and when the last input was.

Source: WM_WTSSESSION_CHANGE, WM_POWERBROADCAST and GetLastInputInfo in Microsoft's documentation of the Windows API.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import sys
from ctypes import wintypes
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtCore import QByteArray

    from desktop.ui.presence import Presence

assert sys.platform == "win32"  # noqa: S101 - so that the type checker knows, too

log = logging.getLogger(__name__)

_WM_POWERBROADCAST = 0x0218
_SLEEPS = {4: True, 7: False, 18: False}
"""PBT_APMSUSPEND; PBT_APMRESUMESUSPEND, which comes when somebody woke it, and PBT_APMRESUMEAUTOMATIC, which always comes."""
_WM_WTSSESSION_CHANGE = 0x02B1
_LOCKS = {7: True, 8: False}
"""WTS_SESSION_LOCK and WTS_SESSION_UNLOCK."""
_THIS_SESSION = 0


class WindowsComputer:
    """The session of a Windows desktop."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._hears_locks = self._hears_sleep = False
        self._user32 = ctypes.WinDLL("user32")
        self._kernel32 = ctypes.WinDLL("kernel32")

    async def listen(self) -> None:
        """Hear the messages to a window of our own, which is never shown, until cancelled."""
        sessions = ctypes.WinDLL("wtsapi32")
        ear = _Ear(self._presence)
        window = wintypes.HWND(ear.winId())
        self._hears_sleep = True
        self._hears_locks = bool(sessions.WTSRegisterSessionNotification(window, wintypes.DWORD(_THIS_SESSION)))
        if not self._hears_locks:
            log.info("locks are not told by Windows")
        try:
            await asyncio.Event().wait()
        finally:
            if self._hears_locks:
                sessions.WTSUnRegisterSessionNotification(window)
            self._hears_locks = self._hears_sleep = False
            ear.deleteLater()

    def hold_sleep(self, *, on: bool) -> None:
        """Windows waits for some two seconds by itself."""

    def untouched(self) -> float | None:
        """Seconds since the last input to this session."""
        last = _LastInputInfo(ctypes.sizeof(_LastInputInfo), 0)
        if not self._user32.GetLastInputInfo(ctypes.byref(last)):
            return None
        now = int(self._kernel32.GetTickCount())
        return float((now - last.time) & 0xFFFFFFFF) / 1000  # the count begins anew after 49 days

    def lacks(self) -> tuple[str, ...]:
        """What is not told here, in sentences."""
        missing = []
        if not self._hears_locks:
            missing.append("NextCall does not notice that the screen is locked: Windows does not tell it.")
        if not self._hears_sleep:
            missing.append("NextCall does not notice that the computer is about to sleep: it does not listen.")
        return tuple(missing)


class _Ear(QWidget):
    """A window to which Windows tells what happens to the session and to the computer's power."""

    def __init__(self, presence: Presence) -> None:
        super().__init__()
        self.setWindowTitle("NextCall hears the session")
        self._presence = presence

    def nativeEvent(self, _kind: QByteArray | bytes | bytearray | memoryview, address: int) -> object:
        """Hear one message, and let it pass."""
        message = wintypes.MSG.from_address(int(address))
        if message.message == _WM_WTSSESSION_CHANGE and message.wParam in _LOCKS:
            self._presence.hear_lock("Windows", on=_LOCKS[message.wParam])
        elif message.message == _WM_POWERBROADCAST and message.wParam in _SLEEPS:
            self._presence.hear_sleep(on=_SLEEPS[message.wParam])
        return False, 0


class _LastInputInfo(ctypes.Structure):
    """LASTINPUTINFO; `time` is in milliseconds since the computer started."""

    _fields_ = (("size", wintypes.UINT), ("time", wintypes.DWORD))
