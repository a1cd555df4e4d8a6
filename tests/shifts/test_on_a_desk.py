"""NextCall on a real desktop, by keys alone: a window manager, a tray, notifications and a keyring are at work beside it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from desktop.callcenter.model import Function
from desktop.practice.scenario import load_scenario
from desktop.settings.settings import Manner, Settings, SettingsFile
from desktop.shift.states import IN_QUEUE, State
from tests.desk import Desk, wait_until
from tests.shifts.agent import KEY
from tests.shifts.line import Line
from tests.shifts.program import PATIENCE, Program, Service, fill_in_login, log_in
from tests.ui.arriving import ELSEWHERE, Monitors, active, place_of, stacked, there, two_monitors

Started = Callable[..., Program]


def test_a_whole_shift_by_keys_and_the_key_is_remembered(start: Started, center: Service) -> None:
    before = len(center.responses())
    program = start("--service", center.service_url)
    fill_in_login(program)
    agent_id = log_in(program, center)
    people = {person.phonenumber: f"{person.firstname} {person.lastname}" for person in load_scenario().people}
    for number, (digit, notes, way_on) in enumerate(
        [("1", "wants the spring catalogue", "ctrl+Return"), ("2", "Tuesday, 3 pm", "ctrl+Return"), ("8", "bye", "ctrl+shift+l")]
    ):
        program.window("Call - ")
        call = [one for one in center.ledger() if one["agent"] == agent_id][-1]
        program.window(f"Call - {people[call['phonenumber']]}")
        program.keys("NextCall", "ctrl+shift+c")  # the popup does not take the keyboard by itself
        program.keys("Call - ", digit, "Tab")
        program.types("Call - ", notes)
        program.keys("Call - ", way_on)
        wait_until(lambda so_far=number + 1: len(center.responses()) == before + so_far, "the response", PATIENCE)
    program.keys("Hang up your phone", "Return")
    program.no_window("Hang up your phone")
    assert center.responses()[before:] == [
        ("Interested", "wants the spring catalogue", False),
        ("Call back later", "Tuesday, 3 pm", False),
        ("Do not call again", "bye", True),
    ]
    program.keys("Log in", "alt+F4")
    program.ends()

    again = start("--service", center.service_url)
    wait_until(lambda: again.keys("Log in", "Return") or "Calling" in again.log(), "the key from the keyring", PATIENCE)
    log_in(again, center)
    again.window("Call - ")
    assert KEY.encode() not in Path(f"/proc/{again.process.pid}/cmdline").read_bytes()
    again.signal(signal.SIGTERM)
    again.window("Leave NextCall?")
    again.signal(signal.SIGTERM)
    again.ends()


@pytest.mark.parametrize("state", State)
def test_a_signal_ends_it_in_every_state(start: Started, center: Service, state: State) -> None:
    leads_on = {
        State.CALLING: Function.SEND_AGENT_CALL_BACK,
        State.LOGGING_IN: Function.LOGIN_AGENT,
        State.WAITING: Function.GET_CONNECTION_FOR_AGENT,
        State.SAVING: Function.STORE_AGENT_RESPONSE,
    }
    with Line(center.service_url).mend() as line:
        if state in leads_on:
            line.hold(leads_on[state])
        program = start("--service", line.service_url)
        program.focused("Log in")
        if state is State.SIGNED_OUT:
            program.ready()
        else:
            fill_in_login(program)
        if state not in {State.SIGNED_OUT, State.CALLING, State.EXPECTING_ID}:
            log_in(program, center)
        if state in {State.CONNECTED, State.SAVING, State.LOGGED_OFF}:
            program.window("Call - ")
        if state in {State.SAVING, State.LOGGED_OFF}:
            program.keys("NextCall", "ctrl+shift+c")
            program.keys("Call - ", "3", "ctrl+shift+l")
        program.state(state.value)
        program.signal(signal.SIGTERM)
        if state in IN_QUEUE:
            program.window("Leave NextCall?")
            program.signal(signal.SIGTERM)
        elif state is State.LOGGED_OFF:
            program.keys("Hang up your phone", "Return")
        program.ends()


@pytest.fixture
def monitors(xdesk: Desk) -> Iterator[Monitors]:
    with two_monitors(xdesk) as both:
        yield both


def by_menu(program: Program) -> None:
    program.keys("NextCall", "alt+s", "Up", "Return")


def by_shortcut(program: Program) -> None:
    program.keys("NextCall", "ctrl+q")


def by_tray(program: Program) -> None:
    wait_until(lambda: program.desk.tray_icons() == ["NextCall"], "the icon alone in the tray")
    program.desk.xdotool("mousemove", 1280 - 14, 1024 - 16, "click", 3)
    wait_until(lambda: program.desk.popup_menus() > 0, "the menu")
    program.desk.xdotool("key", "Up", "Return")


def by_the_window_manager(program: Program) -> None:
    program.keys("NextCall", "alt+F4")


@pytest.mark.parametrize("way", [by_menu, by_shortcut, by_tray, by_the_window_manager])
def test_somebody_in_the_queue_is_asked(start: Started, center: Service, way: Callable[[Program], None]) -> None:
    with Line(center.service_url).mend() as line:
        line.hold(Function.GET_CONNECTION_FOR_AGENT)
        program = start("--service", line.service_url)
        fill_in_login(program)
        log_in(program, center)
        program.state("Waiting for a call")
        way(program)
        program.keys("Leave NextCall?", "Return")  # it stays unless somebody means it
        program.no_window("Leave NextCall?")
        way(program)
        program.keys("Leave NextCall?", "Tab", "space")
        program.keys("Hang up your phone", "Return")
        program.ends()
    assert center.phone() == "idle"


@pytest.fixture
def elsewhere(xdesk: Desk, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Starts another program, which takes the keyboard; what it gives is how to read what was typed there."""
    name = f"elsewhere-{tmp_path.name}"
    started: list[subprocess.Popen[str]] = []

    def typed() -> str:
        if not started:
            started.append(xdesk.start(sys.executable, "-c", ELSEWHERE, name=name))
            wait_until(lambda: active(xdesk) == "Somewhere else", "the other program to have the keyboard", PATIENCE)
        return (xdesk.log(name).splitlines() or [""])[-1]

    yield typed
    for program in started:
        program.terminate()
        program.wait(PATIENCE)


