"""After a crash: what the journal's file has is asked about before anything else, and nothing is sent without an answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop.callcenter.model import Call, CallResponse, Function
from desktop.errors import NotReached, OutcomeUnknown, Refused
from desktop.shift.journal import Draft, Journal, Settled
from desktop.shift.states import State
from tests.simulation import ACCOUNT, AGENT_ID, SimulatedCallCenter, Stored, a_call, until
from tests.ui.screen import TEXT, Role, button, field, has, key, message, part, press, type_in, words
from tests.ui.seat import SERVICE, Seat, a_memory, seated, the_vault

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.desk import Session

pytestmark = pytest.mark.usefixtures("qapp", "hurried")

YES, NO, LATER = "Yes, still connected", "No", "Later"


class Crash:
    """What an earlier start of the program left in the journal in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "journal.db"

    async def leave(self, *calls: Call, settled: Settled | None = None, last: bool = False, service: str = SERVICE) -> None:
        """A shift with these calls: typed into, and if `settled`, sent with that outcome. SENDING: no outcome was seen."""
        journal = Journal(self.path)
        await journal.open()
        shift = await journal.begin_shift(service, ACCOUNT.campaign_id, AGENT_ID)
        for call in calls:
            journal.call_connected(shift, call)
            journal.draft_changed(shift, call.id, Draft("Call back later", "half a sent"))
            if settled:
                await journal.begin_sending(shift, call, CallResponse(call.id, "Interested", "by mail"), last=last)
                if settled is not Settled.SENDING:
                    journal.settle(shift, call.id, settled)
        await journal.close()

    def next_start(self, center: SimulatedCallCenter) -> AbstractAsyncContextManager[Seat]:
        """The program is started again, at a call center where the agent is not logged in."""
        return seated(center, a_memory(self.folder), journal=self.path)


@pytest.fixture
def crash(tmp_path: Path) -> Crash:
    return Crash(tmp_path)


@pytest.fixture
def center() -> SimulatedCallCenter:
    return SimulatedCallCenter()


async def _asked(seat: Seat, *, key: str = ACCOUNT.key) -> None:
    """The question stands there, and the key is typed in: the keyring here has none."""
    dialog = await until(seat.recovery)
    await until(lambda: not seat.under_way("key"))
    assert not seat.login.isVisible()
    assert not seat.center.noted, "nothing is sent without an answer"
    if key:
        field(dialog, "API key").setText(key)


def _sent(*calls: Call, last: bool) -> list[Stored]:
    return [Stored(CallResponse(call.id, "Interested", "by mail"), last) for call in calls]


# ------------------------------------------------------------------------------------------------------- the question


async def test_the_keys_are_shown_there_as_in_every_window(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call("Maya Okafor"))
    async with crash.next_start(center) as seat:
        dialog = await until(seat.recovery)
        await until(dialog.isActiveWindow)
        key(Qt.Key.Key_F1)
        await until(seat.desk._keyboard.sheet.isVisible)


async def test_nothing_unfinished_asks_nothing(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call(), settled=Settled.STORED)
    async with crash.next_start(center) as seat:
        assert seat.login.isVisible()
        assert not seat.recovery()


async def test_it_says_what_is_not_settled(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call("Maya Okafor"), settled=Settled.SENDING)
    await crash.leave(a_call("Bo Li"), settled=Settled.REFUSED)
    await crash.leave(a_call("Stored Already"), settled=Settled.STORED)
    await crash.leave(a_call("", "+12025550143"))
    async with crash.next_start(center) as seat:
        await _asked(seat)
        dialog = seat.recovery()
        assert "3 calls of your last shift are not settled" in words(dialog)
        assert f"Agent {AGENT_ID}, campaign 1001" in words(dialog)
        calls = part(dialog, Role.Tree, "Unfinished calls")
        shown = [[calls.topLevelItem(row).text(column) for column in (1, 2, 3)] for row in range(calls.topLevelItemCount())]
        assert shown == [
            ["Maya Okafor", "Interested", "sent, but nobody knows whether it arrived"],
            ["Bo Li", "Interested", "refused"],
            ["(202) 555-0143", "Call back later", "you had not finished it"],
        ]


# ----------------------------------------------------------------------------------------------------------------- yes


