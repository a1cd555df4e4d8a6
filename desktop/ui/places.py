"""Where windows are, remembered for each set of screens: at the desk with two of them, on the road with one.

It moves windows only when they come onto the screen or when screens come or go. Its file holds numbers and the windows' names:
of the screens only a fingerprint, because a screen can bear its owner's name. Where the system places windows itself (Wayland),
nothing is remembered.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

from desktop import files

log = logging.getLogger(__name__)

_PAUSE = 500
"""Milliseconds without a change, of a window or of the screens, after which it counts."""
_PLACING = 300
"""Milliseconds after a window was shown in which it is not the agent who moves it."""
_MOST_SET_UPS = 20
_TITLE_BAR = 30
"""Pixels, counted from the upper edge of a window's frame; a window without one can be held there, too."""
_GRIP = QSize(100, 20)
"""What must be seen of a title bar so that it can be grabbed."""

_Pixels = Annotated[int, Meta(ge=-(2**20), le=2**20)]


class Place(msgspec.Struct, frozen=True):
    """Where a window is: the upper left corner of its frame and the size of what is in it, in Qt's pixels."""

    left: _Pixels
    top: _Pixels
    width: _Pixels
    height: _Pixels
    maximised: bool = False

    @property
    def rect(self) -> QRect:
        """As a rectangle."""
        return QRect(self.left, self.top, self.width, self.height)


_Remembered = dict[str, dict[str, Place]]
"""By set-up, the one that was used last at the end, and by window."""


class Places(QObject):
    """What is remembered, in one small file. One that cannot be read is forgotten; one that cannot be written is not missed."""

    screens_changed = Signal()
    """Screens have come, gone or moved, and it has been quiet since."""

    def __init__(self, file: Path) -> None:
        """Reads the file. Needs the QGuiApplication."""
        super().__init__()
        self._file = file
        self._remembered = _read(file)
        self._unwritten = b""
        self._turn = threading.Lock()
        self._writing: threading.Thread | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_PAUSE)
        self._settle.timeout.connect(self._on_settled)
        self.set_up = _fingerprint()
        """Which screens are there, where and how large; of no meaning but for its being the same or not."""
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)  # noqa: S101 - who has made it
        app.screenAdded.connect(self._on_screen_added)
        app.screenRemoved.connect(self._settle.start)
        for screen in app.screens():
            self._listen_to(screen)

    def watch(self, window: QWidget, name: str) -> None:
        """Put a window where it was when the same screens were there, and remember from now on where it is.

        To be called when it has its place and size for the case that nothing is remembered, and before it is shown.
        """
        if not QGuiApplication.platformName().startswith("wayland"):
            _Watched(self, window, name)

    def recall(self, name: str) -> Place | None:
        """Where the window of that name was with these screens."""
        return self._remembered.get(self.set_up, {}).get(name)

    def remember(self, name: str, place: Place) -> None:
        """The window of that name is there now. While screens come and go, that is not where the agent wants it."""
        if self._settle.isActive() or place == self.recall(name):
            return
        windows = self._remembered.pop(self.set_up, {})
        self._remembered[self.set_up] = windows | {name: place}
        for oldest in list(self._remembered)[:-_MOST_SET_UPS]:
            del self._remembered[oldest]
        self._unwritten = msgspec.json.encode(self._remembered)
        self._writing = threading.Thread(target=self._write, name="places", daemon=True)
        self._writing.start()

    def close(self) -> None:
        """Wait, but not for ever, until what is remembered is written."""
        if self._writing is not None:
            self._writing.join(timeout=2.0)

    def _write(self) -> None:
        with self._turn:
            text, self._unwritten = self._unwritten, b""
            if not text:  # the one before has written the newest already
                return
            try:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                files.write(self._file, text)
            except OSError as wrong:
                log.info("the windows' places are not kept: %s", wrong.strerror)

    def _listen_to(self, screen: QScreen) -> None:
        for changed in (screen.geometryChanged, screen.availableGeometryChanged, screen.logicalDotsPerInchChanged):
            changed.connect(self._settle.start)

    def _on_screen_added(self, screen: QScreen) -> None:
        self._listen_to(screen)
        self._settle.start()

    def _on_settled(self) -> None:
        self.set_up = _fingerprint()
        self.screens_changed.emit()


