"""Desk: what the windows wish is asked of the call center, and whatever becomes of it is told in words and leaves a way on."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from desktop.callcenter.model import CallResponse, Function
from desktop.errors import (
    AnswerNotUnderstood,
    CallCenterError,
    ContractError,
    NotLoggedIn,
    NotReached,
    OutcomeUnknown,
    Refused,
)
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings, SettingsFile
from desktop.settings.vault import Vault
from desktop.shift import session
from desktop.shift.states import State
from desktop.ui.leaving import LeaveDialog
from tests.simulation import ACCOUNT, AGENT_ID, AnswerLost, SimulatedCallCenter, Stored, a_call, until
from tests.ui.screen import Role, button, field, focused, has, key, message, part, press, turn_to, type_in, words
from tests.ui.seat import REMEMBERED, SERVICE, Seat, a_memory, seated, the_vault

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.callcenter.model import Account, Call
    from tests.desk import Desk as XDesk
    from tests.desk import Session

pytestmark = pytest.mark.usefixtures("qapp", "hurried")

EVERY_FAILURE = [NotReached, Refused, NotLoggedIn, ContractError, OutcomeUnknown, AnswerNotUnderstood]


# ----------------------------------------------------------------------------------------------------- a whole shift


async def test_a_whole_shift():
    async with seated() as seat:
        assert seat.login.isVisible()
        assert not seat.window.isVisible()
        await seat.call_me()
        assert message(seat.login).startswith("Enter the agent ID you hear")
        field(seat.login, "Agent ID").setText("4 0 2 7")
        press(seat.login, "Log in")
        await seat.reach(State.WAITING)
        assert seat.window.isVisible()
        assert not seat.login.isVisible()
        assert "Waiting for a call" in words(seat.window)
        assert f"Agent {AGENT_ID}   ·   Campaign 1001" in words(seat.window)

        first = await seat.be_connected(name="Maya Okafor")
        assert seat.popup.isVisible()
        assert seat.popup.windowTitle() == "Call - Maya Okafor"
        await until(lambda: "Connected" in words(seat.window).splitlines())  # it comes after the popup has been painted
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        await until(lambda: not seat.popup.isVisible())
        assert "1 call stored" in words(seat.window)

        second = await seat.be_connected(name="Bo Li")
        press(seat.popup, "Logoff")
        await seat.reach(State.LOGGED_OFF)
        await until(seat.reminder.isVisible)
        assert "2 calls: 2 stored" in words(seat.reminder).splitlines()
        assert not seat.popup.isVisible()
        assert State.LOGGED_OFF.value in words(seat.window)

        press(seat.reminder, "Done")
        assert (seat.desk.state, seat.login.isVisible()) == (State.SIGNED_OUT, True)
        assert not seat.window.isVisible()
        assert not seat.reminder.isVisible()
        assert field(seat.login, "Agent ID").text() == ""
        assert seat.center.ledger == [
            Stored(CallResponse(first, "Interested", "by mail"), False),
            Stored(CallResponse(second, "Interested", "by mail"), True),
        ]

        await seat.log_in()  # and another shift counts from nothing
        assert "0 calls stored" in words(seat.window)


async def test_a_whole_shift_by_keys():
    async with seated() as seat:
        await until(seat.login.isActiveWindow)
        assert focused() is button(seat.login, "Call me")
        key(Qt.Key.Key_Return)
        await seat.reach(State.EXPECTING_ID)
        type_in(AGENT_ID)
        key(Qt.Key.Key_Return)
        await seat.reach(State.WAITING)
        call = a_call()
        seat.center.connect(call)
        await seat.reach(State.CONNECTED)
        seat.window.activateWindow()
        await until(seat.window.isActiveWindow)
        key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        await until(seat.popup.isActiveWindow)
        type_in("2")
        key(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        await seat.reach(State.LOGGED_OFF)
        await until(seat.reminder.isActiveWindow)
        key(Qt.Key.Key_Return)
        assert seat.desk.state is State.SIGNED_OUT
        assert seat.center.ledger == [Stored(CallResponse(call.id, "Call back later", ""), True)]


# ---------------------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("failure", EVERY_FAILURE)
async def test_a_phone_that_is_not_called_is_told_and_can_be_called_again(failure: type[CallCenterError]):
    async with seated() as seat:
        seat.center.will(Function.SEND_AGENT_CALL_BACK, failure("because of the moon"))
        press(seat.login, "Call me")
        await until(lambda: failure.title in message(seat.login))
        unsure = issubclass(failure, OutcomeUnknown)
        assert ("Your phone may ring all the same" if unsure else "Your phone was not called.") in message(seat.login)
        assert "Because of the moon." in message(seat.login)
        assert failure.advice in message(seat.login)
        press(seat.login, "Call me")
        await until(lambda: seat.center.asked(Function.SEND_AGENT_CALL_BACK) == 2)
        await seat.reach(State.EXPECTING_ID)


@pytest.mark.parametrize("failure", EVERY_FAILURE)
async def test_a_log_in_that_fails_is_told_and_can_be_tried_again(failure: type[CallCenterError]):
    async with seated() as seat:
        await seat.call_me()
        seat.center.will(Function.LOGIN_AGENT, failure("because of the moon"))
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
        title = "You are not logged in" if failure is NotLoggedIn else failure.title  # “no longer” would be untrue
        await until(lambda: message(seat.login).startswith(title))
        unsure = issubclass(failure, OutcomeUnknown)
        assert ("you may be in the queue already" if unsure else "You are not logged in.") in message(seat.login)
        assert field(seat.login, "Agent ID").text() == AGENT_ID
        press(seat.login, "Log in")
        await seat.reach(State.WAITING)


@pytest.mark.parametrize("way_on", ["Next Call", "Logoff"])
@pytest.mark.parametrize("failure", [Refused, ContractError])
async def test_a_response_that_is_refused_is_told_and_can_be_sent_again(failure: type[CallCenterError], way_on: str):
    async with seated() as seat:
        call_id = await seat.talk()
        seat.center.will(Function.STORE_AGENT_RESPONSE, failure("because of the moon"))
        press(seat.popup, way_on)
        await until(lambda: failure.title in message(seat.popup))
        assert "This call is not stored; your entries are still here." in message(seat.popup)
        assert seat.desk.state is State.CONNECTED
        assert field(seat.popup, "Notes").text() == "by mail"
        press(seat.popup, way_on)
        await seat.reach(State.LOGGED_OFF if way_on == "Logoff" else State.WAITING)
        assert seat.center.ledger == [Stored(CallResponse(call_id, "Interested", "by mail"), way_on == "Logoff")]


@pytest.mark.parametrize("way_on", ["Next Call", "Logoff"])
@pytest.mark.parametrize(
    ("failure", "said", "line"),
    [
        (NotReached, "Not sent yet", "Reconnecting since"),
        (OutcomeUnknown, "Not sure whether the call center has this", "Unsure since"),
        (AnswerNotUnderstood, "Not sure whether the call center has this", "Unsure since"),
    ],
)
async def test_a_response_that_nobody_has_answered_is_told_and_sent_again_by_itself(
    failure: type[CallCenterError], said: str, line: str, way_on: str
):
    async with seated() as seat:
        call_id = await seat.talk()
        answered = asyncio.Event()
        seat.center.will(Function.STORE_AGENT_RESPONSE, failure("because of the moon"), answered)
        press(seat.popup, way_on)
        await until(lambda: message(seat.popup).startswith(said))
        assert line in words(seat.window)
        assert seat.desk.state is State.SAVING
        assert field(seat.popup, "Notes").text() == "by mail"
        assert not button(seat.popup, "Next Call").isEnabled()
        await until(lambda: seat.center.asked(Function.STORE_AGENT_RESPONSE) == 2)
        answered.set()
        await seat.reach(State.LOGGED_OFF if way_on == "Logoff" else State.WAITING)
        await until(lambda: not seat.popup.isVisible())
        assert "1 call stored" in words(seat.window).splitlines()
        assert seat.center.ledger == [Stored(CallResponse(call_id, "Interested", "by mail"), way_on == "Logoff")]


async def test_a_response_of_which_nobody_knows_is_counted_and_work_goes_on():
    async with seated() as seat:
        await seat.talk()
        seat.center.will(Function.STORE_AGENT_RESPONSE, AnswerLost("cut"), AnswerLost("cut again"))
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        assert "0 calls stored, 1 not sure" in words(seat.window).splitlines()
        await until(lambda: not seat.popup.isVisible())
        await seat.be_connected()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert "2 calls: 1 stored, 1 not sure" in words(seat.reminder).splitlines()
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 3


async def test_a_call_of_which_nobody_knows_can_be_sent_again_as_it_is_when_it_is_connected_again():
    async with seated() as seat:
        call_id = await seat.talk()
        seat.center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown("cut"), OutcomeUnknown("cut again"))
        press(seat.popup, "Next Call")
        await until(lambda: message(seat.popup).startswith("The call center may have this already"))
        assert field(seat.popup, "Notes").text() == "by mail"
        assert field(seat.popup, "Notes").isReadOnly()
        assert not part(seat.popup, Role.List, "Disposition").isEnabled()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert "1 call: 1 stored" in words(seat.reminder).splitlines()
        assert seat.center.ledger == [Stored(CallResponse(call_id, "Interested", "by mail"), True)]


async def test_next_call_after_the_phone_is_gone_is_refused_and_logoff_stores():
    async with seated() as seat:
        call_id = await seat.talk()
        seat.center.logged_in = False
        press(seat.popup, "Next Call")
        await until(lambda: NotLoggedIn.title in message(seat.popup))
        assert "“Logoff” stores them and ends your shift." in message(seat.popup)
        assert not has(seat.popup, Role.Button, "Next Call")  # it would be refused again
        assert "Logoff stores this as your last call." in words(seat.popup)
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert seat.center.ledger == [Stored(CallResponse(call_id, "Interested", "by mail"), True)]


async def test_a_line_that_breaks_while_waiting_is_shown_and_the_call_comes_all_the_same():
    async with seated() as seat:
        await seat.log_in()
        answered = asyncio.Event()
        seat.center.will(Function.GET_CONNECTION_FOR_AGENT, NotReached("no route"), answered)
        seat.center.interrupt(OutcomeUnknown("cut"))
        await until(lambda: "Reconnecting since" in words(seat.window))
        await until(lambda: "Line to the call center: connected" in words(seat.window))
        answered.set()
        await seat.be_connected()
        assert seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 3


async def test_a_campaign_that_is_stopped_is_told_and_the_call_comes_when_it_runs_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "STANDSTILL_PAUSE", 0.01)
    monkeypatch.setattr(session, "_ACCEPTED", 0.01)
    tells = "The campaign is not running, so nobody is connected to you."
    async with seated() as seat:
        await seat.talk()
        seat.center.stop()
        press(seat.popup, "Next Call")
        await until(lambda: tells in words(seat.window))
        assert len(seat.center.ledger) == 1  # a call that is connected goes on and is stored
        assert "Line to the call center: connected" in words(seat.window)
        assert seat.desk.tray._words.text() == "Waiting for a call: the campaign is not running"
        seat.center.running = True
        await until(lambda: tells not in words(seat.window))
        assert seat.desk.state is State.WAITING
        assert seat.desk.tray._words.text() == "Waiting for a call"
        await seat.be_connected()


async def test_a_campaign_that_is_not_running_can_be_left():
    async with seated() as seat:
        seat.center.running = False
        await seat.call_me()
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
        await until(lambda: "The campaign is not running" in words(seat.window))
        await seat.leave()
        assert "The campaign is not running" not in words(seat.window)


async def test_an_agent_who_is_kicked_while_waiting_starts_again_from_the_log_in():
    async with seated() as seat:
        await seat.log_in()
        seat.center.kick()
        await until(lambda: NotLoggedIn.title in message(seat.login))
        assert "A supervisor hung up the phone." in message(seat.login)
        assert seat.login.isVisible()
        assert not seat.window.isVisible()
        assert field(seat.login, "Agent ID").text() == ""
        await seat.log_in()


# ---------------------------------------------------------------------------------------- from one call to the next


WAIT = Function.GET_CONNECTION_FOR_AGENT


async def test_the_next_call_is_asked_for_before_the_windows_show_that_the_last_is_stored():
    async with seated() as seat:
        await seat.talk()
        seen: list[tuple[bool, bool]] = []
        seat.center.arrived = lambda function: seen.append(
            (function is WAIT, seat.popup.isVisible() and "1 call stored" not in words(seat.window))
        )
        press(seat.popup, "Next Call")
        await until(lambda: not seat.popup.isVisible())
        assert seen[-1] == (True, True)
        assert "Waiting for a call" in words(seat.window)
        assert "1 call stored" in words(seat.window)


@pytest.mark.parametrize("failure", [NotReached("no route"), OutcomeUnknown("cut"), Refused("not now")])
async def test_a_question_for_the_next_call_that_fails_leaves_no_popup_of_the_last(failure: CallCenterError):
    async with seated() as seat:
        await seat.talk()
        seat.center.will(WAIT, failure, asyncio.Event())
        press(seat.popup, "Next Call")
        await until(lambda: not seat.popup.isVisible())
        assert "Waiting for a call" in words(seat.window)
        assert "1 call stored" in words(seat.window)


async def test_an_agent_who_is_kicked_at_the_question_for_the_next_call_starts_again_from_the_log_in():
    async with seated() as seat:
        await seat.talk()
        seat.center.will(WAIT, NotLoggedIn("a supervisor hung up the phone"))
        press(seat.popup, "Next Call")
        await until(lambda: NotLoggedIn.title in message(seat.login))
        assert "1 call: 1 stored." in message(seat.login)
        assert seat.login.isVisible()
        assert not seat.popup.isVisible()
        assert not seat.window.isVisible()
        await seat.talk()
        assert seat.popup.isVisible()


async def test_somebody_who_is_heard_before_the_last_call_is_gone_from_the_screen():
    async with seated() as seat:
        await seat.talk()

        def hear(function: Function) -> None:
            if function is WAIT:
                seat.center.arrived = lambda _function: None
                assert seat.popup.isVisible()  # still the one of the call before
                seat.desk.tray.someone_heard.emit()

        seat.center.arrived = hear
        press(seat.popup, "Next Call")
        await until(lambda: "Somebody is on your line" in words(seat.popup))
        field(seat.popup, "Notes").setPlainText("of the new one")
        await until(lambda: seat.center.asked(WAIT) == 3)  # anew, because somebody is heard
        await until(lambda: not seat.desk._catching_up.isActive())
        assert seat.popup.isVisible()
        seat.center.connect(call := a_call(name="Bo Li"))
        await seat.reach(State.CONNECTED)
        await until(lambda: seat.popup.windowTitle() == "Call - Bo Li")
        assert seat.popup.isVisible()
        part(seat.popup, Role.List, "Disposition").setCurrentRow(0)
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert seat.center.ledger[-1] == Stored(CallResponse(call.id, "Interested", "of the new one"), True)


class Silent(SimulatedCallCenter):
    """Never says that a question has left."""

    async def get_connection_for_agent(self, account: Account, agent_id: str, **_told: object) -> Call:
        return await super().get_connection_for_agent(account, agent_id)


async def test_a_call_that_is_there_at_once_is_not_hidden_by_the_end_of_the_last():
    async with seated(Silent()) as seat:
        await seat.talk(name="Maya Okafor")
        seat.center.connect(a_call(name="Bo Li"))
        press(seat.popup, "Next Call")
        await until(lambda: seat.popup.windowTitle() == "Call - Bo Li")
        await until(lambda: not seat.desk._catching_up.isActive())
        assert seat.popup.isVisible()
        assert field(seat.popup, "Notes").isEnabled()
        assert "Connected" in words(seat.window).splitlines()
        assert "1 call stored" in words(seat.window)


async def test_a_description_that_cannot_be_had_is_told_at_the_start():
    center = SimulatedCallCenter()
    center.opening.append(NotReached("no route to host"))
    async with seated(center) as seat:
        assert NotReached.title in message(seat.login)
        assert "tries again when you press “Call me”" in message(seat.login)
        await seat.call_me()


async def test_a_service_without_call_me_is_worked_by_the_agent_id_alone():
    async with seated(SimulatedCallCenter(set(Function) - {Function.SEND_AGENT_CALL_BACK})) as seat:
        await until(lambda: not has(seat.login, Role.Button, "Call me"))
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
        await seat.reach(State.WAITING)


# ------------------------------------------------------------------------------------------------------ pressed twice


async def test_call_me_twice_rings_once():
    async with seated() as seat:
        answered = asyncio.Event()
        seat.center.will(Function.SEND_AGENT_CALL_BACK, answered)
        for _ in range(2):
            seat.login._on_call_me()  # as a double click does that is quicker than the window
        await until(lambda: seat.center.noted)
        answered.set()
        await seat.reach(State.EXPECTING_ID)
        assert seat.center.asked(Function.SEND_AGENT_CALL_BACK) == 1


async def test_log_in_twice_logs_in_once():
    async with seated() as seat:
        await seat.call_me()
        field(seat.login, "Agent ID").setText(AGENT_ID)
        for _ in range(2):
            seat.login._on_log_in()
        await seat.reach(State.WAITING)
        assert seat.center.asked(Function.LOGIN_AGENT) == 1


@pytest.mark.parametrize(("first", "then"), [("next", "next"), ("next", "logoff"), ("logoff", "next"), ("logoff", "logoff")])
async def test_two_ways_on_at_once_are_the_first(first: str, then: str):
    async with seated() as seat:
        call_id = await seat.talk()
        press_it = {"next": seat.popup._on_next_call, "logoff": seat.popup._on_logoff}
        press_it[first]()
        press_it[then]()
        last = first == "logoff"
        await seat.reach(State.LOGGED_OFF if last else State.WAITING)
        assert seat.center.ledger == [Stored(CallResponse(call_id, "Interested", "by mail"), last)]
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 1


async def test_a_wish_of_the_call_before_does_not_answer_the_next():
    async with seated() as seat:
        await seat.talk()
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        seat.desk._on_next_call_requested(CallResponse("an old call", "Interested"))
        await seat.be_connected()
        assert seat.desk.state is State.CONNECTED
        assert len(seat.center.ledger) == 1


# ----------------------------------------------------------------------------------------------------------- leaving


async def test_staying_leaves_everything_as_it_is():
    async with seated() as seat:
        await seat.log_in()
        press(seat.window, "Leave")
        question = await until(seat.question)
        press(question, "Stay in the queue")
        await until(lambda: not seat.question())
        assert seat.desk.state is State.WAITING
        assert not seat.center.given_up
        await seat.be_connected()


@pytest.mark.parametrize("offered", [True, False])
async def test_leaving_the_queue(offered: bool):
    missing = set() if offered else {Function.KICK_AGENT}
    async with seated(SimulatedCallCenter(set(Function) - missing)) as seat:
        await seat.log_in()
        press(seat.window, "Leave")
        press(await until(seat.question), "Leave")
        await until(seat.reminder.isVisible)
        assert seat.desk.state is State.LOGGED_OFF
        assert seat.center.given_up == [Function.GET_CONNECTION_FOR_AGENT]
        assert seat.center.asked(Function.KICK_AGENT) == int(offered)
        assert ("has ended your phone call" in words(seat.reminder)) == offered
        assert ("still on the line" in words(seat.reminder)) != offered
        press(seat.reminder, "Done")
        await seat.log_in()


async def test_leaving_when_the_phone_is_not_hung_up_says_so():
    async with seated() as seat:
        await seat.log_in()
        seat.center.will(Function.KICK_AGENT, NotReached("no route"))
        press(seat.window, "Leave")
        press(await until(seat.question), "Leave")
        await until(seat.reminder.isVisible)
        assert "still on the line" in words(seat.reminder)


async def test_leaving_a_call_stores_nothing():
    async with seated() as seat:
        await seat.talk()
        press(seat.window, "Leave")
        question = await until(seat.question)
        assert "This call is not stored" in words(question)
        press(question, "Leave")
        await until(seat.reminder.isVisible)
        assert not seat.popup.isVisible()
        assert not seat.center.ledger
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 0


async def test_a_call_that_comes_while_the_question_is_open_closes_it():
    async with seated() as seat:
        await seat.log_in()
        press(seat.window, "Leave")
        await until(seat.question)
        seat.center.connect(a_call())
        await seat.reach(State.CONNECTED)
        await until(lambda: not seat.question())
        assert seat.popup.isVisible()
        assert seat.center.asked(Function.KICK_AGENT) == 0
        seat.fill_in()
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)


async def test_there_is_one_question_at_a_time():
    async with seated() as seat:
        await seat.log_in()
        press(seat.window, "Leave")
        await until(seat.question)
        assert not await seat.desk.may_leave()
        assert len([one for one in QApplication.topLevelWidgets() if isinstance(one, LeaveDialog) and one.isVisible()]) == 1
        press(seat.question(), "Stay in the queue")


@pytest.mark.parametrize("state", [State.SIGNED_OUT, State.EXPECTING_ID])
async def test_quitting_outside_the_queue_asks_nothing(state: State):
    async with seated() as seat:
        if state is State.EXPECTING_ID:
            await seat.call_me()
        assert await seat.desk.may_leave()
        assert not seat.question()


@pytest.mark.parametrize("state", [State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING])
async def test_quitting_in_the_queue_asks_and_waits_until_the_phone_is_hung_up(state: State):
    async with seated() as seat:
        await _reach(seat, state)
        quitting = asyncio.get_running_loop().create_task(seat.desk.may_leave())
        press(await until(seat.question), "Leave")
        await until(seat.reminder.isVisible)
        assert not quitting.done()
        press(seat.reminder, "Done")
        assert await quitting
        assert not seat.login.isVisible()


@pytest.mark.parametrize("state", [State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING])
async def test_whoever_stays_does_not_quit(state: State):
    async with seated() as seat:
        await _reach(seat, state)
        quitting = asyncio.get_running_loop().create_task(seat.desk.may_leave())
        key_to_stay = (await until(seat.question)).reject
        key_to_stay()
        assert not await quitting
        assert seat.desk.state is state


async def test_quitting_after_the_last_call_waits_for_done():
    async with seated() as seat:
        await seat.talk()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        quitting = asyncio.get_running_loop().create_task(seat.desk.may_leave())
        await asyncio.sleep(0)
        assert not quitting.done()
        press(seat.reminder, "Done")
        assert await quitting


async def test_quitting_before_the_reminder_has_come_waits_for_it():
    async with seated() as seat:
        await seat.talk()
        press(seat.popup, "Logoff")
        await seat.reach(State.LOGGED_OFF)
        quitting = asyncio.get_running_loop().create_task(seat.desk.may_leave())
        await until(seat.reminder.isVisible)
        assert not quitting.done()
        press(seat.reminder, "Done")
        assert await quitting


async def _reach(seat: Seat, state: State) -> None:
    """Bring the shift to `state` and keep it there."""
    if state is State.LOGGING_IN:
        await seat.call_me()
        seat.center.will(Function.LOGIN_AGENT, asyncio.Event())
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
    elif state is State.WAITING:
        await seat.log_in()
    else:
        await seat.talk()
        if state is State.SAVING:
            seat.center.will(Function.STORE_AGENT_RESPONSE, asyncio.Event())
            press(seat.popup, "Next Call")
    await seat.reach(state)


# ---------------------------------------------------------------------------------------------------- what is in front


async def test_what_the_tray_brings_forward():
    async with seated() as seat:
        for state, window in (
            (State.SIGNED_OUT, seat.login),
            (State.WAITING, seat.window),
            (State.CONNECTED, seat.window),
            (State.LOGGED_OFF, seat.reminder),
        ):
            if state is State.WAITING:
                await seat.log_in()
            elif state is State.CONNECTED:
                await seat.be_connected()
            elif state is State.LOGGED_OFF:
                press(seat.popup, "Logoff")
                await until(seat.reminder.isVisible)
            seat.desk.tray.show_requested.emit()
            await until(window.isActiveWindow)


async def test_a_popup_that_was_closed_comes_back_from_window_and_tray():
    async with seated() as seat:
        await seat.talk()
        await until(lambda: has(seat.window, Role.Button, "Show call"))
        for bring_back in (lambda: press(seat.window, "Show call"), seat.desk.tray.show_call_requested.emit):
            seat.popup.close()
            assert not seat.popup.isVisible()
            bring_back()
            assert seat.popup.isVisible()
        assert field(seat.popup, "Notes").text() == "by mail"


async def test_a_crash_is_told_in_the_windows():
    async with seated() as seat:
        seat.desk.tell_crash("It failed at “popup”.", "/home/a/nextcall.log")
        for window in (seat.login, seat.window):
            window.show()
            assert message(window).startswith("NextCall has made a mistake It failed at “popup”.")
            assert "/home/a/nextcall.log" in message(window)


# -------------------------------------------------------------------------------------------------- what is remembered


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A memory in which nobody was ever remembered."""
    return a_memory(tmp_path, Settings(service_url=SERVICE))


