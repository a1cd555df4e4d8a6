"""Files that somebody else has open: Windows refuses them then, and NextCall waits for a moment."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from desktop import files

if TYPE_CHECKING:
    from pathlib import Path

on_windows = pytest.mark.skipif(sys.platform != "win32", reason="only Windows refuses a file that somebody has open")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A new file, and an old one for which it comes."""
    beside, path = tmp_path / "new", tmp_path / "file"
    beside.write_bytes(b"new")
    path.write_bytes(b"old")
    return beside, path


def test_one_file_takes_the_place_of_another(pair: tuple[Path, Path]):
    beside, path = pair
    assert files.read(path) == b"old"
    files.replace(beside, path)
    assert files.read(path) == b"new"
    assert not beside.exists()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "file"
    files.write(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    files.write(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        files.replace(tmp_path / "nothing", tmp_path / "file")


@on_windows
def test_a_file_that_is_looked_at_just_now_is_waited_for(pair: tuple[Path, Path]):
    beside, path = pair
    with path.open("rb"):
        replacing = threading.Thread(target=files.replace, args=pair)
        replacing.start()
        replacing.join(0.1)
        assert replacing.is_alive()
        assert path.read_bytes() == b"old"
    replacing.join()
    assert (path.read_bytes(), beside.exists()) == (b"new", False)


@on_windows
def test_a_file_that_is_never_let_go_is_not_waited_for_long(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    beside, path = pair
    with path.open("rb"), pytest.raises(PermissionError):
        files.replace(beside, path)
    assert (path.read_bytes(), beside.read_bytes()) == (b"old", b"new")
