"""The caller's details: an answer changes only the lines that it changes, and what stands there is what would be built anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from shiboken6 import delete

from desktop.popup.caller import Row
from desktop.popup.fields import Group, Shown, View
from desktop.ui import look
from desktop.ui.details import DetailsView
from tests.ui.screen import key, settle, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from desktop.app import QtApplication

LINES = st.builds(
    Shown,
    label=st.sampled_from(["Name", "Phone"]),
    text=st.sampled_from(["a", "b"]),
    value=st.sampled_from(["a", "raw"]),
    emphasis=st.sampled_from(["normal", "strong", "muted"]),
    covered=st.booleans(),
    aside=st.sampled_from(["", "14:05 in New York"]),
    warning=st.sampled_from(["", "Outside calling hours"]),
    link=st.sampled_from(["", "https://a.example/"]),
)
TITLES = ("", "Who", "With us", "More")
GROUPS = st.lists(st.tuples(st.sampled_from(TITLES), st.lists(LINES, min_size=1, max_size=5)), unique_by=lambda one: one[0]).map(
    lambda groups: tuple(Group(title, tuple(lines)) for title, lines in groups)
)
MORE = st.sampled_from([(), (Row("Plan", "Gold"),), (Row("Visit", "", (Row("Shop", "Greenwich"),)), Row("ID", "c1"))])


def drawn(view: DetailsView, parent: QModelIndex | None = None) -> list[tuple[Any, ...]]:
    """Every row with all that can be seen, heard or copied of it."""
    parent = parent or QModelIndex()
    model = view.model()
    rows = []
    for row in range(model.rowCount(parent)):
        cells = [model.index(row, column, parent) for column in (0, 1)]
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, *(Qt.ItemDataRole.UserRole + one for one in range(3)))
        texts = [cell.data(role) for cell in cells for role in roles]
        bold = [bool(font and font.bold()) for font in (cell.data(Qt.ItemDataRole.FontRole) for cell in cells)]
        icon = cells[1].data(Qt.ItemDataRole.DecorationRole) is not None
        state = (view.isFirstColumnSpanned(row, parent), model.hasChildren(cells[0]) and view.isExpanded(cells[0]))
        rows.append((*texts, *bold, icon, *state, drawn(view, cells[0])))
    return rows


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.builds(View, GROUPS, MORE, st.sampled_from(["c1", "c1", "c2"])), min_size=2, max_size=5))
@pytest.mark.usefixtures("qapp")
def test_after_any_changes_it_is_as_if_built_anew(views: list[View]):
    followed = DetailsView()
    for view in views:
        followed.show_view(view)
        anew = DetailsView()
        anew.show_view(view)
        assert drawn(followed) == drawn(anew)
        assert followed.rootIsDecorated() == anew.rootIsDecorated()
        delete(anew)
    delete(followed)


@pytest.fixture
def seen(keep: Callable[[QWidget], QWidget]) -> DetailsView:
    """Two groups of 30 lines and something under More; the first is closed, a line of the second is chosen."""
    view = DetailsView()
    keep(view)
    view.resize(300, 200)
    groups = tuple(Group(title, tuple(Shown(f"{title} {at}", "x", "x") for at in range(30))) for title in ("One", "Two"))
    view.show_view(View(groups, (Row("Plan", "Gold"),), "c1"))
    show(view)
    view.collapse(view.model().index(0, 0))
    chosen = view.model().index(20, 1, view.model().index(1, 0))
    view.setCurrentIndex(chosen)
    view.scrollTo(chosen)
    settle()
    assert view.verticalScrollBar().value() > 0
    return view


def _with_another_line(view: DetailsView, call_id: str) -> View:
    before = view._view
    first, second = before.groups
    another = replace(second, lines=(*second.lines, Shown("Another", "x", "x")))
    return replace(before, groups=(first, another), call_id=call_id)


def test_an_answer_leaves_the_rest_where_it_is(seen: DetailsView):
    place = seen.verticalScrollBar().value()
    seen.show_view(_with_another_line(seen, "c1"))
    settle()
    assert seen.verticalScrollBar().value() == place
    assert seen.currentIndex().siblingAtColumn(0).data() == "Two 20"
    assert not seen.isExpanded(seen.model().index(0, 0))
    assert seen.model().index(30, 0, seen.model().index(1, 0)).data() == "Another"


def test_light_and_dark_change_the_colours_and_nothing_else(seen: DetailsView, qapp: QtApplication):
    def inks() -> dict[str, str]:
        cells = {name: seen.model().match(top, Display, name, 1, Exactly)[0] for name in ("Quiet", "", "Page")}
        return {name: cell.siblingAtColumn(1).data(Foreground).color().name() for name, cell in cells.items()}

    Display, Foreground = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ForegroundRole
    Exactly = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    look.wear(qapp, "light")
    quiet, late = Shown("Quiet", "x", "x", emphasis="muted"), Shown("Late", "x", "x", warning="Outside calling hours")
    first, second = seen._view.groups
    lines = (*second.lines, quiet, late, Shown("Page", "x", "x", link="https://a.example/"))
    seen.show_view(replace(seen._view, groups=(first, replace(second, lines=lines))))
    more, top = seen.model().index(2, 0), seen.model().index(0, 0)
    seen.expand(more)
    settle()
    place, before = seen.verticalScrollBar().value(), drawn(seen)
    for scheme in ("dark", "light"):
        look.wear(qapp, scheme)
        settle()
        wanted = {name: look.colour(tone).name() for name, tone in (("Quiet", "muted"), ("", "warn"), ("Page", "accent"))}
        assert inks() == wanted
        assert seen.verticalScrollBar().value() == place
        assert seen.currentIndex().siblingAtColumn(0).data() == "Two 20"
        assert drawn(seen) == before


def test_another_call_begins_at_the_top(seen: DetailsView):
    seen.show_view(_with_another_line(seen, "c2"))
    settle()
    assert seen.verticalScrollBar().value() == 0
    assert seen.currentIndex().siblingAtColumn(0).data() == "One 0"
    assert seen.isExpanded(seen.model().index(0, 0))


LONG_NAME = "A name longer than the others"


def names_fit(view: DetailsView) -> bool:
    """Whether the first column is as wide as what is seen there, or a pixel more."""
    return 0 <= view.columnWidth(0) - min(260, view.sizeHintForColumn(0)) <= 1


def test_the_names_have_the_room_that_they_need(seen: DetailsView):
    before = seen.columnWidth(0)
    seen.show_view(replace(seen._view, groups=(Group("Two", (Shown(LONG_NAME, "x", "x"),)),)))
    assert seen.columnWidth(0) > before
    assert names_fit(seen)


@pytest.mark.parametrize("groups", [(), (Group("", (Shown("One", "1", "1"),)),), (Group("Who", (Shown("One", "1", "1"),)),)])
def test_names_that_lie_deeper_have_the_room_that_they_need(qtbot: QtBot, groups: tuple[Group, ...]):
    view = DetailsView()
    qtbot.addWidget(view)
    deep = Row("order", "", (Row("item", "", (Row("A name", "x"), Row("and its price", "9"))),))
    view.show_view(View(groups, (Row("id", "1"), deep), "c1"))
    view.expandAll()
    assert names_fit(view)


def test_names_under_more_take_no_room_until_they_are_seen(qtbot: QtBot):
    view = DetailsView()
    qtbot.addWidget(view)
    view.show_view(View((Group("", (Shown("One", "1", "1"),)),), (Row(LONG_NAME, "x"),), "c1"))
    more = view.model().index(1, 0)
    before = view.columnWidth(0)
    view.expand(more)
    assert view.columnWidth(0) > before
    assert names_fit(view)
    view.collapse(more)
    assert view.columnWidth(0) == before


def test_names_are_measured_once_for_a_call_and_not_under_more(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch):
    view = DetailsView()
    qtbot.addWidget(view)
    groups = tuple(Group(f"Group {at}", (Shown("One", "1", "1"),)) for at in range(5))
    view.show_view(View(groups, (Row(LONG_NAME, "x"),), "c1"))
    fitted: list[int] = []
    monkeypatch.setattr(DetailsView, "_fit_names", lambda _self: fitted.append(1))
    view.show_view(View(groups, (Row(LONG_NAME, "x"),), "c2"))
    assert fitted == [1]
    assert LONG_NAME not in view._widths


def test_a_larger_font_gets_more_room(seen: DetailsView):
    before, font = seen.columnWidth(0), seen.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    seen.setFont(font)
    assert seen.columnWidth(0) > before
    assert names_fit(seen)


MAP = Shown("Map", "how to get there", "https://maps.example/?q=1", link="https://maps.example/?q=1")


@pytest.mark.parametrize("wish", ["click", "enter", "menu"])
def test_a_link_is_opened_on_wish_and_nothing_else_is(qtbot: QtBot, wish: str):
    view = DetailsView()
    qtbot.addWidget(view)
    opened: list[str] = []
    view.link_opened.connect(opened.append)
    view.show_view(View((Group("", (Shown("Name", "Ada", "Ada"), MAP)),), ()))
    view.resize(400, 200)
    show(view)
    for row in (0, 1):
        index = view.model().index(row, 1)
        view.setCurrentIndex(index)
        view.setFocus()
        match wish:
            case "click":
                QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())
            case "enter":
                key(Qt.Key.Key_Return)
            case "menu":
                for action in view.actions():
                    if action.isVisible() and action.text() == "Open link":
                        action.trigger()
        assert opened == [MAP.link] * row
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(1, 0)).center())
    assert opened == [MAP.link]  # the name beside it is no link
