"""How many agents one practice service can hold in its queue at once, on one core, and what each costs in memory."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tests.bench.table import Row, percentile

STEPS = (500, 1000, 2000, 3000, 4000)
WAIT = (25.0, 45.0)
"""Seconds that each agent waits, drawn evenly: long enough that all wait at once."""
LATE = 100.0
"""Milliseconds."""
_SCENARIO = """
key = "bench"
ring_seconds = 0
wait_seconds = [{0}, {1}]
[[campaign]]
id = 1001
[[person]]
phonenumber = "+1 202 555 0143"
firstname = "Zoë"
lastname = "Lantern"
city = "Salem"
"""
_ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:{0} xmlns:n="{1}">'
    "<n:key>bench</n:key><n:campaignId>1001</n:campaignId>{2}</n:{0}></e:Body></e:Envelope>"
)


def measure(*, quick: bool = False) -> Iterator[Row]:
    """The rows; `quick` for a look."""
    _allow_many_files()
    most, memory, latest = 0, 0.0, [0.0]
    for agents in STEPS[:1] if quick else STEPS:
        late, each = asyncio.run(_held(agents))
        if percentile(late, 99) > LATE:
            break
        most, memory, latest = agents, each, late
    yield Row(
        "practice: agents blocked at once", "", [float(most)], goal="2000", at_least=True, note="on one core, p99 below 100 ms"
    )
    yield Row("practice: connected to delivered", "ms", latest, goal=f"{LATE:g}", by=99, note=f"{most} agents")
    yield Row("practice: memory per blocked agent", "KB", [memory * 1000])


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _held(agents: int) -> tuple[list[float], float]:
    """Milliseconds from each agent's connection to its delivery, and megabytes per agent, with so many waiting at once."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario.toml"
        scenario.write_text(_SCENARIO.format(*WAIT), encoding="utf-8")
        command = [sys.executable, "-m", "desktop", "practice-service", "--scenario", str(scenario)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
            with suppress(AttributeError, OSError):
                os.sched_setaffinity(service.pid, {0})
            assert service.stdout
            url = service.stdout.readline().removeprefix("ready ").strip()
            try:
                return await _queue(url, agents, service.pid)
            finally:
                service.kill()


async def _queue(url: str, agents: int, process: int) -> tuple[list[float], float]:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    wsdl = urllib.request.urlopen(url).read().decode()
    namespace = wsdl.partition('targetNamespace="')[2].partition('"')[0]
    before = _memory(process)

    async def ask(function: str, more: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = _ENVELOPE.format(function, namespace, more).encode()
        head = "POST /service/PredictiveService HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
        head += f'SOAPAction: "{function}"\r\n'
        writer.write(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.read(-1)
        writer.close()
        if b" 200 " not in answer[:20]:
            raise RuntimeError(answer.decode())
        return answer.decode()

    turn = asyncio.Semaphore(8)

    async def agent(number: int) -> tuple[str, float]:
        phone = f"+1202{number:07}"
        async with turn:
            await ask("sendAgentCallBack", f"<n:phonenumber>{phone}</n:phonenumber>")
            agent_id = ""
            while not agent_id:
                agent_id = await asyncio.to_thread(_agent_id, port, phone)
            await ask("loginAgent", f"<n:agentId>{agent_id}</n:agentId>")
        answer = await ask("getConnectionForAgent", f"<n:agentId>{agent_id}</n:agentId>")
        return answer.partition("<id>")[2].partition("<")[0] or _id(answer), time.time()

    waiting = [asyncio.create_task(agent(number)) for number in range(agents)]
    await asyncio.sleep(WAIT[0] - 3)
    memory = (_memory(process) - before) / agents
    arrived = dict(await asyncio.gather(*waiting))
    ledger = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/practice/ledger"))
    connected = {one["id"]: datetime.fromisoformat(one["connected_at"]).timestamp() for one in ledger}
    return [(at - connected[call]) * 1000 for call, at in arrived.items()], memory


def _id(answer: str) -> str:
    return answer.partition(":id>")[2].partition("<")[0]


def _agent_id(port: int, phone: str) -> str:
    address = f"http://127.0.0.1:{port}/practice/phones/{urllib.request.quote(phone)}"
    view = json.load(urllib.request.urlopen(address))
    return str(view["agentId"] or "") if view["state"] == "connected" else ""


def _memory(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
