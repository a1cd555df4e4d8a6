"""Functions that no document names: which forms come of their descriptions, what is taken, and what is sent then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from desktop.callcenter.contract import Contract, load
from desktop.callcenter.model import Account, Described, Kind, Wanted
from desktop.errors import ContractError, NotOffered, WrongValues
from tests.callcenter.test_contract import RPC
from tests.callcenter.wire import FUNCTIONS, wsdl

HOME = "https://center.example/service"
ACCOUNT = Account("the-secret-key", 77)
KEY_ID = '<xs:element name="key" type="xs:string"/><xs:element name="campaignId" type="xs:long"/>'
XSD = "{http://www.w3.org/2001/XMLSchema}"


def read(content: str, *, more: str = "", name: str = "later") -> Contract:
    """The contract of a service that has one function beside the documented ones."""
    description = wsdl(HOME, FUNCTIONS, more=more, elements={name: content})
    return load(f"{HOME}?wsdl", lambda _: description)


def form(content: str, *, more: str = "") -> Described:
    (described,) = read(content, more=more).described
    return described


def field(inside: str, **attributes: str) -> str:
    """An element of the schema."""
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<xs:element{written}>{inside}</xs:element>" if inside else f"<xs:element{written}/>"


def nested(inside: str, **attributes: str) -> str:
    return field(f"<xs:complexType>{inside}</xs:complexType>", **attributes)


def restricted(base: str, *rules: tuple[str, str]) -> str:
    inside = "".join(f'<xs:{name} value="{value}"/>' for name, value in rules)
    return f'<xs:simpleType><xs:restriction base="{base}">{inside}</xs:restriction></xs:simpleType>'


def by_path(described: Described) -> dict[str, Wanted]:
    return {"/".join(wanted.path): wanted for wanted in described.wanted}


def filled(described: Described, values: Mapping[str, str]) -> dict[Wanted, str]:
    return {by_path(described)[path]: text for path, text in values.items()}


def sent(contract: Contract, **values: str) -> list[tuple[str, str]]:
    """Path and text of every value in the request, attributes with an @."""
    return sent_by_path(contract, {path.replace("__", "/"): text for path, text in values.items()})


def sent_by_path(contract: Contract, values: Mapping[str, str]) -> list[tuple[str, str]]:
    (described,) = contract.described
    body = etree.fromstring(contract.request_of(described, ACCOUNT, filled(described, values)).body)[-1][0]
    found: list[tuple[str, str]] = []

    def walk(element: etree._Element, path: str) -> None:
        found.extend((f"{path}@{etree.QName(str(name)).localname}", str(value)) for name, value in element.attrib.items())
        if not len(element) and path:
            found.append((path, element.text or ""))
        for child in element:
            walk(child, f"{path}/{etree.QName(child).localname}".lstrip("/"))

    walk(body, "")
    return found


def mistakes(contract: Contract, **values: str) -> dict[str, str]:
    """The sentences about a form that is filled in like that, by field."""
    (described,) = contract.described
    with pytest.raises(WrongValues) as caught:
        contract.request_of(described, ACCOUNT, filled(described, {path.replace("__", "/"): one for path, one in values.items()}))
    assert caught.value.reason == " ".join(sentence for _, sentence in caught.value.mistakes)
    return {"/".join(path): sentence for path, sentence in caught.value.mistakes}


# --------------------------------------------------------------------------------------------------------- what is described


def test_every_other_function_is_described_in_the_order_of_the_description():
    later = {"zebra": KEY_ID, "sendAgentCallBackWithMusicSetting": KEY_ID + field("", name="music", type="xs:boolean"), "ant": ""}
    contract = load(f"{HOME}?wsdl", lambda _: wsdl(HOME, FUNCTIONS, elements=later))
    assert [one.name for one in contract.described] == ["zebra", "sendAgentCallBackWithMusicSetting", "ant"]
    assert [len(one.wanted) for one in contract.described] == [0, 1, 0]
    assert contract.without_form == ()


def test_the_description_s_own_words_say_what_a_function_means():
    said = "<documentation>\n  Sets the <b>ratio</b> &amp; more.\x85\u202e </documentation>"
    description = wsdl(HOME, FUNCTIONS, elements={"updateRatio": KEY_ID}).decode()
    description = description.replace('<operation name="updateRatio"><input', f'<operation name="updateRatio">{said}<input', 1)
    (described,) = load(f"{HOME}?wsdl", lambda _: description.encode()).described
    assert described.meaning == "Sets the ratio & more."


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        *(
            (name, Kind.TEXT)
            for name in ("string", "token", "normalizedString", "anyURI", "language", "NCName", "time", "duration")
        ),
        *((name, Kind.NUMBER) for name in ("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger")),
        *((name, Kind.NUMBER) for name in ("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "negativeInteger")),
        *((name, Kind.DECIMAL) for name in ("decimal", "float", "double")),
        ("boolean", Kind.YES_NO),
        ("date", Kind.DATE),
        ("dateTime", Kind.TIME),
        ("anyType", Kind.TEXT),
        ("anySimpleType", Kind.TEXT),
    ],
)
def test_each_type_of_the_schema_is_a_kind_of_field(type_: str, kind: Kind):
    assert form(KEY_ID + field("", name="what", type=f"xs:{type_}")).wanted == (Wanted(("what",), "what", kind, required=True),)


def test_an_element_without_a_type_takes_any_text():
    contract = read(KEY_ID + field("", name="what"))
    assert contract.described[0].wanted[0].kind is Kind.TEXT
    assert ("what", "whatever") in sent(contract, what="whatever")


def test_required_optional_nil_default_and_fixed():
    described = form(
        KEY_ID
        + field("", name="must", type="xs:string")
        + field("", name="may", type="xs:string", minOccurs="0")
        + field("", name="nil", type="xs:string", nillable="true")
        + field("", name="pace", type="xs:int", default="7")
        + field("", name="music", type="xs:boolean", default="1")
        + field("", name="version", type="xs:string", fixed="2")
    )
    assert {(one.name, one.required, one.default) for one in described.wanted} == {
        ("must", True, ""),
        ("may", False, ""),
        ("nil", False, ""),
        ("pace", False, "7"),
        ("music", False, "true"),
    }


def test_what_is_fixed_can_be_there_or_not():
    contract = read(KEY_ID + field("", name="music", type="xs:int", fixed="4", minOccurs="0"))
    (wanted,) = contract.described[0].wanted
    assert (wanted.kind, wanted.choices, wanted.required) == (Kind.CHOICE, ("4",), False)
    assert (sent(contract, music="4")[2:], sent(contract)[2:]) == ([("music", "4")], [])


def test_what_is_not_filled_in_is_left_to_the_service():
    content = field("", name="pace", type="xs:int", default="7") + field("", name="version", type="xs:string", fixed="2")
    content += field("", name="may", type="xs:string", minOccurs="0") + field("", name="nil", type="xs:int", nillable="true")
    contract = read(KEY_ID + content)
    expected = [("key", ACCOUNT.key), ("campaignId", "77"), ("pace", "7"), ("version", "2"), ("nil@nil", "true"), ("nil", "")]
    assert sent(contract) == expected
    assert sent(contract, pace="  ", nil="", may="\n") == expected
    assert sent(contract, pace="9")[2] == ("pace", "9")


@pytest.mark.parametrize("place", ["named", "inside", "narrowed", "attribute"])
def test_enumerations_are_choices_wherever_they_stand(place: str):
    rules = (("enumeration", "gentle"), ("enumeration", "as fast as it gets"), ("enumeration", "gentle"))
    named = restricted("xs:string", *rules).replace("<xs:simpleType>", '<xs:simpleType name="Pace">')
    narrowed = (
        '<xs:simpleType name="Narrow"><xs:restriction base="tns:Pace"><xs:maxLength value="99"/></xs:restriction></xs:simpleType>'
    )
    contents = {
        "named": field("", name="pace", type="tns:Pace"),
        "inside": field(restricted("xs:string", *rules), name="pace"),
        "narrowed": field("", name="pace", type="tns:Narrow"),
        "attribute": nested(
            f'<xs:attribute name="pace" use="required">{restricted("xs:string", *rules)}</xs:attribute>', name="how"
        ),
    }
    contract = read(KEY_ID + contents[place], more=narrowed + named)
    (wanted,) = contract.described[0].wanted
    assert (wanted.name, wanted.kind, wanted.choices) == ("pace", Kind.CHOICE, ("gentle", "as fast as it gets"))
    path = "how__pace" if place == "attribute" else "pace"
    assert "as fast as it gets" in [text for _, text in sent(contract, **{path: "as fast as it gets"})]
    assert mistakes(contract, **{path: "fast"}) == {
        path.replace("__", "/"): f"“{path.replace('__', '/')}” must be one of gentle, as fast as it gets."
    }


def test_two_enumerations_of_the_same_name_are_not_mixed_up():
    one = nested(f"<xs:sequence>{field(restricted('xs:string', ('enumeration', 'a')), name='state')}</xs:sequence>", name="from")
    other = nested(f"<xs:sequence>{field(restricted('xs:int', ('enumeration', '1')), name='state')}</xs:sequence>", name="to")
    assert [(wanted.path, wanted.choices) for wanted in form(KEY_ID + one + other).wanted] == [
        (("from", "state"), ("a",)),
        (("to", "state"), ("1",)),
    ]


def test_types_of_imported_documents_keep_their_enumerations():
    types = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:types"><xs:simpleType name="Pace">'
        '<xs:restriction base="xs:string"><xs:enumeration value="slow"/></xs:restriction></xs:simpleType></xs:schema>'
    )
    content = KEY_ID + '<xs:element xmlns:t="urn:types" name="pace" type="t:Pace"/>'
    imported = '<xs:import namespace="urn:types" schemaLocation="/types.xsd"/>'
    description = wsdl(HOME, FUNCTIONS, more=imported, elements={"later": content})
    contract = load(f"{HOME}?wsdl", lambda asked: types.encode() if asked.endswith("types.xsd") else description)
    assert contract.described[0].wanted[0].choices == ("slow",)


def test_nested_types_are_fields_by_their_path():
    address = nested(
        f"<xs:sequence>{field('', name='street', type='xs:string')}{field('', name='zip', type='xs:string', minOccurs='0')}"
        '</xs:sequence><xs:attribute name="lang" type="xs:language"/>',
        name="address",
    )
    weight = nested(
        '<xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit" type="xs:string" use="required"/>'
        "</xs:extension></xs:simpleContent>",
        name="weight",
    )
    contract = read(KEY_ID + nested(f"<xs:sequence>{address}{weight}</xs:sequence>", name="contact"))
    assert {path: (one.kind, one.required) for path, one in by_path(contract.described[0]).items()} == {
        "contact/address/lang": (Kind.TEXT, False),
        "contact/address/street": (Kind.TEXT, True),
        "contact/address/zip": (Kind.TEXT, False),
        "contact/weight": (Kind.DECIMAL, True),
        "contact/weight/unit": (Kind.TEXT, True),
    }
    values = {"contact/address/street": "Hafenstraße 1", "contact/weight": "1.5", "contact/weight/unit": "kg"}
    assert sent_by_path(contract, values)[2:] == [
        ("contact/address/street", "Hafenstraße 1"),
        ("contact/weight@unit", "kg"),
        ("contact/weight", "1.5"),
    ]
    assert sent_by_path(contract, values | {"contact/address/lang": "de"})[2] == ("contact/address@lang", "de")


def test_what_is_needed_only_together_with_something_else():
    inside = field("", name="street", type="xs:string") + field("", name="zip", type="xs:string", minOccurs="0")
    contract = read(KEY_ID + nested(f"<xs:sequence>{inside}</xs:sequence>", name="address", minOccurs="0"))
    assert not any(one.required for one in contract.described[0].wanted)
    assert sent(contract) == [("key", ACCOUNT.key), ("campaignId", "77")]
    assert mistakes(contract, address__zip="20359") == {"address/street": "“address/street” is missing."}
    assert len(sent(contract, address__zip="20359", address__street="x")) == 4


CHOICE = (
    "<xs:choice>"
    + field("", name="phone", type="xs:string")
    + f"<xs:sequence>{field('', name='mail', type='xs:string')}{field('', name='name', type='xs:string')}</xs:sequence>"
    + nested(f"<xs:sequence>{field('', name='street', type='xs:string')}</xs:sequence>", name="letter")
    + "</xs:choice>"
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"phone": "1"}, [("phone", "1")]),
        ({"mail": "a@b.example", "name": "Zoë"}, [("mail", "a@b.example"), ("name", "Zoë")]),
        ({"letter/street": "x"}, [("letter/street", "x")]),
    ],
)
def test_one_branch_of_a_choice_is_sent(values: dict[str, str], expected: list[tuple[str, str]]):
    assert sent_by_path(read(KEY_ID + CHOICE), values)[2:] == expected


def test_one_branch_of_a_choice_is_needed_and_no_two_can_be_given():
    contract = read(KEY_ID + CHOICE)
    assert not any(one.required for one in contract.described[0].wanted)
    assert mistakes(contract) == {"phone": "“phone”, “mail” or “letter/street” is missing."}
    assert mistakes(contract, mail="a@b.example") == {"name": "“name” is missing."}
    together = "“phone” and “letter/street” cannot be given together."
    assert mistakes(contract, phone="1", letter__street="x") == {"phone": together}


@pytest.mark.parametrize(
    "choice",
    [
        CHOICE.replace("<xs:choice>", '<xs:choice minOccurs="0">'),
        CHOICE.replace('name="phone"', 'name="phone" minOccurs="0"'),
        f'<xs:sequence minOccurs="0">{CHOICE}</xs:sequence>',
    ],
)
def test_a_choice_that_may_be_left_out(choice: str):
    contract = read(KEY_ID + choice)
    assert len(sent(contract)) == 2
    assert "cannot be given together" in mistakes(contract, phone="1", mail="x", name="y")["phone"]


def test_a_name_that_stands_in_several_branches_belongs_to_the_one_that_is_chosen():
    branch = "<xs:sequence>{0}{1}</xs:sequence>"
    agent = field("", name="agentId", type="xs:string")
    branches = [branch.format(agent, field("", name=name, type="xs:int")) for name in ("a", "b")]
    contract = read(f"{KEY_ID}<xs:choice>{''.join(branches)}</xs:choice>")
    assert sorted(by_path(contract.described[0])) == ["a", "agentId", "b"]
    assert sent(contract, agentId="12", b="3")[2:] == [("agentId", "12"), ("b", "3")]
    assert sent(contract, agentId="12", a="3")[2:] == [("agentId", "12"), ("a", "3")]
    assert mistakes(contract, b="3") == {"agentId": "“agentId” is missing."}


def test_a_text_that_could_be_given_several_times_is_given_once():
    contract = read(KEY_ID + field("", name="tag", type="xs:string", minOccurs="0", maxOccurs="unbounded"))
    assert sent(contract, tag="gold")[2:] == [("tag", "gold")]
    assert len(sent(contract)) == 2


# ---------------------------------------------------------------------------------------------------------- what is left out

LINE = f"<xs:sequence>{field('', name='number', type='xs:string')}</xs:sequence>"
LOOP = (
    '<xs:complexType name="Loop"><xs:sequence><xs:element name="name" type="xs:string" minOccurs="0"/>'
    '<xs:element name="rest" type="tns:Loop"{0}/></xs:sequence></xs:complexType>'
)
OPTIONAL = ' minOccurs="0"'


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (
            nested(LINE, name="lines", maxOccurs="9", minOccurs="{0}"),
            "",
            "“lines” can be given several times, each with fields of its own.",
        ),
        ('<xs:element name="rest" type="tns:Loop" minOccurs="{0}"/>', LOOP.format(OPTIONAL), "“rest/rest” can hold itself."),
        ('<xs:element name="sound" type="xs:base64Binary" minOccurs="{0}"/>', "", "“sound” is nothing that can be typed."),
        (
            '<xs:element name="all" minOccurs="{0}"><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType></xs:element>',
            "",
            "“all” is nothing that can be typed.",
        ),
    ],
)
def test_what_no_form_can_give_is_left_out_with_its_reason(content: str, more: str, sentence: str):
    contract = read(KEY_ID + field("", name="agentId", type="xs:string") + content.format(0), more=more)
    (described,) = contract.described
    assert described.left_out == (sentence,)
    assert ("agentId",) in [one.path for one in described.wanted]
    assert ("agentId", "12") in sent(contract, agentId="12")


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (nested(LINE, name="lines", maxOccurs="9"), "", "“lines” can be given several times, each with fields of its own."),
        ('<xs:element name="rest" type="tns:Loop"/>', LOOP.format(""), "“rest/rest” can hold itself."),
        ('<xs:element name="sound" type="xs:hexBinary"/>', "", "“sound” is nothing that can be typed."),
        ('<xs:element name="tag" type="xs:string" minOccurs="2" maxOccurs="2"/>', "", "“tag” must be given several times."),
        (
            "<xs:choice>"
            + field("", name="sound", type="xs:hexBinary")
            + field("", name="picture", type="xs:hexBinary")
            + "</xs:choice>",
            "",
            "“sound” is nothing that can be typed. “picture” is nothing that can be typed.",
        ),
        ('<xs:any processContents="lax"/>', "", "The request wants something that the description does not name."),
        (
            '<xs:element name="options"><xs:complexType><xs:sequence><xs:any/></xs:sequence></xs:complexType></xs:element>',
            "",
            "“options” wants something that the description does not name.",
        ),
    ],
)
def test_a_function_that_requires_what_no_form_can_give_is_not_described(content: str, more: str, sentence: str):
    contract = read(KEY_ID + content, more=more)
    assert contract.described == ()
    assert contract.without_form == (f"later: {sentence}",)
    with pytest.raises(NotOffered):
        contract.request_of(Described("later"), ACCOUNT, {})


def test_a_choice_of_things_with_nothing_in_them_leads_nowhere():
    marks = f"<xs:choice>{nested('<xs:sequence/>', name='all')}{nested('<xs:sequence/>', name='none')}</xs:choice>"
    assert read(KEY_ID + marks).without_form == ("later: It has nothing to fill in.",)
    inside = f"<xs:sequence>{field('', name='name', type='xs:string')}{marks}</xs:sequence>"
    described = form(KEY_ID + field("", name="pace", type="xs:int") + nested(inside, name="filter", minOccurs="0"))
    assert [one.path for one in described.wanted] == [("pace",)]


def test_an_optional_part_that_would_require_what_no_form_can_give_is_left_out_as_a_whole():
    inside = f"<xs:sequence>{field('', name='title', type='xs:string')}{nested(LINE, name='lines', maxOccurs='9')}</xs:sequence>"
    described = form(KEY_ID + field("", name="name", type="xs:string") + nested(inside, name="list", minOccurs="0"))
    assert [one.path for one in described.wanted] == [("name",)]
    assert described.left_out == ("“list/lines” can be given several times, each with fields of its own.",)


def test_extension_points_are_no_field():
    described = form(KEY_ID + field("", name="name", type="xs:string") + '<xs:any minOccurs="0" maxOccurs="unbounded"/>')
    assert ([one.name for one in described.wanted], described.left_out) == (["name"], ())


def test_a_function_that_is_too_involved_is_not_described_and_the_others_are():
    types = "".join(
        f'<xs:complexType name="T{number}"><xs:sequence>'
        + "".join(f'<xs:element name="e{one}" type="tns:T{number + 1}" minOccurs="0"/>' for one in range(9))
        + "</xs:sequence></xs:complexType>"
        for number in range(9)
    )
    types += '<xs:complexType name="T9"><xs:sequence><xs:element name="a" type="xs:string"/></xs:sequence></xs:complexType>'
    contract = read(KEY_ID + '<xs:element name="e" type="tns:T0"/>', more=types)
    assert contract.described == ()
    assert contract.without_form == ("later: The description of later is too involved.",)


# ----------------------------------------------------------------------------------------------------- the account's own


def test_key_and_campaign_are_the_account_s_by_every_spelling():
    content = field("", name="API_Key", type="xs:string") + field("", name="BroadcastId", type="xs:long")
    contract = read(content + field("", name="agentId", type="xs:string"))
    assert [one.name for one in contract.described[0].wanted] == ["agentId"]
    assert sent(contract, agentId="12") == [("API_Key", ACCOUNT.key), ("BroadcastId", "77"), ("agentId", "12")]


def test_a_function_may_want_neither():
    contract = read(field("", name="town", type="xs:string"))
    assert sent(contract, town="Köln") == [("town", "Köln")]


def test_key_and_campaign_may_stand_further_in():
    session = nested(f"<xs:sequence>{KEY_ID}{field('', name='pace', type='xs:int')}</xs:sequence>", name="session", minOccurs="0")
    contract = read(session)
    assert [(one.path, one.required) for one in contract.described[0].wanted] == [(("session", "pace"), True)]
    assert sent(contract, session__pace="3") == [
        ("session/key", ACCOUNT.key),
        ("session/campaignId", "77"),
        ("session/pace", "3"),
    ]
    assert mistakes(contract) == {"session/pace": "“session/pace” is missing."}


def test_a_second_campaign_is_asked_for_and_a_second_key_never():
    target = nested(f"<xs:sequence>{KEY_ID}</xs:sequence>", name="target")
    contract = read(KEY_ID + target)
    assert [one.path for one in contract.described[0].wanted] == [("target", "campaignId")]
    assert sent(contract, target__campaignId="78") == [
        ("key", ACCOUNT.key),
        ("campaignId", "77"),
        ("target/key", ACCOUNT.key),
        ("target/campaignId", "78"),
    ]


def test_key_and_campaign_follow_the_branch_that_is_chosen():
    branch = "<xs:sequence>" + KEY_ID + "{0}</xs:sequence>"
    one, other = (branch.format(field("", name=name, type="xs:string")) for name in ("agentId", "phone"))
    contract = read(f"<xs:choice>{one}{other}</xs:choice>")
    assert sorted(by_path(contract.described[0])) == ["agentId", "phone"]
    for name in ("agentId", "phone"):
        assert sent(contract, **{name: "12"}) == [("key", ACCOUNT.key), ("campaignId", "77"), (name, "12")]
    assert mistakes(contract) == {"agentId": "“agentId” or “phone” is missing."}


def test_the_account_s_own_branch_needs_nothing():
    contract = read(f"<xs:choice><xs:sequence>{KEY_ID}</xs:sequence>{field('', name='name', type='xs:string')}</xs:choice>")
    assert sent(contract) == [("key", ACCOUNT.key), ("campaignId", "77")]
    assert sent(contract, name="Lantern") == [("name", "Lantern")]


ENTRY = f"<xs:sequence>{field('', name='key', type='xs:string')}{field('', name='value', type='xs:string')}</xs:sequence>"


def test_a_key_beside_a_value_is_not_the_account_s():
    contract = read(KEY_ID + nested(ENTRY, name="entry"))
    assert [one.path for one in contract.described[0].wanted] == [("entry", "key"), ("entry", "value")]
    assert sent(contract, entry__key="pace", entry__value="slow")[2:] == [("entry/key", "pace"), ("entry/value", "slow")]
    contract = read(nested(ENTRY, name="entry", minOccurs="0", maxOccurs="unbounded"))
    assert sent(contract) == []
    assert sent(read(field("", name="key", type="xs:string") + field("", name="value", type="xs:int")), value="1") == [
        ("key", ACCOUNT.key),
        ("value", "1"),
    ]


def test_the_key_is_in_no_text_but_the_request_s_body():
    contract = read(KEY_ID + field("", name="pace", type="xs:int"))
    (described,) = contract.described
    request = contract.request_of(described, ACCOUNT, filled(described, {"pace": "1"}))
    assert ACCOUNT.key.encode() in request.body
    assert ACCOUNT.key not in repr(request) + repr(described)


# ------------------------------------------------------------------------------------------------------ what is filled in


@pytest.mark.parametrize(
    ("type_", "good", "bad", "words"),
    [
        ("string", "a\nb <&>", None, ""),
        ("int", " 12 ", "1.5", "a whole number"),
        ("int", "-2147483648", "2147483648", "a whole number from -2147483648 to 2147483647"),
        ("long", "9223372036854775807", "one", "a whole number"),
        ("unsignedByte", "255", "256", "a whole number from 0 to 255"),
        ("positiveInteger", "1", "0", "a whole number, at least 1"),
        ("decimal", "1.5", "1,5", "a number, such as 1.5"),
        ("decimal", "-.5", "1e5", "a number, such as 1.5"),
        ("double", "1e5", "NaN", "a number, such as 1.5"),
        ("float", "-0.25", "-INF", "a number, such as 1.5"),
        ("boolean", "Yes", "perhaps", "yes or no"),
        ("boolean", "false", "2", "yes or no"),
        ("date", "2024-02-29", "2025-02-29", "a date, such as 2025-01-31"),
        ("dateTime", "2025-01-31T17:30:00+01:00", "2025-01-31", "a date and time, such as 2025-01-31T17:30:00"),
        ("dateTime", "2025-01-31T17:30:00", "31.1.2025 17:30", "a date and time, such as 2025-01-31T17:30:00"),
        ("time", "17:30:00", "5 pm", "a time of day, such as 17:30:00"),
        ("duration", "PT1H30M", "90 min", "a length of time, such as PT1H30M"),
        ("language", "en-US", "no language at all", "a language, such as en-US"),
        ("NCName", "name", "two words", "a name without spaces"),
    ],
)
def test_values_are_what_their_type_says(type_: str, good: str, bad: str | None, words: str):
    contract = read(KEY_ID + field("", name="what", type=f"xs:{type_}"))
    written = {"Yes": "true", " 12 ": "12", "1e5": good}.get(good, good)
    if type_ in {"float", "double"}:
        assert float(sent(contract, what=good)[-1][1]) == float(good)
    else:
        assert sent(contract, what=good)[-1] == ("what", written)
    if bad is not None:
        assert mistakes(contract, what=bad) == {"what": f"“what” must be {words}."}


@pytest.mark.parametrize(
    ("base", "rules", "good", "bad", "words"),
    [
        ("decimal", (("minInclusive", "1"), ("maxInclusive", "10")), "10", "10.01", "a number from 1 to 10"),
        ("decimal", (("minExclusive", "0"),), "0.1", "0", "a number, above 0"),
        (
            "decimal",
            (("minInclusive", "0"), ("maxExclusive", "1"), ("fractionDigits", "2")),
            "0.99",
            "0.999",
            "a number, at least 0 and below 1, with at most 2 digits after the point",
        ),
        ("int", (("minInclusive", "3"),), "3", "2", "a whole number from 3 to 2147483647"),
        ("string", (("maxLength", "3"),), "äöü", "abcd", "a text of at most 3 characters"),
        ("string", (("minLength", "2"), ("maxLength", "3")), "ab", "a", "a text of 2 to 3 characters"),
        ("string", (("length", "2"),), "ab", "abc", "a text of exactly 2 characters"),
        (
            "date",
            (("minInclusive", "2025-01-01"),),
            "2025-01-01",
            "2024-12-31",
            "a date, such as 2025-01-31, at least 2025-01-01",
        ),
    ],
)
def test_bounds_and_lengths_are_kept(base: str, rules: tuple[tuple[str, str], ...], good: str, bad: str, words: str):
    contract = read(KEY_ID + field(restricted(f"xs:{base}", *rules), name="what"))
    assert sent(contract, what=good)[-1] == ("what", good)
    assert mistakes(contract, what=bad) == {"what": f"“what” must be {words}."}


def test_bounds_of_the_type_below_are_kept_too():
    more = restricted("xs:int", ("minInclusive", "1")).replace("<xs:simpleType>", '<xs:simpleType name="Low">')
    contract = read(KEY_ID + field(restricted("tns:Low", ("maxInclusive", "9")), name="what"), more=more)
    for bad in ("0", "10"):
        assert mistakes(contract, what=bad) == {"what": "“what” must be a whole number from 1 to 9."}
    assert sent(contract, what="9")[-1] == ("what", "9")


@pytest.mark.parametrize("rule", [("minInclusive", "soon"), ("maxLength", "-1"), ("length", "")])
def test_bounds_that_make_no_sense_are_left_to_the_service(rule: tuple[str, str]):
    contract = read(KEY_ID + field(restricted("xs:int" if "clusive" in rule[0] else "xs:string", rule), name="what"))
    assert sent(contract, what="12")[-1] == ("what", "12")


def test_every_mistake_is_told_and_each_names_its_field():
    content = field("", name="pace", type="xs:int") + field("", name="agentId", type="xs:string") + CHOICE
    told = mistakes(read(KEY_ID + content), pace="fast", phone="1", letter__street="x")
    assert list(told) == ["pace", "phone", "agentId"]


def test_what_xml_cannot_carry_becomes_visible():
    contract = read(KEY_ID + field("", name="what", type="xs:string"))
    assert sent(contract, what="a\x07b")[-1] == ("what", "a\u2407b")


def test_a_form_of_an_older_description_is_not_sent():
    old = form(KEY_ID + field("", name="pace", type="xs:int"))
    contract = read(KEY_ID + field("", name="speed", type="xs:int"))
    with pytest.raises(ContractError, match="later does not want “pace” any more"):
        contract.request_of(old, ACCOUNT, {old.wanted[0]: "1"})


@pytest.mark.parametrize("style", ["rpc", "document"])
def test_bare_messages_of_several_parts_are_forms_too(style: str):
    description = RPC.replace('style="rpc"', f'style="{style}"')
    for block in ("portType", "binding"):
        start = description.index("<operation", description.index(f"<{block} "))
        end = description.index("</operation>", start) + len("</operation>")
        later = description[start:end].replace("getConnectionForAgent", "getLater")
        description = description[:end] + later + description[end:]
    contract = load("https://center.example/rpc?wsdl", lambda _: description.encode())
    (described,) = contract.described
    assert (described.name, [one.path for one in described.wanted]) == ("getLater", [("agentId",)])
    request = contract.request_of(described, ACCOUNT, {described.wanted[0]: "12"})
    body = etree.fromstring(request.body)[-1]
    inside = body[0] if style == "rpc" else body
    assert sorted(one.text for one in inside) == ["12", "77", ACCOUNT.key]
    assert etree.QName(body[0]).text == ("{urn:rpc}getLater" if style == "rpc" else "agentId")


# ------------------------------------------------------------------------------------------------ whatever a description holds

TYPES = ("string", "int", "decimal", "boolean", "date", "dateTime", "unsignedByte", "token", "time")
OCCURS = st.sampled_from(["", ' minOccurs="0"'])


def _particles(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.tuples(st.sampled_from(["sequence", "choice"]), OCCURS, st.lists(children, min_size=1, max_size=3))
    groups = group.map(lambda one: f"<xs:{one[0]}{one[1]}>{''.join(one[2])}</xs:{one[0]}>")
    holder = st.tuples(OCCURS, st.lists(children, min_size=1, max_size=3)).map(
        lambda one: nested(f"<xs:sequence>{''.join(one[1])}</xs:sequence>", name="NAME").replace(">", f"{one[0]}>", 1)
    )
    return groups | holder


LEAF = st.tuples(st.sampled_from(TYPES), OCCURS).map(lambda one: f'<xs:element name="NAME" type="xs:{one[0]}"{one[1]}/>')
LEAF |= OCCURS.map(
    lambda occurs: (
        f'<xs:element name="NAME"{occurs}>{restricted("xs:string", ("enumeration", "x"), ("enumeration", "y"))}</xs:element>'
    )
)
LEAF |= st.sampled_from(
    (
        field("", name="NAME", type="xs:int", nillable="true"),
        field("", name="NAME", type="xs:int", default="3"),
        field("", name="NAME", type="xs:int", fixed="4"),
        field("", name="NAME", type="xs:int", minOccurs="0", maxOccurs="unbounded"),
        field("", name="NAME", type="xs:int", minOccurs="0", maxOccurs="0"),
        nested('<xs:attribute name="a" type="xs:int"/><xs:attribute name="b" type="xs:int" use="required"/>', name="NAME"),
        nested(
            '<xs:simpleContent><xs:extension base="xs:int"><xs:attribute name="a" type="xs:int"/>'
            '<xs:attribute name="b" type="xs:int" use="required"/></xs:extension></xs:simpleContent>',
            name="NAME",
            minOccurs="0",
        ),
    )
)
CONTENT = st.lists(st.recursive(LEAF, _particles, max_leaves=8), min_size=1, max_size=4).map("".join)
SAMPLES = {
    Kind.TEXT: "12:00:00",  # a text, a token and a time
    Kind.NUMBER: "7",
    Kind.DECIMAL: "1.5",
    Kind.YES_NO: "true",
    Kind.DATE: "2025-01-31",
    Kind.TIME: "2025-01-31T17:30:00",
    Kind.CHOICE: "y",
}


def named(content: str) -> str:
    """With a name of its own for each element."""
    pieces = content.split("NAME")
    return "".join(f"{piece}n{number}" for number, piece in enumerate(pieces[:-1])) + pieces[-1]


WITH_ACCOUNT = st.tuples(
    CONTENT,
    st.sampled_from(
        (
            KEY_ID + "{}",
            "{}" + KEY_ID,
            nested(f"<xs:sequence>{KEY_ID}{{}}</xs:sequence>", name="session", minOccurs="0"),
            nested(f"<xs:sequence>{KEY_ID}</xs:sequence>", name="session") + "{}",
            f"<xs:choice><xs:sequence>{KEY_ID}</xs:sequence><xs:sequence>{{}}</xs:sequence></xs:choice>",
            f"<xs:choice><xs:sequence>{{}}</xs:sequence><xs:sequence>{KEY_ID}</xs:sequence></xs:choice>",
        )
    ),
).map(lambda one: one[1].format(named(one[0])))


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(WITH_ACCOUNT, st.data())
def test_whatever_is_taken_is_a_request_that_the_schema_allows_and_nothing_else_is_refused(content: str, data: st.DataObject):
    """libxml2 says whether a request is one."""
    contract = read(content)
    if contract.without_form:  # with nothing but fixed things in the branches of a choice
        assert contract.without_form == ("later: It has nothing to fill in.",)
        assert "fixed" in content
        assert "<xs:choice" in content
        return
    (described,) = contract.described
    chosen = data.draw(st.lists(st.sampled_from(described.wanted), unique=True)) if described.wanted else []
    values = {wanted: SAMPLES[wanted.kind] for wanted in {*chosen, *(one for one in described.wanted if one.required)}}
    description = etree.fromstring(wsdl(HOME, FUNCTIONS, elements={"later": content}))
    schema = etree.XMLSchema(description.find(f".//{XSD}schema"))
    wrong: WrongValues | None = None
    try:
        request = contract.request_of(described, ACCOUNT, values)
    except WrongValues as raised:
        wrong = raised
        request = contract._others["later"].request(contract._forms["later"]._placed(ACCOUNT, values))
    body = etree.fromstring(request.body)[-1][0]
    assert schema.validate(body) is (wrong is None), wrong or schema.error_log
    written = Counter([*(one.text for one in body.iter()), *(text for one in body.iter() for text in one.attrib.values())])
    assert not Counter(values.values()) - written, "every value is in it"
    assert written[ACCOUNT.key] == written["77"] <= 1
    assert content.startswith("<xs:choice>") or written[ACCOUNT.key]
    assert {path for path, _ in wrong.mistakes} <= {one.path for one in described.wanted} if wrong else True
