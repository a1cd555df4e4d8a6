"""The history on the screen: typed words find calls, numbers are covered in the list, and the chosen call is shown as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QWidget

from desktop.callcenter.model import Call, Field
from desktop.popup.current import CurrentProfile
from desktop.popup.profile import CampaignProfile, ShownField
from desktop.shift.journal import Draft, Settled
from desktop.shift.states import State
from desktop.ui.history import HistoryWindow
from desktop.ui.keyboard import Keyboard
from desktop.ui.places import Places
from tests.simulation import a_call, until
from tests.ui.records import NOON, a_line, an_entry
from tests.ui.screen import TEXT, Role, button, field, focused, has, key, part, press, settle, show, type_in, words
from tests.ui.seat import Seat, a_memory, seated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    Keep = Callable[[Any], Any]

WHEN = f"{NOON.astimezone():%a} {NOON.astimezone().day} {NOON.astimezone():%b} 2025, {NOON.astimezone():%H:%M}"
STORED = an_entry(Settled.STORED, a_call("Maya Okafor"), attempts=2)
REFUSED = replace(
    an_entry(Settled.REFUSED, a_call("", "+442079460018")),
    number=2,
    reason="Campaign 77 is unknown",
    draft=Draft("Interested", "wants two", {"size": "9"}),
)
HEARD = replace(an_entry(None, Call("heard at noon"), told=False), number=3, draft=Draft("", "only breathing"))


@pytest.fixture
def window(keep: Keep) -> HistoryWindow:
    made: HistoryWindow = keep(HistoryWindow(practice=False))
    made.show_lines([a_line(HEARD), a_line(REFUSED), a_line(STORED)], has_more=False)
    show(made)
    return made


def rows(window: QWidget) -> list[list[str]]:
    if not has(window, Role.Tree, "Calls"):
        return []
    calls = part(window, Role.Tree, "Calls")
    return [[calls.topLevelItem(row).text(column) for column in range(5)] for row in range(calls.topLevelItemCount())]


def noted(window: QWidget) -> str:
    text: str = part(window, TEXT, "What you noted").toPlainText()
    return text


def details(window: QWidget) -> dict[str, str]:
    model = part(window, Role.Tree, "Caller").model()
    return {model.index(row, 0).data(): model.index(row, 1).data() for row in range(model.rowCount())}


def choose(window: QWidget, row: int) -> None:
    calls = part(window, Role.Tree, "Calls")
    calls.setCurrentItem(calls.topLevelItem(row))


# --------------------------------------------------------------------------------------------------------- the window


def test_each_call_in_a_row_with_its_number_covered(window: HistoryWindow):
    assert rows(window) == [
        [WHEN, "Somebody whom you heard", "", "", "Never told who it was, notes kept"],
        [WHEN, "Unknown caller", "…18", "Interested", "Refused"],
        [WHEN, "Maya Okafor", "…43", "Call back later", "Stored"],
    ]


def test_all_of_the_chosen_one(window: HistoryWindow):
    choose(window, 2)
    assert "Maya Okafor · (202) 555-0143" in words(window)
    assert f"“Call back later”. Stored on {WHEN}, after 2 tries. Campaign 1001." in words(window)
    assert details(window)["Phone number"] == "(202) 555-0143"
    assert noted(window) == "by mail"
    choose(window, 1)
    assert "The call center refused it. Campaign 77 is unknown. What you noted is only on this computer." in words(window)
    assert noted(window) == "wants two\n[answers]\nsize = 9"
    press(window, "Copy notes")
    assert QApplication.clipboard().text() == "wants two\n[answers]\nsize = 9"
    choose(window, 0)
    assert "The call center never told who it was." in words(window)
    assert part(window, TEXT, "What you noted").isReadOnly()


def test_notes_that_were_sent_and_not_stored_are_shown_as_they_were(window: HistoryWindow):
    """The journal has the answers of such a call in its notes already."""
    packed = Draft("Interested", "wants two\n[answers]\nsize = 9")
    window.show_lines([a_line(replace(REFUSED, draft=packed))], has_more=False)
    assert noted(window) == "wants two\n[answers]\nsize = 9"


def test_nothing_found_is_said_in_words(window: HistoryWindow):
    window.show_lines((), has_more=False)
    assert "No calls yet." in words(window)
    field(window, "Search").setText("quince  plum")
    window.show_lines((), has_more=False)
    assert "Nothing found for “quince plum”." in words(window)
    assert not button(window, "Copy notes").isEnabled()
    assert not has(window, Role.Tree, "Calls")
    window.show_lines([a_line(STORED)], has_more=False)
    assert "Nothing found" not in words(window)
    assert noted(window) == "by mail"


def test_by_keyboard(window: HistoryWindow):
    window.focus_search()
    key(Qt.Key.Key_Down)
    assert focused() is part(window, Role.Tree, "Calls")
    key(Qt.Key.Key_Down)
    assert noted(window).startswith("wants two")
    window.show_lines((), has_more=False)
    assert focused() is field(window, "Search")  # not lost with the list
    key(Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_what_is_typed_is_looked_for_after_a_pause_or_at_enter(window: HistoryWindow, qtbot: QtBot):
    asked = QSignalSpy(window.search_requested)
    window.focus_search()
    type_in("zoe")
    assert asked.count() == 0
    qtbot.waitUntil(lambda: asked.count() > 0)
    type_in(" l")
    key(Qt.Key.Key_Return)
    assert [asked.at(number)[0] for number in range(asked.count())] == ["zoe", "zoe l"]
    assert window.isVisible()
    type_in("u")
    window.hide()
    qtbot.wait(window._pause.interval() * 2)  # nothing is to happen
    assert asked.count() == 2


def test_its_key_in_every_window(keep: Keep, qapp: object):
    keyboard = Keyboard(qapp, practice=False)
    asked = QSignalSpy(keyboard.history_requested)
    elsewhere = keep(QWidget())
    keyboard.bind([elsewhere])
    show(elsewhere)
    key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    keyboard.close()
    assert asked.count() == 1


def test_the_chosen_one_stays_so_where_it_stood(window: HistoryWindow):
    lines = [
        a_line(replace(STORED, number=number, draft=Draft(), call=a_call(f"Caller {number}"))) for number in range(60, 0, -1)
    ]
    window.show_lines(lines, has_more=True)
    calls = part(window, Role.Tree, "Calls")
    choose(window, 40)
    calls.verticalScrollBar().setValue(25)
    window.show_lines([a_line(replace(STORED, number=61)), *lines], has_more=True)
    assert calls.currentItem().text(1) == "Caller 20"
    assert calls.verticalScrollBar().value() == 25
    window.show_lines(lines[:10], has_more=False)
    assert calls.currentItem().text(1) == "Caller 60"
    assert calls.verticalScrollBar().value() == 0


def test_what_is_read_stays_where_it_is_when_a_call_comes(window: HistoryWindow):
    long = a_line(replace(HEARD, draft=Draft(notes="\n".join(f"line {number}" for number in range(200)))))
    window.show_lines([long], has_more=False)
    choose(window, 0)
    reading = part(window, TEXT, "What you noted")
    reading.selectAll()
    reading.verticalScrollBar().setValue(80)
    window.show_lines([a_line(REFUSED), long], has_more=False)
    assert reading.textCursor().hasSelection()
    assert reading.verticalScrollBar().value() == 80
    choose(window, 0)
    assert noted(window).startswith("wants two")
    assert reading.verticalScrollBar().value() == 0


def test_a_long_list_is_shown_again_at_once_whichever_was_chosen(window: HistoryWindow):
    """Each row would be chosen in its turn, and laid out with all others: seconds, in which no call could come."""
    lines = [a_line(replace(STORED, number=number)) for number in range(200, 0, -1)]
    window.show_lines(lines, has_more=False)
    choose(window, 150)
    settle()
    chosen = QSignalSpy(part(window, Role.Tree, "Calls").selectionModel().currentChanged)
    window.show_lines(lines, has_more=False)
    assert chosen.count() <= 2  # none, and the one again


def test_older_ones_are_asked_for_at_the_end_of_the_list(window: HistoryWindow):
    asked = QSignalSpy(window.older_requested)
    lines = [a_line(replace(STORED, number=number)) for number in range(60)]
    window.show_lines(lines, has_more=True)
    settle()
    bar = part(window, Role.Tree, "Calls").verticalScrollBar()
    assert asked.count() == 0
    bar.setValue(bar.maximum())
    assert asked.count() == 1
    window.add_lines(lines, has_more=False)
    settle()
    assert len(rows(window)) == 120
    bar.setValue(bar.maximum())
    assert asked.count() == 1


def test_what_the_profile_covers_is_covered(window: HistoryWindow):
    call = Call(
        "c1", (Field("name", "Maya Okafor"), Field("phonenumber", "+12025550143"), Field("plan", "Gold"), Field("age", "41"))
    )
    profile = CampaignProfile(
        fields=(
            ShownField(path="name", mask=2),
            ShownField(path="phonenumber", format="phone", mask=4),
            ShownField(path="age", hidden=True),
        )
    )
    window.show_lines([a_line(replace(STORED, call=call), profile)], has_more=False)
    seen = f"{rows(window)} {words(window)} {details(window)}"
    model = part(window, Role.Tree, "Caller").model()
    assert model.index(0, 1, model.index(2, 0)).data() == "Gold"
    for secret in ("Maya", "(202)", "555", "41"):
        assert secret not in seen, secret


def test_a_call_whose_profile_cannot_be_read_shows_nobody(window: HistoryWindow):
    window.show_lines([a_line(STORED, None)], has_more=False)
    assert rows(window)[0][1:3] == ["Unknown caller", ""]
    assert list(details(window)) == ["Not shown"]
    assert noted(window) == "by mail"


# ---------------------------------------------------------------------------------------------------------- at a desk


def _history(seat: Seat) -> HistoryWindow:
    window = seat.desk._history.window
    assert window is not None
    return window


async def _shows(seat: Seat, *names: str) -> None:
    await until(lambda: [row[1] for row in rows(_history(seat))] == list(names))


@pytest.mark.usefixtures("qapp", "hurried")
async def test_a_shift_in_which_the_first_call_is_looked_up_during_the_third():
    async with seated() as seat:
        press(seat.login, "History")
        await until(lambda: "No calls yet" in words(_history(seat)))
        for name, said in (("Zoë Łuczak", "wants the quince jam"), ("Maya Okafor", "has moved")):
            await (seat.be_connected if seat.center.logged_in else seat.talk)(name=name)
            field(seat.popup, "Notes").setPlainText(said)
            press(seat.popup, "Next Call")
            await seat.reach(State.WAITING)
        await _shows(seat, "Maya Okafor", "Zoë Łuczak")  # it was open all the time
        press(_history(seat), "Close")
        await seat.be_connected(name="Alex Example")
        [shortcut] = [one for one in seat.popup.findChildren(QShortcut) if one.key() == QKeySequence("Ctrl+Shift+F")]
        shortcut.activated.emit()
        assert _history(seat).focusWidget() is field(_history(seat), "Search")
        await _shows(seat, "Alex Example", "Maya Okafor", "Zoë Łuczak")
        assert rows(_history(seat))[0][4] == "No response"
        assert rows(_history(seat))[2][4] == "Stored"
        field(_history(seat), "Search").setText("jam quin")
        await _shows(seat, "Zoë Łuczak")
        assert noted(_history(seat)) == "wants the quince jam"
        field(_history(seat), "Search").setText("medlar")
        await until(lambda: "Nothing found for “medlar”" in words(_history(seat)))
        press(seat.popup, "Logoff")
        await seat.reach(State.LOGGED_OFF)
        field(_history(seat), "Search").setText("0143")
        await until(lambda: len(rows(_history(seat))) == 3)
        assert {row[4] for row in rows(_history(seat))} == {"Stored"}


@pytest.mark.usefixtures("qapp", "hurried")
async def test_it_is_offered_everywhere_and_comes_only_when_it_is_wanted():
    async with seated() as seat:
        [entry] = [one for one in seat.window.findChildren(QAction) if one.text().replace("&", "") == "History …"]
        assert seat.desk._history.window is None  # no start waits for it
        for ask in (seat.login.history_requested.emit, entry.trigger, seat.desk.tray.history_requested.emit):
            ask()
            await until(_history(seat).isVisible)
            press(_history(seat), "Close")
        await seat.talk()
        assert not _history(seat).isVisible()


@pytest.mark.usefixtures("qapp", "hurried")
async def test_it_is_covered_while_the_agent_is_away():
    async with seated() as seat:
        await seat.talk(name="Zoë Łuczak")
        seat.desk.set_covered(covered=True)
        seat.desk._history.show_window()
        for _time in range(2):  # made under the cover, and covered later
            await _shows(seat, "Zoë Łuczak")
            blank = _history(seat).grab().toImage()
            _history(seat).show_lines((), has_more=False)
            settle()
            assert _history(seat).grab().toImage() == blank
            seat.desk.set_covered(covered=False)
            assert _history(seat).grab().toImage() != blank
            seat.desk._history.look_up()
            await _shows(seat, "Zoë Łuczak")
            seat.desk.set_covered(covered=True)


@pytest.mark.usefixtures("qapp", "hurried")
async def test_older_calls_come_as_the_list_is_scrolled():
    async with seated() as seat:
        shift = await seat.journal.begin_shift("https://calls.example/service?wsdl", 1001, "4027")
        for number in range(250):
            seat.journal.call_connected(shift, a_call(f"Caller {number}"))
        seat.desk._history.show_window()
        window = _history(seat)
        for expected in (100, 200, 250):
            await until(lambda expected=expected: len(rows(window)) == expected)
            settle()
            bar = part(window, Role.Tree, "Calls").verticalScrollBar()
            bar.setValue(bar.maximum())
        assert [row[1] for row in rows(window)] == [f"Caller {number}" for number in reversed(range(250))]
        choose(window, 240)
        seat.desk._history.look_up()  # as after each step of the shift
        await until(lambda: not seat.under_way("history"))
        assert len(rows(window)) == 250
        assert part(window, Role.Tree, "Calls").currentItem().text(1) == "Caller 9"


@pytest.mark.usefixtures("qapp", "hurried")
async def test_each_call_wears_its_campaigns_profile(tmp_path: Path):
    for campaign, text in ((1001, '[[field]]\npath = "name"\nmask = 1\n'), (1002, "[[field]]\npath = 7\n")):
        (tmp_path / f"{campaign}.toml").write_text(f"campaigns = [{campaign}]\n{text}", encoding="utf-8")
    async with seated(profiles=CurrentProfile(folder=tmp_path)) as seat:
        for campaign in (1001, 1002, 1003):
            shift = await seat.journal.begin_shift("https://calls.example/service?wsdl", campaign, "4027")
            seat.journal.call_connected(shift, a_call("Zoë Łuczak"))
        seat.desk._history.show_window()
        await until(lambda: len(rows(_history(seat))) == 3)
        of_none, of_a_broken_one, covered = [row[1] for row in rows(_history(seat))]
        assert (of_none, of_a_broken_one) == ("Zoë Łuczak", "Unknown caller")
        assert covered.endswith("k")
        assert "Zoë" not in covered


@pytest.mark.usefixtures("qapp", "hurried")
async def test_it_comes_back_to_where_it_was(tmp_path: Path):
    async with seated(memory=a_memory(tmp_path)) as seat:
        seat.desk._history.show_window()
        _history(seat).resize(700, 500)
    assert Places(tmp_path / "places.json").recall("history").rect.width() == 700
