"""The licences beside the frozen program: a text for all that is taken in, or no program.

What is taken in is here what the tests run with, which are the same libraries. `python packaging/dev.py build` does it for real.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop import APP_NAME, __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PACKAGING = Path(__file__).resolve().parent.parent / "packaging"


@pytest.fixture(scope="module")
def licences(importing: None) -> Iterator[ModuleType]:
    """With a stand-in for PyInstaller, which is only where programs are built."""
    import licences

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(licences, "_STARTS_IT", "pluggy")
        yield licences


def entry(module: str) -> tuple[str, str, str]:
    """What PyInstaller says of a module, found but not imported."""
    found = importlib.util.find_spec(module)
    assert found
    assert found.origin
    return module, found.origin, "PYMODULE"


def test_everything_has_its_text_and_is_listed(licences: ModuleType, tmp_path: Path):
    modules = ("json", "desktop.app", "httpx", "zeep", "lxml.etree", "PySide6.QtCore", "shiboken6", "msgspec", "isodate")
    entries = [*map(entry, modules), ("jaraco", "-", "PYMODULE"), ("lib.so", "PySide6/lib.so", "SYMLINK")]
    folder = licences.write(entries, tmp_path / "licences")
    listed = (folder / "README.txt").read_text(encoding="utf-8")
    for part, words in {
        "Python": "PYTHON SOFTWARE FOUNDATION LICENSE",
        APP_NAME: "MIT License",
        "httpx": "Encode OSS",
        "lxml": "LGPL-2.1.txt",
        "PySide6_Essentials": "LGPL-3.0.txt",
        "shiboken6": "LGPL-3.0.txt",
        "isodate": "Redistribution and use",
    }.items():
        assert words in (folder / f"{part}.txt").read_text(encoding="utf-8")
        assert f"\n{part} " in listed
    assert f"{APP_NAME} {__version__}" in listed
    for name, words in {
        "LGPL-3.0.txt": "GNU LESSER GENERAL PUBLIC LICENSE",
        "GPL-3.0.txt": "GNU GENERAL PUBLIC LICENSE",
        "LGPL-2.1.txt": "Version 2.1, February 1999",
        "in-Qt.txt": "HarfBuzz",
    }.items():
        assert words in (folder / name).read_text(encoding="utf-8")


def test_what_brings_no_licence_is_not_built_in(licences: ModuleType, tmp_path: Path):
    metadata = tmp_path / "nameless-1.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: nameless\nVersion: 1.0\n", encoding="utf-8")
    metadata.with_name("RECORD").write_text("nameless.py,,\nnameless-1.0.dist-info/METADATA,,\n", encoding="utf-8")
    with pytest.raises(licences.NoLicence, match=r"nameless 1\.0 brings no licence"):
        licences._of_library(Distribution.at(metadata.parent))


def test_what_nobody_has_installed_is_not_built_in(licences: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ours, environment = tmp_path / "work" / "made.zip", tmp_path / "build" / "venv"
    for file in (ours, environment / "nobodys.so"):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
    monkeypatch.setattr(licences, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert APP_NAME in {part.name for part in licences.parts([("base_library.zip", str(ours), "DATA")])}
    with pytest.raises(licences.NoLicence, match="nobodys"):
        licences.parts([("nobodys.so", str(environment / "nobodys.so"), "BINARY")])


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("dpkg-query"), reason="This is no Debian")
def test_what_debian_brings_has_debians_word(licences: ModuleType):
    library = next(Path("/usr/lib").glob("*/libz.so.1"), None)
    if library is None:
        pytest.skip("zlib is not here")
    parts = {part.name: part for part in licences.parts([("libz.so.1", str(library), "BINARY")])}
    assert "Jean-loup Gailly" in parts["zlib1g"].text()


def test_the_package_says_where_they_are(licences: ModuleType):
    told = (PACKAGING / "linux" / "copyright").read_text(encoding="utf-8")
    assert f"/usr/share/doc/nextcall/{licences.FOLDER}," in told
    assert f"/{licences.FOLDER}/{licences.python().name}.txt" in told
    assert "licences.write(" in (PACKAGING / "nextcall.spec").read_text(encoding="utf-8")
