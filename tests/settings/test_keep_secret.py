"""`nextcall keep-secret`, as a program: by hand on a terminal, and from another program's output."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from desktop.settings.vault import WebhookSecrets

if TYPE_CHECKING:
    from tests.desk import Session

SECRET = "sEcReT-clé-0123456789"
COMMAND = [sys.executable, "-m", "desktop", "keep-secret"]


@pytest.fixture
def keyring(secret_service: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A keyring, unlocked, which this test and what it starts can reach."""
    secret_service.enter(monkeypatch)
    return secret_service


def keep(name: str, given: bytes) -> tuple[int, str, str]:
    """The exit code and what is printed on both ways out."""
    done = subprocess.run([*COMMAND, name], input=given, capture_output=True, timeout=60, check=False)
    said = done.stdout.decode(), done.stderr.decode()
    assert SECRET not in "".join(said)
    return done.returncode, *said


@pytest.mark.parametrize("given", [f"{SECRET}\n", f"{SECRET}\r\n", SECRET, f"\ufeff{SECRET}\nand a second line\n"])
async def test_a_line_of_standard_input_is_kept(keyring: Session, given: str):
    assert keep("crm", given.encode()) == (0, "The secret is kept.\n", "")
    assert await WebhookSecrets().secret("crm") == SECRET
    assert await WebhookSecrets().secret("other") == ""
    await WebhookSecrets().forget("crm")


@pytest.mark.parametrize("given", [b"", b"\n"])
async def test_an_empty_one_takes_it_out(keyring: Session, given: bytes):
    await WebhookSecrets().keep("crm", SECRET)
    for _ in range(2):
        assert keep("crm", given) == (0, "There is no secret of that name any more.\n", "")
        assert await WebhookSecrets().secret("crm") == ""


async def test_what_is_not_text_changes_nothing(keyring: Session):
    await WebhookSecrets().keep("crm", SECRET)
    code, out, said = keep("crm", b"caf\xe9\n")
    assert (code, out, said) == (1, "", "nextcall: The secret is not written in UTF-8. Nothing was changed.\n")
    assert await WebhookSecrets().secret("crm") == SECRET
    await WebhookSecrets().forget("crm")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always has a keyring, and it is the user's own")
def test_without_a_keyring_it_is_told_in_a_sentence():
    for given in (f"{SECRET}\n".encode(), b""):
        code, out, said = keep("crm", given)
        assert (code, out) == (1, "")
        assert said.startswith("nextcall: The keyring could not keep or tell the secret of a webhook: the keyring said ")
        assert said.endswith(" Unlock this computer's keyring, then try again.\n")
        assert said.count("\n") == 1


def test_a_secret_is_no_argument():
    done = subprocess.run([*COMMAND, "crm", SECRET], capture_output=True, timeout=60, check=False)
    assert done.returncode == 2


# ---------------------------------------------------------------------------------------------------------- on a terminal


def on_a_terminal(name: str, typed: bytes) -> tuple[int, str]:
    """The exit code and everything that could be seen on the terminal."""
    if sys.platform == "win32":
        pytest.skip("Windows has no terminals of this kind")
    near, far = os.openpty()
    try:
        program = subprocess.Popen([*COMMAND, name], stdin=far, stdout=far, stderr=far, start_new_session=True)
        seen = b""
        try:
            seen += _until(near, b"(nothing is shown): ")
            os.write(near, typed)
            code = program.wait(timeout=60)
        finally:
            program.kill()
            program.wait()
        os.close(far)
        far = -1
        return code, (seen + _rest(near)).decode()
    finally:
        os.close(near)
        if far >= 0:
            os.close(far)


def _until(terminal: int, text: bytes) -> bytes:
    seen, last = b"", time.monotonic() + 60
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, last - time.monotonic()))
        if not ready:
            pytest.fail(f"waited for {text!r}, saw {seen!r}")
        seen += os.read(terminal, 4096)
    return seen


def _rest(terminal: int) -> bytes:
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed: everything has been read
        while data := os.read(terminal, 4096):
            seen += data
    return seen


async def test_what_is_typed_is_kept_and_not_shown(keyring: Session):
    code, seen = on_a_terminal("crm", f"{SECRET}\n".encode())
    assert code == 0, seen
    assert seen.split() == ["Secret", "(nothing", "is", "shown):", "The", "secret", "is", "kept."]
    assert await WebhookSecrets().secret("crm") == SECRET
    code, seen = on_a_terminal("crm", b"\n")
    assert code == 0
    assert "There is no secret of that name any more." in seen
    assert await WebhookSecrets().secret("crm") == ""


async def test_the_end_of_the_terminal_changes_nothing(keyring: Session):
    await WebhookSecrets().keep("crm", SECRET)
    code, seen = on_a_terminal("crm", b"\x04")
    assert code == 1
    assert "Nothing was changed." in seen
    assert await WebhookSecrets().secret("crm") == SECRET
    await WebhookSecrets().forget("crm")
