"""A single flipped bit in a file that we wrote is noticed, wherever it is."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
import torch

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing
from mpt_studio.engine.networks import build as networks
from mpt_studio.engine.networks.weights import load_network, load_tensors, save_network
from mpt_studio.errors import UserError

FLIPS = 200
NAMES = ("ant", "bee", "cät")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flips") / "version.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = networks.build("small", len(NAMES), True, 8)
    described = Checkpoint(
        path=str(path),
        architecture="small",
        small_stem=True,
        class_names=NAMES,
        preprocessing=Preprocessing(image_size=8, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)),
        figures={"validation_accuracy": 0.875, "epoch": 3},
    )
    save_network(path, network.state_dict(), described)
    load_network(described)
    return path


def _is_noticed(path: Path) -> bool:
    try:
        load_tensors(path, HEADER_KEY, "checkpoint")
    except UserError:
        return True
    return False


def _flip(path: Path, bit: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(bit // 8)
        byte = stream.read(1)[0]
        stream.seek(bit // 8)
        stream.write(bytes([byte ^ 1 << bit % 8]))


def _unnoticed(path: Path, bits: list[int]) -> list[int]:
    missed = []
    for bit in bits:
        _flip(path, bit)
        if not _is_noticed(path):
            missed.append(bit)
        _flip(path, bit)
    assert not _is_noticed(path)
    return missed


def test_that_200_of_200_random_bit_flips_are_noticed(whole: Path) -> None:
    bits = random.Random(1).sample(range(whole.stat().st_size * 8), FLIPS)
    assert _unnoticed(whole, bits) == []


def test_that_every_bit_flip_in_the_header_is_noticed(whole: Path, tmp_path: Path) -> None:
    """All of them, over a file of two small tensors: the header is where a flip can hide as another valid text."""
    path = tmp_path / "small.safetensors"
    _, values = load_tensors(whole, HEADER_KEY, "checkpoint")
    tensors = {"fc.weight": torch.arange(6.0).reshape(3, 2), "fc.bias": torch.zeros(3, dtype=torch.bfloat16)}
    described = Checkpoint(**{**values, "preprocessing": Preprocessing(**values["preprocessing"])})
    save_network(path, tensors, described)
    end = 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]
    assert json.loads(path.read_bytes()[8:end])
    assert _unnoticed(path, list(range(end * 8))) == []


def test_that_a_file_without_its_checksum_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "bare.safetensors"
    save_file({"w": torch.zeros(2)}, path, metadata={HEADER_KEY: json.dumps({"architecture": "small"})})
    with pytest.raises(UserError, match="damaged"):
        load_tensors(path, HEADER_KEY, "checkpoint")
