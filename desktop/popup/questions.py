"""The questions of a campaign: what an entry means, what is wrong with it, what is missing when the call is to be stored.

Entries are texts while the agent types, and nothing here ever refuses one: `problem` is a hint, `missing` is asked at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desktop.popup.caller import words
from desktop.popup.dates import read_day
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile, Disposition, Question

Value = str | Decimal | int | bool | date | tuple[str, ...]

BETWEEN = "; "
"""What stands between several choices, as text."""

BEST_RATING = 5
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_NUMBER = re.compile(r"([+-]?)(\d{1,15})(?:[.,](\d{1,15}))?")


@dataclass(frozen=True, slots=True)
class Missing:
    """What a call cannot be stored without: where (a question's id, `notes` or `disposition`), and a sentence."""

    where: str
    sentence: str


def label(question: Question) -> str:
    """What stands before the question's field."""
    return question.label or words(question.id)


def best(question: Question) -> int:
    """The best mark of a rating; the worst is 1."""
    return int(question.max or BEST_RATING)


def read(question: Question, text: str, today: date) -> Value:
    """The typed value of an entry that is not empty. Raises ValueError with a sentence for the agent."""
    return _READERS[question.type](question, text.strip() if question.type != "long" else text, today)


def problem(question: Question, text: str, today: date) -> str:
    """What is wrong with an entry, in one sentence; empty if nothing is, or nothing has been entered."""
    if not text.strip():
        return ""
    try:
        read(question, text, today)
    except ValueError as error:
        return str(error)
    return ""


def written(value: Value) -> str:
    """A typed value as the one text that stands for it in the notes; `read` gives it back."""
    match value:
        case bool():
            return "yes" if value else "no"
        case date():
            return value.isoformat()
        case tuple():
            return BETWEEN.join(value)
        case Decimal():
            return f"{value:f}"
    return str(value)


def settled(profile: CampaignProfile, entries: Mapping[str, str], today: date) -> dict[str, str]:
    """The entries as they are stored: in the profile's order, without the empty ones, each as `written`.

    An entry that has a problem stays as it was typed: it is not lost.
    """
    answers = {}
    for question in profile.questions:
        text = entries.get(question.id, "")
        if text.strip():
            sound = not problem(question, text, today)
            answers[question.id] = written(read(question, text, today)) if sound else text
    return answers


def defaults(facts: Facts) -> dict[str, str]:
    """What the questions are filled in with from the call; a value that does not fit its question is left out."""
    found = {}
    for question in facts.profile.questions:
        values = [one.text for one in facts.find(question.default_from) if one.text] if question.default_from else []
        text = BETWEEN.join(values) if question.type == "choices" else next(iter(values), "")
        if question.type == "date":
            text = text[: len("2019-04-02")]  # the call center may tell the time of day, too
        if text and not problem(question, text, facts.now.date()):
            found[question.id] = written(read(question, text, facts.now.date()))
    return found


def is_required(question: Question, facts: Facts) -> bool:
    """Whether the call cannot be stored without an answer, as things are now."""
    return question.required or (question.required_if is not None and facts.holds(question.required_if))


def missing(facts: Facts, notes: str, disposition: Disposition | None) -> tuple[Missing, ...]:
    """Everything that the call cannot be stored without, in the order of the form. `disposition` is None for one in own words."""
    needs = disposition.needs if disposition else ()
    found = []
    for question in facts.profile.questions:
        text = facts.answers.get(question.id, "")
        if wrong := problem(question, text, facts.now.date()):
            found.append(Missing(question.id, f"{_asked(question)} {wrong}"))
        elif not text.strip() and question.id in needs and disposition:
            found.append(Missing(question.id, f"{_asked(question)} “{disposition.name}” needs an answer."))
        elif not text.strip() and is_required(question, facts):
            found.append(Missing(question.id, f"{_asked(question)} An answer is needed."))
    if disposition and disposition.needs_notes and not notes.strip():
        found.append(Missing("notes", f"“{disposition.name}” needs a word in the notes."))
    return tuple(found)


def _asked(question: Question) -> str:
    """The label as the beginning of a sentence about it."""
    asked = label(question)
    return asked if asked.endswith(("?", ":", ".", "!", "…")) else f"{asked}:"


# --------------------------------------------------------------------------------------------- one reader for each type


def _text(question: Question, text: str, _today: date) -> str:
    if question.max is not None and len(text) > question.max:
        raise ValueError(f"{len(text)} characters are too many: {int(question.max)} is the most.")
    return text


def _number(question: Question, text: str, _today: date) -> Decimal:
    match = _NUMBER.fullmatch(text)
    if not match or len(match[3] or "") > question.decimals:
        wanted = f"a number, decimals at most {question.decimals}" if question.decimals else "a whole number"
        raise ValueError(f"Write {wanted}, in digits.")
    number = Decimal(text.replace(",", "."))
    if question.min is not None and number < Decimal(repr(question.min)):
        raise ValueError(f"{question.min:.15g} is the smallest number.")
    if question.max is not None and number > Decimal(repr(question.max)):
        raise ValueError(f"{question.max:.15g} is the largest number.")
    return number


def _choice(question: Question, text: str, _today: date) -> str:
    for choice in question.choices:
        if choice.casefold() == text.casefold():
            return choice
    raise ValueError(f"Choose one of: {', '.join(question.choices)}.")


def _choices(question: Question, text: str, today: date) -> tuple[str, ...]:
    chosen = {_choice(question, one.strip(), today) for one in text.split(BETWEEN.strip()) if one.strip()}
    return tuple(choice for choice in question.choices if choice in chosen)


def _yes_no(_question: Question, text: str, _today: date) -> bool:
    if text.casefold() in _YES | _NO:
        return text.casefold() in _YES
    raise ValueError("Answer yes or no.")


def _date(_question: Question, text: str, today: date) -> date:
    return read_day(text, today)


def _rating(question: Question, text: str, _today: date) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= best(question)):
        raise ValueError(f"Give a mark from 1 to {best(question)}.")
    return int(text)


_READERS: dict[str, Callable[[Question, str, date], Value]] = {
    "text": _text,
    "long": _text,
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "yes_no": _yes_no,
    "date": _date,
    "rating": _rating,
}