class _Watched(QObject):
    """One window."""

    def __init__(self, places: Places, window: QWidget, name: str) -> None:
        super().__init__(window)
        self._places = places
        self._window = window
        self._name = name
        self._seen_in = ""
        """The set-up in which it has been put into its place."""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._note)
        self._put_at = QPoint()
        """Where it was when it was shown."""
        self._placing = QTimer(self)
        self._placing.setSingleShot(True)
        self._placing.setInterval(_PLACING)
        self._placing.timeout.connect(self._on_placed)
        if not window.isVisible():
            self._put()
        window.installEventFilter(self)
        places.screens_changed.connect(self._on_screens_changed)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.Show:  # comes before the window does
                self._put()
                self._put_at = self._window.pos()
                if QGuiApplication.platformName() == "xcb":
                    self._placing.start()
            case QEvent.Type.Move if self._placing.isActive() and event.spontaneous():
                pass
            case QEvent.Type.Move | QEvent.Type.Resize | QEvent.Type.WindowStateChange if self._window.isVisible():
                if event.type() is QEvent.Type.Move:
                    self._placing.stop()
                self._pause.start()
            case QEvent.Type.Hide:
                if self._pause.isActive():
                    self._pause.stop()
                    self._note()
                self._placing.stop()
        return False

    def _on_placed(self) -> None:
        """Qt asks the X server where a new window is, and may be told of the corner in which the window manager had it before it
        put it into its place; and nobody tells Qt of the place."""
        if self._window.pos() != self._put_at and not self._window.isMaximized():
            self._window.move(self._put_at)

    def _note(self) -> None:
        window = self._window
        if window.isMinimized() or window.isFullScreen():
            return
        rect = QRect(self._put_at if self._placing.isActive() else window.pos(), window.size())
        if window.isMaximized():  # then Qt knows where it was without its frame only
            before = self._places.recall(self._name)
            room = window.screen().availableGeometry()
            rect = before.rect if before and room.intersects(before.rect) else brought_back(window.normalGeometry(), [room])
        place = Place(rect.x(), rect.y(), rect.width(), rect.height(), window.isMaximized())
        self._places.remember(self._name, place)

    def _put(self) -> None:
        """Put it where it was with these screens, and in any case to where it can be grabbed."""
        window = self._window
        if window.isMinimized() or window.isFullScreen() or (window.isMaximized() and window.isVisible()):
            return  # the system sees to it, and we when it is shown next
        place = self._places.recall(self._name) if self._seen_in != self._places.set_up else None
        self._seen_in = self._places.set_up
        maximised = place.maximised if place else window.isMaximized()
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMaximized)
        now = QRect(window.pos(), window.size())
        wanted = brought_back(place.rect if place else now, [screen.availableGeometry() for screen in QGuiApplication.screens()])
        if wanted != now:
            window.resize(wanted.size())
            window.move(wanted.topLeft())
        if maximised:
            window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)

    def _on_screens_changed(self) -> None:
        self._pause.stop()
        if self._window.isVisible():
            self._put()


def brought_back(window: QRect, rooms: Sequence[QRect]) -> QRect:
    """Where a window is to be so that its title bar can be grabbed in one of the `rooms`: where it is, if it can be already, else
    as near as possible, and no larger than there is room."""
    title = QRect(window.topLeft(), QSize(window.width(), _TITLE_BAR))
    seen = [room.intersected(title) for room in rooms]
    if not rooms or any(one.width() >= min(_GRIP.width(), title.width()) and one.height() >= _GRIP.height() for one in seen):
        return window
    middle = window.center()
    room = min(rooms, key=lambda one: _distance(one, middle))
    size = window.size().boundedTo(QSize(room.width(), room.height() - _TITLE_BAR))
    left = min(max(window.left(), room.left()), room.left() + room.width() - size.width())
    top = min(max(window.top(), room.top()), room.top() + room.height() - _TITLE_BAR - size.height())
    return QRect(QPoint(left, top), size)


def _distance(room: QRect, point: QPoint) -> int:
    across = max(room.left() - point.x(), 0, point.x() - room.right())
    down = max(room.top() - point.y(), 0, point.y() - room.bottom())
    return across + down


def _fingerprint() -> str:
    """Of the screens: their names, where they are, how large, and their scale factors."""
    screens = [
        (screen.name(), *screen.geometry().getRect(), screen.devicePixelRatio())  # type: ignore[misc]  # four numbers
        for screen in QGuiApplication.screens()
    ]
    return hashlib.sha256(repr(sorted(screens)).encode()).hexdigest()[:16]


def _read(file: Path) -> _Remembered:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Remembered)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError, msgspec.DecodeError) as wrong:
        log.info("the windows' places cannot be read: %s", wrong)
        return {}
