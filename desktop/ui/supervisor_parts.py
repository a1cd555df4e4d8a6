"""The parts of the supervisor's window: the sign-in, the list of campaigns, the list of answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRegularExpression,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.settings.settings import Supervised
from desktop.ui import look
from desktop.ui.parts import SET_BY_ORGANISATION, KeyEdit, MessageBar, button, card, framed, label, named, tip

_CAMPAIGN = Qt.ItemDataRole.UserRole
_MOST_SHOWN = 100
"""Answers; the audit log has all of them."""
_FACES = {"busy": ("waiting", "accent"), "good": ("check", "good"), "warn": ("warning", "warn"), "bad": ("warning", "bad")}


def title_of(campaign: Supervised) -> str:
    """What a campaign is called: the lead's own name with the id, or the id alone."""
    return f"{campaign.name} ({campaign.id})" if campaign.name else f"Campaign {campaign.id}"


class SignIn(QWidget):
    """Takes the lead's key. Whether it is right, the call center says with the first thing that it is asked."""

    requested = Signal(str, bool)
    """With the key, and whether to remember it."""

    def __init__(self, *, practice: bool) -> None:
        super().__init__()
        self._key = KeyEdit()
        self._remember = QCheckBox("Remember the key on this computer")
        self._remember.setToolTip(
            "In the system's keyring, apart from the agents' key. Scripts that call “nextcall” find it there"
        )
        self._remember.setChecked(not practice)
        self._remember.setHidden(practice)
        self._forbidden = label(SET_BY_ORGANISATION, "small")
        self._forbidden.hide()
        self._sign_in = button("Sign in", "primary", "key")
        self._sign_in.clicked.connect(self._on_sign_in)
        self.message = MessageBar(lines=2)

        frame, step = card()
        step.addWidget(label("Sign in as a supervisor", "title"))
        words = (
            "In a practice the key is filled in."
            if practice
            else "With the API key of the account whose campaigns you lead. It is kept apart from the key of the agents."
        )
        step.addWidget(label(words, "muted", wraps=True))
        step.addSpacing(look.TIGHT)
        step.addWidget(named("API key", self._key))
        go = QHBoxLayout()
        remember = QVBoxLayout()
        remember.setSpacing(0)
        remember.addWidget(self._remember)
        remember.addWidget(self._forbidden)
        go.addLayout(remember)
        go.addStretch()
        go.addWidget(self._sign_in)
        step.addLayout(go)
        rows = QVBoxLayout()
        rows.setSpacing(look.GAP)
        rows.addStretch(2)
        rows.addWidget(frame)
        rows.addWidget(self.message)
        rows.addStretch(3)
        columns = QHBoxLayout(self)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.addStretch(1)
        columns.addLayout(rows, 6)
        columns.addStretch(1)

    def fill_in(self, key: str) -> None:
        """Fill in a key that is known; an empty one leaves what is there alone."""
        if key:
            self._key.setText(key)
        (self._sign_in if self._key.text() else self._key).setFocus()

    def forbid_remember(self) -> None:
        """Show that the organisation wants no key remembered."""
        self._remember.setChecked(False)
        self._remember.setEnabled(False)
        self._remember.setAccessibleDescription(SET_BY_ORGANISATION)
        self._forbidden.show()

    def forget(self) -> None:
        """Empty the field, so that the key is nowhere."""
        self._key.forget()

    def show_wait(self, *, waiting: bool) -> None:
        """Say that the keyring is being asked, or that it has answered."""
        self._key.show_wait(waiting=waiting)

    def go_on(self) -> bool:
        """Go on from where the keyboard is, as Enter does; tell whether that is here."""
        if self._key.hasFocus() or self._remember.hasFocus():
            self._sign_in.click()
            return True
        return False

    def _on_sign_in(self) -> None:
        key = self._key.text().strip()
        if key:
            self.requested.emit(key, self._remember.isChecked())
        else:
            self.message.say("Enter the API key", "The account page of the call center has it.", "warn")
            self._key.setFocus()


