"""Kicked, and a campaign that stops, in every state: words that say what happened, notes that are kept, and the right way on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTreeWidget

from desktop.callcenter.model import Function
from desktop.practice.mischief import Kick, SoapFault
from desktop.shift import session as session_module
from desktop.shift.journal import Journal, Settled
from desktop.shift.states import State
from tests.practice.outside import Dice
from tests.shifts.agent import (
    Agent,
    LiveShift,
    at_work_live,
    named,
    offers,
    paste_into,
    press,
    texts,
    type_into,
    until,
    window_titled,
)

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.app import QtApplication
    from desktop.practice.server import PracticeService
    from tests.shifts.line import Line

STORE, WAIT, LOG_IN = Function.STORE_AGENT_RESPONSE, Function.GET_CONNECTION_FOR_AGENT, Function.LOGIN_AGENT
NOT_RUNNING = "The campaign is not running, so nobody is connected to you. You can wait, or leave."

Opened = Callable[[], AbstractAsyncContextManager[LiveShift]]


@pytest.fixture
def opened(qapp: QtApplication, tmp_path: Path, service: PracticeService) -> Opened:
    """Opens a live desk, straight at the service."""
    return lambda: at_work_live(qapp, tmp_path, service, service)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a campaign is asked about it every tenth of a second."""
    monkeypatch.setattr(session_module, "STANDSTILL_PAUSE", 0.1)
    monkeypatch.setattr(session_module, "_ACCEPTED", 0.3)


async def says(agent: Agent, *words: str) -> None:
    """Wait until the messages in the windows have all these words."""
    for one in words:
        await until(lambda one=one: one in agent.told(), f"“{one}”", told=agent.told)


async def stands_still(agent: Agent, words: str = NOT_RUNNING) -> None:
    await until(lambda: words in texts(agent.desk.window), words, told=lambda: " | ".join(texts(agent.desk.window)))
    assert agent.state is State.WAITING
    assert "Line to the call center: connected" in texts(agent.desk.window)


async def runs_again(agent: Agent) -> None:
    await until(lambda: NOT_RUNNING not in texts(agent.desk.window), "the standstill to end")


def kept_notes(agent: Agent) -> list[tuple[str, str, str]]:
    """Caller, disposition and why, of the calls that are listed."""
    calls = named(agent.desk._kept_notes.window, QTreeWidget, "Calls with kept notes")
    rows = [calls.topLevelItem(row) for row in range(calls.topLevelItemCount())]
    return [(row.text(1), row.text(2), row.text(3)) for row in rows]


# ------------------------------------------------------------------------------------------------------ kicked, waiting


async def test_kicked_while_waiting_with_notes_of_somebody(opened: Opened, dice: Dice) -> None:
    dice.enough = True
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        press(agent.desk.window, "I hear someone")
        paste_into(agent.desk.popup, "Notes", "asked for the manager")
        await shift.be_kicked()
        await says(
            agent,
            "You are no longer logged in.",
            "a supervisor hung up the phone",
            "What you noted of somebody who was never named is under “Kept notes”.",
        )
        await says(agent, "If you still hear something, hang up your phone. To go on, log in again.")
        assert not agent.desk.popup.isVisible()
        await until(lambda: offers(agent.desk.login, "Kept notes (1)"), "the way to the notes")
        press(agent.desk.login, "Kept notes (1)")
        window = await until(lambda: window_titled("Kept notes"), "the notes")
        await until(lambda: kept_notes(agent) == [("Somebody whom you heard", "", "never told who it was")], "the call")
        assert named(window, QPlainTextEdit, "What you noted").toPlainText() == "asked for the manager"
        press(window, "Copy")
        assert QApplication.clipboard().text().endswith(", Somebody whom you heard\nasked for the manager")
        press(window, "Put away")
        await until(lambda: not offers(agent.desk.login, "Kept notes (1)"), "them to be put away")
        press(window, "Undo")
        await until(lambda: offers(agent.desk.login, "Kept notes (1)"), "them to be back")
        press(window, "Close")
        dice.enough = False
        await agent.log_in()
        await agent.store("Interested", way_on="Logoff")
        await agent.done()
        assert offers(agent.desk.login, "Kept notes (1)")
    async with opened() as shift:  # and at the next start
        await until(lambda: offers(shift.agent.desk.login, "Kept notes (1)"), "the way to the notes")


async def test_kicked_before_any_call(opened: Opened, dice: Dice) -> None:
    dice.enough = True
    async with opened() as shift:
        await shift.agent.log_in()
        await shift.be_kicked()
        await says(shift.agent, "a supervisor hung up the phone", "No call was connected.")
        assert not any("Kept notes" in text for text in texts(shift.agent.desk.login))


async def test_kicked_while_the_campaign_is_not_running(opened: Opened) -> None:
    async with opened() as shift:
        agent = shift.agent
        await shift.stop_campaign()
        await agent.log_in()
        await stands_still(agent)
        await shift.be_kicked()
        await says(agent, "You are no longer logged in.", "a supervisor hung up the phone")


