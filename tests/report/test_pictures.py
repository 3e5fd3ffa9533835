from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.report.pictures import MOST, SIDE, data_uri, thumbnails


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_that_a_small_image_is_kept_pixel_for_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 24, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(opened(data_uri(Image.fromarray(pixels)))), pixels)


def test_that_a_large_image_becomes_a_few_kilobytes() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (900, 600, 3), dtype=np.uint8)
    made = data_uri(Image.fromarray(pixels))
    assert opened(made).size == (SIDE * 2 // 3, SIDE)
    assert len(made) < 20_000


def test_that_each_image_is_there_once_and_unknown_ones_are_left_out() -> None:
    dataset = open_dataset("builtin")
    ids = dataset.sample_ids[dataset.test[:3]].tolist()
    assert list(thumbnails(dataset, [*ids, *ids, "nowhere"])) == ids
    assert len(thumbnails(dataset, dataset.sample_ids[:300].tolist())) == MOST
    assert thumbnails(None, ids) == {}
