"""The package for Debian as far as it can be seen without installing it: where things are, and what its scripts do.

`python packaging/dev.py build --all` installs, upgrades and removes it on a fresh Debian.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PACKAGING = Path(__file__).resolve().parent.parent / "packaging"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Debian's scripts are for Linux")


class System:
    """A place where the package's scripts find what dpkg would have there."""

    def __init__(self, root: Path) -> None:
        self.root = root / "lib"
        self.root.mkdir()
        self._scripts = root / "scripts"
        self._scripts.mkdir()

    def upgrade(self, version: str, *told: str) -> None:
        """What dpkg does with files and scripts (Debian policy 6.5 and 6.6); a first time, too."""
        shutil.rmtree(self.root / "package", ignore_errors=True)
        folder = self.root / "package" / "_internal"
        folder.mkdir(parents=True)
        shutil.copy(shutil.which("sleep") or "", folder.parent / "nextcall")  # a program that stays until it is ended
        (folder / "read late").write_text(version, encoding="utf-8")
        self.run("postrm", "upgrade", version, version=version)
        self.run("postinst", *(told or ("configure", "")), version=version)

    def run(self, script: str, *arguments: str, version: str) -> None:
        """As dpkg runs the script of the package of this version."""
        text = (PACKAGING / "linux" / "scripts" / script).read_text(encoding="utf-8")
        file = self._scripts / script
        file.write_text(text.replace("/usr/lib/nextcall", str(self.root)).replace("@VERSION@", version), encoding="utf-8")
        subprocess.run(["sh", file, *arguments], check=True)

    @property
    def versions(self) -> set[str]:
        """The folders that can be run."""
        return {folder.name for folder in self.root.iterdir()} - {"package", "current"}

    @property
    def current(self) -> str:
        """What would be started now."""
        return (self.root / "current" / "_internal" / "read late").read_text(encoding="utf-8")


@pytest.fixture
def system(tmp_path: Path) -> System:
    made = System(tmp_path)
    made.upgrade("1.0")
    return made


@pytest.fixture
def running(system: System) -> Iterator[subprocess.Popen[bytes]]:
    """A shift with 1.0."""
    with subprocess.Popen([system.root / "1.0" / "nextcall", "600"]) as program:
        yield program
        program.kill()


def test_an_upgrade_leaves_the_new_version_alone(system: System):
    system.upgrade("1.1")
    assert (system.versions, system.current) == ({"1.1"}, "1.1")


def test_what_runs_keeps_its_files_until_it_is_left(system: System, running: subprocess.Popen[bytes]):
    late = system.root / "1.0" / "_internal" / "read late"
    before = late.stat()
    system.upgrade("1.1")
    assert (system.versions, system.current) == ({"1.0", "1.1"}, "1.1")
    system.upgrade("1.2")
    assert (system.versions, system.current) == ({"1.0", "1.2"}, "1.2"), "two upgrades in one shift"
    assert (late.stat().st_ino, late.read_text(encoding="utf-8")) == (before.st_ino, "1.0"), "never taken away and put back"
    running.kill()
    running.wait()
    system.upgrade("1.3")
    assert (system.versions, system.current) == ({"1.3"}, "1.3")


@pytest.mark.usefixtures("running")
def test_the_same_version_again_is_not_put_into_what_runs(system: System):
    system.upgrade("1.0")
    assert system.versions == {"1.0", "1.0+"}
    assert (system.root / "current").readlink() == Path("1.0+")


def test_an_upgrade_that_failed_leaves_the_old_version(system: System):
    (system.root / "current.new").symlink_to("nowhere")
    (system.root / "1.1").mkdir()
    system.upgrade("1.0", "abort-upgrade", "1.1")
    assert (system.versions, system.current) == ({"1.0+"}, "1.0")


@pytest.mark.usefixtures("running")
def test_removing_leaves_nothing(system: System):
    system.upgrade("1.1")
    system.run("postrm", "remove", version="1.1")
    assert not system.root.exists()
    system.run("postrm", "purge", version="1.1")


@pytest.fixture
def deb(importing: None) -> ModuleType:
    from linux import deb

    return deb


def test_links_lead_to_the_version_and_scripts_can_be_run(deb: ModuleType, tmp_path: Path, qapp: object):
    program = tmp_path / "program"
    (program / "_internal" / deb.licences.FOLDER).mkdir(parents=True)
    (program / "nextcall").write_bytes(b"")
    root = tmp_path / "root"
    deb._lay_out(program, root, "1.2.3")
    deb._set_modes(root)
    here = root / "usr" / "lib" / "nextcall" / "package"
    assert (root / "usr" / "bin" / "nextcall").readlink() == Path("../lib/nextcall/current/nextcall")
    assert (root / "usr" / "share" / "doc" / "nextcall" / "licences").resolve() == here / "_internal" / "licences"
    for script in ("postinst", "postrm"):
        file = root / "DEBIAN" / script
        assert file.stat().st_mode & 0o777 == 0o755
        assert "@" not in file.read_text(encoding="utf-8")
    assert (here / "nextcall").stat().st_mode & 0o777 == 0o755
    assert (root / "usr" / "share" / "applications" / "nextcall.desktop").stat().st_mode & 0o777 == 0o644
