"""The contract over HTTP: what is served, what is refused, who may wait, and what is left when somebody goes."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import re
import socket
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import pytest
from lxml import etree

from desktop.errors import NextCallError
from desktop.practice.center import PhoneView, Refusal
from desktop.practice.scenario import Scenario
from desktop.practice.server import LARGEST_REQUEST, PracticeService
from tests.practice.outside import PHONE, Caller, HandClock, envelope, go_on, handlers, until, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOAP_11 = "{http://schemas.xmlsoap.org/soap/envelope/}"
SOAP_12 = "{http://www.w3.org/2003/05/soap-envelope}"


def fault_of(body: etree._Element) -> tuple[str, str]:
    """Code and sentence of a SOAP 1.1 Fault."""
    return body.findtext(".//faultcode") or "", body.findtext(".//faultstring") or ""


def connect(service: PracticeService) -> socket.socket:
    address = urlsplit(service.service_url)
    return socket.create_connection((address.hostname or "", address.port or 0))


def request(body: bytes, path: str = "/service/PredictiveService", length: int | None = None) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


def question(agent_id: str, campaign: int = 1) -> bytes:
    return request(envelope("getConnectionForAgent", key="practice", campaignId=campaign, agentId=agent_id))


def received(connection: socket.socket, end: bytes = b"nothing but the connection's end") -> bytes:
    """What arrives until it ends with `end`, or until the connection ends."""
    so_far = b""
    with contextlib.suppress(ConnectionResetError):
        while not so_far.endswith(end) and (more := connection.recv(65536)):
            so_far += more
    return so_far


def allow_open_files(number: int) -> None:
    """Some systems begin with 256, and a connection that both ends have in one process counts twice."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < number:
            resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


# ------------------------------------------------------------------------------------------------------------ the WSDL


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "Wsdl=1", "a=b&wsdl"])
@pytest.mark.parametrize("name", ["PredictiveService", "VoiceBroadcastService"])
def test_the_wsdl_bears_the_address_under_which_it_was_asked_for(standing: Caller, name: str, query: str) -> None:
    status, wsdl = standing.get(f"{standing.origin.replace('127.0.0.1', 'localhost')}/service/{name}?{query}")
    locations = re.findall(r'location="([^"]*)"', wsdl.decode())
    assert status == 200
    assert locations == [f"{standing.origin.replace('127.0.0.1', 'localhost')}/service/{name}"] * 2
    assert b"RECONSTRUCTED" in wsdl


@pytest.mark.parametrize("host", ["callcenter.example", 'localhost"/>', "127.0.0.1.evil.example:80", "", "[::1]:x"])
def test_a_foreign_host_does_not_get_into_the_wsdl(standing: Caller, host: str) -> None:
    _, wsdl = standing.get(f"{standing.origin}/service/PredictiveService?wsdl", Host=host)
    assert set(re.findall(r'location="([^"]*)"', wsdl.decode())) == {f"{standing.origin}/service/PredictiveService"}


def test_without_wsdl_there_is_nothing_to_get(standing: Caller) -> None:
    assert standing.get(f"{standing.origin}/service/PredictiveService")[0] == 404
    assert standing.get(f"{standing.origin}/service/DirectConnectService?wsdl")[0] == 404


# ---------------------------------------------------------------------------------------------------- what is understood


def test_parameters_may_come_in_any_order_and_any_namespace(caller: Caller) -> None:
    caller.post(
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><other/></e:Header><e:Body>'
        b'<sendAgentCallBack xmlns="http://practice.nextcall.example/PredictiveService">'
        b"<phonenumber> +1 202 555 0143 </phonenumber>"
        b'<!-- a comment --><x:key xmlns:x="urn:x"><![CDATA[practice]]></x:key><campaignId xmlns="">\n1\n</campaignId>'
        b"</sendAgentCallBack></e:Body></e:Envelope>"
    )
    assert caller.agent_id()


