"""What a campaign wants: every name that a campaign profile may bear, with its type, default and meaning.

This is the only list of these names: the README chapter, the error sentences and the windows follow it. A profile is one TOML
file per campaign; everything in it may be left out, and the empty profile is NextCall as it is without one. What belongs together
is checked in checks.py, files are read in profile_file.py. This module must not know what a name does.

Three small languages are used in texts: paths (paths.py) name a field of the call, placeholders (templates.py) put a field or an
answer into a text, conditions (conditions.py) compare one. What they name must be a question, a listed field, or one of `GIVEN`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from desktop.popup.paths import same

Emphasis = Literal["normal", "strong", "muted"]
Format = Literal["text", "phone", "date", "money", "link"]
Kind = Literal["text", "long", "number", "choice", "choices", "yes_no", "date", "rating"]
Colour = Literal["green", "amber", "red", "teal", "grey"]
When = Literal["never", "click", "connect"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Moment = Literal["connect", "stored"]

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Id = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["interested"])]
Path = Annotated[str, Meta(min_length=1, max_length=500, examples=["extra_data/plan"])]
Condition = Annotated[str, Meta(min_length=1, max_length=500, examples=["interested = yes"])]
Bound = Annotated[float, Meta(ge=-1e15, le=1e15)]

GIVEN = {
    "caller": "the caller's name, wherever the call carries it",
    "number": "the caller's phone number, wherever the call carries it",
    "call_id": "the call's own id",
    "campaign": "the profile's name",
}
"""What placeholders and conditions can name besides questions and listed fields."""

RESERVED = frozenset({*GIVEN, "disposition", "notes", "callback"})
"""What no question may be called: these words mean something else where answers are written."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file. A misspelt name is an error, not an extra: it would be missed during a call."""


class ShownField(Table, frozen=True, kw_only=True):
    """[[field]]: one thing that is known of the call, in the order in which the agent sees it."""

    path: Annotated[Path, Meta(description="Which field of the call: names joined by /, [2] for the second, @ for an attribute")]
    label: Annotated[str, Meta(description="What stands before it; by default the field's name as words")] = ""
    group: Annotated[str, Meta(description="The heading under which it stands")] = ""
    emphasis: Annotated[Emphasis, Meta(description="How much it catches the eye")] = "normal"
    format: Annotated[Format, Meta(description="How it is written for people")] = "text"
    currency: Annotated[str, Meta(max_length=5, description="For money: what stands before the amount")] = "$"
    show_if: Annotated[Condition | None, Meta(description="Shown only while this holds")] = None
    mask: Annotated[
        Annotated[int, Meta(ge=0, le=20)] | None, Meta(description="Covered by dots but for this many characters at its end")
    ] = None
    hidden: Annotated[bool, Meta(description="Never shown, not even under More; placeholders and conditions can use it")] = False


class ScriptPart(Table, frozen=True, kw_only=True):
    """[[script]]: a part of what the agent says, in Markdown with placeholders."""

    text: Annotated[
        str,
        Meta(min_length=1, max_length=20_000, description="Markdown; {firstname|there} says 'there' where it is empty"),
    ]
    show_if: Annotated[Condition | None, Meta(description="Said only while this holds")] = None


class Question(Table, frozen=True, kw_only=True):
    """[[question]]: something that the agent asks and enters."""

    id: Annotated[Id, Meta(description="Its name in conditions, in the notes and as a column of the export")]
    label: Annotated[str, Meta(description="What stands before its field; by default the id as words")] = ""
    type: Annotated[Kind, Meta(description="What can be entered")] = "text"
    choices: Annotated[tuple[Text, ...], Meta(max_length=200, description="For choice and choices: what can be chosen")] = ()
    min: Annotated[Bound | None, Meta(description="For number: the smallest")] = None
    max: Annotated[Bound | None, Meta(description="Of a number the largest, of a rating the best (5), of a text its length")] = (
        None
    )
    decimals: Annotated[int, Meta(ge=0, le=6, description="For number: digits after the point")] = 0
    required: Annotated[bool, Meta(description="No call is stored without it")] = False
    required_if: Annotated[Condition | None, Meta(description="No call is stored without it while this holds")] = None
    default_from: Annotated[Path | None, Meta(description="The field of the call that it is filled in with")] = None
    help: Annotated[str, Meta(description="A sentence for the agent")] = ""


class Disposition(Table, frozen=True, kw_only=True):
    """[[disposition]]: a way in which a call can end."""

    name: Annotated[Text, Meta(description="What the agent chooses and what is stored as agentResponse")]
    group: Annotated[str, Meta(description="The heading under which it stands")] = ""
    colour: Annotated[Colour | None, Meta(description="A mark beside its name")] = None
    digit: Annotated[Annotated[int, Meta(ge=1, le=9)] | None, Meta(description="Its key; by default the next free one")] = None
    needs_notes: Annotated[bool, Meta(description="Chosen only with something in the notes")] = False
    needs: Annotated[tuple[Id, ...], Meta(description="The questions that must be answered with it")] = ()
    after_seconds: Annotated[int, Meta(ge=0, le=3600, description="How long the call must last before it can be chosen")] = 0
    callback: Annotated[bool, Meta(description="Asks when to call back and keeps a reminder")] = False
    for_logoff: Annotated[bool, Meta(description="Chosen by itself when the agent logs off without a choice")] = False


