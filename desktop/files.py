"""Reading and replacing a file that another program may be looking at: a virus scanner, a backup, a second thread of ours.

Windows refuses both in such a moment, which is over soon; other systems do not mind. Everything here may block for a second.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

Result = TypeVar("Result")

_PATIENCE = 1.0
"""Seconds after which it was no moment, and the refusal is told."""

_PAUSE = 0.01


def read(path: Path) -> bytes:
    """All that is in it. Raises OSError."""
    return _patiently(path.read_bytes)


def write(path: Path, content: bytes) -> None:
    """Have this and nothing else in `path`, on the disk: the whole of it, or what was there before. Raises OSError."""
    beside = path.with_name(f"{uuid4().hex}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def replace(beside: Path, path: Path) -> None:
    """Put the file `beside` in the place of `path`: whoever reads meanwhile has the old one or the new one. Raises OSError."""
    _patiently(lambda: beside.replace(path))


def _patiently(act: Callable[[], Result]) -> Result:
    last = time.monotonic() + _PATIENCE
    while True:
        try:
            return act()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > last:
                raise
        time.sleep(_PAUSE)
