"""What NextCall costs: `python packaging/dev.py bench [GROUP ...] [--quick]`.

Each row is measured against a floor in the same run and in turns with it, because the absolute times of a shared machine mean
little. Rows that miss their goal bear a "!". Every run is kept in `.bench/`, and a row says what it was in the run before.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import platform
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

from tests.bench.table import Row, keep, latest, shown

GROUPS = ("start", "calls", "large", "stall", "idle", "growth", "practice")


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench", description="Measure NextCall; the groups of rows by default all.")
    parser.add_argument("group", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--quick", action="store_true", help="a look with few repeats; not kept")
    arguments = parser.parse_args()
    if unknown := set(arguments.group) - set(GROUPS):
        parser.error(f"there is no group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    earlier, rows = latest(), list[Row]()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(shown([]))
    for group in arguments.group or GROUPS:
        with contextlib.closing(importlib.import_module(f"tests.bench.{group}").measure(quick=arguments.quick)) as measured:
            for row in measured:
                rows.append(row)
                print(shown([row], earlier).splitlines()[1], flush=True)
    if not arguments.quick:
        print(f"kept as {keep(rows)}")
    sys.stdout.flush()
    os._exit(0)  # a thread may still wait for the system; everything that was measured is closed


if __name__ == "__main__":
    main()
