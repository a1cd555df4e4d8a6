"""A profile is whole and right, or one sentence says what is wrong: the file, the place in it, what was found, what is wanted."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from desktop.errors import ProfileError
from desktop.popup import profile as names
from desktop.popup.profile import CampaignProfile, Table
from desktop.popup.profile_file import find, load, read, summary
from desktop.resources import RESOURCES

SHIPPED = sorted((RESOURCES / "profiles").glob("*.toml"))
GOOD = {file.stem: file.read_bytes() for file in SHIPPED}


def wrong(text: str) -> str:
    """What is said of a profile, without the file's name."""
    with pytest.raises(ProfileError) as caught:
        read(text.encode(), "x.toml")
    reason = caught.value.reason
    assert is_a_sentence(reason, "x.toml")
    return reason.removeprefix("x.toml: ")


def is_a_sentence(text: str, file: str) -> bool:
    """One line that can be read, which begins with the file and ends with a full stop. msgspec's own words are not for people."""
    foreign = ("Expected ", "Object ", "Traceback", "NoneType", "struct")
    return (
        text.startswith(f"{file}: ")
        and text.endswith(".")
        and not text.endswith("..")
        and text.isprintable()
        and len(text) < len(file) + 400
        and not any(one in text.removeprefix(file) for one in foreign)
    )


# ------------------------------------------------------------------------------------------------------------ the good


def test_three_profiles_are_shipped():
    assert set(GOOD) == {"outbound-sales", "survey", "appointment-reminder"}


@pytest.mark.parametrize("name", GOOD)
def test_a_shipped_profile_is_right(name: str):
    assert load(RESOURCES / "profiles" / f"{name}.toml").name


def test_the_empty_profile_is_todays_popup():
    empty = read(b"", "x.toml")
    assert empty == CampaignProfile()
    assert (empty.fields, empty.script, empty.questions, empty.dispositions) == ((), (), (), ())
    assert (empty.screen_pop, empty.clipboard, empty.program, empty.webhook) == (None, None, None, None)
    assert empty.limits.notes is empty.limits.disposition is None
    assert empty.wrap_up.undo_seconds == 0


def test_all_that_reaches_out_is_off_unless_the_lead_says_when():
    profile = read(
        b"""
        [[field]]
        path = "phonenumber"
        [screen_pop]
        url = "https://crm.example/{phonenumber}"
        hosts = ["crm.example"]
        [clipboard]
        fields = ["phonenumber"]
        [program]
        command = ["/usr/bin/crm", "{phonenumber}"]
        [webhook]
        address = "https://hooks.example/"
        secret = "hooks"
        """,
        "x.toml",
    )
    assert profile.screen_pop is not None
    assert profile.clipboard is not None
    assert profile.program is not None
    assert profile.webhook is not None
    assert {profile.screen_pop.when, profile.clipboard.when, profile.program.when} == {"never"}
    assert (profile.webhook.on, profile.webhook.personal) == ((), False)


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfname = 'x'", b"name = 'x'\r\n", "name = 'Zoë 🌻'".encode()], ids=["a mark", "Windows", "any script"]
)
def test_what_text_editors_do_to_a_file(data: bytes):
    assert read(data, "x.toml").name


def test_a_profile_in_one_line():
    assert summary(read(GOOD["survey"], "x")) == (
        "Harbour Street survey (campaign 2): 6 fields, 6 parts of the script, 7 questions, 6 dispositions"
    )
    assert summary(CampaignProfile()).startswith("a profile without a name: 0 fields")


def test_every_name_has_a_meaning():
    tables = [one for one in vars(names).values() if isinstance(one, type) and issubclass(one, Table) and one is not Table]
    assert len(tables) == 12
    for table in tables:
        assert table.__doc__
        for field in msgspec.inspect.type_info(table).fields:
            assert (field.type.extra_json_schema or {}).get("description"), f"{table.__name__}.{field.encode_name}"


