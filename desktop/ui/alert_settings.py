"""The part of the settings that says how the agent is told of a call: notification, taskbar, sound - each can be tried out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from desktop.ui import look
from desktop.ui.channels import Channel, Choices
from desktop.ui.parts import button, label
from desktop.ui.sound import SOUNDS

_USUAL_OUTPUT = "This computer's usual output"


class AlertSettings(QWidget):
    """Shows choices and gives them back; who opened the settings tries a channel out and keeps what was chosen."""

    test_requested = Signal(Channel, Choices)

    def __init__(self, choices: Choices) -> None:
        super().__init__()
        self._wanted_output = choices.device
        self._notification = QCheckBox("Notification")
        self._notification.setChecked(choices.notification)
        self._names = QCheckBox("with the caller's name, which anybody near the screen can read")
        self._names.setChecked(choices.names)
        self._names.setEnabled(choices.notification)
        self._notification.toggled.connect(self._names.setEnabled)
        self._taskbar = QCheckBox("Flashing taskbar entry")
        self._taskbar.setChecked(choices.taskbar)
        self._sound = _Pick("Sound", [("No sound", ""), *((name.capitalize(), name) for name in SOUNDS)], choices.sound)
        self._output = _Pick("Sound output", [(_USUAL_OUTPUT, "")], "")
        self.show_outputs(("",))
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setRange(0, 100)
        self._volume.setPageStep(10)
        self._volume.setValue(choices.volume)
        self._volume.setAccessibleName("Volume")
        self._volume.setMinimumWidth(120)

        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(look.GAP)
        stack.addLayout(self._row(self._notification, Channel.NOTIFICATION))
        indented = QHBoxLayout()
        indented.addSpacing(look.WIDE)
        indented.addWidget(self._names, 1)
        stack.addLayout(indented)
        stack.addLayout(self._row(self._taskbar, Channel.TASKBAR))
        grid = QGridLayout()
        grid.setHorizontalSpacing(look.GAP)
        grid.setVerticalSpacing(look.GAP)
        grid.setColumnStretch(1, 1)
        for row, (name, part) in enumerate((("Sound", self._sound), ("Output", self._output), ("Volume", self._volume))):
            caption = label(name)
            caption.setBuddy(part)
            grid.addWidget(caption, row, 0)
            grid.addWidget(part, row, 1)
        grid.addWidget(self._try(Channel.SOUND), 0, 2)
        stack.addLayout(grid)

    def choices(self) -> Choices:
        """What is chosen now."""
        return Choices(
            notification=self._notification.isChecked(),
            names=self._names.isChecked(),
            taskbar=self._taskbar.isChecked(),
            sound=self._sound.chosen(),
            device=self._output.chosen(),
            volume=self._volume.value(),
        )

    def show_outputs(self, outputs: Sequence[str]) -> None:
        """Offer these outputs, "" being the usual one; the one that was chosen stays, though it may be unplugged just now."""
        wanted = self._output.chosen() or self._wanted_output
        offered = [(_USUAL_OUTPUT, ""), *((name, name) for name in outputs if name)]
        if wanted and wanted not in outputs:
            offered.append((f"{wanted} (not there now)", wanted))
        self._output.offer(offered, wanted)

    def _row(self, box: QCheckBox, channel: Channel) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(box, 1)
        row.addWidget(self._try(channel))
        return row

    def _try(self, channel: Channel) -> QPushButton:
        made = button("Test", "flat")
        made.setAccessibleName(f"Test {channel.value.lower()}")
        made.clicked.connect(lambda: self.test_requested.emit(channel, self.choices()))
        return made


class _Pick(QComboBox):
    """A choice. The wheel scrolls the settings; it does not change them on the way."""

    def __init__(self, name: str, offered: list[tuple[str, str]], chosen: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.offer(offered, chosen)

    def offer(self, offered: list[tuple[str, str]], chosen: str) -> None:
        self.clear()
        for words, value in offered:
            self.addItem(words, value)
        self.setCurrentIndex(max(self.findData(chosen), 0))

    def chosen(self) -> str:
        return str(self.currentData() or "")

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
