"""How a release comes about, as far as that can be tried before one: its notes, its list of parts, the workflow."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

import desktop

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
WORKFLOWS = ROOT / ".github" / "workflows"
PROJECT = "https://github.com/somebody/nextcall"
MAINTAINER = "Somebody <somebody@example.com>"
ELSEWHERE = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "another/nextcall"}
CHANGELOG = """\
# Changes

The newest first.

## 1.10.0 - not released

- To come.

## 1.2.0 - 2026-11-23

- An item that is longer than
  a line, with `code`
  in it.
- Another.

## 1.1.0 - 2026-10-01

- Older.
"""


@pytest.fixture
def release_notes(importing: None) -> ModuleType:
    import release_notes

    return release_notes


@pytest.fixture
def sbom(importing: None) -> ModuleType:
    import sbom

    return sbom


@pytest.fixture
def dev(importing: None) -> ModuleType:
    import dev

    return dev


# ------------------------------------------------------------------------------------------------------------- the notes


def test_the_notes_are_what_the_changelog_has_an_item_to_a_line(release_notes: ModuleType):
    text = release_notes.notes("v1.2.0", "1.2.0", PROJECT, MAINTAINER, CHANGELOG, {})
    changes, _, foot = text.partition("\n\n")
    assert changes == "- An item that is longer than a line, with `code` in it.\n- Another."
    assert "gh attestation verify FILE --repo somebody/nextcall" in foot
    assert foot.count("\n") == 1


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"tag": "v1.2.1"}, r"The tag is v1\.2\.1, but desktop/__init__\.py says 1\.2\.0: its tag is v1\.2\.0\."),
        ({"tag": "1.2.0"}, r"The tag is 1\.2\.0"),
        ({"project": ""}, "has no PROJECT"),
        ({"maintainer": ""}, "has no MAINTAINER"),
        ({"environment": ELSEWHERE}, r"This is https://github\.com/another/nextcall"),
        ({"tag": "v1.3.0", "version": "1.3.0"}, r"nothing on 1\.3\.0"),
        ({"tag": "v1.10.0", "version": "1.10.0"}, "not released"),
        ({"tag": "v1.1", "version": "1.1"}, r"nothing on 1\.1"),
        ({"changelog": CHANGELOG.replace("1.2.0", "1x2.0")}, r"nothing on 1\.2\.0"),
    ],
)
def test_what_does_not_agree_is_no_release(release_notes: ModuleType, told: dict[str, Any], reason: str):
    right: dict[str, Any] = {"tag": "v1.2.0", "version": "1.2.0", "project": PROJECT, "maintainer": MAINTAINER}
    right |= {"changelog": CHANGELOG, "environment": {}}
    with pytest.raises(release_notes.Disagreement, match=reason):
        release_notes.notes(**right | told)


def test_on_the_projects_own_workflow_it_agrees(release_notes: ModuleType):
    environment = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "somebody/nextcall"}
    assert release_notes.notes("v1.2.0", "1.2.0", PROJECT, MAINTAINER, CHANGELOG, environment)


def test_the_changelog_begins_with_this_version():
    headings = re.findall(r"^## (\S+) - (.+)$", (PACKAGING / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings
    assert headings[0][0] == desktop.__version__
    for _, day in headings[1:]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)


def test_a_project_is_one_that_newer_versions_can_be_asked_of():
    assert re.fullmatch(r"|https://github\.com/[\w.-]+/[\w.-]+", desktop.PROJECT)


def test_a_maintainer_is_one_that_debian_can_write_to():
    assert re.fullmatch(r"|[^<>\n]+ <[^<>@\s]+@[^<>@\s]+>", desktop.MAINTAINER)


@pytest.mark.parametrize("arguments", [[], ["v0", "v1"]])
def test_the_command_says_how_it_is_used(release_notes: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert release_notes.main(arguments) == 2
    assert "release-notes TAG" in capsys.readouterr().err


def test_the_command_says_what_does_not_agree(release_notes: ModuleType, capsys: pytest.CaptureFixture[str]):
    assert release_notes.main(["v99"]) == 1
    assert "The tag is v99" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------------- the list of parts

BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"bom-ref": "root-component", "name": "nextcall", "type": "application"}},
    "components": [
        {"bom-ref": f"{name}==1", "name": name, "version": "1", "type": "library"}
        for name in ("Needed_one", "needed.two", "a-tool", "pyinstaller", "altgraph")
    ],
    "dependencies": [
        {"ref": "root-component", "dependsOn": ["Needed_one==1"]},
        {"ref": "Needed_one==1", "dependsOn": ["needed.two==1", "a-tool==1"]},
        {"ref": "needed.two==1"},
        {"ref": "a-tool==1"},
        {"ref": "pyinstaller==1", "dependsOn": ["altgraph==1"]},
        {"ref": "altgraph==1"},
    ],
}


def test_the_list_has_what_the_program_needs_and_what_it_starts_with_and_python(sbom: ModuleType):
    python = list(sbom.runtime("3.13.9", "3.5.4", "3.51.3", system="linux"))
    made = sbom.of_the_program(BILL, {"needed-one", "needed-two"}, python)
    assert [part["name"] for part in made["components"]] == ["Needed_one", "needed.two", "pyinstaller", "python"]
    assert made["metadata"]["component"]["version"] == desktop.__version__
    needs = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    assert needs["root-component"] == ["Needed_one==1", "pyinstaller==1", "python==3.13.9"]
    assert needs["Needed_one==1"] == ["needed.two==1"]
    assert needs["pyinstaller==1"] == []


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_where_python_brings_its_libraries_they_are_listed_too(sbom: ModuleType, system: str):
    parts = list(sbom.runtime("3.13.9", "3.5.4", "3.51.3", system=system))
    assert [part["bom-ref"] for part in parts] == ["python==3.13.9", "openssl==3.5.4", "sqlite==3.51.3"]
    assert parts[1]["cpe"] == "cpe:2.3:a:openssl:openssl:3.5.4:*:*:*:*:*:*:*"


def test_what_is_in_the_program_is_what_pyinstaller_has_noted(sbom: ModuleType, tmp_path: Path):
    archive = (
        "/PYZ-00.pyz",
        [("keyring.backends", "/a.py", "PYMODULE"), ("jaraco", "-", "PYMODULE"), ("json", "/b.py", "PYMODULE")],
    )
    files = ([("lxml/etree.so", "/c.so", "EXTENSION"), ("_cffi.abi3.so", "/d.so", "EXTENSION"), ("libssl.so.3", "/e", "BINARY")],)
    (tmp_path / "PYZ-00.toc").write_text(repr(archive), encoding="utf-8")
    (tmp_path / "COLLECT-00.toc").write_text(repr(files), encoding="utf-8")
    assert sbom.modules(tmp_path) == {"keyring", "jaraco", "json", "lxml", "_cffi"}


def test_modules_are_known_by_what_has_installed_them(sbom: ModuleType):
    folder = str(distribution("keyring").locate_file(""))
    assert sbom.owners({"keyring", "PySide6", "json"}, folder) == {"keyring", "pyside6-essentials", "pyside6-addons"}


def test_what_lists_the_parts_is_locked_by_hash():
    [wanted] = map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["sbom"])
    entries = re.split(r"\n(?=[A-Za-z])", (PACKAGING / "requirements-sbom.lock").read_text(encoding="utf-8"))
    locked = {entry.partition("==")[0]: entry for entry in entries}
    version = locked[wanted.name].partition("==")[2].split()[0]
    assert wanted.specifier.contains(version)
    assert not [name for name, entry in locked.items() if "--hash=sha256:" not in entry]


# ---------------------------------------------------------------------------------------------------------- the workflow


def workflow(name: str) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: python packaging/dev.py test brings .venv in step")
    found: dict[str, Any] = yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
    return found


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = workflow(name)["jobs"]
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name).values() for step in job.get("steps", [])]


EACH = pytest.mark.parametrize("name", [file.name for file in sorted(WORKFLOWS.glob("*.yml"))])


@EACH
def test_workflows_run_commands_that_there_are(name: str, dev: ModuleType):
    scripts = "\n".join(step.get("run", "") for step in steps(name))
    commands = re.findall(r"packaging/dev\.py ([\w-]+)((?: --?\w+)*)", scripts)
    assert commands
    for command, options in commands:
        assert command in dev.COMMANDS
        for option in options.split():
            assert re.search(rf"\b{command} {option}\s", dev.USAGE)


@EACH
def test_workflows_may_no_more_than_they_must(name: str):
    assert workflow(name)["permissions"] == {"contents": "read"}
    allowed = {job: made["permissions"] for job, made in jobs(name).items() if "permissions" in made}
    assert allowed == (
        {"release": {"contents": "write", "id-token": "write", "attestations": "write"}} if name == "release.yml" else {}
    )


@EACH
def test_nothing_that_somebody_else_can_write_gets_into_a_script(name: str):
    """Secrets and names go through the environment, where no shell reads them as commands and no list of processes shows them."""
    for step in steps(name):
        for inserted in re.findall(r"\$\{\{(.*?)\}\}", step.get("run", "")):
            assert re.match(r" runner\.os == 'Linux' && ", inserted), inserted


@EACH
def test_actions_are_githubs_own_but_for_the_one_that_signs(name: str):
    for step in steps(name):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@v\d+|azure/artifact-signing-action@v2", step["uses"])


@EACH
def test_jobs_wait_for_jobs_that_there_are(name: str):
    for job in jobs(name).values():
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= jobs(name).keys()
        if "uses" in job:
            assert (ROOT / job["uses"]).is_file()
            assert "workflow_call" in workflow(Path(job["uses"]).name)[True]  # YAML's word for "on"


def test_a_tag_releases_and_nothing_else_does():
    triggers = workflow("release.yml")[True]
    assert triggers == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    release = jobs("release.yml")["release"]
    assert release["if"] == "github.event_name == 'push'"  # and not by hand, even if a tag is chosen there
    assert set(release["needs"]) == {"notes", "tests", "build"}
    [draft] = [step["run"] for step in release["steps"] if "gh release" in step.get("run", "")]
    assert "--draft" in draft


def test_every_system_is_built_for_with_the_python_whose_wheels_are_looked_for(importing: None):
    from macos import wheels

    build = jobs("release.yml")["build"]
    assert {system.split("-")[0] for system in build["strategy"]["matrix"]["os"]} == {"windows", "macos", "ubuntu"}
    pythons = [step["with"]["python-version"] for step in build["steps"] if "setup-python" in step.get("uses", "")]
    assert pythons == [wheels.PYTHON]


def test_what_signs_waits_for_the_means_and_the_means_are_explained():
    explained = (PACKAGING / "RELEASING.md").read_text(encoding="utf-8")
    for step in steps("release.yml"):
        text = repr(step)
        if "secrets." in text:
            assert re.search(r"vars\.\w+ != ''", step["if"]), step["name"]
        for name in re.findall(r"(?:secrets|vars)\.(\w+)", text):
            assert f"`{name}`" in explained


def test_secrets_come_only_where_they_are_used():
    """A secret in the environment of a whole job is there for every library that is installed in it."""
    for job in jobs("release.yml").values():
        assert "secrets." not in repr({name: part for name, part in job.items() if name != "steps"})
    for step in steps("release.yml"):
        if "secrets." in repr(step):
            assert "packaging/dev.py" not in step.get("run", "")
