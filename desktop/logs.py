"""The log file: what an IT person needs to understand a bad day, and nothing about anybody on the phone.

Nobody logs a key, a name, notes or a whole phone number in the first place; the libraries that could are held at WARNING here.
"""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

_TALKATIVE = ("httpx", "httpcore", "h11", "zeep", "urllib3", "keyring", "asyncio", "qasync", "jeepney", "uvicorn")
_MEGABYTE = 1024 * 1024


def set_up(folder: Path) -> Path:
    """Log to `nextcall.log` in `folder` (three files of 1 MB at most) and return its path. A read-only folder gets no log."""
    path = folder / "nextcall.log"
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_MEGABYTE, backupCount=2, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root.addHandler(handler)
    return path
