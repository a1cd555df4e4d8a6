"""Pages, fields and programs for a call: opened once, one value each, taken off again, and every failure told in the popup."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop.callcenter.model import Call, CallResponse, Field, Function
from desktop.errors import OutcomeUnknown
from desktop.popup.callback import HERE
from desktop.popup.current import CurrentProfile
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile, Clipboard, Program, ScreenPop, ShownField
from desktop.shift.journal import Journal
from desktop.shift.states import State
from desktop.ui.aids import Aids
from tests.simulation import ACCOUNT, AGENT_ID, SimulatedCallCenter, a_call, until
from tests.ui.screen import Role, field, has, key, message, part, press, spoken
from tests.ui.seat import SERVICE, Seat, a_memory, seated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop.popup.profile import When
    from tests.ui.conftest import Browser

POP = "https://crm.example/people/{number}?name={caller}"
OPEN, COPY, START = "Open crm.example", "Copy for another program", "Start python"
HOSTILE = [
    'Bobby "Tables" & del *',
    "$(touch /tmp/x) `id` ; | > < %PATH%",
    "--option=value",
    "line\nbreak\ttab",
    "Zoë Łuczak 📚 'single' \\ back\\",
    "-/@x",
    "^ ! ~ * ? [a]",
]


@pytest.fixture
def aids(qtbot: QtBot) -> Iterator[Aids]:
    parent = QObject()
    aids = Aids(parent)
    yield aids
    aids.clear_clipboard()


@pytest.fixture(autouse=True)
def _clipboard(qapp: Any) -> Iterator[None]:
    QGuiApplication.clipboard().clear()
    yield
    QGuiApplication.clipboard().clear()


def pasted() -> str:
    return QGuiApplication.clipboard().text()


def facts(call: Call | None = None, **parts: Any) -> Facts:
    fields = (ShownField(path="name"), ShownField(path="phonenumber"))
    return Facts(CampaignProfile(fields=fields, **parts), call or a_call("Maya Okafor"), datetime.now(HERE))


def pop(when: When = "connect", url: str = POP) -> dict[str, Any]:
    return {"screen_pop": ScreenPop(url=url, hosts=("crm.example",), when=when)}


def copying(when: When = "connect", *, seconds: int = 60, fields: tuple[str, ...] = ("name", "phonenumber")) -> dict[str, Any]:
    return {"clipboard": Clipboard(fields=fields, when=when, clear_after=seconds)}


def problems(aids: Aids) -> list[str]:
    told: list[str] = []
    aids.failed.connect(told.append)
    return told


# ------------------------------------------------------------------------------------------------------------ when and how often


def test_at_the_beep_once_for_each_call(aids: Aids, browser: Browser):
    maya, bo = facts(a_call("Maya Okafor", "+12025550143"), **pop()), facts(a_call("Bo Li", "+12025550144"), **pop())
    aids.connected(maya)
    assert browser.opened == ["https://crm.example/people/%2B12025550143?name=Maya%20Okafor"]
    aids.connected(maya)
    aids.connected(bo)
    aids.connected(maya)
    assert browser.opened[1:] == ["https://crm.example/people/%2B12025550144?name=Bo%20Li"]


def test_not_for_a_call_of_an_earlier_start_but_still_on_a_click(aids: Aids, browser: Browser):
    known = facts(**pop())
    aids.done_before(known.call.id)
    aids.connected(known)
    assert browser.opened == []
    assert aids.labels(known) == (OPEN,)
    aids.do(OPEN, known)
    aids.do(OPEN, known)
    assert len(browser.opened) == 2


@pytest.mark.parametrize(("when", "by_itself", "offered"), [("never", 0, ()), ("click", 0, (OPEN,)), ("connect", 1, (OPEN,))])
def test_never_on_a_click_or_by_itself(aids: Aids, browser: Browser, when: When, by_itself: int, offered: tuple[str, ...]):
    one = facts(**pop(when))
    aids.connected(one)
    assert len(browser.opened) == by_itself
    assert aids.labels(one) == offered
    aids.do(OPEN, one)
    assert len(browser.opened) == by_itself + len(offered)


def test_without_any_of_it_nothing_is_offered(aids: Aids):
    assert aids.labels(facts()) == ()
    aids.connected(facts())
    aids.do(OPEN, facts())


def test_each_has_its_label_and_does_its_own(aids: Aids, browser: Browser):
    program = Program(command=("C:\\Program Files\\CRM\\crm.exe",), when="click")
    one = facts(**pop("click"), **copying("click"), program=program)
    assert aids.labels(one) == (OPEN, COPY, "Start crm")
    aids.do(COPY, one)
    assert (browser.opened, pasted()) == ([], "Maya Okafor\n+12025550143")


# ---------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("value", [*HOSTILE, "https://evil.example/", "//evil.example", "@evil.example", "..", "?a=b#c"])
def test_what_a_caller_is_called_opens_no_other_page(aids: Aids, browser: Browser, value: str):
    told = problems(aids)
    aids.connected(facts(a_call(value, value), **pop()))
    for opened in browser.opened:
        address = QUrl(opened)
        assert (address.scheme(), address.host(), address.hasFragment()) == ("https", "crm.example", False)
        assert address.path(QUrl.ComponentFormattingOption.FullyEncoded).count("/") == 2
    assert len(browser.opened) + len(told) == 1


def test_a_page_that_would_be_another_one_is_told(aids: Aids, browser: Browser):
    told = problems(aids)
    aids.connected(facts(a_call("Maya", ".."), **pop()))
    assert browser.opened == []
    assert told == ["The page was not opened: what the call carries would lead to an address that the profile does not allow."]


@pytest.mark.qt_log_ignore("No such method")
@pytest.mark.usefixtures("no_browser")
def test_a_computer_without_a_browser_is_told(aids: Aids):
    told = problems(aids)
    aids.connected(facts(**pop()))
    aids.open_link("https://shop.example/orders/77?token=x")
    assert told == [
        "The page was not opened: this computer has no browser for it.",
        "No browser could be opened for shop.example.",
    ]


def test_a_link_of_the_call_is_opened(aids: Aids, browser: Browser):
    aids.open_link("https://shop.example/orders/77?token=%20x&y=1")
    assert browser.opened == ["https://shop.example/orders/77?token=%20x&y=1"]


# ------------------------------------------------------------------------------------------------------------ clipboard


def test_what_was_copied_is_taken_off_again(aids: Aids, qtbot: QtBot):
    aids.connected(facts(**copying(seconds=1)))
    assert pasted() == "Maya Okafor\n+12025550143"
    qtbot.waitUntil(lambda: pasted() == "")
    aids.clear_clipboard()


def test_not_if_the_agent_has_copied_something_else_since(aids: Aids, qtbot: QtBot):
    aids.connected(facts(**copying(seconds=0)))
    QGuiApplication.clipboard().setText("the agent's own")
    qtbot.waitUntil(lambda: not aids._clear.isActive())
    assert pasted() == "the agent's own"
    aids.clear_clipboard()
    assert pasted() == "the agent's own"


def test_each_copy_stays_for_its_own_time_and_the_end_of_the_program_takes_it_off(aids: Aids):
    aids.connected(facts(a_call("Maya"), **copying(fields=("name",))))
    aids.connected(facts(a_call("Bo"), **copying(fields=("name",))))
    assert pasted() == "Bo"
    assert aids._clear.remainingTime() > 50_000
    aids.clear_clipboard()
    assert pasted() == ""
    assert not aids._clear.isActive()


def test_nothing_to_copy_is_told_and_leaves_the_clipboard_alone(aids: Aids):
    told = problems(aids)
    QGuiApplication.clipboard().setText("the agent's own")
    aids.connected(facts(Call("c", (Field("city", "Rome"),)), **copying()))
    assert told == ["Nothing was copied: the call has none of the fields that the profile wants copied."]
    assert pasted() == "the agent's own"


# -------------------------------------------------------------------------------------------------------------- programs


@pytest.fixture
def report(tmp_path: Path) -> tuple[tuple[str, ...], Callable[[], list[str] | None]]:
    """A command that writes its arguments down, and what it has written."""
    script, out = tmp_path / "a script.py", tmp_path / "arguments.json"
    script.write_text(
        "import json, pathlib, sys\n"
        "out = pathlib.Path(sys.argv[1])\n"
        "whole = out.with_suffix('.part')\n"
        "whole.write_text(json.dumps(sys.argv[2:]), encoding='utf-8')\n"
        "whole.replace(out)\n",
        encoding="utf-8",
    )

    def written() -> list[str] | None:
        return json.loads(out.read_text(encoding="utf-8")) if out.exists() else None

    return (sys.executable, str(script), str(out)), written


def test_a_program_gets_hostile_values_as_one_argument_each(aids: Aids, report: Any, qtbot: QtBot):
    command, written = report
    told = problems(aids)
    program = Program(command=(*command, "{name}", "--number={phonenumber}", "plain {{x}}"), when="connect")
    call = Call("c 1", (*(Field("name", value) for value in HOSTILE), Field("phonenumber", '1" & calc.exe')))
    aids.connected(facts(call, program=program))
    qtbot.waitUntil(lambda: written() is not None, timeout=20_000)
    one_line = ", ".join(HOSTILE).replace("\n", " ").replace("\t", " ")
    assert written() == [one_line, '--number=1" & calc.exe', "plain {x}"]
    assert told == []


@pytest.mark.parametrize("value", HOSTILE)
def test_each_hostile_value_alone_too(aids: Aids, report: Any, qtbot: QtBot, value: str):
    command, written = report
    program = Program(command=(*command, "{name}", "end"), when="click")
    one = facts(a_call(value), program=program)
    [label] = aids.labels(one)
    aids.do(label, one)
    qtbot.waitUntil(lambda: written() is not None, timeout=20_000)
    assert written() == [value.replace("\n", " ").replace("\t", " ").lstrip("-/@"), "end"]


def test_a_program_that_is_not_there_is_told(aids: Aids, tmp_path: Path):
    told = problems(aids)
    aids.connected(facts(program=Program(command=(str(tmp_path / "crm"), "{name}"), when="connect")))
    assert told == [f"{tmp_path / 'crm'} could not be started."]


# ------------------------------------------------------------------------------------------------------------ at the desk

AT_THE_BEEP = f"""
[[field]]
path = "name"
[[field]]
path = "phonenumber"
[screen_pop]
url = "{POP}"
hosts = ["crm.example"]
when = "connect"
[clipboard]
fields = ["phonenumber"]
when = "click"
"""


@pytest.fixture
def profiles(tmp_path: Path) -> CurrentProfile:
    file = tmp_path / "campaign.toml"
    file.write_text(AT_THE_BEEP, encoding="utf-8")
    return CurrentProfile(file)


async def _connected(seat: Seat, call: Call) -> None:
    seat.center.connect(call)
    await until(lambda: seat.popup.isVisible() and seat.desk.state is State.CONNECTED)
    await until(lambda: has(seat.popup, Role.Button, COPY))
    await until(lambda: not seat.desk._catching_up.isActive())  # whatever else there is to do comes after the popup's paint


def _aids_of(seat: Seat) -> list[str]:
    return [name for role, name, _ in spoken(seat.popup) if role is Role.Button and name in {OPEN, COPY, START}]


@pytest.mark.usefixtures("hurried")
async def test_a_call_opens_its_page_once_and_has_a_button_for_each(browser: Browser, profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _connected(seat, a_call("Maya", "+12025550143"))
        await until(lambda: browser.opened)
        assert _aids_of(seat) == [OPEN, COPY]
        press(seat.popup, COPY)
        assert pasted() == "+12025550143"
        press(seat.popup, OPEN)
        assert len(browser.opened) == 2
        assert message(seat.popup) == ""
        seat.fill_in()
        press(seat.popup, "Next Call")
        await until(lambda: seat.center.waiting)
        await _connected(seat, a_call("Bo", "+12025550144"))
        await until(lambda: browser.opened[2:])
        assert browser.opened[2:] == ["https://crm.example/people/%2B12025550144?name=Bo"]
        assert _aids_of(seat) == [OPEN, COPY]
    assert pasted() == ""  # nothing is left behind


@pytest.mark.usefixtures("hurried")
async def test_the_same_call_connected_again_opens_nothing_again(browser: Browser, profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        call = a_call("Maya")
        await _connected(seat, call)
        seat.fill_in()
        seat.center.will(Function.STORE_AGENT_RESPONSE, OutcomeUnknown("cut"), OutcomeUnknown("cut again"))
        press(seat.popup, "Next Call")
        await until(lambda: message(seat.popup).startswith("The call center may have this already"))
        assert len(browser.opened) == 1
        await until(lambda: _aids_of(seat) == [OPEN, COPY])  # the old buttons go when nothing else is to be done


@pytest.mark.usefixtures("hurried")
async def test_a_call_that_was_connected_before_a_crash_opens_nothing_again(
    browser: Browser, profiles: CurrentProfile, tmp_path: Path
):
    call, path = a_call("Maya"), tmp_path / "journal.db"
    journal = Journal(path)
    await journal.open()
    journal.call_connected(await journal.begin_shift(SERVICE, ACCOUNT.campaign_id, AGENT_ID), call)
    await journal.close()
    async with seated(SimulatedCallCenter(), a_memory(tmp_path), journal=path, profiles=profiles) as seat:
        dialog = await until(seat.recovery)
        await until(lambda: not seat.under_way("key"))
        field(dialog, "API key").setText(ACCOUNT.key)
        press(dialog, "Yes, still connected")
        await until(lambda: seat.popup.isVisible() and has(seat.popup, Role.Button, OPEN))
        assert browser.opened == []
        press(seat.popup, OPEN)
        assert len(browser.opened) == 1
        part(seat.popup, Role.List, "Disposition").setCurrentRow(0)
        press(seat.popup, "Next Call")
        await until(lambda: seat.center.waiting)
        assert [one.response for one in seat.center.ledger] == [CallResponse(call.id, "Interested")]


@pytest.mark.qt_log_ignore("No such method")
@pytest.mark.usefixtures("hurried", "no_browser")
async def test_what_was_not_done_is_told_in_the_popup_and_the_call_goes_on(profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _connected(seat, a_call("Maya"))
        await until(lambda: message(seat.popup))
        assert message(seat.popup) == "This was not done The page was not opened: this computer has no browser for it."
        seat.fill_in()
        press(seat.popup, "Next Call")
        await until(lambda: seat.center.waiting)
        assert len(seat.center.ledger) == 1


@pytest.mark.usefixtures("hurried")
async def test_for_somebody_who_is_not_known_yet_nothing_is_offered(browser: Browser, profiles: CurrentProfile):
    async with seated(profiles=profiles) as seat:
        await seat.log_in()
        await _connected(seat, a_call("Maya"))
        seat.fill_in()
        press(seat.popup, "Next Call")
        await until(lambda: seat.center.waiting)
        press(seat.window, "I hear someone")
        assert seat.popup.isVisible()
        assert _aids_of(seat) == []
        await until(lambda: seat.center.waiting)
        await _connected(seat, a_call("Bo", "+12025550144"))
        assert _aids_of(seat) == [OPEN, COPY]
        await until(lambda: browser.opened[1:])
        assert browser.opened[1:] == ["https://crm.example/people/%2B12025550144?name=Bo"]


# ----------------------------------------------------------------------------------------------------- links of the call

LINKS = """
[[field]]
path = "orders"
format = "link"
[[field]]
path = "secret"
format = "link"
mask = 4
[[field]]
path = "odd"
format = "link"
"""
ORDERS = "https://shop.example/orders/77?name=%5Bx%5D&y=1"


@pytest.mark.usefixtures("hurried")
async def test_a_link_of_the_call_is_opened_once_by_a_click_a_double_click_or_enter(browser: Browser, tmp_path: Path):
    file = tmp_path / "campaign.toml"
    file.write_text(LINKS, encoding="utf-8")
    async with seated(profiles=CurrentProfile(file)) as seat:
        await seat.log_in()
        fields = (Field("orders", ORDERS), Field("secret", ORDERS), Field("odd", "http://shop.example/"))
        seat.center.connect(a_call("Maya", "+12025550143", *fields))
        await until(seat.popup.isVisible)
        seat.popup.activateWindow()
        await until(seat.popup.isActiveWindow)
        tree = part(seat.popup, Role.Tree, "Caller")
        model = tree.model()
        rows = {model.index(row, 0).data(): model.index(row, 1) for row in range(model.rowCount())}
        tree.scrollTo(rows["Orders"])

        def click(name: str, do: Any = QTest.mouseClick) -> None:
            do(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(rows[name]).center())

        click("Secret")
        click("Odd")
        assert browser.opened == []  # what is covered is not opened, and what is not https neither
        click("Orders")
        assert browser.opened == [ORDERS]
        for part_of_a_double_click in (QTest.mouseClick, QTest.mouseDClick, QTest.mouseRelease):
            click("Orders", part_of_a_double_click)
        assert browser.opened == [ORDERS] * 2
        tree.setFocus()
        key(Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
        assert browser.opened == [ORDERS] * 3
        key(Qt.Key.Key_Up)
        key(Qt.Key.Key_Down)
        key(Qt.Key.Key_Down)
        key(Qt.Key.Key_Return)
        assert browser.opened == [ORDERS] * 3
        assert message(seat.popup) == ""
