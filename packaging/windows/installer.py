"""Makes the installer for Windows with NSIS, on Windows or Linux: `python packaging/windows/installer.py FOLDER`.

FOLDER is the frozen program. `nextcall.nsi` does the work; here it is told what it is to install. Beside the installer in `dist/`
there will be one of an older version in `build/`, which nobody is given: trial.py upgrades it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import icons
from bundle import APP_NAME, COMMAND, ROOT, VERSION

from desktop.ui.app_id import APP_ID

_SCRIPT = Path(__file__).with_name("nextcall.nsi")
OLD_VERSION, STALE = "0.0.1", "_internal/stale.txt"
"""The older version, and the file that it has and no newer one."""


def path(dist: Path, version: str = VERSION) -> Path:
    """Where `make` leaves the installer."""
    return (dist / f"{APP_NAME}-{version}-setup.exe").resolve()


def make(folder: Path, dist: Path, version: str = VERSION, *, quick: bool = False) -> Path:
    """Make the installer of the program in `folder`; `quick` makes it larger. Raises SystemExit with the compiler's words."""
    dist.mkdir(parents=True, exist_ok=True)
    made = path(dist, version)
    with tempfile.TemporaryDirectory() as work:
        icon = Path(work) / f"{COMMAND}.ico"
        icon.write_bytes(icons.ico())
        told = {
            "VERSION": version,
            "NUMBERS": ".".join([*re.findall(r"\d+", version), "0", "0", "0", "0"][:4]),
            "KB": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // 1024,
            "FOLDER": folder.resolve(),
            "ICON": icon,
            "APP_ID": APP_ID,
            "OUT": made,
        }
        defines = [f"-D{name}={value}" for name, value in told.items()]
        command = [_compiler(), "-V2", "-WX", *(["-DQUICK"] if quick else []), *defines, str(_SCRIPT)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}NSIS ended with {done.returncode}.")
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")
    return made


def make_older(folder: Path, build: Path) -> Path:
    """Make the installer of the older version for the trial: quickly, and from the same program with a file more."""
    with tempfile.TemporaryDirectory() as work:
        older = Path(work) / COMMAND
        shutil.copytree(folder, older)
        (older / STALE).write_text("This file belongs to the older version only.\n", encoding="utf-8")
        return make(older, build, OLD_VERSION, quick=True)


def _compiler() -> str:
    usual = Path(os.environ.get("PROGRAMFILES(X86)", "")) / "NSIS" / "makensis.exe"
    found = shutil.which("makensis") or (str(usual) if usual.is_file() else "")
    if not found:
        raise SystemExit("The installer for Windows is compiled by NSIS, which is not here (nsis.sourceforge.io; Debian's nsis).")
    return found


if __name__ == "__main__":
    make(Path(sys.argv[1]), ROOT / "dist")
    make_older(Path(sys.argv[1]), ROOT / "build")
