"""The popup: filled in without a mouse, never lost by closing it, and calm whatever the call center sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, Qt, QTimer
from PySide6.QtGui import QAccessible, QGuiApplication, QTextDocument
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import QLabel, QLineEdit

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.errors import NotReached
from desktop.popup.dispositions import BUILT_IN
from desktop.popup.profile import CampaignProfile, Disposition
from desktop.shift.journal import Draft
from desktop.shift.session import Health, Line
from desktop.ui.popup import PopupWindow
from tests.simulation import a_call
from tests.ui.screen import Role, button, field, focused, has, key, message, part, paste, press, settle, show, type_in, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtCore import QAbstractItemModel, QModelIndex
    from pytestqt.qtbot import QtBot

    from desktop.ui.coming import Coming

Control, Shift, Alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
Keypad = Qt.KeyboardModifier.KeypadModifier
Tab, Return, Enter = Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter
CALL = a_call()


class Wishes:
    """What the popup asked for."""

    def __init__(self, popup: PopupWindow) -> None:
        self.next_calls: list[CallResponse] = []
        self.logoffs: list[CallResponse] = []
        popup.next_call_requested.connect(self.next_calls.append)
        popup.logoff_requested.connect(self.logoffs.append)


@pytest.fixture
def wishes(popup: PopupWindow) -> Wishes:
    return Wishes(popup)


@pytest.fixture
def on_call(popup: PopupWindow, wishes: Wishes) -> PopupWindow:
    """A popup that shows CALL and has the keyboard."""
    popup.show_call(CALL)
    show(popup)
    return popup


def dispositions(popup: PopupWindow) -> Any:
    return part(popup, Role.List, "Disposition")


def chosen(popup: PopupWindow) -> str:
    return str(dispositions(popup).chosen())


def notes(popup: PopupWindow) -> Any:
    return field(popup, "Notes")


# -------------------------------------------------------------------------------------------------------------- keys


def test_a_call_without_a_mouse(on_call: PopupWindow, wishes: Wishes):
    assert focused() is dispositions(on_call)
    type_in("2")
    key(Tab)  # past the own words, of which there is no need any more
    assert focused() is notes(on_call)
    type_in("Tuesday")
    key(Tab)  # goes on, it is no part of notes
    assert focused() is button(on_call, "Next Call")
    key(Return)
    assert wishes.next_calls == [CallResponse(CALL.id, "Call back later", "Tuesday")]


def test_tab_goes_from_the_disposition_over_notes_to_the_buttons_and_the_caller(on_call: PopupWindow):
    passed = []
    for _ in range(7):
        one = focused()
        passed.append(one.accessibleName() or getattr(one, "text", str)())
        key(Tab)
    start = passed.index("Disposition")
    assert start == 0
    assert passed == [
        *("Disposition", "Disposition in your own words", "Notes", "Next Call", "Logoff", "Hold my next call", "Caller")
    ]


@pytest.mark.parametrize("modifiers", [Qt.KeyboardModifier.NoModifier, Keypad])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_digit_chooses(on_call: PopupWindow, number: int, modifiers: Qt.KeyboardModifier):
    key(Qt.Key(Qt.Key.Key_0.value + number), modifiers)
    assert chosen(on_call) == BUILT_IN[number - 1]


@pytest.mark.parametrize("pressed", [Qt.Key.Key_0, Qt.Key.Key_9])
def test_a_digit_without_a_disposition_chooses_nothing(on_call: PopupWindow, pressed: Qt.Key):
    key(pressed)
    assert chosen(on_call) == ""


@pytest.mark.parametrize("modifier", [Control, Alt])
def test_a_digit_with_a_modifier_chooses_nothing(on_call: PopupWindow, modifier: Qt.KeyboardModifier):
    key(Qt.Key.Key_2, modifier)
    assert chosen(on_call) == ""


def test_digits_in_the_notes_are_notes(on_call: PopupWindow):
    notes(on_call).setFocus()
    type_in("12")
    assert (chosen(on_call), notes(on_call).text()) == ("", "12")


@pytest.mark.parametrize(
    ("typed", "disposition"),
    [("n", "Not interested"), ("ca", "Call back later"), ("do", "Do not call again"), ("WR", "Wrong number"), ("x", "")],
)
def test_letters_find_a_disposition_by_its_beginning(on_call: PopupWindow, typed: str, disposition: str):
    type_in(typed)
    assert chosen(on_call) == disposition


def test_arrows_choose(on_call: PopupWindow):
    type_in("1")
    key(Qt.Key.Key_Down)
    assert chosen(on_call) == BUILT_IN[1]
    key(Qt.Key.Key_End)
    assert chosen(on_call) == BUILT_IN[-1]


@pytest.mark.parametrize("pressed", [Return, Enter])
@pytest.mark.parametrize("place", ["Disposition", "Notes", "Caller"])
def test_control_and_enter_is_next_call_from_everywhere(on_call: PopupWindow, wishes: Wishes, place: str, pressed: Qt.Key):
    type_in("1")
    _go_to(on_call, place)
    key(pressed, Control | Keypad if pressed is Enter else Control)
    assert wishes.next_calls == [CallResponse(CALL.id, "Interested", "")]
    assert not wishes.logoffs


@pytest.mark.parametrize("place", ["Disposition", "Notes", "Caller"])
def test_control_shift_l_is_logoff_from_everywhere(on_call: PopupWindow, wishes: Wishes, place: str):
    type_in("1")
    _go_to(on_call, place)
    key(Qt.Key.Key_L, Control | Shift)
    assert wishes.logoffs == [CallResponse(CALL.id, "Interested", "")]
    assert not wishes.next_calls


@pytest.mark.parametrize("place", ["Disposition", "Notes", "Caller"])
@pytest.mark.parametrize("pressed", [Return, Enter, Qt.Key.Key_Escape])
def test_enter_and_escape_alone_store_nothing_and_close_nothing(
    on_call: PopupWindow, wishes: Wishes, place: str, pressed: Qt.Key
):
    type_in("1")
    _go_to(on_call, place)
    key(pressed)
    assert not wishes.next_calls + wishes.logoffs
    assert on_call.isVisible()


def test_letters_lead_to_the_parts(on_call: PopupWindow):
    for pressed, name in ((Qt.Key.Key_N, "Notes"), (Qt.Key.Key_C, "Caller"), (Qt.Key.Key_D, "Disposition")):
        key(pressed, Alt)
        assert focused().accessibleName() == name


def _go_to(popup: PopupWindow, place: str) -> None:
    role = {"Disposition": Role.List, "Notes": Role.EditableText, "Caller": Role.Tree}[place]
    part(popup, role, place).setFocus()


# ---------------------------------------------------------------------------------------------------------- storing


def test_without_a_disposition_nothing_is_stored_and_the_keyboard_is_put_there(on_call: PopupWindow, wishes: Wishes):
    for name in ("Next Call", "Logoff"):
        notes(on_call).setFocus()
        press(on_call, name)
        assert message(on_call).startswith("Choose a disposition")
        assert focused() is dispositions(on_call)
    assert not wishes.next_calls + wishes.logoffs


def test_what_stands_in_the_notes_is_stored_to_the_character(on_call: PopupWindow, wishes: Wishes):
    type_in("1")
    notes(on_call).setFocus()
    text = "  two  spaces\n\n\u00a0no break, \u05e9\u05dc\u05d5\u05dd, \U0001f33b, <b>&amp;</b> \u202eabc\n"
    paste(text)
    press(on_call, "Next Call")
    assert [response.notes for response in wishes.next_calls] == [text]


def test_while_it_is_being_stored_nothing_can_be_changed_or_sent_again(on_call: PopupWindow, wishes: Wishes):
    type_in("1")
    notes(on_call).setFocus()
    type_in("yes")
    on_call.show_saving()
    assert message(on_call).startswith("Saving")
    assert not button(on_call, "Next Call").isEnabled()
    assert not button(on_call, "Logoff").isEnabled()
    notes(on_call).setFocus()
    type_in(" and no")
    key(Return, Control)
    key(Qt.Key.Key_L, Control | Shift)
    assert not wishes.next_calls + wishes.logoffs
    assert (chosen(on_call), notes(on_call).text()) == ("Interested", "yes")


def test_after_a_failure_the_form_is_as_it_was(on_call: PopupWindow, coming: Coming, wishes: Wishes):
    coming.call_connected()
    type_in("1")
    notes(on_call).setFocus()
    type_in("yes")
    press(on_call, "Logoff")
    on_call.show_saving()
    on_call.close()
    on_call.tell(NotReached("no route to host"), "This call is not stored yet.")
    assert on_call.isVisible()
    press(on_call, "Logoff")
    assert wishes.logoffs == [CallResponse(CALL.id, "Interested", "yes")] * 2


def test_before_the_first_call_there_is_nothing_to_store(popup: PopupWindow, wishes: Wishes):
    show(popup)
    key(Qt.Key.Key_1)
    key(Return, Control)
    assert not wishes.next_calls


# -------------------------------------------------------------------------------------------------- coming and going


def test_a_popup_that_was_closed_comes_back_as_it_was(on_call: PopupWindow, coming: Coming):
    coming.call_connected()
    type_in("3")
    notes(on_call).setFocus()
    type_in("said no")
    on_call.close()
    assert not on_call.isVisible()
    coming.open()
    assert on_call.isVisible()
    assert (chosen(on_call), notes(on_call).text()) == ("Not interested", "said no")
    assert on_call.windowTitle() == "Call - Zoë Łuczak"


def test_a_new_call_finds_an_empty_form(on_call: PopupWindow, coming: Coming):
    type_in("3")
    notes(on_call).setFocus()
    type_in("said no")
    on_call.show_saving()
    on_call.hide()
    on_call.show_call(a_call("Bo Li"))
    coming.call_connected()
    assert on_call.isVisible()
    assert (chosen(on_call), notes(on_call).text(), message(on_call)) == ("", "", "")
    assert on_call.windowTitle() == "Call - Bo Li"
    assert button(on_call, "Next Call").isEnabled()
    assert "Zoë" not in words(on_call) + "".join(_shown(on_call))


def test_undo_does_not_bring_back_the_notes_of_another_caller(on_call: PopupWindow):
    notes(on_call).setFocus()
    type_in("owes money")
    on_call.show_call(a_call("Bo Li"))
    notes(on_call).setFocus()
    key(Qt.Key.Key_Z, Control)
    assert notes(on_call).text() == ""


def test_a_popup_that_was_minimized_is_seen_at_the_next_call(on_call: PopupWindow, coming: Coming):
    on_call.showMinimized()
    on_call.hide()
    on_call.show_call(a_call("Bo Li"))
    coming.call_connected()
    assert not on_call.isMinimized()


def test_a_call_takes_the_keyboard_from_nobody(popup: PopupWindow, coming: Coming, keep: Callable[[Any], Any]):
    elsewhere = keep(QLineEdit())
    show(elsewhere)
    popup.show_call(CALL)
    coming.call_connected()
    settle()
    assert popup.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert QGuiApplication.focusWindow() is elsewhere.windowHandle()
    type_in("goes on")
    assert elsewhere.text() == "goes on"


# ------------------------------------------------------------------------------------------------------ absurd calls


def _model(popup: PopupWindow) -> QAbstractItemModel:
    model: QAbstractItemModel = part(popup, Role.Tree, "Caller").model()
    return model


def _indices(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[QModelIndex]:
    for row in range(model.rowCount(parent) if parent else model.rowCount()):
        index = model.index(row, 0, parent) if parent else model.index(row, 0)
        yield index
        yield from _indices(model, index)


def _shown(popup: PopupWindow) -> list[str]:
    """Every value among the details."""
    return [str(index.siblingAtColumn(1).data()) for index in _indices(_model(popup))]


def test_two_thousand_fields(popup: PopupWindow):
    popup.show_call(Call("c1", tuple(Field(f"field{number}", f"value {number}") for number in range(2000))))
    show(popup)
    assert _shown(popup) == [f"value {number}" for number in range(2000)]


def test_deep_nesting(popup: PopupWindow):
    deep = Field("leaf", "at the bottom")
    for depth in range(250):  # deeper is refused when it is read
        deep = Field(f"level{depth}", "", (("depth", str(depth)),), (deep,))
    popup.show_call(Call("c1", (deep,)))
    show(popup)
    assert _shown(popup)[-1] == "at the bottom"


@pytest.mark.parametrize(
    "name",
    [
        "x" * 10_000,
        "Ann " * 2500,
        "\u0644\u064a\u0644\u0649 \u0627\u0644\u062d\u062f\u0627\u062f",
        "\u202egnol yrev \u2067",
        "\U0001f33b" * 500,
        "A\u0301" * 500,
        "\x01\x02\x7f",
        "[*] 100% &Co _x",
    ],
)
def test_an_absurd_name_leaves_the_window_as_it_is(popup: PopupWindow, name: str):
    popup.show_call(a_call("Bo"))
    show(popup)
    size = popup.size()
    popup.show_call(a_call(name, name))
    settle()
    assert popup.size() == size
    assert len(popup.windowTitle()) < 250
    assert popup.isVisible()


def test_markup_is_text(popup: PopupWindow):
    name = "<h1>Bo</h1><img src='file:///etc/passwd'>"
    popup.show_call(a_call(name, "+12025550143", Field("remark", name)))
    show(popup)
    label = part(popup, Role.StaticText, name)
    assert isinstance(label, QLabel)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert name in _shown(popup)
    remark = list(_indices(_model(popup)))[-1].siblingAtColumn(1)
    for tip in (label.toolTip(), remark.data(Qt.ItemDataRole.ToolTipRole)):
        assert _as_shown(tip) == name


def _as_shown(tip: str) -> str:
    """What a tool tip shows: Qt guesses whether it is markup."""
    if not GuiQt.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


def test_a_long_value_is_one_line_and_can_be_copied_whole(on_call: PopupWindow):
    value = "line one\n" + "x" * 5000
    on_call.show_call(Call("c1", (Field("id", "c1"), Field("remark", value))))
    assert _shown(on_call)[-1].startswith("line one xxx")
    tree = part(on_call, Role.Tree, "Caller")
    tree.setFocus()
    index = _model(on_call).index(1, 0)
    tree.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    key(Qt.Key.Key_C, Control)
    assert QGuiApplication.clipboard().text() == value


def test_a_call_with_nothing_but_an_id(popup: PopupWindow):
    popup.show_call(Call("c1"))
    show(popup)
    assert popup.windowTitle() == "Call - Unknown caller"
    assert _shown(popup) == []


# ------------------------------------------------------------------------------------------------------ absurd notes


def test_control_characters_that_are_pasted_become_visible(on_call: PopupWindow, wishes: Wishes):
    type_in("1")
    notes(on_call).setFocus()
    paste("bell \x07, escape \x1b[31m, \ufffe")
    assert notes(on_call).text() == "bell ␇, escape ␛[31m, \ufffd"
    press(on_call, "Next Call")
    assert wishes.next_calls[0].notes == "bell ␇, escape ␛[31m, \ufffd"


def test_a_megabyte_of_notes(on_call: PopupWindow, wishes: Wishes):
    type_in("1")
    notes(on_call).setFocus()
    text = "\n".join(f"{number:07} {'x' * 92}" for number in range(10_000))
    paste(text)
    press(on_call, "Next Call")
    assert wishes.next_calls[0].notes == text


def test_rich_text_is_pasted_as_its_words(on_call: PopupWindow):
    notes(on_call).setFocus()
    rich = QMimeData()
    rich.setHtml("<b>bold</b>")
    rich.setText("bold")
    QGuiApplication.clipboard().setMimeData(rich)
    key(Qt.Key.Key_V, Control)
    QGuiApplication.clipboard().clear()  # else Qt ends it after Python has ended
    assert notes(on_call).text() == "bold"


def test_a_screen_reader_is_told_each_value(on_call: PopupWindow):
    tree = QAccessible.queryAccessibleInterface(part(on_call, Role.Tree, "Caller"))
    names = [tree.child(number).text(QAccessible.Text.Name) for number in range(tree.childCount())]
    assert {"Field", "Value", "Name", "Zoë Łuczak", "Phone number", "(202) 555-0143"} <= set(names)


# ---------------------------------------------------------------------------------------------------------------- drafts


@pytest.fixture
def drafts(popup: PopupWindow) -> list[Draft]:
    found: list[Draft] = []
    popup.draft_changed.connect(found.append)
    return found


def test_a_draft_is_told_soon_after_the_first_change(on_call: PopupWindow, drafts: list[Draft], qtbot: QtBot):
    assert on_call._typing.interval() <= 250
    assert on_call._typing.isSingleShot()
    with qtbot.waitSignal(on_call.draft_changed) as told:
        type_in("2")
    assert told.args == [Draft("Call back later", "")]
    with qtbot.waitSignal(on_call.draft_changed) as told:
        notes(on_call).setFocus()
        type_in("Tuesday")
    assert told.args == [Draft("Call back later", "Tuesday")]
    assert len(drafts) == 2
    assert not on_call._typing.isActive()


def test_who_types_without_a_pause_is_kept_too(on_call: PopupWindow, qtbot: QtBot):
    """The clock runs from the first change; if each key set it back, this would type for ever."""
    notes(on_call).setFocus()
    typing = QTimer()
    typing.timeout.connect(lambda: notes(on_call).insertPlainText("x"))
    with qtbot.waitSignals([on_call.draft_changed] * 2):
        typing.start(5)
    assert typing.isActive()
    typing.stop()


def test_a_draft_is_told_before_it_is_stored(on_call: PopupWindow, wishes: Wishes, drafts: list[Draft]):
    type_in("2")
    notes(on_call).setFocus()
    type_in("Tuesday")
    on_call.show_saving()
    assert drafts == [Draft("Call back later", "Tuesday")]
    assert not on_call._typing.isActive()


def test_a_draft_is_told_when_the_popup_goes_away(on_call: PopupWindow, drafts: list[Draft]):
    type_in("2")
    on_call.close()
    assert drafts == [Draft("Call back later", "")]
    show(on_call)
    on_call.hide()
    assert len(drafts) == 1, "nothing has changed"


def test_a_draft_comes_back_into_the_form(popup: PopupWindow, wishes: Wishes, drafts: list[Draft]):
    draft = Draft("Call back later", "Tuesday,\n\u00a0after 3")
    popup.show_call(CALL, draft)
    show(popup)
    assert (chosen(popup), notes(popup).text()) == (draft.disposition, draft.notes)
    assert popup.draft == draft
    assert not popup._typing.isActive(), "nobody has changed anything"
    notes(popup).setFocus()
    key(Qt.Key.Key_Z, Control)
    assert popup.draft == draft
    press(popup, "Next Call")
    assert wishes.next_calls == [CallResponse(CALL.id, draft.disposition, draft.notes)]


def test_a_draft_with_a_disposition_that_is_not_offered_has_to_be_chosen_anew(popup: PopupWindow, wishes: Wishes):
    popup.show_call(CALL, Draft("Of an older list", "Tuesday"), profile=CampaignProfile(dispositions=(Disposition(name="Sale"),)))
    show(popup)
    press(popup, "Next Call")
    assert message(popup).startswith("Choose a disposition")
    assert notes(popup).text() == "Tuesday"
    assert not wishes.next_calls


def test_what_may_be_stored_already_can_be_sent_again_and_not_changed(popup: PopupWindow, wishes: Wishes):
    draft = Draft("Of an older list", "Tuesday")
    popup.show_call(CALL, draft, fixed=True)
    show(popup)
    assert message(popup).startswith("The call center may have this already")
    notes(popup).setFocus()
    type_in("no, Friday")
    assert notes(popup).text() == "Tuesday"
    assert not dispositions(popup).isEnabled()
    press(popup, "Next Call")
    popup.show_saving()
    popup.tell(NotReached("no route to host"), "This call is not stored yet.")
    assert notes(popup).isReadOnly()
    assert not dispositions(popup).isEnabled()
    press(popup, "Logoff")
    assert wishes.next_calls == wishes.logoffs == [CallResponse(CALL.id, draft.disposition, draft.notes)]
    popup.show_call(a_call("Bo Li"))
    assert not notes(popup).isReadOnly()
    assert dispositions(popup).isEnabled()


def test_a_call_that_can_only_be_the_last_has_no_next_call(popup: PopupWindow, wishes: Wishes):
    popup.show_call(CALL, Draft("Interested", ""), last_only=True)
    show(popup)
    assert not has(popup, Role.Button, "Next Call")
    assert "Logoff stores this as your last call." in words(popup)
    key(Return, Control)
    key(Enter, Control | Keypad)
    assert not wishes.next_calls + wishes.logoffs
    key(Qt.Key.Key_L, Control | Shift)
    assert wishes.logoffs == [CallResponse(CALL.id, "Interested", "")]
    popup.show_call(a_call("Bo Li"))
    assert has(popup, Role.Button, "Next Call")


# ------------------------------------------------------------------------------------------------------------ somebody


@pytest.fixture
def somebody(popup: PopupWindow, wishes: Wishes) -> PopupWindow:
    """A popup for somebody of whom the call center has told nothing, with the keyboard."""
    popup.show_someone()
    show(popup)
    return popup


def test_somebody_has_an_empty_form_at_once(on_call: PopupWindow):
    type_in("2")
    on_call.show_someone()
    assert on_call.draft == Draft()
    assert on_call.windowTitle() == "Call - somebody"
    assert _shown(on_call) == []
    assert "Somebody is on your line" in words(on_call)
    type_in("3")
    assert chosen(on_call) == "Not interested"


def test_what_is_entered_for_somebody_stays_when_the_call_center_tells_who_it_is(somebody: PopupWindow, wishes: Wishes):
    type_in("2")
    notes(somebody).setFocus()
    type_in("Tuesday")
    somebody.tell_who(CALL)
    settle()
    assert somebody.windowTitle() == "Call - Zoë Łuczak"
    assert "Zoë Łuczak" in _shown(somebody)
    assert somebody.draft == Draft("Call back later", "Tuesday")
    assert not has(somebody, Role.Button, "Nobody there")
    assert focused() is notes(somebody)
    press(somebody, "Next Call")
    assert wishes.next_calls == [CallResponse(CALL.id, "Call back later", "Tuesday")]


def test_a_popup_of_somebody_that_was_closed_comes_back_with_the_call(somebody: PopupWindow, coming: Coming):
    type_in("2")
    somebody.close()
    somebody.tell_who(CALL)
    coming.call_connected()
    assert somebody.isVisible()
    assert chosen(somebody) == "Call back later"


@pytest.mark.parametrize("name", ["Next Call", "Logoff"])
def test_somebody_cannot_be_stored_yet_and_is_told_why(somebody: PopupWindow, wishes: Wishes, name: str):
    type_in("2")
    press(somebody, name)
    assert message(somebody).startswith("The call center has not told yet who this is")
    assert "“Nobody there”" in message(somebody)
    assert not wishes.next_calls + wishes.logoffs
    somebody.tell_who(CALL)
    assert message(somebody) == ""


def test_nobody_there_keeps_the_notes_and_goes_on_waiting(somebody: PopupWindow, drafts: list[Draft]):
    order: list[str] = []
    somebody.draft_changed.connect(lambda: order.append("draft"))
    somebody.wait_on_requested.connect(lambda: order.append("wait on"))
    notes(somebody).setFocus()
    type_in("only breathing")
    press(somebody, "Nobody there")
    assert order == ["draft", "wait on"]
    assert drafts == [Draft("", "only breathing")]
    assert not somebody.isVisible()
    somebody.show_call(CALL)
    show(somebody)
    assert somebody.draft == Draft()
    assert not has(somebody, Role.Button, "Nobody there")


def test_tab_reaches_nobody_there(somebody: PopupWindow):
    passed = []
    for _ in range(8):
        passed.append(focused().accessibleName() or getattr(focused(), "text", str)())
        key(Tab)
    assert passed[2:] == ["Notes", "Next Call", "Logoff", "Nobody there", "Hold my next call", "Caller"]


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health.RECONNECTING, f"Not sent yet {NotReached.title}. NextCall tries again by itself"),
        (Health.UNSURE, "Not sure whether the call center has this It is sent once more as soon as the call center answers."),
        (Health.CONNECTED, "Saving"),
        (Health.IDLE, "Saving"),
    ],
)
def test_why_it_is_not_stored_yet(on_call: PopupWindow, health: Health, said: str):
    type_in("2")
    on_call.show_saving()
    on_call.show_trouble(Line(health, datetime.now(UTC), NotReached.title))
    assert message(on_call).startswith(said)
    assert not button(on_call, "Next Call").isEnabled()
