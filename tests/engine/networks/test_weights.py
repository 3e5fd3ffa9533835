"""Checkpoints from disk: checksums, tensors that do not fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mpt_studio.checkpoint import Checkpoint, read_checkpoint
from mpt_studio.engine.networks import weights
from mpt_studio.engine.networks.weights import load_network
from mpt_studio.errors import UserError


@pytest.mark.parametrize("place", [0.2, 0.5, 0.95])
def test_that_one_flipped_bit_in_the_weights_is_noticed(place, old, tmp_path):
    content = bytearray(Path(old.path).read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    content[start + int((len(content) - start) * place)] ^= 4
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="does not match its checksum"):
        load_network(read_checkpoint(path))


def changed(old: Checkpoint, folder: Path, change) -> Checkpoint:
    """The checkpoint with its tensors changed and a right checksum."""
    tensors = load_file(old.path)
    change(tensors)
    weights.save_network(folder / "changed.safetensors", tensors, old)
    return read_checkpoint(folder / "changed.safetensors")


def test_that_missing_tensors_are_named(old, tmp_path):
    with pytest.raises(UserError, match=r"lacks tensors head\.weight"):
        load_network(changed(old, tmp_path, lambda t: t.pop("head.weight")))


def test_that_tensors_left_over_are_named(old, tmp_path):
    with pytest.raises(UserError, match="unknown tensors extra"):
        load_network(changed(old, tmp_path, lambda t: t.update(extra=torch.zeros(1))))


def test_that_other_shapes_are_named(old, tmp_path):
    with pytest.raises(UserError, match=r"other shapes for the tensors head\.bias"):
        load_network(changed(old, tmp_path, lambda t: t.update({"head.bias": torch.zeros(3)})))


def test_that_a_checkpoint_of_another_architecture_is_a_sentence(old):
    with pytest.raises(UserError, match=r"does not fit the architecture resnet18.*and \d+ more"):
        load_network(dataclasses.replace(old, architecture="resnet18"))


def test_that_a_missing_file_is_a_sentence(old):
    with pytest.raises(UserError, match="There is no checkpoint at"):
        load_network(dataclasses.replace(old, path="nowhere.safetensors"))
