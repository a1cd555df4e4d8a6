"""The service's description (WSDL): which functions there are, where they live, and how a request of each is built.

Namespaces, element order, SOAP version and extra parameters all come from the WSDL (api-facts.md, 'Transport'); only the names
are known beforehand. This is the only file that imports zeep, and it uses it for nothing but reading the WSDL and building the
request: no zeep Client, no request sent by zeep, no answer parsed by it. This module opens no connection; it is given `fetch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from desktop.callcenter.model import Function, plain, sendable
from desktop.callcenter.reply import in_words, parsed, told
from desktop.errors import CallCenterError, ContractError, NotOffered

Value = str | bool
Fetch = Callable[[str], bytes]
"""Gets the document at an address. May raise any CallCenterError."""


class Parameter(StrEnum):
    """The documented parameters (api-facts.md, 'Functions'), by the names that the document gives them."""

    KEY = "key"
    CAMPAIGN_ID = "campaignId"
    PHONE_NUMBER = "phonenumber"
    AGENT_ID = "agentId"
    CALL_ID = "callId"
    AGENT_RESPONSE = "agentResponse"
    AGENT_NOTES = "agentNotes"
    LAST_CALL = "lastcall"


_SPELLINGS: dict[Parameter, tuple[str, ...]] = {
    Parameter.KEY: ("key", "apikey", "userkey", "accountkey", "authkey", "apptoken"),
    Parameter.CAMPAIGN_ID: ("campaignid", "campaign", "broadcastid"),
    Parameter.PHONE_NUMBER: ("phonenumber", "phone", "agentphone", "agentphonenumber", "agentnumber", "number"),
    Parameter.AGENT_ID: ("agentid", "agent"),
    Parameter.CALL_ID: ("callid", "call"),
    Parameter.AGENT_RESPONSE: ("agentresponse", "response", "disposition"),
    Parameter.AGENT_NOTES: ("agentnotes", "notes"),
    Parameter.LAST_CALL: ("lastcall", "islastcall", "last"),
}
"""How a WSDL may call them, as model.plain() makes names; the likeliest first."""

_ASKED = {
    Function.SEND_AGENT_CALL_BACK: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.PHONE_NUMBER),
    Function.LOGIN_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.GET_CONNECTION_FOR_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.STORE_AGENT_RESPONSE: tuple(parameter for parameter in Parameter if parameter is not Parameter.PHONE_NUMBER),
    Function.KICK_AGENT: (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID),
    Function.START_CAMPAIGN: (Parameter.KEY, Parameter.CAMPAIGN_ID),
    Function.STOP_CAMPAIGN: (Parameter.KEY, Parameter.CAMPAIGN_ID),
}
_CAMPAIGN_MAY_BE_MISSING = frozenset(
    {Function.SEND_AGENT_CALL_BACK, Function.LOGIN_AGENT, Function.GET_CONNECTION_FOR_AGENT, Function.KICK_AGENT}
)
"""Their parameters are assumed, not documented (api-facts.md): a service that does not ask them for the campaign knows it."""

SHIFT_FUNCTIONS = frozenset({Function.LOGIN_AGENT, Function.GET_CONNECTION_FOR_AGENT, Function.STORE_AGENT_RESPONSE})
"""Without these no shift: a contract in which one of them cannot be asked is refused at once, not with somebody on the line."""

_MOST_DOCUMENTS = 50
_MOST_STEPS = 1000
_DEEPEST_TYPE = 8
"""A description beyond these bounds is no call center's, and could keep zeep or us busy for ever."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire, and the local names that the answer's first Body element may have."""

    address: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)  # carries the key
    answers: frozenset[str]


class Contract:
    """What one WSDL offers."""

    def __init__(self, operations: Mapping[Function, _Operation]) -> None:
        self._operations = operations

    def offers(self, function: Function) -> bool:
        """Whether the WSDL has this function."""
        return function in self._operations

    def request(self, function: Function, values: Mapping[Parameter, Value]) -> Request:
        """The request that asks `function` with `values`, which must hold all its documented parameters.

        Raises NotOffered if the WSDL lacks the function, and ContractError if it wants what nobody here knows.
        """
        operation = self._operations.get(function)
        if operation is None:
            raise NotOffered(f"The service does not offer {function}.")
        return operation.request(values)


def load(address: str, fetch: Fetch) -> Contract:
    """The contract at `address`, with the documents it imports. Slow (a second or so): not for the event loop's thread.

    Raises ContractError for everything that is wrong with the description, and what `fetch` raises.
    """
    documents = _Documents(address, fetch)
    document = _read(address, documents)
    operations: dict[Function, _Operation] = {}
    unusable: list[str] = []
    by_name = {plain(function): function for function in Function}
    for port, operation in _operations(document):
        function = by_name.get(plain(operation.name))
        if function is None or function in operations:
            continue
        try:
            endpoint = _endpoint(port.binding_options["address"], documents.origin)
        except ContractError as failure:
            unusable.append(failure.reason)
            continue
        operations[function] = _Operation(function, port.binding, operation, endpoint)
    if not operations:
        raise ContractError(unusable[0] if unusable else "The description names none of a call center's functions over SOAP.")
    contract = Contract(operations)
    for function in sorted(SHIFT_FUNCTIONS & operations.keys()):
        operations[function].rehearse()
    return contract


# ------------------------------------------------------------------------------------------------------------- addresses


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what two addresses must share to be of one service."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this computer."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def origin_of(address: str) -> Origin:
    """Where `address` lives. Raises ContractError unless it is an https address, or an http address on this computer."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(one.isspace() for one in address):
        raise ContractError(f"{_shown(address)} is no web address.")
    if parts.username is not None or parts.password is not None:
        raise ContractError("An address with a user name or password in it is not accepted.")
    origin = Origin(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80))
    if origin.scheme == "http" and not origin.is_loopback:
        raise ContractError(f"{_shown(address)} is not encrypted: only https is accepted.")
    return origin


