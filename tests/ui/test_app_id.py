"""As whom Windows shows us; on a Windows, or a Windows Python under Wine, where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.ui import app_id

ROOT = Path(__file__).resolve().parents[2]

ON_WINDOWS = """
import sys
sys.path.insert(0, sys.argv[1])
import winreg
from desktop.ui import app_id

app_id._KNOWN += ".Test"
print(app_id.claim())
winreg.CreateKey(winreg.HKEY_CURRENT_USER, app_id._KNOWN)
try:
    print(app_id.claim())
finally:
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, app_id._KNOWN)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has such ids")
def test_elsewhere_there_is_no_such_thing():
    assert not app_id.claim()


def test_the_id_is_claimed_only_where_windows_knows_it(tmp_path: Path):
    python = sys.executable if sys.platform == "win32" else os.environ.get("NEXTCALL_WINDOWS_PYTHON", "")
    if not python:
        pytest.skip("no Windows: NEXTCALL_WINDOWS_PYTHON names a program that runs a Windows Python under Wine")
    script = tmp_path / "on_windows.py"
    script.write_text(ON_WINDOWS, encoding="utf-8")
    drive = "" if sys.platform == "win32" else "Z:"
    command = [python, f"{drive}{script}", f"{drive}{ROOT}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr
