"""The settings of one agent on one computer, declared once: name, type, default and meaning.

They are kept in `settings.toml` in the data folder. The API key is not among them: it belongs to the keyring (vault.py).
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import tomli_w
from msgspec import Meta

from desktop import files
from desktop.errors import SettingsNotKept
from desktop.settings.addresses import unfit, unfit_for_profiles, unfit_for_service

log = logging.getLogger(__name__)


HOSTED_SERVICE = "https://www.callfire.com/service/PredictiveService?wsdl"

PERSONAL = {"personal": True}
"""Marks what no organisation sets for its agents: who they are and which keys suit their hands."""

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


class Supervised(msgspec.Struct, frozen=True, omit_defaults=True):
    """A campaign that a team lead works with, and the lead's own name for it."""

    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    name: str = ""


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that is remembered. Unknown names are ignored, so an older program reads a newer file.

    An organisation can set each of them for its agents (policy.py), but for those that are PERSONAL. `title` is what the others
    are called on screen and in the administrator's policy editor, for which packaging/policies.py writes what it needs.
    """

    service_url: Annotated[
        str,
        Meta(
            title="Service address",
            description="Where the call center describes its agents' functions (WSDL)",
            extra={"unfit": unfit_for_service},
        ),
    ] = HOSTED_SERVICE
    broadcast_url: Annotated[
        str,
        Meta(
            title="Broadcast service address",
            description="Where the call center describes startCampaign and stopCampaign, if elsewhere",
            extra={"unfit": unfit},
        ),
    ] = ""
    profile_address: Annotated[
        str,
        Meta(
            title="Campaign profiles address",
            description="Where campaign profiles come from (https); {campaign} stands for the campaign's number",
            extra={"unfit": unfit_for_profiles},
        ),
    ] = ""
    undo_seconds: Annotated[
        int,
        Meta(
            title="Seconds to take a call back",
            description="How long after Next Call it can be taken back before it is sent; 0: at once",
            ge=0,
            le=20,
        ),
    ] = 0
    remember: Annotated[
        bool,
        Meta(title="Remember me on this computer", description="Whether the log-in fields are filled in at the next start"),
    ] = True
    campaign_id: Annotated[str, Meta(description="The campaign of the last shift", extra=PERSONAL)] = ""
    phone_number: Annotated[str, Meta(description="The agent's own phone, as it was typed", extra=PERSONAL)] = ""
    popup: Annotated[
        Manner,
        Meta(
            title="How a call comes onto the screen",
            description="The popup without the keyboard (quiet), with it (keyboard), or a slim strip (strip)",
        ),
    ] = "quiet"
    notification: Annotated[bool, Meta(title="Notification", description="Whether a notification tells of a call")] = True
    notification_names: Annotated[
        bool,
        Meta(
            title="Notification with the caller's name",
            description="Whether the notification names the caller, for anybody to read",
        ),
    ] = False
    taskbar: Annotated[bool, Meta(title="Flashing taskbar entry", description="Whether the taskbar entry flashes at a call")] = (
        True
    )
    sound: Annotated[
        str,
        Meta(title="Sound", description="The sound at a call", extra={"choices": ("", "chime", "marimba", "pulse")}),
    ] = ""
    sound_output: Annotated[
        str, Meta(title="Sound output", description="Where the sound is heard; empty for the computer's usual output")
    ] = ""
    sound_volume: Annotated[int, Meta(title="Volume", description="How loud the sound is, in percent", ge=0, le=100)] = 70
    shortcuts: Annotated[
        Shortcuts, Meta(description="Keys that work in every program, where not the usual ones", extra=PERSONAL)
    ] = Shortcuts()
    supervisor: Annotated[
        bool, Meta(title="Offer the supervisor window", description="Whether the supervisor window is offered")
    ] = False
    supervised: Annotated[
        tuple[Supervised, ...], Meta(description="The campaigns in it, and the lead's own names for them", extra=PERSONAL)
    ] = ()
    update_check: Annotated[
        bool,
        Meta(
            title="Say when there is a newer NextCall",
            description="Whether the project's page is asked for a newer version, once a day at most and never during a shift",
        ),
    ] = True


class SettingsFile:
    """Where settings are kept. A file that cannot be read is set aside, not overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "settings.toml"

    def load(self) -> Settings:
        """The kept settings; the defaults if there are none. Raises SettingsNotKept after setting aside what cannot be read."""
        try:
            return msgspec.toml.decode(files.read(self._path), type=Settings)
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
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write(self._path, tomli_w.dumps(msgspec.to_builtins(settings)).encode())
        except OSError as wrong:
            raise SettingsNotKept(wrong.strerror or "the folder cannot be written") from None
