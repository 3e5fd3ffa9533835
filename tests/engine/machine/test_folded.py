"""Networks that only answer lose their batch normalisation, and nothing else."""

import pytest
import torch
from torch import nn

from mpt_studio.engine.machine import folded as folding
from mpt_studio.engine.machine.folded import folded
from mpt_studio.engine.networks import build as networks


def trained(arch: str, small: bool = False, size: int = 32) -> nn.Module:
    """In evaluation mode, with statistics that are not those of a new network."""
    torch.manual_seed(1)
    network = networks.build(arch, 7, small, size).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return network


@pytest.mark.parametrize("arch", ["small", "resnet18", "mobilenet_v3_small", "densenet121", "efficientnet_b0"])
def test_that_answers_are_equal_to_rounding(arch):
    network = trained(arch, small=arch == "small")
    images = torch.randn(5, 3, 32, 32)
    with torch.no_grad():
        expected, found = network(images), folded(network, 32)(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


@pytest.mark.parametrize("arch", ["small", "resnet18"])
def test_that_no_batch_normalisation_is_left_and_the_network_stays_as_it_is(arch):
    network = trained(arch, small=arch == "small")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    made = folded(network, 32)
    assert not [module for module in made.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert len(network.state_dict()) == len(before)


def test_that_the_small_network_takes_images_of_another_size_afterwards():
    network = trained("small", small=True)
    images = torch.randn(3, 3, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(folded(network, 32)(images), network(images), rtol=1e-4, atol=1e-5)


def test_that_torchs_generator_is_left_alone():
    network = trained("resnet18")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    folded(network, 32)
    assert torch.equal(torch.get_rng_state(), before)


class _Moody(nn.Module):
    """Which way it takes depends on the values, so it cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images):
        answers = self.body(images)
        return answers if answers.sum() > 0 else -answers


class _OtherTheSecondTime(nn.Module):
    """Traced, it keeps what it did while it was traced."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.factor = 1.0

    def forward(self, images):
        self.factor += 1.0
        return self.body(images) * self.factor


@pytest.mark.parametrize("kind", [_Moody, _OtherTheSecondTime])
def test_that_a_network_that_would_answer_otherwise_is_used_as_it_is(kind):
    network = kind().eval()
    assert folded(network, 16) is network


def test_that_a_network_without_batch_normalisation_is_used_as_it_is():
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).eval()
    assert folded(network, 4) is network


def in_tensor_float(module, given):
    """Convolutions on CUDA see ten bits of a number in trainings."""
    return ((given[0].contiguous().view(torch.int32) & ~0x1FFF).view(torch.float32),)


def test_that_the_coarse_rounding_of_trainings_on_cuda_does_not_keep_a_network_from_being_folded(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    allowed = folding._tolerance(torch.device("cuda"))
    network = trained("resnet18")
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(in_tensor_float)
    assert folded(network, 32) is network  # too much for the CPU, which computes with all bits
    monkeypatch.setattr(folding, "_tolerance", lambda _: allowed)
    assert folded(network, 32) is not network


def test_that_exact_arithmetic_is_compared_strictly_on_cuda_as_well(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert folding._tolerance(torch.device("cuda")) == folding._tolerance(torch.device("cpu"))
