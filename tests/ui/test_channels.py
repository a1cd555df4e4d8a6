"""The channels together: what each does at a call, what is said of those that fail; on a real desktop the taskbar entry."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.shift.states import State
from desktop.tasks import Tasks
from desktop.ui import channels as channels_module
from desktop.ui import notifier as notifier_module
from desktop.ui.channels import Channel, Channels, Choices, Outcome
from desktop.ui.notifier import Notifier
from desktop.ui.tray import Tray
from tests.desk import Desk, wait_until
from tests.simulation import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

NO_SERVICE = (
    "This computer shows no notifications of NextCall: look out for the popup."
    if sys.platform == "win32"
    else "No notification service answers on this desktop: look out for the popup."
)
TRAY_INSTEAD = "No notification service answers on this desktop: the tray is used instead."
NO_TRAY = "This desktop has no tray: NextCall stays in the taskbar."
a_service = pytest.mark.skipif(
    sys.platform == "win32", reason="there, notifications are the tray's, and nothing is instead of it"
)
WITH_SOUND = Choices(sound="marimba", device="Headset", volume=30)


class Loudspeaker(QObject):
    """Sounds, as Channels asks for them."""

    played = Signal()
    failed = Signal(str)
    devices_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[tuple[str, str, int]] = []
        self.outputs: tuple[str, ...] = ("",)
        self.prepared = 0

    def devices(self) -> tuple[str, ...]:
        return self.outputs

    def prepare(self) -> None:
        self.prepared += 1

    def play(self, name: str, device: str = "", volume: int = 100) -> None:
        self.orders.append((name, device, volume))

    def have(self, *outputs: str) -> None:
        self.outputs = ("", *outputs)
        self.devices_changed.emit()


class Office:
    """Channels with everything that they use, offscreen: no notification service and no tray, unless a test brings one."""

    def __init__(self, popup: QWidget, window: QWidget) -> None:
        self.crashes: list[str] = []
        self.tasks = Tasks(lambda name, failure: self.crashes.append(f"{name}: {failure}"))
        self.parent = QObject()
        self.tray = Tray(self.parent, practice=False)
        self.sound = Loudspeaker()
        self.notifier = Notifier(self.tray.notify, practice=False)
        self.channels = Channels(self.notifier, self.tray, popup, window, self.tasks, self.sound)
        self.troubles: list[str] = []
        self.channels.troubled.connect(self.troubles.append)

    def outcome(self, channel: Channel) -> Outcome | None:
        return next((one for one in self.channels.outcomes if one.channel is channel), None)


@pytest.fixture
def window(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(QWidget())


@contextlib.asynccontextmanager
async def office(window: QWidget, choices: Choices = WITH_SOUND) -> AsyncIterator[Office]:
    popup = QWidget()
    made = Office(popup, window)
    made.channels.choose(choices)
    try:
        yield made
    finally:
        if not made.channels._closed:
            await made.channels.close()
        await made.tasks.cancel_all()
        made.tray.close()
        made.parent.deleteLater()
        popup.deleteLater()
    assert made.crashes == []


@pytest.fixture
def a_tray(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """There is a tray that shows messages; gives these."""
    messages: list[str] = []
    monkeypatch.setattr(Tray, "is_there", True)
    monkeypatch.setattr(Tray, "can_notify", True)
    monkeypatch.setattr(Tray, "notify", lambda _tray, title, text: messages.append(f"{title}. {text}") or True)
    return messages


# ------------------------------------------------------------------------------------------------------------- at a call


async def test_a_call_comes_by_every_channel_and_each_that_fails_is_said_once(qapp: object, window: QWidget):
    async with office(window) as at:
        at.channels.call_connected("Ann")
        assert at.sound.orders == [("marimba", "Headset", 30)]
        await until(lambda: at.troubles)
        assert at.troubles == [NO_SERVICE]
        at.channels.call_ended()
        at.channels.call_connected("Bo")
        at.sound.failed.emit("The sound was not played: it is broken.")
        await until(lambda: not at.tasks._running)
        assert at.troubles == [NO_SERVICE, f"{NO_SERVICE} The sound was not played: it is broken."]
        at.sound.failed.emit("The sound was not played: it is broken.")
        assert len(at.troubles) == 2
        at.sound.played.emit()
        assert [(one.channel, one.worked) for one in at.channels.outcomes] == [
            (Channel.NOTIFICATION, False),
            (Channel.SOUND, True),
        ]
        at.sound.failed.emit("The sound was not played: it is broken.")
        assert len(at.troubles) == 3  # it had worked meanwhile


@a_service
async def test_the_caller_is_named_only_where_the_agent_allows_it(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window, Choices()) as at:
        at.channels.call_connected("Ann")
        await until(lambda: a_tray)
        assert not [text for text in a_tray if "Ann" in text]
        at.channels.choose(Choices(names=True))
        at.channels.call_connected("Ann")
        await until(lambda: len(a_tray) == 2)
        assert a_tray[1] == "NextCall: call connected. Ann is on your line."
        assert at.troubles == [TRAY_INSTEAD]


async def test_nobody_is_named_while_the_agent_is_away(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window, Choices(names=True)) as at:
        at.channels.call_connected("Ann")
        await until(lambda: len(a_tray) == 1)
        at.channels.set_covered(covered=True)
        await until(lambda: len(a_tray) == 2)
        at.channels.call_ended()
        at.channels.call_connected("Bo")
        await until(lambda: len(a_tray) == 3)
        at.channels.set_covered(covered=False)
        at.channels.set_covered(covered=True)
        await until(lambda: not at.tasks._running)
        assert [text.split(". ")[1].split()[0] for text in a_tray] == ["Ann", "Somebody", "Somebody"]


async def test_other_things_are_told_even_if_calls_are_not(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window, Choices(notification=False)) as at:
        at.channels.tell("Still there?", "Your phone is still in the queue.")
        await until(lambda: a_tray)
        assert a_tray == ["NextCall: Still there?. Your phone is still in the queue."]
        at.channels.take_back()
        await until(lambda: not at.tasks._running)


async def test_what_is_off_does_nothing_and_cannot_fail(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window) as at:
        at.sound.failed.emit("The sound was not played.")
        at.channels.choose(Choices(notification=False, taskbar=False))
        assert at.channels.outcomes == ()
        at.channels.call_connected("Ann")
        assert await at.channels.self_test() == (Outcome(Channel.TRAY, worked=True, words="NextCall's icon is in the tray."),)
        await until(lambda: not at.tasks._running)
        assert a_tray == []
        assert at.sound.orders == []
        assert at.sound.prepared == 0


async def test_after_the_end_nothing_is_told(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window) as at:
        at.channels.call_connected("Ann")
        await at.channels.close()
        await until(lambda: not at.tasks._running)
        assert a_tray == []
        assert at.troubles == []


async def test_a_click_on_the_notification_shows_the_call(qapp: object, window: QWidget):
    async with office(window) as at:
        wishes: list[bool] = []
        at.channels.show_call_requested.connect(lambda: wishes.append(True))
        at.notifier.pressed.emit()
        assert wishes == [True]


# ------------------------------------------------------------------------------------------------------------ the self-test


async def test_the_self_test_says_what_does_not_work_and_what_is_used_instead(qapp: object, window: QWidget):
    async with office(window) as at:
        at.sound.have("Speaker")
        found = await at.channels.self_test()
        assert [(one.channel, one.worked) for one in found] == [
            (Channel.NOTIFICATION, False),
            (Channel.TRAY, False),
            (Channel.TASKBAR, True),
            (Channel.SOUND, False),
        ]
        assert found == at.channels.outcomes
        no_headset = "The sound output “Headset” is not there: this computer's usual one is used instead."
        assert at.troubles == [f"{NO_SERVICE} {NO_TRAY} {no_headset}"]
        await at.channels.self_test()
        assert len(at.troubles) == 1
        assert at.sound.orders == []


async def test_where_all_is_well_nothing_is_said_or_shown(
    qapp: object, window: QWidget, a_tray: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notifier_module.sys, "platform", "win32")
    monkeypatch.setattr(Notifier, "usual_way", notifier_module.Way.TRAY)
    async with office(window) as at:
        looking = asyncio.create_task(at.channels.self_test())
        await until(lambda: at.sound.prepared)
        at.sound.have("Headset", "Speaker")
        assert [one.worked for one in await looking] == [True] * 4
        assert at.troubles == []
        assert a_tray == []


async def test_a_computer_without_a_sound_output(qapp: object, window: QWidget, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channels_module, "_LONGEST_LOOK", 0.05)
    async with office(window, Choices(notification=False, sound="chime")) as at:
        found = await at.channels.self_test()
        assert found[-1] == Outcome(
            Channel.SOUND, worked=False, words="No sound output answers on this computer: look out for the popup."
        )


async def test_on_windows_a_missing_tray_means_no_notifications(qapp: object, window: QWidget, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(notifier_module.sys, "platform", "win32")
    monkeypatch.setattr(Notifier, "usual_way", notifier_module.Way.TRAY)
    async with office(window, Choices()) as at:
        found = await at.channels.self_test()
        assert found[0].words == "This computer shows no notifications of NextCall: look out for the popup."
        assert not found[0].worked


# --------------------------------------------------------------------------------------------------------- the test buttons


async def test_a_test_of_the_sound_waits_for_what_comes_of_it(qapp: object, window: QWidget):
    async with office(window, Choices()) as at:
        for ends, worked, words in (
            (at.sound.played.emit, True, "The sound was played. If you did not hear it, choose another output or more volume."),
            (lambda: at.sound.failed.emit("It is broken."), False, "It is broken."),
        ):
            testing = asyncio.create_task(at.channels.test(Channel.SOUND, WITH_SOUND))
            await until(lambda: at.sound.orders)
            assert at.sound.orders.pop() == ("marimba", "Headset", 30)
            ends()
            assert await testing == Outcome(Channel.SOUND, worked, words)
        assert at.troubles == ["It is broken."]
        at.sound.played.emit()  # nobody waits any more
        assert at.outcome(Channel.SOUND).worked


async def test_a_sound_that_never_ends_was_not_heard(qapp: object, window: QWidget, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channels_module, "_LONGEST_SOUND", 0.05)
    async with office(window) as at:
        assert not (await at.channels.test(Channel.SOUND)).worked


async def test_without_sounds_the_test_says_so(qapp: object, window: QWidget):
    async with office(window) as at:
        mute = Channels(at.notifier, at.tray, window, window, at.tasks)
        mute.choose(WITH_SOUND)
        assert (await mute.test(Channel.SOUND)).words == "NextCall plays no sounds here."
        assert Channel.SOUND not in [one.channel for one in await mute.self_test()]


@a_service
async def test_tests_of_notification_and_tray(qapp: object, window: QWidget, a_tray: list[str]):
    async with office(window) as at:
        assert await at.channels.test(Channel.NOTIFICATION) == Outcome(Channel.NOTIFICATION, worked=False, words=TRAY_INSTEAD)
        assert a_tray == ["NextCall: a test. You are told of a call like this."]
        assert (await at.channels.test(Channel.TRAY)).worked
        at.tray.show_state(State.SIGNED_OUT)


async def test_tests_where_there_is_nothing(qapp: object, window: QWidget):
    async with office(window) as at:
        assert (await at.channels.test(Channel.NOTIFICATION)).words == NO_SERVICE
        assert (await at.channels.test(Channel.TRAY)).words == NO_TRAY
        closed = await at.channels.test(Channel.TASKBAR)
        assert (closed.worked, closed.words) == (False, "No window of NextCall is in the taskbar now. Try again during a shift.")
        window.show()
        assert (await at.channels.test(Channel.TASKBAR)).worked


# ---------------------------------------------------------------------------------------------------------- a real desktop

# Channels with two windows: the popup, which appears without the keyboard, and the shift window. Orders come by a pipe.
PROGRAM = """
import asyncio, json, os, sys
import qasync
from PySide6.QtCore import QObject, QSocketNotifier, Qt
from PySide6.QtWidgets import QApplication, QLabel
from desktop.shift.states import State
from desktop.tasks import Tasks
from desktop.ui.channels import Channel, Channels, Choices
from desktop.ui.notifier import Notifier
from desktop.ui.tray import Tray

