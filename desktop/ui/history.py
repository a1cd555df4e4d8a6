"""The history: every call of this journal, found by its words, with what was written for it and what became of that.

It reads and changes nothing. What a campaign's profile covers or hides in the popup is covered and hidden here, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QModelIndex, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.callcenter.model import CallResponse
from desktop.popup import callback, fields, notes, phone
from desktop.popup.caller import Row
from desktop.popup.current import NONE
from desktop.popup.facts import Facts
from desktop.popup.fields import View
from desktop.popup.profile import CampaignProfile
from desktop.shift import receipt
from desktop.shift.journal import Journal, PastCall, Settled
from desktop.tasks import Tasks
from desktop.ui import look
from desktop.ui.campaign import Campaign
from desktop.ui.cover import Cover
from desktop.ui.details import DetailsView
from desktop.ui.parts import ElidedLabel, PlainEdit, bring_forward, button, framed, label, place, sentence, tip, titled

_PAUSE = 200
"""Milliseconds without a key after which is looked for what stands in the field."""
_PAGE = 100
"""Calls that are shown at once, more than a screen has room for; the older ones come when the list is scrolled to its end."""
_LETTERS = 90
"""In a row of the list, so that none of its columns but the caller's is cut."""
_FACES: dict[Settled | None, tuple[str, str]] = {
    Settled.STORED: ("check", "good"),
    Settled.REFUSED: ("warning", "bad"),
    Settled.UNSURE: ("warning", "warn"),
    Settled.UNSENT: ("waiting", "warn"),
    Settled.SENDING: ("saving", "accent"),
    None: ("info", "muted"),
}
_NO_PROFILE = "The profile of the campaign cannot be read, and what it covers is not known."


@dataclass(frozen=True, slots=True)
class Line:
    """A past call, and what its campaign's profile makes of it; None where that cannot be read."""

    past: PastCall
    facts: Facts | None

    @property
    def number(self) -> int:
        """The journal's own number of the call."""
        return self.past.entry.number

    @property
    def name(self) -> str:
        """Who it was; nobody's phone number stands in for it."""
        if not self.past.entry.told:
            return "Somebody whom you heard"
        return (self.facts.caller.name if self.facts else "") or "Unknown caller"

    @property
    def phone_number(self) -> str:
        """As people read it."""
        return self.facts.caller.number if self.facts else ""

    @property
    def disposition(self) -> str:
        """As it was sent, or as it would be."""
        return self._stored.disposition if self._stored else self.past.entry.draft.disposition

    @property
    def notes(self) -> str:
        """Notes and answers as they were sent, or as they would be."""
        if self._stored:
            return self._stored.notes
        draft = self.past.entry.draft
        return notes.pack(draft.notes, draft.answers).text if draft.answers else draft.notes  # which may have been packed already

    @property
    def _stored(self) -> CallResponse | None:
        entry = self.past.entry
        return entry.response if entry.settled is Settled.STORED else None  # any other may have been written on since

    @property
    def view(self) -> View:
        """The fields of the call as its popup showed them."""
        entry = self.past.entry
        if self.facts is None:
            return View((), (Row("Not shown", _NO_PROFILE),), entry.call.id)
        return fields.view(self.facts.answered(notes.unpack(self.notes).answers))


