"""Nothing is cut in the supervisor's windows: in every state, at the usual and at twice the font size, light and dark."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from desktop.callcenter.model import Described, Field, Function, Kind, Wanted
from desktop.errors import Refused, WrongValues
from desktop.settings.settings import Supervised
from desktop.supervision.audit import Outcome, Record
from desktop.ui.audit_window import AuditWindow
from desktop.ui.login import LoginDialog
from desktop.ui.question import Question
from desktop.ui.supervisor import SupervisorWindow
from desktop.ui.supervisor_forms import FunctionsWindow
from desktop.ui.supervisor_parts import Answered, CampaignDialog
from tests.ui.screen import REASON, assert_nothing_cut, button, every_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

NOON = datetime(2026, 11, 23, 12, 59, 59, tzinfo=UTC)
LONG = Supervised(999_999_999_999_999_999, "The very long name of a campaign " * 3)
PRACTICE = pytest.mark.parametrize("practice", [False, True], ids=["live", "practice"])

pytestmark = pytest.mark.usefixtures("worn")


@PRACTICE
def test_the_window(keep: Keep, practice: bool):
    window = keep(SupervisorWindow(practice=practice))
    window.show()
    assert_nothing_cut(window)
    button(window, "Sign in").click()
    assert_nothing_cut(window)
    window.show_signed_in("a-rather-long-name.of-a-call-center.example")
    assert_nothing_cut(window)
    window.show_campaigns([Supervised(1001, "Harbour Street survey"), LONG, Supervised(7)])
    for offered, asking in ((None, True), (None, False), (set(), False), ({Function.KICK_AGENT}, False), (set(Function), False)):
        window.show_offers(offered, more=bool(offered), asking=asking)
        for campaign in (1001, LONG.id):
            window.choose(campaign)
            assert_nothing_cut(window)
    button(window, "Kick agent").click()
    assert_nothing_cut(window)
    window.show_answers([Answered(NOON, "Start Harbour Street survey (1001)", REASON * 2, tone) for tone in ("busy", "bad") * 20])
    for failure in set(every_failure()) - {WrongValues}:  # which is told by the fields of a form
        window.tell(failure(REASON), "The campaign is as it was.")
        assert_nothing_cut(window)


@PRACTICE
def test_the_window_on_a_small_screen(keep: Keep, practice: bool, worn: tuple[str, int]):
    if worn[1] > 1:
        pytest.skip("at twice the size it needs more")
    window = keep(SupervisorWindow(practice=practice))
    window.show_signed_in("calls.example")
    window.show_campaigns([Supervised(1001, "Harbour Street survey")])
    window.choose(1001)
    window.show_offers(set(Function), more=True)
    window.show()
    assert_nothing_cut(window)
    assert window.height() <= 730  # 800 without a title bar and a taskbar


@PRACTICE
def test_the_campaign(keep: Keep, practice: bool):
    for known in (None, LONG):
        window = keep(CampaignDialog(known, {1}, practice=practice, parent=None))
        window.show()
        assert_nothing_cut(window)
        if known is None:
            button(window, "Add").click()
            assert_nothing_cut(window)
        window.hide()


@PRACTICE
async def test_the_question_that_wants_something_typed(qapp: object, keep: Keep, practice: bool):
    window = keep(Question(f"Stop {LONG.name}?", REASON, yes="Stop campaign", no="Let it run", practice=practice, icon="stop"))
    window.require("Campaign ID or name", f"Type {LONG.id} or {LONG.name} to stop it.", bool)
    window.show()
    assert_nothing_cut(window)
    button(window, "Stop campaign").click()
    assert_nothing_cut(window)


@PRACTICE
def test_the_functions(keep: Keep, practice: bool):
    fields = tuple(Wanted((f"group{n}", f"name{n}"), f"name{n}", kind, n % 2 == 0, ("A", "B")) for n, kind in enumerate(Kind))
    functions = (
        Described("getAgentStats", "", (Wanted(("agentId",), "agentId", Kind.TEXT, required=True),)),
        Described("createCallCenterConnectCampaignWithAM", REASON, fields, (REASON,)),
        Described("ping"),
    )
    window = keep(FunctionsWindow(practice=practice))
    window.show_campaign(LONG)
    window.show_functions(functions)
    window.show()
    for row, function in enumerate(functions):
        window._list.setCurrentRow(row)
        form = window.form(function)
        assert_nothing_cut(window)
        button(window, "Ask the call center").click()
        assert_nothing_cut(window)
        form.show_answer(NOON, tuple(Field(f"a name {n}", "a value " * n) for n in range(30)))
        assert_nothing_cut(window)
        form.tell(Refused(REASON), "Nothing was changed.")
        assert_nothing_cut(window)


@PRACTICE
def test_the_audit_log(keep: Keep, practice: bool):
    window = keep(AuditWindow(practice=practice))
    window.show()
    for records in ([], [_record(n, outcome) for n, outcome in enumerate(Outcome)] * 20):
        window.show_records(records)
        assert_nothing_cut(window)
    window.say("The audit log is exported", "/home/a.lead/" + "a folder of a rather long name/" * 4)
    assert_nothing_cut(window)


def test_the_log_in_window_with_a_way_to_it(keep: Keep):
    window = keep(LoginDialog(practice=False))
    window.offer_supervisor()
    window.show()
    assert_nothing_cut(window)


def _record(number: int, outcome: Outcome) -> Record:
    return Record(
        number=number,
        when=NOON,
        outcome=outcome,
        who="ada@desk-7",
        service="https://calls.example/?wsdl",
        function="createCallCenterConnectCampaignWithAM",
        campaign_id=LONG.id,
        reason=REASON,
        answer=REASON,
    )
