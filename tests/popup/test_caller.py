"""Who is on the line, and all that is known: whatever the call center sends, nothing raises and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup.caller import Caller, Row, caller, details, words

if TYPE_CHECKING:
    from collections.abc import Iterable

ANY_TEXT = st.text(max_size=80)
NAMES = st.one_of(ANY_TEXT, st.sampled_from(["name", "firstname", "phonenumber", "ToNumber", "id", "key", "extra_data"]))
ATTRIBUTES = st.lists(st.tuples(st.one_of(ANY_TEXT, st.sampled_from(["key", "name", "type"])), ANY_TEXT), max_size=3)
FIELDS = st.recursive(
    st.builds(Field, NAMES, ANY_TEXT, ATTRIBUTES.map(tuple)),
    lambda inner: st.builds(Field, NAMES, ANY_TEXT, ATTRIBUTES.map(tuple), st.lists(inner, max_size=4).map(tuple)),
    max_leaves=12,
)
CALLS = st.builds(Call, ANY_TEXT, st.lists(FIELDS, max_size=6).map(tuple))


def call(*fields: Field) -> Call:
    return Call("c1", fields)


def flat(rows: Iterable[Row]) -> list[Row]:
    """Every row, outer before inner."""
    found = []
    for row in rows:
        found += [row, *flat(row.below)]
    return found


# ----------------------------------------------------------------------------------------------------------- caller


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ([("name", "Maya Okafor")], "Maya Okafor"),
        ([("Contact_Name", "Maya Okafor")], "Maya Okafor"),
        ([("firstname", "Maya"), ("lastname", "Okafor")], "Maya Okafor"),
        ([("LastName", "Okafor"), ("FirstName", "Maya")], "Maya Okafor"),
        ([("surname", "Okafor")], "Okafor"),
        ([("name", " "), ("firstname", "Maya")], "Maya"),
        ([("name", "  Maya \n\t Okafor ")], "Maya Okafor"),
        ([("name", "<b>Maya</b>")], "<b>Maya</b>"),
        ([("name", "ليلى الحداد")], "ليلى الحداد"),
        ([("name", "Sunny 🌻")], "Sunny 🌻"),
        ([("name", ""), ("filename", "x.wav")], ""),
        ([], ""),
    ],
)
def test_the_name(fields: list[tuple[str, str]], name: str):
    assert caller(call(*(Field(*field) for field in fields))).name == name


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ([("phonenumber", "+12025550143")], "(202) 555-0143"),
        ([("ToNumber", "12025550143"), ("FromNumber", "+442079460102")], "(202) 555-0143"),
        ([("FromNumber", "+442079460102")], "+44 20 7946 0102"),
        ([("phone", "anonymous")], "anonymous"),
        ([], ""),
    ],
)
def test_the_number(fields: list[tuple[str, str]], number: str):
    assert caller(call(*(Field(*field) for field in fields))).number == number


def test_the_person_may_be_nested():
    nested = Field("contact", children=(Field("person", children=(Field("firstname", "Maya"), Field("phone", "+12025550143"))),))
    assert caller(call(nested)) == Caller("Maya", "(202) 555-0143")


def test_one_line_calls_the_person_by_name_else_by_number_else_in_words():
    assert Caller("Maya", "(202) 555-0143").title == "Maya"
    assert Caller("", "(202) 555-0143").title == "(202) 555-0143"
    assert Caller("", "").title == "Unknown caller"


def test_an_endless_name_is_cut_where_it_can_be_seen():
    name = caller(call(Field("name", "x" * 10_000), Field("phone", "9" * 10_000)))
    assert len(name.name) == len(name.number) == 200
    assert name.name.endswith("…")


# ---------------------------------------------------------------------------------------------------------- details


def test_details_are_rows_in_the_calls_order():
    rows = details(
        call(
            Field("id", "c1"),
            Field("phonenumber", "+12025550143"),
            Field(
                "extra_data",
                children=(Field("entry", "Gold", (("key", "plan_name"),)), Field("entry", "3", (("key", "Orders"),))),
            ),
            Field("Created", "2025-01-06", (("zone", "UTC"),)),
        )
    )
    assert rows == (
        Row("ID", "c1"),
        Row("Phone number", "(202) 555-0143"),
        Row("Extra data", "", (Row("Plan name", "Gold"), Row("Orders", "3"))),
        Row("Created", "2025-01-06", (Row("Zone", "UTC"),)),
    )


def test_two_thousand_fields_are_two_thousand_rows():
    rows = details(call(*(Field(f"field{number}", f"value {number}") for number in range(2000))))
    assert [row.value for row in rows] == [f"value {number}" for number in range(2000)]


def test_fields_of_one_name_stay_apart():
    assert details(call(Field("tag", "one"), Field("tag", "two"))) == (Row("Tag", "one"), Row("Tag", "two"))


def test_what_an_element_is_called_by_its_attribute():
    rows = details(call(Field("contact", "", (("name", "Zoë"),), (Field("age", "30"),)), Field("entry", "", (("key", "plan"),))))
    assert rows == (Row("Contact", "", (Row("Name", "Zoë"), Row("Age", "30"))), Row("Plan", ""))


def test_attributes_of_one_name_stay_apart():
    assert flat(details(call(Field("a", "", (("x", "one"), ("x", "two"))))))[1:] == [Row("X", "one"), Row("X", "two")]


def test_a_field_that_is_nested_deeply_is_there():
    deep = Field("leaf", "at the bottom")
    for depth in range(200):
        deep = Field(f"level{depth}", "", (), (deep,))
    assert flat(details(call(deep)))[-1].value == "at the bottom"


@given(CALLS)
def test_nothing_raises_and_no_text_is_lost(any_call: Call):
    person = caller(any_call)
    assert person.title
    assert "\n" not in person.name
    rows = flat(details(any_call))
    said = {row.value for row in rows} | {row.label for row in rows}
    squeezed = {_bare(text) for text in said}
    for field in any_call.walk():
        for text in (field.text, *(value for _, value in field.attributes)):
            assert _bare(text) in squeezed


def _bare(text: str) -> str:
    """What counts of a text, however a number is grouped, a name is capitalised or split into words."""
    return "".join(character for character in text.casefold() if character.isalnum())[-7:]


# ------------------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("id", "ID"),
        ("campaignID", "Campaign ID"),
        ("extra_data", "Extra data"),
        ("FinalResult", "Final result"),
        ("callbackRequested", "Callback requested"),
        ("postal-code", "Postal code"),
        ("SKU", "SKU"),
        ("order.number", "Order number"),
        ("\u05e9\u05dd", "\u05e9\u05dd"),
        ("🌻", "🌻"),
        ("_", "_"),
        ("", ""),
    ],
)
def test_names_as_words(name: str, shown: str):
    assert words(name) == shown


@given(ANY_TEXT)
def test_any_name_becomes_words(name: str):
    assert bool(words(name)) == bool(name)
