"""What NextCall's own code for Windows was seen to do on this Windows, or under this Wine: a table, printed line by line.

    python -m tests.windows.seen

For a Python on Windows with a screen and NextCall's libraries; PySide6-Essentials, qasync, platformdirs, msgspec and keyring are
enough. Each row says what was tried and that it was seen, that it cannot be tried here and why, or that it FAILED. It presses a
key and moves the mouse, changes nothing that lasts, and ends with 1 if something failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import subprocess
import sys
import tempfile
import time
import winreg
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from desktop.settings import autostart, vault
from desktop.ui import app_id
from desktop.ui.hotkeys import Hotkeys
from desktop.ui.instance import OnlyInstance
from desktop.ui.keys import HOTKEYS
from desktop.ui.loop import event_loop
from desktop.ui.notifier import Notifier, Way
from desktop.ui.presence import Presence
from desktop.ui.tray import Tray

Probe = Callable[[], Awaitable[str]]

PATIENCE = 20.0
LINK = "nextcall://open?campaign=1001"
SECOND_START = "a second start"
user32 = ctypes.WinDLL("user32")
under_wine = hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


class NotHere(Exception):
    """Why something cannot be tried here, in words."""


class Failed(Exception):
    """What was seen instead."""


async def until(look: Callable[[], object], what: str) -> None:
    last = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > last:
            raise Failed(f"waited for {what} in vain")
        await asyncio.sleep(0.02)


# -------------------------------------------------------------------------------------------------------------- hotkeys


def press_ctrl_shift_f9() -> None:
    keys = (0x11, 0x10, 0x78)
    for key in keys:
        user32.keybd_event(key, 0, 0, 0)
    for key in reversed(keys):
        user32.keybd_event(key, 0, 2, 0)


@contextlib.contextmanager
def hotkeys() -> Iterator[Hotkeys]:
    made = Hotkeys()
    try:
        yield made
    finally:
        made.close()


async def a_key_is_heard_and_does_not_reach_the_window() -> str:
    with hotkeys() as ours:
        heard: list[str] = []
        ours.pressed.connect(heard.append)
        if refused := ours.set(HOTKEYS):
            raise Failed(" ".join(refused.values()))
        text = QPlainTextEdit()
        text.show()
        text.activateWindow()
        await until(text.isActiveWindow, "a window in front")
        press_ctrl_shift_f9()
        await until(lambda: heard, "the key")
        if heard != ["next_call"] or text.toPlainText():
            raise Failed(f"heard {heard}, typed {text.toPlainText()!r}")
        text.deleteLater()
    return "Ctrl+Shift+F9 was heard once, and the window in front got nothing"


async def a_taken_key_is_told_and_free_again() -> str:
    with hotkeys() as ours, hotkeys() as others:
        others.set({"next_call": "Ctrl+Shift+F9"})
        told = ours.set({"next_call": "Ctrl+Shift+F9"})
        others.set({})
        if ours.set({"next_call": "Ctrl+Shift+F9"}):
            raise Failed("it is not free again")
        if list(told) != ["next_call"]:
            raise Failed("nothing was said")
        return told["next_call"]


async def a_key_comes_through_while_another_is_chosen() -> str:
    with hotkeys() as ours:
        heard: list[str] = []
        ours.pressed.connect(heard.append)
        ours.set(HOTKEYS)
        ours.set({})
        pressed: list[int] = []

        class Field(QPlainTextEdit):
            def keyPressEvent(self, event: object) -> None:
                pressed.append(event.key())  # type: ignore[attr-defined]

        field = Field()
        field.show()
        field.activateWindow()
        await until(field.isActiveWindow, "a window in front")
        press_ctrl_shift_f9()
        await until(lambda: 0x01000038 in pressed, "F9 in the field")
        field.deleteLater()
        if heard:
            raise Failed("it acted all the same")
    return "after all keys were given back, Ctrl+Shift+F9 arrived in a field and did nothing else"


# ----------------------------------------------------------------------------------------------------------- who we are


async def the_id_is_claimed_only_where_windows_knows_it() -> str:
    known, app_id._KNOWN = app_id._KNOWN, app_id._KNOWN + ".Seen"
    try:
        before = app_id.claim()
        winreg.CreateKey(winreg.HKEY_CURRENT_USER, app_id._KNOWN)
        after = app_id.claim()
    finally:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, app_id._KNOWN)
        app_id._KNOWN = known
    if before or not after:
        raise Failed(f"claimed without a key: {before}, with one: {after}")
    text = ctypes.c_wchar_p()
    if ctypes.WinDLL("shell32").GetCurrentProcessExplicitAppUserModelID(ctypes.byref(text)):
        return "not without the installer's key, and accepted with it; as whom is not told back here"
    if text.value != app_id.APP_ID:
        raise Failed(f"Windows says {text.value}")
    return f"not without the installer's key, and as {text.value} with it"


# ------------------------------------------------------------------------------------------------------------- presence


@contextlib.asynccontextmanager
async def presence() -> AsyncIterator[tuple[Presence, list[str]]]:
    parent = QObject()
    made = Presence(parent, idle_after=1)
    told: list[str] = []
    for name in ("locked", "unlocked", "sleeps", "woke"):
        getattr(made, name).connect(lambda name=name: told.append(name))
    task = asyncio.create_task(made.run())
    await until(lambda: user32.FindWindowW(None, "NextCall hears the session"), "the window that hears")
    try:
        yield made, told
    finally:
        made.watch(on=False)
        task.cancel()
        await asyncio.wait([task])
        parent.deleteLater()


async def said_to(what: tuple[tuple[int, int, str], ...]) -> str:
    async with presence() as (_, told):
        window = user32.FindWindowW(None, "NextCall hears the session")
        expected: list[str] = []
        for message, parameter, word in what:
            user32.PostMessageW(window, message, parameter, 0)
            expected += [word] if word else []
            await until(lambda expected=tuple(expected): tuple(told) == expected, f"{expected}, heard {told}")
        return ", ".join(told)


async def locks_are_asked_for() -> str:
    async with presence() as (made, _):
        if lacks := made.lacks():
            raise Failed(" ".join(lacks))
    return "Windows has agreed to tell of locks, and the window that hears is gone afterwards"


async def locks_are_heard() -> str:
    return await said_to(((0x02B1, 7, "locked"), (0x02B1, 5, ""), (0x02B1, 8, "unlocked")))


async def sleep_is_heard() -> str:
    return await said_to(((0x0218, 4, "sleeps"), (0x0218, 10, ""), (0x0218, 18, "woke"), (0x0218, 7, "")))


async def the_last_input_is_known() -> str:
    async with presence() as (made, _):
        await until(lambda: (made._computer.untouched() or 0) > 1, "a second without input")
        user32.mouse_event(1, 5, 5, 0, 0)
        await until(lambda: (made._computer.untouched() or 0) < 1, "the mouse to be noticed")
    return "it grows while nobody does anything, and begins anew when the mouse moves"


# ----------------------------------------------------------------------------------------------- tray and notifications


@contextlib.contextmanager
def tray() -> Iterator[Tray]:
    parent = QObject()
    made = Tray(parent, practice=False)
    try:
        yield made
    finally:
        made.close()
        parent.deleteLater()


async def the_tray_has_an_icon() -> str:
    with tray() as made:
        await until(lambda: made.is_there, "a tray")
        await until(lambda: not made._icon.geometry().isEmpty() or under_wine, "a place for the icon")
        at = made._icon.geometry()
        return f"at {at.x()}, {at.y()}" if not at.isEmpty() else "there; where it is, is not told"


async def a_notification_is_handed_over() -> str:
    with tray() as made:
        notifier = Notifier(made.notify, practice=False)
        way = await notifier.call_connected()
        await notifier.close()
        if way is not Way.TRAY:
            raise Failed(str(way))
        return "handed to the tray's icon"


# -------------------------------------------------------------------------------------------------- the start with Windows


async def the_session_starts_it() -> str:
    def run() -> object:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, autostart._RUN) as key:
            return winreg.QueryValueEx(key, "NextCall")[0]

    if autostart.is_on():
        raise NotHere("it is switched on here, and is left alone")
    command = autostart.command(["--data-dir", "C:\\call data\\"])
    try:
        autostart.on(command)
        written = run()
        if written != subprocess.list2cmdline(command) or not autostart.is_on():
            raise Failed(f"written: {written!r}")
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, autostart._APPROVED) as key:
            winreg.SetValueEx(key, "NextCall", 0, winreg.REG_BINARY, b"\x03" + bytes(11))
        if autostart.is_on():
            raise Failed("what the Task Manager has switched off counts as on")
    finally:
        autostart.off()
    if autostart.is_on():
        raise Failed("it cannot be switched off")
    return f"Run = {written}; the Task Manager's “disabled” is heeded; off leaves nothing"


# ------------------------------------------------------------------------------------------------------- a second start


async def a_second_start_hands_its_link_over() -> str:
    with tempfile.TemporaryDirectory() as folder:
        first = OnlyInstance(Path(folder))
        heard: list[str] = []
        first.show_requested.connect(lambda: heard.append("show"))
        first.link_received.connect(heard.append)
        if not first.claim():
            raise Failed("the first is not the first")
        second = subprocess.Popen([sys.executable, "-m", "tests.windows.seen", SECOND_START, folder], stdin=subprocess.DEVNULL)
        await until(lambda: second.poll() is not None, "the second to end")
        await until(lambda: len(heard) == 2, f"the link, heard {heard}")
        first.release()
        if (second.returncode, heard) != (0, ["show", LINK]):
            raise Failed(f"it ended with {second.returncode}, heard {heard}")
    return f"{heard[1]}, through the pipe {first._name[:9]}…; the second has ended"


async def an_installer_is_answered() -> str:
    """First while a shift is on, then when it is over."""
    with tempfile.TemporaryDirectory() as folder:
        first = OnlyInstance(Path(folder))
        shown: list[str] = []
        first.show_requested.connect(lambda: shown.append("show"))
        first.claim()
        answers = []
        for leaves in (False, True):

            def leave(leaves: bool = leaves) -> bool:
                if leaves:
                    asyncio.get_running_loop().call_later(0.3, first.release)
                return leaves

            first.leave_for_update = leave
            command = [sys.executable, "-m", "desktop", "--data-dir", folder, "--quit-for-update"]
            other = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            await until(lambda other=other: other.poll() is not None, "the one that asks to end")
            answers.append(other.returncode)
        first.release()
        if answers != [1, 0] or shown:
            raise Failed(f"it was told {answers} and the window was shown {len(shown)} times")
    return "1 while a shift is on, 0 when it has left; no window came up"


def be_the_second(folder: str) -> int:
    _app = QApplication([])
    return int(OnlyInstance(Path(folder)).claim(LINK))


# -------------------------------------------------------------------------------------------------------------- secrets


async def all_secrets_are_forgotten() -> str:
    backend = vault._backend()
    if backend.get_password("NextCall seen.example", "API key"):
        raise NotHere("there is one of another run")
    if ours := [one for one in _kept() if one != NOT_OURS]:
        raise NotHere(f"{len(ours)} are kept here, and are left alone")
    kept = (("NextCall seen.example", "API key"), ("NextCall webhook", "one"), ("NextCall webhook", "two"))
    for service, user in (*kept, (NOT_OURS, "me")):
        backend.set_password(service, user, "secret")
    try:
        taken = vault.forget_all()
        left = [service for service, user in kept if backend.get_password(service, user)]
        if taken != len(kept) or left or not backend.get_password(NOT_OURS, "me") or vault.forget_all():
            raise Failed(f"taken: {taken}, left: {left}")
    finally:
        backend.delete_password(NOT_OURS, "me")
    return "keys and secrets of webhooks; what is not ours is still there"


NOT_OURS = "Not NextCall at all"


def _kept() -> list[str]:
    from win32ctypes.pywin32 import pywintypes, win32cred

    try:
        return [one["TargetName"] for one in win32cred.CredEnumerate() if "NextCall" in one["TargetName"]]
    except pywintypes.error:
        return []


# ------------------------------------------------------------------------------------------------------------ the table


async def not_here(why: str) -> str:
    raise NotHere(why)


NOBODY_SEES = "that it is shown can only be seen by somebody in front of it"
PROBES: tuple[tuple[str, Probe], ...] = (
    ("a key that works everywhere", a_key_is_heard_and_does_not_reach_the_window),
    ("a key that another program has", a_taken_key_is_told_and_free_again),
    ("a key while another is chosen for it", a_key_comes_through_while_another_is_chosen),
    ("NextCall's id (AppUserModelID)", the_id_is_claimed_only_where_windows_knows_it),
    ("locks are asked for", locks_are_asked_for),
    ("messages of a lock", locks_are_heard),
    ("messages of sleep", sleep_is_heard),
    ("when the last input was", the_last_input_is_known),
    ("the icon in the tray", the_tray_has_an_icon),
    ("a notification", a_notification_is_handed_over),
    ("the start with the session (Run)", the_session_starts_it),
    ("a second start with a link", a_second_start_hands_its_link_over),
    ("an installer asks it to leave", an_installer_is_answered),
    ("all secrets are forgotten", all_secrets_are_forgotten),
    ("a notification on the screen", lambda: not_here(NOBODY_SEES)),
    ("the screen is really locked", lambda: not_here("Wine locks nothing" if under_wine else "nobody would unlock it")),
    ("the computer really sleeps", lambda: not_here("Wine does not sleep" if under_wine else "nobody would wake it")),
)


async def look() -> int:
    failed = 0
    width = max(len(what) for what, _ in PROBES)
    for what, probe in PROBES:
        try:
            found = f"seen: {await probe()}"
        except NotHere as why:
            found = f"not possible here: {why}"
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is a row of the table
            found = f"FAILED: {type(wrong).__name__}: {wrong}"
            failed = 1
        print(f"{what:<{width}} | {found}", flush=True)  # noqa: T201
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return failed


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if sys.argv[1:2] == [SECOND_START]:
        return be_the_second(sys.argv[2])
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: event_loop(app)) as runner:
        return runner.run(look())


if __name__ == "__main__":
    sys.exit(main())
