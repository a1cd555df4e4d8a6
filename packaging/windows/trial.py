"""Tries the installer where it runs, on a Windows or under Wine: `python packaging/windows/trial.py FOLDER OLD NEW`.

FOLDER is the frozen program, NEW its installer, OLD an installer of an older version with a file that FOLDER lacks (installer.py
makes both). Each row of the table says what is promised (INSTALLER.md) and whether it was seen. NextCall must not be installed
here, and must have kept nothing for this user; the trial leaves it so, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import winreg
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bundle import COMMAND, ROOT, VERSION
from windows.installer import OLD_VERSION, STALE

from desktop.practice.scenario import load_scenario
from desktop.settings import vault
from desktop.ui.app_id import APP_ID

if sys.platform != "win32":
    raise SystemExit("The installer for Windows can only be tried on Windows, or by a Windows Python under Wine.")

FOLDER, OLD, NEW = (Path(argument).resolve() for argument in sys.argv[1:4])
DONE, NO_RIGHTS, FAILED, IN_USE, ELSEWHERE = 0, 740, 1603, 1618, 1638

UNINSTALL = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\NextCall"
CLASSES = r"Software\Classes"
RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
LOCAL, MENUS = Path(os.environ["LOCALAPPDATA"]), r"Microsoft\Windows\Start Menu\Programs"
HOME = LOCAL / "Programs" / "NextCall"
HOME_FOR_ALL = Path(os.environ["PROGRAMFILES"]) / "NextCall"
DATA = LOCAL / "NextCall"
SHORTCUT = Path(os.environ["APPDATA"], MENUS, "NextCall.lnk")
SHORTCUT_FOR_ALL = Path(os.environ["PROGRAMDATA"], MENUS, "NextCall.lnk")
FORESEEN = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()} | {
    "nextcall.ico",
    "uninstall.exe",
}

PATIENCE = 90.0
"""Seconds for anything that a program does by itself."""
under_wine = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
user32 = ctypes.WinDLL("user32")
_KEY_DOWN, _KEY_UP = 0x100, 0x101
_ALL_OF_A_TOKEN, _ADMINISTRATORS = 0xF01FF, 26


class Wrong(Exception):
    """What was seen instead."""


# ------------------------------------------------------------------------------------------------------------ looking


def until(look: Callable[[], object], what: str) -> None:
    last = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > last:
            raise Wrong(f"waited for {what} in vain")
        time.sleep(0.2)


def value(root: int, key: str, name: str = "") -> object:
    """What the registry has there; None for nothing."""
    try:
        with winreg.OpenKey(root, key, access=winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened:
            return winreg.QueryValueEx(opened, name)[0]
    except OSError:
        return None


def traces(root: int, home: Path, shortcut: Path) -> dict[str, object]:
    """All that an installation in `home` leaves outside of it, as it should be."""
    program, icon, menu = home / f"{COMMAND}.exe", str(home / "nextcall.ico"), shortcut.exists()
    promised: dict[str, tuple[str, str, object]] = {
        "name": (UNINSTALL, "DisplayName", "NextCall"),
        "publisher": (UNINSTALL, "Publisher", "NextCall"),
        "place": (UNINSTALL, "InstallLocation", str(home)),
        "uninstall": (UNINSTALL, "UninstallString", f'"{home / "uninstall.exe"}"'),
        "quiet uninstall": (UNINSTALL, "QuietUninstallString", f'"{home / "uninstall.exe"}" /S _?={home}'),
        "icon": (UNINSTALL, "DisplayIcon", icon),
        "scheme": (rf"{CLASSES}\nextcall", "URL Protocol", ""),
        "scheme's program": (rf"{CLASSES}\nextcall\shell\open\command", "", f'"{program}" "%1"'),
        "id": (rf"{CLASSES}\AppUserModelId\{APP_ID}", "DisplayName", "NextCall"),
        "id's icon": (rf"{CLASSES}\AppUserModelId\{APP_ID}", "IconUri", icon),
    }
    found = {what: value(root, key, name) for what, (key, name, _) in promised.items()}
    if all(one is None for one in found.values()) and not menu:
        return {}
    wrong = {what: found[what] for what, (_, _, wanted) in promised.items() if found[what] != wanted}
    if wrong or not menu:
        raise Wrong(f"in the registry: {wrong}; shortcut: {menu}")
    return found


def installed(home: Path = HOME, *, for_all: bool = False, version: str = VERSION) -> str:
    """See that it is installed there as promised, and nowhere else."""
    root, other = (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER)[:: 1 if for_all else -1]
    menu, other_menu = (SHORTCUT_FOR_ALL, SHORTCUT)[:: 1 if for_all else -1]
    files = set(tree(home))
    if version == OLD_VERSION:
        files -= {STALE}
    if files != FORESEEN:
        raise Wrong(f"missing: {sorted(FORESEEN - files)[:5]}, too many: {sorted(files - FORESEEN)[:5]}")
    if not traces(root, home, menu) or traces(other, home, other_menu):
        raise Wrong("Windows was not told, or was told for the wrong users")
    if (found := value(root, UNINSTALL, "DisplayVersion")) != version:
        raise Wrong(f"the version is {found}")
    kilobytes = value(root, UNINSTALL, "EstimatedSize")
    return f"{len(files)} files, {kilobytes} KB, version {found}"


def gone(home: Path = HOME) -> str:
    """See that nothing of it is there any more."""
    until(lambda: not home.exists(), f"{home} to be gone")
    for root, menu in ((winreg.HKEY_CURRENT_USER, SHORTCUT), (winreg.HKEY_LOCAL_MACHINE, SHORTCUT_FOR_ALL)):
        if traces(root, home, menu) or value(root, RUN, "NextCall"):
            raise Wrong("Windows still knows it")
    return "no file, no shortcut, no key"


def tree(home: Path) -> dict[str, str]:
    """Each file below it, with what is in it."""
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file()
    }


@contextlib.contextmanager
def unchanged(home: Path = HOME) -> Iterator[None]:
    """Nothing is different there afterwards."""
    before = tree(home), value(winreg.HKEY_CURRENT_USER, UNINSTALL, "DisplayVersion")
    yield
    if (tree(home), value(winreg.HKEY_CURRENT_USER, UNINSTALL, "DisplayVersion")) != before:
        raise Wrong("something was changed all the same")


# -------------------------------------------------------------------------------------------------------------- doing


def run(command: str, wanted: int = DONE) -> float:
    """Run a command line to its end, and see its exit code; tells how many seconds it took."""
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
    if done.returncode != wanted:
        raise Wrong(f"exit code {done.returncode} instead of {wanted}: {command}")
    return time.monotonic() - began


def run_without_rights(command: str, wanted: int = DONE) -> None:
    """Run a command line as a user would who is no administrator: by a token that lacks that group."""
    advapi32, kernel32 = ctypes.WinDLL("advapi32", use_last_error=True), ctypes.WinDLL("kernel32")
    ours, theirs, administrators = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.create_string_buffer(68)
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    group = (ctypes.c_void_p * 2)(ctypes.addressof(administrators), None)  # SID_AND_ATTRIBUTES
    startup = (ctypes.c_byte * 104)(104)  # STARTUPINFOW, whose first word is its size
    process = (ctypes.c_void_p * 3)()  # PROCESS_INFORMATION
    line, code = ctypes.create_unicode_buffer(command), ctypes.c_ulong()
    if not (
        advapi32.OpenProcessToken(ctypes.c_void_p(kernel32.GetCurrentProcess()), _ALL_OF_A_TOKEN, ctypes.byref(ours))
        and advapi32.CreateWellKnownSid(_ADMINISTRATORS, None, administrators, ctypes.byref(ctypes.c_ulong(68)))
        and advapi32.CreateRestrictedToken(ours, 0, 1, group, 0, None, 0, None, ctypes.byref(theirs))
        and advapi32.CreateProcessAsUserW(theirs, None, line, None, None, 0, 0, None, None, startup, process)
    ):
        raise ctypes.WinError(ctypes.get_last_error())
    kernel32.WaitForSingleObject(ctypes.c_void_p(process[0]), int(PATIENCE * 1000))
    kernel32.GetExitCodeProcess(ctypes.c_void_p(process[0]), ctypes.byref(code))
    if code.value != wanted:
        raise Wrong(f"exit code {code.value} instead of {wanted}: {command}")


def uninstall(root: int = winreg.HKEY_CURRENT_USER, more: str = "") -> None:
    quiet = str(value(root, UNINSTALL, "QuietUninstallString"))
    run(quiet.replace(" /S ", f" /S {more} ") if more else quiet)


def program(name: str = COMMAND, home: Path = HOME) -> str:
    return str(home / f"{name}.exe")


def open_it(what: str | Path) -> None:
    """As a double click does."""
    os.startfile(what)  # noqa: S606 - that is how it is done


def log() -> str:
    with contextlib.suppress(OSError):
        return (DATA / "nextcall.log").read_text(encoding="utf-8")
    return ""


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A program in the background, which is killed at the end if it still runs."""
    one = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield one
    finally:
        one.kill()
        one.communicate()


