"""The hosted call center over the wire: each documented function is one HTTP POST, and each failure says what is certain.

The one thing that must be right here is 'not sent': NotReached means that not one byte of the request left, so sending again is
safe; after the first byte every failure is OutcomeUnknown (api-facts.md, 'What follows from the API', 4). Nothing is ever
redirected, and nothing that changes anything is sent twice, or over a connection that was used before. The key is in the
request's body only: no log, no error text, no exception chain holds it.
Only this file and outside/web.py import httpx.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import httpx

from desktop import APP_NAME, __version__
from desktop.callcenter import network, reply
from desktop.callcenter.addresses import Origin, origin_of
from desktop.callcenter.contract import Contract, load
from desktop.callcenter.documents import KeptDocuments
from desktop.callcenter.model import BROADCAST_FUNCTIONS, Account, Call, CallResponse, Described, Field, Function, Wanted
from desktop.callcenter.request import Parameter, Request, Value
from desktop.errors import AnswerNotUnderstood, CallCenterError, ContractError, NotReached, OutcomeUnknown
from desktop.tasks import in_thread

log = logging.getLogger(__name__)

T = TypeVar("T")

LARGEST_ANSWER = 5_000_000
"""Bytes of an answer, or of a document of the description, that are read."""
SHORT_CALL = httpx.Timeout(connect=10, write=30, read=30, pool=5)
"""Seconds. For every function that answers at once."""
LONG_CALL = httpx.Timeout(connect=10, write=30, read=None, pool=5)
"""Seconds. getConnectionForAgent answers when somebody is on the line, and nobody knows when that is; what tells a dead
connection from a quiet one are the probes of network.keep_alive()."""
TIME_TO_SEND = 60
"""Seconds until the first byte of a request must have left; else a proxy that never answers would hold LONG_CALL for ever."""
_LEFT_OPEN = 2
"""Seconds for which the line on which a response was stored is good for the question that follows; one that nobody takes over is
closed with the next."""
_JUST_THEN = 2
"""Seconds after which a line that breaks has been taken for a wait, and the break is told as any other."""
_WAITED_TOO_LONG = 408
"""The status by which a server says that it has heard nothing for a while, on its way out."""
_BIG_ANSWER = 200_000
"""Bytes from which an answer is read on a thread, so that the windows do not stand still meanwhile."""


@dataclass(frozen=True, slots=True)
class _Line:
    """How a request uses its connection.

    A connection that was used before may be closed by the other side just when the next request has left, which leaves an outcome
    unknown for nothing. So each request has a fresh one, with one exception: the question for the next call goes over the line on
    which the response was stored. It can be asked again without harm, and is on its way two or three round trips earlier.
    """

    is_left: bool = False
    """Open, for the question that follows."""
    takes_over: bool = False
    """What was left."""
    is_long: bool = False
    """Nobody knows when there is an answer."""

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.is_left else {"Connection": "close"}


_FRESH, _LONG = _Line(), _Line(is_long=True)
_THEN_THE_NEXT_CALL, _ON_THE_SAME_LINE = _Line(is_left=True), _Line(takes_over=True, is_long=True)


if find_spec("sniffio") is None:  # httpcore looks for it several times in each request, in every folder that Python knows
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # by which Python knows that there is none

# At DEBUG these write requests, the key in them, into the log; whoever sets the root logger's level must not bring that about.
for _talkative in ("httpx", "httpcore", "h11", "zeep"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)


class SoapCallCenter:
    """A HostedCallCenter (service.py) that is described by the WSDL at `service_url`.

    startCampaign and stopCampaign come from the WSDL at `broadcast_url` if there is one (the Voice Broadcast API). Descriptions
    are kept below the folder `kept_in`: a start then uses the kept one at once, and fetches it anew for the next start.
    """

    def __init__(self, service_url: str, broadcast_url: str = "", *, kept_in: Path | None = None) -> None:
        self._service_url = service_url.strip()
        self._broadcast_url = broadcast_url.strip()
        self._kept_in = kept_in
        self._service: Contract | None = None
        self._broadcast: Contract | None = None
        self._client = _client()
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Learn the contracts that are not known yet.

        Raises NotReached or ContractError for the agents' service. What is wrong with the broadcast service is only logged: its
        functions are then not offered.
        """
        service, broadcast = await asyncio.gather(
            self._learnt(self._service, self._service_url),
            self._learnt(self._broadcast, self._broadcast_url),
            return_exceptions=True,
        )
        if isinstance(service, BaseException):
            raise service
        self._service = service
        if isinstance(broadcast, CallCenterError):
            log.info("startCampaign and stopCampaign are not offered: %s", broadcast)
        elif isinstance(broadcast, BaseException):
            raise broadcast
        else:
            self._broadcast = broadcast

    def offers(self, function: Function) -> bool:
        """Whether the service has this function; False before `open()`."""
        contract = self._contract_of(function)
        return contract is not None and contract.offers(function)

    async def send_agent_call_back(self, account: Account, phone_number: str) -> None:
        """Have the service ring the agent's phone (sendAgentCallBack)."""
        await self._ask(Function.SEND_AGENT_CALL_BACK, account, {Parameter.PHONE_NUMBER: phone_number})

    async def login_agent(self, account: Account, agent_id: str) -> None:
        """Log the agent in, and so into the queue (loginAgent)."""
        await self._ask(Function.LOGIN_AGENT, account, {Parameter.AGENT_ID: agent_id})

    async def get_connection_for_agent(
        self, account: Account, agent_id: str, *, on_asked: Callable[[], None] = lambda: None
    ) -> Call:
        """Wait without limit until a call is connected to this agent (getConnectionForAgent)."""
        call = await self._ask(
            Function.GET_CONNECTION_FOR_AGENT, account, {Parameter.AGENT_ID: agent_id}, _ON_THE_SAME_LINE, on_asked
        )
        assert call is not None  # noqa: S101 - reply.read() gives a Call where it is told to
        return call

    async def store_agent_response(self, account: Account, agent_id: str, response: CallResponse, *, last: bool = False) -> None:
        """Store the response **and queue the agent for the next call**, unless `last` (storeAgentResponse)."""
        await self._ask(
            Function.STORE_AGENT_RESPONSE,
            account,
            {
                Parameter.AGENT_ID: agent_id,
                Parameter.CALL_ID: response.call_id,
                Parameter.AGENT_RESPONSE: response.disposition,
                Parameter.AGENT_NOTES: response.notes,
                Parameter.LAST_CALL: last,
            },
            _FRESH if last else _THEN_THE_NEXT_CALL,
        )

    async def kick_agent(self, account: Account, agent_id: str) -> None:
        """Hang up the agent's phone (kickAgent)."""
        await self._ask(Function.KICK_AGENT, account, {Parameter.AGENT_ID: agent_id})

    async def start_campaign(self, account: Account) -> None:
        """Start the account's campaign (startCampaign of the Voice Broadcast API)."""
        await self._ask(Function.START_CAMPAIGN, account, {})

    async def stop_campaign(self, account: Account) -> None:
        """Stop the account's campaign (stopCampaign of the Voice Broadcast API)."""
        await self._ask(Function.STOP_CAMPAIGN, account, {})

    def described(self) -> tuple[Described, ...]:
        """The functions that the descriptions have and the document does not name; none before `open()`."""
        return tuple(described for described, _ in self._others().values())

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        """Have a described function done; what it returned."""
        if self._service is None:
            raise NotReached(_NOT_OPEN)
        _, contract = self._others().get(described.name, (described, self._service))
        request = contract.request_of(described, account, values)
        answer = await self._post(request, account.key)
        return await _read(answer, lambda: reply.content(answer, request.answers, secret=account.key))

    async def close(self) -> None:
        """Drop every open connection. Whoever still waits for an answer gets OutcomeUnknown; nothing more is sent."""
        self._closed = True
        await self._client.aclose()
        await asyncio.gather(*self._closing)

    def _let_go(self, response: httpx.Response) -> None:
        """Close a connection whose answer is there, without anybody who waits for the answer waiting for that, too."""
        task = asyncio.get_running_loop().create_task(_closed(response), name="a connection is closed")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _contract_of(self, function: Function) -> Contract | None:
        return self._broadcast if function in BROADCAST_FUNCTIONS and self._broadcast_url else self._service

    def _others(self) -> dict[str, tuple[Described, Contract]]:
        """The described functions by name, and where each is; of two with the same name, that of the agents' service is meant."""
        others: dict[str, tuple[Described, Contract]] = {}
        for contract in filter(None, (self._service, self._broadcast)):
            for described in contract.described:
                others.setdefault(described.name, (described, contract))
        return others

    # ---------------------------------------------------------------------------------------------------------- contracts

    async def _learnt(self, known: Contract | None, url: str) -> Contract | None:
        if known is not None or not url:
            return known
        contract = await in_thread(lambda: _contract(url, self._kept_in), f"contract of {url}")
        for reason in contract.without_form:
            log.info("not offered as a form: %s", reason)
        return contract

    # ----------------------------------------------------------------------------------------------------------- questions

    async def _ask(
        self,
        function: Function,
        account: Account,
        values: Mapping[Parameter, Value],
        line: _Line = _FRESH,
        on_asked: Callable[[], None] = lambda: None,
    ) -> Call | None:
        contract = self._contract_of(function)
        if contract is None and self._service is None:
            raise NotReached(_NOT_OPEN)
        everything = {Parameter.KEY: account.key, Parameter.CAMPAIGN_ID: str(account.campaign_id), **values}
        request = (contract or Contract({}, {})).request(function, everything)
        answer = await self._post(request, account.key, line, on_asked)
        gives_call = function is Function.GET_CONNECTION_FOR_AGENT
        return await _read(answer, lambda: reply.read(answer, request.answers, gives_call=gives_call, secret=account.key))

    async def _post(
        self, request: Request, secret: str, line: _Line = _FRESH, on_asked: Callable[[], None] = lambda: None
    ) -> reply.Answer:
        """Send one request and read what comes back, if it comes back without a redirect and in a sensible size."""
        sent = used_before = again = False
        sent_at = 0.0
        loop = asyncio.get_running_loop()

        async def watch(event: str, info: dict[str, Any]) -> None:
            # httpcore's `trace` extension. The tunnel that an HTTP proxy is asked for (CONNECT) goes through here as well.
            nonlocal sent, sent_at, used_before
            if event == "connection.connect_tcp.complete":
                used_before = False
                _probe(info["return_value"])
            elif event == "http11.send_request_headers.started" and info["request"].method == b"POST":
                if self._closed:
                    raise httpx.ConnectError("closed meanwhile")
                sent, sent_at = True, loop.time()
                limit.reschedule(None)
            elif event == "http11.send_request_body.complete" and sent:
                _tell(on_asked)

        def was_closed() -> bool:
            """Whether the other side has closed a line that was used before, just when the question left."""
            return used_before and sent and loop.time() - sent_at < _JUST_THEN and not self._closed

        failure: CallCenterError
        if self._closed:
            raise NotReached("NextCall is being closed.")
        try:
            asked = self._client.build_request(
                "POST",
                request.address,
                content=request.body,
                headers={**request.headers, **line.headers},
                timeout=LONG_CALL if line.is_long else SHORT_CALL,
                extensions={"trace": watch, "line": line},
            )
            used_before = line.takes_over
            async with asyncio.timeout(TIME_TO_SEND) as limit:
                response = await self._client.send(asked, stream=True)
                try:
                    if response.status_code == _WAITED_TOO_LONG and was_closed():
                        raise httpx.RemoteProtocolError("nobody was asked anything")
                    return await _received(response, secret)
                finally:
                    if line.is_left:
                        await _closed(response)
                    else:
                        self._let_go(response)
        except CallCenterError as raised:
            failure = raised
        except _WIRE_TROUBLE as trouble:
            failure = _outcome_unknown(trouble) if sent else _not_reached(trouble, request.address, secret)
            again = was_closed()
        # Out here nothing is chained: httpx's exceptions hold the request, and with it the key.
        if again:
            log.info("the line of the call before broke when the wait had just left: it is asked anew on a fresh one")
            try:
                return await self._post(request, secret, _LONG, on_asked)
            except NotReached:
                log.info("which was not reached")  # but the first question may have been
        if not sent:
            _WAYS.pop(origin_of(request.address), None)  # another network may want another proxy
        failure.__context__ = None
        raise failure


