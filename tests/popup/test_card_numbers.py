"""What looks like a payment card's number is found however it is written; phone numbers and dates are left alone."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.popup.card_numbers import covered, found, spans

# The numbers that the payment services publish for tests; no account has them.
CARDS = (
    *("4111111111111111", "4012888888881881", "4222222222222", "5555555555554444", "5105105105105100", "2223003122003222"),
    *("2720994326581252", "378282246310005", "371449635398431", "341111111111111", "6011111111111117", "6011000990139424"),
    *("6445644564456445", "6555900000604105", "3530111333300000", "3566002020360505", "30569309025904", "38520000023237"),
    *("36227206271667", "6200000000000005", "6205500000000000004"),
)
SEPARATORS = (" ", "-", " - ", "\u00a0", "\u2009", "\u2013", "\u2011", "  ")
ARABIC = "4111111111111111".translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
FULL_WIDTH = "4111 1111 1111 1111".translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
WORDS = st.text(st.characters(categories=["L", "Po", "Zs"], exclude_characters=".,"), max_size=9)


def _luhn_digit(digits: str) -> str:
    """The check digit by the table of the standard's example, not by the code under test."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(doubled[int(one)] if place % 2 == 0 else int(one) for place, one in enumerate(reversed(digits)))
    return str(-total % 10)


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number that some issuer could have given out."""
    prefix, length = draw(
        st.sampled_from(
            [
                *[("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16), ("34", 15), ("37", 15)],
                *[("6011", 16), ("65", 16), ("65", 19), ("3528", 16), ("3589", 16), ("36", 14), ("38", 14), ("300", 14)],
            ]
        )
    )
    rest = draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    return prefix + rest + _luhn_digit(prefix + rest)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A card's number, and one of the ways in which people write it."""
    card = draw(cards())
    size = draw(st.sampled_from([1, 2, 3, 4, 19]))
    separator = draw(st.sampled_from(SEPARATORS))
    return card, separator.join(card[place : place + size] for place in range(0, len(card), size))


def _in_fours(card: str, separator: str = " ") -> str:
    return separator.join(re.findall(".{1,4}", card))


@pytest.mark.parametrize("card", CARDS)
def test_the_test_numbers_of_the_payment_services_are_found(card: str):
    for text in (card, f"He said {card}.", f"card:{card},exp 12/27", f"({card})", _in_fours(card), _in_fours(card, "-")):
        assert found(text) == (f"•••• {card[-4:]}",), text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3782 822463 10005", "3782 822463 10005"),
        ("3056 930902 5904", "3056 930902 5904"),
        ("41111111 11111111", "41111111 11111111"),
        ("4111 1111 1111 1111 12/27 123", "4111 1111 1111 1111"),
        ("4111 1111 1111 1111 12 27 123", "4111 1111 1111 1111"),
        ("4111111111111111 12 27 123", "4111111111111111"),
        ("2026-03-14 4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("555-0143 4111-1111-1111-1111", "4111-1111-1111-1111"),
        ("+1 202 555 0143 4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("Visa4111111111111111exp1227", "4111111111111111"),
        ("id=4111111111111111&x", "4111111111111111"),
        ("paid.4111111111111111", "4111111111111111"),
        ("7,4111111111111111,12/27", "4111111111111111"),
        ("4111 1111 1111 1111 003", "4111 1111 1111 1111 003"),  # right with its last group as well as without
        ("4890 3736 7953 0899 632", "4890 3736 7953 0899 632"),  # what follows the first group is one, too
        ("4111 1111 1111 1111\n2026", "4111 1111 1111 1111"),
        (ARABIC, ARABIC),
        (FULL_WIDTH, FULL_WIDTH),
    ],
)
def test_a_number_is_found_among_what_stands_around_it(text: str, number: str):
    assert [text[begin:end] for begin, end in spans(text)] == [number]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111112",  # the check digit is wrong
        "411111111111111",  # too short for its issuer
        "41111111111111110",
        "04111111111111111",  # part of a longer run
        "411111111111111100000000",
        "9111111111111111",  # nobody's
        "0000000000000000",
        "+4111111111111111",  # a phone number
        "12.4111111111111111",  # the rest of a decimal
        "4111 1111\n1111 1111",
        "4111, 1111, 1111, 1111",
        "4111x1111x1111x1111",
        "41 1111 1111111 111",  # nobody groups so
        "2026 41 11 11 11 11 11 11 11",
        "356938035643809",  # the IMEI of a phone: begins like a JCB card, right check digit
        "(202) 555-0143, (415) 555-0143",
        "2026-03-14 10:30, call back 2026-03-15 11:00",
        "DE44 5001 0517 5407 3249 31",
        "•••• •••• •••• 1111",
    ],
)
def test_other_numbers_are_left_alone(text: str):
    assert not spans(text)
    assert found(text) == ()
    assert covered(text) == text


