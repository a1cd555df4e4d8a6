"""Callbacks: the window in which they stand until they are done, and the reminders that tell when one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest

from desktop.shift.journal import Callback
from desktop.ui import reminders as reminders_module
from desktop.ui.callbacks import CallbacksWindow
from desktop.ui.reminders import Reminders
from tests.ui.screen import TEXT, Role, assert_nothing_cut, button, focused, has, key, message, part, press, show, spoken, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    Keep = Callable[[Any], Any]

NEW_YORK, CHICAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 24, 8, 5, tzinfo=NEW_YORK)  # a Tuesday
HOUR = timedelta(hours=1)
LONG_NAME = "Wilhelmina van der Kloosterveldt-Featherstonehaugh " * 4


def a_callback(number: int, due: datetime = NOW + HOUR, caller: str = "Maya Okafor", phone: str = "(312) 555-0143") -> Callback:
    return Callback(number, due, caller, phone, 1001, "https://calls.example/service?wsdl", f"c{number}", NOW)


MAYA, BO, ZOE = (
    a_callback(1, NOW - 17 * HOUR),
    a_callback(2, NOW, "Bo", "(202) 555-0143"),
    a_callback(3, (NOW + 7 * HOUR).astimezone(CHICAGO), "Zoë Łuczak", ""),
)


class Agenda:
    """An open window with what it wishes; what is taken off goes from its list as the journal would have it."""

    def __init__(self, window: CallbacksWindow, *callbacks: Callback) -> None:
        self.window, self.open = window, list(callbacks)
        self.wishes: list[tuple[str, int]] = []
        self._done: list[Callback] = []
        window.done_requested.connect(lambda number: self.wishes.append(("done", number)))
        window.undo_requested.connect(lambda number: self.wishes.append(("undo", number)))
        window.show_callbacks(callbacks, NOW)
        show(window)

    def done(self, callback: Callback) -> None:
        self.open.remove(callback)
        self.window.show_callbacks(self.open, NOW)

    def undone(self, callback: Callback) -> None:
        self.open = sorted([*self.open, callback], key=lambda one: one.due)
        self.window.show_callbacks(self.open, NOW)

    def lines(self) -> list[str]:
        listed = part(self.window, Role.List, "Callbacks")
        return [listed.item(row).text() for row in range(listed.count())]

    def chosen(self) -> str:
        return part(self.window, Role.List, "Callbacks").currentItem().text().partition(",")[0]


@pytest.fixture
def window(keep: Keep) -> CallbacksWindow:
    made: CallbacksWindow = keep(CallbacksWindow(practice=False))
    return made


# ----------------------------------------------------------------------------------------------------------- the window


def test_each_callback_in_words(window: CallbacksWindow):
    assert Agenda(window, MAYA, BO, ZOE).lines() == [
        "Maya Okafor, (312) 555-0143, Overdue, Mon 23 Nov, 15:05",
        "Bo, (202) 555-0143, Due, Tue 24 Nov, 08:05",
        "Zoë Łuczak, Tue 24 Nov, 14:05 in Chicago (15:05 your time)",
    ]
    assert "NextCall cannot dial." in words(window)


def test_who_has_no_name_is_called_by_the_number(window: CallbacksWindow):
    nobody = a_callback(2, caller="", phone="")
    assert Agenda(window, a_callback(1, caller=" "), nobody).lines() == [
        "(312) 555-0143, Tue 24 Nov, 09:05",
        "Unknown caller, Tue 24 Nov, 09:05",
    ]


@pytest.mark.parametrize(
    ("minutes", "mark"), [(-600, "Overdue"), (-10, "Overdue"), (-9, "Due"), (0, "Due"), (1, ""), (600, "")], ids=str
)
def test_what_is_due_is_marked(window: CallbacksWindow, minutes: int, mark: str):
    [line] = Agenda(window, a_callback(1, NOW + timedelta(minutes=minutes), phone="")).lines()
    assert line.split(", ")[1] == (mark or "Tue 24 Nov")


def test_what_is_due_is_marked_in_the_hour_that_happens_twice(window: CallbacksWindow):
    due = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
    window.show_callbacks([a_callback(1, due, phone="")], due.replace(minute=15, fold=1))  # 45 minutes later
    window.show()
    assert part(window, Role.List, "Callbacks").item(0).text() == "Maya Okafor, Overdue, Sun 1 Nov, 01:30"


def test_marks_are_drawn_in_words_and_icons(keep: Keep):
    """Not in colours alone: three pictures that differ without any colour."""
    drawn = []
    for mark in (MAYA, BO, ZOE):
        window = keep(CallbacksWindow(practice=False))
        window.show_callbacks([a_callback(1, mark.due.astimezone(NEW_YORK))], NOW)
        window.show()
        listed = part(window, Role.List, "Callbacks")
        listed.clearSelection()
        picture = listed.viewport().grab(listed.visualItemRect(listed.item(0))).toImage()
        wide = 8 + listed.fontMetrics().lineSpacing()  # the icon, and nothing of the words
        ink = [[255 - picture.pixelColor(x, y).lightness() for x in range(wide)] for y in range(picture.height())]
        darkest = max(map(max, ink))
        drawn.append([[dark > darkest / 2 for dark in line] for line in ink])
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]


def test_nobody_to_call_back(window: CallbacksWindow):
    show(window)
    assert "Nobody is waiting to be called back." in words(window)
    assert not has(window, Role.List, "Callbacks")
    assert not button(window, "Done").isEnabled()
    agenda = Agenda(window, MAYA)
    assert "Nobody" not in words(window)
    agenda.done(MAYA)
    assert "Nobody is waiting to be called back." in words(window)


def test_the_chosen_one_is_taken_off_and_comes_back(window: CallbacksWindow):
    agenda = Agenda(window, MAYA, BO, ZOE)
    assert not button(window, "Undo").isEnabled()
    assert agenda.chosen() == "Maya Okafor"
    key(Qt.Key.Key_Down)
    press(window, "Done")
    assert agenda.wishes == [("done", 2)]
    assert message(window) == "Taken off: Bo"
    press(window, "Done")  # until the journal has done it, it still stands there
    assert agenda.wishes == [("done", 2)]
    agenda.done(BO)
    assert agenda.chosen() == "Zoë Łuczak"
    press(window, "Undo")
    assert agenda.wishes == [("done", 2), ("undo", 2)]
    assert message(window) == ""
    agenda.undone(BO)
    assert agenda.chosen() == "Zoë Łuczak"
    assert not button(window, "Undo").isEnabled()
    key(Qt.Key.Key_Up)
    press(window, "Done")
    assert agenda.wishes[2:] == [("done", 2)]


def test_by_keys(window: CallbacksWindow):
    agenda = Agenda(window, MAYA, BO, ZOE)
    assert focused() is part(window, Role.List, "Callbacks")
    key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # nothing to undo
    key(Qt.Key.Key_Delete)
    agenda.done(MAYA)
    key(Qt.Key.Key_Backspace)
    agenda.done(BO)
    assert message(window) == "Taken off: Bo"
    key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert message(window) == "Taken off: Maya Okafor"
    key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert agenda.wishes == [("done", 1), ("done", 2), ("undo", 2), ("undo", 1)]


def test_taking_off_the_last_one_leaves_the_keyboard_where_it_undoes_nothing(window: CallbacksWindow):
    for take_off in (lambda: key(Qt.Key.Key_Delete), lambda: (button(window, "Done").setFocus(), key(Qt.Key.Key_Space))):
        agenda = Agenda(window, MAYA)
        part(window, Role.List, "Callbacks").setFocus()
        take_off()
        agenda.done(MAYA)
        assert focused() is button(window, "Close")


def test_the_button_keeps_the_keyboard_while_there_are_more(window: CallbacksWindow):
    agenda = Agenda(window, MAYA, BO)
    button(window, "Done").setFocus()
    key(Qt.Key.Key_Space)
    agenda.done(MAYA)
    key(Qt.Key.Key_Space)
    assert agenda.wishes == [("done", 1), ("done", 2)]


def test_what_is_not_chosen_is_not_taken_off(window: CallbacksWindow):
    agenda = Agenda(window, MAYA)
    listed = part(window, Role.List, "Callbacks")
    place = listed.visualItemRect(listed.item(0)).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)
    assert not button(window, "Done").isEnabled()
    key(Qt.Key.Key_Delete)
    assert agenda.wishes == []


@pytest.mark.parametrize("pressed", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape], ids=lambda one: one.name)
def test_enter_and_escape_put_it_away_and_nothing_else(window: CallbacksWindow, pressed: Qt.Key):
    agenda = Agenda(window, MAYA)
    key(pressed)
    assert not window.isVisible()
    assert agenda.wishes == []
    show(window)
    press(window, "Close")
    assert not window.isVisible()
    show(window)
    window.close()
    assert not window.isVisible()


def test_names_come_whole_where_they_are_pointed_at(window: CallbacksWindow):
    Agenda(window, a_callback(1, caller=f"<b>{LONG_NAME}</b>"))
    told = part(window, Role.List, "Callbacks").item(0).toolTip()
    assert LONG_NAME.strip() in told
    assert "<b>" not in told
    assert "(312) 555-0143" in told


def test_its_names_for_screen_readers(window: CallbacksWindow):
    Agenda(window, MAYA)
    assert spoken(window)[0][:2] == (Role.Dialog, "Callbacks")
    part(window, Role.List, "Callbacks")
    for name in ("Done", "Undo", "Close"):
        part(window, Role.Button, name)
    assert all(name for role, name, _ in spoken(window) if role in {TEXT, Role.Button, Role.List})
    assert (Role.ListItem, MAYA_IN_WORDS) in {(role, name) for role, name in _items(window)}


MAYA_IN_WORDS = "Maya Okafor, (312) 555-0143, Overdue, Mon 23 Nov, 15:05"


def _items(window: CallbacksWindow) -> Iterator[tuple[Any, str]]:
    """What a screen reader finds in the list."""
    from PySide6.QtGui import QAccessible

    listed = QAccessible.queryAccessibleInterface(part(window, Role.List, "Callbacks"))
    for number in range(listed.childCount()):
        yield listed.child(number).role(), listed.child(number).text(QAccessible.Text.Name)


@pytest.mark.usefixtures("worn")
@pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])
def test_nothing_is_cut(keep: Keep, practice: bool):
    window = keep(CallbacksWindow(practice=practice))
    window.show()
    assert_nothing_cut(window)
    prairie = ZoneInfo("America/North_Dakota/New_Salem")
    farther = a_callback(4, datetime(2026, 11, 29, 23, 0, tzinfo=prairie), LONG_NAME, "9" * 200)
    for callbacks in ([MAYA], [MAYA, BO, ZOE, farther], [farther] * 30):
        window.show_callbacks(callbacks, NOW)
        assert_nothing_cut(window)
        listed = part(window, Role.List, "Callbacks")
        time = listed.item(listed.count() - 1).toolTip().rpartition("\n")[2].removesuffix("</p>")
        assert listed.viewport().width() >= listed.fontMetrics().horizontalAdvance(time)  # the times are there to the end
        assert window.width() < 1300
    press(window, "Done")
    assert message(window) == "Taken off: Wilhelmina van der Kloosterveldt-Feathe…"
    assert_nothing_cut(window)
    window.show_callbacks([], NOW)
    assert_nothing_cut(window)


# -------------------------------------------------------------------------------------------------------- the reminders


class Watched:
    """Reminders on a clock that is put forward by hand, and what they told."""

    def __init__(self, parent: QObject) -> None:
        self.now = NOW
        self.told: list[tuple[int, ...]] = []
        self.reminders = Reminders(parent, lambda: self.now)
        self.reminders.due.connect(lambda due: self.told.append(tuple(one.number for one in due)))
        [self.timer] = self.reminders.findChildren(QTimer)

    def waits(self) -> float | None:
        """Seconds until the clock is looked at again; None if nothing is waited for."""
        return self.timer.interval() / 1000 if self.timer.isActive() else None

    def later(self, span: timedelta) -> None:
        """That much later, as the timer finds it."""
        self.now += span
        self.timer.timeout.emit()


@pytest.fixture
def watched(qapp: object) -> Iterator[Watched]:
    parent = QObject()
    yield Watched(parent)
    parent.deleteLater()


SECOND = timedelta(seconds=1)
SOON, LATER = a_callback(11, NOW + 90 * SECOND), a_callback(12, NOW + HOUR)


def test_each_is_told_once_when_it_is_due(watched: Watched):
    watched.reminders.hold([MAYA, BO, SOON, LATER])
    assert watched.told == [(1, 2)]
    watched.later(89 * SECOND)
    assert watched.told == [(1, 2)]
    watched.later(SECOND)
    assert watched.told == [(1, 2), (11,)]
    watched.reminders.hold([MAYA, SOON, LATER])
    watched.later(HOUR)
    watched.later(HOUR)
    assert watched.told == [(1, 2), (11,), (12,)]


def test_the_timer_waits_for_the_next_and_never_long(watched: Watched):
    assert watched.waits() is None
    watched.reminders.hold([SOON, LATER])
    assert watched.waits() == 90
    watched.later(90 * SECOND)
    assert watched.waits() == 180  # the computer may sleep, and its clock be set
    watched.later(HOUR)
    assert watched.waits() is None
    watched.reminders.hold([a_callback(13, NOW + 3 * HOUR)])
    assert watched.waits() == 180
    watched.reminders.hold([])
    assert watched.waits() is None


def test_nobody_is_interrupted(watched: Watched):
    watched.reminders.set_quiet(quiet=True)
    watched.reminders.hold([BO, SOON, LATER])
    assert (watched.told, watched.waits()) == ([], None)
    watched.later(90 * SECOND)
    assert watched.told == []
    watched.reminders.set_quiet(quiet=False)
    assert watched.told == [(2, 11)]
    assert watched.waits() == 180
    watched.reminders.set_quiet(quiet=True)
    watched.reminders.set_quiet(quiet=False)
    assert watched.told == [(2, 11)]


def test_what_was_done_meanwhile_is_not_told(watched: Watched):
    watched.reminders.set_quiet(quiet=True)
    watched.reminders.hold([MAYA, BO])
    watched.reminders.hold([BO])
    watched.reminders.set_quiet(quiet=False)
    assert watched.told == [(2,)]


def test_another_time_is_another_promise_and_undo_is_none(watched: Watched):
    watched.reminders.hold([BO])
    watched.reminders.hold([])
    watched.reminders.hold([BO])  # taken off, and back
    assert watched.told == [(2,)]
    watched.reminders.hold([a_callback(2, NOW + HOUR)])
    watched.later(HOUR)
    assert watched.told == [(2,), (2,)]


def test_in_the_hour_that_happens_twice(watched: Watched):
    watched.now = datetime(2026, 11, 1, 1, 45, tzinfo=NEW_YORK)
    due = datetime(2026, 11, 1, 1, 15, tzinfo=NEW_YORK, fold=1)  # in half an hour
    watched.reminders.hold([a_callback(1, due)])
    assert watched.told == []
    watched.now = due
    watched.timer.timeout.emit()
    assert watched.told == [(1,)]


def test_who_hears_of_one_may_change_what_is_open(watched: Watched):
    watched.reminders.due.connect(lambda _due: watched.reminders.hold([LATER]))
    watched.reminders.hold([BO, LATER])
    assert watched.told == [(2,)]
    assert watched.waits() == 180


def test_a_clock_that_went_on_while_the_timer_stood_still(watched: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reminders_module, "_LONGEST_WAIT", 0.01)
    watched.reminders.hold([LATER])
    watched.now += HOUR
    qtbot.waitUntil(lambda: watched.told == [(12,)])


def test_on_the_real_clock(qapp: object, qtbot: QtBot):
    parent = QObject()
    reminders = Reminders(parent, lambda: datetime.now(UTC))
    soon = a_callback(1, datetime.now(UTC) + timedelta(milliseconds=80))
    with qtbot.waitSignal(reminders.due) as told:
        reminders.hold([soon])
    assert told.args == [(soon,)]
    assert datetime.now(UTC) >= soon.due
    parent.deleteLater()
