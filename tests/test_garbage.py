"""Garbage is collected on the windows' thread only, whichever thread made it."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING

from desktop.app import App, Options, QtApplication
from desktop.tasks import in_thread

if TYPE_CHECKING:
    from pathlib import Path


class Cycle:
    """Can only be collected; says where it was."""

    def __init__(self, ends: list[threading.Thread]) -> None:
        self.me = self
        self.ends = ends

    def __del__(self) -> None:
        self.ends.append(threading.current_thread())


async def test_garbage_of_another_thread_is_collected_here(qapp: QtApplication, tmp_path: Path) -> None:
    ends: list[threading.Thread] = []
    gc.enable()  # as a program starts
    app = App(qapp, Options(practice=True, data_dir=tmp_path))
    app._garbage.start()
    try:
        await in_thread(lambda: [Cycle(ends) for _ in range(5_000)] and None, "allocates")
        while len(ends) < 5_000:
            await asyncio.sleep(0.01)
    finally:
        app._garbage.stop()
    assert set(ends) == {threading.main_thread()}
