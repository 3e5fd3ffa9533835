"""IDX files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.data import fashion_mnist, open_dataset
from mpt_studio.errors import UserError


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


def contents() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    made = {}
    for name, count in zip(fashion_mnist.FILES, (20, 20, 10, 10), strict=True):
        array = random.integers(0, 255, (count, 28, 28)) if "images" in name else np.arange(count) % 10
        made[name] = idx(array)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in contents().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    return tmp_path


def test_that_packed_files_are_read(folder: Path) -> None:
    data = open_dataset(f"fashion-mnist:{folder}")
    assert (len(data.train), len(data.test), data.image_size) == (20, 10, 28)
    assert data.class_names[9] == "Ankle boot"
    assert data.labels[data.test].tolist() == list(range(10))
    assert data.flips_horizontally
    assert data.image(0).shape == (28, 28, 3)


def test_that_unpacked_files_under_torchvisions_folder_are_read(tmp_path: Path) -> None:
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in contents().items():
        (raw / name).write_bytes(content)
    assert len(open_dataset(f"fashion-mnist:{tmp_path}")) == 30


def test_that_a_missing_file_is_a_sentence(folder: Path) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match="lacks Fashion-MNIST's files"):
        open_dataset(f"fashion-mnist:{folder}")


@pytest.mark.parametrize("damage", ["torn", "flipped", "text", "empty", "short", "long", "huge"])
def test_that_a_damaged_file_is_a_sentence(folder: Path, damage: str) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    packed, plain = path.read_bytes(), gzip.decompress(path.read_bytes())
    path.write_bytes(
        {
            "torn": packed[:-9],
            "flipped": packed[:20] + bytes([packed[20] ^ 255]) + packed[21:],
            "text": b"<html>",
            "empty": b"",
            "short": gzip.compress(plain[:-1]),
            "long": gzip.compress(plain + b"x"),
            "huge": gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12),
        }[damage]
    )
    with pytest.raises(UserError, match="damaged or no IDX file"):
        open_dataset(f"fashion-mnist:{folder}")


def test_that_files_that_do_not_fit_together_are_a_sentence(folder: Path) -> None:
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(7))))
    with pytest.raises(UserError, match="do not fit together"):
        open_dataset(f"fashion-mnist:{folder}")


@pytest.mark.skipif(not fashion_mnist.DEBIAN.is_dir(), reason="the Debian package dataset-fashion-mnist is not here")
def test_that_the_debian_package_gives_all_70000_images() -> None:
    data = open_dataset("fashion-mnist")
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert (np.bincount(data.labels[data.test]) == 1000).all()
    assert data.class_names[data.labels[0]] == "Ankle boot"
