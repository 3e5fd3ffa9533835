"""What a recipe leaves open is decided by rules."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.events import Note


def test_that_no_gpu_falls_back_to_the_cpu_and_says_so(make, replaced):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    events = list(make(replaced({"device": "auto", "epochs": 1})).fit())
    assert any(isinstance(e, Note) and "No GPU" in e.text for e in events)
