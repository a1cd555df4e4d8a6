"""What an organisation sets: read from each system's place, value by value, and only as an administrator wrote it."""

from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest
import tomli_w
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from desktop.settings import policy
from desktop.settings.memory import Memory
from desktop.settings.policy import NO_POLICY, Policy, from_plist, from_toml, settable
from desktop.settings.settings import PERSONAL, Settings, SettingsFile
from desktop.ui.sound import SOUNDS
from tests.desk import needs

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = "https://calls.example/service?wsdl"
EVERYTHING: dict[str, Any] = {
    "service_url": SERVICE,
    "broadcast_url": "https://calls.example/broadcast?wsdl",
    "profile_address": "https://intranet.example/{campaign}.toml",
    "undo_seconds": 20,
    "remember": False,
    "popup": "strip",
    "notification": False,
    "notification_names": True,
    "taskbar": False,
    "sound": "marimba",
    "sound_output": "Headset",
    "sound_volume": 0,
    "supervisor": True,
    "update_check": False,
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="files of macOS and Linux")


@pytest.fixture(autouse=True)
def administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests plays the administrator."""
    if sys.platform != "win32":
        monkeypatch.setattr(policy, "ADMINISTRATOR", os.getuid())


def _toml(folder: Path, text: str | bytes) -> Policy:
    file = folder / "policy.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(0o644)
    return from_toml(file)


def _plist(folder: Path, content: bytes) -> Policy:
    file = folder / "nextcall.plist"
    file.write_bytes(content)
    file.chmod(0o644)
    return from_plist(file)


# ------------------------------------------------------------------------------------------------------ what can be set


def test_every_setting_can_be_set_but_those_that_are_the_agents_own():
    assert list(settable()) == list(EVERYTHING)
    assert set(Settings.__struct_fields__) - set(settable()) == {"campaign_id", "phone_number", "shortcuts", "supervised"}


def test_the_sounds_are_those_that_there_are():
    assert settable()["sound"].choices == ("", *SOUNDS)


def test_a_setting_that_nobody_has_thought_about_is_noticed():
    class Unnamed(msgspec.Struct):
        colour: str = "blue"

    class Odd(msgspec.Struct):
        colours: Annotated[tuple[str, ...], msgspec.Meta(title="Colours", description="Which")] = ()

    for struct in (Unnamed, Odd):
        [one] = msgspec.inspect.type_info(struct).fields
        with pytest.raises(TypeError, match="PERSONAL"):
            policy._settable(one)
    assert PERSONAL


# ----------------------------------------------------------------------------------------------------------- the files


@posix
@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY, None], ids=["xml", "binary", "toml"])
def test_everything_that_can_be_set_is_read(tmp_path: Path, form: Any):
    found = _toml(tmp_path, tomli_w.dumps(EVERYTHING)) if form is None else _plist(tmp_path, plistlib.dumps(EVERYTHING, fmt=form))
    assert found == Policy(EVERYTHING)
    assert found.locked == set(EVERYTHING)
    assert found.trouble is None
    assert msgspec.structs.asdict(found.over(Settings())).items() >= EVERYTHING.items()


@posix
@pytest.mark.parametrize("read", [from_toml, from_plist])
def test_without_a_file_nothing_is_set(tmp_path: Path, read: Callable[..., Policy]):
    (tmp_path / "a file").touch()
    for file in (tmp_path / "none", tmp_path / "not" / "there", tmp_path / "a file" / "below"):
        assert read(file) == NO_POLICY
    assert NO_POLICY.over(Settings(undo_seconds=3)) == Settings(undo_seconds=3)


@posix
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("undo_seconds = 21", "a whole number from 0 to 20"),
        ("undo_seconds = -1", "a whole number from 0 to 20"),
        ("undo_seconds = 5.0", "a whole number from 0 to 20"),
        ('undo_seconds = "5"', "a whole number from 0 to 20"),
        ("undo_seconds = true", "a whole number from 0 to 20"),
        ("remember = 0", "true or false"),
        ('remember = "false"', "true or false"),
        ("remember = [false]", "true or false"),
        ("[remember]\nx = 1", "true or false"),
        ('sound = "trumpet"', "one of: none, chime, marimba, pulse"),
        ("sound = 1", "one of: none, chime, marimba, pulse"),
        ("sound_output = 1979-05-27", "a text"),
        ('service_url = ""', "starts with https:// and names a computer"),
        ('service_url = "calls.example"', "starts with https:// and names a computer"),
        ('broadcast_url = "file:///etc/passwd"', "starts with https:// and names a computer"),
        ('profile_address = "http://intranet.example/x"', "has to start with https://"),
        ('profile_address = "https://intranet.example/{agent}"', "can be {campaign}"),
    ],
)
def test_a_wrong_value_is_left_out_in_a_sentence_and_the_rest_counts(tmp_path: Path, line: str, wanted: str):
    found = _toml(tmp_path, f"sound_volume = 5\n{line}\n")
    assert found.values == {"sound_volume": 5}
    [complaint] = found.complaints
    name = line.strip("[").split("]")[0].split(" ")[0]
    assert complaint.startswith(f"{tmp_path / 'policy.toml'}: {name} is ignored. ")
    assert wanted in complaint
    assert found.trouble is not None
    assert found.trouble.reason == complaint


@posix
def test_what_is_typed_around_a_text_is_nothing(tmp_path: Path):
    assert _toml(tmp_path, f'service_url = " {SERVICE}\\n"').values == {"service_url": SERVICE}


@posix
@pytest.mark.parametrize("written", ["", "none"])
def test_no_sound_can_be_written_in_words(tmp_path: Path, written: str):
    assert _toml(tmp_path, f'sound = "{written}"\nsound_output = "{written}"').values == {"sound": "", "sound_output": written}


@posix
@pytest.mark.parametrize("name", ["campaign_id", "phone_number", "shortcuts", "colour", "Undo_Seconds", "", "__class__"])
def test_what_is_no_setting_of_an_organisation_is_in_the_log_only(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str):
    with caplog.at_level("INFO"):
        assert _toml(tmp_path, f'"{name}" = "7"\nsound_volume = 5') == Policy({"sound_volume": 5})
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'policy.toml'}: NextCall has no setting “{name}” that an organisation sets"
    ]


@posix
@pytest.mark.parametrize(
    "damage",
    [b"undo_seconds = ", b"\xff\xfe\x00", b"undo_seconds = 1\nundo_seconds = 2", b"a = " + b"[" * 5000, b"\x00", b"= 1"],
)
def test_a_broken_toml_sets_nothing_and_is_told(tmp_path: Path, damage: bytes):
    found = _toml(tmp_path, damage)
    assert not found.values
    [complaint] = found.complaints
    assert complaint.startswith(f"{tmp_path / 'policy.toml'}: It is no TOML that can be read")


@posix
@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"undo_seconds = 1", b"bplist00", b"bplist00" + bytes(40), b"<plist><dict><key>a</key></dict></plist>"),
        *(b"<plist><dict><integer>x</integer></dict></plist>", b"<plist><date>x</date></plist>", b"<plist>" * 5000),
        *(plistlib.dumps(["undo_seconds"]), plistlib.dumps(EVERYTHING)[:-30]),
        plistlib.dumps(EVERYTHING, fmt=plistlib.FMT_BINARY)[:-9],
    ],
)
def test_a_broken_property_list_sets_nothing_and_is_told(tmp_path: Path, damage: bytes):
    found = _plist(tmp_path, damage)
    assert not found.values
    [complaint] = found.complaints
    assert complaint.startswith(f"{tmp_path / 'nextcall.plist'}: It is no property list")


@posix
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.binary(max_size=60), st.sampled_from([b"", b"bplist00", b"<?xml?><plist><dict><key>sound</key>", b'sound = "']))
def test_no_file_takes_the_program_down(tmp_path: Path, rest: bytes, beginning: bytes):
    for found in (_toml(tmp_path, beginning + rest), _plist(tmp_path, beginning + rest)):
        assert set(found.values) <= {"sound"}


@posix
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    found = from_toml(tmp_path)
    assert found.complaints == (f"{tmp_path}: It cannot be read: Is a directory.",)


@posix
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_sets_nothing(tmp_path: Path, mode: int):
    file = tmp_path / "policy.toml"
    file.write_text("undo_seconds = 5")
    file.chmod(mode)
    found = from_toml(file)
    assert found.complaints == (f"{file}: Not only the administrator can write it, so it is ignored.",)
    assert not found.values


@posix
def test_a_file_of_an_agent_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "policy.toml"
    file.write_text("undo_seconds = 5")
    file.chmod(0o644)
    monkeypatch.setattr(policy, "ADMINISTRATOR", os.getuid() + 1)
    for read in (from_toml, from_plist):
        assert read(file).complaints == (f"{file}: Not only the administrator can write it, so it is ignored.",)


@posix
def test_many_complaints_are_told_in_short(tmp_path: Path):
    found = _toml(tmp_path, "".join(f"{name} = [1]\n" for name in EVERYTHING))
    assert len(found.complaints) == len(EVERYTHING)
    assert found.trouble is not None
    assert found.trouble.reason.endswith(f"{found.complaints[1]} The log file has {len(EVERYTHING) - 2} more of this.")


ON_LINUX = """
mount -t tmpfs tmpfs /etc || exit 99
mkdir /etc/nextcall
printf 'undo_seconds = 5\\n' > /etc/nextcall/policy.toml
for mode in 644 666; do
    chmod $mode /etc/nextcall/policy.toml
    "$1" -c 'from desktop.settings import policy; found = policy.read(); print(dict(found.values), len(found.complaints))'
