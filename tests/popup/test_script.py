"""The script reads naturally whatever is missing, and no value in it can become markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.callcenter.model import Call, Field
from desktop.popup import templates
from desktop.popup.facts import Facts
from desktop.popup.profile_file import read
from desktop.popup.script import escaped, render

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)


def said(template: str, **values: str) -> str:
    return templates.speak(template, lambda name: values.get(name, ""), str)


# ------------------------------------------------------------------------------------------------------ missing values


@pytest.mark.parametrize(
    ("template", "spoken"),
    [
        ("Hello {a}, how are you?", "Hello, how are you?"),
        ("Hello {a} {b}, how are you?", "Hello, how are you?"),
        ("Hello {a} {x}, how are you?", "Hello Maya, how are you?"),
        ("Hello {x} {a}, how are you?", "Hello Maya, how are you?"),
        ("{a}, how are you?", "How are you?"),
        ("Good day. {a}, how are you?", "Good day. How are you?"),
        ("Thank you, {a}!", "Thank you!"),
        ("Good day, {a}.", "Good day."),
        ("Good day, {x}.", "Good day, Maya."),
        ("You live in {a}, {x}.", "You live in Maya."),
        ("You live in {x}, {a}.", "You live in Maya."),
        ("Your shop ({a}) is open", "Your shop is open"),
        ("Your shop “{a}” is open", "Your shop is open"),
        ("Your **{a}** shop", "Your shop"),
        ("**{a}** hello", "Hello"),
        ("Is it **{a} {b}** from **{a}, {b} {a}**?", "Is it from?"),
        ("call {a} now", "call now"),
        ("call {a|them} now", "call them now"),
        ("call {a|} now", "call now"),
        ("- {a}\n- b", "- \n- b"),
        ("one {a}\ntwo", "one\ntwo"),
        ("one\n{a} two", "one\nTwo"),
        ("{a}", ""),
        ("{a}{b}{a}", ""),
        ("{x}", "Maya"),
        ("{{x}} and {{{x}}}", "{x} and {Maya}"),
        ("", ""),
        ("the end {a}", "the end"),
    ],
)
def test_a_missing_value_leaves_no_trace(template: str, spoken: str):
    assert said(template, x="Maya") == spoken


@pytest.mark.parametrize("template", ["{", "}", "{a", "a}", "{}", "{ }", "{|x}", "{a{b}}", "{a\n}", "{{{"])
def test_what_is_no_placeholder(template: str):
    with pytest.raises(ValueError, match=r"brace|placeholder"):
        templates.parts(template)


@given(st.text(max_size=60), st.dictionaries(st.sampled_from("abcx"), st.text(max_size=9)))
def test_any_template_is_refused_or_filled(template: str, values: dict[str, str]):
    try:
        templates.parts(template)
    except ValueError:
        return
    said(template, **values)


@given(st.lists(st.sampled_from(["{a}", "{b}", " ", ", ", "Hello", ".", "!", "(", ")", "{x}"]), max_size=12).map("".join))
def test_no_double_blanks_unless_the_lead_wrote_them(template: str):
    spoken = said(template, x="Maya")
    assert (
        "  " not in spoken
        or "  " in template.replace("{a}", "").replace("{b}", "")
        or "  " in said(template, a="x", b="x", x="y")
    )


# ------------------------------------------------------------------------------------------------------ hostile values

HOSTILE = [
    "# heading",
    "**bold** _it_ `code` ~~no~~",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<b>Maya</b>",
    "&lt;b&gt; &amp; &#35;",
    "https://evil.example www.evil.example me@evil.example",
    "- a\n- b",
    "1. a",
    "1) a",
    "> quote",
    "    code",
    "```\ncode\n```",
    "a | b\n--|--\nc | d",
    "===",
    "---",
    "\\",
    "\\[a]",
    "{caller}",
    "a\u2028b",
    "Sails <& Ropes>",
    'O\'Malley "the" $100 %s',
]


@pytest.mark.parametrize("value", HOSTILE)
def test_qt_shows_a_value_as_it_is(value: str, qapp: Any):
    from PySide6.QtGui import QTextDocument

    for text in (f"{escaped(value)}", f"Hello {escaped(value)}, you", f"- {escaped(value)}", f"**{escaped(value)}**"):
        document = QTextDocument()
        document.setMarkdown(text)
        one_line = " ".join(value.split())
        assert one_line in document.toPlainText().replace("\xa0", " ")
        html = document.toHtml()
        assert "<a href" not in html
        assert "<img" not in html
        assert "<h1" not in html


@given(st.text(max_size=300))
def test_an_escaped_value_is_one_line_without_bare_punctuation(value: str):
    text = escaped(value)
    assert "\n" not in text
    assert len(text) <= 400
    bare = text.replace("\\\\", "")
    for number, one in enumerate(bare):
        if one in "*_`[]<>#&|~!":
            assert bare[number - 1] == "\\"


def test_a_name_cannot_turn_the_line_around():
    assert escaped("Maya\u202e evil\u2066") == "Maya evil"


def test_an_endless_value_is_cut_where_it_can_be_seen():
    assert escaped("x" * 5000).endswith("…")


# -------------------------------------------------------------------------------------------------------------- branches

PROFILE = read(
    b"""
    name = "Lantern"
    [[field]]
    path = "firstname"
    [[field]]
    path = "fee"
    format = "money"
    [[question]]
    id = "interested"
    type = "yes_no"
    [[question]]
    id = "rating"
    type = "rating"
    [[script]]
    text = "\\nHello {firstname|there}, this is {campaign}.\\n"
    [[script]]
    show_if = "interested = yes"
    text = "It is {fee|free}."
    [[script]]
    show_if = "interested = no or rating < 3"
    text = "Why? You said {interested}."
    """,
    "x",
)
CALL = Call("c1", (Field("firstname", "<Maya>"), Field("fee", "9")))


@pytest.mark.parametrize(
    ("answers", "spoken"),
    [
        ({}, "Hello \\<Maya\\>, this is Lantern."),
        ({"interested": "yes"}, "Hello \\<Maya\\>, this is Lantern.\n\nIt is \\$9\\.00."),
        ({"interested": "no"}, "Hello \\<Maya\\>, this is Lantern.\n\nWhy? You said no."),
        ({"rating": "2"}, "Hello \\<Maya\\>, this is Lantern.\n\nWhy? You said."),
        ({"rating": "rather good"}, "Hello \\<Maya\\>, this is Lantern."),
    ],
)
def test_answers_choose_what_is_said(answers: dict[str, str], spoken: str):
    assert render(Facts(PROFILE, CALL, NOW, answers)) == spoken


def test_a_call_without_fields():
    assert render(Facts(PROFILE, Call("c1"), NOW, {"interested": "yes"})) == "Hello there, this is Lantern.\n\nIt is free."
