"""Descriptions as services write them: which requests come of them, and which are refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from desktop.callcenter.contract import Contract, Parameter, Value, load
from desktop.callcenter.model import Function
from desktop.errors import CallCenterError, ContractError, NotOffered, NotReached
from tests.callcenter.wire import FUNCTIONS, chain, without, wsdl

HOME = "https://center.example/service/PredictiveService"
VALUES: dict[Parameter, Value] = {
    Parameter.KEY: "a key",
    Parameter.CAMPAIGN_ID: "77",
    Parameter.PHONE_NUMBER: "+1 555",
    Parameter.AGENT_ID: "12",
    Parameter.CALL_ID: "4711",
    Parameter.AGENT_RESPONSE: "Interested",
    Parameter.AGENT_NOTES: "two\nlines\x07 \U0001f600 <&>",
    Parameter.LAST_CALL: True,
}
STORE = {one: value for one, value in VALUES.items() if one is not Parameter.PHONE_NUMBER}
LOGIN = {one: VALUES[one] for one in (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.AGENT_ID)}
CALL_BACK = {one: VALUES[one] for one in (Parameter.KEY, Parameter.CAMPAIGN_ID, Parameter.PHONE_NUMBER)}
KEY_ID = '<xs:element name="key" type="xs:string"/><xs:element name="campaignId" type="xs:long"/>'


def read(description: bytes, address: str = f"{HOME}?wsdl", **others: bytes) -> Contract:
    """The contract of a description; `others` are documents at addresses relative to it."""
    documents = {address: description} | {f"https://center.example/{name}.xsd": one for name, one in others.items()}

    def fetch(asked: str) -> bytes:
        if asked not in documents:
            raise NotReached(f"no {asked}")
        return documents[asked]

    return load(address, fetch)


def refusal(description: bytes, address: str = f"{HOME}?wsdl", **others: bytes) -> str:
    """The words of the failure to read a description, which comes alone."""
    with pytest.raises(CallCenterError) as caught:
        read(description, address, **others)
    assert type(caught.value) is ContractError
    assert chain(caught.value) == []
    assert "\n" not in caught.value.reason
    return caught.value.reason


def sent(contract: Contract, function: Function, values: dict[Parameter, Value]) -> etree._Element:
    """The first element of the Body of a request."""
    envelope = etree.fromstring(contract.request(function, values).body)
    assert etree.QName(envelope).localname == "Envelope"
    return envelope[-1][0]


def inside(element: etree._Element) -> list[tuple[str, str | None]]:
    return [(etree.QName(one).localname, one.text) for one in element]


# ------------------------------------------------------------------------------------------------------- what comes of them


def test_a_wrapped_request_has_its_parameters_in_the_description_s_order_and_namespace():
    backwards = {name: tuple(reversed(parameters)) for name, parameters in FUNCTIONS.items()}
    contract = read(wsdl(HOME, backwards, namespace="http://another.example/ns"))
    request = contract.request(Function.STORE_AGENT_RESPONSE, STORE)
    assert request.address == HOME
    assert request.headers == {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:do-storeAgentResponse"'}
    assert request.answers == {"storeAgentResponseResponse"}
    element = sent(contract, Function.STORE_AGENT_RESPONSE, STORE)
    assert {etree.QName(one).namespace for one in element.iter()} == {"http://another.example/ns"}
    assert inside(element) == [
        ("lastcall", "true"),
        ("agentNotes", "two\nlines\u2407 \U0001f600 <&>"),
        ("agentResponse", "Interested"),
        ("callId", "4711"),
        ("agentId", "12"),
        ("campaignId", "77"),
        ("key", "a key"),
    ]


def test_soap_12_carries_its_action_in_the_content_type():
    contract = read(wsdl(HOME, soap="http://schemas.xmlsoap.org/wsdl/soap12/"))
    request = contract.request(Function.LOGIN_AGENT, LOGIN)
    assert request.headers == {"Content-Type": 'application/soap+xml; charset=utf-8; action="urn:do-loginAgent"'}
    assert etree.QName(etree.fromstring(request.body)).namespace == "http://www.w3.org/2003/05/soap-envelope"


def test_names_are_matched_without_regard_to_case_underscores_and_by_synonyms():
    spelt = {
        "StoreAgentResponse": (
            ("API_Key", "string"),
            ("Campaign_ID", "int"),
            ("Agent", "string"),
            ("call_id", "long"),
            ("disposition", "string"),
            ("notes", "string"),
            ("IsLastCall", "string"),
        )
    }
    element = sent(read(wsdl(HOME, spelt)), Function.STORE_AGENT_RESPONSE, STORE)
    assert [text for _, text in inside(element)] == [
        "a key",
        "77",
        "12",
        "4711",
        "Interested",
        VALUES[Parameter.AGENT_NOTES].replace("\x07", "\u2407"),
        "true",
    ]


@pytest.mark.parametrize(("kind", "last", "text"), [("string", False, "false"), ("boolean", False, "false"), ("int", True, "1")])
def test_lastcall_is_written_as_its_type_wants_it(kind, last, text):
    functions = dict(FUNCTIONS, storeAgentResponse=(*FUNCTIONS["storeAgentResponse"][:-1], ("lastcall", kind)))
    element = sent(read(wsdl(HOME, functions)), Function.STORE_AGENT_RESPONSE, STORE | {Parameter.LAST_CALL: last})
    assert inside(element)[-1] == ("lastcall", text)


TYPES = """
<xs:complexType name="Text"><xs:simpleContent><xs:extension base="xs:string">
  <xs:attribute name="lang" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:simpleType name="Short"><xs:restriction base="xs:string"><xs:maxLength value="9"/></xs:restriction></xs:simpleType>
