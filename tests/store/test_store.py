"""Run folders: created, listed, resolved, deleted; none hides another."""

from __future__ import annotations

import builtins
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mpt_studio.errors import UserError
from mpt_studio.events import Ended
from mpt_studio.files import plain
from mpt_studio.recipe import Recipe, Training, UpdateRecipe
from mpt_studio.store import Store

from .conftest import RECIPE, finished_run


@pytest.mark.parametrize(
    "use",
    [
        Store.runs,
        Store.updates,
        lambda store: store.run("x"),
        lambda store: store.delete("x"),
        lambda store: store.create_run(RECIPE),
        lambda store: store.create_update(UpdateRecipe(data="builtin")),
    ],
    ids=["runs", "updates", "run", "delete", "create_run", "create_update"],
)
def test_that_a_store_that_is_a_file_is_refused_on_first_use(tmp_path: Path, use: Callable[[Store], object]) -> None:
    (tmp_path / "store").write_text("mine")
    with pytest.raises(UserError, match=r"store is not a folder; choose another --store\.$"):
        use(Store(tmp_path / "store"))
    assert (tmp_path / "store").read_text() == "mine"


def test_that_a_run_reads_back_as_it_was_created(store: Store) -> None:
    with store.create_run(
        RECIPE, label="MPT_KL b=2", update="u1", data_fingerprint="abc", class_names=("zero", "κ")
    ) as writer:
        run = writer.run
        assert run.outcome == "running"
        assert run.is_active
        writer.finish("done", "All epochs done.", {"accuracy": 0.5})
    read = store.run(run.id)
    assert read.recipe == RECIPE
    assert (read.label, read.update, read.data_fingerprint, read.class_names) == (
        "MPT_KL b=2",
        "u1",
        "abc",
        ("zero", "κ"),
    )
    assert (read.outcome, read.message, read.figures) == ("done", "All epochs done.", {"accuracy": 0.5})
    assert not read.is_active
    assert read.id.split("_")[1:3] == ["mpt", "kl"]
    assert {"torch", "numpy", "python", "mpt-studio"} <= set(read.versions)
    assert read.machine["cpus"] == os.cpu_count()
    assert [type(event) for event in read.events()] == [Ended]


def test_that_reading_a_store_that_is_not_there_finds_nothing_and_creates_nothing(store: Store) -> None:
    assert store.runs() == []
    assert store.updates() == []
    assert not store.root.exists()


def test_that_runs_are_listed_newest_first(store: Store) -> None:
    ids = [finished_run(store, str(i)).id for i in range(3)]
    assert [run.id for run in store.runs()] == ids[::-1]


def test_that_a_run_is_found_by_a_unique_beginning_or_its_last_digits(store: Store) -> None:
    run = finished_run(store)
    assert store.run(run.id[:-2]).id == run.id
    assert store.run(run.id[-6:]).id == run.id


def test_that_an_ambiguous_or_unknown_id_is_refused_with_a_sentence(store: Store) -> None:
    first, _ = finished_run(store), finished_run(store)
    with pytest.raises(UserError, match="fits 2 runs"):
        store.run(first.id[:4])
    for foreign in ("nothing", "", "..", "../runs", str(first.folder)):
        with pytest.raises(UserError, match="There is no run"):
            store.run(foreign)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "damaged"),
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b'{"format": 1}', "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"format": 99}', "newer MPT Studio"),
        (None, "run.json is missing"),
    ],
)
def test_that_one_damaged_folder_never_hides_the_others(store: Store, content: bytes | None, problem: str) -> None:
    good, bad = finished_run(store), finished_run(store)
    record = bad.folder / "run.json"
    record.unlink() if content is None else record.write_bytes(content)
    assert [run.id for run in store.runs()] == [good.id]
    assert len(store.problems) == 1
    assert problem in store.problems[0].sentence
    with pytest.raises(UserError, match=problem):
        store.run(bad.id)


def test_that_a_recipe_of_a_newer_program_is_a_problem_with_its_own_sentence(store: Store) -> None:
    run = finished_run(store)
    record = json.loads((run.folder / "run.json").read_text())
    record["recipe"]["training"]["quantum"] = True
    (run.folder / "run.json").write_text(json.dumps(record))
    assert store.runs() == []
    assert "does not know" in store.problems[0].sentence


def test_that_foreign_files_and_folders_on_the_shelf_do_not_matter(store: Store) -> None:
    run = finished_run(store)
    (store.root / "runs" / ".DS_Store").write_text("x")
    (store.root / "runs" / "notes.txt").write_text("x")
    (store.root / "runs" / ".deleted-x").mkdir()
    assert [found.id for found in store.runs()] == [run.id]
    assert store.problems == []


def test_that_a_run_whose_creation_was_cut_short_is_not_listed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    good = finished_run(store)
    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", lambda *a: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(UserError, match="no space left"):
            store.create_run(RECIPE)
    assert [run.id for run in store.runs()] == [good.id]
    assert store.problems == []


