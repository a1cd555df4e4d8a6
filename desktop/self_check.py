"""Whether this installation is whole: `nextcall --self-check [FILE]` gives a table of what was tried, and 1 if anything is wrong.

What a frozen or installed program lacks is missed only when it is used, often without a word: a library that is imported late, a
plugin of Qt, a file beside the code. So each part is used here once. Nothing outside this computer is asked, nothing is kept,
no window appears and nothing is heard. Whatever is said meanwhile that nobody asked for - a warning of Qt, in the log, on the
standard outputs - counts as wrong, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib
import json
import logging
import os
import pkgutil
import platform
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback
import wave
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self, TextIO, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from PySide6.QtCore import QLibraryInfo, QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler, qVersion
from PySide6.QtGui import QGuiApplication, QImage, QImageReader
from PySide6.QtNetwork import QNetworkInformation
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

import desktop
from desktop import APP_NAME, __version__
from desktop.callcenter import contract, network
from desktop.callcenter.model import BROADCAST_FUNCTIONS, Account, CallResponse, Described, Function, Kind, Wanted
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import JournalNotKept, NextCallError
from desktop.popup import phone, profile_file
from desktop.popup.current import NONE
from desktop.popup.dispositions import offered
from desktop.popup.example import example_call
from desktop.popup.facts import Facts
from desktop.practice.center import PhoneView
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.resources import RESOURCES
from desktop.settings import vault
from desktop.settings.settings import Settings, Supervised
from desktop.shift.journal import Callback, Draft, Entry, Journal, PastCall, Settled, ShiftRecord
from desktop.shift.session import AgentSession
from desktop.shift.states import State
from desktop.supervision.audit import Record
from desktop.tasks import in_thread
from desktop.ui import look
from desktop.ui.audit_window import AuditWindow
from desktop.ui.callbacks import CallbacksWindow
from desktop.ui.cheat_sheet import CheatSheet
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.history import HistoryWindow, Line
from desktop.ui.kept_notes import KeptNotesWindow
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginDialog
from desktop.ui.popup import PopupWindow
from desktop.ui.practice_phone import PracticePhone
from desktop.ui.preview import PreviewWindow, Reading
from desktop.ui.question import Question
from desktop.ui.recovery import RecoveryDialog
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow
from desktop.ui.sound import PLAYER, SOUNDS
from desktop.ui.sound_player import Went
from desktop.ui.strip import Strip
from desktop.ui.supervisor import SupervisorWindow
from desktop.ui.supervisor_forms import FunctionsWindow
from desktop.ui.supervisor_parts import CampaignDialog

Window = TypeVar("Window", bound=QWidget)

_PATIENCE = 30.0
"""Seconds that any one check may take."""
SYSTEMS = {"_linux": "linux", "_windows": "win32", "_macos": "darwin"}
"""The ends of the names of modules that are for one system only."""
_NOT_TOLD_BY_OFFSCREEN = "This plugin does not support"
"""How Qt's offscreen platform begins to say that it has no window manager."""


class Wrong(NextCallError):
    """A check did not find what it looked for; the reason says what."""

    title = "Wrong"


# ---------------------------------------------------------------------------------------------------------- the table


async def prove(ear: Ear, *tables: TextIO) -> int:
    """Do all checks, one after the other, and write each as a row to `tables`; returns the exit code."""

    def write(line: str) -> None:
        for table in tables:
            table.write(f"{line}\n")
            table.flush()  # should a check crash the program, the last row says which one it was not

    write(f"{'check':14}{'result':8}detail")
    gc.disable()  # else it may run on another thread than the windows', and take one away there
    all_is_well = True
    for name, check in CHECKS.items():
        is_well, detail = await _outcome(check)
        all_is_well &= is_well
        write(f"{name:14}{'ok' if is_well else 'FAILED':8}{detail}")
    gc.collect()  # a task whose failure nobody has seen speaks when it is collected
    unexpected = ear.heard()
    all_is_well &= not unexpected
    write(f"{'output':14}{'FAILED' if unexpected else 'ok':8}{len(unexpected) or 'no'} unexpected lines")
    for line in unexpected:
        write(f"{'':22}{line}")
    write("All is well." if all_is_well else "This installation is not whole.")
    return int(not all_is_well)


