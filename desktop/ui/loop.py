"""The event loop: qasync's, which on Windows is taught to wait for the system instead of asking it a hundred times a second."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication


def event_loop(qt: QCoreApplication) -> asyncio.AbstractEventLoop:
    """A new loop in which the windows of `qt` and coroutines live together."""
    loop: asyncio.AbstractEventLoop
    if sys.platform == "win32":
        loop = _PatientLoop(qt)
    else:
        loop = qasync.QEventLoop(qt)
    return loop


if sys.platform == "win32":
    import _overlapped

    _NOBODYS = 1
    """The address of an operation that nobody waits for. The system does not look at what is there; 0 would be an error."""

    class _PatientLoop(qasync.QEventLoop):  # type: ignore[misc]  # it has no types
        """qasync has a thread that asks the system for what is done, for 10 ms each time (_windows.py, `_EventWorker`).

        Here it is asked once and answers when something is done, or when the loop ends.
        """

        def __init__(self, qt: QCoreApplication) -> None:
            super().__init__(qt)
            self._ends = False
            self._ask = self._proactor.select
            self._proactor.select = self._wait

        def _before_run_forever(self) -> None:
            self._ends = False
            super()._before_run_forever()

        def _after_run_forever(self) -> None:
            self._ends = True
            _overlapped.PostQueuedCompletionStatus(self._proactor._iocp, 0, 0, _NOBODYS)
            super()._after_run_forever()  # which waits for the thread

        def _wait(self, timeout: float | None = None) -> Any:
            """On that thread: what is done."""
            return self._ask(timeout if self._ends else None)
