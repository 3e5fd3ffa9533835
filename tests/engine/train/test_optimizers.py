"""Learning rates against torch's scheduler and by hand."""

from __future__ import annotations

import warnings

import pytest
import torch

from mpt_studio.engine.train.optimizers import learning_rate
from mpt_studio.recipe import Training


def test_that_the_published_cosine_per_epoch_equals_torchs():
    training = Training(epochs=10, learning_rate=0.1, schedule_per="epoch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for epoch in range(10):
        rates = {learning_rate(training, epoch * 5 + step, 5) for step in range(5)}
        assert len(rates) == 1
        assert rates.pop() == pytest.approx(optimizer.param_groups[0]["lr"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step()


def test_that_cosine_per_step_starts_at_the_peak_and_ends_near_zero():
    training = Training(epochs=4, learning_rate=0.2)
    assert learning_rate(training, 0, 10) == 0.2
    assert learning_rate(training, 20, 10) == pytest.approx(0.1)
    assert 0 < learning_rate(training, 39, 10) < 0.001


def test_that_steps_divide_by_ten_at_half_and_three_quarters():
    training = Training(epochs=4, learning_rate=1.0, schedule="step")
    assert [learning_rate(training, s, 1) for s in range(4)] == [1.0, 1.0, 0.1, 0.01]


def test_that_warm_up_is_linear_and_then_the_schedule_begins():
    training = Training(epochs=4, learning_rate=1.0, warmup_epochs=1.0)
    assert [learning_rate(training, s, 4) for s in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_that_a_warm_up_longer_than_the_run_never_divides_by_zero():
    training = Training(epochs=2, learning_rate=1.0, warmup_epochs=2.0)
    assert learning_rate(training, 7, 4) == 1.0
