"""The installer for Windows as far as it can be seen without one: it compiles, and script, program and documentation agree.

What it does is tried on a Windows, or under Wine, by packaging/windows/trial.py.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import desktop
from desktop import command_line
from desktop.__main__ import _COMMANDS
from desktop.settings import autostart
from desktop.settings.folder import data_folder

if TYPE_CHECKING:
    from types import ModuleType

WINDOWS = Path(__file__).resolve().parent.parent / "packaging" / "windows"
SCRIPT = (WINDOWS / "nextcall.nsi").read_text(encoding="utf-8")
TOLD = (WINDOWS / "INSTALLER.md").read_text(encoding="utf-8")


@pytest.fixture
def installer(importing: None) -> ModuleType:
    from windows import installer

    return installer


@pytest.mark.skipif(not shutil.which("makensis"), reason="NSIS is not here")
def test_it_compiles_without_a_warning(installer: ModuleType, tmp_path: Path, qapp: object):
    program = tmp_path / "program"
    for file in ("nextcall.exe", "_internal/below/a file.txt"):
        (program / file).parent.mkdir(parents=True, exist_ok=True)
        (program / file).write_bytes(file.encode() * 1000)
    made = installer.make(program, tmp_path / "dist", quick=True)
    assert made == installer.path(tmp_path / "dist")
    assert made.name == f"NextCall-{desktop.__version__}-setup.exe"
    assert made.read_bytes()[:2] == b"MZ"
    older = installer.make_older(program, tmp_path / "build")
    assert older.name == f"NextCall-{installer.OLD_VERSION}-setup.exe"


@pytest.mark.skipif(not shutil.which("makensis"), reason="NSIS is not here")
def test_what_the_compiler_says_is_passed_on(installer: ModuleType, tmp_path: Path, qapp: object):
    with pytest.raises(SystemExit, match="no files found"):
        installer.make(tmp_path / "nothing here", tmp_path)


def test_the_exit_codes_are_told():
    in_script = {int(code) for code in re.findall(r"^!define [A-Z_]+ (\d{3,4})$", SCRIPT, re.MULTILINE)}
    table = TOLD.partition("## Exit codes")[2].partition("## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert len(in_script) == 5
    assert told == in_script | {0, 1}


def test_the_switches_are_told():
    in_script = set(re.findall(r'\$\{GetOptions\} \$R0 "(/\w+=?)"', SCRIPT)) - {"/Rest"}
    assert in_script == {"/Wait=", "/Autostart", "/AllUsers", "/RemoveData"}
    for switch in in_script | {"/S", "/D=", "_?="}:
        assert re.search(rf"^\| `{re.escape(switch)}[A-Z]*` \|", TOLD, re.MULTILINE), switch


def test_script_and_program_mean_the_same():
    assert rf'"{autostart._RUN}"' in SCRIPT
    assert rf'"{autostart._APPROVED}"' in SCRIPT
    assert f'"${{RUN}}" "{autostart._NAME}"' in SCRIPT
    assert rf'RMDir /r "$LOCALAPPDATA\{data_folder().name}"' in SCRIPT
    assert "--quit-for-update" in SCRIPT
    assert command_line.parser().parse_args(["--quit-for-update"]).quit_for_update
    assert "${PROGRAM}\" forget-secrets'" in SCRIPT
    assert "forget-secrets" in _COMMANDS


def test_the_trial_wants_the_codes_that_are_told():
    """It can only be read by a Windows."""
    values: dict[str, int] = {}
    for statement in ast.parse((WINDOWS / "trial.py").read_text(encoding="utf-8")).body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Tuple)
            and isinstance(statement.value, ast.Tuple)
        ):
            names = [name.id for name in statement.targets[0].elts if isinstance(name, ast.Name)]
            values |= dict(zip(names, [one.value for one in statement.value.elts if isinstance(one, ast.Constant)], strict=False))
    for trial, script in {"FAILED": "FAILED", "IN_USE": "IN_USE", "ELSEWHERE": "INSTALLED_ELSEWHERE"}.items():
        assert f"!define {script} {values[trial]}\n" in SCRIPT