def test_notes_arrive_as_they_were_typed(service: PracticeService, caller: Caller) -> None:
    agent_id = caller.log_in()
    call_id = caller.ask("getConnectionForAgent", agentId=agent_id).findtext(".//{*}id")
    notes = "  &lt;!DOCTYPE a&gt; <![CDATA[<!DOCTYPE b [<!ENTITY c 'd'>]>]]>\n\n"
    caller.ask("storeAgentResponse", agentId=agent_id, callId=call_id, agentResponse="", agentNotes=notes)
    response = service.ledger()[0]["responses"][0]
    assert response["agentNotes"] == "  <!DOCTYPE a> <!DOCTYPE b [<!ENTITY c 'd'>]>\n\n"
    assert (response["agentResponse"], response["lastcall"]) == ("", False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_every_encoding_that_xml_knows_is_read(service: PracticeService, caller: Caller, encoding: str) -> None:
    agent_id = caller.log_in()
    call_id = caller.ask("getConnectionForAgent", agentId=agent_id).findtext(".//{*}id")
    asked = envelope(
        "storeAgentResponse", key="practice", campaignId=1, agentId=agent_id, callId=call_id, agentResponse="Zoë", lastcall=" 1 "
    ).decode()
    assert caller.post(f'<?xml version="1.0" encoding="{encoding}"?>{asked}'.encode(encoding))[0] == 200
    assert service.ledger()[0]["responses"][0]["agentResponse"] == "Zoë"
    assert service.ledger()[0]["responses"][0]["lastcall"] is True


def test_soap_12_is_answered_in_soap_12(standing: Caller) -> None:
    asked = envelope("loginAgent", soap="12", key="practice", campaignId=1, agentId="1")
    status, kind, body = standing.post(asked, **{"Content-Type": "application/soap+xml; charset=utf-8"})
    assert (status, kind.partition(";")[0]) == (500, "application/soap+xml")
    assert body.findtext(f"{SOAP_12}Fault/{SOAP_12}Code/{SOAP_12}Value") == "soap:Sender"
    assert body.findtext(f"{SOAP_12}Fault/{SOAP_12}Reason/{SOAP_12}Text") == "This agent id is unknown."


# --------------------------------------------------------------------------------------------------------- what is not


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "lol">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(12)
)
GOOD = envelope("loginAgent", key="practice", campaignId=1, agentId="1")


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (b"", "Client", "This is not well-formed XML."),
        (b"key=practice", "Client", "This is not well-formed XML."),
        (GOOD[:-3], "Client", "This is not well-formed XML."),
        (b"\x00" * 50, "Client", "This is not well-formed XML."),
        (GOOD.replace(b"practice</", b"\x07</"), "Client", "This is not well-formed XML."),
        (GOOD.replace(b"practice</", b"&nbsp;</"), "Client", "This is not well-formed XML."),
        (b"<a>" * 5000 + b"</a>" * 5000, "Client", "This is not well-formed XML."),
        (b"<!DOCTYPE html>" + GOOD, "Client", "A document type is not allowed in SOAP."),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + GOOD, "Client", "A document type is not allowed in SOAP."),
        (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + GOOD.replace(b">1<", b">&x;<"),
            "Client",
            "A document type is not allowed in SOAP.",
        ),
        (LAUGHS + b"]>" + GOOD.replace(b">1<", b">&m;<"), "Client", ""),  # the parser itself gives up
        (LAUGHS + b"]>" + GOOD.replace(b"<key>", b'<key a="&m;">'), "Client", ""),
        (b"<html/>", "VersionMismatch", "This is no SOAP 1.1 or SOAP 1.2 envelope."),
        (GOOD.replace(b"schemas.xmlsoap.org", b"example.org"), "VersionMismatch", "This is no SOAP 1.1 or SOAP 1.2 envelope."),
        (GOOD.replace(b"PredictiveService", b"Other"), "Client", "The function must be in the namespace "),
        (GOOD.replace(b"loginAgent", b"dropTables"), "Client", "There is no such function in PredictiveService."),
        (GOOD.replace(b"loginAgent", b"startCampaign"), "Client", "There is no such function in PredictiveService."),
        (
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
            "Client",
            "The SOAP body must hold one element",
        ),
        (
            b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
            "Client",
            "The SOAP body must hold one element",
        ),
        (
            GOOD.replace(b"<s:Body>", b'<s:Header><a s:mustUnderstand="1"/></s:Header><s:Body>'),
            "MustUnderstand",
            "This service understands no SOAP headers.",
        ),
        (GOOD.replace(b"<key>", b"<key><a/>"), "Client", "key must hold text, not elements."),
        (GOOD.replace(b"<key>", b"<key>a</key><key>"), "Client", "key is given twice."),
    ],
)
def test_what_is_no_request_gets_a_fault(standing: Caller, body: bytes, code: str, sentence: str) -> None:
    status, kind, answer = standing.post(body)
    fault_code, said = fault_of(answer)
    assert (status, kind.partition(";")[0]) == (500, "text/xml")
    assert fault_code == f"soap:{code}"
    assert said.startswith(sentence)


