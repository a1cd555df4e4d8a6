"""The tray icon: the state of the shift at a glance, and the way back to the windows. Never the only way."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.shift_window import FACES, STANDS_STILL

_ON_CALL = frozenset({State.CONNECTED, State.SAVING})
_AT_WORK = _ON_CALL | {State.WAITING}

_LOOK = 5000
"""Milliseconds between two looks for the tray, while it is the way back to a window. Qt does not tell when a tray goes."""
_TEST = 3000
"""Milliseconds that the icon shows another state when it is tried out."""


class Tray(QObject):
    """A tray icon by state with a menu by state. Where the system has no tray, it simply is not there."""

    show_requested = Signal()
    show_call_requested = Signal()
    someone_heard = Signal()
    callbacks_requested = Signal()
    history_requested = Signal()
    supervisor_requested = Signal()
    leave_requested = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QObject, *, practice: bool) -> None:
        super().__init__(parent)
        self._name = "NextCall practice" if practice else "NextCall"
        self._program_icon = look.app_icon(practice=practice)
        self._icons = {state: look.state_icon(*face) for state, face in FACES.items()}
        self._icon_at_standstill = look.state_icon(*STANDS_STILL)
        self._icon = QSystemTrayIcon(self)
        self._state = State.SIGNED_OUT
        self._standstill = ""
        self._window: QWidget | None = None
        self._hidden = False

        # The menu
        self._menu = QMenu()
        self._words = self._menu.addAction("")
        self._words.setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction("Show NextCall").triggered.connect(self.show_requested)
        self._hide = self._menu.addAction("Hide NextCall")
        self._hide.triggered.connect(self._on_hide)
        self._show_call = self._menu.addAction("Show call")
        self._show_call.triggered.connect(self.show_call_requested)
        self._someone = self._menu.addAction("I hear someone")
        self._someone.triggered.connect(self.someone_heard)
        self._callbacks = self._menu.addAction("Callbacks …")
        self._callbacks.triggered.connect(self.callbacks_requested)
        self._menu.addAction("History …").triggered.connect(self.history_requested)
        self._supervisor = self._menu.addAction("Supervisor …")
        self._supervisor.triggered.connect(self.supervisor_requested)
        self._supervisor.setVisible(False)
        self._menu.addSeparator()
        self._leave = self._menu.addAction("Leave")
        self._leave.triggered.connect(self.leave_requested)
        self._menu.addAction("Quit").triggered.connect(self.quit_requested)

        # The icon
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.show_call_requested)
        self._look_out = QTimer(self)
        self._look_out.setInterval(_LOOK)
        self._look_out.timeout.connect(self._on_look)
        self._test = QTimer(self)
        self._test.setSingleShot(True)
        self._test.setInterval(_TEST)
        self._test.timeout.connect(self._show_icon)
        self.show_state(State.SIGNED_OUT)
        self._icon.show()

    @property
    def is_there(self) -> bool:
        """Whether this desktop has a tray now; asks the system each time."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def can_notify(self) -> bool:
        """Whether `notify` can show anything.

        On Linux only an icon that is a window in the panel can: any other hands its messages on to the notification service.
        """
        in_a_panel = sys.platform != "linux" or not self._icon.geometry().isEmpty()
        return self.is_there and QSystemTrayIcon.supportsMessages() and in_a_panel

    @property
    def hides_window(self) -> bool:
        """Whether the agent has put the window away into the tray; it is not to come back by itself then."""
        return self._hidden and self._window is not None and not self._window.isVisible()

    def may_hide(self, window: QWidget) -> None:
        """Offer to hide `window` while the agent works. If the tray goes away meanwhile, the window is in the taskbar again."""
        self._window = window
        self._show_menu()

    def show_state(self, state: State) -> None:
        """Show the state as icon, tool tip and first line of the menu."""
        self._state, self._standstill = state, ""
        self._hidden = self._hidden and state in _AT_WORK
        self._test.stop()
        self._show_icon()
        self._show_menu()

    def show_standstill(self, why: str) -> None:
        """Show, while the shift waits, why nobody can be connected; or that this is over: an empty text."""
        if self._state is State.WAITING and why != self._standstill:
            self._standstill = why
            if not self._test.isActive():
                self._show_icon()
            self._show_menu()

    def show_callbacks(self, count: int) -> None:
        """Tell how many callbacks are promised."""
        self._callbacks.setText(f"Callbacks ({count}) …" if count else "Callbacks …")

    def offer_supervisor(self) -> None:
        """Have the supervisor's window in the menu."""
        self._supervisor.setVisible(True)

    def try_out(self) -> None:
        """Show for a moment what the icon looks like during a call."""
        self._icon.setIcon(self._icons[State.CONNECTED])
        self._test.start()

    def notify(self, title: str, text: str) -> bool:
        """Show a notification through the tray (Windows, macOS; elsewhere see notifier.py); tell whether there is a way to."""
        if not self.can_notify:
            return False
        self._icon.showMessage(title, text, self._program_icon)
        return True

    def close(self) -> None:
        """Take the icon away."""
        self._look_out.stop()
        self._test.stop()
        self._icon.hide()
        self._menu.deleteLater()

    def _show_icon(self) -> None:
        self._icon.setIcon(self._icon_at_standstill if self._standstill else self._icons[self._state])

    def _show_menu(self) -> None:
        state = self._state
        words = f"{state.value}: {self._standstill}" if self._standstill else state.value
        self._words.setText(words)
        self._icon.setToolTip(f"{self._name} - {words}")
        self._hide.setVisible(state in _AT_WORK and self._window is not None)
        self._show_call.setVisible(state in _ON_CALL)
        self._someone.setVisible(state is State.WAITING)
        self._callbacks.setVisible(state in _AT_WORK)
        self._leave.setVisible(state in _AT_WORK)

    def _on_hide(self) -> None:
        if self._window is not None and self._window.isVisible():
            self._hidden = True
            self._window.hide()
            self._look_out.start()

    def _on_look(self) -> None:
        if not self.hides_window:
            self._hidden = False
            self._look_out.stop()
        elif not self.is_there and self._window is not None:
            self._window.showMinimized()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_requested.emit()
