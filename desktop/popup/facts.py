"""What placeholders and conditions can name during a call: the answers so far, the listed fields, and a few given things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from desktop.callcenter.model import Call
from desktop.popup import conditions, paths, phone, writing
from desktop.popup.caller import NUMBER, Caller, caller
from desktop.popup.profile import CampaignProfile


@dataclass(frozen=True, slots=True)
class Facts:
    """A call, the answers to the questions so far (by id, as text), and the agent's time now (aware)."""

    profile: CampaignProfile
    call: Call
    now: datetime
    answers: Mapping[str, str] = field(default_factory=dict)

    def values(self, name: str) -> tuple[str, ...]:
        """What `name` stands for, as received or entered: several values of a repeated field or of several choices, or none.

        A question that has an answer goes before a field of the same name.
        """
        answer = self.answers.get(name, "").strip()
        if answer:
            question = self.profile.question(name)
            return tuple(answer.split("; ")) if question and question.type == "choices" else (answer,)
        if self.profile.field(name) is not None:
            return tuple(one.text for one in paths.find(self.call, name) if one.text)
        return tuple(filter(None, (self._given(name),)))

    def raw(self, name: str) -> str:
        """The value as other programs want it: nothing is covered, nothing is written for people."""
        return ", ".join(self.values(name))

    def spoken(self, name: str) -> str:
        """The value as people read it, covered where the profile wants it."""
        if self.answers.get(name, "").strip():
            return self.raw(name)
        listed = self.profile.field(name)
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
        person = caller(self.call, self.profile.region)
        name, number = person.name, person.number
        for listed in self.profile.fields:
            if listed.mask is None:
                continue
            for value in (one.text for one in paths.find(self.call, listed.path) if one.text):
                covered = writing.covered(value, listed.mask)
                name = name.replace(" ".join(value.split()), covered)
                if phone.shown(value, self.profile.region) == person.number:
                    number = writing.covered(number, listed.mask)
        return Caller(name, number)

    def _given(self, name: str) -> str:
        match name:
            case "caller":
                return caller(self.call).name
            case "number":
                return self.call.first(*NUMBER)
            case "call_id":
                return self.call.id
            case "campaign":
                return self.profile.name
        return ""