@pytest.fixture
def remembering(tmp_path: Path) -> Memory:
    """A memory in which the agent's log-in is kept, if there is a keyring."""
    return a_memory(tmp_path)


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    secret_service.enter(monkeypatch)
    return secret_service


def _fill_in(seat: Seat, **entries: str) -> None:
    for name, text in entries.items():
        field(seat.login, {"key": "API key", "campaign": "Campaign ID", "phone": "Phone number"}[name]).setText(text)


async def _saved(seat: Seat, folder: Path) -> tuple[Settings, str]:
    """What is remembered once everything under way has ended."""
    await until(lambda: not seat.under_way("remember"))
    return SettingsFile(folder).load(), await the_vault(folder).key()


async def test_what_is_remembered_is_filled_in_at_the_next_start(keyring: Session, memory: Memory, tmp_path: Path):
    async with seated(memory=memory) as seat:
        await until(seat.login.isActiveWindow)
        _fill_in(seat, key=ACCOUNT.key, campaign="1001", phone="+1 202 555 0143")
        await seat.call_me()
        assert await _saved(seat, tmp_path) == (REMEMBERED, ACCOUNT.key)
    async with seated(memory=a_memory(tmp_path, SettingsFile(tmp_path).load())) as seat:
        await until(lambda: field(seat.login, "API key").text() == ACCOUNT.key)
        assert field(seat.login, "Campaign ID").text() == "1001"
        await until(seat.login.isActiveWindow)
        await seat.log_in()
        assert message(seat.window) == ""


