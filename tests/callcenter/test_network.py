"""The way out: certificates that are and are not trusted, and proxies that let us through or do not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytest

from desktop.callcenter import network, soap
from desktop.callcenter.model import Function
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import ContractError, NotReached, OutcomeUnknown
from tests.callcenter.wire import ACCOUNT, KEY, Authority, Server, answers, chain, connected, done, http, never_answers, wsdl

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "callcenter.test"


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """No test knows the certificates and ways of another."""
    network.tls_context.cache_clear()
    soap._WAYS.clear()
    yield
    network.tls_context.cache_clear()
    soap._WAYS.clear()


@pytest.fixture
def authority(tmp_path, monkeypatch) -> Authority:
    """An authority that this computer trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setattr(network.sys, "platform", "linux")  # the certificates of a file are trusted there
    return authority


@pytest.fixture
def _names(monkeypatch) -> None:
    """Every name under .test is this computer."""
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **others: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if str(name).endswith(".test") else host, *rest, **others)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def opened(server: Server) -> SoapCallCenter:
    server.documents["/s?wsdl"] = wsdl(f"{server.url}/s")
    client = SoapCallCenter(f"{server.url}/s?wsdl")
    try:
        await client.open()
    except BaseException:
        await client.close()
        raise
    return client


async def refused(server: Server) -> NotReached:
    """The failure to open, alone."""
    with pytest.raises(NotReached) as caught:
        await opened(server)
    assert chain(caught.value) == []
    assert server.requests == []
    return caught.value


# ------------------------------------------------------------------------------------------------------------- certificates


async def test_a_trusted_certificate_is_taken(authority):
    async with Server(answers(http(done("loginAgent"))), tls=authority.server_context("localhost"), host="localhost") as server:
        client = await opened(server)
        await client.login_agent(ACCOUNT, "12")
        await client.close()
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("names", "days", "title"),
    [
        (("elsewhere.test",), 1, "The call center's certificate is of another name"),
        (("10.0.0.1",), 1, "The call center's certificate is of another name"),
        (("localhost",), -1, "The call center's certificate is out of date"),
    ],
)
async def test_a_certificate_that_does_not_fit_keeps_everything_here(authority, names, days, title):
    async with Server(tls=authority.server_context(*names, days=days), host="localhost") as server:
        assert (await refused(server)).title == title


@pytest.mark.parametrize(
    "whole",
    [
        True,
        pytest.param(False, marks=pytest.mark.not_under_wine("it takes certificates of which no authority is there to be seen")),
    ],
)
async def test_a_certificate_that_nobody_vouches_for_keeps_everything_here(tmp_path, whole: bool):
    async with Server(tls=Authority(tmp_path).server_context("localhost", whole=whole), host="localhost") as server:
        failure = await refused(server)
    assert failure.title == "The call center's certificate is not trusted"
    assert "certificate verify failed" in failure.reason or sys.platform == "win32"  # which has its own words


async def test_a_server_that_speaks_no_tls_was_not_reached(authority):
    async def greets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    async with Server() as server:
        server._answer = greets
        server.url = server.url.replace("http", "https")
        assert (await refused(server)).title == "No secure connection to the call center"


async def test_a_key_is_not_sent_to_a_server_that_has_changed_its_certificate(authority):
    """The description came from the right one, the request would go to a wrong one."""
    async with (
        Server(tls=authority.server_context("elsewhere.test"), host="localhost") as wrong,
        Server(tls=authority.server_context("localhost"), host="localhost") as server,
    ):
        server.documents["/s?wsdl"] = wsdl(f"{wrong.url}/s")
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        await client.open()
        with pytest.raises(NotReached) as caught:
            await client.login_agent(ACCOUNT, "12")
        await client.close()
        assert chain(caught.value) == []
        assert wrong.requests == []