@pytest.mark.parametrize("settled", [Settled.SENDING, Settled.UNSURE, Settled.UNSENT])
async def test_still_connected_logs_in_sends_and_goes_on(crash: Crash, center: SimulatedCallCenter, settled: Settled):
    first, second = a_call(), a_call()
    await crash.leave(first, second, settled=settled)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        await seat.reach(State.WAITING)
        await until(lambda: center.waiting)
        assert not seat.recovery()
        assert not seat.login.isVisible()
        assert center.asked(Function.SEND_AGENT_CALL_BACK) == 0
        assert center.ledger == _sent(first, second, last=False)
        assert "2 calls stored" in words(seat.window).splitlines()
        third = await seat.be_connected()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert "3 calls: 3 stored" in words(seat.reminder).splitlines()
        assert center.ledger[2:] == [Stored(CallResponse(third, "Interested", "by mail"), True)]
    async with crash.next_start(SimulatedCallCenter()) as seat:
        assert seat.login.isVisible(), "once settled, it is not asked again"


async def test_a_draft_comes_back_into_the_popup(crash: Crash, center: SimulatedCallCenter):
    call = a_call("Maya Okafor")
    await crash.leave(call)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        await until(seat.popup.isVisible)
        assert seat.popup.windowTitle() == "Call - Maya Okafor"
        assert part(seat.popup, Role.List, "Disposition").chosen() == "Call back later"
        assert field(seat.popup, "Notes").text() == "half a sent"
        assert not center.ledger
        field(seat.popup, "Notes").appendPlainText("ence")
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        assert center.ledger == [Stored(CallResponse(call.id, "Call back later", "half a sent\nence"), False)]
        await until(lambda: center.waiting)


async def test_several_drafts_come_back_one_after_the_other(crash: Crash, center: SimulatedCallCenter):
    calls = [a_call(name) for name in ("Maya Okafor", "Bo Li", "Zoë Łuczak")]
    await crash.leave(*calls)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        for call, name in zip(calls, ("Maya Okafor", "Bo Li", "Zoë Łuczak"), strict=True):
            await until(lambda name=name: seat.popup.isVisible() and seat.popup.windowTitle() == f"Call - {name}")
            press(seat.popup, "Next Call")
            await until(lambda call=call: [one.response.call_id for one in center.ledger][-1:] == [call.id])
        await until(lambda: center.waiting)
        assert [one.response.notes for one in center.ledger] == ["half a sent"] * 3


async def test_whoever_had_pressed_logoff_is_not_logged_in_again(crash: Crash, center: SimulatedCallCenter):
    call = a_call()
    await crash.leave(call, settled=Settled.SENDING, last=True)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        assert "they are stored, and your shift is over, as you wanted" in words(seat.recovery())
        press(seat.recovery(), YES)
        await until(seat.reminder.isVisible)
        assert center.ledger == _sent(call, last=True)
        assert center.asked(Function.LOGIN_AGENT) == 0
        press(seat.reminder, "Done")
        assert seat.login.isVisible()
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.log_in()


async def test_whoever_had_pressed_logoff_finishes_what_was_refused_and_is_reminded(crash: Crash, center: SimulatedCallCenter):
    call = a_call()
    await crash.leave(call, settled=Settled.REFUSED, last=True)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        await until(seat.popup.isVisible)
        assert not has(seat.popup, Role.Button, "Next Call")
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert center.asked(Function.LOGIN_AGENT) == 0
        press(seat.reminder, "Done")
        assert seat.login.isVisible()


# ------------------------------------------------------------------------------------------------------------------ no


async def test_not_connected_sends_last_calls_and_opens_the_log_in(crash: Crash, center: SimulatedCallCenter):
    first, second = a_call(), a_call()
    await crash.leave(first, second, settled=Settled.SENDING)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), NO)
        await until(seat.login.isVisible)
        assert message(seat.login) == "Your earlier calls are stored 2 calls: 2 stored."
        assert center.ledger == _sent(first, second, last=True)
        assert center.asked(Function.LOGIN_AGENT) == 0
        assert not seat.window.isVisible()
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.log_in()
        assert "0 calls stored" in words(seat.window).splitlines(), "a new shift counts its own calls"


