"""What the user asks of a running training, and what it says."""

from __future__ import annotations

import itertools
import time

import pytest
import torch

from mpt_studio.checkpoint import read_checkpoint
from mpt_studio.engine.train import progress as commands
from mpt_studio.engine.train import trainer as trainer_module
from mpt_studio.errors import UserError
from mpt_studio.events import Note, Paused, Step


def test_that_stop_ends_a_run_that_can_be_saved_and_gone_on(make, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0.0)
    trainer = make()
    answers = iter(["run"] * 5 + ["stop"] * 9)
    events = list(trainer.fit(lambda: next(answers)))
    assert not trainer.finished
    assert isinstance(events[-1], Step)
    assert 0 < trainer.step < 8
    trainer.save_weights(tmp_path / "kept.safetensors", trainer.describe())
    assert read_checkpoint(tmp_path / "kept.safetensors").class_names == trainer.parts.class_names


def test_that_a_pause_is_told_and_left(make, monkeypatch):
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0.01)
    answers = itertools.chain(["run"], ["pause"] * 3, itertools.repeat("run"))
    trainer = make()
    events = list(trainer.fit(lambda: next(answers)))
    assert [e.paused for e in events if isinstance(e, Paused)] == [True, False]
    assert trainer.finished


def test_that_what_a_listener_takes_is_no_training_time(make, monkeypatch):
    """Writing waits for a full disk there, maybe for hours."""
    monkeypatch.setattr(trainer_module, "SECONDS_BETWEEN_READINGS", 0.0)
    clock, waited, left = time.monotonic, [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: clock() + sum(waited))
    for event in make().fit():
        if isinstance(event, Step):
            left.append(event.eta_seconds)
            waited.append(1000.0)
    assert len(left) > 4
    assert max(left[1:]) < 1000


def test_that_a_run_is_left_from_a_pause(make, monkeypatch):
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0.0)
    answers = itertools.chain(["run"] * 6, ["pause"] * 3, itertools.repeat("cancel"))
    trainer = make()
    list(trainer.fit(lambda: next(answers)))
    assert not trainer.finished


def test_that_a_loss_that_is_not_a_number_is_a_sentence_and_no_state(make, replaced, tmp_path):
    trainer = make(replaced({"learning_rate": 100.0, "epochs": 40, "momentum": 0.99, "weight_decay": 10.0}))
    with pytest.raises(UserError, match=r"not-a-number in epoch \d+; lower the learning rate \(now 100\)"):
        list(trainer.fit())
    with pytest.raises(UserError, match="not-a-number"):
        trainer.save_state(tmp_path / "state.safetensors")
    assert not (tmp_path / "state.safetensors").exists()


def test_that_a_training_that_diverged_without_a_nan_ends_with_a_warning(make, monkeypatch):
    assert not [event for event in make().fit() if isinstance(event, Note) and event.level == "warning"]
    monkeypatch.setattr(commands, "MUCH_LOSS", 1e-3)
    *_, last = make().fit()
    assert (type(last), last.level) == (Note, "warning")
    assert "it has diverged" in last.text


def test_that_too_little_memory_proposes_half_the_batch(make, monkeypatch):
    trainer = make()

    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(trainer.student, "step", fail)
    with pytest.raises(UserError, match="batch size to 12"):
        list(trainer.fit())


def test_that_a_command_is_asked_for_no_more_than_twenty_times_a_second(monkeypatch):
    clock, asked = [100.0], []
    monkeypatch.setattr(commands.time, "monotonic", lambda: clock[0])
    ask = commands.Asked(lambda: asked.append(1) or "pause")
    for seconds in (0.0, 0.01, 0.03, 0.02):
        clock[0] += seconds
        assert ask.now() == "pause"
    assert len(asked) == 2


def test_that_time_left_counts_steps_and_validations_but_no_pause(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(commands.time, "monotonic", lambda: clock[0])
    pace = commands.Pace(steps=20, steps_per_epoch=10)
    pace.start(0)
    clock[0] = 4.0
    assert pace.lap(4) == 1.0
    clock[0] = 90.0  # a pause
    pace.start(4)
    pace.seconds_per_validation = 3.0
    assert pace.left(4) == (16 * 1.0 + 2 * 3.0, 6.0)