async def test_a_connection_that_breaks_under_tls_leaves_the_outcome_unknown(authority):
    async def breaks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        raw = writer.transport.get_extra_info("socket")
        raw.send(b"\x17\x03\x03\x00\x05wrong")  # a record that does not decrypt

    async with Server(breaks, tls=authority.server_context("localhost"), host="localhost") as server:
        client = await opened(server)
        with pytest.raises(OutcomeUnknown) as caught:
            await client.login_agent(ACCOUNT, "12")
        await client.close()
    assert chain(caught.value) == []


def test_one_context_for_the_whole_process():
    assert network.tls_context() is network.tls_context()
    assert network.tls_context().verify_mode is ssl.CERT_REQUIRED
    assert network.tls_context().check_hostname


@pytest.mark.parametrize("found", ["a usual file", "nothing"])
def test_a_program_built_elsewhere_finds_certificates_all_the_same(authority, monkeypatch, found):
    nothing = ssl.DefaultVerifyPaths(None, None, "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    monkeypatch.setattr(
        network, "_CA_FILES", ("/nowhere/certificates.pem", *([str(authority.file)] if found == "a usual file" else []))
    )
    certificates = network.tls_context().cert_store_stats()["x509_ca"]
    assert certificates == 1 if found == "a usual file" else certificates > 50


# ------------------------------------------------------------------------------------------------------------------- proxies


class Proxy:
    """A small real HTTP proxy: CONNECT only."""

    def __init__(self, verdict: str = "200 Connection established") -> None:
        self.verdict = verdict
        self.asked: list[str] = []
        self.overheard = b""
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="a proxy's connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            if self.verdict == "silence":
                await reader.read()
            elif self.verdict:
                writer.write(f"HTTP/1.1 {self.verdict}\r\n\r\n".encode())
            if self.verdict.startswith("200"):
                await self._tunnel(reader, writer, int(head.split()[1].rpartition(":")[2]))
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        try:
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        finally:
            far_writer.close()
            with suppress(ConnectionError):
                await far_writer.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.overheard += data
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.mark.usefixtures("_names")
async def test_a_proxy_of_this_computer_is_used_and_hears_no_key(authority, monkeypatch):
    probed: list[int] = []
    monkeypatch.setattr(network, "keep_alive", lambda connection: probed.append(connection.getpeername()[1]))
    async with Proxy() as proxy, Server(answers(http(connected())), tls=authority.server_context(HOST), host=HOST) as server:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = await opened(server)
        left: list[int] = []
        call = await client.get_connection_for_agent(ACCOUNT, "12", on_asked=lambda: left.append(len(proxy.asked)))
        await client.close()
    assert call.id == "4711"
    assert left == [2]  # the tunnels for the description and for the question were there before the question left
    assert all(one.startswith(f"CONNECT {HOST}:{server.port} ") for one in proxy.asked)
    assert KEY.encode() not in proxy.overheard + "".join(proxy.asked).encode()
    assert f":{probed[0]}" in proxy.url  # httpcore itself forgets the keep-alive behind a proxy


@pytest.mark.usefixtures("_names")
@pytest.mark.parametrize("verdict", ["407 Proxy Authentication Required", "403 Forbidden", "503 Service Unavailable"])
async def test_a_proxy_that_refuses_keeps_everything_here(authority, monkeypatch, verdict):
    async with Proxy() as proxy, Server(tls=authority.server_context(HOST), host=HOST) as server:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = await opened(server)
        proxy.verdict = verdict
        with pytest.raises(NotReached) as caught:
            await client.login_agent(ACCOUNT, "12")
        await client.close()
        assert server.posts == []
    assert caught.value.title == "The proxy of your network refused"
    assert "through the proxy 127.0.0.1" in caught.value.reason
    assert chain(caught.value) == []


