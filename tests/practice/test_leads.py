"""A team lead's day by clients of three kinds - ours, zeep, PHP's SoapClient - in both versions of SOAP: each sees the same."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree

from desktop.callcenter.model import Account
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import Refused, WrongValues
from desktop.practice.server import PracticeService
from tests.practice.outside import PHONE, Caller, Dice, until, waiting

Lead = Callable[..., "dict[str, str] | None"]
"""Has a function done with these parameters; what was returned as texts by name. Raises Fault."""


class Fault(Exception):
    """The service's sentence."""


def texts(answer: Any) -> dict[str, str]:
    """The values of an answer by name; a disposition by its own."""
    found: dict[str, str] = {}
    for name, value in answer.items():
        if name == "disposition":
            several = value if isinstance(value, list) else [value]
            found |= {one["name"]: str(one["_" if "_" in one else "_value_1"]) for one in several}
        elif value is not None:
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


@contextmanager
def by_php(service: PracticeService, version: str, program: str) -> Iterator[Lead]:
    script = Path(__file__).with_name("lead.php")
    command = [program, str(script), service.service_url, service.broadcast_url, version]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as running:
        stdin, stdout = running.stdin, running.stdout
        assert stdin
        assert stdout

        def ask(function: str, **parameters: Any) -> dict[str, str] | None:
            stdin.write(json.dumps([function, parameters]) + "\n")
            stdin.flush()
            said = json.loads(stdout.readline())
            if "fault" in said:
                raise Fault(said["fault"])
            inside = said["returned"]
            return texts(inside["return"]) if inside else None

        yield ask
        stdin.close()


@contextmanager
def by_zeep(service: PracticeService, version: str) -> Iterator[Lead]:
    with ExitStack() as stack:
        clients = []
        for url, name in ((service.service_url, "PredictiveService"), (service.broadcast_url, "VoiceBroadcastService")):
            client = stack.enter_context(zeep.Client(url, port_name=f"{name}Soap{version}"))
            stack.callback(client.transport.session.close)
            clients.append(client)

        def ask(function: str, **parameters: Any) -> dict[str, str] | None:
            client = clients[function.endswith("Campaign")]
            try:
                returned = client.service[function](**parameters)
            except zeep.exceptions.Fault as fault:
                raise Fault(fault.message) from fault
            return texts(zeep.helpers.serialize_object(returned, dict)) if returned is not None else None

        yield ask


@contextmanager
def by_us(service: PracticeService) -> Iterator[Lead]:
    with asyncio.Runner() as runner:
        center = SoapCallCenter(service.service_url, service.broadcast_url)
        runner.run(center.open())
        described = {one.name: one for one in center.described()}

        async def asked(function: str, key: str, campaignId: int, **values: Any) -> dict[str, str] | None:
            account = Account(key, campaignId)
            if function in described:
                wanted = {one.name: one for one in described[function].wanted}
                given = {wanted[name]: str(value) for name, value in values.items()}
                fields = await center.ask(account, described[function], given)
                return {dict(one.attributes).get("name", one.name): one.text for one in fields} or None
            if function == "kickAgent":
                await center.kick_agent(account, values["agentId"])
            else:
                await {"startCampaign": center.start_campaign, "stopCampaign": center.stop_campaign}[function](account)
            return None

        def ask(function: str, **parameters: Any) -> dict[str, str] | None:
            try:
                return runner.run(asked(function, **parameters))
            except Refused as refused:
                raise Fault(refused.reason) from refused

        yield ask
        runner.run(center.close())


@pytest.fixture(params=["ours", "zeep 11", "zeep 12", "PHP 11", "PHP 12"])
def lead(request: pytest.FixtureRequest, service: PracticeService) -> Iterator[Lead]:
    kind, _, version = request.param.partition(" ")
    if kind == "PHP":
        client = by_php(service, version, request.getfixturevalue("php"))
    else:
        client = by_zeep(service, version) if kind == "zeep" else by_us(service)
    with client as ask:
        yield ask


