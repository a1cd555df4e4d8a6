"""zeep's reading of XML Schema, taught to keep what a form needs and zeep drops: enumerations, bounds, and what is fixed.

Only wsdl.py imports this, and only when a description is read: zeep is heavy. It decides nothing and knows no call center.
"""

# mypy: disallow-untyped-calls=false

from __future__ import annotations

from typing import Any

from lxml import etree
from zeep import wsdl, xsd
from zeep.xsd import schema, visitor
from zeep.xsd.types.unresolved import UnresolvedCustomType

_XSD = "{http://www.w3.org/2001/XMLSchema}"
_FACETS = frozenset(
    {
        "minInclusive",
        "minExclusive",
        "maxInclusive",
        "maxExclusive",
        "totalDigits",
        "fractionDigits",
        "length",
        "minLength",
        "maxLength",
    }
)
"""Patterns are left to the service: with some of them, whoever tries them is busy for ever."""


class Document(wsdl.Document):
    """A description. Its simple types have `choices` and `facets`, what is fixed is `fixed`."""

    def load(self, location: str) -> None:
        """Called by zeep when all but `types` is set."""
        self.types = _Schema(node=None, transport=self.transport, location=self.location, settings=self.settings)
        super().load(location)


class _Schema(xsd.Schema):
    def create_new_document(
        self, node: etree._Element | None, url: str, base_url: str | None = None, target_namespace: str | None = None
    ) -> _SchemaDocument:
        namespace = (None if node is None else node.get("targetNamespace")) or target_namespace
        document = _SchemaDocument(namespace, url, base_url or url)
        self.documents.add(document)
        document.load(self, node)
        return document


class _SchemaDocument(schema.SchemaDocument):
    def load(self, of: _Schema, node: etree._Element | None) -> None:
        if node is not None:
            _Visitor(of, self).visit_schema(node)


class _Restricted(UnresolvedCustomType):
    """A simple type that narrows another one."""

    def __init__(self, plain: UnresolvedCustomType, node: etree._Element) -> None:
        super().__init__(plain.qname, plain.base_type, plain.schema)
        rules = [(etree.QName(rule).localname, rule.get("value", "")) for rule in node.iterfind(f"{_XSD}restriction/{_XSD}*")]
        self._choices = tuple(dict.fromkeys(value for name, value in rules if name == "enumeration"))
        self._facets = {name: value for name, value in rules if name in _FACETS}

    def resolve(self) -> Any:
        kind, base = super().resolve(), self.base_type.resolve()
        kind.choices = self._choices or getattr(base, "choices", ())
        kind.facets = {**getattr(base, "facets", {}), **self._facets}
        return kind


class _Visitor(visitor.SchemaVisitor):
    def visit_simple_type(self, node: etree._Element, parent: etree._Element) -> Any:
        kind = super().visit_simple_type(node, parent)
        if isinstance(kind, UnresolvedCustomType):
            kind = _Restricted(kind, node)
            if parent.tag == f"{_XSD}schema":
                self.register_type(kind.qname, kind)
        return kind

    def visit_element(self, node: etree._Element, parent: etree._Element) -> Any:
        element = super().visit_element(node, parent)
        element.may_be_absent = node.get("minOccurs") == "0"  # zeep says so of everything in a choice
        return _fixed(element, node)

    def visit_attribute(self, node: etree._Element, parent: etree._Element) -> Any:
        attribute: Any = super().visit_attribute(node, parent)
        attribute.prohibited = node.get("use") == "prohibited"
        return _fixed(attribute, node)

    visitors: dict[Any, Any] = visitor.SchemaVisitor.visitors | {  # zeep looks here, not at its methods
        visitor.tags.simpleType: visit_simple_type,
        visitor.tags.element: visit_element,
        visitor.tags.attribute: visit_attribute,
    }


def _fixed(found: Any, node: etree._Element) -> Any:
    """What is fixed is a default that nobody is asked for."""
    fixed = node.get("fixed")
    if fixed is not None:
        found.fixed = found.default = fixed
    return found
