"""The two verbs on real sockets: what arrives, what does not, and what is said of it."""

from __future__ import annotations

import asyncio
import sys
import traceback
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop.errors import OutsideError, OutsideNotReached, OutsideRefused
from desktop.outside import web
from desktop.outside.web import UNKNOWN, Version, get, post
from tests.callcenter.test_network import Proxy
from tests.callcenter.wire import Authority, Server, answers, chain, hangs_up, http, never_answers
from tests.outside.other import NO_CONTENT, NOT_MODIFIED, SECRET, OtherSystem, status

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

HOST = "profiles.test"


async def failure_of(asking: Coroutine[Any, Any, object]) -> OutsideError:
    """What is raised; and that it says nothing that it must not, anywhere."""
    with pytest.raises(OutsideError) as caught:
        await asking
    failure = caught.value
    assert chain(failure) == []
    everything = "".join(traceback.format_exception(failure)) + repr(failure) + failure.reason + failure.title + failure.advice
    assert SECRET not in everything
    assert failure.reason.endswith(".")
    return failure


def trickles(reply: bytes) -> Any:
    """Sends `reply` and then a byte from time to time, without end."""

    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.write(reply)
        while True:
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(b"x")

    return act


# ---------------------------------------------------------------------------------------------------------------------- get


async def test_a_document_and_its_version():
    reply = http(b"name = 'x'", "200 OK", 'ETag: W/"7"', "Last-Modified: Tue, 03 Nov 2026 08:00:00 GMT")
    async with OtherSystem(reply) as other:
        document = await get(f"{other.url}/a/77.toml?token={SECRET}")
    assert document is not None
    assert document.content == b"name = 'x'"
    assert document.version == Version('W/"7"', "Tue, 03 Nov 2026 08:00:00 GMT")
    [request] = other.asked
    assert (request.method, request.target) == ("GET", f"/a/77.toml?token={SECRET}")
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("NextCall/")
    assert not {"if-none-match", "if-modified-since"} & set(request.headers)


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (Version('"7"'), {"if-none-match": '"7"'}),
        (Version("", "Tue, 03 Nov 2026 08:00:00 GMT"), {"if-modified-since": "Tue, 03 Nov 2026 08:00:00 GMT"}),
        (Version('"7"', "yesterday"), {"if-none-match": '"7"', "if-modified-since": "yesterday"}),
    ],
)
async def test_what_is_known_is_not_sent_again(known: Version, asked: dict[str, str]):
    async with OtherSystem(NOT_MODIFIED) as other:
        assert await get(other.url, known) is None
    [request] = other.asked
    assert {name: value for name, value in request.headers.items() if name.startswith("if-")} == asked


async def test_a_version_that_could_not_be_sent_back_is_no_version():
    reply = http(b"x", "200 OK", "ETag: \xfcber", f"Last-Modified: {'9' * 600}")
    async with OtherSystem(reply, NOT_MODIFIED) as other:
        document = await get(other.url)
        assert document is not None
        assert document.version == UNKNOWN
        assert await failure_of(get(other.url, document.version))  # 304, though it was not asked for one


@pytest.mark.parametrize("line", ["404 Not Found", "410 Gone", "403 Forbidden", "500 Oops", "503 Busy", "206 Partial"])
async def test_another_status_is_a_refusal(line: str):
    async with OtherSystem(http(SECRET.encode(), line)) as other:
        failure = await failure_of(get(f"{other.url}/{SECRET}?{SECRET}"))
    assert isinstance(failure, OutsideRefused)
    assert failure.status == int(line[:3])
    assert failure.reason == f"127.0.0.1 answered with HTTP {line[:3]}."


@pytest.mark.parametrize("line", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("verb", ["get", "post"])
async def test_a_redirect_is_not_followed(line: str, verb: str):
    async with OtherSystem(NO_CONTENT, host="localhost") as target, OtherSystem() as other:
        other.replies = [status(line, f"Location: {target.url}/{SECRET}?x={SECRET}")]
        failure = await failure_of(get(other.url) if verb == "get" else post(other.url, b"x", {}))
        assert target.connections == 0
    assert isinstance(failure, OutsideRefused)
    assert failure.reason == f"127.0.0.1 answered with HTTP {line[:3]}, a redirect to localhost, which is not followed."


async def test_a_redirect_within_the_same_host_is_not_followed_either():
    async with OtherSystem(status("302 Found", f"Location: /{SECRET}")) as other:
        failure = await failure_of(get(other.url))
    assert len(other.asked) == 1
    assert "a redirect to another of its addresses" in failure.reason


async def test_what_is_too_large_is_not_read_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web, "LARGEST_ANSWER", 1000)
    monkeypatch.setattr(web, "TIME_LIMIT", 300)  # it is not the time that ends it
    without_end = trickles(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)
    async with OtherSystem(http(b"x" * 1000), http(b"x" * 1001), without_end) as other:
        assert (await get(other.url)) is not None
        for _ in range(2):
            failure = await failure_of(get(other.url))
            assert isinstance(failure, OutsideNotReached)
            assert failure.reason == "127.0.0.1 answered with more than 1,000 bytes."


