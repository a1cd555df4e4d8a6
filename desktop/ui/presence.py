"""Whether the agent is at the computer - or it is locked, or nobody touches it - and whether the computer is about to sleep.

It only tells; what that means for the shift and for what is on the screen is decided elsewhere. What a system does not tell, it
does not guess: that signal never comes, and `lacks()` says so. A sleep that nobody announced is line_watch.py's to notice.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal

IDLE_AFTER = 300
"""Seconds without a key or the mouse after which the agent counts as idle."""

_LOOK = 5000
"""Milliseconds between two questions of how long nobody has touched the computer, when the answer may matter."""
_LONGEST_LOOK = 30_000
"""Milliseconds between two of them at the most: not every system counts up from zero."""

_TOUCHES = frozenset(
    {
        *(QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.HoverMove, QEvent.Type.Enter),
        *(QEvent.Type.Wheel, QEvent.Type.TouchBegin, QEvent.Type.TabletPress),
    }
)
_PRESSES = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin})


class Computer(Protocol):
    """What the system tells; there is one for each kind of system, and it tells `Presence` by its `hear_...` methods."""

    async def listen(self) -> None:
        """Hear the system until cancelled."""

    def hold_sleep(self, *, on: bool) -> None:
        """Whether to be given a moment, each time before the computer sleeps."""

    def untouched(self) -> float | None:
        """Seconds since the last key or move of the mouse, in whichever window; None where nobody tells."""

    def lacks(self) -> tuple[str, ...]:
        """What is not told here, in sentences."""


class Presence(QObject):
    """Tells what becomes of the agent's presence. Locking and sleeping are heard while `run` runs, idleness while one watches.

    `idle` says for how many seconds, again and again while it lasts; `returned` ends it.
    """

    locked = Signal()
    unlocked = Signal()
    sleeps = Signal()
    woke = Signal()
    idle = Signal(int)
    returned = Signal()

    def __init__(self, parent: QObject, *, idle_after: int = IDLE_AFTER) -> None:
        super().__init__(parent)
        self._idle_after = idle_after
        self._locked_by: set[str] = set()
        self._is_idle = False
        self._sleeps = False
        self._looks = QTimer(self)
        self._looks.setInterval(_LOOK)
        self._looks.timeout.connect(self._look)
        self._filtering = False
        self._computer = _computer(self)

    @property
    def is_away(self) -> bool:
        """Whether the computer is locked, or the agent idle: what is shown now is seen by nobody, or by somebody else."""
        return self._is_idle or bool(self._locked_by)

    async def run(self) -> None:
        """Hear the system for as long as the program runs."""
        try:
            await self._computer.listen()
            await asyncio.Event().wait()
        finally:
            self.watch(on=False)

    def watch(self, *, on: bool) -> None:
        """Whether to look for idleness, and to hold a sleep up for a moment: while the agent is in the queue."""
        self._computer.hold_sleep(on=on)
        if on and not self._looks.isActive():
            self._looks.start(_LOOK)
        elif not on:
            self._looks.stop()
            self._set_idle(on=False)

    def lacks(self) -> tuple[str, ...]:
        """What this computer does not tell, in sentences for people; complete a moment after `run` has begun."""
        return self._computer.lacks()

    def hear_lock(self, who: str, *, on: bool) -> None:
        """The system says that it is locked, or no longer. `who` tells sources apart: the last one to unlock counts."""
        before = bool(self._locked_by)
        if on:
            self._locked_by.add(who)
        else:
            self._locked_by.discard(who)
        self._filter()
        if bool(self._locked_by) is not before:
            (self.unlocked if before else self.locked).emit()

    def hear_sleep(self, *, on: bool) -> None:
        """The system says that it is about to sleep, or awake again."""
        if on is not self._sleeps:
            self._sleeps = on
            (self.sleeps if on else self.woke).emit()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Only while the agent is away: what arrives in our windows tells of a return at once.

        A window may appear below the resting mouse, so it is asked again how long nobody has touched it. Not so with a lock:
        nobody presses anything here behind a locked screen, and some screens never tell that they are no longer locked.
        """
        if self._is_idle and event.type() in _TOUCHES:
            self._look()
        if self._locked_by and event.type() in _PRESSES and event.spontaneous():
            for who in tuple(self._locked_by):
                self.hear_lock(who, on=False)
        return False

    def _look(self) -> None:
        seconds = self._computer.untouched()
        left = 0.0 if self._is_idle or seconds is None else self._idle_after - seconds
        self._looks.setInterval(max(_LOOK, min(round(left * 1000), _LONGEST_LOOK)))  # each look wakes the computer
        if seconds is not None:
            self._set_idle(on=seconds >= self._idle_after)
            if self._is_idle:
                self.idle.emit(int(seconds))

    def _set_idle(self, *, on: bool) -> None:
        was, self._is_idle = self._is_idle, on
        self._filter()
        if was and not on:
            self.returned.emit()

    def _filter(self) -> None:
        """Look at all events of the program only while there is something to find in them."""
        application = QCoreApplication.instance()
        if application is None or self.is_away is self._filtering:
            return
        self._filtering = self.is_away
        if self._filtering:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)


class _Silent:
    """A system that tells nothing that we understand."""

    async def listen(self) -> None:
        """There is nothing to hear."""

    def hold_sleep(self, *, on: bool) -> None:
        """There is nobody to ask."""

    def untouched(self) -> float | None:
        """Nobody tells."""
        return None

    def lacks(self) -> tuple[str, ...]:
        """Everything."""
        return (
            "NextCall does not notice on this system that the screen is locked.",
            "NextCall does not notice on this system that the computer is about to sleep.",
            "NextCall does not notice on this system that nobody is there.",
        )


def _computer(presence: Presence) -> Computer:
    if sys.platform == "linux":
        from desktop.ui.presence_linux import LinuxComputer

        return LinuxComputer(presence)
    if sys.platform == "win32":
        from desktop.ui.presence_windows import WindowsComputer

        return WindowsComputer(presence)
    return _Silent()
