"""What versions cost, as it is written and kept."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from mpt_studio import cost
from mpt_studio.cost import COLUMNS, Cost, Latency, from_json, kept

MADE = Cost(
    sha256="ab" * 32,
    bytes=44_700_000,
    parameters=11_689_512,
    flops=3_628_146_688,
    runtime="PyTorch 2.10.0",
    device="cpu (2 threads)",
    measured="2026-11-30 14:02:11",
    latency=(Latency(1, 20.0, 25.0, 60), Latency(32, 400.0, 500.0, 5)),
)


def test_that_a_cost_comes_back_from_json_as_it_was() -> None:
    record = json.loads(json.dumps(MADE.to_json()))
    assert (record["macs"], record["latency"][1]["images_per_second"]) == (1_814_073_344, 80.0)
    assert from_json(record) == MADE


@pytest.mark.parametrize("change", [{"bytes": "many"}, {"latency": [{"batch": 1}]}])
def test_that_what_is_no_cost_is_refused(change) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json({**MADE.to_json(), **change})


def test_that_a_latency_of_nothing_is_refused() -> None:
    never = {**MADE.to_json(), "latency": [{"batch": 1, "median_ms": 0.0, "p95_ms": 0.0, "rounds": 1}]}
    with pytest.raises(ValueError, match="above zero"):
        from_json(never)


def test_how_columns_are_written() -> None:
    told = {column.key: column.told(MADE) for column in COLUMNS}
    assert told == {
        "size": ("44.7 MB", ""),
        "parameters": ("11.7 M", ""),
        "flops": ("3.6 G", "1.8 G MACs"),
        "latency_1": ("20.0", "p95 25.0"),
        "latency_32": ("400", "p95 500"),
        "throughput": ("80/s", "batch 32"),
    }
    graph = dataclasses.replace(MADE, flops=None, latency=())
    assert [column.told(graph)[0] for column in COLUMNS] == ["44.7 MB", "11.7 M", "–", "–", "–", "–"]


def test_that_old_stands_beside_new_in_the_sentence() -> None:
    slower = dataclasses.replace(MADE, runtime="ONNX Runtime 1.20.0", latency=(Latency(1, 30.0, 41.25, 60),))
    assert cost.beside(MADE, slower) == (
        "It answers in 30.0 ms at batch 1 (old model 20.0; p95 41.2 and 25.0), by ONNX Runtime 1.20.0 on "
        "cpu (2 threads); the old model by PyTorch 2.10.0 on cpu (2 threads)."
    )
    assert cost.alone(slower) == (
        "It answers in 30.0 ms at batch 1 (p95 41.2), by ONNX Runtime 1.20.0 on cpu (2 threads)."
    )


def test_that_the_newest_of_a_device_is_kept_and_damage_is_nothing(tmp_path: Path) -> None:
    newer = dataclasses.replace(MADE, device="NVIDIA H200", measured="2026-11-30 15:00:00")
    for each in (MADE, newer):
        path = cost.file_of(tmp_path, each.sha256, each.device)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(each.to_json()))
    assert kept(tmp_path, MADE.sha256) == newer
    assert kept(tmp_path, MADE.sha256, "cpu (2 threads)") == MADE
    assert kept(tmp_path, "cd" * 32) is None
    cost.file_of(tmp_path, MADE.sha256, "NVIDIA H200").write_text("{")
    assert kept(tmp_path, MADE.sha256) == MADE