# ------------------------------------------------------------------------------------------------------ the sentences


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nam = 'x'", "nam: there is no such name (did you mean name?)."),
        ("[wrapup]", "wrapup: there is no such name (did you mean wrap_up?)."),
        ("[[question]]\nid='a'\nmaks=3", "question[1].maks: there is no such name (did you mean max?)."),
        ("[[question]]\nid='a'\n[[question]]\nid='b'\nmax='3'", 'question[2].max: found the text "3", wanted is a number from'),
        ("[[question]]\nlabel='a'", 'question[1].id: it is missing; wanted is a text in quotes, such as "interested".'),
        ("[[question]]\nid='A b'", 'question[1].id: found the text "A b", wanted is a text in quotes, such as "interested".'),
        (
            "[[question]]\nid='a'\ntype='rate'",
            'question[1].type: found the text "rate", wanted is one of "choice", "choices", "date",',
        ),
        ("[[question]]\nid='a'\nrequired='yes'", 'required: found the text "yes", wanted is true or false, without quotes.'),
        ("[[question]]\nid='a'\nrequired=1", "required: found the number 1, wanted is true or false"),
        (
            "question = 3",
            "question: found the number 3, wanted is at most 300 tables, each begun",
        ),
        (
            "[question]\nid='a'",
            "question: found a table, wanted is at most 300 tables, each begun",
        ),
        ("[[question]]\nid='a'\n" * 301, "question: found a list, wanted is at most 300 tables"),
        ("[[field]]\npath=''", 'field[1].path: found the text "", wanted is a text that is not empty.'),
        ("[webhook]\naddress='" + "x" * 3000 + "'\nsecret='x'", '…", wanted is a text of at most 2,000 characters.'),
        ("limits = 3", "limits: found the number 3, wanted is a table, such as [limits]."),
        ("campaigns = ['1']", 'campaigns[1]: found the text "1", wanted is a whole number, 0 or more.'),
        (
            "campaigns = 1",
            "campaigns: found the number 1, wanted is a list in brackets, of which each is a whole number, 0 or more.",
        ),
        ("[wrap_up]\nundo_seconds = 99", "wrap_up.undo_seconds: found the number 99, wanted is a whole number from 0 to 20."),
        ("[wrap_up]\nundo_seconds = " + "9" * 30, "found the number of many digits, wanted is"),
        ("name = 2025-01-02", "name: found the date 2025-01-02, wanted is a text in quotes."),
        (
            "[[calling_hours]]\nearliest = 08:00:00\nlatest = '9:00'",
            'found the time 08:00:00, wanted is a text in quotes, such as "8:00".',
        ),
        ("[[disposition]]\nname='a'\ndigit=0", "disposition[1].digit: found the number 0, wanted is a whole number from 1 to 9."),
        ("[webhook]\naddress='https://x/'", "webhook.secret: it is missing; wanted is a text in quotes."),
        ("name = ", "end of document: this is not TOML: invalid value."),
        ("a = 1\nname 'x'", "line 2"),
        ("[limits", "this is not TOML"),
        ("name = 'a'\nname = 'b'", "this is not TOML"),
        ("a = " + "9" * 5000, "a number or a date in it is impossible."),
        ("a = 2025-02-31", "this is not TOML"),
        ("a = " + "[" * 5000, "it is nested too deeply."),
        ('"we`ird\\n name" = 1', "there is no such name"),
        ('"a` - at `$.question[0]" = 1', "there is no such name"),
    ],
)
def test_what_is_wrong_with_a_name_or_a_value(text: str, said: str):
    assert said in wrong(text)