@pytest.mark.usefixtures("_names")
@pytest.mark.parametrize("verdict", ["", "200 Connection established"])
async def test_a_tunnel_that_ends_nowhere_keeps_everything_here(authority, monkeypatch, verdict):
    """Also the tunnel's own request goes out over HTTP; it must not count as ours."""
    async with Proxy() as proxy, Server(tls=authority.server_context(HOST), host=HOST) as server:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = await opened(server)
        proxy.verdict = verdict
        await server.__aexit__()
        with pytest.raises(NotReached):
            await client.login_agent(ACCOUNT, "12")
        await client.close()
    assert server.posts == []


@pytest.mark.usefixtures("_names")
async def test_a_proxy_that_never_answers_does_not_hold_the_long_wait(authority, monkeypatch):
    async with Proxy() as proxy, Server(tls=authority.server_context(HOST), host=HOST) as server:
        monkeypatch.setenv("https_proxy", proxy.url)
        client = await opened(server)
        proxy.verdict = "silence"
        monkeypatch.setattr(soap, "TIME_TO_SEND", 0.1)
        with pytest.raises(NotReached) as caught:
            await client.get_connection_for_agent(ACCOUNT, "12")
        await client.close()
    assert caught.value.title == "The call center did not pick up in time"
    assert chain(caught.value) == []


async def test_what_has_been_sent_in_time_may_take_its_time(monkeypatch):
    monkeypatch.setattr(soap, "TIME_TO_SEND", 0.5)
    async with Server(never_answers) as server:
        client = await opened(server)
        asked = asyncio.Event()
        waiting = asyncio.create_task(client.get_connection_for_agent(ACCOUNT, "12", on_asked=asked.set))
        await asked.wait()
        ended, _ = await asyncio.wait([waiting], timeout=0.7)
        assert not ended
        waiting.cancel()
        await asyncio.wait([waiting])
        await client.close()


@pytest.mark.usefixtures("_names")
async def test_another_network_s_proxy_is_found_after_a_failure(authority, monkeypatch):
    async with (
        Proxy() as proxy,
        Server(answers(http(done("loginAgent"))), tls=authority.server_context(HOST), host=HOST) as server,
    ):
        client = await opened(server)
        async with Proxy("403 Forbidden") as old:
            soap._WAYS[soap.origin_of(server.url)] = old.url
            with pytest.raises(NotReached):
                await client.login_agent(ACCOUNT, "12")
        monkeypatch.setenv("https_proxy", proxy.url)
        await client.login_agent(ACCOUNT, "12")
        await client.close()
        assert len(proxy.asked) == 1


@pytest.mark.usefixtures("_names")
async def test_a_proxy_that_nobody_can_use_is_told(authority, monkeypatch):
    async with Server(tls=authority.server_context(HOST), host=HOST) as server:
        monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
        assert (await refused(server)).title == "NextCall cannot use the proxy of your network"


def test_this_computer_is_never_asked_for_through_a_proxy(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    for address in ("http://127.0.0.1:8000/", "https://localhost/", "http://[::1]:80/", "https://inside.example/"):
        assert network.proxy_for(address) == ""
    assert network.proxy_for("https://center.example/") == "http://proxy.example:3128"


def test_a_proxy_without_a_scheme_is_an_http_proxy(monkeypatch):
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"https": "proxy.example:3128"})
    assert network.proxy_for("https://center.example/") == "http://proxy.example:3128"


async def test_a_description_over_plain_http_is_not_even_asked_for():
    client = SoapCallCenter("http://center.example/s?wsdl")
    with pytest.raises(ContractError, match="only https"):
        await client.open()
    assert not client.offers(Function.LOGIN_AGENT)
    await client.close()


def test_what_the_system_does_not_know_of_keep_alive_is_left_out(monkeypatch):
    """Python names what the version of Windows should have; not everything that calls itself that version has it."""
    monkeypatch.setattr(socket, "TCP_KEEPIDLE", 9999, raising=False)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 9999, raising=False)
    with socket.socket() as connection:
        network.keep_alive(connection)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPCNT"):
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == network.KEEP_ALIVE_TRIES
