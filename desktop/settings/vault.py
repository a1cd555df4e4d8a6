"""The API key in the system's keyring. The only file that imports keyring.

A keyring may ask the user for a password first and may take for ever to do so, so it is asked on a thread of its own and given up
on after LONGEST_WAIT. What was written is read back: some keyrings accept everything and keep nothing.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from desktop.errors import KeyNotKept
from desktop.tasks import in_thread

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)
Result = TypeVar("Result")

LONGEST_WAIT = 20.0
"""Seconds that an unlock prompt of the keyring may stand open before work goes on without it."""

_USER = "API key"


class Vault:
    """The place of one account's key: one keyring service name per call center and data folder, because Windows juggles several
    users of one name."""

    def __init__(self, service_url: str, owner: str = "") -> None:
        self._name = " ".join(filter(None, ("NextCall", urlsplit(service_url).hostname, owner)))

    async def key(self) -> str:
        """The kept key, or an empty text. Raises KeyNotKept."""
        return await self._ask(lambda: _backend().get_password(self._name, _USER) or "")

    async def keep(self, key: str) -> None:
        """Keep `key`. Raises KeyNotKept, also if the keyring did not really keep it."""

        def keep() -> bool:
            backend = _backend()
            if backend.get_password(self._name, _USER) != key:
                backend.set_password(self._name, _USER, key)
            return bool(backend.get_password(self._name, _USER) == key)

        if not await self._ask(keep):
            raise KeyNotKept("the keyring took the key but does not have it")

    async def forget(self) -> None:
        """Take the key out, if there is one. Raises KeyNotKept."""

        def forget() -> None:
            backend = _backend()
            if backend.get_password(self._name, _USER) is not None:
                backend.delete_password(self._name, _USER)

        await self._ask(forget)

    async def _ask(self, question: Callable[[], Result]) -> Result:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                return await in_thread(question, "keyring")
        except TimeoutError:
            reason = "the keyring did not answer; it may be waiting for its password"
        except Exception as wrong:  # noqa: BLE001 - every backend has its own errors; their texts may hold the key, so only the kind is told
            reason = f"the keyring said {type(wrong).__name__}"
        raise KeyNotKept(reason)


def backend_name() -> str:
    """The keyring that would be used, in words, for `--self-check`."""
    backend = _backend()
    return f"{type(backend).__module__}.{type(backend).__name__}"


def _backend() -> KeyringBackend:
    """The system's own keyring, chosen by us: a configuration file must not be able to put another in its place."""
    if sys.platform == "win32":
        from keyring.backends.Windows import WinVaultKeyring

        return WinVaultKeyring()
    if sys.platform == "darwin":
        from keyring.backends.macOS import Keyring as MacKeyring

        return MacKeyring()
    from keyring.backends.SecretService import Keyring as SecretServiceKeyring

    return SecretServiceKeyring()  # type: ignore[no-untyped-call]
