"""mixup and CutMix: pixels and labels go together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mpt_studio.engine.train.varied.mixing import Mix
from mpt_studio.errors import UserError


def test_that_mixup_blends_with_the_flipped_batch_by_the_share_of_the_labels(noise, batch_of, draws):
    images = noise(8, 6)
    found = Mix(1.0, 0.0).apply(batch_of(images, step=2), draws(8))
    share = found.targets.share
    assert 0 < share < 1
    expected = share * images.astype(float) + (1 - share) * images[::-1]
    assert np.abs(found.images_BSS3.numpy() - expected).max() <= 0.51
    assert found.targets.labels_B.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert found.targets.others_B.tolist() == [3, 2, 1, 0, 3, 2, 1, 0]


def test_that_cutmix_pastes_as_much_of_the_flipped_batch_as_the_labels_say(draws, batch_of):
    images = np.zeros((4, 20, 20, 3), dtype=np.uint8)
    images[2:] = 255
    for step in range(30):
        found = Mix(0.0, 1.0).apply(batch_of(images, step), draws(4))
        pasted = (found.images_BSS3.numpy() != images).all(axis=3)
        high, wide = pasted[0].any(axis=1).sum(), pasted[0].any(axis=0).sum()
        assert high * wide == pasted[0].sum()
        assert (pasted == pasted[0]).all()
        assert found.targets.share == pytest.approx(1 - pasted[0].mean())


def test_that_the_share_follows_beta_over_the_steps(noise, batch_of, draws):
    images, numbers = noise(2, 2), draws(2)
    shares = np.array([Mix(0.2, 0.0).apply(batch_of(images, s), numbers).targets.share for s in range(600)])
    assert abs(shares.mean() - 0.5) < 0.06
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.2 + 1)), rel=0.15)


def test_that_mixing_is_a_function_of_seed_epoch_and_step(noise, batch_of, draws):
    def share(step: int = 5, **how: int) -> float:
        return Mix(1.0, 0.0).apply(batch_of(noise(4), step), draws(4, **how)).targets.share

    assert share() == share()
    assert len({share(), share(6), share(epoch=2), share(seed=4)}) == 4


def test_that_with_both_each_batch_takes_one_of_the_two(draws, batch_of):
    images = np.zeros((2, 12, 12, 3), dtype=np.uint8)
    images[1] = 200
    found = [Mix(1.0, 1.0).apply(batch_of(images, s), draws(2)).images_BSS3[0] for s in range(60)]
    blended = [len(image.unique()) == 1 and 0 < image.max() < 200 for image in found]
    assert 15 < sum(blended) < 45


def test_that_an_image_alone_stays_what_it_is(noise, batch_of, draws):
    for mix in (Mix(1.0, 0.0), Mix(0.0, 1.0)):
        found = mix.apply(batch_of(noise(1)), draws(1))
        assert np.array_equal(found.images_BSS3, noise(1))
        assert torch.equal(found.targets.others_B, found.targets.labels_B)


def test_that_one_class_cannot_be_mixed(wanted):
    with pytest.raises(UserError, match=r"mixup and CutMix .* need at least two classes; this version has 1"):
        Mix.of(wanted(classes=1, mixup=0.2))
    assert Mix.of(wanted(classes=1)) is None
    assert Mix.of(wanted(classes=2, cutmix=1.0)) == Mix(0.0, 1.0)
