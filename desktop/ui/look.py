"""How NextCall looks: one palette in light and dark, one type scale, one set of icons, all from `resources/`.

Fusion on every system, because it follows a palette everywhere; type sizes grow from the system's own font size.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from string import Template

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from desktop.resources import RESOURCES

SMALL, BODY, SCRIPT, TITLE, DISPLAY = 0.9, 1.0, 1.2, 1.3, 1.9
"""The type scale, in multiples of the system's font size."""

TIGHT, GAP, ROOM, WIDE = 4, 8, 16, 24
"""The spacings, in device-independent pixels."""


@dataclass
class _Worn:
    scheme: str = "light"
    size: float = 10.0


_worn = _Worn()
"""What the one QApplication of this process wears now."""


@cache
def _palettes() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((RESOURCES / "style" / "colours.json").read_text(encoding="utf-8"))
    return found


def colour(name: str) -> QColor:
    """A colour of colours.json in the scheme that the program wears now."""
    return QColor(_palettes()[_worn.scheme][name])


def dress(app: QApplication) -> None:
    """Give `app` its style, in light or dark as the system has it, and again whenever the system changes."""
    app.setStyle("Fusion")
    size = app.font().pointSizeF()
    _worn.size = size if size > 0 else 10.0  # a font given in pixels has no point size
    without_wish = "dark" if app.palette().color(QPalette.ColorRole.Window).lightness() < 128 else "light"

    def dress_now() -> None:
        wishes = {Qt.ColorScheme.Light: "light", Qt.ColorScheme.Dark: "dark"}
        wear(app, wishes.get(app.styleHints().colorScheme(), without_wish))

    dress_now()
    app.styleHints().colorSchemeChanged.connect(dress_now)


def wear(app: QApplication, scheme: str) -> None:
    """Put on the colours of `light` or `dark`."""
    _worn.scheme = scheme
    app.setPalette(_palette())
    sizes = {name: f"{_worn.size * factor:.1f}" for name, factor in _SCALE.items()}
    sheet = Template((RESOURCES / "style" / "nextcall.qss").read_text(encoding="utf-8"))
    places = {"icons": (RESOURCES / "icons").as_posix(), "scheme": scheme}
    app.setStyleSheet(sheet.substitute(_palettes()[scheme] | sizes | places))


_SCALE = {"small": SMALL, "body": BODY, "script": SCRIPT, "title": TITLE, "display": DISPLAY}


def _palette() -> QPalette:
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "window",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "bad",
        QPalette.ColorRole.ToolTipBase: "surface",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.Accent: "accent",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.Mid: "line",
        QPalette.ColorRole.Light: "raised",
        QPalette.ColorRole.Midlight: "line",
        QPalette.ColorRole.Dark: "line",
        QPalette.ColorRole.Shadow: "line",
    }
    palette = QPalette()
    for role, name in roles.items():
        palette.setColor(role, colour(name))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, colour("muted"))
    return palette


def icon(name: str, tone: str = "text") -> QIcon:
    """A line icon of `resources/icons`, drawn in the present scheme's `tone` whenever it is painted."""
    return QIcon(_LineIcon(name, tone))


def app_icon(*, practice: bool) -> QIcon:
    """The program's own icon; another one in practice mode."""
    return QIcon(str(RESOURCES / "icons" / ("nextcall-practice.svg" if practice else "nextcall.svg")))


def state_icon(name: str, tone: str) -> QIcon:
    """A round badge in `tone` with a white line icon: what the tray shows, on a light or dark panel alike."""
    badge = QIcon()
    for size in (16, 22, 24, 32, 48, 64):
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(_palettes()["light"][tone]))
        painter.drawEllipse(QRectF(0, 0, size, size))
        inset = size * 0.2
        _renderer(name, "#ffffff").render(painter, QRectF(inset, inset, size - 2 * inset, size - 2 * inset))
        painter.end()
        badge.addPixmap(pixmap)
    return badge


class Glyph(QWidget):
    """A line icon as a widget, for places that need no button."""

    def __init__(self, name: str, size: int = 20, tone: str = "muted") -> None:
        super().__init__()
        self._name, self._tone = name, tone
        self.setFixedSize(size, size)

    def show_icon(self, name: str, tone: str) -> None:
        """Show another icon."""
        if (name, tone) != (self._name, self._tone):
            self._name, self._tone = name, tone
            self.update()

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        _renderer(self._name, colour(self._tone).name()).render(painter, QRectF(self.rect()))


class _LineIcon(QIconEngine):
    """Looks its colour up when it paints, so that it follows light and dark without anybody telling it."""

    def __init__(self, name: str, tone: str) -> None:
        super().__init__()
        self._name, self._tone = name, tone

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, _state: QIcon.State) -> None:
        square = QRectF(rect.x(), rect.y(), rect.height(), rect.height())  # a wider place leaves air before the words
        _renderer(self._name, self._ink(mode)).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        drawing = f"{self._name} {self._ink(mode)} {size.width()} {size.height()} {scale}"
        pixmap = QPixmap()
        if not QPixmapCache.find(drawing, pixmap):
            pixmap = QPixmap(size * scale)
            pixmap.setDevicePixelRatio(scale)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
            painter.end()
            QPixmapCache.insert(drawing, pixmap)
        return pixmap

    def _ink(self, mode: QIcon.Mode) -> str:
        return colour("muted" if mode is QIcon.Mode.Disabled else self._tone).name()

    def clone(self) -> QIconEngine:
        return _LineIcon(self._name, self._tone)


@cache
def _renderer(name: str, ink: str) -> QSvgRenderer:
    drawing = (RESOURCES / "icons" / f"{name}.svg").read_bytes().replace(b"currentColor", ink.encode("ascii"))
    return QSvgRenderer(QByteArray(drawing))
