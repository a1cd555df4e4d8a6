"""What stands outside of the practice service in its tests: a clock that a test moves, and a client that is not ours."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from desktop.practice.server import PracticeService

PHONE = "+1 202 555 0143"


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        waking = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), waking))
        await waking

    async def go_on(self, seconds: float = 0) -> None:
        """Let that many seconds go by, and everything happen that falls into them."""
        end = self._now + timedelta(seconds=seconds)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waking = heapq.heappop(self._sleepers)
            if not waking.done():
                self._now = due
                waking.set_result(None)
                await self._settle()
        self._now = end

    def sleeping(self) -> int:
        """How many are still to be woken."""
        return sum(not waking.done() for _, _, waking in self._sleepers)

    @staticmethod
    async def _settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


def go_on(service: PracticeService, clock: HandClock, seconds: float) -> None:
    """Let that many seconds go by in a service that lives by `clock`."""
    assert service._loop
    asyncio.run_coroutine_threadsafe(clock.go_on(seconds), service._loop).result()


class Dice(random.Random):
    """Throws the shortest wait in the queue, until a test has had enough: then nobody is connected for an hour."""

    enough = False

    def uniform(self, a: float, b: float) -> float:
        return 3600 if self.enough else a


class Caller:
    """A bare HTTP client of a practice service: SOAP by hand, JSON, and what it got."""

    def __init__(self, service_url: str) -> None:
        self.origin = service_url.partition("/service/")[0]

    def json(self, path: str, *, method: str = "GET") -> Any:
        with urllib.request.urlopen(urllib.request.Request(self.origin + path, method=method)) as answer:
            return json.load(answer)

    def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        """Status and body of what is at that URL."""
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def agent_id(self, number: str = PHONE) -> str:
        """The id that a voice says on the phone, once it is picked up."""
        path = f"/practice/phones/{urllib.parse.quote(number)}"
        until(lambda: self.json(path)["state"] == "connected")
        return str(self.json(path)["agentId"])

    def post(self, body: bytes, path: str = "/service/PredictiveService", **headers: str) -> tuple[int, str, etree._Element]:
        """Status, content type and SOAP body of the answer."""
        request = urllib.request.Request(self.origin + path, body, {"Content-Type": "text/xml; charset=utf-8"} | headers)
        try:
            with urllib.request.urlopen(request) as answer:
                status, kind, text = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, kind, text = error.code, error.headers["Content-Type"], error.read()
        return status, kind, etree.fromstring(text)[0]

    def ask(self, function: str, service: str = "PredictiveService", **parameters: object) -> etree._Element:
        """Have a function done, with the right key in campaign 1; the element inside the SOAP body."""
        parameters = {"key": "practice", "campaignId": 1} | parameters
        return self.post(envelope(function, service, **parameters), f"/service/{service}")[2][0]

    def log_in(self, number: str = PHONE) -> str:
        """A phone rung and an agent logged in; the agent's id."""
        self.ask("sendAgentCallBack", phonenumber=number)
        agent_id = self.agent_id(number)
        self.ask("loginAgent", agentId=agent_id)
        return agent_id


def until(happened: Callable[[], Any]) -> Any:
    """Whatever `happened` returns, as soon as that is true. The test's own time limit is the only one."""
    while not (result := happened()):
        time.sleep(0.005)
    return result


def envelope(function: str, service: str = "PredictiveService", *, soap: str = "11", **parameters: object) -> bytes:
    """A request as a plain client would write it."""
    namespace = {"11": "http://schemas.xmlsoap.org/soap/envelope/", "12": "http://www.w3.org/2003/05/soap-envelope"}[soap]
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in parameters.items())
    return (
        f'<s:Envelope xmlns:s="{namespace}"><s:Body>'
        f'<f:{function} xmlns:f="http://practice.nextcall.example/{service}">{inside}</f:{function}>'
        "</s:Body></s:Envelope>"
    ).encode()


def waiting(service: PracticeService) -> int:
    """How many questions for a connection are open in the service."""
    return service._on_the_thread(lambda: sum(len(agent.waiters) for agent in service._center._agents.values()))


def handlers(service: PracticeService) -> int:
    """How many tasks the service has, beside its own."""
    return service._on_the_thread(lambda: len(asyncio.all_tasks()))
