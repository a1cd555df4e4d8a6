"""A hosted call center as somebody else might have built it: spyne's SOAP, its own namespace, spellings and field names.

It has no kickAgent, no campaigns to start or stop, and calls its parameters otherwise. It shares no code with NextCall.
"""

from __future__ import annotations

import itertools
import logging
import queue
import sys
import threading
import warnings
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # spyne brings a six of its own, which is older than this Python
    from spyne import Application, Boolean, ComplexModel, Fault, Long, ServiceBase, Unicode, rpc
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]  # that six's would disturb other imports

NAMESPACE = "urn:outbound-dialer:agents:v3"


class Prospect(ComplexModel):
    """Part of a call: nested, where the practice service is flat."""

    __namespace__ = NAMESPACE
    FullName = Unicode
    FromNumber = Unicode
    Loyalty_Tier = Unicode


class ConnectedCall(ComplexModel):
    __namespace__ = NAMESPACE
    BatchId = Long
    Id = Unicode
    Contact = Prospect
    Label = Unicode(max_occurs="unbounded")


@dataclass
class Dialer:
    """What the service knows. `people` are connected one after another, as soon as an agent is free."""

    key: str
    people: list[tuple[str, str, str]]
    rung: list[tuple[int, str]] = field(default_factory=list)
    logged_in: list[str] = field(default_factory=list)
    stored: list[tuple[str, str, str, bool]] = field(default_factory=list)
    free: queue.Queue[int] = field(default_factory=queue.Queue)
    numbers: itertools.count[int] = field(default_factory=itertools.count)


AGENT_ID = "A-71"


def _service(dialer: Dialer) -> type[ServiceBase]:
    def check(key: str) -> None:
        if key != dialer.key:
            raise Fault("Client.Auth", "api_key rejected")

    class AgentService(ServiceBase):
        @rpc(Unicode, Long, Unicode)
        def sendAgentCallBack(ctx, api_key, CampaignID, phone_number):
            check(api_key)
            dialer.rung.append((CampaignID, phone_number))

        @rpc(Long, Unicode, Unicode)
        def loginAgent(ctx, CampaignID, agentID, api_key):
            check(api_key)
            if agentID != AGENT_ID:
                raise Fault("Client.Agent", "no such agent")
            dialer.logged_in.append(agentID)
            dialer.free.put(next(dialer.numbers))

        @rpc(Unicode, Unicode, Long, _returns=ConnectedCall)
        def getConnectionForAgent(ctx, api_key, agentID, CampaignID):
            check(api_key)
            number = dialer.free.get(timeout=20)
            name, caller, tier = dialer.people[number]
            person = Prospect(FullName=name, FromNumber=caller, Loyalty_Tier=tier)
            return ConnectedCall(BatchId=900 + number, Id=f"call-{number}", Contact=person, Label=["spring", "büro"])

        @rpc(Unicode, Unicode, Unicode, Unicode, Boolean, Unicode, Long)
        def storeAgentResponse(ctx, api_key, call_id, agent_response, agent_notes, last_call, agentID, CampaignID):
            check(api_key)
            dialer.stored.append((call_id, agent_response, agent_notes, last_call))
            if not last_call:
                dialer.free.put(next(dialer.numbers))

    return AgentService


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """It has nothing to say to a test."""


class ForeignCallCenter:
    """Serves a dialer on a socket, from a thread, until the `with` ends."""

    def __init__(self, dialer: Dialer) -> None:
        self._log = logging.getLogger("spyne")
        self._log.setLevel(logging.CRITICAL + 1)  # what the other side has to say is not ours
        application = Application([_service(dialer)], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
        self._server = make_server("127.0.0.1", 0, WsgiApplication(application), _Server, _Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="a foreign call center")
        self.service_url = f"http://127.0.0.1:{self._server.server_port}/agents/?wsdl"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._log.setLevel(logging.NOTSET)
