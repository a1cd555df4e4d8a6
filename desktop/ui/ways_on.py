"""The foot of the popup: the ways on from a call, and what stands between pressing one and its being done - a hold, an undo.

Nothing happens here by itself. What waits to be taken back was pressed by the agent, and goes when the seconds for that are over.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from desktop.ui import look
from desktop.ui.parts import button, label

_GOES_ON = "Next Call stores this and puts you back in the queue."
_LAST = "Logoff stores this as your last call."
_UNKNOWN = "What you enter is kept and joins the call as soon as it is known."


class WaysOn(QWidget):
    """Next Call, Logoff, "Nobody there", "Hold my next call", Undo and, where the call center takes no Logoff, Leave."""

    next_call_pressed = Signal()
    logoff_pressed = Signal()
    wait_on_pressed = Signal()
    hold_changed = Signal(bool)
    waits = Signal(int)
    """What was pressed is done in so many seconds, unless it is taken back."""
    taken_back = Signal()
    cover_pressed = Signal()
    leave_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._then: Callable[[], None] | None = None
        self._left = 0
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._on_tick)

        self._words = label("", "small", wraps=True)
        self._hold = QCheckBox("Hold my next call")
        self._hold.setToolTip("While this is ticked, Next Call stores nothing and nobody else is connected to you (Ctrl+P)")
        self._hold.toggled.connect(self.hold_changed)
        self._undo = button("Undo", "", "undo")
        self._undo.setToolTip("Do not store this yet (Esc)")
        self._undo.clicked.connect(self._on_undo)
        self._cover = button("Cover it", "", "eye-off")
        self._cover.setToolTip("Put dots in the place of what looks like a card number")
        self._cover.clicked.connect(self.cover_pressed)
        self._wait_on = button("Nobody there", "", "waiting")
        self._wait_on.setToolTip("Keep the notes and go on waiting for a call")
        self._wait_on.clicked.connect(self.wait_on_pressed)
        self._leave = button("Leave", "", "leave")
        self._leave.setToolTip("End your shift without storing this call. What you entered is kept on this computer.")
        self._leave.clicked.connect(self.leave_pressed)
        self._logoff = button("Logoff", "", "leave")
        self._logoff.setToolTip("Store this call and end your shift: nobody else is connected (Ctrl+Shift+L)")
        self._logoff.clicked.connect(self._on_logoff)
        self._next_call = button("Next Call", "primary", "next")
        self._next_call.setToolTip("Store this call and go back into the queue at once (Ctrl+Enter)")
        self._next_call.clicked.connect(self._on_next_call)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.GAP)
        row.addWidget(self._words, 1)
        row.addWidget(self._hold)
        row.addWidget(self._undo)
        row.addWidget(self._cover)
        row.addWidget(self._wait_on)
        row.addWidget(self._leave)
        row.addWidget(self._logoff)
        row.addWidget(self._next_call)

    def begin(self, *, known: bool, last_only: bool) -> None:
        """Another call begins. `known`: the call center has told who it is. `last_only`: nobody can be next after it."""
        self.forget()
        self._hold.setChecked(False)
        self._words.setText(_UNKNOWN if not known else _LAST if last_only else _GOES_ON)
        self._wait_on.setVisible(not known)
        self._cover.hide()
        self._leave.hide()
        self._next_call.setVisible(not last_only)
        self._hold.setVisible(not last_only)

    def tell(self, words: str) -> None:
        """Say what these ways lead to, where that is not what they usually do."""
        self._words.setText(words)

    def tell_known(self) -> None:
        """The call center has told who it is."""
        self._words.setText(_GOES_ON)
        self._wait_on.hide()

    @property
    def actions_by_name(self) -> dict[str, Callable[[], object]]:
        """What the keys of keys.TABLE do here."""
        return {"next_call": self._on_next_call, "logoff": self._on_logoff, "hold": self._on_hold, "undo": self._on_undo}

    @property
    def fields(self) -> list[QWidget]:
        """What the keyboard goes through, in its order."""
        return [self._next_call, self._logoff, self._leave, self._wait_on, self._undo, self._cover, self._hold]

    def offer_cover(self, *, offered: bool) -> None:
        """Whether what looks like a card number can be covered."""
        self._cover.setVisible(offered)

    def tell_last_only(self) -> None:
        """The call center says that the agent is not logged in any more: nobody can be next."""
        self._words.setText(_LAST)
        self._next_call.hide()
        self._hold.hide()

    def offer_leave(self) -> None:
        """The call center does not even take this call as the last one: offer the way out that needs no call center."""
        self._leave.show()

    @property
    def held(self) -> bool:
        """Whether the agent holds the next call."""
        return self._hold.isChecked()

    @property
    def busy(self) -> bool:
        """Whether something has been pressed and is not done yet."""
        return not self._logoff.isEnabled()

    def set_busy(self, *, busy: bool) -> None:
        """Something has been pressed, or is done."""
        for part in (self._next_call, self._logoff, self._hold):
            part.setEnabled(not busy)
        self._undo.hide()

    def do(self, then: Callable[[], None], *, in_seconds: int) -> None:
        """Do what was pressed in so many seconds; at once if there are none."""
        self._then, self._left = then, in_seconds
        if in_seconds <= 0:
            self._hurry()
            return
        self._undo.show()
        self._tick.start()
        self.waits.emit(in_seconds)

    def forget(self) -> bool:
        """Do nothing of what still could be taken back; tell whether there was anything."""
        waited, self._then = self._then is not None, None
        self._tick.stop()
        self._undo.hide()
        return waited

    def _hurry(self) -> None:
        then = self._then
        self.forget()
        if then is not None:
            then()

    def _on_tick(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._hurry()
        else:
            self.waits.emit(self._left)

    def _on_next_call(self) -> None:
        if self._then is not None:
            self._hurry()
        elif not self._next_call.isHidden() and not self.busy:
            self.next_call_pressed.emit()

    def _on_logoff(self) -> None:
        if not self.busy:
            self.logoff_pressed.emit()

    def _on_hold(self) -> None:
        if not self._hold.isHidden():
            self._hold.click()

    def _on_undo(self) -> None:
        if self.forget():
            self.taken_back.emit()
