"""Labels, statistics and batches."""

from __future__ import annotations

import copy
import os

import numpy as np
import pytest
import torch
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.fit import Whole
from mpt_studio.engine import images as feed
from mpt_studio.engine.images import ImageFeed
from mpt_studio.errors import UserError

CPU = torch.device("cpu")


def test_that_labels_become_columns_by_name(squares):
    found = feed.head_labels(squares, np.array([1, 3]), ("dog", "bee"))  # samples 1 and 3 are a bee and a dog
    assert found.tolist() == [1, 0]


def test_that_labels_without_a_class_name_are_refused_on_the_cpu(squares):
    data = copy.copy(squares)
    data.labels = np.where(np.arange(len(data)) == 6, 4, data.labels)
    with pytest.raises(UserError, match="outside of their 4 classes"):
        feed.head_labels(data, data.train, data.class_names)


def test_that_samples_of_a_class_the_version_lacks_are_refused(squares):
    with pytest.raises(UserError, match="class 'ant', which the version does not have"):
        feed.head_labels(squares, squares.train, ("bee", "cat", "dog"))


def test_that_statistics_are_those_of_the_images(squares):
    pixels = squares.images[squares.train] / 255
    found = feed.preprocessing(squares, squares.train, 16)
    assert found.mean == pytest.approx(pixels.mean(axis=(0, 1, 2)))
    assert found.std == pytest.approx(pixels.std(axis=(0, 1, 2)))


def test_that_statistics_may_be_those_of_whole_pictures(photographs):
    whole = [image.reshape(-1, 3) / 255 for image in photographs.wholes(photographs.train, 40)]
    found = feed.preprocessing(photographs, photographs.train, 32, Whole(40))
    assert found.image_size == 32
    assert found.mean == pytest.approx(np.concatenate(whole).mean(axis=0))
    assert found.std == pytest.approx(np.concatenate(whole).std(axis=0))


def test_that_placement_follows_the_recipe_and_the_free_memory():
    assert feed.fits_on_device("device", CPU, 10**9, 224)
    assert not feed.fits_on_device("loader", CPU, 1, 1)
    assert feed.fits_on_device("auto", CPU, 1000, 32)
    assert not feed.fits_on_device("auto", CPU, 10**9, 224)


@pytest.mark.parametrize("workers", [0, 1])
def test_that_an_image_that_vanished_is_the_same_sentence_from_a_loader_process(workers, squares):
    class Broken(type(squares)):
        def batch(self, indices, size):
            raise UserError("The image a.png has vanished; open the data again.")

    images = ImageFeed(Broken(), squares.train, 16, CPU, on_device=False, workers=workers)
    with pytest.raises(UserError, match=r"^The image a\.png has vanished; open the data again\.$"):
        list(images.batches(feed.in_order(4, 2)))


def test_that_no_process_loads_what_is_kept_decoded_and_batches_are_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    for name in ("ant", "bee"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(6):
            Image.effect_noise((24, 20), 90 + i).save(tmp_path / "images" / name / f"{i}.png")
    found = {}
    for limit in ("0", "100%"):
        monkeypatch.setenv("MPT_STUDIO_DECODED", limit)
        data = open_dataset(f"folder:{tmp_path / 'images'}")
        images = ImageFeed(data, data.train, 16, CPU, on_device=False)
        found[limit] = torch.cat(list(images.batches(feed.in_order(len(data.train), 3))))
        assert (images.workers == 0) == (limit != "0")
    assert torch.equal(*found.values())


def test_that_read_only_arrays_become_tensors_without_a_warning(squares, recwarn):
    class Mapped(type(squares)):
        def batch(self, indices, size):
            pixels = super().batch(indices, size)
            pixels.flags.writeable = False
            return pixels

    assert len(ImageFeed(Mapped(), squares.train, 16, CPU, on_device=True).held) == len(squares.train)
    assert not recwarn.list


@pytest.mark.skipif(not hasattr(os, "nice"), reason="has no priorities of this kind")
def test_that_loader_processes_take_only_what_the_trainer_leaves(squares):
    class TellsItsPriority(type(squares)):
        def batch(self, indices, size):
            return np.full((len(indices), size, size, 3), os.nice(0), dtype=np.uint8)

    images = ImageFeed(TellsItsPriority(), squares.train, 16, CPU, on_device=False, workers=1)
    found = torch.cat(list(images.batches(feed.in_order(40, 20))))
    assert (found == min(19, os.nice(0) + feed.NICER_BY)).all()