def test_a_lead_starts_looks_stops_and_kicks(service: PracticeService, caller: Caller, dice: Dice, lead: Lead) -> None:
    campaign: dict[str, Any] = {"key": "practice", "campaignId": 1}
    assert lead("stopCampaign", **campaign) is None
    agent_id = caller.log_in()
    agent = campaign | {"agentId": agent_id}
    assert lead("updateRatio", **campaign, ratio="2.5") is None
    before = lead("getAgentStats", **agent)
    assert before
    assert before.pop("loggedInSince")
    assert before == {
        "agentId": agent_id,
        "campaignId": "1",
        "state": "waiting",
        "callsConnected": "0",
        "responsesStored": "0",
        "campaignRunning": "false",
        "ratio": "2.5",
    }
    assert lead("startCampaign", **campaign) is None
    assert lead("startCampaign", **campaign) is None  # twice is no failure
    call_id = caller.ask("getConnectionForAgent", agentId=agent_id).findtext(".//{*}id")
    during = lead("getAgentStats", **agent)
    assert during
    assert (during["state"], during["currentCall"], during["campaignRunning"]) == ("connected", call_id, "true")
    dice.enough = True
    assert not fault_of(caller.ask("storeAgentResponse", agentId=agent_id, callId=call_id, agentResponse="Sold &amp; done"))
    heard: list[str] = []
    asking = threading.Thread(target=lambda: heard.append(fault_of(caller.ask("getConnectionForAgent", agentId=agent_id))))
    asking.start()
    until(lambda: waiting(service) == 1)
    assert lead("stopCampaign", **campaign) is None
    assert lead("stopCampaign", **campaign) is None
    asking.join()
    assert heard == ["Campaign 1 is not running."]
    assert lead("kickAgent", **agent) is None
    after = lead("getAgentStats", **agent)
    assert after
    assert (after["state"], after["callsConnected"], after["responsesStored"], after["Sold & done"]) == (
        "off the phone",
        "1",
        "1",
        "1",
    )
    assert fault_of(caller.ask("getConnectionForAgent", agentId=agent_id)).endswith("a supervisor hung up the phone.")
    assert caller.json("/practice/campaigns") == [
        {"id": 1, "name": "Lantern Book Club", "running": False, "ratio": 2.5, "agents": []},
        {"id": 2, "name": "Harbour Street survey", "running": False, "ratio": 1.0, "agents": []},
    ]


def fault_of(answer: etree._Element) -> str:
    return answer.findtext("faultstring") or ""


def test_a_lead_is_refused_in_sentences(caller: Caller, lead: Lead) -> None:
    agent_id = caller.log_in(PHONE)
    right: dict[str, Any] = {"key": "practice", "campaignId": 1}
    for function, more in {
        "startCampaign": {},
        "stopCampaign": {},
        "kickAgent": {"agentId": agent_id},
        "getAgentStats": {"agentId": agent_id},
        "updateRatio": {"ratio": "2"},
    }.items():
        for wrong, sentence in (
            ({"key": "another key"}, "The key is not valid."),
            ({"campaignId": 99}, "Campaign 99 is unknown."),
            ({"agentId": "0000"}, "This agent id is unknown."),
            ({"campaignId": 2}, f"Agent {agent_id} belongs to another campaign than 2."),
        ):
            if "agent" in sentence.lower() and "agentId" not in more:
                continue
            with pytest.raises(Fault) as fault:
                lead(function, **right | more | wrong)
            assert str(fault.value) == sentence
    lead("kickAgent", **right, agentId=agent_id)
    with pytest.raises(Fault, match="is not logged in: a supervisor hung up the phone"):
        lead("kickAgent", **right, agentId=agent_id)


@pytest.mark.parametrize("ratio", ["0.5", "11"])
def test_a_ratio_out_of_bounds_is_refused_by_the_service_or_before(caller: Caller, lead: Lead, ratio: str) -> None:
    with pytest.raises((Fault, WrongValues)) as refused:
        lead("updateRatio", key="practice", campaignId=1, ratio=ratio)
    assert "atio" in str(refused.value)
    assert "from 1 to 10." in str(refused.value)
    assert caller.json("/practice/campaigns")[0]["ratio"] == 1


@pytest.mark.parametrize("ratio", ["", "much", "1,5", "NaN"])
def test_what_is_no_number_is_no_ratio(caller: Caller, ratio: str) -> None:
    assert fault_of(caller.ask("updateRatio", ratio=ratio))
    assert caller.json("/practice/campaigns")[0]["ratio"] == 1


def test_what_agents_have_done_fits_the_wsdl(service: PracticeService, caller: Caller) -> None:
    """By libxml2's XML Schema validator, with the schema that is inside the served WSDL."""
    wsdl = etree.fromstring(caller.get(service.service_url)[1])
    schema = etree.XMLSchema(wsdl.find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    caller.ask("sendAgentCallBack", phonenumber=PHONE)
    agent_id = caller.agent_id()
    schema.assertValid(caller.ask("getAgentStats", agentId=agent_id))
    caller.ask("loginAgent", agentId=agent_id)
    for disposition in ("Sold", "Näh"):
        call_id = caller.ask("getConnectionForAgent", agentId=agent_id).findtext(".//{*}id")
        schema.assertValid(caller.ask("getAgentStats", agentId=agent_id))
        caller.ask("storeAgentResponse", agentId=agent_id, callId=call_id, agentResponse=disposition)
    schema.assertValid(caller.ask("updateRatio", ratio="1.25"))
    caller.ask("kickAgent", agentId=agent_id)
    schema.assertValid(caller.ask("getAgentStats", agentId=agent_id))
