"""The settings of one agent on one computer, declared once: name, type, default and meaning.

They are kept in `settings.toml` in the data folder. The API key is not among them: it belongs to the keyring (vault.py).
"""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import tomli_w
from msgspec import Meta

from desktop.errors import SettingsNotKept

log = logging.getLogger(__name__)

HOSTED_SERVICE = "https://www.callfire.com/service/PredictiveService?wsdl"

Manner = Literal["quiet", "keyboard", "strip"]
"""How a call comes onto the screen. `quiet`: the popup above everything, without the keyboard. `keyboard`: with it.
`strip`: a strip above everything, and the popup when it is asked for."""


class Shortcuts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Keys that work in every program, as Qt writes them ("Ctrl+Shift+F8"); an empty text is no key, none given the usual one."""

    show_call: str | None = None
    next_call: str | None = None
    hear_someone: str | None = None

    def chosen(self) -> dict[str, str]:
        """The ones that the agent has chosen, by action."""
        return {name: keys for name, keys in msgspec.structs.asdict(self).items() if keys is not None}


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that is remembered. Unknown names are ignored, so an older program reads a newer file."""

    service_url: Annotated[str, Meta(description="Where the call center describes its agents' functions (WSDL)")] = HOSTED_SERVICE
    broadcast_url: Annotated[str, Meta(description="Where it describes startCampaign and stopCampaign, if elsewhere")] = ""
    profile_address: Annotated[
        str, Meta(description="Where campaign profiles come from (https); {campaign} stands for the campaign's number")
    ] = ""
    undo_seconds: Annotated[
        int, Meta(ge=0, le=20, description="How long after Next Call it can be taken back before it is sent; 0: at once")
    ] = 0
    remember: Annotated[bool, Meta(description="Whether the log-in fields are filled in at the next start")] = True
    campaign_id: Annotated[str, Meta(description="The campaign of the last shift")] = ""
    phone_number: Annotated[str, Meta(description="The agent's own phone, as it was typed")] = ""
    popup: Annotated[Manner, Meta(description="How a call comes: quiet, keyboard or strip")] = "quiet"
    notification: Annotated[bool, Meta(description="Whether a notification tells of a call")] = True
    notification_names: Annotated[bool, Meta(description="Whether it names the caller, for anybody to read")] = False
    taskbar: Annotated[bool, Meta(description="Whether the taskbar entry flashes at a call")] = True
    sound: Annotated[str, Meta(description="The sound at a call: chime, marimba or pulse; empty for none")] = ""
    sound_output: Annotated[str, Meta(description="Where it is heard; empty for the computer's usual output")] = ""
    sound_volume: Annotated[int, Meta(ge=0, le=100, description="How loud it is")] = 70
    shortcuts: Annotated[Shortcuts, Meta(description="Keys that work in every program, where not the usual ones")] = Shortcuts()


class SettingsFile:
    """Where settings are kept. A file that cannot be read is set aside, not overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "settings.toml"

    def load(self) -> Settings:
        """The kept settings; the defaults if there are none. Raises SettingsNotKept after setting aside what cannot be read."""
        try:
            return msgspec.toml.decode(self._path.read_bytes(), type=Settings)
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError, msgspec.DecodeError) as wrong:
            why = str(wrong)
        aside = self._path.with_suffix(".unreadable")
        with contextlib.suppress(OSError):
            self._path.replace(aside)
        raise SettingsNotKept(
            f"{self._path.name}: {why}",
            title="The settings could not be read",
            advice=f"NextCall starts with its defaults. The old file is kept as {aside.name}.",
        )

    def save(self, settings: Settings) -> None:
        """Keep `settings`: the whole file or nothing. Raises SettingsNotKept."""
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with beside.open("wb") as file:
                tomli_w.dump(msgspec.to_builtins(settings), file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as wrong:
            raise SettingsNotKept(wrong.strerror or "the folder cannot be written") from None
