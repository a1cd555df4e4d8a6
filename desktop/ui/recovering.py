"""Taking up a shift that an earlier start of the program left unsettled: one question to the agent, and what follows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from desktop.callcenter.model import Account
from desktop.errors import CallCenterError, KeptError
from desktop.settings.memory import Memory
from desktop.shift.journal import Entry, ShiftRecord
from desktop.shift.session import AgentSession
from desktop.tasks import Tasks
from desktop.ui.parts import place
from desktop.ui.recovery import Answer, RecoveryDialog

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of it: a shift that goes on, or whose phone is gone, and the calls that only the agent can finish."""

    session: AgentSession
    connected: bool
    left_to_agent: tuple[Entry, ...]


class Recovering:
    """Asks whether the phone is still connected, and settles what can be settled without the agent.

    `begin` makes the shift for an account, `give_up` is called when that shift came to nothing.
    """

    def __init__(
        self, record: ShiftRecord, memory: Memory, begin: Callable[[Account], AgentSession], give_up: Callable[[], None]
    ) -> None:
        self._record = record
        self._memory = memory
        self._begin = begin
        self._give_up = give_up
        self.dialog = RecoveryDialog(record, practice=False)
        place(self.dialog, 0.5, 0.4)

    async def run(self, tasks: Tasks) -> Recovered | None:
        """Ask until it is settled, or put off: None."""
        self.dialog.show()
        reading = tasks.spawn(self._recall_key(), "key")
        try:
            return await self._settle()
        finally:
            reading.cancel()
            self.dialog.hide()
            self.dialog.deleteLater()

    async def _settle(self) -> Recovered | None:
        dialog, record = self.dialog, self._record
        while True:
            answer, key = await self._answer()
            if answer is Answer.LATER:
                return None
            connected = answer is Answer.YES
            logs_in = connected and not record.entries[-1].last
            dialog.show_busy("Logging in again …" if logs_in else "Storing your calls …", can_wait=not logs_in)
            session = self._begin(Account(key, record.campaign_id))
            try:
                async with self._unless_put_off():
                    return Recovered(session, connected, await session.recover(record, phone_connected=connected))
            except TimeoutError:
                return None
            except CallCenterError as failure:
                self._give_up()
                dialog.tell(failure, "What is not settled is kept.")

    async def _recall_key(self) -> None:
        try:
            key = await self._memory.key() if self._memory.has_login else ""
        except KeptError as failure:
            log.info("the key was not recalled: %s", failure.reason)
            key = ""
        self.dialog.fill_in_key(key)

    async def _answer(self) -> tuple[Answer, str]:
        """The agent's next answer, and the key."""
        answered: asyncio.Future[tuple[Answer, str]] = asyncio.get_running_loop().create_future()

        def on_answered(answer: Answer, key: str) -> None:
            if not answered.done():
                answered.set_result((answer, key))

        connection = self.dialog.answered.connect(on_answered)
        try:
            return await answered
        finally:
            self.dialog.answered.disconnect(connection)

    @contextlib.asynccontextmanager
    async def _unless_put_off(self) -> AsyncIterator[None]:
        """Raises TimeoutError out of the block as soon as the agent says "Later"."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as turn:
            connection = self.dialog.answered.connect(lambda: turn.reschedule(loop.time()))
            try:
                yield
            finally:
                self.dialog.answered.disconnect(connection)
