"""What judging came to: a finding per criterion, and the verdict that follows from them by a fixed rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

from mpt_studio.decide.intervals import Bounds, Outcome
from mpt_studio.errors import one_sentence
from mpt_studio.predictions import Ints
from mpt_studio.units import count

T = TypeVar("T")
Decided = Literal["ship", "too little evidence", "review", "hold"]
DECIDED: tuple[Decided, ...] = ("ship", "too little evidence", "review", "hold")
"""From the best to the worst."""
SHOWN_SAMPLES = 20
"""So many samples stand for all that broke a criterion; the count is always told."""
_LISTED = 5
"""Names in one sentence."""

_NAMES = {
    "must_not_flip": "Negative flips",
    "max_nfr": "NFR",
    "max_class_nfr": "Worst class's NFR",
    "min_accuracy_gain": "Accuracy gain",
    "min_accuracy_gain_old": "Accuracy gain",
    "min_accuracy_new": "Accuracy",
    "min_accuracy": "Accuracy",
    "slice_max_nfr": "NFR",
    "slice_min_gain": "Accuracy gain",
}
_EMPTY_ROWS: Ints = np.empty(0, np.int64)


@dataclass(frozen=True)
class ClassFinding:
    """A class that does not pass the criterion on classes."""

    name: str
    nfr: float
    samples: int
    negative_flips: int
    interval: Bounds
    outcome: Outcome
    further_samples: int | None = None
    """So many more of this class would settle what is not, were its rate to stay; None where no number would."""

    def sentence(self) -> str:
        more = f", {self.further_samples:,} more would settle it" if self.further_samples else ""
        return f"{self.name} {100 * self.nfr:.1f} % (n={self.samples:,}{more})"


@dataclass(frozen=True)
class Finding:
    """One criterion against one comparison."""

    name: str
    """By the ``Policy`` field; of a slice "slice_max_nfr" or "slice_min_gain", of the floor "min_accuracy"."""
    key: str
    """Its place in a policy file: "nfr.max", "must_not_flip.blockers", "slices.camera = night"; else "floor"."""
    threshold: float
    value: float | None
    """None where the subset has no samples."""
    subset: str
    """What the value is counted on, for people."""
    n: int
    outcome: Outcome
    leads_to: Literal["hold", "review"] = "hold"
    """What it makes of the verdict where it fails."""
    interval: Bounds | None = None
    """None where there is nothing to be unsure of."""
    confidence: float = 0.95
    """Of the interval, before a correction for several."""
    corrected_for: int = 1
    """So many are judged together, and their intervals are corrected for it (Holm)."""
    by_value: bool = False
    """Whether the value alone was judged, whatever its interval."""
    reaches_across: bool = False
    """Whether the interval has the threshold inside."""
    further_samples: int | None = None
    """So many more would settle what is not, were the rate to stay; None where nothing is to settle or none would."""
    samples: tuple[str, ...] = ()
    """Ids of the first samples that break it, the largest margin drop first."""
    broken_count: int = 0
    classes: tuple[ClassFinding, ...] = ()
    """Those that do not pass, the failing ones first."""
    not_judged: tuple[tuple[str, int], ...] = ()
    """Classes with too few samples, and how many they have."""
    unknown_ids: tuple[str, ...] = ()
    """Listed ids that are not among the samples."""
    rows: Ints = field(default_factory=lambda: _EMPTY_ROWS, compare=False, repr=False)
    """Rows of all samples that break it."""

    @property
    def passed(self) -> bool:
        return self.outcome == "pass"

    def makes(self) -> Decided:
        """The best verdict that it leaves."""
        if self.outcome == "fail":
            return self.leads_to
        if self.outcome == "too little evidence":
            return "too little evidence"
        return "review" if self.unknown_ids and not self.by_value else "ship"

    def sentence(self) -> str:
        """Value, interval, threshold, and where it does not pass what breaks it, for people."""
        if self.value is None:
            return f"{self.title} ({self.subset}): no samples to judge by{self._unjudged()}."
        text = f"{self.brief()}{self._evidence()}"
        if not self.passed:
            text += self._of_classes("fail", "classes") + self._of_classes("too little evidence", "undecided classes")
            text += _some("samples", self.samples, str, self.broken_count)
        return f"{text}{self._unjudged()}."

    def brief(self) -> str:
        """Value, interval and threshold, as part of a sentence."""
        bounds = f" [{self.told_interval()}]" if self.interval is not None else ""
        return (
            f"{self.title} ({self.subset}, n={self.n:,}) is {self.told_value()}{bounds}, "
            f"{self.told_threshold()} is asked"
        )

    @property
    def title(self) -> str:
        """What is measured, in a word or two."""
        return _NAMES[self.name]

    @property
    def is_least(self) -> bool:
        """Whether the threshold is the smallest value that is asked, not the largest."""
        return self.name.startswith(("min_", "slice_min"))

    def told_value(self) -> str:
        """ "13.67 %", "+1.20 points", "3"; a dash where there are no samples."""
        return "–" if self.value is None else _shown(self.name, self.value)

    def told_interval(self) -> str:
        """ "11.10 to 16.61"; empty where there is nothing to be unsure of."""
        digits = "{:+.2f} to {:+.2f}" if _is_gain(self.name) else "{:.2f} to {:.2f}"
        return "" if self.interval is None else _signed(digits.format(*(100 * end for end in self.interval)))

    def told_threshold(self) -> str:
        """ "at most 1.00 %"."""
        return f"{'at least' if self.is_least else 'at most'} {_shown(self.name, self.threshold)}"

    def _evidence(self) -> str:
        several = f" (corrected for {self.corrected_for:,} judged together, Holm)" if self.corrected_for > 1 else ""
        interval = f"its {100 * self.confidence:g} % interval{several}"
        if not self.reaches_across:
            return f"; {interval} does not reach it" if several and not self.by_value else ""
        if self.by_value:
            return f"; by the value alone: {interval} reaches across that"
        if self.further_samples is None:
            return f"; {interval} reaches across that: while it stays so near, no number of samples would settle it"
        more = count(self.further_samples, "more sample") + " of undecided classes" * (self.name == "max_class_nfr")
        return f"; {interval} reaches across that: {more} would settle it, were the rate to stay"

    def _of_classes(self, outcome: Outcome, words: str) -> str:
        return _some(words, [c for c in self.classes if c.outcome == outcome], ClassFinding.sentence)

    def _unjudged(self) -> str:
        return _some("not judged for too few samples", self.not_judged, lambda each: f"{each[0]} (n={each[1]:,})")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; only the first samples by id."""
        names = (
            "name", "key", "threshold", "value", "interval", "n", "outcome", "passed", "leads_to", "subset",
            "confidence", "corrected_for", "reaches_across", "further_samples", "samples", "broken_count",
        )  # fmt: skip
        record: dict[str, Any] = {name: getattr(self, name) for name in names}
        lists = {
            "samples": list(self.samples),
            "broken_by": list(self.samples),
            "not_judged": [*map(list, self.not_judged)],
        }
        return {**record, **lists, "classes": [vars(c) for c in self.classes]}


