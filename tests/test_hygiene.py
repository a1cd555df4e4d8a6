"""What this code must not contain, found by reading it as a tree; and what it stands on, held to what we know of it.

Most rules come from one fact: a second event loop inside a coroutine stops other tasks for ever. Each rule is shown to be able to
fail.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "desktop").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
STATIC_DIALOGS = {
    "QMessageBox": {"about", "aboutQt", "critical", "information", "question", "warning"},
    "QInputDialog": {"getDouble", "getInt", "getItem", "getMultiLineText", "getText"},
    "QColorDialog": {"getColor"},
    "QFontDialog": {"getFont"},
    "QFileDialog": {
        *("getExistingDirectory", "getExistingDirectoryUrl", "getOpenFileContent", "getOpenFileName", "getOpenFileNames"),
        *("getOpenFileUrl", "getOpenFileUrls", "getSaveFileName", "getSaveFileUrl"),
    },
}


@dataclass(frozen=True)
class Rule:
    """Something that must not be in the code; `but_in` may, `only_in` are where it is looked for (files or directories)."""

    name: str
    finds: Callable[[ast.Module], Iterator[ast.AST]]
    bad: tuple[str, ...]
    good: str
    but_in: tuple[str, ...] = ()
    only_in: tuple[str, ...] = ("desktop",)

    def applies_to(self, path: Path) -> bool:
        return _is_in(path, self.only_in) and not _is_in(path, self.but_in)


def _is_in(path: Path, places: tuple[str, ...]) -> bool:
    return any(path == ROOT / place or ROOT / place in path.parents for place in places)


def names(*forbidden: str) -> Callable[[ast.Module], Iterator[ast.AST]]:
    """Uses of these names: as an attribute, bare, or imported."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for node in ast.walk(tree):
            used = isinstance(node, ast.Attribute) and node.attr in forbidden
            used |= isinstance(node, ast.Name) and node.id in forbidden
            used |= isinstance(node, ast.ImportFrom) and any(alias.name in forbidden for alias in node.names)
            if used:
                yield node

    return find


def methods(*forbidden: str) -> Callable[[ast.Module], Iterator[ast.AST]]:
    """Uses of attributes of these names, called or handed on."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in forbidden)

    return find


def static_dialogs(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in STATIC_DIALOGS.get(owner, ()):
                yield node


def qt_event_loops(tree: ast.Module) -> Iterator[ast.AST]:
    """Qt's QEventLoop; qasync has one of the same name, which is ours to use."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6"):
            if any(alias.name == "QEventLoop" for alias in node.names):
                yield node
        elif isinstance(node, ast.Attribute) and node.attr == "QEventLoop" and getattr(node.value, "id", "") == "QtCore":
            yield node