_NOT_OPEN = "The description of the service has not been read yet."


async def _read(answer: reply.Answer, read: Callable[[], T]) -> T:
    """What `read` makes of the answer."""
    return await in_thread(read, "a big answer") if len(answer.content) > _BIG_ANSWER else read()


# ----------------------------------------------------------------------------------------------------------------- the wire

_WIRE_TROUBLE = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,  # TLS that breaks in the middle comes as it is
    RuntimeError,  # a client that was closed while it connected
    ValueError,  # names that cannot be names of hosts (UnicodeError), proxies that are no URLs
    ImportError,  # a SOCKS proxy, for which httpx wants a package that is not here
)

_WAYS: dict[Origin, str] = {}
"""The proxy for each origin; asked of the system once, and again after a failure to get through."""


def _way_to(address: str) -> str:
    """The proxy for `address`, or nothing. Blocks."""
    proxy = _WAYS[origin_of(address)] = network.proxy_for(address)
    return proxy


class _Way(httpx.AsyncBaseTransport):
    """Sends each request by the way that this computer has for its host, directly or through a proxy.

    (httpx looks for proxies itself only if it may also choose everything else about the connection.)
    """

    def __init__(self) -> None:
        self._by_proxy: dict[str, httpx.AsyncHTTPTransport] = {}
        self._last: tuple[str, httpx.AsyncHTTPTransport] | None = None
        """What the last response was stored over, and its proxy. One at a time: an agent has one call, then one wait."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        origin = origin_of(address)
        proxy = _WAYS.get(origin)
        if proxy is None:
            proxy = await in_thread(lambda: _way_to(address), f"proxy for {origin.host}")
        transport = await self._transport(proxy, request.extensions["line"])
        return await transport.handle_async_request(request)

    async def _transport(self, proxy: str, line: _Line) -> httpx.AsyncHTTPTransport:
        last = self._last
        if line.takes_over and last is not None and last[0] == proxy:
            return last[1]
        if line.is_left:
            made = httpx.AsyncHTTPTransport(**_transport_options(proxy, kept=1))
            self._last = (proxy, made)
            if last is not None:
                await last[1].aclose()
            return made
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = httpx.AsyncHTTPTransport(**_transport_options(proxy))
        return self._by_proxy[proxy]

    async def aclose(self) -> None:
        last = [self._last[1]] if self._last else []
        for transport in (*self._by_proxy.values(), *last):
            await transport.aclose()


def _transport_options(proxy: str, *, kept: int = 0) -> dict[str, Any]:
    context = network.tls_context()
    return {
        "verify": context,
        "trust_env": False,
        "http2": False,
        "limits": httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=_LEFT_OPEN),
        "proxy": httpx.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None) if proxy else None,
    }


_HEADERS = {"User-Agent": f"{APP_NAME}/{__version__}", "Accept-Encoding": "identity"}


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=_Way(), headers=_HEADERS, trust_env=False, follow_redirects=False)


def _probe(stream: Any) -> None:
    """Keep-alive for a connection just made. httpcore 1.0.9 forgets a transport's `socket_options` behind a proxy; so, here."""
    connection: socket.socket | None = stream.get_extra_info("socket")
    if connection is not None:
        network.keep_alive(connection)