@contextlib.contextmanager
def shift() -> Iterator[subprocess.Popen[str]]:
    """The installed NextCall with somebody on the line: logged in with the keyboard at a practice service beside it."""
    scenario = load_scenario()
    with started(sys.executable, "-m", "desktop", "practice-service") as service:
        assert service.stdout is not None  # noqa: S101 - it was asked for
        address = service.stdout.readline().split()[1]
        origin = address.partition("/service/")[0]
        DATA.mkdir(exist_ok=True)
        (DATA / "settings.toml").write_text(
            f'service_url = "{address}"\ncampaign_id = "{scenario.campaigns[0].id}"\nphone_number = "{scenario.agent_phone}"\n',
            encoding="utf-8",
        )
        vault._backend().set_password("NextCall 127.0.0.1", "API key", scenario.key)

        def asked(path: str) -> dict[str, str]:
            with urllib.request.urlopen(f"{origin}/practice/{path}") as answer:  # noqa: S310 - on this computer
                found: dict[str, str] = json.load(answer)
            return found

        phone = f"phones/{urllib.parse.quote(scenario.agent_phone)}"
        with started(program()) as ours:
            press_until("Log in", "\r", lambda: asked(phone)["state"] != "idle", "the phone to ring")
            until(lambda: asked(phone)["state"] == "connected" and asked(phone)["agentId"], "the agent ID")
            press_until("Log in", asked(phone)["agentId"] + "\r", lambda: asked("ledger"), "a call")
            yield ours


