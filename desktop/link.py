"""Links that open NextCall: `nextcall://open?campaign=1001&profile=dental`. Any web page or mail may hold one.

So a link is hostile until it was read here: it names a campaign and a profile, each in a few harmless characters, and nothing
else is understood. Reading one does nothing; whoever acts on it asks the agent before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from desktop.errors import LinkRefused

LONGEST = 512
"""Characters of a link."""

_BEGINNING = "nextcall://open"
_CAMPAIGN = re.compile(r"[0-9]{1,18}")
_PROFILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
"""What Windows takes for a device, in whichever folder and with whatever ending."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link asks for; what it does not name is empty."""

    campaign_id: str = ""
    profile: str = ""

    def profile_file(self, folder: Path) -> Path | None:
        """The file of `folder` that the profile's name means, whether or not it is there; None without a name."""
        return folder / f"{self.profile.removesuffix('.toml')}.toml" if self.profile else None


def parse(text: str) -> Link:
    """Read a link. Raises LinkRefused."""
    if len(text) > LONGEST:
        raise LinkRefused(f"It is longer than {LONGEST} characters.")
    if not text.isascii() or not text.isprintable():
        raise LinkRefused("It holds characters that no link has.")
    beginning, mark, query = text.partition("?")
    if beginning != _BEGINNING:
        raise LinkRefused(f"A link to NextCall begins with {_BEGINNING} and goes nowhere else.")
    values = {"campaign": "", "profile": ""}
    for part in query.split("&") if mark else ():
        name, _, value = part.partition("=")
        if name not in values or values[name]:
            raise LinkRefused("It may name one campaign and one profile, and nothing else.")
        values[name] = _value(name, _unescaped(value))
    return Link(values["campaign"], values["profile"])


def _value(name: str, value: str) -> str:
    if name == "campaign":
        if not _CAMPAIGN.fullmatch(value):
            raise LinkRefused("A campaign is named by its ID, a number of at most 18 digits.")
    elif not _PROFILE.fullmatch(value) or value.endswith(".") or _DEVICES.fullmatch(value):
        raise LinkRefused("A profile is named by at most 64 letters, digits, dots, dashes and underscores.")
    return value


def _unescaped(value: str) -> str:
    """`%41` is A. Once, so that what was escaped twice stays escaped and is refused; a lone % is refused, too."""
    return _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), value)
