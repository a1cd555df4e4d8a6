"""A question that the agent answers with one of two buttons. The safe answer is the default; closing the window means it, too."""

from __future__ import annotations

import asyncio

from PySide6.QtWidgets import QDialog, QHBoxLayout, QWidget

from desktop.ui import look
from desktop.ui.parts import button, framed, label


class Question(QDialog):
    """Asks once. `yes` and `no` are what the buttons say, `icon` is that of `yes`."""

    def __init__(
        self, title: str, text: str, *, yes: str, no: str, practice: bool, icon: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self._answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.finished.connect(self._on_finished)

        refuse = button(no, "primary")
        refuse.setDefault(True)
        refuse.clicked.connect(self.reject)
        agree = button(yes, "", icon)
        agree.clicked.connect(self.accept)

        content = framed(self, practice=practice)
        content.addWidget(label(title, "title", wraps=True))
        content.addWidget(label(text, wraps=True))
        content.addSpacing(look.ROOM)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(agree)
        foot.addWidget(refuse)
        content.addLayout(foot)
        self.setMinimumWidth(440)

    async def ask(self) -> bool:
        """Open the dialog and wait for the answer."""
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
