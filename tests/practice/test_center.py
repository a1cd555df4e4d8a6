"""The simulation alone: time stands still until a test moves it, and the dice are known."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from desktop.callcenter.model import Call, CallResponse
from desktop.practice.center import BEEP, FAREWELL, HOLD_MUSIC, CenterClosed, PhoneView, PracticeCenter, Refusal
from desktop.practice.scenario import Scenario
from tests.practice.outside import PHONE, HandClock

if TYPE_CHECKING:
    from collections.abc import Coroutine

KEY = "practice"


async def ring(center: PracticeCenter, clock: HandClock, number: str = PHONE, campaign: int = 1) -> str:
    """The agent's phone rung and picked up; the id that the voice said."""
    center.send_agent_call_back(KEY, campaign, number)
    await clock.go_on(3)
    agent_id = center.phone(number).agent_id
    assert agent_id
    return agent_id


async def log_in(center: PracticeCenter, clock: HandClock, number: str = PHONE, campaign: int = 1) -> str:
    agent_id = await ring(center, clock, number, campaign)
    center.login_agent(KEY, campaign, agent_id)
    return agent_id


async def connect(center: PracticeCenter, clock: HandClock, agent_id: str, campaign: int = 1) -> Call:
    """The next person, after as long a wait as there can be."""
    await clock.go_on(12)
    return await center.get_connection_for_agent(KEY, campaign, agent_id)


def store(center: PracticeCenter, agent_id: str, call: Call, text: str = "Sold", *, last: bool = False) -> None:
    center.store_agent_response(KEY, 1, agent_id, CallResponse(call.id, text, "notes"), lastcall=last)


def wait(center: PracticeCenter, agent_id: str) -> asyncio.Task[Call]:
    question: Coroutine[None, None, Call] = center.get_connection_for_agent(KEY, 1, agent_id)
    return asyncio.create_task(question)


# ------------------------------------------------------------------------------------------------------- the phone rings


async def test_a_phone_rings_and_then_a_voice_says_the_agent_id(center: PracticeCenter, clock: HandClock) -> None:
    center.send_agent_call_back(KEY, 1, PHONE)
    await clock.go_on(2.9)
    assert (center.phone(PHONE).state, center.phone(PHONE).heard) == ("ringing", ())
    await clock.go_on(0.1)
    phone = center.phone(PHONE)
    assert phone.state == "connected"
    assert phone.agent_id
    assert len(phone.agent_id) == 4
    assert phone.heard == (f"Your agent ID is {' '.join(phone.agent_id)}.",)
    assert phone.since == clock.now()


async def test_a_phone_that_was_never_called_is_idle(center: PracticeCenter, clock: HandClock) -> None:
    assert center.phone(PHONE) == PhoneView(PHONE, "idle", None, (), clock.now())


async def test_numbers_are_the_same_by_their_digits(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await ring(center, clock, "+1 (202) 555-0143")
    arabic = "12025550143".translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})
    for spelling in ("12025550143", "+1.202.555.0143", arabic):
        assert center.phone(spelling).agent_id == agent_id


async def test_calling_a_ringing_phone_again_rings_anew_with_the_same_id(center: PracticeCenter, clock: HandClock) -> None:
    center.send_agent_call_back(KEY, 1, PHONE)
    first = center.phone(PHONE).agent_id
    await clock.go_on(2)
    center.send_agent_call_back(KEY, 1, PHONE)
    await clock.go_on(2)
    assert center.phone(PHONE).state == "ringing"
    await clock.go_on(1)
    assert center.phone(PHONE).state == "connected"
    assert center.phone(PHONE).agent_id == first
    assert len(center.phone(PHONE).heard) == 1


