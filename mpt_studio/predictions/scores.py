"""In which unit scores are written, told by their numbers and not by their names; all of them become logits.

Logarithms of probabilities serve as logits: they differ by one number a sample, so margins are the same.
Letters: N samples, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from mpt_studio.errors import UserError, one_sentence
from mpt_studio.predictions.answers import Floats, Ints, Scores, Strings
from mpt_studio.predictions.columns import Declared
from mpt_studio.predictions.scales import Scale

CHUNK_VALUES = 1 << 20
SUM_TOLERANCE = 0.021
"""How far from 1 the probabilities of a sample may add up; more where they are rounded and many."""
FLOOR = 1e-7
"""A probability of 0 is taken as this, or as half of the smallest other one where that is less."""
MANY_VALUES = 100
"""So many scores without one below 0 are no accident."""
MANY_ROWS = 5
"""So many rows that add up to the same are no accident."""
_BY_CHANCE = 6.0
"""Rows are sorted where less than 10 to the minus this would be by chance."""
_BASES: tuple[tuple[float, str], ...] = ((np.e, ""), (10.0, " to the base 10"), (2.0, " to the base 2"))


class UnclearScores(UserError):  # noqa: N818 - a question rather
    """Scores that can be several things: a person has to say which of them."""

    def __init__(self, where: str, what: str, fits: tuple[Scale, ...]) -> None:
        super().__init__(f"{where}: {what}; say what they are with --scores {' or '.join(fits)}.")
        self.where, self.what, self.fits = where, what, fits


@dataclass(frozen=True, eq=False)
class Look:
    """What passes over all scores find."""

    scores: Floats
    low: float
    high: float
    smallest: float
    """The smallest one above 0; infinite where there is none."""
    zeros: int
    binary: bool
    """Whether they are 0 and 1 alone."""
    unit: float
    """Of the last digit that they are rounded to; 0 where they are not."""
    order: Literal["falling", "rising", ""]
    """Whether every row is sorted."""

    @cached_property
    def sums(self) -> Floats:
        """(N,) what rows add up to."""
        return self.added(lambda part: part)

    def added(self, of: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> Floats:
        """(N,) what some function of the scores adds up to in each row."""
        with np.errstate(invalid="ignore", over="ignore"):
            return np.concatenate([of(part).sum(axis=1) for part in _parts(self.scores)]).astype(np.float32)

    def adds_up(self, sums: Floats, whole: float = 1.0) -> bool:
        """Whether rows add up to ``whole``, as far as rounding lets them."""
        rounded = min(self.unit * self.scores.shape[1], whole / 4)
        with np.errstate(invalid="ignore"):
            furthest = np.abs(sums - whole).max()
        return bool(furthest <= max(SUM_TOLERANCE * whole, rounded))


@dataclass(frozen=True)
class Found:
    """What scores are, and how they become logits."""

    kind: Scores
    notes: tuple[str, ...] = ()
    change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] | None = None


def look_at(scores: Floats) -> Look:
    """A first pass over (N, C) scores."""
    low, high, smallest, zeros, binary = np.inf, -np.inf, np.inf, 0, True
    for part in _parts(scores):
        low, high = float(np.minimum(low, part.min())), float(np.maximum(high, part.max()))  # NaN stays
        smallest = min(smallest, float(np.min(part, where=part > 0, initial=np.inf)))
        zeros += int((part <= 0).sum())
        binary = binary and bool(((part == 0) | (part == 1)).all())
    return Look(scores, low, high, smallest, zeros, binary, _unit(scores), _order(scores))


def understood(
    scores: Floats,
    declared: Declared,
    ids: Strings,
    where: str,
    *,
    said: Scale | None = None,
    truth: Ints | None = None,
    numbered: bool = False,
) -> tuple[Scores, tuple[str, ...]]:
    """What the scores are, with notes; they are turned into logits in place.

    Args:
        declared: what a prefix says they are; it is believed where the numbers can be that.
        said: what a person says they are.
        truth: (N,) column of each sample's true class, −1 where it has none.
        numbered: whether the columns are numbered, so that they need not be one a class.
    Raises ``UserError`` where they cannot be one score a class, ``UnclearScores`` where they can be several things.
    """
    if not scores.size:
        return "logits", ()
    if scores.shape[1] < 2:
        raise UserError(f"{where} has one column of scores; write one for each class, for two classes 1 − p and p.")
    look = look_at(scores)
    if np.isnan(look.low):  # whoever makes figures of them refuses that
        return "logits", ()
    if not look.binary:
        _refuse_sorted(look, where, truth, numbered)
    found = _as_said(look, said, where) if said else _told(look, declared, ids, where)
    if not said and found.kind != "answers" and found.change is None:
        _refuse_upside_down(look, where, truth)
    if found.change is not None:
        _apply(scores, found.change)
    return found.kind, found.notes


def doubt_about(outputs: Floats) -> str:
    """Why a network's outputs on some images do not look like logits; "" where they do."""
    look = look_at(outputs)
    if look.low < 0:
        return ""
    if look.high > 1 + 1e-4:
        return "None of its outputs is below 0: they may be no logits." if outputs.size >= MANY_VALUES else ""
    kind = "probabilities" if look.adds_up(look.sums) else "probabilities of each class by itself"
    return f"Its outputs look like {kind}; margins are differences of them, not of logits."


