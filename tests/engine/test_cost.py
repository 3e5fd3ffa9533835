"""What is measured of real networks, never how long it takes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import nn

from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.cost import BATCHES
from mpt_studio.engine import cost
from mpt_studio.engine.cost import flops, latency_of, measure
from mpt_studio.engine.export import Decided, export
from mpt_studio.engine.version import FrozenVersion
from mpt_studio.errors import Interrupted

pytestmark = pytest.mark.usefixtures("forked")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch) -> None:
    monkeypatch.setattr(cost, "MOST", 6)


def test_that_the_flops_of_a_convolution_and_a_linear_layer_are_exact() -> None:
    convolution = nn.Conv2d(3, 8, 3, padding=1)
    assert flops(convolution, torch.zeros(1, 3, 16, 16)) == 2 * (3 * 3 * 3) * 8 * 16 * 16
    assert flops(nn.Linear(20, 7), torch.zeros(1, 20)) == 2 * 20 * 7


def test_that_a_network_is_measured_with_its_device_and_runtime(old: Checkpoint) -> None:
    (found,) = measure([FrozenVersion(old, CPU)])
    version = FrozenVersion(old, CPU)
    assert found.parameters == sum(parameter.numel() for parameter in version.network.parameters())
    assert found.bytes == Path(old.path).stat().st_size
    assert found.flops
    assert found.sha256 == old.sha256()
    assert found.device.startswith("cpu (")
    assert found.runtime.startswith("PyTorch ")
    assert tuple(each.batch for each in found.latency) == BATCHES
    for each in found.latency:
        assert 0 < each.median_ms <= each.p95_ms
        assert each.rounds == 6


def test_that_a_graph_is_measured_where_it_runs(old: Checkpoint, tmp_path) -> None:
    export(Decided(old), "onnx", tmp_path / "old.onnx")
    export(Decided(old), "onnx", tmp_path / "inside.onnx", preprocessing="inside")
    graphs = [read_checkpoint(tmp_path / name) for name in ("old.onnx", "inside.onnx")]
    network, *found = measure([FrozenVersion(each, CPU) for each in (old, *graphs)])
    for each in found:
        assert each.runtime.startswith("ONNX Runtime ")
        assert each.flops is None
        assert 0.5 * network.parameters < each.parameters < 1.5 * network.parameters
        assert all(0 < latency.median_ms <= latency.p95_ms for latency in each.latency)
        assert each.measured == network.measured


def test_that_versions_take_turns_and_none_is_always_behind_the_same_one(old: Checkpoint) -> None:
    asked: list[str] = []

    @dataclasses.dataclass
    class Subject:
        name: str

        def seconds(self, batch: int) -> float:
            asked.append(self.name)
            return 0.001

    cost._latencies([Subject("old"), Subject("new")], 1, lambda *_: None)  # type: ignore[list-item]
    assert "".join(name[0] for name in asked) == "onno" * 4


def test_that_measuring_can_be_cancelled(old: Checkpoint) -> None:
    def stop(sentence: str, fraction: float | None) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        measure([FrozenVersion(old, CPU)], stop)


def test_that_p95_is_between_the_last_of_many_rounds() -> None:
    found = latency_of(1, [0.001 * i for i in range(1, 101)])
    assert (found.median_ms, found.rounds) == (pytest.approx(50.5), 100)
    assert 95 <= found.p95_ms <= 96
