"""Desk and campaign profile: read before each call, never during one, and what is wrong with it told in words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from desktop.popup.current import NONE, CurrentProfile
from desktop.shift.journal import Draft, Journal
from desktop.shift.states import State
from tests.simulation import a_call, until
from tests.ui.screen import button, field, message, press
from tests.ui.seat import Seat, seated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("qapp", "hurried")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "campaign.toml"


def _write(file: Path, text: str) -> None:
    """Write a file whose time differs, however coarse the disk's clock is."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


async def _answer(seat: Seat) -> None:
    seat.fill_in()
    press(seat.popup, "Next Call")
    await seat.reach(State.WAITING)
    await until(lambda: not seat.popup.isVisible())


async def _be_connected(seat: Seat) -> None:
    seat.center.connect(a_call())
    await until(seat.popup.isVisible)


async def test_a_profile_is_read_again_between_calls_and_never_during_one(file: Path):
    _write(file, 'name = "first"')
    async with seated(profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        await _be_connected(seat)
        assert seat.popup.profile.name == "first"
        _write(file, 'name = "second"')
        assert seat.popup.profile.name == "first"
        await _answer(seat)
        await _be_connected(seat)
        assert seat.popup.profile.name == "second"


async def test_the_form_is_built_while_nobody_is_on_the_line(file: Path):
    _write(file, 'name = "first"')
    async with seated(profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        await until(lambda: seat.popup.profile.name == "first")
        assert not seat.popup.isVisible()
        await _be_connected(seat)
        _write(file, 'name = "second"')
        await _answer(seat)
        await until(lambda: seat.popup.profile.name == "second")
        assert seat.desk.state is State.WAITING


@pytest.mark.logs("This campaign profile cannot be used")
async def test_what_is_wrong_with_a_profile_is_told_and_the_last_good_one_stays(file: Path):
    _write(file, 'name = "first"')
    async with seated(profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        await _be_connected(seat)
        await _answer(seat)
        _write(file, "nmae = 1")
        await _be_connected(seat)
        assert "the last one that was right stays in use" in message(seat.window)
        assert "campaign.toml: nmae: there is no such name (did you mean name?)." in message(seat.window)
        assert seat.popup.profile.name == "first"
        await _answer(seat)
        _write(file, 'name = "mended"')
        await _be_connected(seat)
        assert (seat.popup.profile.name, message(seat.window)) == ("mended", "")


@pytest.mark.logs("This campaign profile cannot be used")
async def test_a_missing_profile_is_told_at_the_log_in_and_calls_come_without_one(file: Path):
    async with seated(profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        await until(lambda: "NextCall goes on without one" in message(seat.window))
        assert "campaign.toml: it cannot be read" in message(seat.window)
        await _be_connected(seat)
        assert seat.popup.profile == NONE
        assert button(seat.popup, "Next Call").isEnabled()


async def test_the_folder_has_a_profile_for_each_campaign(tmp_path: Path):
    (tmp_path / "1001.toml").write_text('name = "ours"', encoding="utf-8")
    (tmp_path / "other.toml").write_text('name = "theirs"\ncampaigns = [7]', encoding="utf-8")
    profiles = CurrentProfile(folder=tmp_path)
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _be_connected(seat)
        assert seat.popup.profile.name == "ours"
    profiles.refresh(7)
    assert profiles.profile.name == "theirs"
    profiles.refresh(8)
    assert profiles.profile == NONE
    (tmp_path / "1001.toml").unlink()
    profiles.refresh(1001)
    assert profiles.profile == NONE


async def test_what_is_entered_in_the_form_survives_the_end_of_the_program(file: Path, tmp_path: Path):
    _write(file, '[[question]]\nid = "visits"\ntype = "number"')
    path = tmp_path / "journal.db"
    async with seated(journal=path, profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        await _be_connected(seat)
        field(seat.popup, "Visits").setText("12")
    journal = Journal(path)
    await journal.open()
    [unfinished] = await journal.unfinished()
    await journal.close()
    assert [entry.draft for entry in unfinished.entries] == [Draft(answers={"visits": "12"})]
