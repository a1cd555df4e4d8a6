"""The rules every test is held to, and the loops that coroutine tests run on.

A test fails when it logs a warning nobody announced, leaves a window, timer, thread or task behind, or lets an exception
get lost in the event loop. No test reaches the settings, the keyring or the session bus of the person who runs it.

- `async def` tests run on plain asyncio, or on qasync when they ask for `qapp`, `qtbot` or `qloop`.
- `@pytest.mark.logs("text")`: this test logs a warning with that text, and must.
- `expected_warnings`: a list of texts that a test may log.
- `@pytest.mark.leaves("text")`: what may be left behind, by a part of its description.
- `@pytest.mark.limit(seconds)`: how long a coroutine test may take, instead of 30.
- `@pytest.mark.not_under_wine("reason")`: what Windows does and Wine does not.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import inspect
import logging
import os
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.desk import secret_service, xdesk  # noqa: F401  fixtures for every test

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

COROUTINE_LIMIT = 30.0
_LOOP_FIXTURES = frozenset({"qapp", "qtbot", "qloop"})


# ---------------------------------------------------------------------------------------------- a home of our own


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", type=int, default=200, metavar="N", help="how many chaos runs to play (tests/chaos)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs(text, ...): warnings with these texts are logged, and must be")
    config.addinivalue_line("markers", "leaves(text, ...): leftovers with these texts in their description are meant")
    config.addinivalue_line("markers", "limit(seconds): how long a coroutine test may take")
    config.addinivalue_line("markers", "not_under_wine(reason): what Windows does and Wine does not")
    if under_wine():  # its list of networks lets nobody in who is started by a test
        config.addinivalue_line(
            "qt_log_ignore", "NetworkListManager|^(Initialization failed, can't start!|Failed to start listening to events)$"
        )
    hypothesis.settings.register_profile("house", deadline=None)  # a busy machine is no failure
    hypothesis.settings.load_profile("house")
    home = tempfile.TemporaryDirectory(prefix="nextcall-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    _move_into(Path(home.name))


def _move_into(home: Path) -> None:
    """Point everything that keeps state for a user to `home`, for this process and those it starts."""
    places = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_RUNTIME_DIR": home / "run",
    }
    if sys.platform == "win32":
        places |= {"USERPROFILE": home, "APPDATA": home / "roaming", "LOCALAPPDATA": home / "local"}
        # Offscreen, Qt on Windows looks for fonts in its own directory, where there are none.
        os.environ.setdefault("QT_QPA_FONTDIR", str(Path(os.environ["SYSTEMROOT"]) / "Fonts"))
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "disabled:"  # this computer's own locks and sleep are no matter of a test
    for name, place in places.items():
        place.mkdir(mode=0o700, exist_ok=True)
        os.environ[name] = str(place)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"  # the fixtures `bus` and `xdesk` have one to use
    os.environ["LC_ALL"] = "C.UTF-8"  # else Qt warns about the encoding
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = "1"
    for name in ("QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME", "LANGUAGE"):
        os.environ.pop(name, None)
    for name in [name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}]:
        del os.environ[name]  # tests talk to this computer only


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if under_wine() else ():
        if mark := item.get_closest_marker("not_under_wine"):
            item.add_marker(pytest.mark.skip(reason=f"Wine: {mark.args[0]}"))


def under_wine() -> bool:
    """Whether this is no Windows, but what runs programs for Windows on other systems."""
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def pytest_collection_finish() -> None:
    """Take what the imports made out of the garbage collector's sight: looking for leftovers is then cheap."""
    gc.collect()
    gc.freeze()


# --------------------------------------------------------------------------------------------------- coroutine tests


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests; on qasync if they ask for Qt."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    mark = pyfuncitem.get_closest_marker("limit")
    limit = float(mark.args[0]) if mark else COROUTINE_LIMIT
    if _LOOP_FIXTURES.intersection(pyfuncitem.fixturenames):
        loop = pyfuncitem._request.getfixturevalue("qloop")
        _play(loop, pyfuncitem.obj(**arguments), limit)
    else:
        with asyncio.Runner() as runner:
            _play(runner.get_loop(), pyfuncitem.obj(**arguments), limit)
    return True


@pytest.fixture(scope="module")
def importing() -> Iterator[None]:
    """As the scripts in packaging/ import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parent.parent / "packaging")
        yield


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    """The application of NextCall: there is one in a process, and windows are tested in the one they are made for."""
    from desktop.app import QtApplication

    return QtApplication


@pytest.fixture
def qloop(qapp: Any) -> Iterator[asyncio.AbstractEventLoop]:
    """A qasync loop on the session's QApplication, with nothing on it yet and nothing left on it afterwards."""
    from desktop.ui.loop import event_loop

    loop = event_loop(qapp)
    losses = _listen(loop)
    asyncio.set_event_loop(loop)
    left: list[str] = []
    try:
        yield loop
        rest = {task for task in asyncio.all_tasks(loop) if not task.done()}
        left = sorted(_name(task) for task in rest)
        if rest:
            loop.run_until_complete(_cancel(rest))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    _complain(left, losses)


