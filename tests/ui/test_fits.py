"""Nothing is cut: every window in every state and with every message, at the usual and at twice the font size, light and dark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from desktop import errors
from desktop.callcenter.model import Field
from desktop.popup import profile_file
from desktop.popup.example import example_call
from desktop.practice.center import BEEP, FAREWELL, HOLD_MUSIC, PhoneView
from desktop.resources import RESOURCES
from desktop.settings.settings import Settings, Shortcuts
from desktop.shift.journal import Draft, Settled
from desktop.shift.session import Health, Line, Standstill
from desktop.shift.states import State
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.history import HistoryWindow
from desktop.ui.kept_notes import KeptNotesWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginDialog
from desktop.ui.popup import PopupWindow
from desktop.ui.practice_phone import PracticePhone
from desktop.ui.preview import PreviewWindow, Reading
from desktop.ui.recovery import RecoveryDialog
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow
from tests.simulation import a_call
from tests.ui.records import FATES, a_line, a_shift, an_entry
from tests.ui.screen import (
    FATE,
    REASON,
    Role,
    assert_nothing_cut,
    button,
    every_failure,
    field,
    focused,
    key,
    part,
    show,
    turn_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

NOW = datetime(2025, 1, 6, 12, 59, 59, tzinfo=UTC)
PRACTICE = pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])


PAGES = ("Call center", "When a call comes", "Keys", "This computer")
FAILURES = every_failure()

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
    window.offer_update("10.20.30")
    window.show_kept_notes(12)
    assert_nothing_cut(window)
    window.offer_call_me(offered=False)
    assert_nothing_cut(window)


@PRACTICE
def test_the_shift_window(keep: Keep, practice: bool):
    window = keep(ShiftWindow(practice=practice))
    window.show()
    window.show_agent("4027", 999_999_999_999_999_999)
    assert_nothing_cut(window)
    aside = "A new one is begun. The old one is kept as journal-damaged-20250106-125959-123456.db: show this to your IT support."
    window.warn(errors.JournalNotKept("it is no journal", title="The journal was damaged", advice=aside))
    assert_nothing_cut(window)
    window.warn(errors.JournalNotKept("the data folder cannot be written"))
    for state in State:
        window.show_state(state)
        for health in Health:
            window.show_line(Line(health, NOW, errors.AnswerNotUnderstood.title))
            for stored, unsure in ((0, 0), (1, 0), (1234, 56)):
                window.show_stored(stored, unsure)
                assert_nothing_cut(window)
    window.show_state(State.WAITING)
    for refusal in (errors.CampaignNotRunning("Campaign 1001 is not running."), errors.Refused(REASON), errors.Refused()):
        window.show_standstill(Standstill(refusal, NOW))
        assert_nothing_cut(window)
    for heard in (True, False):
        window.show_someone(heard=heard)
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
    for health in Health:
        window.show_trouble(Line(health, NOW, errors.AnswerNotUnderstood.title))
        assert_nothing_cut(window)
    for failure in FAILURES:
        window.tell(failure(REASON), FATE)
        assert_nothing_cut(window)
    window.tell(errors.Refused(REASON), FATE, can_leave=True)
    assert_nothing_cut(window)
    window.tell(errors.NotLoggedIn(REASON), FATE, last_only=True, can_leave=True)
    assert_nothing_cut(window)
    window.show_call(a_call(), Draft("Interested", "by mail"), last_only=True)
    assert_nothing_cut(window)
    window.show_someone()
    assert_nothing_cut(window)
    button(window, "Next Call").click()
    assert_nothing_cut(window)


@PRACTICE
@pytest.mark.parametrize("hung_up", [False, True])
def test_the_reminder(keep: Keep, practice: bool, hung_up: bool):
    window = keep(HangUpWindow(practice=practice))
    for record in (None, a_shift(), a_shift(an_entry()), a_shift(*map(an_entry, FATES * 30))):
        window.remind(record, hung_up=hung_up)
        assert_nothing_cut(window)
    window.show_kept_notes(12)
    window.say("The receipt is saved", f"/home/an.agent/Documents/{'a folder of a rather long name/' * 4}nextcall-shift.txt")
    assert_nothing_cut(window)
    window.say("The receipt was not saved", "No such file or directory. Try another place.", "bad")
    assert_nothing_cut(window)


@PRACTICE
def test_the_kept_notes(keep: Keep, practice: bool):
    window = keep(KeptNotesWindow(practice=practice))
    window.show()
    assert_nothing_cut(window)
    window.show_entries([an_entry(Settled.REFUSED, a_call("Wilhelmina " * 50)), an_entry(None, a_call(), told=False)] * 20)
    assert_nothing_cut(window)


@PRACTICE
def test_the_history(keep: Keep, practice: bool):
    window = keep(HistoryWindow(practice=practice))
    _open(window)
    window.show_lines((), has_more=False)
    assert_nothing_cut(window)
    for fate in FATES:
        entry = replace(an_entry(fate, a_call("Wilhelmina " * 50)), reason=REASON)
        window.show_lines([a_line(entry), a_line(replace(entry, told=False), None)] * 20, has_more=True)
        assert_nothing_cut(window)
    field(window, "Search").setText("quince " * 50)
    window.show_lines((), has_more=False)
    assert_nothing_cut(window)


@PRACTICE
def test_the_question_after_a_crash(keep: Keep, practice: bool):
    for entries in ([an_entry(None)], [an_entry(fate, a_call("Wilhelmina " * 50)) for fate in FATES * 30]):
        window = keep(RecoveryDialog(a_shift(*entries, campaign_id=999_999_999_999_999_999), practice=practice))
        window.show()
        assert_nothing_cut(window)
        button(window, "Yes, still connected").click()
        assert_nothing_cut(window)
        for words in ("Logging in again …", "Storing your calls …"):
            window.show_busy(words, can_wait=True)
            assert_nothing_cut(window)
        for health in Health:
            window.show_trouble(Line(health, NOW, errors.AnswerNotUnderstood.title))
            assert_nothing_cut(window)
        for failure in FAILURES:
            window.tell(failure(REASON), "What is not settled is kept.")
            assert_nothing_cut(window)
        window.hide()


@PRACTICE
@pytest.mark.parametrize("can_hang_up", [False, True])
@pytest.mark.parametrize("kicked", [False, True])
async def test_the_question_before_leaving(qapp: object, keep: Keep, practice: bool, can_hang_up: bool, kicked: bool):
    for state in (State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING):
        told = {"can_hang_up": can_hang_up, "kept": not practice, "refused": kicked, "kicked": kicked}
        window = keep(LeaveDialog(state, **told, practice=practice, parent=None))
        window.show()
        assert_nothing_cut(window)
        window.hide()


def test_the_settings(keep: Keep):
    hotkeys = Shortcuts(show_call="Ctrl+Shift+L", next_call="Ctrl+K", hear_someone="")
    window = keep(SettingsDialog(Settings(shortcuts=hotkeys), practice=False, locked=Settings.__struct_fields__))
    window.show()
    for page in PAGES:
        turn_to(window, page)
        assert_nothing_cut(window)
    window = keep(SettingsDialog(Settings(shortcuts=hotkeys), practice=False))
    window.show_hotkey_troubles({"hear_someone": "Another program has Ctrl+Shift+F10 already. Choose another key."})
    window.show()
    for page in reversed(PAGES):
        turn_to(window, page)
        assert_nothing_cut(window)
    field(window, "Campaign profiles address").setText("http://profiles.example/{campaign}.toml")
    button(window, "Save").click()
    assert_nothing_cut(window)
    field(window, "Service address").setText("no address")
    button(window, "Save").click()
    assert_nothing_cut(window)


def test_the_settings_need_no_scrolling_where_the_screen_has_room(keep: Keep, worn: tuple[str, int]):
    if worn[1] > 1:
        pytest.skip("at twice the size they need more than 800 x 800")
    window = keep(SettingsDialog(Settings(), practice=False))
    show(window)
    for page in PAGES:
        turn_to(window, page)
        QApplication.processEvents()  # it is laid out anew when it is first seen
        assert not [one for one in window.findChildren(QScrollArea) if one.isVisible() and one.verticalScrollBar().isVisible()]


def test_the_settings_on_a_small_screen(keep: Keep, worn: tuple[str, int]):
    if worn[1] > 1:
        pytest.skip("at twice the size they need more")
    small = QSize(640, 450)  # 640 x 480 without the title bar
    window = keep(SettingsDialog(Settings(profile_address="http://profiles.example/"), practice=False))
    window.resize(small)
    show(window)
    button(window, "Save").click()
    assert_nothing_cut(window)
    assert window.size() == small
    assert _is_seen(field(window, "Campaign profiles address"))
    last = part(window, Role.SpinBox, "Seconds to take a call back")
    assert not _is_seen(last)
    for _ in range(2):  # the button, and what is below it
        key(Qt.Key.Key_Tab)
    assert focused() is last
    assert _is_seen(last)


def _is_seen(one: QWidget) -> bool:
    """All of it, that is."""
    return one.visibleRegion().boundingRect() == one.rect()


def test_the_preview_of_a_profile(keep: Keep):
    for file in sorted((RESOURCES / "profiles").glob("*.toml")):
        profile = profile_file.load(file)
        window = keep(PreviewWindow(file.with_name("an.agent" * 20)))
        reading = Reading(NOW, None, profile, example_call(profile))
        window.show_reading(reading)
        window.bring_back()
        assert_nothing_cut(window)
        part(window, Role.List, "Disposition").choose(profile.dispositions[0].name)
        button(window, "Next Call").click()
        assert_nothing_cut(window)
        button(window, "Logoff").click()
        assert_nothing_cut(window)
        part(window, Role.CheckBox, "Only id and phone number").click()
        assert_nothing_cut(window)
        window.show_reading(replace(reading, failure=errors.ProfileError(f"{file}: {REASON}.")))
        assert_nothing_cut(window)
        window.hide()


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
