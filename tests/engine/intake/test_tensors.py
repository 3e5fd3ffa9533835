"""Every bit of a tensor is kept, whatever its type."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import ZIP_AND_LEGACY, Weights, read_contents, same, saved


@ZIP_AND_LEGACY
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_that_other_float_types_are_kept_and_told(
    weights: Weights, tmp_path: Path, dtype: torch.dtype, zipped: bool
) -> None:
    converted = {name: value.to(dtype) if value.is_floating_point() else value for name, value in weights.items()}
    found = saved(tmp_path, converted, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, converted)
    assert any(str(dtype).removeprefix("torch.") in note for note in found.notes)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.bool])
def test_that_whole_numbers_are_kept(tmp_path: Path, dtype: torch.dtype) -> None:
    tensors = {"a.weight": torch.arange(6).to(dtype).reshape(2, 3), "b": torch.ones(2)}
    assert same(saved(tmp_path, tensors).tensors, tensors)


@ZIP_AND_LEGACY
def test_that_tied_weights_come_out_twice(tmp_path: Path, zipped: bool) -> None:
    shared = torch.randn(4, 3)
    tensors = {"embedding.weight": shared, "head.weight": shared, "part": shared[1:, 1:], "turned": shared.t()}
    assert same(saved(tmp_path, tensors, _use_new_zipfile_serialization=zipped).tensors, tensors)


@ZIP_AND_LEGACY
def test_that_empty_and_scalar_tensors_are_read(tmp_path: Path, zipped: bool) -> None:
    tensors = {"none": torch.empty(0), "wide": torch.empty(3, 0, 2), "one": torch.tensor(2.5), "w": torch.ones(2)}
    found = saved(tmp_path, tensors, _use_new_zipfile_serialization=zipped)
    assert same(found.tensors, tensors)
    assert any("without any values" in note for note in found.notes)


def test_that_nan_and_infinity_are_reported(tmp_path: Path) -> None:
    tensors = {"good": torch.ones(3), "bad": torch.tensor([1.0, float("nan")]), "worse": torch.tensor([float("inf")])}
    found = saved(tmp_path, tensors)
    assert same(found.tensors, tensors)
    assert any(note.startswith("2 tensors are with NaN or infinite values, bad first") for note in found.notes)


def test_that_the_other_byte_order_is_read(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.arange(4, dtype=torch.int64), "c": torch.ones(3).half()}
    torch.save(tensors, tmp_path / "little.pth")
    with zipfile.ZipFile(tmp_path / "little.pth") as old, zipfile.ZipFile(tmp_path / "big.pth", "w") as new:
        widths = iter((4, 8, 2))
        for entry in old.infolist():
            content = old.read(entry)
            if "/data/" in entry.filename:
                content = np.frombuffer(content, f"V{next(widths)}").tobytes()
                width = {24: 4, 32: 8, 6: 2}[len(content)]
                content = np.frombuffer(content, f"<u{width}").byteswap().tobytes()
            new.writestr(entry.filename, b"big" if entry.filename.endswith("byteorder") else content)
    assert same(read_contents(tmp_path / "big.pth").tensors, tensors)


def test_that_tensors_do_not_depend_on_the_file_staying(weights: Weights, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    (tmp_path / "file.pth").write_bytes(buffer.getvalue())
    found = read_contents(tmp_path / "file.pth")
    (tmp_path / "file.pth").unlink()
    assert same(found.tensors, weights)
