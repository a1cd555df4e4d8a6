"""Write, send, settle: how one response gets to the call center, at least once and never twice unknowingly.

storeAgentResponse has no idempotency key (api-facts.md, 'What follows from the API', 4), so what is certain decides: what was
certainly not sent is sent again by itself; what may have arrived is sent once more by itself, and after that only if the agent
says so. Everything is in the journal before it is on the wire.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from desktop.callcenter.model import Account, Call, CallResponse
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import AlreadyStored, CallCenterError, NotReached, OutcomeUnknown
from desktop.shift.journal import Journal, Settled

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries, growing from the first to the longest (design.md, 'The shift')."""


def pause_before(attempt: int, dice: random.Random) -> float:
    """Seconds before the `attempt`-th try again (1, 2, ...): growing, bounded, and never the same for all agents at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 10))
    return dice.uniform(FIRST_PAUSE, longest)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one shift's responses have in common: where they go, in whose name, and where they are written down."""

    center: HostedCallCenter
    account: Account
    journal: Journal
    shift: int
    agent_id: str
    dice: random.Random

    async def bring(
        self, call: Call, response: CallResponse, *, last: bool, troubled: Callable[[CallCenterError, Settled], None]
    ) -> Settled:
        """Send `response` until it is STORED, or until no further send by itself can tell what came of it: UNSURE.

        Raises Refused, with its Fault, or what else says that it was not done. `troubled` is told of every failure after which
        it goes on trying, and where that leaves the response.
        """
        failures = 0
        in_doubt_before = False
        while True:
            in_doubt = await self.journal.begin_sending(self.shift, call, response, last=last)
            if not failures:
                in_doubt_before = in_doubt
            try:
                outcome, failure = await self._once(response, last=last, in_doubt=in_doubt)
            except BaseException:  # the agent leaves: what is on its way may still arrive
                self.journal.settle(self.shift, call.id, Settled.UNSURE, "Given up while it was being sent")
                raise
            settled = _together(outcome, in_doubt=in_doubt, in_doubt_before=in_doubt_before)
            self.journal.settle(self.shift, call.id, settled, failure.title if failure else "", outcome=outcome)
            if failure is None:
                return settled
            if settled is Settled.REFUSED:
                raise failure
            if in_doubt and outcome is not Settled.UNSENT:
                return settled
            failures += 1
            log.info("a response is %s (%d): %s", settled, failures, failure.title)
            troubled(failure, settled)
            await asyncio.sleep(pause_before(failures, self.dice))

    async def _once(self, response: CallResponse, *, last: bool, in_doubt: bool) -> tuple[Settled, CallCenterError | None]:
        try:
            await self.center.store_agent_response(self.account, self.agent_id, response, last=last)
        except NotReached as failure:
            return Settled.UNSENT, failure
        except OutcomeUnknown as failure:
            return Settled.UNSURE, failure
        except AlreadyStored as failure:
            # the answer that we were missing; to a first send it only says that something is wrong
            return (Settled.STORED, None) if in_doubt else (Settled.REFUSED, failure)
        except CallCenterError as failure:
            return Settled.REFUSED, failure
        return Settled.STORED, None


def _together(outcome: Settled, *, in_doubt: bool, in_doubt_before: bool) -> Settled:
    """Where the outcome of one send leaves a response of which an earlier send may have arrived (`in_doubt`).

    A send that did not get there takes no doubt away. Nor does a refusal of what nobody but us wanted sent again: it may well be
    the service's way to say that it has it. But if the agent has had it sent in spite of the doubt (`in_doubt_before`), a
    refusal is the agent's to deal with; else it would be asked about at every start, for ever.
    """
    if in_doubt and (outcome is Settled.UNSENT or (outcome is Settled.REFUSED and not in_doubt_before)):
        return Settled.UNSURE
    return outcome
