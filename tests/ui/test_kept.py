"""Desk and journal: what the agent types is in the file, somebody's notes find their call, and what is not kept is told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from desktop.callcenter.model import CallResponse, Function
from desktop.errors import JournalNotKept, NotLoggedIn
from desktop.shift.journal import Draft, Entry, Journal, Settled
from desktop.shift.states import State
from tests.simulation import AGENT_ID, Stored, a_call, until
from tests.ui.screen import Role, button, field, has, key, message, part, press, words
from tests.ui.seat import Seat, a_memory, seated

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("qapp", "hurried")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def _hear(seat: Seat, notes: str = "") -> None:
    """Hear somebody of whom nothing has been told, and type."""
    press(seat.window, "I hear someone")
    assert seat.popup.isVisible()
    assert seat.popup.windowTitle() == "Call - somebody"
    field(seat.popup, "Notes").setPlainText(notes)


async def _entries(seat: Seat) -> list[Entry]:
    return list((await seat.recorded()).entries)


# ---------------------------------------------------------------------------------------------------------------- drafts


async def test_what_is_typed_is_in_the_journal_before_it_is_stored(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        seat.center.connect(a_call())
        await seat.reach(State.CONNECTED)
        part(seat.popup, Role.List, "Disposition").setCurrentRow(0)
        field(seat.popup, "Notes").setPlainText("half a sent")
        await until(lambda: not seat.popup._typing.isActive())
        [entry] = await _entries(seat)
        assert (entry.draft, entry.response) == (Draft("Interested", "half a sent"), None)
    async with seated(memory=a_memory(path.parent), journal=path) as seat:
        assert seat.recovery()


async def test_what_is_typed_last_is_kept_when_the_program_is_ended(path: Path):
    async with seated(journal=path) as seat:
        await seat.talk()
        assert seat.popup._typing.isActive()
    journal = Journal(path)
    await journal.open()
    [unfinished] = await journal.unfinished()
    await journal.close()
    assert [entry.draft for entry in unfinished.entries] == [Draft("Interested", "by mail")]


async def test_leaving_a_call_keeps_it_for_the_next_start(path: Path):
    async with seated(journal=path) as seat:
        await seat.talk()
        press(seat.window, "Leave")
        question = await until(seat.question)
        assert "what you entered is kept and you are asked about it at the next start" in words(question)
        press(question, "Leave")
        await until(seat.reminder.isVisible)
        assert "1 call: 1 without a response" in words(seat.reminder).splitlines()
        [unfinished] = await seat.journal.unfinished()
        assert [entry.draft for entry in unfinished.open_entries] == [Draft("Interested", "by mail")]


async def test_leaving_while_a_response_is_under_way_keeps_it_in_doubt(path: Path):
    async with seated(journal=path) as seat:
        await seat.talk()
        seat.center.will(Function.STORE_AGENT_RESPONSE, asyncio.Event())
        press(seat.popup, "Next Call")
        await seat.reach(State.SAVING)
        await until(lambda: seat.center.asked(Function.STORE_AGENT_RESPONSE))  # the journal comes first
        await seat.leave()
        assert seat.center.given_up == [Function.STORE_AGENT_RESPONSE]
        assert not seat.popup.isVisible()
        [unfinished] = await seat.journal.unfinished()
        assert [entry.settled for entry in unfinished.open_entries] == [Settled.UNSURE]
        press(seat.reminder, "Done")
        await seat.call_me()
        field(seat.login, "Agent ID").setText(AGENT_ID)
        press(seat.login, "Log in")
        await seat.reach(State.CONNECTED)  # to the call center it is still the same call
        assert message(seat.popup).startswith("The call center may have this already")


# -------------------------------------------------------------------------------------------------------------- somebody


@pytest.mark.parametrize("way", ["button", "key"])
async def test_i_hear_someone_asks_anew_and_the_notes_join_the_call(path: Path, way: str):
    async with seated(journal=path) as seat:
        await seat.log_in()
        if way == "button":
            press(seat.window, "I hear someone")
        else:
            seat.window.activateWindow()
            await until(seat.window.isActiveWindow)
            key(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        assert seat.popup.windowTitle() == "Call - somebody"
        await until(lambda: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 2)
        assert seat.center.given_up == [Function.GET_CONNECTION_FOR_AGENT]
        field(seat.popup, "Notes").setPlainText("wants Tuesday")
        await until(lambda: not seat.popup._typing.isActive())
        [entry] = await _entries(seat)
        assert (entry.told, entry.draft.notes) == (False, "wants Tuesday")

        call = a_call("Maya Okafor")
        seat.center.connect(call)
        await seat.reach(State.CONNECTED)
        assert seat.popup.windowTitle() == "Call - Maya Okafor"
        [entry] = await _entries(seat)
        assert (entry.told, entry.call, entry.draft.notes) == (True, call, "wants Tuesday")
        part(seat.popup, Role.List, "Disposition").setCurrentRow(0)
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        assert seat.center.ledger == [Stored(CallResponse(call.id, "Interested", "wants Tuesday"), False)]
        await until(lambda: not seat.popup.isVisible())
        await seat.be_connected()
        assert field(seat.popup, "Notes").text() == "by mail"


async def test_hearing_somebody_twice_asks_twice_and_keeps_one_popup(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        await _hear(seat, "wants Tuesday")
        await until(lambda: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 2 and seat.center.waiting)
        seat.popup.close()
        seat.window._someone_action.trigger()
        assert seat.popup.isVisible()
        assert field(seat.popup, "Notes").text() == "wants Tuesday"
        await until(lambda: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 3)
        assert len(await _entries(seat)) == 1
        press(seat.window, "Show call")
        assert seat.popup.isVisible()


async def test_nobody_there_keeps_the_notes_and_the_next_call_begins_empty(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        await _hear(seat, "only breathing")
        press(seat.popup, "Nobody there")
        assert not seat.popup.isVisible()
        assert seat.desk.state is State.WAITING
        assert button(seat.window, "I hear someone").isVisible()
        call = a_call()
        seat.center.connect(call)
        await seat.reach(State.CONNECTED)
        assert field(seat.popup, "Notes").text() == ""
        heard, told = await _entries(seat)
        assert (heard.told, heard.draft.notes) == (False, "only breathing")
        assert (told.told, told.call, told.draft.notes) == (True, call, "")
        seat.fill_in()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert "2 calls: 1 stored, 1 without a response" in words(seat.reminder).splitlines()


async def test_a_popup_of_somebody_that_was_closed_comes_back_with_the_call(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        await _hear(seat, "wants Tuesday")
        seat.popup.close()
        seat.center.connect(a_call("Maya Okafor"))
        await seat.reach(State.CONNECTED)
        assert seat.popup.isVisible()
        assert seat.popup.windowTitle() == "Call - Maya Okafor"


async def test_somebody_goes_with_the_shift_that_the_agent_leaves(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        await _hear(seat, "only breathing")
        await seat.leave()
        assert not seat.popup.isVisible()
        [heard] = await _entries(seat)
        assert (heard.told, heard.draft.notes) == (False, "only breathing")
        press(seat.reminder, "Done")
        await seat.talk()
        assert seat.popup.isVisible()
        assert field(seat.popup, "Notes").text() == "by mail"
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)


async def test_who_is_kicked_with_somebody_on_the_screen_keeps_the_notes_and_starts_anew(path: Path):
    async with seated(journal=path) as seat:
        await seat.log_in()
        await _hear(seat, "only breathing")
        await until(lambda: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 2 and seat.center.waiting)
        seat.center.kick()
        await until(lambda: NotLoggedIn.title in message(seat.login))
        assert "1 call: 1 without a response." in message(seat.login)
        assert not seat.popup.isVisible()
        [heard] = await _entries(seat)
        assert heard.draft.notes == "only breathing"
        await seat.talk()
        assert seat.popup.isVisible()
        assert field(seat.popup, "Notes").text() == "by mail"


async def test_a_kicked_agent_who_heard_somebody_sees_no_stale_way_to_a_call():
    async with seated() as seat:
        await seat.log_in()
        await _hear(seat)
        await until(lambda: seat.center.asked(Function.GET_CONNECTION_FOR_AGENT) == 2 and seat.center.waiting)
        seat.center.kick()
        await until(seat.login.isVisible)
        await seat.log_in()
        assert has(seat.window, Role.Button, "I hear someone")
        assert not has(seat.window, Role.Button, "Show call")


# --------------------------------------------------------------------------------------------------------------- receipt


async def _save_to(seat: Seat, place: Path) -> None:
    press(seat.reminder, "Save receipt …")
    dialog: Any = await until(lambda: next((one for one in seat.reminder.findChildren(QFileDialog) if one.isVisible()), None))
    dialog.fileSelected.emit(str(place))
    dialog.reject()


async def test_the_receipt_is_saved(path: Path):
    place = path.parent / "mine.txt"
    async with seated(journal=path) as seat:
        first = await seat.talk()
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        second = await seat.be_connected()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        await _save_to(seat, place)
        await until(lambda: message(seat.reminder))
        assert message(seat.reminder) == f"The receipt is saved {place}"
    text = place.read_text(encoding="utf-8")
    assert "agent 4027, campaign 1001" in text
    assert "2 calls: 2 stored" in text
    rows = [line.split() for line in text.splitlines()[-2:]]
    assert [(row[1], row[2], row[3]) for row in rows] == [(first, "Interested", "stored"), (second, "Interested", "stored")]


async def test_a_receipt_that_cannot_be_saved_is_told_and_can_be_saved_elsewhere(path: Path):
    async with seated(journal=path) as seat:
        await seat.talk()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        await _save_to(seat, path.parent / "no such folder" / "mine.txt")
        await until(lambda: message(seat.reminder))
        assert message(seat.reminder) == "The receipt was not saved No such file or directory. Try another place."
        await _save_to(seat, path.parent / "mine.txt")
        await until(lambda: message(seat.reminder).startswith("The receipt is saved"))
        press(seat.reminder, "Done")
        assert seat.login.isVisible()


# --------------------------------------------------------------------------------------------------------- what is not kept


@pytest.mark.logs("Your work is not kept on the disk")
async def test_a_journal_that_cannot_be_kept_is_told_once_and_stays_told(tmp_path: Path):
    (tmp_path / "a file").touch()
    async with seated(journal=tmp_path / "a file" / "journal.db") as seat:
        await until(lambda: seat.troubles)
        assert JournalNotKept.title in message(seat.login)
        await seat.talk()
        assert JournalNotKept.title in words(seat.window)
        press(seat.window, "Leave")
        question = await until(seat.question)
        assert "its disposition and notes are lost" in words(question)
        press(question, "Back to the call")
        press(seat.popup, "Next Call")
        await seat.reach(State.WAITING)
        await seat.be_connected()
        press(seat.popup, "Logoff")
        await until(seat.reminder.isVisible)
        assert JournalNotKept.title in words(seat.window)
        assert len(seat.troubles) == 1
        assert "2 calls: 2 stored" in words(seat.reminder).splitlines()


@pytest.mark.logs("The journal was damaged", "is set aside as")
async def test_a_damaged_journal_is_told_and_a_new_one_is_kept(path: Path):
    path.write_bytes(b"no journal, but somebody's essay " * 200)
    async with seated(journal=path) as seat:
        await until(lambda: seat.troubles)
        await seat.talk()
        assert "A new one is begun. The old one is kept as journal-damaged-" in words(seat.window)
        assert seat.journal.lasting
    assert len(list(path.parent.glob("journal-damaged-*"))) == 1
