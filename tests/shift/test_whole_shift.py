"""A whole shift at the practice service, over a socket: the same session, nothing simulated but the people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from desktop.callcenter.model import Account, CallResponse
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import NotLoggedIn, Refused
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.shift.journal import Journal, Settled
from desktop.shift.session import AgentSession, Health
from desktop.shift.states import State
from tests.practice.outside import Dice
from tests.simulation import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop.practice.center import PhoneView

NOTES = "Said “yes” <twice> & ]]> \U0001f33b\n\u05e9\u05dc\u05d5\u05dd"


class Phone:
    """The agent's phone on the practice service."""

    def __init__(self, service: PracticeService) -> None:
        self.number = service.scenario.agent_phone
        self.views: list[PhoneView] = []
        self._unwatch = service.watch_phone(self.number, self.views.append)

    async def agent_id(self) -> str:
        """What the voice says."""
        view = await until(lambda: self.views[-1] if self.views[-1].state == "connected" else None)
        assert view.agent_id
        return view.agent_id

    def close(self) -> None:
        self._unwatch()


@pytest.fixture
def dice() -> Dice:
    return Dice()


@pytest.fixture
def service(dice: Dice) -> Iterator[PracticeService]:
    running = PracticeService(msgspec.structs.replace(load_scenario(), ring_seconds=0, wait_seconds=(0, 0)), dice=dice)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def phone(service: PracticeService) -> Iterator[Phone]:
    watched = Phone(service)
    yield watched
    watched.close()


async def test_a_whole_shift(service: PracticeService, phone: Phone, journal: Journal):
    center = SoapCallCenter(service.service_url, service.broadcast_url)
    session = AgentSession(center, Account(service.scenario.key, 1), journal)
    try:
        await center.open()
        await session.call_me(phone.number)
        await session.log_in(await phone.agent_id())
        calls = []
        for disposition, last in (("Interested", False), ("Call back later", False), ("Do not call again", True)):
            call = await session.next_call()
            assert (session.state, session.line.health) == (State.CONNECTED, Health.CONNECTED)
            calls.append(call)
            assert await session.submit(CallResponse(call.id, disposition, NOTES), last=last) is Settled.STORED
        assert session.state is State.LOGGED_OFF
        session.done()
    finally:
        await center.close()
    people = service.scenario.people
    assert [call.first("phonenumber") for call in calls] == [people[at].phonenumber for at in range(3)]
    assert [call.first("firstname") for call in calls] == [people[at].firstname for at in range(3)]
    ledger = service.ledger()
    assert [entry["id"] for entry in ledger] == [call.id for call in calls]
    stored = [response for entry in ledger for response in entry["responses"]]
    assert [response["lastcall"] for response in stored] == [False, False, True]
    assert [response["agentResponse"] for response in stored] == ["Interested", "Call back later", "Do not call again"]
    assert {response["agentNotes"] for response in stored} == {NOTES}
    record = await journal.shift(session.number)
    assert record.ended_at is not None
    assert [(entry.call, entry.settled, entry.attempts) for entry in record.entries] == [
        (call, Settled.STORED, 1) for call in calls
    ]
    assert [entry.response.notes for entry in record.entries if entry.response] == [NOTES] * 3


async def test_a_wrong_key_and_a_wrong_id_are_refused_and_the_shift_goes_on(
    service: PracticeService, phone: Phone, journal: Journal
):
    center = SoapCallCenter(service.service_url)
    try:
        await center.open()
        stranger = AgentSession(center, Account("not the key", 1), journal)
        with pytest.raises(Refused):
            await stranger.call_me(phone.number)
        assert stranger.state is State.SIGNED_OUT
        session = AgentSession(center, Account(service.scenario.key, 1), journal)
        await session.call_me(phone.number)
        agent_id = await phone.agent_id()
        with pytest.raises(Refused):
            await session.log_in(agent_id + "0")
        assert session.state is State.EXPECTING_ID
        await session.log_in(agent_id)
        assert session.state is State.WAITING
    finally:
        await center.close()


async def test_an_agent_who_hangs_up_in_the_queue_is_signed_out(
    service: PracticeService, phone: Phone, journal: Journal, dice: Dice
):
    dice.enough = True
    center = SoapCallCenter(service.service_url)
    session = AgentSession(center, Account(service.scenario.key, 1), journal)
    try:
        await center.open()
        await session.call_me(phone.number)
        await session.log_in(await phone.agent_id())
        waiting = asyncio.get_running_loop().create_task(session.next_call())
        await until(lambda: session.line.health is Health.CONNECTED)
        service.hang_up(phone.number)
        with pytest.raises(NotLoggedIn):
            await waiting
        assert session.state is State.SIGNED_OUT
    finally:
        await center.close()


async def test_leaving_hangs_the_phone_up(service: PracticeService, phone: Phone, journal: Journal):
    center = SoapCallCenter(service.service_url)
    session = AgentSession(center, Account(service.scenario.key, 1), journal)
    try:
        await center.open()
        await session.call_me(phone.number)
        await session.log_in(await phone.agent_id())
        await session.next_call()
        assert await session.hang_up()
        session.leave()
        await until(lambda: phone.views[-1].state == "idle")
        assert session.state is State.LOGGED_OFF
        assert [entry["responses"] for entry in service.ledger()] == [[]]
    finally:
        await center.close()
