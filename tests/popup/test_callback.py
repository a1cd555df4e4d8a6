"""When to call back: what is clear is understood, what could mean two things is asked back, on the caller's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.popup.callback import read, words

NEW_YORK, BERLIN, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2026, 11, 24, 8, 5, 42, tzinfo=NEW_YORK)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("wed 3pm", "2026-11-25T15:00-05:00"),
        ("Wednesday at 3:30 PM", "2026-11-25T15:30-05:00"),
        ("friday, 15:00", "2026-11-27T15:00-05:00"),
        ("tue 7am", "2026-12-01T07:00-05:00"),
        ("mon 9", "2026-11-30T09:00-05:00"),
        ("tomorrow 10", "2026-11-25T10:00-05:00"),
        ("tomorrow 03:30", "2026-11-25T03:30-05:00"),
        ("tomorrow noon", "2026-11-25T12:00-05:00"),
        ("tomorrow 12am", "2026-11-25T00:00-05:00"),
        ("today 9am", "2026-11-24T09:00-05:00"),
        ("3pm", "2026-11-24T15:00-05:00"),
        ("at 15", "2026-11-24T15:00-05:00"),
        ("in 2 hours", "2026-11-24T10:05-05:00"),
        ("in an hour", "2026-11-24T09:05-05:00"),
        ("in half an hour", "2026-11-24T08:35-05:00"),
        ("in 90 min", "2026-11-24T09:35-05:00"),
        ("in 3 days", "2026-11-27T08:05-05:00"),
        ("in a week", "2026-12-01T08:05-05:00"),
        ("14.3. 9:30", "2027-03-14T09:30-04:00"),
        ("14 mar 2027 2:30 p.m.", "2027-03-14T14:30-04:00"),
        ("3/14 9am", "2027-03-14T09:00-04:00"),
        ("2026-12-24 9:00", "2026-12-24T09:00-05:00"),
        ("next week mon 8am", "2026-11-30T08:00-05:00"),
        ("next week sun 8am", "2026-12-06T08:00-05:00"),
        ("next week tue 8am", "2026-12-01T08:00-05:00"),
        ("next tue 3pm", "2026-12-01T15:00-05:00"),
        ("next mon 3pm", "2026-11-30T15:00-05:00"),
    ],
)
def test_what_is_clear(text: str, when: str):
    found = read(text, NOW, NEW_YORK)
    assert found == datetime.fromisoformat(when)
    assert found.tzinfo is NEW_YORK
    assert found.utcoffset() == datetime.fromisoformat(when).utcoffset()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("tue 3pm", "Today or in a week? Write today 3pm or next week tue 3pm."),
        ("next wed 3pm", "Wed 25 Nov or Wed 2 Dec? Write wed or next week wed."),
        ("tomorrow 3", "In the morning or in the afternoon? Write 3am or 3pm."),
        ("tomorrow 3:30", "In the morning or in the afternoon? Write 3:30am or 3:30pm."),
        ("3/4 9am", "The day and the month could be swapped: write the month as a word, like 3 Apr."),
        ("7am", "It is past 07:00 there: write tomorrow 7am, or another day."),
        ("today 8am", "Tue 24 Nov, 08:00 is past."),
        ("2026-11-01 9:30", "Sun 1 Nov 2026 is past."),
        ("2027-03-14 2:30am", "The clocks go forward on Sun 14 Mar: 02:30 does not happen there."),
        ("2028-03-14 9am", "That is more than a year away."),
        ("in 999 weeks", "That is more than a year away."),
        ("tomorrow", "At what time? For example tomorrow 10am."),
        ("wed", "At what time? For example wed 10am."),
        ("mar 14", "At what time? For example mar 14 10am."),
        ("next week 8am", "On which day of next week? For example next week mon 8am."),
        ("31.2. 9:00", "There is no such day in the calendar."),
        ("tomorrow 25", "25 is no time of day."),
        ("tomorrow 13pm", "13pm is no time of day."),
        ("tomorrow 9:75", "9:75 is no time of day."),
        ("tomorrow 9.30", "Write it like tue 3pm, tomorrow 10, in 2 hours or 14 mar 9:30."),
        ("soon", "Write it like tue 3pm, tomorrow 10, in 2 hours or 14 mar 9:30."),
        ("in half an day", "Write it like tue 3pm, tomorrow 10, in 2 hours or 14 mar 9:30."),
        ("", "Write it like tue 3pm, tomorrow 10, in 2 hours or 14 mar 9:30."),
    ],
)
def test_what_is_asked_back(text: str, asked: str):
    with pytest.raises(ValueError, match=r"[.?]$") as caught:
        read(text, NOW, NEW_YORK)
    assert str(caught.value) == asked


def test_the_clock_is_the_callers():
    assert read("today 16:00", NOW, BERLIN).astimezone(UTC).isoformat() == "2026-11-24T15:00:00+00:00"
    late = datetime(2026, 11, 24, 20, 0, tzinfo=NEW_YORK)  # already tomorrow in Berlin
    assert read("tomorrow 10", late, BERLIN).isoformat() == "2026-11-26T10:00:00+01:00"


def test_where_clocks_change():
    before = datetime(2026, 10, 31, 12, 0, tzinfo=NEW_YORK)
    assert read("tomorrow 01:30", before, NEW_YORK).isoformat() == "2026-11-01T01:30:00-04:00"  # happens twice: the first
    assert read("in 24 hours", before, NEW_YORK).isoformat() == "2026-11-01T11:00:00-05:00"  # by the stopwatch
    assert read("in a day", before, NEW_YORK).isoformat() == "2026-11-01T12:00:00-05:00"  # by the clock
    night = datetime(2027, 3, 14, 1, 59, tzinfo=NEW_YORK)
    assert read("in 2 minutes", night, NEW_YORK).isoformat() == "2027-03-14T03:01:00-04:00"
    with pytest.raises(ValueError, match="clocks go forward"):
        read("in a day", datetime(2027, 3, 13, 2, 30, tzinfo=NEW_YORK), NEW_YORK)


def test_the_words_back():
    when = read("wed 3pm", NOW, NEW_YORK)
    assert words(when, NOW) == "Wed 25 Nov, 15:00"
    assert words(when, NOW.astimezone(BERLIN)) == "Wed 25 Nov, 15:00 in New York (21:00 your time)"
    assert words(when, NOW.astimezone(LORD_HOWE)) == "Wed 25 Nov, 15:00 in New York (Thu 26 Nov, 07:00 your time)"
    assert words(when.astimezone(UTC), NOW) == "Wed 25 Nov, 20:00 there (15:00 your time)"


PIECES = [
    "tue",
    "next",
    "week",
    "tomorrow",
    "today",
    "in",
    "2",
    "15:00",
    "3pm",
    "14.3.",
    "mar",
    "hours",
    "half an",
    "noon",
    "99",
    "at",
    "/",
]


@given(
    st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)),
    st.integers(10**9, 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from([NEW_YORK, BERLIN, LORD_HOWE]),
)
def test_any_text_is_a_time_to_come_or_one_sentence(text: str, now: datetime, zone: ZoneInfo):
    try:
        when = read(text, now, zone)
    except ValueError as error:
        sentence = str(error)
    else:
        assert (when - now).total_seconds() > -60
        assert when.tzinfo is zone
        assert when.second == 0
        sentence = words(when, now) + "."
    assert sentence.isprintable()
    assert sentence.endswith(".")
