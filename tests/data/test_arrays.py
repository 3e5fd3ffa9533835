"""Images as arrays."""

from __future__ import annotations

import pickle

import numpy as np

from .test_cache import data, own_cache  # noqa: F401 - each test has a cache of its own


def test_that_grey_images_come_out_as_three_equal_channels() -> None:
    image = data(1).image(1)
    assert image.shape == (4, 4, 3)
    assert (image == image[..., :1]).all()
    assert data(1).batch([4, 1], 4).shape == (2, 4, 4, 3)


def test_that_a_batch_holds_the_images_asked_for_in_their_order() -> None:
    batch = data().batch([3, 0, 3], 4)
    assert np.array_equal(batch, np.stack([data().image(i) for i in (3, 0, 3)]))
    batch[:] = 0  # a copy: writing to it must not reach the cache
    assert data().image(3).any()


def test_that_a_batch_of_another_size_is_resized() -> None:
    assert data().batch(np.array([0, 4]), 8).shape == (2, 8, 8, 3)


def test_that_an_empty_batch_is_allowed() -> None:
    assert data().batch([], 4).shape == (0, 4, 4, 3)


def test_that_a_data_set_travels_to_another_process_by_name_not_by_pixels() -> None:
    packed = pickle.dumps(data())
    assert len(packed) < 3000
    assert np.array_equal(pickle.loads(packed).image(2), data().image(2))