async def test_drafts_without_a_phone_can_only_be_last_calls(crash: Crash, center: SimulatedCallCenter):
    first, second = a_call("Maya Okafor"), a_call("Bo Li")
    await crash.leave(first, second)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), NO)
        for name in ("Maya Okafor", "Bo Li"):
            await until(lambda name=name: seat.popup.isVisible() and seat.popup.windowTitle() == f"Call - {name}")
            assert not has(seat.popup, Role.Button, "Next Call")
            press(seat.popup, "Logoff")
        await until(seat.login.isVisible)
        assert message(seat.login) == "Your earlier calls are stored 2 calls: 2 stored."
        assert [(one.response.notes, one.last) for one in center.ledger] == [("half a sent", True)] * 2
        assert not seat.window.isVisible()
        assert not seat.reminder.isVisible()
        seat.desk.show()
        assert not seat.reminder.isVisible()
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.log_in()


async def test_what_stays_in_doubt_is_said_and_asked_about_again(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call(), settled=Settled.SENDING)
    center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown("cut"))
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), NO)
        await until(seat.login.isVisible)
        assert message(seat.login) == "Some of your earlier calls are not settled yet 1 call: 1 not sure."
    async with crash.next_start(SimulatedCallCenter()) as seat:
        await _asked(seat)


# --------------------------------------------------------------------------------------------------------------- later


@pytest.mark.parametrize("way", ["button", "escape", "closed"])
async def test_later_sends_nothing_and_keeps_it(crash: Crash, center: SimulatedCallCenter, way: str):
    call = a_call()
    await crash.leave(call, settled=Settled.SENDING)
    async with crash.next_start(center) as seat:
        await _asked(seat, key="")
        dialog = seat.recovery()
        if way == "button":
            press(dialog, LATER)
        elif way == "escape":
            await until(dialog.isActiveWindow)
            key(Qt.Key.Key_Escape)
        else:
            dialog.close()
        await until(seat.login.isVisible)
        assert not seat.recovery()
        assert not center.noted
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), NO)
        await until(lambda: center.ledger)
        assert center.ledger == _sent(call, last=True)
        await until(seat.login.isVisible)


async def test_a_shift_after_later_is_a_shift_like_any(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call())
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), LATER)
        await until(seat.login.isVisible)
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.talk()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)


# -------------------------------------------------------------------------------------------------------------- failing


async def test_a_failure_is_told_and_the_question_can_be_answered_again(crash: Crash, center: SimulatedCallCenter):
    call = a_call()
    await crash.leave(call, settled=Settled.SENDING)
    center.will(Function.LOGIN_AGENT, NotReached("no route to host"), Refused("there is no agent 4027"))
    async with crash.next_start(center) as seat:
        await _asked(seat)
        dialog = seat.recovery()
        for failure in (NotReached, Refused):
            press(dialog, YES)
            await until(lambda failure=failure: failure.title in message(dialog))
            assert "What is not settled is kept." in message(dialog)
            assert seat.desk.state is State.SIGNED_OUT
            assert not center.ledger
        press(dialog, NO)
        await until(seat.login.isVisible)
        assert center.ledger == _sent(call, last=True)
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.log_in()


async def test_later_after_a_failure_opens_a_log_in_that_works(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call(), settled=Settled.SENDING)
    center.will(Function.LOGIN_AGENT, Refused("there is no agent 4027"))
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        await until(lambda: Refused.title in message(seat.recovery()))
        press(seat.recovery(), LATER)
        await until(seat.login.isVisible)
        assert not has(seat.login, Role.Button, "It didn't ring")
        field(seat.login, "API key").setText(ACCOUNT.key)
        await seat.log_in()


async def test_while_the_call_center_is_not_reached_the_dialog_says_so_and_later_is_a_way_out(
    crash: Crash, center: SimulatedCallCenter
):
    await crash.leave(a_call(), settled=Settled.UNSENT)
    center.will(Function.STORE_AGENT_RESPONSE, NotReached("no route to host"), asyncio.Event())
    async with crash.next_start(center) as seat:
        await _asked(seat)
        dialog = seat.recovery()
        press(dialog, NO)
        await until(lambda: message(dialog).startswith("Not settled yet"))
        assert NotReached.title in message(dialog)
        assert not button(dialog, YES).isEnabled()
        await until(lambda: center.asked(Function.STORE_AGENT_RESPONSE) == 2)
        press(dialog, LATER)
        await until(seat.login.isVisible)
        assert not center.ledger
    async with crash.next_start(center) as seat:
        await until(seat.recovery)


