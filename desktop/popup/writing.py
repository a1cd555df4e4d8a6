"""One value of a call as people write it: a phone number, a date, an amount of money, a link, or covered by dots.

A value that is not what its format says stays as it is: the call center sends what it likes.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from desktop.popup import phone
from desktop.popup.profile import ShownField

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,6})?")
_DOT = "•"


def shown(value: str, field: ShownField, region: str, now: datetime) -> str:
    """`value` in the format of its field, covered where the field is. `now` tells the time zone of the agent."""
    text = value
    match field.format:
        case "phone":
            text = phone.shown(value, region)
        case "date":
            text = _date(value, now)
        case "money":
            text = _money(value, field.currency)
    return text if field.mask is None else covered(text, field.mask)


def link(value: str) -> str:
    """The address that `value` is, if it may be opened: https, a host, nobody's name before it. Else an empty text."""
    if not value.isprintable() or " " in value or len(value) > 2000:
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme == "https" and parts.hostname and "@" not in parts.netloc else ""


def covered(text: str, keep: int) -> str:
    """`text` with dots for everything but its last `keep` characters. A text that is no longer than that is covered entirely."""
    end = text[-keep:] if 0 < keep < len(text) else ""
    return _DOT * min(len(text) - len(end), 8) + end


def day(one: date) -> str:
    """A date without doubt about what is the month: 2 Apr 2019."""
    return f"{one.day} {MONTHS[one.month - 1]} {one.year}"


def _date(value: str, now: datetime) -> str:
    if not _ISO.fullmatch(value):
        return value
    try:
        if len(value) == len("2019-04-02"):
            return day(date.fromisoformat(value))
        at = datetime.fromisoformat(value)
        at = at.astimezone(now.tzinfo) if at.tzinfo else at
    except (ValueError, OverflowError):
        return value
    return f"{day(at)}, {at:%H:%M}"


def _money(value: str, currency: str) -> str:
    if not _NUMBER.fullmatch(value):
        return value
    try:
        amount = Decimal(value).quantize(Decimal("0.01"))
    except InvalidOperation:
        return value
    sign = "-" if amount < 0 else ""
    return f"{sign}{currency}{' ' if currency[-1:].isalpha() else ''}{abs(amount):,}"
