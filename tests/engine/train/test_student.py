"""A step never waits for the device, and what runs on CUDA mixes no devices, as far as a machine without one can tell.

For that torch's tensors without memory, which know their device, stand in: an operation on tensors of two devices fails
on them as it would on a GPU. Backward passes need a GPU; gradients are put in their place.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mpt_studio.engine import version
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine.ranks import Ranks
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.engine.train import materials as materials_module
from mpt_studio.engine.train import student
from mpt_studio.engine.train.materials import gather
from mpt_studio.engine.train.sums import RunningSums
from mpt_studio.methods import METHODS
from mpt_studio.recipe import Images

CUDA = torch.device("cuda:0")
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
    """Refuses whatever waits for a value, or whose shape depends on one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func.overloadpacket not in ASKS_FOR_A_VALUE, f"{func} asks for a value"
        return func(*args, **(kwargs or {}))


MIXED = Images(mixup=0.2)


@pytest.mark.parametrize("name", METHODS)
def test_that_a_step_asks_for_no_value_whatever_the_method(name, make, replaced, old, reference):
    method = dataclasses.replace(METHODS[name], start_epoch=0)
    recipe = replaced({"clip_gradient": 1.0, "label_smoothing": 0.1, "balance": 0.5}, method=method, images=MIXED)
    trainer = make(recipe, old=old, reference=reference, ensemble=(reference, reference))
    materials = gather(trainer.parts, trainer.plan, trainer.preprocessing)
    materials.begin_epoch(0, 0)
    for batch in materials.feed.batches(0):
        answers = trainer.student.teacher_logits(materials, batch)
        with NoAnswers():
            trainer.student.learn(materials, [(batch, *answers)])
    assert trainer.student.sums.read().images == 96


def test_that_this_test_would_notice_a_question():
    with NoAnswers(), pytest.raises(AssertionError, match="asks for a value"):
        torch.ones(2).sum().item()


class OnTheGpuAlone(TorchDispatchMode):
    """Refuses work on tensors elsewhere: a copy from the host, say, is waited for."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        assert all(tensor.device == CUDA for tensor in tensors), f"{func} is given a tensor of the host"
        return func(*args, **(kwargs or {}))


@pytest.fixture
def imagined_gpu(monkeypatch):
    """Everything that is put on CUDA has no memory."""
    mode = FakeTensorMode(allow_non_fake_inputs=True)

    def put(network: torch.nn.Module, device: torch.device) -> torch.nn.Module:
        with mode:
            return network.to(device=device, memory_format=torch.channels_last)

    def sums(device: torch.device, ranks: Ranks) -> RunningSums:
        with mode:
            return RunningSums(device, ranks)

    def load(*asked) -> torch.nn.Module:
        with unset_fake_temporarily():
            return load_network(*asked)

    def give_gradients(loss: torch.Tensor) -> None:
        assert loss.device == CUDA
        for parameter in given:
            parameter.grad = torch.empty_like(parameter)

    given: list[torch.nn.Parameter] = []
    monkeypatch.setattr(devices, "choose", lambda wanted: CUDA)
    monkeypatch.setattr(devices, "prepare", lambda *_, **__: None)
    monkeypatch.setattr(devices, "place", put)
    monkeypatch.setattr(student, "RunningSums", sums)
    monkeypatch.setattr(version, "load_network", load)
    for name in ("_said", "judged"):
        monkeypatch.setattr(materials_module, name, lambda *_: None)  # answers are values
    monkeypatch.setattr(torch.Tensor, "backward", give_gradients)
    return mode, given


@pytest.mark.parametrize("name", METHODS)
def test_that_a_step_mixes_no_devices(name, make, replaced, old, reference, imagined_gpu):
    mode, given = imagined_gpu
    training = {"device": "cuda", "precision": "fp32", "data_placement": "device", "flip": "on"}
    recipe = replaced(
        {**training, "optimizer": "adamw", "clip_gradient": 1.0, "label_smoothing": 0.1},
        method=dataclasses.replace(METHODS[name], start_epoch=0),
    )
    trainer = make(recipe, old=old, reference=reference, ensemble=(reference, reference))
    given += trainer.network.parameters()
    assert {parameter.device for parameter in given} == {CUDA}
    with mode:
        materials = gather(trainer.parts, trainer.plan, trainer.preprocessing)
        materials.begin_epoch(0, 0)
        batch = next(materials.feed.batches(0))
        answers = trainer.student.teacher_logits(materials, batch)
        with OnTheGpuAlone():
            trainer.student.learn(materials, [(batch, *answers)])
    assert trainer.student.sums.sums.device == CUDA
