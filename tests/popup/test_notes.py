"""Notes and answers survive the way through one text of the service, whatever is typed and whatever the service does to ends."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop.callcenter.model import sendable
from desktop.errors import NotesNotRead
from desktop.popup.notes import Unpacked, pack, unpack, unpack_csv

if TYPE_CHECKING:
    from pathlib import Path

MARKS = [
    "[answers]",
    "\\[answers]",
    "\\\\[answers] ",
    "a = b",
    "\\",
    "\\n",
    "\\.",
    "=",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "\u2028",
    "…",
]
PEOPLE = ["🌻", "👩‍👩‍👧", "ليلى", "שלום", "\u202e", "é", "\x07", "\ud800", "\x85", "\xa0"]
TYPED = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(MARKS + PEOPLE), max_size=12).map("".join),
    st.lists(st.sampled_from(MARKS + PEOPLE), max_size=6).map("\n".join),
)
IDS = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
ANSWERS = st.dictionaries(IDS, TYPED, max_size=5)
SERVICES = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.rstrip(),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip().replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r\n") + "\r\n",
        lambda text: text + "  \n",
    ]
)


def kept(answers: dict[str, str]) -> dict[str, str]:
    return {name: sendable(answer) for name, answer in answers.items() if answer}


# -------------------------------------------------------------------------------------------------------- there and back


@settings(max_examples=600)
@given(TYPED, ANSWERS)
@example("a\n[answers]\nb = c", {"x": "[answers]"})
@example("", {"x": " "})
@example("\n", {})
@example("\\[answers]", {})
def test_any_notes_and_answers_come_back(notes: str, answers: dict[str, str]):
    packed = pack(notes, answers)
    assert packed.length == len(packed.text)
    assert not packed.left_out
    assert unpack(packed.text) == Unpacked(sendable(notes), kept(answers))
    assert list(unpack(packed.text).answers) == list(kept(answers))


@settings(max_examples=600)
@given(TYPED, ANSWERS, SERVICES)
def test_a_service_may_trim_or_lengthen_the_end_and_write_its_own_line_ends(notes: str, answers: dict[str, str], service):
    assert unpack(service(pack(notes, answers).text)) == Unpacked(sendable(notes), kept(answers))


@given(TYPED, ANSWERS)
def test_what_is_packed_can_be_sent_as_it_is(notes: str, answers: dict[str, str]):
    packed = pack(notes, answers).text
    assert sendable(packed) == packed


@settings(max_examples=400)
@given(TYPED, ANSWERS, st.integers(0, 150))
def test_a_limit_cuts_no_answer_in_half(notes: str, answers: dict[str, str], limit: int):
    whole = pack(notes, answers)
    packed = pack(notes, answers, limit)
    came = unpack(packed.text)
    assert packed.length == whole.length
    assert len(packed.text) <= limit
    assert all(kept(answers)[name] == answer for name, answer in came.answers.items())
    assert set(kept(answers)) - set(came.answers) == set(packed.left_out) - {"notes"}
    if whole.length <= limit:
        assert packed == whole
    elif "notes" in packed.left_out:
        assert came.notes == "" or (came.notes.endswith("…") and sendable(notes).startswith(came.notes[:-1]))
    else:
        assert came.notes == sendable(notes)


def test_notes_give_way_before_answers_do():
    packed = pack("word " * 50, {"interested": "yes", "plan": "Gold"}, 60)
    assert packed.text == "word word word word…\n[answers]\ninterested = yes\nplan = Gold"
    assert packed.left_out == ("notes",)
    assert packed.length > 60
    assert pack("word", {"a": "x" * 10, "b": "y" * 10}, 30).left_out == ("b",)


# ------------------------------------------------------------------------------------------------------- to be looked at


def test_people_can_read_what_is_stored():
    assert pack("Prefers paper.", {"interested": "yes", "why": "likes it\nvery much"}).text == (
        "Prefers paper.\n[answers]\ninterested = yes\nwhy = likes it\\nvery much"
    )


def test_notes_without_answers_are_stored_as_they_are():
    assert pack("Two\nlines", {}).text == "Two\nlines"
    assert pack("Two\nlines", {"x": ""}).text == "Two\nlines"
    assert pack("", {}).text == ""
    assert unpack("from another program = true") == Unpacked("from another program = true")


def test_what_somebody_added_by_hand_is_not_lost():
    assert unpack("a\n[answers]\nx = 1\nCalled again, no reply\nx = 2") == Unpacked(
        "a\nCalled again, no reply\nx = 2", {"x": "1"}
    )


# ----------------------------------------------------------------------------------------------------------------- CSV


def test_a_table_with_a_column_for_each_question():
    rows = [
        ["callId", "Agent_Notes", "agent"],
        ["c1", pack("Hello, you", {"a": "1"}).text, "7"],
        [],
        ["c2", "plain"],
        ["c3", pack("", {"b": "x\ny", "a": "2"}).text.replace("\n", "\r\n"), "8"],
    ]
    assert list(unpack_csv(rows)) == [
        ["callId", "Agent_Notes", "agent", "a", "b"],
        ["c1", "Hello, you", "7", "1", ""],
        ["c2", "plain", "", "", ""],
        ["c3", "", "8", "2", "x\ny"],
    ]


def test_a_single_column_is_the_notes():
    assert list(unpack_csv([["whatever"], ["[answers]\na = 1"]])) == [["whatever", "a"], ["", "1"]]


@pytest.mark.parametrize("rows", [[], [[]], [["callId", "agent"], ["c1", "7"]]])
def test_a_table_without_notes_is_said_in_a_sentence(rows: list[list[str]]):
    with pytest.raises(NotesNotRead):
        list(unpack_csv(rows))


@settings(max_examples=200)
@given(st.lists(st.tuples(TYPED, ANSWERS), min_size=1, max_size=5))
def test_through_a_real_file_and_back(calls: list[tuple[str, dict[str, str]]]):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["id", "notes"], *((str(n), pack(*call).text) for n, call in enumerate(calls))])
    heading, *rows = unpack_csv(csv.reader(io.StringIO(out.getvalue(), newline="")))
    for row, (notes, answers) in zip(rows, calls, strict=True):
        assert row[1] == sendable(notes)
        assert {name: cell for name, cell in zip(heading[2:], row[2:], strict=True) if cell} == kept(answers)


def nextcall(*arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "desktop", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, env=environment, timeout=60, check=False)


def test_the_command(tmp_path: Path):
    export = '\ufeffid,notes\r\n1,"Zoë 🌻\n[answers]\nplan = Gold"\r\n'.encode()
    wanted = "id,notes,plan\n1,Zoë 🌻,Gold\n".encode()
    assert nextcall("unpack-notes", given=export).stdout == wanted
    (tmp_path / "in.csv").write_bytes(export)
    assert nextcall("unpack-notes", tmp_path / "in.csv", "--out", tmp_path / "out.csv").returncode == 0
    assert (tmp_path / "out.csv").read_bytes() == b"\xef\xbb\xbf" + wanted


@pytest.mark.parametrize("given", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b'notes\n"' + b"x" * 11_000_000 + b'"'])
def test_the_command_says_what_is_wrong_in_a_sentence(given: bytes):
    done = nextcall("unpack-notes", given=given)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"nextcall: ")
    assert done.stderr.count(b"\n") == 1


def test_the_command_without_its_file(tmp_path: Path):
    done = nextcall("unpack-notes", tmp_path / "nothing.csv")
    assert done.returncode == 1
    assert b"nothing.csv" in done.stderr
    assert b"Traceback" not in done.stderr
