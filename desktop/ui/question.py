"""A question that is answered with one of two buttons. The safe answer is the default; closing the window means it, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop.ui import look
from desktop.ui.parts import button, framed, label, wear_role


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
        self._required: _Required | None = None

        refuse = button(no, "primary")
        refuse.setDefault(True)
        refuse.clicked.connect(self.reject)
        agree = button(yes, "", icon)
        agree.clicked.connect(self._on_agree)

        content = framed(self, practice=practice)
        content.addWidget(label(title, "title", wraps=True))
        content.addWidget(label(text, wraps=True))
        self._below = QVBoxLayout()
        content.addLayout(self._below)
        content.addSpacing(look.ROOM)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(agree)
        foot.addWidget(refuse)
        content.addLayout(foot)
        self.setMinimumWidth(440)

    def require(self, field: str, hint: str, fits: Callable[[str], bool]) -> None:
        """Let nobody agree before something that `fits` is typed into a field of that name; `hint` says what it has to be."""
        self._required = _Required(field, hint, fits)
        self._below.setContentsMargins(0, look.GAP, 0, 0)
        self._below.setSpacing(look.TIGHT)
        for part in (self._required.caption, self._required.edit, self._required.hint):
            self._below.addWidget(part)
        self._required.edit.setFocus()

    @property
    def entry(self) -> str:
        """What was typed into the required field, in one line."""
        return self._required.text() if self._required else ""

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

    def _on_agree(self) -> None:
        if self._required is None or self._required.is_right():
            self.accept()

    def _on_finished(self, result: int) -> None:
        if not self._answer.done():
            self._answer.set_result(result == QDialog.DialogCode.Accepted)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in the required field agrees, although the other button is the default: what is typed is not typed by mistake."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._required and self._required.edit.hasFocus():
            self._on_agree()
            return
        super().keyPressEvent(event)


class _Required:
    """The field, its caption, and the hint below it, which turns red when it is not heeded."""

    def __init__(self, field: str, hint: str, fits: Callable[[str], bool]) -> None:
        self._fits = fits
        self.edit = QLineEdit()
        self.edit.setAccessibleName(field)
        self.edit.setAccessibleDescription(hint)
        self.edit.setMaxLength(500)
        self.hint: QLabel = label(hint, "small", wraps=True)
        self.edit.textEdited.connect(lambda _text: wear_role(self.hint, "small"))
        self.caption = label(field, "section")
        self.caption.setBuddy(self.edit)

    def text(self) -> str:
        return " ".join(self.edit.text().split())

    def is_right(self) -> bool:
        """Whether what is typed fits; if not, the hint says so and the keyboard is in the field."""
        fits = self._fits(self.text())
        wear_role(self.hint, "small" if fits else "problem")
        if not fits:
            self.edit.setFocus()
        return fits
