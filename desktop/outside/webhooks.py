"""Tells other systems of calls, in order, and again if they could not be reached.

Nothing that waits here outlives the program, on purpose: the call center's own data are the truth about calls, a webhook is a
hint that there is something to look at, and a queue of who was called has no business on the disk. A receiver may be told the
same thing twice; the id in `X-NextCall-Delivery` is then the same. The log says event, host, outcome and tries, never the rest of
the address and nothing of the message. What a message says is popup/webhook.py's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec

from desktop.errors import NextCallError, OutsideError, OutsideNotReached, OutsideRefused
from desktop.outside import web
from desktop.popup.profile import Moment, Webhook
from desktop.popup.webhook import headers
from desktop.popup.wording import one_line
from desktop.tasks import Tasks

log = logging.getLogger(__name__)

DELIVERY = "X-NextCall-Delivery"
"""The header with a message's id: the same for every try."""
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds before each further try, and up to a quarter more, so that not all agents come at once; then a message is given up."""
MOST_WAITING = 200
"""Messages that wait at most; beyond that the oldest are dropped."""
_BUSY = frozenset({408, 429})
"""What a receiver answers that may take it later, besides every 5xx."""


class _Said(msgspec.Struct):
    event: Moment


@dataclass(frozen=True, slots=True)
class _Message:
    webhook: Webhook = field(repr=False)
    body: bytes = field(repr=False)
    id: str = field(default_factory=lambda: uuid4().hex)

    def __str__(self) -> str:
        """The message as it can be logged."""
        try:
            event: str = msgspec.json.decode(self.body, type=_Said).event
        except msgspec.DecodeError:
            event = "unknown"
        return f"webhook {event} to {web.host(self.webhook.address)}"


class Webhooks:
    """The messages of one desk.

    `secret` gives the shared secret of a name, empty if there is none; it may raise a NextCallError. It is asked once for a name:
    a keyring that prompts for its password must not do so at every call. `troubled` is given a sentence for the NextCall window:
    a secret that is missing, and a message that was given up, the latter once until the same address takes one again.
    """

    def __init__(
        self,
        secret: Callable[[str], Awaitable[str]],
        tasks: Tasks,
        *,
        troubled: Callable[[str], None] = lambda _sentence: None,
        pauses: Sequence[float] = PAUSES,
        dice: random.Random | None = None,
    ) -> None:
        self._secret = secret
        self._tasks = tasks
        self._troubled = troubled
        self._pauses = pauses
        self._dice = dice or random.Random()  # noqa: S311 - spreads tries, hides nothing
        self._secrets: dict[str, str] = {}
        self._waiting: deque[_Message] = deque()
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._in_trouble: set[str] = set()
        self._lost = 0
        """Messages that were given up while NextCall was being closed."""
        self._leaving = asyncio.Event()

    def tell(self, webhook: Webhook, body: bytes) -> None:
        """Have `body` sent to the webhook's address, after what it is to be told already. Returns at once and raises nothing."""
        message = _Message(webhook, body)
        if self._leaving.is_set():
            log.info("%s: not sent, NextCall is being closed", message)
            return
        self._waiting.append(message)
        while len(self._waiting) > MOST_WAITING:
            log.warning("%s: dropped, for %d newer ones wait", self._waiting.popleft(), MOST_WAITING)
        sender = self._senders.get(webhook.address)
        if sender is None or sender.done():
            self._senders[webhook.address] = self._tasks.spawn(self._send_all(webhook.address), "webhook")

    async def close(self, patience: float = 3.0) -> None:
        """Try once more all that waits, in `patience` seconds altogether; then give up, and log how many were not told."""
        self._leaving.set()
        late: set[asyncio.Task[None]] = set()
        if senders := {sender for sender in self._senders.values() if not sender.done()}:
            _, late = await asyncio.wait(senders, timeout=patience)
        for sender in late:
            sender.cancel()
        if late:
            await asyncio.wait(late)
        lost = self._lost + len(self._waiting) + len(late)  # each of these was at one message
        self._waiting.clear()
        if lost:
            log.warning("%d messages to other systems were not delivered", lost)

    async def _send_all(self, address: str) -> None:
        while (message := next((one for one in self._waiting if one.webhook.address == address), None)) is not None:
            self._waiting.remove(message)
            if not await self._send(message) and self._leaving.is_set():
                self._lost += 1

    async def _send(self, message: _Message) -> bool:
        """Send until it is taken or given up; whether it was taken."""
        secret = await self._secret_for(message)
        if not secret:
            return False
        address = message.webhook.address
        signed = headers(message.body, secret) | {DELIVERY: message.id}
        tries = 0
        while True:
            tries += 1
            try:
                await web.post(address, message.body, signed)
            except OutsideError as raised:
                failure = raised
            else:
                log.info("%s: delivered, try %d", message, tries)
                self._in_trouble.discard(address)
                return True
            if tries > len(self._pauses) or not _may_help(failure) or self._leaving.is_set():
                break
            log.info("%s: try %d failed: %s", message, tries, failure.reason)
            await self._pause(self._pauses[tries - 1])
        log.warning("%s: given up after try %d: %s", message, tries, failure.reason)
        if address not in self._in_trouble:
            self._in_trouble.add(address)
            self._say(f"Another system was not told of a call. {failure.reason}")
        return False

    async def _pause(self, seconds: float) -> None:
        """Wait that long and up to a quarter more, or until NextCall is being closed."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._leaving.wait(), seconds * self._dice.uniform(1, 1.25))

    async def _secret_for(self, message: _Message) -> str:
        name = message.webhook.secret
        if name not in self._secrets:
            secret, why = "", "this computer's keyring has none of that name"
            try:
                secret = await self._secret(name)
            except NextCallError as failure:
                why = failure.reason
            self._secrets[name] = secret
            if not secret:
                address = web.host(message.webhook.address)
                sentence = f"{address} is told of no calls, for there is no secret {one_line(name)} to sign with: {why}."
                log.warning("%s", sentence)
                self._say(f"{sentence} Once nextcall keep-secret has kept it, start NextCall again.")
        return self._secrets[name]

    def _say(self, sentence: str) -> None:
        if not self._leaving.is_set():  # then the window goes as well
            self._troubled(sentence)


def _may_help(failure: OutsideError) -> bool:
    """Whether a later try may fare better."""
    if isinstance(failure, OutsideRefused):
        return failure.status >= 500 or failure.status in _BUSY
    return isinstance(failure, OutsideNotReached)
