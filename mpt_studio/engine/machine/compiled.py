"""Networks compiled by torch's inductor, for trainings that are long enough to earn the time that it takes.

Measured on two cores with AVX-512, batch 128, 32×32: the small network's step 77 → 56 ms and a teacher's answer
16.5 → 10.9 ms; ResNet-18's with the ImageNet stem 245 → 239 and 60 → 47 ms. The first time costs 25 to 30 s, from the
kept copy on disk 3 s. It needs a C++ compiler and Python's headers; where they are missing, training goes on without.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap
from mpt_studio.engine.machine.batch_norm import use_partial_sums
from mpt_studio.errors import one_sentence

PAYS_FROM = 10e12
"""Floating-point operations of a whole training or update per thread: about three minutes, of which a fifth is won."""

Forward = Callable[[Tensor], Tensor]


def pays(wanted: str, device: torch.device, work: Callable[[], float]) -> bool:
    """Whether to compile: as the recipe says, or ("auto") on a CPU with a compiler, by the ``work`` to be done with it.

    On CUDA "auto" compiles nothing: what it gains there has never been measured.
    """
    if wanted != "auto":
        return wanted == "on"
    return device.type == "cpu" and has_compiler() and work() >= PAYS_FROM * devices.threads()


def student(
    network: nn.Module, batch: int, size: int, context: Callable[[], torch.autocast], recorded: bool = False
) -> Forward:
    """The network's forward pass for batches of exactly ``batch`` images, compiled with its backward pass.

    Its weights and statistics are left as they are. ``recorded``: the whole step will be one CUDA graph, so that the
    passes are not graphs of their own. Raises whatever the compiler does.
    """
    _be_quiet()
    if _device(network).type == "cpu":
        use_partial_sums(network)
    options = {} if recorded else _options(network)
    forward: Forward = torch.compile(network, dynamic=False, options=options)
    with _unchanged(network), context():
        torch.autograd.backward(forward(_images(network, batch, size)).float().sum())
    network.zero_grad(set_to_none=True)
    heap.give_back()  # what the compiler took, before training takes its own
    return forward


def teacher(network: nn.Module, batch: int, size: int, context: Callable[[], torch.autocast]) -> Forward:
    """The same for a network that only answers. Teachers of one architecture share the code that is made for the first.

    Constant weights ("freezing") would save 0.8 of 10.8 ms with the small network and nothing with ResNet-18, but make
    code for each teacher, which took 4 s there.
    """
    _be_quiet()
    forward: Forward = torch.compile(network, dynamic=False, options=_options(network))
    with torch.no_grad(), context():
        forward(_images(network, batch, size))
    heap.give_back()
    return lambda images: forward(images).clone()  # a graph of CUDA writes where the next teacher's may write, too


def _options(network: nn.Module) -> dict[str, Any]:
    """On CUDA a pass is recorded once and started as one: small networks wait for the launches of their kernels."""
    return {"triton.cudagraphs": _device(network).type == "cuda"}


def problem(error: Exception) -> str:
    """Why a network could not be compiled, for a note."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return one_sentence(lines[0], 120)


def _images(network: nn.Module, batch: int, size: int) -> Tensor:
    return torch.zeros(batch, 3, size, size, device=_device(network)).to(memory_format=torch.channels_last)


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


@contextmanager
def _unchanged(network: nn.Module) -> Iterator[None]:
    """A trial pass moves running statistics and torch's generator; both are put back."""
    before = {name: value.clone() for name, value in network.named_buffers()}
    device = _device(network)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:  # a backward pass that cannot be compiled has a forward pass behind it
        with torch.no_grad():
            for name, value in network.named_buffers():
                value.copy_(before[name])


def _be_quiet() -> None:
    """torch warns of CUDA's tools without a GPU, which compiling for a CPU does not need."""
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)


def has_compiler() -> bool:
    """Whether a C++ compiler is on the path; whether it works is seen when it is used."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++", "cl") if name)
