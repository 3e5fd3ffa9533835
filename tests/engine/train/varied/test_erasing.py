"""Rectangles that are erased."""

from __future__ import annotations

import numpy as np
import torch

from mpt_studio.engine.train.varied.erasing import COLOUR, Erase


def hidden(chance: float, draws, batch_of, count: int = 400, side: int = 40) -> np.ndarray:
    """(N, S, S) which pixels of black images took on the colour; all else stays black."""
    black = np.zeros((count, side, side, 3), dtype=np.uint8)
    found = Erase(chance).apply(batch_of(black), draws(count)).images_BSS3.numpy()
    erased = (found == COLOUR).all(axis=3)
    assert not found[~erased].any()
    return erased


def test_that_as_many_images_lose_a_rectangle_as_the_chance_says(draws, batch_of):
    assert hidden(1.0, draws, batch_of).any(axis=(1, 2)).all()
    assert 70 < hidden(0.25, draws, batch_of).any(axis=(1, 2)).sum() < 130


def test_that_what_is_erased_is_a_rectangle_of_the_published_sizes_anywhere(draws, batch_of):
    erased = hidden(1.0, draws, batch_of)
    high, wide = erased.any(axis=2).sum(axis=1), erased.any(axis=1).sum(axis=1)
    assert np.array_equal(high * wide, erased.sum(axis=(1, 2)))
    shares, aspects = high * wide / 1600, high / wide
    assert 0.015 < shares.min() < 0.05
    assert 0.28 < shares.max() < 0.345
    assert 0.27 < aspects.min() < 0.5
    assert 2 < aspects.max() < 3.7
    assert erased.any(axis=0).mean() > 0.99


def test_that_a_rectangle_depends_on_the_sample_alone(draws, batch_of, noise):
    images = noise(9, 16)
    together = Erase(0.5).apply(batch_of(images), draws(9)).images_BSS3
    for i in (0, 8):
        alone = batch_of(images[i : i + 1])
        alone.rows_B.fill_(i)
        assert torch.equal(Erase(0.5).apply(alone, draws(9)).images_BSS3[0], together[i])


def test_that_nothing_is_erased_unless_asked_for(wanted):
    assert Erase.of(wanted()) is None
    assert Erase.of(wanted(erase=0.25)) == Erase(0.25)
