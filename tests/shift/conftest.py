"""What the tests of a shift share: a call center in memory, a journal in memory, and pauses too short to wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from desktop.shift import delivery
from desktop.shift import session as session_module
from desktop.shift.journal import Journal
from tests.simulation import SimulatedCallCenter

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def center() -> SimulatedCallCenter:
    return SimulatedCallCenter()


@pytest.fixture
def journal() -> Iterator[Journal]:
    """A journal without a file, open."""
    opened = Journal(None)
    asyncio.run(opened.open())
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of milliseconds, in the same proportion."""
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.0005)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.005)
    monkeypatch.setattr(session_module, "LONGEST_PAUSE", 0.005)
