"""What the organisation has set, as an agent meets it: it counts, it is shown, and it is not theirs to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtWidgets import QLabel, QWidget

from desktop.errors import KeyNotKept
from desktop.popup.current import CurrentProfile
from desktop.settings.policy import Policy, settable
from desktop.settings.settings import Settings, SettingsFile
from desktop.shift.states import State
from desktop.ui.parts import SET_BY_ORGANISATION
from desktop.ui.settings_dialog import SettingsDialog
from tests.simulation import ACCOUNT, a_call, until
from tests.ui.screen import Role, field, message, part, press, words
from tests.ui.seat import REMEMBERED, SERVICE, Seat, a_memory, seated, the_vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.desk import Session

pytestmark = pytest.mark.usefixtures("qapp", "hurried")
REMEMBER = "Remember me on this computer"


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    secret_service.enter(monkeypatch)
    return secret_service


def _remember(seat: Seat) -> Any:
    return part(seat.login, Role.CheckBox, REMEMBER)


async def test_without_a_policy_nothing_is_said_of_one(tmp_path: Path):
    async with seated(memory=a_memory(tmp_path)) as seat:
        assert _remember(seat).isEnabled()
        assert SET_BY_ORGANISATION not in words(seat.login)


@pytest.mark.parametrize("remembers", [False, True])
async def test_whether_anything_is_remembered_can_be_the_organisations_word(tmp_path: Path, remembers: bool):
    own = msgspec.structs.replace(REMEMBERED, remember=not remembers, campaign_id="")
    async with seated(memory=a_memory(tmp_path, own, Policy({"remember": remembers}))) as seat:
        assert _remember(seat).isChecked() == remembers
        for state in (State.CALLING, State.EXPECTING_ID, State.SIGNED_OUT):  # which enable and disable it by turns
            seat.login.show_state(state)
            assert not _remember(seat).isEnabled()
        assert words(seat.login).count(SET_BY_ORGANISATION) == 1
        assert _remember(seat).accessibleDescription() == SET_BY_ORGANISATION


async def test_what_was_remembered_before_is_forgotten_at_once_and_the_choice_is_kept(keyring: Session, tmp_path: Path):
    await the_vault(tmp_path).keep(ACCOUNT.key)
    async with seated(memory=a_memory(tmp_path, REMEMBERED, Policy({"remember": False}))) as seat:
        assert [field(seat.login, name).text() for name in ("API key", "Campaign ID", "Phone number")] == ["", "", ""]
        await until(lambda: not seat.under_way("forget"))
        assert SettingsFile(tmp_path).load() == Settings(service_url=SERVICE)  # that they wanted to be remembered is not lost
        assert await the_vault(tmp_path).key() == ""
        for name, text in (("API key", ACCOUNT.key), ("Campaign ID", "1001"), ("Phone number", "555 0143")):
            field(seat.login, name).setText(text)
        await seat.call_me()
        await until(lambda: not seat.under_way("remember"))
        assert SettingsFile(tmp_path).load() == Settings(service_url=SERVICE)
        assert await the_vault(tmp_path).key() == ""


async def test_where_the_keyring_does_not_answer_the_log_in_goes_on(tmp_path: Path):
    async with seated(memory=a_memory(tmp_path, REMEMBERED, Policy({"remember": False}))) as seat:
        await until(lambda: not seat.under_way("forget"))
        assert message(seat.login) == ""
        assert SettingsFile(tmp_path).load().phone_number == ""


@pytest.mark.parametrize("policy", [Policy({"remember": False}), Policy()])
async def test_a_key_that_could_not_be_forgotten_is_forgotten_at_the_next_start(
    secret_service: Session, tmp_path: Path, policy: Policy
):
    with pytest.MonkeyPatch.context() as here:
        secret_service.enter(here)
        await the_vault(tmp_path).keep(ACCOUNT.key)
    own = msgspec.structs.replace(REMEMBERED, remember=False)
    memory = a_memory(tmp_path, own, policy)
    with pytest.raises(KeyNotKept):
        await memory.forget_login()
    with pytest.MonkeyPatch.context() as here:
        secret_service.enter(here)
        async with seated(memory=a_memory(tmp_path, SettingsFile(tmp_path).load(), policy)) as seat:
            assert [field(seat.login, name).text() for name in ("API key", "Campaign ID", "Phone number")] == ["", "", ""]
            await until(lambda: not seat.under_way("forget"))
            assert await the_vault(tmp_path).key() == ""
        assert SettingsFile(tmp_path).load().campaign_id == ""


@pytest.mark.parametrize(("own", "organisations"), [(0, 5), (20, 5), (5, 0)])
async def test_the_organisations_seconds_count_alone(tmp_path: Path, own: int, organisations: int):
    memory = a_memory(tmp_path, msgspec.structs.replace(REMEMBERED, undo_seconds=own), Policy({"undo_seconds": organisations}))
    profile = tmp_path / "campaign.toml"
    profile.write_text('[[disposition]]\nname = "Interested"\n[wrap_up]\nundo_seconds = 10', encoding="utf-8")
    async with seated(memory=memory, profiles=CurrentProfile(profile)) as seat:
        field(seat.login, "API key").setText("k")
        await seat.log_in()
        seat.center.connect(a_call())
        await until(seat.popup.isVisible)
        seat.fill_in()
        press(seat.popup, "Logoff")
        if organisations:
            assert message(seat.popup).startswith(f"Stored in {organisations} s")
            press(seat.popup, "Undo")
        else:
            await seat.reach(State.LOGGED_OFF)


async def test_how_a_call_is_told_is_what_the_organisation_has_set(tmp_path: Path):
    memory = a_memory(tmp_path, REMEMBERED, Policy({"notification": False, "sound": "pulse"}))
    async with seated(memory=memory) as seat:
        chosen = seat.desk.channels._choices
        assert (chosen.notification, chosen.sound, chosen.taskbar) == (False, "pulse", True)


# -------------------------------------------------------------------------------------------------------- the settings


async def test_the_settings_show_what_the_organisation_has_set_and_keep_what_the_agent_had(tmp_path: Path):
    own = msgspec.structs.replace(REMEMBERED, sound_volume=10, campaign_id="")
    memory = a_memory(tmp_path, own, Policy({"undo_seconds": 5, "sound_volume": 90}))
    async with seated(memory=memory) as seat:
        used: list[Settings] = []
        seat.desk.settings_changed.connect(lambda settings, _failure: used.append(settings))
        press(seat.login, "Settings")
        [dialog] = seat.login.findChildren(SettingsDialog)
        for name, shown in (("Seconds to take a call back", 5), ("Volume", 90)):
            [control] = [one for one in dialog.findChildren(QWidget) if one.accessibleName() == name]
            assert control.value() == shown
            assert not control.isEnabled()
            assert control.accessibleDescription().startswith(SET_BY_ORGANISATION)
        assert field(dialog, "Service address").isEnabled()
        field(dialog, "Service address").setText("https://other.example/?wsdl")
        press(dialog, "Save")
        await until(lambda: used)
        kept = msgspec.structs.replace(own, service_url="https://other.example/?wsdl")
        assert used == [kept]  # what the next desk is opened with is theirs, and under the policy again
        assert SettingsFile(tmp_path).load() == kept


@pytest.mark.parametrize("name", [name for name in settable() if name != "remember"])  # which is in the log-in dialog
def test_whatever_can_be_set_has_its_place_in_the_settings(keep: Callable[[Any], Any], name: str):
    dialog = keep(SettingsDialog(Settings(), practice=False, locked={name}))
    notes = [one for one in dialog.findChildren(QLabel) if one.text() == SET_BY_ORGANISATION and not one.isHidden()]
    assert len(notes) == 1
