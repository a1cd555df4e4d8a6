"""The program that plays the sounds; `Sound` in sound.py starts it and speaks with it in lines of JSON.

A program of its own, for a computer's sound system can stop whoever asks it. With a sound server that hangs, QtMultimedia waits
30 seconds for its first answer and for ever to open an output; with one that was restarted it may abort the program; some
Windows drivers take seconds; headsets that were unplugged have crashed whole programs on macOS (QTBUG-142939, QTBUG-145704).
None of that may happen to a program with an agent on the line. It knows no window and nothing of calls, and it ends when its
standard input does.

- It is told `{"number": 7, "file": PATH, "device": NAME or "", "volume": 0 to 100}`, the file being a WAV of 16 bit and one
  channel; a new order ends what plays.
- It tells `{"devices": [NAME, ...]}` at the start and when they change, and `{"number": 7, "went": one of Went, "why": WORD}`
  when a sound is over, unless another order came in between. The word is for the log.
"""

from __future__ import annotations

import array
import asyncio
import json
import os
import sys
import threading
import wave
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QObject

from desktop import APP_NAME

Sink = Any
Device = Any
"""A QAudioSink and a QAudioDevice: nothing but a function imports QtMultimedia, not even for its types."""


class Went(StrEnum):
    """How playing a sound went. The last three are not told here: they are what the one who asked sees of this program."""

    PLAYED = "played"
    ELSEWHERE = "elsewhere"
    """Played on the system's default output, because the chosen one is not there or does not work."""
    NO_OUTPUT = "no output"
    """There is none on this computer, or no sound server that would know of one."""
    BROKEN = "broken"
    NOT_INSTALLED = "not installed"
    """QtMultimedia, or a library of the system that it needs, is missing."""
    NOT_STARTED = "not started"
    SILENT = "silent"
    """No answer came in time."""
    ENDED = "ended"
    """Instead of an answer, this program crashed."""


@dataclass(frozen=True, slots=True)
class Order:
    """A sound to be played; what is in it says the module."""

    number: int
    file: str
    device: str
    volume: int


def main() -> int:
    """Play what is asked for until nobody is left to ask."""
    try:
        import PySide6.QtMultimedia  # noqa: F401 - only whether it is there
    except ImportError as missing:
        for line in sys.stdin:
            tell(number=json.loads(line)["number"], went=Went.NOT_INSTALLED, why=missing.name or "a library of the system")
        return 0

    from desktop.ui.loop import event_loop

    async def work() -> None:
        orders: asyncio.Queue[Order] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=listen, args=(loop, orders), name="orders", daemon=True).start()
        await play(orders)

    qt = QCoreApplication([APP_NAME])
    qt.setApplicationName(APP_NAME)  # the mixers of Linux show it
    with asyncio.Runner(loop_factory=lambda: event_loop(qt)) as runner:
        runner.run(work())
    return 0


def listen(loop: asyncio.AbstractEventLoop, orders: asyncio.Queue[Order]) -> None:
    """Hand every order on to the loop. When there are no more, end the program, even if the sound system holds up the loop."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(orders.put_nowait, Order(**json.loads(line)))
    os._exit(0)


async def play(orders: asyncio.Queue[Order]) -> None:
    """Play one order after the other for as long as the program runs."""
    player = Player()
    while True:
        player.play(await orders.get())


def tell(**words: Any) -> None:
    """Say one line to whoever started this program."""
    try:
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
    except OSError:  # nobody is left
        os._exit(0)


class Player(QObject):
    """Plays one sound at a time. An output is open only while it plays: those crashes were of outputs that were left open."""

    def __init__(self) -> None:
        from PySide6.QtMultimedia import QMediaDevices

        super().__init__()
        self._order = Order(number=0, file="", device="", volume=0)
        self._went = Went.PLAYED
        self._sink: Sink | None = None
        self._data = QBuffer()
        self._devices = QMediaDevices(self)
        self._devices.audioOutputsChanged.connect(self._tell_devices)
        self._tell_devices()

    def play(self, order: Order) -> None:
        """Play `order` instead of what plays now."""
        self._stop()
        self._order = order
        self._went = Went.PLAYED
        outputs = self._outputs()
        if not outputs:
            self._over(Went.NO_OUTPUT)
        elif order.device in outputs:
            self._open(outputs[order.device])
        else:
            self._open_default()

    def _open_default(self) -> None:
        if self._order.device:
            self._went = Went.ELSEWHERE
        self._open(self._devices.defaultAudioOutput())

    def _open(self, device: Device) -> None:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QtAudio

        try:
            with wave.open(self._order.file) as file:
                rate, samples = file.getframerate(), array.array("h", file.readframes(file.getnframes()))
        except (OSError, EOFError, wave.Error) as wrong:
            self._over(Went.BROKEN, type(wrong).__name__)
            return
        if device.maximumChannelCount() > 1:  # macOS plays a single one in the left ear
            samples = array.array("h", (sample for sample in samples for _ in range(2)))
        sound = QAudioFormat()
        sound.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        sound.setSampleRate(rate)
        sound.setChannelCount(min(2, device.maximumChannelCount()))
        scale = QtAudio.VolumeScale
        self._sink = sink = QAudioSink(device, sound, self)
        sink.setVolume(QtAudio.convertVolume(self._order.volume / 100, scale.LogarithmicVolumeScale, scale.LinearVolumeScale))
        self._data = QBuffer(sink)
        self._data.setData(samples.tobytes())
        self._data.open(QIODevice.OpenModeFlag.ReadOnly)
        sink.start(self._data)
        sink.stateChanged.connect(self._on_state_changed)
        self._on_state_changed()

    def _on_state_changed(self) -> None:
        """The signal's argument is not taken: it is of another class than `state()`, and PySide6 6.11 may not find that one."""
        from PySide6.QtMultimedia import QtAudio

        if self._sink is None:
            return
        state = self._sink.state()
        if state is QtAudio.State.IdleState and self._data.atEnd():
            self._over(self._went)
        elif state is not QtAudio.State.StoppedState:
            return
        elif self._order.device and self._went is Went.PLAYED:
            self._stop()
            self._open_default()
        else:
            self._over(Went.BROKEN, self._sink.error().name)

    def _over(self, went: Went, why: str = "") -> None:
        self._stop()
        tell(number=self._order.number, went=went, why=why)

    def _stop(self) -> None:
        """End what plays at once: an output that is only told to stop plays on what it has."""
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.stateChanged.disconnect(self._on_state_changed)
            sink.reset()
            sink.deleteLater()

    def _outputs(self) -> dict[str, Device]:
        """By the names that people know; of two with the same name the second cannot be chosen."""
        outputs: dict[str, Device] = {}
        for device in self._devices.audioOutputs():
            outputs.setdefault(device.description(), device)
        return outputs

    def _tell_devices(self) -> None:
        tell(devices=list(self._outputs()))


if __name__ == "__main__":
    sys.exit(main())
