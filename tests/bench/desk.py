"""A whole NextCall at a Center of another process, worked by its windows, and what is seen of it: when a widget was painted."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QWidget

from desktop.app import Options, QtApplication
from desktop.ui.desk import Desk
from tests.bench.center import Elsewhere
from tests.shifts.agent import at_work, press, type_into, until


@contextlib.asynccontextmanager
async def in_the_queue(qt: QtApplication, folder: Path, center: Elsewhere) -> AsyncIterator[Desk]:
    """NextCall with its agent in the queue and the wait for a call on the wire."""
    gc.collect()
    gc.freeze()  # as __main__ does when everything is imported
    async with at_work(qt, Options(service_url=center.url, data_dir=folder)) as agent:
        login = agent.desk.login
        for name, text in (("API key", "key"), ("Campaign ID", "1001"), ("Phone number", "+1 202 555 0143")):
            type_into(login, name, text)
        next(one for one in login.findChildren(QCheckBox) if one.text().startswith("Remember")).setChecked(False)  # no keyring
        press(login, "Call me")
        await until(lambda: "Enter the agent ID" in agent.told() or agent.state.name == "EXPECTING_ID", "the agent ID")
        type_into(login, "Agent ID", "4027")
        press(login, "Log in")
        await until(lambda: center.count("asked") > 0, "the wait")
        yield agent.desk


class Painted(QObject):
    """When a widget was painted and handed to the screen, from its making on."""

    def __init__(self, widget: QWidget, when: Callable[[], bool] = lambda: True) -> None:
        super().__init__(widget)
        self._widget = widget
        self._when = when
        self._seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        widget.installEventFilter(self)

    async def at(self) -> float:
        """On the clock of time.perf_counter."""
        async with asyncio.timeout(30):
            return await self._seen

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._when():
            self._widget.removeEventFilter(self)
            # All of the window is painted and flushed before the next event; what else waits for that is not to be measured.
            QCoreApplication.postEvent(self, QEvent(QEvent.Type.User), Qt.EventPriority.HighEventPriority.value)
        return False

    def customEvent(self, _event: QEvent) -> None:
        if not self._seen.done():
            self._seen.set_result(time.perf_counter())


def label_that_reads(window: QWidget, words: Callable[[str], bool]) -> QLabel:
    """The first label of `window` whose text satisfies `words`."""
    return next(one for one in window.findChildren(QLabel) if words(one.text()))


def region(widget: QWidget) -> tuple[int, int, int, int]:
    """Where the beginning of a label is on the screen, in device pixels: the rest may lie below another window."""
    at, ratio = widget.mapToGlobal(widget.rect().topLeft()), widget.devicePixelRatioF()
    return tuple(round(one * ratio) for one in (at.x(), at.y(), min(widget.width(), 100), widget.height()))  # type: ignore[return-value]


def dressed() -> QtApplication:
    """The one application of this process."""
    qt = QApplication.instance() or QtApplication(["bench"])
    assert isinstance(qt, QtApplication)
    return qt