def _tell(on_asked: Callable[[], None]) -> None:
    """What goes wrong with whoever is told must not cut the line of an agent who waits."""
    try:
        on_asked()
    except Exception:
        log.exception("telling that the question has left went wrong")


async def _closed(response: httpx.Response) -> None:
    try:
        await response.aclose()
    except _WIRE_TROUBLE as trouble:
        log.debug("a connection was closed with trouble: %s", type(trouble).__name__)


async def _received(response: httpx.Response, secret: str) -> reply.Answer:
    status = response.status_code
    if 300 <= status < 400:
        # Following it would send the key to whomever it names.
        target = reply.told(response.headers.get("location", "nowhere").partition("?")[0], secret, 120)
        raise AnswerNotUnderstood(f"HTTP {status}: redirect refused, to {target}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerNotUnderstood(f"HTTP {status} with a compressed answer, which was not asked for")
    content = bytearray()
    try:
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > LARGEST_ANSWER:
                await response.aclose()  # the next read fails, which ends httpx's generators in good order
    except httpx.HTTPError:
        if len(content) <= LARGEST_ANSWER:
            raise
    if len(content) > LARGEST_ANSWER:
        raise AnswerNotUnderstood(f"HTTP {status} with an answer of more than {LARGEST_ANSWER:,} bytes")
    return reply.Answer(status, bytes(content), response.charset_encoding or "")


# --------------------------------------------------------------------------------------------------------------- descriptions


def _contract(url: str, kept_in: Path | None) -> Contract:
    """The contract at `url`, from what is kept if that is any good. Blocks."""
    network.tls_context()  # slow to make; better on this thread than at the first call
    if kept_in is None:
        return load(url, _fetch)
    kept = KeptDocuments(kept_in, url)
    documents = kept.read()
    if documents:
        try:
            contract = load(url, lambda address: _kept(documents, address))
        except ContractError as failure:
            log.info("the kept description of the service is not used: %s", failure)
        else:
            threading.Thread(
                target=_refresh, args=(url, kept), name=f"contract of {url}, for the next start", daemon=True
            ).start()
            return contract
    return _fetched(url, kept)


def _kept(documents: Mapping[str, bytes], address: str) -> bytes:
    if address not in documents:
        raise ContractError("A document is missing in what is kept.")
    return documents[address]


def _fetched(url: str, kept: KeptDocuments) -> Contract:
    """The contract from the network; what it was made of is kept for the next start."""
    documents: dict[str, bytes] = {}

    def fetch(address: str) -> bytes:
        documents[address] = _fetch(address)
        return documents[address]

    contract = load(url, fetch)
    try:
        kept.write(documents)
    except OSError as failure:
        log.info("the description of the service cannot be kept: %s", type(failure).__name__)
    return contract


def _refresh(url: str, kept: KeptDocuments) -> None:
    try:
        _fetched(url, kept)
    except CallCenterError as failure:
        log.info("the description of the service was not fetched anew: %s", failure)


def _fetch(address: str) -> bytes:
    """One document of a description. Blocks. It is only read, so what goes wrong on the way can be tried again: NotReached."""
    failure: CallCenterError
    try:
        transport = httpx.HTTPTransport(**_transport_options(_way_to(address)))
        with (
            httpx.Client(transport=transport, timeout=SHORT_CALL, headers=_HEADERS, trust_env=False) as client,
            client.stream("GET", address) as response,
        ):
            content = bytearray()
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    break
        return _document(response, bytes(content), address)
    except CallCenterError as raised:
        failure = raised
    except _WIRE_TROUBLE as trouble:
        failure = _not_reached(trouble, address)
        _WAYS.pop(origin_of(address), None)
    failure.__context__ = None
    raise failure


def _document(response: httpx.Response, content: bytes, address: str) -> bytes:
    status = response.status_code
    host = origin_of(address).host
    if 300 <= status < 400:
        target = reply.told(response.headers.get("location", "nowhere"), longest=120)
        raise ContractError(f"{host} says that the description has moved to {target}.")
    if status >= 500:
        raise NotReached(
            f"{host} answered with HTTP {status} and {reply.in_words(content)}.", title="The call center is out of order"
        )
    if status != 200:
        raise ContractError(f"{host} answered with HTTP {status} and {reply.in_words(content)}.")
    if len(content) > LARGEST_ANSWER:
        raise ContractError(f"{host} answered with more than {LARGEST_ANSWER:,} bytes.")
    return content


# ------------------------------------------------------------------------------------------------------------------ failures


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why a request did not leave, told by an exception and, if there are any, its code (errno, or the certificate's)."""

    kind: type[BaseException]
    codes: frozenset[int]
    title: str
    advice: str


_NETWORK = "Nothing was sent. Check the network, then try again."
_ADDRESS = "Nothing was sent. Check the network and the service address in the settings, then try again."
_SUPPORT = "Nothing was sent. Show this to your IT support."
_NO_ROUTE = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, 1231, 1232, 10050, 10051, 10065}
)
_WRONG_NAME = frozenset({62, 64, -67602, -2146762481, 0x800B010F})  # OpenSSL; macOS; Windows, signed and unsigned
_OUT_OF_DATE = frozenset({9, 10, -67818, -2146762495, 0x800B0101})

