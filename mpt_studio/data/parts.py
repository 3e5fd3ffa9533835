"""Training, validation and test part of listed images, and the classes that the parts agree on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.data.classes import check_no_twins, natural_key
from mpt_studio.data.dataset import Part, Skipped
from mpt_studio.data.index import PARTS, Index
from mpt_studio.data.scan import Found
from mpt_studio.data.verdicts import Verdict
from mpt_studio.errors import UserError, quoted

TEST_SHARE = 0.2
"""Of images that come without parts."""


@dataclass(frozen=True)
class Sample:
    """One usable image."""

    found: Found
    verdict: Verdict
    part: Part


def split(samples: Sequence[Sample]) -> list[Sample]:
    """Give a fifth to the test part by a hash of each id, and at least one image of each class with two or more."""
    names: dict[str, int] = {}
    labels = np.array([names.setdefault(s.found.class_name, len(names)) for s in samples], np.int64)
    in_test = drawn_for_test([s.found.sample_id for s in samples], labels)
    parted = [Sample(s.found, s.verdict, "test" if test else "train") for s, test in zip(samples, in_test, strict=True)]
    return sorted(parted, key=lambda s: s.part == "test")


def drawn_for_test(sample_ids: Iterable[str], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(N,) whether ``split`` gives a sample to the test part."""
    hashes = np.fromiter(map(_unit_hash, sample_ids), np.float64, len(labels))
    ranked = np.lexsort((hashes, labels))  # class after class, each by its hashes
    starts = np.flatnonzero(np.diff(labels[ranked], prepend=-1))
    ends = np.append(starts, len(labels))[1:] - 1
    several = ends > starts
    chosen = hashes < TEST_SHARE
    chosen[ranked[starts[several]]] = True
    chosen[ranked[ends[several]]] = False
    return chosen


def classes_of(samples: Iterable[Sample], parts: Iterable[Part]) -> dict[Part, set[str]]:
    """The classes that each part has images of."""
    there: dict[Part, set[str]] = {part: set() for part in parts}
    for s in samples:
        if s.part in there:
            there[s.part].add(s.found.class_name)
    return there


def agreed_classes(
    there: Mapping[Part, Collection[str]],
    named: Collection[str],
    parts: Mapping[Part, str],
    where: str,
    *,
    is_split: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes in natural order, and notes on those that a part lacks.

    Samples find their class by name, so a part may lack some; only a class that cannot be learned is refused.

    Args:
        there: the classes that each part has usable images of.
        named: classes with any image, usable or not.
        parts: what the parts are called in sentences.
        where: the folder or file, for sentences.
        is_split: whether the parts were drawn from one level, which needs two images of each class.
    """
    names = sorted(named, key=natural_key)
    check_no_twins(names, where)
    if not names:
        raise UserError(f"There are no images in {where}; look at the list of what was left out.")
    if len(names) < 2:
        raise UserError(f"There is only one class, {quoted(names)}, in {where}; a classifier needs at least two.")
    lacking = {part: [name for name in names if name not in there[part]] for part in parts}
    if is_split and (lacking["train"] or lacking["test"]):
        poor = [name for name in names if name in (*lacking["train"], *lacking["test"])]
        raise UserError(f"Class {quoted(poor)} in {where} has fewer than two readable images; it needs more.")
    if not there["test"]:
        raise UserError(f"There are no readable images in {parts['test']} of {where}; add some to compare versions on.")
    _refuse_unlearnable(lacking, parts, where)
    notes = (
        f"Class {quoted(missing)} has no readable images in {parts[part]}: nothing can be said about it there."
        for part, missing in lacking.items()
        if missing
    )
    return tuple(names), tuple(notes)


def _refuse_unlearnable(lacking: Mapping[Part, list[str]], parts: Mapping[Part, str], where: str) -> None:
    in_none = set.intersection(*map(set, lacking.values()))
    part: Part = "train" if "train" in parts else "test"
    missing = [name for name in lacking[part] if part == "train" or name in in_none]
    if missing:
        raise UserError(
            f"Class {quoted(missing)} has no readable images in {parts[part]} of {where}, though another part names "
            "it; add images or remove the class."
        )


def build_index(
    samples: Iterable[Sample],
    class_names: tuple[str, ...],
    skipped: Sequence[Skipped],
    notes: Sequence[str],
    metadata: Mapping[str, tuple[str, ...]] | None = None,
) -> Index:
    """The samples as arrays."""
    rows = list(samples)
    label = {name: i for i, name in enumerate(class_names)}
    return Index(
        files=[s.found.path for s in rows],
        sample_ids=np.array([s.found.sample_id for s in rows], dtype=np.str_),
        labels=np.array([label[s.found.class_name] for s in rows], dtype=np.int64),
        parts=np.array([PARTS.index(s.part) for s in rows], dtype=np.int8),
        digests=np.frombuffer(b"".join(s.verdict.digest for s in rows), np.uint8).reshape(-1, 16),
        sizes=np.array([(s.verdict.width, s.verdict.height) for s in rows], dtype=np.int32).reshape(-1, 2),
        class_names=class_names,
        skipped=tuple(skipped),
        notes=tuple(notes),
        metadata=metadata or {},
    )


def _unit_hash(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2.0**64
