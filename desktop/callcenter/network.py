"""What this computer knows about the way out: its proxies, its trusted certificates, and how a silent connection is kept alive.

Standard library and truststore only; nothing is connected here.
"""

from __future__ import annotations

import socket
import ssl
import sys
import urllib.request
from functools import cache
from pathlib import Path

from desktop.callcenter.addresses import origin_of

KEEP_ALIVE_AFTER, KEEP_ALIVE_EVERY, KEEP_ALIVE_TRIES = 30, 10, 4
"""Seconds of silence before the first probe, seconds between probes, and lost probes until the connection is given up. Routers
forget silent connections after minutes, and the agent hears the beep whether or not we hear anything (api-facts.md, 6)."""

_CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine
)


def proxy_for(address: str) -> str:
    """The proxy that this computer's settings want for `address`, as a URL; empty for none, and always for this computer itself.

    Environment, Windows registry or macOS settings; no automatic configuration scripts (PAC). May block on name resolution
    (Windows, macOS), so not for the event loop's thread.
    """
    origin = origin_of(address)
    if origin.is_loopback or urllib.request.proxy_bypass(origin.host):
        return ""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(origin.scheme) or proxies.get("all") or ""
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates that this computer trusts, a company's own included. Slow to make, so one for the whole process."""
    if sys.platform in {"win32", "darwin"}:
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # OpenSSL inside an installed program looks where the building machine keeps its certificates, which may be nowhere here.
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        return ssl.create_default_context()
    for path in _CA_FILES:
        if Path(path).is_file():
            return ssl.create_default_context(cafile=path)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def keep_alive(connection: socket.socket) -> None:
    """Have the system probe a silent connection. Whatever of it a system does not know is left out."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for names, value in (
        (("TCP_KEEPIDLE", "TCP_KEEPALIVE"), KEEP_ALIVE_AFTER),  # macOS has the second only
        (("TCP_KEEPINTVL",), KEEP_ALIVE_EVERY),
        (("TCP_KEEPCNT",), KEEP_ALIVE_TRIES),
    ):
        option = next((getattr(socket, name) for name in names if hasattr(socket, name)), None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
