"""The strip: who is on the line in one line above all windows, for agents whose work is in another program.

It never has the keyboard, so nothing that is typed can get lost in it. It holds no entries: what is chosen here is a wish, and
`mark` says what was made of it.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QIcon, QMouseEvent, QMoveEvent, QResizeEvent, QScreen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QPushButton, QSizePolicy

from desktop.popup.dispositions import Offered
from desktop.ui import look
from desktop.ui.parts import Clock, ElidedLabel, Mark, button, tip

_NAME, _CHOICE = 18, 17
"""The most that is shown of a name and of a disposition, in letters; all of it is in the tool tip."""
_OPEN, _NEXT_CALL, _COVERED, _SAVING = "Open", "Next Call", "Hidden", "Saving …"
_TOO_SHORT = 3
"""Letters of a shortened disposition that say less than nothing."""
_ICON_GAP = 4
"""Pixels between the icon and the words of a QPushButton."""


class Strip(QFrame):
    """Appears at the top of the screen where the mouse is, in its middle or where the agent has dragged it."""

    disposition_chosen = Signal(str)
    open_requested = Signal()
    next_call_requested = Signal()

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("Call strip")
        self.setWindowIcon(look.app_icon(practice=practice))
        self.setWindowFlags(
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus
        )
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow)  # macOS hides tools of a program in the background
        self.setProperty("role", "strip")
        self.setCursor(Qt.CursorShape.SizeAllCursor)
        self._caller = ""
        self._choices: tuple[Offered, ...] = ()
        self._busy = self._saving = self._covered = False
        self._across, self._down = 0.5, 0.0
        """Where it is on its screen: 0 is the left or upper edge, 1 the right or lower one."""
        self._held_at: QPoint | None = None
        """What the mouse has it by, in its own pixels."""
        self._was_shown = False

        # Who is on the line
        self._name = ElidedLabel("section")
        self._name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._clock = Clock()
        self._clock.setAccessibleDescription("Time since the call was connected")

        # What becomes of it
        self._row = QHBoxLayout()
        self._row.setSpacing(look.TIGHT)
        self._buttons: list[_Choice] = []
        self._open = button(_OPEN, "", "open")
        self._open.setAccessibleName(_OPEN)
        self._open.setToolTip("Show the popup with everything that is known of the call")
        self._open.clicked.connect(self.open_requested)
        self._next_call = button(_NEXT_CALL, "primary", "next")
        self._next_call.setAccessibleName(_NEXT_CALL)
        self._next_call.clicked.connect(self.next_call_requested)
        for part in (self._open, self._next_call):
            _leave_keyboard(part)
        kept = self._next_call.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # nothing moves under the mouse when a disposition is chosen
        self._next_call.setSizePolicy(kept)
        self._next_call.hide()

        self._line = line = QHBoxLayout(self)
        line.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # no wider than the screen, whatever stands in it
        line.setContentsMargins(look.ROOM - look.TIGHT, look.TIGHT, look.GAP, look.TIGHT)
        line.setSpacing(look.GAP)
        if practice:
            mark = Mark("practice", "PRACTICE")
            mark.setContentsMargins(-look.GAP, 0, -look.GAP, 0)
            mark.setToolTip("Nobody is really called")
            line.addWidget(mark)
        line.addWidget(self._name)
        line.addWidget(self._clock)
        line.addLayout(self._row)
        line.addWidget(self._open)
        line.addWidget(self._next_call)

    # What others tell it

    def show_call(self, name: str, choices: tuple[Offered, ...]) -> None:
        """Show who is on the line now, and the dispositions that have a digit; nothing is chosen yet."""
        if not self._was_shown:  # until then Qt tells of no move
            self._was_shown = True
            self._follow()
        self._caller = name
        self._offer(tuple(one for one in choices if one.digit is not None))
        self.mark("")
        self.set_busy(busy=False)
        self._clock.restart()
        screen = _working_screen()
        self._fit(screen.availableGeometry().size())
        self.move(self._spot(screen))
        self.show()

    def mark(self, disposition: str) -> None:
        """Show that this disposition is chosen; an empty text takes the choice back."""
        for one in self._buttons:
            one.show_chosen(chosen=bool(disposition) and one.disposition == disposition)
        self._next_call.setToolTip(tip(f"Store this call as “{disposition}” and take the next one"))
        self._next_call.setVisible(bool(disposition))

    def set_busy(self, *, busy: bool) -> None:
        """Something has been pressed, or the response can be changed."""
        self._busy = busy
        self._saving = self._saving and busy
        self._show_state()

    def show_saving(self) -> None:
        """Say that the response is on its way."""
        self._saving = True
        self.set_busy(busy=True)

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see who is on the line or say what becomes of it."""
        self._covered = covered
        self._show_state()

    # Inside

    def _show_state(self) -> None:
        self._name.show_text(_COVERED if self._covered else _SAVING if self._saving else self._caller)
        for part in (*self._buttons, self._next_call):
            part.setEnabled(not self._busy and not self._covered)

    def _offer(self, choices: tuple[Offered, ...]) -> None:
        if choices == self._choices:
            return
        self._choices = choices
        for old in self._buttons:
            self._row.removeWidget(old)
            old.hide()  # it is there until the event loop has time for it
            old.deleteLater()
        self._buttons = [_Choice(one) for one in choices]
        for one in self._buttons:
            one.clicked.connect(lambda _checked=False, name=one.disposition: self.disposition_chosen.emit(name))
            self._row.addWidget(one)

    def _fit(self, room: QSize) -> None:
        """Be as wide as the words need, and never wider than the room: dispositions are shortened first, then the rest."""
        self._clock.ensurePolished()
        self._clock.setMinimumWidth(self._clock.fontMetrics().horizontalAdvance("00:00"))
        letters = self._name.fontMetrics()
        name = min(letters.horizontalAdvance(self._caller), _NAME * letters.averageCharWidth()) + 2
        self._name.setFixedWidth(name)
        for one in self._buttons:
            one.setFixedWidth(one.least())
        for with_words in (True, False):
            self._open.setText(_OPEN if with_words else "")
            self._next_call.setText(_NEXT_CALL if with_words else "")
            spare = room.width() - self._needed().width()
            if spare >= 0:
                break
        else:
            self._name.setFixedWidth(max(name + spare, 0))
        wishes = [one.name_width() for one in self._buttons]
        for one, width in zip(self._buttons, _shared(wishes, spare), strict=True):
            one.setFixedWidth(one.least() + width)
        self.resize(self._needed().boundedTo(room))

    def _needed(self) -> QSize:
        self._line.activate()  # or it would tell what was so before
        return self._line.totalMinimumSize()

    def _spot(self, screen: QScreen) -> QPoint:
        room, free = screen.availableGeometry(), _free(screen, self.size())
        return room.topLeft() + QPoint(round(free.width() * self._across), round(free.height() * self._down))

    def _follow(self) -> None:
        """Whoever moves it - the agent, or what brings windows back to where they were - has it there on every screen."""
        screen = QGuiApplication.screenAt(self.geometry().center()) or self.screen()
        if not self.testAttribute(Qt.WidgetAttribute.WA_Moved) or self.pos() == self._spot(screen):
            return
        offset, free = self.pos() - screen.availableGeometry().topLeft(), _free(screen, self.size())
        if free.width():
            self._across = min(max(offset.x() / free.width(), 0.0), 1.0)
        if free.height():
            self._down = min(max(offset.y() / free.height(), 0.0), 1.0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() < self._needed().width():  # it was brought back to a smaller screen
            self._fit(event.size())

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        if not event.spontaneous():  # X11 tells of the corner, too, in which a window manager has it before it is in its place
            self._follow()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if QGuiApplication.platformName().startswith("wayland"):
            self.windowHandle().startSystemMove()  # there, only the system knows where a window is
        else:
            self._held_at = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held_at is None:
            return
        mouse = event.globalPosition().toPoint()
        screen = QGuiApplication.screenAt(mouse) or self.screen()
        room, free = screen.availableGeometry(), _free(screen, self.size())
        wish = mouse - self._held_at - room.topLeft()
        self.move(
            room.topLeft() + QPoint(min(max(wish.x(), 0), free.width()), min(max(wish.y(), 0), free.height())),
        )

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._held_at = None


class _Choice(QPushButton):
    """A disposition with its digit. It shortens its name to the room it has; a tick takes the digit's place when it is chosen."""

    def __init__(self, one: Offered) -> None:
        super().__init__()
        self.disposition = one.disposition.name
        self._digit = str(one.digit)
        self.setProperty("role", "choice")
        self.setCheckable(True)
        self.setAccessibleName(f"{self._digit} {self.disposition}")
        self.setToolTip(tip(f"{self._digit} {self.disposition}"))
        self.setIconSize(QSize(16, 16))
        _leave_keyboard(self)
        self._fit()

    def show_chosen(self, *, chosen: bool) -> None:
        """Show whether it is the one."""
        self.setChecked(chosen)
        self.setIcon(look.icon("check", "on_accent") if chosen else QIcon())
        self._fit()

    def nextCheckState(self) -> None:  # noqa: N802 - Qt's own
        """A click only wishes."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def least(self) -> int:
        """Pixels that it needs for its digit or the tick."""
        lead = max(self.fontMetrics().horizontalAdvance(f"{self._digit} "), self.iconSize().width() + _ICON_GAP)
        return self._around() + lead + 1

    def name_width(self) -> int:
        """Pixels that its name would need, too."""
        letters = self.fontMetrics()
        return min(letters.horizontalAdvance(self.disposition), _CHOICE * letters.averageCharWidth())

    def _around(self) -> int:
        """What the style puts around the words."""
        words = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text()).width()
        return super().sizeHint().width() - words - self._icon_room()

    def _icon_room(self) -> int:
        return 0 if self.icon().isNull() else self.iconSize().width() + _ICON_GAP

    def _fit(self) -> None:
        name = self.fontMetrics().elidedText(self.disposition, Qt.TextElideMode.ElideRight, self.width() - self.least() + 1)
        if name != self.disposition and len(name) <= _TOO_SHORT:
            name = ""
        words = name if self.isChecked() else f"{self._digit} {name}".strip()
        self.setText(words.replace("&", "&&"))


def _working_screen() -> QScreen:
    """Where the agent works: where the mouse is."""
    return QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()


def _shared(wishes: list[int], room: int) -> list[int]:
    """What each gets of `room`: all that it wishes, if there is so much, else what is longest is shortened first."""
    given = [0] * len(wishes)
    for done, place in enumerate(sorted(range(len(wishes)), key=wishes.__getitem__)):
        given[place] = max(min(wishes[place], room // (len(wishes) - done)), 0)
        room -= given[place]
    return given


def _free(screen: QScreen, size: QSize) -> QSize:
    """How far something of this size can be moved on a screen."""
    return (screen.availableGeometry().size() - size).expandedTo(QSize(0, 0))


def _leave_keyboard(part: QPushButton) -> None:
    """For the mouse only; in a window without the keyboard a mark of focus would tell a lie."""
    part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    part.setCursor(Qt.CursorShape.ArrowCursor)
