"""Every key of NextCall in one table: where it works, how people read it, what it does, and which wish it stands for.

The windows bind their keys from it, the cheat sheet shows it, and the README tells the same (tests/ui/test_cheat_sheet.py). It
holds words and data only: no widget, and no opinion on whether a key may be used just now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import Qt

MODIFIERS = frozenset(
    {
        Qt.Key.Key_Shift,
        Qt.Key.Key_Control,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
    }
)
"""Keys that are nothing by themselves."""


class Place(Enum):
    """Where a key works; the value is the words for it."""

    POPUP = "In the popup"
    SHIFT_WINDOW = "In the NextCall window"
    EVERY_WINDOW = "In every window of NextCall"
    EVERYWHERE = "In every program, while NextCall runs"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `bound` are pairs of a key sequence in Qt's portable text and an action; it is empty where a field
    brings its keys by itself."""

    place: Place
    shown: str
    does: str
    bound: tuple[tuple[str, str], ...] = ()


TABLE = (
    Row(Place.POPUP, "1 to 9", "choose a disposition, while the list has the keyboard; letters find one by its beginning"),
    Row(
        Place.POPUP,
        "Alt+D, Alt+Q, Alt+N",
        "go to the disposition, the questions, the notes",
        (("Alt+D", "go_to_disposition"), ("Alt+Q", "go_to_questions"), ("Alt+N", "go_to_notes")),
    ),
    Row(
        Place.POPUP,
        "Alt+S, Alt+C",
        "go to the script, the caller's details",
        (("Alt+S", "go_to_script"), ("Alt+C", "go_to_details")),
    ),
    Row(
        Place.POPUP,
        "F8 or Ctrl+J",
        "go to the next thing that is missing; Next Call and Logoff list all of it and go to the first",
        (("F8", "go_to_missing"), ("Ctrl+J", "go_to_missing")),
    ),
    Row(
        Place.POPUP,
        "Space in a list of several",
        "tick what the keyboard is on; in other lists letters and digits find a choice",
    ),
    Row(Place.POPUP, "Ctrl+C in the details", "copy the value", (("Ctrl+C", "copy_value"),)),
    Row(Place.POPUP, "Enter in the details", "open the link, where the value is one"),
    Row(
        Place.POPUP,
        "Ctrl+Enter",
        "Next Call: store this call and go back into the queue at once",
        (("Ctrl+Return", "next_call"), ("Ctrl+Enter", "next_call")),
    ),
    Row(Place.POPUP, "Ctrl+Shift+L", "Logoff: store this call and end the shift", (("Ctrl+Shift+L", "logoff"),)),
    Row(
        Place.POPUP,
        "Esc",
        "Undo: take Next Call or Logoff back, where your campaign or your settings leave time for it",
        (("Esc", "undo"),),
    ),
    Row(
        Place.POPUP, "Ctrl+P", "hold your next call: Next Call stores nothing until you take the hold off", (("Ctrl+P", "hold"),)
    ),
    Row(
        Place.POPUP,
        "F9",
        "the caller has hung up: count how long you write; again if they are still there",
        (("F9", "call_ended"),),
    ),
    Row(
        Place.SHIFT_WINDOW,
        "Ctrl+Shift+C",
        "show the popup again after you closed it; what you typed is still there",
        (("Ctrl+Shift+C", "show_call"),),
    ),
    Row(
        Place.SHIFT_WINDOW,
        "Ctrl+Shift+H",
        '"I hear someone": an empty popup for notes at once, and the call center is asked again who it is',
        (("Ctrl+Shift+H", "hear_someone"),),
    ),
    Row(
        Place.SHIFT_WINDOW,
        "Ctrl+Shift+B",
        "callbacks: whom you have promised to call back, and when",
        (("Ctrl+Shift+B", "show_callbacks"),),
    ),
    Row(Place.SHIFT_WINDOW, "Ctrl+Q", "quit NextCall; in the queue or on a call it asks first", (("Ctrl+Q", "quit"),)),
    Row(Place.EVERY_WINDOW, "F1", "show all keys", (("F1", "show_keys"),)),
    Row(
        Place.EVERY_WINDOW,
        "Ctrl+Shift+F",
        "history: find what you wrote for any caller",
        (("Ctrl+Shift+F", "show_history"),),
    ),
    Row(Place.EVERYWHERE, "Ctrl+Shift+F8", "show the popup and give it the keyboard", (("Ctrl+Shift+F8", "show_call"),)),
    Row(Place.EVERYWHERE, "Ctrl+Shift+F9", "Next Call, as in the popup", (("Ctrl+Shift+F9", "next_call"),)),
    Row(Place.EVERYWHERE, "Ctrl+Shift+F10", '"I hear someone"', (("Ctrl+Shift+F10", "hear_someone"),)),
)
"""In the order in which people read it."""


def bound(place: Place) -> tuple[tuple[str, str], ...]:
    """The key sequences of a place, each with its action."""
    return tuple(pair for row in TABLE if row.place is place for pair in row.bound)


def row_in_windows(keys: str) -> Row | None:
    """What a key sequence (Qt's portable text) means in NextCall's own windows."""
    rows = (row for row in TABLE if row.place is not Place.EVERYWHERE)
    return next((row for row in rows if keys in {bound_keys for bound_keys, _action in row.bound}), None)


HOTKEYS = {action: keys for keys, action in bound(Place.EVERYWHERE)}
"""The keys that work everywhere, by action, unless the agent chooses others.

Function keys, because on Windows Ctrl+Alt is AltGr: Ctrl+Alt+E would take the euro sign from a German keyboard, Ctrl+Alt+N the ń
from a Polish one. Not with Ctrl+Alt either, by which Linux changes to another console.
"""
