"""transformers' image processors as our preprocessing."""

from __future__ import annotations

import pytest

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.recognise.processor import read

COLOURS = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1]}
TAKEN = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.1)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"size": {"height": 224, "width": 224}, "resample": 2}, {"image_size": 224, "crop": "squash"}),
        ({"size": 224, "resample": 3}, {"image_size": 224, "crop": "squash", "interpolation": "bicubic"}),
        (
            {"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224}},
            {"image_size": 224, "resize": 256},
        ),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.875},
            {"image_size": 224, "resize": 256},
        ),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.875},
            {"image_size": 384, "crop": "squash"},
        ),
    ],
)
def test_that_geometry_is_read(values, expected):
    wanted = Preprocessing(**{"interpolation": "bilinear", **expected, **TAKEN})
    assert read({**COLOURS, **values}).preprocessing == wanted


def test_that_a_rescaling_to_minus_one_is_drawn_into_mean_and_std():
    values = {"size": {"height": 64, "width": 64}, "rescale_factor": 1 / 127.5, "rescale_offset": True}
    found = read({**values, "do_normalize": False}).preprocessing
    assert found.mean == pytest.approx((0.5, 0.5, 0.5))
    assert found.std == pytest.approx((0.5, 0.5, 0.5))


def test_that_images_are_only_scaled_where_nothing_is_normalised():
    found = read({"size": {"height": 64, "width": 64}, "do_normalize": False}).preprocessing
    assert (found.mean, found.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("odd", [{"resample": 5}, {"size": {"height": 64, "width": 32}}, {"do_rescale": False}])
def test_that_what_we_cannot_do_is_said_and_not_guessed(odd):
    found = read({"size": {"height": 64, "width": 64}, **COLOURS, **odd})
    assert found.preprocessing is None
    assert "not supported" in found.notes[0]
