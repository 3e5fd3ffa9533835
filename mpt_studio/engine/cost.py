"""What versions cost on this device: measured in turns, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import importlib.metadata
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mpt_studio.cost import BATCHES, Cost, Latency
from mpt_studio.data.dataset import Progress, tell_nobody
from mpt_studio.engine.machine import device as devices
from mpt_studio.engine.machine import heap
from mpt_studio.engine.networks.onnx_child import OnnxChild
from mpt_studio.engine.networks.onnx_file import ARCHITECTURE as ONNX
from mpt_studio.engine.version import FrozenVersion

WARM_UP, LEAST, MOST = 2, 5, 60
"""Rounds: those that are not counted, and those that are."""
SECONDS = 1.5
"""A batch is measured no longer than this for each version, once there are ``LEAST`` rounds."""


class Graph:
    """An ONNX graph in its limited process, which takes the time itself."""

    flops = None

    def __init__(self, version: FrozenVersion) -> None:
        self._side = version.checkpoint.preprocessing.image_size
        is_gpu = version.device.type == "cuda" and _has_provider()
        path = Path(version.checkpoint.path)
        self._child = OnnxChild(path, devices.threads(), gpu=is_gpu, most=max(BATCHES))
        self.runtime = f"ONNX Runtime {importlib.metadata.version('onnxruntime')}"
        self.device = devices.describe(version.device if is_gpu else torch.device("cpu"))

    def parameters(self) -> int:
        return self._child.parameters()

    def seconds(self, batch: int) -> float:
        return self._child.seconds(batch, self._side)


class Network:
    """A network of ours."""

    def __init__(self, version: FrozenVersion) -> None:
        self._network, self._on = version.network, version.device
        self._side = version.checkpoint.preprocessing.image_size
        self.runtime, self.device = f"PyTorch {torch.__version__.split('+')[0]}", devices.describe(version.device)
        self.flops = flops(self._network, self._images(1))

    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self._network.parameters())

    @torch.no_grad()
    def seconds(self, batch: int) -> float:
        images = self._images(batch)
        _wait_for(self._on)
        begin = time.perf_counter()
        self._network(images)
        _wait_for(self._on)
        return time.perf_counter() - begin

    def _images(self, batch: int) -> torch.Tensor:
        images = torch.rand(batch, 3, self._side, self._side, generator=torch.Generator().manual_seed(0))
        is_last = self._on.type != "mps"
        return images.to(self._on, memory_format=torch.channels_last if is_last else torch.contiguous_format)


@torch.no_grad()
def flops(network: nn.Module, images: torch.Tensor) -> int:
    """Operations of one forward pass, 2 for a multiplication with its addition."""
    with FlopCounterMode(display=False) as counter:
        network(images)
    return int(counter.get_total_flops())


def measure(versions: Sequence[FrozenVersion], progress: Progress | None = None) -> list[Cost]:
    """What each version costs. Raises ``UserError`` where one cannot be run."""
    devices.prepare(versions[0].device, exact=True)
    try:
        with devices.enough_memory("measure"):
            subjects = [_subject(version) for version in versions]
            found = [_latencies(subjects, batch, progress or tell_nobody) for batch in BATCHES]
    finally:
        heap.give_back()
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    return [
        Cost(
            sha256=version.checkpoint.sha256(),
            bytes=Path(version.checkpoint.path).stat().st_size,
            parameters=subject.parameters(),
            flops=subject.flops,
            runtime=subject.runtime,
            device=subject.device,
            measured=when,
            latency=latency,
        )
        for version, subject, latency in zip(versions, subjects, zip(*found, strict=True), strict=True)
    ]


def _subject(version: FrozenVersion) -> Graph | Network:
    return (Graph if version.checkpoint.architecture == ONNX else Network)(version)


def _latencies(subjects: Sequence[Graph | Network], batch: int, progress: Progress) -> list[Latency]:
    """In turns, the first changing from round to round, so that nobody always runs behind the same one."""
    taken: list[list[float]] = [[] for _ in subjects]
    begin = time.perf_counter()
    for turn in range(WARM_UP + MOST):
        counted = turn - WARM_UP
        if counted >= LEAST and time.perf_counter() - begin > SECONDS * len(subjects):
            break
        progress(f"Measuring at batch {batch}", max(0, counted) / MOST)
        for i in range(len(subjects)):
            at = (i + turn) % len(subjects)
            seconds = subjects[at].seconds(batch)
            taken[at] += [seconds] if counted >= 0 else []
    return [latency_of(batch, each) for each in taken]


def latency_of(batch: int, seconds: Sequence[float]) -> Latency:
    """Of the times of its rounds, at least two."""
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return Latency(batch, 1e3 * statistics.median(seconds), 1e3 * p95, len(seconds))


def _has_provider() -> bool:
    from onnxruntime import get_available_providers

    return "CUDAExecutionProvider" in get_available_providers()


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