async def _outcome(check: Callable[[], Awaitable[str]]) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(_PATIENCE):
            return True, await check()
    except TimeoutError:
        return False, f"not done after {_PATIENCE:g} seconds"
    except Wrong as wrong:
        return False, wrong.reason
    except Exception as failure:  # noqa: BLE001 - whatever it is, it belongs into the table
        frame = traceback.extract_tb(failure.__traceback__)[-1]
        return False, f"{type(failure).__name__}: {failure} ({Path(frame.filename).name}, line {frame.lineno})"


class Ear(logging.Handler):
    """Hears, from its making on, what the program says without being asked: Qt's warnings, the log's, and the standard outputs.

    The standard outputs belong to it from then on; `aloud` is the one that there was. As a context manager it gives them back,
    with what was said, if the program cannot even begin.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._told: list[str] = []
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", buffering=1)  # noqa: SIM115 - until the end
        self.aloud: TextIO = sys.stdout
        if sys.stdout is sys.__stdout__:
            self.aloud = self._take_over()
        sys.stdout = sys.stderr = self._said
        faulthandler.enable(self.aloud)
        logging.captureWarnings(capture=True)
        logging.getLogger().addHandler(self)
        qInstallMessageHandler(self._on_qt)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        sys.stdout = sys.stderr = self.aloud
        self.aloud.writelines(f"{line}\n" for line in self.heard())

    def heard(self) -> list[str]:
        """All of it so far, line by line."""
        self._said.seek(0)
        return [*self._told, *filter(None, map(str.rstrip, self._said.readlines()))]

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(f"{record.levelname} {record.name}: {' '.join(record.getMessage().split())}")
        if record.exc_info:
            self._told += "".join(traceback.format_exception(*record.exc_info)).splitlines()

    def _take_over(self) -> TextIO:
        """What C libraries and Qt's plugins say goes past Python, so the files themselves are exchanged; returns the old one."""
        ours = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
        for file in (1, 2):
            os.dup2(self._said.fileno(), file)
        return ours

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if kind in {QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg} or message.startswith(_NOT_TOLD_BY_OFFSCREEN):
            return
        self._told.append(f"{kind.name} {context.category}: {message}")
        if kind is QtMsgType.QtFatalMsg:  # when this returns, Qt ends the program
            self.aloud.writelines(f"{line}\n" for line in self.heard())
            self.aloud.flush()


# --------------------------------------------------------------------------------------------------------- the checks


async def _program() -> str:
    kind = "installed" if getattr(sys, "frozen", False) else "from source"
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{APP_NAME} {__version__} {kind}, Python {platform.python_version()}, Qt {qVersion()}, {system}"


async def _modules() -> str:
    """Every module of ours can be imported, and with it what it imports."""
    names = [found.name for found in pkgutil.walk_packages(desktop.__path__, f"{desktop.__name__}.")]
    ours = [name for name in names if all(system == sys.platform or not name.endswith(end) for end, system in SYSTEMS.items())]
    for name in ours:
        importlib.import_module(name)
        await asyncio.sleep(0)
    if not ours:
        raise Wrong("none was found")
    return f"{len(ours)} of {len(names)}; the rest is for other systems"


async def _qt() -> str:
    """What Qt misses without a word if its plugin is not there."""
    formats = {bytes(name.data()).decode() for name in QImageReader.supportedImageFormats()}
    missing = [name for name in ("png", "svg") if name not in formats]
    for practice in (False, True):
        _see(look.app_icon(practice=practice).pixmap(64).toImage(), "the icon of the program")
    if missing:
        raise Wrong(f"Qt lacks {', '.join(missing)}; its plugins are looked for in {_plugins()}")
    networks = QNetworkInformation.availableBackends()
    if not networks:
        raise Wrong(f"Qt cannot tell of the network; its plugins are looked for in {_plugins()}")
    screens = ", ".join(f"{screen.size().width()}x{screen.size().height()}" for screen in QGuiApplication.screens())
    return f"{QGuiApplication.platformName()}, screen {screens}, network by {', '.join(networks)}"


def _plugins() -> str:
    return QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)


