"""The supervisor's windows and what joins them: what is offered, what is asked before it is done, and every outcome in words."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget

from desktop.callcenter.model import Described, Field, Function, Kind, Wanted
from desktop.errors import NotReached, OutcomeUnknown, Refused, SettingsNotKept, WrongValues
from desktop.settings.memory import Memory
from desktop.settings.policy import Policy
from desktop.settings.settings import Settings, SettingsFile, Supervised
from desktop.supervision.audit import Audit, Record
from desktop.tasks import Tasks
from desktop.ui.parts import SET_BY_ORGANISATION
from desktop.ui.question import Question
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.supervising import PracticeLead, Supervising
from desktop.ui.supervisor import SupervisorWindow
from desktop.ui.supervisor_parts import CampaignDialog
from tests.simulation import ACCOUNT, SimulatedCallCenter, until
from tests.ui.screen import TEXT, Role, button, field, focused, has, key, message, part, press, show, spoken, type_in, words
from tests.ui.seat import seated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from desktop.callcenter.model import Account
    from tests.desk import Session

    Keep = Callable[[Any], Any]

SERVICE = "https://calls.example/service?wsdl"
LANTERN, NAMELESS = Supervised(1, "Lantern"), Supervised(2)
ACTS = ("Start campaign", "Stop campaign", "Kick agent")
Return, Escape = Qt.Key.Key_Return, Qt.Key.Key_Escape

STATS = Described("getAgentStats", "How an agent is doing.", (Wanted(("agentId",), "agentId", Kind.TEXT, required=True),))
RATIO = Described("updateRatio", "", (Wanted(("ratio",), "ratio", Kind.DECIMAL, required=True),))


class LaterCallCenter(SimulatedCallCenter):
    """One with two functions more, as a later edition of the service has them."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[str, dict[str, str]]] = []
        self.gives: tuple[Field, ...] | WrongValues = ()

    def described(self) -> tuple[Described, ...]:
        return (STATS, RATIO) if self.is_open else ()

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        self.given.append((described.name, {wanted.name: text for wanted, text in values.items()}))
        await asyncio.sleep(0)
        if isinstance(self.gives, WrongValues):
            raise self.gives
        return self.gives


class Office:
    """A lead's windows at a simulated call center, and what a lead does in them."""

    def __init__(self, center: SimulatedCallCenter, folder: Path, memory: Memory | None) -> None:
        self.center = center
        self.crashes: list[tuple[str, BaseException]] = []
        self.tasks = Tasks(lambda name, failure: self.crashes.append((name, failure)))
        self.audit = Audit(folder)
        practice = None if memory else PracticeLead(ACCOUNT.key, (LANTERN, NAMELESS))
        self.supervising = Supervising(center, SERVICE, self.audit, self.tasks, memory, practice=practice)
        self.window = self.supervising.window
        self.functions = self.supervising._functions
        self.log = self.supervising._log

    async def sign_in(self) -> None:
        self.supervising.show()
        await until(self.window.isActiveWindow)
        press(self.window, "Sign in")
        await until(lambda: "Asking" not in words(self.window))

    async def asked(self) -> Question:
        """The question that is about to be asked."""
        return await until(
            lambda: next(
                (one for one in QApplication.topLevelWidgets() if isinstance(one, Question) and one.isActiveWindow()), None
            )
        )

    def answers(self) -> list[str]:
        listed: QListWidget = part(self.window, Role.List, "Answers")
        return [listed.item(row).text().partition("  ")[2] for row in range(listed.count())]

    async def answered(self, count: int = 1) -> str:
        """The newest answer, once there are so many, and all have come."""
        await until(lambda: len(self.answers()) == count and not any("asking the call center" in one for one in self.answers()))
        return self.answers()[0]

    async def records(self) -> tuple[Record, ...]:
        return await self.audit.records()

    def told(self) -> str:
        return self.window._bar.text()