def test_that_listing_reads_one_small_file_per_run_and_no_events(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [finished_run(store) for _ in range(3)]
    for run in runs:
        (run.folder / "events.jsonl").write_bytes(b"x" * 1_000_000)
    opened: list[str] = []
    real = plain.read
    monkeypatch.setattr(plain, "read", lambda path, *most: (opened.append(path.name), real(path, *most))[1])
    monkeypatch.setattr(builtins, "open", lambda *a, **k: pytest.fail(f"opened {a[0]}"))
    assert len(store.runs()) == 3
    assert opened == ["run.json"] * 3


def test_that_deleting_removes_the_folder_and_leaves_the_others(store: Store) -> None:
    doomed, other = finished_run(store), finished_run(store)
    store.delete(doomed.id)
    assert [run.id for run in store.runs()] == [other.id]
    assert os.listdir(store.root / "runs") == [other.id]


def test_that_deletion_cut_short_after_the_rename_is_finished_by_the_next_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed, other = finished_run(store), finished_run(store)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *a, **k: None)
        store.delete(doomed.id)
    assert [run.id for run in store.runs()] == [other.id]
    assert len(os.listdir(store.root / "runs")) == 2
    store.delete(other.id)
    assert os.listdir(store.root / "runs") == []


def test_that_a_damaged_run_can_be_deleted(store: Store) -> None:
    run = finished_run(store)
    (run.folder / "run.json").write_text("{")
    store.delete(run.id)
    assert os.listdir(store.root / "runs") == []


def test_that_the_best_weights_are_the_version_where_the_recipe_keeps_the_best(store: Store) -> None:
    best = Recipe(data="builtin", training=Training(keep="best"))
    for recipe, names in ((RECIPE, ["last", "last"]), (best, ["last", "best"])):
        with store.create_run(recipe) as writer:
            assert writer.run.checkpoint is None
            for saved, expected in zip(("last", "best"), names, strict=True):
                writer.save_weights(lambda path: path.write_bytes(b"weights"), saved)  # type: ignore[arg-type,return-value]
                checkpoint = writer.run.checkpoint
                assert checkpoint is not None
                assert checkpoint.name == f"{expected}.safetensors"
            writer.finish("done")


def test_that_the_evaluation_folder_depends_on_weights_and_data_alone(store: Store) -> None:
    folder = store.evaluation_folder("ab" * 32, "cd" * 16)
    assert folder == store.evaluation_folder("AB" * 32, "cd" * 16)
    assert folder != store.evaluation_folder("ab" * 32, "ce" * 16)
    assert folder.parent == store.root / "evaluations"
    with pytest.raises(UserError, match="is empty"):
        store.evaluation_folder("", "../..")


def test_that_a_store_below_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another store"):
        Store(tmp_path / "file" / "store").create_run(RECIPE)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_that_a_store_without_permission_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UserError, match="no permission"):
        Store(tmp_path / "locked" / "store").create_run(RECIPE)


def test_that_the_store_imports_neither_torch_nor_qt() -> None:
    code = "import sys, mpt_studio.store, mpt_studio.compare; print({'torch', 'PySide6'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "change",
    [
        {"created": "yesterday"},
        {"created": -1},
        {"created": 1e300},
        {"ended": "x"},
        {"outcome": "wonderful"},
        {"outcome": []},
        {"label": 5},
        {"class_names": "abc"},
        {"class_names": [1]},
        {"figures": {"test": 5}},
        {"figures": {"test": {"all": {"accuracy": "high"}}}},
        {"machine": None},
        {"checkpoints": {"last": 5}},
        {"saves": -1},
        {"recipe": 5},
        {"format": "one"},
    ],
    ids=str,
)
def test_that_one_odd_value_makes_one_damaged_run(store: Store, change: dict[str, object]) -> None:
    good, bad = finished_run(store), finished_run(store)
    record = json.loads((bad.folder / "run.json").read_text())
    (bad.folder / "run.json").write_text(json.dumps(record | change))
    assert [run.id for run in store.runs()] == [good.id]
    (problem,) = store.problems
    assert problem.folder == bad.folder
    assert "is damaged" in problem.sentence
    assert "delete" not in problem.sentence


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999", "9" * 5000])
@pytest.mark.parametrize("place", ["created", "figures"])
def test_that_a_number_that_is_none_makes_one_damaged_run(store: Store, number: str, place: str) -> None:
    good, bad = finished_run(store), finished_run(store)
    record = json.loads((bad.folder / "run.json").read_text()) | {place: "HERE"}
    text = number if place == "created" else f'{{"test": {{"all": {{"nfr": {number}}}}}}}'
    (bad.folder / "run.json").write_text(json.dumps(record).replace('"HERE"', text))
    assert [run.id for run in store.runs()] == [good.id]
    assert "is damaged" in store.problems[0].sentence


def test_that_figures_that_are_no_numbers_are_written_as_null(store: Store) -> None:
    with store.create_run(RECIPE) as writer:
        writer.finish("done", figures={"loss": float("nan")})
    assert store.run(writer.id).figures == {"loss": None}


def test_that_a_run_that_teaches_another_one_which_trains_cannot_be_deleted(store: Store) -> None:
    with store.create_run(RECIPE) as writer:
        weights = writer.save_weights(lambda path: path.write_bytes(b"w"))  # type: ignore[arg-type,return-value]
        writer.finish("done")
    taught = store.create_run(Recipe(data="builtin", old=str(weights)))
    with pytest.raises(UserError, match=f"while the run {taught.id} is running and needs it"):
        store.delete(writer.id)
    taught.close()
    store.delete(writer.id)


def test_that_looking_at_a_run_does_not_make_it_look_busy(store: Store) -> None:
    """Two windows ask at once whether a process writes it."""
    run = finished_run(store)
    handle = os.open(run.folder / "lock", os.O_RDONLY)
    try:
        fcntl = pytest.importorskip("fcntl")
        fcntl.flock(handle, fcntl.LOCK_SH)
        assert not run.is_active
    finally:
        os.close(handle)