FIELD = "[[field]]\npath='phonenumber'\n"
QUESTION = "[[question]]\nid='interested'\ntype='yes_no'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region='XX'", "region: XX is no country"),
        ("campaigns=[1,1]", "campaigns: found 1 a second time"),
        ("[[field]]\npath='a//b'", "field[1].path: '' is no name of a field"),
        ("[[field]]\npath='a[0]'", "field[1].path: 'a[0]' is no name of a field"),
        ("[[field]]\npath='@on'", "field[1].path: '@on' is an attribute"),
        ("[[field]]\npath='a/@on/b'", "field[1].path: '@on' is an attribute"),
        (FIELD + "[[field]]\npath='Phone_Number'", "field[2].path: Phone_Number is listed twice, first as field[1]."),
        (FIELD + "hidden=true\nlabel='x'", "field[1].hidden: a hidden field is never shown"),
        (
            FIELD + "show_if='fonenumber = 3'",
            "field[1].show_if: fonenumber is no question and no listed field (did you mean phonenumber?).",
        ),
        ("[[script]]\ntext='Hello {firstname}'", "script[1].text: firstname is no question and no listed field"),
        (FIELD + "[[script]]\ntext='{phonenumbr}'", "(did you mean phonenumber?)."),
        ("[[script]]\ntext='Hello {caller'", "script[1].text: a single { is no placeholder; write {{"),
        ("[[script]]\ntext='Hello caller}'", "script[1].text: a single } is no placeholder"),
        ("[[script]]\ntext='Hello {}'", "script[1].text: a placeholder needs a name"),
        (
            QUESTION + "[[script]]\ntext='x'\nshow_if='interested = yess'",
            "script[1].show_if: yess is no answer to interested (did you mean yes?).",
        ),
        (
            QUESTION + "[[script]]\ntext='x'\nshow_if='interested == yes'",
            "script[1].show_if: 'interested == yes' is no comparison",
        ),
        (QUESTION + "[[script]]\ntext='x'\nshow_if='interested and caller or number'", "'and' and 'or' cannot be mixed"),
        (QUESTION + QUESTION, "question[2].id: found interested a second time"),
        ("[[question]]\nid='notes'", "question[1].id: notes has a meaning of its own"),
        ("[[question]]\nid='a'\ntype='choice'", "question[1].choices: found 0, wanted are two or more"),
        ("[[question]]\nid='a'\nchoices=['x','y']", "question[1].choices: a question of type text has no choices"),
        ("[[question]]\nid='a'\ntype='choice'\nchoices=['x','X']", "question[1].choices: found X a second time"),
        ("[[question]]\nid='a'\ntype='choices'\nchoices=['x; y','z']", '"x; y" has a semicolon'),
        ("[[question]]\nid='a'\ntype='number'\nmin=9\nmax=2", "question[1].max: found 2, wanted is 9, the min, or more."),
        ("[[question]]\nid='a'\ntype='date'\nmax=2", "question[1].max: a question of type date has no largest number."),
        ("[[question]]\nid='a'\ntype='rating'\nmin=2", "question[1].min: a question of type rating has no smallest number."),
        ("[[question]]\nid='a'\ntype='rating'\nmax=50", "wanted is a whole number from 2 to 10"),
        ("[[question]]\nid='a'\nmax=0.5", "wanted is a whole number of characters"),
        ("[[question]]\nid='a'\ndecimals=2", "question[1].decimals: a question of type text has no decimals."),
        ("[[question]]\nid='a'\ntype='number'\nmin=nan", "question[1].min: found the number nan"),
        (
            "[[question]]\nid='a'\nrequired=true\nrequired_if='caller'",
            "question[1].required_if: the question is required in any case",
        ),
        ("[[question]]\nid='a'\nrequired_if='a = 1'", "question[1].required_if: a question cannot depend on its own answer."),
        ("[[question]]\nid='a'\nrequired_if='interestd = yes'\n" + QUESTION, "(did you mean interested?)."),
        (
            FIELD + "[[question]]\nid='a'\ndefault_from='phone'",
            "question[1].default_from: phone is no listed field (did you mean phonenumber?).",
        ),
        ("[[disposition]]\nname='a'\n[[disposition]]\nname='A'", "disposition[2].name: found A a second time"),
        ("[[disposition]]\nname='a'\ndigit=3\n[[disposition]]\nname='b'\ndigit=3", "disposition[2].digit: found 3 a second time"),
        ("[[disposition]]\nname='a'\nneeds=['x']", "disposition[1].needs: there is no question x (there are none)."),
        ("[[disposition]]\nname=' a'", 'disposition[1].name: "a" has a line break or blanks that nobody sees.'),
        (
            "[limits]\ndisposition=3\n[[disposition]]\nname='abcd'",
            "disposition[1].name: it has 4 characters, wanted are at most 3",
        ),
        ("[[disposition]]\nname='a'\nfor_logoff=true\ncallback=true", "disposition[1].for_logoff: what is chosen by itself"),
        ("[[disposition]]\nname='a'\nfor_logoff=true\n[[disposition]]\nname='b'\nfor_logoff=true", "disposition[2].for_logoff"),
        ("[[calling_hours]]\nearliest='8'\nlatest='21:00'", 'calling_hours[1].earliest: found "8", wanted is a time of day'),
        ("[[calling_hours]]\nearliest='8:00'\nlatest='24:01'", 'calling_hours[1].latest: found "24:01"'),
        (
            "[[calling_hours]]\nearliest='21:00'\nlatest='8:00'",
            "calling_hours[1].latest: found 8:00, wanted is a time after 21:00",
        ),
        ("[[calling_hours]]\nearliest='8:00'\nlatest='9:00'\ndays=[]", "calling_hours[1].days: found an empty list"),
        (
            "[wrap_up]\ngoal_seconds=90\nlimit_seconds=30",
            "wrap_up.goal_seconds: found 90, wanted is at most the limit_seconds, 30.",
        ),
        (FIELD + "[clipboard]\nfields=['phone']", "clipboard.fields: phone is no listed field (did you mean phonenumber?)."),
    ],
)
def test_what_does_not_fit_together(text: str, said: str):
    assert said in wrong(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://{caller}/",
        "https://crm.example{caller}/",
        "https://crm.example:{caller}/",
        "https://crm.example@evil.example/",
        "https://user:word@crm.example/",
        "https://evil.example/",
        "https://crm.example.evil.example/",
        "https://crm.example:99/",
        "https://crm.example /",
        "https://crm.example\\\\@evil.example/",
        "https://[::1/",
        "{caller}",
        " https://crm.example/",
        "//crm.example/",
        "https:///x",
    ],
)
def test_no_other_page_is_ever_opened(url: str):
    assert "screen_pop.url" in wrong(f'[screen_pop]\nurl="{url}"\nhosts=["crm.example"]')


