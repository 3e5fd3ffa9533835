"""Weights under the names of other ports: one small network of each family, renamed as that port has it."""

from __future__ import annotations

import re

import pytest
import torch

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

NAMES = tuple("abcde")
IMAGES = Preprocessing(image_size=64, mean=(0.5,) * 3, std=(0.5,) * 3)
needs_timm = pytest.mark.skipif(not timm_networks.is_installed(), reason="needs timm")


def shapes(arch, size=224):
    return without_memory(lambda: networks.build(arch, 5, False, size)).state_dict()


def renamed(tensors, *patterns):
    made = {}
    for name, tensor in tensors.items():
        other = name
        for pattern, replacement in patterns:
            other = re.sub(pattern, replacement, other)
        made[other] = tensor
    return made


def without_head(tensors):
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(("fc.", "head.", "classifier."))}


def started(contents, tmp_path, tensors, **said):
    return describe(contents(tensors), tmp_path / "w.pth", Choices(**said), for_start=True)


def refusal(contents, tmp_path, tensors, **said):
    with pytest.raises(UserError) as caught:
        describe(contents(tensors), tmp_path / "w.pth", Choices(**said))
    assert len(str(caught.value)) <= 200
    return str(caught.value)


def as_efficientnet_pytorch(tensors):
    """Blocks in one row; the norms count from the expansion, which the first block lacks."""
    count, places, made = -1, {}, {}
    for name, tensor in tensors.items():
        found = re.fullmatch(r"blocks\.(\d+)\.(\d+)\.(.*)", name)
        if not found:
            made[renamed_stem(name)] = tensor
            continue
        if (found[1], found[2]) not in places:
            count += 1
            places[found[1], found[2]] = count
        patterns = FIRST if count == 0 else LATER
        part = next(re.sub(p, r, found[3]) for p, r in patterns if re.match(p, found[3]))
        made[f"_blocks.{count}.{part}"] = tensor
    return made


def renamed_stem(name):
    for own, other in (("conv_stem", "_conv_stem"), ("conv_head", "_conv_head"), ("classifier", "_fc")):
        name = name.replace(own, other)
    return name.replace("bn1.", "_bn0.") if name.startswith("bn1.") else re.sub(r"^bn2\.", "_bn1.", name)


SE = ((r"se\.conv_reduce\.", "_se_reduce."), (r"se\.conv_expand\.", "_se_expand."))
FIRST = (
    (r"conv_dw\.", "_depthwise_conv."), (r"conv_pw\.", "_project_conv."), (r"bn([12])\.", r"_bn\1."), *SE,
)  # fmt: skip
LATER = (
    (r"conv_pw\.", "_expand_conv."), (r"conv_dw\.", "_depthwise_conv."), (r"conv_pwl\.", "_project_conv."),
    (r"bn1\.", "_bn0."), (r"bn2\.", "_bn1."), (r"bn3\.", "_bn2."), *SE,
)  # fmt: skip


@needs_timm
@pytest.mark.parametrize("arch", ["timm/tf_efficientnet_lite0", "timm/tf_efficientnet_b0"])
def test_that_efficientnet_pytorch_s_names_are_those_of_the_one_that_pads_as_tensorflow(arch, contents, tmp_path):
    tensors = as_efficientnet_pytorch(shapes(arch))
    reading, made = describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=NAMES))
    assert [c.arch for c in reading.candidates] == [arch]
    assert (reading.needs, made) == (("architecture",), None)
    first = reading.candidates[0]
    assert first.agreement == f"{len(tensors)} of {len(tensors)} tensors agree in order and shape"
    assert first.mapped[0] == "conv_stem.weight ← _conv_stem.weight"
    assert first.mapped[-1] == "classifier.bias ← _fc.bias"


@needs_timm
def test_that_what_was_confirmed_answers_as_it_did(reloaded, logits):
    torch.manual_seed(0)
    network = networks.build("timm/tf_efficientnet_lite0", 5, False, 64)
    choices = Choices(arch="timm/tf_efficientnet_lite0", class_names=NAMES, preprocessing=IMAGES)
    reading, again = reloaded(as_efficientnet_pytorch(network.state_dict()), choices=choices)
    assert any("as you confirmed" in note for note in reading.notes)
    assert torch.equal(logits(again, 64), logits(network, 64))