@contextlib.asynccontextmanager
async def an_office(
    folder: Path, center: SimulatedCallCenter | None = None, memory: Memory | None = None
) -> AsyncIterator[Office]:
    """An office of a practice, unless it has a memory."""
    office = Office(center or SimulatedCallCenter(), folder, memory)
    try:
        yield office
    finally:
        office.supervising.hide()
        await office.tasks.cancel_all()
        office.supervising.close()
    assert not office.crashes


def a_memory(folder: Path, **settings: Any) -> Memory:
    return Memory(SettingsFile(folder), Settings(service_url=SERVICE, supervisor=True, **settings), SERVICE, str(folder))


# ---------------------------------------------------------------------------------------------------------- the window


@pytest.fixture
def window(keep: Keep) -> SupervisorWindow:
    made: SupervisorWindow = keep(SupervisorWindow(practice=False))
    return made


def test_the_names_that_others_rely_on(window: SupervisorWindow):
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(set(Function), more=True)
    window.show()
    assert spoken(window)[0][:2] == (Role.Dialog, "Supervisor")
    for name in (*ACTS, "Sign out", "More functions …", "Audit log …", "Add …", "Rename …", "Remove"):
        assert button(window, name).isEnabled()
    part(window, TEXT, "Agent ID")
    part(window, Role.List, "Campaigns")
    part(window, Role.List, "Answers")


def test_signed_out_there_is_nothing_but_the_sign_in(window: SupervisorWindow):
    window.show_campaigns([LANTERN])
    window.show_offers(set(Function), more=True)
    window.show()
    for name in (*ACTS, "Sign out", "More functions …"):
        assert not has(window, Role.Button, name)
    assert field(window, "API key").text() == ""
    assert part(window, Role.CheckBox, "Remember the key on this computer").isChecked()


def test_a_practice_remembers_no_key(keep: Keep):
    window = keep(SupervisorWindow(practice=True))
    window.show()
    assert not has(window, Role.CheckBox, "Remember the key on this computer")
    assert has(window, Role.StaticText, "PRACTICE  ·  nobody is really called")


def test_enter_signs_in_with_a_key_only(window: SupervisorWindow):
    wishes: list[tuple[str, bool]] = []
    window.sign_in_requested.connect(lambda key, remember: wishes.append((key, remember)))
    show(window)
    key(Return)
    assert (wishes, window._bar.text()) == ([], "Enter the API key The account page of the call center has it.")
    type_in("  k3y ")
    key(Return)
    assert wishes == [("k3y", True)]


@pytest.mark.parametrize("offered", [set(), {Function.START_CAMPAIGN}, {Function.KICK_AGENT}, set(Function)])
def test_what_the_service_lacks_is_not_there(window: SupervisorWindow, offered: set[Function]):
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(offered)
    window.show()
    functions = (Function.START_CAMPAIGN, Function.STOP_CAMPAIGN, Function.KICK_AGENT)
    for function, name in zip(functions, ACTS, strict=True):
        assert has(window, Role.Button, name) == (function in offered)
    assert ("This service cannot" in words(window)) == (offered != set(Function))
    assert has(window, Role.Button, "Ask again") == (offered != set(Function))
    assert not has(window, Role.Button, "More functions …")


def test_while_it_is_asked_there_are_words(window: SupervisorWindow):
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(None, asking=True)
    window.show()
    assert "Asking the call center what it offers …" in words(window)
    assert not any(has(window, Role.Button, name) for name in (*ACTS, "Ask again"))


def test_each_act_says_what_it_will_do(window: SupervisorWindow):
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(set(Function))
    window.show()
    for name, effect in zip(ACTS, ("People are called", "Nobody else is called", "phone is hung up at once"), strict=True):
        assert effect in words(window)
        assert effect in button(window, name).accessibleDescription()