class Limits(Table, frozen=True, kw_only=True):
    """[limits]: how much the call center stores, in characters."""

    notes: Annotated[Annotated[int, Meta(ge=50, le=1_000_000)] | None, Meta(description="Of the notes, answers included")] = None
    disposition: Annotated[Annotated[int, Meta(ge=1, le=1_000_000)] | None, Meta(description="Of the disposition")] = None


class CallingHours(Table, frozen=True, kw_only=True):
    """[[calling_hours]]: when people may be called, by the clock where they are."""

    earliest: Annotated[str, Meta(description="From this time of day", examples=["8:00"])]
    latest: Annotated[str, Meta(description="Until this time of day", examples=["21:00"])]
    days: Annotated[tuple[Day, ...], Meta(description="On these days")] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ScreenPop(Table, frozen=True, kw_only=True):
    """[screen_pop]: a page of another system that is opened for a call, once."""

    url: Annotated[Text, Meta(description="An https address with placeholders after the host")]
    hosts: Annotated[tuple[Text, ...], Meta(min_length=1, description="The hosts that may be opened")]
    when: Annotated[When, Meta(description="By itself at the beep, on a click, or never")] = "never"


class Clipboard(Table, frozen=True, kw_only=True):
    """[clipboard]: fields that are copied for a call, one to a line."""

    fields: Annotated[tuple[Path, ...], Meta(min_length=1, description="Which fields of the call")]
    when: Annotated[When, Meta(description="By itself at the beep, on a click, or never")] = "never"
    clear_after: Annotated[int, Meta(ge=5, le=3600, description="Seconds after which they are taken off again")] = 60


class Program(Table, frozen=True, kw_only=True):
    """[program]: a program of this computer that is started for a call. Never a shell."""

    command: Annotated[tuple[Text, ...], Meta(min_length=1, description="Its full path and its arguments, one by one")]
    when: Annotated[When, Meta(description="By itself at the beep, on a click, or never")] = "never"


class Webhook(Table, frozen=True, kw_only=True):
    """[webhook]: an address that is told of calls."""

    address: Annotated[Text, Meta(description="Where to, over https")]
    secret: Annotated[Text, Meta(description="The name of the shared secret in this computer's keyring")]
    on: Annotated[tuple[Moment, ...], Meta(description="What it is told of; nothing by default")] = ()
    personal: Annotated[bool, Meta(description="Whether it is told who was called, the notes and the answers")] = False


class WrapUp(Table, frozen=True, kw_only=True):
    """[wrap_up]: how long agents should write after a call. It colours a clock and never stores by itself."""

    goal_seconds: Annotated[Annotated[int, Meta(ge=1, le=3600)] | None, Meta(description="What is aimed at")] = None
    limit_seconds: Annotated[Annotated[int, Meta(ge=1, le=3600)] | None, Meta(description="What should not be exceeded")] = None
    undo_seconds: Annotated[int, Meta(ge=0, le=20, description="How long a stored call can be taken back before it is sent")] = 0


class CampaignProfile(Table, frozen=True, kw_only=True):
    """The whole file."""

    name: Annotated[str, Meta(description="The campaign's name, for people")] = ""
    campaigns: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(description="The ids of the campaigns that it is for")] = ()
    region: Annotated[
        str, Meta(pattern=r"^[A-Z]{2}$", description="The country of numbers without a country code", examples=["US"])
    ] = "US"
    other_disposition: Annotated[
        bool | None, Meta(description="Whether agents may write a disposition of their own; by default if none are listed")
    ] = None
    fields: Annotated[tuple[ShownField, ...], Meta(max_length=500, description="What the agent sees of the call")] = (
        msgspec.field(default=(), name="field")
    )
    script: Annotated[tuple[ScriptPart, ...], Meta(max_length=200, description="What the agent says")] = ()
    questions: Annotated[tuple[Question, ...], Meta(max_length=300, description="What the agent asks")] = msgspec.field(
        default=(), name="question"
    )
    dispositions: Annotated[tuple[Disposition, ...], Meta(max_length=200, description="How a call can end")] = msgspec.field(
        default=(), name="disposition"
    )
    limits: Annotated[Limits, Meta(description="How much the call center stores")] = Limits()
    calling_hours: Annotated[tuple[CallingHours, ...], Meta(max_length=50, description="When people may be called")] = ()
    screen_pop: Annotated[ScreenPop | None, Meta(description="A page that is opened")] = None
    clipboard: Annotated[Clipboard | None, Meta(description="What is copied")] = None
    program: Annotated[Program | None, Meta(description="A program that is started")] = None
    webhook: Annotated[Webhook | None, Meta(description="An address that is told")] = None
    wrap_up: Annotated[WrapUp, Meta(description="How long agents should write")] = WrapUp()

    def question(self, question_id: str) -> Question | None:
        """The question with that id."""
        return next((one for one in self.questions if one.id == question_id), None)

    def field(self, path: str) -> ShownField | None:
        """The listed field with that path, however its names are spelt (paths.py)."""
        return next((one for one in self.fields if same(one.path, path)), None)
