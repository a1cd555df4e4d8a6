"""How the agent is told of a call, as it is chosen in the settings: kept to the letter, and tried out before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from desktop.settings.settings import Settings
from desktop.ui.alert_settings import choices
from desktop.ui.channels import Channel, Choices, Outcome
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.sound import SOUNDS
from tests.ui.screen import Role, button, key, message, part, press, show, turn_to

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

CHOSEN = Settings(
    notification=False, notification_names=True, taskbar=False, sound="marimba", sound_output="Desk speaker", sound_volume=35
)


@pytest.fixture
def dialog(qtbot: QtBot) -> SettingsDialog:
    made = SettingsDialog(CHOSEN, practice=False)
    qtbot.addWidget(made)
    show(made)
    turn_to(made, "When a call comes")
    return made


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(
        Settings,
        popup=st.sampled_from(["quiet", "keyboard", "strip"]),
        notification=st.booleans(),
        notification_names=st.booleans(),
        taskbar=st.booleans(),
        sound=st.sampled_from(["", *SOUNDS]),
        sound_output=st.sampled_from(["", "Desk speaker", "Headset"]),
        sound_volume=st.integers(0, 100),
    )
)
@pytest.mark.usefixtures("qapp")
def test_what_is_saved_untouched_is_what_was_kept(kept: Settings):
    dialog = SettingsDialog(kept, practice=False)
    saved: list[Settings] = []
    dialog.changed.connect(saved.append)
    dialog.show_outputs(("", "Headset"))  # the desk speaker is unplugged just now
    dialog.show()
    press(dialog, "Save")
    assert saved == [kept]
    dialog.deleteLater()


def test_what_is_chosen_is_saved(dialog: SettingsDialog):
    saved: list[Settings] = []
    dialog.changed.connect(saved.append)
    dialog.show_outputs(("", "Headset"))
    part(dialog, Role.CheckBox, "Notification").click()
    part(dialog, Role.CheckBox, "Flashing taskbar entry").click()
    for name, choice in (("Sound", "Pulse"), ("Sound output", "Headset")):
        next(one for one in dialog.findChildren(QComboBox) if one.accessibleName() == name).setCurrentText(choice)
    press(dialog, "Save")
    assert choices(saved[0]) == Choices(True, True, True, "pulse", "Headset", 35)


def test_how_a_call_comes_is_chosen_by_keys_and_saved(dialog: SettingsDialog):
    saved: list[Settings] = []
    dialog.changed.connect(saved.append)
    part(dialog, Role.RadioButton, "Popup, without the keyboard").setFocus()
    for chosen in ("Popup, with the keyboard", "Slim strip above all windows"):
        key(Qt.Key.Key_Down)
        assert part(dialog, Role.RadioButton, chosen).isChecked()
    press(dialog, "Save")
    assert [one.popup for one in saved] == ["strip"]


def test_a_name_needs_a_notification(dialog: SettingsDialog):
    names = part(dialog, Role.CheckBox, "with the caller's name, which anybody near the screen can read")
    assert not names.isEnabled()
    part(dialog, Role.CheckBox, "Notification").click()
    assert names.isEnabled()


@pytest.mark.parametrize("channel", Channel)
def test_each_channel_is_tried_with_what_is_chosen_now(dialog: SettingsDialog, channel: Channel):
    tried: list[tuple[Channel, Choices]] = []
    dialog.test_requested.connect(lambda which, chosen: tried.append((which, chosen)))
    button(dialog, f"Test {channel.value.lower()}").click()
    assert tried == [(channel, choices(CHOSEN))]
    dialog.show_outcome(Outcome(channel, worked=False, words="Nobody answers."))
    assert message(dialog) == f"{channel.value} Nobody answers."


def test_everything_is_reached_by_tab(dialog: SettingsDialog):
    passed = []
    for _ in range(24):
        one = dialog.focusWidget()
        passed.append(one.accessibleName() or getattr(one, "text", str)())
        dialog.focusNextChild()
    for name in ("Notification", "Flashing taskbar entry", "Test sound", "Sound", "Sound output", "Volume", "Save"):
        assert name in passed
