"""What tells one data set from another."""

from __future__ import annotations

from mpt_studio.data import cache
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels

from .test_cache import Builder, data, own_cache  # noqa: F401 - each test has a cache of its own


def test_that_the_fingerprint_tells_other_pixels_and_other_labels_apart() -> None:
    def shifted() -> Pixels:
        pixels = Builder()()
        return Pixels(pixels.images + 1, pixels.labels, pixels.class_names, 3)

    other = ArrayDataset("small", *cache.cached("small", {"of": "shifted"}, shifted))
    assert data().fingerprint == data(3).fingerprint
    assert len(data().fingerprint) == 32
    assert other.fingerprint != data().fingerprint
