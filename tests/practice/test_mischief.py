"""Faults on demand: each one on the bare wire, at our own client, and in the ledger; what is planned, and what was done."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import socket
import ssl
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from desktop.callcenter import network, soap
from desktop.callcenter.model import Account, CallResponse, Function
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import (
    AlreadyStored,
    AnswerNotUnderstood,
    CallCenterError,
    NotLoggedIn,
    NotReached,
    OutcomeUnknown,
    Refused,
    ScenarioError,
)
from desktop.practice.mischief import Fault, Mischief
from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from desktop.resources import RESOURCES
from tests.practice.outside import PHONE, Caller, envelope, handlers, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop.practice.scenario import Scenario

ACCOUNT = Account("practice", 1)
STORE = "storeAgentResponse"
RESET = "end" if sys.platform == "win32" else "reset"
"""How a reset ends: Windows' event loop says goodbye all the same."""


class Bench:
    """A service that goes wrong, and an agent of it with somebody on the line."""

    def __init__(self, service: PracticeService) -> None:
        self.service = service
        self.caller = Caller(service.service_url)
        address = urlsplit(service.service_url)
        self.address = (address.hostname or "", address.port or 0)
        self.agent_id = self.call_id = ""

    def plan(self, *faults: dict[str, Any]) -> None:
        self.service.plan_mischief(msgspec.convert(list(faults), list[Fault]))

    def connect_somebody(self) -> None:
        self.agent_id = self.caller.log_in()
        self.call_id = self.caller.ask("getConnectionForAgent", agentId=self.agent_id).findtext(".//{*}id") or ""

    def stored(self) -> int:
        """How many responses the center has for the call that is on the line."""
        entry = next(entry for entry in self.service.ledger() if entry["id"] == self.call_id)
        return len(entry["responses"])

    def question(self, notes: str = "", *, soap: str = "11") -> bytes:
        """A storeAgentResponse as it goes over the wire."""
        given = {"agentId": self.agent_id, "callId": self.call_id, "agentResponse": "Sale", "agentNotes": notes}
        body = envelope(STORE, soap=soap, key="practice", campaignId=1, **given)
        return head(len(body)) + body

    def ask(self, notes: str = "") -> tuple[bytes, str]:
        """What comes back for it, byte by byte, and how the connection ends."""
        with socket.create_connection(self.address) as connection:
            connection.sendall(self.question(notes))
            return everything(connection)

    def done(self) -> list[tuple[Any, Any, Any]]:
        return [(one["function"], one["agent"], one["fault"]) for one in self.service.mischief()["done"]]

    def mischief(self, method: str, body: bytes | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(self.caller.origin + "/practice/mischief", body, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def head(length: int, action: str = STORE) -> bytes:
    return (
        "POST /service/PredictiveService HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n"
        f'SOAPAction: "http://practice.nextcall.example/PredictiveService/{action}"\r\nContent-Length: {length}\r\n\r\n'
    ).encode()


def everything(connection: socket.socket) -> tuple[bytes, str]:
    so_far = b""
    try:
        while more := connection.recv(65536):
            so_far += more
    except ConnectionResetError:
        return so_far, "reset"
    return so_far, "end"


@pytest.fixture(scope="module")
def standing_bench() -> Iterator[Bench]:
    scenario = msgspec.structs.replace(load_scenario(), ring_seconds=0, wait_seconds=(0, 0))
    service = PracticeService(scenario, dice=random.Random(7))
    service.start()
    yield Bench(service)
    service.stop()


@pytest.fixture
def bench(standing_bench: Bench) -> Iterator[Bench]:
    standing_bench.connect_somebody()
    standing_bench.mischief("DELETE")
    yield standing_bench
    standing_bench.mischief("DELETE")


# ------------------------------------------------------------------------------------------------------------- on the wire


def test_without_mischief_nothing_is_different(bench: Bench) -> None:
    answer, ending = bench.ask()
    assert (answer.startswith(b"HTTP/1.1 200"), ending, bench.stored(), bench.done()) == (True, "end", 1, [])


@pytest.mark.parametrize("soap", ["11", "12"])
def test_cut_before_read_does_not_wait_for_the_body(bench: Bench, soap: str) -> None:
    bench.plan({"fault": "cut_before_read", "function": STORE})
    named = head(10_000_000)
    if soap == "12":
        named = named.replace(b"text/xml", b'application/soap+xml; charset=utf-8; action="urn:p/storeAgentResponse"')
        named = named.replace(b"SOAPAction", b"X-Other")
    with socket.create_connection(bench.address) as connection:
        connection.sendall(named)  # and not one byte of the body
        assert everything(connection) == (b"", RESET)
    assert bench.stored() == 0
    assert bench.done() == [(STORE, None, "cut_before_read")]


def test_cut_before_read_strikes_the_function_that_it_is_for(bench: Bench) -> None:
    bench.plan({"fault": "cut_before_read", "function": "loginAgent"})
    assert bench.ask()[0].startswith(b"HTTP/1.1 200")
    with socket.create_connection(bench.address) as connection:
        connection.sendall(head(10, "loginAgent") + b"<a")
        assert everything(connection) == (b"", RESET)


def test_cut_after_read_waits_for_the_last_byte(bench: Bench) -> None:
    bench.plan({"fault": "cut_after_read"})
    whole = bench.question()
    with socket.create_connection(bench.address) as connection:
        connection.sendall(whole[:-1])
        until(lambda: handlers(bench.service) > 1)
        assert bench.done() == []
        connection.sendall(whole[-1:])
        assert everything(connection) == (b"", RESET)
    assert bench.stored() == 0
    assert bench.done() == [(STORE, bench.agent_id, "cut_after_read")]


@pytest.mark.parametrize("ending", ["reset", "end"])
@pytest.mark.parametrize(("fault", "stored"), [("cut_after_read", 0), ("answer_lost", 1)])
def test_both_endings_without_a_byte(bench: Bench, fault: str, ending: str, stored: int) -> None:
    bench.plan({"fault": fault, "ending": ending})
    assert bench.ask() == (b"", RESET if ending == "reset" else ending)
    assert bench.stored() == stored


@pytest.mark.parametrize("ending", ["reset", "end"])
def test_an_answer_is_cut_at_the_right_byte(bench: Bench, ending: str) -> None:
    bench.plan({"fault": "drip", "bytes_per_second": 1_000_000})
    whole, _ = bench.ask()
    for after, left in (
        (1, 1),
        (17, 17),
        (len(whole) - 1, len(whole) - 1),
        (len(whole), len(whole) - 1),
        (None, len(whole) // 2),
    ):
        bench.plan({"fault": "cut_in_answer", "after_bytes": after, "ending": ending})
        assert bench.ask() == (whole[:left], RESET if ending == "reset" else ending)
    assert bench.stored() == 6


def test_a_drip_brings_the_same_answer_bit_by_bit(bench: Bench) -> None:
    usual = bench.ask()[0].partition(b"\r\n\r\n")[2]
    bench.plan({"fault": "drip", "bytes_per_second": 1000})
    pieces = []
    with socket.create_connection(bench.address) as connection:
        connection.sendall(bench.question())
        while piece := connection.recv(65536):
            pieces.append(piece)
    answer, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"content-length: {len(body)}".encode() in answer
    assert body == usual
    assert len(pieces) > 3
    assert bench.stored() == 2


def test_raw_garbage_is_no_http(bench: Bench) -> None:
    bench.plan({"fault": "garbage", "raw": True}, {"fault": "garbage", "raw": True, "carried_out": True})
    answer, ending = bench.ask()
    assert (answer[:1], ending, bench.stored()) == (b"\x80", "end", 0)
    assert bench.ask() == (answer, ending)
    assert bench.stored() == 1


@pytest.mark.parametrize(
    ("fault", "status", "within"),
    [
        ({"fault": "html_502"}, 502, b"<title>502 Bad Gateway</title>"),
        ({"fault": "garbage"}, 200, b"\x80\x81\x82"),
        ({"fault": "redirect", "to": "https://thief.example/x"}, 307, b"location: https://thief.example/x\r\n"),
        ({"fault": "soap_fault"}, 500, b"<faultcode>soap:Server</faultcode><faultstring>The practice service is out of order."),
        (
            {"fault": "soap_fault", "code": "Client.AlreadyStored", "text": "No <more>."},
            500,
            b"<faultcode>soap:Client.AlreadyStored</faultcode><faultstring>No &lt;more&gt;.<",
        ),
    ],
)
def test_what_is_said_instead_is_good_http_and_not_carried_out(
    bench: Bench, fault: dict[str, Any], status: int, within: bytes
) -> None:
    bench.plan(fault)
    answer, _ = bench.ask()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert within in answer
    assert bench.stored() == 0


def test_a_fault_speaks_the_version_of_soap_in_which_it_was_asked(bench: Bench) -> None:
    bench.plan({"fault": "soap_fault", "code": "Client.AlreadyStored", "text": "No."})
    body = envelope("loginAgent", soap="12", key="practice", campaignId=1, agentId=bench.agent_id)
    status, kind, answer = bench.caller.post(body, **{"Content-Type": "application/soap+xml"})
    assert (status, kind.partition(";")[0]) == (500, "application/soap+xml")
    assert [element.text for element in answer.iterfind(".//{*}Value")] == ["soap:Sender", "soap:AlreadyStored"]


def test_never_answer_keeps_the_connection_until_the_client_goes(bench: Bench) -> None:
    for carried_out in (False, True):
        bench.plan({"fault": "never_answer", "carried_out": carried_out})
        idle = handlers(bench.service)
        with socket.create_connection(bench.address) as connection:
            connection.sendall(bench.question())
            until(bench.done)
            until(lambda one=carried_out: bench.stored() == int(one))
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        until(lambda before=idle: handlers(bench.service) <= before)
    assert bench.stored() == 1


def test_a_delayed_answer_comes_after_the_deed(bench: Bench) -> None:
    bench.plan({"fault": "delay", "seconds": 0.5})
    with socket.create_connection(bench.address) as connection:
        connection.sendall(bench.question())
        until(lambda: bench.stored() == 1)
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(None)
        assert everything(connection)[0].startswith(b"HTTP/1.1 200")


def test_nobody_who_has_gone_is_waited_for(bench: Bench) -> None:
    idle = handlers(bench.service)
    for fault in ({"fault": "delay", "seconds": 3600}, {"fault": "drip", "bytes_per_second": 1}):
        bench.plan(fault)
        with socket.create_connection(bench.address) as connection:
            connection.sendall(bench.question())
            until(bench.done)
        until(lambda: handlers(bench.service) <= idle)
        bench.mischief("DELETE")
    bench.plan({"fault": "cut_after_read"})
    with socket.create_connection(bench.address) as connection:
        connection.sendall(bench.question()[:-1])
    until(lambda: handlers(bench.service) <= idle)
    assert bench.done() == []


def test_refuse_closes_the_port_and_opens_it_again(bench: Bench) -> None:
    before = socket.create_connection(bench.address)
    with before:
        before.sendall(b"GET /practice/ledger HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert before.recv(12) == b"HTTP/1.1 200"
        bench.plan({"fault": "refuse", "seconds": 0.5})
        assert bench.ask()[0].startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(bench.address)
        before.sendall(b"GET /practice/mischief HTTP/1.1\r\nHost: localhost\r\n\r\n")  # who is inside stays inside
        until(lambda: b'"fault":"refuse"' in before.recv(65536))
    until(lambda: reachable(bench.address))
    assert bench.ask()[0].startswith(b"HTTP/1.1 200")
    assert bench.stored() == 2


def reachable(address: tuple[str, int]) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(address):
        return True
    return False


def test_refuse_waits_for_its_port_if_somebody_else_has_it(bench: Bench) -> None:
    bench.plan({"fault": "refuse", "seconds": 0.2})
    bench.ask()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(bench.address)
        other.listen()
        time.sleep(0.5)
    until(lambda: reachable(bench.address))
    assert bench.caller.get(bench.service.service_url)[0] == 200


def test_kick_hangs_up_before_anything_else(bench: Bench) -> None:
    bench.plan({"fault": "kick"})
    bench.caller.ask("stopCampaign", "VoiceBroadcastService")  # has no agent, so it is not struck
    bench.caller.ask("startCampaign", "VoiceBroadcastService")
    answer, _ = bench.ask()
    assert b"is not logged in: a supervisor hung up the phone" in answer
    assert bench.stored() == 0
    assert bench.caller.json(f"/practice/phones/{PHONE.replace(' ', '')}")["state"] == "idle"
    assert bench.done() == [(STORE, bench.agent_id, "kick")]


def test_kick_of_an_unknown_agent_changes_nothing(bench: Bench) -> None:
    bench.plan({"fault": "kick", "times": 2})
    assert bench.caller.ask("loginAgent", agentId="nobody").findtext("faultstring") == "This agent id is unknown."
    assert "campaignId" in (bench.caller.ask("loginAgent", agentId="1", campaignId="x").findtext("faultstring") or "")


def test_the_certificate_of_the_second_port_has_another_name(bench: Bench) -> None:
    bench.plan({"fault": "wrong_name", "times": 2})
    url = bench.service.mischief()["wrong_name_url"]
    port = urlsplit(url).port
    assert port not in {None, bench.address[1]}
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, context=careless) as answer:
        assert f"https://127.0.0.1:{port}/service/PredictiveService" in answer.read().decode()
    trusting = ssl.create_default_context(cafile=str(RESOURCES / "practice" / "wrong-name.pem"))
    with pytest.raises(urllib.error.URLError) as refusal:
        urllib.request.urlopen(url, context=trusting)
    assert isinstance(refusal.value.reason, ssl.SSLCertVerificationError)
    assert "IP address mismatch" in refusal.value.reason.verify_message
    until(lambda: bench.service.mischief()["planned"] == [])
    assert bench.service.mischief()["wrong_name_url"] == ""
    until(lambda: not reachable(("127.0.0.1", port or 0)))
    assert bench.done() == [(None, None, "wrong_name")] * 2


@pytest.mark.parametrize("what", [b"GET / HTTP/1.1\r\n\r\n", b"", b"\x16\x03\x01"])
def test_who_does_not_speak_tls_there_is_not_struck(bench: Bench, what: bytes) -> None:
    bench.plan({"fault": "wrong_name"})
    port = urlsplit(bench.service.mischief()["wrong_name_url"]).port or 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(what)
        if what.startswith(b"GET"):
            everything(connection)
        assert bench.done() == []


# ----------------------------------------------------------------------------------------------------------- at our client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap, "SHORT_CALL", httpx.Timeout(connect=10, write=10, read=0.5, pool=5))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "failure", "stored"),
    [
        ({"fault": "delay", "seconds": 0.05}, None, 1),
        ({"fault": "delay", "seconds": 60}, OutcomeUnknown, 1),
        ({"fault": "cut_before_read"}, OutcomeUnknown, 0),
        ({"fault": "cut_after_read"}, OutcomeUnknown, 0),
        ({"fault": "cut_after_read", "ending": "end"}, OutcomeUnknown, 0),
        ({"fault": "cut_in_answer"}, OutcomeUnknown, 1),
        ({"fault": "cut_in_answer", "after_bytes": 1}, OutcomeUnknown, 1),
        ({"fault": "cut_in_answer", "after_bytes": 100_000}, OutcomeUnknown, 1),
        ({"fault": "cut_in_answer", "ending": "reset"}, OutcomeUnknown, 1),
        ({"fault": "answer_lost"}, OutcomeUnknown, 1),
        ({"fault": "answer_lost", "ending": "reset"}, OutcomeUnknown, 1),
        ({"fault": "html_502"}, AnswerNotUnderstood, 0),
        ({"fault": "html_502", "carried_out": True}, AnswerNotUnderstood, 1),
        ({"fault": "soap_fault"}, Refused, 0),
        ({"fault": "soap_fault", "text": "You are not logged in."}, NotLoggedIn, 0),
        ({"fault": "soap_fault", "text": "The response is already stored."}, AlreadyStored, 0),
        ({"fault": "soap_fault", "code": "Client.AlreadyStored", "text": "No."}, AlreadyStored, 0),
        ({"fault": "garbage"}, AnswerNotUnderstood, 0),
        ({"fault": "garbage", "carried_out": True}, AnswerNotUnderstood, 1),
        ({"fault": "garbage", "raw": True}, AnswerNotUnderstood, 0),
        ({"fault": "redirect"}, AnswerNotUnderstood, 0),
        ({"fault": "drip", "bytes_per_second": 2000}, None, 1),
        ({"fault": "never_answer"}, OutcomeUnknown, 0),
        ({"fault": "never_answer", "carried_out": True}, OutcomeUnknown, 1),
        ({"fault": "kick"}, NotLoggedIn, 0),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
async def test_what_a_client_makes_of_it(
    bench: Bench, fault: dict[str, Any], failure: type[CallCenterError] | None, stored: int
) -> None:
    bench.plan({"function": STORE, **fault})
    found = await stores(bench)
    assert (type(found) if found else None) is failure
    assert bench.stored() == stored
    agent = None if fault["fault"] == "cut_before_read" else bench.agent_id
    assert bench.done() == [(STORE, agent, fault["fault"])]


async def stores(bench: Bench) -> CallCenterError | None:
    """What goes wrong when our own client stores a response."""
    client = SoapCallCenter(bench.service.service_url)
    try:
        await client.open()
        await client.store_agent_response(ACCOUNT, bench.agent_id, CallResponse(bench.call_id, "Sale", "n" * 50_000))
    except CallCenterError as error:
        return error
    finally:
        await client.close()
    return None


async def test_a_refused_connection_was_not_reached(bench: Bench) -> None:
    client = SoapCallCenter(bench.service.service_url)
    await client.open()
    bench.plan({"fault": "refuse", "seconds": 0.7})
    await client.login_agent(ACCOUNT, bench.agent_id)
    with pytest.raises(NotReached, match="takes no connections"):
        await client.login_agent(ACCOUNT, bench.agent_id)
    until(lambda: reachable(bench.address))
    await client.login_agent(ACCOUNT, bench.agent_id)
    await client.close()


@pytest.fixture
def other_trust() -> Iterator[None]:
    network.tls_context.cache_clear()
    yield
    network.tls_context.cache_clear()


@pytest.mark.usefixtures("other_trust")
@pytest.mark.parametrize(("trusted", "said"), [(True, "of another name"), (False, "not trusted")])
async def test_a_wrong_name_was_not_reached(bench: Bench, monkeypatch: pytest.MonkeyPatch, trusted: bool, said: str) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(RESOURCES / "practice" / "wrong-name.pem"))
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(network.sys, "platform", "linux")  # the certificates of a file are trusted there
            network.tls_context()
    bench.plan({"fault": "wrong_name"})
    client = SoapCallCenter(bench.service.mischief()["wrong_name_url"])
    with pytest.raises(NotReached, match=said):
        await client.open()
    await client.close()


async def test_a_call_whose_answer_was_lost_can_be_asked_for_again(bench: Bench) -> None:
    bench.plan({"fault": "cut_in_answer", "function": "getConnectionForAgent"})
    client = SoapCallCenter(bench.service.service_url)
    await client.open()
    with pytest.raises(OutcomeUnknown):
        await client.get_connection_for_agent(ACCOUNT, bench.agent_id)
    assert (await client.get_connection_for_agent(ACCOUNT, bench.agent_id)).id == bench.call_id
    await client.close()


# --------------------------------------------------------------------------------------------------- what is planned, and done


def struck(*faults: dict[str, Any], requests: int = 20, dice: int = 7) -> list[str | None]:
    mischief = Mischief(msgspec.convert(list(faults), list[Fault]), random.Random(dice))
    found = (mischief.strikes(Function.LOGIN_AGENT, "1", before_reading=False) for _ in range(requests))
    return [fault and type(fault).__name__ for fault in found]


def test_a_fault_is_used_up_and_the_next_one_has_its_turn() -> None:
    planned = ({"fault": "html_502", "times": 2}, {"fault": "garbage"}, {"fault": "kick", "function": STORE})
    assert struck(*planned, requests=5) == ["Html502", "Html502", "Garbage", None, None]


def test_with_the_same_dice_the_same_requests_are_struck() -> None:
    likely = {"fault": "garbage", "probability": 0.3}
    assert struck(likely) == struck(likely)
    assert struck(likely) != struck(likely, dice=8)
    assert 10 < sum(one is not None for one in struck(likely, requests=100)) < 50


def test_a_seed_of_its_own_makes_a_fault_independent_of_the_dice_and_of_others() -> None:
    seeded = {"fault": "garbage", "probability": 0.3, "seed": 5}
    alone = struck(seeded)
    assert alone == struck(seeded, dice=8)
    among = struck({"fault": "kick", "probability": 0.3, "function": STORE}, seeded, dice=9)
    assert among == alone


def test_a_probability_may_have_a_limit() -> None:
    found = struck({"fault": "garbage", "probability": 0.5, "times": 3}, requests=100)
    assert found.count("Garbage") == 3
    assert found[:3] != ["Garbage"] * 3


def test_the_same_dice_strike_the_same_over_the_wire(bench: Bench) -> None:
    def play() -> str:
        bench.plan({"fault": "cut_after_read", "probability": 0.5, "seed": 3, "function": STORE})
        return "".join("x" if bench.ask()[0] == b"" else "." for _ in range(20))

    assert play() == play()
    assert {"x", "."} == set(play())


def test_over_http_a_plan_is_made_looked_at_and_cleared(bench: Bench) -> None:
    plan = [
        {"fault": "delay", "seconds": 0, "times": 2},
        {"fault": "answer_lost", "function": STORE},
        {"fault": "redirect", "probability": 0.5, "seed": 1, "function": "kickAgent"},
    ]
    assert bench.mischief("POST", json.dumps(plan).encode())[0] == 200
    bench.ask()
    status, seen = bench.mischief("GET")
    (done,) = seen["done"]
    assert status == 200
    assert datetime.fromisoformat(done.pop("at")).tzinfo
    assert done == {"function": STORE, "agent": bench.agent_id, "fault": "delay"}
    assert seen["planned"] == [
        {"fault": "delay", "seconds": 0.0, "times": 1},
        {"fault": "answer_lost", "function": STORE, "times": 1},
        plan[2],
    ]
    assert seen["wrong_name_url"] == ""
    assert bench.mischief("POST", json.dumps(seen["planned"]).encode())[1]["planned"] == seen["planned"]
    assert len(bench.mischief("POST", b"[]")[1]["done"]) == 1
    assert bench.mischief("DELETE")[1] == {"planned": [], "done": [], "wrong_name_url": ""}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (b"", "Input data was truncated."),
        (b"nope", "JSON is malformed"),
        (b"\xff", "JSON is malformed"),
        (b'[{"fault": "\xff"}]', "This is not written in UTF-8."),
        (b"{}", "Expected array, got object."),
        (b"[7]", "[0]: Expected object, got int."),
        (b"[{}]", "[0]: Object missing required field fault."),
        (b'[{"fault": "explode"}]', "[0].fault: Invalid value 'explode'."),
        (b'[{"fault": "kick"}, {"fault": "delay"}]', "[1]: Object missing required field seconds."),
        (b'[{"fault": "delay", "seconds": -1}]', "[0]: seconds must be from 0 to 3600."),
        (b'[{"fault": "refuse", "seconds": 1e9}]', "[0]: seconds must be from 0 to 3600."),
        (b'[{"fault": "drip", "bytes_per_second": 0}]', "[0]: bytes_per_second must be from 0.1 to 1000000."),
        (b'[{"fault": "kick", "function": "logInAgent"}]', "[0].function: Invalid enum value 'logInAgent'."),
        (b'[{"fault": "kick", "function": "startCampaign"}]', "[0]: kick needs an agent, and startCampaign has none."),
        (b'[{"fault": "kick", "times": 0}]', "[0]: times must be 1 or more."),
        (b'[{"fault": "kick", "probability": 0}]', "[0]: probability must be above 0 and at most 1."),
        (b'[{"fault": "kick", "seconds": 1}]', "[0]: Object contains unknown field seconds."),
        (b'[{"fault": "cut_in_answer", "after_bytes": 0}]', "[0]: after_bytes must be 1 or more."),
        (b'[{"fault": "answer_lost", "ending": "bang"}]', "[0].ending: Invalid enum value 'bang'."),
        (b'[{"fault": "soap_fault", "code": "Client Error"}]', "[0]: code must be Client or Server"),
        (b'[{"fault": "redirect", "to": "/x\\r\\nSet-Cookie: y"}]', "[0]: to must be an address"),
        (b'[{"fault": "wrong_name", "function": "kickAgent"}]', "[0]: wrong_name strikes before there is a function"),
    ],
)
def test_a_bad_plan_is_told_in_one_sentence_and_changes_nothing(bench: Bench, plan: bytes, said: str) -> None:
    bench.plan({"fault": "kick"})
    status, answer = bench.mischief("POST", plan)
    assert status == 400
    assert answer["error"].startswith(said)
    assert answer["error"].endswith(".")
    assert bench.mischief("GET")[1]["planned"] == [{"fault": "kick", "times": 1}]


SCENARIO = """
ring_seconds = 0
[[campaign]]
id = 1
[[mischief]]
fault = "html_502"
function = "loginAgent"
[[mischief]]
fault = "wrong_name"
"""


def test_a_scenario_brings_its_mischief(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO)
    service = PracticeService(load_scenario(file))
    planned = tomllib.loads(SCENARIO)["mischief"]
    assert service.mischief()["planned"] == [{**one, "times": 1} for one in planned]
    service.start()
    caller = Caller(service.service_url)
    assert caller.get(caller.origin + "/practice/mischief")[0] == 200
    assert reachable(("127.0.0.1", urlsplit(service.mischief()["wrong_name_url"]).port or 0))
    bench = Bench(service)
    caller.ask("sendAgentCallBack", phonenumber=PHONE)
    body = envelope("loginAgent", key="practice", campaignId=1, agentId=caller.agent_id())
    with socket.create_connection(bench.address) as connection:
        connection.sendall(head(len(body), "loginAgent") + body)
        assert everything(connection)[0].startswith(b"HTTP/1.1 502 ")
    service.stop()
    assert [one["fault"] for one in service.mischief()["done"]] == ["html_502"]
    assert service.mischief()["wrong_name_url"] == ""


def test_a_scenario_s_bad_mischief_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO + "times = 0")
    with pytest.raises(ScenarioError, match=r"mischief\[1\]: times must be 1 or more\.$"):
        load_scenario(file)


