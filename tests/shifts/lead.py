"""Team leads at one practice service: one in the supervisor's windows, one in PHP. And agents beside them, each at a desk."""

from __future__ import annotations

import json
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QListWidget, QPlainTextEdit

from desktop.app import App, Options, QtApplication, Site
from desktop.callcenter.soap import SoapCallCenter
from desktop.settings.settings import Settings, SettingsFile, Supervised
from desktop.shift.journal import Journal
from desktop.tasks import Tasks, in_thread
from desktop.ui.desk import Desk
from desktop.ui.login import LoginEntry
from desktop.ui.parts import MessageBar
from desktop.ui.supervisor import START, SupervisorWindow
from tests.shifts.agent import KEY, Agent, at_work, named, press, texts, type_into, until

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from desktop.practice.server import PracticeService
    from desktop.supervision.audit import Record
    from desktop.ui.supervising import Supervising

LEAD_PHP = Path(__file__).parents[1] / "practice" / "lead.php"
NAMES = {1: "Lantern", 2: ""}
"""What the lead calls the practice's campaigns."""


class Lead(Protocol):
    """Whoever leads: each method comes back when the call center has done it."""

    async def start(self, campaign: int) -> None: ...

    async def stop(self, campaign: int) -> None: ...

    async def kick(self, agent_id: str, campaign: int) -> None: ...


class WindowLead:
    """Works in the supervisor's windows of an App, by what can be seen and pressed there."""

    def __init__(self, app: App) -> None:
        self.app = app

    @property
    def supervising(self) -> Supervising:
        assert self.app.site is not None
        assert self.app.site.supervising is not None
        return self.app.site.supervising

    @property
    def window(self) -> SupervisorWindow:
        return self.supervising.window

    async def sign_in(self, key: str = KEY) -> None:
        """From the log-in dialog to the work."""
        assert self.app.site is not None
        if not self.window.isVisible():
            press(self.app.site.desk.login, "Supervisor")
        type_into(self.window, "API key", key)
        press(self.window, "Sign in")
        await until(lambda: not any("Asking" in text for text in texts(self.window)), "what the call center offers")

    def choose(self, campaign: int) -> None:
        self.window.choose(campaign)

    async def start(self, campaign: int) -> None:
        self.choose(campaign)
        before = len(self.answers())
        press(self.window, "Start campaign")
        await until(lambda: len(self.answers()) > before and self.answers()[0].endswith(START), "the start", told=self.message)

    async def stop(self, campaign: int) -> None:
        self.choose(campaign)
        press(self.window, "Stop campaign")
        await self.confirm("Campaign ID or name", str(campaign), "Stop campaign")
        await self.told("is stopped")

    async def kick(self, agent_id: str, campaign: int, reason: str = "a test") -> None:
        await self.ask_to_kick(agent_id, campaign, reason)
        await self.told("is kicked")

    async def ask_to_kick(self, agent_id: str, campaign: int, reason: str = "a test") -> None:
        self.choose(campaign)
        type_into(self.window, "Agent ID", agent_id)
        press(self.window, "Kick agent")
        await self.confirm("Reason", reason, "Kick agent")

    async def confirm(self, field: str, typed: str, yes: str) -> None:
        """Answer the question that is about to be asked."""
        question = await until(self.question, "the question")
        type_into(question, field, typed)
        press(question, yes)

    def question(self) -> QDialog | None:
        found = [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isModal() and one.isVisible()]
        return found[0] if found else None

    async def told(self, words: str) -> str:
        """What the message above the answers says, as soon as it has these words."""
        return await until(lambda: self.message() if words in self.message() else "", words, told=self.message)

    def message(self) -> str:
        return self.window._bar.text()

    @staticmethod
    def heard(functions: QDialog) -> str:
        """What the message below the form in sight says."""
        [bar] = [one for one in functions.findChildren(MessageBar) if one.isVisible()]
        return bar.text()

    def answers(self) -> list[str]:
        """The newest first, without their times."""
        listed = named(self.window, QListWidget, "Answers")
        return [listed.item(row).text().partition("  ")[2] for row in range(listed.count())]

    async def open_function(self, name: str) -> QDialog:
        """The window of the functions that the WSDL adds, with this one's form; `name` in words."""
        press(self.window, "More functions …")
        functions = self.supervising._functions
        await until(functions.isVisible, "more functions")
        listed = named(functions, QListWidget, "Functions")
        [item] = listed.findItems(name, Qt.MatchFlag.MatchExactly)
        listed.setCurrentItem(item)
        return functions

    async def records(self) -> tuple[Record, ...]:
        return await self.supervising._audit.records()


