"""What the practice's tests share: scenarios, a center, and a service that is stopped afterwards."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from desktop.practice.center import PracticeCenter
from desktop.practice.scenario import Scenario, load_scenario
from desktop.practice.server import PracticeService
from tests.practice.outside import Caller, Dice, HandClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def scenario() -> Scenario:
    """The shipped scenario with waits that can be counted: a ring of 3 s, 4 to 12 s in the queue."""
    return msgspec.structs.replace(load_scenario(), ring_seconds=3, wait_seconds=(4, 12))


@pytest.fixture
def center(scenario: Scenario, clock: HandClock) -> PracticeCenter:
    return PracticeCenter(scenario, clock, random.Random(7))


@pytest.fixture
def hurried(scenario: Scenario) -> Scenario:
    """The same, but nothing takes any time."""
    return msgspec.structs.replace(scenario, ring_seconds=0, wait_seconds=(0, 0))


@pytest.fixture
def dice() -> Dice:
    return Dice(7)


@pytest.fixture
def service(hurried: Scenario, dice: Dice) -> Iterator[PracticeService]:
    running = PracticeService(hurried, dice=dice)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def caller(service: PracticeService) -> Caller:
    return Caller(service.service_url)


@pytest.fixture(scope="module")
def standing() -> Iterator[Caller]:
    """A caller of a service that a whole module shares: for requests that leave no trace there."""
    running = PracticeService(load_scenario())
    running.start()
    yield Caller(running.service_url)
    running.stop()


@pytest.fixture(scope="session")
def php() -> str:
    """PHP with its SOAP extension. On a build machine it must be there, else this would be tested nowhere."""
    found = shutil.which("php")
    if found and "soap" in subprocess.run([found, "-m"], capture_output=True, text=True, check=True).stdout.split():
        return found
    reason = "PHP with its soap extension is not installed"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
