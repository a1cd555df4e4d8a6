"""After a crash: what is open is settled once the agent has said how the phone is, and nothing leaves before."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Call, CallResponse, Function
from desktop.errors import AlreadyStored, ContractError, NotLoggedIn, NotReached, OutcomeUnknown, Refused, ShiftError
from desktop.shift.journal import Draft, Entry, Journal, Settled, ShiftRecord
from desktop.shift.session import AgentSession, Health
from desktop.shift.states import State
from tests.simulation import ACCOUNT, AGENT_ID, AnswerLost, SimulatedCallCenter, Stored, a_call, until

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.usefixtures("hurried")


@dataclass(frozen=True)
class Left:
    """A call as an earlier start of the program left it. SENDING: it ended while it sent. None: with a draft only."""

    settled: Settled | None
    last: bool = False


class Aftermath:
    """The next start of a program that has left `calls` open: its journal, its session, and what it does about them."""

    def __init__(self, center: SimulatedCallCenter, journal: Journal) -> None:
        self.center = center
        self.journal = journal
        self.session = AgentSession(center, ACCOUNT, journal, place="here")
        self.calls: list[Call] = []
        self.responses: list[CallResponse] = []

    async def after(self, *calls: Left, agent_id: str = AGENT_ID) -> ShiftRecord:
        """What the next start finds of a shift with these calls."""
        shift = await self.journal.begin_shift("here", ACCOUNT.campaign_id, agent_id)
        for number, left in enumerate(calls):
            call = a_call()
            response = CallResponse(call.id, "Interested", f"note {number}")
            self.calls.append(call)
            self.responses.append(response)
            self.journal.call_connected(shift, call)
            self.journal.draft_changed(shift, call.id, Draft(response.disposition, response.notes))
            if left.settled is not None:
                await self.journal.begin_sending(shift, call, response, last=left.last)
            if left.settled not in {None, Settled.SENDING}:
                self.journal.settle(shift, call.id, left.settled)
        [record] = await self.journal.unfinished()
        return record

    async def became(self) -> list[Settled | None]:
        """Where each call stands now."""
        return [entry.settled for entry in (await self.journal.shift(self.session.number)).entries]

    async def finish(self, entry: Entry, *, last: bool) -> Settled:
        """Have the agent finish a call as it was."""
        self.session.take_up(entry.call)
        return await self.session.submit(CallResponse(entry.call.id, entry.draft.disposition, entry.draft.notes), last=last)

    @property
    def asked_for(self) -> list[Function]:
        return [noted.function for noted in self.center.noted]

    async def is_over(self) -> bool:
        return await self.journal.unfinished() == ()


@pytest.fixture
def aftermath(center: SimulatedCallCenter, journal: Journal) -> Aftermath:
    return Aftermath(center, journal)


def _as_last(responses: Sequence[CallResponse]) -> list[Stored]:
    return [Stored(response, last=True) for response in responses]


EVERY = [Left(None), Left(Settled.SENDING), Left(Settled.UNSENT), Left(Settled.UNSURE), Left(Settled.REFUSED)]


async def test_nothing_is_sent_before_the_answer(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.STORED), *EVERY)
    assert [entry.call for entry in record.open_entries] == aftermath.calls[1:]
    assert [entry.settled for entry in record.open_entries] == [
        None,
        Settled.UNSURE,
        Settled.UNSENT,
        Settled.UNSURE,
        Settled.REFUSED,
    ]
    assert aftermath.asked_for == []
    assert aftermath.session.state is State.SIGNED_OUT


@pytest.mark.parametrize("settled", [Settled.SENDING, Settled.UNSENT, Settled.UNSURE])
async def test_with_the_phone_connected_it_is_sent_and_the_shift_goes_on(aftermath: Aftermath, settled: Settled):
    record = await aftermath.after(Left(settled))
    assert await aftermath.session.recover(record, phone_connected=True) == ()
    assert aftermath.asked_for == [Function.LOGIN_AGENT, Function.STORE_AGENT_RESPONSE]
    assert aftermath.center.ledger == [Stored(aftermath.responses[0], last=False)]
    assert (aftermath.session.state, aftermath.session.number) == (State.WAITING, record.number)
    assert (aftermath.session.agent_id, aftermath.session.stored) == (AGENT_ID, 1)
    assert await aftermath.became() == [Settled.STORED]
    call = a_call()
    aftermath.center.connect(call)
    assert await aftermath.session.next_call() == call


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("settled", [Settled.SENDING, Settled.UNSENT, Settled.UNSURE])
async def test_without_the_phone_it_is_sent_as_a_last_call(aftermath: Aftermath, settled: Settled, last: bool):
    record = await aftermath.after(Left(settled, last))
    assert await aftermath.session.recover(record, phone_connected=False) == ()
    assert aftermath.asked_for == [Function.STORE_AGENT_RESPONSE]
    assert aftermath.center.ledger == _as_last(aftermath.responses)
    assert aftermath.session.state is State.SIGNED_OUT
    assert await aftermath.became() == [Settled.STORED]
    assert await aftermath.is_over()


async def test_several_calls_are_settled_in_the_order_of_their_connection(aftermath: Aftermath):
    record = await aftermath.after(*EVERY)
    first, refused = await aftermath.session.recover(record, phone_connected=False)
    assert aftermath.center.ledger == _as_last(aftermath.responses[1:4])
    assert [first.call, refused.call] == [aftermath.calls[0], aftermath.calls[4]]
    for entry in (first, refused):
        assert await aftermath.finish(entry, last=True) is Settled.STORED
        assert aftermath.session.state is State.LOGGED_OFF
        aftermath.session.done()
    assert aftermath.center.ledger[3:] == _as_last([aftermath.responses[0], aftermath.responses[4]])
    assert await aftermath.is_over()


async def test_an_unfinished_call_is_finished_by_the_agent_who_then_goes_on(aftermath: Aftermath):
    record = await aftermath.after(Left(None))
    [entry] = await aftermath.session.recover(record, phone_connected=True)
    assert (entry.call, entry.draft) == (aftermath.calls[0], Draft("Interested", "note 0"))
    assert await aftermath.finish(entry, last=False) is Settled.STORED
    assert aftermath.session.state is State.WAITING
    assert aftermath.center.ledger == [Stored(aftermath.responses[0], last=False)]


@pytest.mark.parametrize("settled", [None, Settled.REFUSED])
async def test_what_the_agent_finishes_without_a_phone_asks_for_nobody(aftermath: Aftermath, settled: Settled | None):
    record = await aftermath.after(Left(settled))
    [entry] = await aftermath.session.recover(record, phone_connected=False)
    aftermath.session.take_up(entry.call)
    assert aftermath.session.last_only
    with pytest.raises(ShiftError, match="nobody can be next"):
        await aftermath.session.submit(aftermath.responses[0])
    assert aftermath.session.state is State.CONNECTED
    assert aftermath.asked_for == []
    await aftermath.session.submit(aftermath.responses[0], last=True)
    assert aftermath.center.ledger == _as_last(aftermath.responses)
    assert await aftermath.is_over()


@pytest.mark.parametrize("settled", [Settled.SENDING, Settled.UNSENT, Settled.UNSURE, Settled.STORED])
async def test_who_has_logged_off_is_not_logged_in_again(aftermath: Aftermath, settled: Settled):
    record = await aftermath.after(Left(Settled.UNSURE), Left(settled, last=True))
    assert await aftermath.session.recover(record, phone_connected=True) == ()
    assert Function.LOGIN_AGENT not in aftermath.asked_for
    assert aftermath.center.ledger == _as_last(aftermath.responses[: 1 + (settled is not Settled.STORED)])
    assert aftermath.session.state is State.LOGGED_OFF  # the phone is still to be hung up
    assert await aftermath.is_over()


async def test_a_logoff_after_which_there_were_more_calls_is_none(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.UNSURE, last=True), Left(Settled.SENDING))
    assert await aftermath.session.recover(record, phone_connected=True) == ()
    assert [stored.last for stored in aftermath.center.ledger] == [False, False]
    assert aftermath.session.state is State.WAITING


async def test_an_unfinished_call_before_a_logoff_asks_for_nobody(aftermath: Aftermath):
    record = await aftermath.after(Left(None), Left(Settled.UNSENT, last=True))
    [entry] = await aftermath.session.recover(record, phone_connected=True)
    with pytest.raises(ShiftError, match="nobody can be next"):
        await aftermath.finish(entry, last=False)
    assert [stored.last for stored in aftermath.center.ledger] == [True]


async def test_two_unfinished_calls_the_first_of_which_ends_the_shift(aftermath: Aftermath):
    record = await aftermath.after(Left(None), Left(None))
    first, second = await aftermath.session.recover(record, phone_connected=True)
    await aftermath.finish(first, last=True)
    aftermath.session.done()
    await aftermath.finish(second, last=True)
    assert aftermath.center.ledger == _as_last(aftermath.responses)
    assert await aftermath.is_over()


# ------------------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize("phone_connected", [True, False])
async def test_what_is_refused_now_is_the_agents(aftermath: Aftermath, phone_connected: bool):
    record = await aftermath.after(Left(Settled.UNSURE), Left(Settled.UNSENT))
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, Refused("this call is unknown"), Refused("too long"))
    entries = await aftermath.session.recover(record, phone_connected=phone_connected)
    assert [(entry.call, entry.draft) for entry in entries] == [
        (call, Draft(response.disposition, response.notes))
        for call, response in zip(aftermath.calls, aftermath.responses, strict=True)
    ]
    assert await aftermath.became() == [Settled.REFUSED, Settled.REFUSED]
    for entry in entries:
        assert await aftermath.finish(entry, last=not phone_connected) is Settled.STORED
        if not phone_connected:
            aftermath.session.done()
    assert await aftermath.became() == [Settled.STORED, Settled.STORED]


async def test_what_is_refused_then_and_left_is_not_asked_about_again(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.UNSURE))
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, Refused("this call is unknown"))
    [entry] = await aftermath.session.recover(record, phone_connected=False)
    aftermath.session.take_up(entry.call)
    aftermath.session.leave()
    assert await aftermath.became() == [Settled.REFUSED]
    assert await aftermath.is_over()


async def test_what_was_left_unfinished_on_purpose_is_asked_about_again(aftermath: Aftermath):
    record = await aftermath.after(Left(None))
    [entry] = await aftermath.session.recover(record, phone_connected=False)
    aftermath.session.take_up(entry.call)
    aftermath.session.leave()
    assert await aftermath.journal.unfinished() == (record,)


async def test_what_the_center_has_already_is_settled(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.SENDING), Left(Settled.UNSENT))
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, AlreadyStored(), AlreadyStored())
    [certainly_not_sent] = await aftermath.session.recover(record, phone_connected=False)
    assert certainly_not_sent.call == aftermath.calls[1]
    assert await aftermath.became() == [Settled.STORED, Settled.REFUSED]


@pytest.mark.parametrize("phone_connected", [True, False])
async def test_what_stays_unsure_is_asked_about_at_the_next_start(aftermath: Aftermath, phone_connected: bool):
    record = await aftermath.after(Left(Settled.SENDING), Left(Settled.UNSENT))
    lost = [AnswerLost(), OutcomeUnknown(), OutcomeUnknown()]  # one more of the first, two of the second
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, *lost)
    assert await aftermath.session.recover(record, phone_connected=phone_connected) == ()
    assert len(aftermath.asked_for) == 3 + phone_connected
    assert await aftermath.became() == [Settled.UNSURE, Settled.UNSURE]
    assert aftermath.session.unsure == 2
    [again] = await aftermath.journal.unfinished()
    assert [entry.attempts for entry in again.open_entries] == [2, 3]


@pytest.mark.parametrize("failure", [NotReached, Refused, NotLoggedIn, OutcomeUnknown, ContractError])
async def test_a_log_in_that_fails_keeps_everything_for_another_answer(aftermath: Aftermath, failure: type[Exception]):
    record = await aftermath.after(*EVERY)
    aftermath.center.will(Function.LOGIN_AGENT, failure("no"))
    with pytest.raises(failure):
        await aftermath.session.recover(record, phone_connected=True)
    assert aftermath.asked_for == [Function.LOGIN_AGENT]
    assert await aftermath.journal.unfinished() == (record,)
    second = AgentSession(aftermath.center, ACCOUNT, aftermath.journal, place="here")
    assert len(await second.recover(record, phone_connected=False)) == 2
    assert aftermath.center.ledger == _as_last(aftermath.responses[1:4])


async def test_a_service_that_is_away_is_waited_for(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.SENDING))
    aftermath.center.opening.append(NotReached("no route"))
    with pytest.raises(NotReached):
        await aftermath.session.recover(record, phone_connected=False)
    assert await aftermath.journal.unfinished() == (record,)
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, *(NotReached() for _ in range(5)))
    assert await aftermath.session.recover(record, phone_connected=False) == ()
    assert aftermath.session.line.health is not Health.IDLE  # the windows were told
    assert aftermath.center.ledger == _as_last(aftermath.responses)
    assert await aftermath.is_over()


async def test_a_recovery_that_is_given_up_leaves_the_rest_for_the_next_start(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.UNSENT), Left(Settled.UNSENT))
    aftermath.center.will(Function.STORE_AGENT_RESPONSE, asyncio.Event())
    recovering = asyncio.get_running_loop().create_task(aftermath.session.recover(record, phone_connected=False))
    await until(lambda: aftermath.asked_for)
    recovering.cancel()
    await asyncio.wait([recovering])
    [again] = await aftermath.journal.unfinished()
    assert [entry.settled for entry in again.open_entries] == [Settled.UNSURE, Settled.UNSENT]


async def test_the_shift_of_another_agent_is_settled_in_that_agents_name(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.UNSENT), agent_id="1111")
    names = []
    store = aftermath.center.store_agent_response

    async def take_down(account: object, agent_id: str, *response: CallResponse, last: bool = False) -> None:
        names.append(agent_id)
        await store(ACCOUNT, agent_id, *response, last=last)

    aftermath.center.store_agent_response = take_down  # type: ignore[method-assign, assignment]
    await aftermath.session.recover(record, phone_connected=False)
    assert names == ["1111"]
    assert aftermath.session.number == record.number
    record = await aftermath.after(Left(Settled.UNSENT), agent_id="2222")
    other = AgentSession(aftermath.center, ACCOUNT, aftermath.journal, place="here")
    with pytest.raises(Refused, match="no agent 2222"):
        await other.recover(record, phone_connected=True)


async def test_a_shift_left_for_later_goes_on_and_is_asked_about_later(aftermath: Aftermath):
    record = await aftermath.after(Left(Settled.UNSURE))
    session = aftermath.session
    await session.log_in(AGENT_ID)
    assert session.number == record.number
    call = a_call()
    aftermath.center.connect(call)
    await session.next_call()
    await session.submit(CallResponse(call.id, "Interested"), last=True)
    [again] = await aftermath.journal.unfinished()
    assert [entry.call for entry in again.open_entries] == aftermath.calls
