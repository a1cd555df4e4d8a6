"""The practice center behind the hosted service's SOAP contract, on 127.0.0.1 and nowhere else.

`practice_app` is the contract over HTTP; `PracticeService` runs it on a thread of the app; `serve` runs it for the command line.
Beside SOAP there is a little JSON for people and tests: the phones, the campaigns, the ledger and the mischief. It must not
share code with our client beyond the model (it is the other side), and must not decide how a call goes (center.py) or what goes
wrong (mischief.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import random
import re
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import FrameType
from typing import Any, TypeVar

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from desktop.callcenter.model import CallResponse, Field, Function
from desktop.errors import NextCallError
from desktop.practice import envelope
from desktop.practice.center import CenterClosed, Clock, PhoneView, PracticeCenter, Refusal
from desktop.practice.envelope import BadRequest, Blame, Version
from desktop.practice.mischief import Fault, Mischief
from desktop.practice.scenario import Scenario, complaint
from desktop.practice.wire import UNHEARD, Connection, troubled, while_connected
from desktop.resources import RESOURCES

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
LARGEST_REQUEST = 16 * 1024 * 1024
"""Bytes. 1 MB of notes can take several when it is escaped; more than this nobody types."""

_SECONDS_TO_FINISH = 0.5
"""How long open requests may go on when the service stops. Blocked calls are ended at once, so this is for slow uploads."""

_WRONG_NAME = RESOURCES / "practice" / "wrong-name.pem"
"""A certificate of `practice.invalid` with its key, both worthless: everybody has them, and nobody should trust them."""

_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_TYPED_BY_AGENTS = {"agentResponse", "agentNotes"}

T = TypeVar("T")


# The functions. The fields of each are its parameters, with the names and types of the WSDL.


class _Function(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    key: str
    campaign_id: int

    async def carry_out(self, center: PracticeCenter) -> tuple[Field, ...] | None:
        """What is inside the answer's <return>; None if the function returns nothing."""
        raise NotImplementedError


class _SendAgentCallBack(_Function):
    phonenumber: str

    async def carry_out(self, center: PracticeCenter) -> None:
        center.send_agent_call_back(self.key, self.campaign_id, self.phonenumber)


class _LoginAgent(_Function):
    agent_id: str

    async def carry_out(self, center: PracticeCenter) -> None:
        center.login_agent(self.key, self.campaign_id, self.agent_id)


class _GetConnectionForAgent(_Function):
    agent_id: str

    async def carry_out(self, center: PracticeCenter) -> tuple[Field, ...]:
        return (await center.get_connection_for_agent(self.key, self.campaign_id, self.agent_id)).fields


class _StoreAgentResponse(_Function):
    agent_id: str
    call_id: str
    agent_response: str
    agent_notes: str = ""
    lastcall: bool = False

    async def carry_out(self, center: PracticeCenter) -> None:
        center.store_agent_response(
            self.key,
            self.campaign_id,
            self.agent_id,
            CallResponse(self.call_id, self.agent_response, self.agent_notes),
            lastcall=self.lastcall,
        )


class _KickAgent(_Function):
    agent_id: str

    async def carry_out(self, center: PracticeCenter) -> None:
        center.kick_agent(self.key, self.campaign_id, self.agent_id)


class _GetAgentStats(_Function):
    agent_id: str

    async def carry_out(self, center: PracticeCenter) -> tuple[Field, ...]:
        return center.get_agent_stats(self.key, self.campaign_id, self.agent_id)


class _UpdateRatio(_Function):
    ratio: Decimal

    async def carry_out(self, center: PracticeCenter) -> None:
        center.update_ratio(self.key, self.campaign_id, self.ratio)


class _StartCampaign(_Function):
    async def carry_out(self, center: PracticeCenter) -> None:
        center.start_campaign(self.key, self.campaign_id)


class _StopCampaign(_Function):
    async def carry_out(self, center: PracticeCenter) -> None:
        center.stop_campaign(self.key, self.campaign_id)


