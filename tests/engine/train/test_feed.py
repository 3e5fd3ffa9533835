"""Batches of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.fit import Fit
from mpt_studio.engine.images import ImageFeed, head_labels
from mpt_studio.engine.train.feed import TrainingFeed
from mpt_studio.engine.train.varied.augmentation import Augmentation
from mpt_studio.engine.train.varied.colours import ColourJitter, Policy
from mpt_studio.engine.train.varied.erasing import Erase
from mpt_studio.engine.train.varied.mixing import Mix
from mpt_studio.engine.train.varied.places import Mirror, PadCrop
from mpt_studio.engine.train.varied.resized_crop import ResizedCrop

CPU = torch.device("cpu")
EVERY_IMAGE = (ResizedCrop(24, 0.2), Policy("trivial"), Mirror(), ColourJitter(0.4), Erase(0.5), Mix(0.2, 1.0))


def epoch_of(data, steps, size, on_device, workers=0, epoch=0):
    """An epoch's batches of four."""
    how = Augmentation(1, steps)
    form = how.takes if how.takes and not on_device else Fit(size)
    images = ImageFeed(data, data.train, form, CPU, on_device, workers=workers)
    labels = head_labels(data, data.train, data.class_names)
    return list(TrainingFeed(images, labels, 4, how).batches(epoch))


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a.images_BSS3, b.images_BSS3)
        assert a.targets.share == b.targets.share


@pytest.mark.parametrize("on_device", [True, False])
def test_that_batches_are_the_epochs_order_from_any_first_step(on_device, squares):
    labels = head_labels(squares, squares.train, squares.class_names)
    images = ImageFeed(squares, squares.train, 16, CPU, on_device)
    training = TrainingFeed(images, labels, 20, Augmentation(1, ()))
    batches = list(training.batches(epoch=3))
    assert [len(b.targets) for b in batches] == [20, 20, 20, 20, 16]
    assert sorted(torch.cat([b.targets.labels_B for b in batches]).tolist()) == sorted(labels.tolist())
    later = list(training.batches(epoch=3, first=2))
    assert [b.step for b in later] == [2, 3, 4]
    assert torch.equal(later[0].images_BSS3, batches[2].images_BSS3)


@pytest.mark.parametrize("workers", [1, 2])
def test_that_photographs_are_varied_alike_by_any_number_of_processes(workers, photographs):
    expected = epoch_of(photographs, EVERY_IMAGE, 24, on_device=False)
    assert [b.images_BSS3.shape for b in expected] == [(4, 24, 24, 3)] * 3
    assert_same(epoch_of(photographs, EVERY_IMAGE, 24, on_device=False, workers=workers), expected)
    another = epoch_of(photographs, EVERY_IMAGE, 24, on_device=False, epoch=1)
    assert not torch.equal(another[0].images_BSS3, expected[0].images_BSS3)


@pytest.mark.parametrize("steps", [EVERY_IMAGE, (Policy("rand"), PadCrop(2), Mirror())])
def test_that_a_cpu_varies_images_that_it_holds_as_loaders_would(steps, squares):
    assert_same(*(epoch_of(squares, steps, 16, on_device) for on_device in (True, False)))


def test_that_random_crops_show_parts_that_lie_outside_of_the_centre(tmp_path):
    for part in ("train", "test"):
        for name in ("left", "right"):
            (tmp_path / part / name).mkdir(parents=True)
            picture = np.zeros((60, 240, 3), dtype=np.uint8)
            picture[:, :60] = 255  # the largest centred square is black
            Image.fromarray(picture).save(tmp_path / part / name / "0.png")
    data = open_dataset(f"folder:{tmp_path}")
    assert not data.batch(data.train, 24).any()
    seen = [epoch_of(data, (ResizedCrop(24, 0.08),), 24, False, epoch=e)[0].images_BSS3 for e in range(12)]
    assert any(images.any() for images in seen)
