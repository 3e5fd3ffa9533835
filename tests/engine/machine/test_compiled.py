"""When networks are compiled, and that a trial pass leaves no trace."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.machine import compiled
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.networks import build as networks

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(("work", "expected"), [(0.9, False), (1.0, True)])
def test_that_long_trainings_on_a_cpu_with_a_compiler_are_compiled(work, expected, monkeypatch):
    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    enough = compiled.PAYS_FROM * devices.threads()
    assert compiled.pays("auto", CPU, lambda: work * enough) is expected
    assert not compiled.pays("auto", CUDA, lambda: work * enough)
    monkeypatch.setattr(compiled, "has_compiler", lambda: False)
    assert not compiled.pays("auto", CPU, lambda: work * enough)


def test_that_the_recipe_has_the_last_word():
    assert compiled.pays("on", CUDA, lambda: 0.0)
    assert not compiled.pays("off", CPU, lambda: 1e30)


def test_that_a_trial_pass_leaves_statistics_and_generator_as_they_were():
    network = networks.build("small", 10, True, 32).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.random.get_rng_state()
    with compiled._unchanged(network):
        network(torch.rand(4, 3, 32, 32))
        torch.rand(1)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_that_a_backward_pass_that_cannot_be_compiled_leaves_no_trace_either(monkeypatch):
    class OnlyForward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, logits):
            return logits.clone()

        @staticmethod
        def backward(ctx, gradient):
            raise RuntimeError("no way back")

    monkeypatch.setattr(torch, "compile", lambda network, **_: lambda images: OnlyForward.apply(network(images)))
    network = networks.build("small", 10, True, 32).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(RuntimeError, match="no way back"):
        compiled.student(network, 4, 32, lambda: devices.autocast(CPU, "fp32"))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_that_a_teachers_answer_stays_when_something_compiled_answers_next(monkeypatch):
    """As a graph of CUDA does, the compiled form always answers in the same memory."""

    def in_one_place(network, **_):
        place = torch.empty(2, 5)
        return lambda images: place.copy_(network(images))

    monkeypatch.setattr(torch, "compile", in_one_place)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 4 * 4, 5)).requires_grad_(False)
    teacher = compiled.teacher(network, 2, 4, lambda: devices.autocast(CPU, "fp32"))
    images = torch.rand(2, 3, 4, 4)
    first = teacher(images)
    teacher(-images)
    torch.testing.assert_close(first, network(images))
