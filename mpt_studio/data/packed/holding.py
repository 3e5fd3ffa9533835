"""What is known of one file that holds many images, as arrays; kept in the cache for all files of a data set.

Shape letters: N images that may be used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.data.dataset import Images
from mpt_studio.data.index import Array, cache_file, load_arrays, pack, save_arrays, unpack
from mpt_studio.data.scan import Found

Key = tuple[str, int, int]
"""Path, size and time of a file."""


@dataclass(frozen=True)
class Listed:
    """One image with a label, as it is found in a file."""

    name: str
    at: int
    """Where it lies: a byte of a shard, a row of a table."""
    length: int
    label: str
    more: Mapping[str, str] = field(default_factory=dict)
    """Further columns."""


@dataclass(frozen=True, eq=False)
class Holding:
    """The images of one file that have a label; once they are looked through, those that can be decoded."""

    key: Key
    names: Images
    """N names, packed."""
    at: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]
    """(N,) index into ``texts``."""
    texts: tuple[str, ...]
    """Labels as the file says them, also those of images that cannot be used."""
    skipped: tuple[tuple[str, str], ...]
    """Name and reason."""
    problem: str = ""
    """Why not all of the file was read."""
    columns: Mapping[str, Images] = field(default_factory=dict)
    """Further columns, N packed texts each."""
    digests: Images = field(default_factory=lambda: np.empty((0, 16), np.uint8))
    """(N, 16) hash of each image's bytes; none before they are looked through."""
    sides: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty((0, 2), np.int32))
    """(N, 2) width and height."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def is_verified(self) -> bool:
        return len(self.digests) == len(self)


def holding_of(
    found: Found, images: Sequence[Listed], skipped: Iterable[tuple[str, str]], problem: str = ""
) -> Holding:
    """The images as arrays."""
    codes: dict[str, int] = {}
    labels = [codes.setdefault(each.label, len(codes)) for each in images]
    columns = dict.fromkeys(name for each in images for name in each.more)
    return Holding(
        key_of(found),
        pack([each.name for each in images]),
        np.array([each.at for each in images], np.int64),
        np.array([each.length for each in images], np.int64),
        np.array(labels, np.int32),
        tuple(codes),
        tuple(skipped),
        problem,
        {name: pack([each.more.get(name, "") for each in images]) for name in columns},
    )


def key_of(found: Found) -> Key:
    """What a file is known by until it changes."""
    return found.path, found.size, found.mtime_ns


def save(root: Path, kind: str, holdings: Sequence[Holding]) -> None:
    """Keep them; a full disk only costs time at the next opening."""
    about = {"files": [_about(each) for each in holdings]}
    packed = [texts for each in holdings for texts in (each.names, *each.columns.values())]
    arrays: dict[str, Array] = {
        "at": _joined([each.at for each in holdings], np.int64),
        "lengths": _joined([each.lengths for each in holdings], np.int64),
        "labels": _joined([each.labels for each in holdings], np.int32),
        "digests": _joined([each.digests for each in holdings], np.uint8).reshape(-1, 16),
        "sides": _joined([each.sides for each in holdings], np.int32).reshape(-1, 2),
        "texts": _joined(packed, np.uint8),
        "ends": np.cumsum([len(texts) for texts in packed], dtype=np.int64),
    }
    save_arrays(cache_file(root, kind), about, arrays)


def load(root: Path, kind: str) -> dict[Key, Holding]:
    """What an earlier opening found out; nothing where that is missing or damaged."""
    try:
        about, arrays = load_arrays(cache_file(root, kind))
        texts = iter(np.split(arrays["texts"], arrays["ends"]))
        taken = {name: _Taken(arrays[name]) for name in ("at", "lengths", "labels", "digests", "sides")}
        found: dict[Key, Holding] = {}
        for each in about["files"]:
            path, size, mtime_ns, count, verified = each["facts"]
            rows = {name: taken[name].next(count) for name in ("at", "lengths", "labels")}
            rows |= {name: taken[name].next(verified) for name in ("digests", "sides")}
            found[path, size, mtime_ns] = Holding(
                key=(path, size, mtime_ns),
                names=next(texts),
                columns={name: next(texts) for name in each["columns"]},
                texts=tuple(each["texts"]),
                skipped=tuple((name, reason) for name, reason in each["skipped"]),
                problem=each["problem"],
                **rows,
            )
        return found
    except Exception:  # zip, header and text problems come as many types; the file only saves time
        return {}


class _Taken:
    """An array that is taken piece by piece."""

    def __init__(self, array: Array) -> None:
        self._array, self._at = array, 0

    def next(self, count: int) -> Array:
        self._at += count
        return self._array[self._at - count : self._at]


def _about(each: Holding) -> dict[str, Any]:
    return {
        "facts": [*each.key, len(each), len(each.digests)],
        "texts": each.texts,
        "skipped": each.skipped,
        "problem": each.problem,
        "columns": list(each.columns),
    }


def _joined(arrays: Sequence[Array], dtype: Any) -> Array:
    return np.concatenate([np.empty((0, *arrays[0].shape[1:]), dtype), *arrays]) if arrays else np.empty(0, dtype)


def names_of(each: Holding) -> list[str]:
    """The images' names."""
    return unpack(each.names)


def without(holding: Holding, bad: Mapping[int, str]) -> Holding:
    """Leave images out, by their place and with a reason."""
    if not bad:
        return holding
    keep = [i for i in range(len(holding)) if i not in bad]
    names = names_of(holding)
    rows = ("at", "lengths", "labels", *(("digests", "sides") if holding.is_verified else ()))
    return dataclasses.replace(
        holding,
        names=_chosen(holding.names, keep),
        columns={name: _chosen(texts, keep) for name, texts in holding.columns.items()},
        skipped=(*holding.skipped, *((names[i], reason) for i, reason in bad.items())),
        **{name: getattr(holding, name)[keep] for name in rows},
    )


def _chosen(packed: Images, rows: Sequence[int]) -> Images:
    texts = unpack(packed)
    return pack([texts[i] for i in rows])
