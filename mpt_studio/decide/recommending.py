"""Which candidate to ship, and why, in one sentence. Window and terminal ask here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.figures.frontier import frontier
from mpt_studio.compare.figures.offset import at_offset
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.decide.floor import below_floor, not_far_below
from mpt_studio.decide.judging import deciding_subset, judge
from mpt_studio.decide.policy import Policy
from mpt_studio.decide.verdict import DECIDED, Finding, Verdict
from mpt_studio.units import told

TOLERANCE = 0.02
"""How far below plain training's accuracy (all) a candidate may be, as a fraction."""


@dataclass(frozen=True)
class Recommendation:
    """The candidate to look at first."""

    key: str
    """Its key among the candidates; empty where none of them may be recommended."""
    reason: str
    """One sentence with subset names and sample counts."""
    gamma: float = 0.0
    """The logit offset to ship it with."""
    nearest: str = ""
    """Where none may be recommended, the one that comes nearest."""
    verdict: Verdict | None = None
    """Of the recommended one, or of the nearest; None without a policy."""


@dataclass(frozen=True, eq=False)
class _Point:
    """A candidate at an offset."""

    key: str
    of: Comparison
    policy: Policy | None
    gamma: float
    nfr: float
    accuracy: float
    is_near: bool
    """Whether its accuracy is within the tolerance."""

    @property
    def name(self) -> str:
        said = self.of.new.version or self.key
        return f"{said} with logit offset γ = {_offset(self.gamma)}" if self.gamma else said

    @cached_property
    def view(self) -> Comparison:
        return at_offset(self.of, self.gamma) if self.gamma else self.of

    @cached_property
    def refusal(self) -> Finding | None:
        """Why nobody would ship it."""
        return below_floor(self.view)

    @cached_property
    def verdict(self) -> Verdict | None:
        return judge(self.view, self.policy) if self.policy is not None else None

    @property
    def rank(self) -> tuple[int, bool]:
        """By the verdict, the best first; what nobody would ship comes last."""
        return (DECIDED.index(self.verdict.decided) if self.verdict else 0), self.refusal is not None

    @property
    def order(self) -> tuple[float, float, float]:
        """By the figures, the best first."""
        return self.nfr, -self.accuracy, abs(self.gamma)


def recommend(
    plain: Comparison,
    candidates: Mapping[str, Comparison],
    tolerance: float = TOLERANCE,
    *,
    policy: Policy | None = None,
    any_offset: bool = False,
    subset: Subset | None = None,
) -> Recommendation:
    """The lowest NFR among candidates whose accuracy (all) is within ``tolerance`` of plain training's.

    Equal ones by higher accuracy, then by the smaller change |γ|, then by their order. Plain training may be among the
    candidates. Never one that nobody would ship (``floor``), which every verdict holds as well: with a policy the best
    verdict comes first, and "hold" is never recommended.

    Args:
        any_offset: choose among all points of every candidate's frontier, not only candidates as trained.
        subset: the one on show, whose NFR decides; new classes cannot flip, and so do not.
    """
    return _Choice(plain, candidates, tolerance, policy, any_offset, flipping_subset(plain, subset)).made()


def flipping_subset(comparison: Comparison, wanted: Subset | None) -> Subset:
    """The subset that is wanted, where its samples can flip; else whose NFR decides."""
    return "all" if wanted == "all" else deciding_subset(comparison)


