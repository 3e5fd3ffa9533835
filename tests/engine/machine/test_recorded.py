"""A training step can be recorded as one CUDA graph, and does the same work then."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mpt_studio.engine.machine.recorded import Recorded
from mpt_studio.engine.train import optimizers
from mpt_studio.engine.train.materials import gather
from mpt_studio.recipe import METHODS, Training

aten = torch.ops.aten
ASKS_FOR_A_VALUE = {
    aten._local_scalar_dense,
    aten.nonzero,
    aten.masked_select,
    aten.equal,
    aten._unique2,
    aten.bincount,
}


class NoAnswers(TorchDispatchMode):
    """Refuses whatever waits for a value, or whose shape depends on one: CUDA can record neither."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket not in ASKS_FOR_A_VALUE, f"{func} asks for a value"
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", METHODS)
def test_that_a_step_asks_for_no_value_whatever_the_method(name, make, replaced, old, reference):
    method = dataclasses.replace(METHODS[name], start_epoch=0)
    recipe = replaced({"clip_gradient": 1.0, "label_smoothing": 0.1}, method=method)
    trainer = make(recipe, old=old, reference=reference, ensemble=(reference, reference))
    materials = gather(trainer.parts, trainer.plan, trainer.preprocessing)
    materials.begin_epoch(0, 0)
    learn = functools.partial(trainer.student.learn, materials, trainer.network)
    for batch in materials.feed.batches(0):
        answers = trainer.student.teacher_logits(materials, batch)
        with NoAnswers():
            learn(batch.images_BSS3, batch.labels_B, *answers)
    assert trainer.student.sums.read().images == 96


def test_that_this_test_would_notice_a_question():
    with NoAnswers(), pytest.raises(AssertionError, match="asks for a value"):
        torch.ones(2).sum().item()


def stepped(training: Training, recordable: bool) -> torch.Tensor:
    torch.manual_seed(0)
    network = torch.nn.Linear(5, 3)
    optimizer = optimizers.make(network, training)
    if recordable:
        optimizers.make_recordable(optimizer)
    for rate in (0.5, 0.25, 0.125):
        optimizers.set_learning_rate(optimizer, rate)
        optimizer.zero_grad()
        network(torch.ones(2, 5)).square().sum().backward()
        optimizer.step()
    return network.weight.detach()


def test_that_a_recordable_optimizer_follows_the_schedule():
    training = Training(momentum=0.9, weight_decay=0.01)
    torch.testing.assert_close(stepped(training, True), stepped(training, False))


def trained(make, recipe, **teachers) -> dict[str, torch.Tensor]:
    trainer = make(recipe, **teachers)
    notes = [event.text for event in trainer.fit() if event.kind == "note"]
    assert not any("without" in text for text in notes)
    return {name: value.cpu() for name, value in trainer.network.state_dict().items()}


class NoStream:
    """A stream of a machine without CUDA: everything happens at once."""

    def wait_stream(self, other) -> None:
        """Nothing is ever under way."""


@contextlib.contextmanager
def broken_off(*_, **__):
    """A recording as CUDA ends it after an error, whatever the error was."""
    try:
        yield
    finally:
        raise RuntimeError("operation failed due to a previous error during capture")


def test_that_a_recording_that_fails_tells_what_went_wrong_first_and_every_call_does_its_work_once(monkeypatch):
    for name, stand_in in (("Stream", NoStream), ("current_stream", NoStream), ("CUDAGraph", object)):
        monkeypatch.setattr(torch.cuda, name, stand_in)
    monkeypatch.setattr(torch.cuda, "stream", contextlib.nullcontext)
    monkeypatch.setattr(torch.cuda, "graph", broken_off)
    calls, done, problems = [], [], []

    def work(number: torch.Tensor) -> None:
        calls.append(number)
        assert len(calls) != 4, "this cannot be recorded"
        done.append(int(number))

    recorded = Recorded(work, problems.append)
    for number in range(10):
        recorded(torch.tensor(number))
    assert done == list(range(10))
    assert len(problems) == 1
    assert problems[0].startswith("this cannot be recorded")


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_that_a_recorded_training_ends_with_the_same_weights(optimizer, make, replaced, old, reference):
    method = dataclasses.replace(METHODS["MPT_KL"], start_epoch=1)  # teachers join when the step is recorded already
    training = {"epochs": 4, "optimizer": optimizer, "device": "cuda", "precision": "fp32", "learning_rate": 0.001}
    ends = [
        trained(make, replaced({**training, "compile": choice}, method=method), old=old, reference=reference)
        for choice in ("off", "on")
    ]
    assert ends[0].keys() == ends[1].keys()
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value, rtol=0.01, atol=0.01)


@pytest.mark.gpu
def test_that_a_recording_does_each_calls_work_once_and_starts_anew_where_a_tensor_joins():
    total, problems = torch.zeros((), device="cuda"), []
    recorded = Recorded(lambda one, other: total.add_(one if other is None else one * other), problems.append)
    for number in range(10):
        recorded(torch.tensor(float(number), device="cuda"), None)
    for number in range(10):
        recorded(torch.tensor(float(number), device="cuda"), torch.tensor(2.0, device="cuda"))
    assert total.item() == 45 + 90
    assert not problems


@pytest.mark.gpu
def test_that_what_cannot_be_recorded_runs_as_it_is_and_says_why_once():
    total, problems = torch.zeros((), device="cuda"), []

    def asks(number: torch.Tensor) -> None:
        total.add_(number.item())

    recorded = Recorded(asks, problems.append)
    for number in range(10):
        recorded(torch.tensor(float(number), device="cuda"))
    assert total.item() == 45
    assert len(problems) == 1
