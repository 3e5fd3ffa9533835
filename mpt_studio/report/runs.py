"""What a store holds, as text. It needs no figures of a comparison, and so no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mpt_studio.report.text_table import TextTable
from mpt_studio.units import told

if TYPE_CHECKING:
    from mpt_studio.store import Run, Search, Update


def runs_report(jobs: Sequence[Update | Search], runs: Sequence[Run]) -> str:
    """Every update, search and run of a store, newest first."""
    if not jobs and not runs:
        return "There are no runs yet."
    table = TextTable("id", "what", "started", "outcome", "accuracy, own classes", "NFR, old classes", words=4)
    for job in jobs:
        kind = type(job).__name__.lower()
        table.add_row(job.id, f"{kind}: {job.title}", _when(job.created), job.outcome, "", "")
    for run in runs:
        test = run.figures.get("test", {})
        every, old = test.get("own_classes") or test.get("all", {}), test.get("old_classes", {})
        accuracy = every.get("accuracy_new", every.get("accuracy"))
        figures = (_counted(accuracy, every), _counted(old.get("nfr"), old))
        table.add_row(run.id, run.label, _when(run.created), run.outcome, *figures)
    return str(table)


def _counted(rate: float | None, subset: dict[str, Any]) -> str:
    return "–" if rate is None else f"{told('share', rate)} (n={subset['samples']})"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
