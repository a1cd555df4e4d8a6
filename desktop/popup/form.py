"""The form of one call: what the agent has entered, what of it is missing, and what would be stored.

Nothing is refused and nothing is stored here; the popup shows what this module tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desktop.callcenter.model import CallResponse
from desktop.popup import callback, questions
from desktop.popup.dispositions import named, not_yet, own_words_problem
from desktop.popup.facts import Facts
from desktop.popup.notes import Packed, pack
from desktop.popup.profile import Disposition
from desktop.popup.questions import Missing

CALLBACK = "callback"
"""Under this id the time agreed for a callback stands among the answers (profile.RESERVED)."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is entered for the call of `facts`. Its time is that of the connect; the entry for the callback is of `asked_at`."""

    facts: Facts
    asked_at: datetime
    disposition: str = ""
    notes: str = ""
    callback_entry: str = ""
    seconds: float = 0.0
    """Since the call was connected."""

    @property
    def chosen(self) -> Disposition | None:
        """The chosen disposition with what it needs; None for none, and for one in the agent's own words."""
        return named(self.facts.profile, self.disposition)

    @property
    def callback_at(self) -> datetime | None:
        """When to call back, on the caller's clock; None if the disposition does not ask that, or the entry says no time."""
        return None if self.callback_problem else self._read_callback()

    @property
    def callback_problem(self) -> str:
        """Why the entry for the callback says no time, in one sentence; empty if it says one, or none is asked."""
        try:
            self._read_callback()
        except ValueError as error:
            return str(error)
        return ""

    def missing(self) -> tuple[Missing, ...]:
        """What the call cannot be stored without, in the order of the form."""
        found = [Missing("disposition", sentence) for sentence in self._wrong_disposition() if sentence]
        if self.callback_problem:
            found.append(Missing(CALLBACK, f"Call back when? {self.callback_problem}"))
        elif self.asks_callback and not self.callback_at:
            found.append(Missing(CALLBACK, "When shall they be called back?"))
        found += questions.missing(self.facts, self.notes, self.chosen)
        limit = self.facts.profile.limits.notes
        if limit is not None and (over := self.packed().length - limit) > 0:
            words = "1 character" if over == 1 else f"{over:,} characters"
            found.append(Missing("notes", f"The notes are {words} too long, answers included."))
        return tuple(found)

    def answers(self) -> dict[str, str]:
        """The answers as they are stored, the callback among them."""
        settled = questions.settled(self.facts.profile, self.facts.answers, self.facts.now.date())
        return settled | {CALLBACK: self.callback_kept} if self.callback_at else settled

    def packed(self) -> Packed:
        """The notes as they are stored, with the answers in them. Without answers and limit they are what the agent wrote."""
        profile, answers = self.facts.profile, self.answers()
        if not (answers or profile.questions or profile.limits.notes):
            return Packed(self.notes, len(self.notes))
        return pack(self.notes, answers, profile.limits.notes)

    def response(self) -> CallResponse:
        """What is stored, once nothing is missing."""
        return CallResponse(self.facts.call.id, self.disposition, self.packed().text)

    @property
    def clock(self) -> callback.Clock:
        """The clock on which a callback is agreed: the caller's where it is known, else the agent's."""
        return callback.clock(self.facts.raw("number"), self.facts.profile.region, self.facts.now)

    @property
    def callback_words(self) -> str:
        """How the entry for the callback is understood, or on whose clock it is if there is none yet."""
        when = self.callback_at
        return callback.words(when, self.asked_at) if when else self.clock.words

    @property
    def callback_kept(self) -> str:
        """The entry for the callback as drafts keep it."""
        return callback.kept(self.callback_entry, self.asked_at, self.clock.zone) if self.callback_entry.strip() else ""

    @property
    def asks_callback(self) -> bool:
        """Whether the disposition asks when to call back."""
        return self.chosen is not None and self.chosen.callback

    def _read_callback(self) -> datetime | None:
        if not self.asks_callback or not self.callback_entry.strip():
            return None
        return callback.read(self.callback_entry, self.asked_at, self.clock.zone)

    def _wrong_disposition(self) -> list[str]:
        if not self.disposition:
            return ["Choose a disposition."]
        if self.chosen is None:
            return [own_words_problem(self.facts.profile, self.disposition)]
        reason = not_yet(self.chosen, self.seconds)
        return [f"“{self.disposition}” cannot be stored yet. {reason}"] if reason else []
