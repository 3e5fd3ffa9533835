"""CIFAR's python batches and the unpickler that reads them."""

from __future__ import annotations

import os
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.data import open_dataset, pickled
from mpt_studio.errors import UserError

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def batch(seed: int, count: int = 10) -> dict[Any, Any]:
    data = np.random.default_rng(seed).integers(0, 255, (count, 3072), dtype=np.uint8)
    return {b"data": data, b"labels": [i % 10 for i in range(count)], b"batch_label": b"batch"}


def write_cifar10(folder: Path, protocol: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        (folder / name).write_bytes(pickle.dumps(batch(i), protocol))
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": [n.encode() for n in NAMES]}, protocol))
    return folder


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


@pytest.mark.parametrize("protocol", range(6))
def test_that_batches_of_every_pickle_protocol_are_read(tmp_path: Path, protocol: int) -> None:
    data = open_dataset(f"cifar10:{write_cifar10(tmp_path / 'c', protocol)}")
    assert (len(data.train), len(data.test), data.class_names) == (50, 10, tuple(NAMES))
    red_green_blue = batch(0)[b"data"][3].reshape(3, 32, 32)
    assert np.array_equal(data.image(3), red_green_blue.transpose(1, 2, 0))


def test_that_batches_written_by_python_2_are_read(tmp_path: Path) -> None:
    data = np.arange(2 * 3072, dtype=np.uint8).reshape(2, 3072)
    (tmp_path / "b").write_bytes(python2_pickle(data, [4, 9]))
    content = pickled.read(tmp_path / "b")
    assert np.array_equal(content["data"], data)
    assert content["labels"] == [4, 9]


def test_that_the_folder_above_the_batches_will_do(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-py")
    assert len(open_dataset(f"cifar10:{tmp_path}")) == 60


def test_that_cifar100_has_its_fine_classes(tmp_path: Path) -> None:
    for name, count in (("train", 200), ("test", 100)):
        content = {**batch(1, count), b"fine_labels": [i % 100 for i in range(count)], b"coarse_labels": [0] * count}
        (tmp_path / name).write_bytes(pickle.dumps(content, 2))
    (tmp_path / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"fine {i}" for i in range(100)]}, 2))
    data = open_dataset(f"cifar100:{tmp_path}")
    assert (len(data.train), len(data.test), data.class_names[99]) == (200, 100, "fine 99")


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_that_a_malicious_batch_is_refused_and_never_runs(tmp_path: Path) -> None:
    folder = write_cifar10(tmp_path / "c")
    (folder / "data_batch_3").write_bytes(pickle.dumps({**batch(3), b"more": Malicious(tmp_path / "ran")}))
    with pytest.raises(UserError, match=r"data_batch_3 is not safe to open: it asks for posix\.mkdir|nt\.mkdir"):
        open_dataset(f"cifar10:{folder}")
    assert not (tmp_path / "ran").exists()


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


def test_that_a_missing_batch_is_named(tmp_path: Path) -> None:
    folder = write_cifar10(tmp_path / "c")
    (folder / "data_batch_4").unlink()
    with pytest.raises(UserError, match="lacks cifar10's file data_batch_4"):
        open_dataset(f"cifar10:{folder}")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({b"labels": [10] * 10}, "labels in"),
        ({b"labels": [0] * 9}, "labels in"),
        ({b"labels": ["cat"] * 10}, "labels in"),
        ({b"data": np.zeros((10, 3), np.uint8)}, "images of 32×32"),
        ({b"data": np.zeros((10, 3072), np.int64)}, "images of 32×32"),
        ({b"data": [1, 2]}, "images of 32×32"),
    ],
)
def test_that_wrong_contents_are_a_sentence(tmp_path: Path, change: dict[bytes, Any], says: str) -> None:
    folder = write_cifar10(tmp_path / "c")
    (folder / "test_batch").write_bytes(pickle.dumps({**batch(5), **change}))
    with pytest.raises(UserError, match=says):
        open_dataset(f"cifar10:{folder}")


def test_that_class_names_must_be_all_there(tmp_path: Path) -> None:
    folder = write_cifar10(tmp_path / "c")
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": [b"cat"] * 10}))
    with pytest.raises(UserError, match="10 class names"):
        open_dataset(f"cifar10:{folder}")
