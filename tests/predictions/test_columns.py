"""Columns are told by their names."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mpt_studio.predictions import is_predictions, read_predictions

from .conftest import by_id, write


@pytest.mark.parametrize(
    ("ids", "truth", "answer"),
    [
        ("sample_id", "label", "prediction"), ("id", "Truth", "predicted"), ("Image", "target", "y_pred"),
        ("path", "class", "Answer"), ("File Name", "y_true", "pred"), ("filename", "true-label", "Predicted Class"),
    ],
)  # fmt: skip
def test_that_the_usual_names_of_columns_are_known(tmp_path: Path, ids: str, truth: str, answer: str) -> None:
    path = write(tmp_path / "v.csv", [(answer, "note", truth, ids), ("dog", "?", "cat", 7), ("cat", "!", "cat", 8)])
    assert is_predictions(path)
    found = read_predictions(path)
    assert by_id(found) == {"7": ("cat", "dog", {}), "8": ("cat", "cat", {})}
    assert (found.scores, found.open_ended) == ("answers", True)
    assert "Columns that are not read: 'note'." in found.notes


@pytest.mark.parametrize("prefix", ["logit_", "logits.", "prob_", "p_", "score_", "Probability:"])
def test_that_prefixes_are_no_part_of_a_name_and_other_numbers_are_left_alone(tmp_path: Path, prefix: str) -> None:
    header = ("id", "label", "brightness", f"{prefix}cat", f"{prefix}big dog")
    found = read_predictions(write(tmp_path / "v.csv", [header, (1, "cat", 9, 0.25, 0.75), (2, "cat", 8, 0.5, 0.5)]))
    assert found.class_names == ("cat", "big dog")
    assert found.scores == ("logits" if prefix.startswith("logit") else "probabilities")


def test_that_a_prefix_that_belongs_to_the_names_stays(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "p_a", "p_b"), (1, "p_a", 3, 4)]))
    assert found.class_names == ("p_a", "p_b")


def test_that_numbered_columns_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = [f"logits_{i}" for i in range(11)]
    random.Random(1).shuffle(names)
    row = [int(name.split("_")[1]) for name in names]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", *names), ("a", 3, *row)]))
    assert found.logits.tolist() == [[float(i) for i in range(11)]]
    assert found.class_names == tuple(map(str, range(11)))
    listed = read_predictions(tmp_path / "v.csv", tuple("abcdefghijk"))
    assert (listed.class_names, listed.label_names[listed.labels[0]]) == (tuple("abcdefghijk"), "d")


def test_that_a_bracket_ends_a_name_only_where_one_opened_it(tmp_path: Path) -> None:
    rows = [["a", "x]", "1.5", "0.0"], ["b", "y", "0.0", "2.5"]]
    found = read_predictions(write(tmp_path / "v.csv", [["id", "label", "logit_x]", "logit[y]"], *rows]))
    assert found.class_names == ("x]", "y")


def test_that_words_behind_the_names_are_no_part_of_them_where_labels_tell_the_names(tmp_path: Path) -> None:
    header = ("id", "label", "cat_prob", "dog_prob", "sharpness_prob")
    found = read_predictions(write(tmp_path / "v.csv", [header, (1, "cat", 0.6, 0.3, 0.1), (2, "dog", 0.2, 0.6, 0.2)]))
    assert found.class_names == ("cat", "dog", "sharpness")


@pytest.mark.parametrize(
    ("header", "row", "answer"),
    [
        (("label", "index_0", "index_1", "prob_0", "prob_1"), ("7", 7, 3, 0.6, 0.2), "7"),
        (("label", "class_1", "class_2", "conf_1", "conf_2"), ("cat", "cat", "dog", 0.6, 0.2), "cat"),
        (
            ("label", "label_0", "label_1", "index_0", "index_1", "prob_0", "prob_1"),
            ("a", "a", "b", 0, 1, 0.6, 0.2),
            "a",
        ),
        (("label", "top1", "top2", "score1", "score2"), ("cat", "cat", "dog", 0.6, 0.2), "cat"),
    ],
)
def test_that_columns_of_the_best_answers_in_order_tell_the_answer_alone(
    tmp_path: Path, header: tuple[str, ...], row: tuple[object, ...], answer: str
) -> None:
    path = write(tmp_path / "v.csv", [("filename", *header), ("x.jpg", *row)])
    assert is_predictions(path)
    found = read_predictions(path)
    assert (found.scores, found.class_names[found.predicted[0]]) == ("answers", answer)


def test_that_numbered_scores_beside_numbered_truths_are_no_ranking(tmp_path: Path) -> None:
    header = ("id", "label_0", "label_1", "logit_0", "logit_1")
    found = read_predictions(write(tmp_path / "v.csv", [header, (1, 0, 1, -2, 3), (2, 1, 0, 1, -1)]))
    assert found.logits.shape == (2, 2)
