"""Batches of an epoch."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.images import ImageFeed, head_labels
from mpt_studio.engine.train.augment import Augmentation
from mpt_studio.engine.train.feed import TrainingFeed

CPU = torch.device("cpu")


@pytest.mark.parametrize("on_device", [True, False])
def test_that_batches_are_the_epochs_order_from_any_first_step(on_device, squares):
    labels = head_labels(squares, squares.train, squares.class_names)
    images = ImageFeed(squares, squares.train, 16, CPU, on_device)
    training = TrainingFeed(images, labels, 20, Augmentation(1, ()))
    batches = list(training.batches(epoch=3))
    assert [len(b.labels_B) for b in batches] == [20, 20, 20, 20, 16]
    assert sorted(torch.cat([b.labels_B for b in batches]).tolist()) == sorted(labels.tolist())
    later = list(training.batches(epoch=3, first=2))
    assert [b.step for b in later] == [2, 3, 4]
    assert torch.equal(later[0].images_BSS3, batches[2].images_BSS3)
