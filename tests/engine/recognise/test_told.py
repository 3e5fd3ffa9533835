"""Sizes and kinds of resizing in a file's own values."""

from __future__ import annotations

import pytest

from mpt_studio.engine.recognise.told import read

COLOURS = {"mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"image_size": 96}, 96),
        ({"args": {"img_size": "96"}}, 96),
        ({"input_size": [3, 96, 96]}, 96),
        ({"input_shape": [1, 3, 96, 96]}, 96),
        ({"image_size": {"height": 96, "width": 96}}, 96),
        ({"train_crop_size": 64, "val_crop_size": 96}, 96),
        ({"input_size": "96x96"}, 96),
        ({**COLOURS, "size": 96}, 96),
        ({"dataset": {"size": 96}}, 0),
        ({"image_size": None, "img_size": "auto"}, 0),
    ],
)
def test_that_a_size_is_read_in_every_form(values, size):
    told = read(values, "the file")
    assert (told.size, told.unclear) == (size, "")


def test_that_a_size_of_two_numbers_is_quoted():
    told = read({"image_size": [128, 160]}, "the file")
    assert told.size == 0
    assert told.unclear == "The file says image_size = [128, 160]; only square images can be given to it here."


def test_that_a_second_size_is_told():
    told = read({"image_size": 224, "crop_size": 196}, "the file")
    assert told.size == 224
    assert told.notes == ("Of sizes the file says image_size = 224, which was taken, and crop_size = 196.",)


@pytest.mark.parametrize(
    ("values", "quoted"),
    [
        ({"interpolation": "hamming"}, "interpolation = hamming"),
        ({"resize": [256, 341]}, "resize = [256, 341]"),
        ({"crop_pct": 7}, "crop_pct = 7"),
        ({"transforms": [{"size": 100}]}, "size = 100"),
    ],
)
def test_that_what_is_not_used_is_quoted(values, quoted):
    notes = read({**COLOURS, "image_size": 224, **values}, "the file").notes
    assert any(quoted in note and "not used" in note for note in notes)


def test_that_the_shorter_side_may_stand_with_a_free_one():
    assert read({**COLOURS, "resize": [256, -1]}, "the file").resize == 256
