"""The event loop: qasync's, taught two things that let a waiting program rest.

A timer that nobody waits for any more is taken back, instead of waking the program when it would have been due: each request has
several. And Windows is asked once for what is done, instead of a hundred times a second.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from contextvars import Context
from typing import Any

import qasync
from PySide6.QtCore import QCoreApplication, QObject, QTimerEvent


def event_loop(qt: QCoreApplication) -> asyncio.AbstractEventLoop:
    """A new loop in which the windows of `qt` and coroutines live together."""
    loop: asyncio.AbstractEventLoop
    if sys.platform == "win32":
        loop = _PatientLoop(qt)
    else:
        loop = _Loop(qt)
    return loop


class _Loop(qasync.QEventLoop):  # type: ignore[misc]  # it has no types
    """Knows of each delay which timer it is."""

    def __init__(self, qt: QCoreApplication) -> None:
        super().__init__(qt)
        self._delays = _Delays()

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        if delay <= 0:
            soon: asyncio.Handle = super().call_later(delay, callback, *args, context=context)
            return soon
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        self._delays.start(handle, math.ceil(delay * 1000))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._delays.forget(handle)

    def close(self) -> None:
        self._delays.forget_all()
        super().close()


class _Delays(QObject):
    """Handles that run when their time has come; by Qt's number of the timer, and the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self._handles: dict[int, asyncio.TimerHandle] = {}
        self._timers: dict[int, int] = {}

    def start(self, handle: asyncio.TimerHandle, milliseconds: int) -> None:
        timer = self.startTimer(milliseconds)
        self._handles[timer] = handle
        self._timers[id(handle)] = timer  # not by the handle itself: two are equal that are to do the same at one time

    def forget(self, handle: asyncio.TimerHandle) -> None:
        timer = self._timers.pop(id(handle), None)
        if timer is not None:
            self.killTimer(timer)
            del self._handles[timer]

    def forget_all(self) -> None:
        for timer in self._handles:
            self.killTimer(timer)
        self._handles.clear()
        self._timers.clear()

    def timerEvent(self, event: QTimerEvent) -> None:
        timer = event.timerId()
        self.killTimer(timer)
        handle = self._handles.pop(timer, None)
        if handle is not None:
            del self._timers[id(handle)]
            handle._run()


if sys.platform == "win32":
    import _overlapped

    _NOBODYS = 1
    """The address of an operation that nobody waits for. The system does not look at what is there; 0 would be an error."""

    class _PatientLoop(_Loop):
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
