"""Which web addresses the settings take, whoever sets them. What an address leads to is not looked at."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def unfit(address: str) -> str:
    """Why this is not a web address, in a sentence; empty if it is one, or if there is none."""
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname)
    except ValueError:
        named = False
    if not address or (named and parts.scheme in {"http", "https"} and address.isprintable() and " " not in address):
        return ""
    return "It starts with https:// and names a computer."


def unfit_for_service(address: str) -> str:
    """Why the call center cannot be there, in a sentence; empty if it can."""
    return unfit(address or "-")


def unfit_for_profiles(address: str) -> str:
    """Why campaign profiles cannot come from there, in a sentence; empty if they can, or if there is no address."""
    if why := unfit(address):
        return why
    parts = urlsplit(address)
    if {"{", "}"} & set(address.replace("{campaign}", "")):
        return "The only thing in braces can be {campaign}."
    if parts.scheme == "http" and not _is_this_computer(parts.hostname or ""):
        return "What agents say must not be changed on the way: the address has to start with https://."
    return ""


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
