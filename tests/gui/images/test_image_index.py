from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from mpt_studio.compare import at_offset
from mpt_studio.gui.images import image_index as module
from mpt_studio.gui.images.image_index import image_index, same_texts
from mpt_studio.gui.workspace import loading
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


@given(st.lists(st.text(max_size=3), max_size=6), st.lists(st.text(max_size=3), max_size=6))
def test_that_texts_are_the_same_where_every_letter_is(one: list[str], other: list[str]) -> None:
    other = other[: len(one)] + one[len(other) :]
    first, second = np.array(one, np.str_), np.array(other, np.str_)
    assert same_texts(first, first.copy())
    assert same_texts(first, second) == (first.tolist() == second.tolist())
    assert same_texts(first[::2], first.copy()[::2])


def test_that_views_under_an_offset_share_the_index_and_nothing_is_held(workspace: Workspace) -> None:
    comparison = workspace.comparison()
    assert comparison is not None
    module._Kept.made.clear()
    base = image_index(workspace.dataset, comparison)
    assert image_index(workspace.dataset, at_offset(comparison, 1.0)) is base
    assert image_index(workspace.dataset, workspace.comparison("mpt")) is not base
    assert image_index(None, comparison)[0] == -1
    del base, comparison
    workspace.clear()
    gc.collect()
    assert all(columns() is None for _, columns, _ in module._Kept.made)


def test_that_images_of_many_samples_are_located_before_data_are_told_of(
    workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "DIRECT_IMAGES", 5)
    data, comparison = workspace.dataset, workspace.comparison()
    assert data is not None
    module._Kept.made.clear()
    with qtbot.waitSignal(workspace.data_changed):
        workspace.loading.locate_images(data)
        assert not module._Kept.made  # beside, not here
    assert [(d(), c()) for d, c, _ in module._Kept.made] == [(data, comparison.columns)]  # type: ignore[union-attr]
