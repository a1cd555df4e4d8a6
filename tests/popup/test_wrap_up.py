"""The wrap-up clock in words: what is aimed at until it is reached, then that it is over, and never anything but words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.popup.profile import WrapUp
from desktop.popup.wrap_up import minutes, told

SECONDS = st.integers(0, 10_000)
WANTED = st.none() | st.integers(1, 3600)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9, "0:09"), (65, "1:05"), (600, "10:00"), (3599, "59:59"), (3600, "1:00:00"), (3605, "1:00:05")],
)
def test_a_length_of_time_as_clocks_show_it(seconds: int, text: str):
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("wanted", "seconds", "words", "tone"),
    [
        (WrapUp(), 9999, "", ""),
        (WrapUp(goal_seconds=30), 29, "goal 0:30", ""),
        (WrapUp(goal_seconds=30), 30, "over the goal of 0:30", "warn"),
        (WrapUp(limit_seconds=90), 89, "limit 1:30", ""),
        (WrapUp(limit_seconds=90), 90, "over the limit of 1:30", "bad"),
        (WrapUp(goal_seconds=30, limit_seconds=90), 29, "goal 0:30", ""),
        (WrapUp(goal_seconds=30, limit_seconds=90), 30, "over the goal of 0:30, limit 1:30", "warn"),
        (WrapUp(goal_seconds=30, limit_seconds=90), 90, "over the limit of 1:30", "bad"),
    ],
)
def test_the_words_and_the_tone(wanted: WrapUp, seconds: int, words: str, tone: str):
    assert told(seconds, wanted) == (words, tone)


@given(SECONDS, WANTED, WANTED)
def test_the_tone_says_what_is_reached(seconds: int, goal: int | None, limit: int | None):
    words, tone = told(seconds, WrapUp(goal_seconds=goal, limit_seconds=limit))
    at_limit = limit is not None and seconds >= limit
    at_goal = goal is not None and seconds >= goal
    assert tone == ("bad" if at_limit else "warn" if at_goal else "")
    assert bool(words) == (goal is not None or limit is not None)
    assert words.startswith("over") == (at_limit or at_goal)


@given(SECONDS, SECONDS, WANTED, WANTED)
def test_it_never_gets_milder(one: int, other: int, goal: int | None, limit: int | None):
    wanted = WrapUp(goal_seconds=goal, limit_seconds=limit)
    tones = [("", "warn", "bad").index(told(seconds, wanted)[1]) for seconds in sorted((one, other))]
    assert tones == sorted(tones)
