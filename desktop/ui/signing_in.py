"""The log-in dialog with what is remembered: filled in at once, the key when the keyring gives it, kept when a log-in works."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from desktop.callcenter.model import Function
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import CallCenterError, KeptError
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings
from desktop.tasks import Tasks
from desktop.ui.login import LoginDialog, LoginEntry
from desktop.ui.parts import sentence

log = logging.getLogger(__name__)


class SigningIn(QObject):
    """Without a `memory`, as in a practice, `practice_login` is filled in and nothing is remembered.

    `signed_out` tells whether the agent still is: what comes late from the call center or the keyring is of no use afterwards.
    """

    not_remembered = Signal(str, str)
    """What could not be kept, and what to do."""
    opened = Signal()
    """The dialog is before an agent who is signed out."""

    def __init__(
        self,
        login: LoginDialog,
        center: HostedCallCenter,
        tasks: Tasks,
        memory: Memory | None,
        practice_login: LoginEntry | None,
        signed_out: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._login = login
        self._center = center
        self._tasks = tasks
        self._memory = memory
        self._practice_login = practice_login
        self._signed_out = signed_out
        if memory is not None and "remember" in memory.locked:
            login.lock_remember()

    def open(self) -> None:
        """Show the log-in dialog with what is remembered."""
        known = self._practice_login
        settings = self._memory.settings if self._memory else Settings()
        if not settings.remember:
            settings = msgspec.structs.replace(settings, campaign_id="", phone_number="")
        at_work = self._login.isVisible()  # it was there before us, and the agent with it
        if not at_work:
            self._login.forget_agent_id()
        self._login.fill_in(
            key=known.key if known else "",
            campaign_id=str(known.campaign_id) if known else settings.campaign_id,
            phone_number=known.phone_number if known else settings.phone_number,
            remember=settings.remember and self._memory is not None,
        )
        asks_keyring = self._memory is not None and self._memory.has_login
        self._login.show_key_wait(waiting=asks_keyring)
        if not at_work or self._login.is_untouched:
            self._login.focus_first_gap()
        self._login.show()
        self.opened.emit()
        QTimer.singleShot(0, self._login, self._login.be_ready)  # whoever opens it is still at something
        if self._memory is None:
            return
        if asks_keyring:
            self._tasks.spawn(self._recall_key(self._memory), "key")
        elif self._memory.settings.campaign_id:  # the organisation now wants nothing remembered, or the keyring failed before
            self._tasks.spawn(self._forget(self._memory), "forget")

    async def learn_contract(self) -> None:
        """Read what the call center offers, and offer no more than that."""
        try:
            await self._center.open()
        except CallCenterError as failure:
            if self._signed_out():
                self._login.tell(failure, "NextCall tries again when you press “Call me”.")
        else:
            self._login.offer_call_me(offered=self._center.offers(Function.SEND_AGENT_CALL_BACK))

    async def remember(self, entry: LoginEntry) -> None:
        """Keep what was entered, or forget what was kept, as the agent wants it."""
        memory = self._memory
        if memory is None:
            return
        try:
            if entry.remember:
                await memory.remember_login(entry.key, campaign_id=str(entry.campaign_id), phone_number=entry.phone_number)
            else:
                await memory.forget_login()
        except KeptError as failure:
            log.info("not remembered: %s", failure)
            if entry.remember:
                self.not_remembered.emit(f"{failure.title}.", failure.advice)

    async def _forget(self, memory: Memory) -> None:
        try:
            await memory.forget_login()
        except KeptError as failure:
            log.info("not forgotten: %s", failure)

    async def _recall_key(self, memory: Memory) -> None:
        try:
            self._login.fill_in_key(await memory.key())
        except KeptError as failure:
            log.info("the key was not recalled: %s", failure.reason)
            if self._signed_out() and not self._login.tells_failure:  # a call center out of reach matters more
                self._login.say("The API key could not be read", f"{sentence(failure.reason)} Please enter it once more.")
        finally:
            self._login.show_key_wait(waiting=False)
