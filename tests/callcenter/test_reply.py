"""Bytes that claim to be answers: what is a call, what is a refusal, and what says nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.callcenter.reply import Answer, in_words, parsed, read, told
from desktop.errors import (
    AlreadyStored,
    AnswerNotUnderstood,
    CallCenterError,
    CampaignNotRunning,
    NotLoggedIn,
    OutcomeUnknown,
    Refused,
)
from tests.callcenter.wire import KEY, SOAP_11, SOAP_12, chain, connected, done, envelope, fault

NAME = "getConnectionForAgentResponse"


def call(answer: bytes, charset: str = "") -> Call:
    found = read(Answer(200, answer, charset), [NAME], gives_call=True, secret=KEY)
    assert found is not None
    return found


def failure(answer: bytes, status: int = 200, secret: str = KEY) -> CallCenterError:
    with pytest.raises(CallCenterError) as caught:
        read(Answer(status, answer), [NAME], gives_call=True, secret=secret)
    assert chain(caught.value) == []
    return caught.value


# ------------------------------------------------------------------------------------------------------------------ CallType


@pytest.mark.parametrize(
    "inside",
    [
        "<id>5</id><x>1</x>",
        "<return><id>5</id><x>1</x></return>",
        "<CallType xmlns='urn:other'><ID> 5 </ID><x>1</x></CallType>",
        "<out><return><callId>5</callId><x>1</x></return></out>",
        "<status>ok</status><call id='5'><x>1</x></call>",
        "<call><contact><id>9</id></contact><id>5</id><x>1</x></call>",
        "<call id='7'><callid>6</callid><id>5</id><x>1</x></call>",
        "<call><id/><call_id>5</call_id><x>1</x></call>",
    ],
)
def test_the_call_is_found_wherever_its_id_is(inside):
    found = call(envelope(f"<n:{NAME} xmlns:n='urn:any'>{inside}</n:{NAME}>"))
    assert found.id == "5"
    assert found.first("x") == "1"


@pytest.mark.parametrize(
    "inside",
    ["", "<id/>", "<id>  </id>", "<return/>", "<a><b>1</b></a>", "<a><id>1</id></a><b><id>2</id></b>", "<return href='#id0'/>"],
)
def test_a_call_without_an_id_is_no_call(inside):
    assert type(failure(envelope(f"<{NAME}>{inside}</{NAME}>"))) is AnswerNotUnderstood


def test_every_element_is_kept_as_it_was_and_in_order():
    found = call(
        connected(
            "<id>5</id><note> a\n b </note><tag>1</tag><tag>2</tag><!-- a comment --><nil xsi:nil='true' "
            "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/><deep kind='k' p:also='l' xmlns:p='urn:p'>\n  <one>1</one>\n"
            "  <two><![CDATA[<2> & ]]>more<?pi?></two>\n  mixed </deep>"
        )
    )
    assert found.fields == (
        Field("id", "5"),
        Field("note", " a\n b "),
        Field("tag", "1"),
        Field("tag", "2"),
        Field("nil"),
        Field("deep", "mixed", (("kind", "k"), ("also", "l")), (Field("one", "1"), Field("two", "<2> & more"))),
    )


def test_attributes_of_the_call_itself_are_part_of_it():
    found = call(envelope(f"<{NAME}><call id='5' State='up'><x>1</x></call></{NAME}>"))
    assert found == Call("5", (Field("id", "5"), Field("State", "up"), Field("x", "1")))


def test_any_script_and_any_picture_arrives():
    text = "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \U0001f469\u200d\U0001f4bb e\u0301 \u00a0 "
    assert call(connected(f"<id>5</id><name>{text}&lt;b&gt; &#9;&#13;</name>")).fields[1].text == f"{text}<b> \t\r"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_xml_s_own_encoding_comes_first(encoding):
    document = (
        connected("<id>5</id><name>J\u00fcrgen</name>")
        .decode()
        .replace('?xml version="1.0"', f'?xml version="1.0" encoding="{encoding}"')
    )
    assert call(document.encode(encoding), charset="utf-8").first("name") == "J\u00fcrgen"


def test_without_it_http_is_believed():
    document = connected("<id>5</id><name>J\u00fcrgen</name>").decode().encode("iso-8859-1")
    assert call(document, charset="iso-8859-1").first("name") == "J\u00fcrgen"
    assert call(connected(), charset="no-such-charset").id == "4711"
    assert type(failure(document)) is AnswerNotUnderstood


def test_two_thousand_fields_are_two_thousand_fields():
    found = call(connected("<id>5</id>" + "".join(f"<f{one}>{one}</f{one}>" for one in range(2000))))
    assert len(found.fields) == 2001
    assert found.first("f1999") == "1999"


@pytest.mark.parametrize(("deep", "is_call"), [(250, True), (300, False), (5000, False), (200_000, False)])
def test_depth_hurts_nobody(deep, is_call):
    answer = envelope(f"<{NAME}><id>5</id>{'<d>' * deep}x{'</d>' * deep}</{NAME}>")
    if is_call:
        assert sum(1 for _ in call(answer).walk()) == deep + 1
    else:
        assert type(failure(answer)) is AnswerNotUnderstood


# ------------------------------------------------------------------------------------------------------------- hostile XML


@pytest.mark.parametrize(
    "head",
    [
        "<!DOCTYPE x>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
        "<!DOCTYPE x [<!ENTITY a 'x'>]>",
        "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]>",
        "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9)) + "]>",
    ],
)
def test_no_doctype_is_read(head):
    content = connected("<id>5</id><x>&a;</x>" if "ENTITY a " in head else "<id>5</id>").decode().partition("?>")[2]
    assert type(failure((head + content).encode())) is AnswerNotUnderstood
    assert parsed((head + content).encode()) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"<",
        connected()[:-1],
        connected() + b"<x/>",
        connected().replace(b"4711", b"\x07"),
        connected().replace(b"4711", b"\xff"),
        connected().replace(b"4711", b"&nbsp;"),
        b'<?xml version="1.0" encoding="martian"?>' + connected().partition(b"?>")[2],
        connected().replace(SOAP_11.encode(), b"urn:not-soap"),
        connected().replace(b"e:Body", b"e:Torso"),
        connected().replace(b"<e:Body>", b"<Body>").replace(b"</e:Body>", b"</Body>"),
        envelope("<html/>"),
        b"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>502</title></head><body/></html>",
    ],
)
def test_what_is_not_soap_says_nothing_about_the_outcome(answer):
    one = failure(answer)
    assert type(one) is AnswerNotUnderstood
    assert one.reason.startswith("HTTP 200 with ")


def test_a_void_function_needs_no_more_than_its_element():
    assert read(Answer(200, done("loginAgent")), ["loginAgentResponse"]) is None
    assert read(Answer(200, envelope("")), []) is None
    assert read(Answer(202, b""), []) is None
    with pytest.raises(AnswerNotUnderstood):
        read(Answer(200, b""), ["loginAgentResponse"])


# -------------------------------------------------------------------------------------------------------------------- Faults


@pytest.mark.parametrize(
    "text",
    [
        "Agent 12 is not logged in",
        "The agent with id 12 is not logged in.",
        "agent not yet logged in",
        "No agent is logged in with this id",
        "You are no longer logged in",
        "You must log in first",
        "agent 12 has been kicked",
        "Agent was kicked by a supervisor",
        "The agent hung up",
        "agent 12 has hung up the phone",
        "Agent A-17 disconnected",
        "agent 12 has been logged off",
        "The agent was automatically logged out",
        "Agent's phone is not connected",
        "agent 12 is no longer connected",
        "agent session expired",
    ],
)
def test_a_fault_about_an_agent_who_is_gone(text):
    assert type(failure(fault(text), 500)) is NotLoggedIn


@pytest.mark.parametrize(
    "text",
    [
        "key is not valid",
        "The key is invalid or has expired",
        "campaign 77 is not connected to a number",
        "call not found",
        "call 4711 is not connected",
        "the caller hung up",
        "Agent: the caller hung up",
        "agent 12 is not connected to a call",
        "agent is already logged in",
        "agent could not be logged in",
        "the agent cannot be logged out",
        "you may not kick this agent",
        "kickAgent failed",
        "no agent with this id",
        "agentId is not valid",
        "database not connected",
        "Internal error",
        "",
    ],
)
def test_a_fault_about_something_else(text):
    assert type(failure(fault(text), 500)) is Refused


@pytest.mark.parametrize(
    "inside",
    [
        "<faultcode>ns:AgentNotLoggedIn</faultcode><faultstring>error</faultstring>",
        "<faultcode>Server.NOT_LOGGED_IN</faultcode><faultstring>12</faultstring>",
        "<faultcode>Server</faultcode><faultstring>x</faultstring><detail><d:AgentKickedFault xmlns:d='urn:d'/></detail>",
        "<faultcode>Server</faultcode><faultstring/><detail><e><message>agent 12 hung up</message></e></detail>",
    ],
)
def test_code_and_detail_may_say_it_as_well(inside):
    assert type(failure(envelope(f"<e:Fault>{inside}</e:Fault>"))) is NotLoggedIn


@pytest.mark.parametrize(
    "text",
    [
        "Response already stored",
        "The response to call 4711 has already been saved.",
        "This call is already recorded",
        "this call was already answered",
        "agent 12 has already submitted a response",
        "RESPONSE_STORED_ALREADY",
        "Duplicate response",
        "duplicate agentResponse for call 4711",
        "A response for this call already exists",
        "call 4711 already has a response",
        "agent 12 is not logged in, and the response was already stored",
    ],
)
def test_a_fault_about_a_call_that_has_its_response(text):
    assert type(failure(fault(text), 500)) is AlreadyStored


@pytest.mark.parametrize(
    "text",
    [
        "The response could not be stored",
        "the response was not already stored",
        "this number is already stored",
        "campaign 77 has already been saved",
        "call 4711 was already answered by another agent",
        "the call is already being recorded",
        "duplicate callId",
        "duplicate parameter: agentResponse",
        "agent already exists",
        "agent 12 already has a call",
        "storeAgentResponse failed",
    ],
)
def test_a_fault_about_something_else_than_a_response_that_is_there(text):
    assert type(failure(fault(text), 500)) is Refused


@pytest.mark.parametrize(
    "inside",
    [
        "<faultcode>ns:Client.AlreadyStored</faultcode><faultstring>error</faultstring>",
        "<faultcode>Server.DUPLICATE_RESPONSE</faultcode><faultstring>4711</faultstring>",
        "<faultcode>Server</faultcode><faultstring>x</faultstring><detail><d:AlreadyStoredFault xmlns:d='urn:d'/></detail>",
        "<faultcode>Server</faultcode><faultstring/><detail><e><message>already submitted</message></e></detail>",
    ],
)
def test_code_and_detail_may_tell_of_a_response_as_well(inside):
    assert type(failure(envelope(f"<e:Fault>{inside}</e:Fault>"))) is AlreadyStored


@pytest.mark.parametrize(
    "text",
    [
        "Campaign 1001 is not running.",
        "campaign not running",
        "The campaign with the id 77 is currently not running",
        "the campaign has not been started",
        "campaign 77 is not yet active",
        "The campaign isn't running",
        "Campaign 77 has been stopped",
        "campaign is paused",
        "the campaign has ended",
        "campaign is inactive",
        "There is no running campaign",
        "agent 12 waits in vain: campaign 77 is stopped",
    ],
)
def test_a_fault_about_a_campaign_that_is_not_running(text):
    assert type(failure(fault(text), 500)) is CampaignNotRunning


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Campaign 77 is unknown.", Refused),
        ("campaign 77 is already running", Refused),
        ("the campaign could not be stopped", Refused),
        ("campaign is not stopped", Refused),
        ("stopCampaign failed", Refused),
        ("Agent 12 belongs to another campaign than 77.", Refused),
        ("the call has ended", Refused),
        ("Agent 12 is not logged in: the campaign has ended", NotLoggedIn),
        ("agent 12 was kicked because campaign 77 was stopped", NotLoggedIn),
        ("the response was already stored and the campaign has ended", AlreadyStored),
    ],
)
def test_a_fault_that_only_names_a_campaign(text, kind):
    assert type(failure(fault(text), 500)) is kind


@pytest.mark.parametrize(
    "inside",
    [
        "<faultcode>ns:CampaignNotRunning</faultcode><faultstring>error</faultstring>",
        "<faultcode>Server.CAMPAIGN_STOPPED</faultcode><faultstring>77</faultstring>",
        "<faultcode>Server</faultcode><faultstring>x</faultstring><detail><d:CampaignPausedFault xmlns:d='urn:d'/></detail>",
    ],
)
def test_code_and_detail_may_tell_of_a_stopped_campaign_as_well(inside):
    assert type(failure(envelope(f"<e:Fault>{inside}</e:Fault>"))) is CampaignNotRunning


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<faultcode>c</faultcode><faultstring xml:lang='en'>why</faultstring>", "why"),
        ("<faultcode>c</faultcode><faultstring/><detail><a>be</a><b>cause</b></detail>", "be cause"),
        ("<faultcode>the:code</faultcode>", "the:code"),
        ("<e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason><e:Text>why</e:Text></e:Reason>", "why"),
        ("<e:Reason><e:Text xml:lang='de'>warum</e:Text><e:Text xml:lang='en-US'>why</e:Text></e:Reason>", "why"),
        ("<e:Reason/><e:Detail><a>because</a></e:Detail>", "because"),
        ("", ""),
    ],
)
def test_the_service_s_own_words_are_passed_on(soap, inside, reason):
    one = failure(envelope(f"<e:Fault>{inside}</e:Fault>", soap), 500)
    assert (type(one), one.reason) == (Refused, reason)


def test_the_words_are_one_line_and_not_too_long():
    one = failure(fault("a\n\tb&#x202e;c\u0085d " + "x" * 10_000))
    assert one.reason.startswith("a bc d xxx")
    assert len(one.reason) == 500


# ----------------------------------------------------------------------------------------------------------- the key in texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {KEY} is wrong", "key [key] is wrong"),
        (f"key {KEY.upper()} is wrong", "key [key] is wrong"),
        (f"key {KEY[:10]}... is wrong", "key [key]... is wrong"),
        (f"ends in {KEY[-6:]}", "ends in [key]"),
        ("key sEcReT-&lt;&amp;&gt;-0123456789abcdef", "key [key]"),
        ("key sEcReT-%3C%26%3E-0123456789abcdef", "key [key]"),
        (f"{KEY[:8]}\n{KEY[8:]}", "[key] [key]"),
        (f"{KEY}{KEY}", "[key]"),
        ("nothing of it: secre", "nothing of it: secre"),
    ],
)
def test_no_part_of_the_key_is_told(text, shown):
    assert told(text, KEY) == shown


def test_a_short_key_is_hidden_too():
    assert told("pin 1234 is wrong", "1234") == "pin [key] is wrong"


def test_a_page_s_title_may_repeat_the_key():
    assert in_words(f"<html><title>No {KEY}</title>".encode(), KEY) == 'a web page titled "No [key]"'


# ---------------------------------------------------------------------------------------------------------------------- fuzz

_FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_GOOD = [
    connected(),
    connected("<id>5</id><a b='c'><d>e</d></a>"),
    fault(f"key {KEY.replace('&', '&amp;').replace('<', '&lt;')}"),
    fault("agent 12 is not logged in"),
    envelope(f"<e:Fault><e:Reason><e:Text>{KEY[:6]}</e:Text></e:Reason></e:Fault>", SOAP_12),
    f"<html><title>{KEY}</title></html>".encode(),
]


def _anything_comes_of_it(answer: bytes, status: int, charset: str) -> None:
    for gives_call in (True, False):
        for expected in ([NAME], []):
            outcome: Call | CallCenterError | None
            try:
                outcome = read(Answer(status, answer, charset), expected, gives_call=gives_call, secret=KEY)
            except (OutcomeUnknown, Refused) as one:
                outcome = one
            if isinstance(outcome, CallCenterError):
                assert not _tells(f"{outcome} {outcome!r}")
                assert len(outcome.reason) <= 700
                assert not any(unicodedata.category(letter) == "Cc" for letter in outcome.reason)
                assert chain(outcome) == []
            elif gives_call:
                assert outcome is not None
                assert outcome.id.strip()
            else:
                assert outcome is None


def _tells(text: str) -> bool:
    """Whether six characters of the key in a row are in `text`."""
    return any(KEY[at : at + 6].lower() in text.lower() for at in range(len(KEY) - 5))


@_FUZZ
@given(st.binary(max_size=400), st.integers(100, 599), st.sampled_from(["", "utf-8", "utf-16", "utf-7", "idna", "martian"]))
@example(b"<?xml version='1.0' encoding='utf-7'?><a/>", 200, "")
def test_random_bytes_are_no_surprise(answer, status, charset):
    _anything_comes_of_it(answer, status, charset)


@_FUZZ
@given(
    st.sampled_from(_GOOD),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.binary(max_size=6)), min_size=1, max_size=4),
    st.sampled_from([200, 202, 500]),
)
def test_spoilt_answers_are_no_surprise(answer, spoils, status):
    for where, how_much, instead in spoils:
        at = int(where * len(answer))
        answer = answer[:at] + instead + answer[at + int(how_much * len(answer)) :]
    _anything_comes_of_it(answer, status, "utf-8")


@_FUZZ
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 20), st.integers(1, 27))
def test_whatever_stands_around_the_key_it_is_not_told(text, start, length):
    assert not _tells(told(f"{text}{KEY[start : start + length]}{text}", KEY))
