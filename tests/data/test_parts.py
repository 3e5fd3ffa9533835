"""Eight ways in which class ids shift in the wild: here every sample finds its class by name, or it is told."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.data import Dataset, describe, open_dataset
from mpt_studio.errors import UserError

TREE = {"train": ("1", "2", "10"), "test": ("1", "2", "10")}
takes_all_names = pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes twins")


def paint(root: Path, part: str, name: str, images: int = 3) -> None:
    """Images whose grey value tells their class."""
    (root / part / name).mkdir(parents=True, exist_ok=True)
    for i in range(images):
        Image.new("L", (4, 4), grey(name)).save(root / part / name / f"{i}.png")


def grey(name: str) -> int:
    return sum(unicodedata.normalize("NFC", name).encode()) % 251


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part, names in TREE.items():
        for name in names:
            paint(tmp_path, part, name)
    return tmp_path


def opened(root: Path) -> Dataset:
    """The data, once every image is seen to have the class that its pixels tell."""
    data = open_dataset(f"folder:{root}")
    values = data.batch(range(len(data)), 4)[:, 0, 0, 0]
    assert values.tolist() == [grey(data.class_names[label]) for label in data.labels]
    return data


def test_that_numbered_classes_come_in_natural_order(root: Path) -> None:
    for number in range(3, 13):
        for part in TREE:
            paint(root, part, str(number))
    assert opened(root).class_names == tuple(str(number) for number in range(1, 13))


def test_that_a_class_missing_in_the_middle_of_the_test_part_is_told(root: Path) -> None:
    for i in range(3):
        (root / "test" / "2" / f"{i}.png").unlink()
    (root / "test" / "2").rmdir()
    data = opened(root)
    assert np.bincount(data.labels[data.test]).tolist() == [3, 0, 3]
    assert "Class '2' has no readable images in test/" in data.notes[0]


def test_that_hidden_folders_are_no_classes(root: Path) -> None:
    paint(root, "train", ".ipynb_checkpoints")
    paint(root, ".git", "0")
    assert opened(root).class_names == ("1", "2", "10")


def test_that_empty_folders_are_told_and_no_classes(root: Path) -> None:
    (root / "train" / "0").mkdir()
    data = opened(root)
    assert data.class_names == ("1", "2", "10")
    assert "'0' has no images" in data.notes[0]


def test_that_classes_keep_their_names_where_a_validation_part_lacks_some(root: Path) -> None:
    paint(root, "val", "10")
    data = opened(root)
    assert [data.class_names[label] for label in data.labels[data.validation]] == ["10"] * 3
    assert "Class '1', '2' has no readable images in val/" in data.notes[0]


def extra_in_test(root: Path) -> None:
    paint(root, "test", "3")


def extra_in_validation(root: Path) -> None:
    for name in ("1", "2", "3", "10"):
        paint(root, "val", name)


def case_twins(root: Path) -> None:
    for part in TREE:
        paint(root, part, "Ten")
        paint(root, part, "ten")


def case_twins_in_two_parts(root: Path) -> None:
    paint(root, "train", "Ten")
    paint(root, "test", "ten")


def form_twins(root: Path) -> None:
    for part in TREE:
        for form in ("NFC", "NFD"):
            paint(root, part, unicodedata.normalize(form, "é"))


@takes_all_names
@pytest.mark.parametrize(
    ("trap", "says"),
    [
        (extra_in_test, "'3' has no readable images in train/"),
        (extra_in_validation, "'3' has no readable images in train/"),
        (case_twins, "'Ten', 'ten' in .* differ only by"),
        (case_twins_in_two_parts, "'Ten', 'ten' in .* differ only by"),
        (form_twins, "how accents are stored"),
    ],
)
def test_that_what_cannot_be_mapped_by_name_is_a_sentence(root: Path, trap: Callable[[Path], None], says: str) -> None:
    trap(root)
    with pytest.raises(UserError, match=says):
        open_dataset(f"folder:{root}")


def test_that_names_in_another_unicode_form_in_the_other_part_are_the_same_class(root: Path) -> None:
    paint(root, "train", unicodedata.normalize("NFC", "é"))
    paint(root, "test", unicodedata.normalize("NFD", "é"))
    assert opened(root).class_names == ("1", "2", "10", "é")


def test_that_three_parts_are_what_their_names_say(root: Path) -> None:
    for name in TREE["train"]:
        paint(root, "valid", name, images=2)
    data = opened(root)
    counts = describe(data)
    assert (counts["train"], counts["validation"], counts["test"]) == (9, 6, 9)
    assert {name.partition("/")[0] for name in data.sample_ids[data.validation].tolist()} == {"valid"}


def test_that_a_test_folder_alone_can_be_evaluated_on(root: Path) -> None:
    (root / "train").rename(root.parent / "elsewhere")
    data = opened(root)
    assert (len(data.train), len(data.test)) == (0, 9)


@pytest.mark.parametrize("bare", ["train", "test"])
def test_that_parts_without_class_folders_are_never_taken_for_classes(root: Path, bare: str) -> None:
    for name in TREE[bare]:
        for image in (root / bare / name).iterdir():
            image.rename(root / bare / f"{name}_{image.name}")
        (root / bare / name).rmdir()
    with pytest.raises(UserError, match=f"no class folders in .*{bare};"):
        open_dataset(f"folder:{root}")


def test_that_a_test_part_of_broken_images_only_is_a_sentence(root: Path) -> None:
    for image in (root / "test").rglob("*.png"):
        image.write_bytes(b"")
    with pytest.raises(UserError, match="no readable images in test/"):
        open_dataset(f"folder:{root}")


def test_that_railways_may_be_a_class(root: Path) -> None:
    for i in range(3):
        Image.new("L", (4, 4), i).save(root / "train" / f"{i}.png")
    (root / "train").rename(root.parent / "vehicles")
    place = root.parent / "vehicles"
    (place / "1").rename(place / "train")
    for i in range(3):
        (place / f"{i}.png").unlink()
    assert open_dataset(f"folder:{place}").class_names == ("2", "10", "train")


def test_that_a_folder_beside_the_parts_is_told(root: Path) -> None:
    paint(root, "extra", "1")
    assert "the folder 'extra' is not read" in opened(root).notes[0]


def test_that_deeply_nested_images_belong_to_the_topmost_folder(root: Path) -> None:
    paint(root, "train", "2", images=0)
    (root / "train" / "2" / "10" / "b").mkdir(parents=True)
    Image.new("L", (4, 4), grey("2")).save(root / "train" / "2" / "10" / "b" / "x.png")
    assert np.bincount(opened(root).labels).tolist() == [6, 7, 6]


def test_that_an_equal_part_has_an_equal_fingerprint(root: Path) -> None:
    before = open_dataset(f"folder:{root}")
    paint(root, "train", "2", images=5)
    after = open_dataset(f"folder:{root}")
    assert before.fingerprint != after.fingerprint
    assert before.part_fingerprint("test") == after.part_fingerprint("test")
    assert before.part_fingerprint("train") != after.part_fingerprint("train")