@pytest.mark.parametrize(
    ("function", "parameters", "sentence"),
    [
        ("loginAgent", {}, "loginAgent: Object missing required field agentId."),
        ("loginAgent", {"agentId": "1", "campaignId": "one"}, "loginAgent: campaignId: Expected int, got str."),
        ("loginAgent", {"agentId": "1", "campaignId": ""}, "loginAgent: campaignId: Expected int, got str."),
        ("loginAgent", {"agentId": "1", "campaignId": "1.5"}, "loginAgent: campaignId: Expected int, got str."),
        ("loginAgent", {"agentId": "1", "campaignId": "9" * 5000}, "loginAgent: campaignId: Integer value out of range."),
        ("loginAgent", {"agentId": "1", "campaignId": 99}, "Campaign 99 is unknown."),
        ("loginAgent", {"agentId": "1", "key": "hunter2"}, "The key is not valid."),
        ("loginAgent", {"agentId": "1", "agentID": "1"}, "loginAgent: Object contains unknown field agentID."),
        ("sendAgentCallBack", {"phonenumber": "my mother"}, "'my mother' is not a phone number."),
        ("kickAgent", {"agentId": "\u202e9999"}, "This agent id is unknown."),
        (
            "storeAgentResponse",
            {"agentId": "1", "callId": "1", "agentResponse": "", "lastcall": "perhaps"},
            "storeAgentResponse: lastcall: Expected bool, got str.",
        ),
    ],
)
def test_wrong_parameters_get_a_fault_that_names_them(
    standing: Caller, function: str, parameters: dict[str, object], sentence: str
) -> None:
    fault = standing.ask(function, **parameters)
    assert (fault.tag, fault.findtext("faultcode"), fault.findtext("faultstring")) == (f"{SOAP_11}Fault", "soap:Client", sentence)


def test_a_nil_parameter_counts_as_not_given(standing: Caller) -> None:
    nil = b'<agentId xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    assert "missing required field agentId" in fault_of(standing.post(GOOD.replace(b"<agentId>1</agentId>", nil))[2])[1]


def test_a_request_that_is_too_large_gets_a_fault(caller: Caller, service: PracticeService) -> None:
    status, _, answer = caller.post(b"<a>" + b"x" * LARGEST_REQUEST)
    assert (status, fault_of(answer)[1]) == (500, f"A request must not be larger than {LARGEST_REQUEST} bytes.")
    assert caller.log_in()


def test_no_answer_ever_repeats_a_wrong_key(standing: Caller) -> None:
    for body in (
        envelope("loginAgent", key="hunter2", campaignId=1, agentId="1"),
        envelope("loginAgent", key="hunter2", campaignId="x", agentId="1"),
        envelope("loginAgent", key="hunter2<b/>", campaignId=1),
        envelope("hunter2", key="hunter2"),
        envelope("loginAgent", key="hunter2")[:-5],
    ):
        assert b"hunter2" not in etree.tostring(standing.post(body)[2])


def test_only_get_and_post_are_known(standing: Caller) -> None:
    connection = http.client.HTTPConnection(urlsplit(standing.origin).netloc)
    connection.request("PUT", "/service/PredictiveService", GOOD)
    assert connection.getresponse().status == 405
    connection.close()


# ----------------------------------------------------------------------------------------------------------------- JSON


def test_phones_and_ledger_can_be_looked_at(caller: Caller, service: PracticeService) -> None:
    assert caller.json("/practice/phones/12025550143")["state"] == "idle"
    agent_id = caller.log_in()
    call_id = caller.ask("getConnectionForAgent", agentId=agent_id).findtext(".//{*}id")
    caller.ask("storeAgentResponse", agentId=agent_id, callId=call_id, agentResponse="Sold", agentNotes="n", lastcall="true")
    phone = caller.json("/practice/phones/%2B1%20(202)%20555-0143")
    assert (phone["number"], phone["state"], phone["agentId"]) == (PHONE, "connected", agent_id)
    assert phone["heard"] == [
        f"Your agent ID is {' '.join(agent_id)}.",
        "hold music",
        "beep",
        "Hello, this is Maya. Who's calling?",
        "Thank you. Please hang up.",
    ]
    ledger = caller.json("/practice/ledger")
    assert ledger == service.ledger()
    assert list(ledger[0]) == ["id", "agent", "campaignId", "phonenumber", "connected_at", "responses"]
    assert list(ledger[0]["responses"][0]) == ["received_at", "agentId", "agentResponse", "agentNotes", "lastcall"]
    phone = caller.json("/practice/phones/12025550143/hangup", method="POST")
    assert (phone["state"], phone["agentId"], phone["heard"]) == ("idle", None, [])


