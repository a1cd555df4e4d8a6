"""What a team lead can have done, each act with its place in the audit log: written down, sent, and what came of it written down.

It must not know windows, terminals, settings or the keyring: it is given its account.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from desktop.callcenter.model import Account, Described, Field, Function, Wanted
from desktop.callcenter.reply import told
from desktop.callcenter.service import HostedCallCenter
from desktop.errors import (
    AuditNotKept,
    CallCenterError,
    ContractError,
    NotOffered,
    NotReached,
    OutcomeUnknown,
    Refused,
    WrongValues,
)
from desktop.supervision.audit import Act, Audit, Outcome

log = logging.getLogger(__name__)
Result = TypeVar("Result")

LONGEST_REASON = 500
"""Characters of a lead's reason that are kept."""
_LONGEST_TEXT = 4000
"""Characters that are kept of a value, and of an answer."""


def system_user() -> str:
    """Who the system says is at work, and on which computer: `name@computer`. Environment variables do not count."""
    return f"{_user()}@{platform.node() or 'this computer'}"


def _user() -> str:
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return f"user {os.getuid()}"


def _only_logged(trouble: AuditNotKept) -> None:
    log.warning("%s", trouble)


class Supervisor:
    """A lead at one call center.

    Every act raises AuditNotKept, before anything is sent, if it cannot be written down. What the call center raises is raised
    once it has been written down. Should only the outcome not be written, `troubled` is told: the act itself is as it is, and the
    log says that nobody knows. An act that is cancelled may have been done, and the log says that, too. A center that is not open
    is opened.
    """

    def __init__(
        self,
        center: HostedCallCenter,
        audit: Audit,
        service: str,
        who: str = "",
        troubled: Callable[[AuditNotKept], None] = _only_logged,
    ) -> None:
        self._center = center
        self._audit = audit
        self._service = service
        self._who = who or system_user()
        self._troubled = troubled

    async def start_campaign(self, account: Account) -> None:
        """Start the account's campaign: people are called."""
        await self._act(account, Function.START_CAMPAIGN, lambda: self._center.start_campaign(account))

    async def stop_campaign(self, account: Account) -> None:
        """Stop the account's campaign: nobody is called any more."""
        await self._act(account, Function.STOP_CAMPAIGN, lambda: self._center.stop_campaign(account))

    async def kick_agent(self, account: Account, agent_id: str, reason: str = "") -> None:
        """Hang up an agent's phone; `reason` is for the audit log only, the call center is not told."""
        await self._act(
            account,
            Function.KICK_AGENT,
            lambda: self._center.kick_agent(account, agent_id),
            agent_id=agent_id,
            reason=told(reason, account.key, LONGEST_REASON),
        )

    async def ask(self, account: Account, described: Described, values: Mapping[Wanted, str]) -> tuple[Field, ...]:
        """Have a function done that the service describes; what it returned (HostedCallCenter.ask)."""
        given = {"/".join(wanted.path): told(text, account.key, _LONGEST_TEXT) for wanted, text in values.items() if text}
        return await self._act(
            account,
            described.name,
            lambda: self._center.ask(account, described, values),
            values=given,
            in_words=lambda fields: told("; ".join(_in_words(fields)), account.key, _LONGEST_TEXT),
        )

    async def _act(
        self,
        account: Account,
        function: str,
        send: Callable[[], Awaitable[Result]],
        *,
        agent_id: str = "",
        reason: str = "",
        values: Mapping[str, str] | None = None,
        in_words: Callable[[Result], str] = lambda _nothing: "",
    ) -> Result:
        act = Act(
            who=self._who,
            service=self._service,
            function=function,
            campaign_id=account.campaign_id,
            agent_id=told(agent_id, account.key),
            reason=reason,
            values=values or {},
        )
        number = await self._audit.asked(act)
        try:
            await self._center.open()
            result = await send()
        except CallCenterError as raised:
            failure = _to_a_lead(raised)
        else:
            await self._answered(number, Outcome.DONE, in_words(result))
            return result
        await self._answered(number, *_came_of(failure))
        raise failure

    async def _answered(self, number: int, outcome: Outcome, answer: str) -> None:
        try:
            await self._audit.answered(number, outcome, answer)
        except AuditNotKept as trouble:
            self._troubled(
                AuditNotKept(
                    trouble.reason,
                    title="What came of it could not be written into the audit log",
                    advice=f"The log has this as “{Outcome.NOT_KNOWN}”; it was {outcome}. Show this to your IT support."
                    if outcome is not Outcome.NOT_KNOWN
                    else "Show this to your IT support.",
                )
            )


def _to_a_lead(failure: CallCenterError) -> CallCenterError:
    """The same failure, but for somebody who is no agent, is not logged in, and has no team lead to ask."""
    if isinstance(failure, Refused):
        return Refused(failure.reason, advice="Check what you entered, and the key.")
    if isinstance(failure, OutcomeUnknown):
        failure.advice = "It may have been done all the same. Look whether it was before you try again."
    elif isinstance(failure, NotOffered):
        failure.advice = "Nothing was sent. Check the service address, and the broadcast service address if there is one."
    return failure


def _came_of(failure: CallCenterError) -> tuple[Outcome, str]:
    """What a failure says about the act, and in which words. Its texts hold no secret (errors.py)."""
    if isinstance(failure, Refused):
        return Outcome.REFUSED, failure.reason or failure.title
    sent = not isinstance(failure, (NotReached, ContractError, WrongValues))
    return Outcome.NOT_KNOWN if sent else Outcome.NOT_SENT, str(failure)


def _in_words(fields: Iterable[Field], within: str = "") -> Iterable[str]:
    for one in fields:
        name = f"{within}{one.name}"
        if one.text.strip() or not one.children:
            yield f"{name} = {one.text.strip()}"
        yield from _in_words(one.children, f"{name}/")
