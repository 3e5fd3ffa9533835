"""Reports of small comparisons: ordinary ones, and ones in which every name is out for harm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from mpt_studio.compare import Comparison, compare
from mpt_studio.decide import IdSet, Policy, Slice, judge
from mpt_studio.flips import Mark
from mpt_studio.jobs import Handover
from mpt_studio.predictions import Predictions
from mpt_studio.report.record import report_record
from mpt_studio.store.marks import Marked

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "a|b`c`*d*_e_[x](http://evil.example)",
    "two\nlines\x00\x1b[31m]]>",
    "@team #12 www.evil.example &amp; {{ 7 * 7 }} {% x %}",
    "\u202egnp.exe \ud800 \ufffe",
)
"""Names of classes; ids are made of them too."""
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def made_of_names(names: tuple[str, ...], each: int = 6) -> Comparison:
    """An old model that knows all but the last class, and an update; a third of each class flips negatively."""
    n = len(names) * each
    labels, known = np.repeat(np.arange(len(names)), each), len(names) - 1
    ids = np.array([f"{names[labels[i]]}/{i}" for i in range(n)])
    old, new = np.zeros((n, known), np.float32), np.zeros((n, len(names)), np.float32)
    for i in range(n):
        old[i, labels[i] % known] = 4
        new[i, (labels[i] + (i % 3 == 0)) % len(names)] = 3
    label = f"v1 {names[0]}"
    before = Predictions(ids, labels, names, old, names[:known], version=label, checkpoint_sha256="ab" * 32)
    return compare(before, Predictions(ids, labels, names, new, names, version=f"v2 {names[1]}", data="photos test"))


def handover(comparison: Comparison, **more: Any) -> Handover:
    """Judged by a policy with everything that one can ask."""
    ids = (*map(str, comparison.sample_ids[:8]), "nowhere")
    policy = Policy(
        max_nfr=0.05, max_class_nfr=0.1, min_accuracy_gain=-1.0, must_not_flip=(IdSet(comparison.names[0], ids),),
        slices=(Slice("truth:" + '"a"', max_nfr=0.5),) if "a" in comparison.names else (),
    )  # fmt: skip
    marked = {
        str(comparison.sample_ids[0]): Marked(Mark.BLOCKER, comparison.names[1], 0.0),
        str(comparison.sample_ids[3]): Marked(Mark.NONE, "only a note", 0.0),
        "of other data": Marked(Mark.ACCEPTABLE, "", 0.0),
    }
    comparison.set_marks({name: each.mark for name, each in marked.items()})
    signed = {"name": comparison.names[0], "date": "2026-11-30T10:00:00+00:00", "comment": comparison.names[2]}
    signs = ({**signed, "verdict": "hold", "digest": "", "is_current": True},)
    return Handover(
        comparison, policy, judge(comparison, policy), sign_offs=signs, marked=marked, notes=("No images.",), **more
    )


@pytest.fixture(scope="session")
def hostile() -> dict[str, Any]:
    """The record of a report in which every name is out for harm."""
    return report_record(handover(made_of_names(HOSTILE)), NOW)


@pytest.fixture(scope="session")
def plain() -> dict[str, Any]:
    """An ordinary one."""
    return report_record(handover(made_of_names(("a", "b", "c", "d"))), NOW)
