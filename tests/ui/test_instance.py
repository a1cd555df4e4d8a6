"""One NextCall per data folder, as programs of their own: a second start shows the first and ends, a crash leaves no claim.

A second start hands the link over that it was given, and nothing longer or else than one line is taken for one.
"""

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

from desktop.errors import LinkRefused
from desktop.link import LONGEST, parse
from desktop.ui.instance import OnlyInstance
from tests.desk import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0
LINK = "nextcall://open?campaign=1001&profile=dental"
BROKEN = "nextcall://\udce4"
"""What becomes of a byte on the command line that is no UTF-8."""
SECOND_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop.ui.instance import OnlyInstance

app = QCoreApplication([])
print("first" if OnlyInstance(Path(sys.argv[1])).claim(sys.argv[2]) else "second")
"""
SENTENCE = "NextCall is running already in this data folder; its window is shown.\n"


ASKS_TO_LEAVE = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop.ui.instance import OnlyInstance

app = QCoreApplication([])
print("left" if OnlyInstance(Path(sys.argv[1])).ask_to_leave() else "stays")
"""


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
    if sys.platform == "win32":
        return  # it has no signal that asks a program to leave
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
    if sys.platform == "win32":
        return  # it has no signal that asks a program to leave
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
    first.listen()
    with qtbot.waitSignal(first.show_requested, timeout=30_000):
        second = start(tmp_path)
    assert _ends(second) == SENTENCE
    first.release()
    assert not (tmp_path / "running.lock").exists()


@pytest.mark.parametrize("garbage", [b"", b"show", b"\x00\xff" * 100_000, b"GET / HTTP/1.1\r\n\r\n"])
def test_garbage_harms_nothing(qtbot: QtBot, tmp_path: Path, garbage: bytes):
    first = OnlyInstance(tmp_path)
    assert first.claim()
    first.listen()
    for _ in range(20):
        stranger = QLocalSocket()
        with qtbot.waitSignal(first._server.newConnection):
            stranger.connectToServer(first._name)
        stranger.write(garbage)
        stranger.flush()
        stranger.abort()
    silent = QLocalSocket()
    with qtbot.waitSignal(first._server.newConnection):
        silent.connectToServer(first._name)
    with qtbot.waitSignal(first.show_requested):  # it still listens to others
        stranger = _say(first._name, b"show\n")  # held: on Windows, what is said has arrived only when it was read
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
    only.listen()
    assert only._server.isListening()
    only.release()
    left.close()


@pytest.mark.qt_log_ignore("unexpected locking error", extend=True)  # Qt does not know this one of Windows
def test_a_folder_in_which_nothing_can_be_made_starts_all_the_same(qapp: object, tmp_path: Path):
    (tmp_path / "a file").touch()
    only = OnlyInstance(tmp_path / "a file" / "below")
    assert only.claim()
    only.listen()
    assert only._lock.error() is not QLockFile.LockError.NoError
    only.release()


# ----------------------------------------------------------------------------------------------------------------- links


def _second_start(folder: Path, link: str, script: str = SECOND_START) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(folder), link]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def _say(name: str, *parts: bytes) -> QLocalSocket:
    """Connect as anybody could, and say that."""
    stranger = QLocalSocket()
    stranger.connectToServer(name)
    for part in parts:
        stranger.write(part)
        stranger.flush()
    return stranger


@pytest.fixture
def first(qtbot: QtBot, tmp_path: Path) -> Iterator[OnlyInstance]:
    """The first instance, in this process; `heard` is what it was told."""
    only = OnlyInstance(tmp_path)
    only.heard = []
    only.show_requested.connect(lambda: only.heard.append("show"))
    only.link_received.connect(only.heard.append)
    assert only.claim()
    only.listen()
    yield only
    only.release()


@pytest.mark.parametrize("link", [LINK, "nextcall://ünknown/\t?", "--service", "x\ny", "nextcall://" + "x" * 700, BROKEN])
def test_a_second_start_hands_its_link_over(qtbot: QtBot, first: OnlyInstance, tmp_path: Path, link: str):
    second = _second_start(tmp_path, link)
    qtbot.waitUntil(lambda: len(first.heard) == 2, timeout=30_000)
    assert second.communicate(timeout=PATIENCE)[0] == "second\n"
    assert first.heard == ["show", link.replace("\n", " ").replace(BROKEN, "nextcall://?")]


