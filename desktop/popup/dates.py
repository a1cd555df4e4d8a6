"""Days as people type them, the month never guessed: `2026-03-14`, `14.3.`, `14.3.2026`, `14 mar`, `mar 14 2026`, `3/14`."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_YEAR = r"(?:[\s,]+(?P<year>\d{4}))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})\.\s?(?P<number>\d{1,2})\.(?:\s?(?P<year>\d{4}))?",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s?{_MONTH}{_YEAR}",
        rf"{_MONTH}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}",
    )
)
NO_DATE = "This is not a date: write it like 14 Mar 2026, 14.3.2026 or 2026-03-14."
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")


def read_day(text: str, today: date) -> date:
    """The day that `text` says; without a year it is the next such day, today included. Raises ValueError with a sentence."""
    text = " ".join(text.lower().split())
    if match := _SLASHES.fullmatch(text):
        return _slashes(int(match[1]), int(match[2]), int(match[3]) if match[3] else None, today)
    for form in _FORMS:
        if match := form.fullmatch(text):
            found = match.groupdict()
            month = int(found["number"]) if found.get("number") else _month(found["month"])
            if month:
                return _day(int(found["day"]), month, int(found["year"]) if found["year"] else None, today)
    raise ValueError(NO_DATE)


def _slashes(first: int, second: int, year: int | None, today: date) -> date:
    if first != second and first <= 12 and second <= 12:
        raise ValueError("The day and the month could be swapped: write the month as a word, like 3 Apr.")
    day, month = (first, second) if first > 12 else (second, first)
    return _day(day, month, year, today)


def _day(day: int, month: int, year: int | None, today: date) -> date:
    for candidate in range(today.year, today.year + 9) if year is None else (year,):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    raise ValueError("There is no such day in the calendar.")


def _month(word: str) -> int:
    return next((number for number, name in enumerate(_MONTHS, 1) if name.startswith(word) or word == "sept" == name[:4]), 0)
