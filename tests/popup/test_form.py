"""The form of a call: nothing is missing exactly when every rule holds, and what is stored comes apart into what was entered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop.callcenter.model import Call, CallResponse, Field, sendable
from desktop.popup import callback
from desktop.popup.dispositions import BUILT_IN, named, own_words_problem
from desktop.popup.facts import Facts
from desktop.popup.form import CALLBACK, Form
from desktop.popup.notes import unpack
from desktop.popup.profile import CampaignProfile, Disposition, Limits, Question
from desktop.popup.questions import Missing

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 14, 5, tzinfo=BERLIN)  # a Tuesday, 8:05 in New York
FROM_NEW_YORK = Call("c 1", (Field("name", "Maya Okafor"), Field("phonenumber", "+12125550143")))
UNKNOWN = Call("c 2", (Field("name", "Bo Li"),))

PROFILE = CampaignProfile(
    name="Lantern",
    other_disposition=True,
    questions=(
        Question(id="takes_part", type="yes_no", required=True),
        Question(id="age", type="number", min=0, max=120),
        Question(id="why", type="long", label="Why not", required_if="takes_part = no"),
        Question(id="plan", type="choice", choices=("Paper", "Audio")),
    ),
    dispositions=(
        Disposition(name="Sale", needs=("plan",), after_seconds=30),
        Disposition(name="Refused", needs_notes=True),
        Disposition(name="Later", callback=True),
        Disposition(name="Machine"),
    ),
    limits=Limits(notes=120, disposition=20),
)
SOUND = {"takes_part": "yes"}


def form(answers: dict[str, str] = SOUND, profile: CampaignProfile = PROFILE, call: Call = FROM_NEW_YORK, **entered: Any) -> Form:
    """The form of a call with these entries; by default nothing is missing in it."""
    return Form(Facts(profile, call, NOW, answers), NOW, **{"disposition": "Machine", **entered})


def missing(one: Form) -> list[str]:
    return [each.where for each in one.missing()]


# ---------------------------------------------------------------------------------------------------------- dispositions


def test_without_a_disposition_nothing_is_stored():
    assert form(disposition="").missing() == (Missing("disposition", "Choose a disposition."),)
    assert form().missing() == ()
    assert form().response() == CallResponse("c 1", "Machine", "[answers]\ntakes_part = yes")


def test_a_disposition_that_comes_too_early_says_how_long_it_takes():
    early, late = form(disposition="Sale", seconds=29.9), form(disposition="Sale", seconds=30.0)
    [first, _] = early.missing()
    assert first == Missing("disposition", "“Sale” cannot be stored yet. From 30 seconds after the beep: 1 to go.")
    assert missing(late) == ["plan"]


def test_offered_text_has_the_needs_of_what_is_offered_however_it_was_entered():
    assert form(disposition="Sale").chosen == PROFILE.dispositions[0]
    assert missing(form(disposition="Refused")) == ["notes"]
    assert missing(form(disposition="Later")) == [CALLBACK]
    assert form(disposition="later").chosen is None
    assert missing(form(disposition="later")) == []


def test_own_words_have_a_limit_and_must_be_allowed():
    assert missing(form(disposition="x" * 20)) == []
    assert form(disposition="x" * 21).missing() == (
        Missing("disposition", "A disposition has at most 20 characters; this one has 21."),
    )
    closed = replace_profile(other_disposition=False)
    assert form(disposition="mine", profile=closed).missing() == (
        Missing("disposition", "“mine” is none of this campaign's dispositions."),
    )
    assert missing(form(disposition="mine", profile=replace_profile(other_disposition=None))) == ["disposition"]
    assert own_words_problem(CampaignProfile(), "mine") == ""  # where none are listed, by default


def test_notes_may_be_as_long_as_the_limit_answers_included():
    room = 120 - len("\n[answers]\ntakes_part = yes")
    assert form(notes="n" * room).missing() == ()
    assert form(notes="n" * (room + 1)).missing() == (Missing("notes", "The notes are 1 character too long, answers included."),)


def test_the_built_in_ones_are_offered_where_none_are_listed():
    for name in BUILT_IN:
        assert named(CampaignProfile(), name) == Disposition(name=name)
        assert named(PROFILE, name) is None


def replace_profile(**changes: Any) -> CampaignProfile:
    return CampaignProfile(**{name: getattr(PROFILE, name) for name in PROFILE.__struct_fields__} | changes)


# -------------------------------------------------------------------------------------------------------------- callback


def test_a_callback_is_on_the_callers_clock_where_it_is_known():
    agreed = form(disposition="Later", callback_entry="3pm")
    assert agreed.callback_at == datetime(2026, 11, 24, 15, 0, tzinfo=NEW_YORK)
    assert agreed.callback_words == "Tue 24 Nov, 15:00 in New York (21:00 your time)"
    assert agreed.answers() == {"takes_part": "yes", CALLBACK: "2026-11-24T15:00-05:00"}
    here = form(disposition="Later", callback_entry="3pm", call=UNKNOWN)
    assert here.callback_at == datetime(2026, 11, 24, 15, 0, tzinfo=BERLIN)
    assert here.callback_words == "Tue 24 Nov, 15:00"
    assert form(disposition="Later").callback_words == "on the caller's clock in New York"
    assert form(disposition="Later", call=UNKNOWN).callback_words == "on your clock: the caller's time zone is not known"


def test_it_counts_from_when_it_was_asked_and_not_from_the_beep():
    later = replace(form(disposition="Later", callback_entry="in 2 hours"), asked_at=NOW + timedelta(minutes=10))
    assert later.callback_at == NOW + timedelta(hours=2, minutes=10)


def test_what_is_no_time_is_asked_back_and_only_where_one_is_asked():
    wrong = form(disposition="Later", callback_entry="tomorrow")
    assert wrong.callback_at is None
    assert wrong.missing() == (Missing(CALLBACK, "Call back when? At what time? For example tomorrow 10am."),)
    assert form(disposition="Later", callback_entry=" ").missing() == (Missing(CALLBACK, "When shall they be called back?"),)
    elsewhere = form(disposition="Machine", callback_entry="tomorrow")
    assert (elsewhere.missing(), elsewhere.callback_problem, elsewhere.answers()) == ((), "", {"takes_part": "yes"})


def test_drafts_keep_the_moment_and_what_is_no_time_as_it_is_typed():
    assert form(disposition="Later", callback_entry="3pm").callback_kept == "2026-11-24T15:00-05:00"
    assert form(disposition="Machine", callback_entry="3pm").callback_kept == "2026-11-24T15:00-05:00"  # it may be asked yet
    assert form(disposition="Later", callback_entry="tomorow").callback_kept == "tomorow"
    assert form(disposition="Later", callback_entry="  ").callback_kept == ""


# ------------------------------------------------------------------------------------------------- every rule, every text

TEXTS = st.text(max_size=40) | st.sampled_from(["[answers]", "a\n[answers]\ncallback = x", " \n", "🌻", "\x07", "\\", "C:\\new"])
TIMES = st.sampled_from(["", " ", "3pm", "tomorrow", "tomorrow 10", "7", "in 2 hours", "next week mon 8am", "24 dec 9:30", "💐"])
ENTERED = st.fixed_dictionaries(
    {
        "answers": st.fixed_dictionaries(
            {},
            optional={
                "takes_part": st.sampled_from(["", "yes", "no", "maybe"]),
                "age": st.sampled_from(["", "12", "-1", "old"]),
                "why": TEXTS,
                "plan": st.sampled_from(["", "Paper", "audio", "Vinyl"]),
            },
        ),
        "disposition": st.sampled_from(["", "Sale", "Refused", "Later", "Machine", "in my own words", "far too many words"])
        | TEXTS,
        "notes": TEXTS | st.integers(0, 130).map(lambda count: "n" * count),
        "callback_entry": TIMES | TEXTS,
        "seconds": st.floats(0, 60),
        "call": st.sampled_from([FROM_NEW_YORK, UNKNOWN]),
        "profile": st.sampled_from([PROFILE, replace_profile(other_disposition=False), replace_profile(limits=Limits())]),
    }
)


def rules(one: Form) -> dict[str, bool]:
    """Each rule of `one`'s profile, as its description has it, and whether it holds; by the place that it is about."""
    profile, answers = one.facts.profile, one.facts.answers
    chosen = next((each for each in profile.dispositions if each.name == one.disposition), None)
    entry, zone = one.callback_entry.strip(), NEW_YORK if one.facts.call is FROM_NEW_YORK else BERLIN
    limits = profile.limits
    stands = {name: bool(answers.get(name, "").strip()) for name in ("takes_part", "age", "why", "plan")}
    takes_part = answers.get("takes_part", "")
    return {
        "disposition": one.seconds >= chosen.after_seconds
        if chosen
        else bool(one.disposition) and bool(profile.other_disposition) and len(one.disposition) <= (limits.disposition or 10**6),
        CALLBACK: not (chosen and chosen.callback) or (bool(entry) and _is_time(entry, zone)),
        "takes_part": takes_part in {"yes", "no"},
        "age": not stands["age"] or answers["age"] == "12",
        "why": stands["why"] or takes_part != "no",
        "plan": answers["plan"] in {"Paper", "audio"} if stands["plan"] else one.disposition != "Sale",
        "notes": (one.disposition != "Refused" or bool(one.notes.strip()))
        and (limits.notes is None or one.packed().length <= limits.notes),
    }


