"""Every bit of a tensor is kept, whatever its type."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import ZIP_AND_LEGACY, Weights, read_contents, same, saved

from mpt_studio.errors import UserError


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


@pytest.mark.parametrize("protocol", [2, 4])
@ZIP_AND_LEGACY
def test_that_a_view_with_the_other_sign_keeps_it(tmp_path: Path, zipped: bool, protocol: int) -> None:
    pairs = torch.view_as_complex(torch.tensor([[1.0, 2.0], [3.0, -4.0]]))
    tensors = {"w": torch.ones(2), "imaginary": pairs.conj().imag}
    assert tensors["imaginary"].is_neg()
    found = saved(tmp_path, tensors, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    assert found.tensors["imaginary"].tolist() == [-2.0, 4.0]


@pytest.mark.parametrize("protocol", [2, 4])
def test_that_a_conjugated_view_is_refused(tmp_path: Path, protocol: int) -> None:
    with pytest.raises(UserError, match="view of complex numbers"):
        saved(
            tmp_path, {"w": torch.ones(2), "v": torch.ones(2, dtype=torch.complex64).conj()}, pickle_protocol=protocol
        )


def test_that_weights_in_whole_numbers_are_told(tmp_path: Path) -> None:
    found = saved(tmp_path, {"a.weight": torch.ones(2, 2, dtype=torch.int8), "steps": torch.tensor(7)})
    assert "1 tensor is in int8, as quantised weights are; they are computed with as float32." in found.notes


class Marked(torch.Tensor):
    """A tensor of a class of its own whose numbers are plain ones."""


def test_that_a_tensor_of_another_class_is_its_numbers(tmp_path: Path) -> None:
    found = saved(tmp_path, {"w": torch.ones(2), "v": torch.tensor([1.0, 2.0]).as_subclass(Marked)})
    assert found.tensors["v"].tolist() == [1.0, 2.0]


@pytest.mark.filterwarnings("ignore")
@ZIP_AND_LEGACY
def test_that_quantised_tensors_are_called_so(tmp_path: Path, zipped: bool) -> None:
    quantised = torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8)
    packed = {"fc._packed_params.dtype": torch.qint8, "fc._packed_params._packed_params": (quantised, None)}
    for tensors in ({"w": quantised}, packed):
        with pytest.raises(UserError, match=r"quantised.*float32"):
            saved(tmp_path, {"v": torch.ones(2), **tensors}, _use_new_zipfile_serialization=zipped)


@pytest.mark.parametrize("name", ["fc.SCB", "a.qweight", "w.quant_state.bitsandbytes__nf4", "a.weight_scale"])
def test_that_names_of_quantised_networks_are_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="is quantised"):
        saved(tmp_path, {"fc.weight": torch.ones(2, 2), name: torch.ones(2)})


@pytest.mark.parametrize("dtype", [torch.float8_e5m2fnuz, torch.float8_e8m0fnu, torch.float4_e2m1fn_x2])
def test_that_types_that_are_not_read_are_named(tmp_path: Path, dtype: torch.dtype) -> None:
    with pytest.raises(UserError, match=f"{str(dtype).removeprefix('torch.')}, which is not read; save it as float32"):
        saved(tmp_path, {"w": torch.ones(2), "v": torch.zeros(4, dtype=torch.uint8).view(dtype)})
