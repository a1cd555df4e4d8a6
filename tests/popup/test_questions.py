"""Entries are never refused: a hint while typing, a list of what is missing at the end, typed values where they are sound."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup.dates import read_day
from desktop.popup.dispositions import BUILT_IN, at_logoff, not_yet, offered, own_words_allowed
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile, Disposition, Question
from desktop.popup.profile_file import read as read_profile
from desktop.popup.questions import Missing, best, defaults, label, missing, problem, read, settled, written

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
TODAY = NOW.date()
COLOURS = ("Red", "Sea green", "Blue")


def question(kind: str, **others: Any) -> Question:
    return Question(id="q", type=kind, **others)  # type: ignore[arg-type]


ONE_OF_EACH = [
    question("text"),
    question("long", max=20),
    question("number", min=-5, max=1000, decimals=2),
    question("number"),
    question("choice", choices=COLOURS),
    question("choices", choices=COLOURS),
    question("yes_no"),
    question("date"),
    question("rating", max=10),
]


@pytest.mark.parametrize(
    ("one", "text", "value"),
    [
        (question("text"), " hello ", "hello"),
        (question("long"), " two\nlines ", " two\nlines "),
        (question("number"), "12", Decimal(12)),
        (question("number"), "-3", Decimal(-3)),
        (question("number", decimals=2), "3,5", Decimal("3.5")),
        (question("number", decimals=2), "3.50", Decimal("3.50")),
        (question("number", min=0.1, decimals=1), "0.1", Decimal("0.1")),
        (question("choice", choices=COLOURS), "sea GREEN", "Sea green"),
        (question("choices", choices=COLOURS), "blue; red;", ("Red", "Blue")),
        (question("yes_no"), "Y", True),
        (question("yes_no"), "false", False),
        (question("date"), "2026-03-14", date(2026, 3, 14)),
        (question("date"), "14.3.", date(2027, 3, 14)),
        (question("rating"), "5", 5),
        (question("rating", max=10), "10", 10),
    ],
)
def test_what_an_entry_means(one: Question, text: str, value: object):
    found = read(one, text, TODAY)
    assert found == value
    assert type(found) is type(value)
    assert problem(one, text, TODAY) == ""


@pytest.mark.parametrize(
    ("one", "text", "said"),
    [
        (question("text", max=5), "123456", "6 characters are too many: 5 is the most."),
        (question("number"), "3.5", "Write a whole number, in digits."),
        (question("number"), "three", "Write a whole number, in digits."),
        (question("number"), "1e5", "Write a whole number, in digits."),
        (question("number"), "٣", ""),
        (question("number", decimals=1), "3.55", "Write a number, decimals at most 1, in digits."),
        (question("number", decimals=2), "1,000.5", "Write a number"),
        (question("number", min=2), "1", "2 is the smallest number."),
        (question("number", max=2.5, decimals=1), "2.6", "2.5 is the largest number."),
        (question("choice", choices=COLOURS), "pink", "Choose one of: Red, Sea green, Blue."),
        (question("choices", choices=COLOURS), "red; pink", "Choose one of"),
        (question("yes_no"), "perhaps", "Answer yes or no."),
        (question("date"), "31.2.", "There is no such day in the calendar."),
        (question("date"), "3/4", "The day and the month could be swapped"),
        (question("date"), "soon", "This is not a date"),
        (question("rating"), "6", "Give a mark from 1 to 5."),
        (question("rating"), "0", "Give a mark from 1 to 5."),
        (question("rating"), "²", "Give a mark from 1 to 5."),
    ],
)
def test_what_is_wrong_with_an_entry(one: Question, text: str, said: str):
    assert said in problem(one, text, TODAY)


@given(st.sampled_from(ONE_OF_EACH), st.text(max_size=30))
def test_any_entry_is_understood_or_told_about_and_kept(one: Question, text: str):
    profile = CampaignProfile(questions=(one,))
    wrong = problem(one, text, TODAY)
    assert "\n" not in wrong
    answers = settled(profile, {"q": text}, TODAY)
    if not text.strip():
        assert answers == {}
    elif wrong:
        assert answers == {"q": text}
    else:
        value = read(one, text, TODAY)
        assert answers == {"q": written(value)}
        assert read(one, written(value), TODAY) == value


def test_labels():
    assert label(question("text", label="Well?")) == "Well?"
    assert label(Question(id="last_visit")) == "Last visit"
    assert (best(question("rating")), best(question("rating", max=7))) == (5, 7)


# ---------------------------------------------------------------------------------------------------------- the whole

PROFILE = read_profile(
    b"""
    [[field]]
    path = "email"
    [[field]]
    path = "extra_data/colours"
    [[field]]
    path = "extra_data/since"
    [[field]]
    path = "orders"
    [[question]]
    id = "interested"
    type = "yes_no"
    required = true
    [[question]]
    id = "email"
    label = "E-mail"
    default_from = "email"
    required_if = "interested = yes"
    [[question]]
    id = "colours"
    type = "choices"
    choices = ["Red", "Blue"]
    default_from = "extra_data/colours"
    [[question]]
    id = "since"
    type = "date"
    default_from = "extra_data/since"
    [[question]]
    id = "orders"
    type = "number"
    default_from = "orders"
    [[disposition]]
    name = "Sale"
    needs = ["colours"]
    after_seconds = 20
    digit = 2
    [[disposition]]
    name = "Complaint"
    needs_notes = true
    group = "Trouble"
    [[disposition]]
    name = "Nobody"
    for_logoff = true
    """,
    "x",
)
SALE, COMPLAINT, NOBODY = PROFILE.dispositions


def test_defaults_come_from_the_call_if_they_fit():
    colours = Field(
        "extra_data", children=(Field("colours", "blue"), Field("colours", "RED"), Field("since", "2019-04-02T10:00:00Z"))
    )
    call = Call("c1", (Field("email", "maya@okafor.example"), colours, Field("orders", "many")))
    assert defaults(Facts(PROFILE, call, NOW)) == {"email": "maya@okafor.example", "colours": "Red; Blue", "since": "2019-04-02"}
    assert defaults(Facts(PROFILE, Call("c1"), NOW)) == {}


@pytest.mark.parametrize(
    ("answers", "notes", "disposition", "where"),
    [
        ({}, "", None, ["interested"]),
        ({"interested": "no"}, "", None, []),
        ({"interested": "yes"}, "", None, ["email"]),
        ({"interested": " "}, "", NOBODY, ["interested"]),
        ({"interested": "maybe"}, "", NOBODY, ["interested"]),
        ({"interested": "no"}, "", SALE, ["colours"]),
        ({"interested": "no", "colours": "Red"}, "", SALE, []),
        ({"interested": "no", "orders": "x"}, " ", COMPLAINT, ["orders", "notes"]),
        ({"interested": "no"}, "loud", COMPLAINT, []),
    ],
)
def test_what_is_missing(answers: dict[str, str], notes: str, disposition: Disposition | None, where: list[str]):
    found = missing(Facts(PROFILE, Call("c1"), NOW, answers), notes, disposition)
    assert [one.where for one in found] == where
    assert all(one.sentence.endswith(".") for one in found)


def test_a_field_of_the_same_name_is_no_answer():
    facts = Facts(PROFILE, Call("c1", (Field("email", "maya@okafor.example"),)), NOW, {"interested": "yes"})
    assert missing(facts, "", None) == (Missing("email", "E-mail: An answer is needed."),)


def test_a_hundred_questions():
    profile = CampaignProfile(questions=tuple(Question(id=f"q{number}", required=True) for number in range(100)))
    assert len(missing(Facts(profile, Call("c1"), NOW), "", None)) == 100


# -------------------------------------------------------------------------------------------------------- dispositions


def test_the_built_in_dispositions_have_the_keys_1_to_8():
    built_in = offered(CampaignProfile())
    assert [(one.disposition.name, one.digit) for one in built_in] == list(zip(BUILT_IN, range(1, 9), strict=True))
    assert own_words_allowed(CampaignProfile())
    assert at_logoff(CampaignProfile()) is None


def test_the_profiles_dispositions_take_the_free_keys():
    assert [(one.disposition.name, one.digit) for one in offered(PROFILE)] == [("Sale", 2), ("Nobody", 1), ("Complaint", 3)]
    assert not own_words_allowed(PROFILE)
    assert at_logoff(PROFILE) is NOBODY
    many = CampaignProfile(dispositions=tuple(Disposition(name=str(number)) for number in range(12)), other_disposition=True)
    assert [one.digit for one in offered(many)] == [*range(1, 10), None, None, None]
    assert own_words_allowed(many)


def test_a_sale_takes_its_time():
    assert not_yet(SALE, 4.9) == "From 20 seconds after the beep: 16 to go."
    assert not_yet(SALE, 20) == not_yet(NOBODY, 0) == ""


# --------------------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-14", date(2026, 3, 14)),
        ("14.3.", date(2027, 3, 14)),
        ("24.11.", date(2026, 11, 24)),
        ("23.11.", date(2027, 11, 23)),
        ("14. 3. 2028", date(2028, 3, 14)),
        ("14 mar", date(2027, 3, 14)),
        ("14th March, 2028", date(2028, 3, 14)),
        ("MAR 14", date(2027, 3, 14)),
        ("sept. 1", date(2027, 9, 1)),
        ("14/3", date(2027, 3, 14)),
        ("3/14/2028", date(2028, 3, 14)),
        ("5/5", date(2027, 5, 5)),
        ("29.2.", date(2028, 2, 29)),
        ("29 feb 2027", None),
        ("3/4", None),
        ("14 ma", None),
        ("0.1.", None),
        ("1.13.", None),
        ("99/99", None),
        ("0000-01-01", None),
        ("14.3", None),
        ("", None),
    ],
)
def test_days(text: str, day: date | None):
    if day is None:
        with pytest.raises(ValueError, match=r"\.$"):
            read_day(text, TODAY)
    else:
        assert read_day(text, TODAY) == day
