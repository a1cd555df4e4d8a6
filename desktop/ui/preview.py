"""The preview of a campaign profile: the popup that agents see, with an example call, beside the editor that changes the file.

It follows the file as it is saved. What is entered in it is not sent and not kept. It must never show a call that is connected.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QCheckBox

from desktop.callcenter.model import Call, CallResponse
from desktop.errors import ProfileError
from desktop.popup import profile_file, questions
from desktop.popup.current import NONE
from desktop.popup.example import example_call, least_call
from desktop.popup.form import CALLBACK
from desktop.popup.profile import CampaignProfile
from desktop.tasks import Tasks, in_thread
from desktop.ui.parts import Mark, bring_forward, label, place, tip
from desktop.ui.popup import PopupWindow

_PAUSE = 0.075
"""Seconds. A file that is the same before and after this is read; else it is just being written."""
_ROUND = 2000
"""Milliseconds between two looks at a file of which nothing is heard: a network drive may tell nothing."""
_FIRST_LINES, _LONGEST_LINE = 4, 100
"""As much of the notes as is shown of what would be stored, in lines and in characters of each."""
_LONGEST_NAME = 40

_Stamp = tuple[int, int] | None
"""What changes when a file does; None where it cannot be told."""


class Preview(QObject):
    """At most one preview window, and the file that it follows."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks
        self._file = Path()
        self._following: asyncio.Task[None] | None = None
        self._hint = asyncio.Event()
        self._watcher = QFileSystemWatcher(self)
        self._watcher.fileChanged.connect(self._hint.set)
        self._watcher.directoryChanged.connect(self._hint.set)  # editors put another file into the place of the old one
        self._round = QTimer(self)
        self._round.setInterval(_ROUND)
        self._round.timeout.connect(self._hint.set)
        self.window: PreviewWindow | None = None

    def open(self, file: Path) -> None:
        """Show the preview of `file`, in place of any other one. If it is open already, it comes forward as it is."""
        if self.window is not None and file == self._file:
            self.window.bring_back()
            return
        self.close()
        self._file = file
        self.window = PreviewWindow(file)
        self.window.closed.connect(self.close)
        place(self.window, 0.85, 0.3)
        self._following = self._tasks.spawn(self._follow(file, self.window), "preview")

    def close(self) -> None:
        """Take the window away and follow no file."""
        window, self.window = self.window, None
        if window is None:
            return
        if self._following is not None:
            self._following.cancel()
        self._round.stop()
        if watched := [*self._watcher.files(), *self._watcher.directories()]:
            self._watcher.removePaths(watched)
        window.hide()
        window.deleteLater()

    async def _follow(self, file: Path, window: PreviewWindow) -> None:
        """Show what the file says, now and whenever it has changed. Disks are slow, and therefore asked on threads."""
        reading = await in_thread(lambda: _read(file), "preview")
        window.show_reading(reading)
        window.bring_back()
        self._round.start()
        while True:
            self._watch(file)
            reading = await self._next(file, reading)
            window.show_reading(reading)

    def _watch(self, file: Path) -> None:
        """Be told of changes. What is watched is the file that was there, so the one that is there now has to be told anew."""
        self._watcher.removePath(str(file))
        self._watcher.addPaths([str(file), str(file.parent)])
        self._hint.set()  # it may have changed meanwhile

    async def _next(self, file: Path, last: Reading) -> Reading:
        """The next reading that differs from the last one."""
        while True:
            await self._hint.wait()
            self._hint.clear()
            before = last.stamp
            while (stamp := await _later_stamp(file)) != before:  # it is just being written
                before = stamp
            if stamp == last.stamp and last.failure is None:
                continue
            reading = await in_thread(lambda: _read(file), "preview")
            if not reading.is_like(last):
                return reading


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file said at a moment: a profile and its example call; where it cannot be used, those of no profile, and why."""

    at: datetime
    stamp: _Stamp
    profile: CampaignProfile
    call: Call
    failure: ProfileError | None = None

    def is_like(self, other: Reading) -> bool:
        """Whether nothing has become of it since."""
        reason, other_reason = (one.failure.reason if one.failure else None for one in (self, other))
        return self.stamp == other.stamp and reason == other_reason


def _read(file: Path) -> Reading:
    at, stamp = datetime.now(UTC).astimezone(), _stamp(file)
    try:
        profile = profile_file.load(file)
    except ProfileError as failure:
        return Reading(at, stamp, NONE, example_call(NONE), failure)
    return Reading(at, stamp, profile, example_call(profile))


async def _later_stamp(file: Path) -> _Stamp:
    await asyncio.sleep(_PAUSE)
    return await in_thread(lambda: _stamp(file), "preview")


def _stamp(file: Path) -> _Stamp:
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size


class PreviewWindow(PopupWindow):
    """The popup with an example call. It wears every profile that is right at once; what was entered stays where it is asked."""

    closed = Signal()

    def __init__(self, file: Path) -> None:
        source = label()
        least = QCheckBox("Only id and phone number")
        least.setToolTip("Shows what becomes of everything else when it is missing")
        super().__init__(practice=False, mark=Mark("eye", "PREVIEW  ·  nothing is sent", source, least))
        self._file = file
        self._source = source
        self._source.setToolTip(tip(str(file)))
        self._least = least
        self._least.toggled.connect(self._on_least_toggled)
        self._example = Call("")
        self._filled: dict[str, str] = {}
        """The answers that were filled in from the call."""
        self._was_right = False
        self.next_call_requested.connect(self._on_next_call_requested)
        self.logoff_requested.connect(self._on_logoff_requested)

    def bring_back(self) -> None:
        """Come forward as it is, because somebody has asked for it."""
        bring_forward(self)

    def show_reading(self, reading: Reading) -> None:
        """Wear the profile that was read, or say what is wrong with it and go on with the last one that was right."""
        name = self._file.name if len(self._file.name) <= _LONGEST_NAME else f"{self._file.name[: _LONGEST_NAME - 1]}…"
        has_mistake = "" if reading.failure is None else " has a mistake"
        self._source.setText(f"{name}{has_mistake}, read at {reading.at:%H:%M:%S}")
        if reading.failure is None or self._call is None:
            self._example = reading.call
            self._wear(reading.profile)
        if reading.failure is None:
            self._was_right = True
            self._message.clear()
            return
        still = "the last version that was right" if self._was_right else "the popup without a profile"
        sentence = reading.failure.reason.replace(str(self._file), self._file.name, 1)
        self._message.say("This file cannot be used yet", f"{sentence} Until then you see {still}.", "bad")

    def _wear(self, profile: CampaignProfile) -> None:
        call = least_call(profile) if self._least.isChecked() else self._example
        if self._call is None:
            self.show_call(call, profile=profile)
            self._filled = questions.defaults(self._facts({}))
        else:
            self._change(call, profile)
        self.setWindowTitle(f"Preview - {self._file.name}")
        self._ways_on.tell("Next Call and Logoff only say what would be stored.")

    def _change(self, call: Call, profile: CampaignProfile) -> None:
        """Show another call or profile, without coming forward: the editor stays in front.

        What was filled in by itself follows the call, unless it was changed.
        """
        entered, at, callback_entry = self.draft, self._questions.at(), self._disposition.callback()
        self._call = call
        self._wear_profile(profile)
        filled = questions.defaults(self._facts({}))
        emptied = self._filled.keys() - entered.answers.keys()
        typed = {name: text for name, text in entered.answers.items() if text != self._filled.get(name)}
        answers = {name: text for name, text in filled.items() if name not in emptied} | typed
        self._filled = filled
        self._stray = {name: text for name, text in answers.items() if name != CALLBACK and profile.question(name) is None}
        with QSignalBlocker(self._disposition), QSignalBlocker(self._questions):
            self._disposition.fill_in(entered.disposition, callback_entry)
            self._questions.fill_in(answers)
        if profile.question(at) is not None:
            self._questions.go_to(at)
        self._show_caller()

    def _tell_response(self, response: CallResponse, button: str) -> None:
        self._set_busy(busy=False)
        lines = response.notes.split("\n")
        shown = [line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…" for line in lines[:_FIRST_LINES]]
        more = ["…"] if len(lines) > _FIRST_LINES else []
        notes = f"these notes ({len(response.notes):,} characters)" if response.notes else "no notes"
        self._message.say(f"{button} would store “{response.disposition}” and {notes}", "\n".join(shown + more), "good")

    def _on_next_call_requested(self, response: CallResponse) -> None:
        self._tell_response(response, "Next Call")

    def _on_logoff_requested(self, response: CallResponse) -> None:
        self._tell_response(response, "Logoff")

    def _on_least_toggled(self) -> None:
        self._wear(self.profile)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()
        self.closed.emit()
