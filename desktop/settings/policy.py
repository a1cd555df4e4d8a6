r"""What an organisation has set for its agents: read from where this system's administrators put it, and never written.

- Windows: `HKEY_LOCAL_MACHINE\Software\Policies\NextCall`, then the same below `HKEY_CURRENT_USER`, where Windows lets only
  administrators write, too;
- macOS: `/Library/Managed Preferences/BUNDLE_ID.plist`, then `/Library/Managed Preferences/USER/BUNDLE_ID.plist`;
- Linux: `/etc/nextcall/policy.toml`.

The first place that sets something wins. What is set is called as in settings.py and counts more than the command line, the
campaign's profile and the agent. What cannot be used is left out and told in a sentence; the rest counts. A file that somebody
else than the administrator could have written is not read: the agent's own wishes are in settings.toml.

These functions use the disk, and must ask no network.
"""

from __future__ import annotations

import logging
import os
import plistlib
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints
from xml.parsers.expat import ExpatError

import msgspec
from msgspec import inspect

from desktop import BUNDLE_ID
from desktop.errors import PolicyError
from desktop.settings.settings import PERSONAL, Settings

log = logging.getLogger(__name__)

REGISTRY_KEY = r"Software\Policies\NextCall"
MANAGED_PREFERENCES = Path("/Library/Managed Preferences")
LINUX_FILE = Path("/etc/nextcall/policy.toml")
_COMMAND_LINE = {"service_url": "--service", "broadcast_url": "--broadcast-service"}
"""What it calls the settings that it can give."""
_MOST_TOLD = 2
"""Complaints that are told on screen; the log has all of them."""
NONE = "none"
ADMINISTRATOR = 0
"""The administrator's number on macOS and Linux."""


# ------------------------------------------------------------------------------------------------- what can be set


@dataclass(frozen=True, slots=True)
class Settable:
    """A setting that an organisation can set, as settings.py declares it."""

    name: str
    title: str
    meaning: str
    kind: Literal["yes or no", "number", "text", "choice"]
    default: Any
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()
    """What can be chosen. An empty one is NONE where an organisation sets it: not every editor writes an empty text."""
    unfit: Callable[[str], str] = lambda _text: ""
    """Why a text cannot be used, in a sentence."""

    @property
    def wants(self) -> str:
        """What it takes, in words that follow "It takes"."""
        match self.kind:
            case "yes or no":
                return "true or false"
            case "number":
                return f"a whole number from {self.least} to {self.most}"
            case "choice":
                return f"one of: {', '.join(choice or NONE for choice in self.choices)}"
            case _:
                return "a text"


@cache
def settable() -> Mapping[str, Settable]:
    """What can be set, by name and in the order of its declaration."""
    described = inspect.type_info(Settings)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - for mypy
    return {one.name: _settable(one) for one in described.fields if _extra(one) != PERSONAL}


def _settable(one: inspect.Field) -> Settable:
    extra, type_ = _extra(one), one.type
    words: Mapping[str, str] = {}
    if isinstance(type_, inspect.Metadata):
        words, type_ = type_.extra_json_schema or {}, type_.type
    title, meaning = words.get("title", ""), words.get("description", "")
    if not title or not meaning:
        raise TypeError(f"Settings.{one.name} needs a title and a description, or is PERSONAL")
    if isinstance(type_, inspect.BoolType):
        return Settable(one.name, title, meaning, "yes or no", one.default)
    if isinstance(type_, inspect.IntType) and type_.ge is not None and type_.le is not None:
        return Settable(one.name, title, meaning, "number", one.default, least=type_.ge, most=type_.le)
    choices = type_.values if isinstance(type_, inspect.LiteralType) else extra.get("choices")
    if choices:
        return Settable(one.name, title, meaning, "choice", one.default, choices=tuple(map(str, choices)))
    if isinstance(type_, inspect.StrType):
        return Settable(one.name, title, meaning, "text", one.default, **({"unfit": extra["unfit"]} if "unfit" in extra else {}))
    raise TypeError(f"no policy can hold a {type_} like Settings.{one.name}: make it PERSONAL, or teach policy.py")