def test_without_a_campaign_there_is_nothing_to_press(window: SupervisorWindow):
    window.show_signed_in("calls.example")
    window.show_offers(set(Function), more=True)
    window.show()
    assert not any(has(window, Role.Button, name) for name in (*ACTS, "More functions …"))
    assert "“Add …” takes the ID of a campaign" in words(window)
    assert not button(window, "Rename …").isEnabled()


def test_enter_on_a_campaign_presses_nothing(window: SupervisorWindow):
    wishes: list[str] = []
    window.start_requested.connect(lambda _one: wishes.append("start"))
    window.add_requested.connect(lambda: wishes.append("add"))
    window.sign_out_requested.connect(lambda: wishes.append("out"))
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(set(Function))
    show(window)
    assert focused() is part(window, Role.List, "Campaigns")
    key(Return)
    assert wishes == []
    button(window, "Start campaign").setFocus()
    key(Return)
    assert wishes == ["start"]


def test_enter_in_the_agent_id_kicks_and_spaces_do_not_count(window: SupervisorWindow):
    wishes: list[tuple[Supervised, str]] = []
    window.kick_requested.connect(lambda one, agent: wishes.append((one, agent)))
    window.show_campaigns([LANTERN])
    window.show_signed_in("calls.example")
    window.show_offers(set(Function))
    show(window)
    field(window, "Agent ID").setFocus()
    key(Return)
    assert (wishes, "Enter the agent's ID" in window._bar.text()) == ([], True)
    type_in(" 4 0 2 7 ")
    key(Return)
    assert wishes == [(LANTERN, "4027")]


def test_the_chosen_campaign_stays_chosen(window: SupervisorWindow):
    window.show_campaigns([LANTERN, NAMELESS])
    window.choose(2)
    window.show_campaigns([Supervised(9), LANTERN, Supervised(2, "Harbour")])
    assert window.chosen == Supervised(2, "Harbour")
    window.show_campaigns([Supervised(9), LANTERN])
    assert window.chosen == LANTERN
    window.show_campaigns([])
    assert window.chosen is None


# --------------------------------------------------------------------------------------------------- the lead's campaigns


def _dialog(keep: Keep, known: Supervised | None = None) -> tuple[CampaignDialog, list[Supervised]]:
    dialog = keep(CampaignDialog(known, {1}, practice=False, parent=None))
    chosen: list[Supervised] = []
    dialog.chosen.connect(chosen.append)
    show(dialog)
    return dialog, chosen


def test_a_campaign_is_added_by_its_id_and_a_name(keep: Keep):
    dialog, chosen = _dialog(keep)
    type_in("x1002")  # letters are not taken
    field(dialog, "Name").setText("  Harbour   Street ")
    press(dialog, "Add")
    assert chosen == [Supervised(1002, "Harbour Street")]
    assert not dialog.isVisible()


@pytest.mark.parametrize(("typed", "said"), [("", "Enter the campaign's ID"), ("1", "on your list already")])
def test_a_campaign_that_is_none_is_refused_in_words(keep: Keep, typed: str, said: str):
    dialog, chosen = _dialog(keep)
    type_in(typed)
    key(Return)
    assert (chosen, dialog.isVisible()) == ([], True)
    assert said in message(dialog)
    assert focused() is field(dialog, "Campaign ID")


def test_a_known_campaign_is_renamed(keep: Keep):
    dialog, chosen = _dialog(keep, LANTERN)
    assert not field(dialog, "Campaign ID").isEnabled()
    field(dialog, "Name").setText("Lamp")
    press(dialog, "Rename")
    assert chosen == [Supervised(1, "Lamp")]


