"""The cheat sheet: all keys by place, from the one table of them. It shows keys and binds none but its own."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QWidget

from desktop.ui import look
from desktop.ui.keys import HOTKEYS, TABLE, Place, Row, bound
from desktop.ui.parts import button, framed, label

_LETTERS = 110
"""In a line, keys and words together."""


class CheatSheet(QDialog):
    """A window beside the others; F1 or Escape closes it."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Keys")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._hotkeys: dict[str, tuple[QLabel, QLabel]] = {}
        """The keys and the trouble of each action that has a key everywhere."""
        close = button("Close", "primary")
        close.setDefault(True)
        close.clicked.connect(self.reject)
        for keys, action in bound(Place.EVERY_WINDOW):
            if action == "show_keys":
                QShortcut(QKeySequence(keys), self).activated.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("Keys", "title"))
        content.addWidget(self._table(), 1)
        content.addSpacing(look.TIGHT)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(close)
        content.addLayout(foot)
        self.show_hotkeys(HOTKEYS)

    def show_hotkeys(self, hotkeys: Mapping[str, str], failed: Mapping[str, str] | None = None) -> None:
        """Show the keys that work everywhere (action: Qt's portable text), and a sentence about each that could not be had."""
        told = {""}
        for action, (shown, trouble) in self._hotkeys.items():
            why_not = (failed or {}).get(action, "")
            shown.setText(hotkeys.get(action) or "no key")
            shown.setEnabled(bool(hotkeys.get(action)) and not why_not)
            trouble.setText(why_not)
            trouble.setVisible(why_not not in told)  # what is so for all of them is said once
            told.add(why_not)

    def _table(self) -> QScrollArea:
        inner = QWidget()
        lines = QGridLayout(inner)
        lines.setContentsMargins(0, 0, look.ROOM, 0)  # air before the scroll bar
        lines.setHorizontalSpacing(look.WIDE)
        lines.setVerticalSpacing(look.TIGHT - 2)
        lines.setColumnStretch(1, 1)
        for place in Place:
            lines.addWidget(label(place.value, "muted"), lines.rowCount(), 0, 1, 2)
            for row in TABLE:
                if row.place is place:
                    self._add(lines, row)
            lines.setRowMinimumHeight(lines.rowCount(), look.GAP - 2)  # all of it is to fit a small screen
        lines.setRowStretch(lines.rowCount(), 1)
        return _Scrolled(inner)

    def _add(self, lines: QGridLayout, row: Row) -> None:
        at = lines.rowCount()
        shown = label(row.shown, "section")
        lines.addWidget(shown, at, 0, Qt.AlignmentFlag.AlignTop)
        lines.addWidget(label(row.does, wraps=True), at, 1)
        if row.place is Place.EVERYWHERE:
            trouble = label("", "problem", wraps=True)
            lines.addWidget(trouble, at + 1, 1)
            self._hotkeys.update({action: (shown, trouble) for _keys, action in row.bound})


class _Scrolled(QScrollArea):
    """Wishes to be as large as what is in it, and scrolls where there is not so much room."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self._inner = inner
        self.setAccessibleName("Keys")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inner)

    def sizeHint(self) -> QSize:
        width = _LETTERS * self.fontMetrics().averageCharWidth()
        return QSize(width, self._inner.heightForWidth(width))
