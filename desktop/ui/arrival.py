"""How a call comes onto the screen: quietly, with the keyboard, or as a strip; and why no key that was meant for something else
acts on it.

It shows, raises and guards the popup and the strip, and knows nothing of what stands in them. What a system does not let a
program do, it does not force:

- X11: a window manager keeps to it that a popup is not to have the keyboard. A full-screen program may stay above everything.
- Windows: a program in the background does not get the keyboard; its button in the task bar flashes until the agent clicks it.
- Wayland: no program may place a window, keep it above others or open it without the keyboard. The system does as it pleases, and
  of all that is written here only the quarantine is certain.
"""

from __future__ import annotations

import ctypes
import sys

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from PySide6.QtWidgets import QApplication, QWidget

from desktop.popup.dispositions import Offered
from desktop.settings.settings import Manner
from desktop.ui.keys import MODIFIERS
from desktop.ui.strip import Strip

QUARANTINE = 400
"""Milliseconds. Who types elsewhere presses another key or two before they see that the keyboard is no longer there."""


class Quarantine(QObject):
    """Keeps the keys away from one window for a moment, from shortcuts and fields alike.

    All keys of a window pass its QWindow before anything else learns of them, so it is enough to listen there: other windows are
    not touched, and waiting for a held key to be released costs nothing.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window: QWidget | None = None
        self._time = QTimer(self)
        self._time.setSingleShot(True)
        self._time.timeout.connect(self.end)
        self._released: tuple[int, int] | None = None
        """Key and time of the last release."""
        self._held: set[int] = set()
        """The system's numbers of keys that were held when the time was over, where Qt does not tell them from others."""

    @property
    def is_on(self) -> bool:
        """Whether the time still runs."""
        return self._time.isActive()

    def begin(self, window: QWidget, milliseconds: int = QUARANTINE) -> None:
        """No key acts on `window` for so long: from now on, and anew from when it gets the keyboard in that time.

        A key that is still held then does nothing until it is pressed anew.
        """
        self._lift()
        window.winId()  # before this there may be no QWindow
        handle = window.windowHandle()
        self._window, self._released, self._held = window, None, set()
        handle.installEventFilter(self)
        self._time.start(milliseconds)

    @property
    def acts(self) -> bool:
        """Whether the time is not over."""
        return self._time.isActive()

    def end(self) -> None:
        """The time is over."""
        self._time.stop()
        self._held = _held_keys()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn and self._time.isActive():
            self._time.start()
        if not isinstance(event, QKeyEvent):
            return False
        if self._is_old(event) or self._time.isActive():
            event.accept()  # else shortcuts would be looked up
            return True
        if event.key() not in MODIFIERS:  # pressed anew, and with it every other key has stopped repeating
            self._lift()
        return False

    def _is_old(self, event: QKeyEvent) -> bool:
        """Whether this is of a key that was pressed before the time was over."""
        key, moment = event.nativeVirtualKey(), (event.nativeScanCode(), event.timestamp())
        match event.type():
            case QEvent.Type.KeyRelease:
                self._held.discard(key)
                self._released = moment
                return True
            case QEvent.Type.KeyPress if key in self._held:
                self._held.discard(key)  # from now on Qt knows that it repeats
                return True
        # On X11 a key that is held goes up and down at one moment, which Qt often overlooks.
        return event.isAutoRepeat() or key in self._held or (bool(moment[0]) and moment == self._released)

    def _lift(self) -> None:
        self._time.stop()
        handle = self._window.windowHandle() if self._window else None
        self._window = None
        if handle:
            handle.removeEventFilter(self)


def _held_keys() -> set[int]:
    """Virtual keys that are down now. Windows only: there Qt takes the first repetition of a key that was pressed in another
    program for a key that is pressed."""
    if sys.platform != "win32":
        return set()
    state = ctypes.WinDLL("user32").GetAsyncKeyState
    return {key for key in range(8, 255) if state(key) & 0x8000}  # below 8 are the mouse's buttons


