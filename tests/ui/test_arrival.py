"""How calls come: no key that is meant for something else is lost, and none acts on a call."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu

from desktop.callcenter.model import CallResponse
from desktop.popup.dispositions import offered
from desktop.popup.profile import CampaignProfile
from desktop.ui.arrival import Arrival, Manner, Quarantine
from desktop.ui.popup import PopupWindow
from desktop.ui.strip import Strip
from tests.desk import Desk, wait_until
from tests.simulation import a_call
from tests.ui.arriving import ELSEWHERE, PATIENCE, Stage, active, stacked
from tests.ui.screen import Role, field, has, message, part, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    Keep = Callable[[Any], Any]

LONG = 60_000
"""Milliseconds: longer than a test."""
CHOICES = offered(CampaignProfile())
Control = Qt.KeyboardModifier.ControlModifier
OnTop = Qt.WindowType.WindowStaysOnTopHint


@pytest.fixture
def quarantine(qapp: object) -> Iterator[Quarantine]:
    one = Quarantine()
    yield one
    one.end()


@pytest.fixture
def sent(popup: PopupWindow) -> list[CallResponse]:
    """What the popup wished to be stored."""
    wishes: list[CallResponse] = []
    popup.next_call_requested.connect(wishes.append)
    return wishes


@pytest.fixture
def on_call(popup: PopupWindow) -> PopupWindow:
    """A popup that shows a call and has the keyboard."""
    popup.show_call(a_call())
    show(popup)
    return popup


def press(window: Any, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """As the system does it: the window is told, and whatever is in it learns of it by that."""
    QTest.keyClick(window.windowHandle(), key, modifiers)


def repeat(window: Any, key: Qt.Key, text: str) -> None:
    """The key is held, and has just acted once more."""
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text, True)
        QGuiApplication.sendEvent(window.windowHandle(), event)


def chosen(popup: PopupWindow) -> str:
    return str(part(popup, Role.List, "Disposition").chosen())


# --------------------------------------------------------------------------------------------------------- the quarantine


def test_no_key_acts_on_a_window_in_quarantine(on_call: PopupWindow, quarantine: Quarantine):
    quarantine.begin(on_call, LONG)
    press(on_call, Qt.Key.Key_1)
    assert chosen(on_call) == ""
    field(on_call, "Notes").setFocus()
    press(on_call, Qt.Key.Key_A)
    press(on_call, Qt.Key.Key_Tab)
    assert field(on_call, "Notes").text() == ""
    assert field(on_call, "Notes").hasFocus()


def test_no_shortcut_does_either(on_call: PopupWindow, sent: list[CallResponse], quarantine: Quarantine):
    press(on_call, Qt.Key.Key_1)
    quarantine.begin(on_call, LONG)
    press(on_call, Qt.Key.Key_Return, Control)
    press(on_call, Qt.Key.Key_F8)
    assert message(on_call) == ""
    assert sent == []
    quarantine.end()
    press(on_call, Qt.Key.Key_Return, Control)
    assert [one.disposition for one in sent] == ["Interested"]


def test_it_ends_by_itself(on_call: PopupWindow, quarantine: Quarantine, qtbot: QtBot):
    quarantine.begin(on_call, 20)
    press(on_call, Qt.Key.Key_1)
    assert chosen(on_call) == ""
    qtbot.waitUntil(lambda: press(on_call, Qt.Key.Key_1) or chosen(on_call) == "Interested")


def test_other_windows_are_not_touched(on_call: PopupWindow, quarantine: Quarantine, keep: Keep):
    other = keep(QLineEdit())
    quarantine.begin(on_call, LONG)
    show(other)
    press(other, Qt.Key.Key_1)
    assert other.text() == "1"


def test_a_key_that_is_still_held_does_nothing_until_it_is_pressed_anew(on_call: PopupWindow, quarantine: Quarantine):
    quarantine.begin(on_call, LONG)
    QTest.keyPress(on_call.windowHandle(), Qt.Key.Key_1)
    quarantine.end()
    repeat(on_call, Qt.Key.Key_1, "1")
    QTest.keyRelease(on_call.windowHandle(), Qt.Key.Key_1)
    assert chosen(on_call) == ""
    press(on_call, Qt.Key.Key_1)
    assert chosen(on_call) == "Interested"


def test_a_key_that_was_held_before_does_nothing_either(on_call: PopupWindow, quarantine: Quarantine):
    """It was pressed in another program and begins to repeat when the time is over: here nobody has seen it being pressed."""
    field(on_call, "Notes").setFocus()
    quarantine.begin(on_call, LONG)
    quarantine.end()
    for _ in range(3):
        repeat(on_call, Qt.Key.Key_A, "a")
    assert field(on_call, "Notes").text() == ""
    QTest.keyPress(on_call.windowHandle(), Qt.Key.Key_Shift)
    repeat(on_call, Qt.Key.Key_A, "A")
    assert field(on_call, "Notes").text() == ""
    QTest.keyPress(on_call.windowHandle(), Qt.Key.Key_B)
    repeat(on_call, Qt.Key.Key_B, "b")
    assert field(on_call, "Notes").text() == "bb"


def test_it_can_go_over_to_another_window(on_call: PopupWindow, quarantine: Quarantine, keep: Keep):
    other = keep(QLineEdit())
    show(other)
    quarantine.begin(on_call, LONG)
    quarantine.begin(other, LONG)
    press(other, Qt.Key.Key_1)
    assert other.text() == ""
    show(on_call)
    press(on_call, Qt.Key.Key_1)
    assert chosen(on_call) == "Interested"


# ------------------------------------------------------------------------------------------------------------ the manners


@pytest.fixture
def strip(keep: Keep) -> Strip:
    made: Strip = keep(Strip(practice=False))
    return made


@pytest.fixture
def arrive(popup: PopupWindow, strip: Strip) -> Iterator[Callable[..., Arrival]]:
    """A call comes in this manner, while the agent types somewhere else."""
    arrivals: list[Arrival] = []

    def begin(manner: Manner) -> Arrival:
        arrival = Arrival(popup, strip, quarantine=LONG)
        arrivals.append(arrival)
        arrival.set_manner(manner)
        popup.show_call(a_call())
        arrival.call_connected("Zoë Łuczak", CHOICES)
        return arrival

    yield begin
    for one in arrivals:
        one.call_ended()
        one.quarantine.end()


@pytest.mark.parametrize("manner", ["quiet", "keyboard"])
def test_the_popup_comes_and_goes(arrive: Callable[..., Arrival], popup: PopupWindow, strip: Strip, manner: Manner):
    arrival = arrive(manner)
    assert popup.isVisible()
    assert not strip.isVisible()
    arrival.call_ended()
    assert not popup.isVisible()


def test_the_strip_comes_instead_and_the_popup_when_it_is_asked_for(
    arrive: Callable[..., Arrival], popup: PopupWindow, strip: Strip, qtbot: QtBot
):
    arrival = arrive("strip")
    assert strip.isVisible()
    assert not popup.isVisible()
    assert has(strip, Role.StaticText, "Zoë Łuczak")
    strip.open_requested.emit()
    qtbot.waitUntil(popup.isActiveWindow)
    press(popup, Qt.Key.Key_1)  # at once: the agent has asked for the popup
    assert chosen(popup) == "Interested"
    assert strip.isVisible()
    arrival.call_ended()
    assert not strip.isVisible()
    assert not popup.isVisible()


def test_the_popup_stays_above_until_it_is_given_the_keyboard(
    arrive: Callable[..., Arrival], popup: PopupWindow, keep: Keep, qtbot: QtBot
):
    show(keep(QLineEdit()))
    arrive("quiet")
    assert popup.windowHandle().flags() & OnTop
    popup.activateWindow()
    qtbot.waitUntil(popup.isActiveWindow)
    assert not popup.windowHandle().flags() & OnTop


def test_the_popup_makes_way_for_another_window_of_nextcall_but_not_in_its_first_moment(
    arrive: Callable[..., Arrival], popup: PopupWindow, keep: Keep, qapp: Any
):
    """What the system tells is told here, because the offscreen platform gives the keyboard to every window that comes."""
    other, menu = keep(QLineEdit()), keep(QMenu())
    for one in (other, menu):
        one.winId()
    arrival = arrive("quiet")
    qapp.focusWindowChanged.emit(other.windowHandle())
    assert popup.windowHandle().flags() & OnTop
    arrival.quarantine.end()
    qapp.focusWindowChanged.emit(menu.windowHandle())
    assert popup.windowHandle().flags() & OnTop
    qapp.focusWindowChanged.emit(other.windowHandle())
    assert not popup.windowHandle().flags() & OnTop


def test_a_keyboard_that_comes_late_finds_the_quarantine(
    arrive: Callable[..., Arrival], popup: PopupWindow, keep: Keep, qtbot: QtBot
):
    """A system may give it when it is done with something else, or when the agent clicks the button that flashes."""
    other = keep(QLineEdit())
    show(other)
    arrival = arrive("keyboard")
    other.activateWindow()  # takes it back before it has come
    arrival.quarantine.end()
    qtbot.waitUntil(other.isActiveWindow)
    popup.activateWindow()
    qtbot.waitUntil(popup.isActiveWindow)
    press(popup, Qt.Key.Key_1)
    assert chosen(popup) == ""


def test_who_is_at_work_in_the_popup_stays_so(on_call: PopupWindow, strip: Strip):
    """Notes of somebody whom the call center names later."""
    arrival = Arrival(on_call, strip, quarantine=LONG)
    arrival.call_connected("Zoë Łuczak", CHOICES)
    press(on_call, Qt.Key.Key_1)
    assert chosen(on_call) == "Interested"
    arrival.call_ended()


def test_a_minimised_popup_is_seen_again(arrive: Callable[..., Arrival], popup: PopupWindow):
    arrival = arrive("quiet")
    popup.setWindowState(Qt.WindowState.WindowMinimized | Qt.WindowState.WindowMaximized)
    arrival.call_connected("Zoë Łuczak", CHOICES)
    assert popup.isVisible()
    assert popup.windowState() == Qt.WindowState.WindowMaximized


# ----------------------------------------------------------------------------------------------------- on a real desktop


@pytest.fixture
def stage(xdesk: Desk, tmp_path: Path) -> Iterator[Stage]:
    one = Stage(xdesk, tmp_path, tmp_path.name)
    yield one
    one.close()


@pytest.fixture
def elsewhere(xdesk: Desk, stage: Stage, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Another program has the keyboard; gives what was typed there."""
    name = f"elsewhere-{tmp_path.name}"
    program = xdesk.start(sys.executable, "-c", ELSEWHERE, name=name)
    stage.focused("Somewhere else")
    yield lambda: (xdesk.log(name).splitlines() or [""])[-1]
    program.terminate()
    wait_until(lambda: not xdesk.windows("Somewhere else"), "the other program to go")


