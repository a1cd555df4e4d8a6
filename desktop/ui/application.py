"""The one QApplication of a process: how it looks, and how it takes being asked to quit or to open a link."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from desktop import APP_NAME, __version__
from desktop.ui import app_id, look


class QtApplication(QApplication):
    """Hands every wish to quit on instead of closing windows: leaving may have to ask first (stack-notes, 'Shutdown')."""

    quit_requested = Signal()
    link_opened = Signal(str)

    def __init__(self, arguments: list[str]) -> None:
        app_id.claim()  # before there is a window
        super().__init__(arguments)
        self.setApplicationName(APP_NAME)
        self.setApplicationVersion(__version__)
        self.setDesktopFileName("nextcall")
        self.setQuitOnLastWindowClosed(False)
        look.dress(self)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):  # how macOS hands a link over
            self.link_opened.emit(event.url().toString())
            return True
        if event.type() is QEvent.Type.Quit:
            self.quit_requested.emit()
            event.ignore()
            return True
        return super().event(event)
