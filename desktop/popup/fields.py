"""What the agent sees of a call: the fields that the profile lists, in groups, and under More all that it does not name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from desktop.popup import hours, paths, writing
from desktop.popup.caller import Row, details, words
from desktop.popup.facts import Facts
from desktop.popup.profile import Emphasis, ShownField


@dataclass(frozen=True, slots=True)
class Shown:
    """One line. `value` is as received, for copying; where `covered` is true it is neither shown nor copied."""

    label: str
    text: str
    value: str
    emphasis: Emphasis = "normal"
    covered: bool = False
    link: str = ""
    """The https address that a click opens."""
    aside: str = ""
    """A phone number's local time."""
    warning: str = ""
    """Why the person should perhaps not be called now."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading; the heading may be empty."""

    title: str
    lines: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that the agent sees of a call."""

    groups: tuple[Group, ...]
    more: tuple[Row, ...]
    call_id: str = ""


def view(facts: Facts) -> View:
    """Groups stand in the order of their first field. Fields without a value, and those hidden just now, have no line."""
    groups: dict[str, list[Shown]] = {}
    for field, lines in zip(facts.profile.fields, facts.once(_all_lines), strict=True):
        if not field.hidden and facts.holds(field.show_if):
            groups.setdefault(field.group, []).extend(lines)
    return View(tuple(Group(title, tuple(lines)) for title, lines in groups.items() if lines), facts.once(_more), facts.call.id)


def _all_lines(facts: Facts) -> tuple[tuple[Shown, ...], ...]:
    """The lines of each listed field that is ever shown, whether it is just now or not."""
    return tuple(() if field.hidden else tuple(_lines(facts, field)) for field in facts.profile.fields)


def _more(facts: Facts) -> tuple[Row, ...]:
    """All that the profile does not name."""
    named = [found for field in facts.profile.fields for found in facts.find(field.path)]
    return details(paths.without(facts.call, named) if named else facts.call)


def _lines(facts: Facts, field: ShownField) -> Iterator[Shown]:
    """A line for each number and each link; whatever else there are several of stands in one line."""
    label = field.label or words(paths.label(field.path))
    values = [one.text for one in facts.find(field.path) if one.text]
    texts = [writing.shown(value, field, facts.profile.region, facts.now) for value in values]
    if values and field.format not in {"phone", "link"}:
        values, texts = [", ".join(values)], [", ".join(texts)]
    covered = field.mask is not None
    for value, text in zip(values, texts, strict=True):
        there = _local_time(facts, value) if field.format == "phone" else None
        link = writing.link(value) if field.format == "link" and not covered else ""
        aside, warning = (there.text, there.warning) if there else ("", "")
        yield Shown(label, text, value, field.emphasis, covered, link, aside, warning)


def _local_time(facts: Facts, number: str) -> hours.LocalTime | None:
    return hours.local_time(number, facts.profile.region, facts.profile.calling_hours, facts.now)
