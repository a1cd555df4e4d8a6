"""One agent's desk: what the windows wish is asked of the shift, and what the shift becomes is shown in the windows.

The only place where windows and shift meet. It holds no widget code and no protocol; the document's loop - connection, popup,
response, and again until the last call - is `_work`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.callcenter.model import Account, Call, CallResponse, Function
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import (
    CallCenterError,
    JournalNotKept,
    LinkRefused,
    NotLoggedIn,
    OutcomeUnknown,
)
from desktop.link import Link
from desktop.popup.current import NONE
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings
from desktop.shift import receipt
from desktop.shift.journal import Callback, Draft, Journal, ShiftRecord
from desktop.shift.session import AgentSession, now
from desktop.shift.states import IN_QUEUE, State
from desktop.tasks import Tasks, in_thread
from desktop.ui.alert_settings import choices
from desktop.ui.alongside import Alongside
from desktop.ui.campaign import Campaign
from desktop.ui.channels import Channels
from desktop.ui.coming import Coming
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.history import History
from desktop.ui.kept_notes import KeptNotes
from desktop.ui.keyboard import Keyboard
from desktop.ui.leaving import LeaveDialog
from desktop.ui.links import Links
from desktop.ui.login import LoginDialog, LoginEntry
from desktop.ui.notifier import Notifier
from desktop.ui.parts import bring_forward, place
from desktop.ui.places import Places
from desktop.ui.popup import PopupWindow
from desktop.ui.preferences import Preferences
from desktop.ui.promises import Promises
from desktop.ui.recovering import Recovering
from desktop.ui.recovery import RecoveryDialog
from desktop.ui.shift_window import ShiftWindow
from desktop.ui.signing_in import SigningIn
from desktop.ui.sound import Sound
from desktop.ui.tray import Tray

log = logging.getLogger(__name__)

_LATEST = 50
"""Milliseconds after which the windows show that a call has come although its popup could not be painted until then, or that one
is stored although the question for the next could not be asked until then."""


def _nobody() -> None:
    """Whom there is to tell when nobody is left to be told."""


class Desk(QObject):
    """Windows, shift and wishes of one agent at the call center that is at `service_url`.

    A practice desk has no `memory` but a `practice_login`, which fills in the log-in dialog. Without a `campaign` every popup
    is that of the empty profile. A `login` dialog may be on the screen already, with what the agent has typed into it.
    """

    practice_requested = Signal()
    settings_changed = Signal(Settings, object)
    preview_requested = Signal(Path)
    state_changed = Signal(State)
    login_offered = Signal()
    quit_requested = Signal()
    supervisor_requested = Signal()

    def __init__(  # noqa: PLR0913, PLR0915 - it is where they all meet
        self,
        center: HostedCallCenter,
        service_url: str,
        journal: Journal,
        tasks: Tasks,
        memory: Memory | None = None,
        *,
        practice_login: LoginEntry | None = None,
        campaign: Campaign | None = None,
        login: LoginDialog | None = None,
    ) -> None:
        super().__init__()
        self._center = center
        self._service_url = service_url
        self._journal = journal
        self._memory = memory
        self._tasks = tasks
        self._campaign = campaign
        self._session: AgentSession | None = None
        self._shift: asyncio.Task[None] | None = None
        self._wish: asyncio.Future[tuple[CallResponse, bool]] | None = None
        self._hung_up: asyncio.Future[None] | None = None
        self._question: LeaveDialog | None = None
        self._shown: State | None = None
        self._someone = ""
        """The journal's name for somebody whom the agent hears and the call center has not told of."""

        self._practice = practice = memory is None
        settings = memory.settings if memory else Settings()
        self.login = login or LoginDialog(practice=practice)
        self.window = ShiftWindow(practice=practice)
        self.popup = PopupWindow(practice=practice)
        self.coming = Coming(self.popup, practice=practice, manner=settings.popup)
        self.reminder = HangUpWindow(practice=practice)
        self.recovery: RecoveryDialog | None = None
        self.tray = Tray(self, practice=practice)
        self.tray.may_hide(self.window)
        notifier = Notifier(self.tray.notify, practice=practice)
        self._sound = Sound(self)
        self.channels = Channels(notifier, self.tray, self.popup, self.window, tasks, self._sound)
        self.channels.choose(choices(settings))
        self._alongside = Alongside(self.channels, tasks, campaign.webhooks if campaign else None)
        self._promises = Promises(journal, tasks, practice=practice)
        self.callbacks = self._promises.window
        self._kept_notes = KeptNotes(journal, tasks, practice=practice)
        self._history = History(journal, tasks, campaign, practice=practice)
        self._signing_in = SigningIn(self.login, center, tasks, memory, practice_login, lambda: self.state is State.SIGNED_OUT)
        self._links = Links(memory.folder / "profiles" if memory else None, campaign)
        self._keyboard = Keyboard(self, practice=practice)
        self._keyboard.bind((self.login, self.window, self.popup, self.reminder, self.callbacks, self._kept_notes.window))
        self._keyboard.set_hotkeys(settings.shortcuts.chosen())
        self._preferences = Preferences(self.login, tasks, memory, self.channels, self._sound, self._keyboard)
        if memory is not None:
            self.popup.set_undo(settings.undo_seconds, fixed="undo_seconds" in memory.locked)
        if login is None:
            place(self.login, 0.5, 0.4)
        place(self.window, 1.0, 0.1 if settings.popup == "strip" else 0.0)  # its head is not to be below the strip
        place(self.popup, 0.15, 0.2)
        place(self.reminder, 0.5, 0.4)
        self._places = Places(memory.folder / "places.json") if memory else None  # a practice leaves nothing behind
        if self._places is not None:
            names = {"NextCall": self.window, "call": self.popup, "strip": self.coming.strip, "callbacks": self.callbacks}
            for name, window in names.items():
                self._places.watch(window, name)
        self._still_to_tell: Callable[[], None] = _nobody
        """Of the call whose popup comes up just now: whom else to tell that it is there."""
        self._catching_up = QTimer(self)
        self._catching_up.setSingleShot(True)
        self._catching_up.setInterval(_LATEST)
        self._connect()

    @property
    def state(self) -> State:
        """Where the shift is."""
        return self._session.state if self._session else State.SIGNED_OUT

    def _connect(self) -> None:
        """Which wish is heard where."""
        self.login.call_me_requested.connect(self._on_call_me_requested)
        self.login.log_in_requested.connect(self._on_log_in_requested)
        self.login.practice_requested.connect(self.practice_requested)
        self.login.settings_requested.connect(self._preferences.open)
        self.login.close_requested.connect(self.quit_requested)
        self._signing_in.opened.connect(self.login_offered)
        self._signing_in.not_remembered.connect(lambda title, advice: self.window.say(title, advice, "warn"))
        self._preferences.changed.connect(self.settings_changed)
        self._preferences.preview_requested.connect(self.preview_requested)
        self._keyboard.pressed.connect(self._on_hotkey)
        self.window.show_call_requested.connect(self.coming.open)
        self.window.someone_heard.connect(self._on_someone_heard)
        self.window.leave_requested.connect(self._on_leave_requested)
        self.window.quit_requested.connect(self.quit_requested)
        self.coming.came.connect(self._catch_up)
        self._catching_up.timeout.connect(self._catch_up)
        self.popup.next_call_requested.connect(self._on_next_call_requested)
        self.popup.logoff_requested.connect(self._on_logoff_requested)
        self.popup.draft_changed.connect(self._on_draft_changed)
        self.popup.wait_on_requested.connect(self._on_wait_on_requested)
        self.popup.leave_requested.connect(self._on_leave_requested)
        self.popup.aid_requested.connect(self._on_aid_requested)
        self.popup.link_requested.connect(self._alongside.aids.open_link)
        self._alongside.failed.connect(lambda sentence: self.popup.say("This was not done", sentence))
        self._promises.due.connect(self._on_callbacks_due)
        self._promises.counted.connect(self.window.show_callbacks)
        self._promises.counted.connect(lambda count, _due: self.tray.show_callbacks(count))
        self.window.callbacks_requested.connect(self._promises.show_window)
        for window in (self.login, self.reminder):
            self._kept_notes.counted.connect(window.show_kept_notes)
            window.kept_notes_requested.connect(self._kept_notes.show_window)
        for way in (self.login, self.window, self.tray, self._keyboard):
            way.history_requested.connect(self._history.show_window)
        self._history.made.connect(self._on_history_made)
        self._history.link_requested.connect(self._alongside.aids.open_link)
        self.state_changed.connect(self._history.look_up)
        if self._campaign is not None:
            self._campaign.troubled.connect(lambda title, text: self.window.say(title, text, "warn"))
            self._campaign.looked_up.connect(self._on_profile_looked_up)
        self.reminder.done_requested.connect(self._on_done_requested)
        self.reminder.save_requested.connect(self._on_save_requested)
        self.tray.show_requested.connect(self.show)
        self.tray.show_call_requested.connect(self._on_show_call_requested)
        self.tray.someone_heard.connect(self._on_someone_heard)
        self.tray.callbacks_requested.connect(self._promises.show_window)
        self.tray.leave_requested.connect(self._on_leave_requested)
        self.channels.show_call_requested.connect(self._on_show_call_requested)
        self.channels.troubled.connect(lambda words: self.window.say("You are not told of calls as you chose", words, "warn"))
        self.tray.quit_requested.connect(self.quit_requested)

    # Coming and going

    def open(self) -> None:
        """Begin: with what an earlier start left unsettled, if there is any, else with the log-in dialog."""
        self._start(self._begin(), "shift")

    def show(self) -> None:
        """Bring forward what the agent needs now."""
        front: QWidget = self.login
        if self.recovery is not None:
            front = self.recovery
        elif self.state is State.LOGGED_OFF:
            front = self.reminder
        elif self.state in {State.WAITING, State.CONNECTED, State.SAVING}:
            front = self.window
        bring_forward(front)

    def rearm(self) -> None:
        """Ask for the next call anew: the line may be dead without anybody having noticed."""
        if self._session is not None:
            self._session.rearm()

    def offer_supervisor(self, windows: Iterable[QWidget]) -> None:
        """Have ways to the supervisor's window, and in all its `windows` the keys that work in every one."""
        self._keyboard.bind(windows)
        for place_of_it in (self.login, self.window, self.tray):
            place_of_it.offer_supervisor()
            place_of_it.supervisor_requested.connect(self.supervisor_requested)

    def show_lacks(self, lacks: Callable[[], tuple[str, ...]]) -> None:
        """Have the settings say what this computer does not tell, in sentences that are asked for when they are opened."""
        self._preferences.lacks = lacks

    async def may_leave(self) -> bool:
        """Whether the desk can be closed now. Asks while the phone is in the queue, and sees to it that the phone is hung up."""
        if self.state in IN_QUEUE and not await self._leave():
            return False
        if self.state is State.LOGGED_OFF:  # the reminder is there, or about to come
            self._hung_up = asyncio.get_running_loop().create_future()
            await self._hung_up
        return True

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away from the computer: then nobody sees whom they have on the line."""
        self.coming.set_covered(covered=covered)
        self.window.set_covered(covered=covered)
        self._promises.set_covered(covered=covered)
        self._kept_notes.set_covered(covered=covered)
        self._history.set_covered(covered=covered)
        self.channels.set_covered(covered=covered)

    def tell_forgotten(self, minutes: int) -> None:
        """Nobody has touched the computer for so long, and the phone is in the queue."""
        words = f"Nobody has touched this computer for {minutes} minutes. Nothing happens by itself: “Leave” takes you out."
        self.window.say("Your phone is still in the queue", words, "warn")
        self.channels.tell("Still there?", "Your phone is still in the queue.")

    def tell_returned(self) -> None:
        """Somebody touches it again: nobody need be asked. What the window says stays, until the state changes."""
        self.channels.take_back_said()

    def tell_sleep(self) -> None:
        """The computer is about to sleep while the phone is in the queue."""
        words = "Your phone stays in the queue and people are still connected to it. Hang it up if you are leaving."
        self.window.say("The computer goes to sleep", words, "warn")
        self.channels.tell("The computer goes to sleep", words)

    def tell_awake(self) -> None:
        """It has slept."""
        words = "Your phone stayed in the queue. NextCall asks the call center anew. If you hear somebody: “I hear someone”."
        self.window.say("The computer was asleep", words, "warn")

    async def follow(self, link: Link) -> None:
        """Prepare a log-in as a link wants it, if the agent agrees. Nothing is sent."""
        if self.state is not State.SIGNED_OUT or self._practice or self.recovery is not None:
            self.show()
            front = self.login if self.state is State.SIGNED_OUT else self.window
            front.say("A link was clicked", "It can be followed when you are signed out, and not in a practice.", "warn")
            return
        if await self._links.ask(link, self.login):
            self.show()

    def tell_link_refused(self, refused: LinkRefused) -> None:
        """Say that a link was clicked that is not followed."""
        front = self.login if self.state is State.SIGNED_OUT else self.window
        front.tell(refused)

    def tell_crash(self, what: str, where: str) -> None:
        """Say that NextCall itself has failed."""
        for window in (self.login, self.window):
            window.say("NextCall has made a mistake", f"{what} What you typed is still here. For your IT support: {where}", "bad")

    def tell_journal(self, trouble: JournalNotKept) -> None:
        """Say, for as long as it is so, that the agent's work is not kept on the disk."""
        self.window.warn(trouble)
        self.login.tell(trouble)

    def tell_outside(self, sentence: str) -> None:
        """Say that a system other than the call center was not told of a call."""
        self.window.say("Another system does not know of your calls", f"{sentence} Your calls are not affected.", "warn")

    async def close(self) -> None:
        """End what runs and take every window away, without asking."""
        # the recovery dialog goes with its task
        others = (self.reminder, self.callbacks, self._kept_notes.window, *filter(None, (self._history.window,)))
        windows = (self.login, self.window, self.popup, self.coming.strip, *others)
        for window in windows:
            window.hide()
        self._still_to_tell = _nobody
        self._catching_up.stop()
        self.coming.call_ended()  # what could still be taken back is not sent
        self._promises.set_quiet(quiet=True)
        await self._alongside.close()
        await self._tasks.cancel_all()  # whatever ends may still tell a window or the tray so
        self._catching_up.stop()  # a call may have come meanwhile
        self.tray.close()
        self._sound.end()
        self._keyboard.close()
        if self._places is not None:
            await in_thread(self._places.close, "places")
        for window in windows:
            window.deleteLater()

    # The shift

    async def _begin(self) -> None:
        self._tasks.spawn(self._signing_in.learn_contract(), "contract")
        self._promises.look_up()
        self._kept_notes.look_up()
        for record in await self._journal.unfinished():
            if record.service != self._service_url:
                log.info("calls of another call center are unsettled; they are asked about when it is the one in the settings")
            elif self._memory is not None and await self._recover(self._memory, record):
                return
        self._signing_in.open()

    async def _call_me(self, entry: LoginEntry) -> None:
        session = self._session_for(entry)
        try:
            await session.call_me(entry.phone_number)
        except OutcomeUnknown as failure:
            self.login.tell(failure, "Your phone may ring all the same: if it does, type the ID you hear.")
        except CallCenterError as failure:
            self.login.tell(failure, "Your phone was not called.")
        else:
            self._tasks.spawn(
                self._signing_in.remember(entry), "remember"
            )  # a keyring's prompt must not keep the agent from logging in

    async def _log_in(self, entry: LoginEntry, agent_id: str) -> None:
        session = self._session_for(entry)
        try:
            await session.log_in(agent_id)
        except OutcomeUnknown as failure:
            self.login.tell(failure, "If you hear hold music, press “Log in” again: you may be in the queue already.")
        except NotLoggedIn as failure:  # the phone was hung up, or the ID is of another call
            words = "Press “Call me”, stay on the line, and type the ID that you hear then."
            self.login.tell(NotLoggedIn(failure.reason, title="You are not logged in", advice=words))
        except CallCenterError as failure:
            self.login.tell(failure, "You are not logged in.")
        else:
            await self._work(session)

    async def _work(self, session: AgentSession) -> None:
        """The document's loop: connection, popup, response, and again until the last call."""
        self._tasks.spawn(self.channels.self_test(), "self-test")
        if self._campaign is not None:
            self._campaign.look_up(session.account.campaign_id)
        try:
            while not await self._take(session, await session.next_call()):
                pass
        except NotLoggedIn as ended:
            await self._end_shift(session, ended)
        else:
            await self._remind(session, hung_up=session.kicked)

    async def _take(self, session: AgentSession, call: Call) -> bool:
        """Have the agent fill in the popup until it is stored; tell whether this was the last call."""
        profile = await self._campaign.for_call(session.account.campaign_id) if self._campaign else NONE
        if self._someone and session.draft == Draft():
            self._journal.someone_told(session.number, self._someone, call)
            self._someone = ""
            self.popup.tell_who(call)
        else:
            self._close_popup()
            self.popup.show_call(call, session.draft, fixed=session.fixed, last_only=session.last_only, profile=profile)
        self.popup.offer_aids(self._alongside.aids.labels(self.popup.form.facts))
        self.coming.call_connected(in_full=session.fixed or session.last_only)
        self._still_to_tell = lambda: self._alongside.call_connected(self.popup.form, known_before=session.known_before)
        self._catching_up.start()
        while True:
            self._wish = asyncio.get_running_loop().create_future()
            response, last = await self._wish
            self._catch_up()
            self.coming.show_saving()
            form = self.popup.form
            self._promises.keep(session.number, form)
            try:
                await session.submit(response, last=last)
            except CallCenterError as failure:
                self._tell_not_stored(session, failure, last=last)
            else:
                self._alongside.call_stored(form)
                self._still_to_tell = lambda: self._tell_stored(session)
                if last:
                    self._catch_up()
                return last

    def _tell_stored(self, session: AgentSession) -> None:
        self.coming.call_ended()
        if self._campaign is not None and session.state is State.WAITING:
            self._campaign.look_up(session.account.campaign_id)  # so that a new form is built while nobody waits for it

    async def _recover(self, memory: Memory, record: ShiftRecord) -> bool:
        """Settle the calls that an earlier start left open, as the agent says; tell whether that led into a shift."""
        self.login.hide()  # where it was the first window: it could not be told that there is this to settle
        recovering = Recovering(record, memory, self._begin_session, self._forget_session)
        self.recovery = recovering.dialog
        self._keyboard.bind((recovering.dialog,))
        try:
            recovered = await recovering.run(self._tasks)
        finally:
            self.recovery = None
        if recovered is None:
            return False
        session = recovered.session
        for entry in recovered.left_to_agent:
            if session.state is State.LOGGED_OFF:
                session.done()
            session.take_up(entry.call)
            await self._take(session, entry.call)
        if session.state is State.WAITING:
            await self._work(session)
        elif recovered.connected:
            await self._remind(session, hung_up=False)
        else:
            await self._tell_settled(session)
        return recovered.connected

    async def _tell_settled(self, session: AgentSession) -> None:
        """Say in the log-in dialog what became of the calls of an earlier start."""
        self._forget_session()
        self.window.hide()
        record = await self._journal.shift(session.number)
        if record.open_entries:
            self.login.say("Some of your earlier calls are not settled yet", f"{receipt.summary(record)}.")
        else:
            self.login.say("Your earlier calls are stored", f"{receipt.summary(record)}.", "good")

    async def _leave(self) -> bool:
        """Ask, then take the agent out of the queue; tell whether the agent wanted it."""
        session = self._session
        if session is None:
            return True
        self._catch_up()  # or the question would go away with the state before
        if self._question is not None:
            self._question.raise_()
            return False
        can_hang_up = self._center.offers(Function.KICK_AGENT)
        asked_in = self.state
        self._question = LeaveDialog(
            asked_in,
            can_hang_up=can_hang_up,
            kept=self._journal.lasting,
            practice=self._practice,
            parent=self.window,
            refused=session.refused,
            kicked=session.kicked,
        )
        try:
            wants_to = await self._question.ask()
        finally:
            self._question = None
        if not wants_to or self.state is not asked_in:  # somebody has been connected in that very moment
            return False
        await self._stop_shift()
        self._close_popup()
        self._alongside.call_ended()
        hung_up = await session.hang_up()
        session.leave()
        if session.state is State.LOGGED_OFF:
            await self._remind(session, hung_up=hung_up)
        return True

    async def _remind(self, session: AgentSession, *, hung_up: bool) -> None:
        record = await self._journal.shift(session.number) if session.number else None  # given up before the log-in
        self._kept_notes.look_up()
        self.reminder.remind(record, hung_up=hung_up)

    async def _end_shift(self, session: AgentSession, failure: NotLoggedIn) -> None:
        """The call center has ended the shift: say so, and start again from the log-in dialog."""
        self._catch_up()
        self._close_popup()
        record = await self._journal.shift(session.number)
        self._kept_notes.look_up()
        self.window.hide()
        self._signing_in.open()
        became = [f"{receipt.summary(record)}." if record.entries else "No call was connected."]
        if session.unsure and self._journal.lasting:
            became.append("NextCall asks you at its next start about what is not sure.")
        if any(not entry.told and entry.draft != Draft() for entry in record.entries):
            became.append("What you noted of somebody who was never named is under “Kept notes”.")
        reason = failure.reason or "A supervisor or the call center has ended your shift"
        advice = "If you still hear something, hang up your phone. To go on, log in again."
        self.login.tell(NotLoggedIn(reason, advice=advice), " ".join(became))
        self.channels.tell("Your shift has ended", "The call center has ended it. To go on, log in again.")

    def _tell_not_stored(self, session: AgentSession, failure: CallCenterError, *, last: bool) -> None:
        """Say in the popup that the response is not stored, and which way on is left."""
        became = "This call is not stored; your entries are still here."
        if last:
            became += " If it cannot be stored at all, “Leave” ends your shift and lists them under “Kept notes”."
        elif isinstance(failure, NotLoggedIn):
            became += " “Logoff” stores them and ends your shift."
            failure = NotLoggedIn(failure.reason, advice="If your phone is still connected, hang it up then, and log in again.")
        self.popup.tell(failure, became, last_only=session.kicked, can_leave=last)

    def _close_popup(self) -> None:
        """Nobody is on the line any more, whether the call center had told of somebody or not."""
        self._still_to_tell = _nobody
        self.coming.call_ended()  # which keeps the last of what was entered, still under the name of the somebody
        self._someone = ""

    def _forget_session(self) -> None:
        """Be signed out, whatever the shift says: a new one counts its own calls."""
        self._session = self._shown = None
        self.login.show_state(State.SIGNED_OUT)
        self.window.show_state(State.SIGNED_OUT)
        self.tray.show_state(State.SIGNED_OUT)
        self.state_changed.emit(State.SIGNED_OUT)

    async def _stop_shift(self) -> None:
        if self._shift is not None and not self._shift.done():
            self._shift.cancel()
            await asyncio.wait([self._shift])

    def _session_for(self, entry: LoginEntry) -> AgentSession:
        account = Account(entry.key, entry.campaign_id)
        if self._session is None or self._session.account != account:
            self._session = self._new_session(account)
        return self._session

    def _begin_session(self, account: Account) -> AgentSession:
        self._session = self._new_session(account)
        return self._session

    def _new_session(self, account: Account) -> AgentSession:
        return AgentSession(self._center, account, self._journal, self._on_shift_changed, place=self._service_url)

    # Slots

    def _on_shift_changed(self) -> None:
        """A call that comes is first of all shown by the popup, and when one is stored the next is first of all asked for: these
        are waited for, a moment. All else is shown at once."""
        match self._shown, self.state:
            case (State.WAITING, State.CONNECTED) | (State.SAVING, State.WAITING) if not self._catching_up.isActive():
                self._catching_up.start()
            case State.SAVING, State.WAITING:  # asked
                self._catch_up()
            case State.WAITING, State.CONNECTED:
                pass
            case _:
                self._show_shift()

    def _catch_up(self) -> None:
        """Show and tell what comes after the popup."""
        self._catching_up.stop()
        self._show_shift()
        tell, self._still_to_tell = self._still_to_tell, _nobody
        tell()

    def _show_shift(self) -> None:
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
            self.state_changed.emit(session.state)
            self._promises.set_quiet(quiet=session.state in {State.CONNECTED, State.SAVING})
            if session.state in {State.WAITING, State.CONNECTED, State.LOGGED_OFF}:
                self.login.hide()
                if not self.tray.hides_window:
                    self.window.show()
        if self.recovery is not None:
            self.recovery.show_trouble(session.line)
        elif session.state is State.SAVING:
            self.popup.show_trouble(session.line)
        self.window.show_line(session.line)
        self.window.show_standstill(session.standstill)
        self.tray.show_standstill(session.standstill.refusal.title.lower() if session.standstill else "")
        self.window.show_stored(session.stored, session.unsure)

    def _on_call_me_requested(self, entry: LoginEntry) -> None:
        self._start(self._call_me(entry), "call me")

    def _on_log_in_requested(self, entry: LoginEntry, agent_id: str) -> None:
        self._start(self._log_in(entry, agent_id), "shift")

    def _on_next_call_requested(self, response: CallResponse) -> None:
        self._answer(response, last=False)

    def _on_logoff_requested(self, response: CallResponse) -> None:
        self._answer(response, last=True)

    def _on_profile_looked_up(self) -> None:
        if self.state is State.WAITING and not self._someone and self._campaign is not None:
            self.popup.prepare(self._campaign.profile)

    def _on_history_made(self, window: QWidget) -> None:
        self._keyboard.bind((window,))
        if self._places is not None:
            self._places.watch(window, "history")

    def _on_draft_changed(self, draft: Draft) -> None:
        session = self._session
        if session is not None and session.number:
            call_id = self._someone or (session.call.id if session.call else "")
            self._journal.draft_changed(session.number, call_id, draft)

    def _on_someone_heard(self) -> None:
        """The agent hears somebody and sees nothing: notes at once, and the question to the call center anew."""
        self._catch_up()  # or the popup would go away with the call before
        session = self._session
        if session is None or session.state is not State.WAITING or self.recovery is not None:
            return
        if not self._someone:
            self._someone = f"heard at {now().isoformat(timespec='milliseconds')}"
            self._journal.someone_heard(session.number, self._someone)
            self.popup.show_someone(self._campaign.profile if self._campaign else NONE)
            self._promises.set_quiet(quiet=True)
            self.window.show_someone(heard=True)
        self.coming.someone_heard()
        session.rearm()

    def _on_wait_on_requested(self) -> None:
        self._close_popup()
        self._promises.set_quiet(quiet=False)
        self.window.show_someone(heard=False)

    def _on_aid_requested(self, name: str) -> None:
        self._alongside.aids.do(name, self.popup.form.facts)

    def _on_callbacks_due(self, due: tuple[Callback, ...]) -> None:
        """Between calls only. A notification would name somebody, or nobody in particular: the NextCall window tells."""
        who = due[0].caller or due[0].phone_number or "somebody"
        more = f" and {len(due) - 1} more" if len(due) > 1 else ""
        words = "You promised to call {}. “Callbacks” shows when and whom."
        self.window.say("A callback is due", words.format(f"{who}{more}"), "warn", unnamed=words.format(f"somebody{more}"))

    def _on_hotkey(self, action: str) -> None:
        """A key was pressed in whatever program. Nothing is stored that is not seen."""
        match action:
            case "show_call":
                self._on_show_call_requested()
            case "next_call" if self.state is State.CONNECTED:
                self.coming.press_next_call()
            case "hear_someone":
                self._on_someone_heard()

    def _on_leave_requested(self) -> None:
        self._tasks.spawn(self._leave(), "leave")

    def _on_show_call_requested(self) -> None:
        if self.state in {State.CONNECTED, State.SAVING}:
            self.coming.open()
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
        self._signing_in.open()

    def _on_save_requested(self, path: Path) -> None:
        if self._session is not None:
            self._tasks.spawn(self._save_receipt(self._session.number, path), "receipt")

    async def _save_receipt(self, shift: int, path: Path) -> None:
        text = receipt.text(await self._journal.shift(shift))
        try:
            await in_thread(lambda: path.write_text(text, encoding="utf-8"), "receipt")
        except OSError as wrong:
            self.reminder.say("The receipt was not saved", f"{wrong.strerror}. Try another place.", "bad")
        else:
            self.reminder.say("The receipt is saved", str(path))

    def _start(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        if self._shift is not None and not self._shift.done():
            coroutine.close()  # pressed twice
            return
        self._shift = self._tasks.spawn(coroutine, name)

    def _answer(self, response: CallResponse, *, last: bool) -> None:
        if self._wish is not None and not self._wish.done():
            self._wish.set_result((response, last))
