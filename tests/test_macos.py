"""What can be seen of the program for macOS without a Mac: its entitlements, its disk image, and how it is signed and notarised.

Apple's own tools are not here; in their place stand programs that write down how they are called, and answer as Apple documents.
"""

from __future__ import annotations

import json
import os
import plistlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
ENTITLEMENTS = PACKAGING / "macos" / "entitlements.plist"
IDENTITY = "Developer ID Application: Somebody (TEAM123)"
NOTARY = {"NEXTCALL_NOTARY_KEY": "/keys/notary.p8", "NEXTCALL_NOTARY_KEY_ID": "KEY77", "NEXTCALL_NOTARY_ISSUER": "issuer-7"}
EVERYTHING = {"NEXTCALL_SIGN_AS": IDENTITY, **NOTARY}
BY_NOTARY = ["--key", "/keys/notary.p8", "--key-id", "KEY77", "--issuer", "issuer-7"]


@pytest.fixture
def disk_image(importing: None) -> ModuleType:
    from macos import disk_image

    return disk_image


@pytest.fixture
def wheels(importing: None) -> ModuleType:
    from macos import wheels

    return wheels


# ---------------------------------------------------------------------------------------------------------- entitlements


def test_the_hardened_program_may_do_one_thing_and_it_is_said_why():
    text = ENTITLEMENTS.read_text(encoding="utf-8")
    allowed = plistlib.loads(text.encode())
    assert allowed == {"com.apple.security.cs.allow-unsigned-executable-memory": True}
    for name in allowed:
        assert re.search(rf"-->\s*<key>{re.escape(name)}</key>", text), f"why {name}?"


def test_the_spec_signs_with_them_and_lets_no_broken_signature_pass():
    spec = (PACKAGING / "nextcall.spec").read_text(encoding="utf-8")
    for words in ("bundle.ENTITLEMENTS", "codesign_identity=", "PYINSTALLER_STRICT_BUNDLE_CODESIGN_ERROR"):
        assert words in spec


# ---------------------------------------------------------------------------------------------------------- the disk image


def test_the_image_has_the_program_beside_the_folder_that_it_is_dragged_into(disk_image: ModuleType, tmp_path: Path):
    app = tmp_path / "NextCall.app"
    made = disk_image.settings(app, tmp_path / "volume.icns")
    assert made["files"] == [(str(app), "NextCall.app")]
    assert made["symlinks"] == {"Applications": "/Applications"}
    assert set(made["icon_locations"]) == {"NextCall.app", "Applications"}
    (_, _), (width, height) = made["window_rect"]
    (left, top), (right, bottom) = made["icon_locations"]["NextCall.app"], made["icon_locations"]["Applications"]
    room = made["icon_size"] // 2
    assert room < left < right - 2 * room
    assert right < width - room
    assert top == bottom < height - room


def test_the_image_is_named_by_version_and_chip(disk_image: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disk_image.platform, "machine", lambda: "arm64")
    assert disk_image.path(tmp_path) == tmp_path / f"NextCall-{disk_image.VERSION}-arm64.dmg"


# ------------------------------------------------------------------------------------------------------------- signing


def test_what_is_not_there_is_not_asked_for(disk_image: ModuleType):
    assert disk_image.Signing.of({}) == disk_image.Signing("", ())
    assert disk_image.Signing.of({"NEXTCALL_SIGN_AS": IDENTITY}) == disk_image.Signing(IDENTITY, ())
    assert disk_image.Signing.of(EVERYTHING) == disk_image.Signing(IDENTITY, tuple(BY_NOTARY))


@pytest.mark.parametrize("missing", [*NOTARY, "NEXTCALL_SIGN_AS"])
def test_half_of_what_it_takes_is_refused_in_words(disk_image: ModuleType, missing: str):
    with pytest.raises(SystemExit, match=missing):
        disk_image.Signing.of({name: value for name, value in EVERYTHING.items() if name != missing})


TOOL = """\
#!{python}
import json, os, sys
from pathlib import Path
name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
with open(os.environ["TOOLS_LOG"], "a") as log:
    print(json.dumps([name, *arguments]), file=log)
answers = json.loads(os.environ["TOOLS_ANSWERS"])
said, code = answers.get(" ".join([name, *arguments[:2]]), answers.get(name, ["", 0]))
print(said)
sys.exit(code)
"""


class Tools:
    """The tools of a Mac: what was done with them, and how they answer."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._log = folder / "log"
        self._log.touch()
        for name in ("codesign", "ditto", "spctl", "xcrun"):
            tool = folder / name
            tool.write_text(TOOL.format(python=sys.executable), encoding="utf-8")
            tool.chmod(0o755)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("TOOLS_LOG", str(self._log))
        self.answer({"xcrun notarytool submit": [json.dumps({"id": "77", "status": "Accepted"}), 0]})

    def answer(self, answers: dict[str, list[Any]]) -> None:
        self._patch.setenv("TOOLS_ANSWERS", json.dumps(answers))

    def note(self, name: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            print(json.dumps([name]), file=log)

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    if sys.platform == "win32":
        pytest.skip("its programs are not scripts")
    folder = tmp_path / "tools"
    folder.mkdir()
    return Tools(folder, monkeypatch)


@pytest.fixture
def make(disk_image: ModuleType, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes an image with what the environment has; dmgbuild, which needs a Mac, only leaves the file."""

    class Dmgbuild:
        @staticmethod
        def build_dmg(name: str, volume: str, settings: dict[str, Any]) -> None:
            assert volume == "NextCall"
            assert Path(settings["icon"]).read_bytes()[:4] == b"icns"
            Path(name).write_bytes(b"an image")
            tools.note("dmgbuild")

    monkeypatch.setitem(sys.modules, "dmgbuild", Dmgbuild)

    def make(environment: dict[str, str]) -> Path:
        for name in EVERYTHING:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        app = tmp_path / "NextCall.app"
        app.mkdir()
        disk_image.make(app, tmp_path)
        made: Path = disk_image.path(tmp_path)
        assert made.is_file()
        return made

    return make


