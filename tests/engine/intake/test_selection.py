"""Which tensors of a file are the network's."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from layouts import Small, Weights, same, saved


@pytest.mark.parametrize(
    "wrapper", ["state_dict", "model", "net", "model_state_dict", "model_ema", "ema", "network", "module", "weights"]
)
def test_that_a_wrapped_state_dict_is_found(weights: Weights, tmp_path: Path, wrapper: str) -> None:
    found = saved(tmp_path, {"epoch": 7, wrapper: weights, "best_acc": 0.5})
    assert same(found.tensors, weights)
    assert found.wrapper == wrapper
    assert found.extras == {"epoch": 7, "best_acc": 0.5}


@pytest.mark.parametrize(
    "prefix",
    ["module.", "model.", "_orig_mod.", "backbone.", "net.", "module.model.", "_orig_mod.module.", "ema_model.module."],
)
def test_that_prefixes_are_taken_off(weights: Weights, tmp_path: Path, prefix: str) -> None:
    found = saved(tmp_path, {prefix + name: value for name, value in weights.items()})
    assert same(found.tensors, weights)
    assert "".join(found.prefixes) == prefix


def test_that_a_prefix_that_some_names_lack_stays(weights: Weights, tmp_path: Path) -> None:
    mixed = {("model." if name.startswith("fc") else "") + name: value for name, value in weights.items()}
    assert same(saved(tmp_path, mixed).tensors, mixed)


def test_that_a_prefix_of_nearly_all_of_a_networks_own_names_stays(tmp_path: Path) -> None:
    """As in torchvision's vision transformer: five tensors of 152 do not lie in its encoder."""
    named = {f"encoder.{i}": torch.ones(1) for i in range(147)} | {
        "class_token": torch.ones(1),
        "heads.w": torch.ones(2),
    }
    assert same(saved(tmp_path, named).tensors, named)


def test_that_the_counter_of_averaged_weights_is_left_out(weights: Weights, tmp_path: Path) -> None:
    more = weights | {f"more.{i}": torch.ones(1) for i in range(4)}
    record = {"n_averaged": torch.tensor(3)} | {f"module.{name}": value for name, value in more.items()}
    assert same(saved(tmp_path, record).tensors, more)


def test_that_an_optimizer_beside_the_weights_is_left_out(network: Small, tmp_path: Path) -> None:
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.zeros(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    expected = {name: value.clone() for name, value in network.state_dict().items()}
    found = saved(tmp_path, {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1})
    assert same(found.tensors, expected)
    assert found.extras == {"epoch": 1}


def test_that_tensors_that_are_not_taken_are_told(weights: Weights, tmp_path: Path) -> None:
    record = {"model": weights, "criterion": {"centres": torch.ones(3)}, "optimizer": {"state": torch.ones(1)}}
    found = saved(tmp_path, record)
    assert same(found.tensors, weights)
    assert [note for note in found.notes if "not taken" in note] == [
        "It also holds tensors under 'criterion', which were not taken."
    ]


def test_that_a_wrapper_with_a_dot_in_its_name_is_taken_off(weights: Weights, tmp_path: Path) -> None:
    found = saved(tmp_path, {"model.v2": weights, "epoch": 1})
    assert same(found.tensors, weights)


def test_that_state_dicts_of_parts_are_joined(weights: Weights, tmp_path: Path) -> None:
    parts = {"backbone": {"w": torch.ones(3)}, "head": {"w": torch.zeros(2), "b": torch.zeros(1)}}
    expected = {"backbone.w": torch.ones(3), "head.w": torch.zeros(2), "head.b": torch.zeros(1)}
    assert same(saved(tmp_path, parts).tensors, expected)