<xs:complexType name="Options"><xs:sequence><xs:element name="a" type="xs:int" minOccurs="0"/></xs:sequence></xs:complexType>
<xs:group name="Agent"><xs:sequence><xs:element name="agentId" type="xs:string"/></xs:sequence></xs:group>
<xs:complexType name="Loop"><xs:sequence><xs:element name="loop" type="tns:Loop" minOccurs="0"/></xs:sequence></xs:complexType>
"""
AGENT = '<xs:element name="agentId" type="xs:string"/>'


def nested(inside: str, name: str = "request", more: str = "") -> str:
    return f'<xs:element name="{name}" {more}><xs:complexType>{inside}</xs:complexType></xs:element>'


@pytest.mark.parametrize(
    "content",
    [
        nested(f"<xs:all>{KEY_ID}{AGENT}</xs:all>"),
        nested(f"<xs:sequence>{nested(f'<xs:sequence>{KEY_ID}{AGENT}</xs:sequence>')}</xs:sequence>", "outer", 'minOccurs="0"'),
        nested('<xs:attribute name="key" type="xs:string" use="required"/><xs:attribute name="agentId" type="xs:string"/>'),
        f'{KEY_ID}<xs:choice>{AGENT}<xs:element name="sessionId" type="xs:string"/></xs:choice>',
        f'<xs:sequence maxOccurs="unbounded">{KEY_ID}{AGENT}</xs:sequence>',
        f'{KEY_ID}<xs:element name="agentId" type="tns:Text"/>',
        f'{KEY_ID}{AGENT}<xs:any minOccurs="0" processContents="lax"/>',
        f'{KEY_ID}<xs:element name="agentId" type="xs:anyType"/>',
        f'{KEY_ID}{AGENT}<xs:element name="hint" type="xs:string" nillable="true"/>',
        f'{KEY_ID}<xs:element name="agentId" type="tns:Short"/><xs:element name="options" type="tns:Options"/>',
        f'{KEY_ID}<xs:group ref="tns:Agent"/><xs:element name="more" type="tns:Loop" minOccurs="0"/>',
    ],
)
def test_parameters_are_found_wherever_the_description_puts_them(content):
    contract = read(wsdl(HOME, {}, more=TYPES, elements={"loginAgent": content}))
    element = sent(contract, Function.LOGIN_AGENT, LOGIN)
    written = [one.text for one in element.iter()] + [value for one in element.iter() for value in one.attrib.values()]
    assert written.count("a key") == 1
    assert written.count("12") == 1


def test_what_two_places_require_is_put_into_both():
    content = nested(f"<xs:sequence>{KEY_ID}</xs:sequence>", "login") + nested(f"<xs:sequence>{KEY_ID}{AGENT}</xs:sequence>")
    content += nested(f"<xs:sequence>{KEY_ID}</xs:sequence>", "proxy", 'minOccurs="0"')
    element = sent(read(wsdl(HOME, {}, elements={"loginAgent": content})), Function.LOGIN_AGENT, LOGIN)
    assert [inside(one) for one in element] == [
        [("key", "a key"), ("campaignId", "77")],
        [("key", "a key"), ("campaignId", "77"), ("agentId", "12")],
    ]


def test_what_is_optional_and_unknown_is_left_out():
    content = f'{KEY_ID}<xs:element name="agentId" type="xs:string"/><xs:element name="mood" type="xs:string" minOccurs="0"/>'
    content += '<xs:element name="more" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="must" type="xs:int"/>'
    content += "</xs:sequence></xs:complexType></xs:element>"
    element = sent(read(wsdl(HOME, {}, elements={"loginAgent": content})), Function.LOGIN_AGENT, LOGIN)
    assert [name for name, _ in inside(element)] == ["key", "campaignId", "agentId"]


def test_a_service_that_knows_the_campaign_is_not_told_it():
    functions = {"kickAgent": (("key", "string"), ("agentId", "string"))}
    assert len(sent(read(wsdl(HOME, functions)), Function.KICK_AGENT, LOGIN)) == 2


def test_the_document_s_own_spelling_wins_over_a_synonym():
    functions = {"sendAgentCallBack": (("key", "string"), ("campaignId", "long"), ("phonenumber", "string"))}
    more = {
        "sendAgentCallBack": KEY_ID
        + '<xs:element name="number" type="xs:int" minOccurs="0"/><xs:element name="phonenumber" type="xs:string"/>'
    }
    element = sent(read(wsdl(HOME, functions, elements=more)), Function.SEND_AGENT_CALL_BACK, CALL_BACK)
    assert inside(element)[-1] == ("phonenumber", "+1 555")
    assert len(element) == 3


RPC = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"
 xmlns:tns="urn:rpc" targetNamespace="urn:rpc">
<types><xs:schema targetNamespace="urn:rpc"><xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
<xs:import namespace="http://www.w3.org/XML/1998/namespace"/></xs:schema></types>
<message name="In"><part name="agentId" type="enc:string"/><part name="key" type="xs:string"/>
<part name="campaignId" type="xs:long"/></message>
<message name="Out"><part name="return" type="xs:anyType"/></message>
<portType name="P"><operation name="getConnectionForAgent"><input message="tns:In"/><output message="tns:Out"/></operation>
</portType>
<binding name="B" type="tns:P"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="getConnectionForAgent"><soap:operation soapAction=""/>
<input><soap:body use="encoded" namespace="urn:rpc" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/></input>
<output><soap:body use="encoded" namespace="urn:rpc"/></output></operation></binding>
<service name="S"><port name="p" binding="tns:B"><soap:address location="https://center.example/rpc"/></port></service></definitions>"""


