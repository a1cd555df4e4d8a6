"""Says in the log-in dialog that there is a newer NextCall, and opens its page on a click.

Asked while an agent is signed out and the dialog is before them; whoever begins a shift ends the question. It must not install
anything: who may do that, and when, is for the organisation to say.
"""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from desktop.outside.updates import Updates
from desktop.tasks import Tasks
from desktop.ui.desk import Desk


class UpdateNotice(QObject):
    """Asks `updates` each time the `desk` offers to log in."""

    def __init__(self, desk: Desk, updates: Updates, tasks: Tasks) -> None:
        super().__init__(desk)
        self._login = desk.login
        self._updates = updates
        self._tasks = tasks
        self._question: asyncio.Task[None] | None = None
        desk.login_offered.connect(self._on_login_offered)
        self._login.call_me_requested.connect(self._on_shift_begins)
        self._login.log_in_requested.connect(self._on_shift_begins)
        self._login.update_requested.connect(self._on_update_requested)

    async def _ask(self) -> None:
        if version := await self._updates.newer():
            self._login.offer_update(version)

    def _on_login_offered(self) -> None:
        if self._question is None or self._question.done():
            self._question = self._tasks.spawn(self._ask(), "newer version")

    def _on_shift_begins(self) -> None:
        if self._question is not None:
            self._question.cancel()

    def _on_update_requested(self) -> None:
        if not QDesktopServices.openUrl(QUrl(self._updates.page)):
            self._login.say("No browser could be opened", f"The page is {self._updates.page}")