def test_a_phone_number_that_is_none_is_told_so(standing: Caller) -> None:
    status, body = standing.get(f"{standing.origin}/practice/phones/mother")
    assert (status, json.loads(body)) == (400, {"error": "'mother' is not a phone number."})


# ------------------------------------------------------------------------------------------------------ those who wait


@pytest.fixture
def unhurried(hurried: Scenario) -> Scenario:
    """A queue in which everybody waits for a second, which lasts as long as a test wants it to."""
    return msgspec.structs.replace(hurried, wait_seconds=(1, 1))


@pytest.fixture
def service_in_no_hurry(unhurried: Scenario, clock: HandClock) -> Iterator[PracticeService]:
    running = PracticeService(unhurried, clock=clock, dice=random.Random(7))
    running.start()
    yield running
    running.stop()


def test_a_client_that_leaves_leaves_nothing_behind(service_in_no_hurry: PracticeService, clock: HandClock) -> None:
    service, caller = service_in_no_hurry, Caller(service_in_no_hurry.service_url)
    agent_id = caller.log_in()
    with connect(service) as leaving, connect(service) as staying:
        for one in (leaving, staying):
            one.sendall(question(agent_id))
        until(lambda: waiting(service) == 2)
        both = handlers(service)
        leaving.close()
        until(lambda: waiting(service) == 1)
        until(lambda: handlers(service) < both)
        go_on(service, clock, 1)
        assert b"Maya" in received(staying, b"</soap:Envelope>")


@pytest.mark.parametrize("part", [0.1, 0.9])
def test_a_client_that_leaves_in_the_middle_of_its_request_is_forgotten(service: PracticeService, part: float) -> None:
    idle = handlers(service)
    whole = question("1")
    with connect(service) as client:
        client.sendall(whole[: int(len(whole) * part)])
    until(lambda: handlers(service) == idle)


def test_hundreds_of_agents_wait_at_once(service_in_no_hurry: PracticeService, clock: HandClock) -> None:
    agents = 400
    allow_open_files(1024)
    service = service_in_no_hurry
    caller = Caller(service.service_url)

    async def work() -> None:
        ids = [await asyncio.to_thread(caller.log_in, f"202555{number:04d}") for number in range(agents)]
        address = urlsplit(service.service_url)
        streams = [await asyncio.open_connection(address.hostname, address.port) for _ in ids]
        for agent_id, (_, writer) in zip(ids, streams, strict=True):
            writer.write(question(agent_id))
            await writer.drain()
        while waiting(service) < agents:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(go_on, service, clock, 1)
        answers = await asyncio.gather(*(reader.readuntil(b"</soap:Envelope>") for reader, _ in streams))
        calls = [re.search(rb"<[^>]*:id>(\d+)<", answer) for answer in answers]
        assert len({call.group(1) for call in calls if call}) == agents
        assert all(f":agentid>{one}<".encode() in answer for one, answer in zip(ids, answers, strict=True))
        for _, writer in streams:
            writer.close()
            await writer.wait_closed()

    asyncio.run(work())
    until(lambda: waiting(service) == 0)
    assert len(service.ledger()) == agents


def test_a_campaign_that_stops_is_told_to_all_who_wait(service_in_no_hurry: PracticeService, clock: HandClock) -> None:
    service, caller = service_in_no_hurry, Caller(service_in_no_hurry.service_url)
    ids = [caller.log_in(f"20255500{number}") for number in range(10, 13)]
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(service)) for _ in ids]
        for one, agent_id in zip(connections, ids, strict=True):
            one.sendall(question(agent_id))
        until(lambda: waiting(service) == len(ids))
        caller.ask("stopCampaign", "VoiceBroadcastService")
        for one in connections:
            assert b"<faultstring>Campaign 1 is not running.</faultstring>" in received(one, b"</soap:Envelope>")
    assert caller.json("/practice/campaigns")[0]["running"] is False
    caller.ask("startCampaign", "VoiceBroadcastService")
    go_on(service, clock, 2)
    assert caller.ask("getConnectionForAgent", agentId=ids[0]).findtext(".//{*}firstname") == "Maya"


# ------------------------------------------------------------------------------------------------ the service on a thread


def test_the_service_tells_its_addresses_and_its_scenario(service: PracticeService, hurried: Scenario) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/service/PredictiveService\?wsdl", service.service_url)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/service/VoiceBroadcastService\?wsdl", service.broadcast_url)
    assert service.scenario == hurried


