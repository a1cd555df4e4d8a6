"""Beside other programs on a real desktop: keys that work everywhere, chosen by pressing them, and links from elsewhere."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk import Desk, Window, wait_until
from tests.practice.outside import PHONE
from tests.shifts.agent import KEY
from tests.shifts.program import PATIENCE, Program, Service, fill_in_login, log_in
from tests.ui.arriving import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

Started = Callable[..., Program]

PROFILE = """
name = "Two things to know"
[[disposition]]
name = "Complete"
digit = 1
[[question]]
id = "visits"
type = "number"
required = true
"""


class Elsewhere:
    """The window of another program, in which somebody works."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.process = desk.start(sys.executable, "-c", ELSEWHERE, name="elsewhere-works")
        self.window: Window = desk.wait_for_window("Somewhere else")

    def presses(self, *keys: str) -> None:
        """Have the keyboard, and press keys."""
        self._desk.xdotool("windowactivate", "--sync", self.window.number)
        self._desk.xdotool("key", "--clearmodifiers", "--delay", 1, *keys)

    def typed(self) -> str:
        return "".join(self._desk.log("elsewhere-works").splitlines()[-1:])


@pytest.fixture
def elsewhere(xdesk: Desk) -> Iterator[Elsewhere]:
    other = Elsewhere(xdesk)
    yield other
    other.process.kill()
    other.process.wait()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / "profile.toml"
    file.write_text(PROFILE, encoding="utf-8")
    return file


def leave(program: Program) -> None:
    program.signal(signal.SIGTERM)
    program.window("Leave NextCall?")
    program.signal(signal.SIGTERM)
    program.ends()


# ---------------------------------------------------------------------------------------------- keys that work everywhere


def test_next_call_pressed_elsewhere_shows_what_is_missing_and_stores_nothing_unseen(
    start: Started, center: Service, elsewhere: Elsewhere, profile: Path
) -> None:
    before = len(center.responses())
    program = start("--service", center.service_url, "--profile", str(profile))
    fill_in_login(program)
    log_in(program, center)
    program.is_called()
    elsewhere.presses("a", "ctrl+shift+F9")
    program.focused("Call - ")  # with the keyboard at the first thing that is missing:
    program.keys("Call - ", "1")
    elsewhere.presses("b", "ctrl+shift+F9")
    program.types("Call - ", "12")  # and at the next
    assert len(center.responses()) == before
    elsewhere.presses("c", "ctrl+shift+F9")
    wait_until(lambda: len(center.responses()) == before + 1, "the response", PATIENCE)
    assert center.responses()[before:] == [("Complete", "[answers]\nvisits = 12", False)]
    assert elsewhere.typed() == "abc"
    program.window("Call - ")
    leave(program)


def test_a_popup_that_was_closed_comes_back_before_anything_is_stored(
    start: Started, center: Service, elsewhere: Elsewhere, profile: Path
) -> None:
    before = len(center.responses())
    program = start("--service", center.service_url, "--profile", str(profile))
    fill_in_login(program)
    log_in(program, center)
    program.is_called()
    elsewhere.presses("ctrl+shift+F8")
    program.keys("Call - ", "1", "alt+F4")
    program.no_window("Call - ")
    elsewhere.presses("ctrl+shift+F9")
    program.focused("Call - ")
    assert len(center.responses()) == before
    leave(program)


def open_keys(program: Program) -> None:
    """From the log-in window to the first field of the settings' page of keys, by keys."""
    program.keys("Log in", "shift+Tab", "space")
    program.keys("Settings", "Right", "Right", "Tab")


def is_in_field(program: Program, times: int) -> None:
    """A field for keys listens for the so many-th time; before that, keys pressed still are what they were."""
    wait_until(lambda: program.log().count("keys that work everywhere: 0 of 0") >= times, "a field to listen", PATIENCE)


