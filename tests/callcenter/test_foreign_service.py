"""A whole shift with services that somebody else wrote: spyne's SOAP, in both versions, with names and orders of its own."""

from __future__ import annotations

import sys
import threading
import warnings
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from desktop.callcenter.model import Account, CallResponse, Function, Kind
from desktop.callcenter.soap import SoapCallCenter
from desktop.errors import NotLoggedIn, Refused, WrongValues

with warnings.catch_warnings():
    # spyne 2.14 brings a copy of `six` that older import machinery was made for, and asks asyncio for a loop nobody needs.
    warnings.simplefilter("ignore", ImportWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    from spyne import (
        Application,
        Boolean,
        ComplexModel,
        Date,
        DateTime,
        Decimal,
        Enum,
        Fault,
        Integer,
        ServiceBase,
        String,
        Unicode,
        rpc,
    )
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.server.wsgi import WsgiApplication

# The copy's importer would make every later import in this process warn.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "spyne.util.six"]

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a-foreign-service-key"
ACCOUNT = Account(KEY, 2**40)


class Person(ComplexModel):
    __namespace__ = "urn:people"
    full_name = Unicode
    city = Unicode


class ConnectedCall(ComplexModel):
    __namespace__ = "urn:foreign:types"
    FromNumber = Unicode
    Contact = Person
    Tags = Unicode(max_occurs="unbounded")
    Id = Unicode
    Inbound = Boolean


Pace = Enum("gentle", "as fast as it gets", type_name="Pace")


class Options(ComplexModel):
    __namespace__ = "urn:foreign:types"
    music = Boolean
    tags = Unicode(max_occurs="unbounded")


class Switchboard:
    """What the foreign service knows."""

    def __init__(self) -> None:
        self.agents: set[str] = set()
        self.ringing: list[str] = []
        self.stored: list[tuple[Any, ...]] = []
        self.someone = threading.Event()
        self.queued = 0
        self.ratios: list[tuple[Any, ...]] = []


def _service(board: Switchboard) -> type[ServiceBase]:
    def checked(key: str) -> None:
        if key != KEY:
            raise Fault("Client.Key", f"The key {key} is not valid")

    class PredictiveDialer(ServiceBase):
        @rpc(Unicode, Integer, Unicode(min_occurs=1, nillable=False), Boolean, _in_variable_names={"phone": "PhoneNumber"})
        def sendAgentCallBack(ctx, API_Key: str, campaign_id: int, phone: str, music: bool) -> None:
            checked(API_Key)
            board.ringing.append(phone)

        @rpc(Unicode, Unicode, Integer, Unicode(default="de"))
        def loginAgent(ctx, agent_id: str, api_key: str, campaignID: int, language: str) -> None:
            checked(api_key)
            board.agents.add(agent_id)
            board.queued += 1

        @rpc(Integer, Unicode, Unicode, _returns=ConnectedCall)
        def getConnectionForAgent(ctx, CampaignId: int, AgentId: str, ApiKey: str) -> ConnectedCall:
            checked(ApiKey)
            board.someone.wait(5)
            board.someone.clear()
            if AgentId not in board.agents:
                raise Fault("Client.AgentNotLoggedIn", f"Agent {AgentId} was kicked")
            person = Person(full_name="J\u00fcrgen \U0001f600 \u05e9\u05dc\u05d5\u05dd", city="K\u00f6ln & <Bonn>")
            return ConnectedCall(FromNumber="15551234567", Contact=person, Tags=["new", "gold"], Id="call-1", Inbound=False)

        @rpc(Boolean, Unicode, Unicode, Unicode, Unicode, Integer, Unicode, String)
        def storeAgentResponse(
            ctx, last_call: bool, notes: str, disposition: str, call_id: str, agent: str, campaign: int, user_key: str, mood: str
        ) -> None:
            checked(user_key)
            if call_id != "call-1":
                raise Fault("Client", "call not found")
            board.stored.append((campaign, agent, call_id, disposition, notes, last_call, mood))
            board.queued += not last_call

        @rpc(Unicode, Integer, Decimal(gt=0, le=9), Pace, Date, DateTime(min_occurs=1, nillable=False), Options)
        def updateRatio(
            ctx, Api_Key: str, campaign_id: int, ratio: Any, pace: str, day: Any, since: Any, options: Options
        ) -> None:
            """Sets the ratio."""
            checked(Api_Key)
            if ratio == 8:
                raise Fault("Client", "8 is not my number")
            board.ratios.append((campaign_id, ratio, pace and str(pace), day, since, options and (options.music, options.tags)))

        @rpc(Unicode, Integer, Unicode, _returns=ConnectedCall)
        def getAgentStats(ctx, key: str, campaign: int, agent_id: str) -> ConnectedCall:
            checked(key)
            return ConnectedCall(Contact=Person(full_name=f"agent {agent_id}"), Tags=["a", "b"], Id="7")

        @rpc(Unicode, Integer, Unicode)
        def kickAgent(ctx, key: str, campaignId: int, agentId: str) -> None:
            board.agents.discard(agentId)

    return PredictiveDialer


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing to the test's output."""


@pytest.fixture(params=[Soap11, Soap12], ids=["SOAP 1.1", "SOAP 1.2"])
def service(request) -> Iterator[tuple[str, Switchboard]]:
    """The address of a running foreign service, and what it knows."""
    board = Switchboard()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        application = Application(
            [_service(board)],
            tns="http://foreign.example/2009/dialer",
            name=f"Dialer{uuid4().hex}",
            in_protocol=request.param(),
            out_protocol=request.param(),
        )
        server: WSGIServer = make_server("127.0.0.1", 0, WsgiApplication(application), handler_class=_Quiet)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), name="a foreign service")
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/dialer?wsdl", board
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.logs("Agent 0012 was kicked")
async def test_a_whole_shift(service):
    address, board = service
    center = SoapCallCenter(address)
    await center.open()
    assert all(center.offers(function) for function in Function if "Campaign" not in function)
    await center.send_agent_call_back(ACCOUNT, "+1 (555) 123-4567")
    assert board.ringing == ["+1 (555) 123-4567"]
    await center.login_agent(ACCOUNT, "0012")
    for last in (False, True):
        call = await center.get_connection_for_agent(ACCOUNT, "0012", on_asked=board.someone.set)
        assert call.id == "call-1"
        assert [one.name for one in call.fields] == ["FromNumber", "Contact", "Tags", "Tags", "Id", "Inbound"]
        assert call.first("full_name") == "J\u00fcrgen \U0001f600 \u05e9\u05dc\u05d5\u05dd"
        assert call.first("city") == "K\u00f6ln & <Bonn>"
        await center.store_agent_response(
            ACCOUNT, "0012", CallResponse(call.id, "Sold & <done>", "two\nlines \u2603\x07"), last=last
        )
    kept = (2**40, "0012", "call-1", "Sold & <done>", "two\nlines \u2603\u2407")
    assert board.stored == [(*kept, False, None), (*kept, True, None)]
    assert board.queued == 2  # by the log-in and by the response that was not the last
    await center.kick_agent(ACCOUNT, "0012")
    with pytest.raises(NotLoggedIn, match="Agent 0012 was kicked"):
        await center.get_connection_for_agent(ACCOUNT, "0012", on_asked=board.someone.set)
    await center.close()