def test_rpc_needs_no_document_of_anybody_else():
    contract = read(RPC.encode())
    element = sent(contract, Function.GET_CONNECTION_FOR_AGENT, LOGIN)
    assert etree.QName(element).text == "{urn:rpc}getConnectionForAgent"
    assert inside(element) == [("agentId", "12"), ("key", "a key"), ("campaignId", "77")]
    request = contract.request(Function.GET_CONNECTION_FOR_AGENT, LOGIN)
    assert request.answers == {"getConnectionForAgentResponse"}
    assert request.headers["SOAPAction"] == '""'


def test_bare_messages_of_several_parts_are_understood():
    bare = RPC.replace('style="rpc"', 'style="document"').replace('use="encoded"', 'use="literal"')
    bare = bare.replace("</xs:schema>", '<xs:element name="CallType" type="xs:anyType"/></xs:schema>')
    bare = bare.replace('name="return" type="xs:anyType"', 'name="return" element="tns:CallType"')
    contract = read(bare.encode())
    envelope = etree.fromstring(contract.request(Function.GET_CONNECTION_FOR_AGENT, LOGIN).body)
    assert sorted(text for _, text in inside(envelope[-1])) == ["12", "77", "a key"]
    assert contract.request(Function.GET_CONNECTION_FOR_AGENT, LOGIN).answers == {"CallType"}


