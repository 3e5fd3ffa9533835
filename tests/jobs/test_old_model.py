"""The old model's classes as the data call them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mpt_studio.compare import ClassMap, keep_map
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels
from mpt_studio.errors import UserError
from mpt_studio.jobs.old_model import names_on_data
from mpt_studio.store import Store


def pets(folder: Path) -> ArrayDataset:
    images = np.zeros((3, 2, 2, 3), np.uint8)
    return ArrayDataset("pets", folder, Pixels(images, np.array([0, 1, 2]), ("cat", "dog", "bird"), 3))


def test_that_names_spelled_otherwise_are_the_datas_in_the_models_order(tmp_path: Path) -> None:
    assert names_on_data(("DOG", "cat"), pets(tmp_path), None) == ("dog", "cat")


def test_that_a_class_without_a_counterpart_waits_for_a_map(tmp_path: Path) -> None:
    data, store = pets(tmp_path), Store(tmp_path / "store")
    with pytest.raises(UserError, match="keeps a class map"):
        names_on_data(("kitty", "dog"), data, store)
    keep_map(store.root, ("kitty", "dog"), data.class_names, ClassMap((("kitty", "cat"),)))
    assert names_on_data(("kitty", "dog"), data, store) == ("cat", "dog")
