"""While the agent is away: personal data is covered, nothing can be done under the cover, and what matters is said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Qt

from desktop.callcenter.model import CallResponse
from desktop.shift.states import IN_QUEUE, State
from desktop.ui.away import COVERED_AFTER, REMINDED_AFTER, Away
from desktop.ui.presence import Presence
from tests.simulation import a_call
from tests.ui.screen import field, key, message, settle, show, type_in
from tests.ui.seat import seated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop.ui.popup import PopupWindow

pytestmark = pytest.mark.usefixtures("qapp")
Control = Qt.KeyboardModifier.ControlModifier


# ------------------------------------------------------------------------------------------------------------- the cover


def test_nothing_of_the_caller_is_seen_under_the_cover(popup: PopupWindow):
    pictures = []
    for name, number in (("Maya Okafor", "+12025550143"), ("Zoë Fairweather", "+12025550199")):
        popup.show_call(a_call(name, number))
        show(popup)
        popup.set_covered(covered=True)
        settle()
        assert popup.windowTitle() == "Call"
        pictures.append(popup.grab().toImage())
        popup.set_covered(covered=False)
        assert popup.windowTitle() == f"Call - {name}"
    assert pictures[0] == pictures[1]


def test_no_key_acts_under_the_cover_and_what_was_entered_is_there_again(popup: PopupWindow):
    sent: list[CallResponse] = []
    popup.next_call_requested.connect(sent.append)
    popup.show_call(a_call())
    show(popup)
    type_in("2")
    notes = field(popup, "Notes")
    notes.setFocus()
    type_in("by mail")
    popup.set_covered(covered=True)
    type_in("xyz")
    key(Qt.Key.Key_Return, Control)
    key(Qt.Key.Key_P, Control)
    popup.set_covered(covered=False)
    assert sent == []
    assert notes.text() == "by mail"
    assert popup.focusWidget() is notes
    popup.set_covered(covered=True)
    popup.press_next_call()  # in another program
    assert not sent
    popup.set_covered(covered=False)
    key(Qt.Key.Key_Return, Control)
    assert [one.notes for one in sent] == ["by mail"]


def test_a_call_that_comes_while_the_agent_is_away_comes_covered(popup: PopupWindow):
    popup.set_covered(covered=True)
    popup.show_call(a_call("Maya Okafor"))
    show(popup)
    popup.resize(popup.width() + 100, popup.height() + 50)
    settle()
    covered = popup.grab().toImage()
    assert popup.windowTitle() == "Call"
    popup.end_call()
    popup.show_call(a_call("Zoë Fairweather"))
    show(popup)
    settle()
    assert popup.grab().toImage() == covered


# ------------------------------------------------------------------------------------------------------- what follows


class Told:
    """An agent's presence, and what follows from it."""

    def __init__(self) -> None:
        self._owner = QObject()
        self.presence = Presence(self._owner)
        self.away = Away(self.presence)
        self.covers: list[bool] = []
        self.minutes: list[int] = []
        self.returns = 0
        self.sleeps: list[str] = []
        self.away.cover.connect(self.covers.append)
        self.away.forgotten.connect(self.minutes.append)
        self.away.came_back.connect(self._on_came_back)
        self.away.sleeps.connect(lambda: self.sleeps.append("sleeps"))
        self.away.woke.connect(lambda: self.sleeps.append("woke"))

    def _on_came_back(self) -> None:
        self.returns += 1


@pytest.fixture
def told(qapp: object) -> Iterator[Told]:
    made = Told()
    yield made
    made.away.set_state(State.SIGNED_OUT)
    made.presence.hear_lock("test", on=False)


def test_a_lock_covers_at_once_and_its_end_uncovers(told: Told):
    told.presence.hear_lock("test", on=True)
    assert told.away.is_covered
    told.presence.hear_lock("test", on=False)
    assert told.covers == [True, False]


def test_idleness_covers_late_and_does_not_lift_a_lock(told: Told):
    told.presence.idle.emit(COVERED_AFTER - 1)
    assert told.covers == []
    told.presence.idle.emit(COVERED_AFTER)
    told.presence.idle.emit(COVERED_AFTER + 5)
    told.presence.hear_lock("test", on=True)
    told.presence.returned.emit()
    assert told.away.is_covered
    told.presence.hear_lock("test", on=False)
    assert told.covers == [True, False]


@pytest.mark.parametrize("state", State)
def test_a_forgotten_log_off_is_spoken_of_once_until_the_agent_returns(told: Told, state: State):
    told.away.set_state(state)
    for _absence in range(2):
        for seconds in (REMINDED_AFTER - 1, REMINDED_AFTER, REMINDED_AFTER + 600):
            told.presence.idle.emit(seconds)
        told.presence.returned.emit()
    assert told.minutes == ([REMINDED_AFTER // 60] * 2 if state in IN_QUEUE else [])
    assert told.returns == len(told.minutes)


def test_who_was_not_asked_need_not_be_told_that_they_are_back(told: Told):
    told.away.set_state(State.WAITING)
    told.presence.idle.emit(REMINDED_AFTER - 1)
    told.presence.returned.emit()
    assert told.returns == 0


@pytest.mark.parametrize("state", State)
def test_sleep_matters_while_the_phone_is_in_the_queue(told: Told, state: State):
    told.away.set_state(state)
    told.presence.hear_sleep(on=True)
    told.presence.hear_sleep(on=False)
    assert told.sleeps == (["sleeps", "woke"] if state in IN_QUEUE else [])


async def test_the_nextcall_window_says_it_and_nothing_is_done_by_itself():
    async with seated() as seat:
        await seat.talk()
        asked = dict(seat.center.__dict__)
        seat.desk.tell_forgotten(15)
        assert "Nobody has touched this computer for 15 minutes" in message(seat.window)
        seat.desk.tell_sleep()
        assert message(seat.window).startswith("The computer goes to sleep Your phone stays in the queue")
        seat.desk.tell_awake()
        assert message(seat.window).startswith("The computer was asleep")
        seat.desk.set_covered(covered=True)
        assert seat.popup.windowTitle() == "Call"
        seat.desk.set_covered(covered=False)
        assert seat.desk.state is State.CONNECTED
        assert asked.keys() == seat.center.__dict__.keys()