def leaves(program: Program) -> None:
    """In the queue or on a call, and nothing is about to change that, for then the question would go away."""
    program.signal(signal.SIGTERM)
    program.window("Leave NextCall?")
    program.signal(signal.SIGTERM)
    program.ends()


@pytest.mark.parametrize(("manner", "title"), [("quiet", "Call - "), ("strip", "Call strip")])
def test_a_call_does_not_take_the_keyboard(
    xdesk: Desk,
    start: Started,
    center: Service,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    manner: Manner,
    title: str,
) -> None:
    """Neither when it comes first nor when it comes again; what somebody types elsewhere arrives there, every key of it."""
    SettingsFile(tmp_path / "data").save(Settings(popup=manner))
    with Line(center.service_url).mend() as line:
        go_on = line.hold(Function.GET_CONNECTION_FOR_AGENT)
        program = start("--service", line.service_url)
        fill_in_login(program)
        log_in(program, center)
        program.state("Waiting for a call")
        text = elsewhere()
        for opened in range(2):
            xdesk.xdotool("type", "--delay", 1, "before ")
            typing = subprocess.Popen(["xdotool", "type", "--delay", "10", "while 1 opens " * 10], env=xdesk.env)
            go_on.set()
            program.window(title)
            assert typing.wait(PATIENCE) == 0
            xdesk.xdotool("type", "--delay", 1, "after ")
            text += "before " + "while 1 opens " * 10 + "after "
            wait_until(lambda text=text: elsewhere() == text, "every key", PATIENCE)
            assert title in stacked(xdesk)[-1]
            assert active(xdesk) == "Somewhere else"
            if opened == 0:
                go_on = line.hold(Function.GET_CONNECTION_FOR_AGENT)
                xdesk.xdotool("key", "ctrl+shift+F8")
                program.keys("Call - ", "1", "ctrl+Return")  # at once: who asks for the popup knows where the keys go
                program.no_window(title)
                xdesk.xdotool("windowactivate", "--sync", program.window("Somewhere else").number)
        leaves(program)


