"""How sure a figure is: intervals, tests, their correction for several at once, and what would settle a question.

A **tail** is the chance of an error on one side: a two-sided 95 % interval has two tails of 0.025.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Protocol, Self

import numpy as np

from mpt_studio.flips import Z95, wilson

Outcome = Literal["pass", "fail", "too little evidence"]
Bounds = tuple[float, float]
EXACT = 1e-12
"""Two figures nearer than this are the same."""
_MOST = 1e9
"""Samples; a question that so many do not settle, no number does."""
_FEW = 60
"""Terms that take less time one by one than as an array."""
_TINY, _NEAR = 1e-300, 1e-14
_NORMAL = NormalDist()


class Measured(Protocol):
    """A figure counted on samples."""

    @property
    def samples(self) -> float: ...
    @property
    def value(self) -> float: ...
    @property
    def step(self) -> float:
        """How many samples at a time can be added at the same rate."""
        ...

    def bounds(self, low: float, high: float) -> Bounds:
        """The interval whose lower end has the tail ``low``, its upper end the tail ``high``."""
        ...

    def times(self, factor: float) -> Self:
        """The same rates on so many times the samples."""
        ...

    def is_settled(self, threshold: float, tail: float) -> bool:
        """Whether the interval with these tails lies on one side of the threshold."""
        ...


class Tested(Measured, Protocol):
    """A figure that can be one of several that are judged together."""

    def p_below(self, threshold: float) -> float:
        """How likely so small a value would be, were the truth at the threshold."""
        ...

    def p_above(self, threshold: float) -> float:
        """How likely so large a value would be, were the truth at the threshold."""
        ...


def z_of(tail: float) -> float:
    """The point of the normal distribution that leaves ``tail`` beyond it."""
    return Z95 if tail == 0.025 else -_NORMAL.inv_cdf(tail)


def tail_of(confidence: float) -> float:
    """Of a two-sided interval."""
    return round((1 - confidence) / 2, 15)


@dataclass(frozen=True)
class Rate:
    """A share of samples, with Wilson's interval."""

    count: float
    samples: float
    step = 1.0

    @property
    def value(self) -> float:
        return self.count / self.samples

    def bounds(self, low: float, high: float) -> Bounds:
        lower, upper = (wilson(self.count, self.samples, z_of(tail)) or (0.0, 1.0) for tail in (low, high))
        return lower[0], upper[1]

    def times(self, factor: float) -> Rate:
        return Rate(self.count * factor, self.samples * factor)

    def is_settled(self, threshold: float, tail: float) -> bool:
        low, high = self.bounds(tail, tail)
        return not low + EXACT < threshold < high - EXACT


class _ByTest:
    """Settled where a test says so, which takes less time than an interval and comes to the same."""

    def is_settled(self: Tested, threshold: float, tail: float) -> bool:
        is_below = self.value <= threshold
        return (self.p_below(threshold) if is_below else self.p_above(threshold)) <= tail


@dataclass(frozen=True)
class ExactRate(_ByTest):
    """A share of few samples, by the binomial distribution itself (Clopper and Pearson, Biometrika 26, 1934)."""

    count: int
    samples: int

    @property
    def value(self) -> float:
        return self.count / self.samples

    @property
    def step(self) -> float:
        return self.samples / math.gcd(self.count, self.samples)

    def bounds(self, low: float, high: float) -> Bounds:
        x, n = self.count, self.samples
        lower = 0.0 if x == 0 else 1.0 - _beyond(n - x, n, low)
        return lower, 1.0 if x == n else _beyond(x, n, high)

    def times(self, factor: float) -> ExactRate:
        return ExactRate(round(self.count * factor), round(self.samples * factor))

    def p_below(self, threshold: float) -> float:
        return (
            at_most(self.count, self.samples, threshold) if threshold < 1 else 0.0
        )  # it is at most 1 whatever happens

    def p_above(self, threshold: float) -> float:
        return at_most(self.samples - self.count, self.samples, 1 - threshold)


@dataclass(frozen=True)
class Gain(_ByTest):
    """Accuracy of the update − accuracy of the old model on the same samples: positive − negative flips, of all.

    Interval and test are the score ones for paired samples (Tango, Statistics in Medicine 17, 1998); at no difference
    the test is McNemar's.
    """

    lost: float
    gained: float
    samples: float
    step = 1.0

    @property
    def value(self) -> float:
        return (self.gained - self.lost) / self.samples

    def bounds(self, low: float, high: float) -> Bounds:
        above, below = z_of(low), -z_of(high)
        lower = _crossing(lambda gain: self._score(gain) < above, -1.0, self.value)
        return lower, _crossing(lambda gain: self._score(gain) <= below, self.value, 1.0)

    def times(self, factor: float) -> Gain:
        return Gain(self.lost * factor, self.gained * factor, self.samples * factor)

    def p_below(self, threshold: float) -> float:
        return _NORMAL.cdf(self._score(threshold))

    def p_above(self, threshold: float) -> float:
        return _NORMAL.cdf(-self._score(threshold))

    def _score(self, gain: float) -> float:
        """By how many standard errors the value is above ``gain``, were that the truth."""
        b, c, n = self.lost, self.gained, self.samples
        linear = b * (1 - gain) + c * (1 + gain) - 2 * n * gain
        root = math.sqrt(max(0.0, linear * linear + 8 * n * b * gain * (1 - gain)))
        share = min(max((linear + root) / (4 * n), 0.0, -gain), (1 - gain) / 2)  # of samples lost, the likeliest one
        variance = n * (2 * share + gain - gain * gain)
        distance = c - b - n * gain
        if abs(distance) <= EXACT * n:
            return 0.0
        return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)


