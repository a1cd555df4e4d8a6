"""Plays chaos runs: `python -m tests.chaos SEED ...`, one line of JSON per run; `--keep DIR` leaves behind what they wrote."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import hurry, play, report_line


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    hurry()
    failed = False
    with tempfile.TemporaryDirectory(prefix="nextcall-chaos-") as passing:
        for seed in given.seeds:
            outcome = play(seed, given.keep or Path(passing))
            failed |= bool(outcome.wrong)
            print(report_line(outcome), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