@pytest.mark.parametrize("address", ["http://x.example/", "https://x.example/{call_id}", "https://a@x.example/", "https://x y/"])
def test_only_an_https_address_is_told_of_calls(address: str):
    assert "webhook.address" in wrong(f'[webhook]\naddress="{address}"\nsecret="x"')


@pytest.mark.parametrize(
    "command",
    [
        "[]",
        "['crm.exe']",
        "['{caller}']",
        "['/bin/sh', '-c', 'rm']",
        "['/usr/bin/env', 'sh']",
        "['C:\\Windows\\System32\\cmd.exe', '/c']",
        "['C:\\Windows\\System32\\CMD.EXE ', '/c']",
        "['C:\\x\\powershell.exe']",
        "['C:\\x\\start.bat']",
        "['C:\\x\\start.cmd. ']",
        "['\\\\server\\share\\crm.exe']",
        "['C:crm.exe']",
        "['/usr/bin/crm', '{nobody}']",
        "['/usr/bin/crm', '{']",
        '["/usr/bin/crm\\u0000"]',
    ],
)
def test_no_shell_is_ever_started(command: str):
    assert "program.command" in wrong(f"[program]\ncommand={command}")


@pytest.mark.parametrize("command", ["['C:\\Program Files\\CRM\\crm.exe', '--call={call_id}']", "['/opt/crm', '{number}']"])
def test_a_program_is_named_by_its_full_path(command: str):
    assert read(f"[program]\ncommand={command}".encode(), "x").program