class Campaigns(QFrame):
    """The campaigns that a lead works with; one of them is chosen."""

    add_requested = Signal()
    rename_requested = Signal(Supervised)
    remove_requested = Signal(Supervised)
    chosen_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setAccessibleName("Campaigns")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemSelectionChanged.connect(self._on_chosen)
        add = button("Add …", "flat")
        add.clicked.connect(self.add_requested)
        self._rename = button("Rename …", "flat")
        self._rename.clicked.connect(lambda: self._wish(self.rename_requested))
        self._remove = button("Remove", "flat")
        self._remove.setToolTip("Take it off this list. Nothing is sent.")
        self._remove.clicked.connect(lambda: self._wish(self.remove_requested))

        frame, inside = card()
        caption = label("Your campaigns", "section")
        caption.setBuddy(self._list)
        inside.addWidget(caption)
        inside.addWidget(self._list, 1)
        changes = QHBoxLayout()
        changes.setSpacing(0)
        for part in (add, self._rename, self._remove):
            changes.addWidget(part)
        changes.addStretch()
        inside.addLayout(changes)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        self.setFocusProxy(self._list)
        self._on_chosen()

    @property
    def chosen(self) -> Supervised | None:
        """The campaign that is chosen, if there is one."""
        items = self._list.selectedItems()
        found: Supervised | None = items[0].data(_CAMPAIGN) if items else None
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there is none to choose."""
        return self._list.count() == 0

    def show_campaigns(self, campaigns: Iterable[Supervised]) -> None:
        """Show these, in their order. The one that was chosen stays so, or the one that comes into its place."""
        before, row = self.chosen, self._list.currentRow()
        with QSignalBlocker(self._list):
            self._list.clear()
            for campaign in campaigns:
                item = QListWidgetItem(title_of(campaign))
                item.setData(_CAMPAIGN, campaign)
                item.setToolTip(tip(title_of(campaign)))
                self._list.addItem(item)
            self._list.setCurrentRow(min(max(row, 0), self._list.count() - 1))
            if before is not None:
                self.choose(before.id)
        self._on_chosen()

    def choose(self, campaign_id: int) -> None:
        """Choose the campaign of that id, if it is there."""
        for row in range(self._list.count()):
            if self._list.item(row).data(_CAMPAIGN).id == campaign_id:
                self._list.setCurrentRow(row)

    def _on_chosen(self) -> None:
        for part in (self._rename, self._remove):
            part.setEnabled(self.chosen is not None)
        self.chosen_changed.emit()

    def _wish(self, wish: SignalInstance) -> None:
        if self.chosen is not None:
            wish.emit(self.chosen)


class CampaignDialog(QDialog):
    """Asks for a campaign's id and the lead's own name for it; of one that is `known`, the name alone."""

    chosen = Signal(Supervised)

    def __init__(self, known: Supervised | None, taken: Collection[int], *, practice: bool, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setModal(True)
        self.setWindowTitle("Rename a campaign" if known else "Add a campaign")
        self._known = known
        self._taken = taken
        self._id = QLineEdit(str(known.id) if known else "")
        self._id.setPlaceholderText("for example 1001")
        self._id.setValidator(QRegularExpressionValidator(QRegularExpression(r"\s*\d{1,18}\s*"), self._id))
        self._id.setEnabled(known is None)
        self._name = QLineEdit(known.name if known else "")
        self._name.setMaxLength(100)
        self._name.setPlaceholderText("a name of your own; nobody else sees it")
        self._message = MessageBar(lines=2)
        keep = button("Rename" if known else "Add", "primary")
        keep.setDefault(True)
        keep.clicked.connect(self._on_keep)
        cancel = button("Cancel")
        cancel.clicked.connect(self.reject)

        content = framed(self, practice=practice)
        content.addWidget(label(self.windowTitle(), "title"))
        content.addWidget(named("Campaign ID", self._id))
        content.addWidget(named("Name", self._name))
        content.addWidget(self._message)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(cancel)
        foot.addWidget(keep)
        content.addLayout(foot)
        self.setMinimumWidth(440)
        (self._name if known else self._id).setFocus()

    def _on_keep(self) -> None:
        if not self._id.text().strip():
            self._message.say("Enter the campaign's ID", "The call center shows it beside the campaign.", "warn")
            self._id.setFocus()
        elif self._known is None and int(self._id.text()) in self._taken:
            self._message.say("This campaign is on your list already", tone="warn")
            self._id.setFocus()
        else:
            self.chosen.emit(Supervised(int(self._id.text()), " ".join(self._name.text().split())))
            self.accept()


@dataclass(frozen=True, slots=True)
class Answered:
    """Something that was asked of the call center, and what became of it, in words. `tone` is busy, good, warn or bad."""

    at: datetime
    """When it was answered; as long as it is not, when it was asked. Aware."""
    asked: str
    became: str
    tone: str


class Answers(QListWidget):
    """What was asked since the window was opened first, and what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Answers")
        self.setWordWrap(True)
        self.setIconSize(QSize(20, 20))
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setItemDelegate(_Wrapping(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(4 * self.fontMetrics().lineSpacing())

    def sizeHint(self) -> QSize:
        """Six lines; it gets what the window has to spare."""
        return QSize(super().sizeHint().width(), 6 * self.fontMetrics().lineSpacing())

    def show_answers(self, answers: Iterable[Answered]) -> None:
        """Show these, in their order, instead of what was shown."""
        self.clear()
        for one in list(answers)[:_MOST_SHOWN]:
            text = f"{one.at.astimezone():%H:%M:%S}  {one.asked}: {one.became}"
            self.addItem(QListWidgetItem(look.icon(*_FACES[one.tone]), text))


class _Wrapping(QStyledItemDelegate):
    """Gives a text the height that it needs in the width of its list; Qt counts without the padding of the style sheet."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        view = self.parent()
        if not isinstance(view, QListWidget):
            return hint
        width = view.viewport().width() - view.iconSize().width() - 4 * look.GAP
        room = QRect(0, 0, max(width, 10 * look.GAP), 10_000)
        needed = option.fontMetrics.boundingRect(room, Qt.TextFlag.TextWordWrap, index.data()).height() + 2 * look.GAP
        return QSize(hint.width(), max(hint.height(), needed))