async def test_who_does_not_want_to_be_remembered_is_forgotten(keyring: Session, remembering: Memory, tmp_path: Path):
    await the_vault(tmp_path).keep(ACCOUNT.key)
    SettingsFile(tmp_path).save(REMEMBERED)
    async with seated(memory=remembering) as seat:
        await until(lambda: field(seat.login, "API key").text())
        part(seat.login, Role.CheckBox, "Remember me on this computer").setChecked(False)
        await seat.call_me()
        assert await _saved(seat, tmp_path) == (Settings(service_url=SERVICE, remember=False), "")
    async with seated(memory=a_memory(tmp_path, SettingsFile(tmp_path).load())) as seat:
        assert field(seat.login, "API key").text() == ""
        assert not part(seat.login, Role.CheckBox, "Remember me on this computer").isChecked()


class AskingVault(Vault):
    """A keyring that asks for its password before it keeps anything."""

    password_given = asyncio.Event()

    async def keep(self, key: str) -> None:
        """Keep it once the password is given."""
        await self.password_given.wait()
        await super().keep(key)


async def test_the_agents_last_word_counts_however_slow_the_keyring_is(keyring: Session, remembering: Memory, tmp_path: Path):
    AskingVault.password_given = asyncio.Event()
    remembering._vault = AskingVault(SERVICE, str(tmp_path))
    async with seated(memory=remembering) as seat:
        await until(lambda: not seat.under_way("key"))
        _fill_in(seat, key=ACCOUNT.key)
        await seat.call_me()
        part(seat.login, Role.CheckBox, "Remember me on this computer").setChecked(False)
        press(seat.login, "It didn't ring")
        await until(lambda: seat.center.asked(Function.SEND_AGENT_CALL_BACK) == 2)
        await seat.reach(State.EXPECTING_ID)
        AskingVault.password_given.set()
        assert await _saved(seat, tmp_path) == (Settings(service_url=SERVICE, remember=False), "")


