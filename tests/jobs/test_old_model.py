"""The old model's classes as the data call them; updates of one that is known by its answers, or an ONNX file."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.compare import ClassMap, Decision, keep_map
from mpt_studio.data import Dataset, open_dataset
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels
from mpt_studio.errors import UserError
from mpt_studio.events import Epoch, Event, Note
from mpt_studio.jobs.old_model import check_methods, names_on_data, old_model
from mpt_studio.methods import METHODS, Method, methods_named
from mpt_studio.predictions import read_predictions
from mpt_studio.recipe import Images, Model, Recipe, Start, Training, UpdateRecipe
from mpt_studio.store import Store

from .conftest import paint, session_in

pytestmark = pytest.mark.usefixtures("forked")

OLD = ("light", "dark")
"""Classes of the old model, in another order than the data's."""
SMALL = Model(image_size=16)
QUICK = Training(epochs=2, batch_size=16, learning_rate=0.05, device="cpu", precision="fp32")


def pets(folder: Path) -> ArrayDataset:
    images = np.zeros((3, 2, 2, 3), np.uint8)
    return ArrayDataset("pets", folder, Pixels(images, np.array([0, 1, 2]), ("cat", "dog", "bird"), 3))


def test_that_names_spelled_otherwise_are_the_datas_in_the_models_order(tmp_path: Path) -> None:
    assert names_on_data(("DOG", "cat"), pets(tmp_path), None) == ("dog", "cat")


def test_that_a_class_without_a_counterpart_waits_for_a_map(tmp_path: Path) -> None:
    data, store = pets(tmp_path), Store(tmp_path / "store")
    with pytest.raises(UserError, match="keeps a class map"):
        names_on_data(("kitty", "dog"), data, store)
    keep_map(store.root, ("kitty", "dog"), data.class_names, ClassMap((("kitty", "cat"),)))
    assert names_on_data(("kitty", "dog"), data, store) == ("cat", "dog")


@pytest.fixture
def data(images: Path) -> Dataset:
    return open_dataset(f"folder:{images}")


def brightness(data: Dataset) -> np.ndarray:
    """(N, 2) logits of a model that knows light from dark; what is neither is whatever it is nearer to."""
    mean = np.array([data.image(i).mean() for i in range(len(data))])
    return np.stack([mean - 120, 120 - mean], axis=1) / 20


Write = Callable[..., Path]


@pytest.fixture
def write(data: Dataset, tmp_path: Path) -> Write:
    """Write a table of the old model's answers to all samples but some, in a mixed order."""

    def made(*, without: Sequence[str] = (), scores: bool = True, before: str = "", truth: str = "") -> Path:
        logits = brightness(data)
        order = np.random.default_rng(0).permutation(len(data))
        path = tmp_path / "deployed.csv"
        with path.open("w", newline="") as stream:
            out = csv.writer(stream)
            out.writerow(["id", "label", *([f"logit_{name}" for name in OLD] if scores else ["prediction"])])
            for i in order:
                name = str(data.sample_ids[i])
                said = [f"{v:.4f}" for v in logits[i]] if scores else [OLD[logits[i].argmax()]]
                if name not in without:
                    out.writerow([before + name, truth or data.class_names[data.labels[i]], *said])
        return path

    return made


def update_of(session: jobs.Session, data: Dataset, old: Path, methods: str, **more: Any) -> dict[str, Any] | None:
    recipe = UpdateRecipe(data=data.spec, old=str(old), methods=methods, training=QUICK, model=SMALL, **more)
    dataset = jobs.check_update(session, recipe)
    return jobs.run_update(session, jobs.start_update(session.store, recipe).id, dataset)


def test_that_predictions_that_cover_all_images_teach_and_are_what_flips_are_counted_against(
    session, data, write
) -> None:
    heard: list[tuple[str, Event]] = []
    session = dataclasses.replace(session, listen=lambda run, event: heard.append((run, event)))
    path = write(before="/deployed/on/")
    result = update_of(session, data, path, "none,pct_kl,mpt_lm:1")
    assert [row["method"] for row in result["candidates"]] == ["No_Treatment", "PCT_KL", "MPT_LM"]
    assert result["data"]["old_classes"] == ["dark", "light"]
    kept = read_predictions(Path(result["old"]["predictions"]))
    said = brightness(data)[data.test].argmax(axis=1)
    assert [kept.class_names[i] for i in kept.predicted] == [OLD[i] for i in said]
    assert kept.sample_ids.tolist() == data.sample_ids[data.test].tolist()
    assert (result["old"]["checkpoint"], kept.checkpoint) == ("", "")
    assert len(kept.checkpoint_sha256) == 64
    taught = {run for run, e in heard if isinstance(e, Note) and "deployed.csv" in e.text and "as it is" in e.text}
    assert taught == {row["run"] for row in result["candidates"][1:]}
    epochs = [e for _, e in heard if isinstance(e, Epoch)]
    assert {e.validation["old_classes"]["accuracy_old"] for e in epochs} == {1.0}


