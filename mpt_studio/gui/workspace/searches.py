"""Opening what a search has found: a trial on the validation part, or its outcome on the test part, as decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpt_studio.compare import Decision
from mpt_studio.errors import UserError
from mpt_studio.gui.workspace.browsing import NEGATIVE_FLIPS
from mpt_studio.gui.workspace.loading import Loading
from mpt_studio.gui.workspace.opened import Opened
from mpt_studio.gui.workspace.version import OLD_COLOR, Version
from mpt_studio.methods import shown
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Search, Store, Trial


@dataclass(frozen=True)
class Looked:
    """A version with the offset that it is looked at under."""

    version: Version
    gamma: float = 0.0


class SearchOpening:
    """Puts versions of a search in the place of those that are open; tells whether it could."""

    def __init__(self, opened: Opened, loading: Loading) -> None:
        self._opened, self._loading = opened, loading

    def open_trial(self, search: Search, number: int) -> bool:
        """Old model, plain training and a trial on the validation part, each under its own γ and α."""
        return self._open(search, lambda: of_trial(self._opened.store, search, number))

    def open_outcome(self, search: Search) -> bool:
        """What was compared on the test part, the winner on show, exactly as decided."""
        return self._open(search, lambda: of_outcome(search))

    def _open(self, search: Search, read: Any) -> bool:
        opened = self._opened
        opened.attempted.emit()
        try:
            looked: list[Looked] = read()
        except UserError as error:
            opened.message.emit("error", str(error), "")
            return False
        opened.filter, opened.sort_key, opened.sort_descending = NEGATIVE_FLIPS, "margin_drop", True
        opened.replace([each.version for each in looked], search.id)
        opened.set_current(looked[-1].version.key)
        for each in looked:
            opened.offsets.set(each.version.key, each.gamma)
        self._loading.open(search.recipe.update.data)
        return True


def of_outcome(search: Search) -> list[Looked]:
    """From a search's result, the winner last. Raises ``UserError`` where it has none, or a part of it is gone."""
    result = search.result or {}
    if not result.get("test") or "old" not in result:
        raise UserError("This search has no outcome on the test part yet; it comes at its end.")
    old = result["old"]
    best, names = result["best"], {trial.number: trial.label for trial in search.trials}
    found = [Looked(_version(str(old["predictions"]), str(old["label"]), "old", OLD_COLOR, old))]
    rows = {_key(row): row for row in (*result["test"], best)}  # of one version the later: as decided
    rows[_key(best)] = rows.pop(_key(best))
    for color, row in enumerate(rows.values()):
        role = "reference" if row["number"] == 0 else "candidate"
        found.append(_looked(_key(row), shown(names.get(row["number"], row["label"])), role, color, row))
    return found


def _key(row: dict[str, Any]) -> str:
    return str(row["predictions"]) if row["interpolation"] else str(row["run"])


def _looked(key: str, label: str, role: str, color: int, row: dict[str, Any]) -> Looked:
    made = _version(key, label, role, color, row)
    if row["interpolation"]:
        made.label, made.checkpoint = f"{label} α={row['interpolation']:g}", ""
        made.mixed = Decision(str(row["checkpoint"]), float(row["interpolation"]))
    return Looked(made, float(row["offset"]))


def _version(key: str, label: str, role: str, color: int, row: dict[str, Any]) -> Version:
    return Version(
        key=key,
        label=label,
        role=role,
        method=str(row.get("method", "")),
        color=color,
        checkpoint=str(row["checkpoint"]),
        predictions=read_predictions(Path(row["predictions"])),
        run=str(row.get("run") or ""),
    )


def of_trial(store: Store, search: Search, number: int) -> list[Looked]:
    """On the validation part, the trial last. Raises ``UserError`` for one that has no answers there."""
    by_number = {trial.number: trial for trial in search.trials}
    rows = [(trial, _row(store, search, trial)) for trial in reversed(_shown(by_number, number))]
    old = {"checkpoint": _old_weights(store, search), "predictions": search.old_answers}
    found = [Looked(_version(f"{search.id}/old", "Old model (validation)", "old", OLD_COLOR, old))]
    for color, (trial, row) in enumerate(reversed(rows)):
        role = "reference" if trial.number == 0 else "candidate"
        found.append(_looked(f"{search.id}/{trial.number}", shown(trial.label), role, color, row))
    return found


def _shown(by_number: dict[int, Trial], number: int) -> list[Trial]:
    return [by_number[each] for each in dict.fromkeys((0, number)) if each in by_number]


def _row(store: Store, search: Search, trial: Trial) -> dict[str, Any]:
    if not trial.run:
        raise UserError(f"{shown(trial.label)} has no version to look at yet.")
    run = store.run(trial.run)
    own = run.predictions("validation")
    answers = search.mixed_answers(trial.number) if trial.interpolation else own
    if answers is None or run.checkpoint is None:
        raise UserError(
            f"{shown(trial.label)} has no answers on the validation part ({trial.message or trial.outcome})."
        )
    return {
        "predictions": answers,
        "checkpoint": run.checkpoint,
        "method": run.recipe.method.name,
        "run": run.id,
        "offset": trial.offset,
        "interpolation": trial.interpolation,
    }


def _old_weights(store: Store, search: Search) -> str:
    """The old model's weights; empty where it is known by its answers alone, or not at all any more."""
    given = search.recipe.update.old
    run = next((member.run for member in search.members if member.role == "old"), "")
    path = Path(given) if given else store.run(run).checkpoint if run else None
    return str(path) if path is not None and path.is_file() else ""
