"""Notifications at a real service (dunst), at services with faults of their own, and where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from desktop.ui import notifier as notifier_module
from desktop.ui import notifier_linux
from desktop.ui.notifier import Notifier, Way
from tests.desk import Desk, Notification, Session, _home, needs, wait_until
from tests.simulation import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

SERVICE = "org.freedesktop.Notifications"
SOMEBODY = "Somebody is on your line. The popup shows who it is."
CLICK = (200, 80)
"""On the notification: those of the desk are at the upper left."""


class Tray:
    """The other way: what came through it."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.is_there = True

    def notify(self, title: str, text: str) -> bool:
        if self.is_there:
            self.messages.append(f"{title}. {text}")
        return self.is_there


@contextlib.asynccontextmanager
async def a_notifier(*, practice: bool = False) -> AsyncIterator[tuple[Notifier, Tray]]:
    tray = Tray()
    notifier = Notifier(tray.notify, practice=practice)
    try:
        yield notifier, tray
    finally:
        await notifier.close()


# ------------------------------------------------------------------------------------------------------ a real service


def _service(desk: Desk) -> int:
    """The process of the desk's notification service."""
    from jeepney.bus_messages import message_bus

    return int(desk._ask(message_bus.GetConnectionUnixProcessID(SERVICE))[0])


def _end(desk: Desk) -> None:
    os.kill(_service(desk), signal.SIGKILL)
    wait_until(lambda: not desk.has(SERVICE), "the service to end")


def _start(desk: Desk) -> None:
    desk.start("dunst", "-config", desk.home / "dunstrc")


