"""Small pieces of the sentences about profiles and answers. No file, no call."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60
_MOST = 12


def one_line(text: str) -> str:
    """A text as it can be quoted inside a sentence: on one line, without what cannot be seen, and not for ever."""
    shown = "".join(one if one.isprintable() else " " for one in " ".join(text.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def suggest(found: str, known: Iterable[str]) -> str:
    """The end of a sentence about something that is not known: what was meant, or else what there is."""
    offered = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(found[:100].casefold(), offered, 1, cutoff=0.55)
    if close:
        return f" (did you mean {one_line(offered[close[0]])}?)"
    shown = ", ".join(map(one_line, list(offered.values())[:_MOST])) + (", ..." if len(offered) > _MOST else "")
    return f" (there are: {shown})" if shown else " (there are none)"
