"""``mpt-studio runs``: what the store holds."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mpt_studio import report
from mpt_studio.cli.session import JsonOption, StoreOption, opened_store
from mpt_studio.errors import UsageError, one_sentence
from mpt_studio.recipe.words import differences
from mpt_studio.store import Run, Search, Store, Update
from mpt_studio.store.compute import compute_of


def runs(store: StoreOption = None, json: JsonOption = False, diff: str = "") -> int:
    """List updates, searches and runs, newest first, and the workers of those that a cluster does now.

    Args:
        diff: Two ids of updates, searches or runs, separated by a comma: only the fields in which their recipes differ.
    """
    opened = opened_store(store)
    if diff:
        return _diff(opened, diff, json)
    updates, searches, found = opened.updates(), opened.searches(), opened.runs()
    for problem in opened.problems:
        print(one_sentence(problem.sentence), file=sys.stderr)
    if json:
        damaged = [problem.to_json() for problem in opened.problems]
        rows = {"updates": [_job_row(u) for u in updates], "searches": [_job_row(s) for s in searches]}
        print(json_module.dumps({**rows, "runs": [_run_row(r) for r in found], "damaged": damaged}))
    else:
        print(report.runs_report([*updates, *searches], found))
        _print_compute([*updates, *searches, *found], {run.id: run for run in found})
    return 0


def _print_compute(entries: Sequence[Update | Search | Run], runs: Mapping[str, Run]) -> None:
    for entry in entries:
        if compute := compute_of(entry):
            print(f"\n{report.compute_report(entry.title, compute, runs)}")


def _diff(store: Store, names: str, json: bool) -> int:
    entries = [store.find(name.strip()) for name in names.split(",")]
    if len(entries) != 2:
        raise UsageError(f"--diff takes two ids, separated by a comma; {names!r} has {len(entries)}.")
    found = differences(entries[0].recipe, entries[1].recipe)
    if json:
        rows = [{"field": each.name, "one": each.one, "other": each.other} for each in found]
        print(json_module.dumps({"one": entries[0].id, "other": entries[1].id, "differences": rows}))
    else:
        print(report.recipes_report(entries, found))
    return 0


def _job_row(job: Any) -> dict[str, Any]:
    names = ("id", "title", "created", "outcome", "message")
    members = [dataclasses.asdict(member) for member in job.members]
    row = {name: getattr(job, name) for name in names}
    return {**row, **_said(job), "folder": str(job.folder), "members": members}


def _run_row(run: Any) -> dict[str, Any]:
    names = ("id", "label", "update", "created", "outcome", "message", "figures")
    checkpoint = str(run.checkpoint) if run.checkpoint else None
    row = {name: getattr(run, name) for name in names}
    return {**row, **_said(run), "folder": str(run.folder), "checkpoint": checkpoint}


def _said(entry: Any) -> dict[str, Any]:
    compute = compute_of(entry)
    said = {"name": entry.said.name, "tags": list(entry.said.tags), "note": entry.said.note}
    return {**said, "compute": dataclasses.asdict(compute) if compute is not None else None}
