"""Checkpoints: described by their header alone; everything else is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mpt_studio.checkpoint import HEADER_KEY, Checkpoint, Preprocessing, read_checkpoint
from mpt_studio.errors import UserError
from mpt_studio.files.plain import sha256_of
from mpt_studio.recipe import Recipe, to_json

DESCRIBED = Checkpoint(
    architecture="small",
    small_stem=True,
    class_names=("zero", "κ"),
    preprocessing=Preprocessing(image_size=32, mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2)),
    method="MPT_KL",
    role="candidate",
    run="20250101-000000_mpt_kl_abcdef",
    data_fingerprint="ab" * 16,
    recipe=to_json(Recipe(data="builtin")),
    figures={"validation_accuracy": 0.9},
)
TENSORS = {"weight": np.zeros((2, 2), dtype=np.float32)}


def written(folder: Path, header: dict[str, str] | None) -> Path:
    save_file(TENSORS, folder / "v.safetensors", metadata=header)
    return folder / "v.safetensors"


def test_that_a_checkpoint_reads_back_as_it_was_described(tmp_path: Path) -> None:
    path = written(tmp_path, DESCRIBED.header())
    read = read_checkpoint(path)
    assert read.path == str(path)
    assert read.header() == DESCRIBED.header()
    assert read.class_names == ("zero", "κ")
    assert read.preprocessing == DESCRIBED.preprocessing
    assert read.recipe == json.loads(json.dumps(DESCRIBED.recipe))
    assert read.sha256() == sha256_of(path)


def test_that_the_header_does_not_say_where_the_file_lay() -> None:
    assert "path" not in json.loads(DESCRIBED.header()[HEADER_KEY])


def test_that_what_is_not_there_is_said() -> None:
    with pytest.raises(UserError, match="There is no checkpoint at nowhere"):
        read_checkpoint(Path("nowhere"))


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_that_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a readable|no MPT Studio header"):
        read_checkpoint(path)


def test_that_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a readable"):
        read_checkpoint(tmp_path)


def test_that_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, DESCRIBED.header())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(UserError, match="not a readable"):
        read_checkpoint(path)


def test_that_weights_of_another_program_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no MPT Studio header"):
        read_checkpoint(written(tmp_path, None))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ("[" * 50_000, "damaged"),
        ("{}", "damaged"),
        ('{"format": "x"}', "damaged"),
        ('{"format": 99}', "newer MPT Studio"),
        ('{"architecture": 3}', "damaged"),
    ],
)
def test_that_a_damaged_or_newer_header_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_checkpoint(written(tmp_path, {HEADER_KEY: text}))
