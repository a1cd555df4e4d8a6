"""Callbacks at the desk: promised in a call, counted in the NextCall window, told when they are due but never during a call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop.callcenter.model import Function
from desktop.errors import Refused
from desktop.popup.callback import HERE
from desktop.popup.current import CurrentProfile
from desktop.shift.journal import Journal
from desktop.shift.states import State
from tests.simulation import ACCOUNT, AGENT_ID, a_call, until
from tests.ui.screen import Role, field, has, message, part, press, words
from tests.ui.seat import SERVICE, Seat, seated

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.shift.journal import Callback

pytestmark = pytest.mark.usefixtures("qapp", "hurried")

PROFILE = """
[[disposition]]
name = "Later"
callback = true
[[disposition]]
name = "Refused"
"""


@pytest.fixture
def profiles(tmp_path: Path) -> CurrentProfile:
    file = tmp_path / "campaign.toml"
    file.write_text(PROFILE, encoding="utf-8")
    return CurrentProfile(file)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def _now() -> datetime:
    return datetime.now(HERE)


async def _be_called(seat: Seat, name: str = "Maya Okafor") -> str:
    call = a_call(name, "+12125550143")
    await until(lambda: seat.center.waiting)
    seat.center.connect(call)
    await until(seat.popup.isVisible)
    return call.id


def _answer(seat: Seat, disposition: str, when: str = "") -> None:
    part(seat.popup, Role.List, "Disposition").choose(disposition)
    if when:
        field(seat.popup, "Call back when?").setText(when)
    press(seat.popup, "Next Call")


async def _promise(seat: Seat, name: str = "Maya Okafor", when: str = "in 2 hours") -> str:
    call_id = await _be_called(seat, name)
    _answer(seat, "Later", when)
    await until(lambda: not seat.popup.isVisible())
    return call_id


async def _open(seat: Seat) -> list[str]:
    """Whom the journal still has to be called back, by their calls."""
    return [one.call_id for one in await seat.journal.callbacks()]


def _is_told(seat: Seat) -> bool:
    return message(seat.window).startswith("A callback is due")


def _listed(seat: Seat) -> list[str]:
    """The names in the window of the callbacks."""
    listed = part(seat.desk.callbacks, Role.List, "Callbacks")
    return [listed.item(row).text().partition(",")[0] for row in range(listed.count())]


async def _promised_before(path: Path, due: datetime, *names: str) -> None:
    """What an earlier start has left in the journal."""
    journal = Journal(path)
    await journal.open()
    shift = await journal.begin_shift(SERVICE, ACCOUNT.campaign_id, AGENT_ID)
    for name in names:
        journal.callback_agreed(shift, f"of old with {name}", due, name, "(312) 555-0143")
    journal.end_shift(shift, "logged off")
    await journal.close()


async def test_what_is_promised_is_counted_and_listed(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        assert "promised" not in _buttons(seat)
        first = await _promise(seat)
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
        second = await _promise(seat, "Zoë Łuczak", "in 1 hour")
        await until(lambda: has(seat.window, Role.Button, "2 callbacks promised"))
        assert await _open(seat) == [second, first]
        press(seat.window, "2 callbacks promised")
        assert seat.desk.callbacks.isVisible()
        assert _listed(seat) == ["Zoë Łuczak", "Maya Okafor"]
        found: tuple[Callback, ...] = await seat.journal.callbacks()
        assert [one.phone_number for one in found] == ["(212) 555-0143"] * 2
        assert timedelta(minutes=55) < found[0].due - _now() <= timedelta(minutes=61)


def _buttons(seat: Seat) -> str:
    return " ".join(one.text() for one in seat.window.findChildren(type(seat.window._callbacks)) if one.isVisible())


async def test_a_call_that_ends_otherwise_promises_nothing(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _be_called(seat)
        part(seat.popup, Role.List, "Disposition").choose("Later")
        field(seat.popup, "Call back when?").setText("in 2 hours")
        _answer(seat, "Refused")
        await until(lambda: not seat.popup.isVisible())
        assert await _open(seat) == []


async def test_what_was_promised_and_then_not_stored_is_promised_no_longer(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        kept = await _promise(seat, "Bo Li")
        await _be_called(seat)
        seat.center.will(Function.STORE_AGENT_RESPONSE, Refused("the notes are too long"))
        _answer(seat, "Later", "in 1 hour")
        await until(lambda: message(seat.popup).startswith("The call center refused"))
        await until(lambda: has(seat.window, Role.Button, "2 callbacks promised"))  # it is kept before anything is sent
        _answer(seat, "Refused")
        await until(lambda: not seat.popup.isVisible())
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
        assert await _open(seat) == [kept]


async def test_another_time_for_the_same_call_is_one_promise(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        call_id = await _be_called(seat)
        seat.center.will(Function.STORE_AGENT_RESPONSE, Refused("the notes are too long"))
        _answer(seat, "Later", "in 1 hour")
        await until(lambda: message(seat.popup).startswith("The call center refused"))
        _answer(seat, "Later", "in 2 days")
        await until(lambda: not seat.popup.isVisible())
        assert await _open(seat) == [call_id]
        [found] = await seat.journal.callbacks()
        assert found.due - _now() > timedelta(days=1)


async def _will_be_due(seat: Seat) -> datetime:
    """Somebody was promised to be called back in a moment."""
    await until(lambda: not (seat.under_way("self-test") or seat.under_way("notification")))  # which may say something, too
    due = _now() + timedelta(seconds=0.3)
    seat.journal.callback_agreed(1, "another", due, "Bo Li", "(312) 555-0143")
    seat.desk._promises.look_up()
    return due


async def test_what_is_due_is_told_between_calls_only(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _be_called(seat)
        due = await _will_be_due(seat)
        await until(lambda: _now() > due + timedelta(milliseconds=200))
        assert seat.desk.state is State.CONNECTED
        assert not _is_told(seat)
        _answer(seat, "Refused")
        await until(lambda: seat.center.waiting)
        assert message(seat.window).startswith("A callback is due You promised to call Bo Li.")
        await _be_called(seat)
        assert not _is_told(seat)  # the person on the line comes first
        _answer(seat, "Refused")
        await until(lambda: seat.center.waiting)
        assert not _is_told(seat)  # once
        assert has(seat.window, Role.Button, "1 callback promised, 1 due")  # and this stays until it is done


async def test_what_becomes_due_while_nobody_is_on_the_line_is_told_then(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _will_be_due(seat)
        await until(lambda: message(seat.window).startswith("A callback is due You promised to call Bo Li."))
        assert has(seat.window, Role.Button, "1 callback promised, 1 due")


async def test_nothing_is_told_while_the_agent_hears_somebody(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        press(seat.window, "I hear someone")
        due = await _will_be_due(seat)
        await until(lambda: _now() > due + timedelta(milliseconds=200))
        assert not _is_told(seat)
        press(seat.popup, "Nobody there")
        assert _is_told(seat)


async def test_while_the_agent_is_away_nobody_is_named(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _will_be_due(seat)
        await until(lambda: "Bo Li" in message(seat.window))
        seat.desk.set_covered(covered=True)
        assert message(seat.window).startswith("A callback is due You promised to call somebody.")
        seat.desk.set_covered(covered=False)
        assert "Bo Li" in message(seat.window)
        seat.desk.tell_sleep()  # something else stands there now, and stays
        seat.desk.set_covered(covered=True)
        assert message(seat.window).startswith("The computer goes to sleep")
        seat.journal.callback_agreed(1, "a third", _now(), "Maya Okafor", "(212) 555-0143")
        seat.desk._promises.look_up()
        await until(lambda: message(seat.window).startswith("A callback is due You promised to call somebody."))


async def test_several_that_are_due_are_told_together(profiles: CurrentProfile, path: Path):
    await _promised_before(path, _now() - timedelta(hours=2), "Bo Li", "Maya Okafor")
    async with seated(journal=path, profiles=profiles) as seat:
        await until(lambda: _is_told(seat))
        assert message(seat.window).startswith("A callback is due You promised to call Bo Li and 1 more.")
        await seat.log_in()
        assert has(seat.window, Role.Button, "2 callbacks promised, 2 due")


async def test_done_takes_it_off_and_undo_brings_it_back(profiles: CurrentProfile, path: Path):
    async with seated(journal=path, profiles=profiles) as seat:
        await seat.log_in()
        call_id = await _promise(seat)
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
        press(seat.window, "1 callback promised")
        press(seat.desk.callbacks, "Done")
        await until(lambda: "promised" not in _buttons(seat))
        assert await _open(seat) == []
        assert "Nobody is waiting to be called back." in words(seat.desk.callbacks)
        press(seat.desk.callbacks, "Undo")
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
        assert await _open(seat) == [call_id]
        assert _listed(seat) == ["Maya Okafor"]


async def test_it_survives_the_end_of_the_program(profiles: CurrentProfile, path: Path):
    async with seated(journal=path, profiles=profiles) as seat:
        await seat.log_in()
        call_id = await _promise(seat)
        done = await _promise(seat, "Bo Li", "in 1 hour")
        await until(lambda: has(seat.window, Role.Button, "2 callbacks promised"))
        press(seat.window, "2 callbacks promised")
        part(seat.desk.callbacks, Role.List, "Callbacks").setCurrentRow(0)
        press(seat.desk.callbacks, "Done")
        await until(lambda: has(seat.window, Role.Button, "1 callback promised"))
        before = await seat.journal.callbacks()
        assert done != call_id
    async with seated(journal=path, profiles=profiles) as seat:
        await seat.log_in()
        assert has(seat.window, Role.Button, "1 callback promised")
        assert await seat.journal.callbacks() == before
        press(seat.window, "1 callback promised")
        assert _listed(seat) == ["Maya Okafor"]


async def test_ctrl_shift_b_shows_them(profiles: CurrentProfile):
    from tests.ui.screen import key

    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        seat.window.activateWindow()
        await until(seat.window.isActiveWindow)
        key(Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert seat.desk.callbacks.isVisible()
        assert "Nobody is waiting to be called back." in words(seat.desk.callbacks)
