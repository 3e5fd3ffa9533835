"""May it ship? A comparison held against a policy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mpt_studio.compare.comparison import Comparison
from mpt_studio.compare.matching.matching import Bools
from mpt_studio.compare.tally import SUBSET_WORDS, Subset
from mpt_studio.decide.classes import judge_classes
from mpt_studio.decide.court import Court
from mpt_studio.decide.floor import below_floor
from mpt_studio.decide.intervals import ExactRate, Gain, Rate, Tested
from mpt_studio.decide.policy import IdSet, Policy, Slice
from mpt_studio.decide.question import Question
from mpt_studio.decide.slices import inside
from mpt_studio.decide.verdict import Finding, Verdict
from mpt_studio.errors import UserError, one_sentence
from mpt_studio.flips import NEW_RIGHT, FlipKind
from mpt_studio.predictions import Ints


def deciding_subset(comparison: Comparison) -> Subset:
    """Whose NFR decides: old classes, or all samples where the test part has none of those."""
    return "old_classes" if comparison.rates("old_classes").samples else "all"


def judge(comparison: Comparison, policy: Policy, *, leave_out: Bools | None = None) -> Verdict:
    """Hold an update against a policy, and against what anyone would ask (``floor``).

    Args:
        leave_out: (N,) samples not to count, such as ``label_wrong(comparison)``.
    Raises ``UserError`` where none of the ids of a list is among the samples, and for slices that cannot be found.
    """
    counted = np.ones(len(comparison), dtype=bool) if leave_out is None else ~leave_out
    court = Court(comparison, policy, counted)
    return Verdict(tuple(_findings(court)), len(comparison) - int(counted.sum()))


def _findings(court: Court) -> Iterator[Finding]:
    policy = court.policy
    yield from (_listed(court, each) for each in policy.must_not_flip)
    if policy.max_nfr is not None:
        yield _nfr(court, policy.max_nfr)
    if policy.max_class_nfr is not None:
        yield judge_classes(court, policy.max_class_nfr)
    if policy.min_accuracy_gain is not None:
        yield _gain(court, "", policy.min_accuracy_gain, "all")
    if policy.min_accuracy_gain_old is not None:
        yield _gain(court, "_old", policy.min_accuracy_gain_old, "old_classes")
    if policy.min_accuracy_new is not None:
        yield _new(court, policy.min_accuracy_new)
    yield from _slices(court)
    if (refusal := below_floor(court.comparison)) is not None:
        yield refusal


def _listed(court: Court, wanted: IdSet) -> Finding:
    """No interval: any flip breaks it."""
    rows, key = court.comparison.rows_of(wanted.ids), f"must_not_flip.{wanted.name}"
    unknown = tuple(name for name, row in zip(wanted.ids, rows.tolist(), strict=True) if row < 0)
    if wanted.ids and len(unknown) == len(wanted.ids):
        raise _of_other_data(wanted, court.comparison)
    known = rows[rows >= 0]
    known = known[court.counted[known]]
    broken = known[court.negative[known]]
    return Finding(
        "must_not_flip", key, 0, float(len(broken)), f"listed in {one_sentence(wanted.name, 60)}", len(known),
        "fail" if len(broken) else "pass", unknown_ids=unknown, **court.told(key, broken),
    )  # fmt: skip


def _of_other_data(wanted: IdSet, comparison: Comparison) -> UserError:
    ours, theirs = (repr(one_sentence(str(name), 60)) for name in (wanted.ids[0], comparison.sample_ids[0]))
    return UserError(
        f"None of the {len(wanted.ids):,} ids of {one_sentence(wanted.name, 60)} that must not flip is among the "
        f"samples ({ours} against {theirs}); is the list of other data?"
    )


def _nfr(court: Court, most: float) -> Finding:
    subset = deciding_subset(court.comparison)
    broken, n = _flipped(court, court.mask(subset))
    rate = Rate(len(broken), n) if n else None
    return court.finding(Question("max_nfr", "nfr.max", most, True, SUBSET_WORDS[subset], rate, broken))


def _gain(court: Court, ending: str, least: float, subset: Subset) -> Finding:
    gain, broken = _gained(court, court.mask(subset))
    name, key = f"min_accuracy_gain{ending}", f"accuracy.min_gain{ending}"
    return court.finding(Question(name, key, least, False, SUBSET_WORDS[subset], gain, broken))


def _new(court: Court, least: float) -> Finding:
    here = court.mask("new_classes")
    n, wrong = int(here.sum()), np.flatnonzero(here & ~np.isin(court.comparison.kinds, NEW_RIGHT))
    rate, words = Rate(n - len(wrong), n) if n else None, SUBSET_WORDS["new_classes"]
    return court.finding(Question("min_accuracy_new", "accuracy.min_new", least, False, words, rate, wrong))


def _slices(court: Court) -> list[Finding]:
    """Each measure of each slice is a criterion; they are corrected for their number together."""
    asked = [pair for part in court.policy.slices for pair in _of_slice(court, part)]
    tails = iter(court.rule.together([(question, found) for question, found in asked if found is not None]))
    return [court.finding(question, next(tails) if found is not None else None) for question, found in asked]


def _of_slice(court: Court, part: Slice) -> Iterator[tuple[Question, Tested | None]]:
    here, key, where = inside(court.comparison, part.where) & court.counted, f"slices.{part.where}", part.shown
    if part.max_nfr is not None:
        subset = deciding_subset(court.comparison)
        broken, n = _flipped(court, here & court.comparison.mask(subset))
        rate = ExactRate(len(broken), n) if n else None
        words = f"{where}, {SUBSET_WORDS[subset]}"
        yield Question("slice_max_nfr", key, part.max_nfr, True, words, rate, broken), rate
    if part.min_gain is not None:
        gain, broken = _gained(court, here)
        yield Question("slice_min_gain", key, part.min_gain, False, f"{where}, all", gain, broken), gain


def _flipped(court: Court, here: Bools) -> tuple[Ints, int]:
    """Rows of the negative flips, and how many samples there are."""
    return np.flatnonzero(here & court.negative), int(here.sum())


def _gained(court: Court, here: Bools) -> tuple[Gain | None, Ints]:
    kinds, n = np.bincount(court.comparison.kinds[here], minlength=4), int(here.sum())
    lost, gained = int(kinds[FlipKind.NEGATIVE]), int(kinds[FlipKind.POSITIVE])
    return Gain(lost, gained, n) if n else None, np.flatnonzero(here & court.negative)
