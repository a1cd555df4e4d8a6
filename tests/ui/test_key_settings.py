"""Choosing the keys that work in every program: by pressing them, with what is refused and what the system does not give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from desktop.settings.settings import Settings, Shortcuts
from desktop.ui.hotkeys import read
from desktop.ui.key_settings import ACTIONS
from desktop.ui.keys import HOTKEYS, Place, bound
from desktop.ui.settings_dialog import SettingsDialog
from tests.ui.screen import Role, field, focused, has, key, message, press, show, turn_to, words

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

Control = Qt.KeyboardModifier.ControlModifier
Shift, Alt, Meta = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.MetaModifier
TAKEN = "Another program has Ctrl+Alt+N already. Choose another key."


class Choosing:
    """The dialog with its page of keys, what it had tried, and what it saved."""

    def __init__(self, dialog: SettingsDialog) -> None:
        self.dialog = dialog
        self.tried: list[dict[str, str]] = []
        self.listening: list[bool] = []
        self.saved: list[Settings] = []
        dialog.hotkeys_tried.connect(self.tried.append)
        dialog.listening_changed.connect(self.listening.append)
        dialog.changed.connect(self.saved.append)
        show(dialog)
        turn_to(dialog, "Keys")

    def chosen(self) -> dict[str, str]:
        return {action: field(self.dialog, words).text() for action, words in ACTIONS.items()}

    def save(self) -> Shortcuts | None:
        press(self.dialog, "Save")
        return self.saved[-1].shortcuts if self.saved else None


@pytest.fixture
def choosing(keep: Keep) -> Choosing:
    return Choosing(keep(SettingsDialog(Settings(), practice=False)))


def test_there_is_a_field_for_each_key_that_works_everywhere(choosing: Choosing):
    assert choosing.chosen() == HOTKEYS
    assert list(ACTIONS) == list(Shortcuts.__struct_fields__) == list(HOTKEYS)


def test_what_is_pressed_is_chosen_tried_and_saved(choosing: Choosing):
    field(choosing.dialog, "Next Call").setFocus()
    key(Qt.Key.Key_N, Control | Alt)
    assert choosing.tried == [HOTKEYS | {"next_call": "Ctrl+Alt+N"}]
    key(Qt.Key.Key_F11, Shift)
    assert choosing.tried[1:] == [HOTKEYS | {"next_call": "Shift+F11"}]
    assert choosing.save() == Shortcuts(next_call="Shift+F11")


def test_keys_that_are_only_held_choose_nothing(choosing: Choosing):
    field(choosing.dialog, "Next Call").setFocus()
    for held in (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_NumLock):
        key(held, Control)
    assert choosing.chosen() == HOTKEYS


@pytest.mark.parametrize("pressed", [Qt.Key.Key_Backspace, Qt.Key.Key_Delete])
def test_an_action_can_be_left_without_keys_and_have_the_usual_ones_again(choosing: Choosing, pressed: Qt.Key):
    field(choosing.dialog, "Next Call").setFocus()
    key(pressed)
    press(choosing.dialog, "No key for I hear someone")
    assert choosing.tried[-1] == HOTKEYS | {"next_call": "", "hear_someone": ""}
    press(choosing.dialog, "Usual key for Next Call")
    assert choosing.chosen() == HOTKEYS | {"hear_someone": ""}
    assert choosing.save() == Shortcuts(hear_someone="")


def test_the_usual_keys_are_not_written_down(keep: Keep):
    kept = Settings(shortcuts=Shortcuts(show_call=HOTKEYS["show_call"], next_call="Ctrl+Alt+N", hear_someone=""))
    choosing = Choosing(keep(SettingsDialog(kept, practice=False)))
    assert choosing.chosen() == {"show_call": HOTKEYS["show_call"], "next_call": "Ctrl+Alt+N", "hear_someone": ""}
    assert choosing.save() == Shortcuts(next_call="Ctrl+Alt+N", hear_someone="")


@pytest.mark.parametrize("pressed", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_the_keys_of_the_dialog_stay_the_dialogs(choosing: Choosing, pressed: Qt.Key):
    edit = field(choosing.dialog, "Next Call")
    edit.setFocus()
    key(pressed)
    assert edit.text() == HOTKEYS["next_call"]
    assert choosing.dialog.isVisible() is (pressed is Qt.Key.Key_Tab)
    assert bool(choosing.saved) is (pressed is Qt.Key.Key_Return)
    assert pressed is not Qt.Key.Key_Tab or focused() is not edit


def test_it_listens_while_a_field_has_the_keyboard(choosing: Choosing):
    field(choosing.dialog, "Next Call").setFocus()
    field(choosing.dialog, "Show the popup").setFocus()
    turn_to(choosing.dialog, "This computer")
    assert choosing.listening[0]
    assert not choosing.listening[-1]


# ------------------------------------------------------------------------------------------------------------ refusals


def _press(keys: str) -> None:
    combination = QKeySequence.fromString(keys, QKeySequence.SequenceFormat.PortableText)[0]
    key(combination.key(), combination.keyboardModifiers())


IN_WINDOWS = [
    (keys, where)
    for where in (Place.POPUP, Place.SHIFT_WINDOW, Place.EVERY_WINDOW)
    for keys, _ in bound(where)
    if keys not in {"Esc", "Ctrl+Enter"}  # which is the keypad's
]


@pytest.mark.parametrize(("keys", "where"), IN_WINDOWS)
def test_keys_that_mean_something_in_nextcall_are_refused(choosing: Choosing, keys: str, where: Place):
    edit = field(choosing.dialog, "Next Call")
    edit.setFocus()
    _press(keys)
    assert choosing.tried[-1] == HOTKEYS | {"next_call": ""}
    refused = f"{keys} means something {where.value[0].lower()}{where.value[1:]} already: "
    assert refused in words(choosing.dialog)
    turn_to(choosing.dialog, "Call center")
    assert choosing.save() is None
    assert message(choosing.dialog).startswith(f"These keys cannot be had {refused}")
    assert focused() is edit


@pytest.mark.parametrize("keys", ["N", "Ctrl+N", "F11", "Ctrl+Alt+Ä", "Meta+F9", "Ctrl+Alt+Num+1", "Alt+F4"])
def test_keys_that_cannot_work_everywhere_are_refused(choosing: Choosing, keys: str):
    field(choosing.dialog, "I hear someone").setFocus()
    _press(keys)
    assert str(read(keys)) in words(choosing.dialog)
    assert choosing.save() is None
    press(choosing.dialog, "Usual key for I hear someone")
    assert choosing.save() == Shortcuts()


def test_one_key_for_two_actions_is_refused_at_both(choosing: Choosing):
    field(choosing.dialog, "Show the popup").setFocus()
    _press(HOTKEYS["next_call"])
    assert choosing.tried[-1] == {"show_call": "", "next_call": "", "hear_someone": HOTKEYS["hear_someone"]}
    for other in ("Next Call", "Show the popup"):
        assert f"{HOTKEYS['next_call']} is chosen for “{other}”, too." in words(choosing.dialog)
    press(choosing.dialog, "No key for Next Call")
    assert "too" not in words(choosing.dialog)
    press(choosing.dialog, "Usual key for Next Call")
    assert choosing.save() is None
    press(choosing.dialog, "No key for Next Call")
    assert choosing.save() == Shortcuts(show_call=HOTKEYS["next_call"], next_call="")


def test_what_the_system_does_not_give_is_told_and_can_be_saved(choosing: Choosing):
    field(choosing.dialog, "Next Call").setFocus()
    _press("Ctrl+Alt+N")
    choosing.dialog.show_hotkey_troubles({"next_call": TAKEN})
    assert words(choosing.dialog).count(TAKEN) == 1
    _press("Ctrl+Alt+O")
    assert TAKEN not in words(choosing.dialog)
    choosing.dialog.show_hotkey_troubles({})
    assert choosing.save() == Shortcuts(next_call="Ctrl+Alt+O")


def test_where_the_system_has_none_a_sentence_stands_instead_of_the_fields(keep: Keep):
    nowhere = "This desktop (Wayland) lets no program have keys in other programs."
    kept = Settings(shortcuts=Shortcuts(next_call="Ctrl+Alt+N"))
    choosing = Choosing(keep(SettingsDialog(kept, practice=False, no_hotkeys=nowhere)))
    assert nowhere in words(choosing.dialog)
    assert not has(choosing.dialog, Role.EditableText, "Next Call")
    assert choosing.save() == kept.shortcuts
