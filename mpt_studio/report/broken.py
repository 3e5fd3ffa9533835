"""The images that an update breaks, for a report: by cause, the worst first, and those that must not flip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mpt_studio.compare import CAUSE_NAMES, Cause, Comparison, causes, flow
from mpt_studio.compare.figures.causes import cause_sentence
from mpt_studio.decide import Finding
from mpt_studio.flips import Mark, ratio
from mpt_studio.jobs import Handover
from mpt_studio.predictions import Ints
from mpt_studio.store.marks import Marked

SHOWN_OF_CAUSE = 32
SHOWN_OF_SETS = 40
"""With five causes this makes 200 images at most."""
SHOWN_FLOWS = 20
MARK_WORDS = {Mark.ACCEPTABLE: "acceptable", Mark.BLOCKER: "blocker", Mark.LABEL_WRONG: "label wrong"}
_LISTED_CAUSES = tuple(cause for cause in Cause if cause != Cause.NONE)


def by_cause(found: Handover) -> list[dict[str, Any]]:
    """Each cause with its negative flips, the most frequent first."""
    comparison = found.comparison
    rows, total = comparison.negative_flips, len(comparison.negative_flips)
    why = causes(comparison)[rows]
    told = []
    for cause in _LISTED_CAUSES:
        here = rows[why == cause]
        shown = samples(comparison, _worst(comparison, here)[:SHOWN_OF_CAUSE], found.marked)
        told.append({"cause": CAUSE_NAMES[cause], "count": len(here), "share": ratio(len(here), total)} | shown)
    return sorted(told, key=lambda each: -int(each["count"]))


def flows(comparison: Comparison) -> dict[str, Any]:
    """Where negative flips went, the most frequent pairs."""
    pairs = flow(comparison)
    return {"pairs": len(pairs), "first": [vars(pair) for pair in pairs[:SHOWN_FLOWS]]}


def must_not_flip(found: Handover) -> list[dict[str, Any]]:
    """Each named set with what became of every id of it."""
    if found.verdict is None or found.policy is None:
        return []
    by_key = {finding.key: finding for finding in found.verdict.findings}
    sets, left = [], SHOWN_OF_SETS
    for each in found.policy.must_not_flip:
        finding = by_key[f"must_not_flip.{each.name}"]
        shown = samples(found.comparison, finding.rows[:left], found.marked)
        left -= len(shown["samples"])
        outcomes = _outcomes(found.comparison, each.ids, finding)
        sets.append({"name": each.name, "file": each.file, "broken": len(finding.rows), "ids": outcomes} | shown)
    return sets


def _outcomes(comparison: Comparison, ids: Iterable[str], finding: Finding) -> list[dict[str, Any]]:
    """Of each listed id whether it held; "unknown" where it is not among the samples."""
    broken = {str(name): int(row) for name, row in zip(comparison.sample_ids[finding.rows], finding.rows, strict=True)}
    unknown = set(finding.unknown_ids)
    outcomes = []
    for name in dict.fromkeys(ids):
        outcome = "fail" if name in broken else "unknown" if name in unknown else "pass"
        what = cause_sentence(comparison, broken[name]) if name in broken else ""
        outcomes.append({"id": name, "outcome": outcome, "what": what})
    return outcomes


def judgements(found: Handover, most: int = 200) -> dict[str, Any]:
    """How many samples of each mark, the marked ones with their notes, blockers first."""
    comparison = found.comparison
    marks = [Mark.BLOCKER, Mark.LABEL_WRONG, Mark.ACCEPTABLE, Mark.NONE]
    noted = [(name, each) for name, each in found.marked.items() if each.mark or each.note]
    rows = comparison.rows_of(name for name, _ in noted)
    known = [(marks.index(each.mark), name, each) for (name, each), row in zip(noted, rows, strict=True) if row >= 0]
    counts = {words: sum(each.mark == mark for *_, each in known) for mark, words in MARK_WORDS.items()}
    first = [{"id": name, "mark": MARK_WORDS.get(each.mark, ""), "note": each.note} for _, name, each in sorted(
        known, key=lambda one: (one[0], not one[2].note, one[1])
    )[:most]]  # fmt: skip
    return {"counts": counts, "total": len(known), "first": first}


def _worst(comparison: Comparison, rows: Ints) -> Ints:
    """By margin drop, the largest first; without scores as the samples come."""
    drop = comparison.at("margin_drop", rows)
    return rows[np.argsort(-drop, kind="stable")]


def samples(comparison: Comparison, rows: Ints, marked: dict[str, Marked]) -> dict[str, Any]:
    """Some samples for people."""
    return {"samples": [_sample(comparison, row, marked) for row in rows.tolist()]}


def _sample(comparison: Comparison, row: int, marked: dict[str, Marked]) -> dict[str, Any]:
    names, name = comparison.names, str(comparison.sample_ids[row])
    said = marked.get(name)
    drop = float(comparison.at("margin_drop", np.array([row]))[0])
    return {
        "id": name,
        "truth": names[comparison.truth[row]],
        "old": names[comparison.old_answer[row]],
        "new": names[comparison.new_answer[row]],
        "what": cause_sentence(comparison, row),
        "margin_drop": None if np.isnan(drop) else drop,
        "mark": MARK_WORDS.get(said.mark, "") if said else "",
        "note": said.note if said else "",
    }
