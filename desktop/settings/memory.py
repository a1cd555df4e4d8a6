"""What is remembered from one start to the next, in its two places: the settings file and the keyring. Never on the UI thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from desktop.settings.settings import Settings, SettingsFile, Supervised
from desktop.settings.vault import Vault
from desktop.tasks import in_thread


class Memory:
    """The settings, and the key for the call center at `service_url` (`owner` tells data folders apart)."""

    def __init__(self, file: SettingsFile, settings: Settings, service_url: str, owner: str = "") -> None:
        self._file = file
        self._vault = Vault(service_url, owner)
        self.supervisor_key = Vault(service_url, owner, supervisor=True)
        """Where the key of the team lead is, which is another one."""
        self.settings = settings
        self._turn = asyncio.Lock()  # the agent's last word counts, however slow the keyring is

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._file.folder

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
        """Remember nothing of the log-in, the key included. Raises SettingsNotKept and KeyNotKept."""
        async with self._turn:
            await self.save(msgspec.structs.replace(self.settings, remember=False, campaign_id="", phone_number=""))
            await self._vault.forget()

    async def keep_supervised(self, campaigns: tuple[Supervised, ...]) -> None:
        """Keep the campaigns that a team lead works with. Raises SettingsNotKept."""
        async with self._turn:
            await self.save(msgspec.structs.replace(self.settings, supervised=campaigns))

    async def save(self, settings: Settings) -> None:
        """Keep `settings`. Raises SettingsNotKept."""
        self.settings = settings
        await in_thread(lambda: self._file.save(settings), "settings")