def _secured(address: str, home: Origin) -> str:
    """`address`, but with https on `home` if it is plain http on the same host.

    A service behind a TLS terminator often does not know by which address the world sees it.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return address  # whoever looks next says what is wrong with it
    if home.scheme == "https" and parts.scheme == "http" and parts.hostname == home.host:
        host = f"[{home.host}]" if ":" in home.host else home.host
        return parts._replace(scheme="https", netloc=host if home.port == 443 else f"{host}:{home.port}").geturl()
    return address


def _endpoint(address: str, home: Origin) -> str:
    """Where requests go, the key in them: https, or this computer if the description came from this computer."""
    address = _secured(address.strip(), home)
    origin = origin_of(address)
    if origin.scheme == "http" and not home.is_loopback:
        raise ContractError(f"The description sends requests to {_shown(address)}, which is not encrypted.")
    return address


def _shown(address: str) -> str:
    return told(address.partition("?")[0], longest=120) or "An empty address"


# -------------------------------------------------------------------------------------------------- reading a description


class _Documents:
    """zeep's transport: fetches the WSDL and what it imports, from one origin, and only if it is XML without a DTD."""

    def __init__(self, address: str, fetch: Fetch) -> None:
        self.origin = origin_of(address)
        self._fetch = fetch
        self._count = 0

    def load(self, address: str) -> bytes:
        """Called by zeep."""
        if address in _WELL_KNOWN:
            return _WELL_KNOWN[address]
        address = _secured(str(address), self.origin)
        if urlsplit(address).scheme not in {"http", "https"} or origin_of(address) != self.origin:
            raise ContractError(f"The description wants to import {_shown(address)}, which is not on its own server.")
        self._count += 1
        if self._count > _MOST_DOCUMENTS:
            raise ContractError(f"The description imports more than {_MOST_DOCUMENTS} documents.")
        document = self._fetch(address)
        if parsed(document) is None:
            what = "XML with a document type definition" if b"<!DOCTYPE" in document else in_words(document)
            raise ContractError(f"What is at {_shown(address)} is {what}, not the description of a service.")
        return document


_IMPORTING = threading.Lock()
"""zeep's modules import each other in a circle, so two threads that import it at once would each find only half of it."""


def _read(address: str, documents: _Documents) -> Any:
    with _IMPORTING:  # zeep is heavy (a third of a second, 200 modules): not before it is needed
        from zeep.settings import Settings
        from zeep.wsdl import Document

    # force_https would turn http addresses of *other* hosts into https as well; _secured does it for ours.
    settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, force_https=False)
    transport: Any = documents  # zeep declares a class of its own and uses nothing but `load`
    try:
        return Document(address, transport, settings=settings)
    except CallCenterError as raised:
        failure = raised
    except Exception as raised:  # noqa: BLE001 - zeep raises anything at bad descriptions
        failure = ContractError(f"The description cannot be read: {told(str(raised), longest=200) or type(raised).__name__}")
    failure.__context__ = None
    raise failure  # outside of the except block, so that no chain of zeep's comes along


