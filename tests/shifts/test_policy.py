"""A whole program under a policy: it goes where the organisation says, says what it did not follow, and works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.app import Options
from desktop.settings.policy import Policy
from desktop.settings.settings import Settings, SettingsFile
from desktop.shift.states import State
from tests.practice.outside import PHONE
from tests.shifts.agent import KEY, at_work, press, type_into

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.app import QtApplication
    from desktop.practice.server import PracticeService

ELSEWHERE = "http://127.0.0.1:9/service?wsdl"


async def test_neither_settings_nor_the_command_line_lead_elsewhere(
    qapp: QtApplication, tmp_path: Path, service: PracticeService
):
    SettingsFile(tmp_path).save(Settings(service_url=ELSEWHERE))
    policy = Policy({"service_url": service.service_url})
    async with at_work(qapp, Options(service_url=ELSEWHERE, data_dir=tmp_path), policy=policy) as agent:
        assert "Your organisation says where the call center is. --service on the command line is not followed." in agent.told()
        for name, text in (("API key", KEY), ("Campaign ID", "1"), ("Phone number", PHONE)):
            type_into(agent.desk.login, name, text)
        press(agent.desk.login, "Call me")
        await agent.reach(State.EXPECTING_ID)
        assert service._center.phone(PHONE).state != "idle"
    assert SettingsFile(tmp_path).load().service_url == ELSEWHERE


async def test_what_is_wrong_with_the_policy_is_told_and_the_rest_counts(
    qapp: QtApplication, tmp_path: Path, service: PracticeService
):
    policy = Policy({"service_url": service.service_url}, ("/etc/nextcall/policy.toml: sound is ignored. It takes a text.",))
    async with at_work(qapp, Options(data_dir=tmp_path), policy=policy) as agent:
        assert "What your organisation has set cannot all be used. /etc/nextcall/policy.toml: sound is ignored." in agent.told()
        assert agent.desk._service_url == service.service_url


async def test_whatever_there_is_to_tell_at_the_start_is_told(qapp: QtApplication, tmp_path: Path, service: PracticeService):
    (tmp_path / "settings.toml").write_text("remember = 7", encoding="utf-8")
    policy = Policy({"service_url": service.service_url}, ("The key: it cannot be read.",))
    async with at_work(qapp, Options(service_url=ELSEWHERE, data_dir=tmp_path), policy=policy) as agent:
        for words in (
            "The settings could not be read.",
            "What your organisation has set cannot all be used: The key: it cannot be read.",
            "Your organisation says where the call center is: --service on the command line is not followed.",
        ):
            assert words in agent.told()
        assert ".." not in agent.told()


async def test_a_practice_is_no_matter_of_the_organisation(qapp: QtApplication, tmp_path: Path):
    policy = Policy({"service_url": ELSEWHERE}, ("wrong.",))
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), policy=policy) as agent:
        assert agent.told() == "Signed out:"
        press(agent.desk.login, "Call me")
        await agent.reach(State.EXPECTING_ID)
