"""``mpt-studio runs``: what the store holds."""

from __future__ import annotations

import dataclasses
import json as json_module
import sys
from typing import Any

from mpt_studio import report
from mpt_studio.cli.session import JsonOption, StoreOption, opened_store
from mpt_studio.errors import one_sentence


def runs(store: StoreOption = None, json: JsonOption = False) -> int:
    """List updates, searches and runs, newest first."""
    opened = opened_store(store)
    updates, searches, found = opened.updates(), opened.searches(), opened.runs()
    for problem in opened.problems:
        print(one_sentence(problem.sentence), file=sys.stderr)
    if json:
        damaged = [problem.to_json() for problem in opened.problems]
        rows = {"updates": [_job_row(u) for u in updates], "searches": [_job_row(s) for s in searches]}
        print(json_module.dumps({**rows, "runs": [_run_row(r) for r in found], "damaged": damaged}))
    else:
        print(report.runs_report([*updates, *searches], found))
    return 0


def _job_row(job: Any) -> dict[str, Any]:
    names = ("id", "title", "created", "outcome", "message")
    members = [dataclasses.asdict(member) for member in job.members]
    return {**{name: getattr(job, name) for name in names}, "folder": str(job.folder), "members": members}


def _run_row(run: Any) -> dict[str, Any]:
    names = ("id", "label", "update", "created", "outcome", "message", "figures")
    checkpoint = str(run.checkpoint) if run.checkpoint else None
    return {**{name: getattr(run, name) for name in names}, "folder": str(run.folder), "checkpoint": checkpoint}
