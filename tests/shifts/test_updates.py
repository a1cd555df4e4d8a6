"""Newer versions in a whole program: said where an agent signs in, asked for only where nobody has switched it off."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from desktop import app
from desktop.app import Options
from desktop.outside.updates import Releases
from desktop.settings.policy import NO_POLICY, Policy
from desktop.settings.settings import Settings, SettingsFile
from tests.callcenter.wire import http
from tests.outside.other import OtherSystem
from tests.shifts.agent import Agent, at_work, until

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QPushButton

    from desktop.app import QtApplication
    from desktop.practice.server import PracticeService

NEWER = http(json.dumps({"tag_name": "v99.1.0"}).encode())
PAGE = "https://page.example/releases/latest"


def offered(agent: Agent) -> str:
    """What the log-in dialog says of a newer version."""
    shown: QPushButton = agent.desk.login._update
    return shown.text() if shown.isVisible() else ""


async def test_it_is_asked_for_once_and_said_at_each_start(qapp: QtApplication, tmp_path: Path, service: PracticeService):
    async with OtherSystem(NEWER) as other:
        for _start in range(2):
            options = Options(service_url=service.service_url, data_dir=tmp_path)
            async with at_work(qapp, options, releases=Releases(f"{other.url}/latest", PAGE)) as agent:
                await until(lambda agent=agent: offered(agent) == "NextCall 99.1.0 is available", "the newer version")
        assert len(other.asked) == 1


@pytest.mark.parametrize(
    ("own", "policy", "practice"),
    [
        (Settings(update_check=False), NO_POLICY, False),
        (Settings(update_check=True), Policy({"update_check": False}), False),
        (Settings(update_check=True), NO_POLICY, True),
    ],
    ids=["agent", "organisation", "practice"],
)
async def test_where_it_is_off_nobody_is_asked(
    qapp: QtApplication, tmp_path: Path, service: PracticeService, own: Settings, policy: Policy, practice: bool
):
    SettingsFile(tmp_path).save(own)
    async with OtherSystem(NEWER) as other:
        options = Options(practice=practice, service_url="" if practice else service.service_url, data_dir=tmp_path)
        async with at_work(qapp, options, policy=policy, releases=Releases(f"{other.url}/latest", PAGE)) as agent:
            await until(lambda: not any(task.get_name() == "contract" for task in asyncio.all_tasks()), "the contract")
            assert offered(agent) == ""
        assert other.connections == 0


@pytest.mark.parametrize("installed", [False, True])
def test_only_what_was_installed_asks(monkeypatch: pytest.MonkeyPatch, installed: bool):
    monkeypatch.setattr(app, "PROJECT", "https://github.com/somebody/nextcall")
    monkeypatch.setattr(app.sys, "frozen", installed, raising=False)
    assert (app._our_releases() is not None) == installed
