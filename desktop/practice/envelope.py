"""SOAP envelopes, as a careful server reads and writes them: both versions of SOAP, document/literal wrapped.

Nothing that arrives is trusted: no document type, no entities, no network, nothing but text in a parameter. This module must not
know any function by name, and what it says about a broken request never quotes a text of it: that may be the key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from desktop.callcenter.model import Field, sendable

_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Version(Enum):
    """A version of SOAP, by the namespace of its envelopes."""

    SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

    @property
    def media_type(self) -> str:
        return "text/xml" if self is Version.SOAP_11 else "application/soap+xml"


class Blame(Enum):
    """Whose fault a Fault is: its code in SOAP 1.1 and in SOAP 1.2."""

    CALLER = ("Client", "Sender")
    SERVICE = ("Server", "Receiver")
    VERSION = ("VersionMismatch", "VersionMismatch")
    MUST_UNDERSTAND = ("MustUnderstand", "MustUnderstand")


class BadRequest(Exception):
    """What arrived is no request of this service; the text is a sentence for its author."""

    def __init__(self, sentence: str, *, version: Version = Version.SOAP_11, blame: Blame = Blame.CALLER) -> None:
        super().__init__(sentence)
        self.version = version
        self.blame = blame


@dataclass(frozen=True, slots=True)
class Request:
    """A function that is asked for, with its parameters by local name. An xsi:nil parameter counts as not given."""

    version: Version
    function: str
    parameters: dict[str, str]


def read_request(body: bytes, namespace: str, expected: Version) -> Request:
    """Read a request to the service with that namespace. `expected` is the version in which a Fault about unreadable XML is told.

    Raises BadRequest.
    """
    envelope = _parse(body, expected)
    name = etree.QName(envelope)
    if name.localname != "Envelope" or name.namespace not in {version.value for version in Version}:
        raise BadRequest("This is no SOAP 1.1 or SOAP 1.2 envelope.", version=expected, blame=Blame.VERSION)
    version = Version(name.namespace)
    for header in envelope.iterfind(f"{{{version.value}}}Header/*"):
        if header.get(f"{{{version.value}}}mustUnderstand", "").strip() in {"1", "true"}:
            raise BadRequest("This service understands no SOAP headers.", version=version, blame=Blame.MUST_UNDERSTAND)
    wrappers = envelope.findall(f"{{{version.value}}}Body/*")
    if len(wrappers) != 1:
        raise BadRequest("The SOAP body must hold one element: the function.", version=version)
    function = etree.QName(wrappers[0])
    if function.namespace != namespace:
        raise BadRequest(f"The function must be in the namespace {namespace}.", version=version)
    return Request(version, function.localname, _parameters(wrappers[0], version))


def write_answer(version: Version, namespace: str, function: str, returned: Iterable[Field] | None) -> bytes:
    """The answer of `function`; `returned` are the elements inside its <return>, None if it returns nothing."""
    envelope, body = _envelope(version)
    answer = etree.SubElement(body, f"{{{namespace}}}{function}Response", nsmap={"tns": namespace})
    if returned is not None:
        _add(etree.SubElement(answer, f"{{{namespace}}}return"), namespace, returned)
    return _bytes(envelope)


def write_fault(version: Version, blame: Blame, sentence: str, subcode: str = "") -> bytes:
    """A Fault in the words of that version. `subcode`, if any, says more exactly what is wrong: one word."""
    envelope, body = _envelope(version)
    fault = etree.SubElement(body, f"{{{version.value}}}Fault")
    if version is Version.SOAP_11:
        etree.SubElement(fault, "faultcode").text = f"soap:{blame.value[0]}" + (f".{subcode}" if subcode else "")
        etree.SubElement(fault, "faultstring").text = sendable(sentence)
    else:
        code = etree.SubElement(fault, f"{{{version.value}}}Code")
        etree.SubElement(code, f"{{{version.value}}}Value").text = f"soap:{blame.value[1]}"
        if subcode:
            inner = etree.SubElement(code, f"{{{version.value}}}Subcode")
            etree.SubElement(inner, f"{{{version.value}}}Value").text = f"soap:{subcode}"
        reason = etree.SubElement(fault, f"{{{version.value}}}Reason")
        etree.SubElement(reason, f"{{{version.value}}}Text", {_XML_LANG: "en"}).text = sendable(sentence)
    return _bytes(envelope)


def _parse(body: bytes, expected: Version) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest("This is not well-formed XML.", version=expected) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("A document type is not allowed in SOAP.", version=expected)
    return root


def _parameters(wrapper: etree._Element, version: Version) -> dict[str, str]:
    """By local name only, in any order: clients disagree on whether parameters are qualified."""
    parameters: dict[str, str] = {}
    for element in wrapper:
        name = etree.QName(element).localname
        if len(element):
            raise BadRequest(f"{name} must hold text, not elements.", version=version)
        if name in parameters:
            raise BadRequest(f"{name} is given twice.", version=version)
        if element.get(f"{{{_SCHEMA_INSTANCE}}}nil", "").strip() not in {"1", "true"}:
            parameters[name] = element.text or ""
    return parameters


def _envelope(version: Version) -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(f"{{{version.value}}}Envelope", nsmap={"soap": version.value})
    return envelope, etree.SubElement(envelope, f"{{{version.value}}}Body")


def _add(parent: etree._Element, namespace: str, fields: Iterable[Field]) -> None:
    for one in fields:
        attributes = {name: sendable(text) for name, text in one.attributes}
        element = etree.SubElement(parent, f"{{{namespace}}}{one.name}", attributes)
        if one.text:
            element.text = sendable(one.text)
        _add(element, namespace, one.children)


def _bytes(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
