"""The list of compute: what is written is read, what makes no sense or is of a killed job is no list."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mpt_studio.recipe import UpdateRecipe
from mpt_studio.store import Store
from mpt_studio.store.compute import (
    FILE,
    Compute,
    Waiting,
    Worker,
    clock,
    compute_of,
    drop_compute,
    read_compute,
    write_compute,
)

SEEN = Compute(
    cluster="desk",
    workers=(Worker("0", "node17", "GPU 0", "run", "some-run", 1.0), Worker("1", "node17", "GPU 1")),
    waiting=(Waiting("MPT_KL", ("Old model", "No_Treatment"), 2.0),),
    trained=3,
)


def test_that_what_was_written_is_read_until_it_is_dropped(tmp_path: Path) -> None:
    assert read_compute(tmp_path) is None
    write_compute(tmp_path, SEEN)
    assert read_compute(tmp_path) == SEEN
    drop_compute(tmp_path)
    drop_compute(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"cluster": 3}', '{"workers": [{"does": "juggles"}]}', "[" * 100_000])
def test_that_what_makes_no_sense_is_no_list(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert read_compute(tmp_path) is None


def test_that_what_a_killed_job_left_behind_counts_no_more(tmp_path: Path) -> None:
    store = Store(tmp_path)
    update = store.create_update(UpdateRecipe())
    with store.write_update(update.id) as writer:
        write_compute(writer.folder, SEEN)
        assert compute_of(update) == SEEN
    assert compute_of(update) is None


def test_that_workers_and_waiting_are_told_in_words() -> None:
    busy, free = SEEN.workers
    assert (busy.place, busy.said(lambda run: f"<{run}>")) == ("node17, GPU 0", "<some-run>")
    assert (free.said(lambda _: ""), busy.said(lambda _: "")) == ("free", "some-run")
    assert SEEN.summary == "2 workers, 1 of them free  ·  1 version waits  ·  3 trained"
    assert Compute("gpus", (free, free)).summary == "2 workers, all free  ·  0 trained"
    assert Worker("0", "node17.example.org", "GPU 2").place == "node17, GPU 2"
    assert Worker("0", "10.0.0.7").place == "10.0.0.7"
    assert Compute("gpus", (free,), parts=(3, 64)).summary == (
        "1 worker, free  ·  3 of 64 parts of the data answered  ·  0 trained"
    )


def test_that_since_when_is_a_time_of_the_day_and_has_its_date_where_that_is_not_clear() -> None:
    assert clock(time.time()).count(":") == 1
    assert len(clock(time.time() - 3 * 86400).split()) == 3
    assert clock(0.0) == ""
