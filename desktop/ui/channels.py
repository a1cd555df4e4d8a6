"""The channels by which an agent is told of a call besides the popup: notification, tray icon, taskbar entry, sound.

Each of them can fail without a word, so each is watched, can be tried out, and is looked at when a shift begins; what does not
work is said in words, with what is used instead. The popup is no channel: it comes in any case, and nothing here holds it up.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, cast

from PySide6.QtCore import QMetaObject, QObject, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication, QWindow
from PySide6.QtWidgets import QApplication, QWidget

from desktop.tasks import Tasks
from desktop.ui.notifier import Notifier, Way
from desktop.ui.tray import Tray

_LONGEST_SOUND = 15.0
"""Seconds after which a sound that tells neither of its end nor of a failure was not heard."""
_LONGEST_LOOK = 10.0
"""Seconds that the sound outputs may take to be known."""
_TEST_FLASH = 3000
"""Milliseconds that the taskbar entry flashes for a test."""


class Channel(Enum):
    """A way to tell of a call; the value is its name for people."""

    NOTIFICATION = "Notification"
    TRAY = "Tray icon"
    TASKBAR = "Taskbar"
    SOUND = "Sound"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a channel worked the last time, and a sentence about it for the agent."""

    channel: Channel
    worked: bool
    words: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What the agent has chosen. The tray icon is always there, where there is a tray."""

    notification: bool = True
    names: bool = False
    """Whether a notification may name the caller: anybody may see it."""
    taskbar: bool = True
    sound: str = ""
    """One of sound.SOUNDS; empty for none."""
    device: str = ""
    """The output for the sound; empty for the system's usual one."""
    volume: int = 100
    """0 to 100."""


class AlertSound(Protocol):
    """What plays the sounds (sound.py)."""

    @property
    def played(self) -> SignalInstance:
        """The sound was played to its end, where it should be."""

    @property
    def failed(self) -> SignalInstance:
        """It was not, or not there; with a sentence."""

    @property
    def devices_changed(self) -> SignalInstance:
        """Other outputs than before can be chosen."""

    def devices(self) -> tuple[str, ...]:
        """The outputs, after "" for the system's usual one; just that until they are known."""

    def prepare(self) -> None:
        """Learn of the outputs, and be ready to play."""

    def play(self, name: str, device: str = "", volume: int = 100) -> None:
        """Play a sound; returns at once."""


