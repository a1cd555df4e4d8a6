"""The command line: what can be said on it, and how that is explained. What is said is done elsewhere (__main__.py).

Every start reads this first, so it imports little.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from desktop import APP_NAME, __version__

_EXIT_CODES = """\
exit codes:
  0  done
  1  the call center refused
  2  the command was not understood, or not confirmed; nothing was sent
  3  nothing was sent: the call center was not reached, or has no such function
  4  it was sent, and nobody knows whether it was done
  5  something on this computer was in the way (keyring, settings, audit log); nothing was sent"""

_THE_KEY = """\
the key:
  the first line of standard input; if that is empty or a terminal, the supervisor's own key in this computer's keyring.
  A script that has something else on its standard input gives this command another one: </dev/null

"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line as JSON, too, if it asks for JSON."""

    def error(self, message: str) -> NoReturn:
        if "--json" in sys.argv[1:]:
            from desktop import lead_commands

            lead_commands.tell_unclear(message)
        super().error(message)


def parser() -> Parser:
    """The whole command line."""
    parser = Parser(prog="nextcall", description="The desktop companion of a call-center agent's phone.")
    parser.add_argument("--version", action="version", version=f"{APP_NAME} {__version__}")
    parser.add_argument("--practice", action="store_true", help="work at a call center on this computer; nobody is called")
    parser.add_argument("--service", metavar="URL", default="", help="the call center's WSDL address, instead of the settings'")
    parser.add_argument("--broadcast-service", metavar="URL", default="", help="the WSDL address that starts and stops campaigns")
    parser.add_argument("--profile", metavar="FILE", type=Path, help="the campaign's profile, instead of the data folder's")
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="keep everything below this folder")
    parser.add_argument(
        "--self-check",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=Path(os.devnull),
        help="prove that this installation is whole, and exit; the table also goes into FILE",
    )
    parser.add_argument(
        "--quit-for-update",
        action="store_true",
        help="ask a running NextCall to leave, and exit: 0 if none runs any more, 1 if it stays because a shift is on",
    )
    parser.add_argument("--exit-after-first-paint", action="store_true", help="for measuring the start")
    commands = parser.add_subparsers(dest="command", metavar="command")
    service = commands.add_parser("practice-service", help="run the practice call center alone and print its address")
    service.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    service.add_argument("--scenario", metavar="FILE", type=Path, help="who is called and how long it takes (TOML)")
    tour = commands.add_parser("tour", help="play a whole practice shift by itself and take a picture of each step")
    tour.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder for the pictures")
    commands.add_parser("sound-player", help="play what is asked for on standard input; NextCall starts it by itself")
    check = commands.add_parser("check-profile", help="say whether a campaign profile is right, or in one sentence what is not")
    check.add_argument("file", metavar="FILE", type=Path)
    keep = commands.add_parser(
        "keep-secret", help="keep the secret of a webhook in this computer's keyring; an empty one is taken out"
    )
    keep.add_argument("name", metavar="NAME", help="what campaign profiles call it; the secret itself is asked for")
    if sys.platform == "win32":
        commands.add_parser("forget-secrets", help="take every key and secret of NextCall's out of your keyring")
    unpack = commands.add_parser("unpack-notes", help="turn exported notes (CSV) into a table with a column for each question")
    unpack.add_argument("file", metavar="FILE", type=Path, nargs="?", help="the export; standard input by default")
    unpack.add_argument("--out", metavar="FILE", type=Path, help="where the table goes; standard output by default")
    _add_lead_commands(commands)
    return parser


def _add_lead_commands(commands: argparse._SubParsersAction[Parser]) -> None:
    """What team leads do from a script."""
    described: dict[str, Any] = {
        "epilog": _THE_KEY + _EXIT_CODES,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,  # --key would be --key-stdin, and what comes after it in sight of everybody
    }
    campaign = commands.add_parser("campaign", help="start or stop a campaign", **described)
    steps = campaign.add_subparsers(dest="step", metavar="start|stop", required=True)
    helps = {"start": "have people called", "stop": "have nobody called any more; at a terminal it asks first"}
    for step, help_text in helps.items():
        command = steps.add_parser(step, help=help_text, description=help_text, **described)
        command.add_argument("campaign", metavar="ID", type=_campaign_id, help="the campaign's number")
        _add_common(command)
    agent = commands.add_parser("agent", help="hang up an agent's phone", **described)
    kick_help = "hang up the agent's phone, whoever is on the line; at a terminal it asks first"
    steps = agent.add_subparsers(dest="step", metavar="kick", required=True)
    kick = steps.add_parser("kick", help=kick_help, description=kick_help, **described)
    kick.add_argument("agent", metavar="ID", type=_agent_id, help="the agent's ID, as the agent heard it")
    kick.add_argument("--campaign", metavar="ID", type=_campaign_id, help="the campaign's number; by default the last one here")
    kick.add_argument("--reason", metavar="TEXT", default="", help="why; kept in the audit log")
    _add_common(kick)
    audit_help = "print the log of what was done, as CSV (with --json: in one line of JSON)"
    audit = commands.add_parser("audit", help=audit_help, description=audit_help, **described | {"epilog": _EXIT_CODES})
    audit.add_argument("--out", metavar="FILE", type=Path, help="where it goes; standard output by default")
    _add_json(audit)
    _add_data_dir(audit)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key-stdin", action="store_true", help="take no other key; at a terminal it is typed unseen")
    command.add_argument("--yes", action="store_true", help="ask nothing at a terminal")
    _add_json(command)
    broadcast_help = "the WSDL that starts and stops campaigns; the settings' counts only together with their service address"
    _add_also_here(command, "--service", metavar="URL", help="the call center's WSDL address, instead of the settings'")
    _add_also_here(command, "--broadcast-service", metavar="URL", help=broadcast_help)
    _add_data_dir(command)


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="one line of JSON on standard output, whatever happens")


def _add_data_dir(command: argparse.ArgumentParser) -> None:
    _add_also_here(command, "--data-dir", metavar="DIR", type=Path, help="keep everything below this folder")


def _add_also_here(command: argparse.ArgumentParser, name: str, **how: Any) -> None:
    """An option that may stand before the command, too (__main__.py): not to be given here must not take that back."""
    command.add_argument(name, default=argparse.SUPPRESS, **how)


def _campaign_id(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise argparse.ArgumentTypeError("a campaign's id is a number of at most 18 digits")
    return int(text)


def _agent_id(text: str) -> str:
    if not text.strip() or len(text) > 100 or not text.isprintable():
        raise argparse.ArgumentTypeError("an agent's ID is a text of at most 100 characters")
    return text.strip()