def click(desk: Desk, stage: Stage, named: str) -> None:
    """Click a button of the strip."""
    parts = "[*stage.strip._buttons, stage.strip._open, stage.strip._next_call]"
    found = f"[one for one in {parts} if one.accessibleName() == {named!r}][0]"
    x, y = stage.ask(f"(lambda one: one.mapToGlobal(one.rect().center()).toTuple())({found})").strip("()").split(", ")
    desk.xdotool("mousemove", x, y, "click", 1)


@pytest.mark.parametrize("manner", ["quiet", "strip"])
def test_every_key_that_is_typed_elsewhere_arrives_there(
    xdesk: Desk, stage: Stage, elsewhere: Callable[[], str], manner: Manner, tmp_path: Path
):
    """When it comes first, and when it comes again; and it is seen, above the window in which the agent types."""
    window = "Call - Zoë Łuczak" if manner == "quiet" else "Call strip"
    stage.do(f"stage.arrival.set_manner({manner!r})")
    text = "1 while it comes 2 "
    typed = ""
    for _ in range(3):
        typing = subprocess.Popen(["xdotool", "type", "--delay", "10", text * 6], env=xdesk.env)
        stage.do("stage.call()")
        xdesk.wait_for_window(window)
        assert typing.wait(PATIENCE) == 0
        typed += text * 6
        wait_until(lambda typed=typed: elsewhere() == typed, "every key", PATIENCE)
        assert active(xdesk) == "Somewhere else"
        assert stacked(xdesk)[-1] == window
        assert stage.ask("stage.popup.draft.disposition") == ""
        xdesk.screenshot(tmp_path / f"{manner}.png")
        stage.do("stage.end()")
        wait_until(lambda: not xdesk.windows(window), "it to go")