# --------------------------------------------------------------------------------------------------------- the files


def test_a_file_that_cannot_be_read(tmp_path: Path):
    for file in (tmp_path / "nothing.toml", tmp_path, Path("\0")):
        with pytest.raises(ProfileError):
            load(file)
    with pytest.raises(ProfileError, match="UTF-8"):
        read("name = 'x'".encode("utf-16"), "x.toml")
    with pytest.raises(ProfileError, match="1,000,000 bytes"):
        read(b"#" * 2_000_000, "x.toml")


def test_the_profile_of_a_campaign(tmp_path: Path):
    assert find(tmp_path / "nowhere", 1) is None
    (tmp_path / "a.toml").write_text("campaigns = [1, 2]")
    (tmp_path / "b.toml").write_text("campaigns = [3]\nquestion = 'not right, but found'")
    assert find(tmp_path, 1) == find(tmp_path, 2) == tmp_path / "a.toml"
    assert find(tmp_path, 3) == tmp_path / "b.toml"
    assert find(tmp_path, 4) is None
    (tmp_path / "4.toml").write_text("")
    (tmp_path / "2.toml").write_text("")
    assert find(tmp_path, 4) == tmp_path / "4.toml"
    assert find(tmp_path, 2) == tmp_path / "2.toml"


def test_two_profiles_of_one_campaign_are_one_too_many(tmp_path: Path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text("campaigns = [1]")
    with pytest.raises(ProfileError, match=r"b\.toml"):
        find(tmp_path, 1)


def test_a_broken_file_may_be_the_one_that_is_looked_for(tmp_path: Path):
    (tmp_path / "a.toml").write_text("campaigns = [1")
    with pytest.raises(ProfileError, match=r"a\.toml"):
        find(tmp_path, 1)
    (tmp_path / "b.toml").write_text("campaigns = [1]")
    assert find(tmp_path, 1) == tmp_path / "b.toml"


# ------------------------------------------------------------------------------------------- three hundred broken ones

VALUES: list[Any] = [
    *("", "x", "x" * 5000, "{", "}{", "{nobody}", "\x00", "🌻", "https://", "a/b/c", "interested = ", "=", "a[99999]", " "),
    *(0, -1, 3, 10**9, 10**30, 1.5, float("nan"), float("inf"), -1e300, True, False),
    *([], [[]], [1], ["x"], [{}], {}, {"x": {}}, {"path": "x"}),
]


def _places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index of a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inside for place in [(*above, key), *_places(one, (*above, key))]]


def _mutated_document(data: bytes, dice: random.Random) -> bytes:

    document = tomllib.loads(data.decode())
    for _ in range(dice.choice([1, 1, 2, 5])):
        *above, key = dice.choice(_places(document))
        holder: Any = document
        for step in above:
            holder = holder[step]
        match dice.choice(["delete", "rename", "retype", "double"]):
            case "delete":
                del holder[key]
            case "rename" if isinstance(holder, dict):
                letters = list(key)
                letters.insert(dice.randrange(len(letters) + 1), dice.choice("aeiou_` \n$.🌻"))
                holder["".join(letters)] = holder.pop(key)
            case "double" if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                holder[key] = dice.choice(VALUES)
        if not _places(document):
            break
    return tomli_w.dumps(document).encode()


def _mutated_bytes(data: bytes, dice: random.Random) -> bytes:
    match dice.choice(["cut", "cut", "flip", "lines", "binary", "insert"]):
        case "cut":
            return data[: dice.randrange(len(data))]
        case "flip":
            changed = bytearray(data)
            for _ in range(dice.choice([1, 3, 30])):
                changed[dice.randrange(len(changed))] = dice.randrange(256)
            return bytes(changed)
        case "lines":
            lines = data.splitlines(keepends=True)
            dice.shuffle(lines)
            return b"".join(lines)
        case "binary":
            return dice.randbytes(dice.randrange(3000))
    at = dice.randrange(len(data))
    extra = dice.choice([b'"', b"[", b"]]", b"=", b"\n\n[[question]]\n", b"'''", b"\x00", b"9" * 5000, b"{" * 3000, b"\\u"])
    return data[:at] + extra + data[at:]


