"""Decoded pixels on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mpt_studio.data import cache
from mpt_studio.data.arrays import ArrayDataset
from mpt_studio.data.cache import Pixels


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path))


class Builder:
    """Counts how often it had to build."""

    def __init__(self, channels: int = 3) -> None:
        self.built = 0
        self.channels = channels

    def __call__(self) -> Pixels:
        self.built += 1
        images = np.arange(5 * 4 * 4 * self.channels, dtype=np.uint8).reshape(5, 4, 4, self.channels)
        return Pixels(images, np.array([0, 1, 0, 1, 0]), ("a", "b"), 3)


def opened(build: Builder) -> tuple[Path, Pixels]:
    return cache.cached("small", {"of": "test"}, build)


def test_that_pixels_are_built_once_and_memory_mapped_afterwards() -> None:
    build = Builder()
    opened(build)
    _, pixels = opened(build)
    assert build.built == 1
    assert isinstance(pixels.images, np.memmap)
    assert np.array_equal(pixels.images, build().images)


def test_that_another_key_is_another_folder() -> None:
    assert opened(Builder())[0] != cache.cached("small", {"of": "other"}, Builder())[0]


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "torn", "flipped"])
def test_that_a_damaged_cache_is_rebuilt_silently(name: str, damage: str) -> None:
    build = Builder()
    path = opened(build)[0] / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        path.write_bytes({"empty": b"", "torn": content[:-20], "flipped": flipped}[damage])
    _, pixels = opened(build)
    assert np.array_equal(pixels.images, build().images)
    assert pixels.labels.tolist() == [0, 1, 0, 1, 0]


def test_that_a_copied_cache_is_believed_after_its_hash_was_checked() -> None:
    build = Builder()
    folder, _ = opened(build)
    content = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(content)
    assert cache.load(folder) is not None


def test_that_labels_out_of_range_are_not_believed() -> None:
    folder, _ = opened(Builder())
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "class_names": ["a"]}))
    assert cache.load(folder) is None


def test_that_a_failed_build_leaves_nothing_behind() -> None:
    def fail() -> Pixels:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cache.cached("small", {}, fail)
    assert not [p for p in (cache.paths.cache_dir() / "data").iterdir() if p.is_dir()]


def data(channels: int = 3) -> ArrayDataset:
    return ArrayDataset("small", *opened(Builder(channels)))


def test_that_parts_and_ids_follow_the_order_on_disk() -> None:
    assert data().sample_ids.tolist() == ["train/00000", "train/00001", "train/00002", "test/00000", "test/00001"]
    assert data().train.tolist() == [0, 1, 2]
    assert data().test.tolist() == [3, 4]