@dataclass(frozen=True)
class Verdict:
    """Every criterion that was asked."""

    findings: tuple[Finding, ...]
    label_wrong: int = 0
    """Samples that were left out because their label is wrong."""

    @property
    def decided(self) -> Decided:
        """The worst that a finding makes of it."""
        return max((finding.makes() for finding in self.findings), key=DECIDED.index, default="ship")

    @property
    def unknown_ids(self) -> tuple[str, ...]:
        """The listed ids that are not among the samples."""
        return tuple(dict.fromkeys(name for finding in self.findings for name in finding.unknown_ids))

    @property
    def open_findings(self) -> list[Finding]:
        """Those that keep it from being "ship", the worst first."""
        found = [finding for finding in self.findings if finding.makes() != "ship"]
        return sorted(found, key=lambda finding: -DECIDED.index(finding.makes()))

    def headline(self) -> str:
        """ "Verdict: hold. Of 3 criteria 1 passes, 2 fail." """
        return f"Verdict: {self.decided}. {self.counted()}"

    def counted(self) -> str:
        """ "Of 3 criteria 1 passes, 2 fail." """
        counts = [(sum(f.outcome == outcome for f in self.findings), *words) for outcome, words in _COUNTED.items()]
        told = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n)
        return f"Of {count(len(self.findings), 'criterion', 'criteria')} {told}."

    def sentences(self) -> list[str]:
        """The verdict for people, a line per criterion."""
        heads = [f"{f.outcome}{' (review)' * (f.makes() == 'review')}" for f in self.findings]
        width = max(map(len, heads), default=0)
        lines = [f"{head:<{width}}  {f.sentence()}" for head, f in zip(heads, self.findings, strict=True)]
        lines = [self.headline(), *lines]
        if self.label_wrong:
            lines.append(f"Left out for a wrong label: {count(self.label_wrong, 'sample')}.")
        return [*lines, *filter(None, [self.unknown_sentence()])]

    def unknown_sentence(self) -> str:
        """Which listed ids could not be checked; empty where all could."""
        n = len(self.unknown_ids)
        if not n:
            return ""
        return (
            f"{'1 listed id is' if n == 1 else f'{n:,} listed ids are'} not among the samples and could not be "
            f"checked: {_names(self.unknown_ids, str, n)}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        unknown = self.unknown_ids
        return {
            "verdict": self.decided,
            "passed": self.decided == "ship",
            "criteria": [finding.to_json() for finding in self.findings],
            "unknown_ids": {"count": len(unknown), "first": list(unknown[:SHOWN_SAMPLES])},
            "label_wrong": self.label_wrong,
        }


_COUNTED: dict[Outcome, tuple[str, str]] = {
    "pass": ("passes", "pass"),
    "fail": ("fails", "fail"),
    "too little evidence": ("has too little evidence", "have too little evidence"),
}


def _is_gain(name: str) -> bool:
    return name.startswith(("min_accuracy_gain", "slice_min_gain"))


def _shown(name: str, value: float) -> str:
    if name == "must_not_flip":
        return f"{value:.0f}"
    return _signed(f"{100 * value:+.2f} points" if _is_gain(name) else f"{100 * value:.2f} %")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _some(words: str, listed: Sequence[T], told: Callable[[T], str], total: int = 0) -> str:
    return f"; {words}: {_names(listed, told, total or len(listed))}" if listed else ""


def _names(listed: Sequence[T], told: Callable[[T], str], total: int) -> str:
    first = one_sentence(", ".join(map(told, listed[:_LISTED])))
    return first + (f" and {total - _LISTED:,} more" if total > _LISTED else "")
