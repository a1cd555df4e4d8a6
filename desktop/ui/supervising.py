"""A team lead at work: what the supervisor's windows wish is asked of the call center, and what came of it is shown in words.

Whatever is asked for goes through the supervision room, which writes it down first. Here is no widget code and no protocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop.callcenter.model import Account, Described, Function, Wanted
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import (
    AuditNotKept,
    CallCenterError,
    KeptError,
    NextCallError,
    OutcomeUnknown,
    WrongValues,
)
from desktop.popup import caller
from desktop.popup.callback import HERE
from desktop.settings.memory import Memory
from desktop.settings.settings import Supervised
from desktop.supervision.audit import Audit
from desktop.supervision.supervisor import Supervisor
from desktop.tasks import Tasks
from desktop.ui.audit_window import AuditWindow
from desktop.ui.parts import bring_forward, place, sentence
from desktop.ui.question import Question
from desktop.ui.supervisor import KICK, START, STOP, SupervisorWindow
from desktop.ui.supervisor_forms import FunctionForm, FunctionsWindow, caption
from desktop.ui.supervisor_parts import Answered, CampaignDialog, title_of

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_OFFERED = (Function.START_CAMPAIGN, Function.STOP_CAMPAIGN, Function.KICK_AGENT)
_MOST_RECORDS = 1000
"""As many are shown of the audit log; an export has all."""


@dataclass(frozen=True, slots=True)
class PracticeLead:
    """What is filled in for a lead who practises."""

    key: str = field(repr=False)
    campaigns: tuple[Supervised, ...]


@dataclass(frozen=True, slots=True)
class _Act:
    """The words for something that a lead has done."""

    asked: str
    done: str
    effect: str
    undone: str
    """What is so if it was certainly not done."""


class Supervising(QObject):
    """The supervisor's windows at one call center. Without a `memory` it is a practice, in which nothing is remembered."""

    def __init__(
        self,
        center: HostedCallCenter,
        service_url: str,
        audit: Audit,
        tasks: Tasks,
        memory: Memory | None = None,
        *,
        practice: PracticeLead | None = None,
    ) -> None:
        super().__init__()
        self._center = center
        self._host = urlsplit(service_url).hostname or service_url
        self._audit = audit
        self._tasks = tasks
        self._memory = memory
        self._practice = practice
        self._supervisor = Supervisor(center, audit, service_url, troubled=self._on_audit_trouble)
        self._campaigns = practice.campaigns if practice else memory.settings.supervised if memory else ()
        self._key = ""
        self._key_is_kept = False
        """In the keyring."""
        self._key_turn = asyncio.Lock()  # the lead's last word counts, however slow the keyring is
        self._signing_in = 0
        """Counts the ends of waiting for the keyring, so that a late answer signs nobody in."""
        self._log_turn = asyncio.Lock()
        self._answers: list[Answered] = []
        self._changing: set[int] = set()
        """The campaigns that are just being started or stopped."""

        self.window = SupervisorWindow(practice=practice is not None)
        self._functions = FunctionsWindow(practice=practice is not None)
        self._log = AuditWindow(practice=practice is not None)
        place(self.window, 0.3, 0.3)
        place(self._functions, 0.6, 0.4)
        place(self._log, 0.5, 0.4)
        self.window.show_campaigns(self._campaigns)
        self._may_remember = memory is not None and (memory.settings.remember or "remember" not in memory.locked)
        if memory is not None and not self._may_remember:
            self.window.forbid_remember()
        self._connect()

    def _connect(self) -> None:
        """Which wish is heard where."""
        self.window.sign_in_requested.connect(self._on_sign_in_requested)
        self.window.sign_out_requested.connect(self._on_sign_out_requested)
        self.window.offers_requested.connect(self._ask_offers)
        self.window.add_requested.connect(lambda: self._ask_campaign(None))
        self.window.rename_requested.connect(self._ask_campaign)
        self.window.remove_requested.connect(self._on_remove_requested)
        self.window.start_requested.connect(lambda one: self._tasks.spawn(self._start(one), "supervisor: start"))
        self.window.stop_requested.connect(lambda one: self._tasks.spawn(self._stop(one), "supervisor: stop"))
        self.window.kick_requested.connect(lambda one, agent: self._tasks.spawn(self._kick(one, agent), "supervisor: kick"))
        self.window.more_requested.connect(self._on_more_requested)
        self.window.audit_requested.connect(self._show_log)
        self._functions.asked.connect(
            lambda one, described, values: self._tasks.spawn(self._ask(one, described, values), "supervisor: function")
        )
        self._log.export_requested.connect(lambda path: self._tasks.spawn(self._export(path), "supervisor: export"))

    @property
    def windows(self) -> tuple[QWidget, ...]:
        """All of them, for keys that work in every window."""
        return self.window, self._functions, self._log

    def show(self) -> None:
        """Show the supervisor's window, because the lead wants to see it."""
        if self._practice is not None and not self._key:
            self.window.fill_in_key(self._practice.key)
        elif self._memory is not None and not self._key and not self.window.isVisible():
            look_up = self._recall_key if self._may_remember else self._forget_key  # what was kept before it was forbidden
            self._tasks.spawn(look_up(self._memory), "supervisor: key")
        bring_forward(self.window)

    def hide(self) -> None:
        """Take the windows off the screen; nothing can be wished for any more."""
        self._key = ""
        for window in self.windows:
            window.hide()

    def close(self) -> None:
        """Take the windows away, once the tasks have ended."""
        for window in self.windows:
            window.deleteLater()

    # Signing in

    async def _recall_key(self, memory: Memory) -> None:
        turn = self._signing_in
        self.window.show_key_wait(waiting=True)
        key = ""
        try:
            key = await memory.supervisor_key.key()
        except KeptError as failure:
            log.info("the supervisor's key was not recalled: %s", failure.reason)
            if turn == self._signing_in:
                self.window.say("The API key could not be read", f"{sentence(failure.reason)} Please enter it once more.")
        finally:
            self.window.show_key_wait(waiting=False)
        if key and turn == self._signing_in:
            self._key_is_kept = True
            self._sign_in(key)

    def _sign_in(self, key: str) -> None:
        self._signing_in += 1
        self._key = key
        self.window.show_signed_in(self._host)
        self._ask_offers()

    def _ask_offers(self) -> None:
        self.window.show_offers(None, asking=True)
        self._tasks.spawn(self._learn_offers(), "supervisor: offers")

    async def _learn_offers(self) -> None:
        """Read what the call center offers, and offer no more than that."""
        try:
            await self._center.open()
        except CallCenterError as failure:
            self.window.show_offers(None)
            self.window.tell(failure, "It is not known what this call center offers.")
        else:
            offered = {function for function in _OFFERED if self._center.offers(function)}
            described = self._center.described()
            self.window.show_offers(offered, more=bool(described))
            self._functions.show_functions(described)

    async def _keep_key(self, memory: Memory, key: str) -> None:
        try:
            async with self._key_turn:
                await memory.supervisor_key.keep(key)
        except KeptError as failure:
            log.info("the supervisor's key was not kept: %s", failure.reason)
            self.window.say(f"{failure.title}.", failure.advice)
        else:
            self._key_is_kept = True

    async def _forget_key(self, memory: Memory) -> None:
        try:
            async with self._key_turn:
                await memory.supervisor_key.forget()
        except KeptError as failure:
            log.info("the supervisor's key was not forgotten: %s", failure.reason)
            if self._key_is_kept:  # else there is probably no keyring at all
                self.window.say("The key may still be in the keyring.", f"{failure.reason}. {failure.advice}")
        else:
            self._key_is_kept = False

    # The campaigns

    def _ask_campaign(self, known: Supervised | None) -> None:
        taken = {campaign.id for campaign in self._campaigns}
        dialog = CampaignDialog(known, taken, practice=self._practice is not None, parent=self.window)
        dialog.chosen.connect(self._on_campaign_named)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _keep_campaigns(self, campaigns: tuple[Supervised, ...]) -> None:
        self._campaigns = campaigns
        self.window.show_campaigns(campaigns)
        if self._memory is not None:
            self._tasks.spawn(self._save_campaigns(self._memory, campaigns), "supervisor: campaigns")

    async def _save_campaigns(self, memory: Memory, campaigns: tuple[Supervised, ...]) -> None:
        try:
            await memory.keep_supervised(campaigns)
        except KeptError as failure:
            self.window.tell(failure)

    # The acts

    async def _start(self, campaign: Supervised) -> None:
        name = title_of(campaign)
        act = _Act(f"Start {name}", f"{name} is started", START, _AS_IT_WAS)
        account = Account(self._key, campaign.id)
        await self._change(campaign, act, lambda: self._supervisor.start_campaign(account))

    async def _stop(self, campaign: Supervised) -> None:
        name = title_of(campaign)
        words = f"{STOP} This is so for everybody who works in this campaign, until it is started again."
        question = self._question(f"Stop {name}?", words, yes="Stop campaign", no="Let it run", icon="stop")
        either = f"{campaign.id} or {campaign.name}" if campaign.name else str(campaign.id)
        question.require("Campaign ID or name", f"Type {either} to stop it.", lambda typed: _means(typed, campaign))
        account = Account(self._key, campaign.id)
        if await question.ask():
            act = _Act(f"Stop {name}", f"{name} is stopped", STOP, _AS_IT_WAS)
            await self._change(campaign, act, lambda: self._supervisor.stop_campaign(account))

    async def _change(self, campaign: Supervised, act: _Act, do: Callable[[], Awaitable[None]]) -> None:
        """Start or stop: for one campaign, one after the other."""
        if campaign.id in self._changing:
            return
        self._changing.add(campaign.id)
        self.window.show_busy(self._changing)
        try:
            await self._do(act, do)
        finally:
            self._changing.discard(campaign.id)
            self.window.show_busy(self._changing)

    async def _kick(self, campaign: Supervised, agent_id: str) -> None:
        question = self._question(f"Kick agent {agent_id}?", KICK, yes="Kick agent", no="Leave the agent alone", icon="hang-up")
        question.require("Reason", "A word about why. It is kept in the audit log; neither agent nor call center sees it.", bool)
        account = Account(self._key, campaign.id)
        if await question.ask():
            act = _Act(
                f"Kick agent {agent_id} in {title_of(campaign)}",
                f"Agent {agent_id} is kicked",
                "The agent's phone is hung up.",
                "The agent's phone was not hung up.",
            )
            reason = question.entry
            if await self._do(act, lambda: self._supervisor.kick_agent(account, agent_id, reason)):
                self.window.forget_agent_id(agent_id)

    async def _ask(self, campaign: Supervised, described: Described, values: Mapping[Wanted, str]) -> None:
        form = self._functions.form(described)
        if form is None or not self._key:
            self._functions.hide()  # signed out meanwhile
            return
        name = caller.words(described.name)
        account = Account(self._key, campaign.id)
        if not described.name.casefold().startswith("get"):
            entered = "".join(f"\n{caption(wanted)}: {text[:100]}" for wanted, text in values.items())
            words = f"It may change something at the call center, for {title_of(campaign)}.{entered}"
            if not await self._question(f"{name}?", words, yes="Ask for it", no="Leave it", parent=self._functions).ask():
                return
        act = _Act(
            f"{name}, {title_of(campaign)}",
            f"{name}: done",
            "",
            "Nothing was changed.",
        )
        form.show_busy(busy=True)
        try:
            await self._do(act, lambda: self._supervisor.ask(account, described, values), form)
        finally:
            form.show_busy(busy=False)

    async def _do(self, act: _Act, do: Callable[[], Awaitable[object]], form: FunctionForm | None = None) -> bool:
        """Have something done and say what came of it; tell whether it was done."""
        number = len(self._answers)
        self._answers.append(Answered(datetime.now(HERE), act.asked, "asking the call center …", "busy"))
        self.window.show_answers(reversed(self._answers))
        teller = form or self.window
        if form is None:
            self.window.say(f"{act.asked} …", "The call center is asked.", "busy")
        try:
            answer = await do()
        except NextCallError as failure:
            unknown = isinstance(failure, OutcomeUnknown)
            self._note(number, act, _in_one_line(failure, _MAY_BE if unknown else act.undone), "warn" if unknown else "bad")
            if form is not None and isinstance(failure, WrongValues):
                form.show_mistakes(failure.mistakes)
            else:
                teller.tell(failure, "" if unknown else act.undone)  # whose advice says it, too
            return False
        finally:
            if self._log.isVisible():
                self._tasks.spawn(self._show_records(), "supervisor: audit log")
        self._note(number, act, " ".join(filter(None, ("done.", act.effect))), "good")
        if form is not None:
            form.show_answer(datetime.now(HERE), answer)  # type: ignore[arg-type]  # Supervisor.ask gives fields
        else:
            self.window.say(act.done, act.effect, "good")
        return True

    def _note(self, number: int, act: _Act, became: str, tone: str) -> None:
        self._answers[number] = Answered(datetime.now(HERE), act.asked, became, tone)
        self.window.show_answers(reversed(self._answers))

    def _question(self, title: str, text: str, *, yes: str, no: str, icon: str = "", parent: QWidget | None = None) -> Question:
        practice = self._practice is not None
        question = Question(title, text, yes=yes, no=no, practice=practice, icon=icon, parent=parent or self.window)
        question.setWindowTitle(yes)
        self.window.sign_out_requested.connect(question.reject)  # who has signed out has nothing done any more
        return question

    # The audit log

    def _show_log(self) -> None:
        bring_forward(self._log)
        self._tasks.spawn(self._show_records(), "supervisor: audit log")

    async def _show_records(self) -> None:
        try:
            async with self._log_turn:  # else an older look at the log may be shown after a newer one
                self._log.show_records(await self._audit.records(_MOST_RECORDS))
        except AuditNotKept as failure:
            self._log.tell(failure)

    async def _export(self, path: Path) -> None:
        try:
            await self._audit.export(path)
        except AuditNotKept as failure:
            self._log.tell(failure)
        else:
            self._log.say("The audit log is exported", str(path))

    # Slots

    def _on_sign_in_requested(self, key: str, remember: bool) -> None:  # noqa: FBT001 - Qt's signal has it so
        self._sign_in(key)
        if self._memory is not None:
            change = self._keep_key(self._memory, key) if remember else self._forget_key(self._memory)
            self._tasks.spawn(change, "supervisor: remember")

    def _on_sign_out_requested(self) -> None:
        self._key = ""
        self._signing_in += 1
        self._functions.hide()
        self.window.show_signed_in("")
        if self._practice is not None:
            self.window.fill_in_key(self._practice.key)
        if self._memory is not None:
            self._tasks.spawn(self._forget_key(self._memory), "supervisor: forget")

    def _on_campaign_named(self, campaign: Supervised) -> None:
        known = {one.id: one for one in self._campaigns}
        self._keep_campaigns(tuple((known | {campaign.id: campaign}).values()))
        self.window.choose(campaign.id)

    def _on_remove_requested(self, campaign: Supervised) -> None:
        self._keep_campaigns(tuple(one for one in self._campaigns if one.id != campaign.id))
        self.window.say(f"{title_of(campaign)} is off your list", "Nothing was sent; the campaign is as it was.", "good")

    def _on_more_requested(self, campaign: Supervised) -> None:
        self._functions.show_campaign(campaign)
        bring_forward(self._functions)

    def _on_audit_trouble(self, trouble: AuditNotKept) -> None:
        """The act itself is as it is, and its own answer is about to be shown: this stands beside it."""
        words = " ".join(filter(None, (trouble.reason, trouble.advice)))
        self._answers.append(Answered(datetime.now(HERE), trouble.title, words, "bad"))
        self.window.show_answers(reversed(self._answers))


_AS_IT_WAS = "The campaign is as it was."
_MAY_BE = "It may have been done."


def _means(typed: str, campaign: Supervised) -> bool:
    """Whether the campaign is named by what was typed: its id, or the lead's own name for it."""
    named = " ".join(campaign.name.split()).casefold()
    return typed == str(campaign.id) or (bool(named) and typed.casefold() == named)


def _in_one_line(failure: NextCallError, became: str) -> str:
    title = failure.title[:1].lower() + failure.title[1:] if failure.title.startswith("The ") else failure.title
    reason = failure.reason.rstrip(".")
    return " ".join(filter(None, (f"{title}: {reason}." if reason else f"{title}.", became)))
