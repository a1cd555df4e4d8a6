"""A hosted call center for measuring, in a process of its own: nothing that it does takes time from the program that is measured.

`python -m tests.bench.center FIELDS` prints its address, then a JSON line for each thing that happens, with the time at which it
happened on the clock of time.perf_counter (which on one computer is one clock for all processes). A line `go` on its standard
input connects somebody to whoever waits; with `by itself` as second argument somebody is connected as soon as anybody waits.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from desktop.resources import RESOURCES

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class Center:
    """Answers on 127.0.0.1. A path of its own, `/bare`, speaks the same to clients without SOAP, `/poll` to those that poll."""

    def __init__(self, fields: int, *, by_itself: bool) -> None:
        self._fields = fields
        self._by_itself = by_itself
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._connected: dict[str, bytes] = {}

    async def serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=1 << 20)
        self._port = server.sockets[0].getsockname()[1]
        tell("ready", url=f"http://127.0.0.1:{self._port}/service?wsdl", port=self._port)
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()
        async with server:
            await server.serve_forever()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(self._go, line.strip())
        os._exit(0)  # whoever measures is gone

    def _go(self, who: str) -> None:
        if who == "/poll":
            self._connected[who] = self._call()
            tell("connected", who=who)
        elif not self._waiting[who].done():
            self._waiting[who].set_result(None)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                length = next(
                    (int(one.split(":")[1]) for one in head.splitlines() if one.lower().startswith("content-length")), 0
                )
                body = await reader.readexactly(length)
                path = head.split()[1].partition("?")[0]
                await self._answer(path, head, body, writer)
                if "connection: close" in head.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, head: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        function = _function(head, body)
        if head.startswith("GET"):
            address = f"http://127.0.0.1:{self._port}/service".encode()
            content = (RESOURCES / "wsdl" / "PredictiveService.wsdl").read_bytes().replace(b"{address}", address)
        elif path == "/poll":
            content = self._connected.pop(path, b"")
        elif function == "getConnectionForAgent":
            tell("asked", who=path)
            if not self._by_itself:
                self._waiting[path] = asyncio.get_running_loop().create_future()
                await self._waiting[path]
            content = self._call()
        else:
            content = envelope(f"<{function}Response/>")
        head_out = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head_out.encode() + content)
        if function == "getConnectionForAgent":
            tell("connected", who=path)
        elif function == "storeAgentResponse":
            tell("stored", who=path)
        await writer.drain()

    def _call(self) -> bytes:
        number = next(self._numbers)
        more = "".join(f"<field{at}>value {at}</field{at}>" for at in range(self._fields - 3))
        return envelope(
            f"<getConnectionForAgentResponse><call><id>{number}</id><firstname>Person {number}</firstname>"
            f"<phonenumber>+1202555{number % 10000:04}</phonenumber>{more}</call></getConnectionForAgentResponse>"
        )


def envelope(content: str) -> bytes:
    return f'<e:Envelope xmlns:e="{_SOAP}"><e:Body>{content}</e:Body></e:Envelope>'.encode()


def tell(what: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"what": what, "at": time.perf_counter(), **more}) + "\n")
    sys.stdout.flush()


def _function(head: str, body: bytes) -> str:
    known = ("getConnectionForAgent", "storeAgentResponse", "loginAgent", "sendAgentCallBack", "kickAgent")
    return next((one for one in known if one in head or one.encode() in body), "")


class Elsewhere:
    """A Center in another process, as the measuring one sees it."""

    def __init__(self, program: subprocess.Popen[str], *, forgets: bool) -> None:
        """One that `forgets` knows only what happened last: what it remembered would be taken for growth of what is measured."""
        self._program = program
        self._forgets = forgets
        self._lock = threading.Condition()
        self._seen: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._ready: dict[str, Any] = {}
        threading.Thread(target=self._read, daemon=True).start()
        with self._lock:
            self._lock.wait_for(lambda: self._ready, timeout=30)
        self.url, self.port = str(self._ready["url"]), int(self._ready["port"])

    def go(self, who: str = "/service") -> None:
        """Connect somebody to whoever waits there."""
        assert self._program.stdin
        self._program.stdin.write(who + "\n")
        self._program.stdin.flush()

    def count(self, what: str, who: str = "/service") -> int:
        """How often that has happened."""
        return len(self._seen[what, who])

    def when(self, what: str, who: str = "/service", number: int = -1) -> float:
        """When it happened for the latest time, or the `number`th one."""
        return self._seen[what, who][number]

    def wait(self, what: str, count: int, who: str = "/service") -> float:
        """When it happened for the `count`th time; waits for it."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self._seen[what, who]) >= count, timeout=60):
                raise TimeoutError(f"{what} {who}: {len(self._seen[what, who])} of {count}")
        return self._seen[what, who][count - 1]

    def _read(self) -> None:
        assert self._program.stdout
        for line in self._program.stdout:
            event = json.loads(line)
            with self._lock:
                if event["what"] == "ready":
                    self._ready = event
                else:
                    seen = self._seen[event["what"], event["who"]]
                    if self._forgets:
                        seen.clear()
                    seen.append(event["at"])
                self._lock.notify_all()


@contextmanager
def center(fields: int = 12, *, by_itself: bool = False) -> Iterator[Elsewhere]:
    """A Center in another process."""
    command = [sys.executable, "-m", "tests.bench.center", str(fields), *(["by itself"] if by_itself else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield Elsewhere(program, forgets=by_itself)
        finally:
            program.kill()


if __name__ == "__main__":
    asyncio.run(Center(int(sys.argv[1]), by_itself=len(sys.argv) > 2).serve())