_CAUSES = (
    _Cause(httpx.ProxyError, frozenset(), "The proxy of your network refused", _SUPPORT),
    _Cause(ImportError, frozenset(), "NextCall cannot use the proxy of your network", _SUPPORT),
    _Cause(socket.gaierror, frozenset(), "The call center's name was not found", _ADDRESS),
    _Cause(UnicodeError, frozenset(), "The call center's name was not found", _ADDRESS),
    _Cause(ssl.SSLCertVerificationError, _WRONG_NAME, "The call center's certificate is of another name", _SUPPORT),
    _Cause(
        ssl.SSLCertVerificationError,
        _OUT_OF_DATE,
        "The call center's certificate is out of date",
        "Nothing was sent. If date and time of this computer are right, show this to your IT support.",
    ),
    _Cause(ssl.SSLCertVerificationError, frozenset(), "The call center's certificate is not trusted", _SUPPORT),
    _Cause(ssl.SSLError, frozenset(), "No secure connection to the call center", _SUPPORT),
    _Cause(ConnectionRefusedError, frozenset(), "The call center takes no connections", _ADDRESS),
    _Cause(OSError, _NO_ROUTE, "This computer has no way to the call center", _NETWORK),
    _Cause(TimeoutError, frozenset(), "The call center did not pick up in time", _ADDRESS),
    _Cause(httpx.TimeoutException, frozenset(), "The call center did not pick up in time", _ADDRESS),
)
"""The first that fits is told to the agent."""


