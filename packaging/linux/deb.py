"""The Debian package of the frozen program.

Without debhelper: what is to be installed is laid out below a folder, and dpkg-deb packs it. dpkg-shlibdeps says which packages
have the libraries that we left to the system, and in which version: so the package is for the Debian or Ubuntu that it is made
on, and newer ones. Menu and icons are seen to by the system's own triggers.

An upgrade can come in the middle of a shift: Debian upgrades by itself, and has no way to wait. The program that runs goes on
with its own files; the scripts in `scripts/` see to that.
"""

from __future__ import annotations

import gzip
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import icons
import licences
from bundle import APP_NAME, COMMAND, MAINTAINER, ROOT, VERSION

_HERE = Path(__file__).resolve().parent
_SCRIPTS = _HERE / "scripts"
"""What dpkg runs, and when, by their names: Debian policy, chapter 6."""
_ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)

_READ = ("tzdata", "ca-certificates")
"""What no library is linked to, but the program reads."""
_MISSED_BY_FEW = ("libxss1", "gnome-keyring | kwalletmanager | keepassxc", "pulseaudio | pipewire-pulse", "xdg-utils")
"""Away from the keyboard, the API key, sounds, links to a browser: without one of these the rest works."""

_CONTROL = """\
Package: {package}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {kilobytes}
Depends: {depends}
Recommends: {recommends}
Section: comm
Priority: optional
Description: desktop companion of a call-center agent's phone
 {name} logs an agent in to a hosted call center, waits for the next call,
 pops up who is on the line, takes disposition and notes, and asks for the
 next call. The phone is the agent's own.
"""


OLD_VERSION = "0.0.1"
"""Of the package that the trial upgrades; nobody is given it."""


def path(out: Path, version: str = VERSION) -> Path:
    """Where `make` puts the package."""
    return out / f"{COMMAND}_{version}_{_said('dpkg', '--print-architecture')}.deb"


def make(folder: Path, out: Path, version: str = VERSION, *, quick: bool = False) -> Path:
    """Pack the frozen program in `folder`; `quick` makes the package larger."""
    with tempfile.TemporaryDirectory(prefix="nextcall-deb-") as temporary:
        root = Path(temporary) / "root"
        (root / "DEBIAN").mkdir(parents=True)
        _lay_out(folder, root, version)
        depends = _linked_to(root / "usr" / "lib" / COMMAND, Path(temporary))
        kilobytes = sum(file.lstat().st_size for file in root.rglob("*")) // 1024
        control = _CONTROL.format(
            package=COMMAND,
            name=APP_NAME,
            version=version,
            maintainer=MAINTAINER or "Nobody yet <nobody@nextcall.invalid>",
            architecture=_said("dpkg", "--print-architecture"),
            kilobytes=kilobytes,
            depends=", ".join([depends, *_READ]),
            recommends=", ".join(_MISSED_BY_FEW),
        )
        _write(root / "DEBIAN" / "control", control.encode())
        _set_modes(root)
        made = path(out, version)
        packing = "-Zgzip -z1" if quick else "-Zxz"
        subprocess.run(["dpkg-deb", "--root-owner-group", *packing.split(), "--build", root, made], check=True)
    print(control if not quick else "", end="")
    print(f"{made}, {made.stat().st_size / 1e6:.1f} MB")
    return made


def _lay_out(folder: Path, root: Path, version: str) -> None:
    """Everything where it is to be installed."""
    shutil.copytree(folder, root / "usr" / "lib" / COMMAND / "package", symlinks=True)
    command = root / "usr" / "bin" / COMMAND
    command.parent.mkdir(parents=True)
    command.symlink_to(f"../lib/{COMMAND}/current/{COMMAND}")
    for script in _SCRIPTS.iterdir():
        _write(root / "DEBIAN" / script.name, script.read_text(encoding="utf-8").replace("@VERSION@", version).encode())
    share = root / "usr" / "share"
    _write(share / "applications" / f"{COMMAND}.desktop", (_HERE / "nextcall.desktop").read_bytes())
    for size in _ICON_SIZES:
        _write(share / "icons" / "hicolor" / f"{size}x{size}" / "apps" / f"{COMMAND}.png", icons.png(size))
    _write(share / "icons" / "hicolor" / "scalable" / "apps" / f"{COMMAND}.svg", icons.ICON.read_bytes())
    documents = share / "doc" / COMMAND
    _write(documents / "copyright", (_HERE / "copyright").read_bytes())
    (documents / licences.FOLDER).symlink_to(f"../../../lib/{COMMAND}/package/_internal/{licences.FOLDER}")
    _write(documents / "changelog.gz", gzip.compress((ROOT / "packaging" / "CHANGELOG.md").read_bytes(), mtime=0))


def _linked_to(folder: Path, work: Path) -> str:
    """The packages, each with its lowest version, that have the libraries which are not in the bundle."""
    ours = [file for file in sorted(folder.rglob("*")) if not file.is_symlink() and _is_elf(file)]
    places = sorted({f"-l{file.parent}" for file in ours})
    in_the_bundle = ["dpkg-query", "--search", *(f"*/{file.name}" for file in ours)]
    owners = subprocess.run(in_the_bundle, capture_output=True, text=True, check=False).stdout.splitlines()
    not_needed = sorted({f"-x{owner.partition(':')[0]}" for owner in owners})
    _write(work / "debian" / "control", f"Source: {COMMAND}\n\nPackage: {COMMAND}\nArchitecture: any\n".encode())
    command = ["dpkg-shlibdeps", "--ignore-missing-info", "-O", *places, *not_needed, *(f"-e{file}" for file in ours)]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stderr}dpkg-shlibdeps could not tell which packages are needed.")
    return done.stdout.strip().removeprefix("shlibs:Depends=")


def _is_elf(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _set_modes(root: Path) -> None:
    """Everybody may read, nobody may write, programs may be run; whatever this machine makes of new files."""
    scripts = {script.name for script in _SCRIPTS.iterdir()}
    for file in [root, *root.rglob("*")]:
        if not file.is_symlink():
            runs = file.is_dir() or file.name == COMMAND or file.name in scripts
            file.chmod(stat.S_IFMT(file.stat().st_mode) | (0o755 if runs else 0o644))


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
