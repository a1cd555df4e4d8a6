"""The settings page by page: by keys, with what the organisation has set, and where a refused value leads."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QSlider, QTabBar, QWidget

from desktop.errors import SettingsNotKept
from desktop.settings import autostart
from desktop.settings.settings import Settings, Shortcuts
from desktop.ui.parts import SET_BY_ORGANISATION
from desktop.ui.settings_dialog import SettingsDialog
from tests.simulation import until
from tests.ui.screen import Role, button, field, focused, key, message, part, press, show, turn_to, words
from tests.ui.seat import REMEMBERED, Seat, a_memory, seated

if TYPE_CHECKING:
    from collections.abc import Callable

    Keep = Callable[[Any], Any]

PAGES = ["Call center", "When a call comes", "Keys", "This computer"]
AUTOSTART = "Start NextCall when I sign in to this computer"


@pytest.fixture
def dialog(keep: Keep) -> SettingsDialog:
    made: SettingsDialog = keep(SettingsDialog(Settings(), practice=False))
    show(made)
    return made


def _page(dialog: QWidget) -> str:
    bar = dialog.findChild(QTabBar)
    return str(bar.tabText(bar.currentIndex()))


# --------------------------------------------------------------------------------------------------------------- by keys


def test_every_page_has_a_plain_name_that_a_screen_reader_says(dialog: SettingsDialog):
    bar = QAccessible.queryAccessibleInterface(dialog.findChild(QTabBar))
    tabs = [bar.child(number) for number in range(bar.childCount())]
    assert [tab.text(QAccessible.Text.Name) for tab in tabs if tab.role() is Role.PageTab] == PAGES


def test_pages_are_turned_by_keys(dialog: SettingsDialog):
    field(dialog, "Service address").setFocus()
    for page in [*PAGES[1:], PAGES[0]]:
        key(Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
        assert _page(dialog) == page
    dialog.findChild(QTabBar).setFocus()
    key(Qt.Key.Key_Right)
    assert _page(dialog) == PAGES[1]
    key(Qt.Key.Key_Tab)
    assert focused() is part(dialog, Role.RadioButton, "Popup, without the keyboard")


def test_a_key_field_lets_pages_be_turned(dialog: SettingsDialog):
    turn_to(dialog, "Keys")
    field(dialog, "Next Call").setFocus()
    key(Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert _page(dialog) == "This computer"


def test_a_refused_value_leads_to_its_page(dialog: SettingsDialog):
    edit = field(dialog, "Campaign profiles address")
    edit.setText("http://intranet.example/{campaign}.toml")
    turn_to(dialog, "This computer")
    press(dialog, "Save")
    assert dialog.isVisible()
    assert message(dialog).startswith("Campaign profiles cannot come from this address")
    assert (_page(dialog), focused()) == ("Call center", edit)


def test_the_wheel_changes_no_choice_on_the_way(keep: Keep):
    dialog = keep(SettingsDialog(Settings(sound="chime", sound_volume=50), practice=False))
    show(dialog)
    turn_to(dialog, "When a call comes")
    for kind in (QComboBox, QSlider):
        for one in dialog.findChildren(kind):
            middle = QPointF(one.rect().center())
            wheel = QWheelEvent(
                middle, one.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(one, wheel)
    assert _saved(dialog) == Settings(sound="chime", sound_volume=50)


def _saved(dialog: SettingsDialog) -> Settings:
    found: list[Settings] = []
    dialog.changed.connect(found.append)
    press(dialog, "Save")
    [settings] = found
    return settings


# ---------------------------------------------------------------------------------------------- what the organisation set


@pytest.mark.parametrize(
    ("setting", "page", "role", "name"),
    [
        ("service_url", "Call center", Role.EditableText, "Service address"),
        ("undo_seconds", "Call center", Role.SpinBox, "Seconds to take a call back"),
        (
            "notification_names",
            "When a call comes",
            Role.CheckBox,
            "with the caller's name, which anybody near the screen can read",
        ),
        ("taskbar", "When a call comes", Role.CheckBox, "Flashing taskbar entry"),
        ("sound_volume", "When a call comes", Role.Slider, "Volume"),
        ("shortcuts", "Keys", Role.EditableText, "Next Call"),
        ("update_check", "This computer", Role.CheckBox, "Say when there is a newer NextCall"),
    ],
)
def test_what_the_organisation_has_set_is_shown_and_not_to_be_changed(keep: Keep, setting: str, page: str, role: Any, name: str):
    dialog = keep(SettingsDialog(Settings(notification=True), practice=False, locked={setting, "not a setting"}))
    show(dialog)
    turn_to(dialog, page)
    assert words(dialog).splitlines().count(SET_BY_ORGANISATION) == 1
    assert not part(dialog, role, name).isEnabled()
    if page == "When a call comes":
        part(dialog, Role.CheckBox, "Notification").click()
        part(dialog, Role.CheckBox, "Notification").click()  # which would enable the name
        assert not part(dialog, role, name).isEnabled()
        assert button(dialog, "Test sound").isEnabled()


def test_what_the_organisation_has_set_is_kept_as_it_is_and_never_refused(keep: Keep):
    theirs = Settings(service_url="their own", sound="theirs", undo_seconds=3, shortcuts=Shortcuts(next_call="Ctrl+K"))
    dialog = keep(SettingsDialog(theirs, practice=False, locked=Settings.__struct_fields__))
    show(dialog)
    assert _saved(dialog) == theirs


# ------------------------------------------------------------------------------------------------- the start with the session


def test_nothing_is_changed_before_the_system_has_told(dialog: SettingsDialog):
    wishes: list[bool] = []
    dialog.autostart_changed.connect(wishes.append)
    turn_to(dialog, "This computer")
    assert not part(dialog, Role.CheckBox, AUTOSTART).isEnabled()
    press(dialog, "Save")
    assert not wishes


@pytest.mark.parametrize("is_on", [False, True])
@pytest.mark.parametrize("clicks", [0, 1, 2])
def test_what_is_wished_is_what_differs_from_the_systems_truth(dialog: SettingsDialog, is_on: bool, clicks: int):
    wishes: list[bool] = []
    dialog.autostart_changed.connect(wishes.append)
    dialog.show_autostart(on=is_on)
    turn_to(dialog, "This computer")
    box = part(dialog, Role.CheckBox, AUTOSTART)
    assert box.isChecked() is is_on
    for _ in range(clicks):
        box.click()
    press(dialog, "Save")
    assert wishes == ([not is_on] if clicks == 1 else [])


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, on a system that has autostart files; gives the file."""
    if autostart.sys.platform == "win32":
        pytest.skip("Windows keeps its list in the registry")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return autostart._agent() if autostart.sys.platform == "darwin" else autostart._entry()


