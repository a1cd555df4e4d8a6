"""What a practice center is made of: its key, its campaigns, how long things take, who is called, and what goes wrong.

Scenarios are TOML files that anybody may write, so everything in them is checked here, where the file and the place in it are
still known. This module must not know how a call goes: that is center.py.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import msgspec

from desktop.errors import ScenarioError
from desktop.practice.mischief import Fault
from desktop.resources import RESOURCES

SHIPPED_SCENARIO = RESOURCES / "practice" / "scenario.toml"

LONGEST_SECONDS = 3600.0
"""No ring and no wait is longer than an hour: more is a slip of the pen."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file. A misspelt name is an error, not an extra: it would be missed at the worst moment."""


class Person(_Table, frozen=True, kw_only=True):
    """Somebody who is called. What is told of a person becomes the CallType; `says` is heard on the agent's phone."""

    phonenumber: str
    firstname: str
    lastname: str
    city: str
    company: str | None = None
    email: str | None = None
    language: str | None = None
    says: str = "Hello?"
    extra_data: dict[str, Any] = {}
    """The CallType's named entries: single values."""
    more: dict[str, Any] = {}
    """Elements that the WSDL does not know: single values, lists (repeated elements) and tables (nested elements)."""

    def __post_init__(self) -> None:
        phone_digits(self.phonenumber)
        for name, value in self.extra_data.items():
            if not _is_single(value):
                raise ValueError(f"extra_data.{name} must be a single value; lists and tables go into `more`")
        _check_elements("more", self.more)


class Campaign(_Table, frozen=True, kw_only=True):
    """A campaign, running or not when the practice begins."""

    id: int
    name: str = ""
    running: bool = True


class Scenario(_Table, frozen=True, kw_only=True):
    """One practice center. All times are in seconds.

    Every queued agent waits for a time drawn evenly between the two of `wait_seconds`. A scenario without people is allowed:
    there nobody is ever connected.
    """

    key: str = "practice"
    agent_phone: str = "+1 202 555 0143"
    """The number that the app fills in for somebody who practises."""
    ring_seconds: float = 3.0
    wait_seconds: tuple[float, float] = (4.0, 12.0)
    campaigns: tuple[Campaign, ...] = msgspec.field(name="campaign")
    people: tuple[Person, ...] = msgspec.field(name="person", default=())
    mischief: tuple[Fault, ...] = ()
    """Faults that are planned when the practice begins."""

    def __post_init__(self) -> None:
        phone_digits(self.agent_phone)
        if not self.key:
            raise ValueError("key must not be empty")
        if not 0 <= self.ring_seconds <= LONGEST_SECONDS:
            raise ValueError(f"ring_seconds must be from 0 to {LONGEST_SECONDS:.0f}")
        if not 0 <= self.wait_seconds[0] <= self.wait_seconds[1] <= LONGEST_SECONDS:
            raise ValueError(f"wait_seconds must be two numbers from 0 to {LONGEST_SECONDS:.0f}, the smaller one first")
        if not self.campaigns:
            raise ValueError("there must be at least one campaign")
        if len({one.id for one in self.campaigns}) != len(self.campaigns):
            raise ValueError("no two campaigns may have the same id")


def load_scenario(file: Path = SHIPPED_SCENARIO) -> Scenario:
    """Read a scenario. Raises ScenarioError, whose reason names the file and the place in it."""
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Scenario)
    except OSError as error:
        raise ScenarioError(f"{file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{file} is not written in UTF-8.") from error
    except msgspec.DecodeError as error:
        raise ScenarioError(f"{file}: {complaint(error)}") from error


def complaint(error: msgspec.DecodeError) -> str:
    """What msgspec has to say, as a sentence that begins with the place: `campaign[0].id: Expected int, got str.`"""
    what, _, place = str(error).replace("`", "").partition(" - at $")
    place = place.lstrip(".")
    return f"{place}: {what}." if place else f"{what}."


def phone_digits(number: str) -> str:
    """The digits of a phone number: what makes two spellings the same number. Raises ValueError if it is not a phone number.

    From 3 digits (an extension in the house) to 15 (the most that E.164 allows), in any script's digits.
    """
    digits = "".join(str(int(character)) for character in number if character.isdecimal())
    if not 3 <= len(digits) <= 15 or not _PHONE_NUMBER.fullmatch(number):
        shown = number if len(number) <= 40 else f"{number[:40]}..."
        raise ValueError(f"'{shown}' is not a phone number")
    return digits


_PHONE_NUMBER = re.compile(r"[\d\s+().\-/\u2010-\u2013\u200e\u200f\u2066-\u2069]+")
_ELEMENT_NAME = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.-]*")
"""ASCII only: what every SOAP toolkit takes for the name of an element."""


def _is_single(value: object) -> bool:
    return isinstance(value, str | int | float | bool | datetime.date | datetime.time)


def _check_elements(place: str, table: dict[str, Any]) -> None:
    for name, value in table.items():
        if not _ELEMENT_NAME.fullmatch(name):
            raise ValueError(f"{place}: '{name}' cannot be the name of an XML element")
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                _check_elements(f"{place}.{name}", one)
            elif not _is_single(one):
                raise ValueError(f"{place}.{name} holds a list inside a list")
