"""What versions cost, asked of the worker once and known by the hash of the weights."""

from __future__ import annotations

import dataclasses

import pytest

from mpt_studio.cost import Cost, Latency
from mpt_studio.gui.workspace.version import Version
from mpt_studio.gui.workspace.workspace import Workspace

from ..fake_worker import FakeWorker

pytestmark = pytest.mark.gui


def cost(sha256: str, *, p95: float = 11.0, **more) -> Cost:
    made = Cost(
        sha256=sha256, bytes=2_000_000, parameters=500_000, flops=14_000_000, runtime="PyTorch 2.10.0",
        device="cpu (2 threads)", measured="2026-11-30 14:02:11", latency=(Latency(1, 10.0, p95, 60),),
    )  # fmt: skip
    return dataclasses.replace(made, **more)


@pytest.fixture
def worker(workspace: Workspace) -> FakeWorker:
    made = workspace.worker = FakeWorker()
    for key in ("old", "plain", "mpt"):
        version = workspace.version(key)
        assert version is not None
        assert version.predictions is not None
        version.checkpoint = f"{key}.safetensors"
        version.predictions = dataclasses.replace(version.predictions, checkpoint_sha256=key)
    return made


def answer(*made: Cost) -> dict:
    return {"versions": [{"name": each.sha256, "cost": each.to_json(), "why_not": ""} for each in made]}


def test_that_old_model_and_candidates_are_measured_together_and_known_by_their_hash(
    workspace: Workspace, worker: FakeWorker
) -> None:
    heard: list[str] = []
    workspace.costs.measured.connect(lambda: heard.append("measured"))
    workspace.message.connect(lambda level, sentence, _: heard.append(f"{level}: {sentence}"))
    assert not workspace.costs.is_known
    workspace.costs.measure()
    assert worker.last.args == {"versions": [f"{key}.safetensors" for key in ("old", "plain", "mpt")], "again": True}
    assert workspace.costs.why_not() == "It is being measured."
    worker.last.answer(answer(cost("old"), cost("plain"), cost("mpt")))
    assert heard == ["info: What versions cost was measured on cpu (2 threads).", "measured"]
    assert workspace.costs.why_not() == ""
    assert workspace.costs.of(workspace.version("mpt")) == cost("mpt")


def test_that_a_disturbed_measurement_is_a_warning(workspace: Workspace, worker: FakeWorker) -> None:
    heard: list[str] = []
    workspace.message.connect(lambda level, *_: heard.append(level))
    workspace.costs.measure()
    worker.last.answer(answer(cost("old"), cost("mpt", p95=99.0)))
    assert heard == ["warning"]


def test_that_answers_alone_have_nothing_to_measure(workspace: Workspace) -> None:
    workspace.worker = FakeWorker()
    assert workspace.costs.why_not() == "No version on show has weights that could be measured."
    workspace.costs.measure()
    assert workspace.worker.asked == []
    assert workspace.costs.of(Version("m", "m", "candidate")) is None
