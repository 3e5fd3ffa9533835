"""The pickles that CIFAR's batches come in: plain arrays are read, anything else is refused."""

from __future__ import annotations

import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.data import pickled
from mpt_studio.errors import UserError


def python2_pickle(data: np.ndarray, labels: list[int]) -> bytes:
    """A batch as Python 2 wrote it: byte strings by the old opcodes, NumPy by its old names (protocol 2)."""
    raw = data.tobytes()
    text = lambda s: b"U" + bytes([len(s)]) + s  # noqa: E731
    rows = data.shape[0].to_bytes(1, "little")
    columns = data.shape[1].to_bytes(2, "little")
    return b"".join(
        [
            b"\x80\x02}(" + text(b"data"),
            b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K" + rows + b"M" + columns + b"\x86",
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
            b"\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb",
            text(b"labels") + b"](" + b"".join(b"K" + bytes([n]) for n in labels) + b"e",
            b"u.",
        ]
    )


def test_that_batches_written_by_python_2_are_read(tmp_path: Path) -> None:
    data = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)
    (tmp_path / "b").write_bytes(python2_pickle(data, [4, 9]))
    content = pickled.read(tmp_path / "b")
    assert np.array_equal(content["data"], data)
    assert content["labels"] == [4, 9]


@pytest.mark.parametrize(
    "content",
    [
        OrderedDict(a=1),
        {"data": np.array([print, 1], dtype=object)},
        {"data": np.zeros(3, dtype=[("x", "u1")])},
        {"data": np.zeros(3, dtype=">i4")},
        {"data": np.float64(3)},
        {"data": complex(1, 2)},
        {"data": sys},
    ],
    ids=["class", "objects", "records", "big-endian", "scalar", "complex", "module"],
)
def test_that_anything_but_plain_arrays_is_refused(tmp_path: Path, content: Any) -> None:
    try:
        (tmp_path / "b").write_bytes(pickle.dumps(content, 4))
    except TypeError:  # a module cannot be pickled: name one by hand
        (tmp_path / "b").write_bytes(b"csubprocess\nPopen\n.")
    with pytest.raises(UserError, match="not safe to open"):
        pickled.read(tmp_path / "b")


def test_that_an_array_whose_bytes_do_not_fill_its_shape_is_refused(tmp_path: Path) -> None:
    honest = python2_pickle(np.zeros((2, 3072), dtype=np.uint8), [0, 1])
    (tmp_path / "b").write_bytes(honest.replace(b"(K\x01K\x02M", b"(K\x01K\x07M"))
    with pytest.raises(UserError, match="damaged or no CIFAR batch"):
        pickled.read(tmp_path / "b")


def test_that_a_small_file_cannot_ask_for_gigabytes(tmp_path: Path) -> None:
    for bomb in (b"\x80\x02}r\xff\xff\xff\x7f.", b"\x80\x05\x96" + b"\xff" * 6 + b"\0\0abc."):
        (tmp_path / "b").write_bytes(bomb)
        with pytest.raises(UserError):
            pickled.read(tmp_path / "b")


@pytest.mark.parametrize("junk", [b"", b"<html>", b"\x80\x04", b"N.", b"]" * 50, bytes(range(256)), b"(" * 10_000])
def test_that_junk_is_a_sentence(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "b").write_bytes(junk)
    with pytest.raises(UserError):
        pickled.read(tmp_path / "b")


def test_that_every_single_torn_length_is_a_sentence(tmp_path: Path) -> None:
    whole = pickle.dumps({b"labels": [1, 2], b"data": np.zeros((2, 4), np.uint8)}, 4)
    for length in range(len(whole)):
        (tmp_path / "b").write_bytes(whole[:length])
        with pytest.raises(UserError):
            pickled.read(tmp_path / "b")
