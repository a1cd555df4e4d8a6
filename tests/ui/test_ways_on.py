"""The ways on from a call, by real keys: hold, undo, the wrap-up clock, own words, when to call back. Nothing goes by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox

from desktop.callcenter.model import CallResponse, Function
from desktop.errors import Refused
from desktop.popup.current import CurrentProfile
from desktop.popup.notes import unpack
from desktop.popup.profile_file import load, read
from desktop.resources import RESOURCES
from desktop.settings.settings import Settings
from desktop.shift.journal import Draft
from desktop.shift.states import State
from desktop.ui.dispositions import _OFFERED
from tests.simulation import SimulatedCallCenter, Stored, a_call, until
from tests.ui.screen import (
    Role,
    assert_nothing_cut,
    button,
    field,
    focused,
    has,
    key,
    message,
    part,
    press,
    settle,
    show,
    type_in,
    words,
)
from tests.ui.seat import SERVICE, Seat, a_memory, seated

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop.popup.profile import CampaignProfile
    from desktop.ui.popup import PopupWindow

Control, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Return, Escape, F8, F9 = Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_F8, Qt.Key.Key_F9
CALL, OTHER = a_call("Maya Okafor", "+12125550143"), a_call("Bo Li", "+13125550143")
NOTHING = Draft()
OWN = "Disposition in your own words"
WHEN = "Call back when?"

PROFILE = """
other_disposition = true
[[question]]
id = "plan"
type = "choice"
choices = ["Paper", "Audio"]
[[disposition]]
name = "Sale"
needs = ["plan"]
[[disposition]]
name = "Later"
callback = true
[[disposition]]
name = "Refused"
[[disposition]]
name = "Machine"
for_logoff = true
[limits]
disposition = 20
"""
SOON = f"{PROFILE}\n[wrap_up]\nundo_seconds = 1"
LATER = f"{PROFILE}\n[wrap_up]\nundo_seconds = 20"
NOT_YET = "Stored in 20 s Until then “Undo” (Esc) takes it back. Ctrl+Enter stores it at once."


def campaign(text: str = PROFILE) -> CampaignProfile:
    return read(text.encode(), "campaign.toml")


class Call:
    """A popup with the keyboard, and what it wished."""

    def __init__(self, popup: PopupWindow) -> None:
        self.popup = popup
        self.next_calls: list[CallResponse] = []
        self.logoffs: list[CallResponse] = []
        self.drafts: list[Draft] = []
        popup.next_call_requested.connect(self.next_calls.append)
        popup.logoff_requested.connect(self.logoffs.append)
        popup.draft_changed.connect(self.drafts.append)

    def begin(self, profile: str = PROFILE, draft: Draft = NOTHING, **others: Any) -> None:
        self.popup.show_call(CALL, draft, profile=campaign(profile), **others)
        show(self.popup)

    @property
    def sent(self) -> list[CallResponse]:
        return self.next_calls + self.logoffs

    @property
    def told(self) -> str:
        return message(self.popup)

    @property
    def words(self) -> str:
        return words(self.popup)

    @property
    def held(self) -> bool:
        found: QCheckBox = part(self.popup, Role.CheckBox, "Hold my next call")
        return found.isChecked()

    def field(self, name: str) -> Any:
        return field(self.popup, name)


@pytest.fixture
def on_call(popup: PopupWindow) -> Call:
    call = Call(popup)
    call.begin()
    return call


def next_call() -> None:
    key(Return, Control)


def log_off() -> None:
    key(Qt.Key.Key_L, Control | Shift)


def hold() -> None:
    key(Qt.Key.Key_P, Control)


# ------------------------------------------------------------------------------------------------------------------ hold


def test_a_held_next_call_stores_nothing_and_says_that_the_line_stays_up(on_call: Call):
    type_in("3")
    hold()
    assert on_call.held
    assert on_call.told.startswith("Your next call is held The line stays up and nobody else is connected to you")
    next_call()
    assert on_call.sent == []
    assert on_call.told.startswith("Held: nothing is stored yet The line stays up and nobody else is connected to you.")
    press(on_call.popup, "Next Call")
    assert on_call.sent == []
    hold()
    assert (on_call.held, on_call.told) == (False, "")
    next_call()
    assert on_call.next_calls == [CallResponse(CALL.id, "Refused")]


def test_what_is_missing_is_told_before_the_hold_is(on_call: Call):
    hold()
    next_call()
    assert on_call.told.startswith("Choose a disposition")


def test_logoff_goes_in_spite_of_a_hold(on_call: Call):
    type_in("3")
    hold()
    log_off()
    assert on_call.logoffs == [CallResponse(CALL.id, "Refused")]
    assert on_call.next_calls == []


def test_a_hold_is_gone_at_the_next_call(on_call: Call):
    type_in("3")
    hold()
    on_call.begin()
    assert (on_call.held, on_call.told) == (False, "")
    type_in("3")
    next_call()
    assert len(on_call.next_calls) == 1


def test_there_is_nothing_to_hold_where_nobody_can_be_next(on_call: Call):
    on_call.begin(last_only=True)
    assert not has(on_call.popup, Role.CheckBox, "Hold my next call")
    hold()
    next_call()
    assert (on_call.told, on_call.sent) == ("", [])
    log_off()
    assert on_call.logoffs == [CallResponse(CALL.id, "Machine")]


def test_what_is_on_its_way_cannot_be_held(on_call: Call):
    type_in("3")
    next_call()
    on_call.popup.show_saving()
    hold()
    assert not on_call.held
    assert on_call.told.startswith("Saving")


async def test_a_held_call_keeps_the_agent_out_of_the_queue(qapp: Any, tmp_path: Path):
    async with seated(profiles=CurrentProfile(_kept(tmp_path, PROFILE))) as seat:
        await _be_called(seat)
        hold()
        next_call()
        assert seat.desk.state is State.CONNECTED
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 0
        hold()
        next_call()
        await seat.reach(State.WAITING)
        await until(lambda: seat.center.waiting)
        seat.center.connect(OTHER)
        await until(seat.popup.isVisible)
        assert not part(seat.popup, Role.CheckBox, "Hold my next call").isChecked()


# ------------------------------------------------------------------------------------------------------------------ undo


@pytest.mark.parametrize("by_mouse", [False, True], ids=["Esc", "button"])
@pytest.mark.parametrize("way_on", [next_call, log_off], ids=["Next Call", "Logoff"])
def test_undo_takes_it_back_and_the_form_is_as_it_was(on_call: Call, way_on: Any, by_mouse: bool):
    on_call.begin(LATER)
    assert not has(on_call.popup, Role.Button, "Undo")
    type_in("1")
    part(on_call.popup, Role.ComboBox, "Plan").setFocus()
    type_in("a")
    on_call.field("Notes").setFocus()
    type_in("by mail")
    before = on_call.popup.draft
    way_on()
    assert on_call.told == NOT_YET
    assert on_call.drafts[-1] == before  # kept at once: the program may end before it is sent
    assert not button(on_call.popup, "Next Call").isEnabled()
    type_in("more")
    assert on_call.field("Notes").text() == "by mail"  # what waits is what was seen
    if by_mouse:
        press(on_call.popup, "Undo")
    else:
        key(Escape)
    assert on_call.told == "Taken back Nothing was sent. The line stays up until you store the call."
    assert not has(on_call.popup, Role.Button, "Undo")
    assert on_call.popup.draft == before == Draft("Sale", "by mail", {"plan": "Audio"})
    on_call.field("Notes").setFocus()
    type_in("!")
    assert on_call.popup.draft.notes in {"by mail!", "!by mail"}
    assert on_call.sent == []
    key(Escape)  # there is nothing to take back now
    assert on_call.told.startswith("Taken back")


EVERYWHERE = pytest.mark.parametrize("at", ["Disposition", OWN, "Plan", "Notes", "Logoff", "Caller"])


def _place(call: Call, name: str) -> Any:
    roles = {"Disposition": Role.List, "Plan": Role.ComboBox, "Logoff": Role.Button, "Caller": Role.Tree}
    return part(call.popup, roles.get(name, Role.EditableText), name)


@EVERYWHERE
def test_the_keys_work_wherever_the_keyboard_is_and_it_is_there_again_afterwards(on_call: Call, at: str):
    on_call.begin(LATER)
    type_in("3")
    was = _place(on_call, at)
    was.setFocus()
    hold()
    assert on_call.held
    next_call()
    assert on_call.told.startswith("Held")
    hold()
    assert not on_call.held
    key(F9)
    assert has(on_call.popup, Role.Button, "Still talking")
    key(F9)
    next_call()
    key(Escape)
    assert on_call.told.startswith("Taken back")
    assert focused() is was
    assert on_call.popup.draft == Draft("Refused")
    log_off()
    next_call()
    assert on_call.sent == [CallResponse(CALL.id, "Refused")]


@EVERYWHERE
def test_the_keyboard_is_there_again_after_a_refusal(on_call: Call, at: str):
    type_in("3")
    was = _place(on_call, at)
    was.setFocus()
    next_call()
    on_call.popup.show_saving()
    on_call.popup.tell(Refused("the notes are too long"), "Your entries are still here.")
    assert focused() is was


def test_undo_leaves_nothing_that_still_goes(on_call: Call, qtbot: QtBot):
    on_call.begin(SOON)
    type_in("3")
    next_call()
    key(Escape)
    on_call.popup.set_undo(0)
    type_in("3")
    log_off()  # would wait its second after the first would have gone
    with qtbot.waitSignal(on_call.popup.logoff_requested):
        pass
    assert on_call.sent == [CallResponse(CALL.id, "Refused")] == on_call.logoffs


@pytest.mark.parametrize("way_on", [next_call, log_off], ids=["Next Call", "Logoff"])
def test_it_goes_once_when_the_seconds_are_over(on_call: Call, qtbot: QtBot, way_on: Any):
    on_call.begin(f"{PROFILE}\n[wrap_up]\nundo_seconds = 2")
    type_in("3")
    told: list[str] = []
    on_call.popup._ways_on.waits.connect(lambda _seconds: told.append(on_call.told.split(" Until")[0]))
    way_on()
    way_on() if way_on is log_off else None
    assert on_call.sent == []
    qtbot.waitUntil(lambda: bool(on_call.sent))
    assert told == ["Stored in 2 s", "Stored in 1 s"]
    assert on_call.sent == [CallResponse(CALL.id, "Refused")]
    assert bool(on_call.logoffs) == (way_on is log_off)
    assert not has(on_call.popup, Role.Button, "Undo")
    next_call()
    log_off()
    key(Escape)
    assert len(on_call.sent) == 1  # until the desk says what became of it


def test_ctrl_enter_hurries_and_it_goes_once(on_call: Call, qtbot: QtBot):
    on_call.begin(SOON)
    type_in("3")
    log_off()
    next_call()
    assert on_call.logoffs == [CallResponse(CALL.id, "Refused")]  # what was pressed first, and not Next Call
    for _ in range(3):
        next_call()
    assert not on_call.popup._ways_on._tick.isActive()
    assert len(on_call.sent) == 1


def test_without_seconds_it_goes_at_once(on_call: Call):
    type_in("3")
    next_call()
    assert on_call.next_calls == [CallResponse(CALL.id, "Refused")]
    assert not has(on_call.popup, Role.Button, "Undo")


@pytest.mark.parametrize(("mine", "campaigns", "longer"), [(5, 3, 5), (3, 5, 5), (0, 4, 4), (4, 0, 4)])
def test_the_longer_of_the_agents_and_the_profiles_seconds_counts(on_call: Call, mine: int, campaigns: int, longer: int):
    on_call.popup.set_undo(mine)
    on_call.begin(f"{PROFILE}\n[wrap_up]\nundo_seconds = {campaigns}")
    type_in("3")
    next_call()
    assert on_call.told.startswith(f"Stored in {longer} s")
    assert on_call.sent == []


@pytest.mark.parametrize("how", ["the next call", "the end of the call", "somebody else"])
def test_what_waits_is_not_sent_after_the_call(on_call: Call, how: str):
    on_call.begin(LATER)
    type_in("3")
    next_call()
    match how:
        case "the next call":
            on_call.popup.show_call(OTHER, profile=campaign(LATER))
        case "the end of the call":
            on_call.popup.end_call()
            show(on_call.popup)
        case "somebody else":
            on_call.popup.show_someone(campaign(LATER))
    next_call()  # which would hurry it
    assert on_call.sent == []
    assert not on_call.popup._ways_on._tick.isActive()


def test_it_goes_from_a_closed_popup_too(on_call: Call, qtbot: QtBot):
    """The agent has pressed Next Call and looks at something else."""
    on_call.begin(SOON)
    type_in("3")
    next_call()
    with qtbot.waitSignal(on_call.popup.next_call_requested):
        on_call.popup.close()
    assert on_call.sent == [CallResponse(CALL.id, "Refused")]


def test_a_disposition_that_logoff_chose_is_in_the_draft(on_call: Call):
    on_call.begin(LATER)
    log_off()
    assert on_call.drafts[-1].disposition == "Machine"
    key(Escape)
    assert on_call.popup.draft.disposition == "Machine"


async def test_leaving_while_it_could_be_taken_back_sends_nothing(qapp: Any, tmp_path: Path):
    async with seated(profiles=CurrentProfile(_kept(tmp_path, LATER))) as seat:
        await _be_called(seat)
        next_call()
        assert message(seat.popup).startswith("Stored in")
        await seat.leave()
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 0
        assert not seat.popup._ways_on._tick.isActive()
        [entry] = (await seat.recorded()).entries
        assert (entry.response, entry.draft) == (None, Draft("Refused"))


async def test_what_was_taken_back_and_changed_is_stored_once_as_it_is_then(qapp: Any, tmp_path: Path):
    async with seated(profiles=CurrentProfile(_kept(tmp_path, LATER))) as seat:
        await _be_called(seat)
        next_call()
        key(Escape)
        type_in("4")
        next_call()
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 0
        next_call()
        await seat.reach(State.WAITING)
        await until(lambda: seat.center.waiting)
        assert [(one.response.disposition, one.last) for one in seat.center.ledger] == [("Machine", False)]


async def test_the_agents_own_seconds_come_from_the_settings(qapp: Any, tmp_path: Path):
    settings = Settings(service_url=SERVICE, campaign_id="1001", phone_number="+1 202 555 0143", undo_seconds=7)
    async with seated(memory=a_memory(tmp_path, settings)) as seat:
        field(seat.login, "API key").setText("k")
        await seat.talk()
        press(seat.popup, "Logoff")
        assert message(seat.popup).startswith("Stored in 7 s")
        assert seat.center.asked(Function.STORE_AGENT_RESPONSE) == 0
        press(seat.popup, "Undo")


def _kept(folder: Path, profile: str) -> Path:
    file = folder / "campaign.toml"
    file.write_text(profile, encoding="utf-8")
    return file


async def _be_called(seat: Seat) -> None:
    """Up to a call whose popup has the keyboard and a disposition."""
    await seat.log_in()
    seat.center.connect(CALL)
    await until(seat.popup.isVisible)
    seat.popup.activateWindow()
    await until(lambda: seat.popup.isActiveWindow() and focused() is part(seat.popup, Role.List, "Disposition"))
    type_in("3")


# --------------------------------------------------------------------------------------------------------------- wrap-up

HURRIED = f"{PROFILE}\n[wrap_up]\ngoal_seconds = 1\nlimit_seconds = 2"


def _wrap_up(call: Call) -> tuple[str, str]:
    """What stands beside the clock, and how it is coloured."""
    found = [one for one in call.popup._clock.children() if getattr(one, "text", str)().startswith("Wrap-up")]
    return (found[0].text(), found[0].property("role")) if found and found[0].isVisible() else ("", "")


def test_f9_counts_how_long_the_agent_writes_and_again_takes_it_back(on_call: Call):
    on_call.begin(f"{PROFILE}\n[wrap_up]\ngoal_seconds = 15\nlimit_seconds = 60")
    assert _wrap_up(on_call) == ("", "")
    key(F9)
    assert _wrap_up(on_call) == ("Wrap-up 0:00 · goal 0:15", "small")
    assert has(on_call.popup, Role.Button, "Still talking")
    press(on_call.popup, "Still talking")
    assert _wrap_up(on_call) == ("", "")
    press(on_call.popup, "Call ended")
    assert _wrap_up(on_call)[0].startswith("Wrap-up 0:00")
    key(F9)
    assert _wrap_up(on_call) == ("", "")
    assert not on_call.popup._clock._tick.isActive()


def test_without_a_wish_of_the_campaign_it_only_counts(on_call: Call):
    key(F9)
    assert _wrap_up(on_call) == ("Wrap-up 0:00", "small")


def test_the_clock_says_when_goal_and_limit_are_reached_and_sends_nothing(on_call: Call, qtbot: QtBot):
    on_call.begin(HURRIED)
    type_in("3")
    key(F9)
    assert _wrap_up(on_call) == ("Wrap-up 0:00 · goal 0:01", "small")
    qtbot.waitUntil(lambda: _wrap_up(on_call) == ("Wrap-up 0:01 · over the goal of 0:01, limit 0:02", "caution"))
    qtbot.waitUntil(lambda: _wrap_up(on_call)[1] == "problem")
    assert "over the limit of 0:02" in _wrap_up(on_call)[0]
    assert (on_call.sent, on_call.told) == ([], "")
    assert on_call.popup.isVisible()
    on_call.begin(HURRIED)  # with the next call it is gone
    assert _wrap_up(on_call) == ("", "")


def test_it_rests_while_nobody_can_see_it_and_is_right_again_afterwards(on_call: Call, qtbot: QtBot):
    on_call.begin(HURRIED)
    key(F9)
    on_call.popup.hide()
    assert not on_call.popup._clock._tick.isActive()
    qtbot.waitUntil(lambda: on_call.popup._clock.seconds > 2.1)
    show(on_call.popup)
    assert _wrap_up(on_call)[1] == "problem"
    assert on_call.popup._clock._tick.isActive()


# ------------------------------------------------------------------------------------------------------------- own words


def test_own_words_are_stored_and_there_is_one_disposition_at_a_time(on_call: Call):
    type_in("3")
    on_call.field(OWN).setFocus()
    type_in("Has moved")
    assert part(on_call.popup, Role.List, "Disposition").chosen() == ""
    assert on_call.popup.draft.disposition == "Has moved"
    next_call()
    assert on_call.next_calls == [CallResponse(CALL.id, "Has moved")]
    on_call.begin()
    on_call.field(OWN).setFocus()
    type_in("Has moved")
    key(Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    type_in("3")
    assert (on_call.field(OWN).text(), on_call.popup.draft.disposition) == ("", "Refused")


def test_tab_passes_own_words_only_while_something_else_is_chosen(on_call: Call):
    Tab, Backtab = Qt.Key.Key_Tab, Qt.Key.Key_Backtab
    own = on_call.field(OWN)
    type_in("3")
    key(Tab)
    assert focused() is not own
    QTest.mouseClick(own, Qt.MouseButton.LeftButton)
    type_in("Has moved")
    key(Tab)
    assert focused().accessibleName() == "Plan"
    key(Backtab)
    assert focused() is own
    key(Backtab)
    type_in("3")
    key(Tab)
    assert focused().accessibleName() == "Plan"


def test_offered_text_in_own_words_has_the_needs_of_what_is_offered(on_call: Call):
    on_call.field(OWN).setFocus()
    type_in("Sale")
    next_call()
    assert on_call.told == "One thing is missing Plan: “Sale” needs an answer."
    assert focused().accessibleName() == "Plan"
    on_call.begin()
    on_call.field(OWN).setFocus()
    type_in("Later")
    assert has(on_call.popup, Role.EditableText, WHEN)
    next_call()
    assert on_call.told == "One thing is missing When shall they be called back?"
    assert on_call.sent == []


def test_own_words_that_are_too_long_say_so_and_get_the_keyboard(on_call: Call):
    own = on_call.field(OWN)
    own.setFocus()
    type_in("x" * 21)
    on_call.field("Notes").setFocus()
    next_call()
    assert on_call.told == "One thing is missing A disposition has at most 20 characters; this one has 21."
    assert on_call.sent == []
    assert focused() is own
    key(Qt.Key.Key_End)
    key(Qt.Key.Key_Backspace)
    on_call.field("Notes").setFocus()
    next_call()
    assert on_call.next_calls == [CallResponse(CALL.id, "x" * 20)]


def test_there_are_no_own_words_where_the_campaign_wants_none(on_call: Call):
    closed = PROFILE.replace("other_disposition = true", "other_disposition = false")
    on_call.begin(closed)
    assert not has(on_call.popup, Role.EditableText, OWN)
    on_call.begin(closed, Draft("Has moved", "by mail"))  # written under another profile
    assert on_call.popup.draft == Draft("", "by mail")
    next_call()
    assert on_call.told.startswith("Choose a disposition")
    assert on_call.sent == []


def test_a_draft_in_own_words_comes_back(on_call: Call, qtbot: QtBot):
    on_call.field(OWN).setFocus()
    with qtbot.waitSignal(on_call.popup.draft_changed) as told:
        type_in("Has moved")
    [draft] = told.args
    on_call.begin(draft=draft)
    assert on_call.field(OWN).text() == "Has moved"
    assert on_call.popup.draft == draft == Draft("Has moved")
    on_call.begin(draft=Draft("Refused"))
    assert on_call.field(OWN).text() == ""
    assert part(on_call.popup, Role.List, "Disposition").chosen() == "Refused"


# -------------------------------------------------------------------------------------------------------------- callback


def test_it_is_asked_only_for_a_disposition_that_wants_it(on_call: Call):
    assert not has(on_call.popup, Role.EditableText, WHEN)
    for digit, asked in (("1", False), ("2", True), ("3", False), ("2", True)):
        part(on_call.popup, Role.List, "Disposition").setFocus()
        type_in(digit)
        assert has(on_call.popup, Role.EditableText, WHEN) == asked
    assert "on the caller's clock in New York" in on_call.words


def test_what_is_typed_is_understood_in_words(on_call: Call):
    type_in("2")
    key(Qt.Key.Key_Tab)
    assert focused() is on_call.field(WHEN)
    type_in("tomorrow")
    assert "At what time? For example tomorrow 10am." in on_call.words
    type_in(" 10")
    at = on_call.popup.form.callback_at
    assert at is not None
    assert (at.hour, at.minute, str(at.tzinfo)) == (10, 0, "America/New_York")
    assert f"{at:%a} {at.day} {at:%b}, 10:00" in on_call.words
    assert "At what time?" not in on_call.words


@pytest.mark.parametrize(("typed", "said"), [("", "When shall they be called back?"), ("soon", "Call back when? Write it like")])
def test_without_a_time_next_call_says_why_and_the_keyboard_goes_there(on_call: Call, typed: str, said: str):
    type_in("2")
    on_call.field(WHEN).setFocus()
    type_in(typed)
    on_call.field("Notes").setFocus()
    next_call()
    assert on_call.told.startswith(f"One thing is missing {said}")
    assert focused() is on_call.field(WHEN)
    assert on_call.sent == []
    on_call.field("Notes").setFocus()
    key(F8)
    assert focused() is on_call.field(WHEN)


def test_the_moment_is_in_the_notes_that_are_stored(on_call: Call):
    type_in("2")
    on_call.field(WHEN).setFocus()
    type_in("in 2 hours")
    at = on_call.popup.form.callback_at
    assert at is not None
    on_call.field("Notes").setFocus()
    type_in("ask for Zoe")
    next_call()
    [response] = on_call.next_calls
    assert response.notes == f"ask for Zoe\n[answers]\ncallback = {at.isoformat(timespec='minutes')}"
    assert datetime.fromisoformat(unpack(response.notes).answers["callback"]) == at


def test_a_draft_brings_back_the_same_moment(on_call: Call, qtbot: QtBot):
    type_in("2")
    on_call.field(WHEN).setFocus()
    with qtbot.waitSignal(on_call.popup.draft_changed) as told:
        type_in("in 2 hours")
    [draft] = told.args
    at = on_call.popup.form.callback_at
    assert at is not None
    assert datetime.fromisoformat(draft.answers["callback"]) == at
    on_call.begin(draft=draft)
    assert on_call.popup.form.callback_at == at
    assert on_call.popup.draft == draft
    next_call()
    assert unpack(on_call.next_calls[0].notes).answers["callback"] == draft.answers["callback"]


def test_a_draft_that_was_being_sent_brings_it_back_out_of_the_notes(on_call: Call):
    type_in("2")
    on_call.field(WHEN).setFocus()
    type_in("in 2 hours")
    at = on_call.popup.form.callback_at
    next_call()
    [sent] = on_call.next_calls
    on_call.begin(draft=Draft(sent.disposition, sent.notes))
    assert on_call.popup.form.callback_at == at
    assert on_call.field("Notes").text() == ""


def test_what_has_passed_meanwhile_is_shown_and_asked_anew(on_call: Call):
    past = datetime.now().astimezone() - timedelta(days=3)
    on_call.begin(draft=Draft("Later", "", {"callback": past.isoformat(timespec="minutes")}))
    assert on_call.field(WHEN).text()
    next_call()
    assert "is past" in on_call.told
    assert focused() is on_call.field(WHEN)


def test_what_was_entered_stays_while_the_agent_makes_up_their_mind(on_call: Call):
    type_in("2")
    on_call.field(WHEN).setFocus()
    type_in("in 2 hours")
    at = on_call.popup.form.callback_at
    part(on_call.popup, Role.List, "Disposition").setFocus()
    type_in("3")
    assert on_call.popup.form.answers() == {}  # a callback that is not asked for is not promised
    type_in("2")
    assert on_call.popup.form.callback_at == at
    on_call.begin()
    type_in("2")
    assert on_call.field(WHEN).text() == ""  # with the next call it is gone


# ------------------------------------------------------------------------------------------------------------ two columns

SHIPPED = ["outbound-sales", "survey", "appointment-reminder"]


@pytest.fixture(params=SHIPPED)
def shipped(popup: PopupWindow, request: pytest.FixtureRequest) -> PopupWindow:
    """A popup of a shipped profile, as large as a small screen."""
    popup.resize(1024, 700)
    popup.show_call(CALL, profile=load(RESOURCES / "profiles" / f"{request.param}.toml"))
    popup.offer_aids(("Open crm.example", "Copy for another program"))
    show(popup)
    settle()
    return popup


def _offered(popup: PopupWindow) -> list[Any]:
    items = part(popup, Role.List, "Disposition")
    return [items.item(row) for row in range(items.count()) if items.item(row).data(_OFFERED)]


def test_every_disposition_of_the_shipped_profiles_is_seen_whole(shipped: PopupWindow):
    items = part(shipped, Role.List, "Disposition")
    dispositions = {one.disposition.name for one in (item.data(_OFFERED) for item in _offered(shipped))}
    assert dispositions == {one.name for one in shipped.profile.dispositions}
    callback = next(one.name for one in shipped.profile.dispositions if one.callback)
    for chosen in ("", callback):
        items.choose(chosen)
        items.itemSelectionChanged.emit()
        settle()
        assert items.verticalScrollBar().maximum() == 0
        assert shipped.size() == QSize(1024, 700)
        places = [items.visualItemRect(item) for item in _offered(shipped)]
        for item, place in zip(_offered(shipped), places, strict=True):
            assert items.viewport().rect().contains(place), item.text()
            air = place.width() - items.fontMetrics().horizontalAdvance(item.text())
            assert air >= 12 + 12 + items.fontMetrics().horizontalAdvance("9"), item.text()  # the mark, the digit, the air
        assert not any(one.intersects(other) for at, one in enumerate(places) for other in places[:at])
        assert len({place.x() for place in places}) == 2
        assert_nothing_cut(shipped)


@pytest.mark.parametrize("many", [1, 2, 3, 4])
def test_a_heading_has_its_row_for_itself_and_its_group_begins_at_the_left(popup: PopupWindow, many: int):
    of_group = '[[disposition]]\nname = "{} {}"\ngroup = "{}"\n'
    groups = [of_group.format(group, one, group) for group in ("First", "Second") for one in range(many + (group == "Second"))]
    popup.resize(1024, 700)
    popup.show_call(CALL, profile=campaign('[[question]]\nid = "q"\n' + "".join(groups)))
    show(popup)
    settle()
    items = part(popup, Role.List, "Disposition")
    shown = [item for item in map(items.item, range(items.count())) if item.text()]
    places = {item.text(): items.visualItemRect(item) for item in shown}
    for group in ("First", "Second"):
        assert [name for name, place in places.items() if place.y() == places[group].y()] == [group]
        assert places[f"{group} 0"].x() == places[group].x() == min(place.x() for place in places.values())
        assert places[f"{group} 0"].y() > places[group].y()


def test_digits_reach_each_of_them(shipped: PopupWindow):
    items = part(shipped, Role.List, "Disposition")
    for item in _offered(shipped):
        type_in(str(item.data(_OFFERED).digit))
        assert items.chosen() == item.text()


def test_arrows_reach_each_of_them(shipped: PopupWindow):
    items = part(shipped, Role.List, "Disposition")
    digits = {item.text(): str(item.data(_OFFERED).digit) for item in _offered(shipped)}
    key(Qt.Key.Key_Home)
    reached, waiting = {items.chosen()}, [items.chosen()]
    assert waiting == [next(iter(digits))]
    while waiting:
        here = waiting.pop()
        for arrow in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Left):
            type_in(digits[here])
            key(arrow)
            assert items.chosen() in digits  # an arrow never takes the choice away
            if items.chosen() not in reached:
                reached.add(items.chosen())
                waiting.append(items.chosen())
    assert reached == set(digits)


def test_letters_reach_each_of_them(shipped: PopupWindow, qapp: QApplication):
    items = part(shipped, Role.List, "Disposition")
    for item in _offered(shipped):
        items.keyboardSearch("")  # what was typed before is over, as after a pause
        type_in(item.text().split()[0])
        assert items.chosen() == item.text()


# ------------------------------------------------------------------------------------------------------- the whole way


async def test_a_whole_call_with_hold_undo_and_callback(qapp: Any, tmp_path: Path):
    center = SimulatedCallCenter()
    async with seated(center, profiles=CurrentProfile(_kept(tmp_path, LATER))) as seat:
        await _be_called(seat)
        type_in("2")
        field(seat.popup, WHEN).setFocus()
        type_in("in 2 hours")
        at = seat.popup.form.callback_at
        assert at is not None
        hold()
        next_call()
        hold()
        next_call()
        key(Escape)
        next_call()
        next_call()
        await seat.reach(State.WAITING)
        assert center.ledger == [
            Stored(CallResponse(CALL.id, "Later", f"[answers]\ncallback = {at.isoformat(timespec='minutes')}"), False)
        ]
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
