"""Validation figures of an epoch: accuracy and flips against the old model, by class name.

Shape letters: N validation samples, C classes of the version.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpt_studio import flips

MOST_FLIPPED = 48

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Validation:
    """Compares a version's answers with the truth and with the old model's, which are given once.

    Args:
        sample_ids: (N,) ids of the validation samples.
        truth_N: (N,) columns of the true classes.
        class_names: (C,) of the version.
        old_answers: (N,) names that the old model answers; None without an old model.
        old_names: classes that the old model knows.
    """

    def __init__(
        self,
        sample_ids: npt.NDArray[np.str_],
        truth_N: Ints,
        class_names: Sequence[str],
        old_answers: Sequence[str] | None,
        old_names: Sequence[str],
    ) -> None:
        self.sample_ids, self.truth_N = sample_ids, truth_N
        column = {name: i for i, name in enumerate(class_names)}
        # −1: a class that the version does not have, never equal to a truth or an answer
        answered = None if old_answers is None else [column.get(name, -1) for name in old_answers]
        self.old_N = None if answered is None else np.array(answered, dtype=np.int64)
        self.is_new_C = np.array([name not in set(old_names) for name in class_names], dtype=bool)

    def figures(self, logits_NC: Floats) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
        """Figures per subset as in ``events.Epoch.validation``, and ids of negative flips (at most 48)."""
        answer_N = logits_NC.argmax(axis=1)
        right_N = answer_N == self.truth_N
        if not len(right_N):
            return {}, ()
        if self.old_N is None:
            return {"all": {"samples": len(right_N), "accuracy_new": float(right_N.mean())}}, ()
        kinds_N = flips.flip_kinds(self.old_N == self.truth_N, right_N)
        lost_N = _confidence_lost(logits_NC, self.truth_N)
        new_N = self.is_new_C[self.truth_N]
        figures = {
            name: flips.rates(kinds_N, answer_N != self.old_N, self.is_new_C[answer_N], lost_N, where).to_json()
            for name, where in (("all", None), ("old_classes", ~new_N), ("new_classes", new_N))
        }
        if self.is_new_C.any() and not self.is_new_C.all():
            figures["all"]["accuracy_best_offset"] = _best_over_offsets(logits_NC, self.truth_N, self.is_new_C)
        return figures, tuple(self.sample_ids[kinds_N == flips.FlipKind.NEGATIVE][:MOST_FLIPPED].tolist())


def _best_over_offsets(logits_NC: Floats, truth_N: Ints, is_new_C: npt.NDArray[np.bool_]) -> float:
    """The highest accuracy that any constant, subtracted from the logits of new classes, gives."""
    old_NC, new_NC = (np.where(hidden, np.float32(-np.inf), logits_NC) for hidden in (is_new_C, ~is_new_C))
    order = np.argsort(new_NC.max(axis=1) - old_NC.max(axis=1), kind="stable")
    if_old, if_new = ((side.argmax(axis=1) == truth_N)[order] for side in (old_NC, new_NC))
    gained = np.cumsum(if_old.astype(np.int64) - if_new)
    return float((if_new.sum() + max(0, gained.max())) / len(truth_N))


def _confidence_lost(logits_NC: Floats, truth_N: Ints) -> npt.NDArray[np.float64]:
    """(N,) max p − p[y]."""
    shifted = np.exp(logits_NC.astype(np.float64) - logits_NC.max(axis=1, keepdims=True))
    chances = shifted / shifted.sum(axis=1, keepdims=True)
    lost: npt.NDArray[np.float64] = chances.max(axis=1) - chances[np.arange(len(truth_N)), truth_N]
    return lost
