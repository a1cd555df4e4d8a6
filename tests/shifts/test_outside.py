"""Whole shifts with systems besides the call center: profiles from an address, and webhooks signed with the keyring's secret."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest
import tomli_w

from desktop.app import Options, QtApplication
from desktop.settings.vault import WebhookSecrets
from tests.callcenter.wire import http
from tests.outside import conftest as fixtures
from tests.outside.other import NO_CONTENT, OtherSystem
from tests.shifts.agent import LiveShift, at_work, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop.practice.scenario import Scenario
    from tests.callcenter.wire import Authority
    from tests.desk import Session
    from tests.shifts.line import Line

    Opened = Callable[[], AbstractAsyncContextManager[LiveShift]]

authority, names = fixtures.authority, fixtures.names
pytestmark = pytest.mark.usefixtures("names")

SHARED = "a sécret"
PROFILE = """
name = "Lantern"
[[disposition]]
name = "Sale"
[webhook]
address = "{address}/calls"
secret = "crm"
on = ["connect", "stored"]
"""


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A keyring, unlocked. To be asked for before `other`: its session may know other authorities."""
    secret_service.enter(monkeypatch)
    return secret_service


@pytest.fixture
def other(authority: Authority) -> OtherSystem:
    """A system behind an https address; it has not been opened."""
    return OtherSystem(NO_CONTENT, tls=authority.server_context("crm.test"), host="crm.test")


def _profile(other: OtherSystem) -> bytes:
    return PROFILE.format(address=other.url).encode()


async def test_a_live_shift_has_its_profile_from_an_address_and_tells_of_its_calls(
    keyring: Session, live_shift: Opened, line: Line, other: OtherSystem, tmp_path: Path
) -> None:
    await WebhookSecrets().keep("crm", SHARED)
    line.mend()
    async with other:
        other.replies.insert(0, http(_profile(other)))
        (tmp_path / "settings.toml").write_text(
            tomli_w.dumps({"profile_address": f"{other.url}/{{campaign}}.toml"}), encoding="utf-8"
        )
        async with live_shift() as shift:
            agent = shift.agent
            await agent.log_in()
            await until(lambda: list((tmp_path / "kept-profiles").glob("*.toml")), "the profile")
            await agent.take_call()
            if agent.desk.popup.profile.name != "Lantern":  # it came while this call began
                await agent.store("Interested")
            await agent.store("Sale", "by mail")
            await agent.store("Sale", way_on="Logoff")
            await agent.done()
            await until(lambda: len(other.asked) >= 5, "the messages")
        profile, *told = other.asked
    assert (profile.method, profile.target) == ("GET", "/1.toml")
    assert all(one.is_signed_with(SHARED) for one in told)
    messages = [json.loads(one.body) for one in told]
    assert [one["event"] for one in messages] == ["connect", "stored"] * 2
    assert [one.get("disposition") for one in messages] == [None, "Sale"] * 2
    assert [response[0][0] for response in shift.responses()][-2:] == ["Sale", "Sale"]


async def test_a_practice_tells_nobody_of_its_calls(
    keyring: Session, qapp: QtApplication, quick: Scenario, other: OtherSystem, tmp_path: Path
) -> None:
    await WebhookSecrets().keep("crm", SHARED)
    async with other:
        file = tmp_path / "campaign.toml"
        file.write_bytes(_profile(other))
        async with at_work(qapp, Options(practice=True, data_dir=tmp_path, profile=file), quick) as agent:
            await agent.log_in()
            await agent.store("Sale", "by mail")
            assert agent.desk.popup.profile.name == "Lantern"
            await agent.store("Sale", way_on="Logoff")
            await agent.done()
        assert other.connections == 0


@pytest.mark.logs("is told of no calls, for there is no secret crm to sign with")
async def test_without_its_secret_nothing_is_sent_and_the_window_says_so(
    live_shift: Opened, line: Line, other: OtherSystem, tmp_path: Path
) -> None:
    line.mend()
    async with other:
        (tmp_path / "profiles").mkdir()
        (tmp_path / "profiles" / "1.toml").write_bytes(_profile(other))
        async with live_shift() as shift:
            await shift.agent.log_in()
            await shift.agent.take_call()
            await until(lambda: "crm.test is told of no calls" in shift.agent.told(), "what is missing", told=shift.agent.told)
            await shift.agent.store("Sale", way_on="Logoff")
            await shift.agent.done()
        assert other.connections == 0