async def test_while_logging_in_again_there_is_no_way_back(crash: Crash, center: SimulatedCallCenter):
    """The log-in may have queued the agent already."""
    await crash.leave(a_call(), settled=Settled.SENDING)
    answered = asyncio.Event()
    center.will(Function.LOGIN_AGENT, answered)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        dialog = seat.recovery()
        press(dialog, YES)
        await until(lambda: center.asked(Function.LOGIN_AGENT))
        assert not button(dialog, LATER).isEnabled()
        dialog.reject()
        dialog.close()
        assert seat.recovery()
        answered.set()
        await until(lambda: center.waiting)
        assert len(center.ledger) == 1


async def test_nobody_is_heard_before_the_question_is_done(crash: Crash, center: SimulatedCallCenter):
    """The notes of somebody must not be taken for those of an earlier call."""
    await crash.leave(a_call("Maya Okafor"), a_call("Bo Li"), settled=Settled.SENDING)
    stored = asyncio.Event()
    center.will(Function.STORE_AGENT_RESPONSE, stored)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        press(seat.recovery(), YES)
        await until(lambda: center.asked(Function.STORE_AGENT_RESPONSE))
        seat.window.someone_heard.emit()
        assert not seat.popup.isVisible()
        stored.set()
        await until(lambda: center.waiting)


# ----------------------------------------------------------------------------------------------------------------- the key


async def test_the_key_is_asked_for_when_the_keyring_has_none(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call(), settled=Settled.SENDING)
    async with crash.next_start(center) as seat:
        await _asked(seat, key="")
        dialog = seat.recovery()
        for answer in (YES, NO):
            press(dialog, answer)
            assert message(dialog).startswith("Enter the API key")
        assert not center.noted
        await until(dialog.isActiveWindow)
        type_in(ACCOUNT.key)
        press(dialog, NO)
        await until(lambda: center.ledger)
        await until(seat.login.isVisible)


async def test_a_key_from_the_keyring_need_not_be_asked_for(
    crash: Crash, center: SimulatedCallCenter, secret_service: Session, monkeypatch: pytest.MonkeyPatch
):
    secret_service.enter(monkeypatch)
    await the_vault(crash.folder).keep(ACCOUNT.key)
    await crash.leave(a_call(), settled=Settled.SENDING)
    center.will(Function.LOGIN_AGENT, Refused("the key is not valid"))
    async with crash.next_start(center) as seat:
        await _asked(seat, key="")
        dialog = seat.recovery()
        assert not has(dialog, TEXT, "API key")
        press(dialog, YES)
        await until(lambda: "The key is not valid." in message(dialog))
        assert has(dialog, TEXT, "API key"), "a refused key can be changed"
        press(dialog, NO)
        await until(seat.login.isVisible)


# ------------------------------------------------------------------------------------------------------- several shifts


async def test_calls_of_another_call_center_are_left_alone(crash: Crash, center: SimulatedCallCenter):
    await crash.leave(a_call(), settled=Settled.SENDING, service="https://other.example/service?wsdl")
    async with crash.next_start(center) as seat:
        assert seat.login.isVisible()
        assert not seat.recovery()
    own = a_call()
    await crash.leave(own, settled=Settled.SENDING)
    async with crash.next_start(center) as seat:
        await _asked(seat)
        assert "One call of your last shift is not settled" in words(seat.recovery())
        press(seat.recovery(), NO)
        await until(seat.login.isVisible)
        assert center.ledger == _sent(own, last=True)


async def test_each_unfinished_shift_is_asked_about(crash: Crash, center: SimulatedCallCenter):
    """Of two agent IDs, say, after two crashes in a row."""
    for agent_id in (AGENT_ID, "4028"):
        journal = Journal(crash.path)
        await journal.open()
        shift = await journal.begin_shift(SERVICE, ACCOUNT.campaign_id, agent_id)
        await journal.begin_sending(shift, a_call(), CallResponse(f"c{agent_id}", "Interested", "by mail"), last=False)
        await journal.close()
    async with crash.next_start(center) as seat:
        for agent_id in (AGENT_ID, "4028"):
            await until(lambda agent_id=agent_id: seat.recovery() and f"Agent {agent_id}" in words(seat.recovery()))
            field(seat.recovery(), "API key").setText(ACCOUNT.key)
            press(seat.recovery(), NO)
        await until(seat.login.isVisible)
        assert len(center.ledger) == 2
