"""What every criterion is judged with: the samples that count, the rule, and how an answer becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import Subset
from mpt_studio.decide.intervals import Outcome, outcome
from mpt_studio.decide.policy import Policy
from mpt_studio.decide.question import Question, Rule, Tails
from mpt_studio.decide.verdict import SHOWN_SAMPLES, Finding
from mpt_studio.flips import FlipKind
from mpt_studio.predictions import Ints


@dataclass(frozen=True, eq=False)
class Court:
    """A comparison and a policy."""

    comparison: Comparison
    policy: Policy
    counted: Bools
    """(N,) the samples that count."""

    @cached_property
    def rule(self) -> Rule:
        return Rule.of(self.policy.confidence)

    @cached_property
    def negative(self) -> Bools:
        """(N,) the negative flips that count."""
        found: Bools = self.counted & (self.comparison.kinds == FlipKind.NEGATIVE)
        return found

    def mask(self, subset: Subset) -> Bools:
        """(N,) the samples of a subset that count."""
        return self.comparison.mask(subset) & self.counted

    def finding(self, question: Question, tails: Tails | None = None, **more: Any) -> Finding:
        """The answer to a question, with the rows that speak against it where it does not pass."""
        found, tails = question.found, tails or self.rule.alone
        if found is None:
            said: Outcome = "pass" if self.rule.by_value else "too little evidence"
            return Finding(question.name, question.key, question.threshold, None, question.subset, 0, said,
                           **self.told(question.key), **more)  # fmt: skip
        bounds = question.bounds(found, tails)
        answer = self.rule.answer(question, found, bounds)
        across = outcome(bounds, question.threshold, is_most=question.is_most) == "too little evidence"
        settles = {"further_samples": question.further(found, tails) if across else None}
        broken = question.broken if answer != "pass" else None
        return Finding(
            question.name, question.key, question.threshold, found.value, question.subset, int(found.samples), answer,
            interval=bounds, corrected_for=tails.together, reaches_across=across,
            **self.told(question.key, broken), **settles | more,
        )  # fmt: skip

    def told(self, key: str, broken: Ints | None = None) -> dict[str, Any]:
        """What every finding tells, whatever it was judged by."""
        rows = np.empty(0, np.int64) if broken is None else self._worst_first(broken)
        return {
            "leads_to": self.policy.leads_to(key),
            "confidence": self.rule.confidence,
            "by_value": self.rule.by_value,
            "samples": tuple(map(str, self.comparison.sample_ids[rows[:SHOWN_SAMPLES]].tolist())),
            "broken_count": len(rows),
            "rows": rows,
        }

    def _worst_first(self, rows: Ints) -> Ints:
        found: Ints = rows[np.argsort(-self.comparison.margin_drop[rows], kind="stable")].astype(np.int64)
        return found
