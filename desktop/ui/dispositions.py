"""The list from which the agent chooses how a call has ended."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.popup.dispositions import Offered
from desktop.popup.profile import Disposition
from desktop.ui import look

_OFFERED = Qt.ItemDataRole.UserRole
_TONES = {"green": "good", "amber": "warn", "red": "bad", "teal": "accent", "grey": "muted"}


class DispositionList(QListWidget):
    """The dispositions with their digit keys, under the headings of their groups; typing letters finds one by its beginning."""

    def __init__(self) -> None:
        super().__init__()
        self._most_rows = 9
        self.setItemDelegate(_DigitDelegate(self))
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(12, 12))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def offer(self, offered: Iterable[Offered], *, most_rows: int = 9) -> None:
        """Offer these instead of what was offered; nothing is chosen. More than `most_rows` are scrolled."""
        self.clear()
        self._most_rows = most_rows
        group = ""
        for one in offered:
            if one.disposition.group != group:
                group = one.disposition.group
                self._add_heading(group)
            item = QListWidgetItem(one.disposition.name, self)
            item.setData(_OFFERED, one)
            if one.disposition.colour:
                item.setIcon(look.icon("dot", _TONES[one.disposition.colour]))
        scrolls = self.count() > most_rows
        self.setMinimumHeight(self.sizeHint().height() if scrolls else 0)  # what has to be scrolled shall not shrink further
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """High enough for the dispositions that have a digit, so that they need no scrolling."""
        rows = min(self.count(), self._most_rows) * max(self.sizeHintForRow(0), 1)
        return QSize(240, rows + 2 * self.frameWidth() + 12)

    def chosen(self) -> str:
        """The chosen disposition, or an empty text."""
        disposition = self.chosen_disposition()
        return disposition.name if disposition else ""

    def chosen_disposition(self) -> Disposition | None:
        """The chosen disposition with what it needs."""
        items = self.selectedItems()
        return items[0].data(_OFFERED).disposition if items else None

    def choose(self, disposition: str) -> None:
        """Choose a disposition; an empty text, or one that is not offered, takes the choice back."""
        self.setCurrentRow(-1)
        self.clearSelection()
        self.scrollToTop()
        for item in self.findItems(disposition, Qt.MatchFlag.MatchExactly) if disposition else ():
            if item.data(_OFFERED):
                self.setCurrentItem(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit chooses the disposition that has it, Home the first below its heading; everything else is the list's own."""
        text = event.text()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and text.isascii() and text.isdigit():
            for row in range(self.count()):
                one = self.item(row).data(_OFFERED)
                if one and one.digit == int(text):
                    self.setCurrentRow(row)
                    return
        if event.key() == Qt.Key.Key_Home and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.setCurrentRow(next((row for row in range(self.count()) if self.item(row).data(_OFFERED)), -1))
            return
        super().keyPressEvent(event)

    def _add_heading(self, text: str) -> None:
        heading = QListWidgetItem(text, self)
        heading.setFlags(Qt.ItemFlag.NoItemFlags)  # neither the mouse, nor arrows, nor letters choose it
        font = QFont(self.font())
        font.setBold(True)
        heading.setFont(font)


class _DigitDelegate(QStyledItemDelegate):
    """Draws the digit key of a disposition at the end of its row."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().paint(painter, option, index)
        one = index.data(_OFFERED)
        if not one or one.digit is None:
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setPen(look.colour("on_accent" if selected else "muted"))
        area = option.rect.adjusted(0, 0, -12, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(one.digit))
        painter.restore()