def test_that_all_that_list_these_layers_are_listed(contents, tmp_path):
    numbered = {f"x{i:03}.{name.rpartition('.')[2]}": name for i, name in enumerate(layers("resnet18"))}
    own = shapes("resnet18")
    tensors = {
        new.rpartition(".")[0] + "." + name.rpartition(".")[2]: own[name]
        for new, place in numbered.items()
        for name in own
        if name.rpartition(".")[0] == place
    }
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=NAMES))
    assert reading.needs == ("architecture",)
    assert reading.candidates[0].arch == "resnet18"
    if timm_networks.is_installed():
        assert "timm/resnetblur18" in [c.arch for c in reading.candidates]


def layers(arch):
    return list(dict.fromkeys(name.rpartition(".")[0] for name in shapes(arch)))


def test_that_a_vgg_with_norms_is_none_without(contents, tmp_path):
    tensors = renamed(shapes("vgg11_bn"), (r"^features\.", "trunk.f"), (r"^classifier\.", "top.c"))
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=NAMES))
    assert [c.arch for c in reading.candidates] == ["vgg11_bn"]


def test_that_the_architecture_that_was_named_wrongly_is_refused_with_the_first_difference(contents, tmp_path):
    tensors = renamed(shapes("vgg11"), (r"^features\.", "trunk.f"), (r"^classifier\.", "top.c"))
    told = refusal(contents, tmp_path, tensors, arch="resnet18")
    assert told == "w.pth does not fit resnet18: it has trunk.f0.weight (64×3×3×3) where conv1.weight has 64×3×7×7."


def test_that_kernels_as_tensorflow_keeps_them_are_refused(contents, tmp_path):
    for arch in ("resnet18", "mobilenet_v2"):
        turned = {n: t.permute(2, 3, 1, 0) if t.ndim == 4 else t for n, t in shapes(arch).items()}
        assert "as TensorFlow keeps them" in refusal(contents, tmp_path, renamed(turned, (r"weight$", "kernel")))


@pytest.mark.parametrize("name", ["last_linear", "head.fc"])
def test_that_cadene_s_and_mmpretrain_s_residual_networks_are_known(name, contents, tmp_path):
    prefix = "backbone." if name == "head.fc" else ""
    tensors = renamed(shapes("resnet18"), (r"^(?!fc)", prefix), (r"^fc", name))
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=NAMES))
    assert ([c.arch for c in reading.candidates], reading.needs) == (["resnet18"], ())


@needs_timm
def test_that_mmpretrain_s_vision_transformer_is_proposed(contents, tmp_path):
    tensors = renamed(
        shapes("timm/vit_tiny_patch16_224"),
        (r"^patch_embed\.proj", "patch_embed.projection"),
        (r"^blocks", "layers"),
        (r"\.norm(\d)", r".ln\1"),
        (r"^norm\.", "ln1."),
        (r"mlp\.fc1", "ffn.layers.0.0"),
        (r"mlp\.fc2", "ffn.layers.1"),
        (r"^(?!head)", "backbone."),
        (r"^head\.", "head.layers.head."),
    )
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", Choices(class_names=NAMES, preprocessing=IMAGES224))
    assert (reading.candidates[0].arch, reading.needs) == ("timm/vit_tiny_patch16_224", ("architecture",))


def as_mmpretrain_s_swin(tensors):
    parts = (
        (r"^patch_embed\.proj", "patch_embed.projection"), (r"^layers\.1\.downsample", "layers.0.downsample"),
        (r"^layers\.2\.downsample", "layers.1.downsample"), (r"^layers\.3\.downsample", "layers.2.downsample"),
        (r"\.attn\.", ".attn.w_msa."), (r"mlp\.fc1", "ffn.layers.0.0"), (r"mlp\.fc2", "ffn.layers.1"),
        (r"^norm\.", "norm3."), (r"^layers", "stages"), (r"^(?!head)", "backbone."),
    )  # fmt: skip
    return renamed(tensors, *parts)