async def _resources() -> str:
    """Every file beside the code that can be read by its kind."""
    icons = _files("icons/*.svg")
    for file in icons:
        if not QSvgRenderer(str(file)).isValid():
            raise Wrong(f"{file} is no picture")
    for name in SOUNDS:
        with wave.open(str(RESOURCES / "sounds" / f"{name}.wav")) as sound:
            if not sound.getnframes():
                raise Wrong(f"the sound “{name}” is empty")
    profiles = _files("profiles/*.toml")
    for file in profiles:
        profile_file.load(file)
    people = load_scenario().people
    return f"{len(icons)} icons, {len(SOUNDS)} sounds, {len(profiles)} profiles, {len(people)} people to practise with"


def _files(pattern: str) -> list[Path]:
    if found := sorted(RESOURCES.glob(pattern)):
        return found
    raise Wrong(f"there is nothing in {RESOURCES / pattern}")


async def _windows() -> str:
    """Every window can be built and painted, in light and dark."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)  # noqa: S101 - __main__ has made it
    kinds = set()
    for window in windows():
        kinds.add(type(window))
        for scheme in ("dark", "light"):
            look.wear(app, scheme)
            _see(window.grab().toImage(), f"the window “{window.windowTitle()}” ({type(window).__name__})")
            await asyncio.sleep(0)
        window.hide()
        window.deleteLater()
    return f"{len(kinds)} kinds, in light and dark"


def windows() -> Iterator[QWidget]:
    """Each kind of window that NextCall has, filled in with an example. They are never seen."""
    now = datetime.now(UTC)
    call = example_call(NONE)
    entries = tuple(
        Entry(number, call, now, told=True, draft=Draft(), response=CallResponse(call.id, "Example", ""), settled=settled)
        for number, settled in enumerate(Settled)
    )
    record = ShiftRecord(1, "https://calls.example.com/?wsdl", 1001, "4027", now, None, entries)
    callback = Callback(1, now + timedelta(days=1), "Alex Example", "(202) 555-0143", 1001, record.service, call.id, now)
    profiles = _files("profiles/*.toml")

    yield _unseen(LoginDialog(practice=False))
    yield _unseen(ShiftWindow(practice=False))
    popup = _unseen(PopupWindow(practice=False))
    for profile in (NONE, *map(profile_file.load, profiles)):
        popup.show_call(example_call(profile), profile=profile)
    yield popup
    strip = _unseen(Strip(practice=False))
    strip.show_call("Alex Example", offered(profile_file.load(profiles[0])))
    yield strip
    reminder = _unseen(HangUpWindow(practice=False))
    reminder.remind(record, hung_up=False)
    yield reminder
    yield _unseen(RecoveryDialog(record, practice=False))
    promised = _unseen(CallbacksWindow(practice=False))
    promised.show_callbacks([callback], now)
    yield promised
    kept = _unseen(KeptNotesWindow(practice=False))
    kept.show_entries(entries)
    yield kept
    history = _unseen(HistoryWindow(practice=False))
    history.show_lines([Line(PastCall(entry, 1001), Facts(NONE, call, now)) for entry in entries], has_more=False)
    yield history
    yield _unseen(SettingsDialog(Settings(), practice=False))
    yield from _lead_windows(now)
    yield _unseen(CheatSheet(practice=False))
    yield _unseen(Question("Is this a question?", "It is.", yes="Yes", no="No", practice=False))
    yield _unseen(LeaveDialog(State.WAITING, can_hang_up=True, kept=True, practice=False, parent=None))
    shown = _unseen(PreviewWindow(profiles[0]))
    profile = profile_file.load(profiles[0])
    shown.show_reading(Reading(now, None, profile, example_call(profile)))
    yield shown
    practice_phone = _unseen(PracticePhone())
    practice_phone.show_phone(PhoneView("+12025550143", "ringing", None, (), now))
    yield practice_phone


def _lead_windows(now: datetime) -> Iterator[QWidget]:
    campaign = Supervised(1001, "Example")
    supervisor = _unseen(SupervisorWindow(practice=False))
    supervisor.show_signed_in("calls.example.com")
    supervisor.show_offers(set(Function), more=True)
    supervisor.show_campaigns([campaign])
    yield supervisor
    functions = _unseen(FunctionsWindow(practice=False))
    functions.show_functions([Described("example", wanted=tuple(Wanted((kind,), kind, kind, required=True) for kind in Kind))])
    yield functions
    yield _unseen(CampaignDialog(campaign, (), practice=False, parent=None))
    log = _unseen(AuditWindow(practice=False))
    log.show_records(
        [Record(who="lead", service="calls.example.com", function=Function.STOP_CAMPAIGN, campaign_id=1001, number=1, when=now)]
    )
    yield log


def _unseen(window: Window) -> Window:
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    return window


def _see(image: QImage, what: str) -> None:
    """Raise Wrong if nothing is painted there: one colour, or none."""
    if image.isNull() or len(set(bytes(image.constBits()))) < 3:
        raise Wrong(f"{what} stays empty")


async def _descriptions() -> str:
    """Both services' WSDL is understood, with every function that NextCall knows."""
    missing = set(Function)
    for file in _files("wsdl/*.wsdl"):
        address = f"http://127.0.0.1/{file.stem}?wsdl"
        text = file.read_bytes().replace(b"{address}", address.encode())
        described = await in_thread(lambda address=address, text=text: contract.load(address, lambda _: text), "WSDL")  # type: ignore[misc]
        missing -= {function for function in missing if described.offers(function)}
    if missing:
        raise Wrong(f"not described: {', '.join(sorted(missing))}")
    return f"{len(Function)} functions, {len(BROADCAST_FUNCTIONS)} of them of the broadcast service"


