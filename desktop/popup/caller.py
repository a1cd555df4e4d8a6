"""Who is on the line, as far as a CallType tells. Its field names are not known for certain (api-facts.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from desktop.callcenter.model import Call, Field, plain
from desktop.popup import phone

_WHOLE_NAME = ("name", "fullname", "contactname", "callername", "customername")
_FIRST_NAME = ("firstname", "givenname", "forename")
_LAST_NAME = ("lastname", "surname", "familyname")
NUMBER = ("phonenumber", "tonumber", "phone", "number", "callerid", "callernumber", "fromnumber")
"""The fields that usually carry the phone number, the likeliest first."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """The person on the line. Either may be empty."""

    name: str
    number: str

    @property
    def title(self) -> str:
        """What to call the person in one line: the name, else the number, else words."""
        return self.name or self.number or "Unknown caller"


def caller(call: Call, region: str = phone.HOME) -> Caller:
    """The person of `call`: name and number are taken from the fields that usually carry them."""
    texts: dict[str, str] = {}
    for field in call.walk():
        if text := field.text.strip():
            texts.setdefault(plain(field.name), text)

    def first(names: Iterable[str]) -> str:
        return next((texts[name] for name in names if name in texts), "")

    name = first(_WHOLE_NAME) or " ".join(filter(None, (first(_FIRST_NAME), first(_LAST_NAME))))
    one_line = " ".join(name.split())
    if len(one_line) > _LONGEST_NAME:
        one_line = one_line[: _LONGEST_NAME - 1] + "…"
    return Caller(one_line, phone.shown(first(NUMBER), region)[:_LONGEST_NAME])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a call's details, for people: words instead of an element's name, and what lies below it."""

    label: str
    value: str
    below: tuple[Row, ...] = ()


def details(call: Call) -> tuple[Row, ...]:
    """Everything the CallType says, in its order, with nothing left out."""
    return tuple(map(_row, call.fields))


def _row(field: Field) -> Row:
    attributes = list(field.attributes)  # no dict: two of one name, from two namespaces, are two
    heading = words(field.name)
    # <entry key="plan">Gold</entry> is how many services write a field of a name that the contract does not know
    own_name = next((one for one in attributes if one[0].casefold() in {"key", "name"} and one[1].strip()), None)
    if own_name and not field.children:
        attributes.remove(own_name)
        heading = words(own_name[1])
    value = phone.shown(field.text.strip()) if plain(field.name) in NUMBER else field.text
    return Row(
        heading,
        value,
        (
            *(Row(words(name), text) for name, text in attributes),
            *map(_row, field.children),
        ),
    )


_GLUED = {
    "id": "ID",
    "campaignid": "Campaign ID",
    "agentid": "Agent ID",
    "callid": "Call ID",
    "contactid": "Contact ID",
    "batchid": "Batch ID",
    "broadcastid": "Broadcast ID",
    "phonenumber": "Phone number",
    "tonumber": "To number",
    "fromnumber": "From number",
    "firstname": "First name",
    "lastname": "Last name",
    "callstart": "Call start",
    "callrecord": "Call record",
    "finalresult": "Final result",
    "agentresponse": "Agent response",
    "responsetime": "Response time",
    "postalcode": "Postal code",
}
"""Names that a CallType is known to write in one word (api-facts.md, 'CallType'), and their words."""


@lru_cache(maxsize=4096)
def words(name: str) -> str:
    """An element's name as words: `extra_data` is Extra data, `FinalResult` is Final result."""
    known = _GLUED.get(plain(name))
    if known:
        return known
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.\s]+", " ", name).strip()
    return apart[:1].upper() + apart[1:].lower() if apart and not apart.isupper() else apart or name
