"""CIFAR's python batches."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.data import open_dataset
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


@pytest.mark.parametrize("protocol", range(6))
def test_that_batches_of_every_pickle_protocol_are_read(tmp_path: Path, protocol: int) -> None:
    data = open_dataset(f"cifar10:{write_cifar10(tmp_path / 'c', protocol)}")
    assert (len(data.train), len(data.test), data.class_names) == (50, 10, tuple(NAMES))
    red_green_blue = batch(0)[b"data"][3].reshape(3, 32, 32)
    assert np.array_equal(data.image(3), red_green_blue.transpose(1, 2, 0))


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