def test_imports_from_the_same_server_are_read():
    include = '<xs:include schemaLocation="/types.xsd"/>'
    types = (
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:calls">'
        b'<xs:simpleType name="Id"><xs:restriction base="xs:string"/></xs:simpleType></xs:schema>'
    )
    content = {"loginAgent": f'{KEY_ID}<xs:element name="agentId" type="tns:Id"/>'}
    contract = read(wsdl(HOME, {}, more=include, elements=content), types=types)
    assert inside(sent(contract, Function.LOGIN_AGENT, LOGIN))[-1] == ("agentId", "12")
    # The same server, seen from behind its TLS terminator:
    include = '<xs:include schemaLocation="http://center.example/types.xsd"/>'
    assert read(wsdl(HOME, {}, more=include, elements=content), types=types).offers(Function.LOGIN_AGENT)


# ----------------------------------------------------------------------------------------------------------- what is refused


def test_a_function_that_is_missing_is_not_offered():
    contract = read(wsdl(HOME, without("storeAgentResponse")))
    assert not contract.offers(Function.STORE_AGENT_RESPONSE)
    with pytest.raises(NotOffered, match="does not offer storeAgentResponse"):
        contract.request(Function.STORE_AGENT_RESPONSE, STORE)


@pytest.mark.parametrize("missing", ["key", "campaignId", "agentId", "callId", "agentResponse", "agentNotes", "lastcall"])
def test_a_documented_parameter_that_has_no_place_is_named_before_anybody_is_on_the_line(missing):
    rest = tuple(one for one in FUNCTIONS["storeAgentResponse"] if one[0] != missing)
    assert f"no parameter that could be {missing}." in refusal(wsdl(HOME, dict(FUNCTIONS, storeAgentResponse=rest)))


def test_a_required_parameter_that_nobody_knows_is_named():
    wanted = dict(FUNCTIONS, loginAgent=(*FUNCTIONS["loginAgent"], ("pinCode", "string")))
    assert refusal(wsdl(HOME, wanted)) == "loginAgent requires pinCode, which NextCall does not know."


def test_a_function_beside_the_shift_fails_only_when_it_is_asked():
    wanted = dict(FUNCTIONS, kickAgent=(*FUNCTIONS["kickAgent"], ("why", "string")))
    contract = read(wsdl(HOME, wanted))
    assert contract.offers(Function.LOGIN_AGENT)
    with pytest.raises(ContractError, match="kickAgent requires why"):
        contract.request(Function.KICK_AGENT, LOGIN)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (b"<html><title>Welcome</title><p>", 'a web page titled "Welcome"'),
        (b"", "an empty answer"),
        (b"nothing here", 'a text that begins with "nothing here"'),
        (wsdl(HOME)[:-30], "XML that is cut off or broken"),
        (b"<!DOCTYPE d [<!ENTITY e 'x'>]>" + wsdl(HOME), "a document type definition"),
        (b"<rss><channel/></rss>", "none of a call center's functions"),
        (wsdl(HOME, {"getWeather": (("town", "string"),)}), "none of a call center's functions"),
        (wsdl(HOME).replace(b"soap:address", b"soap:nowhere"), "none of a call center's functions"),
        (
            wsdl(HOME).replace(b"schemas.xmlsoap.org/wsdl/soap/", b"schemas.xmlsoap.org/wsdl/http/"),
            "none of a call center's functions",
        ),
        (wsdl(HOME).replace(b'type="xs:long"', b'type="tns:Missing"'), "Missing"),
        (wsdl(HOME).replace(b'message="tns:loginAgentIn"', b'message="tns:Missing"'), ""),
        (wsdl(HOME).replace(b"urn:do-loginAgent", b"urn:&#10;X: y"), "SOAPAction"),
        (wsdl("ftp://center.example/x"), "not a web address"),
        (wsdl(""), "none of a call center's functions"),
        (wsdl("http://other.example/x"), "is not encrypted"),
        (wsdl("http://127.0.0.1:8000/x"), "is not encrypted"),
        (wsdl("https://user:pass@center.example/x"), "user name or password"),
        (wsdl("https://center.example:99999/x"), "not a web address"),
    ],
)
def test_a_description_that_is_no_good_is_refused_in_words(description, words):
    assert words in refusal(description)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://other.example/types.xsd",
        "file:///etc/passwd",
        "https://center.example:444/types.xsd",
        "http://center.example.org/t",
        "ftp://center.example/t",
    ],
)
def test_nothing_is_imported_from_elsewhere(elsewhere):
    description = wsdl(HOME, more=f'<xs:import namespace="urn:other" schemaLocation="{elsewhere}"/>')
    assert "not on its own server" in refusal(description) or "not encrypted" in refusal(description)