class PhpLead:
    """PHP's SoapClient."""

    def __init__(self, php: str, service: PracticeService) -> None:
        self._php = php
        self._service = service

    async def start(self, campaign: int) -> None:
        await self.ask("startCampaign", campaignId=campaign)

    async def stop(self, campaign: int) -> None:
        await self.ask("stopCampaign", campaignId=campaign)

    async def kick(self, agent_id: str, campaign: int) -> None:
        await self.ask("kickAgent", campaignId=campaign, agentId=agent_id)

    async def ask(self, function: str, **parameters: Any) -> None:
        """Have it done; fails with the text of a fault."""
        command = [self._php, str(LEAD_PHP), self._service.service_url, self._service.broadcast_url, "11"]
        line = json.dumps([function, {"key": KEY} | parameters])
        run = await in_thread(
            lambda: subprocess.run(command, input=line, capture_output=True, encoding="utf-8", check=False), "php"
        )
        assert (run.returncode, run.stderr) == (0, ""), run.stdout
        assert "fault" not in json.loads(run.stdout), run.stdout


class DeskAgent(Agent):
    """An agent at a desk of their own, which no App has."""

    @property
    def agent_id(self) -> str:
        """What a voice says on the phone, as long as it is connected."""
        return self._heard()

    def screen(self) -> str:
        """All that can be read in the NextCall window."""
        return " ".join(texts(self.desk.window))

    def entered(self) -> str:
        """The notes in the popup."""
        return named(self.desk.popup, QPlainTextEdit, "Notes").toPlainText()

    async def kept_drafts(self) -> list[str]:
        """The notes that the journal has of calls that are not settled."""
        records = await self.site.journal.unfinished()
        return [entry.draft.notes for record in records for entry in record.open_entries]


@asynccontextmanager
async def leading(
    qt: QtApplication, folder: Path, service_url: str, broadcast_url: str = "", campaigns: dict[int, str] | None = None
) -> AsyncIterator[WindowLead]:
    """An App at that service in which the supervisor's window is offered."""
    names = NAMES if campaigns is None else campaigns
    supervised = tuple(Supervised(number, name) for number, name in names.items())
    SettingsFile(folder).save(Settings(supervisor=True, supervised=supervised))
    options = Options(service_url=service_url, broadcast_url=broadcast_url, data_dir=folder)
    async with at_work(qt, options) as agent:
        yield WindowLead(agent.app)


@asynccontextmanager
async def agent_at(service: PracticeService, number: str, campaign: int, journal: Path) -> AsyncIterator[DeskAgent]:
    """An agent at a desk of their own, whose journal is in that file; the log-in dialog is filled in."""
    crashes: list[tuple[str, BaseException | None]] = []
    tasks = Tasks(lambda name, failure: crashes.append((name, failure)))
    center = SoapCallCenter(service.service_url, service.broadcast_url)
    kept = Journal(journal)
    desk = Desk(center, service.service_url, kept, tasks, practice_login=LoginEntry(KEY, campaign, number, remember=False))
    site = Site(desk, center, kept, tasks)
    await kept.open()
    desk.open()

    def heard() -> str:
        phone = service._center.phone(number)
        return phone.agent_id or "" if phone.state == "connected" else ""

    work: asyncio.Task[None] = tasks.spawn(_nothing(), "work")
    try:
        yield DeskAgent(SimpleNamespace(site=site), work, heard)  # type: ignore[arg-type]  # an agent looks at its site only
    finally:
        await site.close()
    assert not crashes


async def _nothing() -> None:
    return None
