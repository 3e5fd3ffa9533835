"""One pass over one version's logits: answer, confidence, margin of each sample.

Columns are visited in the order of their names, so that neither a tie between two logits nor the rounding of a sum
depends on how a version lists its classes. Shape letters: N samples, C classes of the version, B rows of one chunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.matching import Bools, positions
from mpt_studio.errors import UserError
from mpt_studio.predictions import Floats, Ints, Predictions

CHUNK_VALUES = 1 << 20
"""Logits per chunk: all temporaries together stay below about 30 MB."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What one version says about N samples; classes are indices into the union of names."""

    answer: Ints
    """(N,) class of the largest logit; of equal ones the first by name."""
    confidence: Floats
    """(N,) largest softmax probability."""
    truth_probability: Floats
    """(N,) softmax probability of the true class; 0 where the version does not know it."""
    margin: Floats
    """(N,) z_y − max over the others; NaN where the version does not know the true class or knows no other."""
    best: Floats
    """(2, N) largest logit outside and inside of the marked classes; −inf without such classes."""
    best_class: Ints
    """(2, N) their classes; −1 without such classes."""


def read_answers(version: Predictions, rows: Ints, truth: Ints, names: tuple[str, ...], marked: Bools) -> Answers:
    """Compute ``Answers`` of ``rows``.

    Args:
        rows: (N,) rows of ``version``.
        truth: (N,) true class of each, an index into ``names``.
        names: the union of class names.
        marked: (len(names),) a partition of the classes in two, such as known and unknown to the old model.
    Raises ``UserError`` where a row holds no finite largest logit.
    """
    order = np.argsort(np.array(version.class_names), kind="stable")
    sorted_names = tuple(version.class_names[i] for i in order)
    column_name = positions(sorted_names, names)
    truth_column = positions(names, sorted_names)[truth]
    groups = [np.flatnonzero(~marked[column_name]), np.flatnonzero(marked[column_name])]
    found = _empty(len(rows))
    step = max(1, CHUNK_VALUES // len(order))
    for start in range(0, len(rows), step):
        here = slice(start, start + step)
        logits_BC = np.asarray(version.logits[rows[here]], dtype=np.float32)[:, order]
        _read_chunk(found, here, logits_BC, truth_column[here], groups)
    _refuse_not_finite(found.confidence, version, rows)
    for classes in (found.answer, found.best_class):
        classes[...] = np.where(classes >= 0, column_name[classes], -1)
    return found


def _read_chunk(found: Answers, here: slice, logits_BC: Floats, truth_column: Ints, groups: list[Ints]) -> None:
    every = np.arange(len(logits_BC))
    for g, columns in enumerate(groups):
        if len(columns):
            part = logits_BC if len(columns) == logits_BC.shape[1] else logits_BC[:, columns]
            at = part.argmax(axis=1)
            found.best_class[g, here], found.best[g, here] = columns[at], part[every, at]
    at = logits_BC.argmax(axis=1)
    top = logits_BC[every, at]
    known = np.flatnonzero(truth_column >= 0)
    truth_logit = logits_BC[known, truth_column[known]]
    with np.errstate(invalid="ignore", over="ignore"):  # refused below, with the sample's name
        total = np.exp(logits_BC - top[:, None]).sum(axis=1, dtype=np.float64)
        found.confidence[here] = 1 / total
        found.truth_probability[here][known] = np.exp((truth_logit - top[known]).astype(np.float64)) / total[known]
    found.answer[here] = at
    if logits_BC.shape[1] > 1:
        logits_BC[known, truth_column[known]] = -np.inf
        with np.errstate(invalid="ignore", over="ignore"):
            found.margin[here][known] = truth_logit - logits_BC[known].max(axis=1)


def _empty(n: int) -> Answers:
    return Answers(
        answer=np.zeros(n, dtype=np.int64),
        confidence=np.zeros(n, dtype=np.float32),
        truth_probability=np.zeros(n, dtype=np.float32),
        margin=np.full(n, np.nan, dtype=np.float32),
        best=np.full((2, n), -np.inf, dtype=np.float32),
        best_class=np.full((2, n), -1, dtype=np.int64),
    )


def _refuse_not_finite(confidence: Floats, version: Predictions, rows: Ints) -> None:
    bad: npt.NDArray[np.intp] = np.flatnonzero(np.isnan(confidence))
    if len(bad):
        raise UserError(
            f"The predictions{f' of {version.version}' if version.version else ''} have logits that are not finite in "
            f"{len(bad):,} of {len(rows):,} samples (such as {str(version.sample_ids[rows[bad[0]]])!r}); "
            "train or export them again."
        )
