"""Tells when somebody is to be called back, once for each, and never while the agent talks to somebody else.

It knows neither journal nor windows: it is given what is open, and tells what is due. One timer waits for the next, no polling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.shift.journal import Callback

_LONGEST_WAIT = 180
"""Seconds after which the clock is looked at again in any case: the computer may have slept, or its clock may have been set."""


class Reminders(QObject):
    """Emits `due` with the callbacks that have become due, soonest first. `now` tells the time, aware."""

    due = Signal(tuple)

    def __init__(self, parent: QObject, now: Callable[[], datetime]) -> None:
        super().__init__(parent)
        self._now = now
        self._open: tuple[Callback, ...] = ()
        self._told: set[tuple[int, float]] = set()
        self._quiet = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)

    def hold(self, callbacks: Iterable[Callback]) -> None:
        """These are open now, soonest first. What is due among them is told at once, unless it was told before."""
        self._open = tuple(callbacks)
        self._look()

    def set_quiet(self, *, quiet: bool) -> None:
        """Tell nothing while somebody is on the line; what becomes due meanwhile is told when quiet ends."""
        self._quiet = quiet
        self._look()

    def _look(self) -> None:
        self._timer.stop()
        if self._quiet:
            return
        now = self._now().timestamp()  # times of one zone are compared by their clocks, which in autumn go back
        untold = [one for one in self._open if _promise(one) not in self._told]
        due = tuple(one for one in untold if one.due.timestamp() <= now)
        self._told.update(map(_promise, due))
        if len(due) < len(untold):
            wait = min(one.due.timestamp() - now for one in untold if one not in due)
            self._timer.start(math.ceil(min(wait, _LONGEST_WAIT) * 1000))
        if due:
            self.due.emit(due)


def _promise(callback: Callback) -> tuple[int, float]:
    """What is told once: another time for the same call is another promise."""
    return callback.number, callback.due.timestamp()