def test_a_link_that_is_too_long_arrives_as_one_that_is_refused(qtbot: QtBot, first: OnlyInstance, tmp_path: Path):
    second = _second_start(tmp_path, LINK + "0" * 100_000)
    qtbot.waitUntil(lambda: len(first.heard) == 2, timeout=30_000)
    second.communicate(timeout=PATIENCE)
    assert LONGEST < len(first.heard[1]) < 1024
    with pytest.raises(LinkRefused):
        parse(first.heard[1])


def test_a_second_start_waits_for_a_first_one_that_does_not_listen_yet(qtbot: QtBot, tmp_path: Path):
    beginning = OnlyInstance(tmp_path)
    assert beginning.claim()
    second = _second_start(tmp_path, LINK)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1)
    with qtbot.waitSignal(beginning.link_received, timeout=30_000) as heard:
        beginning.listen()
    assert heard.args == [LINK]
    assert second.communicate(timeout=PATIENCE)[0] == "second\n"
    beginning.release()


def test_an_installer_waits_for_one_that_does_not_listen_yet(qtbot: QtBot, tmp_path: Path):
    beginning = OnlyInstance(tmp_path)
    beginning.leave_for_update = lambda: True
    assert beginning.claim()
    asks = _second_start(tmp_path, "", ASKS_TO_LEAVE)
    with pytest.raises(subprocess.TimeoutExpired):
        asks.wait(1)
    beginning.listen()
    with qtbot.waitSignal(beginning._server.newConnection, timeout=30_000):
        pass
    qtbot.wait(200)
    beginning.release()
    assert asks.communicate(timeout=PATIENCE)[0] == "left\n"


def test_a_start_takes_over_from_one_that_ends_before_it_listens(qtbot: QtBot, tmp_path: Path):
    beginning = OnlyInstance(tmp_path)
    assert beginning.claim()
    second = _second_start(tmp_path, LINK)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1)
    beginning.release()
    assert second.communicate(timeout=PATIENCE)[0] == "first\n"


def test_the_first_start_keeps_its_link_to_itself(qtbot: QtBot, tmp_path: Path):
    only = OnlyInstance(tmp_path)
    with qtbot.assertNotEmitted(only.link_received, wait=50):
        assert only.claim(LINK)
    only.release()


@pytest.mark.parametrize(
    "parts",
    [
        (b"link " + LINK.encode() + b"\n",),
        (b"li", b"nk " + LINK[:20].encode(), LINK[20:].encode(), b"\n"),
        (b"link " + LINK.encode() + b"\nlink nextcall://open?campaign=2\nshow\n" + b"x" * 5000,),
    ],
)
def test_a_link_is_one_line_in_however_many_pieces_it_comes(qtbot: QtBot, first: OnlyInstance, parts: tuple[bytes, ...]):
    stranger = QLocalSocket()
    stranger.connectToServer(first._name)
    *most, last = parts
    said = 0
    for part in most:
        stranger.write(part)
        stranger.flush()
        said += len(part)
        qtbot.waitUntil(lambda said=said: _arrived(first) == said, timeout=10_000)
    stranger.write(last)
    stranger.flush()
    qtbot.waitUntil(lambda: len(first.heard) == 2, timeout=10_000)
    qtbot.waitUntil(lambda: stranger.state() is QLocalSocket.LocalSocketState.UnconnectedState, timeout=10_000)
    assert first.heard == ["show", LINK]


def _arrived(first: OnlyInstance) -> int:
    """Bytes that wait to be listened to."""
    return sum(connection.bytesAvailable() for connection in first._server.findChildren(QLocalSocket))


