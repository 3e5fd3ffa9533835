"""What a store holds, as text. It needs no figures of a comparison, and so no numpy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mpt_studio.methods import shown
from mpt_studio.report.text_table import TextTable
from mpt_studio.units import told

if TYPE_CHECKING:
    from mpt_studio.recipe.words import Difference
    from mpt_studio.store import Run, Search, Update


def runs_report(jobs: Sequence[Update | Search], runs: Sequence[Run]) -> str:
    """Every update, search and run of a store, newest first."""
    if not jobs and not runs:
        return "There are no runs yet."
    table = TextTable("id", "what", "started", "outcome", "accuracy, own classes", "NFR, old classes", words=4)
    for job in jobs:
        what = f"{type(job).__name__.lower()}: {job.title}{_tagged(job)}"
        table.add_row(job.id, what, _when(job.created), job.outcome, "", "")
    for run in runs:
        test = run.figures.get("test", {})
        every, old = test.get("own_classes") or test.get("all", {}), test.get("old_classes", {})
        accuracy = every.get("accuracy_new", every.get("accuracy"))
        figures = (_counted(accuracy, every), _counted(old.get("nfr"), old))
        table.add_row(
            run.id, f"{run.said.name or shown(run.label)}{_tagged(run)}", _when(run.created), run.outcome, *figures
        )
    return str(table)


def recipes_report(entries: Sequence[Run | Update | Search], found: Sequence[Difference]) -> str:
    """In which fields two recipes differ."""
    names = [f"{entry.title} ({entry.id})" if entry.title != entry.id else entry.id for entry in entries]
    if not found:
        return f"{names[0]} and {names[1]} have the same recipe."
    table = TextTable("field", *names, words=3)
    for each in found:
        table.add_row(each.title, each.one, each.other)
    return str(table)


def _counted(rate: float | None, subset: dict[str, Any]) -> str:
    return "–" if rate is None else f"{told('share', rate)} (n={subset['samples']})"


def _tagged(entry: Run | Update | Search) -> str:
    return f" [{', '.join(entry.said.tags)}]" if entry.said.tags else ""


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
