"""Which request goes over which connection: a fresh one each, but for the wait, which goes over the line of the response."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

import pytest

from desktop.callcenter import soap
from desktop.callcenter.model import CallResponse
from desktop.errors import AnswerNotUnderstood, OutcomeUnknown
from tests.callcenter.wire import ACCOUNT, KEY, center, chain, connected, done, http, read_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from desktop.callcenter.soap import SoapCallCenter

RESPONSE = CallResponse("4711", "Interested", "")
STORE, ASK = "storeAgentResponse", "getConnectionForAgent"


class Lines:
    """A service that leaves a connection open for as long as the client does."""

    def __init__(self) -> None:
        self.came: list[tuple[int, str]] = []
        """The number of the connection and the function of each request."""
        self.left: list[int] = []
        """Connections that the client has closed."""
        self.closes_after_storing = False
        self.to_the_wait: dict[int, Literal["closes", "nonsense", "nothing", "408", "stops"]] = {}
        """What the wait gets on the connection of that number; else a call."""
        self.stop: Callable[[], None] = lambda: None
        """Take no connection any more."""
        self._numbers = itertools.count(1)

    async def act(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        number = next(self._numbers)
        while request:
            function = next(
                one
                for one in (STORE, ASK, "loginAgent", "kickAgent")
                if f"<{one}".encode() in request or f":{one}".encode() in request
            )
            self.came.append((number, function))
            manner = self.to_the_wait.get(number) if function == ASK else None
            if manner == "stops":
                self.stop()
            if manner in {"closes", "stops"}:
                return
            if manner == "nothing":
                await reader.read()
                self.left.append(number)
                return
            answer = http(connected() if function == ASK else done(function))
            if manner == "nonsense":
                answer = http(b"<html>Hello</html>")
            elif manner == "408":
                answer = http(b"", "408 Request Timeout", "Connection: close")
            writer.write(answer)
            await writer.drain()
            if b"\r\nconnection: close" in request.lower() or (function == STORE and self.closes_after_storing):
                return
            try:
                request = await read_request(reader)
            except asyncio.IncompleteReadError:
                self.left.append(number)
                return


@asynccontextmanager
async def service() -> AsyncIterator[tuple[SoapCallCenter, Lines]]:
    lines = Lines()
    async with center(lines.act) as (client, server):
        lines.stop = server._server.close
        yield client, lines


async def store(client: SoapCallCenter, *, last: bool = False) -> None:
    await client.store_agent_response(ACCOUNT, "12", RESPONSE, last=last)


async def ask(client: SoapCallCenter) -> str:
    return (await client.get_connection_for_agent(ACCOUNT, "12")).id


async def test_the_wait_goes_over_the_line_of_the_response_and_the_next_response_over_a_fresh_one():
    async with service() as (client, lines):
        assert await ask(client) == "4711"
        for _ in range(2):
            await store(client)
            assert await ask(client) == "4711"
    assert lines.came == [(1, ASK), (2, STORE), (2, ASK), (3, STORE), (3, ASK)]


async def test_nothing_else_goes_over_a_line_that_was_used_before():
    async with service() as (client, lines):
        await store(client)
        await store(client)
        await client.kick_agent(ACCOUNT, "12")
        await client.login_agent(ACCOUNT, "12")
        await store(client, last=True)
        await ask(client)
    assert lines.came == [(1, STORE), (2, STORE), (3, "kickAgent"), (4, "loginAgent"), (5, STORE), (2, ASK)]


async def test_a_line_that_nobody_needs_any_more_is_closed():
    async with service() as (client, lines):
        await store(client)
        await store(client)
        await asyncio.sleep(0.05)
        assert lines.left == [1]
        await client.close()
        await asyncio.sleep(0.05)
        assert lines.left == [1, 2]


async def test_a_service_that_closes_its_lines_is_asked_over_a_fresh_one():
    told: list[int] = []
    async with service() as (client, lines):
        lines.closes_after_storing = True
        await store(client)
        await asyncio.sleep(0.05)  # so that the client has heard of it
        await client.get_connection_for_agent(ACCOUNT, "12", on_asked=lambda: told.append(1))
    assert lines.came == [(1, STORE), (2, ASK)]
    assert told == [1]


async def test_a_line_that_is_closed_just_when_the_wait_has_left_is_asked_anew():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "closes"}
        await store(client)
        assert await ask(client) == "4711"
    assert lines.came == [(1, STORE), (1, ASK), (2, ASK)]


async def test_only_once():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "closes", 2: "closes"}
        await store(client)
        with pytest.raises(OutcomeUnknown) as caught:
            await ask(client)
    assert lines.came == [(1, STORE), (1, ASK), (2, ASK)]
    assert chain(caught.value) == []
    assert KEY[:8] not in f"{caught.value!r}{caught.value.reason}"


async def test_a_service_that_says_on_its_way_out_that_it_has_heard_nothing_is_asked_over_a_fresh_line():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "408"}
        await store(client)
        assert await ask(client) == "4711"
        lines.to_the_wait = {3: "408"}
        with pytest.raises(AnswerNotUnderstood):  # as the answer of a line that is fresh it is one
            await ask(client)
    assert lines.came == [(1, STORE), (1, ASK), (2, ASK), (3, ASK)]


async def test_a_line_that_breaks_later_is_told_as_any_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(soap, "_JUST_THEN", 0)
    async with service() as (client, lines):
        lines.to_the_wait = {1: "closes"}
        await store(client)
        with pytest.raises(OutcomeUnknown):
            await ask(client)
    assert lines.came == [(1, STORE), (1, ASK)]


async def test_a_question_that_has_left_is_not_told_as_if_it_had_not_because_the_second_did_not_leave():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "stops"}
        await store(client)
        with pytest.raises(OutcomeUnknown) as caught:
            await ask(client)
    assert lines.came == [(1, STORE), (1, ASK)]
    assert chain(caught.value) == []


async def test_an_answer_is_an_answer_whatever_line_it_comes_over():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "nonsense"}
        await store(client)
        with pytest.raises(AnswerNotUnderstood):
            await ask(client)
    assert lines.came == [(1, STORE), (1, ASK)]


async def test_a_wait_that_is_given_up_hangs_up_its_line():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "nothing"}
        await store(client)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(client)
        await asyncio.sleep(0.05)
        assert lines.left == [1]
        assert await ask(client) == "4711"
    assert lines.came == [(1, STORE), (1, ASK), (2, ASK)]


async def test_a_wait_over_the_line_of_the_response_ends_with_its_client():
    async with service() as (client, lines):
        lines.to_the_wait = {1: "nothing"}
        await store(client)
        waiting = asyncio.create_task(ask(client))
        while (1, ASK) not in lines.came:
            await asyncio.sleep(0.01)
        await client.close()
        with pytest.raises(OutcomeUnknown):
            await waiting
    assert lines.came == [(1, STORE), (1, ASK)]


async def test_a_line_that_has_been_silent_for_too_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(soap, "_LEFT_OPEN", 0.01)
    async with service() as (client, lines):
        await store(client)
        await asyncio.sleep(0.05)
        await ask(client)
    assert lines.came == [(1, STORE), (2, ASK)]