@dataclass(frozen=True, slots=True)
class _Service:
    """One of the two services: where it is, its WSDL, and its functions."""

    name: str
    functions: dict[str, type[_Function]]

    @property
    def path(self) -> str:
        return f"/service/{self.name}"

    @property
    def namespace(self) -> str:
        return f"http://practice.nextcall.example/{self.name}"


_PREDICTIVE = _Service(
    "PredictiveService",
    {
        Function.SEND_AGENT_CALL_BACK: _SendAgentCallBack,
        Function.LOGIN_AGENT: _LoginAgent,
        Function.GET_CONNECTION_FOR_AGENT: _GetConnectionForAgent,
        Function.STORE_AGENT_RESPONSE: _StoreAgentResponse,
        Function.KICK_AGENT: _KickAgent,
        "getAgentStats": _GetAgentStats,
        "updateRatio": _UpdateRatio,
    },
)
_BROADCAST = _Service(
    "VoiceBroadcastService",
    {
        Function.START_CAMPAIGN: _StartCampaign,
        Function.STOP_CAMPAIGN: _StopCampaign,
    },
)


# The contract over HTTP


def practice_app(center: PracticeCenter, mischief: Mischief) -> Starlette:
    """The two SOAP services and the JSON of one center, as an ASGI application. Whoever runs it closes the center.

    It must run on uvicorn with wire.Connection: mischief needs that.
    """
    return Starlette(
        routes=[
            *_soap_routes(center, mischief, _PREDICTIVE),
            *_soap_routes(center, mischief, _BROADCAST),
            *_json_routes(center),
            _mischief_route(mischief),
        ]
    )


def _soap_routes(center: PracticeCenter, mischief: Mischief, service: _Service) -> list[Route]:
    wsdl = (RESOURCES / "wsdl" / f"{service.name}.wsdl").read_text(encoding="utf-8")

    async def describe(request: Request) -> Response:
        if "wsdl" not in {name.lower() for name in request.query_params}:
            raise HTTPException(404, "Functions are called by POST. Add ?wsdl to see which ones there are.")
        return Response(wsdl.replace("{address}", f"{_origin(request)}{service.path}"), media_type="text/xml")

    async def call(request: Request) -> Response:
        expected = Version.SOAP_12 if Version.SOAP_12.media_type in _content_type(request) else Version.SOAP_11
        try:
            asked = envelope.read_request(await _body(request, expected), service.namespace, expected)
        except BadRequest as bad:
            return _fault(bad.version, bad.blame, str(bad))
        except ClientDisconnect:
            return UNHEARD
        return await _carried_out(request, center, service, asked)

    return [
        Route(service.path, describe, methods=["GET"]),
        Route(service.path, troubled(mischief, service.namespace, call), methods=["POST"]),
    ]


async def _carried_out(request: Request, center: PracticeCenter, service: _Service, asked: envelope.Request) -> Response:
    try:
        returned = await while_connected(request, _function(service, asked).carry_out(center))
    except (BadRequest, Refusal) as refusal:
        return _fault(asked.version, Blame.CALLER, str(refusal))
    except ClientDisconnect:
        return UNHEARD
    except CenterClosed:
        # No Fault: that would say that the center refused, and it is only not there any more.
        return PlainTextResponse("The practice service is closing.", 503, headers={"Connection": "close"})
    except Exception:
        logger.exception("%s failed", asked.function)
        return _fault(asked.version, Blame.SERVICE, "The practice service failed. Its log says how.")
    answer = envelope.write_answer(asked.version, service.namespace, asked.function, returned)
    return Response(answer, media_type=asked.version.media_type)


def _function(service: _Service, asked: envelope.Request) -> _Function:
    kind = service.functions.get(asked.function)
    if kind is None:
        raise BadRequest(f"There is no such function in {service.name}.")
    given = {name: text if name in _TYPED_BY_AGENTS else text.strip() for name, text in asked.parameters.items()}
    try:
        return msgspec.convert(given, kind, strict=False)  # not strict: "7" is a number and "true" is true
    except msgspec.ValidationError as error:
        raise BadRequest(f"{asked.function}: {complaint(error)}") from error


