"""The log-in dialog: worked by keys alone, and forgiving in what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop.errors import NotReached
from desktop.shift.states import State
from desktop.ui.login import LoginDialog, LoginEntry
from tests.ui.screen import Role, button, field, focused, has, key, message, part, paste, press, settle, show, type_in, words

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sEcReT-key"
Tab, Enter, Return, Escape = Qt.Key.Key_Tab, Qt.Key.Key_Enter, Qt.Key.Key_Return, Qt.Key.Key_Escape
FILLED_IN = LoginEntry(key=KEY, campaign_id=1001, phone_number="+1 202 555 0143", remember=True)


class Wishes:
    """What the dialog asked for."""

    def __init__(self, dialog: LoginDialog) -> None:
        self.calls: list[LoginEntry] = []
        self.log_ins: list[tuple[LoginEntry, str]] = []
        self.others: list[str] = []
        dialog.call_me_requested.connect(self.calls.append)
        dialog.log_in_requested.connect(lambda entry, agent_id: self.log_ins.append((entry, agent_id)))
        dialog.practice_requested.connect(lambda: self.others.append("practice"))
        dialog.settings_requested.connect(lambda: self.others.append("settings"))
        dialog.close_requested.connect(lambda: self.others.append("close"))


@pytest.fixture
def wishes(login: LoginDialog) -> Wishes:
    return Wishes(login)


@pytest.fixture
def filled_in(login: LoginDialog, wishes: Wishes) -> LoginDialog:
    """Open, with everything but the agent ID."""
    login.fill_in(key=KEY, campaign_id="1001", phone_number="+1 202 555 0143")
    show(login)
    return login


# -------------------------------------------------------------------------------------------------------- by keys alone


def test_a_whole_log_in_by_keys(login: LoginDialog, wishes: Wishes):
    show(login)
    login.focus_first_gap()
    for text in (KEY, "1001", "+1 202 555 0143"):
        type_in(text)
        key(Tab)
    assert focused() is part(login, Role.CheckBox, "Remember me on this computer")
    key(Tab)
    assert focused() is button(login, "Call me")
    key(Return)
    assert wishes.calls == [FILLED_IN]
    login.show_state(State.CALLING)
    login.show_state(State.EXPECTING_ID)
    assert focused() is field(login, "Agent ID")
    type_in("4027")
    key(Return)
    assert wishes.log_ins == [(FILLED_IN, "4027")]


def test_tab_goes_through_the_window_as_it_is_read(login: LoginDialog):
    show(login)
    field(login, "API key").setFocus()
    passed = []
    for _ in range(10):
        passed.append(focused().accessibleName() or focused().text())
        key(Tab)
    assert passed == [
        *("API key", "Campaign ID", "Phone number", "Remember me on this computer", "Call me"),
        *("Agent ID", "Log in", "Practice", "History", "Settings"),
    ]
    assert focused() is field(login, "API key")


@pytest.mark.parametrize("pressed", [Enter, Return])
@pytest.mark.parametrize("name", ["API key", "Campaign ID", "Phone number"])
def test_enter_in_the_first_fields_has_the_phone_rung(filled_in: LoginDialog, wishes: Wishes, name: str, pressed: Qt.Key):
    field(filled_in, name).setFocus()
    key(pressed)
    assert wishes.calls == [FILLED_IN]
    assert not wishes.log_ins


@pytest.mark.parametrize("pressed", [Enter, Return])
def test_enter_in_the_agent_id_logs_in(filled_in: LoginDialog, wishes: Wishes, pressed: Qt.Key):
    field(filled_in, "Agent ID").setFocus()
    type_in("4027")
    key(pressed)
    assert wishes.log_ins == [(FILLED_IN, "4027")]
    assert not wishes.calls


@pytest.mark.parametrize("name", ["Practice", "Settings", "Log in", "Call me"])
def test_enter_presses_the_button_that_has_the_keyboard(filled_in: LoginDialog, wishes: Wishes, name: str):
    field(filled_in, "Agent ID").setText("4027")
    button(filled_in, name).setFocus()
    key(Return)
    done = {"Practice": ["practice"], "Settings": ["settings"]}.get(name, [])
    assert wishes.others == done
    assert (len(wishes.log_ins), len(wishes.calls)) == (int(name == "Log in"), int(name == "Call me"))


def test_escape_does_nothing(filled_in: LoginDialog, wishes: Wishes):
    for name in ("API key", "Agent ID"):
        field(filled_in, name).setFocus()
        key(Escape)
    button(filled_in, "Call me").setFocus()
    key(Escape)
    assert filled_in.isVisible()
    assert not wishes.others


def test_closing_the_window_is_a_wish(filled_in: LoginDialog, wishes: Wishes):
    filled_in.close()
    assert filled_in.isVisible()
    assert wishes.others == ["close"]


# ------------------------------------------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("API key", "Enter the API key Your team lead has it."),
        ("Campaign ID", "Enter the campaign ID Your team lead has it."),
        ("Phone number", "Enter your phone number The one that NextCall should ring."),
    ],
)
def test_the_keyboard_is_put_where_something_is_missing(filled_in: LoginDialog, wishes: Wishes, missing: str, said: str):
    field(filled_in, missing).setText("  ")
    press(filled_in, "Call me")
    assert (message(filled_in), focused()) == (said, field(filled_in, missing))
    field(filled_in, "Agent ID").setText("4027")
    press(filled_in, "Log in")
    assert focused() is field(filled_in, missing)
    assert not wishes.calls + wishes.log_ins


def test_without_an_agent_id_there_is_no_log_in(filled_in: LoginDialog, wishes: Wishes):
    press(filled_in, "Log in")
    assert message(filled_in).startswith("Enter the agent ID you hear")
    assert focused() is field(filled_in, "Agent ID")
    assert not wishes.log_ins


@pytest.mark.parametrize(
    ("filled", "goes_to"),
    [
        ({}, "API key"),
        ({"key": KEY}, "Campaign ID"),
        ({"key": KEY, "campaign_id": "1"}, "Phone number"),
        ({"campaign_id": "1", "phone_number": "2"}, "API key"),
        ({"key": KEY, "campaign_id": "1", "phone_number": "2"}, "Call me"),
    ],
)
def test_the_keyboard_starts_at_the_first_gap(login: LoginDialog, filled: dict[str, str], goes_to: str):
    login.fill_in(**filled)  # type: ignore[arg-type]
    show(login)
    login.focus_first_gap()
    assert (focused().accessibleName() or focused().text()) == goes_to


# ----------------------------------------------------------------------------------------------------- odd entries


@pytest.mark.parametrize("typed", ["4 0 2 7", " 4027 ", "4027\n", "4 0 2 7\r\n", "\u20024\t0\u00a027", "\x0740\x0027"])
def test_an_agent_id_is_taken_as_the_voice_says_it(filled_in: LoginDialog, wishes: Wishes, typed: str):
    field(filled_in, "Agent ID").setFocus()
    paste(typed)
    assert field(filled_in, "Agent ID").text() == "4027"
    key(Return)
    assert wishes.log_ins == [(FILLED_IN, "4027")]


def test_an_agent_id_with_letters_is_the_call_centers_to_judge(filled_in: LoginDialog, wishes: Wishes):
    field(filled_in, "Agent ID").setText("A-4027")
    press(filled_in, "Log in")
    assert wishes.log_ins == [(FILLED_IN, "A-4027")]


def test_typing_into_the_middle_of_an_agent_id_leaves_the_cursor_there(filled_in: LoginDialog):
    edit = field(filled_in, "Agent ID")
    edit.setFocus()
    type_in("407")
    key(Qt.Key.Key_Left)
    type_in(" 2")
    assert edit.text() == "4027"
    type_in("9")
    assert edit.text() == "40297"


@pytest.mark.parametrize("typed", ["abc", "10o1", "-5", "1.5", "1e3", "\u0661\u0662\u0663", "9" * 19])
def test_a_campaign_id_is_digits(login: LoginDialog, wishes: Wishes, typed: str):
    show(login)
    edit = field(login, "Campaign ID")
    edit.setFocus()
    if typed.isascii():
        type_in(typed)
    assert not edit.text() or (edit.text().isdigit() and len(edit.text()) <= 18)
    edit.clear()
    paste(typed)
    assert edit.text() == ""


@pytest.mark.parametrize(("pasted", "number"), [(" 1001 ", 1001), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_pasted_campaign_id_may_have_air_around_it(filled_in: LoginDialog, wishes: Wishes, pasted: str, number: int):
    edit = field(filled_in, "Campaign ID")
    edit.clear()
    edit.setFocus()
    paste(pasted)
    press(filled_in, "Call me")
    assert [entry.campaign_id for entry in wishes.calls] == [number]


def test_air_around_key_and_number_is_no_part_of_them(filled_in: LoginDialog, wishes: Wishes):
    field(filled_in, "API key").setText(f" {KEY}\t")
    field(filled_in, "Phone number").setText(" +1 202 555 0143 ")
    press(filled_in, "Call me")
    assert wishes.calls == [FILLED_IN]


def test_a_remembered_campaign_that_is_no_number_is_told_and_no_crash(filled_in: LoginDialog, wishes: Wishes):
    """The settings are a file that people may edit."""
    field(filled_in, "Campaign ID").setText("spring")
    press(filled_in, "Call me")
    assert message(filled_in).startswith("Enter the campaign ID")
    assert focused() is field(filled_in, "Campaign ID")
    assert not wishes.calls


def test_a_hint_says_which_number_will_ring(login: LoginDialog):
    show(login)
    edit = field(login, "Phone number")
    edit.setFocus()
    type_in("2025550143")
    assert "We will ring (202) 555-0143." in words(login)
    edit.clear()
    assert "ring (" not in words(login)


# -------------------------------------------------------------------------------------------------------- the key


def test_the_key_is_hidden_until_the_agent_wants_to_see_it(filled_in: LoginDialog):
    edit = field(filled_in, "API key")
    assert edit.displayText() != KEY
    [eye] = edit.actions()
    eye.trigger()
    assert edit.displayText() == KEY
    eye.trigger()
    assert edit.displayText() != KEY


def test_the_key_is_in_no_repr():
    assert KEY not in repr(FILLED_IN)


def test_what_is_remembered_leaves_alone_what_the_agent_typed(login: LoginDialog):
    show(login)
    field(login, "API key").setFocus()
    type_in("mine")
    login.fill_in(key=KEY, campaign_id="1001")
    assert (field(login, "API key").text(), field(login, "Campaign ID").text()) == ("mine", "1001")


def test_a_key_from_the_keyring_takes_neither_the_keyboard_nor_the_choice_from_the_agent(login: LoginDialog):
    show(login)
    field(login, "Campaign ID").setFocus()
    type_in("10")
    part(login, Role.CheckBox, "Remember me on this computer").setChecked(False)
    login.fill_in_key(KEY)
    type_in("01")
    assert (field(login, "API key").text(), field(login, "Campaign ID").text()) == (KEY, "1001")
    assert not part(login, Role.CheckBox, "Remember me on this computer").isChecked()


def test_a_key_from_the_keyring_comes_too_late_for_an_agent_who_types_it(login: LoginDialog):
    show(login)
    login.focus_first_gap()
    type_in("mi")
    login.fill_in_key(KEY)
    type_in("ne")
    assert field(login, "API key").text() == "mine"


def test_after_a_key_from_the_keyring_the_keyboard_is_at_the_next_gap(login: LoginDialog):
    show(login)
    login.focus_first_gap()
    login.fill_in_key(KEY)
    assert focused() is field(login, "Campaign ID")


# ------------------------------------------------------------------------------------------------------ while it works


@pytest.mark.parametrize("state", [State.CALLING, State.LOGGING_IN])
def test_what_would_do_nothing_now_is_grey(filled_in: LoginDialog, wishes: Wishes, state: State):
    field(filled_in, "Agent ID").setText("4027")
    filled_in.show_state(state)
    for name in ("Call me", "Log in", "Practice", "Settings"):
        assert not button(filled_in, name).isEnabled()
    field(filled_in, "Agent ID").setFocus()
    key(Return)
    assert not wishes.log_ins
    assert message(filled_in).startswith(state.value)


def test_an_id_that_is_heard_early_can_be_typed_while_the_phone_is_being_called(filled_in: LoginDialog, wishes: Wishes):
    filled_in.show_state(State.CALLING)
    field(filled_in, "Agent ID").setFocus()
    type_in("4027")
    filled_in.show_state(State.EXPECTING_ID)
    key(Return)
    assert wishes.log_ins == [(FILLED_IN, "4027")]


def test_calling_again_forgets_the_id_of_the_call_before(filled_in: LoginDialog, wishes: Wishes):
    filled_in.show_state(State.EXPECTING_ID)
    field(filled_in, "Agent ID").setText("4027")
    press(filled_in, "It didn't ring")
    assert wishes.calls == [FILLED_IN]
    assert field(filled_in, "Agent ID").text() == ""


def test_a_failure_leaves_the_form_usable(filled_in: LoginDialog, wishes: Wishes):
    filled_in.show_state(State.CALLING)
    filled_in.show_state(State.SIGNED_OUT)
    filled_in.tell(NotReached("no route to host"), "Your phone was not called.")
    press(filled_in, "Call me")
    assert wishes.calls == [FILLED_IN]


# --------------------------------------------------------------------------------- a service without sendAgentCallBack


@pytest.fixture
def without_call_me(filled_in: LoginDialog) -> LoginDialog:
    filled_in.offer_call_me(offered=False)
    return filled_in


def test_call_me_is_not_there_where_it_is_not_offered(without_call_me: LoginDialog):
    for state in State:
        without_call_me.show_state(state)
        assert not has(without_call_me, Role.Button, "Call me")
        assert not has(without_call_me, Role.Button, "It didn't ring")
        assert not has(without_call_me, TEXT_FIELD, "Phone number")


TEXT_FIELD = Role.EditableText


def test_without_call_me_the_phone_number_is_not_needed(without_call_me: LoginDialog, wishes: Wishes):
    field(without_call_me, "Agent ID").setText("4027")
    press(without_call_me, "Log in")
    assert [agent_id for _, agent_id in wishes.log_ins] == ["4027"]


def test_without_call_me_enter_and_the_first_gap_lead_to_the_agent_id(without_call_me: LoginDialog, wishes: Wishes):
    without_call_me.focus_first_gap()
    assert focused() is field(without_call_me, "Agent ID")
    field(without_call_me, "API key").setFocus()
    key(Return)
    assert not wishes.calls
    assert focused() is field(without_call_me, "Agent ID")
    settle()


def test_the_form_of_a_new_shift(filled_in: LoginDialog, keep: Callable[[LoginDialog], LoginDialog]):
    field(filled_in, "Agent ID").setText("4027")
    filled_in.forget_agent_id()
    assert field(filled_in, "Agent ID").text() == ""
    assert field(filled_in, "API key").text() == KEY


# ---------------------------------------------------------------------------------------- on the screen before the rest


@pytest.fixture
def early(keep: Callable[[LoginDialog], LoginDialog]) -> LoginDialog:
    """On the screen before there is anybody to hear its wishes."""
    dialog = keep(LoginDialog(practice=False, ready=False))
    show(dialog)
    return dialog


def test_what_is_pressed_early_is_done_once_and_said_meanwhile(early: LoginDialog):
    wishes = Wishes(early)
    early.fill_in(key=KEY, campaign_id="1001", phone_number="+1 202 555 0143")
    press(early, "Call me")
    assert not wishes.calls
    assert message(early).startswith("NextCall is getting ready …")
    early.be_ready()
    early.be_ready()
    assert wishes.calls == [FILLED_IN]
    assert not message(early)
    press(early, "Call me")
    assert len(wishes.calls) == 2


@pytest.mark.parametrize("wish", ["Practice", "Settings", "close"])
def test_other_early_wishes_are_kept_too_and_the_last_one_counts(early: LoginDialog, wish: str):
    wishes = Wishes(early)
    early.fill_in(key=KEY, campaign_id="1001", phone_number="+1 202 555 0143")
    press(early, "Call me")
    early.close() if wish == "close" else press(early, wish)
    early.be_ready()
    assert (wishes.others, wishes.calls) == ([wish.lower()], [])


def test_what_is_wrong_is_said_early_too(early: LoginDialog):
    press(early, "Call me")
    assert message(early).startswith("Enter the API key")


def test_a_wish_of_a_dialog_that_went_away_is_not_meant_any_more(early: LoginDialog):
    wishes = Wishes(early)
    early.close()
    early.hide()
    early.be_ready()
    assert not wishes.others
