"""The drawn characters."""

from __future__ import annotations

import numpy as np
from PIL import Image

from mpt_studio.data import builtin, open_dataset


def quiet(sentence: str, fraction: float | None) -> None:
    pass


def test_that_the_data_set_is_what_it_promises() -> None:
    data = open_dataset("builtin")
    assert data.class_names == tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert data.default_old_classes == tuple("0123456789")
    assert not data.flips_horizontally
    assert data.image_size == 32
    assert len(data.train) == 36 * builtin.TRAIN_PER_CLASS
    assert len(data.test) == 36 * builtin.TEST_PER_CLASS
    assert (np.bincount(data.labels[data.test]) == builtin.TEST_PER_CLASS).all()
    assert data.sample_ids[data.test[0]] == "test/00000"


def test_that_drawing_again_gives_the_same_pixels() -> None:
    one, two = builtin.draw(3, 2, quiet), builtin.draw(3, 2, quiet)
    assert np.array_equal(one.images, two.images)


def test_that_a_larger_set_begins_with_the_smaller_one() -> None:
    assert np.array_equal(builtin.draw_class(0, 11, 5), builtin.draw_class(0, 11, 9)[:5])


def test_that_no_two_images_of_a_class_are_alike() -> None:
    images = builtin.draw_class(0, 0, 20).reshape(20, -1)
    other = builtin.draw_class(1, 0, 20).reshape(20, -1)
    assert len(np.unique(np.concatenate([images, other]), axis=0)) == 40


def test_that_a_glyph_is_mapped_where_the_affine_map_says() -> None:
    # Identity at half size: output (16, 16) is the canvas's centre, and the corners follow by 2 px per px.
    half = builtin._CANVAS / 2
    affine = np.array([[2.0, 0.0, half - 32.0, 0.0, 2.0, half - 32.0]])
    low, high = half - 32, half + 32
    assert builtin._corners(affine).tolist() == [[low, low, low, high, high, high, high, low]]


def test_that_one_strip_of_squares_equals_single_affine_maps() -> None:
    u = builtin._uniform(0, 10, 4)
    masks = builtin._masks(10, u)
    for row, (v, matrix) in enumerate(zip(u, builtin._affine(u), strict=True)):
        glyph = builtin._glyph("A", int(v[0] * 3), int(v[1] * 3))
        alone = glyph.transform((32, 32), Image.Transform.AFFINE, tuple(matrix), Image.Resampling.BILINEAR)
        assert np.abs(masks[row] * 255 - np.asarray(alone)).max() <= 2


def test_that_noise_is_about_standard_normal() -> None:
    noise = builtin._noise(0, 0, 40)
    assert abs(float(noise.mean())) < 0.02
    assert abs(float(noise.std()) - 1.0) < 0.02


def test_that_every_character_stands_out_from_its_paper() -> None:
    u = builtin._uniform(0, 8, 50)
    ink, paper = builtin._colours(u)
    difference = np.abs((ink - paper).mean(axis=3)).max(axis=(1, 2))
    assert difference.min() > 0.08
