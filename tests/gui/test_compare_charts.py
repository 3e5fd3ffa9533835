"""The charts of the compare page: each shows its figures and leads to the samples behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Fate, Filter
from mpt_studio.flips import FlipKind
from mpt_studio.gui.beside.jobs import Job
from mpt_studio.gui.charts import frontier_plot
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.workspace.workspace import Workspace

from .compare.test_page import opened

pytestmark = pytest.mark.gui
NAMES = ("cat", "dog & <b>pup</b>", "fox")
NEGATIVE = (FlipKind.NEGATIVE,)


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> ComparePage:
    return opened(qtbot, workspace)


@pytest.mark.parametrize("kind", list(FlipKind))
def test_that_a_quadrant_leads_to_its_samples(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, kind: FlipKind
) -> None:
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(page.quadrants.cells[kind], Qt.MouseButton.LeftButton)
    comparison = workspace.comparison()
    assert comparison is not None
    assert sorted(workspace.rows) == np.flatnonzero(comparison.kinds == kind).tolist()


def test_that_a_quadrant_keeps_the_subset(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    page.set_subset("new_classes")
    qtbot.keyClick(page.quadrants.cells[FlipKind.BOTH_WRONG], Qt.Key.Key_Space)
    assert workspace.filter == Filter(kinds=(FlipKind.BOTH_WRONG,), subset="new_classes")
    assert workspace.rows.tolist() == [9]


def test_that_classes_are_sorted_by_nfr_and_lead_to_their_flips(page: ComparePage, workspace: Workspace) -> None:
    rows = page.classes.bars.model.rows
    assert [(row.name, row.text) for row in rows] == [
        ("cat", "50.0 %  2/4"),
        ("dog & <b>pup</b>", "50.0 %  2/4"),
    ]
    page.classes.bars.chosen.emit("cat")
    assert workspace.filter == Filter(kinds=NEGATIVE, truths=("cat",))
    assert sorted(workspace.rows) == [1, 2]


def test_that_the_flow_counts_pairs_and_marks_new_classes(page: ComparePage, workspace: Workspace) -> None:
    rows = page.flow.bars.model.rows
    assert [(row.full_name, row.text, row.note) for row in rows] == [
        ("dog & <b>pup</b> → fox", "2", "new"),
        ("cat → dog & <b>pup</b>", "1", ""),
        ("cat → fox", "1", "new"),
    ]
    assert page.flow.summary.text() == "3 of 4 negative flips (75.0 %) went to new classes."
    page.flow.bars.chosen.emit(rows[0].key)
    assert sorted(workspace.rows) == [5, 6]


def test_that_the_frontier_has_a_curve_per_candidate_through_its_rates(page: ComparePage, workspace: Workspace) -> None:
    curves = {curve.key: curve for curve in page.frontier.curves}
    assert list(curves) == ["plain", "mpt"]
    assert [curve.is_plain for curve in curves.values()] == [True, False]
    for key, curve in curves.items():
        comparison = workspace.comparison(key)
        assert comparison is not None
        assert curve.x[curve.at_zero] == pytest.approx(100 * (comparison.rates("old_classes").nfr or 0))
        assert curve.y[curve.at_zero] == pytest.approx(100 * (comparison.rates("all").accuracy_new or 0))


def test_that_hovering_the_frontier_reads_gamma_and_both_numbers(page: ComparePage) -> None:
    from PySide6.QtCore import QPointF

    plain = page.frontier.curves[0]
    zero = plain.at_zero
    where = page.frontier.plot.getViewBox().mapViewToScene(QPointF(plain.x[zero], plain.y[zero]))
    page.frontier._hover(where)
    assert page.frontier.readout.text() == (
        "plain at γ = 0.00: accuracy (all, n=10) 40.0 %, NFR (old classes, n=8) 50.0 %. Click to see these flips."
    )


def test_that_the_point_at_zero_leads_to_negative_flips(page: ComparePage, workspace: Workspace) -> None:
    page.frontier.chosen.emit("mpt", 0.0)
    assert workspace.current is workspace.version("mpt")
    assert workspace.filter == Filter(kinds=NEGATIVE, subset="old_classes")


def test_that_another_offset_leads_to_exactly_its_flips(page: ComparePage, workspace: Workspace) -> None:
    page.frontier.chosen.emit("plain", 100.0)
    comparison = workspace.comparison()
    assert comparison is not None
    assert comparison.gamma == 100.0
    # no answer is fox any more: 1, 5 and 6 fall back to the first class by name, as all old logits are 0
    assert sorted(workspace.rows) == [2, 5, 6]
    assert page.offset.number.value() == 100.0


def test_that_the_legend_is_the_frontiers_keyboard(page: ComparePage, workspace: Workspace, qtbot: QtBot) -> None:
    entry = page.frontier.legend.findChildren(QToolButton)[1]
    assert entry.accessibleName() == "MPT_KL at γ = 0.00: accuracy (all, n=10) 60.0 %, NFR (old classes, n=8) 25.0 %"
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.keyClick(entry, Qt.Key.Key_Space)
    assert workspace.current is workspace.version("mpt")
    assert sorted(workspace.rows) == [2, 6]


def test_that_versions_with_the_same_classes_have_a_frontier_of_one_point(qtbot: QtBot, workspace: Workspace) -> None:
    old = workspace.old
    assert old is not None
    assert old.predictions is not None
    turned = replace(old.predictions, logits=old.predictions.logits[:, ::-1].copy(), version="turned")
    workspace.add_version(type(old)("turned", "turned", "candidate", predictions=turned))
    workspace.set_current("turned")
    page = opened(qtbot, workspace)
    assert len(page.frontier.curves[-1].offset) == 1
    assert not page.grab().isNull()


def test_that_a_cell_of_the_confusion_leads_to_its_samples(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    view = page.confusion
    view.set_view("new")
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(view.matrix, Qt.MouseButton.LeftButton, pos=view.matrix.place(1, 2))
    assert workspace.filter == Filter(truths=("dog & <b>pup</b>",), answers=("fox",))
    assert sorted(workspace.rows) == [5, 6]
    view.set_view("old")
    view.matrix.setFocus()
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_Return):
        qtbot.keyClick(view.matrix, key)
    assert workspace.filter == Filter(truths=("cat",), old_answers=(NAMES[1],))
    assert workspace.rows.tolist() == [3]
    assert view.readout.text() == "cat answered as dog & <b>pup</b>: 1 of 4 samples of cat."


def test_that_the_difference_tells_what_changed(page: ComparePage, workspace: Workspace) -> None:
    cells = page.confusion.matrix.cells
    assert cells is not None
    assert [[cells.texts(r, c) for c in range(3)] for r in range(3)] == [
        ["−1", "", "+1"],
        ["", "−2", "+2"],
        ["−1", "", "+1"],
    ]
    assert cells.is_good.diagonal().tolist() == [False, False, True]
    page.confusion.matrix.chosen.emit(0, 2)
    assert workspace.rows.tolist() == [1]
    assert workspace.filter.chips() == [("samples", "cat answered as fox by one version only")]


def test_that_many_classes_are_listed_by_their_confusions(
    page: ComparePage, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpt_studio.gui.compare.confusion_view.MOST_CLASSES", 2)
    page.confusion.set_view("new")
    rows = page.confusion.pairs.model.rows
    assert (rows[0].full_name, rows[0].text) == ("dog & <b>pup</b> → fox", "2")
    page.confusion.pairs.chosen.emit(rows[0].key)
    assert sorted(workspace.rows) == [5, 6]


def test_that_versions_are_followed_from_the_first_to_the_last(
    page: ComparePage, workspace: Workspace, qtbot: QtBot
) -> None:
    # right by sample: old 0, 1, 2, 4, 5, 6; plain 0, 3, 4, 8; MPT_KL 0, 1, 3, 4, 5, 8
    found = {fate.name: button.text().split()[-1] for fate, button in page.history.buttons.items()}
    assert found == {"LOST": "2", "RECOVERED": "2", "FLAKY": "0", "ALWAYS_WRONG": "2"}
    with qtbot.waitSignal(workspace.show_flips):
        qtbot.mouseClick(page.history.buttons[Fate.LOST], Qt.MouseButton.LeftButton)
    assert sorted(workspace.rows) == [2, 6]
    assert workspace.filter.chips() == [("samples", "lost, old → plain → MPT_KL")]
    page.history.matrix.chosen.emit(0, 1)
    assert sorted(workspace.rows) == [1, 2, 5, 6]
    cells = page.history.matrix.cells
    assert cells is not None
    assert cells.sentence(0, 1) == "From old to plain: NFR (all) 40.0 % (16.8–68.7), 4 of 10 samples."
    workspace.remove("mpt")
    assert page.cards[5].isHidden()


class Worker:
    """Takes the request down; the test answers."""

    def request(self, job: str, args: dict, on_result: Callable[[dict], None], **_: object) -> Job:
        self.job, self.args, self.answer = job, args, on_result
        return Job(job)


def test_that_interpolated_weights_become_a_curve_of_versions_that_can_be_opened(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.interpolation.isHidden()  # no checkpoints
    workspace.worker = worker = Worker()  # type: ignore[assignment]
    monkeypatch.setattr("mpt_studio.gui.compare.interpolation_path._obstacle", lambda old, new: "")
    page.refresh()
    qtbot.mouseClick(page.interpolation.start, Qt.MouseButton.LeftButton)
    assert worker.job == "interpolate"
    assert page.interpolation.progress.isVisible()
    old, plain = workspace.versions[:2]
    points = []
    for alpha, version in ((0.0, plain), (1.0, old)):
        assert version.predictions is not None
        version.predictions.save(tmp_path / f"{alpha}")
        points.append({"alpha": alpha, "predictions": str(tmp_path / f"{alpha}")})
    with qtbot.waitSignal(page.interpolation.changed):
        worker.answer({"points": points})
    curve = page.interpolation.curve()
    assert curve is not None
    assert curve.x.tolist() == [50.0, 0.0]
    assert curve.y.tolist() == [40.0, 75.0]  # the old model is compared on its own classes
    assert not page.interpolation.start.isVisible()
    assert "started from the old model's weights" in page.interpolation.meaning.text()
    page.frontier.between_chosen.emit(1)
    assert workspace.current is not None
    assert workspace.current.label == "plain α=1"


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_that_the_charts_on_show_are_written_as_pictures(
    page: ComparePage, workspace: Workspace, qtbot: QtBot, tmp_path: Path, kind: str
) -> None:
    with qtbot.waitSignal(workspace.message) as told:
        page.export_charts(tmp_path, kind)
    assert told.args[:2] == ["info", f"6 charts written to {tmp_path}."]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{kind}"
        for name in (
            "old-against-update",
            "accuracy-against-nfr",
            "nfr-per-class",
            "flow-of-negative-flips-truth-new-answer",
            "confusion",
            "every-version",
        )
    }
    one = tmp_path / f"accuracy-against-nfr.{kind}"
    if kind == "svg":
        drawn = ElementTree.fromstring(one.read_text("utf-8"))
        words = [part.text for part in drawn.iter("{http://www.w3.org/2000/svg}text")]
        assert "NFR (old classes, n=8) in %" in words
        assert "MPT_KL" in words
        assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 2
    else:
        assert QImage(str(one)).width() == 2 * page.cards[1].width()


def test_that_charts_that_cannot_be_written_say_why(page: ComparePage, workspace: Workspace, tmp_path: Path) -> None:
    told: list[str] = []
    workspace.message.connect(lambda level, sentence, detail: told.append(f"{level}: {sentence}"))
    page.export_charts(tmp_path / "missing", "png")
    assert len(told) == 1
    assert told[0].startswith("error: The charts could not be written")


def test_that_the_frontier_trades_the_accuracy_of_new_classes_as_well(page: ComparePage, workspace: Workspace) -> None:
    plot = page.frontier
    assert plot.choice.isVisible()
    all_of_plain = plot.curves[0].y[plot.curves[0].at_zero]
    assert all_of_plain == pytest.approx(40.0)
    plot.choice.setCurrentIndex(1)
    curve = plot.curves[0]
    assert (curve.subset, curve.samples) == ("new_classes", 2)
    assert curve.y[curve.at_zero] == pytest.approx(50.0)  # fox: one of two
    assert "accuracy (new classes, n=2) 50.0 %" in frontier_plot._sentence(curve, curve.at_zero)
    assert plot.plot.getAxis("left").labelText == "accuracy, new classes (%)"
    (left, right), (low, high) = plot.plot.getPlotItem().getViewBox().viewRange()
    for each in plot.curves:  # the marks are in view
        assert left <= each.x[each.at_zero] <= right
        assert low <= each.y[each.at_zero] <= high
    workspace.set_offset(5.0)
    assert plot.under is not None
    assert plot.under[3] == 0.0  # under so large an offset nothing is called a fox
    plot.choice.setCurrentIndex(0)
    assert plot.under is not None
    comparison = workspace.comparison()
    assert comparison is not None
    assert plot.under[3] == pytest.approx(100 * (comparison.rates("all").accuracy_new or 0))
