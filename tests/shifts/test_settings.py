"""Settings in a whole program: used at once on the desk that opens with them; what could not be kept is said there."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox

from desktop.app import Options
from desktop.settings import autostart
from desktop.ui.instance import OnlyInstance
from desktop.ui.settings_dialog import SettingsDialog
from tests.shifts.agent import Agent, LiveShift, press, until
from tests.ui.screen import message, turn_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.shifts.line import Line

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's own session looks for what it is to start."""
    if sys.platform != "linux":
        pytest.skip("the file of a Linux desktop")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return autostart._entry()


async def start_with_the_session(agent: Agent) -> None:
    """Tick it in the settings and save; comes back at the desk that they open."""
    before = agent.desk
    press(before.login, "Settings")
    [dialog] = [one for one in QApplication.topLevelWidgets() if isinstance(one, SettingsDialog) and one.isVisible()]
    turn_to(dialog, "When a call comes")
    next(one for one in dialog.findChildren(QCheckBox) if one.text() == "Flashing taskbar entry").click()
    turn_to(dialog, "This computer")
    box = next(one for one in dialog.findChildren(QCheckBox) if one.isVisible())
    await until(box.isEnabled, "the system's answer")
    box.click()
    press(dialog, "Save")
    await until(lambda: agent.app.site and agent.desk is not before and agent.desk.login.isVisible(), "the desk anew")


async def test_what_could_not_be_kept_is_said_and_the_rest_is_used(
    entry: Path, live_shift: Callable[[], AbstractAsyncContextManager[LiveShift]], line: Line
):
    entry.parent.parent.mkdir()
    entry.parent.touch()  # where the folder should be
    with line.mend():
        async with live_shift() as shift:
            await start_with_the_session(shift.agent)
            assert message(shift.agent.desk.login).startswith("NextCall cannot be started with the computer.")
            assert not shift.agent.desk.channels._choices.taskbar


async def test_what_the_session_starts_is_this_nextcall_with_its_data_folder(
    entry: Path, live_shift: Callable[[], AbstractAsyncContextManager[LiveShift]], line: Line, tmp_path: Path
):
    with line.mend():
        async with live_shift() as shift:
            await start_with_the_session(shift.agent)
            assert message(shift.agent.desk.login) == ""
    [command] = [text for text in entry.read_text(encoding="utf-8").splitlines() if text.startswith("Exec=")]
    started = shlex.split(command.removeprefix("Exec="))
    first = OnlyInstance(tmp_path)
    assert first.claim()
    first.listen()
    second = subprocess.run(
        [*started, "--exit-after-first-paint"],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    first.release()
    assert "is running already in this data folder" in second.stdout


def test_a_practice_is_not_what_the_session_is_to_start(tmp_path: Path):
    options = Options(practice=True, service_url="https://calls.example/?wsdl", data_dir=tmp_path, exit_after_first_paint=True)
    assert options.arguments == ("--service=https://calls.example/?wsdl", f"--data-dir={tmp_path}")