def _operations(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each SOAP port with an address and each of its operations, in the order of the description."""
    from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

    for service in document.services.values():
        for port in service.ports.values():
            if isinstance(port.binding, (Soap11Binding, Soap12Binding)) and (port.binding_options or {}).get("address"):
                operations: dict[str, Any] = port.binding.all()  # type: ignore[no-untyped-call]
                yield from ((port, operation) for operation in operations.values())


_XSD = "http://www.w3.org/2001/XMLSchema"
_XML = "http://www.w3.org/XML/1998/namespace"
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_WELL_KNOWN = {
    # zeep fetches these two by itself when a description mentions their namespaces. What services use of them is little.
    "https://www.w3.org/2001/xml.xsd": (
        f'<schema xmlns="{_XSD}" targetNamespace="{_XML}"><attribute name="lang" type="string"/>'
        '<attribute name="space" type="string"/><attribute name="base" type="anyURI"/><attribute name="id" type="ID"/></schema>'
    ).encode(),
    _ENCODING: (
        f'<schema xmlns="{_XSD}" xmlns:t="{_ENCODING}" targetNamespace="{_ENCODING}"><attribute name="arrayType" type="string"/>'
        '<complexType name="Array"><sequence><any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></sequence>'
        '<attribute ref="t:arrayType"/></complexType>'
        + "".join(
            f'<simpleType name="{name}"><restriction base="{name}"/></simpleType>'
            for name in ("string", "boolean", "int", "integer", "long", "short", "decimal", "float", "double", "dateTime")
        )
        + "</schema>"
    ).encode(),
}


# ---------------------------------------------------------------------------------------------------- building a request


_Path = tuple[tuple[str, bool], ...]
"""zeep's names from the outside in, each with whether it wants a list."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place in a request that can hold a value, or (`is_parameter` false) an element that must be there to hold others."""

    path: _Path
    name: str
    required: bool
    within: frozenset[int]
    """The optional groups it is in: it is missed only if all of them are there."""
    is_parameter: bool = True
    kind: Any = field(default=None, compare=False)
    """zeep's type of the value."""


class _Operation:
    """One function of the description, bound to where it lives."""

    def __init__(self, function: Function, binding: Any, operation: Any, address: str) -> None:
        self._function = function
        self._operation = operation
        self._address = address
        self._headers = _headers(binding, operation)
        self._slots: list[_Slot] | None = None

    def rehearse(self) -> None:
        """Build a request of nothing, to learn in time what cannot be built."""
        self.request({parameter: True if parameter is Parameter.LAST_CALL else "1" for parameter in _ASKED[self._function]})

    def request(self, values: Mapping[Parameter, Value]) -> Request:
        """Raises ContractError for a parameter that cannot be placed or is not known."""
        if self._slots is None:
            self._slots = _Survey(self._operation, self._function).slots
        envelope = None
        arguments = _arguments(_placed(self._slots, values, self._function), self._slots)
        with suppress(Exception):  # zeep raises anything, and its text may hold a value
            envelope = self._operation.create(**arguments).content
        if envelope is None:
            raise ContractError(f"The description of {self._function} wants something that NextCall does not know.")
        body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return Request(self._address, self._headers, body, _answers(self._operation))


def _headers(binding: Any, operation: Any) -> dict[str, str]:
    """As SOAP 1.1 (section 6.1.1) and SOAP 1.2 (part 2, section 6.5.3) want them."""
    from zeep.wsdl.bindings import Soap12Binding

    action = operation.soapaction or ""
    if not action.isascii() or not action.isprintable() or '"' in action:
        raise ContractError(f"The SOAPAction of {operation.name} cannot be sent: {told(action, longest=80)}")
    if isinstance(binding, Soap12Binding):
        return {"Content-Type": "application/soap+xml; charset=utf-8" + (f'; action="{action}"' if action else "")}
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}


def _answers(operation: Any) -> frozenset[str]:
    """The local names that the first element of the answer's Body may have; none if nothing is promised."""
    from zeep.wsdl.messages import RpcMessage

    output = operation.output
    if isinstance(output, RpcMessage):
        return frozenset({f"{operation.name}Response"})  # the WSDL does not say it, the WS-I Basic Profile (R2729) does
    if output is None or output.body is None:
        return frozenset()
    if output._is_body_wrapped:  # several parts, each an element of the Body
        return frozenset(element.name for _, element in output.body.type.elements)
    return frozenset({output.body.name})


