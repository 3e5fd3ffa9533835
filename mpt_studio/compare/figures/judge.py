"""May it ship? Criteria with thresholds, rates without wrong labels, and the list of samples that must not flip."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mpt_studio import flips
from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.flips import FlipKind, Mark, Rates
from mpt_studio.predictions import Ints

SHOWN_SAMPLES = 20
"""So many samples stand for all that broke a criterion; the count is always told."""
_EXACT = 1e-12


@dataclass(frozen=True)
class Criteria:
    """What an update has to meet; None is not asked. Rates are fractions. Raises ``UserError`` for odd thresholds."""

    must_not_flip: tuple[str, ...] | None = None
    """Ids of samples that must not be negative flips."""
    max_nfr: float | None = None
    """Largest NFR (old classes)."""
    max_class_nfr: float | None = None
    """Largest NFR of any one old class."""
    min_accuracy_gain: float | None = None
    """Smallest accuracy (all) of the update − accuracy (all) of the old model; below 0 allows a loss."""

    def __post_init__(self) -> None:
        for name, least in (("max_nfr", 0.0), ("max_class_nfr", 0.0), ("min_accuracy_gain", -1.0)):
            value = getattr(self, name)
            if value is not None and not least <= value <= 1:
                option = "--" + name.replace("_", "-")
                raise UserError(f"{option} is {value:g}; it is a fraction between {least:g} and 1 (0.01 is 1 %).")

    def asked(self) -> bool:
        """Whether there is anything to judge by."""
        return any(value is not None for value in vars(self).values())


@dataclass(frozen=True)
class BrokenClass:
    """A class that broke the criterion on classes."""

    name: str
    nfr: float
    samples: int
    negative_flips: int


@dataclass(frozen=True)
class Finding:
    """One criterion against one comparison."""

    name: str
    """By the ``Criteria`` field."""
    threshold: float
    value: float | None
    """None where the subset has no samples; the criterion is then met."""
    subset: str
    """What the value is counted on, for people."""
    samples: int
    passed: bool
    broken_by: tuple[str, ...] = ()
    """Ids of the first samples that broke it, the largest margin drop first."""
    broken_count: int = 0
    classes: tuple[BrokenClass, ...] = ()
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64), compare=False, repr=False)
    """Rows of all samples that broke it."""

    def sentence(self) -> str:
        """Threshold, value and first samples, for people."""
        if self.value is None:
            return f"{_NAMES[self.name]} ({self.subset}): no samples to judge by."
        sign = {"min_accuracy_gain": "at least"}.get(self.name, "at most")
        text = (
            f"{_NAMES[self.name]} ({self.subset}, n={self.samples:,}) is {_shown(self.name, self.value)}, "
            f"{sign} {_shown(self.name, self.threshold)} is asked"
        )
        if self.classes and not self.passed:
            listed = ", ".join(f"{c.name} {100 * c.nfr:.1f} % (n={c.samples:,})" for c in self.classes[:5])
            text += f"; classes: {one_sentence(listed)}{_more(len(self.classes), 5)}"
        if self.broken_by and not self.passed:
            text += f"; samples: {one_sentence(', '.join(self.broken_by[:5]))}{_more(self.broken_count, 5)}"
        return f"{text}."

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; only the first samples by id."""
        names = ("name", "passed", "threshold", "value", "subset", "samples", "broken_count")
        record: dict[str, Any] = {name: getattr(self, name) for name in names}
        return {**record, "broken_by": list(self.broken_by), "classes": [vars(c) for c in self.classes]}


@dataclass(frozen=True)
class Verdict:
    """Every criterion that was asked, and the listed ids that are not among the samples."""

    findings: tuple[Finding, ...]
    unknown_ids: tuple[str, ...] = ()
    label_wrong: int = 0
    """Samples that were left out because their label is wrong."""

    @property
    def passed(self) -> bool:
        """Whether every criterion is met."""
        return all(finding.passed for finding in self.findings)

    def sentences(self) -> list[str]:
        """The verdict for people, a line per criterion."""
        failed = [f for f in self.findings if not f.passed]
        head = (
            f"Verdict: passed, {len(self.findings)} of {len(self.findings)} criteria met."
            if not failed
            else f"Verdict: FAILED, {len(failed)} of {len(self.findings)} criteria not met."
        )
        lines = [head, *(f"{'ok    ' if f.passed else 'FAILED'} {f.sentence()}" for f in self.findings)]
        if self.label_wrong:
            samples = "1 sample" if self.label_wrong == 1 else f"{self.label_wrong:,} samples"
            lines.append(f"Left out for a wrong label: {samples}.")
        if self.unknown_ids:
            n, listed = len(self.unknown_ids), one_sentence(", ".join(self.unknown_ids[:5]))
            lines.append(
                f"{'1 listed id is' if n == 1 else f'{n:,} listed ids are'} not among the samples and could not be "
                f"checked: {listed}{_more(n, 5)}."
            )
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "passed": self.passed,
            "criteria": [finding.to_json() for finding in self.findings],
            "unknown_ids": {"count": len(self.unknown_ids), "first": list(self.unknown_ids[:SHOWN_SAMPLES])},
            "label_wrong": self.label_wrong,
        }


_NAMES = {
    "must_not_flip": "Negative flips",
    "max_nfr": "NFR",
    "max_class_nfr": "Worst class's NFR",
    "min_accuracy_gain": "Accuracy gain",
}


