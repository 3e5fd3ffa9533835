from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mpt_studio.compare import parse, to_text, vocabulary
from mpt_studio.flips import Mark
from mpt_studio.gui.flips import facets as panel
from mpt_studio.gui.flips.facets import FacetPanel
from mpt_studio.gui.workspace.workspace import Workspace

from ..conftest import WHY

pytestmark = pytest.mark.gui


@pytest.fixture
def facets(qtbot: QtBot, workspace: Workspace) -> FacetPanel:
    made = FacetPanel(workspace)
    qtbot.addWidget(made)
    workspace.filter_changed.connect(made.refresh)
    made.refresh()
    return made


def counts(facets: FacetPanel, field: str) -> dict[str, str]:
    return {row.name: row.text for row in facets.lists[field].model.rows}


def test_that_bins_of_margin_drop_and_confidence_are_counted(facets: FacetPanel) -> None:
    assert counts(facets, "drops") == {"2 to 4": "4"}
    assert counts(facets, "confidences") == {"0.6 to 0.7": "3", "0.7 to 0.8": "1"}  # e^z ÷ (e^z + 2)


def test_that_a_bin_filters(facets: FacetPanel, workspace: Workspace) -> None:
    key = facets.lists["confidences"].model.rows[0].key
    facets.lists["confidences"].chosen.emit(key)
    assert sorted(workspace.rows) == [1, 2, 5]
    facets.lists["confidences"].chosen.emit(key)
    assert len(workspace.rows) == 4


def test_that_marks_are_counted_as_they_are_set(facets: FacetPanel, workspace: Workspace) -> None:
    workspace.select(1)
    workspace.judging.block()
    assert counts(facets, "marks")["X  Blocker"] == "1"
    facets.lists["marks"].chosen.emit(Mark.BLOCKER)
    assert list(workspace.rows) == [1]


def test_that_a_table_brings_facets_that_filter(
    facets: FacetPanel, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    table = tmp_path / "cameras.csv"
    table.write_text("id,camera & lens,age\n" + "".join(f"test/{i:02d},{'ab'[i % 2]},{i}\n" for i in range(10)))
    with qtbot.waitSignal(workspace.tables.changed):
        workspace.opening.open([table])
    field = "columns:camera & lens"
    assert counts(facets, field) == {"a": "2", "b": "2"}
    facets.lists[field].chosen.emit("a")
    assert sorted(workspace.rows) == [2, 6]
    facets.highlight(2)
    assert facets.lists[field]._delegate.highlighted == "a"
    workspace.set_current("mpt")
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.metadata is not None


def test_that_a_column_of_few_numbers_is_a_facet_that_the_search_text_tells(
    facets: FacetPanel, workspace: Workspace, qtbot: QtBot, tmp_path: Path
) -> None:
    table = tmp_path / "years.csv"
    lines = "".join(f"test/{i:02d},{2019 + i % 2},{0.5 if i < 5 else 1}\n" for i in range(10))
    table.write_text(f"id,year,zoom\n{lines}")
    with qtbot.waitSignal(workspace.tables.changed):
        workspace.opening.open([table])
    assert counts(facets, "columns:year") == {"2019": "2", "2020": "2"}
    assert counts(facets, "columns:zoom") == {"0.5": "2", "1": "2"}
    facets.lists["columns:year"].chosen.emit("2019")
    assert sorted(workspace.rows) == [2, 6]
    comparison = workspace.comparison()
    assert comparison is not None
    text = to_text(workspace.filter)
    assert "year:2019" in text
    assert list(parse(text, vocabulary(comparison)).apply(comparison)) == [2, 6]
    ranged = parse("kind:negative year>=2020", vocabulary(comparison))
    assert list(ranged.apply(comparison)) == [1, 5]


def test_that_a_table_dropped_while_versions_are_compared_waits_for_them(
    workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "cameras.csv"
    table.write_text("id,camera\n" + "".join(f"test/{i:02d},{'ab'[i % 2]}\n" for i in range(10)))
    monkeypatch.setattr("mpt_studio.gui.workspace.comparisons.DIRECT_LOGITS", 5)
    assert workspace.comparison() is None
    with qtbot.waitSignal(workspace.message) as told:
        workspace.opening.open([table])
    assert told.args[1] == "cameras.csv is read as soon as the versions are compared."
    with qtbot.waitSignal(workspace.tables.changed):
        pass
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.metadata is not None
    for each in workspace.candidates:  # until all of them are there
        qtbot.waitUntil(lambda key=each.key: workspace.comparison(key) is not None)


def test_that_a_table_without_versions_says_what_to_do(empty_workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(empty_workspace.message) as told:
        empty_workspace.opening.open([Path("cameras.csv")])
    assert "open the two versions first" in told.args[1]


def test_that_many_samples_are_counted_beside_the_window(
    qtbot: QtBot, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "DIRECT_SAMPLES", 5)
    made = FacetPanel(workspace)
    qtbot.addWidget(made)
    made.refresh()
    assert made._latest.is_busy
    assert made.lists["truths"].empty.text() == "Counting …"
    qtbot.waitUntil(lambda: counts(made, "truths") == {"cat": "2", "dog & <b>pup</b>": "2"})


def test_that_facets_say_why_they_are_empty(qtbot: QtBot, answered: Workspace) -> None:
    panel = FacetPanel(answered)
    qtbot.addWidget(panel)
    panel.refresh()
    assert panel.lists["drops"].empty.text() == f"There is no margin drop: {WHY}"
    assert panel.lists["confidences"].empty.text() == "There is no confidence: the update gave only answers, no scores."
