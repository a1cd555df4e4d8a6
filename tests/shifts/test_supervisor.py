"""A team lead beside agents at work, all at one practice service: what the lead does, the agents meet, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QTreeView

from desktop.app import Options
from desktop.settings.settings import Settings, SettingsFile
from desktop.shift import session
from desktop.shift.states import State
from tests.practice.conftest import php  # noqa: F401  a fixture
from tests.shifts.agent import KEY, at_work, choose, offers, paste_into, press, texts, type_into, until
from tests.shifts.foreign import Dialer, ForeignCallCenter
from tests.shifts.lead import Lead, PhpLead, WindowLead, agent_at, leading
from tests.shifts.test_foreign_service import rows

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.app import QtApplication
    from desktop.practice.scenario import Scenario
    from desktop.practice.server import PracticeService

MAYA_PHONE, BO_PHONE = "+1 202 555 0143", "+1 202 555 0144"
ACTS = ("Start campaign", "Stop campaign", "Kick agent")
HARBOUR = 2
"""A campaign of the practice that is not running when it begins."""


async def a_day(lead: Lead, service: PracticeService, folder: Path) -> None:
    """Start, calls flow; stop, none flow; an agent is kicked while typing and loses nothing; start, they flow again."""
    async with (
        agent_at(service, MAYA_PHONE, HARBOUR, folder / "maya.db") as maya,
        agent_at(service, BO_PHONE, HARBOUR, folder / "bo.db") as bo,
    ):
        # The campaign does not run: they are told so
        await maya.log_in()
        await bo.log_in()
        for agent in (maya, bo):
            await until(lambda agent=agent: "not running" in agent.screen(), "that the campaign is not running", told=agent.told)
        assert service.ledger() == []

        # Started: calls flow
        await lead.start(HARBOUR)
        await maya.store("Interested", "one of Maya's")
        await bo.store("Interested", "one of Bo's")
        for agent in (maya, bo):
            await agent.take_call()

        # Stopped in the middle of both calls: these go on, and no other comes
        await lead.stop(HARBOUR)
        assert (maya.state, bo.state) == (State.CONNECTED, State.CONNECTED)
        await maya.store("Interested", "stored after the stop")
        await until(lambda: "not running" in maya.screen(), "that the campaign is not running", told=maya.told)
        assert maya.state is State.WAITING
        before = len(service.ledger())

        # Bo is kicked while typing
        choose(bo.desk.popup, "Interested")
        paste_into(bo.desk.popup, "Notes", "half a sent")
        await lead.kick(bo.agent_id, HARBOUR)
        while await bo.kept_drafts() != ["half a sent"]:
            await asyncio.sleep(0.01)
        press(bo.desk.popup, "Next Call")
        await until(lambda: "still here" in bo.told(), "what became of the call", told=bo.told)
        assert bo.entered() == "half a sent"
        press(bo.desk.popup, "Logoff")
        await bo.reminded()

        # Nobody was connected since the stop; started again, they come to who is still there
        assert len(service.ledger()) == before
        await lead.start(HARBOUR)
        await maya.take_call()
        assert len(service.ledger()) == before + 1
        maya.fill_in("Interested", "the last")
        press(maya.desk.popup, "Logoff")
        await maya.reminded()
        await bo.done()
        await maya.done()

    notes = sorted(response["agentNotes"] for call in service.ledger() for response in call["responses"])
    assert notes == ["half a sent", "one of Bo's", "one of Maya's", "stored after the stop", "the last"]
    assert all(len(call["responses"]) == 1 for call in service.ledger())


def addresses(service: PracticeService) -> tuple[str, str]:
    return service.service_url, service.broadcast_url


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "STANDSTILL_PAUSE", 0.2)


async def test_a_lead_in_the_window(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path / "lead", *addresses(service)) as lead:
        await lead.sign_in()
        await a_day(lead, service, tmp_path)
        outcomes = [(record.function, record.outcome) for record in await lead.records()]
    assert outcomes == [(name, "done") for name in ("startCampaign", "kickAgent", "stopCampaign", "startCampaign")]


async def test_a_lead_in_php(qapp: QtApplication, service: PracticeService, tmp_path: Path, php: str) -> None:  # noqa: F811
    await a_day(PhpLead(php, service), service, tmp_path)


# ---------------------------------------------------------------------------------------------------- clear sentences


async def test_a_wrong_key(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path, *addresses(service)) as lead:
        await lead.sign_in("some-other-account's")
        press(lead.window, "Start campaign")
        told = await lead.told("refused")
        assert told == (
            "The call center refused. The key is not valid. The campaign is as it was. Check what you entered, and the key."
        )
        assert lead.answers() == ["Start Lantern (1): the call center refused: The key is not valid. The campaign is as it was."]
        press(lead.window, "Sign out")
        await lead.sign_in()
        await lead.start(1)
        assert [(one.outcome, one.answer) for one in await lead.records()] == [("done", ""), ("refused", "The key is not valid.")]


async def test_an_unknown_campaign(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path, *addresses(service), {7: "Seven"}) as lead:
        await lead.sign_in()
        press(lead.window, "Stop campaign")
        await lead.confirm("Campaign ID or name", "  seven ", "Stop campaign")
        told = await lead.told("refused")
        assert told.startswith("The call center refused. Campaign 7 is unknown. The campaign is as it was.")


async def test_an_unknown_agent(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path, *addresses(service)) as lead:
        await lead.sign_in()
        await lead.ask_to_kick("9999", 1)
        told = await lead.told("not hung up")
        assert told == (
            "The call center refused. This agent id is unknown. The agent's phone was not hung up. "
            "Check what you entered, and the key."
        )
        [record] = await lead.records()
        assert (record.agent_id, record.reason, record.outcome) == ("9999", "a test", "refused")


async def test_starting_twice(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path, *addresses(service)) as lead:
        await lead.sign_in()
        await lead.start(1)
        await lead.start(1)
        assert [words for words in lead.answers() if "done." in words] == lead.answers()
        assert len(lead.answers()) == 2


async def test_an_agent_who_has_gone(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with (
        leading(qapp, tmp_path, *addresses(service)) as lead,
        agent_at(service, MAYA_PHONE, 1, tmp_path / "maya.db") as maya,
    ):
        await lead.sign_in()
        await maya.log_in()
        agent_id = maya.agent_id
        service.hang_up(MAYA_PHONE)
        await lead.ask_to_kick(agent_id, 1)
        told = await lead.told("not hung up")
        assert told.startswith(f"The call center refused. Agent {agent_id} is not logged in: the phone was hung up.")


async def test_a_service_without_the_functions_has_no_buttons_for_them(
    qapp: QtApplication, service: PracticeService, tmp_path: Path
) -> None:
    async with leading(qapp, tmp_path, service.service_url) as lead:  # which starts and stops nothing
        await lead.sign_in()
        assert [name for name in ACTS if offers(lead.window, name)] == ["Kick agent"]
        assert "This service cannot start campaigns or stop campaigns." in " ".join(texts(lead.window))


async def test_a_call_center_of_another_make_that_can_do_nothing_of_it(qapp: QtApplication, tmp_path: Path) -> None:
    with ForeignCallCenter(Dialer(KEY, [])) as center:
        async with leading(qapp, tmp_path, center.service_url) as lead:
            await lead.sign_in()
            assert not any(offers(lead.window, name) for name in ACTS)
            assert "cannot start campaigns or stop campaigns or hang up agents." in " ".join(texts(lead.window))


# ------------------------------------------------------------------------------------------- what the description adds


async def test_a_later_function_that_tells(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with (
        leading(qapp, tmp_path, *addresses(service)) as lead,
        agent_at(service, MAYA_PHONE, 1, tmp_path / "maya.db") as maya,
    ):
        await maya.log_in()
        await maya.store("Interested", "the first")
        await maya.take_call()
        await lead.sign_in()
        functions = await lead.open_function("Get agent stats")
        type_into(functions, "Agent ID", "9999")
        press(functions, "Ask the call center")
        await until(lambda: "This agent id is unknown. Nothing was changed." in lead.heard(functions), "a refusal")
        type_into(functions, "Agent ID", maya.agent_id)
        press(functions, "Ask the call center")
        await until(lambda: "Done at" in lead.heard(functions), "the answer")
        [answer] = [view for view in functions.findChildren(QTreeView) if view.isVisible()]
        stats = dict(rows(answer))
        assert (stats["Agent ID"], stats["State"], stats["Calls connected"]) == (maya.agent_id, "connected", "2")
        assert stats["Responses stored"] == "1"


async def test_a_later_function_that_changes_something(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with leading(qapp, tmp_path, *addresses(service)) as lead:
        await lead.sign_in()
        functions = await lead.open_function("Update ratio")
        for typed, said in (("", "This is needed."), ("many", "Write a number"), ("99", "10")):
            type_into(functions, "Ratio", typed)
            press(functions, "Ask the call center")
            if typed == "99":
                press(await until(lead.question, "the question"), "Ask for it")
            await until(lambda said=said: any(said in text for text in texts(functions)), said)
            assert not any("Done at" in text for text in texts(functions))
        type_into(functions, "Ratio", "2,5")
        press(functions, "Ask the call center")
        question = await until(lead.question, "the question")
        assert any("Ratio: 2.5" in text for text in texts(question))
        press(question, "Ask for it")
        await until(lambda: "returned nothing" in lead.heard(functions), "the answer")
        records = await lead.records()
        assert [(one.function, dict(one.values), one.outcome) for one in records] == [
            ("updateRatio", {"ratio": "2.5"}, "done"),
            ("updateRatio", {"ratio": "99"}, records[1].outcome),
        ]
        assert records[1].outcome in {"not sent", "refused"}


# ------------------------------------------------------------------------------------------------- where it is offered


async def test_it_is_hidden_unless_it_is_switched_on(qapp: QtApplication, service: PracticeService, tmp_path: Path) -> None:
    async with at_work(qapp, Options(service_url=service.service_url, data_dir=tmp_path)) as agent:
        assert agent.site.supervising is None
        assert not offers(agent.desk.login, "Supervisor")
        assert not any(action.text() == "Supervisor …" and action.isVisible() for action in agent.desk.tray._menu.actions())


async def test_a_lead_practises(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    SettingsFile(tmp_path).save(Settings(supervisor=True))
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        lead = WindowLead(agent.app)
        [offered] = [action for action in agent.desk.tray._menu.actions() if action.text() == "Supervisor …"]
        assert offered.isVisible()
        offered.trigger()
        press(lead.window, "Sign in")  # the key is filled in
        await until(lambda: offers(lead.window, "Start campaign"), "what the call center offers")
        await lead.start(HARBOUR)
        await agent.log_in()  # in campaign 1, which runs
        await agent.take_call()
        await lead.stop(1)
        agent.fill_in("Interested", "a practice")
        press(agent.desk.popup, "Next Call")
        await until(lambda: "not running" in " ".join(texts(agent.desk.window)), "that the campaign is not running")
        assert len(await lead.records()) == 2
        log = lead.supervising._audit.path
        assert log.exists()
    assert not log.exists()
    assert not (tmp_path / "audit.db").exists()
