"""What must fit together in a campaign profile, in one place: `faults` gives a place and a sentence for everything that does not.

The types and bounds of single names are profile.py's. This module must not raise for any profile, however wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

import phonenumbers

from desktop.popup import conditions, hours, paths, templates
from desktop.popup.profile import GIVEN, RESERVED, CampaignProfile, Disposition, Question
from desktop.popup.wording import one_line, suggest

Fault = tuple[str, str]
"""The place in the file, and a sentence without its full stop."""

_SHELLS = frozenset(
    {
        *("cmd", "command", "powershell", "pwsh", "wt", "wscript", "cscript", "mshta", "rundll32", "regsvr32"),
        *("sh", "bash", "dash", "zsh", "fish", "csh", "ksh", "env", "osascript"),
    }
)
_SCRIPT_FILES = frozenset({".bat", ".cmd", ".ps1", ".vbs", ".js", ".sh", ".command", ".scpt", ".hta", ".wsf"})
_HOST = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


def faults(profile: CampaignProfile) -> Iterator[Fault]:
    """Everything that does not fit together, in the order of profile.py."""
    yield from _general(profile)
    yield from _fields(profile)
    for number, part in enumerate(profile.script, 1):
        yield from _template(profile, f"script[{number}].text", part.text)
        yield from _condition(profile, f"script[{number}].show_if", part.show_if)
    yield from _questions(profile)
    yield from _dispositions(profile)
    yield from _calling_hours(profile)
    yield from _screen_pop(profile)
    yield from _clipboard(profile)
    yield from _program(profile)
    yield from _webhook(profile)
    goal, limit = profile.wrap_up.goal_seconds, profile.wrap_up.limit_seconds
    if goal is not None and limit is not None and goal > limit:
        yield "wrap_up.goal_seconds", f"found {goal}, wanted is at most the limit_seconds, {limit}"


def _general(profile: CampaignProfile) -> Iterator[Fault]:
    if profile.region not in phonenumbers.SUPPORTED_REGIONS:
        yield "region", f"{profile.region} is no country that has phone numbers; wanted is a code such as US, CA or GB"
    yield from _twice("campaigns", map(str, profile.campaigns))


def _fields(profile: CampaignProfile) -> Iterator[Fault]:
    for number, field in enumerate(profile.fields, 1):
        place = f"field[{number}]"
        yield from _path(f"{place}.path", field.path)
        earlier = next(i for i, one in enumerate(profile.fields, 1) if paths.same(one.path, field.path))
        if earlier < number:
            yield f"{place}.path", f"{one_line(field.path)} is listed twice, first as field[{earlier}]"
        if field.hidden and (field.label or field.group or field.mask is not None or field.show_if):
            yield f"{place}.hidden", "a hidden field is never shown, so it needs no label, group, mask or show_if"
        yield from _condition(profile, f"{place}.show_if", field.show_if)


def _questions(profile: CampaignProfile) -> Iterator[Fault]:
    yield from _twice("question[{}].id", (one.id for one in profile.questions))
    for number, question in enumerate(profile.questions, 1):
        place = f"question[{number}]"
        if question.id in RESERVED:
            yield f"{place}.id", f"{question.id} has a meaning of its own; wanted is another word"
        yield from _choices(place, question)
        yield from _bounds(place, question)
        if question.required and question.required_if:
            yield f"{place}.required_if", "the question is required in any case; wanted is one of the two"
        if question.required_if and question.id in _names_in(question.required_if):
            yield f"{place}.required_if", "a question cannot depend on its own answer"
        yield from _condition(profile, f"{place}.required_if", question.required_if)
        if question.default_from is not None:
            yield from _listed_path(profile, f"{place}.default_from", question.default_from)


def _choices(place: str, question: Question) -> Iterator[Fault]:
    if question.type in {"choice", "choices"}:
        if len(question.choices) < 2:
            yield f"{place}.choices", f"found {len(question.choices)}, wanted are two or more of them for a question of this type"
        yield from _twice(f"{place}.choices", question.choices)
        for choice in question.choices:
            if choice != " ".join(choice.split()) or ";" in choice:
                yield f"{place}.choices", f'"{one_line(choice)}" has a semicolon, a line break or blanks that nobody sees'
    elif question.choices:
        yield f"{place}.choices", f"a question of type {question.type} has no choices; wanted is type choice or choices"


def _bounds(place: str, question: Question) -> Iterator[Fault]:
    low, high = question.min, question.max
    if low is not None and question.type != "number":
        yield f"{place}.min", f"a question of type {question.type} has no smallest number"
    if high is not None and question.type not in {"number", "rating", "text", "long"}:
        yield f"{place}.max", f"a question of type {question.type} has no largest number"
    if low is not None and high is not None and low > high:
        yield f"{place}.max", f"found {high:.15g}, wanted is {low:.15g}, the min, or more"
    if question.type == "rating" and high is not None and not (high.is_integer() and 2 <= high <= 10):
        yield f"{place}.max", f"found {high:.15g}, wanted is a whole number from 2 to 10 for a rating"
    if question.type in {"text", "long"} and high is not None and not (high.is_integer() and high >= 1):
        yield f"{place}.max", f"found {high:.15g}, wanted is a whole number of characters"
    if question.decimals and question.type != "number":
        yield f"{place}.decimals", f"a question of type {question.type} has no decimals"


def _dispositions(profile: CampaignProfile) -> Iterator[Fault]:
    offered = profile.dispositions
    yield from _twice("disposition[{}].name", (one.name for one in offered))
    yield from _twice("disposition[{}].digit", (str(one.digit or "") for one in offered))
    yield from _twice("disposition[{}].for_logoff", ("true" if one.for_logoff else "" for one in offered))
    for number, disposition in enumerate(offered, 1):
        yield from _disposition(profile, f"disposition[{number}]", disposition)


def _disposition(profile: CampaignProfile, place: str, disposition: Disposition) -> Iterator[Fault]:
    name = disposition.name
    if name != " ".join(name.split()) or not name.isprintable():
        yield f"{place}.name", f'"{one_line(name)}" has a line break or blanks that nobody sees'
    limit = profile.limits.disposition
    if limit is not None and len(name) > limit:
        yield f"{place}.name", f"it has {len(name)} characters, wanted are at most {limit}, the limits.disposition"
    for question_id in disposition.needs:
        if profile.question(question_id) is None:
            known = suggest(question_id, (one.id for one in profile.questions))
            yield f"{place}.needs", f"there is no question {one_line(question_id)}{known}"
    demands = disposition.needs_notes or disposition.needs or disposition.after_seconds or disposition.callback
    if disposition.for_logoff and demands:
        yield f"{place}.for_logoff", "what is chosen by itself cannot ask for notes, answers, seconds or a callback"


def _calling_hours(profile: CampaignProfile) -> Iterator[Fault]:
    for number, one in enumerate(profile.calling_hours, 1):
        place = f"calling_hours[{number}]"
        times = {name: hours.minutes(text) for name, text in (("earliest", one.earliest), ("latest", one.latest))}
        for name, minutes in times.items():
            if minutes is None:
                found = one_line(getattr(one, name))
                yield f"{place}.{name}", f'found "{found}", wanted is a time of day from 0:00 to 24:00, such as 8:00'
        earliest, latest = times["earliest"], times["latest"]
        if earliest is not None and latest is not None and earliest >= latest:
            yield f"{place}.latest", f"found {one.latest}, wanted is a time after {one.earliest}, the earliest"
        if not one.days:
            yield f"{place}.days", "found an empty list, wanted is at least one day"


def _screen_pop(profile: CampaignProfile) -> Iterator[Fault]:
    pop = profile.screen_pop
    if pop is None:
        return
    for host in pop.hosts:
        if not _HOST.fullmatch(host.casefold()):
            yield "screen_pop.hosts", f'"{one_line(host)}" is no host; wanted is a name such as crm.example.com'
    yield from _template(profile, "screen_pop.url", pop.url)
    yield from _https("screen_pop.url", pop.url.partition("{")[0], pop.url)
    host = _host(pop.url.partition("{")[0])
    if host and host not in {one.casefold() for one in pop.hosts}:
        yield "screen_pop.url", f"its host {one_line(host)} is not among the hosts{suggest(host, pop.hosts)}"


def _clipboard(profile: CampaignProfile) -> Iterator[Fault]:
    for path in profile.clipboard.fields if profile.clipboard else ():
        yield from _listed_path(profile, "clipboard.fields", path)


def _program(profile: CampaignProfile) -> Iterator[Fault]:
    if profile.program is None:
        return
    place = "program.command"
    program, *arguments = profile.program.command
    plain = program.rstrip(". ")  # as Windows does
    windows, other = PureWindowsPath(plain), PurePosixPath(plain)
    if "\0" in "".join(profile.program.command):
        yield place, "a NUL character cannot be part of a command"
    if "{" in program:
        yield place, "the program itself cannot have a placeholder; only its arguments can"
    elif not (windows.is_absolute() and windows.drive[1:2] == ":") and not other.is_absolute():
        yield place, f'found "{one_line(program)}", wanted is the full path of a program on this computer'
    elif {windows.stem.casefold(), other.stem.casefold()} & _SHELLS or {windows.suffix.casefold()} & _SCRIPT_FILES:
        yield place, f'"{one_line(program)}" is a shell or a script; wanted is a program of its own'
    for number, argument in enumerate(arguments, 2):
        yield from _template(profile, f"{place}[{number}]", argument)


def _webhook(profile: CampaignProfile) -> Iterator[Fault]:
    if profile.webhook is None:
        return
    address = profile.webhook.address
    if "{" in address:
        yield "webhook.address", "an address that is told of calls has no placeholders; what it is told is in the message"
    yield from _https("webhook.address", address, address)
    yield from _twice("webhook.on", profile.webhook.on)


# ---------------------------------------------------------------------------------------------- what recurs


def _https(place: str, literal: str, whole: str) -> Iterator[Fault]:
    if not literal.casefold().startswith("https://"):
        yield place, f'found "{one_line(whole)}", wanted is an address that begins with https://'
    elif not _host(literal) or (len(literal) < len(whole) and literal.count("/") < 3):
        yield place, f'found "{one_line(whole)}", wanted is a plain host behind https://, and a / before the first placeholder'
    elif not literal.isascii() or not literal.isprintable() or " " in literal or "\\" in literal:
        yield place, f'"{one_line(whole)}" has characters that no address can have'


def _host(address: str) -> str:
    """The host of an https address, with its port if it names one; empty if it is not a plain one, say for a user before an @."""
    try:
        netloc = urlsplit(address).netloc.casefold()
    except ValueError:
        return ""
    return netloc if _HOST.fullmatch(netloc) else ""


def _name(profile: CampaignProfile, place: str, name: str) -> Iterator[Fault]:
    if profile.question(name) is None and profile.field(name) is None and name not in GIVEN:
        known = [*(one.id for one in profile.questions), *(one.path for one in profile.fields), *GIVEN]
        yield place, f"{one_line(name)} is no question and no listed field{suggest(name, known)}"


def _template(profile: CampaignProfile, place: str, template: str) -> Iterator[Fault]:
    try:
        names = templates.names(template)
    except ValueError as error:
        yield place, str(error)
        return
    for name in names:
        yield from _name(profile, place, name)


def _condition(profile: CampaignProfile, place: str, condition: str | None) -> Iterator[Fault]:
    if condition is None:
        return
    try:
        clauses = conditions.parse(condition).clauses
    except ValueError as error:
        yield place, str(error)
        return
    for clause in clauses:
        yield from _name(profile, place, clause.name)
        question = profile.question(clause.name)
        allowed = ("yes", "no") if question and question.type == "yes_no" else question.choices if question else ()
        if allowed and clause.sign and clause.value and clause.value.casefold() not in {one.casefold() for one in allowed}:
            yield place, f"{one_line(clause.value)} is no answer to {clause.name}{suggest(clause.value, allowed)}"


def _names_in(condition: str) -> set[str]:
    try:
        return {clause.name for clause in conditions.parse(condition).clauses}
    except ValueError:
        return set()


def _path(place: str, path: str) -> Iterator[Fault]:
    try:
        paths.steps(path)
    except ValueError as error:
        yield place, str(error)


def _listed_path(profile: CampaignProfile, place: str, path: str) -> Iterator[Fault]:
    if profile.field(path) is None:
        yield place, f"{one_line(path)} is no listed field{suggest(path, (one.path for one in profile.fields))}"


def _twice(place: str, texts: Iterable[str]) -> Iterator[Fault]:
    """What stands there more than once; `{}` in the place is the number of the second. Empty texts do not count."""
    seen: Counter[str] = Counter()
    for number, text in enumerate(texts, 1):
        seen[text.casefold()] += 1
        if text and seen[text.casefold()] == 2:
            yield place.format(number), f"found {one_line(text)} a second time, wanted is each only once"
