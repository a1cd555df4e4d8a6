"""Notifications by the desktop's own service: org.freedesktop.Notifications, as the Desktop Notifications Specification has it.

One connection stays open, because a service tells of a click only to the connection that the notification came by, and GNOME
takes a notification away together with that connection. There is one notification at most; each replaces the one before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.tasks import Tasks

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusRouter

log = logging.getLogger(__name__)

_NAME = _INTERFACE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"

_LONGEST_WAIT = 2.0
"""Seconds that the service may take before something else is used instead. It may still come round."""
_LOST = 30.0
"""Seconds after which an answer is no longer waited for."""
_MOST_TIMES = 3
"""How often the same notification is shown to a service that has started anew, for it may be ours that ends it."""
_STAYS = 8000
"""Milliseconds that a notification stays which is no more than a test."""
_NORMAL, _CRITICAL = 1, 2
"""The second one stays until it is seen or taken away: other ones vanish by themselves after seconds, whatever is asked for."""


@dataclass(slots=True, eq=False)
class _Words:
    """A notification; two of the same words are two."""

    title: str
    text: str
    passing: bool
    times: int = 0


class NotificationService:
    """What the service is to show. It may be missing, start anew, or hang; none of it holds anybody up for long.

    `pressed` is told of a click on the notification, with the token by which Wayland lets a window come forward (else empty).
    """

    def __init__(self, pressed: Callable[[str], None]) -> None:
        self._pressed = pressed
        self._tasks = Tasks(_on_crash)
        self._wanted: _Words | None = None
        self._told: _Words | None = None
        """What the service knows of: the same as wanted as soon as it has answered."""
        self._number = 0
        """The service's number of the notification that is on the screen; 0 if there is none."""
        self._offers: frozenset[str] | None = None
        """What the service can do (GetCapabilities); None until it has said so."""
        self._token = ""
        self._step: asyncio.Task[None] | None = None
        self._hangs = False
        self._closed = False
        self._life: asyncio.Task[None] | None = None
        self._router: DBusRouter | None = None

    async def answers(self) -> bool:
        """Whether there is a service that answers. Nothing is shown."""
        if self._closed:
            return False
        self._offers = None
        await self._bring_about()
        return self._offers is not None

    async def show(self, title: str, text: str, *, passing: bool = False) -> bool:
        """Show a notification instead of the one before; tell whether the service has taken it by now.

        It stays until it is clicked, dismissed or taken away. A `passing` one goes by itself.
        """
        if self._closed:
            return False
        self._wanted = wanted = _Words(title, text, passing)
        await self._bring_about()
        return self._told is wanted

    async def take_away(self) -> None:
        """Have nothing on the screen any more."""
        if not self._closed:
            self._wanted = None
            await self._bring_about()

    async def close(self) -> None:
        """Take the notification away and let go of the bus, for good."""
        self._closed = True
        self._wanted = None
        if self._life is not None:
            await self._bring_about()
        if self._step is not None:
            self._step.cancel()
            await asyncio.wait({self._step})
        await self._hang_up()

    async def _bring_about(self) -> None:
        """Have the service show what is wanted, but wait no longer for it than anybody should."""
        self._begin_step()
        if self._step is not None and not self._hangs:
            await asyncio.wait({self._step}, timeout=_LONGEST_WAIT)
            self._hangs = not self._step.done()

    def _begin_step(self) -> None:
        if self._step is None or self._step.done():
            self._hangs = False
            self._step = self._tasks.spawn(self._settle(), "notification service")

    async def _settle(self) -> None:
        """Tell the service, one thing after the other, until there is no more to tell."""
        from jeepney import DBusErrorResponse

        try:
            async with asyncio.timeout(_LOST):
                router = await self._connect()
                while self._offers is None or self._is_due:
                    if self._offers is None:
                        [offers] = await self._ask(router, "GetCapabilities")
                        self._offers = frozenset(offers)
                    else:
                        await self._tell(router, self._wanted)
        except DBusErrorResponse as refused:
            log.info("no notification service: %s", refused.name)
        except Exception as wrong:  # noqa: BLE001 - no bus, an odd service, no answer: each just means "not shown there"
            log.info("no notification service: %s", type(wrong).__name__)
            await self._hang_up()

    @property
    def _is_due(self) -> bool:
        """Whether the service is to be told something."""
        return self._told is not self._wanted and (self._wanted is None or self._wanted.times < _MOST_TIMES)

    async def _tell(self, router: DBusRouter, words: _Words | None) -> None:
        from jeepney import DBusErrorResponse

        if words is not None:
            words.times += 1
            [self._number] = await self._ask(router, "Notify", "susssasa{sv}i", self._notification(words))
        elif self._number:
            with contextlib.suppress(DBusErrorResponse):  # it has gone by itself
                await self._ask(router, "CloseNotification", "u", (self._number,))
            self._number = 0
        self._told = words

    def _notification(self, words: _Words) -> tuple[object, ...]:
        """The arguments of Notify."""
        offers = self._offers or frozenset()
        title, text = words.title, words.text
        if "body" not in offers:
            title, text = f"{title} - {text}", ""
        elif "body-markup" in offers:
            text = html.escape(text, quote=False)
        hints = {
            "urgency": ("y", _NORMAL if words.passing else _CRITICAL),
            "category": ("s", "call.incoming"),
            "desktop-entry": ("s", "nextcall"),
            "suppress-sound": ("b", True),  # sounds are chosen in NextCall
            "transient": ("b", words.passing),
        }
        actions = ["default", "Show"] if "actions" in offers else []
        stays = _STAYS if words.passing else 0
        return ("NextCall", self._number, "nextcall", title, text, actions, hints, stays)

    async def _ask(self, router: DBusRouter, method: str, signature: str | None = None, body: tuple[object, ...] = ()) -> Any:
        from jeepney import DBusAddress, new_method_call
        from jeepney.wrappers import unwrap_msg

        address = DBusAddress(_PATH, bus_name=_NAME, interface=_INTERFACE)
        return unwrap_msg(await router.send_and_get_reply(new_method_call(address, method, signature, body)))

    # The connection

    async def _connect(self) -> DBusRouter:
        """The bus, with an ear on what the service tells."""
        if self._router is None:
            opened: asyncio.Future[DBusRouter] = asyncio.get_running_loop().create_future()
            self._life = self._tasks.spawn(self._live(opened), "notification signals")
            self._router = await opened
        return self._router

    async def _live(self, opened: asyncio.Future[DBusRouter]) -> None:
        from jeepney import MatchRule, message_bus
        from jeepney.io.asyncio import DBusRouter, open_dbus_connection
        from jeepney.wrappers import unwrap_msg

        told = MatchRule(type="signal", sender=_NAME, interface=_INTERFACE, path=_PATH)
        owner = MatchRule(type="signal", sender=message_bus.bus_name, interface=message_bus.interface, member="NameOwnerChanged")
        owner.add_arg_condition(0, _NAME)
        heard: asyncio.Queue[Message] = asyncio.Queue()
        try:
            connection = await open_dbus_connection("SESSION")
            async with connection, DBusRouter(connection) as router:
                with router.filter(MatchRule(type="signal"), queue=heard):
                    for rule in (told, owner):
                        unwrap_msg(await router.send_and_get_reply(message_bus.AddMatch(rule)))
                    opened.set_result(router)
                    while True:
                        self._hear(await heard.get())
        except Exception as wrong:  # noqa: BLE001 - whoever waits for the connection is told; later it is gone, and that is all
            if not opened.done():
                opened.set_exception(wrong)

    async def _hang_up(self) -> None:
        """Let go of the bus, and of what was on the screen: it may have gone with it."""
        life, self._life, self._router = self._life, None, None
        self._offers = self._told = None
        self._number = 0
        if life is not None:
            life.cancel()
            await asyncio.wait({life})

    def _hear(self, message: Message) -> None:
        from jeepney import HeaderFields

        member, body = message.header.fields.get(HeaderFields.member), message.body
        match member, body:
            case "NameOwnerChanged", (name, _, owner) if name == _NAME:
                self._on_owner_changed(owner)
            case "ActivationToken", (number, str(token)) if number == self._number:
                self._token = token
            case "ActionInvoked", (number, "default") if number == self._number:
                token, self._token = self._token, ""
                self._pressed(token)
            case "NotificationClosed", (number, *_) if number == self._number:
                self._number = 0

    def _on_owner_changed(self, owner: str) -> None:
        """The service has ended, or another one is there: what was on the screen has gone with it."""
        self._offers = None
        if self._number:
            self._number = 0
            self._told = None
        if owner and self._is_due:
            self._begin_step()


def _on_crash(name: str, failure: BaseException) -> None:
    """Tell it where the program hears of all that fails unforeseen."""
    asyncio.get_running_loop().call_exception_handler({"message": name, "exception": failure})
