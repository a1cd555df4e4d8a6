"""What NextCall costs, each row as a ratio to a floor that is measured in the same run: `python packaging/dev.py bench`.

Absolute times of a shared machine mean little; the ratio to a bare PySide6 window and a bare socket, measured in turns, does.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "offscreen")

import qasync
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from desktop.app import QtApplication
from desktop.callcenter.model import Account
from desktop.callcenter.soap import SoapCallCenter
from desktop.resources import RESOURCES
from desktop.ui.popup import PopupWindow

STARTS, CALLS, WARM_UP = 9, 60, 5
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