@dataclass(frozen=True, eq=False)
class _Choice:
    plain: Comparison
    candidates: Mapping[str, Comparison]
    tolerance: float
    policy: Policy | None
    any_offset: bool
    subset: Subset

    def made(self) -> Recommendation:
        every = [point for key, candidate in self.candidates.items() for point in self._points(key, candidate)]
        fit = every if self.policy is not None else [p for p in every if p.is_near and p.refusal is None]
        if not fit:
            return self._none(every)
        best = min(fit, key=lambda point: (point.rank, not point.is_near, point.order))
        if best.verdict is not None and best.verdict.decided == "hold":
            return Recommendation("", self._with_verdict(best, best.verdict), best.gamma, best.key, best.verdict)
        return Recommendation(best.key, self._reason(best), best.gamma, verdict=best.verdict)

    def _points(self, key: str, candidate: Comparison) -> Iterator[_Point]:
        """A candidate as trained, and where offsets may be chosen those of its offsets that may be the best."""
        rates = candidate.rates(self.subset)
        yield self._point(key, candidate, 0.0, rates.nfr or 0.0, _accuracy(candidate))
        if not self.any_offset:
            return
        curve = frontier(candidate)
        nfr = curve.nfr_all if self.subset == "all" else curve.nfr_old_classes
        sound = not_far_below(candidate, curve)
        columns = zip(
            curve.offset[sound].tolist(), nfr[sound].tolist(), curve.accuracy_all[sound].tolist(), strict=True
        )
        points = [self._point(key, candidate, *values) for values in columns]
        if near := [point for point in points if point.is_near]:
            yield min(near, key=lambda point: point.order)
        most = self.policy.max_nfr if self.policy is not None else None
        if most is not None and (low := [point for point in points if point.nfr <= most]):
            yield max(low, key=lambda point: point.accuracy)

    def _point(self, key: str, candidate: Comparison, gamma: float, nfr: float, accuracy: float) -> _Point:
        is_near = accuracy >= _accuracy(self.plain) - self.tolerance - 1e-12
        return _Point(key, candidate, self.policy, gamma, nfr, accuracy, is_near)

    def _none(self, every: list[_Point]) -> Recommendation:
        """Without a policy none fits: the nearest, and why it does not."""
        near = [point for point in every if point.is_near]
        best = min(near, key=lambda p: p.order) if near else max(every, key=lambda p: p.accuracy)
        if best.refusal is not None and near:
            reason = f"No candidate may be recommended. Nearest is {best.name}: {best.refusal.brief()}."
        else:
            at_any = " at any offset" if self.any_offset else ""
            reason = (
                f"No candidate's accuracy {self._every} is {self._within}{at_any}: "
                f"{best.name} comes nearest with {_percent(best.accuracy)}."
            )
        return Recommendation("", reason, best.gamma, best.key)

    def _reason(self, best: _Point) -> str:
        if best.verdict is not None:
            return self._with_verdict(best, best.verdict)
        what = f"{best.name} has the lowest NFR ({self._on(best)}): {_percent(best.nfr)}"
        if best.of is self.plain and not best.gamma:
            return f"{what}, among the candidates whose accuracy {self._every} is {self._within}."
        against = f" against {_percent(self.plain.rates(self.subset).nfr or 0.0)} with plain training"
        above = best.accuracy > _accuracy(self.plain)
        close = f"above plain training's {_percent(_accuracy(self.plain))}" if above else self._within
        return f"{what}{against}; its accuracy {self._every} of {_percent(best.accuracy)} is {close}."

    def _with_verdict(self, best: _Point, verdict: Verdict) -> str:
        figures = (
            f"NFR ({self._on(best)}) {_percent(best.nfr)}, accuracy {self._every} {_percent(best.accuracy)}"
            f"{'' if best.is_near else f', which is not {self._within}'}"
        )
        if verdict.decided == "ship":
            return f"{best.name} may ship by the policy and has the lowest NFR of those: {figures}."
        why = " ".join(f"{finding.brief()}." for finding in verdict.open_findings[:2])
        unknown = " Listed ids are not among the samples." if verdict.unknown_ids else ""
        return f"None may ship by the policy. Nearest is {best.name} ({verdict.decided}): {figures}. {why}{unknown}"

    @property
    def _every(self) -> str:
        return f"(all, n={len(self.plain):,})"

    @property
    def _within(self) -> str:
        return f"within {100 * self.tolerance:g} points of plain training's {_percent(_accuracy(self.plain))}"

    def _on(self, point: _Point) -> str:
        return f"{SUBSET_WORDS[self.subset]}, n={point.of.rates(self.subset).samples:,}"


def _accuracy(comparison: Comparison) -> float:
    return comparison.rates("all").accuracy_new or 0.0


def _offset(gamma: float) -> str:
    return f"{gamma:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _percent(rate: float) -> str:
    return told("share", rate)
