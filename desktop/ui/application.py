"""The one QApplication of a process: how it looks, and how it takes being asked to quit or to open a link."""

from __future__ import annotations

import builtins

_plain_import = builtins.__import__

from PySide6.QtCore import QEvent, Signal  # noqa: E402
from PySide6.QtGui import QFileOpenEvent  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

# PySide puts its own in the place of Python's `import` (for `from __feature__`, which nobody uses here), and then reads and keeps
# the source of every module that is imported: a fifth of a start, and 8 MB.
builtins.__import__ = _plain_import

from desktop import APP_NAME, __version__  # noqa: E402
from desktop.ui import app_id, look  # noqa: E402


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
