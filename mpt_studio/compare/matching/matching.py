"""Which rows of two versions' predictions belong together: samples by id, classes by name.

Shape letters: N matched samples, A and B samples of the old version's and of the update's predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio.errors import UserError, quoted
from mpt_studio.predictions import Ints, Predictions, Strings

Bools = npt.NDArray[np.bool_]
EXAMPLES = 5
"""How many names stand for a longer list."""


@dataclass(frozen=True)
class Matching:
    """What two versions' predictions have in common, and what they do not."""

    matched: int
    """Samples that both versions answered and of which one knows the class; all figures are over these."""
    only_old: int
    """Samples that only the old version answered."""
    only_new: int
    only_old_ids: tuple[str, ...]
    """The first few of them."""
    only_new_ids: tuple[str, ...]
    added: tuple[str, ...]
    """Classes that only the update knows, in its order."""
    removed: tuple[str, ...]
    """Classes that only the old version knows, in its order."""
    reordered: bool
    """Whether the classes that both know come in another order, or at other places."""
    unknown: int
    """Samples whose true class neither version knows; left out."""
    unknown_classes: tuple[str, ...]
    other_data: bool = False
    """Whether the versions were evaluated on data of different, known fingerprints."""
    unlabelled: int = 0
    """Samples whose true class neither version's predictions tell; left out."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by the field's names."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    def sentences(self) -> list[str]:
        """What does not match, for people; empty where everything does."""
        found = []
        if self.other_data:
            found.append(
                "The two versions were evaluated on different editions of the data: "
                "images with the same id need not be the same."
            )
        if self.only_old:
            found.append(f"{_have(self.only_old)} no answer of the update ({quoted(self.only_old_ids[:3])}).")
        if self.only_new:
            found.append(f"{_have(self.only_new)} no answer of the old model ({quoted(self.only_new_ids[:3])}).")
        if self.unknown:
            classes = quoted(self.unknown_classes[:3])
            found.append(
                f"{_have(self.unknown)} a class that neither version knows ({classes}); left out of all figures."
            )
        if self.unlabelled:
            found.append(f"{_have(self.unlabelled)} no true class in either version's predictions; left out.")
        if self.removed:
            found.append(
                f"Classes of the old model that the update lacks: {len(self.removed)} ({quoted(self.removed, 3)})."
            )
        return found


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that belong together, in the order of the update's predictions."""

    old: Ints | None
    """(N,) rows of the old version's predictions; None where they are all its rows in their order."""
    new: Ints | None
    """(N,) rows of the update's predictions; None where they are all its rows in their order."""
    truth: npt.NDArray[np.int32]
    """(N,) true class as an index into the union of class names."""
    by_id: npt.NDArray[np.int32] | None = None
    """(N,) matched samples in the order of their ids; None where they are in this order already."""


def union(new: tuple[str, ...], old: tuple[str, ...]) -> tuple[str, ...]:
    """All class names: the update's in its order, then those that only the old version knows."""
    return tuple(dict.fromkeys([*new, *old]))


def match(old: Predictions, new: Predictions) -> tuple[Rows, Matching]:
    """Match samples by id.

    Raises ``UserError`` where no id is shared, a shared one has two true classes, or all are shared by data whose
    fingerprints differ.
    """
    old_rows, new_rows, order = _matched_rows(old, new)
    _refuse_other_truth(old, new, old_rows, new_rows)
    names = union(new.class_names, old.class_names)
    truth, labelled, unknown = _truths(old, new, old_rows, new_rows, names)
    known = truth >= 0
    only_old, only_new = _without(len(old), old_rows), _without(len(new), new_rows)
    report = Matching(
        matched=int(known.sum()),
        only_old=len(only_old),
        only_new=len(only_new),
        only_old_ids=tuple(map(str, old.sample_ids[only_old[:EXAMPLES]])),
        only_new_ids=tuple(map(str, new.sample_ids[only_new[:EXAMPLES]])),
        added=_lacking(new.class_names, old.class_names),
        removed=_lacking(old.class_names, new.class_names),
        reordered=_is_reordered(old.class_names, new.class_names),
        unknown=int((labelled & ~known).sum()),
        unknown_classes=unknown[:EXAMPLES],
        other_data=_is_other_data(old, new),
        unlabelled=int((~labelled).sum()),
    )
    _refuse_no_pair(report, old, new)
    old_rows, new_rows, truths = old_rows[known], new_rows[known], truth[known].astype(np.int32)
    by_id = None if order is None else _placed(order, new_rows)
    return Rows(_unless_all(old_rows, len(old)), _unless_all(new_rows, len(new)), truths, by_id), report


