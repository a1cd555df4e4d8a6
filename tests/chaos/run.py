"""One chaos run: a practice service that goes wrong, a program that is killed again and again, and what must be true then.

This process is the fork server: it has imported everything and has read the service's description, so that a life of the program
costs a fork. It must stay free of threads, which a fork would not take along. All dice come from the seed; what it cannot hold is
when the operating system runs which process, so a failing seed may need a few repetitions.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import sqlite3
import threading
import time
import traceback
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import httpx
import msgspec

from desktop.callcenter import soap
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.shift import delivery, session
from desktop.shift.journal import Draft
from tests.chaos.agent import KEY, ScriptedAgent
from tests.chaos.dangers import LEFT_ALONE, DeadlyCenter, Death, deaths, faults
from tests.chaos.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from desktop.practice.mischief import Fault

PATIENCE = 30.0
"""Seconds after which a life of the program is taken to hang."""
_CALM_LIVES = 4
"""So many starts must be enough to settle everything, once nothing goes wrong any more."""
_SETTLED, _UNSETTLED, _FAILED = 0, 10, 11
"""How a life that was not killed ends."""


@dataclass
class Outcome:
    """What came of one run."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    lives: int = 0
    kills: int = 0
    calls: int = 0
    attempts: int = 0
    duplicates: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0


def hurry() -> None:
    """Shorten every wait of the product, for this process and its children."""
    delivery.FIRST_PAUSE, delivery.LONGEST_PAUSE = 0.002, 0.02
    session.LONGEST_PAUSE = 0.02
    soap.SHORT_CALL = httpx.Timeout(connect=1, write=1, read=0.25, pool=1)


def play(seed: int, folder: Path) -> Outcome:
    """Play the run of that seed, with everything it leaves below `folder`, and look at what it left."""
    outcome = Outcome(seed)
    began = time.monotonic()
    dice = random.Random(seed)
    data = folder / f"seed-{seed}"
    quota = dice.randint(3, 6)
    planned = tuple(faults(dice))
    with _service(dice.getrandbits(32), planned) as service:
        url = service.ask("url")
        center = _opened(url)
        ends = [*deaths(dice), *[LEFT_ALONE] * _CALM_LIVES]
        for number, death in enumerate(ends):
            if number == len(ends) - _CALM_LIVES:
                service.ask("calm")
            outcome.lives += 1
            ended = _live(ScriptedLife(center, url, data, quota, f"{seed}.{number}", death))
            outcome.kills += ended == -signal.SIGKILL
            if ended == _SETTLED:
                break
            if ended not in {_UNSETTLED, -signal.SIGKILL}:
                outcome.wrong.append(f"life {number} ({death}) ended with {ended}: {_last_words(data)}")
                break
        else:
            outcome.wrong.append("the journal is not settled, however often the program is started")
        report = service.ask("report")
    outcome.faults = dict(Counter(one["fault"] for one in report["done"]))
    _judge(outcome, data, report)
    outcome.seconds = round(time.monotonic() - began, 2)
    return outcome


# --------------------------------------------------------------------------------------------------- the agent's program


@dataclass(frozen=True)
class ScriptedLife:
    """What a child is to do."""

    center: DeadlyCenter
    url: str
    folder: Path
    quota: int
    seed: str
    death: Death

    def live(self) -> int:
        async def live() -> bool:
            return await ScriptedAgent(self.center, self.url, self.folder, self.quota, self.seed, self.death).live()

        return _SETTLED if asyncio.run(live()) else _UNSETTLED


def _opened(url: str) -> DeadlyCenter:
    """A call center whose description is known, for all lives to come."""
    center = DeadlyCenter(url)
    asyncio.run(center.open())
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()
    return center


def _live(life: ScriptedLife) -> int:
    """Fork one life of the program; returns how it ended, as subprocess does."""
    child = os.fork()
    if child == 0:
        code = _FAILED
        try:
            code = life.live()
        except BaseException:  # noqa: BLE001 - told in the words that the run reports
            with _words(life.folder).open("a", encoding="utf-8") as words:
                traceback.print_exc(file=words)
        finally:
            os._exit(code)
    by_the_clock = life.death.where == "clock"
    deadline = time.monotonic() + (life.death.milliseconds / 1000 if by_the_clock else PATIENCE)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -signal.SIGKILL if by_the_clock else -signal.SIGALRM
        time.sleep(0.001)


def _words(folder: Path) -> Path:
    return folder.with_suffix(".words")


def _last_words(folder: Path) -> str:
    return _words(folder).read_text(encoding="utf-8") if _words(folder).exists() else "it hangs"


