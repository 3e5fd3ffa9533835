"""Tables that name images without their folder or ending."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.manifest_table import is_manifest
from mpt_studio.errors import UserError


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """train.csv beside train/ and test/, which have images of the same names."""
    for part, count in (("train", 12), ("test", 4)):
        (tmp_path / part).mkdir()
        for i in range(count):
            Image.new("L", (4, 4), i + 100 * (part == "test")).save(tmp_path / part / f"{4096 + i:x}.jpg")
    rows = "".join(f"{4096 + i:x},{'abc'[i % 3]}\n" for i in range(12))
    (tmp_path / "train.csv").write_text(f"id,label\n{rows}")
    return tmp_path


def test_that_files_are_found_by_their_stems_in_the_folder_called_like_the_table(kaggle: Path) -> None:
    assert is_manifest(kaggle / "train.csv")
    data = open_dataset(f"manifest:{kaggle / 'train.csv'}")
    assert sorted(data.sample_ids.tolist()) == [f"train/{4096 + i:x}.jpg" for i in range(12)]
    assert any(note.startswith("12 of 12 files were found by their names alone") for note in data.notes)


def test_that_a_name_that_several_files_have_is_left_out(kaggle: Path) -> None:
    (kaggle / "train.csv").rename(kaggle / "list.csv")
    data = open_dataset(f"manifest:{kaggle / 'list.csv'}")
    assert len(data) == 8
    assert "line 2: 2 files are called so: 'test/1000.jpg', 'train/1000.jpg'" in {s.reason for s in data.skipped}


def test_that_a_table_none_of_whose_files_is_there_names_one(kaggle: Path) -> None:
    (kaggle / "away").mkdir()
    (kaggle / "train.csv").rename(kaggle / "away" / "train.csv")
    assert not is_manifest(kaggle / "away" / "train.csv")
    with pytest.raises(UserError, match=r"None of the 12 files that .* lists is there, such as '1000' in line 2"):
        open_dataset(f"manifest:{kaggle / 'away' / 'train.csv'}")
