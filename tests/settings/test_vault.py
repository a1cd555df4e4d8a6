"""The API key and the secrets of webhooks in a real keyring; and in words where there is none, or none that answers."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop.errors import KeyNotKept
from desktop.settings import vault as module
from desktop.settings.vault import Vault, WebhookSecrets, backend_name, complaint
from tests.desk import Session, needs

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sEcReT-<&>-clé-0123456789"
SERVICE = "https://www.callfire.com/service/PredictiveService?wsdl"
always_there_on_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows always has a keyring, and it is the user's own"
)


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A keyring, unlocked, which this test can reach."""
    secret_service.enter(monkeypatch)
    return secret_service


async def test_a_key_is_kept_read_changed_and_forgotten(keyring: Session):
    vault = Vault(SERVICE)
    assert await vault.key() == ""
    await vault.keep(KEY)
    assert await Vault(SERVICE).key() == KEY
    await vault.keep(KEY)
    await vault.keep("another")
    assert await Vault(SERVICE).key() == "another"
    await vault.forget()
    assert await vault.key() == ""
    await vault.forget()


async def test_a_long_key_is_kept(keyring: Session):
    vault = Vault(SERVICE)
    await vault.keep("k" * 1000)
    assert await vault.key() == "k" * 1000
    await vault.forget()


async def test_every_call_center_and_every_owner_has_a_key_of_its_own(keyring: Session):
    places = [
        Vault(SERVICE),
        Vault("https://other.example/?wsdl"),
        Vault(SERVICE, "/home/b"),
        Vault(SERVICE, "/home/c"),
        Vault(""),
        Vault(SERVICE, supervisor=True),
        Vault(SERVICE, "/home/b", supervisor=True),
    ]
    for number, place in enumerate(places):
        await place.keep(f"key {number}")
    assert [await place.key() for place in places] == [f"key {number}" for number in range(7)]
    await places[0].forget()
    assert [await place.key() for place in places] == ["", *(f"key {number}" for number in range(1, 7))]
    for place in places:
        await place.forget()


async def test_an_address_that_moves_on_its_host_keeps_the_key(keyring: Session):
    await Vault(SERVICE).keep(KEY)
    moved = Vault("https://www.callfire.com/v2/service?wsdl")
    assert await moved.key() == KEY
    await moved.forget()


async def test_what_is_kept_is_for_people_to_find(keyring: Session):
    await Vault(SERVICE).keep(KEY)
    from secretstorage import dbus_init, search_items

    with contextlib.closing(dbus_init()) as bus:
        [item] = search_items(bus, {"service": "NextCall www.callfire.com"})
        assert KEY not in f"{item.get_label()} {item.get_attributes()}"
    await Vault(SERVICE).forget()
    supervisors = Vault(SERVICE, supervisor=True)
    await supervisors.keep(KEY)
    where = ("service", "NextCall supervisor www.callfire.com", "username", "API key")
    assert keyring.run("secret-tool", "lookup", *where) == KEY
    await supervisors.forget()


async def test_the_secret_of_a_webhook_is_kept_read_changed_and_forgotten(keyring: Session):
    secrets = WebhookSecrets()
    assert await secrets.secret("crm") == ""
    await secrets.keep("crm", KEY)
    assert await WebhookSecrets().secret("crm") == KEY
    await secrets.keep("crm", "another")
    assert await secrets.secret("crm") == "another"
    await secrets.forget("crm")
    assert await secrets.secret("crm") == ""
    await secrets.forget("crm")


async def test_every_webhook_has_a_secret_of_its_own_beside_the_keys(keyring: Session):
    secrets, names = WebhookSecrets(), ["crm", "crm 2", "API key", "Zo\u00eb/\U0001f33b"]
    await Vault(SERVICE).keep(KEY)
    for name in names:
        await secrets.keep(name, f"of {name}")
    assert [await secrets.secret(name) for name in names] == [f"of {name}" for name in names]
    await secrets.forget("crm")
    assert [await secrets.secret(name) for name in names] == ["", *(f"of {name}" for name in names[1:])]
    assert await Vault(SERVICE).key() == KEY
    for name in names:
        await secrets.forget(name)
    await Vault(SERVICE).forget()


