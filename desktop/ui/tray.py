"""The tray icon: the state of the shift at a glance, and the way back to the windows. Never the only way."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.shift_window import FACES


class Tray(QObject):
    """A tray icon by state with a menu by state. Where the system has no tray, it simply is not there."""

    show_requested = Signal()
    show_call_requested = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QObject, *, practice: bool) -> None:
        super().__init__(parent)
        self._name = "NextCall practice" if practice else "NextCall"
        self._icons = {state: look.state_icon(*face) for state, face in FACES.items()}
        self._icon = QSystemTrayIcon(self)
        self._menu = QMenu()
        self._state = self._menu.addAction("")
        self._state.setEnabled(False)
        self._menu.addSeparator()
        self._menu.addAction("Show NextCall").triggered.connect(self.show_requested)
        self._show_call = self._menu.addAction("Show call")
        self._show_call.triggered.connect(self.show_call_requested)
        self._menu.addSeparator()
        self._menu.addAction("Quit").triggered.connect(self.quit_requested)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.show_call_requested)
        self.show_state(State.SIGNED_OUT)
        self._icon.show()

    def show_state(self, state: State) -> None:
        """Show the state as icon, tool tip and first line of the menu."""
        self._icon.setIcon(self._icons[state])
        self._icon.setToolTip(f"{self._name} - {state.value}")
        self._state.setText(state.value)
        self._show_call.setVisible(state in {State.CONNECTED, State.SAVING})

    def notify(self, title: str, text: str) -> None:
        """Show a notification through the tray (Windows, macOS; elsewhere see notifier.py)."""
        self._icon.showMessage(title, text, look.app_icon(practice=False))

    def close(self) -> None:
        """Take the icon away."""
        self._icon.hide()
        self._menu.deleteLater()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_requested.emit()
