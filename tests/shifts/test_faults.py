"""What an agent reads, and what becomes of the work, when the line or the call center fails in the middle of a shift."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPlainTextEdit

from desktop.callcenter.model import Function
from desktop.settings.settings import Settings, SettingsFile
from desktop.shift.states import State
from tests.practice.outside import PHONE, Dice
from tests.shifts.agent import KEY, LiveShift, named, offers, press, texts, type_into, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shifts.line import Line

PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

Opened = Callable[[], AbstractAsyncContextManager[LiveShift]]


async def test_a_service_that_is_not_there_yet(live_shift: Opened, line: Line) -> None:
    async with live_shift() as shift:
        agent = shift.agent
        await until(lambda: "takes no connections" in agent.told(), "what is wrong")
        press(agent.desk.login, "Call me")
        await until(lambda: "Your phone was not called." in agent.told(), "what became of it")
        assert agent.state is State.SIGNED_OUT
        line.mend()
        await agent.log_in()
        await agent.store("Interested", "at last", way_on="Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "at last", True)]]


async def test_log_in_on_a_phone_that_is_still_connected(live_shift: Opened, line: Line, tmp_path: Path) -> None:
    """After a crash of this computer the agent types the ID again, and the description has not been read yet."""
    line.mend()
    async with live_shift() as shift:
        agent_id = await shift.agent.call_me()
    line.cut()
    shutil.rmtree(tmp_path / "contracts")
    async with live_shift() as shift:
        await until(lambda: "takes no connections" in shift.agent.told(), "what is wrong")
        line.mend()
        type_into(shift.agent.desk.login, "Agent ID", agent_id)
        press(shift.agent.desk.login, "Log in")
        await shift.agent.store("Interested", way_on="Logoff")
        await shift.agent.done()
        assert [call["agent"] for call in shift.service.ledger()] == [agent_id]


async def test_a_wrong_key(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        type_into(agent.desk.login, "API key", KEY[:-1])
        press(agent.desk.login, "Call me")
        await until(lambda: "The key is not valid." in agent.told(), "the service's words")
        assert "The call center refused." in agent.told()
        assert agent.state is State.SIGNED_OUT
        type_into(agent.desk.login, "API key", KEY)
        await agent.log_in()


async def test_the_line_breaks_while_a_call_is_awaited(live_shift: Opened, line: Line) -> None:
    line.mend()
    line.hold(Function.GET_CONNECTION_FOR_AGENT)
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await until(lambda: Function.GET_CONNECTION_FOR_AGENT in line.asked, "the question for a call")
        line.cut()
        await until(lambda: any("Reconnecting since" in text for text in texts(agent.desk.window)), "the window to say so")
        assert agent.state is State.WAITING
        await until(lambda: any("takes no connections" in text for text in texts(agent.desk.window)), "why")
        line._mischief.clear()
        line.mend()
        await agent.store("Interested", "recovered by itself", way_on="Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "recovered by itself", True)]]


async def test_the_line_recovers_before_the_next_call(live_shift: Opened, line: Line, dice: Dice) -> None:
    """A line that is well again says so at once, not when somebody is connected."""
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        dice.enough = True
        await agent.store("Interested")
        await until(lambda: "Line to the call center: connected" in texts(agent.desk.window), "the line")
        line.cut()
        await until(lambda: any("Reconnecting since" in text for text in texts(agent.desk.window)), "the window to say so")
        line.mend()
        await until(lambda: "Line to the call center: connected" in texts(agent.desk.window), "the line to be well")
        assert agent.state is State.WAITING


async def test_the_answer_to_a_response_is_lost(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        line.lose_answer(Function.STORE_AGENT_RESPONSE)
        agent.fill_in("Call back later", "Tuesday, “after” 3 😀")
        press(agent.desk.popup, "Next Call")
        await until(lambda: "Not sure whether the call center has this" in agent.told(), "the unknown outcome")
        assert agent.state is State.SAVING
        assert named(agent.desk.popup, QPlainTextEdit, "Notes").toPlainText() == "Tuesday, “after” 3 😀"
        assert named(agent.desk.popup, QListWidget, "Disposition").selectedItems()[0].text() == "Call back later"
        await until(lambda: agent.stored() == 1, "the response to be sent again by itself, and stored")
        await agent.store("Interested", way_on="Logoff")
        await agent.done()
        once = ("Call back later", "Tuesday, “after” 3 😀", False)
        assert shift.responses() == [[once, once], [("Interested", "", True)]]


async def test_a_proxy_answers_in_the_place_of_the_call_center(live_shift: Opened, line: Line) -> None:
    line.mend()
    page = ("502 Bad Gateway", "text/html", PROXY_PAGE)
    async with live_shift() as shift:
        agent = shift.agent
        line.answer(Function.SEND_AGENT_CALL_BACK, *page)
        press(agent.desk.login, "Call me")
        await until(lambda: "502 Bad Gateway" in agent.told(), "what the proxy said")
        assert "Your phone may ring all the same" in agent.told()
        assert agent.state is State.EXPECTING_ID
        agent_id = await agent.call_me()

        line.answer(Function.LOGIN_AGENT, *page)
        type_into(agent.desk.login, "Agent ID", agent_id)
        press(agent.desk.login, "Log in")
        await until(lambda: "502 Bad Gateway" in agent.told(), "what the proxy said")
        assert named(agent.desk.login, QLineEdit, "Agent ID").text() == agent_id

        line.answer(Function.GET_CONNECTION_FOR_AGENT, *page)
        press(agent.desk.login, "Log in")
        await agent.take_call()

        line.answer(Function.STORE_AGENT_RESPONSE, *page)
        agent.fill_in("Interested", "kept")
        press(agent.desk.popup, "Logoff")
        await until(lambda: "Not sure whether the call center has this" in agent.told(), "the unknown outcome")
        assert shift.responses() == [[]]
        await agent.done()
        assert shift.responses() == [[("Interested", "kept", True)]]


@pytest.mark.parametrize(
    ("ends", "words"), [("be_kicked", "a supervisor hung up the phone"), ("hang_up_the_phone", "the phone was hung up")]
)
async def test_the_shift_is_ended_while_a_call_is_awaited(
    live_shift: Opened, line: Line, dice: Dice, ends: str, words: str
) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        dice.enough = True
        await agent.store("Interested", "before the end")
        await agent.reach(State.WAITING)
        await getattr(shift, ends)()
        await agent.reach(State.SIGNED_OUT)
        await until(lambda: "You are no longer logged in" in agent.told(), "the words")
        assert words in agent.told()
        assert agent.desk.login.isVisible()
        assert not agent.desk.window.isVisible()
        dice.enough = False
        await agent.log_in()
        await agent.store("Wrong number", way_on="Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "before the end", False)], [("Wrong number", "", True)]]


@pytest.mark.parametrize(
    ("ends", "words"), [("be_kicked", "a supervisor hung up the phone"), ("hang_up_the_phone", "the phone was hung up")]
)
async def test_the_shift_is_ended_while_the_agent_types(live_shift: Opened, line: Line, ends: str, words: str) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Call back later", "was in the middle of")
        await getattr(shift, ends)()
        press(agent.desk.popup, "Next Call")
        await until(lambda: words in agent.told(), "the call center's words")
        assert "“Logoff” stores them and ends your shift." in agent.told()
        assert shift.responses() == [[]]
        assert named(agent.desk.popup, QPlainTextEdit, "Notes").toPlainText() == "was in the middle of"
        press(agent.desk.popup, "Logoff")
        await agent.done()
        assert shift.responses() == [[("Call back later", "was in the middle of", True)]]
        assert offers(agent.desk.login, "Call me")


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # jeepney's, when the notification is given up as well
async def test_a_keyring_that_never_answers(
    live_shift: Opened, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be waiting for its password behind other windows; the agent has not to wait for it."""
    line.mend()
    SettingsFile(tmp_path).save(Settings(campaign_id="1", phone_number=PHONE))  # else nobody would ask the keyring
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "bus"))
        bus.listen()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        async with live_shift() as shift:
            assert named(shift.agent.desk.login, QLineEdit, "API key").placeholderText() == "asking your keyring …"
            await shift.agent.log_in()
            await shift.agent.store("Interested", way_on="Logoff")
            await shift.agent.done()
            assert shift.responses() == [[("Interested", "", True)]]
    (tmp_path / "bus").unlink()
