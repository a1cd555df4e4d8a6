"""What agents have noted and the call center does not have: kept on this computer, to be read, copied and put away.

Nothing is sent from here. A call that can still be stored is not listed: NextCall asks about it at its next start (recovery.py).
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem

from desktop.popup import notes
from desktop.popup.caller import caller
from desktop.shift.journal import Entry, Journal
from desktop.tasks import Tasks
from desktop.ui import look
from desktop.ui.cover import Cover
from desktop.ui.parts import PlainEdit, bring_forward, button, framed, label, place, titled


class KeptNotesWindow(QDialog):
    """Lists the calls; below it stands what was noted in the one that is chosen."""

    put_away_requested = Signal(int)
    """The journal's number of the call whose notes the agent has seen to."""
    undo_requested = Signal(int)
    """The number of one that was put away and is to come back."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Kept notes")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._entries: list[Entry] = []
        self._put_away: list[int] = []

        self._list = QTreeWidget()
        self._list.setAccessibleName("Calls with kept notes")
        self._list.setHeaderLabels(["When", "Caller", "Disposition", "Why"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)  # a long name leaves room for the rest
        self._list.currentItemChanged.connect(self._on_chosen)
        self._notes = PlainEdit()
        self._notes.setReadOnly(True)
        self._notes.setAccessibleName("What you noted")

        self._away = button("Put away", "", "check")
        self._away.setToolTip("You have seen to these notes: take them off the list")
        self._away.clicked.connect(self._on_put_away)
        self._undo = button("Undo", "flat")
        self._undo.setToolTip("Put the notes that you put away last back on the list")
        self._undo.clicked.connect(self._on_undo)
        self._copy = button("Copy", "", "copy")
        self._copy.setToolTip("Copy all of it, to keep it elsewhere")
        self._copy.clicked.connect(self._on_copy)
        self._close = button("Close", "primary")
        self._close.setDefault(True)
        self._close.clicked.connect(self.reject)

        content = framed(self, practice=practice, margin=20)
        words = "The call center does not have these. Copy what somebody should know, and tell your team lead."
        content.addWidget(label(words, "muted", wraps=True))
        content.addWidget(self._list, 1)
        content.addWidget(titled("What you noted", self._notes), 1)
        foot = QHBoxLayout()
        foot.addWidget(self._away)
        foot.addWidget(self._undo)
        foot.addStretch()
        foot.addWidget(self._copy)
        foot.addWidget(self._close)
        content.addLayout(foot)
        self.resize(680, 480)
        self.setMinimumWidth(560)
        self.show_entries(())

    def show_entries(self, entries: Iterable[Entry]) -> None:
        """Show these, in their order, instead of what was shown."""
        row = max(self._row(), 0)
        self._entries = list(entries)
        items = [QTreeWidgetItem(_line(entry)) for entry in self._entries]
        self._list.clear()
        self._list.addTopLevelItems(items)
        if items:
            self._list.setCurrentItem(items[min(row, len(items) - 1)])
        elif not self._close.hasFocus():
            self._close.setFocus()  # a grey button would lose the keyboard to whatever stands next
        self._on_chosen()

    def _row(self) -> int:
        """Where the chosen one stands; -1 if none is."""
        item = self._list.currentItem()
        return -1 if item is None else self._list.indexOfTopLevelItem(item)

    def _chosen(self) -> Entry | None:
        row = self._row()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    # Slots

    def _on_chosen(self) -> None:
        chosen = self._chosen()
        self._notes.setPlainText(_text(chosen) if chosen else "")
        self._away.setEnabled(chosen is not None)
        self._copy.setEnabled(chosen is not None)
        self._undo.setEnabled(bool(self._put_away))

    def _on_copy(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            when, who, disposition, _why = _line(chosen)
            QGuiApplication.clipboard().setText("\n".join(filter(None, (f"{when}, {who}", disposition, _text(chosen)))))

    def _on_put_away(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen.number not in self._put_away:  # it goes when the journal says so
            self._put_away.append(chosen.number)
            self.put_away_requested.emit(chosen.number)

    def _on_undo(self) -> None:
        if self._put_away:
            self.undo_requested.emit(self._put_away.pop())


class KeptNotes(QObject):
    """The window and the journal. `counted` tells how many there are, whenever that was looked up."""

    counted = Signal(int)

    def __init__(self, journal: Journal, tasks: Tasks, *, practice: bool) -> None:
        super().__init__()
        self._journal = journal
        self._tasks = tasks
        self.window = KeptNotesWindow(practice=practice)
        self._cover = Cover(self.window)
        place(self.window, 0.5, 0.3)
        self.window.put_away_requested.connect(lambda number: self._put_away(number, away=True))
        self.window.undo_requested.connect(lambda number: self._put_away(number, away=False))

    def look_up(self) -> None:
        """Read what there is."""
        self._tasks.spawn(self._look_up(), "kept notes")

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see the notes."""
        self._cover.put(on=covered)

    def show_window(self) -> None:
        """Show them, because the agent wants to see them."""
        self.look_up()
        bring_forward(self.window)

    async def _look_up(self) -> None:
        entries = await self._journal.kept_notes()
        self.window.show_entries(entries)
        self.counted.emit(len(entries))

    def _put_away(self, number: int, *, away: bool) -> None:
        self._journal.put_away(number, away=away)
        self.look_up()


def _line(entry: Entry) -> list[str]:
    at = entry.connected_at.astimezone()
    return [
        f"{at:%a} {at.day} {at:%b}, {at:%H:%M}",
        caller(entry.call).title if entry.told else "Somebody whom you heard",
        entry.draft.disposition,
        "refused" if entry.told else "never told who it was",
    ]


def _text(entry: Entry) -> str:
    """The notes and the answers, as they would have been stored. What has been sent has its answers in its notes already."""
    draft = entry.draft
    return notes.pack(draft.notes, draft.answers).text if draft.answers else draft.notes
