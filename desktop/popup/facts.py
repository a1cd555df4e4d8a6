"""What placeholders and conditions can name during a call: the answers so far, the listed fields, and a few given things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast

from desktop.callcenter.model import Call
from desktop.popup import conditions, paths, phone, writing
from desktop.popup.caller import NUMBER, Caller, caller
from desktop.popup.profile import CampaignProfile, Question, ShownField

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Facts:
    """A call, the answers to the questions so far (by id, as text), and the agent's time now (aware)."""

    profile: CampaignProfile
    call: Call
    now: datetime
    answers: Mapping[str, str] = field(default_factory=dict)
    _made: dict[Callable[[Facts], object], object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def answered(self, answers: Mapping[str, str]) -> Facts:
        """The same call at the same time with these answers; what is made `once` is not made again."""
        other = Facts(self.profile, self.call, self.now, answers)
        object.__setattr__(other, "_made", self._made)
        return other

    def once(self, make: Callable[[Facts], _Made]) -> _Made:
        """What `make` makes of the call without any answer: made once, however often the answers change."""
        if make not in self._made:
            self._made[make] = make(self.answered({}))
        return cast("_Made", self._made[make])

    def find(self, path: str) -> tuple[paths.Found, ...]:
        """Everything in the call that `path` names (paths.py)."""
        return self.once(_search).find(path)

    def values(self, name: str) -> tuple[str, ...]:
        """What `name` stands for, as received or entered: several values of a repeated field or of several choices, or none.

        A question that has an answer goes before a field of the same name.
        """
        answer = self.answers.get(name, "").strip()
        if answer:
            question = self.once(_questions).get(name)
            return tuple(answer.split("; ")) if question and question.type == "choices" else (answer,)
        if self._listed(name) is not None:
            return tuple(one.text for one in self.find(name) if one.text)
        return tuple(filter(None, (self._given(name),)))

    def raw(self, name: str) -> str:
        """The value as other programs want it: nothing is covered, nothing is written for people."""
        return ", ".join(self.values(name))

    def spoken(self, name: str) -> str:
        """The value as people read it, covered where the profile wants it."""
        if self.answers.get(name, "").strip():
            return self.raw(name)
        listed = self._listed(name)
        if listed is not None:
            return ", ".join(writing.shown(value, listed, self.profile.region, self.now) for value in self.values(name))
        match name:
            case "caller":
                return self.caller.name
            case "number":
                return self.caller.number
        return self._given(name)

    def holds(self, condition: str | None) -> bool:
        """Whether a condition of the profile holds now; no condition always does."""
        return condition is None or conditions.holds(condition, self.values)

    @property
    def caller(self) -> Caller:
        """Who is on the line, covered where the profile covers one of the fields that say so."""
        return self.once(_caller)

    def _listed(self, name: str) -> ShownField | None:
        return self.once(_fields).get(paths.bare(name))

    def _given(self, name: str) -> str:
        match name:
            case "caller":
                return self.once(_person).name
            case "number":
                return self.call.first(*NUMBER)
            case "call_id":
                return self.call.id
            case "campaign":
                return self.profile.name
        return ""


def _search(facts: Facts) -> paths.Search:
    return paths.Search(facts.call)


def _questions(facts: Facts) -> dict[str, Question]:
    return {one.id: one for one in reversed(facts.profile.questions)}


def _fields(facts: Facts) -> dict[str, ShownField]:
    """The listed fields by what their paths have in common with other spellings; of two of the same the first."""
    return {paths.bare(one.path): one for one in reversed(facts.profile.fields)}


def _person(facts: Facts) -> Caller:
    return caller(facts.call, facts.profile.region)


def _caller(facts: Facts) -> Caller:
    person = facts.once(_person)
    name, number = person.name, person.number
    for listed in facts.profile.fields:
        if listed.mask is None:
            continue
        for value in (one.text for one in facts.find(listed.path) if one.text):
            covered = writing.covered(value, listed.mask)
            name = name.replace(" ".join(value.split()), covered)
            if phone.shown(value, facts.profile.region) == person.number:
                number = writing.covered(number, listed.mask)
    return Caller(name, number)
