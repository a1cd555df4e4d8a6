"""The settings' page about the call center: where it is, where campaign profiles come from, how long a call can be taken
back, and whether there is a team lead."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QSpinBox

from desktop.resources import RESOURCES
from desktop.settings.addresses import unfit, unfit_for_profiles
from desktop.settings.settings import HOSTED_SERVICE, Settings
from desktop.ui import look
from desktop.ui.parts import button
from desktop.ui.settings_page import SettingsPage, Switch

SHIPPED_PROFILES = RESOURCES / "profiles"
_MOST_UNDO_SECONDS = 20
"""As settings.py has it."""


class CallCenterSettings(SettingsPage):
    """Addresses that are none are refused. As long as there is no folder `profiles`, those that come with NextCall are offered
    for a preview."""

    title = "Call center"
    preview_requested = Signal(Path)

    def __init__(self, settings: Settings, profiles: Path) -> None:
        super().__init__()
        self._profiles = profiles
        service = _ServiceAddress(settings.service_url)
        service.setPlaceholderText(HOSTED_SERVICE)
        broadcast = _line(settings.broadcast_url, "only if campaigns are started and stopped elsewhere")
        profile = _line(settings.profile_address, "https://intranet.example/profiles/{campaign}.toml")
        preview = button("Preview…", "", "eye")
        preview.clicked.connect(self._on_preview)
        undo = QSpinBox()
        undo.setRange(0, _MOST_UNDO_SECONDS)
        undo.setValue(settings.undo_seconds)
        undo.lineEdit().setTextMargins(look.GAP, 0, 0, 0)

        self.add(
            "service_url",
            service,
            "Service address",
            "The address that ends in ?wsdl. Your IT support has it.",
            check=_no_address,
        )
        self.add(
            "broadcast_url",
            broadcast,
            "Broadcast service address",
            "The Voice Broadcast API, which starts and stops campaigns.",
            check=_no_address,
        )
        self.add(
            "profile_address",
            profile,
            "Campaign profiles address",
            "Where campaign profiles come from (https); {campaign} stands for the campaign's number.",
            check=_no_address_of_profiles,
        )
        self.add_other(preview, "Campaign profile", "The popup with an example call. It follows the file while you write it.")
        self.add(
            "undo_seconds",
            undo,
            "Seconds to take a call back",
            "How long after Next Call you can take it back before it is sent. 0: at once.",
        )
        self.add(
            "supervisor",
            Switch("Offer the supervisor window", settings.supervisor),
            "Team leads",
            "It starts and stops campaigns and hangs up agents, with a key of its own.",
        )

    def _on_preview(self) -> None:
        folder = self._profiles if self._profiles.is_dir() else SHIPPED_PROFILES
        dialog = QFileDialog(self, "Preview a campaign profile", str(folder), "Campaign profiles (*.toml)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.preview_requested.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


class _ServiceAddress(QLineEdit):
    """An empty one is the usual one."""

    def chosen(self) -> str:
        return self.text().strip() or HOSTED_SERVICE


def _line(text: str, placeholder: str) -> QLineEdit:
    made = QLineEdit(text)
    made.setPlaceholderText(placeholder)
    return made


def _no_address(address: object) -> tuple[str, str] | None:
    why = unfit(str(address))
    return ("This is not a web address", why) if why else None


def _no_address_of_profiles(address: object) -> tuple[str, str] | None:
    why = unfit_for_profiles(str(address))
    return _no_address(address) or (("Campaign profiles cannot come from this address", why) if why else None)
