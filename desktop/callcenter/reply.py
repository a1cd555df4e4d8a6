"""An answer's bytes -> a Call, nothing, or a failure. Strict about XML and SOAP, tolerant of everything inside a CallType.

This module must not guess: what is not a SOAP answer of the function that was asked is AnswerNotUnderstood, because a proxy's
page says nothing about whether the service did what it was asked. It opens no connection, resolves no entity, and lets the API
key into no text.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from lxml import etree

from desktop.callcenter.model import Call, Field, plain, sendable
from desktop.errors import AlreadyStored, AnswerNotUnderstood, CampaignNotRunning, NotLoggedIn, Refused

DEEPEST = 256
"""Elements inside one another, the Envelope included. Deeper is no CallType but an attack on whoever walks it."""
LONGEST_REASON = 500
"""Characters of the service's own words that are passed on."""
_LONGEST_QUOTE = 80
"""Characters of a foreign answer (a page's title, its first words) that are passed on."""
_SHORTEST_LEAK = 6
"""So many characters of the API key in a row are hidden wherever they turn up; fewer are no help to anybody."""

_ENVELOPES = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status, the bytes, and the charset that HTTP said they are in (the XML's own word comes first)."""

    status: int
    content: bytes
    charset: str = ""


def read(answer: Answer, expected: Collection[str], *, gives_call: bool = False, secret: str = "") -> Call | None:
    """The Call that `answer` carries if `gives_call`, else None: the service has done what it was asked.

    `expected` are the local names that the first element of the SOAP Body may have; empty if the contract promises none.
    `secret` is kept out of every reason.

    Raises Refused, or one of the three that it has below it, for a SOAP Fault, whatever HTTP status it came with, and
    AnswerNotUnderstood for everything else that is not the answer of this service to this question.
    """
    first = _first_element(answer, expected, secret, may_be_empty=not gives_call)
    if not gives_call:
        return None
    call = None if first is None else _call(_field(first, answer.status))
    if call is None:
        raise AnswerNotUnderstood(f"HTTP {answer.status} with a call that has no id")
    return call


def content(answer: Answer, expected: Collection[str], *, secret: str = "") -> tuple[Field, ...]:
    """What `answer` carries of a function about which nothing is known beforehand; nothing if it returns nothing.

    The wrappers around it are left out: the first element of the SOAP Body, and inside of it a single element that only holds
    others. `expected` and `secret` are as in `read`, and so is what is raised.
    """
    first = _first_element(answer, expected, secret, may_be_empty=True)
    if first is None:
        return ()
    wrapper = _field(first, answer.status)
    if not wrapper.children and wrapper.text.strip():
        fields: tuple[Field, ...] = (wrapper,)
    else:
        fields = _inside(wrapper)
        if len(fields) == 1 and fields[0].children:
            fields = _inside(fields[0])
        elif len(fields) == 1 and not fields[0].text.strip() and not fields[0].attributes:
            fields = ()
    forms = sorted(_forms(secret), key=len, reverse=True) if len(secret) >= _SHORTEST_LEAK else []
    return tuple(_clean(one, forms) for one in fields)


def _inside(one: Field) -> tuple[Field, ...]:
    return (*(Field(name, value) for name, value in one.attributes), *one.children)


def _clean(one: Field, forms: Collection[str]) -> Field:
    """`one` without the secret as a whole. Parts of it stay: whoever asked wants the data as they are."""

    def clean(text: str) -> str:
        for form in forms:
            text = text.replace(form, "[key]")
        return text

    attributes = tuple((name, clean(value)) for name, value in one.attributes)
    return Field(one.name, clean(one.text), attributes, tuple(_clean(child, forms) for child in one.children))


def _first_element(answer: Answer, expected: Collection[str], secret: str, *, may_be_empty: bool) -> etree._Element | None:
    """The first element of the answer's Body, if the answer is one of this function; None if it is empty and may be."""
    status = answer.status
    if not expected and may_be_empty and status in {200, 202, 204} and not answer.content:
        return None  # a one-way function: there is nothing that could come
    body = _soap_body(answer, secret)
    first = next(_elements(body), None)
    if first is not None and first.tag == f"{{{etree.QName(body).namespace}}}Fault":
        raise _refusal(first, secret)
    if not 200 <= status < 300:
        raise AnswerNotUnderstood(f"HTTP {status} with a SOAP answer that is no Fault")
    name = "" if first is None else _local(first)
    if expected and name not in expected:
        found = f"the element {told(name, secret, _LONGEST_QUOTE)!r}" if name else "an empty SOAP Body"
        raise AnswerNotUnderstood(f"HTTP {status} with {found} where {' or '.join(sorted(expected))} was expected")
    return first


def told(text: str, secret: str = "", longest: int = LONGEST_REASON) -> str:
    """Foreign text made fit to be shown and logged: one line, no control characters, no part of `secret`, not too long."""
    text = _one_line(_without(text[: 20 * longest], secret))
    text = _without(text, secret)  # a line break may have hidden it
    return text if len(text) <= longest else text[: longest - 1] + "\u2026"


def in_words(answer: bytes, secret: str = "") -> str:
    """What `answer` is, for somebody who expected XML of the call center."""
    if not answer.strip():
        return "an empty answer"
    text = answer[:65536].decode("utf-8", errors="replace")
    if re.search(r"<(!doctype\s+)?html", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
        words = told(html.unescape(title[1]), secret, _LONGEST_QUOTE) if title else ""
        return f'a web page titled "{words}"' if words else "a web page"
    if b"\0" in answer[:4096] or text.count("\ufffd") > len(text) / 10:
        return f"{len(answer)} bytes of binary data"
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return "XML that is cut off or broken"
    return f'a text that begins with "{told(text[:400], secret, _LONGEST_QUOTE)}"'


def parsed(document: bytes, charset: str = "") -> etree._Element | None:
    """The root of well-formed XML without a DOCTYPE, else None."""
    declared = (
        document.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or b"encoding=" in document[:200].partition(b"?>")[0]
    )
    for encoding in [None] if declared or not charset else [charset, None]:
        try:
            parser = etree.XMLParser(
                encoding=encoding,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
                recover=False,
                remove_comments=True,  # so that a text they stand in stays one text
                remove_pis=True,
            )
            root = etree.fromstring(document, parser)
        except (etree.LxmlError, LookupError, ValueError):  # LookupError: an encoding that nobody knows
            continue
        return None if root.getroottree().docinfo.internalDTD is not None else root
    return None


# ------------------------------------------------------------------------------------------------------------ the Envelope


def _soap_body(answer: Answer, secret: str) -> etree._Element:
    root = parsed(answer.content, answer.charset)
    came = f"HTTP {answer.status} with"
    if root is None or _local(root).lower() == "html":
        raise AnswerNotUnderstood(f"{came} {in_words(answer.content, secret)}")
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in _ENVELOPES:
        raise AnswerNotUnderstood(f"{came} XML of another kind: {told(name.localname, secret, _LONGEST_QUOTE)}")
    body = root.find(f"{{{name.namespace}}}Body")
    if body is None:
        raise AnswerNotUnderstood(f"{came} a SOAP Envelope that has no Body")
    return body


def _elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (child for child in parent if isinstance(child.tag, str))


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


# ------------------------------------------------------------------------------------------------------------ the CallType


def _field(root: etree._Element, status: int) -> Field:
    """`root` and all inside it. Built without recursion, so that depth cannot hurt."""
    depth = 2  # the Envelope and its Body
    levels: list[list[Field]] = [[]]
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            depth += 1
            if depth > DEEPEST:
                raise AnswerNotUnderstood(f"HTTP {status} with elements nested more than {DEEPEST} deep")
            levels.append([])
            continue
        depth -= 1
        children = tuple(levels.pop())
        levels[-1].append(Field(_local(element), _text(element, bool(children)), _attributes(element), children))
    return levels[0][0]


def _text(element: etree._Element, has_children: bool) -> str:  # noqa: FBT001 - one private caller
    """A leaf's text untouched; between children only what is more than the white space of the layout."""
    if not has_children:
        return element.text or ""
    pieces = [element.text, *(child.tail for child in element)]
    return " ".join(piece.strip() for piece in pieces if piece and piece.strip())


def _attributes(element: etree._Element) -> tuple[tuple[str, str], ...]:
    """Local names and values. What XML Schema itself adds (xsi:nil, xsi:type) is about the wire, not about the call: left out."""
    names = ((etree.QName(str(name)), str(value)) for name, value in element.attrib.items())
    return tuple((name.localname, value) for name, value in names if name.namespace != _INSTANCE)


def _call(wrapper: Field) -> Call | None:
    """The first CallType on the way in: the wrapper itself, or its only child that has content of its own, and so on."""
    one = wrapper
    while True:
        if found := _id(one):
            # The CallType's own attributes are part of the call as well, and a Call has no other place for them.
            return Call(found, (*(Field(name, value) for name, value in one.attributes), *one.children))
        inner = [child for child in one.children if child.children or child.attributes]
        if len(inner) != 1:
            return None
        one = inner[0]


def _id(one: Field) -> str:
    """The id of a CallType: the element `id`, else `callId`, else the attribute `id` (api-facts.md: only it is certain)."""
    for wanted in ("id", "callid"):
        for child in one.children:
            if plain(child.name) == wanted and child.text.strip():
                return child.text.strip()
    return next((value.strip() for name, value in one.attributes if plain(name) == "id"), "")


# --------------------------------------------------------------------------------------------------------------- the Fault

_WHO = (
    r"(?:agent|agents phone|you|phone)"
    r"(?: (?:id|number|session|phone|line|with|the|is|are|was|were|has|have|been|re|[a-z]|\w*\d\w*))*"
)
_NOT_LOGGED_IN = [
    re.compile(pattern)
    for pattern in (
        # "agent 12 is not logged in", "AgentNotLoggedIn", "NOT_LOGGED_ON", "you are no longer signed in"
        r"\b(?:not|no longer|isn t|aren t|never)(?: yet| currently)? (?:logged|signed) ?(?:in|on)\b",
        r"\bno (?:such )?agent (?:is )?(?:currently )?(?:logged|signed) ?(?:in|on)\b",
        r"\bmust (?:first )?(?:be logged in|log ?in)\b",
        # "the agent has been logged off", "AgentLoggedOut"
        rf"\b{_WHO} (?:already |automatically )?(?:logged|signed) ?(?:off|out)\b",
        # "agent 12 was kicked", "AgentKickedFault"
        rf"\b{_WHO} (?:already )?kicked\b",
        # "the agent hung up", "AGENT_HUNGUP"; a caller who hung up is another matter
        rf"\b{_WHO} (?:already )?(?:hung ?up|disconnected)\b",
        # "agent 12 is not connected"; not connected *to a call* is another matter
        rf"\b{_WHO} (?:not|no longer|isn t|aren t)(?: yet| currently)? connected\b"
        r"(?! (?:to|with) (?:a|an|any|the|this|that|call|caller|\d))",
        rf"\b{_WHO} (?:expired|ended)\b",
    )
]
"""How a service says that the agent is not logged in. Nobody here has seen the real one's words (api-facts.md), so: few patterns,
each about the agent. A miss shows the service's own words as a refusal; a false hit would end a shift that is alive."""

_ALREADY_STORED = [
    re.compile(pattern)
    for pattern in (
        # "response already stored", "AlreadyStoredFault", "this call has already been answered", "agent 12 already submitted it";
        # a number, a key or a campaign that is known already, and a call that somebody else took, are other matters
        r"^(?!.*\b(?:number|key|phone|campaign)(?: (?:is|was|has|been|\w*\d\w*))* already\b)"
        r".*(?<!\bnot )\balready (?:been )?(?:stored|saved|recorded|submitted|answered(?! by))\b",
        # "the response was stored already"
        r"\bresponse (?:is |was |has been )?(?:stored|saved|recorded|submitted) already\b",
        # "DuplicateResponse", "DUPLICATE_AGENT_RESPONSE"
        r"\bduplicate (?:agent )?(?:response|disposition)\b",
        # "a response for this call already exists", "the call already has a response"
        r"\b(?:response|disposition) (?:(?:for|to|of) (?:this |the )?call (?:\w*\d\w* )?)?already exists\b",
        r"\bcall (?:\w*\d\w* )?already has a (?:response|disposition)\b",
    )
]
"""How a service says that this call has its response already; nobody here has seen the real one's words for this either. A miss
leaves a response that is stored among the unsettled ones; a false hit would call one stored that nobody has."""

_CAMPAIGN = r"campaign(?: (?:id|number|with|the|is|was|has|been|currently|already|\w*\d\w*))*"
_NOT_RUNNING = [
    re.compile(pattern)
    for pattern in (
        # "Campaign 1001 is not running.", "CampaignNotRunning", "CAMPAIGN_NOT_STARTED", "the campaign is not active yet"
        rf"\b{_CAMPAIGN} (?:not|no longer|isn t|never)(?: yet| currently| been)? (?:running|started|active|dialing|dialling)\b",
        # "campaign 1001 has been stopped", "CampaignPausedFault", "the campaign has ended", "campaign is inactive"
        rf"\b{_CAMPAIGN} (?:stopped|paused|suspended|finished|ended|completed|inactive)\b",
        # "there is no running campaign"
        r"\bno (?:running|active) campaign\b",
    )
]
"""How a service says that the campaign is not running. Guesses, too, but for the first. After a miss, the service's own words
are told all the same, as a refusal; they are told after a false hit as well."""


def _refusal(fault: etree._Element, secret: str) -> Refused:
    """What a Fault of SOAP 1.1 (faultcode, faultstring, detail) or 1.2 (Code, Reason, Detail) says, by its class."""
    parts = {_local(child): child for child in reversed(list(_elements(fault)))}
    reason = _reason(parts)
    codes = [_all_text(parts[name]) for name in ("faultcode", "Code") if name in parts]
    details = [parts[name] for name in ("detail", "Detail") if name in parts]
    names = [_local(element) for detail in details for element in detail.iterdescendants() if isinstance(element.tag, str)]
    detail = next(filter(None, map(_all_text, details)), "")
    words = told(reason or detail or " ".join(codes), secret)
    sayings = [_words(saying) for saying in [*codes, reason, detail, *names]]
    if _any_says(sayings, _ALREADY_STORED):
        # Before NotLoggedIn: the answer to the next question says that again, while nothing says this again.
        return AlreadyStored(words)
    if _any_says(sayings, _NOT_LOGGED_IN):
        # Before the campaign: "agent 12 is not logged in: the campaign has ended" is the end of the shift.
        return NotLoggedIn(words)
    return CampaignNotRunning(words) if _any_says(sayings, _NOT_RUNNING) else Refused(words)


def _any_says(sayings: Collection[str], patterns: Collection[re.Pattern[str]]) -> bool:
    return any(pattern.search(saying) for saying in sayings for pattern in patterns)


def _reason(parts: dict[str, etree._Element]) -> str:
    if "faultstring" in parts:
        return _all_text(parts["faultstring"])
    if "Reason" not in parts:
        return ""
    texts = list(_elements(parts["Reason"]))
    english = [one for one in texts if one.get("{http://www.w3.org/XML/1998/namespace}lang", "").startswith("en")]
    return next(filter(None, map(_all_text, [*english, *texts])), "")


def _all_text(element: etree._Element) -> str:
    return " ".join(piece.strip() for piece in map(str, element.itertext()) if piece.strip())


def _words(text: str) -> str:
    """`AgentNotLoggedIn`, `AGENT_NOT_LOGGED_IN` and "Agent not logged in!" are one: words in lower case, one space between."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text[:2000])
    return " ".join(re.findall(r"[a-z0-9]+", split.lower()))


# -------------------------------------------------------------------------------------------------------------- foreign text


def _one_line(text: str) -> str:
    """White space and control characters become one space; what turns the writing direction (and could disguise a text) goes."""
    shown = (" " if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} else one for one in text if one not in _TURNS)
    return " ".join("".join(shown).split())


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _without(text: str, secret: str) -> str:
    """`text` with every part of `secret` replaced, also where it is cut or written as XML and URLs write it."""
    if not secret:
        return text
    length = min(_SHORTEST_LEAK, len(secret))
    pieces = {form[at : at + length] for form in _forms(secret) for at in range(len(form) - length + 1)}
    low = text.lower()
    if len(low) != len(text):  # a character that has no lower case of one character
        low = text
    hidden = bytearray(len(text))
    for at in range(len(text) - length + 1):
        if low[at : at + length] in pieces or text[at : at + length] in pieces:
            hidden[at : at + length] = b"\1" * length
    runs = re.finditer(rb"\x00+|\x01+", bytes(hidden))
    return "".join("[key]" if run[0][0] else text[run.start() : run.end()] for run in runs)


def _forms(secret: str) -> set[str]:
    bare = {secret, sendable(secret), " ".join(secret.split())}
    written = bare | {html.escape(one, quote=False) for one in bare} | {html.escape(one) for one in bare}
    written |= {one.replace("&#x27;", "&apos;").replace("&#x27;", "&#39;") for one in written} | {quote(one) for one in bare}
    return written | {one.lower() for one in written}
