"""A frozen network: its head learns from features that are computed once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from mpt_studio import paths
from mpt_studio.checkpoint import Preprocessing, read_checkpoint
from mpt_studio.data import room
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.features import FILE, Backbone
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks.build import build
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.methods import METHODS, method_named
from mpt_studio.recipe import Model, Start


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def looks(monkeypatch) -> list[int]:
    """How many images went through a whole network to be kept."""
    seen: list[int] = []
    compute = Backbone._compute

    def counting(self, dataset, indices, report):
        seen.append(len(indices))
        return compute(self, dataset, indices, report)

    monkeypatch.setattr(Backbone, "_compute", counting)
    return seen


def frozen(replaced, path: str, **parts):
    return replaced({"epochs": 3}, start=Start(start=path, freeze=-1), **parts)


def test_that_only_the_last_layer_changes_and_the_answers_are_the_whole_networks(
    make, replaced, reference, squares, tmp_path
):
    trainer = make(frozen(replaced, reference.path), start=reference)
    assert trainer.plan.head_only
    list(trainer.fit())
    answers = trainer.answers(squares.test)
    path = tmp_path / "v.safetensors"
    trainer.save_weights(path, trainer.describe())
    version = read_checkpoint(path)
    before, after = load_network(reference).state_dict(), load_network(version).state_dict()
    assert {name for name in after if not torch.equal(before[name], after[name])} == {"head.weight", "head.bias"}
    assert np.array_equal(answers, evaluate(version, squares, squares.test, device="cpu").logits)


def test_that_images_go_through_the_network_once_for_all_candidates(make, replaced, reference, old, squares, looks):
    for name in ("none", "pct_kl", "mpt_kl"):
        recipe = frozen(replaced, reference.path, method=method_named(name))
        trainer = make(recipe, start=reference, old=old, reference=reference)
        list(trainer.fit())
        trainer.answers(squares.test)
    assert np.array_equal(trainer.parts.validation, squares.test)
    assert sum(looks) == len(trainer.parts.train) + len(squares.test)


def test_that_a_file_that_is_read_otherwise_has_features_of_its_own(make, replaced, reference, old, squares, looks):
    """One file may hold weights as they were trained last and averaged: its hash does not tell which were taken."""
    recipe = frozen(replaced, "both.pth", method=method_named("none"))
    for body in (reference, dataclasses.replace(old, preprocessing=reference.preprocessing)):
        trainer = make(recipe, start=dataclasses.replace(body, source_sha256="ab" * 32))
        trainer.answers(squares.test)
    assert looks == 2 * [len(squares.test)]


def test_that_damaged_features_are_computed_again(make, replaced, reference, looks):
    list(make(frozen(replaced, reference.path), start=reference).fit())
    first = sum(looks)
    for file in paths.cache_dir().rglob(FILE):
        content = bytearray(file.read_bytes())
        content[-3] ^= 1
        file.write_bytes(bytes(content))
    list(make(frozen(replaced, reference.path), start=reference).fit())
    assert sum(looks) == 2 * first


@pytest.mark.parametrize("name", [n for n in METHODS if "ELODI" not in n])
def test_that_it_learns_what_the_whole_network_would_with_its_layers_frozen(name, make, replaced, reference, old):
    """The same steps with every image through the whole network: equal but for rounding."""
    recipe = frozen(replaced, reference.path, method=METHODS[name])
    quick = make(recipe, start=reference, old=old, reference=reference)
    whole = make(recipe, start=reference, old=old, reference=reference)
    object.__setattr__(whole.student.plan, "head_only", False)
    whole.student.learner = whole.network
    object.__setattr__(whole.plan.augmentation, "steps", ())
    events = [list(trainer.fit())[-1] for trainer in (quick, whole)]
    assert events[0].losses == pytest.approx(events[1].losses, rel=1e-3)
    heads = [trainer.network.state_dict()["head.weight"] for trainer in (quick, whole)]
    assert torch.allclose(*heads, atol=1e-4)


def test_that_images_that_are_varied_go_through_the_network_every_time(make, replaced, reference):
    recipe = replaced({"epochs": 1, "flip": "on"}, start=Start(start=reference.path, freeze=-1))
    trainer = make(recipe, start=reference)
    assert not trainer.plan.head_only
    before = {n: v.clone() for n, v in trainer.network.state_dict().items()}
    list(trainer.fit())
    changed = {n for n, v in trainer.network.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == {"head.weight", "head.bias"}


def test_that_a_network_that_does_not_end_in_its_last_layer_runs_whole(make, replaced, squares):
    recipe = replaced({"epochs": 1}, model=Model(arch="squeezenet1_1", image_size=32), start=Start(freeze=-1))
    with pytest.raises(AssertionError):  # the squares have one size
        list(make(recipe).fit())
    assert not make(recipe).plan.head_only
    assert any("does not end in its last layer" in note for note in make(recipe).plan.notes)


def test_that_a_run_resumes_bit_for_bit(make, replaced, reference, tmp_path):
    recipe = frozen(replaced, reference.path)
    whole, first, second = (make(recipe, start=reference) for _ in range(3))
    list(whole.fit())
    for event in first.fit():
        if type(event).__name__ == "Epoch":
            first.save_state(tmp_path / "state.safetensors")
            break
    second.restore(tmp_path / "state.safetensors")
    list(second.fit())
    ends = [trainer.network.state_dict() for trainer in (whole, second)]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


@pytest.mark.parametrize("freeze", [0, -1])
def test_that_features_are_computed_as_exactly_as_a_version_is_evaluated(
    freeze, make, replaced, reference, monkeypatch
):
    asked: list[bool] = []
    monkeypatch.setattr(devices, "prepare", lambda _, exact=False, **__: asked.append(exact))
    make(replaced(start=Start(start=reference.path, freeze=freeze)), start=reference)
    assert asked == [freeze < 0]


def test_that_features_are_counted_emptied_and_limited_like_decoded_images(
    make, replaced, reference, looks, monkeypatch
):
    def train() -> None:
        list(make(frozen(replaced, reference.path), start=reference).fit())

    train()
    kept = room.entries()
    assert {entry.data for entry in kept} == {"squares"}
    assert sum(entry.bytes for entry in kept) > 96 * 4
    assert room.empty() > 0
    assert not room.entries()
    once = sum(looks)
    monkeypatch.setenv(room.LIMIT, "0")
    train()
    assert sum(looks) == 2 * once
    assert not room.entries()


def test_that_a_network_of_the_same_weights_in_a_form_for_small_images_shares_nothing():
    """MobileNet's differs in a stride alone, which no tensor tells."""
    torch.manual_seed(0)
    small, large = (build("mobilenet_v3_small", 4, is_small, 32).eval() for is_small in (True, False))
    large.load_state_dict(small.state_dict())
    plain = Preprocessing(image_size=32, mean=(0.5,) * 3, std=(0.25,) * 3)
    mine = Backbone(small, "classifier.3", plain, torch.device("cpu"))
    assert not mine.shares(large)
    other_head = build("mobilenet_v3_small", 7, True, 32).eval()
    below = {name: value for name, value in small.state_dict().items() if not name.startswith("classifier.3.")}
    other_head.load_state_dict(below, strict=False)
    assert not mine.shares(build("mobilenet_v3_small", 4, True, 32))
    assert mine.shares(other_head)