async def _certificates() -> str:
    """The system's certificates are at hand, and one that nobody has vouched for is refused."""
    context = await in_thread(network.tls_context, "certificates")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(RESOURCES / "practice" / "wrong-name.pem")
    try:
        await in_thread(lambda: _shake_hands(context, theirs, "practice.invalid"), "certificates")
    except ssl.SSLCertVerificationError:
        pass
    else:
        raise Wrong("a certificate that nobody has vouched for was taken")
    try:
        known = f"{len(context.get_ca_certs())} authorities"
    except NotImplementedError:  # truststore leaves it to the system
        known = "the system's own authorities"
    return f"{known}, {ssl.OPENSSL_VERSION}"


def _shake_hands(ours: ssl.SSLContext, theirs: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory. Raises ssl.SSLError."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = ours.wrap_bio(back, there, server_hostname=name), theirs.wrap_bio(there, back, server_side=True)
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                waiting.remove(end)


async def _keyring() -> str:
    complaint = await in_thread(vault.complaint, "keyring")
    return f"{vault.backend_name()}{f', which cannot be used now: {complaint}' if complaint else ''}"


async def _journal() -> str:
    """What is written is there when the file is opened again, and words are found in it."""
    import sqlite3

    if not _has_full_text_search():
        raise Wrong(f"SQLite {sqlite3.sqlite_version} was built without full-text search (FTS5), and the journal needs it")
    troubles: list[JournalNotKept] = []
    with tempfile.TemporaryDirectory(prefix="nextcall-") as folder:
        file = Path(folder) / "journal.db"
        for wanted in (1, 2):
            journal = Journal(file, troubles.append)
            await journal.open()
            number = await journal.begin_shift("https://calls.example.com/?wsdl", 1001, "4027")
            journal.someone_heard(number, "somebody")
            journal.draft_changed(number, "somebody", Draft(notes=f"words of shift {wanted}"))
            found = await journal.history("words 1")
            journal.end_shift(number, "left")
            await journal.close()
            if troubles or number != wanted:
                raise Wrong("; ".join(map(str, troubles)) or "the shift that was begun is not there any more")
            if len(found) != 1:
                raise Wrong("a call is not found by its words")
    return f"SQLite {sqlite3.sqlite_version}"


def _has_full_text_search() -> bool:
    import sqlite3

    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        try:
            db.execute("CREATE VIRTUAL TABLE found USING fts5 (words)")
        except sqlite3.OperationalError:
            return False
    return True


async def _practice() -> str:
    """A shift of one call against the practice service, over a real socket."""
    scenario = msgspec.structs.replace(load_scenario(), ring_seconds=0.0, wait_seconds=(0.0, 0.1), mischief=())
    service = PracticeService(scenario)
    await in_thread(service.start, "practice service starts")
    center = SoapCallCenter(service.service_url, service.broadcast_url)
    journal = Journal(None)
    try:
        await journal.open()
        session = AgentSession(center, Account(scenario.key, scenario.campaigns[0].id), journal)
        await session.call_me(scenario.agent_phone)
        await session.log_in(await _heard_id(service))
        call = await session.next_call()
        await session.submit(CallResponse(call.id, "Example", "grüße\n<&>"), last=True)
    finally:
        await center.close()
        await journal.close()
        await in_thread(service.stop, "practice service stops")
    stored = [(one["agentResponse"], one["agentNotes"], one["lastcall"]) for one in service.ledger()[0]["responses"]]
    if stored != [("Example", "grüße\n<&>", True)]:
        raise Wrong(f"the practice service has {stored}")
    return f"one call taken and stored at {service.service_url}"


async def _heard_id(service: PracticeService) -> str:
    """The agent ID as soon as the voice on the practice phone says it."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Future[str] = loop.create_future()

    def hear(agent_id: str) -> None:
        if not heard.done():
            heard.set_result(agent_id)

    def on_the_service_thread(view: PhoneView) -> None:
        if view.agent_id is not None and view.state == "connected":
            loop.call_soon_threadsafe(hear, view.agent_id)

    unwatch = await in_thread(lambda: service.watch_phone(service.scenario.agent_phone, on_the_service_thread), "practice phone")
    try:
        return await heard
    finally:
        await in_thread(unwatch, "practice phone")


async def _numbers_and_clocks() -> str:
    """Tables that are read late: how countries write their numbers, and what the time is there."""
    for number, wanted in (("+12025550143", "(202) 555-0143"), ("+442079460018", "+44 20 7946 0018")):
        if (found := phone.shown(number)) != wanted:
            raise Wrong(f"{number} is shown as {found}")
    if not (zones := phone.zones("+12025550143")):
        raise Wrong("it is not known where a number is")
    offset = datetime(2026, 7, 1, tzinfo=ZoneInfo(zones[0])).utcoffset()
    if offset != timedelta(hours=-4):
        raise Wrong(f"{zones[0]} is {offset} from UTC in summer")
    return f"numbers of all countries, clocks of {zones[0]} and everywhere else"


async def _sound() -> str:
    """The program that plays the sounds starts and knows the outputs. What it is asked for here is played at volume 0."""
    return await in_thread(_ask_player, "sound")


def _ask_player() -> str:
    order = {"number": 1, "file": str(RESOURCES / "sounds" / f"{SOUNDS[0]}.wav"), "device": "", "volume": 0}
    devices: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own program
        PLAYER,
        cwd=Path(desktop.__file__).parent.parent,  # where Python looks first
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # Qt and the system's libraries talk much there
        encoding="utf-8",
    ) as player:
        giving_up = threading.Timer(_PATIENCE - 5, player.kill)
        giving_up.daemon = True
        giving_up.start()
        try:
            assert player.stdin  # noqa: S101 - for the types
            assert player.stdout  # noqa: S101
            print(json.dumps(order), file=player.stdin, flush=True)
            for told in map(json.loads, player.stdout):
                if "devices" in told:
                    devices = told["devices"]
                elif told["went"] in {Went.PLAYED, Went.NO_OUTPUT}:
                    return f"{told['went']}; outputs: {', '.join(devices) or 'none'}"
                else:
                    raise Wrong(f"{told['went']} {told['why']}".rstrip())
            raise Wrong("the program that plays the sounds ended or was ended without an answer")
        finally:
            giving_up.cancel()
            player.kill()


CHECKS: dict[str, Callable[[], Awaitable[str]]] = {
    "program": _program,
    "modules": _modules,
    "Qt": _qt,
    "resources": _resources,
    "windows": _windows,
    "WSDL": _descriptions,
    "certificates": _certificates,
    "keyring": _keyring,
    "journal": _journal,
    "practice": _practice,
    "numbers": _numbers_and_clocks,
    "sound": _sound,
}
