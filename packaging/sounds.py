"""Makes the alert sounds in `resources/sounds`, so that each is ours and can be made again: 48 kHz, 16 bit, one channel.

    python packaging/sounds.py [DIR]

Every note begins and ends at nothing, every sound has its peak at -6 dBFS and a tenth of a second of silence at its end: what an
output still holds in its buffer when it is closed is cut off, and that may only be silence.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

SOUNDS = Path(__file__).resolve().parent.parent / "resources" / "sounds"

RATE = 48_000
PEAK = 10 ** (-6 / 20)
TAIL = 0.1
"""Seconds of silence at the end."""
FADE_OUT = 0.04
"""Seconds in which a note that still sounds fades to nothing."""

Samples = list[float]
Note = tuple[float, Samples]
"""When it begins, in seconds, and how it sounds."""


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else SOUNDS
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        write(folder / f"{name}.wav", make())
        print(folder / f"{name}.wav")
    return 0


# ---------------------------------------------------------------------------------------------------------- the sounds


def chime() -> Samples:
    """A bell struck twice, the second time a fourth higher (G5, C6), ringing out."""
    bell = {1.0: 1.0, 2.0: 0.45, 3.01: 0.2, 4.2: 0.08}
    return together([(0.0, struck(784.0, 1.0, bell, decay=4.5)), (0.22, struck(1046.5, 1.0, bell, decay=4.5))])


def marimba() -> Samples:
    """Three dry wooden notes upwards (C5, E5, G5). A bar of a marimba is tuned to its fundamental, four and ten times that."""
    bar = {1.0: 1.0, 4.0: 0.25, 10.0: 0.05}
    return together([(0.13 * place, struck(pitch, 0.5, bar, decay=11.0)) for place, pitch in enumerate((523.25, 659.25, 784.0))])


def pulse() -> Samples:
    """Three soft swells of a low fifth (A4, E5), evenly apart: the one to tell from a desk phone."""
    return together([(0.32 * place, swell((440.0, 659.25), 0.24)) for place in range(3)])


MAKERS: dict[str, Callable[[], Samples]] = {"chime": chime, "marimba": marimba, "pulse": pulse}


# ------------------------------------------------------------------------------------------------------------ building


def struck(pitch: float, seconds: float, partials: dict[float, float], *, decay: float) -> Samples:
    """A note that begins at once and dies away, upper partials (times `pitch`: how loud) the faster. `decay` is per second."""

    def at(time: float) -> float:
        return sum(
            loud * math.exp(-decay * math.sqrt(times) * time) * math.sin(2 * math.pi * pitch * times * time)
            for times, loud in partials.items()
        )

    return faded([at(place / RATE) for place in range(int(seconds * RATE))], rise=0.005, fall=FADE_OUT)


def swell(pitches: Sequence[float], seconds: float) -> Samples:
    """Several tones that come and go together."""
    tones = [sum(math.sin(2 * math.pi * pitch * place / RATE) for pitch in pitches) for place in range(int(seconds * RATE))]
    return faded(tones, rise=seconds / 3, fall=seconds / 2)


def faded(samples: Samples, *, rise: float, fall: float) -> Samples:
    """`samples` from nothing and to nothing again, along half a cosine of `rise` and of `fall` seconds."""
    last = len(samples) - 1

    def gain(distance: int, seconds: float) -> float:
        return 0.5 - 0.5 * math.cos(math.pi * min(1.0, distance / (seconds * RATE)))

    return [sample * gain(place, rise) * gain(last - place, fall) for place, sample in enumerate(samples)]


def together(notes: Iterable[Note]) -> Samples:
    """The notes one over the other, and the silence after them."""
    placed = [(int(begin * RATE), samples) for begin, samples in notes]
    mixed = [0.0] * (max(begin + len(samples) for begin, samples in placed) + int(TAIL * RATE))
    for begin, samples in placed:
        for place, sample in enumerate(samples, begin):
            mixed[place] += sample
    return mixed


def write(path: Path, samples: Samples) -> None:
    """As a WAV file, as loud as PEAK allows."""
    factor = PEAK * 32_767 / max(abs(sample) for sample in samples)
    numbers = array.array("h", (round(sample * factor) for sample in samples))
    if sys.byteorder == "big":
        numbers.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(numbers.tobytes())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
