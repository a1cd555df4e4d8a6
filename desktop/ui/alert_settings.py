"""The settings' page that says how the agent is told of a call: notification, taskbar, tray, sound - each can be tried out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QSlider

from desktop.settings.settings import Settings
from desktop.ui.arrival_settings import ArrivalSettings
from desktop.ui.channels import Channel, Choices
from desktop.ui.parts import button, label
from desktop.ui.settings_page import Pick, SettingsPage, Switch
from desktop.ui.sound import SOUNDS

_USUAL_OUTPUT = "This computer's usual output"


class AlertSettings(SettingsPage):
    """Who opened the settings tries a channel out and keeps what was chosen."""

    title = "When a call comes"
    test_requested = Signal(Channel, Choices)
    strip_requested = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        notification = Switch("Notification", settings.notification)
        names = Switch("with the caller's name, which anybody near the screen can read", settings.notification_names)
        names.setEnabled(settings.notification)
        notification.toggled.connect(names.setEnabled)
        sound = Pick([("No sound", ""), *((name.capitalize(), name) for name in SOUNDS)], settings.sound)
        self._output = Pick([(_USUAL_OUTPUT, "")], "")
        self.show_outputs(("",))
        volume = QSlider(Qt.Orientation.Horizontal)
        volume.setRange(0, 100)
        volume.setPageStep(10)
        volume.setValue(settings.sound_volume)

        arrival = ArrivalSettings(settings.popup)
        arrival.strip_requested.connect(self.strip_requested)

        self.add("popup", arrival, "How it comes")
        self.add("notification", notification, beside=self._try(Channel.NOTIFICATION))
        self.add("notification_names", names, below=True)
        self.add("taskbar", Switch("Flashing taskbar entry", settings.taskbar), beside=self._try(Channel.TASKBAR))
        self.add_other(label("Tray icon, where there is a tray"), beside=self._try(Channel.TRAY))
        self.add("sound", sound, "Sound", beside=self._try(Channel.SOUND))
        self.add("sound_output", self._output, "Sound output")
        self.add("sound_volume", volume, "Volume")

    def show_outputs(self, outputs: Sequence[str]) -> None:
        """Offer these outputs, "" being the usual one; the one that was chosen stays, though it may be unplugged just now."""
        wanted = self._output.chosen() or self._settings.sound_output
        offered = [(_USUAL_OUTPUT, ""), *((name, name) for name in outputs if name)]
        if wanted and wanted not in outputs:
            offered.append((f"{wanted} (not there now)", wanted))
        self._output.offer(offered, wanted)

    def _try(self, channel: Channel) -> QPushButton:
        made = button("Test", "flat")
        made.setAccessibleName(f"Test {channel.value.lower()}")
        made.clicked.connect(lambda: self.test_requested.emit(channel, self._choices()))
        return made

    def _choices(self) -> Choices:
        return choices(msgspec.structs.replace(self._settings, **self.values()))


def choices(settings: Settings) -> Choices:
    """How the agent wants to be told of a call."""
    return Choices(
        notification=settings.notification,
        names=settings.notification_names,
        taskbar=settings.taskbar,
        sound=settings.sound,
        device=settings.sound_output,
        volume=settings.sound_volume,
    )
