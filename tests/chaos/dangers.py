"""What can happen to a shift, drawn from a seed: faults of the call center and the line, and the deaths of the agent's program.

The deaths are real (SIGKILL). Those at a step of the program are struck from within, by a journal and a call center that know
when; the product's own know nothing of it. All of mischief.py can happen but `wrong_name`, which needs TLS.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.callcenter.model import Function
from desktop.callcenter.soap import SoapCallCenter
from desktop.practice.mischief import (
    AnswerLost,
    CutAfterRead,
    CutBeforeRead,
    CutInAnswer,
    Delay,
    Drip,
    Fault,
    Garbage,
    Html502,
    Kick,
    NeverAnswer,
    Redirect,
    Refuse,
    SoapFault,
)
from desktop.shift.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop.callcenter.model import Account, CallResponse

_STORE = Function.STORE_AGENT_RESPONSE
_OTHERS = (Function.SEND_AGENT_CALL_BACK, Function.LOGIN_AGENT, Function.GET_CONNECTION_FOR_AGENT)


@dataclass(frozen=True, slots=True)
class Death:
    """When one life of the agent's program ends: at the `number`-th commit of its journal or response that it sends, or by the
    clock. Where and when are empty for a life that is left alone."""

    where: str = ""
    when: str = ""
    number: int = 0
    milliseconds: float = 0

    def strikes(self, where: str, when: str, number: int) -> bool:
        return (where, when, number) == (self.where, self.when, self.number)


LEFT_ALONE = Death()


def deaths(dice: random.Random) -> list[Death]:
    """How the lives of one run end, one after the other; the lives after these are left alone."""
    return [_death(dice) for _ in range(dice.randint(2, 5))]


def _death(dice: random.Random) -> Death:
    where = dice.choice(["commit", "commit", "store", "store", "clock"])
    if where == "commit":
        return Death(where, dice.choice(["before", "inside", "after"]), dice.randint(1, 40))
    if where == "store":
        # between journal and wire; while request and answer are on their way; before anybody has written the answer down
        return Death(where, dice.choice(["before", "during", "after"]), dice.randint(1, 4), dice.uniform(0, 8))
    return Death(where, milliseconds=dice.uniform(1, 400))


def faults(dice: random.Random) -> list[Fault]:
    """What goes wrong at the call center and on the line to it. Each with a probability, so that everything ends some day."""
    return [_fault(dice, _STORE if dice.random() < 0.6 else dice.choice(_OTHERS)) for _ in range(dice.randint(2, 6))]


def _fault(dice: random.Random, function: Function) -> Fault:
    common: dict[str, Any] = {
        "function": function,
        "probability": round(dice.uniform(0.05, 0.4), 2),
        "seed": dice.getrandbits(32),
    }
    carried_out = dice.random() < 0.5
    ending = dice.choice(["reset", "end"])
    kinds: list[Callable[[], Fault]] = [
        lambda: Refuse(seconds=dice.uniform(0.01, 0.1), **common),
        lambda: Delay(seconds=dice.uniform(0.01, 0.2), **common),
        lambda: CutBeforeRead(**common),
        lambda: CutAfterRead(ending=ending, **common),
        lambda: CutInAnswer(after_bytes=dice.choice([None, 1, 20, 200]), ending=ending, **common),
        lambda: AnswerLost(ending=ending, **common),
        lambda: Html502(carried_out=carried_out, **common),
        lambda: SoapFault(**common),
        lambda: Garbage(carried_out=carried_out, raw=dice.random() < 0.5, **common),
        lambda: Redirect(**common),
        lambda: Drip(bytes_per_second=dice.choice([5_000, 50_000]), **common),
        lambda: NeverAnswer(carried_out=carried_out, **common),
    ]
    if function is not Function.SEND_AGENT_CALL_BACK:
        kinds.append(lambda: Kick(**common))
    return dice.choice(kinds)()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyJournal(Journal):
    """A journal around whose commits the program may die: nothing done yet, done but not committed, just committed."""

    def __init__(self, path: Path, death: Death) -> None:
        super().__init__(path)
        self._death = death
        self._commits = 0

    def _in_transaction(self, work: Callable[[Any], Any]) -> Any:
        self._commits += 1
        self._may_die("before")

        def do(db: Any) -> Any:
            result = work(db)
            self._may_die("inside")
            return result

        result = super()._in_transaction(do)
        self._may_die("after")
        return result

    def _may_die(self, when: str) -> None:
        if self._death.strikes("commit", when, self._commits):
            die()


class DeadlyCenter(SoapCallCenter):
    """A call center around whose storeAgentResponse the program may die."""

    death = LEFT_ALONE
    _stores = 0

    async def store_agent_response(self, account: Account, agent_id: str, response: CallResponse, *, last: bool = False) -> None:
        self._stores += 1
        if self.death.strikes("store", "before", self._stores):
            die()
        if self.death.strikes("store", "during", self._stores):
            asyncio.get_running_loop().call_later(self.death.milliseconds / 1000, die)
        try:
            await super().store_agent_response(account, agent_id, response, last=last)
        finally:
            if self.death.strikes("store", "after", self._stores):
                die()