def judge(comparison: Comparison, criteria: Criteria, *, leave_out: Bools | None = None) -> Verdict:
    """Hold an update against criteria.

    Args:
        leave_out: (N,) samples not to count, such as ``label_wrong(comparison)``.
    Raises ``UserError`` where none of the ids that must not flip is among the samples.
    """
    counted = np.ones(len(comparison), dtype=bool) if leave_out is None else ~leave_out
    findings: list[Finding] = []
    unknown: tuple[str, ...] = ()
    if criteria.must_not_flip is not None:
        finding, unknown = _listed(comparison, criteria.must_not_flip, counted)
        findings.append(finding)
    if criteria.max_nfr is not None:
        findings.append(_nfr(comparison, criteria.max_nfr, counted))
    if criteria.max_class_nfr is not None:
        findings.append(_class_nfr(comparison, criteria.max_class_nfr, counted))
    if criteria.min_accuracy_gain is not None:
        findings.append(_gain(comparison, criteria.min_accuracy_gain, counted))
    return Verdict(tuple(findings), unknown, len(comparison) - int(counted.sum()))


def label_wrong(comparison: Comparison) -> Bools:
    """(N,) samples marked as wrongly labelled."""
    found: Bools = comparison.marks == Mark.LABEL_WRONG
    return found


def adjusted_rates(comparison: Comparison, subset: Subset, leave_out: Bools | None = None) -> Rates:
    """The figures of a subset without the samples marked as wrongly labelled (or without ``leave_out``)."""
    without = label_wrong(comparison) if leave_out is None else leave_out
    return flips.rates(
        comparison.kinds,
        comparison.old_answer != comparison.new_answer,
        comparison.to_new_class,
        comparison.confidence_lost,
        comparison.mask(subset) & ~without,
    )


def _listed(comparison: Comparison, wanted: tuple[str, ...], counted: Bools) -> tuple[Finding, tuple[str, ...]]:
    ids = tuple(dict.fromkeys(wanted))
    rows = comparison.rows_of(ids)
    unknown = tuple(name for name, row in zip(ids, rows.tolist(), strict=True) if row < 0)
    if ids and len(unknown) == len(ids):
        raise UserError(
            f"None of the {len(ids):,} ids that must not flip is among the samples ({_example(ids)} against "
            f"{_example(comparison.sample_ids[:1].tolist())}); is the list of other data?"
        )
    known = rows[rows >= 0]
    known = known[counted[known]]
    broken = known[comparison.kinds[known] == FlipKind.NEGATIVE]
    subset = "listed samples"
    return _finding("must_not_flip", 0, float(len(broken)), subset, len(known), comparison, broken), unknown


def _nfr(comparison: Comparison, threshold: float, counted: Bools) -> Finding:
    subset: Subset = "old_classes" if comparison.is_old_class.any() else "all"
    inside = comparison.mask(subset) & counted
    broken = np.flatnonzero(inside & (comparison.kinds == FlipKind.NEGATIVE))
    value = flips.ratio(len(broken), int(inside.sum()))
    return _finding("max_nfr", threshold, value, SUBSET_WORDS[subset], int(inside.sum()), comparison, broken)


def _class_nfr(comparison: Comparison, threshold: float, counted: Bools) -> Finding:
    n = len(comparison.names)
    inside = comparison.is_old_class & counted
    samples = np.bincount(comparison.truth[inside], minlength=n)
    negative = inside & (comparison.kinds == FlipKind.NEGATIVE)
    flipped = np.bincount(comparison.truth[negative], minlength=n)
    share = np.divide(flipped, samples, out=np.zeros(n), where=samples > 0)
    over = share > threshold + _EXACT
    ranked = [i for i in np.argsort(-share, kind="stable").tolist() if over[i]]
    classes = tuple(BrokenClass(comparison.names[i], float(share[i]), int(samples[i]), int(flipped[i])) for i in ranked)
    broken = np.flatnonzero(negative & over[comparison.truth])
    worst = int(share.argmax())
    value = float(share[worst]) if samples.any() else None
    subset = f"old class {comparison.names[worst]}" if samples.any() else "old classes"
    return _finding("max_class_nfr", threshold, value, subset, int(samples[worst]), comparison, broken, classes)


def _gain(comparison: Comparison, threshold: float, counted: Bools) -> Finding:
    kinds = np.bincount(comparison.kinds[counted], minlength=4)
    gained, lost, n = int(kinds[FlipKind.POSITIVE]), int(kinds[FlipKind.NEGATIVE]), int(counted.sum())
    broken = np.flatnonzero(counted & (comparison.kinds == FlipKind.NEGATIVE))
    value = flips.ratio(gained - lost, n)
    return _finding("min_accuracy_gain", threshold, value, SUBSET_WORDS["all"], n, comparison, broken)


def _finding(
    name: str, threshold: float, value: float | None, subset: str, samples: int, comparison: Comparison, broken: Ints,
    classes: tuple[BrokenClass, ...] = (),
) -> Finding:  # fmt: skip
    if value is None:
        passed = True
    else:
        passed = value >= threshold - _EXACT if name == "min_accuracy_gain" else value <= threshold + _EXACT
    rows = np.empty(0, np.int64) if passed else broken[np.argsort(-comparison.margin_drop[broken], kind="stable")]
    first = tuple(map(str, comparison.sample_ids[rows[:SHOWN_SAMPLES]].tolist()))
    return Finding(name, threshold, value, subset, samples, passed, first, len(rows), classes, rows.astype(np.int64))


def _shown(name: str, value: float) -> str:
    if name == "must_not_flip":
        return f"{value:.0f}"
    return f"{100 * value:+.2f} points" if name == "min_accuracy_gain" else f"{100 * value:.2f} %"


def _more(count: int, shown: int) -> str:
    return f" and {count - shown:,} more" if count > shown else ""


def _example(ids: Iterable[str]) -> str:
    return ", ".join(repr(one_sentence(str(name), 60)) for name in list(ids)[:1])
