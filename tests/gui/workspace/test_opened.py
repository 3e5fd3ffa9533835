from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from mpt_studio.compare import Filter, Samples
from mpt_studio.flips import FlipKind, Mark
from mpt_studio.gui.workspace.deciding import Deciding
from mpt_studio.gui.workspace.judging import Judging
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.recommending import Recommending
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui
NAMES = ("cat", "dog")


def test_that_comparisons_are_computed_once(workspace: Workspace) -> None:
    assert workspace.comparison() is workspace.comparison("plain")


def test_that_setting_another_old_model_exchanges_colours_and_comparisons(workspace: Workspace) -> None:
    before = workspace.comparison("mpt")
    color = workspace.version("plain").color
    workspace.set_old("plain")
    assert workspace.old.key == "plain"
    assert workspace.version("old").color == color
    assert workspace.old.color == -1
    assert workspace.comparison("mpt") is not before
    assert workspace.current.key == "old"


def test_that_labels_stay_unique(workspace: Workspace) -> None:
    workspace.rename("mpt", "plain")
    assert workspace.version("mpt").label == "plain (2)"
    workspace.rename("mpt", "  ")
    assert workspace.version("mpt").label == "plain (2)"


def test_that_samples_picked_in_one_comparison_do_not_filter_another(workspace: Workspace) -> None:
    workspace.set_filter(Filter(samples=Samples(np.array([1, 2]), "a chart")))
    assert workspace.rows.tolist() == [1, 2] or set(workspace.rows.tolist()) == {1, 2}
    workspace.set_current("mpt")
    assert workspace.filter.samples is None
    assert len(workspace.rows) == 10


def test_that_rows_follow_filter_and_order(workspace: Workspace) -> None:
    workspace.set_filter(Filter(kinds=(FlipKind.NEGATIVE,)))
    drops = workspace.comparison().margin_drop[workspace.rows]
    assert sorted(workspace.rows.tolist()) == [1, 2, 5, 6]
    assert (np.diff(drops) <= 0).all()
    workspace.set_sort("margin_drop", False)
    assert (np.diff(workspace.comparison().margin_drop[workspace.rows]) >= 0).all()


def test_that_selecting_tells_once(workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.selection_changed):
        workspace.select(3)
    with qtbot.assertNotEmitted(workspace.selection_changed):
        workspace.select(3)


def test_that_the_recommendation_names_a_version(workspace: Workspace) -> None:
    assert workspace.recommending.picked.key == "mpt"


def test_that_closing_everything_leaves_nothing(workspace: Workspace) -> None:
    workspace.clear()
    assert workspace.comparison() is None
    assert workspace.current is None
    assert len(workspace.rows) == 0
    assert workspace.recommending.picked is None


def test_that_the_parts_work_on_what_is_open_without_the_hub(workspace: Workspace) -> None:
    opened = Opened(workspace.store)
    judging, recommending = Judging(opened), Recommending(opened, Deciding(opened))
    opened.preparing.append(judging.prepare)
    opened.replace(workspace.versions)
    opened.select(2)
    judging.block()
    assert judging.ids(Mark.BLOCKER) == ["test/02"]
    assert recommending.picked is not None
    opened.remove(recommending.picked.key)
    assert recommending.picked is None  # what was found among other versions is forgotten
    judging.close()
    opened.close()


def test_that_a_cache_of_images_goes_over_to_other_data_and_ends_with_what_is_open(
    workspace: Workspace, qtbot: QtBot
) -> None:
    owner = QObject()
    images = workspace.thumbnails(owner)
    with qtbot.waitSignal(images.arrived):
        images.want([0])
    workspace.data_changed.emit()
    assert images.image(0) is None
    workspace.close()
    images.want([0])
    qtbot.wait(50)
    assert images.image(0) is None


def test_that_the_noise_floor_takes_no_candidates_colour(workspace: Workspace) -> None:
    old = workspace.old
    workspace.add_version(type(old)("seed", "other seed", "noise_floor", predictions=old.predictions))
    assert workspace.version("seed").color == -2
    workspace.set_old("seed")
    assert (workspace.old.color, old.color) == (-1, 2)  # after the two candidates
