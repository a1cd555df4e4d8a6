"""Windows come where they were, and never where nobody can reach them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QWidget

from desktop.ui.places import Place, Places, brought_back
from tests.desk import Desk, wait_until
from tests.ui.arriving import PATIENCE, Monitors, Stage, there, two_monitors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    Keep = Callable[[Any], Any]

ONE = [QRect(0, 0, 1000, 800)]
TWO = [QRect(0, 0, 1000, 800), QRect(1000, 0, 1600, 1200)]


# ------------------------------------------------------------------------------------------------- what can be reached


@pytest.mark.parametrize("rooms", [ONE, TWO])
@pytest.mark.parametrize(
    "window",
    [
        QRect(100, 100, 400, 300),
        QRect(0, 0, 1000, 770),
        QRect(-300, 0, 400, 300),  # half of it is out of sight, as the agent wants it
        QRect(900, 700, 400, 300),
        QRect(0, 0, 60, 40),  # all of its title bar
    ],
)
def test_a_window_that_can_be_grabbed_stays_where_it_is(window: QRect, rooms: list[QRect]):
    assert brought_back(window, rooms) == window


@pytest.mark.parametrize(
    ("window", "back"),
    [
        (QRect(1200, 100, 400, 300), QRect(600, 100, 400, 300)),  # on the monitor that is gone
        (QRect(950, 100, 400, 300), QRect(600, 100, 400, 300)),  # too little to grab
        (QRect(100, -25, 400, 300), QRect(100, 0, 400, 300)),
        (QRect(100, 790, 400, 300), QRect(100, 470, 400, 300)),
        (QRect(-5000, -5000, 400, 300), QRect(0, 0, 400, 300)),
        (QRect(1100, 100, 1500, 1100), QRect(0, 0, 1000, 770)),  # larger than what is left
    ],
)
def test_one_that_cannot_is_brought_back(window: QRect, back: QRect):
    assert brought_back(window, ONE) == back


def test_it_is_brought_back_to_the_nearest_screen():
    assert brought_back(QRect(2550, 1100, 400, 300), TWO) == QRect(2200, 870, 400, 300)
    assert brought_back(QRect(-390, 100, 400, 300), TWO) == QRect(0, 100, 400, 300)


def test_a_moment_without_screens_changes_nothing():
    window = QRect(100, 100, 400, 300)
    assert brought_back(window, []) == window


# ----------------------------------------------------------------------------------------------------------- the memory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "places.json"


@pytest.fixture
def places(qapp: object, file: Path) -> Iterator[Places]:
    one = Places(file)
    yield one
    one.close()


def a_window(keep: Keep, places: Places) -> QWidget:
    """One that has its first place and size, as a start makes it."""
    window = keep(QWidget())
    window.move(30, 40)
    window.resize(300, 200)
    places.watch(window, "popup")
    return window


def rect(window: QWidget) -> QRect:
    return QRect(window.pos(), window.size())


def test_the_first_time_a_window_is_where_it_was_made_to_be(keep: Keep, places: Places):
    window = a_window(keep, places)
    window.show()
    assert rect(window) == QRect(30, 40, 300, 200)


def test_the_next_start_has_it_where_it_was_left(keep: Keep, places: Places, file: Path, qtbot: QtBot):
    window = a_window(keep, places)
    window.show()
    window.move(123, 234)
    window.resize(345, 256)
    qtbot.waitUntil(lambda: places.recall("popup") == Place(123, 234, 345, 256))
    places.close()
    again = Places(file)
    window = a_window(keep, again)
    assert rect(window) == QRect(123, 234, 345, 256)
    window.show()
    assert rect(window) == QRect(123, 234, 345, 256)


def test_it_is_noted_at_once_when_a_window_goes(keep: Keep, places: Places):
    window = a_window(keep, places)
    window.show()
    window.move(200, 210)
    window.hide()
    assert places.recall("popup") == Place(200, 210, 300, 200)


def test_a_window_that_is_not_shown_is_noted_by_nobody(keep: Keep, places: Places):
    window = a_window(keep, places)
    window.move(200, 210)
    window.hide()
    assert places.recall("popup") is None


def test_being_maximised_is_remembered_with_the_size_for_afterwards(keep: Keep, places: Places, file: Path, qtbot: QtBot):
    window = a_window(keep, places)
    window.show()
    window.move(31, 41)
    qtbot.waitUntil(lambda: places.recall("popup") is not None)
    window.showMaximized()
    window.hide()
    assert places.recall("popup") == Place(31, 41, 300, 200, maximised=True)
    places.close()
    window = a_window(keep, Places(file))
    window.show()
    assert window.isMaximized()
    window.showNormal()
    assert rect(window) == QRect(31, 41, 300, 200)


@pytest.mark.parametrize("state", [Qt.WindowState.WindowMinimized, Qt.WindowState.WindowFullScreen])
def test_other_states_are_not_places(keep: Keep, places: Places, state: Qt.WindowState):
    window = a_window(keep, places)
    window.show()
    window.setWindowState(state)
    window.hide()
    assert places.recall("popup") is None


def test_each_set_of_screens_has_its_own(keep: Keep, places: Places):
    window = a_window(keep, places)
    places.remember("popup", Place(10, 20, 300, 200))
    places.set_up = "on the road"
    places.remember("popup", Place(50, 60, 300, 200))
    window.show()  # it was made in the other set
    assert rect(window) == QRect(50, 60, 300, 200)


def test_at_most_twenty_sets_are_kept_the_last_used_ones(places: Places, file: Path):
    for turn, number in enumerate([*range(25), 10]):
        places.set_up = f"set {number}"
        places.remember("popup", Place(turn, 0, 300, 200))
    places.close()
    assert list(json.loads(file.read_bytes())) == [f"set {number}" for number in [*range(5, 10), *range(11, 25), 10]]


def test_what_a_system_moves_while_screens_change_is_not_remembered(keep: Keep, places: Places, qapp: Any, qtbot: QtBot):
    window = a_window(keep, places)
    window.show()
    with qtbot.waitSignal(places.screens_changed):
        qapp.primaryScreen().geometryChanged.emit(qapp.primaryScreen().geometry())
        window.move(200, 210)
        window.hide()
    assert places.recall("popup") is None


def test_nothing_personal_is_in_the_file(keep: Keep, places: Places, file: Path, qapp: Any):
    window = a_window(keep, places)
    window.setWindowTitle("Call - Zoë Łuczak")
    window.show()
    window.move(200, 210)
    window.hide()
    places.close()
    kept = json.loads(file.read_bytes())
    assert list(kept.values()) == [{"popup": {"left": 200, "top": 210, "width": 300, "height": 200, "maximised": False}}]
    assert not [screen for screen in qapp.screens() if screen.name() and screen.name() in file.read_text()]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no json",
        b"[]",
        b'{"a": 1}',
        b'{"a": {"popup": {"left": 1}}}',
        b'{"a": {"popup": {"left": 99999999999, "top": 0, "width": 1, "height": 1}}}',
        b"\xff\xfe",
        b'{"a": {"popup": {"later": ' + b"[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_read_is_forgotten(qapp: object, file: Path, keep: Keep, text: bytes):
    file.parent.mkdir()
    file.write_bytes(text)
    places = Places(file)
    window = a_window(keep, places)
    window.show()
    window.move(200, 210)
    window.hide()
    places.close()
    assert Places(file).recall("popup") == Place(200, 210, 300, 200)


def test_a_folder_that_cannot_be_written_hinders_nobody(qapp: object, tmp_path: Path):
    (tmp_path / "no folder").write_text("but a file")
    places = Places(tmp_path / "no folder" / "places.json")
    places.remember("popup", Place(1, 2, 3, 4))
    places.close()
    assert places.recall("popup") == Place(1, 2, 3, 4)


# ----------------------------------------------------------------------------------------------------- on a real desktop


@pytest.fixture
def monitors(xdesk: Desk) -> Iterator[Monitors]:
    with two_monitors(xdesk) as both:
        yield both


@pytest.fixture
def start(xdesk: Desk, tmp_path: Path, monitors: Monitors) -> Iterator[Callable[[], Stage]]:
    """Starts the program, each time with the same folder; before the next start it has to be closed."""
    started: list[Stage] = []

    def begin() -> Stage:
        stage = Stage(xdesk, tmp_path, f"{tmp_path.name}-{len(started)}")
        started.append(stage)
        stage.do("stage.watch()")
        return stage

    yield begin
    for stage in started:
        if stage.process.poll() is None:
            stage.close()


def settled(stage: Stage, name: str) -> None:
    """Wait until what is told of the window's place by the X server is no longer of the moment in which it came."""
    placing = f"[one for one in stage.{name}.children() if hasattr(one, '_placing')][0]._placing.isActive()"
    wait_until(lambda: stage.ask(placing) == "False", "it to be in its place", PATIENCE)


