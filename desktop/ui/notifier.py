"""A notification when a call is connected. It is a hint: the truth is in the windows.

On Linux it goes to org.freedesktop.Notifications, because not every desktop shows a tray's own balloon; elsewhere, and where that
service is missing, it goes through the tray. It names nobody: a notification may be seen by anybody.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable

log = logging.getLogger(__name__)

_LONGEST_WAIT = 2.0
"""Seconds that the notification service may take before the tray is used instead."""


class Notifier:
    """Tells that a call is connected; `through_tray(title, text)` is the other way."""

    def __init__(self, through_tray: Callable[[str, str], None], *, practice: bool) -> None:
        self._through_tray = through_tray
        self._name = "NextCall practice" if practice else "NextCall"
        self._shown = 0
        self._turn = asyncio.Lock()  # the next call may come before the notification of the last one is gone

    async def call_connected(self) -> None:
        """Say that somebody is on the line."""
        title, text = f"{self._name}: call connected", "Somebody is on your line. The popup shows who it is."
        async with self._turn:
            if not await self._ask("Notify", title, text):
                self._through_tray(title, text)

    async def call_ended(self) -> None:
        """Take the notification away: it would only mislead now."""
        async with self._turn:
            if self._shown:
                await self._ask("CloseNotification")

    async def _ask(self, method: str, title: str = "", text: str = "") -> bool:
        if sys.platform != "linux":
            return False
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.asyncio import open_dbus_router
        from jeepney.wrappers import unwrap_msg

        address = DBusAddress(
            "/org/freedesktop/Notifications", bus_name="org.freedesktop.Notifications", interface="org.freedesktop.Notifications"
        )
        if method == "Notify":
            hints = {"urgency": ("y", 1), "category": ("s", "call.incoming"), "desktop-entry": ("s", "nextcall")}
            body: tuple[object, ...] = ("NextCall", self._shown, "nextcall", title, text, [], hints, -1)
            message = new_method_call(address, method, "susssasa{sv}i", body)
        else:
            message = new_method_call(address, method, "u", (self._shown,))
        try:
            async with asyncio.timeout(_LONGEST_WAIT), open_dbus_router(bus="SESSION") as router:
                answer = unwrap_msg(await router.send_and_get_reply(message))
        except Exception as wrong:  # noqa: BLE001 - no bus, no service, an odd service: each just means "not shown there"
            log.info("no notification service: %s", type(wrong).__name__)
            return False
        self._shown = answer[0] if method == "Notify" else 0
        return True