# What numbers tell ---------------------------------------------------------------------------------------------------


def _told(look: Look, declared: Declared, ids: Strings, where: str) -> Found:
    rows, size = len(look.scores), look.scores.size
    if declared == "logits" and (rows < MANY_ROWS or look.low < 0 or look.high > 1):
        return Found("logits")
    if look.low >= -1e-6 and look.high <= 1 + 1e-4:
        return _shares(look, declared, ids, where)
    if declared == "probabilities" and look.low < 0 < look.high:
        what = f"the probabilities go from {look.low:g} to {look.high:g}"
        raise UnclearScores(where, what, ("logits",))
    if look.high <= 1e-4:
        return _negative(look)
    if look.low >= 0:
        return _positive(look, where)
    if look.low >= -1 and look.high <= 1 and size >= MANY_VALUES:
        return Found("logits", ("All scores lie within −1…1; if they are cosines, margins are differences of those.",))
    return Found("logits")


def _shares(look: Look, declared: Declared, ids: Strings, where: str) -> Found:
    """Scores within 0…1."""
    adds_up = look.adds_up(look.sums)
    if look.binary and adds_up:
        return Found("answers", ("The scores are 0 and 1 alone and say no more than the answers.",))
    if look.binary:
        name = one_sentence(str(ids[int(np.abs(look.sums - 1).argmax())]), 40)
        raise UserError(f"{where} has scores of 0 and 1 alone, and not a single 1 for {name!r}; write one answer.")
    if adds_up:
        return _probabilities(look)
    if (base := _base(look, -1)) is not None:
        return _negative_log(base)
    worst = int(np.abs(look.sums - 1).argmax())
    if declared == "probabilities" or look.sums.max() <= 1 + SUM_TOLERANCE:
        name = one_sentence(str(ids[worst]), 40)
        what = f"the scores of {name!r} add up to {look.sums[worst]:.3g}, not 1"
        raise UnclearScores(where, what, ("sigmoid", "probabilities"))
    return _sigmoid(look)


def _negative(look: Look) -> Found:
    """Scores of 0 and less."""
    base = _base(look, 1)
    if base is not None:
        factor, words = np.log(base[0]), base[1]
        note = f"The scores are logarithms of probabilities{words}; they serve as logits."
        return Found("probabilities", (note,), None if base[0] == np.e else lambda part: part * factor)
    many = look.scores.size >= MANY_VALUES
    return Found("logits", ("None of the scores is above 0; they were taken as logits.",) if many else ())