async def test_kicked_before_the_log_in(opened: Opened) -> None:
    async with opened() as shift:
        agent = shift.agent
        agent_id = await agent.call_me()
        await shift.be_kicked()
        type_into(agent.desk.login, "Agent ID", agent_id)
        press(agent.desk.login, "Log in")
        await says(agent, "You are not logged in. ", "the phone is not connected", "Press “Call me”, stay on the line")
        await agent.log_in()
        await agent.store("Interested", way_on="Logoff")
        await agent.done()


# ---------------------------------------------------------------------------------------------------- kicked, connected


async def test_kicked_while_typing_and_logoff_stores_it(opened: Opened) -> None:
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Call back later", "was in the middle of")
        await shift.be_kicked()
        press(agent.desk.popup, "Next Call")
        await says(agent, "You are no longer logged in.", "“Logoff” stores them and ends your shift.")
        assert not offers(agent.desk.popup, "Leave")
        paste_into(agent.desk.popup, "Notes", " a sentence")
        press(agent.desk.popup, "Logoff")
        await agent.reminded()
        assert any("The call center has ended your phone call." in text for text in texts(agent.desk.reminder))
        assert not offers(agent.desk.reminder, "Kept notes (1)")
        await agent.done()
        assert shift.responses() == [[("Call back later", "was in the middle of a sentence", True)]]


async def test_kicked_at_a_call_center_that_takes_no_last_call_either(
    opened: Opened, service: PracticeService, line: Line
) -> None:
    """The agent is not trapped: what was typed is kept, and shown where that is, also at the next start."""
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Call back later", "was in the middle of")
        await shift.be_kicked()
        service.plan_mischief([SoapFault(function=STORE, probability=1, text="Agent 4711 is not logged in.")])
        press(agent.desk.popup, "Next Call")
        await says(agent, "“Logoff” stores them and ends your shift.")
        press(agent.desk.popup, "Logoff")
        await says(agent, "“Leave” ends your shift and lists them under “Kept notes”.")
        paste_into(agent.desk.popup, "Notes", " a sentence")
        press(agent.desk.popup, "Leave")
        question = await until(lambda: window_titled("Leave NextCall?"), "the question")
        words = "what you entered is listed under “Kept notes”, and your phone stays as it is: make sure that it is hung up."
        assert any(words in text for text in texts(question))
        press(question, "Leave")
        await agent.reminded()
        assert any("The call center has ended your phone call." in text for text in texts(agent.desk.reminder))
        assert "1 call: 1 refused" in texts(agent.desk.reminder)
        await until(lambda: offers(agent.desk.reminder, "Kept notes (1)"), "the way to the notes")
        record = await agent.site.journal.shift(agent.desk._session.number)
        assert [entry.settled for entry in record.entries] == [Settled.REFUSED]
        await agent.done()
        assert Function.KICK_AGENT not in [done["function"] for done in service.mischief()["done"]]
    async with opened() as shift:
        agent = shift.agent
        assert agent.desk.recovery is None
        await until(lambda: offers(agent.desk.login, "Kept notes (1)"), "the way to the notes")
        press(agent.desk.login, "Kept notes (1)")
        window = await until(lambda: window_titled("Kept notes"), "the notes")
        await until(lambda: [one[1:] for one in kept_notes(agent)] == [("Call back later", "refused")], "the call")
        assert named(window, QPlainTextEdit, "What you noted").toPlainText() == "was in the middle of a sentence"


# -------------------------------------------------------------------------------------------------------- kicked, saving


