"""What SQLite files of ours hold to, also when two programs begin the same one; the rest is tried by journal and audit log."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from desktop import database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    step = """
        -- A comment; with a semicolon.
        CREATE TABLE act (name TEXT);  -- and another; one
        CREATE TRIGGER act_stays BEFORE DELETE ON act BEGIN
            SELECT 1; SELECT raise(ABORT, 'stays; here');
        END;
        INSERT INTO act VALUES ('first; of all');
    """
    (folder / "0001.sql").write_text(step, encoding="utf-8")
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "one.db"


@contextlib.contextmanager
def _open(file: Path, patience: int = 10_000) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(database.connect(file, patience)) as db:
        yield db


def test_a_step_is_taken_whole(file: Path, schema: Path):
    with _open(file) as db:
        database.migrate(db, schema, file)
        assert db.execute("SELECT name FROM act").fetchall() == [("first; of all",)]
        with pytest.raises(sqlite3.IntegrityError, match="stays; here"):
            db.execute("DELETE FROM act")
        assert database.version(db, schema) == 1


def test_a_step_that_breaks_off_is_not_taken_at_all(file: Path, schema: Path):
    (schema / "0002.sql").write_text("CREATE TABLE more (name TEXT);\nDROP TABLE nothing;\n", encoding="utf-8")
    with _open(file) as db:
        with pytest.raises(sqlite3.OperationalError, match="nothing"):
            database.migrate(db, schema, file)
        assert database.version(db, schema) == 1
        assert db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall() == [("act",)]


@pytest.mark.parametrize("end", ["", ";", "\n", "-- the end", ";\n-- the end\n\n"])
def test_a_step_may_end_in_any_way(file: Path, schema: Path, end: str):
    (schema / "0002.sql").write_text(f"CREATE TABLE more (name TEXT){end}", encoding="utf-8")
    with _open(file) as db:
        database.migrate(db, schema, file)
        assert database.version(db, schema) == 2
        assert db.execute("SELECT * FROM more").fetchall() == []


def test_programs_that_begin_a_file_at_once_take_each_step_once(file: Path, schema: Path):
    """All have seen that the file is new before any of them may write."""
    several = 3
    waiting = threading.Barrier(several + 1)
    failures: list[Exception] = []

    def begin() -> None:
        with _open(file) as db:
            db.set_trace_callback(lambda statement: waiting.wait(30) and None if statement == "BEGIN IMMEDIATE" else None)
            try:
                database.migrate(db, schema, file)
            except Exception as failure:  # noqa: BLE001 - looked at below
                failures.append(failure)

    programs = [threading.Thread(target=begin) for _ in range(several)]
    for program in programs:
        program.start()
    waiting.wait(30)
    for program in programs:
        program.join()
    assert failures == []
    with _open(file) as db:
        assert db.execute("SELECT name FROM act").fetchall() == [("first; of all",)]


def test_who_looks_while_another_begins_the_file_takes_it_for_new_or_for_begun(file: Path, schema: Path):
    with _open(file) as db, _open(file, patience=0) as other:
        asked: list[str] = []

        def begin(statement: str) -> None:
            asked.append(statement)
            if len(asked) == 2:  # in the middle of looking, if that can be seen at all
                with contextlib.suppress(sqlite3.OperationalError):  # the one who looks keeps it out: as good
                    database.migrate(other, schema, file)

        db.set_trace_callback(begin)
        assert database.version(db, schema) in {0, 1}
