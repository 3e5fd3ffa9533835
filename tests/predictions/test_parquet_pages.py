"""What a Parquet file's pages announce is found without its footer's help, in every form that a writer gives them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mpt_studio.errors import UserError
from mpt_studio.predictions import parquet_file, read_predictions
from mpt_studio.predictions.parquet_pages import pages_of

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
ROWS = 3000


def written(path: Path, **how: Any) -> Path:
    """Ids, a column that is often the same, scores and a list."""
    rng = np.random.default_rng(0)
    columns = {
        "id": [f"images/{i:05d}.png" for i in range(ROWS)],
        "label": [("cat", "dog", None)[i % 3] for i in range(ROWS)],
        "cat": rng.standard_normal(ROWS).astype(np.float32),
        "dog": np.zeros(ROWS),
    }
    parquet.write_table(pa.table(columns), path, **how)
    return path


WAYS: list[dict[str, Any]] = [
    {},
    {"compression": "none", "use_dictionary": False},
    {"compression": "zstd", "data_page_version": "2.0", "row_group_size": 700},
    {"compression": "gzip", "data_page_size": 100, "write_statistics": False},
]


@pytest.mark.parametrize("how", WAYS)
def test_that_pages_and_an_honest_footer_agree(how: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet", **how)
    with parquet.ParquetFile(path) as file:
        about = file.metadata
        pages = pages_of(path)
        columns = [about.row_group(i).column(j) for i in range(about.num_row_groups) for j in range(4)]
    assert pages.values == sum(column.num_values for column in columns) == 4 * ROWS
    headers = 40_000  # the footer counts them as well
    assert 0 <= sum(column.total_uncompressed_size for column in columns) - pages.unpacked < headers
    assert len(read_predictions(path)) == ROWS


def test_that_texts_stored_by_their_beginnings_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet", use_dictionary=["label"], column_encoding={"id": "DELTA_BYTE_ARRAY"})
    with pytest.raises(UserError, match=r"texts as DELTA_BYTE_ARRAY, .* write them PLAIN"):
        read_predictions(path)


def varint(value: int, length: int = 0) -> bytes:
    """A number as Thrift has it, made as long as the one whose place it takes."""
    value, found = value * 2, []
    while value or not found or len(found) < length:
        found.append(value & 127)
        value >>= 7
    return bytes([byte | 128 for byte in found[:-1]] + found[-1:])


def forged(path: Path, before: int, after: int, *, footer: bool) -> Path:
    """The same file with a number of its footer, or of its pages, replaced wherever it is."""
    content = path.read_bytes()
    cut = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    parts = [content[:cut], content[cut:]]
    old = varint(before)
    assert old in parts[footer]
    parts[footer] = parts[footer].replace(old, varint(after, len(old)))
    path.write_bytes(b"".join(parts))
    return path


def test_that_a_footer_that_belittles_its_pages_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rows = tmp_path / "v.parquet", 300_000
    zeros = np.zeros(rows, np.float32)
    more: dict[str, Any] = {"compression": "zstd", "use_dictionary": False, "data_page_size": 1 << 30}
    parquet.write_table(pa.table({"id": np.arange(rows), "logit_a": zeros, "logit_b": zeros}), path, **more)
    monkeypatch.setattr(parquet_file, "SPARE_BYTES", 2 << 20)
    with parquet.ParquetFile(path) as file:
        group = file.metadata.row_group(0)
        real = [group.column(i).total_uncompressed_size for i in range(3)]
    for size in set(real):
        forged(path, size, 1000, footer=True)
    with parquet.ParquetFile(path) as file:  # who asks the footer alone hears that all is well
        assert file.metadata.row_group(0).column(1).total_uncompressed_size == 1000
    with pytest.raises(UserError, match=r"would unpack to 900,000 values and 4 MB, far more than its size"):
        read_predictions(path)


def test_that_a_page_of_more_values_than_the_footer_says_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rows = tmp_path / "v.parquet", 9000
    parquet.write_table(pa.table({"id": np.arange(rows), "pred": ["a"] * rows}), path, use_dictionary=["pred"])
    monkeypatch.setattr(parquet_file, "SPARE_VALUES", 1000)
    forged(path, rows, (1 << 20) - 1, footer=False)
    with pytest.raises(UserError, match=r"2,097,150 values .* far more than its size"):
        read_predictions(path)


def test_that_a_column_beyond_the_end_of_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet", compression="none", use_dictionary=False)
    with parquet.ParquetFile(path) as file:
        size = file.metadata.row_group(0).column(3).total_compressed_size
    with pytest.raises(UserError, match="a column beyond the end of the file"):
        read_predictions(forged(path, size, 2**20 - 1, footer=True))


def test_that_a_dictionary_of_more_values_than_bytes_takes_no_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet", compression="none")
    with parquet.ParquetFile(path) as file:
        column = file.metadata.row_group(0).column(0)
        assert column.has_dictionary_page
    with pytest.raises(UserError, match="a dictionary of more values than bytes"):
        read_predictions(forged(path, ROWS, 8191, footer=False))


def test_that_texts_of_one_great_length_are_refused(tmp_path: Path) -> None:
    path, long = tmp_path / "v.parquet", b"x" * 20_000
    ids = pa.array([long] * 3, pa.binary(len(long)))
    parquet.write_table(pa.table({"id": ids, "pred": ["a"] * 3}), path)
    with pytest.raises(UserError, match="texts of more than 4,096 characters"):
        read_predictions(path)


def test_that_headers_and_footers_of_noise_are_refused_or_read(tmp_path: Path) -> None:
    path = written(tmp_path / "v.parquet")
    content = path.read_bytes()
    rng = random.Random(0)
    for places in (range(4, 200), range(len(content) - 2000, len(content))) * 300:
        noisy = bytearray(content)
        for at in rng.sample(places, 3):
            noisy[at] = rng.randrange(256)
        path.write_bytes(noisy)
        try:
            pages_of(path)
        except ValueError as error:
            assert str(error)  # noqa: PT017
