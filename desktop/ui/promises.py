"""The callbacks that the agent has promised: kept in the journal, listed in their window, and told when they are due."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, Signal

from desktop.popup import callback
from desktop.popup.form import Form
from desktop.shift.journal import Callback, Journal
from desktop.tasks import Tasks
from desktop.ui.callbacks import CallbacksWindow
from desktop.ui.cover import Cover
from desktop.ui.parts import bring_forward, place
from desktop.ui.reminders import Reminders


class Promises(QObject):
    """NextCall dials nobody: it reminds. `due` is emitted with what is due now, never while somebody is on the line."""

    due = Signal(tuple)
    counted = Signal(int, int)
    """How many are open, and how many of these are due: that stays to be seen when the message that one is due has gone."""

    def __init__(self, journal: Journal, tasks: Tasks, *, practice: bool) -> None:
        super().__init__()
        self._journal = journal
        self._tasks = tasks
        self._open: tuple[Callback, ...] = ()
        self._promised_in = ""
        """The call in which something was promised last."""
        self.window = CallbacksWindow(practice=practice)
        self._cover = Cover(self.window)
        place(self.window, 0.5, 0.3)
        self._reminders = Reminders(self, _now)
        self._reminders.due.connect(self._on_due)
        self.window.done_requested.connect(self._on_done)
        self.window.undo_requested.connect(self._on_undone)

    def look_up(self) -> None:
        """Read what is open."""
        self._tasks.spawn(self._look_up(), "callbacks")

    def keep(self, shift: int, form: Form) -> None:
        """Keep what was promised in this call, if anything was, before its response is sent.

        If that was refused, and the call ends otherwise in the end, nothing is promised any more.
        """
        call, when = form.facts.call, form.callback_at
        if when is not None:
            person = form.facts.caller
            self._journal.callback_agreed(shift, call.id, when, person.name, person.number)
            self._promised_in = call.id
            self.look_up()
        elif call.id == self._promised_in and not form.asks_callback:
            found = [one for one in self._open if one.call_id == call.id]
            if found:
                self._on_done(max(found, key=lambda one: one.agreed_at).number)
            self._promised_in = ""

    def set_quiet(self, *, quiet: bool) -> None:
        """Tell nothing while somebody is on the line."""
        self._reminders.set_quiet(quiet=quiet)

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see the list."""
        self._cover.put(on=covered)

    def show_window(self) -> None:
        """Show the list, because the agent wants to see it."""
        self.window.show_callbacks(self._open, _now())
        bring_forward(self.window)

    async def _look_up(self) -> None:
        self._open = await self._journal.callbacks()
        self._show()
        self._reminders.hold(self._open)

    def _show(self) -> None:
        now = _now()
        self.counted.emit(len(self._open), sum(one.due.timestamp() <= now.timestamp() for one in self._open))
        self.window.show_callbacks(self._open, now)

    def _on_due(self, due: tuple[Callback, ...]) -> None:
        self._show()
        self.due.emit(due)

    def _on_done(self, number: int) -> None:
        self._journal.callback_done(number)
        self.look_up()

    def _on_undone(self, number: int) -> None:
        self._journal.callback_undone(number)
        self.look_up()


def _now() -> datetime:
    return datetime.now(callback.HERE)
