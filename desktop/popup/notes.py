"""Answers <-> agentNotes. The service keeps one text for a call, so the answers travel in it, readable and reversible:

    She would rather have the paper edition.
    [answers]
    interested = yes
    rating = 4

First what the agent wrote, as it was written; then the line `[answers]`; then a line `question = answer` for each answer that is
not empty. In an answer `\\n` is a new line and `\\\\` a backslash, and `\\.` at its end keeps the blanks before it. A line of the
agent's own that looks like `[answers]` gets a backslash in front. Notes without answers have no such line, unless they end in
blanks, which a service that trims would take. `unpack` gives back exactly what was packed, also after a service has trimmed the
end or written \\r\\n for each new line. A text that was never packed is notes without answers. Nothing here knows a profile.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from desktop.callcenter.model import plain, sendable
from desktop.errors import NotesNotRead

_MARK = "[answers]"
_LIKE_MARK = re.compile(r"(\\*)\[answers\]\s*")
_LINE = re.compile(r"([a-z][a-z0-9_]*) = (.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CUT = "…"
_COLUMN = "agentnotes"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What the agent wrote, and the answers by the questions' ids, in the order in which they were packed."""

    notes: str
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packed:
    """agentNotes. `length` is what all of it needs, in characters; if that is above the limit, `text` is the part that fits."""

    text: str
    length: int
    left_out: tuple[str, ...] = ()
    """What is not, or not wholly, in `text`: `notes`, and the ids of questions."""


def pack(notes: str, answers: Mapping[str, str], limit: int | None = None) -> Packed:
    """The text that is stored. What XML cannot carry is replaced first (model.sendable), so the length is the one that counts.

    Within a limit the notes give way before the answers do, and an answer is there wholly or not at all.
    """
    notes = sendable(notes)
    lines = {name: f"{name} = {_escape(sendable(answer))}" for name, answer in answers.items() if answer}
    whole = _join(notes, lines.values())
    if limit is None or len(whole) <= limit:
        return Packed(whole, len(whole))
    left_out = []
    while lines and len(_join("", lines.values())) > limit:
        left_out.append(lines.popitem()[0])
    kept = _cut(notes, lines.values(), limit)
    if kept != notes:
        left_out.append("notes")
    return Packed(_join(kept, lines.values()), len(whole), tuple(reversed(left_out)))


def unpack(packed: str) -> Unpacked:
    """What `pack` was given. Whatever somebody has added behind the answers by hand becomes a part of the notes."""
    lines = packed.rstrip().replace("\r\n", "\n").replace("\r", "\n").split("\n")  # nothing that is packed ends in blanks
    marks = [number for number, line in enumerate(lines) if line.rstrip() == _MARK]
    if not marks:
        return Unpacked(_plain(lines))
    answers: dict[str, str] = {}
    strangers = []
    for line in lines[marks[0] + 1 :]:
        match = _LINE.fullmatch(line.rstrip())
        if match and match[1] not in answers:
            answers[match[1]] = _ESCAPED.sub(_unescape, match[2])
        elif line.strip():
            strangers.append(line)
    return Unpacked(_plain(lines[: marks[0]] + strangers), answers)


def unpack_csv(rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """An exported table, its first row the names of the columns, with a column for each question behind the others.

    The notes are looked for in the column `agentNotes` or `notes`, however it is written; if there is one column, it is that.
    What remains in it is what the agent wrote. Raises NotesNotRead.
    """
    try:
        table = [list(row) for row in rows if row]
    except csv.Error as error:
        raise NotesNotRead(f"This is not a table in CSV: {error}.") from None
    except UnicodeDecodeError:
        raise NotesNotRead("The file is not written in UTF-8.") from None
    if not table:
        raise NotesNotRead("The table is empty.")
    heading, *body = table
    column = _notes_column(heading)
    unpacked = [unpack(row[column]) if column < len(row) else Unpacked("") for row in body]
    questions = list(dict.fromkeys(name for one in unpacked for name in one.answers))
    yield [*heading, *questions]
    for row, one in zip(body, unpacked, strict=True):
        cells = row + [""] * (len(heading) - len(row))
        cells[column] = one.notes
        yield [*cells, *(one.answers.get(name, "") for name in questions)]


def _join(notes: str, lines: Iterable[str]) -> str:
    lines = list(lines)
    escaped = [f"\\{line}" if _LIKE_MARK.fullmatch(line) else line for line in notes.split("\n")] if notes else []
    if lines or notes != notes.rstrip():
        escaped.append(_MARK)
    return "\n".join([*escaped, *lines])


def _cut(notes: str, lines: Iterable[str], limit: int) -> str:
    """As much of the notes as leaves room for the lines, with an ellipsis that shows where they were cut."""
    lines = list(lines)
    if len(_join(notes, lines)) <= limit:
        return notes
    end = min(len(notes), limit)
    while end > 0:
        kept = notes[:end].rstrip() + _CUT
        over = len(_join(kept, lines)) - limit
        if over <= 0:
            return kept
        end -= over if end > over else 1
    return ""


def _plain(lines: list[str]) -> str:
    return "\n".join(line[1:] if line.startswith("\\") and _LIKE_MARK.fullmatch(line) else line for line in lines)


def _escape(answer: str) -> str:
    escaped = answer.replace("\\", "\\\\").replace("\n", "\\n")
    return f"{escaped}\\." if escaped != escaped.rstrip() else escaped


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "\\": "\\", ".": ""}.get(match[1], match[0])


def _notes_column(heading: Sequence[str]) -> int:
    names = [plain("".join(name.split())) for name in heading]
    for wanted in (_COLUMN, "notes"):
        if wanted in names:
            return names.index(wanted)
    if len(heading) == 1:
        return 0
    raise NotesNotRead("There is no column agentNotes or notes.")
