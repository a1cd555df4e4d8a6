"""The campaign's profile from an address, at the desk: fetched when the shift starts, worn by the next call, and kept."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from desktop.outside.profiles import AT_MOST_EVERY, RemoteProfile
from desktop.popup.current import NONE, CurrentProfile
from desktop.ui.campaign import Campaign
from tests.callcenter.wire import hangs_up, http
from tests.outside import conftest as fixtures
from tests.outside.other import NOT_MODIFIED, OtherSystem, status
from tests.simulation import ACCOUNT, a_call, until
from tests.ui.screen import Role, message, part, press
from tests.ui.seat import Seat, seated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from desktop.tasks import Tasks
    from tests.callcenter.wire import Act, Authority

authority, names = fixtures.authority, fixtures.names
pytestmark = pytest.mark.usefixtures("qapp", "hurried")

OURS = ACCOUNT.campaign_id


def profile(name: str) -> bytes:
    text = f'name = "{name}"\n[[disposition]]\nname = "Interested in {name}"\n'
    return http(text.encode(), "200 OK", f'ETag: "{name}"')


BROKEN_OFF = http(b'name = "half', length=1000)
WRONG = http(b"nmae = 1")


class Headquarters:
    """An https address of the administrator, and the desks that have their profiles from it."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        self._tls = authority.server_context("hq.test")
        self._seconds = 1000.0
        self.address = ""
        self.told: list[str] = []
        """What was wrong, as desks have told their agents."""

    @asynccontextmanager
    async def open(self, *replies: bytes | Act) -> AsyncIterator[OtherSystem]:
        async with OtherSystem(*replies, tls=self._tls, host="hq.test") as system:
            self.address = f"{system.url}/profiles/{{campaign}}.toml?token=x"
            yield system

    def an_hour_later(self) -> None:
        self._seconds += 60 * AT_MOST_EVERY

    def kept(self) -> Path | None:
        return RemoteProfile(self.address, self.folder / "kept-profiles").kept(OURS)

    @asynccontextmanager
    async def seated(self) -> AsyncIterator[Seat]:
        """A desk whose profiles come from here, as app.py makes it."""
        remote = RemoteProfile(self.address, self.folder / "kept-profiles", clock=lambda: self._seconds)
        profiles = CurrentProfile(None, self.folder / "profiles", remote.kept)

        def campaign(tasks: Tasks) -> Campaign:
            return Campaign(profiles, tasks, remote)

        async with seated(campaign=campaign) as seat:
            assert seat.campaign is not None
            seat.campaign.troubled.connect(lambda title, text: self.told.append(f"{title} {text}"))
            yield seat


@pytest.fixture
def headquarters(tmp_path: Path, authority: Authority, names: None) -> Headquarters:
    return Headquarters(tmp_path, authority)


async def _start(seat: Seat) -> None:
    """Log in, and wait until the address has been asked."""
    await seat.log_in()
    await until(lambda: not seat.under_way("profile from its address"))


async def _take(seat: Seat) -> str:
    """A call from the beep to its end; gives the name of the profile that it wore."""
    await until(lambda: seat.center.waiting)
    seat.center.connect(a_call())
    await until(seat.popup.isVisible)
    worn = seat.popup.profile
    items = part(seat.popup, Role.List, "Disposition")
    items.setCurrentRow(0)
    assert items.chosen() == (f"Interested in {worn.name}" if worn != NONE else "Interested")
    press(seat.popup, "Next Call")
    await until(lambda: not seat.popup.isVisible())
    await until(lambda: not seat.under_way("profile from its address"))
    return worn.name


async def test_it_is_fetched_when_the_shift_starts_and_the_next_call_wears_it(headquarters: Headquarters):
    async with headquarters.open(profile("spring"), NOT_MODIFIED) as address:
        async with headquarters.seated() as seat:
            assert address.connections == 0
            await _start(seat)
            assert [one.target for one in address.asked] == [f"/profiles/{OURS}.toml?token=x"]
            assert await _take(seat) == "spring"
            assert await _take(seat) == "spring"
            assert address.connections == 1  # once a minute is enough
            headquarters.an_hour_later()
            assert await _take(seat) == "spring"
            assert address.asked[1].headers["if-none-match"] == '"spring"'
            assert headquarters.told == []


