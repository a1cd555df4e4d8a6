"""Who is on the line, as far as a CallType tells. Its field names are not known for certain (api-facts.md)."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.callcenter.model import Call
from desktop.popup import phone

_WHOLE_NAME = ("name", "fullname", "contactname", "callername", "customername")
_FIRST_NAME = ("firstname", "givenname", "forename")
_LAST_NAME = ("lastname", "surname", "familyname")
_NUMBER = ("phonenumber", "tonumber", "phone", "number", "callerid", "callernumber", "fromnumber")
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


def caller(call: Call) -> Caller:
    """The person of `call`: name and number are taken from the fields that usually carry them."""
    name = call.first(*_WHOLE_NAME) or " ".join(filter(None, (call.first(*_FIRST_NAME), call.first(*_LAST_NAME))))
    one_line = " ".join(name.split())
    if len(one_line) > _LONGEST_NAME:
        one_line = one_line[: _LONGEST_NAME - 1] + "…"
    return Caller(one_line, phone.shown(call.first(*_NUMBER))[:_LONGEST_NAME])
