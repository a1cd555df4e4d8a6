"""The command line. Decides what to run before anything heavy is imported."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from desktop import command_line
from desktop.errors import NextCallError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

_LONGEST_GOODBYE = 5.0
"""Seconds after which a program that has left is ended for good, although some thread still waits for the system."""


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    if sys.stdout is None:  # a windowed program has neither
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the life of the program
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    given = sys.argv[1:]
    link = (
        given.pop() if given and given[-1].startswith("nextcall:") else ""
    )  # the system hands a clicked link over as the last one
    parser = command_line.parser()
    arguments, unknown = parser.parse_known_args(given, argparse.Namespace(link=link))
    if unknown:  # they are not repeated: a key may be among them, and errors end up in logs
        parser.error("there is more on the command line than it knows")
    try:
        return _COMMANDS.get(arguments.command, _app)(arguments)
    except NextCallError as failure:
        print(f"nextcall: {failure.in_a_line}", file=sys.stderr)
        return 1


def _practice_service(arguments: argparse.Namespace) -> int:
    from desktop.practice.scenario import load_scenario
    from desktop.practice.server import serve

    serve(load_scenario(arguments.scenario) if arguments.scenario else load_scenario(), arguments.port)
    return 0


def _check_profile(arguments: argparse.Namespace) -> int:
    from desktop.errors import ProfileError
    from desktop.popup.profile_file import load, summary

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for a terminal that lacks the letters of a campaign's name
    try:
        print(f"ok: {summary(load(arguments.file))}")
    except ProfileError as failure:
        print(failure.reason, file=sys.stderr)
        return 1
    return 0


def _keep_secret(arguments: argparse.Namespace) -> int:
    """The secret is typed unseen, or is a line of standard input: an argument could be seen by every user of the computer."""
    import asyncio
    import getpass

    from desktop.settings.vault import WebhookSecrets

    try:
        secret = (
            getpass.getpass("Secret (nothing is shown): ") if sys.stdin.isatty() else _utf8(sys.stdin).readline().rstrip("\r\n")
        )
    except (EOFError, KeyboardInterrupt):
        print("\nNothing was changed.", file=sys.stderr)
        return 1
    except UnicodeDecodeError:
        print("nextcall: The secret is not written in UTF-8. Nothing was changed.", file=sys.stderr)
        return 1
    secrets, name = WebhookSecrets(), arguments.name
    asyncio.run(secrets.keep(name, secret) if secret else secrets.forget(name))
    print("The secret is kept." if secret else "There is no secret of that name any more.")
    return 0


def _forget_secrets(_arguments: argparse.Namespace) -> int:
    """For the uninstaller."""
    from desktop.settings.vault import forget_all

    try:
        print(f"Taken out: {forget_all()}.")
    except OSError as wrong:
        print(f"nextcall: The keyring cannot be changed: {wrong.strerror}", file=sys.stderr)
        return 1
    return 0


def _unpack_notes(arguments: argparse.Namespace) -> int:
    """Both tables are in UTF-8, whatever the terminal speaks; a written file begins with the mark by which Excel knows it."""
    import csv

    from desktop.errors import NotesNotRead
    from desktop.popup.notes import unpack_csv

    file: Path | None = arguments.file
    out: Path | None = arguments.out
    csv.field_size_limit(10_000_000)  # a note may be longer than the usual 131,072 characters
    try:
        with contextlib.ExitStack() as files:
            given: TextIO = files.enter_context(file.open(encoding="utf-8-sig", newline="")) if file else _utf8(sys.stdin)
            table = list(unpack_csv(csv.reader(given)))
            made: TextIO = files.enter_context(out.open("w", encoding="utf-8-sig", newline="")) if out else _utf8(sys.stdout)
            csv.writer(made, lineterminator="\n").writerows(table)
    except OSError as error:
        raise NotesNotRead(f"{error.filename or 'The table'}: {error.strerror}.") from None
    return 0


def _utf8(stream: TextIO) -> TextIO:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8-sig" if stream.readable() else "utf-8", newline="")
    return stream


def _sound_player(_arguments: argparse.Namespace) -> int:
    from desktop.ui.sound_player import main as play_sounds

    return play_sounds()


def _lead(arguments: argparse.Namespace) -> NoReturn:
    from desktop import lead_commands

    _end(lead_commands.run(arguments))


_WITHOUT_WINDOWS = (
    *("desktop.callcenter.soap", "desktop.outside.profiles", "desktop.outside.webhooks", "desktop.popup.form"),
    *("desktop.settings.memory", "desktop.shift.session", "desktop.supervision.supervisor"),
)
_WITH_WINDOWS = ("desktop.ui.popup", "desktop.ui.channels", "desktop.ui.supervisor", "desktop.ui.desk", "desktop.app")
"""What a start reads from the disk once the first window is there: most of it on a thread, windows on their own, one by one."""


def _app(arguments: argparse.Namespace) -> int:
    if arguments.self_check is not None:
        _self_check(arguments.self_check)
    if arguments.quit_for_update:
        return _quit_for_update(arguments.data_dir)
    gc.disable()  # until App collects on this thread: on another one, a window's remains take the program down
    from desktop.settings.folder import data_folder
    from desktop.ui.application import QtApplication
    from desktop.ui.first import first_login, wait_for_paint
    from desktop.ui.instance import OnlyInstance

    qt = QtApplication(sys.argv[:1])
    folder = data_folder(arguments.data_dir)
    instance = OnlyInstance(folder)
    if not instance.claim(arguments.link):
        print("NextCall is running already in this data folder; its window is shown.")
        return 0
    login = None if arguments.practice else first_login(folder)
    if login is not None:
        wait_for_paint(login)
        if arguments.exit_after_first_paint:
            instance.release()
            _end(0)
    instance.listen()

    async def work() -> int:
        links = [arguments.link]
        early = instance.link_received.connect(links.append)
        await read_the_rest()
        from desktop.app import App, Options

        options = Options(
            practice=arguments.practice,
            service_url=arguments.service,
            broadcast_url=arguments.broadcast_service,
            profile=arguments.profile,
            data_dir=arguments.data_dir,
            exit_after_first_paint=arguments.exit_after_first_paint,
        )
        app = App(qt, options, login=login)
        instance.link_received.disconnect(early)
        instance.leave_for_update = app.leave_for_update
        instance.link_received.connect(app.open_link)
        instance.show_requested.connect(app.show)
        app.start()
        await app.run(links[-1])
        instance.release()
        _end_soon()
        return 0

    return _run(qt, work)


def _quit_for_update(data_dir: Path | None) -> int:
    """For installers: whatever this says, its exit code is what they read."""
    from PySide6.QtCore import QCoreApplication

    from desktop.settings.folder import data_folder
    from desktop.ui.instance import OnlyInstance

    _qt = QCoreApplication(sys.argv[:1])  # it has to live while the other one is asked
    if OnlyInstance(data_folder(data_dir)).ask_to_leave():
        print("No NextCall runs now in this data folder.")
        return 0
    print("NextCall stays: a shift is on, or it does not answer.", file=sys.stderr)
    return 1


async def read_the_rest() -> None:
    """Read what the first window did without, and let the agent type meanwhile."""
    import asyncio

    from desktop.tasks import in_thread

    await in_thread(lambda: [import_module(name) for name in _WITHOUT_WINDOWS], "the rest is read")
    for name in _WITH_WINDOWS:
        import_module(name)
        await asyncio.sleep(0)
    gc.freeze()  # what the imports have made stays, so it need not be looked through again and again


def _tour(arguments: argparse.Namespace) -> NoReturn:
    from desktop.tour import play
    from desktop.ui.application import QtApplication

    qt = QtApplication(sys.argv[:1])
    _run(qt, lambda: play(qt, arguments.out))


def _self_check(file: Path) -> NoReturn:
    try:
        table = file.open("w", encoding="utf-8")
    except OSError as error:
        raise NextCallError(
            f"{file}: {error.strerror}", title="The table cannot be written", advice="Name another file."
        ) from None
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # a server has no screen, but may be asked all the same
    from desktop.self_check import Ear, prove
    from desktop.ui.application import QtApplication

    with Ear() as ear:
        qt = QtApplication(sys.argv[:1])
        _run(qt, lambda: prove(ear, ear.aloud, table))


def _run(qt: QApplication, work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Do `work` in the loop of `qt`, and end the program with the code that it gives."""
    import asyncio

    from desktop.ui.loop import event_loop

    with asyncio.Runner(loop_factory=lambda: event_loop(qt)) as runner:
        code = runner.run(work())
    qt.shutdown()  # what was copied goes to the system's clipboard
    _end(code)


def _end(code: int) -> NoReturn:
    """End the program, but not by returning.

    A thread may still wait for the system (a keyring, a name, a contract), and Python, when it ends by itself, pulls the ground
    from under such a thread, which then crashes. Everything that has to be closed is closed by then.
    """
    logging.shutdown()
    with contextlib.suppress(OSError):  # whoever read what we print may have gone, which does not change the code
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _end_soon() -> None:
    """Everything is closed; do not let a thread that waits for a keyring or a name server keep the program alive."""
    last_resort = threading.Timer(_LONGEST_GOODBYE, os._exit, (0,))
    last_resort.daemon = True
    last_resort.start()


_COMMANDS: dict[str | None, Callable[[argparse.Namespace], int]] = {
    "practice-service": _practice_service,
    "check-profile": _check_profile,
    "keep-secret": _keep_secret,
    "forget-secrets": _forget_secrets,
    "unpack-notes": _unpack_notes,
    "sound-player": _sound_player,
    "tour": _tour,
    **dict.fromkeys(("campaign", "agent", "audit"), _lead),
}
"""What is not the app itself."""


if __name__ == "__main__":
    sys.exit(main())
