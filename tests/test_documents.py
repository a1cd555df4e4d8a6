"""The documents: their links lead somewhere, and they speak of commands, options and files that there are."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from desktop.command_line import parser

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
    for place in ("*.md", "packaging/**/*.md", "resources/**/*.md")
    for file in sorted(ROOT.glob(place))
}
TOLD = "\n".join(DOCUMENTS.values())
FOR_ITSELF = {"sound-player", "forget-secrets", "--exit-after-first-paint", "--help", "--version"}
"""What NextCall, its installer and its measurements call, and what every program has."""


def headings(document: str) -> set[str]:
    """What GitHub makes of the headings, for links to them."""
    titles = re.findall(r"^#+ (.+)$", document, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str):
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", DOCUMENTS[name])
    for target in (one or other for one, other in targets):
        if "://" in target:
            continue
        place, _, heading = target.partition("#")
        file = (ROOT / name).parent / place if place else ROOT / name
        assert file.exists(), target
        if heading:
            assert heading in headings(file.read_text(encoding="utf-8")), target


def commands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of one parser, by name."""
    found = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def options(of: argparse.ArgumentParser) -> set[str]:
    return {option for action in of._actions for option in action.option_strings if option.startswith("--")}


def test_every_command_and_option_is_told():
    program = parser()
    for command in {*commands(program), *options(program)} - FOR_ITSELF:
        assert re.search(rf"`(nextcall )?{command}\b", TOLD), command


def test_what_is_told_are_commands_and_options():
    program = parser()
    told = re.findall(r"`nextcall(?:-cli)? ([^`]+)`", TOLD)
    assert len(told) > 10
    for line in told:
        here: argparse.ArgumentParser = program
        for word in line.split(" < ")[0].split():
            if word.startswith("--"):
                assert word in options(here), line
            elif word in commands(here):
                here = commands(here)[word]
            elif here is program:
                assert word.isupper() or word in FOR_ITSELF, line
