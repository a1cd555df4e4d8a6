"""The popup window: who is on the line, what is known of the call, and the form that the agent fills in while talking.

Here it is only filled in: how and when it is seen is decided by who shows it (coming.py). Closing it only hides it: what was
typed stays until the call is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from desktop.callcenter.model import Call, CallResponse
from desktop.errors import NextCallError
from desktop.popup import callback, card_numbers, fields, notes, questions, script
from desktop.popup.current import NONE
from desktop.popup.dispositions import at_logoff, not_yet, offered
from desktop.popup.facts import Facts
from desktop.popup.form import CALLBACK, Form
from desktop.popup.profile import CampaignProfile
from desktop.popup.questions import Missing
from desktop.shift.journal import Draft
from desktop.shift.session import Health, Line
from desktop.ui import look
from desktop.ui.aids import AidBar
from desktop.ui.cover import Cover
from desktop.ui.details import DetailsView
from desktop.ui.dispositions import DispositionForm
from desktop.ui.keys import Place, bound
from desktop.ui.parts import ElidedLabel, MessageBar, PlainEdit, framed, label, titled, wear_role
from desktop.ui.questions import QuestionForm
from desktop.ui.script import ScriptView
from desktop.ui.ways_on import WaysOn
from desktop.ui.wrap_up import CallClock

_NOTHING = Draft()
_NOBODY = Call("")
_DRAFT_PAUSE = 250
"""Milliseconds from a change of the form to its being kept, so that at most half a second is ever lost (design.md)."""
_GREY_AFTER = 120
"""Milliseconds from Next Call to the form's turning grey: most responses are stored by then, and nothing has flickered."""
_MOST_LISTED = 3
"""Of what is missing, so that the message does not push the form away."""


