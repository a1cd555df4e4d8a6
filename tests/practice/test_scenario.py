"""Scenario files: the one that comes with NextCall, and what is said about those that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from desktop.errors import NextCallError, ScenarioError
from desktop.practice.scenario import load_scenario, phone_digits

FICTIONAL = re.compile(r"\+1 202 555 01\d\d|\+44 20 7946 0\d\d\d")
LEAST = "[[campaign]]\nid = 1\n"
PERSON = '[[person]]\nphonenumber = "+1 202 555 0101"\nfirstname = "A"\nlastname = "B"\ncity = "C"\n'


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "my scenario.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_the_shipped_scenario_calls_only_numbers_reserved_for_fiction() -> None:
    scenario = load_scenario()
    numbers = [person.phonenumber for person in scenario.people]
    assert all(FICTIONAL.fullmatch(number) for number in [scenario.agent_phone, *numbers])
    assert len({phone_digits(number) for number in [scenario.agent_phone, *numbers]}) == len(numbers) + 1


def test_the_shipped_scenario_has_what_makes_programs_stumble() -> None:
    people = load_scenario().people
    assert len(people) >= 24
    text = "".join(f"{person.firstname}{person.lastname}{person.company}" for person in people)
    assert re.search("[\u0590-\u06ff]", text), "a name from right to left"
    assert re.search("[\U0001f300-\U0001faff]", text), "an emoji"
    assert "é" in text
    assert "&" in text
    assert "<" in text
    assert max(len(person.company or "") for person in people) > 200
    assert any(person.company is None for person in people)
    assert any(isinstance(value, dict) for person in people for value in person.more.values())
    assert all(person.says for person in people)


def test_a_scenario_needs_little(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, LEAST))
    assert (scenario.key, scenario.people, scenario.campaigns[0].running) == ("practice", (), True)
    assert scenario.wait_seconds == (4, 12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "required field campaign"),
        ("campaign = []", "at least one campaign"),
        ("key = ", "Invalid|invalid"),
        (b"\xff\xfe", "UTF-8"),
        ('[[campaign]]\nid = "one"', r"campaign\[0\]\.id: Expected int, got str\.$"),
        ("[[campaign]]\nname = 'x'", r"campaign\[0\]: Object missing required field id\.$"),
        (LEAST + "[[campaign]]\nid = 1\n", "the same id"),
        (LEAST + "nmae = 'x'\n", r"campaign\[0\]: .*unknown field nmae"),
        ("ring = 3\n" + LEAST, "unknown field ring"),
        ("key = ''\n" + LEAST, "key must not be empty"),
        ("agent_phone = 'mother'\n" + LEAST, "'mother' is not a phone number"),
        ("ring_seconds = -1\n" + LEAST, "ring_seconds must be"),
        ("ring_seconds = nan\n" + LEAST, "ring_seconds must be"),
        ("ring_seconds = inf\n" + LEAST, "ring_seconds must be"),
        ("wait_seconds = [12, 4]\n" + LEAST, "the smaller one first"),
        ("wait_seconds = [nan, 4]\n" + LEAST, "the smaller one first"),
        ("wait_seconds = [4]\n" + LEAST, "wait_seconds: "),
        ("wait_seconds = 4\n" + LEAST, "wait_seconds: "),
        (LEAST + PERSON.replace("0101", "01ab"), r"person\[0\]: '\+1 202 555 01ab' is not a phone number"),
        (LEAST + PERSON + "says = 4\n", r"person\[0\]\.says: "),
        (LEAST + PERSON + "extra_data = { a = [1] }\n", r"person\[0\]: extra_data\.a must be a single value"),
        (LEAST + PERSON + "more = { 'last order' = 1 }\n", r"person\[0\]: more: 'last order' cannot be the name"),
        (LEAST + PERSON + "more = { a = { xmlns = 1 } }\n", r"person\[0\]: more\.a: 'xmlns' cannot be the name"),
        (LEAST + PERSON + "more = { a = [{ b = [[1]] }] }\n", r"person\[0\]: more\.a\.b holds a list inside a list"),
    ],
)
def test_a_bad_scenario_is_told_with_its_file_and_the_place(tmp_path: Path, text: str | bytes, said: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ScenarioError) as error:
        load_scenario(file)
    assert error.value.reason.startswith(str(file))
    assert re.search(said, error.value.reason)
    assert isinstance(error.value, NextCallError)


def test_a_missing_scenario_is_told_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: No such file"):
        load_scenario(tmp_path / "nowhere.toml")
