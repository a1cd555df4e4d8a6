"""The table of states: what design.md says ('The shift'), and nothing else."""

from __future__ import annotations

import itertools

import pytest

from desktop.errors import ShiftError
from desktop.shift.states import IN_QUEUE, State, Step, after

WORDS = {
    State.SIGNED_OUT: "Signed out",
    State.CALLING: "Calling your phone",
    State.EXPECTING_ID: "Enter the agent ID you hear",
    State.LOGGING_IN: "Logging in",
    State.WAITING: "Waiting for a call",
    State.CONNECTED: "Connected",
    State.SAVING: "Saving",
    State.LOGGED_OFF: "Logged off - hang up your phone",
}

ALLOWED = {
    # the agent has the phone rung, once or again
    (State.SIGNED_OUT, Step.CALL_ME): State.CALLING,
    (State.EXPECTING_ID, Step.CALL_ME): State.CALLING,
    (State.CALLING, Step.PHONE_RINGS): State.EXPECTING_ID,
    (State.CALLING, Step.FAILED): State.SIGNED_OUT,
    # the agent types the id; after a restart the phone may still be connected
    (State.SIGNED_OUT, Step.LOG_IN): State.LOGGING_IN,
    (State.EXPECTING_ID, Step.LOG_IN): State.LOGGING_IN,
    (State.LOGGING_IN, Step.LOGGED_IN): State.WAITING,
    (State.LOGGING_IN, Step.FAILED): State.EXPECTING_ID,
    # a call, its response, and so on
    (State.WAITING, Step.CONNECT): State.CONNECTED,
    (State.WAITING, Step.ENDED): State.SIGNED_OUT,
    (State.CONNECTED, Step.SUBMIT): State.SAVING,
    (State.SAVING, Step.STORED): State.WAITING,
    (State.SAVING, Step.STORED_LAST): State.LOGGED_OFF,
    (State.SAVING, Step.FAILED): State.CONNECTED,
    (State.LOGGED_OFF, Step.DONE): State.SIGNED_OUT,
    # a call of an earlier start is finished without the phone, or was the last one and only the phone is left
    (State.SIGNED_OUT, Step.RESUME): State.CONNECTED,
    (State.SIGNED_OUT, Step.STORED_LAST): State.LOGGED_OFF,
    # leaving, from everywhere
    (State.SIGNED_OUT, Step.LEAVE): State.SIGNED_OUT,
    (State.CALLING, Step.LEAVE): State.SIGNED_OUT,
    (State.EXPECTING_ID, Step.LEAVE): State.LOGGED_OFF,
    (State.LOGGING_IN, Step.LEAVE): State.LOGGED_OFF,
    (State.WAITING, Step.LEAVE): State.LOGGED_OFF,
    (State.CONNECTED, Step.LEAVE): State.LOGGED_OFF,
    (State.SAVING, Step.LEAVE): State.LOGGED_OFF,
    (State.LOGGED_OFF, Step.LEAVE): State.SIGNED_OUT,
}


def test_the_words_on_screen_are_those_of_the_plan():
    assert {state: state.value for state in State} == WORDS


@pytest.mark.parametrize(("state", "step"), [*itertools.product(State, Step)], ids=lambda one: one.name)
def test_a_step_leads_where_the_plan_says_or_nowhere(state: State, step: Step):
    if (state, step) in ALLOWED:
        assert after(state, step) is ALLOWED[state, step]
    else:
        with pytest.raises(ShiftError) as refused:
            after(state, step)
        assert state.value in str(refused.value)


def test_leaving_asks_first_while_somebody_may_be_connected():
    assert frozenset({State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING}) == IN_QUEUE


def test_every_state_can_be_reached_and_left():
    assert {lead for (state, _), lead in ALLOWED.items() if lead is not state} == set(State)
    assert {state for (state, _), lead in ALLOWED.items() if lead is not state} == set(State)
