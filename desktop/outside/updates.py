"""Whether there is a newer NextCall: asked once a day at most, and only said. Nothing is downloaded, and nobody is counted.

Of the answer a version's number is taken and nothing else; in particular not the page that people are led to. A failure is a line
in the log. This module must not decide when an agent can be told: that is ui/update_notice.py.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from desktop import __version__
from desktop.errors import OutsideError
from desktop.outside import web
from desktop.tasks import in_thread

log = logging.getLogger(__name__)

AT_MOST_EVERY = 24 * 60 * 60
"""Seconds between two questions, whatever came of the first, and also if NextCall was started anew in between."""


@dataclass(frozen=True, slots=True)
class Releases:
    """Where a project on GitHub publishes: the address that tells of its newest release, and the page for people."""

    address: str
    page: str

    @classmethod
    def of(cls, project: str) -> Releases | None:
        """Those of `https://github.com/OWNER/NAME`. Of nothing, none."""
        if not project:
            return None
        path = project.removeprefix("https://github.com/")
        return cls(f"https://api.github.com/repos/{path}/releases/latest", f"{project}/releases/latest")


class Updates:
    """Knows the newest version that `releases` told of. `file` remembers it and when it was asked for, `clock` gives seconds."""

    def __init__(
        self, releases: Releases, file: Path, *, running: str = __version__, clock: Callable[[], float] = time.time
    ) -> None:
        self.page = releases.page
        self._address = releases.address
        self._file = file
        self._running = running
        self._clock = clock
        self._known: _Known | None = None

    async def newer(self) -> str:
        """The newest version, if it is newer than the one that runs; else an empty text. Asks for it if that is due."""
        if self._known is None:
            self._known = await in_thread(self._kept, "known version")
        now = self._clock()
        if not 0 <= now - self._known.asked < AT_MOST_EVERY:  # before 0: somebody has set the clock right
            await self._keep(_Known(now, self._known.newest))  # first: who asks and is interrupted has asked
            if version := await self._ask():
                await self._keep(_Known(now, version))
        return self._known.newest if is_newer(self._known.newest, self._running) else ""

    async def _ask(self) -> str:
        """The version of the newest release; an empty text if there was no answer that tells."""
        try:
            document = await web.get(self._address)
        except OutsideError as failure:
            log.info("nobody has told of newer versions: %s", failure.reason)
            return ""
        version = told_by(document.content) if document else ""
        log.info("the newest version is %s", version or "not told")
        return version

    def _kept(self) -> _Known:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Known)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return _Known()

    async def _keep(self, known: _Known) -> None:
        self._known = known

        def keep() -> None:
            try:
                self._file.write_bytes(msgspec.json.encode(known))
            except OSError as wrong:
                log.info("that newer versions were asked for is not kept: %s", wrong.strerror)

        await in_thread(keep, "known version")


class _Known(msgspec.Struct, frozen=True):
    """When was asked, in seconds since 1970, and the newest version that was ever told."""

    asked: float = 0.0
    newest: str = ""


class _Release(msgspec.Struct):
    """What GitHub says of a release, as far as it matters."""

    tag_name: str
    draft: bool = False
    prerelease: bool = False


_RELEASE = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})", re.ASCII)
_RUNNING = re.compile(r"(\d+(?:\.\d+)*)(.*)", re.ASCII)


def told_by(answer: bytes) -> str:
    """The version of the release that `answer` describes; an empty text for a draft, a pre-release, and whatever else."""
    try:
        release = msgspec.json.decode(answer, type=_Release)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    found = _RELEASE.fullmatch(release.tag_name)
    return found[1] if found and not release.draft and not release.prerelease else ""


def is_newer(version: str, running: str) -> bool:
    """Whether the release `version` ("1.10.0") comes after the `running` one, which may be a pre-release ("1.10.0rc1")."""
    released, ours = _RELEASE.fullmatch(version), _RUNNING.fullmatch(running)
    if not released or not ours:
        return False
    is_final = not ours[2] or ours[2].startswith("+")
    return _numbers(released[1]) > _numbers(ours[1]) or (_numbers(released[1]) == _numbers(ours[1]) and not is_final)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:  # 1.2 is 1.2.0
        numbers.pop()
    return tuple(numbers)
