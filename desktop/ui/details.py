"""What is known of the call, field by field: in the groups of the campaign's profile, and all the rest under More."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from math import ceil

from PySide6.QtCore import QEvent, QModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView

from desktop.popup.caller import Row
from desktop.popup.fields import Group, View
from desktop.ui import look
from desktop.ui.parts import tip

_VALUE = Qt.ItemDataRole.UserRole
_LINK = Qt.ItemDataRole.UserRole + 1


_SURELY_SEEN = 16
"""Letters of a value for which the column always has room."""
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)


class DetailsView(QTreeView):
    """The fields of the CallType; Ctrl+C copies the value, a click or Enter opens a link."""

    link_opened = Signal(str)
    """The agent wants this https address (writing.link has checked it)."""

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._widths: dict[str, float] = {}
        self._inks = _inks()
        self._model = QStandardItemModel(0, 2, self)
        self._model.setHorizontalHeaderLabels(["Field", "Value"])
        self.setModel(self._model)
        self.setAccessibleName("Caller")
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setUniformRowHeights(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.header().setMaximumSectionSize(260)
        self.header().setStretchLastSection(True)
        copy = QAction(look.icon("copy"), "Copy value", self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._on_copy)
        self.addAction(copy)
        self._open = QAction(look.icon("open"), "Open link", self)
        self._open.triggered.connect(lambda: self._open_link(self.currentIndex().siblingAtColumn(1)))
        self._open.setVisible(False)
        self.addAction(self._open)
        self.clicked.connect(self._open_link)
        self.expanded.connect(self._fit_names)
        self.collapsed.connect(self._fit_names)
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_view(self, view: View) -> None:
        """Show this of a call instead of what was shown. Of the same call only what has changed moves."""
        if view == self._view:
            return
        before, self._view = self._view, view
        grouped = bool(view.groups)
        self.setRootIsDecorated(any(group.title for group in view.groups) or any(grouped or row.below for row in view.more))
        with QSignalBlocker(self):  # nobody has opened anything
            if before and (before.call_id, bool(before.groups), before.more) == (view.call_id, grouped, view.more):
                self._change(before.groups, view.groups)
            else:
                self._build(view)
        self._fit_names()

    def _build(self, view: View) -> None:
        self._inks = _inks()
        self._model.removeRows(0, self._model.rowCount())
        self._change((), view.groups)
        top = self._model.invisibleRootItem()
        if view.groups and view.more:
            more = _Line("More", tone="heading").items()
            _add_rows(more[0], view.more)
            top.appendRow(more)
            self._span(more[0])
            self.expandRecursively(more[0].index())
            self.collapse(more[0].index())
        else:
            _add_rows(top, view.more)
            if any(row.below for row in view.more):
                self.expandAll()
        first = top.child(0)
        if first is not None:
            heads = bool(view.groups) and first.hasChildren()
            self.setCurrentIndex(self._model.index(0, 1, first.index() if heads else QModelIndex()))
        self.scrollToTop()

    def _fit_names(self) -> None:
        """Make the first column as wide as the widest name. Qt would ask for the size of every line, for each call anew."""
        first = self._model.index(0, 0)
        line = self._model.index(0, 0, first)
        line = line if line.isValid() else first  # a heading is bold
        if self._view is None or not line.isValid():
            return
        self.ensurePolished()  # the style sheet decides the font
        measured = QFontMetricsF(self.font()).horizontalAdvance
        around = self.sizeHintForIndex(line).width() - ceil(measured(line.data()))
        decorated = int(self.rootIsDecorated())
        more = self._model.index(self._model.rowCount() - 1, 0)
        names = tuple(_names(self._view, with_more=not self._view.groups or self.isExpanded(more)))
        # most calls have the names of the call before
        self._widths = {name: self._widths[name] if name in self._widths else measured(name) for name, _depth in names}
        inwards = self.indentation()
        widest = max((ceil(self._widths[name]) + (depth + decorated) * inwards for name, depth in names), default=0)
        self.header().resizeSection(0, widest + around)

    def _span(self, heading: QStandardItem) -> None:
        self.setFirstColumnSpanned(heading.row(), QModelIndex(), True)  # noqa: FBT003 - Qt has it so

    def _change(self, before: tuple[Group, ...], after: tuple[Group, ...]) -> None:
        """Make the groups `before`, which stand above everything else, those `after`."""
        top = self._model.invisibleRootItem()
        heads = _heads(after)
        _merge(top, _heads(before), heads)
        was = {group.title: _lines(group) for group in before}
        for row, head in enumerate(heads):
            if head.tone != "heading":
                continue
            heading = top.child(row)
            if self.isFirstColumnSpanned(row, QModelIndex()):  # it was there before
                _merge(heading, was[head.name], head.below)
            else:
                self._span(heading)
                self.expand(heading.index())

    def changeEvent(self, event: QEvent) -> None:
        """The colours of what is shown are those that the program wore when it came. Nothing moves when it wears others."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._widths.clear()
            self._fit_names()
        if event.type() is QEvent.Type.PaletteChange and self._view is not None and (inks := _inks()) != self._inks:
            now = dict(zip(self._inks, inks, strict=True))
            self._inks = inks
            _colour_anew(self._model.invisibleRootItem(), now)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the link of the line; everything else is the view's own."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and event.modifiers() in _PLAIN:
            self._open_link(self.currentIndex().siblingAtColumn(1))
            return
        super().keyPressEvent(event)

    def _open_link(self, index: QModelIndex) -> None:
        if index.isValid() and (link := index.data(_LINK)):
            self.link_opened.emit(link)

    def _on_current_changed(self, index: QModelIndex) -> None:
        self._open.setVisible(bool(index.isValid() and index.siblingAtColumn(1).data(_LINK)))

    def _on_copy(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            value = index.siblingAtColumn(1)
            QGuiApplication.clipboard().setText(value.data(_VALUE) or "")


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: a name and a value, of which `copied` goes to the clipboard, and for a heading the rows below it. `link` is opened
    by a click on the value."""

    name: str
    value: str = ""
    copied: str = ""
    tone: str = ""
    link: str = ""
    below: tuple[_Line, ...] = field(default=(), compare=False)

    def items(self) -> list[QStandardItem]:
        first, second = QStandardItem(self.name), QStandardItem(_one_line(self.value))
        second.setData(self.copied, _VALUE)
        if len(self.value) > _SURELY_SEEN:
            second.setToolTip(tip(self.value[:2000]))
        if self.link:
            second.setData(self.link, _LINK)
            underlined = QFont()
            underlined.setUnderline(True)
            second.setFont(underlined)
            second.setForeground(look.colour("accent"))
        for item in (first, second) if self.tone in {"heading", "muted"} else (second,):
            if self.tone in {"muted", "warn"}:
                item.setForeground(look.colour(self.tone))
            if self.tone in {"heading", "strong"}:
                bold = item.font()
                bold.setBold(True)
                item.setFont(bold)
        if self.tone == "warn":
            second.setIcon(QIcon(look.icon("warning", "warn")))
        for line in self.below:  # before anybody looks at them, which is dearer
            first.appendRow(line.items())
        return [first, second]


def _inks() -> tuple[str, ...]:
    """The colours that a line may have, as the program wears them now."""
    return tuple(look.colour(tone).name() for tone in ("muted", "warn", "accent"))


def _colour_anew(parent: QStandardItem, now: Mapping[str, str]) -> None:
    """Give everything below `parent` that has a colour the one that takes its place."""
    for item in (parent.child(row, column) for row in range(parent.rowCount()) for column in range(parent.columnCount())):
        if item is not None:
            if item.foreground().style() is not Qt.BrushStyle.NoBrush:
                item.setForeground(QColor(now[item.foreground().color().name()]))
            _colour_anew(item, now)


def _heads(groups: tuple[Group, ...]) -> tuple[_Line, ...]:
    """What stands in the first level: the headings, and the lines that have none."""
    found: list[_Line] = []
    for group in groups:
        lines = _lines(group)
        found += [_Line(group.title, tone="heading", below=lines)] if group.title else lines
    return tuple(found)


def _lines(group: Group) -> tuple[_Line, ...]:
    lines = []
    for one in group.lines:
        text = " · ".join(filter(None, (one.text, one.aside)))
        # what is covered on the screen must not lie open on the clipboard
        copied = one.text if one.covered else one.value
        lines.append(_Line(one.label, text, copied, "" if one.emphasis == "normal" else one.emphasis, one.link))
        if one.warning:
            lines.append(_Line("", one.warning, one.warning, "warn"))
    return tuple(lines)


def _merge(parent: QStandardItem, before: tuple[_Line, ...], after: tuple[_Line, ...]) -> None:
    """Make the first rows of `parent`, which are those of `before`, those of `after`; what is in both stays where it is."""
    for kind, first, last, begin, end in reversed(SequenceMatcher(None, before, after, autojunk=False).get_opcodes()):
        if kind != "equal":
            parent.removeRows(first, last - first)
            for row, line in enumerate(after[begin:end], first):
                parent.insertRow(row, line.items())


def _add_rows(top: QStandardItem, rows: tuple[Row, ...]) -> None:
    """Everything below, too."""
    waiting = [(top, rows)]
    while waiting:
        parent, below = waiting.pop()
        for row in below:
            items = _Line(row.label, row.value, row.value).items()
            parent.appendRow(items)
            if row.below:
                waiting.append((items[0], row.below))


def _names(view: View, *, with_more: bool) -> Iterator[tuple[str, int]]:
    """The names of the lines, each with how deep it lies. Headings have both columns for themselves."""
    for group in view.groups:
        for one in group.lines:
            yield one.label, int(bool(group.title))
    waiting = [(view.more, int(bool(view.groups)))] if with_more else []
    while waiting:
        rows, depth = waiting.pop()
        for row in rows:
            yield row.label, depth
            if row.below:
                waiting.append((row.below, depth + 1))


def _one_line(text: str) -> str:
    return " ".join(text[:500].split()) + (" …" if len(text) > 500 else "")
