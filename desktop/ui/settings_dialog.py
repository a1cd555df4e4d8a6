"""The settings: where the call center is. Everything else is remembered from what the agent does."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.settings.settings import HOSTED_SERVICE, Settings
from desktop.ui import look
from desktop.ui.parts import MessageBar, button, framed, label


class SettingsDialog(QDialog):
    """Emits the changed settings when they make sense; who opened it keeps and applies them."""

    changed = Signal(Settings)

    def __init__(self, settings: Settings, *, practice: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setModal(True)
        self._settings = settings

        self._service = QLineEdit(settings.service_url)
        self._service.setPlaceholderText(HOSTED_SERVICE)
        self._broadcast = QLineEdit(settings.broadcast_url)
        self._broadcast.setPlaceholderText("only if campaigns are started and stopped elsewhere")
        self._message = MessageBar(lines=2)
        save = button("Save", "primary")
        save.setDefault(True)
        save.clicked.connect(self._on_save)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("Settings", "title"))
        content.addSpacing(look.TIGHT)
        for name, edit, meaning in (
            ("Service address", self._service, "The address that ends in ?wsdl. Your IT support has it."),
            ("Broadcast service address", self._broadcast, "The Voice Broadcast API, which starts and stops campaigns."),
        ):
            stack = QVBoxLayout()
            stack.setSpacing(3)
            caption = label(name, "section")
            caption.setBuddy(edit)
            edit.setAccessibleName(name)
            stack.addWidget(caption)
            stack.addWidget(edit)
            stack.addWidget(label(meaning, "small", wraps=True))
            content.addLayout(stack)
            content.addSpacing(look.GAP)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(cancel)
        foot.addWidget(save)
        content.addLayout(foot)
        self.setMinimumWidth(540)

    def _on_save(self) -> None:
        service = self._service.text().strip() or HOSTED_SERVICE
        broadcast = self._broadcast.text().strip()
        for edit, address in ((self._service, service), (self._broadcast, broadcast)):
            if address and not _is_web_address(address):
                self._message.say("This is no web address", "It starts with https:// and names a computer.", "warn")
                edit.setFocus()
                return
        self.changed.emit(msgspec.structs.replace(self._settings, service_url=service, broadcast_url=broadcast))
        self.accept()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text
