"""The table of figures: a row each, which the window's table, the terminal and the report read.

A new column is a row here. A rate that nobody counts yet is a ``Share`` of ``flips.Rates`` besides, which puts it into
JSON too; there it is called by its ``key``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures import missing
from mpt_studio.compare.tally import SUBSETS, Subset
from mpt_studio.flips import Rates, Share, wilson
from mpt_studio.units import Unit


@dataclass(frozen=True)
class Figure:
    """One figure of a subset of the samples."""

    key: str
    """In JSON."""
    name: str
    unit: Unit
    value: Callable[[Rates], float | None]
    counts: Callable[[Rates], tuple[int, int]] | None = None
    """Of a share: the part and the whole."""
    whose: str = ""
    """The version that it is of, where both have one."""
    help: str = ""
    """What it means. Figures with this are columns of the window's table of candidates, on any subset."""
    short: str = ""
    """Its name over a narrow column."""
    among: str = "sample"
    """What it is a share of, one of them."""
    told_on: tuple[Subset, ...] = ()
    """The subsets on which the terminal's table of candidates tells it …"""
    told_with_interval: bool = False
    """… and whether with its 95 % interval."""

    @property
    def title(self) -> str:
        """Its name, with whose it is."""
        return f"{self.name}, {self.whose}" if self.whose else self.name

    def interval(self, rates: Rates) -> tuple[float, float] | None:
        """The Wilson 95 % interval of a share."""
        return wilson(*self.counts(rates)) if self.counts else None

    def basis(self, rates: Rates) -> int:
        """How many it is a share of."""
        return self.counts(rates)[1] if self.counts else rates.samples


def _rate(share: Share, name: str, **more: Any) -> Figure:
    return Figure(share.name, name, "share", share.of, share.counts, **more)


FIGURES = (
    Figure("both_right", "both right", "count", lambda r: r.both_right),
    Figure("negative_flips", "negative flips", "count", lambda r: r.negative_flips),
    Figure("positive_flips", "positive flips", "count", lambda r: r.positive_flips),
    Figure("both_wrong", "both wrong", "count", lambda r: r.both_wrong),
    _rate(Rates.accuracy_old, "accuracy", whose="old model"),
    _rate(Rates.accuracy_new, "accuracy", whose="update", told_on=SUBSETS,
          help="Share of samples that the candidate gets right"),
    _rate(Rates.nfr, "NFR", told_on=("old_classes", "all"), told_with_interval=True,
          help="Negative flip rate: share of samples that were right and are wrong now; lower is better"),
    _rate(Rates.pfr, "PFR", told_on=("all",),
          help="Positive flip rate: share of samples that were wrong and are right now"),
    Figure("relative_nfr", "relative NFR", "ratio", lambda r: r.relative_nfr, short="rel. NFR",
           told_on=("old_classes",),
           help="NFR against what errors independent of the old model's would give; 1 is chance"),
    _rate(Rates.nfi, "NFI"),
    _rate(Rates.pfi, "PFI"),
    _rate(Rates.btc, "BTC", among="sample that the old model had right",
          help="Backward trust compatibility: share of the old model's right answers that stay right"),
    _rate(Rates.bec, "BEC", among="sample that the old model had wrong",
          help="Backward error compatibility: of the samples that the old model got wrong, share still wrong"),
    _rate(Rates.churn, "churn", help="Share of samples whose answer changed, right or wrong"),
    _rate(Rates.new_class_intrusion, "new-class intrusion", short="intrusion", among="negative flip",
          help="Share of negative flips that went to a new class"),
    Figure("mcnemar_p", "McNemar p", "probability", lambda r: r.mcnemar_p),
)  # fmt: skip


def record_of(comparison: Comparison) -> dict[str, Any]:
    """Sample count, what did not match, what is not available, and the figures of the three subsets, as JSON values."""
    return {
        "samples": len(comparison),
        "matching": comparison.matching.to_json(),
        "scores": {"old": comparison.old.scores, "new": comparison.new.scores},
        "not_available": missing.sentences(comparison),
        "notes": {"old": list(comparison.old.notes), "new": list(comparison.new.notes)},
        **{subset: comparison.rates(subset).to_json() for subset in SUBSETS},
    }
