"""Tasks and threads that cannot get lost: each has a name, is held until it ends, and has one place where its crash goes."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Tasks:
    """Every task of the program. `crashed` is told the task's name and what it died of; it is never told of a cancellation."""

    def __init__(self, crashed: Callable[[str, BaseException], None]) -> None:
        self._crashed = crashed
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        """Start `coroutine` as a task and hold on to it (asyncio itself does not)."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._running.add(task)
        task.add_done_callback(self._on_ended)
        return task

    async def cancel_all(self) -> None:
        """Cancel what still runs, but for the caller itself, and wait until it has ended."""
        rest = self._running - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest)

    def _on_ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._crashed(task.get_name(), failure)


async def in_thread(work: Callable[[], Result], name: str) -> Result:
    """Run blocking `work` on a daemon thread of its own and wait for it.

    For calls that may never return (a keyring's prompt, name resolution): a loop's own executor waits for all its threads when
    the loop closes, so one such call would keep the program from ending. Whoever stops waiting loses the result.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, failure: BaseException | None) -> None:
        if future.done():
            return
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only where Result is None

    def run() -> None:
        try:
            result, failure = work(), None
        except BaseException as raised:  # noqa: BLE001 - handed on to the one who waits
            result, failure = None, raised
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            log.debug("%s ended after the loop was closed", name)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
