"""Who works for a job that has a cluster, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mpt_studio.events import Epoch, Started
from mpt_studio.methods import shown
from mpt_studio.report.text_table import TextTable
from mpt_studio.store.compute import clock

if TYPE_CHECKING:
    from mpt_studio.store import Run
    from mpt_studio.store.compute import Compute


def compute_report(title: str, compute: Compute, runs: Mapping[str, Run]) -> str:
    """A job's workers and what each does, and what waits for what; ``runs`` by their ids."""
    workers = TextTable("worker", "on", "now", "since", words=4)
    for worker in compute.workers:
        said = worker.said(lambda run: _told_of(runs[run]) if run in runs else "")
        workers.add_row(worker.name, worker.place, said, clock(worker.since))
    parts = [f"{title}, on {compute.cluster}: {compute.summary}", str(workers) if compute.workers else ""]
    if compute.waiting:
        waiting = TextTable("waiting", "for", "since", words=3)
        for each in compute.waiting:
            waiting.add_row(shown(each.label), ", ".join(map(shown, each.teachers)) or "a worker", clock(each.since))
        parts.append(str(waiting))
    return "\n".join(filter(None, parts))


def _told_of(run: Run) -> str:
    """Its version, and the epoch that it is at."""
    done, epochs = 0, 0
    for event in run.events():
        if isinstance(event, Started):
            epochs = event.epochs
        elif isinstance(event, Epoch):
            done = event.epoch
    at = f", epoch {min(done + 1, epochs)} of {epochs}" if epochs else ""
    return f"{shown(run.label)}{at}"
