"""The question after a crash or a power cut: what is unsettled, and whether the agent's phone is still connected.

Nothing is sent without the answer, because a response that is sent queues the agent for the next caller, and there may be no
phone any more (api-facts.md, 'What follows from the API', 5).
"""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from desktop.errors import NextCallError, Refused
from desktop.popup.caller import caller
from desktop.shift.journal import Entry, Settled, ShiftRecord
from desktop.shift.session import Health, Line
from desktop.ui import look
from desktop.ui.parts import MessageBar, button, framed, label


class Answer(Enum):
    """What the agent says to "Is your phone still connected?"."""

    YES = auto()
    NO = auto()
    LATER = auto()


class RecoveryDialog(QDialog):
    """Shows what an earlier start left unsettled and asks the one question."""

    answered = Signal(Answer, str)
    """The answer, and the API key, which the keyring may not have."""

    def __init__(self, record: ShiftRecord, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Unfinished calls")
        self.setWindowIcon(look.app_icon(practice=practice))

        count = len(record.open_entries)
        calls = "One call of your last shift is" if count == 1 else f"{count} calls of your last shift are"
        when = f"{record.began_at.astimezone():%A, %H:%M}"
        if_connected = (
            "they are stored, and your shift is over, as you wanted"
            if record.entries[-1].last
            else "you are logged in again under the same ID, these calls are stored, and you go on working"
        )
        self._key = QLineEdit()
        self._key.setEchoMode(QLineEdit.EchoMode.Password)
        self._key.setAccessibleName("API key")
        self._key.setPlaceholderText("asking your keyring …")
        self._key_caption = label("API key", "small")
        self._key_caption.setBuddy(self._key)
        self._message = MessageBar(lines=2)
        self._yes = button("Yes, still connected", "primary", "phone")
        self._yes.clicked.connect(lambda: self._answer(Answer.YES))
        self._no = button("No", "", "hang-up")
        self._no.clicked.connect(lambda: self._answer(Answer.NO))
        self._later = button("Later", "flat")
        self._later.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label(f"{calls} not settled", "title", wraps=True))
        content.addWidget(
            label(
                f"NextCall ended before it was done. Agent {record.agent_id}, campaign {record.campaign_id}, {when}.",
                "muted",
                wraps=True,
            )
        )
        content.addSpacing(look.TIGHT)
        content.addWidget(_list(record.open_entries), 1)
        key = QVBoxLayout()
        key.setSpacing(3)
        key.addWidget(self._key_caption)
        key.addWidget(self._key)
        content.addLayout(key)
        content.addSpacing(look.GAP)
        content.addWidget(label("Is your phone still connected?", "title"))
        content.addWidget(
            label(
                f"Yes: {if_connected}.\n"
                "No: they are stored as last calls, and nobody is connected to you.\n"
                "Later: nothing is sent, and you are asked again at the next start.",
                "muted",
                wraps=True,
            )
        )
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addWidget(self._later)
        foot.addStretch()
        foot.addWidget(self._no)
        foot.addWidget(self._yes)
        content.addLayout(foot)
        self.setMinimumWidth(720)
        self._rest_on_yes()

    def fill_in_key(self, key: str) -> None:
        """What the keyring has. If it has the key, and nobody has begun to type one, there is nothing to ask for."""
        self._key.setPlaceholderText("")
        if key and not self._key.text():
            self._key.setText(key)
            self._show_key(shown=False)
            self._rest_on_yes()

    def show_busy(self, words: str, *, can_wait: bool) -> None:
        """Say what is being done. Nothing can be pressed meanwhile but, with `can_wait`, "Later"."""
        self._set_enabled(enabled=False)
        self.setFocus()
        self._later.setEnabled(can_wait)
        self._message.say(words)

    def show_trouble(self, line: Line) -> None:
        """Say why it is still not done."""
        if line.health in {Health.RECONNECTING, Health.UNSURE}:
            self._message.say("Not settled yet", f"{line.reason}. NextCall tries again by itself.", "warn")

    def tell(self, failure: NextCallError, became_of_work: str) -> None:
        """Tell why it did not work; the question can be answered again, with another key if this one was refused."""
        self._set_enabled(enabled=True)
        if isinstance(failure, Refused):
            self._show_key(shown=True)
        self._message.tell(failure, became_of_work)

    def reject(self) -> None:
        """Escape means later."""
        if self._later.isEnabled():
            self.answered.emit(Answer.LATER, "")

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.reject()

    def _answer(self, answer: Answer) -> None:
        key = self._key.text().strip()
        if not key:
            self._message.say("Enter the API key", "Your team lead has it.", "warn")
            self._key.setFocus()
            return
        self.answered.emit(answer, key)

    def _rest_on_yes(self) -> None:
        """Have Enter mean "Yes", also from the key's field; where Qt takes the keyboard by itself, it means "No" or "Later"."""
        self._yes.setDefault(True)
        self._yes.setFocus()

    def _show_key(self, *, shown: bool) -> None:
        for part in (self._key, self._key_caption):
            part.setVisible(shown)

    def _set_enabled(self, *, enabled: bool) -> None:
        for part in (self._yes, self._no, self._later, self._key):
            part.setEnabled(enabled)


def _list(entries: tuple[Entry, ...]) -> QTreeWidget:
    calls = QTreeWidget()
    calls.setAccessibleName("Unfinished calls")
    calls.setHeaderLabels(["Connected", "Caller", "Disposition", "What is known"])
    calls.setRootIsDecorated(False)
    calls.setUniformRowHeights(True)
    calls.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    calls.addTopLevelItems([QTreeWidgetItem(_line(entry)) for entry in entries])
    calls.header().setStretchLastSection(False)
    calls.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    calls.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)  # a long name leaves room for the rest
    calls.setMinimumHeight(150)
    return calls


def _line(entry: Entry) -> list[str]:
    known = {
        None: "you had not finished it",
        Settled.UNSENT: "not sent",
        Settled.REFUSED: "refused",
        Settled.UNSURE: "sent, but nobody knows whether it arrived",
    }
    disposition = entry.response.disposition if entry.response else entry.draft.disposition
    return [
        f"{entry.connected_at.astimezone():%H:%M}",
        caller(entry.call).title,
        disposition or "-",
        known.get(entry.settled, "not sent"),
    ]
