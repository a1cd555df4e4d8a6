"""Asking and telling another system over https: two verbs, and failures in words.

A request goes to the host that is named and nowhere else, over a connection of its own: nothing is redirected, compressed or sent
twice. What it says of a failure names the host, never the rest of the address, a header or the content, for these may hold
secrets and people. This module must not know what is asked or told. Only this file and callcenter/soap.py import httpx.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from desktop import APP_NAME, __version__
from desktop.callcenter import network
from desktop.callcenter.addresses import origin_of
from desktop.errors import ContractError, OutsideError, OutsideNotReached, OutsideRefused
from desktop.popup.wording import one_line
from desktop.tasks import in_thread

TIME_LIMIT = 20.0
"""Seconds for a request and the whole of its answer, whatever holds it up."""
LARGEST_ANSWER = 2_000_000
"""Bytes of an answer that are read."""
_LONGEST_NAME = 500
"""Characters of an ETag or a date that are remembered."""

# At INFO and DEBUG these write whole addresses and headers into the log (as in soap.py).
for _talkative in ("httpx", "httpcore", "h11"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of a document it is, in the server's own words: its ETag and its Last-Modified. Empty where it gave none."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What was found at an address."""

    content: bytes = field(repr=False)
    version: Version


UNKNOWN = Version()


async def get(address: str, known: Version = UNKNOWN) -> Document | None:
    """The document at `address`; None if it is still the `known` one.

    Raises OutsideRefused for every other answer, OutsideNotReached for none or a broken one, OutsideError for an address that
    cannot be used.
    """
    condition = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    answer = await _ask("GET", address, {name: value for name, value in condition.items() if value})
    if answer.status == 304 and known != UNKNOWN:
        return None
    if answer.status != 200:
        _refuse(address, answer)
    if answer.broken:
        raise OutsideNotReached(answer.broken)
    return Document(bytes(answer.content), Version(answer.told("etag"), answer.told("last-modified")))


async def post(address: str, content: bytes, headers: Mapping[str, str]) -> None:
    """Tell `content` to `address`. Returns as soon as it has said that it has it: what else it says matters to nobody.

    Raises OutsideRefused, OutsideNotReached (it may have been told all the same) and OutsideError, like `get`.
    """
    answer = await _ask("POST", address, headers, content)
    if not 200 <= answer.status < 300:
        _refuse(address, answer)


def host(address: str) -> str:
    """The host of an address: what of it can be logged and shown. Of what is no address, nothing."""
    try:
        return one_line(urlsplit(address).hostname or "")
    except ValueError:
        return ""


# ------------------------------------------------------------------------------------------------------------------ the wire


@dataclass(slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    content: bytearray = field(default_factory=bytearray)
    broken: str = ""
    """Why the content is not the whole of it."""

    def told(self, name: str) -> str:
        """A header that can be sent back as it came; else nothing."""
        value = self.headers.get(name, "")
        return value if value.isascii() and value.isprintable() and len(value) <= _LONGEST_NAME else ""


_TROUBLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,  # TLS that breaks in the middle comes as it is
    ValueError,  # names that cannot be names of hosts (UnicodeError), proxies that are no URLs
    ImportError,  # a SOCKS proxy, for which httpx wants a package that is not here
)


async def _ask(method: str, address: str, headers: Mapping[str, str], content: bytes | None = None) -> _Answer:
    """The answer, as soon as its head is there; `broken` says it if the rest did not come."""
    _check(address)
    answer, reason = None, ""
    try:
        async with asyncio.timeout(TIME_LIMIT):
            transport = await in_thread(lambda: _way_to(address), "way to another system")
            async with (
                httpx.AsyncClient(transport=transport, headers=_HEADERS, timeout=None, trust_env=False) as client,  # noqa: S113 - see above
                client.stream(method, address, headers=headers, content=content, follow_redirects=False) as response,
            ):
                answer = _Answer(response.status_code, response.headers)
                await _read(response, answer)
    except _TROUBLE as trouble:
        reason = _in_words(trouble, host(address))
        if answer is not None:
            answer.broken = reason
    if answer is None:  # out here nothing is chained: httpx's exceptions hold the request
        raise OutsideNotReached(reason)
    if len(answer.content) > LARGEST_ANSWER:
        answer.broken = f"{host(address)} answered with more than {LARGEST_ANSWER:,} bytes."
    elif answer.headers.get("content-encoding", "identity").lower() != "identity":
        answer.broken = f"{host(address)} answered with something compressed, which was not asked for."
    return answer


