"""The shift window: the state of the shift in words, its clock, the health of the line, what is not stored yet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMainWindow, QVBoxLayout, QWidget

from desktop.errors import CampaignNotRunning, NextCallError
from desktop.shift.session import Health, Line, Standstill
from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.parts import Clock, MessageBar, button, framed, label

FACES: dict[State, tuple[str, str]] = {
    State.SIGNED_OUT: ("phone", "muted"),
    State.CALLING: ("phone-rings", "accent"),
    State.EXPECTING_ID: ("key", "accent"),
    State.LOGGING_IN: ("headset", "accent"),
    State.WAITING: ("waiting", "accent"),
    State.CONNECTED: ("person", "good"),
    State.SAVING: ("saving", "accent"),
    State.LOGGED_OFF: ("hang-up", "warn"),
}
"""The icon and the tone of each state, here and in the tray."""
STANDS_STILL = ("pause", "warn")
"""Those of waiting while nobody can be connected."""

_MEANING = {
    State.SIGNED_OUT: "Log in to take calls.",
    State.CALLING: "Pick up your phone when it rings.",
    State.EXPECTING_ID: "Stay on the line.",
    State.LOGGING_IN: "Stay on the line.",
    State.WAITING: "You hear hold music. A beep means that somebody is on the line.",
    State.CONNECTED: "Somebody is on your line. The line stays up until you store the call.",
    State.SAVING: "Storing what you entered.",
    State.LOGGED_OFF: "Your shift is over. Nobody is connected to you any more.",
}

_NOT_RUNNING = "The campaign is not running, so nobody is connected to you. You can wait, or leave."
_REFUSED = "The call center refuses, so nobody is connected to you. Show this to your team lead. You can wait, or leave."


class ShiftWindow(QMainWindow):
    """Small, stays open for the whole shift."""

    show_call_requested = Signal()
    someone_heard = Signal()
    callbacks_requested = Signal()
    history_requested = Signal()
    supervisor_requested = Signal()
    leave_requested = Signal()
    quit_requested = Signal()

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("NextCall")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._state: State | None = None
        self._covered = False
        self._naming: tuple[str, str, str, str] | None = None
        """What the message says if it names somebody: title, text, the text without names, tone."""

        # The state
        self._face = look.Glyph("phone", 34)
        self._words = label("", "title", wraps=True)
        self._meaning = label("", "muted", wraps=True)
        self._clock = Clock()
        self._clock.setAccessibleDescription("Time in this state")

        # The line and the work
        self._line_icon = look.Glyph("line-good", 18)
        self._line_words = label("", wraps=True)
        self._standstill_words = label("", wraps=True)
        standstill = _row(look.Glyph("pause", 18, "warn"), self._standstill_words)
        standstill.setContentsMargins(0, 0, 0, 0)
        self._standstill = QWidget()
        self._standstill.setLayout(standstill)
        self._standstill.hide()
        self._stored_icon = look.Glyph("check", 18)
        self._stored_words = label(wraps=True)
        self._who = label(wraps=True)
        self._callbacks = button("", "flat", "phone")
        self._callbacks.setToolTip("Whom you have promised to call back, and when (Ctrl+Shift+B)")
        self._callbacks.clicked.connect(self.callbacks_requested)
        self._callbacks.hide()
        self._warning_words = label("", wraps=True)
        warning = _row(look.Glyph("warning", 18, "warn"), self._warning_words)
        warning.setContentsMargins(0, 0, 0, 0)
        self._warning = QWidget()
        self._warning.setLayout(warning)
        self._warning.hide()

        # What can be done
        self._message = MessageBar(lines=2)
        self._show_call = button("Show call", "primary", "person")
        self._show_call.clicked.connect(self.show_call_requested)
        self._someone = button("I hear someone", "", "person")
        self._someone.setToolTip("Open an empty popup for notes and ask the call center again who it is (Ctrl+Shift+H)")
        self._someone.clicked.connect(self.someone_heard)
        self._leave = button("Leave", "", "leave")
        self._leave.setToolTip("Stop working without a last call. NextCall asks first.")
        self._leave.clicked.connect(self.leave_requested)

        self._assemble(practice=practice)
        self._fill_menu()
        self.show_state(State.SIGNED_OUT)
        self.show_stored(0)

    # What others tell it

    def show_state(self, state: State) -> None:
        """Show the words of the state table; the clock starts anew with each state."""
        if state is not self._state:
            self._state = state
            self._clock.restart()
        icon, tone = FACES[state]
        self._face.show_icon(icon, tone)
        self._words.setText(state.value)
        self._meaning.setText(_MEANING[state])
        self._standstill.hide()
        on_call = state in {State.CONNECTED, State.SAVING}
        self._show_call.setVisible(on_call)
        self._show_call_action.setEnabled(on_call)
        self._leave.setVisible(state in {State.WAITING, State.CONNECTED, State.SAVING})
        self._someone.setVisible(state is State.WAITING)
        self._someone_action.setEnabled(state is State.WAITING)
        if state in {State.SIGNED_OUT, State.CONNECTED}:  # until then, it may not have been read
            self._naming = None
            self._message.clear()

    def show_standstill(self, standstill: Standstill | None) -> None:
        """Tell, while the shift waits, that nobody can be connected, why and since when; or that this is over: None."""
        if self._state is not State.WAITING:
            return
        self._face.show_icon(*(STANDS_STILL if standstill else FACES[State.WAITING]))
        self._standstill.setVisible(standstill is not None)
        if standstill is None:
            self._meaning.setText(_MEANING[State.WAITING])
            return
        refusal = standstill.refusal
        self._meaning.setText(_NOT_RUNNING if isinstance(refusal, CampaignNotRunning) else _REFUSED)
        said = (refusal.reason or refusal.title).rstrip(".")
        self._standstill_words.setText(
            f"Since {standstill.since:%H:%M:%S} the call center says: “{said}”. NextCall asks again by itself."
        )

    def show_line(self, line: Line) -> None:
        """Tell how the line to the call center is."""
        match line.health:
            case Health.IDLE:
                icon, tone, text = "line-good", "muted", "Line to the call center: not in use"
            case Health.CONNECTED:
                icon, tone, text = "line-good", "good", "Line to the call center: connected"
            case Health.RECONNECTING:
                icon, tone = "line-bad", "bad"
                text = f"Reconnecting since {line.since:%H:%M:%S}. {line.reason}."
            case Health.UNSURE:
                icon, tone = "warning", "warn"
                text = f"Unsure since {line.since:%H:%M:%S} whether the call center has your last call."
        self._line_icon.show_icon(icon, tone)
        self._line_words.setText(text)

    def show_stored(self, stored: int, unsure: int = 0) -> None:
        """Tell how many calls of this shift are stored, and of how many nobody knows."""
        calls = "1 call stored" if stored == 1 else f"{stored} calls stored"
        self._stored_icon.show_icon("warning" if unsure else "check", "warn" if unsure else "muted")
        self._stored_words.setText(f"{calls}, {unsure} not sure" if unsure else calls)

    def show_someone(self, *, heard: bool) -> None:
        """The popup of an unknown caller is open, or no longer."""
        self._show_call.setVisible(heard)
        self._show_call_action.setEnabled(heard)
        self._someone.setVisible(not heard)

    def show_callbacks(self, count: int, due: int = 0) -> None:
        """Tell how many callbacks are promised, and how many of these are due."""
        self._callbacks_action.setText(f"Call&backs ({count}) …" if count else "Call&backs …")
        promised = "1 callback promised" if count == 1 else f"{count} callbacks promised"
        self._callbacks.setText(f"{promised}, {due} due" if due else promised)
        self._callbacks.setVisible(count > 0)

    def offer_supervisor(self) -> None:
        """Have the supervisor's window in the menu."""
        self._supervisor_action.setVisible(True)

    def warn(self, trouble: NextCallError) -> None:
        """Tell of something that stays so for the rest of the shift."""
        text = f"{trouble.title}: {trouble.reason}. {trouble.advice}"
        self._warning_words.setText(text)
        letters = self._warning_words.fontMetrics()
        self._warning_words.setMinimumWidth(max(map(letters.horizontalAdvance, text.split())))  # a file's name does not wrap
        self._warning.show()

    def show_agent(self, agent_id: str, campaign_id: int) -> None:
        """Tell as whom the agent works."""
        self._who.setText(f"Agent {agent_id}   ·   Campaign {campaign_id}" if agent_id else "")

    def tell(self, failure: NextCallError, became_of_work: str = "") -> None:
        """Tell a failure."""
        self._naming = None
        self._message.tell(failure, became_of_work)

    def say(self, title: str, text: str = "", tone: str = "busy", *, unnamed: str = "") -> None:
        """Say something that is no failure. `unnamed` stands in the place of a text with names while the agent is away."""
        self._naming = (title, text, unnamed, tone) if unnamed else None
        self._message.say(title, unnamed if unnamed and self._covered else text, tone)

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see whom the message names."""
        self._covered = covered
        if self._naming is not None:
            title, text, unnamed, tone = self._naming
            self._message.say(title, unnamed if covered else text, tone)

    # Inside

    def _assemble(self, *, practice: bool) -> None:
        root = QWidget()
        self.setCentralWidget(root)
        content = framed(root, practice=practice, margin=20)

        state = QHBoxLayout()
        state.setSpacing(14)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._words)
        words.addWidget(self._meaning)
        state.addWidget(self._face, 0, Qt.AlignmentFlag.AlignTop)
        state.addLayout(words, 1)
        state.addWidget(self._clock, 0, Qt.AlignmentFlag.AlignTop)
        content.addLayout(state)
        content.addSpacing(look.GAP)

        card = QFrame()
        card.setProperty("role", "card")
        rows = QVBoxLayout(card)
        rows.setContentsMargins(14, 10, 14, 10)
        rows.setSpacing(look.GAP)
        rows.addLayout(_row(self._line_icon, self._line_words))
        rows.addWidget(self._standstill)
        rows.addLayout(_row(self._stored_icon, self._stored_words))
        rows.addLayout(_row(look.Glyph("headset", 18), self._who))
        rows.addWidget(self._callbacks, 0, Qt.AlignmentFlag.AlignLeft)
        rows.addWidget(self._warning)
        content.addWidget(card)
        content.addWidget(self._message)
        content.addStretch()

        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(self._leave)
        foot.addWidget(self._someone)
        foot.addWidget(self._show_call)
        content.addLayout(foot)
        self.setMinimumSize(430, 330)

    def _fill_menu(self) -> None:
        menu = self.menuBar().addMenu("&Shift")
        self._show_call_action = QAction("Show &call", self)
        self._show_call_action.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self._show_call_action.triggered.connect(self.show_call_requested)
        self._someone_action = QAction("I &hear someone", self)
        self._someone_action.setShortcut(QKeySequence("Ctrl+Shift+H"))
        self._someone_action.triggered.connect(self.someone_heard)
        self._callbacks_action = QAction("Call&backs …", self)
        self._callbacks_action.setShortcut(QKeySequence("Ctrl+Shift+B"))
        self._callbacks_action.triggered.connect(self.callbacks_requested)
        leave = QAction("&Quit NextCall", self)
        leave.setMenuRole(QAction.MenuRole.QuitRole)
        leave.setShortcut(QKeySequence("Ctrl+Q"))
        leave.triggered.connect(self.quit_requested)
        menu.addAction(self._show_call_action)
        menu.addAction(self._someone_action)
        menu.addAction(self._callbacks_action)
        menu.addAction("Histor&y …").triggered.connect(self.history_requested)
        self._supervisor_action = menu.addAction("Super&visor …")
        self._supervisor_action.triggered.connect(self.supervisor_requested)
        self._supervisor_action.setVisible(False)
        menu.addSeparator()
        menu.addAction(leave)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()  # leaving is decided elsewhere, it may have to ask first
        self.quit_requested.emit()


def _row(icon: QWidget, words: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(10)
    row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(words, 1)
    return row
