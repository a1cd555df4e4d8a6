"""The practice phone: shows what an agent's phone would let be heard. It exists only in practice mode."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.popup import phone
from desktop.practice.center import BEEP, HOLD_MUSIC, PhoneView
from desktop.ui import look
from desktop.ui.parts import button, framed, label

_SHOWN_LINES = 4


class PracticePhone(QWidget):
    """One agent's phone on the practice service."""

    hang_up_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Practice phone")
        self.setWindowIcon(look.app_icon(practice=True))
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)

        self._icon = look.Glyph("phone", 40)
        self._state = label("", "title")
        self._number = label("", "small")
        self._lines = [label("", wraps=True) for _ in range(_SHOWN_LINES)]
        self._hang_up = button("Hang up", "", "hang-up")
        self._hang_up.clicked.connect(self.hang_up_requested)

        content = framed(self, practice=True, margin=20)
        head = QHBoxLayout()
        head.setSpacing(14)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._state)
        words.addWidget(self._number)
        head.addWidget(self._icon)
        head.addLayout(words, 1)
        content.addLayout(head)
        card = QFrame()
        card.setProperty("role", "card")
        heard = QVBoxLayout(card)
        heard.setContentsMargins(look.ROOM, 12, look.ROOM, 12)
        heard.setSpacing(6)
        heard.addWidget(label("You hear", "small"))
        for line in self._lines:
            heard.addWidget(line)
        heard.addStretch()
        content.addWidget(card, 1)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(self._hang_up)
        content.addLayout(foot)
        self.setMinimumWidth(340)
        self.setMinimumHeight(370)
        self.show_phone(None)

    def show_phone(self, view: PhoneView | None) -> None:
        """Show the phone as it is now; None before it was ever rung."""
        state = view.state if view else "idle"
        words, icon, tone = {
            "idle": ("Your phone is quiet", "phone", "muted"),
            "ringing": ("Your phone rings", "phone-rings", "accent"),
            "connected": ("Connected", "phone", "good"),
        }[state]
        self._state.setText(words)
        self._icon.show_icon(icon, tone)
        self._number.setText(phone.shown(view.number) if view else "")
        heard = [_spoken(line) for line in (view.heard if view else ())][-_SHOWN_LINES:]
        for place, line in enumerate(self._lines):
            line.setText(heard[place] if place < len(heard) else "")
            newest = place == len(heard) - 1
            line.setProperty("role", "section" if newest else "muted")
            line.style().unpolish(line)
            line.style().polish(line)
        self._hang_up.setEnabled(state != "idle")

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()  # a phone does not vanish; it goes with the practice


def _spoken(line: str) -> str:
    return {HOLD_MUSIC: "♪  hold music  ♪", BEEP: "•  beep  •"}.get(line, f"“{line}”")