def test_a_question_is_seen_above_a_popup_that_has_just_come(
    xdesk: Desk, stage: Stage, elsewhere: Callable[[], str], tmp_path: Path
):
    stage.do("stage.call()")
    xdesk.wait_for_window("Call - ")
    wait_until(lambda: stage.ask("stage.arrival.quarantine.acts") == "False", "the first moment to be over")
    stage.do("from PySide6.QtWidgets import QDialog; question = QDialog(); question.setWindowTitle('Leave NextCall?')")
    stage.do("question.resize(400, 300); question.open(); question.activateWindow()")
    stage.focused("Leave NextCall?")
    order = ["Call - Zoë Łuczak", "Leave NextCall?"]
    wait_until(lambda: [one for one in stacked(xdesk) if one in order] == order, "the question above the popup")
    xdesk.screenshot(tmp_path / "question.png")
    stage.do("question.reject()")
    stage.focused("Somewhere else")


def test_with_the_keyboard_no_key_acts_until_the_quarantine_is_over(xdesk: Desk, stage: Stage, elsewhere: Callable[[], str]):
    stage.do("stage.arrival.set_manner('keyboard'); stage.arrival._milliseconds = 60_000")
    xdesk.xdotool("type", "before")
    wait_until(lambda: elsewhere() == "before", "what was typed before")
    stage.do("stage.call()")
    stage.focused("Call - Zoë Łuczak")
    xdesk.xdotool("key", "--delay", 1, "1", "2", "ctrl+Return", "Tab", "3")
    try:
        xdesk.xdotool("keydown", "4")
        wait_until(lambda: stage.ask("keys.pressed").endswith("4"), "the keys")
        stage.do("stage.arrival.quarantine.end(); keys.repeated = ''")
        wait_until(lambda: stage.ask("keys.repeated").startswith("444"), "the held key to repeat itself")
        assert stage.ask("[stage.popup.draft.disposition, stage.popup.draft.notes]") == "['', '']"
    finally:
        xdesk.xdotool("keyup", "4")
    xdesk.xdotool("key", "4")
    wait_until(lambda: stage.ask("stage.popup.draft.disposition") == "Already a customer", "the key that is pressed anew")
    assert elsewhere() == "before"


