"""What a table's numbers and names mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import read_predictions

from .conftest import by_id, write


def test_that_listed_classes_choose_the_columns_and_their_order(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", [("id", "label", "blur", "cat", "dog"), ("a", "Dog", 9, 1, 2)])
    found = read_predictions(path, ("dog", "cat"))
    assert (found.class_names, found.logits.tolist()) == (("dog", "cat"), [[2.0, 1.0]])
    assert found.label_names[found.labels[0]] == "dog"
    with pytest.raises(UserError, match=r"v\.csv has no column of scores for 'cow'"):
        read_predictions(path, ("dog", "cow"))


def test_that_a_few_answers_may_differ_from_the_scores_and_are_noted(tmp_path: Path) -> None:
    rows = [(i, "cat", "dog" if i == 7 else "cat", 2, -1) for i in range(200)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "pred", "cat", "dog"), *rows]))
    assert found.predicted.tolist() == [0] * 200
    assert any(
        note.startswith("The answers differ from the largest scores in 1 of 200 samples") for note in found.notes
    )


def test_that_missing_labels_are_counted_and_floats_are_whole_numbers(tmp_path: Path) -> None:
    rows = [("a", "1.0", 1, 2), ("b", "", 1, 2), ("c", "0.0", 1, 2)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "cat", "dog"), *rows]))
    assert found.labels.tolist() == [1, -1, 0]
    assert "1 sample has no label." in found.notes
    silent = read_predictions(write(tmp_path / "w.csv", [("id", "cat", "dog"), ("a", 1, 2)]))
    assert not silent.has_truth
    assert "The file does not tell the true classes." in silent.notes


def test_that_digits_are_names_where_the_columns_are_called_so(tmp_path: Path) -> None:
    names = [str(i) for i in range(1, 13)]  # 1..12, as folders are called
    rows = [(f"s{i}", i, *(int(j == i) * 3 - 0.5 for j in range(1, 13))) for i in range(1, 13)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", *names), *rows]))
    assert found.class_names == tuple(names)
    assert all(truth == answer for truth, answer, _ in by_id(found).values())
