from __future__ import annotations

import numpy as np

from mpt_studio.compare import compare
from mpt_studio.compare.figures.confusion import Confused, confused, confused_rows, confusion
from mpt_studio.predictions import Predictions

NAMES = ("cat", "dog", "fox")


def answered(answers: list[int], classes: int) -> Predictions:
    labels = np.array([0, 0, 0, 1, 1, 2])
    logits = np.eye(3, dtype=np.float32)[answers][:, :classes]
    ids = np.array([f"s{i}" for i in range(6)])
    return Predictions(ids, labels, NAMES, logits, NAMES[:classes])


COMPARISON = compare(answered([0, 1, 1, 1, 0, 0], 2), answered([0, 1, 2, 2, 0, 2], 3))


def test_that_rows_are_true_classes_and_columns_answers() -> None:
    assert confusion(COMPARISON, "old").tolist() == [[1, 2, 0], [1, 1, 0], [1, 0, 0]]
    assert confusion(COMPARISON, "new").tolist() == [[1, 1, 1], [1, 0, 1], [0, 0, 1]]
    assert confusion(COMPARISON, "difference").tolist() == [[0, -1, 1], [0, -1, 1], [-1, 0, 1]]


def test_that_right_answers_are_not_confused() -> None:
    assert confused(COMPARISON, "old") == [
        Confused("cat", "dog", 2),
        Confused("dog", "cat", 1),
        Confused("fox", "cat", 1),
    ]
    assert confused(COMPARISON, "difference", most=2) == [Confused("cat", "dog", -1), Confused("cat", "fox", 1)]


def test_that_a_cell_leads_to_its_samples() -> None:
    assert confused_rows(COMPARISON, "old", "cat", "dog").tolist() == [1, 2]
    assert confused_rows(COMPARISON, "new", "cat", "dog").tolist() == [1]
    assert confused_rows(COMPARISON, "difference", "cat", "dog").tolist() == [2]
    assert confused_rows(COMPARISON, "difference", "cat", "cat").tolist() == []
