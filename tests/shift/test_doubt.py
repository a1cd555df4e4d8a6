"""What may be stored already can be sent again, but never as something else: nobody could tell which one counts."""

from __future__ import annotations

import pytest

from desktop.callcenter.model import CallResponse, Function
from desktop.errors import OutcomeUnknown, Refused, ShiftError
from desktop.shift.journal import Draft, Journal, Settled
from desktop.shift.session import AgentSession
from tests.simulation import ACCOUNT, AGENT_ID, SimulatedCallCenter, Stored, a_call

pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
def session(center: SimulatedCallCenter, journal: Journal) -> AgentSession:
    return AgentSession(center, ACCOUNT, journal)


async def test_a_call_that_comes_back_brings_what_was_entered(center: SimulatedCallCenter, session: AgentSession):
    """The center connects the same call again: whatever was sent did not get there."""
    call = a_call()
    await session.log_in(AGENT_ID)
    center.connect(call)
    await session.next_call()
    assert (session.draft, session.fixed) == (Draft(), False)
    center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown(), OutcomeUnknown())
    response = CallResponse(call.id, "Interested", "may be there")
    assert await session.submit(response) is Settled.UNSURE
    center.connect(call)
    await session.next_call()
    assert (session.draft, session.fixed) == (Draft("Interested", "may be there"), True)
    with pytest.raises(ShiftError, match="cannot be changed"):
        await session.submit(CallResponse(call.id, "Interested", "something else"))
    assert await session.submit(response) is Settled.STORED
    assert center.ledger == [Stored(response, last=False)]


async def test_a_refusal_after_a_crash_takes_no_doubt_away(center: SimulatedCallCenter, session: AgentSession, journal: Journal):
    call = a_call()
    shift = await journal.begin_shift("", ACCOUNT.campaign_id, AGENT_ID)
    await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", "may be there"), last=False)
    center.will(Function.STORE_AGENT_RESPONSE, Refused())
    [record] = await journal.unfinished()
    [entry] = await session.recover(record, phone_connected=True)
    session.take_up(entry.call)
    assert (session.draft, session.fixed) == (Draft("Interested", "may be there"), True)


async def test_what_was_surely_refused_can_be_changed_after_a_crash(session: AgentSession, journal: Journal):
    call = a_call()
    shift = await journal.begin_shift("", ACCOUNT.campaign_id, AGENT_ID)
    await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", "too long"), last=False)
    journal.settle(shift, call.id, Settled.REFUSED)
    journal.draft_changed(shift, call.id, Draft("Interested", "short"))
    [record] = await journal.unfinished()
    [entry] = await session.recover(record, phone_connected=True)
    session.take_up(entry.call)
    assert (session.draft, session.fixed) == (Draft("Interested", "short"), False)
