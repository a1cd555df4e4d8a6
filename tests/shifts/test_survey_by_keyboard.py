"""A whole practice shift of the survey that comes with NextCall, by keys alone: what was keyed is what the call center gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop.app import Options, QtApplication
from desktop.popup.notes import Unpacked, unpack
from desktop.resources import RESOURCES
from desktop.shift.states import State
from tests.shifts.agent import Agent, at_work, until
from tests.ui.screen import focused, key, message, type_in

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from desktop.practice.scenario import Scenario

Key = Qt.Key
Control, Shift, Alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
SURVEY = RESOURCES / "profiles" / "survey.toml"


def _tab(at: str) -> None:
    """Go on, and be there."""
    key(Key.Key_Tab)
    assert _at() == at


def _at() -> str:
    """What has the keyboard, as a screen reader calls it."""
    field = focused()
    return field.accessibleName() or getattr(field, "text", str)()


async def _switch_to(window: QWidget) -> None:
    """As the system's own Alt+Tab does."""
    window.activateWindow()
    await until(window.isActiveWindow, f"“{window.windowTitle()}” in front")


async def _log_in(agent: Agent) -> None:
    await _switch_to(agent.desk.login)
    assert _at() == "Call me"
    key(Key.Key_Return)
    await agent.reach(State.EXPECTING_ID)
    agent_id = await until(agent._heard, "the agent ID to be heard")
    assert _at() == "Agent ID"
    type_in(agent_id)
    key(Key.Key_Return)
    await until(lambda: agent.state in {State.WAITING, State.CONNECTED}, "the queue", told=agent.told)


async def _take_call(agent: Agent, name: str) -> None:
    """Wait for the beep, and bring the popup to the keyboard."""
    popup = agent.desk.popup
    await until(lambda: popup.isVisible() and popup.windowTitle() == f"Call - {name}", f"the call of {name}", told=agent.told)
    await _switch_to(agent.desk.window)
    key(Key.Key_C, Control | Shift)
    await until(popup.isActiveWindow, "the popup to have the keyboard")
    assert _at() == "Disposition"


async def test_a_survey_by_keyboard(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path, profile=SURVEY), quick) as agent:
        popup = agent.desk.popup
        await _log_in(agent)

        await _take_call(agent, "Maya Okafor")
        type_in("4")  # Another time
        _tab("Call back when?")
        type_in("tomorrow 10")
        agreed = popup.form.callback_at
        assert agreed is not None
        _tab("Takes part?")
        type_in("y")
        _tab("Visits in the last year")
        type_in("12")
        _tab("Came by")
        type_in("b")  # Bicycle
        key(Key.Key_Space)
        key(Key.Key_Down)
        key(Key.Key_Space)
        _tab("How much do they like it?")
        type_in("2")
        _tab("Why?")
        _tab("Last visit")
        type_in("2026-03-14")
        _tab("Language spoken")
        _tab("Notes")
        type_in("by mail: Maya & sons, not <sooner>")
        key(Key.Key_F8)
        assert _at() == "Why?"
        type_in("too loud")
        key(Key.Key_Return)
        type_in("= and [answers]")
        key(Key.Key_F8)
        assert message(popup) == "Nothing is missing"
        key(Key.Key_Return, Control)

        await _take_call(agent, "Zoë Fairweather")
        type_in("pa")  # Partly answered
        key(Key.Key_Return, Control)
        assert message(popup).startswith("2 things are missing")
        assert _at() == "Takes part?"
        key(Key.Key_Down)
        key(Key.Key_N, Alt)
        type_in("had to go")
        key(Key.Key_Q, Alt)
        _tab("Visits in the last year")
        type_in("400")
        key(Key.Key_F8)
        assert _at() == "Came by"
        key(Key.Key_End)
        key(Key.Key_Space)
        key(Key.Key_Home)
        key(Key.Key_Space)
        key(Key.Key_F8)
        assert _at() == "How much do they like it?"
        key(Key.Key_End)
        key(Key.Key_F8)  # round to what is wrong
        assert _at() == "Visits in the last year"
        key(Key.Key_Backspace)
        for _ in range(5):
            key(Key.Key_Tab)
        assert _at() == "Language spoken"
        type_in("cy")  # instead of what was filled in
        key(Key.Key_Return, Control)

        await _take_call(agent, "José Ángel Muñoz-Peña")
        key(Key.Key_Home)
        for _ in range(2):  # once in two columns, twice in one
            if popup.form.disposition != "Refused":
                key(Key.Key_Down)
        key(Key.Key_F8)
        assert _at() == "Takes part?"
        key(Key.Key_Down)
        key(Key.Key_Down)  # No
        key(Key.Key_L, Control | Shift)

        await agent.reminded()
        await _switch_to(agent.desk.reminder)
        assert _at() == "Done"
        key(Key.Key_Return)
        await agent.reach(State.SIGNED_OUT)
        ledger = agent.ledger()

    got = [[(one["agentResponse"], unpack(one["agentNotes"]), one["lastcall"]) for one in call["responses"]] for call in ledger]
    assert got == [
        [
            (
                "Another time",
                Unpacked(
                    "by mail: Maya & sons, not <sooner>",
                    {
                        "takes_part": "yes",
                        "visits": "12",
                        "came_by": "Bicycle; Bus",
                        "rating": "2",
                        "reason": "too loud\n= and [answers]",
                        "last_visit": "2026-03-14",
                        "language": "en",
                        "callback": agreed.isoformat(timespec="minutes"),
                    },
                ),
                False,
            )
        ],
        [
            (
                "Partly answered",
                Unpacked(
                    "had to go",
                    {"takes_part": "yes", "visits": "40", "came_by": "Foot; Ferry", "rating": "5", "language": "cy"},
                ),
                False,
            )
        ],
        [("Refused", Unpacked("", {"takes_part": "no", "language": "es"}), True)],
    ]
    assert [list(unpacked.answers)[-1] for [(_, unpacked, _)] in got] == ["callback", "language", "language"]
