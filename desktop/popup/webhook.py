"""What another system is told of a call, and the signature by which it knows that it is from us. Only built here, never sent.

The message is JSON in UTF-8. Its `X-NextCall-Signature` is `sha256=` and the HMAC-SHA256 of its bytes with the shared secret, in
hexadecimal; it tells when it was written, so that an old one that comes again can be refused.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

import msgspec

from desktop.popup import questions
from desktop.popup.caller import caller
from desktop.popup.facts import Facts
from desktop.popup.profile import Moment, Webhook

SIGNATURE = "X-NextCall-Signature"


def headers(body: bytes, secret: str) -> dict[str, str]:
    """What is sent with a message."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json; charset=utf-8", SIGNATURE: f"sha256={signature}"}


def connected(webhook: Webhook, facts: Facts) -> bytes:
    """That somebody has been connected to the agent."""
    message = _message("connect", facts)
    if webhook.personal:
        message |= _person(facts)
    return msgspec.json.encode(message)


def stored(webhook: Webhook, facts: Facts, disposition: str, notes: str) -> bytes:
    """That the call center has the response to a call. `notes` are what the agent wrote, without the answers."""
    message = _message("stored", facts) | {"disposition": disposition}
    if webhook.personal:
        message |= _person(facts) | {"notes": notes, "answers": _answers(facts)}
    return msgspec.json.encode(message)


def _message(event: Moment, facts: Facts) -> dict[str, Any]:
    return {"event": event, "call": facts.call.id, "campaign": facts.profile.name, "at": _stamp(facts.now)}


def _person(facts: Facts) -> dict[str, Any]:
    listed = {field.path: facts.raw(field.path) for field in facts.profile.fields}
    return {"caller": caller(facts.call).name, "number": facts.raw("number"), "fields": listed}


def _answers(facts: Facts) -> dict[str, Any]:
    """Numbers, dates, yes and no as such; what could not be understood as the agent typed it."""
    found: dict[str, Any] = {}
    today = facts.now.date()
    for question in facts.profile.questions:
        text = facts.answers.get(question.id, "")
        if text.strip():
            found[question.id] = text if questions.problem(question, text, today) else questions.read(question, text, today)
    return found


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
