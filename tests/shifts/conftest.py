"""What the shifts share: a quick practice scenario, and that no key is left anywhere afterwards."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from desktop.practice.scenario import Scenario, load_scenario
from desktop.practice.server import PracticeService
from tests.practice.outside import Dice
from tests.shifts.agent import KEY, LiveShift, at_work_live
from tests.shifts.line import Line
from tests.shifts.program import Program, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from desktop.app import QtApplication
    from tests.desk import Desk


@pytest.fixture
def quick() -> Scenario:
    """The shipped scenario, in which nobody has to wait long."""
    return msgspec.structs.replace(load_scenario(), key=KEY, ring_seconds=0.05, wait_seconds=(0.05, 0.1))


@pytest.fixture
def dice() -> Dice:
    """Who shall wait, and for how long."""
    return Dice()


@pytest.fixture
def service(quick: Scenario, dice: Dice) -> Iterator[PracticeService]:
    """A practice service that stands for the hosted one."""
    running = PracticeService(quick, dice=dice)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def line(service: PracticeService) -> Iterator[Line]:
    """The line to that service. Nobody answers on it before `mend()`."""
    with Line(service.service_url) as line:
        yield line


@pytest.fixture
def live_shift(
    qapp: QtApplication, tmp_path: Path, line: Line, service: PracticeService
) -> Callable[[], AbstractAsyncContextManager[LiveShift]]:
    """Opens a live desk on that line: `async with live_shift() as shift`."""
    return lambda: at_work_live(qapp, tmp_path, line, service)


@pytest.fixture(scope="module")
def center(xdesk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A practice service as a program of its own, for all tests here."""
    service = Service(xdesk, tmp_path_factory.mktemp("center"))
    yield service
    service.end()


@pytest.fixture
def start(xdesk: Desk, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts NextCall on the desk, with one data folder for all starts of a test."""
    started: list[Program] = []

    def start(*arguments: str) -> Program:
        started.append(Program(xdesk, tmp_path / "data", *arguments))
        return started[-1]

    yield start
    for program in started:
        program.kill()


@pytest.fixture(autouse=True)
def _an_app_leaves_the_process_as_it_was() -> Iterator[None]:
    """What a program may take over for its whole life, a test has to give back."""
    root = logging.getLogger()
    level, handlers, hooks = root.level, list(root.handlers), (sys.excepthook, threading.excepthook)
    yield
    sys.excepthook, threading.excepthook = hooks
    root.setLevel(level)
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
        handler.close()


@pytest.fixture(autouse=True)
def _no_key_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Not in a file below the test's folder, and not in anything that was logged."""
    caplog.set_level(logging.INFO)
    yield
    for when in ("setup", "call"):
        assert not [text for text in map(logging.Formatter().format, caplog.get_records(when)) if KEY in text]
    assert_no_key_below(tmp_path)


def assert_no_key_below(folder: Path) -> None:
    assert not [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
