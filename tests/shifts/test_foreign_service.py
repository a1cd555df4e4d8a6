"""A whole shift at a call center of another make: only its description says how it wants to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTreeView

from desktop.app import Options, QtApplication
from desktop.callcenter.model import Function
from desktop.shift.states import State
from tests.shifts.agent import KEY, at_work, choose, named, paste_into, press, texts, type_into, until, window_titled
from tests.shifts.foreign import AGENT_ID, Dialer, ForeignCallCenter

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QAbstractItemModel, QModelIndex

PEOPLE = [("Ada Østergård", "+44 20 7946 0102", "gold"), ("宮本 茂", "+1 202 555 0101", ""), ("ليلى", "+1 202 555 0104", "new")]


def rows(view: QTreeView) -> list[tuple[str, str]]:
    """Everything that the tree shows, top to bottom."""

    def below(model: QAbstractItemModel, parent: QModelIndex) -> list[tuple[str, str]]:
        found = []
        for row in range(model.rowCount(parent)):
            name, value = model.index(row, 0, parent), model.index(row, 1, parent)
            found += [(name.data(), value.data()), *below(model, name)]
        return found

    return below(view.model(), view.rootIndex())


async def test_a_shift_at_a_call_center_of_another_make(qapp: QtApplication, tmp_path: Path) -> None:
    dialer = Dialer(KEY, PEOPLE)
    with ForeignCallCenter(dialer) as center:
        options = Options(service_url=center.service_url, data_dir=tmp_path)
        async with at_work(qapp, options, heard=lambda: AGENT_ID if dialer.rung else "") as agent:
            popup = agent.desk.popup
            for field, text in (("API key", KEY), ("Campaign ID", "77"), ("Phone number", "+1 202 555 0143")):
                type_into(agent.desk.login, field, text)
            await agent.log_in()
            assert dialer.rung == [(77, "+1 202 555 0143")]
            assert dialer.logged_in == [AGENT_ID]
            assert not any(map(agent.site.center.offers, (Function.KICK_AGENT, Function.START_CAMPAIGN, Function.STOP_CAMPAIGN)))

            await agent.take_call()
            assert popup.windowTitle() == "Call - Ada Østergård"
            shown = rows(named(popup, QTreeView, "Caller"))
            assert [value for _, value in shown if value] == [
                "900",
                "call-0",
                PEOPLE[0][0],
                PEOPLE[0][1],
                "gold",
                "spring",
                "büro",
            ]
            assert ("Loyalty tier", "gold") in shown
            choose(popup, "Interested")
            paste_into(popup, "Notes", "1 < 2 & 3 😀")
            press(popup, "Next Call")
            await until(lambda: popup.windowTitle() == "Call - 宮本 茂" and popup.isVisible(), "the next call")

            press(agent.desk.window, "Leave")
            question = await until(lambda: window_titled("Leave NextCall?"), "the question")
            assert any("your phone stays connected until you hang it up" in text for text in texts(question))
            press(question, "Back to the call")
            await until(lambda: window_titled("Leave NextCall?") is None, "the question to go")

            await agent.store("Wrong number", "")
            await agent.store("Not interested", "لا", way_on="Logoff")
            assert agent.state is State.LOGGED_OFF
            await agent.done()
    assert dialer.stored == [
        ("call-0", "Interested", "1 < 2 & 3 😀", False),
        ("call-1", "Wrong number", dialer.stored[1][2], False),
        ("call-2", "Not interested", "لا", True),
    ]
    assert not dialer.stored[1][2]  # spyne makes nothing of an empty text


async def test_the_key_is_rejected_in_its_words(qapp: QtApplication, tmp_path: Path) -> None:
    with ForeignCallCenter(Dialer("another key", PEOPLE)) as center:
        async with at_work(qapp, Options(service_url=center.service_url, data_dir=tmp_path)) as agent:
            for field, text in (("API key", KEY), ("Campaign ID", "77"), ("Phone number", "+1 202 555 0143")):
                type_into(agent.desk.login, field, text)
            press(agent.desk.login, "Call me")
            await until(lambda: "Api_key rejected." in agent.told(), "the words")
            assert agent.state is State.SIGNED_OUT
