"""Profiles from an address: fetched when they have changed, whole or not at all, and kept for when nobody answers."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.errors import OutsideError, OutsideNotReached, OutsideRefused, ProfileError
from desktop.outside import profiles as module
from desktop.outside import web
from desktop.outside.profiles import AT_MOST_EVERY, RemoteProfile
from desktop.popup.current import NONE, CurrentProfile
from tests.callcenter.wire import Authority, answers, hangs_up, http
from tests.outside.other import NOT_MODIFIED, SECRET, OtherSystem, status
from tests.simulation import until

if TYPE_CHECKING:
    from typing import Any

FIRST = http(b'name = "first"', "200 OK", 'ETag: "1"', "Last-Modified: Tue, 03 Nov 2026 08:00:00 GMT")
SECOND = http(b'name = "second"', "200 OK", 'ETag: "2"')


class Clock:
    """Seconds that go by when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def at(other: OtherSystem, folder: Path, path: str = f"/{{campaign}}.toml?token={SECRET}") -> RemoteProfile:
    return RemoteProfile(f"{other.url}{path}", folder)


def asked(other: OtherSystem) -> list[dict[str, str]]:
    """The condition of each request."""
    return [{name: value for name, value in one.headers.items() if name.startswith("if-")} for one in other.asked]


async def test_a_profile_is_fetched_and_kept(folder: Path):
    async with OtherSystem(FIRST) as other:
        remote = at(other, folder)
        assert remote.kept(77) is None
        assert remote.confirmed(77) is None
        file = await remote.refresh(77)
        assert [one.target for one in other.asked] == [f"/77.toml?token={SECRET}"]
    assert file is not None
    assert file.read_text() == 'name = "first"'
    assert file.parent == folder
    assert remote.kept(77) == file
    assert sorted(one.suffix for one in folder.iterdir()) == [".json", ".toml"]
    assert SECRET not in "".join(f"{one.name} {one.read_text()}" for one in folder.iterdir())


async def test_the_next_start_asks_only_for_what_has_changed(folder: Path):
    async with OtherSystem(FIRST, NOT_MODIFIED, SECOND, NOT_MODIFIED) as other:
        files = [await at(other, folder).refresh(77) for _ in range(4)]
        assert asked(other) == [
            {},
            {"if-none-match": '"1"', "if-modified-since": "Tue, 03 Nov 2026 08:00:00 GMT"},
            {"if-none-match": '"1"', "if-modified-since": "Tue, 03 Nov 2026 08:00:00 GMT"},
            {"if-none-match": '"2"'},
        ]
    assert len(set(files)) == 1
    assert files[0] is not None
    assert files[0].read_text() == 'name = "second"'


async def test_every_answer_confirms_what_is_kept(folder: Path):
    async with OtherSystem(FIRST, NOT_MODIFIED, SECOND, status("503 Busy")) as other:
        remote = at(other, folder)
        times = []
        for _ in range(3):
            await remote.refresh(77, forced=True)
            told = remote.confirmed(77)
            assert told is not None
            assert told.utcoffset() is not None
            times.append(told.timestamp())
            for one in folder.glob("*.json"):
                os.utime(one, (1_700_000_000, 1_700_000_000))
        with pytest.raises(OutsideRefused):
            await remote.refresh(77, forced=True)
        told = remote.confirmed(77)
    assert min(times) > 1_700_000_000
    assert told is not None
    assert told.timestamp() == 1_700_000_000


