"""Parquet with images as a data set."""

from __future__ import annotations

import builtins
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packing import picture, write_table
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.packed import tables
from mpt_studio.data.sources import parse_spec
from mpt_studio.errors import UserError
from mpt_studio.jobs.kinds import kind_of

pytest.importorskip("pyarrow")
NAMES = ("cat", "dog")


def rows(count: int, start: int = 0, **more: list[object]) -> dict[str, list[object]]:
    images: list[object] = [{"bytes": picture(i), "path": f"{i}.png"} for i in range(start, start + count)]
    return {"image": images, "label": [i % 2 for i in range(count)], **more}


@pytest.fixture
def two_parts(tmp_path: Path) -> Path:
    root = tmp_path / "d"
    write_table(root / "data/train-00000-of-00002.parquet", rows(10), NAMES)
    write_table(root / "data/train-00001-of-00002.parquet", rows(6, 10), NAMES)
    write_table(root / "data/test-00000-of-00001.parquet", rows(4, 16), NAMES)
    return root


def spec(place: Path) -> str:
    return f"parquet:{place}"


def test_that_parts_classes_and_ids_are_read(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    assert data.class_names == NAMES
    assert (len(data.train), len(data.test)) == (16, 4)
    assert data.sample_ids[data.train][[0, 10]].tolist() == [
        "data/train-00000-of-00002.parquet/0",
        "data/train-00001-of-00002.parquet/0",
    ]
    assert data.labels[data.test].tolist() == [0, 1, 0, 1]


def test_that_images_are_those_of_their_rows_in_any_order_and_process(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    copy = pickle.loads(pickle.dumps(data))
    for index in (15, 0, 9, 4, 19):
        truth = np.asarray(Image.open(io.BytesIO(picture(index))))
        assert np.array_equal(data.image(index), truth)
        assert np.array_equal(copy.image(index), truth)


def test_that_a_row_group_is_read_once_while_there_is_room(two_parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    read: list[int] = []
    group = parquet.ParquetFile.read_row_group
    monkeypatch.setattr(
        parquet.ParquetFile, "read_row_group", lambda self, i, *a, **k: read.append(i) or group(self, i, *a, **k)
    )
    data = open_dataset(spec(two_parts))
    data.batch([9, 0, 5, 8, 1, 4], 8)
    assert len(read) == 3 + 2 + 1  # when they were looked through
    monkeypatch.setattr(tables, "KEPT_BYTES", 1)
    data = open_dataset(spec(two_parts))
    for index in (0, 5, 1):
        data.image(index)
    assert len(read) == 6 + 3


def test_that_one_file_is_split_unless_it_is_a_test_part(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts / "data/train-00000-of-00002.parquet"))
    assert len(data) == 10
    assert 0 < len(data.test) < 6
    data = open_dataset(spec(two_parts / "data/test-00000-of-00001.parquet"))
    assert (len(data.train), len(data.test)) == (0, 4)


def test_that_texts_are_labels_and_plain_columns_metadata(tmp_path: Path) -> None:
    write_table(
        tmp_path / "a.parquet",
        {
            "jpg": [picture(i) for i in range(6)],
            "label": ["b", "a"] * 3,
            "light": ["day", None] * 3,
            "boxes": [[1]] * 6,
        },
    )
    data = open_dataset(spec(tmp_path))
    assert data.class_names == ("a", "b")
    assert set(data.metadata) == {"light"}
    assert data.metadata["light"][data.index_of["a.parquet/0"]] == "day"


def test_that_rows_without_label_or_image_and_damaged_images_are_left_out(tmp_path: Path) -> None:
    found = rows(9)
    found["label"][0], found["label"][1], found["label"][2] = None, -1, 5
    found["image"][3], found["image"][4] = None, {"bytes": None, "path": "/etc/hostname"}
    found["image"][5] = {"bytes": picture(5)[:60], "path": ""}
    write_table(tmp_path / "train.parquet", found, NAMES)
    write_table(tmp_path / "test.parquet", rows(4), NAMES)
    data = open_dataset(spec(tmp_path))
    assert {each.sample_id: each.reason for each in data.skipped} == {
        "train.parquet/0": "no label",
        "train.parquet/1": "no label",
        "train.parquet/2": "its label 5 is none of the 2 in the file",
        "train.parquet/3": "no image in its row, at most the path of one",
        "train.parquet/4": "no image in its row, at most the path of one",
        "train.parquet/5": "truncated",
    }
    assert len(data.train) == 3


def test_that_a_test_part_without_labels_leaves_its_place_to_the_validation_part(two_parts: Path) -> None:
    write_table(two_parts / "data/validation-00000-of-00001.parquet", rows(4, 20), NAMES)
    write_table(two_parts / "data/test-00000-of-00001.parquet", {**rows(4, 16), "label": [-1] * 4}, NAMES)
    data = open_dataset(spec(two_parts))
    assert (len(data.validation), len(data.test), len(data.skipped)) == (0, 4, 4)
    assert data.notes == ("The test Parquet files have no labels, so that the validation part is the test part.",)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"label": ["a"]}, "no column of images but 'label'"),
        ({"image": [None]}, "no column of labels but 'image'"),
        ({"left": [b"1"], "right": [b"2"], "label": ["a"]}, "several columns of bytes, 'left', 'right'"),
    ],
)
def test_that_missing_columns_are_a_sentence(columns: dict[str, Any], says: str, tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", columns)
    with pytest.raises(UserError, match=says):
        open_dataset(spec(tmp_path))


def test_that_a_damaged_file_is_left_out_and_alone_a_sentence(two_parts: Path, tmp_path: Path) -> None:
    (two_parts / "data/train-00001-of-00002.parquet").write_bytes(b"PAR1" + bytes(100))
    data = open_dataset(spec(two_parts))
    assert len(data) == 14
    assert data.skipped[0].sample_id == "data/train-00001-of-00002.parquet"
    assert "no readable Parquet file" in data.skipped[0].reason
    (two_parts / "data/test-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"No image of the test part .* no readable Parquet file"):
        open_dataset(spec(two_parts))
    (tmp_path / "e").mkdir()
    (tmp_path / "e/x.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="no readable Parquet file"):
        open_dataset(spec(tmp_path / "e"))


def test_that_a_missing_pyarrow_is_a_sentence(two_parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pyarrow":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="pip install pyarrow"):
        open_dataset(spec(two_parts))


def test_that_a_file_that_changed_or_vanished_is_a_sentence(two_parts: Path) -> None:
    data = open_dataset(spec(two_parts))
    file = two_parts / "data/test-00000-of-00001.parquet"
    write_table(file, rows(4, 50), NAMES)
    with pytest.raises(UserError, match="changed"):
        data.image(16)
    write_table(file, rows(1, 16), NAMES)
    with pytest.raises(UserError, match="no such row"):
        data.image(19)
    file.unlink()
    with pytest.raises(UserError, match="vanished"):
        data.image(17)


def test_that_files_and_folders_of_images_are_recognised_and_predictions_are_not_taken_for_them(
    two_parts: Path, tmp_path: Path
) -> None:
    file = two_parts / "data/test-00000-of-00001.parquet"
    assert parse_spec(str(two_parts)) == ("parquet", two_parts)
    assert parse_spec(str(file)) == ("parquet", file)
    assert kind_of(file) == kind_of(two_parts) == "images"
    answers = write_table(tmp_path / "p.parquet", {"id": ["a"], "label": ["x"], "prediction": ["x"]})
    assert kind_of(answers) == "predictions"
