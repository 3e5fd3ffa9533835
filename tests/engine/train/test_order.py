"""Counter-based draws: pure, uniform, the same as in whole-number arithmetic."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.engine.train import order


def test_that_splitmix64_gives_its_published_first_numbers():
    # the generator started at 0 answers the hash of 0, then of its increment
    assert order.mixed(0) == 0xE220A8397B1DCDAF
    assert order.mixed(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40))
def test_that_tensors_hash_like_python_numbers(stream, sample):
    expected = order.mixed(sample ^ stream) >> 2
    assert order.draws_N(stream, torch.tensor([sample])).item() == expected


@given(st.integers(0, 2**31 - 1), st.integers(0, 1000), st.integers(1, 300))
def test_that_every_epoch_visits_every_sample_once(seed, epoch, count):
    visited = order.epoch_order(seed, epoch, count)
    assert torch.equal(visited.sort().values, torch.arange(count))


def test_that_order_depends_on_seed_and_epoch_alone():
    first = order.epoch_order(1, 2, 100)
    torch.manual_seed(5)
    assert torch.equal(first, order.epoch_order(1, 2, 100))
    assert not torch.equal(first, order.epoch_order(1, 3, 100))
    assert not torch.equal(first, order.epoch_order(2, 2, 100))


def test_that_draws_are_uniform():
    draws = order.draws_N(order.key(42, 0, order.STEP), torch.arange(90_000)) % 9
    counts = draws.bincount(minlength=9)
    assert (counts - 10_000).abs().max() < 500  # five standard deviations


def test_that_a_last_batch_of_one_image_is_left_out():
    assert [order.steps_per_epoch(n, 10) for n in (1, 9, 10, 11, 12, 20)] == [1, 1, 1, 1, 2, 2]
