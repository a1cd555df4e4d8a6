"""The program's icon in the formats of the systems, drawn from `resources/icons/nextcall.svg` when a bundle is built."""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICON = Path(__file__).resolve().parent.parent / "resources" / "icons" / "nextcall.svg"

_ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
_ICNS_TYPES = {
    **{b"icp4": 16, b"icp5": 32, b"ic07": 128, b"ic08": 256, b"ic09": 512},
    **{b"ic11": 32, b"ic12": 64, b"ic13": 256, b"ic14": 512, b"ic10": 1024},  # the same for screens of twice the density
}


def png(size: int) -> bytes:
    """The icon as a PNG of `size` x `size` pixels."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    _drawn(size).save(buffer, "PNG")  # type: ignore[call-overload]  # its stub knows no bytes and no text here
    return bytes(buffer.data().data())


def ico() -> bytes:
    """The icon for Windows: a PNG where it is large, a bitmap for the sizes that old parts of Windows read."""
    pictures = [png(size) if size > 64 else _bitmap(size) for size in _ICO_SIZES]
    head = struct.pack("<HHH", 0, 1, len(pictures))
    at = len(head) + 16 * len(pictures)
    for size, picture in zip(_ICO_SIZES, pictures, strict=True):
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return head + b"".join(pictures)


def icns() -> bytes:
    """The icon for macOS."""
    parts = [struct.pack(">4sI", kind, 8 + len(picture)) + picture for kind, picture in _pngs()]
    return struct.pack(">4sI", b"icns", 8 + sum(map(len, parts))) + b"".join(parts)


def _pngs() -> list[tuple[bytes, bytes]]:
    return [(kind, png(size)) for kind, size in _ICNS_TYPES.items()]


def _bitmap(size: int) -> bytes:
    """As an icon has it: 32 bits with transparency from the lowest line up, then the mask of times that had no transparency."""
    head = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, 0, 0, 0, 0, 0)
    image = _drawn(size).flipped(Qt.Orientation.Vertical)
    mask = bytes(4 * ((size + 31) // 32) * size)
    return head + bytes(image.constBits()) + mask


def _drawn(size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(ICON)).render(painter)
    painter.end()
    return image
