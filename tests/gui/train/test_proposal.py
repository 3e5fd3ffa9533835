from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest

from mpt_studio.checkpoint import Checkpoint
from mpt_studio.compare import diagnose
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.gui.train.proposal import WAYS, Found, about_classes, about_data, about_way, proposed, suggested
from mpt_studio.recipe import checked, preset

from .conftest import deployed


@pytest.fixture
def photos(pets: Path) -> Dataset:
    return open_dataset(f"folder:{pets}")


def found(dataset: Dataset, old: Checkpoint | None, **more: str) -> Found:
    diagnosis = diagnose(old.class_names, dataset.class_names) if old is not None else None
    return Found(dataset, old, old_path="/models/old.pth" if old is not None else "", diagnosis=diagnosis, **more)


def test_that_photographs_are_fine_tuned_from_published_weights_with_the_deployed_architecture(photos: Dataset) -> None:
    seen = found(photos, deployed(size=224))
    way, why = suggested(seen)
    recipe = proposed(seen, way)
    assert (way, "224 pixels" in why) == ("fine-tune", True)
    assert (recipe.data, recipe.old, recipe.old_classes) == (photos.spec, "/models/old.pth", "")
    assert (recipe.model.arch, recipe.model.image_size) == ("mobilenet_v3_small", 224)
    assert (recipe.start.start, recipe.start.layer_decay) == ("pretrained", 0.75)
    assert recipe.methods == "none,none@old,bcwi,pct_kl,mpt_kl:2,mpt_kl:2@old"
    assert about_way(seen, recipe).startswith("The deployed model's mobilenet_v3_small at 224 pixels")
    assert "downloaded" in about_way(seen, recipe)
    from_scratch = about_way(seen, proposed(seen, way, "scratch"))
    assert "from random weights; images prepared by their own" in from_scratch
    assert "downloaded" not in from_scratch


def test_that_small_images_and_the_small_network_are_trained_from_scratch(photos: Dataset) -> None:
    small = dataclasses.replace(deployed("small", 96), small_stem=True)
    for old in (small, deployed("resnet18", 32)):
        assert suggested(found(photos, old))[0] == "standard"
    recipe = proposed(found(photos, deployed("resnet18", 32)), "standard")
    assert (recipe.start.start, recipe.model.small_stem, recipe.model.image_size) == ("scratch", "off", 32)


def test_that_few_images_get_a_head_only(photos: Dataset) -> None:
    photos.train = photos.train[::10]
    seen = found(photos, deployed())
    way, why = suggested(seen)
    assert (way, "few" in why) == ("head-only", True)
    assert proposed(seen, way).start.freeze == -1


def test_that_an_onnx_graph_is_only_asked(photos: Dataset) -> None:
    seen = found(photos, deployed("onnx", 224))
    recipe = proposed(seen, "fine-tune")
    assert recipe.methods == "none,pct_kl,mpt_kl:2"
    assert recipe.model.arch == preset("fine-tune").recipe.model.arch
    assert "ONNX" in about_way(seen, recipe)


@pytest.mark.parametrize(("scores", "methods"), [("logits", "none,pct_kl,mpt_kl:2"), ("answers", "none,pct_naive")])
def test_that_an_old_model_known_by_its_answers_is_only_asked(photos: Dataset, scores: str, methods: str) -> None:
    answers = SimpleNamespace(scores=scores, class_names=("cat", "dog"))
    diagnosis = diagnose(answers.class_names, photos.class_names)
    seen = Found(photos, None, answers, "/models/old.csv", diagnosis=diagnosis)  # type: ignore[arg-type]
    recipe = proposed(seen, "fine-tune")
    assert (recipe.methods, recipe.old) == (methods, "/models/old.csv")
    assert "answers alone" in about_way(seen, recipe)


def test_that_without_new_classes_no_margin_is_proposed(photos: Dataset) -> None:
    seen = found(photos, deployed(names=("cat", "dog", "fox")))
    assert not seen.has_new_classes
    assert proposed(seen, "fine-tune").methods == "none,none@old,bcwi,churn_kd,pct_kl"


def test_that_an_old_model_that_is_trained_first_knows_what_was_ticked(photos: Dataset) -> None:
    seen = Found(photos, old_classes="2")
    recipe = proposed(seen, "fine-tune", "scratch")
    assert (recipe.old, recipe.old_classes, recipe.start.start) == ("", "2", "scratch")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("old", [deployed(), deployed("onnx"), deployed("small", 32), None])
def test_that_every_proposal_is_a_sound_recipe(photos: Dataset, way: str, old: Checkpoint | None) -> None:
    seen = found(photos, old)
    recipe = proposed(seen if old is not None else dataclasses.replace(seen, old_classes="2"), way)
    assert checked(recipe) == recipe
    assert recipe.candidate_methods()


def test_that_what_was_found_is_told_in_numbers(photos: Dataset) -> None:
    seen = found(photos, deployed(names=("cat", "Dog", "wolf")))
    assert about_data(seen) == ("120 training images and 12 test images, 96 px; 3 classes of 40 training images each")
    assert about_classes(seen) == ("2 known, 1 new (fox), 1 that the data lack (wolf). Spelled otherwise: Dog → dog.")


def test_that_where_no_class_is_new_that_is_said_in_words_and_no_margin_is_proposed(photos: Dataset) -> None:
    old = dataclasses.replace(deployed(size=224), class_names=photos.class_names)
    seen = found(photos, old)
    assert about_classes(seen) == f"{len(photos.class_names)} known, none new."
    assert proposed(seen, "fine-tune").methods == "none,none@old,bcwi,churn_kd,pct_kl"
