"""The form of a campaign: one field for each question, filled in by keyboard while talking. It never refuses an entry.

What an entry means, and what is missing, is told by desktop/popup/questions.py; here it is only shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.popup import questions
from desktop.popup.profile import Question
from desktop.ui import look
from desktop.ui.parts import PlainEdit, label

_AROUND = 24
"""Pixels above and below a question that are brought into sight with it: there may be a hint in a moment."""


class QuestionForm(QScrollArea):
    """The questions of a campaign, one below the other. Entries are texts, as in the draft."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(5 * self.fontMetrics().lineSpacing())
        self._rows: dict[str, _Row] = {}
        self._content = QWidget()
        self.setWidget(self._content)
        cast("QApplication", QApplication.instance()).focusChanged.connect(self._on_focus_changed)

    # What others tell it

    def ask(self, asked: tuple[Question, ...]) -> None:
        """Show these questions, without entries, instead of those that were shown."""
        content = QWidget(self.viewport())  # every part is made where it stays: styling what moves costs as much again
        self._rows = {}
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, look.ROOM, 0)  # air before the scroll bar
        column.setSpacing(look.GAP + 2)
        for question in asked:
            row = _Row(content, question, self.changed.emit)
            self._rows[question.id] = row
            column.addWidget(row)
        column.addStretch(1)  # all the room that is left, and none of it between the questions
        self.setWidget(content)  # which deletes the one that was there
        self._content = content

    def fill_in(self, entries: Mapping[str, str]) -> None:
        """Show these entries; questions without one are empty."""
        for question_id, row in self._rows.items():
            row.field.show_entry(entries.get(question_id, ""))

    def entries(self) -> dict[str, str]:
        """What is entered, by the questions' ids, without what is empty."""
        entered = {question_id: row.field.entry() for question_id, row in self._rows.items()}
        return {question_id: text for question_id, text in entered.items() if text}

    def show_hints(self, needed: Collection[str], today: date) -> None:
        """Say beside each question whether it is needed, and what is wrong with its entry."""
        for question_id, row in self._rows.items():
            row.show_hints(needed=question_id in needed, today=today)

    def set_changeable(self, *, changeable: bool) -> None:
        """Whether entries can be changed."""
        self._content.setEnabled(changeable)

    def go_to(self, question_id: str) -> None:
        """Put the keyboard into the field of that question."""
        row = self._rows[question_id]
        row.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ensureWidgetVisible(row, 0, _AROUND)  # at once, also in a window that has not the keyboard

    def at(self) -> str:
        """The id of the question that has the keyboard; empty if none has."""
        return next((question_id for question_id, row in self._rows.items() if row.field.hasFocus()), "")

    @property
    def fields(self) -> list[QWidget]:
        """The fields in their order."""
        return [row.field for row in self._rows.values()]

    # Inside

    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.isAncestorOf(now) and isinstance(row := now.parentWidget(), _Row):
            self.ensureWidgetVisible(row, 0, _AROUND)


class _Row(QWidget):
    """A question: its label, its field, its help and what is wrong."""

    def __init__(self, form: QWidget, question: Question, changed: Callable[[], None]) -> None:
        super().__init__(form)
        self._question = question
        name = questions.label(question)
        self.field = _field(self, question, changed)
        self.field.setAccessibleName(name)
        caption = label(name, "section", wraps=True)
        caption.setBuddy(self.field)
        self._needed: QLabel | None = None
        self._problem: QLabel | None = None

        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.GAP)
        self._asked = QVBoxLayout()
        self._asked.setContentsMargins(0, look.GAP, 0, 0)  # as high as what is entered beside it
        self._asked.setSpacing(0)
        row.addLayout(self._asked, 2)
        self._asked.addWidget(caption)
        self._asked.addStretch()
        self._column = QVBoxLayout()
        self._column.setSpacing(look.TIGHT)
        row.addLayout(self._column, 3)
        self._column.addWidget(self.field)
        if question.help:
            self._column.addWidget(label(question.help, "small", wraps=True))
            self.field.setAccessibleDescription(question.help)
        self._column.addStretch()

    def show_hints(self, *, needed: bool, today: date) -> None:
        entry = self.field.entry()
        wrong = questions.problem(self._question, entry, today)
        wanted = needed and not entry.strip()
        if wanted and self._needed is None:  # most questions never need either of the two
            self._needed = label("needed", "small")
            self._asked.insertWidget(1, self._needed)
        if self._needed is not None:
            self._needed.setVisible(wanted)
        if wrong and self._problem is None:
            self._problem = label("", "problem", wraps=True)
            self._column.insertWidget(1, self._problem)
        if self._problem is not None:
            self._problem.setText(wrong)
            self._problem.setVisible(bool(wrong))