class _Survey:
    """Finds every slot of a request, outer and inner alike, in the order of the description."""

    def __init__(self, operation: Any, function: Function) -> None:
        self.slots: list[_Slot] = []
        self._function = function
        self._groups = count()
        self._steps = 0
        if operation.input is not None and operation.input.body is not None:
            self._see_type(operation.input.body.type, (), frozenset(), ())

    def _see_type(self, kind: Any, path: _Path, within: frozenset[int], outer: tuple[Any, ...]) -> None:
        """The attributes and elements of a complex type; nothing for one inside itself, which nobody has to fill."""
        from zeep import xsd

        if not isinstance(kind, xsd.ComplexType) or kind in outer or len(outer) > _DEEPEST_TYPE:
            return
        for name, attribute in kind.attributes:
            if attribute.name is not None:  # xsd:anyAttribute has none
                needed = attribute.required and attribute.default is None
                self.slots.append(_Slot((*path, (name, False)), str(attribute.name), needed, within, kind=attribute.type))
        for name, item in kind.elements_nested:
            self._see(name, item, path, within, (*outer, kind))

    def _see(self, name: str | None, item: Any, path: _Path, within: frozenset[int], outer: tuple[Any, ...]) -> None:
        """An element, or a sequence, choice, all or group of elements."""
        from zeep import xsd

        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ContractError(f"The description of {self._function} is too involved.")
        if isinstance(item, xsd.Element) and not isinstance(item, xsd.Any):
            self._see_element((*path, (name or item.attr_name, False)), item, within, outer)
        elif not isinstance(item, xsd.Any):  # an extension point; if it must be filled, zeep says so when a request is built
            inside = (*path, (name, True)) if item.accepts_multiple and name else path
            together = self._group(within) if item.is_optional else within
            for inner_name, inner in item.elements_nested if hasattr(item, "elements_nested") else [(None, item.child)]:
                # The branches of a choice come one by one, the elements of anything else come together.
                group = self._group(together) if isinstance(item, xsd.Choice) else together
                self._see(inner_name, inner, inside, group, outer)

    def _see_element(self, path: _Path, element: Any, within: frozenset[int], outer: tuple[Any, ...]) -> None:
        from zeep import xsd

        # What has a default or may be nil can be left to the service even if its element must be there: zeep puts it.
        needed = not element.is_optional and not element.nillable and element.default is None
        if not isinstance(element.type, xsd.ComplexType):
            self.slots.append(_Slot(path, str(element.name), needed, within, kind=element.type))
        elif isinstance(element.type._element, xsd.Element):  # a text with attributes: xsd:simpleContent
            kind = element.type._element.type
            self.slots.append(_Slot((*path, ("_value_1", False)), str(element.name), needed, within, kind=kind))
        else:
            if needed:
                self.slots.append(_Slot(path, str(element.name), needed, within, is_parameter=False))
            self._see_type(element.type, path, within if needed else self._group(within), outer)

    def _group(self, within: frozenset[int]) -> frozenset[int]:
        return within | {next(self._groups)}


def _placed(slots: list[_Slot], values: Mapping[Parameter, Value], function: Function) -> dict[_Slot, Value]:
    """Which slot holds what. Raises ContractError naming what cannot be placed, or what is wanted and not known."""
    placed: dict[_Slot, Value] = {}
    known: dict[str, Value] = {}
    for parameter, value in values.items():
        spellings = _SPELLINGS[parameter]
        known |= dict.fromkeys(spellings, value)
        fitting = [slot for slot in slots if slot.is_parameter and plain(slot.name) in spellings]
        if fitting:
            best = min(fitting, key=lambda slot: (spellings.index(plain(slot.name)), len(slot.path)))
            placed[best] = _written(best, value)
        elif parameter is not Parameter.CAMPAIGN_ID or function not in _CAMPAIGN_MAY_BE_MISSING:
            raise ContractError(f"The description of {function} has no parameter that could be {parameter}.")
    there = _there(placed)
    for slot in slots:
        if slot.is_parameter and slot.required and slot not in placed and slot.within <= there:
            if plain(slot.name) not in known:
                raise ContractError(f"{function} requires {told(slot.name, longest=80)}, which NextCall does not know.")
            placed[slot] = _written(slot, known[plain(slot.name)])  # the same thing is wanted in two places
    return placed


def _there(placed: Mapping[_Slot, Value]) -> frozenset[int]:
    """The optional groups that hold something."""
    return frozenset(group for slot in placed for group in slot.within)


def _written(slot: _Slot, value: Value) -> Value:
    """A value as its slot wants it: texts with nothing that XML cannot carry, booleans in words where a text is wanted."""
    from zeep import xsd

    if not isinstance(value, bool):
        return sendable(value)
    if isinstance(slot.kind, xsd.Boolean):
        return value
    if isinstance(slot.kind, xsd.Decimal):  # and every kind of integer
        return str(int(value))
    return str(value).lower()


def _arguments(placed: Mapping[_Slot, Value], slots: list[_Slot]) -> dict[str, Any]:
    """The nested keyword arguments that zeep's create() takes."""
    arguments: dict[str, Any] = {}
    there = _there(placed)
    for slot in slots:
        if slot in placed or (not slot.is_parameter and slot.within <= there):
            inner = arguments
            *outside, (name, _) = slot.path
            for step, wants_list in outside:
                inner = inner.setdefault(step, [{}])[0] if wants_list else inner.setdefault(step, {})
            inner[name] = placed[slot] if slot in placed else inner.get(name, {})
    return arguments
