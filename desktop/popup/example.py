"""An example call for trying out a campaign profile: every field that the profile lists has a plausible value.

Values follow from a field's name and format, and can be seen to be examples: nobody is called Alex Example, phone numbers are
those that phonenumbers gives as examples, addresses end in example.com. This module must not be used for a call that is
connected.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import phonenumbers

from desktop.callcenter.model import Call, Field, plain
from desktop.popup import conditions, paths, questions
from desktop.popup.caller import NUMBER, words
from desktop.popup.paths import Step
from desktop.popup.profile import CampaignProfile, Question, ShownField

_ID = "example-1"
_CAMPAIGN_ID = "1001"
_CAME, _COMES = "2019-04-02", "2030-05-17T10:30:00"
_TODAY = date(2026, 11, 24)
"""Any day: whether these dates fit a question does not depend on it."""
_MOST_REPEATED = 99
"""A path that counts further has no example: it would make a call that is too large to be shown."""

_USUAL = {
    "id": _ID,
    "campaignid": _CAMPAIGN_ID,
    **dict.fromkeys(("phonenumber", "firstname", "lastname", "company", "city", "email", "language"), ""),
    "callstart": "2026-11-24T10:30:00",
    "agentid": "4027",
    "extra_data/last order": "",
}
"""What a CallType usually carries (resources/wsdl), and its value where that does not follow from the name."""
_PHONES = {*NUMBER, "mobile", "cell", "fax", "telephone"}
_EXAMPLES = (
    (("firstname", "givenname", "forename"), "Alex"),
    (("lastname", "surname", "familyname"), "Example"),
    (("email", "mail"), "alex@example.com"),
    (("postalcode", "postcode", "zip"), "00000"),
    (("id", "number", "no", "code"), "1001"),
    (("company", "organisation", "organization", "employer"), "Example Company"),
    (("street", "address"), "1 Example Street"),
    (("city", "town"), "Exampleville"),
    (("country",), "Exampleland"),
    (("language",), "en"),
    (("url", "link", "website", "homepage"), "https://www.example.com/"),
    (("birthday", "birthdate", "birth", "born"), "1985-04-12"),
    (("appointment", "when", "due", "next", "expires", "renewal", "until"), _COMES),
    (("date", "time", "since", "created", "modified", "on", "at"), _CAME),
    (("price", "fee", "amount", "total", "balance", "cost", "spent"), "49.00"),
    (("orders", "visits", "calls", "points", "quantity", "count", "age"), "3"),
    (("prefers", "preference"), "mornings, for example"),
    (("with", "doctor", "adviser", "advisor", "contact"), "Sam Example"),
    (("name",), "Alex Example"),
)
"""Words in a name, and the example for it; the first that fits is taken."""
_XML_NAME = re.compile(r"[^\W\d][\w.-]*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*")


def example_call(profile: CampaignProfile) -> Call:
    """A call with a value wherever a path of the profile leads, and with what a CallType usually carries besides.

    Where a question is filled in from a field, or a condition compares it, the value is one that fits. The profile is a right one
    (profile_file.py).
    """
    campaign = str(next(iter(profile.campaigns), _CAMPAIGN_ID))
    known = _USUAL | {"campaignid": campaign}
    call = Call(_ID)
    for field in (*profile.fields, *(ShownField(path=path) for path in _USUAL)):
        steps = paths.steps(field.path)
        if max(step.number for step in steps) <= _MOST_REPEATED:
            text = known.get(plain(field.path)) or _value(profile, field)
            call = replace(call, fields=_with(call.fields, steps, text))
    return call


def least_call(profile: CampaignProfile) -> Call:
    """The least that can be expected of a call: an id and a phone number. It shows what becomes of values that are missing."""
    return Call(_ID, (Field("id", _ID), Field("phonenumber", _phone(profile.region))))


# ------------------------------------------------------------------------------------------- putting a value at a path


def _with(fields: tuple[Field, ...], steps: tuple[Step, ...], text: str) -> tuple[Field, ...]:
    """`fields` with a value where the steps lead. Elements are only added at the end: what other paths have counted stays."""
    step, later = steps[0], steps[1:]
    there = [one.at[0] for one in paths.find(Call("", fields), step.name or " ")]
    number = max(step.number, 1)
    if number <= len(there):
        at = there[number - 1]
        return (*fields[:at], _filled(fields[at], later, text), *fields[at + 1 :])
    made = _filled(_element(step.name), later, text)
    counted_on = any(one.number for one in later)  # siblings of siblings would soon be too many
    before = _element(step.name) if counted_on else made
    return (*fields, *[before] * (number - len(there) - 1), made)


def _filled(field: Field, steps: tuple[Step, ...], text: str) -> Field:
    """`field` with a value where the steps lead from it; a value that it has already stays."""
    if not steps:
        return field if field.text.strip() else replace(field, text=text)
    if not steps[0].is_attribute:
        return replace(field, children=_with(field.children, steps, text))
    name = steps[0].name
    has = [value for known, value in field.attributes if paths.same(known, name)]
    return field if any(map(str.strip, has)) else replace(field, attributes=(*field.attributes, (name, text)))


def _element(name: str) -> Field:
    """An empty element that a path finds by `name`: where XML has no such name, an entry that bears it."""
    return Field(name) if _XML_NAME.fullmatch(name) else Field("entry", attributes=(("name", name),))


# ------------------------------------------------------------------------------------------------- choosing the value


def _value(profile: CampaignProfile, field: ShownField) -> str:
    """The first plausible value that fits every question that it fills in; if none does, what name and format suggest."""
    filled = [one for one in profile.questions if one.default_from and paths.same(one.default_from, field.path)]
    plausible = _plausible(field, profile.region)
    candidates = [*_compared(profile, field.path), plausible, *(text for one in filled for text in _answers(one, plausible))]
    return next((text for text in candidates if all(_fits(text, one) for one in filled)), plausible)


def _plausible(field: ShownField, region: str) -> str:
    name = paths.label(field.path)
    glued = plain("".join(name.split()))
    spoken = words(name)
    apart = {plain(word) for word in spoken.split()}

    def bears(*wanted: str) -> bool:
        return any(one in apart or one == glued or (len(one) > 3 and glued.endswith(one)) for one in wanted)

    by_name = next((text for wanted, text in _EXAMPLES if bears(*wanted)), f"Example {spoken.lower()}".strip())
    match field.format:
        case "phone":
            return _phone(region)
        case "date":
            return by_name if _DATE.fullmatch(by_name) else _CAME
        case "money":
            return "49.00"
        case "link":
            return "https://www.example.com/"
    return _phone(region) if glued in _PHONES or apart & (_PHONES - {"number"}) else by_name


def _compared(profile: CampaignProfile, path: str) -> Iterator[str]:
    """Values for which the conditions of the profile hold that compare this field, so that all of it can be seen."""
    written = [one.show_if for one in profile.fields] + [one.show_if for one in profile.script]
    written += [one.required_if for one in profile.questions]
    for condition in filter(None, written):
        for clause in conditions.parse(condition).clauses:
            if not clause.value or not paths.same(clause.name, path):
                continue
            if clause.sign in {"=", "<=", ">="}:
                yield clause.value
            elif clause.sign in {"<", ">"}:
                with contextlib.suppress(ArithmeticError):  # compared with a word, or with a number beyond all numbers
                    yield str(Decimal(clause.value) + (1 if clause.sign == ">" else -1))


def _answers(question: Question, plausible: str) -> tuple[str, ...]:
    """Entries of which one should be a right answer."""
    match question.type:
        case "choice" | "choices":
            return question.choices[:1]
        case "yes_no":
            return ("yes",)
        case "rating":
            return (str(questions.best(question)),)
        case "date":
            return (_COMES,)
        case "number":
            bounds = [bound for bound in (question.min, question.max) if bound is not None]
            whole = (str(rounded(bound)) for bound in bounds for rounded in (math.ceil, math.floor))
            return ("3", *whole, *(f"{Decimal(repr(bound)):f}" for bound in bounds))
    return (plausible[: int(question.max or len(plausible))].strip(),)


def _fits(text: str, question: Question) -> bool:
    entry = text[: len(_CAME)] if question.type == "date" else text  # as questions.defaults does
    return bool(entry) and not questions.problem(question, entry, _TODAY)


def _phone(region: str) -> str:
    number = phonenumbers.example_number(region)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else "+12025550143"