async def test_a_new_one_is_worn_by_the_call_after_its_coming_and_never_by_one_that_has_begun(headquarters: Headquarters):
    async with headquarters.open(profile("spring"), profile("summer")) as address:
        async with headquarters.seated() as seat:
            await _start(seat)
            headquarters.an_hour_later()
            seat.center.connect(a_call())
            await until(seat.popup.isVisible)
            await until(lambda: address.connections == 2 and not seat.under_way("profile from its address"))
            assert seat.popup.profile.name == "spring"
            part(seat.popup, Role.List, "Disposition").setCurrentRow(0)
            press(seat.popup, "Next Call")
            await until(lambda: not seat.popup.isVisible())
            assert seat.center.ledger[0].response.disposition == "Interested in spring"
            assert await _take(seat) == "summer"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (BROKEN_OFF, "hq.test broke its answer off"),
        (WRONG, "nmae: there is no such name (did you mean name?)."),
        (hangs_up, "hq.test broke its answer off"),
        (status("500 Oops"), "hq.test answered with HTTP 500."),
        (status("302 Found", "Location: https://elsewhere.test/"), "a redirect to elsewhere.test, which is not followed."),
    ],
    ids=["broken off", "wrong", "nothing", "500", "redirect"],
)
async def test_what_is_wrong_with_a_download_is_told_and_the_kept_one_stays(
    headquarters: Headquarters, reply: bytes | Act, said: str, expected_warnings: list[str]
):
    expected_warnings += [said]
    async with headquarters.open(profile("spring"), reply, profile("summer")):
        async with headquarters.seated() as seat:
            await _start(seat)
            headquarters.an_hour_later()
            assert await _take(seat) == "spring"
            told = message(seat.window)
            assert told.startswith("The campaign profile could not be fetched: the one of ")
            assert "stays in use" in told
            assert said in told
            assert "token" not in told
            assert await _take(seat) == "spring"
            headquarters.an_hour_later()
            await _take(seat)
            headquarters.told.clear()
            assert await _take(seat) == "summer"
            assert headquarters.told == []


@pytest.mark.logs("takes no connections")
async def test_an_offline_start_uses_the_kept_one_and_says_of_when_it_is(headquarters: Headquarters):
    async with headquarters.open(profile("spring")):
        async with headquarters.seated() as seat:
            await _start(seat)
            assert headquarters.kept()
    async with headquarters.seated() as seat:
        await _start(seat)
        [told] = headquarters.told
        assert told.startswith("The campaign profile could not be fetched: the one of ")
        assert "hq.test takes no connections." in told
        assert await _take(seat) == "spring"


@pytest.mark.logs("takes no connections")
async def test_offline_without_a_kept_one_calls_come_without_a_profile(headquarters: Headquarters):
    async with headquarters.open(profile("spring")):
        pass
    async with headquarters.seated() as seat:
        await _start(seat)
        assert headquarters.told[0].startswith("The campaign profile could not be fetched: NextCall goes on without one.")
        assert await _take(seat) == ""


async def test_an_address_that_answers_late_holds_no_call_up(headquarters: Headquarters):
    import asyncio

    answer = asyncio.Event()

    async def late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        await answer.wait()
        writer.write(profile("spring"))
        await writer.drain()

    async with headquarters.open(late):
        async with headquarters.seated() as seat:
            await seat.log_in()
            seat.center.connect(a_call())
            await until(seat.popup.isVisible)
            assert seat.popup.profile == NONE
            answer.set()
            await until(lambda: not seat.under_way("profile from its address"))
            seat.fill_in()
            press(seat.popup, "Next Call")
            await until(lambda: not seat.popup.isVisible())
            assert await _take(seat) == "spring"


async def test_a_profile_in_the_folder_goes_before_the_one_from_the_address(headquarters: Headquarters):
    (headquarters.folder / "profiles").mkdir()
    (headquarters.folder / "profiles" / f"{OURS}.toml").write_bytes(profile("own").partition(b"\r\n\r\n")[2])
    async with headquarters.open(profile("spring")):
        async with headquarters.seated() as seat:
            await _start(seat)
            assert await _take(seat) == "own"


async def test_when_it_is_gone_calls_come_without_it(headquarters: Headquarters):
    async with headquarters.open(profile("spring"), status("410 Gone")):
        async with headquarters.seated() as seat:
            await _start(seat)
            assert await _take(seat) == "spring"
            headquarters.an_hour_later()
            await _take(seat)
            assert await _take(seat) == ""
            assert headquarters.kept() is None
            assert headquarters.told == []
