"""Where a service may live: which addresses are accepted, and when two of them are of one service. It opens no connection."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from desktop.callcenter.reply import told
from desktop.errors import ContractError


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what two addresses must share to be of one service."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this computer."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def origin_of(address: str) -> Origin:
    """Where `address` lives. Raises ContractError unless it is an https address, or an http address on this computer."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(one.isspace() for one in address):
        raise ContractError(f"{shown(address)} is not a web address.")
    if parts.username is not None or parts.password is not None:
        raise ContractError("An address with a user name or password in it is not accepted.")
    origin = Origin(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80))
    if origin.scheme == "http" and not origin.is_loopback:
        raise ContractError(f"{shown(address)} is not encrypted: only https is accepted.")
    return origin


def secured(address: str, home: Origin) -> str:
    """`address`, but with https on `home` if it is plain http on the same host.

    A service behind a TLS terminator often does not know by which address the world sees it.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return address  # whoever looks next says what is wrong with it
    if home.scheme == "https" and parts.scheme == "http" and parts.hostname == home.host:
        host = f"[{home.host}]" if ":" in home.host else home.host
        return parts._replace(scheme="https", netloc=host if home.port == 443 else f"{host}:{home.port}").geturl()
    return address


def endpoint(address: str, home: Origin) -> str:
    """Where requests go, the key in them: https, or this computer if the description came from this computer."""
    address = secured(address.strip(), home)
    origin = origin_of(address)
    if origin.scheme == "http" and not home.is_loopback:
        raise ContractError(f"The description sends requests to {shown(address)}, which is not encrypted.")
    return address


def shown(address: str) -> str:
    """`address` as it is told: without its query, which may hold a secret."""
    return told(address.partition("?")[0], longest=120) or "An empty address"
