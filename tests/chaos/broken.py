"""Ways to break the product, each of which the chaos runs must find: what cannot fail proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop.shift.journal import Journal, Settled
from desktop.shift.session import AgentSession

if TYPE_CHECKING:
    from collections.abc import Callable


def _forget_drafts() -> None:
    Journal.draft_changed = lambda *_: None  # type: ignore[method-assign]


def _forget_crashes() -> None:
    async def none(_journal: Journal) -> tuple[()]:
        return ()

    Journal.unfinished = none  # type: ignore[method-assign]


def _deny_doubts() -> None:
    settle = Journal.settle

    def surely(journal: Journal, shift: int, call_id: str, settled: Settled, reason: str = "", **_outcome: Settled) -> None:
        settle(journal, shift, call_id, Settled.UNSENT if settled is Settled.UNSURE else settled, reason)

    Journal.settle = surely  # type: ignore[method-assign]


def _log_in_after_logoff() -> None:
    recover = AgentSession.recover

    async def recover_and_log_in(session: AgentSession, record: Any, *, phone_connected: bool) -> Any:
        if phone_connected:
            await session._center.login_agent(session.account, record.agent_id)
        return await recover(session, record, phone_connected=phone_connected)

    AgentSession.recover = recover_and_log_in  # type: ignore[method-assign]


BROKEN: dict[str, Callable[[], None]] = {
    "forgets-drafts": _forget_drafts,
    "forgets-crashes": _forget_crashes,
    "denies-doubts": _deny_doubts,
    "logs-in-after-logoff": _log_in_after_logoff,
}
