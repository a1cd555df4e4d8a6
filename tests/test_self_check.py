"""`nextcall --self-check` as a program: it proves a whole installation, and sees what is broken in a copy of it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QMainWindow, QWidget

import desktop.ui
from desktop import self_check

ROOT = Path(__file__).resolve().parent.parent


def self_checked(where: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "desktop", "--self-check", *map(str, arguments)]
    return subprocess.run(command, cwd=where, capture_output=True, encoding="utf-8", timeout=100, check=False)


def rows(table: str) -> dict[str, tuple[str, str]]:
    """Result and detail by the name of the check."""
    lines = [line for line in table.splitlines()[1:-1] if not line.startswith(" ")]
    return {line[:14].rstrip(): (line[14:22].rstrip(), line[22:]) for line in lines}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Program and resources, to be broken."""
    for part in ("desktop", "resources"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} has changed"
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_whole_installation(tmp_path: Path):
    table = tmp_path / "table.txt"
    done = self_checked(ROOT, table)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert table.read_text(encoding="utf-8") == done.stdout
    assert {name: result for name, (result, _) in rows(done.stdout).items()} == dict.fromkeys(
        [*self_check.CHECKS, "output"], "ok"
    )
    assert done.stdout.endswith("\nAll is well.\n")


def test_what_is_broken_is_seen_and_the_rest_is_checked_all_the_same(copy: Path):
    code, resources = copy / "desktop", copy / "resources"
    (resources / "icons" / "nextcall.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (resources / "sounds" / "chime.wav").unlink()
    (resources / "wsdl" / "VoiceBroadcastService.wsdl").unlink()
    change(code / "shift" / "journal.py", "        if self._path is None:", "        if self._path is not None:")
    change(code / "tour.py", "from desktop.ui import look", "import not_there")
    change(code / "ui" / "cheat_sheet.py", 'self.setWindowTitle("Keys")', "self.set_title()")
    change(
        code / "callcenter" / "network.py",
        '    if sys.platform in {"win32", "darwin"}:\n        import truststore',
        "    return ssl._create_unverified_context()\n    if False:\n        import truststore",
    )
    change(code / "popup" / "phone.py", 'HOME = "US"', 'HOME = "GB"')
    change(code / "ui" / "sound_player.py", "import PySide6.QtMultimedia  # noqa", "import not_there  # noqa")
    done = self_checked(copy)
    assert done.returncode == 1, done.stderr
    assert done.stdout.endswith("\nThis installation is not whole.\n")
    found = rows(done.stdout)
    for name, words in {
        "modules": "No module named 'not_there'",
        "Qt": "the icon of the program stays empty",
        "resources": "chime.wav",
        "windows": "'CheatSheet' object has no attribute 'set_title'",
        "WSDL": "not described: startCampaign, stopCampaign",
        "certificates": "a certificate that nobody has vouched for was taken",
        "journal": "is not there any more",
        "numbers": "+12025550143 is shown as +1 202-555-0143",
        "sound": "not installed not_there",
    }.items():
        result, detail = found.pop(name)
        assert (result, words in detail) == ("FAILED", True), f"{name}: {detail}"
    assert {name for name, (result, _) in found.items() if result == "ok"} >= {"program", "keyring"}


def test_an_unexpected_word_is_wrong_wherever_it_is_said(copy: Path):
    change(
        copy / "desktop" / "tour.py",
        "from desktop.ui import look",
        "from desktop.ui import look\n"
        "import logging, os, warnings\n"
        "from PySide6.QtCore import qWarning\n"
        "print('on the standard output')\n"
        "os.write(1, b'past Python\\n')\n"
        "os.write(2, b'on the error output\\n')\n"
        "qWarning('by Qt')\n"
        "logging.getLogger('tour').warning('in the log')\n"
        "warnings.warn('by a library')\n",
    )
    done = self_checked(copy)
    assert (done.returncode, done.stderr) == (1, "")
    found = rows(done.stdout)
    assert found.pop("output")[0] == "FAILED"
    assert {result for result, _ in found.values()} == {"ok"}
    for words in ("on the standard output", "past Python", "on the error output", "by Qt", "in the log", "by a library"):
        assert words in done.stdout


def test_a_program_that_cannot_begin_says_why(copy: Path):
    (copy / "resources" / "style" / "nextcall.qss").unlink()
    done = self_checked(copy)
    assert done.returncode == 1
    assert "nextcall.qss" in done.stdout + done.stderr


async def test_every_window_is_checked(qapp: object):
    checked = set()
    for window in self_check.windows():
        checked.add(type(window))
        window.hide()
        window.deleteLater()
    modules = [
        importlib.import_module(f"desktop.ui.{found.name}")
        for found in pkgutil.iter_modules(desktop.ui.__path__)
        if here(found.name)
    ]
    kinds = {
        kind for module in modules for kind in vars(module).values() if inspect.isclass(kind) and is_window(kind, module.__name__)
    }
    assert kinds, "none was found"
    assert kinds - checked == set(), "desktop/self_check.py does not build these windows"


def here(name: str) -> bool:
    return all(system == sys.platform or not name.endswith(end) for end, system in self_check.SYSTEMS.items())


def is_window(kind: type, module: str) -> bool:
    """Whether it is a window of its own, defined there: a dialog, or a widget that gives itself a title."""
    if kind.__module__ != module or not issubclass(kind, QWidget):
        return False
    if kind.__name__ == "_Ear":  # what Windows speaks to; it is never on the screen
        return False
    return issubclass(kind, QDialog | QMainWindow) or "self.setWindowTitle(" in inspect.getsource(kind)
