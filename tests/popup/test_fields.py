"""What the agent sees of a call: paths, formats, covering, conditions, local time; and nothing is lost under More."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup import hours, paths, writing
from desktop.popup.caller import Row, details
from desktop.popup.facts import Facts
from desktop.popup.fields import Group, Shown, view
from desktop.popup.profile import CallingHours, CampaignProfile, ShownField
from desktop.popup.profile_file import read
from tests.popup.test_caller import CALLS, _bare, flat

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=ZoneInfo("America/New_York"))
CALL = Call(
    "c1",
    (
        Field("id", "c1"),
        Field("phonenumber", "+12025550101"),
        Field("First_Name", " Maya "),
        Field(
            "extra_data",
            children=(
                Field("entry", "Gold", (("name", "Plan"),)),
                Field("entry", "2019-04-02", (("key", "Member since"),)),
                Field("entry", "", (("name", "Empty"),)),
            ),
        ),
        Field("visit", "", (("on", "2025-03-01"),), (Field("shop", "Bloomsbury"),)),
        Field("visit", "", (("on", "2025-06-14"),), (Field("shop", "Greenwich"), Field("spent", "1234.5"))),
    ),
)


def profile(*fields: ShownField, **others: object) -> CampaignProfile:
    return CampaignProfile(fields=fields, **others)  # type: ignore[arg-type]


def facts(*fields: ShownField, call: Call = CALL, answers: dict[str, str] | None = None, **others: object) -> Facts:
    return Facts(profile(*fields, **others), call, NOW, answers or {})


# --------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("phonenumber", ["+12025550101"]),
        ("firstname", ["Maya"]),
        ("First Name", ["Maya"]),
        ("extra_data/plan", ["Gold"]),
        ("ExtraData / Member-since", ["2019-04-02"]),
        ("extra_data/entry", ["Gold", "2019-04-02", ""]),
        ("extra_data/entry[2]", ["2019-04-02"]),
        ("visit/shop", ["Bloomsbury", "Greenwich"]),
        ("visit[2]/shop", ["Greenwich"]),
        ("visit[3]/shop", []),
        ("visit/@on", ["2025-03-01", "2025-06-14"]),
        ("visit[2]/@on", ["2025-06-14"]),
        ("visit/@off", []),
        ("visit", ["", ""]),
        ("shop", []),
        ("nothing/at/all", []),
    ],
)
def test_what_a_path_leads_to(path: str, texts: list[str]):
    assert [one.text for one in paths.find(CALL, path)] == texts


@pytest.mark.parametrize(
    "path", ["", "/", "a/", "a//b", "a[0]", "a[-1]", "a[x]", "@a", "a/@b/c", "a/@b[2]", "{a}", "a|b", "a=b", "a]"]
)
def test_what_is_no_path(path: str):
    with pytest.raises(ValueError, match="'"):
        paths.steps(path)


@settings(max_examples=300)
@given(
    CALLS, st.lists(st.sampled_from(["a", "A", "name", "key", "a/a", "a[2]/key", "a/@key", "extra_data/name", "id", "key/@name"]))
)
def test_many_paths_lead_where_each_one_does(call: Call, asked: list[str]):
    search = paths.Search(call)
    for path in asked:
        assert search.find(path) == paths.find(call, path) == tuple(_plainly(call.fields, paths.steps(path), ()))


def _plainly(fields: tuple[Field, ...], steps: tuple[paths.Step, ...], above: tuple[int, ...]) -> Iterator[paths.Found]:
    """As paths.Search finds, but element by element."""
    step, later = steps[0], steps[1:]
    called = [
        (position, one)
        for position, one in enumerate(fields)
        if paths.same(one.name, step.name)
        or any(name.casefold() in {"key", "name"} and paths.same(text, step.name) for name, text in one.attributes)
    ]
    for position, one in called[step.number - 1 : step.number] if step.number else called:
        if not later:
            yield paths.Found(one.text.strip(), (*above, position))
        elif later[0].is_attribute:
            for number, (name, text) in enumerate(one.attributes):
                if paths.same(name, later[0].name):
                    yield paths.Found(text.strip(), (*above, position), number)
        else:
            yield from _plainly(one.children, later, (*above, position))


def test_what_is_left_of_a_call():
    found = [*paths.find(CALL, "visit/shop"), *paths.find(CALL, "visit[1]/@on"), *paths.find(CALL, "extra_data/plan")]
    left = paths.without(CALL, found)
    assert [field.name for field in left.fields] == ["id", "phonenumber", "First_Name", "extra_data", "visit"]
    assert [child.text for child in left.fields[3].children] == ["2019-04-02", ""]
    assert left.fields[4] == Field("visit", "", (("on", "2025-06-14"),), (Field("spent", "1234.5"),))
    assert paths.without(CALL, []) == CALL


# ---------------------------------------------------------------------------------------------------------------- view


def test_without_a_profile_everything_is_under_more():
    seen = view(facts())
    assert seen.groups == ()
    assert seen.more == details(CALL)


def test_groups_stand_in_the_order_of_their_first_field():
    seen = view(
        facts(
            ShownField(path="firstname", group="Who", emphasis="strong"),
            ShownField(path="extra_data/plan", group="With us", label="Our plan"),
            ShownField(path="lastname", group="Who"),
            ShownField(path="visit/shop", group="Who"),
            ShownField(path="extra_data/empty", group="Nothing in it"),
        )
    )
    assert seen.groups == (
        Group(
            "Who",
            (Shown("First name", "Maya", "Maya", "strong"), Shown("Shop", "Bloomsbury, Greenwich", "Bloomsbury, Greenwich")),
        ),
        Group("With us", (Shown("Our plan", "Gold", "Gold"),)),
    )
    assert [row.label for row in seen.more] == ["ID", "Phone number", "Extra data", "Visit", "Visit"]
    assert [row.label for row in seen.more[2].below] == ["Member since"]


def test_an_answer_shows_a_field_and_hides_it_again():
    listed = ShownField(path="firstname", show_if="interested = yes"), ShownField(path="id", show_if="interested != yes")
    some = read(b"[[question]]\nid='interested'", "x").questions
    known = facts(*listed, questions=some)
    shown = [
        [line.text for line in view(known.answered({"interested": answer})).groups[0].lines] for answer in ("yes", "no", "yes")
    ]
    assert shown == [["Maya"], ["c1"], ["Maya"]]


def test_a_field_without_a_value_counts_as_the_first_of_its_group():
    seen = view(
        facts(
            ShownField(path="lastname", group="Who"),
            ShownField(path="extra_data/plan", group="With us"),
            ShownField(path="firstname", group="Who"),
        )
    )
    assert [group.title for group in seen.groups] == ["Who", "With us"]


def test_what_is_named_is_not_under_more_even_if_it_is_hidden():
    seen = view(facts(ShownField(path="id", hidden=True), ShownField(path="firstname", show_if="extra_data/plan = Silver")))
    assert seen.groups == ()
    assert [row.label for row in seen.more] == ["Phone number", "Extra data", "Visit", "Visit"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("extra_data/plan = gold", True),
        ("extra_data/plan != gold", False),
        ("extra_data/plan", True),
        ("not extra_data/plan", False),
        ("not lastname", True),
        ("lastname = ", None),
        ('lastname = ""', True),
        ('lastname != ""', False),
        ('extra_data/plan = "Gold"', True),
        ("visit/shop = Greenwich", True),
        ("visit/spent > 1000", True),
        ("visit/spent <= 1000", False),
        ("visit/spent = 1234.50", True),
        ("firstname > 3", False),
        ("visit/spent > x", False),
        ("interested = yes and extra_data/plan = Gold", True),
        ("interested = no and extra_data/plan = Gold", False),
        ("interested = no OR extra_data/plan = Gold", True),
        ('extra_data/plan = "bed and breakfast"', False),
        ("caller = maya", True),
        ("number", True),
        ("call_id = c1", True),
        ("several = b", True),
        ("several != b", False),
        ("several = a; b", False),
        ("= x", None),
        ("a = b = c", None),
        ("a and b or c", None),
        ("", None),
    ],
)
def test_conditions(condition: str, holds: bool | None):
    listed = [ShownField(path=path) for path in ("extra_data/plan", "lastname", "visit/shop", "visit/spent", "firstname")]
    some = read(b"[[question]]\nid='interested'\n[[question]]\nid='several'\ntype='choices'\nchoices=['a','b']", "x").questions
    known = facts(*listed, answers={"interested": "Yes", "several": "a; b"}, questions=some)
    if holds is None:
        with pytest.raises(ValueError, match="'"):
            known.holds(condition)
    else:
        assert known.holds(condition) is holds


def test_an_answer_goes_before_a_field_of_its_name():
    some = read(b"[[question]]\nid='firstname'", "x").questions
    assert facts(ShownField(path="firstname"), questions=some).raw("firstname") == "Maya"
    assert facts(ShownField(path="firstname"), questions=some, answers={"firstname": "Mia"}).raw("firstname") == "Mia"


@settings(max_examples=300)
@given(CALLS, st.lists(st.sampled_from(["id", "extra_data/key", "name", "a", "phonenumber", "firstname[1]"]), unique=True))
def test_no_text_of_any_call_is_lost(call: Call, listed: list[str]):
    seen = view(facts(*(ShownField(path=path) for path in listed), call=call))
    rows = flat(seen.more)
    said = {_bare(text) for row in rows for text in (row.label, row.value)}
    said |= {_bare(part) for group in seen.groups for line in group.lines for part in (line.value, *line.value.split(", "))}
    told = {one.text for path in listed for one in paths.find(call, path)}
    for field in call.walk():
        for text in (field.text, *(value for name, value in field.attributes if name.casefold() not in {"key", "name"})):
            assert _bare(text) in said or text.strip() in told


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("value", "format_", "shown"),
    [
        ("+12025550101", "phone", "(202) 555-0101"),
        ("2019-04-02", "date", "2 Apr 2019"),
        ("2026-11-24T19:05:00.000Z", "date", "24 Nov 2026, 14:05"),
        ("2026-11-24 19:05", "date", "24 Nov 2026, 19:05"),
        ("2019-13-02", "date", "2019-13-02"),
        ("9999-12-31T23:59:59-12:00", "date", "9999-12-31T23:59:59-12:00"),
        ("soon", "date", "soon"),
        ("1234.5", "money", "$1,234.50"),
        ("-7", "money", "-$7.00"),
        ("1,5", "money", "1,5"),
        ("1e5", "money", "1e5"),
        ("NaN", "money", "NaN"),
        ("9" * 40, "money", "9" * 40),
        ("<b>", "text", "<b>"),
    ],
)
def test_formats(value: str, format_: str, shown: str):
    assert writing.shown(value, ShownField(path="x", format=format_), "US", NOW) == shown  # type: ignore[arg-type]


@given(st.text(max_size=40), st.sampled_from(["text", "phone", "date", "money", "link"]), st.integers(0, 20))
def test_no_value_raises_and_no_cover_is_transparent(value: str, format_: str, keep: int):
    field = ShownField(path="x", format=format_)  # type: ignore[arg-type]
    assert bool(writing.shown(value, field, "US", NOW)) == bool(value)
    covered = writing.covered(value, keep)
    assert len(covered) <= 8 + keep
    assert not value or covered.startswith("•")


@pytest.mark.parametrize(
    ("value", "opened"),
    [
        ("https://maps.example/a?b=c", True),
        ("http://maps.example/", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("https://evil@maps.example/", False),
        ("https://", False),
        ("https://[", False),
        ("https://maps.example/a b", False),
        ("https://maps.example/\n", False),
        ("HTTPS://maps.example/", True),
        ("maps.example", False),
    ],
)
def test_only_https_is_a_link(value: str, opened: bool):
    seen = view(facts(ShownField(path="a", format="link"), call=Call("c1", (Field("a", value),))))
    [line] = seen.groups[0].lines
    assert line.text == value.strip()
    assert line.link == (value.strip() if opened or value.endswith("\n") else "")


def test_what_is_covered_is_covered_wherever_it_stands():
    seen = facts(ShownField(path="phonenumber", format="phone", mask=2), ShownField(path="firstname", mask=0))
    [phone, name] = view(seen).groups[0].lines
    assert (phone.text, phone.covered, name.text) == ("••••••••01", True, "••••")
    assert (seen.caller.name, seen.caller.number) == ("••••", "••••••••01")
    assert (seen.spoken("caller"), seen.spoken("number"), seen.spoken("firstname")) == ("••••", "••••••••01", "••••")
    assert (seen.raw("number"), seen.raw("firstname")) == ("+12025550101", "Maya")


def test_numbers_and_links_stand_one_to_a_line():
    call = Call("c1", (Field("phone", "+12025550101"), Field("phone", "+442079460102")))
    [group] = view(facts(ShownField(path="phone", format="phone"), call=call)).groups
    assert [(line.text, line.aside) for line in group.lines] == [
        ("(202) 555-0101", "14:05 in New York"),
        ("+44 20 7946 0102", "19:05 in London"),
    ]


# ---------------------------------------------------------------------------------------------------------- local time

OFFICE = (CallingHours(earliest="8:00", latest="21:00", days=("mon", "tue", "wed", "thu", "fri")),)


@pytest.mark.parametrize(
    ("number", "at", "text", "warning"),
    [
        ("+12025550101", "2026-11-24T13:00Z", "08:00 in New York", ""),
        ("+12025550101", "2026-11-24T12:59Z", "07:59 in New York", "Outside calling hours (8:00 to 21:00)"),
        ("+12025550101", "2026-11-25T01:59Z", "Tue 20:59 in New York", ""),
        ("+12025550101", "2026-11-25T02:00Z", "Tue 21:00 in New York", "Outside calling hours (8:00 to 21:00)"),
        ("+12025550101", "2026-11-28T15:00Z", "10:00 in New York", "Outside calling hours (not on this day)"),
        ("+12025550101", "2026-03-08T06:59Z", "01:59 in New York", "Outside calling hours (not on this day)"),
        ("+12025550101", "2026-03-08T07:00Z", "03:00 in New York", "Outside calling hours (not on this day)"),
        ("+12025550101", "2026-07-01T12:00Z", "08:00 in New York", ""),
        ("+12025550101", "2026-01-05T12:00Z", "07:00 in New York", "Outside calling hours (8:00 to 21:00)"),
        ("+442079460102", "2026-10-25T00:59Z", "01:59 in London", "Outside calling hours (not on this day)"),
        ("+442079460102", "2026-10-25T01:00Z", "01:00 in London", "Outside calling hours (not on this day)"),
        (
            "+61412345678",
            "2026-11-24T00:00Z",
            "06:30 to 11:00, several time zones",
            "Perhaps outside calling hours (8:00 to 21:00)",
        ),
        ("+18005550101", "2026-11-24T00:00Z", "", ""),
        ("anonymous", "2026-11-24T00:00Z", "", ""),
        ("", "2026-11-24T00:00Z", "", ""),
    ],
)
def test_the_time_where_a_number_belongs(number: str, at: str, text: str, warning: str):
    there = hours.local_time(number, "US", OFFICE, datetime.fromisoformat(at).astimezone(UTC))
    assert ("", "") if there is None else (there.text, there.warning) == (text, warning)
    assert bool(there) == bool(text)


def test_no_calling_hours_no_warning():
    there = hours.local_time("+12025550101", "US", (), datetime(2026, 11, 24, 3, tzinfo=UTC))
    assert there == hours.LocalTime("Mon 22:00 in New York")


def test_the_zone_of_a_callback_is_one_or_none():
    assert hours.zone("+12025550101", "US", NOW) == ZoneInfo("America/New_York")
    assert hours.zone("+61412345678", "US", NOW) is None
    assert hours.zone("+18005550101", "US", NOW) is None
    assert hours.zone("020 7946 0102", "GB", NOW) == ZoneInfo("Europe/London")


@given(st.text(max_size=30), st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_no_number_and_no_time_raises(number: str, now: datetime):
    hours.local_time(number, "US", OFFICE, now)


@pytest.mark.parametrize(
    ("text", "found"), [("8:00", 480), ("08:05", 485), ("24:00", 1440), ("24:01", None), ("8", None), ("7:60", None)]
)
def test_times_of_day(text: str, found: int | None):
    assert hours.minutes(text) == found


def test_two_hundred_fields_are_seen_at_once():
    listed = [ShownField(path=f"field{number}", group=f"g{number % 7}") for number in range(200)]
    call = Call("c1", tuple(Field(f"field{number}", str(number)) for number in range(400)))
    seen = view(facts(*listed, call=call))
    assert sum(len(group.lines) for group in seen.groups) == 200
    assert seen.more == tuple(Row(f"Field{number}", str(number)) for number in range(200, 400))
