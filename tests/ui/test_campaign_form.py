"""The popup that a campaign wants: its fields, script, dispositions and questions, filled in without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QScrollArea, QTextBrowser

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.popup.notes import unpack
from desktop.popup.profile import CampaignProfile
from desktop.popup.profile_file import load, read
from desktop.resources import RESOURCES
from desktop.shift.journal import Draft
from tests.simulation import a_call
from tests.ui.screen import Role, assert_nothing_cut, field, focused, has, key, message, part, press, settle, show, type_in, words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop.ui.popup import PopupWindow

Control, Shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Tab, Return = Qt.Key.Key_Tab, Qt.Key.Key_Return

PROFILE = """
[[field]]
path = "name"
group = "Who"
emphasis = "strong"
[[field]]
path = "phonenumber"
label = "Phone"
group = "Who"
format = "phone"
[[field]]
path = "email"
mask = 4
[[script]]
text = "Hello **{caller}**! ![x](file:///etc/passwd)"
[[script]]
show_if = "rating <= 2"
text = "What would have to change?"
[[question]]
id = "takes_part"
label = "Takes part?"
type = "yes_no"
required = true
[[question]]
id = "visits"
type = "number"
max = 366
help = "A guess is fine."
[[question]]
id = "came_by"
label = "Came by"
type = "choices"
choices = ["Foot", "Bus", "Car"]
[[question]]
id = "rating"
type = "rating"
[[question]]
id = "reason"
label = "Why?"
type = "long"
required_if = "rating <= 2"
[[question]]
id = "plan"
type = "choice"
choices = ["Paper", "Audio"]
[[question]]
id = "mail"
label = "E-mail"
default_from = "email"
[[disposition]]
name = "Complete"
group = "Spoke with them"
colour = "green"
needs = ["plan"]
[[disposition]]
name = "Refused"
group = "Spoke with them"
needs_notes = true
[[disposition]]
name = "Sale"
group = "Spoke with them"
after_seconds = 600
[[disposition]]
name = "Machine"
group = "Nobody"
digit = 7
for_logoff = true
[limits]
notes = 200
[[calling_hours]]
earliest = "0:00"
latest = "0:01"
"""
CALL = Call(
    "c1",
    (
        Field("id", "c1"),
        Field("name", "Zoë Łuczak"),
        Field("phonenumber", "+12025550143"),
        Field("email", "zoe@post.example"),
        Field("plan", "Gold"),
    ),
)


@pytest.fixture
def campaign() -> CampaignProfile:
    return read(PROFILE.encode(), "campaign.toml")


@pytest.fixture
def on_call(popup: PopupWindow, campaign: CampaignProfile) -> PopupWindow:
    """A popup of the campaign that shows CALL and has the keyboard."""
    popup.show_call(CALL, profile=campaign)
    show(popup)
    return popup


@pytest.fixture
def next_calls(popup: PopupWindow) -> list[CallResponse]:
    wished: list[CallResponse] = []
    popup.next_call_requested.connect(wished.append)
    return wished


def _dispositions(popup: PopupWindow) -> Any:
    return part(popup, Role.List, "Disposition")


def _rows(popup: PopupWindow) -> dict[str, list[tuple[str, str]]]:
    """What stands under each heading of the caller's details."""
    model = part(popup, Role.Tree, "Caller").model()
    found: dict[str, list[tuple[str, str]]] = {}
    for row in range(model.rowCount(QModelIndex())):
        top = model.index(row, 0)
        below = [model.index(one, 0, top) for one in range(model.rowCount(top))]
        found[top.data()] = [(one.data(), one.siblingAtColumn(1).data()) for one in below]
    return found


# ------------------------------------------------------------------------------------------------- what is seen and said


def test_the_fields_of_the_profile_stand_in_its_groups_and_the_rest_under_more(on_call: PopupWindow):
    rows = _rows(on_call)
    assert list(rows) == ["Who", "Email", "More"]
    assert rows["Who"][0] == ("Name", "Zoë Łuczak")
    assert rows["Who"][1][1].startswith("(202) 555-0143 · ")
    assert rows["Who"][2] == ("", "Outside calling hours (0:00 to 0:01)")
    assert rows["More"] == [("ID", "c1"), ("Plan", "Gold")]
    tree = part(on_call, Role.Tree, "Caller")
    shown = [tree.model().index(row, 1).data() for row in range(3)]
    assert shown[1].endswith("mple")
    assert "zoe" not in shown[1]
    assert not tree.isExpanded(tree.model().index(2, 0))


def test_without_a_profile_there_is_neither_script_nor_form(on_call: PopupWindow):
    assert part(on_call, Role.EditableText, "E-mail")
    on_call.show_call(a_call())
    settle()
    assert "Script" not in words(on_call)
    assert "Questions" not in words(on_call)
    assert list(_rows(on_call))[:1] != ["Who"]
    assert _dispositions(on_call).count() == 8


