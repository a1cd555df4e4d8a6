"""What is remembered from one start to the next: the settings in their file, the key in the keyring and nowhere else."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from desktop.errors import KeyNotKept, SettingsNotKept
from desktop.settings import vault as vault_module
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings, SettingsFile

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sEcReT-key-of-the-account"
SERVICE = "https://calls.example/service?wsdl"


class Keyring:
    """A keyring in a test's memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


class BrokenKeyring(Keyring):
    """One that is locked for ever."""

    def set_password(self, service: str, name: str, password: str) -> None:
        raise RuntimeError(f"locked, and so is {password}")


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    made = Keyring()
    monkeypatch.setattr(vault_module, "_backend", lambda: made)
    return made


def _next_start(folder: Path, owner: str = "") -> Memory:
    file = SettingsFile(folder)
    return Memory(file, file.load(), SERVICE, owner)


async def test_a_log_in_is_there_at_the_next_start(tmp_path: Path, keyring: Keyring):
    memory = _next_start(tmp_path)
    assert not memory.has_login
    await memory.remember_login(KEY, campaign_id="1001", phone_number="+1 202 555 0143")
    for known in (memory, _next_start(tmp_path)):
        assert known.has_login
        assert known.settings == Settings(remember=True, campaign_id="1001", phone_number="+1 202 555 0143")
        assert await known.key() == KEY


async def test_the_key_is_in_no_file(tmp_path: Path, keyring: Keyring):
    await _next_start(tmp_path).remember_login(KEY, campaign_id="1001", phone_number="555")
    assert keyring.kept
    assert [one for one in tmp_path.rglob("*") if one.is_file() and KEY.encode() in one.read_bytes()] == []
    assert [one.name for one in tmp_path.iterdir()] == ["settings.toml"]


async def test_what_is_forgotten_is_gone(tmp_path: Path, keyring: Keyring):
    memory = _next_start(tmp_path)
    await memory.save(Settings(service_url=SERVICE))
    await memory.remember_login(KEY, campaign_id="1001", phone_number="555")
    await memory.forget_login()
    for known in (memory, _next_start(tmp_path)):
        assert not known.has_login
        assert known.settings == Settings(service_url=SERVICE, remember=False)
        assert await known.key() == ""
    assert not keyring.kept


async def test_two_data_folders_have_keys_of_their_own(tmp_path: Path, keyring: Keyring):
    first, second = _next_start(tmp_path / "a", "a"), _next_start(tmp_path / "b", "b")
    await first.remember_login(KEY, campaign_id="1", phone_number="555")
    assert await second.key() == ""
    await second.remember_login("another", campaign_id="2", phone_number="555")
    assert (await first.key(), await second.key()) == (KEY, "another")


async def test_a_keyring_that_keeps_nothing_leaves_the_rest_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(vault_module, "_backend", BrokenKeyring)
    memory = _next_start(tmp_path)
    with pytest.raises(KeyNotKept) as told:
        await memory.remember_login(KEY, campaign_id="1001", phone_number="555")
    assert KEY not in f"{told.value!r} {told.value} {told.value.reason} {told.value.advice}"
    assert _next_start(tmp_path).settings.campaign_id == "1001"


async def test_a_folder_that_cannot_be_written_holds_for_this_start(tmp_path: Path, keyring: Keyring):
    (tmp_path / "a file").touch()
    memory = Memory(SettingsFile(tmp_path / "a file" / "data"), Settings(), SERVICE)
    with pytest.raises(SettingsNotKept):
        await memory.save(Settings(campaign_id="7"))
    assert memory.settings.campaign_id == "7"


async def test_a_slow_disk_holds_up_no_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    memory = _next_start(tmp_path)
    disk = threading.Event()
    save = SettingsFile.save

    def slowly(file: SettingsFile, settings: Settings) -> None:
        disk.wait()
        save(file, settings)

    monkeypatch.setattr(SettingsFile, "save", slowly)
    saving = asyncio.get_running_loop().create_task(memory.save(Settings(campaign_id="7")))
    for _ in range(100):  # the loop goes round and round
        await asyncio.sleep(0)
    assert not saving.done()
    assert memory.settings.campaign_id == "7"
    disk.set()
    await saving
    assert _next_start(tmp_path).settings.campaign_id == "7"
