"""The smaller windows: the question before leaving, the reminder, settings, shift window, practice phone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import inspect
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from shiboken6 import isValid

from desktop.callcenter.model import Call
from desktop.errors import CampaignNotRunning, JournalNotKept, NotReached, Refused
from desktop.practice.center import BEEP, HOLD_MUSIC, PhoneView
from desktop.resources import RESOURCES
from desktop.settings.settings import HOSTED_SERVICE, Settings
from desktop.shift.journal import Settled, ShiftRecord
from desktop.shift.session import Health, Line, Standstill
from desktop.shift.states import State
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.practice_phone import PracticePhone
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow
from tests.simulation import until
from tests.ui.records import a_shift, an_entry
from tests.ui.screen import Role, button, field, focused, has, key, message, part, press, settle, show, type_in, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Keep = Callable[[Any], Any]

NOW = datetime(2025, 1, 6, 12, 59, 59, tzinfo=UTC)
Return, Escape = Qt.Key.Key_Return, Qt.Key.Key_Escape


# -------------------------------------------------------------------------------------------- the question before leaving


async def _asked(
    state: State = State.WAITING, *, can_hang_up: bool = False, kept: bool = False
) -> tuple[LeaveDialog, asyncio.Task[bool]]:
    dialog = LeaveDialog(state, can_hang_up=can_hang_up, kept=kept, practice=False, parent=None)
    answer = asyncio.get_running_loop().create_task(dialog.ask())
    await until(dialog.isActiveWindow)
    return dialog, answer


@pytest.mark.parametrize(
    ("act", "leaves"),
    [
        (lambda dialog: press(dialog, "Leave"), True),
        (lambda dialog: press(dialog, "Stay in the queue"), False),
        (lambda _: key(Return), False),
        (lambda _: key(Escape), False),
        (lambda dialog: dialog.close(), False),
        (lambda dialog: dialog.reject(), False),
    ],
    ids=["leave", "stay", "enter", "escape", "closed", "overtaken"],
)
async def test_only_the_button_leaves(qapp: object, act: Callable[[LeaveDialog], object], leaves: bool):
    dialog, answer = await _asked()
    act(dialog)
    assert await answer is leaves


async def test_enter_on_the_button_leaves_too(qapp: object):
    dialog, answer = await _asked()
    button(dialog, "Leave").setFocus()
    key(Return)
    assert await answer


@pytest.mark.parametrize("can_hang_up", [False, True])
@pytest.mark.parametrize(
    ("state", "title", "stay"),
    [
        (State.LOGGING_IN, "You are still in the queue", "Stay in the queue"),
        (State.WAITING, "You are still in the queue", "Stay in the queue"),
        (State.CONNECTED, "This call is not stored", "Back to the call"),
        (State.SAVING, "This call is being stored", "Wait for it"),
    ],
)
async def test_it_says_what_happens_to_the_phone(qapp: object, state: State, title: str, stay: str, can_hang_up: bool):
    dialog, answer = await _asked(state, can_hang_up=can_hang_up)
    assert title in words(dialog)
    assert ("is asked to hang up your phone" in words(dialog)) == can_hang_up
    assert ("stays connected until you hang it up" in words(dialog)) != can_hang_up
    press(dialog, stay)
    assert not await answer


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("state", [State.CONNECTED, State.SAVING])
async def test_it_says_what_happens_to_the_work(qapp: object, state: State, kept: bool):
    dialog, answer = await _asked(state, kept=kept)
    assert ("is kept and you are asked about it at the next start" in words(dialog)) == kept
    assert ("its disposition and notes are lost" in words(dialog)) != kept
    dialog.reject()
    assert not await answer


async def test_who_stops_waiting_for_the_answer_takes_the_question_away(qapp: object):
    dialog, answer = await _asked()
    answer.cancel()
    await asyncio.wait([answer])
    assert not (isValid(dialog) and dialog.isVisible())


# ------------------------------------------------------------------------------------------------------- the reminder


@pytest.mark.parametrize(
    ("fates", "said"),
    [
        ([Settled.STORED], "1 call: 1 stored"),
        ([Settled.STORED] * 2, "2 calls: 2 stored"),
        (
            [Settled.STORED] * 3 + [Settled.REFUSED, Settled.UNSURE, None],
            "6 calls: 3 stored, 1 refused, 1 not sure, 1 without a response",
        ),
    ],
)
def test_the_reminder_counts_the_calls(keep: Keep, fates: list[Settled | None], said: str):
    window = keep(HangUpWindow(practice=False))
    window.remind(a_shift(*map(an_entry, fates)), hung_up=False)
    assert said in words(window).splitlines()
    assert "still on the line" in words(window)
    assert _receipt(window).topLevelItemCount() == len(fates)
    assert has(window, Role.Button, "Save receipt …")
    window.remind(a_shift(*map(an_entry, fates)), hung_up=True)
    assert "has ended your phone call" in words(window)
    assert _receipt(window).topLevelItemCount() == len(fates)


@pytest.mark.parametrize("record", [None, a_shift()], ids=["no shift", "no call"])
def test_the_reminder_without_a_call_has_no_receipt(keep: Keep, record: ShiftRecord | None):
    window = keep(HangUpWindow(practice=False))
    window.remind(a_shift(an_entry()), hung_up=False)
    window.remind(record, hung_up=False)
    assert "still on the line" in words(window)
    assert "1 call" not in words(window)
    for role, name in ((Role.Tree, "Receipt"), (Role.Button, "Save receipt …")):
        assert not has(window, role, name)


def test_the_receipt_tells_what_became_of_each_call(keep: Keep):
    window = keep(HangUpWindow(practice=False))
    stored, heard = an_entry(attempts=2), an_entry(None, Call("heard at 12:59"), told=False)
    window.remind(a_shift(stored, heard), hung_up=False)
    shown = [[_receipt(window).topLevelItem(row).text(column) for column in range(1, 4)] for row in range(2)]
    noon = f"{NOW.astimezone():%H:%M:%S}"
    assert shown == [
        [stored.call.id, "Call back later", f"stored {noon}, 2 tries"],
        ["-", "Call back later", "never told who it was, notes kept"],
    ]


def _receipt(window: HangUpWindow) -> Any:
    return part(window, Role.Tree, "Receipt")


def test_the_receipt_is_saved_where_the_agent_says(keep: Keep, tmp_path: Path):
    window, places = keep(HangUpWindow(practice=False)), []
    window.save_requested.connect(places.append)
    window.remind(a_shift(an_entry()), hung_up=False)
    press(window, "Save receipt …")
    [dialog] = window.findChildren(QFileDialog)
    assert dialog.isVisible()
    assert dialog.selectedFiles()[0].endswith("nextcall-shift.txt")
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile("mine")
    dialog.accept()
    assert places == [tmp_path / "mine.txt"]
    press(window, "Save receipt …")
    [dialog] = [one for one in window.findChildren(QFileDialog) if one.isVisible()]
    dialog.reject()
    assert len(places) == 1


def test_only_done_ends_the_reminder(keep: Keep):
    window, done = keep(HangUpWindow(practice=False)), []
    window.done_requested.connect(lambda: done.append(True))
    window.remind(a_shift(an_entry()), hung_up=False)
    show(window)
    key(Escape)
    assert window.isVisible()
    assert not done
    key(Return)
    press(window, "Done")
    window.close()
    assert window.isVisible()
    assert len(done) == 3


# ------------------------------------------------------------------------------------------------------- the settings


@pytest.fixture
def changed(settings_dialog: SettingsDialog) -> list[Settings]:
    found: list[Settings] = []
    settings_dialog.changed.connect(found.append)
    show(settings_dialog)
    return found


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://calls.example/service?wsdl", "https://calls.example/service?wsdl"),
        ("  http://127.0.0.1:8080/service?wsdl ", "http://127.0.0.1:8080/service?wsdl"),
        ("HTTPS://CALLS.EXAMPLE", "HTTPS://CALLS.EXAMPLE"),
        ("", HOSTED_SERVICE),
        ("   ", HOSTED_SERVICE),
    ],
)
def test_an_address_is_kept(settings_dialog: SettingsDialog, changed: list[Settings], typed: str, kept: str):
    field(settings_dialog, "Service address").setText(typed)
    press(settings_dialog, "Save")
    assert changed == [Settings(campaign_id="1001", service_url=kept)]
    assert not settings_dialog.isVisible()


@pytest.mark.parametrize("name", ["Service address", "Broadcast service address", "Campaign profiles address"])
@pytest.mark.parametrize(
    "typed",
    ["calls.example", "ftp://calls.example", "https://", "https:// calls", "https://[::1", "file:///etc/passwd", "\U0001f33b"],
)
def test_what_is_no_address_is_told_and_not_kept(settings_dialog: SettingsDialog, changed: list[Settings], name: str, typed: str):
    edit = field(settings_dialog, name)
    edit.setText(typed)
    press(settings_dialog, "Save")
    assert not changed
    assert message(settings_dialog).startswith("This is not a web address")
    assert focused() is edit


def test_the_settings_by_keys(settings_dialog: SettingsDialog, changed: list[Settings]):
    field(settings_dialog, "Broadcast service address").setFocus()
    type_in("https://calls.example/b?wsdl")
    key(Return)
    assert changed == [Settings(campaign_id="1001", broadcast_url="https://calls.example/b?wsdl")]


@pytest.mark.parametrize(
    "address",
    [
        "https://intranet.example/profiles/{campaign}.toml",
        "https://intranet.example/all.toml",
        "http://127.0.0.1:8080/{campaign}",
        "http://[::1]/{campaign}",
        "http://localhost/{campaign}",
        "",
    ],
)
def test_where_profiles_come_from_is_kept(settings_dialog: SettingsDialog, changed: list[Settings], address: str):
    field(settings_dialog, "Campaign profiles address").setText(f" {address} ")
    press(settings_dialog, "Save")
    assert changed == [Settings(campaign_id="1001", profile_address=address)]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://intranet.example/{campaign}.toml", "has to start with https://"),
        ("http://127.0.0.1.example/", "has to start with https://"),
        ("https://intranet.example/{agent}.toml", "can be {campaign}"),
        ("https://intranet.example/{campaign", "can be {campaign}"),
    ],
)
def test_where_profiles_cannot_come_from_is_told(
    settings_dialog: SettingsDialog, changed: list[Settings], address: str, why: str
):
    edit = field(settings_dialog, "Campaign profiles address")
    edit.setText(address)
    press(settings_dialog, "Save")
    assert not changed
    assert message(settings_dialog).startswith("Campaign profiles cannot come from this address")
    assert why in message(settings_dialog)
    assert focused() is edit


def test_the_time_to_take_a_call_back_is_kept(settings_dialog: SettingsDialog, changed: list[Settings]):
    seconds = part(settings_dialog, Role.SpinBox, "Seconds to take a call back")
    assert seconds.value() == 0
    seconds.setFocus()
    seconds.selectAll()
    type_in("5")
    key(Qt.Key.Key_Up)
    key(Return)
    assert changed == [Settings(campaign_id="1001", undo_seconds=6)]


def test_the_time_to_take_a_call_back_has_the_bounds_of_the_settings_file(
    settings_dialog: SettingsDialog, changed: list[Settings]
):
    seconds = part(settings_dialog, Role.SpinBox, "Seconds to take a call back")
    [known] = [one for one in inspect.type_info(Settings).fields if one.name == "undo_seconds"]
    assert (seconds.minimum(), seconds.maximum()) == (known.type.type.ge, known.type.type.le)


def test_the_wheel_scrolls_the_settings_and_changes_none(settings_dialog: SettingsDialog, changed: list[Settings]):
    seconds = part(settings_dialog, Role.SpinBox, "Seconds to take a call back")
    seconds.setFocus()
    middle = QPointF(seconds.rect().center())
    wheel = QWheelEvent(
        middle, seconds.mapToGlobal(middle), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(seconds, wheel)
    assert seconds.value() == 0


def test_settings_are_shown_as_they_are(keep: Keep):
    known = Settings(profile_address="https://intranet.example/{campaign}.toml", undo_seconds=7)
    dialog = keep(SettingsDialog(known, practice=False))
    found: list[Settings] = []
    dialog.changed.connect(found.append)
    show(dialog)
    press(dialog, "Save")
    assert found == [known]


def test_a_profile_to_preview_is_chosen_among_the_agents_own(keep: Keep, tmp_path: Path):
    (tmp_path / "1001.toml").touch()
    (tmp_path / "notes.txt").touch()
    window, files = keep(SettingsDialog(Settings(), practice=False, profiles=tmp_path)), []
    window.preview_requested.connect(files.append)
    show(window)
    press(window, "Preview…")
    [dialog] = window.findChildren(QFileDialog)
    assert dialog.isVisible()
    assert dialog.directory().absolutePath() == tmp_path.as_posix()
    assert dialog.nameFilters() == ["Campaign profiles (*.toml)"]
    dialog.selectFile("1001.toml")
    dialog.accept()
    assert files == [tmp_path / "1001.toml"]
    assert window.isVisible()
    press(window, "Preview…")
    [dialog] = [one for one in window.findChildren(QFileDialog) if one.isVisible()]
    dialog.reject()
    assert len(files) == 1


def test_without_profiles_of_their_own_the_shipped_ones_are_offered(keep: Keep, tmp_path: Path):
    window = keep(SettingsDialog(Settings(), practice=False, profiles=tmp_path / "profiles"))
    show(window)
    press(window, "Preview…")
    [dialog] = window.findChildren(QFileDialog)
    assert dialog.directory().absolutePath() == (RESOURCES / "profiles").as_posix()
    dialog.reject()


def test_cancelled_settings_are_forgotten(settings_dialog: SettingsDialog, changed: list[Settings]):
    field(settings_dialog, "Service address").setText("https://other.example")
    key(Escape)
    assert not settings_dialog.isVisible()
    assert not changed


# ---------------------------------------------------------------------------------------------------- the shift window


def test_the_line_in_words(shift_window: ShiftWindow):
    shift_window.show()
    for line, said in (
        (Line(Health.IDLE, NOW), "Line to the call center: not in use"),
        (Line(Health.CONNECTED, NOW), "Line to the call center: connected"),
        (Line(Health.RECONNECTING, NOW, NotReached.title), f"Reconnecting since 12:59:59. {NotReached.title}."),
        (Line(Health.UNSURE, NOW, NotReached.title), "Unsure since 12:59:59 whether the call center has your last call."),
    ):
        shift_window.show_line(line)
        assert said in words(shift_window)


@pytest.mark.parametrize(
    ("refusal", "meaning", "row"),
    [
        (
            CampaignNotRunning("Campaign 1001 is not running."),
            "The campaign is not running, so nobody is connected to you. You can wait, or leave.",
            "Since 12:59:59 the call center says: “Campaign 1001 is not running”. NextCall asks again by itself.",
        ),
        (
            Refused("The key is not valid."),
            "The call center refuses, so nobody is connected to you. Show this to your team lead. You can wait, or leave.",
            "Since 12:59:59 the call center says: “The key is not valid”. NextCall asks again by itself.",
        ),
        (
            Refused(),
            "The call center refuses, so nobody is connected to you. Show this to your team lead. You can wait, or leave.",
            "Since 12:59:59 the call center says: “The call center refused”. NextCall asks again by itself.",
        ),
    ],
)
def test_a_standstill_in_words(shift_window: ShiftWindow, refusal: Refused, meaning: str, row: str):
    shift_window.show()
    shift_window.show_state(State.WAITING)
    usual = words(shift_window)
    shift_window.show_standstill(Standstill(refusal, NOW))
    assert {State.WAITING.value, meaning, row} <= set(words(shift_window).splitlines())
    assert has(shift_window, Role.Button, "Leave")
    assert has(shift_window, Role.Button, "I hear someone")
    shift_window.show_standstill(None)
    assert words(shift_window) == usual
    shift_window.show_standstill(Standstill(refusal, NOW))
    shift_window.show_state(State.CONNECTED)
    shift_window.show_standstill(None)
    assert not [text for text in (meaning, row) if text in words(shift_window)]


def test_what_is_stored_in_words(shift_window: ShiftWindow):
    shift_window.show()
    for stored, unsure, said in ((0, 0, "0 calls stored"), (1, 0, "1 call stored"), (3, 2, "3 calls stored, 2 not sure")):
        shift_window.show_stored(stored, unsure)
        assert said in words(shift_window).splitlines()


def test_a_message_goes_with_the_state_that_it_was_about(shift_window: ShiftWindow):
    shift_window.show_state(State.WAITING)
    shift_window.say("The API key could not be kept.", "You can go on working.", "warn")
    shift_window.show_state(State.CONNECTED)
    assert message(shift_window) == ""


def test_its_wishes(shift_window: ShiftWindow):
    wishes: list[str] = []
    shift_window.show_call_requested.connect(lambda: wishes.append("call"))
    shift_window.leave_requested.connect(lambda: wishes.append("leave"))
    shift_window.quit_requested.connect(lambda: wishes.append("quit"))
    shift_window.show_state(State.CONNECTED)
    show(shift_window)
    press(shift_window, "Show call")
    press(shift_window, "Leave")
    key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    key(Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    shift_window.close()
    assert shift_window.isVisible()
    assert wishes == ["call", "leave", "call", "quit", "quit"]


def test_i_hear_someone_is_there_while_waiting_and_only_then(shift_window: ShiftWindow):
    wishes: list[bool] = []
    shift_window.someone_heard.connect(lambda: wishes.append(True))
    show(shift_window)
    for state in State:
        wishes.clear()
        shift_window.show_state(state)
        assert has(shift_window, Role.Button, "I hear someone") == (state is State.WAITING)
        key(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        if state is State.WAITING:
            press(shift_window, "I hear someone")
        assert len(wishes) == (2 if state is State.WAITING else 0)


def test_somebody_who_is_heard_has_a_popup_to_show_until_the_state_changes(shift_window: ShiftWindow):
    shift_window.show_state(State.WAITING)
    shift_window.show()
    for heard in (True, False):
        shift_window.show_someone(heard=heard)
        assert has(shift_window, Role.Button, "Show call") == heard
        assert has(shift_window, Role.Button, "I hear someone") != heard
    shift_window.show_someone(heard=True)
    shift_window.show_state(State.CONNECTED)
    shift_window.show_state(State.WAITING)
    assert has(shift_window, Role.Button, "I hear someone")
    assert not has(shift_window, Role.Button, "Show call")


def test_a_warning_lasts_whatever_the_shift_does(shift_window: ShiftWindow):
    shift_window.show()
    said = f"{JournalNotKept.title}: the disk is full. {JournalNotKept.advice}"
    assert said not in words(shift_window)
    shift_window.warn(JournalNotKept("the disk is full"))
    for state in State:
        shift_window.show_state(state)
        assert said in words(shift_window).splitlines()


def test_as_whom_the_agent_works(shift_window: ShiftWindow):
    shift_window.show()
    shift_window.show_agent("4027", 1001)
    assert "Agent 4027   ·   Campaign 1001" in words(shift_window).splitlines()
    shift_window.show_agent("", 1001)
    assert "Campaign" not in words(shift_window)


def test_there_is_no_call_to_show_while_waiting(shift_window: ShiftWindow):
    shift_window.show_state(State.WAITING)
    [show_call] = [one for one in shift_window.findChildren(object) if _shortcut(one) == "Ctrl+Shift+C"]
    assert not show_call.isEnabled()
    shift_window.show_state(State.SAVING)
    assert show_call.isEnabled()


def _shortcut(one: Any) -> str:
    return one.shortcut().toString(QKeySequence.SequenceFormat.PortableText) if hasattr(one, "menuRole") else ""


# ------------------------------------------------------------------------------------------------- the practice phone


def _view(state: Any, *heard: str) -> PhoneView:
    return PhoneView("+1 202 555 0143", state, None, heard, NOW)


@pytest.mark.parametrize(
    ("view", "said", "can_hang_up"),
    [
        (None, "Your phone is quiet", False),
        (_view("idle"), "Your phone is quiet", False),
        (_view("ringing"), "Your phone rings", True),
        (_view("connected"), "Connected", True),
    ],
)
def test_the_practice_phone_by_state(keep: Keep, view: PhoneView | None, said: str, can_hang_up: bool):
    phone = keep(PracticePhone())
    phone.show()
    phone.show_phone(view)
    assert said in words(phone)
    assert ("(202) 555-0143" in words(phone)) == (view is not None)
    assert button(phone, "Hang up").isEnabled() == can_hang_up


def test_the_practice_phone_lets_the_newest_be_heard(keep: Keep):
    phone = keep(PracticePhone())
    phone.show()
    phone.show_phone(_view("connected", "one", "two", HOLD_MUSIC, BEEP, "<b>Hello?</b>"))
    settle()
    assert "“one”" not in words(phone)
    for heard in ("“two”", "♪  hold music  ♪", "•  beep  •", "“<b>Hello?</b>”"):
        assert heard in words(phone)
    phone.show_phone(_view("ringing"))
    assert "“two”" not in words(phone)


def test_the_practice_phone_does_not_vanish(keep: Keep):
    phone, wishes = keep(PracticePhone()), []
    phone.hang_up_requested.connect(lambda: wishes.append(True))
    phone.show()
    phone.show_phone(_view("connected"))
    phone.close()
    assert phone.isVisible()
    press(phone, "Hang up")
    assert wishes
