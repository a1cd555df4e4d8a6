"""An agent at work in this very process: presses, types and reads in the windows of a real App, by the names they promise.

What cannot be seen or pressed on the screen cannot be pressed here either. Nothing here knows what NextCall should do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from xml.sax.saxutils import escape

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPlainTextEdit, QPushButton, QWidget

from desktop.app import App, Options, QtApplication, Site
from desktop.callcenter.model import Function
from desktop.settings.policy import NO_POLICY, Policy
from desktop.shift.states import State
from desktop.tasks import in_thread
from desktop.ui.parts import MessageBar
from tests.practice.outside import PHONE, Caller

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.outside.updates import Releases
    from desktop.practice.scenario import Scenario
    from desktop.practice.server import PracticeService
    from desktop.ui.desk import Desk
    from desktop.ui.login import LoginDialog
    from tests.shifts.line import Line

KEY = "k3y-0f-the-account-<&>-5d8e1c"

Part = TypeVar("Part", bound=QWidget)
Found = TypeVar("Found")


async def until(look: Callable[[], Found], what: str, seconds: float = 20.0, *, told: Callable[[], str] = str) -> Found:
    """What `look` finds, as soon as it finds something. If it never does: what was waited for, and what was `told` instead."""
    loop = asyncio.get_running_loop()
    last = loop.time() + seconds
    while not (found := look()):
        if loop.time() > last:
            pytest.fail(f"waited {seconds:g} s for {what}. {told()}")
        await asyncio.sleep(0.005)
    return found


class Agent:
    """Works at the desk that `app` has open. `work` ends when the App has left; `heard` gives the agent ID that a voice says."""

    def __init__(self, app: App, work: asyncio.Task[None], heard: Callable[[], str] | None = None) -> None:
        self.app = app
        self.work = work
        self._heard = heard or self._heard_on_the_practice_phone

    @property
    def site(self) -> Site:
        assert self.app.site is not None
        return self.app.site

    @property
    def desk(self) -> Desk:
        return self.site.desk

    @property
    def state(self) -> State:
        return self.desk.state

    def ledger(self) -> list[dict[str, Any]]:
        """What the practice service of this App has got."""
        assert self.site.service is not None
        return self.site.service.ledger()

    # steps

    async def reach(self, state: State) -> None:
        await until(lambda: self.state is state, f"“{state.value}”", told=self.told)

    async def call_me(self) -> str:
        """Press "Call me" and listen; gives the agent ID that is heard."""
        await until(self.desk.login.isVisible, "the log-in dialog")
        press(self.desk.login, "Call me")
        await self.reach(State.EXPECTING_ID)
        return await until(self._heard, "the agent ID to be heard")

    async def log_in(self) -> None:
        """From the log-in dialog into the queue, or further if somebody is connected at once."""
        agent_id = await self.call_me()
        type_into(self.desk.login, "Agent ID", agent_id)
        press(self.desk.login, "Log in")
        await until(lambda: self.state in {State.WAITING, State.CONNECTED}, "the queue", told=self.told)

    async def take_call(self) -> None:
        """Wait until somebody is on the line and all windows show it, the popup first."""
        await self.reach(State.CONNECTED)
        await until(self.desk.popup.isVisible, "the popup")
        await until(lambda: not self.desk._catching_up.isActive(), "the other windows")

    def fill_in(self, disposition: str, notes: str = "") -> None:
        """Choose by mouse, paste the notes."""
        choose(self.desk.popup, disposition)
        paste_into(self.desk.popup, "Notes", notes)

    async def store(self, disposition: str, notes: str = "", *, way_on: str = "Next Call") -> None:
        """One call from the popup to what comes after it."""
        await self.take_call()
        self.fill_in(disposition, notes)
        before = self.stored()
        press(self.desk.popup, way_on)
        await until(lambda: self.stored() > before, "the response to be stored", told=self.told)

    async def reminded(self) -> None:
        """Wait for the reminder to hang up."""
        await self.reach(State.LOGGED_OFF)
        await until(self.desk.reminder.isVisible, "the reminder")

    async def done(self) -> None:
        """Hang up as told and say so."""
        await self.reminded()
        press(self.desk.reminder, "Done")
        await self.reach(State.SIGNED_OUT)

    # what is on the screen

    def stored(self) -> int:
        words = next(text for text in texts(self.desk.window) if "stored" in text)
        return int(words.split()[0])

    def told(self) -> str:
        """Every message that stands in a visible window."""
        windows = (self.desk.login, self.desk.window, self.desk.popup)
        bars = [bar for window in windows if window.isVisible() for bar in window.findChildren(MessageBar)]
        return " ".join(filter(None, (self.state.value + ":", *(bar.text() for bar in bars))))

    def _heard_on_the_practice_phone(self) -> str:
        assert self.site.phone is not None
        found = re.search(r"agent ID is ((?:\d\s?)+)", " ".join(texts(self.site.phone)))
        return found[1] if found else ""


@asynccontextmanager
async def at_work(
    qt: QtApplication,
    options: Options,
    scenario: Scenario | None = None,
    *,
    heard: Callable[[], str] | None = None,
    policy: Policy = NO_POLICY,
    releases: Releases | None = None,
    login: LoginDialog | None = None,
) -> AsyncIterator[Agent]:
    """An App as `__main__` runs it, for one test; made to leave afterwards, unless it has left."""
    app = App(qt, options, scenario=scenario, read_policy=lambda: policy, releases=releases, login=login)
    app.start()
    work = asyncio.create_task(app.run(), name="app")
    try:
        await until(lambda: work.done() or (app.site is not None and app.site.desk.login.isVisible()), "the log-in dialog")
        yield Agent(app, work, heard)
    finally:
        app._left.set()
        await work
        qt.quit_requested.disconnect(app._on_quit_requested)
        qt.commitDataRequest.disconnect(app._on_session_ends)


class LiveShift:
    """An agent at a live desk whose line goes through `line` to the practice service, and what is known at its other end."""

    def __init__(self, agent: Agent, line: Line, service: PracticeService) -> None:
        self.agent = agent
        self.line = line
        self.service = service

    def fill_in_login(self) -> None:
        """Key, campaign and phone number."""
        for name, text in {"API key": KEY, "Campaign ID": "1", "Phone number": PHONE}.items():
            type_into(self.agent.desk.login, name, text)

    def responses(self) -> list[list[tuple[str, str, bool]]]:
        """What the call center has got, call by call."""
        return [
            [(one["agentResponse"], one["agentNotes"], one["lastcall"]) for one in call["responses"]]
            for call in self.service.ledger()
        ]

    async def hang_up_the_phone(self) -> None:
        await in_thread(lambda: self.service.hang_up(PHONE), "hang up")

    async def be_kicked(self) -> None:
        """By a supervisor, from another program."""
        await self.ask("kickAgent", agentId=self.service._center.phone(PHONE).agent_id)

    async def stop_campaign(self) -> None:
        """By a team lead, from another program."""
        await self.ask("stopCampaign", "VoiceBroadcastService")

    async def start_campaign(self) -> None:
        """By a team lead, from another program."""
        await self.ask("startCampaign", "VoiceBroadcastService")

    async def ask(self, function: str, service: str = "PredictiveService", **parameters: object) -> None:
        """What another program asks the call center."""
        caller = Caller(self.service.service_url)
        await in_thread(lambda: caller.ask(function, service, key=escape(KEY), **parameters), function)

    async def reach(self, state: State) -> None:
        """From the start to `state`, and no further: the line holds what would lead on."""
        agent, login, popup = self.agent, self.agent.desk.login, self.agent.desk.popup
        leads_on = {
            State.CALLING: Function.SEND_AGENT_CALL_BACK,
            State.LOGGING_IN: Function.LOGIN_AGENT,
            State.WAITING: Function.GET_CONNECTION_FOR_AGENT,
            State.SAVING: Function.STORE_AGENT_RESPONSE,
        }
        if state in leads_on:
            self.line.hold(leads_on[state])
        if state is State.CALLING:
            press(login, "Call me")
        elif state is not State.SIGNED_OUT:
            agent_id = await agent.call_me()
            if state is not State.EXPECTING_ID:
                type_into(login, "Agent ID", agent_id)
                press(login, "Log in")
        if state in {State.CONNECTED, State.SAVING, State.LOGGED_OFF}:
            await agent.take_call()
            agent.fill_in("Interested", "half a sent")
            if state is not State.CONNECTED:
                press(popup, "Logoff")
        await agent.reach(state)


@asynccontextmanager
async def at_work_live(qt: QtApplication, data_dir: Path, line: Line, service: PracticeService) -> AsyncIterator[LiveShift]:
    """An App at the `service` behind `line`, with the log-in dialog filled in."""

    def heard() -> str:
        phone = service._center.phone(PHONE)
        return phone.agent_id or "" if phone.state == "connected" else ""

    async with at_work(qt, Options(service_url=line.service_url, data_dir=data_dir), heard=heard) as agent:
        shift = LiveShift(agent, line, service)
        shift.fill_in_login()
        yield shift


# ------------------------------------------------------------------------------------------------------------- by name


def texts(window: QWidget) -> list[str]:
    """The words that can be read in the window."""
    return [one.text() for one in window.findChildren(QLabel) if one.text() and one.isVisibleTo(window)]


def offers(window: QWidget, name: str) -> bool:
    """Whether there is such a button to be seen."""
    return any(one.text() == name and one.isVisible() for one in window.findChildren(QPushButton))


def press(window: QWidget, name: str) -> None:
    """Click the button of that name with the mouse."""
    found = [one for one in window.findChildren(QPushButton) if one.text() == name and one.isVisible() and one.isEnabled()]
    assert len(found) == 1, f"“{name}” cannot be pressed in “{window.windowTitle()}”: {' | '.join(texts(window))}"
    QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)


def named(window: QWidget, kind: type[Part], name: str) -> Part:
    found = [one for one in window.findChildren(kind) if one.accessibleName() == name]
    assert len(found) == 1, f"“{name}” is there {len(found)} times"
    assert found[0].isVisible(), f"“{name}” cannot be seen"
    return found[0]


def type_into(window: QWidget, name: str, text: str) -> None:
    """Type into an empty or filled field, from its beginning."""
    field = named(window, QLineEdit, name)
    field.selectAll()
    QTest.keyClicks(field, text)


def paste_into(window: QWidget, name: str, text: str) -> None:
    """Paste with Ctrl+V."""
    notes = named(window, QPlainTextEdit, name)
    QApplication.clipboard().setText(text)
    QTest.keyClick(notes, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def choose(window: QWidget, disposition: str) -> None:
    """Click a disposition."""
    choices = named(window, QListWidget, "Disposition")
    [item] = choices.findItems(disposition, Qt.MatchFlag.MatchExactly)
    QTest.mouseClick(choices.viewport(), Qt.MouseButton.LeftButton, pos=choices.visualItemRect(item).center())
    assert item.isSelected()


def window_titled(title: str) -> QWidget | None:
    """The open window of that title."""
    found = [one for one in QApplication.topLevelWidgets() if one.isVisible() and one.windowTitle() == title]
    return found[0] if found else None
