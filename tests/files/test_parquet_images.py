"""Which Parquet files hold images."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpt_studio.files.parquet_images import holds_images

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize(
    ("column", "is_image"),
    [
        (pa.array([b"1"]), True),
        (pa.array([{"bytes": b"1", "path": "a.jpg"}]), True),
        (pa.array([{"path": "a.jpg"}]), False),
        (pa.array(["1"]), False),
        (pa.array([[1.0, 2.0]]), False),
    ],
)
def test_that_bytes_alone_or_beside_a_path_are_images(column: object, is_image: bool, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": column, "label": ["x"]}), tmp_path / "a.parquet")
    assert holds_images(tmp_path / "a.parquet") is is_image


def test_that_what_is_no_parquet_holds_none(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert not holds_images(tmp_path / "a.parquet")
    assert not holds_images(tmp_path / "missing.parquet")
    assert not holds_images(tmp_path)
