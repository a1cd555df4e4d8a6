"""When to call back: what is clear is understood, what could mean two things is asked back, on the caller's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from desktop.popup.callback import HERE, clock, kept, moment, read, shown, words

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_in_the_hour_that_happens_twice():
    first = datetime(2026, 11, 1, 1, 45, tzinfo=NEW_YORK)
    second = datetime(2026, 11, 1, 1, 15, tzinfo=NEW_YORK, fold=1)
    assert read("in 30 minutes", first, NEW_YORK).isoformat() == "2026-11-01T01:15:00-05:00"
    with pytest.raises(ValueError, match="It is past 01:30 there"):
        read("01:30", second, NEW_YORK)
    with pytest.raises(ValueError, match="is past"):
        read("today 01:30", second, NEW_YORK)


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


# ------------------------------------------------------------------------------------------------- kept and shown again


CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("typed", "stored", "again"),
    [
        ("tomorrow 3pm", "2026-11-25T15:00-06:00", "25 nov 15:00"),
        ("in 2 hours", "2026-11-24T09:05-06:00", "24 nov 09:05"),
        ("14 mar 9:30", "2027-03-14T09:30-05:00", "14 mar 09:30"),
        ("24 nov 2027 7:30am", "2027-11-24T07:30-06:00", "24 nov 2027 07:30"),  # without the year it would be today
        ("tomorrow", "tomorrow", "tomorrow"),
        ("tomorrow 3", "tomorrow 3", "tomorrow 3"),
        ("when she is back", "when she is back", "when she is back"),
        ("", "", ""),
    ],
)
def test_what_is_kept_and_shown_again(typed: str, stored: str, again: str):
    assert kept(typed, NOW, CHICAGO) == stored
    assert shown(stored, NOW, CHICAGO) == again


@pytest.mark.parametrize(
    ("stored", "again"),
    [
        ("2026-11-24T06:00-06:00", "24 nov 06:00"),
        ("2026-11-23T15:00-06:00", "23 nov 2026 15:00"),
        ("2024-02-29T15:00-06:00", "29 feb 2024 15:00"),
        ("2028-11-24T15:00-06:00", "24 nov 2028 15:00"),
    ],
)
def test_what_is_past_or_too_far_is_readable_and_read_says_so(stored: str, again: str):
    assert shown(stored, NOW, CHICAGO) == again
    with pytest.raises(ValueError, match=r"past|more than a year away"):
        read(again, NOW, CHICAGO)


def test_a_time_that_was_agreed_on_another_clock_is_the_same_moment():
    assert shown("2026-11-25T22:00+01:00", NOW, CHICAGO) == "25 nov 15:00"


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-31T15:00-06:00",
        "2026-11-24T25:00-06:00",
        "2026-11-24T15:00+99:00",
        "2026-11-24T15:00",
        "2026-11-24 15:00-06:00",
        "2026-11-24T15:00-06:00\n",
        "٢٠٢٦-11-24T15:00-06:00",
        "0001-01-01T00:00+23:00",
        "24 nov 15:00",
    ],
)
def test_what_only_looks_like_a_kept_time_stays_as_it_is(text: str):
    assert moment(text) is None
    assert shown(text, NOW, CHICAGO) == text


def test_of_an_hour_that_happens_twice_the_second_is_kept_but_shown_as_the_first():
    night = datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK)
    stored = kept("in 2 hours", night, NEW_YORK)
    assert stored == "2026-11-01T01:30-05:00"
    assert read(shown(stored, night, NEW_YORK), night, NEW_YORK).isoformat() == "2026-11-01T01:30:00-04:00"


zones = st.sampled_from(
    [
        *(NEW_YORK, BERLIN, LORD_HOWE, CHICAGO, UTC),
        *map(ZoneInfo, ("America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca", "Pacific/Chatham")),
    ]
)
moments = st.integers(1_000_000_000, 3_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
MOST = 366 * 24 * 60 - 120  # minutes; `read` counts the year by the clock


@given(moments, st.integers(1, MOST), zones, zones, st.data())
def test_what_is_kept_is_shown_as_what_is_read_as_the_same_moment(
    now: datetime, ahead: int, zone: ZoneInfo, other: ZoneInfo, data: st.DataObject
):
    when = (now + timedelta(minutes=ahead)).astimezone(zone).replace(second=0)
    assume(when.fold == 0)
    stored = kept(f"{when:%Y-%m-%d %H:%M}", now.astimezone(other), zone)
    assert moment(stored) == when.astimezone(UTC)
    later = now + timedelta(minutes=data.draw(st.integers(0, ahead - 1)))
    entry = shown(stored, later.astimezone(other), zone)
    assert read(entry, later, zone).astimezone(UTC) == when.astimezone(UTC)
    assert kept(entry, later, zone) == stored


@given(st.text(max_size=30), moments, zones)
def test_whatever_else_is_typed_is_kept_and_shown_as_it_is(text: str, now: datetime, zone: ZoneInfo):
    stored = kept(text, now, zone)
    try:
        read(text, now, zone)
    except ValueError:
        assert stored == text
    if moment(stored) is None:
        assert shown(stored, now, zone) == text


# ----------------------------------------------------------------------------------------------------------- whose clock


@pytest.mark.parametrize(
    ("number", "zone", "words"),
    [
        ("+1 312 555 0143", CHICAGO, "on the caller's clock in Chicago"),
        ("(312) 555-0143", CHICAGO, "on the caller's clock in Chicago"),
        ("+49 30 1234567", BERLIN, "on the caller's clock in Berlin"),
        ("+1 800 555 0143", NEW_YORK, "on your clock: the caller's time zone is not known"),
        ("", NEW_YORK, "on your clock: the caller's time zone is not known"),
    ],
)
def test_it_says_on_whose_clock_a_callback_is_agreed(number: str, zone: ZoneInfo, words: str):
    found = clock(number, "US", NOW)
    assert (found.zone, found.words) == (zone, words)


@pytest.fixture(scope="module")
def in_new_york() -> Iterator[None]:
    """This computer stands in New York, in a process that asks the C library."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows cannot be told for one process where it is")
    patch = pytest.MonkeyPatch()
    patch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
    time.tzset()
    yield
    patch.undo()
    time.tzset()