async def _body(request: Request, version: Version) -> bytes:
    """The request's body. One that is too large is read to its end but not kept: who still sends cannot hear an answer."""
    body = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST_REQUEST:
            body += chunk
    if size > LARGEST_REQUEST:
        raise BadRequest(f"A request must not be larger than {LARGEST_REQUEST} bytes.", version=version)
    return bytes(body)


def _fault(version: Version, blame: Blame, sentence: str) -> Response:
    return Response(envelope.write_fault(version, blame, sentence), 500, media_type=version.media_type)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").lower()


def _origin(request: Request) -> str:
    """The address under which this computer was reached. A Host from elsewhere is not believed: it would end up in the WSDL."""
    host = request.headers.get("host", "")
    if not _LOOPBACK_HOST.fullmatch(host):
        host = "{}:{}".format(*request.scope["server"])
    return f"{request.url.scheme}://{host}"


def _json_routes(center: PracticeCenter) -> list[Route]:
    def phone(request: Request) -> Response:
        return _json(_phone_as_json(center.phone(request.path_params["number"])))

    def hang_up(request: Request) -> Response:
        center.hang_up(request.path_params["number"])
        return phone(request)

    def ledger(_request: Request) -> Response:
        return _json(center.ledger())

    def campaigns(_request: Request) -> Response:
        return _json(center.campaigns())

    def on_the_loop(answer: Callable[[Request], Response]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                return answer(request)
            except Refusal as refusal:
                return _json({"error": str(refusal)}, 400)

        return endpoint

    return [
        Route("/practice/phones/{number}", on_the_loop(phone), methods=["GET"]),
        Route("/practice/phones/{number}/hangup", on_the_loop(hang_up), methods=["POST"]),
        Route("/practice/campaigns", on_the_loop(campaigns), methods=["GET"]),
        Route("/practice/ledger", on_the_loop(ledger), methods=["GET"]),
    ]


def _mischief_route(mischief: Mischief) -> Route:
    async def endpoint(request: Request) -> Response:
        if request.method == "POST":
            try:
                mischief.plan(msgspec.json.decode(await request.body(), type=list[Fault]))
            except msgspec.DecodeError as error:
                return _json({"error": complaint(error)}, 400)
            except UnicodeDecodeError:
                return _json({"error": "This is not written in UTF-8."}, 400)
            except ClientDisconnect:
                return UNHEARD
        elif request.method == "DELETE":
            mischief.clear()
        return _json(mischief.view())

    return Route("/practice/mischief", endpoint, methods=["GET", "POST", "DELETE"])


def _phone_as_json(view: PhoneView) -> dict[str, object]:
    return {
        "number": view.number,
        "state": view.state,
        "agentId": view.agent_id,
        "heard": view.heard,
        "since": view.since.isoformat(),
    }


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


# Running it


class _Listener(uvicorn.Server):
    """uvicorn, taught three things: to say when it listens, to end blocked calls first, and to leave a signal at that.

    And, for mischief, to close its port for a while and to have a second one with a bad certificate.
    """

    def __init__(self, center: PracticeCenter, mischief: Mischief, on_listening: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                practice_app(center, mischief),
                loop="asyncio",
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,  # a windowed program has no stdout to log to
                access_log=False,
                timeout_graceful_shutdown=2,  # the last resort: without it, uvicorn may wait for ever
            )
        )
        self._center = center
        self._mischief = mischief
        self._on_listening = on_listening
        self._port = 0
        self._reopening: asyncio.Task[None] | None = None
        self._wrong_name: asyncio.Task[None] | None = None
        self.wrong_name_url = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._port = self.servers[0].sockets[0].getsockname()[1]
        self._mischief.premises = self
        self.offer_wrong_name(wanted=self._mischief.wants_wrong_name)
        self._on_listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._mischief.premises = None
        self.offer_wrong_name(wanted=False)
        if self._reopening:
            self._reopening.cancel()
        await self._center.close()
        grace = asyncio.get_running_loop().call_later(_SECONDS_TO_FINISH, self._abandon)
        await super().shutdown(sockets)
        grace.cancel()

    def _abandon(self) -> None:
        """Drop every connection; to its handler that is a client who left, so it ends in silence."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    # What mischief wants of it (mischief.Premises)

    def kick(self, campaign_id: str, agent_id: str) -> None:
        with contextlib.suppress(Refusal, CenterClosed, ValueError):  # the center says itself what it thinks of the request
            self._center.kick_agent(self._center.scenario.key, int(campaign_id), agent_id)

    def shut_the_door(self, seconds: float) -> None:
        for server in self.servers:
            server.close()
        self.servers.clear()
        if self._reopening:
            self._reopening.cancel()
        self._reopening = asyncio.create_task(self._reopen(seconds), name="the port opens again")

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while True:
            try:
                bound = _bind(self._port)
                break
            except NextCallError:  # somebody else has it: for a connection, if we are lucky
                await asyncio.sleep(0.1)
        self.servers.append(await self._server(bound))

    def offer_wrong_name(self, *, wanted: bool) -> None:
        if not wanted and self._wrong_name:
            self._wrong_name.cancel()
            self._wrong_name, self.wrong_name_url = None, ""
        elif wanted and not self._wrong_name:
            bound = _bind(0)
            bound.listen()  # from here on clients may come, even if they have to wait a moment
            self.wrong_name_url = _wsdl_url(_PREDICTIVE, bound.getsockname()[1], "https")
            self._wrong_name = asyncio.create_task(self._serve_wrong_name(bound), name="a port with the wrong name")
            self._wrong_name.add_done_callback(lambda _: bound.close())

    async def _serve_wrong_name(self, bound: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_WRONG_NAME)
        context.sni_callback = lambda *_: self._mischief.strike_wrong_name()  # called whether or not there is an SNI
        server = await self._server(bound, context)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            server.close()

    async def _server(self, bound: socket.socket, context: ssl.SSLContext | None = None) -> asyncio.Server:
        def connection() -> Connection:
            return Connection(self.config, self.server_state, {})

        loop = asyncio.get_running_loop()
        server = await loop.create_server(connection, sock=bound, ssl=context, start_serving=False)
        try:
            await server.start_serving()
        except asyncio.CancelledError:
            server.close()  # nobody else knows it yet
            raise
        return server

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave in order on Ctrl+C or SIGTERM. Unlike uvicorn's own, this does not raise the signal again: it was obeyed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def leave(_signal: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        before = {one: signal.signal(one, leave) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


class PracticeService:
    """A practice center on a thread of this program, for one start and one stop.

    Every method may be called from any thread.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        port: int = 0,
        clock: Clock | None = None,
        dice: random.Random | None = None,
        mischief_dice: random.Random | None = None,
    ) -> None:
        self._center = PracticeCenter(scenario, clock, dice)
        self._mischief = Mischief(scenario.mischief, mischief_dice)
        self._port = port
        self._listener: _Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def scenario(self) -> Scenario:
        return self._center.scenario

    @property
    def service_url(self) -> str:
        """The address of PredictiveService's WSDL. Known after `start()`."""
        return _wsdl_url(_PREDICTIVE, self._port)

    @property
    def broadcast_url(self) -> str:
        """The address of VoiceBroadcastService's WSDL. Known after `start()`."""
        return _wsdl_url(_BROADCAST, self._port)

    def start(self) -> None:
        """Listen; port 0 takes any free one. Raises NextCallError if the port cannot be had."""
        with self._lock:
            if self._thread:
                raise RuntimeError("a practice service starts once")
            bound = _bind(self._port)
            self._port = bound.getsockname()[1]
            listening = threading.Event()
            self._listener = _Listener(self._center, self._mischief, listening.set)
            self._thread = threading.Thread(target=self._run, args=(self._listener, bound, listening), name="practice service")
            self._thread.daemon = True
            self._thread.start()
            listening.wait()

    def stop(self) -> None:
        """End every call and the thread, in about two seconds at most. Calling it again, or before `start()`, does nothing.

        From a callback of `watch_phone`, which is on that very thread, it returns before the end.
        """
        if self._listener:
            self._listener.should_exit = True
        if self._thread and threading.current_thread() is not self._thread:
            with self._lock:
                self._thread.join()

    def watch_phone(self, number: str, callback: Callable[[PhoneView], None]) -> Callable[[], None]:
        """Call `callback` on the service's thread: once with the phone as it is, then with each change, until the function
        that this returns is called. Raises Refusal if `number` is no phone number."""

        def watch() -> Callable[[], None]:
            callback(self._center.phone(number))
            return self._center.watch_phone(number, callback)

        unwatch = self._on_the_thread(watch)
        return lambda: self._on_the_thread(unwatch)

    def hang_up(self, number: str) -> None:
        """The agent hangs up that phone. Raises Refusal if `number` is no phone number."""
        self._on_the_thread(lambda: self._center.hang_up(number))

    def ledger(self) -> list[dict[str, Any]]:
        """Every call and the responses to it, as in `GET /practice/ledger`; still there after `stop()`."""
        return self._on_the_thread(self._center.ledger)

    def plan_mischief(self, faults: Sequence[Fault]) -> None:
        """Plan these faults and no others. Before `start()`, they are planned for then."""
        self._on_the_thread(lambda: self._mischief.plan(faults))

    def mischief(self) -> dict[str, Any]:
        """What is left and what was done, as in `GET /practice/mischief`; still there after `stop()`."""
        return self._on_the_thread(self._mischief.view)

    def _run(self, listener: _Listener, bound: socket.socket, listening: threading.Event) -> None:
        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            await listener.serve([bound])

        try:
            asyncio.run(run())
        finally:
            listening.set()  # should it fail before it listens, start() must not wait for ever

    def _on_the_thread(self, work: Callable[[], T]) -> T:
        """The result of `work`, done on the service's thread, or here when that is this thread or is not running."""

        async def do() -> T:
            return work()

        if threading.current_thread() is self._thread:
            return work()
        with self._lock:  # stop() holds it until the thread has ended, so a running thread goes on running for this
            if self._loop and self._thread and self._thread.is_alive():
                return asyncio.run_coroutine_threadsafe(do(), self._loop).result()
        return work()


