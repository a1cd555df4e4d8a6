"""The campaign's profile during a shift: read when it has changed, fetched if it has an address, told when it is wrong."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.errors import OutsideError, ProfileError
from desktop.outside.profiles import RemoteProfile
from desktop.outside.webhooks import Webhooks
from desktop.popup.current import NONE, CurrentProfile
from desktop.popup.profile import CampaignProfile
from desktop.tasks import Tasks, in_thread

log = logging.getLogger(__name__)

_PATIENCE = 0.2
"""Seconds that a popup waits for its campaign profile to be read; after that it comes with the one that was in use."""

_SAVED_BY_THEN = 0.05
"""Seconds after which a file that was being saved is whole."""


class Campaign(QObject):
    """Gives each call its profile. What is wrong with one is told in `troubled` (title, text), and the last good one stays."""

    troubled = Signal(str, str)
    looked_up = Signal()
    """The profile was read, and may be another one."""

    def __init__(
        self, profiles: CurrentProfile, tasks: Tasks, remote: RemoteProfile | None = None, webhooks: Webhooks | None = None
    ) -> None:
        super().__init__()
        self.webhooks = webhooks
        """By which other systems are told of calls; None where nobody is to be told, as in a practice."""
        self._profiles = profiles
        self._remote = remote
        self._tasks = tasks
        self._reading: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[None] | None = None

    @property
    def profile(self) -> CampaignProfile:
        """The one that is in use."""
        return self._profiles.profile

    def use(self, file: Path) -> None:
        """Take this file for whatever campaign, from the next call on."""
        self._profiles.use(file)

    def look_up(self, campaign_id: int) -> None:
        """Have the profile read if it has changed, and fetched if there is a newer one. What still lasts is enough."""
        if self._reading is None or self._reading.done():
            self._reading = self._tasks.spawn(self._read(campaign_id), "profile")
        if self._remote is not None and (self._fetching is None or self._fetching.done()):
            self._fetching = self._tasks.spawn(self._fetch(self._remote, campaign_id), "profile from its address")

    async def for_call(self, campaign_id: int) -> CampaignProfile:
        """The profile for a call that begins now. Neither a slow disk nor a slow network holds its popup up."""
        for _time in range(2):  # a reading that lasts already may have begun before the file was last saved
            was_at_it = self._reading is not None and not self._reading.done()
            self.look_up(campaign_id)
            if self._reading is not None:
                await asyncio.wait({self._reading}, timeout=_PATIENCE)
            if not was_at_it:
                break
        return self._profiles.profile

    async def profile_of(self, campaign_id: int) -> CampaignProfile | None:
        """The profile of any campaign as it is now, whichever is in use; None while it cannot be read."""
        try:
            return await in_thread(lambda: self._profiles.of(campaign_id), "profile")
        except ProfileError:
            return None

    async def _read(self, campaign_id: int) -> None:
        try:
            try:
                await in_thread(lambda: self._profiles.refresh(campaign_id), "profile")
            except ProfileError:  # it may be just being saved, and half there
                await asyncio.sleep(_SAVED_BY_THEN)
                await in_thread(lambda: self._profiles.refresh(campaign_id), "profile")
        except ProfileError as failure:
            log.warning("%s: %s", failure.title, failure.reason)
            still = (
                "the last one that was right stays in use" if self._profiles.profile != NONE else "NextCall goes on without one"
            )
            self.troubled.emit(f"{failure.title}: {still}.", f"{failure.reason} {failure.advice}")
        self.looked_up.emit()

    async def _fetch(self, remote: RemoteProfile, campaign_id: int) -> None:
        """Bring the kept profile up to date; the next call wears it."""
        try:
            await remote.refresh(campaign_id)
        except (OutsideError, ProfileError) as failure:
            log.warning("%s: %s", failure.title, failure.reason)
            confirmed = await in_thread(lambda: remote.confirmed(campaign_id), "profile")
            still = f"the one of {confirmed:%d %b, %H:%M} stays in use" if confirmed else "NextCall goes on without one"
            self.troubled.emit(f"The campaign profile could not be fetched: {still}.", f"{failure.reason} {failure.advice}")