def _positive(look: Look, where: str) -> Found:
    """Scores of 0 and more, some above 1."""
    whole = float(look.sums.mean())
    same = len(look.sums) >= MANY_ROWS and bool((look.scores != look.scores[0]).any())
    for total in (100.0, *((whole,) if same else ())):
        if look.adds_up(look.sums, total):
            return _probabilities(look, total)
    if (base := _base(look, -1)) is not None:
        return _negative_log(base)
    if look.scores.size < MANY_VALUES:
        return Found("logits", ("None of the scores is below 0; they were taken as logits.",))
    fits: tuple[Scale, ...] = ("logits", "distances", *(("sigmoid",) if look.high <= 100 else ()))
    raise UnclearScores(where, f"the scores go from {look.low:g} to {look.high:g} and add up to nothing", fits)


def _base(look: Look, sign: int) -> tuple[float, str] | None:
    """Whether they are logarithms of probabilities (times ``sign``): the base with its words."""
    rounded = 0.6 * look.unit if look.unit <= 0.1 else 0.0
    for base, words in _BASES if len(look.scores) >= MANY_ROWS else _BASES[:1]:
        factor = sign * np.log(base)
        sums = look.added(lambda part, factor=factor: np.exp(part * factor))  # type: ignore[misc]
        if np.abs(sums - 1).max() <= max(SUM_TOLERANCE, rounded):
            return base, words
    return None


