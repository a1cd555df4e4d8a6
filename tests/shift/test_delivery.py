"""Write, send, settle: what each outcome of a first and a second send makes of a response, at the center and in the journal."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import Call, CallResponse, Function
from desktop.errors import (
    AlreadyStored,
    AnswerNotUnderstood,
    CallCenterError,
    ContractError,
    NotLoggedIn,
    NotOffered,
    NotReached,
    OutcomeUnknown,
    Refused,
)
from desktop.shift.delivery import Delivery
from desktop.shift.journal import Entry, Journal, Settled
from tests.simulation import ACCOUNT, AGENT_ID, AnswerLost, LoadedDice, SimulatedCallCenter, a_call, until

if TYPE_CHECKING:
    from pathlib import Path

LOST = [OutcomeUnknown, AnswerNotUnderstood, AnswerLost]
SURELY_NOT = [Refused, NotLoggedIn, ContractError, NotOffered]

pytestmark = pytest.mark.usefixtures("hurried")


class Errand:
    """One response that is to be brought to the center, and what is told about it meanwhile."""

    def __init__(self, center: SimulatedCallCenter, journal: Journal) -> None:
        self.center = center
        self.journal = journal
        self.dice = LoadedDice()
        self.call: Call = a_call()
        self.response = CallResponse(self.call.id, "Interested", "wants “two” \U0001f33b\n\u05e9\u05dc\u05d5\u05dd")
        self.troubles: list[tuple[type[CallCenterError], Settled]] = []
        self._shift = 0

    async def bring(self, *outcomes: CallCenterError | asyncio.Event, last: bool = False) -> Settled:
        """Bring it to a center that will answer with `outcomes`, and after these as it should."""
        self.center.logged_in = True
        self.center.will(Function.STORE_AGENT_RESPONSE, *outcomes)
        self._shift = await self.journal.begin_shift("", ACCOUNT.campaign_id, AGENT_ID)
        delivery = Delivery(self.center, ACCOUNT, self.journal, self._shift, AGENT_ID, self.dice)
        return await delivery.bring(
            self.call,
            self.response,
            last=last,
            troubled=lambda failure, settled: self.troubles.append((type(failure), settled)),
        )

    async def entry(self) -> Entry:
        """What the journal has of it."""
        [entry] = (await self.journal.shift(self._shift)).entries
        return entry

    @property
    def sends(self) -> list[CallResponse]:
        """What arrived, or would have."""
        return [noted.about for noted in self.center.noted if noted.function is Function.STORE_AGENT_RESPONSE]


@pytest.fixture
def errand(center: SimulatedCallCenter, journal: Journal) -> Errand:
    return Errand(center, journal)


async def _is(errand: Errand, settled: Settled, *, sends: int, stored: int) -> Entry:
    """Hold center and journal to the same story, every time with the same words."""
    entry = await errand.entry()
    assert (entry.settled, entry.attempts, len(errand.sends)) == (settled, sends, sends)
    assert entry.settled_at is not None
    assert set(errand.sends) == {errand.response}
    assert entry.response == errand.response
    assert [one.response for one in errand.center.ledger] == [errand.response] * stored
    return entry


@pytest.mark.parametrize("last", [False, True])
async def test_what_is_stored_is_settled(errand: Errand, last: bool):
    assert await errand.bring(last=last) is Settled.STORED
    entry = await _is(errand, Settled.STORED, sends=1, stored=1)
    assert (entry.last, entry.reason, errand.center.ledger[0].last) == (last, "", last)


async def test_what_does_not_get_there_is_sent_until_it_does_with_growing_pauses(errand: Errand):
    assert await errand.bring(*(NotReached() for _ in range(7))) is Settled.STORED
    await _is(errand, Settled.STORED, sends=8, stored=1)
    assert errand.troubles == [(NotReached, Settled.UNSENT)] * 7
    assert [longest for _, longest in errand.dice.thrown] == [0.001, 0.002, 0.004, 0.005, 0.005, 0.005, 0.005]


@pytest.mark.parametrize("lost", LOST)
async def test_what_may_have_arrived_is_sent_once_more(errand: Errand, lost: type[CallCenterError]):
    assert await errand.bring(lost()) is Settled.STORED
    await _is(errand, Settled.STORED, sends=2, stored=2 if lost is AnswerLost else 1)
    assert errand.troubles == [(lost, Settled.UNSURE)]


@pytest.mark.parametrize(("first", "second"), [*itertools.product(LOST, LOST)])
async def test_what_may_have_arrived_twice_is_unsure_and_not_sent_again(
    errand: Errand, first: type[CallCenterError], second: type[CallCenterError]
):
    assert await errand.bring(first(), second()) is Settled.UNSURE
    entry = await _is(errand, Settled.UNSURE, sends=2, stored=[first, second].count(AnswerLost))
    assert entry.reason == second.title


@pytest.mark.parametrize("refused", [*SURELY_NOT, AlreadyStored])
@pytest.mark.parametrize("before", [0, 1, 3])
async def test_what_is_refused_is_told_and_journalled(errand: Errand, refused: type[CallCenterError], before: int):
    with pytest.raises(refused, match="no"):
        await errand.bring(*(NotReached() for _ in range(before)), refused("no"))
    entry = await _is(errand, Settled.REFUSED, sends=before + 1, stored=0)
    assert entry.reason == refused.title


async def test_a_second_send_that_the_center_has_already_settles_it(errand: Errand):
    errand.center.stores_once = True
    assert await errand.bring(AnswerLost()) is Settled.STORED
    await _is(errand, Settled.STORED, sends=2, stored=1)


@pytest.mark.parametrize("refused", SURELY_NOT)
async def test_a_refused_second_send_leaves_the_doubt_about_the_first(errand: Errand, refused: type[CallCenterError]):
    assert await errand.bring(AnswerLost(), refused("the agent is not connected to this call")) is Settled.UNSURE
    await _is(errand, Settled.UNSURE, sends=2, stored=1)


async def test_a_second_send_that_does_not_get_there_leaves_the_doubt(errand: Errand):
    never = asyncio.Event()
    sending = asyncio.get_running_loop().create_task(errand.bring(AnswerLost(), NotReached(), NotReached(), never))
    await until(lambda: len(errand.sends) == 4)
    assert errand.troubles == [
        (AnswerLost, Settled.UNSURE),
        (NotReached, Settled.UNSURE),
        (NotReached, Settled.UNSURE),
    ]
    sending.cancel()
    await asyncio.wait([sending])


async def test_after_a_doubt_it_is_sent_until_one_more_may_have_arrived(errand: Errand):
    errand.center.stores_once = True
    assert await errand.bring(NotReached(), AnswerLost(), NotReached(), NotReached()) is Settled.STORED
    await _is(errand, Settled.STORED, sends=5, stored=1)


async def test_after_a_doubt_and_a_pause_a_second_doubt_is_enough(errand: Errand):
    assert await errand.bring(NotReached(), OutcomeUnknown(), NotReached(), OutcomeUnknown()) is Settled.UNSURE
    await _is(errand, Settled.UNSURE, sends=4, stored=0)


# --------------------------------------------------------------------------------- when the agent has it sent once more


async def test_what_is_unsure_is_sent_again_when_the_agent_says_so(errand: Errand):
    await errand.bring(OutcomeUnknown(), OutcomeUnknown())
    assert await errand.bring(last=True) is Settled.STORED
    assert (await _is(errand, Settled.STORED, sends=3, stored=1)).last


async def test_what_is_unsure_is_then_sent_only_once(errand: Errand):
    await errand.bring(OutcomeUnknown(), OutcomeUnknown())
    assert await errand.bring(NotReached(), OutcomeUnknown()) is Settled.UNSURE
    await _is(errand, Settled.UNSURE, sends=4, stored=0)


async def test_what_the_center_has_already_is_stored(errand: Errand):
    errand.center.stores_once = True
    await errand.bring(AnswerLost(), OutcomeUnknown())
    assert await errand.bring() is Settled.STORED
    await _is(errand, Settled.STORED, sends=3, stored=1)


async def test_what_is_refused_then_is_the_agents(errand: Errand):
    await errand.bring(OutcomeUnknown(), OutcomeUnknown())
    with pytest.raises(NotLoggedIn):
        await errand.bring(NotReached(), NotLoggedIn())
    await _is(errand, Settled.REFUSED, sends=4, stored=0)
    errand.center.stores_once = True
    with pytest.raises(Refused):  # and still nobody knows about the first two
        await errand.bring(Refused())
    assert await errand.bring(AnswerLost()) is Settled.UNSURE


async def test_what_was_refused_may_be_said_in_other_words(errand: Errand):
    with pytest.raises(Refused):
        await errand.bring(Refused("no such disposition"))
    errand.response = CallResponse(errand.call.id, "Call back later", "shorter")
    await errand.bring()
    entry = await errand.entry()
    assert (entry.response, entry.settled, entry.attempts) == (errand.response, Settled.STORED, 2)
    assert [one.response for one in errand.center.ledger] == [errand.response]


async def test_what_was_given_up_on_its_way_may_have_arrived(errand: Errand):
    sending = asyncio.get_running_loop().create_task(errand.bring(asyncio.Event()))
    await until(lambda: errand.sends)
    sending.cancel()
    await asyncio.wait([sending])
    assert (await errand.entry()).settled is Settled.UNSURE
    assert await errand.bring(OutcomeUnknown()) is Settled.UNSURE
    await _is(errand, Settled.UNSURE, sends=2, stored=0)


async def test_what_was_given_up_in_a_pause_stays_what_it_was(errand: Errand):
    errand.journal.settle(0, "nobody's", Settled.STORED)  # of no call: nothing happens
    sending = asyncio.get_running_loop().create_task(errand.bring(*(NotReached() for _ in range(1000))))
    await until(lambda: len(errand.troubles) > 2)
    sending.cancel()
    await asyncio.wait([sending])
    assert (await errand.entry()).settled in {Settled.UNSENT, Settled.SENDING}


# -------------------------------------------------------------------------------------------------- write before send


async def test_it_is_on_the_disk_before_its_first_byte_leaves(tmp_path: Path, center: SimulatedCallCenter):
    journal = Journal(tmp_path / "journal.db")
    await journal.open()
    found = []

    def look(function: Function) -> None:
        """As the next start would find it, if this one ended here."""
        copy = tmp_path / f"copy-{len(found)}"
        shutil.copytree(tmp_path, copy, ignore=shutil.ignore_patterns("copy-*"))
        db = sqlite3.connect(copy / "journal.db")
        found.extend(
            db.execute(
                "SELECT state, response.disposition, response.notes, last, count(*) "
                "FROM response JOIN attempt ON response.id = attempt.response"
            )
        )
        db.close()

    center.arrived = look
    errand = Errand(center, journal)
    await errand.bring(OutcomeUnknown(), last=True)
    await journal.close()
    row = ("sending", errand.response.disposition, errand.response.notes, 1)
    assert found == [(*row, 1), (*row, 2)]
