"""A page of the settings: controls below each other, each for one of the settings by its name.

A control is added in one line, `self.add("undo_seconds", seconds, "Seconds to take a call back", "How long ...")`; it is then
shown, read, checked and locked like all the others. This module must not know what a setting means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import look
from desktop.ui.parts import SET_BY_ORGANISATION, label


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a control's value cannot be kept: what is wrong and, in a sentence, what would be right."""

    part: QWidget
    title: str
    why: str


@runtime_checkable
class Chooser(Protocol):
    """A part that tells by itself what is chosen in it."""

    def chosen(self) -> object:
        """As the setting has it."""


@dataclass(frozen=True, slots=True)
class _Control:
    part: QWidget
    check: Callable[[object], tuple[str, str] | None] | None
    holder: QWidget
    note: QLabel


class SettingsPage(QWidget):
    """One page, called `title`. Its controls are read with `values`, by the names of the settings."""

    title = ""

    def __init__(self) -> None:
        super().__init__()
        self._controls: dict[str, _Control] = {}
        self._locked: frozenset[str] = frozenset()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, look.ROOM, look.ROOM, 0)  # air below the tabs and before the scroll bar
        self._column.setSpacing(look.ROOM)
        self._column.addStretch()
        self._last = QVBoxLayout()

    def add(
        self,
        setting: str,
        part: QWidget,
        caption: str = "",
        meaning: str = "",
        *,
        beside: QWidget | None = None,
        below: bool = False,
        check: Callable[[object], tuple[str, str] | None] | None = None,
    ) -> None:
        """Show a control for a setting: a Chooser, or one of Qt's own.

        `caption` is also its accessible name, unless it has one; a check box has its own words. `meaning` is a sentence below it,
        `beside` something that goes with it and is never locked; one that is `below` belongs to the control above. `check` gives
        a title and a sentence if a value cannot be kept.
        """
        holder, note = QWidget(), label(SET_BY_ORGANISATION, "small")
        note.hide()
        self._controls[setting] = _Control(part, check, holder, note)
        inside = QHBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(part)
        self._show(part, holder, caption, meaning, beside, note, below=below)

    def add_other(self, part: QWidget, caption: str = "", meaning: str = "", *, beside: QWidget | None = None) -> None:
        """Show something that is no setting, as the controls are shown."""
        self._show(part, part, caption, meaning, beside)

    def lock(self, settings: Collection[str]) -> None:
        """Show these as they are, to be changed by nobody here. Names that this page has not are no matter."""
        self._locked = frozenset(settings) & frozenset(self._controls)
        for setting, control in self._controls.items():
            is_locked = setting in self._locked
            control.holder.setEnabled(not is_locked)  # the part itself may be enabled and disabled by others
            control.note.setVisible(is_locked)
            if is_locked:
                control.part.setAccessibleDescription(f"{SET_BY_ORGANISATION}. {control.part.accessibleDescription()}".strip())

    def values(self) -> Mapping[str, object]:
        """What is chosen now, without what is locked."""
        return {name: _value(control.part) for name, control in self._controls.items() if name not in self._locked}

    def refusal(self) -> Refusal | None:
        """The first value that cannot be kept."""
        for name, control in self._controls.items():
            if control.check is not None and name not in self._locked and (wrong := control.check(_value(control.part))):
                return Refusal(control.part, *wrong)
        return None

    def eventFilter(self, _part: QObject, event: QEvent) -> bool:
        """The wheel scrolls the page; it does not change what happens to be under the mouse on the way."""
        if event.type() is QEvent.Type.Wheel:
            event.ignore()
            return True
        return False

    def _show(
        self,
        part: QWidget,
        holder: QWidget,
        caption: str,
        meaning: str,
        beside: QWidget | None = None,
        note: QLabel | None = None,
        *,
        below: bool = False,
    ) -> None:
        stack = QVBoxLayout()
        stack.setSpacing(3)
        if caption:
            head = label(caption, "section")
            stack.addWidget(head)
            if not isinstance(part, QAbstractButton):  # which has a name of its own
                head.setBuddy(part)
                part.setAccessibleName(part.accessibleName() or caption)
        row = QHBoxLayout()
        row.setSpacing(look.GAP)
        row.addWidget(holder, 1 if _is_wide(part) else 0)
        if not _is_wide(part):
            row.addStretch()
        if beside is not None:
            row.addWidget(beside)
        stack.addLayout(row)
        if meaning:
            part.setAccessibleDescription(meaning)
            stack.addWidget(label(meaning, "small", wraps=True))
        if note is not None:
            stack.addWidget(note)
        if isinstance(part, QSpinBox | QComboBox | QSlider):
            part.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            part.installEventFilter(self)
        if below:
            stack.setContentsMargins(look.WIDE, 0, 0, 0)
            self._last.addLayout(stack)
        else:
            self._last = stack
            self._column.insertLayout(self._column.count() - 1, stack)


class Pick(QComboBox):
    """A choice: pairs of words and the value that they stand for."""

    def __init__(self, offered: list[tuple[str, str]], chosen: str) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.offer(offered, chosen)

    def offer(self, offered: list[tuple[str, str]], chosen: str) -> None:
        """Offer these instead; the first is chosen if `chosen` is not among them."""
        self.clear()
        for words, value in offered:
            self.addItem(words, value)
        self.setCurrentIndex(max(self.findData(chosen), 0))

    def chosen(self) -> str:
        """The value of the choice."""
        return str(self.currentData() or "")


class Switch(QCheckBox):
    """Something that is on or off, in words of its own."""

    def __init__(self, words: str, on: bool) -> None:  # noqa: FBT001 - Switch("Notification", settings.notification) reads well
        super().__init__(words)
        self.setChecked(on)


def _value(part: QWidget) -> object:
    match part:
        case QCheckBox():
            return part.isChecked()
        case QSpinBox() | QSlider():
            return part.value()
        case Chooser():
            return part.chosen()
        case QLineEdit():
            return part.text().strip()
        case _:
            raise TypeError(f"{type(part).__name__} does not tell what is chosen")


def _is_wide(part: QWidget) -> bool:
    return not isinstance(part, QSpinBox | QPushButton)
