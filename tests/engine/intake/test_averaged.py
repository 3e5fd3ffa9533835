"""Files that hold a network twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from layouts import Weights, same

from mpt_studio.engine.intake.averaged import Which
from mpt_studio.engine.intake.contents import Contents, contents_from, outline_of
from mpt_studio.errors import UserError


def halved(weights: Weights) -> Weights:
    return {name: value * 0.5 for name, value in weights.items()}


def saved(folder: Path, value: object, which: Which = "") -> Contents:
    torch.save(value, folder / "file.pth")
    return contents_from(outline_of(folder / "file.pth", which=which))


@pytest.mark.parametrize(
    ("raw", "averaged"),
    [("state_dict", "state_dict_ema"), ("model", "ema"), ("model", "model_ema"), ("params", "params_ema"),
     ("net", "swa_model"), ("net", "ema_net")],
)  # fmt: skip
def test_that_either_can_be_chosen_and_neither_is_taken_silently(
    weights: Weights, tmp_path: Path, raw: str, averaged: str
) -> None:
    record = {averaged: halved(weights), raw: weights, "epoch": 3}
    assert saved(tmp_path, record).has_both
    assert same(saved(tmp_path, record, "raw").tensors, weights)
    assert same(saved(tmp_path, record, "ema").tensors, halved(weights))


@pytest.mark.parametrize(("raw", "averaged"), [("model.", "ema_model.module."), ("", "ema."), ("net.", "net_ema.")])
def test_that_both_may_lie_in_one_state_dict(weights: Weights, tmp_path: Path, raw: str, averaged: str) -> None:
    record = {raw + name: value for name, value in weights.items()}
    record |= {averaged + name: value for name, value in halved(weights).items()}
    assert saved(tmp_path, record).has_both
    assert same(saved(tmp_path, record, "raw").tensors, weights)
    assert same(saved(tmp_path, record, "ema").tensors, halved(weights))


def test_that_there_is_nothing_to_choose_in_other_files(weights: Weights, tmp_path: Path) -> None:
    assert not saved(tmp_path, {"model_ema": weights}).has_both
    assert not saved(tmp_path, {"model": weights, "ema": {"decay": torch.tensor(0.9)}}).has_both
    assert not saved(tmp_path, {"model": weights, "ema": None}).has_both
    with pytest.raises(UserError, match="does not hold both raw and averaged weights"):
        saved(tmp_path, weights, "ema")
