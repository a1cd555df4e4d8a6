"""Descriptions that are kept for the next start."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from desktop.callcenter.documents import KeptDocuments
from desktop.callcenter.model import Function
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import ContractError, NotReached
from tests.callcenter.wire import ACCOUNT, BROADCAST, FUNCTIONS, Server, answers, done, http, without, wsdl

SERVICE = "https://center.example/s?wsdl"


async def refreshed() -> None:
    """The background has fetched the description anew, or has failed to."""
    for thread in threading.enumerate():
        if "next start" in thread.name:
            while thread.is_alive():
                await asyncio.sleep(0.005)


async def opened(url: str, kept_in, broadcast: str = "") -> SoapCallCenter:
    client = SoapCallCenter(url, broadcast, kept_in=kept_in)
    try:
        await client.open()
    finally:
        await client.close()
    return client


async def test_a_start_needs_no_network_once_the_description_is_kept(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    async with Server() as server:
        server.documents["/s?wsdl"] = wsdl(server.url)
        url = f"{server.url}/s?wsdl"
        await opened(url, tmp_path)
    client = await opened(url, tmp_path)
    assert client.offers(Function.STORE_AGENT_RESPONSE)
    await refreshed()
    assert "was not fetched anew" in caplog.text
    assert (await opened(url, tmp_path)).offers(Function.KICK_AGENT)  # and still kept
    await refreshed()


async def test_the_next_start_knows_what_has_changed(tmp_path):
    async with Server() as server:
        url = f"{server.url}/s?wsdl"
        server.documents["/s?wsdl"] = wsdl(server.url)
        await opened(url, tmp_path)
        server.documents["/s?wsdl"] = wsdl(server.url, without("kickAgent"))
        assert (await opened(url, tmp_path)).offers(Function.KICK_AGENT)
        await refreshed()
        assert not (await opened(url, tmp_path)).offers(Function.KICK_AGENT)
        await refreshed()


async def test_a_description_that_became_worse_is_not_kept(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    async with Server() as server:
        url = f"{server.url}/s?wsdl"
        server.documents["/s?wsdl"] = wsdl(server.url)
        await opened(url, tmp_path)
        server.documents["/s?wsdl"] = b"<html><title>Sign in to the guest network</title>"
        for _ in range(2):
            assert (await opened(url, tmp_path)).offers(Function.LOGIN_AGENT)
            await refreshed()
    assert "Sign in to the guest network" in caplog.text


@pytest.mark.parametrize("damage", ["cut", "emptied", "gone", "no index", "other index", "well-formed"])
async def test_what_is_damaged_is_fetched(tmp_path, damage):
    async with Server() as server:
        url = f"{server.url}/s?wsdl"
        server.documents["/s?wsdl"] = wsdl(server.url)
        await opened(url, tmp_path)
        kept = KeptDocuments(tmp_path, url)
        (document,) = kept.folder.glob("*.xml")
        index = kept.folder / "index.json"
        if damage == "cut":
            document.write_bytes(document.read_bytes()[:-9])
        elif damage == "emptied":
            document.write_bytes(b"")
        elif damage == "gone":
            document.unlink()
        elif damage == "no index":
            index.write_bytes(b"[1, 2")
        elif damage == "other index":
            index.write_text(index.read_text().replace(document.name, "../../index.json"))
        else:
            kept.write({url: b"<definitions/>"})
        assert (await opened(url, tmp_path)).offers(Function.LOGIN_AGENT)
        assert len(server.requests) == 2
        assert kept.read()[url] == server.documents["/s?wsdl"]


async def test_a_place_where_nothing_can_be_kept_costs_nothing_but_the_wait(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    place = tmp_path / "a file"
    place.write_text("not a folder")
    async with Server() as server:
        server.documents["/s?wsdl"] = wsdl(server.url)
        assert (await opened(f"{server.url}/s?wsdl", place)).offers(Function.LOGIN_AGENT)
    assert "cannot be kept" in caplog.text


def test_each_service_has_a_folder_of_its_own(tmp_path):
    one, other = KeptDocuments(tmp_path, SERVICE), KeptDocuments(tmp_path, f"{SERVICE}2")
    one.write({SERVICE: b"<a/>", "https://center.example/types.xsd": b"<b/>"})
    assert other.read() == {}
    assert one.read() == {SERVICE: b"<a/>", "https://center.example/types.xsd": b"<b/>"}
    one.write({SERVICE: b"<c/>"})
    assert one.read() == {SERVICE: b"<c/>"}
    assert len(list(one.folder.iterdir())) == 2  # what is not needed any more is gone
    assert KeptDocuments(tmp_path, "https://../../x").folder.parent == tmp_path


async def test_opening_again_after_a_failure_tries_again():
    async with Server() as server:
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        with pytest.raises(ContractError, match="HTTP 404 and a web page"):
            await client.open()
        server.documents["/s?wsdl"] = wsdl(server.url)
        await client.open()
        await client.open()
        assert len(server.requests) == 2
        await client.close()


# ------------------------------------------------------------------------------------------------------ the broadcast service


async def test_campaigns_are_started_by_the_broadcast_service(tmp_path):
    async with Server(answers(http(done("startCampaign")))) as broadcast, Server() as server:
        server.documents["/s?wsdl"] = wsdl(server.url)
        broadcast.documents["/b?wsdl"] = wsdl(broadcast.url, BROADCAST)
        client = SoapCallCenter(f"{server.url}/s?wsdl", f"{broadcast.url}/b?wsdl", kept_in=tmp_path)
        await client.open()
        assert all(client.offers(function) for function in Function)
        await client.start_campaign(ACCOUNT)
        await client.close()
    assert (len(broadcast.posts), len(server.posts)) == (1, 0)
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_service_that_has_everything_needs_no_broadcast_service():
    async with Server(answers(http(done("stopCampaign")))) as server:
        server.documents["/s?wsdl"] = wsdl(server.url, FUNCTIONS | BROADCAST)
        client = SoapCallCenter(f"{server.url}/s?wsdl")
        await client.open()
        await client.stop_campaign(ACCOUNT)
        await client.close()
    assert len(server.posts) == 1


async def test_a_broken_broadcast_service_breaks_nothing_else(caplog):
    caplog.set_level(logging.INFO)
    async with Server() as server:
        server.documents["/s?wsdl"] = wsdl(server.url, FUNCTIONS | BROADCAST)
        client = SoapCallCenter(f"{server.url}/s?wsdl", "http://127.0.0.1:9/b?wsdl")
        await client.open()
        assert client.offers(Function.LOGIN_AGENT)
        assert not client.offers(Function.START_CAMPAIGN)
        with pytest.raises(ContractError, match="does not offer startCampaign"):
            await client.start_campaign(ACCOUNT)
        await client.close()
    assert "startCampaign and stopCampaign are not offered" in caplog.text


@pytest.mark.parametrize(("status", "kind"), [("503 Busy", NotReached), ("404 No", ContractError), ("302 Moved", ContractError)])
async def test_a_server_without_a_description_says_why(status, kind):
    async with Server() as server:
        reply = http(b"<html>", status, "Location: https://new.example/s?wsdl")

        async def answer(reader, writer) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            await writer.drain()

        server._answer = answer
        with pytest.raises(kind) as caught:
            await opened(f"{server.url}/s?wsdl", None)
    assert status.split()[0] in caught.value.reason or "moved to https://new.example/s" in caught.value.reason
