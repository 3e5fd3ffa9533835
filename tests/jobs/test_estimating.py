"""How long an update will take, before it begins."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio import jobs
from mpt_studio.engine.train.cost import Cost
from mpt_studio.errors import UserError
from mpt_studio.jobs.estimating import Images, shares
from mpt_studio.recipe import Images as Variation
from mpt_studio.recipe import Model, Start, Training, UpdateRecipe
from mpt_studio.store import Store

COUNTS = Images(train=1000, validation=100, test=200)


def seconds(methods: str, *, head_only: bool = False, epochs: int = 10, read: float = 0.0, **more) -> dict[str, float]:
    recipe = UpdateRecipe(methods=methods, training=Training(epochs=epochs), **more)
    cost = Cost(learn=3.0, learn_head=1.5, look=1.0, read=read, device="a machine", head_only=head_only)
    return {part.label: part.seconds for part in shares(recipe, cost, COUNTS, of_old=0.5)}


def test_that_a_plain_version_costs_its_epochs_and_one_evaluation() -> None:
    found = seconds("none")
    assert found["No_Treatment"] == 10 * (1000 * 3 + 100 * 1) + 200
    assert found["Old model"] == pytest.approx(10 * (500 * 3 + 50) + 100)


def test_that_a_teacher_is_counted_with_the_first_candidate_that_asks_it() -> None:
    found = seconds("none,pct_kl,mpt_kl")
    assert found["PCT_KL"] - found["No_Treatment"] == 10 * 1000 * 1  # the old model
    assert found["MPT_KL"] - found["No_Treatment"] == 10 * 1000 * 1  # the reference, no more the old model


def test_that_distillation_that_begins_late_costs_the_later_epochs_and_every_member() -> None:
    found = seconds("elodi", ensemble_size=3)
    assert found["ELODI"] - found["No_Treatment"] == (10 - 6) * 1000 * (1 + 3)


def test_that_a_mixture_costs_evaluations_alone() -> None:
    assert seconds("none@old,bcwi")["BCWI of No_Treatment @old"] == 11 * 100 + 200


def test_that_a_mixture_of_networks_with_batch_normalisation_costs_their_statistics_too() -> None:
    cost = Cost(learn=3.0, learn_head=1.5, look=1.0, read=0.0, device="", head_only=False, renews_statistics=True)
    recipe = UpdateRecipe(methods="none@old,bcwi")
    for train, seen in ((1000, 1000), (50_000, 2048)):
        *_, mixed = shares(recipe, cost, Images(train=train, validation=100, test=200), of_old=0.5)
        assert mixed.seconds == 11 * 100 + 10 * seen + 200


def test_that_the_head_of_a_frozen_network_costs_one_look_at_every_image() -> None:
    found = seconds("none,mpt_kl:1,mpt_kl:2", head_only=True, old="x.safetensors")
    assert found["No_Treatment"] == 1000 + 100 + 200
    assert found["MPT_KL b=2"] == 0


@pytest.mark.parametrize(("freeze", "learning"), [(0, 30), (4, 4 * 1.5 + 6 * 3), (99, 15), (-1, 15)])
def test_that_epochs_in_which_the_head_alone_learns_cost_less(freeze: int, learning: float) -> None:
    found = seconds("none", start=Start(freeze=freeze))
    assert found["No_Treatment"] == 1000 * learning + 10 * 100 + 200


def test_that_files_are_decoded_once_for_all_versions() -> None:
    found, free = seconds("none,pct_kl", read=0.5), seconds("none,pct_kl")
    assert found["Old model"] - free["Old model"] == 0.5 * (1000 + 100 + 200)
    assert found["PCT_KL"] == free["PCT_KL"]


def test_that_an_old_model_that_cannot_be_mixed_with_is_told_beforehand(session, data, old) -> None:
    recipe = UpdateRecipe(data=data, old=str(old), methods="none@old,bcwi", model=Model(image_size=24))
    with pytest.raises(UserError, match=r"only be mixed with the old model's at its own image size, 16, but .* 24"):
        jobs.estimate(session, recipe)


def test_that_published_weights_are_not_downloaded_for_an_estimate(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))  # nothing is at hand
    training = Training(epochs=1, batch_size=8, limit_train=72, device="cpu")
    model = Model(arch="mobilenet_v3_small")
    recipe = UpdateRecipe(methods="none", model=model, training=training, start=Start(start="pretrained"))
    assert jobs.estimate(jobs.Session(Store(tmp_path / "store")), recipe)["seconds"] > 0
    assert not list((tmp_path / "hub").rglob("*.pth"))
    nowhere = dataclasses.replace(recipe, model=Model(arch="small"))
    with pytest.raises(UserError, match="No weights of small are published"):
        jobs.estimate(jobs.Session(Store(tmp_path / "store")), nowhere)


def test_that_the_machine_is_asked_for_a_real_recipe(tmp_path) -> None:
    training = Training(epochs=1, batch_size=8, limit_train=72, device="cpu")
    recipe = UpdateRecipe(
        methods="none,mpt_kl", training=training, start=Start(start="scratch"), images=Variation(crop="pad")
    )
    session = jobs.Session(Store(tmp_path / "store"))
    found = jobs.estimate(session, recipe)
    assert [row["label"] for row in found["versions"]] == ["Old model", "No_Treatment", "MPT_KL"]
    assert found["seconds"] == pytest.approx(sum(row["seconds"] for row in found["versions"]))
    assert found["seconds"] > 0
    assert "cpu" in found["device"]
    assert not session.store.runs()
