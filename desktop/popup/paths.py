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
    return bare(path) == bare(other)


@lru_cache(maxsize=4096)
def bare(path: str) -> str:
    """What two paths that name the same have in common; also of what is no path."""
    return plain("".join(path.split()))


def label(path: str) -> str:
    """The name of what a path leads to, as the path writes it."""
    return steps(path)[-1].name


def find(call: Call, path: str) -> tuple[Found, ...]:
    """Everything in the call that `path` names, empty texts included, in the order of the call."""
    return Search(call).find(path)


class Search:
    """Looks for many paths in one call: its names are read once, and what was found is kept."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._named: dict[tuple[int, ...], dict[str, list[tuple[int, Field]]]] = {}
        self._found: dict[str, tuple[Found, ...]] = {}

    def find(self, path: str) -> tuple[Found, ...]:
        """Everything in the call that `path` names, empty texts included, in the order of the call."""
        if path not in self._found:
            self._found[path] = tuple(self._below(self._call.fields, steps(path), ()))
        return self._found[path]

    def _below(self, fields: tuple[Field, ...], rest: tuple[Step, ...], above: tuple[int, ...]) -> Iterator[Found]:
        step, *later = rest
        matches = self._names(fields, above).get(bare(step.name), [])
        for position, field in matches[step.number - 1 : step.number] if step.number else matches:
            at = (*above, position)
            if not later:
                yield Found(field.text.strip(), at)
            elif later[0].is_attribute:
                wanted = bare(later[0].name)
                for number, (name, text) in enumerate(field.attributes):
                    if bare(name) == wanted:
                        yield Found(text.strip(), at, number)
            else:
                yield from self._below(field.children, tuple(later), at)

    def _names(self, fields: tuple[Field, ...], above: tuple[int, ...]) -> dict[str, list[tuple[int, Field]]]:
        """The fields that stand at `above`, under every name that each has, in the order of the call."""
        if above not in self._named:
            names: dict[str, list[tuple[int, Field]]] = {}
            for position, field in enumerate(fields):
                own = (text for name, text in field.attributes if _names_its_element(name))
                for called in {bare(name) for name in (field.name, *own)}:
                    names.setdefault(called, []).append((position, field))
            self._named[above] = names
        return self._named[above]


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


def _names_its_element(attribute: str) -> bool:
    """<entry key="plan">Gold</entry> is how many services write a field of a name that the contract does not know."""
    return attribute.casefold() in {"key", "name"}
