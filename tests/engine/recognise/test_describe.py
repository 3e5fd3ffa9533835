"""Every family of torchvision: saved, described, loaded again, the same logits."""

from __future__ import annotations

import pytest
import torch
import torchvision

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

FAMILIES = {
    "efficientnet_b0": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
}
SLOW_FAMILIES = {
    "googlenet": 96,
    "mnasnet0_5": 64,
    "regnet_x_400mf": 64,
    "densenet121": 64,
    "alexnet": 224,
    "convnext_tiny": 64,
    "efficientnet_v2_s": 64,
    "inception_v3": 299,
    "maxvit_t": 224,
    "resnet50": 64,
    "resnext50_32x4d": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11": 64,
    "vgg11_bn": 64,
    "vit_b_32": 224,
    "wide_resnet50_2": 64,
}
ALL = torchvision.models.list_models(module=torchvision.models)


def check_round_trip(arch, size, reloaded, logits, names):
    torch.manual_seed(0)
    network = networks.build(arch, 7, False, size)
    reading, again = reloaded(network.state_dict(), choices=Choices(class_names=names(7)))
    assert [c.arch for c in reading.candidates] == [arch]
    assert reading.classes == 7
    assert torch.equal(logits(again, size), logits(network, size))


@pytest.mark.parametrize("arch", FAMILIES)
def test_that_a_file_of_the_family_answers_as_before(arch, reloaded, logits, names):
    check_round_trip(arch, FAMILIES[arch], reloaded, logits, names)


@pytest.mark.slow
@pytest.mark.parametrize("arch", SLOW_FAMILIES)
def test_that_a_file_of_the_larger_families_answers_as_before(arch, reloaded, logits, names):
    check_round_trip(arch, SLOW_FAMILIES[arch], reloaded, logits, names)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ALL)
def test_that_every_architecture_is_recognised(arch, contents, tmp_path, names):
    network = without_memory(lambda: networks.build(arch, 7, False, 224))
    reading, _ = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
    assert [c.arch for c in reading.candidates] == [arch]
    assert reading.needs == ()


@pytest.mark.parametrize("arch", ["googlenet", "inception_v3"])
def test_that_auxiliary_heads_are_left_out_and_said(arch, contents, tmp_path, names):
    maker = torchvision.models.get_model_builder(arch)
    network = without_memory(lambda: maker(weights=None, num_classes=7, aux_logits=True, init_weights=False))
    reading, tensors = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
    assert reading.candidates[0].arch == arch
    assert not any(name.startswith(("aux", "Aux")) for name in tensors)
    assert any("auxiliary" in note for note in reading.notes)
    assert reading.preprocessing.mean == (0.5, 0.5, 0.5)  # what their transform_input makes of ImageNet's


def test_that_the_small_image_stem_is_seen_in_the_first_convolution(reloaded, logits, names):
    network = networks.build("resnet18", 7, True, 32)
    values = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "image_size": 32}
    reading, again = reloaded(network.state_dict(), choices=Choices(class_names=names(7)), extras={"args": values})
    assert (reading.candidates[0].arch, reading.candidates[0].small_stem) == ("resnet18", True)
    assert (reading.preprocessing.image_size, reading.preprocessing_from) == (32, "the file")
    assert torch.equal(logits(again, 32), logits(network, 32))


def test_that_a_small_stem_without_mean_and_std_is_asked_for(contents, tmp_path, names):
    network = without_memory(lambda: networks.build("densenet121", 7, True, 32))
    reading, tensors = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
    assert reading.candidates[0].small_stem
    assert reading.needs == ("preprocessing",)
    assert tensors is None


def test_that_a_stride_that_no_tensor_shows_is_asked_for_only_with_small_images(contents, tmp_path, names):
    network = without_memory(lambda: networks.build("mobilenet_v2", 7, True, 32))
    size = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 32, 32]}
    given = contents(network.state_dict(), extras={"args": size})
    reading, _ = describe(given, tmp_path / "w.pth", Choices(class_names=names(7)))
    assert reading.needs == ("architecture",)
    assert [(c.arch, c.small_stem) for c in reading.candidates] == [("mobilenet_v2", True), ("mobilenet_v2", False)]
    told, _ = describe(given, tmp_path / "w.pth", Choices(class_names=names(7), small_stem=True))
    assert (told.needs, told.candidates[0].small_stem) == ((), True)
    plain, _ = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
    assert (plain.needs, plain.candidates[0].small_stem) == ((), False)


def test_that_our_own_small_network_is_recognised(contents, tmp_path, names):
    for small in (True, False):
        network = networks.build("small", 7, small, 32)
        reading, _ = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
        assert (reading.candidates[0].arch, reading.candidates[0].small_stem) == ("small", small)


