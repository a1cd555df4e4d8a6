"""Keys that work everywhere: pressed in another program, heard by NextCall.

A system gives such a key to one program only, and some give none; what could not be had is told in a sentence, key by key. What
a key does, and whether it may do it just now, is decided elsewhere: this module must not know what an action means.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import struct
import sys
from collections.abc import Callable, Mapping
from ctypes import c_char_p, c_int, c_uint8, c_uint16, c_uint32, c_void_p
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QMetaObject, QObject, QSocketNotifier, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence

log = logging.getLogger(__name__)

_CAN_BE_HAD = re.compile(r"(Ctrl\+)?(Alt\+)?(Shift\+)?([A-Z0-9]|F(?:[1-9]|1\d|2[0-4]))")
"""Keys that each system has and that are the same key in each layout, in the order of Qt's portable text."""
_WHAT_IS_ALLOWED = "Choose a letter or digit with Ctrl+Alt, or a function key with Ctrl, Alt or Shift."


@dataclass(frozen=True, slots=True)
class Combination:
    """A key and the modifiers that are held with it; `key` is a letter, a digit, or F1 to F24."""

    key: str
    ctrl: bool
    alt: bool
    shift: bool

    def __str__(self) -> str:
        held = {"Ctrl": self.ctrl, "Alt": self.alt, "Shift": self.shift}
        return "+".join([*(name for name, is_held in held.items() if is_held), self.key])

    @property
    def function_key(self) -> int:
        """Its number; 0 for letters and digits."""
        return int(self.key[1:] or 0) if self.key[0] == "F" else 0


def read(keys: str) -> Combination | str:
    """The combination that `keys` (Qt's portable text) means, or a sentence why it cannot work everywhere."""
    sequence = QKeySequence.fromString(keys, QKeySequence.SequenceFormat.PortableText)
    found = _CAN_BE_HAD.fullmatch(sequence.toString(QKeySequence.SequenceFormat.PortableText))
    if not found:
        return f"“{keys}” cannot work in every program. {_WHAT_IS_ALLOWED}"
    ctrl, alt, shift = (found[number] is not None for number in (1, 2, 3))
    combination = Combination(found[4], ctrl, alt, shift)
    if not (ctrl or alt or shift if combination.function_key else ctrl and alt):
        return f"{combination} would be missing in other programs. {_WHAT_IS_ALLOWED}"
    if str(combination) == "Alt+F4":
        return f"{combination} closes windows. {_WHAT_IS_ALLOWED}"
    return combination