def _is_time(entry: str, zone: ZoneInfo) -> bool:
    try:
        return bool(callback.read(entry, NOW, zone))
    except ValueError:
        return False


@settings(max_examples=600)
@given(ENTERED)
def test_nothing_is_missing_exactly_when_every_rule_holds(entered: dict[str, Any]):
    one = form(**entered)
    places = [name for name, holds in rules(one).items() if not holds]
    assert list(dict.fromkeys(missing(one))) == places  # in the order of the form, too
    assert all(each.sentence[-1] in ".?!" for each in one.missing())
    if not places:
        assert one.packed().left_out == ()
        assert one.response() == CallResponse(one.facts.call.id, one.disposition, one.packed().text)


@settings(max_examples=600)
@given(ENTERED)
@example(
    {"answers": {"why": "\n[answers]"}, "disposition": "Later", "notes": "[answers]\ncallback = now", "callback_entry": "3pm"}
)
def test_what_is_stored_comes_apart_into_what_was_entered(entered: dict[str, Any]):
    one = form(**entered)
    packed = one.packed()
    came = unpack(packed.text)
    if not packed.left_out:
        assert came.notes == sendable(one.notes)
        assert came.answers == {name: sendable(answer) for name, answer in one.answers().items()}
        assert (CALLBACK in came.answers) == (one.callback_at is not None)
    if one.callback_at is not None and CALLBACK in came.answers:
        assert callback.moment(came.answers[CALLBACK]) == one.callback_at
    for name, entry in one.facts.answers.items():
        assert (name in one.answers()) == bool(entry.strip())  # nothing that was entered is dropped, sound or not


@given(TEXTS)
def test_without_a_profile_notes_are_what_the_agent_wrote(notes: str):
    plain = form(profile=CampaignProfile(), answers={}, notes=notes)
    assert (plain.packed().text, plain.packed().length) == (notes, len(notes))


@settings(max_examples=400)
@given(TIMES, st.sampled_from([FROM_NEW_YORK, UNKNOWN]), st.integers(0, 40 * 24 * 60))
def test_a_draft_brings_the_callback_back_to_the_same_moment(entry: str, call: Call, minutes: int):
    agreed = form(disposition="Later", callback_entry=entry, call=call)
    later = NOW + timedelta(minutes=minutes)
    shown = callback.shown(agreed.callback_kept, later, agreed.clock.zone)
    again = Form(Facts(PROFILE, call, later), later, "Later", callback_entry=shown)
    if agreed.callback_at is None:
        assert again.callback_entry.strip() == entry.strip()
    elif agreed.callback_at.astimezone(UTC) > later:
        assert again.callback_at == agreed.callback_at
    else:
        assert "is past" in again.callback_problem or again.callback_at == agreed.callback_at
