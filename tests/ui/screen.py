"""What a person has of a window: what a screen reader is told, what can be seen, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QTabBar,
    QWidget,
)

from desktop import errors
from desktop.errors import NextCallError
from desktop.ui.parts import MessageBar

if TYPE_CHECKING:
    from collections.abc import Iterator

Role = QAccessible.Role
TEXT = Role.EditableText
REASON = "the proxy proxy-emea-2.intranet.example:8080 said “407 Proxy Authentication Required” and closed the connection"
FATE = "Nobody can tell whether this call is stored; your entries are still here. Pressing again stores it once more."
KINDS = (QLabel, QPushButton, QCheckBox, QLineEdit, QPlainTextEdit, QAbstractItemView)


# ---------------------------------------------------------------------------------------------- what a screen reader has


def spoken(window: QWidget) -> list[tuple[QAccessible.Role, str, Any]]:
    """Role, name and object of everything in `window` that a screen reader finds, the window itself first."""

    def walk(one: Any) -> Iterator[tuple[QAccessible.Role, str, Any]]:
        state = one.state()
        if not state.invisible:
            yield one.role(), one.text(QAccessible.Text.Name), one.object()
            for number in range(one.childCount()):
                child = one.child(number)
                if child is not None and child.isValid() and child.object() is not None:
                    yield from walk(child)

    return list(walk(QAccessible.queryAccessibleInterface(window)))


def part(window: QWidget, role: QAccessible.Role, name: str) -> Any:
    """The one part of `window` that a screen reader finds under this role and name."""
    found = [thing for its_role, its_name, thing in spoken(window) if (its_role, its_name) == (role, name)]
    if len(found) != 1:
        pytest.fail(f"{len(found)} of {role} {name!r} in {[(r.name, n) for r, n, _ in spoken(window)]}")
    return found[0]


def field(window: QWidget, name: str) -> Any:
    return part(window, TEXT, name)


def button(window: QWidget, name: str) -> QPushButton:
    found: QPushButton = part(window, Role.Button, name)
    return found


def has(window: QWidget, role: QAccessible.Role, name: str) -> bool:
    """Whether there is such a part to be seen."""
    return (role, name) in {(its_role, its_name) for its_role, its_name, _ in spoken(window)}


def press(window: QWidget, name: str) -> None:
    """Press a button as the mouse does; fails if it cannot be seen or is grey."""
    pressed = button(window, name)
    assert pressed.isEnabled(), f"{name!r} is grey"
    QTest.mouseClick(pressed, Qt.MouseButton.LeftButton)


def turn_to(window: QWidget, page: str) -> None:
    """Go to a page by its tab, as the mouse does."""
    [bar] = window.findChildren(QTabBar)
    [at] = [number for number in range(bar.count()) if bar.tabText(number) == page]
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())


def message(window: QWidget) -> str:
    """What the window's message bar says."""
    return window.findChild(MessageBar).text()


def words(window: QWidget) -> str:
    """Every text that stands in `window`."""
    return "\n".join(one.text() for one in window.findChildren(QLabel) if one.isVisible())


# -------------------------------------------------------------------------------------------------------------- keys


def show(window: QWidget) -> None:
    """Show a window and give it the keyboard. Not for coroutine tests: it waits in an event loop of its own."""
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)


def settle() -> None:
    """Lay out and style what has changed."""
    for _ in range(3):
        QApplication.sendPostedEvents()


def focused() -> QWidget:
    """What has the keyboard."""
    return QApplication.focusWidget()


def key(pressed: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press one key wherever the keyboard is."""
    QTest.keyClick(focused() or QApplication.activeWindow(), pressed, modifiers)


def type_in(text: str) -> None:
    """Type wherever the keyboard is."""
    QTest.keyClicks(focused() or QApplication.activeWindow(), text)


def paste(text: str) -> None:
    """Paste wherever the keyboard is."""
    QGuiApplication.clipboard().setText(text)
    key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


# ------------------------------------------------------------------------------------------------------------ nothing cut


def cut(window: QWidget) -> list[str]:
    """What in `window` is shown smaller than its words are, covered, or outside."""
    settle()
    shown = [one for one in window.findChildren(QWidget) if one.isVisible() and isinstance(one, KINDS) and not _is_inner(one)]
    found = [complaint for one in shown for complaint in _complaints(one, window)]
    for number, one in enumerate(shown):
        for other in shown[number + 1 :]:
            common = _place(one, window).intersected(_place(other, window))
            if _has_words(one) and _has_words(other) and not common.isEmpty():
                found.append(f"{_name(one)} lies over {_name(other)}")
    return found


def assert_nothing_cut(window: QWidget) -> None:
    if found := cut(window):
        pytest.fail("\n".join(found), pytrace=False)


def _complaints(one: QWidget, window: QWidget) -> Iterator[str]:
    width, height = _needed(one)
    if one.width() < width:
        yield f"{_name(one)} is {one.width()} wide and needs {width}"
    if one.height() < height:
        yield f"{_name(one)} is {one.height()} high and needs {height}"
    if not _has_words(one):
        return
    above = one.parentWidget()
    while above is not None:
        if isinstance(above.parentWidget(), QScrollArea):  # a view port: what is scrolled away is not cut
            break
        inside = above.rect()
        if not inside.contains(QRect(one.mapTo(above, one.rect().topLeft()), one.size())):
            yield f"{_name(one)} sticks out of {_name(above)}"
        if above is window:
            break
        above = above.parentWidget()


def _needed(one: QWidget) -> tuple[int, int]:
    if isinstance(one, QLabel):
        if not one.text().strip():
            return 0, 0
        if one.wordWrap():
            letters = one.fontMetrics()
            return max(letters.horizontalAdvance(word) for word in one.text().split()), one.heightForWidth(one.width())
        if one.minimumSizeHint().width() == 0:  # it shortens its text by itself, where that can be seen
            return 0, one.sizeHint().height()
    if isinstance(one, QLabel | QPushButton | QCheckBox):
        return one.sizeHint().width(), one.sizeHint().height()
    if isinstance(one, QLineEdit):
        return one.minimumSizeHint().width(), one.sizeHint().height()
    return one.minimumSizeHint().width(), 2 * one.fontMetrics().lineSpacing()


def _has_words(one: QWidget) -> bool:
    return not isinstance(one, QLabel) or bool(one.text().strip())


def _is_inner(one: QWidget) -> bool:
    """A part of a part: a header in a tree, say."""
    return isinstance(one.parentWidget(), QAbstractItemView)


def _place(one: QWidget, window: QWidget) -> QRect:
    """Where it is seen in the window: what is scrolled away is not."""
    place = QRect(one.mapTo(window, one.rect().topLeft()), one.size())
    above = one.parentWidget()
    while above is not None and above is not window:
        if isinstance(above.parentWidget(), QScrollArea):
            place = place.intersected(QRect(above.mapTo(window, above.rect().topLeft()), above.size()))
        above = above.parentWidget()
    return place


def _name(one: QWidget) -> str:
    text = one.text() if isinstance(one, QLabel | QPushButton | QCheckBox) else one.accessibleName() or one.windowTitle()
    return f"{type(one).__name__} {text[:60]!r}"


# ------------------------------------------------------------------------------------------------------------ failures


def every_failure(of: type[NextCallError] = NextCallError) -> list[type[NextCallError]]:
    """Every failure in desktop/errors.py, whoever adds one."""
    below = [failure for one in of.__subclasses__() for failure in every_failure(one)]
    return [failure for failure in (of, *below) if failure.__module__ == errors.__name__]
