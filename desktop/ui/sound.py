"""The sound that tells an agent of a call, on the output that the agent chose, as loud as the agent wants it.

It plays in a program of its own (sound_player.py), so that no sound system, however slow, hung or crashing, can hold up a window.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

import desktop
from desktop.resources import RESOURCES
from desktop.ui.sound_player import Went

log = logging.getLogger(__name__)

SOUNDS = ("chime", "marimba", "pulse")
"""What can be played: the files in `resources/sounds`, which packaging/sounds.py makes."""

PLAYER = (sys.executable, "sound-player") if getattr(sys, "frozen", False) else (sys.executable, "-m", "desktop.ui.sound_player")
_PATIENCE = 10_000
"""Milliseconds from the wish to the end of the sound; a player that takes longer hangs."""
_GOODBYE = 1_000
"""Milliseconds that the system may take to end a program that was killed."""

_IN_WORDS = {
    Went.ELSEWHERE: "The sound output “{device}” cannot be used now, so the sound came from this computer's usual one.",
    Went.NO_OUTPUT: "The sound was not played: this computer has no sound output.",
    Went.BROKEN: "The sound was not played: this computer's sound system reports an error.",
    Went.NOT_INSTALLED: "The sound was not played: a part that NextCall needs for sounds is missing on this computer.",
    Went.NOT_STARTED: "The sound was not played: the program that plays it could not be started.",
    Went.SILENT: "The sound was not played: this computer's sound system does not answer.",
    Went.ENDED: "The sound was not played: the program that plays it ended by itself.",
}
_WORTH_ANOTHER_TRY = frozenset({Went.NO_OUTPUT, Went.BROKEN, Went.ENDED})
"""By a new player, which looks at all outputs afresh: the sound server may have been restarted."""


class Sound(QObject):
    """Plays a sound, and says so if it was not heard where it should be.

    The player is started when it is first needed and then kept, because a beep must not come late; `prepare` starts it before.
    """

    played = Signal()
    """The sound was played to its end, where it should be."""
    failed = Signal(str)
    """It was not, or not there: a sentence for the agent."""
    devices_changed = Signal()
    """Other outputs than before can be chosen."""

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = PLAYER) -> None:
        super().__init__(parent)
        self._command = command
        self._player: QProcess | None = None
        self._devices: tuple[str, ...] = ("",)
        self._number = 0
        self._order: dict[str, str | int] = {}
        self._may_try_again = False
        self._overdue = QTimer(self)
        self._overdue.setSingleShot(True)
        self._overdue.setInterval(_PATIENCE)
        self._overdue.timeout.connect(lambda: self._fail(Went.SILENT))

    def devices(self) -> tuple[str, ...]:
        """The outputs by the names that people know, after "" for the system's default; just that until the player has told."""
        return self._devices

    def prepare(self) -> None:
        """Start the player, so that the first sound is not late and `devices` knows more. Returns at once."""
        if self._player is not None:
            return
        self._player = player = QProcess(self)
        player.setProgram(self._command[0])
        player.setArguments(list(self._command[1:]))
        player.setWorkingDirectory(str(Path(desktop.__file__).parent.parent))  # where Python looks first
        player.setStandardErrorFile(QProcess.nullDevice())  # Qt and FFmpeg talk much there, and may name somebody's headset
        player.readyReadStandardOutput.connect(self._on_told)
        player.errorOccurred.connect(self._on_error)
        player.finished.connect(self._on_finished)
        player.start()

    def play(self, name: str, device: str = "", volume: int = 100) -> None:
        """Play one of SOUNDS from its beginning, instead of what plays now; the first one if there is none of that name.

        `device` is one of `devices()`; without it the system's default plays, and `failed` says so. `volume` is 0 to 100 on a
        scale for the ear (Qt's logarithmic one): 30 is 22 dB below 100. Returns at once.
        """
        file = RESOURCES / "sounds" / f"{name if name in SOUNDS else SOUNDS[0]}.wav"
        self._number += 1
        self._order = {"number": self._number, "file": str(file), "device": device, "volume": min(max(volume, 0), 100)}
        self._may_try_again = True
        self._overdue.start()
        self._send()

    def end(self) -> None:
        """Be silent and let nothing run on. A later `play` starts anew."""
        self._overdue.stop()
        self._drop()
        for player in self.findChildren(QProcess):
            player.waitForFinished(_GOODBYE)

    def _send(self) -> None:
        self.prepare()
        if self._player is not None:  # it is None again if it could not be started
            self._player.write(json.dumps(self._order).encode() + b"\n")

    def _on_told(self) -> None:
        while self._player is not None and self._player.canReadLine():
            told = json.loads(bytes(self._player.readLine().data()))
            if "devices" in told:
                self._have(("", *told["devices"]))
            elif told["number"] == self._number:
                self._over(Went(told["went"]), told["why"])

    def _have(self, devices: tuple[str, ...]) -> None:
        if devices != self._devices:
            self._devices = devices
            self.devices_changed.emit()

    def _over(self, went: Went, why: str = "") -> None:
        if went is Went.PLAYED:
            self._overdue.stop()
            self.played.emit()
        elif went in _WORTH_ANOTHER_TRY and self._may_try_again:
            log.info("sound: %s %s, trying again", went, why)
            self._may_try_again = False
            self._drop()
            self._send()
        else:
            self._fail(went, why)

    def _fail(self, went: Went, why: str = "") -> None:
        """Tell that this sound was not heard as it should be. The next is for a new player."""
        log.info("sound: %s %s", went, why)
        self._overdue.stop()
        self._drop()
        if went is Went.ELSEWHERE:
            self.prepare()  # the next sound is not to be late
        self.failed.emit(_IN_WORDS[went].format(device=self._order["device"]))

    def _drop(self) -> None:
        if self._player is None:
            return
        player, self._player = self._player, None
        player.readyReadStandardOutput.disconnect(self._on_told)
        player.errorOccurred.disconnect(self._on_error)
        player.finished.disconnect(self._on_finished)
        if player.state() is QProcess.ProcessState.NotRunning:
            player.deleteLater()
        else:
            player.finished.connect(player.deleteLater)
            player.kill()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._drop()
            if self._overdue.isActive():
                self._fail(Went.NOT_STARTED)

    def _on_finished(self) -> None:
        self._drop()
        if self._overdue.isActive():
            self._over(Went.ENDED)
        else:
            log.info("sound: the player ended by itself")
