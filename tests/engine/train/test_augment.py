"""Crop and flip on the device against the same done by hand."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.engine.train import augment
from mpt_studio.engine.train.augment import Draws


@given(st.integers(0, 4), st.integers(0, 8), st.integers(0, 8), st.booleans(), st.integers(1, 6))
def test_that_a_crop_equals_padding_slicing_and_mirroring(padding, row, column, mirror, batch):
    row, column = row % (2 * padding + 1), column % (2 * padding + 1)
    images = np.random.default_rng(0).integers(0, 256, (batch, 7, 7, 3), dtype=np.uint8)
    draws = Draws(torch.full((batch,), row), torch.full((batch,), column), torch.full((batch,), mirror))
    padded = np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    expected = padded[:, row : row + 7, column : column + 7]
    expected = expected[:, :, ::-1] if mirror else expected
    assert np.array_equal(augment.apply(torch.from_numpy(images), draws, padding).numpy(), expected)


@given(st.integers(0, 5), st.integers(0, 2**31), st.integers(1, 9))
def test_that_a_cpu_cuts_the_same_pixels_as_the_gather_of_other_devices(padding, seed, batch):
    rng = np.random.default_rng(seed)
    padded = torch.from_numpy(rng.integers(0, 256, (batch, 8 + 2 * padding, 6 + 2 * padding, 3), dtype=np.uint8))
    places = rng.integers(0, 2 * padding + 1, (2, batch))
    draws = Draws(*torch.from_numpy(places), torch.from_numpy(rng.random(batch) < 0.5))
    expected = augment._by_one_gather(padded, draws, 8, 6)
    found = augment._by_rows(padded, draws, 8, 6)
    assert torch.equal(found, expected)
    assert found.is_contiguous()


def test_that_draws_stay_in_range_and_depend_on_the_sample_not_on_its_place():
    samples = torch.arange(500)
    draws = augment.draw(3, 1, samples, padding=4, mirror=True)
    assert draws.row_N.min() >= 0
    assert draws.row_N.max() == 8
    assert 150 < draws.mirror_N.sum() < 350
    reverse = augment.draw(3, 1, samples.flip(0), padding=4, mirror=True)
    assert torch.equal(reverse.column_N.flip(0), draws.column_N)
    assert not torch.equal(draws.row_N, draws.column_N)


def test_that_images_are_not_mirrored_where_left_and_right_matter():
    assert not augment.draw(3, 1, torch.arange(500), padding=4, mirror=False).mirror_N.any()
