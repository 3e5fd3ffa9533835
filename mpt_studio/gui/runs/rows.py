"""Updates, searches and runs of the store as rows of a table; pure functions, run beside the window."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mpt_studio import methods, units
from mpt_studio.gui.widgets.plain import listed, percent
from mpt_studio.gui.workspace.outcomes import DAMAGED, GOES_ON, best_of, title_of, trials_words
from mpt_studio.jobs import why_not_resumed
from mpt_studio.store import Problem, Run, Search, Store, Update
from mpt_studio.store.said import tags_of
from mpt_studio.store.worked import seconds_worked
from mpt_studio.units import count

Kind = Literal["update", "search", "run"]
HEADERS = (
    "Name",
    "Outcome",
    "Accuracy (own classes)",
    "NFR (old classes)",
    "Started",
    "Took",
    "Method",
    "Network",
    "Epochs",
    "Seed",
    "Data",
    "Tags",
    "Note",
)
NAME, TAGS, NOTE = 0, HEADERS.index("Tags"), HEADERS.index("Note")
"""Columns that people write."""
NUMBERS = frozenset({2, 3, 5, 8, 9})
"""Columns that are aligned to the right."""
_KIND_OF: dict[str, Kind] = {"runs": "run", "updates": "update", "searches": "search"}
"""By the folder of the store."""


@dataclass(frozen=True)
class Row:
    """An update or a search, or a run below its own or alone."""

    kind: Kind
    id: str
    job: str
    """Id of the update or search; empty for a run that was trained alone."""
    folder: str
    outcome: str
    cells: tuple[str, ...]
    tips: Mapping[int, str] = field(default_factory=dict)
    message: str = ""
    why_not_resumed: str = ""
    """Why going on with it would do nothing or fail; empty where it can go on."""
    is_trial: bool = False
    """Whether it is one of a search's many runs."""

    @property
    def is_job(self) -> bool:
        return self.kind != "run"

    @property
    def is_member(self) -> bool:
        """Whether it stands below an update or a search."""
        return self.kind == "run" and bool(self.job)

    @property
    def tags(self) -> tuple[str, ...]:
        return tags_of(self.cells[TAGS])

    def matches(self, text: str) -> bool:
        """Whether a cell or the id contains ``text``, in any case, and all tags are there that it asks for."""
        wanted, asked = asked_tags(text.casefold())
        own = {tag.casefold() for tag in self.tags}
        return own.issuperset(asked) and any(wanted in cell.casefold() for cell in (*self.cells, self.id))


def asked_tags(text: str) -> tuple[str, tuple[str, ...]]:
    """A search without its "tag:night" and "tag:'cam 2'", and those tags."""
    tags = tuple(quoted or plain for quoted, plain in _TAG.findall(text))
    return " ".join(_TAG.sub(" ", text).split()), tags


def asking(tag: str) -> str:
    """What asks for a tag in the search."""
    return f"tag:'{tag}'" if " " in tag else f"tag:{tag}"


_TAG = re.compile(r"\btag:(?:'([^']*)'|(\S+))")


def rows_of(store: Store) -> list[Row]:
    """Newest first; the runs of an update or a search stand below it in the order of training."""
    runs, jobs = store.runs(), store.jobs()
    members: dict[str, list[Run]] = {job.id: [] for job in jobs}
    for run in reversed(runs):
        members.get(run.update, []).append(run)
    by_id = {run.id: run for run in runs}
    blocks = [(job.created, _block(job, members[job.id], by_id)) for job in jobs]
    blocks += [(run.created, [_run_row(run, "", {})]) for run in runs if run.update not in members]
    blocks += [(0.0, [_damaged_row(problem)]) for problem in store.problems]
    blocks.sort(key=lambda block: block[0], reverse=True)
    return [row for _, block in blocks for row in block]


def _damaged_row(problem: Problem) -> Row:
    """What cannot be read stands below everything else: it can be shown on disk, mended, or deleted."""
    return Row(
        kind=_KIND_OF[problem.folder.parent.name],
        id=problem.folder.name,
        job="",
        folder=str(problem.folder),
        outcome=DAMAGED,
        message=problem.sentence,
        cells=(problem.folder.name, DAMAGED, *[""] * (len(HEADERS) - 2)),
    )


def filtered(rows: list[Row], text: str) -> list[Row]:
    """Rows that match, with what is above them; all below an update or a search that matches itself."""
    if not text.strip():
        return rows
    hits = {(row.kind, row.id) for row in rows if row.matches(text.strip())}
    hit_jobs = {row.id for row in rows if row.is_job and (row.kind, row.id) in hits}
    above = {row.job for row in rows if row.is_member and (row.kind, row.id) in hits}
    return [
        row for row in rows if (row.kind, row.id) in hits or row.job in hit_jobs or (row.is_job and row.id in above)
    ]