def test_a_phone_is_watched_on_the_services_thread(service: PracticeService, caller: Caller) -> None:
    seen: list[tuple[PhoneView, str]] = []
    unwatch = service.watch_phone(PHONE, lambda view: seen.append((view, threading.current_thread().name)))
    assert [view.state for view, _ in seen] == ["idle"]
    agent_id = caller.log_in()
    service.hang_up("12025550143")
    until(lambda: len(seen) > 1 and seen[-1][0].state == "idle")
    assert {"ringing", "connected"} < {view.state for view, _ in seen}
    assert agent_id in {view.agent_id for view, _ in seen}
    assert {thread for _, thread in seen} == {"practice service"}
    unwatch()
    told = len(seen)
    caller.log_in()
    assert len(seen) == told


def test_a_watcher_may_hang_up_and_stop_from_its_own_thread(hurried: Scenario) -> None:
    service = PracticeService(hurried)
    service.start()

    def react(view: PhoneView) -> None:
        if view.state == "ringing":
            service.hang_up(PHONE)
            assert service.ledger() == []
            service.stop()

    service.watch_phone(PHONE, react)
    Caller(service.service_url).ask("sendAgentCallBack", phonenumber=PHONE)
    service.stop()


def test_no_number_no_phone(service: PracticeService) -> None:
    for function in (service.hang_up, lambda number: service.watch_phone(number, print)):
        with pytest.raises(Refusal):
            function("mother")


def test_stopping_ends_blocked_calls_slow_uploads_and_idle_connections(service_in_no_hurry: PracticeService) -> None:
    service, caller = service_in_no_hurry, Caller(service_in_no_hurry.service_url)
    agent_id = caller.log_in()
    with connect(service) as blocked, connect(service) as slow, connect(service) as idle, connect(service) as silent:
        slow.sendall(request(b"<a>", length=1000))
        idle.sendall(b"GET /practice/ledger HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert received(idle, b"[]").startswith(b"HTTP/1.1 200")
        blocked.sendall(question(agent_id))
        until(lambda: waiting(service) == 1)
        service.stop()
        assert received(blocked).startswith(b"HTTP/1.1 503")
        for one in (idle, silent, slow):
            assert received(one) == b""
    service.stop()
    assert service.ledger() == []
    with pytest.raises(ConnectionRefusedError):
        connect(service)


def test_after_the_end_the_ledger_can_still_be_read(service: PracticeService, caller: Caller) -> None:
    agent_id = caller.log_in()
    caller.ask("getConnectionForAgent", agentId=agent_id)
    service.stop()
    assert len(service.ledger()) == 1


def test_many_threads_may_ask_while_it_stops(hurried: Scenario) -> None:
    service = PracticeService(hurried)
    service.start()
    begun = threading.Barrier(9)

    def ask(function: Callable[[], object]) -> None:
        begun.wait()
        for _ in range(50):
            function()

    threads = [threading.Thread(target=ask, args=(function,)) for function in [service.ledger, service.stop] * 4]
    for thread in threads:
        thread.start()
    begun.wait()
    for thread in threads:
        thread.join()
    assert service.ledger() == []


def test_a_service_that_never_started_stops_and_starts_once(hurried: Scenario) -> None:
    service = PracticeService(hurried)
    service.stop()
    assert service.ledger() == []
    service.start()
    with pytest.raises(RuntimeError):
        service.start()
    service.stop()


def test_a_taken_port_is_told_in_words(service: PracticeService, hurried: Scenario) -> None:
    port = urlsplit(service.service_url).port or 0
    second = PracticeService(hurried, port=port)
    with pytest.raises(NextCallError) as error:
        second.start()
    assert str(error.value) == f"The practice service cannot start: Port {port} is in use by another program."
    second.stop()


def test_a_port_that_is_none_is_told_in_words(hurried: Scenario) -> None:
    with pytest.raises(NextCallError, match="Port 70000 cannot be used"):
        PracticeService(hurried, port=70_000).start()


def test_the_port_is_free_again_after_the_end(service: PracticeService, caller: Caller, hurried: Scenario) -> None:
    caller.log_in()
    service.stop()
    port = urlsplit(service.service_url).port or 0
    second = PracticeService(hurried, port=port)
    second.start()
    assert urlsplit(second.service_url).port == port
    second.stop()


@pytest.mark.logs("loginAgent failed")
def test_a_failure_of_our_own_is_a_fault_of_the_server(
    service: PracticeService, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service._center, "login_agent", lambda *_: 1 // 0)
    fault = caller.ask("loginAgent", agentId="1")
    assert (fault.findtext("faultcode"), fault.findtext("faultstring")) == (
        "soap:Server",
        "The practice service failed. Its log says how.",
    )
