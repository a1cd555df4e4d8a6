"""The audit log as a list: who had what done when, why, and what came of it. It only shows, and asks for an export."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QDialog, QFileDialog, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem

from desktop.errors import NextCallError
from desktop.popup.caller import Row, words
from desktop.popup.fields import View
from desktop.supervision.audit import Outcome, Record
from desktop.ui import look
from desktop.ui.details import DetailsView
from desktop.ui.parts import MessageBar, button, framed, label, tip

_RECORD = Qt.ItemDataRole.UserRole
_FACES = {
    Outcome.DONE: ("check", "good"),
    Outcome.REFUSED: ("warning", "bad"),
    Outcome.NOT_SENT: ("warning", "warn"),
    Outcome.NOT_KNOWN: ("warning", "warn"),
}


class AuditWindow(QDialog):
    """All records, the newest first, and below them all that is known of the chosen one."""

    export_requested = Signal(Path)

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Audit log")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._list = QTreeWidget()
        self._list.setAccessibleName("Audit log")
        self._list.setHeaderLabels(["When", "Who", "What", "Outcome", "Reason, answer"])
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setMinimumHeight(8 * self._list.fontMetrics().lineSpacing())
        self._list.setAlternatingRowColors(True)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setTabKeyNavigation(False)
        self._list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._list.header().setMaximumSectionSize(320)
        self._list.header().setStretchLastSection(True)
        self._list.itemSelectionChanged.connect(self._on_chosen)
        self._details = DetailsView()
        self._details.setAccessibleName("Details")
        self._details.setMinimumHeight(7 * self._details.fontMetrics().lineSpacing())
        self._message = MessageBar(lines=2)
        self._export = button("Export …", "", "open")
        self._export.setToolTip("Save all of it as a table (CSV)")
        self._export.clicked.connect(self._on_export)
        self._export.setEnabled(False)
        close = button("Close", "primary")
        close.setDefault(True)
        close.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("Audit log", "title"))
        place = "of this practice; it ends with it" if practice else "on this computer; nothing in it can be changed"
        content.addWidget(label(f"Everything that supervisors had done, {place}.", "muted", wraps=True))
        content.addSpacing(look.TIGHT)
        content.addWidget(self._list, 3)
        content.addWidget(self._details, 2)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addWidget(self._export)
        foot.addStretch()
        foot.addWidget(close)
        content.addLayout(foot)
        self.setMinimumWidth(820)
        self.resize(900, 640)

    def show_records(self, records: Iterable[Record]) -> None:
        """Show these, in their order. The chosen one stays so."""
        current = self._list.currentItem()
        chosen = current.data(0, _RECORD).number if current else 0
        with QSignalBlocker(self._list):
            self._list.clear()
            items = [_item(record) for record in records]
            self._list.addTopLevelItems(items)
            again = next((item for item in items if item.data(0, _RECORD).number == chosen), items[0] if items else None)
            if again is not None:
                self._list.setCurrentItem(again)
        self._export.setEnabled(bool(items))
        self._on_chosen()

    def tell(self, failure: NextCallError) -> None:
        """Tell a failure."""
        self._message.tell(failure)

    def say(self, title: str, text: str = "", tone: str = "good") -> None:
        """Say something that is no failure."""
        self._message.say(title, text, tone)

    def _on_chosen(self) -> None:
        item = self._list.currentItem()
        rows = _details(item.data(0, _RECORD)) if item else (Row("Nothing has been done yet", ""),)
        self._details.show_view(View((), rows))

    def _on_export(self) -> None:
        dialog = QFileDialog(self, "Export the audit log", "nextcall-audit.csv", "Tables (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.export_requested.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _item(record: Record) -> QTreeWidgetItem:
    words_of_both = ", ".join(" ".join(text.split()) for text in (record.reason, record.answer) if text)
    item = QTreeWidgetItem([_when(record), record.who, _what(record), record.outcome.capitalize(), words_of_both])
    item.setData(0, _RECORD, record)
    item.setIcon(3, look.icon(*_FACES[record.outcome]))
    for column in range(5):
        item.setToolTip(column, tip(item.text(column)))
    return item


def _when(record: Record) -> str:
    return f"{record.when.astimezone():%Y-%m-%d %H:%M:%S}"


def _what(record: Record) -> str:
    whom = f"agent {record.agent_id}" if record.agent_id else ""
    return ", ".join(filter(None, (words(record.function), whom, f"campaign {record.campaign_id}")))


def _details(record: Record) -> tuple[Row, ...]:
    answered = f"{record.answered_at.astimezone():%Y-%m-%d %H:%M:%S}" if record.answered_at else ""
    unsettled = "no answer was written down: it may have been done" if not record.answered_at else ""
    told = (
        ("What", _what(record)),
        ("Reason", record.reason),
        *((words(name), text) for name, text in record.values.items()),
        ("Outcome", " - ".join(filter(None, (record.outcome.value, unsettled)))),
        ("Answer", record.answer),
        ("Asked at", _when(record)),
        ("Answered at", answered),
        ("Who", record.who),
        ("Call center", record.service),
        ("Function", record.function),
        ("Number", str(record.number)),
    )
    return tuple(Row(name, text) for name, text in told if text)