app = QApplication(["NextCall"])
app.setQuitOnLastWindowClosed(False)

async def main():
    tasks = Tasks(lambda name, failure: print("crash", name, repr(failure), flush=True))
    parent = QObject()
    tray = Tray(parent, practice=False)
    shift, popup = QLabel("A shift"), QLabel("A call")
    shift.setWindowTitle("The shift window")
    popup.setWindowTitle("The popup")
    popup.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    channels = Channels(Notifier(tray.notify, practice=False), tray, popup, shift, tasks)
    channels.choose(Choices(names=True))
    channels.troubled.connect(lambda words: print("troubled", words, flush=True))
    channels.show_call_requested.connect(lambda: print("show call", flush=True))
    channels.show_call_requested.connect(popup.activateWindow)
    orders = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
    left = asyncio.Event()

    async def obey(order):
        shift.setText(order)  # as in the real one, something is drawn at each step: X gets no wish before that
        match order:
            case "shift":
                shift.show()
            case "here" | "elsewhere":
                while bool(app.focusWindow()) is not (order == "here"):
                    await asyncio.sleep(0.01)
            case "connect":
                popup.show()
                channels.call_connected("Zoë Łuczak")
            case "connect in the shift window":
                channels.call_connected("Zoë Łuczak")
            case "end":
                popup.hide()
                channels.call_ended()
            case "self-test":
                for one in await channels.self_test():
                    print("found", one.channel.name, one.worked, one.words, flush=True)
            case "leave":
                left.set()
            case _:
                one = await channels.test(Channel[order])
                print("tested", one.channel.name, one.worked, one.words, flush=True)
        print("done", flush=True)

    def read():
        for line in os.read(orders, 65536).decode().splitlines():
            tasks.spawn(obey(line), line)

    notifier = QSocketNotifier(orders, QSocketNotifier.Type.Read)
    notifier.activated.connect(read)
    await left.wait()
    notifier.setEnabled(False)
    await channels.close()
    await tasks.cancel_all()
    tray.close()