def _extra(one: inspect.Field) -> Mapping[str, Any]:
    return (one.type.extra or {}) if isinstance(one.type, inspect.Metadata) else {}


# ------------------------------------------------------------------------------------------------------ what is set


@dataclass(frozen=True, slots=True)
class Policy:
    """What the organisation has set, by the setting's name, and a sentence for each thing that cannot be used."""

    values: Mapping[str, Any] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()

    @property
    def locked(self) -> frozenset[str]:
        """The names of the settings that nobody else can set."""
        return frozenset(self.values)

    @property
    def trouble(self) -> PolicyError | None:
        """What to tell of that which cannot be used; None if all is well."""
        if not self.complaints:
            return None
        told, more = self.complaints[:_MOST_TOLD], len(self.complaints) - _MOST_TOLD
        return PolicyError(" ".join((*told, f"The log file has {more} more of this." if more > 0 else "")).strip())

    def over(self, settings: Settings) -> Settings:
        """The settings that count when somebody else wishes for `settings`."""
        return msgspec.structs.replace(settings, **self.values)

    def resolved(self, own: Settings, *, service_url: str = "", broadcast_url: str = "") -> tuple[Settings, PolicyError | None]:
        """The settings that count when the command line gives these addresses, and what to tell if one of them is not followed.

        The organisation counts more than the command line: it says where the API key goes.
        """
        given = {"service_url": service_url, "broadcast_url": broadcast_url}
        wished = msgspec.structs.replace(own, **{name: address for name, address in given.items() if address})
        counts = self.over(wished)
        ignored = [option for name, option in _COMMAND_LINE.items() if given[name] and getattr(counts, name) != given[name]]
        if not ignored:
            return counts, None
        are = "is" if len(ignored) == 1 else "are"
        return counts, PolicyError(
            f"{' and '.join(ignored)} on the command line {are} not followed.",
            title="Your organisation says where the call center is",
            advice="Nothing else is different. Ask your IT support if this is not right.",
        )

    def own(self, changed: Settings, before: Settings) -> Settings:
        """What to keep as the agent's own when `changed` is wished for: where the organisation decides, it stays as `before`."""
        return msgspec.structs.replace(changed, **{name: getattr(before, name) for name in self.values})

    def below(self, other: Policy) -> Policy:
        """Both together; where both set something, `other` wins."""
        return Policy({**self.values, **other.values}, (*other.complaints, *self.complaints))


NO_POLICY = Policy()
"""Nobody has set anything."""


def read() -> Policy:
    """What the organisation has set on this computer. Never fails: what cannot be read is complained of."""
    found = Policy()
    for place in reversed(list(_places())):
        found = found.below(place)
    for sentence in found.complaints:
        log.warning("%s", sentence)
    if found.values:
        log.info("set by the organisation: %s", ", ".join(sorted(found.values)))
    return found


def _places() -> Iterator[Policy]:
    """What the places of this system say, the one that wins first."""
    if sys.platform == "win32":
        yield from from_registry()
    elif sys.platform == "darwin":
        import pwd

        for folder in (MANAGED_PREFERENCES, MANAGED_PREFERENCES / pwd.getpwuid(os.getuid()).pw_name):
            yield from_plist(folder / f"{BUNDLE_ID}.plist")
    else:
        yield from_toml(LINUX_FILE)


def _checked(found: Mapping[str, object], place: str, kinds: Mapping[str, str] | None = None) -> Policy:
    """Each value by itself: right and taken, or wrong and told. `kinds` is how the place keeps each kind of value."""
    types = get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    complaints = []
    for name, value in found.items():
        setting = settable().get(name)
        if setting is None:  # of a newer NextCall, mistyped, or an agent's own matter
            log.info("%s: NextCall has no setting “%s” that an organisation sets", place, name)
            continue
        tidy = value.strip() if isinstance(value, str) else value
        if tidy == NONE and "" in setting.choices:
            tidy = ""
        try:
            values[name] = msgspec.convert(tidy, type=types[name])
        except msgspec.ValidationError:
            wrong = f"It takes {setting.wants}{kinds[setting.kind] if kinds else ''}."
        else:
            wrong = _unfit(setting, values[name])
        if wrong:
            values.pop(name, None)
            complaints.append(f"{place}: {name} is ignored. {wrong}")
    return Policy(values, tuple(complaints))


