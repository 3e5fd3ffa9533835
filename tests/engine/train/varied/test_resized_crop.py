"""Windows against torchvision's law, pixels against its crop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from mpt_studio.data.fit import Whole
from mpt_studio.engine.train.varied.draws import Draws
from mpt_studio.engine.train.varied.resized_crop import ResizedCrop, resized_together

CPU = torch.device("cpu")


def windows(crop: ResizedCrop, height: int, width: int, count: int = 3000, epoch: int = 0) -> np.ndarray:
    numbers = Draws(5, epoch, torch.arange(count), CPU)
    return crop.windows(numbers, np.full(count, height), np.full(count, width))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.01, 1.0))
def test_that_every_window_lies_in_its_picture(height, width, smallest):
    top, left, high, wide = windows(ResizedCrop(32, smallest), height, width, 60).T
    assert min(top.min(), left.min()) >= 0
    assert min(high.min(), wide.min()) > 0
    assert (top + high <= height).all()
    assert (left + wide <= width).all()


@pytest.mark.parametrize(("height", "width"), [(375, 500), (224, 224), (500, 375)])
def test_that_windows_follow_torchvisions_law(height, width):
    crop, theirs = ResizedCrop(224, 0.35), v2.RandomResizedCrop(224, scale=(0.35, 1.0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        picture = torch.zeros(3, height, width)
        made = [theirs.make_params([picture]) for _ in range(3000)]
    expected = np.array([[m["top"], m["left"], m["height"], m["width"]] for m in made])
    found = windows(crop, height, width)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert np.quantile(found, share, axis=0) == pytest.approx(np.quantile(expected, share, axis=0), abs=18)
    areas = found[:, 2] * found[:, 3] / (height * width)
    assert 0.34 < areas.min() < 0.37
    aspects = found[:, 3] / found[:, 2]
    assert 0.74 < aspects.min() < aspects.max() < 1.35


def test_that_a_strip_without_an_allowed_part_shows_its_centre():
    top, left, high, wide = windows(ResizedCrop(32, 0.9), 20, 200, 50).T
    assert set(zip(high.tolist(), wide.tolist(), strict=True)) == {(20, 27)}
    assert set(zip(top.tolist(), left.tolist(), strict=True)) == {(0, (200 - 27) // 2)}


def test_that_a_window_is_a_function_of_seed_epoch_and_sample():
    crop = ResizedCrop(32, 0.08)
    there = windows(crop, 90, 70, 40)
    mixed = Draws(5, 0, torch.tensor([7, 39, 0]), CPU)
    assert np.array_equal(crop.windows(mixed, np.array([90, 10, 90]), np.array([70, 10, 70]))[[0, 2]], there[[7, 0]])
    assert not np.array_equal(windows(crop, 90, 70, 40, epoch=1), there)


def test_that_pixels_are_torchvisions_antialiased_crop_to_the_bit(noise):
    crop, pictures = ResizedCrop(24, 0.2), [noise(1, 60)[0][:, :48], noise(1, 20)[0]]
    numbers = Draws(5, 0, torch.arange(2), CPU)
    found = crop.vary(pictures, numbers)
    places = crop.windows(numbers, np.array([60, 20]), np.array([48, 20]))
    for picture, window, image in zip(pictures, places.tolist(), found, strict=True):
        tensor = torch.from_numpy(picture.copy()).permute(2, 0, 1)
        expected = functional.resized_crop(tensor, *window, (24, 24), antialias=True).permute(1, 2, 0)
        assert np.array_equal(image, expected)


def test_that_pictures_that_may_not_be_changed_cause_no_warning_and_stay(noise, recwarn):
    picture = noise(1, 20)[0]
    picture.flags.writeable = False
    ResizedCrop(20, 1.0).vary([picture], Draws(5, 0, torch.arange(1), CPU))
    assert not recwarn.list
    assert np.array_equal(picture, noise(1, 20)[0])


@pytest.mark.parametrize(("side", "size"), [(40, 24), (24, 40), (32, 32)])
def test_that_products_of_other_devices_make_the_same_but_for_rounding(side, size, noise, batch_of, draws):
    images = noise(30, side)
    crop = ResizedCrop(size, 0.1)
    expected = crop.apply(batch_of(images), draws(30)).images_BSS3
    places = torch.from_numpy(crop.windows(draws(30), np.full(30, side), np.full(30, side)))
    found = resized_together(torch.from_numpy(images), places, size)
    assert (found.int() - expected.int()).abs().max() <= 2


def test_that_photographs_are_cut_and_by_how_much_where_the_recipe_does_not_say(wanted):
    assert ResizedCrop.of(wanted(64)) is None
    assert ResizedCrop.of(wanted(96)) == ResizedCrop(96, 0.08)
    assert ResizedCrop.of(wanted(96, fine_tuned=True)) == ResizedCrop(96, 0.35)
    assert ResizedCrop.of(wanted(32, crop="resized", crop_area=0.5)) == ResizedCrop(32, 0.5)
    assert ResizedCrop.of(wanted(96, crop="centre")) is None
    assert ResizedCrop(224, 0.35).takes == Whole(258)