def _block(job: Update | Search, runs: list[Run], every: Mapping[str, Run]) -> list[Row]:
    if isinstance(job, Search):
        stuck = "" if job.outcome in GOES_ON else "More trials are asked for on the Search page."
        return [_job_row(job, runs, stuck), *(_run_row(run, job.id, {}, is_trial=True) for run in runs)]
    figures = {each.get("run"): each for each in (job.result or {}).get("candidates", [])}
    return [
        _job_row(job, runs, why_not_resumed(job, every)),
        *(_run_row(run, job.id, figures.get(run.id, {})) for run in runs),
    ]


def _job_row(job: Update | Search, runs: list[Run], stuck: str) -> Row:
    best = best_of(job)
    (accuracy, accuracy_tip), (nfr, nfr_tip) = _accuracy(best), _nfr(best)
    said = f"Of the recommended candidate, {methods.shown(str(best.get('label')))}.\n" if best else ""
    recipe = job.recipe.update if isinstance(job, Search) else job.recipe
    paused = job.outcome == "running" and any(run.outcome == "paused" for run in runs)
    outcome = "paused" if paused else job.outcome
    return Row(
        kind="search" if isinstance(job, Search) else "update",
        id=job.id,
        job=job.id,
        folder=str(job.folder),
        outcome=outcome,
        message=job.message,
        cells=(
            title_of(job),
            outcome,
            accuracy,
            nfr,
            started(job.created),
            units.duration(sum(seconds_worked(run.events_path) for run in runs)),
            trials_words(job) if isinstance(job, Search) else methods.told(job.recipe.methods, job.recipe.logit_margin),
            recipe.model.arch,
            str(recipe.training.epochs),
            str(recipe.training.seed),
            recipe.data,
            ", ".join(job.said.tags),
            job.said.note,
        ),
        tips={2: said + accuracy_tip, 3: said + nfr_tip} if best else {},
        why_not_resumed=stuck,
    )


def _run_row(run: Run, job: str, figures: dict[str, Any], *, is_trial: bool = False) -> Row:
    found = figures or run.figures.get("test") or {}
    (accuracy, accuracy_tip), (nfr, nfr_tip) = _accuracy(found), _nfr(found)
    training = run.recipe.training
    return Row(
        kind="run",
        id=run.id,
        job=job,
        folder=str(run.folder),
        outcome=run.outcome,
        message=run.message,
        cells=(
            run.said.name or methods.shown(run.title),
            run.outcome,
            accuracy,
            nfr,
            started(run.created),
            units.duration(seconds_worked(run.events_path)),
            methods.shown(methods.label_of(run.recipe.method)),
            run.recipe.model.arch,
            str(training.epochs),
            str(training.seed),
            run.recipe.data,
            ", ".join(run.said.tags),
            run.said.note,
        ),
        tips={2: accuracy_tip, 3: nfr_tip},
        is_trial=is_trial,
    )


def _accuracy(figures: Mapping[str, Any]) -> tuple[str, str]:
    """On the classes that the version knows: of an old model that is not all."""
    own = figures.get("own_classes") or figures.get("all") or {}
    rate = own.get("accuracy_new", own.get("accuracy"))
    return _shown(rate, own), _tip("Accuracy (classes it knows)", rate, own)


def _nfr(figures: Mapping[str, Any]) -> tuple[str, str]:
    old_classes = figures.get("old_classes") or {}
    return _shown(old_classes.get("nfr"), old_classes), _tip("NFR (old classes)", old_classes.get("nfr"), old_classes)


def _shown(rate: float | None, figures: Mapping[str, Any]) -> str:
    """ "95.0 % of 2,160"; the header names the subset."""
    return "" if rate is None else f"{percent(rate)} of {count(figures.get('samples', 0))}"


def _tip(name: str, rate: float | None, figures: Mapping[str, Any]) -> str:
    return "" if rate is None else f"{name} {percent(rate, 2)}, n = {figures.get('samples', 0):,}, test part"


def started(when: float) -> str:
    """Local date and time to the minute; sorts as text."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def named(doomed: list[Row]) -> str:
    """What is deleted, by its name where it is one thing."""
    jobs, runs = [row for row in doomed if row.is_job], [row for row in doomed if not row.is_job]
    if len(jobs) == 1 and all(run.job == jobs[0].id for run in runs):
        return f"“{jobs[0].cells[NAME]}”" + (f" and its {count(len(runs), 'run')}" if runs else "")
    if len(doomed) == 1:
        return f"“{doomed[0].cells[NAME]}”"
    return listed(counted(doomed))


def counted(rows: Sequence[Row]) -> list[str]:
    """How many there are of each kind: "2 updates", "1 search", "40 runs"."""
    found = ((sum(row.kind == kind for row in rows), words) for kind, *words in _KINDS)
    return [count(n, *words) for n, words in found if n]


_KINDS = (("update", "update"), ("search", "search", "searches"), ("run", "run"))