def _not_reached(trouble: BaseException, address: str, secret: str = "") -> NotReached:
    """`trouble` before the first byte left, in words. Only the system's own words about the network are passed on."""
    origin = origin_of(address)
    proxy = _WAYS.get(origin, "")
    way = f"{origin.host}:{origin.port}" + (f" through the proxy {httpx.URL(proxy).host}" if proxy else "")
    for cause in _CAUSES:
        for one in _behind(trouble):
            if isinstance(one, cause.kind) and (not cause.codes or _codes(one) & cause.codes):
                words = reply.told(str(one), secret, 200)
                return NotReached(f"{way} ({words})" if words else way, title=cause.title, advice=cause.advice)
    return NotReached(f"{way} ({type(trouble).__name__})")


def _behind(trouble: BaseException) -> Iterator[BaseException]:
    """`trouble` and whatever it came from, in groups as well."""
    waiting, seen = [trouble], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [other for other in (one.__cause__, one.__context__) if other is not None]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else []


def _codes(trouble: BaseException) -> set[int]:
    codes = (getattr(trouble, name, None) for name in ("verify_code", "errno", "winerror"))
    return {code for code in codes if isinstance(code, int)}


def _outcome_unknown(trouble: BaseException) -> OutcomeUnknown:
    """`trouble` after the first byte left. None of its own words: they may quote what the other side sent."""
    if isinstance(trouble, httpx.TimeoutException):
        return OutcomeUnknown("It took the request, but did not answer in time.")
    if isinstance(trouble, httpx.RemoteProtocolError):
        words = str(trouble)
        if words.startswith("Server disconnected"):
            return OutcomeUnknown("It took the request, but closed the connection without an answer.")
        if words.startswith("peer closed"):
            return OutcomeUnknown("Its answer was cut off.")
        return AnswerNotUnderstood("What answered does not speak HTTP.")
    if not isinstance(trouble, (httpx.HTTPError, OSError)):
        log.warning("the wire failed in an unforeseen way: %s", type(trouble).__name__)
    return OutcomeUnknown("The connection broke before the answer was there.")
