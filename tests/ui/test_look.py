"""How it looks: colours that can be read, icons that are there, and a change of light and dark while it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QLabel

from desktop.resources import RESOURCES
from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.login import LoginDialog
from desktop.ui.shift_window import FACES
from tests.ui.screen import field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desktop.app import QtApplication

PALETTES = json.loads((RESOURCES / "style" / "colours.json").read_text(encoding="utf-8"))
SCHEMES = sorted(PALETTES)
LINE_ICONS = sorted(path.stem for path in (RESOURCES / "icons").glob("*.svg") if b"currentColor" in path.read_bytes())
TEXT_ON_GROUND = [
    *[("text", ground) for ground in ("window", "surface", "raised", "accent_soft", "good_soft", "warn_soft", "bad_soft")],
    *[("muted", ground) for ground in ("window", "surface", "accent_soft")],  # explanations, placeholders, digits under the mouse
    *[("accent", ground) for ground in ("window", "surface", "accent_soft")],  # flat buttons
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("good", "good_soft"),
    ("warn", "warn_soft"),
    ("bad", "bad_soft"),
    ("on_practice", "practice"),
]
ICON_ON_GROUND = [(tone, ground) for tone in ("accent", "good", "warn", "bad", "muted") for ground in ("window", "surface")]


@pytest.fixture(autouse=True)
def _as_before(qapp: QtApplication) -> Iterator[None]:
    yield
    look.wear(qapp, "light")


def _luminance(colour: QColor) -> float:
    """WCAG 2.1, 'relative luminance'."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(scheme: str, one: str, other: str) -> float:
    lower, higher = sorted(_luminance(QColor(PALETTES[scheme][name])) for name in (one, other))
    return (higher + 0.05) / (lower + 0.05)


def test_the_measure_is_right():
    PALETTES["test"] = {"black": "#000000", "white": "#ffffff", "grey": "#767676"}
    assert _contrast("test", "black", "white") == pytest.approx(21)
    assert _contrast("test", "grey", "white") == pytest.approx(4.54, abs=0.01)
    del PALETTES["test"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_can_be_read_on_its_ground(scheme: str, text: str, ground: str):
    assert _contrast(scheme, text, ground) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("tone", "ground"), ICON_ON_GROUND)
def test_icons_can_be_told_from_their_ground(scheme: str, tone: str, ground: str):
    assert _contrast(scheme, tone, ground) >= 3  # WCAG 2.1, 1.4.11


def test_both_schemes_have_the_same_colours():
    assert list(PALETTES["light"]) == list(PALETTES["dark"])
    assert all(QColor(colour).isValid() for palette in PALETTES.values() for colour in palette.values())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_style_sheet_uses_no_colour_but_these(qapp: QtApplication, scheme: str):
    sheet = (RESOURCES / "style" / "nextcall.qss").read_text(encoding="utf-8")
    assert "#" not in sheet
    look.wear(qapp, scheme)
    assert "$" not in qapp.styleSheet()


# ------------------------------------------------------------------------------------------------------------- icons


def _ink(image: QImage) -> dict[str, int]:
    """How often each opaque colour is in the picture."""
    found: dict[str, int] = {}
    for y in range(image.height()):
        for x in range(image.width()):
            pixel = image.pixelColor(x, y)
            if pixel.alpha() == 255:
                found[pixel.name()] = found.get(pixel.name(), 0) + 1
    return found


def _most(image: QImage) -> str:
    ink = _ink(image)
    return max(ink, key=lambda name: ink[name])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", LINE_ICONS)
def test_every_line_icon_is_drawn_in_its_tone(qapp: QtApplication, scheme: str, name: str):
    look.wear(qapp, scheme)
    for tone in ("text", "accent"):
        assert _most(look.icon(name, tone).pixmap(QSize(64, 64)).toImage()) == PALETTES[scheme][tone]


@pytest.mark.parametrize("practice", [False, True])
def test_the_programs_own_icon(qapp: QtApplication, practice: bool):
    assert not look.app_icon(practice=practice).pixmap(64).isNull()
    live, training = (look.app_icon(practice=one).pixmap(64).toImage() for one in (False, True))
    assert live != training


def test_every_state_has_a_face_of_its_own(qapp: QtApplication):
    assert set(FACES) == set(State)
    assert {name for name, _ in FACES.values()} <= set(LINE_ICONS)
    pictures = [look.state_icon(*FACES[state]).pixmap(32).toImage() for state in State]
    assert all(len(_ink(picture)) > 1 for picture in pictures)
    for number, picture in enumerate(pictures):
        assert picture not in pictures[number + 1 :]


def test_every_tick_of_the_check_boxes_is_there():
    for scheme in SCHEMES:
        assert not QImage(str(RESOURCES / "icons" / f"tick-{scheme}.svg")).isNull()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_icons_are_sharp_on_every_screen(qapp: QtApplication, ratio: float):
    pixmap = look.icon("next").pixmap(QSize(18, 18), ratio)
    assert (pixmap.size(), pixmap.devicePixelRatio()) == (QSize(18, 18) * ratio, ratio)


# -------------------------------------------------------------------------------------------------- light and dark


def test_everything_that_is_open_changes_with_the_system(qapp: QtApplication, keep: Callable[[Any], Any]):
    window = keep(LoginDialog(practice=False))
    window.show()
    text = next(one for one in window.findChildren(QLabel) if one.text() == "Log in")
    glyph = keep(look.Glyph("check", 64, "good"))
    glyph.show()
    icon: QIcon = look.icon("eye", "muted")
    for scheme in ("dark", "light", "dark"):
        look.wear(qapp, scheme)
        palette = PALETTES[scheme]
        picture = window.grab().toImage()
        assert picture.pixelColor(3, picture.height() - 3).name() == palette["window"]
        entry = field(window, "Agent ID").grab().toImage()
        assert entry.pixelColor(entry.rect().center()).name() == palette["surface"]
        assert palette["text"] in _ink(text.grab().toImage())
        assert _ink(glyph.grab().toImage())[palette["good"]] > 50
        assert _most(icon.pixmap(QSize(64, 64)).toImage()) == palette["muted"]
        assert look.colour("accent").name() == palette["accent"]
