"""What the window tests share: every kind of window, and the looks that they can wear."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QFont
from PySide6.QtWidgets import QWidget

from desktop.settings.settings import Settings
from desktop.shift import delivery, session
from desktop.ui import look
from desktop.ui.coming import Coming
from desktop.ui.hang_up import HangUpWindow
from desktop.ui.login import LoginDialog
from desktop.ui.popup import PopupWindow
from desktop.ui.settings_dialog import SettingsDialog
from desktop.ui.shift_window import ShiftWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from desktop.app import QtApplication

Window = TypeVar("Window", bound=QWidget)
LOOKS = [("light", 1), ("dark", 1), ("light", 2), ("dark", 2)]


@pytest.fixture
def keep(qtbot: QtBot) -> Callable[[Window], Window]:
    """Gives a window to this test, which closes it at the end."""

    def take(window: Window) -> Window:
        qtbot.addWidget(window, before_close_func=QWidget.hide)  # several of them refuse to close
        return window

    return take


@pytest.fixture
def login(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(LoginDialog(practice=False))


@pytest.fixture
def shift_window(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(ShiftWindow(practice=False))


@pytest.fixture
def popup(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(PopupWindow(practice=False))


@pytest.fixture
def coming(popup: PopupWindow, keep: Callable[[QWidget], QWidget]) -> Iterator[Coming]:
    """What brings that popup when a call comes."""
    made = Coming(popup, practice=False, manner="quiet")
    keep(made.strip)
    yield made
    made.call_ended()


@pytest.fixture
def reminder(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(HangUpWindow(practice=False))


@pytest.fixture
def settings_dialog(keep: Callable[[QWidget], QWidget]) -> QWidget:
    return keep(SettingsDialog(Settings(campaign_id="1001"), practice=False))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of milliseconds, in the same proportion."""
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.005)
    monkeypatch.setattr(session, "LONGEST_PAUSE", 0.005)


@pytest.fixture(scope="module", params=LOOKS, ids=lambda one: f"{one[0]} x{one[1]}")
def worn(request: pytest.FixtureRequest, qapp: QtApplication) -> Iterator[tuple[str, int]]:
    """Each colour scheme, at the system's own font size and at twice that."""
    scheme, scale = request.param
    usual = QFont(qapp.font())
    larger = QFont(usual)
    larger.setPointSizeF(usual.pointSizeF() * scale)
    qapp.setFont(larger)
    look.dress(qapp)
    look.wear(qapp, scheme)
    yield scheme, scale
    qapp.setFont(usual)
    look.dress(qapp)
    look.wear(qapp, "light")


class Browser(QObject):
    """Stands where this computer's browser would: it keeps what it is asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, address: QUrl) -> None:
        self.opened.append(address.toString(QUrl.ComponentFormattingOption.FullyEncoded))


@pytest.fixture
def browser(qapp: QtApplication) -> Iterator[Browser]:
    browser = Browser()
    QDesktopServices.setUrlHandler("https", browser, "open")
    yield browser
    QDesktopServices.unsetUrlHandler("https")


@pytest.fixture
def no_browser(qapp: QtApplication) -> Iterator[None]:
    """Whoever is asked to open something cannot."""
    nobody = QObject()
    QDesktopServices.setUrlHandler("https", nobody, "open")
    yield
    QDesktopServices.unsetUrlHandler("https")
