"""The sound on connect: on the chosen output and on no other, as loud as was asked; and in words when it was not heard."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QProcess

from desktop.resources import RESOURCES
from desktop.ui import sound as module
from desktop.ui.sound import SOUNDS, Sound
from tests.desk import _home, needs, wait_until
from tests.sound import SoundServer, decibels, energy, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 20_000
"""Milliseconds that a program on two shared processors may need for anything."""

Made = Callable[..., Sound] if TYPE_CHECKING else object


@pytest.fixture
def failures() -> list[str]:
    """What `sound` said of its failures."""
    return []


@pytest.fixture
def made(qapp: object, failures: list[str]) -> Iterator[Made]:
    """Makes Sounds that end with the test."""
    sounds: list[Sound] = []

    def make(*command: str) -> Sound:
        sounds.append(Sound(None, command) if command else Sound())
        sounds[-1].failed.connect(failures.append)
        return sounds[-1]

    yield make
    for one in sounds:
        one.end()


# -------------------------------------------------------------------------------------------------------------- the files


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what packaging/sounds.py makes now."""
    folder = tmp_path_factory.mktemp("sounds")
    subprocess.run([sys.executable, ROOT / "packaging" / "sounds.py", folder], check=True, timeout=60, stdout=subprocess.DEVNULL)
    return folder


def test_there_are_as_many_sounds_as_can_be_chosen(remade: Path):
    assert {file.name for file in (RESOURCES / "sounds").iterdir()} == {f"{name}.wav" for name in SOUNDS}
    assert {file.name for file in remade.iterdir()} == {f"{name}.wav" for name in SOUNDS}


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_what_the_script_makes(name: str, remade: Path):
    kept, made = read(RESOURCES / "sounds" / f"{name}.wav"), read(remade / f"{name}.wav")
    assert kept[0] == made[0]
    assert (
        max(abs(one - other) for one, other in zip(kept[1], made[1], strict=True)) <= 1
    )  # sines differ by system, in the last bit


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_short_and_does_not_click(name: str):
    file = RESOURCES / "sounds" / f"{name}.wav"
    how, samples = read(file)
    assert (how.framerate, how.sampwidth, how.nchannels) == (48_000, 2, 1)
    assert len(samples) < 1.5 * how.framerate
    assert file.stat().st_size < 150_000
    assert 20 * math.log10(max(map(abs, samples)) / 32_768) == pytest.approx(-6, abs=0.1)
    assert max(map(abs, samples[:10])) < 200  # it begins at nothing
    assert not any(samples[-4_800:])  # the last tenth of a second, which an output may cut off, is silent


def test_the_sounds_differ_from_each_other():
    loudest = {name: max(range(0, 40_000, 480), key=lambda at, name=name: loudness(name, at)) for name in SOUNDS}
    assert len({*loudest.values()}) == len(SOUNDS)


def loudness(name: str, at: int) -> float:
    return energy(read(RESOURCES / "sounds" / f"{name}.wav")[1][at : at + 480])


# ------------------------------------------------------------------------------------------------------- a real output


@pytest.fixture(scope="module")
def one_server() -> Iterator[SoundServer]:
    needs("pulseaudio", "pactl", "parec", "dbus-daemon", "setpriv")
    if importlib.util.find_spec("PySide6.QtMultimedia") is None:
        pytest.skip("not installed: PySide6.QtMultimedia (PySide6-Addons)")
    with _home() as (home, leaving):
        yield SoundServer(home, leaving)


