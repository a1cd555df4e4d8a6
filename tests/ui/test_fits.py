"""Nothing is cut: every window in every state and with every message, at the usual and at twice the font size, light and dark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop import errors
from desktop.callcenter.model import Field
from desktop.errors import NextCallError
from desktop.practice.center import BEEP, FAREWELL, HOLD_MUSIC, PhoneView
from desktop.settings.settings import Settings
from desktop.shift.session import Health, Line
from desktop.shift.states import State
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginDialog
from desktop.ui.parts import MessageBar
from desktop.ui.popup import PopupWindow
from desktop.ui.practice_phone import PracticePhone
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow
from tests.simulation import a_call
from tests.ui.screen import assert_nothing_cut, button, cut, field, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

NOW = datetime(2025, 1, 6, 12, 59, 59, tzinfo=UTC)
REASON = "the proxy proxy-emea-2.intranet.example:8080 said “407 Proxy Authentication Required” and closed the connection"
FATE = "Nobody can tell whether this call is stored; your entries are still here. Pressing again stores it once more."
PRACTICE = pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])


def every_failure(of: type[NextCallError] = NextCallError) -> list[type[NextCallError]]:
    return [of, *(failure for below in of.__subclasses__() for failure in every_failure(below))]


FAILURES = [failure for failure in every_failure() if failure.__module__ == errors.__name__]

pytestmark = pytest.mark.usefixtures("worn")


def _open(window: QWidget) -> None:
    """Show it as large as it wishes to be: the offscreen platform has a small screen, and Qt heeds that."""
    window.ensurePolished()
    window.resize(window.sizeHint().expandedTo(window.size() if window.testAttribute(Qt.WidgetAttribute.WA_Resized) else QSize()))
    window.show()


@PRACTICE
def test_the_log_in_window(keep: Keep, practice: bool):
    window = keep(LoginDialog(practice=practice))
    window.fill_in(key="k" * 60, campaign_id="1001", phone_number="+1 202 555 0143")
    _open(window)
    assert_nothing_cut(window)
    for state in State:
        window.show_state(state)
        assert_nothing_cut(window)
    for number in ("call me", "20255501433333", "0000000000", "+44 20 7946 0102", "202555"):
        field(window, "Phone number").setText(number)
        assert_nothing_cut(window)
    for missing in ("Agent ID", "Phone number", "Campaign ID", "API key"):
        field(window, missing).clear()
        button(window, "Log in" if missing == "Agent ID" else "Call me").click()
        assert_nothing_cut(window)
    for failure in FAILURES:
        window.tell(failure(REASON), FATE)
        assert_nothing_cut(window)
    window.say("NextCall has made a mistake", f"{REASON}. What you typed is still here. For your IT support: {REASON}", "bad")
    window.show_key_wait(waiting=True)
    assert_nothing_cut(window)
    window.offer_call_me(offered=False)
    assert_nothing_cut(window)


@PRACTICE
def test_the_shift_window(keep: Keep, practice: bool):
    window = keep(ShiftWindow(practice=practice))
    window.show()
    window.show_agent("4027", 999_999_999_999_999_999)
    for state in State:
        window.show_state(state)
        for health in Health:
            window.show_line(Line(health, NOW, errors.AnswerNotUnderstood.title))
            for stored, unsent in ((0, 0), (1, 0), (1234, 56)):
                window.show_stored(stored, unsent=unsent)
                assert_nothing_cut(window)
    for failure in FAILURES:
        window.tell(failure(REASON), FATE)
        assert_nothing_cut(window)
    window.say(f"{errors.KeyNotKept.title}.", errors.KeyNotKept.advice, "warn")
    assert_nothing_cut(window)


@PRACTICE
def test_the_popup(keep: Keep, practice: bool):
    window = keep(PopupWindow(practice=practice))
    _open(window)
    for name, number in (("Maya Okafor", "+12025550143"), ("", "+12025550143"), ("", ""), ("Wilhelmina " * 50, "x" * 500)):
        window.show_call(a_call(name, number, *(Field(f"a rather long name of a field {n}", "value " * n) for n in range(40))))
        assert_nothing_cut(window)
    button(window, "Next Call").click()
    assert_nothing_cut(window)
    window.show_saving()
    assert_nothing_cut(window)
    for failure in FAILURES:
        window.tell(failure(REASON), FATE)
        assert_nothing_cut(window)


@PRACTICE
@pytest.mark.parametrize("hung_up", [False, True])
def test_the_reminder(keep: Keep, practice: bool, hung_up: bool):
    window = keep(HangUpWindow(practice=practice))
    for stored in (0, 1, 12345):
        window.remind(stored, hung_up=hung_up)
        assert_nothing_cut(window)


@PRACTICE
@pytest.mark.parametrize("can_hang_up", [False, True])
async def test_the_question_before_leaving(qapp: object, keep: Keep, practice: bool, can_hang_up: bool):
    for state in (State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING):
        window = keep(LeaveDialog(state, can_hang_up=can_hang_up, practice=practice, parent=None))
        window.show()
        assert_nothing_cut(window)
        window.hide()


def test_the_settings(keep: Keep):
    window = keep(SettingsDialog(Settings(), practice=False))
    window.show()
    assert_nothing_cut(window)
    field(window, "Service address").setText("no address")
    button(window, "Save").click()
    assert_nothing_cut(window)


def test_the_practice_phone(keep: Keep):
    window = keep(PracticePhone())
    window.show()
    assert_nothing_cut(window)
    view = PhoneView("+1 202 555 0143", "ringing", None, (), NOW)
    says = "Helô? You'll have to speak up, there's a choir in here, and the plumber, and the goats, and it is snowing."
    for heard in ((), ("Your agent ID is 4 0 2 7.",), (HOLD_MUSIC, BEEP, says), (says,) * 6, (FAREWELL,)):
        for state in ("ringing", "connected", "idle"):
            window.show_phone(replace(view, state=state, heard=heard))
            assert_nothing_cut(window)


@PRACTICE
def test_the_windows_fit_on_a_small_screen_at_the_usual_size(worn: tuple[str, int], keep: Keep, practice: bool):
    if worn[1] > 1:
        pytest.skip("twice the font size needs a larger screen than 1024 x 700")
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