def test_signed_and_notarised_the_program_first_then_the_image(make: Callable[..., Path], tools: Tools, tmp_path: Path):
    image, app = str(make(EVERYTHING)), str(tmp_path / "NextCall.app")
    calls = tools.calls
    archive = calls[1][-1]
    assert Path(archive).name == "NextCall.zip"
    assert calls == [
        ["codesign", "--verify", "--deep", "--strict", "--verbose", app],
        ["ditto", "-c", "-k", "--keepParent", app, archive],
        ["xcrun", "notarytool", "submit", archive, *BY_NOTARY, "--wait", "--output-format", "json"],
        ["xcrun", "stapler", "staple", app],
        ["xcrun", "stapler", "validate", app],
        ["spctl", "--assess", "--type", "execute", "--verbose", app],
        ["dmgbuild"],
        ["codesign", "--sign", IDENTITY, "--timestamp", image],
        ["xcrun", "notarytool", "submit", image, *BY_NOTARY, "--wait", "--output-format", "json"],
        ["xcrun", "stapler", "staple", image],
        ["xcrun", "stapler", "validate", image],
        ["spctl", "--assess", "--type", "open", "--context", "context:primary-signature", "--verbose", image],
    ]


def test_signed_without_apple(make: Callable[..., Path], tools: Tools):
    image = str(make({"NEXTCALL_SIGN_AS": IDENTITY}))
    assert [call[0] for call in tools.calls] == ["codesign", "dmgbuild", "codesign"]
    assert tools.calls[-1] == ["codesign", "--sign", IDENTITY, "--timestamp", image]


def test_not_signed_is_said(make: Callable[..., Path], tools: Tools, capfd: pytest.CaptureFixture[str]):
    make({})
    assert tools.calls == [["dmgbuild"]]
    assert "not signed" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (json.dumps({"id": "77", "status": "Invalid"}), 0),  # which notarytool takes for a success
        (json.dumps({"id": "77", "status": "Rejected"}), 1),
        ("Error: HTTP status code: 401", 1),
        ("", 0),
    ],
)
def test_what_apple_does_not_notarise_is_not_made(
    make: Callable[..., Path], tools: Tools, answer: str, code: int, capfd: pytest.CaptureFixture[str]
):
    tools.answer({"xcrun notarytool submit": [answer, code], "xcrun notarytool log": ["the binary is not signed", 0]})
    with pytest.raises(SystemExit, match=r"Apple has not notarised NextCall\.zip"):
        make(EVERYTHING)
    assert ["dmgbuild"] not in tools.calls
    assert ("the binary is not signed" in capfd.readouterr().out) == ("id" in answer)


@pytest.mark.parametrize("fails", ["codesign --verify --deep", "ditto", "xcrun stapler staple", "spctl"])
def test_the_first_tool_that_fails_ends_it(make: Callable[..., Path], tools: Tools, fails: str):
    tools.answer({"xcrun notarytool submit": [json.dumps({"id": "77", "status": "Accepted"}), 0], fails: ["no", 3]})
    with pytest.raises(SystemExit, match="It ended with 3"):
        make(EVERYTHING)
    assert ["dmgbuild"] not in tools.calls


# ----------------------------------------------------------------------------------------------------------- the wheels


def test_what_is_locked_for_a_mac_is_what_is_needed_there(wheels: ModuleType):
    """Whether there is a wheel of each is a matter of `dev.py build --all`: it asks the package index."""
    for chip in wheels.CHIPS:
        locked = wheels.locked(chip)
        assert {"pyside6-essentials", "pyinstaller", "macholib", "dmgbuild"} <= locked.keys()
        assert not {"pywin32-ctypes", "secretstorage", "jeepney", "pefile", "tzdata"} & locked.keys()
        assert all(hashes for _, hashes in locked.values())


def test_a_wheel_that_is_not_what_was_locked_is_noticed(wheels: ModuleType, monkeypatch: pytest.MonkeyPatch):
    def found(wanted: dict[str, Any], chip: str, oldest: str) -> dict[str, tuple[str, str]]:
        assert oldest == "13.0"
        return {name: (f"{name.replace('-', '_')}-1.0-py3-none-any.whl", min(hashes)) for name, (_, hashes) in wanted.items()}

    monkeypatch.setattr(wheels, "_found", found)
    wheels.run()
    name = canonicalize_name("lxml")
    monkeypatch.setattr(wheels, "_found", lambda *these: found(*these) | {name: ("lxml-1.0-py3-none-any.whl", "another")})
    with pytest.raises(SystemExit, match="is not what the lock has"):
        wheels.run()
