"""What leaves NextCall for a call: addresses, arguments and messages into which hostile values are put, and stay values."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup import webhook
from desktop.popup.facts import Facts
from desktop.popup.profile import CampaignProfile, Clipboard, Program, Question, ScreenPop, ShownField, Webhook
from desktop.popup.screenpop import address, command, copied

NOW = datetime(2026, 11, 24, 14, 5, 30, tzinfo=UTC)
FIELDS = (ShownField(path="a", mask=0), ShownField(path="b"))
HOSTILE = [
    "..",
    "/../../admin",
    "a&b=c",
    "a#b",
    "a?b",
    "a b",
    "%2e%2e",
    "\\",
    "@evil.example",
    "https://evil.example",
    "\n",
    "Zoë 🌻",
]


def facts(**fields: str) -> Facts:
    return Facts(CampaignProfile(name="Lantern", fields=FIELDS), Call("c 1", tuple(Field(*one) for one in fields.items())), NOW)


def pop(url: str) -> ScreenPop:
    return ScreenPop(url=url, hosts=("crm.example", "other.example:8443"))


# --------------------------------------------------------------------------------------------------------------- pages


def test_a_page_with_the_calls_values():
    page = pop("https://crm.example/find/{a}?name={b|nobody}&call={call_id}#x")
    assert (
        address(page, facts(a="+1 202", b="Zoë & Co"))
        == "https://crm.example/find/%2B1%20202?name=Zo%C3%AB%20%26%20Co&call=c%201#x"
    )
    assert address(page, facts(a="1")) == "https://crm.example/find/1?name=nobody&call=c%201#x"
    assert address(pop("https://OTHER.example:8443/{a}"), facts(a="1")) == "https://OTHER.example:8443/1"


@pytest.mark.parametrize(
    "url", ["http://crm.example/{a}", "https://evil.example/{a}", "file:///{a}", "https://crm.example@evil.example/{a}"]
)
def test_no_page_of_another_host_even_if_nobody_has_checked(url: str):
    assert address(pop(url), facts(a="1")) == ""


@pytest.mark.parametrize("value", ["..", ".", "%2e%2e"])
def test_no_value_climbs_out_of_its_folder(value: str):
    assert ".." not in address(pop("https://crm.example/people/{a}/notes"), facts(a=value)).split("/")
    assert address(pop("https://crm.example/people/{a}/notes"), facts(a="..")) == ""


@given(st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE)))
def test_any_value_stays_one_value(value: str):
    opened = address(pop("https://crm.example/x?q={a}&end=1"), facts(a=value))
    parts = urlsplit(opened)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "crm.example", "/x", "")
    assert set(parse_qs(parts.query, keep_blank_values=True)) == {"q", "end"}
    assert opened.isascii()
    inside = address(pop("https://crm.example/x/{a}/end"), facts(a=value))
    assert inside == "" or (inside.count("/") == 5 and urlsplit(inside).netloc == "crm.example")


# ------------------------------------------------------------------------------------------------ clipboard and program


def test_what_is_copied():
    assert copied(Clipboard(fields=("a", "b")), facts(a="1", b="x\ny")) == "1\nx y"
    assert copied(Clipboard(fields=("a", "b")), facts(b="2")) == "2"
    assert copied(Clipboard(fields=("a",)), facts()) == ""


def test_a_program_gets_its_arguments_one_by_one():
    crm = Program(command=("C:\\CRM\\crm.exe", "--phone={a}", "{b}", "plain", "{{x}}"))
    assert command(crm, facts(a='1" & calc', b="--delete all")) == [
        "C:\\CRM\\crm.exe",
        '--phone=1" & calc',
        "delete all",
        "plain",
        "{x}",
    ]


@given(st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE)))
def test_no_value_becomes_an_option_or_ends_the_line(value: str):
    arguments = command(Program(command=("/opt/crm", "{a}", "-n{a}")), facts(a=value))
    assert len(arguments) == 3
    assert not arguments[1].startswith(("-", "/", "@"))
    assert arguments[2].startswith("-n")
    assert not any(character < " " for argument in arguments for character in argument)


# ------------------------------------------------------------------------------------------------------------- webhook

QUESTIONS = (Question(id="interested", type="yes_no"), Question(id="age", type="number"), Question(id="born", type="date"))


def told(*, personal: bool) -> tuple[dict[str, object], dict[str, object]]:
    profile = CampaignProfile(name="Lantern", fields=(ShownField(path="plan"),), questions=QUESTIONS)
    call = Call("c1", (Field("firstname", "Maya"), Field("phonenumber", "+12025550101"), Field("plan", "Gold")))
    known = Facts(profile, call, NOW, {"interested": "yes", "age": "old", "born": "2000-01-02"})
    hook = Webhook(address="https://hooks.example/", secret="hooks", personal=personal)
    return json.loads(webhook.connected(hook, known)), json.loads(webhook.stored(hook, known, "Sale", "loves it"))


def test_without_personal_data():
    assert told(personal=False) == (
        {"event": "connect", "call": "c1", "campaign": "Lantern", "at": "2026-11-24T14:05:30+00:00"},
        {"event": "stored", "call": "c1", "campaign": "Lantern", "at": "2026-11-24T14:05:30+00:00", "disposition": "Sale"},
    )


def test_with_personal_data():
    connected, stored = told(personal=True)
    person = {"caller": "Maya", "number": "+12025550101", "fields": {"plan": "Gold"}}
    assert person.items() <= connected.items()
    assert person.items() <= stored.items()
    assert stored["notes"] == "loves it"
    assert stored["answers"] == {"interested": True, "age": "old", "born": "2000-01-02"}
    assert "notes" not in connected


def test_the_signature_can_be_checked_by_anybody_who_has_the_secret():
    body = '{"event":"stored","a":"ë"}'.encode()
    sent = webhook.headers(body, "sésame")
    assert sent[webhook.SIGNATURE] == "sha256=" + hmac.new("sésame".encode(), body, hashlib.sha256).hexdigest()
    assert webhook.headers(body, "other")[webhook.SIGNATURE] != sent[webhook.SIGNATURE]
