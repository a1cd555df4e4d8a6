"""The names that screen readers and other programs rely on (design.md, 'The windows'), as a screen reader gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QWidget

from desktop.shift.journal import Settled
from desktop.shift.states import State
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.history import HistoryWindow
from desktop.ui.kept_notes import KeptNotesWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginDialog
from desktop.ui.popup import PopupWindow
from desktop.ui.practice_phone import PracticePhone
from desktop.ui.recovery import RecoveryDialog
from desktop.ui.shift_window import ShiftWindow
from tests.simulation import a_call
from tests.ui.records import a_line, a_shift, an_entry
from tests.ui.screen import TEXT, Role, has, part, settle, spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[QWidget], QWidget]


def test_the_log_in_window(keep: Keep):
    window = keep(LoginDialog(practice=False))
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "Log in")
    for name in ("API key", "Campaign ID", "Phone number", "Agent ID"):
        assert part(window, TEXT, name).isEnabled()
    part(window, Role.CheckBox, "Remember me on this computer")
    for name in ("Call me", "Log in", "Practice", "Settings"):
        assert part(window, Role.Button, name).isEnabled()


def test_the_log_in_window_of_a_practice_leads_back_and_remembers_nothing(keep: Keep):
    window = keep(LoginDialog(practice=True))
    window.show()
    assert has(window, Role.Button, "End practice")
    for role, name in ((Role.CheckBox, "Remember me on this computer"), (Role.Button, "Settings"), (Role.Button, "Practice")):
        assert not has(window, role, name)


def test_the_phone_can_be_rung_again_once_it_should_have_rung(keep: Keep):
    window = keep(LoginDialog(practice=False))
    window.show()
    for state in State:
        window.show_state(state)
        assert has(window, Role.Button, "It didn't ring") == (state is State.EXPECTING_ID)


@pytest.mark.parametrize("state", [*State])
def test_the_shift_window_has_a_label_with_the_words_of_the_state(keep: Keep, state: State):
    window = keep(ShiftWindow(practice=False))
    window.show_state(state)
    window.show()
    assert spoken(window)[0][1] == "NextCall"
    part(window, Role.StaticText, state.value)
    assert has(window, Role.Button, "Show call") == (state in {State.CONNECTED, State.SAVING})
    assert has(window, Role.Button, "Leave") == (state in {State.WAITING, State.CONNECTED, State.SAVING})
    assert has(window, Role.Button, "I hear someone") == (state is State.WAITING)


@pytest.mark.parametrize(
    ("name", "number", "title"),
    [("Maya Okafor", "+12025550143", "Maya Okafor"), ("", "+12025550143", "(202) 555-0143"), ("", "", "Unknown caller")],
)
def test_the_popup_window(keep: Keep, name: str, number: str, title: str):
    window = keep(PopupWindow(practice=False))
    window.show_call(a_call(name, number))
    window.show()
    assert spoken(window)[0][1] == f"Call - {title}"
    part(window, Role.List, "Disposition")
    part(window, TEXT, "Notes")
    part(window, Role.Tree, "Caller")
    assert part(window, Role.Button, "Next Call").isEnabled()
    assert part(window, Role.Button, "Logoff").isEnabled()
    assert not has(window, Role.Button, "Nobody there")


def test_the_popup_window_of_somebody(keep: Keep):
    window = keep(PopupWindow(practice=False))
    window.show_someone()
    window.show()
    assert spoken(window)[0][1] == "Call - somebody"
    part(window, Role.List, "Disposition")
    part(window, TEXT, "Notes")
    for name in ("Next Call", "Logoff", "Nobody there"):
        assert part(window, Role.Button, name).isEnabled()


def test_the_question_after_a_crash(keep: Keep):
    window = keep(RecoveryDialog(a_shift(an_entry(Settled.UNSURE), an_entry(None)), practice=False))
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "Unfinished calls")
    part(window, Role.StaticText, "Is your phone still connected?")
    part(window, Role.Tree, "Unfinished calls")
    part(window, TEXT, "API key")
    for name in ("Yes, still connected", "No", "Later"):
        assert part(window, Role.Button, name).isEnabled()
    window.fill_in_key("k3y")
    assert not has(window, TEXT, "API key")


def test_the_reminder(keep: Keep):
    window = keep(HangUpWindow(practice=False))
    window.remind(a_shift(an_entry()), hung_up=False)
    assert spoken(window)[0][:2] == (Role.Dialog, "Hang up your phone")
    assert part(window, Role.Button, "Done").isDefault()
    part(window, Role.Button, "Save receipt …")
    part(window, Role.Tree, "Receipt")
    part(window, Role.StaticText, "1 call: 1 stored")


def test_the_kept_notes(keep: Keep):
    window = keep(KeptNotesWindow(practice=False))
    window.show_entries([an_entry(Settled.REFUSED)])
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "Kept notes")
    part(window, Role.Tree, "Calls with kept notes")
    part(window, TEXT, "What you noted")
    for name in ("Put away", "Copy", "Close"):
        assert part(window, Role.Button, name).isEnabled()


def test_the_history(keep: Keep):
    window = keep(HistoryWindow(practice=False))
    window.show_lines([a_line(an_entry())], has_more=False)
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "History")
    for name in ("Search", "What you noted"):
        part(window, TEXT, name)
    for name in ("Calls", "Caller"):
        part(window, Role.Tree, name)
    for name in ("Copy notes", "Close"):
        assert part(window, Role.Button, name).isEnabled()


def test_notes_are_offered_where_there_are_some(keep: Keep):
    for window in (keep(LoginDialog(practice=False)), keep(HangUpWindow(practice=False))):
        window.show()
        assert not has(window, Role.Button, "Kept notes (2)")
        window.show_kept_notes(2)
        part(window, Role.Button, "Kept notes (2)")
        window.show_kept_notes(0)
        assert not has(window, Role.Button, "Kept notes (0)")


async def test_the_question_before_leaving(qapp: object, keep: Keep):
    window = keep(LeaveDialog(State.WAITING, can_hang_up=False, kept=True, practice=False, parent=None))
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "Leave NextCall?")
    part(window, Role.Button, "Leave")
    assert part(window, Role.Button, "Stay in the queue").isDefault()


def test_the_settings(settings_dialog: QWidget):
    settings_dialog.show()
    assert spoken(settings_dialog)[0][:2] == (Role.Dialog, "Settings")
    for name in ("Service address", "Broadcast service address", "Campaign profiles address"):
        part(settings_dialog, TEXT, name)
    part(settings_dialog, Role.SpinBox, "Seconds to take a call back")
    for name in ("Preview…", "Save", "Cancel"):
        part(settings_dialog, Role.Button, name)


def test_the_practice_phone(keep: Keep):
    window = keep(PracticePhone())
    window.show()
    assert spoken(window)[0][1] == "Practice phone"
    part(window, Role.Button, "Hang up")


@pytest.mark.parametrize("practice", [False, True])
@pytest.mark.parametrize("kind", [LoginDialog, ShiftWindow, PopupWindow, HangUpWindow, KeptNotesWindow, HistoryWindow])
def test_labels_are_named_by_their_text_and_nothing_else_is_nameless(keep: Keep, kind: type[QWidget], practice: bool):
    window = keep(kind(practice=practice))
    if isinstance(window, HangUpWindow):
        window.remind(a_shift(an_entry()), hung_up=False)
    if isinstance(window, PopupWindow):
        window.show_call(a_call("Wilhelmina van der Kloosterveldt-Featherstonehaugh " * 3))
    window.show()
    settle()
    for role, name, thing in spoken(window):
        if isinstance(thing, QLabel) and thing.text().strip():
            shortened = thing.text().removesuffix("…")
            assert name == thing.text() or (shortened != thing.text() and name.startswith(shortened))
        if role in {TEXT, Role.Button, Role.CheckBox, Role.List, Role.Tree}:
            assert name
    assert has(window, Role.StaticText, "PRACTICE  ·  nobody is really called") == practice