async def test_a_key_that_was_refused_is_not_remembered(keyring: Session, memory: Memory, tmp_path: Path):
    center = SimulatedCallCenter()
    center.will(Function.SEND_AGENT_CALL_BACK, Refused("no such key"))
    async with seated(center, memory) as seat:
        _fill_in(seat, key="wrong", campaign="1001", phone="+1 202 555 0143")
        press(seat.login, "Call me")
        await until(lambda: Refused.title in message(seat.login))
        assert await _saved(seat, tmp_path) == (Settings(), "")


@pytest.mark.skipif(sys.platform == "win32", reason="off the screen, Windows tells of no tray in the same place")
async def test_a_keyring_that_fails_is_told_and_stops_nobody(remembering: Memory):
    async with seated(memory=remembering) as seat:
        await until(lambda: message(seat.login).startswith("The API key could not be read"))
        assert "Please enter it once more." in message(seat.login)
        _fill_in(seat, key=ACCOUNT.key)
        await seat.call_me()
        await until(lambda: message(seat.window).startswith("The API key could not be kept."))
        assert ACCOUNT.key not in message(seat.window)
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
        await seat.reach(State.WAITING)
        assert message(seat.window).startswith("The API key could not be kept."), "the agent sees this window only now"
        await seat.be_connected()