def malformed(seed: int) -> bytes:
    dice = random.Random(seed)
    data = dice.choice(list(GOOD.values()))
    return (_mutated_document if seed % 3 else _mutated_bytes)(data, dice)


@pytest.mark.parametrize("seed", range(300))
def test_a_malformed_profile_is_answered_with_one_sentence(seed: int):
    said, profile = attempt(malformed(seed), "x.toml")
    if profile is None:
        assert is_a_sentence(said, "x.toml"), said
    else:
        assert read(tomli_w.dumps(_as_toml(profile)).encode(), "again") == profile  # what is accepted is really a profile


def attempt(data: bytes, name: str) -> tuple[str, CampaignProfile | None]:
    """What is said, or else the profile."""
    try:
        return "", read(data, name)
    except ProfileError as failure:
        return failure.reason, None


def _as_toml(profile: CampaignProfile) -> Any:
    def without_none(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_none(one) for key, one in value.items() if one is not None}
        return [without_none(one) for one in value] if isinstance(value, list | tuple) else value

    return without_none(msgspec.to_builtins(profile))


def test_most_of_them_are_malformed():
    assert sum(attempt(malformed(seed), "x")[1] is None for seed in range(300)) > 200


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes):
    said, profile = attempt(data, "x.toml")
    assert profile is not None or is_a_sentence(said, "x.toml")


# ------------------------------------------------------------------------------------------------------- the command


def check(file: Path, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "desktop", "check-profile", str(file)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, capture_output=True, text=True, encoding=encoding, env=environment, timeout=60, check=False)


def test_the_command_on_a_good_one():
    done = check(SHIPPED[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"ok: Appointment reminder: 9 fields, .*\n", done.stdout)


@pytest.mark.parametrize("data", [b"nam = 'x'", b"\x00\xff", None], ids=["misspelt", "binary", "no file"])
def test_the_command_on_a_bad_one(data: bytes | None, tmp_path: Path):
    file = tmp_path / "Zoë.toml"
    if data is not None:
        file.write_bytes(data)
    done = check(file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{file}: ")


def test_the_command_on_a_terminal_that_knows_few_letters(tmp_path: Path):
    file = tmp_path / "x.toml"
    file.write_text("name = 'Zoë 🌻'", encoding="utf-8")
    done = check(file, "ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok: Zo")


# --------------------------------------------------------------------------------------------------------- the largest


def test_a_large_profile_is_read_at_once():
    text = "".join(f'[[field]]\npath = "extra_data/field {n}"\ngroup = "g{n % 9}"\nshow_if = "q1 = yes"\n' for n in range(200))
    text += "".join(f'[[question]]\nid = "q{n}"\nrequired_if = "extra_data/field {n} and not q{n + 1}"\n' for n in range(99))
    text += '[[question]]\nid = "q99"\n' + "".join(f'[[script]]\ntext = "{{extra_data/field {n}}} {{q{n}}}"\n' for n in range(99))
    begun = time.perf_counter()
    assert len(read(text.encode(), "x").fields) == 200
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    "text",
    [
        "[[script]]\ntext='x'\nshow_if='a" + " and a" * 150_000 + "'",
        "[[script]]\ntext='" + "{a}" * 300_000 + "'",
        "[[script]]\ntext='" + "{" * 19_999 + "'",
        "[[field]]\npath='" + "a/" * 400_000 + "'",
        "".join(f"[[field]]\npath='a{n}'\n" for n in range(40_000)),
        "[[disposition]]\nname='" + "x " * 400_000 + "'",
        "campaigns=[" + "1," * 400_000 + "]",
    ],
    ids=range(7),
)
def test_no_profile_takes_long_to_refuse(text: str):
    begun = time.perf_counter()
    wrong(text)
    assert time.perf_counter() - begun < 10
