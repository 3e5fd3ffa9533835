"""Mean and standard deviation in every form and under every name that files hold them in."""

from __future__ import annotations

import pytest

from mpt_studio.engine.recognise.colours import in_unit_range
from mpt_studio.engine.recognise.told import read

M, S = [0.5, 0.4, 0.3], [0.2, 0.3, 0.1]
M255, S255 = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


@pytest.mark.parametrize(
    "values",
    [
        {"mean": M, "std": S},
        {"mean": tuple(M), "std": [[[0.2]], [[0.3]], [[0.1]]]},
        {"mean": "0.5, 0.4, 0.3", "std": "[0.2 0.3 0.1]"},
        {"mean": "(0.5,0.4,0.3)", "std": "0.2;0.3;0.1"},
        {"mean": {"r": 0.5, "g": 0.4, "b": 0.3}, "std": {"blue": 0.1, "green": 0.3, "red": 0.2}},
        {"image_mean": M, "image_std": S},
        {"cfg": {"MODEL": {"PIXEL_MEAN": [value * 255 for value in M], "PIXEL_STD": [value * 255 for value in S]}}},
        {"args": {"norm-mean": M, "norm-std": S}},
        {"mean_values": [value * 255 for value in M], "scale_values": [value * 255 for value in S]},
        {"normalize": [M, S]},
        {"normalize": {"mean": M, "std": S}},
        {"img_norm_cfg": {"mean": M, "std": S, "to_rgb": True}},
        {"pipeline": [{"type": "Resize"}, {"type": "Normalize", "mean": M, "std": S}]},
        {"config": '{"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.1]}'},
        {"transform": "Compose(\n    ToTensor()\n    Normalize(mean=[0.5, 0.4, 0.3], std=[0.2, 0.3, 0.1])\n)"},
        {"cfg": "model = dict(data_preprocessor=dict(\n    mean=[0.5,\n 0.4, 0.3], std=[0.2, 0.3, 0.1]))"},
        {"mean": M, "std": S, "data": {"mean": M, "std": S}},
    ],
)
def test_that_they_are_read_in_every_form(values):
    told = read(values, "the file")
    assert told.unclear == ""
    assert told.mean == pytest.approx(M)
    assert told.std == pytest.approx(S)


def test_that_one_number_stands_for_all_channels():
    told = read({"mean": 0.1307, "std": [0.3081]}, "the file")
    assert (told.mean, told.std) == ((0.1307,) * 3, (0.3081,) * 3)


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        (M255, S255, [0.485, 0.456, 0.406, 0.229, 0.224, 0.225]),
        (M255, [1.0] * 3, [0.485, 0.456, 0.406, *[1 / 255] * 3]),
        ([0.0] * 3, [255.0] * 3, [0, 0, 0, 1, 1, 1]),
        ([127.5] * 3, [127.5] * 3, [0.5] * 6),
        ([0.0] * 3, [1.0] * 3, [0, 0, 0, 1, 1, 1]),
    ],
)
def test_that_both_scales_become_one(mean, std, expected):
    found = in_unit_range(tuple(mean), tuple(std))
    assert found is not None
    assert [*found[0], *found[1]] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("mean", "std"), [(M255, S), (M, S255), (M, [0.2, 0.3, 0.0]), (M, [0.004] * 3), ([9000] * 3, S255)]
)
def test_that_a_mixture_of_scales_is_none(mean, std):
    assert in_unit_range(tuple(mean), tuple(std)) is None


@pytest.mark.parametrize(
    ("values", "quoted"),
    [
        ({"mean": "imagenet", "std": "imagenet"}, "The file says mean = imagenet and std = imagenet"),
        ({"mean": [0.5, 0.5], "std": S}, "mean = [0.5, 0.5]"),
        ({"mean": M255, "std": S}, "mean = [123.675, 116.28, 103.53] and std = [0.2, 0.3, 0.1]"),
        ({"data": {"mean": M}}, "data.mean = [0.5, 0.4, 0.3]"),
        ({"mean": M, "std": S, "to_rgb": False}, "to_rgb = False: blue comes first"),
        ({"mean": M255, "std": [1, 1, 1], "input_space": "BGR"}, "input_space = BGR: blue comes first"),
        ({"mean": M, "std": S, "data": {"mean": S, "std": S}}, "normalises in two ways"),
    ],
)
def test_that_what_is_there_and_not_understood_is_quoted(values, quoted):
    assert quoted in read(values, "the file").unclear


@pytest.mark.parametrize("values", [{"metrics": {"mean": [0.9], "std": [0.1]}}, {"mean": None, "std": "None"}, {}])
def test_that_means_of_other_things_are_passed_over(values):
    told = read(values, "the file")
    assert (told.mean, told.std, told.unclear) == (None, None, "")


def test_that_a_lone_number_called_mean_is_told_and_not_used():
    told = read({"mean": 0.93}, "the file")
    assert (told.unclear, told.notes) == ("", ("The file says mean = 0.93, which was not used.",))
