"""Whole shifts with SOAP clients that are not ours: zeep and PHP's SoapClient, strict, in both versions of SOAP."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zeep
from lxml import etree

from desktop.practice.scenario import load_scenario
from desktop.practice.server import PracticeService
from tests.practice.outside import PHONE, Caller, Dice, until, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

CAMPAIGN = {"key": "practice", "campaignId": 1}


@pytest.fixture(params=["Soap11", "Soap12"])
def soap(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def zeep_client(service: PracticeService, soap: str) -> Iterator[zeep.Client]:
    with zeep.Client(service.service_url, port_name=f"PredictiveService{soap}") as client:
        yield client
        client.transport.session.close()


@pytest.fixture
def zeep_broadcast(service: PracticeService, soap: str) -> Iterator[zeep.Client]:
    with zeep.Client(service.broadcast_url, port_name=f"VoiceBroadcastService{soap}") as client:
        yield client
        client.transport.session.close()


def test_zeep_works_a_shift(
    service: PracticeService, caller: Caller, zeep_client: zeep.Client, zeep_broadcast: zeep.Client
) -> None:
    call_center: Any = zeep_client.service
    zeep_broadcast.service.stopCampaign(**CAMPAIGN)
    assert call_center.sendAgentCallBack(**CAMPAIGN, phonenumber=PHONE) is None
    agent = CAMPAIGN | {"agentId": caller.agent_id()}
    assert call_center.loginAgent(**agent) is None
    zeep_broadcast.service.startCampaign(**CAMPAIGN)
    calls = []
    for last in (False, False, True):
        call = call_center.getConnectionForAgent(**agent)
        assert call_center.getConnectionForAgent(**agent).id == call.id
        notes = "Zoë <&> 😀\n]]> " + "é" * 1_000_000
        stored = call_center.storeAgentResponse(**agent, callId=call.id, agentResponse="Sold", agentNotes=notes, lastcall=last)
        assert stored is None
        calls.append(call)
    assert [call.firstname for call in calls] == ["Maya", "Zoë", "José Ángel"]
    entry = calls[0].extra_data.entry[0]
    assert (entry.name, entry._value_1) == ("Last order", "The Night Gardener")
    assert calls[1].company is None
    assert [etree.QName(element).localname for element in calls[2]._value_1] == ["bakery"]
    assert caller.json(f"/practice/phones/{PHONE.replace(' ', '')}")["heard"][-1] == "Thank you. Please hang up."
    call_center.kickAgent(**agent)
    with pytest.raises(zeep.exceptions.Fault) as fault:
        call_center.getConnectionForAgent(**agent)
    assert fault.value.message == f"Agent {agent['agentId']} is not logged in: a supervisor hung up the phone."
    assert fault.value.code in {"soap:Client", "soap:Sender"}
    ledger = service.ledger()
    assert [entry["id"] for entry in ledger] == [call.id for call in calls]
    assert [len(entry["responses"]) for entry in ledger] == [1, 1, 1]
    assert ledger[2]["responses"][0]["agentNotes"] == notes
    assert ledger[2]["responses"][0]["lastcall"] is True


def test_zeep_is_told_of_a_hang_up_while_it_waits(
    service: PracticeService, caller: Caller, zeep_client: zeep.Client, dice: Dice
) -> None:
    dice.enough = True
    agent = CAMPAIGN | {"agentId": caller.log_in()}
    said: list[str] = []

    def wait() -> None:
        with pytest.raises(zeep.exceptions.Fault) as fault:
            zeep_client.service.getConnectionForAgent(**agent)
        said.append(fault.value.message)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: waiting(service) == 1)
    service.hang_up(PHONE)
    thread.join()
    assert said == [f"Agent {agent['agentId']} is not logged in: the phone was hung up."]


def test_every_person_of_the_shipped_scenario_fits_the_wsdl(service: PracticeService, caller: Caller) -> None:
    """By libxml2's XML Schema validator, with the schema that is inside the served WSDL."""
    wsdl = etree.fromstring(caller.get(service.service_url)[1])
    schema = etree.XMLSchema(wsdl.find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    agent_id = caller.log_in()
    people = load_scenario().people
    for person in people:
        answer = caller.ask("getConnectionForAgent", agentId=agent_id)
        schema.assertValid(answer)
        call = {etree.QName(element).localname: element.text for element in answer[0]}
        assert (call["firstname"], call["company"] if person.company else None) == (person.firstname, person.company)
        assert schema.validate(caller.ask("storeAgentResponse", agentId=agent_id, callId=call["id"], agentResponse="Sold"))


# ---------------------------------------------------------------------------------------------------------------- PHP


@pytest.mark.parametrize("version", ["11", "12"])
def test_php_works_a_shift(service: PracticeService, caller: Caller, php: str, version: str) -> None:
    script = Path(__file__).with_name("shift.php")
    arguments = [service.service_url, service.broadcast_url, f"{caller.origin}/practice/phones/", version]
    php_run = subprocess.run([php, str(script), *arguments], capture_output=True, encoding="utf-8", check=False)
    assert (php_run.returncode, php_run.stderr) == (0, ""), php_run.stdout
    seen = json.loads(php_run.stdout)
    ledger = service.ledger()
    assert [call["id"] for call in seen["calls"]] == [entry["id"] for entry in ledger]
    assert [call["firstname"] for call in seen["calls"]] == ["Maya", "Zoë", "José Ángel"]
    assert seen["calls"][0]["company"] == "Okafor & Daughters"
    assert seen["calls"][0]["entries"][0] == ["Last order", "The Night Gardener"]
    assert "pan sobao" in str(seen["calls"][2]["any"])
    assert [entry["responses"][0]["agentNotes"] for entry in ledger] == ['Zoë <&> 😀\n"two"'] * 3
    assert [entry["responses"][0]["lastcall"] for entry in ledger] == [False, False, True]
    assert seen["fault"][1] == f"Agent {seen['agent']} is not logged in: a supervisor hung up the phone."
    assert seen["fault"][0].endswith("Client" if version == "11" else "Sender")
    assert seen["wrong key"] == "The key is not valid."
    assert len({name.split(" ")[1].split("(")[0] for name in seen["functions"]}) == 7
