"""Phone numbers as people read them. Numbers are only shown and hinted at here: what the agent typed is what is sent."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

HOME = "US"
"""The region that a number without a country code is taken to be of: the hosted call center is a North American service."""

_SOMEWHERE = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)
"""The kinds of numbers that belong to a place."""


def shown(number: str, region: str = HOME) -> str:
    """`number` grouped as its country does it; unchanged where it is no phone number."""
    parsed = _parse(number, region)
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return number
    home = phonenumbers.country_code_for_region(region) == parsed.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def hint(number: str, region: str = HOME) -> str:
    """One short sentence about a number that is being typed; empty while there is nothing to say. It never forbids anything."""
    digits = sum(character.isdigit() for character in number)
    if not number.strip():
        return ""
    parsed = _parse(number, region)
    if parsed is None:
        return "This does not look like a phone number."
    match phonenumbers.is_possible_number_with_reason(parsed):
        case phonenumbers.ValidationResult.TOO_SHORT | phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "Still too short: include the area code." if digits > 3 else ""
        case phonenumbers.ValidationResult.TOO_LONG:
            return "Too long for a phone number: is a digit doubled?"
    if phonenumbers.is_valid_number(parsed):
        return f"We will ring {shown(number, region)}."
    return "This number is unusual: please check it."


def masked(number: str) -> str:
    """A number for logs: only its last two digits are kept."""
    digits = [character for character in number if character.isdigit()]
    return "…" + "".join(digits[-2:]) if len(digits) > 4 else "…"


@lru_cache(maxsize=256)
def zones(number: str, region: str = HOME) -> tuple[str, ...]:
    """The names of the time zones in which `number` may be; empty if nobody can tell.

    A mobile number may be anywhere by now, but where it was given out is the best guess there is; a toll-free number is nowhere.
    """
    from phonenumbers import timezone  # its tables are large, and few campaigns ask

    parsed = _parse(number, region)
    if parsed is None or phonenumbers.number_type(parsed) not in _SOMEWHERE:
        return ()
    return tuple(name for name in timezone.time_zones_for_number(parsed) if name != timezone.UNKNOWN_TIMEZONE)


@lru_cache(maxsize=256)
def _parse(number: str, region: str) -> phonenumbers.PhoneNumber | None:
    if not number.isprintable() or len(number) > 40:
        return None
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