def test_the_agents_own_clock_has_its_summer_time(in_new_york: None):
    now = datetime(2026, 11, 24, 8, 5, tzinfo=HERE)
    assert now.utcoffset() == timedelta(hours=-5)
    found = clock("", "US", now)
    when = read("15 jun 9:30", now, found.zone)
    assert when.isoformat() == "2027-06-15T09:30:00-04:00"
    assert words(when, now) == "Tue 15 Jun, 09:30"
    assert words(when.astimezone(BERLIN), now) == "Tue 15 Jun, 15:30 in Berlin (09:30 your time)"
    assert kept("15 jun 9:30", now, HERE) == "2027-06-15T09:30-04:00"
    with pytest.raises(ValueError, match="clocks go forward"):
        read("14 mar 2:30am", now, HERE)


CLOCKS_GO_BACK = 1_793_512_800  # 1 Nov 2026, when 02:00 became 01:00


@given(st.integers(1_200_000_000, 2_100_000_000) | st.integers(CLOCKS_GO_BACK - 7200, CLOCKS_GO_BACK + 7200))
def test_the_agents_own_clock_is_that_of_its_place(in_new_york: None, second: int):
    here, there = datetime.fromtimestamp(second, HERE), datetime.fromtimestamp(second, NEW_YORK)
    assert here.replace(tzinfo=None) == there.replace(tzinfo=None)
    assert (here.fold, here.utcoffset(), here.timestamp()) == (there.fold, there.utcoffset(), second)
