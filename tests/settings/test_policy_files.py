"""What administrators are given - ADMX, ADML, a configuration profile, a policy file - has each setting, and nothing else.

The files are read here as an editor would read them: a mistake of packaging/policies.py shows as well as forgetting to run it.
"""

from __future__ import annotations

import importlib.util
import os
import plistlib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from desktop import BUNDLE_ID
from desktop.settings import policy
from desktop.settings.policy import NO_POLICY, Policy, Settable, from_plist, from_toml, settable
from desktop.settings.settings import Settings

if TYPE_CHECKING:
    from types import ModuleType
    from xml.etree.ElementTree import Element

PACKAGING = Path(__file__).resolve().parent.parent.parent / "packaging"
ADMX = PACKAGING / "windows" / "policies" / "NextCall.admx"
ADML = PACKAGING / "windows" / "policies" / "en-US" / "NextCall.adml"
PROFILE = PACKAGING / "macos" / "nextcall.mobileconfig"
TOML = PACKAGING / "linux" / "policy.toml"
NS = {"pd": "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"}
DEFAULTS = {name: getattr(Settings(), name) for name in settable()}
EACH = pytest.mark.parametrize("setting", [pytest.param(one, id=one.name) for one in settable().values()])


@pytest.fixture
def made() -> ModuleType:
    """packaging/policies.py."""
    spec = importlib.util.spec_from_file_location("policies", PACKAGING / "policies.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_those_of_the_settings_as_they_are_declared_now(made: ModuleType):
    assert set(made.files()) == {ADMX, ADML, PROFILE, TOML}
    behind = [file.name for file, text in made.files().items() if file.read_text(encoding="utf-8") != text]
    assert not behind, "run: python packaging/policies.py"


# ------------------------------------------------------------------------------------------------------- ADMX and ADML


def _root(file: Path) -> Element:
    return ElementTree.parse(file).getroot()


def _policy(setting: Settable) -> Element:
    [found] = [one for one in _root(ADMX).iterfind("pd:policies/pd:policy", NS) if one.get("name") == setting.name]
    return found


def _strings() -> dict[str, str]:
    found = [(one.get("id") or "", one.text or "") for one in _root(ADML).iterfind(".//pd:stringTable/pd:string", NS)]
    assert len(dict(found)) == len(found), "a string is there twice"
    return dict(found)


def _presentations() -> dict[str, Element]:
    return {one.get("id") or "": one for one in _root(ADML).iterfind(".//pd:presentationTable/pd:presentation", NS)}


def test_the_editor_has_a_policy_for_each_setting_and_for_nothing_else():
    policies = _root(ADMX).findall("pd:policies/pd:policy", NS)
    assert [one.get("name") for one in policies] == list(settable())
    for one in policies:
        assert (one.get("key"), one.get("class")) == (policy.REGISTRY_KEY, "Both")
    values = [one.get("valueName") for one in _root(ADMX).iter() if one.get("valueName")]
    assert values == list(settable())


@EACH
def test_the_editor_writes_what_the_program_reads(setting: Settable):
    found = _policy(setting)
    elements = list(found.iterfind("pd:elements/*", NS))
    if setting.kind == "yes or no":
        assert not elements
        for which, value in (("enabledValue", "1"), ("disabledValue", "0")):
            written = found.find(f"pd:{which}/pd:decimal", NS)
            assert written is not None
            assert written.get("value") == value
        return
    [element] = elements
    assert element.get("id") == setting.name
    match setting.kind:
        case "number":
            assert element.tag.endswith("}decimal")
            assert (element.get("minValue"), element.get("maxValue")) == (str(setting.least), str(setting.most))
            assert element.get("storeAsText") is None  # which would make it a REG_SZ
        case "text":
            assert element.tag.endswith("}text")
            assert element.get("expandable") is None  # which would make it a REG_EXPAND_SZ
        case "choice":
            assert element.tag.endswith("}enum")
            items = [one.text or "" for one in element.iterfind("pd:item/pd:value/pd:string", NS)]
            read = [policy._checked({setting.name: item}, "there").values[setting.name] for item in items]
            assert read == list(setting.choices)
            assert all(items), "an editor may take an empty text for none"


def test_every_word_of_the_editor_is_there_and_none_is_left_over():
    named = re.findall(r"\$\((string|presentation)\.(\w+)\)", ADMX.read_text(encoding="utf-8"))
    assert {name for kind, name in named if kind == "string"} == set(_strings())
    assert {name for kind, name in named if kind == "presentation"} == set(_presentations())
    assert all(text.strip() for text in _strings().values())


@EACH
def test_the_words_are_those_of_the_settings(setting: Settable):
    found, strings = _policy(setting), _strings()
    assert strings[_name(found.get("displayName"))] == setting.title
    told = strings[_name(found.get("explainText"))]
    assert told.startswith(f"{setting.meaning}.\n")
    usual = {True: "yes", False: "no"}[setting.default] if setting.kind == "yes or no" else str(setting.default) or "none"
    assert told.endswith(f"agents choose for themselves (usually: {usual}).")
    if setting.kind == "number":
        assert f"a whole number from {setting.least} to {setting.most}" in told


@EACH
def test_the_editor_asks_for_it_in_a_part_of_its_kind(setting: Settable):
    presentation = _policy(setting).get("presentation")
    if setting.kind == "yes or no":
        assert presentation is None
        return
    [part] = list(_presentations()[_name(presentation)])
    assert part.get("refId") == setting.name
    assert part.tag.endswith({"number": "}decimalTextBox", "text": "}textBox", "choice": "}dropdownList"}[setting.kind])
    caption = part.findtext("pd:label", namespaces=NS) if setting.kind == "text" else part.text
    assert caption == f"{setting.title}:"
    match setting.kind:
        case "number":
            assert part.get("defaultValue") == str(setting.default)
        case "text":
            assert part.findtext("pd:defaultValue", "", NS) == setting.default
        case "choice":
            assert setting.choices[int(part.get("defaultItem") or -1)] == setting.default


def _name(reference: str | None) -> str:
    found = re.fullmatch(r"\$\(\w+\.(\w+)\)", reference or "")
    assert found
    return found[1]


def test_the_frame_of_the_two_files():
    for root in (_root(ADMX), _root(ADML)):
        assert root.get("revision") == root.get("schemaVersion") == "1.0"
    [category] = _root(ADMX).iterfind("pd:categories/pd:category", NS)
    [supported] = _root(ADMX).iterfind("pd:supportedOn/pd:definitions/pd:definition", NS)
    for one in _root(ADMX).iterfind("pd:policies/pd:policy", NS):
        parent, on = one.find("pd:parentCategory", NS), one.find("pd:supportedOn", NS)
        assert parent is not None
        assert on is not None
        assert (parent.get("ref"), on.get("ref")) == (category.get("name"), supported.get("name"))
    assert ADML.parent.name == "en-US"
    assert ADML.stem == ADMX.stem


# ----------------------------------------------------------------------------------------------------- macOS and Linux


def _own(file: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that passes for the administrator's."""
    file.write_bytes(content)
    file.chmod(0o644)
    monkeypatch.setattr(policy, "ADMINISTRATOR", file.stat().st_uid)
    return file


def test_the_configuration_profile_has_the_keys_of_a_profile():
    profile = plistlib.loads(PROFILE.read_bytes())
    [content] = profile["PayloadContent"]
    assert (profile["PayloadType"], content["PayloadType"]) == ("Configuration", BUNDLE_ID)
    assert profile["PayloadScope"] == "System"
    for payload in (profile, content):
        assert payload["PayloadVersion"] == 1
        assert payload["PayloadDisplayName"]
        assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", payload["PayloadUUID"])
    for key in ("PayloadIdentifier", "PayloadUUID"):
        assert profile[key] != content[key]
    assert {key for key in profile if not key.startswith("Payload")} == set()
    assert [key for key in content if not key.startswith("Payload")] == list(settable())


@pytest.mark.skipif(os.name == "nt", reason="a matter of macOS")
def test_the_configuration_profile_sets_each_setting_to_its_usual_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    [content] = plistlib.loads(PROFILE.read_bytes())["PayloadContent"]
    managed: dict[str, Any] = {key: value for key, value in content.items() if not key.startswith("Payload")}
    assert from_plist(_own(tmp_path / "x.plist", plistlib.dumps(managed), monkeypatch)) == Policy(DEFAULTS)


@pytest.mark.skipif(os.name == "nt", reason="a matter of Linux")
def test_the_sample_of_a_policy_file_sets_nothing_and_then_each_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = TOML.read_text(encoding="utf-8")
    assert from_toml(_own(tmp_path / "x.toml", text.encode(), monkeypatch)) == NO_POLICY
    counting = re.sub(r"^#(?=\w)", "", text, flags=re.MULTILINE)
    assert list(tomllib.loads(counting)) == list(settable())
    assert from_toml(_own(tmp_path / "y.toml", counting.encode(), monkeypatch)) == Policy(DEFAULTS)


@EACH
def test_each_sample_says_what_it_is_about(setting: Settable):
    told = f"{setting.title}. {setting.meaning}. It takes {setting.wants}."
    assert f"\n# {told}\n#{setting.name} = " in TOML.read_text(encoding="utf-8")
    assert f"<!-- {told} -->\n      <key>{setting.name}</key>" in PROFILE.read_text(encoding="utf-8")