@pytest.mark.parametrize("line", ["404 Not Found", "410 Gone"])
async def test_a_profile_that_is_gone_is_kept_no_longer(folder: Path, line: str):
    async with OtherSystem(FIRST, status(line), FIRST) as other:
        remote = at(other, folder)
        await remote.refresh(77)
        assert await remote.refresh(77, forced=True) is None
        assert remote.kept(77) is None
        assert list(folder.iterdir()) == []
        assert await remote.refresh(77, forced=True) is not None
        assert asked(other)[2] == {}


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (http(b'name = "sec', "200 OK", 'ETag: "2"'), ProfileError, "end of document: this is not TOML"),
        (http(b'nam = "x"'), ProfileError, "nam: there is no such name"),
        (http(b"<html><title>Sign in to the guest network</title>"), ProfileError, "this is not TOML"),
        (http(b"#" * 1_000_001), ProfileError, "it has more than 1,000,000 bytes"),
        (http(b"#" * 2_000_001), OutsideNotReached, "more than 2,000,000 bytes"),
        (http(b'name = "second"\n# and the rest', length=999), OutsideNotReached, "broke its answer off"),
        (
            status("302 Found", f"Location: https://elsewhere.example/?{SECRET}"),
            OutsideRefused,
            "a redirect to elsewhere.example",
        ),
        (status("500 Oops"), OutsideRefused, "HTTP 500"),
        (status("403 Forbidden"), OutsideRefused, "HTTP 403"),
        (hangs_up, OutsideNotReached, "broke its answer off"),
        (
            http(b'[program]\ncommand = ["/usr/bin/crm"]', "200 OK", 'ETag: "2"'),
            ProfileError,
            "program: programs are started only for a profile that is a file on this computer",
        ),
    ],
    ids=["cut", "misspelt", "a page", "large", "too large", "broken off", "redirect", "500", "403", "closed", "program"],
)
async def test_what_cannot_be_used_leaves_the_kept_one(folder: Path, reply: Any, kind: type[Exception], words: str):
    async with OtherSystem(FIRST, reply) as other:
        remote = at(other, folder)
        file = await remote.refresh(77)
        before = {one: (one.read_bytes(), one.stat().st_mtime_ns) for one in folder.iterdir()}
        for starts_anew in (False, True):
            remote = at(other, folder) if starts_anew else remote
            with pytest.raises(kind) as caught:
                await remote.refresh(77, forced=True)
            assert isinstance(caught.value, (OutsideError, ProfileError))
            assert words in caught.value.reason
            assert "127.0.0.1" in caught.value.reason
            assert SECRET not in caught.value.reason
            assert remote.kept(77) == file
            assert {one: (one.read_bytes(), one.stat().st_mtime_ns) for one in folder.iterdir()} == before
        assert asked(other)[2]["if-none-match"] == '"1"'


async def test_without_the_network_the_kept_one_is_there(folder: Path):
    async with OtherSystem(FIRST) as other:
        file = await at(other, folder).refresh(77)
    remote = at(other, folder)
    with pytest.raises(OutsideNotReached):
        await remote.refresh(77)
    assert remote.kept(77) == file
    assert remote.confirmed(77) is not None


@pytest.mark.parametrize("damage", ["cut", "another", "gone", "no index", "broken index", "strange index", "list"])
async def test_what_was_damaged_is_fetched_anew(folder: Path, damage: str):
    async with OtherSystem(FIRST, FIRST) as other:
        file = await at(other, folder).refresh(77)
        assert file is not None
        index = file.with_suffix(".json")
        match damage:
            case "cut":
                file.write_bytes(file.read_bytes()[:-3])
            case "another":
                file.write_text("name = 'other'")
            case "gone":
                file.unlink()
            case "no index":
                index.unlink()
            case "broken index":
                index.write_bytes(b'{"sha')
            case "strange index":
                index.write_text(json.dumps({**json.loads(index.read_text()), "sha256": 7}))
            case "list":
                index.write_text("[]")
        assert await at(other, folder).refresh(77) == file
        assert asked(other) == [{}, {}]
    assert file.read_text() == 'name = "first"'


