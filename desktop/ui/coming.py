"""One call in two windows: the popup, which holds what the agent enters, and the strip, which shows a little of it.

It decides nothing about the call. What is clicked on the strip is done in the popup, with the popup's own checks; and whenever
the popup has something to say, it is seen.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.popup.dispositions import offered
from desktop.settings.settings import Manner
from desktop.ui.arrival import Arrival
from desktop.ui.first import FirstPaint
from desktop.ui.popup import PopupWindow
from desktop.ui.strip import Strip


class Coming(QObject):
    """Brings `popup`, or a strip for it, onto the screen when a call comes, and takes both away. Lives as long as the popup."""

    came = Signal()
    """The call can be seen: what else there is to do because of it holds it up no more."""

    def __init__(self, popup: PopupWindow, *, practice: bool, manner: Manner) -> None:
        super().__init__(popup)
        self._popup = popup
        self.strip = Strip(practice=practice)
        self.arrival = Arrival(popup, self.strip)
        self.arrival.set_manner(manner)
        self._is_there = False
        """Whether there is a call, or somebody whom the call center has not told of."""
        self._strip_presses = False
        self.strip.disposition_chosen.connect(popup.choose)
        self.strip.next_call_requested.connect(self._on_next_call_requested)
        popup.disposition_changed.connect(self.strip.mark)
        popup.busy_changed.connect(lambda busy: self.strip.set_busy(busy=busy))
        popup.attention_requested.connect(self._on_attention_requested)

    def call_connected(self, *, in_full: bool = False) -> None:
        """Somebody is on the line, and the popup is filled in. `in_full`: the agent has to see all of it."""
        self._is_there = True
        form = self._popup.form
        self.arrival.call_connected(form.facts.caller.title, offered(self._popup.profile), in_full=in_full)
        self.strip.mark(form.disposition)
        FirstPaint(self.strip if self.strip.isVisible() else self._popup).seen.connect(self.came)

    def call_ended(self) -> None:
        """Nobody is on the line any more."""
        self._is_there = False
        self._popup.end_call()
        self.arrival.call_ended()

    def someone_heard(self) -> None:
        """The agent hears somebody, and the popup is there for notes."""
        self._is_there = True
        self.arrival.open()

    def open(self) -> None:
        """The agent asks for the popup. Until it is filled in for a call it still has the one before: then it comes by itself."""
        if self._is_there:
            self.arrival.open()

    def press_next_call(self) -> None:
        """Next Call, pressed in another program. The popup comes forward, so that the agent sees what becomes of it.

        In the first moment of a call the key was meant for the one before.
        """
        if self._is_there and not self.arrival.quarantine.is_on:
            self.arrival.open()
            self._popup.press_next_call()

    def show_saving(self) -> None:
        """Say that the response is on its way."""
        self._popup.show_saving()
        self.strip.show_saving()

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see who is on the line."""
        self._popup.set_covered(covered=covered)
        self.strip.set_covered(covered=covered)

    def _on_next_call_requested(self) -> None:
        self._strip_presses = True
        self._popup.press_next_call()
        self._strip_presses = False

    def _on_attention_requested(self) -> None:
        """Bring the popup if it is not open; and if it may lie below other windows, because the agent works with the strip."""
        hidden = not self._popup.isVisible() or self._popup.isMinimized()
        if self._is_there and (hidden or self._strip_presses):
            self.arrival.show_popup()
