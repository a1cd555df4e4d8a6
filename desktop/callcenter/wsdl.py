"""A service's description (WSDL), read: its functions, and the places in a request of each.

Namespaces, element order, SOAP version and extra parameters all come from the WSDL (api-facts.md, 'Transport'). Only this file
and schema.py import zeep, and they use it for nothing but reading: no zeep Client, no request made or sent by zeep, no answer
parsed by it. (zeep drops values where there is a choice, and cannot leave out an optional sequence.) This module opens no
connection; it is given `fetch`. What is meant by which place it must not know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from desktop.callcenter.addresses import endpoint, origin_of, secured, shown
from desktop.callcenter.reply import in_words, parsed, told
from desktop.callcenter.request import SOAP_11, SOAP_12, Choice, NotInForms, Operation, Path, Shape, Slot, Text, Unfilled
from desktop.errors import CallCenterError, ContractError

Fetch = Callable[[str], bytes]
"""Gets the document at an address. May raise any CallCenterError."""

_MOST_DOCUMENTS = 50
_MOST_STEPS = 1000
_DEEPEST_TYPE = 8
"""A description beyond these bounds is no call center's, and could keep zeep or us busy for ever."""


def read(address: str, fetch: Fetch) -> Iterator[Operation | ContractError]:
    """The functions that are described at `address`, in the order of the description; of one that cannot be asked, why.

    Reads all documents before the first. Slow (a second or so): not for the event loop's thread. Raises ContractError for
    everything that is wrong with the description as a whole, and what `fetch` raises.
    """
    documents = _Documents(address, fetch)
    document = _read(address, documents)
    meanings = _meanings(documents.roots)
    for port, operation in _operations(document):
        port_type = getattr(port.binding.port_type.name, "text", "")
        try:
            where = endpoint(port.binding_options["address"], documents.origin)
        except ContractError as failure:
            yield failure
        else:
            yield _operation(port.binding, operation, meanings.get((port_type, operation.name), ""), where)


# ------------------------------------------------------------------------------------------------------------ the documents


class _Documents:
    """zeep's transport: fetches the WSDL and what it imports, from one origin, and only if it is XML without a DTD."""

    def __init__(self, address: str, fetch: Fetch) -> None:
        self.origin = origin_of(address)
        self.roots: list[etree._Element] = []
        self._fetch = fetch
        self._count = 0

    def load(self, address: str) -> bytes:
        """Called by zeep."""
        if address in _WELL_KNOWN:
            return _WELL_KNOWN[address]
        address = secured(str(address), self.origin)
        if urlsplit(address).scheme not in {"http", "https"} or origin_of(address) != self.origin:
            raise ContractError(f"The description wants to import {shown(address)}, which is not on its own server.")
        self._count += 1
        if self._count > _MOST_DOCUMENTS:
            raise ContractError(f"The description imports more than {_MOST_DOCUMENTS} documents.")
        document = self._fetch(address)
        root = parsed(document)
        if root is None:
            what = "XML with a document type definition" if b"<!DOCTYPE" in document else in_words(document)
            raise ContractError(f"What is at {shown(address)} is {what}, not the description of a service.")
        self.roots.append(root)
        return document


_IMPORTING = threading.Lock()
"""zeep's modules import each other in a circle, so two threads that import it at once would each find only half of it."""


def _read(address: str, documents: _Documents) -> Any:
    with _IMPORTING:  # zeep is heavy (a third of a second, 200 modules): not before it is needed
        from zeep.settings import Settings

        from desktop.callcenter.schema import Document

    # force_https would turn http addresses of *other* hosts into https as well; `secured` does it for ours.
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


def _meanings(roots: list[etree._Element]) -> dict[tuple[str, str], str]:
    """What the description says of each function, by the qualified name of its port type and its own; zeep does not read it."""
    meanings: dict[tuple[str, str], str] = {}
    for root in roots:
        for port_type in root.iterfind(f"{{{_WSDL}}}portType"):
            namespace, name = root.get("targetNamespace", ""), port_type.get("name", "").strip()
            for operation in port_type.iterfind(f"{{{_WSDL}}}operation"):
                words = operation.find(f"{{{_WSDL}}}documentation")
                if words is not None:
                    text = told(" ".join(map(str, words.itertext())), longest=_LONGEST_MEANING)
                    meanings[f"{{{namespace}}}{name}" if namespace else name, operation.get("name", "").strip()] = text
    return meanings


