"""The popup window: who is on the line, what is known of the call, and the form that the agent fills in while talking.

It appears without taking the keyboard. Closing it only hides it: what was typed stays until the call is stored.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QShortcut,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QSizePolicy,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from desktop.callcenter.model import Call, CallResponse, sendable
from desktop.errors import NextCallError
from desktop.popup.caller import Row, caller, details
from desktop.popup.dispositions import BUILT_IN
from desktop.shift.journal import Draft
from desktop.shift.session import Health, Line
from desktop.ui import look
from desktop.ui.parts import Clock, MessageBar, button, framed, label, tip

_NOTHING = Draft()
_FOOT = "Next Call stores this and puts you back in the queue."
_DRAFT_PAUSE = 250
"""Milliseconds from a change of the form to its being kept, so that at most half a second is ever lost (design.md)."""


class PopupWindow(QWidget):
    """One window for all calls of a shift, built before it is needed."""

    next_call_requested = Signal(CallResponse)
    logoff_requested = Signal(CallResponse)
    wait_on_requested = Signal()
    draft_changed = Signal(Draft)

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Call")
        self.setWindowIcon(look.app_icon(practice=practice))
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # the agent may be typing elsewhere
        self._call: Call | None = None
        self._fixed: Draft | None = None

        # Who is on the line
        self._name = _ElidedLabel("display")
        self._number = _ElidedLabel("muted")
        self._number.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._clock = Clock()
        self._clock.setAccessibleDescription("Time since the call was connected")

        # What is known of the call
        self._details = DetailsView()

        # What the agent collects
        self._disposition = DispositionList(BUILT_IN)
        self._disposition.setAccessibleName("Disposition")
        self._notes = NotesEdit()
        self._notes.setAccessibleName("Notes")

        # What comes next
        self._message = MessageBar(lines=2)
        self._next_call = button("Next Call", "primary", "next")
        self._next_call.setToolTip("Store this call and go back into the queue at once (Ctrl+Enter)")
        self._next_call.clicked.connect(self._on_next_call)
        self._logoff = button("Logoff", "", "leave")
        self._logoff.setToolTip("Store this call and end your shift: nobody else is connected (Ctrl+Shift+L)")
        self._logoff.clicked.connect(self._on_logoff)
        self._wait_on = button("Nobody there", "", "waiting")
        self._wait_on.setToolTip("Keep the notes and go on waiting for a call")
        self._wait_on.clicked.connect(self._on_wait_on)
        self._wait_on.hide()
        self._foot = label(_FOOT, "small", wraps=True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_DRAFT_PAUSE)
        self._typing.timeout.connect(lambda: self.draft_changed.emit(self.draft))
        self._disposition.itemSelectionChanged.connect(self._on_entry_changed)
        self._notes.textChanged.connect(self._on_entry_changed)
        for keys, slot in (
            ("Ctrl+Return", self._on_next_call),
            ("Ctrl+Enter", self._on_next_call),
            ("Ctrl+Shift+L", self._on_logoff),
            ("Alt+D", self._disposition.setFocus),
            ("Alt+N", self._notes.setFocus),
            ("Alt+C", self._details.setFocus),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)

        self._assemble(practice=practice)

    # What others tell it

    def show_call(self, call: Call, draft: Draft = _NOTHING, *, fixed: bool = False, last_only: bool = False) -> None:
        """Show who is on the line now, with an empty form, or with what was entered for this call before.

        `fixed`: that may be stored already, so it can only be sent again as it is. `last_only`: the agent's phone is no longer
        connected, so the call can only be stored as the last one.
        """
        self._call = call
        self._fixed = draft if fixed else None
        self._show_caller(call)
        self._begin(draft)
        if fixed:
            self._message.say("The call center may have this already", "You can send it once more, but not change it.", "warn")
        self._next_call.setVisible(not last_only)
        self._foot.setText("Logoff stores this as your last call." if last_only else _FOOT)

    def show_someone(self) -> None:
        """The agent hears somebody, and the call center has not told who it is: open an empty form at once."""
        self._call = self._fixed = None
        self.setWindowTitle("Call - somebody")
        self._name.show_text("Somebody is on your line")
        self._number.show_text("The call center has not told yet who it is.")
        self._details.show_rows(())
        self._begin(_NOTHING)
        self._next_call.setVisible(True)
        self._foot.setText("What you enter is kept and joins the call as soon as it is known.")

    def tell_who(self, call: Call) -> None:
        """The call center tells who the somebody is. What the agent has entered stays; the agent may have closed the popup."""
        self._call = call
        self._show_caller(call)
        self._wait_on.hide()
        self._foot.setText(_FOOT)
        self._message.clear()
        self._come_up()

    @property
    def draft(self) -> Draft:
        """What the agent has entered so far."""
        return Draft(self._disposition.chosen(), self._notes.text())

    def bring_back(self) -> None:
        """Show the same call again, as it was, because the agent asked for it."""
        self.showNormal()
        self.raise_()
        self.activateWindow()

    def show_saving(self) -> None:
        """Say that the response is on its way."""
        self._keep_draft()
        self._set_busy(busy=True)
        self._message.say("Saving …", "Your entries stay here until the call center has them.")

    def show_trouble(self, line: Line) -> None:
        """Say why the response is still on its way."""
        if line.health is Health.UNSURE:
            self._message.say(
                "Not sure whether the call center has this",
                "It is sent once more as soon as the call center answers. If you hear somebody, talk: your entries are safe.",
                "warn",
            )
        elif line.health is Health.RECONNECTING:
            words = "NextCall tries again by itself; your entries are safe. Nobody is connected to you meanwhile."
            self._message.say("Not sent yet", f"{line.reason}. {words}", "warn")

    def tell(self, failure: NextCallError, became_of_work: str = "") -> None:
        """Tell why the response is not stored; the form can be used again."""
        self._set_busy(busy=False)
        self._message.tell(failure, became_of_work)
        self.show()

    # Inside

    def _assemble(self, *, practice: bool) -> None:
        content = framed(self, practice=practice, margin=20)

        head = QHBoxLayout()
        who = QVBoxLayout()
        who.setSpacing(0)
        who.addWidget(self._name)
        who.addWidget(self._number)
        head.addLayout(who, 1)
        head.addWidget(self._clock, 0, Qt.AlignmentFlag.AlignTop)
        content.addLayout(head)
        content.addSpacing(look.GAP)

        sides = QSplitter(Qt.Orientation.Horizontal)
        sides.setChildrenCollapsible(False)
        sides.setHandleWidth(look.ROOM)
        sides.addWidget(_titled("Caller", self._details))
        form = QWidget()
        fields = QVBoxLayout(form)
        fields.setContentsMargins(0, 0, 0, 0)
        fields.setSpacing(12)
        fields.addWidget(_titled("Disposition", self._disposition, f"keys 1 to {min(len(BUILT_IN), 9)} choose"))
        fields.addWidget(_titled("Notes", self._notes), 1)
        sides.addWidget(form)
        sides.setStretchFactor(0, 5)
        sides.setStretchFactor(1, 4)
        content.addWidget(sides, 1)

        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.setSpacing(look.GAP)
        foot.addWidget(self._foot, 1)
        foot.addWidget(self._wait_on)
        foot.addWidget(self._logoff)
        foot.addWidget(self._next_call)
        content.addLayout(foot)
        self.setTabOrder(self._disposition, self._notes)
        self.setTabOrder(self._notes, self._next_call)
        self.setTabOrder(self._next_call, self._logoff)
        self.setTabOrder(self._logoff, self._wait_on)
        self.setTabOrder(self._wait_on, self._details)
        self.resize(900, 640)
        self.setMinimumSize(660, 440)

    def _show_caller(self, call: Call) -> None:
        person = caller(call)
        self.setWindowTitle(f"Call - {person.title}")
        self._name.show_text(person.title)
        self._number.show_text(person.number if person.name else "")
        self._details.show_rows(details(call))

    def _begin(self, draft: Draft) -> None:
        self._typing.stop()
        with QSignalBlocker(self._disposition), QSignalBlocker(self._notes):
            self._disposition.choose(draft.disposition)
            self._notes.setPlainText(draft.notes)
        self._wait_on.setVisible(self._call is None)
        self._message.clear()
        self._set_busy(busy=False)
        self._clock.restart()
        self._disposition.setFocus()
        self._come_up()

    def _come_up(self) -> None:
        """Be seen, without taking the keyboard."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()

    def _keep_draft(self) -> None:
        if self._typing.isActive():
            self._typing.stop()
            self.draft_changed.emit(self.draft)

    def _on_entry_changed(self) -> None:
        if not self._typing.isActive():  # not restarted: who types without a pause is kept, too
            self._typing.start()

    def _on_wait_on(self) -> None:
        self.hide()
        self.wait_on_requested.emit()

    def _response(self) -> CallResponse | None:
        """What the agent made of the call, or None after saying what is missing."""
        if not self._logoff.isEnabled():
            return None
        if self._call is None:
            self._message.say(
                "The call center has not told yet who this is",
                "NextCall keeps asking, and what you enter is kept. If nobody is there, press “Nobody there”.",
                "warn",
            )
            return None
        entered = self._fixed or self.draft
        if not entered.disposition:
            self._message.say("Choose a disposition", "Press its digit, or pick it with the arrow keys.", "warn")
            self._disposition.setFocus()
            return None
        return CallResponse(self._call.id, entered.disposition, entered.notes)

    def _set_busy(self, *, busy: bool) -> None:
        for part in (self._next_call, self._logoff):
            part.setEnabled(not busy)
        can_change = not busy and self._fixed is None
        self._disposition.setEnabled(can_change)
        self._notes.setReadOnly(not can_change)

    def _on_next_call(self) -> None:
        response = self._response() if self._next_call.isVisibleTo(self) else None
        if response is not None:
            self.next_call_requested.emit(response)

    def _on_logoff(self) -> None:
        response = self._response()
        if response is not None:
            self.logoff_requested.emit(response)

    def hideEvent(self, event: QHideEvent) -> None:
        self._keep_draft()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.hide()


