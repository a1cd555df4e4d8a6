"""The line between NextCall and a call center, in the hands of a test: it can be cut, its answers held, lost or replaced.

Requests are passed on as they are, one connection each, so the call center behind it is the real practice service. On threads of
its own, because what it serves may be in this process or in another one.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self
from urllib.parse import urlsplit

from desktop.callcenter.model import Function
from tests.desk import wait_until

HOST = "127.0.0.1"


class Line:
    """Listens on a port of its own and passes on to the service at `url`. Not connected before `mend()`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or HOST, parts.port or 80)
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._mischief: dict[str, Callable[[socket.socket, socket.socket], None]] = {}
        self.asked: list[str] = []
        """The functions that were asked for, in order; documents are not."""
        with socket.socket() as free:
            free.bind((HOST, 0))
            self._port = free.getsockname()[1]
        self.service_url = f"http://{HOST}:{self._port}{parts.path}?{parts.query}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        for thread in self._threads:
            thread.join()

    # what a test does to it

    def mend(self) -> Self:
        """Listen (again)."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self._port))
        listener.listen()
        self._listener = listener
        self._start(lambda: self._listen(listener))
        return self

    def cut(self) -> None:
        """Take no connection any more, and break those that are there."""
        with self._lock:
            if self._listener is not None:
                _close(self._listener)
                self._listener = None
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def hold(self, function: Function) -> threading.Event:
        """Hold the answers to this function, which the service gives all the same, until the event is set."""
        go_on = threading.Event()

        def act(client: socket.socket, service: socket.socket) -> None:
            answer = _all_of(service)
            while not go_on.wait(0.02):
                if _has_gone(client):
                    return
            client.sendall(answer)

        self._mischief[function] = act
        return go_on

    def lose_answer(self, function: Function) -> None:
        """Once: the service does what it is asked, and nobody hears of it."""

        def act(_client: socket.socket, service: socket.socket) -> None:
            del self._mischief[function]
            _all_of(service)

        self._mischief[function] = act

    def answer(self, function: Function, status: str, kind: str, content: bytes) -> None:
        """Once: somebody on the way answers, and the service never hears of it."""
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"

        def act(client: socket.socket, _service: socket.socket) -> None:
            del self._mischief[function]
            client.sendall(head.encode() + content)

        act.keeps_the_request = True  # type: ignore[attr-defined]
        self._mischief[function] = act

    def wait_until_asked(self, function: Function) -> None:
        wait_until(lambda: function in self.asked, f"{function} to be asked for")

    # the passing on

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="a line", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._start(lambda client=client: self._serve(client, listener))

    def _serve(self, client: socket.socket, listener: socket.socket) -> None:
        with contextlib.suppress(OSError), client, self._held(client, listener):
            request = _request(client)
            function = next((one for one in Function if f"{one}>".encode() in request.partition(b"\r\n\r\n")[2]), None)
            if function is not None:
                self.asked.append(function)
            act = self._mischief.get(function or "", _pass_on)
            with socket.create_connection(self._target) as service, self._held(service, listener):
                if not hasattr(act, "keeps_the_request"):
                    service.sendall(request)
                act(client, service)

    @contextlib.contextmanager
    def _held(self, one: socket.socket, listener: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._listener is not listener:
                raise ConnectionAbortedError  # cut since it was accepted
            self._open.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(one)


def _request(client: socket.socket) -> bytes:
    """One whole HTTP request, made to close its connection afterwards."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(client)
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(sizes[0] if sizes else 0):
        body += _some(client)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


def _some(one: socket.socket) -> bytes:
    data = one.recv(65536)
    if not data:
        raise ConnectionError
    return data


def _all_of(one: socket.socket) -> bytes:
    data = b""
    while more := one.recv(65536):
        data += more
    return data


def _pass_on(client: socket.socket, service: socket.socket) -> None:
    """What the service answers goes to the client, until either of them goes."""
    while True:
        ready = select.select([client, service], [], [])[0]
        if client in ready:
            return  # it has said all that it had to say, so this is its end
        data = service.recv(65536)
        if not data:
            return
        client.sendall(data)


def _has_gone(client: socket.socket) -> bool:
    return bool(select.select([client], [], [], 0)[0])


def _close(listener: socket.socket) -> None:
    """Closing alone would leave the thread in accept()."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
