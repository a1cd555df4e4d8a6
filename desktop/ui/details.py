"""What is known of the call, field by field: in the groups of the campaign's profile, and all the rest under More."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QKeySequence, QPalette, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from desktop.popup.caller import Row
from desktop.popup.fields import Shown, View
from desktop.ui import look
from desktop.ui.parts import tip

_VALUE = Qt.ItemDataRole.UserRole
_TONE = Qt.ItemDataRole.UserRole + 1


class DetailsView(QTreeView):
    """The fields of the CallType; Ctrl+C copies the value."""

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._model = QStandardItemModel(0, 2, self)
        self._model.setHorizontalHeaderLabels(["Field", "Value"])
        self.setModel(self._model)
        self.setItemDelegate(_ToneDelegate(self))
        self.setAccessibleName("Caller")
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setUniformRowHeights(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setResizeContentsPrecision(200)
        self.header().setMaximumSectionSize(260)
        self.header().setStretchLastSection(True)
        copy = QAction(look.icon("copy"), "Copy value", self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._on_copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_view(self, view: View) -> None:
        """Show this of a call instead of what was shown."""
        if view == self._view:
            return
        self._view = view
        self._model.removeRows(0, self._model.rowCount())
        top = self._model.invisibleRootItem()
        nested = False
        more: QStandardItem | None = None
        for group in view.groups:
            parent = _add(top, group.title, "", tone="heading") if group.title else top
            nested = nested or bool(group.title)
            for line in group.lines:
                _add_line(parent, line)
        if view.groups and view.more:
            more = _add(top, "More", "", tone="heading")
            nested = True
        nested = _add_rows(more or top, view.more) or nested
        self.setRootIsDecorated(nested)
        if nested:
            self.expandAll()
            self._span_headings()
        if more is not None:
            self.collapse(more.index())
        if self._model.rowCount():
            first = self._model.index(0, 0)
            self.setCurrentIndex(
                self._model.index(0, 1, first if self._model.hasChildren(first) and view.groups else QModelIndex())
            )
        self.scrollToTop()

    def _span_headings(self) -> None:
        for row in range(self._model.rowCount()):
            self.setFirstColumnSpanned(row, QModelIndex(), self._model.index(row, 0).data(_TONE) == "heading")

    def _on_copy(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            value = index.siblingAtColumn(1)
            QGuiApplication.clipboard().setText(value.data(_VALUE) or "")


class _ToneDelegate(QStyledItemDelegate):
    """Draws what is strong, muted or a warning so, in the colours that the program wears when it draws."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        tone = index.data(_TONE)
        if tone in {"strong", "heading"}:
            font = option.font
            font.setBold(True)
            option.font = font
        ink = look.colour(tone if tone in {"muted", "warn"} else "text")
        palette = option.palette
        palette.setColor(QPalette.ColorRole.Text, ink)
        palette.setColor(QPalette.ColorRole.HighlightedText, ink)
        option.palette = palette


def _add(parent: QStandardItem, name: str, value: str, *, copied: str | None = None, tone: str = "") -> QStandardItem:
    """A row below `parent`: a name and a value, of which `copied` goes to the clipboard."""
    first, second = QStandardItem(name), QStandardItem(_one_line(value))
    second.setData(value if copied is None else copied, _VALUE)
    second.setToolTip(tip(value[:2000]))
    if tone:
        second.setData(tone, _TONE)
        if tone in {"heading", "muted"}:
            first.setData(tone, _TONE)
    parent.appendRow([first, second])
    return first


def _add_line(parent: QStandardItem, line: Shown) -> None:
    text = " · ".join(filter(None, (line.text, line.aside)))
    # what is covered on the screen must not lie open on the clipboard
    _add(parent, line.label, text, copied=line.text if line.covered else line.value, tone=_tone(line))
    if line.warning:
        _add(parent, "", line.warning, tone="warn")
        parent.child(parent.rowCount() - 1, 1).setIcon(QIcon(look.icon("warning", "warn")))


def _tone(line: Shown) -> str:
    return "" if line.emphasis == "normal" else line.emphasis


def _add_rows(top: QStandardItem, rows: tuple[Row, ...]) -> bool:
    """Everything below, too; tells whether there was anything below."""
    nested = False
    waiting = [(top, rows)]
    while waiting:
        parent, below = waiting.pop()
        for row in below:
            name = _add(parent, row.label, row.value)
            if row.below:
                nested = True
                waiting.append((name, row.below))
    return nested


def _one_line(text: str) -> str:
    return " ".join(text[:500].split()) + (" …" if len(text) > 500 else "")