def _unfit(setting: Settable, value: object) -> str:
    if setting.choices and value not in setting.choices:
        return f"It takes {setting.wants}."
    return setting.unfit(value) if isinstance(value, str) else ""


# ------------------------------------------------------------------------------------------- files of macOS and Linux


def from_toml(file: Path) -> Policy:
    """What a file in TOML sets, if it belongs to the administrator and nobody else can write it."""

    def parsed(content: bytes) -> object:
        return tomllib.loads(content.decode("utf-8-sig"))

    return _from_file(file, parsed, "TOML")


def from_plist(file: Path) -> Policy:
    """What a property list sets, if it belongs to the administrator and nobody else can write it."""
    return _from_file(file, plistlib.loads, "property list")


def _from_file(file: Path, parsed: Callable[[bytes], object], kind: str) -> Policy:
    try:
        with file.open("rb") as opened:
            told = os.fstat(opened.fileno())
            if told.st_uid != ADMINISTRATOR or told.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return _nothing(file, "Not only the administrator can write it, so it is ignored.")
            found = parsed(opened.read())
    except (FileNotFoundError, NotADirectoryError):
        return Policy()
    except OSError as wrong:
        return _nothing(file, f"It cannot be read: {wrong.strerror or 'the system does not say why'}.")
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, ExpatError) as wrong:  # plistlib has them all
        place = f": {wrong}" if isinstance(wrong, tomllib.TOMLDecodeError | ExpatError) else ""
        return _nothing(file, f"It is no {kind} that can be read{place}.")
    if not isinstance(found, dict):
        return _nothing(file, f"It is no {kind} of settings.")
    return _checked({str(name): value for name, value in found.items()}, str(file))


def _nothing(place: object, why: str) -> Policy:
    return Policy(complaints=(f"{place}: {why}",))


# --------------------------------------------------------------------------------------------- the registry of Windows

if sys.platform == "win32":
    import winreg

    _REGISTRY_KINDS = {
        "yes or no": " as a REG_DWORD, 1 or 0",
        "number": " as a REG_DWORD",
        "choice": " as a REG_SZ",
        "text": " as a REG_SZ",
    }

    def from_registry() -> Iterator[Policy]:
        """What the machine's key sets, then what the user's key sets."""
        roots = ((winreg.HKEY_LOCAL_MACHINE, "HKEY_LOCAL_MACHINE"), (winreg.HKEY_CURRENT_USER, "HKEY_CURRENT_USER"))
        for root, name in roots:
            place = rf"{name}\{REGISTRY_KEY}"
            try:
                with winreg.OpenKey(root, REGISTRY_KEY, access=winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
                    found = [winreg.EnumValue(key, number) for number in range(winreg.QueryInfoKey(key)[1])]
            except FileNotFoundError:
                continue
            except OSError as wrong:
                yield _nothing(place, f"It cannot be read: {wrong.strerror or 'the system does not say why'}.")
            else:
                yield _checked(dict(_told(found)), place, _REGISTRY_KINDS)

    def _told(found: Sequence[tuple[str, Any, int]]) -> Iterator[tuple[str, object]]:
        """Names as settings.py has them, which are the same in capitals here, and values by their kind."""
        for name, value, kind in found:
            known = settable().get(name.lower())
            if kind not in {winreg.REG_SZ, winreg.REG_DWORD, winreg.REG_QWORD, winreg.REG_MULTI_SZ}:
                value = None  # noqa: PLW2901 - nothing that a setting takes
            elif known and known.kind == "yes or no" and value in (0, 1):
                value = bool(value)  # noqa: PLW2901 - the registry knows no other
            if name:  # the key's own value has none
                yield (known.name if known else name), value
