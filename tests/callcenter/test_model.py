"""What is spoken about with the call center: fields in document order, and texts that XML can carry."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from desktop.callcenter.model import Account, Call, CallResponse, Field, plain, sendable

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
"""Lone surrogates and control characters are texts, too."""

CALL = Call(
    "c1",
    (
        Field("id", "c1"),
        Field("contact", "", (), (Field("first_name", " Maya "), Field("address", "", (), (Field("city", "Rye"),)))),
        Field("phoneNumber", "  "),
        Field("phone_number", "202"),
        Field("city", "Hull"),
    ),
)


def test_walks_outer_before_inner_in_document_order():
    names = [field.name for field in CALL.walk()]
    assert names == ["id", "contact", "first_name", "address", "city", "phoneNumber", "phone_number", "city"]


def test_walks_a_call_of_any_depth():
    deep = Field("leaf")
    for _ in range(5000):
        deep = Field("level", "", (), (deep,))
    assert sum(1 for _ in Call("c1", (deep,)).walk()) == 5001


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("FIRSTNAME",), "Maya"),
        (("phonenumber",), "202"),
        (("city",), "Rye"),
        (("nothing", "city"), "Rye"),
        (("id", "city"), "c1"),
        (("contact",), ""),
        (("nothing",), ""),
        ((), ""),
    ],
)
def test_the_first_that_is_not_empty(names: tuple[str, ...], text: str):
    assert CALL.first(*names) == text


def test_an_empty_call_has_nothing():
    assert (list(Call("c1").walk()), Call("c1").first("id")) == ([], "")


@pytest.mark.parametrize("name", ["campaignID", "campaign_id", "CampaignId", "campaign-id", "CAMPAIGN_ID"])
def test_names_are_compared_without_case_and_underscores(name: str):
    assert plain(name) == "campaignid"


def test_an_account_never_shows_its_key():
    account = Account("sEcReT", 1001)
    assert "sEcReT" not in f"{account!r} {account} {CallResponse('c1', 'Interested')} {[account]}"
    assert "1001" in repr(account)


def test_what_is_spoken_about_cannot_be_changed():
    for thing, name in ((Account("k", 1), "key"), (CALL, "id"), (Field("a"), "text"), (CallResponse("c", "d"), "notes")):
        with pytest.raises(AttributeError):
            setattr(thing, name, "x")


# --------------------------------------------------------------------------------------------------------- sendable


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("", ""),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("bell \x07", "bell ␇"),
        ("\x00\x1f\x7f", "␀␟␡"),
        ("\ud800 \udfff", "\ufffd \ufffd"),
        ("\ufffe\uffff", "\ufffd\ufffd"),
        ("\U0001f33b \U0010ffff", "\U0001f33b \U0010ffff"),
        ("\u05e9\u05dc\u05d5\u05dd \u202e", "\u05e9\u05dc\u05d5\u05dd \u202e"),
        ("<b> & ]]>", "<b> & ]]>"),
    ],
)
def test_what_xml_cannot_carry_is_replaced_by_what_can_be_seen(typed: str, sent: str):
    assert sendable(typed) == sent


@given(ANYTHING)
@example("\x80\x85\x9f\u2028")
@example("\r\n\r")
def test_what_is_sent_arrives(typed: str):
    sent = sendable(typed)
    element = etree.Element("agentNotes")
    element.text = sent
    arrived = etree.fromstring(etree.tostring(element, encoding="utf-8")).text or ""
    assert arrived == sent


@given(ANYTHING)
def test_sending_twice_changes_nothing_more(typed: str):
    assert sendable(sendable(typed)) == sendable(typed)


GOOD = st.one_of(
    st.sampled_from("\t\n"),
    st.characters(min_codepoint=0x20, max_codepoint=0x7E),
    st.characters(min_codepoint=0x80, max_codepoint=0xD7FF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
    st.characters(min_codepoint=0x10000),
)


@given(st.text(GOOD, max_size=60))
def test_a_text_without_bad_characters_is_left_alone(typed: str):
    assert sendable(typed) == typed
