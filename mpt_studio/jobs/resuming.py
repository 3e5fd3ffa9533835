"""Whether an update can go on, told before anybody tries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from mpt_studio.data.sources import parse_spec
from mpt_studio.errors import UserError
from mpt_studio.jobs.plan import plan_of
from mpt_studio.store import Run, Update


def why_not_resumed(update: Update, runs: Mapping[str, Run]) -> str:
    """Why going on with an update would do nothing or fail at once, as a sentence; empty where it can go on.

    ``runs`` are those of the store by their ids.
    """
    if update.is_active:
        return "It is being trained now."
    try:
        done = _ready(update, runs)
        missing = [each.label for each in plan_of(update.recipe) if (each.role, each.label) not in done]
        parse_spec(update.recipe.data)  # tells of data that are gone
    except UserError as error:
        return str(error)
    if update.outcome == "done" or (update.result and not missing):  # without a result they are still to be compared
        return "All of its versions are there."
    for what, file in (("old model", update.recipe.old), ("start", update.recipe.start.file)):
        if file and not Path(file).exists():
            return f"Its {what} is gone: there is no {file}."
    return ""


def _ready(update: Update, runs: Mapping[str, Run]) -> Collection[tuple[str, str]]:
    members = [member for member in update.members if member.run in runs]
    return {(m.role, m.label) for m in members if runs[m.run].outcome in ("done", "stopped")}