done
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of Linux")
def test_the_real_place_of_linux():
    """In a file system of this test's own, whose root is whoever runs the tests."""
    needs("unshare")
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", ON_LINUX, "sh", sys.executable]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode in {1, 99}:
        pytest.skip(f"no file system of one's own: {done.stderr.strip()}")
    assert done.stdout.splitlines() == ["{'undo_seconds': 5} 0", "{} 1"], done.stderr


# -------------------------------------------------------------------------------------------- several places, one policy


def test_the_first_place_wins_and_every_complaint_is_told(monkeypatch: pytest.MonkeyPatch, expected_warnings: list[str]):
    expected_warnings += ["one.", "two."]
    machine, user = Policy({"undo_seconds": 5}, ("one.",)), Policy({"undo_seconds": 9, "taskbar": False}, ("two.",))
    monkeypatch.setattr(policy, "_places", lambda: iter((machine, user)))
    assert policy.read() == Policy({"undo_seconds": 5, "taskbar": False}, ("one.", "two."))


@posix
def test_a_mac_looks_at_the_computers_file_and_then_at_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import pwd

    user = tmp_path / pwd.getpwuid(os.getuid()).pw_name
    user.mkdir()
    for folder, sets in ((tmp_path, {"undo_seconds": 5}), (user, {"undo_seconds": 9, "sound": "pulse"})):
        (folder / "nextcall.desktop.plist").write_bytes(plistlib.dumps(sets))
        (folder / "nextcall.desktop.plist").chmod(0o644)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(policy, "MANAGED_PREFERENCES", tmp_path)
    assert policy.read() == Policy({"undo_seconds": 5, "sound": "pulse"})