@pytest.fixture
def desk(xdesk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The test's own process is on the desk's bus, where dunst is the service; nothing is shown before or after a test."""
    xdesk.enter(monkeypatch)
    if not xdesk.has(SERVICE):
        _start(xdesk)
        wait_until(lambda: xdesk.has(SERVICE), "the service")
    yield xdesk
    assert xdesk.notifications_displayed() == 0


async def _shown(desk: Desk, before: int, count: int = 1) -> list[Notification]:
    """What was shown since `before`, as soon as it is `count`; dunst records it a moment later."""
    await until(lambda: len(desk.notifications()) >= before + count)
    return desk.notifications()[before:]


async def test_it_says_that_somebody_is_there_stays_until_the_end_of_the_call_and_names_nobody(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, tray):
        assert await notifier.call_connected() is Way.SERVICE
        [shown] = await _shown(desk, before)
        assert (shown.app, shown.summary, shown.body) == ("NextCall", "NextCall: call connected", SOMEBODY)
        assert shown.urgency == "CRITICAL"
        assert desk.notifications_displayed() == 1
        await notifier.take_away()
        assert desk.notifications_displayed() == 0
    assert tray.messages == []


@pytest.mark.parametrize(
    ("who", "body"),
    [
        ("Zoë Łuczak", "Zoë Łuczak is on your line."),
        ("<i>Ann</i> & <Bo>", "<i>Ann</i> & <Bo> is on your line."),
        ("Eve\u202e\n\0\u0007", "Eve is on your line."),
    ],
)
async def test_a_name_arrives_as_it_is_and_changes_nothing_else(qapp: object, desk: Desk, who: str, body: str):
    async with a_notifier(practice=True) as (notifier, _):
        before = len(desk.notifications())
        assert await notifier.call_connected(who) is Way.SERVICE
        [shown] = await _shown(desk, before)
        assert (shown.summary, _unescaped(shown.body)) == ("NextCall practice: call connected", body)


def _unescaped(body: str) -> str:
    """Dunst hands a body on as markup."""
    for mark, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        body = body.replace(mark, letter)
    return body


async def test_one_replaces_the_other_whether_the_last_call_was_over_or_not(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, _):
        for who in ("Ann", "Bo", "Bo"):
            assert await notifier.call_connected(who) is Way.SERVICE
            assert desk.notifications_displayed() == 1
        await notifier.take_away()
        assert await notifier.call_connected("Cy") is Way.SERVICE
        assert desk.notifications_displayed() == 1
        numbers = [one.number for one in await _shown(desk, before, 4)]
        assert len(set(numbers[:3])) == 1
        assert numbers[3] != numbers[0]


async def test_the_next_call_comes_before_the_end_of_the_last_one_was_told(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, _):
        await asyncio.gather(notifier.call_connected("Ann"), notifier.take_away(), notifier.call_connected("Bo"))
        assert (await _shown(desk, before))[-1].body.startswith("Bo")
        assert desk.notifications_displayed() == 1
        await asyncio.gather(notifier.call_connected("Cy"), notifier.take_away())
        assert desk.notifications_displayed() == 0


async def test_something_else_can_be_told_and_taken_away(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, _):
        assert await notifier.tell("Still there?", "Your phone is still in the queue.") is Way.SERVICE
        [shown] = await _shown(desk, before)
        assert (shown.summary, shown.body) == ("NextCall: Still there?", "Your phone is still in the queue.")
        assert shown.urgency == "CRITICAL"
        await notifier.take_away()
        assert desk.notifications_displayed() == 0


async def test_a_click_on_it_is_heard_and_takes_it_away(qapp: object, desk: Desk):
    pressed: list[bool] = []
    async with a_notifier() as (notifier, _):
        notifier.pressed.connect(lambda: pressed.append(True))
        for times in (1, 2):
            await notifier.call_connected()
            await until(lambda: desk.notifications_displayed() == 1)
            desk.xdotool("mousemove", *CLICK, "click", 1)
            await until(lambda times=times: len(pressed) == times)
            await until(lambda: desk.notifications_displayed() == 0)
            await notifier.take_away()


async def test_what_the_agent_has_dismissed_does_not_come_again(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, tray):
        await notifier.call_connected()
        await _shown(desk, before)
        desk.close_notifications()
        await until(lambda: desk.notifications_displayed() == 0)
        _end(desk)
        _start(desk)
        await until(lambda: desk.has(SERVICE))
        assert await notifier.has_service()
        assert desk.notifications_displayed() == 0
        await notifier.take_away()
        assert await notifier.call_connected() is Way.SERVICE
        assert len(await _shown(desk, before, 2)) == 2
    assert tray.messages == []


async def test_a_service_that_starts_anew_during_a_call_shows_it_again(qapp: object, desk: Desk):
    before = len(desk.notifications())
    async with a_notifier() as (notifier, tray):
        await notifier.call_connected("Ann")
        await _shown(desk, before)
        _end(desk)
        _start(desk)
        again = (await _shown(desk, before, 2))[-1]
        assert again.body.startswith("Ann")
        assert desk.notifications_displayed() == 1
        await notifier.take_away()
        assert desk.notifications_displayed() == 0
    assert tray.messages == []


async def test_without_a_service_the_tray_is_used_until_there_is_one(qapp: object, desk: Desk):
    _end(desk)
    async with a_notifier() as (notifier, tray):
        assert not await notifier.has_service()
        assert await notifier.call_connected() is Way.TRAY
        assert tray.messages == [f"NextCall: call connected. {SOMEBODY}"]
        before = len(desk.notifications())
        _start(desk)
        await _shown(desk, before)  # the call is still there
        assert await notifier.has_service()
        await notifier.take_away()
        assert await notifier.call_connected() is Way.SERVICE
    assert len(tray.messages) == 1


async def test_a_service_that_hangs_holds_up_nobody_and_leaves_nothing_behind(
    qapp: object, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    async with a_notifier() as (notifier, tray):
        assert await notifier.call_connected("Ann") is Way.SERVICE
        monkeypatch.setattr(notifier_linux, "_LONGEST_WAIT", 0.2)
        process = _service(desk)
        os.kill(process, signal.SIGSTOP)
        try:
            assert await notifier.call_connected("Bo") is Way.TRAY
            assert not await notifier.has_service()
            monkeypatch.setattr(notifier_linux, "_LONGEST_WAIT", 3600.0)  # it is known to hang: nobody waits again
            assert await notifier.call_connected("Cy") is Way.TRAY
            await notifier.take_away()
        finally:
            os.kill(process, signal.SIGCONT)
        monkeypatch.setattr(notifier_linux, "_LONGEST_WAIT", 20.0)
        await until(notifier._service._step.done)
        assert desk.notifications_displayed() == 0
        assert [one.split(". ")[1].split()[0] for one in tray.messages] == ["Bo", "Cy"]
        assert await notifier.call_connected("Di") is Way.SERVICE


async def test_a_call_that_is_over_is_not_told_through_the_tray(qapp: object, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifier_linux, "_LONGEST_WAIT", 0.2)
    async with a_notifier() as (notifier, tray):
        assert await notifier.has_service()
        process = _service(desk)
        os.kill(process, signal.SIGSTOP)
        try:
            way, _ = await asyncio.gather(notifier.call_connected(), notifier.take_away())
        finally:
            os.kill(process, signal.SIGCONT)
        assert way is None
        assert tray.messages == []


async def test_at_the_end_nothing_is_left_on_the_screen_nor_on_the_bus(qapp: object, desk: Desk):
    from jeepney.bus_messages import message_bus

    before = len(desk._ask(message_bus.ListNames())[0])
    async with a_notifier() as (notifier, _):
        await notifier.call_connected()
        await notifier.call_connected()
        assert len(desk._ask(message_bus.ListNames())[0]) == before + 1
    assert desk.notifications_displayed() == 0
    await until(lambda: len(desk._ask(message_bus.ListNames())[0]) == before)


async def test_what_comes_late_finds_it_closed(qapp: object, desk: Desk):
    from jeepney.bus_messages import message_bus

    names = desk._ask(message_bus.ListNames())[0]
    before = len(desk.notifications())
    async with a_notifier() as (notifier, tray):
        await notifier.call_connected("Ann")
        ways = await asyncio.gather(
            notifier.close(), notifier.call_connected("Bo"), notifier.take_away(), notifier.has_service(), notifier.try_out()
        )
        assert ways == [None, None, None, False, None]
        await notifier.take_away()
        await until(lambda: len(desk._ask(message_bus.ListNames())[0]) == len(names))
        assert notifier._service._life is None
        assert desk.notifications_displayed() == 0
        assert len(await _shown(desk, before)) == 1
    assert tray.messages == []


async def test_a_test_is_no_call_and_goes_by_itself(qapp: object, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifier_linux, "_STAYS", 200)
    before = len(desk.notifications())
    async with a_notifier() as (notifier, _):
        assert await notifier.try_out() is Way.SERVICE
        [shown] = await _shown(desk, before)
        assert (shown.summary, shown.urgency) == ("NextCall: a test", "NORMAL")
        await until(lambda: desk.notifications_displayed() == 0)


# --------------------------------------------------------------------------------------------- services with faults


class OddService:
    """A notification service that does what a test wants of it."""

    def __init__(self, *offers: str) -> None:
        self.offers = offers
        self.notified: list[tuple[Any, ...]] = []
        self.closed: list[int] = []
        self.refuses = False
        self._bus: DBusConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be on the bus, under the name of a notification service."""
        from jeepney.bus_messages import message_bus
        from jeepney.io.asyncio import DBusRouter, open_dbus_connection

        self._bus = await open_dbus_connection("SESSION")
        async with DBusRouter(self._bus) as router:
            await router.send_and_get_reply(message_bus.RequestName(SERVICE))
        self._task = asyncio.create_task(self._serve(self._bus))

    async def end(self) -> None:
        """Be gone."""
        assert self._task
        assert self._bus
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._bus.close()

    async def tell(self, member: str, signature: str, *body: Any) -> None:
        """Tell everybody something."""
        from jeepney import DBusAddress, new_signal

        assert self._bus
        await self._bus.send(
            new_signal(DBusAddress("/org/freedesktop/Notifications", interface=SERVICE), member, signature, body)
        )

    async def _serve(self, bus: DBusConnection) -> None:
        from jeepney import HeaderFields, MessageType

        while True:
            asked = await bus.receive()
            if asked.header.message_type is MessageType.method_call:
                await bus.send(self._answer(asked, asked.header.fields[HeaderFields.member]))

    def _answer(self, asked: Message, method: str) -> Message:
        from jeepney import new_error, new_method_return

        if method == "GetCapabilities":
            return new_method_return(asked, "as", (list(self.offers),))
        if self.refuses:
            return new_error(asked, "org.example.Error.NotNow")
        if method == "CloseNotification":
            self.closed += asked.body
            return new_method_return(asked)
        self.notified.append(asked.body)
        return new_method_return(asked, "u", (len(self.notified),))


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A bus with nothing on it."""
    needs("dbus-daemon", "setpriv")
    with _home() as (home, leaving):
        yield Session(home, leaving)


@pytest.fixture
def bus(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own process is on that bus."""
    session.enter(monkeypatch)


@contextlib.asynccontextmanager
async def odd_service(*offers: str) -> AsyncIterator[OddService]:
    service = OddService(*offers)
    await service.start()
    try:
        yield service
    finally:
        await service.end()


async def test_what_is_asked_of_a_service(qapp: object, bus: None):
    async with odd_service("body", "actions") as service, a_notifier() as (notifier, _):
        await notifier.call_connected("<Ann & Bo>")
        await notifier.call_connected()
        [first, second] = service.notified
        name, number, icon, title, text, actions, hints, stays = first
        assert (name, number, icon, title) == ("NextCall", 0, "nextcall", "NextCall: call connected")
        assert text == "<Ann & Bo> is on your line."  # without body-markup, < is a letter
        assert actions == ["default", "Show"]
        assert (hints["urgency"], hints["desktop-entry"], hints["suppress-sound"]) == (("y", 2), ("s", "nextcall"), ("b", True))
        assert stays == 0
        assert second[1] == 1
        await notifier.take_away()
        assert service.closed == [2]


async def test_a_service_that_shows_one_line_only_gets_it_in_one(qapp: object, bus: None):
    async with odd_service() as service, a_notifier() as (notifier, _):
        assert await notifier.call_connected("Ann") is Way.SERVICE
        [(_, _, _, title, text, actions, _, _)] = service.notified
        assert (title, text, actions) == ("NextCall: call connected - Ann is on your line.", "", [])


async def test_markup_is_for_services_that_know_it(qapp: object, bus: None):
    async with odd_service("body", "body-markup") as service, a_notifier() as (notifier, _):
        await notifier.call_connected("<Ann & Bo>")
        assert service.notified[0][4] == "&lt;Ann &amp; Bo&gt; is on your line."


async def test_while_a_click_is_handled_wayland_lets_a_window_come_forward(qapp: object, bus: None):
    tokens: list[str | None] = []
    async with odd_service("body", "actions") as service, a_notifier() as (notifier, _):
        notifier.pressed.connect(lambda: tokens.append(os.environ.get("XDG_ACTIVATION_TOKEN")))
        await notifier.call_connected()
        await service.tell("ActivationToken", "us", 1, "a-token")
        await service.tell("ActionInvoked", "us", 1, "default")
        await until(lambda: tokens)
        assert tokens == ["a-token"]
        assert "XDG_ACTIVATION_TOKEN" not in os.environ
        await service.tell("ActionInvoked", "us", 1, "default")
        await until(lambda: len(tokens) == 2)
        assert tokens[1] is None


async def test_clicks_on_what_others_show_are_not_ours(qapp: object, bus: None):
    pressed: list[bool] = []
    async with odd_service("body", "actions") as service, a_notifier() as (notifier, _):
        notifier.pressed.connect(lambda: pressed.append(True))
        await notifier.call_connected()
        await service.tell("ActionInvoked", "us", 77, "default")
        await service.tell("ActionInvoked", "us", 1, "another")
        await service.tell("NotificationClosed", "uu", 77, 2)
        await service.tell("ActionInvoked", "s", "nonsense")
        await service.tell("ActionInvoked", "us", 1, "default")
        await until(lambda: pressed)
        assert pressed == [True]
        await notifier.take_away()
        assert service.closed == [1]


async def test_a_service_that_refuses_is_as_good_as_none(qapp: object, bus: None):
    async with odd_service("body") as service, a_notifier() as (notifier, tray):
        service.refuses = True
        assert await notifier.call_connected() is Way.TRAY
        tray.is_there = False
        assert await notifier.call_connected() is Way.NONE
        service.refuses = False
        assert await notifier.call_connected() is Way.SERVICE


async def test_a_service_that_starts_anew_again_and_again_is_not_asked_for_ever(qapp: object, bus: None):
    service = OddService("body")
    await service.start()
    async with a_notifier() as (notifier, _):
        assert await notifier.call_connected() is Way.SERVICE
        for times in (2, 3):
            await service.end()
            await service.start()
            await until(lambda times=times: len(service.notified) == times)
        await service.end()
        await service.start()
        assert await notifier.has_service()
        assert len(service.notified) == 3
        assert await notifier.call_connected() is Way.SERVICE
        assert len(service.notified) == 4
    await service.end()


# ------------------------------------------------------------------------------------------------- where there is none


async def test_without_a_bus_the_tray_is_used(qapp: object):
    async with a_notifier() as (notifier, tray):
        assert not await notifier.has_service()
        assert await notifier.call_connected("Ann") is Way.TRAY
        assert tray.messages == ["NextCall: call connected. Ann is on your line."]
        await notifier.take_away()
        tray.is_there = False
        assert await notifier.call_connected("Ann") is Way.NONE


async def test_elsewhere_the_tray_is_the_way(qapp: object, bus: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifier_module.sys, "platform", "win32")
    async with odd_service("body") as service, a_notifier() as (notifier, tray):
        assert not await notifier.has_service()
        assert await notifier.try_out() is Way.TRAY
        assert tray.messages == ["NextCall: a test. You are told of a call like this."]
        assert service.notified == []
