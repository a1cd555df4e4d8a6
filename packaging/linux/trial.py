"""Tries the Debian package on a fresh system: made by debootstrap, without a desktop and without this machine's libraries.

Only what it depends on is installed there, then an older package. With it an ordinary user plays the tour, a whole shift. In the
middle the package is upgraded, and the shift goes on as if nothing was. Of the new one all libraries are found, it checks itself,
the command of the menu's entry opens its window, and after the removal nothing is left but that user's data.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from bundle import APP_NAME, COMMAND, ROOT, VERSION

_Told = TypeVar("_Told")

_SUITE = ("bookworm", "http://deb.debian.org/debian")
_AGENT = "agent"
_ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
_PATIENCE = 60.0
"""Seconds for the first window."""
_NOT_OURS = ("/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/log/", "/proc/", "/dev/", "/tmp/", "/run/")  # noqa: S108
"""Where dpkg and the system write as they go."""


def run(package: Path, older: Path) -> None:
    """Install `older`, upgrade it to `package`, remove that. Ends the program, with words, if anything is not as it should be."""
    if os.geteuid():
        raise SystemExit("A fresh system can only be made by root.")
    with tempfile.TemporaryDirectory(prefix="fresh-", dir=ROOT / "build", ignore_cleanup_errors=True) as folder:
        fresh = _Fresh(Path(folder) / "system")
        fresh.satisfy(package)
        before = fresh.files()
        fresh.install(older)
        fresh.play(package)
        fresh.install(package)
        fresh.have_one_version()
        fresh.find_libraries()
        print(fresh.agent(COMMAND, "--self-check"), end="")
        fresh.open_from_the_menu()
        left = fresh.remove() - before
        home = f"/home/{_AGENT}/"
        elsewhere = sorted(path for path in left if not path.startswith(home))
        if elsewhere:
            raise SystemExit("Left behind:\n" + "\n".join(elsewhere))
        data = sorted(path.removeprefix(home) for path in left if APP_NAME.lower() in path.lower())
        print(f"removed; of NextCall nothing is left but the user's {', '.join(data)}")


class _Fresh:
    """A system below a folder. Its processes see nothing but it and the screen of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o755)
        suite, mirror = _SUITE
        _quietly(["debootstrap", "--variant=minbase", suite, root, mirror])
        self._root_does("useradd", "--create-home", _AGENT)

    def satisfy(self, package: Path) -> None:
        """Install what the package depends on, and the bus that every desktop has. Nothing that it only recommends."""
        depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True).stdout
        self._root_does("apt-get", "satisfy", "-y", "--no-install-recommends", depends.strip())
        self._root_does("apt-get", "install", "-y", "--no-install-recommends", "dbus-daemon")

    def install(self, package: Path) -> None:
        """dpkg refuses if anything is missing."""
        shutil.copy(package, self._root / "tmp")
        self._root_does("dpkg", "--install", f"/tmp/{package.name}")  # noqa: S108 - the fresh system's
        (self._root / "tmp" / package.name).unlink()

    def find_libraries(self) -> None:
        """Every library that any file of ours is linked to is found, here or in the system."""
        script = f'find /usr/lib/{COMMAND}/current/ -type f -name "*.so*" -exec ldd {{}} + | grep "not found" | sort -u'
        found = f"LD_LIBRARY_PATH=/usr/lib/{COMMAND}/current/_internal"
        if missing := self.agent("env", found, "sh", "-c", f"{script} || true"):
            raise SystemExit(f"Not found:\n{missing}")

    def open_from_the_menu(self) -> None:
        """Run the command of the menu's entry until the log-in window is there, and end it as a session does."""
        entry = configparser.RawConfigParser()
        entry.read(self._root / "usr" / "share" / "applications" / f"{COMMAND}.desktop", encoding="utf-8")
        entry_says = entry["Desktop Entry"]
        command = entry_says["Exec"].replace("%u", "").split()
        with self._started(command) as program:
            told = self._window("Log in", program)
            if f'"{entry_says["StartupWMClass"]}"' not in told:
                raise SystemExit(f"The desktop cannot tell whose window it is: {told}")
            self._until(lambda: _catches(program, signal.SIGTERM), program, "does not leave in order")  # it is read in meanwhile
            program.terminate()
            said = program.communicate(timeout=_PATIENCE)[0]
        if program.returncode or said:
            raise SystemExit(f"It ended with {program.returncode}. {said}")
        print(f"the menu's command opened its window and ended: {told.strip()}")

    def play(self, newer: Path) -> None:
        """The tour, by the installed program, with an upgrade in the middle; its pictures go to build/tour-installed."""
        out = self._root / "home" / _AGENT / "tour"
        with self._started(["dbus-run-session", "--", COMMAND, "tour", "--out", f"/home/{_AGENT}/tour"]) as tour:
            before = self._until(lambda: len(list(out.rglob("*.png"))), tour, "takes no pictures")
            self.install(newer)
            after = len(list(out.rglob("*.png")))
            said = tour.communicate(timeout=10 * _PATIENCE)[0]
        if tour.returncode:
            raise SystemExit(f"{said}The tour ended with {tour.returncode}; picture {before} was before the upgrade.")
        pictures = ROOT / "build" / "tour-installed"
        shutil.rmtree(pictures, ignore_errors=True)
        shutil.move(out, pictures)
        taken = len(list(pictures.rglob("*.png")))
        if after == taken:
            raise SystemExit("The tour was over before the upgrade was.")
        print("".join(said.splitlines(keepends=True)[-2:-1]), end="")
        print(f"upgraded between picture {before} and {after} of {taken}")

    def have_one_version(self) -> None:
        """Nothing is left of a version that does not run any more."""
        there = sorted(one.name.rstrip("+") for one in (self._root / "usr" / "lib" / COMMAND).iterdir())
        if there != [VERSION, "current", "package"]:
            raise SystemExit(f"Installed is {VERSION}, but there are {there}.")

    def remove(self) -> set[str]:
        """Remove the package, and tell which files there are then."""
        self._root_does("dpkg", "--purge", COMMAND)
        return self.files()

    def files(self) -> set[str]:
        """Every file and folder, but for those that change by themselves."""
        paths = {f"/{path.relative_to(self._root)}" for path in self._root.rglob("*")}
        return {path for path in paths if not path.startswith(_NOT_OURS)}

    def agent(self, *command: str) -> str:
        """What a program says that an ordinary user runs; it has to end well."""
        with self._started(command) as program:
            said = program.communicate(timeout=10 * _PATIENCE)[0]
        if program.returncode:
            raise SystemExit(f"{said}It ended with {program.returncode}: {' '.join(command)}")
        return said

    def _window(self, title: str, program: subprocess.Popen[str]) -> str:
        """The class of the window of that title, as soon as it is there."""

        def ask() -> str:
            return subprocess.run(["xprop", "-name", title, "WM_CLASS"], capture_output=True, text=True, check=False).stdout

        return self._until(ask, program, f"opens no window “{title}”")

    def _until(self, ask: Callable[[], _Told], program: subprocess.Popen[str], complaint: str) -> _Told:
        """What `ask` tells, as soon as it is anything. Ends the program, with the complaint, if that takes too long."""
        last = time.monotonic() + _PATIENCE
        while time.monotonic() < last and program.poll() is None:
            if told := ask():
                return told
            time.sleep(0.1)
        program.kill()
        raise SystemExit(f"It {complaint}. {program.communicate()[0]}")

    @contextlib.contextmanager
    def _started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
        program = subprocess.Popen(
            self._inside(f"--userspec={_AGENT}:{_AGENT}", command),
            env=_ENVIRONMENT | {"HOME": f"/home/{_AGENT}", "USER": _AGENT, "DISPLAY": os.environ["DISPLAY"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield program
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()

    def _root_does(self, *command: str) -> None:
        _quietly(self._inside("--userspec=root:root", command), _ENVIRONMENT | {"HOME": "/root"})

    def _inside(self, user: str, command: Sequence[str]) -> list[str]:
        """A command line that becomes `command` in the fresh system, with a /proc that goes away with it."""
        script = 'root=$1 user=$2; shift 2; mount -t proc proc "$root/proc" && exec chroot "$user" "$root" "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh", str(self._root), user, *command]


def _catches(program: subprocess.Popen[str], one: signal.Signals) -> bool:
    status = Path(f"/proc/{program.pid}/status").read_text(encoding="ascii")
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (one - 1) & 1)


def _quietly(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}It ended with {done.returncode}: {' '.join(map(str, command))}")
