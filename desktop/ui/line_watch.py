"""Notices when the wait for a call may be lost: the computer slept, or the network came back or changed.

The service's beep comes whether or not its answer finds us (api-facts.md, 'What follows from the API', 6), so a wait on a
connection that may be dead is asked anew at once. Asking once too often costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation

log = logging.getLogger(__name__)

_TICK = 10.0
"""Seconds between two looks at the clocks, which wake the computer. Most systems tell of a sleep by themselves (presence.py)."""
_JUMP = 10.0
"""Seconds that may be missing between two looks before it counts as sleep: a busy computer is late by less."""


class ClockWatch:
    """Tells that the computer slept, from clocks that went on, or did not, meanwhile.

    Which clocks stop in sleep differs by system, so both are looked at: whichever went further counts.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clocks = (wall, monotonic)
        self._seen = [clock() for clock in self._clocks]

    def slept(self) -> bool:
        """Whether more than _JUMP seconds are missing since the last look; looks should be _TICK seconds apart."""
        seen, self._seen = self._seen, [clock() for clock in self._clocks]
        return max(now - before for now, before in zip(self._seen, seen, strict=True)) > _TICK + _JUMP


class LineWatch(QObject):
    """Emits `line_may_be_dead` after sleep and when the network comes back or changes."""

    line_may_be_dead = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._clocks = ClockWatch()
        self._network = QNetworkInformation.instance() if QNetworkInformation.loadDefaultBackend() else None
        if self._network is not None:
            self._network.reachabilityChanged.connect(self._on_reachability_changed)
            self._network.transportMediumChanged.connect(self._on_network_changed)

    async def run(self) -> None:
        """Look at the clocks for as long as the program runs."""
        while True:
            await asyncio.sleep(_TICK)
            if self._clocks.slept():
                log.info("the computer slept")
                self.line_may_be_dead.emit()

    def _on_reachability_changed(self, reachability: QNetworkInformation.Reachability) -> None:
        log.info("network: %s", reachability.name)
        if reachability is not QNetworkInformation.Reachability.Disconnected:
            self.line_may_be_dead.emit()

    def _on_network_changed(self) -> None:
        self.line_may_be_dead.emit()
