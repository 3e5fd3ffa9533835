"""Numbers that are functions of (seed, epoch, sample)."""

from __future__ import annotations

import torch

from mpt_studio.engine.train import order
from mpt_studio.engine.train.varied.draws import Draws, Stream

CPU = torch.device("cpu")


def test_that_draws_are_uniform_and_depend_on_the_sample_not_on_its_place(draws):
    rows = torch.arange(500)
    there = draws(500).of(Stream.ROW, rows)
    assert there.min() >= 0
    assert (there % 9).bincount(minlength=9).min() > 30
    assert 150 < (draws(500).of(Stream.MIRROR, rows) % 2).sum() < 350
    assert torch.equal(Draws(3, 1, rows.flip(0), CPU).of(Stream.ROW, rows.flip(0)), there)
    others = [draws(500).of(Stream.COLUMN, rows), draws(500, epoch=2).of(Stream.ROW, rows)]
    assert not any(torch.equal(there, other) for other in others)


def test_that_shares_are_uniform_from_0_to_1_and_new_in_every_attempt(draws):
    found = [draws(4000).shares_N(Stream.AREA, attempt) for attempt in range(3)]
    for shares in found:
        assert 0 <= shares.min() < 0.01
        assert 0.99 < shares.max() < 1
        assert abs(shares.mean() - 0.5) < 0.02
    assert len({tuple(shares) for shares in found}) == 3


def test_that_no_two_purposes_share_a_stream():
    assert not {order.ORDER, order.STEP} & set(Stream)


def test_that_what_is_made_for_an_epoch_is_made_once(draws):
    made, numbers = [], draws(3)

    def make() -> torch.Tensor:
        made.append(1)
        return torch.arange(3)

    assert [numbers.once("it", make).tolist() for _ in range(2)] == [[0, 1, 2]] * 2
    assert len(made) == 1
