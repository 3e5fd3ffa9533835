"""What is kept about opened folders."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mpt_studio.data import cache, index, open_dataset
from mpt_studio.data.dataset import Skipped, fingerprint
from mpt_studio.data.index import Index, cache_file, load_index, pack, prune, save_index, unpack


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text().filter(lambda text: "\0" not in text and text.isprintable())))
def test_that_texts_come_back_as_they_were(texts: list[str]) -> None:
    assert unpack(pack(texts)) == texts


def small(**changes: object) -> Index:
    values = {
        "files": ["a/ü.png", "b/1.png"],
        "sample_ids": np.array(["a/ü.png", "b/1.png"]),
        "labels": np.array([0, 1]),
        "parts": np.array([0, 2], np.int8),
        "digests": np.arange(32, dtype=np.uint8).reshape(2, 16),
        "sizes": np.array([[3, 4], [5, 6]], np.int32),
        "class_names": ("a", "b"),
        "skipped": (Skipped("x.png", "empty file"),),
        "notes": ("Something.",),
        "metadata": {"camera": ("front", ""), "hour": ("1", "2")},
    }
    return Index(**(values | changes))


def test_that_an_index_is_read_as_it_was_saved(tmp_path: Path) -> None:
    save_index(tmp_path, "f1", small())
    found = load_index(tmp_path, "f1")
    assert found is not None
    for name in ("files", "class_names", "skipped", "notes", "metadata", "content"):
        assert getattr(found, name) == getattr(small(), name)
    for name in ("sample_ids", "labels", "parts", "digests", "sizes"):
        assert np.array_equal(getattr(found, name), getattr(small(), name))
    assert load_index(tmp_path, "f2") is None


def test_that_any_flipped_byte_makes_the_index_void_or_leaves_it_as_it_was(tmp_path: Path) -> None:
    save_index(tmp_path, "f1", small())
    file = cache_file(tmp_path, "index")
    whole = file.read_bytes()
    for at in range(0, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        found = load_index(tmp_path, "f1")
        assert found is None or (found.files == small().files and found.content == small().content)


def test_that_a_watched_file_that_changes_or_comes_makes_the_index_void(tmp_path: Path) -> None:
    late, there = tmp_path / "late.png", tmp_path / "there.png"
    there.write_bytes(b"1")
    watched = [str(late), str(there)]
    save_index(tmp_path, "f1", small(), watched)
    assert load_index(tmp_path, "f1") is not None
    there.write_bytes(b"22")
    assert load_index(tmp_path, "f1") is None
    save_index(tmp_path, "f1", small(), watched)
    late.write_bytes(b"")
    assert load_index(tmp_path, "f1") is None


def test_that_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "file"))
    for name in ("a", "b"):
        for i in range(4):
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            Image.new("L", (2, 2), i).save(tmp_path / "data" / name / f"{i}.png")
    assert len(open_dataset(f"folder:{tmp_path / 'data'}")) == 8


def test_that_what_was_not_opened_for_long_goes_and_then_the_oldest_beyond_the_limit(tmp_path: Path) -> None:
    now = time.time()
    for days, name in ((200, "gone"), (30, "old"), (20, "middle"), (0, "new")):
        (tmp_path / f"{name}.npz").write_bytes(bytes(100))
        os.utime(tmp_path / f"{name}.npz", (now - days * 86_400,) * 2)
    (tmp_path / "other.txt").write_bytes(b"")
    prune(tmp_path, days=100, limit=250)
    assert {p.name for p in tmp_path.iterdir()} == {"new.npz", "middle.npz", "other.txt"}


def test_that_opening_counts_as_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path / "cache"))
    save_index(tmp_path, "f1", small())
    long_ago = time.time() - 1000 * 86_400
    os.utime(cache_file(tmp_path, "index"), (long_ago, long_ago))
    load_index(tmp_path, "f1")
    save_index(tmp_path / "other", "f1", small())
    assert cache_file(tmp_path, "index").exists()
    os.utime(cache_file(tmp_path, "index"), (long_ago, long_ago))
    save_index(tmp_path / "other", "f1", small())
    assert not cache_file(tmp_path, "index").exists()
    assert index.KEPT_DAYS == cache.KEPT_DAYS


def test_that_decoded_data_that_nobody_opens_go_when_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPT_STUDIO_CACHE", str(tmp_path))
    pixels = cache.Pixels(np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1]), ("a", "b"), 1)
    first, _ = cache.cached("x", {"version": 1}, lambda: pixels)
    second, _ = cache.cached("x", {"version": 2}, lambda: pixels)
    assert first.is_dir()
    long_ago = time.time() - 1000 * 86_400
    os.utime(first / "meta.json", (long_ago, long_ago))
    cache.cached("x", {"version": 3}, lambda: pixels)
    assert not first.exists()
    assert second.is_dir()


def test_that_hashes_of_many_samples_are_those_of_all_at_once() -> None:
    digests = np.arange(16 * 70_000, dtype=np.uint32).astype(np.uint8).reshape(-1, 16)
    assert small(digests=digests).content == hashlib.sha256(digests.tobytes().hex().encode()).hexdigest()
    ids, labels = np.array([f"{i}.png" for i in range(70_000)]), np.zeros(70_000, np.int64)
    whole = hashlib.sha256(b'["a", "b"]' + "\n".join(ids.tolist()).encode() + labels.tobytes()).hexdigest()
    assert fingerprint(ids, labels, ["a", "b"]) == whole[:32]
