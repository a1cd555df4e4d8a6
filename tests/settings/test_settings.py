"""The settings file: it keeps what it is given, survives what people do to it, and never takes the program down."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desktop.callcenter.model import sendable
from desktop.errors import SettingsNotKept
from desktop.settings.settings import HOSTED_SERVICE, Settings, SettingsFile

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = Settings(
    service_url="https://calls.example/service?wsdl",
    broadcast_url="https://calls.example/broadcast?wsdl",
    profile_address="https://intranet.example/profiles/{campaign}.toml",
    undo_seconds=5,
    remember=False,
    campaign_id="1001",
    phone_number="+1 202 555 0143",
)


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many writes, none of which has to survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def test_without_a_file_the_defaults_are_there_and_nothing_is_written(tmp_path: Path):
    assert SettingsFile(tmp_path).load() == Settings()
    assert Settings().service_url == HOSTED_SERVICE
    assert not list(tmp_path.iterdir())


def test_what_is_kept_is_there_at_the_next_start(tmp_path: Path):
    folder = tmp_path / "not" / "there yet"
    SettingsFile(folder).save(CHANGED)
    assert SettingsFile(folder).load() == CHANGED
    SettingsFile(folder).save(Settings())
    assert SettingsFile(folder).load() == Settings()


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.builds(Settings, campaign_id=st.text(), phone_number=st.text(), remember=st.booleans()))
@pytest.mark.usefixtures("no_disk")
def test_any_text_is_kept(tmp_path: Path, anything: Settings):
    anything = msgspec.structs.replace(anything, phone_number=sendable(anything.phone_number), campaign_id=anything.campaign_id)
    SettingsFile(tmp_path).save(anything)
    assert SettingsFile(tmp_path).load() == anything


def test_only_what_differs_from_the_defaults_is_written(tmp_path: Path):
    SettingsFile(tmp_path).save(Settings(campaign_id="1001"))
    assert (tmp_path / "settings.toml").read_text(encoding="utf-8") == 'campaign_id = "1001"\n'


def test_a_newer_file_is_read_for_what_is_known(tmp_path: Path):
    (tmp_path / "settings.toml").write_text('colour = "blue"\ncampaign_id = "7"\n[window]\nx = 3\n', encoding="utf-8")
    assert SettingsFile(tmp_path).load() == Settings(campaign_id="7")


@pytest.mark.parametrize(
    "damage",
    [
        *(b"campaign_id = ", b"campaign_id = 7", b"remember = 'yes'", b"\xff\xfe\x00", b"a=1\na=2", b"[" * 5000),
        *(b"undo_seconds = 21", b"undo_seconds = -1", b"undo_seconds = 1.5", b"profile_address = 1"),
    ],
)
def test_a_damaged_file_is_set_aside_and_told(tmp_path: Path, damage: bytes):
    path = tmp_path / "settings.toml"
    path.write_bytes(damage)
    with pytest.raises(SettingsNotKept) as told:
        SettingsFile(tmp_path).load()
    assert told.value.title == "The settings could not be read"
    assert "settings.toml" in told.value.reason
    assert "settings.unreadable" in told.value.advice
    assert (tmp_path / "settings.unreadable").read_bytes() == damage
    assert SettingsFile(tmp_path).load() == Settings()


def test_a_file_that_is_a_folder_is_set_aside(tmp_path: Path):
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(SettingsNotKept):
        SettingsFile(tmp_path).load()
    SettingsFile(tmp_path).save(CHANGED)
    assert SettingsFile(tmp_path).load() == CHANGED


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    file = SettingsFile(tmp_path / "a file" / "below it")
    with pytest.raises(SettingsNotKept) as told:
        file.save(CHANGED)
    assert told.value.title == "The settings could not be kept"
    assert told.value.reason == "Not a directory" or sys.platform == "win32"  # which has its own words


@pytest.mark.skipif(sys.platform == "win32", reason="to Windows, such a folder is just not there")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    with pytest.raises(SettingsNotKept, match="could not be read"):
        SettingsFile(tmp_path / "a file" / "below it").load()


def test_a_failure_on_the_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = SettingsFile(tmp_path)
    file.save(CHANGED)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(SettingsNotKept, match="No space left"):
            file.save(Settings())
    assert file.load() == CHANGED
    file.save(Settings())
    assert file.load() == Settings()


@pytest.mark.usefixtures("no_disk")
def test_whoever_reads_meanwhile_reads_the_old_or_the_new_file(tmp_path: Path):
    file, other = SettingsFile(tmp_path), msgspec.structs.replace(CHANGED, campaign_id="2" * 20_000)
    file.save(CHANGED)
    done = threading.Event()

    def save() -> None:
        try:
            for _ in range(8):
                file.save(other)
                file.save(CHANGED)
        finally:
            done.set()

    writer = threading.Thread(target=save)
    writer.start()
    read = []
    while not done.wait(0.005 if sys.platform == "win32" else 0):  # there, a file that is always open can never be replaced
        read.append(file.load())
    writer.join()
    assert set(read) <= {CHANGED, other}


def test_the_settings_have_no_place_for_a_key():
    assert not [name for name in Settings.__struct_fields__ if "key" in name]
