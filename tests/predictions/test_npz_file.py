"""NumPy archives beyond the arrays of ``test_answers``: answers, probabilities, bombs."""

from __future__ import annotations

from pathlib import Path

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
