"""Every family of timm: saved, described, loaded again, the same logits."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.reading import Choices

pytestmark = pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="needs timm")


QUICK = {
    "timm/mobilenetv3_small_050": 64,
    "timm/convnext_atto": 64,
    "timm/vit_tiny_patch16_224": 224,
    "timm/ghostnet_050": 64,
}


@pytest.fixture
def chosen(names):
    return lambda arch: Choices(arch=arch, class_names=names(5))


@pytest.mark.parametrize("arch", QUICK)
def test_that_a_file_of_the_family_answers_as_before(arch, reloaded, logits, chosen):
    torch.manual_seed(0)
    network = networks.build(arch, 5, False, QUICK[arch])
    from mpt_studio.checkpoint import Preprocessing

    images = Preprocessing(image_size=QUICK[arch], mean=(0.5,) * 3, std=(0.5,) * 3)
    choices = Choices(class_names=chosen(arch).class_names, preprocessing=images)
    reading, again = reloaded(network.state_dict(), choices=choices)
    assert reading.candidates[0].arch == arch
    assert torch.equal(logits(again, QUICK[arch]), logits(network, QUICK[arch]))


def families() -> list[str]:
    """The smallest architecture of each of timm's modules."""
    if importlib.util.find_spec("timm") is None:
        return []
    import timm

    from mpt_studio.engine.recognise import index

    sizes = {entry.arch: entry.parameters for entry in index.entries()}
    known = [[a for n in timm.list_models(module=m) if (a := f"timm/{n}") in sizes] for m in timm.list_modules()]
    return [min(group, key=lambda arch: sizes[arch]) for group in known if group]


@pytest.mark.slow
@pytest.mark.parametrize("arch", families())
def test_that_the_smallest_of_every_module_answers_as_before(arch, reloaded, logits, chosen):
    torch.manual_seed(0)
    size = timm_networks.defaults(arch)["input_size"][-1]
    network = networks.build(arch, 5, False, size).eval()
    reading, again = reloaded(network.state_dict(), choices=chosen(arch))
    assert [c.arch for c in reading.candidates] == [arch]
    assert torch.equal(logits(again, size), logits(network, size))


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_that_all_are_recognised_or_offered(contents, tmp_path, names):
    missed = []
    for arch in timm_networks.names():
        network = without_memory(lambda arch=arch: networks.build(arch, 5, False, _size(arch)))
        if not any(tensor.shape[:1] == (5,) for tensor in network.state_dict().values()):
            continue  # an encoder without a head
        reading, _ = describe(
            contents(network.state_dict()), tmp_path / f"{arch[5:]}.pth", Choices(class_names=names(5))
        )
        offered = [candidate.arch.removeprefix("timm/") for candidate in reading.candidates]
        missed += [] if arch.removeprefix("timm/") in offered else [arch]
    assert missed == []


def _size(arch):
    return timm_networks.defaults(arch).get("input_size", (3, 224, 224))[-1]


def test_that_transformers_for_larger_images_keep_their_size(contents, tmp_path, names):
    network = without_memory(lambda: networks.build("timm/vit_tiny_patch16_224", 5, False, 448))
    given = contents(network.state_dict(), extras={"mean": [0.5] * 3, "std": [0.5] * 3})
    reading, _ = describe(given, tmp_path / "w.pth", Choices(class_names=names(5)))
    assert reading.candidates[0].arch == "timm/vit_tiny_patch16_224"
    assert reading.preprocessing.image_size == 448
