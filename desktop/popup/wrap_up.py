"""The wrap-up clock in words: how long the agent has been writing since the caller has gone, and what the campaign aims at.

It only tells. Nothing is ever stored because a time has passed (api-facts.md, 'What follows from the API', 1).
"""

from __future__ import annotations

from typing import Literal

from desktop.popup.profile import WrapUp

Tone = Literal["", "warn", "bad"]


def told(seconds: int, wanted: WrapUp) -> tuple[str, Tone]:
    """What stands beside the clock so many seconds after the call has ended, and how it is coloured."""
    goal, limit = wanted.goal_seconds, wanted.limit_seconds
    if limit is not None and seconds >= limit:
        return f"over the limit of {minutes(limit)}", "bad"
    if goal is not None and seconds >= goal:
        return f"over the goal of {minutes(goal)}" + (f", limit {minutes(limit)}" if limit is not None else ""), "warn"
    if goal is not None:
        return f"goal {minutes(goal)}", ""
    return (f"limit {minutes(limit)}" if limit is not None else ""), ""


def minutes(seconds: int) -> str:
    """A length of time as clocks show it: 1:05, and 1:00:05 from an hour on."""
    whole, rest = divmod(seconds, 60)
    hours, whole = divmod(whole, 60)
    return f"{hours}:{whole:02}:{rest:02}" if hours else f"{whole}:{rest:02}"
