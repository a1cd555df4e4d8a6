"""The settings' page with the keys that work in every program: the agent goes to a field and presses them.

What two keys cannot both be is refused here; what the system does not give is told by who tries it (hotkeys.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.settings.settings import Shortcuts
from desktop.ui import look
from desktop.ui.hotkeys import read
from desktop.ui.keys import HOTKEYS, MODIFIERS, row_in_windows
from desktop.ui.parts import button, label
from desktop.ui.settings_page import SettingsPage

ACTIONS = {"show_call": "Show the popup", "next_call": "Next Call", "hear_someone": "I hear someone"}
"""What the hotkeys do, in words."""

_HOLDING = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.MetaModifier
    | Qt.KeyboardModifier.KeypadModifier
)
"""Without the switch to another layout, which Qt counts among them."""
_OF_THE_DIALOG = frozenset({Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter})
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier)


class KeySettings(SettingsPage):
    """A field for each action; a sentence instead where the system has no such keys."""

    title = "Keys"
    tried = Signal(dict)
    listening_changed = Signal(bool)

    def __init__(self, shortcuts: Shortcuts, no_hotkeys: str) -> None:
        super().__init__()
        self._fields: _HotkeyFields | None = None
        if no_hotkeys:
            words = f"{no_hotkeys} The keys in NextCall's own windows work; F1 shows them."
        else:
            words = "Go to a field and press the keys. If nothing appears there, another program has them. Backspace: no keys."
        self.add_other(label(words, wraps=True), "Keys that work in every program")
        if not no_hotkeys:
            self._fields = fields = _HotkeyFields(HOTKEYS | shortcuts.chosen())
            fields.tried.connect(self.tried)
            fields.listening_changed.connect(self.listening_changed)
            self.add("shortcuts", fields, check=lambda _: fields.conflict())

    def show_troubles(self, troubles: Mapping[str, str]) -> None:
        """Say what the system does not give."""
        if self._fields is not None:
            self._fields.show_troubles(troubles)


class _HotkeyFields(QWidget):
    """All of them, which must not have the same keys."""

    tried = Signal(dict)
    listening_changed = Signal(bool)

    def __init__(self, wanted: Mapping[str, str]) -> None:
        super().__init__()
        self._rows: dict[str, _HotkeyRow] = {}
        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(look.ROOM)
        for action, words in ACTIONS.items():
            row = self._rows[action] = _HotkeyRow(words, HOTKEYS[action], wanted[action])
            row.field.changed.connect(self._on_changed)
            row.field.listening_changed.connect(self.listening_changed)
            stack.addWidget(row)
        self.show_troubles({})

    def chosen(self) -> Shortcuts:
        """Without those that are the usual ones anyway."""
        return Shortcuts(**{action: keys for action, keys in self._keys().items() if keys != HOTKEYS[action]})

    def show_troubles(self, troubles: Mapping[str, str]) -> None:
        """Say why keys do not work: what is refused here comes before what the system does not give."""
        conflicts = self._conflicts()
        for action, row in self._rows.items():
            row.say(conflicts.get(action) or troubles.get(action, ""))

    def conflict(self) -> tuple[str, str] | None:
        """Why these keys cannot be kept; the keyboard then belongs to the first field of which it is so."""
        for action, why in self._conflicts().items():
            self.setFocusProxy(self._rows[action].field)
            return "These keys cannot be had", why
        return None

    def _on_changed(self) -> None:
        self.show_troubles({})
        conflicts = self._conflicts()
        self.tried.emit({action: "" if action in conflicts else keys for action, keys in self._keys().items()})

    def _keys(self) -> dict[str, str]:
        return {action: row.field.keys for action, row in self._rows.items()}

    def _conflicts(self) -> dict[str, str]:
        found = {}
        chosen = self._keys()
        for action, keys in chosen.items():
            others = [ACTIONS[one] for one, other in chosen.items() if one != action and other == keys]
            if not keys:
                continue
            if (used := row_in_windows(keys)) is not None:
                found[action] = (
                    f"{keys} means something {used.place.value[:1].lower()}{used.place.value[1:]} already: {used.does}."
                )
            elif isinstance(why := read(keys), str):
                found[action] = why
            elif others:
                found[action] = f"{keys} is chosen for “{others[0]}”, too. Choose another key for one of them."
        return found


class _HotkeyRow(QWidget):
    """One action: its words, the field, and the buttons beside it."""

    def __init__(self, words: str, usual: str, keys: str) -> None:
        super().__init__()
        self.field = HotkeyField(keys)
        self.field.setAccessibleName(words)
        caption = label(words, "section")
        caption.setBuddy(self.field)
        clear = button("No key", "flat")
        clear.setAccessibleName(f"No key for {words}")
        clear.clicked.connect(lambda: self.field.choose(""))
        usual_one = button("Usual one", "flat")
        usual_one.setAccessibleName(f"Usual key for {words}")
        usual_one.setToolTip(usual)
        usual_one.clicked.connect(lambda: self.field.choose(usual))
        self._trouble = label("", "problem", wraps=True)
        self._trouble.hide()

        stack = QVBoxLayout(self)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(3)
        stack.addWidget(caption)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(clear)
        row.addWidget(usual_one)
        stack.addLayout(row)
        stack.addWidget(self._trouble)

    def say(self, trouble: str) -> None:
        """Why these keys do not work; nothing if they do."""
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))
        self.field.setAccessibleDescription(trouble)


class HotkeyField(QLineEdit):
    """Takes the next keys that are pressed in it for its own; those by which a dialog is worked stay the dialog's."""

    changed = Signal()
    listening_changed = Signal(bool)

    def __init__(self, keys: str) -> None:
        super().__init__(keys)
        self.setReadOnly(True)
        self.setPlaceholderText("no key")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    @property
    def keys(self) -> str:
        """What was chosen, in Qt's portable text."""
        return self.text()

    def choose(self, keys: str) -> None:
        """Have these keys."""
        if keys != self.keys:
            self.setText(keys)
            self.changed.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and not _is_the_dialogs(event):
            event.accept()  # no menu and no other part may have it now
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_the_dialogs(event):
            event.ignore()
        elif event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and event.modifiers() in _PLAIN:
            self.choose("")
        elif event.key() not in MODIFIERS and event.key() != Qt.Key.Key_unknown:
            pressed = QKeySequence(QKeyCombination(event.modifiers() & _HOLDING, Qt.Key(event.key())))
            self.choose(pressed.toString(QKeySequence.SequenceFormat.PortableText))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.listening_changed.emit(True)  # noqa: FBT003 - a signal has no names

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.listening_changed.emit(False)  # noqa: FBT003


def _is_the_dialogs(event: QKeyEvent) -> bool:
    """Tab, Enter and Escape, and Ctrl+Tab, by which pages are turned."""
    tab = event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
    return event.key() in _OF_THE_DIALOG and (event.modifiers() in _PLAIN or tab)