def _probabilities(look: Look, whole: float = 1.0) -> Found:
    floor = _floor(look, whole)

    def change(part: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.log(np.maximum(part, floor) / whole)

    unit = "" if whole == 1 else " in percent" if abs(whole - 100) < 1 else f" times {whole:g}"
    digits = f", rounded to {look.unit:g}, and margins as rough as that" if look.unit >= 0.01 * whole else ""
    note = f"The scores are probabilities{unit}{digits}; their logarithms serve as logits."
    return Found("probabilities", (note, *_zeros(look.zeros, floor)), change)


def _zeros(count: int, floor: float) -> tuple[str, ...]:
    zeros = "1 probability of 0 was" if count == 1 else f"{count:,} probabilities of 0 were"
    return (f"{zeros} taken as {floor:.2g}.",) if count else ()


def _floor(look: Look, whole: float) -> float:
    """What a probability of 0 is taken as: of rounded ones, the middle of what is rounded to 0."""
    return look.unit / 4 if look.unit else min(FLOOR * whole, look.smallest / 2)


def _sigmoid(look: Look) -> Found:
    whole = 100.0 if look.high > 1 + 1e-4 else 1.0
    least = min(0.25, max(_floor(look, whole) / whole, 1e-12))
    most = 1 - max(least, FLOOR)

    def change(part: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        share = np.clip(part / whole, least, most)
        return np.log(share / (1 - share))

    note = "The scores are probabilities of each class by itself (sigmoids); their logits log(p/(1 − p)) were taken."
    return Found("logits", (note, *_zeros(look.zeros, least)), change)


def _negative_log(base: tuple[float, str]) -> Found:
    factor = -np.log(base[0])
    note = (
        f"The scores are negative logarithms of probabilities{base[1]}, the smallest for the answer; they were negated."
    )
    return Found("probabilities", (note,), lambda part: part * factor)


# What a person says --------------------------------------------------------------------------------------------------


def _as_said(look: Look, said: Scale, where: str) -> Found:
    """Raises ``UserError`` where the numbers cannot be that."""
    least, most = _RANGES[said]
    if look.low < least - 1e-6 or look.high > most * (1 + 1e-4) + 1e-6:
        raise UserError(
            f"{where} has scores from {look.low:g} to {look.high:g}, which are no {said.replace('_', ' ')}; "
            "say otherwise with --scores."
        )
    if said in ("probabilities", "percent"):
        whole = 1.0 if said == "probabilities" else 100.0
        if look.sums.max() > whole * (1 + SUM_TOLERANCE) and not look.adds_up(look.sums, whole):
            raise UserError(
                f"{where} has rows that add up to {look.sums.max():.3g}, not {whole:g}; try --scores sigmoid."
            )
        return _probabilities(look, whole)
    if said == "sigmoid":
        return _sigmoid(look)
    if said == "negative_log":
        return _negative_log(_base(look, -1) or _BASES[0])
    if said == "distances":
        return Found("logits", ("The scores were negated: the smallest stands for the answer.",), np.negative)
    return _negative(look) if said == "log_probabilities" else Found("logits", ("The scores are logits, as was said.",))


_RANGES: Mapping[Scale, tuple[float, float]] = {
    "logits": (-np.inf, np.inf),
    "probabilities": (0.0, 1.0),
    "percent": (0.0, 100.0),
    "sigmoid": (0.0, 100.0),
    "log_probabilities": (-np.inf, 0.0),
    "negative_log": (0.0, np.inf),
    "distances": (-np.inf, np.inf),
}


# What no unit explains -----------------------------------------------------------------------------------------------


def _refuse_sorted(look: Look, where: str, truth: Ints | None, numbered: bool) -> None:
    """Best scores in order are not one column a class: every answer would be the first one."""
    if not look.order or (look.scores.shape[1] == 2 and not numbered):
        return
    always = 0 if look.order == "falling" else look.scores.shape[1] - 1
    known = truth[truth >= 0] if truth is not None else np.empty(0, np.int64)
    if len(known) and bool((known == always).all()):
        return
    raise UserError(
        f"{where}: the scores of every row {'fall' if look.order == 'falling' else 'rise'} from the first column to "
        "the last, so they are the best ones in order, not one a class; write one a class, or the answer alone."
    )


def _refuse_upside_down(look: Look, where: str, truth: Ints | None) -> None:
    """Where the smallest score is right far more often than the largest, the scores are no logits."""
    if truth is None or look.scores.shape[1] < 3:  # of two classes: a table of what a version gets wrong
        return
    known = np.flatnonzero(truth >= 0)
    scores, labels = look.scores, truth[known]
    largest = int((np.asarray(scores).argmax(axis=1)[known] == labels).sum())
    smallest = int((np.asarray(scores).argmin(axis=1)[known] == labels).sum())
    if smallest - largest > 2.5 * np.sqrt(smallest + largest + 1):
        what = f"the smallest score is right in {smallest:,} of {len(known):,} samples, the largest in {largest:,}"
        raise UnclearScores(where, what, ("distances", "logits"))


def _order(scores: Floats) -> Literal["falling", "rising", ""]:
    """Whether all rows are sorted in one direction, and not by chance."""
    falling, rising = True, True
    for part in _parts(scores):
        with np.errstate(invalid="ignore"):  # of two infinite ones
            steps = np.diff(part, axis=1)
        falling, rising = falling and bool((steps <= 0).all()), rising and bool((steps >= 0).all())
        if not falling and not rising:
            return ""
    start = np.asarray(scores[:1000])
    if len(start) < 3 or falling == rising or (start == start[0]).all():
        return ""
    return ("falling" if falling else "rising") if _unlikely(start) else ""


def _unlikely(rows: Floats) -> bool:
    """Whether it would be no accident that these rows are sorted: equal scores can be in any order."""
    ranks = np.cumsum(np.log10(np.arange(1, rows.shape[1] + 1)))  # log10 of factorials
    chance = 0.0
    for row in rows:
        _, alike = np.unique(row, return_counts=True)
        chance += float(ranks[-1] - ranks[alike - 1].sum())
        if chance >= _BY_CHANCE:
            return True
    return False


def _unit(scores: Floats) -> float:
    """1, 0.1, 0.01 or 0.001 where all of the first scores are rounded to that, else 0."""
    start = np.asarray(scores[: max(1, 200_000 // scores.shape[1])], np.float64)
    if not np.isfinite(start).all():
        return 0.0
    for digits in range(4):
        if np.allclose(start, np.round(start, digits), rtol=3e-7, atol=0):
            return 10.0**-digits
    return 0.0


def _apply(scores: Floats, change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> None:
    at = 0
    for part in _parts(scores):
        scores[at : at + len(part)] = change(part)
        at += len(part)


def _parts(scores: Floats) -> Iterator[npt.NDArray[np.float64]]:
    step = max(1, CHUNK_VALUES // scores.shape[1])
    return (scores[start : start + step].astype(np.float64) for start in range(0, len(scores), step))