async def test_a_keyring_that_fails_covers_no_failure_that_matters_more(remembering: Memory):
    center = SimulatedCallCenter()
    center.opening.append(NotReached("no route"))
    async with seated(center, memory=remembering) as seat:
        await until(lambda: not seat.under_way("key") and not seat.under_way("contract"))
        assert message(seat.login).startswith("The call center could not be reached.")


async def test_the_keyring_is_asked_only_for_a_log_in_that_is_remembered(tmp_path: Path):
    """It may ask for its password first; here there is none, and whoever asks is told so."""
    for settings in (
        Settings(service_url=SERVICE),
        msgspec.structs.replace(REMEMBERED, remember=False),
        msgspec.structs.replace(REMEMBERED, campaign_id=""),
    ):
        async with seated(memory=a_memory(tmp_path, settings)) as seat:
            assert not seat.under_way("key")
            assert message(seat.login) == ""


async def test_settings_that_cannot_be_kept_are_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    async with seated(memory=a_memory(tmp_path / "a file" / "below")) as seat:
        await until(lambda: not seat.under_way("key"))
        _fill_in(seat, key=ACCOUNT.key)
        await seat.call_me()
        await until(lambda: message(seat.window).startswith("The settings could not be kept."))


async def test_a_practice_remembers_nothing(keyring: Session, tmp_path: Path):
    async with seated() as seat:
        assert field(seat.login, "API key").text() == ACCOUNT.key
        await seat.log_in()
        assert not seat.under_way("remember")


