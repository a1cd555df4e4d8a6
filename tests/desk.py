"""A real desktop in a virtual screen: a window manager, a tray, notifications and a keyring, all of them a test's own.

For what the offscreen platform cannot show. The programs under test run as subprocesses with the desk's environment; Qt in the
test's own process stays offscreen. Nothing here reaches the desktop of the person who runs the tests.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SCREEN = ("-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset")
TRAY_TITLE = "panel"
KEYRING_PASSWORD = "a test's own"

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <!-- No servicedir: a service that nobody started here is not there, and none of the host's is started by asking for it. -->
  <type>session</type>
  <listen>unix:dir={directory}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

DUNST = """\
[global]
    origin = top-left
    width = 360
    font = Noto Sans 10
    idle_threshold = 0
    history_length = 100
    notification_limit = 10
    stack_duplicates = false
    always_run_script = true
    mouse_left_click = do_action, close_current
[urgency_low]
    timeout = 0
[urgency_normal]
    timeout = 0
[urgency_critical]
    timeout = 0
[record]
    summary = "*"
    script = {script}
"""

RECORD = """\
#!/bin/sh
printf '%s\\0%s\\0%s\\0%s\\0%s\\0' "$DUNST_ID" "$DUNST_APP_NAME" "$DUNST_SUMMARY" "$DUNST_BODY" "$DUNST_URGENCY" >> '{record}'
"""


def needs(*programs: str) -> None:
    """Skip the test if one of `programs` is not installed; where every one has to be (`CI` is set), fail."""
    if sys.platform != "linux":
        pytest.skip("an X11 desktop is a matter of Linux")
    missing = [program for program in programs if not shutil.which(program)]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)} (python packaging/dev.py libraries)"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """What `condition` gives as soon as it is true; fails, saying what was waited for."""
    last = time.monotonic() + seconds
    while not (given := condition()):
        if time.monotonic() > last:
            pytest.fail(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)
    return given


@dataclass(frozen=True)
class Notification:
    """What the notification service showed; `number` is the same for one that replaces another."""

    number: int
    app: str
    summary: str
    body: str
    urgency: str


@dataclass(frozen=True)
class Window:
    """A window as the window manager knows it."""

    number: int
    title: str


class Session:
    """A user's session: a home, a bus, and the programs started in it."""

    def __init__(self, home: Path, leaving: contextlib.ExitStack) -> None:
        self.home = home
        self.env = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        self.env |= {"HOME": str(home), "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory", "LC_ALL": "C.UTF-8"}
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            self.env[f"XDG_{name}_HOME"] = str(self._directory(name.lower()))
        self.env["XDG_RUNTIME_DIR"] = str(self._directory("run"))
        self._leaving = leaving
        self._start_bus()

    def start(self, *command: str | Path, name: str = "", given: str = "", keep: Sequence[int] = ()) -> subprocess.Popen[str]:
        """Start a program that ends with the session at the latest; what it says is in `log(name)`.

        `given` is its standard input, `keep` are files it inherits.
        """
        name = name or Path(command[0]).name
        with self._log(name).open("a", encoding="utf-8") as log:
            program = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *map(str, command)],  # ends with us, however we end
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                pass_fds=keep,
                start_new_session=True,
            )
        self._leaving.callback(_end, program)
        assert program.stdin
        program.stdin.write(given)
        program.stdin.close()
        return program

    def log(self, name: str) -> str:
        """What the program of that name said until now."""
        return self._log(name).read_text(encoding="utf-8", errors="replace") if self._log(name).exists() else ""

    def run(self, *command: str | Path, timeout: float = 30.0) -> str:
        """Run a program to its end in this session; gives what it printed. Fails if the program does."""
        done = subprocess.run(
            [str(part) for part in command],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the test's own process be in this session, too."""
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)

    def has(self, service: str) -> bool:
        """Whether somebody on the bus answers to that name."""
        from jeepney.bus_messages import message_bus

        return bool(self._ask(message_bus.NameHasOwner(service))[0])

    def _ask(self, message: Any) -> Any:
        from jeepney.io.blocking import open_dbus_connection
        from jeepney.wrappers import unwrap_msg

        with open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            return unwrap_msg(connection.send_and_get_reply(message, timeout=10))

    def _start_bus(self) -> None:
        config = self.home / "bus.conf"
        config.write_text(BUS.format(directory=self.env["XDG_RUNTIME_DIR"]), encoding="utf-8")
        with _answer() as (told, tell):
            self.start("dbus-daemon", "--nofork", "--nopidfile", "--config-file", config, f"--print-address={tell}", keep=[tell])
            self.env["DBUS_SESSION_BUS_ADDRESS"] = told() or pytest.fail(f"no bus: {self.log('dbus-daemon')}")

    def start_keyring(self) -> None:
        """An unlocked keyring, kept below `home`."""
        self.start("gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock", given=KEYRING_PASSWORD)
        wait_until(lambda: self.has("org.freedesktop.secrets"), "the keyring")

    def _directory(self, name: str) -> Path:
        place = self.home / name
        place.mkdir(mode=0o700)
        return place

    def _log(self, name: str) -> Path:
        return self.home / f"{name}.log"


