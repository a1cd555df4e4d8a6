"""Whether NextCall starts when the agent logs in to the computer, by the system's own list of such programs.

The list is the agent's: Windows' `Run` key, macOS' LaunchAgents, Linux' autostart folder. Nothing is asked of the system
beforehand and nothing is started here; what the agent has switched off in the system's own settings counts as off. These
functions use the disk: never on the UI thread.
"""

from __future__ import annotations

import contextlib
import plistlib
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.parsers.expat import ExpatError

import platformdirs

from desktop import files
from desktop.errors import SettingsNotKept

_NAME = "NextCall"
_LABEL = "nextcall.autostart"
"""What launchd calls it."""
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls, which end a line somewhere, and what Python makes of a name that is no UTF-8."""

_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where Windows' own settings and its Task Manager note what the user has switched off; an odd first byte says so."""
_LONGEST_RUN = 260
"""Characters that a command line below `Run` may have, by Microsoft's documentation of the key."""


def command(arguments: Sequence[str]) -> tuple[str, ...]:
    """How this NextCall is started, with these arguments: no terminal opens for it."""
    program = Path(sys.executable)
    if getattr(sys, "frozen", False):
        return (str(program), *arguments)
    if sys.platform == "win32" and program.with_name("pythonw.exe").exists():
        program = program.with_name("pythonw.exe")
    return (str(program), "-m", "desktop", *arguments)


def on(command: Sequence[str]) -> None:
    """Start `command`, a program and its arguments, with every session from the next one on. Raises SettingsNotKept."""
    with _told("NextCall cannot be started with the computer"):
        if _UNWRITABLE.search("".join(command)):
            raise OSError(0, "a name in its command line holds a character that the system cannot write down")
        if sys.platform == "win32":
            _write_run(subprocess.list2cmdline(command))
        elif sys.platform == "darwin":
            _write(_agent(), _plist(command))
        else:
            _write(_entry(), _desktop_entry(command))


def off() -> None:
    """Start it no longer. Raises SettingsNotKept."""
    with _told("NextCall is still started with the computer"):
        if sys.platform == "win32":
            _delete_run()
        else:
            (_agent() if sys.platform == "darwin" else _entry()).unlink(missing_ok=True)


def is_on() -> bool:
    """Whether it is started with the next session; False, too, if that cannot be read."""
    try:
        if sys.platform == "win32":
            return _is_run()
        if sys.platform == "darwin":
            return plistlib.loads(_agent().read_bytes()).get("Disabled") is not True
        return not _SWITCHED_OFF.search(_entry().read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError, ExpatError):  # missing, or what somebody made of it
        return False


@contextlib.contextmanager
def _told(title: str) -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        reason = wrong.strerror or "the place where the system looks for it cannot be written"
        raise SettingsNotKept(reason, title=title, advice="You can go on working; NextCall starts as before.") from None


def _write(path: Path, content: bytes) -> None:
    """The whole file or nothing; what is beside it meanwhile ends in a way that makes it nothing to start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, content)


# Linux: the Desktop Application Autostart Specification and the Desktop Entry Specification of freedesktop.org

_SWITCHED_OFF = re.compile(r"^(?:Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$", re.MULTILINE)
"""How the desktops' own settings switch an entry off."""


def _entry() -> Path:
    return platformdirs.user_config_path() / "autostart" / "nextcall.desktop"


def _desktop_entry(command: Sequence[str]) -> bytes:
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        f"Name={_NAME}",
        "Comment=The desktop companion of a call-center agent's phone",
        "Icon=nextcall",
        "Terminal=false",
        f"Exec={' '.join(map(_quoted, command))}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _quoted(part: str) -> str:
    """One argument of `Exec`: quoted as a shell would, its % doubled, and each backslash doubled again as in every value."""
    quoted = re.sub(r'(["`$\\])', r"\\\1", part).replace("%", "%%")
    return f'"{quoted}"'.replace("\\", "\\\\")


# macOS: launchd.plist(5)


def _agent() -> Path:
    return Path.home() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"


def _plist(command: Sequence[str]) -> bytes:
    return plistlib.dumps(
        {
            "Label": _LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",  # with a screen, not in a session by ssh
            "ProcessType": "Interactive",
        }
    )


# Windows: "Run and RunOnce Registry Keys" in Microsoft's documentation

if sys.platform == "win32":
    import winreg

    def _write_run(command_line: str) -> None:
        if len(command_line) > _LONGEST_RUN:
            raise OSError(0, f"its command line is longer than the {_LONGEST_RUN} characters that Windows takes")
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, command_line)
        _delete(_APPROVED)

    def _delete_run() -> None:
        _delete(_RUN)
        _delete(_APPROVED)

    def _delete(path: str) -> None:
        with (
            contextlib.suppress(FileNotFoundError),
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, access=winreg.KEY_SET_VALUE) as key,
        ):
            winreg.DeleteValue(key, _NAME)

    def _is_run() -> bool:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            winreg.QueryValueEx(key, _NAME)
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _APPROVED) as key:
                approved, _ = winreg.QueryValueEx(key, _NAME)
        except FileNotFoundError:
            return True
        return not (approved and approved[0] % 2)
