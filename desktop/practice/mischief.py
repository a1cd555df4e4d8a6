"""Faults on demand: what can go wrong between a client and the practice center, what of it is planned, and what was done.

A fault is a table of the scenario (`[[mischief]]`) or an object in the list of `POST /practice/mischief`, in the same words. Its
docstring says what becomes of the request that it strikes: whether the center carries it out, and what the client sees. This
module must not know HTTP or sockets: faults are told in the steps of an Exchange, and wire.py makes them true on the wire.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from desktop.callcenter.model import Function

LONGEST_SECONDS = 3600.0
_DONE_REMEMBERED = 10_000
_NO_AGENT_YET = frozenset({Function.SEND_AGENT_CALL_BACK, Function.START_CAMPAIGN, Function.STOP_CAMPAIGN})

_PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\r\n"
_GARBAGE = bytes(range(128, 256)) * 2 + b"\r\n\r\n"
"""No XML in any encoding, and no HTTP; it ends like the head of an answer, so that nobody waits for more of it."""


class Exchange(Protocol):
    """A question that is on its way, and the steps of which faults are made. If the client goes, a step does not return."""

    async def carry_out(self) -> None:
        """Let the center do what it is asked. Its answer is what the client gets, unless another step sees to that."""

    async def wait(self, seconds: float) -> None:
        """Let time go by."""

    def answer(self, status: int, media_type: str, content: bytes, **headers: str) -> None:
        """Answer this and nothing else, in good HTTP."""

    def refuse(self, code: str, sentence: str) -> None:
        """Answer a Fault in the question's version of SOAP."""

    def send_part(self, first: int | None) -> None:
        """Put that many bytes of the answer on the wire, but never all; None for half of it."""

    def send_raw(self, content: bytes) -> None:
        """Put these bytes on the wire as they are."""

    async def drip(self, bytes_per_second: float) -> None:
        """Put the whole answer on the wire, bit by bit, and end the connection."""

    async def cut(self, ending: Ending) -> None:
        """End the connection."""

    async def stay_silent(self) -> None:
        """Say nothing until the client goes."""

    def shut_the_door(self, seconds: float) -> None:
        """Take no connections for so long. Those that are there stay."""

    def kick(self) -> None:
        """Have the asking agent's phone hung up."""


Ending = Literal["reset", "end"]
"""How a TCP connection ends: a reset (RST), or in good order (FIN) in the wrong place."""


# The vocabulary


class _Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="fault"):
    """What all faults have in common: whom they strike, and how often."""

    function: Function | None = None
    """None: any of the documented functions. Descriptions (?wsdl) and /practice are never struck."""
    times: int | None = None
    """After so many strikes the fault is used up. Not given: one, or without end if there is a probability."""
    probability: float | None = None
    """How likely a request of that function is struck; not given: for certain."""
    seed: int | None = None
    """With the same seed, the same of the matching requests are struck. Not given: the service's own dice."""

    before_reading: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more")
        if self.probability is not None and not 0 < self.probability <= 1:
            raise ValueError("probability must be above 0 and at most 1")

    async def strike(self, exchange: Exchange) -> None:
        raise NotImplementedError


class Refuse(_Fault, frozen=True, tag="refuse"):
    """The request is carried out and answered, and from then on the port takes no connections for `seconds`."""

    seconds: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds(self.seconds)

    async def strike(self, exchange: Exchange) -> None:
        await exchange.carry_out()
        exchange.shut_the_door(self.seconds)


class Delay(_Fault, frozen=True, tag="delay"):
    """The request is carried out, and answered `seconds` later."""

    seconds: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds(self.seconds)

    async def strike(self, exchange: Exchange) -> None:
        await exchange.carry_out()
        await exchange.wait(self.seconds)


class CutBeforeRead(_Fault, frozen=True, tag="cut_before_read"):
    """Not carried out: the connection is reset when the request's head is there, whatever is still to come.

    Which function it is, is taken from SOAPAction (SOAP 1.2: `action` in Content-Type). Without it, only a fault for any function
    strikes. The agent is not known yet. Looked for before all other faults.
    """

    before_reading = True

    async def strike(self, exchange: Exchange) -> None:
        await exchange.cut("reset")


