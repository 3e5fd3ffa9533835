"""The trainer's events, figures, failures, and exact resume."""

from __future__ import annotations

import dataclasses
import itertools
import time
import weakref

import numpy as np
import pytest
import torch

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.data import open_dataset
from mpt_studio.data.fit import Whole
from mpt_studio.engine.evaluate import evaluate
from mpt_studio.engine.train import trainer as trainer_module
from mpt_studio.engine.train.parts import Parts
from mpt_studio.engine.train.state import State
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Note, Started, Step
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Images, Model


def figures(events) -> list[tuple]:
    """What has to be equal between runs: everything of the epochs but the clock."""
    return [(e.step, e.epoch, e.losses, e.train_accuracy, e.validation, e.flipped) for e in events if e.kind == "epoch"]


def weights(trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def assert_equal_weights(one, other) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_that_a_run_tells_its_start_its_steps_and_its_epochs(make, squares):
    trainer = make()
    events = list(trainer.fit())
    assert isinstance(events[0], Started)
    assert events[0].steps == 8
    assert events[0].train_samples == 96
    assert [type(e) for e in events if isinstance(e, Epoch)] == [Epoch, Epoch]
    assert any(isinstance(e, Step) for e in events)
    assert trainer.finished
    last = events[-1]
    assert (last.step, last.epoch) == (8, 2)
    assert last.losses["loss"] == pytest.approx(last.losses["cross_entropy"])
    assert 0.0 <= last.train_accuracy <= 1.0
    assert last.validation["all"]["samples"] == 24


def test_that_a_network_learns_the_squares(make, replaced):
    events = list(make(replaced({"epochs": 6})).fit())
    assert events[-1].validation["all"]["accuracy_new"] > 0.9


@pytest.mark.parametrize("name", METHODS)
def test_that_every_method_trains_and_names_its_terms(name, make, replaced, old, reference):
    method = dataclasses.replace(METHODS[name], start_epoch=0)
    recipe = replaced({"epochs": 1}, method=method)
    teachers = {"old": old, "reference": reference, "ensemble": (reference, reference)}
    last = list(make(recipe, **teachers).fit())[-1]
    expected = {"loss", "cross_entropy"}
    expected |= {"distillation_old"} if method.needs_old else set()
    expected |= {"distillation_new"} if method.needs_reference or method.needs_ensemble else set()
    assert set(last.losses) == expected
    assert last.losses["loss"] == pytest.approx(sum(v for k, v in last.losses.items() if k != "loss"))


def test_that_flips_are_counted_on_all_old_and_new_classes_whatever_the_method(make, old, squares):
    trainer = make(old=old)
    last = list(trainer.fit())[-1]
    table = last.validation
    assert set(table) == {"all", "old_classes", "new_classes"}
    assert table["all"]["samples"] == table["old_classes"]["samples"] + table["new_classes"]["samples"]
    assert table["new_classes"]["negative_flips"] == 0  # the old model knows none of them
    assert len(last.flipped) == min(48, table["all"]["negative_flips"])
    assert set(last.flipped) <= set(squares.sample_ids.tolist())


def test_that_the_margin_lowers_new_class_logits_but_not_the_training_accuracy_count(
    make, replaced, old, squares, tmp_path
):
    means = []
    for margin in (0.0, 8.0):
        method = dataclasses.replace(METHODS["MPT_nodistillation"], logit_margin=margin)
        trainer = make(replaced({"epochs": 4}, method=method), old=old)
        list(trainer.fit())
        path = tmp_path / f"{margin}.safetensors"
        trainer.save_weights(path, trainer.describe())
        logits = evaluate(read_checkpoint(path), squares, squares.test, device="cpu").logits
        means.append(logits[:, [0, 2]].mean() - logits[:, [1, 3]].mean())  # ant and cat are new
    assert means[1] < means[0] - 2.0


@pytest.mark.parametrize(
    ("age", "since_the_last", "told"),
    [(1, 0.1, False), (1, 0.2, True), (600, 0.5, False), (600, 0.7, True), (86_400, 2.9, False), (86_400, 3.1, True)],
)
def test_that_steps_are_told_less_often_the_longer_a_run_is(age, since_the_last, told, make, replaced, monkeypatch):
    trainer, now = make(replaced({})), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    trainer._began, trainer._read_at = now - age, now - since_the_last
    assert trainer._is_due() is told


CUTS = [
    ({}, {}),
    ({"optimizer": "adamw", "learning_rate": 0.002, "warmup_epochs": 0.5, "clip_gradient": 1.0}, {}),
    ({"keep": "best", "nesterov": True, "schedule": "step", "label_smoothing": 0.1}, {}),
    ({"precision": "bf16"}, {}),
    ({"data_placement": "loader"}, {}),
    ({}, {"images": Images(crop="resized", colour_jitter=0.4, erase=0.3, mixup=0.4)}),
    ({"balance": 0.5}, {"images": Images(auto_augment="trivial", crop="resized", mixup=0.4, cutmix=1.0)}),
    ({"data_placement": "device"}, {"images": Images(auto_augment="rand", cutmix=1.0)}),
]


@pytest.mark.parametrize(("training", "parts"), CUTS)
@pytest.mark.parametrize("cut", [1, 3, 4, 6])
def test_that_a_restored_run_ends_bit_equal_to_an_uninterrupted_one(
    training, parts, cut, make, replaced, old, reference, tmp_path, monkeypatch
):
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_READINGS", 0.0)  # an event, and so a cut, at every step
    recipe = replaced(training, method=METHODS["MPT_KL"], **parts)
    whole = make(recipe, old=old, reference=reference)
    expected = figures(whole.fit())
    assert_resumes(make, recipe, {"old": old, "reference": reference}, cut, tmp_path, expected, weights(whole))


def test_that_a_restored_run_cuts_from_images_that_are_stored_as_they_were(make, replaced, photographs, tmp_path):
    recipe = replaced({"batch_size": 4}, images=Images(crop="resized"), model=Model(image_size=24))
    list(photographs.keep(photographs.train, Whole(28), "jpeg"))
    whole = make(recipe, data=open_dataset(photographs.spec), names=("cat", "dog"))
    expected = figures(whole.fit())
    cut = make(recipe, data=open_dataset(photographs.spec), names=("cat", "dog"))
    next(event for event in cut.fit() if event.kind == "epoch")
    cut.save_state(tmp_path / "state")
    list(open_dataset(photographs.spec).keep(photographs.train, Whole(28), "pixels"))
    resumed = make(recipe, data=open_dataset(photographs.spec), names=("cat", "dog"))
    assert resumed.parts.dataset.stored(Whole(28)) == "pixels"
    resumed.restore(tmp_path / "state")
    assert figures(resumed.fit()) == expected[1:]
    assert_equal_weights(weights(resumed), weights(whole))


@pytest.mark.slow  # the CPU computes float16 slowly
def test_that_loss_scaling_resumes_exactly(make, replaced, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_READINGS", 0.0)
    recipe = replaced({"precision": "fp16", "epochs": 1})
    whole = make(recipe)
    expected = figures(whole.fit())
    assert whole.student.scaler.is_enabled()
    assert_resumes(make, recipe, {}, 2, tmp_path, expected, weights(whole))


@pytest.mark.parametrize("arch", ["mobilenet_v3_small", "efficientnet_b0"])
def test_that_dropout_and_stochastic_depth_resume_exactly(arch, make, replaced, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_READINGS", 0.0)
    recipe = replaced({"batch_size": 12, "epochs": 1}, model=Model(arch=arch))
    whole = make(recipe)
    expected = figures(whole.fit())
    assert_resumes(make, recipe, {}, 3, tmp_path, expected, weights(whole))


def assert_resumes(make, recipe, teachers, cut, folder, expected, expected_weights) -> None:
    """Run ``cut`` events that may be saved at, save, throw the trainer away, restore, go on."""
    first = make(recipe, **teachers)
    before = list(itertools.islice(first.fit(), 1 + cut))
    path = folder / "state.safetensors"
    first.save_state(path)
    torch.manual_seed(99)  # what the process did meanwhile does not matter
    second = make(recipe, **teachers)
    second.restore(path)
    after = list(second.fit())
    assert figures(before) + figures(after) == expected
    assert_equal_weights(weights(second), expected_weights)
    assert second.describe().figures["epoch"] <= recipe.training.epochs


def test_that_a_resumed_run_that_keeps_the_best_writes_the_same_bytes(make, replaced, tmp_path):
    recipe = replaced({"keep": "best", "epochs": 3})
    whole = make(recipe)
    list(whole.fit())
    first = make(recipe)
    for event in first.fit():
        if isinstance(event, Epoch):
            break
    first.save_state(tmp_path / "state.safetensors")
    second = make(recipe)
    second.restore(tmp_path / "state.safetensors")
    list(second.fit())
    for trainer, name in ((whole, "whole"), (second, "second")):
        trainer.save_weights(tmp_path / f"{name}.safetensors", trainer.describe())
    assert (tmp_path / "whole.safetensors").read_bytes() == (tmp_path / "second.safetensors").read_bytes()


def test_that_where_the_images_live_changes_no_result(make, replaced):
    results = []
    for placement in ("device", "loader"):
        trainer = make(replaced({"data_placement": placement, "flip": "on"}))
        results.append((figures(trainer.fit()), weights(trainer)))
    assert results[0][0] == results[1][0]
    assert_equal_weights(results[0][1], results[1][1])


@pytest.mark.parametrize("arch", ["small", "resnet18"])
def test_that_asking_for_the_same_bits_changes_nothing_on_the_cpu(arch, make, replaced):
    results = []
    for wanted in (False, True):
        trainer = make(replaced({"deterministic": wanted, "epochs": 1}, model=Model(arch=arch)))
        started, *events = trainer.fit()
        assert started.settings["deterministic"] is True
        results.append((figures(events), weights(trainer)))
    assert results[0][0] == results[1][0]
    assert_equal_weights(results[0][1], results[1][1])
    assert not torch.are_deterministic_algorithms_enabled()  # the CPU needs no slower operations


def test_that_a_state_of_another_recipe_is_refused(make, replaced, tmp_path):
    first = make()
    first.save_state(tmp_path / "state.safetensors")
    with pytest.raises(UserError, match="another recipe"):
        make(replaced({"learning_rate": 0.01})).restore(tmp_path / "state.safetensors")


def test_that_a_state_may_go_on_with_other_placement_and_saving(make, replaced, tmp_path):
    make().save_state(tmp_path / "state.safetensors")
    other = {"data_placement": "loader", "save_every_seconds": 1.0, "deterministic": True}
    make(replaced(other)).restore(tmp_path / "state.safetensors")


def test_that_a_training_that_began_compiled_goes_on_and_says_that_it_rounds_otherwise(make, tmp_path):
    make().save_state(tmp_path / "state")
    written = State.load(tmp_path / "state")
    State({**written.values, "compiled": True}, written.groups).save(tmp_path / "state")
    resumed = make()
    resumed.restore(tmp_path / "state")
    notes = [event.text for event in resumed.fit() if isinstance(event, Note)]
    assert any("no longer made" in text for text in notes)
    assert resumed.finished


def test_that_going_on_with_another_processor_s_instructions_is_told(make, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    make().save_state(tmp_path / "state.safetensors")
    for capability, told in (("AVX512", 0), ("AVX2", 1)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda capability=capability: capability)
        resumed = make()
        resumed.restore(tmp_path / "state.safetensors")
        notes = [event.text for event in resumed.fit() if isinstance(event, Note)]
        assert sum("and AVX512, from here on with torch" in text for text in notes) == told


def test_that_a_reference_of_other_classes_is_a_sentence(make, replaced, old):
    trainer = make(replaced(method=METHODS["MPT_KL"]), old=old, reference=old)
    with pytest.raises(UserError, match="same classes"):
        list(trainer.fit())


def test_that_a_description_holds_recipe_classes_and_figures(make):
    trainer = make()
    list(trainer.fit())
    found = trainer.describe(run="r1", figures={"more": 1})
    assert (found.architecture, found.small_stem, found.run) == ("small", True, "r1")
    assert found.recipe == recipes.to_json(trainer.recipe)
    assert found.figures["epoch"] == 2
    assert found.figures["more"] == 1
    assert np.allclose(found.preprocessing.mean, trainer.preprocessing.mean)


def test_that_a_run_without_a_validation_part_trains(squares):
    parts = Parts(
        recipe=recipes.Recipe(data="squares", training=recipes.Training(epochs=1, device="cpu", keep="best")),
        dataset=squares,
        class_names=squares.class_names,
        train=squares.train,
        validation=squares.train[:0],
    )
    assert list(trainer_module.Trainer(parts).fit())[-1].validation == {}


def test_that_a_finished_run_that_is_restored_has_nothing_left_to_do(make, replaced, tmp_path):
    first, second = make(replaced({"epochs": 1})), make(replaced({"epochs": 1}))
    list(first.fit())
    first.save_state(tmp_path / "state.safetensors")
    second.restore(tmp_path / "state.safetensors")
    assert second.finished
    assert [e.kind for e in second.fit()] == ["started"]
    assert second.describe() == first.describe()


def test_that_a_run_goes_on_where_losses_are_scaled_though_it_began_where_they_are_not(make, tmp_path):
    begun, gone_on = make(), make()
    begun.save_state(tmp_path / "state")
    gone_on.student.scaler = torch.amp.GradScaler("cpu")  # what a GPU with float16 has
    gone_on.restore(tmp_path / "state")
    assert gone_on.student.scaler.get_scale() == torch.amp.GradScaler("cpu").get_scale()


def test_that_images_and_teachers_are_let_go_when_training_ends(make, monkeypatch):
    seen = []
    gather = trainer_module.gather

    def watched(*given):
        made = gather(*given)
        seen.append(weakref.ref(made))
        return made

    monkeypatch.setattr(trainer_module, "gather", watched)
    trainer = make()
    list(trainer.fit())
    assert [there() for there in seen] == [None]
