"""What is certain after each thing that can happen on the way, proved over real sockets."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
from dataclasses import replace

import pytest
from lxml import etree

from desktop.callcenter import network, soap
from desktop.callcenter.model import CallResponse, Function
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import AnswerNotUnderstood, CallCenterError, NotLoggedIn, NotOffered, NotReached, OutcomeUnknown, Refused
from tests.callcenter.wire import (
    ACCOUNT,
    FUNCTIONS,
    KEY,
    SOAP_12,
    Server,
    answers,
    center,
    chain,
    connected,
    done,
    drips,
    envelope,
    fault,
    hangs_up,
    http,
    never_answers,
    wsdl,
)

RESPONSE = CallResponse("4711", "Interested", "ring \U0001f4de \u05e9\u05dc\u05d5\u05dd\x07")


async def _login(client: SoapCallCenter) -> CallCenterError:
    """The failure of a log-in, which must chain nothing and hold no key."""
    with pytest.raises(CallCenterError) as caught:
        await client.login_agent(ACCOUNT, "12")
    failure = caught.value
    assert chain(failure) == []
    assert KEY[:8] not in f"{failure} {failure!r} {failure.title} {failure.advice} {failure.reason}"
    return failure


# ------------------------------------------------------------------------------------------------------------- what works


async def test_stores_a_response_with_every_documented_parameter_and_only_visible_characters():
    async with center(answers(http(done("storeAgentResponse")))) as (client, server):
        await client.store_agent_response(ACCOUNT, "12", RESPONSE, last=True)
    head, _, body = server.posts[0].partition(b"\r\n\r\n")
    parameters = {etree.QName(one).localname: one.text for one in etree.fromstring(body)[0][0]}
    assert parameters == {
        "key": KEY,
        "campaignId": "77",
        "agentId": "12",
        "callId": "4711",
        "agentResponse": "Interested",
        "agentNotes": "ring \U0001f4de \u05e9\u05dc\u05d5\u05dd\u2407",
        "lastcall": "true",
    }
    assert b'soapaction: "urn:do-storeagentresponse"' in head.lower()
    assert b"accept-encoding: identity" in head.lower()
    assert b"user-agent: nextcall/" in head.lower()


async def test_a_call_that_drips_in_is_whole():
    async with center(drips(http(connected()))) as (client, _):
        call = await client.get_connection_for_agent(ACCOUNT, "12")
    assert (call.id, call.first("phonenumber")) == ("4711", "15551234567")


async def test_says_that_the_question_has_left_once_it_has_and_before_there_is_an_answer():
    told: list[int] = []
    async with center(answers(http(connected()))) as (client, server):
        await client.get_connection_for_agent(ACCOUNT, "12", on_asked=lambda: told.append(len(server.posts)))
    assert told == [0]  # the server had not read it yet


@pytest.mark.logs("telling that the question has left went wrong")
async def test_an_agent_goes_on_waiting_when_the_one_who_is_told_fails():
    def fails() -> None:
        raise RuntimeError

    async with center(answers(http(connected()))) as (client, _):
        assert (await client.get_connection_for_agent(ACCOUNT, "12", on_asked=fails)).id == "4711"


async def test_the_long_wait_has_no_end_and_everything_else_has():
    assert soap.LONG_CALL.read is None
    for timeout in (soap.LONG_CALL, soap.SHORT_CALL):
        assert None not in (timeout.connect, timeout.write, timeout.pool)
    assert soap.SHORT_CALL.read == 30


async def test_the_connection_is_probed_while_it_is_silent():
    found: list[int] = []

    def look() -> None:
        for one in gc.get_objects():
            if isinstance(one, socket.socket) and one.fileno() >= 0 and one.family == socket.AF_INET:
                try:
                    peer = one.getpeername()
                except OSError:
                    continue
                if peer[1] == server.port:
                    found.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
                    if hasattr(socket, "TCP_KEEPIDLE"):
                        found.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))

    async with center(answers(http(connected()))) as (client, server):
        await client.get_connection_for_agent(ACCOUNT, "12", on_asked=look)
    assert found[:1] == [1]
    assert found[1:] in ([], [network.KEEP_ALIVE_AFTER])


async def test_every_request_has_a_connection_of_its_own():
    async with center(answers(http(done("loginAgent")))) as (client, server):
        for _ in range(3):
            await client.login_agent(ACCOUNT, "12")
        assert server.connections == 1 + 3  # the description's, and one each


async def test_cancelling_a_wait_closes_its_connection():
    async with center(never_answers) as (client, server):
        asked = asyncio.Event()
        waiting = asyncio.create_task(client.get_connection_for_agent(ACCOUNT, "12", on_asked=asked.set))
        await asked.wait()
        server.gone.clear()
        waiting.cancel()
        await server.gone.wait()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_closing_ends_a_wait_with_an_unknown_outcome_and_sends_nothing_more():
    async with center(never_answers) as (client, server):
        asked = asyncio.Event()
        waiting = asyncio.create_task(client.get_connection_for_agent(ACCOUNT, "12", on_asked=asked.set))
        await asked.wait()
        await client.close()
        with pytest.raises(OutcomeUnknown):
            await waiting
        posts = len(server.posts)
        assert type(await _login(client)) is NotReached
        assert len(server.posts) == posts


# ------------------------------------------------------------------------------------------------------- nothing was sent


async def test_a_server_that_is_gone_was_not_reached():
    async with center() as (client, server):
        await server.__aexit__()
        failure = await _login(client)
    assert type(failure) is NotReached
    assert failure.title == "The call center takes no connections"
    assert server.posts == []


async def test_nothing_is_asked_before_the_contract_is_known():
    client = SoapCallCenter("http://127.0.0.1:9/s?wsdl")
    assert not any(client.offers(function) for function in Function)
    assert type(await _login(client)) is NotReached
    with pytest.raises(NotReached):
        await client.open()
    await client.close()


async def test_a_name_that_nobody_knows_was_not_reached(monkeypatch):
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with center() as (client, _):
        monkeypatch.setattr(socket, "getaddrinfo", nobody)
        operations = client._service._documented
        operations[Function.LOGIN_AGENT] = replace(operations[Function.LOGIN_AGENT], address="https://nowhere.invalid/s")
        failure = await _login(client)
    assert (type(failure), failure.title) == (NotReached, "The call center's name was not found")


@pytest.mark.parametrize(
    ("trouble", "title"),
    [
        (ConnectionRefusedError(), "The call center takes no connections"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "This computer has no way to the call center"),
        (TimeoutError(), "The call center did not pick up in time"),
        (UnicodeError("label too long"), "The call center's name was not found"),
        (ExceptionGroup("all tries", [OSError(5, "x"), ConnectionRefusedError()]), "The call center takes no connections"),
        (OSError(5, "something else"), "The call center could not be reached"),
    ],
)
def test_the_usual_causes_have_words_of_their_own(trouble, title):
    wrapped = soap.httpx.ConnectError("")
    wrapped.__cause__ = trouble
    assert soap._not_reached(wrapped, "https://center.example/s").title == title


# -------------------------------------------------------------------------------------------------- it may have been done


@pytest.mark.parametrize(
    "act",
    [
        hangs_up,
        answers(b""),
        answers(b"HTTP/1.1 200 OK\r\nContent-Le"),
        answers(http(done("loginAgent"), length=5000)),
        answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<e"),
    ],
    ids=["closed", "nothing", "cut in the head", "cut in the body", "cut in a chunk"],
)
async def test_a_connection_that_ends_early_leaves_the_outcome_unknown(act):
    async with center(act) as (client, server):
        failure = await _login(client)
    assert isinstance(failure, OutcomeUnknown)
    assert len(server.posts) == 1


async def test_a_server_that_closes_before_reading_leaves_the_outcome_unknown():
    async with center() as (client, server):
        server.deaf = True
        assert isinstance(await _login(client), OutcomeUnknown)


async def test_a_server_that_resets_the_connection_leaves_the_outcome_unknown():
    async def resets(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _request: bytes) -> None:
        writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with center(resets) as (client, _):
        assert type(await _login(client)) is OutcomeUnknown


async def test_a_server_that_says_nothing_leaves_the_outcome_unknown(monkeypatch):
    monkeypatch.setattr(soap, "SHORT_CALL", soap.httpx.Timeout(5, read=0.05))
    async with center(never_answers) as (client, _):
        failure = await _login(client)
    assert type(failure) is OutcomeUnknown
    assert failure.reason == "It took the request, but did not answer in time."


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_a_redirect_is_refused_and_the_key_stays_here(status):
    async with Server() as other, center() as (client, server):
        server.act = answers(http(b"", status, f"Location: {other.url}/s?x={KEY}"))
        failure = await _login(client)
        assert type(failure) is AnswerNotUnderstood
        assert "redirect refused" in failure.reason
        assert other.connections == 0


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (http(b"<html><head><title>Sign in &amp; pay</title></head><p>Welcome"), 'a web page titled "Sign in & pay"'),
        (http(f"<HTML><title>{KEY}</title>".encode(), "502 Bad Gateway"), "HTTP 502 with a web page"),
        (http(b"", "204 No Content"), "HTTP 204 with an empty answer"),
        (http(b""), "an empty answer"),
        (http(b"nope"), 'a text that begins with "nope"'),
        (http(b"\0\1\2\3" * 9), "36 bytes of binary data"),
        (http(done("loginAgent")[:-20]), "XML that is cut off or broken"),
        (http(done("kickAgent")), "kickAgentResponse"),
        (http(b"<rss/>"), "XML of another kind: rss"),
        (http(envelope("")), "an empty SOAP Body"),
        (http(done("loginAgent"), "500 Oops"), "HTTP 500 with a SOAP answer that is no Fault"),
        (http(b"\x1f\x8b zipped", "200 OK", "Content-Encoding: gzip"), "compressed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP"),
        (http(b"x" * 6_000_000), "more than 5,000,000 bytes"),
    ],
)
async def test_what_is_no_answer_of_this_service_is_told_in_words(reply, words):
    async with center(answers(reply)) as (client, _):
        failure = await _login(client)
    assert type(failure) is AnswerNotUnderstood
    assert words in failure.reason


async def test_a_big_answer_is_read_as_well():
    many = "<id>1</id>" + "".join(f"<field{number}>{'x' * 200}</field{number}>" for number in range(2000))
    async with center(answers(http(connected(many)))) as (client, _):
        call = await client.get_connection_for_agent(ACCOUNT, "12")
    assert [one.name for one in call.fields] == ["id", *(f"field{number}" for number in range(2000))]


# ------------------------------------------------------------------------------------------------------- it was not done


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
async def test_a_fault_is_a_refusal_whatever_its_status(status):
    async with center(answers(http(fault("no lines are left"), status))) as (client, _):
        failure = await _login(client)
    assert (type(failure), failure.reason) == (Refused, "no lines are left")


async def test_a_fault_about_a_log_in_that_is_gone_is_told_apart():
    reason = '<e:Fault><e:Code/><e:Reason><e:Text xml:lang="en">agent 12 was kicked</e:Text></e:Reason></e:Fault>'
    async with center(answers(http(envelope(reason, SOAP_12)))) as (client, _):
        assert type(await _login(client)) is NotLoggedIn


async def test_a_fault_that_repeats_the_key_is_told_without_it():
    written = KEY.replace("&", "&amp;").replace("<", "&lt;")
    async with center(answers(http(fault(f"the key {written} is not valid, neither is {written[:7]}")))) as (client, _):
        failure = await _login(client)
    assert failure.reason == "the key [key] is not valid, neither is [key]"


# ------------------------------------------------------------------------------------------------------------ what is offered


async def test_only_what_the_description_has_is_offered():
    async with Server() as server:
        server.documents["/s?wsdl"] = wsdl(server.url, {name: FUNCTIONS[name] for name in FUNCTIONS if name != "kickAgent"})
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        await client.open()
        assert client.offers(Function.STORE_AGENT_RESPONSE)
        assert not client.offers(Function.KICK_AGENT)
        with pytest.raises(NotOffered, match="does not offer kickAgent"):
            await client.kick_agent(ACCOUNT, "12")
        with pytest.raises(NotOffered, match="does not offer startCampaign"):
            await client.start_campaign(ACCOUNT)
        await client.close()
    assert server.posts == []


async def test_no_key_in_the_log_not_even_when_everything_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    async with center(answers(http(fault(f"bad key {KEY[:9]}")))) as (client, _):
        await _login(client)
    assert "sEcReT" not in caplog.text
