"""A wait that may be lost is asked anew: after sleep, when the network changes, and on a connection that nobody answers on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject
from PySide6.QtNetwork import QNetworkInformation

from desktop.callcenter.model import Function
from desktop.shift.journal import Journal
from desktop.shift.session import AgentSession
from desktop.shift.states import State
from desktop.ui import line_watch
from desktop.ui.line_watch import ClockWatch, LineWatch
from tests.callcenter.wire import ACCOUNT, answers, center, connected, done, http
from tests.simulation import until
from tests.ui.seat import seated

if TYPE_CHECKING:
    from collections.abc import Iterator

Reachability = QNetworkInformation.Reachability


# ---------------------------------------------------------------------------------------------------------------- clocks


class Clocks:
    """A wall clock and a monotonic one, put forward by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 100.0

    def go_on(self, wall: float, monotonic: float) -> None:
        self.wall += wall
        self.monotonic += monotonic


@pytest.mark.parametrize(
    ("wall", "monotonic", "slept"),
    [
        (1.0, 1.0, False),
        (0.0, 0.0, False),
        (10.0, 10.0, False),  # a busy computer is no sleeping one
        (3600.0, 1.0, True),  # where the monotonic clock stops in sleep: Linux, macOS
        (3600.0, 3600.0, True),  # where it does not: Windows
        (60.0, 1.0, True),
        (-3600.0, 1.0, False),  # the clock was set back
        (-3600.0, 3600.0, True),  # ... while the computer slept
    ],
)
def test_sleep_is_what_is_missing_from_either_clock(wall: float, monotonic: float, slept: bool):
    clocks = Clocks()
    watch = ClockWatch(lambda: clocks.wall, lambda: clocks.monotonic)
    clocks.go_on(1.0, 1.0)
    assert not watch.slept()
    clocks.go_on(wall, monotonic)
    assert watch.slept() is slept
    clocks.go_on(1.0, 1.0)
    assert not watch.slept(), "one sleep is told once"


async def test_sleep_is_told(qapp: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line_watch, "_TICK", 0.001)
    clocks, parent, told = Clocks(), QObject(), asyncio.Event()
    watch = LineWatch(parent)
    watch._clocks = ClockWatch(lambda: clocks.wall, lambda: clocks.monotonic)
    watch.line_may_be_dead.connect(told.set)
    running = asyncio.create_task(watch.run())
    clocks.go_on(3600.0, 1.0)
    await told.wait()
    running.cancel()
    await asyncio.wait([running])
    parent.deleteLater()


# --------------------------------------------------------------------------------------------------------------- network


@pytest.fixture
def watch(qapp: object) -> Iterator[LineWatch]:
    parent = QObject()
    yield LineWatch(parent)
    parent.deleteLater()


async def test_the_wait_is_asked_anew_when_the_network_comes_back_or_changes(watch: LineWatch):
    network = QNetworkInformation.instance()
    assert network is not None, "Qt has no backend here"
    async with seated() as seat:
        watch.line_may_be_dead.connect(seat.desk.rearm)
        await seat.log_in()
        asked = 1
        for happens in (
            lambda: network.reachabilityChanged.emit(Reachability.Online),
            lambda: network.reachabilityChanged.emit(Reachability.Local),
            lambda: network.transportMediumChanged.emit(QNetworkInformation.TransportMedium.WiFi),
        ):
            happens()
            asked += 1
            await until(lambda asked=asked: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == asked and seat.center.waiting)
        assert seat.center.given_up == [Function.GET_CONNECTION_FOR_AGENT] * 3
        assert seat.desk.state is State.WAITING
        await seat.be_connected()


def test_a_network_that_goes_away_is_no_reason_to_ask(watch: LineWatch):
    told: list[bool] = []
    watch.line_may_be_dead.connect(lambda: told.append(True))
    watch._on_reachability_changed(Reachability.Disconnected)
    assert not told
    watch._on_reachability_changed(Reachability.Unknown)
    assert told


async def test_a_change_of_network_outside_the_queue_does_nothing(qapp: object):
    async with seated() as seat:
        seat.desk.rearm()
        await seat.talk()
        seat.desk.rearm()
        assert seat.desk.state is State.CONNECTED
        assert seat.center.given_up == []


# -------------------------------------------------------------------------------------------------- half-open connections


async def test_a_half_open_connection_is_replaced_at_once_and_the_call_comes():
    """The router has forgotten the connection: it stays open, nothing arrives on it, and nobody is told."""
    forgotten = asyncio.Event()
    waits = 0

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        nonlocal waits
        if b"getConnectionForAgent" in request:
            waits += 1
            if waits == 1:
                forgotten.set()
                await asyncio.Event().wait()
            await answers(http(connected()))(reader, writer, request)
        else:
            await answers(http(done("loginAgent")))(reader, writer, request)

    journal = Journal(None)
    await journal.open()
    async with center(act) as (client, server):
        session = AgentSession(client, ACCOUNT, journal)
        await session.log_in("4027")
        waiting = asyncio.create_task(session.next_call())
        await forgotten.wait()
        before = server.connections
        assert not waiting.done()
        session.rearm()
        call = await waiting
        assert (call.id, session.state, waits) == ("4711", State.CONNECTED, 2)
        assert server.connections == before + 1
    await journal.close()
