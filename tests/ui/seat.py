"""A desk, its call center and its journal, and an agent who works in its windows."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from desktop.settings.memory import Memory
from desktop.settings.policy import NO_POLICY, Policy
from desktop.settings.settings import Settings, SettingsFile
from desktop.settings.vault import Vault
from desktop.shift.journal import Journal, ShiftRecord
from desktop.shift.states import State
from desktop.tasks import Tasks
from desktop.ui.campaign import Campaign
from desktop.ui.desk import Desk
from desktop.ui.leaving import LeaveDialog
from desktop.ui.login import LoginEntry
from desktop.ui.recovery import RecoveryDialog
from tests.simulation import ACCOUNT, AGENT_ID, SimulatedCallCenter, a_call, until
from tests.ui.screen import Role, field, message, part, press

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from desktop.errors import JournalNotKept
    from desktop.popup.current import CurrentProfile

SERVICE = "https://calls.example/service?wsdl"
REMEMBERED = Settings(service_url=SERVICE, campaign_id="1001", phone_number="+1 202 555 0143")
PRACTICE_LOGIN = LoginEntry(ACCOUNT.key, ACCOUNT.campaign_id, REMEMBERED.phone_number, remember=False)


class Seat:
    """What an agent has before them."""

    def __init__(
        self,
        center: SimulatedCallCenter,
        memory: Memory | None,
        journal: Path | None,
        campaign: Callable[[Tasks], Campaign] | None,
    ) -> None:
        self.crashes: list[tuple[str, BaseException]] = []
        self.center = center
        self.tasks = Tasks(lambda name, failure: self.crashes.append((name, failure)))
        self.journal = Journal(journal, self._on_trouble)
        self.troubles: list[JournalNotKept] = []
        login = None if memory else PRACTICE_LOGIN
        self.campaign = campaign(self.tasks) if campaign else None
        self.desk = Desk(center, SERVICE, self.journal, self.tasks, memory, practice_login=login, campaign=self.campaign)
        self.login, self.window, self.popup = self.desk.login, self.desk.window, self.desk.popup
        self.reminder = self.desk.reminder

    def _on_trouble(self, trouble: JournalNotKept) -> None:
        self.troubles.append(trouble)
        self.desk.tell_journal(trouble)

    async def reach(self, state: State) -> None:
        """Wait until the shift is there and its window shows it."""
        await until(lambda: self.desk.state is state and not self.desk._catching_up.isActive())

    async def call_me(self) -> None:
        press(self.login, "Call me")
        await self.reach(State.EXPECTING_ID)

    async def log_in(self) -> None:
        await self.call_me()
        field(self.login, "Agent ID").setText(AGENT_ID)
        press(self.login, "Log in")
        await self.reach(State.WAITING)
        await until(lambda: self.center.waiting)

    async def talk(self, **person: str) -> str:
        """Log in, be connected, fill the popup in; gives the call's id."""
        await self.log_in()
        return await self.be_connected(**person)

    async def be_connected(self, **person: str) -> str:
        call = a_call(**person)
        self.center.connect(call)
        await self.reach(State.CONNECTED)
        self.fill_in()
        return call.id

    def fill_in(self) -> None:
        part(self.popup, Role.List, "Disposition").setCurrentRow(0)
        field(self.popup, "Notes").setPlainText("by mail")

    async def leave(self) -> None:
        """Out of the queue, up to the reminder."""
        press(self.window, "Leave")
        press(await until(self.question), "Leave")
        await until(self.reminder.isVisible)

    async def recorded(self, number: int = 1) -> ShiftRecord:
        """What the journal has of a shift by now."""
        return await self.journal.shift(number)

    def under_way(self, name: str) -> bool:
        """Whether a task of that name still runs."""
        return any(task.get_name() == name for task in asyncio.all_tasks())

    def question(self) -> LeaveDialog | None:
        """The question before leaving, if it is open."""
        return next((one for one in QApplication.topLevelWidgets() if isinstance(one, LeaveDialog) and one.isVisible()), None)

    def recovery(self) -> RecoveryDialog | None:
        """The question after a crash, if it is open."""
        return self.desk.recovery if self.desk.recovery is not None and self.desk.recovery.isVisible() else None


@contextlib.asynccontextmanager
async def seated(
    center: SimulatedCallCenter | None = None,
    memory: Memory | None = None,
    *,
    journal: Path | None = None,
    profiles: CurrentProfile | None = None,
    campaign: Callable[[Tasks], Campaign] | None = None,
) -> AsyncIterator[Seat]:
    """An open desk: one of a practice, unless it has a memory. Its journal is in memory, unless it has a file.

    `campaign` makes what it has of the campaign; with `profiles` alone that is a profile on this computer.
    """
    if profiles is not None and campaign is None:
        campaign = lambda tasks: Campaign(profiles, tasks)  # noqa: E731 - short and sweet
    seat = Seat(center or SimulatedCallCenter(), memory, journal, campaign)
    await seat.journal.open()
    seat.desk.open()
    await until(lambda: seat.center.is_open or message(seat.login))
    await until(lambda: seat.login.isVisible() or seat.recovery())
    try:
        yield seat
    finally:
        await seat.desk.close()
        await seat.tasks.cancel_all()
        await seat.journal.close()
    assert not seat.crashes


def a_memory(folder: Path, settings: Settings = REMEMBERED, policy: Policy = NO_POLICY) -> Memory:
    """A memory on this computer's keyring, which is none unless a test has one."""
    return Memory(SettingsFile(folder), settings, SERVICE, str(folder), policy=policy)


def the_vault(folder: Path) -> Vault:
    """Where such a memory keeps the key."""
    return Vault(SERVICE, str(folder))
