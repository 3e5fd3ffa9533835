"""The best trials against plain training with an offset: trained again with other seeds, and on the test part once."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mpt_studio.compare import Comparison, paired
from mpt_studio.compare.figures.within import Point
from mpt_studio.jobs.search.telling import decided
from mpt_studio.store import Trial
from mpt_studio.units import told

PLAIN = 0
ALMOST_SURE = 0.05
NONE_HOLDS = "Trained again with other seeds, nothing meets the limits on average; what met them was luck."


@dataclass(frozen=True)
class Finalist:
    """A trial with what its seeds came to, the search's own seed first. Rates are fractions."""

    number: int
    label: str
    runs: tuple[str, ...]
    nfr: tuple[float, ...]
    accuracy: tuple[float, ...]
    holds: bool
    """Whether the means meet the limits, and no seed failed."""

    @property
    def mean(self) -> float:
        """Of the NFR."""
        return statistics.fmean(self.nfr)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the NFR over seeds; None for one seed."""
        return statistics.stdev(self.nfr) if len(self.nfr) > 1 else None

    def to_json(self) -> dict[str, Any]:
        means = {"mean_nfr": self.mean, "spread_nfr": self.spread, "mean_accuracy": statistics.fmean(self.accuracy)}
        return {**asdict(self), **means}


def finalist(trial: Trial, points: Sequence[tuple[str, Point]], seeds: int) -> Finalist:
    """What a trial's seeds came to, of so many, each beside plain training of the same seed."""
    found = [point for _, point in points]
    short = max(statistics.fmean(getattr(p, name) for p in found) for name in ("shortfall", "shortfall_new_classes"))
    return Finalist(
        number=trial.number,
        label=trial.label,
        runs=tuple(run for run, _ in points),
        nfr=tuple(p.nfr for p in found),
        accuracy=tuple(p.accuracy for p in found),
        holds=short <= 0 and len(found) == seeds,
    )


def winner(finalists: Sequence[Finalist]) -> Finalist | None:
    """The least mean NFR of those that hold; of equals plain training, then the earlier. None where none holds."""
    return min((f for f in finalists if f.holds), key=lambda f: (f.mean, f.number), default=None)


def beats(
    first: Finalist, plain: Finalist, on_validation: Callable[[], tuple[Comparison, Comparison]] | None = None
) -> bool:
    """Whether a finalist is better than plain training by more than chance.

    By more than both spreads together; of one seed, where the exact test on the images that only one of them flips is
    almost sure. Where plain training meets the limits at no offset there is nothing to beat.
    """
    if first.number == PLAIN or not plain.holds:
        return first.number != PLAIN
    if first.mean >= plain.mean:
        return False
    if first.spread is not None and plain.spread is not None:
        return plain.mean - first.mean > first.spread + plain.spread
    return on_validation is not None and paired(*on_validation()).mcnemar_p < ALMOST_SURE


def control(row: Trial, run: str, point: Point, p: float) -> dict[str, Any]:
    """How a trial does beside its control, whose teachers' correctness was shuffled among images."""
    own, other = told("share", row.nfr), told("share", point.nfr)
    shuffled = "its control, with its teachers' correctness shuffled among images"
    if point.worst > 0:
        text = f"Correctness matters: {row.label} meets the limits; {shuffled}, does at no offset."
    elif row.nfr is not None and row.nfr < point.nfr and p < ALMOST_SURE:
        text = f"Correctness matters: {row.label} has an NFR of {own} against {other} of {shuffled}."
    else:
        text = (
            f"It is not shown that correctness matters: {row.label} has an NFR of {own}, {shuffled}, {other}. Keeping "
            "close to any answers may do as well."
        )
    return {
        "number": row.number,
        "run": run,
        "nfr": point.nfr,
        "accuracy": point.accuracy,
        "offset": point.offset,
        "interpolation": point.interpolation,
        "mcnemar_p": p,
        "sentence": text,
    }


def sentence(best: Trial, won: Finalist, plain: Finalist, is_better: bool, samples: str) -> str:
    """What the search found, in plain words."""
    name = f"{best.label}{decided(best.offset, best.interpolation)}"
    if not plain.holds:
        return f"{name} meets the limits, as plain training does at no logit offset: NFR {_told(won)} ({samples})."
    means = f"{_told(won)} against {_told(plain)} with plain training and a logit offset (NFR, {samples})"
    if is_better:
        return f"{name} keeps more than plain training with a logit offset does: {means}."
    if won.number == PLAIN:
        return (
            "Nothing beats plain training with a logit offset here: its NFR within the limits, "
            f"{_told(plain)} ({samples}), is the lowest. No method is worth its training on these data."
        )
    return (
        f"Nothing clearly beats plain training with a logit offset here: the best, {name}, has "
        f"{means}, which may be chance. Plain training with an offset costs nothing more."
    )


def _told(finalist: Finalist) -> str:
    if finalist.spread is None:
        return told("share", finalist.mean)
    return f"{told('share', finalist.mean)} ± {100 * finalist.spread:.1f} over {len(finalist.nfr)} seeds"
