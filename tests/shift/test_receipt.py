"""The receipt at the end of a shift: every call and what became of it, in words and in the agent's own time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.shift import receipt
from desktop.shift.journal import Draft, Entry, Settled, ShiftRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour ahead of UTC, and on the morning after two."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system's time zone cannot be changed for one program")
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _entry(number: int, settled: Settled | None = None, attempts: int = 1, *, at: datetime = NOON, told: bool = True) -> Entry:
    call = Call(f"c{number}", (Field("name", "Maya Okafor"), Field("phonenumber", "+12025550143")))
    if settled is None:
        return Entry(number, call, at, told, Draft("Call back later", "never told to anybody"))
    return Entry(
        number,
        call,
        at,
        told,
        Draft(),
        CallResponse(call.id, "Interested", "never told to anybody"),
        settled=settled,
        settled_at=None if settled is Settled.SENDING else at + timedelta(minutes=number),
        attempts=attempts,
    )


def _record(*entries: Entry, ended_at: datetime | None = None) -> ShiftRecord:
    return ShiftRecord(1, "https://calls.example/?wsdl", 1001, "4027", NOON - timedelta(minutes=1), ended_at, entries)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "0 calls"),
        ([_entry(1, Settled.STORED)], "1 call: 1 stored"),
        ([_entry(1)], "1 call: 1 without a response"),
        ([_entry(1, Settled.STORED), _entry(2, Settled.STORED)], "2 calls: 2 stored"),
        (
            [_entry(number, settled) for number, settled in enumerate([*Settled, Settled.STORED, None], 1)],
            "7 calls: 2 stored, 1 refused, 1 not sure, 1 not sent, 1 being sent, 1 without a response",
        ),
    ],
)
def test_the_summary_counts_what_became_of_the_calls(entries: list[Entry], words: str):
    assert receipt.summary(_record(*entries)) == words


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (_entry(1, Settled.STORED), "stored 12:01:00"),
        (_entry(2, Settled.STORED, 3), "stored 12:02:00, 3 tries"),
        (_entry(3, Settled.REFUSED), "refused 12:03:00"),
        (_entry(4, Settled.UNSURE, 2), "not sure 12:04:00, 2 tries"),
        (_entry(5, Settled.UNSENT), "not sent 12:05:00"),
        (_entry(6, Settled.SENDING), "being sent"),
        (_entry(7), "no response"),
        (_entry(8, told=False), "never told who it was, notes kept"),
    ],
)
def test_a_line_says_what_became_of_a_call(entry: Entry, words: str):
    assert receipt.fate(entry) == words
    [(connected, call, disposition, fate)] = receipt.lines(_record(entry))
    assert (connected, fate) == ("12:00:00", words)
    assert call == (entry.call.id if entry.told else "-")
    assert disposition == ("Interested" if entry.response else "Call back later")


def test_nothing_is_kept_of_somebody_about_whom_nothing_was_noted():
    assert receipt.fate(replace(_entry(8, told=False), draft=Draft())) == "the call center never told who it was"


def test_every_fate_has_words():
    assert set(receipt._WORDS) == set(Settled)


def test_the_whole_receipt():
    record = _record(
        _entry(1, Settled.STORED), _entry(20, Settled.UNSURE, 2), _entry(3, told=False), ended_at=NOON + timedelta(hours=8)
    )
    assert receipt.text(record) == (
        "NextCall - agent 4027, campaign 1001\n"
        "Saturday, 28 March 2026, 11:59 to 20:00 (CET)\n"
        "3 calls: 1 stored, 1 not sure, 1 without a response\n"
        "\n"
        "connected  call  disposition      response\n"
        "12:00:00   c1    Interested       stored 12:01:00\n"
        "12:00:00   c20   Interested       not sure 12:20:00, 2 tries\n"
        "12:00:00   -     Call back later  never told who it was, notes kept\n"
    )


def test_a_receipt_of_an_empty_shift_that_goes_on():
    assert receipt.text(_record()).splitlines()[1:3] == ["Saturday, 28 March 2026, 11:59 (CET)", "0 calls"]


def test_the_clock_that_is_put_forward_at_night_is_the_agents():
    before, after = datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 1, tzinfo=UTC)
    record = _record(_entry(1, Settled.STORED, at=before), _entry(2, Settled.STORED, at=after))
    assert [line[0] for line in receipt.lines(record)] == ["01:59:00", "03:01:00"]


def test_it_names_no_caller_and_tells_no_notes():
    text = receipt.text(_record(_entry(1, Settled.STORED), _entry(2), _entry(3, told=False)))
    assert not [secret for secret in ("Maya", "Okafor", "202555", "never told to anybody") if secret in text]
