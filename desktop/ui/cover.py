"""A cover over a window that shows people's data, for as long as the agent is away from the computer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui import look
from desktop.ui.parts import label

_WORDS = "Hidden while you are away. What you entered is still here."


class Cover(QWidget):
    """Lies over all of `window` while it is on. Keys and clicks do nothing there: nobody acts on what is not seen."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_WORDS)
        stack = QVBoxLayout(self)
        stack.addStretch()
        stack.addWidget(look.Glyph("eye-off", 40), 0, Qt.AlignmentFlag.AlignHCenter)
        stack.addSpacing(look.GAP)
        stack.addWidget(label(_WORDS, "muted"), 0, Qt.AlignmentFlag.AlignHCenter)
        stack.addStretch()
        self._before: QWidget | None = None
        self.hide()
        window.installEventFilter(self)

    def put(self, *, on: bool) -> None:
        """Put it on, or take it off."""
        window = self.parentWidget()
        if on is not self.isHidden() or window is None:
            return
        if on:
            self._before = window.focusWidget()
            self.setGeometry(window.rect())
            self.show()
            self.raise_()
            self.setFocus()
        else:
            self.hide()
            if self._before is not None:
                self._before.setFocus()
            self._before = None

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()  # no shortcut of the window works under the cover
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and isinstance(window, QWidget):
            self.setGeometry(window.rect())
        return False