# ------------------------------------------------------------------------------------------- one field for each type


class _Line(QLineEdit):
    """Text, number, date."""

    def __init__(self, row: QWidget, question: Question, changed: Callable[[], None]) -> None:
        super().__init__(row)
        if question.type == "date" and not question.help:
            self.setPlaceholderText("14 Mar, or 2026-03-14")
        self.textChanged.connect(lambda _text: changed())

    def entry(self) -> str:
        return self.text()

    def show_entry(self, text: str) -> None:
        self.setText(text)


class _Long(PlainEdit):
    """Several lines."""

    def __init__(self, row: QWidget, _question: Question, changed: Callable[[], None]) -> None:
        super().__init__()
        self.setParent(row)
        self.setFixedHeight(4 * self.fontMetrics().lineSpacing())
        self.textChanged.connect(changed)

    def entry(self) -> str:
        return self.text()

    def show_entry(self, text: str) -> None:
        self.setPlainText(text)


class _Pick(QComboBox):
    """One of several: a choice, yes or no, a mark. Letters and digits find one by its beginning."""

    def __init__(self, row: QWidget, question: Question, changed: Callable[[], None]) -> None:
        super().__init__(row)
        self.addItem("", "")
        match question.type:
            case "yes_no":
                offered = [("Yes", "yes"), ("No", "no")]
            case "rating":
                offered = [(str(mark), str(mark)) for mark in range(1, questions.best(question) + 1)]
            case _:
                offered = [(choice, choice) for choice in question.choices]
        for words, entry in offered:
            self.addItem(words, entry)
        self._own = self.count()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
        self.currentIndexChanged.connect(lambda _index: changed())

    def entry(self) -> str:
        return str(self.currentData() or "")

    def show_entry(self, text: str) -> None:
        if not text and self.currentIndex() == 0 and self.count() == self._own:
            return
        while self.count() > self._own:
            self.removeItem(self._own)
        index = next((row for row in range(self.count()) if str(self.itemData(row)).casefold() == text.casefold()), -1)
        if index < 0:  # entered under another profile: it is shown, and its problem beside it
            self.addItem(text, text)
            index = self._own
        self.setCurrentIndex(index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls the form; it does not change an answer on the way."""
        event.ignore()


class _Several(QListWidget):
    """Any number of several: Space ticks."""

    def __init__(self, row: QWidget, question: Question, changed: Callable[[], None]) -> None:
        super().__init__(row)
        self._choices = question.choices
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._offer(())
        self.setFixedHeight(min(self.count(), 5) * max(self.sizeHintForRow(0), 1) + 2 * self.frameWidth() + 12)
        self.itemChanged.connect(lambda _item: changed())

    def entry(self) -> str:
        items = [self.item(row) for row in range(self.count())]
        return questions.BETWEEN.join(item.text() for item in items if item.checkState() is Qt.CheckState.Checked)

    def show_entry(self, text: str) -> None:
        if text or self.entry() or self.currentRow() >= 0 or self.count() > len(self._choices):
            self._offer(tuple(one.strip() for one in text.split(questions.BETWEEN.strip()) if one.strip()))

    def _offer(self, ticked: tuple[str, ...]) -> None:
        self.clear()
        for choice in dict.fromkeys((*self._choices, *ticked)):
            item = QListWidgetItem(choice)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if choice in ticked else Qt.CheckState.Unchecked)
            self.addItem(item)


_Field = _Line | _Long | _Pick | _Several


def _field(row: QWidget, question: Question, changed: Callable[[], None]) -> _Field:
    match question.type:
        case "long":
            return _Long(row, question, changed)
        case "choice" | "yes_no" | "rating":
            return _Pick(row, question, changed)
        case "choices":
            return _Several(row, question, changed)
        case _:
            return _Line(row, question, changed)