def sleeps(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "sleep" and getattr(node.value, "id", "") == "time":
            yield node
        if isinstance(node, ast.ImportFrom) and node.module == "time" and any(alias.name == "sleep" for alias in node.names):
            yield node


def imports_of(*modules: str, even_inside_functions: bool = True) -> Callable[[ast.Module], Iterator[ast.AST]]:
    """Imports of these modules or of anything below them."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        nodes = ast.walk(tree) if even_inside_functions else _outside_functions(tree)
        for node in nodes:
            wanted: list[str] = []
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                wanted = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
                wanted = [str(part.value) for part in node.args if isinstance(part, ast.Constant)]
            if any(name == module or name.startswith(f"{module}.") for name in wanted for module in modules):
                yield node

    return find


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _outside_functions(node)


def exits_in_coroutines(tree: ast.Module) -> Iterator[ast.AST]:
    for node in _inside_coroutines(tree):
        exits = isinstance(node, ast.Attribute) and node.attr == "exit" and getattr(node.value, "id", "") == "sys"
        if exits or (isinstance(node, ast.Name) and node.id == "SystemExit"):
            yield node


def qtbot_waits_in_coroutines(tree: ast.Module) -> Iterator[ast.AST]:
    for node in _inside_coroutines(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("wait") and getattr(node.value, "id", "") == "qtbot":
            yield node


def _inside_coroutines(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield from ast.walk(node)


RULES = (
    Rule(
        "dialogs open(), they never exec()",
        methods("exec", "exec_"),
        ("dialog.exec()", "QMenu().exec_(point)", "button.clicked.connect(dialog.exec)"),
        "dialog.open()\nconnection.execute('...')",
    ),
    Rule(
        "no static dialogs",
        static_dialogs,
        ("QMessageBox.question(self, '', '')", "QtWidgets.QFileDialog.getSaveFileName()", "QInputDialog.getText(self, '', '')"),
        "box = QMessageBox(self)\nbox.setIcon(QMessageBox.Icon.Question)\nbox.open()",
    ),
    Rule(
        "no event loop inside the event loop",
        qt_event_loops,
        ("from PySide6.QtCore import QEventLoop", "from PySide6 import QtCore\nQtCore.QEventLoop()"),
        "import qasync\nqasync.QEventLoop(app)",
        but_in=("desktop/ui/first.py",),  # before there is any
    ),
    Rule(
        "events are not processed in between",
        names("processEvents"),
        ("app.processEvents()", "QApplication.processEvents()"),
        "app.sendPostedEvents()",
        but_in=("desktop/ui/first.py",),  # before there is any task
    ),
    Rule(
        "no slots of qasync: they lose their tasks",
        names("asyncSlot", "asyncClose"),
        ("from qasync import asyncSlot", "@qasync.asyncSlot()\nasync def f(): ...", "@qasync.asyncClose\nasync def f(): ..."),
        "tasks.spawn(f(), 'f')",
    ),
    Rule(
        "the window and the shift do not sleep",
        sleeps,
        ("import time\ntime.sleep(1)", "from time import sleep"),
        "import asyncio\nasync def f():\n    await asyncio.sleep(1)",
        only_in=("desktop/ui", "desktop/shift", "desktop/app.py"),
    ),
    Rule(
        "tasks are spawned where they cannot get lost",
        names("create_task", "ensure_future"),
        ("asyncio.create_task(f())", "from asyncio import ensure_future", "loop.create_task(f())"),
        "tasks.spawn(f(), 'f')",
        but_in=("desktop/tasks.py", "desktop/practice", "desktop/callcenter"),
    ),
    Rule(
        "nothing exits inside a coroutine: nobody would clean up",
        exits_in_coroutines,
        ("async def f():\n    sys.exit(1)", "async def f():\n    raise SystemExit"),
        "def main():\n    sys.exit(1)",
    ),
    Rule(
        "only who reads descriptions knows zeep",
        imports_of("zeep"),
        ("import zeep", "def f():\n    from zeep.wsdl import Document", "importlib.import_module('zeep')"),
        "from desktop.callcenter import contract",
        but_in=("desktop/callcenter/wsdl.py", "desktop/callcenter/schema.py"),
    ),
    Rule(
        "only the two wires know httpx",
        imports_of("httpx", "httpcore"),
        ("import httpx", "from httpx import AsyncClient", "import httpx as http"),
        "from desktop.callcenter import soap",
        but_in=("desktop/callcenter/soap.py", "desktop/outside/web.py"),
    ),
    Rule(
        "only the vault knows the keyring",
        imports_of("keyring", "secretstorage"),
        ("import keyring", "from keyring.backends import fail"),
        "from desktop.settings import vault",
        but_in=("desktop/settings/vault.py",),
    ),
    Rule(
        "sound and charts are loaded when they are needed",
        imports_of("PySide6.QtMultimedia", "PySide6.QtCharts", even_inside_functions=False),
        (
            "import PySide6.QtMultimedia",
            "from PySide6 import QtCharts",
            "class A:\n    from PySide6.QtMultimedia import QSoundEffect",
        ),
        "def play():\n    from PySide6.QtMultimedia import QSoundEffect",
    ),
    Rule(
        "a coroutine test does not wait with qtbot",
        qtbot_waits_in_coroutines,
        ("async def test(qtbot):\n    qtbot.waitUntil(f)", "async def test(qtbot):\n    with qtbot.waitSignal(s): pass"),
        "def test(qtbot):\n    qtbot.waitUntil(f)",
        only_in=("tests",),
    ),
)
BY_NAME = [pytest.param(rule, id=rule.name) for rule in RULES]


@pytest.mark.parametrize("rule", BY_NAME)
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        for path in [*CODE, *TESTS]
        if rule.applies_to(path)
        for node in rule.finds(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found


@pytest.mark.parametrize("rule", BY_NAME)
def test_the_rule_can_fail(rule: Rule) -> None:
    for snippet in rule.bad:
        assert list(rule.finds(ast.parse(snippet))), snippet
    assert not list(rule.finds(ast.parse(rule.good)))
    for place in (*rule.but_in, *rule.only_in):
        assert (ROOT / place).exists(), f"{place} has moved"


LOST_REFERENCES = """
import asyncio, sys
import qasync
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

class Line(QObject):
    changed = Signal(bool)
    down = Signal()

app = QApplication([])
line, window, timer, heard = Line(), QWidget(), QTimer(), []
line.changed.connect(heard.append)
line.down.connect(heard.clear)

async def steps(count):
    for _ in range(count):
        await asyncio.sleep(0)

def calls(count):
    for number in range(count):
        line.changed.emit(True)
        line.down.emit()
        window.setEnabled(number % 2 == 0)
        timer.start(100_000)
        timer.stop()

def all_of_it(count):
    loop.run_until_complete(steps(count))
    calls(count)

loop = qasync.QEventLoop(app)
all_of_it(100)
before = sys.getrefcount(None), sys.getrefcount(True), sys.getrefcount(False)
all_of_it(20_000)
after = sys.getrefcount(None), sys.getrefcount(True), sys.getrefcount(False)
loop.close()
print(*(then - now for then, now in zip(before, after)))
"""


def test_qt_loses_no_references() -> None:
    """PySide6 6.12.0 drops one reference to None or True with each of these, and Python 3.11 aborts when there is none left.

    From Python 3.12 on these objects live for ever, and their counts mean nothing.
    """
    done = subprocess.run([sys.executable, "-c", LOST_REFERENCES], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    lost = [int(number) for number in done.stdout.split()]
    assert len(lost) == 3
    assert sys.version_info >= (3, 12) or max(lost) < 100  # of 20,000 steps


# ----------------------------------------------------------------------------------------------------------- the lock


def _wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *project["build-system"]["requires"]]
    return [Requirement(line) for line in lines]


def _locked() -> dict[str, Requirement]:
    lock = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")
    found = [Requirement(line.removesuffix("\\").strip()) for line in lock.splitlines() if re.match(r"[A-Za-z]", line)]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


@pytest.mark.parametrize("wanted", [pytest.param(requirement, id=requirement.name) for requirement in _wanted()])
def test_the_lock_has_what_the_project_asks_for(wanted: Requirement) -> None:
    locked = _locked().get(canonicalize_name(wanted.name))
    assert locked, f"{wanted.name} is in pyproject.toml but not in the lock"
    [version] = [one.version for one in locked.specifier]
    assert wanted.specifier.contains(version), f"the lock has {locked}, pyproject.toml wants {wanted}"


def test_all_that_is_locked_is_locked_by_hash() -> None:
    entries = re.split(r"\n(?=[A-Za-z])", (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8"))
    assert not [entry.splitlines()[0] for entry in entries if re.match("[A-Za-z]", entry) and "--hash=sha256:" not in entry]
