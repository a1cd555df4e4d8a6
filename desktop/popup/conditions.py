"""Conditions of a profile: `interested = yes`, `rating <= 2 and plan != Gold`, `company` (it is not empty), `not company`.

Parts are joined by `and` or by `or`, not by both; a value that contains one of these words stands in quotes. Letters are compared
without regard to case, numbers as numbers. This module must not know where a name's values come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from desktop.popup.wording import one_line

_JOINT = re.compile(r"\s+(and|or)\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", re.IGNORECASE)
_CLAUSE = re.compile(r"(?P<name>[^=<>!\"]+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<value>[^=<>!\"]+))")
_BARE = re.compile(r"(?P<no>not\s+)?(?P<name>[^=<>!\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. Without a sign: whether there is a value at all; `=` of nothing is that there is none."""

    name: str
    sign: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The comparisons of a condition, all of which must hold, or any one of them."""

    clauses: tuple[Clause, ...]
    any_of: bool


@lru_cache(maxsize=1024)
def parse(condition: str) -> Parsed:
    """Read a condition. Raises ValueError with a sentence."""
    pieces = _JOINT.split(condition.strip())
    joints = {joint.lower() for joint in pieces[1::2]}
    if len(joints) > 1:
        raise ValueError("'and' and 'or' cannot be mixed in one condition")
    return Parsed(tuple(map(_clause, pieces[::2])), joints == {"or"})


def holds(condition: str, values: Callable[[str], Sequence[str]]) -> bool:
    """Whether the condition holds for what `values` says of its names; of several values one is enough. Raises ValueError."""
    parsed = parse(condition)
    join = any if parsed.any_of else all
    return join(_holds(clause, [text for text in values(clause.name) if text.strip()]) for clause in parsed.clauses)


def _clause(text: str) -> Clause:
    if match := _CLAUSE.fullmatch(text):
        quoted = match["quoted"]
        return Clause(match["name"].strip(), match["sign"], quoted if quoted is not None else match["value"].strip())
    if match := _BARE.fullmatch(text):
        return Clause(match["name"].strip(), "=" if match["no"] else "")
    raise ValueError(f"'{one_line(text)}' is no comparison; one looks like interested = yes, or rating <= 2")


def _holds(clause: Clause, texts: list[str]) -> bool:
    match clause.sign:
        case "":
            return bool(texts)
        case "=":
            return any(_equal(text, clause.value) for text in texts) if clause.value else not texts
        case "!=":
            return not any(_equal(text, clause.value) for text in texts) if clause.value else bool(texts)
    wanted = _number(clause.value)
    numbers = [number for number in map(_number, texts) if number is not None]
    if wanted is None:
        return False
    compare: dict[str, Callable[[Decimal], bool]] = {
        "<": lambda number: number < wanted,
        "<=": lambda number: number <= wanted,
        ">": lambda number: number > wanted,
        ">=": lambda number: number >= wanted,
    }
    return any(map(compare[clause.sign], numbers))


def _equal(one: str, other: str) -> bool:
    if " ".join(one.split()).casefold() == " ".join(other.split()).casefold():
        return True
    first, second = _number(one), _number(other)
    return first is not None and first == second


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
