"""What follows from the agent's being away: personal data is covered, a forgotten log-off is spoken of, sleep is explained.

Nothing is logged off and nothing is stored because somebody is away: it is only said.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, SignalInstance

from desktop.shift.states import IN_QUEUE, State
from desktop.ui.presence import Presence

COVERED_AFTER = 600
"""Seconds without a key or the mouse after which personal data is covered: an agent who only talks touches neither."""
REMINDED_AFTER = 900
"""Seconds after which an agent in the queue is asked, once until they return, whether they have forgotten to log off."""


class Away(QObject):
    """Tells what is to be done, from what `presence` tells and where the shift is."""

    cover = Signal(bool)
    forgotten = Signal(int)
    """Nobody has touched the computer for so many minutes, and the phone is in the queue."""
    came_back = Signal()
    """Somebody touches it again after that."""
    sleeps = Signal()
    """The computer is about to sleep, and the phone is in the queue."""
    woke = Signal()
    """It has slept, and the phone was in the queue."""

    def __init__(self, presence: Presence) -> None:
        super().__init__()
        self._presence = presence
        self._state = State.SIGNED_OUT
        self._locked = self._idle = self._reminded = False
        presence.locked.connect(lambda: self._set(locked=True))
        presence.unlocked.connect(lambda: self._set(locked=False))
        presence.idle.connect(self._on_idle)
        presence.returned.connect(self._on_returned)
        presence.sleeps.connect(lambda: self._tell(self.sleeps))
        presence.woke.connect(lambda: self._tell(self.woke))

    def set_state(self, state: State) -> None:
        """The shift is there now."""
        self._state = state
        self._presence.watch(on=state in IN_QUEUE)

    @property
    def is_covered(self) -> bool:
        """Whether personal data is to be covered now."""
        return self._locked or self._idle

    def _on_idle(self, seconds: int) -> None:
        if seconds >= COVERED_AFTER:
            self._set(idle=True)
        if seconds >= REMINDED_AFTER and not self._reminded and self._state in IN_QUEUE:
            self._reminded = True
            self.forgotten.emit(seconds // 60)

    def _on_returned(self) -> None:
        reminded, self._reminded = self._reminded, False
        self._set(idle=False)
        if reminded:
            self.came_back.emit()

    def _set(self, *, locked: bool | None = None, idle: bool | None = None) -> None:
        before = self.is_covered
        self._locked = self._locked if locked is None else locked
        self._idle = self._idle if idle is None else idle
        if self.is_covered is not before:
            self.cover.emit(self.is_covered)

    def _tell(self, what: SignalInstance) -> None:
        if self._state in IN_QUEUE:
            what.emit()
