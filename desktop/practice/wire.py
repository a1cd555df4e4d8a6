"""The TCP connection below a request, which ASGI hides: here faults on demand become true, byte by byte.

There is one seam: `troubled` stands in front of an endpoint, and while no mischief is planned it only looks whether there is any.
Everything that is not a fault stays uvicorn's. This module must not decide which fault strikes; that is mischief.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from desktop.callcenter.model import Function
from desktop.practice import envelope
from desktop.practice.envelope import BadRequest, Blame, Version
from desktop.practice.mischief import Ending, Mischief

UNHEARD = Response(status_code=204)
"""What is answered to a client that has gone."""

_TICK = 0.02
"""Seconds between two writes of a drip that is faster than one byte in that time."""
_TIME_TO_ARRIVE = 0.05
"""Seconds between the last bytes and a reset, which would overtake them in the system's buffers."""
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # struct linger: on, 0 seconds

Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Connection(H11Protocol):
    """uvicorn's own, but each request finds the TCP connection on which it came in `request.state.transport`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is given up when the client goes away: nobody would hear the answer."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(client_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def client_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def troubled(mischief: Mischief, namespace: str, endpoint: Endpoint) -> Endpoint:
    """`endpoint`, which answers the SOAP questions of that namespace, with the mischief that is planned."""

    async def answer(request: Request) -> Response:
        return await (_troubled(mischief, namespace, endpoint, request) if mischief.is_planned else endpoint(request))

    return answer


async def _troubled(mischief: Mischief, namespace: str, endpoint: Endpoint, request: Request) -> Response:
    try:
        asked = None
        fault = mischief.strikes(_named_in_head(request), None, before_reading=True)
        if fault is None:
            # The endpoint will read it once more, from where Starlette keeps it.
            asked = envelope.read_request(await request.body(), namespace, Version.SOAP_11)
            function = _function(asked.function)
            fault = mischief.strikes(function, _parameter(asked, "agentId"), before_reading=False) if function else None
        if fault is None:
            return await endpoint(request)
        exchange = _Exchange(request, asked, endpoint, mischief)
        await fault.strike(exchange)
    except BadRequest:
        return await endpoint(request)  # which knows how to say that
    except ClientDisconnect:
        return UNHEARD
    return exchange.response


def _named_in_head(request: Request) -> Function | None:
    """The function that the request's head names, which is there before its body."""
    said = request.headers.get("soapaction") or request.headers.get("content-type", "").partition("action=")[2]
    return _function(re.split(r"[/#:]", said.partition(";")[0].strip(' "'))[-1])


def _function(name: str) -> Function | None:
    return Function(name) if name in set(Function) else None


def _parameter(asked: envelope.Request, name: str) -> str | None:
    return asked.parameters.get(name, "").strip() or None


class _Exchange:
    """A mischief.Exchange: one question, the connection below it, and the answer that it gets in the end."""

    def __init__(self, request: Request, asked: envelope.Request | None, endpoint: Endpoint, mischief: Mischief) -> None:
        self.response = UNHEARD
        self._request = request
        self._asked = asked
        self._endpoint = endpoint
        self._premises = mischief.premises
        self._transport: asyncio.Transport = request.state.transport
        self._sent = False

    async def carry_out(self) -> None:
        self.response = await self._endpoint(self._request)
        if self.response is UNHEARD:
            raise ClientDisconnect

    async def wait(self, seconds: float) -> None:
        await while_connected(self._request, asyncio.sleep(seconds))

    def answer(self, status: int, media_type: str, content: bytes, **headers: str) -> None:
        self.response = Response(content, status, headers, media_type)

    def refuse(self, code: str, sentence: str) -> None:
        version = self._asked.version if self._asked else Version.SOAP_11
        blame, _, subcode = code.partition(".")
        content = envelope.write_fault(version, Blame.CALLER if blame == "Client" else Blame.SERVICE, sentence, subcode)
        self.answer(500, version.media_type, content)

    def send_part(self, first: int | None) -> None:
        content = _on_the_wire(self.response)
        self.send_raw(content[: min(len(content) // 2 if first is None else first, len(content) - 1)])

    def send_raw(self, content: bytes) -> None:
        self._transport.write(content)
        self._sent = True

    async def drip(self, bytes_per_second: float) -> None:
        await while_connected(self._request, self._drip(_on_the_wire(self.response), bytes_per_second))
        await self.cut("end")

    async def cut(self, ending: Ending) -> NoReturn:
        if ending == "reset":
            if self._sent:
                await self.wait(_TIME_TO_ARRIVE)
            with contextlib.suppress(OSError):  # the client has gone already, and the socket with it
                # Windows' event loop says goodbye all the same (FIN) before it closes a socket.
                self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()
        else:
            self._transport.close()
        # uvicorn must learn of it before this ends, or it would complain of a missing answer.
        await self.stay_silent()

    async def stay_silent(self) -> NoReturn:
        await client_left(self._request)
        raise ClientDisconnect

    def shut_the_door(self, seconds: float) -> None:
        if self._premises:
            self._premises.shut_the_door(seconds)

    def kick(self) -> None:
        if self._premises and self._asked:
            self._premises.kick(_parameter(self._asked, "campaignId") or "", _parameter(self._asked, "agentId") or "")

    async def _drip(self, content: bytes, bytes_per_second: float) -> None:
        pause = max(_TICK, 1 / bytes_per_second)
        size = max(1, round(bytes_per_second * pause))
        for at in range(0, len(content), size):
            if at:
                await asyncio.sleep(pause)
            self._transport.write(content[at : at + size])


def _on_the_wire(response: Response) -> bytes:
    """The whole answer as HTTP. uvicorn writes answers at once, so parts of one are written here."""
    head = [f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}".encode()]
    head += [name + b": " + value for name, value in [*response.raw_headers, (b"connection", b"close")]]
    return b"\r\n".join([*head, b"", b""]) + bytes(response.body)
