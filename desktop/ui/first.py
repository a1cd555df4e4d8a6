"""The first window: an empty log-in dialog that can be typed into before the rest of the program is read from the disk.

It and what it imports is all that a start waits for, so it imports little. What the agent does in the dialog meanwhile counts:
what is typed stays, and what is pressed is done as soon as there is somebody to do it.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.shift.left_open import may_have_open_calls
from desktop.ui.login import LoginDialog
from desktop.ui.parts import place

_PATIENCE = 500
"""Milliseconds that the rest waits for the first window to be painted. A window may never be: on another workspace, say."""


class FirstPaint(QObject):
    """Tells once when a window has been painted and handed to the screen the next time."""

    seen = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self, self._tell)
        return False

    def _tell(self) -> None:
        self.seen.emit()
        self.deleteLater()


def first_login(folder: Path) -> LoginDialog | None:
    """Show the log-in dialog. None where something else may have to come first: an earlier start may have left calls open in the
    data folder `folder`."""
    if may_have_open_calls(folder / "journal.db"):
        return None
    login = LoginDialog(practice=False, ready=False)
    place(login, 0.5, 0.4)
    login.focus_first_gap()
    login.show()
    return login


def wait_for_paint(window: QWidget) -> None:
    """Let Qt work until `window` has been painted. Only for before there is an event loop, and so any task."""
    painted: list[bool] = []
    FirstPaint(window).seen.connect(lambda: painted.append(True))
    patience = QTimer()
    patience.setSingleShot(True)
    patience.start(_PATIENCE)
    while not painted and patience.isActive():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
