"""What a lead has done: written down before it is sent, told truly afterwards, in words for a lead, and never with the key."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from desktop.callcenter.model import Account, Described, Field, Function, Kind, Wanted
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import (
    AnswerNotUnderstood,
    AuditNotKept,
    CallCenterError,
    ContractError,
    NotLoggedIn,
    NotOffered,
    NotReached,
    OutcomeUnknown,
    Refused,
    WrongValues,
)
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.supervision.audit import Audit, Outcome, Record
from desktop.supervision.supervisor import LONGEST_REASON, Supervisor, system_user
from tests.practice.outside import Caller
from tests.simulation import ACCOUNT, AGENT_ID, SimulatedCallCenter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLACE = "https://calls.example/service?wsdl"
KICKS = {Function.KICK_AGENT: "kick_agent", Function.START_CAMPAIGN: "start_campaign", Function.STOP_CAMPAIGN: "stop_campaign"}
RATIO = Wanted(("ratio",), "ratio", Kind.DECIMAL, required=True)
STATS = Described("getAgentStats", wanted=(RATIO, Wanted(("more", "note"), "note", Kind.TEXT, required=False)))


class Later(SimulatedCallCenter):
    """A service with a function that no document names; it answers with what it was given."""

    failure: CallCenterError | None = None

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        if self.failure is not None:
            raise self.failure
        inside = tuple(Field(wanted.name, text) for wanted, text in values.items())
        return (Field("stats", children=(*inside, Field("key", account.key))),)


class Seat:
    """A lead at a simulated call center."""

    def __init__(self, folder: Path) -> None:
        self.center = Later()
        self.audit = Audit(folder)
        self.troubles: list[AuditNotKept] = []
        self.supervisor = Supervisor(self.center, self.audit, PLACE, "lead@desk", self.troubles.append)

    async def do(self, function: Function) -> None:
        match function:
            case Function.START_CAMPAIGN:
                await self.supervisor.start_campaign(ACCOUNT)
            case Function.STOP_CAMPAIGN:
                await self.supervisor.stop_campaign(ACCOUNT)
            case _:
                await self.supervisor.kick_agent(ACCOUNT, AGENT_ID, "shouted")

    async def record(self) -> Record:
        [record] = await self.audit.records()
        return record


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path)


ACTS = pytest.mark.parametrize("function", list(KICKS))


@ACTS
async def test_an_act_is_written_down_before_its_first_byte_leaves(seat: Seat, function: Function):
    seen: list[list[tuple[str]]] = []

    def look(_function: Function) -> None:
        with contextlib.closing(sqlite3.connect(seat.audit.path)) as db:
            seen.append(db.execute("SELECT function FROM asked EXCEPT SELECT number FROM answered").fetchall())

    seat.center.arrived = look
    await seat.do(function)
    assert seen == [[(function,)]]
    record = await seat.record()
    assert (record.who, record.service, record.function, record.campaign_id) == ("lead@desk", PLACE, function, 1001)
    assert (record.outcome, record.answer) == (Outcome.DONE, "")
    if function is Function.KICK_AGENT:
        assert (record.agent_id, record.reason) == (AGENT_ID, "shouted")


FAILURES: list[tuple[CallCenterError, type[CallCenterError], Outcome, str]] = [
    (Refused("Campaign 1001 is unknown."), Refused, Outcome.REFUSED, "Campaign 1001 is unknown."),
    (NotLoggedIn("Agent 4027 is not logged in."), Refused, Outcome.REFUSED, "Agent 4027 is not logged in."),
    (NotReached("host:1"), NotReached, Outcome.NOT_SENT, "The call center could not be reached: host:1"),
    (
        ContractError("odd"),
        ContractError,
        Outcome.NOT_SENT,
        "This is not a call center that NextCall understands: odd",
    ),
    (NotOffered("none"), NotOffered, Outcome.NOT_SENT, "This service does not offer this: none"),
    (OutcomeUnknown("late"), OutcomeUnknown, Outcome.NOT_KNOWN, "The call center did not answer: late"),
    (AnswerNotUnderstood("odd"), AnswerNotUnderstood, Outcome.NOT_KNOWN, "The answer made no sense: odd"),
]


@ACTS
@pytest.mark.parametrize(("failure", "kind", "outcome", "answer"), FAILURES)
async def test_what_came_of_it_is_written_down_and_told(
    seat: Seat, function: Function, failure: CallCenterError, kind: type[CallCenterError], outcome: Outcome, answer: str
):
    seat.center.will(function, failure)
    with pytest.raises(CallCenterError) as caught:
        await seat.do(function)
    assert type(caught.value) is kind
    assert (caught.value.reason, caught.value.__context__) == (failure.reason, None)
    record = await seat.record()
    assert (record.outcome, record.answer) == (outcome, answer)


@pytest.mark.parametrize("failure", [case[0] for case in FAILURES], ids=lambda failure: type(failure).__name__)
async def test_no_word_is_for_an_agent(seat: Seat, failure: CallCenterError):
    seat.center.will(Function.KICK_AGENT, failure)
    with pytest.raises(CallCenterError) as caught:
        await seat.do(Function.KICK_AGENT)
    words = f"{caught.value.title} {caught.value.advice}".lower()
    assert not [word for word in ("you are", "your phone", "team lead", "log in", "logged") if word in words]


async def test_a_center_that_cannot_be_opened_is_an_act_that_was_not_sent(seat: Seat):
    seat.center.opening.append(NotReached("host:1"))
    with pytest.raises(NotReached):
        await seat.do(Function.STOP_CAMPAIGN)
    assert (await seat.record()).outcome is Outcome.NOT_SENT
    await seat.do(Function.STOP_CAMPAIGN)
    assert [one.outcome for one in await seat.audit.records()] == [Outcome.DONE, Outcome.NOT_SENT]


@ACTS
async def test_what_cannot_be_written_down_is_not_done(seat: Seat, function: Function):
    seat.audit.path.write_bytes(b"no database" * 1000)
    with pytest.raises(AuditNotKept):
        await seat.do(function)
    assert (seat.center.noted, seat.troubles) == ([], [])


@pytest.mark.parametrize("failure", [None, Refused("no"), OutcomeUnknown("late")])
async def test_an_outcome_that_cannot_be_written_down_changes_nothing_of_the_act(seat: Seat, failure: CallCenterError | None):
    seat.center.arrived = lambda _function: seat.audit.path.write_bytes(b"no database" * 1000) and None
    if failure is not None:
        seat.center.will(Function.STOP_CAMPAIGN, failure)
    with contextlib.nullcontext() if failure is None else pytest.raises(type(failure)):
        await seat.do(Function.STOP_CAMPAIGN)
    assert seat.center.asked(Function.STOP_CAMPAIGN) == 1
    [trouble] = seat.troubles
    assert trouble.title == "What came of it could not be written into the audit log"
    assert "Nothing was done" not in trouble.advice


async def test_an_act_that_is_given_up_may_have_been_done(seat: Seat):
    answer = asyncio.Event()
    seat.center.will(Function.STOP_CAMPAIGN, answer)
    sent = asyncio.Event()
    seat.center.arrived = lambda _function: sent.set()
    act = asyncio.create_task(seat.do(Function.STOP_CAMPAIGN))
    await sent.wait()
    act.cancel()
    with pytest.raises(asyncio.CancelledError):
        await act
    assert (await seat.record()).outcome is Outcome.NOT_KNOWN


# ----------------------------------------------------------------------------------------------------------- other functions


async def test_what_a_described_function_was_given_and_returned_is_written_down(seat: Seat):
    given = {STATS.wanted[0]: "1.5", STATS.wanted[1]: ""}
    [stats] = await seat.supervisor.ask(ACCOUNT, STATS, given)
    assert stats.children[0] == Field("ratio", "1.5")
    record = await seat.record()
    assert (record.function, record.values, record.outcome) == ("getAgentStats", {"ratio": "1.5"}, Outcome.DONE)
    assert record.answer == "stats/ratio = 1.5; stats/note = ; stats/key = [key]"


async def test_values_that_were_wrong_were_not_sent(seat: Seat):
    seat.center.failure = WrongValues("The ratio is no number.", ((("ratio",), "The ratio is no number."),))
    with pytest.raises(WrongValues) as caught:
        await seat.supervisor.ask(ACCOUNT, STATS, {STATS.wanted[0]: "x"})
    assert caught.value.mistakes == ((("ratio",), "The ratio is no number."),)
    assert (await seat.record()).outcome is Outcome.NOT_SENT


async def test_the_key_is_never_written_down(seat: Seat):
    key = ACCOUNT.key
    await seat.supervisor.kick_agent(ACCOUNT, f"x{key}", f"because\n{key}")
    await seat.supervisor.ask(ACCOUNT, STATS, {STATS.wanted[0]: key, STATS.wanted[1]: key[:12]})
    assert not [one for one in seat.audit.path.parent.rglob("*") if one.is_file() and key[:12].encode() in one.read_bytes()]
    asked, kicked = await seat.audit.records()
    assert (kicked.agent_id, kicked.reason) == ("x[key]", "because [key]")
    assert asked.values == {"ratio": "[key]", "more/note": "[key]"}


async def test_a_reason_is_one_line_and_not_endless(seat: Seat):
    await seat.supervisor.kick_agent(ACCOUNT, AGENT_ID, "first\nsecond\x07" + "x" * 2000)
    reason = (await seat.record()).reason
    assert reason.startswith("first second xxx")
    assert len(reason) == LONGEST_REASON


# ------------------------------------------------------------------------------------------------------------------ who


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells it otherwise")
def test_who_is_at_work_is_not_what_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    import os
    import pwd

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert system_user().startswith(f"{pwd.getpwuid(os.getuid()).pw_name}@")
    assert not system_user().endswith("@")


async def test_without_a_name_it_is_the_systems_user(tmp_path: Path):
    audit = Audit(tmp_path)
    await Supervisor(SimulatedCallCenter(), audit, PLACE).start_campaign(ACCOUNT)
    [record] = await audit.records()
    assert record.who == system_user()


# ------------------------------------------------------------------------------------------------------ at a real service


@pytest.fixture
def service() -> Iterator[PracticeService]:
    running = PracticeService(msgspec.structs.replace(load_scenario(), ring_seconds=0))
    running.start()
    yield running
    running.stop()


async def test_what_the_practice_has_beside_the_document_is_asked_for_and_written_down(service: PracticeService, tmp_path: Path):
    """As its WSDL describes it; the agent's ID is wanted, key and campaign are the account's."""
    account, audit = Account("practice", 1), Audit(tmp_path)
    agent_id = await asyncio.to_thread(Caller(service.service_url).log_in)
    center = SoapCallCenter(service.service_url, service.broadcast_url)
    supervisor = Supervisor(center, audit, service.service_url)
    try:
        await supervisor.start_campaign(account)  # which opens the center
        described = {one.name: one for one in center.described()}
        stats, ratio = described["getAgentStats"], described["updateRatio"]
        assert await supervisor.ask(account, stats, {stats.wanted[0]: agent_id})
        assert await supervisor.ask(account, ratio, {ratio.wanted[0]: "1.5"}) == ()
        with pytest.raises(WrongValues):
            await supervisor.ask(account, ratio, {ratio.wanted[0]: "many"})
        with pytest.raises(Refused):
            await supervisor.ask(account, stats, {stats.wanted[0]: "nobody"})
    finally:
        await center.close()
    nobody, many, set_ratio, told, start = await audit.records()
    assert (start.function, start.outcome) == ("startCampaign", Outcome.DONE)
    assert (told.function, told.values, told.outcome) == ("getAgentStats", {"agentId": agent_id}, Outcome.DONE)
    assert f"agentId = {agent_id}" in told.answer
    assert (set_ratio.values, set_ratio.outcome, set_ratio.answer) == ({"ratio": "1.5"}, Outcome.DONE, "")
    assert (many.values, many.outcome) == ({"ratio": "many"}, Outcome.NOT_SENT)
    assert (nobody.outcome, nobody.answer) == (Outcome.REFUSED, "This agent id is unknown.")