class PopupWindow(QWidget):
    """One window for all calls of a shift, built before it is needed."""

    next_call_requested = Signal(CallResponse)
    logoff_requested = Signal(CallResponse)
    wait_on_requested = Signal()
    leave_requested = Signal()
    draft_changed = Signal(Draft)
    aid_requested = Signal(str)
    link_requested = Signal(str)
    disposition_changed = Signal(str)
    busy_changed = Signal(bool)
    """Something was pressed and is not done yet, or is done."""
    attention_requested = Signal()
    """The popup says something that the agent has to see, whether it is open or not."""

    def __init__(self, *, practice: bool, mark: QWidget | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Call")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._call: Call | None = None
        self._fixed: Draft | None = None
        self._profile = NONE
        self._worn = False
        self._began = self._asked_at = _now()
        self._known = Facts(NONE, _NOBODY, self._began)
        self._stray: dict[str, str] = {}
        """Entries of a draft that the profile has no question for."""
        self._asked = ""
        """The entry for the callback that was made at `_asked_at`: "in 2 hours" counts from there."""
        self._undo_seconds = 0
        self._undo_fixed = False
        self._can_change = True
        self._asked_about: CallResponse | None = None
        """The response that was not sent yet because something in it looks like a card number."""
        self._keyboard_at: QWidget | None = None
        """What had the keyboard before everything turned grey."""

        # Who is on the line
        self._name = ElidedLabel("display")
        self._number = ElidedLabel("muted")
        self._number.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._clock = CallClock()
        self._aids = AidBar()

        # What the agent says, and what is known of the call
        self._script = ScriptView()
        self._details = DetailsView()

        # What the agent collects
        self._disposition = DispositionForm()
        self._questions = QuestionForm()
        self._notes = _notes_field()
        self._room = label("", "small")

        # What comes next
        self._message = MessageBar(lines=2)
        self._ways_on = WaysOn()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_DRAFT_PAUSE)
        self._typing.timeout.connect(lambda: self.draft_changed.emit(self.draft))
        self._greying = QTimer(self)
        self._greying.setSingleShot(True)
        self._greying.setInterval(_GREY_AFTER)
        self._greying.timeout.connect(self._turn_grey)

        self._assemble(practice=practice, mark=mark)
        self._cover = Cover(self)
        self._connect()
        self._wear_profile(NONE)

    def _connect(self) -> None:
        """What is heard where, and the keys."""
        self._aids.requested.connect(self.aid_requested)
        self._details.link_opened.connect(self.link_requested)
        self._ways_on.next_call_pressed.connect(self._on_next_call)
        self._ways_on.logoff_pressed.connect(self._on_logoff)
        self._ways_on.wait_on_pressed.connect(self._on_wait_on)
        self._ways_on.hold_changed.connect(self._on_hold)
        self._ways_on.waits.connect(self._show_take_back)
        self._ways_on.taken_back.connect(self._on_taken_back)
        self._ways_on.cover_pressed.connect(self._on_cover)
        self._ways_on.leave_pressed.connect(self.leave_requested)
        self._disposition.changed.connect(self._on_disposition_changed)
        self._questions.changed.connect(self._on_answer_changed)
        self._notes.textChanged.connect(self._on_notes_changed)

        self._bind_keys()

    # What others tell it

    def show_call(
        self,
        call: Call,
        draft: Draft = _NOTHING,
        *,
        fixed: bool = False,
        last_only: bool = False,
        profile: CampaignProfile = NONE,
    ) -> None:
        """Tell who is on the line now, with an empty form, or with what was entered for this call before.

        `fixed`: that may be stored already, so it can only be sent again as it is. `last_only`: the agent's phone is no longer
        connected, so the call can only be stored as the last one.
        """
        self._call = call
        self._wear_profile(profile)
        self._fixed = draft if fixed else None
        self._begin(draft, last_only=last_only)
        self._show_caller()
        if fixed:
            self._message.say("The call center may have this already", "You can send it once more, but not change it.", "warn")

    def prepare(self, profile: CampaignProfile) -> None:
        """Build the form of this profile while nobody is on the line, so that the next call need not wait for it."""
        self._wear_profile(profile)

    def show_someone(self, profile: CampaignProfile = NONE) -> None:
        """The agent hears somebody, and the call center has not told who it is: an empty form for notes."""
        self._call = self._fixed = None
        self._wear_profile(profile)
        self._show_title()
        self._name.show_text("Somebody is on your line")
        self._number.show_text("The call center has not told yet who it is.")
        self._aids.offer(())
        self._begin(_NOTHING)
        self._show_known()

    def tell_who(self, call: Call) -> None:
        """The call center tells who the somebody is. What the agent has entered stays; the agent may have closed the popup."""
        self._call = call
        with QSignalBlocker(self._questions):
            self._questions.fill_in(questions.defaults(self._facts()) | self._questions.entries())
        self._show_caller()
        self._ways_on.tell_known()
        self._message.clear()

    def offer_aids(self, labels: tuple[str, ...]) -> None:
        """Offer what can be opened, copied or started for this call, a button each."""
        self._aids.offer(labels)

    def set_undo(self, seconds: int, *, fixed: bool = False) -> None:
        """How long a response can be taken back. What an agent wants the profile may lengthen; `fixed` is the organisation's."""
        self._undo_seconds = seconds
        self._undo_fixed = fixed

    @property
    def profile(self) -> CampaignProfile:
        """The profile of the call that is shown."""
        return self._profile

    @property
    def form(self) -> Form:
        """What is entered, and what follows from it."""
        return Form(
            self._facts(),
            self._asked_at,
            self._disposition.disposition(),
            self._notes.text(),
            self._disposition.callback(),
            self._clock.seconds,
        )

    @property
    def draft(self) -> Draft:
        """What the agent has entered so far."""
        form = self.form
        agreed = {CALLBACK: form.callback_kept} if form.callback_kept else {}
        return Draft(form.disposition, form.notes, self._stray | agreed | self._questions.entries())

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see who is on the line."""
        self._cover.put(on=covered)
        self._show_title()

    def choose(self, disposition: str) -> None:
        """Choose a disposition, if anything can be changed now."""
        if self._can_change:
            self._disposition.fill_in(disposition, self._disposition.callback())
            self._on_disposition_changed()

    def press_next_call(self) -> None:
        """Next Call, pressed elsewhere; with the same checks as here. Nothing is done under the cover, where nothing is seen."""
        if self._cover.isHidden():
            self._ways_on.actions_by_name["next_call"]()

    def end_call(self) -> None:
        """Nobody is on the line any more: go out of sight, and send nothing that waits."""
        self._ways_on.forget()
        self._keep_draft()  # nothing is hidden that has not been shown
        self.hide()
        self._turn_grey()
        self._message.clear()

    def show_saving(self) -> None:
        """Say that the response is on its way."""
        self._keep_draft()
        self._set_busy(busy=True)
        self._message.say("Saving …", "Your entries stay here until the call center has them.")

    def show_trouble(self, line: Line) -> None:
        """Say why the response is still on its way."""
        before = self._message.text()
        if line.health is Health.UNSURE:
            self._message.say(
                "Not sure whether the call center has this",
                "It is sent once more as soon as the call center answers. If you hear somebody, talk: your entries are safe.",
                "warn",
            )
        elif line.health is Health.RECONNECTING:
            words = "NextCall tries again by itself; your entries are safe. Nobody is connected to you meanwhile."
            self._message.say("Not sent yet", f"{line.reason}. {words}", "warn")
        if self._message.text() != before:
            self.attention_requested.emit()

    def tell(self, failure: NextCallError, became_of_work: str = "", *, last_only: bool = False, can_leave: bool = False) -> None:
        """Tell why the response is not stored; the form can be used again.

        `last_only`: nobody can be next any more. `can_leave`: it is not taken as the last one either, so "Leave" is offered.
        """
        self._set_busy(busy=False)
        if last_only:
            self._ways_on.tell_last_only()
        if can_leave:
            self._ways_on.offer_leave()
        self._message.tell(failure, became_of_work)
        self.attention_requested.emit()

    def say(self, title: str, text: str) -> None:
        """Say something that hinders nobody."""
        self._message.say(title, text, "warn")
        self.attention_requested.emit()

    # Inside

    def _bind_keys(self) -> None:
        actions = self._ways_on.actions_by_name | {
            "go_to_disposition": self._disposition.setFocus,
            "go_to_questions": self._on_questions_wished,
            "go_to_notes": self._notes.setFocus,
            "go_to_script": self._script.setFocus,
            "go_to_details": self._details.setFocus,
            "go_to_missing": self._on_next_missing,
            "call_ended": self._clock.toggle,
        }
        for keys, action in bound(Place.POPUP):
            if action in actions:  # the details bring theirs by themselves
                QShortcut(QKeySequence(keys), self).activated.connect(actions[action])

    def _assemble(self, *, practice: bool, mark: QWidget | None) -> None:
        content = framed(self, practice=practice, margin=20, mark=mark)

        head = QHBoxLayout()
        who = QVBoxLayout()
        who.setSpacing(0)
        who.addWidget(self._name)
        who.addWidget(self._number)
        who.addWidget(self._aids, 0, Qt.AlignmentFlag.AlignLeft)
        head.addLayout(who, 1)
        head.addWidget(self._clock, 0, Qt.AlignmentFlag.AlignTop)
        content.addLayout(head)
        content.addSpacing(look.GAP)

        self._sides = sides = QSplitter(Qt.Orientation.Horizontal)
        sides.setChildrenCollapsible(False)
        sides.setHandleWidth(look.ROOM)
        left = QSplitter(Qt.Orientation.Vertical)
        left.setChildrenCollapsible(False)
        left.setHandleWidth(12)
        self._script_part = titled("Script", self._script)
        left.addWidget(self._script_part)
        left.addWidget(titled("Caller", self._details))
        left.setStretchFactor(0, 1)
        left.setStretchFactor(1, 1)
        sides.addWidget(left)
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self._keys = label("", "small")
        column.addWidget(titled("Disposition", self._disposition, self._keys))
        self._questions_part = titled("Questions", self._questions, label("F8 goes to what is missing", "small"))
        column.addWidget(self._questions_part, 5)
        column.addWidget(titled("Notes", self._notes, below=self._room), 2)
        sides.addWidget(form)
        sides.setStretchFactor(0, 5)
        sides.setStretchFactor(1, 4)
        content.addWidget(sides, 1)

        content.addWidget(self._message)
        content.addWidget(self._ways_on)
        self.resize(900, 640)
        self.setMinimumSize(660, 440)

    def _wear_profile(self, profile: CampaignProfile) -> None:
        """Offer and ask what this campaign wants. Nothing is built anew while the campaign stays the same."""
        self._began = self._asked_at = _now()
        self._known = Facts(profile, _NOBODY, self._began)
        if profile == self._profile and self._worn:
            return
        self._profile, self._worn = profile, True
        with QSignalBlocker(self._disposition):
            self._disposition.offer(profile)
        digits = sorted(one.digit for one in offered(profile) if one.digit is not None)
        self._keys.setText(f"keys {digits[0]} to {digits[-1]} choose" if digits else "")
        self._questions.ask(profile.questions)
        self._sides.setSizes([500, 500] if profile.questions else [500, 400])
        self._questions_part.setVisible(bool(profile.questions))
        self._script_part.setVisible(bool(profile.script))
        self._room.setVisible(profile.limits.notes is not None)
        order = [*self._disposition.fields, *self._questions.fields, self._notes, *self._ways_on.fields]
        order += [self._script, self._details]
        for before, after in pairwise(order):
            self.setTabOrder(before, after)

    def _facts(self, answers: Mapping[str, str] | None = None) -> Facts:
        known = Facts(self._profile, self._call or _NOBODY, self._began)
        if known != self._known:
            self._known = known
        return self._known.answered(self._questions.entries() if answers is None else answers)

    def _show_caller(self) -> None:
        person = self._facts().caller
        self._show_title()
        self._name.show_text(person.title)
        self._number.show_text(person.number if person.name else "")
        self._show_known()

    def _show_title(self) -> None:
        who = self._facts().caller.title if self._call else "somebody"
        self.setWindowTitle("Call" if self._cover.isVisibleTo(self) else f"Call - {who}")

    def _show_known(self) -> None:
        """Show what follows from the call and the answers so far: script, fields, hints, and how much room is left."""
        facts = self._facts()
        self._script.show_script(script.render(facts))
        self._details.show_view(fields.view(facts))
        self._show_hints(facts)
        self._show_room()

    def _show_hints(self, facts: Facts) -> None:
        form = self.form
        chosen = form.chosen
        words = form.callback_words if form.asks_callback else ""  # the caller's time zone takes a while to find
        self._disposition.ask_callback(asked=form.asks_callback, words=words, problem=form.callback_problem)
        needed = {one.id for one in self._profile.questions if questions.is_required(one, facts)}
        self._questions.show_hints(needed | set(chosen.needs if chosen else ()), facts.now.date())

    def _show_room(self) -> None:
        limit = self._profile.limits.notes
        if limit is None:
            return
        length = self.form.packed().length
        over = f"{length - limit:,} characters too many: " if length > limit else ""
        self._room.setText(f"{over}{length:,} of {limit:,} characters, answers included")
        wear_role(self._room, "problem" if over else "small")

    def _begin(self, draft: Draft, *, last_only: bool = False) -> None:
        self._typing.stop()
        self._ways_on.begin(known=self._call is not None, last_only=last_only)
        known = self._facts({})
        draft = _apart(draft, self._profile) if draft != _NOTHING else Draft(answers=questions.defaults(known))
        asked = {CALLBACK, *(one.id for one in self._profile.questions)}
        self._stray = {name: text for name, text in draft.answers.items() if name not in asked}
        agreed = draft.answers.get(CALLBACK, "")
        if agreed:
            agreed = callback.shown(agreed, self._began, Form(known, self._began).clock.zone)
        with QSignalBlocker(self._disposition), QSignalBlocker(self._notes), QSignalBlocker(self._questions):
            self._disposition.fill_in(draft.disposition, agreed)
            self._asked = agreed
            self._questions.fill_in(draft.answers)
            self._notes.setPlainText(draft.notes)
        for part in (self._script, self._questions):  # where the last call left off, this one does not begin
            part.verticalScrollBar().setValue(0)
        self._message.clear()
        self._keyboard_at = None
        self._set_busy(busy=False)
        self._clock.restart(self._profile.wrap_up)
        self._disposition.setFocus()

    def _keep_draft(self) -> None:
        if self._typing.isActive():
            self._typing.stop()
            self.draft_changed.emit(self.draft)

    def _on_entry_changed(self) -> None:
        if not self._typing.isActive():  # not restarted: who types without a pause is kept, too
            self._typing.start()

    def _on_disposition_changed(self) -> None:
        self.disposition_changed.emit(self._disposition.disposition())
        if self._disposition.callback() != self._asked:
            self._asked, self._asked_at = self._disposition.callback(), _now()
        self._show_hints(self._facts())
        self._show_room()
        chosen = self.form.chosen
        if chosen and (reason := not_yet(chosen, self._clock.seconds)):
            self._message.say(f"“{chosen.name}” cannot be stored yet", reason, "warn")
        self._on_entry_changed()

    def _on_answer_changed(self) -> None:
        self._show_known()
        self._on_entry_changed()

    def _on_notes_changed(self) -> None:
        self._show_room()
        self._on_entry_changed()

    def _on_questions_wished(self) -> None:
        if self._profile.questions:
            self._questions.go_to(self._profile.questions[0].id)

    def _on_next_missing(self) -> None:
        """Put the keyboard to what is missing next, after where it is now, and at the end to the first again."""
        missing = [one.where for one in self.form.missing()]
        if not missing:
            self._message.say("Nothing is missing", "", "good")
            return
        here = "notes" if self._notes.hasFocus() else self._questions.at()
        here = here or (CALLBACK if self._disposition.has_keyboard_at_callback() else "disposition")
        places = ["disposition", CALLBACK, *(one.id for one in self._profile.questions), "notes"]
        later = [where for where in missing if places.index(where) > places.index(here)]
        self._go_to((later or missing)[0])

    def _go_to(self, where: str) -> None:
        match where:
            case "disposition":
                self._disposition.go_to_disposition()
            case "notes":
                self._notes.setFocus()
            case "callback":
                self._disposition.go_to_callback()
            case _:
                self._questions.go_to(where)

    def _on_wait_on(self) -> None:
        self.hide()
        self.wait_on_requested.emit()

    def _response(self) -> CallResponse | None:
        """What the agent made of the call, or None after saying what is missing."""
        if self._call is None:
            self._message.say(
                "The call center has not told yet who this is",
                "NextCall keeps asking, and what you enter is kept. If nobody is there, press “Nobody there”.",
                "warn",
            )
            return None
        if self._fixed is not None and self._fixed.disposition:
            return CallResponse(self._call.id, self._fixed.disposition, self._fixed.notes)
        form = self.form
        if missing := form.missing():
            self._tell_missing(missing)
            return None
        return form.response()

    def _tell_missing(self, missing: tuple[Missing, ...]) -> None:
        """List what is missing, and put the keyboard to the first of it."""
        self._go_to(missing[0].where)
        if len(missing) > 1:
            listed = " ".join(one.sentence for one in missing[:_MOST_LISTED])
            rest = f" And {len(missing) - _MOST_LISTED} more." if len(missing) > _MOST_LISTED else ""
            self._message.say(f"{len(missing)} things are missing", f"{listed}{rest} F8 goes to the next one.", "warn")
        elif self._disposition.disposition():
            self._message.say("One thing is missing", missing[0].sentence, "warn")
        else:
            self._message.say("Choose a disposition", "Press its digit, or pick it with the arrow keys.", "warn")
        self.attention_requested.emit()

    def _set_busy(self, *, busy: bool) -> None:
        if not busy:
            self._turn_grey()
        elif not self._ways_on.busy:
            self._keyboard_at = self.focusWidget()
        self._ways_on.set_busy(busy=busy)
        self.busy_changed.emit(busy)
        self._can_change = can_change = not busy and self._fixed is None
        self._disposition.set_changeable(changeable=can_change)
        self._questions.set_changeable(changeable=can_change)
        self._notes.setReadOnly(not can_change)
        if not busy and self._keyboard_at is not None:  # which it has lost by turning grey
            self._keyboard_at.setFocus()
            self._keyboard_at = None

    def _turn_grey(self) -> None:
        """Paint again what could not be changed all the while, as it is now."""
        self._greying.stop()
        self._set_painting(on=True)

    def _set_painting(self, *, on: bool) -> None:
        for part in (self._sides, self._ways_on):
            part.setUpdatesEnabled(on)

    def _on_next_call(self) -> None:
        response = self._response()
        if response is None:
            return
        if self._asks_about_cards(response):
            return
        if self._ways_on.held:
            words = "The line stays up and nobody else is connected to you. To go on, take the hold off and press “Next Call”."
            self._message.say("Held: nothing is stored yet", words, "warn")
            self.attention_requested.emit()
            return
        self._send(self.next_call_requested, response)

    def _on_logoff(self) -> None:
        by_itself = at_logoff(self._profile)
        if by_itself and self._call and self._fixed is None and not self._disposition.disposition():
            self._disposition.fill_in(by_itself.name, self._disposition.callback())
            self._on_disposition_changed()
        response = self._response()
        if response is not None and not self._asks_about_cards(response):
            self._send(self.logoff_requested, response)

    def _asks_about_cards(self, response: CallResponse) -> bool:
        """Ask once before something that looks like a card number is sent; tell whether it is asked now."""
        found = card_numbers.found(f"{response.disposition}\n{response.notes}")
        self._ways_on.offer_cover(offered=bool(found) and self._fixed is None)
        if not found or self._fixed is not None or response == self._asked_about:
            return False
        self._asked_about = response
        words = "“Cover it” puts dots in its place. If it is none, or has to be there, press the same button again."
        self._message.say(f"This looks like a card number: {', '.join(found)}", words, "warn")
        self.attention_requested.emit()
        return True

    def _on_cover(self) -> None:
        """Put dots in the place of what looks like a card number, wherever the agent has entered it."""
        self._notes.setPlainText(card_numbers.covered(self._notes.text()))
        self._questions.fill_in({name: card_numbers.covered(text) for name, text in self._questions.entries().items()})
        self._disposition.fill_in(card_numbers.covered(self._disposition.disposition()), self._disposition.callback())
        self._on_disposition_changed()
        self._ways_on.offer_cover(offered=False)
        self._message.say("Covered", "Nothing was sent yet.")

    def _send(self, wish: SignalInstance, response: CallResponse) -> None:
        """Wish that it is stored, as soon as it can no longer be taken back."""
        self._keep_draft()
        seconds = self._undo_seconds if self._undo_fixed else max(self._undo_seconds, self._profile.wrap_up.undo_seconds)
        if not seconds:
            self._greying.start()
            self._set_painting(on=False)
        self._set_busy(busy=True)
        if seconds:
            self.attention_requested.emit()  # it can be taken back
        self._ways_on.do(lambda: wish.emit(response), in_seconds=seconds)

    def _show_take_back(self, seconds: int) -> None:
        self._message.say(f"Stored in {seconds} s", "Until then “Undo” (Esc) takes it back. Ctrl+Enter stores it at once.")

    def _on_taken_back(self) -> None:
        self._set_busy(busy=False)
        self._message.say("Taken back", "Nothing was sent. The line stays up until you store the call.")

    def _on_hold(self, held: bool) -> None:  # noqa: FBT001 - Qt's signal has it so
        if held:
            words = "The line stays up and nobody else is connected to you, until you take the hold off and press “Next Call”."
            self._message.say("Your next call is held", words)
        else:
            self._message.clear()

    def hideEvent(self, event: QHideEvent) -> None:
        self._keep_draft()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.hide()


def _notes_field() -> PlainEdit:
    field = PlainEdit()
    field.setAccessibleName("Notes")
    field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    field.setMinimumHeight(3 * field.fontMetrics().lineSpacing())
    field.setPlaceholderText("What should the next person know?")
    return field


def _now() -> datetime:
    """The agent's time."""
    return datetime.now(callback.HERE)


def _apart(draft: Draft, profile: CampaignProfile) -> Draft:
    """A draft that was being sent has its answers in its notes, where they are sent: take them out again."""
    found = notes.unpack(draft.notes)
    ours = {CALLBACK, *(one.id for one in profile.questions)}
    if not found.answers or not ours.issuperset(found.answers) or notes.pack(found.notes, found.answers).text != draft.notes:
        return draft
    return Draft(draft.disposition, found.notes, {**draft.answers, **found.answers})
