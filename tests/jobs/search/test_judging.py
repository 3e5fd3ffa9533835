"""Floors, mixtures of heads, and when a trial is stopped."""

from __future__ import annotations

import numpy as np
import pytest

from mpt_studio.events import Epoch
from mpt_studio.jobs.search.judging import Stopping, _mixed_answers
from mpt_studio.predictions import Predictions


def epoch(number: int, accuracy: float, best: float | None = None) -> Epoch:
    every = {"accuracy_new": accuracy} | ({} if best is None else {"accuracy_best_offset": best})
    return Epoch(step=1, epoch=number, losses={}, train_accuracy=0.0, validation={"all": every})


STOPPING = Stopping(plain={e: 0.5 + 0.04 * e for e in range(1, 11)}, drop=0.01, below=0.05, epochs=10)


def test_that_a_trial_is_stopped_where_it_lags_behind_plain_training_at_the_same_epoch() -> None:
    assert STOPPING.shortfall(epoch(3, 0.61)) is None
    assert STOPPING.shortfall(epoch(3, 0.55)) == pytest.approx(0.07)
    assert STOPPING.shortfall(epoch(5, 0.61)) == pytest.approx(0.09)


def test_that_nothing_is_stopped_in_its_first_quarter_at_its_end_or_where_nobody_asked() -> None:
    assert STOPPING.shortfall(epoch(2, 0.1)) is None
    assert STOPPING.shortfall(epoch(10, 0.1)) is None
    never = Stopping(plain=STOPPING.plain, drop=0.01, below=0.0, epochs=10)
    assert never.shortfall(epoch(5, 0.1)) is None


def test_that_what_an_offset_would_give_back_is_not_held_against_a_trial() -> None:
    assert STOPPING.shortfall(epoch(3, 0.3, best=0.62)) is None


def test_that_an_epoch_without_figures_stops_nothing() -> None:
    assert STOPPING.shortfall(Epoch(step=1, epoch=5, losses={}, train_accuracy=0.0)) is None


def test_that_mixed_answers_are_those_of_the_mixed_linear_head_by_class_name() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(9, 4)).astype(np.float32)
    old_rows, new_rows = random.normal(size=(2, 4)), random.normal(size=(3, 4))
    ids, labels = np.array([f"s{i}" for i in range(9)]), np.zeros(9, np.int64)
    names = ("bee", "cat", "ant")

    def answered(rows: np.ndarray, columns: tuple[str, ...]) -> Predictions:
        logits = (features @ rows.T).astype(np.float32)
        return Predictions(sample_ids=ids, labels=labels, label_names=names, logits=logits, class_names=columns)

    mixed_rows = new_rows.copy()
    for column, name in enumerate(("ant", "bee")):
        mixed_rows[names.index(name)] = 0.3 * old_rows[column] + 0.7 * new_rows[names.index(name)]
    found = _mixed_answers(answered(old_rows, ("ant", "bee")), answered(new_rows, names), 0.3)
    assert np.allclose(found.logits, features @ mixed_rows.T, atol=1e-5)
