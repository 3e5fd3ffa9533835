"""Are they logits or probabilities? Probabilities become their logarithms. Letters: N samples, C classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.predictions.answers import Floats, Scores, Strings
from mpt_studio.predictions.columns import Declared

CHUNK_VALUES = 1 << 20
SUM_TOLERANCE = 0.01
"""How far from 1 rounded probabilities of a sample may add up."""
FLOOR = 1e-7
"""A probability of 0 is taken as this, or as half of the smallest other one where that is less."""


@dataclass(frozen=True)
class Look:
    """What a pass over all scores finds."""

    low: float
    high: float
    worst_sum: float
    """The sum of a row that is furthest from 1."""
    worst_row: int
    smallest: float
    """The smallest one above 0; infinite where there is none."""
    zeros: int
    only_zero_and_one: bool


def understood(scores: Floats, declared: Declared, ids: Strings, where: str) -> tuple[Scores, tuple[str, ...]]:
    """What the scores are, with notes; probabilities are turned into logarithms in place.

    Scores that are 0 and 1 alone say no more than answers. Raises ``UserError`` where scores are declared to be
    probabilities and are not.
    """
    if declared == "logits" or not scores.size:
        return "logits", ()
    look = _look(scores)
    is_share = look.low >= -1e-6 and look.high <= 1 + 1e-4
    if declared == "probabilities" and not is_share:
        raise UserError(f"{where} has probabilities from {look.low:g} to {look.high:g}; call the columns logit_….")
    adds_up = abs(look.worst_sum - 1) <= SUM_TOLERANCE
    if declared == "probabilities" and not adds_up:
        name = one_sentence(str(ids[look.worst_row]), 40)
        raise UserError(
            f"{where}: the probabilities of {name!r} add up to {look.worst_sum:.3g}, not 1; call the columns score_…."
        )
    if not (is_share and adds_up and scores.shape[1] > 1):
        return "logits", ()
    if look.only_zero_and_one:
        return "answers", ("The scores are 0 and 1 alone and say no more than the answers.",)
    floor = min(FLOOR, look.smallest / 2)
    for part in _parts(scores):
        scores[part] = np.log(np.maximum(scores[part].astype(np.float64), floor))
    zeros = "1 probability of 0 was" if look.zeros == 1 else f"{look.zeros:,} probabilities of 0 were"
    noted = (f"{zeros} taken as {floor:.1g}.",) if look.zeros else ()
    return "probabilities", ("The scores are probabilities; their logarithms serve as logits.", *noted)


def _look(scores: Floats) -> Look:
    low, high, smallest, zeros, binary = np.inf, -np.inf, np.inf, 0, True
    worst_sum, worst_row, start = 1.0, 0, 0
    for part in _parts(scores):
        here = scores[part].astype(np.float64)
        low, high = min(low, float(here.min())), max(high, float(here.max()))
        with np.errstate(invalid="ignore"):
            sums = here.sum(axis=1)
        at = int(np.abs(sums - 1).argmax())
        if not abs(sums[at] - 1) <= abs(worst_sum - 1):
            worst_sum, worst_row = float(sums[at]), start + at
        smallest = min(smallest, float(np.min(here, where=here > 0, initial=np.inf)))
        zeros += int((here <= 0).sum())
        binary = binary and bool(((here == 0) | (here == 1)).all())
        start += len(here)
    return Look(low, high, worst_sum, worst_row, smallest, zeros, binary)


def _parts(scores: Floats) -> Iterator[slice]:
    step = max(1, CHUNK_VALUES // scores.shape[1])
    return (slice(start, start + step) for start in range(0, len(scores), step))