async def test_campaigns_are_kept_in_the_settings(qapp: object, tmp_path: Path):
    memory = a_memory(tmp_path, campaign_id="77", supervised=(LANTERN,))
    async with an_office(tmp_path, memory=memory) as office:
        office.supervising._sign_in(ACCOUNT.key)
        office.supervising.show()
        for known, name in ((None, "Harbour"), (LANTERN, "Lamp")):
            press(office.window, "Add …" if known is None else "Rename …")
            dialog = await until(lambda: office.window.findChild(CampaignDialog))
            if known is None:
                field(dialog, "Campaign ID").setText("1002")
            field(dialog, "Name").setText(name)
            press(dialog, "Add" if known is None else "Rename")
            await until(lambda: office.window.findChild(CampaignDialog) is None)
            office.window.choose(1)
        kept = (Supervised(1, "Lamp"), Supervised(1002, "Harbour"))
        await until(lambda: SettingsFile(tmp_path).load().supervised == kept)
        press(office.window, "Remove")
        await until(lambda: SettingsFile(tmp_path).load().supervised == kept[1:])
        assert "Nothing was sent" in office.told()
        assert SettingsFile(tmp_path).load().campaign_id == "77"  # what else is there stays
    assert office.center.noted == []


# ------------------------------------------------------------------------------------------------------------- the key


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    secret_service.enter(monkeypatch)
    return secret_service


async def _idle(office: Office) -> None:
    names = ("supervisor: remember", "supervisor: forget", "supervisor: key")
    await until(lambda: not any(task.get_name() in names for task in asyncio.all_tasks()))


async def test_the_key_is_remembered_apart_from_the_agents_until_the_lead_signs_out(
    keyring: Session, tmp_path: Path, qapp: object
):
    memory = a_memory(tmp_path)
    async with an_office(tmp_path, memory=memory) as office:
        office.supervising.show()
        await _idle(office)
        field(office.window, "API key").setText("the lead's")
        press(office.window, "Sign in")
        await _idle(office)
        assert (await memory.supervisor_key.key(), await memory.key()) == ("the lead's", "")
    async with an_office(tmp_path, memory=a_memory(tmp_path)) as office:
        office.supervising.show()
        await until(lambda: has(office.window, Role.Button, "Sign out"))
        press(office.window, "Sign out")
        await _idle(office)
        assert await memory.supervisor_key.key() == ""
    async with an_office(tmp_path, memory=a_memory(tmp_path)) as office:
        office.supervising.show()
        await _idle(office)
        assert has(office.window, Role.Button, "Sign in")


async def test_who_does_not_want_it_remembered_leaves_nothing(keyring: Session, tmp_path: Path, qapp: object):
    memory = a_memory(tmp_path)
    await memory.supervisor_key.keep("an older one")
    async with an_office(tmp_path, memory=memory) as office:
        office.supervising._on_sign_in_requested("the lead's", False)
        await _idle(office)
        assert await memory.supervisor_key.key() == ""


async def test_a_keyring_that_fails_is_told_and_stops_nobody(tmp_path: Path, qapp: object):
    async with an_office(tmp_path, memory=a_memory(tmp_path, supervised=(LANTERN,))) as office:
        office.supervising.show()
        await until(lambda: "The API key could not be read" in office.told())
        field(office.window, "API key").setText(ACCOUNT.key)
        press(office.window, "Sign in")
        await until(lambda: "keyring" in office.told())
        press(office.window, "Start campaign")
        assert (await office.answered()).startswith("Start Lantern (1): done.")


async def test_an_organisation_can_forbid_that_it_is_remembered(keyring: Session, tmp_path: Path, qapp: object):
    memory = Memory(SettingsFile(tmp_path), Settings(), SERVICE, str(tmp_path), policy=Policy({"remember": False}))
    await memory.supervisor_key.keep("kept before")
    async with an_office(tmp_path, memory=memory) as office:
        office.supervising.show()
        await _idle(office)
        box = part(office.window, Role.CheckBox, "Remember the key on this computer")
        assert (box.isChecked(), box.isEnabled(), box.accessibleDescription()) == (False, False, SET_BY_ORGANISATION)
        field(office.window, "API key").setText(ACCOUNT.key)
        press(office.window, "Sign in")
        await _idle(office)
        assert await memory.supervisor_key.key() == ""


