"""torchvision's policies and colour changes, drawn by us."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from mpt_studio.engine.train.varied.colours import ColourJitter, Policy
from mpt_studio.engine.train.varied.draws import Draws, Stream

CPU = torch.device("cpu")


@pytest.mark.parametrize(("policy", "theirs"), [("trivial", v2.TrivialAugmentWide()), ("rand", v2.RandAugment(2, 9))])
def test_that_a_policy_is_torchvisions_with_a_seed_of_each_sample(policy, theirs, noise, draws):
    images = noise(12, 20)
    found = Policy(policy).vary(list(images), draws(12))
    for image, seed, made in zip(images, draws(12).numbers_N(Stream.POLICY).tolist(), found, strict=True):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            assert np.array_equal(made, theirs(Image.fromarray(image)))
    assert sum(not np.array_equal(a, b) for a, b in zip(images, found, strict=True)) > 6


def test_that_a_policy_depends_on_the_sample_alone_and_leaves_torchs_numbers_alone(noise, draws):
    images = noise(6, 20)
    before = torch.random.get_rng_state()
    together = Policy("trivial").vary(list(images), draws(6))
    assert torch.equal(torch.random.get_rng_state(), before)
    alone = Policy("trivial").vary([images[4]], Draws(3, 1, torch.tensor([4]), CPU))
    assert np.array_equal(alone[0], together[4])


def test_that_a_policy_does_the_same_to_images_on_the_device(noise, draws, batch_of):
    images = noise(6, 20)
    found = Policy("rand").apply(batch_of(images), draws(6)).images_BSS3
    assert np.array_equal(found, np.stack(Policy("rand").vary(list(images), draws(6))))


def test_that_jitter_equals_torchvisions_changes_one_after_the_other(draws, batch_of):
    smooth = np.random.default_rng(0).integers(100, 140, (20, 8, 8, 3), dtype=np.uint8)  # nothing is cut to 0 or 255
    found = ColourJitter(0.5).apply(batch_of(smooth), draws(20)).images_BSS3
    streams = (Stream.BRIGHTNESS, Stream.CONTRAST, Stream.SATURATION)
    factors = np.stack([1 + 0.5 * (2 * draws(20).shares_N(stream) - 1) for stream in streams], axis=1)
    for image, (brightness, contrast, saturation), made in zip(smooth, factors, found, strict=True):
        pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 255
        pixels = functional.adjust_saturation(functional.adjust_contrast(pixels, contrast), saturation)
        expected = functional.adjust_brightness(pixels, brightness).permute(1, 2, 0) * 255
        assert (made - expected).abs().max() <= 1.0
    assert factors.min() < 0.6
    assert factors.max() > 1.4


def test_that_jitter_stays_within_the_range_of_pixels(noise, draws, batch_of):
    black_and_white = noise(50, 6) // 128 * 255
    found = ColourJitter(1.0).apply(batch_of(black_and_white), draws(50)).images_BSS3
    assert found.dtype == torch.uint8
    grey = torch.full((50, 6, 6, 3), 90, dtype=torch.uint8).numpy()
    spread = ColourJitter(1.0).apply(batch_of(grey), draws(50)).images_BSS3.float().std(dim=(1, 2, 3))
    assert spread.max() == 0  # contrast and saturation of a grey are none


def test_that_nothing_is_done_that_the_recipe_does_not_ask_for(wanted):
    assert Policy.of(wanted()) is None
    assert ColourJitter.of(wanted()) is None
    assert Policy.of(wanted(auto_augment="rand")) == Policy("rand")
    assert ColourJitter.of(wanted(colour_jitter=0.3)) == ColourJitter(0.3)
