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
