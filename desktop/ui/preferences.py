"""The settings dialog and what it leads to: settings that are kept and applied, and the preview of a campaign profile."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from desktop.errors import NextCallError
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings
from desktop.tasks import Tasks
from desktop.ui.channels import Channel, Channels, Choices
from desktop.ui.login import LoginDialog
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.sound import Sound


class Preferences(QObject):
    """Opens the settings over the log-in dialog. A practice has no `memory` and no settings."""

    changed = Signal(Settings)
    preview_requested = Signal(Path)

    def __init__(self, login: LoginDialog, tasks: Tasks, memory: Memory | None, channels: Channels, sound: Sound) -> None:
        super().__init__()
        self._login = login
        self._tasks = tasks
        self._memory = memory
        self._channels = channels
        self._sound = sound

    def open(self) -> None:
        """Show the settings."""
        if self._memory is None:
            return
        dialog = SettingsDialog(
            self._memory.settings, practice=False, profiles=self._memory.folder / "profiles", parent=self._login
        )
        dialog.changed.connect(lambda settings: self._tasks.spawn(self._apply(settings), "settings"))
        dialog.preview_requested.connect(self.preview_requested)
        dialog.test_requested.connect(lambda channel, chosen: self._tasks.spawn(self._test(dialog, channel, chosen), "test"))
        shown = self._sound.devices_changed.connect(lambda: dialog.show_outputs(self._sound.devices()))
        dialog.finished.connect(lambda: self._sound.devices_changed.disconnect(shown))
        dialog.show_outputs(self._sound.devices())
        self._sound.prepare()
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    async def _test(self, dialog: SettingsDialog, channel: Channel, chosen: Choices) -> None:
        outcome = await self._channels.test(channel, chosen)
        if isValid(dialog) and dialog.isVisible():
            dialog.show_outcome(outcome)

    async def _apply(self, settings: Settings) -> None:
        if self._memory is None:
            return
        try:
            await self._memory.save(settings)
        except NextCallError as failure:
            self._login.tell(failure)
        self.changed.emit(settings)
