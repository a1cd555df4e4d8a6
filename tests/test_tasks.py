"""Tasks and threads that cannot get lost."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from desktop.tasks import Tasks, in_thread
from tests.simulation import until


class Crashes(list[tuple[str, BaseException]]):
    """Where crashes go."""

    def __call__(self, name: str, failure: BaseException) -> None:
        self.append((name, failure))


@pytest.fixture
def crashes() -> Crashes:
    return Crashes()


@pytest.fixture
def tasks(crashes: Crashes) -> Tasks:
    return Tasks(crashes)


async def test_a_task_that_nobody_holds_is_held(tasks: Tasks, crashes: Crashes):
    finished: list[bool] = []

    async def wait_for_what_only_it_knows() -> None:
        future = asyncio.get_running_loop().create_future()
        waiting.append(future.set_result)
        await future
        finished.append(True)

    waiting: list[object] = []
    tasks.spawn(wait_for_what_only_it_knows(), "held")
    await until(lambda: waiting)
    gc.collect()
    waiting.pop()(None)  # type: ignore[operator]
    await until(lambda: finished)
    assert not crashes


async def test_a_task_has_its_name_and_gives_its_result(tasks: Tasks):
    async def work() -> int:
        return 7

    task = tasks.spawn(work(), "shift")
    assert task.get_name() == "shift"
    assert await task == 7


async def test_a_crash_is_told_once_with_the_tasks_name(tasks: Tasks, crashes: Crashes):
    failure = ValueError("lost")

    async def fail() -> None:
        raise failure

    tasks.spawn(fail(), "notification")
    await until(lambda: crashes)
    await tasks.cancel_all()
    assert crashes == [("notification", failure)]


async def test_cancel_all_waits_until_all_have_ended(tasks: Tasks, crashes: Crashes):
    ended = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # an orderly end takes a while
            ended.append(number)

    for number in range(3):
        tasks.spawn(work(number), f"task {number}")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert sorted(ended) == [0, 1, 2]
    assert not crashes
    await tasks.cancel_all()


async def test_cancel_all_does_not_cancel_its_caller(tasks: Tasks):
    async def leave() -> str:
        await tasks.cancel_all()
        return "left"

    assert await tasks.spawn(leave(), "leave") == "left"


async def test_a_crash_while_being_cancelled_is_told(tasks: Tasks, crashes: Crashes):
    async def fail_at_the_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    tasks.spawn(fail_at_the_end(), "clumsy")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    await asyncio.sleep(0)
    assert [(name, str(failure)) for name, failure in crashes] == [("clumsy", "at the end")]


# ---------------------------------------------------------------------------------------------------------- threads


async def test_a_thread_gives_its_result_and_has_its_name():
    def work() -> tuple[str, bool]:
        return threading.current_thread().name, threading.current_thread().daemon

    assert await in_thread(work, "keyring") == ("keyring", True)


async def test_a_threads_failure_is_raised_where_it_is_waited_for():
    def fail() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        await in_thread(fail, "settings")


async def test_the_loop_goes_on_while_a_thread_works():
    go_on = threading.Event()
    waiting = asyncio.get_running_loop().create_task(in_thread(go_on.wait, "slow"))
    await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    assert await waiting


async def test_whoever_stops_waiting_loses_the_result_and_nothing_else():
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go_on.wait()
        ended.set()
        raise ValueError("nobody hears this")

    waiting = asyncio.get_running_loop().create_task(in_thread(work, "slow"))
    await until(started.is_set)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    await until(ended.is_set)
    await until(lambda: not [one for one in threading.enumerate() if one.name == "slow"])


def test_a_loop_that_closed_meanwhile_is_no_crash():
    started, go_on = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        started.set()
        go_on.wait()

    async def leave_early() -> None:
        waiting = asyncio.get_running_loop().create_task(in_thread(work, "late"))
        await until(started.is_set)
        waiting.cancel()

    asyncio.run(leave_early())
    go_on.set()
    threads[0].join()  # an exception in it would fail this test


async def test_a_thread_on_qasync(qapp: object):
    assert await in_thread(lambda: 7, "keyring") == 7
