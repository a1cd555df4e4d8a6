"""One NextCall per data folder, as programs of their own: a second start shows the first and ends, a crash leaves no claim."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QLockFile
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop.ui.instance import OnlyInstance
from tests.desk import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

PATIENCE = 30.0
SENTENCE = "NextCall is running already in this data folder; its window is shown.\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts NextCall, offscreen, in a data folder; whatever still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def one(folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "desktop", "--data-dir", str(folder), "--service", "http://127.0.0.1:1/service?wsdl"]
        env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
        started.append(program)
        return program

    yield one
    for program in started:
        with suppress(ProcessLookupError):
            program.kill()
        program.communicate()


def _up(folder: Path) -> None:
    """Wait until the program in `folder` has its windows; its lock is there by then."""
    log = folder / "nextcall.log"
    wait_until(lambda: log.exists() and "NextCall" in log.read_text() and (folder / "journal.db").exists(), "the start", PATIENCE)


def _ends(program: subprocess.Popen[str]) -> str:
    said, _ = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0
    return said


def _name(folder: Path) -> str:
    return OnlyInstance(folder)._name


def _socket(folder: Path) -> Path | None:
    """Where Qt has put the socket, if it is there."""
    server = QLocalServer()
    server.listen(_name(folder) + "-beside")
    beside = server.fullServerName()
    server.close()
    path = Path(beside.removesuffix("-beside"))
    return path if path.exists() else None


def test_a_second_start_ends_with_a_sentence_and_a_third_in_another_folder_is_on_its_own(
    qapp: object, start: Callable[[Path], subprocess.Popen[str]], tmp_path: Path
):
    first = start(tmp_path / "one")
    _up(tmp_path / "one")
    assert _socket(tmp_path / "one")
    assert _ends(start(tmp_path / "one")) == SENTENCE
    other = start(tmp_path / "other")
    _up(tmp_path / "other")
    assert first.poll() is None
    assert other.poll() is None
    for program in (first, other):
        program.send_signal(signal.SIGTERM)
        assert _ends(program) == ""
    for folder in ("one", "other"):
        assert not (tmp_path / folder / "running.lock").exists()
        assert not _socket(tmp_path / folder)


def test_after_a_crash_the_next_start_is_the_first(qapp: object, start: Callable[[Path], subprocess.Popen[str]], tmp_path: Path):
    crashed = start(tmp_path)
    _up(tmp_path)
    crashed.kill()
    crashed.wait()
    assert (tmp_path / "running.lock").exists()
    (tmp_path / "nextcall.log").unlink()
    again = start(tmp_path)
    _up(tmp_path)
    assert _ends(start(tmp_path)) == SENTENCE
    again.send_signal(signal.SIGTERM)
    assert _ends(again) == ""
    assert not (tmp_path / "running.lock").exists()
    assert not _socket(tmp_path)


def test_a_second_start_shows_the_window_of_the_first(
    qtbot: QtBot, start: Callable[[Path], subprocess.Popen[str]], tmp_path: Path
):
    """The first one lives in this process."""
    first = OnlyInstance(tmp_path)
    assert first.claim()
    with qtbot.waitSignal(first.show_requested, timeout=30_000):
        second = start(tmp_path)
    assert _ends(second) == SENTENCE
    first.release()
    assert not (tmp_path / "running.lock").exists()


@pytest.mark.parametrize("garbage", [b"", b"show", b"\x00\xff" * 100_000, b"GET / HTTP/1.1\r\n\r\n"])
def test_garbage_harms_nothing(qtbot: QtBot, tmp_path: Path, garbage: bytes):
    first = OnlyInstance(tmp_path)
    assert first.claim()
    for _ in range(20):
        stranger = QLocalSocket()
        with qtbot.waitSignal(first.show_requested):
            stranger.connectToServer(first._name)
        stranger.write(garbage)
        stranger.flush()
        stranger.abort()
    silent = QLocalSocket()
    with qtbot.waitSignal(first.show_requested):
        silent.connectToServer(first._name)
    first.release()
    again = OnlyInstance(tmp_path)
    assert again.claim()
    again.release()
    silent.abort()


def test_who_has_the_lock_is_the_first_even_if_the_socket_of_a_crash_is_left(qapp: object, tmp_path: Path):
    left = QLocalServer()
    assert left.listen(_name(tmp_path))
    only = OnlyInstance(tmp_path)
    assert only.claim()
    assert only._server.isListening()
    only.release()
    left.close()


def test_a_folder_in_which_nothing_can_be_made_starts_all_the_same(qapp: object, tmp_path: Path):
    (tmp_path / "a file").touch()
    only = OnlyInstance(tmp_path / "a file" / "below")
    assert only.claim()
    assert only._lock.error() is not QLockFile.LockError.NoError
    only.release()
