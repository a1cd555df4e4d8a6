"""Makes what is given to others, and tries it: `python packaging/dev.py build` runs this in `build/venv`.

The steps are those of this system, in their order; the first one that fails ends it. What is made lies in `dist/`, what is only
needed for it in `build/`. Every row of numbers says what it was compared with: this machine's own speed means nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bundle import APP_NAME, COMMAND, ROOT

Command = Sequence[str | Path]

DIST, BUILD = ROOT / "dist", ROOT / "build"
FOLDER = DIST / (f"{APP_NAME}.app" if sys.platform == "darwin" else COMMAND)
PROGRAM = FOLDER / {"darwin": f"Contents/MacOS/{COMMAND}", "win32": f"{COMMAND}.exe"}.get(sys.platform, COMMAND)

_LARGEST = 130.0
"""Megabytes (of 1,000,000 bytes) that the unpacked program may have on Linux."""
_SLOWEST = 1.25
"""How many times as long as from source the start may take: from source it is one, and a busy machine spreads by a quarter."""
_STARTS = 11
_NOWHERE = "https://localhost:9/?wsdl"

_PARTS = (
    ("ICU, which Qt needs", r"libicu|icu\w*\.dll"),
    ("Qt's plugins", r"/plugins/"),
    ("Qt for Python", r"PySide6/Qt\w+(\.abi3)?\.(so|pyd)$|pyside6\W|shiboken6"),
    ("Qt", r"PySide6/"),
    ("Python", r"python3|Python|base_library\.zip|\.pyd$"),
    ("cryptography", r"cryptography"),
    ("lxml", r"lxml"),
    ("our resources", r"desktop/"),
    ("licences", r"/licences/"),
    ("all modules", rf"(^|/){COMMAND}(-cli)?(\.exe)?$"),
)
"""By the first pattern that is found in a file's path within the bundle."""


def main(arguments: Sequence[str]) -> int:
    steps: list[Callable[[], None]] = [] if "--package" in arguments else [wheel, freeze, self_check, tour, sizes, start]
    if arguments:
        steps += PACKAGES.get(sys.platform, ())
    for step in steps:
        print(f"\n--- {(step.__doc__ or '').splitlines()[0].rstrip('.')}", flush=True)
        try:
            step()
        except Failed as failure:
            print(f"\n{failure}", file=sys.stderr)
            return 1
    return 0


class Failed(Exception):
    """The reason, in a sentence, why the build has come to its end."""


# ------------------------------------------------------------------------------------------------------------- making


def wheel() -> None:
    """The wheel: the program and its resources, as pip installs it."""
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel"], cwd=ROOT)


def freeze() -> None:
    """The program with everything that it needs, by PyInstaller."""
    options: list[str | Path] = ["--noconfirm", "--log-level", "ERROR", "--distpath", DIST, "--workpath", BUILD / "pyinstaller"]
    _run([sys.executable, "-m", "PyInstaller", *options, ROOT / "packaging" / "nextcall.spec"], cwd=ROOT)
    print(PROGRAM)


# ------------------------------------------------------------------------------------------------------------- trying


def self_check() -> None:
    """Its --self-check."""
    table = BUILD / "self-check.txt"
    done = _program("--self-check", table)
    print(table.read_text(encoding="utf-8"), end="")
    if done.returncode or done.stderr:
        raise Failed(f"--self-check ended with {done.returncode}. {done.stderr}")


def tour() -> None:
    """The tour, played with it."""
    pictures = BUILD / "tour"
    shutil.rmtree(pictures, ignore_errors=True)
    done = _program("tour", "--out", pictures)
    print("".join(done.stdout.splitlines(keepends=True)[-2:]), end="")
    taken = {scheme: len(list((pictures / scheme).glob("*.png"))) for scheme in ("light", "dark")}
    if done.returncode or done.stderr or len(set(taken.values())) != 1 or not all(taken.values()):
        raise Failed(f"The tour ended with {done.returncode}, pictures: {taken}. {done.stderr}")


def sizes() -> None:
    """Its size by part, in MB."""
    parts = dict.fromkeys([*(name for name, _ in _PARTS), "the rest"], 0)
    for file in FOLDER.rglob("*"):
        if file.is_file() and not file.is_symlink():
            path = file.relative_to(FOLDER).as_posix()
            parts[next((name for name, pattern in _PARTS if re.search(pattern, path)), "the rest")] += file.stat().st_size
    for name, size in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"{name:22}{size / 1e6:8.1f}")
    whole = sum(parts.values()) / 1e6
    print(f"{'all':22}{whole:8.1f}")
    if sys.platform == "linux" and whole > _LARGEST:
        raise Failed(f"That is more than {_LARGEST:g} MB.")


def start() -> None:
    """Its start: from the process to the first paint and out again."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--exit-after-first-paint", "--data-dir", folder, "--service", _NOWHERE]
        commands: tuple[Command, Command] = ([PROGRAM, *arguments], [sys.executable, "-m", "desktop", *arguments])
        wall: tuple[list[float], list[float]] = ([], [])
        for turn in range(_STARTS + 1):
            for which, command in enumerate(commands):
                began = time.perf_counter()
                _run(command, cwd=ROOT)
                if turn:  # the first turn fills the caches
                    wall[which].append(time.perf_counter() - began)
    ours, source = map(statistics.median, wall)
    print(f"frozen {ours * 1000:.0f} ms, from source {source * 1000:.0f} ms, ratio {ours / source:.2f}   medians of {_STARTS}")
    if ours / source > _SLOWEST:
        raise Failed("The frozen program starts more slowly than from source.")


# ------------------------------------------------------------------------------------------------------ for one system


def debian_package() -> None:
    """The package for Debian and Ubuntu."""
    from linux import deb

    deb.make(FOLDER, DIST)


def fresh_debian() -> None:
    """The package on a fresh Debian: installed, upgraded in the middle of a shift, used, removed."""
    from linux import deb, trial

    trial.run(deb.path(DIST), older=deb.make(FOLDER, BUILD, deb.OLD_VERSION, quick=True))


def libraries_for_macs() -> None:
    """The libraries for macOS, which this system can at least ask for."""
    from macos import wheels

    wheels.run()


def disk_image() -> None:
    """The disk image."""
    from macos import disk_image as image

    image.make(FOLDER, DIST)


def setup() -> None:
    """The installer."""
    from windows import installer

    installer.make(FOLDER, DIST)


def setup_on_this_windows() -> None:
    """The installer on this Windows: installed, upgraded, removed."""
    from windows import installer

    older = installer.make_older(FOLDER, BUILD)
    _run([sys.executable, "packaging/windows/trial.py", FOLDER, older, installer.path(DIST)], cwd=ROOT)


PACKAGES: dict[str, tuple[Callable[[], None], ...]] = {
    "linux": (debian_package, fresh_debian, libraries_for_macs),
    "darwin": (disk_image,),
    "win32": (setup, setup_on_this_windows),
}
"""The steps from the frozen program to what people install, by sys.platform."""


# --------------------------------------------------------------------------------------------------------------- tools


def _program(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the frozen program as a desktop does: with nothing of this environment's Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        [PROGRAM, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )


def _run(command: Command, cwd: Path) -> None:
    if code := subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Failed(f"It ended with {code}: {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
