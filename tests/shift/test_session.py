"""AgentSession at a call center that fails in every way it can: what each failure does to the shift, and that waiting goes on."""

from __future__ import annotations

import asyncio
import logging

import pytest

from desktop.callcenter.model import Call, CallResponse, Function
from desktop.errors import (
    AlreadyStored,
    AnswerNotUnderstood,
    CallCenterError,
    CampaignNotRunning,
    ContractError,
    NotLoggedIn,
    NotOffered,
    NotReached,
    OutcomeUnknown,
    Refused,
    ShiftError,
)
from desktop.shift.delivery import pause_before
from desktop.shift.journal import Journal, Settled
from desktop.shift.session import AgentSession, Health
from desktop.shift.states import State
from tests.simulation import ACCOUNT, AGENT_ID, FastClock, LoadedDice, Noted, SimulatedCallCenter, Stored, a_call, until

SURE_FAILURES = [NotReached, Refused, NotLoggedIn, CampaignNotRunning, ContractError, NotOffered]
UNSURE_FAILURES = [OutcomeUnknown, AnswerNotUnderstood]
EVERY_FAILURE = SURE_FAILURES + UNSURE_FAILURES
SURELY_NOT_STORED = [Refused, AlreadyStored, NotLoggedIn, CampaignNotRunning, ContractError, NotOffered]
OF_THE_LINE = [failure for failure in EVERY_FAILURE if not issubclass(failure, Refused)]


class Shift:
    """A session, and the facts it tells while it works: each state and each health of the line once, in order."""

    def __init__(self, center: SimulatedCallCenter, journal: Journal) -> None:
        self.dice = LoadedDice()
        self.session = AgentSession(center, ACCOUNT, journal, self._on_changed, dice=self.dice)
        self.facts: list[State | Health] = []
        self._told: tuple[State, Health] = (self.session.state, self.session.line.health)

    def _on_changed(self) -> None:
        now = (self.session.state, self.session.line.health)
        self.facts += [fact for fact, before in zip(now, self._told, strict=True) if fact is not before]
        self._told = now


@pytest.fixture
def shift(center: SimulatedCallCenter, journal: Journal) -> Shift:
    return Shift(center, journal)


@pytest.fixture
def session(shift: Shift) -> AgentSession:
    return shift.session


async def _wait(session: AgentSession) -> None:
    """Bring a new session to the queue."""
    await session.call_me("+1 202 555 0143")
    await session.log_in(AGENT_ID)


async def _talk(session: AgentSession, center: SimulatedCallCenter) -> CallResponse:
    """Bring a new session to a call, and give the response to it."""
    await _wait(session)
    center.connect(a_call())
    call = await session.next_call()
    return CallResponse(call.id, "Interested", "by mail")


async def _reach(state: State, session: AgentSession, center: SimulatedCallCenter) -> asyncio.Task[None] | None:
    """Bring a new session to `state`; gives the verb that is still under way there."""
    hold = asyncio.Event()
    match state:
        case State.SIGNED_OUT:
            return None
        case State.CALLING:
            center.will(Function.SEND_AGENT_CALL_BACK, hold)
            verb = session.call_me("555")
        case State.EXPECTING_ID:
            await session.call_me("555")
            return None
        case State.LOGGING_IN:
            center.will(Function.LOGIN_AGENT, hold)
            await session.call_me("555")
            verb = session.log_in(AGENT_ID)
        case State.WAITING:
            await _wait(session)
            return None
        case State.CONNECTED:
            await _talk(session, center)
            return None
        case State.SAVING:
            center.will(Function.STORE_AGENT_RESPONSE, hold)
            verb = session.submit(await _talk(session, center))
        case State.LOGGED_OFF:
            await session.submit(await _talk(session, center), last=True)
            return None
    under_way = asyncio.get_running_loop().create_task(verb)
    await until(lambda: session.state is state)
    return under_way


# ---------------------------------------------------------------------------------------------------------- a shift


