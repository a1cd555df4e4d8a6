"""A scripted agent at the Qt-free core of the program: one life of it, from start to kill or to the end of the work.

It does what Desk does with the same objects and in the same order, and what a human does with a phone. Nothing here knows what
the journal should hold: the agent only complains when something that was typed does not come back.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from desktop import logs
from desktop.callcenter.model import Account, CallResponse
from desktop.errors import CallCenterError, NotLoggedIn
from desktop.shift.journal import Draft
from desktop.shift.session import AgentSession
from desktop.shift.states import State
from tests.chaos.dangers import DeadlyJournal
from tests.chaos.notebook import Notebook

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.callcenter.model import Call
    from desktop.shift.journal import ShiftRecord
    from tests.chaos.dangers import DeadlyCenter, Death

KEY = "k3y-0f-the-chaos-<&>-77aa01"
CAMPAIGN = 1
PHONE = "+1 202 555 0143"

_DISPOSITIONS = ("Interested", "Not interested", "Call back later", "Wrong number")
_WORDS = [
    *("Mr", "Ångström", "calls", "back", "<b>&amp;", "]]>", "😀", "“quoted”", "\n", "\t", "  "),
    *("до", "明日", "'\"", "100 %", "\u00a0"),
]


class Lost(Exception):
    """Something that the agent typed did not come back."""


class ScriptedAgent:
    """Answers `quota` calls in all lives together. `dice` decide everything that a human decides."""

    def __init__(self, center: DeadlyCenter, url: str, folder: Path, quota: int, seed: str, death: Death) -> None:
        self._center = center
        self._center.death = death
        self._url = url
        self._quota = quota
        self._dice = random.Random(seed)
        self._journal = DeadlyJournal(folder / "journal.db", death)
        self._notebook = Notebook(folder.with_suffix(".notebook"))
        self._told = folder.with_suffix(".told")
        self._phone = Phone(url)
        self._someone = ""
        logs.set_up(folder)

    async def live(self) -> bool:
        """From the start of the program to its end; tells whether the work is done and everything settled."""
        await self._journal.open()
        for record in await self._journal.unfinished():
            await self._recover(record)
        while not self._has_worked_enough:
            session = self._new_session()
            await self._log_in(session)
            await self._work(session)
        settled = not await self._journal.unfinished()
        await self._center.close()
        await self._journal.close()
        return settled

    @property
    def _has_worked_enough(self) -> bool:
        return len(self._notebook.finished) >= self._quota

    # As Desk does it

    async def _recover(self, record: ShiftRecord) -> None:
        while True:
            connected = (await self._phone.look()).get("agentId") == record.agent_id
            session = self._new_session()
            try:
                left_to_agent = await session.recover(record, phone_connected=connected)
            except CallCenterError as failure:
                await self._read(failure)
            else:
                break
        for entry in left_to_agent:
            if session.state is State.LOGGED_OFF:
                session.done()
            session.take_up(entry.call)
            await self._take(session, entry.call)
        if session.state is State.WAITING:
            await self._work(session)
        elif session.state is State.LOGGED_OFF:
            await self._hang_up(session)

    async def _work(self, session: AgentSession) -> None:
        try:
            while True:
                if self._has_worked_enough:
                    await session.hang_up()
                    session.leave()
                    break
                if await self._take(session, await self._next_call(session)):
                    break
        except NotLoggedIn as failure:
            await self._read(failure)
        else:
            await self._hang_up(session)

    async def _next_call(self, session: AgentSession) -> Call:
        listening = asyncio.create_task(self._listen(session))
        try:
            return await session.next_call()
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening

    async def _take(self, session: AgentSession, call: Call) -> bool:
        remembered = self._notebook.of(call.id)
        if not remembered.may_come_back(session.draft):
            raise Lost(f"call {call.id} came back with {session.draft}, but this is remembered: {remembered}")
        if self._someone and session.draft == Draft():
            self._notebook.someone_told(self._someone, call.id)
            self._journal.someone_told(session.number, self._someone, call)
        self._someone = ""
        if session.fixed:
            entered = session.draft
        elif remembered.decided:
            entered = remembered.decided[-1]
        else:
            entered = await self._type(session, call)
        last = session.last_only
        while True:
            last = last or len(self._notebook.finished.keys() | {call.id}) >= self._quota or self._dice.random() < 0.1
            self._notebook.decided(call.id, entered, last=last)
            try:
                await session.submit(CallResponse(call.id, entered.disposition, entered.notes), last=last)
            except CallCenterError as failure:
                await self._read(failure)
                last = session.last_only or isinstance(failure, NotLoggedIn)
                if not session.fixed and self._dice.random() < 0.3:
                    entered = Draft(entered.disposition, entered.notes + " (corrected)")
                    self._enter(session, call.id, entered)
            else:
                return last

    def _new_session(self) -> AgentSession:
        dice = random.Random(self._dice.random())
        return AgentSession(self._center, Account(KEY, CAMPAIGN), self._journal, place=self._url, dice=dice)

    # As a human does it

    async def _log_in(self, session: AgentSession) -> None:
        if self._notebook.logged_off:  # and killed before the phone was hung up
            await self._phone.hang_up()
        while session.state is not State.WAITING:
            phone = await self._phone.look()
            try:
                if phone["state"] == "connected":
                    await session.log_in(phone["agentId"])
                elif phone["state"] == "idle":
                    await session.call_me(PHONE)
            except CallCenterError as failure:
                await self._read(failure)
            await asyncio.sleep(0.002)

    async def _type(self, session: AgentSession, call: Call) -> Draft:
        """Type bit by bit, and stop before pressing a button for longer than it takes to have everything on the disk."""
        entered = Draft()
        notes = ""
        for _ in range(self._dice.randint(0, 5)):
            notes += " ".join(self._dice.choices(_WORDS, k=self._dice.choice([1, 3, 3, 200])))
            entered = Draft(entered.disposition, notes)
            self._enter(session, call.id, entered)
            await asyncio.sleep(self._dice.choice([0, 0, 0.003]))
        entered = Draft(self._dice.choice(_DISPOSITIONS), notes)
        self._enter(session, call.id, entered)
        await self._journal.shift(session.number)
        self._notebook.saw_kept(call.id)
        return entered

    def _enter(self, session: AgentSession, call_id: str, draft: Draft) -> None:
        self._notebook.typed(call_id, draft)
        self._journal.draft_changed(session.number, call_id, draft)

    async def _listen(self, session: AgentSession) -> None:
        """Who hears somebody, or nothing at all, and sees no popup for a while, has the question asked anew."""
        while True:
            await asyncio.sleep(0.1)
            phone = await self._phone.look()
            if session.state is not State.WAITING:
                return
            if "beep" in phone["heard"] and phone["heard"][-1] != "hold music":
                if not self._someone and self._dice.random() < 0.5:
                    self._someone = f"heard at {self._dice.random()}"
                    self._journal.someone_heard(session.number, self._someone)
                    self._enter(session, self._someone, Draft(notes="who is that?"))
                session.rearm()
            elif phone["state"] != "connected":
                session.rearm()

    async def _hang_up(self, session: AgentSession) -> None:
        """Hang up as told, not at once: whoever is still in the queue has the time to be connected to somebody."""
        await asyncio.sleep(0.03)
        await self._phone.hang_up()
        session.done()

    async def _read(self, failure: CallCenterError) -> None:
        """Everything that an agent or the IT support can be told of a failure."""
        with self._told.open("a", encoding="utf-8") as told:
            told.write(f"{failure!r} {failure} {failure.title} {failure.reason} {failure.advice}\n")
        await asyncio.sleep(0.005)


class Phone:
    """The agent's phone, which knows nothing of the program's line to the call center."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    async def look(self) -> dict[str, Any]:
        return await self._ask("GET", "")

    async def hang_up(self) -> None:
        await self._ask("POST", "/hangup")

    async def _ask(self, method: str, what: str) -> dict[str, Any]:
        while True:  # the service's port may be shut by a fault just now; a phone is not
            connection = http.client.HTTPConnection(self._host, timeout=5)
            try:
                connection.request(method, f"/practice/phones/{quote(PHONE)}{what}")
                return dict(json.loads(connection.getresponse().read()))
            except OSError:
                await asyncio.sleep(0.005)
            finally:
                connection.close()
