"""A sound server of a test's own, whose outputs only the test hears: PulseAudio with null sinks, recorded where they end."""

from __future__ import annotations

import array
import contextlib
import math
import os
import signal
import wave
from typing import TYPE_CHECKING

from tests.desk import Session, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RATE = 48_000
LOUD = 30
"""From which number on a sample is sound, of 32,767."""


class SoundServer(Session):
    """A session with a sound server in it. Its outputs have short names here and longer ones for people."""

    def __init__(self, home: Path, leaving: contextlib.ExitStack) -> None:
        super().__init__(home, leaving)
        self.env["QT_AUDIO_BACKEND"] = "pulseaudio"  # where Qt finds a library of PipeWire it would rather ask that
        self._plugged: dict[str, str] = {}
        self._start()

    def _start(self) -> None:
        options = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no", "--high-priority=no"]
        self._server = self.start("pulseaudio", *options, "--load=module-native-protocol-unix")
        socket = self.home / "run" / "pulse" / "native"
        wait_until(socket.exists, f"the sound server: {self.log('pulseaudio')}")
        self.run("pactl", "load-module", "module-null-source", "source_name=nothing")
        self.run("pactl", "set-default-source", "nothing")  # else PulseAudio lets our recorders follow the default output

    def restart(self) -> None:
        """End the server, and start one without outputs."""
        self._server.terminate()
        self._server.wait()
        self._plugged.clear()
        self._start()

    def plug(self, name: str, people_say: str) -> None:
        """Make an output."""
        properties = f"sink_properties='device.description=\"{people_say}\"'"
        options = [f"sink_name={name}", f"rate={RATE}", "channels=2", properties]
        options.append("norewinds=1")  # else it first waits for as much as two seconds of sound
        self._plugged[name] = self.run("pactl", "load-module", "module-null-sink", *options).strip()

    def unplug(self, name: str) -> None:
        """Take an output away, even while it plays."""
        self.run("pactl", "unload-module", self._plugged.pop(name))

    @property
    def plugged(self) -> set[str]:
        return set(self._plugged)

    def use(self, name: str) -> None:
        """Make an output the system's default."""
        self.run("pactl", "set-default-sink", name)

    def plays_in(self, channels: int) -> bool:
        """Whether something plays at this moment that has so many channels of its own."""
        return f" {channels}ch " in self.run("pactl", "list", "short", "sink-inputs")

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        """The server is there, but does not answer."""
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def recorded(self, name: str) -> Iterator[Recording]:
        """What comes out of an output from now on."""
        file = self.home / f"{name}-{len(list(self.home.glob('*.raw')))}.raw"
        how = [f"--rate={RATE}", "--channels=1", "--format=s16le", "--raw", "--latency-msec=20"]
        recorder = self.start("parec", f"--device={name}.monitor", *how, str(file))
        recording = Recording(file)
        wait_until(recording.samples, f"the recorder: {self.log('parec')}")
        try:
            yield recording
        finally:
            recorder.terminate()
            recorder.wait()


class Recording:
    """What was recorded until now: 48 kHz, 16 bit, one channel."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def samples(self) -> Sequence[int]:
        content = self._file.read_bytes() if self._file.exists() else b""
        return array.array("h", content[: len(content) // 2 * 2])

    def is_loud(self) -> bool:
        """Whether something was heard."""
        return max(self.samples(), default=0) >= LOUD

    def is_over(self, *, seconds: float = 0.4) -> bool:
        """Whether something was heard, and then nothing for so long."""
        samples = self.samples()
        return max(samples, default=0) >= LOUD > max(samples[-int(seconds * RATE) :])

    def energy(self) -> float:
        return energy(self.samples())


def energy(samples: Sequence[int]) -> float:
    """Of all that is heard, however long the silence around it."""
    return float(sum(sample * sample for sample in samples))


def decibels(energy_: float, than: float) -> float:
    """How much louder it is, by their energies."""
    return 10 * math.log10(energy_ / than)


def read(file: Path) -> tuple[wave._wave_params, Sequence[int]]:
    """A WAV file of 16 bit."""
    with wave.open(os.fspath(file)) as opened:
        return opened.getparams(), array.array("h", opened.readframes(opened.getnframes()))