with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
    runner.run(main())
"""

# A window of another program, which has the keyboard.
ELSEWHERE = """
from PySide6.QtWidgets import QApplication, QLineEdit

app = QApplication(["elsewhere"])
field = QLineEdit()
field.setWindowTitle("Somewhere else")
field.show()
app.exec()
"""


class Program:
    """That program, on the desk."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self._name = f"channels-{folder.name}"
        self._orders = folder / "orders"
        os.mkfifo(self._orders)
        self.process = desk.start(sys.executable, "-c", PROGRAM, self._orders, name=self._name)

    def do(self, order: str) -> list[str]:
        """Have an order carried out; gives what was said meanwhile."""
        before = len(self.said())
        with self._orders.open("w") as orders:
            orders.write(order + "\n")
        wait_until(lambda: "done" in self.said()[before:], f"{order}: {self.said()}")
        return [line for line in self.said()[before:] if line != "done"]

    def said(self) -> list[str]:
        return self.desk.log(self._name).splitlines()

    def leave(self) -> None:
        """It ends by itself, with nothing left to say."""
        self.do("leave")
        assert self.process.wait(20) == 0, self.said()

    def wants_attention(self, title: str) -> bool:
        window = self.desk.wait_for_window(title)
        return "_NET_WM_STATE_DEMANDS_ATTENTION" in self.desk.run("xprop", "-id", str(window.number), "_NET_WM_STATE")

    def flashes(self, title: str) -> None:
        wait_until(lambda: self.wants_attention(title), f"“{title}” to flash")

    def is_calm(self, title: str) -> None:
        wait_until(lambda: not self.wants_attention(title), f"“{title}” to be calm")

    def activate(self, title: str) -> None:
        self.desk.xdotool("windowactivate", "--sync", self.desk.wait_for_window(title).number)


