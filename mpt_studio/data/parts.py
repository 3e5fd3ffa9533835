"""Training, validation and test part of listed images, and the classes that the parts agree on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mpt_studio.data.classes import check_no_twins, natural_key, quoted
from mpt_studio.data.dataset import Part, Skipped
from mpt_studio.data.index import PARTS, Index
from mpt_studio.data.scan import Found
from mpt_studio.data.verdicts import Verdict
from mpt_studio.errors import UserError

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
    hashes = {s.found.sample_id: _unit_hash(s.found.sample_id) for s in samples}
    per_class: dict[str, list[str]] = {}
    for s in samples:
        per_class.setdefault(s.found.class_name, []).append(s.found.sample_id)
    test = {name for name, value in hashes.items() if value < TEST_SHARE}
    for ids in per_class.values():
        ranked = sorted(ids, key=hashes.__getitem__)
        if len(ids) > 1:
            test.add(ranked[0])
            test.discard(ranked[-1])
    parted = [Sample(s.found, s.verdict, "test" if s.found.sample_id in test else "train") for s in samples]
    return sorted(parted, key=lambda s: s.part == "test")


def agreed_classes(
    samples: Sequence[Sample], named: Collection[str], parts: Mapping[Part, str], where: str, *, is_split: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes in natural order, and notes on those that a part lacks.

    Samples find their class by name, so a part may lack some; only a class that cannot be learned is refused.

    Args:
        samples: the usable images.
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
    there = {part: {s.found.class_name for s in samples if s.part == part} for part in parts}
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
