"""The settings, page by page. Everything else is remembered from what the agent does.

From here a campaign profile can be tried, too, while it is written: the preview is somebody else's window.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QTabWidget, QWidget

from desktop.settings.settings import Settings
from desktop.ui.alert_settings import AlertSettings
from desktop.ui.call_center_settings import SHIPPED_PROFILES, CallCenterSettings
from desktop.ui.channels import Channel, Choices, Outcome
from desktop.ui.computer_settings import ComputerSettings
from desktop.ui.key_settings import KeySettings
from desktop.ui.parts import MessageBar, button, framed, label
from desktop.ui.settings_page import SettingsPage

_WIDTH = 500
"""Pixels of a page at the usual size of letters."""
_TITLE_BAR = 40
"""Pixels kept free for it, and for the frame."""


class SettingsDialog(QDialog):
    """Emits the changed settings when they make sense; who opened it keeps and applies them.

    `profiles` is where the agent's own campaign profiles are. `no_hotkeys` is a sentence where no program can have keys
    everywhere. The settings named in `locked` are set by the organisation: they are shown and stay as they are.
    `lacks` are sentences about what this computer does not tell NextCall.
    """

    changed = Signal(Settings)
    autostart_changed = Signal(bool)
    """Whether NextCall is to start with the session, if that is to be changed; comes before `changed`."""
    preview_requested = Signal(Path)
    test_requested = Signal(Channel, Choices)
    strip_requested = Signal()
    """The agent wants to see what the strip looks like."""
    hotkeys_tried = Signal(dict)
    """The agent has chosen these (action: Qt's portable text): `show_hotkey_troubles` wants to know what came of it."""
    listening_changed = Signal(bool)
    """Whether the next key is to be chosen, and no hotkey may act."""

    def __init__(
        self,
        settings: Settings,
        *,
        practice: bool,
        profiles: Path = SHIPPED_PROFILES,
        no_hotkeys: str = "",
        locked: Collection[str] = (),
        lacks: Collection[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setModal(True)
        self._settings = settings

        call_center = CallCenterSettings(settings, profiles)
        call_center.preview_requested.connect(self.preview_requested)
        self._alerts = AlertSettings(settings)
        self._alerts.test_requested.connect(self.test_requested)
        self._alerts.strip_requested.connect(self._on_strip)
        self._keys = KeySettings(settings.shortcuts, no_hotkeys)
        self._keys.tried.connect(self.hotkeys_tried)
        self._keys.listening_changed.connect(self.listening_changed)
        self._computer = ComputerSettings(settings, lacks)
        self._message = MessageBar(lines=2)
        save = button("Save", "primary")
        save.setDefault(True)
        save.clicked.connect(self._on_save)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("Settings", "title"))
        self._pages = _Pages((call_center, self._alerts, self._keys, self._computer), locked)
        content.addWidget(self._pages, 1)
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(cancel)
        foot.addWidget(save)
        content.addLayout(foot)
        room = self.screen().availableGeometry().size()
        self.resize(self.sizeHint().boundedTo(QSize(room.width(), room.height() - _TITLE_BAR)))  # Qt stops at two thirds of it

    def show_outputs(self, outputs: Sequence[str]) -> None:
        """Offer these outputs for the sound."""
        self._alerts.show_outputs(outputs)

    def show_outcome(self, outcome: Outcome) -> None:
        """Say how trying a channel out went."""
        self._message.say(outcome.channel.value, outcome.words, "good" if outcome.worked else "warn")

    def show_hotkey_troubles(self, troubles: Mapping[str, str]) -> None:
        """Say which hotkeys the system does not give, a sentence for each action."""
        self._keys.show_troubles(troubles)

    def show_autostart(self, *, on: bool) -> None:
        """Say whether NextCall starts with the session, as the system has it."""
        self._computer.show_autostart(on=on)

    def _on_strip(self) -> None:
        self.strip_requested.emit()
        self._message.say("Strip", "It is shown for some seconds, on the screen where your mouse is.", "good")

    def _on_save(self) -> None:
        changes: dict[str, object] = {}
        for page in self._pages.pages:
            if refusal := page.refusal():
                self._message.say(refusal.title, refusal.why, "warn")
                self._pages.lead_to(page, refusal.part)
                return
            changes |= page.values()
        if (wish := self._computer.autostart_wish()) is not None:
            self.autostart_changed.emit(wish)
        self.changed.emit(msgspec.structs.replace(self._settings, **changes))
        self.accept()


class _Pages(QTabWidget):
    """All pages, each of which scrolls where the screen is too small for it. Ctrl+Tab goes from one to the next."""

    def __init__(self, pages: Sequence[SettingsPage], locked: Collection[str]) -> None:
        super().__init__()
        self.pages = tuple(pages)
        self.setDocumentMode(True)
        self.setAccessibleName("Settings")
        for page in self.pages:
            page.lock(locked)
            self.addTab(_Scrolled(page), page.title)

    def lead_to(self, page: SettingsPage, part: QWidget) -> None:
        """Show that page, and give that part of it the keyboard."""
        at = self.pages.index(page)
        self.setCurrentIndex(at)
        part.setFocus()
        scrolled = self.widget(at)
        if isinstance(scrolled, QScrollArea):
            scrolled.ensureWidgetVisible(part)


class _Scrolled(QScrollArea):
    """As wide as what is in it, and as high where the screen has room for that."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        self._content = content

    def sizeHint(self) -> QSize:
        width = max(self._content.sizeHint().width(), _WIDTH)
        return QSize(width, self._content.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """Sideways nothing is scrolled."""
        return QSize(self._content.minimumSizeHint().width(), super().minimumSizeHint().height())
