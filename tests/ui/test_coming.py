"""One call in two windows: the strip wishes, the popup decides, and whatever it has to say is seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton

from desktop.callcenter.model import CallResponse
from desktop.errors import NotLoggedIn, NotReached
from desktop.popup.profile import CampaignProfile
from desktop.popup.profile_file import read
from desktop.settings.settings import Manner
from desktop.shift.journal import Draft, Journal
from desktop.shift.session import Health, Line
from desktop.shift.states import State
from desktop.ui.coming import Coming
from desktop.ui.popup import PopupWindow
from tests.simulation import ACCOUNT, AGENT_ID, Stored, a_call, until
from tests.ui.screen import Role, button, field, has, key, message, part, press, show, type_in
from tests.ui.seat import REMEMBERED, SERVICE, Seat, a_memory, seated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Keep = Callable[[Any], Any]

CALL = a_call("Maya Okafor")
CARD = "4111 1111 1111 1111"
NONE = CampaignProfile()
ASKS = read(b'[[question]]\nid = "visits"\nlabel = "How often?"\nrequired = true', "asks.toml")
CAN_BE_UNDONE = read(b"[wrap_up]\nundo_seconds = 20", "undo.toml")
OWN_WORDS = read(b"other_disposition = true", "own.toml")


class Side:
    """A call as the agent has it: a strip above their own program, the popup behind it, and what is stored."""

    def __init__(self, popup: PopupWindow, keep: Keep) -> None:
        self.popup = popup
        self.coming = Coming(popup, practice=False, manner="strip")
        self.strip = keep(self.coming.strip)
        self.sent: list[CallResponse] = []
        self.drafts: list[Draft] = []
        popup.next_call_requested.connect(self.sent.append)
        popup.draft_changed.connect(self.drafts.append)
        self.elsewhere = keep(QLineEdit())
        show(self.elsewhere)

    def call(self, profile: CampaignProfile = NONE, draft: Draft | None = None, *, in_full: bool = False) -> None:
        self.popup.show_call(CALL, draft or Draft(), profile=profile, fixed=in_full)
        self.coming.call_connected(in_full=in_full)

    def open(self) -> None:
        """The agent asks for the popup."""
        self.coming.open()
        assert QTest.qWaitForWindowActive(self.popup)

    def choose(self, name: str) -> None:
        part(self.strip, Role.CheckBox, name).click()

    def marked(self) -> list[str]:
        """Which dispositions the strip shows as chosen."""
        return [one.accessibleName() for one in self.strip.findChildren(QPushButton) if one.isChecked()]

    def next_call(self) -> None:
        press(self.strip, "Next Call")

    def popup_says(self) -> str:
        """What the popup says, which can be seen."""
        assert self.popup.isVisible()
        return message(self.popup)


@pytest.fixture
def side(popup: PopupWindow, keep: Keep) -> Iterator[Side]:
    made = Side(popup, keep)
    yield made
    made.coming.call_ended()


# -------------------------------------------------------------------------------------------------------- one choice in two


def test_what_is_clicked_on_the_strip_is_chosen_in_the_popup(side: Side):
    side.call()
    side.choose("2 Call back later")
    assert side.marked() == ["2 Call back later"]
    assert side.popup.draft.disposition == "Call back later"
    assert not side.popup.isVisible()
    side.choose("1 Interested")
    assert side.marked() == ["1 Interested"]


def test_what_is_chosen_in_the_popup_is_marked_on_the_strip(side: Side):
    side.call(OWN_WORDS)
    side.open()
    part(side.popup, Role.List, "Disposition").setFocus()
    type_in("3")
    assert side.marked() == ["3 Not interested"]
    field(side.popup, "Disposition in your own words").setText("Has moved")
    assert side.marked() == []
    assert "“Has moved”" in button(side.strip, "Next Call").toolTip()
    field(side.popup, "Disposition in your own words").setText("")
    assert not has(side.strip, Role.Button, "Next Call")


def test_what_was_chosen_before_a_crash_is_marked(side: Side):
    side.call(draft=Draft("Interested", "by mail"))
    assert side.marked() == ["1 Interested"]
    side.coming.call_ended()
    side.call()
    assert side.marked() == []


def test_the_notes_stay_when_the_strip_chooses(side: Side):
    side.call(draft=Draft("Interested", "by mail"))
    side.choose("2 Call back later")
    side.next_call()
    assert side.sent == [CallResponse(CALL.id, "Call back later", "by mail")]


# ------------------------------------------------------------------------------------------------------- what needs to be seen


def test_a_call_can_be_stored_without_the_popup(side: Side):
    side.call()
    side.choose("1 Interested")
    side.next_call()
    assert side.sent == [CallResponse(CALL.id, "Interested", "")]
    side.coming.show_saving()
    assert has(side.strip, Role.StaticText, "Saving …")
    assert not button(side.strip, "Next Call").isEnabled()
    assert not side.popup.isVisible()
    side.coming.call_ended()
    assert not side.strip.isVisible()
    assert side.drafts == [Draft("Interested", "")]
    side.call()
    assert has(side.strip, Role.StaticText, "Maya Okafor")


def test_a_missing_answer_opens_the_popup_which_says_so(side: Side):
    side.call(ASKS)
    side.choose("1 Interested")
    side.next_call()
    assert side.sent == []
    assert side.popup_says() == "One thing is missing How often? An answer is needed."
    field(side.popup, "How often?").setText("3")
    side.next_call()
    assert [one.disposition for one in side.sent] == ["Interested"]


def test_a_card_number_is_asked_about(side: Side):
    side.call(draft=Draft("Interested", CARD))
    side.next_call()
    assert side.sent == []
    assert "This looks like a card number" in side.popup_says()
    press(side.popup, "Cover it")
    side.next_call()
    assert [one.notes for one in side.sent] == ["•••• •••• •••• 1111"]


def test_a_hold_is_told(side: Side):
    side.call()
    side.open()
    part(side.popup, Role.CheckBox, "Hold my next call").click()
    side.popup.close()
    show(side.elsewhere)
    side.choose("1 Interested")
    side.next_call()
    assert side.sent == []
    assert side.popup_says().startswith("Held: nothing is stored yet")


def test_it_can_be_taken_back(side: Side):
    side.call(CAN_BE_UNDONE)
    side.choose("1 Interested")
    side.next_call()
    assert side.popup_says().startswith("Stored in 20 s")
    assert not button(side.strip, "Next Call").isEnabled()
    assert has(side.strip, Role.StaticText, "Maya Okafor")  # nothing is sent yet
    press(side.popup, "Undo")
    assert side.sent == []
    side.popup.close()
    side.choose("2 Call back later")
    assert side.marked() == ["2 Call back later"]


def test_a_failure_is_told_and_the_strip_can_be_used_again(side: Side):
    side.call()
    side.choose("1 Interested")
    side.next_call()
    side.coming.show_saving()
    side.popup.tell(NotLoggedIn(), "This call is not stored.")
    assert "This call is not stored." in side.popup_says()
    side.next_call()
    assert len(side.sent) == 2


def test_why_it_is_not_stored_yet_is_told_once(side: Side):
    """The agent may close the popup: what is the same as before does not open it again."""
    side.call()
    side.choose("1 Interested")
    side.next_call()
    side.coming.show_saving()
    side.popup.show_trouble(Line(Health.CONNECTED, datetime.now(UTC), ""))
    assert not side.popup.isVisible()
    for visible in (True, False):
        side.popup.show_trouble(Line(Health.RECONNECTING, datetime.now(UTC), NotReached.title))
        assert side.popup.isVisible() == visible
        side.popup.close()
    side.popup.show_trouble(Line(Health.UNSURE, datetime.now(UTC), ""))
    assert side.popup_says().startswith("Not sure whether the call center has this")


def test_a_popup_that_may_lie_below_is_raised_when_the_strip_asks_something_of_it(side: Side):
    side.call(ASKS)
    side.open()
    show(side.elsewhere)
    on_top = Qt.WindowType.WindowStaysOnTopHint
    assert not side.popup.windowHandle().flags() & on_top
    side.choose("1 Interested")
    assert not side.popup.windowHandle().flags() & on_top
    side.next_call()
    assert side.popup.windowHandle().flags() & on_top
    assert "An answer is needed" in side.popup_says()


def test_what_a_strip_cannot_do_comes_as_a_popup(side: Side):
    """It can only be sent again as it is, or only as the last one."""
    side.call(draft=Draft("Interested", "by mail"), in_full=True)
    assert side.popup_says().startswith("The call center may have this already")
    assert not side.strip.isVisible()
    side.popup.choose("Call back later")
    assert side.popup.draft.disposition == "Interested"


def test_nothing_is_said_of_a_call_that_is_over(side: Side):
    side.call()
    side.coming.call_ended()
    side.popup.say("This was not done", "The program was not found.")
    assert not side.popup.isVisible()


def test_what_the_strip_has_chosen_last_is_kept_when_the_call_ends(side: Side):
    side.call()
    side.choose("1 Interested")
    assert side.drafts == []
    side.coming.call_ended()
    assert side.drafts == [Draft("Interested", "")]


def test_a_card_number_in_own_words_is_neither_kept_nor_shown(side: Side):
    side.call(OWN_WORDS, Draft(f"Paid with {CARD}", ""))
    side.next_call()
    press(side.popup, "Cover it")
    assert "1111 1111" not in button(side.strip, "Next Call").toolTip()
    side.coming.call_ended()
    assert side.drafts[-1] == Draft("Paid with •••• •••• •••• 1111", "")


def test_both_are_covered_while_the_agent_is_away(side: Side):
    side.call()
    side.choose("1 Interested")
    side.coming.set_covered(covered=True)
    assert has(side.strip, Role.StaticText, "Hidden")
    assert not button(side.strip, "Next Call").isEnabled()
    press(side.strip, "Open")
    assert side.popup.windowTitle() == "Call"
    side.coming.set_covered(covered=False)
    assert has(side.strip, Role.StaticText, "Maya Okafor")
    assert side.popup.windowTitle() == "Call - Maya Okafor"


def test_next_call_in_another_program_shows_what_becomes_of_it(side: Side):
    side.call()
    side.coming.arrival.quarantine.end()
    side.coming.press_next_call()
    assert side.popup.isVisible()
    assert message(side.popup).startswith("Choose a disposition")


def test_next_call_pressed_in_another_program_for_the_call_before_does_nothing_to_this_one(side: Side):
    side.call(draft=Draft("Interested", "by mail"))
    side.coming.press_next_call()
    assert not side.popup.isVisible()
    assert side.sent == []
    side.coming.arrival.quarantine.end()
    side.coming.press_next_call()
    assert [one.disposition for one in side.sent] == ["Interested"]


def test_the_call_before_is_neither_shown_nor_stored_again(side: Side):
    side.call(draft=Draft("Interested", "by mail"))
    side.coming.call_ended()
    side.coming.open()
    side.coming.press_next_call()
    assert not side.popup.isVisible()
    assert side.sent == []


# ------------------------------------------------------------------------------------------------------------ at a desk


def at_a_desk(folder: Path, manner: Manner, journal: Path | None = None) -> AbstractAsyncContextManager[Seat]:
    memory = a_memory(folder, msgspec.structs.replace(REMEMBERED, popup=manner))
    return seated(memory=memory, journal=journal)


async def log_in(seat: Seat) -> None:
    await until(seat.login.isVisible)
    field(seat.login, "API key").setText(ACCOUNT.key)
    await seat.log_in()


async def connect(seat: Seat, name: str) -> str:
    call = a_call(name)
    seat.center.connect(call)
    await seat.reach(State.CONNECTED)
    await until(lambda: seat.desk.coming.strip.isVisible() or seat.popup.isVisible())
    return call.id


@pytest.mark.usefixtures("qapp", "hurried")
async def test_a_shift_with_the_strip(tmp_path: Path):
    async with at_a_desk(tmp_path, "strip") as seat:
        await log_in(seat)
        strip = seat.desk.coming.strip
        first = await connect(seat, "Maya Okafor")
        assert not seat.popup.isVisible()
        assert has(strip, Role.StaticText, "Maya Okafor")
        part(strip, Role.CheckBox, "1 Interested").click()
        press(strip, "Next Call")
        await seat.reach(State.WAITING)
        assert not strip.isVisible()

        second = await connect(seat, "Bo Li")
        assert not seat.popup.isVisible()
        press(seat.window, "Show call")
        await until(seat.popup.isActiveWindow)
        part(seat.popup, Role.List, "Disposition").setFocus()
        type_in("2")
        key(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        await seat.reach(State.LOGGED_OFF)
        await until(seat.reminder.isVisible)
        assert not seat.popup.isVisible()
        assert not strip.isVisible()
        assert seat.center.ledger == [
            Stored(CallResponse(first, "Interested", ""), False),
            Stored(CallResponse(second, "Call back later", ""), True),
        ]


@pytest.mark.usefixtures("qapp", "hurried")
async def test_somebody_who_is_heard_opens_the_popup_and_the_strip_comes_with_the_call(tmp_path: Path):
    async with at_a_desk(tmp_path, "strip") as seat:
        await log_in(seat)
        press(seat.window, "I hear someone")
        await until(seat.popup.isActiveWindow)
        field(seat.popup, "Notes").setPlainText("asks for Jo")
        await connect(seat, "Maya Okafor")
        strip = seat.desk.coming.strip
        await until(strip.isVisible)
        assert seat.popup.isVisible()
        part(strip, Role.CheckBox, "1 Interested").click()
        press(strip, "Next Call")
        await seat.reach(State.WAITING)
        assert [one.response.notes for one in seat.center.ledger] == ["asks for Jo"]


@pytest.mark.usefixtures("qapp", "hurried")
async def test_nobody_there_takes_the_popup_away(tmp_path: Path):
    async with at_a_desk(tmp_path, "strip") as seat:
        await log_in(seat)
        press(seat.window, "I hear someone")
        press(seat.popup, "Nobody there")
        assert not seat.popup.isVisible()
        seat.popup.say("This was not done", "The program was not found.")
        assert not seat.popup.isVisible()


@pytest.mark.usefixtures("qapp", "hurried")
async def test_a_call_that_can_only_be_the_last_comes_as_a_popup(tmp_path: Path):
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    shift = await journal.begin_shift(SERVICE, ACCOUNT.campaign_id, AGENT_ID)
    journal.call_connected(shift, CALL)
    journal.draft_changed(shift, CALL.id, Draft("Interested", "half a sent"))
    await journal.close()
    async with at_a_desk(tmp_path, "strip", tmp_path / "journal.db") as seat:
        dialog = await until(seat.recovery)
        field(dialog, "API key").setText(ACCOUNT.key)
        press(dialog, "No")
        await until(seat.popup.isVisible)
        assert not seat.desk.coming.strip.isVisible()
        assert not has(seat.popup, Role.Button, "Next Call")


@pytest.mark.usefixtures("qapp", "hurried")
async def test_the_agent_finds_the_windows_where_they_were(tmp_path: Path):
    for start in range(2):
        async with at_a_desk(tmp_path, "quiet") as seat:
            await log_in(seat)
            await connect(seat, "Maya Okafor")
            if start == 0:
                seat.popup.move(33, 44)
                seat.window.move(55, 66)
            assert (seat.popup.pos(), seat.window.pos()) == (QPoint(33, 44), QPoint(55, 66))
    [kept] = json.loads((tmp_path / "places.json").read_bytes()).values()
    assert {name: (place["left"], place["top"]) for name, place in kept.items()} == {"call": (33, 44), "NextCall": (55, 66)}
