"""A campaign that is not running, a key that is good for nothing any more: the agent waits on, politely, and knows why."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Call, CallResponse, Function
from desktop.errors import CampaignNotRunning, NotLoggedIn, NotReached, Refused
from desktop.shift import session as session_module
from desktop.shift.delivery import LONGEST_PAUSE
from desktop.shift.session import AgentSession, Health
from desktop.shift.states import State
from tests.callcenter import wire
from tests.simulation import ACCOUNT, AGENT_ID, FastClock, LoadedDice, SimulatedCallCenter, a_call, until

if TYPE_CHECKING:
    from desktop.shift.journal import Journal

WAIT = Function.GET_CONNECTION_FOR_AGENT
POLITE = (12.0, 18.0)
"""Between what the dice choose the seconds of a pause."""


class Waiting:
    """A session in the queue, and its wait."""

    def __init__(self, center: SimulatedCallCenter, journal: Journal) -> None:
        self.center = center
        self.dice = LoadedDice()
        self.session = AgentSession(center, ACCOUNT, journal, dice=self.dice)
        self.wait: asyncio.Task[Call]

    async def begin(self) -> None:
        await self.session.log_in(AGENT_ID)
        self.wait = asyncio.get_running_loop().create_task(self.session.next_call())

    async def stands_still(self) -> None:
        await until(lambda: self.session.standstill)

    async def pauses(self) -> None:
        """Until the last question has been answered."""
        await until(lambda: len(self.dice.thrown) == self.center.asked(WAIT))

    async def asks_again(self, clock: FastClock) -> None:
        """Let the pause go by until the question is asked once more."""
        await self.pauses()
        asked = self.center.asked(WAIT)
        clock.go_on(POLITE[1])
        await until(lambda: self.center.asked(WAIT) > asked)


@pytest.fixture
def waiting(center: SimulatedCallCenter, journal: Journal) -> Waiting:
    return Waiting(center, journal)


async def test_a_campaign_that_is_not_running_is_no_end_of_the_shift(waiting: Waiting):
    waiting.center.running = False
    await waiting.begin()
    await waiting.stands_still()
    session = waiting.session
    assert isinstance(session.standstill.refusal, CampaignNotRunning)
    assert session.standstill.since.tzinfo is not None
    assert (session.state, session.line.health) == (State.WAITING, Health.CONNECTED)
    assert waiting.dice.thrown == [POLITE]
    waiting.wait.cancel()


async def test_it_is_stopped_during_the_wait_and_started_again(waiting: Waiting):
    clock = FastClock(asyncio.get_running_loop())
    session = waiting.session
    await waiting.begin()
    await until(lambda: waiting.center.waiting)
    assert session.standstill is None
    waiting.center.stop()
    await waiting.stands_still()
    since = session.standstill.since
    for _ in range(3):  # it stays stopped
        await waiting.asks_again(clock)
        await waiting.pauses()
    assert session.standstill.since == since
    waiting.center.running = True
    await waiting.asks_again(clock)
    await until(lambda: waiting.center.waiting)
    assert session.standstill is not None  # so soon nobody knows whether the question is accepted
    clock.go_on(session_module._ACCEPTED)
    await until(lambda: session.standstill is None)
    assert (session.state, waiting.center.waiting) == (State.WAITING, True)
    call = a_call()
    waiting.center.connect(call)
    assert await waiting.wait == call


async def test_a_call_ends_it_at_once(waiting: Waiting):
    waiting.center.running = False
    await waiting.begin()
    await waiting.stands_still()
    waiting.center.running = True
    call = a_call()
    waiting.center.connect(call)
    waiting.session.rearm()  # the agent hears somebody, and waits for no pause
    assert await waiting.wait == call
    assert waiting.session.standstill is None


async def test_who_takes_long_to_refuse_is_given_long(waiting: Waiting):
    """A service that answers "not running" after eight seconds is not taken for one that runs meanwhile."""
    clock = FastClock(asyncio.get_running_loop())
    session = waiting.session
    await waiting.begin()
    for _ in range(2):
        await until(lambda: waiting.center.waiting)
        clock.go_on(8)
        if session.standstill:
            await asyncio.sleep(0.01)
            assert session.standstill is not None
        waiting.center.interrupt(CampaignNotRunning("Campaign 1001 is not running."))
        await waiting.stands_still()
        await waiting.asks_again(clock)
    assert session.standstill is not None
    waiting.wait.cancel()


async def test_a_refusal_that_passes_is_asked_about_soon_and_one_that_stays_politely(waiting: Waiting):
    """A database that hiccups is not a key that was taken back, and nobody can tell at first."""
    clock = FastClock(asyncio.get_running_loop())
    waiting.center.will(WAIT, *(Refused("The key is not valid.") for _ in range(8)))
    await waiting.begin()
    await waiting.stands_still()
    for _ in range(7):
        await waiting.asks_again(clock)
    await until(lambda: len(waiting.dice.thrown) == 8)
    quick, polite = waiting.dice.thrown[:6], waiting.dice.thrown[6:]
    assert {longest <= LONGEST_PAUSE for _, longest in quick} == {True}
    assert polite == [POLITE] * 2
    assert waiting.session.standstill.refusal.reason == "The key is not valid."
    assert waiting.session.line.health is Health.CONNECTED
    waiting.wait.cancel()


async def test_another_refusal_counts_from_anew(waiting: Waiting):
    clock = FastClock(asyncio.get_running_loop())
    waiting.center.will(WAIT, CampaignNotRunning("stopped"), Refused("Campaign 1001 is unknown."))
    await waiting.begin()
    await waiting.stands_still()
    since = waiting.session.standstill.since
    await waiting.asks_again(clock)
    await until(lambda: waiting.session.standstill.refusal.reason == "Campaign 1001 is unknown.")
    assert waiting.session.standstill.since > since
    waiting.wait.cancel()


async def test_a_line_that_breaks_meanwhile_is_told_besides(waiting: Waiting):
    clock = FastClock(asyncio.get_running_loop())
    waiting.center.will(WAIT, CampaignNotRunning("stopped"), NotReached("no route"))
    await waiting.begin()
    await waiting.stands_still()
    await waiting.asks_again(clock)
    await until(lambda: waiting.session.line.health is Health.RECONNECTING)
    assert waiting.session.standstill is not None  # the last that was heard of the campaign
    waiting.wait.cancel()


@pytest.mark.parametrize("way_out", ["kicked", "left"])
async def test_it_ends_with_the_wait(waiting: Waiting, way_out: str):
    waiting.center.running = False
    await waiting.begin()
    await waiting.stands_still()
    if way_out == "kicked":
        waiting.center.kick()
        waiting.session.rearm()
        with pytest.raises(NotLoggedIn):
            await waiting.wait
        assert (waiting.session.state, waiting.session.kicked) == (State.SIGNED_OUT, True)
    else:
        waiting.wait.cancel()
        await asyncio.wait([waiting.wait])
        waiting.session.leave()
        assert (waiting.session.state, waiting.session.kicked) == (State.LOGGED_OFF, False)
    assert waiting.session.standstill is None


async def test_a_call_goes_on_and_is_stored_after_the_stop(waiting: Waiting):
    await waiting.begin()
    call = a_call()
    waiting.center.connect(call)
    await waiting.wait
    waiting.center.stop()
    await waiting.session.submit(CallResponse(call.id, "Interested", "by mail"))
    assert [stored.response.call_id for stored in waiting.center.ledger] == [call.id]
    waiting.wait = asyncio.get_running_loop().create_task(waiting.session.next_call())
    await waiting.stands_still()
    waiting.wait.cancel()


async def test_a_kicked_agents_id_is_not_kicked_again(waiting: Waiting):
    """It may be somebody else's by now."""
    await waiting.center.open()
    await waiting.begin()
    call = a_call()
    waiting.center.connect(call)
    await waiting.wait
    waiting.center.kick()
    with pytest.raises(NotLoggedIn):
        await waiting.session.submit(CallResponse(call.id, "Interested"))
    assert waiting.session.kicked
    assert await waiting.session.hang_up()  # the phone is hung up, and nobody had to be asked
    assert waiting.center.asked(Function.KICK_AGENT) == 0
    await waiting.session.submit(CallResponse(call.id, "Interested"), last=True)
    waiting.session.done()
    await waiting.session.log_in(AGENT_ID)
    assert not waiting.session.kicked