def put_right(desk: Desk, stage: Stage) -> None:
    """The agent moves the popup to the right monitor."""
    stage.do("stage.call()")
    wait_until(lambda: stage.ask("stage.popup.pos() != stage.popup.geometry().topLeft()") == "True", "its frame")
    stage.do("stage.popup.move(570, 120); stage.popup.resize(670, 500)")
    there(desk, "Call - ", 570, 120, 670, 500)


def test_starts_do_not_let_a_window_wander(xdesk: Desk, start: Callable[[], Stage]):
    stage = start()
    put_right(xdesk, stage)
    stage.do("stage.end()")
    stage.close()
    for _ in range(3):
        stage = start()
        stage.do("stage.call()")
        settled(stage, "popup")
        there(xdesk, "Call - ", 570, 120, 670, 500)
        assert stage.ask("stage.popup.pos().toTuple()") == "(570, 120)"
        stage.do("stage.end()")
        stage.close()


def test_a_window_comes_back_from_a_monitor_that_is_gone_and_returns_with_it(
    xdesk: Desk, start: Callable[[], Stage], monitors: Monitors, tmp_path: Path
):
    stage = start()
    put_right(xdesk, stage)
    stage.do("stage.end(); stage.call()")  # so it is noted
    monitors.remove("right")
    there(xdesk, "Call - ", 0, 120)
    xdesk.screenshot(tmp_path / "one.png")
    monitors.add("right", 540, 0, 740, 1024)
    there(xdesk, "Call - ", 570, 120, 670, 500)
    xdesk.screenshot(tmp_path / "two.png")


