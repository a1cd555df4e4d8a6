"""What the agent says: the profile's Markdown with the call's and the answers' values in it.

A value is text, never markup: a caller's name can be neither a heading nor a link. This module must not know how it is drawn.
"""

from __future__ import annotations

import re
import unicodedata

from desktop.popup import templates
from desktop.popup.facts import Facts

_LONGEST = 200
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that would turn the rest of the line around."""


def render(facts: Facts) -> str:
    """The parts of the script that are to be said as things are now, as Markdown; missing values leave no trace."""
    parts = [templates.speak(part.text, facts.spoken, escaped) for part in facts.profile.script if facts.holds(part.show_if)]
    return "\n\n".join(part.strip("\n") for part in parts)


def escaped(value: str) -> str:
    """`value` on one line, written so that Markdown shows exactly it: a backslash may stand before any punctuation."""
    line = " ".join(value.split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1] + "…"
    seen = "".join(one for one in line if one not in _DIRECTIONS and unicodedata.category(one) not in {"Cc", "Cs"})
    return _PUNCTUATION.sub(r"\\\1", seen)
