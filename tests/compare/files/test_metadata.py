from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mpt_studio.compare import Comparison, Filter, facets, read_metadata
from mpt_studio.errors import UserError

from ..conftest import version


def test_that_columns_are_joined_by_id_and_what_does_not_fit_is_counted(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("camera,sample_id,iso\nback,s3,100\nfront,s1,\nback,other,5\nback,s0,2.5\n")
    found = read_metadata(tmp_path / "m.csv", worked)
    assert (found.joined_by, found.matched, found.unmatched_samples, found.unmatched_rows) == ("sample id", 3, 3, 1)
    assert found.unmatched_examples == ("other",)
    camera, iso = found.columns["camera"], found.columns["iso"]
    assert camera.values == ("back", "front")
    assert camera.codes.tolist() == [0, 1, -1, 0, -1, -1]
    assert iso.numbers is not None
    np.testing.assert_array_equal(iso.numbers, [2.5, np.nan, np.nan, 100, np.nan, np.nan])
    assert found.sentence() == (
        "3 samples have metadata (joined by sample id), 3 have none; 1 rows fit no sample (other)."
    )


def test_that_file_names_join_where_ids_do_not(tmp_path: Path) -> None:
    from mpt_studio.compare import compare

    both = [version([[1, 0]] * 3, "ab", "aab", ids="xyz") for _ in range(2)]
    for one in both:
        object.__setattr__(one, "sample_ids", np.array(["test/a/1.png", "test/b/1.png", "test/b/2.png"]))
    comparison = compare(*both)
    (tmp_path / "m.csv").write_text("file,light\nC:\\photos\\2.png,day\n1.png,night\n")
    found = read_metadata(tmp_path / "m.csv", comparison)
    assert (found.joined_by, found.matched, found.unmatched_rows) == ("file name", 1, 1)  # 1.png could be either
    assert found.columns["light"].codes.tolist() == [-1, -1, 0]


def test_that_facets_count_metadata_values(worked: Comparison, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("id,camera\ns0,front\ns1,front\ns2,back\ns3,back\n")
    worked.set_metadata(read_metadata(tmp_path / "m.csv", worked))
    chosen = Filter(truths=("a",)).toggled("camera", "back")
    found = facets(worked, chosen)
    assert found.columns == {"camera": {"back": 0, "front": 2}}
    assert found.truths == {"a": 0, "b": 2, "c": 0}
    assert found.shown == 0
    assert dict(chosen.chips())["columns:0"] == "camera: back"
    assert chosen.without("columns:0") == chosen.toggled("camera", "back") == Filter(truths=("a",))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("id,a\n", "no rows"), ("id,a,a\ns0,1,2\n", "more than one column 'a'"), ("id,a\nx,1\n", "No row of m.csv fits")],
)
def test_that_a_file_that_cannot_be_joined_is_a_sentence(
    worked: Comparison, tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "m.csv").write_text(content)
    with pytest.raises(UserError, match=sentence):
        read_metadata(tmp_path / "m.csv", worked)
