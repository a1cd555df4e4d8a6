"""From the beep to the glass, and from the key to the next wait: a whole NextCall against a bare socket and a bare window.

Rows: popup (as painted, and as an independent X client sees it), a poller beside it, digit, Next Call, re-arm.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListWidget, QWidget

from desktop.shift.states import State
from desktop.ui.desk import Desk
from desktop.ui.loop import event_loop
from tests.bench.center import Elsewhere, center
from tests.bench.desk import Painted, dressed, in_the_queue, label_that_reads, region
from tests.bench.eye import Eye, eye
from tests.bench.table import Row, percentile
from tests.shifts.agent import named, press, until

CALLS, POLLS, WARM_UP = 300, 20, 10
POLLED_EVERY = 1.0
"""Seconds: what other agent desktops do."""
FRAME = 1000 / 60


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    qt = dressed()
    for fields in (12, 200):
        with (
            asyncio.Runner(loop_factory=lambda: event_loop(qt)) as runner,
            center(fields) as there,
            tempfile.TemporaryDirectory() as folder,
        ):
            yield from runner.run(_Calls(there, fields).rows(Path(folder), CALLS // 10 if quick else CALLS))


class _Bare:
    """The floor: a bare asyncio socket, and a window with a label and a list that was built before it is needed."""

    def __init__(self, there: Elsewhere) -> None:
        self._there = there
        self.window = QWidget()
        self.name = QLabel("", self.window)
        self.name.setGeometry(8, 8, 400, 40)
        self.list = QListWidget(self.window)
        self.list.setGeometry(8, 60, 400, 300)
        self.list.addItems([f"{number} Disposition {number}" for number in range(1, 10)])
        self.window.resize(480, 400)
        self.window.move(760, 560)

    async def post(self, path: str, body: bytes = b"") -> bytes:
        """Ask, and read all of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._there.port)
        writer.write(b"POST %s HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body))
        answer = await reader.read(-1)
        writer.close()
        return answer

    async def show_call(self) -> None:
        """Wait for a call and show who it is."""
        answer = await self.post("/bare", b"getConnectionForAgent")
        self.show(answer)

    def show(self, answer: bytes) -> None:
        who = answer.partition(b"<firstname>")[2].partition(b"<")[0].decode()
        self.name.setText(who)
        self.window.show()


class _Calls:
    def __init__(self, there: Elsewhere, fields: int) -> None:
        self._there = there
        self._fields = fields
        self._dice = random.Random(7)
        self._ours: dict[str, list[float]] = {}
        self._floor: dict[str, list[float]] = {}

    async def rows(self, folder: Path, calls: int) -> list[Row]:
        async with in_the_queue(dressed(), folder, self._there) as desk:
            bare = _Bare(self._there)
            await self._warm_up(desk, bare)
            name = label_that_reads(desk.popup, lambda text: text.startswith("Person"))
            desk.popup.show()
            bare.window.show()
            await asyncio.sleep(0.3)
            ours, floor = region(name), region(bare.name)
            desk.popup.hide()
            bare.window.hide()
            with eye(*ours) as our_eye, eye(*floor) as bare_eye:
                for _ in range(calls):
                    await self._one_of_ours(desk, our_eye)
                    await self._one_of_the_floor(bare, bare_eye)
            if self._fields == 12:
                for _ in range(POLLS if calls >= CALLS else 3):
                    await self._one_poll(bare)
            bare.window.close()
        return self._table()

    async def _warm_up(self, desk: Desk, bare: _Bare) -> None:
        for _ in range(WARM_UP):
            await self._one_of_ours(desk, None)
            await self._one_of_the_floor(bare, None)
        self._ours.clear()
        self._floor.clear()

    async def _one_of_ours(self, desk: Desk, sees: Eye | None) -> None:
        there, count = self._there, self._there.count("connected") + 1
        await until(lambda: there.count("asked") >= count, "the wait")
        await asyncio.sleep(self._dice.uniform(0.02, 0.06))
        if sees is not None:
            await until(lambda: sees.empty, "the screen to be empty")
        popup, seen_before = desk.popup, len(sees.appeared) if sees else 0
        label = next(one for one in popup.findChildren(QLabel) if one.property("role") == "display")
        painted = Painted(label, lambda: label.text() == f"Person {self._number(count)}")
        there.go("/service")
        at = await painted.at()
        sent = there.wait("connected", count)
        self._note("popup", at - sent)
        if sees is not None:
            await until(lambda: len(sees.appeared) > seen_before, "the eye to see it")
            self._note("pixels", sees.appeared[seen_before] - sent)
        # a digit, until its choice is seen
        choices = named(popup, QListWidget, "Disposition")
        painted = Painted(choices.viewport(), lambda: bool(choices.selectedItems()))
        began = time.perf_counter()
        QTest.keyClick(choices, Qt.Key.Key_1)
        self._note("digit", await painted.at() - began)
        # Next Call, until the window says that it waits, and until the next wait is on the wire
        stored, asked = there.count("stored") + 1, there.count("asked") + 1
        state = next(one for one in desk.window.findChildren(QLabel) if one.text() == State.CONNECTED.value)
        painted = Painted(state, lambda: state.text() == State.WAITING.value)
        began = time.perf_counter()
        press(popup, "Next Call")
        self._note("next", await painted.at() - began)
        await until(lambda: there.count("asked") >= asked, "the next wait")
        self._note("rearm", there.wait("asked", asked) - there.wait("stored", stored))

    async def _one_of_the_floor(self, bare: _Bare, sees: Eye | None) -> None:
        there, count = self._there, self._there.count("connected", "/bare") + 1
        if sees is not None:
            await until(lambda: sees.empty, "the screen to be empty")
        seen_before = len(sees.appeared) if sees else 0
        bare.name.clear()
        showing = asyncio.create_task(bare.show_call())
        await until(lambda: there.count("asked", "/bare") >= count, "the bare wait")
        await asyncio.sleep(self._dice.uniform(0.02, 0.06))
        painted = Painted(bare.name, lambda: bool(bare.name.text()))
        there.go("/bare")
        await showing
        at = await painted.at()
        sent = there.wait("connected", count, "/bare")
        self._note("popup", at - sent, floor=True)
        if sees is not None:
            await until(lambda: len(sees.appeared) > seen_before, "the eye to see it")
            self._note("pixels", sees.appeared[seen_before] - sent, floor=True)
        bare.list.setCurrentRow(-1)
        painted = Painted(bare.list.viewport(), lambda: bool(bare.list.selectedItems()))
        began = time.perf_counter()
        QTest.keyClick(bare.list, Qt.Key.Key_Down)
        self._note("digit", await painted.at() - began, floor=True)
        painted = Painted(bare.name, lambda: bare.name.text() == "Waiting")
        began = time.perf_counter()
        await bare.post("/bare", b"storeAgentResponse")
        bare.name.setText("Waiting")
        self._note("next", await painted.at() - began, floor=True)
        asked, stored = there.count("asked", "/bare") + 1, there.count("stored", "/bare") + 1
        await bare.post("/bare", b"storeAgentResponse")
        asking = asyncio.create_task(bare.post("/bare", b"getConnectionForAgent"))
        await until(lambda: there.count("asked", "/bare") >= asked, "the bare wait")
        self._note("rearm", there.wait("asked", asked, "/bare") - there.wait("stored", stored, "/bare"), floor=True)
        there.go("/bare")
        await asking
        bare.window.hide()

    async def _one_poll(self, bare: _Bare) -> None:
        """What a desktop that asks every second makes of the same call."""
        there, count = self._there, self._there.count("connected", "/poll") + 1
        bare.name.clear()
        painted = Painted(bare.name, lambda: bool(bare.name.text()))

        async def poll() -> None:
            while b"firstname" not in (answer := await bare.post("/poll")):
                await asyncio.sleep(POLLED_EVERY)
            bare.show(answer)

        polling = asyncio.create_task(poll())
        await asyncio.sleep(self._dice.uniform(0.1, POLLED_EVERY))
        there.go("/poll")
        await polling
        self._note("poll", await painted.at() - there.wait("connected", count, "/poll"), floor=True)
        bare.window.hide()

    def _number(self, count: int) -> int:
        """The center numbers the calls of all who ask."""
        others = self._there.count("connected", "/bare") + self._there.count("connected", "/poll")
        return count + others

    def _note(self, what: str, seconds: float, *, floor: bool = False) -> None:
        (self._floor if floor else self._ours).setdefault(what, []).append(seconds * 1000)

    def _table(self) -> list[Row]:
        ours, floor, fields = self._ours, self._floor, self._fields
        rows = []
        for name, what in ((f"popup painted, {fields} fields", "popup"), (f"popup on the glass, {fields}", "pixels")):
            for by, goal in ((50.0, "1.5x"), (95.0, ""), (99.0, "3x")):
                why = "a whole form in its style, against a label and a list" if goal else ""
                rows.append(Row(name, "ms", ours[what], floor[what], goal, by, note=why))
        rows.append(
            Row(
                f"... beyond its floor, {fields} fields",
                "ms",
                [_beyond(ours["popup"], floor["popup"])],
                goal=f"{FRAME:.2f}",
                note="p99",
            )
        )
        if fields == 12:
            rows.append(
                Row("the same by a poller, 1,000 ms", "ms", floor["poll"], floor["popup"], note="not ours: what others do")
            )
        rows += [
            Row(f"digit to choice, {fields} fields", "ms", ours["digit"], floor["digit"], f"{FRAME:.2f}", 99),
            Row(
                f"Next Call to waiting, {fields}",
                "ms",
                ours["next"],
                floor["next"],
                f"{2 * FRAME:.2f}",
                50,
                note="on the disk first",
            ),
            Row(f"stored to wait re-armed, {fields}", "ms", ours["rearm"], floor["rearm"], "5", 50, note="a request by httpx"),
        ]
        return rows


def _beyond(ours: list[float], floor: list[float]) -> float:
    """How much later the 99th percentile is than the floor's."""
    return percentile(ours, 99) - percentile(floor, 99)