async def test_changed_settings_are_kept_and_told(remembering: Memory, tmp_path: Path):
    async with seated(memory=remembering) as seat:
        told: list[Any] = []
        seat.desk.settings_changed.connect(lambda settings, not_kept: told.append((settings, not_kept)))
        changed = msgspec.structs.replace(REMEMBERED, service_url="https://other.example/?wsdl")
        press(seat.login, "Settings")
        dialog = await until(
            lambda: next((one for one in QApplication.topLevelWidgets() if one.windowTitle() == "Settings"), None)
        )
        field(dialog, "Service address").setText("https://other.example/?wsdl")
        press(dialog, "Save")
        await until(lambda: told)
        assert told == [(changed, None)]
        assert SettingsFile(tmp_path).load() == changed


async def test_the_strip_is_shown_from_the_settings_and_goes_with_them(remembering: Memory):
    def seen(title: str) -> QWidget | None:
        return next((one for one in QApplication.topLevelWidgets() if one.windowTitle() == title and one.isVisible()), None)

    async with seated(memory=remembering) as seat:
        press(seat.login, "Settings")
        dialog = await until(lambda: seen("Settings"))
        turn_to(dialog, "When a call comes")
        for _ in range(2):
            press(dialog, "Test strip")
            strip = await until(lambda: seen("Call strip"))
            assert strip is not seat.desk.coming.strip  # nobody is on the line
            assert message(dialog).startswith("Strip")
        press(dialog, "Cancel")
        assert seen("Call strip") is None


