"""What looks like a card number is asked about before it is sent, and can be covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop.callcenter.model import CallResponse
from desktop.popup.notes import unpack
from desktop.popup.profile_file import read
from desktop.shift.journal import Draft
from tests.simulation import a_call
from tests.ui.screen import Role, button, field, has, message, part, press, show

if TYPE_CHECKING:
    from desktop.ui.popup import PopupWindow

CARD = "4111 1111 1111 1111"
COVERED = "•••• •••• •••• 1111"
CALL = a_call()


@pytest.fixture
def sent(popup: PopupWindow) -> list[tuple[str, CallResponse]]:
    found: list[tuple[str, CallResponse]] = []
    popup.next_call_requested.connect(lambda response: found.append(("Next Call", response)))
    popup.logoff_requested.connect(lambda response: found.append(("Logoff", response)))
    popup.show_call(CALL)
    show(popup)
    part(popup, Role.List, "Disposition").setCurrentRow(0)
    return found


@pytest.mark.parametrize("way_on", ["Next Call", "Logoff"])
def test_it_is_asked_once_and_the_second_press_sends_it(popup: PopupWindow, sent: list[tuple[str, CallResponse]], way_on: str):
    field(popup, "Notes").setPlainText(f"pays with {CARD}")
    press(popup, way_on)
    assert sent == []
    assert "This looks like a card number: •••• 1111" in message(popup)
    press(popup, way_on)
    assert sent == [(way_on, CallResponse(CALL.id, "Interested", f"pays with {CARD}"))]


def test_another_text_is_asked_about_anew(popup: PopupWindow, sent: list[tuple[str, CallResponse]]):
    field(popup, "Notes").setPlainText(CARD)
    press(popup, "Next Call")
    field(popup, "Notes").setPlainText(f"{CARD} and 5500 0055 5555 5559")
    press(popup, "Next Call")
    assert sent == []
    assert "•••• 1111, •••• 5559" in message(popup)


def test_it_can_be_covered_wherever_it_stands(popup: PopupWindow, sent: list[tuple[str, CallResponse]]):
    profile = read(b'other_disposition = true\n[[question]]\nid = "paid"\nlabel = "Paid by"', "test")
    popup.show_call(CALL, profile=profile)
    field(popup, "Notes").setPlainText(f"said {CARD}")
    field(popup, "Paid by").setText(CARD)
    field(popup, "Disposition in your own words").setText(f"Card {CARD}")
    press(popup, "Next Call")
    press(popup, "Cover it")
    assert sent == []
    assert not has(popup, Role.Button, "Cover it")
    press(popup, "Next Call")
    ((_, response),) = sent
    assert response.disposition == f"Card {COVERED}"
    assert unpack(response.notes).notes == f"said {COVERED}"
    assert unpack(response.notes).answers == {"paid": COVERED}


def test_numbers_that_are_no_cards_are_sent_at_once(popup: PopupWindow, sent: list[tuple[str, CallResponse]]):
    field(popup, "Notes").setPlainText("call +1 202 555 0143, order 4111111111111112")
    press(popup, "Next Call")
    assert len(sent) == 1
    assert not has(popup, Role.Button, "Cover it")


def test_what_may_be_stored_already_is_not_asked_about(popup: PopupWindow, sent: list[tuple[str, CallResponse]]):
    popup.show_call(CALL, Draft("Interested", CARD), fixed=True)
    button(popup, "Next Call").click()
    assert sent == [("Next Call", CallResponse(CALL.id, "Interested", CARD))]