@pytest.fixture
def program(xdesk: Desk, tmp_path: Path) -> Iterator[Program]:
    """The program, beside another one that has the keyboard."""
    elsewhere = xdesk.start(sys.executable, "-c", ELSEWHERE, name="elsewhere")
    program = Program(xdesk, tmp_path)
    program.do("shift")
    xdesk.wait_for_window("The shift window")
    program.activate("Somewhere else")
    program.do("elsewhere")
    yield program
    if program.process.poll() is None:
        program.process.kill()
        program.process.wait()
    elsewhere.terminate()
    elsewhere.wait(10)
    assert not [line for line in program.said() if line.startswith("crash") or "Traceback" in line]


def test_the_popups_taskbar_entry_flashes_at_each_call_until_it_is_looked_at_or_over(xdesk: Desk, program: Program):
    for _ in range(2):  # the second time there is an alert that nobody has looked at
        program.do("connect")
        program.flashes("The popup")
        assert not program.wants_attention("The shift window")
        assert xdesk.active_window().title == "Somewhere else"
        program.do("end")
        wait_until(lambda: not xdesk.windows("The popup"), "the popup to go")
    program.do("connect")
    program.flashes("The popup")
    program.activate("The popup")
    program.is_calm("The popup")
    program.do("end")
    program.leave()


