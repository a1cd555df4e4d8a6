"""The example call: no field, placeholder or default is empty, whatever the profile lists, and it looks like an example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup import fields, paths, questions, script, templates
from desktop.popup.example import example_call, least_call
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile, Question, ScriptPart, ShownField
from desktop.popup.profile_file import load
from desktop.practice.center import call_type
from desktop.practice.scenario import load_scenario
from desktop.resources import RESOURCES

NOW = datetime(2026, 11, 24, 15, 5, tzinfo=UTC)
PROFILES = {file.stem: load(file) for file in sorted((RESOURCES / "profiles").glob("*.toml"))}
BY_NAME = pytest.mark.parametrize("profile", [pytest.param(profile, id=name) for name, profile in PROFILES.items()])

NAMES = st.sampled_from(["visit", "Visit", "on", "last order", "1st", "entry", "name", "key", "-", " ", "\u00e9t\u00e9"])
STEPS = st.tuples(NAMES | st.from_regex(r'[^/@\[\]{}|=<>!"]{1,8}', fullmatch=True), st.sampled_from(["", "[1]", "[2]", "[3]"]))
PATHS = st.builds(
    lambda steps, attribute: "/".join("".join(step) for step in steps) + (f"/@{attribute}" if attribute else ""),
    st.lists(STEPS, min_size=1, max_size=4),
    st.none() | NAMES,
)


def facts(profile: CampaignProfile, call: Call | None = None) -> Facts:
    return Facts(profile, call or example_call(profile), NOW)


def texts(call: Call, path: str) -> list[str]:
    return [one.text for one in paths.find(call, path)]


def listing(*listed: ShownField, **others: Any) -> CampaignProfile:
    return CampaignProfile(fields=listed, **others)


# ----------------------------------------------------------------------------------------------------- nothing is empty


@BY_NAME
def test_no_field_of_a_shipped_profile_is_empty_and_all_are_seen(profile: CampaignProfile):
    call = example_call(profile)
    for field in profile.fields:
        assert all(texts(call, field.path)), field.path
        assert texts(call, field.path)
    seen = sum(len(group.lines) for group in fields.view(facts(profile)).groups)
    assert seen == sum(not field.hidden for field in profile.fields)


@BY_NAME
def test_no_placeholder_of_a_shipped_profile_is_empty(profile: CampaignProfile):
    asked = {one.id for one in profile.questions}
    known = facts(profile)
    for part in profile.script:
        for name in templates.names(part.text):
            assert known.spoken(name) or name in asked, name
    assert script.render(known)


@BY_NAME
def test_every_default_of_a_shipped_profile_is_filled_in(profile: CampaignProfile):
    assert set(questions.defaults(facts(profile))) == {one.id for one in profile.questions if one.default_from}


@given(st.lists(PATHS, min_size=1, max_size=6))
def test_no_field_is_empty_whatever_is_listed(listed: list[str]):
    profile = listing(*(ShownField(path=path) for path in listed))
    call = example_call(profile)
    for path in listed:
        assert any(texts(call, path)), path
    assert facts(profile).caller.name == "Alex Example"


def test_what_a_path_counts_is_there_and_what_others_have_counted_stays():
    call = example_call(
        listing(*(ShownField(path=path) for path in ("visit[2]/shop", "visit[1]/on", "visit/@till", "visit[3]", "a[2]/b[2]/c")))
    )
    visits = [one for one in call.fields if one.name == "visit"]
    assert visits == [
        Field("visit", "", (("till", "Example till"),), (Field("shop", "Example shop"), Field("on", "2019-04-02"))),
        Field("visit", "", (), (Field("shop", "Example shop"),)),
        Field("visit", "Example visit"),
    ]
    assert texts(call, "a[2]/b[2]/c") == ["Example c"]


def test_a_name_that_xml_does_not_have_is_an_entry_that_bears_it():
    call = example_call(listing(ShownField(path="extra_data/Paid until")))
    [extra] = [one for one in call.fields if one.name == "extra_data"]
    assert extra.children[0] == Field("entry", "2030-05-17T10:30:00", (("name", "Paid until"),))


def test_a_path_that_counts_without_end_makes_no_call_without_end():
    wild = listing(*(ShownField(path="/".join(["a[9999]"] * 40) + f"/{n}") for n in range(50)), ShownField(path="b[99]/c[99]/d"))
    call = example_call(wild)
    assert sum(1 for _ in call.walk()) < 500
    assert texts(call, "b[99]/c[99]/d") == ["Example d"]


# --------------------------------------------------------------------------------------------------- plausible values


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("FirstName", "Alex"),
        ("given_name", "Alex"),
        ("surname", "Example"),
        ("name", "Alex Example"),
        ("customer/Name", "Alex Example"),
        ("E-Mail", "alex@example.com"),
        ("customeremail", "alex@example.com"),
        ("FromNumber", "+12015550123"),
        ("mobile phone", "+12015550123"),
        ("ContactId", "1001"),
        ("order number", "1001"),
        ("Company name", "Example Company"),
        ("postal_code", "00000"),
        ("city", "Exampleville"),
        ("country", "Exampleland"),
        ("discount", "3"),
        ("location", "Example location"),
        ("extra_data/plan", "Example plan"),
        ("visit/@on", "2019-04-02"),
        ("id", "example-1"),
        ("callstart", "2026-11-24T10:30:00"),
    ],
)
def test_what_a_name_suggests(path: str, text: str):
    assert texts(example_call(listing(ShownField(path=path))), path) == [text]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (ShownField(path="x", format="phone"), "(201) 555-0123"),
        (ShownField(path="born", format="date"), "12 Apr 1985"),
        (ShownField(path="x", format="date"), "2 Apr 2019"),
        (ShownField(path="appointment/when", format="date"), "17 May 2030, 10:30"),
        (ShownField(path="x", format="money", currency="EUR"), "EUR 49.00"),
        (ShownField(path="x", format="link"), "https://www.example.com/"),
        (ShownField(path="email", mask=4), "••••••••.com"),
    ],
)
def test_what_a_format_wants(field: ShownField, shown: str):
    [group] = fields.view(facts(listing(field))).groups
    assert [line.text for line in group.lines] == [shown]
    assert bool(group.lines[0].link) == (field.format == "link")


def test_numbers_are_of_the_profiles_region():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        profile = CampaignProfile(region=region)
        for call in (example_call(profile), least_call(profile)):
            assert phonenumbers.parse(call.first("phonenumber")) == phonenumbers.example_number(region)


@pytest.mark.parametrize(
    "question",
    [
        Question(id="q", type="choice", choices=("Gold", "Silver"), default_from="plan"),
        Question(id="q", type="choices", choices=("Gold", "Silver"), default_from="plan"),
        Question(id="q", type="yes_no", default_from="plan"),
        Question(id="q", type="rating", max=7, default_from="plan"),
        Question(id="q", type="date", default_from="plan"),
        Question(id="q", type="number", default_from="plan"),
        Question(id="q", type="number", min=20.5, max=21.2, default_from="plan"),
        Question(id="q", type="number", max=-3, default_from="plan"),
        Question(id="q", type="number", min=0.25, max=0.3, decimals=2, default_from="plan"),
        Question(id="q", type="text", max=5, default_from="plan"),
        Question(id="q", type="long", default_from="plan"),
    ],
    ids=lambda question: f"{question.type}-{question.min}-{question.max}",
)
def test_a_value_fits_the_question_that_it_fills_in(question: Question):
    profile = listing(ShownField(path="Plan"), questions=(question,))
    assert set(questions.defaults(facts(profile))) == {"q"}


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("plan = Gold", "Gold"),
        ("plan > 5", "6"),
        ("plan >= 5 and caller", "5"),
        ("plan < 5", "4"),
        ("plan <= 5", "5"),
        ("plan > soon", "Example plan"),
        ("plan > 1e999999999", "Example plan"),
        ("not plan", "Example plan"),
        ("plan != Gold", "Example plan"),
        ("plan", "Example plan"),
    ],
)
def test_a_value_fits_what_it_is_compared_with(condition: str, text: str):
    said = ScriptPart(text="x", show_if=condition)
    seen = ShownField(path="other", show_if=condition)
    asked = Question(id="q", required_if=condition)
    for profile in (
        listing(ShownField(path="plan"), script=(said,)),
        listing(ShownField(path="plan"), seen),
        listing(ShownField(path="plan"), questions=(asked,)),
    ):
        assert texts(example_call(profile), "plan") == [text]


def test_a_question_goes_before_a_condition():
    number = Question(id="q", type="number", default_from="orders")
    profile = listing(ShownField(path="orders"), script=(ScriptPart(text="x", show_if="orders = many"),), questions=(number,))
    assert questions.defaults(facts(profile)) == {"q": "3"}


# ------------------------------------------------------------------------------------------------ without a profile


def test_without_a_profile_there_is_what_a_call_usually_carries():
    known = {one.name for person in load_scenario().people for one in call_type("c 1", 1, "77", person, NOW).fields}
    usual = example_call(CampaignProfile())
    assert {one.name for one in usual.fields} <= known
    assert {"id", "campaignid", "phonenumber", "firstname", "lastname", "city", "email", "extra_data"} <= {
        one.name for one in usual.fields
    }
    assert all(one.text or one.children for one in usual.walk())


def test_the_campaign_is_the_profiles():
    assert example_call(CampaignProfile()).first("campaignid") == "1001"
    assert example_call(CampaignProfile(campaigns=(17, 18))).first("campaignid") == "17"


def test_the_least_call_has_an_id_and_a_number():
    call = least_call(CampaignProfile())
    assert [(one.name, one.text) for one in call.fields] == [("id", call.id), ("phonenumber", "+12015550123")]
    assert facts(CampaignProfile(), call).caller.title == "(201) 555-0123"
