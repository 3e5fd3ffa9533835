"""Crop and flip on the device against the same done by hand; whatever varies images decides whose answers are kept."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.engine.train import augment, order
from mpt_studio.engine.train.augment import STEPS, Augmentation, Batch, Draws, Mirror, PadCrop, Stream, Variation
from mpt_studio.recipe import Training

CPU = torch.device("cpu")


def draws(count: int, seed: int = 3, epoch: int = 1) -> Draws:
    return Draws(seed, epoch, torch.arange(count), CPU)


class Fixed(Draws):
    """The same number of each stream for every sample."""

    def __init__(self, **numbers: int) -> None:
        self.numbers = {Stream[name.upper()]: number for name, number in numbers.items()}

    def of(self, stream: Stream, rows_B: torch.Tensor) -> torch.Tensor:
        return torch.full_like(rows_B, self.numbers[stream])


def batch_of(images: np.ndarray, step: int = 0) -> Batch:
    rows = torch.arange(len(images))
    return Batch(torch.from_numpy(images.copy()), rows % 4, rows, step)


def noise(batch: int, side: int = 7) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), dtype=np.uint8)


@given(st.integers(0, 4), st.integers(0, 8), st.integers(0, 8), st.booleans(), st.integers(1, 6))
def test_that_a_crop_equals_padding_slicing_and_mirroring(padding, row, column, mirror, batch):
    images, places = noise(batch), 2 * padding + 1
    padded = np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    row, column = row % places, column % places
    expected = padded[:, row : row + 7, column : column + 7]
    how = Augmentation(0, (PadCrop(padding), Mirror(True)))
    found = how.apply(batch_of(images), Fixed(row=row + 5 * places, column=column, mirror=int(mirror)))
    assert np.array_equal(found.images_BSS3.numpy(), expected[:, :, ::-1] if mirror else expected)


@given(st.integers(0, 5), st.integers(0, 2**31), st.integers(1, 9))
def test_that_a_cpu_cuts_the_same_pixels_as_the_gather_of_other_devices(padding, seed, batch):
    rng = np.random.default_rng(seed)
    padded = torch.from_numpy(rng.integers(0, 256, (batch, 8 + 2 * padding, 6 + 2 * padding, 3), dtype=np.uint8))
    rows_B, columns_B = torch.from_numpy(rng.integers(0, 2 * padding + 1, (2, batch)))
    expected = augment._by_one_gather(padded, rows_B, columns_B, 8, 6)
    found = augment._by_rows(padded, rows_B, columns_B, 8, 6)
    assert torch.equal(found, expected)
    assert found.is_contiguous()


def test_that_every_image_is_cropped_and_mirrored_by_its_own_draws():
    images = noise(40)
    how = Augmentation(3, (PadCrop(2), Mirror(True)))
    together = how.apply(batch_of(images), draws(40)).images_BSS3
    whole = batch_of(images)
    for i in range(40):
        alone = Batch(whole.images_BSS3[i : i + 1], whole.labels_B[i : i + 1], whole.rows_B[i : i + 1], step=9)
        assert torch.equal(how.apply(alone, draws(40)).images_BSS3[0], together[i])


def test_that_draws_are_uniform_and_depend_on_the_sample_not_on_its_place():
    rows = torch.arange(500)
    there = draws(500).of(Stream.ROW, rows)
    assert there.min() >= 0
    assert (there % 9).bincount(minlength=9).min() > 30
    assert 150 < (draws(500).of(Stream.MIRROR, rows) % 2).sum() < 350
    assert torch.equal(Draws(3, 1, rows.flip(0), CPU).of(Stream.ROW, rows.flip(0)), there)
    others = [draws(500).of(Stream.COLUMN, rows), draws(500, epoch=2).of(Stream.ROW, rows)]
    assert not any(torch.equal(there, other) for other in others)


def test_that_no_two_purposes_share_a_stream():
    assert not {order.ORDER, order.STEP} & set(Stream)


def test_that_images_are_not_mirrored_where_left_and_right_matter(squares):
    assert squares.flips_horizontally
    letters = dataclasses.replace(Training(), flip="off")
    crop, mirror, *_ = Augmentation.of(letters, squares, 32).steps
    assert (crop, mirror) == (PadCrop(4), Mirror(False))
    images = noise(500, 2)
    assert np.array_equal(mirror.apply(batch_of(images), draws(500)).images_BSS3.numpy(), images)


@pytest.mark.parametrize("step", STEPS)
def test_that_every_field_of_a_step_is_told_and_identifies_what_is_shown(step: type[Variation]):
    assert dataclasses.is_dataclass(step)
    assert "__dataclass_fields__" in vars(step)  # its own, not those of what it is made from
    assert all(field.repr and field.compare for field in dataclasses.fields(step))


def test_that_no_two_steps_tell_a_field_of_one_name(squares):
    names = [field.name for step in STEPS for field in dataclasses.fields(step)]
    assert sorted(names) == sorted(Augmentation.of(Training(), squares, 32).settings())


@dataclass(frozen=True)
class Mixed(Variation):
    """What is to come: images and labels of neighbours in the batch, as its number in the epoch says."""

    share: float = 0.5

    @classmethod
    def of(cls, training, dataset, size) -> Mixed:
        return cls()

    def apply(self, batch: Batch, draws: Draws) -> Batch:
        images = batch.images_BSS3
        mixed = self.share * images + (1 - self.share) * images.roll(1 + batch.step, 0)
        return replace(batch, images_BSS3=mixed.to(torch.uint8)[:, ::2, ::2], labels_B=batch.labels_B.roll(1, 0))


def test_that_a_step_may_mix_images_and_labels_and_change_the_size(squares, monkeypatch):
    monkeypatch.setattr(augment, "STEPS", (*STEPS, Mixed))
    how = Augmentation.of(Training(), squares, 16)
    assert how.settings()["share"] == 0.5
    found = how.apply(batch_of(noise(8, 16), step=2), draws(8))
    assert found.images_BSS3.shape == (8, 8, 8, 3)
    assert found.labels_B.tolist() == [3, 0, 1, 2, 3, 0, 1, 2]