def serve(scenario: Scenario, port: int) -> None:
    """Run a practice service on the main thread until Ctrl+C or SIGTERM, for the command line.

    Prints `ready URL-of-the-WSDL` on a line of its own once it listens. Raises NextCallError if the port cannot be had.
    """
    bound = _bind(port)
    url = _wsdl_url(_PREDICTIVE, bound.getsockname()[1])

    def say_ready() -> None:
        if sys.stdout:  # there is none in a windowed program
            sys.stdout.write(f"ready {url}\n")
            sys.stdout.flush()

    asyncio.run(_Listener(PracticeCenter(scenario), Mischief(scenario.mischief), say_ready).serve([bound]))


def _wsdl_url(service: _Service, port: int, scheme: str = "http") -> str:
    return f"{scheme}://{HOST}:{port}{service.path}?wsdl"


def _bind(port: int) -> socket.socket:
    """A socket that has the port. Done before anything runs, so that a taken port is told to whoever asked for it."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # there, a port can be had twice without this
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart fails for a minute
        bound.bind((HOST, port))
    except (OSError, OverflowError) as error:
        bound.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = error.strerror if isinstance(error, OSError) else error
        raise NextCallError(
            f"Port {port} is in use by another program." if taken else f"Port {port} cannot be used: {why}.",
            title="The practice service cannot start",
            advice="Choose another port, or leave the port out to get any free one.",
        ) from error
    return bound
