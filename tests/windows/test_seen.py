"""NextCall's own code for Windows, on a Windows or under Wine where there is one: nothing of it fails (seen.py has the table)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_what_can_be_seen_of_windows_works(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]):
    python, environment = sys.executable, None
    if sys.platform != "win32":
        python = os.environ.get("NEXTCALL_WINDOWS_PYTHON", "")
        if not python:
            pytest.skip("no Windows: NEXTCALL_WINDOWS_PYTHON names a program that runs a Windows Python under Wine")
        environment = request.getfixturevalue("xdesk").env
    command = [python, "-m", "tests.windows.seen"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", errors="replace", timeout=110, check=False
    )
    with capfd.disabled():
        print(f"\n{done.stdout}")  # noqa: T201 - the table is what one wants to see
    rows = [line.partition(" | ") for line in done.stdout.splitlines() if " | " in line]
    assert not [row for row in rows if row[2].startswith("FAILED")]
    assert sum(row[2].startswith("seen") for row in rows) >= 10, done.stdout + done.stderr
