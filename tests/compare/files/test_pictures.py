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


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../a", "_.._a"), ("..", "_"), (".", "_"), ("CON/c", "CON_c"), ("con", "_con"), ("COM¹.x", "_COM¹.x"),
        ("nul .txt", "_nul .txt"), ("/etc", "_etc"), ("C:\\x", "C__x"), ("a\u202egnp.exe", "a_gnp.exe"),
        ("\u2066x", "_x"), ("a\x00b", "a_b"), ("猫" * 100, "猫" * 80), ("🐈" * 100, "🐈" * 60),
        ("  ", "_"), ("a" * 79 + " b", "a" * 79),
    ],
)  # fmt: skip
def test_that_class_names_are_never_a_path_nor_what_they_do_not_look_like(
    worked: Comparison, tmp_path: Path, name: str, folder: str
) -> None:
    worked.names = (name, name, name)
    write_images(worked, np.array([1, 3]), Squares(), tmp_path / "out")
    files = list(tmp_path.rglob("*.png"))
    assert len(files) == 2
    assert {file.parent for file in files} == {tmp_path / "out" / folder / f"to {folder}"}


def test_that_the_index_of_images_holds_no_formula(worked: Comparison, tmp_path: Path) -> None:
    worked.names = ("=cmd", "b", "c")
    write_images(worked, np.array([0]), Squares(), tmp_path / "out")
    assert (tmp_path / "out" / "index.csv").read_text().splitlines()[1] == "'=cmd/to =cmd/000000_s0.png,s0"


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
