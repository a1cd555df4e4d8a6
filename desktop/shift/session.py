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
from desktop.errors import CallCenterError, NotLoggedIn, OutcomeUnknown
from desktop.shift.states import State, Step, after

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries to wait for a call, growing from the first to the longest (design.md, 'The shift')."""


class Health(Enum):
    """How the line to the call center is: a health, not a state of the shift."""

    IDLE = auto()
    CONNECTED = auto()
    RECONNECTING = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """The line's health, since when (local time, aware), and why it is not well, in words."""

    health: Health
    since: datetime
    reason: str = ""


def now() -> datetime:
    """The local time, aware of its zone."""
    return datetime.now().astimezone()


def pause_before(attempt: int, dice: random.Random) -> float:
    """Seconds before the `attempt`-th try again (1, 2, ...): growing, bounded, and never the same for all agents at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 10))
    return dice.uniform(FIRST_PAUSE, longest)


class AgentSession:
    """One agent's shift with one account. `changed` is called after every change of `state` or `line`.

    Each verb raises ShiftError where the state does not allow it, and the CallCenterError that kept it from being done; the state
    then tells where the shift stands.
    """

    def __init__(
        self,
        center: HostedCallCenter,
        account: Account,
        changed: Callable[[], None] = lambda: None,
        *,
        dice: random.Random | None = None,
    ) -> None:
        self._center = center
        self._account = account
        self._changed = changed
        self._dice = dice or random.Random()  # noqa: S311 - spreads tries, hides nothing
        self.state = State.SIGNED_OUT
        self.since = now()
        self.line = Line(Health.IDLE, self.since)
        self.agent_id = ""
        self.call: Call | None = None
        self.stored = 0

    @property
    def account(self) -> Account:
        return self._account

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
            await self._center.open()
            await self._center.login_agent(self._account, agent_id)
        except BaseException:
            self._fail(State.LOGGING_IN)
            raise
        self.agent_id = agent_id
        self._step(Step.LOGGED_IN)

    async def next_call(self) -> Call:
        """Wait until somebody is on the agent's line, however long that takes.

        The question is asked again after every failure, because the agent hears the beep whether or not our answer arrives.
        Only a Fault that says that the agent is not logged in ends the wait, and the shift: NotLoggedIn.
        """
        after(self.state, Step.CONNECT)  # refuses at once, not when the call comes
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            asked_at = loop.time()
            try:
                call = await self._center.get_connection_for_agent(self._account, self.agent_id, on_asked=self._line_works)
            except NotLoggedIn:
                self._step(Step.ENDED)
                raise
            except CallCenterError as failure:
                if loop.time() - asked_at > LONGEST_PAUSE:
                    failures = 0  # it had worked for a while: this is a new trouble
                failures += 1
                log.info("waiting for a call was interrupted (%d): %s", failures, failure.title)
                self._line_fails(failure)
                await asyncio.sleep(pause_before(failures, self._dice))
            else:
                self._line_works()
                self.call = call
                self._step(Step.CONNECT)
                return call

    async def submit(self, response: CallResponse, *, last: bool = False) -> None:
        """Store what the agent made of the call and so ask for the next one; with `last`, log off instead.

        After a failure the shift is where it was, CONNECTED, and the agent decides what to do.
        """
        self._step(Step.SUBMIT)
        try:
            await self._center.store_agent_response(self._account, self.agent_id, response, last=last)
        except BaseException:
            self._fail(State.SAVING)
            raise
        self.call = None
        self.stored += 1
        self._step(Step.STORED_LAST if last else Step.STORED)

    async def hang_up(self) -> bool:
        """Ask the call center to hang up this agent's phone (kickAgent), where it offers that; tell whether it did."""
        if not (self.agent_id and self._center.offers(Function.KICK_AGENT)):
            return False
        try:
            await self._center.kick_agent(self._account, self.agent_id)
        except CallCenterError as failure:
            log.info("the phone was not hung up for the agent: %s", failure.title)
            return False
        return True

    def leave(self) -> None:
        """End the shift from any state without storing anything. The agent's phone stays as it is."""
        self.call = None
        self._step(Step.LEAVE)

    def done(self) -> None:
        """The agent has hung up the phone after the last call."""
        self._step(Step.DONE)

    def _step(self, step: Step) -> None:
        self.state = after(self.state, step)
        self.since = now()
        if self.state in {State.SIGNED_OUT, State.LOGGED_OFF}:
            self.line = Line(Health.IDLE, self.since)
        log.info("%s: %s", step.name.lower(), self.state.value)
        self._changed()

    def _fail(self, under_way: State) -> None:
        if self.state is under_way:  # leaving may have ended the shift meanwhile
            self._step(Step.FAILED)

    def _line_works(self) -> None:
        if self.line.health is not Health.CONNECTED:
            self.line = Line(Health.CONNECTED, now())
            self._changed()

    def _line_fails(self, failure: CallCenterError) -> None:
        since = self.line.since if self.line.health is Health.RECONNECTING else now()
        self.line = Line(Health.RECONNECTING, since, failure.title)
        self._changed()
