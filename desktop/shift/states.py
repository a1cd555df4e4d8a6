"""The states of a shift and the one table of what leads from one to the next. Nothing else decides what is allowed."""

from __future__ import annotations

from enum import Enum, auto

from desktop.errors import ShiftError


class State(Enum):
    """Where the shift is. The value is what stands on screen, word for word."""

    SIGNED_OUT = "Signed out"
    CALLING = "Calling your phone"
    EXPECTING_ID = "Enter the agent ID you hear"
    LOGGING_IN = "Logging in"
    WAITING = "Waiting for a call"
    CONNECTED = "Connected"
    SAVING = "Saving"
    LOGGED_OFF = "Logged off - hang up your phone"


class Step(Enum):
    """What can happen to a shift: the agent's wishes and the call center's answers."""

    CALL_ME = auto()
    PHONE_RINGS = auto()
    LOG_IN = auto()
    LOGGED_IN = auto()
    CONNECT = auto()
    RESUME = auto()
    SUBMIT = auto()
    STORED = auto()
    STORED_LAST = auto()
    FAILED = auto()
    ENDED = auto()
    LEAVE = auto()
    DONE = auto()


TABLE: dict[State, dict[Step, State]] = {
    State.SIGNED_OUT: {
        Step.CALL_ME: State.CALLING,
        Step.LOG_IN: State.LOGGING_IN,  # the phone may still be connected from an earlier start
        Step.RESUME: State.CONNECTED,  # a call of an earlier start is finished without the phone
        Step.STORED_LAST: State.LOGGED_OFF,  # the last call of an earlier start is stored, and the phone is still connected
        Step.LEAVE: State.SIGNED_OUT,
    },
    State.CALLING: {
        Step.PHONE_RINGS: State.EXPECTING_ID,
        Step.FAILED: State.SIGNED_OUT,
        Step.LEAVE: State.SIGNED_OUT,
    },
    State.EXPECTING_ID: {
        Step.CALL_ME: State.CALLING,
        Step.LOG_IN: State.LOGGING_IN,
        Step.LEAVE: State.LOGGED_OFF,  # the phone was rung, so it has to be hung up
    },
    State.LOGGING_IN: {
        Step.LOGGED_IN: State.WAITING,
        Step.FAILED: State.EXPECTING_ID,
        Step.LEAVE: State.LOGGED_OFF,
    },
    State.WAITING: {
        Step.CONNECT: State.CONNECTED,
        Step.ENDED: State.SIGNED_OUT,
        Step.LEAVE: State.LOGGED_OFF,
    },
    State.CONNECTED: {
        Step.SUBMIT: State.SAVING,
        Step.LEAVE: State.LOGGED_OFF,
    },
    State.SAVING: {
        Step.STORED: State.WAITING,
        Step.STORED_LAST: State.LOGGED_OFF,
        Step.FAILED: State.CONNECTED,
        Step.LEAVE: State.LOGGED_OFF,
    },
    State.LOGGED_OFF: {
        Step.DONE: State.SIGNED_OUT,
        Step.LEAVE: State.SIGNED_OUT,
    },
}

IN_QUEUE = frozenset({State.LOGGING_IN, State.WAITING, State.CONNECTED, State.SAVING})
"""The states in which the agent's phone is, or may be, in the queue: leaving asks first."""


def after(state: State, step: Step) -> State:
    """The state that `step` leads to. Raises ShiftError where the table has no such step."""
    try:
        return TABLE[state][step]
    except KeyError:
        wish = step.name.lower().replace("_", " ")
        raise ShiftError(f"the shift is at '{state.value}', which allows no '{wish}'") from None