class HistoryWindow(QDialog):
    """A field for words, the calls that have them, and all that is known of the chosen one."""

    search_requested = Signal(str)
    older_requested = Signal()
    """The list is scrolled to its end, and there is more."""
    link_requested = Signal(str)
    """The agent wants this https address."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self.setWindowTitle("History")
        self.setWindowIcon(look.app_icon(practice=practice))
        self._lines: list[Line] = []
        self._has_more = False

        # What is looked for
        self._search = _SearchField()
        self._search.setAccessibleName("Search")
        self._search.setPlaceholderText("Name, number, disposition, or words of your notes")
        at_once = QAction(look.icon("search", "muted"), "Search now", self)
        at_once.triggered.connect(self._on_pause)
        self._search.addAction(at_once, QLineEdit.ActionPosition.LeadingPosition)
        self._search.textChanged.connect(self._on_typed)
        self._search.entered.connect(self._on_pause)
        self._search.left.connect(self._on_left)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._on_pause)

        # What is found
        self._list = _Calls()
        self._list.currentItemChanged.connect(self._on_chosen)
        self._list.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._empty = label("", "muted", wraps=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMinimumHeight(self._list.minimumHeight())

        # The chosen one
        self._view = _CallView()
        self._view.link_opened.connect(self.link_requested)
        self._copy = button("Copy notes", "", "copy")
        self._copy.clicked.connect(self._on_copy)
        close = button("Close", "primary")
        close.setDefault(True)
        close.clicked.connect(self.reject)

        content = framed(self, practice=practice, margin=20)
        content.addWidget(self._search)
        content.addWidget(self._list, 3)
        content.addWidget(self._empty, 3)
        content.addSpacing(look.TIGHT)
        content.addWidget(self._view, 2)
        foot = QHBoxLayout()
        foot.addWidget(self._copy)
        foot.addStretch()
        foot.addWidget(close)
        content.addLayout(foot)
        self.setMinimumWidth(640)
        self.ensurePolished()
        self.resize(max(820, _LETTERS * self.fontMetrics().averageCharWidth()), 640)
        self.show_lines((), has_more=False)
        self._empty.setText("")  # until it is known

    @property
    def text(self) -> str:
        """What is looked for."""
        return self._search.text()

    @property
    def lines(self) -> Sequence[Line]:
        """The calls that are shown."""
        return self._lines

    def focus_search(self) -> None:
        """Put the keyboard where words are typed; what stands there goes with the first of them."""
        self._search.setFocus()
        self._search.selectAll()

    def show_lines(self, lines: Iterable[Line], *, has_more: bool) -> None:
        """Show these, in their order, instead of what was shown. The chosen one stays so if it is among them."""
        chosen, scrolled = self._chosen(), self._list.verticalScrollBar().value()
        self._lines, self._has_more = list(lines), False  # for a moment the list is at its end
        again = next((row for row, one in enumerate(self._lines) if chosen and one.number == chosen.number), -1)
        items = [_item(line) for line in self._lines]
        had_keyboard = self._list.hasFocus()
        with QSignalBlocker(self._list):
            self._list.setCurrentIndex(QModelIndex())  # else each row above it would be chosen in its turn, and all laid out anew
            self._list.clear()
            self._list.addTopLevelItems(items)
            if items:
                self._list.setCurrentItem(items[max(again, 0)])
            if again >= 0:
                self._list.verticalScrollBar().setValue(scrolled)
        self._has_more = has_more
        if had_keyboard and not items:
            self._search.setFocus()
        self._list.setVisible(bool(items))
        self._empty.setVisible(not items)
        self._empty.setText(_nothing(self.text))
        self._on_chosen()

    def add_lines(self, lines: Iterable[Line], *, has_more: bool) -> None:
        """Show these older ones below what is shown."""
        older = list(lines)
        self._has_more = has_more
        self._lines += older
        self._list.addTopLevelItems([_item(line) for line in older])

    def hideEvent(self, event: QHideEvent) -> None:
        self._pause.stop()
        super().hideEvent(event)

    def _chosen(self) -> Line | None:
        item = self._list.currentItem()
        row = -1 if item is None else self._list.indexOfTopLevelItem(item)
        return self._lines[row] if 0 <= row < len(self._lines) else None

    # Slots

    def _on_typed(self) -> None:
        self._pause.start()

    def _on_pause(self) -> None:
        self._pause.stop()
        self.search_requested.emit(self.text)

    def _on_left(self) -> None:
        if self._lines:
            self._list.setFocus()

    def _on_scrolled(self, value: int) -> None:
        if self._has_more and value == self._list.verticalScrollBar().maximum():
            self.older_requested.emit()

    def _on_chosen(self) -> None:
        line = self._chosen()
        self._view.show_line(line)
        self._view.setVisible(line is not None)
        self._copy.setEnabled(bool(line and line.notes))

    def _on_copy(self) -> None:
        line = self._chosen()
        if line is not None:
            QGuiApplication.clipboard().setText(line.notes)


class _SearchField(QLineEdit):
    """Enter looks at once and closes no window; Down goes to what is found."""

    entered = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.entered.emit()
            case Qt.Key.Key_Down:
                self.left.emit()
            case _:
                super().keyPressEvent(event)


class _Calls(QTreeWidget):
    """A row for each call. A long name leaves room for the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Calls")
        self.setHeaderLabels(["When", "Caller", "Number", "Disposition", "Response"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.header().setMaximumSectionSize(320)
        self.setMinimumHeight(6 * self.fontMetrics().lineSpacing())


class _CallView(QWidget):
    """All that is known of one call."""

    link_opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._who = ElidedLabel("section")
        self._became = label("", "muted", wraps=True)
        self._details = DetailsView()
        self._details.setMinimumHeight(6 * self._details.fontMetrics().lineSpacing())
        self._details.link_opened.connect(self.link_opened)
        self._notes = PlainEdit()
        self._notes.setReadOnly(True)
        self._notes.setAccessibleName("What you noted")

        content = QVBoxLayout(self)
        content.setContentsMargins(0, 0, 0, 0)
        content.setSpacing(look.GAP)
        content.addWidget(self._who)
        content.addWidget(self._became)
        both = QHBoxLayout()
        both.setSpacing(look.ROOM)
        both.addWidget(titled("Caller", self._details), 1)
        both.addWidget(titled("What you noted", self._notes), 1)
        content.addLayout(both, 1)

    def show_line(self, line: Line | None) -> None:
        """Show this call; none with None."""
        self._who.show_text(" · ".join(filter(None, (line.name, line.phone_number))) if line else "")
        self._became.setText(_became(line) if line else "")
        self._details.show_view(line.view if line else View((), ()))
        noted = line.notes if line else ""
        if noted != self._notes.text():  # who reads it keeps the place, and what is selected
            self._notes.setPlainText(noted)


class History(QObject):
    """The window and the journal. Of several searches only the latest is shown.

    The window is made when it is wanted for the first time: no start waits for it.
    """

    made = Signal(QWidget)
    """Here is the window, in its place for the case that nothing better is known."""
    link_requested = Signal(str)

    def __init__(self, journal: Journal, tasks: Tasks, campaign: Campaign | None, *, practice: bool) -> None:
        super().__init__()
        self._journal = journal
        self._tasks = tasks
        self._campaign = campaign
        self._practice = practice
        self._profiles: dict[int, CampaignProfile | None] = {}
        """By campaign, as they were when the window was last opened."""
        self._search: asyncio.Task[None] | None = None
        self._looked_for = ""
        """What the calls that are shown were found by: the field may say more already."""
        self._covered = False
        self._cover: Cover | None = None
        self.window: HistoryWindow | None = None

    def set_covered(self, *, covered: bool) -> None:
        """Whether the agent is away, and nobody else shall see the calls."""
        self._covered = covered
        if self._cover is not None:
            self._cover.put(on=covered)

    def show_window(self) -> None:
        """Show it, because the agent wants to see it."""
        self._profiles.clear()
        window = self.window or self._make()
        bring_forward(window)
        if not self._covered:  # the cover has the keyboard
            window.focus_search()
        self.look_up()

    def look_up(self) -> None:
        """Look for what stands in the window, and show as much of it as is shown. What nobody sees is not looked for."""
        if self.window is not None and self.window.isVisible():
            if self._search is not None:
                self._search.cancel()
            self._search = self._tasks.spawn(self._look_up(self.window), "history")

    def _make(self) -> HistoryWindow:
        self.window = HistoryWindow(practice=self._practice)
        self.window.focus_search()
        self._cover = Cover(self.window)
        self._cover.put(on=self._covered)
        place(self.window, 0.5, 0.3)
        self.window.search_requested.connect(self.look_up)
        self.window.older_requested.connect(self._on_older_requested)
        self.window.link_requested.connect(self.link_requested)
        self.made.emit(self.window)
        return self.window

    def _on_older_requested(self) -> None:
        if self.window is not None and (self._search is None or self._search.done()):
            self._search = self._tasks.spawn(self._look_up_older(self.window), "history")

    async def _look_up(self, window: HistoryWindow) -> None:
        limit = max(_PAGE, len(window.lines))
        self._looked_for = window.text
        found = await self._journal.history(self._looked_for, limit=limit)
        window.show_lines(await self._lines(found), has_more=len(found) == limit)

    async def _look_up_older(self, window: HistoryWindow) -> None:
        found = await self._journal.history(self._looked_for, limit=_PAGE, before=window.lines[-1].number)
        window.add_lines(await self._lines(found), has_more=len(found) == _PAGE)

    async def _lines(self, found: Iterable[PastCall]) -> list[Line]:
        now = datetime.now(callback.HERE)
        lines = []
        for past in found:
            profile = await self._profile(past.campaign_id)
            lines.append(Line(past, Facts(profile, past.entry.call, now) if profile else None))
        return lines

    async def _profile(self, campaign_id: int) -> CampaignProfile | None:
        if self._campaign is None:
            return NONE
        if campaign_id not in self._profiles:
            self._profiles[campaign_id] = await self._campaign.profile_of(campaign_id)
        return self._profiles[campaign_id]


def _item(line: Line) -> QTreeWidgetItem:
    entry = line.past.entry
    words = receipt.standing(entry)
    number = phone.masked(line.phone_number) if line.phone_number else ""
    item = QTreeWidgetItem([_when(entry.connected_at), line.name, number, line.disposition, words[:1].upper() + words[1:]])
    item.setIcon(4, look.icon(*_FACES[entry.settled]))
    for column in (1, 3):
        item.setToolTip(column, tip(item.text(column)))
    return item


def _when(moment: datetime) -> str:
    at, now = moment.astimezone(), datetime.now().astimezone()
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at:%a} {at.day} {at:%b}{year}, {at:%H:%M}"


def _became(line: Line) -> str:
    """What became of the response, in sentences."""
    entry = line.past.entry
    only_here = " What you noted is only on this computer." if line.notes or line.disposition else ""
    of = f"“{line.disposition}”. " if line.disposition else ""
    campaign = f" Campaign {line.past.campaign_id}."
    if not entry.told:
        return f"{of}The call center never told who it was.{only_here}{campaign}"
    match entry.settled:
        case Settled.STORED:
            at = f" on {_when(entry.settled_at)}" if entry.settled_at else ""
            tries = f", after {entry.attempts} tries" if entry.attempts > 1 else ""
            words = f"Stored{at}{tries}."
        case Settled.REFUSED:
            words = f"The call center refused it. {sentence(entry.reason)}".rstrip() + only_here
        case Settled.UNSURE:
            words = f"Nobody knows whether the call center has it. {sentence(entry.reason)}".rstrip()
        case Settled.UNSENT:
            words = f"Not sent yet. {sentence(entry.reason)}".rstrip()
        case Settled.SENDING:
            words = "Being sent."
        case None:
            words = f"No response is stored.{only_here}"
    return f"{of}{words}{campaign}"


def _nothing(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return "No calls yet. Whoever is connected to you will be listed here."
    shortened = text if len(text) <= 60 else f"{text[:59].rstrip()}…"
    return f"Nothing found for “{shortened}”.\nEach word is looked for as the beginning of a word, and all of them must be there."
