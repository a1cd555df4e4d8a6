"""The settings' page about NextCall on this computer. Whether it starts with the session the system knows, not NextCall."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.settings.settings import Settings
from desktop.ui.parts import label
from desktop.ui.settings_page import SettingsPage, Switch


class ComputerSettings(SettingsPage):
    """As long as the system has not told whether NextCall starts with the session, that cannot be changed.

    `lacks` are sentences about what the system does not tell (presence.py): an agent must not rely on a cover that does not come.
    """

    title = "This computer"

    def __init__(self, settings: Settings, lacks: Iterable[str] = ()) -> None:
        super().__init__()
        self._is_on: bool | None = None
        self._autostart = Switch("Start NextCall when I sign in to this computer", False)  # noqa: FBT003
        self._autostart.setEnabled(False)
        self.add_other(
            self._autostart, meaning="It opens the log-in window. Your phone is not called, and nobody is logged in by it."
        )
        self.add(
            "update_check",
            Switch("Say when there is a newer NextCall", settings.update_check),
            meaning="The project's page is asked once a day at most, never during a shift. Nothing is downloaded or installed.",
        )
        if sentences := " ".join(lacks):
            self.add_other(label(sentences, "caution", wraps=True), "While you are away")

    def show_autostart(self, *, on: bool) -> None:
        """As the system has it."""
        self._is_on = on
        self._autostart.setChecked(on)
        self._autostart.setEnabled(True)

    def autostart_wish(self) -> bool | None:
        """What is to be changed, if anything is."""
        wanted = self._autostart.isChecked()
        return None if self._is_on is None or wanted is self._is_on else wanted
