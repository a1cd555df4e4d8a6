"""The settings dialog and what it leads to: settings that are kept and applied, and the preview of a campaign profile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from desktop.errors import NextCallError
from desktop.popup.current import NONE
from desktop.popup.dispositions import offered
from desktop.settings.memory import Memory
from desktop.settings.settings import Settings
from desktop.tasks import Tasks
from desktop.ui.channels import Channel, Channels, Choices
from desktop.ui.keyboard import Keyboard
from desktop.ui.login import LoginDialog
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.sound import Sound
from desktop.ui.strip import Strip

_TEST = 5000
"""Milliseconds that the strip is shown when it is tried out."""


class Preferences(QObject):
    """Opens the settings over the log-in dialog. A practice has no `memory` and no settings."""

    changed = Signal(Settings, object)
    """These are the agent's own from now on; with what of it could not be kept (NextCallError), or None."""
    preview_requested = Signal(Path)

    def __init__(
        self, login: LoginDialog, tasks: Tasks, memory: Memory | None, channels: Channels, sound: Sound, keyboard: Keyboard
    ) -> None:
        super().__init__()
        self._login = login
        self._tasks = tasks
        self._memory = memory
        self._channels = channels
        self._sound = sound
        self._keyboard = keyboard
        self.lacks: Callable[[], tuple[str, ...]] = tuple
        """What this computer does not tell NextCall, in sentences."""
        self._strip: Strip | None = None
        self._strip_time = QTimer(self)
        self._strip_time.setSingleShot(True)
        self._strip_time.timeout.connect(self._end_strip)
        self._autostart: bool | None = None
        """What the agent wants changed about the start with the session."""

    def open(self) -> None:
        """Show the settings."""
        if self._memory is None:
            return
        dialog = SettingsDialog(
            self._memory.settings,
            practice=False,
            profiles=self._memory.folder / "profiles",
            no_hotkeys=self._keyboard.lacks,
            locked=self._memory.locked,
            lacks=self.lacks(),
            parent=self._login,
        )
        dialog.changed.connect(lambda settings: self._tasks.spawn(self._apply(settings), "settings"))
        dialog.preview_requested.connect(self.preview_requested)
        dialog.strip_requested.connect(self._show_strip)
        dialog.test_requested.connect(lambda channel, chosen: self._tasks.spawn(self._test(dialog, channel, chosen), "test"))
        shown = self._sound.devices_changed.connect(lambda: dialog.show_outputs(self._sound.devices()))
        dialog.finished.connect(lambda: self._sound.devices_changed.disconnect(shown))
        dialog.show_outputs(self._sound.devices())
        self._sound.prepare()
        self._offer_hotkeys(dialog, self._memory.settings)
        self._autostart = None
        dialog.autostart_changed.connect(self._on_autostart_changed)
        self._tasks.spawn(self._show_autostart(dialog, self._memory), "autostart")
        dialog.finished.connect(self._end_strip)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _offer_hotkeys(self, dialog: SettingsDialog, settings: Settings) -> None:
        """Have the system try what is chosen, at once; what is not kept in the end is forgotten again."""
        kept = [settings]
        dialog.changed.connect(kept.append)
        dialog.hotkeys_tried.connect(lambda chosen: dialog.show_hotkey_troubles(self._keyboard.set_hotkeys(chosen)))
        self._keyboard.bind((dialog,))

        def listen(on: bool) -> None:  # noqa: FBT001 - Qt's signal has it so
            self._keyboard.set_listening(on=on)
            if not on:
                dialog.show_hotkey_troubles(self._keyboard.troubles)

        dialog.listening_changed.connect(listen)

        def have_what_is_kept() -> None:
            self._keyboard.set_listening(on=False)
            self._keyboard.set_hotkeys(kept[-1].shortcuts.chosen())

        dialog.finished.connect(have_what_is_kept)
        dialog.show_hotkey_troubles(self._keyboard.troubles)

    def _show_strip(self) -> None:
        """One of its own, for nobody is on the line."""
        self._end_strip()
        self._strip = Strip(practice=False)
        self._strip.show_call("Somebody (a test)", offered(NONE))
        self._strip_time.start(_TEST)

    def _end_strip(self) -> None:
        self._strip_time.stop()
        if self._strip is not None:
            self._strip.hide()
            self._strip.deleteLater()
            self._strip = None

    async def _show_autostart(self, dialog: SettingsDialog, memory: Memory) -> None:
        is_on = await memory.starts_with_session()
        if isValid(dialog):
            dialog.show_autostart(on=is_on)

    def _on_autostart_changed(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal has it so
        self._autostart = on

    async def _test(self, dialog: SettingsDialog, channel: Channel, chosen: Choices) -> None:
        outcome = await self._channels.test(channel, chosen)
        if isValid(dialog) and dialog.isVisible():
            dialog.show_outcome(outcome)

    async def _apply(self, settings: Settings) -> None:
        if self._memory is None:
            return
        settings = msgspec.structs.replace(settings, supervised=self._memory.own.supervised)  # the dialog was open for long
        failure: NextCallError | None = None
        wish, self._autostart = self._autostart, None
        try:
            await self._memory.save(settings)
            if wish is not None:
                await self._memory.start_with_session(on=wish)
        except NextCallError as wrong:
            failure = wrong
        self.changed.emit(self._memory.own, failure)
