"""Campaign profiles on the disk: reading one, finding the one of a campaign, and saying in one sentence what is wrong with one.

The sentence names the file, the place in it (`question[3].max`, counted from 1), what was found and what is wanted. Nothing is
ever half-read: a profile is whole and right, or a ProfileError.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from desktop.errors import ProfileError
from desktop.popup import checks
from desktop.popup.profile import CampaignProfile
from desktop.popup.wording import one_line, suggest

_LARGEST = 1_000_000
"""Bytes of a profile: beyond this it is some other file."""

_WHOLE = inspect.type_info(CampaignProfile)


def load(file: Path) -> CampaignProfile:
    """Read a profile. Raises ProfileError, also for an empty file: that is one which is just being saved."""
    data = _bytes(file)
    if not data.strip():
        raise ProfileError(f"{file}: it is empty; wanted is a campaign profile.")
    return read(data, str(file))


def read(data: bytes, name: str) -> CampaignProfile:
    """The profile that `data` is; `name` is what to call it in the sentence. Raises ProfileError."""
    raw = _toml(data, name)
    for sentence in _unknown(raw, _WHOLE):
        raise ProfileError(f"{name}: {sentence}.")
    try:
        profile = msgspec.convert(raw, CampaignProfile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{name}: {_complaint(raw, str(error))}.") from None
    for place, sentence in checks.faults(profile):
        raise ProfileError(f"{name}: {place}: {sentence}.")
    return profile


def find(folder: Path, campaign_id: int) -> Path | None:
    """The profile of a campaign: the file CAMPAIGN_ID.toml, else the file whose `campaigns` lists the id.

    Raises ProfileError if two do, or if none does and one cannot be read: it may be the one.
    """
    by_name = folder / f"{campaign_id}.toml"
    if by_name.is_file():
        return by_name
    found: list[Path] = []
    unreadable: ProfileError | None = None
    for file in sorted(folder.glob("*.toml")):
        try:
            ids = _toml(_bytes(file), str(file)).get("campaigns")
        except ProfileError as error:
            unreadable = unreadable or error
            continue
        if isinstance(ids, list) and campaign_id in ids:
            found.append(file)
    if len(found) > 1:
        raise ProfileError(
            f"{found[0]}: campaigns: {campaign_id} is listed in {found[1].name}, too; wanted is one profile for it."
        )
    if not found and unreadable:
        raise unreadable
    return found[0] if found else None


def summary(profile: CampaignProfile) -> str:
    """A profile in one line, for whoever checks it."""
    counted = [
        _many(len(profile.fields), "field"),
        _many(len(profile.script), "part of the script", "parts of the script"),
        _many(len(profile.questions), "question"),
        _many(len(profile.dispositions), "disposition"),
    ]
    ids = ", ".join(map(str, profile.campaigns))
    return f"{profile.name or 'a profile without a name'}{f' (campaign {ids})' if ids else ''}: {', '.join(counted)}"


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST + 1)
    except OSError as error:
        raise ProfileError(f"{file}: it cannot be read: {error.strerror or 'the path is no file'}.") from None
    except ValueError:  # a NUL in the name
        raise ProfileError(f"{str(file)!r} is no name of a file.") from None


def _toml(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > _LARGEST:
        raise ProfileError(f"{name}: it has more than {_LARGEST:,} bytes; wanted is a campaign profile, a short text file.")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ProfileError(f"{name}: it is not written in UTF-8; save it as 'UTF-8' in your text editor.") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{name}: {_syntax(str(error))}.") from None
    except RecursionError:
        raise ProfileError(f"{name}: it is nested too deeply.") from None
    except ValueError:  # a number of thousands of digits, or a date that no calendar has
        raise ProfileError(f"{name}: a number or a date in it is impossible.") from None


def _syntax(message: str) -> str:
    """`Invalid value (at line 3, column 5)` as a sentence that begins with the place."""
    what, _, place = one_line(message).rpartition(" (at ")
    return f"{place.rstrip(')')}: this is not TOML: {what[:1].lower()}{what[1:]}"


# ------------------------------------------------------------------------------------ what is wrong, from the types


_AT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>(?:\.[a-z_]+|\[[0-9]+\])*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `([a-z_]+)`")
_STEP = re.compile(r"\.([a-z_]+)|\[([0-9]+)\]")


def _unknown(value: object, type_: inspect.Type, path: str = "") -> Iterator[str]:
    """What is wrong with each name that profile.py does not know."""
    type_ = _bare(type_)
    if isinstance(type_, inspect.StructType) and isinstance(value, dict):
        types = {field.encode_name: field.type for field in type_.fields}
        for name, inner in value.items():
            if name in types:
                yield from _unknown(inner, types[name], f"{path}.{name}")
            else:
                yield f"{_place(path, one_line(name))}: there is no such name{suggest(name, types)}"
    elif isinstance(type_, inspect.VarTupleType) and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unknown(inner, type_.item_type, f"{path}[{number}]")


def _complaint(raw: dict[str, Any], message: str) -> str:
    """msgspec's message as a sentence for people. Only its kind and its path are taken from it: the rest is known better here."""
    match = _AT.fullmatch(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    value, wanted = _follow(raw, path)
    table = _bare(wanted)
    if (missing := _MISSING.fullmatch(what)) and isinstance(table, inspect.StructType):
        [type_] = [field.type for field in table.fields if field.encode_name == missing[1]]
        return f"{_place(path, missing[1])}: it is missing; wanted is {_wanted(type_)}"
    return f"{_place(path)}: found {_found(value)}, wanted is {_wanted(wanted, value)}"


def _follow(raw: object, path: str) -> tuple[object, inspect.Type]:
    """What stands at that path, and what should."""
    value: Any = raw
    type_ = _WHOLE
    for name, number in _STEP.findall(path):
        type_ = _bare(type_)
        if isinstance(type_, inspect.StructType):
            [type_] = [field.type for field in type_.fields if field.encode_name == name]
            value = value[name]
        elif isinstance(type_, inspect.VarTupleType):
            type_, value = type_.item_type, value[int(number)]
    return value, type_


def _bare(type_: inspect.Type) -> inspect.Type:
    """Without its description, and without None, which TOML cannot write."""
    if isinstance(type_, inspect.Metadata):
        return _bare(type_.type)
    if isinstance(type_, inspect.UnionType):
        return _bare(next(one for one in type_.types if not isinstance(one, inspect.NoneType)))
    return type_


def _place(path: str, name: str = "") -> str:
    counted = _STEP.sub(lambda step: f"[{int(step[2]) + 1}]" if step[2] else f".{step[1]}", path)
    return f"{counted}.{name}".strip(".") if name else counted.lstrip(".")


def _wanted(type_: inspect.Type, found: object = None) -> str:
    """What is wanted, from the type in profile.py, instead of what was found."""
    example = _example(type_)
    match _bare(type_):
        case inspect.StrType(max_length=longest):
            if found == "":
                return "a text that is not empty"
            if longest and isinstance(found, str) and len(found) > longest:
                return f"a text of at most {longest:,} characters"
            return "a text in quotes" + (f", such as {example}" if example else "")
        case inspect.IntType(ge=smallest, le=largest) | inspect.FloatType(ge=smallest, le=largest) as number:
            whole = "a whole number" if isinstance(number, inspect.IntType) else "a number"
            if smallest is None or largest is None:
                return whole if smallest is None else f"{whole}, {smallest} or more"
            return f"{whole} from {smallest:,} to {largest:,}"
        case inspect.BoolType():
            return "true or false, without quotes"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case inspect.VarTupleType(item_type=inspect.StructType(), max_length=most):
            return f"at most {most} tables, each begun with two pairs of brackets, such as [[question]]"
        case inspect.VarTupleType(item_type=item, min_length=shortest):
            return f"a list in brackets{' with something in it' if shortest else ''}, of which each is {_wanted(item)}"
        case _:
            return "a table, such as [limits]"


def _example(type_: inspect.Type) -> str:
    if isinstance(type_, inspect.Metadata):
        examples = (type_.extra_json_schema or {}).get("examples")
        return f'"{examples[0]}"' if examples else _example(type_.type)
    if isinstance(type_, inspect.UnionType):
        return next(filter(None, map(_example, type_.types)), "")
    return ""


def _found(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'the text "{one_line(value)}"'
        case int() | float():
            return f"the number {one_line(str(value)) if isinstance(value, float) or abs(value) < 10**20 else 'of many digits'}"
        case datetime.datetime() | datetime.date():
            return f"the date {value.isoformat()}"
        case datetime.time():
            return f"the time {value.isoformat()}"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a table"
