"""BCWI: a candidate mixed with the old model, by the share that the validation part bears."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.train.mixture import Mixture, Tried, chosen
from mpt_studio.errors import UserError
from mpt_studio.events import Note
from mpt_studio.methods import method_named, methods_named


def test_that_the_fewest_flips_at_no_loss_of_accuracy_are_chosen():
    tried = [Tried(0.0, 0.80, 0.10), Tried(0.1, 0.82, 0.06), Tried(0.2, 0.80, 0.06), Tried(0.5, 0.79, 0.0)]
    assert chosen(tried).alpha == 0.1
    assert chosen([Tried(0.0, 0.9, 0.02), Tried(0.3, 0.8, 0.0)]).alpha == 0.0


@pytest.fixture
def from_old(make, replaced, old, tmp_path):
    """A candidate that went on from the old model."""
    trainer = make(replaced(method=method_named("none@old")), old=old)
    list(trainer.fit())
    trainer.save_weights(tmp_path / "c.safetensors", trainer.describe())
    return read_checkpoint(tmp_path / "c.safetensors")


@pytest.fixture
def mixing(make, replaced, old, from_old):
    method = methods_named("none@old,bcwi")[-1]
    parts = make(replaced(method=method_named("none@old")), old=old).parts
    return dataclasses.replace(parts, recipe=replaced(method=method), start=from_old)


def test_that_the_version_lies_between_and_its_header_says_of_what_it_is_made(mixing, from_old, tmp_path):
    mixture = Mixture(mixing)
    events = list(mixture.fit())
    path = tmp_path / "mixed.safetensors"
    mixture.save_weights(path, mixture.describe())
    made, alpha = read_checkpoint(path), mixture.found.alpha
    ends = [load_network(c).state_dict()["stem.0.weight"] for c in (mixing.old, from_old)]
    assert torch.allclose(load_network(made).state_dict()["stem.0.weight"], torch.lerp(ends[1], ends[0], alpha))
    assert (made.method, made.start_sha256, made.figures["alpha"]) == ("BCWI", from_old.sha256(), alpha)
    note = next(e for e in events if isinstance(e, Note))
    assert note.text.startswith(f"{100 * alpha:.0f} % of the old model")
    assert note.detail.count("and") >= 10


def test_that_it_leaves_when_asked(mixing):
    mixture = Mixture(mixing)
    assert len(list(mixture.fit(lambda: "cancel"))) == 1
    assert not mixture.finished


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [("old", "BCWI needs the old model"), ("start", "BCWI needs the old model and a candidate")],
)
def test_that_without_a_candidate_or_an_old_model_there_is_a_sentence(missing, sentence, mixing):
    with pytest.raises(UserError, match=sentence):
        Mixture(dataclasses.replace(mixing, **{missing: None}))


def test_that_without_a_validation_part_there_is_a_sentence(mixing):
    with pytest.raises(UserError, match="validation part; keep one"):
        Mixture(dataclasses.replace(mixing, validation=mixing.validation[:0]))


def test_that_who_stops_it_early_keeps_the_best_share_that_was_tried_with_its_own_figures(mixing):
    mixture = Mixture(mixing)
    list(mixture.fit(lambda: "stop"))
    assert (mixture.alpha, mixture.describe().figures) == (0.0, {})  # nothing was measured of the candidate itself
    mixture.tried = [Tried(0.0, 0.5, 0.2), Tried(0.1, 0.5, 0.1)]
    assert mixture.describe().figures == {"alpha": 0.1, "validation_accuracy": 0.5, "validation_nfr": 0.1}


def test_that_without_validation_images_of_old_classes_there_are_no_flips_to_avoid(mixing):
    labels = mixing.dataset.labels[mixing.validation]
    names = [mixing.dataset.class_names[label] for label in labels]
    new = np.array([name not in mixing.old.class_names for name in names])
    mixture = Mixture(dataclasses.replace(mixing, validation=mixing.validation[new]))
    list(mixture.fit())
    assert {tried.nfr for tried in mixture.tried} == {0.0}
