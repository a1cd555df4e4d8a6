"""The log-in dialog: the phone is rung, the agent types the id that is heard. It knows neither call center nor keyring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QRegularExpression, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QDialog, QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop import APP_NAME
from desktop.errors import NextCallError
from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.parts import SET_BY_ORGANISATION, KeyEdit, MessageBar, button, card, framed, label, named


@dataclass(frozen=True, slots=True)
class LoginEntry:
    """What the agent filled in before "Call me". The key is a secret."""

    key: str = field(repr=False)
    campaign_id: int
    phone_number: str
    remember: bool


class LoginDialog(QDialog):
    """Two steps on one page: "Call me" has the phone rung, "Log in" takes the agent ID that is heard there.

    It may be on the screen before there is anybody to hear its wishes: not `ready`, it keeps the last of them until then.
    """

    call_me_requested = Signal(LoginEntry)
    log_in_requested = Signal(LoginEntry, str)
    practice_requested = Signal()
    settings_requested = Signal()
    supervisor_requested = Signal()
    kept_notes_requested = Signal()
    history_requested = Signal()
    update_requested = Signal()
    close_requested = Signal()

    def __init__(self, *, practice: bool, ready: bool = True) -> None:
        super().__init__()
        self._ready = ready
        self._kept_wish: Callable[[], None] | None = None
        self.setWindowTitle("Log in")
        self.setWindowIcon(look.app_icon(practice=practice))

        # What is new
        self._update = button("", "flat", "open")
        self._update.setToolTip("Opens its page in your browser. Nothing is installed by itself.")
        self._update.clicked.connect(self.update_requested)
        self._update.hide()

        # What the phone needs
        self._key = KeyEdit()
        self._campaign = QLineEdit()
        self._campaign.setPlaceholderText("for example 1001")
        self._campaign.setValidator(QRegularExpressionValidator(QRegularExpression(r"\s*\d{1,18}\s*"), self._campaign))
        self._phone = QLineEdit()
        self._phone.setPlaceholderText("your desk phone, with area code")
        self._phone.setMaxLength(60)
        self._phone_hint = label(" ", "small")
        self._phone.textChanged.connect(self._on_phone_changed)
        self._remember = QCheckBox("Remember me on this computer")
        self._remember.setChecked(True)
        self._remember.setToolTip("Campaign and phone number in the settings, the API key in the system's keyring")
        self._call_me = button("Call me", "primary", "phone-rings")
        self._call_me.clicked.connect(self._on_call_me)
        self._offers_call_me = True

        # What is heard there
        self._heard = label(wraps=True, role="muted")
        self._agent_id = QLineEdit()
        self._agent_id.setProperty("role", "digits")
        self._agent_id.setMaxLength(60)
        self._agent_id.textChanged.connect(self._on_agent_id_changed)
        self._log_in = button("Log in", "primary", "next")
        self._log_in.clicked.connect(self._on_log_in)
        self._again = button("It didn't ring", "flat", "phone")
        self._again.setToolTip("Have your phone rung once more")
        self._again.clicked.connect(self._on_call_me)

        # What went wrong, and ways elsewhere
        self._message = MessageBar(lines=2)
        self._make_ways(practice=practice)

        self._assemble(practice=practice)
        self.show_state(State.SIGNED_OUT)

    # What others tell it

    def fill_in(self, *, key: str = "", campaign_id: str = "", phone_number: str = "", remember: bool = True) -> None:
        """Fill in what is remembered; a field that the agent has typed into is left alone."""
        for edit, text in ((self._key, key), (self._campaign, campaign_id), (self._phone, phone_number)):
            if text and not edit.isModified():
                edit.setText(text)
        self._remember.setChecked(remember)

    def lock_remember(self) -> None:
        """Show that the organisation says whether anything is remembered."""
        self._remember_row.setEnabled(False)  # the box itself is enabled and disabled as the shift goes
        self._remember.setAccessibleDescription(SET_BY_ORGANISATION)
        self._set_by_organisation.show()

    def set_campaign(self, campaign_id: str) -> None:
        """Put another campaign in, because the agent has agreed to a link."""
        self._campaign.setText(campaign_id)
        self._campaign.setModified(True)

    def fill_in_key(self, key: str) -> None:
        """Fill in the key that the keyring had, unless the agent was quicker. Whoever types elsewhere goes on typing there."""
        if key and not self._key.isModified():
            self._key.setText(key)
            if self._key.hasFocus():
                self.focus_first_gap()

    @property
    def is_untouched(self) -> bool:
        """Whether the agent has neither typed anything nor gone anywhere since it was shown."""
        return self._key.hasFocus() and not self._key.isModified()

    def be_ready(self) -> None:
        """There is somebody now to hear what the agent wishes: do what was wished for meanwhile."""
        self._ready = True
        wish, self._kept_wish = self._kept_wish, None
        if wish is not None:
            self._message.clear()
            wish()

    def focus_first_gap(self) -> None:
        """Put the keyboard where the agent has to go on."""
        gaps = [edit for edit, _ in self._needed() if _is_gap(edit)]
        (gaps[0] if gaps else self._call_me if self._offers_call_me else self._agent_id).setFocus()

    def offer_call_me(self, *, offered: bool) -> None:
        """Hide "Call me" and what belongs to it where the service has no such function."""
        self._offers_call_me = offered
        for part in (self._call_me, self._phone_row):
            part.setVisible(offered)
        if not offered:
            self._again.hide()

    def offer_supervisor(self) -> None:
        """Have a way to the supervisor's window."""
        self._supervisor.show()

    def show_key_wait(self, *, waiting: bool) -> None:
        """Say that the keyring is being asked, or that it has answered."""
        self._key.show_wait(waiting=waiting)

    def show_state(self, state: State) -> None:
        """Show what the shift is doing, in the words of the state table."""
        busy = state in {State.CALLING, State.LOGGING_IN}
        for part in (self._key, self._campaign, self._phone, self._remember, self._call_me, self._again):
            part.setEnabled(not busy)
        self._log_in.setEnabled(not busy)
        self._agent_id.setEnabled(state is not State.LOGGING_IN)  # an ID that is heard early may be typed
        self._practice.setEnabled(not busy)
        self._settings.setEnabled(not busy)
        self._again.setVisible(state is State.EXPECTING_ID and self._offers_call_me)
        self._call_me.setText("Call me")
        match state:
            case State.CALLING:
                self._message.say(f"{state.value} …", "Pick it up when it rings.")
            case State.EXPECTING_ID:
                self._message.say(
                    state.value, "Answer your phone and stay on the line: it stays connected for your whole shift.", "good"
                )
                self._agent_id.setFocus()
            case State.LOGGING_IN:
                self._message.say(f"{state.value} …", "You will hear hold music.")
            case _:
                self._message.clear()
        self._heard.setText(
            "A voice on your phone says it."
            if state in {State.EXPECTING_ID, State.CALLING, State.LOGGING_IN}
            else "A voice says it after “Call me”. If your phone is still connected, type it right away."
        )

    @property
    def tells_failure(self) -> bool:
        """Whether a failure stands above the buttons."""
        return bool(self._message.property("tone") == "bad")

    def tell(self, failure: NextCallError, became_of_work: str = "") -> None:
        """Tell a failure above the buttons."""
        self._message.tell(failure, became_of_work)

    def say(self, title: str, text: str = "", tone: str = "warn") -> None:
        """Say something that is no failure."""
        self._message.say(title, text, tone)

    def show_kept_notes(self, count: int) -> None:
        """Offer the notes that the call center does not have, if there are any."""
        self._kept_notes.setText(f"Kept notes ({count})")
        self._kept_notes.setVisible(count > 0)

    def offer_update(self, version: str) -> None:
        """Say that there is this newer version, with a way to its page."""
        self._update.setText(f"{APP_NAME} {version} is available")
        self._update.show()

    def forget_agent_id(self) -> None:
        """Empty the agent ID: the next shift has another."""
        self._agent_id.clear()

    # Inside

    def _assemble(self, *, practice: bool) -> None:
        content = framed(self, practice=practice)
        heading = QHBoxLayout()
        heading.setSpacing(12)
        logo = QLabel()
        logo.setPixmap(look.app_icon(practice=practice).pixmap(QSize(44, 44)))
        titles = QVBoxLayout()
        titles.setSpacing(0)
        titles.addWidget(label("Log in", "title"))
        titles.addWidget(label("NextCall rings your phone, then you type the ID you hear.", "small"))
        heading.addWidget(logo)
        heading.addLayout(titles, 1)
        heading.addWidget(self._update, 0, Qt.AlignmentFlag.AlignTop)
        content.addLayout(heading)
        content.addSpacing(look.GAP)

        steps = QHBoxLayout()
        steps.setSpacing(look.ROOM)
        steps.addWidget(self._phone_step(), 3)
        steps.addWidget(self._id_step(), 2)
        content.addLayout(steps, 1)
        content.addSpacing(look.TIGHT)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addWidget(self._practice)
        foot.addWidget(self._kept_notes)
        foot.addStretch()
        foot.addWidget(self._history)
        foot.addWidget(self._supervisor)
        foot.addWidget(self._settings)
        if practice:  # a practice remembers nothing and has one address
            self._remember.setChecked(False)
            self._remember.hide()
            self._settings.hide()
        content.addLayout(foot)
        self.setMinimumWidth(760)

    def _make_ways(self, *, practice: bool) -> None:
        self._practice = button("End practice" if practice else "Practice", "flat", "practice")
        self._practice.setToolTip("Back to the real call center" if practice else "Try NextCall without calling anybody")
        self._practice.clicked.connect(lambda: self._wish(self.practice_requested.emit))
        self._kept_notes = button("", "flat", "info")
        self._kept_notes.setToolTip("What you noted and the call center does not have")
        self._kept_notes.clicked.connect(self.kept_notes_requested)
        self._kept_notes.hide()
        self._history = button("History", "flat", "history")
        self._history.setToolTip("Your calls, and what you noted of them (Ctrl+Shift+F)")
        self._history.clicked.connect(lambda: self._wish(self.history_requested.emit))
        self._settings = button("Settings", "flat", "settings")
        self._settings.clicked.connect(lambda: self._wish(self.settings_requested.emit))
        self._supervisor = button("Supervisor", "flat", "supervisor")
        self._supervisor.setToolTip("Start and stop campaigns, hang up agents")
        self._supervisor.clicked.connect(self.supervisor_requested)
        self._supervisor.hide()

    def _phone_step(self) -> QFrame:
        frame, step = card()
        step.addWidget(label("1   Your phone", "section"))
        step.addWidget(named("API key", self._key))
        numbers = QHBoxLayout()
        numbers.setSpacing(12)
        self._phone_row = named("Phone number", self._phone, self._phone_hint)
        numbers.addWidget(named("Campaign ID", self._campaign, label(" ", "small")), 2)
        numbers.addWidget(self._phone_row, 3)
        step.addLayout(numbers)
        go = QHBoxLayout()
        self._remember_row = QWidget()
        remember = QVBoxLayout(self._remember_row)
        remember.setContentsMargins(0, 0, 0, 0)
        remember.setSpacing(0)
        remember.addWidget(self._remember)
        self._set_by_organisation = label(SET_BY_ORGANISATION, "small")
        self._set_by_organisation.hide()
        remember.addWidget(self._set_by_organisation)
        go.addWidget(self._remember_row)
        go.addStretch()
        go.addWidget(self._call_me)
        step.addLayout(go)
        return frame

    def _id_step(self) -> QFrame:
        frame, step = card()
        step.addWidget(label("2   Your agent ID", "section"))
        step.addWidget(self._heard)
        step.addStretch()
        step.addWidget(named("Agent ID", self._agent_id))
        go = QHBoxLayout()
        go.addWidget(self._again)
        go.addStretch()
        go.addWidget(self._log_in)
        step.addLayout(go)
        return frame

    def _wish(self, wish: Callable[[], None]) -> None:
        if self._ready:
            wish()
        else:
            self._kept_wish = wish
            self._message.say("NextCall is getting ready …", "What you pressed is done in a moment.")

    def _needed(self) -> list[tuple[QLineEdit, str]]:
        """The fields that have to be filled in, and what is said where one is not."""
        needed = [(self._key, "Enter the API key"), (self._campaign, "Enter the campaign ID")]
        return [*needed, (self._phone, "Enter your phone number")] if self._offers_call_me else needed

    def _entry(self) -> LoginEntry | None:
        """What is filled in, or None after saying what is missing and putting the keyboard there."""
        for edit, wish in self._needed():
            if _is_gap(edit):
                self._message.say(
                    wish, "Your team lead has it." if edit is not self._phone else "The one that NextCall should ring.", "warn"
                )
                edit.setFocus()
                return None
        return LoginEntry(
            key=self._key.text().strip(),
            campaign_id=int(self._campaign.text()),
            phone_number=self._phone.text().strip(),
            remember=self._remember.isChecked(),
        )

    def _on_call_me(self) -> None:
        entry = self._entry()
        if entry is not None:
            self._agent_id.clear()  # each call has its own
            self._wish(lambda: self.call_me_requested.emit(entry))

    def _on_log_in(self) -> None:
        agent_id = "".join(self._agent_id.text().split())
        if not agent_id:
            self._message.say("Enter the agent ID you hear", "Press “Call me” first if your phone has not rung.", "warn")
            self._agent_id.setFocus()
            return
        entry = self._entry()
        if entry is not None:
            self._wish(lambda: self.log_in_requested.emit(entry, agent_id))

    def _on_phone_changed(self, text: str) -> None:
        from desktop.popup import phone  # it knows the numbers of the whole world, and takes its time to

        self._phone_hint.setText(phone.hint(text) or " ")

    def _on_agent_id_changed(self, text: str) -> None:
        # the voice says "4 0 2 7" and people type or paste it so
        packed = _packed(text)
        if packed != text:
            before = _packed(text[: self._agent_id.cursorPosition()])
            with QSignalBlocker(self._agent_id):
                self._agent_id.setText(packed)
            self._agent_id.setCursorPosition(len(before))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on from where the keyboard is; Escape does nothing, because a dialog that vanishes is a surprise."""
        if event.key() == Qt.Key.Key_Escape:
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._agent_id.hasFocus():
                self._log_in.click()
            elif isinstance(self.focusWidget(), QLineEdit | QCheckBox):
                if self._offers_call_me:
                    self._call_me.click()
                else:
                    self.focus_first_gap()
            else:
                super().keyPressEvent(event)
            return
        super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._kept_wish = None  # what was wished of a dialog that is gone is not meant any more
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._wish(self.close_requested.emit)


def _is_gap(edit: QLineEdit) -> bool:
    return not edit.text().strip() or not edit.hasAcceptableInput()


def _packed(text: str) -> str:
    return "".join(character for character in text if not character.isspace() and character.isprintable())
