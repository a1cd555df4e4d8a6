"""The strip: one line, worked with the mouse, without ever having the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from desktop.popup.dispositions import Offered, offered
from desktop.popup.profile import CampaignProfile, Disposition
from desktop.ui.strip import Strip, _shared
from tests.ui.screen import Role, assert_nothing_cut, button, has, press, settle, spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Keep = Callable[[Any], Any]

BUILT_IN = offered(CampaignProfile())
LONG = "Wilhelmina van der Kloosterveldt-Featherstonehaugh"


def dispositions(*names: str) -> tuple[Offered, ...]:
    return offered(CampaignProfile(dispositions=tuple(Disposition(name=name) for name in names)))


@pytest.fixture
def strip(keep: Keep) -> Iterator[Strip]:
    made: Strip = keep(Strip(practice=False))
    yield made
    made.hide()


@pytest.fixture
def wishes(strip: Strip) -> list[str]:
    """What the strip asked for."""
    heard: list[str] = []
    strip.disposition_chosen.connect(lambda name: heard.append(f"choose {name}"))
    strip.open_requested.connect(lambda: heard.append("open"))
    strip.next_call_requested.connect(lambda: heard.append("next call"))
    return heard


def choices(strip: Strip) -> list[QPushButton]:
    """The buttons of the dispositions."""
    return [one for one in strip.findChildren(QPushButton) if one.isCheckable()]


def chosen(strip: Strip) -> list[str]:
    return [one.accessibleName() for one in choices(strip) if one.isChecked()]


# ------------------------------------------------------------------------------------------------------- what it shows


def test_what_a_screen_reader_finds(strip: Strip):
    strip.show_call("Maya Okafor", BUILT_IN)
    assert spoken(strip)[0][1] == "Call strip"
    assert has(strip, Role.StaticText, "Maya Okafor")
    assert has(strip, Role.StaticText, "0:00")
    for number, one in enumerate(BUILT_IN, 1):
        assert has(strip, Role.CheckBox, f"{number} {one.disposition.name}")
    assert has(strip, Role.Button, "Open")
    assert not has(strip, Role.Button, "Next Call")
    strip.mark("Interested")
    assert has(strip, Role.Button, "Next Call")
    assert not [name for role, name, _ in spoken(strip) if role in {Role.Button, Role.CheckBox} and not name]


@pytest.mark.parametrize("practice", [True, False])
def test_a_practice_is_marked(keep: Keep, practice: bool):
    strip = keep(Strip(practice=practice))
    strip.show_call("Maya Okafor", BUILT_IN)
    assert has(strip, Role.StaticText, "PRACTICE") == practice
    strip.hide()


def test_what_has_no_digit_is_left_to_the_popup(strip: Strip):
    strip.show_call("Maya Okafor", dispositions(*(f"number {n}" for n in range(1, 13))))
    assert [one.accessibleName() for one in choices(strip)] == [f"{n} number {n}" for n in range(1, 10)]


def test_a_name_is_taken_for_what_it_is(strip: Strip):
    """Neither for markup nor for a mnemonic, and all of it is in the tool tip."""
    name = "<b>R&D</b> wants us to call them back in the year after next"
    strip.show_call(f"<i>{LONG}</i>", dispositions(name, "R&D"))
    first, second = choices(strip)
    assert first.text().startswith("1 <b>R&&D")
    assert first.text().endswith("…")
    assert "&lt;b&gt;R&amp;D&lt;/b&gt; wants us to call them back in the year after next" in first.toolTip()
    assert second.text() == "2 R&&D"
    assert second.shortcut().isEmpty()
    label = next(thing for role, text, thing in spoken(strip) if text == f"<i>{LONG}</i>")
    assert label.text().endswith("…")
    assert f"&lt;i&gt;{LONG}&lt;/i&gt;" in label.toolTip()


def test_each_call_begins_anew(strip: Strip):
    strip.show_call("Maya Okafor", BUILT_IN)
    strip.mark("Interested")
    strip.set_busy(busy=True)
    strip.show_call("Zoë Łuczak", BUILT_IN)
    assert has(strip, Role.StaticText, "Zoë Łuczak")
    assert chosen(strip) == []
    assert not has(strip, Role.Button, "Next Call")
    assert all(one.isEnabled() for one in choices(strip))


def test_another_campaign_has_other_dispositions(strip: Strip):
    strip.show_call("Maya Okafor", BUILT_IN)
    before = choices(strip)
    strip.show_call("Maya Okafor", BUILT_IN)
    assert choices(strip) == before
    strip.show_call("Maya Okafor", dispositions("Sale", "No sale"))
    settle()
    assert [name for role, name, _ in spoken(strip) if role is Role.CheckBox] == ["1 Sale", "2 No sale"]


def test_nobody_reads_it_while_the_agent_is_away(strip: Strip, wishes: list[str]):
    strip.show_call("Maya Okafor", BUILT_IN)
    strip.mark("Interested")
    strip.set_covered(covered=True)
    assert not [name for _role, name, _ in spoken(strip) if "Maya" in name]
    for one in (*choices(strip), button(strip, "Next Call")):
        QTest.mouseClick(one, Qt.MouseButton.LeftButton)
    strip.set_busy(busy=False)
    strip.show_call("Zoë Łuczak", BUILT_IN)  # the next one comes while nobody is there
    assert not [name for _role, name, _ in spoken(strip) if "Zoë" in name]
    assert wishes == []
    strip.set_covered(covered=False)
    assert has(strip, Role.StaticText, "Zoë Łuczak")
    press(strip, "Open")
    assert wishes == ["open"]


# ------------------------------------------------------------------------------------------------------- what it wishes


def test_a_click_only_wishes(strip: Strip, wishes: list[str]):
    strip.show_call("Maya Okafor", BUILT_IN)
    QTest.mouseClick(choices(strip)[1], Qt.MouseButton.LeftButton)
    assert wishes == ["choose Call back later"]
    assert chosen(strip) == []
    strip.mark("Call back later")
    assert chosen(strip) == ["2 Call back later"]
    QTest.mouseClick(choices(strip)[1], Qt.MouseButton.LeftButton)
    assert chosen(strip) == ["2 Call back later"]
    press(strip, "Next Call")
    press(strip, "Open")
    assert wishes == ["choose Call back later", "choose Call back later", "next call", "open"]


def test_the_chosen_one_is_told_by_more_than_its_colour(strip: Strip):
    strip.show_call("Maya Okafor", dispositions("Sale", "No sale"))
    sale, no_sale = choices(strip)
    strip.mark("Sale")
    assert (sale.text(), sale.icon().isNull()) == ("Sale", False)
    assert (no_sale.text(), no_sale.icon().isNull()) == ("2 No sale", True)
    strip.mark("No sale")
    assert (sale.text(), sale.icon().isNull()) == ("1 Sale", True)
    assert (no_sale.text(), no_sale.icon().isNull()) == ("No sale", False)
    strip.mark("")
    assert chosen(strip) == []
    assert not has(strip, Role.Button, "Next Call")


def test_what_was_chosen_in_the_popup_can_be_stored_here_too(strip: Strip):
    strip.show_call("Maya Okafor", dispositions("Sale", "No sale"))
    strip.mark("asked for the <boss>")
    assert chosen(strip) == []
    assert "“asked for the &lt;boss&gt;”" in button(strip, "Next Call").toolTip()


def test_nothing_moves_under_the_mouse(strip: Strip):
    strip.show_call("Maya Okafor", BUILT_IN)
    parts = [*choices(strip), button(strip, "Open")]
    before = [strip.geometry(), *(one.geometry() for one in parts)]
    strip.mark("Interested")
    settle()
    assert [strip.geometry(), *(one.geometry() for one in parts)] == before
    strip.set_covered(covered=True)
    settle()
    assert [strip.geometry(), *(one.geometry() for one in parts)] == before


def test_nothing_is_pressed_twice(strip: Strip, wishes: list[str]):
    strip.show_call("Maya Okafor", BUILT_IN)
    strip.mark("Interested")
    strip.set_busy(busy=True)
    for one in (*choices(strip), button(strip, "Next Call")):
        QTest.mouseClick(one, Qt.MouseButton.LeftButton)
    assert wishes == []


def test_it_never_has_the_keyboard(strip: Strip):
    strip.show_call("Maya Okafor", BUILT_IN)
    for flag in (Qt.WindowType.WindowDoesNotAcceptFocus, Qt.WindowType.WindowStaysOnTopHint, Qt.WindowType.FramelessWindowHint):
        assert strip.windowFlags() & flag
    assert {one.focusPolicy() for one in strip.findChildren(QWidget)} == {Qt.FocusPolicy.NoFocus}


# ------------------------------------------------------------------------------------------------------------- its place


def test_it_is_at_the_top_in_the_middle(strip: Strip):
    strip.show_call("Jo", dispositions("Sale"))
    room = strip.screen().availableGeometry()
    assert strip.y() == room.y()
    assert abs(strip.geometry().center().x() - room.center().x()) <= 1


def drag(strip: Strip, by: QPoint) -> None:
    """By the mouse, from a place where there is no button."""
    at = QPoint(3, 3)
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    QTest.mouseMove(strip, at + by)
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def test_it_stays_where_it_is_dragged(strip: Strip):
    strip.show_call("Jo", dispositions("Sale"))
    before = strip.pos()
    drag(strip, QPoint(-30, 200))
    assert strip.pos() == before + QPoint(-30, 200)
    strip.hide()
    strip.show_call("Jo", dispositions("Sale"))
    assert strip.pos() == before + QPoint(-30, 200)
    QTest.mouseMove(strip, QPoint(60, 60))  # nobody holds it
    assert strip.pos() == before + QPoint(-30, 200)


@pytest.mark.parametrize("by", [QPoint(-3000, -3000), QPoint(3000, 3000)])
def test_it_is_not_dragged_out_of_sight_whatever_comes_next(strip: Strip, by: QPoint):
    room = strip.screen().availableGeometry()
    strip.show_call("Jo", dispositions("Sale"))
    drag(strip, by)
    assert room.contains(strip.geometry())
    strip.show_call(LONG, BUILT_IN)  # wider than before
    assert room.contains(strip.geometry())
    strip.show_call("Jo", dispositions("Sale"))
    assert room.contains(strip.geometry())
    edges = (room.left(), room.top()) if by.x() < 0 else (room.right(), room.bottom())
    assert edges == ((strip.x(), strip.y()) if by.x() < 0 else (strip.geometry().right(), strip.geometry().bottom()))


# ------------------------------------------------------------------------------------------------------------ nothing cut


@pytest.mark.usefixtures("worn")
@pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])
@pytest.mark.parametrize(
    "names", [(), ("Sale",), [one.disposition.name for one in BUILT_IN], [f"{LONG} {n}" for n in range(9)]], ids=len
)
def test_nothing_is_cut_and_it_is_never_wider_than_its_screen(keep: Keep, practice: bool, names: list[str]):
    strip = keep(Strip(practice=practice))
    for caller in ("Jo", LONG):
        strip.show_call(caller, dispositions(*names) if names else ())
        assert_nothing_cut(strip)
        assert strip.screen().availableGeometry().contains(strip.geometry())
        for one in choices(strip):
            strip.mark(one.accessibleName()[2:])
            assert_nothing_cut(strip)
    strip.hide()


def test_on_a_smaller_screen_it_says_less(strip: Strip):
    strip.show_call(LONG, BUILT_IN)
    strip.mark("Interested")
    assert strip.width() > 640
    strip.resize(640, strip.height())
    assert strip.width() <= 640
    assert_nothing_cut(strip)


def test_it_is_not_even_wider_where_nothing_can_be_shortened_any_more(strip: Strip):
    strip.setStyleSheet("QPushButton { padding: 7px 60px; }")
    strip.show_call(LONG, BUILT_IN)
    assert strip.screen().availableGeometry().contains(strip.geometry())


@given(st.lists(st.integers(0, 300), max_size=9), st.integers(-50, 2000))
def test_room_is_shared_by_shortening_the_longest(wishes: list[int], room: int):
    given = _shared(wishes, room)
    assert all(0 <= got <= wish for got, wish in zip(given, wishes, strict=True))
    assert sum(given) <= max(room, 0)
    if sum(wishes) <= room:
        assert given == wishes
    short = [got for got, wish in zip(given, wishes, strict=True) if got < wish]
    if short:
        assert sum(given) > room - len(wishes)  # nothing is wasted
        assert min(short) >= max(given) - 1  # whoever is shortened has as much as anybody
