"""Starting with the session: what is written is read by the system's own readers, and comes out as the command that went in."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.errors import SettingsNotKept
from desktop.settings import autostart
from tests.desk import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMAND = ["/opt/NextCall/nextcall", "--data-dir", "/home/zoë/call data"]
NASTY = [
    "/opt/Next Call/next'call",
    "",
    " ",
    "$HOME",
    "`id`",
    '"quoted"',
    "\\",
    "\\\\s",
    "%U",
    "100%",
    "a;b&c|d",
    "#",
    "~",
    "*?",
    "\u00a0\u2028ü\U0001f33b",
]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")
not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="there, HOME is not asked for the home")
on_windows = pytest.mark.skipif(sys.platform != "win32", reason="a matter of Windows")
WRITABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the settings of all programs."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of an agent with a Mac."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


# ---------------------------------------------------------------------------------------------------------------- Linux


def _entry(config: Path) -> Path:
    return config / "autostart" / "nextcall.desktop"


def _read_by_glib(entry: Path) -> list[str]:
    """What GLib, and with it most desktops, would start."""
    glib = ctypes.CDLL(ctypes.util.find_library("glib-2.0"))
    glib.g_key_file_new.restype = glib.g_key_file_get_string.restype = ctypes.c_void_p
    keys = ctypes.c_void_p(glib.g_key_file_new())
    assert glib.g_key_file_load_from_file(keys, os.fsencode(entry), 0, None)
    line = ctypes.c_char_p(glib.g_key_file_get_string(keys, b"Desktop Entry", b"Exec", None))
    count, words = ctypes.c_int(), ctypes.POINTER(ctypes.c_char_p)()
    assert glib.g_shell_parse_argv(line, ctypes.byref(count), ctypes.byref(words), None)
    return [words[number].decode().replace("%%", "%") for number in range(count.value)]


needs_glib = pytest.mark.skipif(not ctypes.util.find_library("glib-2.0"), reason="not installed: libglib2.0-0")


@on_linux
def test_off_until_switched_on_and_off_again(config: Path):
    assert not autostart.is_on()
    autostart.off()
    autostart.on(COMMAND)
    assert autostart.is_on()
    autostart.on(COMMAND)
    assert autostart.is_on()
    assert [one.name for one in (config / "autostart").iterdir()] == ["nextcall.desktop"]
    autostart.off()
    assert not autostart.is_on()
    assert not list((config / "autostart").iterdir())


@on_linux
@needs_glib
@pytest.mark.parametrize("command", [COMMAND, NASTY])
def test_what_is_started_is_the_command(config: Path, command: Sequence[str]):
    autostart.on(command)
    assert _read_by_glib(_entry(config)) == command


@on_linux
@needs_glib
@given(command=st.lists(WRITABLE, min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_no_command_comes_out_as_another(config: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    autostart.on(command)
    assert _read_by_glib(_entry(config)) == command
    assert autostart.is_on()


@on_linux
@pytest.mark.skipif(not shutil.which("gio"), reason="not installed: libglib2.0-bin")
def test_a_desktop_starts_it_so(config: Path, tmp_path: Path):
    written = tmp_path / "written"
    program = f"import sys, pathlib; pathlib.Path({str(written)!r}).write_text(repr(sys.argv[1:]))"
    autostart.on([sys.executable, "-c", program, *NASTY])
    subprocess.run(["gio", "launch", str(_entry(config))], check=True, timeout=30)
    wait_until(lambda: written.exists() and written.read_text(), "the program")
    assert written.read_text() == repr(NASTY)


@on_linux
@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="not installed: desktop-file-utils")
@pytest.mark.parametrize("command", [COMMAND, NASTY])
def test_the_entry_is_one(config: Path, command: Sequence[str]):
    autostart.on(command)
    said = subprocess.run(["desktop-file-validate", _entry(config)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


@on_linux
@pytest.mark.parametrize("line", ["Hidden=true", "Hidden = true ", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktops_settings_switched_off_is_off_until_switched_on(config: Path, line: str):
    autostart.on([*COMMAND, "Hidden=true"])
    assert autostart.is_on()
    with _entry(config).open("a", encoding="utf-8") as entry:
        entry.write(f"{line}\n")
    assert not autostart.is_on()
    autostart.on(COMMAND)
    assert autostart.is_on()


@on_linux
def test_an_entry_that_cannot_be_read_is_off(config: Path):
    _entry(config).parent.mkdir(parents=True)
    _entry(config).write_bytes(b"\xff\xfe")
    assert not autostart.is_on()
    autostart.on(COMMAND)
    assert autostart.is_on()


@on_linux
def test_a_folder_that_cannot_be_written_is_told(config: Path):
    config.touch()
    with pytest.raises(SettingsNotKept) as told:
        autostart.on(COMMAND)
    assert (told.value.title, told.value.reason) == ("NextCall cannot be started with the computer", "Not a directory")
    with pytest.raises(SettingsNotKept, match="NextCall is still started with the computer: Not a directory"):
        autostart.off()
    assert not autostart.is_on()


@on_linux
def test_a_failure_on_the_way_leaves_the_old_entry(config: Path, monkeypatch: pytest.MonkeyPatch):
    autostart.on(COMMAND)
    before = _entry(config).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsNotKept, match="No space left"):
        autostart.on(["/elsewhere/nextcall"])
    assert _entry(config).read_bytes() == before
    assert not [one for one in (config / "autostart").glob("*.desktop") if one != _entry(config)]


@on_linux
@pytest.mark.parametrize("part", ["two\nlines", "Exec=a\nHidden=true", "\x00", "\udce4", "\x85", "a\tb"])
def test_a_command_that_no_entry_can_hold_is_told(config: Path, part: str):
    with pytest.raises(SettingsNotKept, match="a character that the system cannot write down"):
        autostart.on([*COMMAND, part])
    assert not config.exists()


# ---------------------------------------------------------------------------------------------------------------- macOS


@not_on_windows
def test_a_mac_gets_an_agent_of_launchd(home: Path):
    agents = home / "Library" / "LaunchAgents"
    assert not autostart.is_on()
    autostart.off()
    for _ in range(2):
        autostart.on(NASTY)
        assert autostart.is_on()
        [file] = agents.iterdir()
        assert file.name == "nextcall.autostart.plist"
        agent = plistlib.loads(file.read_bytes())
        assert (agent["Label"], agent["ProgramArguments"], agent["RunAtLoad"]) == (file.stem, NASTY, True)
        assert "KeepAlive" not in agent, "an agent who leaves has left"
    autostart.off()
    assert not autostart.is_on()
    assert not list(agents.iterdir())


@not_on_windows
@pytest.mark.parametrize(
    "content", [b"", b"<plist", b"no plist", plistlib.dumps(["a list"]), plistlib.dumps({"Label": "x", "Disabled": True})]
)
def test_what_is_no_agent_or_switched_off_is_off(home: Path, content: bytes):
    autostart.on(COMMAND)
    [file] = (home / "Library" / "LaunchAgents").iterdir()
    file.write_bytes(content)
    assert not autostart.is_on()
    autostart.on(COMMAND)
    assert autostart.is_on()


# -------------------------------------------------------------------------------------------------------------- Windows


@on_windows
def test_windows_gets_a_line_below_run():
    import winreg

    def value(path: str) -> object:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            return winreg.QueryValueEx(key, "NextCall")[0]

    try:
        assert not autostart.is_on()
        autostart.off()
        command = [r"C:\Program Files\NextCall\nextcall.exe", "--data-dir", "D:\\call data\\", "a&b", '"']
        for _ in range(2):
            autostart.on(command)
            assert autostart.is_on()
            assert value(autostart._RUN) == subprocess.list2cmdline(command)
        for first, switched_on in ((3, False), (2, True), (6, True), (7, False)):
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, autostart._APPROVED) as key:
                winreg.SetValueEx(key, "NextCall", 0, winreg.REG_BINARY, bytes([first]) + bytes(11))
            assert autostart.is_on() is switched_on
        autostart.on(command)
        assert autostart.is_on()
        with pytest.raises(SettingsNotKept, match="longer than the 260 characters"):
            autostart.on(["C:\\" + "x" * 300])
        assert value(autostart._RUN) == subprocess.list2cmdline(command)
    finally:
        autostart.off()
    assert not autostart.is_on()
    with pytest.raises(FileNotFoundError):
        value(autostart._RUN)
