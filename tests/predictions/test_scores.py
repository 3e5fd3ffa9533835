"""Scores are logits or probabilities, told by their names and numbers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mpt_studio.predictions import read_predictions

from .conftest import write
from .test_csv_file import HEADER


def test_that_probabilities_become_logarithms_and_margins_are_exact(tmp_path: Path) -> None:
    rows = [("a", "x", 0.7, 0.2, 0.1), ("b", "y", 0.0, 1e-9, 1 - 1e-9), ("c", "z", 0.25, 0.25, 0.5)]
    found = read_predictions(write(tmp_path / "v.csv", [("id", "label", "x", "y", "z"), *rows]))
    assert found.scores == "probabilities"
    assert float(found.logits[0, 0] - found.logits[0, 1]) == pytest.approx(math.log(0.7 / 0.2), abs=1e-6)
    assert float(found.logits[1, 0]) < float(found.logits[1, 1])  # 0 stays below every other probability
    assert "1 probability of 0 was taken as 5e-10." in found.notes


def test_that_scores_of_0_and_1_alone_are_answers(tmp_path: Path) -> None:
    found = read_predictions(write(tmp_path / "v.csv", [HEADER, ("1", "cat", 1, 0), ("2", "cat", 0, 1)]))
    assert (found.scores, found.open_ended, found.class_names) == ("answers", False, ("cat", "dog"))
    assert found.predicted.tolist() == [0, 1]
