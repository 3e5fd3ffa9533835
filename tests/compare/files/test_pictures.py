from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpt_studio.compare import Cancelled, Comparison
from mpt_studio.compare.files.pictures import write_contact_sheet, write_images
from mpt_studio.data.dataset import Dataset
from mpt_studio.errors import UserError

NEGATIVE = np.array([1, 2])


class Squares(Dataset):
    """One 6×6 image per sample of the worked example, each in a colour of its own; s2 cannot be read."""

    class_names = ("a", "b", "c")

    def __init__(self) -> None:
        self.sample_ids = np.array([f"s{i}" for i in range(6)])
        self.labels = np.array([0, 0, 1, 1, 2, 2])

    def image(self, index: int) -> np.ndarray:
        if index == 2:
            raise UserError("The image s2 has vanished.")
        return np.full((6, 6, 3), (40 * index, 10, 200), np.uint8)

    def batch(self, indices: object, size: int) -> np.ndarray:
        raise NotImplementedError


def test_that_images_come_into_folders_by_flow_pair_with_an_index(worked: Comparison, tmp_path: Path) -> None:
    told: list[str] = []
    done = write_images(worked, np.array([1, 2, 0]), Squares(), tmp_path / "out", lambda text, part: told.append(text))
    assert done == 2  # s2 cannot be read
    with (tmp_path / "out" / "index.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["file", "sample_id"], ["a/to c/000000_s1.png", "s1"], ["a/to a/000002_s0.png", "s0"],
        ]  # fmt: skip
    assert np.asarray(Image.open(tmp_path / "out" / "a" / "to c" / "000000_s1.png"))[0, 0].tolist() == [40, 10, 200]
    assert told[0] == "Writing image 1 of 3"


def test_that_a_folder_with_something_in_it_is_left_alone(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UserError, match="not empty"):
        write_images(worked, NEGATIVE, Squares(), tmp_path)


def test_that_class_names_and_ids_never_lead_out_of_the_folder(worked: Comparison, tmp_path: Path) -> None:
    worked.names = ("../../a", "..", "CON/c")
    write_images(worked, np.array([1, 3]), Squares(), tmp_path / "out")
    files = list(tmp_path.rglob("*.png"))
    assert len(files) == 2
    assert all(tmp_path / "out" in p.resolve().parents for p in files)


def test_that_a_contact_sheet_has_room_for_all(worked: Comparison, tmp_path: Path) -> None:
    write_contact_sheet(worked, np.arange(6), Squares(), tmp_path / "sheet.png", across=4, side=60)
    sheet = Image.open(tmp_path / "sheet.png")
    assert sheet.width > 4 * 60
    assert sheet.height > 2 * 60
    colors = {color for _, color in sheet.getcolors(100_000) or []}
    assert {(40 * i, 10, 200) for i in (0, 1, 3, 4, 5)} <= colors


def test_that_other_data_no_samples_and_cancelling_are_told(worked: Comparison, tmp_path: Path) -> None:
    other = Squares()
    other.sample_ids = np.array([f"x{i}" for i in range(6)])
    with pytest.raises(UserError, match="have no sample 's1'"):
        write_images(worked, NEGATIVE, other, tmp_path / "out")
    with pytest.raises(UserError, match="takes 1 to"):
        write_contact_sheet(worked, NEGATIVE[:0], Squares(), tmp_path / "sheet.png")
    with pytest.raises(Cancelled):
        write_contact_sheet(worked, NEGATIVE, Squares(), tmp_path / "sheet.png", stop=lambda: True)
    assert not (tmp_path / "sheet.png").exists()