@pytest.mark.parametrize(
    "act", [never_answers, trickles(b""), trickles(b"HTTP/1.1 200 OK\r\n\r\n")], ids=["none", "head", "body"]
)
async def test_what_takes_too_long_is_given_up(act: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web, "TIME_LIMIT", 0.2)
    async with OtherSystem(act) as other:
        failure = await failure_of(get(other.url))
    assert isinstance(failure, OutsideNotReached)
    assert failure.reason == "127.0.0.1 did not answer in time."


@pytest.mark.parametrize(
    "act",
    [
        hangs_up,
        answers(b"HTTP/1.1 200 OK\r\nContent-Le"),
        answers(http(SECRET.encode(), length=5000)),
        answers(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{SECRET}".encode()),
        answers(f"SSH-2.0-{SECRET}\r\n\r\n".encode()),
    ],
    ids=["closed", "cut in the head", "cut in the body", "cut in a chunk", "not HTTP"],
)
async def test_what_is_cut_off_is_no_document(act: Any):
    async with OtherSystem(act) as other:
        failure = await failure_of(get(other.url))
    assert isinstance(failure, OutsideNotReached)
    assert failure.reason == "127.0.0.1 broke its answer off, or does not speak HTTP."


async def test_what_is_compressed_was_not_asked_for():
    async with OtherSystem(http(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip")) as other:
        assert "compressed" in (await failure_of(get(other.url))).reason


async def test_a_system_that_is_gone():
    async with OtherSystem() as other:
        pass
    failure = await failure_of(get(f"{other.url}/?{SECRET}"))
    assert isinstance(failure, OutsideNotReached)
    assert failure.reason == "127.0.0.1 takes no connections."


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.socket, "getaddrinfo", _nobody)
    assert (await failure_of(get("https://nowhere.invalid/"))).reason == "The name nowhere.invalid was not found."


def _nobody(*_: object, **__: object) -> None:
    raise web.socket.gaierror(web.socket.EAI_NONAME, "Name or service not known")


# --------------------------------------------------------------------------------------------------------------------- post


async def test_what_is_told_arrives_as_it_is():
    async with OtherSystem(NO_CONTENT) as other:
        await post(f"{other.url}/hook?k=1", b'{"event": "stored"}', {"X-Id": "7"})
    [request] = other.asked
    assert (request.method, request.target, request.body) == ("POST", "/hook?k=1", b'{"event": "stored"}')
    assert request.headers["x-id"] == "7"


@pytest.mark.parametrize("line", ["400 Bad Request", "401 Unauthorized", "429 Too Many", "500 Oops"])
async def test_what_is_not_taken_is_told(line: str):
    async with OtherSystem(http(SECRET.encode(), line)) as other:
        failure = await failure_of(post(f"{other.url}/?{SECRET}", SECRET.encode(), {"X-Id": SECRET}))
    assert isinstance(failure, OutsideRefused)
    assert failure.status == int(line[:3])


@pytest.mark.parametrize(
    "act",
    [
        http(b"thanks"),
        http(b"thanks", length=5000),
        http(b"", "202 Accepted", "Content-Encoding: gzip"),
        trickles(b"HTTP/1.1 200 OK\r\n\r\n"),
        trickles(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3000),
    ],
    ids=["whole", "cut off", "compressed", "without end", "too large"],
)
async def test_whoever_has_said_yes_has_it_whatever_else_is_said(act: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web, "TIME_LIMIT", 0.2)
    monkeypatch.setattr(web, "LARGEST_ANSWER", 2000)
    async with OtherSystem(act) as other:
        await post(other.url, b"x", {})
    assert len(other.asked) == 1


async def test_nothing_of_what_is_told_is_logged_however_much_is():
    """In a program of its own, in which nothing else has told httpx to be silent."""
    telling = "import asyncio, logging, sys; logging.basicConfig(level=logging.DEBUG); from desktop.outside import web"
    telling += "; asyncio.run(web.post(sys.argv[1], sys.argv[2].encode(), {'X-Id': sys.argv[2]})); logging.debug('told')"
    async with OtherSystem(NO_CONTENT) as other:
        command = [sys.executable, "-c", telling, f"{other.url}/?{SECRET}", SECRET]
        program = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, said = await program.communicate()
    assert program.returncode == 0, said.decode()
    assert len(other.asked) == 1
    assert b"told" in said
    assert SECRET.encode() not in said


# -------------------------------------------------------------------------------------------------------------- certificates


async def test_a_trusted_certificate_is_taken(authority: Authority):
    async with OtherSystem(http(b"x"), NO_CONTENT, tls=authority.server_context("localhost"), host="localhost") as other:
        assert other.url.startswith("https:")
        assert await get(other.url) is not None
        await post(other.url, b"x", {})


@pytest.mark.parametrize(
    ("names", "days", "words"),
    [
        (("elsewhere.test",), 1, "(Hostname mismatch, certificate is not valid for 'localhost')"),
        (("localhost",), -1, "(certificate has expired)"),
    ],
)
@pytest.mark.parametrize("verb", ["get", "post"])
async def test_a_certificate_that_does_not_fit(authority: Authority, verb: str, names: tuple[str], days: int, words: str):
    async with OtherSystem(http(b"x"), tls=authority.server_context(*names, days=days), host="localhost") as other:
        failure = await failure_of(get(other.url) if verb == "get" else post(other.url, SECRET.encode(), {}))
        assert isinstance(failure, OutsideNotReached)
        assert failure.reason == f"The certificate of localhost is not trusted {words}."
        assert other.requests == []


async def test_a_certificate_that_nobody_vouches_for(authority: Authority, tmp_path: Any):
    (tmp_path / "other").mkdir()
    async with OtherSystem(tls=Authority(tmp_path / "other").server_context("localhost"), host="localhost") as other:
        failure = await failure_of(get(other.url))
        assert "The certificate of localhost is not trusted (" in failure.reason
        assert other.requests == []


async def test_a_system_that_speaks_no_tls(authority: Authority):
    async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    async with Server() as other:
        other._answer = greets
        failure = await failure_of(get(other.url.replace("http:", "https:")))
    assert failure.reason == "There is no secure connection to 127.0.0.1."


# ----------------------------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        "",
        "profiles",
        f"http://profiles.example/?{SECRET}",
        f"ftp://{SECRET}@profiles.example/",
        f"https://{SECRET}@profiles.example/",
        f"https://me:{SECRET}@127.0.0.1/",
        "file:///etc/passwd",
        "https://",
        "https://profiles.example:port/",
        "https://profiles.example/a b",
        "https://profiles.example/\x00",
        "https://[::1/",
        "http://127.0.0.1.profiles.example/",
        "http://localhost\\@profiles.example/",
        "https://" + "a" * 70 + "\u00fc.example/",
    ],
)
async def test_an_address_that_cannot_be_used_is_not_used(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.socket, "getaddrinfo", _nobody)
    for asking in (get(address), post(address, b"x", {})):
        failure = await failure_of(asking)
        assert type(failure) is OutsideError


