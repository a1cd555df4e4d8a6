"""The part of the settings that says how a call comes onto the screen (arrival.py), in words."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from desktop.settings.settings import Manner
from desktop.ui import look
from desktop.ui.parts import button, label

_WORDS: dict[Manner, tuple[str, str]] = {
    "quiet": ("Popup, without the keyboard", "What you type in another program stays there."),
    "keyboard": (
        "Popup, with the keyboard",
        "Its keys work after a moment, in case you are typing elsewhere.",
    ),
    "strip": (
        "Slim strip above all windows",
        "On the screen where your mouse is; the popup opens when it is needed.",
    ),
}
_BELOW_WORDS = 26
"""Pixels of a radio button's mark and the air beside it."""
_ON_WAYLAND = "On this desktop (Wayland) the system decides where windows come and which one has the keyboard."


class ArrivalSettings(QWidget):
    """Shows a manner and gives back what is chosen."""

    strip_requested = Signal()
    """The agent wants to see what the strip looks like."""

    def __init__(self, manner: Manner) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._manners: dict[QRadioButton, Manner] = {}
        stack = QVBoxLayout()
        stack.setSpacing(look.TIGHT)
        for one, (name, meaning) in _WORDS.items():
            choice = QRadioButton(name)
            choice.setAccessibleDescription(meaning)
            choice.setChecked(one == manner)
            self._group.addButton(choice)
            self._manners[choice] = one
            words = label(meaning, "small", wraps=True)
            words.setContentsMargins(_BELOW_WORDS, 0, 0, 0)
            stack.addWidget(choice)
            stack.addWidget(words)
        test = button("Test strip", "flat")
        test.clicked.connect(self.strip_requested)
        aside = QHBoxLayout(self)
        aside.setContentsMargins(0, 0, 0, 0)
        aside.addLayout(stack, 1)
        aside.addWidget(test, 0, Qt.AlignmentFlag.AlignBottom)
        if QGuiApplication.platformName().startswith("wayland"):
            stack.addWidget(label(_ON_WAYLAND, "small", wraps=True))

    def chosen(self) -> Manner:
        """What is chosen now."""
        return next(manner for choice, manner in self._manners.items() if choice.isChecked())