def test_without_a_popup_the_shift_window_flashes_and_is_calm_after_the_call(xdesk: Desk, program: Program):
    for _ in range(2):
        program.do("connect in the shift window")
        program.flashes("The shift window")
        program.do("end")
        program.is_calm("The shift window")
    program.leave()


def test_the_notification_goes_as_soon_as_the_call_is_seen(xdesk: Desk, program: Program):
    before = len(xdesk.notifications())
    program.do("connect")
    wait_until(lambda: xdesk.notifications_displayed() == 1, "the notification")
    assert xdesk.notifications()[before:][0].body == "Zoë Łuczak is on your line."
    program.activate("The shift window")
    program.do("here")
    program.do("self-test")  # asks the service: what was to be taken away, has been
    assert xdesk.notifications_displayed() == 1
    program.activate("The popup")
    wait_until(lambda: xdesk.notifications_displayed() == 0, "the notification to go")
    program.activate("Somewhere else")
    program.do("elsewhere")
    program.do("end")
    assert len(xdesk.notifications()) == before + 1
    program.leave()


def test_a_click_on_the_notification_brings_the_popup_forward(xdesk: Desk, program: Program):
    program.do("connect")
    wait_until(lambda: xdesk.notifications_displayed() == 1, "the notification")
    xdesk.xdotool("mousemove", 200, 80, "click", 1)
    wait_until(lambda: "show call" in program.said(), "the click")
    wait_until(lambda: xdesk.active_window().title == "The popup", "the popup to have the keyboard")
    wait_until(lambda: xdesk.notifications_displayed() == 0, "the notification to go")
    program.leave()


def test_on_this_desktop_everything_works_and_the_self_test_shows_nothing(xdesk: Desk, program: Program):
    before = len(xdesk.notifications())
    wait_until(lambda: xdesk.tray_icons() == ["NextCall"], "the icon in the tray")
    assert program.do("self-test") == [
        "found NOTIFICATION True Notifications are shown.",
        "found TRAY True NextCall's icon is in the tray.",
        "found TASKBAR True The taskbar entry asks for attention.",
    ]
    assert len(xdesk.notifications()) == before
    assert not program.wants_attention("The shift window")
    assert program.do("NOTIFICATION")[0].startswith("tested NOTIFICATION True A notification is shown now.")
    assert program.do("TASKBAR") == ["tested TASKBAR True The taskbar entry asks for attention now."]
    program.flashes("The shift window")
    program.is_calm("The shift window")  # after three seconds
    program.activate("The shift window")
    assert program.do("TASKBAR") == ["tested TASKBAR True The taskbar entry asks for attention while you are in another window."]
    program.leave()
    wait_until(lambda: xdesk.notifications_displayed() == 0, "the test's notification to go")