@pytest.fixture
def server(one_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """A sound server that this test can reach, with the outputs "The ear", which is the default, and "The desk"."""
    one_server.enter(monkeypatch)
    for name, people_say in {"ear": "The ear", "desk": "The desk"}.items():
        if name not in one_server.plugged:
            one_server.plug(name, people_say)
    one_server.use("ear")
    return one_server


@pytest.fixture
def sound(server: SoundServer, made: Made) -> Sound:
    return made()


def silently_played(sound: Sound, qtbot: QtBot, device: str = "") -> None:
    with qtbot.waitSignal(sound.played, timeout=PATIENCE):
        sound.play("marimba", device, 0)


def energy_of(name: str) -> float:
    return energy(read(RESOURCES / "sounds" / f"{name}.wav")[1])


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_heard_where_it_should_be_and_nowhere_else(
    name: str, sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]
):
    with server.recorded("desk") as desk, server.recorded("ear") as ear:
        sound.play(name, "The desk")
        qtbot.waitUntil(desk.is_over, timeout=PATIENCE)
        assert abs(decibels(desk.energy(), energy_of(name))) < 0.5
        assert not any(ear.samples())
    assert not failures
    assert "PySide6.QtMultimedia" not in sys.modules  # it is another program that plays


def test_a_sound_is_for_both_ears(sound: Sound, server: SoundServer, qtbot: QtBot):
    """The files have one channel, which macOS would play in the left ear only."""
    sound.play("chime")
    qtbot.waitUntil(lambda: server.plays_in(channels=2), timeout=PATIENCE)


def test_the_outputs_are_known_by_the_names_that_people_use(sound: Sound, server: SoundServer, qtbot: QtBot):
    assert sound.devices() == ("",)
    with qtbot.waitSignal(sound.devices_changed, timeout=PATIENCE):
        sound.prepare()
    assert sound.devices()[0] == ""
    assert sorted(sound.devices()[1:]) == ["The desk", "The ear"]
    with qtbot.waitSignal(sound.devices_changed, timeout=PATIENCE):
        server.plug("hall", "The hall, naïve “ß”")
    assert "The hall, naïve “ß”" in sound.devices()
    server.unplug("hall")


