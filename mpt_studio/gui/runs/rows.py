"""Updates and runs of the store as rows of a table; pure functions, so that they can run beside the window."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mpt_studio import units
from mpt_studio.gui.widgets.plain import percent
from mpt_studio.jobs import why_not_resumed
from mpt_studio.methods import shown
from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Problem, Run, Store, Update
from mpt_studio.store.said import tags_of
from mpt_studio.store.worked import seconds_worked
from mpt_studio.units import count

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
DAMAGED = "damaged"
OUTCOMES = {
    "done": ("✓", "right"),
    "running": ("▶", "accent"),
    "paused": ("❙❙", "accent"),
    "queued": ("…", "muted"),
    "stopped": ("■", "both_wrong"),
    "cancelled": ("■", "muted"),
    "failed": ("✗", "wrong"),
    "interrupted": ("▲", "both_wrong"),
    DAMAGED: ("✗", "wrong"),
}
"""Outcome → glyph and field of ``Colors``."""


@dataclass(frozen=True)
class Row:
    """An update, or a run below its update or of its own."""

    kind: Literal["update", "run"]
    id: str
    update: str
    """The update's id; empty for a run of its own."""
    folder: str
    outcome: str
    cells: tuple[str, ...]
    tips: Mapping[int, str] = field(default_factory=dict)
    message: str = ""
    why_not_resumed: str = ""
    """Why going on with it would do nothing or fail; empty for an update that can go on."""

    @property
    def is_member(self) -> bool:
        """Whether it stands below an update."""
        return self.kind == "run" and bool(self.update)

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
    """Newest first; an update's runs stand below it in the order of training."""
    runs = store.runs()
    members: dict[str, list[Run]] = {}
    for run in reversed(runs):
        members.setdefault(run.update, []).append(run)
    updates = store.updates()
    known = {update.id for update in updates}
    by_id = {run.id: run for run in runs}
    blocks = [(update.created, _block(update, members.get(update.id, []), by_id)) for update in updates]
    blocks += [(run.created, [_run_row(run, "", {})]) for run in runs if run.update not in known]
    blocks += [(0.0, [_damaged_row(problem)]) for problem in store.problems]
    blocks.sort(key=lambda block: block[0], reverse=True)
    return [row for _, block in blocks for row in block]


def _damaged_row(problem: Problem) -> Row:
    """What cannot be read stands below everything else: it can be shown on disk, mended, or deleted."""
    return Row(
        kind="run" if problem.folder.parent.name == "runs" else "update",
        id=problem.folder.name,
        update="",
        folder=str(problem.folder),
        outcome=DAMAGED,
        message=problem.sentence,
        cells=(problem.folder.name, DAMAGED, *[""] * (len(HEADERS) - 2)),
    )


def filtered(rows: list[Row], text: str) -> list[Row]:
    """Rows that match, with the updates above them; all below an update that matches itself."""
    if not text.strip():
        return rows
    hits = {(row.kind, row.id) for row in rows if row.matches(text.strip())}
    hit_updates = {row.id for row in rows if row.kind == "update" and (row.kind, row.id) in hits}
    above = {row.update for row in rows if row.is_member and (row.kind, row.id) in hits}
    return [
        row
        for row in rows
        if (row.kind, row.id) in hits or row.update in hit_updates or (row.kind == "update" and row.id in above)
    ]


def _block(update: Update, runs: list[Run], every: Mapping[str, Run]) -> list[Row]:
    result = update.result or {}
    figures = {c.get("run"): c for c in result.get("candidates", [])}
    return [
        _update_row(update, figures, runs, why_not_resumed(update, every)),
        *(_run_row(run, update.id, figures.get(run.id, {})) for run in runs),
    ]


