"""Shifts as a journal would have them, for the windows that show them."""

from __future__ import annotations

from datetime import UTC, datetime

from desktop.callcenter.model import Call, CallResponse
from desktop.popup.current import NONE
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile
from desktop.shift.journal import Draft, Entry, PastCall, Settled, ShiftRecord
from desktop.ui.history import Line
from tests.simulation import AGENT_ID, a_call

NOON = datetime(2025, 1, 6, 12, 59, 59, tzinfo=UTC)
FATES: tuple[Settled | None, ...] = (*Settled, None)


def an_entry(
    settled: Settled | None = Settled.STORED, call: Call | None = None, *, told: bool = True, attempts: int = 1
) -> Entry:
    """A call whose response stands at `settled`; None: the agent has not finished it."""
    call = call or a_call()
    response = CallResponse(call.id, "Call back later", "by mail") if settled else None
    draft = Draft("Call back later", "by mail")
    return Entry(1, call, NOON, told, draft, response, settled=settled, settled_at=NOON, attempts=attempts)


def a_shift(*entries: Entry, campaign_id: int = 1001) -> ShiftRecord:
    """A shift with these calls."""
    return ShiftRecord(1, "https://calls.example/service?wsdl", campaign_id, AGENT_ID, NOON, None, entries)


def a_line(entry: Entry, profile: CampaignProfile | None = NONE) -> Line:
    """That call in the history, at noon."""
    return Line(PastCall(entry, 1001), Facts(profile, entry.call, NOON) if profile else None)
