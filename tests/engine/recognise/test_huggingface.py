"""transformers' classifiers: the same logits as the package itself gave (transformers.json)."""

from __future__ import annotations

import importlib.util
import json
import runpy
from pathlib import Path

import pytest
import torch

from mpt_studio.checkpoint import Preprocessing
from mpt_studio.engine.recognise import huggingface
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

RECORDED = json.loads(Path(__file__).with_name("transformers.json").read_text())
HAS_TIMM = importlib.util.find_spec("timm") is not None
HALF = (0.5, 0.5, 0.5)


@pytest.fixture(scope="module")
def made():
    """``numbers`` and ``image`` of the script that recorded."""
    return runpy.run_path(str(Path(__file__).with_name("record_transformers.py")))


def tensors_of(arch, made):
    whole = ("num_batches_tracked", "relative_position_index")
    shapes = {name: tuple(shape) for name, shape in RECORDED[arch]["shapes"].items() if not name.endswith(whole)}
    return {name: made["numbers"](name, shape) for name, shape in shapes.items()}


def folder_of(arch, tmp_path, **changes):
    (tmp_path / "config.json").write_text(json.dumps({**RECORDED[arch]["config"], **changes}))
    return tmp_path


QUICK = ("resnet18", "timm/vit_tiny_patch16_224", "timm/convnextv2_atto", "timm/regnetx_002")
MARKED = [arch if arch in QUICK else pytest.param(arch, marks=pytest.mark.slow) for arch in RECORDED]


@pytest.mark.parametrize("arch", MARKED)
def test_that_a_folder_of_transformers_answers_as_transformers(arch, made, reloaded, tmp_path):
    if arch.startswith("timm/") and not HAS_TIMM:
        pytest.skip("needs timm")
    size = RECORDED[arch]["size"]
    choices = Choices(preprocessing=Preprocessing(image_size=size, mean=HALF, std=HALF))
    reading, network = reloaded(tensors_of(arch, made), path=folder_of(arch, tmp_path), choices=choices)
    assert reading.candidates[0].arch == arch
    assert reading.class_names == tuple(f"class {i}" for i in range(5))
    assert reading.class_names_from == "config.json"
    with torch.no_grad():
        answer = network(made["image"](size))[0]
    torch.testing.assert_close(answer, torch.tensor(RECORDED[arch]["logits"]), rtol=1e-3, atol=1e-3)


def test_that_a_folder_without_a_processor_asks_for_the_preprocessing(made, contents, tmp_path):
    reading, _ = describe(contents(tensors_of("resnet18", made)), folder_of("resnet18", tmp_path))
    assert reading.needs == ("preprocessing",)


def test_that_a_bottleneck_striding_elsewhere_is_refused(made, contents, tmp_path):
    folder = folder_of("resnet18", tmp_path, downsample_in_bottleneck=True)
    with pytest.raises(UserError, match="downsample_in_bottleneck"):
        describe(contents(tensors_of("resnet18", made)), folder)


@pytest.mark.slow
def test_that_another_number_of_attention_heads_fits_no_architecture(made, contents, tmp_path):
    folder = folder_of("swin_t", tmp_path, num_heads=[3, 6, 12, 12])
    with pytest.raises(UserError, match="next to swin_t, the closest, it has other attention heads"):
        describe(contents(tensors_of("swin_t", made)), folder)


@pytest.mark.skipif(not HAS_TIMM, reason="needs timm")
def test_that_a_head_in_a_sequence_is_found(contents, tmp_path, made):
    arch = "timm/vit_tiny_patch16_224"
    folder = folder_of(arch, tmp_path)
    tensors = {n.replace("classifier.", "classifier.1."): t for n, t in sorted(tensors_of(arch, made).items())}
    reading, _ = describe(
        contents(tensors), folder, Choices(class_names=tuple("abcde"[: len(tensors["classifier.1.bias"])]))
    )
    assert arch in [candidate.arch for candidate in reading.candidates]
    assert any("The head stands at classifier.1.weight" in note for note in reading.notes)  # as the file calls it


def test_that_a_tensor_that_nobody_knows_is_named_as_the_file_does(made, contents, tmp_path):
    tensors = {**tensors_of("resnet18", made), "resnet.encoder.stages.0.layers.0.layer.0.odd": torch.zeros(3)}
    with pytest.raises(UserError, match=r"has the unknown resnet\.encoder\.stages\.0\.layers\.0\.layer\.0\.odd"):
        describe(contents(tensors), folder_of("resnet18", tmp_path))


def wider(shapes):
    """A stage with more channels than any architecture has there."""
    return {n: tuple(side + 8 * (".stages.0." in n and side == 64) for side in shape) for n, shape in shapes.items()}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            wider,
            "another shape for resnet.encoder.stages.0.layers.0.layer.0.convolution.weight .72×72×3×3, not",
        ),
        (
            lambda shapes: {n: shape for n, shape in shapes.items() if "stages.3.layers.1" not in n},
            "it lacks what that calls layer4.1.conv1.weight",
        ),
    ],
)
def test_that_a_refusal_calls_the_tensors_as_the_folder_does(changed, told, made, contents, tmp_path):
    shapes = changed({n: tuple(t.shape) for n, t in tensors_of("resnet18", made).items()})
    tensors = {name: made["numbers"](name, shape) for name, shape in shapes.items()}
    with pytest.raises(UserError, match=f"next to resnet18, the closest, .*{told}"):
        describe(contents(tensors), folder_of("resnet18", tmp_path))


def test_that_a_family_that_is_not_known_is_named(made, contents, tmp_path):
    folder = folder_of("resnet18", tmp_path, model_type="levit")
    with pytest.raises(UserError, match=r"transformers' levit, are no image classifier's .* export it to ONNX"):
        describe(contents({"gate": made["numbers"]("gate", (3,))}), folder)


@pytest.mark.parametrize("arch", RECORDED)
def test_that_every_renamed_tensor_is_known_by_a_name_of_the_folder(arch, made):
    tensors, config = tensors_of(arch, made), RECORDED[arch]["config"]
    named = huggingface.own_names(tensors, config)
    assert named.keys() == {name for variant in huggingface.translated(tensors, config) for name in variant.tensors}
    assert set(named.values()) <= set(tensors)