def test_that_the_window_opens_an_update_whose_old_model_is_its_answers(session, data, write) -> None:
    from mpt_studio.gui.workspace.version import of_update

    result = update_of(session, data, write(), "none")
    old, plain = of_update(result)
    assert (old.role, old.label, old.checkpoint) == ("old", "deployed", "")
    assert old.predictions is not None
    assert old.figures["all"] == result["old"]["all"]
    assert plain.checkpoint == result["candidates"][0]["checkpoint"]
    shown = jobs.compare_versions(session, old.key, plain.run, data.spec)  # as an export would be checked
    assert len(shown) == len(data.test)


def test_that_the_same_old_model_teaches_alike_whether_it_is_asked_or_its_answers_are_given(
    session, images, data, tmp_path
) -> None:
    from safetensors.numpy import load_file

    images_as_they_are = dataclasses.replace(QUICK, crop_padding=0, flip="off")
    recipe = Recipe(data=data.spec, role="old", old_classes=",".join(OLD), training=QUICK, model=SMALL)
    old = jobs.train(session, jobs.start_train(session.store, recipe, data).id, data).checkpoint
    parts = [jobs.evaluate(session, old, data.spec, part=part)[0] for part in ("train", "validation", "test")]
    path = tmp_path / "answers.npz"
    ids, logits = (np.concatenate([getattr(p, name) for p in parts]) for name in ("sample_ids", "logits"))
    np.savez(path, sample_ids=ids, logits=logits, class_names=np.array(parts[0].class_names))
    found = []
    for given in (old, path):
        recipe = Recipe(
            data=data.spec, old=str(given), method=METHODS["PCT_KL"], training=images_as_they_are, model=SMALL
        )
        run = jobs.train(session, jobs.start_train(session.store, recipe, data).id, data)
        found.append((load_file(run.checkpoint), run.figures["test"]))
    asked, given = found
    assert asked[1]["old_classes"] == given[1]["old_classes"]
    assert all(np.allclose(value, given[0][name], atol=1e-4) for name, value in asked[0].items())


def test_that_given_answers_teach_a_head_on_features_that_are_computed_once(session, data, write) -> None:
    old = Recipe(data=data.spec, role="old", old_classes=",".join(OLD), training=QUICK, model=SMALL)
    weights = jobs.train(session, jobs.start_train(session.store, old, data).id, data).checkpoint
    result = update_of(session, data, write(), "none,pct_kl", start=Start(start=str(weights), freeze=-1))
    assert [row["method"] for row in result["candidates"]] == ["No_Treatment", "PCT_KL"]
    assert not result["failed"]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("train", "1 of the 60 images of the training part"),
        ("validation", "1 of the 15 images of the validation part"),
        ("test", "1 of the 18 images of the test part"),
    ],
)
def test_that_a_gap_in_any_part_is_refused_with_the_first_id(part, words, session, data, write) -> None:
    name = str(data.sample_ids[data.part(part)[3]])
    with pytest.raises(UserError) as error:
        update_of(session, data, write(without=[name]), "none")
    assert f"deployed.csv has no answer for {words} (the first is {name!r})" in str(error.value)
    assert not list(session.store.updates())


def test_that_true_classes_other_than_the_datas_are_refused(session, data, write) -> None:
    with pytest.raises(UserError, match=r"is a 'dark' for deployed and a '(grey|light)' for the data .*shared samples"):
        update_of(session, data, write(truth="dark"), "none")


def test_that_answers_without_scores_serve_pct_naive_and_the_live_nfr(session, data, write) -> None:
    result = update_of(session, data, write(scores=False), "none,pct_naive")
    assert [row["method"] for row in result["candidates"]] == ["No_Treatment", "PCT_Naive"]
    assert not result["failed"]
    assert read_predictions(Path(result["old"]["predictions"])).scores == "answers"


