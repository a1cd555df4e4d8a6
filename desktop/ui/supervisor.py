"""The supervisor's window: a team lead starts and stops campaigns and hangs up agents, with a key of the lead's own.

It shows what it is told and emits wishes. It asks nothing itself, neither the call center nor the lead: supervising.py does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.callcenter.model import Function
from desktop.errors import NextCallError
from desktop.settings.settings import Supervised
from desktop.ui import look
from desktop.ui.parts import ElidedLabel, MessageBar, button, card, framed, label, named
from desktop.ui.supervisor_parts import Answered, Answers, Campaigns, SignIn, title_of

START = "People are called again, and connected to the agents who wait."
STOP = "Nobody else is called. Calls that are connected go on, and agents stay in the queue."
KICK = "The agent's phone is hung up at once, also in the middle of a call."

_CANNOT = {
    Function.START_CAMPAIGN: "start campaigns",
    Function.STOP_CAMPAIGN: "stop campaigns",
    Function.KICK_AGENT: "hang up agents",
}


class SupervisorWindow(QDialog):
    """Two pages: the sign-in, and the work. Closing it signs nobody out."""

    sign_in_requested = Signal(str, bool)
    """With the key, and whether to remember it."""
    sign_out_requested = Signal()
    add_requested = Signal()
    rename_requested = Signal(Supervised)
    remove_requested = Signal(Supervised)
    start_requested = Signal(Supervised)
    stop_requested = Signal(Supervised)
    kick_requested = Signal(Supervised, str)
    """With the agent ID."""
    more_requested = Signal(Supervised)
    audit_requested = Signal()
    offers_requested = Signal()
    """The call center is to be asked once more what it offers."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Supervisor")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._busy: frozenset[int] = frozenset()
        self._offered: frozenset[Function] | None = None
        self._offers_more = False
        self._asking = False

        # Who works where
        self._sign_in = SignIn(practice=practice)
        self._sign_in.requested.connect(self.sign_in_requested)
        self._place = ElidedLabel("small")
        self._sign_out = button("Sign out", "flat", "leave")
        self._sign_out.setToolTip("Forget the key, also in this computer's keyring")
        self._sign_out.clicked.connect(self.sign_out_requested)

        # The campaigns, and what can be done with the chosen one
        self._campaigns = Campaigns()
        self._campaigns.add_requested.connect(self.add_requested)
        self._campaigns.rename_requested.connect(self.rename_requested)
        self._campaigns.remove_requested.connect(self.remove_requested)
        self._campaigns.chosen_changed.connect(self._show_chosen)
        self._name = ElidedLabel("title")
        self._words = label("", "muted", wraps=True)
        self._again = button("Ask again", "flat", "undo")
        self._again.setToolTip("Ask the call center once more what it offers")
        self._again.clicked.connect(self.offers_requested)
        self._start = button("Start campaign", "", "start")
        self._start.clicked.connect(lambda: self._wish(self.start_requested))
        self._stop = button("Stop campaign", "", "stop")
        self._stop.clicked.connect(lambda: self._wish(self.stop_requested))
        self._agent_id = QLineEdit()
        self._agent_id.setMaxLength(60)
        self._agent_id.setPlaceholderText("for example 4027")
        self._kick = button("Kick agent", "", "hang-up")
        self._kick.clicked.connect(self._on_kick)

        # What became of it, and ways elsewhere
        self._message = MessageBar(lines=2)
        self._answers = Answers()
        self._more = button("More functions …", "flat", "open")
        self._more.setToolTip("What else this service can do, as it describes it itself")
        self._more.clicked.connect(lambda: self._wish(self.more_requested))
        self._audit = button("Audit log …", "flat", "info")
        self._audit.setToolTip("Everything that was asked for from this computer: when, by whom, why, and the answer")
        self._audit.clicked.connect(self.audit_requested)

        self._assemble(practice=practice)
        self.show_signed_in("")

    # What others tell it

    def show_signed_in(self, place: str) -> None:
        """Show the work, at the call center of that name; an empty one: the lead is signed out."""
        self._pages.setCurrentIndex(1 if place else 0)
        self._place.show_text(f"Signed in at {place}. Whether the key is right shows with the first thing that is asked.")
        self._sign_in.forget()
        for bar in (self._sign_in.message, self._message):
            bar.clear()
        if place:
            self._campaigns.setFocus()
        else:
            self._sign_in.fill_in("")
        self._show_chosen()

    def fill_in_key(self, key: str) -> None:
        """Fill in the key that is known, of a practice."""
        self._sign_in.fill_in(key)

    def forbid_remember(self) -> None:
        """Show that the organisation wants no key remembered."""
        self._sign_in.forbid_remember()

    def show_key_wait(self, *, waiting: bool) -> None:
        """Say that the keyring is being asked, or that it has answered."""
        self._sign_in.show_wait(waiting=waiting)

    def show_offers(self, offered: Collection[Function] | None, *, more: bool = False, asking: bool = False) -> None:
        """Offer these functions, and the way to `more`; None: it is not known what there is. `asking`: it is just being asked."""
        self._offered = None if offered is None else frozenset(offered)
        self._offers_more = more
        self._asking = asking
        self._show_chosen()

    def show_campaigns(self, campaigns: Iterable[Supervised]) -> None:
        """Show these, in their order."""
        self._campaigns.show_campaigns(campaigns)

    def choose(self, campaign_id: int) -> None:
        """Choose the campaign of that id."""
        self._campaigns.choose(campaign_id)

    @property
    def chosen(self) -> Supervised | None:
        """The campaign that is chosen, if there is one."""
        return self._campaigns.chosen

    def show_busy(self, campaigns: Collection[int]) -> None:
        """The campaigns that are just being started or stopped: for these, the answer comes first."""
        self._busy = frozenset(campaigns)
        self._show_chosen()

    def show_answers(self, answers: Iterable[Answered]) -> None:
        """Show what was asked and answered, in this order."""
        self._answers.show_answers(answers)

    def forget_agent_id(self, agent_id: str) -> None:
        """Empty the field: that agent is hung up. Another ID that was typed meanwhile stays."""
        if self._typed_agent_id == agent_id:
            self._agent_id.clear()

    def tell(self, failure: NextCallError, became_of_work: str = "") -> None:
        """Tell a failure."""
        self._bar.tell(failure, became_of_work)

    def say(self, title: str, text: str = "", tone: str = "warn") -> None:
        """Say something that is no failure."""
        self._bar.say(title, text, tone)

    # Inside

    @property
    def _bar(self) -> MessageBar:
        return self._message if self._pages.currentIndex() else self._sign_in.message

    @property
    def _typed_agent_id(self) -> str:
        return "".join(self._agent_id.text().split())

    def _assemble(self, *, practice: bool) -> None:
        content = framed(self, practice=practice)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._sign_in)
        self._pages.addWidget(self._work())
        content.addWidget(self._pages, 1)
        content.addSpacing(look.TIGHT)
        close = button("Close")
        close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self._more)
        foot.addWidget(self._audit)
        foot.addStretch()
        foot.addWidget(close)
        content.addLayout(foot)
        self.setMinimumWidth(800)

    def _work(self) -> QWidget:
        head = QHBoxLayout()
        head.setSpacing(12)
        titles = QVBoxLayout()
        titles.setSpacing(0)
        titles.addWidget(label("Supervisor", "title"))
        titles.addWidget(self._place)
        head.addLayout(titles, 1)
        head.addWidget(self._sign_out, 0, Qt.AlignmentFlag.AlignTop)
        cards = QHBoxLayout()
        cards.setSpacing(look.ROOM)
        cards.addWidget(self._campaigns, 2)
        cards.addWidget(self._chosen_card(), 3)
        caption = label("What was answered", "section")
        caption.setBuddy(self._answers)

        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.GAP)
        column.addLayout(head)
        column.addSpacing(look.TIGHT)
        column.addLayout(cards)
        column.addWidget(self._message)
        column.addWidget(caption)
        column.addWidget(self._answers, 1)
        return work

    def _chosen_card(self) -> QFrame:
        frame, inside = card()
        inside.addWidget(self._name)
        inside.addWidget(self._words)
        inside.addWidget(self._again, 0, Qt.AlignmentFlag.AlignLeft)
        self._start_row = _explained(self._start, START)
        self._stop_row = _explained(self._stop, STOP)
        inside.addWidget(self._start_row)
        inside.addWidget(self._stop_row)
        self._agent = QWidget()
        rows = QVBoxLayout(self._agent)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(look.GAP)
        line = QFrame()
        line.setProperty("role", "line")
        rows.addWidget(line)
        rows.addWidget(named("Agent ID", self._agent_id))
        rows.addWidget(_explained(self._kick, KICK))
        inside.addWidget(self._agent)
        inside.addStretch()
        _same_width(self._start, self._stop, self._kick)
        return frame

    def _show_chosen(self) -> None:
        """What can be done with the chosen campaign: what is not offered is not there."""
        chosen, offered = self.chosen, self._offered or frozenset()
        there = chosen is not None
        self._name.show_text(title_of(chosen) if chosen else "No campaign is chosen")
        for row, function in ((self._start_row, Function.START_CAMPAIGN), (self._stop_row, Function.STOP_CAMPAIGN)):
            row.setVisible(there and function in offered)
        for part in (self._start, self._stop):
            part.setEnabled(chosen is not None and chosen.id not in self._busy)
        self._agent.setVisible(there and Function.KICK_AGENT in offered)
        self._more.setVisible(there and self._offers_more and self._pages.currentIndex() == 1)
        self._words.setText(words := self._offer_words())
        self._words.setVisible(bool(words))
        self._again.setVisible(there and bool(words) and not self._asking)

    def _offer_words(self) -> str:
        if self.chosen is None:
            return "“Add …” takes the ID of a campaign and a name of your own for it." if self._campaigns.is_empty else ""
        if self._asking:
            return "Asking the call center what it offers …"
        if self._offered is None:
            return "The call center has not told what it offers."
        cannot = [words for function, words in _CANNOT.items() if function not in self._offered]
        if not cannot:
            return ""
        elsewhere = {Function.START_CAMPAIGN, Function.STOP_CAMPAIGN} - self._offered
        where = " Campaigns may have another address: “Broadcast service address” in the settings." if elsewhere else ""
        return f"This service cannot {' or '.join(cannot)}.{where}"

    def _wish(self, wish: SignalInstance) -> None:
        if self.chosen is not None:
            wish.emit(self.chosen)

    def _on_kick(self) -> None:
        agent_id = self._typed_agent_id
        if not agent_id:
            self._message.say("Enter the agent's ID", "The one that the agent heard on the phone and logged in with.", "warn")
            self._agent_id.setFocus()
        elif self.chosen is not None:
            self.kick_requested.emit(self.chosen, agent_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a field goes on from there; it presses no other button, whichever Qt thinks is the default."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not isinstance(self.focusWidget(), QPushButton):
            if not self._sign_in.go_on() and self._agent_id.hasFocus():
                self._kick.click()
            return
        super().keyPressEvent(event)


def _explained(act: QPushButton, words: str) -> QWidget:
    """A button, and below it what it will do."""
    act.setAccessibleDescription(words)
    row = QWidget()
    inside = QVBoxLayout(row)
    inside.setContentsMargins(0, 0, 0, look.TIGHT)
    inside.setSpacing(look.TIGHT)
    inside.addWidget(act, 0, Qt.AlignmentFlag.AlignLeft)
    inside.addWidget(label(words, "small", wraps=True))
    return row


def _same_width(*buttons: QPushButton) -> None:
    for one in buttons:
        one.ensurePolished()
    widest = max(one.sizeHint().width() for one in buttons)
    for one in buttons:
        one.setMinimumSize(QSize(widest, 0))
