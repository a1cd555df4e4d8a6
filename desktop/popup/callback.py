"""When to call back, as agents type it: `tue 3pm`, `tomorrow 10`, `in 2 hours`, `14.3. 9:30`, `next week mon 8am`.

A small grammar of our own: a day and a time, in this order, or `in` and a length of time. What could mean two things is asked
back in one sentence, never guessed: an hour from 1 to 7 without am or pm, `next tue`, `3/4`. The clock is the caller's.

What was understood is kept as a moment, `2026-11-24T15:00-06:00`, so that it means the same tomorrow; `shown` makes an entry of
it again. Nothing here asks what time it is: `now` is given, aware, and its zone is the agent's (`HERE`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from desktop.popup import hours
from desktop.popup.dates import NO_DATE, read_day
from desktop.popup.hours import DAYS, city
from desktop.popup.writing import MONTHS

_IN = re.compile(r"in (?:(?P<number>\d{1,3})|(?P<half>half an)|an?) ?(?P<unit>minutes?|mins?|m|hours?|hrs?|h|days?|weeks?)")
_TIME = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>am|pm|a\.m\.|p\.m\.)?")
_AT_END = re.compile(rf"(?:^|(?P<day>.*?)[\s,]+)(?:at )?(?P<time>noon|{_TIME.pattern})")
_WEEKDAY = re.compile(r"(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday)")
_FARTHEST = timedelta(days=366)
_EXAMPLES = "Write it like tue 3pm, tomorrow 10, in 2 hours or 14 mar 9:30."
_KEPT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}")


class _Here(tzinfo):
    """The clock of this computer, with its summer time: the zone of `datetime.astimezone()` has one offset for ever."""

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return at.replace(tzinfo=None).astimezone().utcoffset() if at else None

    def dst(self, _at: datetime | None) -> timedelta | None:
        return None

    def tzname(self, at: datetime | None) -> str | None:
        return at.replace(tzinfo=None).astimezone().tzname() if at else None

    def fromutc(self, at: datetime) -> datetime:
        told = at.replace(tzinfo=UTC).astimezone()
        here = told.replace(tzinfo=self)
        return here if here.utcoffset() == told.utcoffset() else here.replace(fold=1)


HERE: tzinfo = _Here()
"""The agent's own zone. `datetime.now(HERE)` is the `now` that everything here wants."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone on whose clock a callback is agreed, and words that say whose clock that is."""

    zone: tzinfo
    words: str


def clock(number: str, region: str, now: datetime) -> Clock:
    """The clock of whoever has `number`; the agent's own (that of `now`) where the number does not tell the time zone."""
    there = hours.zone(number, region, now)
    if there is None:
        return Clock(now.tzinfo or HERE, "on your clock: the caller's time zone is not known")
    return Clock(there, f"on the caller's clock in {city(there)}")


