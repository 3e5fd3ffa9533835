"""Lists of samples as files for people and other programs."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image

from mpt_studio.data import open_dataset
from mpt_studio.data.lists import write_metadata, write_skipped


def test_that_lists_hold_what_was_left_out_and_what_else_is_known(tmp_path: Path) -> None:
    for i, name in enumerate(("a0", "a1", "b0", "b1")):
        Image.new("RGB", (4, 4), (i, i, i)).save(tmp_path / f"{name}.png")
    lines = [f"{name}.png,{name[0]},{split},camera {i}" for i, name in enumerate(("a0", "b0")) for split in ("train",)]
    lines += [f"{name}.png,{name[0]},test," for name in ("a1", "b1")]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(["path,label,split,taken by", *lines, "gone.png,a,test,é"]), encoding="utf-8")
    data = open_dataset(f"manifest:{file}")
    write_skipped(data, tmp_path / "skipped.csv")
    write_metadata(data, tmp_path / "metadata.csv")
    rows = [
        list(csv.reader((tmp_path / name).open(encoding="utf-8", newline="")))
        for name in ("skipped.csv", "metadata.csv")
    ]
    assert rows[0] == [["sample_id", "reason"], ["gone.png", "line 6: no such file"]]
    assert rows[1][0] == ["sample_id", "taken by"]
    assert ["b0.png", "camera 1"] in rows[1]
