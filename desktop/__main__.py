"""The command line. Decides what to run before anything heavy is imported."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from desktop import APP_NAME, __version__
from desktop.errors import NextCallError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

_LONGEST_GOODBYE = 5.0
"""Seconds after which a program that has left is ended for good, although some thread still waits for the system."""


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    if sys.stdout is None or sys.stderr is None:  # a windowed program has neither
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the life of the program
    arguments = _parser().parse_args()
    try:
        match arguments.command:
            case "practice-service":
                return _practice_service(arguments)
            case "tour":
                _tour(arguments)
            case _:
                return _app(arguments)
    except NextCallError as failure:
        print(f"nextcall: {failure}. {failure.advice}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nextcall", description="The desktop companion of a call-center agent's phone.")
    parser.add_argument("--version", action="version", version=f"{APP_NAME} {__version__}")
    parser.add_argument("--practice", action="store_true", help="work at a call center on this computer; nobody is called")
    parser.add_argument("--service", metavar="URL", default="", help="the call center's WSDL address, instead of the settings'")
    parser.add_argument("--broadcast-service", metavar="URL", default="", help="the WSDL address that starts and stops campaigns")
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="keep everything below this folder")
    parser.add_argument("--exit-after-first-paint", action="store_true", help="for measuring the start")
    commands = parser.add_subparsers(dest="command", metavar="command")
    service = commands.add_parser("practice-service", help="run the practice call center alone and print its address")
    service.add_argument("--port", type=int, default=0, help="0, the default, takes any free port")
    service.add_argument("--scenario", metavar="FILE", type=Path, help="who is called and how long it takes (TOML)")
    tour = commands.add_parser("tour", help="play a whole practice shift by itself and take a picture of each step")
    tour.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder for the pictures")
    return parser


def _practice_service(arguments: argparse.Namespace) -> int:
    from desktop.practice.scenario import load_scenario
    from desktop.practice.server import serve

    serve(load_scenario(arguments.scenario) if arguments.scenario else load_scenario(), arguments.port)
    return 0


def _app(arguments: argparse.Namespace) -> int:
    from desktop.app import App, Options, QtApplication
    from desktop.ui.instance import OnlyInstance

    options = Options(
        practice=arguments.practice,
        service_url=arguments.service,
        broadcast_url=arguments.broadcast_service,
        data_dir=arguments.data_dir,
        exit_after_first_paint=arguments.exit_after_first_paint,
    )
    qt = QtApplication(sys.argv[:1])

    instance = OnlyInstance(options.folder)
    if not instance.claim():
        print("NextCall is running already in this data folder; its window is shown.")
        return 0

    async def work() -> int:
        app = App(qt, options)
        instance.show_requested.connect(app.show)
        app.start()
        await app.run()
        instance.release()
        _end_soon()
        return 0

    return _run(qt, work)


def _tour(arguments: argparse.Namespace) -> NoReturn:
    from desktop.app import QtApplication
    from desktop.tour import play

    qt = QtApplication(sys.argv[:1])
    _run(qt, lambda: play(qt, arguments.out))


def _run(qt: QApplication, work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Do `work` in the loop of `qt`, and end the program with the code that it gives.

    Not by returning: a thread may still wait for the system (a keyring, a name, a contract), and Python, when it ends by itself,
    pulls the ground from under such a thread, which then crashes. Everything that has to be closed is closed by then.
    """
    import asyncio
    import gc

    import qasync

    gc.freeze()  # what the imports have made stays, so it need not be looked through again and again
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qt)) as runner:
        code = runner.run(work())
    qt.shutdown()  # what was copied goes to the system's clipboard
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_soon() -> None:
    """Everything is closed; do not let a thread that waits for a keyring or a name server keep the program alive."""
    last_resort = threading.Timer(_LONGEST_GOODBYE, os._exit, (0,))
    last_resort.daemon = True
    last_resort.start()


if __name__ == "__main__":
    sys.exit(main())