def test_the_script_follows_the_answers_and_loads_nothing(on_call: PopupWindow):
    script = on_call._script
    assert script.toPlainText().startswith("Hello Zoë Łuczak!")
    assert script.loadResource(QTextDocument.ResourceType.ImageResource.value, "file:///etc/passwd") is None
    assert "change" not in script.toPlainText()
    part(on_call, Role.ComboBox, "Rating").setFocus()
    type_in("2")
    assert "What would have to change?" in script.toPlainText()
    assert not script.openLinks()


# ---------------------------------------------------------------------------------------------------------- dispositions


def test_headings_cannot_be_chosen(on_call: PopupWindow):
    items = _dispositions(on_call)
    assert [text for row in range(items.count()) if (text := items.item(row).text())] == [
        *("Spoke with them", "Complete", "Refused", "Sale", "Nobody", "Machine")
    ]
    key(Qt.Key.Key_Down)
    key(Qt.Key.Key_Home)
    assert items.chosen() == "Complete"
    moves = {"Right": "Refused", "Left": "Complete", "Down": "Sale"}  # two columns, as there are questions, too
    for pressed, expected in (*moves.items(), ("Down", "Machine"), ("Down", "Machine"), ("Up", "Sale")):
        key(Qt.Key[f"Key_{pressed}"])
        assert items.chosen() == expected
    type_in("s")
    assert items.chosen() == "Sale"
    type_in("7")
    assert items.chosen() == "Machine"
    items.choose("Nobody")
    assert items.chosen() == ""


def test_what_cannot_be_stored_yet_says_why(on_call: PopupWindow, next_calls: list[CallResponse]):
    type_in("3")
    assert message(on_call).startswith("“Sale” cannot be stored yet From 600 seconds after the beep:")
    on_call._questions.fill_in({"takes_part": "yes"})
    key(Return, Control)
    assert "“Sale” cannot be stored yet" in message(on_call)
    assert not next_calls


def test_logoff_chooses_the_disposition_for_it(on_call: PopupWindow):
    wished: list[CallResponse] = []
    on_call.logoff_requested.connect(wished.append)
    on_call._questions.fill_in({"takes_part": "no"})
    key(Qt.Key.Key_L, Control | Shift)
    assert wished == [CallResponse("c1", "Machine", "[answers]\ntakes_part = no")]


# ------------------------------------------------------------------------------------------------------------- questions


def test_a_whole_call_by_keyboard(on_call: PopupWindow, next_calls: list[CallResponse]):
    type_in("1")
    key(Tab)
    for typed in ("y", "12", " ", "4", "liked it", "a"):
        type_in(typed)
        key(Tab)
    key(Tab)  # past the e-mail, which was filled in
    assert focused() is field(on_call, "Notes")
    type_in("by mail")
    key(Return, Control)
    [response] = next_calls
    assert response.disposition == "Complete"
    assert unpack(response.notes).notes == "by mail"
    assert unpack(response.notes).answers == {
        "takes_part": "yes",
        "visits": "12",
        "came_by": "Foot",
        "rating": "4",
        "reason": "liked it",
        "plan": "Audio",
        "mail": "zoe@post.example",
    }


def test_each_field_bears_its_question(on_call: PopupWindow):
    for role, name in (
        (Role.ComboBox, "Takes part?"),
        (Role.EditableText, "Visits"),
        (Role.List, "Came by"),
        (Role.ComboBox, "Rating"),
        (Role.EditableText, "Why?"),
        (Role.ComboBox, "Plan"),
        (Role.EditableText, "E-mail"),
    ):
        assert has(on_call, role, name)
    assert "A guess is fine." in words(on_call)


def test_a_problem_is_shown_as_it_is_typed_and_blocks_nothing(on_call: PopupWindow):
    visits = field(on_call, "Visits")
    visits.setFocus()
    type_in("400")
    assert "366 is the largest number." in words(on_call)
    key(Qt.Key.Key_Backspace)
    assert "366 is the largest number." not in words(on_call)


def test_what_is_missing_is_listed_and_f8_goes_through_it(on_call: PopupWindow, next_calls: list[CallResponse]):
    type_in("1")
    part(on_call, Role.ComboBox, "Rating").setFocus()
    type_in("1")
    key(Return, Control)
    assert message(on_call).startswith("3 things are missing")
    assert "Why?" in message(on_call)
    assert not next_calls
    assert focused().accessibleName() == "Takes part?"
    for pressed, modifier in ((Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_J, Control)):
        key(pressed, modifier)
    assert focused().accessibleName() == "Plan"
    key(Qt.Key.Key_F8)
    assert focused().accessibleName() == "Takes part?"


def test_needed_notes_are_asked_for(on_call: PopupWindow, next_calls: list[CallResponse]):
    type_in("2")
    on_call._questions.fill_in({"takes_part": "yes"})
    key(Return, Control)
    assert message(on_call) == "One thing is missing “Refused” needs a word in the notes."
    assert focused() is field(on_call, "Notes")


