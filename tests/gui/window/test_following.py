"""Every view follows the comparison on show, shown or hidden: nothing is left of another one to click on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QSlider
from pytestqt.qtbot import QtBot

from mpt_studio.flips import FlipKind
from mpt_studio.gui.compare.page import ComparePage
from mpt_studio.gui.data.choosing import DataDialog
from mpt_studio.gui.flips.page import FlipsPage
from mpt_studio.gui.flips.thresholds_dialog import ThresholdsDialog
from mpt_studio.gui.sample.inspector import Inspector
from mpt_studio.gui.train.update_dialog import UpdateDialog
from mpt_studio.gui.versions.choosing import CompareDialog
from mpt_studio.gui.versions.class_pairs import ClassDoctorDialog
from mpt_studio.gui.versions.export_dialog import ExportVersionDialog
from mpt_studio.gui.widgets import theme
from mpt_studio.gui.widgets.bar_list import BarList
from mpt_studio.gui.window.docks import INSPECTOR
from mpt_studio.gui.window.main_window import MainWindow
from mpt_studio.gui.window.pages import COMPARE, FLIPS, PAGES, TRAIN
from mpt_studio.gui.workspace.version import Version
from mpt_studio.predictions import Predictions
from mpt_studio.store import Store

pytestmark = pytest.mark.gui

SIZES = {"large": (90, 9), "small": (8, 3), "lists": (100, 50)}
"""Samples and classes; the last has more classes than a heat map shows."""

ORDER = ("large", "large", "small", "small", "lists", "lists", "large", "lists", "small", "large")
"""Each after each."""


def answers(name: str, version: str, samples: int, classes: int, known: int) -> Predictions:
    """Every third sample answered wrongly, others from version to version."""
    truth = np.arange(samples) % classes
    shift = len(version) % 3
    given = np.where(np.arange(samples) % 3 == shift, (truth + 1) % classes, truth) % known
    logits = np.zeros((samples, known), np.float32)
    logits[np.arange(samples), given] = 1 + np.arange(samples) / 10
    names = tuple(f"{name} {i}" for i in range(classes))
    ids = np.array([f"{name}/{i:03d}" for i in range(samples)])
    return Predictions(ids, truth.astype(np.int64), names, logits, names[:known], version=version)


def versions(name: str) -> list[Version]:
    samples, classes = SIZES[name]
    made = [Version(f"{name} old", "Old model", "old", color=-1)]
    made += [Version(f"{name} {label}", label, "candidate", color=i) for i, label in enumerate(("first", "second"))]
    for version in made:
        known = classes - 1 if version.role == "old" else classes
        version.predictions = answers(name, version.key, samples, classes, known)
    return made


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, store: Store) -> Iterator[MainWindow]:
    theme.apply(qapp, "light")
    made = MainWindow(store)
    made.resize(1400, 900)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()


def settle(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.workspace.is_seeking)
    QApplication.processEvents()


def click_through_compare(window: MainWindow, qtbot: QtBot) -> None:
    """What leads to samples is clicked one after the other; each shows samples of the comparison on show."""
    page = window.pages[COMPARE]
    deeds = [
        lambda: page.quadrants.chosen.emit(int(FlipKind.NEGATIVE)),
        lambda: choose_first(page.classes.bars),
        lambda: choose_first(page.flow.bars),
        lambda: click_confusion(page),
        lambda: page.history._choose_pair(1, 2),
        lambda: page.table.selectRow(1),
    ]
    for deed in deeds:
        window.pages.show_page(COMPARE.key)
        settle(window, qtbot)
        deed()
        settle(window, qtbot)


def click_confusion(page: ComparePage) -> None:
    for view in ("old", "new", "difference"):
        page.confusion.set_view(view)
        cells = page.confusion.matrix.cells
        if page.confusion.matrix.isVisibleTo(page.confusion):
            assert cells is not None
            page.confusion.matrix.chosen.emit(len(cells.rows) - 1, len(cells.columns) - 1)
        else:
            choose_first(page.confusion.pairs)


def choose_first(bars: BarList) -> None:
    if bars.model.rows:
        bars.chosen.emit(bars.model.rows[0].key)


def click_through_flips(window: MainWindow, qtbot: QtBot) -> None:
    page = window.pages[FLIPS]
    window.pages.show_page(FLIPS.key)
    settle(window, qtbot)
    page.chips.cleared.emit()
    settle(window, qtbot)
    last = len(page.grid.flips.rows) - 1
    page.grid.setCurrentIndex(page.grid.flips.index(last))
    for deed in (
        lambda: page._open(int(page.grid.flips.rows[last])),
        page.close_viewer,
        page.grid.selectAll,
        page._open_beside,
        lambda: page.facets.lists["kinds"].chosen.emit(FlipKind.NEGATIVE),
    ):
        deed()
        settle(window, qtbot)


def shows_only(window: MainWindow, name: str) -> None:
    """Whatever holds samples or classes holds those of this comparison, or nothing."""
    comparison = window.workspace.comparison()
    assert comparison is not None
    samples = SIZES[name][0]
    compare, flips, inspector = window.pages[COMPARE], window.pages[FLIPS], window.docks[INSPECTOR]
    assert isinstance(compare, ComparePage)
    assert isinstance(flips, FlipsPage)
    assert isinstance(inspector, Inspector)
    assert compare._counted is None or len(compare._counted) == samples
    assert flips.grid.flips.comparison is None or len(flips.grid.flips.comparison) == samples
    assert all(row < samples for row in [*flips.grid.flips.rows, *window.workspace.judging.chosen_rows()])
    assert all(row < samples for row in flips.beside._rows)
    assert inspector.stack.currentIndex() == 0 or inspector.sample_id.text().startswith(f"{name}/")


@pytest.mark.parametrize("page", [COMPARE.key, FLIPS.key, TRAIN.key])
def test_that_every_view_follows_the_comparison_shown_or_hidden(window: MainWindow, qtbot: QtBot, page: str) -> None:
    for name in ORDER:
        window.workspace.replace(versions(name))
        shows_only(window, name)
        comparison = window.workspace.comparison()
        assert comparison is not None
        window.workspace.select(len(comparison) - 1)  # a link into every view, those that are hidden too
        shows_only(window, name)
        click_through_compare(window, qtbot)
        click_through_flips(window, qtbot)
        shows_only(window, name)
        window.pages.show_page(page)
        settle(window, qtbot)


def test_that_a_mark_after_a_switch_is_on_the_sample_on_show(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.replace(versions("large"))
    window.pages.show_page(FLIPS.key)
    settle(window, qtbot)
    window.pages[FLIPS].grid.selectAll()
    window.pages.show_page(COMPARE.key)
    window.workspace.replace(versions("small"))
    window.workspace.select(2)
    window.workspace.judging.block()
    comparison = window.workspace.comparison()
    assert comparison is not None
    assert np.flatnonzero(comparison.marks).tolist() == [2]


def test_that_no_choice_or_number_of_the_window_takes_the_wheel_by_accident(window: MainWindow, qtbot: QtBot) -> None:
    window.workspace.replace(versions("small"))
    for row in PAGES:
        window.pages.show_page(row.key)
        settle(window, qtbot)
    window.pages[FLIPS]._open(0)
    for dialog in (
        ExportVersionDialog(window.workspace, None, "", window),
        DataDialog(parent=window),
        CompareDialog(parent=window),
        UpdateDialog(window.workspace, parent=window),
        ThresholdsDialog(window.workspace.thresholds, window),
        ClassDoctorDialog(window.workspace, window),
    ):
        dialog.ensurePolished()
    parts = [part for kind in (QComboBox, QAbstractSpinBox, QSlider) for part in window.findChildren(kind)]
    assert len(parts) > 25
    own = [[kind for kind in type(part).__mro__ if kind.__module__.startswith("mpt_studio")] for part in parts]
    assert [kinds for kinds in own if not any("wheelEvent" in vars(kind) for kind in kinds)] == []