@pytest.mark.parametrize("methods", ["pct_kl", "none,mpt_lm", "elodi"])
def test_that_methods_that_need_logits_say_so_before_training(methods, session, data, write) -> None:
    with pytest.raises(UserError, match=r"learns from the old model's logits, but deployed.csv has only its answers"):
        update_of(session, data, write(scores=False), methods)
    recipe = Recipe(data=data.spec, old=str(write(scores=False)), method=METHODS["PCT_LM"], training=QUICK, model=SMALL)
    with pytest.raises(UserError, match="PCT_LM learns from"):
        jobs.start_train(session.store, recipe, data)
    assert not [*session.store.updates(), *session.store.runs()]


@pytest.mark.parametrize("methods", ["none@old", "none,mpt_kl:2@old", "none@old,bcwi"])
def test_that_what_goes_on_from_weights_says_that_there_are_none(methods, session, data, write) -> None:
    with pytest.raises(UserError, match=r"@old goes on from the old model's weights, but deployed.csv is known by"):
        update_of(session, data, write(), methods)


@pytest.mark.parametrize("mixing", [Images(mixup=0.2), Images(cutmix=1.0)])
def test_that_mixed_images_have_no_given_answer(mixing, session, data, write) -> None:
    path = write()
    with pytest.raises(UserError, match=r"PCT_KL shows the old model mixed images, but deployed.csv knows only"):
        update_of(session, data, path, "pct_kl", images=mixing)
    nobody_taught = UpdateRecipe(data=data.spec, old=str(path), methods="none", images=mixing)
    jobs.check_update(session, nobody_taught)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained old model, exported as ONNX."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("graph")
    for name in OLD:
        for part in ("train", "test"):
            paint(folder / "images", part, name, 20)
    session, data = session_in(folder / "store"), open_dataset(f"folder:{folder / 'images'}")
    recipe = Recipe(data=data.spec, role="old", old_classes=",".join(OLD), training=QUICK, model=SMALL)
    run = jobs.train(session, jobs.start_train(session.store, recipe, data).id, data)
    jobs.export(session, Decision(str(run.checkpoint)), "onnx", folder / "deployed.onnx")
    return folder / "deployed.onnx"


def test_that_a_graph_teaches_and_is_asked_about_a_training_batch_once_for_all_candidates(
    session, data, graph, monkeypatch
) -> None:
    from mpt_studio.engine.networks.onnx_child import OnnxChild

    asked: list[int] = []
    logits = OnnxChild.logits
    monkeypatch.setattr(OnnxChild, "logits", lambda self, images: asked.append(len(images)) or logits(self, images))
    result = update_of(session, data, graph, "none,pct_kl,pct_lm")
    assert len(result["candidates"]) == 3
    validation, test = 15 * 3, 18
    assert sum(asked) == QUICK.epochs * 60 + validation + test


def test_that_a_graph_cannot_be_gone_on_from(session, data, graph) -> None:
    with pytest.raises(UserError, match=r"@old goes on from the old model's weights, but deployed.onnx is an ONNX"):
        update_of(session, data, graph, "none@old")


def test_that_a_graph_that_takes_too_long_for_a_batch_ends_the_run_with_a_sentence(
    session, data, graph, monkeypatch
) -> None:
    from mpt_studio.engine.networks import onnx_child

    recipe = Recipe(data=data.spec, old=str(graph), method=METHODS["PCT_KL"], training=QUICK, model=SMALL)
    run = jobs.start_train(session.store, recipe, data)
    monkeypatch.setattr(onnx_child, "BATCH_SECONDS", 0.0)
    with pytest.raises(UserError, match="it took more than 0 s for one batch"):
        jobs.train(session, run.id, data)
    assert session.store.run(run.id).outcome == "failed"


def test_that_every_method_has_its_word_about_an_old_model_without_scores(data, write, session) -> None:
    old = old_model(session, write(scores=False), data)

    def can(method: Method) -> bool:
        try:
            check_methods(old, [method], Images())
        except UserError:
            return False
        return True

    able = [name for name, method in METHODS.items() if can(method)]
    assert able == ["No_Treatment", "PCT_Naive", "MPT_nodistillation"]
    assert not any(can(method) for method in methods_named("none@old,bcwi")[1:])
