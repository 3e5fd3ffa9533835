"""What a recipe leaves open is decided by rules."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.machine import compiled
from mpt_studio.engine.train import plan
from mpt_studio.events import Note


def test_that_no_gpu_falls_back_to_the_cpu_and_says_so(make, replaced):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    events = list(make(replaced({"device": "auto", "epochs": 1})).fit())
    assert any(isinstance(e, Note) and "No GPU" in e.text for e in events)


@pytest.mark.parametrize(("batch_size", "compiled"), [(96, True), (97, False)])
def test_that_nothing_is_compiled_for_a_training_without_a_full_batch(batch_size, compiled, make, replaced):
    assert make(replaced({"compile": "on", "batch_size": batch_size})).plan.compiled is compiled


def test_that_a_network_whose_work_cannot_be_counted_is_not_compiled(make, monkeypatch):
    def fails(*_):
        raise AssertionError("Expected gradient function to be set")

    monkeypatch.setattr(compiled, "has_compiler", lambda: True)
    monkeypatch.setattr(plan, "forward_work", fails)
    assert not make().plan.compiled
