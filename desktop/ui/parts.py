"""The few parts that several windows share: labels of the type scale, the message bar, the clock, the practice mark."""

from __future__ import annotations

import re
from html import escape
from typing import ClassVar

from PySide6.QtCore import QElapsedTimer, QEvent, QMimeData, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QFontMetrics, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.callcenter.model import sendable
from desktop.errors import NextCallError
from desktop.ui import look


def label(text: str = "", role: str = "body", *, wraps: bool = False) -> QLabel:
    """A label of the type scale: display, title, section, body, muted, small or clock. Never takes text for markup."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wraps)
    return made


def button(text: str, role: str = "", icon: str = "") -> QPushButton:
    """A button: `primary` for the one that goes on, `flat` for the quiet ones. Enter presses it when it has the focus."""
    made = QPushButton(text)
    made.setProperty("role", role)
    made.setAutoDefault(True)  # which is what makes Enter press it
    if icon:
        made.setIcon(look.icon(icon, {"primary": "on_accent", "flat": "accent"}.get(role, "text")))
        made.setIconSize(QSize(22, 18))
    return made


def tip(text: str) -> str:
    """`text` for a tool tip, word for word. Qt takes a tool tip for markup as soon as it looks like some."""
    return f'<p style="white-space: pre-wrap">{escape(text)}</p>' if text else ""


def sentence(reason: str) -> str:
    """A failure's reason as a sentence; an empty one stays empty."""
    return reason[:1].upper() + reason[1:].rstrip(".") + "." if reason else ""


SET_BY_ORGANISATION = "Set by your organisation"
"""What stands at a setting that the agent cannot change."""


def wear_role(part: QWidget, role: str) -> None:
    """Give a part another role; a style sheet looks at properties only when it is asked to."""
    if role != part.property("role"):
        part.setProperty("role", role)
        part.style().unpolish(part)
        part.style().polish(part)


def titled(name: str, part: QWidget, hint: QLabel | None = None, below: QLabel | None = None) -> QFrame:
    """A part of a window below its name, with a hint beside the name and words below the part."""
    frame = QFrame()
    stack = QVBoxLayout(frame)
    stack.setContentsMargins(0, 0, 0, 0)
    stack.setSpacing(look.TIGHT)
    caption = label(name, "section")
    caption.setBuddy(part)
    head = QHBoxLayout()
    head.addWidget(caption)
    head.addStretch()
    if hint is not None:
        head.addWidget(hint)
    stack.addLayout(head)
    stack.addWidget(part, 1)
    if below is not None:
        stack.addWidget(below)
    return frame


def named(name: str, edit: QWidget, hint: QLabel | None = None) -> QWidget:
    """A field under its name, which screen readers and other programs know it by."""
    row = QWidget()
    stack = QVBoxLayout(row)
    stack.setContentsMargins(0, 2, 0, 0)
    stack.setSpacing(3)
    caption = label(name, "small")
    caption.setBuddy(edit)
    edit.setAccessibleName(name)
    stack.addWidget(caption)
    stack.addWidget(edit)
    if hint is not None:
        stack.addWidget(hint)
    return row


def bring_forward(window: QWidget) -> None:
    """Have `window` in front and ask for the keyboard, because somebody wants it now. A maximised one stays so."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()


def card() -> tuple[QFrame, QVBoxLayout]:
    """A card, and the layout for what is on it."""
    made = QFrame()
    made.setProperty("role", "card")
    inside = QVBoxLayout(made)
    inside.setContentsMargins(look.ROOM, 14, look.ROOM, 14)
    inside.setSpacing(look.GAP)
    return made, inside


class MessageBar(QFrame):
    """One message above the buttons. Its place stays reserved, so that nothing moves under the agent's mouse."""

    _ICONS: ClassVar = {"busy": "waiting", "good": "check", "warn": "warning", "bad": "warning"}

    def __init__(self, lines: int = 3) -> None:
        super().__init__()
        self.setProperty("role", "message")
        self.setProperty("tone", "")
        self._icon = look.Glyph("info", 20)
        self._title = label(role="section", wraps=True)
        self._text = label(wraps=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, look.GAP, 12, look.GAP)
        row.setSpacing(look.GAP + 2)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.setMinimumHeight(lines * self.fontMetrics().lineSpacing() + 2 * look.GAP + 2)
        self.clear()

    def text(self) -> str:
        """What stands there now, for people who cannot see it and for tests."""
        return " ".join(filter(None, (self._title.text(), self._text.text())))

    def clear(self) -> None:
        """Say nothing."""
        self._say("", "", "")

    def say(self, title: str, text: str = "", tone: str = "busy") -> None:
        """Say something in the `tone` busy, good, warn or bad."""
        self._say(title, text, tone)

    def tell(self, failure: NextCallError, became_of_work: str = "") -> None:
        """Tell a failure: what happened, why, what became of the work, what to do."""
        self._say(f"{failure.title}.", " ".join(filter(None, (sentence(failure.reason), became_of_work, failure.advice))), "bad")

    def _say(self, title: str, text: str, tone: str) -> None:
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._icon.setVisible(bool(tone))
        if tone:
            self._icon.show_icon(self._ICONS[tone], "accent" if tone == "busy" else tone)
        if tone != self.property("tone"):
            self.setProperty("tone", tone)
            for part in (self, self._title):  # a style sheet looks at properties only when it is asked to
                part.style().unpolish(part)
                part.style().polish(part)
        self.setAccessibleName(self.text())


