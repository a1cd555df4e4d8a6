"""What every SQLite file of ours holds to: whose it is, what makes it damaged or too new, how its schema grows, how it fails.

It must not know what is in them. Everything here blocks: not for the thread of the windows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


class DamagedError(Exception):
    """The file is not what it should be, or not the whole of it."""


class NewerError(Exception):
    """The file was written by a newer NextCall."""


def connect(path: Path, patience: int) -> sqlite3.Connection:
    """The file at `path`, made if there is none, for this user only. Whoever is in the way is waited for `patience` milliseconds.

    Raises OSError, or what SQLite says.
    """
    path.touch(mode=0o600)
    path.chmod(0o600)  # SQLite gives this to the files beside it, too
    return sqlite3.connect(path, timeout=patience / 1000, isolation_level=None)


def insist(db: sqlite3.Connection, *settings: tuple[str, str, object]) -> None:
    """Make each setting (PRAGMA, value, what it then says) and read it back: SQLite may leave one as it is without a word."""
    for name, value, wanted in settings:
        db.execute(f"PRAGMA {name} = {value}")
        (found,) = db.execute(f"PRAGMA {name}").fetchone()
        if found != wanted:
            raise sqlite3.OperationalError(f"{name} is {found}, not {wanted}")


def check(db: sqlite3.Connection) -> None:
    """Read all of it, without comparing indexes with tables. Raises DamagedError, or what SQLite says."""
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(str(found).splitlines()[0])


def version(db: sqlite3.Connection, schema: Path) -> int:
    """The number of the last step of `schema` that the file has seen; 0 if it is new. Raises NewerError and DamagedError."""
    # In one statement: another program may be taking the first step just now.
    seen, tables = db.execute("SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version").fetchone()
    known = len(_steps(schema))
    if seen > known:
        raise NewerError(f"it has version {seen}, this NextCall knows {known}")
    if seen < 0 or bool(seen) is not bool(tables):
        raise DamagedError("it is none of NextCall's")
    return int(seen)


def migrate(db: sqlite3.Connection, schema: Path, path: Path | None) -> None:
    """Bring the file up to date: the numbered .sql files of the folder `schema`, each in one transaction.

    Before each a copy of the file at `path` is kept beside it. Another program may be doing the same: a step is taken once.
    """
    seen = version(db, schema)
    for number, step in enumerate(_steps(schema)[seen:], start=seen + 1):
        if path is not None and seen:  # a new file has nothing to keep
            copy = path.with_suffix(f".before-{number}")
            copy.unlink(missing_ok=True)
            db.execute("VACUUM INTO ?", (str(copy),))
            copy.chmod(0o600)
        transaction(db, partial(_take, schema=schema, number=number, step=step))


def _take(db: sqlite3.Connection, *, schema: Path, number: int, step: Path) -> None:
    if version(db, schema) >= number:
        return
    for statement in _statements(step.read_text(encoding="utf-8")):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {number}")


def _steps(schema: Path) -> list[Path]:
    return sorted(schema.glob("*.sql"))


def _statements(script: str) -> Iterator[str]:
    """One after another: executescript() would end the transaction that they are to be in. Each ends with its line."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement


def transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Result]) -> Result:
    """Do `work` wholly or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


DAMAGES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""The codes by which SQLite calls a file damaged."""

_DISK_FAILURES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the data folder cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the data folder cannot be written",
    sqlite3.SQLITE_PERM: "the data folder cannot be written",
    sqlite3.SQLITE_BUSY: "another program holds {name}",
    sqlite3.SQLITE_LOCKED: "another program holds {name}",
    sqlite3.SQLITE_IOERR: "the disk does not read or write",
    sqlite3.SQLITE_CORRUPT: "{name} is damaged",
    sqlite3.SQLITE_NOTADB: "{name} is damaged",
}
"""What SQLite says of a disk, by its primary code, in words. Anything else it says is a mistake of ours."""


def code(failure: Exception) -> int:
    """SQLite's primary error code; 0 if it has none."""
    return getattr(failure, "sqlite_errorcode", 0) & 0xFF


def is_of_the_disk(failure: Exception) -> bool:
    """Whether SQLite speaks of disk or file, and not of a mistake of ours."""
    return code(failure) in _DISK_FAILURES


def in_words(failure: Exception, name: str) -> str:
    """Why the file, which people know as `name`, cannot be used."""
    if isinstance(failure, OSError):
        return failure.strerror or "the data folder cannot be written"
    words = _DISK_FAILURES.get(code(failure))
    return words.format(name=name) if words else str(failure)
