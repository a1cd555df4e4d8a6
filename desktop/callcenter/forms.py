"""Functions that no document names, as forms: what they want to know, and whether what was filled in can be sent.

A form is made from the places in a request (request.py) and nothing else. What cannot be typed into one field is left out of it,
with the reason: what can be given several times with fields of its own, what can hold itself, and what holds no text (pictures,
lists). A function that requires such a thing has no form. A single value that could be given several times is given once. The API
key and the campaign are the Account's, by the spellings that the documented functions have. This module sends nothing and must
not know zeep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from lxml import etree

from desktop.callcenter.model import Account, Described, Kind, Wanted, plain, sendable
from desktop.callcenter.reply import told
from desktop.callcenter.request import (
    NUMBERS,
    Choice,
    NotInForms,
    Operation,
    Parameter,
    Slot,
    Text,
    likelihood,
    missing,
    there,
    written,
)
from desktop.errors import ContractError, WrongValues

_LONGEST_NAME = 80


class NoForm(Exception):
    """The function requires what no form can give; the text is a sentence that says what."""


class Form:
    """One function as a form."""

    def __init__(self, operation: Operation) -> None:
        """Raises NoForm."""
        if operation.flaw:
            raise NoForm(operation.flaw)
        self._shape = shape = operation.shape
        self._account = {Parameter.KEY: self._keys(), Parameter.CAMPAIGN_ID: self._campaigns()}
        self._always = self._always_there()
        self._slots: dict[Wanted, list[Slot]] = {}
        for slot in filter(self._is_asked, shape.slots):
            wanted = self._wanted(slot)
            same = next((one for one in self._slots if one.path == wanted.path), wanted)  # in two branches of a choice
            self._slots.setdefault(same, []).append(slot)
        self._leave_out_what_leads_nowhere()
        left_out = tuple(_left_out(one.names, one.why) for one in self._outermost())
        self.described = Described(operation.name, operation.meaning, tuple(self._slots), left_out)

    def placed(self, account: Account, values: Mapping[Wanted, str]) -> dict[Slot, str]:
        """Which place holds what. Raises WrongValues if it cannot be sent, ContractError if the form is another one by now."""
        if unknown := values.keys() - self._slots.keys():
            name = _quoted(next(iter(unknown)).path)
            raise ContractError(f"{told(self.described.name, longest=_LONGEST_NAME)} does not want {name} any more.")
        given = {wanted: text for wanted, text in values.items() if text.strip()}
        if mistakes := tuple(self._mistakes(given)):
            raise WrongValues(" ".join(sentence for _, sentence in mistakes), mistakes)
        return self._placed(account, given)

    def _placed(self, account: Account, given: Mapping[Wanted, str]) -> dict[Slot, str]:
        groups = self._there(given)
        placed: dict[Slot, str] = {}
        for wanted, text in given.items():
            slots = self._slots[wanted]
            slot = next((one for one in slots if one.within <= groups), slots[0])
            placed[slot] = written(slot, _as_sent(wanted, text))
        self._add_account(account, placed, groups)
        return placed

    # What is in the form

    def _outermost(self) -> list[NotInForms]:
        """What is left out, without what is inside of something else that is."""
        everything = self._shape.not_in_forms
        return [
            one
            for one in everything
            if not any(one.names[: len(other.names)] == other.names != one.names for other in everything)
        ]

    def _keys(self) -> list[Slot]:
        """Where the account's key belongs, the likeliest first: in all places of that name, because nobody shall ever type it.

        But a key beside a value is the name of that value; to put the account's there would tell it to whoever sees the value.
        """
        fitting = [slot for slot in self._shape.fitting(Parameter.KEY) if slot.in_a_form]
        entries = {slot.names[:-1] for slot in self._shape.slots if plain(slot.name) == "value"}
        return [one for one in fitting if one.names[:-1] not in entries or (len(one.names) == 1 == len(fitting))]

    def _campaigns(self) -> list[Slot]:
        """Where the account's campaign belongs: in the likeliest place, and in its like in other branches of a choice."""
        fitting = [slot for slot in self._shape.fitting(Parameter.CAMPAIGN_ID) if slot.in_a_form]
        return [one for one in fitting if likelihood(one, Parameter.CAMPAIGN_ID) == likelihood(fitting[0], Parameter.CAMPAIGN_ID)]

    def _is_account(self, slot: Slot) -> bool:
        return any(slot in slots for slots in self._account.values())

    def _is_asked(self, slot: Slot) -> bool:
        return slot.is_parameter and slot.in_a_form and not self._is_account(slot)

    def _wanted(self, slot: Slot) -> Wanted:
        required = slot.required and slot.within <= self._always
        kind = _kind(slot.text)
        default = {"1": "true", "0": "false"}.get(slot.default, slot.default) if kind is Kind.YES_NO else slot.default
        return Wanted(slot.names, slot.name, kind, required, slot.text.choices, default)

    def _always_there(self) -> frozenset[int]:
        """The optional groups that are there in any case, because the account's key or campaign can stand nowhere else."""
        branches = {group for choice in self._shape.choices for group in choice.branches}
        groups: frozenset[int] = frozenset()
        for slots in self._account.values():
            if slots and not any(slot.within <= groups or slot.within & branches for slot in slots):
                groups |= slots[0].within
        return groups

    def _leave_out_what_leads_nowhere(self) -> None:
        """Take out what would require something that no form can give. Raises NoForm if that is required in any case."""
        for one in self._shape.not_in_forms:
            if one.required:
                self._leave_out(one.within, _left_out(one.names, one.why))
        while dead_end := next(filter(self._is_dead_end, self._shape.choices), None):
            inside = (one for one in self._shape.not_in_forms if one.within & {*dead_end.branches})
            self._leave_out(
                dead_end.within, " ".join(_left_out(one.names, one.why) for one in inside) or "It has nothing to fill in."
            )

    def _leave_out(self, groups: frozenset[int], why: str) -> None:
        if groups <= self._always:
            raise NoForm(why)
        kept = {wanted: [slot for slot in slots if not groups <= slot.within] for wanted, slots in self._slots.items()}
        self._slots = {wanted: slots for wanted, slots in kept.items() if slots}

    def _is_dead_end(self, choice: Choice) -> bool:
        """Whether one of several things is needed beside what can be filled in, and none of them can be given."""
        is_reached = choice.within <= self._always or any(
            choice.within <= slot.within for slots in self._slots.values() for slot in slots
        )
        return choice.needed and is_reached and not any(map(self._offers, choice.branches))

    def _offers(self, branch: int) -> bool:
        """Whether there is something that could be put into this branch of a choice."""
        return bool(self._wanted_in(branch)) or self._is_the_account_s(branch)

    def _is_the_account_s(self, branch: int) -> bool:
        return any(branch in slot.within for slots in self._account.values() for slot in slots)

    # What is filled in

    def _mistakes(self, given: Mapping[Wanted, str]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each with the path of its field."""
        for wanted, text in given.items():
            type_ = self._slots[wanted][0].text
            if not _fits(wanted, type_, text):
                yield wanted.path, f"{_quoted(wanted.path)} must be {_expected(wanted, type_, text)}."
        groups = self._there(given)
        for choice in self._shape.choices:
            if choice.within <= groups:
                yield from self._mistakes_of_choice(choice, given, groups)
        for wanted in self._slots:
            if wanted not in given and self._is_missing(wanted, groups):
                yield wanted.path, f"{_quoted(wanted.path)} is missing."

    def _is_missing(self, wanted: Wanted, groups: frozenset[int]) -> bool:
        return any(slot.required and slot.within <= groups for slot in self._slots[wanted])

    def _mistakes_of_choice(
        self, choice: Choice, given: Mapping[Wanted, str], groups: frozenset[int]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        certain = [branch for branch in choice.branches if branch in groups]
        if len(certain) > 1:
            named = [next(one for one in given if one in self._wanted_in(branch)).path for branch in certain]
            yield named[0], f"{_listed(named, 'and')} cannot be given together."
        elif choice.needed and not any(self._is_filled(branch, given) for branch in choice.branches):
            named = [next(iter(wanted)).path for wanted in map(self._wanted_in, choice.branches) if wanted]
            yield named[0], f"{_listed(named, 'or')} is missing."

    def _is_filled(self, branch: int, given: Mapping[Wanted, str]) -> bool:
        """Whether something is given for it, or the account is enough."""
        wanted = self._wanted_in(branch)
        return bool(given.keys() & wanted.keys()) if wanted else self._is_the_account_s(branch)

    def _wanted_in(self, group: int) -> dict[Wanted, None]:
        return {wanted: None for wanted, slots in self._slots.items() if any(group in slot.within for slot in slots)}

    def _there(self, given: Mapping[Wanted, str]) -> frozenset[int]:
        """The optional groups that hold something for certain: not those of a name that stands in several branches."""
        certain = (frozenset.intersection(*(slot.within for slot in self._slots[wanted])) for wanted in given)
        return self._always.union(*certain)

    def _add_account(self, account: Account, placed: dict[Slot, str], groups: frozenset[int]) -> None:
        values = {Parameter.KEY: account.key, Parameter.CAMPAIGN_ID: str(account.campaign_id)}
        for parameter, slots in self._account.items():
            possible = [slot for slot in slots if not self._is_elsewhere(slot, there(placed) | groups)]
            if possible:
                slot = min(possible, key=lambda one: not one.within <= groups)
                placed[slot] = written(slot, values[parameter])
        for slot in list(missing(self._shape, placed)):
            for parameter, slots in self._account.items():
                if slot in slots:
                    placed[slot] = written(slot, values[parameter])

    def _is_elsewhere(self, slot: Slot, groups: frozenset[int]) -> bool:
        """Whether it stands in a branch of a choice of which another branch is there."""
        ours = [(choice, branch) for choice in self._shape.choices for branch in choice.branches if branch in slot.within]
        return any(other in groups for choice, branch in ours for other in choice.branches if other != branch)


def _kind(text: Text) -> Kind:
    if text.choices:
        return Kind.CHOICE
    if text.builtin in NUMBERS:
        return Kind.NUMBER
    kinds = {"boolean": Kind.YES_NO, "date": Kind.DATE, "dateTime": Kind.TIME} | dict.fromkeys(_DECIMALS, Kind.DECIMAL)
    return kinds.get(text.builtin, Kind.TEXT)


def _as_sent(wanted: Wanted, text: str) -> str:
    """What is typed, as XML Schema writes it. Only a text's own white space is kept."""
    if wanted.kind is Kind.YES_NO:
        return {"yes": "true", "no": "false"}.get(text.strip().lower(), text.strip().lower())
    return text if wanted.kind is Kind.TEXT else text.strip()


# ------------------------------------------------------------------------------------------------------------ single values

_DECIMALS = frozenset({"decimal", "float", "double"})
_UNTYPED = frozenset({"anyType", "anySimpleType"})


def _fits(wanted: Wanted, type_: Text, text: str) -> bool:
    """Whether it is such a value, by libxml2's XML Schema."""
    text = _as_sent(wanted, text)
    if wanted.choices:
        return text in wanted.choices
    if type_.builtin in _UNTYPED:
        return True
    if wanted.kind is Kind.DECIMAL and not any(map(str.isdigit, text)):
        return False  # NaN and infinity are no numbers to anybody but a computer
    element = etree.Element("value")
    try:
        element.text = sendable(text)
        return _schema(type_).validate(element)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _schema(type_: Text) -> etree.XMLSchema:
    """A schema of one value. Bounds that make no sense are left to the service."""
    for facets in (type_.facets, ()):
        document = etree.Element(f"{{{_XSD}}}schema", nsmap={"xs": _XSD})
        element = etree.SubElement(document, f"{{{_XSD}}}element", name="value")
        kind = etree.SubElement(element, f"{{{_XSD}}}simpleType")
        restriction = etree.SubElement(kind, f"{{{_XSD}}}restriction", base=f"xs:{type_.builtin}")
        for name, value in facets:
            etree.SubElement(restriction, f"{{{_XSD}}}{name}", value=value)
        try:
            return etree.XMLSchema(document)
        except etree.XMLSchemaParseError:
            continue
    raise ValueError(type_.builtin)


_XSD = "http://www.w3.org/2001/XMLSchema"


def _expected(wanted: Wanted, type_: Text, text: str) -> str:
    """What the value must be, in words."""
    facets = dict(type_.facets)
    if wanted.choices:
        return f"one of {', '.join(wanted.choices)}"
    if wanted.kind is Kind.NUMBER:
        least, most = NUMBERS[type_.builtin]
        if not text.strip().lstrip("+-").isdecimal() and type_.builtin in {"int", "long"}:
            least = most = None  # of no interest to somebody who has typed a word
        return "a whole number" + _bounds(facets, least, most)
    if wanted.kind is Kind.DECIMAL:
        digits = f", with at most {facets['fractionDigits']} digits after the point" if "fractionDigits" in facets else ""
        bounds = _bounds(facets)
        return "a number" + (bounds + digits or ", such as 1.5")
    if wanted.kind is Kind.TEXT:
        return _WORDS.get(type_.builtin, "a text") + _lengths(facets)
    return _KINDS[wanted.kind] + _bounds(facets)


_KINDS = {
    Kind.YES_NO: "yes or no",
    Kind.DATE: "a date, such as 2025-01-31",
    Kind.TIME: "a date and time, such as 2025-01-31T17:30:00",
}
_WORDS = {
    "anyURI": "an address, such as https://example.org/",
    "duration": "a length of time, such as PT1H30M",
    "language": "a language, such as en-US",
    "time": "a time of day, such as 17:30:00",
} | dict.fromkeys(("Name", "NCName", "NMTOKEN", "ID", "IDREF", "ENTITY"), "a name without spaces")


def _bounds(facets: Mapping[str, str], least: int | None = None, most: int | None = None) -> str:
    low = facets.get("minInclusive", "" if least is None else str(least))
    high = facets.get("maxInclusive", "" if most is None else str(most))
    above, below = facets.get("minExclusive", ""), facets.get("maxExclusive", "")
    if low and high and not above and not below:
        return f" from {low} to {high}"
    words = [
        f"above {above}" if above else f"at least {low}" if low else "",
        f"below {below}" if below else f"at most {high}" if high else "",
    ]
    return ", " + " and ".join(filter(None, words)) if any(words) else ""


def _lengths(facets: Mapping[str, str]) -> str:
    if "length" in facets:
        return f" of exactly {facets['length']} characters"
    least, most = facets.get("minLength"), facets.get("maxLength")
    if least and most:
        return f" of {least} to {most} characters"
    return f" of at least {least} characters" if least else f" of at most {most} characters" if most else ""


# -------------------------------------------------------------------------------------------------------------------- words


def _quoted(path: tuple[str, ...]) -> str:
    return f"“{told('/'.join(path), longest=_LONGEST_NAME)}”"


def _listed(paths: list[tuple[str, ...]], word: str) -> str:
    *others, last = map(_quoted, paths)
    return f"{', '.join(others)} {word} {last}" if others else last


def _left_out(names: tuple[str, ...], why: str) -> str:
    return f"{_quoted(names) if names else 'The request'} {why}."
