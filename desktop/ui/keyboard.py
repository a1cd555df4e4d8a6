"""The keys that work in every window and in every program: the cheat sheet, and the global hotkeys where the system has them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from desktop.ui.cheat_sheet import CheatSheet
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.keys import HOTKEYS, Place, bound
from desktop.ui.parts import bring_forward, place

log = logging.getLogger(__name__)


class Keyboard(QObject):
    """Emits `pressed` with the action of a global hotkey. What it does, and whether it may, is decided by who listens."""

    pressed = Signal(str)
    history_requested = Signal()

    def __init__(self, parent: QObject, *, practice: bool) -> None:
        super().__init__(parent)
        self.sheet = CheatSheet(practice=practice)
        place(self.sheet, 0.5, 0.4)
        self._hotkeys = Hotkeys(self)
        self._hotkeys.pressed.connect(self.pressed)
        self._wanted: Mapping[str, str] = {}
        self._listening = False
        self.troubles: dict[str, str] = {}
        """A sentence for each action whose hotkey could not be had."""

    @property
    def lacks(self) -> str:
        """Why there are no hotkeys on this system, in a sentence; empty where there are."""
        return self._hotkeys.lacks

    def bind(self, windows: Iterable[QWidget]) -> None:
        """Have the keys of every window in these."""
        does = {"show_keys": self.show_sheet, "show_history": self.history_requested.emit}
        for window in windows:
            for keys, action in bound(Place.EVERY_WINDOW):
                QShortcut(QKeySequence(keys), window).activated.connect(does[action])

    def set_hotkeys(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Have the agent's own hotkeys (action: Qt's portable text), else the usual ones; a sentence for each that failed."""
        self._wanted = HOTKEYS | {action: keys for action, keys in chosen.items() if action in HOTKEYS}
        self.troubles = self._hotkeys.set(self._wanted)
        for action, why_not in self.troubles.items():
            log.info("no hotkey for %s: %s", action, why_not)
        self.sheet.show_hotkeys(self._wanted, self.troubles)
        self.set_listening(on=self._listening)
        return self.troubles

    def set_listening(self, *, on: bool) -> None:
        """Whether keys are to be chosen somewhere: for so long no hotkey acts, and all of them arrive there."""
        was, self._listening = self._listening, on
        if on:
            self._hotkeys.set({})
        elif was:
            self.set_hotkeys(self._wanted)

    def show_sheet(self) -> None:
        """Show all keys."""
        bring_forward(self.sheet)

    def close(self) -> None:
        """Give the keys back."""
        self._hotkeys.close()
        self.sheet.hide()
        self.sheet.deleteLater()
