"""How a call can end: the dispositions of the campaign's profile with their keys, or the built-in ones where it lists none."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.popup.profile import CampaignProfile, Disposition

BUILT_IN = (
    "Interested",
    "Call back later",
    "Not interested",
    "Already a customer",
    "Answering machine",
    "Wrong number",
    "Language barrier",
    "Do not call again",
)
"""In the order of their digit keys, 1 to 8. The text is what is stored as agentResponse."""

_BUILT_IN = tuple(Disposition(name=name) for name in BUILT_IN)


@dataclass(frozen=True, slots=True)
class Offered:
    """A disposition and its key, 1 to 9; None when there are more dispositions than keys."""

    disposition: Disposition
    digit: int | None


def offered(profile: CampaignProfile) -> tuple[Offered, ...]:
    """The dispositions in the profile's order, those of a group together. Digits that are not given are the next free ones."""
    listed = _listed(profile)
    groups = list(dict.fromkeys(one.group for one in listed))
    ordered = sorted(listed, key=lambda one: groups.index(one.group))
    taken = {one.digit for one in ordered}
    free = iter([digit for digit in range(1, 10) if digit not in taken])
    return tuple(Offered(one, one.digit or next(free, None)) for one in ordered)


def named(profile: CampaignProfile, name: str) -> Disposition | None:
    """The offered disposition of that name."""
    return next((one for one in _listed(profile) if one.name == name), None)


def own_words_allowed(profile: CampaignProfile) -> bool:
    """Whether the agent may write a disposition that is not offered."""
    return not profile.dispositions if profile.other_disposition is None else profile.other_disposition


def own_words_problem(profile: CampaignProfile, text: str) -> str:
    """Why `text`, which is not offered, cannot be stored as the disposition, in one sentence; empty if it can."""
    limit = profile.limits.disposition
    if not own_words_allowed(profile):
        return f"“{text}” is none of this campaign's dispositions."
    if limit is not None and len(text) > limit:
        return f"A disposition has at most {limit} characters; this one has {len(text)}."
    return ""


def not_yet(disposition: Disposition, seconds: float) -> str:
    """Why it cannot be chosen after so many seconds since connect, in one sentence; empty if it can."""
    rest = disposition.after_seconds - int(seconds)
    return f"From {disposition.after_seconds} seconds after the beep: {rest} to go." if rest > 0 else ""


def at_logoff(profile: CampaignProfile) -> Disposition | None:
    """What is chosen when the agent logs off without a choice; None where the agent must choose."""
    return next((one for one in profile.dispositions if one.for_logoff), None)


def _listed(profile: CampaignProfile) -> tuple[Disposition, ...]:
    return profile.dispositions or _BUILT_IN
