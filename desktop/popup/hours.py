"""What time it is where a phone number belongs, and whether people may be called there now. No window, no clock of its own."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from desktop.popup import phone
from desktop.popup.profile import CallingHours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The time where a number belongs, in words, and a warning if people may not be called there now."""

    text: str
    warning: str = ""


def local_time(number: str, region: str, allowed: Sequence[CallingHours], now: datetime) -> LocalTime | None:
    """The time now (aware) where `number` belongs; None if nobody can tell. Several time zones are said as a range."""
    there = [now.astimezone(zone) for zone in _zones(number, region)]
    if not there:
        return None
    there.sort(key=lambda one: one.replace(tzinfo=None))
    first, last = _clock(there[0], now), _clock(there[-1], now)
    text = f"{first} in {city(there[0].tzinfo)}" if first == last else f"{first} to {last}, several time zones"
    outside = [one for one in there if allowed and not _is_inside(one, allowed)]
    if not outside:
        return LocalTime(text)
    spans = " or ".join(f"{one.earliest} to {one.latest}" for one in allowed if DAYS[outside[0].weekday()] in one.days)
    sure = "Outside" if len(outside) == len(there) else "Perhaps outside"
    return LocalTime(text, f"{sure} calling hours ({spans})" if spans else f"{sure} calling hours (not on this day)")


def zone(number: str, region: str, now: datetime) -> ZoneInfo | None:
    """The time zone in which a callback to `number` is agreed; None if there are several with different clocks, or none."""
    zones = _zones(number, region)
    return zones[0] if len({now.astimezone(one).utcoffset() for one in zones}) == 1 else None


def city(zone: tzinfo | None) -> str:
    """The place that a time zone is named after; empty if it is not named after one."""
    key = getattr(zone, "key", "")
    return str(key).rpartition("/")[2].replace("_", " ")


def minutes(text: str) -> int | None:
    """A time of day, `8:00` to `24:00`, as minutes since midnight; None if it is none."""
    match = _TIME.fullmatch(text)
    found = int(match[1]) * 60 + int(match[2]) if match else None
    return found if found is not None and found <= 24 * 60 else None


def _zones(number: str, region: str) -> list[ZoneInfo]:
    return [found for name in phone.zones(number, region) if (found := _zone(name))]


@cache
def _zone(name: str) -> ZoneInfo | None:
    """Kept: zoneinfo itself remembers eight, and reads every other one from the disk anew."""
    try:
        return ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError:  # phonenumbers and the time zones of the system are of different years
        return None


def _is_inside(there: datetime, allowed: Sequence[CallingHours]) -> bool:
    clock = there.hour * 60 + there.minute
    return any(
        DAYS[there.weekday()] in one.days and (minutes(one.earliest) or 0) <= clock < (minutes(one.latest) or 24 * 60)
        for one in allowed
    )


def _clock(there: datetime, now: datetime) -> str:
    """The clock there, with the day if it is another one than here."""
    day = "" if there.date() == now.date() else f"{DAYS[there.weekday()].capitalize()} "
    return f"{day}{there:%H:%M}"
