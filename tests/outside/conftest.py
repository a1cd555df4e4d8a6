"""What the tests of other systems share: an authority of our own, and names that lead to this computer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from desktop.callcenter import network
from tests.callcenter.wire import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """An authority that this computer trusts, and no other."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    network.tls_context.cache_clear()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(network.sys, "platform", "linux")  # the certificates of a file are trusted there
        network.tls_context()
    yield authority
    network.tls_context.cache_clear()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name under .test is this computer."""
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **others: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if str(name).endswith(".test") else host, *rest, **others)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