def outcome(bounds: Bounds, threshold: float, *, is_most: bool) -> Outcome:
    """On which side of the threshold an interval lies; ``is_most`` where the good side, the threshold's, is below."""
    (low, high), at = (bounds, threshold) if is_most else ((-bounds[1], -bounds[0]), -threshold)
    if high <= at + EXACT:
        return "pass"
    return "fail" if low > at + EXACT else "too little evidence"


def at_threshold(found: Measured, threshold: float) -> bool:
    """Whether the value is the threshold itself, so that its interval will always reach across."""
    return abs(found.value - threshold) <= EXACT


def further(found: Measured, threshold: float, tail: float) -> int | None:
    """So many more samples would settle on which side of the threshold the figure is, were its rates to stay.

    None where no number would: the value is at the threshold.
    """
    if at_threshold(found, threshold):
        return None

    def settles(steps: int) -> bool:
        return found.times(steps * found.step / found.samples).is_settled(threshold, tail)

    least, most = round(found.samples / found.step), 2 * round(found.samples / found.step)
    while not settles(most):
        least, most = most, 2 * most
        if most * found.step > _MOST:
            return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if settles(middle) else (middle, most)
    return round(most * found.step - found.samples)


def holm(p_values: Sequence[float], tail: float) -> list[float]:
    """The tail that each of several tests is judged at (Holm, Scandinavian Journal of Statistics 6, 1979).

    Where one does not reach its own, no later one does. Never smaller than Bonferroni's ``tail / len(p_values)``.
    """
    tails, reached = [tail] * len(p_values), True
    at = tail
    for place, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if reached:
            at = tail / (len(p_values) - place)
            reached = p_values[i] <= at
        tails[i] = at
    return tails


def at_most(count: int, samples: int, share: float) -> float:
    """P(X ≤ count) of a binomial distribution."""
    if count < 0:
        return 0.0
    if count >= samples or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    if count >= samples * share:
        return 1.0 - _below_mean(samples - count - 1, samples, 1 - share)
    return _below_mean(count, samples, share)


def _below_mean(count: int, samples: int, share: float) -> float:
    """P(X ≤ count) where that is below the mean: terms fall from P(X = count) on, the far ones to nothing."""
    if count < 0 or share >= 1:  # 1 less next to nothing
        return 0.0
    return min(1.0, math.exp(_log_chance(count, samples, share)) * _falling(count, samples, (1 - share) / share))


def _falling(count: int, samples: int, odds: float) -> float:
    """The sum of the terms from P(X = count) down to P(X = 0), of which the first is 1."""
    if count > _FEW:
        most = int(12 * math.sqrt(samples * odds) / (1 + odds)) + 60
        places = np.arange(count, max(0, count - most), -1, dtype=np.float64)
        return 1.0 + float(np.cumprod(places / (samples - places + 1) * odds).sum())
    term = total = 1.0
    for k in range(count, 0, -1):
        term *= k / (samples - k + 1) * odds
        total += term
    return total


def _beyond(count: int, samples: int, tail: float) -> float:
    """The share above ``count / samples`` at which P(X ≤ count) is no more than ``tail``.

    By Newton's steps on its logarithm from the normal distribution's answer, a tenth of what halving takes: a thousand
    classes have two thousand ends.
    """
    low, high = count / samples, 1.0
    share = (wilson(count, samples, max(z_of(tail), 0.1)) or (low, high))[1]
    for _ in range(60):
        share = share if low < share < high else (low + high) / 2
        chance = max(at_most(count, samples, share), _TINY)
        low, high = (share, high) if chance > tail else (low, share)
        step = (math.log(chance) - math.log(tail)) * chance / (_density(count, samples, share) or _TINY)
        if abs(step) < _NEAR or high - low < _NEAR:
            return share
        share += step
    return share


def _density(count: int, samples: int, share: float) -> float:
    """How fast P(X ≤ count) falls as the share grows."""
    return (samples - count) / (1 - share) * math.exp(_log_chance(count, samples, share))


def _log_chance(count: int, samples: int, share: float) -> float:
    """log P(X = count)."""
    return (
        math.lgamma(samples + 1) - math.lgamma(count + 1) - math.lgamma(samples - count + 1)
        + count * math.log(share) + (samples - count) * math.log1p(-share)
    )  # fmt: skip


def _crossing(is_beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition begins to hold between two numbers; it holds at the higher one."""
    for _ in range(36):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return (low + high) / 2
