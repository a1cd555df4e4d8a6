"""Every way out of NextCall in every state of the shift: it asks where somebody could be left on the line, and then it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop.app import Options, QtApplication
from desktop.callcenter.model import Function
from desktop.shift.states import State
from tests.practice.outside import PHONE
from tests.shifts.agent import Agent, LiveShift, at_work, offers, press, texts, until, window_titled

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QObject

    from desktop.practice.scenario import Scenario
    from tests.shifts.line import Line

Opened = Callable[[], AbstractAsyncContextManager[LiveShift]]

AT_ONCE = [State.SIGNED_OUT, State.CALLING, State.EXPECTING_ID]
ASKS = [State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING]


def terminate(_agent: Agent) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt(_agent: Agent) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def quit_by_qt(_agent: Agent) -> None:
    """What macOS's menu and Qt itself do."""
    QtApplication.quit()


def quit_by_menu(agent: Agent) -> None:
    _action(agent.desk.window.menuBar(), "&Quit NextCall").trigger()


def quit_by_tray(agent: Agent) -> None:
    _action(agent.desk.tray._menu, "Quit").trigger()


def close_the_window(agent: Agent) -> None:
    window = agent.desk.window if agent.desk.window.isVisible() else agent.desk.login
    window.close()


WAYS = [terminate, interrupt, quit_by_qt, quit_by_menu, quit_by_tray, close_the_window]


def _action(owner: QObject, text: str) -> QAction:
    menus = [owner, *owner.findChildren(QMenu)]
    [found] = [action for menu in menus for action in menu.actions() if action.text() == text]
    return found


async def asked(agent: Agent) -> None:
    await until(lambda: window_titled("Leave NextCall?"), "the question")
    assert not agent.work.done()


async def left(agent: Agent) -> None:
    await until(agent.work.done, "the end", told=agent.told)
    assert agent.app.site is None


@pytest.mark.parametrize("state", AT_ONCE)
@pytest.mark.parametrize("way", [terminate, quit_by_tray])
async def test_nobody_is_on_the_line_so_it_leaves_at_once(
    live_shift: Opened, line: Line, state: State, way: Callable[[Agent], None]
) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(state)
        way(shift.agent)
        await left(shift.agent)


@pytest.mark.parametrize("state", ASKS)
async def test_it_asks_and_a_second_signal_leaves(live_shift: Opened, line: Line, state: State) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(state)
        terminate(shift.agent)
        await asked(shift.agent)
        terminate(shift.agent)
        await left(shift.agent)


async def test_two_signals_at_once_are_two(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(State.WAITING)
        terminate(shift.agent)
        terminate(shift.agent)
        await left(shift.agent)


async def test_a_signal_at_the_reminder_waits_for_done(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(State.LOGGED_OFF)
        terminate(shift.agent)
        await until(lambda: shift.agent.desk._hung_up is not None, "the wish to leave")
        await until(shift.agent.desk.reminder.isVisible, "the reminder")
        press(shift.agent.desk.reminder, "Done")
        await left(shift.agent)


async def test_a_second_signal_at_the_reminder_leaves(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(State.LOGGED_OFF)
        terminate(shift.agent)
        terminate(shift.agent)
        await left(shift.agent)


@pytest.mark.parametrize("way", WAYS)
async def test_somebody_who_wants_to_stay_stays(live_shift: Opened, line: Line, way: Callable[[Agent], None]) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await shift.reach(State.CONNECTED)
        way(agent)
        await asked(agent)
        press(window_titled("Leave NextCall?"), "Back to the call")
        await until(lambda: window_titled("Leave NextCall?") is None, "the question to go")
        press(agent.desk.popup, "Logoff")
        await agent.done()
        assert shift.responses() == [[("Interested", "half a sent", True)]]
        way(agent)
        await left(agent)


@pytest.mark.parametrize("way", WAYS)
async def test_who_leaves_the_queue_has_the_phone_hung_up(live_shift: Opened, line: Line, way: Callable[[Agent], None]) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await shift.reach(State.WAITING)
        way(agent)
        await asked(agent)
        assert any("asked to hang up your phone" in text for text in texts(window_titled("Leave NextCall?")))
        press(window_titled("Leave NextCall?"), "Leave")
        await agent.reminded()
        assert Function.KICK_AGENT in line.asked
        assert shift.service._center.phone(PHONE).state == "idle"
        press(agent.desk.reminder, "Done")
        await left(agent)


async def test_leave_ends_the_shift_and_not_the_program(live_shift: Opened, line: Line) -> None:
    line.mend()
    async with live_shift() as shift:
        agent = shift.agent
        await shift.reach(State.WAITING)
        press(agent.desk.window, "Leave")
        await asked(agent)
        press(window_titled("Leave NextCall?"), "Leave")
        await agent.done()
        assert offers(agent.desk.login, "Call me")
        line._mischief.clear()
        await agent.log_in()
        await agent.store("Interested", way_on="Logoff")
        await agent.done()


class SessionEnd:
    """What is known of Qt's QSessionManager here: it cannot be made, only had from a session that ends."""

    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


@pytest.mark.parametrize("state", State)
async def test_the_session_ends(live_shift: Opened, line: Line, state: State) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(state)
        end = SessionEnd()
        shift.agent.app._on_session_ends(end)
        assert end.cancelled == (state in ASKS)
        if end.cancelled:
            await asked(shift.agent)
        else:
            await left(shift.agent)


async def test_the_practice_ends_with_the_program(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    """Its thread is gone then; the house rules see to that."""
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.take_call()
        quit_by_qt(agent)
        await asked(agent)
        press(window_titled("Leave NextCall?"), "Leave")
        await agent.reminded()
        press(agent.desk.reminder, "Done")
        await left(agent)


@pytest.mark.parametrize("state", list(State))
async def test_for_an_update_it_leaves_only_if_no_shift_is_on(live_shift: Opened, line: Line, state: State) -> None:
    line.mend()
    async with live_shift() as shift:
        await shift.reach(state)
        assert shift.agent.app.leave_for_update() == (state is State.SIGNED_OUT)
        if state is State.SIGNED_OUT:
            await left(shift.agent)
        else:
            assert not shift.agent.app._left.is_set()
            assert window_titled("Leave NextCall?") is None  # nobody is disturbed
            assert shift.agent.desk.state is state


async def test_a_practice_makes_no_update_wait(qapp: QtApplication, quick: Scenario, tmp_path: Path) -> None:
    async with at_work(qapp, Options(practice=True, data_dir=tmp_path), quick) as agent:
        await agent.log_in()
        await agent.take_call()
        assert agent.app.leave_for_update()
        await left(agent)