async def test_calling_a_connected_phone_again_ends_its_shift_and_keeps_its_id(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    question = wait(center, agent_id)
    await clock.go_on()
    assert await ring(center, clock) == agent_id
    with pytest.raises(Refusal, match=f"^Agent {agent_id} is not logged in: the phone was called again.$"):
        await question
    await clock.go_on(60)
    assert center.ledger() == []
    center.login_agent(KEY, 1, agent_id)
    assert await connect(center, clock, agent_id)


async def test_after_a_hang_up_the_next_ring_brings_a_new_id(center: PracticeCenter, clock: HandClock) -> None:
    first = await ring(center, clock)
    center.hang_up(PHONE)
    assert await ring(center, clock) != first


async def test_another_campaign_means_another_id(center: PracticeCenter, clock: HandClock) -> None:
    first = await ring(center, clock)
    assert await ring(center, clock, campaign=2) != first


async def test_hanging_up_a_ringing_phone_stops_it(center: PracticeCenter, clock: HandClock) -> None:
    center.send_agent_call_back(KEY, 1, PHONE)
    await clock.go_on(1)
    center.hang_up(PHONE)
    await clock.go_on(10)
    assert center.phone(PHONE).state == "idle"
    assert clock.sleeping() == 0


async def test_ids_are_unique_and_the_oldest_that_hung_up_makes_room(scenario: Scenario, clock: HandClock) -> None:
    center = PracticeCenter(msgspec.structs.replace(scenario, ring_seconds=0), clock, random.Random(1))
    stays = await ring(center, clock, "100")
    seen = {stays}
    for number in range(1000, 9999):
        center.send_agent_call_back(KEY, 1, str(number))
        agent_id = center.phone(str(number)).agent_id
        assert agent_id not in seen
        seen.add(agent_id or "")
        if number < 1002:
            center.hang_up(str(number))
    assert len(seen) == 9000
    center.send_agent_call_back(KEY, 1, "20000")
    center.send_agent_call_back(KEY, 1, "20001")
    with pytest.raises(Refusal, match="All agent ids are in use"):
        center.send_agent_call_back(KEY, 1, "20002")
    assert center.phone("100").agent_id == stays
    await center.close()


# ----------------------------------------------------------------------------------------------------------- the shift


async def test_an_agent_who_logs_in_hears_music_then_a_beep_then_a_person(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    assert center.phone(PHONE).heard[-1] == HOLD_MUSIC
    question = wait(center, agent_id)
    await clock.go_on(12)
    call = await question
    assert center.phone(PHONE).heard[-2:] == (BEEP, "Hello, this is Maya. Who's calling?")
    assert call.first("firstname") == "Maya"
    assert call.first("agentid") == agent_id


async def test_nobody_is_connected_before_the_shortest_or_after_the_longest_wait(
    center: PracticeCenter, clock: HandClock
) -> None:
    agent_id = await log_in(center, clock)
    for calls in range(1, 40):
        await clock.go_on(3.99)
        assert len(center.ledger()) == calls - 1
        await clock.go_on(8.02)
        assert len(center.ledger()) == calls
        store(center, agent_id, await center.get_connection_for_agent(KEY, 1, agent_id))
    center.hang_up(PHONE)


async def test_waits_differ(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    waits = set()
    for _ in range(5):
        begun = clock.now()
        while center.phone(PHONE).heard[-1] == HOLD_MUSIC:
            await clock.go_on(0.01)
        waits.add(clock.now() - begun)
        store(center, agent_id, await center.get_connection_for_agent(KEY, 1, agent_id))
    assert len(waits) == 5
    center.hang_up(PHONE)


async def test_the_same_call_is_told_until_it_is_stored(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    first = await connect(center, clock, agent_id)
    assert await center.get_connection_for_agent(KEY, 1, agent_id) == first
    store(center, agent_id, first)
    second = await connect(center, clock, agent_id)
    assert second.id != first.id
    assert second.first("firstname") == "Zoë"


async def test_all_who_wait_for_an_agent_get_the_call(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    questions = [wait(center, agent_id) for _ in range(3)]
    await clock.go_on()
    questions[0].cancel()
    await clock.go_on(12)
    assert questions[0].cancelled()
    assert questions[1].result() == questions[2].result()
    assert len(center.ledger()) == 1


async def test_storing_queues_the_agent_at_once(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    store(center, agent_id, call)
    assert center.phone(PHONE).heard[-1] == HOLD_MUSIC
    assert (await connect(center, clock, agent_id)).id != call.id


async def test_the_last_call_logs_off_and_the_phone_says_so(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    store(center, agent_id, await connect(center, clock, agent_id), last=True)
    assert center.phone(PHONE).heard[-1] == FAREWELL
    assert center.phone(PHONE).state == "connected"
    with pytest.raises(Refusal, match="is not logged in: the agent logged off"):
        await center.get_connection_for_agent(KEY, 1, agent_id)
    await clock.go_on(60)
    assert len(center.ledger()) == 1
    assert clock.sleeping() == 0


async def test_an_agent_who_has_not_hung_up_may_log_in_again(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    first = await connect(center, clock, agent_id)
    store(center, agent_id, first, last=True)
    center.login_agent(KEY, 1, agent_id)
    store(center, agent_id, first, "late", last=True)  # of the shift before: does not end this one
    assert await connect(center, clock, agent_id) != first


async def test_a_second_store_is_recorded_but_queues_nobody_twice(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    store(center, agent_id, call)
    store(center, agent_id, call, "again")
    assert clock.sleeping() <= 1
    await clock.go_on(60)
    assert [len(entry["responses"]) for entry in center.ledger()] == [2, 0]
    store(center, agent_id, call, "and again", last=True)  # while the next one is on the line
    assert center.phone(PHONE).heard[-2] == BEEP
    assert len(center.ledger()[0]["responses"]) == 3


async def test_a_second_store_as_last_call_logs_off_an_agent_who_waits(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    store(center, agent_id, call)
    store(center, agent_id, call, last=True)
    store(center, agent_id, call, last=True)
    assert center.phone(PHONE).heard[-2:] == (HOLD_MUSIC, FAREWELL)
    await clock.go_on(60)
    assert len(center.ledger()) == 1


async def test_logging_in_twice_queues_nobody_twice(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    center.login_agent(KEY, 1, agent_id)
    await clock.go_on()
    assert clock.sleeping() == 1
    await connect(center, clock, agent_id)
    center.login_agent(KEY, 1, agent_id)
    await clock.go_on(60)
    assert len(center.ledger()) == 1


async def test_two_agents_get_two_people(center: PracticeCenter, clock: HandClock) -> None:
    one = await log_in(center, clock, "+1 202 555 0190")
    two = await log_in(center, clock, "+1 202 555 0191")
    assert one != two
    calls = [await connect(center, clock, one), await connect(center, clock, two)]
    assert len({call.id for call in calls}) == len({call.first("phonenumber") for call in calls}) == 2
    with pytest.raises(Refusal, match=f"^Call {calls[0].id} was not connected to agent {two}.$"):
        store(center, two, calls[0])


async def test_people_come_round_again(scenario: Scenario, clock: HandClock) -> None:
    center = PracticeCenter(msgspec.structs.replace(scenario, people=scenario.people[:2]), clock)
    agent_id = await log_in(center, clock)
    names = []
    for _ in range(5):
        call = await connect(center, clock, agent_id)
        names.append(call.first("firstname"))
        store(center, agent_id, call)
    assert names == ["Maya", "Zoë", "Maya", "Zoë", "Maya"]
    await center.close()


async def test_a_center_without_people_connects_nobody(scenario: Scenario, clock: HandClock) -> None:
    center = PracticeCenter(msgspec.structs.replace(scenario, people=()), clock)
    agent_id = await log_in(center, clock)
    question = wait(center, agent_id)
    await clock.go_on(3600)
    assert not question.done()
    center.hang_up(PHONE)
    with pytest.raises(Refusal):
        await question


async def test_calls_of_two_practices_never_share_an_id(scenario: Scenario, clock: HandClock) -> None:
    ids = []
    for _ in range(2):
        center = PracticeCenter(scenario, clock)
        ids.append((await connect(center, clock, await log_in(center, clock))).id)
    assert ids[0] != ids[1]


# ------------------------------------------------------------------------------------------------------- the phone is gone


async def test_hanging_up_while_waiting_answers_all_who_wait(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    questions = [wait(center, agent_id) for _ in range(2)]
    await clock.go_on(1)
    center.hang_up("1-202-555-0143")
    for question in questions:
        with pytest.raises(Refusal, match=f"^Agent {agent_id} is not logged in: the phone was hung up.$"):
            await question
    await clock.go_on(60)
    assert center.ledger() == []
    assert center.phone(PHONE).state == "idle"
    assert clock.sleeping() == 0


async def test_hanging_up_in_a_call_leaves_only_a_last_response(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    center.hang_up(PHONE)
    with pytest.raises(Refusal, match="is not logged in: the phone was hung up"):
        store(center, agent_id, call)
    with pytest.raises(Refusal, match="is not logged in: the phone was hung up"):
        await center.get_connection_for_agent(KEY, 1, agent_id)
    assert center.ledger()[0]["responses"] == []
    store(center, agent_id, call, last=True)
    assert [one["lastcall"] for one in center.ledger()[0]["responses"]] == [True]
    assert center.phone(PHONE).state == "idle"


async def test_a_kicked_agent_is_off_the_phone(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    question = wait(center, agent_id)
    await clock.go_on(1)
    center.kick_agent(KEY, 1, agent_id)
    reason = f"^Agent {agent_id} is not logged in: a supervisor hung up the phone.$"
    with pytest.raises(Refusal, match=reason):
        await question
    assert center.phone(PHONE).state == "idle"
    with pytest.raises(Refusal, match=reason):
        center.kick_agent(KEY, 1, agent_id)
    with pytest.raises(Refusal, match="cannot log in: the phone is not connected"):
        center.login_agent(KEY, 1, agent_id)


async def test_an_id_that_nobody_has_heard_yet_cannot_log_in(center: PracticeCenter, clock: HandClock) -> None:
    center.send_agent_call_back(KEY, 1, PHONE)
    with pytest.raises(Refusal, match="cannot log in: the phone is still ringing"):
        center.login_agent(KEY, 1, center.phone(PHONE).agent_id or "")
    center.hang_up(PHONE)


async def test_hanging_up_an_idle_phone_changes_nothing(center: PracticeCenter) -> None:
    center.hang_up(PHONE)
    assert center.phone(PHONE).state == "idle"


# --------------------------------------------------------------------------------------------------------- campaigns


async def test_people_are_called_only_while_the_campaign_runs(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock, campaign=2)
    await clock.go_on(600)
    center.start_campaign(KEY, 2)
    center.start_campaign(KEY, 2)
    question = asyncio.create_task(center.get_connection_for_agent(KEY, 2, agent_id))
    await clock.go_on(3.9)
    assert not question.done()
    await clock.go_on(8.2)
    assert (await question).first("campaignid") == "2"


async def test_a_campaign_that_stops_keeps_its_calls_and_its_queue(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    center.stop_campaign(KEY, 1)
    center.stop_campaign(KEY, 1)
    assert await center.get_connection_for_agent(KEY, 1, agent_id) == call
    store(center, agent_id, call)
    await clock.go_on(600)
    assert len(center.ledger()) == 1
    center.start_campaign(KEY, 1)
    assert await connect(center, clock, agent_id)


async def test_who_waits_or_asks_while_the_campaign_does_not_run_is_told_and_stays_in_the_queue(
    center: PracticeCenter, clock: HandClock
) -> None:
    agent_id = await log_in(center, clock)
    elsewhere = await log_in(center, clock, "+1 202 555 0190", campaign=2)
    questions = [wait(center, agent_id) for _ in range(2)]
    await clock.go_on(1)
    center.stop_campaign(KEY, 1)
    for question in [*questions, wait(center, agent_id)]:
        with pytest.raises(Refusal, match=r"^Campaign 1 is not running\.$"):
            await question
    with pytest.raises(Refusal, match=r"^Campaign 2 is not running\.$"):
        await center.get_connection_for_agent(KEY, 2, elsewhere)
    center.start_campaign(KEY, 2)
    other = asyncio.create_task(center.get_connection_for_agent(KEY, 2, elsewhere))
    await clock.go_on()
    center.stop_campaign(KEY, 1)
    await clock.go_on(12)
    assert (await other).first("campaignid") == "2"
    center.start_campaign(KEY, 1)
    assert await connect(center, clock, agent_id)


async def test_agents_are_called_and_log_in_while_the_campaign_does_not_run(center: PracticeCenter, clock: HandClock) -> None:
    center.stop_campaign(KEY, 1)
    agent_id = await log_in(center, clock)
    center.start_campaign(KEY, 1)
    assert await connect(center, clock, agent_id)


async def test_stopping_while_somebody_is_about_to_be_connected(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    await clock.go_on(1)
    center.stop_campaign(KEY, 1)
    await clock.go_on(600)
    assert center.ledger() == []
    center.start_campaign(KEY, 1)
    assert await connect(center, clock, agent_id)


# ------------------------------------------------------------------------------------------------------ later functions


def stats(center: PracticeCenter, agent_id: str) -> dict[str, str]:
    return {
        field.attributes[0][1] if field.attributes else field.name: field.text
        for field in center.get_agent_stats(KEY, 1, agent_id)
    }


async def test_what_an_agent_does_and_has_done_can_be_asked_at_any_time(center: PracticeCenter, clock: HandClock) -> None:
    center.send_agent_call_back(KEY, 1, PHONE)
    agent_id = center.phone(PHONE).agent_id or ""
    nothing_yet = {"callsConnected": "0", "responsesStored": "0", "campaignRunning": "true", "ratio": "1"}
    assert stats(center, agent_id) == {"agentId": agent_id, "campaignId": "1", "state": "phone ringing"} | nothing_yet
    await clock.go_on(3)
    assert stats(center, agent_id)["state"] == "not logged in"
    center.login_agent(KEY, 1, agent_id)
    assert stats(center, agent_id)["loggedInSince"] == "2025-01-06T09:00:03.000Z"
    assert stats(center, agent_id)["state"] == "waiting"
    for disposition in ("Sold", "Näh", "Sold"):
        call = await connect(center, clock, agent_id)
        assert (stats(center, agent_id)["state"], stats(center, agent_id)["currentCall"]) == ("connected", call.id)
        store(center, agent_id, call, "changed my mind")
        store(center, agent_id, call, disposition)
    center.stop_campaign(KEY, 1)
    done = stats(center, agent_id)
    assert (done["callsConnected"], done["responsesStored"]) == ("3", "6")
    assert (done["Sold"], done["Näh"], done.get("changed my mind")) == ("2", "1", None)
    assert (done["state"], done["campaignRunning"], "currentCall" in done) == ("waiting", "false", False)
    center.kick_agent(KEY, 1, agent_id)
    assert (stats(center, agent_id)["state"], "loggedInSince" in stats(center, agent_id)) == ("off the phone", False)


async def test_a_higher_ratio_means_a_shorter_wait(center: PracticeCenter, clock: HandClock) -> None:
    center.update_ratio(KEY, 1, Decimal("10"))
    agent_id = await log_in(center, clock)
    await clock.go_on(1.2)
    assert (await center.get_connection_for_agent(KEY, 1, agent_id)).first("agentid") == agent_id
    assert stats(center, agent_id)["ratio"] == "10"
    assert [(one["id"], one["ratio"], one["agents"]) for one in center.campaigns()] == [(1, 10, [agent_id]), (2, 1, [])]
    center.hang_up(PHONE)


@pytest.mark.parametrize("ratio", ["0.99", "10.01", "-1", "NaN", "Infinity"])
async def test_a_ratio_out_of_bounds_changes_nothing(center: PracticeCenter, ratio: str) -> None:
    with pytest.raises(Refusal, match=r"^The ratio must be from 1 to 10\.$"):
        center.update_ratio(KEY, 1, Decimal(ratio))
    assert center.campaigns()[0]["ratio"] == 1


# ------------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("key", "campaign", "sentence"),
    [
        ("secret-of-another", 1, "The key is not valid."),
        ("", 1, "The key is not valid."),
        (KEY, 99, "Campaign 99 is unknown."),
        (KEY, -1, "Campaign -1 is unknown."),
    ],
)
async def test_every_function_looks_at_key_and_campaign(
    center: PracticeCenter, clock: HandClock, key: str, campaign: int, sentence: str
) -> None:
    agent_id = await log_in(center, clock)
    for function in (
        lambda: center.send_agent_call_back(key, campaign, PHONE),
        lambda: center.login_agent(key, campaign, agent_id),
        lambda: center.store_agent_response(key, campaign, agent_id, CallResponse("1", "")),
        lambda: center.kick_agent(key, campaign, agent_id),
        lambda: center.start_campaign(key, campaign),
        lambda: center.stop_campaign(key, campaign),
        lambda: center.get_agent_stats(key, campaign, agent_id),
        lambda: center.update_ratio(key, campaign, Decimal(2)),
    ):
        with pytest.raises(Refusal) as refusal:
            function()
        assert str(refusal.value) == sentence
    with pytest.raises(Refusal) as refusal:
        await center.get_connection_for_agent(key, campaign, agent_id)
    assert str(refusal.value) == sentence
    center.hang_up(PHONE)


async def test_unknown_and_foreign_agents_and_unknown_calls_are_refused(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    with pytest.raises(Refusal, match="This agent id is unknown"):
        center.login_agent(KEY, 1, "0000")
    with pytest.raises(Refusal, match=f"Agent {agent_id} belongs to another campaign than 2"):
        center.login_agent(KEY, 2, agent_id)
    with pytest.raises(Refusal, match="This call is unknown"):
        store(center, agent_id, Call("no such"))
    assert center.ledger() == []
    center.hang_up(PHONE)


@pytest.mark.parametrize("number", ["", "12", "mother", "+1 202 555 0143 ext. 5", "1234567890123456", "١٢", "²³⁴", "1" * 10_000])
async def test_a_phone_number_must_be_one(center: PracticeCenter, number: str) -> None:
    for function in (
        lambda: center.send_agent_call_back(KEY, 1, number),
        lambda: center.hang_up(number),
        lambda: center.phone(number),
        lambda: center.watch_phone(number, print),
    ):
        with pytest.raises(Refusal, match="is not a phone number"):
            function()


# ---------------------------------------------------------------------------------------------- watching, and the ledger


async def test_a_watcher_is_told_each_change_until_it_stops(center: PracticeCenter, clock: HandClock) -> None:
    seen: list[tuple[str, str | None]] = []
    unwatch = center.watch_phone("12025550143", lambda view: seen.append((view.state, view.heard[-1] if view.heard else None)))
    agent_id = await log_in(center, clock)
    await clock.go_on(12)
    assert seen == [
        ("ringing", None),
        ("connected", f"Your agent ID is {' '.join(agent_id)}."),
        ("connected", HOLD_MUSIC),
        ("connected", "Hello, this is Maya. Who's calling?"),
    ]
    center.hang_up(PHONE)
    unwatch()
    unwatch()
    await clock.go_on()
    assert len(seen) == 4


async def test_a_watcher_may_ask_back(center: PracticeCenter, clock: HandClock) -> None:
    center.watch_phone(PHONE, lambda view: center.hang_up(PHONE) if view.state == "connected" else None)
    center.send_agent_call_back(KEY, 1, PHONE)
    await clock.go_on(3)
    assert center.phone(PHONE).state == "idle"


async def test_the_ledger_has_every_call_and_every_response_in_order(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    first = await connect(center, clock, agent_id)
    store(center, agent_id, first, "Sold")
    second = await connect(center, clock, agent_id)
    store(center, agent_id, second, "Näh <&> 😀", last=True)
    ledger = center.ledger()
    assert [(entry["id"], entry["agent"]) for entry in ledger] == [(first.id, agent_id), (second.id, agent_id)]
    assert ledger[1]["responses"] == [
        {
            "received_at": clock.now().isoformat(),
            "agentId": agent_id,
            "agentResponse": "Näh <&> 😀",
            "agentNotes": "notes",
            "lastcall": True,
        }
    ]
    times = [entry["connected_at"] for entry in ledger]
    assert all(moment.endswith("+00:00") for moment in times)
    assert all(earlier < later for earlier, later in pairwise(times))


async def test_a_phone_remembers_the_newest_lines_only(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    for _ in range(60):
        store(center, agent_id, await connect(center, clock, agent_id))
    assert len(center.phone(PHONE).heard) == 100
    center.hang_up(PHONE)


# ----------------------------------------------------------------------------------------------------------- CallType


async def test_a_call_tells_all_that_the_scenario_knows(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    for _ in range(2):
        store(center, agent_id, await connect(center, clock, agent_id))
    call = await connect(center, clock, agent_id)
    names = [field.name for field in call.fields]
    assert names[:4] == ["id", "campaignid", "phonenumber", "firstname"]
    assert "email" not in names
    assert call.fields[-2].children[0].attributes == (("name", "Last order"),)
    bakery = call.fields[-1]
    assert [(one.name, one.text) for one in bakery.children] == [
        ("opens", "05:30:00"),
        ("ovens", "3"),
        ("specialty", "mallorcas"),
        ("specialty", "pan sobao"),
    ]
    center.hang_up(PHONE)


# ------------------------------------------------------------------------------------------------------------- closing


async def test_closing_ends_every_wait_and_every_timer(center: PracticeCenter, clock: HandClock) -> None:
    agent_id = await log_in(center, clock)
    call = await connect(center, clock, agent_id)
    store(center, agent_id, call)
    center.send_agent_call_back(KEY, 2, "+1 202 555 0190")
    questions = [wait(center, agent_id) for _ in range(2)]
    await clock.go_on()
    await center.close()
    await center.close()
    for question in questions:
        with pytest.raises(CenterClosed):
            await question
    assert clock.sleeping() == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with pytest.raises(CenterClosed):
        center.login_agent(KEY, 1, agent_id)
    assert len(center.ledger()) == 1


# --------------------------------------------------------------------------------------------------------- everything at once


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_asked_in_whatever_order_the_shift_holds_together(
    scenario: Scenario, clock: HandClock, seed: int
) -> None:
    """Agents, lost answers, kicks and hang-ups at random: nobody has two people on the phone, and nobody waits for nothing."""
    chance = random.Random(seed)
    center = PracticeCenter(scenario, clock, random.Random(seed))
    numbers = [f"+1 202 555 019{digit}" for digit in range(3)]
    ids: list[str] = ["0000"]
    questions: list[asyncio.Task[Call]] = []

    def responses() -> int:
        return sum(len(entry["responses"]) for entry in center.ledger())

    def any_call() -> str:
        return str(chance.choice(center.ledger())["id"]) if center.ledger() else "none"

    for _ in range(400):
        number, agent_id, last = chance.choice(numbers), chance.choice(ids[-6:]), chance.random() < 0.2
        campaign = chance.choice([1, 1, 1, 2])
        step = chance.choice(
            [
                lambda number=number, campaign=campaign: center.send_agent_call_back(KEY, campaign, number),
                lambda agent_id=agent_id: center.login_agent(KEY, 1, agent_id),
                lambda agent_id=agent_id: questions.append(wait(center, agent_id)),
                lambda agent_id=agent_id, last=last: center.store_agent_response(
                    KEY, 1, agent_id, CallResponse(any_call(), "Sold"), lastcall=last
                ),
                lambda agent_id=agent_id: center.kick_agent(KEY, 1, agent_id) if chance.random() < 0.2 else None,
                lambda number=number: center.hang_up(number) if chance.random() < 0.2 else None,
                lambda: chance.choice([center.start_campaign, center.stop_campaign])(KEY, 1),
                lambda: [question.cancel() for question in questions if chance.random() < 0.1],
            ]
        )
        before, refused = responses(), False
        try:
            step()
        except Refusal:
            refused = True
        assert responses() - before in ({0} if refused else {0, 1})
        await clock.go_on(chance.choice([0, 0.5, 3, 12]))
        ids += [found for found in (center.phone(one).agent_id for one in numbers) if found and found not in ids]

    connections: dict[str, list[datetime]] = {}
    for entry in center.ledger():
        connections.setdefault(entry["agent"], []).append(datetime.fromisoformat(entry["connected_at"]))
    for number in numbers:
        center.hang_up(number)
    await clock.go_on()
    assert all(question.done() for question in questions)
    assert clock.sleeping() == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
    for question in questions:
        if not question.cancelled() and question.exception():
            assert isinstance(question.exception(), Refusal)
    assert center.ledger(), "in all this, somebody was connected"
    for moments in connections.values():  # whoever was queued twice would have two people sooner than the shortest wait
        assert all(later - earlier >= timedelta(seconds=4) for earlier, later in pairwise(moments))
