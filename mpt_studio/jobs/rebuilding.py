"""A run's or an update's record, made again from what lies beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mpt_studio import paths
from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import Checkpoint, check_content, described, read_checkpoint, values_in
from mpt_studio.errors import UserError
from mpt_studio.events import Ended, Stage
from mpt_studio.jobs.evaluating import accuracy_figures
from mpt_studio.jobs.plan import label_for, plan_of
from mpt_studio.methods import Method
from mpt_studio.predictions import is_predictions, read_predictions
from mpt_studio.recipe import Recipe, UpdateRecipe, from_record
from mpt_studio.store import EventTail, Run, Store
from mpt_studio.store.folder import EVENTS, unused
from mpt_studio.store.members import Member
from mpt_studio.store.record import write_record
from mpt_studio.store.run import RECORD as RUN_RECORD
from mpt_studio.store.update import RECORD as UPDATE_RECORD


def rebuild_run(store: Store, folder: Path) -> str:
    """Write ``run.json`` anew from the header of the weights or a resume state; what is lost. Raises ``UserError``."""
    weights = {path.stem: path for path in _whole(folder, ("last", "best"))}
    version = next((read_checkpoint(path) for path in weights.values()), None) or _in_states(folder)
    if version is None:
        raise UserError("neither weights nor a resume state are there to tell what it was.")
    recipe = from_record(Recipe, version.recipe)
    update, label = _member_of(store, folder.name)
    events = list(EventTail(folder / EVENTS).read())
    ended = next((event for event in reversed(events) if isinstance(event, Ended)), None)
    is_over = ended is not None and (ended.outcome not in ("done", "stopped") or bool(weights))
    record = {
        "created": events[0].time if events else folder.stat().st_mtime,
        "ended": ended.time if ended else None,
        "outcome": ended.outcome if ended and is_over else "interrupted",
        "message": ended.message if ended and is_over else "",
        "recipe": version.recipe,
        "part": "validation" if _is_search(store, update) else "test",
        "label": label or label_for(recipe.role, recipe.method),
        "update": update,
        "data_fingerprint": version.data_fingerprint,
        "class_names": list(version.class_names),
        "machine": {},
        "versions": {},
        "figures": {**(version.figures if weights else {}), **_test_figures(store, folder, update)},
        "checkpoints": {name: _noted(path) for name, path in weights.items()},
        "saves": max((int("".join(filter(str.isdigit, path.stem)) or 0) for path in _states(folder)), default=0),
    }
    with unused(folder):
        write_record(folder / RUN_RECORD, record)
    return "It was made again; lost is on which machine and with which packages the run was trained."


def _whole(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        path = folder / "checkpoints" / f"{name}.safetensors"
        try:
            if path.is_file():
                check_content(path)
                yield path
        except UserError:
            continue


def _in_states(folder: Path) -> Checkpoint | None:
    for path in _states(folder):
        try:
            return described(path, json.dumps(values_in(path)["version"], ensure_ascii=False))
        except (UserError, KeyError):
            continue
    return None


def _states(folder: Path) -> list[Path]:
    """The newest first."""
    return sorted((folder / "checkpoints").glob("resume*.safetensors"), reverse=True)


def _noted(path: Path) -> dict[str, Any]:
    return {"sha256": paths.sha256_of(path), "bytes": path.stat().st_size, "previous": ""}


def _member_of(store: Store, run: str) -> tuple[str, str]:
    """Id of the update or search that a run belongs to, and what it is called there."""
    shelves = (store.root / "updates", store.root / "searches")
    folders = sorted(folder for shelf in shelves for folder in shelf.glob("*"))
    for folder in folders:  # the oldest first: others may share what it trained
        for stage in _stages(folder):
            if stage.run == run:
                return folder.name, stage.label
    return "", ""


def _is_search(store: Store, job: str) -> bool:
    return bool(job) and (store.root / "searches" / job).is_dir()


def _stages(folder: Path) -> list[Stage]:
    return [event for event in EventTail(folder / EVENTS).read() if isinstance(event, Stage)]


def _test_figures(store: Store, folder: Path, update: str) -> dict[str, Any]:
    with suppress(UserError):
        result = (store.update(update).result if update and not _is_search(store, update) else None) or {}
        for row in result.get("candidates", []):
            if row.get("run") == folder.name:
                return {"test": row}
    answers = folder / "predictions" / "test"
    return {"test": accuracy_figures(read_predictions(answers))} if is_predictions(answers) else {}


def rebuild_update(store: Store, folder: Path) -> str:
    """Write ``update.json`` anew from its events and runs; what is lost. Raises ``UserError``."""
    stages = {stage.run: stage for stage in _stages(folder)}
    known = {run.id: run for run in store.runs()}
    runs = {run: known[run] for run in stages if run in known}
    recipe = _recipe_of(stages, runs)
    members = [Member(stage.run, stage.role, stage.method, stage.label) for stage in stages.values()]
    record = {
        "created": min(run.created for run in runs.values()),
        "ended": None,
        "outcome": "interrupted",
        "message": "Its record was made again; resume it to compare its versions.",
        "recipe": recipes.to_json(recipe),
        "title": f"Update on {recipe.data}",
        "result": None,
        "members": [dataclasses.asdict(member) for member in members],
    }
    with unused(folder):
        write_record(folder / UPDATE_RECORD, record)
    planned = max(stage.count for stage in stages.values())
    lost = planned - len(plan_of(recipe))
    missing = f" and the plan of {lost} versions that had not begun" if lost > 0 else ""
    return f"It was made again; lost are its title{missing}. Resume it to have its table again."


def _recipe_of(stages: dict[str, Stage], runs: dict[str, Run]) -> UpdateRecipe:
    plain = next((run for run in runs.values() if run.recipe.role == "reference"), None)
    if plain is None:
        raise UserError("its events and runs do not tell what was planned; its runs stay, each by itself.")
    roles = {stage.role for stage in stages.values()}
    methods = [run.recipe.method for run in runs.values() if run.recipe.role == "candidate"]
    old = next((run for run in runs.values() if run.recipe.role == "old"), None)
    return UpdateRecipe(
        data=plain.recipe.data,
        old_classes=old.recipe.old_classes if old else "",
        old="" if old else plain.recipe.old,
        methods=",".join(["none", *map(_written, methods)]),
        noise_floor="noise_floor" in roles,
        ensemble_size=next((method.ensemble_size for method in methods if method.needs_ensemble), 8),
        model=plain.recipe.model,
        training=plain.recipe.training,
    )


def _written(method: Method) -> str:
    return f"{method.name}:{method.logit_margin:g}" if method.logit_margin else method.name
