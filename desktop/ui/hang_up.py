"""The reminder at the end of a shift: only hanging up the phone really ends it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout

from desktop.ui import look
from desktop.ui.parts import button, framed, label


class HangUpWindow(QDialog):
    """Stays until the agent says that the phone is hung up."""

    done_requested = Signal()

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Hang up your phone")
        self.setWindowIcon(look.app_icon(practice=practice))

        self._what = label("", wraps=True)
        self._stored = label("", "muted", wraps=True)
        done = button("Done", "primary", "check")
        done.setDefault(True)
        done.clicked.connect(self.done_requested)

        content = framed(self, practice=practice, margin=28)
        content.setSpacing(12)
        content.addWidget(look.Glyph("hang-up", 56, "warn"), 0, Qt.AlignmentFlag.AlignHCenter)
        title = label("Hang up your phone", "display")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        content.addWidget(title)
        for words in (self._what, self._stored):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            content.addWidget(words)
        content.addSpacing(look.GAP)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(done)
        foot.addStretch()
        content.addLayout(foot)
        self.setMinimumWidth(420)

    def remind(self, stored: int, *, hung_up: bool) -> None:
        """Open the reminder. `hung_up`: the call center says that it has hung up the phone already."""
        self._what.setText(
            "The call center has ended your phone call. Make sure that your phone is hung up."
            if hung_up
            else "You are logged off and nobody is connected to you any more, but your phone is still on the line."
        )
        self._stored.setText("1 call stored in this shift." if stored == 1 else f"{stored} calls stored in this shift.")
        self.show()
        self.raise_()
        self.activateWindow()

    def reject(self) -> None:
        """Escape does not make the reminder go away: only "Done" says that the phone is hung up."""

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.done_requested.emit()