def read(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The time that `text` says on the clock of `zone`, with that zone. `now` is aware. Raises ValueError with a sentence.

    Where clocks go back, an hour that happens twice is the first of the two.
    """
    said = " ".join(text.lower().split())
    here = now.astimezone(zone)
    if match := _IN.fullmatch(said):
        return _checked(_after(match, here), here)
    match = _AT_END.fullmatch(said)
    if match is None or _is_day(said, here.date()):
        _day(said, here.date())  # raises a better sentence if it is no day
        raise ValueError(f"At what time? For example {said} 10am.")
    at = _clock(match)
    if not match["day"]:
        when = datetime.combine(here.date(), at, zone)
        if not _is_after(when, here):
            raise ValueError(f"It is past {at:%H:%M} there: write tomorrow {match['time']}, or another day.")
        return _checked(when, here)
    if _WEEKDAY.fullmatch(match["day"]) and match["day"][:3] == DAYS[here.weekday()]:
        if _is_after(datetime.combine(here.date(), at, zone), here):
            raise ValueError(f"Today or in a week? Write today {match['time']} or next week {said}.")
        return _checked(datetime.combine(here.date() + timedelta(days=7), at, zone), here)
    return _checked(datetime.combine(_day(match["day"], here.date()), at, zone), here)


def kept(text: str, now: datetime, zone: tzinfo) -> str:
    """An entry as drafts and notes keep it: `2026-11-24T15:00-06:00`. One that is no time, or not yet, is kept as it is typed."""
    try:
        return read(text, now, zone).isoformat(timespec="minutes")
    except ValueError:
        return text


def moment(stored: str) -> datetime | None:
    """The time that a kept entry stands for, with its offset; None if it was no time when it was kept."""
    try:
        return datetime.fromisoformat(stored) if _KEPT.fullmatch(stored) else None
    except ValueError:
        return None


def shown(stored: str, now: datetime, zone: tzinfo) -> str:
    """A kept entry as an agent could have typed it, for `read` to understand again: `24 nov 15:00`. Other texts stay as they are.

    Of an hour that happens twice, `read` takes the first, whichever was kept. What is past is shown, too, and `read` says so.
    """
    when = moment(stored)
    if when is None:
        return stored
    there = when.astimezone(zone)
    day = f"{there.day} {MONTHS[there.month - 1].lower()}"
    if read_day(day, now.astimezone(zone).date()) != there.date():
        day = f"{day} {there.year}"
    return f"{day} {there:%H:%M}"


def words(when: datetime, now: datetime) -> str:
    """A time agreed for a callback, in words: on the caller's clock, and on the agent's (that of `now`) where it is another."""
    text = f"{_on(when)}, {when:%H:%M}"
    mine = when.astimezone(now.tzinfo)
    if mine.utcoffset() == when.utcoffset():
        return text
    place = city(when.tzinfo)
    other_day = "" if mine.date() == when.date() else f"{_on(mine)}, "
    return f"{text}{f' in {place}' if place else ' there'} ({other_day}{mine:%H:%M} your time)"


def _after(match: re.Match[str], here: datetime) -> datetime:
    unit = match["unit"][0]
    count = int(match["number"] or 1)
    if unit in "mh":  # by the stopwatch, whatever the clocks do meanwhile
        minutes = count * (60 if unit == "h" else 1)
        if match["half"]:
            if unit != "h":
                raise ValueError(_EXAMPLES)
            minutes = 30
        return (here.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(here.tzinfo).replace(second=0, microsecond=0)
    if match["half"]:
        raise ValueError(_EXAMPLES)
    return (here + timedelta(days=count * (7 if unit == "w" else 1))).replace(second=0, microsecond=0, fold=0)


def _clock(match: re.Match[str]) -> time:
    if match["time"] == "noon":
        return time(12)
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").replace(".", "")
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        raise ValueError(f"{match['time']} is no time of day.")
    if half:
        return time(hour % 12 + (12 if half == "pm" else 0), minute)
    if 1 <= hour <= 7 and not match["hour"].startswith("0"):
        raise ValueError(f"In the morning or in the afternoon? Write {match['time']}am or {match['time']}pm.")
    return time(hour, minute)


def _day(text: str, today: date) -> date:
    if text in {"today", "tomorrow"}:
        return today + timedelta(days=text == "tomorrow")
    if match := _WEEKDAY.fullmatch(text):
        return _coming(match[1], today)
    if text.startswith("next week"):
        rest = text.removeprefix("next week").strip(" ,")
        if not (match := _WEEKDAY.fullmatch(rest.removeprefix("on "))):
            raise ValueError("On which day of next week? For example next week mon 8am.")
        return _monday_after(today) + timedelta(days=DAYS.index(match[1][:3]))
    if text.startswith("next ") and (match := _WEEKDAY.fullmatch(text.removeprefix("next "))):
        coming = _coming(match[1], today)
        later = _monday_after(today) + timedelta(days=DAYS.index(match[1][:3]))
        if coming != later:
            raise ValueError(f"{_on(coming)} or {_on(later)}? Write {match[1]} or next week {match[1]}.")
        return coming
    try:
        found = read_day(text, today)
    except ValueError as error:
        raise ValueError(_EXAMPLES if str(error) == NO_DATE else str(error)) from None
    if found < today:
        raise ValueError(f"{_on(found)} {found.year} is past.")
    return found


def _is_day(text: str, today: date) -> bool:
    try:
        _day(text, today)
    except ValueError:
        return False
    return True


def _coming(name: str, today: date) -> date:
    """The next such day after today."""
    return today + timedelta(days=(DAYS.index(name[:3]) - today.weekday() - 1) % 7 + 1)


def _monday_after(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def _is_after(one: datetime, other: datetime) -> bool:
    """Whether it really is: two times of the same zone are compared by their clocks, which in autumn go back."""
    return one.astimezone(UTC) > other.astimezone(UTC)


def _checked(when: datetime, here: datetime) -> datetime:
    if when.astimezone(UTC).astimezone(when.tzinfo).replace(tzinfo=None) != when.replace(tzinfo=None):
        raise ValueError(f"The clocks go forward on {_on(when)}: {when:%H:%M} does not happen there.")
    if not _is_after(when, here.astimezone(UTC) - timedelta(minutes=1)):
        raise ValueError(f"{_on(when)}, {when:%H:%M} is past.")
    if when - here > _FARTHEST:
        raise ValueError("That is more than a year away.")
    return when


def _on(day: date) -> str:
    return f"{DAYS[day.weekday()].capitalize()} {day.day} {MONTHS[day.month - 1]}"
