"""To ask for the next call anew: at once, from wherever the wait is, as often as anybody wants it, and without losing a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Call, Function
from desktop.errors import NotLoggedIn, NotReached, OutcomeUnknown
from desktop.shift.session import AgentSession, Health
from desktop.shift.states import State
from tests.simulation import ACCOUNT, AGENT_ID, LoadedDice, SimulatedCallCenter, a_call, until

if TYPE_CHECKING:
    from desktop.shift.journal import Journal

WAIT = Function.GET_CONNECTION_FOR_AGENT


class Waiting:
    """A session in the queue, and its wait."""

    def __init__(self, center: SimulatedCallCenter, journal: Journal) -> None:
        self.center = center
        self.dice = LoadedDice()
        self.session = AgentSession(center, ACCOUNT, journal, dice=self.dice)
        self.wait: asyncio.Task[Call]

    async def begin(self, *outcomes: OutcomeUnknown | NotReached | asyncio.Event) -> None:
        """Wait for a call; the questions will meet `outcomes`."""
        await self.session.log_in(AGENT_ID)
        self.center.will(WAIT, *outcomes)
        self.wait = asyncio.get_running_loop().create_task(self.session.next_call())
        await until(lambda: self.asked == 1)
        await until(lambda: self.session.line.health is not Health.IDLE)

    @property
    def asked(self) -> int:
        return self.center.asked(WAIT)


@pytest.fixture
def waiting(center: SimulatedCallCenter, journal: Journal) -> Waiting:
    return Waiting(center, journal)


async def test_a_wait_on_a_dead_line_is_asked_anew_at_once(waiting: Waiting):
    await waiting.begin(asyncio.Event())  # this answer never comes
    call = a_call()
    waiting.center.connect(call)
    waiting.session.rearm()
    assert await waiting.wait == call
    assert (waiting.asked, waiting.center.given_up) == (2, [WAIT])
    assert waiting.dice.thrown == []  # without any pause


async def test_a_pause_between_two_tries_is_cut_short(waiting: Waiting):
    await waiting.begin(NotReached(), NotReached())
    await until(lambda: len(waiting.dice.thrown) == 1)  # it pauses, and would for a second
    waiting.session.rearm()
    await until(lambda: waiting.asked == 2)
    await until(lambda: len(waiting.dice.thrown) == 2)
    assert waiting.dice.thrown == [(0.5, 1.0)] * 2  # the pauses begin anew
    waiting.session.rearm()
    call = a_call()
    waiting.center.connect(call)
    assert await waiting.wait == call


async def test_a_call_that_comes_at_the_same_moment_is_not_lost(waiting: Waiting):
    await waiting.begin()
    call = a_call()
    for _ in range(5):  # at five moments on the way of the answer
        waiting.session.rearm()
        await asyncio.sleep(0)
    waiting.center.connect(call)
    waiting.session.rearm()
    assert await waiting.wait == call
    assert waiting.session.call == call


@pytest.mark.parametrize("turns", range(8))
async def test_an_answer_on_its_way_is_taken_or_asked_for_again(waiting: Waiting, turns: int):
    await waiting.begin()
    call = a_call()
    waiting.center.connect(call)
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.session.rearm()
    assert await waiting.wait == call
    assert (waiting.session.state, waiting.session.call) == (State.CONNECTED, call)
    assert waiting.asked in {1, 2}


class SlowToLetGo(SimulatedCallCenter):
    """Takes its time to close a connection, as a real one may."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = asyncio.Event()
        self.may_close = asyncio.Event()

    async def get_connection_for_agent(self, *what: object, **how: object) -> Call:
        try:
            return await super().get_connection_for_agent(*what, **how)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            self.closing.set()
            await self.may_close.wait()
            raise


async def test_who_asks_again_while_the_old_question_is_closed_does_no_harm(journal: Journal):
    center = SlowToLetGo()
    waiting = Waiting(center, journal)
    await waiting.begin(asyncio.Event())
    waiting.session.rearm()
    waiting.session.rearm()
    await center.closing.wait()
    waiting.session.rearm()  # sleep, the network and the agent may all say so
    waiting.session.rearm()
    center.may_close.set()
    call = a_call()
    center.connect(call)
    assert await waiting.wait == call
    assert waiting.asked == 2


async def test_giving_up_wins_over_asking_anew(waiting: Waiting):
    await waiting.begin(asyncio.Event())
    waiting.session.rearm()
    waiting.wait.cancel()
    await asyncio.wait([waiting.wait])
    assert waiting.wait.cancelled()
    waiting.session.rearm()
    assert (waiting.asked, waiting.session.state) == (1, State.WAITING)


async def test_an_agent_who_was_kicked_meanwhile_is_told(waiting: Waiting):
    await waiting.begin(asyncio.Event())
    waiting.center.logged_in = False
    waiting.session.rearm()
    with pytest.raises(NotLoggedIn):
        await waiting.wait
    assert waiting.session.state is State.SIGNED_OUT


async def test_without_a_wait_there_is_nothing_to_ask_anew(center: SimulatedCallCenter, journal: Journal):
    session = AgentSession(center, ACCOUNT, journal)
    session.rearm()
    await session.log_in(AGENT_ID)
    session.rearm()
    center.connect(a_call())
    await session.next_call()
    session.rearm()
    assert (center.asked(WAIT), session.state) == (1, State.CONNECTED)
