"""A shift in which the call center goes wrong at every response: the windows say so, and ledger, journal and receipt agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTreeWidget

from desktop.app import Options
from desktop.callcenter.model import Function
from desktop.practice.mischief import AnswerLost, CutInAnswer, Html502, Refuse, SoapFault
from desktop.shift.states import State
from tests.shifts.agent import at_work, at_work_live, named, press, texts, until

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.app import QtApplication
    from desktop.practice.mischief import Fault
    from desktop.practice.scenario import Scenario
    from desktop.practice.server import PracticeService
    from desktop.shift.journal import Entry

STORE, WAIT = Function.STORE_AGENT_RESPONSE, Function.GET_CONNECTION_FOR_AGENT
UNSURE, UNSENT = "Not sure whether the call center has this", "Not sent yet"

TROUBLES: list[tuple[Fault, str, int]] = [
    (AnswerLost(function=STORE), UNSURE, 2),
    (Html502(function=STORE), UNSURE, 1),
    (Html502(function=STORE, carried_out=True), UNSURE, 2),
    (CutInAnswer(function=STORE), UNSURE, 2),
    (CutInAnswer(function=STORE, after_bytes=1, ending="reset"), UNSURE, 2),
    (AnswerLost(function=STORE, ending="reset"), UNSURE, 2),
]
"""What goes wrong, what the popup says meanwhile, and how often the call center gets the response."""


async def test_every_response_goes_wrong(qapp: QtApplication, tmp_path: Path, service: PracticeService) -> None:
    async with at_work_live(qapp, tmp_path, service, service) as shift:
        agent = shift.agent
        await agent.log_in()
        for number, (fault, said, _) in enumerate(TROUBLES):
            await agent.take_call()
            service.plan_mischief([fault])
            agent.fill_in("Interested", f"note {number}")
            press(agent.desk.popup, "Logoff" if number == len(TROUBLES) - 1 else "Next Call")
            await until(lambda said=said: said in agent.told(), said, told=agent.told)
            await until(lambda number=number: agent.stored() == number + 1, "the response to be stored", told=agent.told)
        await agent.reminded()
        record = await agent.site.journal.shift(agent.desk._session.number)
        calls = named(agent.desk.reminder, QTreeWidget, "Receipt")
        shown = [[calls.topLevelItem(row).text(column) for column in range(4)] for row in range(calls.topLevelItemCount())]
        assert f"{len(TROUBLES)} calls: {len(TROUBLES)} stored" in texts(agent.desk.reminder)
        await agent.done()

    ledger = service.ledger()
    assert [call["id"] for call in ledger] == [row[1] for row in shown] == [entry.call.id for entry in record.entries]
    for number, (call, row, entry) in enumerate(zip(ledger, shown, record.entries, strict=True)):
        got = [(one["agentResponse"], one["agentNotes"], one["lastcall"]) for one in call["responses"]]
        assert got == [("Interested", f"note {number}", number == len(TROUBLES) - 1)] * TROUBLES[number][2]
        assert row[2] == "Interested"
        assert row[3].startswith("stored ")
        assert row[3].endswith(", 2 tries")
        assert (entry.attempts, entry.draft.notes) == (2, f"note {number}")


async def test_a_call_center_that_takes_no_connections_for_a_while(
    qapp: QtApplication, tmp_path: Path, service: PracticeService
) -> None:
    async with at_work_live(qapp, tmp_path, service, service) as shift:
        agent = shift.agent
        service.plan_mischief([Refuse(function=WAIT, seconds=2)])
        await agent.log_in()
        await agent.take_call()
        agent.fill_in("Interested", "patience")
        press(agent.desk.popup, "Logoff")
        await until(lambda: UNSENT in agent.told(), UNSENT, told=agent.told)
        assert "takes no connections" in agent.told() or "could not be reached" in agent.told()
        assert agent.state is State.SAVING
        await agent.done()
    assert shift.responses() == [[("Interested", "patience", True)]]


async def test_a_refusal_is_the_agents_to_deal_with(qapp: QtApplication, tmp_path: Path, service: PracticeService) -> None:
    async with at_work_live(qapp, tmp_path, service, service) as shift:
        agent = shift.agent
        await agent.log_in()
        await agent.take_call()
        service.plan_mischief([SoapFault(function=STORE, text="The moon is full.")])
        agent.fill_in("Interested", "first words")
        press(agent.desk.popup, "Next Call")
        await until(lambda: "The moon is full." in agent.told(), "the Fault", told=agent.told)
        assert agent.state is State.CONNECTED
        await agent.store("Wrong number", "other words", way_on="Logoff")
        await agent.done()
    [[(disposition, notes, last)]] = shift.responses()
    assert (disposition, last) == ("Wrong number", True)
    assert notes.endswith("other words")


async def test_a_practice_keeps_its_journal_in_memory(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.store("Interested", "nobody is to find this")
        await agent.store("Interested", "nor this", way_on="Logoff")
        await agent.reminded()
        assert "2 calls: 2 stored" in texts(agent.desk.reminder)
        record = await agent.site.journal.shift(agent.desk._session.number)
        assert [_notes(entry) for entry in record.entries] == ["nobody is to find this", "nor this"]
        assert not agent.site.journal.lasting
        await agent.done()
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in found} == {"nextcall.log"}
    assert not [path for path in found if b"nor this" in path.read_bytes()]


def _notes(entry: Entry) -> str:
    assert entry.response
    return entry.response.notes