# ------------------------------------------------------------------------------------------------------ notifications


async def test_a_notification_goes_with_its_call(xdesk: XDesk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", xdesk.env["DBUS_SESSION_BUS_ADDRESS"])
    async with seated() as seat:
        seat.popup.setWindowFlags(Qt.WindowType.ToolTip)  # offscreen, any other window takes the keyboard: the call is seen
        await seat.talk(name="Maya Okafor")
        await until(lambda: xdesk.notifications_displayed() == 1)
        shown = xdesk.notifications()[-1]
        assert shown.summary == "NextCall practice: call connected"
        assert "Maya" not in shown.summary + shown.body
        press(seat.popup, "Next Call")
        await until(lambda: xdesk.notifications_displayed() == 0)
        await seat.reach(State.WAITING)
        await seat.be_connected()
        await until(lambda: xdesk.notifications_displayed() == 1)
        press(seat.window, "Leave")
        press(await until(seat.question), "Leave")
        await until(lambda: xdesk.notifications_displayed() == 0)
        await until(lambda: not seat.under_way("notification"))


async def test_the_question_whether_they_are_there_goes_when_the_agent_is_back_and_a_call_stays(
    xdesk: XDesk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", xdesk.env["DBUS_SESSION_BUS_ADDRESS"])
    async with seated() as seat:
        seat.popup.setWindowFlags(Qt.WindowType.ToolTip)  # as above
        await seat.log_in()
        for _absence in range(2):
            seat.desk.tell_forgotten(15)
            await until(lambda: xdesk.notifications()[-1:] and "Still there?" in xdesk.notifications()[-1].summary)
            await until(lambda: xdesk.notifications_displayed() == 1)
            seat.desk.tell_returned()
            await until(lambda: xdesk.notifications_displayed() == 0)
        seat.desk.tell_forgotten(15)
        await seat.be_connected()
        await until(lambda: "call connected" in xdesk.notifications()[-1].summary)
        seat.desk.tell_returned()
        await until(lambda: not seat.under_way("notification"))
        assert xdesk.notifications_displayed() == 1