async def test_after_signing_out_nobody_gets_the_key_back(qapp: object, tmp_path: Path):
    async with an_office(tmp_path, memory=a_memory(tmp_path)) as office:
        office.supervising.show()
        await _idle(office)
        key_field = field(office.window, "API key")
        key_field.setFocus()
        type_in("the lead's")
        key_field.actions()[0].trigger()  # the eye
        assert key_field.echoMode() is QLineEdit.EchoMode.Normal
        press(office.window, "Sign in")
        press(office.window, "Sign out")
        assert key_field.echoMode() is QLineEdit.EchoMode.Password
        key_field.actions()[0].trigger()
        key_field.undo()
        assert key_field.text() == ""


async def test_a_key_that_the_keyring_gives_late_signs_nobody_in_again(
    tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
):
    given: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    memory = a_memory(tmp_path)
    monkeypatch.setattr(memory.supervisor_key, "key", lambda: given)
    async with an_office(tmp_path, memory=memory) as office:
        office.supervising.show()
        await asyncio.sleep(0)
        office.supervising._on_sign_in_requested("typed", False)
        press(office.window, "Sign out")
        given.set_result("the keyring's")
        await _idle(office)
        assert has(office.window, Role.Button, "Sign in")


# ------------------------------------------------------------------------------------------------------------- the acts


