"""Whether the program can be built for every Mac: for each library that is locked, pip finds a wheel with the hash of the lock.

Asked are Apple's own chips and Intel's, for the Python that releases are made with. It can be asked on every system, because pip
is only to say what it would install; it downloads next to nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bundle import INFO_PLIST, ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

LOCK = ROOT / "packaging" / "requirements-build.lock"
PYTHON = "3.13"
"""As .github/workflows/release.yml has it."""
CHIPS = ("arm64", "x86_64")


def locked(machine: str) -> dict[str, tuple[Requirement, set[str]]]:
    """What the lock has for a Mac with this chip, by name, with the hashes of its files."""
    told = {
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "os_name": "posix",
        "platform_machine": machine,
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found: dict[str, tuple[Requirement, set[str]]] = {}
    for entry in re.split(r"\n(?=[A-Za-z])", LOCK.read_text(encoding="utf-8")):
        one = Requirement(entry.splitlines()[0].removesuffix("\\").strip())
        if one.marker is None or one.marker.evaluate(told):
            found[canonicalize_name(one.name)] = one, set(re.findall(r"--hash=sha256:(\w+)", entry))
    return found


def run() -> None:
    """Print what there is. Ends the program, with words, if anything is missing or is not what was locked."""
    oldest = str(INFO_PLIST["LSMinimumSystemVersion"])
    for chip in CHIPS:
        wanted = locked(chip)
        found = _found(wanted, chip, oldest)
        made_for_macs = []
        for name, (_, hashes) in wanted.items():
            file, digest = found[name]
            if digest not in hashes:
                raise SystemExit(f"{file} is not what the lock has.")
            if any(tag.platform.startswith("macosx") for tag in parse_wheel_filename(file)[3]):
                made_for_macs.append(file)
        print(f"{chip}, macOS {oldest}, Python {PYTHON}: a wheel for each of {len(wanted)}; of those made for macOS")
        print("".join(f"  {file}\n" for file in sorted(made_for_macs)), end="")


def _found(wanted: dict[str, tuple[Requirement, set[str]]], chip: str, oldest: str) -> dict[str, tuple[str, str]]:
    """The wheel that pip would take, and its hash, by name."""
    with tempfile.TemporaryDirectory(prefix="nextcall-wheels-") as folder:
        report, listed = Path(folder) / "report.json", Path(folder) / "wanted.txt"
        listed.write_text("".join(f"{one.name}{one.specifier}\n" for one, _ in wanted.values()), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run", "--no-deps"]
        command += ["--ignore-installed", "--only-binary=:all:", "--target", folder, "--report", str(report), "-r", str(listed)]
        command += ["--platform", f"macosx_{oldest.replace('.', '_')}_{chip}", "--python-version", PYTHON]
        command += ["--implementation", "cp"]
        command += [part for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none") for part in ("--abi", abi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stderr}There is not a wheel of everything for macOS {oldest} on {chip}.")
        return dict(_told(json.loads(report.read_text(encoding="utf-8"))))


def _told(report: dict[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    for one in report["install"]:
        download = one["download_info"]
        file = download["url"].rpartition("/")[2]
        yield canonicalize_name(one["metadata"]["name"]), (file, download["archive_info"]["hashes"]["sha256"])
