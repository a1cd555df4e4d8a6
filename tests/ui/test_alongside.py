"""What happens alongside a call: other systems are told of it over a real connection, and none of them can hold it up."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Field, Function
from desktop.errors import OutcomeUnknown, Refused
from desktop.outside.webhooks import Webhooks
from desktop.popup.current import CurrentProfile
from desktop.shift.states import State
from desktop.ui.campaign import Campaign
from tests.callcenter.wire import never_answers
from tests.outside import conftest as fixtures
from tests.outside.other import NO_CONTENT, OtherSystem, status
from tests.simulation import a_call, until
from tests.ui.screen import Role, field, message, part, press
from tests.ui.seat import Seat, seated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop.tasks import Tasks
    from tests.callcenter.wire import Act, Authority

authority, names = fixtures.authority, fixtures.names
pytestmark = pytest.mark.usefixtures("qapp", "hurried")

SHARED = "a sécret"
WHO = ("Maya Okafor", "+12025550143", "maya@post.example", "by mail")
"""What must not leave this computer unless the profile says so."""
PROFILE = """
name = "Lantern"
other_disposition = true
[[field]]
path = "email"
[[question]]
id = "visits"
type = "number"
[[disposition]]
name = "Interested"
[webhook]
address = "{address}"
secret = "crm"
on = {on}
personal = {personal}
[wrap_up]
undo_seconds = {undo}
"""


class Elsewhere:
    """A profile that has another system told, that system behind a real https address, and a seat that tells it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.file = folder / "campaign.toml"
        self._tls = authority.server_context("crm.test")
        self.asked_for: list[str] = []
        self._seat: Seat | None = None

    def system(self, *replies: bytes | Act) -> OtherSystem:
        return OtherSystem(*replies, tls=self._tls, host="crm.test")

    def wants(self, address: str, *, on: tuple[str, ...] = ("connect", "stored"), personal: bool = True, undo: int = 0) -> None:
        told = PROFILE.format(address=address, on=json.dumps(on), personal=json.dumps(personal), undo=undo)
        self.file.write_text(told, encoding="utf-8")

    async def secret(self, name: str) -> str:
        self.asked_for.append(name)
        return SHARED

    @asynccontextmanager
    async def seated(self) -> AsyncIterator[Seat]:
        """A desk that tells other systems, again after a moment, and says in its window if that was in vain."""

        def campaign(tasks: Tasks) -> Campaign:
            told = Webhooks(self.secret, tasks, troubled=self._tell, pauses=(0.01,))
            return Campaign(CurrentProfile(self.file), tasks, None, told)

        async with seated(campaign=campaign) as seat:
            self._seat = seat
            yield seat

    def _tell(self, sentence: str) -> None:
        assert self._seat is not None
        self._seat.desk.tell_outside(sentence)


@pytest.fixture
def elsewhere(tmp_path: Path, authority: Authority, names: None) -> Elsewhere:
    return Elsewhere(tmp_path, authority)


async def _be_called(seat: Seat) -> str:
    await seat.log_in()
    call = a_call("Maya Okafor", "+12025550143", Field("email", "maya@post.example"))
    seat.center.connect(call)
    await until(seat.popup.isVisible)
    field(seat.popup, "Visits").setText("12")
    seat.fill_in()
    return call.id


# ---------------------------------------------------------------------------------------------------------------- webhooks


async def test_connect_and_stored_reach_the_other_system_signed(elsewhere: Elsewhere):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(f"{other.url}/calls?token=x")
        async with elsewhere.seated() as seat:
            call_id = await _be_called(seat)
            await until(lambda: len(other.asked) == 1)
            press(seat.popup, "Next Call")
            await until(lambda: len(other.asked) == 2)
            await until(lambda: seat.center.waiting)
            assert "Another system" not in message(seat.window)
        connected, stored = other.asked
    for one in (connected, stored):
        assert (one.method, one.target) == ("POST", "/calls?token=x")
        assert one.is_signed_with(SHARED)
        assert not one.is_signed_with("another")
    first, second = json.loads(connected.body), json.loads(stored.body)
    person = {
        "call": call_id,
        "campaign": "Lantern",
        "caller": "Maya Okafor",
        "number": "+12025550143",
        "fields": {"email": "maya@post.example"},
    }
    beep, end = datetime.fromisoformat(first.pop("at")), datetime.fromisoformat(second.pop("at"))
    assert beep.tzinfo is not None
    assert beep <= end
    assert first == {"event": "connect"} | person
    assert second == {
        "event": "stored",
        **person,
        "disposition": "Interested",
        "notes": "by mail",
        "answers": {"visits": "12"},
    }
    assert elsewhere.asked_for == ["crm"]