@given(written(), WORDS)
def test_every_way_of_writing_one_is_found(written: tuple[str, str], around: str):
    card, text = written
    assert found(f"{around}\n{text}\n{around}") == (f"•••• {card[-4:]}",)


@given(cards(), st.integers(0, 18), st.integers(1, 9))
def test_one_wrong_digit_is_enough_to_let_it_go(card: str, place: int, by: int):
    place %= len(card)
    wrong = card[:place] + str((int(card[place]) + by) % 10) + card[place + 1 :]
    assert not spans(wrong)


@given(st.lists(st.one_of(st.text(max_size=20), st.text("0123456789 -+.", max_size=40), written().map(lambda one: one[1]))))
def test_whatever_the_text_is_the_three_answers_agree_and_nothing_is_given_away(parts: list[str]):
    text = "".join(parts)
    numbers, hidden = spans(text), covered(text)
    assert len(hidden) == len(text)
    assert len(found(text)) == len(numbers)
    before = 0
    for begin, end in numbers:
        assert before <= begin < end <= len(text)
        assert hidden[before:begin] == text[before:begin]
        assert sum(one.isdecimal() for one in hidden[begin:end]) == 4
        assert 13 <= sum(one.isdecimal() for one in text[begin:end]) <= 19
        before = end
    assert hidden[before:] == text[before:]


def test_several_numbers_are_told_in_their_order():
    text = "first 5555 5555 5555 4444, then 378282246310005\nand 4222222222222"
    assert found(text) == ("•••• 4444", "•••• 0005", "•••• 2222")
    assert covered(text) == "first •••• •••• •••• 4444, then •••••••••••0005\nand •••••••••2222"


def test_two_numbers_side_by_side_are_two():
    assert found("4111 1111 1111 1111 5555 5555 5555 4444") == ("•••• 1111", "•••• 4444")


def _wrong_alarms(make: object, count: int = 20_000) -> float:
    """Of `count` texts the share in which a number is found; always the same texts."""
    dice = random.Random(4711)
    return sum(bool(spans(make(dice))) for _ in range(count)) / count


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


def _phone(dice: random.Random) -> str:
    area, office, line = str(dice.randint(200, 999)), str(dice.randint(200, 999)), _digits(dice, 4)
    form = dice.choice(["({}) {}-{}", "{}-{}-{}", "{} {} {}", "{}.{}.{}", "{}{}{}", "1{}{}{}", "+1 {} {} {}", "1-{}-{}-{}"])
    return form.format(area, office, line)


def _two_phones(dice: random.Random) -> str:
    return f"{_phone(dice)} {_phone(dice)}"


def _foreign_phone(dice: random.Random) -> str:
    return dice.choice(["+{} {} {}", "+{}{}{}", "00{} {} {}", "+{}-{}-{}"]).format(
        dice.randint(20, 998), dice.randint(10, 9999), _digits(dice, dice.randint(5, 8))
    )


def _date(dice: random.Random) -> str:
    moment = time.gmtime(dice.randint(1_600_000_000, 1_900_000_000))
    return time.strftime(
        dice.choice(["%Y-%m-%d %H:%M", "%d.%m.%Y %H.%M", "%m/%d/%Y", "%Y%m%d%H%M%S", "%d %m %Y %H %M %S"]), moment
    )


def _phone_and_date(dice: random.Random) -> str:
    return f"{_phone(dice)} {_date(dice)}"


@pytest.mark.parametrize(
    ("make", "at_most"),
    [
        (_phone, 0),
        (_foreign_phone, 0),
        (_date, 0),
        (_phone_and_date, 0.0001),
        (_two_phones, 0.0001),
        (lambda dice: _digits(dice, dice.randint(6, 12)), 0),  # a customer or order number
        (lambda dice: _digits(dice, 13), 0.015),  # a tenth begins with 4, and a tenth of those has the check digit
        (lambda dice: _digits(dice, 16), 0.03),  # 27 % begin like some card
        (lambda dice: str(dice.randint(1_600_000_000_000, 1_900_000_000_000)), 0),  # a moment in milliseconds
    ],
    ids=["phone", "foreign phone", "date", "phone and date", "two phones", "order", "13 digits", "16 digits", "milliseconds"],
)
def test_wrong_alarms_are_rare(make: object, at_most: float):
    assert _wrong_alarms(make) <= at_most


@pytest.mark.parametrize("text", ["4" * 200_000, "4 " * 100_000, "4111 " * 40_000, "4111111111111111 " * 10_000, "+4" * 100_000])
def test_a_text_of_any_length_takes_only_its_length(text: str):
    """If the work grew with its square, this would run into the limit of a test."""
    assert len(covered(text)) == len(text)
