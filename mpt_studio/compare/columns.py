"""The arrays that a comparison keeps of each sample. Letters: N matched samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpt_studio.compare.answers import Answers, Codes
from mpt_studio.flips import flip_kinds
from mpt_studio.predictions import Floats

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Columns:
    """(N,) arrays, 65 bytes per sample, which may be memory-mapped; what they mean is told by ``Comparison``."""

    truth: Codes
    old_answer: Codes
    new_answer: Codes
    kinds: Bytes
    old_confidence: Floats
    new_confidence: Floats
    old_margin: Floats
    new_margin: Floats
    truth_probability: Floats
    truth_logit: Floats
    """The update's z_y; NaN where it does not know the true class."""
    rival: Floats
    """The update's largest logit of the other classes on the true class's side (old or new); −inf without."""
    best_old_logit: Floats
    best_new_logit: Floats
    best_old_class: Codes
    best_new_class: Codes
    log_sum_old: Floats
    """The update's log Σ exp z over the classes that the old model knows; −inf without."""
    log_sum_new: Floats


def columns(truth: Codes, old: Answers, new: Answers) -> Columns:
    """Join what was read of the two versions."""
    return Columns(
        truth=truth,
        old_answer=old.answer,
        new_answer=new.answer,
        kinds=flip_kinds(old.answer == truth, new.answer == truth),
        old_confidence=old.confidence,
        new_confidence=new.confidence,
        old_margin=old.margin,
        new_margin=new.margin,
        truth_probability=new.truth_probability,
        truth_logit=new.truth_logit,
        rival=new.rival,
        best_old_logit=new.best[0],
        best_new_logit=new.best[1],
        best_old_class=new.best_class[0],
        best_new_class=new.best_class[1],
        log_sum_old=new.log_sum[0],
        log_sum_new=new.log_sum[1],
    )
