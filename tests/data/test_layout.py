"""Folders as public data sets unpack: parts are parts, classes are classes, and what is unclear is a sentence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from mpt_studio.data import describe, open_dataset
from mpt_studio.errors import UserError


def paint(root: Path, *folders: str, images: int = 3) -> Path:
    """Different images in each folder."""
    for at, folder in enumerate(folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(images):
            Image.new("L", (4, 4), (images * at + i) % 256).save(root / folder / f"{i}.png")
    return root


def classes(*places: str, names: tuple[str, ...] = ("ant", "bee")) -> list[str]:
    return [f"{place}/{name}" for place in places for name in names]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train_images", "test_images"), ("images_train", "images_val"), ("Training", "Testing"), ("TRAIN", "TEST"),
        ("trainset", "testset"), ("train2017", "val2017"), ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"), ("birds_train", "birds_test"), ("train/images", "test/images"),
        ("archive/dataset/Train", "archive/dataset/Test"), ("ILSVRC/Data/CLS-LOC/train", "ILSVRC/Data/CLS-LOC/val"),
        ("train", "dev"), ("trainval", "test"), ("train_256", "val_256"), ("Train", "PublicTest"),
    ],
)  # fmt: skip
def test_that_parts_are_known_by_all_their_usual_names(tmp_path: Path, train: str, test: str) -> None:
    data = open_dataset(f"folder:{paint(tmp_path, *classes(train, test))}")
    assert data.class_names == ("ant", "bee")
    assert {name.startswith(train + "/") for name in data.sample_ids[data.train].tolist()} == {True}
    assert {name.startswith(test + "/") for name in data.sample_ids[data.test].tolist()} == {True}
    assert (len(data.train), len(data.test)) == (6, 6)


@pytest.mark.parametrize("above", ["", "images/"])
def test_that_parts_below_the_classes_are_the_parts(tmp_path: Path, above: str) -> None:
    paint(tmp_path, *(f"{above}{name}/{part}" for name in ("ant", "bee") for part in ("train", "val", "test")))
    (tmp_path / above / "ant" / "loose.png").write_bytes((tmp_path / above / "ant/test/0.png").read_bytes())
    data = open_dataset(f"folder:{tmp_path}")
    assert (data.class_names, len(data.train), len(data.validation), len(data.test)) == (("ant", "bee"), 6, 6, 6)
    assert all("/test/" in name for name in data.sample_ids[data.test].tolist())
    assert [s.reason for s in data.skipped] == ["lies beside the folders of the parts"]
    assert "The parts lie inside of the class folders." in data.notes


@pytest.mark.parametrize(
    ("folders", "says"),
    [
        (["ant/train", "ant/test", "bee"], "the folders 'ant' hold train and test folders, 'bee' none"),
        (classes("train"), r"has a train folder but neither test, val nor valid; add one, or open folder:.*train"),
        ([*classes("train"), "test"], r"no class folders in .*test; .* or open folder:.*train to have the training"),
        (classes("a/train", "a/test", "b/train", "b/test"), "holds several folders with parts of their own, 'a', 'b'"),
        (classes("color", "gray", names=("ant", "bee", "cat")), "'color', 'gray' all hold the folders 'ant', 'bee'"),
        (classes("fold1", "fold2", "fold3"), "'fold1', 'fold2', 'fold3' all hold the folders 'ant', 'bee', which look"),
        (classes("x", "x/x", names=("ant", "bee")), r"in .*x the folder 'x' holds folders that are called like the cl"),
        (["train/a/images", "train/b/images", "val/images"], "'images' has no readable images in train/"),
    ],
)
def test_that_what_is_unclear_is_refused_with_what_was_seen(tmp_path: Path, folders: list[str], says: str) -> None:
    paint(tmp_path, *folders)
    with pytest.raises(UserError, match=f"(?i){says}"):
        open_dataset(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    ("folders", "files", "names", "note"),
    [
        (["bullet_train", "bee", "test tube"], [], ("bee", "bullet_train", "test tube"), ""),
        (["train", "plane", "ship"], [], ("plane", "ship", "train"), ""),
        (
            classes("ant", "bee", names=("2023", "2024")),
            [],
            ("ant", "bee"),
            "are the topmost folders, though 'ant', 'be",
        ),
        (classes("flowers/all"), [], ("ant", "bee"), ""),
        (
            classes("images"),
            ["meta/train.txt", "meta/test.txt"],
            ("ant", "bee"),
            "The list 'test.txt', 'train.txt' besi",
        ),
        (
            classes("CUB/images"),
            ["CUB/train_test_split.txt"],
            ("ant", "bee"),
            "'train_test_split.txt' beside the images",
        ),
    ],
)
def test_that_classes_without_parts_are_split(
    tmp_path: Path, folders: list[str], files: list[str], names: tuple[str, ...], note: str
) -> None:
    paint(tmp_path, *folders)
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("x\n")
    found = describe(open_dataset(f"folder:{tmp_path}"))
    assert tuple(each["name"] for each in found["classes"]) == names
    assert note in " ".join(found["notes"])


def test_that_a_test_folder_without_classes_is_left_where_a_validation_folder_has_them(tmp_path: Path) -> None:
    data = open_dataset(f"folder:{paint(tmp_path, *classes('train', 'val'), 'test')}")
    assert {name.split("/")[0] for name in data.sample_ids[data.test].tolist()} == {"val"}
    assert "the folder 'test' is not read" in data.notes[0]


@pytest.mark.skipif(sys.platform != "linux", reason="needs links and the system as files")
def test_that_links_out_of_the_folder_are_told_and_the_system_is_not_entered(tmp_path: Path) -> None:
    paint(tmp_path / "data", "ant", "bee")
    paint(tmp_path / "elsewhere", "cow")
    os.symlink(tmp_path / "elsewhere" / "cow", tmp_path / "data" / "cow")
    os.symlink("/proc", tmp_path / "data" / "all")
    os.symlink("../../elsewhere/cow/0.png", tmp_path / "data" / "bee" / "a calf.png")
    os.symlink("../ant/0.png", tmp_path / "data" / "bee" / "inside.png")
    os.symlink("/proc/self/environ", tmp_path / "data" / "bee" / "secret.png")
    os.symlink("/dev/zero", tmp_path / "data" / "bee" / "endless.png")
    data = open_dataset(f"folder:{tmp_path / 'data'}")
    assert data.class_names == ("ant", "bee", "cow")
    told = "2 links lead out of the folder: 'bee/a calf.png', 'cow'. What is there is read; "
    assert told + "name the real folder if that is not meant." in data.notes
    reasons = {s.sample_id: s.reason for s in data.skipped}
    assert reasons["all"] == "a part of the system, not of data"
    assert reasons["bee/secret.png"] == "a part of the system, not a file"
    assert reasons["bee/endless.png"] == "a device, not a file"
    assert sorted(reasons) == ["all", "bee/a calf.png", "bee/endless.png", "bee/inside.png", "bee/secret.png"]
