"""What is done where several architectures fit, or none."""

from __future__ import annotations

import json

import pytest
import torch

from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks import timm_networks
from mpt_studio.engine.networks.outline import without_memory
from mpt_studio.engine.recognise.describe import describe
from mpt_studio.errors import UserError
from mpt_studio.reading import Choices

NAMES = Choices(class_names=tuple("abcde"))


timm_only = pytest.mark.skipif(not timm_networks.is_installed(), reason="needs timm")


def shapes(arch, small=False, classes=5, size=224):
    return without_memory(lambda: networks.build(arch, classes, small, size)).state_dict()


def refusal(given, path, choices=NAMES):
    with pytest.raises(UserError) as caught:
        describe(given, path, choices)
    assert len(str(caught.value)) <= 200
    return str(caught.value)


def test_that_tensors_of_something_else_are_called_so(contents, tmp_path):
    told = refusal(contents({"a.weight": torch.zeros(3, 3), "b": torch.zeros(2)}), tmp_path / "odd.pth")
    assert told == "The tensors of odd.pth are no image classifier's of torchvision or timm that we know."


def test_that_a_choice_that_does_not_fit_is_told_with_the_difference(contents, tmp_path):
    told = refusal(
        contents(shapes("resnet18")), tmp_path / "w.pth", Choices(arch="resnet34", class_names=NAMES.class_names)
    )
    assert told.startswith("w.pth does not fit resnet34: it lacks layer1.2.conv1.weight")


def test_that_an_unknown_choice_brings_the_closest_names(contents, tmp_path):
    told = refusal(contents(shapes("resnet18")), tmp_path / "w.pth", Choices(arch="resnet_18"))
    assert "did you mean resnet18" in told


def test_that_names_with_control_characters_are_not_printed(contents, tmp_path):
    odd = {**shapes("resnet18"), "evil\x1b[31m\nname": torch.zeros(1)}
    assert "\x1b" not in refusal(contents(odd), tmp_path / "w\n.pth")


def test_that_torchvisions_is_taken_where_rarer_ones_fit_as_well_and_this_is_said(contents, tmp_path):
    reading, _ = describe(contents(shapes("resnet50")), tmp_path / "w.pth", NAMES)
    assert [c.arch for c in reading.candidates] == ["resnet50"]
    assert reading.needs == ()
    if timm_networks.is_installed():
        assert any("timm/resnetblur50" in note for note in reading.notes)


@timm_only
def test_that_the_file_decides_where_several_fit(contents, tmp_path):
    tensors = shapes("timm/resnetblur18")
    said = contents(tensors, extras={"arch": "resnetblur18"})
    assert describe(said, tmp_path / "w.pth", NAMES)[0].candidates[0].arch == "timm/resnetblur18"
    named = describe(contents(tensors), tmp_path / "my-resnetblur18.pth", NAMES)[0]
    assert named.candidates[0].arch == "timm/resnetblur18"
    assert any("the file's name says" in note for note in named.notes)


@timm_only
def test_that_a_person_is_asked_where_different_functions_have_the_same_tensors(contents, tmp_path):
    given = contents(shapes("timm/tf_mobilenetv3_small_075"))
    reading, tensors = describe(given, tmp_path / "w.pth", NAMES)
    assert reading.needs == ("architecture",)
    assert {c.arch for c in reading.candidates} == {"timm/mobilenetv3_small_075", "timm/tf_mobilenetv3_small_075"}
    assert tensors is None
    choice = Choices(arch="timm/tf_mobilenetv3_small_075", class_names=NAMES.class_names)
    chosen, tensors = describe(given, tmp_path / "w.pth", choice)
    assert (chosen.needs, [c.arch for c in chosen.candidates]) == ((), [choice.arch])
    assert tensors is not None


@timm_only
def test_that_timms_own_folder_says_everything(contents, tmp_path):
    config = {
        "architecture": "vit_tiny_patch16_224",
        "num_classes": 5,
        "label_names": list("vwxyz"),
        "pretrained_cfg": {
            "input_size": [3, 224, 224],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25],
            "crop_pct": 0.9,
            "interpolation": "bicubic",
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    reading, _ = describe(contents(shapes("timm/vit_tiny_patch16_224")), tmp_path)
    assert reading.needs == ()
    assert reading.candidates[0].arch == "timm/vit_tiny_patch16_224"
    assert reading.class_names == tuple("vwxyz")
    assert (reading.preprocessing.resize, reading.preprocessing.std) == (248, (0.25, 0.25, 0.25))
    assert (reading.class_names_from, reading.preprocessing_from) == ("config.json", "config.json")


def test_that_a_file_of_timms_says_how_to_install_it(contents, tmp_path, monkeypatch):
    if timm_networks.is_installed():
        tensors = shapes("timm/convnext_atto")
    else:
        pytest.skip("needs timm to make the file")
    monkeypatch.setattr(timm_networks, "is_installed", lambda: False)
    told = refusal(contents(tensors), tmp_path / "w.pth")
    assert 'pip install "mpt-studio[timm]"' in told
    assert "timm/convnext_atto" in told


def test_that_a_transformer_made_for_another_size_refuses_the_chosen_one(contents, tmp_path):
    from mpt_studio.checkpoint import Preprocessing

    wrong = Preprocessing(image_size=256, mean=(0.5,) * 3, std=(0.5,) * 3)
    choice = Choices(class_names=NAMES.class_names, preprocessing=wrong)
    assert "made for images of 224 pixels, not 256" in refusal(contents(shapes("vit_b_32")), tmp_path / "w.pth", choice)


@pytest.mark.parametrize("name", ["fc.1", "classifier", "last_layer"])
def test_that_a_head_of_another_name_is_found_in_any_order(contents, tmp_path, name):
    """safetensors sorts the names of a file."""
    renamed = {key.replace("fc.", f"{name}."): tensor for key, tensor in shapes("resnet18").items()}
    reading, _ = describe(contents(dict(sorted(renamed.items()))), tmp_path / "w.safetensors", NAMES)
    assert [c.arch for c in reading.candidates] == ["resnet18"]
    assert any(f"The head stands at {name}.weight" in note for note in reading.notes)
