"""What is opened, copied or started for a call. Only built here, from a checked profile: nothing is opened, copied or started."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

from desktop.popup import templates
from desktop.popup.facts import Facts
from desktop.popup.profile import Clipboard, Program, ScreenPop

_LONGEST = 1000
"""Characters of a value: no identifier is longer, and systems limit addresses and command lines."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def address(pop: ScreenPop, facts: Facts) -> str:
    """The page to open, every value percent-encoded; empty if the values would lead elsewhere on that host, or to another one."""
    url = templates.fill(pop.url, lambda name: _value(facts, name), lambda value: quote(value, safe=""))
    parts = urlsplit(url)
    climbs = any(unquote(step) in {".", ".."} for step in parts.path.split("/"))
    allowed = parts.scheme == "https" and parts.netloc.casefold() in {host.casefold() for host in pop.hosts}
    return url if allowed and not climbs else ""


def copied(clipboard: Clipboard, facts: Facts) -> str:
    """What goes to the clipboard: one field to a line; empty if the call has none of them."""
    return "\n".join(filter(None, (_value(facts, path) for path in clipboard.fields)))


def command(program: Program, facts: Facts) -> list[str]:
    """The program and its arguments, for an operating system that takes them as a list.

    A value at the beginning of an argument cannot make an option of it: its leading `-`, `/` and `@` are left out.
    """
    name, *arguments = program.command
    return [name, *(_argument(argument, facts) for argument in arguments)]


def _argument(template: str, facts: Facts) -> str:
    filled = templates.fill(template, lambda name: _value(facts, name), str)
    begins_with_value = isinstance(templates.parts(template)[0], templates.Placeholder)
    return filled.lstrip("-/@") if begins_with_value else filled


def _value(facts: Facts, name: str) -> str:
    return _CONTROLS.sub(" ", facts.raw(name))[:_LONGEST].strip()