class CutAfterRead(_Fault, frozen=True, tag="cut_after_read"):
    """Not carried out: the connection ends when the whole request is there."""

    ending: Ending = "reset"

    async def strike(self, exchange: Exchange) -> None:
        await exchange.cut(self.ending)


class CutInAnswer(_Fault, frozen=True, tag="cut_in_answer"):
    """Carried out: the connection ends after the first `after_bytes` of the answer, its head included; half of it, if not given.

    At least one byte is always missing.
    """

    after_bytes: int | None = None
    ending: Ending = "end"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.after_bytes is not None and self.after_bytes < 1:
            raise ValueError("after_bytes must be 1 or more")

    async def strike(self, exchange: Exchange) -> None:
        await exchange.carry_out()
        exchange.send_part(self.after_bytes)
        await exchange.cut(self.ending)


class AnswerLost(_Fault, frozen=True, tag="answer_lost"):
    """Carried out: the connection ends without one byte of the answer."""

    ending: Ending = "end"

    async def strike(self, exchange: Exchange) -> None:
        await exchange.carry_out()
        await exchange.cut(self.ending)


class Html502(_Fault, frozen=True, tag="html_502"):
    """A proxy's web page with HTTP 502. Carried out only if `carried_out`."""

    carried_out: bool = False

    async def strike(self, exchange: Exchange) -> None:
        if self.carried_out:
            await exchange.carry_out()
        exchange.answer(502, "text/html", _PAGE)


class SoapFault(_Fault, frozen=True, tag="soap_fault"):
    """Not carried out: a Fault with this `text` and `code`.

    For example `code = "Client.AlreadyStored"`, `text = "The response is already stored."`. What follows the dot is a subcode in
    SOAP 1.2, where Client is Sender and Server is Receiver.
    """

    text: str = "The practice service is out of order."
    code: str = "Server"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"(Client|Server)(\.[A-Za-z][A-Za-z0-9_]*)?", self.code):
            raise ValueError("code must be Client or Server, and may go on with a dot and a word")

    async def strike(self, exchange: Exchange) -> None:
        exchange.refuse(self.code, self.text)


class Garbage(_Fault, frozen=True, tag="garbage"):
    """HTTP 200 with bytes that are no XML; with `raw`, not even HTTP. Carried out only if `carried_out`."""

    carried_out: bool = False
    raw: bool = False

    async def strike(self, exchange: Exchange) -> None:
        if self.carried_out:
            await exchange.carry_out()
        if self.raw:
            exchange.send_raw(_GARBAGE)
            await exchange.cut("end")
        else:
            exchange.answer(200, "text/xml", _GARBAGE)


class Redirect(_Fault, frozen=True, tag="redirect"):
    """Not carried out: HTTP 307, which asks the client to send the same, key and all, to `to`."""

    to: str = "http://elsewhere.invalid/"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"[!-~]+", self.to):
            raise ValueError("to must be an address, in ASCII and without spaces")

    async def strike(self, exchange: Exchange) -> None:
        exchange.answer(307, "text/html", b"<html><title>Moved</title></html>", location=self.to)


class Drip(_Fault, frozen=True, tag="drip"):
    """Carried out: the answer arrives whole, but at `bytes_per_second`."""

    bytes_per_second: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.bytes_per_second <= 1_000_000:
            raise ValueError("bytes_per_second must be from 0.1 to 1000000")

    async def strike(self, exchange: Exchange) -> None:
        await exchange.carry_out()
        await exchange.drip(self.bytes_per_second)


class NeverAnswer(_Fault, frozen=True, tag="never_answer"):
    """The request is read, and the connection stays open without an answer. Carried out only if `carried_out`."""

    carried_out: bool = False

    async def strike(self, exchange: Exchange) -> None:
        if self.carried_out:
            await exchange.carry_out()
        await exchange.stay_silent()


class Kick(_Fault, frozen=True, tag="kick"):
    """The asking agent's phone is hung up, then the center does with the request what it does with one of a kicked agent.

    It refuses all but a response with `lastcall`. Requests without an agent id are not struck.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.function in _NO_AGENT_YET:
            raise ValueError(f"kick needs an agent, and {self.function} has none")

    async def strike(self, exchange: Exchange) -> None:
        exchange.kick()
        await exchange.carry_out()


class WrongName(_Fault, frozen=True, tag="wrong_name"):
    """As long as this is planned, the service listens on a second port as well, with TLS and a certificate of another name.

    Nothing is carried out for clients who look at certificates. It strikes whoever begins TLS there, so it knows no function, and
    `GET /practice/mischief` tells its address.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.function is not None or self.probability is not None:
            raise ValueError("wrong_name strikes before there is a function, and always")


