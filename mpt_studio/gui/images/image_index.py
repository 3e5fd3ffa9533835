"""Which image of the open data belongs to each sample of a comparison. Letters: N samples.

Made in passes over blocks, once per data set and set of samples: views under an offset share the index of their base.
"""

from __future__ import annotations

import threading
import weakref

import numpy as np
import numpy.typing as npt

from mpt_studio.compare import Comparison
from mpt_studio.compare.answers import Columns
from mpt_studio.compare.blocks import BLOCK, parts
from mpt_studio.data.dataset import Dataset

OTHER_DATA = 0.1
"""Where more than this share of the images has another class than the samples, the data set is another one."""
_KEPT = 3
_Texts = npt.NDArray[np.str_]
_Places = npt.NDArray[np.int64]


class ImageIndex:
    """Which image of the data set belongs to each sample of a comparison; -1 where the data set lacks it."""

    def __init__(self, dataset: Dataset | None, sample_ids: _Texts) -> None:
        self._of_row = _locate(dataset, sample_ids)

    def __getitem__(self, row: int) -> int:
        return int(self._of_row[row]) if row < len(self._of_row) else -1

    def drop_others(self, dataset: Dataset, comparison: Comparison) -> None:
        """Forget images whose class is not the sample's; all of them where that is common: these are other data."""
        position = {name: i for i, name in enumerate(comparison.names)}
        class_of = np.array([*(position.get(name, -1) for name in dataset.class_names), -1], np.int64)
        others, there = [], 0
        for part in parts(len(self._of_row), BLOCK):
            images = self._of_row[part]
            is_there = images >= 0
            there += int(np.count_nonzero(is_there))
            differs = class_of.take(np.asarray(dataset.labels).take(images, mode="clip")) != comparison.truth[part]
            others.append(part.start + np.flatnonzero(is_there & differs))
        other = np.concatenate(others) if others else np.empty(0, np.int64)
        if len(other) > OTHER_DATA * there:
            self._of_row = np.full(len(self._of_row), -1, np.int64)
        elif len(other):
            self._of_row = self._of_row.copy()
            self._of_row[other] = -1

    def all(self, samples: int) -> _Places:
        """(samples,) indices of all samples; -1 where the data set lacks one."""
        return self._of_row if len(self._of_row) == samples else np.full(samples, -1, np.int64)

    def many(self, rows: npt.NDArray[np.integer]) -> list[int]:
        """Indices of the rows that have an image, in order."""
        if not len(self._of_row):
            return []
        found = self._of_row[rows]
        return [int(i) for i in found[found >= 0]]


def _locate(dataset: Dataset | None, sample_ids: _Texts) -> _Places:
    """(N,) dataset indices of ``sample_ids``: at once where they are a part in order, else by one sort."""
    if dataset is None or not len(sample_ids):
        return np.empty(0, np.int64)
    for part in (dataset.test, dataset.train):
        if len(part) == len(sample_ids) and same_texts(_taken(dataset.sample_ids, part), sample_ids):
            return np.asarray(part, np.int64)
    order = np.argsort(dataset.sample_ids)
    at = np.searchsorted(dataset.sample_ids, sample_ids, sorter=order)
    found = order[np.minimum(at, len(order) - 1)]
    return np.where(dataset.sample_ids[found] == sample_ids, found, -1)


def _taken(ids: _Texts, part: _Places) -> _Texts:
    """``ids[part]``, without a copy where the ascending ``part`` has no gap."""
    first, last = int(part[0]), int(part[-1])
    return ids[first : last + 1] if last - first + 1 == len(part) else ids[part]


def same_texts(one: _Texts, other: _Texts) -> bool:
    """Whether two arrays of the same length are equal; the letters are compared as numbers, which is much quicker."""
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype != other.dtype or not (one.flags.c_contiguous and other.flags.c_contiguous and one.dtype.itemsize):
        return bool(np.array_equal(one, other))
    return all(np.array_equal(one[p].view(np.uint32), other[p].view(np.uint32)) for p in parts(len(one), BLOCK))


_NONE = ImageIndex(None, np.empty(0, np.str_))


class _Kept:
    """The last few indices: every panel asks for the same one."""

    lock = threading.Lock()
    made: list[tuple[weakref.ref[Dataset], weakref.ref[Columns], ImageIndex]] = []


def image_index(dataset: Dataset | None, comparison: Comparison | None) -> ImageIndex:
    """The index of a data set and a comparison's samples; kept, so that asking again costs nothing.

    Ids such as "test/00042" occur in many data sets, so the true classes have to agree as well.
    """
    if dataset is None or comparison is None:
        return _NONE
    columns = comparison.columns
    with _Kept.lock:
        found = next((index for data, of, index in _Kept.made if data() is dataset and of() is columns), None)
    if found is None:
        found = ImageIndex(dataset, comparison.sample_ids)
        found.drop_others(dataset, comparison)
        with _Kept.lock:
            _Kept.made = [*_Kept.made, (weakref.ref(dataset), weakref.ref(columns), found)][-_KEPT:]
    return found
