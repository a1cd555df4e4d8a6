"""What a request has places for, and what goes into which. Free of zeep and of XML: wsdl.py finds the places and writes requests.

A place is a Slot. Documented functions (contract.py) and all others (forms.py) are asked in the same way: they say what stands in
which slot, look for what is `missing`, and `arguments` makes of it what zeep takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from desktop.callcenter.model import plain, sendable

Value = str | bool

Path = tuple[tuple[str, bool], ...]
"""zeep's names from the outside in, each with whether it wants a list."""


class Parameter(StrEnum):
    """The documented parameters (api-facts.md, 'Functions'), by the names that the document gives them."""

    KEY = "key"
    CAMPAIGN_ID = "campaignId"
    PHONE_NUMBER = "phonenumber"
    AGENT_ID = "agentId"
    CALL_ID = "callId"
    AGENT_RESPONSE = "agentResponse"
    AGENT_NOTES = "agentNotes"
    LAST_CALL = "lastcall"


SPELLINGS: dict[Parameter, tuple[str, ...]] = {
    Parameter.KEY: ("key", "apikey", "userkey", "accountkey", "authkey", "apptoken"),
    Parameter.CAMPAIGN_ID: ("campaignid", "campaign", "broadcastid"),
    Parameter.PHONE_NUMBER: ("phonenumber", "phone", "agentphone", "agentphonenumber", "agentnumber", "number"),
    Parameter.AGENT_ID: ("agentid", "agent"),
    Parameter.CALL_ID: ("callid", "call"),
    Parameter.AGENT_RESPONSE: ("agentresponse", "response", "disposition"),
    Parameter.AGENT_NOTES: ("agentnotes", "notes"),
    Parameter.LAST_CALL: ("lastcall", "islastcall", "last"),
}
"""How a WSDL may call them, as model.plain() makes names; the likeliest first."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire, and the local names that the answer's first Body element may have."""

    address: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # carries the key
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Text:
    """The type of a value: a built-in type of XML Schema by its name, and what narrows it."""

    builtin: str
    """Such as `long`; `anyType` if there is none; empty for a type whose values nobody types."""
    choices: tuple[str, ...] = ()
    """The enumeration, if there is one."""
    facets: tuple[tuple[str, str], ...] = ()
    """Bounds and lengths by XML Schema's names for them, `minInclusive` and so on."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a request that can hold a value, or (`is_parameter` false) an element that must be there to hold others."""

    path: Path
    names: tuple[str, ...]
    """The description's names from the outside in, without the function's own."""
    required: bool
    within: frozenset[int]
    """The optional groups it is in: it is missed only if all of them are there."""
    is_parameter: bool = True
    text: Text = field(default=Text(""), compare=False)
    default: str = field(default="", compare=False)
    in_a_form: bool = field(default=True, compare=False)
    """Whether a form may ask for it: it is not fixed, and not inside of what can be given several times."""

    @property
    def name(self) -> str:
        return self.names[-1]


@dataclass(frozen=True, slots=True)
class Choice:
    """A place where one of several groups of slots can be."""

    within: frozenset[int]
    branches: tuple[int, ...]
    """The groups, of which at most one is there."""
    needed: bool


@dataclass(frozen=True, slots=True)
class NotInForms:
    """Something that the description has a place for and no form can give: why is said of `names`, as in `can hold itself`."""

    names: tuple[str, ...]
    why: str
    required: bool
    within: frozenset[int]


@dataclass(frozen=True, slots=True)
class Shape:
    """All places of a request, outer and inner alike, in the order of the description."""

    slots: tuple[Slot, ...] = ()
    choices: tuple[Choice, ...] = ()
    not_in_forms: tuple[NotInForms, ...] = ()

    def fitting(self, parameter: Parameter) -> list[Slot]:
        """The slots that a parameter may be meant by, the likeliest first."""
        spellings = SPELLINGS[parameter]
        found = [slot for slot in self.slots if slot.is_parameter and plain(slot.name) in spellings]
        return sorted(found, key=lambda slot: likelihood(slot, parameter))


def likelihood(slot: Slot, parameter: Parameter) -> tuple[int, int]:
    """How likely `parameter` is meant by a fitting slot; the least is the likeliest."""
    return SPELLINGS[parameter].index(plain(slot.name)), len(slot.path)


def there(filled: Iterable[Slot]) -> frozenset[int]:
    """The optional groups that hold something."""
    return frozenset(group for slot in filled for group in slot.within)


def missing(shape: Shape, placed: Collection[Slot]) -> Iterator[Slot]:
    """What the description requires beside the slots that are `placed`."""
    groups = there(placed)
    return (slot for slot in shape.slots if slot.is_parameter and slot.required and slot not in placed and slot.within <= groups)


def written(slot: Slot, value: Value) -> Value:
    """A value as its slot wants it: texts with nothing that XML cannot carry, booleans in words where a text is wanted."""
    if not isinstance(value, bool):
        return sendable(value)
    if slot.text.builtin == "boolean":
        return value
    if slot.text.builtin in NUMBERS or slot.text.builtin == "decimal":
        return str(int(value))
    return str(value).lower()


def arguments(shape: Shape, placed: Mapping[Slot, Value]) -> dict[str, Any]:
    """The nested keyword arguments that zeep's create() takes."""
    nested: dict[str, Any] = {}
    groups = there(placed)
    for slot in shape.slots:
        if slot in placed or (not slot.is_parameter and slot.within <= groups):
            inner = nested
            *outside, (name, _) = slot.path
            for step, wants_list in outside:
                inner = inner.setdefault(step, [{}])[0] if wants_list else inner.setdefault(step, {})
            inner[name] = placed[slot] if slot in placed else inner.get(name, {})
    return nested


NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
"""XML Schema's whole numbers, each with its bounds."""