async def test_a_shift_goes_the_documents_way(center: SimulatedCallCenter, shift: Shift):
    session = shift.session
    await session.call_me("+1 202 555 0143")
    await session.log_in(AGENT_ID)
    first, second = a_call("Maya"), a_call("Bo")
    for call, last in ((first, False), (second, True)):
        center.connect(call)
        assert await session.next_call() == call
        assert session.call == call
        await session.submit(CallResponse(call.id, "Interested"), last=last)
        assert session.call is None
    assert session.stored == 2
    assert center.ledger == [
        Stored(CallResponse(first.id, "Interested"), False),
        Stored(CallResponse(second.id, "Interested"), True),
    ]
    assert [noted.about for noted in center.noted[:3]] == ["+1 202 555 0143", AGENT_ID, AGENT_ID]
    session.done()
    assert shift.facts == [
        State.CALLING,
        State.EXPECTING_ID,
        State.LOGGING_IN,
        State.WAITING,
        Health.CONNECTED,
        State.CONNECTED,
        State.SAVING,
        State.WAITING,
        State.CONNECTED,
        State.SAVING,
        State.LOGGED_OFF,
        Health.IDLE,
        State.SIGNED_OUT,
    ]


async def test_an_agent_whose_phone_is_still_connected_logs_in_at_once(session: AgentSession):
    await session.log_in(AGENT_ID)
    assert (session.state, session.agent_id) == (State.WAITING, AGENT_ID)


@pytest.mark.parametrize("state", [*State])
async def test_a_verb_that_the_state_does_not_allow_is_refused_and_asks_nothing(
    center: SimulatedCallCenter, session: AgentSession, state: State
):
    under_way = await _reach(state, session, center)
    noted = list(center.noted)
    response = CallResponse("c0", "Interested")
    verbs = {
        "call me": (session.call_me("555"), {State.SIGNED_OUT, State.EXPECTING_ID}),
        "log in": (session.log_in(AGENT_ID), {State.SIGNED_OUT, State.EXPECTING_ID}),
        "next call": (session.next_call(), {State.WAITING}),
        "submit": (session.submit(response), {State.CONNECTED}),
        "log off": (session.submit(response, last=True), {State.CONNECTED}),
    }
    for verb, allowed_in in verbs.values():
        if state in allowed_in:
            verb.close()
        else:
            with pytest.raises(ShiftError):
                await verb
    if state is not State.LOGGED_OFF:
        with pytest.raises(ShiftError):
            session.done()
    assert (session.state, center.noted) == (state, noted)
    if under_way:
        under_way.cancel()
        await asyncio.wait([under_way])


async def test_storing_twice_at_the_same_time_stores_once(center: SimulatedCallCenter, session: AgentSession):
    response = await _talk(session, center)
    answered = asyncio.Event()
    center.will(Function.STORE_AGENT_RESPONSE, answered)
    first = asyncio.get_running_loop().create_task(session.submit(response))
    await until(lambda: session.state is State.SAVING)
    with pytest.raises(ShiftError):
        await session.submit(response)
    answered.set()
    await first
    assert center.ledger == [Stored(response, False)]
    with pytest.raises(ShiftError):
        await session.submit(response)
    assert center.ledger == [Stored(response, False)]


# --------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("failure", SURE_FAILURES)
async def test_a_phone_that_is_surely_not_rung_leaves_the_agent_signed_out(
    center: SimulatedCallCenter, session: AgentSession, failure: type[CallCenterError]
):
    center.will(Function.SEND_AGENT_CALL_BACK, failure("no"))
    with pytest.raises(failure):
        await session.call_me("555")
    assert session.state is State.SIGNED_OUT
    await session.call_me("555")
    assert session.state is State.EXPECTING_ID


@pytest.mark.parametrize("failure", UNSURE_FAILURES)
async def test_a_phone_that_may_ring_all_the_same_waits_for_the_id(
    center: SimulatedCallCenter, session: AgentSession, failure: type[CallCenterError]
):
    center.will(Function.SEND_AGENT_CALL_BACK, failure("lost"))
    with pytest.raises(failure):
        await session.call_me("555")
    assert session.state is State.EXPECTING_ID
    await session.log_in(AGENT_ID)
    assert session.state is State.WAITING


