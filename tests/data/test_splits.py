"""The training and the validation part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpt_studio.data import Dataset, Images, Indices, training_split
from mpt_studio.data.splits import spread, validation_count
from mpt_studio.errors import UserError


class Bare(Dataset):
    """Ids and labels without images."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.class_names = tuple(sizes)
        self.labels = np.repeat(np.arange(len(sizes), dtype=np.int64), list(sizes.values()))
        self.sample_ids = np.array([f"train/{i:05d}" for i in range(len(self.labels))])
        self.train = np.arange(0, len(self.labels), dtype=np.int64)
        self.test = np.empty(0, np.int64)

    def image(self, index: int) -> Images:
        raise NotImplementedError

    def batch(self, indices: Sequence[int] | Indices, size: int) -> Images:
        raise NotImplementedError


DATA = Bare({"a": 100, "b": 50, "c": 10, "d": 1})


def split(classes: str = "abcd", seed: int = 1, fraction: float = 0.1, limit: int = 0) -> tuple[Indices, Indices]:
    return training_split(DATA, classes=tuple(classes), seed=seed, validation_fraction=fraction, limit=limit)


def test_that_every_class_gives_its_share_to_validation() -> None:
    train, validation = split()
    assert np.bincount(DATA.labels[validation], minlength=4).tolist() == [10, 5, 1, 0]
    assert np.bincount(DATA.labels[train], minlength=4).tolist() == [90, 45, 9, 1]


def test_that_the_split_is_the_same_every_time_and_another_with_another_seed() -> None:
    assert np.array_equal(split()[1], split()[1])
    assert not np.array_equal(split()[1], split(seed=2)[1])


def test_that_the_split_of_a_known_sample_never_changes() -> None:
    # Worked out once; a change would leak validation samples of stored versions into later training.
    assert split("b", seed=42)[1].tolist() == [101, 104, 112, 114, 136]


@given(st.sets(st.sampled_from("abcd"), min_size=1), st.sampled_from([0, 3, 16, 80]), st.integers(0, 99))
def test_that_no_sample_trains_one_version_and_validates_another(chosen: set[str], limit: int, seed: int) -> None:
    train, validation = split("".join(sorted(chosen)), seed=seed, limit=limit)
    all_train, all_validation = split(seed=seed)
    assert np.isin(train, all_train).all()
    assert np.isin(validation, all_validation).all()
    names = {DATA.class_names[c] for c in DATA.labels[np.concatenate([train, validation])]}
    assert names <= chosen


@given(st.integers(1, 161))
def test_that_a_limit_is_met_over_all_classes(limit: int) -> None:
    train, validation = split(limit=limit)
    assert len(train) + len(validation) == limit
    assert (np.diff(train) > 0).all()


def test_that_the_old_model_sees_the_same_images_of_its_classes_as_the_update() -> None:
    old, update = split("ab", limit=80)[0], split(limit=80)[0]
    assert np.array_equal(old, update[DATA.labels[update] < 2])


def test_that_a_fraction_of_0_keeps_nothing_back() -> None:
    train, validation = split(fraction=0.0)
    assert (len(train), len(validation)) == (161, 0)


def test_that_an_unknown_class_is_a_sentence() -> None:
    with pytest.raises(UserError, match="no class 'z'"):
        split("az")


def test_that_quotas_follow_the_sizes_by_hand_worked_numbers() -> None:
    assert spread(16, [100, 50, 10, 1]) == [9, 5, 1, 1]
    assert spread(0, [3, 4]) == [3, 4]
    assert spread(9, [3, 4]) == [3, 4]
    assert spread(2, [3, 5, 4]) == [0, 1, 1]
    assert spread(12, [60, 60]) == [6, 6]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=8), st.integers(0, 200))
def test_that_quotas_add_up_and_never_exceed_a_class(sizes: list[int], limit: int) -> None:
    quotas = spread(limit, sizes)
    assert sum(quotas) == (min(limit, sum(sizes)) if limit else sum(sizes))
    assert all(0 <= quota <= size for quota, size in zip(quotas, sizes, strict=True))


@given(st.integers(0, 500), st.floats(0, 0.99))
def test_that_validation_never_takes_all(samples: int, fraction: float) -> None:
    assert 0 <= validation_count(samples, fraction) <= max(0, samples - 1)
