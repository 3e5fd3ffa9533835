"""A search's record without a training: trials, frontiers and answers are made up."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpt_studio.predictions import Predictions
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.recipe.search import Budget, SearchRecipe
from mpt_studio.store import Search, Store, Trial

NAMES = ("cat", "dog", "fox")
PLAIN = Trial(
    0, "", "No_Treatment", "No_Treatment", outcome="done", nfr=0.1, accuracy=0.8, offset=0.5, shortfall=0.0,
    frontier=((0.1, 0.8, 0.5, 0.0), (0.2, 0.82, 0.0, 0.0)),
)  # fmt: skip


def answers(version: str, wrong: int) -> Predictions:
    """Ten images, the first ``wrong`` of them answered wrongly."""
    truth = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    given = truth.copy()
    given[:wrong] = 1 - np.minimum(given[:wrong], 1)
    logits = np.eye(3, dtype=np.float32)[given] * 3
    ids = np.array([f"validation/{i}" for i in range(10)])
    return Predictions(ids, truth, NAMES, logits, NAMES, version=version)


def trial(number: int, nfr: float | None = 0.05, accuracy: float | None = 0.8, **more: Any) -> Trial:
    """A trial of MPT_KL; within the limits unless it says otherwise."""
    given: dict[str, Any] = {
        "outcome": "done",
        "shortfall": 0.0,
        "parameters": {"method": "mpt_kl", "start": "recipe", "learning_rate": 0.02, "logit_margin": 2.0},
        "frontier": ((nfr, accuracy, 0.0, 0.0),) if nfr is not None and accuracy is not None else (),
    } | more
    return Trial(number, given.pop("run", ""), f"#{number} MPT_KL b=2", "mpt_kl", nfr=nfr, accuracy=accuracy, **given)


def found(best: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "envelope": [[0.05, 0.8, 0.0, 0.0, 1.0]],
        "best": best,
        "importance": {},
        "sentence": f"After so many trials it is #{best}.",
        "floor": 0.79,
        **more,
    }


def made(store: Store, *trials: Trial, outcome: str = "done", **fields: Any) -> Search:
    """A search on disk with these trials."""
    recipe = SearchRecipe(update=UpdateRecipe(data="nowhere"), budget=Budget(trials=4, finalists=1, finalist_seeds=0))
    search = store.create_search(recipe, title="Search on nowhere")
    with store.write_search(search.id, resume=False) as writer:
        for each in trials:
            writer.keep(each)
        writer.set(outcome=outcome, **{"found": found(), "seconds": 90.0, **fields})
    return store.search(search.id)


def trained(store: Store, label: str, wrong: int) -> str:
    """A run with answers; its id."""
    with store.create_run(Recipe(data="nowhere"), label=label, part="validation") as writer:
        writer.save_predictions(answers(label, wrong), "validation")
        weights = writer.folder / "checkpoints" / "last.safetensors"
        weights.parent.mkdir(exist_ok=True)
        weights.touch()
        writer.finish("done")
        return writer.id
