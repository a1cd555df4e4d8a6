"""The licences of all that is in the frozen program, for `nextcall.spec`, which puts them beside it in `licences/`.

Each file that is taken in is of NextCall, of Python, of a library that pip has installed, or of the system that builds it; one
that is nobody's, or has no licence that is known here, ends the build. What libraries do not bring lies in `packaging/licences`.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from bundle import APP_NAME, ROOT, VERSION, Entry

FOLDER = "licences"
"""Where they are in the bundle."""

_KEPT = ROOT / "packaging" / "licences"
_QT = ("LGPL-3.0.txt", "GPL-3.0.txt", "in-Qt.txt")  # the LGPL is the GPL with permissions added, so it takes both
_NOT_BROUGHT = {
    "pyside6-essentials": _QT,
    "pyside6-addons": _QT,
    "shiboken6": _QT,
    "lxml": ("LGPL-2.1.txt",),  # the text of its libiconv's licence; the others it brings
}
"""What of `packaging/licences` counts for a library, beside what it brings."""
_STARTS_IT = "pyinstaller"
"""The program's first instructions are from it."""
_NAMES = ("licen", "copying", "notice", "copyright", "authors")

_HEAD = f"""\
{APP_NAME} {VERSION} is made of these parts. The file of each has the text of its licence.

Qt and Qt for Python (PySide6, shiboken6) are used under the GNU Lesser General Public License, version 3. They are as their
makers publish them, but for symbols, and lie in files of their own, so that others can be put in their place. Their sources:
https://download.qt.io/official_releases. The source of libiconv, which is in lxml: https://ftp.gnu.org/gnu/libiconv.

"""


class NoLicence(SystemExit):
    """What is taken in, but comes with no licence that we know of; in a sentence."""


@dataclass(frozen=True)
class Part:
    """Something that is taken in as a whole."""

    name: str
    version: str
    licence: str
    """In a few words, as it says itself; may be empty."""
    brought: tuple[Path, ...]
    """The files that it brings."""
    kept: tuple[str, ...] = ()
    """The names of those in `packaging/licences`."""

    def text(self) -> str:
        """What its file says."""
        head = [f"{self.name} {self.version}", self.licence, *(f"See also {name}." for name in self.kept)]
        brought = [file.read_text(encoding="utf-8", errors="replace").strip() for file in self.brought]
        return f"\n\n{'=' * 80}\n\n".join(["\n".join(filter(None, head)), *brought]) + "\n"


def write(entries: Iterable[Entry], folder: Path) -> Path:
    """Write the licences of all that `entries` belong to into the new `folder`; README.txt lists them. Raises NoLicence."""
    folder.mkdir(parents=True)
    found = parts(entries)
    for part in found:
        (folder / f"{part.name}.txt").write_text(part.text(), encoding="utf-8")
        for name in part.kept:
            shutil.copyfile(_KEPT / name, folder / name)
    rows = "".join(f"{part.name:28}{part.version:16}{part.licence}".rstrip() + "\n" for part in found)
    (folder / "README.txt").write_text(_HEAD + rows, encoding="utf-8")
    return folder


def parts(entries: Iterable[Entry]) -> list[Part]:
    """All that `entries` belong to, by name. Raises NoLicence."""
    files = {os.path.realpath(file) for _, file, kind in entries if kind != "SYMLINK" and Path(file).is_file()}
    return sorted({_owner(file) for file in files} | {_of_library(distribution(_STARTS_IT))}, key=lambda part: part.name.lower())


def _owner(file: str) -> Part:
    path = Path(file)
    if found := _installed().get(os.path.normcase(file)):
        return _of_library(found)
    if any(path.is_relative_to(home) for home in _homes_of_python()):
        return python()
    if path.is_relative_to(ROOT) and not path.is_relative_to(os.path.realpath(sys.prefix)):  # or PyInstaller's own work
        return Part(APP_NAME, VERSION, "MIT", (ROOT / "LICENSE",))
    if sys.platform == "linux" and shutil.which("dpkg-query"):
        return _of_debian(file)
    if sys.platform == "win32" and path.is_relative_to(os.environ["SYSTEMROOT"]):
        return python()  # Microsoft's libraries for what its compiler makes; Python's licence speaks of them
    raise NoLicence(f"Nobody knows whose {file} is.")


def _homes_of_python() -> list[str]:
    homes = [sysconfig.get_path("stdlib"), sys.base_prefix]
    return [os.path.realpath(home) for home in homes if home != "/usr"]  # where everybody's libraries are


@functools.cache
def python() -> Part:
    """Python itself. Raises NoLicence."""
    version = sys.version.split()[0]
    places = [Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix), Path(f"/usr/share/doc/python{sys.version[:4]}")]
    for place in places:
        for name in ("LICENSE.txt", "LICENSE", "copyright"):
            if (place / name).is_file():
                return Part("Python", version, "PSF-2.0", (place / name,))
    raise NoLicence(f"The licence of Python {version} is in none of {', '.join(map(str, places))}.")


@functools.cache
def _installed() -> dict[str, Distribution]:
    """What pip has installed, by the files of it."""
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return {
        os.path.normcase(os.path.realpath(str(one.locate_file(file)))): one
        for one in distributions(path=sorted(places))
        for file in one.files or ()
    }


@functools.cache
def _of_library(one: Distribution) -> Part:
    """What pip has installed. Raises NoLicence."""
    kept = _NOT_BROUGHT.get(one.name.lower().replace("_", "-"), ())
    brought = sorted(Path(str(one.locate_file(file))) for file in one.files or () if _is_licence(file.parts))
    if not (kept or brought):
        raise NoLicence(f"{one.name} {one.version} brings no licence. Put its text into {_KEPT}, and its name into {__file__}.")
    return Part(one.name, one.version, _in_words(one), tuple(brought), kept)


def _in_words(one: Distribution) -> str:
    told = one.metadata.json
    said = str(told.get("license_expression") or told.get("license") or "")
    if said and "\n" not in said:  # some have the whole text there
        return said
    classes = [line.split(" :: ") for line in told.get("classifier", ())]
    return ", ".join(words[-1] for words in classes if words[0] == "License")


def _is_licence(parts: tuple[str, ...]) -> bool:
    return parts[0].endswith(".dist-info") and any(name in parts[-1].lower() for name in _NAMES)


@functools.cache
def _of_debian(file: str) -> Part:
    """The package of this system that `file` is from. Raises NoLicence."""
    told = [file, file.removeprefix("/usr")]  # /lib is /usr/lib, but the package may say either
    asked = subprocess.run(["dpkg-query", "--search", *told], capture_output=True, text=True, check=False).stdout
    name = asked.partition(":")[0]
    text = Path("/usr/share/doc") / name / "copyright"
    if not name or not text.is_file():
        raise NoLicence(f"{file} is of no package of this system that has a copyright file.")
    show = ["dpkg-query", "--show", "--showformat", "${Version}\n", name]
    version = subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return Part(name, version, "", (text,))
