from __future__ import annotations

import copy
import threading

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mpt_studio.data.dataset import Dataset
from mpt_studio.errors import UserError
from mpt_studio.gui.images.image_index import ImageIndex, image_index
from mpt_studio.gui.images.thumbnails import Thumbnails, fitted, to_qimage
from mpt_studio.gui.workspace.workspace import Workspace

pytestmark = pytest.mark.gui


class Slow(Dataset):
    """Images that wait until they may be decoded."""

    spec, class_names, image_size = "slow", ("a",), 4

    def __init__(self, samples: int = 100) -> None:
        self.sample_ids = np.array([f"s{i:03d}" for i in range(samples)])
        self.labels = np.zeros(samples, np.int64)
        self.train, self.test = np.arange(0, samples // 2), np.arange(samples // 2, samples)
        self.may_go, self.decoded = threading.Event(), []

    def image(self, index: int) -> np.ndarray:
        self.may_go.wait(5)
        self.decoded.append(index)
        return np.full((4, 4, 3), index, np.uint8)

    def batch(self, indices: object, size: int) -> np.ndarray:
        return np.stack([self.image(int(i)) for i in np.asarray(indices)])


@pytest.fixture
def pool(qtbot: QtBot):
    made = Thumbnails(limit=40 * 40 * 4 * 10)
    yield made
    made.close()


def test_that_a_qimage_owns_its_pixels_and_keeps_odd_widths_straight() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[1, 2] = (10, 20, 30)
    image = to_qimage(pixels)
    pixels[:] = 255
    assert image.pixelColor(2, 1).getRgb()[:3] == (10, 20, 30)
    assert image.pixelColor(0, 0).getRgb()[:3] == (0, 0, 0)


def test_that_tiny_images_are_enlarged_pixel_by_pixel() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[:, 1] = 255
    image = fitted(to_qimage(pixels), 8)
    assert [image.pixelColor(x, 0).red() for x in range(8)] == [0] * 4 + [255] * 4


def test_that_large_images_are_reduced_to_the_longer_side() -> None:
    image = fitted(to_qimage(np.zeros((300, 200, 3), np.uint8)), 96)
    assert (image.width(), image.height()) == (64, 96)


def test_that_what_scrolled_away_is_not_decoded(qtbot: QtBot, pool: Thumbnails) -> None:
    dataset = Slow()
    pool.set_dataset(dataset)
    pool.want(range(50), 8)
    pool.want([90, 91], 8)
    dataset.may_go.set()
    qtbot.waitUntil(lambda: pool.image(90) is not None and pool.image(91) is not None)
    assert len(dataset.decoded) <= 4  # the two wanted and the two that had begun


def test_that_the_cache_stays_within_its_bytes(qtbot: QtBot, pool: Thumbnails) -> None:
    dataset = Slow()
    dataset.may_go.set()
    pool.set_dataset(dataset)
    pool.want(range(30), 40)
    qtbot.waitUntil(lambda: len(dataset.decoded) == 30 and pool.image(29) is not None)
    assert 0 < pool.bytes <= 40 * 40 * 4 * 10


def test_that_images_of_a_former_data_set_never_arrive(qtbot: QtBot, pool: Thumbnails) -> None:
    slow, other = Slow(), Slow()
    other.may_go.set()
    pool.set_dataset(slow)
    pool.want([1], 8)
    pool.set_dataset(other)
    slow.may_go.set()
    pool.want([2], 8)
    qtbot.waitUntil(lambda: pool.image(2) is not None)
    assert pool.image(1) is None


def test_that_an_image_that_cannot_be_read_is_a_placeholder_with_its_reason(qtbot: QtBot, pool: Thumbnails) -> None:
    class Gone(Slow):
        def image(self, index: int) -> np.ndarray:
            raise UserError(f"The image {index} has vanished.") if index == 1 else OSError("no such disk")

    pool.set_dataset(Gone())
    pool.want([1, 2], 8)
    qtbot.waitUntil(lambda: pool.image(1) is not None and pool.image(2) is not None)
    assert pool.image(1).isNull()
    assert pool.reason(1) == "The image 1 has vanished."
    assert pool.reason(2) == "The image cannot be read (no such disk)."


def test_that_an_image_wanted_at_another_size_is_decoded_again(qtbot: QtBot, pool: Thumbnails) -> None:
    dataset = Slow()
    dataset.may_go.set()
    pool.set_dataset(dataset)
    for edge in (8, 16):
        pool.want([3], edge)
        qtbot.waitUntil(lambda edge=edge: isinstance(i := pool.image(3), QImage) and i.width() == edge)


def test_that_samples_find_their_images_in_any_order() -> None:
    dataset = Slow(6)
    assert ImageIndex(dataset, np.array(["s003", "s004", "s005"])).many(np.array([2, 0])) == [5, 3]
    shuffled = ImageIndex(dataset, np.array(["s004", "nowhere", "s001"]))
    assert [shuffled[i] for i in range(3)] == [4, -1, 1]
    assert shuffled.many(np.array([0, 1, 2])) == [4, 1]


def test_that_without_data_no_sample_has_an_image() -> None:
    index = ImageIndex(None, np.array(["s001"]))
    assert index[0] == -1
    assert index.many(np.array([0])) == []


def test_that_images_of_other_data_with_the_same_ids_are_never_shown(workspace: Workspace) -> None:
    comparison, dataset = workspace.comparison(), workspace.dataset
    assert comparison is not None
    assert dataset is not None
    assert image_index(dataset, comparison).many(np.arange(10)) == list(range(10))
    other = copy.copy(dataset)
    other.labels = dataset.labels[::-1].copy()
    assert image_index(other, comparison).many(np.arange(10)) == []


def test_that_a_corrected_label_hides_only_its_own_image(workspace: Workspace) -> None:
    comparison, corrected = workspace.comparison(), copy.copy(workspace.dataset)
    assert comparison is not None
    assert corrected is not None
    corrected.labels = corrected.labels.copy()
    corrected.labels[3] = 1
    assert image_index(corrected, comparison).many(np.arange(10)) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
