"""An agent's shift: the steps of the document (hosted-call-center-api.txt, 'Using the API to Login your Agents') as verbs.

The shift asks, waits and stores; it neither shows anything nor decides anything for the agent. In particular nothing here stores
a response by itself, because storing asks for the next caller (api-facts.md, 'What follows from the API', 1).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from desktop.callcenter.model import Account, Call, CallResponse, Function
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import CallCenterError, CampaignNotRunning, NotLoggedIn, OutcomeUnknown, Refused, ShiftError
from desktop.shift.delivery import LONGEST_PAUSE, Delivery, pause_before
from desktop.shift.journal import Draft, Entry, Journal, Settled, ShiftRecord
from desktop.shift.states import State, Step, after

log = logging.getLogger(__name__)

STANDSTILL_PAUSE = 15.0
"""Seconds, on the average, between two questions for a call to a call center that says that there is none to be had."""
_QUICK_TRIES = 6
"""After so many failures in a row, a refusal counts as meant: the question is then asked at the pace of a standstill."""
_ACCEPTED, _SLOWEST = 3.0, 60.0
"""Seconds after which a question that is not refused counts as accepted: more than that if the last refusal has taken longer."""


class Health(Enum):
    """How the line to the call center is: a health, not a state of the shift."""

    IDLE = auto()
    CONNECTED = auto()
    RECONNECTING = auto()
    UNSURE = auto()
    """What was sent may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line's health, since when (local time, aware), and why it is not well, in words."""

    health: Health
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why nobody can be connected although the line works: what the call center says, and since when (local time, aware)."""

    refusal: Refused
    since: datetime


def now() -> datetime:
    """The local time, aware of its zone."""
    return datetime.now().astimezone()


class AgentSession:
    """One agent's shift with one account. `changed` is called after every change of `state`, `line` or `standstill`, and whenever
    the question for the next call has left.

    Each verb raises ShiftError where the state does not allow it, and the CallCenterError that kept it from being done; the state
    then tells where the shift stands.
    """

    def __init__(
        self,
        center: HostedCallCenter,
        account: Account,
        journal: Journal,
        changed: Callable[[], None] = lambda: None,
        *,
        place: str = "",
        dice: random.Random | None = None,
    ) -> None:
        self._center = center
        self._account = account
        self._journal = journal
        self._place = place
        self._changed = changed
        self._dice = dice or random.Random()  # noqa: S311 - spreads tries, hides nothing
        self.state = State.SIGNED_OUT
        self.since = now()
        self.line = Line(Health.IDLE, self.since)
        self.standstill: Standstill | None = None
        """While the shift is WAITING: what the call center says in the place of connecting anybody, if it does."""
        self.kicked = False
        """Whether the call center has said that this agent is no longer logged in; the phone is then probably hung up."""
        self.agent_id = ""
        self.call: Call | None = None
        self.number = 0
        """The journal's number of this shift; 0 before the log-in."""
        self.stored = 0
        self._unsure: set[str] = set()
        self.draft = Draft()
        """What was entered for the call at hand before: by an earlier start, or before the call center connected it once more."""
        self.fixed = False
        """Whether that may be stored already. It can be sent again then, but not changed: nobody could tell which one counts."""
        self.known_before = False
        """Whether the call at hand is in the journal already: an earlier start had it, or it is connected once more."""
        self.refused = False
        """Whether the call center refuses the response to the call at hand. Who leaves then has given it up."""
        self.last_only = False
        """Whether the call at hand can only be the last: the agent is not logged in, and finishes it for an earlier start."""
        self._turn: asyncio.Timeout | None = None
        self._delivery: Delivery | None = None
        self._open: dict[str, Entry] = {}
        """What the journal has of this shift's unsettled calls, by their ids: they may be connected again."""

    @property
    def account(self) -> Account:
        return self._account

    @property
    def unsure(self) -> int:
        """Of how many calls nobody knows whether they are stored."""
        return len(self._unsure)

    async def call_me(self, phone_number: str) -> None:
        """Have the call center ring the agent's phone. If its answer is lost, the phone may ring all the same."""
        self._step(Step.CALL_ME)
        try:
            await self._center.open()  # it may have failed at the start
            await self._center.send_agent_call_back(self._account, phone_number)
        except OutcomeUnknown:
            self._step(Step.PHONE_RINGS)
            raise
        except BaseException:
            self._fail(State.CALLING)
            raise
        self._step(Step.PHONE_RINGS)

    async def log_in(self, agent_id: str) -> None:
        """Log the agent in. From then on the agent is in the queue, so `next_call` must follow at once."""
        self._step(Step.LOG_IN)
        try:
            await self._begin(agent_id)
            await self._center.open()
            await self._center.login_agent(self._account, agent_id)
        except BaseException:
            self._fail(State.LOGGING_IN)
            raise
        self.kicked = False
        self._step(Step.LOGGED_IN)

    async def next_call(self) -> Call:
        """Wait until somebody is on the agent's line, however long that takes.

        The question is asked again after every failure, because the agent hears the beep whether or not our answer arrives.
        Only a Fault that says that the agent is not logged in ends the wait, and the shift: NotLoggedIn. Any other, above all
        that the campaign is not running, is a `standstill`: the agent stays in the queue, and the phone connected.
        """
        after(self.state, Step.CONNECT)  # refuses at once, not when the call comes
        loop = asyncio.get_running_loop()
        failures, pause, accepted = 0, 0.0, _ACCEPTED
        while True:
            asked_at = loop.time()
            try:
                async with asyncio.timeout(None) as self._turn:
                    if failures:
                        await asyncio.sleep(pause)
                    asked_at = loop.time()
                    call = await self._ask(accepted)
            except TimeoutError:
                failures = 0  # rearm() wants the question asked anew
            except NotLoggedIn:
                self.kicked = True
                self._end("ended by the call center")
                self._step(Step.ENDED)
                raise
            except CallCenterError as failure:
                took = loop.time() - asked_at
                failures = 1 if took > LONGEST_PAUSE else failures + 1  # it had worked for a while: this is a new trouble
                pause = self._pause_after(failure, failures)
                log.info("waiting for a call was interrupted (%d): %s", failures, failure.title)
                if isinstance(failure, Refused):
                    accepted = max(_ACCEPTED, min(2 * took, _SLOWEST))
                    self._stands_still(failure)
                else:
                    self._line_fails(failure)
            else:
                self._line_works()
                self._journal.call_connected(self.number, call)
                self._take(call, last_only=False)
                self._step(Step.CONNECT)
                return call
            finally:
                self._turn = None

    def rearm(self) -> None:
        """Ask for the next call anew, at once and on a fresh connection, if the shift is waiting for one.

        For when the old question may be lost: after sleep, after a change of network, and when the agent hears somebody.
        """
        if self._turn is not None and not self._turn.expired():
            log.info("the wait is asked anew")
            self._turn.reschedule(asyncio.get_running_loop().time())

    async def recover(self, record: ShiftRecord, *, phone_connected: bool) -> tuple[Entry, ...]:
        """Settle what an earlier start of the program left open in `record`, after the agent has said how the phone is.

        Connected, and the latest call was not meant as the last one: the agent is logged in again under the same id, and what is
        sent queues the agent as it was meant to. Else everything is sent as a last call, so that nobody is connected to a phone
        that is gone (api-facts.md, 'What follows from the API', 5) or to an agent who has pressed Logoff: a log-in would queue
        the agent at once. Returns the calls that only the agent can finish, by `take_up`: those whose response was not complete
        or refused, then or now.
        """
        goes_on = phone_connected and not record.entries[-1].last
        if goes_on:
            await self.log_in(record.agent_id)
        else:
            await self._begin(record.agent_id)
            await self._center.open()
        for_the_agent = [
            entry
            for entry in record.open_entries
            if entry.response is None or entry.settled is Settled.REFUSED or not await self._settled(entry, last=not goes_on)
        ]
        await self._look_up()
        if not for_the_agent and not goes_on:
            self._end("settled at the next start")
            if phone_connected:
                self._step(Step.STORED_LAST)
        return tuple(for_the_agent)

    def take_up(self, call: Call) -> None:
        """Have the agent finish a call that `recover` returned."""
        logged_in = self.state is State.WAITING
        self._step(Step.CONNECT if logged_in else Step.RESUME)
        self._take(call, last_only=not logged_in)

    async def submit(self, response: CallResponse, *, last: bool = False) -> Settled:
        """Store what the agent made of the call and so ask for the next one; with `last`, log off instead.

        Returns once the response is stored, or UNSURE in spite of a second send (delivery.py). Raises Refused; the shift is then
        where it was, CONNECTED, and the agent decides what to do.
        """
        if self.call is None or self._delivery is None:
            raise ShiftError("there is no call to respond to")
        if self.last_only and not last:
            raise ShiftError("the agent is not logged in, so nobody can be next")
        if self.fixed and (response.disposition, response.notes) != (self.draft.disposition, self.draft.notes):
            raise ShiftError("what may be stored already cannot be changed")
        self._step(Step.SUBMIT)
        try:
            settled = await self._delivery.bring(self.call, response, last=last, troubled=self._line_fails)
        except BaseException as failure:
            if isinstance(failure, Refused):
                self._line_works()  # a refusal is an answer
                self.refused = True
            self.kicked = self.kicked or isinstance(failure, NotLoggedIn)
            self._fail(State.SAVING)
            raise
        self._count(self.call.id, settled)
        self._open.pop(self.call.id, None)
        self.call = None
        if settled is Settled.UNSURE:
            await self._look_up()
        if last:
            self._end("logged off")
        self._step(Step.STORED_LAST if last else Step.STORED)
        return settled

    async def hang_up(self) -> bool:
        """Ask the call center to hang up this agent's phone (kickAgent), where it offers that; tell whether it did.

        Not for an agent who is not logged in any more: the agent id may be somebody else's by now.
        """
        if self.kicked or not (self.agent_id and self._center.offers(Function.KICK_AGENT)):
            return self.kicked
        try:
            await self._center.kick_agent(self._account, self.agent_id)
        except CallCenterError as failure:
            log.info("the phone was not hung up for the agent: %s", failure.title)
            return False
        return True

    def leave(self) -> None:
        """End the shift from any state without storing anything. The agent's phone stays as it is."""
        self.call = None
        self._end("left")
        self._step(Step.LEAVE)

    def done(self) -> None:
        """The agent has hung up the phone after the last call."""
        self._step(Step.DONE)

    def _step(self, step: Step) -> None:
        self.state = after(self.state, step)
        self.since = now()
        self.standstill = None
        if self.state in {State.SIGNED_OUT, State.LOGGED_OFF}:
            self.line = Line(Health.IDLE, self.since)
        log.info("%s: %s", step.name.lower(), self.state.value)
        self._changed()

    async def _ask(self, accepted: float) -> Call:
        """Ask for the next call once. If that is not refused within `accepted` seconds, a standstill is over."""
        loop = asyncio.get_running_loop()
        over: asyncio.TimerHandle | None = None

        def on_asked() -> None:
            nonlocal over
            self._line_works()
            if self.standstill is not None and over is None:  # the center may have to ask a second time
                over = loop.call_later(accepted, self._goes_on)
            self._changed()

        try:
            return await self._center.get_connection_for_agent(self._account, self.agent_id, on_asked=on_asked)
        finally:
            if over is not None:
                over.cancel()

    def _pause_after(self, failure: CallCenterError, failures: int) -> float:
        """Seconds until the question is asked again, after so many failures in a row.

        Asking queues nobody, so it may be asked as often as one likes; but who says that there is nothing to be had is not to be
        asked by all agents every second.
        """
        if isinstance(failure, CampaignNotRunning) or (isinstance(failure, Refused) and failures > _QUICK_TRIES):
            return self._dice.uniform(0.8 * STANDSTILL_PAUSE, 1.2 * STANDSTILL_PAUSE)
        return pause_before(failures, self._dice)

    async def _begin(self, agent_id: str) -> None:
        self.agent_id = agent_id
        self.number = await self._journal.begin_shift(self._place, self._account.campaign_id, agent_id)
        self._delivery = Delivery(self._center, self._account, self._journal, self.number, agent_id, self._dice)
        await self._look_up()

    async def _look_up(self) -> None:
        """Ask the journal now, so that no popup has to wait for it."""
        self._open = {entry.call.id: entry for entry in (await self._journal.shift(self.number)).open_entries}

    def _take(self, call: Call, *, last_only: bool) -> None:
        known = self._open.get(call.id)
        self.call, self.last_only, self.known_before = call, last_only, known is not None
        self.refused = known is not None and known.settled is Settled.REFUSED
        self.draft, self.fixed = (known.draft, known.in_doubt) if known else (Draft(), False)

    async def _settled(self, entry: Entry, *, last: bool) -> bool:
        """Send a response of an earlier start; tells whether that settled it, as far as it can be settled by itself."""
        assert entry.response is not None  # noqa: S101 - recover() has seen to it
        assert self._delivery is not None  # noqa: S101 - and to this
        try:
            settled = await self._delivery.bring(entry.call, entry.response, last=last, troubled=self._line_fails)
        except Refused as failure:
            log.info("a response of an earlier start was refused: %s", failure.title)
            return False
        self._count(entry.call.id, settled)
        self._changed()
        return True

    def _end(self, how: str) -> None:
        if self.number:
            self._journal.end_shift(self.number, how)

    def _count(self, call_id: str, settled: Settled) -> None:
        self.stored += settled is Settled.STORED
        (self._unsure.add if settled is Settled.UNSURE else self._unsure.discard)(call_id)
        if settled is Settled.STORED:
            self._line_works()

    def _fail(self, under_way: State) -> None:
        if self.state is under_way:  # leaving may have ended the shift meanwhile
            self._step(Step.FAILED)

    def _stands_still(self, refusal: Refused) -> None:
        """The call center has answered, but nobody can be connected."""
        self._line_works()
        before = self.standstill
        self.standstill = Standstill(refusal, before.since if before and type(before.refusal) is type(refusal) else now())
        self._changed()

    def _goes_on(self) -> None:
        log.info("the call center waits for a call again")
        self.standstill = None
        self._changed()

    def _line_works(self) -> None:
        if self.line.health is not Health.CONNECTED:
            self.line = Line(Health.CONNECTED, now())
            self._changed()

    def _line_fails(self, failure: CallCenterError, settled: Settled | None = None) -> None:
        health = Health.UNSURE if settled is Settled.UNSURE else Health.RECONNECTING
        since = self.line.since if self.line.health is health else now()
        self.line = Line(health, since, failure.title)
        self._changed()