class KeyEdit(QLineEdit):
    """The field for an API key: dots, and an eye that shows what they stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setMaxLength(1000)  # more than the keyring of Windows can hold
        self._show_key = QAction(look.icon("eye", "muted"), "Show the key", self)
        self._show_key.setCheckable(True)
        self._show_key.toggled.connect(self._on_show_key)
        self.addAction(self._show_key, QLineEdit.ActionPosition.TrailingPosition)
        self.show_wait(waiting=False)

    def forget(self) -> None:
        """Be as new: nobody gets the key back by Undo, which `clear()` would let them, and the next one is dots again."""
        self.setText("")
        self._show_key.setChecked(False)

    def show_wait(self, *, waiting: bool) -> None:
        """Say that the keyring is being asked, or that it has answered."""
        self.setPlaceholderText("asking your keyring …" if waiting else "from the account page of the call center")

    def _on_show_key(self, shown: bool) -> None:  # noqa: FBT001 - Qt's signal has it so
        self.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
        self._show_key.setIcon(look.icon("eye-off" if shown else "eye", "muted"))


class PlainEdit(QPlainTextEdit):
    """Plain text of several lines. What XML cannot carry is replaced when it is pasted, where the agent can see it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)

    def text(self) -> str:
        """What stands there, to the character: toPlainText() makes every no-break space a plain one."""
        return self.document().toRawText().replace("\u2029", "\n").replace("\u2028", "\n")  # Qt's ends of paragraphs and lines

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(sendable(source.text()))


class Clock(QLabel):
    """Minutes and seconds since `restart`, counted only while it can be seen.

    Its size is fixed, whatever the digits: else each second would have all of the window laid out and painted anew.
    """

    def __init__(self, role: str = "clock") -> None:
        super().__init__("0:00")
        self.setProperty("role", role)
        self._fits = 0
        """The number of characters that it is wide enough for; 0 where that has to be found out."""
        self._since = QElapsedTimer()
        self._since.start()
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._show)

    def restart(self) -> None:
        """Count from zero again."""
        self._since.restart()
        self._show()

    @property
    def seconds(self) -> float:
        """How long it has been counting."""
        return self._since.elapsed() / 1000

    def showEvent(self, event: QShowEvent) -> None:
        self._show()
        self._tick.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange}:
            self._fits = 0
            self._show()

    def _show(self) -> None:
        minutes, seconds = divmod(self._since.elapsed() // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        if len(text) != self._fits:
            self._fits = len(text)
            self.setText(re.sub(r"\d", "0", text))
            self.setFixedSize(self.sizeHint())
        self.setText(text)


class ElidedLabel(QLabel):
    """A label that shortens its text to the room it has instead of widening the window."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""

    def show_text(self, text: str) -> None:
        """Show as much of `text` as there is room for; all of it as tool tip and to screen readers."""
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


class Mark(QFrame):
    """The bar above a window that is not for work, so that nobody takes it for a live one; `more` stands at its end."""

    def __init__(self, icon: str, words: str, *more: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "practice")
        row = QHBoxLayout(self)
        row.setContentsMargins(look.ROOM, 5, look.ROOM, 5)
        row.addWidget(look.Glyph(icon, 18, "on_practice"))
        row.addWidget(label(words))
        row.addStretch()
        for part in more:
            row.addSpacing(look.GAP)
            row.addWidget(part)


class PracticeMark(Mark):
    """The mark that every window of a practice shift wears."""

    def __init__(self) -> None:
        super().__init__("practice", "PRACTICE  ·  nobody is really called")


class _Fitting(QObject):
    """Makes a window as large as its words need. Qt does not do so by itself for words that wrap, nor where a smallest size is
    set, and cuts them instead."""

    def eventFilter(self, content: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show) and isinstance(content, QWidget):
            layout, window = content.layout(), content.window()
            if layout is not None and window.isVisible():
                layout.activate()
                width = max(content.width(), layout.totalMinimumSize().width())
                height = max(content.height(), layout.totalMinimumHeightForWidth(width))
                _resize(window, window.size() + QSize(width, height) - content.size())
        return False


def _resize(window: QWidget, size: QSize) -> None:
    """Leave the frame where it is. As long as a window is not on the screen, Qt (X11) would put what is in the frame there
    instead, and so its title bar above that, where it may be out of sight."""
    handle, before = window.windowHandle(), window.pos()
    if size == window.size():
        return
    window.resize(size)
    if handle is not None and not handle.isVisible():
        handle.setFramePosition(before)


def framed(window: QWidget, *, practice: bool, margin: int = look.WIDE, mark: QWidget | None = None) -> QVBoxLayout:
    """The layout for a window's content: above it stands `mark`, or in practice mode the practice mark."""
    window.installEventFilter(_Fitting(window))
    outer = QVBoxLayout(window)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(0)
    if mark is None and practice:
        mark = PracticeMark()
    if mark is not None:
        outer.addWidget(mark)
    content = QVBoxLayout()
    content.setContentsMargins(margin, margin - 4, margin, margin - 4)
    content.setSpacing(look.GAP)
    outer.addLayout(content, 1)
    return content


def place(window: QWidget, across: float, down: float) -> None:
    """Put a window that is not shown yet onto its screen: 0 is the left or upper edge, 1 the right or lower one.

    A window that is larger than the screen is made smaller first. Where the system places windows itself, nothing happens.
    """
    room = window.screen().availableGeometry().adjusted(look.ROOM, look.ROOM, -look.ROOM, -look.ROOM - _TITLE_BAR)
    window.ensurePolished()
    size = window.size() if window.testAttribute(Qt.WidgetAttribute.WA_Resized) else window.sizeHint()
    size = size.expandedTo(window.minimumSize()).boundedTo(room.size())
    window.resize(size)
    free = room.size() - size
    window.move(room.left() + round(free.width() * across), room.top() + round(free.height() * down))


_TITLE_BAR = 30
"""Pixels that a system usually puts above a window; it tells only after the window is shown."""