def press_until(title: str, keys: str, look: Callable[[], object], what: str) -> None:
    """Give a window these keys, again and again. It need not be in front."""

    def press() -> object:
        if seen := look():
            return seen
        window = user32.FindWindowW(None, title)
        for key in keys if window else "":
            user32.PostMessageW(window, _KEY_DOWN, ord(key), 0)
            user32.PostMessageW(window, _KEY_UP, ord(key), 0)
        time.sleep(1)
        return look()

    until(press, what)


# -------------------------------------------------------------------------------------------------------------- the rows


def needs_an_administrator() -> str:
    run_without_rights(f'"{NEW}" /S /AllUsers', NO_RIGHTS)
    return f"{NO_RIGHTS}; {gone(HOME_FOR_ALL)}"


def install_for_one() -> str:
    run_without_rights(f'"{OLD}" /S')
    return f"{installed(version=OLD_VERSION)}; nothing for all users, no start with Windows{no_run()}"


def no_run() -> str:
    if value(winreg.HKEY_CURRENT_USER, RUN, "NextCall"):
        raise Wrong("it starts with Windows, and nobody wanted that")
    return ""


def self_check() -> str:
    """Wine itself makes Qt complain; all the rest has to be well."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.txt"
        command = [program(), "--self-check", str(table)]
        code = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
        rows = [line.split(maxsplit=2) for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    failed = [row[0] for row in rows if len(row) > 1 and row[1] == "FAILED"]
    if failed != (["output"] if under_wine else []) or code != bool(failed):
        raise Wrong(f"exit code {code}, failed: {failed}")
    return f"{sum(row[1] == 'ok' for row in rows if len(row) > 1)} checks are ok" + (
        ", but for what Wine lacks" if failed else ""
    )


def from_the_menu() -> str:
    open_it(SHORTCUT)
    until(lambda: user32.FindWindowW(None, "Log in"), "its window")
    if under_wine:
        return "the shortcut opens its window; Wine keeps no id in shortcuts"
    if APP_ID.encode("utf-16-le") not in SHORTCUT.read_bytes():
        raise Wrong("the shortcut has no AppUserModelID")
    return f"the shortcut opens its window and has the id {APP_ID}"


def link() -> str:
    if under_wine:  # it knows only of links for all users, which come below
        run(str(value(winreg.HKEY_CURRENT_USER, rf"{CLASSES}\nextcall\shell\open\command")).replace("%1", "nextcall://trial"))
    else:
        open_it("nextcall://trial")
    until(lambda: "a link was refused" in log(), "the link")
    return "the running NextCall was given it, and refused it, as it should"


def upgrade_while_open() -> str:
    """It goes on from the row before."""
    (HOME / "_internal" / "left by somebody.txt").write_text("x")
    took = run(f'"{NEW}" /S')
    if "leaving for an update" not in log():
        raise Wrong("the running NextCall was not asked")
    until(lambda: not user32.FindWindowW(None, "Log in"), "its window to close")
    return f"{installed()}; it was asked and has left; took {took:.0f} s; no stale file"


def upgrade_on_a_call() -> str:
    with shift() as ours, unchanged():
        took = run(f'"{NEW}" /S', IN_USE)
        if ours.poll() is not None or "asked in vain to leave" not in log():
            raise Wrong("the call was cut, or nobody was asked")
    return f"{IN_USE} after {took:.0f} s; the call goes on, nothing was changed"


def uninstall_on_a_call() -> str:
    with shift() as ours, unchanged():
        run(f'"{HOME / "uninstall.exe"}" /S _?={HOME}', IN_USE)
        if ours.poll() is not None:
            raise Wrong("the call was cut")
    return f"{IN_USE}; the call goes on, nothing was changed"


def upgrade_after_waiting() -> str:
    with shift() as ours:
        waits = subprocess.Popen(f'"{NEW}" /S /Wait=2')
        until(lambda: "asked in vain to leave" in log().rpartition("NextCall ")[2], "the question")
        if waits.poll() is not None:
            raise Wrong("it did not wait")
        ours.kill()
        began = time.monotonic()
        if waits.wait(PATIENCE) != DONE:
            raise Wrong(f"exit code {waits.returncode}")
    return f"done {time.monotonic() - began:.0f} s after the end; {installed()}"


def others_are_noticed() -> str:
    with started(program(f"{COMMAND}-cli"), "practice-service") as other, unchanged():
        assert other.stdout is not None  # noqa: S101 - it was asked for
        other.stdout.readline()
        run(f'"{NEW}" /S', IN_USE)
        if other.poll() is not None:
            raise Wrong("it was ended")
    return f"{IN_USE}; a practice service goes on"


def failed_upgrade() -> str:
    """Somebody has a file open, and lets nobody else have it."""
    kernel32 = ctypes.WinDLL("kernel32")
    kernel32.CreateFileW.restype = ctypes.c_void_p
    handle = kernel32.CreateFileW(str(HOME / "nextcall.ico"), 0x80000000, 1, None, 3, 0, None)
    try:
        with unchanged():
            run(f'"{NEW}" /S', FAILED)
    finally:
        kernel32.CloseHandle(ctypes.c_void_p(handle))
    return f"{FAILED}; the old program is whole; {installed()}"


def not_twice() -> str:
    with tempfile.TemporaryDirectory() as folder, unchanged():
        run(f'"{NEW}" /S /D={folder}\\NextCall', ELSEWHERE)
        if list(Path(folder).iterdir()):
            raise Wrong("something was written there")
    return f"{ELSEWHERE}; nothing was changed"


def data_is_kept() -> str:
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:  # as NextCall's own settings switch it on
        winreg.SetValueEx(key, "NextCall", 0, winreg.REG_SZ, program())
    before = {name for name in tree(DATA) if name != "nextcall.log"}
    uninstall()
    kept = set(tree(DATA))
    if not before or before - kept or not vault._backend().get_password("NextCall 127.0.0.1", "API key"):
        raise Wrong(f"kept: {kept}")
    names = sorted({name.partition("/")[0] for name in kept})
    return f"{gone()}; kept are {', '.join(names)}, and the key in the Credential Manager"


def elsewhere() -> str:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "My programs"
        home.mkdir()
        (home / "mine.txt").write_text("mine")
        run(f'"{NEW}" /S /Autostart /D={home}')
        (home / "mine.txt").unlink()
        found = installed(home)
        (home / "mine.txt").write_text("mine")
        if value(winreg.HKEY_CURRENT_USER, RUN, "NextCall") != f'"{program(home=home)}"':
            raise Wrong("it does not start with Windows")
        run(f'"{OLD}" /S')  # without /D= it stays where it is
        run(f'"{NEW}" /S')
        uninstall()
        until(lambda: not (home / "uninstall.exe").exists(), "the uninstaller to be gone")
        left = [file.name for file in home.iterdir()]
        if left != ["mine.txt"] or value(winreg.HKEY_CURRENT_USER, RUN, "NextCall"):
            raise Wrong(f"left: {left}, or the start with Windows")
        (home / "mine.txt").unlink()
        home.rmdir()
        return f"{found}; started with Windows; what else was in the folder is still there"


def removed_with_data() -> str:
    run(f'"{NEW}" /S')
    if not DATA.exists():
        raise Wrong("there is no data that could be removed")
    uninstall(more="/RemoveData")
    if DATA.exists() or vault._backend().get_password("NextCall 127.0.0.1", "API key"):
        raise Wrong(f"left: {list(DATA.rglob('*'))}, or a key")
    return f"{gone()}, no data, no secret"


def for_all() -> str:
    run(f'"{OLD}" /S /AllUsers /Autostart')
    run(f'"{NEW}" /S /AllUsers')
    found = installed(HOME_FOR_ALL, for_all=True)
    if value(winreg.HKEY_LOCAL_MACHINE, RUN, "NextCall") != f'"{program(home=HOME_FOR_ALL)}"' or no_run():
        raise Wrong("it does not start with Windows")
    run(f'"{NEW}" /S', ELSEWHERE)
    open_it("nextcall://trial")  # it is started by it
    until(lambda: "a link was refused" in log(), "the link")
    uninstall(winreg.HKEY_LOCAL_MACHINE, "/RemoveData")
    return (
        f"{found}; started with Windows and by a link; a user's own beside it is refused ({ELSEWHERE}); then {gone(HOME_FOR_ALL)}"
    )


ROWS: dict[str, Callable[[], str]] = {
    "/AllUsers without rights": needs_an_administrator,
    "for one user, without": install_for_one,
    "its --self-check": self_check,
    "from the Start menu": from_the_menu,
    "a nextcall:// link": link,
    "upgrade while it is open": upgrade_while_open,
    "upgrade during a call": upgrade_on_a_call,
    "uninstall during a call": uninstall_on_a_call,
    "upgrade with /Wait=2": upgrade_after_waiting,
    "another program of it runs": others_are_noticed,
    "upgrade that fails": failed_upgrade,
    "a second one with /D=": not_twice,
    "uninstall": data_is_kept,
    "/D=, /Autostart, upgrades": elsewhere,
    "uninstall /RemoveData": removed_with_data,
    "/AllUsers": for_all,
}


def main() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if HOME.exists() or DATA.exists() or HOME_FOR_ALL.exists():
        raise SystemExit("NextCall is installed here, or has kept something: that would not be left as it is.")
    failed = 0
    for name, row in ROWS.items():
        try:
            seen = f"ok      {row()}"
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is a row of the table
            seen, failed = f"FAILED  {type(wrong).__name__}: {wrong}", 1
        print(f"{name:<28}{seen}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
