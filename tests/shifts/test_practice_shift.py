"""Whole practice shifts by pressing what is on the screen: what the agent typed is in the ledger, to the character."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desktop.app import Options, QtApplication
from desktop.settings.settings import Settings
from desktop.shift.states import State
from desktop.ui.login import LoginDialog
from tests.shifts.agent import at_work, offers, press, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.practice.scenario import Scenario

EVERYDAY = "  Wants 2 × “Pan y poesía” 📚👩🏽‍🚀, not <b>&amp;</b> ]]>\n\tשלום, مرحبا \u200f(rtl)\u200e, 5\u00a0€\n\n"  # noqa: RUF001 - meant so
VERY_LONG = "".join(f"{number:06} said, and we wrote down: yes & no, <maybe> é 漢 😀\n" for number in range(18_000))
CONTROLS = "bell\x07 escape\x1b[31m nul\x00 vertical\x0b form\x0c delete\x7f odd\ufffe end"
CONTROLS_ARRIVED = "bell␇ escape␛[31m nul␀ vertical␋ form␌ delete␡ odd\ufffd end"


async def test_two_shifts(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    assert len(VERY_LONG.encode()) > 1_000_000
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.store("Interested", EVERYDAY)
        await agent.store("Call back later", VERY_LONG)
        await agent.store("Do not call again", CONTROLS, way_on="Logoff")
        await agent.reminded()
        assert "3 calls: 3 stored" in texts(agent.desk.reminder)
        press(agent.site.phone, "Hang up")
        await until(lambda: "Your phone is quiet" in texts(agent.site.phone), "the phone to be hung up")
        await agent.done()
        assert agent.desk.login.isVisible()
        assert not agent.desk.window.isVisible()

        await agent.log_in()
        assert agent.stored() == 0
        await agent.store("Wrong number")
        await agent.store("Language barrier", "ليلى", way_on="Logoff")
        await agent.done()

        ledger = agent.ledger()
    got = [(one["agentResponse"], one["agentNotes"], one["lastcall"]) for call in ledger for one in call["responses"]]
    assert got == [
        ("Interested", EVERYDAY, False),
        ("Call back later", VERY_LONG, False),
        ("Do not call again", CONTROLS_ARRIVED, True),
        ("Wrong number", "", False),
        ("Language barrier", "ليلى", True),
    ]
    assert [len(call["responses"]) for call in ledger] == [1] * 5
    assert [call["phonenumber"] for call in ledger] == [person.phonenumber for person in quick.people[:5]]
    agents = [call["agent"] for call in ledger]
    assert agents[0] == agents[1] == agents[2] != agents[3] == agents[4]


async def test_control_characters_that_were_not_pasted(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    """An input method or another program may set them past the field's own paste."""
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.take_call()
        agent.desk.popup._notes.setPlainText(CONTROLS)
        await agent.store("Interested", way_on="Logoff")
        await agent.done()
        assert [call["responses"][0]["agentNotes"] for call in agent.ledger()] == [CONTROLS_ARRIVED]


async def test_nothing_is_stored_without_a_disposition(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.take_call()
        for way_on in ("Next Call", "Logoff"):
            press(agent.desk.popup, way_on)
            assert "Choose a disposition" in agent.told()
            assert agent.state is State.CONNECTED
        assert [call["responses"] for call in agent.ledger()] == [[]]


async def test_the_popup_can_be_closed_and_comes_back_as_it_was(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Interested", "half a sent")
        agent.desk.popup.close()
        assert not agent.desk.popup.isVisible()
        assert agent.state is State.CONNECTED
        press(agent.desk.window, "Show call")
        press(agent.desk.popup, "Logoff")
        await agent.done()
        [call] = agent.ledger()
        assert [(one["agentResponse"], one["agentNotes"]) for one in call["responses"]] == [("Interested", "half a sent")]


async def test_whoever_asks_for_two_desks_at_once_gets_one(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    def log_ins() -> list[str]:
        return [one.windowTitle() for one in qapp.topLevelWidgets() if isinstance(one, LoginDialog) and one.isVisible()]

    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        for _ in range(2):  # a double click, before anything comes of its first half
            agent.desk.settings_changed.emit(Settings(service_url="http://127.0.0.1:1/?wsdl"), None)
        await until(lambda: agent.app.site is not None and agent.site.service is None, "the live desk")
        await until(lambda: "change desk" not in {task.get_name() for task in asyncio.all_tasks()}, "the end of the change")
        await until(log_ins, "the log-in dialog")
        assert log_ins() == ["Log in"]
        assert agent.site.journal.lasting


async def test_leaving_the_practice_and_coming_back(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path, service_url="http://127.0.0.1:1/?wsdl"), quick) as agent:
        assert offers(agent.desk.login, "End practice")
        press(agent.desk.login, "End practice")
        await until(lambda: agent.app.site is not None and agent.site.service is None, "the live desk")
        await until(lambda: "takes no connections" in agent.told(), "what is wrong with the address")
        press(agent.desk.login, "Practice")
        await until(lambda: agent.app.site is not None and agent.site.service is not None, "the practice desk")
        await agent.log_in()
        await agent.store("Interested", "again", way_on="Logoff")
        await agent.done()
