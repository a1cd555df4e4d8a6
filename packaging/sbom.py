"""What the frozen program is made of, as a CycloneDX list in `dist/`: `python packaging/dev.py sbom` runs this.

cyclonedx-py lists what is installed where the program was built, which is more than goes into it. Kept is what PyInstaller has
taken in; added is Python with what is in it, of which pip knows nothing.
"""

from __future__ import annotations

import ast
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path, PurePath
from typing import Any

from bundle import COMMAND, ROOT, VERSION
from packaging.utils import canonicalize_name

WORK = ROOT / "build" / "pyinstaller" / "nextcall"

_STARTS_IT = "pyinstaller"
"""What is only needed for building, but that the program's first instructions are from it."""
_ASK = """
import platform, sqlite3, ssl, sysconfig
print(platform.python_version(), ssl.OPENSSL_VERSION.split()[1], sqlite3.sqlite_version, sysconfig.get_path("purelib"), sep="\\n")
"""
_OPTIONS = (
    *("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"),
    *("--output-format", "JSON", "--spec-version", "1.6"),
)


def main(arguments: Sequence[str]) -> int:
    [builder] = arguments
    if not WORK.is_dir():
        raise SystemExit("Nothing is built here: python packaging/dev.py build")
    *versions, folder = _said(builder, "-c", _ASK).split("\n")[:4]
    installed = json.loads(_said(sys.executable, "-m", "cyclonedx_py", "environment", *_OPTIONS, builder))
    bill = of_the_program(installed, owners(modules(WORK), folder), list(runtime(*versions, system=sys.platform)))
    text = json.dumps(bill, indent=1, ensure_ascii=False)
    _validate(text)
    file = ROOT / "dist" / f"{COMMAND}-{VERSION}-{platform.system().lower()}-{platform.machine().lower()}.cdx.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{file}: {len(bill['components'])} parts")
    return 0


def modules(work: Path) -> set[str]:
    """The names of the modules and packages that PyInstaller has put into the program, by what it has noted in `work`."""
    archive = ast.literal_eval((work / "PYZ-00.toc").read_text(encoding="utf-8"))[1]
    files = ast.literal_eval((work / "COLLECT-00.toc").read_text(encoding="utf-8"))[0]
    inside = [name for name, _, _ in archive] + [PurePath(name).parts[0] for name, _, kind in files if kind == "EXTENSION"]
    return {name.partition(".")[0] for name in inside}


def owners(modules: set[str], folder: str) -> set[str]:
    """The names of the distributions that have installed these in `folder`."""
    return {
        canonicalize_name(one.name)
        for one in distributions(path=[folder])
        if modules & {file.parts[0].partition(".")[0] for file in one.files or ()}
    }


def of_the_program(bill: dict[str, Any], names: set[str], more: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`bill` with the parts of these `names` and with `more`, and with nothing else but what the program starts with."""
    program = bill["metadata"]["component"]
    program["version"] = VERSION
    components = [one for one in bill["components"] if canonicalize_name(one["name"]) in names | {_STARTS_IT}] + [*more]
    refs = {program["bom-ref"], *(one["bom-ref"] for one in components)}
    needs = {one["ref"]: set(one.get("dependsOn", ())) & refs for one in bill["dependencies"] if one["ref"] in refs}
    needs[program["bom-ref"]] |= {one["bom-ref"] for one in [*more, *components] if one in more or one["name"] == _STARTS_IT}
    dependencies = [{"ref": ref, "dependsOn": sorted(others)} for ref, others in sorted(needs.items())]
    return {**bill, "components": components, "dependencies": dependencies}


def runtime(python: str, openssl: str, sqlite: str, *, system: str) -> Iterator[dict[str, Any]]:
    """Python, and the libraries in it that Linux has of its own and the others do not (bundle.py)."""
    versions = {"python": python} | ({} if system == "linux" else {"openssl": openssl, "sqlite": sqlite})
    for name, version in versions.items():
        cpe = f"cpe:2.3:a:{name}:{name}:{version}:*:*:*:*:*:*:*"
        yield {"bom-ref": f"{name}=={version}", "type": "library", "name": name, "version": version, "cpe": cpe}


def _validate(text: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"This is no CycloneDX list: {wrong}")


def _said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
