"""The history of a journal: what was written for any caller is found by its words, whatever somebody types to look for it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, CallResponse, Field
from desktop.shift import journal as module
from desktop.shift.journal import Draft, Journal, Settled
from tests.simulation import ACCOUNT, AGENT_ID, a_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PLACE = "https://calls.example/service?wsdl"


class Shift:
    """One that goes on, in an open journal."""

    def __init__(self, journal: Journal, number: int) -> None:
        self.journal = journal
        self.number = number

    async def store(self, call: Call, disposition: str = "Interested", notes: str = "", settled: Settled = Settled.STORED) -> str:
        """A call from its connection to what becomes of its response; gives its id."""
        self.journal.call_connected(self.number, call)
        await self.journal.begin_sending(self.number, call, CallResponse(call.id, disposition, notes), last=False)
        self.journal.settle(self.number, call.id, settled)
        return call.id

    def draft(self, call_id: str, draft: Draft) -> None:
        self.journal.draft_changed(self.number, call_id, draft)

    async def found(self, text: str = "", limit: int = 50, before: int | None = None) -> list[str]:
        """The ids of the calls that are found."""
        return [one.entry.call.id for one in await self.journal.history(text, limit=limit, before=before)]


@contextlib.asynccontextmanager
async def at_work(path: Path | None) -> AsyncIterator[Shift]:
    troubles: list[object] = []
    journal = Journal(path, troubles.append)
    await journal.open()
    try:
        yield Shift(journal, await journal.begin_shift(PLACE, ACCOUNT.campaign_id, AGENT_ID))
    finally:
        await journal.close()
    assert troubles == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def test_the_latest_first_however_they_ended(path: Path):
    async with at_work(path) as shift:
        calls = [await shift.store(a_call(), notes="by mail", settled=settled) for settled in Settled if settled != "sending"]
        shift.journal.call_connected(shift.number, now := a_call())
        assert await shift.found() == [now.id, *reversed(calls)]
        on_the_line, *_, first = await shift.journal.history()
        assert (on_the_line.entry.settled, on_the_line.campaign_id) == (None, ACCOUNT.campaign_id)
        assert first.entry.response == CallResponse(calls[0], "Interested", "by mail")


async def test_one_page_after_the_other(path: Path):
    async with at_work(path) as shift:
        calls = [await shift.store(a_call("Zoë" if number % 3 else "Maya")) for number in range(20)]
        for text, all_of_them in (("", calls), ("zoe", [one for number, one in enumerate(calls) if number % 3])):
            pages, before = [], None
            while page := await shift.journal.history(text, limit=4, before=before):
                assert len(page) <= 4
                pages += [one.entry.call.id for one in page]
                before = page[-1].entry.number
            assert pages == all_of_them[::-1]


async def test_by_anything_that_is_known_of_a_call(path: Path):
    inner = Field("extra_data", children=(Field("entry", "Gold plan", (("key", "tariff7"),)),))
    async with at_work(path) as shift:
        await shift.store(a_call("Maya Okafor", "+442079460018"), "Not home")
        notes = "Wants the blue one.\n[answers]\nsize = 9"
        call = await shift.store(a_call("Zoë Łuczak", "+12025550143", inner), "Call back later", notes)
        in_fields = ("zoe", "LUCZAK z", "gold", "tariff", "(202) 555-0143", "0143", call)
        for text in (*in_fields, "call back", "blue", "wants 9", "bl zo 555"):
            assert await shift.found(text) == [call], text
        for text in ("okafor blue", "lue", "1430", "goldplan"):
            assert await shift.found(text) == [], text


async def test_what_is_being_typed_is_found_and_what_it_was_before_is_not(path: Path):
    async with at_work(path) as shift:
        other = await shift.store(a_call(), notes="quince")
        call = a_call()
        shift.journal.call_connected(shift.number, call)
        for notes, answers in (("quince", {}), ("medlar", {"fruit": "sorb"}), ("", {})):
            shift.draft(call.id, Draft("", notes, answers))
            assert await shift.found("quince") == ([call.id, other] if notes == "quince" else [other])
            assert await shift.found("medl sor") == ([call.id] if answers else [])
        await shift.store(call, notes="quince")
        await shift.store(call, notes="plum", settled=Settled.REFUSED)  # and sent again with other words
        assert await shift.found("quince") == [other]
        assert await shift.found("plum") == [call.id]


async def test_notes_of_somebody_who_was_never_named(path: Path):
    async with at_work(path) as shift:
        shift.journal.someone_heard(shift.number, "heard at noon")
        shift.draft("heard at noon", Draft(notes="asked for the manager"))
        assert await shift.found("manager") == ["heard at noon"]
        assert await shift.found("noon") == []  # a name of ours
        shift.journal.someone_told(shift.number, "heard at noon", call := a_call("Maya Okafor"))
        assert await shift.found("manager maya") == [call.id]
        assert await shift.found("manager") == [call.id]
        following = await shift.store(a_call())
        assert await shift.found() == [following, call.id]
        assert await shift.found("manager") == [call.id]


async def test_a_number_that_is_given_again_does_not_bring_old_words(path: Path):
    """The journal's own numbers are those of rows, and a row that is deleted leaves its number to the next."""
    async with at_work(path) as shift:
        shift.journal.call_connected(shift.number, call := a_call())
        shift.journal.someone_heard(shift.number, "heard")
        shift.draft("heard", Draft(notes="asked for the manager"))
        [heard] = await shift.journal.history("manager")
        shift.journal.someone_told(shift.number, "heard", call)
        assert await shift.found("manager", limit=1) == [call.id]  # the row that is gone takes no place
        following = await shift.store(a_call())
        assert [(one.entry.number, one.entry.call.id) for one in await shift.journal.history(limit=1)] == [
            (heard.entry.number, following)
        ]
        assert await shift.found("manager") == [call.id]