# ---------------------------------------------------------------------------------------------------- the call center


class Service:
    """The practice service of one run, in a process of its own."""

    def __init__(self, commands: Connection) -> None:
        self._commands = commands

    def ask(self, command: str) -> Any:
        """url: its address; calm: nothing goes wrong any more; report: what it knows now."""
        self._commands.send(command)
        return self._commands.recv()


@contextmanager
def _service(seed: int, planned: tuple[Fault, ...]) -> Iterator[Service]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(here, there, seed, planned), daemon=True)
    process.start()
    there.close()
    try:
        yield Service(here)
    finally:
        here.close()
        process.join()


def _serve(others: Connection, commands: Connection, seed: int, planned: tuple[Fault, ...]) -> None:
    others.close()  # inherited; else this end would never see the other one go
    scenario = msgspec.structs.replace(load_scenario(), key=KEY, ring_seconds=0.005, wait_seconds=(0.0, 0.01), mischief=planned)
    service = PracticeService(scenario, dice=random.Random(seed))
    service.start()

    def report() -> dict[str, Any]:
        agents = service._center._agents.values()
        return {
            "ledger": service._center.ledger(),
            "done": service.mischief()["done"],
            "in queue": [agent.id for agent in agents if agent.logged_in or agent.waiters or agent.queueing],
        }

    try:
        while True:
            command = commands.recv()
            if command == "calm":
                service.plan_mischief([])
            commands.send({"url": service.service_url, "report": service._on_the_thread(report)}.get(command))
    except EOFError:
        service.stop()


# ----------------------------------------------------------------------------------------------------- what must be true


def _judge(outcome: Outcome, folder: Path, report: dict[str, Any]) -> None:
    """Everything that must be true after a run, against what the agent remembers and what the call center has got."""
    wrong = outcome.wrong
    notebook = Notebook(folder.with_suffix(".notebook"))
    ledger = {call["id"]: call for call in report["ledger"]}
    journal = _read_journal(folder / "journal.db")
    outcome.calls = len(notebook.finished)

    for call, decided in notebook.finished.items():
        received = [Draft(one["agentResponse"], one["agentNotes"]) for one in ledger[call]["responses"]]
        if not received:
            wrong.append(f"call {call}: what the agent finished never arrived: {decided}")
        elif any(one != decided for one in received):
            wrong.append(f"call {call}: the agent finished it with {decided}, but it has {received}")

    for call, entry in ledger.items():
        received = [(one["agentResponse"], one["agentNotes"]) for one in entry["responses"]]
        rows = journal.get(call, [])
        stored = {(row["disposition"], row["notes"]) for row in rows if row["state"] == "stored"}
        outcome.attempts += sum(len(row["outcomes"]) for row in rows)
        if set(received) != stored:
            wrong.append(f"call {call}: the journal has {rows}, the ledger {received}")
        if len(set(received)) > 1:
            wrong.append(f"call {call} has different responses: {received}")
        # Only the last attempt can be sure to have arrived; each one before it that did arrive must have left a doubt.
        doubts = sum(outcome in {"unsure", None} for row in rows for outcome in row["outcomes"][:-1])
        outcome.duplicates += max(0, len(received) - 1)
        if len(received) - 1 > doubts:
            wrong.append(f"call {call} was stored {len(received)} times, but the journal has {rows}")

    wrong += [f"call {call} is in the journal as stored, but not in the ledger" for call in journal.keys() - ledger.keys()]
    logged_off: dict[str, str] = {}
    for call in report["ledger"]:
        if call["connected_at"] > logged_off.get(call["agent"], "~"):
            wrong.append(f"call {call['id']} was connected to agent {call['agent']} after Logoff")
        for response in call["responses"]:
            if response["lastcall"]:
                logged_off.setdefault(call["agent"], response["received_at"])
    if report["in queue"] and not wrong:
        wrong.append(f"agents {report['in queue']} are still logged in")
    for path in [*folder.rglob("*"), *folder.parent.glob(f"{folder.name}.*")]:
        if path.is_file() and any(form in path.read_bytes() for form in {KEY.encode(), escape(KEY).encode()}):
            wrong.append(f"the key is in {path}")


def _read_journal(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every response by the id of its call, with the outcomes of its attempts in their order."""
    found: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute(
            "SELECT response.*, call_id FROM response JOIN call ON call.id = response.call ORDER BY response.id"
        ):
            outcomes = db.execute("SELECT outcome FROM attempt WHERE response = ? ORDER BY number", (row["id"],)).fetchall()
            found.setdefault(row["call_id"], []).append(dict(row) | {"outcomes": [one for (one,) in outcomes]})
    return found
