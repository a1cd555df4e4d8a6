"""Any shift at all: an agent's wishes, a center's answers, and a program that dies, in every order that hypothesis finds.

The journal is on a real file. The program dies by leaving its journal as it is and going on with a copy of its files.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from desktop.callcenter.model import CallResponse, Function
from desktop.errors import (
    AnswerNotUnderstood,
    CallCenterError,
    CampaignNotRunning,
    NotLoggedIn,
    NotReached,
    OutcomeUnknown,
    Refused,
    ShiftError,
)
from desktop.shift import delivery
from desktop.shift import session as session_module
from desktop.shift.journal import Draft, Entry, Journal, Settled
from desktop.shift.session import AgentSession
from desktop.shift.states import TABLE, State
from tests.simulation import ACCOUNT, AGENT_ID, AnswerLost, SimulatedCallCenter, a_call

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Result = TypeVar("Result")

LEADS = {(state, to) for state, steps in TABLE.items() for to in steps.values()} | {(state, state) for state in State}
DISPOSITIONS = st.sampled_from(["Interested", "Call back later", "לא מעוניין"])
FAILURE = st.sampled_from([None, None, NotReached, Refused, OutcomeUnknown])
NOTES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=12)
TROUBLES = st.just([]) | st.lists(
    st.sampled_from([NotReached, OutcomeUnknown, AnswerNotUnderstood, AnswerLost, Refused, CampaignNotRunning]),
    min_size=1,
    max_size=4,
)


class ProgramDied(BaseException):
    """What the center does to the program in the middle of a request."""


class WatchedCallCenter(SimulatedCallCenter):
    """Notes down who was queued after a last call, and lets the program die when a response arrives or is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.queued_after_last: list[CallResponse] = []
        self.dies: Callable[[bool], None] = lambda _stored: None
        self._logged_off = False

    def phone_is_hung_up(self) -> None:
        """The agent is gone, and so is whoever was on the line."""
        self.logged_in = False
        self._call = None

    async def login_agent(self, *who: Any) -> None:
        await super().login_agent(*who)
        self._logged_off = False

    async def store_agent_response(self, account: Any, agent_id: str, response: CallResponse, *, last: bool = False) -> None:
        before = len(self.ledger)
        self.dies(False)
        try:
            await super().store_agent_response(account, agent_id, response, last=last)
        finally:
            if len(self.ledger) > before:
                if self._logged_off and not last:
                    self.queued_after_last.append(response)
                self._logged_off = last
                self.dies(True)