# ----------------------------------------------------------------------------------------------------------- the draft


def test_entries_are_part_of_the_draft(on_call: PopupWindow, campaign: CampaignProfile, qtbot: QtBot):
    field(on_call, "Visits").setFocus()
    with qtbot.waitSignal(on_call.draft_changed) as told:
        type_in("3")
    draft = Draft("", "", {"visits": "3", "mail": "zoe@post.example"})
    assert told.args == [draft]
    on_call.show_call(CALL, Draft("Complete", "x", {"visits": "lots", "plan": "Vinyl", "of_old": "kept"}), profile=campaign)
    assert on_call.draft == Draft("Complete", "x", {"visits": "lots", "plan": "Vinyl", "of_old": "kept"})
    on_call.show_call(CALL, profile=campaign)
    assert on_call.draft == Draft(answers={"mail": "zoe@post.example"})


def test_a_draft_that_was_being_sent_is_taken_apart_again(popup: PopupWindow, campaign: CampaignProfile):
    popup.show_call(CALL, Draft("Complete", "by mail\n[answers]\ntakes_part = yes\nplan = Audio"), profile=campaign)
    assert popup.draft == Draft("Complete", "by mail", {"takes_part": "yes", "plan": "Audio"})


def test_what_may_be_stored_already_is_sent_as_it_is(
    popup: PopupWindow, campaign: CampaignProfile, next_calls: list[CallResponse]
):
    sent = "by mail\n[answers]\ntakes_part = yes"
    popup.show_call(CALL, Draft("Complete", sent), fixed=True, profile=campaign)
    show(popup)
    assert not popup._questions.fields[0].isEnabled()
    press(popup, "Next Call")
    assert next_calls == [CallResponse("c1", "Complete", sent)]


def test_the_room_that_is_left_is_counted_and_kept(on_call: PopupWindow, next_calls: list[CallResponse]):
    type_in("7")
    on_call._questions.fill_in({"takes_part": "yes"})
    notes = field(on_call, "Notes")
    notes.setPlainText("x" * 150)
    assert "177 of 200 characters, answers included" in words(on_call)
    notes.setPlainText("x" * 180)
    assert "7 characters too many: 207 of 200 characters" in words(on_call)
    press(on_call, "Next Call")
    assert not next_calls
    assert "7 characters too long" in message(on_call)
    notes.setPlainText("x" * 170)
    press(on_call, "Next Call")
    assert len(next_calls) == 1


def test_somebody_has_the_form_at_once_and_keeps_it(popup: PopupWindow, campaign: CampaignProfile):
    popup.show_someone(campaign)
    show(popup)
    part(popup, Role.ComboBox, "Takes part?").setFocus()
    type_in("y")
    popup.tell_who(CALL)
    assert popup.draft.answers == {"takes_part": "yes", "mail": "zoe@post.example"}
    assert popup._script.toPlainText().startswith("Hello Zoë Łuczak!")


# -------------------------------------------------------------------------------------------------------------- it fits


@pytest.mark.parametrize("name", ["outbound-sales", "survey", "appointment-reminder"])
def test_the_shipped_profiles_fit_into_a_small_screen(popup: PopupWindow, name: str):
    popup.resize(1024, 700)
    popup.show_call(CALL, profile=load(RESOURCES / "profiles" / f"{name}.toml"))
    show(popup)
    settle()
    press(popup, "Next Call")
    settle()
    assert popup.size() == QSize(1024, 700)
    assert_nothing_cut(popup)


def test_a_hundred_questions_are_scrolled(popup: PopupWindow):
    asked = "\n".join(f'[[question]]\nid = "q{number}"\nrequired = true' for number in range(100))
    popup.resize(1024, 700)
    popup.show_call(CALL, profile=read(asked.encode(), "long.toml"))
    show(popup)
    assert popup.size() == QSize(1024, 700)
    type_in("1")
    on_the_way = []
    for _ in range(100):
        key(Qt.Key.Key_F8)
        settle()
        on_the_way.append(focused().accessibleName())
        assert not focused().visibleRegion().isEmpty()
    assert on_the_way == [f"Q{number}" for number in range(100)]


def test_the_next_call_begins_at_the_top(popup: PopupWindow):
    """Of the questions and of the script, wherever the agent was at the end of the last call."""
    asked = "".join(f'[[question]]\nid = "q{number}"\n' for number in range(30))
    said = "".join(f'[[script]]\ntext = "{number}. {{caller}}"\n' for number in range(60))
    profile = read((asked + said).encode(), "many")
    popup.show_call(a_call(), profile=profile)
    show(popup)
    script, questions = popup.findChild(QTextBrowser), popup.findChild(QScrollArea)
    bars = [script.verticalScrollBar(), questions.verticalScrollBar()]
    for bar in bars:
        bar.setValue(bar.maximum())
        assert bar.value() > 0
    popup.show_call(a_call("Bo Li"), profile=profile)
    settle()
    assert [bar.value() for bar in bars] == [0, 0]
