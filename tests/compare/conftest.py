"""Small versions made from tables, and random ones for properties."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from mpt_studio.compare import Comparison, compare
from mpt_studio.predictions import Predictions


def version(
    logits: Sequence[Sequence[float]],
    class_names: str,
    truths: str,
    *,
    ids: str = "",
    label_names: str = "",
    name: str = "",
) -> Predictions:
    """Predictions from one row of logits per sample; classes, truths and ids are single letters."""
    every = label_names or "".join(sorted(set(class_names) | set(truths)))
    return Predictions(
        np.array(list(ids) if ids else [f"s{i}" for i in range(len(truths))]),
        np.array([every.index(t) for t in truths], dtype=np.int64),
        tuple(every),
        np.array(logits, dtype=np.float32).reshape(len(truths), len(class_names)),
        tuple(class_names),
        version=name,
    )


@pytest.fixture
def worked() -> Comparison:
    """Six samples; the old model knows a and b, the update also c.

    sample truth   old (a b)  answer  update (a b c)  answer   kind
    s0     a       (2, 0)     a       (3, 1, 0)       a        both right
    s1     a       (1, 0)     a       (1, 0, 3)       c        negative flip, to a new class
    s2     b       (0, 4)     b       (2, 1, 0)       a        negative flip, old-old
    s3     b       (1, 0)     a       (0, 1, 0)       b        positive flip
    s4     c       (1, 0)     a       (0, 0, 2)       c        positive flip (the old model cannot know c)
    s5     c       (0, 1)     b       (0, 5, 1)       b        both wrong, same answer
    """
    old = version([[2, 0], [1, 0], [0, 4], [1, 0], [1, 0], [0, 1]], "ab", "aabbcc", name="v1")
    update = [[3, 1, 0], [1, 0, 3], [2, 1, 0], [0, 1, 0], [0, 0, 2], [0, 5, 1]]
    return compare(old, version(update, "abc", "aabbcc", name="v2"))


def random_pair(
    seed: int, samples: int = 40, classes: int = 5, known: int = 3, *, ties: bool = True
) -> tuple[Predictions, Predictions]:
    """An old version that knows ``known`` of the classes and an update; whole-number logits give many ties."""
    rng = np.random.default_rng(seed)
    names = tuple(f"class {i}" for i in rng.permutation(classes))
    ids = np.array([f"sample {i}" for i in rng.permutation(samples)])
    labels = rng.integers(0, classes, samples)

    def logits(columns: int) -> np.ndarray:
        values = rng.integers(-3, 4, (samples, columns)) if ties else rng.normal(size=(samples, columns))
        return values.astype(np.float32)

    old = Predictions(ids, labels, names, logits(known), names[:known], version="old")
    return old, Predictions(ids, labels, names, logits(classes), names, version="update")


def by_id(c: Comparison) -> dict[str, tuple[object, ...]]:
    """Everything about each sample, exactly; NaN as None so that it equals itself."""
    names = np.array(c.names)
    columns = [
        names[c.truth], names[c.old_answer], names[c.new_answer], c.kinds, c.old_confidence, c.new_confidence,
        c.old_margin, c.new_margin, c.margin_drop, c.confidence_lost, c.best_old_logit, c.best_new_logit,
    ]  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    cleaned = (tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row) for row in rows)
    return dict(zip(map(str, c.sample_ids), cleaned, strict=True))
