"""The clock of a call: how long it has lasted, and from "Call ended" on how long the agent has been writing. It only tells."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.popup import wrap_up
from desktop.popup.profile import WrapUp
from desktop.ui import look
from desktop.ui.parts import Clock, button, label, wear_role


class CallClock(QWidget):
    """Two clocks. Nobody tells NextCall that the caller has hung up, so the agent does, with a key."""

    ended = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._wanted = WrapUp()
        self._ended_at: float | None = None
        self._clock = Clock()
        self._clock.setAccessibleDescription("Time since the call was connected")
        self._wrap_up = label("", "small")
        self._call_ended = button("Call ended")  # with a frame: a quiet one would look like news
        self._call_ended.setToolTip("The caller has hung up: see how long you write. Nothing is stored by itself. (F9)")
        self._call_ended.clicked.connect(self.toggle)
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._show)

        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(look.TIGHT)
        stack.addWidget(self._clock, 0, Qt.AlignmentFlag.AlignRight)
        row = QHBoxLayout()
        row.setSpacing(look.GAP)
        row.addStretch()
        row.addWidget(self._wrap_up)
        row.addWidget(self._call_ended)
        stack.addLayout(row)

    def restart(self, wanted: WrapUp) -> None:
        """A call has been connected; `wanted` is what its campaign aims at."""
        self._wanted = wanted
        self._ended_at = None
        self._clock.restart()
        self._show()

    @property
    def seconds(self) -> float:
        """Since the call was connected."""
        return self._clock.seconds

    @property
    def has_ended(self) -> bool:
        """Whether the agent has said that the caller is gone."""
        return self._ended_at is not None

    def toggle(self) -> None:
        """The caller has gone, or is there after all."""
        self._ended_at = None if self.has_ended else self.seconds
        self._show()
        self.ended.emit(self.has_ended)

    def showEvent(self, event: QShowEvent) -> None:
        self._show()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._tick.stop()
        super().hideEvent(event)

    def _show(self) -> None:
        self._call_ended.setText("Still talking" if self.has_ended else "Call ended")
        self._wrap_up.setVisible(self.has_ended)
        if self._ended_at is None:
            self._tick.stop()
            return
        seconds = int(self.seconds - self._ended_at)
        words, tone = wrap_up.told(seconds, self._wanted)
        self._wrap_up.setText(" · ".join(filter(None, (f"Wrap-up {wrap_up.minutes(seconds)}", words))))
        wear_role(self._wrap_up, {"warn": "caution", "bad": "problem"}.get(tone, "small"))
        if self.isVisible():
            self._tick.start()
