"""The question before leaving while the phone is in the queue or somebody is on the line."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from desktop.shift.states import State
from desktop.ui import look
from desktop.ui.parts import button, framed, label

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


class LeaveDialog(QDialog):
    """Asks once and says what happens to the phone, and to a call that is not stored, `kept` in the journal or not."""

    def __init__(self, state: State, *, can_hang_up: bool, kept: bool, practice: bool, parent: QWidget | None) -> None:
        super().__init__(parent)
        title, text, stay_words = _WORDS.get(state, _WORDS[State.WAITING])
        phone = (
            "the call center is asked to hang up your phone."
            if can_hang_up
            else "your phone stays connected until you hang it up."
        )
        work = (
            "what you entered is kept and you are asked about it at the next start"
            if kept
            else "its disposition and notes are lost"
        )
        self.setWindowTitle("Leave NextCall?")
        self.setModal(True)
        self._answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.finished.connect(self._on_finished)

        stay = button(stay_words, "primary")
        stay.setDefault(True)
        stay.clicked.connect(self.reject)
        leave = button("Leave", "", "leave")
        leave.clicked.connect(self.accept)

        content = framed(self, practice=practice)
        content.addWidget(label(title, "title", wraps=True))
        content.addWidget(label(text.format(phone=phone, work=work), wraps=True))
        content.addSpacing(look.ROOM)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(leave)
        foot.addWidget(stay)
        content.addLayout(foot)
        self.setMinimumWidth(440)

    async def ask(self) -> bool:
        """Open the dialog and wait for the answer: whether to leave."""
        self.open()
        self.raise_()
        self.activateWindow()
        try:
            return await self._answer
        finally:
            self.close()
            self.deleteLater()

    def _on_finished(self, result: int) -> None:
        if not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted)
