"""The log file: it turns over, keeps talkative libraries quiet, and a shift leaves no secret in it."""

from __future__ import annotations

import logging
import logging.handlers
from typing import TYPE_CHECKING

import pytest

from desktop import logs
from desktop.callcenter.model import Account, CallResponse
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import CallCenterError
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sEcReT-<&>-0123456789abcdef"
TALKATIVE = ["httpx", "httpcore", "h11", "zeep", "urllib3", "keyring", "asyncio", "qasync", "jeepney", "uvicorn"]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def _log_handler() -> logging.handlers.RotatingFileHandler:
    handler = logging.getLogger().handlers[-1]
    assert isinstance(handler, logging.handlers.RotatingFileHandler)
    return handler


def test_the_log_tells_what_is_done_with_time_and_place(tmp_path: Path):
    path = logs.set_up(tmp_path / "data")
    logging.getLogger("desktop.shift").info("waiting for %s", "a call")
    logging.getLogger("desktop.shift").debug("not this")
    assert path == tmp_path / "data" / "nextcall.log"
    text = path.read_text(encoding="utf-8")
    assert text.endswith("INFO    desktop.shift: waiting for a call\n")
    assert "not this" not in text


def test_the_log_never_takes_more_than_three_megabytes(tmp_path: Path):
    logs.set_up(tmp_path)
    for number in range(45):
        logging.getLogger("desktop").info("%02d %s", number, "x" * 100_000)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["nextcall.log", "nextcall.log.1", "nextcall.log.2"]
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)
    assert " 44 x" in files[0].read_text(encoding="utf-8")


def test_odd_characters_do_not_stop_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    path = logs.set_up(tmp_path)
    monkeypatch.setattr(logging.getLogger(), "handlers", [_log_handler()])  # pytest's own cannot pass them on to its report
    logging.getLogger("desktop").info("Zoë \u05e9 \U0001f33b \ud800 \x00")
    assert "Zoë" in path.read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_written_gets_no_log_and_no_complaint(tmp_path: Path):
    (tmp_path / "a file").touch()
    logs.set_up(tmp_path / "a file" / "below it")
    logging.getLogger("desktop").info("unheard")
    assert isinstance(logging.getLogger().handlers[-1], logging.NullHandler)


@pytest.mark.parametrize("name", [*TALKATIVE, "zeep.transports", "httpcore.http11"])
def test_talkative_libraries_are_held(tmp_path: Path, name: str):
    path = logs.set_up(tmp_path)
    logging.getLogger(name).info("everything about %s", KEY)
    logging.getLogger(name).debug("and more about %s", KEY)
    assert path.read_text(encoding="utf-8") == ""


@pytest.mark.filterwarnings("default")
async def test_a_shift_leaves_no_secret_in_the_log(tmp_path: Path):
    path = logs.set_up(tmp_path)
    _log_handler().setLevel(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)  # whatever anybody may turn on
    service = PracticeService(load_scenario())
    service.start()
    center = SoapCallCenter(service.service_url)
    account = Account(KEY, 1)
    try:
        await center.open()
        for refused in (
            center.send_agent_call_back(account, "+1 202 555 0143"),
            center.login_agent(account, "4027"),
            center.get_connection_for_agent(account, "4027"),
            center.store_agent_response(account, "4027", CallResponse("c1", "Interested", "likes umbrellas")),
        ):
            with pytest.raises(CallCenterError):
                await refused
    finally:
        await center.close()
        service.stop()
    logging.getLogger("desktop").info("the end")
    text = path.read_text(encoding="utf-8")
    assert "the end" in text
    for secret in (KEY, KEY[:8], "&lt;&amp;&gt;", "umbrellas", "555 0143"):
        assert secret not in text
