"""The script begins where the agent begins to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.ui.script import ScriptView
from tests.ui.screen import settle, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


def test_it_begins_at_its_beginning_and_stays_where_it_is_read(keep: Callable[[QWidget], QWidget]):
    script = ScriptView()
    keep(script)
    script.resize(300, 200)
    lines = [f"Line {number}" for number in range(100)]
    script.show_script("\n\n".join(lines))  # before it is seen
    show(script)
    settle()
    bar = script.verticalScrollBar()
    assert (bar.value(), bar.maximum() > 0) == (0, True)
    bar.setValue(300)
    script.show_script("\n\n".join([*lines, "and what an answer adds"]))
    settle()
    assert bar.value() == 300
