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
        self, call: Call, response: CallResponse, *, last: bool, troubled: Callable[[CallCenterError], None], unsure: bool = False
    ) -> Settled:
        """Send `response` until it is STORED, or sent twice with no answer: UNSURE. Raises Refused, with its Fault.

        `troubled` is told of every failure after which it goes on trying. `unsure`: an earlier try may have arrived already, so
        only one more is made by itself.
        """
        failures = 0
        while True:
            await self.journal.begin_sending(self.shift, call, response, last=last)
            settled, failure = await self._once(response, last=last, unsure=unsure)
            self.journal.settle(self.shift, call.id, settled, failure.title if failure else "")
            if failure is None:
                return settled
            if settled is Settled.REFUSED:
                raise failure
            if settled is Settled.UNSURE:
                if unsure:
                    return settled
                unsure = True
            failures += 1
            log.info("a response is %s (%d): %s", settled, failures, failure.title)
            troubled(failure)
            await asyncio.sleep(pause_before(failures, self.dice))

    async def _once(self, response: CallResponse, *, last: bool, unsure: bool) -> tuple[Settled, CallCenterError | None]:
        try:
            await self.center.store_agent_response(self.account, self.agent_id, response, last=last)
        except NotReached as failure:
            return Settled.UNSENT, failure
        except OutcomeUnknown as failure:
            return Settled.UNSURE, failure
        except AlreadyStored as failure:
            # the answer that we were missing; to a first send it only says that something is wrong
            return (Settled.STORED, None) if unsure else (Settled.REFUSED, failure)
        except CallCenterError as failure:
            return Settled.REFUSED, failure
        return Settled.STORED, None
