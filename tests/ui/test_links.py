"""A nextcall:// link prepares a log-in, once the agent agrees, and nothing is sent because of one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.errors import LinkRefused
from desktop.link import parse
from desktop.popup.current import CurrentProfile
from desktop.settings.settings import Settings
from desktop.shift.states import State
from desktop.ui.question import Question
from tests.simulation import until
from tests.ui.screen import field, key, message, press
from tests.ui.seat import SERVICE, a_memory, seated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("qapp")
LINK = parse("nextcall://open?campaign=77&profile=dental")


def _question() -> Question | None:
    return next((one for one in QApplication.topLevelWidgets() if isinstance(one, Question) and one.isVisible()), None)


@pytest.mark.parametrize("answer", ["Prepare it", "Ignore it", "escape", "enter"])
async def test_only_the_agents_word_prepares_a_log_in(tmp_path: Path, answer: str):
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "dental.toml").write_text('name = "Dental"', encoding="utf-8")
    profiles = CurrentProfile(folder=folder)
    async with seated(memory=a_memory(tmp_path, Settings(service_url=SERVICE)), profiles=profiles) as seat:
        before = field(seat.login, "Campaign ID").text()
        following = asyncio.get_running_loop().create_task(seat.desk.follow(LINK))
        question = await until(_question)
        await until(question.isActiveWindow)
        again = asyncio.get_running_loop().create_task(seat.desk.follow(LINK))  # many clicks are one question
        await again
        match answer:
            case "escape":
                key(Qt.Key.Key_Escape)
            case "enter":
                key(Qt.Key.Key_Return)
            case _:
                press(question, answer)
        await following
        agreed = answer == "Prepare it"
        assert field(seat.login, "Campaign ID").text() == ("77" if agreed else before)
        profiles.refresh(77)
        assert (profiles.profile.name == "Dental") is agreed
        assert seat.desk.state is State.SIGNED_OUT


async def test_a_profile_that_is_not_there_is_told(tmp_path: Path):
    async with seated(memory=a_memory(tmp_path, Settings(service_url=SERVICE)), profiles=CurrentProfile(folder=tmp_path)) as seat:
        await seat.desk.follow(LINK)
        assert "It names the profile dental, which is not on this computer." in message(seat.login)
        assert _question() is None


async def test_during_a_practice_it_is_only_spoken_of():
    async with seated() as seat:
        await seat.log_in()
        await seat.desk.follow(LINK)
        assert "It can be followed when you are signed out, and not in a practice." in message(seat.window)
        assert _question() is None


async def test_what_is_no_link_is_refused_in_words():
    async with seated() as seat:
        with pytest.raises(LinkRefused) as refused:
            parse("nextcall://open?campaign=77&run=calc.exe")
        seat.desk.tell_link_refused(refused.value)
        assert message(seat.login).startswith("This link is not followed. It may name one campaign and one profile")
