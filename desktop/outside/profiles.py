"""The profile of a campaign from an address of the administrator, kept on this computer.

What is kept was whole and right when it came; what comes broken, too late or not at all leaves it as it is. It is kept for each
address and campaign apart, in a folder in which nobody else looks for profiles. This module must not decide which profile is in
use: that is popup/current.py, which is given `RemoteProfile.kept`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from desktop import files
from desktop.errors import OutsideError, OutsideRefused, ProfileError
from desktop.outside import web
from desktop.popup import profile_file
from desktop.tasks import in_thread

AT_MOST_EVERY = 60.0
"""Seconds between two questions about the same campaign."""
_GONE = frozenset({404, 410})
"""What a server answers that has no profile for this campaign."""


class RemoteProfile:
    """The profiles at `address`, an https address in which `{campaign}` stands for the campaign's id, if it does at all.

    `folder` is where they are kept, and nothing else is; `clock` gives seconds.
    """

    def __init__(self, address: str, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address.strip()
        self._folder = folder
        self._clock = clock
        self._turn = asyncio.Lock()
        self._asked: dict[int, tuple[float, OutsideError | ProfileError | None]] = {}

    async def refresh(self, campaign_id: int, *, forced: bool = False) -> Path | None:
        """Ask for the campaign's profile; its file, or None if there is none for this campaign.

        Raises OutsideError if the address cannot be asked, ProfileError if what it has cannot be used or kept. What was kept
        before is then still kept (`kept`), and is as old as `confirmed` says. Within AT_MOST_EVERY nothing is asked unless
        `forced`, and the last answer holds, a failure as well.
        """
        async with self._turn:
            asked, failure = self._asked.get(campaign_id, (-math.inf, None))
            if forced or self._clock() - asked >= AT_MOST_EVERY:
                failure = await self._ask(campaign_id)
                self._asked[campaign_id] = self._clock(), failure
        if failure is not None:
            raise failure.with_traceback(None)
        return await in_thread(lambda: self.kept(campaign_id), "kept profile")

    def kept(self, campaign_id: int) -> Path | None:
        """The campaign's kept profile, if there is one. Looks at the disk."""
        file = self._file(campaign_id)
        return file if file.is_file() else None

    def confirmed(self, campaign_id: int) -> datetime | None:
        """When the address last said that the kept profile is the one; this computer's time. Looks at the disk."""
        try:
            return datetime.fromtimestamp(_index(self._file(campaign_id)).stat().st_mtime).astimezone()
        except OSError:
            return None

    async def _ask(self, campaign_id: int) -> OutsideError | ProfileError | None:
        """Bring what is kept up to date; what went wrong if that did not work."""
        file = self._file(campaign_id)
        address = self._address.replace("{campaign}", str(campaign_id))
        name = f"The profile of campaign {campaign_id} from {web.host(address)}"
        try:
            known = await in_thread(lambda: _known(file), "kept profile")
            try:
                document = await web.get(address, known)
            except OutsideRefused as refused:
                if refused.status not in _GONE:
                    raise
                await in_thread(lambda: _forget(file, name), "kept profile")
            else:
                await in_thread(lambda: _keep(file, document, name) if document else _confirm(file), "kept profile")
        except (OutsideError, ProfileError) as failure:
            return failure
        return None

    def _file(self, campaign_id: int) -> Path:
        # The address is not written into the name: it may hold a secret.
        return self._folder / f"{campaign_id}-{sha256(self._address.encode(errors='replace')).hexdigest()[:32]}.toml"


def _index(file: Path) -> Path:
    """What is known of a kept profile; last touched when its address last said that it is the one."""
    return file.with_suffix(".json")


def _known(file: Path) -> web.Version:
    """Which version is kept. Only of what is still as it was kept, so that whatever was damaged is fetched anew."""
    try:
        index = json.loads(_index(file).read_bytes())
        if index["sha256"] == sha256(file.read_bytes()).hexdigest():
            return web.Version(str(index["etag"]), str(index["modified"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return web.UNKNOWN


def _confirm(file: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(_index(file))


def _keep(file: Path, document: web.Document, name: str) -> None:
    """Keep `document` if it is a profile. Raises ProfileError; what was kept is then still kept."""
    profile = profile_file.read(document.content, name)
    if profile.program is not None:
        raise ProfileError(
            f"{name}: program: programs are started only for a profile that is a file on this computer; wanted is one without it."
        )
    version = document.version
    index = {"sha256": sha256(document.content).hexdigest(), "etag": version.etag, "modified": version.modified}
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(file, document.content)
        # The index last: until then the old one does not fit, and nothing is taken as known.
        files.write(_index(file), json.dumps(index).encode())
    except OSError as error:
        raise ProfileError(f"{name} cannot be kept: {error.strerror}.") from None


def _forget(file: Path, name: str) -> None:
    try:
        file.unlink(missing_ok=True)
        _index(file).unlink(missing_ok=True)
    except OSError as error:
        raise ProfileError(f"{name} is gone, but what is kept of it cannot be removed: {error.strerror}.") from None