def test_a_call_is_stored_with_the_strip_while_the_keyboard_is_elsewhere(
    xdesk: Desk, start: Started, center: Service, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    """A missing disposition brings the popup, without the keyboard, and only a choice stores the call."""
    SettingsFile(tmp_path / "data").save(Settings(popup="strip"))
    before = len(center.responses())
    program = start("--service", center.service_url)
    fill_in_login(program)
    log_in(program, center)
    strip = program.window("Call strip")
    elsewhere()
    program.is_called("Call strip")
    xdesk.xdotool("key", "ctrl+shift+F9")  # Next Call: the popup says that something is missing
    program.keys("Call - ", "1", "alt+F4")  # it can be closed, and the strip is still there
    program.no_window("Call - ")
    left, top, width, height = place_of(xdesk, strip)
    xdesk.xdotool("windowactivate", "--sync", program.window("Somewhere else").number)
    xdesk.xdotool("mousemove", left + width - 60, top + height // 2, "click", 1)
    wait_until(lambda: len(center.responses()) > before, "Next Call on the strip to store the call", PATIENCE)
    assert active(xdesk) == "Somewhere else"
    xdesk.xdotool("type", "--delay", 1, "on it goes")
    wait_until(lambda: elsewhere() == "on it goes", "what was typed", PATIENCE)
    assert center.responses()[before][0] == "Interested"
    program.state("Connected")  # the next one
    leaves(program)


def test_a_call_can_take_the_keyboard(
    xdesk: Desk, start: Started, center: Service, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    """A digit does nothing until the agent has had time to see where the keys go; then the popup is worked by keys alone."""
    SettingsFile(tmp_path / "data").save(Settings(popup="keyboard"))
    before = len(center.responses())
    with Line(center.service_url).mend() as line:
        go_on = line.hold(Function.GET_CONNECTION_FOR_AGENT)
        program = start("--service", line.service_url)
        fill_in_login(program)
        log_in(program, center)
        program.state("Waiting for a call")
        elsewhere()
        go_on.set()
        program.focused("Call - ")
        line.hold(Function.GET_CONNECTION_FOR_AGENT)

        def is_stored() -> bool:
            if "Call - " in active(xdesk):
                xdesk.xdotool("key", "--delay", 1, "1", "ctrl+Return")
            return len(center.responses()) > before

        wait_until(is_stored, "the keys to act", PATIENCE)
        assert center.responses()[before][0] == "Interested"
        program.state("Waiting for a call")
        leaves(program)


def test_two_screens(
    xdesk: Desk, start: Started, center: Service, monitors: Monitors, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    """The strip comes where the agent works, the popup where the agent has put it; both are seen when that monitor is gone."""
    SettingsFile(tmp_path / "data").save(Settings(popup="strip"))
    program = start("--service", center.service_url)
    fill_in_login(program)
    log_in(program, center)
    program.window("Call strip")
    elsewhere()
    xdesk.xdotool("key", "ctrl+shift+F8")
    program.focused("Call - ")
    popup = program.window("Call - ").number
    kept = tmp_path / "data" / "places.json"

    def is_noted() -> bool:  # what moves it at the moment in which it comes is not the agent
        xdesk.xdotool("windowsize", popup, 700, 500, "windowmove", popup, 560, 120)
        [places] = json.loads(kept.read_bytes()).values() if kept.exists() else [{}]
        return bool(places.get("call", {}).get("left", 0) > 540)

    wait_until(is_noted, "its place to be noted", PATIENCE)
    xdesk.xdotool("mousemove", 900, 900)
    program.keys("Call - ", "1", "ctrl+Return")
    program.no_window("Call - ")
    strip = program.window("Call strip")
    there(xdesk, "Call strip", 540, 0)
    xdesk.xdotool("key", "ctrl+shift+F8")
    program.focused("Call - ")
    assert place_of(xdesk, program.window("Call - "))[0] >= 540
    xdesk.screenshot(tmp_path / "two screens.png")
    monitors.remove("right")
    wait_until(lambda: place_of(xdesk, program.window("Call - "))[0] < 440, "the popup to come back", PATIENCE)
    wait_until(lambda: place_of(xdesk, strip)[0] < 440, "the strip to come back", PATIENCE)
    xdesk.screenshot(tmp_path / "one screen.png")
    leaves(program)


def test_the_tour(xdesk: Desk, tmp_path: Path) -> None:
    """Every picture, the icon in the tray, and a notification for each call that names nobody and goes with the call."""
    before = len(xdesk.notifications())
    tour = xdesk.start(sys.executable, "-m", "desktop", "tour", "--out", tmp_path, name="tour")
    wait_until(lambda: "NextCall" in xdesk.tray_icons(), "the icon in the tray", PATIENCE)
    assert tour.wait(100) == 0, xdesk.log("tour")
    assert "3 calls, 3 responses, lastcall: [False, False, True]" in xdesk.log("tour")
    assert not [line for line in xdesk.log("tour").splitlines() if "qt." in line or "Traceback" in line]

    pictures = {scheme: sorted(path.name for path in (tmp_path / scheme).iterdir()) for scheme in ("light", "dark")}
    assert pictures["light"] == pictures["dark"]
    steps = [name.partition(" ")[2].removesuffix(".png") for name in pictures["light"]]
    assert steps[:4] == ["log in", "calling your phone", "agent id", "waiting 1"]
    assert steps[-2:] == ["hang up your phone", "log in again"]
    for scheme, names in pictures.items():
        for name in names:
            picture = QImage(str(tmp_path / scheme / name))
            colours = {picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)}
            assert len(colours) > 30, name

    shown = xdesk.notifications()[before:]
    assert [one.summary for one in shown] == ["NextCall practice: call connected"] * 3
    for person in load_scenario().people:
        for word in (person.firstname, person.lastname, person.phonenumber, person.phonenumber[-4:]):
            assert not [one for one in shown if word in one.summary + one.body]
    wait_until(lambda: xdesk.notifications_displayed() == 0, "the notifications to go")


@pytest.mark.parametrize("arguments", [["--practice"], ["--service", "http://127.0.0.1:1/service?wsdl"]])
def test_the_first_paint(start: Started, arguments: list[str]) -> None:
    start("--exit-after-first-paint", *arguments).ends(began="--practice" in arguments)
