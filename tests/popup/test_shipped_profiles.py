"""The profiles that come with NextCall, with the people of its practice: every path leads somewhere, every part is said."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop.callcenter.model import Call, Field
from desktop.popup import conditions, fields, paths, questions, screenpop, script, templates
from desktop.popup.dispositions import offered
from desktop.popup.facts import Facts
from desktop.popup.notes import pack, unpack
from desktop.popup.profile import CampaignProfile
from desktop.popup.profile_file import load, read
from desktop.practice.center import call_type
from desktop.practice.scenario import load_scenario
from desktop.resources import RESOURCES

README = Path(__file__).resolve().parents[2] / "resources" / "profiles" / "README.md"
NOW = datetime(2026, 11, 24, 15, 5, tzinfo=UTC)
PROFILES = {file.stem: load(file) for file in sorted((RESOURCES / "profiles").glob("*.toml"))}
BY_NAME = pytest.mark.parametrize("profile", [pytest.param(profile, id=name) for name, profile in PROFILES.items()])
ANSWERS = {
    "outbound-sales": [{"interested": "yes", "plan": "Audio"}, {"interested": "no", "objection": "Price"}],
    "survey": [{"takes_part": "no"}, {"takes_part": "yes", "rating": "1"}, {"takes_part": "yes", "rating": "5"}],
    "appointment-reminder": [{"comes": "Yes"}, {"comes": "Another day"}, {"comes": "No"}],
}


CALLS = [call_type("c 1", 1, "77", person, NOW) for person in load_scenario().people]
BARE = Call("c 1", (Field("phonenumber", "+12025550143"),))
"""Of whom nothing but the number is known."""


def known(profile: CampaignProfile) -> list[Facts]:
    """Every call of the practice, with each of the answers that lead through the script."""
    [name] = [name for name, one in PROFILES.items() if one is profile]
    return [Facts(profile, call, NOW, answers) for call in (*CALLS, BARE) for answers in [{}, *ANSWERS[name]]]


@BY_NAME
def test_every_path_leads_somewhere(profile: CampaignProfile):
    for field in profile.fields:
        assert any(one.text for call in CALLS for one in paths.find(call, field.path)), field.path


@BY_NAME
def test_every_field_is_seen_unless_it_is_hidden(profile: CampaignProfile):
    groups = [group for facts in known(profile) for group in fields.view(facts).groups]
    labels = {line.label for group in groups for line in group.lines}
    assert len(labels) == sum(not field.hidden for field in profile.fields)
    assert {group.title for group in groups} == {field.group for field in profile.fields if not field.hidden}


@BY_NAME
def test_every_part_is_said_and_every_placeholder_has_a_value_and_none(profile: CampaignProfile):
    for part in profile.script:
        heard = [facts for facts in known(profile) if facts.holds(part.show_if)]
        assert heard, part.show_if
        for name in templates.names(part.text):
            assert any(facts.spoken(name) for facts in heard), name
    for facts in known(profile):
        spoken = script.render(facts)
        assert "{" not in spoken
        assert "  " not in spoken.replace("\n", "")
        assert not any(orphan in spoken for orphan in (" ,", " .", " ?", " !", ",.", ",,", ",?", ",!", "****", "** **", "()"))


@BY_NAME
def test_every_condition_can_hold_and_not(profile: CampaignProfile):
    written = [field.show_if for field in profile.fields] + [part.show_if for part in profile.script]
    written += [question.required_if for question in profile.questions]
    for condition in filter(None, written):
        assert {facts.holds(condition) for facts in known(profile)} == {True, False}, condition
        assert conditions.parse(condition)


@BY_NAME
def test_every_default_is_filled_in(profile: CampaignProfile):
    wanted = {question.id for question in profile.questions if question.default_from}
    assert {name for facts in known(profile) for name in questions.defaults(facts)} == wanted


@BY_NAME
def test_every_disposition_has_a_key_and_the_whole_form_fits_into_the_notes(profile: CampaignProfile):
    assert all(one.digit for one in offered(profile))
    for facts in known(profile):
        entries = questions.defaults(facts) | dict(facts.answers)
        packed = pack("Very kind.", questions.settled(profile, entries, NOW.date()), profile.limits.notes)
        assert packed.left_out == ()
        assert unpack(packed.text).notes == "Very kind."


def test_the_sales_page_is_opened_for_everybody():
    profile = PROFILES["outbound-sales"]
    assert profile.screen_pop
    assert profile.clipboard
    for facts in known(profile):
        assert screenpop.address(profile.screen_pop, facts).startswith("https://crm.lantern.example/people?phone=%2B")
        assert screenpop.copied(profile.clipboard, facts).startswith("+")


def test_the_survey_hides_who_answers():
    for facts in known(PROFILES["survey"]):
        assert facts.caller.number.startswith("•")


def test_the_examples_of_the_readme_are_a_right_profile():
    chapter = README.read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", chapter, re.DOTALL)
    profile = read("\n".join(map(textwrap.dedent, examples)).encode(), "README")
    assert (len(profile.fields), len(profile.script), len(profile.questions), len(profile.dispositions)) == (1, 2, 2, 2)
    packed = chapter.split("```\nShe")[1].split("```")[0]
    assert unpack(f"She{packed}").answers == {"takes_part": "yes", "visits": "12"}
