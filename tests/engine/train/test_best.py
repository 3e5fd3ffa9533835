"""Which epoch is kept."""

from __future__ import annotations

import pytest
from torch import nn

from mpt_studio.engine.train.best import Best
from mpt_studio.recipe import Training


@pytest.mark.parametrize(
    ("epochs", "kept"),
    [
        ([(0.80, 0.10), (0.795, 0.08)], 2),
        ([(0.80, 0.10), (0.795, 0.08), (0.788, 0.06), (0.781, 0.04)], 2),  # each loses less than a point, all do more
        ([(0.80, 0.10), (0.805, 0.11), (0.812, 0.11)], 3),  # the kept one is no longer near the most accurate
        ([(0.80, 0.10), (0.79, 0.10), (0.805, 0.10)], 3),
        ([(0.80, 0.10), (0.78, 0.05)], 1),
    ],
)
def test_that_fewer_flips_count_within_a_point_of_the_most_accurate_epoch(epochs, kept):
    best = Best(Training(patience=9, patience_on="nfr"))
    for number, (accuracy, nfr) in enumerate(epochs, 1):
        best.consider(nn.Linear(1, 1), {"epoch": number, "validation_accuracy": accuracy, "validation_nfr": nfr})
    assert best.epoch == kept


def test_that_more_accurate_is_better_where_nothing_else_is_asked():
    best = Best(Training(keep="best"))
    for number, accuracy in enumerate((0.5, 0.7, 0.6, 0.7), 1):
        best.consider(nn.Linear(1, 1), {"epoch": number, "validation_accuracy": accuracy, "validation_nfr": 0.1})
    assert best.epoch == 2
