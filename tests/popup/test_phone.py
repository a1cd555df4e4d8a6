"""Phone numbers as people read them: an odd one is shown as it is, and never raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.popup.phone import hint, masked, shown

DIGITS = st.text("0123456789+-() ./x#*", max_size=60)


@pytest.mark.parametrize(
    ("number", "grouped"),
    [
        ("+12025550143", "(202) 555-0143"),
        ("12025550143", "(202) 555-0143"),
        ("2025550143", "(202) 555-0143"),
        ("202.555.0143", "(202) 555-0143"),
        ("+442079460102", "+44 20 7946 0102"),
        ("", ""),
        ("4711", "4711"),
        ("anonymous", "anonymous"),
        ("1" * 10_000, "1" * 10_000),
        ("+1\n2025550143", "+1\n2025550143"),
        ("\x07", "\x07"),
        ("☎ 🌻", "☎ 🌻"),
        ("رقم", "رقم"),
    ],
)
def test_a_number_as_its_country_groups_it(number: str, grouped: str):
    assert shown(number) == grouped


@given(st.one_of(st.text(max_size=60), DIGITS))
def test_no_number_raises_or_loses_its_end(number: str):
    hint(number)
    digits = "".join(character for character in number if character.isascii() and character.isdigit())
    if number.isascii() and number.isdigit():
        assert "".join(filter(str.isdigit, shown(number))).endswith(digits[-7:])
    assert "".join(filter(str.isdigit, number))[:-2] not in masked(number) or sum(map(str.isdigit, number)) <= 2


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("", ""),
        ("  ", ""),
        ("20", ""),
        ("202555", "too short"),
        ("202 555 01", "too short"),
        ("2025550143", "We will ring (202) 555-0143."),
        ("+44 20 7946 0102", "We will ring +44 20 7946 0102."),
        ("20255501433333", "doubled"),
        ("+999 555 0143", "does not look like"),
        ("0000000000", "unusual"),
        ("call me", "does not look like"),
        ("+" * 50, "does not look like"),
    ],
)
def test_a_hint_while_typing(number: str, said: str):
    assert said in hint(number)
    assert bool(said) == bool(hint(number))


@pytest.mark.parametrize(
    ("number", "logged"), [("+1 202 555 0143", "…43"), ("12345", "…45"), ("1234", "…"), ("", "…"), ("secret", "…")]
)
def test_a_masked_number_keeps_two_digits(number: str, logged: str):
    assert masked(number) == logged
