"""Another system, on a real socket: it answers one request after the other with what it is told to."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop.popup.webhook import SIGNATURE
from tests.callcenter.wire import Server, answers, http, read_request

if TYPE_CHECKING:
    import asyncio
    import ssl

    from tests.callcenter.wire import Act

SECRET = "sEcReT-0123456789"
"""What must be in no log and no error."""


@dataclass(frozen=True)
class Request:
    """What has been asked or told; the names of headers in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def read(cls, raw: bytes) -> Request:
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return cls(method, target, headers, body)

    def is_signed_with(self, secret: str) -> bool:
        """Checked as a receiver would, from the description alone."""
        wanted = "sha256=" + hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, self.headers[SIGNATURE.lower()])


class OtherSystem(Server):
    """Answers the first request with the first of `replies` and so on, and every later one with the last."""

    def __init__(self, *replies: bytes | Act, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(tls=tls, host=host)
        self.replies: list[bytes | Act] = list(replies)

    @property
    def asked(self) -> list[Request]:
        return [Request.read(raw) for raw in self.requests]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.requests.append(request)
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        act = answers(reply) if isinstance(reply, bytes) else reply
        await act(reader, writer, request)


def status(line: str, *headers: str) -> bytes:
    """An answer without content."""
    return http(b"", line, *headers)


NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