@pytest.mark.parametrize(
    "address",
    ["https://profiles.example", "HTTPS://Profiles.Example:8443/x?y#z", "https://xn--bcher-kva.example/", "http://[::1]:80/"],
)
def test_an_address_that_can_be_used(address: str):
    web._check(address)


AUTHORITIES = st.lists(
    st.sampled_from([*"@:\\/?#[]%. ", "localhost", "127.0.0.1", "evil.example", "80", "::1", "%00", "\t", "\u3002"]), max_size=6
).map("".join)


@given(st.sampled_from(["http://", "https://", "HTTP://", "http:", "http:\\\\", "ws://"]), AUTHORITIES | st.text(max_size=20))
@example("http://", "localhost#@evil.example")
def test_plain_http_goes_to_this_computer_only(scheme: str, rest: str):
    try:
        web._check(scheme + rest)
    except OutsideError:
        return
    url = httpx.URL(scheme + rest)  # where httpx would go
    assert url.scheme in {"http", "https"}
    assert not url.userinfo
    assert url.scheme == "https" or url.host == "localhost" or ip_address(url.host).is_loopback


@given(st.text(max_size=30) | AUTHORITIES.map("https://{}".format))
def test_a_host_is_told_of_anything(address: str):
    assert "\n" not in web.host(address)
    assert "@" not in web.host(address)


# ------------------------------------------------------------------------------------------------------------------- proxies


@pytest.mark.usefixtures("names")
async def test_the_proxy_of_this_computer_is_used_and_hears_nothing(authority: Authority, monkeypatch: pytest.MonkeyPatch):
    async with Proxy() as proxy, OtherSystem(http(b"x"), tls=authority.server_context(HOST), host=HOST) as other:
        monkeypatch.setenv("https_proxy", proxy.url)
        assert await get(f"{other.url}/?{SECRET}") is not None
        await post(other.url, SECRET.encode(), {"X-Id": SECRET})
    assert [one.split()[1] for one in proxy.asked] == [f"{HOST}:{other.port}"] * 2
    assert SECRET.encode() not in proxy.overheard + "".join(proxy.asked).encode()
    assert len(other.asked) == 2


@pytest.mark.usefixtures("names")
async def test_a_proxy_that_refuses(authority: Authority, monkeypatch: pytest.MonkeyPatch):
    async with Proxy("407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//me:{SECRET}@"))
        failure = await failure_of(get(f"https://{HOST}/"))
    assert failure.reason == f"{HOST} was not reached: the proxy of your network refused (407 Proxy Authentication Required)."


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "gopher://127.0.0.1:9", "http://[::1"])
async def test_a_proxy_that_nobody_can_use(monkeypatch: pytest.MonkeyPatch, proxy: str):
    monkeypatch.setenv("all_proxy", proxy)
    failure = await failure_of(get(f"https://{HOST}/"))
    assert failure.reason == f"{HOST} was not reached: NextCall cannot use the proxy of your network."


async def test_this_computer_is_asked_without_a_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with OtherSystem(http(b"x")) as other:
        assert await get(other.url) is not None
