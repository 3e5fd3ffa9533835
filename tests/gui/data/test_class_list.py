from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from mpt_studio.data.dataset import Dataset, Images
from mpt_studio.gui.data.class_list import FEW, ClassList, first_samples

from ..conftest import NAMES, DrawnDataset, seen

pytestmark = pytest.mark.gui


class ManyClasses(Dataset):
    """Ten thousand classes with twenty images each."""

    spec, image_size = "many", 8

    def __init__(self, classes: int = 10_000, each: int = 20) -> None:
        self.class_names = tuple(f"class {i}" for i in range(classes))
        self.labels = np.repeat(np.arange(classes), each)
        self.sample_ids = np.arange(len(self.labels)).astype(str)
        self.train, self.test = np.arange(len(self.labels)), np.empty(0, np.int64)
        self.asked: set[int] = set()

    def image(self, index: int) -> Images:
        self.asked.add(int(self.labels[index]))
        return np.full((8, 8, 3), index % 255, np.uint8)

    def batch(self, indices: object, size: object) -> Images:
        return np.stack([self.image(int(i)) for i in np.asarray(indices)])


def test_that_the_first_samples_are_the_classes_own_and_missing_ones_are_minus_one() -> None:
    dataset = DrawnDataset()
    dataset.train, dataset.test = np.array([0, 1, 4, 5, 6, 7, 8]), np.array([2, 3, 9])
    assert first_samples(dataset, 3).tolist() == [[0, 1, -1], [4, 5, 6], [8, -1, -1]]
    dataset.train = np.empty(0, np.int64)
    assert first_samples(dataset, 2).tolist() == [[0, 1], [4, 5], [8, 9]]


def test_that_a_click_anywhere_in_a_row_and_the_space_bar_turn_its_tick(qtbot: QtBot) -> None:
    made = seen(qtbot, ClassList(), 420, 300)
    made.show_classes(DrawnDataset(), ("cat",))
    row = made.visualRect(made.classes.index(2)).center()
    qtbot.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert made.classes.old == ("cat", "fox")
    made.setCurrentIndex(made.classes.index(0))
    made.setFocus()
    qtbot.keyClick(made, Qt.Key.Key_Space)
    assert made.classes.old == ("fox",)
    made.thumbnails.close()


def test_that_what_an_old_model_has_said_cannot_be_ticked(qtbot: QtBot) -> None:
    made = seen(qtbot, ClassList(), 420, 300)
    made.show_classes(DrawnDataset(), NAMES[:1], "words")
    qtbot.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(20, 60))
    assert made.classes.old == NAMES[:1]
    made.thumbnails.close()


def test_that_ten_thousand_classes_open_at_once_and_only_those_seen_are_decoded(qtbot: QtBot) -> None:
    made, data = seen(qtbot, ClassList(), 420, 400), ManyClasses()
    began = time.perf_counter()
    made.show_classes(data, ())
    made.grab()
    assert time.perf_counter() - began < 1.0
    qtbot.waitUntil(lambda: made.thumbnails.image(int(made.classes.samples[0, 0])) is not None)
    made.scrollTo(made.classes.index(9_999))
    qtbot.waitUntil(lambda: made.thumbnails.image(int(made.classes.samples[9_999, FEW - 1])) is not None)
    assert len(data.asked) < 60
    made.classes.filter("class 77")
    assert [made.classes.names[i] for i in made.classes.shown[:3]] == ["class 77", "class 770", "class 771"]
    made.thumbnails.close()
