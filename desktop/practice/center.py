"""A hosted call center that exists only in memory: campaigns, people to be called, agents' phones, the queue and a ledger.

It keeps to the document (hosted-call-center-api.txt) as an agent lives it: a phone rings, a voice says an agent id, hold music,
a beep, a person. Where the document is silent, the methods say what was decided here. It must not know HTTP, SOAP or files, and
it takes time and chance from outside, so that a test can hold both in its hand.

Everything happens in one asyncio event loop; nothing here is safe to call from another thread.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Literal, Protocol

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.practice.scenario import Person, Scenario, phone_digits

HOLD_MUSIC = "hold music"
BEEP = "beep"
FAREWELL = "Thank you. Please hang up."
"""What a phone hears beside words: a line of PhoneView.heard is one of these, or what somebody says."""

LEAST_RATIO, GREATEST_RATIO = Decimal(1), Decimal(10)
"""How many people are dialled for each agent who waits. PredictiveService.wsdl says the same."""

_LINES_REMEMBERED = 100
_AGENT_IDS = range(1000, 10_000)


class Refusal(Exception):
    """The center does not do what it was asked; the text is a sentence for whoever asked. It never contains the key."""


class CenterClosed(Exception):
    """The center is closing: whoever still waits, or asks, gets no answer any more."""


class Clock(Protocol):
    """Where the center takes its time from."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have gone by."""


class SystemClock:
    """The time of this computer."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


PhoneState = Literal["idle", "ringing", "connected"]


@dataclass(frozen=True, slots=True)
class PhoneView:
    """An agent's phone as it is at one moment. `heard` are the lines of the present connection, the newest last."""

    number: str
    state: PhoneState
    agent_id: str | None
    heard: tuple[str, ...]
    since: datetime
    """When the state or the newest line began, in UTC."""


@dataclass(eq=False, slots=True)
class _Phone:
    number: str
    since: datetime
    state: PhoneState = "idle"
    agent: _Agent | None = None
    heard: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_REMEMBERED))
    ringing: asyncio.Task[None] | None = None

    def view(self) -> PhoneView:
        return PhoneView(self.number, self.state, self.agent.id if self.agent else None, tuple(self.heard), self.since)


@dataclass(eq=False, slots=True)
class _Campaign:
    id: int
    name: str
    running: asyncio.Event
    ratio: Decimal = LEAST_RATIO


@dataclass(eq=False, slots=True)
class _Agent:
    """An agent id. It outlives its phone connection, because responses may still arrive for its calls."""

    id: str
    campaign: _Campaign
    phone: _Phone
    logged_in: bool = False
    logged_in_at: datetime | None = None
    """When the agent last logged in."""
    why_not: str = "the agent has not logged in"
    call: _LedgerEntry | None = None
    """The connected call, until its response is stored."""
    latest_call: _LedgerEntry | None = None
    """The newest call since the agent logged in, stored or not."""
    queueing: asyncio.Task[None] | None = None
    waiters: set[asyncio.Future[Call]] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class _LedgerEntry:
    call: Call
    agent: _Agent
    connected_at: datetime
    responses: list[dict[str, Any]] = field(default_factory=list)


