"""Plays chaos runs, one line of JSON for each: `python -m tests.chaos SEED ...`.

`--keep DIR` leaves behind what the runs wrote. `--broken HOW` plays them with a product that is broken on purpose (broken.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.chaos.broken import BROKEN
from tests.chaos.run import hurry, play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--broken", choices=sorted(BROKEN))
    given = parser.parse_args()
    hurry()
    if given.broken:
        BROKEN[given.broken]()
    failed = False
    with tempfile.TemporaryDirectory(prefix="nextcall-chaos-") as passing:
        for seed in given.seeds:
            outcome = play(seed, given.keep or Path(passing))
            failed |= bool(outcome.wrong)
            sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
            sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
