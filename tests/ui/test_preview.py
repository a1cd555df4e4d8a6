"""The preview of a profile: the popup follows the file as editors save it, says what is wrong, and sends nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QFileSystemWatcher, QTimer
from PySide6.QtWidgets import QApplication, QLabel
from shiboken6 import isValid

from desktop.popup.current import NONE
from desktop.popup.profile_file import load
from desktop.resources import RESOURCES
from desktop.tasks import Tasks
from desktop.ui.preview import Preview, PreviewWindow
from desktop.ui.script import ScriptView
from tests.simulation import until
from tests.ui.screen import TEXT, Role, assert_nothing_cut, field, focused, has, message, part, press, settle, words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Keep = Callable[[Any], Any]

PROFILE = """
name = "Campaign one"
[[field]]
path = "email"
[[script]]
text = "Hello {firstname|there} from {campaign}"
[[field]]
path = "firstname"
[[question]]
id = "mail"
label = "E-mail"
default_from = "email"
[[question]]
id = "plan"
label = "Plan"
[[disposition]]
name = "Sale"
[[disposition]]
name = "Refused"
for_logoff = true
"""
OTHER = PROFILE.replace("Campaign one", "Campaign two")
WRONG = PROFILE.replace("default_from", "defaultfrom")
SHIPPED = sorted((RESOURCES / "profiles").glob("*.toml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    made = tmp_path / "profiles" / "campaign.toml"
    made.write_text(PROFILE, encoding="utf-8")
    return made


@asynccontextmanager
async def previewing(file: Path, *, told_of_changes: bool = True) -> AsyncIterator[Preview]:
    """The preview of `file`, opened; closed at the end with everything that belongs to it.

    `told_of_changes`: it hears of changes from the system, and only so. Else it looks by itself, and only so.
    """
    crashes: list[Any] = []
    tasks = Tasks(lambda *crash: crashes.append(crash))
    preview = Preview(tasks)
    try:
        preview.open(file)
        await until(lambda: preview.window and preview.window.isVisible() and preview.findChild(QTimer).isActive())
        if told_of_changes:
            preview.findChild(QTimer).stop()
        else:
            preview.findChild(QTimer).setInterval(200)
            preview.findChild(QFileSystemWatcher).blockSignals(True)
        yield preview
    finally:
        preview.close()
        await tasks.cancel_all()
        preview.deleteLater()
    assert not crashes


def _window(preview: Preview) -> PreviewWindow:
    assert preview.window is not None
    return preview.window


def _script(window: PreviewWindow) -> str:
    return window.findChild(ScriptView).toPlainText()


def _source(window: PreviewWindow) -> str:
    """What the mark says of the file."""
    [line] = [line for line in words(window).splitlines() if ", read at " in line]
    return line


async def _shows(preview: Preview, name: str) -> None:
    """Wait until the profile of that name is worn, and nothing more is looked at unless something is heard."""
    await until(lambda: _window(preview).profile.name == name)
    await until(_is_at_rest)


def _is_at_rest() -> bool:
    [following] = [task for task in asyncio.all_tasks() if task.get_name() == "preview"]
    step: Any = following.get_coro()
    while hasattr(step.cr_await, "cr_await"):
        step = step.cr_await
    return step.cr_code is asyncio.Event.wait.__code__


def _save_over(file: Path, text: str) -> None:
    """As most editors do: write another file and put it into the place of the old one."""
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def _save_in_place(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _save_anew(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text, encoding="utf-8")


SAVE = pytest.mark.parametrize("save", [_save_over, _save_in_place, _save_anew])


# ------------------------------------------------------------------------------------------------------ what it shows


async def test_it_shows_the_popup_with_the_example_call(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        assert window.windowTitle() == "Preview - campaign.toml"
        assert "Alex Example" in words(window)
        assert "PREVIEW  ·  nothing is sent" in words(window).splitlines()
        assert _source(window).startswith("campaign.toml, read at ")
        assert _script(window) == "Hello Alex from Campaign one"
        assert field(window, "E-mail").text() == "alex@example.com"
        assert message(window) == ""


async def test_it_shows_a_call_of_which_nothing_is_known_but_id_and_number(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        field(window, "Plan").setText("Gold")
        box = part(window, Role.CheckBox, "Only id and phone number")
        box.click()
        assert _script(window) == "Hello there from Campaign one"
        assert "Alex Example" not in words(window)
        assert (field(window, "E-mail").text(), field(window, "Plan").text()) == ("", "Gold")
        _save_over(file, OTHER)
        await _shows(preview, "Campaign two")
        assert _script(window) == "Hello there from Campaign two"
        box.click()
        assert (field(window, "E-mail").text(), field(window, "Plan").text()) == ("alex@example.com", "Gold")
        assert window.windowTitle() == "Preview - campaign.toml"


@pytest.mark.parametrize("file", [pytest.param(one, id=one.stem) for one in SHIPPED])
async def test_the_shipped_profiles_are_previewed_with_nothing_cut(qapp: object, file: Path):
    async with previewing(file) as preview:
        await until(lambda: _window(preview).height() > 100)
        settle()
        assert_nothing_cut(_window(preview))
        assert _window(preview).profile == load(file)


# ------------------------------------------------------------------------------------------------- it follows the file


@SAVE
async def test_it_follows_every_way_of_saving_and_not_only_once(qapp: object, file: Path, save: Callable[[Path, str], None]):
    async with previewing(file) as preview:
        for text, name in ((OTHER, "Campaign two"), (PROFILE, "Campaign one")) * 2:
            save(file, text)
            await _shows(preview, name)
            assert _script(_window(preview)) == f"Hello Alex from {name}"


@SAVE
async def test_it_looks_by_itself_where_nothing_is_heard_of_a_change(qapp: object, file: Path, save: Callable[[Path, str], None]):
    async with previewing(file, told_of_changes=False) as preview:
        save(file, OTHER)
        await _shows(preview, "Campaign two")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves nothing that is open or watched")
async def test_a_folder_that_was_away_is_found_again(qapp: object, file: Path):
    async with previewing(file) as preview:
        preview.findChild(QTimer).start(200)
        away = file.parent.with_name("away")
        file.parent.rename(away)
        await until(lambda: "it cannot be read" in message(_window(preview)))
        away.rename(file.parent)
        await until(lambda: message(_window(preview)) == "")
        preview.findChild(QTimer).stop()
        await _shows(preview, "Campaign one")
        _save_over(file, OTHER)
        await _shows(preview, "Campaign two")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves nothing that is open or watched")
async def test_another_program_that_still_holds_the_old_file_is_no_hindrance(qapp: object, file: Path):
    async with previewing(file) as preview:
        with file.open("rb"):
            for text, name in ((OTHER, "Campaign two"), (PROFILE, "Campaign one")):
                _save_over(file, text)
                await _shows(preview, name)
            _save_in_place(file, OTHER)
            await _shows(preview, "Campaign two")


async def test_what_changes_while_a_reading_is_shown_is_not_missed(qapp: object, file: Path):
    tasks = Tasks(lambda *_crash: None)
    preview = Preview(tasks)
    preview.findChild(QTimer).setInterval(10**6)
    preview.open(file)
    window = _window(preview)
    window.windowTitleChanged.connect(lambda: window.profile.name == "Campaign one" and _save_over(file, OTHER))
    await _shows(preview, "Campaign two")
    preview.close()
    await tasks.cancel_all()
    preview.deleteLater()


async def test_what_was_entered_stays_where_it_is_asked(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        part(window, Role.List, "Disposition").choose("Sale")
        field(window, "Plan").setText("Gold")
        field(window, "Notes").setPlainText("by mail")
        file.write_text(OTHER.replace('id = "plan"', 'id = "size"').replace('"Plan"', '"Size"'), encoding="utf-8")
        await _shows(preview, "Campaign two")
        assert not has(window, TEXT, "Plan")
        assert field(window, "Size").text() == ""
        assert (part(window, Role.List, "Disposition").chosen(), field(window, "Notes").text()) == ("Sale", "by mail")
        file.write_text(PROFILE.replace('name = "Sale"', 'name = "Sold"'), encoding="utf-8")
        await _shows(preview, "Campaign one")
        assert field(window, "Plan").text() == "Gold"
        assert part(window, Role.List, "Disposition").chosen() == ""


async def test_what_is_filled_in_by_itself_follows_the_profile_unless_it_was_changed(qapp: object, file: Path):
    by_name = '[[question]]\nid = "who"\nlabel = "Who?"\ndefault_from = "firstname"\n'
    async with previewing(file) as preview:
        window = _window(preview)
        file.write_text(OTHER.replace('default_from = "email"', 'default_from = "firstname"'), encoding="utf-8")
        await _shows(preview, "Campaign two")
        assert field(window, "E-mail").text() == "Alex"
        field(window, "E-mail").setText("mine")
        file.write_text(PROFILE + by_name, encoding="utf-8")
        await _shows(preview, "Campaign one")
        assert (field(window, "E-mail").text(), field(window, "Who?").text()) == ("mine", "Alex")
        field(window, "E-mail").clear()
        field(window, "Who?").clear()
        file.write_text(OTHER + by_name, encoding="utf-8")
        await _shows(preview, "Campaign two")
        assert (field(window, "E-mail").text(), field(window, "Who?").text()) == ("", "")


async def test_the_keyboard_stays_where_it_is(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        await until(window.isActiveWindow)
        for name, text in (("Plan", OTHER), ("Notes", PROFILE)):
            field(window, name).setFocus()
            before = window.profile
            _save_over(file, text)
            await until(lambda before=before: window.profile != before)  # type: ignore[misc]
            assert focused() is field(window, name)


async def test_a_save_does_not_bring_it_forward(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        window.showMinimized()
        for text, name in ((OTHER, "Campaign two"), (WRONG, "Campaign two"), (PROFILE, "Campaign one")):
            _save_over(file, text)
            await until(lambda text=text: bool(message(window)) == (text is WRONG))  # type: ignore[misc]
            await _shows(preview, name)
            assert window.isMinimized()


# --------------------------------------------------------------------------------------------------- what is wrong


async def test_a_mistake_is_told_in_one_sentence_until_it_is_mended(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        _save_over(file, WRONG)
        await until(lambda: message(window))
        sentence = "campaign.toml: question[1].defaultfrom: there is no such name (did you mean default_from?)."
        assert message(window) == (f"This file cannot be used yet {sentence} Until then you see the last version that was right.")
        assert _source(window).startswith("campaign.toml has a mistake, read at ")
        assert window.profile.name == "Campaign one"
        _save_over(file, OTHER)
        await until(lambda: message(window) == "")
        assert window.profile.name == "Campaign two"
        assert _source(window).startswith("campaign.toml, read at ")


async def test_a_file_that_was_never_right_shows_the_popup_without_a_profile(qapp: object, file: Path):
    file.write_text(WRONG, encoding="utf-8")
    async with previewing(file) as preview:
        window = _window(preview)
        assert message(window).endswith("Until then you see the popup without a profile.")
        assert "Alex Example" in words(window)
        assert window.profile == NONE
        _save_over(file, PROFILE)
        await _shows(preview, "Campaign one")
        assert message(window) == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (PROFILE.encode("utf-16"), "it is not written in UTF-8"),
        ('name = "Zo\u00eb"'.encode("latin-1"), "it is not written in UTF-8"),
        (b"name = ", "this is not TOML"),
        (b"x" * 1_000_001, "more than 1,000,000 bytes"),
    ],
    ids=["utf-16", "latin-1", "no value", "large"],
)
async def test_any_content_is_told_and_mended(qapp: object, file: Path, content: bytes, sentence: str):
    async with previewing(file) as preview:
        file.write_bytes(content)
        await until(lambda: sentence in message(_window(preview)))
        assert _window(preview).profile.name == "Campaign one"
        _save_in_place(file, OTHER)
        await _shows(preview, "Campaign two")
        assert message(_window(preview)) == ""


async def test_a_file_that_is_gone_and_comes_back_the_same(qapp: object, file: Path):
    async with previewing(file) as preview:
        told = file.stat()
        file.unlink()
        await until(lambda: "it cannot be read: No such file or directory" in message(_window(preview)))
        await _shows(preview, "Campaign one")
        file.write_text(PROFILE, encoding="utf-8")
        os.utime(file, ns=(told.st_atime_ns, told.st_mtime_ns))
        await until(lambda: message(_window(preview)) == "")


async def test_a_file_that_could_not_be_read_is_tried_again_although_it_looks_the_same(qapp: object, file: Path):
    """Another program had locked it, say: neither its time nor its size tells that it no longer has."""
    async with previewing(file, told_of_changes=False) as preview:
        file.unlink()
        file.mkdir()
        told = file.stat()
        await until(lambda: "it cannot be read: " in message(_window(preview)))
        text = 'name = "Campaign two"\n'
        if told.st_size < len(text):
            pytest.skip("folders have no size here")
        beside = file.with_name("beside")
        beside.write_text(text.ljust(told.st_size, "#"), encoding="utf-8")
        os.utime(beside, ns=(told.st_atime_ns, told.st_mtime_ns))
        file.rmdir()
        beside.rename(file)
        await _shows(preview, "Campaign two")


async def test_a_half_written_file_is_neither_shown_nor_told_of(qapp: object, file: Path):
    """An editor takes its time, but less than a preview does."""
    async with previewing(file) as preview:
        for text, name in ((OTHER, "Campaign two"), (PROFILE, "Campaign one")) * 20:
            before = _window(preview).profile.name
            shown, kept_pace = await _write_slowly(file, text, lambda: (message(_window(preview)), _window(preview).profile.name))
            await _shows(preview, name)
            if kept_pace:
                assert shown == {("", before)}
                return
    pytest.skip("this computer is too busy to write faster than a preview reads")


async def _write_slowly(file: Path, text: str, look: Callable[[], Any]) -> tuple[set[Any], bool]:
    """Write piece by piece: what was seen between the pieces, and whether each came soon after the one before."""
    seen, loop = set(), asyncio.get_running_loop()
    written = [loop.time()]
    with file.open("wb", buffering=0) as writing:
        for piece in text.encode().splitlines(keepends=True):
            writing.write(piece)
            await asyncio.sleep(0.01)
            seen.add(look())
            written.append(loop.time())
    return seen, max(later - earlier for earlier, later in pairwise(written)) < 0.05


async def test_a_file_that_is_saved_without_a_change_is_seen_to_be_read(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        plan = field(window, "Plan")
        plan.setText("Gold")
        [source] = [one for one in window.findChildren(QLabel) if ", read at " in one.text()]
        source.clear()
        os.utime(file)
        await until(source.text)
        assert field(window, "Plan") is plan
        assert plan.text() == "Gold"


# ------------------------------------------------------------------------------------------------------ nothing is sent


async def test_next_call_and_logoff_say_what_would_be_stored(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        press(window, "Next Call")
        assert message(window).startswith("Choose a disposition")
        part(window, Role.List, "Disposition").choose("Sale")
        field(window, "Notes").setPlainText("one\n" + "x" * 200)
        field(window, "Plan").setText("Gold")
        press(window, "Next Call")
        assert message(window).splitlines() == [
            "Next Call would store “Sale” and these notes (250 characters) one",
            "x" * 99 + "…",
            "[answers]",
            "mail = alex@example.com",
            "…",
        ]
        assert window.isVisible()
        field(window, "Notes").clear()
        field(window, "Plan").clear()
        field(window, "E-mail").clear()
        part(window, Role.List, "Disposition").choose("")
        press(window, "Logoff")
        assert message(window) == "Logoff would store “Refused” and no notes"
        assert "Next Call and Logoff only say what would be stored." in words(window).splitlines()


# -------------------------------------------------------------------------------------------------- coming and going


async def test_closing_the_window_ends_the_preview(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        preview.findChild(QTimer).start()
        window.close()
        assert preview.window is None
        assert not preview.findChild(QTimer).isActive()
        watcher = preview.findChild(QFileSystemWatcher)
        assert (watcher.files(), watcher.directories()) == ([], [])
        await until(lambda: not isValid(window))
        preview.open(file)
        await until(lambda: preview.window and preview.window.isVisible())


async def test_many_openings_leave_nothing_behind(qapp: object, file: Path):
    other = file.with_name("other.toml")
    other.write_text(OTHER, encoding="utf-8")
    async with previewing(file) as preview:
        for opened in (other, file) * 5:
            preview.open(opened)
        await until(lambda: preview.window and preview.window.isVisible())
        await until(lambda: preview.findChild(QTimer).isActive())
        settle()
        windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, PreviewWindow)]
        assert windows == [preview.window]
        assert _window(preview).profile.name == "Campaign one"
        assert len(preview.findChildren(QFileSystemWatcher)) == len(preview.findChildren(QTimer)) == 1
        assert sum("preview" in task.get_name() for task in asyncio.all_tasks()) == 1


async def test_the_same_file_comes_forward_as_it_is(qapp: object, file: Path):
    async with previewing(file) as preview:
        window = _window(preview)
        field(window, "Plan").setText("Gold")
        window.showMinimized()
        preview.open(file)
        assert preview.window is window
        assert not window.isMinimized()
        assert field(window, "Plan").text() == "Gold"


async def test_a_preview_that_is_closed_at_once_never_opens(qapp: object, file: Path):
    tasks = Tasks(lambda *_crash: None)
    preview = Preview(tasks)
    preview.open(file)
    window = preview.window
    preview.close()
    preview.close()
    await tasks.cancel_all()
    assert window is not None
    await until(lambda: not isValid(window))
    preview.deleteLater()