async def test_where_a_secret_is_kept_is_for_people_to_find(keyring: Session):
    await WebhookSecrets().keep("crm", KEY)
    assert keyring.run("secret-tool", "lookup", "service", "NextCall webhook", "username", "crm") == KEY
    await WebhookSecrets().forget("crm")


def test_the_systems_own_keyring_is_used_whatever_a_configuration_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()  # it is only named here, not asked
    own = "Windows.WinVaultKeyring" if sys.platform == "win32" else "SecretService.Keyring"
    assert backend_name() == f"keyring.backends.{own}"


def test_a_keyring_that_answers_gives_no_cause_for_complaint(keyring: Session):
    assert complaint() == ""


@always_there_on_windows
def test_a_keyring_that_is_not_there_does():
    assert "SecretService" in complaint()


# ------------------------------------------------------------------------------------------------------ no keyring


async def _failures() -> list[KeyNotKept]:
    vault, secrets = Vault(SERVICE), WebhookSecrets()
    asking = (
        vault.key(),
        vault.keep(KEY),
        vault.forget(),
        secrets.secret("crm"),
        secrets.keep("crm", KEY),
        secrets.forget("crm"),
    )
    failures = []
    for ask in asking:
        with pytest.raises(KeyNotKept) as failed:
            await ask
        failures.append(failed.value)
    return failures


def _everything_said(failure: BaseException) -> str:
    return "".join(traceback.format_exception(failure)) + repr(failure) + str(failure)


async def test_without_a_bus_it_is_told_in_words():
    failures = await _failures()
    of_a_webhook = "The keyring could not keep or tell the secret of a webhook"
    assert [failure.title for failure in failures] == ["The API key could not be kept"] * 3 + [of_a_webhook] * 3
    for failure in failures:
        assert "key" in failure.advice or "keyring" in failure.advice
        assert failure.reason.startswith("the keyring said ")
        assert KEY not in _everything_said(failure)


@pytest.fixture
def bare_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session whose bus has no keyring on it."""
    needs("dbus-daemon", "setpriv")
    with tempfile.TemporaryDirectory(prefix="nextcall-bus-") as home, contextlib.ExitStack() as leaving:
        session = Session(Path(home), leaving)
        session.enter(monkeypatch)
        yield
        for thread in threading.enumerate():
            if thread.name == "keyring":
                thread.join()
        gc.collect()  # what secretstorage left open is this test's, not the next one's


@pytest.mark.usefixtures("bare_bus")
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # secretstorage leaves the closing to the collector
async def test_without_a_keyring_on_the_bus_it_is_told_in_words():
    for failure in await _failures():
        assert failure.reason.startswith("the keyring said ")
        assert KEY not in _everything_said(failure)


@pytest.fixture
def silent_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bus that takes every connection and never says a word, like a keyring whose password prompt stands open."""
    with tempfile.TemporaryDirectory(prefix="nextcall-bus-") as place, socket.socket(socket.AF_UNIX) as bus:
        path = Path(place) / "bus"
        bus.bind(str(path))
        bus.listen(16)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
        yield
    # closing it ends the threads that wait


@always_there_on_windows
@pytest.mark.usefixtures("silent_bus")
async def test_a_keyring_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)
    for failure in await _failures():
        assert "did not answer" in failure.reason
        assert KEY not in _everything_said(failure)


class ForgetfulKeyring:
    """Takes everything and keeps nothing, like keyring's own null backend."""

    def get_password(self, _service: str, _name: str) -> None:
        return None

    def set_password(self, _service: str, _name: str, _password: str) -> None:
        return None


class TalkativeKeyring(ForgetfulKeyring):
    """Has the secret in its error's text."""

    def set_password(self, _service: str, _name: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


async def test_a_keyring_that_keeps_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_backend", ForgetfulKeyring)
    for keeping in (Vault(SERVICE).keep(KEY), WebhookSecrets().keep("crm", KEY)):
        with pytest.raises(KeyNotKept, match="took it but does not have it"):
            await keeping


async def test_a_keyring_that_tells_the_key_is_not_quoted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_backend", TalkativeKeyring)
    with pytest.raises(KeyNotKept) as failed:
        await Vault(SERVICE).keep(KEY)
    assert failed.value.reason == "the keyring said RuntimeError"
    assert KEY not in _everything_said(failed.value)
