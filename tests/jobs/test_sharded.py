"""Answers found in shards: the same bits as found at once, whoever found them and however often that was broken off."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.errors import Interrupted, UserError
from mpt_studio.jobs import sharded
from mpt_studio.jobs.evaluating import predictions_folder
from mpt_studio.jobs.sharded import Shard
from mpt_studio.predictions import is_predictions
from mpt_studio.store import Store


@pytest.fixture
def many_batches(monkeypatch) -> None:
    monkeypatch.setattr("mpt_studio.engine.evaluate.PIXELS_PER_BATCH", 2 * 16 * 16)
    monkeypatch.setattr("mpt_studio.engine.evaluate.batch_size", lambda side, pixels=0: 2)


Answer = Callable[[Shard], None]
Spread = Callable[[Answer, Sequence[Shard]], Generator[Shard | None, None, None]]


class Workers:
    """This process, in the place of a cluster's."""

    notes = ()

    def __init__(self, spread: Spread) -> None:
        self.spread = spread

    def train(self, run):
        raise NotImplementedError


def by(session: jobs.Session, spread: Spread, **changes) -> jobs.Session:
    return dataclasses.replace(session, workers=Workers(spread), **changes)


def one_after_the_other(answer: Answer, shards: Sequence[Shard]) -> Generator[Shard | None, None, None]:
    for shard in shards:
        answer(shard)
        yield shard


def backwards(answer: Answer, shards: Sequence[Shard]) -> Generator[Shard | None, None, None]:
    yield None
    yield from one_after_the_other(answer, shards[::-1])


class Counted:
    """Notes who was asked; called off by the session after so many."""

    def __init__(self, most: int = 1 << 30) -> None:
        self.most = most
        self.asked: list[int] = []

    def __call__(self, answer: Answer, shards: Sequence[Shard]) -> Generator[Shard | None, None, None]:
        for shard in shards:
            self.asked.append(shard.start)
            answer(shard)
            yield shard

    def interrupted(self) -> bool:
        return len(self.asked) >= self.most


@pytest.mark.parametrize(
    ("samples", "batch", "shards"), [(0, 8, 1), (5, 8, 1), (2_160, 56, 39), (100_000, 512, 49), (10**8, 10, 6_106)]
)
def test_that_a_part_is_cut_in_whole_batches_without_a_gap(samples, batch, shards):
    cuts = sharded.ranges(samples, batch)
    assert len(cuts) == shards
    assert cuts[0][0] == 0
    assert cuts[-1][1] == samples
    assert all(before[1] == after[0] and after[0] % batch == 0 for before, after in pairwise(cuts))
    assert max(stop - start for start, stop in cuts) <= sharded.LARGEST


@pytest.mark.parametrize("spread", [one_after_the_other, backwards], ids=["in order", "backwards"])
def test_that_shards_in_any_order_give_the_bits_of_the_whole(session, update, data, spread, many_batches, tmp_path):
    whole, _ = jobs.evaluate(jobs.Session(Store(tmp_path / "other")), update, data, device="cpu")
    found, folder = jobs.evaluate(by(session, spread), update, data, device="cpu")
    assert np.array_equal(found.logits, whole.logits)
    assert np.array_equal(found.sample_ids, whole.sample_ids)
    assert np.array_equal(found.labels, whole.labels)
    assert (found.part_fingerprint, found.version) == (whole.part_fingerprint, whole.version)
    assert [path.name for path in folder.parent.iterdir()] == ["test"]  # the shards are gone


def test_that_what_was_found_before_an_interruption_is_not_asked_again(session, update, data, many_batches):
    first, second = Counted(most=2), Counted()
    with pytest.raises(Interrupted):
        jobs.evaluate(by(session, first, interrupted=first.interrupted), update, data, device="cpu")
    jobs.evaluate(by(session, second), update, data, device="cpu")
    assert first.asked == [0, 2]
    assert second.asked == [4, 6, 8]


def test_that_whatever_asks_for_answers_has_the_workers_find_them(session, update, data, many_batches):
    asked = Counted()
    folder = predictions_folder(by(session, asked), read_checkpoint(update), jobs.open_data(session, data))
    assert asked.asked == [0, 2, 4, 6, 8]
    assert is_predictions(folder)


def test_that_a_damaged_shard_is_found_again(session, update, data, many_batches):
    first, second = Counted(most=2), Counted()
    with pytest.raises(Interrupted):
        jobs.evaluate(by(session, first, interrupted=first.interrupted), update, data, device="cpu")
    (whole,) = session.store.root.glob("evaluations/*/test-shards/000000000002-*.npy")
    whole.write_bytes(whole.read_bytes()[:-3])
    jobs.evaluate(by(session, second), update, data, device="cpu")
    assert second.asked == [2, 4, 6, 8]


def test_that_a_machine_with_other_data_or_weights_says_so(session, update, data, many_batches):
    def elsewhere(**other: str) -> sharded.Spread:
        return lambda answer, shards: one_after_the_other(
            answer, [dataclasses.replace(shard, **other) for shard in shards]
        )

    with pytest.raises(UserError, match=r"finds other data in folder:.* than the machine that asks"):
        jobs.evaluate(by(session, elsewhere(fingerprint="0" * 32)), update, data, device="cpu")
    with pytest.raises(UserError, match=r"finds other weights in .*safetensors than"):
        jobs.evaluate(by(session, elsewhere(sha256="0" * 64)), update, data, device="cpu")
