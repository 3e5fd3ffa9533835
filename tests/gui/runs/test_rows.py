from __future__ import annotations

import pytest

from mpt_studio.events import Note, Paused, Started
from mpt_studio.gui.runs import rows as run_rows
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Recipe, UpdateRecipe
from mpt_studio.recipe.search import Budget, SearchRecipe
from mpt_studio.store import Store, trial_of

pytestmark = pytest.mark.gui


@pytest.fixture
def filled(store: Store) -> Store:
    """An update with two runs and a result, and a run of its own."""
    update = store.create_update(UpdateRecipe(methods="none,mpt_kl"), title="Spring release")
    runs = {}
    for role, method in (("old", "No_Treatment"), ("candidate", "MPT_KL")):
        recipe = Recipe(data="builtin", role=role, method=METHODS[method])
        with store.create_run(recipe, label=method if role == "candidate" else "Old model", update=update.id) as writer:
            runs[role] = writer.run.id
            writer.finish("done", figures={"test": {"all": {"samples": 10, "accuracy": 0.5}}})
    figures = {"all": {"samples": 10, "accuracy_new": 0.8}, "old_classes": {"samples": 4, "nfr": 0.25}}
    candidate = {"run": runs["candidate"], "label": "MPT_KL", **figures}
    with store.write_update(update.id) as writer:
        writer.finish("done", "All done.", {"candidates": [candidate], "recommended": {"run": runs["candidate"]}})
    with store.create_run(Recipe(data="elsewhere"), label="alone") as writer:
        writer.finish("failed", "The disk is full.")
    return store


def test_that_runs_stand_below_their_update_and_single_ones_apart(filled: Store) -> None:
    rows = run_rows.rows_of(filled)
    assert [(row.kind, row.cells[0], row.is_member) for row in rows] == [
        ("run", "alone", False),
        ("update", "Spring release", False),
        ("run", "Old model", True),
        ("run", "Margin (MPT_KL)", True),
    ]


def test_that_methods_have_their_plain_names_first(filled: Store) -> None:
    rows = {row.cells[0]: row.cells[6] for row in run_rows.rows_of(filled)}
    assert rows["Spring release"] == "Plain training, Margin (MPT_KL)"
    assert rows["Old model"] == "Plain training"
    assert rows["Margin (MPT_KL)"] == "Margin (MPT_KL)"


def test_that_figures_say_their_subset_and_n(filled: Store) -> None:
    rows = {row.cells[0]: row for row in run_rows.rows_of(filled)}
    assert rows["Spring release"].cells[2:4] == ("80.0 % of 10", "25.0 % of 4")
    assert "n = 4" in rows["Margin (MPT_KL)"].tips[3]
    assert "NFR (old classes)" in rows["Margin (MPT_KL)"].tips[3]
    assert rows["Old model"].cells[2:4] == ("50.0 % of 10", "")


def test_that_finding_keeps_the_update_above_its_run(filled: Store) -> None:
    rows = run_rows.rows_of(filled)
    assert [row.cells[0] for row in run_rows.filtered(rows, "MPT_KL")] == [
        "Spring release",
        "Old model",
        "Margin (MPT_KL)",
    ]
    assert [row.cells[0] for row in run_rows.filtered(rows, "old model")] == ["Spring release", "Old model"]
    assert [row.cells[0] for row in run_rows.filtered(rows, "elsewhere")] == ["alone"]
    assert run_rows.filtered(rows, "  ") == rows


def test_that_took_is_working_time(store: Store) -> None:
    counts = {"epochs": 1, "steps": 2, "train_samples": 10, "validation_samples": 100, "parameters": 7}
    update = store.create_update(UpdateRecipe(), title="With a break")
    with store.create_run(Recipe(data="builtin", role="old"), label="Old model", update=update.id) as writer:
        writer.append(Started(time=100.0, device="cpu", **counts))
        writer.append(Paused(time=130.0, paused=True))
        writer.append(Paused(time=9_000.0, paused=False))
        writer.append(Note(time=9_010.0, text="Nearly there."))
        writer.finish("interrupted")
    rows = {row.cells[0]: row for row in run_rows.rows_of(store)}
    took = run_rows.HEADERS.index("Took")
    assert rows["Old model"].cells[took] == rows["With a break"].cells[took]
    assert not rows["Old model"].cells[took].startswith("2 h")


def test_that_an_update_whose_run_is_paused_is_paused(store: Store) -> None:
    update = store.create_update(UpdateRecipe(), title="Mine")
    with store.write_update(update.id) as of_update:
        with store.create_run(Recipe(data="builtin", role="old"), label="Old model", update=update.id) as writer:
            writer.append(Paused(paused=True, by_disk=True))
            assert [row.outcome for row in run_rows.rows_of(store)] == ["paused", "paused"]
            writer.append(Paused(paused=False, by_disk=True))
            assert [row.cells[1] for row in run_rows.rows_of(store)] == ["running", "running"]
            writer.finish("done")
        of_update.finish("done")


def test_that_what_cannot_be_read_stands_below_the_others_and_says_why(store: Store) -> None:
    bad = store.create_update(UpdateRecipe())
    (bad.folder / "update.json").write_text("{")
    whole = store.create_update(UpdateRecipe(), title="whole")
    rows = run_rows.rows_of(store)
    assert [(row.id, row.outcome) for row in rows] == [(whole.id, "queued"), (bad.id, "damaged")]
    assert "mpt-studio check --repair" in rows[1].message


@pytest.fixture
def searched(store: Store) -> Store:
    """A search of one trial, with its winner on the test part."""
    recipe = SearchRecipe(update=UpdateRecipe(data="builtin"), budget=Budget(trials=4))
    search = store.create_search(recipe, title="Search on builtin")
    with store.create_run(Recipe(data="builtin"), label="#1 MPT_KL", update=search.id, part="validation") as run:
        run.finish("done")
    best = {"label": "#1 MPT_KL with γ = 1.2", "all": {"samples": 10, "accuracy_new": 0.8}, "old_classes": {"nfr": 0.1}}
    with store.write_search(search.id) as writer:
        writer.keep(trial_of({"number": 0, "run": "", "label": "x", "method": "x", "frontier": []}))
        writer.keep(trial_of({"number": 1, "run": run.id, "label": "#1 MPT_KL", "method": "x", "frontier": []}))
        writer.finish("done", "All done.", {"test": [best], "best": best})
    return store


def test_that_a_search_is_a_row_with_what_it_found_and_its_trials_below(searched: Store) -> None:
    search, trial = run_rows.rows_of(searched)
    assert (search.kind, search.cells[0]) == ("search", "Search on Built-in characters")
    assert search.cells[6] == "1 of 4 trials"
    assert search.cells[2] == "80.0 % of 10"
    assert search.tips[2].startswith("Of the recommended candidate, #1 Margin (MPT_KL) with γ = 1.2.")
    assert search.why_not_resumed == "More trials are asked for on the Search page."
    assert (trial.cells[0], trial.job, trial.is_trial) == ("#1 Margin (MPT_KL)", search.id, True)
    assert run_rows.counted([search, trial]) == ["1 search", "1 run"]
    assert run_rows.named([search, trial]) == "“Search on Built-in characters” and its 1 run"
