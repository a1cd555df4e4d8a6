"""The rules of conftest.py are able to fail: each is broken on purpose, in a pytest of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import platformdirs
import pytest
import qasync

ROOT = Path(__file__).resolve().parent.parent

RULE_BREAKERS = """
import asyncio, gc, logging, threading
import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

kept = []

async def wrong():
    raise ValueError("lost")

async def test_task_left_behind():
    kept.append(asyncio.create_task(asyncio.sleep(9), name="forgotten"))

async def test_task_left_behind_on_qasync(qapp):
    kept.append(asyncio.create_task(asyncio.sleep(9), name="forgotten"))

async def test_task_died_alone():
    asyncio.create_task(wrong())
    await asyncio.sleep(0.01)

async def test_task_died_alone_on_qasync(qapp):
    asyncio.create_task(wrong())
    await asyncio.sleep(0.01)

async def test_callback_failed(qapp):
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)

@pytest.mark.limit(0.2)
async def test_too_long():
    await asyncio.sleep(60)

@pytest.mark.limit(0.2)
async def test_too_long_on_qasync(qapp):
    await asyncio.sleep(60)

async def test_wrong_assertion(qapp):
    assert "black" == "white"

def test_coroutine_never_awaited():
    wrong()
    gc.collect()

def test_warning_logged():
    logging.getLogger("line").warning("down since %s", "noon")

@pytest.mark.logs("down since")
def test_announced_warning_missing():
    pass

def test_thread_left_behind():
    threading.Thread(target=threading.Event().wait, args=(6,), name="forgotten", daemon=True).start()

def test_window_left_behind(qapp):
    kept.append(QWidget())
    kept[-1].setWindowTitle("forgotten")
    kept[-1].show()

def test_timer_left_behind(qapp):
    kept.append(QTimer())
    kept[-1].start(100_000)

def test_timer_of_the_application_left_behind(qapp):
    QTimer(qapp).start(100_000)

def test_single_shot_left_behind(qapp):
    QTimer.singleShot(100_000, lambda: None)

def test_qt_warned(qapp):
    qWarning("forgotten")

def test_qt_warned_by_itself(qapp):
    QPainter().drawPoint(1, 1)

def test_slot_failed(qapp):
    timer = QTimer()
    timer.timeout.connect(lambda: 1 / 0)
    timer.timeout.emit()

# what is allowed

@pytest.mark.logs("down since")
def test_fine_announced_warning():
    logging.getLogger("line").warning("down since %s", "noon")

def test_fine_expected_warning(expected_warnings):
    expected_warnings.append("down since")
    logging.getLogger("line").warning("down since %s", "noon")

@pytest.mark.leaves("thread 'meant'")
def test_fine_thread():
    threading.Thread(target=threading.Event().wait, args=(6,), name="meant", daemon=True).start()

def test_fine_window(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()

def test_fine_raised(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    widget.raise_()  # the offscreen platform says that it cannot

async def test_fine_task(qapp):
    await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(int))
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pytest says of each test in RULE_BREAKERS; nothing if it passed."""
    here = tmp_path_factory.mktemp("rules")
    (here / "test_rules.py").write_text(RULE_BREAKERS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(here)]
    command += ["-p", "no:cacheprovider", "--junitxml", str(here / "verdicts.xml"), str(here / "test_rules.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    said: dict[str, str] = {}
    for case in ET.parse(here / "verdicts.xml").iter("testcase"):
        words = " ".join(f"{found.get('message')} {found.text}" for found in case if found.tag in {"failure", "error"})
        said[str(case.get("name"))] = said.get(str(case.get("name")), "") + words
    return said


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("test_task_left_behind", "forgotten: sleep"),
        ("test_task_left_behind_on_qasync", "forgotten: sleep"),
        ("test_task_died_alone", "ValueError: lost"),
        ("test_task_died_alone_on_qasync", "ValueError: lost"),
        ("test_callback_failed", "ZeroDivisionError"),
        ("test_too_long", "still open after 0.2 s"),
        ("test_too_long_on_qasync", "still open after 0.2 s"),
        ("test_wrong_assertion", "AssertionError"),
        ("test_coroutine_never_awaited", "never awaited"),
        ("test_warning_logged", "unexpected log record: WARNING line: down since noon"),
        ("test_announced_warning_missing", "expected in the log, but not there: down since"),
        ("test_thread_left_behind", "left behind: thread 'forgotten'"),
        ("test_window_left_behind", "left behind: window 'forgotten'"),
        ("test_timer_left_behind", "left behind: timer of 100000 ms"),
        ("test_timer_of_the_application_left_behind", "left behind: timer of 100000 ms"),
        ("test_single_shot_left_behind", "left behind: timer of 100000 ms"),
        ("test_qt_warned", "forgotten"),
        ("test_qt_warned_by_itself", "Painter not active"),
        ("test_slot_failed", "ZeroDivisionError"),
    ],
)
def test_a_broken_rule_fails_the_test(verdicts: dict[str, str], test: str, words: str) -> None:
    assert words in verdicts[test]


def test_what_is_allowed_passes(verdicts: dict[str, str]) -> None:
    fine = {name: words for name, words in verdicts.items() if name.startswith("test_fine")}
    assert len(fine) == 6
    assert not any(fine.values()), fine


def test_the_home_of_a_test_is_nobodys() -> None:
    home = Path(os.environ["HOME"])
    assert home.name.startswith("nextcall-tests-")
    if sys.platform != "win32":  # Windows knows the places without asking the environment; there, tests give --data-dir
        places = [platformdirs.user_data_path("NextCall"), platformdirs.user_config_path("NextCall"), Path.home()]
        assert all(place.is_relative_to(home) for place in places)


def test_no_keyring_can_be_reached() -> None:
    script = "import keyring; keyring.set_password('service', 'name', 'secret')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "NoKeyringError" in done.stderr


async def test_a_coroutine_test_without_qt_runs_on_plain_asyncio() -> None:
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio.")


async def test_a_coroutine_test_with_qt_runs_on_qasync(qapp: object) -> None:
    assert isinstance(asyncio.get_running_loop(), qasync.QEventLoop)


async def test_a_coroutine_test_can_use_its_loop(qloop: asyncio.AbstractEventLoop) -> None:
    assert asyncio.get_running_loop() is qloop