def _lacking(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The names that are not among others, in their order."""
    known = set(others)
    return tuple(name for name in names if name not in known)


def _is_reordered(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    known = set(old)
    shared = tuple(name for name in new if name in known)
    return old[: len(shared)] != shared or new[: len(shared)] != shared


def _refuse_no_pair(report: Matching, old: Predictions, new: Predictions) -> None:
    if report.other_data and not report.only_old and not report.only_new:
        raise UserError(
            f"The data differ: {_called(old, 'the old version')} and {_called(new, 'the update')} were evaluated on "
            f"samples with the same ids and classes, but the data's fingerprints are {old.data_fingerprint[:8]} and "
            f"{new.data_fingerprint[:8]}; evaluate both on the same data, as compare does with --data."
        )
    if not report.matched and not report.unknown:
        raise UserError(
            "The predictions of neither version tell the true classes; add a column label to one of them, or name the "
            "data, as compare does with --data."
        )
    if not report.matched:
        raise UserError(
            f"Neither version knows the class of any sample (such as {quoted(report.unknown_classes[:3])}); "
            "their class names and the data's differ."
        )


def _truths(
    old: Predictions, new: Predictions, old_rows: Ints, new_rows: Ints, names: tuple[str, ...]
) -> tuple[Ints, Bools, tuple[str, ...]]:
    """True classes as indices into ``names`` (−1 where they are not there), whether any is told, and which lack.

    The update's predictions say it; where they do not, the old version's.
    """
    every = union(new.label_names, old.label_names)
    said = _looked_up(positions(new.label_names, every), new.labels[new_rows])
    if (said < 0).any():
        said = np.where(said < 0, _looked_up(positions(old.label_names, every), old.labels[old_rows]), said)
    truth = _looked_up(positions(every, names), said)
    unknown = np.unique(said[(said >= 0) & (truth < 0)])
    return truth, said >= 0, tuple(every[i] for i in unknown)


def _looked_up(table: Ints, at: Ints) -> Ints:
    """``table[at]``; −1 stays −1."""
    found: Ints = np.append(table, -1)[at]
    return found


def positions(names: tuple[str, ...], within: tuple[str, ...]) -> Ints:
    """(len(names),) index of each name in ``within``; -1 where it is not there."""
    index = {name: i for i, name in enumerate(within)}
    return np.array([index.get(name, -1) for name in names], dtype=np.int64)


def _matched_rows(old: Predictions, new: Predictions) -> tuple[Ints, Ints, Ints | None]:
    """Rows in both versions, and the update's rows by id (None where they come so)."""
    old_ids, new_ids = np.asarray(old.sample_ids), np.asarray(new.sample_ids)
    if len(new_ids) and np.array_equal(old_ids, new_ids) and (new_ids[1:] > new_ids[:-1]).all():  # so they are unique
        every = np.arange(len(new_ids), dtype=np.int64)
        return every, every, None
    new_order = _sorted_order(new_ids, new)
    if np.array_equal(old_ids, new_ids):  # the usual case: the same data in the same order
        rows = np.arange(len(new_ids), dtype=np.int64)
    else:
        old_order = _sorted_order(old_ids, old)
        sorted_old = old_ids[old_order]
        place = np.searchsorted(sorted_old, new_ids[new_order])
        rows = np.full(len(new_ids), -1, dtype=np.int64)
        inside = np.flatnonzero(place < len(sorted_old))
        equal = inside[sorted_old[place[inside]] == new_ids[new_order[inside]]]
        rows[new_order[equal]] = old_order[place[equal]]
    new_rows = np.flatnonzero(rows >= 0).astype(np.int64)
    if not len(new_rows):
        first = " … against ".join(quoted(ids[:1].tolist()) for ids in (old_ids, new_ids))
        raise UserError(
            f"{_called(old, 'the old version')} and {_called(new, 'the update')} have no sample in common "
            f"({first} …); evaluate both on the same data."
        )
    return rows[new_rows], new_rows, new_order


def _placed(order: Ints, rows: Ints) -> npt.NDArray[np.int32]:
    """Positions within ascending ``rows`` in the order in which ``order`` visits them."""
    position = np.full(len(order), -1, dtype=np.int32)
    position[rows] = np.arange(len(rows), dtype=np.int32)
    visited = position[order]
    kept: npt.NDArray[np.int32] = visited[visited >= 0]
    return kept


def _unless_all(rows: Ints, count: int) -> Ints | None:
    return None if len(rows) == count and bool((rows == np.arange(count)).all()) else rows


def _sorted_order(ids: Strings, of: Predictions) -> Ints:
    order: Ints = np.argsort(ids, kind="stable")
    arranged = ids[order]
    double = np.flatnonzero(arranged[1:] == arranged[:-1])
    if len(double):
        raise UserError(
            f"{_called(of, 'A version')} has the sample id {str(arranged[double[0]])!r} more than once; "
            "ids tell samples apart, so give each its own."
        )
    return order


def _refuse_other_truth(old: Predictions, new: Predictions, old_rows: Ints, new_rows: Ints) -> None:
    names = union(new.label_names, old.label_names)
    old_truth = _looked_up(positions(old.label_names, names), old.labels[old_rows])
    new_truth = _looked_up(positions(new.label_names, names), new.labels[new_rows])
    differing = np.flatnonzero((old_truth != new_truth) & (old_truth >= 0) & (new_truth >= 0))
    if len(differing):
        i = differing[0]
        raise UserError(
            f"The data differ: sample {str(new.sample_ids[new_rows[i]])!r} is a {names[old_truth[i]]!r} for "
            f"{_called(old, 'the old version')} and a {names[new_truth[i]]!r} for {_called(new, 'the update')} "
            f"({len(differing):,} of {len(new_rows):,} shared samples differ); evaluate both on the same data."
        )


def _is_other_data(old: Predictions, new: Predictions) -> bool:
    """Whether both fingerprints are known and differ; predictions of another origin have none.

    The part's own decides where both are known: more training images make no other test part.
    """
    if old.part_fingerprint and new.part_fingerprint:
        return old.part_fingerprint != new.part_fingerprint
    return bool(old.data_fingerprint and new.data_fingerprint) and old.data_fingerprint != new.data_fingerprint


def _without(count: int, rows: Ints) -> Ints:
    left: Bools = np.ones(count, dtype=bool)
    left[rows] = False
    return np.flatnonzero(left).astype(np.int64)


def _called(version: Predictions, otherwise: str) -> str:
    return version.version or otherwise


def _have(samples: int) -> str:
    return "1 sample has" if samples == 1 else f"{samples:,} samples have"
