"""The agent's own notebook: what was typed and decided, as a human remembers it. It outlives the program and never asks it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop.shift.journal import Draft

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Remembered:
    """What the agent remembers of one call."""

    typed: list[Draft] = field(default_factory=lambda: [Draft()])
    safe: int = 0
    """Of `typed`, the first that must not be missing after a crash: whatever came before the journal's latest word."""
    decided: list[Draft] = field(default_factory=list)
    """Each time the agent pressed a button, what stood in the popup then."""

    def may_come_back(self, draft: Draft) -> bool:
        return draft in self.typed[self.safe :] or draft in self.decided


class Notebook:
    """One line of JSON per event, written before the program hears of it."""

    def __init__(self, path: Path) -> None:
        self.calls: dict[str, Remembered] = {}
        self.logged_off = False
        """Whether the last button that the agent pressed was Logoff."""
        self._path = path
        if path.exists():
            lines, end, torn = path.read_bytes().rpartition(b"\n")
            if torn:  # killed in the middle of a line: the program has not heard of it
                os.truncate(path, len(lines + end))
            for line in lines.splitlines():
                self._remember(**json.loads(line))

    def typed(self, call: str, draft: Draft) -> None:
        """Before the program hears of it."""
        self._write("typed", call, draft)

    def saw_kept(self, call: str) -> None:
        """The journal has answered since the last key: what was typed so far must never be missing."""
        self._write("kept", call)

    def decided(self, call: str, draft: Draft, *, last: bool) -> None:
        """The agent is about to press a button: Logoff, if `last`."""
        self._write("logoff" if last else "decided", call, draft)

    def someone_told(self, placeholder: str, call: str) -> None:
        """What was typed for somebody who was only heard belongs to this call."""
        self._write("told", call, Draft(notes=placeholder))

    def of(self, call: str) -> Remembered:
        return self.calls.setdefault(call, Remembered())

    @property
    def finished(self) -> dict[str, Draft]:
        """Each call that the agent finished, with what was decided in the end."""
        return {call: remembered.decided[-1] for call, remembered in self.calls.items() if remembered.decided}

    def _write(self, what: str, call: str, draft: Draft | None = None) -> None:
        event = {"what": what, "call": call}
        if draft is not None:
            event |= {"disposition": draft.disposition, "notes": draft.notes}
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, json.dumps(event).encode() + b"\n")
        os.fsync(file)
        os.close(file)
        self._remember(**event)

    def _remember(self, what: str, call: str, **entered: Any) -> None:
        remembered = self.of(call)
        if what == "typed":
            remembered.typed.append(Draft(**entered))
        elif what == "kept":
            remembered.safe = len(remembered.typed) - 1
        elif what in {"decided", "logoff"}:
            remembered.decided.append(Draft(**entered))
            self.logged_off = what == "logoff"
        elif what == "told":
            remembered.typed += self.of(entered["notes"]).typed
