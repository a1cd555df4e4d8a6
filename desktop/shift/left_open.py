"""Whether an earlier start may have left calls open, told before the journal is there: it decides which window comes first.

It is asked on the windows' thread, so it takes no more than a look at an index, and where that is not enough it says "maybe".
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


def may_have_open_calls(journal: Path) -> bool:
    """Whether there may be calls in the file `journal` that are not settled. True, too, where it cannot be told at once."""
    if not journal.exists():
        return False
    # One that was not closed as it should be is left as it is: the journal tells by that whether to read all of it through.
    mode = "ro" if journal.with_name(f"{journal.name}-wal").exists() else "rw"
    try:
        db = sqlite3.connect(f"{journal.resolve().as_uri()}?mode={mode}", uri=True, timeout=0, isolation_level=None)
        try:
            (found,) = db.execute(
                "SELECT EXISTS (SELECT 1 FROM shift JOIN open_call ON open_call.shift_id = shift.id WHERE ended_at IS NULL)"
            ).fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return True
    return bool(found)
