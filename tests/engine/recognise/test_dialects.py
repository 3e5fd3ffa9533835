"""Other names for the tensors of known networks."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.reading import Choices

NAMES = Choices(class_names=tuple("abcde"))


def shapes(arch, small=False, classes=5, size=224):
    return without_memory(lambda: networks.build(arch, classes, small, size)).state_dict()


def test_that_the_names_of_cifars_residual_networks_are_known(reloaded, logits):
    network = networks.build("resnet18", 50, True, 32)
    other = {
        name.replace("downsample", "shortcut").replace("fc.", "linear."): t for name, t in network.state_dict().items()
    }
    names = tuple(f"c{i}" for i in range(50))
    published = {"wrapper": "net", "extras": {"acc": 71.3, "epoch": 99}}
    reading, again = reloaded(other, choices=Choices(class_names=names), **published)
    assert (reading.candidates[0].arch, reading.candidates[0].small_stem, reading.classes) == ("resnet18", True, 50)
    assert reading.preprocessing.mean == (0.4914, 0.4822, 0.4465)
    assert reading.preprocessing.image_size == 32
    assert torch.equal(logits(again, 32), logits(network, 32))


def _as_for_cifar_100(name):
    first, *rest = name.split(".")
    if first in ("conv1", "bn1"):
        return ".".join(["conv1", "0" if first == "conv1" else "1", *rest])
    if not first.startswith("layer"):
        return name
    block, part, *last = rest
    places = {"conv1": "0", "bn1": "1", "conv2": "3", "bn2": "4", "conv3": "6", "bn3": "7"}
    inner = ["shortcut"] if part == "downsample" else ["residual_function", places[part]]
    return ".".join([f"conv{int(first[5:]) + 1}_x", block, *inner, *last])


@pytest.mark.parametrize("classes", [50, 100])
def test_that_the_published_scripts_files_load_as_they_are(classes, reloaded, logits):
    network = networks.build("resnet18", classes, False, 32)
    names = tuple(f"c{i}" for i in range(classes))
    published = {"wrapper": "net", "extras": {"acc": 71.3, "epoch": 99}}
    reading, again = reloaded(network.state_dict(), choices=Choices(class_names=names), **published)
    assert (reading.candidates[0].arch, reading.candidates[0].small_stem) == ("resnet18", False)
    assert reading.preprocessing_from == "the published script"
    assert reading.preprocessing.std == (0.2023, 0.1994, 0.2010)
    assert torch.equal(logits(again, 32), logits(network, 32))


def test_that_the_names_of_residual_networks_for_cifar_100_are_known(contents, tmp_path):
    renamed = {_as_for_cifar_100(name): tensor for name, tensor in shapes("resnet50", small=True).items()}
    reading, _ = describe(contents(renamed), tmp_path / "w.pth", NAMES)
    assert (reading.candidates[0].arch, reading.candidates[0].small_stem) == ("resnet50", True)