class Hotkeys(QObject):
    """The keys that NextCall has everywhere; none before `set`. Needs the QGuiApplication."""

    pressed = Signal(str)
    """The action whose key was pressed, once for each time it goes down, however long it is held."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions: dict[Combination, str] = {}
        self._system = _system(self._on_pressed)

    @property
    def lacks(self) -> str:
        """Why this system gives no keys at all, in a sentence; empty where it does."""
        return self._system.lacks

    def set(self, mapping: Mapping[str, str]) -> dict[str, str]:
        """Have these keys (action: Qt's portable text) instead of those before; an action without keys has none.

        Gives a sentence for each action whose keys could not be had.
        """
        self._system.release()
        self._actions = {}
        failed: dict[str, str] = {}
        for action, keys in mapping.items():
            combination = read(keys) if keys else None
            if isinstance(combination, str):
                failed[action] = combination
            elif combination in self._actions:
                failed[action] = f"{combination} is chosen twice."
            elif combination and (why_not := self._system.take(combination)):
                failed[action] = why_not
            elif combination:
                self._actions[combination] = action
        log.info("keys that work everywhere: %d of %d", len(self._actions), len(mapping))
        return failed

    def close(self) -> None:
        """Give all keys back, for good."""
        self._actions = {}
        self._system.close()

    def _on_pressed(self, combination: Combination) -> None:
        if action := self._actions.get(combination):
            self.pressed.emit(action)


class _System(Protocol):
    """What a system has to offer; `lacks` is a sentence where that is nothing."""

    lacks: str

    def take(self, combination: Combination) -> str:
        """Have a key; gives a sentence if it cannot be had, else nothing."""

    def release(self) -> None:
        """Give all keys back."""

    def close(self) -> None:
        """Give all keys back and let the system go."""


class _Nowhere:
    """A system without such keys."""

    def __init__(self, why: str) -> None:
        self.lacks = why

    def take(self, _combination: Combination) -> str:
        return self.lacks

    def release(self) -> None:
        """There is nothing to give back."""

    close = release


def _system(pressed: Callable[[Combination], None]) -> _System:
    platform = QGuiApplication.platformName()
    if sys.platform == "win32" and platform == "windows":
        return _Windows(pressed)
    if sys.platform == "darwin":
        return _Nowhere("On macOS NextCall has no keys in other programs yet.")
    if platform == "wayland" or os.environ.get("XDG_SESSION_TYPE") == "wayland" or os.environ.get("WAYLAND_DISPLAY"):
        # X11 programs are told there that they have a key, and hear it only while one of them has the keyboard.
        return _Nowhere("This desktop (Wayland) lets no program have keys in other programs.")
    if platform == "xcb":
        try:
            return _X11(pressed)
        except OSError as wrong:
            log.info("no keys of the X server: %s", wrong)
            return _Nowhere("The screen does not let NextCall have keys in other programs.")
    return _Nowhere("NextCall can have no keys in other programs here.")


def _taken(combination: Combination) -> str:
    return f"Another program has {combination} already. Choose another key."


# -------------------------------------------------------------------------------------------------------------- Windows

if sys.platform == "win32":
    from ctypes import wintypes

    from PySide6.QtCore import QByteArray
    from PySide6.QtGui import QWindow

    _MOD_ALT, _MOD_CONTROL, _MOD_SHIFT, _MOD_NOREPEAT = 1, 2, 4, 0x4000
    _VK_F1 = 0x70
    _WM_HOTKEY = 0x0312
    _ERROR_HOTKEY_ALREADY_REGISTERED = 1409

    class _Windows(QWindow):
        """RegisterHotKey for a window that is never shown. The keys come as messages to it, so no other message passes Python."""

        lacks = ""

        def __init__(self, pressed: Callable[[Combination], None]) -> None:
            super().__init__()
            self._pressed = pressed
            self._had: list[Combination] = []
            self._user32 = ctypes.WinDLL("user32", use_last_error=True)
            self._user32.RegisterHotKey.argtypes = [wintypes.HWND, c_int, wintypes.UINT, wintypes.UINT]
            self._user32.UnregisterHotKey.argtypes = [wintypes.HWND, c_int]

        def take(self, combination: Combination) -> str:
            number = combination.function_key
            key = _VK_F1 + number - 1 if number else ord(combination.key)
            held = _MOD_NOREPEAT
            held |= _MOD_CONTROL * combination.ctrl | _MOD_ALT * combination.alt | _MOD_SHIFT * combination.shift
            if self._user32.RegisterHotKey(self.winId(), len(self._had), held, key):
                self._had.append(combination)
                return ""
            if (error := ctypes.get_last_error()) == _ERROR_HOTKEY_ALREADY_REGISTERED:
                return _taken(combination)
            log.info("RegisterHotKey: error %d", error)
            return f"Windows does not let NextCall have {combination}. Choose another key."

        def release(self) -> None:
            for number in range(len(self._had)):
                self._user32.UnregisterHotKey(self.winId(), number)
            self._had = []

        def close(self) -> None:  # type: ignore[override]  # QWindow's answers whether it was closed
            self.release()
            self.destroy()

        def nativeEvent(self, _kind: QByteArray | bytes | bytearray | memoryview, message: int) -> tuple[bool, int]:
            told = wintypes.MSG.from_address(int(message))
            if told.message != _WM_HOTKEY:
                return False, 0
            if told.wParam < len(self._had):
                self._pressed(self._had[told.wParam])
            return True, 0


# ------------------------------------------------------------------------------------------------------------------ X11

_SHIFT, _CAPS_LOCK, _CONTROL, _ALT, _NUM_LOCK = 1, 2, 4, 8, 16
"""Modifiers of the X server; Alt and NumLock are the first and second of its free ones, as in every layout of X.Org."""
_LOCKS = (0, _CAPS_LOCK, _NUM_LOCK, _CAPS_LOCK | _NUM_LOCK)
"""A grab is for exact modifiers, so a key has to be grabbed once for each state of the locks."""
_KEY_PRESS, _KEY_RELEASE, _MAPPING_NOTIFY = 2, 3, 34
_OF_POINTER = 2
_BAD_ACCESS = 10
_GRAB_MODE_ASYNC = 1
_KEYSYM_F1 = 0xFFBE
_HEADER = 32
"""Bytes of an event, and of a reply before its list."""


class _Cookie(ctypes.Structure):
    """What xcb gives for a request whose answer is still to come."""

    _fields_ = (("sequence", ctypes.c_uint),)


class _Screens(ctypes.Structure):
    """xcb's iterator over screens; a screen begins with the number of its root window."""

    _fields_ = (("screen", ctypes.POINTER(c_uint32)), ("rest", c_int), ("index", c_int))


class _X11(QObject):
    """XGrabKey on a connection of our own to the X server.

    By xcb, where an error is the answer to its request: Xlib would end the program at it, or want a handler for the whole process
    and thus for Qt, too. A connection of our own, so that no event of Qt passes Python.
    """

    lacks = ""

    def __init__(self, pressed: Callable[[Combination], None]) -> None:
        """Raises OSError without a connection."""
        super().__init__()
        self._pressed = pressed
        self._wanted: list[Combination] = []
        """Those that could be had when they were asked for."""
        self._grabbed: dict[tuple[int, int], Combination] = {}
        """By key code and modifiers."""
        self._released = (0, 0)
        """Key code and time of the last release."""
        self._xcb = _xcb()
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [c_void_p]
        self._connection = self._xcb.xcb_connect(None, None)
        if error := self._xcb.xcb_connection_has_error(self._connection):
            self._xcb.xcb_disconnect(self._connection)
            raise OSError(f"no connection to the X server ({error})")
        setup = self._xcb.xcb_get_setup(self._connection)
        self._first_code, self._last_code = ctypes.string_at(setup + 34, 2)  # min_keycode, max_keycode
        self._root = self._xcb.xcb_setup_roots_iterator(setup).screen.contents.value
        self._codes = self._key_codes()
        self._notifier = QSocketNotifier(self._xcb.xcb_get_file_descriptor(self._connection), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_readable)

    def take(self, combination: Combination) -> str:
        if combination.ctrl and combination.alt and 1 <= combination.function_key <= 12:
            return f"By {combination} Linux changes to another console. Choose another key."
        if not self._lives():
            return "The connection to the screen is lost."
        why_not = self._grab(combination)
        if not why_not:
            self._wanted.append(combination)
        return why_not

    def release(self) -> None:
        self._wanted = []
        self._ungrab()

    def close(self) -> None:
        if self._connection:
            self._notifier.setEnabled(False)
            self._xcb.xcb_disconnect(self._connection)  # which gives the keys back
            self._connection = None

    def _grab(self, combination: Combination) -> str:
        keysym = _KEYSYM_F1 + combination.function_key - 1 if combination.function_key else ord(combination.key.lower())
        code = self._codes.get(keysym)
        if code is None:
            return f"Your keyboard has no {combination.key}. Choose another key."
        held = _CONTROL * combination.ctrl | _ALT * combination.alt | _SHIFT * combination.shift
        asked = [
            self._xcb.xcb_grab_key_checked(
                self._connection, 0, self._root, held | locks, code, _GRAB_MODE_ASYNC, _GRAB_MODE_ASYNC
            )
            for locks in _LOCKS
        ]
        errors = {error for cookie in asked if (error := self._error(cookie))}
        QMetaObject.invokeMethod(self, "_on_readable", Qt.ConnectionType.QueuedConnection)  # a key may have come with the answers
        self._grabbed[code, held] = combination
        if not errors:
            return ""
        self._ungrab(code, held)
        if errors == {_BAD_ACCESS}:
            return _taken(combination)
        log.info("X server: errors %s", errors)
        return f"The screen does not let NextCall have {combination}. Choose another key."

    def _error(self, cookie: _Cookie) -> int:
        error = self._xcb.xcb_request_check(self._connection, cookie)
        if not error:
            return 0
        code = ctypes.string_at(error, 2)[1]
        self._free(error)
        return code

    def _ungrab(self, *only: int) -> None:
        for code, held in [only] if only else list(self._grabbed):
            for locks in _LOCKS if self._lives() else ():
                self._xcb.xcb_ungrab_key(self._connection, code, self._root, held | locks)
            del self._grabbed[code, held]
        if self._lives():
            self._xcb.xcb_flush(self._connection)

    def _key_codes(self) -> dict[int, int]:
        """The key code of each keysym; if several keys have one, that which has it without Shift and in the first layout."""
        count = self._last_code - self._first_code + 1
        cookie = self._xcb.xcb_get_keyboard_mapping(self._connection, self._first_code, count)
        reply = self._xcb.xcb_get_keyboard_mapping_reply(self._connection, cookie, None)
        if not reply:
            return {}
        columns = ctypes.string_at(reply, 2)[1]
        keysyms = struct.unpack(f"={count * columns}I", ctypes.string_at(reply + _HEADER, 4 * count * columns))
        self._free(reply)
        codes: dict[int, int] = {}
        for column in range(columns):
            for place, keysym in enumerate(keysyms[column::columns]):
                codes.setdefault(keysym, self._first_code + place)
        return codes

    @Slot()
    def _on_readable(self) -> None:
        layout_changed = True
        while layout_changed and self._lives():
            layout_changed = False
            while event := self._xcb.xcb_poll_for_event(self._connection):
                raw = ctypes.string_at(event, _HEADER)
                self._free(event)
                if raw[0] in (_KEY_PRESS, _KEY_RELEASE):
                    self._on_key(raw)
                    if not self._connection:
                        return  # whoever heard of it has closed us
                elif raw[0] == _MAPPING_NOTIFY and raw[4] != _OF_POINTER:
                    layout_changed = True
            if layout_changed:
                self._follow_layout()
        if self._connection and not self._lives():
            self._notifier.setEnabled(False)  # else it would report the end for ever

    def _on_key(self, raw: bytes) -> None:
        code, at = struct.unpack_from("=xBxxI", raw)
        (state,) = struct.unpack_from("=H", raw, 28)
        if raw[0] == _KEY_RELEASE:
            self._released = (code, at)
        elif self._released != (code, at):  # a key that is held goes up and down at the same moment
            combination = self._grabbed.get((code, state & (_SHIFT | _CONTROL | _ALT)))
            if combination:
                self._pressed(combination)

    def _follow_layout(self) -> None:
        """Another layout may have the keys elsewhere. A server tells of layouts that have not changed, too."""
        codes = self._key_codes()
        if codes == self._codes:
            return
        self._codes = codes
        self._ungrab()
        for combination in self._wanted:
            if why_not := self._grab(combination):
                log.info("after a change of the keyboard's layout: %s", why_not)

    def _lives(self) -> bool:
        return bool(self._connection) and not self._xcb.xcb_connection_has_error(self._connection)


def _xcb() -> ctypes.CDLL:
    """libxcb, which Qt has loaded already, with the types of its functions. Raises OSError if it is not there."""
    xcb = ctypes.CDLL("libxcb.so.1")
    functions: dict[str, tuple[type | None, list[type]]] = {
        "xcb_connect": (c_void_p, [c_char_p, c_void_p]),
        "xcb_connection_has_error": (c_int, [c_void_p]),
        "xcb_disconnect": (None, [c_void_p]),
        "xcb_flush": (c_int, [c_void_p]),
        "xcb_get_file_descriptor": (c_int, [c_void_p]),
        "xcb_get_keyboard_mapping": (_Cookie, [c_void_p, c_uint8, c_uint8]),
        "xcb_get_keyboard_mapping_reply": (c_void_p, [c_void_p, _Cookie, c_void_p]),
        "xcb_get_setup": (c_void_p, [c_void_p]),
        "xcb_grab_key_checked": (_Cookie, [c_void_p, c_uint8, c_uint32, c_uint16, c_uint8, c_uint8, c_uint8]),
        "xcb_poll_for_event": (c_void_p, [c_void_p]),
        "xcb_request_check": (c_void_p, [c_void_p, _Cookie]),
        "xcb_setup_roots_iterator": (_Screens, [c_void_p]),
        "xcb_ungrab_key": (_Cookie, [c_void_p, c_uint8, c_uint32, c_uint16]),
    }
    for name, (gives, takes) in functions.items():
        function = getattr(xcb, name)
        function.restype, function.argtypes = gives, takes
    return xcb