def test_a_key_that_is_held_while_the_keyboard_goes_over_does_nothing(xdesk: Desk, stage: Stage, elsewhere: Callable[[], str]):
    stage.do("stage.arrival.set_manner('keyboard')")
    try:
        xdesk.xdotool("keydown", "4")
        wait_until(lambda: elsewhere().startswith("444"), "the held key to repeat itself")
        stage.do("stage.call(); stage.arrival.quarantine.end()")
        stage.focused("Call - Zoë Łuczak")
        stage.do("stage.arrival.quarantine.end(); keys.repeated = ''")
        wait_until(lambda: stage.ask("keys.repeated").startswith("444"), "the held key to repeat itself here")
        assert stage.ask("stage.popup.draft.disposition") == ""
    finally:
        xdesk.xdotool("keyup", "4")
    xdesk.xdotool("key", "4")
    wait_until(lambda: stage.ask("stage.popup.draft.disposition") == "Already a customer", "the key that is pressed anew")


def test_a_popup_that_has_the_keyboard_is_seen(xdesk: Desk, stage: Stage, elsewhere: Callable[[], str]):
    """It comes above everything and is put among the others when it gets the keyboard. One time in five it was put below them."""
    stage.do("stage.arrival.set_manner('strip')")
    both = ["Somewhere else", "Call - Zoë Łuczak"]
    for _ in range(10):
        stage.do("stage.call(); stage.arrival.open()")
        stage.focused("Call - Zoë Łuczak")
        popup = xdesk.wait_for_window("Call - Zoë Łuczak").number
        wait_until(lambda number=popup: "ABOVE" not in xdesk.run("xprop", "-id", number, "_NET_WM_STATE"), "it to be put there")
        wait_until(lambda: [one for one in stacked(xdesk) if one in both] == both, "it to be above the other")
        stage.do("stage.end()")
        stage.focused("Somewhere else")


@pytest.mark.usefixtures("elsewhere")
def test_the_next_call_gets_the_keyboard_though_the_last_one_has_just_gone(xdesk: Desk, stage: Stage):
    """Qt learns late that a window which is hidden has lost the keyboard, and until then nothing of its having it anew."""
    stage.do("stage.arrival.set_manner('keyboard'); stage.call()")
    wait_until(lambda: stage.ask("stage.popup.isActiveWindow()") == "True", "the keyboard", PATIENCE)
    stage.do("stage.end(); stage.call()")
    wait_until(lambda: stage.ask("stage.popup.isActiveWindow()") == "True", "the keyboard again", PATIENCE)
    stage.focused("Call - Zoë Łuczak")


def test_the_strip_can_be_worked_with_the_mouse_without_taking_the_keyboard(
    xdesk: Desk, stage: Stage, elsewhere: Callable[[], str], tmp_path: Path
):
    stage.do("stage.arrival.set_manner('strip')")
    xdesk.xdotool("mousemove", 640, 700)
    stage.do("stage.call()")
    xdesk.wait_for_window("Call strip")
    click(xdesk, stage, "2 Call back later")
    wait_until(lambda: "strip chose Call back later" in stage.said(), "the choice")
    click(xdesk, stage, "Next Call")
    wait_until(lambda: "strip next call" in stage.said(), "Next Call")
    xdesk.xdotool("type", "still here")
    wait_until(lambda: elsewhere() == "still here", "what was typed")
    assert active(xdesk) == "Somewhere else"
    xdesk.screenshot(tmp_path / "chosen.png")
    click(xdesk, stage, "Open")
    stage.focused("Call - Zoë Łuczak")
    assert stacked(xdesk)[-1] == "Call strip"
