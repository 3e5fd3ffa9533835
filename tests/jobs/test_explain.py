"""Explanations of two small versions over a data folder: what is computed, and what is only read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mpt_studio import jobs
from mpt_studio.checkpoint import Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.jobs import explain
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Store

PER_CLASS = {"train": 6, "test": 3}
NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    """Three classes of noise, wider than high; each test image is also among the training images."""
    root, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name in NAMES:
        for i in range(PER_CLASS["train"]):
            image = Image.fromarray(rng.integers(0, 255, (16, 20, 3), dtype=np.uint8))
            for part in ("train", "test") if i < PER_CLASS["test"] else ("train",):
                (root / part / name).mkdir(parents=True, exist_ok=True)
                image.save(root / part / name / f"{i}.png")
    return f"folder:{root}"


def fresh_version(folder: Path, name: str, classes: tuple[str, ...], arch: str = "small") -> Path:
    """A version with the weights of its first moment."""
    import torch

    from mpt_studio.engine.networks import build as networks
    from mpt_studio.engine.networks import weights

    torch.manual_seed(len(name))
    network = networks.build(arch, len(classes), True, 16)
    plain = Preprocessing(image_size=16, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    checkpoint = Checkpoint(architecture=arch, small_stem=True, class_names=classes, preprocessing=plain, role=name)
    weights.save_network(folder / f"{name}.safetensors", network.state_dict(), checkpoint)
    return folder / f"{name}.safetensors"


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    return fresh_version(tmp_path_factory.mktemp("old"), "old", ("bee", "ant"))


@pytest.fixture(scope="module")
def update(tmp_path_factory) -> Path:
    return fresh_version(tmp_path_factory.mktemp("update"), "update", NAMES)


@pytest.fixture
def without_torch(monkeypatch):
    """From its call on, nothing may be computed."""

    def refuse() -> None:
        def never(*args: Any, **more: Any) -> None:
            raise AssertionError("this was computed before")

        monkeypatch.setattr(jobs.Warm, "probe", never)
        monkeypatch.setattr("mpt_studio.engine.explain.Interpolation.__init__", never)
        monkeypatch.setattr("mpt_studio.engine.explain.nearest", never)

    return refuse


def test_that_saliency_shows_the_answer_and_the_truth_of_each_version(session, data, old, update, without_torch):
    found = explain.saliency(session, [old, update], data, "test/cat/1.png")
    assert found["truth"] == "cat"
    of_old, of_update = found["versions"]
    assert [m["class"] for m in of_old["maps"]] == [of_old["answer"]]  # the old model knows no cat
    assert {m["class"] for m in of_update["maps"]} == {"cat", of_update["answer"]}
    assert of_update["image_box"] == pytest.approx([0.1, 0, 0.9, 1])  # of 20×16 pixels the centre 16×16 are seen
    predictions, _ = jobs.evaluate(session, update, data)
    row = predictions.sample_ids.tolist().index("test/cat/1.png")
    assert of_update["answer"] == NAMES[predictions.predicted[row]]
    for entry in of_update["maps"]:
        seen = np.load(entry["path"])
        assert seen.shape == (16, 16)
        assert seen.max() == (0 if entry["is_empty"] else 1)
        assert entry["logit"] == pytest.approx(float(predictions.logits[row, NAMES.index(entry["class"])]), abs=1e-4)
    without_torch()
    assert explain.saliency(session, [old, update], data, "test/cat/1.png") == found
    json.dumps(found)


def test_that_another_class_is_added_to_what_is_kept(session, data, update, without_torch):
    def names(result: dict[str, Any]) -> set[str]:
        return {m["class"] for m in result["versions"][0]["maps"]}

    explain.saliency(session, [update], data, "test/ant/0.png")
    more = explain.saliency(session, [update], data, "test/ant/0.png", classes=["bee", "cat", "unknown"])
    assert names(more) == set(NAMES)
    without_torch()
    assert "ant" in names(explain.saliency(session, [update], data, "test/ant/0.png"))


def test_that_the_nearest_training_image_of_a_copy_is_its_original(session, data, update, without_torch):
    samples = [f"test/{name}/{i}.png" for name in NAMES for i in range(3)]
    found = explain.neighbours(session, [update], data, samples, k=2)
    for sample, near in found["versions"][0]["neighbours"].items():
        assert near[0]["sample"] == sample.replace("test/", "train/")
        assert near[0]["similarity"] == pytest.approx(1, abs=1e-3)
        assert near[0]["label"] == sample.split("/")[1]
        assert len(near) == 2
    without_torch()
    assert explain.neighbours(session, [update], data, samples, k=2) == found


def test_that_neighbours_are_of_classes_that_the_version_knows_and_never_the_sample(session, data, old):
    (version,) = explain.neighbours(session, [old], data, ["train/bee/0.png"], k=50)["versions"]
    near = version["neighbours"]["train/bee/0.png"]
    assert len(near) == 2 * PER_CLASS["train"] - 1
    assert {n["label"] for n in near} == {"ant", "bee"}
    assert "train/bee/0.png" not in {n["sample"] for n in near}
    (version,) = explain.neighbours(session, [old], data, ["test/cat/0.png"], k=1, all_classes=True)["versions"]
    assert version["neighbours"]["test/cat/0.png"][0]["sample"] == "train/cat/0.png"


def test_that_the_map_has_a_point_for_every_prediction(session, data, update, without_torch):
    found = explain.features_map(session, update, data)
    points, features = np.load(found["points"]), np.load(found["features"])
    assert points.shape == (9, 2)
    assert points.dtype == np.float32
    assert features.shape[0] == 9
    assert found["explained"][0] >= found["explained"][1] > 0
    without_torch()
    assert explain.features_map(session, update, data) == found
    with pytest.raises(UserError, match="no map 'tsne'"):
        explain.features_map(session, update, data, method="tsne")  # type: ignore[arg-type]


def test_that_interpolation_ends_in_the_update_and_the_old_model(session, data, old, update, without_torch):
    found = explain.interpolate(session, old, update, data, alphas=(1, 0, 0.5))
    assert [p["alpha"] for p in found["points"]] == [0, 0.5, 1]
    new_end, middle, old_end = (read_predictions(Path(p["predictions"])) for p in found["points"])
    assert np.array_equal(new_end.logits, jobs.evaluate(session, update, data)[0].logits)
    before = jobs.evaluate(session, old, data)[0]
    assert np.array_equal(old_end.logits[:, [1, 0]], before.logits)  # (bee, ant) in (ant, bee, cat)
    assert not np.array_equal(middle.logits, new_end.logits)
    assert middle.version == "update with 50% of old"
    assert middle.data_fingerprint == new_end.data_fingerprint
    without_torch()
    assert explain.interpolate(session, old, update, data, alphas=(0, 0.5, 1)) == found
    with pytest.raises(AssertionError, match="computed before"):
        explain.interpolate(session, old, update, data, alphas=(0.5,), statistics="interpolated")


def test_that_other_architectures_and_shares_are_refused(session, data, old, update, tmp_path):
    with pytest.raises(UserError, match="between 0 and 1"):
        explain.interpolate(session, old, update, data, alphas=(2,))
    other = fresh_version(tmp_path, "other", NAMES, arch="squeezenet1_1")
    with pytest.raises(UserError, match="within one architecture"):
        explain.interpolate(session, old, other, data)


def test_that_a_cancelled_reading_of_features_leaves_nothing_half_written(data, update, tmp_path):
    def stop(sentence: str, fraction: float | None) -> None:
        if "features" in sentence:
            raise Interrupted("stop")

    store = Store(tmp_path / "cancelled")
    with pytest.raises(Interrupted):
        explain.features_map(jobs.Session(store, progress=stop), update, data)
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    assert explain.features_map(jobs.Session(store), update, data)["samples"] == 9


def test_that_damaged_files_are_made_again(session, data, update):
    first = explain.features_map(session, update, data)
    Path(first["features"]).write_bytes(b"not an array")
    Path(first["points"]).write_bytes(b"")
    assert explain.features_map(session, update, data) == first
    assert np.load(first["features"]).shape[0] == 9


def test_that_a_damaged_saliency_map_is_made_again(session, data, update):
    first = explain.saliency(session, [update], data, "test/bee/0.png")
    for entry in first["versions"][0]["maps"]:
        Path(entry["path"]).write_bytes(b"")
    again = explain.saliency(session, [update], data, "test/bee/0.png")
    assert again == first
    assert np.load(again["versions"][0]["maps"][0]["path"]).shape == (16, 16)


def test_that_an_unknown_sample_is_a_sentence(session, data, update):
    with pytest.raises(UserError, match="have no sample 'test/dog/1"):
        explain.saliency(session, [update], data, "test/dog/1.png")


def test_that_loading_ahead_leaves_networks_and_data_warm(session, data, old, update, monkeypatch):
    warm = jobs.Warm()
    found = explain.load(session, [old, update], data, warm=warm)
    assert [v["sha256"] for v in found["versions"]] == [read_checkpoint(p).sha256() for p in (old, update)]
    monkeypatch.setattr("mpt_studio.engine.explain.Probe.__init__", lambda *args: 1 // 0)
    assert explain.saliency(session, [old, update], data, "test/bee/2.png", warm=warm)["truth"] == "bee"


def test_that_the_last_networks_and_data_stay_warm(data, old, update):
    warm = jobs.Warm(networks=1, datasets=1)
    first = warm.probe(read_checkpoint(update), "cpu")
    assert warm.probe(read_checkpoint(update), "cpu") is first
    assert not warm.has_data(data)
    opened = warm.dataset(data)
    assert warm.dataset(data) is opened
    assert warm.has_data(data)
    warm.forget_data(data)
    assert warm.dataset(data) is not opened
    warm.probe(read_checkpoint(old), "cpu")
    assert warm.probe(read_checkpoint(update), "cpu") is not first  # the older one made room


def test_that_a_file_that_changed_is_another_version(tmp_path, update):
    warm, path = jobs.Warm(), tmp_path / "version.safetensors"
    path.write_bytes(update.read_bytes())
    before = warm.sha256(read_checkpoint(path))
    assert before == read_checkpoint(update).sha256()
    fresh_version(tmp_path, "version", (*NAMES, "dog"))
    assert warm.sha256(read_checkpoint(path)) == read_checkpoint(path).sha256() != before
