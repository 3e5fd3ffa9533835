"""Folders of images."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import decode, open_dataset, verdicts
from mpt_studio.data.index import cache_file
from mpt_studio.errors import UserError


def paint(path: Path, seed: int = 0, size: tuple[int, int] = (12, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def fill(place: Path, classes: dict[str, int], suffix: str = ".png") -> Path:
    for name, count in classes.items():
        for i in range(count):
            paint(place / name / f"i{i}{suffix}", seed=hash((name, i)) % 1000)
    return place


@pytest.fixture
def two_parts(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    fill(root / "train", {"class10": 3, "class2": 4})
    fill(root / "test", {"class10": 2, "class2": 1})
    return root


def test_that_both_parts_are_read_with_classes_in_natural_order(two_parts: Path) -> None:
    data = open_dataset(f"folder:{two_parts}")
    assert data.class_names == ("class2", "class10")
    assert data.sample_ids[data.train].tolist()[:2] == ["train/class2/i0.png", "train/class2/i1.png"]
    assert data.sample_ids[data.test].tolist() == ["test/class2/i0.png", "test/class10/i0.png", "test/class10/i1.png"]
    assert data.labels[data.test].tolist() == [0, 1, 1]
    assert data.spec == f"folder:{two_parts}"


@pytest.mark.parametrize("name", ["val", "valid", "Test"])
def test_that_the_test_part_may_have_another_usual_name(two_parts: Path, name: str) -> None:
    (two_parts / "test").rename(two_parts / name)
    data = open_dataset(f"folder:{two_parts}")
    assert data.sample_ids[data.test[0]] == f"{name}/class2/i0.png"


def test_that_images_come_out_as_the_file_has_them(two_parts: Path) -> None:
    data = open_dataset(f"folder:{two_parts}")
    truth = np.asarray(Image.open(two_parts / "train/class2/i1.png"))
    assert np.array_equal(data.image(1), truth)
    assert data.image_size == 0
    assert data.batch(data.train, 16).shape == (7, 16, 16, 3)
    assert data.batch([], 16).shape == (0, 16, 16, 3)


def test_that_images_of_one_square_size_give_the_datas_size(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for i in range(8):
            paint(tmp_path / name / f"{i}.png", i, (9, 9))
    assert open_dataset(f"folder:{tmp_path}").image_size == 9


def test_that_one_level_is_split_by_path_and_not_by_position(tmp_path: Path) -> None:
    fill(tmp_path, {"a": 40, "b": 40})
    before = open_dataset(f"folder:{tmp_path}")
    test_before = set(before.sample_ids[before.test].tolist())
    assert 6 <= len(test_before) <= 26
    fill(tmp_path, {"a": 60, "b": 45})
    after = open_dataset(f"folder:{tmp_path}")
    common = set(before.sample_ids.tolist())
    assert set(after.sample_ids[after.test].tolist()) & common == test_before


def test_that_each_class_of_a_split_folder_is_in_both_parts(tmp_path: Path) -> None:
    fill(tmp_path, {str(c): 2 for c in range(12)})
    data = open_dataset(f"folder:{tmp_path}")
    assert np.bincount(data.labels[data.train], minlength=12).tolist() == [1] * 12
    assert np.bincount(data.labels[data.test], minlength=12).tolist() == [1] * 12


def test_that_broken_images_are_listed_with_a_reason_and_move_no_other_sample(two_parts: Path) -> None:
    before = open_dataset(f"folder:{two_parts}")
    place = two_parts / "train" / "class2"
    whole = (place / "i0.png").read_bytes()
    (place / "cut.png").write_bytes(whole[: len(whole) // 2])
    (place / "empty.jpg").write_bytes(b"")
    (place / "page.jpg").write_bytes(b"<!DOCTYPE html><p>not found")
    (place / "lfs.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0")
    (place / "text.png").write_bytes(b"hello")
    (place / "notes.txt").write_bytes(b"no image, not counted")
    (two_parts / "train" / "stray.png").write_bytes(whole)
    data = open_dataset(f"folder:{two_parts}")
    reasons = {s.sample_id.removeprefix("train/"): s.reason for s in data.skipped}
    assert reasons == {
        "stray.png": "lies outside every class folder",
        "class2/cut.png": "truncated",
        "class2/empty.jpg": "empty file",
        "class2/page.jpg": "a web page, not an image",
        "class2/lfs.png": "a git-LFS pointer, not the image; run git lfs pull",
        "class2/text.png": "not an image of a known type",
    }
    assert data.sample_ids.tolist() == before.sample_ids.tolist()
    assert data.fingerprint == before.fingerprint


def test_that_hidden_files_and_folders_are_no_data(two_parts: Path) -> None:
    paint(two_parts / "train" / ".thumbnails" / "x.png")
    paint(two_parts / "train" / "class2" / ".cache" / "x.png")
    paint(two_parts / "train" / "class2" / "._i0.png")
    data = open_dataset(f"folder:{two_parts}")
    assert (len(data), data.skipped, data.class_names) == (10, (), ("class2", "class10"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_that_link_loops_count_no_image_twice(two_parts: Path) -> None:
    os.symlink(two_parts, two_parts / "train" / "class2" / "everything")
    os.symlink(two_parts / "train" / "class2", two_parts / "train" / "class2" / "itself")
    os.symlink("itself-again", two_parts / "train" / "class2" / "itself-again")
    os.symlink("nowhere.png", two_parts / "train" / "class2" / "dangling.png")
    data = open_dataset(f"folder:{two_parts}")
    assert len(data) == 10
    assert [s.sample_id for s in data.skipped] == ["train/class2/dangling.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_that_a_linked_class_folder_is_followed(two_parts: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        fill(tmp_path / "elsewhere" / part, {"c": 2})
        os.symlink(tmp_path / "elsewhere" / part / "c", two_parts / part / "linked")
    assert open_dataset(f"folder:{two_parts}").class_names == ("class2", "class10", "linked")


def test_that_names_in_any_script_are_composed(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Äpfel é")
    for part in ("train", "test"):
        fill(tmp_path / part, {name: 1, "梨": 1})
    data = open_dataset(f"folder:{tmp_path}")
    assert data.class_names == ("Äpfel é", "梨")
    assert data.sample_ids[0] == "train/Äpfel é/i0.png"
    assert data.image(0).shape == (8, 12, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes and both cases")
def test_that_twin_class_names_are_a_sentence(tmp_path: Path) -> None:
    fill(tmp_path, {"Cat": 2, "cat": 2, "dog": 2})
    with pytest.raises(UserError, match=r"'Cat', 'cat'.* differ only by"):
        open_dataset(f"folder:{tmp_path}")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes and both cases")
def test_that_class_names_in_two_unicode_forms_are_a_sentence(tmp_path: Path) -> None:
    fill(tmp_path, {unicodedata.normalize(form, "Äpfel"): 2 for form in ("NFC", "NFD")})
    with pytest.raises(UserError, match="how accents are stored"):
        open_dataset(f"folder:{tmp_path}")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes and both cases")
def test_that_two_files_whose_names_differ_only_by_unicode_form_give_one_sample(two_parts: Path) -> None:
    for form in ("NFC", "NFD"):
        paint(two_parts / "train" / "class2" / unicodedata.normalize(form, "é.png"))
    data = open_dataset(f"folder:{two_parts}")
    assert len(set(data.sample_ids.tolist())) == len(data) == 11
    assert [s.reason for s in data.skipped] == ["another file has the same name in another Unicode form"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes and both cases")
def test_that_a_name_that_is_no_text_is_told(two_parts: Path) -> None:
    (two_parts / "train" / "class2" / "i0.png").rename(os.fsdecode(os.fsencode(two_parts) + b"/train/class2/\xff.png"))
    data = open_dataset(f"folder:{two_parts}")
    assert [s.reason for s in data.skipped] == ["its name is no valid text"]
    os.mkdir(os.fsencode(two_parts) + b"/train/\xff")
    with pytest.raises(UserError, match="no valid text"):
        open_dataset(f"folder:{two_parts}")


def test_that_an_empty_class_folder_is_told_and_left_out(two_parts: Path) -> None:
    before = open_dataset(f"folder:{two_parts}").fingerprint
    (two_parts / "train" / "class3").mkdir()
    data = open_dataset(f"folder:{two_parts}")
    assert data.notes == ("The class folder 'class3' has no images and is left out.",)
    assert data.fingerprint == before


def test_that_a_class_that_only_the_test_part_has_is_a_sentence(two_parts: Path) -> None:
    fill(two_parts / "test", {"only here": 2})
    with pytest.raises(UserError, match="'only here' has no readable images in train/"):
        open_dataset(f"folder:{two_parts}")


@pytest.mark.parametrize("broken", [True, False])
def test_that_a_class_that_the_test_part_lacks_moves_no_other_class(two_parts: Path, broken: bool) -> None:
    fill(two_parts / "train", {"class5": 2})
    if broken:
        fill(two_parts / "test", {"class5": 1})
        (two_parts / "test" / "class5" / "i0.png").write_bytes(b"junk")
    data = open_dataset(f"folder:{two_parts}")
    assert data.class_names == ("class2", "class5", "class10")
    assert data.labels[data.test].tolist() == [0, 2, 2]
    assert data.notes == ("Class 'class5' has no readable images in test/: nothing can be said about it there.",)


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        ({}, "no class folders"),
        ({"a": 5}, "only one class, 'a'"),
        ({"a": 5, "b": 1}, "'b' in .* has fewer than two"),
        ({"train/a": 2, "train/b": 2}, "neither test, val nor valid"),
    ],
)
def test_that_an_unusable_folder_is_a_sentence(tmp_path: Path, classes: dict[str, int], says: str) -> None:
    fill(tmp_path, classes)
    with pytest.raises(UserError, match=says):
        open_dataset(f"folder:{tmp_path}")


def test_that_a_second_opening_decodes_nothing(two_parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_dataset(f"folder:{two_parts}")
    looked_at: list[bytes] = []
    check = decode.check
    monkeypatch.setattr(decode, "check", lambda content: looked_at.append(content) or check(content))
    second = open_dataset(f"folder:{two_parts}")
    assert looked_at == []
    assert second.fingerprint == first.fingerprint
    paint(two_parts / "train" / "class2" / "new.png")
    open_dataset(f"folder:{two_parts}")
    assert len(looked_at) == 1


def test_that_a_damaged_cache_is_made_again(two_parts: Path) -> None:
    first = open_dataset(f"folder:{two_parts}")
    for kind in ("index", "files"):
        whole = cache_file(two_parts, kind).read_bytes()
        cache_file(two_parts, kind).write_bytes(whole[: len(whole) // 2])
    assert open_dataset(f"folder:{two_parts}").fingerprint == first.fingerprint


def test_that_a_cancelled_opening_keeps_what_was_verified(two_parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "_CHUNK", 4)

    def cancel(sentence: str, fraction: float | None) -> None:
        if fraction:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_dataset(f"folder:{two_parts}", cancel)
    assert len(verdicts._load(cache_file(two_parts, "files"))) == 4


def test_that_an_image_that_changed_or_vanished_is_a_sentence(two_parts: Path) -> None:
    data = open_dataset(f"folder:{two_parts}")
    paint(two_parts / "train/class2/i0.png", seed=1001)
    (two_parts / "train/class2/i1.png").unlink()
    with pytest.raises(UserError, match=r"i0\.png in .* has changed"):
        data.image(0)
    with pytest.raises(UserError, match=r"i1\.png in .* has vanished"):
        data.batch([1], 8)


def test_that_other_pixels_under_the_same_names_are_other_data(two_parts: Path) -> None:
    before = open_dataset(f"folder:{two_parts}").fingerprint
    paint(two_parts / "train/class2/i0.png", seed=1001)
    assert open_dataset(f"folder:{two_parts}").fingerprint != before
