"""Functions that no document names, as forms: made from what the service's WSDL describes, with answers that people can read.

What is typed is checked here as far as its kind goes; whether the service's description takes it as a whole is told by whoever
sends it. Nothing is sent from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, time

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.callcenter.model import Call, Described, Field, Kind, Wanted
from desktop.errors import NextCallError
from desktop.popup.callback import HERE
from desktop.popup.caller import Row, details, words
from desktop.popup.dates import read_day
from desktop.popup.fields import View
from desktop.settings.settings import Supervised
from desktop.ui import look
from desktop.ui.details import DetailsView
from desktop.ui.parts import ElidedLabel, MessageBar, button, framed, label
from desktop.ui.supervisor_parts import title_of

Mistakes = tuple[tuple[tuple[str, ...], str], ...]
"""Paths of fields (Wanted.path), each with a sentence, as WrongValues has them."""

_LETTERS = 40
"""In a line of a form: a long word of a failure, an address, say, must have room in it."""
_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+(?:[.,]\d*)?|[.,]\d+)")
_CLOCK = re.compile(r"(?P<day>.*?)[\sT,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?", re.DOTALL)
_EXAMPLES = {
    Kind.NUMBER: "a whole number",
    Kind.DECIMAL: "a number, for example 1.5",
    Kind.DATE: "a day: 14 Mar 2026, or 2026-03-14",
    Kind.TIME: "day and time: 14 Mar 2026 9:30",
}


def caption(wanted: Wanted) -> str:
    """What stands before a field: its name in words, after those of what it lies in."""
    return " - ".join(map(words, wanted.path))


def written(wanted: Wanted, entry: str, now: datetime) -> str:
    """An entry as Kind says that values are written; an empty one stays empty. `now` is aware; its zone is that of a time without
    one. Raises ValueError with a sentence."""
    text = entry.strip()
    if not text:
        return ""
    match wanted.kind:
        case Kind.NUMBER if not _WHOLE.fullmatch(text):
            raise ValueError("Write a whole number, in digits.")
        case Kind.DECIMAL if not _DECIMAL.fullmatch(text):
            raise ValueError("Write a number, in digits: 1.5, for example.")
        case Kind.DECIMAL:
            return text.replace(",", ".")
        case Kind.DATE:
            return read_day(text, now.date()).isoformat()
        case Kind.TIME:
            return _moment(text, now).isoformat()
        case Kind.TEXT:
            return entry
    return text


def _moment(text: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text) if len(text) > len("2026-03-14") else None
    except ValueError:
        found = None
    if found is None:
        match = _CLOCK.fullmatch(text)
        if match is None:
            raise ValueError("Write day and time: 14 Mar 2026 9:30, for example.")
        try:
            at = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
        except ValueError:
            raise ValueError("There is no such time of day.") from None
        found = datetime.combine(read_day(match["day"], now.date()), at)
    if found.tzinfo is None:
        found = found.replace(tzinfo=now.tzinfo)
    return found


class FunctionForm(QWidget):
    """One function: its fields, the button that asks it, what is said about that, and its last answer."""

    asked = Signal(object, object)
    """The Described, and a dict with the value of each Wanted that is not left empty."""

    def __init__(self, described: Described) -> None:
        super().__init__()
        self._described = described
        self._rows = {wanted: _Row(wanted) for wanted in described.wanted}
        self._ask = button("Ask the call center", "primary", "next")
        self._ask.clicked.connect(self._on_ask)
        self._message = MessageBar(lines=2)
        self._answered = label("", "section")
        self._copy = button("Copy all", "flat", "copy")
        self._copy.clicked.connect(self._on_copy)
        self._answer = DetailsView()
        self._answer.setAccessibleName("Answer")
        self._shown: tuple[Row, ...] = ()
        self.setMinimumWidth(_LETTERS * self.fontMetrics().averageCharWidth())
        self._below = self._assemble()
        self._below.hide()

    @property
    def described(self) -> Described:
        """What the form is made from."""
        return self._described

    def show_busy(self, *, busy: bool) -> None:
        """Whether the answer is still to come."""
        self._ask.setEnabled(not busy)
        if busy:
            self._below.hide()
            self._message.say("Asking the call center …")

    def show_answer(self, at: datetime, fields: tuple[Field, ...]) -> None:
        """Show what was returned at that moment."""
        if not fields:
            self._message.say(f"Done at {at:%H:%M:%S}", "The call center took it, and returned nothing.", "good")
            self._below.hide()
            return
        self._message.say(f"Done at {at:%H:%M:%S}", "The answer stands below; Ctrl+C copies a value.", "good")
        self._answered.setText(f"Answer of {at:%H:%M:%S}")
        [only] = fields if len(fields) == 1 else [None]
        inside = only.children if only is not None and not only.text.strip() and not only.attributes else ()
        self._shown = details(Call("", inside or fields))  # an envelope around the answer says nothing
        self._answer.show_view(View((), self._shown))
        self._below.show()

    def show_mistakes(self, mistakes: Mistakes) -> None:
        """Say by each field what is wrong with it, and go to the first; what is no field's stands above the button."""
        found = dict(mistakes)
        for wanted, row in self._rows.items():
            row.show_problem(found.pop(wanted.path, ""))
        wrong = [row for row in self._rows.values() if row.has_problem]
        if wrong:
            wrong[0].edit.setFocus()
        if mistakes:
            self._message.say("Nothing was sent yet", " ".join(found.values()) or "Look at what is marked in red.", "warn")
        else:
            self._message.clear()

    def tell(self, failure: NextCallError, became_of_work: str) -> None:
        """Tell a failure."""
        self._message.tell(failure, became_of_work)
        self._below.hide()  # an earlier answer must not look like that of this question

    def values(self, now: datetime) -> dict[Wanted, str]:
        """What is entered. Emits nothing and says by each field what is wrong with it; raises ValueError if anything is."""
        values, mistakes = {}, []
        for wanted, row in self._rows.items():
            try:
                value = written(wanted, row.edit.entry(), now)
            except ValueError as wrong:
                mistakes.append((wanted.path, str(wrong)))
                continue
            if value:
                values[wanted] = value
            elif wanted.required and not wanted.default:
                mistakes.append((wanted.path, "This is needed."))
        self.show_mistakes(tuple(mistakes))
        if mistakes:
            raise ValueError
        return values

    # Inside

    def _assemble(self) -> QWidget:
        described = self._described
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, look.ROOM, 0)  # air before the scroll bar
        column.setSpacing(look.GAP + 2)
        column.addWidget(label(words(described.name), "title", wraps=True))
        for text, role in ((described.name, "small"), (described.meaning, "muted")):
            if text:
                column.addWidget(label(text, role, wraps=True))
        for row in self._rows.values():
            column.addWidget(row)
        if not self._rows:
            column.addWidget(label("It wants nothing but the key and the campaign.", "muted", wraps=True))
        for sentence in described.left_out:
            column.addWidget(label(sentence, "caution", wraps=True))
        column.addStretch()

        answer = QWidget()
        below = QVBoxLayout(answer)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(look.TIGHT)
        head = QHBoxLayout()
        head.addWidget(self._answered)
        head.addStretch()
        head.addWidget(self._copy)
        below.addLayout(head)
        below.addWidget(self._answer, 1)
        answer.setMinimumHeight(8 * self.fontMetrics().lineSpacing())

        go = QHBoxLayout()
        go.addStretch()
        go.addWidget(self._ask)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(look.GAP)
        whole.addWidget(_Scrolled(inner))
        whole.addLayout(go)
        whole.addWidget(self._message)
        whole.addWidget(answer, 1)
        whole.addStretch()
        return answer

    def _on_ask(self) -> None:
        try:
            values = self.values(datetime.now(HERE))
        except ValueError:
            return
        self.asked.emit(self._described, values)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(_lines(self._shown)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a field asks, as everywhere."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(self.focusWidget(), QLineEdit):
            self._ask.click()
            return
        super().keyPressEvent(event)


def _lines(rows: Iterable[Row], depth: int = 0) -> Iterable[str]:
    for row in rows:
        yield "  " * depth + (f"{row.label}: {row.value}" if row.value.strip() else row.label)
        yield from _lines(row.below, depth + 1)


class _Row(QWidget):
    """A field: its caption, whether it is needed, what it takes, and what is wrong."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__()
        name = caption(wanted)
        self.edit: _Line | _Pick = _Pick(wanted) if wanted.kind in {Kind.YES_NO, Kind.CHOICE} else _Line(wanted)
        self.edit.setAccessibleName(name)
        head = QHBoxLayout()
        caption_label = label(name, "section", wraps=True)
        caption_label.setBuddy(self.edit)
        head.addWidget(caption_label, 1)
        needed = wanted.required and not wanted.default
        if needed:
            head.addWidget(label("needed", "small"))
            self.edit.setAccessibleDescription("needed")
        self._problem: QLabel = label("", "problem", wraps=True)
        self._problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.TIGHT)
        column.addLayout(head)
        column.addWidget(self.edit)
        column.addWidget(self._problem)

    @property
    def has_problem(self) -> bool:
        return bool(self._problem.text())

    def show_problem(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))


class _Line(QLineEdit):
    """Text, numbers, days and times. What was understood as a day is written out, so that no other one is sent than was meant."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__()
        self._wanted = wanted
        self.setMaxLength(10_000)
        example = _EXAMPLES.get(wanted.kind, "")
        usual = f"{wanted.default} if you leave it empty" if wanted.default else ""
        self.setPlaceholderText("; ".join(filter(None, (example, usual))))
        if wanted.kind in {Kind.DATE, Kind.TIME}:
            self.editingFinished.connect(self._on_left)

    def entry(self) -> str:
        return self.text()

    def _on_left(self) -> None:
        try:
            understood = written(self._wanted, self.text(), datetime.now(HERE))
        except ValueError:
            return  # said when it is to be sent
        if self._wanted.kind is Kind.TIME and understood:
            understood = understood.replace("T", " ")
        self.setText(understood)


class _Pick(QComboBox):
    """Yes or no, or one of several; nothing, too, as long as that is not decided or not needed."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__()
        yes_no = [("Yes", "true"), ("No", "false")]
        offered = yes_no if wanted.kind is Kind.YES_NO else [(choice, choice) for choice in wanted.choices]
        usual = next((shown for shown, value in offered if value == wanted.default), wanted.default)
        self.addItem(f"({usual} if you choose nothing)" if usual else "", "")
        for shown, value in offered:
            self.addItem(shown, value)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel

    def entry(self) -> str:
        return str(self.currentData() or "")

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # it scrolls the form


class _Scrolled(QScrollArea):
    """Wishes to be as large as what is in it, and scrolls where there is not so much room."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(inner)

    def sizeHint(self) -> QSize:
        inner = self.widget()
        return inner.sizeHint() if inner else super().sizeHint()

    def minimumSizeHint(self) -> QSize:
        least = 6 * self.fontMetrics().lineSpacing()
        return QSize(super().minimumSizeHint().width(), min(least, self.sizeHint().height()))


class FunctionsWindow(QDialog):
    """The described functions: a list of them, and the form of the chosen one. What was typed and answered stays in each."""

    asked = Signal(Supervised, object, object)
    """For which campaign, the Described, and a dict of its values by Wanted."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("More functions")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._campaign: Supervised | None = None
        self._forms: dict[Described, FunctionForm] = {}
        self._for = ElidedLabel("muted")
        self._list = QListWidget()
        self._list.setAccessibleName("Functions")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setMinimumWidth(20 * self._list.fontMetrics().averageCharWidth())
        self._list.currentRowChanged.connect(self._on_chosen)
        self._pages = QStackedWidget()
        close = button("Close")
        close.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label("More functions", "title"))
        content.addWidget(self._for)
        content.addSpacing(look.TIGHT)
        sides = QHBoxLayout()
        sides.setSpacing(look.ROOM)
        sides.addWidget(self._list, 1)
        sides.addWidget(self._pages, 2)
        content.addLayout(sides, 1)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(close)
        content.addLayout(foot)
        self.setMinimumSize(760, 520)

    def show_functions(self, described: Iterable[Described]) -> None:
        """Offer these, in their order. A form that is there already stays as it is."""
        before = self._forms
        chosen = max(self._list.currentRow(), 0)
        self._forms = {one: before.get(one) or self._made(one) for one in described}
        for gone in before.keys() - self._forms.keys():
            self._pages.removeWidget(before[gone])
            before[gone].deleteLater()
        self._list.clear()
        self._list.addItems([words(one.name) for one in self._forms])
        self._list.setCurrentRow(min(chosen, len(self._forms) - 1))

    def show_campaign(self, campaign: Supervised) -> None:
        """Ask for this campaign from now on."""
        self._campaign = campaign
        self._for.show_text(f"For {title_of(campaign)}. These functions are made from what the service says about itself.")

    def form(self, described: Described) -> FunctionForm | None:
        """The form of that function, if it is still offered."""
        return self._forms.get(described)

    def _made(self, described: Described) -> FunctionForm:
        form = FunctionForm(described)
        form.asked.connect(self._on_asked)
        self._pages.addWidget(form)
        return form

    def _on_chosen(self, row: int) -> None:
        if 0 <= row < len(self._forms):
            self._pages.setCurrentWidget(list(self._forms.values())[row])

    def _on_asked(self, described: Described, values: Mapping[Wanted, str]) -> None:
        if self._campaign is not None:
            self.asked.emit(self._campaign, described, dict(values))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the keyboard, and no other."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not isinstance(self.focusWidget(), QPushButton):
            return
        super().keyPressEvent(event)
