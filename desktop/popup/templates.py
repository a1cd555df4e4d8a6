"""Texts with placeholders: `{firstname}`, `{extra_data/plan|your plan}`. A brace that is meant as one is written twice.

What a placeholder names, and how a value is made harmless where it goes (Markdown, an address), is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_PART = re.compile(r"\{\{|\}\}|\{([^{}|\n]*)(?:\|([^{}\n]*))?\}|[{}]|[^{}]+")
_PAIRS = {"(": ")", "[": "]", '"': '"', "“": "”", "«": "»", "*": "*", "_": "_"}
_ENDING = (".", "!", "?", "…")
_CLOSING = (*_ENDING, ",", ";", ":", "\n")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name, and what stands there when it has no value."""

    name: str
    fallback: str = ""


@lru_cache(maxsize=1024)
def parts(template: str) -> tuple[str | Placeholder, ...]:
    """The template's literal texts and placeholders, in order. Raises ValueError with a sentence."""
    found: list[str | Placeholder] = []
    for match in _PART.finditer(template):
        text = match[0]
        if text in {"{", "}"}:
            raise ValueError(f"a single {text} is no placeholder; write {text * 2} for the character itself")
        if match[1] is not None:
            if not match[1].strip():
                raise ValueError("a placeholder needs a name between its braces")
            found.append(Placeholder(match[1].strip(), (match[2] or "").strip()))
        elif found and isinstance(last := found[-1], str):
            found[-1] = last + text.replace("{{", "{").replace("}}", "}")
        else:
            found.append(text.replace("{{", "{").replace("}}", "}"))
    return tuple(found)


def names(template: str) -> tuple[str, ...]:
    """What the placeholders of the template name. Raises ValueError with a sentence."""
    return tuple(part.name for part in parts(template) if isinstance(part, Placeholder))


def fill(template: str, value: Callable[[str], str], safe: Callable[[str], str]) -> str:
    """The template with `safe(value(name))` in its places, character for character."""
    return "".join(part if isinstance(part, str) else safe(value(part.name).strip() or part.fallback) for part in parts(template))


def speak(template: str, value: Callable[[str], str], safe: Callable[[str], str]) -> str:
    """As `fill`, but so that it can be read aloud: a missing value leaves no double blank, lone comma or empty bracket."""
    pieces = list(parts(template))
    values = [safe(value(piece.name).strip() or piece.fallback) if isinstance(piece, Placeholder) else None for piece in pieces]
    for number in range(1, len(pieces) - 1):  # "{city}, {state}": the comma belongs to both
        joins = isinstance(piece := pieces[number], str) and "\n" not in piece and not piece.strip(" ,;/-")
        missing = [values[number - 1], values[number + 1]].count("")
        if joins and missing:
            pieces[number] = " " if missing == 1 else ""
    said = ""
    gap = False
    for piece, text in zip(pieces, values, strict=True):
        if text:
            said += text
        elif text == "":
            gap = True
            continue
        elif isinstance(piece, str):
            said = _close_gap(said, piece) if gap else said + piece
        gap = False
    return said.rstrip(" ") if gap else said


def _close_gap(before: str, after: str) -> str:
    """Join what stands on both sides of nothing."""
    while before and after and _PAIRS.get(before[-1]) == after[0]:  # brackets, quotes and emphasis around nothing
        before, after = before[:-1], after[1:]
    line = before.rpartition("\n")[2].rstrip()
    if not line.strip("#>*-+") or line[-1] in _ENDING:  # a sentence begins here
        after = after.lstrip(" ,;:")
        return (before if after[:1] not in _ENDING else before.rstrip(" ")) + after[:1].upper() + after[1:]
    if after[:1] in _CLOSING:
        return before.rstrip(" ,;:") + after
    return before + (after.lstrip(" ") if before.endswith(" ") else after)