class Desk(Session):
    """A session on a screen of its own. The tray is at the lower right, notifications appear at the upper left and stay."""

    def __init__(self, home: Path, leaving: contextlib.ExitStack) -> None:
        super().__init__(home, leaving)
        self._start_screen()
        self.start("openbox", "--sm-disable")
        self._start_notifications()
        self.start("trayer", *["--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32"])
        self.start_keyring()
        wait_until(lambda: "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), "the window manager")
        wait_until(lambda: self._selection_owner("_NET_SYSTEM_TRAY_S0"), "the tray")

    def screenshot(self, path: Path) -> Path:
        """The whole screen as a picture."""
        self.run("import", "-window", "root", path)
        return path

    def xdotool(self, *arguments: str | int) -> str:
        """Keys, clicks and questions about windows; see `man xdotool`."""
        return self.run("xdotool", *map(str, arguments)).strip()

    def windows(self, title: str = "") -> list[Window]:
        """The programs' windows whose title contains `title`."""
        numbers = re.findall(r"0x[0-9a-f]+", self.run("xprop", "-root", "_NET_CLIENT_LIST"))
        found = []
        for number in [int(text, 16) for text in numbers]:
            with contextlib.suppress(pytest.fail.Exception):  # it may just have closed
                found.append(Window(number, self.xdotool("getwindowname", number)))
        return [window for window in found if title in window.title and window.title != TRAY_TITLE]

    def wait_for_window(self, title: str) -> Window:
        """The window with this title, as soon as it is there."""
        found: list[Window] = wait_until(lambda: self.windows(title), f"a window {title!r}")
        return found[0]

    def active_window(self) -> Window:
        """The one that has the keyboard."""
        number = int(self.xdotool("getactivewindow"))
        return Window(number, self.xdotool("getwindowname", number))

    def tray_icons(self) -> list[str]:
        """The window classes of the icons that the tray holds."""
        tree = wait_until(self._tree, "a moment in which no window goes")
        panels = [place for place, line in enumerate(tree) if '("panel" "trayer")' in line]
        icons: list[str] = []
        for place in panels:
            depth = _depth(tree[place])
            for line in tree[place + 1 :]:
                if _depth(line) <= depth:
                    break
                icons += re.findall(r'\("[^"]*" "([^"]*)"\)', line)
        return icons

    def popup_menus(self) -> int:
        """How many menus are open."""
        numbers = [line.split()[0] for line in self._tree() if re.match(r"\s+0x", line)]
        found = 0
        for number in numbers:
            with contextlib.suppress(pytest.fail.Exception):  # it may just have closed
                kind = self.run("xprop", "-id", number, "_NET_WM_WINDOW_TYPE")
                found += "_MENU" in kind and "IsViewable" in self.run("xwininfo", "-id", number)
        return found

    def _tree(self) -> list[str]:
        """All windows, indented by depth; nothing if one went while they were being read."""
        with contextlib.suppress(pytest.fail.Exception):
            return self.run("xwininfo", "-root", "-tree").splitlines()
        return []

    def notifications(self) -> list[Notification]:
        """Every one that was shown on this desk, in order."""
        if not self._record.exists():
            return []
        fields = self._record.read_text(encoding="utf-8").split("\0")[:-1]
        return [Notification(int(fields[at]), *fields[at + 1 : at + 5]) for at in range(0, len(fields) // 5 * 5, 5)]

    def notifications_displayed(self) -> int:
        """How many are on the screen now."""
        from jeepney import Properties

        return int(self._ask(Properties(self._dunst()).get("displayedLength"))[0][1])

    def close_notifications(self) -> None:
        """Take all of them off the screen."""
        from jeepney import new_method_call

        self._ask(new_method_call(self._dunst(), "NotificationCloseAll"))

    def _dunst(self) -> Any:
        from jeepney import DBusAddress

        return DBusAddress("/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.dunstproject.cmd0")

    def _start_screen(self) -> None:
        with _answer() as (told, tell):
            self.start("Xvfb", "-displayfd", str(tell), *SCREEN, keep=[tell])
            number = told() or pytest.fail(f"no screen: {self.log('Xvfb')}")
        self.env |= {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb", "XDG_SESSION_TYPE": "x11"}

    def _start_notifications(self) -> None:
        self._record, script, config = self.home / "notifications", self.home / "record", self.home / "dunstrc"
        script.write_text(RECORD.format(record=self._record), encoding="utf-8")
        script.chmod(0o700)
        config.write_text(DUNST.format(script=script), encoding="utf-8")
        self.start("dunst", "-config", config)
        wait_until(lambda: self.has("org.freedesktop.Notifications"), "the notification service")

    def _selection_owner(self, name: str) -> int:
        """The window that holds an X selection; no command line tool tells."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = x11.XGetSelectionOwner.restype = ctypes.c_ulong
        screen = ctypes.c_void_p(x11.XOpenDisplay(self.env["DISPLAY"].encode()))
        try:
            return int(x11.XGetSelectionOwner(screen, ctypes.c_ulong(x11.XInternAtom(screen, name.encode(), 0))))
        finally:
            x11.XCloseDisplay(screen)


@pytest.fixture(scope="module")
def secret_service() -> Iterator[Session]:
    """A session without a screen, with an unlocked keyring."""
    needs("dbus-daemon", "setpriv", "gnome-keyring-daemon")
    with _home() as (home, leaving):
        session = Session(home, leaving)
        session.start_keyring()
        yield session


@pytest.fixture(scope="module")
def xdesk() -> Iterator[Desk]:
    """A desktop with a window manager, a tray, notifications and an unlocked keyring, for the tests of one module."""
    needs("Xvfb", "openbox", "dunst", "trayer", "dbus-daemon", "gnome-keyring-daemon")
    needs("setpriv", "xdotool", "xprop", "xwininfo", "import")
    with _home() as (home, leaving):
        yield Desk(home, leaving)


@contextlib.contextmanager
def _home() -> Iterator[tuple[Path, contextlib.ExitStack]]:
    """A directory with a short name (sockets live in it), and a place for what has to end before it goes."""
    with (
        tempfile.TemporaryDirectory(prefix="nextcall-desk-", ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as leaving,
    ):
        yield Path(name), leaving


@contextlib.contextmanager
def _answer() -> Iterator[tuple[Callable[[], str], int]]:
    """A pipe on which a program we start tells one line: how to read it, and what the program is to write to."""
    reading, writing = os.pipe()

    def told() -> str:
        os.close(writing)  # the program has its own; if it dies, we read the end
        with os.fdopen(reading, encoding="utf-8") as lines:
            return lines.readline().strip()

    yield told, writing


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end(program: subprocess.Popen[str]) -> None:
    program.terminate()
    try:
        program.wait(timeout=5)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
