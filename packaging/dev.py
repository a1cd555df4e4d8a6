"""Everything a developer does with a checkout, in one command and with nothing but Python installed.

It keeps `.venv` in step with `packaging/requirements.lock` and `build/venv` with `packaging/requirements-build.lock`, asks Debian
for the libraries that are missing, and hands over to the tool that does the work. It knows nothing of what NextCall does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Command = Sequence[str | Path]

USAGE = """\
usage: python packaging/dev.py COMMAND

  run [ARGUMENTS]    start NextCall on its practice service; without a screen, play a whole shift on a virtual one
                     and leave a picture of each step in tour/
  test [ARGUMENTS]   check style, types and imports and run all tests; with arguments, run pytest with just these
  test --chaos N     play N chaos runs instead of the 200 of a test run: faults everywhere, and kill -9 again and again
  bench              measure, each row as a ratio to a floor of the same run
  build              make the wheel and the program for this system in dist/, and try the program (packaging/build.py)
  build --all        ... and the package of this system, and try that on a fresh system; takes long, on Linux as root
  build --package    only the package, of the program that lies in dist/: what signs programs comes in between
  sbom               list in dist/ what the program is made of, as CycloneDX
  release-notes TAG  print what the changelog has for the release TAG, if everything agrees on its version
  libraries          install what Debian and Ubuntu have to add (as root)

All but the last two first bring .venv, or an environment in build/, in step with its lock.
"""

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has what a lock says; NextCall itself is in it only for development."""

    place: Path
    lock: Path
    has_us: bool

    @property
    def scripts(self) -> Path:
        return self.place / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if sys.platform == "win32" else "python")


DEVELOPMENT = Environment(ROOT / ".venv", ROOT / "packaging" / "requirements.lock", has_us=True)
BUILDING = Environment(ROOT / "build" / "venv", ROOT / "packaging" / "requirements-build.lock", has_us=False)
LISTING = Environment(ROOT / "build" / "venv-sbom", ROOT / "packaging" / "requirements-sbom.lock", has_us=False)
PYTHON = DEVELOPMENT.python

XVFB = ("-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")

# Debian's and Ubuntu's names. Qt brings itself, but not these.
FOR_QT = ("libdbus-1-3", "libegl1", "libfontconfig1", "libgl1", "libglib2.0-0", "libgssapi-krb5-2", "libxkbcommon0", "libpulse0")
FOR_A_SCREEN = (
    *("fonts-noto-core", "libx11-xcb1", "libxcb-cursor0", "libxcb-icccm4", "libxcb-image0", "libxcb-keysyms1", "libxcb-randr0"),
    *("libxcb-render-util0", "libxcb-shape0", "libxcb-sync1", "libxcb-xfixes0", "libxcb-xkb1", "libxkbcommon-x11-0"),
    "libwayland-cursor0",
)
FOR_A_VIRTUAL_SCREEN = ("dbus-daemon", "openbox", "xvfb")
FOR_BUILDING = ("binutils",)
FOR_A_PACKAGE = ("debian-archive-keyring", "debootstrap", "desktop-file-utils", "dpkg-dev", "x11-utils")
FOR_TESTS = (
    *("dunst", "gnome-keyring", "imagemagick", "libsecret-tools", "trayer", "x11-utils", "xdotool"),  # a desktop to test on
    *("python3-dbusmock", "desktop-file-utils", "libglib2.0-bin", "libxss1"),  # a session that locks, sleeps and starts programs
    *("php-cli", "php-soap"),  # a SOAP client that is not ours
    *("pulseaudio", "pulseaudio-utils"),  # outputs to record; never started but by a test
    "nsis",  # it compiles the installer for Windows here, too
    "fonts-noto-color-emoji",
)


