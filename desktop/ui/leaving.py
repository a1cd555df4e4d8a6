"""The question before leaving while the phone is in the queue or somebody is on the line."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.shift.states import State
from desktop.ui.question import Question

_WORDS = {
    State.WAITING: (
        "You are still in the queue",
        "Somebody can be connected to your phone at any moment. If you leave now, {phone}",
        "Stay in the queue",
    ),
    State.CONNECTED: (
        "This call is not stored",
        "If you leave now, {work}, and {phone}",
        "Back to the call",
    ),
    State.SAVING: (
        "This call is being stored",
        "Nobody can tell yet whether the call center has it. If you leave now, {work}, and {phone}",
        "Wait for it",
    ),
}


class LeaveDialog(Question):
    """Asks once and says what happens to the phone, and to a call that is not stored.

    That is `kept` in the journal or not, and `refused` by the call center or not; `kicked`: the phone may be hung up already.
    """

    def __init__(
        self,
        state: State,
        *,
        can_hang_up: bool,
        kept: bool,
        practice: bool,
        parent: QWidget | None,
        refused: bool = False,
        kicked: bool = False,
    ) -> None:
        title, text, stay = _WORDS.get(state, _WORDS[State.WAITING])
        phone = "your phone stays connected until you hang it up."
        if kicked:
            phone = "your phone stays as it is: make sure that it is hung up."
        elif can_hang_up:
            phone = "the call center is asked to hang up your phone."
        work = "its disposition and notes are lost"
        if refused:
            work = "what you entered is listed under “Kept notes”" + ("" if kept else " until NextCall ends")
        elif kept:
            work = "what you entered is kept and you are asked about it at the next start"
        super().__init__(
            title, text.format(phone=phone, work=work), yes="Leave", no=stay, icon="leave", practice=practice, parent=parent
        )
        self.setWindowTitle("Leave NextCall?")
