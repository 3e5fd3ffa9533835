"""Small comparisons, made as those of the room below."""

from __future__ import annotations

import dataclasses

import numpy as np

from mpt_studio.compare import Comparison, compare
from mpt_studio.predictions import Predictions

from ..compare.conftest import worked

__all__ = ["counted", "worked"]


def counted(**classes: tuple[int, int, int, int]) -> Comparison:
    """Of each class so many samples: both right, negative flips, positive flips, both wrong; "new_x" is a new class."""
    names = tuple(classes)
    known = tuple(name for name in names if not name.startswith("new_"))
    rows = [
        (i, old, new)
        for i, name in enumerate(names)
        for (old, new), n in zip(((1, 1), (1, 0), (0, 1), (0, 0)), classes[name], strict=True)
        for _ in range(n)
    ]
    truth, before, after = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    ids = np.array([f"{names[t]}{i}" for i, t in enumerate(truth)])
    wrong = (truth + 1) % len(names)
    old = _answers(ids, truth, names, known, np.where(before == 1, truth, wrong) % len(known))
    return compare(old, _answers(ids, truth, names, names, np.where(after == 1, truth, wrong)))


def _answers(ids, truth, names, known, answers) -> Predictions:  # type: ignore[no-untyped-def]
    logits = np.eye(len(known), dtype=np.float32)[answers] * 3
    return dataclasses.replace(Predictions(ids, truth, names, logits, known), version="v")