async def _opened(seat: Seat) -> SettingsDialog:
    press(seat.login, "Settings")
    dialog = await until(lambda: next((one for one in QApplication.topLevelWidgets() if isinstance(one, SettingsDialog)), None))
    turn_to(dialog, "This computer")
    await until(part(dialog, Role.CheckBox, AUTOSTART).isEnabled)
    return dialog


@pytest.mark.usefixtures("qapp")
async def test_the_start_with_the_session_is_switched_on_and_off(at_home: Path, tmp_path: Path):
    for wanted in (True, False):
        told: list[Any] = []
        async with seated(memory=a_memory(tmp_path)) as seat:
            seat.desk.settings_changed.connect(lambda *one, told=told: told.append(one))
            dialog = await _opened(seat)
            box = part(dialog, Role.CheckBox, AUTOSTART)
            assert box.isChecked() is not wanted
            box.click()
            press(dialog, "Save")
            await until(lambda told=told: told)
        assert told == [(REMEMBERED, None)]
        assert autostart.is_on() is wanted
        assert at_home.exists() is wanted
        assert "autostart" not in (tmp_path / "settings.toml").read_text(encoding="utf-8")


@pytest.mark.usefixtures("qapp")
async def test_a_start_that_cannot_be_arranged_is_told_and_all_else_is_kept(at_home: Path, tmp_path: Path):
    at_home.parent.parent.mkdir(parents=True)
    at_home.parent.touch()  # where the folder should be
    told: list[Any] = []
    async with seated(memory=a_memory(tmp_path)) as seat:
        seat.desk.settings_changed.connect(lambda *one: told.append(one))
        dialog = await _opened(seat)
        part(dialog, Role.CheckBox, AUTOSTART).click()
        turn_to(dialog, "When a call comes")
        part(dialog, Role.CheckBox, "Flashing taskbar entry").click()
        press(dialog, "Save")
        await until(lambda: told)
    [(settings, not_kept)] = told
    assert settings == msgspec.structs.replace(REMEMBERED, taskbar=False)
    assert isinstance(not_kept, SettingsNotKept)
    assert not_kept.title == "NextCall cannot be started with the computer"


@pytest.mark.usefixtures("qapp")
async def test_a_dialog_that_is_closed_at_once_waits_for_no_answer(at_home: Path, tmp_path: Path):
    async with seated(memory=a_memory(tmp_path)) as seat:
        press(seat.login, "Settings")
        QTest.keyClick(QApplication.activeWindow(), Qt.Key.Key_Escape)
        await until(lambda: not seat.under_way("autostart"))
    with contextlib.suppress(FileNotFoundError):
        assert not list(at_home.parent.iterdir())


@pytest.mark.usefixtures("qapp")
async def test_what_this_computer_does_not_tell_is_said(tmp_path: Path):
    sentence = "NextCall does not notice on this system that nobody is there."
    async with seated(memory=a_memory(tmp_path)) as seat:
        for lacks in ((), (sentence,)):
            seat.desk.show_lacks(lambda lacks=lacks: lacks)
            press(seat.login, "Settings")
            dialog = await until(lambda: next((one for one in seat.login.findChildren(SettingsDialog) if one.isVisible()), None))
            turn_to(dialog, "This computer")
            assert (sentence in words(dialog)) is bool(lacks)
            press(dialog, "Cancel")
