"""A trainer's state on disk."""

from __future__ import annotations

import pytest
import torch

from mpt_studio.engine.train import state
from mpt_studio.engine.train.state import State
from mpt_studio.errors import UserError


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_that_one_flipped_bit_in_a_state_is_noticed(place, make, tmp_path):
    path = tmp_path / "state.safetensors"
    make().save_state(path)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        make().restore(path)


def test_that_values_and_groups_come_back_and_a_newer_programs_are_refused(tmp_path, monkeypatch):
    path, tensor = tmp_path / "state.safetensors", torch.arange(6.0).reshape(2, 3)
    State({"epoch": 3}, {"network": {"a.weight": tensor}, "sums": {"sums": tensor[0]}}).save(path)
    found = State.load(path)
    assert found.values == {"epoch": 3}
    assert torch.equal(found.groups["network"]["a.weight"], tensor)
    assert torch.equal(found.groups["sums"]["sums"], tensor[0])
    monkeypatch.setattr(state, "FORMAT", 0)
    with pytest.raises(UserError, match="newer MPT Studio"):
        State.load(path)
