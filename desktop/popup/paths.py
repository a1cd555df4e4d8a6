"""Paths: how a profile names a field of a call, down to nested and repeated elements and attributes.

`extra_data/plan` is the element plan inside extra_data, or an entry there whose attribute `name` or `key` is plan. `visit/shop`
is the shop of every visit, `visit[2]/shop` that of the second one, `visit/@on` an attribute. Case, blanks, _ and - do not count.
This module must not know what a field means.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from desktop.callcenter.model import Call, Field, plain
from desktop.popup.wording import one_line

_STEP = re.compile(r"\s*(@?)([^/@\[\]{}|=<>!\"]+?)\s*(?:\[([1-9][0-9]{0,3})\])?\s*")


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path. `number`, from 1, is which of several elements of that name; 0 is all of them."""

    name: str
    number: int = 0
    is_attribute: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A text of the call and where it stands: the positions from the top, and which attribute it is, if it is one."""

    text: str
    at: tuple[int, ...]
    attribute: int | None = None


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """The names of a path. Raises ValueError with a sentence."""
    found: list[Step] = []
    parts = path.split("/")
    for part in parts:
        match = _STEP.fullmatch(part)
        if not match:
            raise ValueError(
                f"'{one_line(part)}' is no name of a field; a path looks like extra_data/plan, visit[2]/shop or visit/@on"
            )
        step = Step(match[2].strip(), int(match[3] or 0), bool(match[1]))
        if step.is_attribute and (len(found) != len(parts) - 1 or not found or step.number):
            raise ValueError(f"'{one_line(part)}' is an attribute, so it must be the last name after that of its element")
        found.append(step)
    return tuple(found)


def same(path: str, other: str) -> bool:
    """Whether two paths name the same. Neither needs to be one."""
    return _bare(path) == _bare(other)


def label(path: str) -> str:
    """The name of what a path leads to, as the path writes it."""
    return steps(path)[-1].name


def find(call: Call, path: str) -> tuple[Found, ...]:
    """Everything in the call that `path` names, empty texts included, in the order of the call."""
    return tuple(_below(call.fields, steps(path), ()))


def without(call: Call, found: Collection[Found]) -> Call:
    """The call without these texts, and without the elements that have nothing left to say."""
    texts = {one.at for one in found if one.attribute is None}
    attributes = {(one.at, one.attribute) for one in found if one.attribute is not None}
    inside = {at[:length] for at in (one.at for one in found) for length in range(1, len(at) + 1)}

    def rest(fields: tuple[Field, ...], above: tuple[int, ...]) -> tuple[Field, ...]:
        return tuple(
            left
            for position, field in enumerate(fields)
            if (left := (rest_of(field, (*above, position)) if (*above, position) in inside else field)) is not None
        )

    def rest_of(field: Field, at: tuple[int, ...]) -> Field | None:
        kept = tuple(one for number, one in enumerate(field.attributes) if (at, number) not in attributes)
        left = replace(field, text="" if at in texts else field.text, attributes=kept, children=rest(field.children, at))
        names_only = all(_names_its_element(name) for name, _ in kept)
        return None if names_only and not left.text.strip() and not left.children else left

    return replace(call, fields=rest(call.fields, ()))


def _below(fields: tuple[Field, ...], rest: tuple[Step, ...], above: tuple[int, ...]) -> Iterator[Found]:
    step, *later = rest
    matches = [(position, field) for position, field in enumerate(fields) if _is_called(field, _bare(step.name))]
    for position, field in matches[step.number - 1 : step.number] if step.number else matches:
        at = (*above, position)
        if not later:
            yield Found(field.text.strip(), at)
        elif later[0].is_attribute:
            wanted = _bare(later[0].name)
            for number, (name, text) in enumerate(field.attributes):
                if _bare(name) == wanted:
                    yield Found(text.strip(), at, number)
        else:
            yield from _below(field.children, tuple(later), at)


def _is_called(field: Field, wanted: str) -> bool:
    return _bare(field.name) == wanted or any(
        _bare(text) == wanted and _names_its_element(name) for name, text in field.attributes
    )


def _names_its_element(attribute: str) -> bool:
    """<entry key="plan">Gold</entry> is how many services write a field of a name that the contract does not know."""
    return attribute.casefold() in {"key", "name"}


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    return plain("".join(name.split()))
