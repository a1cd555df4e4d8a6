"""Functions that no document names, asked over a socket: what leaves, what comes back, and what is certain when it goes wrong."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from desktop.callcenter.model import Described, Field, Wanted
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import AnswerNotUnderstood, CallCenterError, NotOffered, NotReached, OutcomeUnknown, Refused, WrongValues
from tests.callcenter.wire import (
    ACCOUNT,
    BROADCAST,
    FUNCTIONS,
    KEY,
    Act,
    Server,
    answers,
    chain,
    done,
    envelope,
    fault,
    hangs_up,
    http,
    wsdl,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LATER = {
    "getAgentStats": (("key", "string"), ("campaignId", "long"), ("agentId", "string")),
    "updateRatio": (("key", "string"), ("campaignId", "long"), ("ratio", "decimal")),
}


def stats(inside: str) -> bytes:
    return envelope(f'<n:getAgentStatsResponse xmlns:n="urn:calls">{inside}</n:getAgentStatsResponse>')


@asynccontextmanager
async def later(act: Act = hangs_up) -> AsyncIterator[tuple[SoapCallCenter, Server]]:
    """A client of a service with later functions, and the server at its other end."""
    async with Server(act) as server:
        server.documents["/s?wsdl"] = wsdl(f"{server.url}/s", FUNCTIONS | LATER)
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        try:
            await client.open()
            yield client, server
        finally:
            await client.close()


def filled(described: Described, *texts: str) -> dict[Wanted, str]:
    return dict(zip(described.wanted, texts, strict=True))


async def failure(client: SoapCallCenter, *texts: str) -> CallCenterError:
    """Of asking getAgentStats; it chains nothing and holds no key."""
    described = client.described()[0]
    with pytest.raises(CallCenterError) as caught:
        await client.ask(ACCOUNT, described, filled(described, *texts))
    assert chain(caught.value) == []
    assert KEY[:8] not in f"{caught.value} {caught.value!r} {caught.value.advice}"
    return caught.value


async def test_what_a_described_function_returns_comes_as_fields():
    inside = "<return><agentId>12</agentId><calls><call n='1'>4711</call><call n='2'/></calls></return>"
    async with later(answers(http(stats(inside)))) as (client, server):
        described = client.described()[0]
        assert await client.ask(ACCOUNT, described, filled(described, "12")) == (
            Field("agentId", "12"),
            Field("calls", children=(Field("call", "4711", (("n", "1"),)), Field("call", "", (("n", "2"),)))),
        )
    head, _, body = server.posts[0].partition(b"\r\n\r\n")
    assert b'soapaction: "urn:do-getagentstats"' in head.lower()
    assert {etree.QName(one).localname: one.text for one in etree.fromstring(body)[0][0]} == {
        "key": KEY,
        "campaignId": "77",
        "agentId": "12",
    }


@pytest.mark.parametrize(
    ("inside", "returned"),
    [
        ("", ()),
        ("<return/>", ()),
        ("<return xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>", ()),
        ("<return>42</return>", (Field("return", "42"),)),
        ("  42 ", (Field("getAgentStatsResponse", "  42 "),)),
        ("<a>1</a><b>2</b>", (Field("a", "1"), Field("b", "2"))),
        ("<a/><b/>", (Field("a"), Field("b"))),
        ("<return id='7'><a>1</a></return>", (Field("id", "7"), Field("a", "1"))),
        ("<return><rows><row>1</row></rows></return>", (Field("rows", children=(Field("row", "1"),)),)),
        (f"<return><a>{KEY.replace('<&>', '&lt;&amp;&gt;')}</a></return>", (Field("a", "[key]"),)),
    ],
)
async def test_the_wrappers_of_an_answer_are_left_out(inside: str, returned: tuple[Field, ...]):
    async with later(answers(http(stats(inside)))) as (client, _):
        described = client.described()[0]
        assert await client.ask(ACCOUNT, described, filled(described, "12")) == returned


async def test_a_big_answer_is_read_without_holding_up_anybody():
    rows = "".join(f"<row><n>{number}</n></row>" for number in range(20_000))
    async with later(answers(http(stats(f"<return>{rows}</return>")))) as (client, _):
        described = client.described()[0]
        returned = await client.ask(ACCOUNT, described, filled(described, "12"))
    assert (len(returned), returned[-1].children[0].text) == (20_000, "19999")


async def test_nothing_is_sent_before_everything_is_right():
    async with later() as (client, server):
        _, ratio = client.described()
        with pytest.raises(WrongValues) as caught:
            await client.ask(ACCOUNT, ratio, filled(ratio, "a lot"))
        assert caught.value.mistakes == ((("ratio",), "“ratio” must be a number, such as 1.5."),)
        assert str(caught.value) == "This cannot be sent as it is: “ratio” must be a number, such as 1.5."
        assert isinstance(await failure(client, " "), WrongValues)
        assert server.posts == []


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (answers(http(fault("The key is not valid."), "500 Internal Server Error")), Refused, "The key is not valid."),
        (answers(http(fault(f"no such key: {KEY.replace('<&>', '')}"), "500 No")), Refused, "no such key"),
        (answers(http(b"<html><title>Sign in</title>")), AnswerNotUnderstood, "Sign in"),
        (answers(http(done("updateRatio"))), AnswerNotUnderstood, "updateRatioResponse"),
        (hangs_up, OutcomeUnknown, "without an answer"),
    ],
)
async def test_what_goes_wrong_is_told_as_of_every_other_function(act: Act, kind: type[CallCenterError], words: str):
    async with later(act) as (client, _):
        found = await failure(client, "12")
    assert type(found) is kind
    assert words in found.reason


async def test_a_service_that_is_gone_was_not_reached():
    async with later() as (client, server):
        server._server.close()
        await server._server.wait_closed()
        assert type(await failure(client, "12")) is NotReached


async def test_nothing_is_described_and_nothing_asked_before_the_service_is_known():
    client = SoapCallCenter("http://127.0.0.1:9/s?wsdl")
    assert client.described() == ()
    with pytest.raises(NotReached, match="has not been read yet"):
        await client.ask(ACCOUNT, Described("getAgentStats"), {})
    await client.close()


async def test_both_services_are_described_and_each_is_asked_for_its_own():
    both = BROADCAST | {"getAgentStats": LATER["getAgentStats"], "pauseAll": (("key", "string"),)}
    async with Server(answers(http(done("getAgentStats")))) as agents, Server(answers(http(done("pauseAll")))) as broadcast:
        agents.documents["/s?wsdl"] = wsdl(agents.url, FUNCTIONS | LATER)
        broadcast.documents["/b?wsdl"] = wsdl(broadcast.url, both)
        client = SoapCallCenter(f"{agents.url}/s?wsdl", f"{broadcast.url}/b?wsdl")
        await client.open()
        described = {one.name: one for one in client.described()}
        assert list(described) == ["getAgentStats", "updateRatio", "pauseAll"]
        assert await client.ask(ACCOUNT, described["pauseAll"], {}) == ()
        assert (len(agents.posts), len(broadcast.posts)) == (0, 1)
        stats = described["getAgentStats"]
        assert await client.ask(ACCOUNT, stats, filled(stats, "12")) == ()
        assert (len(agents.posts), len(broadcast.posts)) == (1, 1)
        with pytest.raises(NotOffered, match="does not offer rebootEverything"):
            await client.ask(ACCOUNT, Described("rebootEverything"), {})
        await client.close()


async def test_why_a_function_has_no_form_is_in_the_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    async with Server() as server:
        picture = '<xs:element name="picture" type="xs:base64Binary"/>'
        server.documents["/s?wsdl"] = wsdl(server.url, FUNCTIONS, elements={"sendPicture": picture})
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        await client.open()
        assert client.described() == ()
        await client.close()
    assert "not offered as a form: sendPicture: “picture” is nothing that can be typed." in caplog.text


async def test_a_function_that_answers_nothing_at_all_returned_nothing():
    one_way = wsdl("ADDRESS", FUNCTIONS | LATER).replace(b'<output message="tns:getAgentStatsOut"/>', b"", 1)
    one_way = one_way.replace(
        b'<output><soap:body use="literal"/></output></operation><operation name="updateRatio">',
        b'</operation><operation name="updateRatio">',
    )
    async with Server(answers(http(b"", "202 Accepted"))) as server:
        server.documents["/s?wsdl"] = one_way.replace(b"ADDRESS", server.url.encode())
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        await client.open()
        described = client.described()[0]
        assert await client.ask(ACCOUNT, described, filled(described, "12")) == ()
        await client.close()
