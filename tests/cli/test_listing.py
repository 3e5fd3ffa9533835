"""The list of runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.compute import Compute, Waiting, Worker, write_compute
from mpt_studio.store.said import say

from .conftest import run


def test_that_the_list_of_runs_gives_every_rate_its_n(
    capsys: pytest.CaptureFixture[str], store: Path, updated: dict[str, Any]
) -> None:
    _, out, _ = run(capsys, "runs", "--store", str(store))
    assert "(n=2160)" in out
    assert "(n=600)" in out


def test_that_two_recipes_are_told_apart_in_words_and_for_machines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store, recipe = Store(tmp_path / "s"), UpdateRecipe()
    frozen = dataclasses.replace(recipe, start=dataclasses.replace(recipe.start, freeze=-1))
    one, other = store.create_update(recipe, title="one"), store.create_update(frozen, title="other")
    code, out, _ = run(capsys, "runs", "--store", str(store.root), "--diff", f"{one.id},{other.id}")
    assert code == 0
    assert out.splitlines()[1].split() == ["Freeze", "none", "always"]
    _, out, _ = run(capsys, "runs", "--store", str(store.root), "--diff", f"{one.id},{other.id}", "--json")
    assert json.loads(out)["differences"] == [{"field": "start.freeze", "one": "none", "other": "always"}]
    _, out, _ = run(capsys, "runs", "--store", str(store.root), "--diff", f"{one.id}, {one.id}")
    assert out.endswith("have the same recipe.\n")
    code, _, err = run(capsys, "runs", "--store", str(store.root), "--diff", f"{one.id},nowhere")
    assert (code, "no run, update or search 'nowhere'" in err) == (1, True)
    code, _, err = run(capsys, "runs", "--store", str(store.root), "--diff", one.id)
    assert (code, "takes two ids" in err) == (2, True)


def test_that_workers_are_told_of_a_job_that_a_cluster_does_now(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = Store(tmp_path / "s")
    update = store.create_update(UpdateRecipe(), title="On photos")
    waiting = (Waiting("MPT_KL", ("No_Treatment",), 1.0), Waiting("PCT_KL", (), 1.0))
    compute = Compute("desk", (Worker("0", "node17", "GPU 0", "run", "a-run", 1.0),), waiting, trained=2)
    with store.write_update(update.id) as writer:
        write_compute(writer.folder, compute)
        _, out, _ = run(capsys, "runs", "--store", str(store.root))
        lines = out.splitlines()
        assert "On photos, on desk: 1 worker  ·  2 versions wait  ·  2 trained" in lines
        assert any(line.split()[:5] == ["0", "node17,", "GPU", "0", "a-run"] for line in lines)
        assert any(line.split()[:4] == ["Margin", "(MPT_KL)", "Plain", "training"] for line in lines)
        assert any("  a worker  " in line for line in lines)
        _, out, _ = run(capsys, "runs", "--store", str(store.root), "--json")
        assert json.loads(out)["updates"][0]["compute"] == json.loads(json.dumps(dataclasses.asdict(compute)))
    _, out, _ = run(capsys, "runs", "--store", str(store.root), "--json")
    assert json.loads(out)["updates"][0]["compute"] is None


def test_that_names_and_tags_are_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    say(store.create_update(UpdateRecipe(), title="Update on builtin").folder, name="Night run", tags="lamps")
    _, out, _ = run(capsys, "runs", "--store", str(store.root))
    assert "update: Night run [lamps]" in out
    _, out, _ = run(capsys, "runs", "--store", str(store.root), "--json")
    (row,) = json.loads(out)["updates"]
    assert (row["name"], row["tags"], row["note"]) == ("Night run", ["lamps"], "")