class PracticeCenter:
    """The simulation. Its methods are the document's functions; each may raise Refusal, and CenterClosed after `close()`.

    Parameters have passed no check but that of their type.
    """

    def __init__(self, scenario: Scenario, clock: Clock | None = None, dice: random.Random | None = None) -> None:
        self.scenario = scenario
        self._clock = clock or SystemClock()
        self._dice = dice or random.Random()  # noqa: S311 (no secret)
        self._campaigns = {one.id: _Campaign(one.id, one.name, asyncio.Event()) for one in scenario.campaigns}
        for one in scenario.campaigns:
            if one.running:
                self._campaigns[one.id].running.set()
        self._people: Iterator[Person] = itertools.cycle(scenario.people)
        self._phones: dict[str, _Phone] = {}
        self._watchers: dict[str, list[Callable[[PhoneView], None]]] = {}
        self._agents: dict[str, _Agent] = {}
        self._ledger: dict[str, _LedgerEntry] = {}
        # Journals outlive practices, so no two practices may give the same id to different calls.
        self._call_ids = (f"{int(self._clock.now().timestamp())}{number:04d}" for number in itertools.count(1))
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # The functions of the document

    def send_agent_call_back(self, key: str, campaign_id: int, phone_number: str) -> None:
        """Ring the phone; when it is picked up, a voice says the agent id.

        Decided here: a phone that rings or is connected rings anew. Its shift, if any, ends, but it keeps its agent id as long
        as the campaign is the same, so that an id which was already heard stays good when the first answer got lost. After a
        hang-up the next ring brings a new id.
        """
        campaign = self._campaign(key, campaign_id)
        try:
            digits = phone_digits(phone_number)
        except ValueError as error:
            raise Refusal(f"{error}.") from error
        phone = self._phones.setdefault(digits, _Phone(phone_number, self._clock.now()))
        agent = phone.agent
        if agent:
            self._end_shift(agent, "the phone was called again")
        if agent is None or agent.campaign is not campaign:
            agent = self._new_agent(campaign, phone)
        if phone.ringing:
            phone.ringing.cancel()
        phone.number, phone.state, phone.agent = phone_number, "ringing", agent
        phone.heard.clear()
        phone.ringing = self._spawn(self._ring(phone, agent))
        self._tell(phone)

    def login_agent(self, key: str, campaign_id: int, agent_id: str) -> None:
        """Log the agent in, with hold music and in the queue.

        Decided here: logging in twice changes nothing (the first answer may have been lost). After a log-off, an agent who has
        not hung up may log in again with the same id.
        """
        agent = self._agent(key, campaign_id, agent_id)
        if agent.phone.agent is not agent or agent.phone.state != "connected":
            state = "still ringing" if agent.phone.agent is agent else "not connected"
            raise Refusal(f"Agent {agent.id} cannot log in: the phone is {state}.")
        if not agent.logged_in:
            agent.logged_in, agent.logged_in_at, agent.latest_call = True, self._clock.now(), None
            self._queue(agent)

    async def get_connection_for_agent(self, key: str, campaign_id: int, agent_id: str) -> Call:
        """Wait until a call is connected to the agent and return it; at once if one is, and the same again until it is stored.

        Several may wait for one agent, and all get the call. Raises Refusal as soon as the agent is not logged in or the campaign
        is not running. Decided here: the latter ends no shift. The agent stays in the queue, and may ask again until it runs.
        """
        agent = self._agent(key, campaign_id, agent_id)
        if not agent.logged_in:
            raise self._not_logged_in(agent)
        if agent.call:
            return agent.call.call
        if not agent.campaign.running.is_set():
            raise self._not_running(agent.campaign)
        waiter: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        agent.waiters.add(waiter)
        try:
            return await waiter
        finally:
            agent.waiters.discard(waiter)

    def store_agent_response(
        self,
        key: str,
        campaign_id: int,
        agent_id: str,
        response: CallResponse,
        *,
        lastcall: bool = False,
    ) -> None:
        """Record the response, end the call, and queue the agent at once, or log the agent off if `lastcall`.

        From an agent who is not logged in only `lastcall` is taken: anything else would ask for a person whom nobody hears.
        Decided here: a further response to a stored call is recorded and accepted (the first answer may have been lost). It
        never queues; with `lastcall` it still logs off an agent who waits in the queue after this very call.
        """
        agent = self._agent(key, campaign_id, agent_id)
        entry = self._ledger.get(response.call_id)
        if entry is None:
            raise Refusal("This call is unknown.")
        if entry.agent is not agent:
            raise Refusal(f"Call {entry.call.id} was not connected to agent {agent.id}.")
        if not agent.logged_in and not lastcall:
            raise self._not_logged_in(agent)
        entry.responses.append(
            {
                "received_at": self._clock.now().isoformat(),
                "agentId": agent.id,
                "agentResponse": response.disposition,
                "agentNotes": response.notes,
                "lastcall": lastcall,
            }
        )
        if entry is agent.call:
            agent.call = None
            if not lastcall:
                self._queue(agent)
        if lastcall and agent.logged_in and entry is agent.latest_call and agent.call is None:
            self._end_shift(agent, "the agent logged off")
            self._hear(agent.phone, FAREWELL)

    def kick_agent(self, key: str, campaign_id: int, agent_id: str) -> None:
        """Hang up the agent's phone, logged in or not. Refused if that phone is no longer on the line."""
        agent = self._agent(key, campaign_id, agent_id)
        if agent.phone.agent is not agent:
            raise self._not_logged_in(agent)
        self._disconnect(agent.phone, "a supervisor hung up the phone")

    def start_campaign(self, key: str, campaign_id: int) -> None:
        """Let people be called. Decided here: starting a running campaign is no failure (the first answer may have been lost)."""
        self._campaign(key, campaign_id).running.set()

    def stop_campaign(self, key: str, campaign_id: int) -> None:
        """Let nobody be called any more. Connected calls go on, agents stay in the queue, and who waits is told.

        Stopping twice is no failure.
        """
        campaign = self._campaign(key, campaign_id)
        campaign.running.clear()
        for agent in self._agents.values():
            if agent.campaign is campaign:
                self._answer(agent, self._not_running(campaign))

    # Functions that the document does not name, as a service adds them later

    def get_agent_stats(self, key: str, campaign_id: int, agent_id: str) -> tuple[Field, ...]:
        """What the agent does and has done since the id was given out: the AgentStats of PredictiveService.wsdl."""
        agent = self._agent(key, campaign_id, agent_id)
        calls = [entry for entry in self._ledger.values() if entry.agent is agent]
        dispositions = Counter(response["agentResponse"] for entry in calls for response in entry.responses[-1:])
        elements: dict[str, object] = {
            "agentId": agent.id,
            "campaignId": agent.campaign.id,
            "state": _state(agent),
            "loggedInSince": agent.logged_in_at if agent.logged_in else None,
            "callsConnected": len(calls),
            "responsesStored": sum(len(entry.responses) for entry in calls),
            "currentCall": agent.call.call.id if agent.call else None,
            "campaignRunning": agent.campaign.running.is_set(),
            "ratio": agent.campaign.ratio,
        }
        known = tuple(Field(name, _text(value)) for name, value in elements.items() if value is not None)
        return (*known, *(Field("disposition", str(times), (("name", name),)) for name, times in dispositions.items()))

    def update_ratio(self, key: str, campaign_id: int, ratio: Decimal) -> None:
        """Dial that many people for each agent who waits. From then on whoever is queued waits as many times shorter."""
        campaign = self._campaign(key, campaign_id)
        if not (ratio.is_finite() and LEAST_RATIO <= ratio <= GREATEST_RATIO):
            raise Refusal(f"The ratio must be from {LEAST_RATIO} to {GREATEST_RATIO}.")
        campaign.ratio = ratio

    # The agent's side of the phone, and what people look at

    def hang_up(self, number: str) -> None:
        """The agent hangs up, or does not take the ringing phone. Raises Refusal if `number` is no phone number."""
        phone = self._phones.get(self._digits(number))
        if phone:
            self._disconnect(phone, "the phone was hung up")

    def phone(self, number: str) -> PhoneView:
        """The phone of that number; one that was never called is idle. Raises Refusal if `number` is no phone number."""
        phone = self._phones.get(self._digits(number))
        return phone.view() if phone else PhoneView(number, "idle", None, (), self._clock.now())

    def watch_phone(self, number: str, callback: Callable[[PhoneView], None]) -> Callable[[], None]:
        """Call `callback` with each change of the phone, soon after it, until the function is called that this returns."""
        watchers = self._watchers.setdefault(self._digits(number), [])

        def watcher(view: PhoneView) -> None:
            if watcher in watchers:  # not if unwatched since the change
                callback(view)

        def unwatch() -> None:
            if watcher in watchers:
                watchers.remove(watcher)

        watchers.append(watcher)
        return unwatch

    def ledger(self) -> list[dict[str, Any]]:
        """Every call in the order of connection, each with every response that was accepted for it; times are ISO 8601 in UTC."""
        return [
            {
                "id": entry.call.id,
                "agent": entry.agent.id,
                "campaignId": entry.agent.campaign.id,
                "phonenumber": entry.call.first("phonenumber"),
                "connected_at": entry.connected_at.isoformat(),
                "responses": [dict(response) for response in entry.responses],
            }
            for entry in self._ledger.values()
        ]

    def campaigns(self) -> list[dict[str, Any]]:
        """Every campaign, in the scenario's order."""
        return [
            {
                "id": one.id,
                "name": one.name,
                "running": one.running.is_set(),
                "ratio": float(one.ratio),
                "agents": sorted(agent.id for agent in self._agents.values() if agent.campaign is one and agent.logged_in),
            }
            for one in self._campaigns.values()
        ]

    async def close(self) -> None:
        """End every ring, wait and blocked question (they raise CenterClosed). The ledger can still be read."""
        self._closed = True
        for agent in self._agents.values():
            self._answer(agent, CenterClosed())
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What happens by itself

    async def _ring(self, phone: _Phone, agent: _Agent) -> None:
        await self._clock.sleep(self.scenario.ring_seconds)
        phone.state, phone.ringing = "connected", None
        self._hear(phone, f"Your agent ID is {' '.join(agent.id)}.")

    async def _connect(self, agent: _Agent) -> None:
        if not self.scenario.people:
            return
        while True:
            await agent.campaign.running.wait()
            await self._clock.sleep(self._dice.uniform(*self.scenario.wait_seconds) / float(agent.campaign.ratio))
            if agent.campaign.running.is_set():
                break
        agent.queueing = None
        person = next(self._people)
        now = self._clock.now()
        call = call_type(next(self._call_ids), agent.campaign.id, agent.id, person, now)
        agent.call = agent.latest_call = self._ledger[call.id] = _LedgerEntry(call, agent, now)
        self._hear(agent.phone, BEEP, person.says)
        self._answer(agent, call)

    def _queue(self, agent: _Agent) -> None:
        self._hear(agent.phone, HOLD_MUSIC)
        agent.queueing = self._spawn(self._connect(agent))

    def _end_shift(self, agent: _Agent, reason: str) -> None:
        agent.logged_in, agent.why_not, agent.call = False, reason, None
        if agent.queueing:
            agent.queueing.cancel()
            agent.queueing = None
        self._answer(agent, self._not_logged_in(agent))

    def _disconnect(self, phone: _Phone, reason: str) -> None:
        if phone.agent is None:
            return
        if phone.ringing:
            phone.ringing.cancel()
            phone.ringing = None
        self._end_shift(phone.agent, reason)
        phone.state, phone.agent = "idle", None
        phone.heard.clear()
        self._tell(phone)

    @staticmethod
    def _answer(agent: _Agent, answer: Call | Exception) -> None:
        for waiter in agent.waiters:
            if waiter.done():  # its question was cancelled in this very turn of the loop
                continue
            if isinstance(answer, Call):
                waiter.set_result(answer)
            else:
                waiter.set_exception(answer)

    def _hear(self, phone: _Phone, *lines: str) -> None:
        phone.heard.extend(lines)
        self._tell(phone)

    def _tell(self, phone: _Phone) -> None:
        phone.since = self._clock.now()
        # Later, not now: a watcher that fails or asks back must not do so in the middle of a change.
        for watcher in self._watchers.get(phone_digits(phone.number), ()):
            asyncio.get_running_loop().call_soon(watcher, phone.view())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Who and what is meant

    def _campaign(self, key: str, campaign_id: int) -> _Campaign:
        if self._closed:
            raise CenterClosed
        if key != self.scenario.key:
            raise Refusal("The key is not valid.")
        if campaign_id not in self._campaigns:
            raise Refusal(f"Campaign {campaign_id} is unknown.")
        return self._campaigns[campaign_id]

    def _agent(self, key: str, campaign_id: int, agent_id: str) -> _Agent:
        campaign = self._campaign(key, campaign_id)
        agent = self._agents.get(agent_id)
        if agent is None:
            raise Refusal("This agent id is unknown.")
        if agent.campaign is not campaign:
            raise Refusal(f"Agent {agent.id} belongs to another campaign than {campaign.id}.")
        return agent

    def _new_agent(self, campaign: _Campaign, phone: _Phone) -> _Agent:
        if len(self._agents) == len(_AGENT_IDS):
            self._forget_an_agent()
        agent_id = str(self._dice.choice(_AGENT_IDS))
        while agent_id in self._agents:
            agent_id = str(self._dice.choice(_AGENT_IDS))
        agent = self._agents[agent_id] = _Agent(agent_id, campaign, phone)
        return agent

    def _forget_an_agent(self) -> None:
        """Make room for a new id by giving up the oldest one whose phone is gone."""
        for agent in self._agents.values():
            if agent.phone.agent is not agent:
                del self._agents[agent.id]
                return
        raise Refusal("All agent ids are in use.")

    @staticmethod
    def _digits(number: str) -> str:
        try:
            return phone_digits(number)
        except ValueError as error:
            raise Refusal(f"{error}.") from error

    @staticmethod
    def _not_running(campaign: _Campaign) -> Refusal:
        return Refusal(f"Campaign {campaign.id} is not running.")

    @staticmethod
    def _not_logged_in(agent: _Agent) -> Refusal:
        return Refusal(f"Agent {agent.id} is not logged in: {agent.why_not}.")