def test_where_administrators_write(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    assert policy.ADMINISTRATOR == 0
    assert policy.REGISTRY_KEY == r"Software\Policies\NextCall"
    assert Path("/Library/Managed Preferences") == policy.MANAGED_PREFERENCES
    assert Path("/etc/nextcall/policy.toml") == policy.LINUX_FILE


# --------------------------------------------------------------------------------------- over the command line and agents


def test_the_command_line_counts_more_than_the_agent_and_less_than_the_organisation():
    own = Settings(service_url="https://old.example/?wsdl", undo_seconds=3)
    counts, told = NO_POLICY.resolved(own, service_url=SERVICE)
    assert (counts, told) == (msgspec.structs.replace(own, service_url=SERVICE), None)
    set_by_it = Policy({"service_url": SERVICE, "broadcast_url": ""})
    counts, told = set_by_it.resolved(own, service_url="https://elsewhere.example/?wsdl")
    assert counts == msgspec.structs.replace(own, service_url=SERVICE)
    assert told is not None
    assert str(told) == "Your organisation says where the call center is: --service on the command line is not followed."
    _, told = set_by_it.resolved(own, service_url="https://elsewhere.example/?wsdl", broadcast_url=SERVICE)
    assert told is not None
    assert told.reason == "--service and --broadcast-service on the command line are not followed."
    assert set_by_it.resolved(own, service_url=SERVICE)[1] is None
    assert set_by_it.resolved(own)[1] is None


async def test_what_the_organisation_sets_is_never_kept_as_the_agents_own(tmp_path: Path):
    file = SettingsFile(tmp_path)
    file.save(Settings(undo_seconds=3, sound="chime", taskbar=False))
    under = Policy({"undo_seconds": 9, "service_url": SERVICE, "taskbar": True})
    memory = Memory(file, file.load(), SERVICE, policy=under)
    assert memory.settings == Settings(undo_seconds=9, service_url=SERVICE, sound="chime")
    assert memory.locked == {"undo_seconds", "service_url", "taskbar"}
    await memory.save(msgspec.structs.replace(memory.settings, sound="pulse", undo_seconds=12))
    assert memory.settings == Settings(undo_seconds=9, service_url=SERVICE, sound="pulse")
    assert file.load() == Settings(undo_seconds=3, sound="pulse", taskbar=False)
    assert (tmp_path / "settings.toml").read_text().splitlines() == ["undo_seconds = 3", "taskbar = false", 'sound = "pulse"']


# ------------------------------------------------------------------------------------------------------------- Windows

ON_WINDOWS = r"""
import json, sys, winreg
sys.path.insert(0, sys.argv[1])
try:
    from desktop.settings import policy
except ModuleNotFoundError as lacks:
    sys.exit(f"lacks {lacks.name}")

policy.REGISTRY_KEY += ".Test"
HKLM, HKCU, VIEW = winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER, winreg.KEY_WOW64_64KEY
SZ, DWORD, EXPAND, MULTI, BINARY = (
    winreg.REG_SZ, winreg.REG_DWORD, winreg.REG_EXPAND_SZ, winreg.REG_MULTI_SZ, winreg.REG_BINARY)

def write(root, *values):
    with winreg.CreateKeyEx(root, policy.REGISTRY_KEY, access=winreg.KEY_WRITE | VIEW) as key:
        for name, kind, value in values:
            winreg.SetValueEx(key, name, 0, kind, value)

def tell():
    found = policy.read()
    print(json.dumps([dict(found.values), found.complaints]))

def forget():
    for root in (HKLM, HKCU):
        try:
            winreg.DeleteKeyEx(root, policy.REGISTRY_KEY, VIEW)
        except FileNotFoundError:
            pass

try:
    write(HKLM)
except PermissionError:
    sys.exit("may not write HKEY_LOCAL_MACHINE")
try:
    forget()
    tell()
    write(HKLM, *[
        (name, DWORD, int(value)) if isinstance(value, (bool, int)) else (name, SZ, value)
        for name, value in json.loads(sys.argv[2]).items()
    ])
    tell()
    forget()
    write(HKLM, ("", SZ, "the key's own"), ("Undo_Seconds", DWORD, 5), ("colour", SZ, "blue"))
    write(HKCU, ("undo_seconds", DWORD, 9), ("taskbar", DWORD, 0), ("sound", SZ, "none"))
    tell()
    forget()
    write(HKLM, ("undo_seconds", SZ, "5"), ("taskbar", DWORD, 2), ("remember", SZ, "1"), ("service_url", EXPAND, "https://a/"),
          ("sound", MULTI, ["chime"]), ("sound_output", BINARY, b"x"), ("sound_volume", DWORD, 101), ("notification", DWORD, 1))
    tell()
finally:
    forget()
"""


def test_the_registry(tmp_path: Path):
    python = sys.executable if sys.platform == "win32" else os.environ.get("NEXTCALL_WINDOWS_PYTHON", "")
    if not python:
        pytest.skip("no Windows: NEXTCALL_WINDOWS_PYTHON names a program that runs a Windows Python under Wine")
    script = tmp_path / "on_windows.py"
    script.write_text(ON_WINDOWS, encoding="utf-8")
    drive = "" if sys.platform == "win32" else "Z:"
    command = [python, f"{drive}{script}", f"{drive}{ROOT}", json.dumps(EVERYTHING)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    said = done.stdout + done.stderr
    for reason in ("lacks ", "may not write "):
        if done.returncode == 1 and said.startswith(reason):
            pytest.skip(f"that Windows Python {said.strip()}")
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(told) == 4, said
    nothing, everything, two_places, wrong = told
    assert nothing == [{}, []]
    assert everything == [EVERYTHING, []]
    assert two_places == [{"undo_seconds": 5, "taskbar": False, "sound": ""}, []]
    assert wrong[0] == {"notification": True}
    place = r"HKEY_LOCAL_MACHINE\Software\Policies\NextCall.Test"
    assert sorted(wrong[1]) == sorted(
        f"{place}: {name} is ignored. It takes {settable()[name].wants} as a {kind}."
        for name, kind in (
            ("undo_seconds", "REG_DWORD"),
            ("taskbar", "REG_DWORD, 1 or 0"),
            ("remember", "REG_DWORD, 1 or 0"),
            ("service_url", "REG_SZ"),
            ("sound", "REG_SZ"),
            ("sound_output", "REG_SZ"),
            ("sound_volume", "REG_DWORD"),
        )
    )