class Channels(QObject):
    """Tells of each call by every channel that is on, and knows which of them work.

    The taskbar entry of `popup` flashes, or that of `window` if the popup is not open. As soon as the popup has the keyboard, the
    agent has seen that there is a call.
    """

    troubled = Signal(str)
    """Some channel does not work, and has not been told of yet: a sentence for each that does not work now."""
    show_call_requested = Signal()
    """The agent has clicked the notification."""

    def __init__(
        self, notifier: Notifier, tray: Tray, popup: QWidget, window: QWidget, tasks: Tasks, sound: AlertSound | None = None
    ) -> None:
        super().__init__()
        self._notifier = notifier
        self._tray = tray
        self._popup = popup
        self._window = window
        self._tasks = tasks
        self._sound = sound
        self._choices = Choices()
        self._outcomes: dict[Channel, Outcome] = {}
        self._told = False
        """Whether a call is told of, and has not been seen yet."""
        self._said = False
        """Whether the notification that is on the screen is one of `tell`."""
        self._named = False
        """Whether the notification that is on the screen names somebody."""
        self._covered = False
        self._closed = False
        notifier.pressed.connect(self.show_call_requested)
        self._application().focusWindowChanged.connect(self._on_focus_window_changed)
        if sound is not None:
            sound.played.connect(self._on_sound_played)
            sound.failed.connect(self._on_sound_failed)

    def choose(self, choices: Choices) -> None:
        """Tell of the next call as the agent wants it."""
        self._choices = choices
        for channel in set(self._outcomes) - set(self._on()):
            del self._outcomes[channel]  # what is off cannot fail

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of each channel that was used or looked at, the last one."""
        return tuple(self._outcomes[channel] for channel in Channel if channel in self._outcomes)

    # Calls

    def call_connected(self, who: str) -> None:
        """Somebody is on the line: tell it. `who` is named only where the agent has allowed it. Returns at once."""
        choices = self._choices
        self._told = True
        if choices.taskbar:
            self._flash(0)
        if choices.sound and self._sound is not None:
            self._sound.play(choices.sound, choices.device, choices.volume)
        self._named = choices.notification and choices.names and not self._covered
        if choices.notification:
            self._said = False
            self._tasks.spawn(self._notify(who if self._named else ""), "notification")

    def call_ended(self) -> None:
        """Nobody is on the line any more: tell nothing of it. Returns at once."""
        self._stop_flash()
        self.take_back()

    def tell(self, title: str, text: str) -> None:
        """Have a notification say something else that the agent must not miss, whatever is chosen for calls. Returns at once."""
        self._told = self._named = False
        self._said = True
        self._tasks.spawn(self._notifier.tell(title, text), "notification")

    def take_back_said(self) -> None:
        """Take away what `tell` has said, for it is no longer so; a notification of a call stays. Returns at once."""
        if self._said:
            self.take_back()

    def take_back(self) -> None:
        """Take away what a notification says, for the agent knows it. Returns at once."""
        self._told = self._named = self._said = False
        self._tasks.spawn(self._notifier.take_away(), "notification")

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away from the computer: then nobody is named, not even on what is shown already."""
        self._covered = covered
        if covered and self._named:
            self._named = False
            self._tasks.spawn(self._notify(""), "notification")

    # Whether they work

    async def test(self, channel: Channel, choices: Choices | None = None) -> Outcome:
        """Show or play what a call would, on or off, as chosen or by other `choices`; tell what came of it."""
        match channel:
            case Channel.NOTIFICATION:
                way = await self._notifier.try_out()
                outcome = self._of_notification(way, "A notification is shown now. If you see none, look for “Do not disturb”.")
            case Channel.TRAY:
                self._tray.try_out()
                outcome = self._of_tray("The icon in the tray shows a call for three seconds.")
            case Channel.TASKBAR:
                outcome = self._try_taskbar()
            case Channel.SOUND:
                outcome = await self._try_sound(choices or self._choices)
        self._note(outcome)
        return outcome

    async def self_test(self) -> tuple[Outcome, ...]:
        """Look whether the channels that are on will work, without showing or playing anything. For when a shift begins."""
        found = []
        for channel in self._on():
            match channel:
                case Channel.NOTIFICATION:
                    way = await self._silent_way()
                    found.append(self._of_notification(way, "Notifications are shown."))
                case Channel.TRAY:
                    found.append(self._of_tray("NextCall's icon is in the tray."))
                case Channel.TASKBAR:
                    found.append(Outcome(channel, worked=True, words="The taskbar entry asks for attention."))
                case Channel.SOUND:
                    found.append(await self._look_for_sound())
        self._note(*found)
        return tuple(found)

    async def close(self) -> None:
        """Leave nothing on the screen."""
        self._closed = True
        self._told = False
        self._stop_flash()
        self._application().focusWindowChanged.disconnect(self._on_focus_window_changed)
        await self._notifier.close()

    def _on(self) -> tuple[Channel, ...]:
        choices = self._choices
        wanted = {
            Channel.NOTIFICATION: choices.notification,
            Channel.TRAY: True,
            Channel.TASKBAR: choices.taskbar,
            Channel.SOUND: bool(choices.sound) and self._sound is not None,
        }
        return tuple(channel for channel in Channel if wanted[channel])

    def _note(self, *outcomes: Outcome) -> None:
        """Remember how it went; tell of it if something has gone wrong that was not wrong in the same way before."""
        news = [one for one in outcomes if not one.worked and self._outcomes.get(one.channel) != one]
        self._outcomes |= {one.channel: one for one in outcomes}
        if news and not self._closed:
            self.troubled.emit(" ".join(one.words for one in self.outcomes if not one.worked))

    # Notification and tray

    async def _notify(self, who: str) -> None:
        way = await self._notifier.call_connected(who)
        if way is not None:
            self._note(self._of_notification(way, "Notifications are shown."))

    async def _silent_way(self) -> Way:
        if await self._notifier.has_service():
            return Way.SERVICE
        return Way.TRAY if self._tray.can_notify else Way.NONE

    def _of_notification(self, way: Way | None, well: str) -> Outcome:
        worked = way is None or way is self._notifier.usual_way
        if worked:
            words = well
        elif self._notifier.usual_way is Way.TRAY:
            words = "This computer shows no notifications of NextCall: look out for the popup."
        elif self._tray.is_there:
            words = "No notification service answers on this desktop: the tray is used instead."
        else:
            words = "No notification service answers on this desktop: look out for the popup."
        return Outcome(Channel.NOTIFICATION, worked, words)

    def _of_tray(self, well: str) -> Outcome:
        there = self._tray.is_there
        return Outcome(Channel.TRAY, there, well if there else "This desktop has no tray: NextCall stays in the taskbar.")

    # Taskbar

    def _flash(self, milliseconds: int) -> QWidget | None:
        """Have the taskbar entry of an open window ask for attention (0: until it has it); gives the window."""
        window = next((one for one in (self._popup, self._window) if one.isVisible()), None)
        if window is not None:
            QApplication.alert(window, milliseconds)
        return window

    def _stop_flash(self) -> None:
        """Qt ends an alert when its window is activated, and begins no other before; a call may be over before that."""
        for window in (self._popup, self._window):
            handle = window.windowHandle()
            if handle is not None:
                QMetaObject.invokeMethod(handle, "_q_clearAlert")  # what Qt's own timer of an alert calls

    def _try_taskbar(self) -> Outcome:
        window = self._flash(_TEST_FLASH)
        if window is None:
            words = "No window of NextCall is in the taskbar now. Try again during a shift."
        elif window.isActiveWindow():
            words = "The taskbar entry asks for attention while you are in another window."
        else:
            words = "The taskbar entry asks for attention now."
        return Outcome(Channel.TASKBAR, window is not None, words)

    def _on_focus_window_changed(self, focused: QWindow | None) -> None:
        """The agent has gone to the popup: the notification has done what it was for."""
        if self._told and focused is not None and focused == self._popup.windowHandle():
            self.take_back()

    # Sound

    async def _try_sound(self, choices: Choices) -> Outcome:
        sound = self._sound
        if sound is None:
            return Outcome(Channel.SOUND, worked=False, words="NextCall plays no sounds here.")
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def settle(words: str = "") -> None:
            if not over.done():
                over.set_result(words)

        links = [sound.played.connect(settle), sound.failed.connect(settle)]
        try:
            sound.play(choices.sound, choices.device, choices.volume)
            await asyncio.wait({over}, timeout=_LONGEST_SOUND)
        finally:
            for link in links:
                QObject.disconnect(link)
        if not over.done():
            return Outcome(Channel.SOUND, worked=False, words="The sound does not come to its end: look out for the popup.")
        words = over.result() or "The sound was played. If you did not hear it, choose another output or more volume."
        return Outcome(Channel.SOUND, not over.result(), words)

    async def _look_for_sound(self) -> Outcome:
        device = self._choices.device
        outputs = await self._outputs()
        if len(outputs) < 2:
            return Outcome(Channel.SOUND, worked=False, words="No sound output answers on this computer: look out for the popup.")
        if device not in outputs:
            words = f"The sound output “{device}” is not there: this computer's usual one is used instead."
            return Outcome(Channel.SOUND, worked=False, words=words)
        return Outcome(Channel.SOUND, worked=True, words="The sound output is there.")

    async def _outputs(self) -> tuple[str, ...]:
        """The outputs, as soon as they are known."""
        if self._sound is None:
            return ()
        known = asyncio.Event()
        link = self._sound.devices_changed.connect(known.set)
        try:
            self._sound.prepare()
            if len(self._sound.devices()) < 2:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LONGEST_LOOK):
                        await known.wait()
        finally:
            QObject.disconnect(link)
        return self._sound.devices()

    def _on_sound_played(self) -> None:
        self._note(Outcome(Channel.SOUND, worked=True, words="The sound was played."))

    def _on_sound_failed(self, sentence: str) -> None:
        self._note(Outcome(Channel.SOUND, worked=False, words=sentence))

    def _application(self) -> QGuiApplication:
        return cast("QGuiApplication", QGuiApplication.instance())
