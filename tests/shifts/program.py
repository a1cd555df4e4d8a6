"""NextCall as a program on a real desktop: keys go in by the X server, windows are seen by their titles, and it ends by itself.

Nothing of NextCall runs in the test's own process, and what is on the screen is reached with the keyboard only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from desktop.practice.scenario import SHIPPED_SCENARIO
from desktop.ui.arrival import QUARANTINE
from tests.desk import Desk, Window, wait_until
from tests.practice.outside import PHONE
from tests.shifts.agent import KEY

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 30.0
"""Seconds that a program on two shared processors may need for anything."""

# A window of another program: prints what is typed into it, character by character.


class Service:
    """`nextcall practice-service` as a program of its own, asked over HTTP only."""

    def __init__(self, desk: Desk, folder: Path, *, ring: float = 0.1, wait: tuple[float, float] = (0.1, 0.2)) -> None:
        text = SHIPPED_SCENARIO.read_text(encoding="utf-8")
        for name, value in {"key": f"'{KEY}'", "ring_seconds": ring, "wait_seconds": list(wait)}.items():
            text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
            assert found == 1
        scenario = folder / "scenario.toml"
        scenario.write_text(text, encoding="utf-8")
        name = f"service-{folder.name}"
        self._program = desk.start(sys.executable, "-m", "desktop", "practice-service", "--scenario", scenario, name=name)
        ready = wait_until(lambda: re.fullmatch(r"ready (\S+)\n", desk.log(name)), "the service", PATIENCE)
        self.service_url = ready[1]
        self._origin = self.service_url.partition("/service/")[0]
        scenario.unlink()  # so that what lies about with the key in it is not ours

    def end(self) -> None:
        self._program.terminate()
        assert self._program.wait(PATIENCE) == 0

    def agent_id(self) -> str:
        """The ID that a voice says on the agent's phone."""
        path = f"/practice/phones/{urllib.parse.quote(PHONE)}"
        wait_until(lambda: self._json(path)["state"] == "connected", "the phone to be picked up", PATIENCE)
        return str(self._json(path)["agentId"])

    def phone(self) -> str:
        return str(self._json(f"/practice/phones/{urllib.parse.quote(PHONE)}")["state"])

    def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._json("/practice/ledger")
        return found

    def responses(self) -> list[tuple[str, str, bool]]:
        return [(one["agentResponse"], one["agentNotes"], one["lastcall"]) for call in self.ledger() for one in call["responses"]]

    def _json(self, path: str) -> Any:
        with urllib.request.urlopen(self._origin + path) as answer:
            return json.load(answer)


class Program:
    """`python -m desktop` with a data folder of its own, until it has ended."""

    def __init__(self, desk: Desk, data_dir: Path, *arguments: str) -> None:
        self.desk = desk
        self.data_dir = data_dir
        self._name = f"nextcall-{data_dir.parent.name}-{data_dir.name}"
        self._said_before, self._logged_before = len(desk.log(self._name)), len(self._whole_log())
        self.process: subprocess.Popen[str] = desk.start(
            sys.executable, "-m", "desktop", "--data-dir", data_dir, *arguments, name=self._name
        )

    def keys(self, title: str, *keys: str) -> None:
        """Press keys in the window of that title as soon as it has the keyboard."""
        self.focused(title)
        self.desk.xdotool("key", "--clearmodifiers", "--delay", 1, *keys)

    def types(self, title: str, text: str) -> None:
        self.focused(title)
        self.desk.xdotool("type", "--clearmodifiers", "--delay", 1, text)

    def is_called(self, title: str = "Call - ") -> None:
        """A call is there, and so is the end of its first moment, in which a key for the one before does nothing to it."""
        self.window(title)
        time.sleep(2 * QUARANTINE / 1000)

    def focused(self, title: str) -> None:
        self.window(title)
        wait_until(lambda: self._has_keyboard(title), f"“{title}” to have the keyboard", PATIENCE)

    def window(self, title: str) -> Window:
        found: list[Window] = wait_until(lambda: self.desk.windows(title), f"a window “{title}”. {self.log()}", PATIENCE)
        return found[0]

    def no_window(self, title: str) -> None:
        wait_until(lambda: not self.desk.windows(title), f"“{title}” to go", PATIENCE)

    def state(self, words: str) -> None:
        """Wait until the log has this state as its last one."""
        wait_until(lambda: self._last_state() == words, f"the state “{words}”. {self.log()}", PATIENCE)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ready(self) -> None:
        """Wait until it is more than its first window."""
        wait_until(lambda: "keys that work everywhere" in self.log(), "its desk", PATIENCE)

    def ends(self, *, began: bool = True) -> None:
        """It has ended by itself: in time, with 0, without a word or a crash; what is left are files without the key.

        Unless it `began`, it has ended before it was more than its first window, and so before it logged anything.
        """
        assert self.process.wait(PATIENCE) == 0, self.log()
        assert self.desk.log(self._name)[self._said_before :] == ""
        assert "CRITICAL" not in self.log()
        assert "ERROR" not in self.log()
        assert self.log().rstrip().endswith("left" if began else "")
        assert self.desk.notifications_displayed() == 0
        assert not [path for path in self.data_dir.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]

    def log(self) -> str:
        """What this start has logged until now."""
        return self._whole_log()[self._logged_before :]

    def kill(self) -> None:
        """For a test that has failed: the next one wants the desk to itself."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _whole_log(self) -> str:
        path = self.data_dir / "nextcall.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _last_state(self) -> str:
        steps = re.findall(r"desktop\.shift\.session: \w+: (.*)", self.log())
        return steps[-1] if steps else "Signed out"

    def _has_keyboard(self, title: str) -> bool:
        active = self.desk.run("xprop", "-root", "_NET_ACTIVE_WINDOW").split()[-1]
        return any(window.number == int(active, 16) for window in self.desk.windows(title))


def fill_in_login(program: Program) -> None:
    """Key, campaign and phone number, and Enter."""
    program.types("Log in", KEY)
    program.keys("Log in", "Tab")
    program.types("Log in", "1")
    program.keys("Log in", "Tab")
    program.types("Log in", PHONE)
    program.keys("Log in", "Return")


def log_in(program: Program, service: Service) -> str:
    """After "Call me": the ID, and Enter; gives the ID."""
    program.state("Enter the agent ID you hear")
    agent_id = service.agent_id()
    program.types("Log in", " ".join(agent_id))
    program.keys("Log in", "Return")
    return agent_id
