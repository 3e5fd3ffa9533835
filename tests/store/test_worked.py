from __future__ import annotations

import os
from pathlib import Path

import pytest

from mpt_studio.events import Ended, Event, Paused, Started, Step, to_line
from mpt_studio.store.worked import seconds_worked


def started(at: float) -> Started:
    return Started(time=at, device="cpu", epochs=1, steps=9, train_samples=1, validation_samples=1, parameters=1)


def step(at: float) -> Step:
    return Step(time=at, step=1, epoch=0.1, losses={}, learning_rate=0.1, images_per_second=1, eta_seconds=1)


def worked(folder: Path, *events: Event) -> float:
    path = folder / "events.jsonl"
    path.write_text("".join(f"{to_line(event)}\n" for event in events))
    return seconds_worked(path)


def test_that_a_run_took_from_its_start_to_its_end(tmp_path: Path) -> None:
    assert worked(tmp_path, started(100), step(110), Ended(time=130, outcome="done")) == 30


def test_that_a_pause_and_the_time_between_two_attempts_were_not_worked(tmp_path: Path) -> None:
    first = [started(100), step(110), Paused(time=115, paused=True), Paused(time=1115, paused=False), step(1120)]
    second = [started(9000), step(9010), Ended(time=9012, outcome="done")]
    assert worked(tmp_path, *first, *second) == pytest.approx(15 + 5 + 12)


def test_that_a_run_that_was_killed_while_paused_took_what_it_worked(tmp_path: Path) -> None:
    assert (
        worked(tmp_path, started(100), Paused(time=115, paused=True), started(500), Ended(time=501, outcome="done"))
        == 16
    )


def test_that_a_clock_that_was_set_back_takes_nothing_away(tmp_path: Path) -> None:
    assert worked(tmp_path, started(100), step(110), step(50), Ended(time=55, outcome="done")) == 15


def test_that_a_run_that_never_began_took_nothing(tmp_path: Path) -> None:
    assert worked(tmp_path, Ended(time=55, outcome="cancelled")) == 0
    assert seconds_worked(tmp_path / "nowhere" / "events.jsonl") == 0


def test_that_an_odd_time_or_a_pipe_costs_no_more_than_itself(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    lines = ['{"event":"started","time":1.e}', '{"event":"started","time":1e999}', '{"event":"step","time":9}']
    log.write_text("\n".join(lines))
    assert seconds_worked(log) == 0.0
    os.mkfifo(tmp_path / "pipe")
    assert seconds_worked(tmp_path / "pipe") == 0.0
