"""The scripts measure what they say: small sizes, no times asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from mpt_studio.events import Epoch, Step, to_line
from mpt_studio.store import Store

HERE = Path(__file__).parent


Script = Callable[[str], ModuleType]


def test_that_a_recorded_day_holds_the_events_that_it_says(tmp_path: Path, script: Script) -> None:
    store = Store(tmp_path)
    run = store.run(script("day_of_events").record(store, 2500))
    events = list(run.events())
    assert [event.step for event in events if isinstance(event, Step)] == list(range(2500))
    assert sum(isinstance(event, Epoch) for event in events) == 3
    assert run.outcome == "done"


def test_that_steps_written_as_text_look_like_those_of_the_program(tmp_path: Path, script: Script) -> None:
    day = script("day_of_events")
    ours, written = to_line(next(day.steps(5, 6))), next(day._lines(5, 6))
    assert written == written.strip() + "\n"
    assert list(json.loads(written)) == list(json.loads(ours))
    assert written[:15] == ours[:15] == '{"event":"step"'


def test_that_a_store_is_filled_with_runs_in_updates(tmp_path: Path, script: Script) -> None:
    ids = script("growth_store").fill(tmp_path, 12)
    store = Store(tmp_path)
    assert len(set(ids)) == len(store.runs()) == 12
    assert len(store.updates()) == 2
    assert {update.outcome for update in store.updates()} == {"done"}


def test_that_an_epoch_over_images_is_measured_part_by_part(tmp_path: Path, script: Script) -> None:
    growth = script("growth_training")
    found = growth.images(300, tmp_path)
    assert set(found) == {row.name for row in growth.IMAGES}
    assert found["epoch_each"] > found["order_each"] > 0


@pytest.mark.slow
def test_that_a_step_is_measured_with_its_parts(script: Script) -> None:
    growth = script("growth_training")
    found = growth._step("small", 10)
    assert found["step"] > found["teachers"] > 0
    assert found["loss"] > 0


def test_that_a_table_without_goals_has_a_column_per_size(script: Script) -> None:
    table = script("table")
    rows = [table.Row("a", "An act"), table.Row("b", "Another", 3.0, "s")]
    made = table.table(rows, [{"samples": 10, "a": 1.0}, {"samples": 1000, "a": 20.0, "b": 0.5}], goals=False)
    assert made.splitlines() == [
        "| | 10 | 1,000 |",
        "|---|---:|---:|",
        "| An act [ms] | 1.0 | 20.0 |",
        "| Another [s] | – | 0.50 |",
    ]


def test_that_the_script_prints_what_was_measured_as_json() -> None:
    command = [sys.executable, str(HERE / "growth.py"), "--json", "--tables", "images", "--sizes", "200"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(done.stdout)
    assert [column["samples"] for column in found["tables"]["images"]] == [200]
    assert found["machine"]
