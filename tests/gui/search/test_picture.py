"""What is drawn of a search."""

from __future__ import annotations

import time

import numpy as np
import pytest

from mpt_studio.gui.search.picture import importance, improvement, picture_of
from mpt_studio.jobs.search.state import state_of
from mpt_studio.store import Store

from .conftest import PLAIN, found, made, trial


def test_that_the_picture_has_a_point_for_each_judged_trial_and_the_floor(store: Store) -> None:
    stopped = trial(2, None, None, outcome="stopped")
    missed = trial(3, 0.01, 0.7, shortfall=9.0)
    drawn = picture_of(state_of(made(store, PLAIN, trial(1), stopped, missed, found=found(1))))
    assert drawn.numbers == [0, 1, 3]
    assert drawn.x.tolist() == pytest.approx([10, 5, 1])
    assert drawn.feasible.tolist() == [True, True, False]
    assert drawn.floor == 79.0
    assert drawn.best == 1
    assert drawn.plain.tolist() == [[10.0, 80.0], [20.0, 82.0]]
    assert drawn.envelope.tolist() == [[5.0, 80.0]]


def test_that_an_empty_search_has_an_empty_picture(store: Store) -> None:
    drawn = picture_of(state_of(made(store, found={})))
    assert drawn.plain.shape == drawn.envelope.shape == (0, 2)
    assert drawn.floor is None


def test_that_the_best_never_rises_and_what_misses_the_limits_does_not_count() -> None:
    missed = trial(2, 0.01, shortfall=3.0)
    plain, best = improvement((PLAIN, trial(1, 0.07), missed, trial(3, 0.04)))
    assert best.y.tolist() == pytest.approx([10, 7, 7, 4])
    assert np.all(plain.y == 10)


def test_that_thousands_of_trials_are_looked_at_once_each() -> None:
    begun = time.process_time()
    _, best = improvement((PLAIN, *(trial(number, 1 / number) for number in range(12, 5_000))))
    assert best.y[-1] == pytest.approx(100 / 4_999)
    assert time.process_time() - begun < 2  # each against all before it would take half a minute


def test_that_the_most_important_parameter_comes_first() -> None:
    rows = importance({"learning_rate": 0.2, "method": 0.7})
    assert [(row.name, row.text) for row in rows] == [("Method", "70 %"), ("Learning rate", "20 %")]
