"""The disk image of the frozen program for macOS, signed and notarised where this computer has what that takes.

PyInstaller signs the program itself as it freezes it (nextcall.spec), so that what is tried is what people get. Here Apple is
asked to notarise it, the image is made and signed, and Apple is asked once more. What it takes are names and files, no password:

- NEXTCALL_SIGN_AS: an identity of the keychain, "Developer ID Application: NAME (TEAM)";
- NEXTCALL_NOTARY_KEY, NEXTCALL_NOTARY_KEY_ID, NEXTCALL_NOTARY_ISSUER: the file of an App Store Connect key, its id, its issuer.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import icons
from bundle import APP_NAME, VERSION


@dataclass(frozen=True)
class Signing:
    """As whom to sign, and as whom to ask Apple. Empty where that is not to be done."""

    identity: str = ""
    notary: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """As the environment wants it. Ends the program, with words, if it wants half of it."""
        identity = environment.get("NEXTCALL_SIGN_AS", "")
        notary = {name: environment.get(f"NEXTCALL_NOTARY_{name}", "") for name in ("KEY", "KEY_ID", "ISSUER")}
        missing = [f"NEXTCALL_NOTARY_{name}" for name, value in notary.items() if not value]
        if missing and len(missing) < len(notary):
            raise SystemExit(f"To notarise, {' and '.join(missing)} must be set, too.")
        if not missing and not identity:
            raise SystemExit("Apple notarises nothing that is not signed: NEXTCALL_SIGN_AS must be set, too.")
        options = ("--key", notary["KEY"], "--key-id", notary["KEY_ID"], "--issuer", notary["ISSUER"])
        return cls(identity, () if missing else options)


def path(out: Path) -> Path:
    """Where `make` puts the image; there is one for Apple's own chips and one for Intel's."""
    return out / f"{APP_NAME}-{VERSION}-{platform.machine()}.dmg"


def make(app: Path, out: Path) -> None:
    """Pack the frozen program `app`."""
    import dmgbuild  # only there on macOS

    signing = Signing.of(os.environ)
    if signing.identity:
        _do("codesign", "--verify", "--deep", "--strict", "--verbose", app)
    if signing.notary:
        _notarise_program(app, signing)
    with tempfile.TemporaryDirectory(prefix="nextcall-dmg-") as folder:
        icon = Path(folder) / "volume.icns"
        icon.write_bytes(icons.icns())
        dmgbuild.build_dmg(str(path(out)), APP_NAME, settings=settings(app, icon))
    finish(path(out), signing)


def settings(app: Path, icon: Path) -> dict[str, Any]:
    """What dmgbuild is to make: a window with the program on the left, and the folder that it is dragged into on the right."""
    return {
        "files": [(str(app), app.name)],
        "symlinks": {"Applications": "/Applications"},
        "icon": str(icon),
        "background": "builtin-arrow",  # for which the rest is made
        "icon_size": 128,
        "icon_locations": {app.name: (140, 120), "Applications": (500, 120)},
        "window_rect": ((200, 200), (640, 280)),
        "format": "ULMO",  # the smallest, for macOS 10.15 and newer
    }


def finish(image: Path, signing: Signing) -> None:
    """Sign the image and have it notarised, as far as there is the means; say what it is then."""
    if signing.identity:
        _do("codesign", "--sign", signing.identity, "--timestamp", image)
    if signing.notary:
        _notarise(image, signing)
        _staple(image)
        _do("spctl", "--assess", "--type", "open", "--context", "context:primary-signature", "--verbose", image)
    is_signed = f"signed as {signing.identity}" if signing.identity else "not signed: macOS asks before it opens it (ADMIN.md)"
    print(f"{image}, {is_signed}{', notarised' if signing.notary else ''}")


def _notarise_program(app: Path, signing: Signing) -> None:
    """So that it opens on a computer that has no network at that moment: what Apple says is stapled to the program itself."""
    with tempfile.TemporaryDirectory(prefix="nextcall-notary-") as folder:
        archive = Path(folder) / f"{app.stem}.zip"
        _do("ditto", "-c", "-k", "--keepParent", app, archive)
        _notarise(archive, signing)
    _staple(app)
    _do("spctl", "--assess", "--type", "execute", "--verbose", app)


def _notarise(file: Path, signing: Signing) -> None:
    """Have Apple look at it; takes minutes. Ends the program, with Apple's words, if it does not like it."""
    submit: list[str | Path] = ["xcrun", "notarytool", "submit", file, *signing.notary, "--wait", "--output-format", "json"]
    done = subprocess.run(submit, capture_output=True, text=True, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if done.returncode == 0 and answer.get("status") == "Accepted":
        print(f"{file.name} is notarised")
        return
    if "id" in answer:
        subprocess.run(["xcrun", "notarytool", "log", answer["id"], *signing.notary], check=False)
    raise SystemExit(f"{done.stdout}{done.stderr}\nApple has not notarised {file.name}.")


def _staple(thing: Path) -> None:
    _do("xcrun", "stapler", "staple", thing)
    _do("xcrun", "stapler", "validate", thing)


def _do(*command: str | Path) -> None:
    if code := subprocess.run(command, check=False).returncode:
        raise SystemExit(f"It ended with {code}: {' '.join(map(str, command))}")
