"""The notes of a release, cut from the changelog: `python packaging/dev.py release-notes v1.2.3`.

Before anything is built it sees that all say the same: the tag, the program, the changelog, and where the program will ask for
newer versions. It needs nothing but Python.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import desktop  # noqa: E402

CHANGELOG = ROOT / "packaging" / "CHANGELOG.md"

_FOOT = (
    "**Is a file what was built here?** `SHA256SUMS` has the sums of all, and `gh attestation verify FILE --repo {repository}`"
    " says whether this project's workflow has made it. The `.cdx.json` files list what is in it. Who installs NextCall for"
    " others finds the rest in `packaging/ADMIN.md`.\n"
)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python packaging/dev.py release-notes TAG", file=sys.stderr)
        return 2
    try:
        changelog = CHANGELOG.read_text(encoding="utf-8")
        print(notes(arguments[0], desktop.__version__, desktop.PROJECT, desktop.MAINTAINER, changelog, os.environ), end="")
    except Disagreement as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


class Disagreement(Exception):
    """The reason, in a sentence, why this is no release."""


def notes(tag: str, version: str, project: str, maintainer: str, changelog: str, environment: Mapping[str, str]) -> str:
    """What there is to say of the release `tag` of the program that calls itself `version`. Raises Disagreement."""
    if tag != f"v{version}":
        raise Disagreement(f"The tag is {tag}, but desktop/__init__.py says {version}: its tag is v{version}.")
    if not project:
        raise Disagreement("desktop/__init__.py has no PROJECT: what is released could not ask for newer versions.")
    if not maintainer:
        raise Disagreement("desktop/__init__.py has no MAINTAINER: nobody would answer for what is released.")
    here = f"{environment.get('GITHUB_SERVER_URL', '')}/{environment.get('GITHUB_REPOSITORY', '')}"
    if "GITHUB_REPOSITORY" in environment and here != project:
        raise Disagreement(f"This is {here}, but what is released would ask {project} for newer versions.")
    found = re.search(rf"^## {re.escape(version)} - (.*)\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    if found is None:
        raise Disagreement(f"CHANGELOG.md has nothing on {version}.")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", found[1]):
        raise Disagreement(f"CHANGELOG.md says of {version} “{found[1]}”, and not on which day it was released.")
    changes = re.sub(r"\n {2,}(?=\S)", " ", found[2].strip())  # GitHub breaks lines where the file does
    return f"{changes}\n\n{_FOOT.format(repository=project.removeprefix('https://github.com/'))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