@pytest.mark.parametrize("failure", EVERY_FAILURE)
async def test_a_log_in_that_failed_can_be_tried_again(
    center: SimulatedCallCenter, session: AgentSession, failure: type[CallCenterError]
):
    await session.call_me("555")
    center.will(Function.LOGIN_AGENT, failure("no"))
    with pytest.raises(failure):
        await session.log_in(AGENT_ID)
    assert session.state is State.EXPECTING_ID
    await session.log_in(AGENT_ID)
    assert session.state is State.WAITING


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("failure", SURELY_NOT_STORED)
async def test_a_response_that_is_not_stored_leaves_the_call_with_the_agent(
    center: SimulatedCallCenter, session: AgentSession, failure: type[CallCenterError], last: bool
):
    response = await _talk(session, center)
    call = session.call
    center.will(Function.STORE_AGENT_RESPONSE, failure("no"))
    with pytest.raises(failure):
        await session.submit(response, last=last)
    assert (session.state, session.call, session.stored) == (State.CONNECTED, call, 0)
    await session.submit(response, last=last)
    assert center.ledger == [Stored(response, last)]
    assert session.state is (State.LOGGED_OFF if last else State.WAITING)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("failure", "health"),
    [(NotReached, Health.RECONNECTING), (OutcomeUnknown, Health.UNSURE), (AnswerNotUnderstood, Health.UNSURE)],
)
async def test_a_response_that_may_be_sent_again_is_stored_without_the_agent(
    center: SimulatedCallCenter, shift: Shift, failure: type[CallCenterError], health: Health, last: bool
):
    response = await _talk(shift.session, center)
    center.will(Function.STORE_AGENT_RESPONSE, failure("no"))
    assert await shift.session.submit(response, last=last) is Settled.STORED
    assert (shift.session.call, shift.session.stored, center.ledger) == (None, 1, [Stored(response, last)])
    after = [State.LOGGED_OFF, Health.IDLE] if last else [State.WAITING]
    assert shift.facts[-2 - len(after) :] == [health, Health.CONNECTED, *after]


@pytest.mark.usefixtures("hurried")
async def test_a_line_in_doubt_stays_so_until_the_doubt_is_gone(center: SimulatedCallCenter, shift: Shift):
    response = await _talk(shift.session, center)
    center.will(Function.STORE_AGENT_RESPONSE, NotReached(), OutcomeUnknown(), NotReached(), NotReached())
    await shift.session.submit(response)
    assert shift.facts[-5:] == [State.SAVING, Health.RECONNECTING, Health.UNSURE, Health.CONNECTED, State.WAITING]


@pytest.mark.usefixtures("hurried")
async def test_a_response_in_doubt_lets_the_agent_go_on(center: SimulatedCallCenter, session: AgentSession):
    response = await _talk(session, center)
    center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown(), OutcomeUnknown())
    assert await session.submit(response) is Settled.UNSURE
    assert (session.state, session.call, session.stored, session.unsure) == (State.WAITING, None, 0, 1)


@pytest.mark.usefixtures("hurried")
async def test_a_doubt_that_is_gone_is_counted_no_more(center: SimulatedCallCenter, session: AgentSession):
    response = await _talk(session, center)
    center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown(), OutcomeUnknown())
    await session.submit(response)
    center.connect(Call(response.call_id))  # the call center connects the same call once more: it had not arrived
    await session.next_call()
    await session.submit(response)
    assert (session.stored, session.unsure) == (1, 0)


async def test_a_refusal_is_an_answer_of_a_line_that_works(center: SimulatedCallCenter, shift: Shift):
    response = await _talk(shift.session, center)
    center.will(Function.STORE_AGENT_RESPONSE, NotReached(), Refused("no"))
    with pytest.raises(Refused):
        await shift.session.submit(response)
    assert shift.session.line.health is Health.CONNECTED


async def test_a_call_of_nobody_cannot_be_answered(session: AgentSession):
    with pytest.raises(ShiftError, match="no call"):
        await session.submit(CallResponse("c0", "Interested"))


# ----------------------------------------------------------------------------------------------------- waiting goes on


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("failure", OF_THE_LINE)
async def test_waiting_goes_on_after_a_failure(center: SimulatedCallCenter, shift: Shift, failure: type[CallCenterError]):
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, failure("the line is down"))
    call = a_call()
    center.connect(call)
    assert await shift.session.next_call() == call
    assert center.asked(Function.GET_CONNECTION_FOR_AGENT) == 2
    reached = [] if failure is NotReached else [Health.CONNECTED]
    assert shift.facts[4:] == [*reached, Health.RECONNECTING, Health.CONNECTED, State.CONNECTED]


