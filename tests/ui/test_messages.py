"""What a failure says, that a small screen is enough, and that what looks for cut words finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop import errors
from desktop.errors import NextCallError
from desktop.ui.login import LoginDialog
from desktop.ui.parts import MessageBar
from desktop.ui.popup import PopupWindow
from tests.simulation import a_call
from tests.ui.screen import FATE, REASON, cut, every_failure, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

FAILURES = every_failure()


@pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])
def test_the_windows_fit_on_a_small_screen_at_the_usual_size(keep: Keep, practice: bool):
    login, popup = keep(LoginDialog(practice=practice)), keep(PopupWindow(practice=practice))
    login.show()
    login.tell(errors.AnswerNotUnderstood(REASON), FATE)
    popup.show_call(a_call())
    popup.tell(errors.AnswerNotUnderstood(REASON), FATE)
    settle()
    for window in (login, popup):
        assert window.height() <= 700
        assert window.width() <= 1024


# ------------------------------------------------------------------------------------------- the checker can fail


def _window(keep: Keep, *parts: QWidget) -> QWidget:
    window = keep(QWidget())
    column = QVBoxLayout(window)
    for one in parts:
        column.addWidget(one)
    window.show()
    settle()
    return window


def test_the_checker_finds_words_that_are_cut(keep: Keep):
    label = QLabel("These words need more than one line, that is what they are for.")
    label.setWordWrap(True)
    window = _window(keep, label)
    assert cut(window) == []
    window.setFixedSize(160, 40)
    assert any("high and needs" in complaint for complaint in cut(window))


def test_the_checker_finds_a_narrow_label_an_endless_word_and_what_lies_over_another(keep: Keep):
    narrow, endless, other = QLabel("a label that does not wrap"), QLabel("endless" * 30), QLabel("other")
    narrow.setFixedWidth(20)
    endless.setWordWrap(True)
    endless.setFixedWidth(100)
    window = _window(keep, narrow, endless, other)
    assert sorted(complaint[:15] for complaint in cut(window)) == ["QLabel 'a label", "QLabel 'endless"]
    other.move(endless.pos())
    assert any("lies over" in complaint for complaint in cut(window))


def test_the_checker_finds_what_sticks_out(keep: Keep):
    inner = QWidget()
    row = QHBoxLayout(inner)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel("sticks out")
    row.addWidget(label)
    window = _window(keep, inner)
    assert cut(window) == []
    inner.setFixedHeight(label.fontMetrics().height() // 2)
    label.setMinimumHeight(label.fontMetrics().height())
    assert any("sticks out of" in complaint for complaint in cut(window))


# ------------------------------------------------------------------------------------------------- what a message says


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_told_with_title_reason_fate_of_work_and_advice(keep: Keep, failure: type[NextCallError]):
    bar = keep(MessageBar())
    bar.tell(failure("no route to host."), "Your phone was not called.")
    assert bar.text() == f"{failure.title}. No route to host. Your phone was not called. {failure.advice}"
    assert bar.accessibleName() == bar.text()
    bar.tell(failure())
    assert bar.text() == f"{failure.title}. {failure.advice}"
    bar.clear()
    assert bar.text() == ""


def test_a_message_is_text_and_not_markup(keep: Keep):
    bar = keep(MessageBar())
    bar.tell(NextCallError("<b>bold</b> & <img src=x>"))
    assert "<b>bold</b> & <img src=x>" in bar.text()
    assert {one.textFormat().name for one in bar.findChildren(QLabel)} == {"PlainText"}
