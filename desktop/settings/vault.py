"""The API keys and the secrets of webhooks in the system's keyring. The only file that imports keyring.

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
    users of one name. A team lead's own key has a place of its own: who may take calls may not stop campaigns with it."""

    def __init__(self, service_url: str, owner: str = "", *, supervisor: bool = False) -> None:
        program, title, advice = "NextCall", "", ""
        if supervisor:
            program = "NextCall supervisor"
            title = "The keyring could not keep or tell the supervisor's API key"
            advice = "Unlock this computer's keyring, then try again."
        name = " ".join(filter(None, (program, urlsplit(service_url).hostname, owner)))
        self._entry = _Entry(name, _USER, title, advice)

    async def key(self) -> str:
        """The kept key, or an empty text. Raises KeyNotKept."""
        return await self._entry.read()

    async def keep(self, key: str) -> None:
        """Keep `key`. Raises KeyNotKept, also if the keyring did not really keep it."""
        await self._entry.keep(key)

    async def forget(self) -> None:
        """Take the key out, if there is one. Raises KeyNotKept."""
        await self._entry.forget()


class WebhookSecrets:
    """What is shared with the receivers of webhooks, by the names that campaign profiles use (profile.py, [webhook])."""

    async def secret(self, name: str) -> str:
        """The secret of that name, or an empty text. Raises KeyNotKept."""
        return await self._entry(name).read()

    async def keep(self, name: str, secret: str) -> None:
        """Keep `secret` under that name. Raises KeyNotKept, also if the keyring did not really keep it."""
        await self._entry(name).keep(secret)

    async def forget(self, name: str) -> None:
        """Take the secret of that name out, if there is one. Raises KeyNotKept."""
        await self._entry(name).forget()

    def _entry(self, name: str) -> _Entry:
        title = "The keyring could not keep or tell the secret of a webhook"
        return _Entry("NextCall webhook", name, title, "Unlock this computer's keyring, then try again.")


class _Entry:
    """One secret in the keyring. A failure has `title` and `advice`, by default those of the API key."""

    def __init__(self, service: str, user: str, title: str = "", advice: str = "") -> None:
        self._service = service
        self._user = user
        self._title = title
        self._advice = advice

    async def read(self) -> str:
        return await self._ask(lambda: _backend().get_password(self._service, self._user) or "")

    async def keep(self, secret: str) -> None:
        def keep() -> bool:
            backend = _backend()
            if backend.get_password(self._service, self._user) != secret:
                backend.set_password(self._service, self._user, secret)
            return bool(backend.get_password(self._service, self._user) == secret)

        if not await self._ask(keep):
            raise self._failure("the keyring took it but does not have it")

    async def forget(self) -> None:
        def forget() -> None:
            backend = _backend()
            if backend.get_password(self._service, self._user) is not None:
                backend.delete_password(self._service, self._user)

        await self._ask(forget)

    async def _ask(self, question: Callable[[], Result]) -> Result:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                return await in_thread(question, "keyring")
        except TimeoutError:
            reason = "the keyring did not answer; it may be waiting for its password"
        except Exception as wrong:  # noqa: BLE001 - every backend has its own errors; their texts may hold the secret, so only the kind is told
            reason = f"the keyring said {type(wrong).__name__}"
        raise self._failure(reason)

    def _failure(self, reason: str) -> KeyNotKept:
        return KeyNotKept(reason, title=self._title, advice=self._advice)


def backend_name() -> str:
    """The keyring that would be used, in words, for `--self-check`."""
    backend = _backend()
    return f"{type(backend).__module__}.{type(backend).__name__}"


def complaint() -> str:
    """Why this computer's keyring cannot be used now, for `--self-check`; empty if it can. May take long.

    Raises ImportError or RuntimeError if this installation lacks a library that it needs: keyring says so only when it is used.
    """
    if sys.platform not in {"win32", "darwin"}:
        import secretstorage  # noqa: F401 - only whether it is there
    try:
        type(_backend()).priority  # noqa: B018 - keyring's way of asking
    except RuntimeError as wrong:
        if sys.platform in {"win32", "darwin"}:
            raise
        return str(wrong)
    return ""


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
