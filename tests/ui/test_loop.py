"""The event loop can be begun and ended, carries sockets and threads, and on Windows rests while there is nothing to do."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest


async def _there_and_back() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"there\n")
        assert await reader.readline() == b"there\n"
        writer.close()
        await writer.wait_closed()


def test_it_ends_and_begins_again(qloop: asyncio.AbstractEventLoop):
    for _time in range(3):
        qloop.run_until_complete(_there_and_back())


def test_a_thread_wakes_it(qloop: asyncio.AbstractEventLoop):
    async def until_woken() -> str:
        told: asyncio.Future[str] = qloop.create_future()
        thread = threading.Thread(target=lambda: qloop.call_soon_threadsafe(told.set_result, "up"))
        thread.start()
        said = await told
        thread.join()
        return said

    assert qloop.run_until_complete(until_woken()) == "up"


@pytest.mark.skipif(sys.platform != "win32", reason="a matter of Windows")
def test_it_does_not_ask_the_system_again_and_again(qloop: asyncio.AbstractEventLoop):
    asked: list[float | None] = []
    ask = qloop._ask
    qloop._ask = lambda timeout: asked.append(timeout) or ask(timeout)
    qloop.run_until_complete(asyncio.sleep(0.5))
    assert asked[0] is None
    assert len(asked) < 10  # qasync alone asks 50 times


def test_what_is_to_be_done_later_is_done_in_its_order_and_not_too_early(qloop: asyncio.AbstractEventLoop):
    done: list[str] = []

    async def work() -> None:
        began = qloop.time()
        qloop.call_later(0.03, done.append, "third")
        qloop.call_at(began + 0.02, done.append, "second")
        qloop.call_later(0, done.append, "first")
        await asyncio.sleep(0.04)
        assert qloop.time() - began >= 0.04 * 0.95  # Qt's coarse timers may be early by a twentieth

    qloop.run_until_complete(work())
    assert done == ["first", "second", "third"]


def test_of_what_is_taken_back_nothing_is_left(qloop: asyncio.AbstractEventLoop):
    done: list[str] = []

    async def work() -> None:
        equal = [qloop.call_at(qloop.time() + 1000, done.append, "never") for _time in range(3)]
        for handle in equal:
            handle.cancel()
            handle.cancel()
        async with asyncio.timeout(1000):
            await asyncio.sleep(0)
        qloop.call_later(0.001, done.append, "soon")
        await asyncio.sleep(0.01)

    qloop.run_until_complete(work())
    assert done == ["soon"]
    assert qloop._delays._handles == {}
    assert qloop._delays._timers == {}


def test_one_may_take_another_back_that_is_due_at_the_same_moment(qloop: asyncio.AbstractEventLoop):
    done: list[str] = []

    async def work() -> None:
        handles: list[asyncio.Handle] = []
        for name in ("one", "another"):
            handles.append(qloop.call_later(0.005, lambda name=name: (done.append(name), [one.cancel() for one in handles])))
        await asyncio.sleep(0.05)

    qloop.run_until_complete(work())
    assert len(done) == 1
