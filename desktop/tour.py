"""A whole practice shift, played by itself, with a picture of each step in light and dark: `nextcall tour --out DIR`.

It works the windows by the names that screen readers and other programs rely on (design.md, 'The windows'), so it also shows that
they are there. It proves nothing that the tests do not prove; it shows it.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPlainTextEdit, QPushButton, QWidget

from desktop.app import App, Options, Site
from desktop.errors import NextCallError
from desktop.practice.scenario import load_scenario
from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.application import QtApplication

Part = TypeVar("Part", bound=QWidget)

_PATIENCE = 60.0
"""Seconds that any step of the tour may take before it is given up: a stuck tour must say where it stuck."""

_SETTLE = 0.15
"""Seconds for a window to be laid out and painted before its picture is taken."""

_CALLS = (
    ("Interested", "Wants the spring catalogue by mail.\nBest reached in the morning.", "Next Call"),
    ("Call back later", "In a meeting. Tuesday after 3 pm.", "Next Call"),
    ("Not interested", "Thanked us and said no.", "Logoff"),
)


class TourStuck(NextCallError):
    """The tour waited for something that did not come."""

    title = "The tour got stuck"
    advice = "The last picture shows where."


async def play(qt: QtApplication, out: Path) -> int:
    """Play the tour, leave the pictures in `out`, print the ledger; returns the exit code."""
    scenario = msgspec.structs.replace(load_scenario(), ring_seconds=1.5, wait_seconds=(1.5, 2.5))
    with tempfile.TemporaryDirectory() as folder:
        app = App(qt, Options(practice=True, data_dir=Path(folder)), scenario=scenario)
        app.start()
        await app.open(practice=True)
        try:
            if app.site is None or app.site.service is None:
                raise TourStuck("there is no practice service")
            await _shift(app.site, _Camera(qt, out))
            ledger = app.site.service.ledger()
        finally:
            await app.close()
            logging.shutdown()  # Windows keeps a folder as long as a file in it is open
            sys.excepthook = sys.__excepthook__  # what goes wrong from here on is said, and no more written in that log
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # on Windows, a file or a pipe would take few people's names
    sys.stdout.write(json.dumps(ledger, indent=2, ensure_ascii=False) + "\n")
    responses = [response for call in ledger for response in call["responses"]]
    last_calls = [response["lastcall"] for response in responses]
    sys.stdout.write(f"{len(ledger)} calls, {len(responses)} responses, lastcall: {last_calls}\nThe pictures are in {out}\n")
    sys.stdout.flush()
    return 0 if len(ledger) == len(_CALLS) and last_calls == [False, False, True] else 1


async def _shift(site: Site, camera: _Camera) -> None:
    desk = site.desk
    await camera.take("log in")
    _press(desk.login, "Call me")
    await _until(lambda: _reads(site.phone, "rings"), "the phone to ring")
    await camera.take("calling your phone")

    agent_id = await _until(lambda: _heard_id(site.phone), "the agent ID to be heard")
    _named(desk.login, QLineEdit, "Agent ID").setText(agent_id)
    await camera.take("agent id")
    _press(desk.login, "Log in")

    for number, (disposition, notes, way_on) in enumerate(_CALLS, start=1):
        await _until(lambda: desk.state is State.WAITING, "the queue")
        await camera.take(f"waiting {number}")
        await _until(lambda: desk.state is State.CONNECTED, "a call")
        await camera.take(f"call {number}")
        choices = _named(desk.popup, QListWidget, "Disposition")
        choices.setCurrentItem(choices.findItems(disposition, Qt.MatchFlag.MatchExactly)[0])
        _named(desk.popup, QPlainTextEdit, "Notes").setPlainText(notes)
        await camera.take(f"call {number} filled in")
        _press(desk.popup, way_on)

    await _until(lambda: desk.state is State.LOGGED_OFF, "the log-off")
    await camera.take("hang up your phone")
    _press(desk.reminder, "Done")
    await camera.take("log in again")


class _Camera:
    """Takes one picture of all open windows, side by side, per step and colour scheme."""

    def __init__(self, qt: QtApplication, out: Path) -> None:
        self._qt = qt
        self._out = out
        self._taken = 0
        for scheme in ("light", "dark"):
            (out / scheme).mkdir(parents=True, exist_ok=True)

    async def take(self, step: str) -> None:
        """Picture `step` in dark and light."""
        self._taken += 1
        for scheme in ("dark", "light"):
            look.wear(self._qt, scheme)
            await asyncio.sleep(_SETTLE)
            self._picture().save(str(self._out / scheme / f"{self._taken:02} {step}.png"))

    def _picture(self) -> QImage:
        windows = [window for window in QApplication.topLevelWidgets() if window.isVisible() and window.isWindow()]
        shots = [window.grab() for window in sorted(windows, key=lambda window: window.windowTitle())]
        gap = 24
        ratio = shots[0].devicePixelRatio() if shots else 1.0
        sizes = [shot.deviceIndependentSize().toSize() for shot in shots]
        whole = QSize(
            sum(size.width() for size in sizes) + gap * (len(sizes) + 1), max((s.height() for s in sizes), default=0) + 2 * gap
        )
        image = QImage(whole * ratio, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(QColor("#7d8894"))
        painter = QPainter(image)
        x = gap
        for shot, size in zip(shots, sizes, strict=True):
            painter.drawPixmap(QRect(QPoint(x, gap), size), shot)
            x += size.width() + gap
        painter.end()
        return image


def _press(window: QWidget, name: str) -> None:
    buttons = [one for one in window.findChildren(QPushButton) if one.text() == name]
    if not (buttons and buttons[0].isVisible() and buttons[0].isEnabled()):
        raise TourStuck(f"“{name}” cannot be pressed")
    buttons[0].click()


def _named(window: QWidget, kind: type[Part], name: str) -> Part:
    for one in window.findChildren(kind):
        if one.accessibleName() == name:
            return one
    raise TourStuck(f"there is no “{name}”")


def _reads(window: QWidget | None, text: str) -> bool:
    return window is not None and any(text in one.text() for one in window.findChildren(QLabel))


def _heard_id(phone: QWidget | None) -> str:
    """The agent ID as the voice says it, digit by digit, or an empty text."""
    spoken = " ".join(one.text() for one in phone.findChildren(QLabel)) if phone else ""
    found = re.search(r"agent ID is ((?:\d\s?)+)", spoken)
    return found.group(1) if found else ""


Found = TypeVar("Found")


async def _until(look: Callable[[], Found], what: str) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while not (found := look()):
        if asyncio.get_running_loop().time() > deadline:
            raise TourStuck(f"it waited for {what}")
        await asyncio.sleep(0.05)
    return found