def test_broken_and_unknown_questions_are_answered_as_ever(bench: Bench) -> None:
    bench.plan({"fault": "html_502"})
    assert bench.caller.post(b"<a")[2].findtext(".//faultstring") == "This is not well-formed XML."
    assert bench.caller.ask("danceAgent").findtext("faultstring") == "There is no such function in PredictiveService."
    assert bench.caller.get(bench.service.service_url)[0] == 200
    assert bench.done() == []


# --------------------------------------------------------------------------------------------------------------- threads, end


def test_plans_come_from_any_thread(bench: Bench) -> None:
    def plan() -> None:
        for _ in range(20):
            bench.plan({"fault": "kick"}, {"fault": "wrong_name"})
            bench.service.mischief()
            bench.plan()

    threads = [threading.Thread(target=plan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.service.mischief()["planned"] == []


def test_a_watcher_on_the_service_s_thread_may_plan(hurried: Scenario) -> None:
    service = PracticeService(hurried)
    service.start()
    faults = msgspec.convert([{"fault": "wrong_name"}], list[Fault])
    service.watch_phone(PHONE, lambda _view: service.plan_mischief(faults))
    assert service.mischief()["wrong_name_url"].startswith("https://127.0.0.1:")
    service.stop()
    service.plan_mischief(faults)
    assert service.mischief()["wrong_name_url"] == ""


def test_stopping_ends_drips_hangs_and_closed_doors(hurried: Scenario) -> None:
    service = PracticeService(hurried, dice=random.Random(7))
    service.start()
    bench = Bench(service)
    bench.connect_somebody()
    bench.plan(
        {"fault": "drip", "bytes_per_second": 1},
        {"fault": "never_answer"},
        {"fault": "delay", "seconds": 3600},
        {"fault": "refuse", "seconds": 3600},
        {"fault": "wrong_name"},
    )
    second = ("127.0.0.1", urlsplit(service.mischief()["wrong_name_url"]).port or 0)
    with contextlib.ExitStack() as stack:
        struck = []
        for number in range(4):
            connection = stack.enter_context(socket.create_connection(bench.address))
            connection.sendall(bench.question())
            until(lambda wanted=number + 1: len(bench.done()) == wanted)
            struck.append(connection)
        unfinished = []  # on Windows, asyncio closes what never got through the handshake only when it is collected
        if sys.platform != "win32":
            unfinished += [stack.enter_context(socket.create_connection(second)) for _ in range(2)]  # the first stays silent
            unfinished[1].sendall(b"\x16\x03\x01")
        began = time.monotonic()
        service.stop()
        assert time.monotonic() - began < 10
        answers = [everything(connection)[0] for connection in struck]
        assert len(answers[0]) < 20
        assert answers[1:3] == [b"", b""]
        assert answers[3].startswith(b"HTTP/1.1 200")
        for connection in unfinished:
            everything(connection)
    for address in (bench.address, second):
        assert not reachable(address)
    gc.collect()  # what was left open would complain here
