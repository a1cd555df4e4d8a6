"""The practice service as a program of its own, as the command line runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.practice.outside import PHONE, Caller, envelope, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = """
import msgspec, sys
from desktop.practice.scenario import load_scenario
from desktop.practice.server import serve
serve(msgspec.structs.replace(load_scenario(), ring_seconds=0, people=()), int(sys.argv[1]))
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, "0"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        yield running
        running.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to one process")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly_with_a_blocked_call(
    program: subprocess.Popen[str], sent: signal.Signals
) -> None:
    assert program.stdout
    ready, _, url = program.stdout.readline().rstrip("\n").partition(" ")
    assert ready == "ready"
    caller = Caller(url)
    assert caller.get(url)[0] == 200
    agent_id = caller.log_in()
    asked = envelope("getConnectionForAgent", key="practice", campaignId=1, agentId=agent_id)
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as blocked:
        blocked.sendall(b"POST /service/PredictiveService HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked)
        until(lambda: caller.json(f"/practice/phones/{PHONE.replace(' ', '')}")["heard"][-1] == "hold music")
        program.send_signal(sent)
        assert program.wait() == 0
        assert b"503" in blocked.recv(65536).splitlines()[0]
    assert program.stdout.read() == ""
    assert program.stderr
    assert program.stderr.read() == ""


def test_a_taken_port_is_told_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(port)], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
        )
    assert program.stdout == ""
    assert f"Port {port} is in use by another program." in program.stderr
