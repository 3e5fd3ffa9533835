"""Explanations of two small versions over a data folder: what is computed, and what is only read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.data.folder import FolderDataset
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.jobs import explain
from mpt_studio.store import Store

from .conftest import NAMES, PER_CLASS


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


def test_that_an_image_is_decoded_at_most_once_to_be_explained(session, data, update, monkeypatch):
    decoded, decode = [], FolderDataset._decoded
    monkeypatch.setattr(FolderDataset, "_decoded", lambda self, *asked: decoded.append(asked) or decode(self, *asked))
    (seen,) = explain.saliency(session, [update], data, "test/cat/2.png")["versions"]
    assert seen["image_box"] == pytest.approx([0.1, 0, 0.9, 1])
    assert len(decoded) <= 1  # none where it is kept decoded


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


def test_that_a_cancelled_reading_of_features_leaves_nothing_half_written(data, update, tmp_path):
    def stop(sentence: str, fraction: float | None) -> None:
        if "features" in sentence:
            raise Interrupted("stop")

    store = Store(tmp_path / "cancelled")
    with pytest.raises(Interrupted):
        explain.features_map(jobs.Session(store, show=stop), update, data)
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
