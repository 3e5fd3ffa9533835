"""Where tensors do not fit, the first ones are named."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

NAMES = Choices(class_names=tuple("abcde"))


def shapes(arch, small=False, classes=5, size=224):
    return without_memory(lambda: networks.build(arch, classes, small, size)).state_dict()


def refusal(given, path, choices=NAMES):
    with pytest.raises(UserError) as caught:
        describe(given, path, choices)
    assert len(str(caught.value)) <= 200
    return str(caught.value)


def test_that_a_missing_tensor_is_named_with_the_closest_architecture(contents, tmp_path):
    whole = shapes("resnet34")
    path = tmp_path / "cut.pth"
    missing = {name: tensor for name, tensor in whole.items() if name != "layer4.1.conv2.weight"}
    assert refusal(contents(missing), path) == (
        "cut.pth fits no architecture; next to resnet34, the closest, it lacks layer4.1.conv2.weight."
    )


def test_that_a_left_over_and_a_misshapen_tensor_are_named_too(contents, tmp_path):
    odd = {**shapes("resnet18"), "layer4.1.extra": torch.zeros(3), "bn1.weight": torch.zeros(3)}
    told = refusal(contents(odd), tmp_path / "odd.pth")
    assert "has the unknown layer4.1.extra; has another shape for bn1.weight (3, not 64)" in told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (lambda t: t.double().fill_(1e300), r"hold 1e\+300, more than float32 can"),
        (lambda t: t.to(torch.complex64), "complex numbers"),
        (lambda t: t.long().fill_(1 << 40), r"whole numbers up to 1\.1e\+12, beyond 2\^24"),
        (lambda t: t.to(torch.uint16).fill_(3).to(torch.uint64).fill_(1 << 62), "beyond"),
    ],
)
def test_that_weights_that_float32_cannot_hold_are_refused(contents, tmp_path, changed, told):
    tensors = networks.build("squeezenet1_1", 3, False, 64).state_dict()
    tensors["classifier.1.bias"] = changed(tensors["classifier.1.bias"])
    with pytest.raises(UserError, match=told):
        describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=("a", "b", "c")))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.float8_e4m3fn, torch.int8])
def test_that_other_types_answer_as_their_numbers_in_float32(reloaded, dtype):
    tensors = networks.build("squeezenet1_1", 3, False, 64).state_dict()
    tensors["classifier.1.bias"] = torch.tensor([1.0, -2.0, 3.0]).to(dtype)
    _, again = reloaded(tensors, choices=Choices(class_names=("a", "b", "c")))
    assert again.state_dict()["classifier.1.bias"].tolist() == [1.0, -2.0, 3.0]
