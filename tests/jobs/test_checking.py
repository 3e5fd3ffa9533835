"""A store is checked against its checksums, and made again where that can be done."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio import jobs
from mpt_studio.data import open_dataset
from mpt_studio.errors import Interrupted
from mpt_studio.events import Event, Step
from mpt_studio.flips import Mark
from mpt_studio.predictions import read_predictions
from mpt_studio.store import Marks, Run, Store


@pytest.fixture
def session(finished_update: Any, tmp_path: Path) -> jobs.Session:
    """A copy of a store with a finished update, whose results point into the copy."""
    shared = finished_update[0].store.root
    shutil.copytree(shared, tmp_path / "store", ignore=shutil.ignore_patterns("evaluations"))  # of other tests
    return jobs.Session(Store(tmp_path / "store"))


def candidate(session: jobs.Session) -> Run:
    return next(run for run in session.store.runs() if run.recipe.role == "candidate")


def flip(path: Path, place: float = 0.7) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)


def damaged(record: dict[str, Any]) -> list[str]:
    return [found["where"] for found in record["findings"] if found["level"] == "damaged"]


def test_that_a_whole_store_is_whole(session: jobs.Session) -> None:
    record = jobs.check_store(session)
    assert record["findings"] == []
    assert record["damaged"] == 0
    assert record["checked"]["runs"] == record["checked"]["weights"] == record["checked"]["predictions"] == 3
    assert record["checked"]["events"] > 10


def test_that_sign_offs_are_read_and_a_damaged_one_is_never_taken_away(tmp_path: Path) -> None:
    store = jobs.Session(Store(tmp_path))
    signed = {"name": "Ada", "date": "2026-11-30T03:00:00+00:00", "comment": "", "verdict": "ship", "digest": "d"}
    (tmp_path / "sign_offs").mkdir()
    (tmp_path / "sign_offs" / "a.json").write_text(json.dumps({"format": 1, "sign_offs": [signed, signed]}))
    (tmp_path / "sign_offs" / "b.json").write_text("{")
    (tmp_path / "sign_offs" / "c.json").write_text(json.dumps({"format": 2, "sign_offs": []}))
    record = jobs.check_store(store, repair=True)
    assert record["checked"]["sign-offs"] == 2
    assert [found["level"] for found in record["findings"]] == ["damaged", "note"]
    assert (tmp_path / "sign_offs" / "b.json").read_text() == "{"


def test_that_every_flipped_bit_is_found_where_it_is(session: jobs.Session) -> None:
    run = candidate(session)
    logits = run.folder / "predictions" / "test" / "logits.npy"
    assert run.checkpoint is not None
    flip(run.checkpoint)
    flip(logits)
    found = damaged(jobs.check_store(session))
    assert found == [f"runs/{run.id}/checkpoints/last.safetensors", f"runs/{run.id}/predictions/test"]


def test_that_damaged_predictions_are_computed_again(session: jobs.Session) -> None:
    run = candidate(session)
    folder = run.predictions() or Path()
    before = np.array(read_predictions(folder).logits)
    flip(folder / "logits.npy")
    assert not np.array_equal(before, read_predictions(folder).logits)
    record = jobs.check_store(session, repair=True)
    assert [found["level"] for found in record["findings"]] == ["mended"]
    assert np.array_equal(before, read_predictions(folder).logits)
    assert jobs.check_store(session)["findings"] == []


def test_that_predictions_without_checksums_are_told_as_not_checked(session: jobs.Session) -> None:
    folder = candidate(session).predictions() or Path()
    (folder / "SHA256SUMS").unlink()
    record = jobs.check_store(session)
    assert record["damaged"] == 0
    assert [(found["level"], found["sentence"][:11]) for found in record["findings"]] == [("note", "Not checked")]


@pytest.mark.parametrize("content", [b"", b'{"format": 1, "created": 1e999}', None])
def test_that_a_run_s_record_is_made_again(session: jobs.Session, content: bytes | None) -> None:
    run = candidate(session)
    record = run.folder / "run.json"
    record.unlink() if content is None else record.write_bytes(content)
    assert damaged(jobs.check_store(session)) == [f"runs/{run.id}/run.json"]
    assert jobs.check_store(session, repair=True)["damaged"] == 0
    again = session.store.run(run.id)
    for name in ("recipe", "label", "update", "outcome", "message", "class_names", "data_fingerprint", "checkpoints"):
        assert getattr(again, name) == getattr(run, name), name
    assert again.figures["test"]["all"] == run.figures["test"]["all"]
    assert abs((again.ended or 0) - (run.ended or 0)) < 1


def test_that_an_update_s_record_is_made_again_and_its_table_by_resuming_it(session: jobs.Session) -> None:
    (update,) = session.store.updates()
    (update.folder / "update.json").write_text("{")
    run = candidate(session)
    (run.folder / "run.json").write_text("{")  # its label is in the update's events as well
    assert jobs.check_store(session, repair=True)["damaged"] == 0
    again = session.store.update(update.id)
    assert again.members == update.members
    assert again.recipe.candidate_methods() == update.recipe.candidate_methods()
    assert again.recipe.training == update.recipe.training
    assert session.store.run(run.id).label == run.label
    jobs.run_update(session, update.id)
    result = session.store.update(update.id).result
    assert result is not None
    assert update.result is not None
    for one, other in zip(result["candidates"], update.result["candidates"], strict=True):
        assert one["all"] == other["all"]


def test_that_an_interrupted_run_s_record_is_made_again_from_its_resume_state(session: jobs.Session) -> None:
    run = candidate(session)
    new = jobs.start_train(session.store, run.recipe, open_dataset("builtin"), label="mine")
    steps: list[Event] = []
    heard = jobs.Session(
        session.store,
        listen=lambda _, event: steps.append(event) if isinstance(event, Step) else None,
        interrupted=lambda: bool(steps),
    )
    with pytest.raises(Interrupted):
        jobs.train(heard, new.id)
    new_saves = session.store.run(new.id).saves
    (new.folder / "run.json").write_text("{")
    jobs.check_store(session, repair=True)
    again = session.store.run(new.id)
    assert (again.outcome, again.recipe, again.class_names) == ("interrupted", new.recipe, new.class_names)
    assert again.saves == new_saves
    assert jobs.train(session, new.id).outcome == "done"


def test_that_only_broken_events_are_taken_out(session: jobs.Session) -> None:
    path = candidate(session).events_path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b'{"event":"step","st\n', b'{"event":"step"}\n', *lines[1:]]))
    record = jobs.check_store(session)
    assert [found["level"] for found in record["findings"]] == ["note", "damaged"]
    jobs.check_store(session, repair=True)
    assert path.read_bytes().splitlines(keepends=True) == lines


def test_that_a_dead_run_s_record_says_what_became_of_it(session: jobs.Session) -> None:
    run = candidate(session)
    values = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(values | {"outcome": "running"}))
    record = jobs.check_store(session)
    assert any("gone without a word" in found["sentence"] for found in record["findings"])
    assert record["damaged"] == 0


def test_that_what_is_being_written_is_left_alone(session: jobs.Session) -> None:
    run = candidate(session)
    with session.store.write_run(run.id, resume=False):
        (run.folder / "events.jsonl").write_text("nonsense\n")
        record = jobs.check_store(session, repair=True)
    assert [found["sentence"] for found in record["findings"]] == ["It is being written and was not checked."]
    assert run.events_path.read_text() == "nonsense\n"


def test_that_damaged_marks_are_replaced_by_their_copy(session: jobs.Session) -> None:
    root = session.store.root
    for sample in "ab":
        marks = Marks(root)
        marks.set("data", [sample], Mark.BLOCKER)
        marks.close()
        for copy in (root / "backups").glob("*"):
            copy.rename(copy.with_name("marks_2020-01-01.sqlite"))
    (root / "marks.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 4000)
    assert damaged(jobs.check_store(session)) == ["marks.sqlite"]
    record = jobs.check_store(session, repair=True)
    assert "marks_2020-01-01.sqlite took their place" in record["findings"][0]["sentence"]
    assert set(Marks(root).marks("data")) == {"a"}


def test_that_odd_marks_are_found_and_taken_out(session: jobs.Session) -> None:
    marks = Marks(session.store.root)
    marks.set("data", ["a", "b"], Mark.BLOCKER)
    marks.close()
    with sqlite3.connect(session.store.root / "marks.sqlite") as db:
        db.execute("UPDATE mark SET mark = 77 WHERE sample = 'a'")
    db.close()
    assert damaged(jobs.check_store(session)) == ["marks.sqlite"]
    assert jobs.check_store(session, repair=True)["damaged"] == 0
    assert jobs.check_store(session)["findings"] == []


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.skipif(os.name == "nt", reason="named pipes")
@pytest.mark.parametrize("odd", [pipe, folder])
@pytest.mark.parametrize(
    "name", ["run.json", "events.jsonl", "checkpoints/last.safetensors", "predictions/test/logits.npy", "lock"]
)
def test_that_a_pipe_or_a_folder_in_the_place_of_a_file_holds_nobody_up(
    session: jobs.Session, name: str, odd: Callable[[Path], None]
) -> None:
    run, count = candidate(session), len(session.store.runs())
    odd(run.folder / name)
    list(run.events())
    assert len(session.store.runs()) == count - (name == "run.json")
    jobs.check_store(session)
    session.store.delete(run.id)
    assert len(session.store.runs()) == count - 1
