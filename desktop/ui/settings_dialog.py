"""The settings: where the call center and its campaign profiles are. Everything else is remembered from what the agent does.

From here a campaign profile can be tried, too, while it is written: the preview is somebody else's window.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.resources import RESOURCES
from desktop.settings.settings import HOSTED_SERVICE, Settings
from desktop.ui import look
from desktop.ui.alert_settings import AlertSettings
from desktop.ui.arrival_settings import ArrivalSettings
from desktop.ui.channels import Channel, Choices, Outcome
from desktop.ui.parts import MessageBar, button, framed, label

_SHIPPED_PROFILES = RESOURCES / "profiles"
_MOST_UNDO_SECONDS = 20
"""As settings.py has it."""


class SettingsDialog(QDialog):
    """Emits the changed settings when they make sense; who opened it keeps and applies them.

    `profiles` is where the agent's own campaign profiles are; as long as there is no such folder, those that come with NextCall
    are offered for a preview.
    """

    changed = Signal(Settings)
    preview_requested = Signal(Path)
    test_requested = Signal(Channel, Choices)

    def __init__(
        self, settings: Settings, *, practice: bool, profiles: Path = _SHIPPED_PROFILES, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setModal(True)
        self._settings = settings
        self._profiles = profiles

        self._service = QLineEdit(settings.service_url)
        self._service.setPlaceholderText(HOSTED_SERVICE)
        self._broadcast = QLineEdit(settings.broadcast_url)
        self._broadcast.setPlaceholderText("only if campaigns are started and stopped elsewhere")
        self._profile = QLineEdit(settings.profile_address)
        self._profile.setPlaceholderText("https://intranet.example/profiles/{campaign}.toml")
        self._preview = button("Preview…", "", "eye")
        self._preview.clicked.connect(self._on_preview)
        self._undo = _Seconds(settings.undo_seconds)
        self._alerts = AlertSettings(choices(settings))
        self._alerts.test_requested.connect(self.test_requested)
        self._arrival = ArrivalSettings(settings.popup)
        self._message = MessageBar(lines=2)
        save = button("Save", "primary")
        save.setDefault(True)
        save.clicked.connect(self._on_save)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("Settings", "title"))
        content.addSpacing(look.TIGHT)
        sections = QWidget()
        column = QVBoxLayout(sections)
        column.setContentsMargins(0, 0, look.ROOM, 0)  # air before the scroll bar
        column.setSpacing(look.ROOM)
        for name, part, meaning in (
            ("Service address", self._service, "The address that ends in ?wsdl. Your IT support has it."),
            ("Broadcast service address", self._broadcast, "The Voice Broadcast API, which starts and stops campaigns."),
            (
                "Campaign profiles address",
                self._profile,
                "Where campaign profiles come from (https); {campaign} stands for the campaign's number.",
            ),
            ("Campaign profile", self._preview, "The popup with an example call. It follows the file while you write it."),
            (
                "Seconds to take a call back",
                self._undo,
                "How long after Next Call you can take it back before it is sent. 0: at once.",
            ),
        ):
            column.addLayout(_section(name, part, meaning))
        told = QVBoxLayout()
        told.setSpacing(look.TIGHT)
        told.addWidget(label("When a call comes", "section"))
        told.addWidget(self._arrival)
        told.addWidget(self._alerts)
        column.addLayout(told)
        column.addStretch()
        self._scroll = _Scrolled(sections)
        content.addWidget(self._scroll, 1)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(cancel)
        foot.addWidget(save)
        content.addLayout(foot)
        self.setMinimumWidth(540)

    def show_outputs(self, outputs: Sequence[str]) -> None:
        """Offer these outputs for the sound."""
        self._alerts.show_outputs(outputs)

    def show_outcome(self, outcome: Outcome) -> None:
        """Say how trying a channel out went."""
        self._message.say(outcome.channel.value, outcome.words, "good" if outcome.worked else "warn")

    def _on_save(self) -> None:
        service = self._service.text().strip() or HOSTED_SERVICE
        broadcast = self._broadcast.text().strip()
        profile = self._profile.text().strip()
        for edit, address in ((self._service, service), (self._broadcast, broadcast), (self._profile, profile)):
            if address and not _is_web_address(address):
                self._refuse(edit, "This is no web address", "It starts with https:// and names a computer.")
                return
        if wrong := _unfit_for_profiles(profile):
            self._refuse(self._profile, "Campaign profiles cannot come from this address", wrong)
            return
        told = self._alerts.choices()
        self.changed.emit(
            msgspec.structs.replace(
                self._settings,
                popup=self._arrival.manner(),
                notification=told.notification,
                notification_names=told.names,
                taskbar=told.taskbar,
                sound=told.sound,
                sound_output=told.device,
                sound_volume=told.volume,
                service_url=service,
                broadcast_url=broadcast,
                profile_address=profile,
                undo_seconds=self._undo.value(),
            )
        )
        self.accept()

    def _refuse(self, edit: QLineEdit, title: str, why: str) -> None:
        self._message.say(title, why, "warn")
        edit.setFocus()
        self._scroll.ensureWidgetVisible(edit)

    def _on_preview(self) -> None:
        folder = self._profiles if self._profiles.is_dir() else _SHIPPED_PROFILES
        dialog = QFileDialog(self, "Preview a campaign profile", str(folder), "Campaign profiles (*.toml)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.preview_requested.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


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


class _Scrolled(QScrollArea):
    """As high as what is in it, where the screen has room for that."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        content = self.widget()
        return content.sizeHint() if content else super().sizeHint()


class _Seconds(QSpinBox):
    """A few seconds. The wheel scrolls the settings; it does not change them on the way."""

    def __init__(self, value: int) -> None:
        super().__init__()
        self.setRange(0, _MOST_UNDO_SECONDS)
        self.setValue(value)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(look.GAP, 0, 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _section(name: str, part: QWidget, meaning: str) -> QVBoxLayout:
    stack = QVBoxLayout()
    stack.setSpacing(3)
    caption = label(name, "section")
    stack.addWidget(caption)
    if isinstance(part, QPushButton):  # which has a name of its own
        part.setAccessibleDescription(meaning)
    else:
        caption.setBuddy(part)
        part.setAccessibleName(name)
    if isinstance(part, QLineEdit):
        stack.addWidget(part)
    else:
        stack.addWidget(part, 0, Qt.AlignmentFlag.AlignLeft)
    stack.addWidget(label(meaning, "small", wraps=True))
    return stack


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text


def _unfit_for_profiles(address: str) -> str:
    """Why profiles cannot come from this web address, in a sentence; empty if they can, or if there is none."""
    parts = urlsplit(address)
    if {"{", "}"} & set(address.replace("{campaign}", "")):
        return "The only thing in braces can be {campaign}."
    if parts.scheme == "http" and not _is_this_computer(parts.hostname or ""):
        return "What agents say must not be changed on the way: the address has to start with https://."
    return ""


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