@pytest.mark.usefixtures("hurried")
async def test_a_kicked_agent_is_signed_out(center: SimulatedCallCenter, shift: Shift):
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached(), NotLoggedIn("a supervisor hung up the phone"))
    with pytest.raises(NotLoggedIn):
        await shift.session.next_call()
    assert shift.session.state is State.SIGNED_OUT
    assert shift.facts[-2:] == [State.SIGNED_OUT, Health.IDLE]


def test_pauses_grow_from_half_a_second_to_five():
    dice = LoadedDice()
    pauses = [pause_before(attempt, dice) for attempt in (1, 2, 3, 4, 5, 50, 5000)]
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    assert {lowest for lowest, _ in dice.thrown} == {0.5}


@pytest.mark.usefixtures("hurried")
async def test_the_pauses_between_tries_grow(center: SimulatedCallCenter, shift: Shift):
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, *(NotReached() for _ in range(6)))
    center.connect(a_call())
    await shift.session.next_call()
    assert [highest for _, highest in shift.dice.thrown] == [0.001, 0.002, 0.004, 0.005, 0.005, 0.005]


async def test_a_line_that_had_worked_is_tried_again_soon(center: SimulatedCallCenter, shift: Shift):
    clock = FastClock(asyncio.get_running_loop())
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached(), NotReached())
    waiting = asyncio.get_running_loop().create_task(shift.session.next_call())
    for times in (1, 2):
        await until(lambda times=times: len(shift.dice.thrown) == times)
        clock.go_on(10)  # through the pause
    await until(lambda: center.asked(Function.GET_CONNECTION_FOR_AGENT) == 3)
    clock.go_on(10)  # this one holds
    center.interrupt(OutcomeUnknown("the connection broke"))
    await until(lambda: len(shift.dice.thrown) == 3)
    assert shift.dice.thrown == [(0.5, 1.0), (0.5, 2.0), (0.5, 1.0)]
    clock.go_on(10)
    call = a_call()
    center.connect(call)
    assert await waiting == call


async def test_the_line_tells_since_when_and_why_it_is_down(center: SimulatedCallCenter, shift: Shift):
    clock = FastClock(asyncio.get_running_loop())
    session = shift.session
    await _wait(session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached("no route"), OutcomeUnknown("cut"), NotReached("no route"))
    waiting = asyncio.get_running_loop().create_task(session.next_call())
    reasons, began = [], set()
    for times in (1, 2, 3):
        await until(lambda times=times: len(shift.dice.thrown) == times)
        reasons.append(session.line.reason)
        if times != 2:  # the second reached the center, so the line was up in between
            began.add(session.line.since)
        clock.go_on(10)
    assert reasons == [NotReached.title, OutcomeUnknown.title, NotReached.title]
    assert all(since.tzinfo is not None for since in began)
    center.connect(a_call())
    await waiting
    assert (session.line.health, session.line.reason) == (Health.CONNECTED, "")


@pytest.mark.usefixtures("hurried")
async def test_a_line_that_stays_down_is_down_since_the_first_failure(center: SimulatedCallCenter, shift: Shift):
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, *(NotReached() for _ in range(3)))
    since = []
    shift.session._changed = lambda: since.append(shift.session.line.since)  # every fact, repeated or not
    center.connect(a_call())
    await shift.session.next_call()
    assert len(set(since[:3])) == 1


async def test_giving_up_the_wait_closes_it_and_stays_in_the_queue(center: SimulatedCallCenter, session: AgentSession):
    await _wait(session)
    waiting = asyncio.get_running_loop().create_task(session.next_call())
    await until(lambda: session.line.health is Health.CONNECTED)
    await until(lambda: center.waiting)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert center.given_up == [Function.GET_CONNECTION_FOR_AGENT]
    assert session.state is State.WAITING
    call = a_call()
    center.connect(call)
    assert await session.next_call() == call


async def test_giving_up_in_a_pause_asks_no_more(center: SimulatedCallCenter, shift: Shift):
    await _wait(shift.session)
    center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached())
    waiting = asyncio.get_running_loop().create_task(shift.session.next_call())
    await until(lambda: shift.session.line.health is Health.RECONNECTING)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert center.asked(Function.GET_CONNECTION_FOR_AGENT) == 1
    assert shift.session.state is State.WAITING


