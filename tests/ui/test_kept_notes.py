"""Kept notes: what the call center does not have is listed, read, copied and put away, by mouse and by keyboard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.callcenter.model import Call
from desktop.shift.journal import Draft, Settled
from desktop.ui.kept_notes import KeptNotesWindow
from tests.simulation import a_call
from tests.ui.records import NOON, an_entry
from tests.ui.screen import TEXT, Role, button, focused, key, part, press, settle, show

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

WHEN = f"{NOON.astimezone():%a} {NOON.astimezone().day} {NOON.astimezone():%b}, {NOON.astimezone():%H:%M}"
REFUSED = replace(
    an_entry(Settled.REFUSED, a_call("Maya Okafor")), draft=Draft("Call back later", "by mail", {"rating": "4", "why": ""})
)
HEARD = replace(an_entry(None, Call("heard at noon"), told=False), number=2, draft=Draft("", "only <b>breathing</b>"))


@pytest.fixture
def window(keep: Keep) -> KeptNotesWindow:
    made: KeptNotesWindow = keep(KeptNotesWindow(practice=False))
    made.show_entries([REFUSED, HEARD])
    show(made)
    return made


@pytest.fixture
def wishes(window: KeptNotesWindow) -> list[tuple[str, int]]:
    heard: list[tuple[str, int]] = []
    window.put_away_requested.connect(lambda number: heard.append(("away", number)))
    window.undo_requested.connect(lambda number: heard.append(("undo", number)))
    return heard


def rows(window: KeptNotesWindow) -> list[list[str]]:
    calls = part(window, Role.Tree, "Calls with kept notes")
    return [[calls.topLevelItem(row).text(column) for column in range(4)] for row in range(calls.topLevelItemCount())]


def notes(window: KeptNotesWindow) -> str:
    text: str = part(window, TEXT, "What you noted").toPlainText()
    return text


def test_each_call_with_what_was_noted(window: KeptNotesWindow):
    assert rows(window) == [
        [WHEN, "Maya Okafor", "Call back later", "refused"],
        [WHEN, "Somebody whom you heard", "", "never told who it was"],
    ]
    assert notes(window) == "by mail\n[answers]\nrating = 4"
    part(window, Role.Tree, "Calls with kept notes").setFocus()
    key(Qt.Key.Key_Down)
    assert notes(window) == "only <b>breathing</b>"
    assert part(window, TEXT, "What you noted").isReadOnly()


def test_notes_that_were_sent_are_shown_as_they_were(keep: Keep):
    window: KeptNotesWindow = keep(KeptNotesWindow(practice=False))
    window.show_entries([replace(REFUSED, draft=Draft("Call back later", "by mail\n[answers]\nrating = 4"))])
    show(window)
    assert notes(window) == "by mail\n[answers]\nrating = 4"


def test_all_of_it_is_copied(window: KeptNotesWindow):
    press(window, "Copy")
    assert QApplication.clipboard().text() == f"{WHEN}, Maya Okafor\nCall back later\nby mail\n[answers]\nrating = 4"


def test_enter_puts_nothing_away(window: KeptNotesWindow, wishes: list[tuple[str, int]]):
    assert button(window, "Close").isDefault()
    part(window, Role.Tree, "Calls with kept notes").setFocus()
    key(Qt.Key.Key_Return)
    assert wishes == []


def test_put_away_and_back(window: KeptNotesWindow, wishes: list[tuple[str, int]]):
    assert not button(window, "Undo").isEnabled()
    press(window, "Put away")
    window._on_put_away()  # pressed once more before the journal has said so
    assert wishes == [("away", 1)]
    window.show_entries([HEARD])
    assert notes(window) == "only <b>breathing</b>"
    press(window, "Undo")
    assert wishes == [("away", 1), ("undo", 1)]
    window.show_entries([REFUSED, HEARD])
    assert not button(window, "Undo").isEnabled()


def test_when_the_last_is_put_away_the_keyboard_goes_to_close(window: KeptNotesWindow):
    button(window, "Put away").setFocus()
    window.show_entries([])
    assert focused() is button(window, "Close")
    assert notes(window) == ""
    assert not button(window, "Put away").isEnabled()
    assert not button(window, "Copy").isEnabled()


def test_what_is_chosen_can_be_read(window: KeptNotesWindow):
    """Also while another window has the keyboard: the words stand out from the ground of the row."""
    calls = part(window, Role.Tree, "Calls with kept notes")
    for has_keyboard in (True, False):
        (calls if has_keyboard else button(window, "Close")).setFocus()
        settle()
        row = calls.visualItemRect(calls.topLevelItem(0))
        picture = calls.viewport().grab(row).toImage()
        lights = [picture.pixelColor(x, y).lightness() for x in range(picture.width()) for y in range(picture.height())]
        assert max(lights) - min(lights) > 100