class Arrival(QObject):
    """Brings a call onto the screen, in the manner that the agent has chosen. It lives as long as the popup."""

    def __init__(self, popup: QWidget, strip: Strip, *, quarantine: int = QUARANTINE) -> None:
        """`quarantine` in milliseconds."""
        super().__init__(popup)
        self._popup = popup
        self._strip = strip
        self._manner: Manner = "quiet"
        self._asked_keyboard = False
        self._to_activate = False
        """Whether the popup is to ask for the keyboard as soon as Qt knows that it has lost it."""
        self._milliseconds = quarantine
        self.quarantine = Quarantine(self)
        popup.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # Qt looks at it when it makes the window, not later
        strip.open_requested.connect(self.open)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)  # noqa: S101 - who has made it
        app.focusWindowChanged.connect(self._on_keyboard_moved)

    def set_manner(self, manner: Manner) -> None:
        """How calls come from now on; the one that is there stays as it came."""
        self._manner = manner

    def call_connected(self, name: str, choices: tuple[Offered, ...], *, in_full: bool = False) -> None:
        """Somebody is on the line, and the popup is filled in: bring it, or the strip with `name` and `choices`.

        `in_full`: there is more to it than a strip can show. An agent who is at work in the popup already keeps the keyboard
        there, and every key.
        """
        if not (self._popup.isVisible() and self._popup.isActiveWindow()):
            self.quarantine.begin(self._popup, self._milliseconds)
        if self._manner == "strip" and not in_full:
            self._strip.show_call(name, choices)
        else:
            self.show_popup(with_keyboard=self._manner == "keyboard")

    def call_ended(self) -> None:
        """Nobody is on the line any more."""
        self._asked_keyboard = self._to_activate = False
        self._strip.hide()
        self._popup.hide()
        self.quarantine.end()

    def open(self) -> None:
        """The agent asks for the popup, and so knows where the keys go."""
        self.quarantine.end()
        self.show_popup(with_keyboard=True)
        self._asked_keyboard = False

    def show_popup(self, *, with_keyboard: bool = False) -> None:
        """Have the popup above everything until it is given the keyboard; ask for that too, or take care not to get it."""
        popup = self._popup
        had_keyboard = not popup.isVisible() and popup.windowHandle() and QGuiApplication.focusWindow() == popup.windowHandle()
        popup.setWindowState(popup.windowState() & ~Qt.WindowState.WindowMinimized)
        if not popup.isActiveWindow() or not popup.isVisible():
            self._keep_above(above=True)
        popup.show()
        popup.raise_()
        if with_keyboard:
            self._asked_keyboard = True
            if had_keyboard:  # until 100 ms ago: X11 tells with a delay, and Qt would not tell us that it has it anew
                self._to_activate = True
            else:
                popup.activateWindow()
            QApplication.alert(popup)  # until it has the keyboard, if the system does not give it at once

    def _keep_above(self, *, above: bool) -> None:
        """A window manager that does not give a window the keyboard puts it below the one that has it, whoever raises it."""
        self._popup.winId()
        self._popup.windowHandle().setFlag(Qt.WindowType.WindowStaysOnTopHint, above)

    def _make_way(self, window: QWindow) -> None:
        """The agent has gone to another window of NextCall, to a question perhaps, and has to see it. In its first moment the
        popup stays above: that may be a window which was there before and gets the keyboard late."""
        is_menu = window.type() in (Qt.WindowType.Popup, Qt.WindowType.ToolTip)
        if self._popup.isVisible() and not self.quarantine.acts and not is_menu:
            self._keep_above(above=False)
            window.raise_()

    def _on_keyboard_moved(self, window: QWindow | None) -> None:
        if self._to_activate:
            self._to_activate = False
            self._popup.activateWindow()
        if window is None:
            return
        if window != self._popup.windowHandle():
            self._make_way(window)
            return
        self._keep_above(above=False)
        self._popup.raise_()  # openbox may have put it below the window that had the keyboard before
        if self._asked_keyboard:
            self._asked_keyboard = False
            self.quarantine.begin(self._popup, self._milliseconds)
