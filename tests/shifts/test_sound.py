"""What an agent hears in a whole shift: the sound chosen in the settings, where it should come from, as loud as it should be."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication, QComboBox, QSlider

from desktop.callcenter.model import Function
from desktop.resources import RESOURCES
from desktop.shift.states import State
from desktop.ui.settings_dialog import SettingsDialog
from tests.desk import _home, needs
from tests.shifts.agent import LiveShift, named, press, until
from tests.sound import SoundServer, decibels, energy, read
from tests.ui.screen import turn_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from tests.shifts.line import Line


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A sound server with two outputs, "The ear" being the computer's usual one."""
    needs("pulseaudio", "pactl", "parec", "dbus-daemon", "setpriv")
    if importlib.util.find_spec("PySide6.QtMultimedia") is None:
        pytest.skip("not installed: PySide6.QtMultimedia (PySide6-Addons)")
    with _home() as (home, leaving):
        server = SoundServer(home, leaving)
        server.enter(monkeypatch)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")  # without a keyring and notifications, as in every shift here
        server.plug("ear", "The ear")
        server.plug("desk", "The desk")
        server.use("ear")
        yield server


async def choose(shift: LiveShift, sound: str, output: str, volume: int) -> None:
    """In the settings, as an agent does; comes back at the desk that they open."""
    before = shift.agent.desk
    press(before.login, "Settings")
    [dialog] = [one for one in QApplication.topLevelWidgets() if isinstance(one, SettingsDialog) and one.isVisible()]
    turn_to(dialog, "When a call comes")
    named(dialog, QComboBox, "Sound").setCurrentText(sound)
    outputs = named(dialog, QComboBox, "Sound output")
    await until(lambda: outputs.findText(output) > 0, "the output to be offered")
    outputs.setCurrentText(output)
    named(dialog, QSlider, "Volume").setValue(volume)
    press(dialog, "Save")
    await until(
        lambda: shift.agent.app.site and shift.agent.desk is not before and shift.agent.desk.login.isVisible(), "the desk anew"
    )


@pytest.mark.limit(90)
async def test_each_call_of_a_shift_is_heard_on_the_chosen_output(
    server: SoundServer, live_shift: Callable[[], AbstractAsyncContextManager[LiveShift]], line: Line
):
    """50 on the scale for the ear is 16.5 dB below the file."""
    loud = energy(read(RESOURCES / "sounds" / "pulse.wav")[1])
    with line.mend():
        async with live_shift() as shift:
            await choose(shift, "Pulse", "The desk", 50)
            agent = shift.agent
            shift.fill_in_login()
            go_on = line.hold(Function.GET_CONNECTION_FOR_AGENT)
            await agent.log_in()
            with server.recorded("ear") as ear:
                for way_on in ("Next Call", "Logoff"):
                    await agent.reach(State.WAITING)
                    with server.recorded("desk") as desk:
                        go_on.set()
                        await agent.take_call()
                        await until(desk.is_over, "the sound")
                        assert decibels(loud, desk.energy()) == pytest.approx(16.5, abs=0.5)
                    go_on = line.hold(Function.GET_CONNECTION_FOR_AGENT)
                    await agent.store("Interested", way_on=way_on)
                assert not any(ear.samples())
            await agent.done()
