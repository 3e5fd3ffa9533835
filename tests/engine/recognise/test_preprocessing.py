"""Where the preprocessing comes from."""

from __future__ import annotations

import pytest
import torchvision

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.reading import Choices

NAMES = Choices(class_names=tuple("abcde"))


IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def shapes(arch, classes=5, size=224):
    return without_memory(lambda: networks.build(arch, classes, False, size)).state_dict()


def test_that_what_torchvision_records_is_assumed_and_said(contents, tmp_path):
    reading, _ = describe(contents(shapes("resnet50")), tmp_path / "w.pth", NAMES)
    assert reading.preprocessing == Preprocessing(image_size=224, resize=232, interpolation="bilinear", **IMAGENET)
    assert reading.preprocessing_from == "torchvision's ResNet50_Weights"
    assert any("was assumed" in note for note in reading.notes)


def test_that_a_file_that_torchvision_publishes_is_known_by_its_hash(contents, tmp_path):
    first = torchvision.models.ResNet50_Weights.IMAGENET1K_V1
    digits = first.url.rpartition("-")[2].partition(".")[0]
    given = contents(shapes("resnet50", 1000), sha256=digits + "0" * 56)
    reading, _ = describe(given, tmp_path / "w.pth")
    assert reading.needs == ()
    assert reading.preprocessing_from == "torchvision's ResNet50_Weights.IMAGENET1K_V1"
    assert reading.preprocessing.resize == 256
    assert reading.class_names[:2] == ("tench", "goldfish")
    assert len(set(reading.class_names)) == 1000
    other, _ = describe(contents(shapes("resnet50", 1000)), tmp_path / "w.pth")
    assert other.needs == ("class_names",)


def test_that_the_file_goes_before_the_library(contents, tmp_path):
    said = {"args": {"mean": [0.1, 0.2, 0.3], "std": 0.5, "img_size": 160, "crop_pct": 0.8, "interpolation": "bicubic"}}
    reading, _ = describe(contents(shapes("resnet18"), extras=said), tmp_path / "w.pth", NAMES)
    expected = Preprocessing(image_size=160, resize=200, mean=(0.1, 0.2, 0.3), std=(0.5, 0.5, 0.5))
    assert (reading.preprocessing, reading.preprocessing_from) == (expected, "the file")


@pytest.mark.parametrize("key", ["input_size", "size"])
def test_that_small_images_are_taken_whole_where_the_file_says_no_resizing(contents, tmp_path, key):
    said = {"preprocessing": {"mean": [0.5] * 3, "std": [0.5] * 3, key: 32}}
    reading, _ = describe(contents(shapes("resnet18"), extras=said), tmp_path / "w.pth", NAMES)
    assert (reading.preprocessing.image_size, reading.preprocessing.resize) == (32, 0)


def test_that_what_a_file_leaves_open_is_assumed_and_said(contents, tmp_path):
    said = {"mean": [0.5] * 3, "std": [0.5] * 3}
    reading, _ = describe(contents(shapes("resnet18"), extras=said), tmp_path / "w.pth", NAMES)
    assert (reading.preprocessing.image_size, reading.preprocessing.resize) == (224, 256)
    assert (
        "Of how images are prepared the file does not say everything: 224 pixels, resized to 256 before the crop, "
        "bilinear was assumed, as is usual."
    ) in reading.notes
    whole = {**said, "image_size": 224, "resize": 224, "interpolation": "bicubic"}
    reading, _ = describe(contents(shapes("resnet18"), extras=whole), tmp_path / "w.pth", NAMES)
    assert not any("assumed" in note for note in reading.notes)


def test_that_a_choice_goes_before_all(contents, tmp_path):
    mine = Preprocessing(image_size=96, mean=(0.0,) * 3, std=(1.0,) * 3, crop="squash")
    reading, _ = describe(
        contents(shapes("resnet18"), extras={"mean": [0.5] * 3, "std": [0.5] * 3}),
        tmp_path / "w.pth",
        Choices(class_names=NAMES.class_names, preprocessing=mine),
    )
    assert (reading.preprocessing, reading.preprocessing_from) == (mine, "your choice")