def _update_row(update: Update, figures: Mapping[Any, dict[str, Any]], runs: list[Run], stuck: str) -> Row:
    recommended = ((update.result or {}).get("recommended") or {}).get("run")
    best = figures.get(recommended, {})
    (accuracy, accuracy_tip), (nfr, nfr_tip) = _accuracy(best), _nfr(best)
    said = f"Of the recommended candidate, {shown(str(best.get('label')))}.\n" if best else ""
    training = update.recipe.training
    paused = update.outcome == "running" and any(run.outcome == "paused" for run in runs)
    outcome = "paused" if paused else update.outcome
    return Row(
        kind="update",
        id=update.id,
        update=update.id,
        folder=str(update.folder),
        outcome=outcome,
        message=update.message,
        cells=(
            update.title or "Update",
            outcome,
            accuracy,
            nfr,
            started(update.created),
            units.duration(sum(seconds_worked(run.events_path) for run in runs)),
            methods_of(update.recipe),
            update.recipe.model.arch,
            str(training.epochs),
            str(training.seed),
            update.recipe.data,
            ", ".join(update.said.tags),
            update.said.note,
        ),
        tips={2: said + accuracy_tip, 3: said + nfr_tip} if best else {},
        why_not_resumed=stuck,
    )


def _run_row(run: Run, update: str, figures: dict[str, Any]) -> Row:
    found = figures or run.figures.get("test") or {}
    (accuracy, accuracy_tip), (nfr, nfr_tip) = _accuracy(found), _nfr(found)
    training = run.recipe.training
    return Row(
        kind="run",
        id=run.id,
        update=update,
        folder=str(run.folder),
        outcome=run.outcome,
        message=run.message,
        cells=(
            run.said.name or shown(run.title),
            run.outcome,
            accuracy,
            nfr,
            started(run.created),
            units.duration(seconds_worked(run.events_path)),
            "Plain" if run.recipe.role in ("old", "reference") else run.recipe.method.name,
            run.recipe.model.arch,
            str(training.epochs),
            str(training.seed),
            run.recipe.data,
            ", ".join(run.said.tags),
            run.said.note,
        ),
        tips={2: accuracy_tip, 3: nfr_tip},
    )


def result_words(update: Update) -> str:
    """What came of an update: its recommended candidate with its figures, else how far it is."""
    result = update.result or {}
    recommended = (result.get("recommended") or {}).get("run")
    candidates: list[dict[str, Any]] = result.get("candidates", [])
    best = next((c for c in candidates if recommended and c.get("run") == recommended), None)
    if best is None:
        return f"{OUTCOMES[update.outcome][0]} {update.outcome}" + (f": {update.message}" if update.message else "")
    accuracy, nfr = _rate(best, "all", "accuracy_new"), _rate(best, "old_classes", "nfr")
    figures = [f"{name} {text}" for name, text in (("accuracy (all)", accuracy), ("NFR (old)", nfr)) if text]
    figures += [str(result["verdict"])] if result.get("verdict") else []
    return (
        f"★ {shown(str(best.get('label', '')))}: {', '.join(figures)}"
        if figures
        else f"★ {shown(str(best.get('label', '')))}"
    )


def _rate(figures: Mapping[str, Any], subset: str, name: str) -> str:
    rate = (figures.get(subset) or {}).get(name)
    return "" if rate is None else percent(rate)


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


def methods_of(recipe: UpdateRecipe) -> str:
    """An update's methods as they were written, short."""
    return ", ".join(name.strip() for name in recipe.methods.split(",") if name.strip())


def started(when: float) -> str:
    """Local date and time to the minute; sorts as text."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def named(doomed: list[Row]) -> str:
    """What is deleted, by its name where it is one thing."""
    updates = [row for row in doomed if row.kind == "update"]
    runs = [row for row in doomed if row.kind == "run"]
    if len(updates) == 1 and all(run.update == updates[0].id for run in runs):
        return f"“{updates[0].cells[0]}”" + (f" and its {count(len(runs), 'run')}" if runs else "")
    if len(doomed) == 1:
        return f"“{doomed[0].cells[0]}”"
    parts = [count(len(updates), "update")] * bool(updates) + [count(len(runs), "run")] * bool(runs)
    return " and ".join(parts)
