"""The callbacks that the agent has promised, until they are taken off. NextCall cannot dial, and says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.popup import callback as when
from desktop.popup.caller import Caller
from desktop.shift.journal import Callback
from desktop.ui import look
from desktop.ui.parts import MessageBar, button, framed, label, tip

_LATE = timedelta(minutes=10)
"""After this, what is due is overdue."""
_CALLBACK = Qt.ItemDataRole.UserRole
_ROW = Qt.ItemDataRole.UserRole + 1


class CallbacksWindow(QDialog):
    """Shows whom to call back and when; an agent takes off who has been called."""

    done_requested = Signal(int)
    """The journal's number of the callback that is to be taken off."""
    undo_requested = Signal(int)
    """The number of one that was taken off and is to come back."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Callbacks")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._taken_off: list[Callback] = []

        self._list = QListWidget()
        self._list.setAccessibleName("Callbacks")
        self._list.setItemDelegate(_RowDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemSelectionChanged.connect(self._on_chosen)
        self._empty = label("Nobody is waiting to be called back.", "muted", wraps=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message = MessageBar(lines=1)

        self._done = button("Done", "", "check")
        self._done.setToolTip("You have called this person back: take the callback off the list (Delete)")
        self._done.clicked.connect(self._on_done)
        self._undo = button("Undo", "flat")
        self._undo.setToolTip("Put the one that you took off last back on the list (Ctrl+Z)")
        self._undo.clicked.connect(self._on_undo)
        self._close = button("Close", "primary")
        self._close.setDefault(True)  # so that Enter, pressed once too often, takes nothing off
        self._close.clicked.connect(self.reject)
        for key in ("Del", "Backspace"):  # a Mac's key for deleting is the latter
            QShortcut(QKeySequence(key), self._list, self._on_done, context=Qt.ShortcutContext.WidgetShortcut)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self, self._on_undo)

        content = framed(self, practice=practice, margin=20)
        content.addWidget(self._list, 1)
        content.addWidget(self._empty, 1)
        content.addWidget(
            label(
                "NextCall cannot dial. Tell your team lead, or call from your own phone if your campaign wants that.",
                "muted",
                wraps=True,
            )
        )
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addWidget(self._done)
        foot.addWidget(self._undo)
        foot.addStretch()
        foot.addWidget(self._close)
        content.addLayout(foot)
        self.setMinimumWidth(460)
        self._show_taken_off()
        self._fill([])

    def show_callbacks(self, callbacks: Iterable[Callback], now: datetime) -> None:
        """Show these, in their order, instead of what was shown. `now` is the agent's time, aware; it tells what is due."""
        self._fill([_item(one, now) for one in callbacks])

    def _fill(self, items: list[QListWidgetItem]) -> None:
        chosen, row = self._chosen(), self._list.currentRow()
        numbers = [item.data(_CALLBACK).number for item in items]
        if chosen and chosen.number in numbers:
            row = numbers.index(chosen.number)
        with QSignalBlocker(self._list):  # for a moment nothing is chosen, and "Done" must not lose the keyboard over it
            self._list.clear()
            for item in items:
                self._list.addItem(item)
            self._list.setCurrentRow(min(max(row, 0), len(items) - 1))
        if not items and (self._list.hasFocus() or self._done.hasFocus()):
            self._close.setFocus()  # else Qt would give the keyboard to "Undo"
        self._list.setVisible(bool(items))
        self._empty.setVisible(not items)
        self._fit()
        self._on_chosen()

    def _fit(self) -> None:
        """Room for the times, which must not be cut, and for four callbacks; names are shortened instead."""
        self._list.ensurePolished()
        frame = 2 * self._list.frameWidth() + 2 * look.GAP
        bar = self._list.verticalScrollBar().sizeHint().width()
        height = max(self._list.sizeHintForRow(0), 3 * self._list.fontMetrics().lineSpacing())
        self._list.setMinimumSize(self._list.sizeHintForColumn(0) + frame + bar, 4 * height + frame)
        self._empty.setMinimumHeight(self._list.minimumHeight())

    def _chosen(self) -> Callback | None:
        items = self._list.selectedItems()
        found: Callback | None = items[0].data(_CALLBACK) if items else None
        return found

    def _show_taken_off(self) -> None:
        if not self._taken_off and self._undo.hasFocus():  # a grey button would lose it to whatever stands next
            (self._list if self._list.isVisible() else self._close).setFocus()
        self._undo.setEnabled(bool(self._taken_off))
        if self._taken_off:
            self._message.say(f"Taken off: {_shortened(_caller(self._taken_off[-1]).title)}", tone="good")
        else:
            self._message.clear()

    # Slots

    def _on_chosen(self) -> None:
        self._done.setEnabled(self._chosen() is not None)

    def _on_done(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen not in self._taken_off:  # it goes when the journal says so, and may be pressed again
            self._taken_off.append(chosen)
            self._show_taken_off()
            self.done_requested.emit(chosen.number)

    def _on_undo(self) -> None:
        if self._taken_off:
            number = self._taken_off.pop().number
            self._show_taken_off()
            self.undo_requested.emit(number)


@dataclass(frozen=True, slots=True)
class _Row:
    """What stands in a row: name and number, and below them a mark in words and the time, beside an icon."""

    name: str
    number: str
    time: str
    icon: str
    tone: str


class _RowDelegate(QStyledItemDelegate):
    """Draws a callback in two lines. Its item has the same in one text, for screen readers and for finding it by its name."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.text = ""  # which leaves the ground of the row

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        row, letters = index.data(_ROW), option.fontMetrics
        bold = QFontMetrics(_bold(option.font))
        width = letters.lineSpacing() + 3 * look.GAP + bold.horizontalAdvance(row.time)
        return QSize(width, letters.lineSpacing() + bold.lineSpacing() + look.TIGHT + 2 * look.GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().paint(painter, option, index)
        row: _Row = index.data(_ROW)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        area = option.rect.adjusted(look.GAP, look.GAP, -look.GAP, -look.GAP)
        side = option.fontMetrics.lineSpacing()
        icon = QRect(area.left(), area.center().y() - side // 2, side, side)
        look.icon(row.icon, "on_accent" if selected else row.tone).paint(painter, icon)
        area.setLeft(area.left() + side + look.GAP)
        upper, lower = QRect(area), QRect(area)
        lower.setTop(area.bottom() - side)

        painter.save()
        number = option.fontMetrics.elidedText(row.number, Qt.TextElideMode.ElideRight, area.width() // 2)
        painter.setFont(option.font)
        painter.setPen(look.colour("on_accent" if selected else "muted"))
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, number)
        upper.setRight(area.right() - option.fontMetrics.horizontalAdvance(number) - look.ROOM)
        bold = _bold(option.font)
        painter.setFont(bold)
        painter.setPen(look.colour("on_accent" if selected else "text"))
        name = QFontMetrics(bold).elidedText(row.name, Qt.TextElideMode.ElideRight, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)
        painter.setFont(option.font if row.tone == "muted" else bold)
        painter.setPen(look.colour("on_accent" if selected else row.tone))
        painter.drawText(lower, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, row.time)
        painter.restore()


def _item(callback: Callback, now: datetime) -> QListWidgetItem:
    late = timedelta(seconds=now.timestamp() - callback.due.timestamp())
    icon, tone, mark = "waiting", "muted", ""
    if late >= _LATE:
        icon, tone, mark = "warning", "bad", "Overdue"
    elif late >= timedelta():
        icon, tone, mark = "phone-rings", "warn", "Due"
    person = _caller(callback)
    time = "  ·  ".join(filter(None, (mark, when.words(callback.due, now))))
    number = person.number if person.name else ""
    item = QListWidgetItem(", ".join(filter(None, (person.title, number, mark, when.words(callback.due, now)))))
    item.setToolTip(tip("\n".join(filter(None, (person.title, number, time)))))
    item.setData(_CALLBACK, callback)
    item.setData(_ROW, _Row(person.title, number, time, icon, tone))
    return item


def _caller(callback: Callback) -> Caller:
    return Caller(" ".join(callback.caller.split()), " ".join(callback.phone_number.split()))


def _shortened(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39].rstrip()}…"


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
