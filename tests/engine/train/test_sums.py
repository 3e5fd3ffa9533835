"""Running sums weigh batches by their images."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.train.sums import RunningSums

CPU = torch.device("cpu")


def test_that_means_are_per_image_and_since_the_last_reading():
    sums = RunningSums(CPU)
    sums.add({"loss": torch.tensor(1.0)}, torch.tensor(3), 4)
    first = sums.read()
    sums.add({"loss": torch.tensor(4.0)}, torch.tensor(2), 2)
    second = sums.read()
    assert second.means_since(None) == {"loss": pytest.approx(2.0)}
    assert second.means_since(first) == {"loss": pytest.approx(4.0)}
    assert second.accuracy == pytest.approx(5 / 6)


def test_that_a_loss_that_is_not_finite_stays_visible():
    sums = RunningSums(CPU)
    sums.add({"loss": torch.tensor(float("nan"))}, torch.tensor(0), 1)
    sums.add({"loss": torch.tensor(1.0)}, torch.tensor(1), 1)
    assert not sums.read().is_finite


def test_that_restored_sums_go_on():
    sums, copy = RunningSums(CPU), RunningSums(CPU)
    sums.add({"loss": torch.tensor(0.1), "cross_entropy": torch.tensor(0.1)}, torch.tensor(1), 3)
    copy.restore(sums.names, sums.sums.clone())
    for one in (sums, copy):
        one.add({"loss": torch.tensor(0.2), "cross_entropy": torch.tensor(0.3)}, torch.tensor(1), 3)
    assert sums.read() == copy.read()
