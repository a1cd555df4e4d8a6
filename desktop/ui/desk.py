"""One agent's desk: what the windows wish is asked of the shift, and what the shift becomes is shown in the windows.

The only place where windows and shift meet. It holds no widget code and no protocol; the document's loop - connection, popup,
response, and again until the last call - is `_work`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from desktop.callcenter.model import Account, Call, CallResponse, Function
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import CallCenterError, KeptError, NextCallError, NotLoggedIn, NotReached, OutcomeUnknown
from desktop.settings.settings import Settings, SettingsFile
from desktop.settings.vault import Vault
from desktop.shift.session import AgentSession
from desktop.shift.states import IN_QUEUE, State
from desktop.tasks import Tasks, in_thread
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginDialog, LoginEntry
from desktop.ui.notifier import Notifier
from desktop.ui.parts import place
from desktop.ui.popup import PopupWindow
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow
from desktop.ui.tray import Tray

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a live desk remembers: the settings file and the keyring. A practice desk has none."""

    file: SettingsFile
    vault: Callable[[str], Vault]
    """Gives the vault for a service address."""


class Desk(QObject):
    """Windows, shift and wishes of one agent at one call center."""

    practice_requested = Signal()
    settings_changed = Signal(Settings)
    quit_requested = Signal()

    def __init__(
        self, center: HostedCallCenter, settings: Settings, memory: Memory | None, tasks: Tasks, *, practice_key: str = ""
    ) -> None:
        super().__init__()
        self._center = center
        self._settings = settings
        self._memory = memory
        self._tasks = tasks
        self._practice_key = practice_key
        self._session: AgentSession | None = None
        self._shift: asyncio.Task[None] | None = None
        self._wish: asyncio.Future[tuple[CallResponse, bool]] | None = None
        self._hung_up: asyncio.Future[None] | None = None
        self._question: LeaveDialog | None = None
        self._shown: State | None = None
        self._remembering = asyncio.Lock()  # the agent's last word counts, however slow the keyring is

        self._practice = memory is None
        self.login = LoginDialog(practice=self._practice)
        self.window = ShiftWindow(practice=self._practice)
        self.popup = PopupWindow(practice=self._practice)
        self.reminder = HangUpWindow(practice=self._practice)
        self.tray = Tray(self, practice=self._practice)
        self._notifier = Notifier(self.tray.notify, practice=self._practice)

        place(self.login, 0.5, 0.4)
        place(self.window, 1.0, 0.0)
        place(self.popup, 0.15, 0.2)
        place(self.reminder, 0.5, 0.4)

        self.login.call_me_requested.connect(self._on_call_me_requested)
        self.login.log_in_requested.connect(self._on_log_in_requested)
        self.login.practice_requested.connect(self.practice_requested)
        self.login.settings_requested.connect(self._on_settings_requested)
        self.login.close_requested.connect(self.quit_requested)
        self.window.show_call_requested.connect(self.popup.bring_back)
        self.window.leave_requested.connect(self._on_leave_requested)
        self.window.quit_requested.connect(self.quit_requested)
        self.popup.next_call_requested.connect(self._on_next_call_requested)
        self.popup.logoff_requested.connect(self._on_logoff_requested)
        self.reminder.done_requested.connect(self._on_done_requested)
        self.tray.show_requested.connect(self.show)
        self.tray.show_call_requested.connect(self._on_show_call_requested)
        self.tray.quit_requested.connect(self.quit_requested)

    @property
    def state(self) -> State:
        """Where the shift is."""
        return self._session.state if self._session else State.SIGNED_OUT

    # Coming and going

    def open(self) -> None:
        """Show the log-in dialog and learn in the background what it needs: the remembered key, the service's contract."""
        remembered = self._settings
        self.login.fill_in(
            key=self._practice_key,
            campaign_id=remembered.campaign_id,
            phone_number=remembered.phone_number,
            remember=remembered.remember and not self._practice,
        )
        self.login.show_key_wait(waiting=False)
        self.login.focus_first_gap()
        self.login.show()
        self._tasks.spawn(self._learn_contract(), "contract")
        if self._memory is not None and remembered.remember:
            self._tasks.spawn(self._recall_key(self._memory), "key")

    def show(self) -> None:
        """Bring forward what the agent needs now."""
        front = {State.WAITING: self.window, State.LOGGED_OFF: self.reminder}.get(self.state, self.login)
        if self.state in {State.CONNECTED, State.SAVING}:
            front = self.window
        front.showNormal()
        front.raise_()
        front.activateWindow()

    async def may_leave(self) -> bool:
        """Whether the desk can be closed now. Asks while the phone is in the queue, and sees to it that the phone is hung up."""
        if self.state in IN_QUEUE and not await self._leave():
            return False
        if self.state is State.LOGGED_OFF and not self.reminder.isVisible():
            return True
        if self.state is State.LOGGED_OFF:
            self._hung_up = asyncio.get_running_loop().create_future()
            await self._hung_up
        return True

    def use(self, center: HostedCallCenter) -> None:
        """Work with another call center from the next shift on."""
        self._center = center
        self._session = None
        self._tasks.spawn(self._learn_contract(), "contract")

    def tell_crash(self, what: str, where: str) -> None:
        """Say that NextCall itself has failed."""
        for window in (self.login, self.window):
            window.say("NextCall has made a mistake", f"{what} What you typed is still here. For your IT support: {where}", "bad")

    async def close(self) -> None:
        """End what runs and take every window away, without asking."""
        windows = (self.login, self.window, self.popup, self.reminder)
        for window in windows:
            window.hide()
        await self._tasks.cancel_all()  # whatever ends may still tell a window or the tray so
        await self._notifier.call_ended()
        self.tray.close()
        for window in windows:
            window.deleteLater()

    # The shift

    async def _call_me(self, entry: LoginEntry) -> None:
        session = self._session_for(entry)
        try:
            await session.call_me(entry.phone_number)
        except OutcomeUnknown as failure:
            self.login.tell(failure, "Your phone may ring all the same: if it does, type the ID you hear.")
        except CallCenterError as failure:
            self.login.tell(failure, "Your phone was not called.")
        else:
            self._tasks.spawn(self._remember(entry), "remember")  # a keyring's prompt must not keep the agent from logging in

    async def _log_in(self, entry: LoginEntry, agent_id: str) -> None:
        session = self._session_for(entry)
        try:
            await session.log_in(agent_id)
        except OutcomeUnknown as failure:
            self.login.tell(failure, "If you hear hold music, press “Log in” again: you may be in the queue already.")
        except CallCenterError as failure:
            self.login.tell(failure, "You are not logged in.")
        else:
            await self._work(session)

    async def _work(self, session: AgentSession) -> None:
        """The document's loop: connection, popup, response, and again until the last call."""
        try:
            while not await self._take(session, await session.next_call()):
                pass
        except NotLoggedIn as ended:
            self._end_shift(ended)
        else:
            self.reminder.remind(session.stored, hung_up=False)

    async def _take(self, session: AgentSession, call: Call) -> bool:
        """Have the agent fill in the popup until it is stored; tell whether this was the last call."""
        self.popup.show_call(call)
        self._tasks.spawn(self._notifier.call_connected(), "notification")
        while True:
            self._wish = asyncio.get_running_loop().create_future()
            response, last = await self._wish
            self.popup.show_saving()
            try:
                await session.submit(response, last=last)
            except CallCenterError as failure:
                self.popup.tell(failure, _became_of_response(failure))
            else:
                self.popup.hide()
                self._tasks.spawn(self._notifier.call_ended(), "notification")
                return last

    async def _leave(self) -> bool:
        """Ask, then take the agent out of the queue; tell whether the agent wanted it."""
        if self._question is not None:
            self._question.raise_()
            return False
        can_hang_up = self._center.offers(Function.KICK_AGENT)
        self._question = LeaveDialog(self.state, can_hang_up=can_hang_up, practice=self._practice, parent=self.window)
        try:
            wants_to = await self._question.ask()
        finally:
            self._question = None
        session = self._session
        if not wants_to or session is None:
            return False
        await self._stop_shift()
        self.popup.hide()
        self._tasks.spawn(self._notifier.call_ended(), "notification")
        hung_up = await session.hang_up()
        session.leave()
        if session.state is State.LOGGED_OFF:
            self.reminder.remind(session.stored, hung_up=hung_up)
        return True

    def _end_shift(self, failure: NotLoggedIn) -> None:
        """The call center has ended the shift: say so, and start again from the log-in dialog."""
        self.popup.hide()
        self.window.hide()
        self.login.forget_agent_id()
        self.login.show()
        self.login.tell(failure, "Everything that you had stored is stored.")

    async def _stop_shift(self) -> None:
        if self._shift is not None and not self._shift.done():
            self._shift.cancel()
            await asyncio.wait([self._shift])

    def _session_for(self, entry: LoginEntry) -> AgentSession:
        account = Account(entry.key, entry.campaign_id)
        if self._session is None or self._session.account != account:
            self._session = AgentSession(self._center, account, self._on_shift_changed)
        return self._session

    # What is remembered

    async def _learn_contract(self) -> None:
        try:
            await self._center.open()
        except CallCenterError as failure:
            if self.state is State.SIGNED_OUT:
                self.login.tell(failure, "NextCall tries again when you press “Call me”.")
        else:
            self.login.offer_call_me(offered=self._center.offers(Function.SEND_AGENT_CALL_BACK))

    async def _recall_key(self, memory: Memory) -> None:
        self.login.show_key_wait(waiting=True)
        try:
            self.login.fill_in_key(await memory.vault(self._settings.service_url).key())
        except KeptError as failure:
            log.info("the key was not recalled: %s", failure.reason)
            if self._settings.campaign_id and self.state is State.SIGNED_OUT:
                self.login.say("The API key could not be read", f"{failure.reason}. Please enter it once more.")
        finally:
            self.login.show_key_wait(waiting=False)

    async def _remember(self, entry: LoginEntry) -> None:
        if self._memory is None:
            return
        self._settings = msgspec.structs.replace(
            self._settings,
            remember=entry.remember,
            campaign_id=str(entry.campaign_id) if entry.remember else "",
            phone_number=entry.phone_number if entry.remember else "",
        )
        vault = self._memory.vault(self._settings.service_url)
        try:
            async with self._remembering:
                await self._keep(self._settings)
                await (vault.keep(entry.key) if entry.remember else vault.forget())
        except KeptError as failure:
            log.info("not remembered: %s", failure)
            if entry.remember:
                self.window.say(f"{failure.title}.", failure.advice, "warn")

    async def _keep(self, settings: Settings) -> None:
        memory = self._memory
        if memory is not None:
            await in_thread(lambda: memory.file.save(settings), "settings")

    # Slots

    def _on_shift_changed(self) -> None:
        session = self._session
        if session is None:
            return
        if session.state is not self._shown:
            self._shown = session.state
            if self._question is not None:
                self._question.reject()  # what it asked about is no longer so
            self.login.show_state(session.state)
            self.window.show_state(session.state)
            self.window.show_agent(session.agent_id, session.account.campaign_id)
            self.tray.show_state(session.state)
            if session.state in {State.WAITING, State.LOGGED_OFF}:
                self.login.hide()
                self.window.show()
        self.window.show_line(session.line)
        self.window.show_stored(session.stored)

    def _on_call_me_requested(self, entry: LoginEntry) -> None:
        self._start(self._call_me(entry), "call me")

    def _on_log_in_requested(self, entry: LoginEntry, agent_id: str) -> None:
        self._start(self._log_in(entry, agent_id), "shift")

    def _on_next_call_requested(self, response: CallResponse) -> None:
        self._answer(response, last=False)

    def _on_logoff_requested(self, response: CallResponse) -> None:
        self._answer(response, last=True)

    def _on_leave_requested(self) -> None:
        self._tasks.spawn(self._leave(), "leave")

    def _on_show_call_requested(self) -> None:
        if self.state in {State.CONNECTED, State.SAVING}:
            self.popup.bring_back()
        else:
            self.show()

    def _on_done_requested(self) -> None:
        self.reminder.hide()
        if self._session is not None and self._session.state is State.LOGGED_OFF:
            self._session.done()
            self._session = None  # a new shift counts its own calls
        if self._hung_up is not None and not self._hung_up.done():
            self._hung_up.set_result(None)  # the program was only waiting for this
            return
        self.window.hide()
        self.login.forget_agent_id()
        self.login.show()
        self.login.focus_first_gap()

    def _on_settings_requested(self) -> None:
        dialog = SettingsDialog(self._settings, practice=self._practice, parent=self.login)
        dialog.changed.connect(self._on_settings_changed)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_settings_changed(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks.spawn(self._apply(settings), "settings")

    async def _apply(self, settings: Settings) -> None:
        try:
            await self._keep(settings)
        except NextCallError as failure:
            self.login.tell(failure)
        self.settings_changed.emit(settings)

    def _start(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        if self._shift is not None and not self._shift.done():
            coroutine.close()  # pressed twice
            return
        self._shift = self._tasks.spawn(coroutine, name)

    def _answer(self, response: CallResponse, *, last: bool) -> None:
        if self._wish is not None and not self._wish.done():
            self._wish.set_result((response, last))


def _became_of_response(failure: CallCenterError) -> str:
    """What became of disposition and notes when they could not be stored, in words."""
    match failure:
        case NotReached():
            return "This call is not stored yet; your entries are still here. Press the button again."
        case NotLoggedIn():
            return "This call is not stored; your entries are still here. “Logoff” stores them and ends your shift."
        case OutcomeUnknown():
            return "Nobody can tell whether this call is stored; your entries are still here. Pressing again stores it once more."
        case _:
            return "This call is not stored; your entries are still here."