def _state(agent: _Agent) -> str:
    """The AgentState of PredictiveService.wsdl."""
    if agent.logged_in:
        return "connected" if agent.call else "waiting"
    if agent.phone.agent is not agent:
        return "off the phone"
    return "phone ringing" if agent.phone.state == "ringing" else "not logged in"


def call_type(call_id: str, campaign_id: int, agent_id: str, person: Person, now: datetime) -> Call:
    """The CallType of PredictiveService.wsdl, its elements in the order that the WSDL gives them."""
    elements: dict[str, object] = {
        "id": call_id,
        "campaignid": campaign_id,
        "phonenumber": person.phonenumber,
        "firstname": person.firstname,
        "lastname": person.lastname,
        "company": person.company,
        "city": person.city,
        "email": person.email,
        "language": person.language,
        "callstart": now,
        "agentid": agent_id,
    }
    known = tuple(Field(name, _text(value)) for name, value in elements.items() if value is not None)
    entries = tuple(Field("entry", _text(value), (("name", name),)) for name, value in person.extra_data.items())
    return Call(call_id, (*known, Field("extra_data", children=entries), *_fields(person.more)))


def _fields(table: dict[str, Any]) -> tuple[Field, ...]:
    return tuple(
        Field(name, children=_fields(one)) if isinstance(one, dict) else Field(name, _text(one))
        for name, value in table.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _text(value: object) -> str:
    """A value as XML Schema writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date | time) else str(value)
