"""A nextcall:// link asks for a campaign and a profile, or is refused with a sentence; no other thing comes of it."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.errors import LinkRefused
from desktop.link import LONGEST, Link, parse

OPEN = "nextcall://open"
FOLDER = Path("/home/agent/NextCall/profiles")
LETTERS = "ABCxyz019._-"
PIECES = st.sampled_from(
    [
        "nextcall:",
        "//",
        "open",
        "?",
        "&",
        "=",
        "campaign",
        "profile",
        "%2e%2e%2f",
        "%00",
        "%",
        "..",
        "/",
        "\\",
        "@",
        "#",
        ":",
        "7",
        "a",
    ]
)


def _refusal(text: str) -> str:
    with pytest.raises(LinkRefused) as told:
        parse(text)
    return told.value.reason


def _link_or_refusal(text: str) -> Link | LinkRefused:
    try:
        return parse(text)
    except LinkRefused as refused:
        return refused


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (OPEN, Link()),
        (f"{OPEN}?campaign=1001", Link(campaign_id="1001")),
        (f"{OPEN}?profile=dental", Link(profile="dental")),
        (f"{OPEN}?campaign=1001&profile=dental.toml", Link("1001", "dental.toml")),
        (f"{OPEN}?profile=Dental_Care-2.0&campaign=007", Link("007", "Dental_Care-2.0")),
        (f"{OPEN}?campaign={'9' * 18}", Link(campaign_id="9" * 18)),
        (f"{OPEN}?profile={'p' * 64}", Link(profile="p" * 64)),
        (f"{OPEN}?profile=%64ental%2etoml&campaign=%31", Link("1", "dental.toml")),
        (f"{OPEN}?profile=console", Link(profile="console")),
    ],
)
def test_what_a_link_may_ask_for(text: str, link: Link):
    assert parse(text) == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nextcall:",
        "nextcall://",
        "nextcall:open?campaign=1",
        "nextcall:///open?campaign=1",
        "https://open?campaign=1",
        " nextcall://open",
        "NEXTCALL://open",
        "nextcall://opened?campaign=1",
        "nextcall://open/?campaign=1",
        "nextcall://open/../store?campaign=1",
        "nextcall://store?campaign=1",
        "nextcall://agent:secret@open?campaign=1",
        "nextcall://open:80?campaign=1",
        "nextcall://open@elsewhere.example?campaign=1",
        "nextcall://%6fpen?campaign=1",
        f"{OPEN}#campaign=1",
    ],
)
def test_a_link_that_goes_elsewhere_is_refused(text: str):
    assert _refusal(text) == "A link to NextCall begins with nextcall://open and goes nowhere else."


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&",
        "campaign=1&",
        "campaign=1&&profile=a",
        "campaign=1&campaign=1",
        "profile=a&campaign=1&profile=b",
        "service=https://evil.example/wsdl",
        "campaign=1&agentId=4027",
        "campaign=1&key=secret",
        "Campaign=1",
        "%63ampaign=1",
        "campaign[]=1",
        "campaign=1;profile=a&x",
        "-service",
    ],
)
def test_a_link_that_names_more_than_a_campaign_and_a_profile_is_refused(query: str):
    said = _refusal(f"{OPEN}?{query}")
    assert said.startswith(("It may name one campaign and one profile", "A campaign is named by its ID"))


@pytest.mark.parametrize(
    "value", ["", "a", "-1", "+1", "1.0", "1 ", "0x1", "1" * 19, "%31%30x", "%2531", "1#2", "%D9%A1", "=1", "1=1"]
)
def test_a_campaign_is_digits(value: str):
    assert _refusal(f"{OPEN}?campaign={value}") == "A campaign is named by its ID, a number of at most 18 digits."


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            ".",
            "..",
            ".hidden",
            ".toml",
            "a.",
            "../a",
            "..%2fa",
            "..%5Ca",
            "%2e%2e",
            "%2e%2e%2fa",
            "%252e%252e%252fa",
            "a/b",
            "a\\b",
        ),
        *(
            "/etc/passwd",
            "C:a",
            "c:%5ca",
            "a:stream",
            "%5c%5cserver%5cshare",
            "a%00.toml",
            "a%0a",
            "a+b",
            "a%20b",
            "a%",
            "a%4",
            "%zz",
        ),
        *(
            "NUL",
            "con",
            "Aux.toml",
            "COM1",
            "lpt9.a.toml",
            "prn.",
            "~",
            "$HOME",
            "%TEMP%",
            "a#b",
            "p" * 65,
            "%C3%A4",
            "a*",
            "a=b",
        ),
    ],
)
def test_a_profile_is_the_bare_name_of_a_file(value: str):
    assert (
        _refusal(f"{OPEN}?profile={value}") == "A profile is named by at most 64 letters, digits, dots, dashes and underscores."
    )


@pytest.mark.parametrize(
    "text", [f"{OPEN}?campaign=1\n", f"{OPEN}\x00", f"{OPEN}?profile=ä", f"{OPEN}?campaign=\u0661", "\u202e", "\x7f"]
)
def test_a_character_that_no_link_has_is_refused(text: str):
    assert _refusal(text) == "It holds characters that no link has."


def test_a_link_has_an_end():
    fits = f"{OPEN}?profile={'%61' * 63}"
    assert len(fits) < LONGEST
    assert parse(fits).profile == "a" * 63
    assert _refusal(f"{OPEN}?{'a' * LONGEST}") == "It is longer than 512 characters."
    assert "512" not in _refusal(OPEN + "x" * (LONGEST - len(OPEN)))


@pytest.mark.parametrize(("profile", "name"), [("dental", "dental.toml"), ("dental.toml", "dental.toml"), ("2.0", "2.0.toml")])
def test_a_profile_is_a_file_of_the_profiles_folder(profile: str, name: str):
    assert Link(profile=profile).profile_file(FOLDER) == FOLDER / name
    assert Link().profile_file(FOLDER) is None


@given(
    st.one_of(
        st.text(max_size=600),
        st.lists(PIECES, max_size=30).map("".join),
        st.builds(lambda value: f"{OPEN}?profile={value}", st.text(max_size=80)),
        st.builds(lambda value: f"{OPEN}?profile={value}&campaign=1", st.text(LETTERS + "%2fF/\\: ", max_size=70)),
        st.builds(lambda value: f"{OPEN}?profile={quote(quote(value))}", st.text(LETTERS + "/\\:\x00", max_size=30)),
        st.binary(max_size=100).map(lambda raw: f"{OPEN}?" + "".join(f"%{byte:02x}" for byte in raw)),
    )
)
def test_whatever_comes_is_a_harmless_link_or_a_refusal(text: str):
    link = _link_or_refusal(text)
    if isinstance(link, LinkRefused):
        assert link.reason.isascii()
        assert link.reason.endswith(".")
        return
    assert link.campaign_id == "" or (link.campaign_id.isascii() and link.campaign_id.isdigit() and len(link.campaign_id) <= 18)
    file = link.profile_file(FOLDER)
    if file is not None:
        assert file.parent == FOLDER
        assert file.resolve().parent == FOLDER.resolve()
        there = PureWindowsPath("C:/NextCall/profiles") / file.name
        assert there.parent == PureWindowsPath("C:/NextCall/profiles")
        assert not there.is_reserved()
        assert there.name == file.name


@given(st.text("0123456789", max_size=18), st.from_regex(r"[A-Za-z0-9_-]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", fullmatch=True))
def test_a_link_says_what_was_put_in(campaign: str, profile: str):
    if PureWindowsPath(profile).is_reserved():
        return
    parts = [f"profile={quote(profile)}"] + ([f"campaign={campaign}"] if campaign else [])
    assert parse(f"{OPEN}?{'&'.join(parts)}") == Link(campaign, profile)
