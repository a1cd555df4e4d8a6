"""Whether there is a newer NextCall: which answers count, how often is asked, and that failures are but lines in the log."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.outside.updates import AT_MOST_EVERY, Releases, Updates, is_newer, told_by
from tests.callcenter.wire import Authority, http, never_answers
from tests.outside.other import SECRET, OtherSystem, status
from tests.simulation import until

if TYPE_CHECKING:
    from pathlib import Path

HOST = "api.test"
NOW = 1_800_000_000.0


def release(tag: str, **more: object) -> bytes:
    """As GitHub describes one, with much that is no matter here."""
    described = {"url": f"https://{SECRET}", "html_url": "https://elsewhere.example/trap", "tag_name": tag, "draft": False}
    return http(json.dumps(described | {"prerelease": False, "assets": [{"size": 1}], **more}).encode())


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def updates(other: OtherSystem, folder: Path, clock: Clock, running: str = "1.9.0") -> Updates:
    return Updates(Releases(f"{other.url}/latest", "https://page.test"), folder / "newest.json", running=running, clock=clock)


# -------------------------------------------------------------------------------------------------------------- versions

IN_ORDER = ("0.1.0", "0.1.1", "0.2", "0.2.1", "0.9.9", "0.10.0", "1.0", "1.0.0.1", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "10.0.0")


@pytest.mark.parametrize("version", IN_ORDER)
@pytest.mark.parametrize("running", IN_ORDER)
def test_versions_are_compared_by_their_numbers(version: str, running: str):
    assert is_newer(version, running) == (IN_ORDER.index(version) > IN_ORDER.index(running))


@pytest.mark.parametrize(
    ("version", "running", "newer"),
    [
        ("1.2.0", "1.2", False),
        ("1.2", "1.2.0", False),
        ("1.2.0", "1.2.0rc1", True),
        ("1.2.0", "1.2.0.dev3", True),
        ("1.2.0", "1.2-beta", True),
        ("1.1.9", "1.2.0rc1", False),
        ("1.2.0", "1.2.0+site", False),
        ("1.3.0", "1.2.0+site", True),
        ("", "1.0.0", False),
        ("1.0.0", "unknown", False),
    ],
)
def test_a_prerelease_comes_before_its_release(version: str, running: str, newer: bool):
    assert is_newer(version, running) == newer


@given(st.text())
def test_whatever_a_version_is_nothing_breaks(text: str):
    assert not is_newer(text, text)


@pytest.mark.parametrize("tag", ["v2.0.0", "2.0.0", "v2.0", "v2.0.0.1"])
def test_a_release_tells_its_version(tag: str):
    assert told_by(json.dumps({"tag_name": tag}).encode()) == tag.removeprefix("v")


@pytest.mark.parametrize(
    "answer",
    [
        *(json.dumps({"tag_name": tag}) for tag in ("v2.0.0rc1", "v2.0.0-beta", "2", "now", "", "v2.0.0 ", "\u0662.0", "9" * 9)),
        json.dumps({"tag_name": "v2.0.0", "prerelease": True}),
        json.dumps({"tag_name": "v2.0.0", "draft": True}),
        json.dumps({"tag_name": 2}),
        json.dumps({"message": "Not Found"}),
        json.dumps([{"tag_name": "v2.0.0"}]),
        "<html>Please log in to the hotel's network</html>",
        "\xff",
        "",
    ],
)
def test_what_is_no_release_tells_nothing(answer: str):
    assert told_by(answer.encode("latin-1", errors="replace")) == ""


@given(st.binary())
def test_whatever_is_answered_nothing_breaks(answer: bytes):
    assert told_by(answer) == ""


def test_where_a_project_publishes():
    releases = Releases.of("https://github.com/somebody/nextcall")
    assert releases == Releases(
        "https://api.github.com/repos/somebody/nextcall/releases/latest", "https://github.com/somebody/nextcall/releases/latest"
    )
    assert Releases.of("") is None


# ---------------------------------------------------------------------------------------------------------------- asking


@pytest.mark.usefixtures("names")
async def test_a_newer_version_is_told_over_https(authority: Authority, tmp_path: Path, clock: Clock):
    async with OtherSystem(release("v1.10.0"), tls=authority.server_context(HOST), host=HOST) as other:
        asking = updates(other, tmp_path, clock)
        assert await asking.newer() == "1.10.0"
    [request] = other.asked
    assert (request.method, request.target, request.body) == ("GET", "/latest", b"")
    assert set(request.headers) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}  # nothing of the agent's
    assert asking.page == "https://page.test"  # not the answer's


@pytest.mark.usefixtures("names", "authority")
async def test_a_certificate_that_is_not_trusted_tells_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, clock: Clock, caplog: pytest.LogCaptureFixture
):
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    caplog.set_level(logging.INFO)
    async with OtherSystem(release("v1.10.0"), tls=stranger.server_context(HOST), host=HOST) as other:
        assert await updates(other, tmp_path, clock).newer() == ""
        assert other.requests == []
    assert "nobody has told of newer versions: The certificate of api.test is not trusted" in caplog.text


@pytest.mark.parametrize("tag", ["v1.9.0", "v1.8.7", "v2.0.0rc1"])
async def test_an_older_version_or_a_prerelease_is_no_news(tmp_path: Path, clock: Clock, tag: str):
    async with OtherSystem(release(tag)) as other:
        assert await updates(other, tmp_path, clock).newer() == ""


@pytest.mark.parametrize("anew", [False, True], ids=["one run", "two starts"])
async def test_it_is_asked_once_a_day(tmp_path: Path, clock: Clock, anew: bool):
    async with OtherSystem(release("v1.10.0"), release("v1.11.0")) as other:
        first = updates(other, tmp_path, clock)
        assert await first.newer() == "1.10.0"
        second = updates(other, tmp_path, clock) if anew else first
        clock.now += AT_MOST_EVERY - 1
        assert await second.newer() == "1.10.0"
        assert len(other.asked) == 1
        clock.now += 1
        assert await second.newer() == "1.11.0"
        assert len(other.asked) == 2


async def test_what_was_told_is_no_news_any_more_once_it_runs(tmp_path: Path, clock: Clock):
    async with OtherSystem(release("v1.10.0")) as other:
        assert await updates(other, tmp_path, clock).newer() == "1.10.0"
        assert await updates(other, tmp_path, clock, running="1.10.0").newer() == ""
        assert len(other.asked) == 1


async def test_a_clock_that_was_wrong_does_not_keep_it_from_asking(tmp_path: Path, clock: Clock):
    async with OtherSystem(release("v1.10.0")) as other:
        await updates(other, tmp_path, clock).newer()
        clock.now -= 10 * 365 * AT_MOST_EVERY
        await updates(other, tmp_path, clock).newer()
        assert len(other.asked) == 2


@pytest.mark.parametrize("broken", [status("500 Oops"), status("403 rate limit exceeded"), http(b"{}"), b"HTTP/1.1 200 OK\r\n"])
async def test_a_failure_waits_a_day_too_and_what_was_known_stays(
    tmp_path: Path, clock: Clock, broken: bytes, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    async with OtherSystem(release("v1.10.0"), broken) as other:
        await updates(other, tmp_path, clock).newer()
        clock.now += AT_MOST_EVERY
        for _ in range(3):
            assert await updates(other, tmp_path, clock).newer() == "1.10.0"
        assert len(other.asked) == 2
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO"]
    assert SECRET not in caplog.text


async def test_whoever_is_interrupted_has_asked(tmp_path: Path, clock: Clock):
    async with OtherSystem(never_answers) as other:
        asking = asyncio.create_task(updates(other, tmp_path, clock).newer())
        await until(lambda: other.asked)
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.wait_for(other.gone.wait(), 10)
        assert await updates(other, tmp_path, clock).newer() == ""
        assert len(other.asked) == 1


# --------------------------------------------------------------------------------------------------------------- keeping


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"asked": "yesterday"}', b'{"newest": 7}', b"\xff"])
async def test_a_damaged_file_is_as_none(tmp_path: Path, clock: Clock, content: bytes):
    (tmp_path / "newest.json").write_bytes(content)
    async with OtherSystem(release("v1.10.0")) as other:
        assert await updates(other, tmp_path, clock).newer() == "1.10.0"


async def test_a_version_in_the_file_that_is_none_is_not_shown(tmp_path: Path, clock: Clock):
    (tmp_path / "newest.json").write_text(json.dumps({"asked": NOW, "newest": "9.9 <b>click here</b>"}))
    async with OtherSystem(release("v1.10.0")) as other:
        assert await updates(other, tmp_path, clock).newer() == ""


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root and Windows can write where others cannot")
async def test_a_folder_that_cannot_be_written_is_asked_from_all_the_same(tmp_path: Path, clock: Clock):
    tmp_path.chmod(0o500)
    async with OtherSystem(release("v1.10.0")) as other:
        assert await updates(other, tmp_path, clock).newer() == "1.10.0"


async def test_a_file_that_cannot_be_kept_still_gives_one_question_a_run(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "newest.json").mkdir()
    caplog.set_level(logging.INFO)
    async with OtherSystem(release("v1.10.0")) as other:
        asking = updates(other, tmp_path, clock)
        assert await asking.newer() == await asking.newer() == "1.10.0"
        assert len(other.asked) == 1
    assert "is not kept" in caplog.text
