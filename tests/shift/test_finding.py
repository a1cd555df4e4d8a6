"""By which words a call is found, and what is looked for: neither case nor accents nor the way to write a number count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.shift.finding import wanted, words


def is_found(text: str, *texts: str) -> bool:
    known = words(texts)
    return bool(wanted(text)) and all(any(word.startswith(beginning) for word in known) for beginning in wanted(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("łuc", "Zoë Łuczak"),
        ("LUCZAK", "Zoë Łuczak"),
        ("sore", "Søren"),
        ("ZOE", "Zoë Łuczak"),
        ("zoë", "ZOE"),
        ("strasse", "Hafenstraße 7"[5:]),
        ("Straß", "STRASSE"),
        ("œuvre", "Œuvre"),
        ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
        ("o'brien", "O\u2019Brien"),
        ("call back", "Back to the call"),
        ("a_b", "b, then a"),
    ],
)
def test_words_however_they_are_written(text: str, said: str):
    assert is_found(text, said)


NUMBERS = ["+12025550143", "(202) 555-0143", "202.555.0143", "202 555 0143", "2025550143", "202\u2013555\u20130143"]


@pytest.mark.parametrize("kept", NUMBERS)
@pytest.mark.parametrize("typed", [*NUMBERS[1:], "555-0143", "5550143", "0143", "202", "555"])
def test_a_number_however_it_is_written(typed: str, kept: str):
    assert is_found(typed, kept)
    assert is_found(typed, f"ring {kept}, after five")


@pytest.mark.parametrize("typed", ["+49 151 2345678", "0049 (0)151 2345678", "+491512345678", "0151 2345678", "2345678"])
@pytest.mark.parametrize("kept", ["0151 2345678", "+49 151 2345678", "01512345678"])
def test_a_number_that_is_typed_or_kept_with_its_country(typed: str, kept: str):
    assert is_found(typed, kept)
    assert not is_found(typed.replace("78", "79"), kept)


@pytest.mark.parametrize("typed", ["020 7946 0018", "(0)20 7946 0018", "0044 20 7946 0018", "+44 (0)20 7946 0018", "7946"])
def test_a_number_from_abroad(typed: str):
    assert is_found(typed, "+442079460018")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("143", "+12025550143"),  # where nobody begins
        ("0144", "+12025550143"),
        ("202 5551", "+12025550143"),
        ("uczak", "Łuczak"),
        ("zoe maya", "Zoë"),
        ("0143", "the 0 of 143"),
        ("", "anything"),
        ("?!", "?!"),
    ],
)
def test_what_is_not_found(text: str, said: str):
    assert not is_found(text, said)


def test_what_is_no_word_is_not_kept_whole():
    picture = "iVBORw0KGgo" * 5000
    assert max(map(len, words([picture]))) < 50
    assert is_found(picture, picture)


def test_a_book_is_found_by_its_beginning():
    book = " ".join(f"word{number}" for number in range(100_000))
    assert is_found("word4000", book)
    assert len(words([book])) < 10_000


@given(st.text(), st.text())
def test_words_are_letters_and_digits(text: str, other: str):
    """So that nothing of them can mean anything in the index's own language."""
    for word in (*words([text, other]), *wanted(text)):
        assert word.isalnum()
        assert word.casefold() == word


@given(st.text())
def test_every_text_is_found_by_itself(text: str):
    if wanted(text):
        assert is_found(text, f"before {text} after")
