"""A hosted call center in a test's own memory. It behaves like one, and on top does what a test wants: fail, or take its time.

It is no mock: nobody asks it what it was called with except through what a real center would have noted down.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.callcenter.model import Account, Call, CallResponse, Described, Field, Function, Wanted
from desktop.errors import (
    AlreadyStored,
    CallCenterError,
    CampaignNotRunning,
    NotLoggedIn,
    NotOffered,
    NotReached,
    OutcomeUnknown,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ACCOUNT = Account("sEcReT-key-of-the-account", 1001)
AGENT_ID = "4027"


class AnswerLost(OutcomeUnknown):
    """The center did it, and its answer got lost."""


@dataclass(frozen=True)
class Noted:
    """A request that reached the center, and what it was about."""

    function: Function
    about: Any = None


@dataclass(frozen=True)
class Stored:
    """A response as it is stored."""

    response: CallResponse
    last: bool


class SimulatedCallCenter:
    """Phones, a queue and a ledger of one campaign. Its agent's id is always AGENT_ID; `connect` puts somebody on the line."""

    def __init__(self, offers: Iterable[Function] = Function) -> None:
        self._offered = frozenset(offers)
        self._scripts: dict[Function, deque[CallCenterError | asyncio.Event]] = defaultdict(deque)
        self._line: asyncio.Queue[Call | CallCenterError] = asyncio.Queue()
        self._call: Call | None = None
        self.opening: deque[CallCenterError] = deque()
        self.is_open = False
        self.closed = False
        self.logged_in = False
        self.running = True
        """Whether the campaign runs; while it does not, whoever waits for a call is told so."""
        self.waiting = False
        """Whether somebody waits for a call now."""
        self.noted: list[Noted] = []
        self.given_up: list[Function] = []
        self.ledger: list[Stored] = []
        self.stores_once = False
        """Whether a second response to a call is refused."""
        self.arrived: Callable[[Function], None] = lambda _function: None
        """Told of each request when its first byte is there."""

    # What a test wants of it

    def will(self, function: Function, *outcomes: CallCenterError | asyncio.Event) -> None:
        """What the next requests of `function` meet, one each: a failure, or an event without which there is no answer."""
        self._scripts[function].extend(outcomes)

    def connect(self, call: Call) -> None:
        """Put somebody on the agent's line."""
        self._line.put_nowait(call)

    def interrupt(self, failure: CallCenterError) -> None:
        """End the present wait for a call with `failure`."""
        self._line.put_nowait(failure)

    def kick(self) -> None:
        """Have a supervisor hang up the agent's phone."""
        self.logged_in = False
        if self.waiting:
            self.interrupt(NotLoggedIn("a supervisor hung up the phone"))

    def stop(self) -> None:
        """Have a team lead stop the campaign: connected calls go on, agents stay in the queue."""
        self.running = False
        if self.waiting:
            self.interrupt(self._not_running())

    @staticmethod
    def _not_running() -> CampaignNotRunning:
        return CampaignNotRunning(f"Campaign {ACCOUNT.campaign_id} is not running.")

    def asked(self, function: Function) -> int:
        """How often `function` was asked for."""
        return sum(noted.function is function for noted in self.noted)

    # HostedCallCenter

    async def open(self) -> None:
        """Learn the contract."""
        if self.opening:
            raise self.opening.popleft()
        self.is_open = True

    def offers(self, function: Function) -> bool:
        """Whether it has this function."""
        return self.is_open and function in self._offered

    async def send_agent_call_back(self, account: Account, phone_number: str) -> None:
        """Ring the phone."""
        await self._answer(Function.SEND_AGENT_CALL_BACK, phone_number)

    async def login_agent(self, account: Account, agent_id: str) -> None:
        """Log the agent in."""
        await self._answer(Function.LOGIN_AGENT, agent_id)
        if agent_id != AGENT_ID:
            raise Refused(f"there is no agent {agent_id}")
        self.logged_in = True

    async def get_connection_for_agent(
        self, account: Account, agent_id: str, *, on_asked: Callable[[], None] = lambda: None
    ) -> Call:
        """Wait for a call."""
        await self._answer(Function.GET_CONNECTION_FOR_AGENT, agent_id, on_asked)
        if not self.logged_in:
            raise NotLoggedIn("the agent has not logged in")
        if self._call is None:
            if not self.running:
                raise self._not_running()
            self.waiting = True
            try:
                got = await self._line.get()
            except asyncio.CancelledError:
                self.given_up.append(Function.GET_CONNECTION_FOR_AGENT)
                raise
            finally:
                self.waiting = False
            if isinstance(got, CallCenterError):
                raise got
            self._call = got
        return self._call

    async def store_agent_response(self, account: Account, agent_id: str, response: CallResponse, *, last: bool = False) -> None:
        """Store, and queue the agent unless it was the last call."""
        lost = await self._answer(Function.STORE_AGENT_RESPONSE, response)
        if not self.logged_in and not last:
            raise NotLoggedIn("the agent's phone is gone")
        if self.stores_once and any(stored.response.call_id == response.call_id for stored in self.ledger):
            raise AlreadyStored("this call has a response already")
        self.ledger.append(Stored(response, last))
        if self._call is not None and self._call.id == response.call_id:
            self._call = None
        self.logged_in = self.logged_in and not last
        if lost:
            raise lost

    async def kick_agent(self, account: Account, agent_id: str) -> None:
        """Hang up the agent's phone."""
        await self._answer(Function.KICK_AGENT, agent_id)
        self.kick()

    async def start_campaign(self, account: Account) -> None:
        """Start the campaign."""
        await self._answer(Function.START_CAMPAIGN)
        self.running = True

    async def stop_campaign(self, account: Account) -> None:
        """Stop the campaign."""
        await self._answer(Function.STOP_CAMPAIGN)
        self.stop()

    def described(self) -> tuple[Described, ...]:
        """It has the documented functions only."""
        return ()

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        """It has the documented functions only."""
        raise NotOffered(f"The service does not offer {described.name}.")

    async def close(self) -> None:
        """Drop every connection."""
        self.closed = True

    async def _answer(
        self, function: Function, about: Any = None, on_asked: Callable[[], None] = lambda: None
    ) -> AnswerLost | None:
        """Take a request in; gives the failure with which its answer gets lost, if it does."""
        self.noted.append(Noted(function, about))
        script = self._scripts[function]
        outcome = script.popleft() if script else None
        if isinstance(outcome, NotReached):
            await asyncio.sleep(0)
            raise outcome
        self.arrived(function)
        on_asked()
        if isinstance(outcome, asyncio.Event):
            try:
                await outcome.wait()
            except asyncio.CancelledError:
                self.given_up.append(function)
                raise
        await asyncio.sleep(0)  # nothing over a wire is at once
        if isinstance(outcome, AnswerLost):
            return outcome
        if isinstance(outcome, CallCenterError):
            raise outcome
        return None


_ids = itertools.count(1)


def a_call(name: str = "Zoë Łuczak", number: str = "+12025550143", *more: Field) -> Call:
    """A call with an id of its own."""
    id_ = f"c{next(_ids)}"
    return Call(id_, (Field("id", id_), Field("phonenumber", number), Field("name", name), *more))


class LoadedDice(random.Random):
    """Always throws the highest, and knows between what it was to choose."""

    def __init__(self) -> None:
        super().__init__(0)
        self.thrown: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.thrown.append((a, b))
        return b


class FastClock:
    """Makes a plain asyncio loop believe that time has gone by."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._gone = 0.0
        real = loop.time
        loop.time = lambda: real() + self._gone  # type: ignore[method-assign]

    def go_on(self, seconds: float) -> None:
        """Let that many seconds go by at once."""
        self._gone += seconds


async def until(condition: Callable[[], Any]) -> Any:
    """What `condition` gives, as soon as it is true; a test that waits in vain is ended by its own limit."""
    while not (given := condition()):
        await asyncio.sleep(0.002)
    return given