def test_that_counters_that_old_files_lack_are_filled_in(reloaded, logits, names):
    network = networks.build("resnet18", 7, False, 64)
    old = {name: tensor for name, tensor in network.state_dict().items() if "num_batches" not in name}
    _, again = reloaded(old, choices=Choices(class_names=names(7)))
    assert torch.equal(logits(again, 64), logits(network, 64))


def test_that_a_vision_transformer_for_larger_images_keeps_its_size(contents, tmp_path, names):
    network = without_memory(lambda: networks.build("vit_b_32", 7, False, 384))
    reading, _ = describe(contents(network.state_dict()), tmp_path / "w.pth", Choices(class_names=names(7)))
    assert reading.candidates[0].arch == "vit_b_32"
    assert reading.preprocessing.image_size == 384


def test_that_a_first_convolution_for_grey_images_answers_grey_ones_as_before(reloaded, names):
    network = torchvision.models.resnet18(num_classes=7)
    network.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    reading, again = reloaded(network.state_dict(), choices=Choices(class_names=names(7)))
    grey = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(again(grey.expand(2, 3, 64, 64)), network.eval()(grey), rtol=1e-3, atol=1e-4)
    assert any("grey" in note for note in reading.notes)


@pytest.mark.parametrize("rename", [("fc.", "fc.1."), ("fc.", "classifier."), ("fc.", "head.fc.")])
def test_that_a_head_of_another_name_is_found(rename, reloaded, logits, names):
    network = networks.build("resnet18", 7, False, 64)
    renamed = {name.replace(*rename) if name.startswith("fc") else name: t for name, t in network.state_dict().items()}
    reading, again = reloaded(renamed, choices=Choices(class_names=names(7)))
    assert torch.equal(logits(again, 64), logits(network, 64))
    assert any("head stands at" in note for note in reading.notes)


def test_that_a_backbone_with_a_head_beside_it_is_found(reloaded, logits, names):
    network = networks.build("mobilenet_v2", 7, False, 64)
    renamed = {
        name.replace("classifier.1", "head") if "classifier" in name else f"backbone.{name}": tensor
        for name, tensor in network.state_dict().items()
    }
    reading, again = reloaded(renamed, choices=Choices(class_names=names(7)))
    assert reading.candidates[0].arch == "mobilenet_v2"
    assert torch.equal(logits(again, 64), logits(network, 64))


def test_that_a_network_that_normalises_inside_gets_images_as_it_wants_them(contents, tmp_path, names):
    tensors = networks.build("squeezenet1_1", 5, False, 64).state_dict()
    inside = {"the network (its buffers)": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    reading, _ = describe(contents(tensors, extras=inside), tmp_path / "w.pth", Choices(class_names=names(5)))
    assert (reading.preprocessing.mean, reading.preprocessing.std) == ((0.5,) * 3, (0.25,) * 3)
    both = {**inside, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    reading, _ = describe(contents(tensors, extras=both), tmp_path / "w.pth", Choices(class_names=names(5)))
    assert reading.needs == ("preprocessing",)
    assert "normalises in two ways" in reading.reasons["preprocessing"]


def test_that_a_head_with_one_output_is_refused_with_what_to_do(contents, tmp_path):
    tensors = networks.build("squeezenet1_1", 1, False, 64).state_dict()
    with pytest.raises(UserError, match=r"one output, as for a sigmoid; give it one for each of two classes"):
        describe(contents(tensors), tmp_path / "w.pth", Choices())


def test_that_raw_or_averaged_weights_are_asked_for(contents, tmp_path, names):
    tensors = networks.build("squeezenet1_1", 5, False, 64).state_dict()
    given = contents(tensors, has_both=True)
    reading, ours = describe(given, tmp_path / "w.pth", Choices(class_names=names(5)))
    assert (reading.needs, reading.has_both, ours) == (("weights",), True, None)
    reading, ours = describe(given, tmp_path / "w.pth", Choices(class_names=names(5), weights="ema"))
    assert (reading.needs, reading.has_both) == ((), True)
    assert ours is not None


def test_that_what_the_file_says_of_images_and_is_not_understood_is_the_reason_to_ask(contents, tmp_path, names):
    tensors = networks.build("squeezenet1_1", 5, False, 64).state_dict()
    extras = {"image_size": [128, 160]}
    reading, _ = describe(contents(tensors, extras=extras), tmp_path / "w.pth", Choices(class_names=names(5)))
    assert reading.needs == ("preprocessing",)
    assert "[128, 160]" in reading.reasons["preprocessing"]
