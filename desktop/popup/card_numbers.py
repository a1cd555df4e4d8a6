"""Finds what looks like a payment card's number in a text, so that it can be asked about before it is sent, and covered.

A number counts if a known issuer's cards begin so and are that long, if its check digit is right (Luhn: ISO/IEC 7812-1, annex B),
and if it is written as on a card. This module must not change what the agent typed, and never gives a whole number away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Where a number begins in the text, and where it has ended."""

_ISSUERS: tuple[tuple[range, frozenset[int]], ...] = (
    (range(4, 5), frozenset({13, 16, 19})),  # Visa
    (range(51, 56), frozenset({16})),  # Mastercard
    (range(2221, 2721), frozenset({16})),  # Mastercard
    (range(34, 35), frozenset({15})),  # American Express
    (range(37, 38), frozenset({15})),  # American Express
    (range(36, 37), frozenset(range(14, 20))),  # Diners Club
    (range(38, 40), frozenset(range(14, 20))),  # Diners Club
    (range(300, 306), frozenset(range(14, 20))),  # Diners Club
    (range(3095, 3096), frozenset(range(14, 20))),  # Diners Club
    (range(6011, 6012), frozenset(range(16, 20))),  # Discover
    (range(644, 660), frozenset(range(16, 20))),  # Discover; RuPay begins so, too
    (range(3528, 3590), frozenset(range(16, 20))),  # JCB; a phone's IMEI may begin so, but has 15 digits
    (range(62, 63), frozenset(range(16, 20))),  # UnionPay
)
"""First digits and lengths by issuer, from the ranges that they publish."""

_SHORTEST, _LONGEST = 13, 19

_GROUPINGS = frozenset({(4, 6, 5), (4, 6, 4), (8, 8)})
"""How numbers are printed and read out besides in fours and in one piece."""

_GROUP = re.compile(r"\d+")
_BETWEEN = re.compile(r"[ \t\u00a0\u2009\u202f\-\u2010-\u2015]{1,3}")
"""What may stand between two groups of one number: blanks and dashes."""


def found(text: str) -> tuple[str, ...]:
    """Each number in `text` as it may be shown: `•••• 1111`, its last four digits."""
    return tuple(f"•••• {_digits(text[begin:end])[-4:]}" for begin, end in spans(text))


def spans(text: str) -> tuple[Span, ...]:
    """Where the numbers stand, in order; they never overlap."""
    return tuple(_spans(text))


def covered(text: str) -> str:
    """`text` with a dot in place of each digit of such a number but its last four; as long as before."""
    parts, done = [], 0
    for begin, end in spans(text):
        parts += [text[done:begin], _covered(text[begin:end])]
        done = end
    return "".join([*parts, text[done:]])


def _spans(text: str) -> Iterator[Span]:
    for chain in _chains(text):
        first = 0
        while first < len(chain):
            last = _last(text, chain, first)
            if last is not None:
                yield chain[first].start(), chain[last].end()
                first = last
            first += 1


def _chains(text: str) -> Iterator[list[re.Match[str]]]:
    """The groups of digits in `text`; those with nothing but a blank or a dash between them stand together."""
    chain: list[re.Match[str]] = []
    for group in _GROUP.finditer(text):
        if chain and not _BETWEEN.fullmatch(text, chain[-1].end(), group.start()):
            yield chain
            chain = []
        chain.append(group)
    if chain:
        yield chain


def _last(text: str, chain: list[re.Match[str]], first: int) -> int | None:
    """The last group of the longest number that begins with the group `first`; None if none does."""
    if _belongs_to_more(text, chain[first].start()):
        return None
    best, sizes = None, []
    for last in range(first, len(chain)):
        sizes.append(len(chain[last][0]))
        if sum(sizes) > _LONGEST:
            break
        alone = first == 0 and last == len(chain) - 1
        if sum(sizes) < _SHORTEST or not _is_written_so(tuple(sizes), alone=alone):
            continue
        if _is_card(_digits(text[chain[first].start() : chain[last].end()])):
            best = last
    return best


def _is_written_so(sizes: tuple[int, ...], *, alone: bool) -> bool:
    """Whether a number may be grouped so. Ones, twos and threes, as people dictate, only where nothing else stands beside."""
    if len(sizes) == 1 or sizes in _GROUPINGS:
        return True
    size, *middle, rest = sizes
    return (size == 4 or (size < 4 and alone)) and rest <= size and all(one == size for one in middle)


def _belongs_to_more(text: str, begin: int) -> bool:
    """Whether what stands before makes this a phone number (`+49 ...`) or what follows a decimal point."""
    before = text[max(0, begin - 2) : begin]
    return before.endswith("+") or (before[-1:] == "." and before[:1].isdecimal())


def _is_card(digits: str) -> bool:
    lengths = (lengths for begins, lengths in _ISSUERS if int(digits[: len(str(begins.start))]) in begins)
    return any(len(digits) in allowed for allowed in lengths) and _luhn(digits)


def _luhn(digits: str) -> bool:
    """Every second digit from the right is doubled, and its digits added; the sum of all ends in 0."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _digits(text: str) -> str:
    """The digits of `text`, in ASCII: the agent's keyboard may have others."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def _covered(number: str) -> str:
    hidden = sum(character.isdecimal() for character in number) - 4
    covered = []
    for character in number:
        hide = character.isdecimal() and hidden > 0
        hidden -= hide
        covered.append("•" if hide else character)
    return "".join(covered)
