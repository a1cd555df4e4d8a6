"""What is spoken about with the hosted call center: accounts, calls, responses. Frozen, and free of any wire format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache


class Function(StrEnum):
    """The documented functions (hosted-call-center-api.txt), by the names that the document gives them."""

    SEND_AGENT_CALL_BACK = "sendAgentCallBack"
    LOGIN_AGENT = "loginAgent"
    GET_CONNECTION_FOR_AGENT = "getConnectionForAgent"
    STORE_AGENT_RESPONSE = "storeAgentResponse"
    KICK_AGENT = "kickAgent"
    START_CAMPAIGN = "startCampaign"
    STOP_CAMPAIGN = "stopCampaign"


BROADCAST_FUNCTIONS = frozenset({Function.START_CAMPAIGN, Function.STOP_CAMPAIGN})
"""These two live in a second service, the Voice Broadcast API."""


class Kind(StrEnum):
    """What can be typed into a field of a form."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number."""
    DECIMAL = "decimal"
    YES_NO = "yes or no"
    """As a value: `true` or `false`."""
    DATE = "date"
    """As a value: 2025-01-31."""
    TIME = "time"
    """Date and time of day. As a value: 2025-01-31T17:30:00, with a zone (Z, +01:00) if one is known."""
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a described function wants to know: a field of its form.

    `path` are the names from the outside in, as the WSDL has them; `name` is the last of them. One that is not `required` may
    still be needed together with others: only whoever is given the values can say (HostedCallCenter.ask).
    """

    path: tuple[str, ...]
    name: str
    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()
    """What a CHOICE may be, in the order of the WSDL."""
    default: str = ""
    """What the service takes if nothing is given. To be shown, not to be filled in: what is filled in is sent."""


@dataclass(frozen=True, slots=True)
class Described:
    """A function that no document names, as the service's WSDL describes it. The Account's key and campaign are not `wanted`."""

    name: str
    meaning: str = ""
    """The WSDL's own words about it; often there are none."""
    wanted: tuple[Wanted, ...] = ()
    left_out: tuple[str, ...] = ()
    """What else it would take and no form can give: one sentence each."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks, and for which campaign. The key is a secret of the whole account, so it is never part of a repr."""

    key: str = field(repr=False)
    campaign_id: int


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a CallType as it was received: its own text, its attributes, and the elements inside it, in order."""

    name: str
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A connected call. Only `id` is certain; `fields` keeps every element of the CallType, the id's included, in order."""

    id: str
    fields: tuple[Field, ...] = ()

    def walk(self) -> Iterator[Field]:
        """Every field, outer before inner, in document order."""
        waiting = list(reversed(self.fields))
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.children))

    def first(self, *names: str) -> str:
        """The text of the first field that bears one of `names` and is not empty.

        The first name is looked for first; case and underscores do not count.
        """
        for name in map(plain, names):
            for one in self.walk():
                if plain(one.name) == name and one.text.strip():
                    return one.text.strip()
        return ""


@dataclass(frozen=True, slots=True)
class CallResponse:
    """What the agent made of a call: agentResponse and agentNotes of storeAgentResponse."""

    call_id: str
    disposition: str
    notes: str = ""


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name as it is compared: `campaignID`, `campaign_id` and `CampaignId` are one (api-facts.md)."""
    return name.replace("_", "").replace("-", "").casefold()


def sendable(text: str) -> str:
    """`text` with every character that XML 1.0 cannot carry replaced by a visible one, so that nobody loses it unknowingly.

    Control characters become their Unicode control picture (U+0007 becomes U+2407), anything else (lone surrogates, U+FFFE)
    becomes U+FFFD. Tab and newline stay; the rest of the text is untouched.
    """
    return _UNSENDABLE.sub(_picture, text.replace("\r\n", "\n").replace("\r", "\n"))


_UNSENDABLE = re.compile("[^\t\n\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
