"""What is worked out once per call is what would be worked out anew after every answer, at every minute, for every call."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup import fields, questions, script
from desktop.popup.facts import Facts
from desktop.popup.profile import CallingHours, CampaignProfile, Question, ScriptPart, ShownField
from tests.bench import campaign
from tests.popup.test_caller import CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 24, 20, 58, 30, tzinfo=ZoneInfo("America/New_York"))
PATHS = ("id", "a", "A", "name", "firstname", "phonenumber", "extra_data/key", "a[2]", "a/@key", "call id")
NAMES = (*PATHS, "q1", "q2", "caller", "number", "call_id", "campaign")
PIECES = (*(f"{{{name}}}" for name in NAMES), "{q3|none}", ", ", " you ", ".")
CONDITIONS = [
    None,
    *("a", "not a", "name = x", "q1", "not q1", "q1 = yes", "q2 >= 3 or q1 = no", "q3 = b and a", "number", "caller != x"),
    *("firstname = yes", "q2 != a"),
]
LISTED = st.builds(
    ShownField,
    path=st.sampled_from(PATHS),
    group=st.sampled_from(["", "One", "Two"]),
    format=st.sampled_from(["text", "phone", "date", "money", "link"]),
    mask=st.sampled_from([None, 0, 2]),
    hidden=st.booleans(),
    show_if=st.sampled_from(CONDITIONS),
)
SAID = st.builds(
    ScriptPart,
    text=st.lists(st.sampled_from(PIECES), min_size=1).map("".join),
    show_if=st.sampled_from(CONDITIONS),
)
ASKED = (
    Question(id="q1", type="yes_no", required_if="q2 >= 3"),
    Question(id="q2", type="number", required_if="a", default_from="a"),
    Question(id="q3", type="choices", choices=("a", "b"), required_if="not q1 and name"),
    Question(id="firstname", default_from="firstname"),
)
PROFILES = st.builds(
    CampaignProfile,
    name=st.sampled_from(["", "Harbour Street"]),
    fields=st.lists(LISTED, max_size=8).map(tuple),
    script=st.lists(SAID, max_size=4).map(tuple),
    questions=st.just(ASKED),
    calling_hours=st.sampled_from([(), (CallingHours(earliest="8:00", latest="21:00"),)]),
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "q1": st.sampled_from(["yes", "no", " "]),
        "q2": st.sampled_from(["1", "3", "a"]),
        "q3": st.sampled_from(["a", "b", "a; b"]),
        "firstname": st.sampled_from(["yes", "Mia"]),
    },
)


def everything(facts: Facts) -> tuple[object, ...]:
    """All that the popup shows and asks."""
    return (
        fields.view(facts),
        script.render(facts),
        facts.caller,
        [questions.is_required(one, facts) for one in facts.profile.questions],
        questions.defaults(facts),
        questions.missing(facts, "", None),
        [(facts.values(name), facts.raw(name), facts.spoken(name)) for name in NAMES],
    )


@settings(max_examples=150)
@given(PROFILES, CALLS, st.lists(ANSWERS, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=3))
def test_answer_by_answer_and_anew_are_the_same(
    profile: CampaignProfile, call: Call, answers: list[Mapping[str, str]], minutes: list[int]
):
    known = Facts(profile, call, NOW)
    for entered in answers:
        assert everything(known.answered(entered)) == everything(Facts(profile, call, NOW, entered))
    for later in minutes:
        then = NOW + timedelta(minutes=later)
        assert everything(replace(known, now=then)) == everything(Facts(profile, call, then))


def test_a_large_campaign_answer_by_answer():
    profile, call = campaign.profile(1), campaign.call(1)
    known, entered, seen = Facts(profile, call, NOW), dict[str, str](), []
    for question_id, text in (("q1", "yes"), ("q4", "3"), ("q14", "1"), ("q8", "Mia"), ("q1", "no")):
        entered = entered | {question_id: text}
        seen.append(everything(known.answered(entered))[:4])
        assert seen[-1] == everything(Facts(profile, call, NOW, entered))[:4]
    assert all(before != after for before, after in pairwise(seen))


def test_once_is_once_and_knows_no_answer():
    made = []

    def make(facts: Facts) -> Mapping[str, str]:
        made.append(facts.call.id)
        return facts.answers

    known = Facts(CampaignProfile(), Call("c1"), NOW)
    assert known.answered({"q1": "yes"}).once(make) == {}
    assert known.answered({"q1": "no"}).once(make) == known.once(make) == {}
    assert made == ["c1"]
    assert replace(known, call=Call("c2"), answers={"q1": "no"}).once(make) == {}
    assert Facts(CampaignProfile(), Call("c1"), NOW).once(make) == {}
    assert made == ["c1", "c2", "c1"]


def test_another_minute_is_another_local_time():
    call = Call("c1", (Field("phonenumber", "+12025550101"),))
    profile = CampaignProfile(
        fields=(ShownField(path="phonenumber", format="phone"),), calling_hours=(CallingHours(earliest="8:00", latest="20:59"),)
    )
    known = Facts(profile, call, NOW)
    clocks = [fields.view(replace(known, now=NOW + timedelta(minutes=later))).groups[0].lines[0] for later in (0, 1)]
    assert [line.aside for line in clocks] == ["20:58 in New York", "20:59 in New York"]
    assert [bool(line.warning) for line in clocks] == [False, True]
