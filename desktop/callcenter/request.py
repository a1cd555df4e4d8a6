"""What a request has places for, what goes into which, and the request as it goes over the wire.

A place is a Slot; wsdl.py finds them. Documented functions (contract.py) and all others (forms.py) are asked in the same way:
they say what stands in which slot, and `Operation.request` writes it down, with whatever must stand beside it. This module must
not know zeep, and not which functions there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from lxml import etree

from desktop.callcenter.model import plain, sendable
from desktop.errors import ContractError

Value = str | bool

Path = tuple[tuple[str, int], ...]
"""Elements from the outside in: the qualified name of each, and a number that no two of the description share."""


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


class Unfilled(Enum):
    """What becomes of an element or attribute that is given no value."""

    LEFT_OUT = 0
    DEFAULT = 1
    NIL = 2
    EMPTY = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a request that can hold a value, or (`is_parameter` false) an element that must be there to hold others."""

    path: Path
    """Of the element, or of the one whose attribute it is."""
    names: tuple[str, ...]
    """The description's names from the outside in, without the function's own."""
    required: bool
    within: frozenset[int]
    """The optional groups it is in: it is missed only if all of them are there."""
    is_parameter: bool = True
    attribute: str = ""
    """The qualified name, if it is one."""
    unfilled: Unfilled = Unfilled.LEFT_OUT
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
    is_unknown: bool = False
    """Whether nobody at all can give it, because there are no slots for it."""


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
    return SPELLINGS[parameter].index(plain(slot.name)), len(slot.names)


def there(filled: Iterable[Slot]) -> frozenset[int]:
    """The optional groups that hold something."""
    return frozenset(group for slot in filled for group in slot.within)


def missing(shape: Shape, placed: Collection[Slot]) -> Iterator[Slot]:
    """What the description requires beside the slots that are `placed`."""
    groups = there(placed)
    return (slot for slot in shape.slots if slot.is_parameter and slot.required and slot not in placed and slot.within <= groups)


def written(slot: Slot, value: Value) -> str:
    """A value as its slot wants it: texts with nothing that XML cannot carry, booleans in words where a text is wanted."""
    if not isinstance(value, bool):
        return sendable(value)
    if slot.text.builtin in NUMBERS or slot.text.builtin == "decimal":
        return str(int(value))
    return str(value).lower()


@dataclass(frozen=True, slots=True)
class Operation:
    """One function of the description, bound to where it lives."""

    name: str
    meaning: str
    """The description's own words about it."""
    address: str
    soap: str
    """The namespace of SOAP's version."""
    action: str
    wrapper: str
    """The qualified name of the element in the Body that holds everything; empty if the Body itself does."""
    shape: Shape
    answers: frozenset[str]
    """The local names that the first element of the answer's Body may have; none if nothing is promised."""
    flaw: str = ""
    """Why it cannot be asked, if it cannot: a sentence."""

    def request(self, placed: Mapping[Slot, str]) -> Request:
        """The request with these values. Raises ContractError if the description wants what there is no slot for."""
        groups = there(placed)
        if any(one.is_unknown and one.required and one.within <= groups for one in self.shape.not_in_forms):
            raise ContractError(f"The description of {self.name} wants something that NextCall does not know.")
        envelope = etree.Element(f"{{{self.soap}}}Envelope", nsmap={"soap": self.soap})
        body = etree.SubElement(envelope, f"{{{self.soap}}}Body")
        _write(etree.SubElement(body, self.wrapper) if self.wrapper else body, self.shape, placed, groups)
        return Request(
            self.address, self._headers(), etree.tostring(envelope, xml_declaration=True, encoding="utf-8"), self.answers
        )

    def _headers(self) -> dict[str, str]:
        """As SOAP 1.1 (section 6.1.1) and SOAP 1.2 (part 2, section 6.5.3) want them."""
        if self.soap == SOAP_12:
            return {"Content-Type": "application/soap+xml; charset=utf-8" + (f'; action="{self.action}"' if self.action else "")}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{self.action}"'}


SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def _write(root: etree._Element, shape: Shape, placed: Mapping[Slot, str], groups: frozenset[int]) -> None:
    """Put the values below `root`, in the order of the description, and what must be there without a value."""
    elements: dict[Path, etree._Element] = {(): root}

    def element_at(path: Path) -> etree._Element:
        if path not in elements:
            elements[path] = etree.SubElement(element_at(path[:-1]), path[-1][0])
        return elements[path]

    perhaps_nil = []
    for slot in shape.slots:
        if slot in placed:
            value = placed[slot]
        elif slot.unfilled is not Unfilled.LEFT_OUT and slot.within <= groups:
            value = slot.default
        else:
            continue
        element = element_at(slot.path)
        if slot.attribute:
            element.set(slot.attribute, value)
        elif slot.is_parameter:
            element.text = value
        if slot.unfilled is Unfilled.NIL and slot not in placed:
            perhaps_nil.append(element)
    for element in perhaps_nil:
        if not len(element) and not element.text:
            element.set(_NIL, "true")


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
