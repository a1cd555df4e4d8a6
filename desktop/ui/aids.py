"""What the profile has opened, copied or started for a call: a page of another system, fields on the clipboard, a program.

By itself at the beep, once for each call, or on a click. Whatever goes wrong is a sentence in the popup; the call goes on.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PureWindowsPath
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, QProcess, QTimer, QUrl, Signal
from PySide6.QtGui import QClipboard, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from desktop.popup import screenpop
from desktop.popup.facts import Facts
from desktop.popup.profile import When
from desktop.ui.parts import button

log = logging.getLogger(__name__)

_REMEMBERED = 100
"""Calls. One that is connected once more is connected soon."""


@dataclass(frozen=True, slots=True)
class _Aid:
    """Something that can be done for a call; `do` gives a sentence if it could not be done."""

    label: str
    when: When
    do: Callable[[Facts], str]


class Aids(QObject):
    """Carries out what screenpop.py builds. What was copied is taken off the clipboard again."""

    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._done: deque[str] = deque(maxlen=_REMEMBERED)
        """The ids of the latest calls for which everything has been done by itself."""
        self._copied = ""
        self._clear = QTimer(self)
        self._clear.setSingleShot(True)
        self._clear.timeout.connect(self.clear_clipboard)

    def connected(self, facts: Facts) -> None:
        """Somebody is on the line: do what is to be done by itself, unless it has been done for this call before."""
        if facts.call.id in self._done:
            return
        self._done.append(facts.call.id)
        for aid in self._aids(facts):
            if aid.when == "connect":
                self._do(aid, facts)

    def done_before(self, call_id: str) -> None:
        """This call was connected at an earlier start of the program: nothing is done by itself for it again."""
        self._done.append(call_id)

    def labels(self, facts: Facts) -> tuple[str, ...]:
        """What can be done on a click; also what was done by itself, because the agent may have closed it."""
        return tuple(aid.label for aid in self._aids(facts))

    def do(self, label: str, facts: Facts) -> None:
        """Do what bears that label, because the agent has clicked it."""
        for aid in self._aids(facts):
            if aid.label == label:
                self._do(aid, facts)

    def open_link(self, address: str) -> None:
        """Open the https address of a field (writing.link has checked it), because the agent has clicked it."""
        if not QDesktopServices.openUrl(QUrl(address)):
            self.failed.emit(f"No browser could be opened for {urlsplit(address).hostname}.")

    def clear_clipboard(self) -> None:
        """Take off the clipboard what was put there, unless something else is there by now."""
        self._clear.stop()
        clipboard = QGuiApplication.clipboard()
        if self._copied and clipboard.text() == self._copied:
            clipboard.clear()
        self._copied = ""

    def _aids(self, facts: Facts) -> list[_Aid]:
        profile = facts.profile
        found = []
        if profile.screen_pop:
            found.append(_Aid(f"Open {urlsplit(profile.screen_pop.url).hostname}", profile.screen_pop.when, self._open))
        if profile.clipboard:
            found.append(_Aid("Copy for another program", profile.clipboard.when, self._copy))
        if profile.program:
            name = PureWindowsPath(profile.program.command[0]).stem  # which knows both kinds of slash
            found.append(_Aid(f"Start {name}", profile.program.when, self._start))
        return [aid for aid in found if aid.when != "never"]

    def _do(self, aid: _Aid, facts: Facts) -> None:
        problem = aid.do(facts)
        log.info("%s: %s", aid.label, "failed" if problem else "done")  # never what was opened: it names people
        if problem:
            self.failed.emit(problem)

    def _open(self, facts: Facts) -> str:
        assert facts.profile.screen_pop is not None  # noqa: S101 - _aids has looked
        address = screenpop.address(facts.profile.screen_pop, facts)
        if not address:
            return "The page was not opened: what the call carries would lead to an address that the profile does not allow."
        if not QDesktopServices.openUrl(QUrl(address, QUrl.ParsingMode.StrictMode)):
            return "The page was not opened: this computer has no browser for it."
        return ""

    def _copy(self, facts: Facts) -> str:
        assert facts.profile.clipboard is not None  # noqa: S101 - _aids has looked
        text = screenpop.copied(facts.profile.clipboard, facts)
        if not text:
            return "Nothing was copied: the call has none of the fields that the profile wants copied."
        QGuiApplication.clipboard().setText(text, QClipboard.Mode.Clipboard)
        self._copied = text
        self._clear.start(facts.profile.clipboard.clear_after * 1000)
        return ""

    def _start(self, facts: Facts) -> str:
        assert facts.profile.program is not None  # noqa: S101 - _aids has looked
        name, *arguments = screenpop.command(facts.profile.program, facts)
        started, _process_id = QProcess.startDetached(name, arguments)  # a list: no shell looks at it
        return "" if started else f"{name} could not be started."


class AidBar(QWidget):
    """A button for each thing that can be done for the call."""

    requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._labels: tuple[str, ...] = ()
        self.hide()

    def offer(self, labels: tuple[str, ...]) -> None:
        """Offer these instead of what was offered."""
        if labels == self._labels:
            return
        self._labels = labels
        for old in self.findChildren(QPushButton):
            self._row.removeWidget(old)
            old.deleteLater()
        for text in labels:
            aid = button(text, "flat", "open")
            aid.clicked.connect(lambda _pressed=False, text=text: self.requested.emit(text))
            self._row.addWidget(aid)
        self.setVisible(bool(labels))
