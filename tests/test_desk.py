"""The desk of the other tests is a real one: a tray that holds icons, notifications that are shown, a keyring that keeps."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.desk import Desk, Session, needs, wait_until

if TYPE_CHECKING:
    from pathlib import Path

TRAY = """
import sys
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

app = QApplication(["an-agents-tray"])
picture = QPixmap(64, 64)
picture.fill(QColor("#c0392b"))
icon = QSystemTrayIcon(QIcon(picture))
icon.activated.connect(lambda reason: print(reason.name, flush=True))
icon.show()
print("available" if QSystemTrayIcon.isSystemTrayAvailable() else "no tray", flush=True)
app.exec()
"""

WINDOW = """
from PySide6.QtWidgets import QApplication, QLineEdit

app = QApplication(["an-agents-window"])
field = QLineEdit()
field.setWindowTitle("Call - Zoë Łuczak")
field.returnPressed.connect(lambda: print(field.text(), flush=True))
field.show()
app.exec()
"""

NOTIFICATION = """
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg

service = DBusAddress("/org/freedesktop/Notifications", "org.freedesktop.Notifications", "org.freedesktop.Notifications")
words = ("NextCall", 0, "", "Zoë is on the line", "since a\\nmoment", [], {"urgency": ("y", 2)}, -1)
with open_dbus_connection() as bus:
    print(unwrap_msg(bus.send_and_get_reply(new_method_call(service, "Notify", "susssasa{sv}i", words)))[0])
"""

SECRET = """
import keyring
from keyring.backends.SecretService import Keyring

keyring.set_keyring(Keyring())
keyring.set_password("nextcall-test", "agent", "clé")
print(keyring.get_password("nextcall-test", "agent"))
"""


def test_the_tray_holds_an_icon(xdesk: Desk, tmp_path: Path) -> None:
    program = xdesk.start(sys.executable, "-c", TRAY, name="tray")
    wait_until(lambda: "an-agents-tray" in xdesk.tray_icons(), "the icon in the tray")
    assert xdesk.log("tray").split() == ["available"]
    picture = xdesk.screenshot(tmp_path / "desk.png")
    colours = xdesk.run("convert", picture, "-format", "%c", "histogram:info:-")
    assert "#C0392B" in colours
    program.terminate()
    wait_until(lambda: "an-agents-tray" not in xdesk.tray_icons(), "the tray to let go of the icon")


def test_a_click_reaches_the_icon(xdesk: Desk) -> None:
    xdesk.start(sys.executable, "-c", TRAY, name="clicked")
    wait_until(lambda: "an-agents-tray" in xdesk.tray_icons(), "the icon in the tray")
    xdesk.xdotool("mousemove", 1280 - 14, 1024 - 16, "click", 1)
    wait_until(lambda: "Trigger" in xdesk.log("clicked"), "the click")


def test_a_window_has_its_title_and_the_keyboard(xdesk: Desk) -> None:
    xdesk.start(sys.executable, "-c", WINDOW, name="window")
    window = xdesk.wait_for_window("Call - ")
    assert window.title == "Call - Zoë Łuczak"
    wait_until(lambda: xdesk.active_window() == window, "the keyboard")
    xdesk.xdotool("type", "the caller agrees")
    xdesk.xdotool("key", "Return")
    wait_until(lambda: xdesk.log("window") == "the caller agrees\n", "what was typed")
    xdesk.xdotool("windowclose", window.number)
    wait_until(lambda: not xdesk.windows("Call - "), "the window to close")


def test_a_notification_is_shown(xdesk: Desk) -> None:
    number = int(xdesk.run(sys.executable, "-c", NOTIFICATION))
    shown = wait_until(xdesk.notifications, "the notification")[-1]
    assert (shown.number, shown.app, shown.summary, shown.body) == (number, "NextCall", "Zoë is on the line", "since a\nmoment")
    assert shown.urgency == "CRITICAL"
    assert xdesk.notifications_displayed() == 1
    xdesk.close_notifications()
    wait_until(lambda: xdesk.notifications_displayed() == 0, "the notification to go")


def test_the_keyring_keeps_a_secret(xdesk: Desk) -> None:
    assert xdesk.run(sys.executable, "-c", SECRET).strip() == "clé"
    assert list((xdesk.home / "data" / "keyrings").glob("*.keyring"))


def test_a_keyring_without_a_screen(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends.SecretService import Keyring

    secret_service.enter(monkeypatch)
    Keyring().set_password("nextcall-test", "agent", "secret")
    assert Keyring().get_password("nextcall-test", "agent") == "secret"
    Keyring().delete_password("nextcall-test", "agent")


def test_nobody_else_answers_on_the_bus(xdesk: Desk) -> None:
    assert xdesk.has("org.freedesktop.Notifications")
    assert not xdesk.has("org.freedesktop.portal.Desktop")
    assert xdesk.env["DBUS_SESSION_BUS_ADDRESS"] != os.environ["DBUS_SESSION_BUS_ADDRESS"]


def test_a_missing_program_skips_here_and_fails_where_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    needs()
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        needs("sh", "no-such-program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        needs("sh", "no-such-program")
