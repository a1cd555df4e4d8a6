"""An eye on the screen that is not ours: a bare X client that says when words appear in a region, and when they go.

`python -m tests.bench.eye X Y WIDTH HEIGHT` looks about every half millisecond and prints a line for each change: the time on the
clock of time.perf_counter and 1 (there is dark and light: words) or 0 (all of one shade).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_ALL_PLANES, _Z_PIXMAP = ctypes.c_ulong(-1), 2
_DARK, _LIGHT = 110, 170
_PAUSE = 0.0005


class _Image(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_char)),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    )


def look(x: int, y: int, width: int, height: int) -> None:
    """Look for ever."""
    x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XGetImage.restype = ctypes.POINTER(_Image)
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
    seen = False
    print("looking", flush=True)
    while True:
        image = x11.XGetImage(display, root, x, y, width, height, _ALL_PLANES, _Z_PIXMAP)
        now = time.perf_counter()
        size = image.contents.bytes_per_line * height
        shades = ctypes.string_at(image.contents.data, size)[1::4]  # green stands for all
        x11.XFree(image.contents.data)
        x11.XFree(image)
        words = min(shades) < _DARK and max(shades) > _LIGHT
        if words is not seen:
            seen = words
            print(f"{now} {int(words)}", flush=True)
        time.sleep(_PAUSE)


class Eye:
    """What it has seen: when words appeared."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        self.appeared: list[float] = []
        self.empty = True
        """Whether there is nothing to read now."""
        assert program.stdout
        program.stdout.readline()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._program.stdout
        for line in self._program.stdout:
            at, words = line.split()
            self.empty = words == "0"
            if not self.empty:
                self.appeared.append(float(at))


@contextmanager
def eye(x: int, y: int, width: int, height: int) -> Iterator[Eye]:
    """An eye on that region of the screen, in device pixels."""
    command = [sys.executable, "-m", "tests.bench.eye", *map(str, (x, y, width, height))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield Eye(program)
        finally:
            program.kill()


if __name__ == "__main__":
    look(*map(int, sys.argv[1:5]))