def _play(loop: asyncio.AbstractEventLoop, test: Coroutine[Any, Any, None], limit: float) -> None:
    """Run one coroutine test to its end.

    The limit is kept by a thread: `asyncio.wait_for` on qasync would leave a timer behind that lives until it is due.
    """
    losses = _listen(loop)
    already = asyncio.all_tasks(loop)
    left: list[str] = []
    overdue = False

    async def whole() -> None:
        try:
            await test
        finally:
            for _ in range(5):  # what is about to end, may
                await asyncio.sleep(0)
            rest = asyncio.all_tasks() - already - {asyncio.current_task()}
            left.extend(sorted(_name(task) for task in rest))
            await _cancel(rest)

    def stop() -> None:
        nonlocal overdue
        overdue = True
        left_open = "\n".join(_where(other) for other in asyncio.all_tasks(loop))
        losses.append(f"still open after {limit:g} s:\n{left_open}")
        task.cancel()

    task = loop.create_task(whole(), name="test")
    clock = threading.Timer(limit, lambda: loop.call_soon_threadsafe(stop))
    clock.name, clock.daemon = "limit of a coroutine test", True
    clock.start()
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        if not overdue:
            raise
    finally:
        clock.cancel()
        clock.join()
        gc.collect()  # a task whose exception nobody fetched speaks when it is collected
    _complain(left, losses)


def _listen(loop: asyncio.AbstractEventLoop) -> list[str]:
    """What the loop says of exceptions that nobody took, from now on."""
    losses: list[str] = []
    loop.set_exception_handler(lambda _loop, context: losses.append(_tell(context)))
    return losses


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _complain(left: list[str], losses: list[str]) -> None:
    if losses:
        pytest.fail("The event loop met trouble:\n" + "\n".join(losses), pytrace=False)
    if left:
        pytest.fail("Tasks left behind:\n" + "\n".join(left), pytrace=False)


def _tell(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return str(context["message"]) + ("\n" + "".join(traceback.format_exception(error)) if error else "")


def _name(task: asyncio.Task[Any]) -> str:
    return f"{task.get_name()}: {getattr(task.get_coro(), '__qualname__', task.get_coro())}"


def _where(task: asyncio.Task[Any]) -> str:
    """The task's name, and line by line what it waits in."""
    lines: list[str] = [_name(task)]
    step: Any = task.get_coro()
    while frame := getattr(step, "cr_frame", None):
        lines.append(f"  {frame.f_code.co_filename}:{frame.f_lineno}")
        step = getattr(step, "cr_await", None)
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------------- house rules


class _Warnings(logging.Handler):
    """Keeps the records of WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=sys.platform in {"win32", "darwin"})
def _no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux there is none without a bus. Elsewhere there always is one: that of the person who runs the tests."""
    from keyring.backends import fail

    from desktop.settings import vault

    monkeypatch.setattr(vault, "_backend", fail.Keyring)


@pytest.fixture
def expected_warnings() -> list[str]:
    """Texts that this test may log as a warning; append to it."""
    return []


@pytest.fixture(autouse=True)
def _house_rules(request: pytest.FixtureRequest, expected_warnings: list[str]) -> Iterator[None]:
    """No unannounced warning, nothing left behind. Set up before and torn down after every other fixture of a test."""
    uses_qt = bool(_LOOP_FIXTURES.intersection(request.fixturenames))
    gc.collect()  # on this thread: a window or timer of an earlier test that dies on another one takes the whole run with it
    if uses_qt:
        gc.disable()
    threads = set(threading.enumerate())
    windows = _visible_windows() if uses_qt else {}
    timers = _running_timers() if uses_qt else {}
    warnings = _Warnings()
    root = logging.getLogger()
    root.addHandler(warnings)
    try:
        yield
    finally:
        root.removeHandler(warnings)
        gc.enable()
    broken = _unannounced(warnings.records, _texts(request, "logs"), expected_warnings)
    meant = _texts(request, "leaves")
    leftovers = _living_threads(set(threading.enumerate()) - threads, meant)
    if uses_qt:
        _let_go()
        leftovers += [text for key, text in _visible_windows().items() if key not in windows]
        leftovers += [text for key, text in _running_timers().items() if key not in timers]
    broken += [f"left behind: {text}" for text in leftovers if not any(part in text for part in meant)]
    if broken:
        pytest.fail("\n".join(broken), pytrace=False)


def _texts(request: pytest.FixtureRequest, mark: str) -> list[str]:
    return [text for found in request.node.iter_markers(mark) for text in found.args]


def _unannounced(records: list[logging.LogRecord], must: list[str], may: list[str]) -> list[str]:
    said = [f"{record.levelname} {record.name}: {_message(record)}" for record in records]
    broken = [f"unexpected log record: {text}" for text in said if not any(part in text for part in [*must, *may])]
    broken += [f"expected in the log, but not there: {part}" for part in must if not any(part in text for text in said)]
    return broken


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info and record.exc_info[0]:
        text += "\n" + "".join(traceback.format_exception(*record.exc_info))
    return text


def _living_threads(threads: set[threading.Thread], meant: list[str]) -> list[str]:
    """Those that do not end within a moment. Threads that Qt made are Qt's to end."""
    living = []
    for thread in threads:
        text = f"thread {thread.name!r}"
        if isinstance(thread, threading._DummyThread) or any(part in text for part in meant):
            continue
        thread.join(timeout=2.0)
        if thread.is_alive():
            living.append(text)
    return sorted(living)


def _let_go() -> None:
    """Delete what was given to deleteLater()."""
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _visible_windows() -> dict[Any, str]:
    from PySide6.QtWidgets import QApplication

    return {
        widget: f"window {widget.windowTitle()!r} ({type(widget).__name__})"
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible()
    }


def _running_timers() -> dict[Any, str]:
    """Those with a Python object; what Qt's own widgets count with is theirs."""
    from PySide6.QtCore import QTimer
    from shiboken6 import isValid

    return {
        timer: f"timer of {timer.interval()} ms {timer.objectName()!r} in {type(timer.parent()).__name__}"
        for timer in gc.get_objects()
        if issubclass(type(timer), QTimer) and isValid(timer) and timer.isActive()
    }
