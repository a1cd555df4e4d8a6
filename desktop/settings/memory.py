"""What is remembered from one start to the next: the settings file, the keyring, and the system's list of what it starts itself.

Never on the UI thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from desktop.settings import autostart
from desktop.settings.policy import NO_POLICY, Policy
from desktop.settings.settings import Settings, SettingsFile, Supervised
from desktop.settings.vault import Vault
from desktop.tasks import in_thread


class Memory:
    """The settings, and the key for the call center at `service_url` (`owner` tells data folders apart).

    `settings` are the agent's own. What `policy` sets counts instead of them, but is never kept as theirs. `arguments` are for a
    NextCall that the system starts with the session.
    """

    def __init__(
        self,
        file: SettingsFile,
        settings: Settings,
        service_url: str,
        owner: str = "",
        arguments: Sequence[str] = (),
        policy: Policy = NO_POLICY,
    ) -> None:
        self._file = file
        self._vault = Vault(service_url, owner)
        self.supervisor_key = Vault(service_url, owner, supervisor=True)
        """Where the key of the team lead is, which is another one."""
        self._arguments = tuple(arguments)
        self._policy = policy
        self.own = settings
        """What the agent has chosen, whatever counts."""
        self._turn = asyncio.Lock()  # the agent's last word counts, however slow the keyring is

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._file.folder

    @property
    def settings(self) -> Settings:
        """The settings that count."""
        return self._policy.over(self.own)

    @property
    def locked(self) -> frozenset[str]:
        """The names of those that the organisation has set."""
        return self._policy.locked

    @property
    def has_login(self) -> bool:
        """Whether a log-in is remembered. If not, the keyring need not be asked: it may ask for its password first."""
        return self.settings.remember and bool(self.settings.campaign_id)

    async def key(self) -> str:
        """The kept key, or an empty text. Raises KeyNotKept."""
        return await self._vault.key()

    async def remember_login(self, key: str, *, campaign_id: str, phone_number: str) -> None:
        """Have the log-in fields filled in at the next start. Raises SettingsNotKept and KeyNotKept."""
        login = {"remember": True, "campaign_id": campaign_id, "phone_number": phone_number}
        async with self._turn:
            await self.save(msgspec.structs.replace(self.settings, **login))
            await self._vault.keep(key)

    async def forget_login(self) -> None:
        """Remember nothing of the log-in, the key included. Raises SettingsNotKept and KeyNotKept.

        The campaign stays for as long as the keyring still has the key, so that the next start knows that there is one to forget.
        """
        async with self._turn:
            await self.save(msgspec.structs.replace(self.settings, remember=False, phone_number=""))
            await self._vault.forget()
            await self.save(msgspec.structs.replace(self.settings, campaign_id=""))

    async def keep_supervised(self, campaigns: tuple[Supervised, ...]) -> None:
        """Keep the campaigns that a team lead works with. Raises SettingsNotKept."""
        async with self._turn:
            await self.save(msgspec.structs.replace(self.settings, supervised=campaigns))

    async def save(self, settings: Settings) -> None:
        """Keep `settings` as the agent's own, but for what the organisation has set. Raises SettingsNotKept."""
        own = self.own = self._policy.own(settings, self.own)
        await in_thread(lambda: self._file.save(own), "settings")

    async def starts_with_session(self) -> bool:
        """Whether the system starts NextCall when the agent signs in to the computer."""
        return await in_thread(autostart.is_on, "autostart")

    async def start_with_session(self, *, on: bool) -> None:
        """Have it do so, or not. Raises SettingsNotKept."""
        command = autostart.command(self._arguments)
        await in_thread(lambda: autostart.on(command) if on else autostart.off(), "autostart")
