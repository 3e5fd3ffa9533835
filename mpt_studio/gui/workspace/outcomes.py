"""Updates and searches in words: what they are called, how they ended, what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpt_studio.gui.widgets.plain import percent, short_spec
from mpt_studio.methods import shown
from mpt_studio.store import Search, Update
from mpt_studio.units import count

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
GOES_ON = frozenset({"interrupted", "stopped", "failed", "cancelled"})
"""How a search ended that can be resumed."""


def best_of(job: Update | Search) -> dict[str, Any]:
    """The recommended candidate, or the winner of a search on the test part; empty where there is none (yet)."""
    result = job.result or {}
    if isinstance(job, Search):
        return result.get("best") or {} if result.get("test") else {}
    recommended = (result.get("recommended") or {}).get("run")
    return next((each for each in result.get("candidates", []) if recommended and each.get("run") == recommended), {})


def title_of(job: Update | Search) -> str:
    """What it is called, with its data as people call them."""
    data = job.recipe.update.data if isinstance(job, Search) else job.recipe.data
    return job.title.replace(data, short_spec(data)) or type(job).__name__


def trials_words(search: Search) -> str:
    """How far it is: "5 of 24 trials"."""
    return f"{max(0, len(search.trials) - 1)} of {count(search.recipe.budget.trials, 'trial')}"


def result_words(job: Update | Search) -> str:
    """What came of it: the recommended candidate with its figures, else how far it is."""
    best = best_of(job)
    if not best:
        more = job.message or (trials_words(job) if isinstance(job, Search) else "")
        says_it = more.casefold().startswith(job.outcome)
        return f"{OUTCOMES[job.outcome][0]} " + (more if says_it else ": ".join(filter(None, (job.outcome, more))))
    accuracy, nfr = _rate(best, "all", "accuracy_new"), _rate(best, "old_classes", "nfr")
    figures = [f"{name} {text}" for name, text in (("accuracy (all)", accuracy), ("NFR (old classes)", nfr)) if text]
    figures += [str((job.result or {}).get("verdict") or "")]
    return ": ".join(filter(None, (f"★ {shown(str(best.get('label', '')))}", ", ".join(filter(None, figures)))))


def _rate(figures: Mapping[str, Any], subset: str, name: str) -> str:
    rate = (figures.get(subset) or {}).get(name)
    return "" if rate is None else percent(rate)
