"""The audit log on the screen: the newest first, and all that is known of the chosen act."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QFileDialog

from desktop.errors import AuditNotKept
from desktop.supervision.audit import Outcome, Record
from desktop.ui.audit_window import AuditWindow
from tests.ui.screen import Role, button, message, part, press, show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Keep = Callable[[Any], Any]

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_record(number: int, outcome: Outcome = Outcome.DONE, **known: Any) -> Record:
    told = {"answered_at": NOON, "function": "stopCampaign", "campaign_id": 1001} | known
    return Record(number=number, when=NOON, outcome=outcome, who="ada@desk-7", service="https://calls.example/?wsdl", **told)


KICKED = a_record(3, answer="logged out", function="kickAgent", agent_id="4027", reason="gone home")
REFUSED = a_record(2, Outcome.REFUSED, answer="The key is not valid.")
NO_ANSWER = a_record(1, Outcome.NOT_KNOWN, function="updateRatio", values={"ratio": "1.5"}, answered_at=None)


@pytest.fixture
def window(keep: Keep) -> AuditWindow:
    made: AuditWindow = keep(AuditWindow(practice=False))
    made.show_records((KICKED, REFUSED, NO_ANSWER))
    show(made)
    return made


def _rows(window: AuditWindow) -> list[list[str]]:
    listed = part(window, Role.Tree, "Audit log")
    return [[listed.topLevelItem(row).text(column) for column in range(1, 5)] for row in range(listed.topLevelItemCount())]


def _details(window: AuditWindow) -> dict[str, str]:
    model = part(window, Role.Tree, "Details").model()
    return {model.index(row, 0).data(): model.index(row, 1).data() for row in range(model.rowCount())}


def test_the_acts_in_words(window: AuditWindow):
    assert _rows(window) == [
        ["ada@desk-7", "Kick agent, agent 4027, campaign 1001", "Done", "gone home, logged out"],
        ["ada@desk-7", "Stop campaign, campaign 1001", "Refused", "The key is not valid."],
        ["ada@desk-7", "Update ratio, campaign 1001", "Not known", ""],
    ]


def test_all_that_is_known_of_the_chosen_one(window: AuditWindow):
    assert _details(window) == {
        "What": "Kick agent, agent 4027, campaign 1001",
        "Reason": "gone home",
        "Outcome": "done",
        "Answer": "logged out",
        "Asked at": f"{NOON.astimezone():%Y-%m-%d %H:%M:%S}",
        "Answered at": f"{NOON.astimezone():%Y-%m-%d %H:%M:%S}",
        "Who": "ada@desk-7",
        "Call center": "https://calls.example/?wsdl",
        "Function": "kickAgent",
        "Number": "3",
    }
    listed = part(window, Role.Tree, "Audit log")
    listed.setCurrentItem(listed.topLevelItem(2))
    assert _details(window)["Outcome"] == "not known - no answer was written down: it may have been done"
    assert _details(window)["Ratio"] == "1.5"


def test_the_chosen_one_stays_chosen_when_another_comes(window: AuditWindow):
    listed = part(window, Role.Tree, "Audit log")
    listed.setCurrentItem(listed.topLevelItem(1))
    window.show_records((a_record(4), KICKED, REFUSED, NO_ANSWER))
    assert _details(window)["Answer"] == "The key is not valid."


def test_an_empty_log_says_so(window: AuditWindow):
    window.show_records(())
    assert list(_details(window)) == ["Nothing has been done yet"]
    assert not button(window, "Export …").isEnabled()


def test_a_place_for_the_table_is_asked_for(window: AuditWindow, tmp_path: Path):
    places: list[Path] = []
    window.export_requested.connect(places.append)
    press(window, "Export …")
    dialog = window.findChild(QFileDialog)
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    dialog.fileSelected.emit(str(tmp_path / "log.csv"))
    dialog.reject()
    assert places == [tmp_path / "log.csv"]
    window.say("The audit log is exported", str(places[0]))
    assert str(places[0]) in message(window)
    window.tell(AuditNotKept("the disk is full"))
    assert "The disk is full." in message(window)