def test_the_default_is_the_one_of_the_moment(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    with server.recorded("desk") as desk, server.recorded("ear") as ear:
        sound.play("marimba")
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
        assert not desk.is_loud()
        server.use("desk")
        silently_played(sound, qtbot)  # and meanwhile the player has heard of the change
        sound.play("marimba")
        qtbot.waitUntil(desk.is_over, timeout=PATIENCE)
        assert abs(decibels(ear.energy(), energy_of("marimba"))) < 0.5
    assert not failures


@pytest.mark.parametrize(("volume", "quieter"), [(100, 0.0), (50, 16.5), (30, 22.2), (1000, 0.0)])
def test_the_volume_is_one_for_the_ear(volume: int, quieter: float, sound: Sound, server: SoundServer, qtbot: QtBot):
    with server.recorded("desk") as desk:
        sound.play("pulse", "The desk", volume)
        qtbot.waitUntil(desk.is_over, timeout=PATIENCE)
        assert decibels(energy_of("pulse"), desk.energy()) == pytest.approx(quieter, abs=0.5)


def test_no_volume_is_silence(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    with server.recorded("desk") as desk, server.recorded("ear") as ear:
        silently_played(sound, qtbot, "The desk")
        sound.play("pulse", "The ear")
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
        assert not any(desk.samples())
    assert not failures


def test_playing_again_begins_again(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    """Of the first the beginning is heard, of the second all: not one after the other, not one over the other."""
    with server.recorded("desk") as desk:
        sound.play("pulse", "The desk")
        qtbot.waitUntil(lambda: desk.energy() > 0.1 * energy_of("pulse"), timeout=PATIENCE)
        sound.play("pulse", "The desk")
        qtbot.waitUntil(desk.is_over, timeout=PATIENCE)
        assert 1.1 < desk.energy() / energy_of("pulse") < 1.9
    assert not failures


def test_a_sound_that_there_is_not_is_another_one(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    with server.recorded("ear") as ear:
        sound.play("../../etc/passwd", "The ear")
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
        assert abs(decibels(ear.energy(), energy_of(SOUNDS[0]))) < 0.5
    assert not failures


def test_an_output_that_is_not_there_is_replaced_and_missed(sound: Sound, server: SoundServer, qtbot: QtBot):
    ends: list[str] = []
    sound.played.connect(lambda: ends.append("played"))
    sound.failed.connect(lambda: ends.append("failed"))
    with server.recorded("ear") as ear, qtbot.waitSignal(sound.failed, timeout=PATIENCE) as said:
        sound.play("marimba", "Old headset")
    assert ends == ["failed"]
    assert said.args == ["The sound output “Old headset” cannot be used now, so the sound came from this computer's usual one."]
    assert abs(decibels(ear.energy(), energy_of("marimba"))) < 0.5


def test_an_output_that_is_unplugged_is_replaced_until_it_is_back(
    sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]
):
    with server.recorded("desk") as desk, qtbot.waitSignal(sound.played, timeout=PATIENCE):
        sound.play("chime", "The desk")
        qtbot.waitUntil(desk.is_loud, timeout=PATIENCE)
        server.unplug("desk")  # PulseAudio moves what plays to the default by itself
    with server.recorded("ear") as ear, qtbot.waitSignal(sound.failed, timeout=PATIENCE):
        sound.play("marimba", "The desk")
    assert abs(decibels(ear.energy(), energy_of("marimba"))) < 0.5
    qtbot.waitUntil(lambda: sound.devices() == ("", "The ear"), timeout=PATIENCE)
    failures.clear()
    with qtbot.waitSignal(sound.devices_changed, timeout=PATIENCE):
        server.plug("desk", "The desk")
    with server.recorded("desk") as desk:
        sound.play("marimba", "The desk")
        qtbot.waitUntil(desk.is_over, timeout=PATIENCE)
        assert abs(decibels(desk.energy(), energy_of("marimba"))) < 0.5
    assert not failures


def test_a_computer_without_an_output(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    with qtbot.waitSignal(sound.devices_changed, timeout=PATIENCE):
        sound.prepare()
    server.unplug("desk")
    server.unplug("ear")
    for device in ("", "The ear"):
        with qtbot.waitSignal(sound.failed, timeout=PATIENCE) as said:
            sound.play("chime", device)
        assert said.args == ["The sound was not played: this computer has no sound output."]
    server.plug("ear", "The ear")
    failures.clear()
    with server.recorded("ear") as ear:
        sound.play("marimba", "The ear")
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
    assert not failures


def test_a_computer_without_a_sound_server(sound: Sound, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    with qtbot.waitSignal(sound.failed, timeout=PATIENCE) as said:
        sound.play("chime")
    assert said.args == ["The sound was not played: this computer has no sound output."]


def test_a_sound_server_that_is_restarted(sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]):
    """QtMultimedia 6.11 may abort the program that asks it then."""
    for _ in range(3):
        with server.recorded("ear") as ear:
            sound.play("marimba", "The ear")
            qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
        server.restart()
        server.plug("ear", "The ear")
    assert not failures


def test_a_sound_that_cannot_be_read(
    sound: Sound, server: SoundServer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(module, "RESOURCES", tmp_path)
    with qtbot.waitSignal(sound.failed, timeout=PATIENCE) as said:
        sound.play("chime")
    assert said.args == ["The sound was not played: this computer's sound system reports an error."]


@pytest.mark.parametrize("begun", [False, True], ids=["from the start", "later"])
def test_a_sound_server_that_hangs_holds_up_nothing(
    begun: bool, sound: Sound, server: SoundServer, qtbot: QtBot, failures: list[str]
):
    """Asked in the windows' own process, it would hold them up for 30 seconds from the start, and later for ever."""
    if begun:
        silently_played(sound, qtbot)
        assert not failures
    sound._overdue.setInterval(500)
    with server.hung(), qtbot.waitSignal(sound.failed, timeout=PATIENCE) as said:
        sound.play("chime", "The ear")
    assert said.args == ["The sound was not played: this computer's sound system does not answer."]
    qtbot.waitUntil(lambda: not sound.findChildren(QProcess), timeout=PATIENCE)  # the player, which may never come back, is gone
    sound._overdue.setInterval(PATIENCE)
    failures.clear()
    with server.recorded("ear") as ear:
        sound.play("marimba", "The ear")
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
    assert not failures


# ---------------------------------------------------------------------------------------------- the player, in trouble

PROGRAM = """
import sys
from PySide6.QtCore import QCoreApplication
from desktop.ui.sound import Sound

player = "import os, pathlib; pathlib.Path({pid!r}).write_text(str(os.getpid())); import desktop.ui.sound_player as it; it.main()"
app = QCoreApplication([])
sound = Sound(None, [sys.executable, "-c", player])
sound.devices_changed.connect(lambda: print("it has begun", flush=True))
sound.play("chime")
app.exec()
"""


@pytest.mark.parametrize("begun", [False, True], ids=["from the start", "later"])
def test_the_player_ends_with_the_program_however_that_ends(begun: bool, server: SoundServer, tmp_path: Path):
    """Even if the sound system holds it up at that moment."""
    pid = tmp_path / "pid"
    command = [sys.executable, "-c", PROGRAM.format(pid=str(pid))]
    with contextlib.ExitStack() as leaving:
        if not begun:
            leaving.enter_context(server.hung())
        program = leaving.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert program.stdout
        if begun:
            assert program.stdout.readline() == "it has begun\n"
            leaving.enter_context(server.hung())
        wait_until(lambda: pid.exists() and pid.read_text(encoding="utf-8"), "the player")
        player = int(pid.read_text(encoding="utf-8"))
        assert is_alive(player)
        program.kill()
        wait_until(lambda: not is_alive(player), "the player to end", seconds=15)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return False


def test_the_end_is_silent_and_leaves_nothing(made: Made, server: SoundServer, qtbot: QtBot, tmp_path: Path, failures: list[str]):
    pid = tmp_path / "pid"
    script = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); "
    sound = made(sys.executable, "-c", script + "import desktop.ui.sound_player as it; it.main()")
    with server.recorded("ear") as ear:
        sound.play("pulse")
        qtbot.waitUntil(ear.is_loud, timeout=PATIENCE)
        sound.end()
        assert not is_alive(int(pid.read_text(encoding="utf-8")))
        qtbot.waitUntil(ear.is_over, timeout=PATIENCE)
        assert ear.energy() < 0.9 * energy_of("pulse")
    sound.end()
    assert not failures


TROUBLE = {
    "the program that plays it ended by itself": "import os; input(); os._exit(3)",
    "the program that plays it could not be started": "",
    "this computer's sound system does not answer": "import time; input(); time.sleep(60)",
    "a part that NextCall needs for sounds is missing on this computer": (
        "import sys; sys.modules['PySide6.QtMultimedia'] = None; import desktop.ui.sound_player as it; it.main()"
    ),
}


@pytest.mark.parametrize("words", TROUBLE)
def test_trouble_is_told_each_time(words: str, made: Made, qtbot: QtBot, failures: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PATIENCE", 300 if "does not answer" in words else PATIENCE)
    sound = made(sys.executable, "-c", TROUBLE[words]) if TROUBLE[words] else made(str(ROOT / "no such program"))
    for turn in (1, 2):
        sound.play("chime")
        qtbot.waitUntil(lambda so_far=turn: len(failures) == so_far, timeout=PATIENCE)
    assert failures == [f"The sound was not played: {words}."] * 2
    assert sound.devices() == ("",)


def test_a_player_that_ends_while_nothing_plays_is_nobodys_concern(made: Made, qtbot: QtBot, failures: list[str]):
    sound = made(sys.executable, "-c", 'print(\'{"devices": ["The ear"]}\')')
    with qtbot.waitSignal(sound.devices_changed, timeout=PATIENCE):
        sound.prepare()
    qtbot.waitUntil(lambda: sound._player is None, timeout=PATIENCE)
    assert sound.devices() == ("", "The ear")
    assert not failures