# ------------------------------------------------------------------------------------------------------------ over a socket


async def test_over_the_wire(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    """A service of somebody else's, which tells by a Fault that the campaign was stopped, again and again, and then connects."""
    monkeypatch.setattr(session_module, "STANDSTILL_PAUSE", 0.02)
    stopped = wire.answers(wire.http(wire.fault("CampaignStoppedException: 77"), "500 Internal Server Error"))
    told = deque([stopped] * 3)
    connects = asyncio.Event()

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        if b"loginAgent" in request:
            await wire.answers(wire.http(wire.done("loginAgent")))(reader, writer, request)
        elif told:
            await told.popleft()(reader, writer, request)
        else:
            await connects.wait()
            await wire.answers(wire.http(wire.connected()))(reader, writer, request)

    async with wire.center(act) as (center, server):
        session = AgentSession(center, wire.ACCOUNT, journal)
        await session.log_in(AGENT_ID)
        waiting = asyncio.get_running_loop().create_task(session.next_call())
        await until(lambda: session.standstill)
        assert session.standstill.refusal.reason == "CampaignStoppedException: 77"
        assert session.line.health is Health.CONNECTED
        await until(lambda: len(server.posts) == 5)  # the log-in, three refusals, and the question that is accepted
        connects.set()
        assert (await waiting).id == "4711"
        assert session.standstill is None
