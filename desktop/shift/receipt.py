"""The end-of-shift receipt: what the agent did and what the call center confirmed, call by call. It names no caller."""

from __future__ import annotations

from desktop.shift.journal import Entry, Settled, ShiftRecord

_WORDS = {
    Settled.STORED: "stored",
    Settled.REFUSED: "refused",
    Settled.UNSURE: "not sure",
    Settled.UNSENT: "not sent",
    Settled.SENDING: "being sent",
}


def summary(record: ShiftRecord) -> str:
    """One line: `27 calls: 26 stored, 1 not sure`."""
    calls = "1 call" if len(record.entries) == 1 else f"{len(record.entries)} calls"
    counts = [f"{record.count(settled)} {words}" for settled, words in _WORDS.items() if record.count(settled)]
    without = sum(entry.settled is None for entry in record.entries)
    if without:
        counts.append(f"{without} without a response")
    return f"{calls}: {', '.join(counts)}" if counts else calls


def lines(record: ShiftRecord) -> list[tuple[str, str, str, str]]:
    """A line per call: when it was connected, its id, the disposition, and what became of it, in words and local time."""
    return [
        (
            f"{entry.connected_at.astimezone():%H:%M:%S}",
            entry.call.id if entry.told else "-",
            entry.response.disposition if entry.response else entry.draft.disposition,
            fate(entry),
        )
        for entry in record.entries
    ]


def standing(entry: Entry) -> str:
    """Where a call's response stands, in a few words."""
    if not entry.told:
        noted = entry.draft.disposition or entry.draft.notes or entry.draft.answers
        return "never told who it was, notes kept" if noted else "the call center never told who it was"
    return _WORDS[entry.settled] if entry.settled else "no response"


def fate(entry: Entry) -> str:
    """What became of a call's response, and when, in words."""
    if not entry.told or entry.settled is None:
        return standing(entry)
    tries = f", {entry.attempts} tries" if entry.attempts > 1 else ""
    at = f" {entry.settled_at.astimezone():%H:%M:%S}" if entry.settled_at else ""
    return f"{standing(entry)}{at}{tries}"


def text(record: ShiftRecord) -> str:
    """The whole receipt as plain text, to be saved."""
    began = record.began_at.astimezone()
    ended = f" to {record.ended_at.astimezone():%H:%M}" if record.ended_at else ""
    table = [("connected", "call", "disposition", "response"), *lines(record)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    rows = ["  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3])) for row in table]
    head = [
        f"NextCall - agent {record.agent_id}, campaign {record.campaign_id}",
        f"{began:%A, %d %B %Y, %H:%M}{ended} ({began:%Z})",
        summary(record),
        "",
    ]
    return "\n".join([*head, *rows]) + "\n"
