"""The window program, killed while an agent types: what is older than half a second comes back."""

from __future__ import annotations

import signal
import time
from functools import partial
from typing import TYPE_CHECKING

from tests.desk import wait_until
from tests.shifts.conftest import assert_no_key_below
from tests.shifts.program import Program, Service, fill_in_login, log_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desk import Desk

PROMISED = 0.5
"""Seconds after a key in which it must be on the disk."""


def still_connected(program: Program) -> bool:
    """Press the button that has the keyboard, "Yes, still connected"; tells whether that has led on."""
    if "Logging in" in program.log():
        return True
    program.desk.xdotool("key", "Return")
    return False


def test_typing_is_kept_but_for_the_last_half_second(xdesk: Desk, tmp_path: Path) -> None:
    service = Service(xdesk, tmp_path)
    arguments = ("--service", service.service_url)
    program = Program(xdesk, tmp_path / "data", *arguments)
    try:
        fill_in_login(program)
        log_in(program, service)
        program.window("Call - ")
        program.keys("NextCall", "ctrl+shift+c")
        program.keys("Call - ", "1", "Tab")
        kept, fresh = "Ms Example calls back on Tuesday, ", "and here the power went " * 20
        program.types("Call - ", kept)
        typing = xdesk.start("xdotool", "type", "--delay", "20", fresh)
        time.sleep(PROMISED)
        program.signal(signal.SIGKILL)
        program.process.wait()
        typing.kill()
        typing.wait()
        xdesk.close_notifications()  # who is killed leaves them

        program = Program(xdesk, tmp_path / "data", *arguments)
        program.focused("Unfinished calls")
        wait_until(partial(still_connected, program), "the agent to be logged in again, once the keyring has given the key")
        program.window("Call - ")
        program.keys("NextCall", "ctrl+shift+c")
        program.keys("Call - ", "ctrl+shift+l")
        program.keys("Hang up your phone", "Return")
        program.keys("Log in", "alt+F4")
        program.ends()
    finally:
        program.kill()
    [(disposition, notes, last)] = service.responses()
    assert (disposition, last) == ("Interested", True)
    assert notes.startswith(kept)
    assert (kept + fresh).startswith(notes)
    service.end()
    assert_no_key_below(tmp_path)
