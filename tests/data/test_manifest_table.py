"""The table of a manifest."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpt_studio.data import open_dataset
from mpt_studio.data.manifest_table import read_table

from .conftest import SLOW_MACHINE, plain, write


@pytest.mark.parametrize("header", ["image;target", '"filename"\t"class"', "\ufeffpath|label"])
def test_that_usual_separators_and_names_are_known(images: Path, header: str) -> None:
    delimiter = next(d for d in ";\t|" if d in header)
    file = write(images, header, *(row.replace(",", delimiter) for row in plain()))
    assert open_dataset(f"manifest:{file}").class_names == ("a", "b")


def test_that_unicode_text_from_a_spreadsheet_is_read(images: Path) -> None:
    file = write(images, "path,label", *plain(" ü"), encoding="utf-16")
    assert open_dataset(f"manifest:{file}").class_names == ("a ü", "b ü")


@settings(deadline=None, suppress_health_check=SLOW_MACHINE)
@given(st.lists(st.tuples(st.text('ab,";\n é', min_size=1), st.text("xy,\"'\n", min_size=1)), min_size=1, max_size=8))
def test_that_quoted_fields_come_back_as_they_were(rows: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("path", "label"), *rows])
        read = [(line.path, line.label) for line in read_table(file, file.read_bytes()).lines]
    stripped = [(a.strip(), b.strip()) for a, b in rows]
    assert read == [row for row in stripped if any(row)]


@pytest.mark.parametrize(
    ("column", "train", "test"),
    [("Usage", "Training", "PublicTest"), ("phase", "train", "val"), ("is_train", "1", "0"), ("is_test", "no", "yes")],
)
def test_that_a_column_that_tells_the_parts_is_known_by_what_it_says(
    images: Path, column: str, train: str, test: str
) -> None:
    rows = [f"{c}{n}.png,{c},{test if n == 2 else train}" for c in "ab" for n in range(5)]
    data = open_dataset(f"manifest:{write(images, f'path,label,{column}', *rows)}")
    assert data.sample_ids[data.test].tolist() == ["a2.png", "b2.png"]
    assert f"The column '{column}' tells the parts." in data.notes


def test_that_columns_of_other_things_stay_metadata(images: Path) -> None:
    rows = [f"{c}{n}.png,{c},{n % 2},train" for c in "ab" for n in range(5)]
    data = open_dataset(f"manifest:{write(images, 'path,label,night,source', *rows)}")
    assert list(data.metadata) == ["night", "source"]
