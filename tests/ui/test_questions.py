"""The form of a campaign, from one caller to the next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QListWidget

from desktop.popup.profile_file import read
from desktop.ui.questions import QuestionForm
from tests.ui.screen import settle, show, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

ASKED = """
[[question]]
id = "plan"
type = "choice"
choices = ["Paper", "Audio"]
[[question]]
id = "came_by"
type = "choices"
choices = ["Foot", "Bus"]
[[question]]
id = "visits"
type = "number"
help = "A guess is fine."
"""
TODAY = date(2026, 11, 24)


@pytest.fixture
def form(keep: Callable[[QWidget], QWidget]) -> QuestionForm:
    made = QuestionForm()
    keep(made)
    made.ask(read(ASKED.encode(), "x").questions)
    made.resize(400, 400)
    show(made)
    return made


def test_the_next_caller_is_offered_only_what_the_profile_offers(form: QuestionForm):
    pick, several = form.findChild(QComboBox), form.findChild(QListWidget)
    for kept in ({"plan": "Audio", "came_by": "Bus"}, {}, {}):
        form.fill_in({"plan": "Vinyl", "came_by": "Tram"})  # of an earlier profile
        assert form.entries() == {"plan": "Vinyl", "came_by": "Tram"}
        pick.setCurrentIndex(0)
        several.item(2).setCheckState(Qt.CheckState.Unchecked)
        assert form.entries() == {}
        form.fill_in(kept)
        assert form.entries() == kept
        assert [pick.itemText(row) for row in range(pick.count())] == ["", "Paper", "Audio"]
        assert [several.item(row).text() for row in range(several.count())] == ["Foot", "Bus"]
    several.setCurrentRow(1)
    form.fill_in({})
    assert several.currentRow() == -1


def test_hints_come_and_go(form: QuestionForm):
    always = {"Plan", "Came by", "Visits", "A guess is fine."}
    for entry, needed, said in (
        ("", (), []),
        ("", ("visits",), ["needed"]),
        ("lots", ("visits",), ["Write a whole number, in digits."]),
        ("12", ("visits",), []),
        ("", ("visits",), ["needed"]),
        ("lots", (), ["Write a whole number, in digits."]),
        ("", (), []),
    ):
        form.fill_in({"visits": entry})
        form.show_hints(needed, TODAY)
        assert [text for text in words(form).split("\n") if text not in always] == said


def test_a_problem_stands_between_the_entry_and_its_help(form: QuestionForm):
    form.fill_in({"visits": "lots"})
    form.show_hints((), TODAY)
    settle()
    below = {one.text(): one.mapTo(form, one.rect().topLeft()).y() for one in form.findChildren(QLabel) if one.isVisible()}
    field = form.findChild(QLineEdit)
    bottom = field.mapTo(form, field.rect().bottomLeft()).y()
    assert bottom < below["Write a whole number, in digits."] < below["A guess is fine."]


def test_what_is_missing_is_brought_into_sight_without_the_keyboard_too(form: QuestionForm, keep: Callable[[QWidget], QWidget]):
    """As after Next Call on the strip: another program has the keyboard, and the popup does not take it."""
    form.resize(400, 60)
    show(keep(QLineEdit()))
    visits = form.findChild(QLineEdit)
    assert visits.visibleRegion().isEmpty()
    form.go_to("visits")
    assert visits.visibleRegion().boundingRect() == visits.rect()