def test_a_window_that_is_not_seen_meanwhile_comes_to_where_it_is_seen(
    xdesk: Desk, start: Callable[[], Stage], monitors: Monitors
):
    """Between two calls, or between two shifts."""
    stage = start()
    put_right(xdesk, stage)
    stage.do("stage.end()")
    monitors.remove("right")
    wait_until(lambda: stage.ask("stage.places._settle.isActive(), len(app.screens())") == "False 1", "the program to notice")
    stage.do("stage.call()")
    there(xdesk, "Call - ", 0, 120)
    stage.do("stage.end()")
    stage.close()
    monitors.add("right", 540, 0, 740, 1024)
    stage = start()
    stage.do("stage.call()")
    there(xdesk, "Call - ", 570, 120, 670, 500)


def test_a_maximised_window_is_maximised_again_on_its_screen(xdesk: Desk, start: Callable[[], Stage], tmp_path: Path):
    stage = start()
    put_right(xdesk, stage)
    stage.do("stage.end(); stage.call()")
    stage.do("stage.popup.showMaximized()")
    wait_until(lambda: stage.ask("stage.popup.isMaximized(), stage.popup.width() > 700") == "True True", "it to be maximised")
    stage.do("stage.end()")
    stage.close()
    stage = start()
    stage.do("stage.call()")
    there(xdesk, "Call - ", 540, 0)
    assert stage.ask("stage.popup.isMaximized()") == "True"
    xdesk.screenshot(tmp_path / "maximised.png")
    stage.do("stage.popup.showNormal()")
    there(xdesk, "Call - ", 570, 120, 670, 500)


def test_the_strip_is_where_the_agent_works_and_where_it_was_dragged(xdesk: Desk, start: Callable[[], Stage], tmp_path: Path):
    stage = start()
    stage.do("stage.arrival.set_manner('strip')")
    for x, left, width in ((900, 540, 740), (200, 0, 540)):
        xdesk.xdotool("mousemove", x, 600)
        stage.do("stage.call()")
        there(xdesk, "Call strip", left, 0, width)  # as wide as its screen, because there is so much in it
        xdesk.screenshot(tmp_path / f"strip-{x}.png")
        stage.do("stage.end()")
    xdesk.xdotool("mousemove", 900, 600)
    stage.do("stage.call()")
    there(xdesk, "Call strip", 540, 0)
    xdesk.xdotool("mousemove", 545, 20, "mousedown", 1, "mousemove", 600, 320, "mousemove", 545, 2000, "mouseup", 1)
    height = int(stage.ask("stage.strip.height()"))
    there(xdesk, "Call strip", 540, 1024 - height)
    stage.do("stage.end()")
    xdesk.xdotool("mousemove", 200, 600)
    stage.do("stage.call()")
    there(xdesk, "Call strip", 0, 1024 - height)
    stage.do("stage.end()")
    stage.close()
    stage = start()
    stage.do("stage.arrival.set_manner('strip'); stage.call()")
    there(xdesk, "Call strip", 0, 1024 - height)


def test_qt_knows_where_the_strip_is(xdesk: Desk, start: Callable[[], Stage]):
    """It is told of it too early when a window comes with another size than before: then it believed it in the corner."""
    stage = start()
    stage.do("stage.arrival.set_manner('strip')")
    for number in range(8):
        stage.do(f"stage.strip.show_call('Maya Okafor'[:{number}], ())")
        settled(stage, "strip")
        there(xdesk, "Call strip", *map(int, stage.ask("'{} {} {} {}'.format(*stage.strip.geometry().getRect())").split()))
        stage.do("stage.strip.hide()")


def test_a_window_that_grows_while_it_comes_has_its_title_bar_where_it_can_be_grabbed(xdesk: Desk, tmp_path: Path):
    """The first time, and each time that it comes again with more to say than before."""
    stage = Stage(xdesk, tmp_path, tmp_path.name)
    stage.do("from desktop.ui.parts import place; from desktop.ui.shift_window import ShiftWindow")
    stage.do("window = ShiftWindow(practice=True); place(window, 1.0, 0.0)")
    left, top, _, height = map(int, stage.ask("'{} {} {} {}'.format(*window.geometry().getRect())").split())
    for times in (100, 200, 300):
        stage.do(f"window.say('It grows', 'and grows ' * {times}); window.show()")
        there(xdesk, "NextCall", left, top)
        higher = int(stage.ask("window.height()"))
        assert higher > height
        height = higher
        stage.do("window.hide()")
        wait_until(lambda: not xdesk.windows("NextCall"), "the window to go", PATIENCE)
    stage.close()