@pytest.mark.parametrize(
    "garbage",
    [
        b"link " + b"x" * 100_000 + b"\n",
        b"show\nlink " + LINK.encode() + b"\n",
        b"link" + LINK.encode() + b"\n",
        b"LINK " + LINK.encode() + b"\n",
        b"\n",
        b"\x00\xff" * 5000,
        b"link " + LINK.encode(),  # and away, in the middle of the line
    ],
)
def test_what_is_no_line_with_a_link_is_none(qtbot: QtBot, first: OnlyInstance, garbage: bytes):
    stranger = _say(first._name, garbage)
    if b"\n" not in garbage and len(garbage) < 1024:
        qtbot.waitUntil(lambda: _arrived(first) == len(garbage), timeout=10_000)
        stranger.disconnectFromServer()
    qtbot.waitUntil(lambda: stranger.state() is QLocalSocket.LocalSocketState.UnconnectedState, timeout=10_000)
    after = _say(first._name, b"link " + LINK.encode() + b"\n")  # and the next one is heard
    qtbot.waitUntil(lambda: LINK in first.heard, timeout=10_000)
    assert set(first.heard) == {"show", LINK}
    after.abort()


def test_a_link_with_bytes_that_are_no_text_is_passed_on_as_text(qtbot: QtBot, first: OnlyInstance):
    stranger = _say(first._name, b"link nextcall://\xff\x00\xc3\n")
    qtbot.waitUntil(lambda: len(first.heard) == 2, timeout=10_000)
    assert first.heard[1] == "nextcall://\ufffd\x00\ufffd"
    stranger.abort()


def test_a_hundred_links_at_once_are_all_heard(qtbot: QtBot, first: OnlyInstance):
    strangers = []
    for number in range(100):
        strangers.append(_say(first._name, b"link %d\n" % number))
        qtbot.waitUntil(lambda number=number: str(number) in first.heard, timeout=10_000)
    assert [one for one in first.heard if one != "show"] == [str(number) for number in range(100)]
    for stranger in strangers:
        stranger.abort()
    qtbot.waitUntil(lambda: not first._server.findChildren(QLocalSocket), timeout=10_000)


# -------------------------------------------------------------------------------------------------------------- updates


def _quit_for_update(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "desktop", "--data-dir", str(folder), "--quit-for-update"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_who_is_asked_by_an_installer_leaves(qapp: object, start: Callable[[Path], subprocess.Popen[str]], tmp_path: Path):
    """The whole program: nobody is logged in, so it ends, and is gone by the time that the other one says so."""
    first = start(tmp_path)
    _up(tmp_path)
    assert _quit_for_update(tmp_path) == (0, "No NextCall runs now in this data folder.\n")
    assert not (tmp_path / "running.lock").exists()
    assert _ends(first) == ""
    assert _quit_for_update(tmp_path)[0] == 0  # nobody is there


def test_who_is_on_a_call_stays_and_no_window_comes_up(qtbot: QtBot, first: OnlyInstance, tmp_path: Path):
    asked = []
    first.leave_for_update = lambda: bool(asked.append("leave"))
    other = _second_start(tmp_path, "", ASKS_TO_LEAVE)
    qtbot.waitUntil(lambda: other.poll() is not None, timeout=30_000)
    assert other.communicate()[0] == "stays\n"
    assert (asked, first.heard) == (["leave"], [])
    assert not first._server.findChildren(QLocalSocket)


def test_what_counts_is_that_it_has_left(qtbot: QtBot, first: OnlyInstance, tmp_path: Path):
    """It answers, and takes a while to be gone."""
    leaving = []
    first.leave_for_update = lambda: not leaving.append("leaving")
    other = _second_start(tmp_path, "", ASKS_TO_LEAVE)
    qtbot.waitUntil(lambda: leaving != [], timeout=30_000)
    qtbot.wait(300)
    assert other.poll() is None
    first.release()
    assert other.communicate(timeout=PATIENCE)[0] == "left\n"


def test_who_does_not_answer_stays(qapp: object, first: OnlyInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its loop does not run, as if it hung."""
    for patience in ("_PATIENCE", "_LONGEST_GOODBYE"):
        monkeypatch.setattr(f"desktop.ui.instance.{patience}", 200)
    assert not OnlyInstance(tmp_path).ask_to_leave()


def test_a_claim_that_a_crash_has_left_keeps_no_update_waiting(
    qapp: object, start: Callable[[Path], subprocess.Popen[str]], tmp_path: Path
):
    crashed = start(tmp_path)
    _up(tmp_path)
    crashed.kill()
    crashed.wait()
    assert (tmp_path / "running.lock").exists()
    assert OnlyInstance(tmp_path).ask_to_leave()
