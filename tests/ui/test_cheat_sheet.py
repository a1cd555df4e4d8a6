"""One table of keys: the windows have what it says and no more, the README says the same, and the cheat sheet shows all of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from desktop.ui.cheat_sheet import CheatSheet
from desktop.ui.keyboard import Keyboard
from desktop.ui.keys import HOTKEYS, TABLE, Place, bound
from desktop.ui.parts import place
from tests.ui.screen import Role, assert_nothing_cut, has, key, press, settle, show, spoken, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from desktop.app import QtApplication

    Keep = Callable[[Any], Any]

README = Path(__file__).resolve().parents[2] / "README.md"
TAKEN = "Another program has Ctrl+Alt+N already. Choose another key."
NOWHERE = "This desktop (Wayland) lets no program have keys in other programs."


@pytest.fixture
def sheet(keep: Keep) -> CheatSheet:
    made: CheatSheet = keep(CheatSheet(practice=False))
    return made


# ----------------------------------------------------------------------------------------------------------- the table


def _sequences(window: QWidget) -> set[str]:
    """Those that a window listens to by itself or in one of its parts."""
    found = [shortcut.key() for shortcut in window.findChildren(QShortcut)]
    found += [keys for action in window.findChildren(QAction) for keys in action.shortcuts()]
    return {one.toString(QKeySequence.SequenceFormat.PortableText) for one in found if not one.isEmpty()}


@pytest.mark.parametrize(("window", "where"), [("popup", Place.POPUP), ("shift_window", Place.SHIFT_WINDOW)])
def test_a_window_has_the_keys_of_the_table_and_no_others(request: pytest.FixtureRequest, window: str, where: Place):
    everywhere_in_nextcall = {keys for keys, _ in bound(Place.EVERY_WINDOW)}
    has = _sequences(request.getfixturevalue(window)) - everywhere_in_nextcall
    assert has == {keys for keys, _ in bound(where)}


def test_each_row_shows_the_keys_that_it_binds():
    for row in TABLE:
        shown = re.findall(r"(?:(?:Ctrl|Alt|Shift)\+)+(?:F\d+|Enter|[A-Z]\b)|F\d+|Esc", row.shown)
        assert shown == [keys for keys, _ in row.bound if keys != "Ctrl+Return"]  # the same Enter, on the other side


def test_no_key_means_two_things():
    in_windows = [keys for where in (Place.POPUP, Place.EVERY_WINDOW, Place.SHIFT_WINDOW) for keys, _ in bound(where)]
    assert len(in_windows) == len(set(in_windows))
    assert len(set(HOTKEYS.values())) == len(HOTKEYS) == 3
    assert not set(in_windows) & set(HOTKEYS.values())


# Its words for a place, in the column of the keys.
IN_README = {
    Place.POPUP: "",
    Place.SHIFT_WINDOW: " in the NextCall window",
    Place.EVERY_WINDOW: " in every window",
    Place.EVERYWHERE: " in every program",
}


def test_the_readme_tells_the_same():
    chapter = README.read_text(encoding="utf-8").split("\n## For agents\n")[1].split("\n## ")[0]
    table = [tuple(line.strip("| ").split(" | ")) for line in chapter.splitlines() if line.startswith("|")]
    assert table[0] == ("key", "does")
    assert table[2:] == [(row.shown + IN_README[row.place], row.does) for row in TABLE]


# ----------------------------------------------------------------------------------------------------------- the sheet


def test_it_shows_the_whole_table_by_place(sheet: CheatSheet):
    sheet.show()
    shown = [name for role, name, _ in spoken(sheet) if role is Role.StaticText]
    expected = [text for where in Place for text in [where.value, *_texts(where)]]
    assert shown == ["Keys", *expected]
    assert spoken(sheet)[0][:2] == (Role.Dialog, "Keys")


def _texts(where: Place) -> list[str]:
    return [text for row in TABLE if row.place is where for text in (row.shown, row.does)]


@pytest.mark.parametrize("pressed", [Qt.Key.Key_Escape, Qt.Key.Key_F1, Qt.Key.Key_Return])
def test_keys_close_it(sheet: CheatSheet, pressed: Qt.Key):
    for _ in range(2):
        show(sheet)
        key(pressed)
        assert not sheet.isVisible()


def test_the_mouse_closes_it(sheet: CheatSheet):
    sheet.show()
    press(sheet, "Close")
    assert not sheet.isVisible()


def test_it_shows_the_keys_that_the_agent_has_chosen_and_why_one_does_not_work(sheet: CheatSheet):
    sheet.show()
    sheet.show_hotkeys({"show_call": "Ctrl+Shift+F8", "next_call": "Ctrl+Alt+N", "hear_someone": ""}, {"next_call": TAKEN})
    assert _keys_shown(sheet) == {"Ctrl+Shift+F8": True, "Ctrl+Alt+N": False, "no key": False}
    assert words(sheet).count(TAKEN) == 1
    sheet.show_hotkeys(HOTKEYS, dict.fromkeys(HOTKEYS, NOWHERE))
    assert _keys_shown(sheet) == dict.fromkeys(HOTKEYS.values(), False)
    assert words(sheet).count(NOWHERE) == 1
    sheet.show_hotkeys(HOTKEYS)
    assert _keys_shown(sheet) == dict.fromkeys(HOTKEYS.values(), True)
    assert not has(sheet, Role.StaticText, NOWHERE)


def test_it_shows_what_was_chosen_in_the_settings_while_another_is_being_chosen_too(qtbot: QtBot):
    parent = QObject()
    keyboard = Keyboard(parent, practice=False)
    keyboard.set_hotkeys({"next_call": "Ctrl+Alt+N", "hear_someone": ""})
    keyboard.set_listening(on=True)
    keyboard.show_sheet()
    assert list(_keys_shown(keyboard.sheet)) == [HOTKEYS["show_call"], "Ctrl+Alt+N", "no key"]
    keyboard.set_listening(on=False)
    assert list(_keys_shown(keyboard.sheet)) == [HOTKEYS["show_call"], "Ctrl+Alt+N", "no key"]
    keyboard.close()
    parent.deleteLater()


def _keys_shown(sheet: CheatSheet) -> dict[str, bool]:
    """Those of the last part, and whether they work."""
    labels = [one for one in sheet.findChildren(QLabel) if one.isVisible()]
    begin = [one.text() for one in labels].index(Place.EVERYWHERE.value)
    return {one.text(): one.isEnabled() for one in labels[begin + 1 :] if one.property("role") == "section"}


@pytest.mark.parametrize("practice", [False, True])
def test_it_fits_a_small_screen_without_scrolling(qapp: QtApplication, keep: Keep, practice: bool):
    window = keep(CheatSheet(practice=practice))
    window.show_hotkeys(HOTKEYS, {action: f"Another program has {keys} already." for action, keys in HOTKEYS.items()})
    window.resize(window.sizeHint())
    window.show()
    settle()
    assert window.size().boundedTo(QSize(1024, 700)) == window.size()
    assert window.findChild(QScrollArea).verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("practice", [False, True])
@pytest.mark.usefixtures("worn")
def test_nothing_of_it_is_cut(keep: Keep, practice: bool):
    window = keep(CheatSheet(practice=practice))
    place(window, 0.5, 0.4)
    window.show()
    assert_nothing_cut(window)
    window.show_hotkeys(HOTKEYS, dict.fromkeys(HOTKEYS, NOWHERE))
    assert_nothing_cut(window)
    assert window.findChild(QScrollArea).horizontalScrollBar().maximum() == 0  # there is none to be seen


def test_where_there_is_no_room_the_keyboard_scrolls_it(sheet: CheatSheet):
    sheet.resize(sheet.sizeHint().boundedTo(QSize(9999, 300)))
    show(sheet)
    bar = sheet.findChild(QScrollArea).verticalScrollBar()
    assert bar.maximum() > 0
    key(Qt.Key.Key_PageDown)
    assert bar.value() > 0
    key(Qt.Key.Key_Return)
    assert not sheet.isVisible()
