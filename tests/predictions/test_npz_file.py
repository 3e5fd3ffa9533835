"""NumPy archives: plain arrays by their names, answers, probabilities, bombs."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import read_predictions

IDS = np.array(["x", "y"])


def test_that_answers_alone_read_as_names_or_indices(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", ids=IDS, labels=["a", "b"], predictions=["b", "b"])
    named = read_predictions(tmp_path / "v.npz")
    assert (named.scores, named.class_names, named.open_ended) == ("answers", ("b",), True)
    np.savez(tmp_path / "w.npz", ids=IDS, labels=[0, 1], y_pred=[1, 0], class_names=["b", "a"])
    numbered = read_predictions(tmp_path / "w.npz")
    assert [numbered.class_names[i] for i in numbered.predicted] == ["a", "b"]
    assert [numbered.label_names[i] for i in numbered.labels] == ["b", "a"]
    assert not numbered.open_ended


def test_that_whole_numbers_are_indices_even_where_classes_are_called_like_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", sample_ids=IDS, labels=[0, 1], logits=np.eye(2), class_names=["1", "0"])
    found = read_predictions(tmp_path / "v.npz")
    assert [found.label_names[i] for i in found.labels] == ["1", "0"]


def test_that_probabilities_and_undeclared_scores_are_recognised(tmp_path: Path) -> None:
    shares = np.array([[0.9, 0.1], [0.4, 0.6]])
    for name in ("probs", "scores"):
        np.savez(tmp_path / f"{name}.npz", ids=IDS, class_names=["a", "b"], **{name: shares})
        found = read_predictions(tmp_path / f"{name}.npz")
        assert found.scores == "probabilities"
        assert np.allclose(np.exp(found.logits), shares)
        assert not found.has_truth


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"logits": np.zeros((3, 2))}, r"2 sample ids, but logits of shape \(3, 2\)"),
        ({"logits": np.zeros(2)}, r"have the shape \(2,\)"),
        ({"logits": np.eye(2), "labels": ["a"]}, "2 sample ids but 1 labels"),
        ({"predictions": ["a"]}, "2 sample ids but 1 answers"),
        ({"logits": np.eye(2), "class_names": ["a", "b", "c"]}, "2 columns of scores, but 3 class names"),
        ({"labels": ["a", "b"]}, "lacks logits; it needs logits, probabilities or predictions"),
    ],
)
def test_that_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, object], sentence: str) -> None:
    np.savez(tmp_path / "v.npz", sample_ids=IDS, **arrays)
    with pytest.raises(UserError, match=sentence):
        read_predictions(tmp_path / "v.npz")


def test_that_an_archive_that_unpacks_to_far_more_than_its_size_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "v.npz", sample_ids=IDS, logits=np.zeros((2, 90_000_000), np.float32))
    with pytest.raises(UserError, match="would unpack to"):
        read_predictions(tmp_path / "v.npz")


def npz(folder: Path, **arrays: Any) -> Path:
    defaults = {
        "sample_ids": np.array(["x", "y"]), "labels": np.array([0, 1]), "logits": np.eye(2), "class_names": ["a", "b"],
    }  # fmt: skip
    kept = {name: value for name, value in (defaults | arrays).items() if value is not None}
    np.savez(folder / "v.npz", **kept)
    return folder / "v.npz"


def test_that_an_npz_with_labels_as_indices_reads(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path))
    assert (read.labels.tolist(), read.label_names, read.class_names) == ([0, 1], ("a", "b"), ("a", "b"))
    assert read.logits.dtype == np.float32
    assert read.version == "v"


def test_that_an_npz_with_labels_as_names_may_know_classes_that_the_version_does_not(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, labels=np.array(["z", "b"])))
    assert [read.label_names[i] for i in read.labels] == ["z", "b"]
    assert read.class_names == ("a", "b")


def test_that_an_npz_with_label_names_takes_indices_into_them(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, labels=np.array([2, 0]), label_names=["z", "a", "b"]))
    assert [read.label_names[i] for i in read.labels] == ["b", "z"]


def test_that_names_as_bytes_are_text(tmp_path: Path) -> None:
    names = np.array(["κ".encode(), b"b"])
    read = read_predictions(npz(tmp_path, class_names=names, labels=names, sample_ids=names))
    assert read.class_names == ("κ", "b")
    assert read.sample_ids.tolist() == ["κ", "b"]
    assert [read.label_names[i] for i in read.labels] == ["κ", "b"]


def test_that_whole_numbers_serve_as_ids_and_logits(tmp_path: Path) -> None:
    read = read_predictions(npz(tmp_path, sample_ids=np.array([10, 2]), logits=np.eye(2, dtype=np.int64)))
    assert read.sample_ids.tolist() == ["10", "2"]


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"logits": None}, "lacks logits"),
        ({"logits": None, "sample_ids": None}, "lacks sample_ids"),
        ({"labels": np.array([0.0, 1.0])}, "labels in .* are float64"),
        ({"logits": np.array([["x", "y"]] * 2)}, "have to be numbers"),
        ({"sample_ids": np.array([{}, {}])}, "holds Python objects, which MPT Studio does not read; save plain arrays"),
        ({"labels": np.array([0, 7])}, "label 7, but 2 class names, .* labels as names, or add an array label_names"),
        ({"labels": np.array([0, -1])}, "label -1, but 2 class names"),
        ({"labels": np.array([0, 3]), "label_names": ["a", "b", "c"]}, "label 3, but 3 label names"),
    ],
)
def test_that_an_npz_that_lacks_something_is_refused(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_predictions(npz(tmp_path, **arrays))


def test_that_an_npz_with_logits_beyond_float32_reads_without_a_warning(tmp_path: Path) -> None:
    path = npz(tmp_path, logits=np.array([[1e300, 0.0], [0.0, 1.0]]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isposinf(read_predictions(path).logits[0, 0])


def test_that_what_an_npz_holds_besides_is_left_alone(tmp_path: Path) -> None:
    assert len(read_predictions(npz(tmp_path, notes=np.array([{}])))) == 2


def test_that_an_npz_with_something_else_than_arrays_is_refused(tmp_path: Path) -> None:
    path = npz(tmp_path, logits=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("logits", "x")
    with pytest.raises(UserError, match=r"not a readable \.npz file \(logits is not an array\)"):
        read_predictions(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", pickle.dumps({})])
def test_that_a_broken_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"not a readable \.npz") as refused:
        read_predictions(tmp_path / "v.npz")
    assert "pickle" not in str(refused.value)


def test_that_arrays_that_would_take_far_more_memory_than_their_file_are_refused(tmp_path: Path) -> None:
    for sentence, arrays in (
        (r"The sample_ids .* are 60,000,000 of 1 bytes", {"sample_ids": np.zeros(60_000_000, np.int8)}),
        (r"The sample_ids .* are 2 of 400,000 bytes", {"sample_ids": np.array(["x" * 100_000, "y"])}),
        (r"60,000 columns; at most", {"logits": np.zeros((2, 60_000), np.int8)}),
        (r"sample ids more than once", {"sample_ids": np.zeros(1000, np.int8), "logits": np.zeros((1000, 2))}),
    ):
        np.savez_compressed(tmp_path / "v.npz", **{"sample_ids": IDS, "logits": np.eye(2), **arrays})
        with pytest.raises(UserError, match=sentence):
            read_predictions(tmp_path / "v.npz")