def kept(program: Program) -> dict[str, Any]:
    file = program.data_dir / "settings.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def test_keys_are_chosen_by_pressing_them_and_act_at_once(
    start: Started, center: Service, elsewhere: Elsewhere, profile: Path
) -> None:
    """The key of "show the popup" becomes that of Next Call: it could not arrive in the field if it still acted."""
    before = len(center.responses())
    program = start("--service", center.service_url, "--profile", str(profile))
    open_keys(program)
    is_in_field(program, 1)
    program.keys("Settings", "BackSpace", "Tab", "Tab", "Tab")
    is_in_field(program, 3)  # the first field listens anew once its key is gone
    program.keys("Settings", "ctrl+shift+F8", "Return")
    program.no_window("Settings")
    wait_until(lambda: kept(program).get("shortcuts") == {"show_call": "", "next_call": "Ctrl+Shift+F8"}, "the keys", PATIENCE)
    fill_in_login(program)
    log_in(program, center)
    program.is_called()
    elsewhere.presses("ctrl+shift+F9", "ctrl+shift+F8")
    program.keys("Call - ", "1", "Tab")
    program.types("Call - ", "3")
    elsewhere.presses("ctrl+shift+F8")
    wait_until(lambda: len(center.responses()) == before + 1, "the response", PATIENCE)
    program.window("Call - ")
    leave(program)


# Has Ctrl+Alt+N for itself.
HAS_A_KEY = """
import ctypes, time
x11 = ctypes.CDLL("libX11.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XDefaultRootWindow.restype = ctypes.c_ulong
screen = ctypes.c_void_p(x11.XOpenDisplay(None))
code = x11.XKeysymToKeycode(screen, ctypes.c_ulong(ord("n")))
x11.XGrabKey(screen, code, 4 | 8, ctypes.c_ulong(x11.XDefaultRootWindow(screen)), 0, 1, 1)
x11.XSync(screen, 0)
print("ready", flush=True)
time.sleep(1000)
"""


def test_a_key_that_another_program_has_taken_is_told_when_it_is_tried(xdesk: Desk, start: Started, center: Service) -> None:
    program = start("--service", center.service_url)
    open_keys(program)
    program.keys("Settings", "Tab", "Tab", "Tab")
    is_in_field(program, 2)
    program.keys("Settings", "ctrl+alt+n")
    is_in_field(program, 3)  # again, with these keys tried
    other = xdesk.start(sys.executable, "-c", HAS_A_KEY, name="has-a-key")
    wait_until(lambda: "ready" in xdesk.log("has-a-key"), "the other program")
    program.keys("Settings", "Tab")  # out of the field
    taken = "no hotkey for next_call: Another program has Ctrl+Alt+N already. Choose another key."
    wait_until(lambda: taken in program.log(), "the sentence", PATIENCE)
    other.kill()
    other.wait()
    program.keys("Settings", "Escape")
    program.keys("Log in", "alt+F4")
    program.ends()
    assert not kept(program)


# ----------------------------------------------------------------------------------------------------------------- links


def test_a_link_that_a_second_start_was_given_is_followed_by_the_first(xdesk: Desk, start: Started, center: Service) -> None:
    program = start("--service", center.service_url)
    program.types("Log in", KEY)
    clicked = [sys.executable, "-m", "desktop", "--data-dir", str(program.data_dir), "nextcall://open?campaign=1"]

    def click(*answer: str) -> None:
        second = subprocess.run(clicked, env=xdesk.env, capture_output=True, text=True, timeout=60, check=False)
        assert (second.returncode, second.stderr) == (0, "")
        assert second.stdout.startswith("NextCall is running already")
        program.keys("A link wants NextCall", *answer)
        program.no_window("A link wants NextCall")

    click("Return")  # nobody agrees by mistake
    program.keys("Log in", "Tab", "Tab")
    program.types("Log in", PHONE)
    program.keys("Log in", "Return")  # which leads to the campaign: it is missing
    click("Tab", "space")
    program.keys("Log in", "Return")
    program.state("Enter the agent ID you hear")
    program.signal(signal.SIGTERM)
    program.ends()
