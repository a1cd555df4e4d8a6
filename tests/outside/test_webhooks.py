"""Telling other systems of calls: in order, signed, again if need be, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.errors import KeyNotKept
from desktop.outside import webhooks as module
from desktop.outside.webhooks import PAUSES, Webhooks
from desktop.popup.profile import Webhook
from desktop.tasks import Tasks
from tests.callcenter.wire import Authority, answers, hangs_up, http, never_answers
from tests.outside.other import NO_CONTENT, SECRET, OtherSystem, Request, status
from tests.simulation import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SHARED = "a sécret"
SOON = (0.001, 0.001)
OUT_OF_ORDER = status("500 Oops")
REFUSED = status("403 Forbidden")


def body(number: int) -> bytes:
    """A message with personal data in it."""
    return json.dumps({"event": "stored", "call": str(number), "notes": SECRET}).encode()


def told(other: OtherSystem) -> list[str]:
    """The call of each message, in the order in which they came."""
    return [json.loads(one.body)["call"] for one in other.asked]


def ids(other: OtherSystem) -> list[str]:
    return [one.headers["x-nextcall-delivery"] for one in other.asked]


def hook(other: OtherSystem, path: str = f"/{SECRET}?token={SECRET}", secret: str = "crm") -> Webhook:
    return Webhook(address=f"{other.url}{path}", secret=secret, on=("stored",))


class Keyring:
    """The secrets, and which of them was asked for."""

    def __init__(self) -> None:
        self.secrets: dict[str, str | Exception] = {"crm": SHARED}
        self.asked: list[str] = []

    async def secret(self, name: str) -> str:
        self.asked.append(name)
        found = self.secrets.get(name, "")
        if isinstance(found, Exception):
            raise found
        return found


class Sender:
    """Webhooks with a keyring, and what a window would have been told."""

    def __init__(self, pauses: tuple[float, ...] = SOON) -> None:
        self.keyring = Keyring()
        self.sentences: list[str] = []
        self.crashes: list[BaseException] = []
        self.tasks = Tasks(lambda _name, failure: self.crashes.append(failure))
        self.webhooks = Webhooks(self.keyring.secret, self.tasks, troubled=self.sentences.append, pauses=pauses)

    def tell(self, webhook: Webhook, *numbers: int) -> None:
        for number in numbers:
            self.webhooks.tell(webhook, body(number))

    async def idle(self) -> None:
        await until(lambda: not self.tasks._running)


@asynccontextmanager
async def sending(*replies: object, pauses: tuple[float, ...] = SOON) -> AsyncIterator[tuple[Sender, OtherSystem]]:
    """A sender and a receiver; in the end everything has ended and nothing has crashed."""
    async with OtherSystem(*replies) as other:  # type: ignore[arg-type]
        sender = Sender(pauses)
        yield sender, other
        await sender.webhooks.close(0)
        assert not sender.tasks._running
        assert not sender.crashes


# ------------------------------------------------------------------------------------------------------------------ arriving


async def test_a_message_arrives_signed():
    async with sending(NO_CONTENT) as (sender, other):
        assert sender.tell(hook(other), 1) is None
        assert other.requests == []  # it returns before anything is sent
        await sender.idle()
        [request] = other.asked
    assert (request.method, request.target, request.body) == ("POST", f"/{SECRET}?token={SECRET}", body(1))
    assert request.is_signed_with(SHARED)
    assert not request.is_signed_with("another")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert len(request.headers["x-nextcall-delivery"]) == 32
    assert sender.sentences == []


async def test_messages_arrive_in_order_each_with_an_id_of_its_own():
    async with sending(NO_CONTENT) as (sender, other):
        sender.tell(hook(other), *range(20))
        await sender.idle()
        assert told(other) == [str(number) for number in range(20)]
        assert len(set(ids(other))) == 20
        assert sender.keyring.asked == ["crm"]  # a keyring may prompt: once is enough


async def test_over_tls_as_everywhere(authority: Authority):
    sender = Sender()
    async with OtherSystem(NO_CONTENT, tls=authority.server_context("localhost"), host="localhost") as other:
        sender.tell(hook(other), 1)
        await sender.idle()
        assert told(other) == ["1"]


@pytest.mark.usefixtures("qapp")
async def test_on_the_loop_of_the_windows():
    async with sending(OUT_OF_ORDER, NO_CONTENT, OUT_OF_ORDER, pauses=(0.01, 60)) as (sender, other):
        sender.tell(hook(other), 1)
        await sender.idle()
        assert told(other) == ["1", "1"]


# ------------------------------------------------------------------------------------------------------------------ once more


@pytest.mark.parametrize(
    "reply",
    [
        hangs_up,
        OUT_OF_ORDER,
        status("503 Busy"),
        status("599 Odd"),
        status("408 Request Timeout"),
        status("429 Too Many Requests"),
    ],
    ids=["closed", "500", "503", "599", "408", "429"],
)
async def test_what_may_fare_better_is_tried_again_as_the_same_message(reply: object):
    async with sending(reply, reply, NO_CONTENT) as (sender, other):
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        assert told(other) == ["1", "1", "1", "2"]
        one, again, once_more, next_ = ids(other)
        assert one == again == once_more != next_
        assert all(request.is_signed_with(SHARED) for request in other.asked)
        assert sender.sentences == []


@pytest.mark.parametrize(
    "line", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone", "302 Found"]
)
@pytest.mark.logs("given up after try 1: 127.0.0.1 answered with HTTP")
async def test_what_is_refused_is_not_tried_again(line: str):
    async with sending(status(line, "Location: https://elsewhere.example/"), NO_CONTENT) as (sender, other):
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        assert told(other) == ["1", "2"]
        [sentence] = sender.sentences
        assert sentence.startswith(f"Another system was not told of a call. 127.0.0.1 answered with HTTP {line[:3]}")


@pytest.mark.logs("webhook stored to 127.0.0.1: given up after try 3: 127.0.0.1 answered with HTTP 500.")
async def test_after_the_last_pause_a_message_is_given_up():
    async with sending(*[OUT_OF_ORDER] * 3, NO_CONTENT) as (sender, other):
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        assert told(other) == ["1", "1", "1", "2"]
        assert sender.sentences == ["Another system was not told of a call. 127.0.0.1 answered with HTTP 500."]


@pytest.mark.logs("given up after try 3: 127.0.0.1 takes no connections.")
async def test_a_receiver_that_is_gone():
    async with sending(NO_CONTENT) as (sender, other):
        await other.__aexit__()
        sender.tell(hook(other), 1)
        await sender.idle()


@pytest.mark.logs("given up after try 1: An address of another system begins with https://")
async def test_an_address_that_cannot_be_used_is_not_tried_again():
    sender = Sender()
    sender.tell(Webhook(address=f"http://hooks.example/?{SECRET}", secret="crm"), 1)
    await sender.idle()
    assert len(sender.sentences) == 1


@pytest.mark.logs("given up")
async def test_a_window_is_told_of_a_trouble_once():
    async with sending(REFUSED, REFUSED, NO_CONTENT, REFUSED, NO_CONTENT) as (sender, other):
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        assert len(sender.sentences) == 1
        sender.tell(hook(other), 3, 4, 5)
        await sender.idle()
        assert len(sender.sentences) == 2  # it had worked in between


@pytest.mark.logs("2 messages to other systems were not delivered")
async def test_one_address_does_not_wait_for_another():
    async with sending(never_answers) as (sender, slow), OtherSystem(NO_CONTENT) as quick:
        sender.tell(hook(slow), 1, 2)
        sender.tell(hook(quick), 3, 4)
        await until(lambda: len(sender.tasks._running) == 1)
        assert told(quick) == ["3", "4"]
        assert told(slow) == ["1"]
        await sender.webhooks.close(0)


class Dice(random.Random):
    """Makes every pause a millionth of what it is, and knows between which bounds it was asked to throw."""

    def __init__(self) -> None:
        super().__init__()
        self.bounds: list[tuple[float, float]] = []

    def uniform(self, a: float, b: float) -> float:
        self.bounds.append((a, b))
        return 1e-6


async def test_there_are_five_more_tries_after_growing_pauses_that_are_spread():
    assert PAUSES == (1, 5, 30, 120, 600)
    dice = Dice()
    async with OtherSystem(*[OUT_OF_ORDER] * 5, NO_CONTENT) as other:
        tasks = Tasks(lambda *_: None)
        Webhooks(Keyring().secret, tasks, dice=dice).tell(hook(other), body(1))
        await until(lambda: not tasks._running)
        assert told(other) == ["1"] * 6
    assert dice.bounds == [(1, 1.25)] * 5


# ----------------------------------------------------------------------------------------------------------------- too many


@pytest.mark.logs("webhook stored to 127.0.0.1: dropped, for 200 newer ones wait")
async def test_the_oldest_that_wait_are_dropped():
    go_on = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        await go_on.wait()
        await answers(NO_CONTENT)(reader, writer, request)

    async with sending(waits, NO_CONTENT) as (sender, other):
        sender.tell(hook(other), 0)
        await until(lambda: other.asked)
        sender.tell(hook(other), *range(1, 204))
        go_on.set()
        await sender.idle()
        assert told(other) == ["0", *(str(number) for number in range(4, 204))]


# ----------------------------------------------------------------------------------------------------------------- no secret


@pytest.mark.logs(
    "127.0.0.1 is told of no calls, for there is no secret crm to sign with: this computer's keyring has none of that name."
)
async def test_without_its_secret_nothing_is_sent_and_that_is_told_once(caplog: pytest.LogCaptureFixture):
    async with sending(NO_CONTENT) as (sender, other):
        sender.keyring.secrets["crm"] = ""
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        sender.tell(hook(other), 3)
        await sender.idle()
        assert other.connections == 0
        [sentence] = sender.sentences
        assert "nextcall keep-secret" in sentence
        assert len([one for one in caplog.records if one.levelno == logging.WARNING]) == 1
        assert sender.keyring.asked == ["crm"]


@pytest.mark.logs("no secret crm to sign with: the keyring did not answer.")
async def test_a_keyring_that_fails_is_told_and_asked_no_more():
    async with sending(NO_CONTENT) as (sender, other):
        sender.keyring.secrets["crm"] = KeyNotKept("the keyring did not answer")
        sender.tell(hook(other), 1, 2)
        await sender.idle()
        assert (other.connections, len(sender.sentences), sender.keyring.asked) == (0, 1, ["crm"])


@pytest.mark.logs("no secret other to sign with")
async def test_each_secret_is_found_by_its_own_name():
    async with sending(NO_CONTENT) as (sender, other):
        sender.tell(hook(other, secret="other"), 1)
        sender.tell(hook(other), 2)
        await sender.idle()
        assert told(other) == ["2"]


# ------------------------------------------------------------------------------------------------------------------- the log


@pytest.mark.logs("given up")
async def test_the_log_says_what_happened_and_nothing_of_anybody(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with sending(OUT_OF_ORDER, NO_CONTENT, http(SECRET.encode(), "400 Bad")) as (sender, other):
        sender.tell(hook(other), 1, 2)
        sender.webhooks.tell(hook(other), b"no message of ours")
        await sender.idle()
    said = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    assert said == [
        "webhook stored to 127.0.0.1: try 1 failed: 127.0.0.1 answered with HTTP 500.",
        "webhook stored to 127.0.0.1: delivered, try 2",
        "webhook stored to 127.0.0.1: given up after try 1: 127.0.0.1 answered with HTTP 400.",
        "webhook unknown to 127.0.0.1: given up after try 1: 127.0.0.1 answered with HTTP 400.",
    ]
    everything = caplog.text + repr([vars(record) for record in caplog.records]) + "".join(sender.sentences)
    assert SECRET not in everything
    assert SHARED not in everything
    assert "no message of ours" not in everything


# ------------------------------------------------------------------------------------------------------------------- leaving


async def test_leaving_with_nothing_to_tell():
    await Sender().webhooks.close()


async def test_what_waits_for_its_next_try_gets_it_at_once(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    async with sending(OUT_OF_ORDER, NO_CONTENT, pauses=(600, 600)) as (sender, other):
        sender.tell(hook(other), 1, 2, 3)
        await until(lambda: "try 1 failed" in caplog.text)
        await sender.webhooks.close(20)
        assert told(other) == ["1", "1", "2", "3"]
        assert sender.sentences == []


@pytest.mark.logs("3 messages to other systems were not delivered", "given up after try 2", "given up after try 1")
async def test_each_has_one_last_try(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    async with sending(OUT_OF_ORDER, OUT_OF_ORDER, OUT_OF_ORDER, NO_CONTENT, OUT_OF_ORDER, pauses=(600, 600)) as (sender, other):
        sender.tell(hook(other), 1, 2, 3, 4)
        await until(lambda: "try 1 failed" in caplog.text)
        await sender.webhooks.close(20)
        assert told(other) == ["1", "1", "2", "3", "4"]
        assert sender.sentences == []  # the window is going as well


@pytest.mark.logs("3 messages to other systems were not delivered")
async def test_nobody_waits_long_for_a_receiver_that_does_not_answer():
    async with sending(never_answers) as (sender, other):
        sender.tell(hook(other), 1, 2, 3)
        await until(lambda: other.asked)
        await sender.webhooks.close(0.05)
        assert told(other) == ["1"]


async def test_afterwards_nothing_is_sent():
    async with sending(NO_CONTENT) as (sender, other):
        await sender.webhooks.close()
        sender.tell(hook(other), 1)
        assert not sender.tasks._running
        assert other.connections == 0


# --------------------------------------------------------------------------------------------------- whatever a receiver does

DEEDS = {"takes": NO_CONTENT, "out of order": OUT_OF_ORDER, "refuses": REFUSED, "hangs up": hangs_up}


@settings(max_examples=40)
@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=12), st.integers(1, 5))
def test_a_receiver_gets_what_it_can_in_order_and_can_drop_doubles(deeds: list[str], messages: int):
    """A model of what must arrive: each message until it is taken, refused, or was tried three times."""
    left = [*deeds]
    expected: list[str] = []
    taken: list[str] = []
    for number in range(messages):
        for _ in range(len(SOON) + 1):
            deed = left.pop(0) if left else "takes"
            expected.append(str(number))
            if deed == "takes":
                taken.append(str(number))
            if deed in {"takes", "refuses"}:
                break

    async def play() -> None:
        async with sending(*(DEEDS[deed] for deed in deeds), NO_CONTENT) as (sender, other):
            sender.tell(hook(other), *range(messages))
            await sender.idle()
            assert told(other) == expected
            by_id: dict[str, Request] = dict(zip(ids(other), other.asked, strict=True))
            assert [json.loads(one.body)["call"] for one in by_id.values()] == list(dict.fromkeys(expected))
            assert bool(sender.sentences) == (len(taken) < messages)

    logging.disable(logging.WARNING)  # it is logged, but how often is another test's
    try:
        asyncio.run(play())
    finally:
        logging.disable(logging.NOTSET)
