from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.jobs import why_not_resumed
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Recipe, Start, UpdateRecipe
from mpt_studio.store import Member, Store, Update

RECIPE = UpdateRecipe(data="builtin", methods="none,mpt_kl")


def interrupted(store: Store, recipe: UpdateRecipe = RECIPE) -> Update:
    update = store.create_update(recipe, title="mine")
    with store.write_update(update.id) as writer:
        writer.finish("interrupted")
    return store.update(update.id)


def why_not(store: Store, update: Update) -> str:
    return why_not_resumed(store.update(update.id), {run.id: run for run in store.runs()})


def add(store: Store, update: Update, role: str, label: str, outcome: str) -> None:
    recipe = Recipe(data="builtin", role=role, method=METHODS["No_Treatment"])  # type: ignore[arg-type]
    with store.create_run(recipe, label=label, update=update.id) as run:
        run.finish(outcome)  # type: ignore[arg-type]
    with store.write_update(update.id) as writer:
        writer.add_member(Member(run=run.folder.name, role=role, method="m", label=label))
        writer.finish("stopped", "", {"candidates": []})


def test_that_an_update_goes_on_until_every_planned_version_is_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = interrupted(store)
    assert why_not(store, update) == ""
    for role, label in (("old", "Old model"), ("reference", "No_Treatment")):
        add(store, update, role, label, "done")
    add(store, update, "candidate", "MPT_KL", "cancelled")
    assert why_not(store, update) == ""
    add(store, update, "candidate", "MPT_KL", "stopped")
    assert why_not(store, update) == "All of its versions are there."


def test_that_versions_that_were_never_compared_still_are(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = interrupted(store)
    for role, label in (("old", "Old model"), ("reference", "No_Treatment"), ("candidate", "MPT_KL")):
        with store.create_run(Recipe(data="builtin"), label=label, update=update.id) as run:
            run.finish("done")
        with store.write_update(update.id) as writer:
            writer.add_member(Member(run=run.folder.name, role=role, method="m", label=label))
            writer.finish("failed")
    assert why_not(store, update) == ""


def test_that_an_update_that_is_trained_now_is_not_resumed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = interrupted(store)
    with store.write_update(update.id):
        assert why_not(store, update) == "It is being trained now."


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (
            UpdateRecipe(data="folder:/no/such/pets", old_classes="2"),
            "There is no folder /no/such/pets; check the path in folder:DIR.",
        ),
        (UpdateRecipe(data="builtin", old="/no/such.pth"), "Its old model is gone: there is no /no/such.pth."),
        (
            UpdateRecipe(data="builtin", start=Start(start="/no/such.pth")),
            "Its start is gone: there is no /no/such.pth.",
        ),
    ],
)
def test_that_what_is_gone_is_named(tmp_path: Path, recipe: UpdateRecipe, words: str) -> None:
    store = Store(tmp_path)
    assert why_not(store, interrupted(store, recipe)) == words