Fault = (
    Refuse
    | Delay
    | CutBeforeRead
    | CutAfterRead
    | CutInAnswer
    | AnswerLost
    | Html502
    | SoapFault
    | Garbage
    | Redirect
    | Drip
    | NeverAnswer
    | Kick
    | WrongName
)


def _check_seconds(seconds: float) -> None:
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"seconds must be from 0 to {LONGEST_SECONDS:.0f}")


# What is planned, and what was done


class Premises(Protocol):
    """Where the service is at home: what faults reach for beyond a connection."""

    @property
    def wrong_name_url(self) -> str:
        """The address with the wrong certificate, while there is one."""

    def offer_wrong_name(self, *, wanted: bool) -> None:
        """Listen there, or do not."""

    def shut_the_door(self, seconds: float) -> None:
        """See Exchange."""

    def kick(self, campaign_id: str, agent_id: str) -> None:
        """Have that agent's phone hung up, if it is on the line."""


@dataclass(slots=True)
class _Planned:
    fault: Fault
    left: int | None
    dice: random.Random


class Mischief:
    """The faults that are planned, in order, and the log of those that struck. A request is struck by the first that wants it.

    Like the center, it belongs to one event loop and is not safe to use from another thread.
    """

    def __init__(self, faults: Sequence[Fault] = (), dice: random.Random | None = None) -> None:
        self.premises: Premises | None = None
        """Where the service is at home, from its start to its end."""
        self._dice = dice or random.Random()  # noqa: S311 (no secret)
        self._planned: list[_Planned] = []
        self._done: deque[dict[str, Any]] = deque(maxlen=_DONE_REMEMBERED)
        self.plan(faults)

    @property
    def is_planned(self) -> bool:
        return bool(self._planned)

    @property
    def wants_wrong_name(self) -> bool:
        return any(isinstance(one.fault, WrongName) for one in self._planned)

    def plan(self, faults: Sequence[Fault]) -> None:
        """Plan these and no others. What was done stays in the log."""
        self._planned = [
            _Planned(
                fault,
                1 if fault.times is None and fault.probability is None else fault.times,
                self._dice if fault.seed is None else random.Random(fault.seed),  # noqa: S311
            )
            for fault in faults
        ]
        self._settle()

    def clear(self) -> None:
        """Plan nothing, and forget what was done."""
        self._done.clear()
        self.plan([])

    def view(self) -> dict[str, Any]:
        """What is left, what was done (times are ISO 8601 in UTC), and the address with the wrong certificate, if any."""
        return {
            "planned": [msgspec.to_builtins(msgspec.structs.replace(one.fault, times=one.left)) for one in self._planned],
            "done": [dict(one) for one in self._done],
            "wrong_name_url": self.premises.wrong_name_url if self.premises else "",
        }

    def strikes(self, function: Function | None, agent_id: str | None, *, before_reading: bool) -> Fault | None:
        """The fault that strikes this request, if any; from now on it counts as done. None: not known."""
        for one in self._planned:
            fault = one.fault
            if (
                not isinstance(fault, WrongName)
                and fault.before_reading == before_reading
                and fault.function in {None, function}
                and not (isinstance(fault, Kick) and not agent_id)
                and (fault.probability is None or one.dice.random() < fault.probability)
            ):
                self._do(one, function, agent_id)
                return fault
        return None

    def strike_wrong_name(self) -> None:
        """Somebody began TLS where the certificate has the wrong name."""
        for one in self._planned:
            if isinstance(one.fault, WrongName):
                return self._do(one, None, None)
        return None

    def _do(self, one: _Planned, function: Function | None, agent_id: str | None) -> None:
        tag = type(one.fault).__struct_config__.tag
        self._done.append({"at": datetime.now(UTC).isoformat(), "function": function, "agent": agent_id, "fault": tag})
        if one.left is not None:
            one.left -= 1
            if one.left == 0:
                self._planned.remove(one)
        self._settle()

    def _settle(self) -> None:
        if self.premises:
            self.premises.offer_wrong_name(wanted=self.wants_wrong_name)