@needs_timm
def test_that_mmpretrain_s_swin_is_known_by_its_names(contents, tmp_path):
    tensors = as_mmpretrain_s_swin(shapes("timm/swin_tiny_patch4_window7_224"))
    said = Choices(class_names=NAMES, arch="timm/swin_tiny_patch4_window7_224")
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", said)
    assert (reading.candidates[0].agreement, reading.needs) == ("", ())
    assert any("merged patches" in note for note in reading.notes)


@needs_timm
def test_that_mmpretrain_s_windows_of_another_kind_are_not_matched_by_order(contents, tmp_path):
    tensors = as_mmpretrain_s_swin(shapes("timm/swinv2_tiny_window8_256", 256))
    said = Choices(class_names=NAMES, arch="timm/swinv2_tiny_window8_256")
    reading, _ = describe(contents(tensors), tmp_path / "w.pth", said)
    assert any("merged patches" in note for note in reading.notes)


IMAGES224 = Preprocessing(image_size=224, mean=(0.5,) * 3, std=(0.5,) * 3)
_FASTAI_BODY = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


def as_fastai(tensors):
    """A body and a head, both sequences: pooled twice, two linear layers."""
    body = renamed(without_head(tensors), *((rf"^{name}\.", f"0.{i}.") for i, name in enumerate(_FASTAI_BODY)))
    norm = ("weight", "bias", "running_mean", "running_var")
    head = {f"1.2.{part}": torch.zeros(1024) for part in norm} | {"1.4.weight": torch.zeros(512, 1024)}
    return {**body, **head, **{f"1.6.{part}": torch.zeros(512) for part in norm}, "1.8.weight": torch.zeros(5, 512)}


def test_that_fastai_s_body_is_a_start_and_no_model_to_ask(contents, tmp_path):
    torch.manual_seed(0)
    own = networks.build("resnet18", 5, False, 64).state_dict()
    assert describe(contents(as_fastai(own)), tmp_path / "w.pth")[0].is_backbone
    reading, _ = started(contents, tmp_path, as_fastai(own))
    assert (reading.candidates[0].arch, reading.needs) == ("resnet18", ("architecture",))
    reading, made = started(contents, tmp_path, as_fastai(own), arch="resnet18")
    assert (reading.needs, reading.classes, reading.class_names) == ((), 0, ())
    assert made.keys() == without_head(own).keys()
    assert all(torch.equal(made[name], own[name]) for name in made)
    assert any("1.2.weight and 9 more" in note for note in reading.notes)


@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_that_a_backbone_is_a_start(prefix, contents, tmp_path):
    tensors = {f"{prefix}{name}": tensor for name, tensor in without_head(shapes("resnet18")).items()}
    reading, made = started(contents, tmp_path, tensors)
    assert (reading.candidates[0].arch, reading.needs, reading.classes) == ("resnet18", (), 0)
    assert reading.candidates[0].agreement == ""
    assert "fc.weight" not in made


def test_that_a_head_of_several_layers_is_left_out_of_a_start(contents, tmp_path):
    """As people put theirs in the place of a network's: nothing says what is computed between its layers."""
    head = {"fc.0.weight": torch.zeros(64, 512), "fc.0.bias": torch.zeros(64), "fc.3.weight": torch.zeros(5, 64)}
    reading, made = started(contents, tmp_path, without_head(shapes("resnet18")) | head)
    assert (reading.candidates[0].arch, reading.classes, reading.needs) == ("resnet18", 0, ())
    assert not any(name.startswith("fc.") for name in made)
    assert any("fc.0.weight and 2 more" in note for note in reading.notes)


def test_that_a_start_has_its_head_only_where_its_classes_have_names(contents, tmp_path):
    reading, made = started(contents, tmp_path, shapes("resnet18"))
    assert (reading.needs, reading.classes, "fc.weight" in made) == ((), 5, False)
    reading, made = started(contents, tmp_path, shapes("resnet18"), class_names=NAMES)
    assert (reading.class_names, "fc.weight" in made) == (NAMES, True)


