"""A campaign as large as any: its first call, its next one, an answer, a key in the notes; each until it is painted.

The floors are a plain form of as many fields beside a plain tree of as many rows, and a key in a plain text field.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTreeView,
    QWidget,
)

from desktop.ui.loop import event_loop
from desktop.ui.popup import PopupWindow
from tests.bench import campaign
from tests.bench.desk import dressed
from tests.bench.table import Row

_Field = TypeVar("_Field", bound=QWidget)

CALLS, KEYS, WARM_UP = 15, 40, 5


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    with asyncio.Runner(loop_factory=lambda: event_loop(dressed())) as runner:
        yield from runner.run(rows(4 if quick else 1))


async def rows(divided_by: int) -> list[Row]:
    """All of them."""
    calls, keys = CALLS // divided_by, KEYS // divided_by
    ours, turns = PopupWindow(practice=False), itertools.count()
    profile = campaign.profile(0)
    floor, plain_key = BareForm(), QPlainTextEdit()
    for window in (floor, plain_key):
        window.resize(ours.size())

    async def first_call() -> float:
        nonlocal profile
        profile = campaign.profile(next(turns))
        return await next_call()

    async def next_call() -> float:
        call = campaign.call(next(turns))
        return await painted(ours, lambda: (ours.show_call(call, profile=profile), ours.show()))

    async def bare_first() -> float:
        return await painted(floor, lambda: (floor.build(), floor.fill_in(next(turns)), floor.show()))

    async def bare_next() -> float:
        return await painted(floor, lambda: (floor.fill_in(next(turns)), floor.show()))

    def field(kind: type[_Field], name: str) -> _Field:
        return next(one for one in ours.findChildren(kind) if one.accessibleName().startswith(name))

    async def answer() -> float:  # in turns `yes`, which asks, says and shows more, and nothing
        where, key = field(QComboBox, "Question 1 of"), Qt.Key.Key_Up if next(turns) % 2 else Qt.Key.Key_Down
        return await painted(ours, lambda: press(where, key))

    async def letter() -> float:  # in an answer that the script repeats
        where = field(QLineEdit, "Question 8 of")
        return await painted(ours, lambda: press(where, Qt.Key.Key_X))

    async def note() -> float:
        where = field(QPlainTextEdit, "Notes")
        return await painted(ours, lambda: press(where, Qt.Key.Key_X))

    async def bare_key() -> float:
        return await painted(plain_key, lambda: press(plain_key, Qt.Key.Key_X))

    table = [
        await in_turns("large campaign, first call", calls, (first_call, ours), (bare_first, floor)),
        await in_turns("large campaign, next call", calls, (next_call, ours), (bare_next, floor)),
    ]
    await next_call()
    await painted(plain_key, plain_key.show)
    table += [
        await in_turns("large campaign, a choice", keys, (answer, None), (bare_key, None)),
        await in_turns("large campaign, key in an answer", keys, (letter, None), (bare_key, None)),
        await in_turns("large campaign, key in the notes", keys, (note, None), (bare_key, None)),
    ]
    for window in (ours, floor, plain_key):
        window.hide()
        window.deleteLater()
    return table


async def in_turns(name: str, count: int, *measured: tuple[Callable[[], Awaitable[float]], QWidget | None]) -> Row:
    """Ours and the floor, one after the other, `count` times; a window is hidden again afterwards."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count + WARM_UP):
        for which, (measure, window) in enumerate(measured):
            took = await measure()
            if turn >= WARM_UP:
                times[which].append(took * 1000)
            if window is not None:
                window.hide()
            await asyncio.sleep(0.02)
    return Row(name, "ms", *times)


async def painted(window: QWidget, act: Callable[[], object]) -> float:
    """Seconds from before `act` until the window is painted."""
    seen = first_paint(window)
    began = time.perf_counter()
    act()
    return await seen - began


def press(field: QWidget, key: Qt.Key) -> None:
    text = chr(key).lower() if key < 128 else ""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(field, QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text))


class BareForm(QWidget):
    """As many fields and rows as the large campaign has, and nothing that NextCall adds."""

    def __init__(self) -> None:
        super().__init__()
        self._scroll = QScrollArea(widgetResizable=True)
        self._model = QStandardItemModel(0, 2, self)
        tree = QTreeView()
        tree.setModel(self._model)
        beside = QHBoxLayout(self)
        beside.addWidget(tree)
        beside.addWidget(self._scroll)
        self.build()

    def build(self) -> None:
        content = QWidget()
        form = QFormLayout(content)
        self._lines = [QLineEdit() for _ in range(campaign.QUESTIONS // 2)]
        self._boxes = [QComboBox() for _ in range(campaign.QUESTIONS // 2)]
        for number, (line, box) in enumerate(zip(self._lines, self._boxes, strict=True)):
            box.addItems(["Yes", "No", "Perhaps", "Never"])
            form.addRow(f"Question {2 * number}", line)
            form.addRow(f"Question {2 * number + 1}", box)
        self._scroll.setWidget(content)

    def fill_in(self, number: int) -> None:
        self._model.setRowCount(0)
        for at in range(campaign.FIELDS):
            self._model.appendRow([QStandardItem(f"Field {at}"), QStandardItem(f"value {at} of call {number}")])
        for line, box in zip(self._lines, self._boxes, strict=True):
            line.setText(f"entry {number}")
            box.setCurrentIndex(number % 4)


def first_paint(window: QWidget) -> asyncio.Future[float]:
    """When `window` will have been painted, on the clock of time.perf_counter."""
    future: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    class Watch(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
            if (
                event.type() is QEvent.Type.UpdateRequest
                or event.type() is QEvent.Type.Expose
                or event.type() is QEvent.Type.Paint
            ):
                QTimer.singleShot(0, window, lambda: future.done() or future.set_result(time.perf_counter()))
                window.removeEventFilter(self)
            return False

    window.installEventFilter(Watch(window))
    return future
