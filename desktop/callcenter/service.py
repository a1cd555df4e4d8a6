"""The hosted call center: one method per documented function, in the document's words (hosted-call-center-api.txt).

What else a service offers is `described()` and can be asked for with `ask()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from desktop.callcenter.model import Account, Call, CallResponse, Described, Field, Function, Wanted


class HostedCallCenter(Protocol):
    """What an agent's shift needs of a hosted call center, wherever it is.

    Every method but `offers` may raise any `CallCenterError`; which of its branches decides whether sending again is safe.
    Cancelling a method closes its connection; what the service made of the request is then unknown.
    """

    async def open(self) -> None:
        """Learn the service's contract, before anything else. Does nothing once it is known, and tries again after a failure."""

    def offers(self, function: Function) -> bool:
        """Whether the service has this function; False before `open()`. Controls of missing functions are hidden."""

    async def send_agent_call_back(self, account: Account, phone_number: str) -> None:
        """Have the service ring the agent's phone, where a voice then says the agent id."""

    async def login_agent(self, account: Account, agent_id: str) -> None:
        """Log the agent in. From then on the agent hears hold music and is in the queue for the next connected call."""

    async def get_connection_for_agent(
        self, account: Account, agent_id: str, *, on_asked: Callable[[], None] = lambda: None
    ) -> Call:
        """Wait, for minutes or hours, until a call is connected to this agent.

        `on_asked` is called once the question has left.
        """

    async def store_agent_response(self, account: Account, agent_id: str, response: CallResponse, *, last: bool = False) -> None:
        """Store disposition and notes, **and queue the agent for the next call at once**.

        With `last`, this was the agent's last call: the service queues nobody, and the agent should hang up.
        """

    async def kick_agent(self, account: Account, agent_id: str) -> None:
        """Hang up the agent's phone."""

    async def start_campaign(self, account: Account) -> None:
        """Start the account's campaign (Voice Broadcast API)."""

    async def stop_campaign(self, account: Account) -> None:
        """Stop the account's campaign (Voice Broadcast API)."""

    def described(self) -> tuple[Described, ...]:
        """What the service's WSDLs have beside the documented functions, in the WSDLs' order; nothing before `open()`."""

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        """Have a described function done; what it returned, or nothing if it returned nothing.

        Values are written as Kind says; an empty one counts as not given. Raises WrongValues, before anything is sent, if they
        are not what the WSDL wants.
        """

    async def close(self) -> None:
        """Drop every open connection."""
