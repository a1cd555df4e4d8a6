"""Rows of the table: what was measured, its floor of the same run, the goal, and an earlier run to compare with."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

KEPT = Path(".bench")
"""One JSON file for each run, by its time."""


@dataclass(frozen=True)
class Row:
    """Values in `unit` (`ms`, `s`, `MB`, or a plain number); without a floor the row stands for itself.

    `goal` is the most that may be: a ratio if it ends with "x", else a value in `unit`, both at `by` (a percentile, 50 by
    default; 100 is the worst). `at_least` turns it round.
    """

    name: str
    unit: str
    ours: list[float]
    floor: list[float] = field(default_factory=list)
    goal: str = ""
    by: float = 50
    at_least: bool = False
    note: str = ""

    @property
    def value(self) -> float:
        return percentile(self.ours, self.by)

    @property
    def floor_value(self) -> float | None:
        return percentile(self.floor, self.by) if self.floor else None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor_value if self.floor_value else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if not self.goal:
            return None
        seen = self.ratio if self.goal.endswith("x") else self.value
        wanted = float(self.goal.rstrip("x"))
        return seen is not None and (seen >= wanted if self.at_least else seen <= wanted)


def percentile(values: list[float], by: float) -> float:
    """The smallest value that `by` percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * by / 100), len(ordered) - 1)] if by != 50 else statistics.median(ordered)


def shown(rows: list[Row], earlier: dict[str, float] | None = None) -> str:
    """The table, to read; `earlier` has the values, or where there is one the ratios, of another run."""
    lines = [f"{'':34}{'':>6}{'NextCall':>12}{'floor':>12}{'ratio':>8}{'goal':>9}  {'spread (10 to 90 %) and notes'}"]
    for row in rows:
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        floor = _amount(row.floor_value, row.unit) if row.floor_value is not None else ""
        mark = {True: "", False: " !", None: ""}[row.met]
        goal = f"{'>=' if row.at_least else '<='}{row.goal}" if row.goal else ""
        notes = [f"{len(row.ours)} times"] if len(row.ours) > 1 else []
        if len(row.ours) > 9:
            notes.append(f"{_amount(percentile(row.ours, 10), row.unit)} to {_amount(percentile(row.ours, 90), row.unit)}")
        if row.note:
            notes.append(row.note)
        if earlier and row.name in earlier:
            notes.append(f"before: {earlier[row.name]:.2f}")
        by = {50: "", 100: "worst"}.get(row.by, f"p{row.by:g}")
        lines.append(
            f"{row.name:34}{by:>6}{_amount(row.value, row.unit):>12}{floor:>12}{ratio:>8}{goal + mark:>9}  {', '.join(notes)}"
        )
    return "\n".join(lines)


def keep(rows: list[Row]) -> Path:
    """Write a run's rows down."""
    KEPT.mkdir(exist_ok=True)
    path = KEPT / time.strftime("%Y-%m-%d-%H%M%S.json")
    path.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    return path


def latest() -> dict[str, float]:
    """What compares of the latest run, by row; empty if there is none."""
    runs = sorted(KEPT.glob("*.json"))
    found: dict[str, float] = {}
    for run in runs:  # a later run may have measured only some rows
        for kept in json.loads(run.read_text(encoding="utf-8")):
            row = Row(**kept)
            found[row.name] = row.ratio if row.ratio is not None else row.value
    return found


def _amount(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}".rstrip() if value < 1000 or unit != "" else f"{value:,.0f}"