async def test_starting_is_done_and_said(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        press(office.window, "Start campaign")
        assert (await office.answered()).startswith("Start Lantern (1): done. People are called")
        assert office.told().startswith("Lantern (1) is started People are called")
        assert [(one.function, one.campaign_id, one.outcome) for one in await office.records()] == [("startCampaign", 1, "done")]


@pytest.mark.parametrize("typed", ["1", "Lantern", "  lantern "])
async def test_stopping_wants_the_campaign_typed(qapp: object, tmp_path: Path, typed: str):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        press(office.window, "Stop campaign")
        question = await office.asked()
        assert "Stop Lantern (1)?" in words(question)
        assert "Nobody else is called" in words(question)
        for wrong in ("", "2", "Lan"):
            field(question, "Campaign ID or name").setText(wrong)
            press(question, "Stop campaign")
            assert question.isVisible()
            assert part(question, Role.StaticText, "Type 1 or Lantern to stop it.").property("role") == "problem"
        assert focused() is field(question, "Campaign ID or name")
        field(question, "Campaign ID or name").setText(typed)
        key(Return)
        assert (await office.answered()).startswith("Stop Lantern (1): done. Nobody else")
        assert office.center.asked(Function.STOP_CAMPAIGN) == 1


@pytest.mark.parametrize("act", [lambda one: press(one, "Let it run"), lambda _: key(Escape), lambda one: one.close()])
async def test_whoever_does_not_confirm_stops_nothing(qapp: object, tmp_path: Path, act: Callable[[Question], object]):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        press(office.window, "Stop campaign")
        question = await office.asked()
        field(question, "Campaign ID or name").setText("1")
        act(question)
        await until(lambda: not any(task.get_name() == "supervisor: stop" for task in asyncio.all_tasks()))
        assert (office.answers(), office.center.noted, await office.records()) == ([], [], ())


async def test_kicking_wants_a_reason_which_the_log_keeps(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        field(office.window, "Agent ID").setText("4027")
        press(office.window, "Kick agent")
        question = await office.asked()
        assert "Kick agent 4027?" in words(question)
        key(Return)
        assert question.isVisible()
        type_in("gone home")
        key(Return)
        assert (await office.answered()).startswith("Kick agent 4027 in Lantern (1): done.")
        assert field(office.window, "Agent ID").text() == ""
        [record] = await office.records()
        assert (record.agent_id, record.reason, record.outcome) == ("4027", "gone home", "done")


async def test_an_id_that_is_typed_while_another_agent_is_kicked_stays(qapp: object, tmp_path: Path):
    answer = asyncio.Event()
    async with an_office(tmp_path) as office:
        office.center.will(Function.KICK_AGENT, answer)
        await office.sign_in()
        field(office.window, "Agent ID").setText("4027")
        press(office.window, "Kick agent")
        await office.asked()
        type_in("gone home")
        key(Return)
        await until(lambda: office.center.asked(Function.KICK_AGENT))
        field(office.window, "Agent ID").setText("4028")
        answer.set()
        await office.answered()
        assert field(office.window, "Agent ID").text() == "4028"


@pytest.mark.parametrize(
    ("failure", "said", "listed", "outcome"),
    [
        (
            NotReached("calls.example:443"),
            "The call center could not be reached. Calls.example:443. The campaign is as it was. "
            "Nothing was sent. Check the network, then try again.",
            "the call center could not be reached: calls.example:443. The campaign is as it was.",
            "not sent",
        ),
        (
            Refused("no such campaign"),
            "The call center refused. No such campaign. The campaign is as it was. Check what you entered, and the key.",
            "the call center refused: no such campaign. The campaign is as it was.",
            "refused",
        ),
        (
            OutcomeUnknown("Its answer was cut off."),
            "The call center did not answer. Its answer was cut off. It may have been done all the same. "
            "Look whether it was before you try again.",
            "the call center did not answer: Its answer was cut off. It may have been done.",
            "not known",
        ),
    ],
)
async def test_each_failure_says_what_became_of_it(
    qapp: object, tmp_path: Path, failure: Refused | NotReached | OutcomeUnknown, said: str, listed: str, outcome: str
):
    async with an_office(tmp_path) as office:
        office.center.will(Function.START_CAMPAIGN, failure)
        await office.sign_in()
        press(office.window, "Start campaign")
        assert await office.answered() == f"Start Lantern (1): {listed}"
        assert office.told() == said
        assert [one.outcome for one in await office.records()] == [outcome]
        press(office.window, "Start campaign")  # nothing is in the way of another try
        assert (await office.answered(2)).startswith("Start Lantern (1): done.")


async def test_what_cannot_be_written_down_is_not_done(qapp: object, tmp_path: Path):
    (tmp_path / "a file").write_text("", encoding="utf-8")
    async with an_office(tmp_path / "a file" / "folder") as office:
        await office.sign_in()
        press(office.window, "Start campaign")
        assert (await office.answered()).endswith("The campaign is as it was.")
        assert office.told().startswith("The audit log cannot be used.")
        assert "Nothing was done." in office.told()
        assert office.center.noted == []


async def test_a_campaign_is_not_started_and_stopped_at_once(qapp: object, tmp_path: Path):
    answer = asyncio.Event()
    async with an_office(tmp_path) as office:
        office.center.will(Function.START_CAMPAIGN, answer)
        await office.sign_in()
        press(office.window, "Start campaign")
        await until(lambda: office.answers() == ["Start Lantern (1): asking the call center …"])
        assert "Start Lantern (1) …" in office.told()
        assert not button(office.window, "Start campaign").isEnabled()
        assert not button(office.window, "Stop campaign").isEnabled()
        assert button(office.window, "Kick agent").isEnabled()
        office.window.choose(2)
        assert button(office.window, "Stop campaign").isEnabled()
        office.window.choose(1)
        answer.set()
        await office.answered()
        assert button(office.window, "Stop campaign").isEnabled()


async def test_what_is_being_asked_when_nextcall_ends_is_not_known(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        office.center.will(Function.START_CAMPAIGN, asyncio.Event())
        await office.sign_in()
        press(office.window, "Start campaign")
        await until(lambda: office.center.asked(Function.START_CAMPAIGN))
    assert [one.outcome for one in await office.records()] == ["not known"]


async def test_a_call_center_out_of_reach_is_told_and_asked_again(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        office.center.opening.append(NotReached("calls.example:443"))
        await office.sign_in()
        assert "It is not known what this call center offers." in office.told()
        assert not any(has(office.window, Role.Button, name) for name in ACTS)
        press(office.window, "Ask again")
        await until(lambda: has(office.window, Role.Button, "Start campaign"))


# ------------------------------------------------------------------------------------------------------- more functions


async def _functions(office: Office, chosen: int) -> Any:
    await office.sign_in()
    press(office.window, "More functions …")
    await until(office.functions.isActiveWindow)
    part(office.functions, Role.List, "Functions").setCurrentRow(chosen)
    return office.functions._pages.currentWidget()


async def test_a_function_that_only_tells_is_asked_at_once_and_its_answer_is_readable(qapp: object, tmp_path: Path):
    center = LaterCallCenter()
    center.gives = (Field("return", children=(Field("agentId", "4027"), Field("callsConnected", "14"))),)
    async with an_office(tmp_path, center) as office:
        form = await _functions(office, 0)
        press(office.functions, "Ask the call center")
        assert "This is needed." in words(office.functions)
        assert center.given == []
        type_in("4027")
        key(Return)
        await until(lambda: "Done at" in message(form))
        assert center.given == [("getAgentStats", {"agentId": "4027"})]
        tree = part(office.functions, Role.Tree, "Answer")
        model = tree.model()
        assert [(model.index(row, 0).data(), model.index(row, 1).data()) for row in range(model.rowCount())] == [
            ("Agent ID", "4027"),
            ("Calls connected", "14"),
        ]
        press(office.functions, "Copy all")
        assert QApplication.clipboard().text() == "Agent ID: 4027\nCalls connected: 14"
        assert (await office.answered()).startswith("Get agent stats, Lantern (1): done.")
        [record] = await office.records()
        assert (record.function, dict(record.values), record.outcome) == ("getAgentStats", {"agentId": "4027"}, "done")


async def test_a_function_that_may_change_something_is_asked_about_first(qapp: object, tmp_path: Path):
    center = LaterCallCenter()
    async with an_office(tmp_path, center) as office:
        form = await _functions(office, 1)
        field(office.functions, "Ratio").setText("1,5")
        for agrees in (False, True):
            press(office.functions, "Ask the call center")
            question = await office.asked()
            assert "Ratio: 1.5" in words(question)
            press(question, "Ask for it" if agrees else "Leave it")
            await until(lambda: not any(task.get_name() == "supervisor: function" for task in asyncio.all_tasks()))
        assert center.given == [("updateRatio", {"ratio": "1.5"})]
        assert "returned nothing" in message(form)


async def test_what_the_description_does_not_take_is_said_by_the_field(qapp: object, tmp_path: Path):
    center = LaterCallCenter()
    center.gives = WrongValues("Agent id: at most 4 characters.", ((("agentId",), "Agent id: at most 4 characters."),))
    async with an_office(tmp_path, center) as office:
        form = await _functions(office, 0)
        field(office.functions, "Agent ID").setText("40277")
        press(office.functions, "Ask the call center")
        await until(lambda: "Nothing was sent yet" in message(form))
        assert "Agent id: at most 4 characters." in words(office.functions)
        assert focused() is field(office.functions, "Agent ID")
        assert [one.outcome for one in await office.records()] == ["not sent"]


async def test_signing_out_takes_the_functions_away(qapp: object, tmp_path: Path):
    async with an_office(tmp_path, LaterCallCenter()) as office:
        await _functions(office, 0)
        press(office.window, "Sign out")
        assert not office.functions.isVisible()
        assert not has(office.window, Role.Button, "More functions …")


async def test_who_signs_out_before_the_answer_to_a_question_has_nothing_done(qapp: object, tmp_path: Path):
    center = LaterCallCenter()
    async with an_office(tmp_path, center) as office:
        await _functions(office, 1)
        field(office.functions, "Ratio").setText("1.5")
        press(office.functions, "Ask the call center")
        question = await office.asked()
        press(office.window, "Sign out")
        assert not question.isVisible()
        await until(lambda: not any(task.get_name() == "supervisor: function" for task in asyncio.all_tasks()))
        assert (center.given, await office.records()) == ([], ())


# -------------------------------------------------------------------------------------------------------- the audit log


async def test_the_log_lists_the_newest_first_and_follows(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        press(office.window, "Audit log …")
        await until(office.log.isActiveWindow)
        assert not button(office.log, "Export …").isEnabled()
        office.center.will(Function.START_CAMPAIGN, Refused("no such campaign"))
        for count in (1, 2):
            press(office.window, "Start campaign")
            await office.answered(count)
        listed = part(office.log, Role.Tree, "Audit log")
        expected = [["Start campaign, campaign 1", "Done", ""], ["Start campaign, campaign 1", "Refused", "no such campaign"]]

        def told() -> list[list[str]]:
            rows = [listed.topLevelItem(row) for row in range(listed.topLevelItemCount())]
            return [[row.text(column) for column in (2, 3, 4)] for row in rows]

        await until(lambda: told() == expected)


async def test_the_log_is_exported(qapp: object, tmp_path: Path):
    async with an_office(tmp_path) as office:
        await office.sign_in()
        press(office.window, "Start campaign")
        await office.answered()
        press(office.window, "Audit log …")
        office.log.export_requested.emit(tmp_path / "no such folder" / "log.csv")
        await until(lambda: "could not be exported" in message(office.log))
        office.log.export_requested.emit(tmp_path / "log.csv")
        await until(lambda: "The audit log is exported" in message(office.log))
        assert "startCampaign" in (tmp_path / "log.csv").read_text(encoding="utf-8-sig")


# ------------------------------------------------------------------------------------------------------- switching it on


def test_the_settings_switch_it_on_and_keep_the_leads_campaigns(keep: Keep):
    dialog = keep(SettingsDialog(Settings(supervised=(LANTERN,)), practice=False))
    found: list[Settings] = []
    dialog.changed.connect(found.append)
    dialog.show()
    offered = part(dialog, Role.CheckBox, "Offer the supervisor window")
    assert not offered.isChecked()
    offered.click()
    press(dialog, "Save")
    assert found == [Settings(supervisor=True, supervised=(LANTERN,))]


def test_a_file_with_a_campaign_that_is_none_is_set_aside(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("supervised = [{ id = -1 }]", encoding="utf-8")
    with pytest.raises(SettingsNotKept, match="supervised"):
        SettingsFile(tmp_path).load()


async def test_it_is_in_the_menus_and_the_log_in_window_once_it_is_offered(qapp: object, keep: Keep):
    async with seated() as seat:
        ways = (seat.desk.tray._supervisor, seat.window._supervisor_action)
        assert not any(way.isVisible() for way in ways)
        assert not has(seat.login, Role.Button, "Supervisor")
        wishes: list[int] = []
        seat.desk.supervisor_requested.connect(lambda: wishes.append(1))
        window = keep(SupervisorWindow(practice=True))
        seat.desk.offer_supervisor((window,))
        assert all(way.isVisible() for way in ways)
        for way in ways:
            way.trigger()
        press(seat.login, "Supervisor")
        assert len(wishes) == 3
        window.show()
        window.activateWindow()
        await until(window.isActiveWindow)
        window.fill_in_key("")
        key(Qt.Key.Key_F1)
        await until(seat.desk._keyboard.sheet.isVisible)


async def test_settings_that_are_saved_late_bring_no_older_campaigns_back(qapp: object, tmp_path: Path):
    memory = a_memory(tmp_path)
    async with seated(memory=memory) as seat:
        press(seat.login, "Settings")
        dialog = await until(lambda: seat.login.findChild(SettingsDialog))
        await memory.keep_supervised((LANTERN,))
        press(dialog, "Save")
        await until(lambda: not seat.under_way("settings"))
        assert SettingsFile(tmp_path).load() == Settings(service_url=SERVICE, supervisor=True, supervised=(LANTERN,))
