"""The reminder at the end of a shift: only hanging up the phone really ends it. It also hands out the shift's receipt."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QAbstractItemView, QDialog, QFileDialog, QHBoxLayout, QHeaderView, QTreeWidget, QTreeWidgetItem

from desktop.shift import receipt
from desktop.shift.journal import ShiftRecord
from desktop.ui import look
from desktop.ui.parts import MessageBar, bring_forward, button, framed, label


class HangUpWindow(QDialog):
    """Stays until the agent says that the phone is hung up."""

    done_requested = Signal()
    save_requested = Signal(Path)
    kept_notes_requested = Signal()

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Hang up your phone")
        self.setWindowIcon(look.app_icon(practice=practice))

        self._what = label("", wraps=True)
        self._what.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._summary = label("", "section", wraps=True)
        self._calls = QTreeWidget()
        self._calls.setAccessibleName("Receipt")
        self._calls.setHeaderLabels(["Connected", "Call", "Disposition", "Response"])
        self._calls.setRootIsDecorated(False)
        self._calls.setAlternatingRowColors(True)
        self._calls.setUniformRowHeights(True)
        self._calls.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._calls.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._calls.setMinimumHeight(120)
        self._message = MessageBar(lines=1)
        self._save = button("Save receipt …", "flat", "saving")
        self._save.clicked.connect(self._on_save)
        self._kept_notes = button("", "flat", "info")
        self._kept_notes.setToolTip("What you noted and the call center does not have")
        self._kept_notes.clicked.connect(self.kept_notes_requested)
        self._kept_notes.hide()
        self._done = button("Done", "primary", "check")
        self._done.setDefault(True)
        self._done.clicked.connect(self.done_requested)

        content = framed(self, practice=practice, margin=28)
        content.setSpacing(12)
        content.addWidget(look.Glyph("hang-up", 56, "warn"), 0, Qt.AlignmentFlag.AlignHCenter)
        title = label("Hang up your phone", "display")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        content.addWidget(title)
        content.addWidget(self._what)
        content.addSpacing(look.GAP)
        content.addWidget(self._summary)
        content.addWidget(self._calls, 1)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addWidget(self._save)
        foot.addWidget(self._kept_notes)
        foot.addStretch()
        foot.addWidget(self._done)
        content.addLayout(foot)
        self.setMinimumWidth(600)

    def remind(self, record: ShiftRecord | None, *, hung_up: bool) -> None:
        """Open the reminder, with the receipt of the shift if there was one.

        `hung_up`: the call center says that it has hung up the phone already.
        """
        self._what.setText(
            "The call center has ended your phone call. Make sure that your phone is hung up."
            if hung_up
            else "You are logged off and nobody is connected to you any more, but your phone is still on the line."
        )
        self._calls.clear()
        if record is not None:
            self._summary.setText(receipt.summary(record))
            self._calls.addTopLevelItems([QTreeWidgetItem(list(line)) for line in receipt.lines(record)])
        has_calls = record is not None and bool(record.entries)
        for part in (self._summary, self._calls, self._save):
            part.setVisible(has_calls)
        self._message.clear()
        self._done.setFocus()
        bring_forward(self)

    def show_kept_notes(self, count: int) -> None:
        """Offer the notes that the call center does not have, if there are any."""
        self._kept_notes.setText(f"Kept notes ({count})")
        self._kept_notes.setVisible(count > 0)

    def say(self, title: str, text: str = "", tone: str = "good") -> None:
        """Say what became of saving the receipt."""
        self._message.say(title, text, tone)

    def reject(self) -> None:
        """Escape does not make the reminder go away: only "Done" says that the phone is hung up."""

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.done_requested.emit()

    def _on_save(self) -> None:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, "Save receipt", documents, "Text (*.txt)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile("nextcall-shift.txt")
        dialog.fileSelected.connect(lambda name: self.save_requested.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
