"""Versions between an old model and an update."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.interpolation import Interpolation, check_compatible
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.errors import UserError
from mpt_studio.recipe import Start

NONE = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def between(old, reference) -> Interpolation:
    return Interpolation(old, reference, "cpu")  # (dog, bee) and (dog, cat, bee, ant)


def test_that_the_ends_are_the_two_versions_exactly(between, old, reference, squares):
    new_end = between.predictions(0.0, squares, squares.test, statistics=squares.train)
    assert np.array_equal(new_end.logits, evaluate(reference, squares, squares.test, device="cpu").logits)
    old_end = between.predictions(1.0, squares, squares.test, statistics=squares.train)
    columns = [reference.class_names.index(name) for name in old.class_names]
    assert columns != sorted(columns) or columns != [0, 1]  # heads in different orders
    expected = evaluate(old, squares, squares.test, device="cpu").logits  # a head of other rows: another product's bits
    assert np.allclose(old_end.logits[:, columns], expected, rtol=1e-5, atol=1e-6)
    assert old_end.class_names == reference.class_names


def test_that_new_classes_keep_the_updates_rows_in_between(between, reference):
    head = between.version(0.4).network.head
    update = Interpolation(reference, reference, "cpu").version(0.0).network.head
    for name in ("cat", "ant"):
        row = reference.class_names.index(name)
        assert np.array_equal(head.weight[row], update.weight[row])
        assert head.bias[row] == update.bias[row]


def test_that_weights_normalisation_and_statistics_are_mixed_by_the_formula(between, old, reference):
    ends = [between.version(alpha) for alpha in (0.0, 1.0)]
    mixed = between.version(0.25)
    for name in ("stem.0.weight", "stem.1.running_var", "blocks.1.first.1.running_mean"):
        new, before, found = (v.network.state_dict()[name].numpy() for v in (*ends, mixed))
        assert np.allclose(found, 0.25 * before + 0.75 * new, atol=1e-6)
    expected = 0.25 * np.array(old.preprocessing.mean) + 0.75 * np.array(reference.preprocessing.mean)
    assert np.allclose(mixed.checkpoint.preprocessing.mean, expected)


def test_that_statistics_are_computed_anew_on_training_images(between, squares):
    interpolated = between.predictions(0.5, squares, squares.test, statistics=NONE)
    renewed = between.predictions(0.5, squares, squares.test, statistics=squares.train)
    again = between.predictions(0.5, squares, squares.test, statistics=squares.train)
    assert not np.allclose(interpolated.logits, renewed.logits)
    assert np.array_equal(renewed.logits, again.logits)
    assert renewed.checkpoint_sha256 == ""  # no file holds these weights
    assert renewed.version == "reference with 50% of old" or "50%" in renewed.version


def test_that_a_version_between_itself_is_itself(reference, squares):
    same = Interpolation(reference, reference, "cpu").predictions(0.3, squares, squares.test, statistics=NONE)
    expected = evaluate(reference, squares, squares.test, device="cpu").logits
    assert np.allclose(same.logits, expected, atol=1e-4)


def test_that_different_architectures_are_refused_with_a_sentence(old, reference):
    other = dataclasses.replace(old, architecture="resnet18")
    with pytest.raises(UserError, match=r"within one architecture: .* is resnet18 with the small stem at 16 pixels"):
        Interpolation(other, reference)
    strangers = dataclasses.replace(old, class_names=("x", "y"))
    with pytest.raises(UserError, match="no class in common"):
        Interpolation(strangers, reference)


def test_that_versions_that_see_different_pixels_are_not_interpolated(foreign) -> None:
    plain = dataclasses.replace(foreign.preprocessing, resize=0)
    with pytest.raises(UserError, match="do not resize and crop images in the same way"):
        check_compatible(foreign, dataclasses.replace(foreign, preprocessing=plain))


@pytest.fixture
def heads(make, replaced, reference, tmp_path) -> list[Checkpoint]:
    """Two versions whose heads were trained over one frozen network."""
    ends = []
    for seed in (1, 2):
        recipe = replaced({"epochs": 1, "seed": seed}, start=Start(start=reference.path, freeze=-1))
        trainer = make(recipe, start=reference)
        list(trainer.fit())
        path = tmp_path / f"{seed}.safetensors"
        trainer.save_weights(path, trainer.describe())
        ends.append(read_checkpoint(path))
    return ends


def test_that_statistics_stay_where_only_the_heads_differ(heads, reference, squares):
    """A frozen network's statistics are its start's: they were never of these images."""
    between = Interpolation(*heads, "cpu")
    assert not between.has_statistics
    middle = between.renewed(0.5, squares, squares.train, None).network.state_dict()
    assert torch.equal(middle["stem.1.running_mean"], load_network(reference).state_dict()["stem.1.running_mean"])


def test_that_images_go_through_the_network_once_for_all_shares_where_only_the_heads_differ(heads, squares):
    between = Interpolation(*heads, "cpu")
    first = between.predictions(0.3, squares, squares.test, statistics=squares.train)
    whole = evaluate(
        heads[1], squares, squares.test, device="cpu", version=between.renewed(0.3, squares, squares.train, None)
    )
    assert np.allclose(first.logits, whole.logits, rtol=1e-5, atol=1e-5)
    looked: list[str] = []
    for share in (0.0, 0.5, 1.0):
        between.predictions(
            share, squares, squares.test, statistics=squares.train, progress=lambda s, _: looked.append(s)
        )
    assert between.old_predictions(squares, squares.test).logits.shape == (len(squares.test), 4)
    assert not looked