@pytest.mark.logs("8 is not my number")
async def test_functions_that_nobody_here_knew(service):
    address, board = service
    center = SoapCallCenter(address)
    await center.open()
    described = {one.name: one for one in center.described()}
    assert sorted(described) == ["getAgentStats", "updateRatio"]
    ratio = described["updateRatio"]
    assert ratio.meaning == "Sets the ratio."
    assert [("/".join(one.path), one.kind, one.required, one.choices) for one in ratio.wanted] == [
        ("ratio", Kind.DECIMAL, False, ()),
        ("pace", Kind.CHOICE, False, ("gentle", "as fast as it gets")),
        ("day", Kind.DATE, False, ()),
        ("since", Kind.TIME, True, ()),
        ("options/music", Kind.YES_NO, False, ()),
        ("options/tags", Kind.TEXT, False, ()),
    ]
    wanted = {one.name: one for one in ratio.wanted}
    everything = {
        "ratio": "2.5",
        "pace": "as fast as it gets",
        "day": "2025-01-31",
        "since": "2025-01-31T17:30:00Z",
        "music": "yes",
    }
    values = {wanted[name]: text for name, text in everything.items()}
    assert await center.ask(ACCOUNT, ratio, values | {wanted["tags"]: "Köln & <Bonn>"}) == ()
    assert await center.ask(ACCOUNT, ratio, {wanted["since"]: "2025-01-31T17:30:00Z"}) == ()
    since = datetime(2025, 1, 31, 17, 30, tzinfo=UTC)
    full = (2**40, 2.5, "as fast as it gets", date(2025, 1, 31), since, (True, ["Köln & <Bonn>"]))
    assert board.ratios == [full, (2**40, None, None, None, since, None)]
    with pytest.raises(WrongValues) as caught:
        await center.ask(ACCOUNT, ratio, {wanted["ratio"]: "9.5"})
    assert caught.value.reason == "“ratio” must be a number, above 0 and at most 9. “since” is missing."
    with pytest.raises(Refused, match="8 is not my number"):
        await center.ask(ACCOUNT, ratio, values | {wanted["ratio"]: "8"})
    stats = described["getAgentStats"]
    returned = await center.ask(ACCOUNT, stats, {stats.wanted[0]: "0012"})
    assert [(one.name, one.text) for one in returned] == [("Contact", ""), ("Tags", "a"), ("Tags", "b"), ("Id", "7")]
    assert returned[0].children[0].text == "agent 0012"
    await center.close()


@pytest.mark.logs("is not valid", "call not found")
async def test_refusals_are_told_without_the_key(service):
    address, board = service
    center = SoapCallCenter(address)
    await center.open()
    with pytest.raises(Refused) as caught:
        await center.login_agent(Account("another-wrong-key", 1), "12")
    assert caught.value.reason == "The key [key] is not valid"
    assert type(caught.value) is Refused
    with pytest.raises(Refused, match="call not found"):
        await center.store_agent_response(ACCOUNT, "12", CallResponse("call-2", "x"))
    assert board.stored == []
    await center.close()
