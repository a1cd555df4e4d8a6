"""The word of a newer NextCall: said in the log-in dialog and nowhere else, with a way to its page; asked between shifts only."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from desktop.outside.updates import Releases, Updates
from desktop.shift.states import State
from desktop.ui.update_notice import UpdateNotice
from tests.callcenter.wire import http, never_answers
from tests.outside.other import OtherSystem
from tests.simulation import AGENT_ID, until
from tests.ui.screen import Role, field, has, message, press, spoken
from tests.ui.seat import Seat, seated

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ui.conftest import Browser

pytestmark = pytest.mark.usefixtures("qapp", "hurried")
NEWER = http(json.dumps({"tag_name": "v2.0.0"}).encode())
OLDER = http(json.dumps({"tag_name": "v0.9.0"}).encode())
WORDS = "NextCall 2.0.0 is available"
PAGE = "https://page.example/releases/latest"


def notice(seat: Seat, other: OtherSystem, folder: Path) -> UpdateNotice:
    """As app.py has it, but for that it comes when the desk is already open."""
    releases = Releases(f"{other.url}/latest", PAGE)
    made = UpdateNotice(seat.desk, Updates(releases, folder / "newest.json", running="1.0.0"), seat.tasks)
    seat.desk.login_offered.emit()
    return made


async def test_a_newer_version_is_said_and_leads_to_its_page(tmp_path: Path, browser: Browser):
    async with seated() as seat, OtherSystem(NEWER) as other:
        before = seat.login.size()
        assert not has(seat.login, Role.Button, WORDS)
        notice(seat, other, tmp_path)
        await until(lambda: has(seat.login, Role.Button, WORDS))
        assert seat.login.size() == before  # nothing moves under the agent's mouse
        press(seat.login, WORDS)
    assert browser.opened == [PAGE]


@pytest.mark.qt_log_ignore("No such method")
@pytest.mark.usefixtures("no_browser")
async def test_where_no_browser_is_the_page_is_named(tmp_path: Path):
    async with seated() as seat, OtherSystem(NEWER) as other:
        notice(seat, other, tmp_path)
        await until(lambda: has(seat.login, Role.Button, WORDS))
        press(seat.login, WORDS)
        assert PAGE in message(seat.login)


async def test_nothing_is_said_of_what_is_no_news(tmp_path: Path):
    async with seated() as seat, OtherSystem(OLDER) as other:
        notice(seat, other, tmp_path)
        await until(lambda: other.asked and not seat.under_way("newer version"))
        assert not any("available" in name for _, name, _ in spoken(seat.login))
        assert message(seat.login) == ""


async def test_a_failure_is_not_the_agents_matter(tmp_path: Path):
    async with seated() as seat, OtherSystem(b"nonsense") as other:
        notice(seat, other, tmp_path)
        await until(lambda: other.asked and not seat.under_way("newer version"))
        assert message(seat.login) == ""


@pytest.mark.parametrize("begins", ["Call me", "Log in"])
async def test_whoever_begins_a_shift_ends_the_question(tmp_path: Path, begins: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    async with seated() as seat, OtherSystem(never_answers) as other:
        notice(seat, other, tmp_path)
        await until(lambda: other.asked)
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, begins)
        await other.gone.wait()
        await seat.reach(State.EXPECTING_ID if begins == "Call me" else State.WAITING)
        assert not seat.under_way("newer version")
    assert "newer versions" not in caplog.text  # it did not end by itself


async def test_during_a_shift_nobody_is_asked(tmp_path: Path):
    async with seated() as seat, OtherSystem(NEWER) as other:
        releases = Releases(f"{other.url}/latest", PAGE)
        made = UpdateNotice(seat.desk, Updates(releases, tmp_path / "newest.json", running="1.0.0"), seat.tasks)
        await seat.talk(name="Maya Okafor")
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        await seat.be_connected(name="Bo Li")
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert other.connections == 0
        press(seat.reminder, "Done")
        await until(lambda: has(seat.login, Role.Button, WORDS))
        assert len(other.asked) == 1
        assert made.parent() is seat.desk
