"""What a recipe leaves open is decided by rules."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.checkpoint import Preprocessing, read_checkpoint
from mpt_studio.data.fit import Fit, Whole
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.recipe import Images, Model, Start


def test_that_no_gpu_falls_back_to_the_cpu_and_says_so(make, replaced):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    events = list(make(replaced({"device": "auto", "epochs": 1})).fit())
    assert any(isinstance(e, Note) and "No GPU" in e.text for e in events)


@pytest.mark.parametrize(
    ("images", "placement", "held"),
    [
        ({}, "auto", 16),
        ({"crop": "resized"}, "auto", 16),
        ({"auto_augment": "trivial"}, "auto", 0),  # one process would take too long
        ({"auto_augment": "trivial"}, "device", 16),
        ({}, "loader", 0),
    ],
)
def test_that_training_images_are_held_where_one_process_can_vary_them(images, placement, held, make, replaced):
    plan = make(replaced({"data_placement": placement}, images=Images(**images))).plan
    assert plan.held_size == held
    assert plan.settings()["data_placement"] == ("device" if held else "loader")


def test_that_pictures_of_several_sizes_are_cut_by_loaders_which_is_said_where_the_device_was_asked_for(
    make, replaced, photographs
):
    def plan(crop: str, placement: str):
        recipe = replaced(
            {"data_placement": placement}, images=Images(crop=crop), model=Model(arch="squeezenet1_1", image_size=96)
        )
        return make(recipe, data=photographs, names=("cat", "dog")).plan

    assert [plan(crop, "auto").held_size for crop in ("pad", "centre", "resized")] == [96, 96, 0]
    assert not any("cut by loader" in note for note in plan("resized", "auto").notes)
    assert any("cut by loader" in note for note in plan("resized", "device").notes)


def test_that_a_version_of_one_class_cannot_mix_images(make, replaced):
    with pytest.raises(UserError, match="need at least two classes; this version has 1"):
        make(replaced(images=Images(mixup=0.2)), names=("ant",))


def test_that_files_are_decoded_to_what_training_shows(make, replaced, photographs):
    def plan(size: int, **images):
        model = Model(arch="squeezenet1_1", image_size=size)
        return make(replaced(images=Images(**images), model=model), data=photographs, names=("cat", "dog")).plan

    theirs = Preprocessing(image_size=96, resize=110, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert plan(96, crop="resized").training_form(theirs) == Whole(110)
    assert plan(96, crop="centre").training_form(theirs) == Fit.of(theirs)
    assert plan(96, crop="pad").training_form(None) == Fit(96)
    assert make(replaced(images=Images(crop="resized"))).plan.training_form(None) == Fit(16)


@pytest.mark.parametrize(
    ("images", "busy"), [({}, False), ({"crop": "resized"}, False), ({"auto_augment": "rand"}, True)]
)
def test_that_a_cpu_needs_loader_processes_for_policies_even_where_all_is_decoded(images, busy, make, replaced):
    assert make(replaced(images=Images(**images))).plan.works_in_loaders == busy


def test_that_a_frozen_network_of_random_weights_is_told(make, replaced):
    assert any("random weights" in note for note in make(replaced(start=Start(freeze=-1))).plan.notes)


def test_that_a_stem_that_the_start_does_not_have_is_told(make, replaced, tmp_path):
    scratch = make(replaced(model=Model(small_stem="off")))
    scratch.save_weights(tmp_path / "large.safetensors", scratch.describe())
    large = read_checkpoint(tmp_path / "large.safetensors")
    trainer = make(replaced(start=Start(start=large.path), model=Model(small_stem="on")), start=large)
    assert not trainer.plan.small_stem
    assert any("not of the form for small images" in note for note in trainer.plan.notes)