def main(arguments: Sequence[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  said here in words, before pip says it in many
        print(f"NextCall needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        wanted = bool(arguments) and arguments[0] in {"-h", "--help", "help"}
        print(USAGE, end="", file=sys.stdout if wanted else sys.stderr)
        return 0 if wanted else 2
    os.chdir(ROOT)
    try:
        return COMMANDS[arguments[0]](list(arguments[1:]))
    except Stopped as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


class Stopped(Exception):
    """The reason, in a sentence, why nothing more can be done."""


# --------------------------------------------------------------------------------------------------------- commands


def run(arguments: list[str]) -> int:
    """The app, on a screen that is there or on one we make."""
    if _has_a_screen():
        _provide(FOR_QT + FOR_A_SCREEN)
        _bring_in_step()
        return _call([PYTHON, "-m", "desktop", "--practice", *arguments])
    _provide(FOR_QT + FOR_A_SCREEN + FOR_A_VIRTUAL_SCREEN)
    if not all(map(shutil.which, ("Xvfb", "openbox", "dbus-run-session"))):
        raise Stopped("There is no screen here, and a virtual one needs Xvfb, openbox and dbus-run-session.")
    _bring_in_step()
    print("No screen here: playing a practice shift on a virtual one.", flush=True)
    with _virtual_screen() as environment:
        return _on_a_bus([PYTHON, "-m", "desktop", "tour", "--out", "tour", *arguments], environment)


def test(arguments: list[str]) -> int:
    """Every check, and what came of each; or just pytest with `arguments`."""
    _provide(FOR_QT + FOR_A_SCREEN + FOR_A_VIRTUAL_SCREEN + FOR_TESTS)
    _bring_in_step()
    if arguments[:1] == ["--chaos"]:
        arguments = ["tests/chaos/test_chaos.py", "-s", *arguments]
    if arguments:
        return _call([PYTHON, "-m", "pytest", *arguments])
    steps: dict[str, Command] = {
        "ruff check": [PYTHON, "-m", "ruff", "check"],
        "ruff format": [PYTHON, "-m", "ruff", "format", "--check"],
        "mypy": [PYTHON, "-m", "mypy", "--strict"],
        "lint-imports": [DEVELOPMENT.scripts / "lint-imports"],
        "pytest": [PYTHON, "-m", "pytest", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"],
    }
    codes = {}
    for name, command in steps.items():
        print(f"\n--- {name}", flush=True)
        codes[name] = _call(command)
    print("\n" + ", ".join(f"{name}: {'ok' if code == 0 else 'FAILED'}" for name, code in codes.items()))
    return int(any(codes.values()))


def bench(arguments: list[str]) -> int:
    """Measure; `tests/bench` says what."""
    _provide(FOR_QT + FOR_A_SCREEN + FOR_A_VIRTUAL_SCREEN)
    _bring_in_step()
    command: Command = [PYTHON, "-m", "tests.bench", *arguments]
    if _has_a_screen():
        return _call(command)
    with _virtual_screen() as environment:
        return _on_a_bus(command, environment, starts_services=False)  # a keyring's prompt would cover the popup


def build(arguments: list[str]) -> int:
    """What is given to others, made and tried by build.py; where that can be, on a screen that nobody looks at."""
    if arguments not in ([], ["--all"], ["--package"]):
        raise Stopped("build takes nothing, --all or --package.")
    _provide(FOR_QT + FOR_A_SCREEN + FOR_A_VIRTUAL_SCREEN + FOR_BUILDING + (FOR_A_PACKAGE if arguments else ()))
    _bring_in_step(BUILDING)
    command: Command = [BUILDING.python, "packaging/build.py", *arguments]
    if sys.platform != "linux":
        return _call(command)
    with _virtual_screen() as environment:
        return _on_a_bus(command, environment)


def sbom(arguments: list[str]) -> int:
    """What the program is made of; listed from where it was built."""
    if arguments:
        raise Stopped("sbom takes no arguments.")
    _bring_in_step(BUILDING)
    _bring_in_step(LISTING)
    return _call([LISTING.python, "packaging/sbom.py", BUILDING.python])


def release_notes(arguments: list[str]) -> int:
    """The changelog's words on one release."""
    return _call([sys.executable, "packaging/release_notes.py", *arguments])


def libraries(arguments: list[str]) -> int:
    """What the distribution has to add, for everything above."""
    if arguments:
        raise Stopped("libraries takes no arguments.")
    return int(bool(_provide(FOR_QT + FOR_A_SCREEN + FOR_A_VIRTUAL_SCREEN + FOR_TESTS)))


COMMANDS = {
    **{"run": run, "test": test, "bench": bench, "build": build, "sbom": sbom},
    **{"release-notes": release_notes, "libraries": libraries},
}


def _call(command: Command, environment: Mapping[str, str] | None = None) -> int:
    return subprocess.run(command, env=environment, check=False).returncode


# ------------------------------------------------------------------------------------------------------ environment


def _bring_in_step(environment: Environment = DEVELOPMENT) -> None:
    """Make the environment what its lock says, unless it is already."""
    wanted, stamp, python = _fingerprint(environment), environment.place / "in-step-with", environment.python
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and _works(python):
        return
    print(f"Preparing {environment.place.relative_to(ROOT)} for Python {sys.version.split()[0]} (a minute or two).", flush=True)
    if not _works(python):
        _quietly([sys.executable, "-m", "venv", "--clear", environment.place], "The virtual environment could not be made")
    stamp.unlink(missing_ok=True)
    pip: Command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _quietly([*pip, "--require-hashes", "-r", environment.lock], "The libraries could not be installed")
    if environment.has_us:
        _quietly([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT], "NextCall itself could not be installed")
    stamp.write_text(wanted, encoding="utf-8")


def _fingerprint(environment: Environment) -> str:
    """Of all that decides what is in it; the rest of pyproject.toml sets up tools and may change freely."""
    import tomllib  # not before we know that Python is new enough

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")) if environment.has_us else {}
    parts = [project.get("project"), project.get("build-system"), list(sys.version_info[:3]), str(ROOT)]
    return hashlib.sha256(json.dumps(parts).encode() + environment.lock.read_bytes()).hexdigest()


def _works(python: Path) -> bool:
    """Whether it is of the same version as this one, with pip beside it."""
    if not python.exists():
        return False
    ask = "import pip, sys; print(*sys.version_info[:3])"
    with contextlib.suppress(OSError):
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        return answer.stdout.split() == [str(number) for number in sys.version_info[:3]]
    return False


def _quietly(command: Command, failure: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command whose output is of interest only if it fails."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Stopped(f"{done.stdout.rstrip()}\n{failure}: {' '.join(map(str, command))}")


# --------------------------------------------------------------------------------------------- the system's libraries


def _provide(packages: Sequence[str]) -> list[str]:
    """See that Debian's `packages` are there; installs them as root, else says what to type. Returns what is still missing.

    Elsewhere Qt needs nothing more, or we do not know its name.
    """
    if sys.platform != "linux" or not Path("/etc/debian_version").exists() or not shutil.which("dpkg-query"):
        return []
    if Path(sys.base_prefix) == Path("/usr"):
        packages = [*packages, "python3-venv"]  # Debian's Python comes without
    missing = _missing(packages)
    if not missing:
        return []
    command = ["apt-get", "install", "-y", "--no-install-recommends", "--no-remove", *missing]
    if os.geteuid() != 0:
        print("Missing here; please type: sudo " + " ".join(command), flush=True)
        return missing
    print("Installing " + " ".join(missing), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patience = ["-o", "DPkg::Lock::Timeout=120"]
    try:
        _quietly(["apt-get", *patience, "update"], "The list of packages could not be fetched", environment)
        _quietly([*command, *patience], "Packages could not be installed", environment)
    except Stopped as reason:
        print(f"{reason}\nGoing on without.", file=sys.stderr, flush=True)
    return _missing(packages)


def _missing(packages: Sequence[str]) -> list[str]:
    """Those neither installed nor provided by an installed one (Ubuntu renamed libglib2.0-0 to libglib2.0-0t64)."""
    listing = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}|${Package}|${Provides}\n"]
    there = set()
    for line in subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines():
        status, name, provides = line.split("|", 2)
        if status == "installed":
            there |= {name, *(provided.split("(")[0].strip() for provided in provides.split(","))}
    return [name for name in packages if name not in there]


# ----------------------------------------------------------------------------------------------------------- a screen


def _has_a_screen() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def _virtual_screen() -> Iterator[dict[str, str]]:
    """A screen in memory with a window manager on it; gives the environment of a program that is to appear there."""
    with contextlib.ExitStack() as leaving:
        reading, writing = os.pipe()
        with os.fdopen(reading, encoding="ascii") as numbers:
            screen = leaving.enter_context(_started(["Xvfb", "-displayfd", str(writing), *XVFB], os.environ, keep=writing))
            os.close(writing)
            number = numbers.readline().strip()
        if not number:
            raise Stopped(f"Xvfb ended with {screen.wait()}.")
        runtime = leaving.enter_context(tempfile.TemporaryDirectory(prefix="nextcall-run-"))
        environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        environment.setdefault("XDG_RUNTIME_DIR", runtime)
        leaving.enter_context(_started(["openbox"], environment))
        yield environment


_BARE_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""A session bus like any other, but one that starts no services of this computer."""


def _on_a_bus(command: Command, environment: Mapping[str, str], *, starts_services: bool = True) -> int:
    """Run a program with a session bus. What the bus starts for it is not heard: it complains when the bus goes away."""
    ours = os.dup(2)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as bus:
            bus.write(_BARE_BUS)
            bus.flush()
            which = [] if starts_services else [f"--config-file={bus.name}"]
            aloud = ["dbus-run-session", *which, "--", "sh", "-c", f'exec "$@" 2>&{ours}', "sh", *command]
            return subprocess.run(aloud, env=environment, stderr=subprocess.DEVNULL, pass_fds=(ours,), check=False).returncode
    finally:
        os.close(ours)


@contextlib.contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], keep: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, ended on leaving; `keep` is a file it inherits."""
    files = () if keep is None else (keep,)
    program = subprocess.Popen(
        command, env=environment, pass_fds=files, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield program
    finally:
        program.terminate()
        try:
            program.wait(timeout=10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
