"""Crop and flip on the device against the same done by hand."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpt_studio.engine.train.varied import places
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.draws import Draws, Stream
from mpt_studio.engine.train.varied.places import Mirror, PadCrop

of_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


class Fixed(Draws):
    """The same number of each stream for every sample."""

    def __init__(self, **numbers: int) -> None:
        self.numbers = {Stream[name.upper()]: number for name, number in numbers.items()}

    def of(self, stream: Stream, rows_B: torch.Tensor) -> torch.Tensor:
        return torch.full_like(rows_B, self.numbers[stream])


@of_fixtures
@given(st.integers(0, 4), st.integers(0, 8), st.integers(0, 8), st.booleans(), st.integers(1, 6))
def test_that_a_crop_equals_padding_slicing_and_mirroring(noise, batch_of, padding, row, column, mirror, batch):
    images, places = noise(batch), 2 * padding + 1
    padded = np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    row, column = row % places, column % places
    expected = padded[:, row : row + 7, column : column + 7]
    how = Augmentation(0, (PadCrop(padding), Mirror()))
    found = how.apply(batch_of(images), Fixed(row=row + 5 * places, column=column, mirror=int(mirror)))
    assert np.array_equal(found.images_BSS3, expected[:, :, ::-1] if mirror else expected)


@given(st.integers(0, 5), st.integers(0, 2**31), st.integers(1, 9))
def test_that_a_cpu_cuts_the_same_pixels_as_the_gather_of_other_devices(padding, seed, batch):
    rng = np.random.default_rng(seed)
    padded = torch.from_numpy(rng.integers(0, 256, (batch, 8 + 2 * padding, 6 + 2 * padding, 3), dtype=np.uint8))
    rows_B, columns_B = torch.from_numpy(rng.integers(0, 2 * padding + 1, (2, batch)))
    expected = places._by_one_gather(padded, rows_B, columns_B, 8, 6)
    found = places._by_rows(padded, rows_B, columns_B, 8, 6)
    assert torch.equal(found, expected)
    assert found.is_contiguous()


def test_that_only_small_inputs_are_padded_unless_the_recipe_says_so(wanted):
    assert PadCrop.of(wanted(64)) == PadCrop(8)
    assert PadCrop.of(wanted(96)) is None
    assert PadCrop.of(wanted(96, crop="pad")) == PadCrop(12)
    assert [PadCrop.of(wanted(crop=crop)) for crop in ("resized", "centre")] == [None, None]
    assert PadCrop.of(wanted(crop_padding=0)) is None
    assert PadCrop.of(wanted(crop_padding=3)) == PadCrop(3)


def test_that_images_are_not_mirrored_where_left_and_right_matter(wanted, squares):
    assert squares.flips_horizontally
    assert Mirror.of(wanted()) == Mirror()
    assert Mirror.of(wanted(flip="off")) is None