@pytest.mark.parametrize(
    ("state", "function", "back_to"),
    [
        (State.CALLING, Function.SEND_AGENT_CALL_BACK, State.SIGNED_OUT),
        (State.LOGGING_IN, Function.LOGIN_AGENT, State.EXPECTING_ID),
        (State.SAVING, Function.STORE_AGENT_RESPONSE, State.CONNECTED),
    ],
)
async def test_a_verb_that_is_given_up_leaves_no_shift_in_between(
    center: SimulatedCallCenter, session: AgentSession, state: State, function: Function, back_to: State
):
    under_way = await _reach(state, session, center)
    assert under_way
    await until(lambda: center.asked(function))  # the journal comes first
    under_way.cancel()
    await asyncio.wait([under_way])
    assert under_way.cancelled()
    assert session.state is back_to
    assert len(center.given_up) == 1


# ----------------------------------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize(
    ("state", "leads_to"),
    [
        (State.SIGNED_OUT, State.SIGNED_OUT),
        (State.EXPECTING_ID, State.LOGGED_OFF),
        (State.WAITING, State.LOGGED_OFF),
        (State.CONNECTED, State.LOGGED_OFF),
        (State.LOGGED_OFF, State.SIGNED_OUT),
    ],
)
async def test_leaving_stores_nothing(center: SimulatedCallCenter, session: AgentSession, state: State, leads_to: State):
    await _reach(state, session, center)
    before = list(center.ledger)
    session.leave()
    assert (session.state, session.call, center.ledger) == (leads_to, None, before)
    assert session.line.health is Health.IDLE


@pytest.mark.parametrize(
    ("state", "leads_to"),
    [(State.CALLING, State.SIGNED_OUT), (State.LOGGING_IN, State.LOGGED_OFF), (State.SAVING, State.LOGGED_OFF)],
)
async def test_what_is_under_way_when_the_agent_leaves_ends_in_silence(
    center: SimulatedCallCenter, session: AgentSession, state: State, leads_to: State
):
    under_way = await _reach(state, session, center)
    assert under_way
    session.leave()
    assert session.state is leads_to
    under_way.cancel()
    await asyncio.wait([under_way])
    assert under_way.cancelled()
    assert session.state is leads_to


async def test_the_call_center_hangs_up_for_the_agent(center: SimulatedCallCenter, session: AgentSession):
    await center.open()
    await _wait(session)
    assert await session.hang_up()
    assert center.noted[-1] == Noted(Function.KICK_AGENT, AGENT_ID)


@pytest.mark.parametrize("failure", EVERY_FAILURE)
async def test_a_phone_that_the_call_center_does_not_hang_up_is_no_failure(
    center: SimulatedCallCenter, session: AgentSession, failure: type[CallCenterError]
):
    await center.open()
    await _wait(session)
    center.will(Function.KICK_AGENT, failure("no"))
    assert not await session.hang_up()


async def test_nobody_is_kicked_where_that_is_not_offered(journal: Journal):
    center = SimulatedCallCenter(set(Function) - {Function.KICK_AGENT})
    await center.open()
    session = AgentSession(center, ACCOUNT, journal)
    await _wait(session)
    assert not await session.hang_up()
    assert center.asked(Function.KICK_AGENT) == 0


async def test_nobody_is_kicked_before_the_log_in(center: SimulatedCallCenter, session: AgentSession):
    await center.open()
    await session.call_me("555")
    assert not await session.hang_up()
    assert center.asked(Function.KICK_AGENT) == 0


# -------------------------------------------------------------------------------------------------------- the log


@pytest.mark.usefixtures("hurried")
async def test_the_log_tells_the_steps_and_no_secrets(
    center: SimulatedCallCenter, session: AgentSession, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    await session.call_me("+1 202 555 0143")
    await session.log_in(AGENT_ID)
    center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached(f"no route, {ACCOUNT.key}"))
    center.connect(a_call("Maya Okafor"))
    call = await session.next_call()
    await session.submit(CallResponse(call.id, "Interested", "likes umbrellas"), last=True)
    assert "waiting for a call was interrupted (1)" in caplog.text
    assert "stored_last: Logged off" in caplog.text
    assert not [secret for secret in (ACCOUNT.key, "202 555", "Maya", "umbrellas") if secret in caplog.text]