async def test_calls_of_a_journal_from_before_there_was_a_history(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    steps = tmp_path / "schema"
    steps.mkdir()
    for step in sorted(module._SCHEMA.glob("*.sql"))[:4]:
        (steps / step.name).write_bytes(step.read_bytes())
    with monkeypatch.context() as before, contextlib.closing(sqlite3.connect(path)) as db:
        before.setattr(module, "_SCHEMA", steps)
        module.database.migrate(db, steps, None)
        db.execute("INSERT INTO shift VALUES (1, ?, 1001, '4027', '2025-01-06T12:00:00+00:00', NULL, NULL)", (PLACE,))
        db.executemany(
            "INSERT INTO call (shift_id, call_id, connected_at, fields, notes)"
            " VALUES (1, ?, '2025-01-06T12:00:00+00:00', '[]', ?)",
            ((f"c{number}", "quince" if number % 7 else "plum") for number in range(200)),
        )
        db.commit()
    async with at_work(path) as shift:
        assert len(await shift.found()) == 50
        assert await shift.found("plum") == [f"c{number}" for number in reversed(range(0, 200, 7))]


async def test_no_write_waits_until_a_search_has_taken_in_what_is_there(path: Path):
    async with at_work(path) as shift:
        shift.journal._post(
            lambda db: db.executemany(
                "INSERT INTO call (shift_id, call_id, connected_at, fields) VALUES (1, ?, '2025-01-06T12:00:00+00:00', '[]')",
                ((f"c{number}",) for number in range(3000)),
            )
        )
        search = asyncio.get_running_loop().create_task(shift.found("c1"))
        await asyncio.sleep(0)
        await shift.store(a_call())
        assert not search.done()
        assert len(await search) == 50


async def test_after_a_search_there_is_nothing_left_to_take_in(path: Path):
    async with at_work(path) as shift:
        await shift.store(a_call())
        shift.journal.call_connected(shift.number, a_call())
        await shift.found("zoe")
        assert await shift.journal._ask(lambda db: db.execute("SELECT count(*) FROM call WHERE NOT indexed").fetchall()) == [(0,)]


async def test_who_types_on_needs_no_earlier_answer(path: Path):
    async with at_work(path) as shift:
        await shift.store(a_call())
        searches = [asyncio.get_running_loop().create_task(shift.found(text)) for text in ("z", "zo", "zoe")]
        await asyncio.sleep(0)
        for overtaken in searches[:-1]:
            overtaken.cancel()
        assert len(await searches[-1]) == 1
        await asyncio.wait(searches)


async def test_a_journal_in_memory_has_a_history_too():
    async with at_work(None) as shift:
        call = await shift.store(a_call(), notes="quince")
        assert await shift.found("quin") == [call]


# ------------------------------------------------------------------------------------------------------- whatever is typed


HOSTILE = [
    '"', '""', '"quince', "'", "*", "quince*", "^quince", "quince AND", "NOT quince", "quince OR plum", "NEAR(quince plum)",
    "words:quince", "{words}: quince", "- quince", "-quince", "+", "(", "quince)", ";", "quince; DROP TABLE call_words", "--",
    "/*", "\\", "%", "_", "quince_plum", "\x00", "quince\x00plum", "\ud800", "\u0301", "\u202equince", "quince\u00a0plum",
    "📞 quince", "\u0661\u0662", "①", "ﬁ", "İ", "ß", "x" * 100_000, "quince " * 5000, "0" * 50, "( ) . - 0", "\n\t",
    "AND OR NOT NEAR",
]  # fmt: skip


def _in_memory(act: Callable[[Shift], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with at_work(None) as shift:
            await act(shift)

    asyncio.run(whole())


@pytest.mark.parametrize("text", HOSTILE, ids=itertools.count())
async def test_nothing_that_is_typed_is_taken_for_more_than_words(text: str):
    async with at_work(None) as shift:
        call = await shift.store(a_call(), notes="quince and plum, or not near words; drop table call_words")
        found = await shift.found(text)
        assert found in ([], [call])
        if "quince" in text:
            assert found == [call]


_WORDS = st.text(alphabet="abAB äßé", max_size=6)
_TEXTS = st.lists(_WORDS, max_size=3).map(" ".join)


@given(
    calls=st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS), max_size=6),
    texts=st.lists(st.one_of(_TEXTS, st.text(max_size=20)), min_size=1, max_size=4),
)
@example(calls=[("ä b", "", "A")], texts=["A b", '"a', "a* OR b"])
def test_what_is_found_is_what_plain_python_finds(calls: list[tuple[str, str, str]], texts: list[str]):
    def as_letters(text: str) -> str:
        kept = "".join(one if one.isalnum() else " " for one in text.casefold())
        return kept.replace("ä", "a").replace("é", "e")

    async def act(shift: Shift) -> None:
        said = {}
        for number, (name, disposition, notes) in enumerate(calls):
            call = Call(f"c{number}", (Field("name", name),))
            await shift.store(call, disposition, notes)
            said[call.id] = f"{call.id} {as_letters(' '.join((name, disposition, notes)))}".split()
        for text in texts:
            found = await shift.found(text)
            if all(one in "abAB äßé" for one in text):
                wanted = as_letters(text).split()
                expected = [id_ for id_, words in said.items() if all(any(w.startswith(one) for w in words) for one in wanted)]
                assert found == expected[::-1]

    _in_memory(act)
