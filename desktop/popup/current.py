"""Which campaign profile is in use: found for a campaign, read again whenever its file has changed.

It reads files and is therefore asked on a thread of its own, never on the windows'. Between two questions nothing changes, so
that a call keeps the profile that it began with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from desktop.errors import ProfileError
from desktop.popup import profile_file
from desktop.popup.profile import CampaignProfile

NONE = CampaignProfile()
"""The empty profile: NextCall as it is without one."""

_Stamp = tuple[Path, int, int]


class CurrentProfile:
    """The profile of `file`, whatever the campaign; else of the campaign's file in `folder`; else of what `kept` gives for it.

    `kept` is asked on the thread of whoever asks here: it may look at the disk, but wait for no network.
    """

    def __init__(
        self, file: Path | None = None, folder: Path | None = None, kept: Callable[[int], Path | None] = lambda _campaign_id: None
    ) -> None:
        self._file = file
        self._folder = folder
        self._kept = kept
        self._lock = threading.Lock()
        self._campaign_id: int | None = None
        self._seen: _Stamp | None = None
        self._complaint: ProfileError | None = None
        self.profile = NONE
        """The last one that could be read."""

    def use(self, file: Path) -> None:
        """Take this file from now on, whatever the campaign."""
        with self._lock:
            self._file, self._campaign_id = file, None

    def refresh(self, campaign_id: int) -> None:
        """Read the profile of that campaign if it has changed. Raises ProfileError for as long as it cannot be used.

        What was read of it before stays in use then; the profile of another campaign does not.
        """
        with self._lock:
            if campaign_id != self._campaign_id:
                self._campaign_id = campaign_id
                self._seen, self._complaint = None, None
                if self._file is None:
                    self.profile = NONE
            file = self._file_of(campaign_id)
            stamp = _stamp(file) if file else None
            if file is None:
                self.profile = NONE
            elif stamp is None or stamp != self._seen:
                self._read(file)
            self._seen = stamp
            if file is not None and self._complaint is not None:
                raise self._complaint

    def of(self, campaign_id: int) -> CampaignProfile:
        """The profile of any campaign as it is now, whichever is in use. Raises ProfileError."""
        with self._lock:
            file = self._file_of(campaign_id)
        return profile_file.load(file) if file else NONE

    def _file_of(self, campaign_id: int) -> Path | None:
        if self._file is not None:
            return self._file
        found = profile_file.find(self._folder, campaign_id) if self._folder else None
        return found or self._kept(campaign_id)

    def _read(self, file: Path) -> None:
        self._complaint = None
        try:
            self.profile = profile_file.load(file)
        except ProfileError as error:
            self._complaint = error


def _stamp(file: Path) -> _Stamp | None:
    """What changes when the file does; None if that cannot be told."""
    try:
        told = file.stat()
    except OSError:
        return None
    return file, told.st_mtime_ns, told.st_size
