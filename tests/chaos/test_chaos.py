"""Whatever goes wrong, and whenever the program is killed: nothing is lost, and nothing is sent twice unknowingly.

What is held to this, and how, is in run.py. `--chaos N` plays N runs instead of 200; the seeds are 1 to N.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from desktop.practice.mischief import Fault
from tests.chaos.agent import KEY

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each life of the program is a fork"),
    pytest.mark.timeout(0),  # the runs have a limit of their own, and there may be many
]

ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 2
"""Processes: so many processors are there at least, and a run waits most of the time."""
SECONDS_FOR_A_RUN = 30


def play(seeds: range, *options: str) -> list[dict[str, Any]]:
    """The outcomes of these runs."""
    parts = [[str(seed) for seed in seeds[part::AT_ONCE]] for part in range(AT_ONCE)]
    players = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.chaos", *part, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for part in parts
    ]
    try:
        said = "".join(player.communicate(timeout=SECONDS_FOR_A_RUN * len(seeds))[0] for player in players)
    finally:
        for player in players:
            player.kill()
            player.wait()
    assert KEY not in said
    lines = said.splitlines()
    stray = [line for line in lines if not line.startswith("{")]
    assert not stray, "\n".join(stray)
    assert len(lines) == len(seeds)
    return [json.loads(line) for line in lines]


MOST_BROKEN_RUNS = 240
"""How many runs a mistake may go unnoticed before the chaos runs count as blind to it."""


def test_nothing_is_lost_and_nothing_is_sent_twice_unknowingly(request: pytest.FixtureRequest) -> None:
    runs = request.config.getoption("--chaos")
    outcomes = play(range(1, runs + 1))
    told = [
        f"{wrong[:1000]}\n  again: {sys.executable} -m tests.chaos {outcome['seed']} --keep DIR"
        for outcome in outcomes
        for wrong in outcome["wrong"]
    ]
    assert not told, "\n".join(told)
    struck: Counter[str] = Counter()
    for outcome in outcomes:
        struck.update(outcome["faults"])
    sums = {name: sum(outcome[name] for outcome in outcomes) for name in ("lives", "kills", "calls", "attempts", "duplicates")}
    print(f"{runs} chaos runs: {sums}, {dict(struck)}")  # noqa: T201 - for who asks with -s
    if runs >= 200:  # they did meet everything that they are for
        assert sums["kills"] > runs
        assert sums["duplicates"] > 0
        kinds = {kind.__struct_config__.tag for kind in Fault.__args__}
        assert set(struck) == kinds - {"wrong_name"}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("forgets-drafts", "came back with"),
        ("forgets-crashes", "never arrived"),
        ("denies-doubts", "times, but the journal has"),
        ("logs-in-after-logoff", "after Logoff"),
    ],
)
def test_a_broken_program_is_found_out(how: str, words: str) -> None:
    found: list[str] = []
    for first in range(1, MOST_BROKEN_RUNS, 24):  # timing is not seeded, so some mistakes take more runs than others to show
        found += [wrong for outcome in play(range(first, first + 24), "--broken", how) for wrong in outcome["wrong"]]
        if any(words in wrong for wrong in found):
            return
    pytest.fail(f"not found out; found was {found}")
