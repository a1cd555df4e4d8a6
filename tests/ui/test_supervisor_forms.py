"""Forms made from a description: a field for each kind, what is wrong said beside it, and answers that can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox

from desktop.callcenter.model import Described, Field, Kind, Wanted
from desktop.errors import Refused
from desktop.settings.settings import Supervised
from desktop.ui.supervisor_forms import FunctionForm, FunctionsWindow, caption, written
from tests.ui.screen import TEXT, Role, field, focused, has, key, message, part, press, show, type_in, words

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

NOW = datetime(2026, 11, 24, 8, 5, tzinfo=timezone(timedelta(hours=1)))


def wanted(path: str, kind: Kind = Kind.TEXT, **more: Any) -> Wanted:
    names = tuple(path.split("."))
    return Wanted(names, names[-1], kind, **({"required": False} | more))


def combo(form: FunctionForm, name: str) -> QComboBox:
    """By its accessible name; to screen readers on Linux, Qt tells the chosen value in its place, and the label beside it."""
    [found] = [one for one in form.findChildren(QComboBox) if one.accessibleName() == name]
    return found


EVERY_KIND = Described(
    "createCampaign",
    "Makes a campaign.",
    (
        wanted("name", required=True),
        wanted("maxCalls", Kind.NUMBER, default="10"),
        wanted("ratio", Kind.DECIMAL),
        wanted("recorded", Kind.YES_NO, required=True),
        wanted("day", Kind.DATE),
        wanted("begins_at", Kind.TIME),
        wanted("music.kind", Kind.CHOICE, choices=("JAZZ", "NONE"), default="NONE"),
    ),
    ("A list of contacts cannot be given here.",),
)


@pytest.fixture
def form(keep: Keep) -> FunctionForm:
    made: FunctionForm = keep(FunctionForm(EVERY_KIND))
    return made


@pytest.fixture
def asked(form: FunctionForm) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    form.asked.connect(lambda _described, values: found.append({one.name: text for one, text in values.items()}))
    return found


@pytest.mark.parametrize(
    ("kind", "entry", "value"),
    [
        (Kind.TEXT, " as it is ", " as it is "),
        (Kind.TEXT, "   ", ""),
        (Kind.NUMBER, " -12 ", "-12"),
        (Kind.NUMBER, "9" * 30, "9" * 30),  # whether it is too large, the description says
        (Kind.DECIMAL, "1,5", "1.5"),
        (Kind.DECIMAL, ".5", ".5"),
        (Kind.DATE, "14 mar 2027", "2027-03-14"),
        (Kind.DATE, "2027-03-14", "2027-03-14"),
        (Kind.TIME, "14 Mar 2027 9:30", "2027-03-14T09:30:00+01:00"),
        (Kind.TIME, "2027-03-14T09:30:00Z", "2027-03-14T09:30:00+00:00"),
        (Kind.TIME, "2027-03-14 09:30:00+02:00", "2027-03-14T09:30:00+02:00"),
        (Kind.CHOICE, "JAZZ", "JAZZ"),
        (Kind.YES_NO, "true", "true"),
    ],
)
def test_entries_are_written_as_their_kind_wants(kind: Kind, entry: str, value: str):
    assert written(wanted("one", kind), entry, NOW) == value
    if kind is Kind.TIME:  # what was understood stands in the field and is read again
        assert written(wanted("one", kind), value.replace("T", " "), NOW) == value


@pytest.mark.parametrize(
    ("kind", "entry", "said"),
    [
        (Kind.NUMBER, "1.5", "Write a whole number, in digits."),
        (Kind.NUMBER, "twelve", "Write a whole number, in digits."),
        (Kind.DECIMAL, "1.5.2", "Write a number, in digits"),
        (Kind.DECIMAL, ".", "Write a number, in digits"),
        (Kind.DATE, "tomorrow-ish", "This is not a date"),
        (Kind.DATE, "3/4/2027", "could be swapped"),
        (Kind.TIME, "2027-03-14", "Write day and time"),
        (Kind.TIME, "14 Mar 2027 25:00", "There is no such time of day."),
    ],
)
def test_what_does_not_fit_is_a_sentence(kind: Kind, entry: str, said: str):
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        written(wanted("one", kind), entry, NOW)


def test_a_field_inside_another_is_named_by_both():
    assert caption(wanted("dialPlan.agentId")) == "Dial plan - Agent ID"


def test_there_is_a_field_for_each_kind(form: FunctionForm):
    form.show()
    for name in ("Name", "Max calls", "Ratio", "Day", "Begins at"):
        part(form, TEXT, name)
    for name in ("Recorded", "Music - Kind"):
        combo(form, name)
    assert field(form, "Max calls").placeholderText() == "a whole number; 10 if you leave it empty"
    assert combo(form, "Music - Kind").currentText() == "(NONE if you choose nothing)"
    assert field(form, "Name").accessibleDescription() == "needed"
    assert words(form).count("needed") == 2
    for text in ("Create campaign", "createCampaign", "Makes a campaign.", "A list of contacts cannot be given here."):
        assert has(form, Role.StaticText, text)


def test_only_what_is_filled_in_is_asked_for(form: FunctionForm, asked: list[dict[str, str]]):
    show(form)
    field(form, "Name").setFocus()
    type_in("Harbour")
    recorded = combo(form, "Recorded")
    recorded.setFocus()
    type_in("n")
    press(form, "Ask the call center")
    assert asked == [{"name": "Harbour", "recorded": "false"}]
    combo(form, "Music - Kind").setCurrentText("JAZZ")
    field(form, "Ratio").setText("1,5")
    field(form, "Name").setFocus()
    key(Qt.Key.Key_Return)
    assert asked[1:] == [{"name": "Harbour", "recorded": "false", "kind": "JAZZ", "ratio": "1.5"}]


def test_what_is_missing_or_wrong_is_said_by_its_field_and_nothing_is_asked(form: FunctionForm, asked: list[dict[str, str]]):
    show(form)
    field(form, "Max calls").setText("many")
    press(form, "Ask the call center")
    assert asked == []
    assert focused() is field(form, "Name")
    assert words(form).count("This is needed.") == 2
    assert "Write a whole number, in digits." in words(form)
    assert message(form) == "Nothing was sent yet Look at what is marked in red."
    type_in("Harbour")
    field(form, "Max calls").clear()
    combo(form, "Recorded").setCurrentText("Yes")
    press(form, "Ask the call center")
    assert asked == [{"name": "Harbour", "recorded": "true"}]
    assert "needed." not in words(form)


def test_a_mistake_that_belongs_to_no_field_is_said_too(form: FunctionForm):
    form.show()
    form.show_mistakes(((("name",), "At most 3 characters."), (("gone",), "Give either this or that.")))
    assert "At most 3 characters." in words(form)
    assert "Give either this or that." in message(form)


def test_a_day_that_was_understood_is_written_out(form: FunctionForm):
    show(form)
    field(form, "Day").setFocus()
    type_in("14 mar 2027")
    key(Qt.Key.Key_Tab)
    assert field(form, "Day").text() == "2027-03-14"
    field(form, "Day").setFocus()
    field(form, "Day").setText("some day")
    key(Qt.Key.Key_Tab)
    assert field(form, "Day").text() == "some day"


def test_an_answer_with_parts_inside_parts(form: FunctionForm):
    form.show()
    assert not has(form, Role.Tree, "Answer")
    calls = Field("calls", children=(Field("call", "1", (("lang", "en"),)), Field("call", "2\nnd")))
    form.show_answer(NOW, (Field("state", "WAITING"), calls))
    part(form, Role.Tree, "Answer")
    press(form, "Copy all")
    assert QApplication.clipboard().text() == "State: WAITING\nCalls\n  Call: 1\n    Lang: en\n  Call: 2\nnd"
    form.show_answer(NOW, ())
    assert message(form) == "Done at 08:05:00 The call center took it, and returned nothing."
    assert not has(form, Role.Tree, "Answer")


def test_no_answer_of_before_stands_under_a_failure(form: FunctionForm):
    form.show()
    form.show_answer(NOW, (Field("state", "WAITING"),))
    form.tell(Refused("no such agent"), "Nothing was changed.")
    assert not has(form, Role.Tree, "Answer")
    assert message(form).startswith("The call center refused. No such agent. Nothing was changed.")


def test_each_function_keeps_what_was_typed(keep: Keep):
    window = keep(FunctionsWindow(practice=False))
    other = Described("getCampaignStats")
    asked: list[tuple[Supervised, str]] = []
    window.asked.connect(lambda campaign, described, _values: asked.append((campaign, described.name)))
    window.show_campaign(Supervised(1, "Lantern"))
    window.show_functions((EVERY_KIND, other))
    show(window)
    field(window, "Name").setText("Harbour")
    functions = part(window, Role.List, "Functions")
    assert [functions.item(row).text() for row in range(functions.count())] == ["Create campaign", "Get campaign stats"]
    functions.setCurrentRow(1)
    assert "It wants nothing but the key and the campaign." in words(window)
    key(Qt.Key.Key_Return)  # in the list: asks for nothing
    assert asked == []
    press(window, "Ask the call center")
    assert asked == [(Supervised(1, "Lantern"), "getCampaignStats")]
    window.show_functions((EVERY_KIND, other))
    functions.setCurrentRow(0)
    assert field(window, "Name").text() == "Harbour"
    window.show_functions((other,))
    assert functions.count() == 1
    assert window.form(EVERY_KIND) is None
    assert "It wants nothing" in words(window)


def test_a_moment_without_a_zone_is_this_computers(form: FunctionForm):
    assert written(wanted("at", Kind.TIME), "2027-07-01 12:00", NOW.astimezone(UTC)) == "2027-07-01T12:00:00+00:00"