@needs_timm
def test_that_what_dino_trains_beside_a_backbone_is_left_out(contents, tmp_path):
    body = without_head(shapes("timm/vit_tiny_patch16_224"))
    head = {"head.mlp.0.weight": torch.zeros(64, 192), "head.last_layer.weight_v": torch.zeros(128, 64)}
    tensors = {**{f"backbone.{name}": tensor for name, tensor in body.items()}, **head}
    reading, made = started(contents, tmp_path, tensors, preprocessing=IMAGES224)
    assert (reading.candidates[0].arch, reading.needs) == ("timm/vit_tiny_patch16_224", ())
    assert made.keys() == body.keys()
    assert any("head.mlp.0.weight and 1 more" in note for note in reading.notes)


@needs_timm
def test_that_dinov2_s_names_are_known(contents, tmp_path):
    body = without_head(shapes("timm/vit_small_patch14_dinov2", 518))
    in_chunks = renamed(body, (r"^blocks\.(\d+)\.", r"blocks.0.\1."))
    reading, made = started(contents, tmp_path, {**in_chunks, "mask_token": torch.zeros(1, 384)})
    assert (reading.candidates[0].arch, reading.needs) == ("timm/vit_small_patch14_dinov2", ())
    assert made.keys() == body.keys()


CLIP = (
    (r"^cls_token$", "class_embedding"), (r"^pos_embed$", "positional_embedding"), (r"^patch_embed\.proj", "conv1"),
    (r"^norm_pre", "ln_pre"), (r"^norm\.", "ln_post."), (r"^blocks\.(\d+)\.norm", r"transformer.resblocks.\1.ln_"),
    (r"^blocks\.(\d+)\.attn\.qkv\.", r"transformer.resblocks.\1.attn.in_proj_"),
    (r"^blocks\.(\d+)\.attn\.proj", r"transformer.resblocks.\1.attn.out_proj"),
    (r"^blocks\.(\d+)\.mlp\.fc1", r"transformer.resblocks.\1.mlp.c_fc"),
    (r"^blocks\.(\d+)\.mlp\.fc2", r"transformer.resblocks.\1.mlp.c_proj"), (r"^", "visual."),
)  # fmt: skip
OPENAIS = {name: torch.tensor(1) for name in ("input_resolution", "context_length", "vocab_size")}


@needs_timm
@pytest.mark.parametrize(
    ("beside", "archs"), [({}, ["clip_224", "clip_quickgelu_224"]), (OPENAIS, ["clip_quickgelu_224"])]
)
def test_that_clip_s_image_tower_is_a_start(beside, archs, contents, tmp_path):
    tower = renamed(without_head(shapes("timm/vit_base_patch32_clip_224")), *CLIP)
    tower["visual.class_embedding"] = tower["visual.class_embedding"].reshape(-1)
    tower["visual.positional_embedding"] = tower["visual.positional_embedding"][0]
    text = {
        "visual.proj": torch.zeros(768, 512),
        "token_embedding.weight": torch.zeros(9, 512),
        "logit_scale": torch.ones(()),
    }
    reading, _ = started(contents, tmp_path, {**tower, **text, **beside})
    assert [c.arch.removeprefix("timm/vit_base_patch32_") for c in reading.candidates] == archs


@needs_timm
@pytest.mark.parametrize("head", ["head", "head.fc"])
def test_that_the_names_of_convnext_s_authors_and_of_mmpretrain_are_known(head, contents, tmp_path):
    of_mm = head == "head.fc"
    depth, point = ("depthwise_conv", "pointwise_conv") if of_mm else ("dwconv", "pwconv")
    tensors = renamed(
        shapes("timm/convnext_atto"),
        (r"\.conv_dw\.", f".{depth}."), (r"\.mlp\.fc(\d)\.", rf".{point}\1."), (r"\.blocks\.", "."),
        (r"^stem\.", "downsample_layers.0."), (r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1."),
        (r"^head\.norm\.", "norm3." if of_mm else "norm."), (r"^head\.fc\.", f"{head}."),
        (r"^(?!head)", "backbone." if of_mm else ""),
    )  # fmt: skip
    reading, _ = describe(contents(dict(sorted(tensors.items()))), tmp_path / "w.pth", Choices(class_names=NAMES))
    assert (reading.candidates[0].arch, reading.needs) == ("timm/convnext_atto", ())
