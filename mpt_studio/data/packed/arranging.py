"""Puts the images of all files into the order of a data set: parts, classes, ids."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.data.dataset import Part, Skipped
from mpt_studio.data.index import PARTS, Index, unpack
from mpt_studio.data.packed.dataset import PackedDataset, Places, Reader
from mpt_studio.data.packed.holding import Holding, names_of
from mpt_studio.data.parts import agreed_classes, drawn_for_test
from mpt_studio.data.scan import composed, sample_id
from mpt_studio.errors import one_sentence

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Contents:
    """What was found in the files of a data set."""

    holdings: Sequence[Holding]
    """Of each file, with class names as texts."""
    parts: Mapping[str, Part]
    """By the file's path; empty where a fifth of the images is to be the test part."""
    skipped: Sequence[Skipped]
    notes: Sequence[str]


def arranged(spec: str, root: Path, found: Contents, reader: Reader) -> PackedDataset:
    """The data set. Raises ``UserError`` as ``agreed_classes`` does."""
    holdings = found.holdings
    codes: dict[str, int] = {}
    for name in (text for each in holdings for text in each.texts if text):
        codes.setdefault(name, len(codes))
    labels = _joined([np.array([codes.get(t, -1) for t in each.texts], np.int64)[each.labels] for each in holdings])
    parts = _parts(found, labels)
    order = np.argsort(parts, kind="stable")
    there = {part: [list(codes)[i] for i in np.unique(labels[parts == PARTS.index(part)])] for part in _named(found)}
    where = one_sentence(str(root))
    class_names, notes = agreed_classes(there, codes, _named(found, reader.word), where, is_split=not found.parts)
    place = {name: i for i, name in enumerate(class_names)}
    index = Index(
        files=(),
        sample_ids=_ids(holdings, order),
        labels=np.array([place[name] for name in codes], np.int64)[labels[order]],
        parts=parts[order],
        digests=_joined([each.digests for each in holdings])[order],
        sizes=_joined([each.sides for each in holdings])[order],
        class_names=class_names,
        skipped=(*found.skipped, *_skipped(holdings)),
        notes=(*found.notes, *_problems(holdings, reader.word), *notes),
        metadata=_metadata(holdings, order),
    )
    places = Places(
        np.repeat(np.arange(len(holdings), dtype=np.int32), [len(each) for each in holdings])[order],
        _joined([each.at for each in holdings])[order],
        _joined([each.lengths for each in holdings])[order],
    )
    return PackedDataset(spec, root, index, places, [each.key for each in holdings], reader)


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays)


def _named(found: Contents, word: str = "") -> dict[Part, str]:
    """The parts, and what they are called in sentences."""
    if not found.parts:
        return {"train": "train", "test": "test"}
    return {part: f"the {part} {word}s" for part in PARTS if part in found.parts.values()}


def _parts(found: Contents, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """(N,) index into ``PARTS``."""
    if not found.parts:
        ids = (name for each in found.holdings for name in _ids_of(each))
        return np.where(drawn_for_test(ids, labels), PARTS.index("test"), PARTS.index("train")).astype(np.int8)
    of_file = [PARTS.index(found.parts[each.key[0]]) for each in found.holdings]
    return np.repeat(np.array(of_file, np.int8), [len(each) for each in found.holdings])


def _ids_of(holding: Holding) -> Iterator[str]:
    start = sample_id(holding.key[0])
    return (f"{start}/{composed(name)}" for name in names_of(holding))


def _ids(holdings: Sequence[Holding], order: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """(N,) in the order of the data set; file by file, as all of them as texts would take several times the memory."""
    longest = max((len(name) for each in holdings for name in _ids_of(each)), default=1)
    ids = np.empty(len(order), f"<U{longest}")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    done = 0
    for each in holdings:
        ids[place[done : done + len(each)]] = list(_ids_of(each))
        done += len(each)
    return ids


def _metadata(holdings: Sequence[Holding], order: npt.NDArray[np.int64]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(name for each in holdings for name in each.columns):
        texts: list[str] = []
        for each in holdings:
            texts += map(sys.intern, unpack(each.columns[name])) if name in each.columns else [""] * len(each)
        found[name] = tuple(texts[i] for i in order.tolist())
    return found


def _skipped(holdings: Sequence[Holding]) -> Iterator[Skipped]:
    for each in holdings:
        path = sample_id(each.key[0])
        yield from (Skipped(f"{path}/{name}", reason) for name, reason in each.skipped)
        if each.problem:
            yield Skipped(path, each.problem)


def _problems(holdings: Sequence[Holding], word: str) -> Iterator[str]:
    damaged = [each for each in holdings if each.problem]
    if damaged:
        first, others = one_sentence(sample_id(damaged[0].key[0]), 120), len(damaged) - 1
        more = f"; {others:,} more are damaged too, as the list of what was left out says" if others else ""
        yield f"The {word} {first} is not read to its end: {damaged[0].problem}{more}."
