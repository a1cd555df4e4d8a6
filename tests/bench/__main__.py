"""What NextCall costs, each row as a ratio to a floor that is measured in the same run: `python packaging/dev.py bench`.

Absolute times of a shared machine mean little; the ratio to a bare PySide6 window and a bare socket, measured in turns, does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

import qasync
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTreeView,
    QWidget,
)

from desktop.app import QtApplication
from desktop.callcenter.model import Account
from desktop.callcenter.soap import SoapCallCenter
from desktop.resources import RESOURCES
from desktop.ui.popup import PopupWindow
from tests.bench import campaign

_Field = TypeVar("_Field", bound=QWidget)

STARTS, CALLS, KEYS, WARM_UP = 9, 60, 40, 5
LARGE_CALLS = 15
NOWHERE = "https://localhost:9/?wsdl"

BARE_WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
class Window(QLabel):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, QApplication.instance().quit)
app = QApplication(sys.argv)
window = Window("Log in")
window.show()
sys.exit(app.exec())
"""


def main() -> None:
    print(f"{'':22}{'NextCall':>12}{'floor':>12}{'ratio':>8}   medians")
    start()
    qt = QtApplication(sys.argv[:1])
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
        for fields in (12, 200):
            runner.run(popup(fields))
        runner.run(large_campaign())


def row(name: str, ours: list[float], floor: list[float]) -> None:
    """One line of the table; both lists in seconds."""
    a, b = statistics.median(ours), statistics.median(floor)
    tenths = statistics.quantiles(ours, n=10)
    spread = f"of {len(ours)}, 10 % to 90 % of ours: {tenths[0] * 1000:.2f} to {tenths[-1] * 1000:.2f} ms"
    print(f"{name:22}{a * 1000:9.2f} ms{b * 1000:9.2f} ms{a / b:8.2f}   {spread}", flush=True)


def start() -> None:
    """Process start to the first paint and out again, against a process with one bare PySide6 window."""
    cpu: tuple[list[float], list[float]] = ([], [])
    wall: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        commands = (
            [
                sys.executable,
                "-m",
                "desktop",
                "--exit-after-first-paint",
                "--data-dir",
                folder,
                "--service",
                "https://localhost:9/?wsdl",
            ],
            [sys.executable, "-c", BARE_WINDOW],
        )
        for turn in range(STARTS + 1):
            for which, command in enumerate(commands):
                before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                if turn:  # the first turn fills the caches
                    wall[which].append(time.perf_counter() - began)
                    cpu[which].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    row("start, CPU", *cpu)
    row("start, wall", *wall)


async def popup(fields: int) -> None:
    """Last byte of a CallType sent to the popup's first paint, against a bare socket and a QLabel in a window."""
    server = Server(fields)
    center = SoapCallCenter(server.url)
    await center.open()
    ours, floor = PopupWindow(practice=False), QWidget()
    name = QLabel("", floor)
    floor.resize(ours.size())

    async def call_comes() -> float:
        call = await center.get_connection_for_agent(Account("key", 1), "4027", on_asked=server.go.set)
        seen = first_paint(ours)
        ours.show_call(call)
        ours.show()
        return await seen - server.sent

    async def bytes_come() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /call HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        server.go.set()
        name.setText(str(len(await reader.read(-1))))
        writer.close()
        seen = first_paint(floor)
        floor.show()
        return await seen - server.sent

    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(CALLS + WARM_UP):
        for which, (measure, window) in enumerate(((call_comes, ours), (bytes_come, floor))):
            took = await measure()
            if turn >= WARM_UP:
                times[which].append(took)
            window.hide()
            await asyncio.sleep(0.02)
    row(f"popup, {fields} fields", *times)
    await center.close()
    server.close()
    ours.deleteLater()
    floor.deleteLater()


async def large_campaign() -> None:
    """A campaign as large as any: its first call, its next one, an answer, a key in the notes; each until it is painted.

    The floors are a plain form of as many fields beside a plain tree of as many rows, and a key in a plain text field.
    """
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

    await in_turns("large, first call", LARGE_CALLS, (first_call, ours), (bare_first, floor))
    await in_turns("large, next call", LARGE_CALLS, (next_call, ours), (bare_next, floor))
    await next_call()
    await painted(plain_key, plain_key.show)
    await in_turns("large, a choice", KEYS, (answer, None), (bare_key, None))
    await in_turns("large, key, answer", KEYS, (letter, None), (bare_key, None))
    await in_turns("large, key, notes", KEYS, (note, None), (bare_key, None))
    for window in (ours, floor, plain_key):
        window.hide()
        window.deleteLater()


async def in_turns(name: str, count: int, *measured: tuple[Callable[[], Awaitable[float]], QWidget | None]) -> None:
    """Ours and the floor, one after the other, `count` times; a window is hidden again afterwards."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count + WARM_UP):
        for which, (measure, window) in enumerate(measured):
            took = await measure()
            if turn >= WARM_UP:
                times[which].append(took)
            if window is not None:
                window.hide()
            await asyncio.sleep(0.02)
    row(name, *times)


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


class Server:
    """Answers with a prepared CallType as soon as it is told to, on a thread of its own, and notes when the last byte left."""

    def __init__(self, fields: int) -> None:
        self.go = threading.Event()
        self.sent = 0.0
        self._ready = threading.Event()
        self._answer = answer(fields)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()
        self.url = f"http://127.0.0.1:{self.port}/service?wsdl"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")), 0)
        await reader.readexactly(length)
        if head.startswith("GET"):
            body = (RESOURCES / "wsdl" / "PredictiveService.wsdl").read_bytes().replace(b"{address}", self.url.encode())
        else:
            body = self._answer
            await asyncio.to_thread(self.go.wait)
            self.go.clear()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
        )
        self.sent = time.perf_counter()
        await writer.drain()
        writer.close()


def answer(fields: int) -> bytes:
    """A getConnectionForAgentResponse with that many fields."""
    more = "".join(f"<field{number}>value {number}</field{number}>" for number in range(fields - 3))
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><getConnectionForAgentResponse><call><id>17</id>'
        f"<firstname>Zoë</firstname><phonenumber>+12025550143</phonenumber>{more}</call></getConnectionForAgentResponse>"
        "</e:Body></e:Envelope>"
    ).encode()


if __name__ == "__main__":
    main()
