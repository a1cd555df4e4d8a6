"""By which words a call is found in the history, and what is looked for when somebody types there.

Neither case nor accents count, and a number is found however it is written: by its beginning, and by any part of four digits or
more at which somebody may begin to write it. It knows nothing of the index that keeps the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LOOKED_AT = 50_000
"""Letters of one text: whoever pastes a book into the notes finds it by its beginning, and no window waits while it is read."""
_LONGEST = 40
"""Letters of a word that count: a picture in Base64 is no word."""
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[0-9](?:[ ()./\-\u2010-\u2015]{0,2}[0-9])+")
"""Digits, with what people write between them."""
_AS_TYPED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "þ": "th", "æ": "ae", "œ": "oe"})
"""Letters that Unicode takes for no others with an accent, as people type them whose keyboard lacks them."""
_PHONE_NUMBER = range(7, 16)
"""How many digits a phone number has: at least the subscriber's, at most what E.164 allows."""
_ABROAD, _AT_HOME = 10, 8
"""Digits from which a number that is typed with its country is looked for by its last ones: at home it is kept without."""
_FEWEST = 4
"""Digits by which people call the end of a number."""


def words(texts: Iterable[str]) -> frozenset[str]:
    """Each is one word without blanks; a call is found by the beginning of any of them."""
    found: set[str] = set()
    for text in (_plain(text[:_LOOKED_AT]) for text in texts):
        found.update(word[:_LONGEST] for word in _WORD.findall(text))
        for number in _NUMBER.findall(text):
            digits = _digits(number)
            if len(digits) in _PHONE_NUMBER:
                found.update(digits[start:] for start in range(1 + len(digits) - _FEWEST))
    return frozenset(found)


def wanted(text: str) -> tuple[str, ...]:
    """The beginnings of words that `text` asks for, all of which must be there; none if there is neither letter nor digit in it.

    The zeros before a phone number are left out, which abroad is written without them, and so is its country.
    """
    plain = _NUMBER.sub(_as_kept, _plain(text[:_LOOKED_AT]))
    return tuple(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(plain)))


def _as_kept(number: re.Match[str]) -> str:
    digits = _digits(number[0])
    if len(digits) not in _PHONE_NUMBER:
        return number[0]
    has_country = digits.startswith("00") or number.string[: number.start()].endswith("+")
    return digits[-_AT_HOME:] if has_country and len(digits) >= _ABROAD else number[0].lstrip("0 ()./-")


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in apart if not unicodedata.combining(character)).translate(_AS_TYPED)
