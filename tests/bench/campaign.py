"""A campaign as large as any that NextCall is made for: 200 fields, a script of 20 parts, 100 questions, 30 dispositions."""

from __future__ import annotations

from desktop.callcenter.model import Call, Field
from desktop.popup.profile import CampaignProfile
from desktop.popup.profile_file import read

FIELDS, PARTS, QUESTIONS, DISPOSITIONS = 200, 20, 100, 30

_TYPES = ("text", "yes_no", "number", "choice", "rating", "date", "choices", "long", "text", "choice")
_NUMBERS = ("+12025550{}", "+14155550{}", "+442079460{}", "+61412345{}")


def profile(number: int) -> CampaignProfile:
    """The profile. Another `number` gives one that differs in every question, so that everything is built anew."""
    return read(
        "\n".join((_head(number), _fields(), _script(number), _questions(number), _dispositions(number))).encode(), "large"
    )


def call(number: int) -> Call:
    """One of its calls, with a text in every field, and 50 fields that the profile does not list."""
    listed = tuple(Field(f"f{at}", _value(at, number)) for at in range(FIELDS // 2))
    nested = tuple(Field("entry", _value(at, number), (("name", f"f{at}"),)) for at in range(FIELDS // 2, FIELDS))
    more = tuple(Field(f"more{at}", f"of call {number}") for at in range(50))
    who = (Field("id", f"c{number}"), Field("firstname", "Zoë"), Field("phonenumber", "+12025550143"))
    return Call(f"c{number}", (*who, *listed, Field("extra", children=nested), *more))


def _head(number: int) -> str:
    return (
        f"name = 'Campaign {number}'\n[limits]\nnotes = 20000\n[[calling_hours]]\nearliest = '8:00'\nlatest = '21:00'\n"
        "[[field]]\npath = 'firstname'\nmask = 2\n[[field]]\npath = 'phonenumber'\nformat = 'phone'\nmask = 4"
    )


def _fields() -> str:
    return "\n".join(f"[[field]]\npath = '{_path(at)}'\ngroup = 'Group {at // 20}'\n" + _manner(at) for at in range(FIELDS - 2))


def _path(at: int) -> str:
    return f"f{at}" if at < FIELDS // 2 else f"extra/f{at}"


def _manner(at: int) -> str:
    condition = {0: "show_if = 'q1 = yes'", 3: "show_if = 'f5'", 7: "show_if = 'q4 >= 3 or f6 = x'"}
    mask = "mask = 3" if at % 7 == 1 else ""
    return "\n".join((f"format = '{_format(at)}'", mask, condition.get(at % 10, "")))


def _format(at: int) -> str:
    return ("text", "text", "phone", "money", "date", "link", "text", "text", "text", "text", "money", "date", "text")[at % 13]


def _value(at: int, number: int) -> str:
    match _format(at):
        case "phone":
            return _NUMBERS[at % len(_NUMBERS)].format(f"{(at * 13 + number * 101) % 1000:03}")
        case "money":
            return f"{at * 37 + number}.5"
        case "date":
            return f"20{at % 30:02}-0{at % 9 + 1}-{number % 28 + 1:02}T10:00:00Z"
        case "link":
            return f"https://crm.example/{at}/{number}"
    return f"value {at} of call {number}"


def _script(number: int) -> str:
    text = "Hello **{{firstname|there}}**, part {0} of {1}: {{f{0}}}, {{extra/f{2}|no}}. You said “{{q{3}}}”.\n\n- one\n- two"
    conditions = ("", "show_if = 'q1 = yes'", "show_if = 'q14 <= 2'", "show_if = 'f6'")
    return "\n".join(
        f"[[script]]\ntext = '''{text.format(at, number, FIELDS // 2 + at, at)}'''\n{conditions[at % 4]}" for at in range(PARTS)
    )


def _questions(number: int) -> str:
    return "\n".join(_question(at, number) for at in range(QUESTIONS))


def _question(at: int, number: int) -> str:
    kind = _TYPES[at % len(_TYPES)]
    lines = [f"[[question]]\nid = 'q{at}'\nlabel = 'Question {at} of {number}'\ntype = '{kind}'"]
    if kind in {"choice", "choices"}:
        lines.append("choices = ['Paper', 'Audio', 'Both', 'Neither']")
    if at % 5 == 1:
        lines.append("required = true")
    if at % 5 == 3:
        lines.append("required_if = 'q1 = yes and q4 >= 3'")
    if at % 10 == 8:
        lines.append(f"default_from = 'f{at}'")
    if at % 4 == 0:
        lines.append("help = 'A guess is fine.'")
    return "\n".join(lines)


def _dispositions(number: int) -> str:
    return "\n".join(
        f"[[disposition]]\nname = 'Disposition {at} of {number}'\ngroup = 'Group {at // 10}'\nneeds = ['q{at}', 'q{at + 30}']"
        for at in range(DISPOSITIONS)
    )