async def _read(response: httpx.Response, answer: _Answer) -> None:
    try:
        async for chunk in response.aiter_raw():
            answer.content += chunk
            if len(answer.content) > LARGEST_ANSWER:
                await response.aclose()  # the next read fails, which ends httpx's generators in good order
    except (httpx.HTTPError, httpx.StreamError):
        if len(answer.content) <= LARGEST_ANSWER:
            raise


_HEADERS = {"User-Agent": f"{APP_NAME}/{__version__}", "Accept-Encoding": "identity"}


def _way_to(address: str) -> httpx.AsyncHTTPTransport:
    """Directly, or through the proxy that this computer has for it. Blocks."""
    context = network.tls_context()
    proxy = network.proxy_for(address)
    return httpx.AsyncHTTPTransport(
        verify=context,
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=0),
        proxy=httpx.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None) if proxy else None,
    )


def _check(address: str) -> None:
    """Raises OutsideError for an address that is neither https nor this computer, or that cannot be sent to."""
    try:
        for one in (address, str(httpx.URL(address))):  # also as httpx will read it
            origin_of(one)
        usable = True
    except (ContractError, httpx.InvalidURL, ValueError):
        usable = False
    if not usable:
        raise OutsideError("An address of another system begins with https:// and has no user name, password or blanks in it.")


# ------------------------------------------------------------------------------------------------------------------ failures


def _refuse(address: str, answer: _Answer) -> NoReturn:
    reason = f"{host(address)} answered with HTTP {answer.status}"
    if answer.status in {301, 302, 303, 307, 308}:
        target = host(answer.headers.get("location", "")) or "another of its addresses"
        reason += f", a redirect to {target}, which is not followed"
    raise OutsideRefused(f"{reason}.", status=answer.status)


_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (httpx.ProxyError, "{host} was not reached: the proxy of your network refused{words}."),
    (ImportError, "{host} was not reached: NextCall cannot use the proxy of your network."),
    (socket.gaierror, "The name {host} was not found."),
    (UnicodeError, "The name {host} was not found."),
    (ssl.SSLCertVerificationError, "The certificate of {host} is not trusted{words}."),
    (ssl.SSLError, "There is no secure connection to {host}."),
    (ConnectionRefusedError, "{host} takes no connections."),
    (TimeoutError, "{host} did not answer in time."),
    (httpx.RemoteProtocolError, "{host} broke its answer off, or does not speak HTTP."),
    (ValueError, "{host} was not reached: NextCall cannot use the proxy of your network."),
    (httpx.InvalidURL, "{host} was not reached: NextCall cannot use the proxy of your network."),
    (BaseException, "The connection to {host} broke."),
)
"""The first that fits is told."""


def _in_words(trouble: BaseException, host: str) -> str:
    """`trouble` as a sentence. Only what the system says of a certificate and a proxy of itself is quoted."""
    kind, sentence, one = next((kind, words, one) for kind, words in _CAUSES for one in _behind(trouble) if isinstance(one, kind))
    words = one_line(getattr(one, "verify_message", "") or (str(one) if kind is httpx.ProxyError else "")).rstrip(".")
    return sentence.format(host=host, words=f" ({words})" if words else "")


def _behind(trouble: BaseException) -> Iterator[BaseException]:
    """`trouble` and whatever it came from, in groups as well."""
    yield trouble
    inside = trouble.exceptions if isinstance(trouble, BaseExceptionGroup) else ()
    for one in (trouble.__cause__ or trouble.__context__, *inside):
        if one is not None:
            yield from _behind(one)
