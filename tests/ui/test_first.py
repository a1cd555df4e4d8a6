"""The first window is there before the program is: what the agent does in it meanwhile counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLineEdit

from desktop.app import Options
from desktop.settings.settings import Settings, SettingsFile
from desktop.shift.journal import Journal
from desktop.ui.first import first_login
from tests.shifts.agent import at_work, named, press, type_into, until
from tests.simulation import a_call

if TYPE_CHECKING:
    from desktop.app import QtApplication

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("asyncio", "httpx", "lxml", "msgspec", "phonenumbers", "zeep", "keyring", "qasync", "starlette", "uvicorn", "jeepney")
NOWHERE = "http://127.0.0.1:9/service?wsdl"


@pytest.mark.leaves("contract of")  # on Windows, nobody at a port takes seconds
async def test_what_is_typed_early_stays_and_the_keyboard_where_it_is(qapp: QtApplication, tmp_path: Path):
    SettingsFile(tmp_path).save(Settings(campaign_id="77", phone_number="+1 202 555 0143"))
    login = first_login(tmp_path)
    assert login is not None
    assert login.isVisible()
    for name, text in {"API key": "key", "Campaign ID": "1001", "Agent ID": "4027"}.items():
        type_into(login, name, text)
    named(login, QLineEdit, "Agent ID").setFocus()
    async with at_work(qapp, Options(service_url=NOWHERE, data_dir=tmp_path), login=login) as agent:
        assert agent.desk.login is login
        await until(lambda: named(login, QLineEdit, "Phone number").text() != "", "what is remembered")
        assert [named(login, QLineEdit, one).text() for one in ("API key", "Campaign ID", "Agent ID")] == ["key", "1001", "4027"]
        assert named(login, QLineEdit, "Agent ID").hasFocus()


async def test_where_nothing_was_touched_the_keyboard_goes_to_the_first_gap(qapp: QtApplication, tmp_path: Path):
    login = first_login(tmp_path)
    assert login is not None
    login.fill_in(key="key")
    async with at_work(qapp, Options(service_url=NOWHERE, data_dir=tmp_path), login=login):
        await until(named(login, QLineEdit, "Campaign ID").hasFocus, "the keyboard to be there")


async def test_what_is_pressed_early_is_done(qapp: QtApplication, tmp_path: Path):
    login = first_login(tmp_path)
    assert login is not None
    press(login, "Practice")
    async with at_work(qapp, Options(service_url=NOWHERE, data_dir=tmp_path), login=login) as agent:
        await until(lambda: agent.app.site is not None and agent.app.site.service is not None, "the practice")
        assert agent.desk.login is not login


def test_it_is_there_before_anything_heavy_is_read():
    look = f"""
import sys
from pathlib import Path
import desktop.__main__
from desktop.settings.folder import data_folder
from desktop.ui.application import QtApplication
from desktop.ui.first import first_login
from desktop.ui.instance import OnlyInstance
qt = QtApplication(["nextcall"])
assert first_login(Path("nowhere")).isVisible()
print(*sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []


async def test_what_an_earlier_start_left_open_comes_first(qapp: QtApplication, tmp_path: Path):
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    journal.call_connected(await journal.begin_shift(NOWHERE, 1, "4027"), a_call())
    await journal.close()
    assert first_login(tmp_path) is None