async def test_kicked_while_saving(opened: Opened, service: PracticeService) -> None:
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Interested", "just in time")
        service.plan_mischief([Kick(function=STORE)])
        press(agent.desk.popup, "Next Call")
        await says(agent, "This call is not stored; your entries are still here. “Logoff” stores them and ends your shift.")
        assert named(agent.desk.popup, QPlainTextEdit, "Notes").toPlainText() == "just in time"
        press(agent.desk.popup, "Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "just in time", True)]]


async def test_kicked_after_it_was_stored_and_before_the_answer(live_shift: Opened, line: Line, dice: Dice) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        dice.enough = True
        answers = line.hold(STORE)
        agent.fill_in("Interested", "just in time")
        press(agent.desk.popup, "Next Call")
        await until(lambda: shift.responses() == [[("Interested", "just in time", False)]], "the response to be there")
        assert agent.state is State.SAVING
        await shift.be_kicked()
        answers.set()
        await says(agent, "a supervisor hung up the phone", "1 call: 1 stored.")
        assert agent.desk.login.isVisible()


async def test_kicked_while_nobody_knows_whether_it_is_stored(live_shift: Opened, line: Line, tmp_path: Path) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        line.lose_answer(STORE)
        agent.fill_in("Interested", "perhaps")
        press(agent.desk.popup, "Next Call")
        await says(agent, "Not sure whether the call center has this")
        line.cut()  # so that it is not sent again before the agent is kicked
        await shift.be_kicked()
        line.mend()
        await says(agent, "You are no longer logged in.", "1 call: 1 not sure.")
        await says(agent, "NextCall asks you at its next start about what is not sure.")
        assert shift.responses() == [[("Interested", "perhaps", False)]]
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    [record] = await journal.unfinished()  # which is what the next start asks about
    await journal.close()
    assert [entry.settled for entry in record.entries] == [Settled.UNSURE]


# ----------------------------------------------------------------------------------------------------- a campaign stops


async def test_stopped_and_started_while_waiting(opened: Opened, dice: Dice) -> None:
    dice.enough = True
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await shift.stop_campaign()
        await stands_still(agent)
        [row] = [text for text in texts(agent.desk.window) if "Campaign 1 is not running" in text]
        assert row.startswith("Since ")
        assert agent.desk.tray._icon.toolTip() == "NextCall - Waiting for a call: the campaign is not running"
        await shift.start_campaign()
        await runs_again(agent)
        assert agent.state is State.WAITING
        assert agent.desk.tray._icon.toolTip() == "NextCall - Waiting for a call"
        await shift.stop_campaign()
        await stands_still(agent)
        dice.enough = False


async def test_a_campaign_that_is_not_running_yet(opened: Opened) -> None:
    async with opened() as shift:
        agent = shift.agent
        await shift.stop_campaign()
        await agent.log_in()
        await stands_still(agent)
        await shift.start_campaign()
        await agent.store("Interested", way_on="Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "", True)]]


async def test_who_does_not_want_to_wait_leaves(opened: Opened) -> None:
    async with opened() as shift:
        agent = shift.agent
        await shift.stop_campaign()
        await agent.log_in()
        await stands_still(agent)
        press(agent.desk.window, "Leave")
        press(await until(lambda: window_titled("Leave NextCall?"), "the question"), "Leave")
        await agent.done()


async def test_stopped_while_typing(opened: Opened) -> None:
    """A connected call goes on, and is stored; only then there is nobody next."""
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Interested", "half a")
        await shift.stop_campaign()
        paste_into(agent.desk.popup, "Notes", " sentence")
        press(agent.desk.popup, "Next Call")
        await stands_still(agent)
        assert not agent.desk.popup.isVisible()
        assert agent.stored() == 1
        assert shift.responses() == [[("Interested", "half a sentence", False)]]


async def test_stopped_while_saving(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        answers = line.hold(STORE)
        agent.fill_in("Interested", "in time")
        press(agent.desk.popup, "Next Call")
        await until(shift.responses, "the response to be there")
        await shift.stop_campaign()
        answers.set()
        await stands_still(agent)
        assert agent.stored() == 1


async def test_a_log_in_that_is_refused_for_the_campaign(opened: Opened, service: PracticeService) -> None:
    service.plan_mischief([SoapFault(function=LOG_IN, text="Campaign 1 is not running.")])
    async with opened() as shift:
        agent = shift.agent
        agent_id = await agent.call_me()
        type_into(agent.desk.login, "Agent ID", agent_id)
        press(agent.desk.login, "Log in")
        await says(agent, "The campaign is not running. Campaign 1 is not running. You are not logged in.", "Ask your team lead")
        assert named(agent.desk.login, QLineEdit, "Agent ID").text() == agent_id
        press(agent.desk.login, "Log in")
        await agent.take_call()


async def test_a_response_that_is_refused_for_the_campaign(opened: Opened, service: PracticeService) -> None:
    """Not the practice service's way, but another one's perhaps."""
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Interested", "half a")
        service.plan_mischief([SoapFault(function=STORE, text="Campaign 1 has been stopped.")])
        press(agent.desk.popup, "Next Call")
        await says(
            agent, "The campaign is not running. Campaign 1 has been stopped. This call is not stored; your entries are still"
        )
        press(agent.desk.popup, "Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "half a", True)]]


@pytest.mark.parametrize("words", ["The key is not valid.", "Campaign 1 is unknown."])
async def test_a_key_or_a_campaign_that_is_no_more(opened: Opened, service: PracticeService, dice: Dice, words: str) -> None:
    dice.enough = True
    refused = "The call center refuses, so nobody is connected to you. Show this to your team lead. You can wait, or leave."
    async with opened() as shift:
        agent = shift.agent
        await agent.log_in()
        await until(lambda: "Line to the call center: connected" in texts(agent.desk.window), "the line")
        service.plan_mischief([SoapFault(function=WAIT, probability=1, text=words)])
        agent.desk.rearm()  # as after sleep: else a wait that is under way goes on
        await stands_still(agent, refused)
        assert any(f"the call center says: “{words.rstrip('.')}”" in text for text in texts(agent.desk.window))
        assert agent.desk.tray._icon.toolTip() == "NextCall - Waiting for a call: the call center refused"
        service.plan_mischief([])
        dice.enough = False
        press(agent.desk.window, "Leave")
        press(await until(lambda: window_titled("Leave NextCall?"), "the question"), "Leave")
        await agent.done()