def test_an_import_that_is_not_there_was_not_reached():
    with pytest.raises(NotReached):
        read(wsdl(HOME, more='<xs:include schemaLocation="/gone.xsd"/>'))


def test_descriptions_without_end_are_refused():
    def fetch(asked: str) -> bytes:
        if "wsdl" in asked:
            return wsdl(HOME, more='<xs:include schemaLocation="1.xsd"/>')
        number = int(asked.rpartition("/")[2].removesuffix(".xsd"))
        return (
            b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:calls">'
            b'<xs:include schemaLocation="%d.xsd"/></xs:schema>' % (number + 1)
        )

    with pytest.raises(ContractError, match="more than 50 documents"):
        load(f"{HOME}?wsdl", fetch)
    types = (
        "".join(
            f'<xs:complexType name="T{number}"><xs:sequence>'
            + "".join(f'<xs:element name="e{one}" type="tns:T{number + 1}" minOccurs="0"/>' for one in range(9))
            + "</xs:sequence></xs:complexType>"
            for number in range(9)
        )
        + '<xs:complexType name="T9"><xs:sequence><xs:element name="agentId" type="xs:string"/></xs:sequence></xs:complexType>'
    )
    content = {"loginAgent": KEY_ID + '<xs:element name="e" type="tns:T0"/>'}
    assert "is too involved" in refusal(wsdl(HOME, {}, more=types, elements=content))


# ------------------------------------------------------------------------------------------------------------- where it lives


@pytest.mark.parametrize(
    ("description_at", "written", "used"),
    [
        ("https://center.example/s?wsdl", "http://center.example/s", "https://center.example/s"),
        ("https://center.example/s?wsdl", "http://center.example:80/s", "https://center.example/s"),
        ("https://center.example:8443/s?wsdl", "http://center.example:8080/s?x=1", "https://center.example:8443/s?x=1"),
        ("https://center.example/s?wsdl", "https://api.example/s", "https://api.example/s"),
        ("https://center.example/s?wsdl", " https://center.example/s ", "https://center.example/s"),
        ("https://[::1]:8443/s?wsdl", "http://[::1]/s", "https://[::1]:8443/s"),
        ("http://127.0.0.1:8000/s?wsdl", "http://localhost:8000/s", "http://localhost:8000/s"),
    ],
)
def test_requests_go_where_the_description_says_but_never_unencrypted_over_the_net(description_at, written, used):
    contract = read(wsdl(written), description_at)
    assert contract.request(Function.LOGIN_AGENT, LOGIN).address == used


@pytest.mark.parametrize(
    "address",
    [
        "http://center.example/s?wsdl",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
        "https://",
        "https://u:p@h/s?wsdl",
        "https://[::1/s",
        "https://a b/",
    ],
)
def test_a_description_is_fetched_from_https_addresses_only(address):
    with pytest.raises(ContractError):
        load(address, lambda _: pytest.fail("was fetched"))


def test_of_two_ports_the_encrypted_one_is_used():
    both = wsdl("http://other.example/x").replace(
        b'<port name="p"',
        b'<port name="q" binding="tns:B"><soap:address location="https://center.example/q"/></port><port name="p"',
    )
    assert read(both).request(Function.LOGIN_AGENT, LOGIN).address == "https://center.example/q"
    other_way_round = both.replace(b"http://other.example/x", b"https://A").replace(
        b"https://center.example/q", b"http://other.example/x"
    )
    assert read(other_way_round.replace(b"https://A", HOME.encode())).request(Function.LOGIN_AGENT, LOGIN).address == HOME


def test_the_key_is_in_no_repr_of_a_request():
    request = read(wsdl(HOME)).request(Function.LOGIN_AGENT, LOGIN)
    assert "a key" not in repr(request)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(["", "x", '"', "<a/>", "tns:", "0"])),
        min_size=1,
        max_size=3,
    )
)
def test_spoilt_descriptions_are_no_surprise(spoils):
    description = wsdl(HOME).decode()
    for where, how_much, instead in spoils:
        at = int(where * len(description))
        description = description[:at] + instead + description[at + how_much :]
    try:
        contract = read(description.encode())
        for function in Function:
            contract.request(function, STORE if function is Function.STORE_AGENT_RESPONSE else LOGIN)
    except ContractError as refusal:
        failure: CallCenterError | None = refusal
    else:
        failure = None
    assert failure is None or (chain(failure) == [] and len(failure.reason) < 400)