class DispositionList(QListWidget):
    """The dispositions with their digit keys; typing letters finds one by its beginning."""

    def __init__(self, dispositions: tuple[str, ...]) -> None:
        super().__init__()
        self.addItems(list(dispositions))
        self.setItemDelegate(_DigitDelegate(self))
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """High enough for the dispositions that have a digit, so that they need no scrolling."""
        rows = min(self.count(), 9) * max(self.sizeHintForRow(0), 1)
        return QSize(240, rows + 2 * self.frameWidth() + 12)

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
            self.setCurrentItem(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit chooses the disposition of that number; everything else is the list's own."""
        text = event.text()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and text.isascii() and text.isdigit() and 1 <= int(text) <= self.count():
            self.setCurrentRow(int(text) - 1)
            return
        super().keyPressEvent(event)


class _DigitDelegate(QStyledItemDelegate):
    """Draws the digit key of a disposition at the end of its row."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().paint(painter, option, index)
        if index.row() >= 9:
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setPen(look.colour("on_accent" if selected else "muted"))
        area = option.rect.adjusted(0, 0, -12, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(index.row() + 1))
        painter.restore()


class NotesEdit(QPlainTextEdit):
    """Plain text. What XML cannot carry is replaced when it is pasted, where the agent can see it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setPlaceholderText("What should the next person know?")

    def text(self) -> str:
        """What stands there, to the character: toPlainText() makes every no-break space a plain one."""
        return self.document().toRawText().replace("\u2029", "\n").replace("\u2028", "\n")  # Qt's ends of paragraphs and lines

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(sendable(source.text()))


class DetailsView(QTreeView):
    """Every field of the CallType; Ctrl+C copies the value."""

    def __init__(self) -> None:
        super().__init__()
        self._model = QStandardItemModel(0, 2, self)
        self._model.setHorizontalHeaderLabels(["Field", "Value"])
        self.setModel(self._model)
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

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Show `rows` instead of what was shown."""
        self._model.removeRows(0, self._model.rowCount())
        waiting = [(self._model.invisibleRootItem(), rows)]
        nested = False
        while waiting:
            parent, below = waiting.pop()
            for row in below:
                name, value = QStandardItem(row.label), QStandardItem(_one_line(row.value))
                value.setData(row.value, Qt.ItemDataRole.UserRole)
                value.setToolTip(tip(row.value[:2000]))
                parent.appendRow([name, value])
                if row.below:
                    nested = True
                    waiting.append((name, row.below))
        self.setRootIsDecorated(nested)
        if nested:
            self.expandAll()
        if rows:
            self.setCurrentIndex(self._model.index(0, 1))
        self.scrollToTop()

    def _on_copy(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            value = index.siblingAtColumn(1)
            QGuiApplication.clipboard().setText(value.data(Qt.ItemDataRole.UserRole) or "")


class _ElidedLabel(QLabel):
    """A label that shortens its text to the room it has instead of widening the window."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    def show_text(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self.setToolTip(tip(text))
        self._fit()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        self.ensurePolished()  # the style sheet decides the font
        self.setText(QFontMetrics(self.font()).elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


def _titled(name: str, part: QWidget, hint: str = "") -> QFrame:
    frame = QFrame()
    stack = QVBoxLayout(frame)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(look.TIGHT)
    caption = label(name, "section")
    caption.setBuddy(part)
    head = QHBoxLayout()
    head.addWidget(caption)
    head.addStretch()
    if hint:
        head.addWidget(label(hint, "small"))
    stack.addLayout(head)
    stack.addWidget(part, 1)
    return frame


def _one_line(text: str) -> str:
    return " ".join(text[:500].split()) + (" …" if len(text) > 500 else "")
