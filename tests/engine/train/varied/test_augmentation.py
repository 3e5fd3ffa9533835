"""The steps together: what they are made of, and that each image has its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily

from mpt_studio.engine.train.varied import augmentation
from mpt_studio.engine.train.varied.augmentation import STEPS, Augmentation
from mpt_studio.engine.train.varied.batch import Batch, Targets
from mpt_studio.engine.train.varied.colours import ColourJitter, Policy
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.engine.train.varied.erasing import Erase
from mpt_studio.engine.train.varied.mixing import Mix
from mpt_studio.engine.train.varied.places import Mirror, PadCrop
from mpt_studio.engine.train.varied.resized_crop import ResizedCrop
from mpt_studio.engine.train.varied.variation import Variation

EVERYTHING = {"crop": "resized", "auto_augment": "trivial", "colour_jitter": 0.4, "erase": 0.25, "mixup": 0.2}


def test_that_a_recipe_as_it_comes_pads_small_images_and_cuts_photographs(wanted):
    assert Augmentation.of(wanted(32)).steps == (PadCrop(4), Mirror())
    assert Augmentation.of(wanted(224)).steps == (ResizedCrop(224, 0.08), Mirror())
    assert Augmentation.of(wanted(224, crop="centre", flip="off")).steps == ()


def test_that_a_frozen_network_sees_images_as_they_are_unless_the_recipe_says_otherwise(wanted):
    assert Augmentation.of(wanted(32, freeze=-1)).steps == ()
    assert Augmentation.of(wanted(224, freeze=-1)).steps == ()
    assert Augmentation.of(wanted(32, freeze=-1, flip="on", crop_padding=2)).steps == (PadCrop(2), Mirror())
    assert Augmentation.of(wanted(32, freeze=3)).steps == (PadCrop(4), Mirror())


def test_that_every_field_of_the_recipe_is_a_step_in_its_place(wanted):
    expected = (ResizedCrop(32, 0.08), Policy("trivial"), Mirror(), ColourJitter(0.4), Erase(0.25), Mix(0.2, 0.0))
    assert Augmentation.of(wanted(32, **EVERYTHING)).steps == expected


@pytest.mark.parametrize(
    "how",
    [(PadCrop(2), Mirror()), (ResizedCrop(12, 0.2), Mirror()), (Policy("rand"), ColourJitter(0.4), Erase(0.5))],
)
def test_that_every_image_is_varied_by_its_own_draws(how, noise, batch_of, draws):
    images, whole = noise(40), Augmentation(3, how)
    together = whole.apply(batch_of(images), draws(40)).images_BSS3
    every = batch_of(images)
    for i in range(40):
        pick = slice(i, i + 1)
        alone = Batch(every.images_BSS3[pick].clone(), Targets(every.rows_B[pick]), every.rows_B[pick], step=9)
        assert torch.equal(whole.apply(alone, draws(40)).images_BSS3[0], together[i])


@pytest.mark.parametrize("step", STEPS)
def test_that_every_field_of_a_step_is_told_and_identifies_what_is_shown(step: type[Variation]):
    assert dataclasses.is_dataclass(step)
    assert "__dataclass_fields__" in vars(step)  # its own, not those of what it is made from
    assert all(field.repr and field.compare for field in dataclasses.fields(step))


def test_that_what_is_done_is_told(wanted):
    assert Augmentation.of(wanted(32)).told() == "PadCrop(crop_padding=4), Mirror()"
    assert Augmentation(1, ()).told() == "nothing"


def test_that_what_loader_processes_did_is_not_done_again(noise, batch_of, draws):
    how = Augmentation(3, (Policy("trivial"), Mirror()))
    images = noise(6, 12)
    by_loaders = np.stack(Policy("trivial").vary(list(images), draws(6)))
    found = how.apply(batch_of(by_loaders), draws(6), done=how.of_images)
    assert torch.equal(found.images_BSS3, how.apply(batch_of(images), draws(6)).images_BSS3)


class Imagined(Draws):
    """What is drawn for a GPU that has no memory."""

    def once(self, what, make) -> torch.Tensor:
        with unset_fake_temporarily():
            made = make()
        return torch.empty(made.shape, dtype=made.dtype, device="cuda:0")


MIXES = (Mix(0.2, 0.0), Mix(0.0, 0.2))
ON_ANY_DEVICE = (ResizedCrop(12, 0.2), PadCrop(2), Mirror(), ColourJitter(0.4), Erase(0.5), *MIXES)


@pytest.mark.parametrize("step", ON_ANY_DEVICE)
def test_that_a_step_mixes_no_devices(step):
    samples = torch.arange(6)
    with FakeTensorMode():
        images, rows = torch.zeros(6, 8, 8, 3, dtype=torch.uint8, device="cuda:0"), torch.arange(6, device="cuda:0")
        found = step.apply(Batch(images, Targets(rows % 4), rows, 0), Imagined(3, 1, samples, images.device))
        assert found.images_BSS3.device == images.device
        assert found.images_BSS3.dtype == torch.uint8


@dataclass(frozen=True)
class Stripes(Variation):
    """What is to come: images and what they show change, also in size, as the step's number in the epoch says."""

    share: float = 0.5

    @classmethod
    def of(cls, wanted) -> Stripes:
        return cls()

    def apply(self, batch: Batch, draws) -> Batch:
        images, labels_B = batch.images_BSS3, batch.targets.labels_B
        mixed = self.share * images + (1 - self.share) * images.roll(1 + batch.step, 0)
        targets = Targets(labels_B.roll(1, 0))
        return replace(batch, images_BSS3=mixed.to(torch.uint8)[:, ::2, ::2], targets=targets)


def test_that_a_step_may_mix_images_and_labels_and_change_the_size(wanted, monkeypatch, noise, batch_of, draws):
    monkeypatch.setattr(augmentation, "STEPS", (*STEPS, Stripes))
    how = Augmentation.of(wanted(16))
    assert "Stripes(share=0.5)" in how.told()
    found = how.apply(batch_of(noise(8, 16), step=2), draws(8))
    assert found.images_BSS3.shape == (8, 8, 8, 3)
    assert found.targets.labels_B.tolist() == [3, 0, 1, 2, 3, 0, 1, 2]
