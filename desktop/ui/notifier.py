"""A notification, above all when a call is connected. It is a hint: the truth is in the windows.

On Linux it goes to the desktop's notification service (notifier_linux.py), because not every desktop shows a tray's own balloon;
elsewhere, and where that service is missing, it goes through the tray. It names nobody unless it is told whom: a notification may
be seen by anybody.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QObject, Signal

from desktop.ui.notifier_linux import NotificationService


class Way(Enum):
    """How a notification was shown."""

    SERVICE = "by the desktop's notification service"
    TRAY = "through the tray"
    NONE = "not at all"


class Notifier(QObject):
    """Tells that a call is connected; `through_tray(title, text)` is the other way, and tells whether it can be gone."""

    pressed = Signal()
    """The agent has clicked the notification. On Wayland a window may come forward for as long as this is handled."""

    usual_way = Way.SERVICE if sys.platform == "linux" else Way.TRAY
    """How notifications are shown on this system, if nothing is wrong."""

    def __init__(self, through_tray: Callable[[str, str], bool], *, practice: bool) -> None:
        super().__init__()
        self._through_tray = through_tray
        self._name = "NextCall practice" if practice else "NextCall"
        self._service = NotificationService(self._on_pressed) if sys.platform == "linux" else None
        self._latest = 0
        self._closed = False

    async def call_connected(self, who: str = "") -> Way | None:
        """Say that somebody is on the line, instead of what was said before. Without `who`, nobody is named.

        Gives None if the call, or everything, was over before it could be told.
        """
        name = "".join(letter for letter in who if letter.isprintable())  # nothing that breaks a line or turns its direction
        known = f"{name} is on your line." if name else "Somebody is on your line. The popup shows who it is."
        return await self._show(f"{self._name}: call connected", known)

    async def tell(self, title: str, text: str) -> Way | None:
        """Say something else that the agent must not miss, instead of what was said before."""
        return await self._show(f"{self._name}: {title}", text)

    async def take_away(self) -> None:
        """Take the notification away: it would only mislead now."""
        self._latest += 1
        if self._service is not None:
            await self._service.take_away()

    async def try_out(self) -> Way | None:
        """Show what a notification looks like. It goes by itself."""
        return await self._show(f"{self._name}: a test", "You are told of a call like this.", passing=True)

    async def has_service(self) -> bool:
        """Whether a notification service answers; never where there is no such thing. Nothing is shown."""
        return self._service is not None and await self._service.answers()

    async def close(self) -> None:
        """Leave nothing on the screen, and show nothing any more."""
        self._latest += 1
        self._closed = True
        if self._service is not None:
            await self._service.close()

    async def _show(self, title: str, text: str, *, passing: bool = False) -> Way | None:
        if self._closed:
            return None
        self._latest += 1
        number = self._latest
        if self._service is not None and await self._service.show(title, text, passing=passing):
            return Way.SERVICE
        if number != self._latest:
            return None
        return Way.TRAY if self._through_tray(title, text) else Way.NONE

    def _on_pressed(self, token: str) -> None:
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token  # where Qt looks for it when a window wants to come forward
        self.pressed.emit()
        os.environ.pop("XDG_ACTIVATION_TOKEN", None)