_LONGEST_MEANING = 1000
"""Characters of a function's documentation that are passed on."""
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
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


# -------------------------------------------------------------------------------------------------- the places in a request


def _operation(binding: Any, operation: Any, meaning: str, address: str) -> Operation:
    from zeep.wsdl.bindings import Soap12Binding

    body = None if operation.input is None else operation.input.body
    wrapper = "" if body is None else body.qname.text
    if getattr(operation.input, "_is_body_wrapped", False):  # several parts, each in the Body
        wrapper = ""
    action = operation.soapaction or ""
    shape, flaw = Shape(), ""
    if not action.isascii() or not action.isprintable() or '"' in action:
        flaw = f"The SOAPAction of {told(operation.name, longest=80)} cannot be sent: {told(action, longest=80)}"
    try:
        shape = _Survey(operation.name, body).shape()
    except ContractError as failure:
        flaw = failure.reason
    return Operation(
        operation.name,
        meaning,
        address,
        SOAP_12 if isinstance(binding, Soap12Binding) else SOAP_11,
        action,
        wrapper,
        shape,
        _answers(operation),
        flaw,
    )


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
    """Finds every place of a request, outer and inner alike, in the order of the description."""

    def __init__(self, function: str, body: Any) -> None:
        self._function = function
        self._slots: list[Slot] = []
        self._choices: list[Choice] = []
        self._not_in_forms: list[NotInForms] = []
        self._numbers = count()
        self._steps = 0
        if body is not None:
            self._see_body(body)

    def shape(self) -> Shape:
        return Shape(tuple(self._slots), tuple(self._choices), tuple(self._not_in_forms))

    def _see_body(self, body: Any) -> None:
        from zeep import xsd

        if isinstance(body.type, xsd.ComplexType):
            self._see_type(body.type, _Place())
        else:
            self._no_form(_Place(), "is a single value without a name", needed=True, is_unknown=True)

    def _see_type(self, kind: Any, place: _Place) -> None:
        """The attributes and elements of a complex type."""
        self._see_attributes(kind, place)
        for _, item in kind.elements_nested:
            self._see(item, replace(place, outer=(*place.outer, kind)))

    def _see_attributes(self, kind: Any, place: _Place) -> None:
        for _, attribute in kind.attributes:
            if attribute.name is not None and not getattr(attribute, "prohibited", False):  # xsd:anyAttribute has no name
                needed = attribute.required and attribute.default is None
                unfilled = Unfilled.DEFAULT if attribute.required and not needed else Unfilled.LEFT_OUT
                inside = replace(place, names=(*place.names, str(attribute.name)))
                self._found(inside, attribute, attribute.type, unfilled, needed=needed, attribute=attribute.qname.text)

    def _see(self, item: Any, place: _Place) -> None:
        """An element, or a sequence, choice, all or group of elements."""
        from zeep import xsd

        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise ContractError(f"The description of {told(self._function, longest=80)} is too involved.")
        if isinstance(item, xsd.Any):  # an extension point
            if not item.is_optional:
                self._no_form(place, "wants something that the description does not name", needed=True, is_unknown=True)
        elif isinstance(item, xsd.Element):
            if item.max_occurs == 0:
                return
            self._see_element(place.inside(item.qname.text, str(item.name), next(self._numbers)), item)
        else:
            self._see_group(item, place)

    def _see_group(self, item: Any, place: _Place) -> None:
        from zeep import xsd

        members = _members(item)
        if not isinstance(item, xsd.Choice):
            together = self._together(place) if item.is_optional else place
            for inner in members:
                self._see(inner, together)
            return
        branches = [self._together(place) for _ in members]  # one of them comes
        for branch, inner in zip(branches, members, strict=True):
            self._see(inner, branch)
        needed = item.min_occurs > 0 and not any(map(_may_be_absent, members))
        groups = tuple(next(iter(branch.within - place.within)) for branch in branches)
        self._choices.append(Choice(place.within, groups, needed))

    def _see_element(self, place: _Place, element: Any) -> None:
        from zeep import xsd

        kind, unfilled = element.type, Unfilled.LEFT_OUT
        if not element.is_optional:
            unfilled = Unfilled.EMPTY if element.default is None else Unfilled.DEFAULT
            unfilled = Unfilled.NIL if element.nillable and element.default is None else unfilled
        # What has a default or may be nil can be left to the service even if its element must be there.
        needed = unfilled is Unfilled.EMPTY
        if element.min_occurs > 1:
            self._no_form(place, "must be given several times", needed=needed)
            place = replace(place, in_a_form=False)
        if not isinstance(kind, xsd.ComplexType):
            self._found(place, element, kind, Unfilled.LEFT_OUT if needed else unfilled, needed=needed)
        elif isinstance(kind._element, xsd.Element):  # a text with attributes: xsd:simpleContent
            inside = self._together(place) if element.is_optional else place
            needed = needed or (element.is_optional and element.default is None)
            self._found(inside, element, kind._element.type, Unfilled.LEFT_OUT if needed else unfilled, needed=needed)
            self._see_attributes(kind, inside)
        else:
            self._see_complex_element(place, element, unfilled)

    def _see_complex_element(self, place: _Place, element: Any, unfilled: Unfilled) -> None:
        kind, needed = element.type, unfilled is Unfilled.EMPTY
        if unfilled is not Unfilled.LEFT_OUT:
            self._slots.append(Slot(place.path, place.names, needed, place.within, is_parameter=False, unfilled=unfilled))
        if kind in place.outer or len(place.outer) > _DEEPEST_TYPE:
            why = "can hold itself" if kind in place.outer else "is nested too deeply"
            self._no_form(place, why, needed=needed, is_unknown=True)
            return
        if element.accepts_multiple:
            self._no_form(place, "can be given several times, each with fields of its own", needed=needed)
            place = replace(place, in_a_form=False)
        self._see_type(kind, place if needed else self._together(place))

    def _found(self, place: _Place, holder: Any, kind: Any, unfilled: Unfilled, *, needed: bool, attribute: str = "") -> None:
        """A place for a value: an attribute's or element's."""
        text, fixed = _text(kind), getattr(holder, "fixed", None)
        if fixed is not None:  # it can be there or not, if at all
            text = replace(text, choices=(fixed,))
        if not text.builtin:
            self._no_form(place, "is nothing that can be typed", needed=needed)
        self._slots.append(
            Slot(
                place.path,
                place.names,
                needed,
                place.within,
                attribute=attribute,
                unfilled=unfilled,
                text=text,
                default=holder.default or "",
                in_a_form=place.in_a_form and bool(text.builtin) and (fixed is None or unfilled is not Unfilled.DEFAULT),
            )
        )

    def _no_form(self, place: _Place, why: str, *, needed: bool, is_unknown: bool = False) -> None:
        self._not_in_forms.append(NotInForms(place.names, why, needed, place.within, is_unknown))

    def _together(self, place: _Place) -> _Place:
        """Further in, where all comes together or not at all."""
        return replace(place, within=place.within | {next(self._numbers)})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a survey is: see Slot."""

    path: Path = ()
    names: tuple[str, ...] = ()
    within: frozenset[int] = frozenset()
    in_a_form: bool = True
    outer: tuple[Any, ...] = ()
    """The complex types around it."""

    def inside(self, qualified: str, name: str, number: int) -> _Place:
        """One element further in."""
        return replace(self, path=(*self.path, (qualified, number)), names=(*self.names, name))


def _members(item: Any) -> list[Any]:
    """What is inside of a sequence, choice, all or group."""
    return [inner for _, inner in item.elements_nested] if hasattr(item, "elements_nested") else [item.child]


def _may_be_absent(item: Any) -> bool:
    """Whether a branch of a choice is fulfilled by nothing."""
    from zeep import xsd

    if isinstance(item, xsd.Element):
        return bool(getattr(item, "may_be_absent", False))
    if item.min_occurs == 0 or isinstance(item, xsd.Any):
        return bool(item.min_occurs == 0)
    enough = any if isinstance(item, xsd.Choice) else all
    return enough(map(_may_be_absent, _members(item)))


def _text(kind: Any) -> Text:
    """What zeep's type of a value is in XML Schema."""
    from zeep.xsd.types.collection import ListType, UnionType

    if isinstance(kind, ListType):
        return Text("")
    choices = getattr(kind, "choices", ())
    if isinstance(kind, UnionType):
        return Text("anySimpleType", choices)
    names = (vars(one).get("_default_qname") for one in type(kind).__mro__)
    builtin = next((name.localname for name in names if name is not None and name.namespace == _XSD), "anyType")
    facets = tuple(getattr(kind, "facets", {}).items())
    return Text("" if builtin in _NEVER_TYPED else builtin, choices, facets)


_NEVER_TYPED = frozenset({"base64Binary", "hexBinary", "QName", "NOTATION", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay"})
