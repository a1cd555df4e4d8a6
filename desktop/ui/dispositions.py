"""How a call has ended: the list from which the agent chooses, a line for own words, and when to call back."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QFont, QIcon, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.popup.dispositions import Offered, offered, own_words_allowed
from desktop.popup.profile import CampaignProfile
from desktop.ui import look
from desktop.ui.parts import label, wear_role

_OFFERED = Qt.ItemDataRole.UserRole
_MOST_ROWS, _MOST_ROWS_COMPACT = 9, 5
_AROUND_NAME = 72
"""Pixels beside a disposition's name: its mark, its digit, and the air between them."""
_AT_THE_END = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TONES = {"green": "good", "amber": "warn", "red": "bad", "teal": "accent", "grey": "muted"}


class DispositionForm(QWidget):
    """What the agent makes of a call: one of the campaign's dispositions or, where it allows that, one in own words."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._list = DispositionList()
        self._list.setAccessibleName("Disposition")
        self._list.itemSelectionChanged.connect(self._on_chosen)
        self.setFocusProxy(self._list)

        self._own = QLineEdit()
        self._own.setAccessibleName("Disposition in your own words")
        self._own.setPlaceholderText("or in your own words")
        self._own.textChanged.connect(self._on_own_words)

        self._callback = QLineEdit()
        self._callback.setAccessibleName("Call back when?")
        self._callback.setPlaceholderText("tue 3pm, tomorrow 10, in 2 hours")
        self._callback.textChanged.connect(self.changed)
        self._understood = label("", "small", wraps=True)
        caption = label("Call back when?", "section")
        caption.setBuddy(self._callback)

        self._asked = QWidget()
        asked = QVBoxLayout(self._asked)
        asked.setContentsMargins(0, 0, 0, 0)
        asked.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(look.GAP)
        row.addWidget(caption)
        row.addWidget(self._callback, 1)
        asked.addLayout(row)
        asked.addWidget(self._understood)
        self._asked.hide()

        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(look.TIGHT)
        stack.addWidget(self._list, 1)
        stack.addWidget(self._own)
        stack.addWidget(self._asked)

    def offer(self, profile: CampaignProfile) -> None:
        """Offer what this campaign wants; nothing is chosen."""
        self._list.offer(offered(profile), compact=bool(profile.questions))
        self._own.setVisible(own_words_allowed(profile))

    def fill_in(self, disposition: str, callback: str = "") -> None:
        """Show these entries. A disposition that is not offered stands in the line for own words, if there is one."""
        with QSignalBlocker(self):
            self._list.choose(disposition)
            own = "" if self._list.chosen() or self._own.isHidden() else disposition
            with QSignalBlocker(self._own):
                self._own.setText(own)
            self._callback.setText(callback)
        self._pass_own_words()

    def disposition(self) -> str:
        """The chosen disposition, or that in own words; empty if there is none yet."""
        return self._own.text().strip() or self._list.chosen()

    def callback(self) -> str:
        """What is entered as the time for a callback."""
        return self._callback.text()

    def ask_callback(self, *, asked: bool, words: str = "", problem: str = "") -> None:
        """Ask when to call back, or not; say how the entry is understood, or why it is not."""
        self._asked.setVisible(asked)
        self._understood.setText(problem or words)
        self._understood.setVisible(bool(problem or words))
        wear_role(self._understood, "problem" if problem else "small")

    def set_changeable(self, *, changeable: bool) -> None:
        """Whether the entries can be changed."""
        self.setEnabled(changeable)

    def go_to_disposition(self) -> None:
        """Put the keyboard to the disposition in own words if there is one, else to the list."""
        (self._own if self._own.text().strip() else self._list).setFocus(Qt.FocusReason.OtherFocusReason)

    def go_to_callback(self) -> None:
        """Put the keyboard to the time of the callback."""
        self._callback.setFocus(Qt.FocusReason.OtherFocusReason)

    def has_keyboard_at_callback(self) -> bool:
        """Whether the keyboard is there."""
        return self._callback.hasFocus()

    @property
    def fields(self) -> list[QWidget]:
        """What the keyboard goes through, in its order."""
        return [self._list, self._own, self._callback]

    def _on_chosen(self) -> None:
        if self._list.chosen():
            with QSignalBlocker(self._own):
                self._own.clear()
        self._pass_own_words()
        self.changed.emit()

    def _pass_own_words(self) -> None:
        """Whoever has chosen from the list needs no own words: Tab goes on to the notes."""
        self._own.setFocusPolicy(Qt.FocusPolicy.ClickFocus if self._list.chosen() else Qt.FocusPolicy.StrongFocus)

    def _on_own_words(self, text: str) -> None:
        if text.strip():
            with QSignalBlocker(self._list):
                self._list.choose("")
            self._pass_own_words()
        self.changed.emit()


class DispositionList(QListWidget):
    """The dispositions with their digit keys, under the headings of their groups; typing letters finds one by its beginning.

    In two columns where they find room, so that all can be seen beside a campaign's questions.
    """

    def __init__(self) -> None:
        super().__init__()
        self._compact = False
        self._delegate = _DigitDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self._columns = 1
        self.setIconSize(QSize(12, 12))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def offer(self, choices: Iterable[Offered], *, compact: bool) -> None:
        """Offer these instead of what was offered; nothing is chosen. `compact`: the room is needed for something else, too."""
        self.clear()
        self._compact = compact
        group = ""
        choices = tuple(choices)
        without_mark = _no_mark() if any(one.disposition.colour for one in choices) else QIcon()
        for one in choices:
            if one.disposition.group != group:
                group = one.disposition.group
                self._add_heading(group)
            item = QListWidgetItem(one.disposition.name, self)
            item.setData(_OFFERED, one)
            colour = one.disposition.colour
            item.setIcon(look.icon("dot", _TONES[colour]) if colour else without_mark)
        self._arrange()

    def sizeHint(self) -> QSize:
        """High enough for the dispositions that have a digit, so that they need no scrolling."""
        rows = min(self._rows(), _MOST_ROWS_COMPACT if self._compact else _MOST_ROWS) * self._row_height()
        return QSize(240, rows + 2 * self.frameWidth() + 12)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def chosen(self) -> str:
        """The chosen disposition, or an empty text."""
        items = self.selectedItems()
        return items[0].text() if items else ""

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
        """A heading has its row for itself: in two columns a filler goes before it, if need be, and one after it."""
        for words in ("", text, ""):
            heading = QListWidgetItem(words, self)
            heading.setFlags(Qt.ItemFlag.NoItemFlags)  # neither the mouse, nor arrows, nor letters choose it
            font = QFont(self.font())
            font.setBold(True)
            heading.setFont(font)

    def _arrange(self) -> None:
        """One or two columns, as the widest disposition and the window allow."""
        wide = self._compact and self.count() > _MOST_ROWS_COMPACT and 2 * self._widest() <= self._room()
        self._columns = 2 if wide else 1
        self._delegate.column_width = max(self._room() // self._columns, 1)
        column = 0
        for row in range(self.count()):
            item = self.item(row)
            if not item.data(_OFFERED) and not item.text():
                item.setHidden(column == 0)  # the row before a heading, and that of the heading, is full already
            column = (column + (not item.isHidden())) % self._columns
        self.setMinimumHeight(self.sizeHint().height() if self._compact else 0)  # what may have to be scrolled shall not shrink
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()

    def _room(self) -> int:
        """The width that the columns share. Where rows are wrapped, Qt keeps a scroll bar's room free beside the scroll bar."""
        bars = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent) + self.verticalScrollBar().sizeHint().width()
        return self.maximumViewportSize().width() - bars

    def _rows(self) -> int:
        """The rows as they are arranged."""
        return -(-sum(not self.item(row).isHidden() for row in range(self.count())) // self._columns)

    def _row_height(self) -> int:
        return max(self.sizeHintForRow(0), 1)

    def _widest(self) -> int:
        """What the widest disposition needs, with the air around it, its mark and its digit."""
        metrics = self.fontMetrics()
        widths = [
            metrics.horizontalAdvance(self.item(row).text()) for row in range(self.count()) if self.item(row).data(_OFFERED)
        ]
        return max(widths, default=0) + _AROUND_NAME


class _DigitDelegate(QStyledItemDelegate):
    """Draws the digit key of a disposition at the end of its row, and makes every row as wide as its column."""

    column_width = 1
    """Pixels."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        wish = super().sizeHint(option, index)
        return QSize(self.column_width, wish.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().paint(painter, option, index)
        one = index.data(_OFFERED)
        if not one or one.digit is None:
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        before = painter.pen()
        painter.setPen(look.colour("on_accent" if selected else "muted"))
        painter.drawText(option.rect.adjusted(0, 0, -12, 0), _AT_THE_END, str(one.digit))
        painter.setPen(before)


def _no_mark() -> QIcon:
    """As large as a mark, so that the names stand below each other."""
    nothing = QPixmap(12, 12)
    nothing.fill(Qt.GlobalColor.transparent)
    return QIcon(nothing)