async def test_a_stop_between_the_two_files_mixes_nothing_up(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The new profile is there, its version is not yet: the old version must not be taken for that of the new profile."""
    put = module.files.write

    def stops(file: Path, content: bytes) -> None:
        if file.suffix == ".json":
            raise OSError(5, "the power is gone")
        put(file, content)

    async with OtherSystem(FIRST, SECOND, FIRST) as other:
        await at(other, folder).refresh(77)
        monkeypatch.setattr(module.files, "write", stops)
        with pytest.raises(
            ProfileError, match=r"The profile of campaign 77 from 127\.0\.0\.1 cannot be kept: the power is gone\."
        ):
            await at(other, folder).refresh(77)
        monkeypatch.setattr(module.files, "write", put)
        await at(other, folder).refresh(77)
        assert asked(other)[2] == {}


async def test_campaigns_and_addresses_are_kept_apart(folder: Path):
    async with OtherSystem(FIRST, SECOND, http(b'name = "third"'), http(b'name = "fourth"')) as other:
        one, same, else_ = at(other, folder), at(other, folder), at(other, folder, "/{campaign}.toml?token=another")
        files = [await one.refresh(7), await one.refresh(77), await else_.refresh(7), await same.refresh(77, forced=True)]
    assert [file.read_text() for file in files if file] == [
        'name = "first"',
        'name = "fourth"',
        'name = "third"',
        'name = "fourth"',
    ]
    assert (one.kept(7), one.kept(77), else_.kept(7), else_.kept(77)) == (files[0], files[1], files[2], None)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.text(max_size=20), st.integers(0, 10**12)),
        min_size=2,
        max_size=9,
        unique_by=lambda one: (one[0].strip(), one[1]),
    )
)
def test_no_two_share_a_file(places: list[tuple[str, int]]):
    files = {RemoteProfile(address, Path("x"))._file(campaign_id) for address, campaign_id in places}
    assert len(files) == len(places)
    assert all(file.parent == Path("x") for file in files)


async def test_an_address_without_a_place_for_the_campaign_is_asked_as_it_is(folder: Path):
    async with OtherSystem(FIRST) as other:
        assert await at(other, folder, "/all.toml").refresh(77) is not None
        assert other.asked[0].target == "/all.toml"


async def test_an_address_that_cannot_be_used_is_told(folder: Path):
    with pytest.raises(OutsideError, match="begins with https://"):
        await RemoteProfile("http://profiles.example/{campaign}", folder).refresh(77)
    assert not folder.exists()


async def test_a_folder_that_cannot_be_written(folder: Path):
    folder.write_text("no folder")
    async with OtherSystem(FIRST) as other:
        with pytest.raises(ProfileError, match="cannot be kept"):
            await at(other, folder).refresh(77)


async def test_over_tls_as_everywhere(authority: Authority, folder: Path):
    async with OtherSystem(FIRST, tls=authority.server_context("localhost"), host="localhost") as other:
        assert await at(other, folder).refresh(77) is not None


# --------------------------------------------------------------------------------------------------------------- how often


async def test_the_same_campaign_is_asked_for_once_a_minute(folder: Path):
    clock = Clock()
    async with OtherSystem(FIRST, NOT_MODIFIED) as other:
        remote = RemoteProfile(f"{other.url}/{{campaign}}", folder, clock=clock)
        file = await remote.refresh(7)
        clock.now += AT_MOST_EVERY - 1
        assert await remote.refresh(7) == file
        assert len(other.asked) == 1
        await remote.refresh(7, forced=True)
        assert len(other.asked) == 2
        clock.now += 1
        await remote.refresh(7)
        assert len(other.asked) == 2  # a minute after the last question, however it came about
        clock.now += AT_MOST_EVERY
        assert await remote.refresh(7) == file
        assert len(other.asked) == 3


async def test_each_campaign_has_a_minute_of_its_own(folder: Path):
    async with OtherSystem(FIRST) as other:
        remote = RemoteProfile(f"{other.url}/{{campaign}}", folder, clock=Clock())
        for campaign_id in (7, 8, 7, 8):
            await remote.refresh(campaign_id)
        assert [one.target for one in other.asked] == ["/7", "/8"]


async def test_a_failure_holds_for_its_minute_as_well(folder: Path):
    clock = Clock()
    async with OtherSystem(status("500 Oops"), FIRST) as other:
        remote = RemoteProfile(f"{other.url}/{{campaign}}", folder, clock=clock)
        for _ in range(3):
            with pytest.raises(OutsideRefused):
                await remote.refresh(7)
        assert len(other.asked) == 1
        clock.now += AT_MOST_EVERY
        assert await remote.refresh(7) is not None


async def test_whoever_asks_meanwhile_gets_the_same_answer(folder: Path):
    go_on = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        await go_on.wait()
        await answers(FIRST)(reader, writer, request)

    async with OtherSystem(waits) as other:
        remote = RemoteProfile(f"{other.url}/{{campaign}}", folder, clock=Clock())
        asking = [asyncio.create_task(remote.refresh(7)) for _ in range(3)]
        await until(lambda: other.asked)
        go_on.set()
        files = await asyncio.gather(*asking)
        assert len(other.asked) == 1
    assert set(files) == {remote.kept(7)}


async def test_who_stopped_asking_may_ask_again_at_once(folder: Path):
    async with OtherSystem(_never, FIRST) as other:
        remote = RemoteProfile(f"{other.url}/{{campaign}}", folder, clock=Clock())
        asking = asyncio.create_task(remote.refresh(7))
        await until(lambda: other.asked)
        asking.cancel()
        await asyncio.wait([asking])
        assert await remote.refresh(7) is not None


async def _never(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _request: bytes) -> None:
    await reader.read()


# ------------------------------------------------------------------------------------------------- together with the others


async def test_the_kept_one_comes_after_file_and_folder(tmp_path: Path, folder: Path):
    async with OtherSystem(FIRST, http(b"", "404 Not Found")) as other:
        remote = at(other, folder)
        await remote.refresh(77)
        local = tmp_path / "profiles"
        local.mkdir()
        current = CurrentProfile(None, local, remote.kept)
        current.refresh(77)
        assert current.profile.name == "first"
        current.refresh(78)
        assert current.profile == NONE
        (local / "77.toml").write_text("name = 'local'")
        current.refresh(77)
        assert current.profile.name == "local"
        alone = tmp_path / "alone.toml"
        alone.write_text("name = 'alone'")
        file_first = CurrentProfile(alone, local, remote.kept)
        file_first.refresh(77)
        assert file_first.profile.name == "alone"
        (local / "77.toml").unlink()
        current.refresh(77)
        assert current.profile.name == "first"
        await remote.refresh(77, forced=True)
        current.refresh(77)
        assert current.profile == NONE


# ------------------------------------------------------------------------------------------- whatever the server says


REPLIES = {
    "first": FIRST,
    "second": SECOND,
    "without version": http(b'name = "third"'),
    "not modified": NOT_MODIFIED,
    "gone": status("404 Not Found"),
    "broken": http(b"nam = 1", "200 OK", 'ETag: "9"'),
    "cut": http(b'name = "fo', length=99),
    "out of order": status("500 Oops"),
}
NAMES = {"first": "first", "second": "second", "without version": "third"}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(sorted(REPLIES)), st.booleans()), max_size=8))
def test_what_is_kept_is_the_last_whole_one(said: list[tuple[str, bool]]):
    """A model of what must be kept after each answer, with new starts in between."""

    async def play(folder: Path) -> None:
        expected, version = "", False
        async with OtherSystem(FIRST) as other:
            remote = at(other, folder)
            for reply, starts_anew in said:
                remote = at(other, folder) if starts_anew else remote
                other.replies = [REPLIES[reply]]
                failed = False
                try:
                    file = await remote.refresh(77, forced=True)
                except (OutsideError, ProfileError):
                    failed, file = True, remote.kept(77)
                if reply in NAMES:
                    expected, version = f'name = "{NAMES[reply]}"', reply != "without version"
                elif reply == "gone":
                    expected, version = "", False
                assert failed == (reply in {"broken", "cut", "out of order"} or (reply == "not modified" and not version))
                assert (file.read_text() if file else "") == expected

    with tempfile.TemporaryDirectory() as place:
        asyncio.run(play(Path(place)))


def test_the_limits_fit_together():
    assert web.LARGEST_ANSWER > module.profile_file._LARGEST
