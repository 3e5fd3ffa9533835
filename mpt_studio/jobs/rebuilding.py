"""The record of a run, an update or a search, made again from what lies beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mpt_studio import recipe as recipes
from mpt_studio.checkpoint import Checkpoint, check_content, described, read_checkpoint, values_in
from mpt_studio.errors import UserError
from mpt_studio.events import Asked, Ended, Event, Stage, Tried
from mpt_studio.files.plain import sha256_of
from mpt_studio.jobs.evaluating import accuracy_figures
from mpt_studio.jobs.plan import label_for, plan_of
from mpt_studio.methods import Method
from mpt_studio.predictions import is_predictions, read_predictions
from mpt_studio.recipe import Recipe, UpdateRecipe, from_record
from mpt_studio.recipe.search import SearchRecipe
from mpt_studio.store import EventTail, Run, Store
from mpt_studio.store.folder import EVENTS, unused
from mpt_studio.store.members import Member
from mpt_studio.store.record import write_record
from mpt_studio.store.run import RECORD as RUN_RECORD
from mpt_studio.store.search import RECORD as SEARCH_RECORD
from mpt_studio.store.update import RECORD as UPDATE_RECORD

E = TypeVar("E", bound=Event)


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
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size, "previous": ""}


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
    return _told(folder, Stage)


def _told(folder: Path, kind: type[E]) -> list[E]:
    return [event for event in EventTail(folder / EVENTS).read() if isinstance(event, kind)]


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
    if asked := _told(folder, Asked):
        recipe, title = from_record(UpdateRecipe, asked[-1].recipe), asked[-1].title
    else:  # of an update from before that was told
        recipe = _recipe_of(_stages(folder), {run.id: run for run in store.runs()})
        title = f"Update on {recipe.data}"
    _write_job(folder, UPDATE_RECORD, recipe, title)
    lost = max((stage.count for stage in _stages(folder)), default=0) - len(plan_of(recipe))
    missing = f" Lost are its title and the plan of {lost} versions that had not begun." if lost > 0 else ""
    return f"It was made again.{missing} Resume it to have its table again."


def rebuild_search(folder: Path) -> str:
    """Write ``search.json`` anew from its events; what is lost. Raises ``UserError``."""
    asked, tried = _told(folder, Asked), [event for event in _told(folder, Tried) if event.found]
    if not asked:
        raise UserError("its events do not tell what was searched for; its runs stay, each by itself.")
    trials = {event.trial["number"]: event.trial for event in tried}
    looks = sum(event.outcome == "done" for event in _told(folder, Ended))
    _write_job(
        folder,
        SEARCH_RECORD,
        from_record(SearchRecipe, asked[-1].recipe),
        asked[-1].title,
        trials=[trials[number] for number in sorted(trials)],
        found={**(tried[-1].found if tried else {}), "test_looks": looks},
        seconds=sum(trial["seconds"] for trial in trials.values()),
    )
    return "It was made again; lost are its finalists and how long it took. Resume it to have them again."


def _write_job(folder: Path, name: str, recipe: UpdateRecipe | SearchRecipe, title: str, **more: Any) -> None:
    first = next(EventTail(folder / EVENTS).read(), None)
    members = {stage.run: Member(stage.run, stage.role, stage.method, stage.label) for stage in _stages(folder)}
    record = {
        "created": first.time if first else folder.stat().st_mtime,
        "ended": None,
        "outcome": "interrupted",
        "message": "Its record was made again; resume it to compare its versions.",
        "recipe": recipes.to_json(recipe),
        "title": title,
        "result": None,
        "members": [dataclasses.asdict(member) for member in members.values()],
        **more,
    }
    with unused(folder):
        write_record(folder / name, record)


def _recipe_of(stages: list[Stage], stored: dict[str, Run]) -> UpdateRecipe:
    runs = [stored[run] for run in dict.fromkeys(stage.run for stage in stages) if run in stored]
    plain = next((run for run in runs if run.recipe.role == "reference"), None)
    if plain is None:
        raise UserError("its events and runs do not tell what was planned; its runs stay, each by itself.")
    methods = [run.recipe.method for run in runs if run.recipe.role == "candidate"]
    old = next((run for run in runs if run.recipe.role == "old"), None)
    return UpdateRecipe(
        data=plain.recipe.data,
        old_classes=old.recipe.old_classes if old else "",
        old="" if old else plain.recipe.old,
        methods=",".join(["none", *map(_written, methods)]),
        noise_floor="noise_floor" in {stage.role for stage in stages},
        ensemble_size=next((method.ensemble_size for method in methods if method.needs_ensemble), 8),
        model=plain.recipe.model,
        start=plain.recipe.start,
        images=plain.recipe.images,
        training=plain.recipe.training,
    )


def _written(method: Method) -> str:
    if method.interpolates:
        return method.name
    margin = f":{method.logit_margin:g}" if method.logit_margin else ""
    return f"{method.name}{margin}{'@old' if method.from_old else ''}"