async def test_nobody_is_named_where_the_profile_does_not_want_it(elsewhere: Elsewhere):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(other.url, personal=False)
        async with elsewhere.seated() as seat:
            call_id = await _be_called(seat)
            press(seat.popup, "Logoff")
            await until(lambda: len(other.asked) == 2)
        for raw in other.requests:
            assert not [who for who in WHO if who.encode() in raw]
        told = [json.loads(one.body) for one in other.asked]
    assert [one.keys() for one in told] == [
        {"event", "call", "campaign", "at"},
        {"event", "call", "campaign", "at", "disposition"},
    ]
    assert {one["call"] for one in told} == {call_id}


@pytest.mark.parametrize("on", [(), ("connect",), ("stored",)])
async def test_only_what_the_profile_wants_told_is_told(elsewhere: Elsewhere, on: tuple[str, ...]):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(other.url, on=on)
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            press(seat.popup, "Next Call")
            await until(lambda: seat.center.waiting)
            await until(lambda: len(other.asked) == len(on))
        assert [json.loads(one.body)["event"] for one in other.asked] == list(on)


async def test_what_is_refused_or_taken_back_is_not_told_as_stored(elsewhere: Elsewhere):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(other.url, on=("stored",), undo=20)
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            seat.center.will(Function.STORE_AGENT_RESPONSE, Refused("too long"))
            press(seat.popup, "Next Call")
            press(seat.popup, "Undo")
            press(seat.popup, "Next Call")
            seat.popup.press_next_call()  # at once
            await until(lambda: message(seat.popup).startswith("The call center refused"))
            part(seat.popup, Role.List, "Disposition").choose("")
            field(seat.popup, "Disposition in your own words").setText("Has moved")
            press(seat.popup, "Next Call")
            seat.popup.press_next_call()
            await until(lambda: seat.center.waiting)
            await until(lambda: other.asked)
        assert [json.loads(one.body)["disposition"] for one in other.asked] == ["Has moved"]


async def test_a_call_that_is_connected_again_is_told_once(elsewhere: Elsewhere):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(other.url)
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            seat.center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown("cut"), OutcomeUnknown("cut again"))
            press(seat.popup, "Next Call")
            await until(lambda: message(seat.popup).startswith("The call center may have this already"))
            press(seat.popup, "Logoff")
            await until(seat.reminder.isVisible)
            await until(lambda: len(other.asked) == 3)
        assert [json.loads(one.body)["event"] for one in other.asked] == ["connect", "stored", "stored"]


@pytest.mark.logs("given up")
async def test_a_receiver_that_is_down_disturbs_no_call_and_is_told_in_the_window(elsewhere: Elsewhere):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        elsewhere.wants(f"https://crm.test:{nobody.getsockname()[1]}/")
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            await until(lambda: "Another system does not know of your calls" in message(seat.window))
            assert "Your calls are not affected." in message(seat.window)
            assert message(seat.popup) == ""
            press(seat.popup, "Next Call")
            await until(lambda: seat.center.waiting)
            assert len(seat.center.ledger) == 1
            await until(lambda: not seat.under_way("webhook"))


@pytest.mark.logs("given up")
async def test_a_receiver_that_refuses_disturbs_no_call(elsewhere: Elsewhere):
    async with elsewhere.system(status("403 Forbidden")) as other:
        elsewhere.wants(other.url)
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            press(seat.popup, "Logoff")
            await until(seat.reminder.isVisible)
            await until(lambda: len(other.asked) == 2)
            await until(lambda: not seat.under_way("webhook"))  # the refusal has been heard, too
            assert len(seat.center.ledger) == 1
            await until(lambda: not seat.under_way("webhook"))


@pytest.mark.logs("were not delivered")
async def test_while_a_receiver_is_given_its_last_chance_nothing_is_sent_to_the_call_center(elsewhere: Elsewhere):
    """The program is told to go at once, twice, while a response could still be taken back."""
    async with elsewhere.system(never_answers) as other:
        elsewhere.wants(other.url, undo=1)
        async with elsewhere.seated() as seat:
            await _be_called(seat)
            await until(lambda: other.asked)
            press(seat.popup, "Next Call")
            sent = seat.center
        assert sent.asked(Function.STORE_AGENT_RESPONSE) == 0


async def test_without_webhooks_as_in_a_practice_nobody_is_told(elsewhere: Elsewhere):
    async with elsewhere.system(NO_CONTENT) as other:
        elsewhere.wants(other.url)
        async with seated(profiles=CurrentProfile(elsewhere.file)) as seat:
            await _be_called(seat)
            press(seat.popup, "Next Call")
            await seat.reach(State.WAITING)
            await until(lambda: seat.center.waiting)
        assert other.connections == 0
