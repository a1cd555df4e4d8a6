"""One running NextCall per data folder: two would write one journal and answer one call twice. A second start shows the first.

A second start that was given a link hands it over; one that an installer makes asks the first to leave. Whatever arrives is
hostile: it is one short line, and this module only passes it on; link.py says whether it is a link at all.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDeadlineTimer, QLockFile, QObject, QThread, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_AGAIN_AFTER = 50
"""Milliseconds until a first instance is looked for again that is only just beginning, and does not listen yet."""
_PATIENCE = 5000
"""Milliseconds that the first instance may take to answer: on Windows, what is said has arrived only when it was read."""
_LONGEST_GOODBYE = 30_000
"""Milliseconds from its answer until a first instance that leaves for an update is gone."""
_SHOW = b"show\n"
_LINK = b"link "
_LEAVE = b"leave for an update\n"
_LEAVING, _STAYING = b"leaving\n", b"staying\n"
_LONGEST = 1024
"""Bytes of what a second start may say; a link is shorter (link.py)."""


class OnlyInstance(QObject):
    """The claim to a data folder."""

    show_requested = Signal()
    link_received = Signal(str)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.leave_for_update: Callable[[], bool] = lambda: False
        """What is done when an installer asks this instance to leave; tells whether it does."""
        whose = f"{getpass.getuser()} {folder.resolve()}"
        self._name = "nextcall-" + hashlib.sha256(whose.encode()).hexdigest()[:24]
        with contextlib.suppress(OSError):  # whoever wants to keep something there tells of it
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = QLockFile(str(folder / "running.lock"))
        self._lock.setStaleLockTime(0)  # a lock is stale when its process is gone, and only then
        self._server: QLocalServer | None = None

    def claim(self, link: str = "") -> bool:
        """Whether this is the only instance. If it is not, the first one has been asked to show itself and was given `link`.

        A folder in which no lock can be made is nobody's: nothing is kept there that two could spoil.
        """
        patience = QDeadlineTimer(_PATIENCE)
        while not self._is_claimed():
            if (socket := self._first()) is not None:
                socket.write(_said(link) if link else _SHOW)
                socket.waitForBytesWritten(_PATIENCE)
                socket.disconnectFromServer()
                return False
            if patience.hasExpired():
                log.info("another NextCall runs in this data folder but does not answer")
                return False
            QThread.msleep(_AGAIN_AFTER)
        return True

    def listen(self) -> None:
        """Hear of second starts. Not before the first window is there: what this needs is large."""
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        QLocalServer.removeServer(self._name)  # ours is the lock, so whatever is left there is of a crash
        if not self._server.listen(self._name):
            log.info("a second start cannot show this one: %s", self._server.errorString())

    def ask_to_leave(self) -> bool:
        """Ask the first instance to leave for an update, and wait until it has; whether nobody is there now.

        Takes at most half a minute. What counts is that its claim is gone, whatever it has said.
        """
        patience = QDeadlineTimer(_PATIENCE)
        while not self._is_free(0):
            if (socket := self._first()) is not None:
                return _says_that_it_leaves(socket) and self._is_free(_LONGEST_GOODBYE)
            if patience.hasExpired():
                return False
            QThread.msleep(_AGAIN_AFTER)  # it is about to end, or to begin
        return True

    def release(self) -> None:
        """Let the next start be the first."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _is_claimed(self) -> bool:
        """Whether the folder is this instance's."""
        return self._lock.tryLock(0) or self._lock.error() is not QLockFile.LockError.LockFailedError

    def _is_free(self, patience: int) -> bool:
        """Whether nobody claims the folder after so many milliseconds; one in which no lock can be made is nobody's."""
        if not self._lock.tryLock(patience):
            return self._lock.error() is not QLockFile.LockError.LockFailedError
        self._lock.unlock()
        return True

    def _first(self) -> QLocalSocket | None:
        """A line to the first instance, if it listens."""
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self._name)
        return socket if socket.waitForConnected(_PATIENCE) else None

    def _on_connection(self) -> None:
        assert self._server is not None  # noqa: S101 - who else tells of connections
        connection = self._server.nextPendingConnection()
        connection.readyRead.connect(self._on_said)
        connection.disconnected.connect(connection.deleteLater)

    def _on_said(self) -> None:
        """Listen to one line, once; a longer one is none."""
        from PySide6.QtNetwork import QLocalSocket

        connection = self.sender()  # a lambda that holds the connection takes the program down when both go away
        if not isinstance(connection, QLocalSocket):
            return
        line, ended, _ = bytes(connection.peek(_LONGEST).data()).partition(b"\n")
        if not ended and len(line) < _LONGEST:
            return
        if ended and line + b"\n" == _LEAVE:
            connection.readyRead.disconnect(self._on_said)
            connection.write(_LEAVING if self.leave_for_update() else _STAYING)  # whoever asked hangs up when it is read
            return
        connection.abort()
        self.show_requested.emit()  # whatever else it says: whoever starts NextCall wants to see it
        if ended and line.startswith(_LINK):
            self.link_received.emit(line.removeprefix(_LINK).decode("utf-8", errors="replace"))


def _says_that_it_leaves(socket: QLocalSocket) -> bool:
    """Ask the first instance to leave for an update. One that does not answer may leave all the same."""
    socket.write(_LEAVE)
    while not socket.canReadLine() and socket.waitForReadyRead(_PATIENCE):
        pass
    return socket.readLine().data() != _STAYING


def _said(link: str) -> bytes:
    """A link as a line. What does not fit is cut short: it is no link, and the first instance says so to the agent."""
    return _LINK + link.replace("\n", " ").encode("utf-8", errors="replace")[: _LONGEST - len(_LINK) - 1] + b"\n"