class Shift(RuleBasedStateMachine):
    """One agent, one center, and as many starts of the program as it takes."""

    def __init__(self) -> None:
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        for module, name in (
            (delivery, "FIRST_PAUSE"),
            (delivery, "LONGEST_PAUSE"),
            (session_module, "LONGEST_PAUSE"),
            (session_module, "STANDSTILL_PAUSE"),
        ):
            self._patch.setattr(module, name, 0.0)
        self._folder = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._starts = 0
        self._old: list[Journal] = []
        self.center = WatchedCallCenter()
        self.accepted: dict[str, CallResponse] = {}
        """What the agent last decided for each call, by its id."""
        self.asked: list[Entry] = []
        """What recovery has given back to the agent."""
        self.waits_for_answer = False
        self._start()

    # The program

    @property
    def _path(self) -> Path:
        return Path(self._folder.name) / str(self._starts) / "journal.db"

    def _start(self) -> None:
        """Start the program on what is on the disk."""
        self.journal = Journal(self._path)
        self.illegal: list[tuple[State, State]] = []
        self.session = AgentSession(self.center, ACCOUNT, self.journal, self._on_changed, place="here")
        self._state = self.session.state
        self.asked = []
        self._do(self.journal.open())
        assert self.journal.lasting
        self.records = self._do(self.journal.unfinished())
        self.waits_for_answer = bool(self.records)

    def _die(self) -> None:
        """Let the program die here: what is on the disk now is what the next start finds."""
        here = self._path.parent
        self._old.append(self.journal)
        self._starts += 1
        shutil.copytree(here, self._path.parent)

    def _on_changed(self) -> None:
        if (self._state, self.session.state) not in LEADS:
            self.illegal.append((self._state, self.session.state))
        self._state = self.session.state

    def _do(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(coroutine)

    def _try(self, coroutine: Coroutine[Any, Any, Result]) -> Result | CallCenterError:
        try:
            return self._do(coroutine)
        except CallCenterError as failure:
            return failure

    def _at(self, *states: State) -> bool:
        return self.session.state in states and not self.waits_for_answer

    # What may happen

    @initialize(once=st.booleans())
    def a_shift_begins(self, once: bool) -> None:
        """At a center that stores a second response to a call, or refuses it."""
        self.center.stores_once = once
        self._do(self.session.log_in(AGENT_ID))

    @precondition(lambda self: self._at(State.SIGNED_OUT, State.EXPECTING_ID) and not self.asked)
    @rule(ringing=FAILURE, logging_in=FAILURE)
    def agent_logs_in(self, ringing: type[CallCenterError] | None, logging_in: type[CallCenterError] | None) -> None:
        if ringing:
            self.center.will(Function.SEND_AGENT_CALL_BACK, ringing())
        self._try(self.session.call_me("+12025550143"))
        assert self.session.state is (State.SIGNED_OUT if ringing in {NotReached, Refused} else State.EXPECTING_ID)
        if logging_in:
            self.center.will(Function.LOGIN_AGENT, logging_in())
        self._try(self.session.log_in(AGENT_ID))
        assert self.session.state is (State.EXPECTING_ID if logging_in else State.WAITING)

    @precondition(lambda self: self._at(State.WAITING) and not self.asked)
    @rule(failures=st.lists(st.sampled_from([NotReached, OutcomeUnknown, Refused, CampaignNotRunning]), max_size=2))
    def somebody_is_connected(self, failures: list[type[CallCenterError]]) -> None:
        self.center.will(Function.GET_CONNECTION_FOR_AGENT, *(failure() for failure in failures))
        if self.center._call is None:
            self.center.connect(a_call())
        call = self._try(self.session.next_call())
        if self.center.logged_in:
            assert call == self.session.call
        else:
            assert isinstance(call, NotLoggedIn)
        assert self.session.kicked is not self.center.logged_in

    @precondition(lambda self: self._at(State.CONNECTED))
    @rule()
    def agents_phone_is_hung_up(self) -> None:
        self.center.phone_is_hung_up()

    @precondition(lambda self: self._at(State.CONNECTED))
    @rule(disposition=DISPOSITIONS, notes=NOTES)
    def agent_types(self, disposition: str, notes: str) -> None:
        assert self.session.call
        self.journal.draft_changed(self.session.number, self.session.call.id, Draft(disposition, notes))

    @precondition(lambda self: self._at(State.CONNECTED))
    @rule(disposition=DISPOSITIONS, notes=NOTES, last=st.booleans(), troubles=TROUBLES)
    def agent_is_done(self, disposition: str, notes: str, last: bool, troubles: list[type[CallCenterError]]) -> None:
        response = self._response(disposition, notes)
        before = self._in_doubt(response.call_id)
        last = last or self.session.last_only
        self.center.will(Function.STORE_AGENT_RESPONSE, *(trouble() for trouble in troubles))
        settled = self._try(self.session.submit(response, last=last))
        self.center._scripts.clear()
        doubts = self._in_doubt(response.call_id) - before
        assert doubts <= (1 if before else 2)  # by itself it is sent once more, and never a third time
        if isinstance(settled, CallCenterError):
            assert isinstance(settled, Refused)
            assert not doubts  # what may be stored is not given back
            assert self.session.state is State.CONNECTED
            assert self.session.kicked or not isinstance(settled, NotLoggedIn)
        else:
            assert settled in {Settled.STORED, Settled.UNSURE}
            assert self.session.state is (State.LOGGED_OFF if last else State.WAITING)

    @precondition(lambda self: self._at(State.CONNECTED))
    @rule(disposition=DISPOSITIONS, notes=NOTES, last=st.booleans(), stored=st.booleans())
    def program_dies_while_it_sends(self, disposition: str, notes: str, last: bool, stored: bool) -> None:
        response = self._response(disposition, notes)

        def die(is_stored: bool) -> None:
            if is_stored is stored:
                self._die()
                raise ProgramDied

        self.center.dies = die
        try:
            self._try(self.session.submit(response, last=last or self.session.last_only))
        except ProgramDied:
            self._start()
        finally:  # it lives on where the center has refused to store it
            self.center.dies = lambda _stored: None

    @precondition(lambda self: self._starts < 6 and not self.waits_for_answer)
    @rule()
    def program_dies(self) -> None:
        self._do(self.journal.shift(1))  # when all that is queued is written
        self._die()
        self._start()

    @precondition(lambda self: self._at(State.CONNECTED))
    @rule()
    def agent_leaves(self) -> None:
        self.asked = []
        kicks, kicked = self.center.asked(Function.KICK_AGENT), self.session.kicked
        hung_up = self._do(self.session.hang_up())
        if kicked:  # that id may be somebody else's by now
            assert hung_up
            assert self.center.asked(Function.KICK_AGENT) == kicks
        self.session.leave()
        self.center.phone_is_hung_up()
        assert self.session.state in {State.SIGNED_OUT, State.LOGGED_OFF}
        assert self.session.call is None

    @precondition(lambda self: self._at(State.LOGGED_OFF))
    @rule()
    def agent_hangs_up(self) -> None:
        self.center.phone_is_hung_up()
        self.session.done()

    @precondition(lambda self: self._at(State.WAITING, State.LOGGED_OFF))
    @rule(last=st.booleans())
    def what_is_not_allowed_is_refused(self, last: bool) -> None:
        noted = len(self.center.noted)
        with pytest.raises(ShiftError):
            self._do(self.session.submit(CallResponse("c0", "Interested"), last=last))
        assert len(self.center.noted) == noted

    # After a crash

    @precondition(lambda self: self.waits_for_answer)
    @rule()
    def agent_says_later(self) -> None:
        self.waits_for_answer = False

    @precondition(lambda self: self.waits_for_answer)
    @rule(connected=st.booleans(), troubles=TROUBLES)
    def agent_says_how_the_phone_is(self, connected: bool, troubles: list[type[CallCenterError]]) -> None:
        self.center.will(Function.STORE_AGENT_RESPONSE, *(trouble() for trouble in troubles))
        self._recover(phone_connected=connected)
        self.center._scripts.clear()

    @precondition(lambda self: self.asked and self._at(State.WAITING, State.SIGNED_OUT, State.LOGGED_OFF))
    @rule()
    def agent_takes_up_what_was_open(self) -> None:
        if self.session.state is State.LOGGED_OFF:
            self.session.done()
        self.session.take_up(self.asked.pop(0).call)
        assert self.session.state is State.CONNECTED

    def _recover(self, *, phone_connected: bool) -> None:
        [record, *_] = self.records
        if not phone_connected:
            self.center.phone_is_hung_up()
        self.asked = list(self._do(self.session.recover(record, phone_connected=phone_connected)))
        self.waits_for_answer = False

    def _response(self, disposition: str, notes: str) -> CallResponse:
        """What the agent sends for the call at hand: what stands in the popup, changed if that is not in doubt."""
        assert self.session.call
        call_id = self.session.call.id
        decided = self.accepted.get(call_id)
        if decided is None or not self._in_doubt(call_id):
            decided = CallResponse(call_id, disposition, notes)
        self.accepted[call_id] = decided
        return decided

    def _in_doubt(self, call_id: str) -> int:
        """How many sends of a response may have arrived, for all that the journal knows."""

        def count(db: Any) -> int:
            (doubts,) = db.execute(
                "SELECT count(*) FROM call JOIN response ON call = call.id JOIN attempt ON attempt.response = response.id"
                " WHERE call_id = ? AND (outcome IS NULL OR outcome = 'unsure')",
                (call_id,),
            ).fetchone()
            return int(doubts)

        return self._do(self.journal._ask(count))

    def _entries(self) -> dict[str, Entry]:
        """Every call that the journal knows."""
        count = self._do(self.journal._ask(lambda db: db.execute("SELECT count(*) FROM shift").fetchone()[0]))
        records = [self._do(self.journal.shift(number)) for number in range(1, count + 1)]
        return {entry.call.id: entry for record in records for entry in record.entries}

    # What must always hold

    @invariant()
    def every_step_is_in_the_table(self) -> None:
        assert self.illegal == []
        assert self.session.state is self._state

    @invariant()
    def only_a_wait_stands_still(self) -> None:
        assert self.session.standstill is None or self.session.state is State.WAITING

    @invariant()
    def nobody_is_queued_after_a_last_call(self) -> None:
        assert self.center.queued_after_last == []

    @invariant()
    def what_the_agent_decided_is_at_the_center_or_in_the_journal(self) -> None:
        entries = self._entries()
        stored = {one.response.call_id for one in self.center.ledger}
        for call_id, response in self.accepted.items():
            entry = entries[call_id]
            assert entry.response == response
            assert entry.attempts > 0
            if entry.settled is Settled.STORED:
                assert call_id in stored

    @invariant()
    def nothing_else_is_at_the_center(self) -> None:
        for call_id in {one.response.call_id for one in self.center.ledger}:
            texts = [one.response for one in self.center.ledger if one.response.call_id == call_id]
            assert set(texts) == {self.accepted[call_id]}
            in_doubt = self._in_doubt(call_id)
            assert len(texts) <= 1 + in_doubt  # twice only what the journal had in doubt
            settled = self._entries()[call_id].settled
            assert settled is Settled.STORED or in_doubt

    def teardown(self) -> None:
        """A last start of the program, with a center that does what it is asked: then nothing is open any more."""
        try:
            self._die()
            self._start()
            if self.waits_for_answer:
                self._recover(phone_connected=False)
                while self.asked:
                    self.agent_takes_up_what_was_open()
                    settled = self._do(self.session.submit(self._response("Interested", "at last"), last=True))
                    assert settled is Settled.STORED
            stored = {one.response for one in self.center.ledger}
            given_up = {call_id for call_id, entry in self._entries().items() if entry.settled is Settled.REFUSED}
            assert [one for one in self.accepted.values() if one not in stored and one.call_id not in given_up] == []
            assert self._do(self.journal.unfinished()) == ()
            self.nobody_is_queued_after_a_last_call()
        finally:
            for journal in (*self._old, self.journal):
                self._do(journal.close())
            self._runner.close()
            self._folder.cleanup()
            self._patch.undo()


Shift.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestShift = Shift.TestCase
