"""Updates whose data grow without new classes, lose classes or call them otherwise, and of another architecture."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.errors import UserError
from mpt_studio.events import Event, Note
from mpt_studio.recipe import Model, Recipe, Training, UpdateRecipe
from mpt_studio.report import update_report

from .conftest import ARCH, paint, session_in

QUICK = Training(epochs=1, batch_size=16, learning_rate=0.05, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployed model that tells light from dark."""
    folder = tmp_path_factory.mktemp("deployed")
    session, data = session_in(folder / "store"), open_dataset(painted(folder / "images", "dark", "light"))
    recipe = Recipe(data=data.spec, role="old", old_classes="light,dark", training=QUICK)
    return Path(jobs.train(session, jobs.start_train(session.store, recipe, data).id, data).checkpoint or "")


def painted(root: Path, *names: str) -> str:
    for name in names:
        paint(root, "train", name, 20)
        paint(root, "test", name, 5)
    return f"folder:{root}"


def renamed(root: Path, **names: str) -> None:
    for part in ("train", "test"):
        for name, called in names.items():
            (root / part / name).rename(root / part / called)


def updated(session: jobs.Session, data: str, old: Path, methods: str, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """The result, and every note's text."""
    heard: list[Event] = []
    session = dataclasses.replace(session, listen=lambda _, event: heard.append(event))
    recipe = UpdateRecipe(data=data, old=str(old), methods=methods, training=QUICK, **more)
    dataset = jobs.check_update(session, recipe)
    result = jobs.run_update(session, jobs.start_update(session.store, recipe).id, dataset)
    assert result is not None
    assert not result["failed"]
    return result, [event.text for event in heard if isinstance(event, Note)]


EVERY = "none,pct_naive,pct_kl,pct_lm,elodi,mpt_kl:2,mpt_lm,mpt_nodistillation,mpt_kl_nobias,none@old,bcwi,mpt_kl@old"


def test_that_data_that_grow_without_new_classes_serve_every_method_and_the_margin_is_told_to_do_nothing(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    data = painted(tmp_path / "images", "dark", "light")
    result, notes = updated(session, data, old, EVERY, ensemble_size=1)
    assert len(result["candidates"]) == len(EVERY.split(","))
    for row in result["candidates"]:
        assert (row["all"]["nfr"], row["all"]["samples"]) == (row["old_classes"]["nfr"], 10)
        assert row["new_classes"]["samples"] == 0
    plain, no_distillation = (row for row in result["candidates"] if row["label"] in ("No_Treatment", PLAIN_TOO))
    one, other = load_file(plain["checkpoint"]), load_file(no_distillation["checkpoint"])
    assert all(np.array_equal(value, other[name]) for name, value in one.items())
    (said,) = [text for text in notes if "margin" in text]
    assert said == (
        "The old model knows every class: the logit margin b of MPT_KL b=2, MPT_LM, MPT_nodistillation, MPT_KL @old "
        "has no effect."
    )
    report = update_report(result)
    assert "2 classes, none of them new" in report
    assert "new classes" not in report


PLAIN_TOO = "MPT_nodistillation"


def test_that_an_old_model_of_another_architecture_teaches_but_is_no_start(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    data, other = painted(tmp_path / "images", "dark", "grey", "light"), Model(arch=ARCH)
    for methods in ("none@old", "none@old,bcwi"):
        with pytest.raises(UserError, match=f"its architecture, small, but the recipe asks for {ARCH}"):
            updated(session, data, old, methods, model=other)
    assert not [*session.store.updates(), *session.store.runs()]
    result, _ = updated(session, data, old, "none,pct_kl", model=other)
    assert [row["method"] for row in result["candidates"]] == ["No_Treatment", "PCT_KL"]


def test_that_a_class_is_dropped_knowingly_and_the_old_models_others_are_gone_on_from(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    data = painted(tmp_path / "images", "grey", "light")
    with pytest.raises(UserError, match=r"without a counterpart in the data: dark; write a class map"):
        updated(session, data, old, "none")
    assert not [*session.store.updates(), *session.store.runs()]
    jobs.set_class_map(session, str(old), data, (("dark", ""),))
    result, notes = updated(session, data, old, "none,pct_kl,mpt_kl,none@old,bcwi")
    assert (result["data"]["old_classes"], result["data"]["new_classes"]) == (["light"], ["grey"])
    assert any(text.endswith("it knows 1 of 2 classes.") for text in notes)
    assert not any("margin" in text for text in notes)
    assert {row["old_classes"]["samples"] for row in result["candidates"]} == {5}


def test_that_an_old_model_whose_classes_are_all_dropped_is_refused(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    data = painted(tmp_path / "images", "dark", "grey")
    renamed(tmp_path / "images", dark="night")
    jobs.set_class_map(session, str(old), data, (("dark", ""), ("light", "")))
    with pytest.raises(UserError, match="shares no class with the data"):
        updated(session, data, old, "none")
    assert not [*session.store.updates(), *session.store.runs()]


def test_that_renamed_classes_are_the_old_ones_by_a_class_map_that_is_kept(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    data = painted(tmp_path / "images", "dark", "grey", "light")
    renamed(tmp_path / "images", dark="night", light="day")
    with pytest.raises(UserError, match="keeps a class map for this model and these data"):
        updated(session, data, old, "none")
    jobs.set_class_map(session, str(old), data, (("dark", "night"), ("light", "day")))
    result, notes = updated(session, data, old, "none,pct_kl,none@old,bcwi")
    assert result["data"]["old_classes"] == ["day", "night"]
    assert any(text.endswith("it knows 2 of 3 classes.") for text in notes)
    assert {row["old_classes"]["samples"] for row in result["candidates"]} == {10}


def test_that_an_update_that_nobody_checked_is_checked_before_anything_is_trained(
    session: jobs.Session, old: Path, tmp_path: Path
) -> None:
    """The window puts updates on disk, which its worker opens."""
    data = painted(tmp_path / "images", "dark", "grey", "light")
    recipe = UpdateRecipe(data=data, old=str(old), methods="none@old", model=Model(arch=ARCH), training=QUICK)
    update = jobs.start_update(session.store, recipe)
    with pytest.raises(UserError, match="has its architecture, small"):
        jobs.run_update(session, update.id)
    assert session.store.update(update.id).outcome == "failed"
    assert not session.store.runs()
